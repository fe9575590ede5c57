//! Evidence of deletion: salted leaves that prove that something was deleted, not whom it was about.

pub mod merkle;

use jiff::Timestamp;
use ring::digest;

/// Why a batch of records was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionReason {
    /// Its time was up and the sweep took it.
    Retention,
    /// The person asked for it.
    Erasure,
    /// Its time was up and DynamoDB's own TTL took it.
    TimeToLive,
}

impl DeletionReason {
    /// The name in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Erasure => "erasure",
            Self::TimeToLive => "time-to-live",
        }
    }
}

/// What became of one record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionResult {
    /// It is gone, and this batch deleted it.
    Deleted,
    /// A hold came in between.
    Held,
    /// A renewal came in between: it is not due any more.
    NotDue,
    /// It was gone already.
    Absent,
    /// The deletion failed; it stays due and is tried again.
    Failed,
}

impl DeletionResult {
    /// The name in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Held => "held",
            Self::NotDue => "not-due",
            Self::Absent => "absent",
            Self::Failed => "failed",
        }
    }
}

/// A commitment to one record: `SHA-256(salt ‖ pk ‖ sk ‖ due_at)`, in hexadecimal.
///
/// The salt stands in the record alone. When the record goes, nobody can tell whose leaf it was;
/// who was given the salt before can still show that the leaf is theirs.
pub fn leaf(salt: &[u8; 16], partition: &str, sort: &str, due_at: Option<Timestamp>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(salt);
    for part in [partition, sort] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(&due_at.map_or(i64::MIN, Timestamp::as_millisecond).to_be_bytes());
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
