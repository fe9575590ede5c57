//! What is to be deleted: in a plan, in the note of a batch under way, and in the due index.

use domain::{
    evidence::{DeletionReason, DeletionResult},
    ids::{BatchId, Category, Purpose, RecordId, SubjectRef},
    policy::Clause,
    record::System,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Bytes, Kind, Unreadable, VERSION, check, id, millis, name, record::salt, some_time, time, version};

/// A record that is to be deleted, with what its evidence needs. Nothing personal: keyed hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doomed {
    /// Whose.
    pub subject: String,
    /// Which.
    pub record: String,
    /// What it is.
    pub category: String,
    /// What it was kept for.
    pub purpose: String,
    /// Where it is.
    pub system: String,
    /// The clause whose time is up.
    pub clause: String,
    /// When its time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    /// What its leaf is salted with.
    pub salt: Bytes,
}

/// A doomed record as the rules know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoomedParts {
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
    /// When its time was up.
    pub due_at: Option<Timestamp>,
    /// What its leaf is salted with.
    pub salt: [u8; 16],
}

impl From<&DoomedParts> for Doomed {
    fn from(parts: &DoomedParts) -> Self {
        Self {
            subject: parts.subject.to_string(),
            record: parts.record.to_string(),
            category: parts.category.to_string(),
            purpose: parts.purpose.to_string(),
            system: parts.system.as_str().to_owned(),
            clause: parts.clause.to_string(),
            due_at: parts.due_at.map(millis),
            salt: Bytes(parts.salt.to_vec()),
        }
    }
}

impl TryFrom<Doomed> for DoomedParts {
    type Error = Unreadable;

    fn try_from(form: Doomed) -> Result<Self, Unreadable> {
        Ok(Self {
            subject: id("subject", &form.subject, SubjectRef::parse)?,
            record: id("record", &form.record, RecordId::parse)?,
            category: id("category", &form.category, Category::parse)?,
            purpose: id("purpose", &form.purpose, Purpose::parse)?,
            system: name("system", &form.system, System::parse)?,
            clause: Clause::new(form.clause),
            due_at: some_time("due_at", form.due_at)?,
            salt: salt(&form.salt)?,
        })
    }
}

/// `REQUEST#{request}#PLAN-{n}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What is to be deleted.
    pub doomed: Vec<Doomed>,
}

impl Plan {
    /// Takes a part of an erasure.
    pub fn new(doomed: Vec<Doomed>) -> Self {
        Self { v: VERSION, kind: Kind::Plan, doomed }
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_doomed(self) -> Result<Vec<DoomedParts>, Unreadable> {
        check(self.v, self.kind, Kind::Plan)?;
        self.doomed.into_iter().map(DoomedParts::try_from).collect()
    }
}

/// `open/v1/{controller}/{batch}.json`: a batch that was begun; under `done/` an erasure's, with its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotedBatch {
    /// The form's version.
    pub v: u8,
    /// Which batch.
    pub batch: String,
    /// Why.
    pub reason: String,
    /// At what time.
    pub at: i64,
    /// The chain that its intent is meant for.
    pub chain: u8,
    /// The place there.
    pub number: u64,
    /// The records, in the order of their leaves.
    pub records: Vec<Doomed>,
    /// What became of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
}

/// A noted batch as the rules know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedParts {
    /// Which batch.
    pub batch: BatchId,
    /// Why.
    pub reason: DeletionReason,
    /// At what time.
    pub at: Timestamp,
    /// The chain that its intent is meant for.
    pub chain: u8,
    /// The place there.
    pub number: u64,
    /// The records, in the order of their leaves.
    pub records: Vec<DoomedParts>,
    /// What became of each; empty while it is open.
    pub results: Vec<DeletionResult>,
}

impl NotedBatch {
    /// Takes a batch, and the chain and number that its intent is meant for.
    pub fn new(
        batch: &BatchId,
        reason: DeletionReason,
        at: Timestamp,
        (chain, number): (u8, u64),
        records: Vec<Doomed>,
        results: &[DeletionResult],
    ) -> Self {
        Self {
            v: VERSION,
            batch: batch.to_string(),
            reason: reason.as_str().to_owned(),
            at: millis(at),
            chain,
            number,
            records,
            results: results.iter().map(|result| result.as_str().to_owned()).collect(),
        }
    }

    /// Reads the batch.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_parts(self) -> Result<NotedParts, Unreadable> {
        version(self.v)?;
        let result = |text: &String| name("results", text, DeletionResult::parse);
        Ok(NotedParts {
            batch: id("batch", &self.batch, BatchId::parse)?,
            reason: name("reason", &self.reason, DeletionReason::parse)?,
            at: time("at", self.at)?,
            chain: self.chain,
            number: self.number,
            records: self.records.into_iter().map(DoomedParts::try_from).collect::<Result<_, _>>()?,
            results: self.results.iter().map(result).collect::<Result<_, _>>()?,
        })
    }
}

/// A record as the index `due` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueEntry {
    /// What the item is.
    pub kind: Kind,
    /// What the record is.
    pub category: String,
    /// What it is kept for.
    pub purpose: String,
    /// The clause whose time is up.
    pub clause: String,
    /// Where it is.
    pub system: String,
    /// What its leaf is salted with.
    pub salt: Bytes,
    /// When its time was up.
    pub due_at: i64,
}

impl DueEntry {
    /// Reads the entry that stands under this subject and identifier.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_doomed(self, subject: SubjectRef, record: RecordId) -> Result<DoomedParts, Unreadable> {
        if self.kind != Kind::Record {
            return Err(Unreadable { field: "kind" });
        }
        Ok(DoomedParts {
            subject,
            record,
            category: id("category", &self.category, Category::parse)?,
            purpose: id("purpose", &self.purpose, Purpose::parse)?,
            system: name("system", &self.system, System::parse)?,
            clause: Clause::new(self.clause),
            due_at: Some(time("due_at", self.due_at)?),
            salt: salt(&self.salt)?,
        })
    }
}
