//! One request with all that is known of it: the one place where it is read who asks and what they wrote.

use std::collections::BTreeMap;

use domain::{
    dsar::{self, AnswerDue},
    ids::{Category, Purpose, RecordId, RequestId},
    policy::Policy,
};

use crate::{
    erasure::ErasurePlans,
    error::PortError,
    records::RecordStore,
    requests::{RequestKey, RequestLog, StoredRequest},
};

/// Most parts of an erasure that are looked at.
const PARTS_MAX: usize = 10_000;

/// What an erasure has come to with one kind of data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// How many records were to be erased.
    pub planned: usize,
    /// How many of them stand no more.
    pub gone: usize,
}

/// A request, for the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Which.
    pub key: RequestKey,
    /// All of it.
    pub stored: StoredRequest,
    /// By when it is answered.
    pub due: AnswerDue,
    /// What an erasure that was begun has come to, by kind of data.
    pub erased: BTreeMap<(Category, Purpose), Planned>,
}

/// Reads a request; `None`: there is none of that number.
///
/// # Errors
/// [`PortError`].
pub async fn look<P: RequestLog + ErasurePlans + RecordStore>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
) -> Result<Option<Looked>, PortError> {
    let Some(key) = super::locate(policy, ports, request).await? else { return Ok(None) };
    let Some(stored) = ports.request(&key).await? else { return Ok(None) };
    looked(policy, ports, key, stored).await.map(Some)
}

/// Adds to a request what stands beside it.
///
/// # Errors
/// [`PortError`].
pub async fn looked<P: ErasurePlans + RecordStore>(
    policy: &Policy,
    ports: &P,
    key: RequestKey,
    stored: StoredRequest,
) -> Result<Looked, PortError> {
    let due = dsar::due_of(policy, &stored.state);
    let erased = erased(ports, &key).await?;
    Ok(Looked { key, stored, due, erased })
}

/// A plan is written before anything is deleted, and a record that stands no more was deleted by it: so a
/// request that was stopped in the middle shows what was done.
async fn erased<P: ErasurePlans + RecordStore>(
    ports: &P,
    key: &RequestKey,
) -> Result<BTreeMap<(Category, Purpose), Planned>, PortError> {
    let mut doomed: BTreeMap<RecordId, (Category, Purpose)> = BTreeMap::new();
    for part in 0..PARTS_MAX {
        let Some(plan) = ports.erasure_plan(key, part).await? else { break };
        // A record that a hold spared stands in the next part again.
        doomed.extend(plan.doomed.into_iter().map(|record| (record.record, (record.category, record.purpose))));
    }
    let mut erased: BTreeMap<_, Planned> = BTreeMap::new();
    if doomed.is_empty() {
        return Ok(erased);
    }
    let records = ports.records(&key.controller, &key.subject).await?;
    let standing: std::collections::BTreeSet<_> = records.into_iter().map(|record| record.id).collect();
    for (record, kind) in doomed {
        let planned = erased.entry(kind).or_default();
        planned.planned += 1;
        planned.gone += usize::from(!standing.contains(&record));
    }
    Ok(erased)
}
