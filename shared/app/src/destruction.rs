//! Deletion with its evidence: intend, delete, confirm, certify, in batches. The one place from
//! which records are deleted.

use domain::{
    evidence::{self, DeletionReason, DeletionResult},
    ids::{BatchId, Category, ControllerId, Purpose, RecordId, SubjectRef},
    policy::Clause,
    record::{Record, System},
};
use jiff::Timestamp;

use crate::{
    chain::{CONFLICTS_MAX, Chain, Commitment, Content, Intended, Link, Place, chain_of},
    error::PortError,
    holds::{self, WideHolds},
    keys::Keys,
};

/// Most records of one batch: the links of its intent and its results stay under a few hundred kilobytes each.
pub const BATCH_RECORDS_MAX: usize = 1_000;

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

impl Doomed {
    /// The commitment to it in the evidence.
    pub fn commitment(&self, controller: &ControllerId) -> Commitment {
        evidence::commitment(&self.salt, controller, &self.subject, &self.record, self.due_at)
    }
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

/// A batch of deletions: what is intended, and what became of it.
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
    /// Where its intent stands in the chain.
    pub intent: Place,
    /// The records, in the order of their leaves.
    pub records: Vec<Doomed>,
    /// What became of each; empty while it is an intent.
    pub results: Vec<DeletionResult>,
}

impl Manifest {
    /// The evidence of the record at that position: where its leaf stands.
    pub fn evidence_id(&self, position: usize) -> String {
        self.intent.leaf(position)
    }

    /// The link that says what is about to be deleted.
    pub fn intent_link(&self) -> Link {
        let intended = self.records.iter().map(|doomed| Intended {
            commitment: doomed.commitment(&self.controller),
            category: doomed.category.clone(),
            purpose: doomed.purpose.clone(),
            clause: doomed.clause.clone(),
            system: doomed.system.clone(),
            due_at: doomed.due_at,
        });
        Link { batch: self.batch.clone(), at: self.at, content: Content::Intent(self.reason, intended.collect()) }
    }

    /// The link that says what became of it.
    pub fn result_link(&self) -> Link {
        let commitments = self.records.iter().map(|doomed| doomed.commitment(&self.controller));
        Link {
            batch: self.batch.clone(),
            at: self.at,
            content: Content::Result {
                reason: self.reason,
                intent: self.intent,
                results: commitments.zip(self.results.iter().copied()).collect(),
            },
        }
    }
}

/// The port to the batches that are under way. They are noted by reference and forgotten when their result stands:
/// what is kept for good is in the [`Chain`].
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Intents {
    /// Notes a batch as begun, with the place that its intent is meant for. MUST be durable before it returns; MUST
    /// replace what is noted of the same batch.
    async fn note_intent(&self, manifest: &Manifest) -> Result<(), PortError>;

    /// Notes a batch as begun, unless it was: then answers what is noted of it, its results with it if it has them,
    /// and notes nothing. One call, since nearly every batch is a new one.
    async fn begin_intent(&self, manifest: &Manifest) -> Result<Option<Manifest>, PortError>;

    /// Every batch of a controller that was begun and has no results.
    async fn open_intents(&self, controller: &ControllerId) -> Result<Vec<Manifest>, PortError>;

    /// Closes a batch. Of an erasure its results stay noted for a month, so that a retry can tell the person of what
    /// the first attempt erased.
    async fn close_intent(&self, manifest: &Manifest) -> Result<(), PortError>;
}

crate::ports! {
    /// Everything that leaves evidence of deletions.
    pub trait EvidenceStore = Chain + Intents;
}

