//! To dsar-fulfil: a subscription is to be confirmed by mail.

use domain::ids::{CaptureId, ControllerId, SubjectRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Unreadable, VERSION, version};
use crate::form::{at, controller, time};

/// To dsar-fulfil, beside [`super::FulfilMessage`]: tell a person what a capture in their name began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// The person, by reference.
    pub subject: String,
    /// Which capture. The name of this member tells the message from a guardian's.
    pub confirm: String,
    /// When the person chose.
    pub at: String,
}

impl SubscriptionMessage {
    /// Writes a message.
    pub fn new(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId, at: Timestamp) -> Self {
        Self {
            v: VERSION,
            controller: controller.to_string(),
            subject: subject.to_string(),
            confirm: capture.to_string(),
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
            CaptureId::parse(&self.confirm).map_err(at("/confirm"))?,
            time(&self.at, "/at")?,
        ))
    }
}
