//! One consent capture: a form with all its purposes.

use std::collections::BTreeMap;

use domain::{
    consent::{Choice, ConsentEvent, GuardianPart},
    ids::{CaptureId, Fingerprint, GuardianId, Purpose, SubjectRef},
    policy::PolicyHash,
};
use serde::{Deserialize, Serialize};

use super::{Bytes, Kind, Unreadable, VERSION, check, id, millis, name, time};

/// `CONSENT#{capture}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When the choice was made.
    pub at: i64,
    /// The choices by purpose.
    pub choices: BTreeMap<String, String>,
    /// The notice that was shown.
    pub notice: String,
    /// Its language.
    pub language: String,
    /// How the choice was expressed.
    pub method: String,
    /// Whether the browser sent `Sec-GPC: 1`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gpc: bool,
    /// The policy it was captured under.
    pub policy: String,
    /// What the form carried, as a keyed hash.
    pub fingerprint: String,
    /// The guardian, as a keyed hash of their address, where a child chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// The child's capture, where this is the guardian's word on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agrees_to: Option<String>,
    /// Where the guardian is written to, sealed under the child's key; gone once they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_contact: Option<Bytes>,
    /// Where what was given is confirmed by mail, sealed under the subject's key; gone once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Bytes>,
}

impl From<&ConsentEvent> for Consent {
    /// The event without the addresses, its guardian's and the person's own.
    fn from(event: &ConsentEvent) -> Self {
        let (guardian, agrees_to) = match &event.guardian {
            None => (None, None),
            Some(GuardianPart::Awaited { guardian }) => (Some(guardian.to_string()), None),
            Some(GuardianPart::Agreed { guardian, to }) => (Some(guardian.to_string()), Some(to.to_string())),
        };
        Self {
            v: VERSION,
            kind: Kind::Consent,
            at: millis(event.at),
            choices: event
                .choices
                .iter()
                .map(|(purpose, choice)| (purpose.to_string(), choice.as_str().to_owned()))
                .collect(),
            notice: event.notice_version.clone(),
            language: event.language.clone(),
            method: event.method.clone(),
            gpc: event.gpc,
            policy: event.policy.as_str().to_owned(),
            fingerprint: event.fingerprint.to_string(),
            guardian,
            agrees_to,
            guardian_contact: None,
            contact: None,
        }
    }
}

impl Consent {
    /// Whether it waits for a guardian who is to be asked.
    pub const fn is_awaited(&self) -> bool {
        self.guardian.is_some() && self.agrees_to.is_none()
    }

    /// Whether the person is to be told by mail what they gave.
    pub const fn is_to_confirm(&self) -> bool {
        self.contact.is_some()
    }

    /// Reads the event that stands under this subject and identifier.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_event(self, subject: SubjectRef, capture: CaptureId) -> Result<ConsentEvent, Unreadable> {
        check(self.v, self.kind, Kind::Consent)?;
        let choices = self
            .choices
            .iter()
            .map(|(purpose, choice)| {
                Ok((id("choices", purpose, Purpose::parse)?, name("choices", choice, Choice::parse)?))
            })
            .collect::<Result<_, Unreadable>>()?;
        let guardian = self.guardian.map(|text| id("guardian", &text, GuardianId::parse)).transpose()?;
        let agrees_to = self.agrees_to.map(|text| id("agrees_to", &text, CaptureId::parse)).transpose()?;
        let guardian = match (guardian, agrees_to) {
            (None, None) => None,
            (Some(guardian), None) => Some(GuardianPart::Awaited { guardian }),
            (Some(guardian), Some(to)) => Some(GuardianPart::Agreed { guardian, to }),
            (None, Some(_)) => return Err(Unreadable { field: "guardian" }),
        };
        Ok(ConsentEvent {
            id: capture,
            subject,
            at: time("at", self.at)?,
            choices,
            notice_version: self.notice,
            language: self.language,
            method: self.method,
            gpc: self.gpc,
            policy: PolicyHash::from_hex(self.policy),
            fingerprint: id("fingerprint", &self.fingerprint, Fingerprint::parse)?,
            guardian,
        })
    }
}
