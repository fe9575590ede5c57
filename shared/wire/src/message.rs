//! What travels through the queues. Each message names its version, its controller and the time of
//! the event behind it, which orders things; the queue's own times do not.

mod guardian;
mod subscription;
mod task;
mod walk;

pub use guardian::GuardianMessage;
pub use subscription::SubscriptionMessage;
pub use task::{HoldMessage, ParsedHold, SystemMessage, TaskMessage};
pub use walk::{TurnForm, WalkForm};

use domain::{
    ids::{BreachId, ChangeId, ControllerId, Purpose, RequestId, SubjectRef},
    walk::{Job, Turn},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, at, controller, time};

/// The version of every message.
pub const VERSION: u8 = 1;

/// A message that cannot be read; it will never be.
pub type Unreadable = FormError;

fn version(v: u8) -> Result<(), Unreadable> {
    if v == VERSION { Ok(()) } else { Err(FormError::new("/v", "this version is not known here")) }
}

/// Reads a message's JSON without repeating it in the error.
///
/// # Errors
/// [`Unreadable`].
pub fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(body).map_err(|error| {
        FormError::new("", format!("not the JSON of this message (line {}, column {})", error.line(), error.column()))
    })
}

/// To dsar-fulfil: a request came in or was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FulfilMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Who asks.
    pub subject: String,
    /// Which request.
    pub request: String,
    /// When the event behind it happened.
    pub at: String,
}

impl FulfilMessage {
    /// Writes a message.
    pub fn new(controller: &ControllerId, subject: &SubjectRef, request: &RequestId, at: Timestamp) -> Self {
        Self {
            v: VERSION,
            controller: controller.to_string(),
            subject: subject.to_string(),
            request: request.to_string(),
            at: at.to_string(),
        }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(ControllerId, SubjectRef, RequestId, Timestamp), Unreadable> {
        version(self.v)?;
        Ok((
            controller(&self.controller, "/controller")?,
            SubjectRef::parse(&self.subject).map_err(at("/subject"))?,
            RequestId::parse(&self.request).map_err(at("/request"))?,
            time(&self.at, "/at")?,
        ))
    }
}

/// To breach-notify: a breach to scope, or people to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreachMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Which breach.
    pub breach: String,
    /// When the event behind it happened.
    pub at: String,
    /// What to do.
    pub step: AnnouncementStep,
}

/// What a message about an announcement asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnnouncementStep {
    /// Scan every segment from its beginning.
    Scope,
    /// Go on with one segment.
    Continue {
        /// Which.
        segment: u16,
        /// Where its next page begins.
        from: String,
        /// How many messages of this scan went before.
        hop: u32,
    },
    /// Tell these people, by reference.
    Tell {
        /// Whom.
        subjects: Vec<String>,
        /// How often that was too fast before.
        #[serde(default, skip_serializing_if = "crate::is_default")]
        tries: u32,
    },
    /// Bring what is public of it up to what is known: a breach's alert.
    Public {
        /// Whether somebody can be told in no other way.
        is_needed: bool,
    },
    /// Count whom a breach concerns: begin, or go on.
    Count {
        /// By the facts as of which entry of its history.
        facts: u32,
        /// The stretch; absent: the count begins. The message's time is then when it was asked for, and when it
        /// began later on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<TurnForm>,
    },
    /// Look through the notices, page by page: who is not told yet, and when one last moved.
    Look {
        /// Whether whoever is not told is told again.
        again: bool,
        /// Where the next page begins; absent for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// How many messages of this look went before.
        #[serde(default, skip_serializing_if = "crate::is_default")]
        hop: u32,
        /// What was seen so far.
        #[serde(default, skip_serializing_if = "crate::is_default")]
        seen: SeenForm,
    },
}

/// What a look at notices has seen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenForm {
    /// How many people are not told.
    pub open: u64,
    /// How many of them are in doubt.
    pub in_doubt: u64,
    /// How many people may have been told twice.
    pub sent_again: u64,
    /// How many came to their end lately.
    pub lately: u64,
    /// When a notice last moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
}

impl AnnouncementStep {
    /// A look from the first page on.
    pub fn look(again: bool) -> Self {
        Self::Look { again, from: None, hop: 0, seen: SeenForm::default() }
    }

