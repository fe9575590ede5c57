//! How a request ends.

use jiff::Timestamp;

use super::{RefusalGround, Stop};
use crate::{
    ids::{Category, Field, Purpose, RecordId},
    policy::{Clause, Refusal},
};

/// What happened to one item of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemResult {
    /// Deleted, with the evidence of it.
    Erased {
        /// Where its leaf stands: batch and number.
        evidence: String,
    },
    /// Kept, and why (GDPR Art. 17(3)).
    Kept {
        /// What the person is told.
        reason: String,
        /// The article that allows it.
        article: String,
        /// Where the policy says so.
        clause: Clause,
    },
    /// A legal hold keeps it for now.
    Held,
}

/// One item of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it was.
    pub category: Category,
    /// What it was kept for.
    pub purpose: Purpose,
    /// Which record.
    pub record: RecordId,
    /// What became of it.
    pub result: ItemResult,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Refused by the policy's own statement.
    Refused(Refusal, Clause),
    /// The requester's data points did not match what is stored.
    NotVerified,
    /// The export stands ready under this object key until then.
    Exported {
        /// The key of the object in the exports bucket.
        object: String,
        /// Until when it can be fetched.
        until: Timestamp,
    },
    /// Erased, item by item.
    Erased(Vec<Item>),
    /// Consents were withdrawn.
    Withdrawn(Vec<Purpose>),
    /// The person's data is used for these purposes no more.
    Stopped(Stop),
    /// Instructions for after death are kept, or revoked.
    Recorded,
    /// Recorded for the privacy office, which answers it.
    WithOffice,
    /// The office did what was asked, or found the appeal or complaint right.
    Granted,
    /// Stored data was corrected, in these fields (GDPR Art. 16).
    Corrected(Vec<Field>),
    /// The office refuses it.
    RefusedByOffice(RefusalGround),
}

impl Outcome {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Refused(..) => "refused",
            Self::NotVerified => "not-verified",
            Self::Exported { .. } => "exported",
            Self::Erased(_) => "erased",
            Self::Withdrawn(_) => "withdrawn",
            Self::Stopped(_) => "stopped",
            Self::Recorded => "recorded",
            Self::WithOffice => "with-office",
            Self::Granted => "granted",
            Self::Corrected(_) => "corrected",
            Self::RefusedByOffice(_) => "refused-by-office",
        }
    }

    /// Whether the controller still owes an answer.
    pub const fn leaves_open(&self) -> bool {
        matches!(self, Self::WithOffice | Self::Stopped(Stop { with_office: true, .. }))
    }

    /// Whether the person does not get, or not wholly, what they asked for: they are told where to
    /// complain (GDPR Art. 12(4)).
    pub fn refuses(&self) -> bool {
        match self {
            Self::Refused(..) | Self::NotVerified | Self::RefusedByOffice(_) => true,
            Self::Erased(items) => items.iter().any(|item| !matches!(item.result, ItemResult::Erased { .. })),
            Self::Exported { .. }
            | Self::Withdrawn(_)
            | Self::Stopped(_)
            | Self::Recorded
            | Self::WithOffice
            | Self::Granted
            | Self::Corrected(_) => false,
        }
    }
}
