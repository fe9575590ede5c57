//! What is due for deletion, as the index proposes it.

use app::{
    destruction::{BATCH_RECORDS_MAX, Doomed},
    error::PortError,
    purge::{DuePage, DueRecords, LOOK_RECORDS_MAX, PURGE_SHARDS},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::ids::ControllerId;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wire::stored::deletion::DueEntry;

use super::{
    Item, TABLE, doomed_of, form_of, key_of,
    keys::{DUE_INDEX, ItemKey, purge_shard_name},
    number, text, time, unreadable,
};
use crate::{Cloud, failure::unavailable};

/// Pages read at once.
const PAGES_AT_ONCE: usize = 8;

/// Where the next page begins: keys alone, so nothing personal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    pk: String,
    sk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
}

impl Cursor {
    /// Writes the last key of a page.
    pub(super) fn write(key: Item) -> Result<String, PortError> {
        let cursor: Self = form_of("a cursor", key)?;
        let json = serde_json::to_vec(&cursor).map_err(|_| PortError::corrupt("a cursor", "it cannot be written"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads it again as the first key of the next page.
    pub(super) fn read(cursor: &str) -> Result<Item, PortError> {
        let bad = || PortError::corrupt("a cursor", "it is none that was given out");
        let json = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let cursor: Self = serde_json::from_slice(&json).map_err(|_| bad())?;
        let mut key = Item::from([("pk".to_owned(), text(cursor.pk)), ("sk".to_owned(), text(cursor.sk))]);
        key.extend(cursor.due_shard.map(|shard| ("due_shard".to_owned(), text(shard))));
        key.extend(cursor.due_at.map(|at| ("due_at".to_owned(), number(at))));
        Ok(key)
    }
}

fn due_of(item: Item) -> Result<(ControllerId, Doomed), PortError> {
    let ItemKey::Record(controller, subject, record) = key_of(&item)? else {
        return Err(PortError::corrupt("a due record", "its key is of something else"));
    };
    let entry: DueEntry = form_of("a due record", item)?;
    let doomed = entry.into_doomed(subject, record).map_err(unreadable("a due record"))?;
    Ok((controller, doomed_of(doomed)))
}

impl DueRecords for Cloud {
    async fn due_records(&self, shard: u8, until: Timestamp, from: Option<&str>) -> Result<DuePage, PortError> {
        self.due_page(shard, until, from, BATCH_RECORDS_MAX).await
    }

    async fn first_due(&self, until: Timestamp) -> Result<Vec<DuePage>, PortError> {
        let pages = (0..PURGE_SHARDS).map(|shard| self.due_page(shard, until, None, LOOK_RECORDS_MAX));
        stream::iter(pages).buffered(PAGES_AT_ONCE).try_collect().await
    }
}

impl Cloud {
    async fn due_page(
        &self,
        shard: u8,
        until: Timestamp,
        from: Option<&str>,
        records_max: usize,
    ) -> Result<DuePage, PortError> {
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .index_name(DUE_INDEX)
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", text(purge_shard_name(shard)))
            .expression_attribute_values(":until", time(until))
            .limit(i32::try_from(records_max).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let items = page.items.unwrap_or_default();
        let proposed = items.len();
        let due: Vec<_> = items.into_iter().filter_map(|item| due_of(item).ok()).collect();
        let unreadable = proposed - due.len();
        Ok(DuePage { due, unreadable, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_something_else_is_told_apart_and_stops_nobody() {
        let entry = Item::from([("pk".to_owned(), text("C#a#S#1.x")), ("sk".to_owned(), text("RECORD#y"))]);
        assert!(due_of(entry).is_err());
    }

    #[test]
    fn a_cursor_comes_back_as_the_key_it_was() {
        let key = Item::from([
            ("pk".to_owned(), text("C#a#S#1.x")),
            ("sk".to_owned(), text("RECORD#y")),
            ("due_shard".to_owned(), text("PURGE#3")),
            ("due_at".to_owned(), number(1_700_000_000_123_i64)),
        ]);
        assert_eq!(Cursor::read(&Cursor::write(key.clone()).unwrap()).unwrap(), key);
        assert!(Cursor::read("no cursor").is_err());
    }
}
