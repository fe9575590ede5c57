//! How many records of a system are stored.

use serde::{Deserialize, Serialize};

use super::Kind;

/// `STORED#{system}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCount {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// How many: what came less what went, near the truth.
    pub stored: i64,
}
