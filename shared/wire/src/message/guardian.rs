//! To dsar-fulfil: a child's consent waits for its guardian.

use domain::ids::{CaptureId, ControllerId, SubjectRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Unreadable, VERSION, version};
use crate::form::{at, controller, time};

/// To dsar-fulfil, beside [`super::FulfilMessage`]: write to the guardian of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardianMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// The child, by reference.
    pub subject: String,
    /// Which capture.
    pub capture: String,
    /// When the child chose.
    pub at: String,
}

impl GuardianMessage {
    /// Writes a message.
    pub fn new(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId, at: Timestamp) -> Self {
        Self {
            v: VERSION,
            controller: controller.to_string(),
            subject: subject.to_string(),
            capture: capture.to_string(),
            at: at.to_string(),
        }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(ControllerId, SubjectRef, CaptureId, Timestamp), Unreadable> {
        version(self.v)?;
        Ok((
            controller(&self.controller, "/controller")?,
            SubjectRef::parse(&self.subject).map_err(at("/subject"))?,
            CaptureId::parse(&self.capture).map_err(at("/capture"))?,
            time(&self.at, "/at")?,
        ))
    }
}
