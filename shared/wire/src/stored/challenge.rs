//! Where the codes of a request stand, what asks dsar-fulfil to send one, and account tokens that were
//! shown. None of them tells a code or a token.

use domain::{dsar::Challenge as State, ids::RequestId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, millis, some_time, time};

/// `REQUEST#{request}#CODE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Which code is open.
    pub challenge: u32,
    /// When it was asked for.
    pub asked_at: i64,
    /// When it was handed to the mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
    /// How often it was tried.
    pub attempts: u32,
    /// How often any code of the request was tried.
    pub attempts_in_all: u32,
}

impl From<&State> for Challenge {
    fn from(state: &State) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Challenge,
            challenge: state.number,
            asked_at: millis(state.asked_at),
            sent_at: state.sent_at.map(millis),
            attempts: state.attempts,
            attempts_in_all: state.attempts_in_all,
        }
    }
}

impl TryFrom<Challenge> for State {
    type Error = Unreadable;

    fn try_from(form: Challenge) -> Result<Self, Unreadable> {
        check(form.v, form.kind, Kind::Challenge)?;
        Ok(Self {
            number: form.challenge,
            asked_at: time("asked_at", form.asked_at)?,
            sent_at: some_time("sent_at", form.sent_at)?,
            attempts: form.attempts,
            attempts_in_all: form.attempts_in_all,
        })
    }
}

/// `REQUEST#{request}#CODE-{number}`: that this code is to be sent. Its arrival brings the request to
/// dsar-fulfil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeAsked {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When it was asked for.
    pub at: i64,
}

impl CodeAsked {
    /// That a code was asked for then.
    pub fn new(at: Timestamp) -> Self {
        Self { v: VERSION, kind: Kind::Code, at: millis(at) }
    }
}

/// `TOKEN`: that an account token was shown for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundToken {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// For which.
    pub request: String,
}

impl BoundToken {
    /// That a token was shown for this request.
    pub fn new(request: &RequestId) -> Self {
        Self { v: VERSION, kind: Kind::Token, request: request.to_string() }
    }

    /// For which request it was shown.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_request(self) -> Result<RequestId, Unreadable> {
        check(self.v, self.kind, Kind::Token)?;
        id("request", &self.request, RequestId::parse)
    }
}
