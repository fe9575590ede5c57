//! Holds as they are sent.

use domain::{
    hold::HoldReason,
    ids::{Ground, Identifier},
    record::SubjectHold,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, SubjectForm, at, time};

/// `POST /{controller}/v1/holds`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldForm {
    /// Whose records it keeps.
    pub subject: SubjectForm,
    /// `legal-claim`, `investigation`, `restriction` or `legal-obligation`.
    pub reason: String,
    /// The policy's own word for it: `complaint`. Needed where the policy lists grounds.
    #[serde(default)]
    pub ground: Option<String>,
    /// When somebody must look at it again.
    pub review_at: String,
}

/// A hold, parsed.
#[derive(Debug)]
pub struct ParsedHold {
    /// Whose records it keeps.
    pub identifier: Identifier,
    /// Why.
    pub reason: HoldReason,
    /// The policy's own word for it.
    pub ground: Option<Ground>,
    /// When somebody must look at it again.
    pub review_at: Timestamp,
}

impl HoldForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedHold, FormError> {
        let reason = HoldReason::parse(&self.reason).ok_or_else(|| {
            FormError::new("/reason", format!("use one of {}", HoldReason::ALL.map(HoldReason::as_str).join(", ")))
        })?;
        Ok(ParsedHold {
            identifier: self.subject.identifier()?,
            reason,
            ground: self.ground.map(|ground| Ground::parse(&ground).map_err(at("/ground"))).transpose()?,
            review_at: time(&self.review_at, "/review_at")?,
        })
    }
}

/// A hold, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// The form's version.
    pub v: u8,
    /// Which hold, with its subject: `{subject}~{hold}`.
    pub hold_id: String,
    /// Why.
    pub reason: String,
    /// The policy's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Since when.
    pub opened_at: String,
    /// When somebody must look at it again.
    pub review_at: String,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
}

impl HoldAnswer {
    /// Writes a hold.
    pub fn new(hold: &SubjectHold) -> Self {
        Self {
            v: 1,
            hold_id: name_of(hold),
            reason: hold.reason.as_str().to_owned(),
            ground: hold.ground.as_ref().map(ToString::to_string),
            opened_at: hold.opened_at.to_string(),
            review_at: hold.review_at.to_string(),
            released_at: hold.released_at.map(|at| at.to_string()),
        }
    }
}

/// How a hold is named in answers and paths: `{subject}~{hold}`.
pub fn name_of(hold: &SubjectHold) -> String {
    format!("{}~{}", hold.subject, hold.id)
}
