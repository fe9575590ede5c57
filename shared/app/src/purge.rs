//! The sweep: deletes what is due at the event's time, with evidence.

use std::collections::BTreeMap;

use domain::{
    evidence::{DeletionReason, DeletionResult},
    ids::{BatchId, ControllerId},
};
use jiff::Timestamp;

use crate::{
    chain::{Chain, Content, Happened, Link, Place},
    destruction::{self, BATCH_RECORDS_MAX, Condition, Deletion, Doomed, EvidenceStore, Manifest},
    error::PortError,
    keys::Keys,
};

/// In how many shards the due index lies.
pub const PURGE_SHARDS: u8 = 8;

/// Most records that one run takes from one shard; the next run goes on. Each shard has its share, so
/// that a large backlog in one starves none of the others.
pub const SHARD_RECORDS_MAX: usize = 25_000;

/// A page of what is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePage {
    /// Records by their controllers. The index is only eventually consistent: it proposes.
    pub due: Vec<(ControllerId, Doomed)>,
    /// Entries of the index that cannot be read. They keep nobody else's records from being deleted,
    /// and somebody has to look at them.
    pub unreadable: usize,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The port to the due index.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait DueRecords {
    /// A page of at most [`BATCH_RECORDS_MAX`] records of a shard that are due at that time,
    /// earliest first.
    async fn due_records(&self, shard: u8, until: Timestamp, from: Option<&str>) -> Result<DuePage, PortError>;
}

/// What a sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Records that the index proposed.
    pub due: usize,
    /// Records deleted.
    pub deleted: usize,
    /// Records that a hold kept.
    pub held: usize,
    /// Records that a renewal kept, or that were gone already.
    pub passed_over: usize,
    /// Records whose deletion failed or whose entry cannot be read: they stay due.
    pub failed: usize,
    /// The batches, each with its evidence.
    pub batches: Vec<BatchId>,
    /// Batches of an earlier run that were settled.
    pub settled: usize,
    /// The oldest record deleted was this long past its time, in seconds.
    pub lag_seconds: i64,
    /// Whether [`SHARD_RECORDS_MAX`] stopped a shard before its end.
    pub more: bool,
}

/// Deletes what is due at that time. A dry run only counts.
///
/// # Errors
/// [`PortError`]; what was deleted until then has its evidence or an open intent.
pub async fn sweep<P: DueRecords + EvidenceStore + Deletion + Keys>(
    ports: &P,
    controllers: &[ControllerId],
    at: Timestamp,
    dry_run: bool,
) -> Result<Swept, PortError> {
    let mut swept = Swept::default();
    if !dry_run {
        for controller in controllers {
            swept.settled += destruction::settle(ports, controller, at).await?.len();
        }
    }
    for shard in 0..PURGE_SHARDS {
        let (mut from, mut taken) = (None, 0);
        loop {
            if taken >= SHARD_RECORDS_MAX {
                swept.more = true;
                break;
            }
            let page = ports.due_records(shard, at, from.as_deref()).await?;
            taken += page.due.len();
            swept.due += page.due.len();
            swept.failed += page.unreadable;
            if !dry_run {
                delete_page(ports, page.due, at, &mut swept).await?;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(swept)
}

async fn delete_page<P: EvidenceStore + Deletion + Keys>(
    ports: &P,
    due: Vec<(ControllerId, Doomed)>,
    at: Timestamp,
    swept: &mut Swept,
) -> Result<(), PortError> {
    let mut by_controller: BTreeMap<ControllerId, Vec<Doomed>> = BTreeMap::new();
    for (controller, doomed) in due {
        by_controller.entry(controller).or_default().push(doomed);
    }
    for (controller, doomed) in by_controller {
        for batch in doomed.chunks(BATCH_RECORDS_MAX) {
            let condition = Condition::DueAt(at);
            let manifest =
                destruction::destroy(ports, &controller, DeletionReason::Retention, at, batch.to_vec(), condition)
                    .await?;
            count(&manifest, at, swept);
        }
    }
    Ok(())
}

fn count(manifest: &Manifest, at: Timestamp, swept: &mut Swept) {
    for (doomed, result) in manifest.records.iter().zip(&manifest.results) {
        match result {
            DeletionResult::Deleted => {
                swept.deleted += 1;
                let lag = doomed.due_at.map_or(0, |due_at| at.as_second() - due_at.as_second());
                swept.lag_seconds = swept.lag_seconds.max(lag);
            }
            DeletionResult::Held => swept.held += 1,
            DeletionResult::NotDue | DeletionResult::Absent => swept.passed_over += 1,
            DeletionResult::Failed => swept.failed += 1,
        }
    }
    swept.batches.push(manifest.batch.clone());
}

/// Writes the evidence of what DynamoDB's own TTL removed. The registration with its expiry was the
/// intent; the stream's record is the confirmation.
///
/// # Errors
/// [`PortError`].
pub async fn certify_removed<P: Chain + Keys>(
    ports: &P,
    controller: &ControllerId,
    at: Timestamp,
    removed: Vec<Doomed>,
) -> Result<Place, PortError> {
    let keys = ports.controller(controller).await?;
    let mut parts = vec![DeletionReason::TimeToLive.as_str()];
    parts.extend(destruction::named(&removed));
    let events = removed.iter().map(|doomed| Happened {
        event: "removed",
        at,
        commitment: doomed.commitment(controller),
        record: Some((doomed.category.clone(), doomed.purpose.clone(), doomed.clause.clone(), doomed.due_at)),
    });
    let link = Link { batch: keys.pepper.derive(&parts), at, content: Content::Events(events.collect()) };
    ports.append_link(controller, &link).await
}
