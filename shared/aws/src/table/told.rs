//! One person's notice, as its leaf in the evidence commits to it.

use app::{
    error::PortError,
    told::{ToldNotice, ToldNotices},
};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    announcement::Announcement,
    ids::{BreachId, ControllerId, SubjectRef},
};
use serde_json::{Map, Value, json};
use wire::{
    evidence::{
        content::{SALT, content},
        notice::NOTICE_ALSO,
    },
    stored::{Kind, breach::Notice as NoticeForm},
};

use super::{Item, form_of, keys::ItemKey, unreadable};
use crate::Cloud;

const NOTICE: &str = "a notice";

/// An item in typed JSON, as the stream shows it: what a notice has, and nothing that nests. `None`: it has something else.
fn typed(item: &Item) -> Option<Map<String, Value>> {
    let attribute = |value: &AttributeValue| {
        Some(match value {
            AttributeValue::S(text) => json!({ "S": text }),
            AttributeValue::N(number) => json!({ "N": number }),
            AttributeValue::Bool(is) => json!({ "BOOL": is }),
            AttributeValue::B(bytes) => json!({ "B": BASE64_STANDARD.encode(bytes.as_ref()) }),
            _ => return None,
        })
    };
    item.iter().map(|(name, value)| Some((name.clone(), attribute(value)?))).collect()
}

impl ToldNotices for Cloud {
    async fn told_notice(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        subject: &SubjectRef,
    ) -> Result<Option<ToldNotice>, PortError> {
        let key = ItemKey::Notice(controller.clone(), Announcement::Breach(breach.clone()), subject.clone());
        self.get(&key).await?.map(told).transpose()
    }
}

fn told(item: Item) -> Result<ToldNotice, PortError> {
    let is_other = || PortError::corrupt(NOTICE, "it is not of its form");
    let content =
        content(Kind::Notice, &typed(&item).ok_or_else(is_other)?, &NOTICE_ALSO).map_err(unreadable(NOTICE))?;
    let salt = item.get(SALT).and_then(|salt| salt.as_b().ok()).map(|salt| salt.as_ref().try_into());
    let salt = salt.transpose().map_err(|_| is_other())?;
    let (state, since, _) = form_of::<NoticeForm>(NOTICE, item)?.standing().map_err(unreadable(NOTICE))?;
    Ok(ToldNotice { state, since, salt, content })
}

#[cfg(test)]
mod tests {
    use domain::announcement::NoticeState;
    use jiff::Timestamp;
    use wire::evidence::notice::NoticeItem;

    use super::*;
    use crate::table::{item_of, number, text};

    #[test]
    fn what_a_leaf_commits_to_is_the_notice_under_its_own_key_without_what_counts_attempts() {
        let controller = ControllerId::parse("scantrust").unwrap();
        let breach = BreachId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let subject = SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let key = ItemKey::Notice(controller.clone(), Announcement::Breach(breach.clone()), subject.clone());
        let mut item = item_of(&key, &NoticeForm::planned(Timestamp::UNIX_EPOCH)).unwrap();
        for (name, value) in [
            ("state", text("sent")),
            ("moved_at", number(1_500)),
            ("sends", number(2)),
            ("counted", AttributeValue::Bool(true)),
        ] {
            item.insert(name.to_owned(), value);
        }
        let told = told(item).unwrap();
        assert_eq!((told.state, told.since.as_millisecond()), (NoticeState::Sent, 1_500));
        assert_eq!(
            told.content,
            r#"{"kind":{"S":"notice"},"moved_at":{"N":"1500"},"planned_at":{"N":"0"},"state":{"S":"sent"},"v":{"N":"1"}}"#
        );
        let salt = told.salt.unwrap();
        let committed = NoticeItem { controller, breach, subject, salt, content: told.content };
        assert_eq!(committed.key(), (key.pk(), key.sk()));
    }

    #[test]
    fn a_notice_that_holds_what_no_notice_holds_is_not_guessed_at() {
        let item = Item::from([("state".to_owned(), AttributeValue::L(Vec::new()))]);
        assert!(told(item).is_err());
    }
}
