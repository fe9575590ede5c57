//! Whom an announcement concerns, the notices of single people, and where they can be written to.

use std::collections::BTreeSet;

use app::{
    announce::{Announcements, FoundPage, SCOPE_SEGMENTS, Standing, StandingPage},
    error::{Appended, PortError},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    announcement::{Announcement, Notice, NoticeState},
    ids::{ControllerId, SubjectRef},
    sensitive::Sensitive,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use wire::stored::breach::Notice as NoticeForm;

use super::{
    Item, Sorts, TABLE, Update, Updated,
    due::Cursor,
    form_of, item_of, key_of,
    keys::{ItemKey, NOTICES, RECORDS, REQUESTS, RequestPart, announcement_partition, subject_partition},
    number,
    records::content_of,
    requests::address,
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable};

/// Items that one page of a scan looks at.
const SCAN_ITEMS: i32 = 1_000;

/// Notices that are written at once.
const WRITES_AT_ONCE: usize = 8;

const NOTICE: &str = "a notice";

fn notice_of(item: Item) -> Result<Notice, PortError> {
    let ItemKey::Notice(_, of, subject) = key_of(&item)? else {
        return Err(PortError::corrupt(NOTICE, "its key is of something else"));
    };
    form_of::<NoticeForm>(NOTICE, item)?.into_notice(of, subject).map_err(unreadable(NOTICE))
}

fn standing_of(item: Item) -> Result<(SubjectRef, Standing), PortError> {
    let ItemKey::Notice(.., subject) = key_of(&item)? else {
        return Err(PortError::corrupt(NOTICE, "its key is of something else"));
    };
    let form = form_of::<NoticeForm>(NOTICE, item)?;
    let (state, since, sends) = form.standing().map_err(unreadable(NOTICE))?;
    Ok((subject, Standing { state, since, sends }))
}

impl Cloud {
    /// One page of one segment of the table: whose records and consents pass the filter, which names
    /// the attribute `kind` as `#kind`.
    pub(super) async fn found(
        &self,
        filter: String,
        values: Item,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError> {
        let page = self
            .dynamodb()
            .scan()
            .table_name(self.table()?)
            .filter_expression(filter)
            .projection_expression("pk, sk")
            .expression_attribute_names("#kind", "kind")
            .set_expression_attribute_values(Some(values))
            .total_segments(i32::from(SCOPE_SEGMENTS))
            .segment(i32::from(segment))
            .limit(SCAN_ITEMS)
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let mut subjects = BTreeSet::new();
        for item in page.items() {
            if let ItemKey::Record(_, subject, _) | ItemKey::Consent(_, subject, _) = key_of(item)? {
                subjects.insert(subject);
            }
        }
        Ok(FoundPage { subjects, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }
}

impl Announcements for Cloud {
    async fn plan_notices(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subjects: &BTreeSet<SubjectRef>,
        at: Timestamp,
    ) -> Result<usize, PortError> {
        let writes = subjects.iter().map(async |subject| {
            let key = ItemKey::Notice(controller.clone(), of.clone(), subject.clone());
            let appended = self.put_new(item_of(&key, &NoticeForm::planned(at))?).await?;
            Ok::<_, PortError>(usize::from(matches!(appended, Appended::Fresh)))
        });
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_fold(0, async |planned, new| Ok(planned + new)).await
    }

    async fn move_notice(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: &[NoticeState],
        at: Timestamp,
    ) -> Result<Option<NoticeState>, PortError> {
        let key = ItemKey::Notice(controller.clone(), notice.of.clone(), notice.subject.clone());
        let mut update = Update::default().set("state", text(notice.state.as_str())).set("moved_at", time(at));
        for (n, state) in from.iter().enumerate() {
            update = update.with(&format!("from{n}"), text(state.as_str()));
        }
        let states = (0..from.len()).map(|n| format!(":from{n}")).collect::<Vec<_>>().join(", ");
        let condition = format!("#state IN ({states})");
        let before = match self.update(&key, update, &condition, ReturnValue::AllOld).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        before.map(|item| notice_of(item).map(|notice| notice.state)).transpose()
    }

    async fn claim_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        doubted_until: Timestamp,
        at: Timestamp,
    ) -> Result<Option<Standing>, PortError> {
        let key = ItemKey::Notice(controller.clone(), of.clone(), subject.clone());
        let update = Update::default()
            .set("state", text(NoticeState::Claimed.as_str()))
            .set("moved_at", time(at))
            .add("sends", number(1))
            .with("planned", text(NoticeState::Planned.as_str()))
            .with("doubted", time(doubted_until));
        // What is set to is what is compared with: a claim of somebody else that is in doubt.
        let free = "#state = :planned OR (#state = :state AND #moved_at <= :doubted)";
        let before = match self.update(&key, update, free, ReturnValue::AllOld).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        before.map(|item| standing_of(item).map(|(_, standing)| standing)).transpose()
    }

    async fn return_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        claimed_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let key = ItemKey::Notice(controller.clone(), of.clone(), subject.clone());
        let update = Update::default()
            .set("state", text(NoticeState::Planned.as_str()))
            .set("moved_at", time(at))
            .add("sends", number(-1))
            .with("claimed", text(NoticeState::Claimed.as_str()))
            .with("claimed_at", time(claimed_at));
        let mine = "#state = :claimed AND #moved_at = :claimed_at";
        self.update(&key, update, mine, ReturnValue::None).await.map(drop)
    }

    async fn notice_standings(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        from: Option<&str>,
    ) -> Result<StandingPage, PortError> {
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .key_condition_expression("pk = :pk AND begins_with(sk, :low)")
            .expression_attribute_values(":pk", text(announcement_partition(controller, of)))
            .expression_attribute_values(":low", text(NOTICES))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let rows = page.items.unwrap_or_default().into_iter().map(standing_of).collect::<Result<_, _>>()?;
        Ok(StandingPage { rows, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }

    async fn notices(&self, controller: &ControllerId, of: &Announcement) -> Result<Vec<Notice>, PortError> {
        let items = self.query(announcement_partition(controller, of), Sorts::Under(NOTICES.to_owned())).await?;
        items.into_iter().map(notice_of).collect()
    }

    async fn contact(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let Some(key) = self.subject_key(controller, subject).await? else { return Ok(None) };
        let partition = subject_partition(controller, subject);
        let sealed = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_b().ok()).cloned();
        for item in self.query(partition.clone(), Sorts::Under(RECORDS.to_owned())).await? {
            let Some(sealed) = sealed(&item, "sealed") else { continue };
            let Some(plain) = key.open(&key_of(&item)?, sealed.as_ref())? else { continue };
            if let Some(address) = content_of(&zeroize::Zeroizing::new(plain))?.mail() {
                return Ok(Some(address));
            }
        }
        for item in self.query(partition, Sorts::Under(REQUESTS.to_owned())).await? {
            let item_key = key_of(&item)?;
            let ItemKey::Request(_, RequestPart::Received) = item_key else { continue };
            let Some(sealed) = sealed(&item, "contact") else { continue };
            if let Some(plain) = key.open(&item_key, sealed.as_ref())? {
                return address(plain).map(Some);
            }
        }
        Ok(None)
    }
}
