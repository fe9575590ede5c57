//! A tombstone: that a person was erased, until when, and what was left out of it.

use domain::{
    ids::{Purpose, RequestId, SubjectRef},
    tombstone::Tombstone as DomainTombstone,
};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, entry::ExceptionForm, ids, millis, time};

/// `TOMBSTONE#{request}`, in the table of what a restore must not undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What was kept for these purposes; absent: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// What the office kept all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<ExceptionForm>,
    /// When the erasure began.
    pub at: i64,
    /// Until when what was given is erased.
    pub erased_until: i64,
}

impl From<&DomainTombstone> for Tombstone {
    fn from(tombstone: &DomainTombstone) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Tombstone,
            purposes: tombstone.purposes.iter().map(ToString::to_string).collect(),
            except: tombstone.except.iter().map(ExceptionForm::from).collect(),
            at: millis(tombstone.at),
            erased_until: millis(tombstone.erased_until),
        }
    }
}

impl Tombstone {
    /// Reads the tombstone that stands under this subject and request.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_tombstone(self, subject: SubjectRef, request: RequestId) -> Result<DomainTombstone, Unreadable> {
        check(self.v, self.kind, Kind::Tombstone)?;
        Ok(DomainTombstone {
            subject,
            request,
            purposes: ids("purposes", &self.purposes, Purpose::parse)?,
            except: self.except.into_iter().map(ExceptionForm::into_exception).collect::<Result<_, _>>()?,
            at: time("at", self.at)?,
            erased_until: time("erased_until", self.erased_until)?,
        })
    }
}
