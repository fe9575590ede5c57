//! How many records of a system are stored, and how many notices of an announcement stand in which state.

use domain::announcement::NoticeCounts;
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

/// `TALLY#{shard}`, beside the notices of an announcement: how many of those of one shard of people stand in which
/// state. Each is moved in one transaction with the notice that it counts. What never changed is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeTally {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Found, not told yet.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub planned: i64,
    /// In doubt.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub claimed: i64,
    /// Told by mail.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub sent: i64,
    /// Told by a system of the controller's own.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub sent_by_channel: i64,
    /// Told by what is public.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub without_address: i64,
    /// Written to, and the mail came back.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub not_reached: i64,
}

impl NoticeTally {
    /// Adds what it says.
    pub fn add_to(&self, counts: &mut NoticeCounts) {
        let add = |to: &mut u64, count: i64| *to = to.saturating_add_signed(count);
        add(&mut counts.planned, self.planned);
        add(&mut counts.claimed, self.claimed);
        add(&mut counts.sent, self.sent);
        add(&mut counts.sent_by_channel, self.sent_by_channel);
        add(&mut counts.without_address, self.without_address);
        add(&mut counts.not_reached, self.not_reached);
    }
}
