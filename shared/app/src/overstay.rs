//! What is still stored long after its end: neither the sweep nor DynamoDB's own TTL took it.

use std::collections::BTreeMap;

use domain::ids::ControllerId;
use jiff::{SignedDuration, Timestamp};

use crate::{
    error::PortError,
    purge::{DueRecords, PURGE_SHARDS},
};

/// How long after its end a record must be gone. TTL is set to a day after it, and DynamoDB removes within days, mostly
/// hours: what is still there by then was missed by both.
pub const OVERSTAY: SignedDuration = SignedDuration::from_hours(48);

/// Most pages that are counted in one shard: past that, "many" is all that matters.
const SHARD_PAGES_MAX: usize = 50;

/// What a count came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overstayed {
    /// How many records, by controller.
    pub records: BTreeMap<ControllerId, usize>,
    /// Entries of the index that nobody can read.
    pub unreadable: usize,
    /// Whether there are more.
    pub more: bool,
}

impl Overstayed {
    /// How many in all.
    pub fn total(&self) -> usize {
        self.records.values().sum::<usize>() + self.unreadable
    }
}

/// Counts what is still stored [`OVERSTAY`] past its end. What a hold keeps is not in the index, and so not counted.
///
/// # Errors
/// [`PortError`].
pub async fn overstayed<P: DueRecords>(ports: &P, at: Timestamp) -> Result<Overstayed, PortError> {
    let mut overstayed = Overstayed::default();
    let Ok(until) = at.checked_sub(OVERSTAY) else { return Ok(overstayed) };
    for shard in 0..PURGE_SHARDS {
        let (mut from, mut pages) = (None, 0);
        loop {
            if pages >= SHARD_PAGES_MAX {
                overstayed.more = true;
                break;
            }
            let page = ports.due_records(shard, until, from.as_deref()).await?;
            pages += 1;
            overstayed.unreadable += page.unreadable;
            for (controller, _) in page.due {
                *overstayed.records.entry(controller).or_default() += 1;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(overstayed)
}
