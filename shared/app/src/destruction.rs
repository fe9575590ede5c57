//! Deletion with its evidence: intend, delete, confirm, certify, in batches. The one place from
//! which records are deleted.

use domain::{
    evidence::{DeletionReason, DeletionResult},
    ids::{BatchId, Category, ControllerId, Purpose, RecordId, SubjectRef},
    policy::Clause,
    record::{Record, System},
};
use jiff::Timestamp;

use crate::{error::PortError, keys::Keys};

/// Most records of one batch: their manifest stays under a hundred kilobytes.
pub const BATCH_RECORDS_MAX: usize = 200;

/// A record that is to be deleted, with what its evidence needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// Whose.
    pub subject: SubjectRef,
    /// Which.
    pub record: RecordId,
    /// What it is.
    pub category: Category,
    /// What it was kept for.
    pub purpose: Purpose,
    /// Where it is.
    pub system: System,
    /// The clause whose time is up.
    pub clause: Clause,
    /// When its time was up; `None` if it had none.
    pub due_at: Option<Timestamp>,
    /// What its leaf is salted with.
    pub salt: [u8; 16],
}

impl From<&Record> for Doomed {
    fn from(record: &Record) -> Self {
        Self {
            subject: record.subject.clone(),
            record: record.id.clone(),
            category: record.category.clone(),
            purpose: record.purpose.clone(),
            system: record.system.clone(),
            clause: record.clause.clone(),
            due_at: record.due_at,
            salt: record.salt,
        }
    }
}

/// What must hold at the very moment of deletion. No hold may stand, whatever the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The record is still due at that time.
    DueAt(Timestamp),
    /// The person asked, so it need not be due.
    Asked,
}

/// A batch of deletions: its intent until there are results, its certificate then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which batch.
    pub batch: BatchId,
    /// Whose records.
    pub controller: ControllerId,
    /// Why.
    pub reason: DeletionReason,
    /// At what time they were due or asked for.
    pub at: Timestamp,
    /// The records, in the order of their leaves.
    pub records: Vec<Doomed>,
    /// What became of each; empty while it is an intent.
    pub results: Vec<DeletionResult>,
}

impl Manifest {
    /// The evidence of the record at that position: `batch/position`.
    pub fn evidence_id(&self, position: usize) -> String {
        format!("{}/{position}", self.batch)
    }
}

/// The port to evidence.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait EvidenceStore {
    /// Writes the intent where it cannot be changed, and notes it as open. MUST be durable before
    /// it returns. Answers whether this very batch was begun before: a retry after a crash.
    async fn intend(&self, manifest: &Manifest) -> Result<bool, PortError>;

    /// Writes the results where they cannot be changed, and closes the intent.
    async fn certify(&self, manifest: &Manifest) -> Result<(), PortError>;

    /// The intents of a controller whose results were never written: what a crash left.
    async fn open_intents(&self, controller: &ControllerId) -> Result<Vec<Manifest>, PortError>;
}

/// The port to deletion.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Deletion {
    /// Deletes each record if the condition holds and no hold stands, at that very moment.
    ///
    /// MUST answer for each record, in order. MUST delete a record's object, with all its versions,
    /// before the record, and MUST keep a hold that comes meanwhile from finding half of it gone.
    async fn delete_records(
        &self,
        controller: &ControllerId,
        records: &[Doomed],
        condition: Condition,
    ) -> Result<Vec<DeletionResult>, PortError>;

    /// Whether each record still stands.
    async fn stand(&self, controller: &ControllerId, records: &[Doomed]) -> Result<Vec<bool>, PortError>;
}

/// What makes a batch this one. A record's identifier names it in its system, and one file may be about
/// two people: without its subject, the batches of both would be taken for one, and the second deletion
/// would leave no evidence.
pub fn named(records: &[Doomed]) -> impl Iterator<Item = &str> {
    records.iter().flat_map(|record| [record.subject.as_str(), record.record.as_str()])
}

/// Deletes a batch and leaves its evidence.
///
/// # Errors
/// [`PortError`]: the intent is open then, and [`settle`] closes it.
pub async fn destroy<P: EvidenceStore + Deletion + Keys>(
    ports: &P,
    controller: &ControllerId,
    reason: DeletionReason,
    at: Timestamp,
    records: Vec<Doomed>,
    condition: Condition,
) -> Result<Manifest, PortError> {
    let keys = ports.controller(controller).await?;
    let at_text = at.to_string();
    let mut parts = vec![reason.as_str(), at_text.as_str()];
    parts.extend(named(&records));
    let mut manifest = Manifest {
        batch: keys.pepper.derive(&parts),
        controller: controller.clone(),
        reason,
        at,
        records,
        results: vec![],
    };
    let begun_before = ports.intend(&manifest).await?;
    manifest.results = ports.delete_records(controller, &manifest.records, condition).await?;
    if begun_before {
        // What stood when the batch was begun and is gone now was deleted by its first attempt.
        for result in manifest.results.iter_mut().filter(|result| **result == DeletionResult::Absent) {
            *result = DeletionResult::Deleted;
        }
    }
    ports.certify(&manifest).await?;
    Ok(manifest)
}

/// Closes the intents that a crash left open: what is gone was deleted under them, what stands was
/// not, and is found again by the next sweep.
///
/// # Errors
/// [`PortError`].
pub async fn settle<P: EvidenceStore + Deletion>(
    ports: &P,
    controller: &ControllerId,
    now: Timestamp,
) -> Result<Vec<Manifest>, PortError> {
    let mut settled = Vec::new();
    for mut manifest in ports.open_intents(controller).await? {
        // A batch of this very time may still be running elsewhere.
        if manifest.at >= now {
            continue;
        }
        let stand = ports.stand(controller, &manifest.records).await?;
        manifest.results = stand
            .into_iter()
            .map(|stands| if stands { DeletionResult::Failed } else { DeletionResult::Deleted })
            .collect();
        ports.certify(&manifest).await?;
        settled.push(manifest);
    }
    Ok(settled)
}
