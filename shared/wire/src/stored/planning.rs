//! By which policy a controller's records are planned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, millis, some_time, time};

/// `PLANNED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// The policy by which all records are planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The policy that comes next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// When that was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// When its walk began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<i64>,
    /// How often it was written.
    pub rev: u64,
}

/// The policy that comes next: which, since when, and when its walk began.
pub type NextParts = (String, Timestamp, Option<Timestamp>);

impl Planned {
    /// How a controller stands.
    pub fn new(policy: Option<&str>, next: Option<NextParts>, rev: u64) -> Self {
        let (next, since, walk) = match next {
            Some((next, since, walk)) => (Some(next), Some(millis(since)), walk.map(millis)),
            None => (None, None, None),
        };
        Self { v: VERSION, kind: Kind::Planned, policy: policy.map(str::to_owned), next, since, walk, rev }
    }

    /// Reads which policy comes next.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn next(&self) -> Result<Option<NextParts>, Unreadable> {
        check(self.v, self.kind, Kind::Planned)?;
        match (&self.next, self.since) {
            (Some(next), Some(since)) => {
                let walk = some_time("walk", self.walk)?;
                Ok(Some((next.clone(), time("since", since)?, walk)))
            }
            (None, None) => Ok(None),
            _ => Err(Unreadable { field: "since" }),
        }
    }
}
