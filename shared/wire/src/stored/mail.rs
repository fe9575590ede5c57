//! Claims: one mail about a request, one warning of a deadline.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, VERSION, millis};

/// `REQUEST#{request}#MAIL-{what}` and `WARNED#{what}#{level}`: claimed, then sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When it was claimed first.
    pub claimed_at: i64,
    /// When it was handed over; absent while that is in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
}

impl Claim {
    /// A claim of a mail or of a warning.
    pub fn new(kind: Kind, at: Timestamp) -> Self {
        Self { v: VERSION, kind, claimed_at: millis(at), sent_at: None }
    }
}
