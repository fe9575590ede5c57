//! How far a walk through a controller's records has come.

use domain::{breach::Tally, ids::SubjectRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, millis, time};
use crate::breach::CountsForm;

/// `WALK#{job}#{segment}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When the walk began.
    pub at: i64,
    /// The stretch that comes next.
    pub hop: u32,
    /// Where it begins: keys alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many records were looked at.
    pub seen: u64,
    /// How many were changed.
    pub changed: u64,
    /// How many could not be read.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub unreadable: u64,
    /// What was counted, where the walk counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsForm>,
    /// Who was counted last, by reference, while the segment is not through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Whether the segment is through.
    pub done: bool,
}

impl Walk {
    /// A segment that was walked so far.
    pub fn new(at: Timestamp, hop: u32, from: Option<String>, done: bool) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Walk,
            at: millis(at),
            hop,
            from,
            seen: 0,
            changed: 0,
            unreadable: 0,
            counts: None,
            last: None,
            done,
        }
    }

    /// With what was counted.
    #[must_use]
    pub fn counting(self, tally: &Tally) -> Self {
        let counts = (tally.counts != Default::default()).then(|| CountsForm::from(&tally.counts));
        Self { counts, last: tally.last.as_ref().map(ToString::to_string), ..self }
    }

    /// What was counted.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn tally(&self) -> Result<Tally, Unreadable> {
        let counts = self.counts.as_ref().map(CountsForm::parse).transpose();
        Ok(Tally {
            counts: counts.map_err(|_| Unreadable { field: "counts" })?.unwrap_or_default(),
            last: self.last.as_ref().map(|last| id("last", last, SubjectRef::parse)).transpose()?,
        })
    }

    /// When the walk began.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn began_at(&self) -> Result<Timestamp, Unreadable> {
        check(self.v, self.kind, Kind::Walk)?;
        time("at", self.at)
    }
}