/// The port to deletion.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Deletion: WideHolds {
    /// Deletes each record if the condition holds and no hold stands, at that very moment.
    ///
    /// What was registered again since, under another salt, is another record: it MUST stay, and what was meant is
    /// `Absent`. MUST answer for each record, in order. MUST delete a record's object, with all its versions,
    /// before the record, and MUST keep a hold that comes meanwhile from finding half of it gone.
    async fn delete_records(
        &self,
        controller: &ControllerId,
        records: &[Doomed],
        condition: Condition,
    ) -> Result<Vec<DeletionResult>, PortError>;

    /// Whether each record still stands: that very one, and none that was registered again since.
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
    let batch = keys.pepper.derive(&parts);
    let intent = ports.next(controller, chain_of(&batch)).await?;
    let manifest = Manifest { batch, controller: controller.clone(), reason, at, intent, records, results: Vec::new() };
    let noted = ports.begin_intent(&manifest).await?;
    let is_final = |result: &DeletionResult| matches!(result, DeletionResult::Deleted | DeletionResult::Absent);
    if let Some(done) = noted.as_ref().filter(|noted| !noted.results.is_empty() && noted.results.iter().all(is_final)) {
        return Ok(done.clone());
    }
    let (mut manifest, begun_before) = match noted {
        Some(noted) if stands(ports, &noted).await? => (noted, true),
        Some(_) => {
            ports.note_intent(&manifest).await?;
            (intend(ports, manifest).await?, false)
        }
        None => (intend(ports, manifest).await?, false),
    };
    // Something of it failed or was held: what the hold has let go is deleted by this attempt, and what the first one
    // deleted stays that.
    let before = std::mem::take(&mut manifest.results);
    manifest.results = delete(ports, controller, &manifest.records, condition).await?;
    if begun_before {
        for (n, result) in manifest.results.iter_mut().enumerate() {
            // Of an attempt without results: what stood when the batch was begun and is gone now was deleted by it.
            let was_deleted = before.get(n).is_none_or(|before| *before == DeletionResult::Deleted);
            if *result == DeletionResult::Absent && was_deleted {
                *result = DeletionResult::Deleted;
            }
        }
    }
    certify(ports, &manifest).await?;
    Ok(manifest)
}

/// Deletes what no wide hold keeps. The holds on a record itself, marks of wide ones among them, are part of the
/// statement that deletes it; what a wide hold has not marked yet is left out here.
async fn delete<P: Deletion>(
    ports: &P,
    controller: &ControllerId,
    records: &[Doomed],
    condition: Condition,
) -> Result<Vec<DeletionResult>, PortError> {
    let kept = holds::kept_out(ports, controller, records).await?;
    if !kept.contains(&true) {
        return ports.delete_records(controller, records, condition).await;
    }
    let free: Vec<Doomed> =
        records.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|(doomed, _)| doomed.clone()).collect();
    let mut results = ports.delete_records(controller, &free, condition).await?.into_iter();
    let result = |kept: &bool| if *kept { Some(DeletionResult::Held) } else { results.next() };
    kept.iter()
        .map(result)
        .collect::<Option<_>>()
        .ok_or_else(|| PortError::corrupt("deletion", "it did not answer for each record"))
}

/// Writes the intent of a noted batch into its chain. Its place is noted before, so that whoever finds the note after a
/// crash can tell whether the intent was written, and with it whether anything can have been deleted.
async fn intend<P: EvidenceStore>(ports: &P, mut manifest: Manifest) -> Result<Manifest, PortError> {
    let link = manifest.intent_link();
    for _ in 0..CONFLICTS_MAX {
        if ports.write(&manifest.controller, manifest.intent, &link).await? {
            return Ok(manifest);
        }
        manifest.intent = ports.next(&manifest.controller, manifest.intent.chain).await?;
        ports.note_intent(&manifest).await?;
    }
    Err(PortError::Conflict { what: "a chain of evidence" })
}

/// Whether the intent of a noted batch stands in its chain.
async fn stands<P: EvidenceStore>(ports: &P, noted: &Manifest) -> Result<bool, PortError> {
    let batch = ports.batch_at(&noted.controller, noted.intent).await?;
    Ok(batch.as_ref() == Some(&noted.batch))
}

/// Writes the results into the chain of their intent, and closes the batch.
async fn certify<P: EvidenceStore>(ports: &P, manifest: &Manifest) -> Result<(), PortError> {
    ports.append_link(&manifest.controller, &manifest.result_link()).await?;
    ports.close_intent(manifest).await
}

/// How long a note may wait for its intent, by the time of the events. One that waits longer was left by a crash
/// before anything was deleted.
const UNWRITTEN_HOURS: i64 = 24;

/// Closes the batches that a crash left open: what is gone was deleted under them, what stands was
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
        if !stands(ports, &manifest).await? {
            if now.duration_since(manifest.at).as_hours() >= UNWRITTEN_HOURS {
                ports.close_intent(&manifest).await?;
            }
            continue;
        }
        let stand = ports.stand(controller, &manifest.records).await?;
        manifest.results = stand
            .into_iter()
            .map(|stands| if stands { DeletionResult::Failed } else { DeletionResult::Deleted })
            .collect();
        certify(ports, &manifest).await?;
        settled.push(manifest);
    }
    Ok(settled)
}