    /// People to be told for the first time.
    pub const fn tell(subjects: Vec<String>) -> Self {
        Self::Tell { subjects, tries: 0 }
    }
}

/// Most messages that one scan hands itself on by. Lambda's own guard against loops is lifted for
/// this queue, so the function keeps one of its own: this many reach through billions of items.
pub const SCOPE_HOPS_MAX: u32 = 50_000;

/// Most people told by one message: a mail each, well within a function's time.
pub const TELL_SUBJECTS_MAX: usize = 20;

impl BreachMessage {
    /// Writes a message.
    pub fn new(controller: &ControllerId, breach: &BreachId, at: Timestamp, step: AnnouncementStep) -> Self {
        Self { v: VERSION, controller: controller.to_string(), breach: breach.to_string(), at: at.to_string(), step }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(ControllerId, BreachId, Timestamp), Unreadable> {
        version(self.v)?;
        Ok((
            controller(&self.controller, "/controller")?,
            BreachId::parse(&self.breach).map_err(at("/breach"))?,
            time(&self.at, "/at")?,
        ))
    }
}

/// To notice-change: whom a change of the notice concerns, or people to tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Which change.
    pub change: String,
    /// When the event behind it happened.
    pub at: String,
    /// What to do.
    pub step: AnnouncementStep,
}

impl ChangeMessage {
    /// Writes a message.
    pub fn new(controller: &ControllerId, change: &ChangeId, at: Timestamp, step: AnnouncementStep) -> Self {
        Self { v: VERSION, controller: controller.to_string(), change: change.to_string(), at: at.to_string(), step }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(ControllerId, ChangeId, Timestamp), Unreadable> {
        version(self.v)?;
        Ok((
            controller(&self.controller, "/controller")?,
            ChangeId::parse(&self.change).map_err(at("/change"))?,
            time(&self.at, "/at")?,
        ))
    }
}

/// To retention-track: from systems (`events`), from the relay (`withdrawn`), or about a walk through the
/// controller's records (`walk`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsMessage {
    /// [`VERSION`].
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Events of systems, each read by itself ([`crate::record::EventForm`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<serde_json::Value>,
    /// Consents that were withdrawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<WithdrawnForm>,
    /// A walk to begin, or to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<WalkForm>,
}

/// A consent that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawnForm {
    /// Whose, by reference.
    pub subject: String,
    /// For which purpose.
    pub purpose: String,
    /// When.
    pub at: String,
}

impl WithdrawnForm {
    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(SubjectRef, Purpose, Timestamp), Unreadable> {
        Ok((
            SubjectRef::parse(&self.subject).map_err(at("/withdrawn/subject"))?,
            Purpose::parse(&self.purpose).map_err(at("/withdrawn/purpose"))?,
            time(&self.at, "/withdrawn/at")?,
        ))
    }
}

impl RecordsMessage {
    /// A walk to begin (no turn), or to go on with.
    pub fn walk(controller: &ControllerId, job: &Job, at: Timestamp, turn: Option<Turn>) -> Self {
        let walk = Some(WalkForm::new(job, at, turn));
        Self { v: VERSION, controller: controller.to_string(), events: Vec::new(), withdrawn: Vec::new(), walk }
    }

    /// Reads whose message it is.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn controller(&self) -> Result<ControllerId, Unreadable> {
        version(self.v)?;
        controller(&self.controller, "/controller")
    }
}

/// To purge: a part of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeMessage {
    /// [`VERSION`].
    pub v: u8,
    /// What is due at that time is deleted.
    pub at: String,
    /// What to do.
    pub step: PurgeStep,
}

/// What a message to purge asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PurgeStep {
    /// Sweep a shard of the due index.
    Sweep {
        /// Which.
        shard: u8,
        /// Where its next page begins; absent for its first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// How many messages of this shard went before.
        hop: u32,
    },
}

impl PurgeMessage {
    /// Writes a message.
    pub fn new(at: Timestamp, step: PurgeStep) -> Self {
        Self { v: VERSION, at: at.to_string(), step }
    }

    /// Reads for which time it is.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn at(&self) -> Result<Timestamp, Unreadable> {
        version(self.v)?;
        time(&self.at, "/at")
    }
}
