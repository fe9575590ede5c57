//! Counts against limits: one item for each thing and window, which TTL takes away.

use app::{error::PortError, limits::Counters};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::limits::LimitKey;
use wire::stored::{Kind, VERSION};

use super::{ALWAYS, Update, Updated, keys::ItemKey, number, text, ttl};
use crate::Cloud;

const COUNT: &str = "counted";
const ADMITTED: &str = "admitted";

/// What each item has: TTL takes it away after its window.
fn windowed(key: &LimitKey) -> Update {
    Update::default()
        .set_once("v", number(VERSION))
        .set_once("kind", text(Kind::Limit.as_str()))
        .set_once("ttl", ttl(key.ends_at()))
}

impl Counters for Cloud {
    async fn count(&self, key: &LimitKey) -> Result<u32, PortError> {
        let update = windowed(key).add(COUNT, number(1));
        let counted = self.update(&ItemKey::Limit(key.clone()), update, ALWAYS, ReturnValue::UpdatedNew).await?;
        let Updated::Done(item) = counted else { return Err(PortError::corrupt("a count", "it cannot be made")) };
        let counted = item.get(COUNT).and_then(|count| count.as_n().ok()).and_then(|count| count.parse().ok());
        counted.ok_or_else(|| PortError::corrupt("a count", "it is no number"))
    }

    async fn admit(&self, key: &LimitKey, name: &str) -> Result<bool, PortError> {
        let update = windowed(key)
            .add(ADMITTED, AttributeValue::Ss(vec![name.to_owned()]))
            .with("name", text(name))
            .with("most", number(key.limit.rule().most));
        let condition = "attribute_not_exists(#admitted) OR contains(#admitted, :name) OR size(#admitted) < :most";
        let admitted = self.update(&ItemKey::Limit(key.clone()), update, condition, ReturnValue::None).await?;
        Ok(matches!(admitted, Updated::Done(_)))
    }
}
