//! To system-tasks: a request goes to one of the controller's systems.

use domain::ids::{ControllerId, RequestId, SubjectRef, SystemId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Unreadable, VERSION, version};
use crate::form::{at, controller, time};

/// To system-tasks: hand a task over. References only; the task itself is made from what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Who asks, by reference.
    pub subject: String,
    /// Which request.
    pub request: String,
    /// To which system.
    pub system: String,
    /// When the task was opened.
    pub at: String,
}

impl TaskMessage {
    /// Writes a message.
    pub fn new(
        controller: &ControllerId,
        subject: &SubjectRef,
        request: &RequestId,
        system: &SystemId,
        at: Timestamp,
    ) -> Self {
        Self {
            v: VERSION,
            controller: controller.to_string(),
            subject: subject.to_string(),
            request: request.to_string(),
            system: system.to_string(),
            at: at.to_string(),
        }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(ControllerId, SubjectRef, RequestId, SystemId, Timestamp), Unreadable> {
        version(self.v)?;
        Ok((
            controller(&self.controller, "/controller")?,
            SubjectRef::parse(&self.subject).map_err(at("/subject"))?,
            RequestId::parse(&self.request).map_err(at("/request"))?,
            SystemId::parse(&self.system).map_err(at("/system"))?,
            time(&self.at, "/at")?,
        ))
    }
}
