//! A legal hold on a subject.

use domain::{
    hold::HoldReason,
    ids::{Ground, HoldId, SubjectRef},
    record::SubjectHold,
};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, millis, name, time};

/// `HOLD#{hold}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Why.
    pub reason: String,
    /// The policy's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// When it was opened.
    pub opened_at: i64,
    /// When somebody must look at it again.
    pub review_at: i64,
    /// Who opened it.
    pub opened_by: String,
    /// When it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<i64>,
    /// Who released it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<String>,
}

impl From<&SubjectHold> for Hold {
    fn from(hold: &SubjectHold) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Hold,
            reason: hold.reason.as_str().to_owned(),
            ground: hold.ground.as_ref().map(ToString::to_string),
            opened_at: millis(hold.opened_at),
            review_at: millis(hold.review_at),
            opened_by: hold.opened_by.clone(),
            released_at: hold.released_at.map(millis),
            released_by: None,
        }
    }
}

impl Hold {
    /// Reads the hold that stands under this subject and identifier.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_hold(self, subject: SubjectRef, hold: HoldId) -> Result<SubjectHold, Unreadable> {
        check(self.v, self.kind, Kind::Hold)?;
        Ok(SubjectHold {
            id: hold,
            subject,
            reason: name("reason", &self.reason, HoldReason::parse)?,
            ground: self.ground.map(|ground| id("ground", &ground, Ground::parse)).transpose()?,
            opened_at: time("opened_at", self.opened_at)?,
            review_at: time("review_at", self.review_at)?,
            opened_by: self.opened_by,
            released_at: self.released_at.map(|at| time("released_at", at)).transpose()?,
        })
    }
}
