//! To system-tasks: a request goes to one of the controller's systems, or a system hears of a hold.

use domain::ids::{ControllerId, HoldId, Identifier, RequestId, SubjectRef, SystemId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Unreadable, VERSION, version};
use crate::form::{SubjectForm, at, controller, time};

/// What a message to system-tasks is about. It is read as that then, so that what is wrong with it is told by name.
#[derive(Debug, Deserialize)]
pub struct SystemMessage {
    #[serde(default)]
    hold: Option<IgnoredAny>,
}

impl SystemMessage {
    /// Whether it is a [`HoldMessage`]; a [`TaskMessage`] else.
    pub const fn is_of_hold(&self) -> bool {
        self.hold.is_some()
    }
}

/// To system-tasks: tell a system how a hold stands. The hold itself is known by reference alone, so that whoever saw
/// the event says here whom it named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// On whom the hold is, by reference.
    pub subject: String,
    /// Which hold.
    pub hold: String,
    /// To which system.
    pub system: String,
    /// What the system knows the person by; left out where a release is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<SubjectForm>,
    /// Since when it is to be told.
    pub at: String,
}

/// What a [`HoldMessage`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedHold {
    /// Whose.
    pub controller: ControllerId,
    /// On whom the hold is.
    pub subject: SubjectRef,
    /// Which hold.
    pub hold: HoldId,
    /// To which system.
    pub system: SystemId,
    /// What the system knows the person by.
    pub identifier: Option<Identifier>,
    /// Since when it is to be told.
    pub at: Timestamp,
}

impl HoldMessage {
    /// Writes a message.
    pub fn new(parsed: &ParsedHold) -> Self {
        Self {
            v: VERSION,
            controller: parsed.controller.to_string(),
            subject: parsed.subject.to_string(),
            hold: parsed.hold.to_string(),
            system: parsed.system.to_string(),
            identifier: parsed.identifier.as_ref().map(SubjectForm::disclosing),
            at: parsed.at.to_string(),
        }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<ParsedHold, Unreadable> {
        version(self.v)?;
        Ok(ParsedHold {
            controller: controller(&self.controller, "/controller")?,
            subject: SubjectRef::parse(&self.subject).map_err(at("/subject"))?,
            hold: HoldId::parse(&self.hold).map_err(at("/hold"))?,
            system: SystemId::parse(&self.system).map_err(at("/system"))?,
            identifier: self.identifier.as_ref().map(SubjectForm::identifier).transpose()?,
            at: time(&self.at, "/at")?,
        })
    }
}

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
