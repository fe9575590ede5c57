//! What the requester is shown of their request: the status page and its JSON tell the same.

use jiff::{Timestamp, ToSpan};

use super::{
    Act, ActingAs, AnswerDue, Ask, Ending, ExtensionGround, Outcome, Received, RequestState, RequestType, Stage,
};
use crate::{
    ids::RequestId,
    policy::{Policy, VerificationRule},
};

/// How long a requester can look at the status of a request.
pub const STATUS_HOURS: i64 = 24 * 180;

/// Something of a request's history that is the requester's to know: nothing of who in the office did what, of its
/// notes, proposals and systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What happened, as the requester is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It came in.
    Received,
    /// The requester proved who they are.
    Verified,
    /// The office asked.
    Asked(Ask),
    /// The requester answered.
    Replied(Ask),
    /// The answer takes longer.
    Extended(ExtensionGround),
    /// It was decided: the outcome's name.
    Decided(&'static str),
    /// The requester took it back.
    Withdrawn,
    /// The office stopped it.
    Stopped,
    /// It is answered with another request of the same person.
    Merged(RequestId),
    /// Nobody proved who they are in time.
    Lapsed,
}

impl Happened {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Verified => "verified",
            Self::Asked(_) => "asked",
            Self::Replied(_) => "replied",
            Self::Extended(_) => "extended",
            Self::Decided(_) => "decided",
            Self::Withdrawn => "withdrawn",
            Self::Stopped => "stopped",
            Self::Merged(_) => "merged",
            Self::Lapsed => "lapsed",
        }
    }

    /// What it was about, where a word says it: the question, the ground, the outcome, the other request.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Asked(ask) | Self::Replied(ask) => Some(ask.as_str()),
            Self::Extended(ground) => Some(ground.as_str()),
            Self::Decided(outcome) => Some(outcome),
            Self::Merged(into) => Some(into.as_str()),
            Self::Received | Self::Verified | Self::Withdrawn | Self::Stopped | Self::Lapsed => None,
        }
    }
}

/// The history of a request without the office's inner steps, from its receipt on.
pub fn public_history(state: &RequestState) -> Vec<PublicEntry> {
    let told = state.history.iter().filter_map(|entry| {
        let what = match &entry.act {
            Act::Verified(_) => Happened::Verified,
            Act::Asked(ask) => Happened::Asked(*ask),
            Act::Replied(ask) => Happened::Replied(*ask),
            Act::Extended(ground) => Happened::Extended(*ground),
            // That a person looks at it is told by its being worked on.
            Act::Decided(Outcome::WithOffice) => return None,
            Act::Decided(outcome) => Happened::Decided(outcome.as_str()),
            Act::Withdrawn => Happened::Withdrawn,
            Act::Stopped => Happened::Stopped,
            Act::Merged(into) => Happened::Merged(into.clone()),
            Act::Lapsed => Happened::Lapsed,
            Act::Claimed
            | Act::Released
            | Act::HandedOver(_)
            | Act::Noted
            | Act::RegimesChanged(_)
            | Act::TasksOpened(_)
            | Act::TaskEnded(..)
            | Act::Proposed(_)
            | Act::Approved
            | Act::SentBack
            | Act::Ruled(_)
            | Act::MailFailed { .. } => return None,
        };
        Some(PublicEntry { at: entry.at, what })
    });
    std::iter::once(PublicEntry { at: state.received.at, what: Happened::Received }).chain(told).collect()
}

/// What happens next with a request, or what the requester can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// They confirm by the link in their mail; without it nothing happens.
    Confirm {
        /// Until then.
        until: Timestamp,
    },
    /// They prove otherwise who they are.
    Prove {
        /// Until then.
        until: Timestamp,
    },
    /// They answer the office's question.
    Answer(Ask),
    /// The answer comes.
    Wait {
        /// Before then.
        before: Timestamp,
    },
    /// The answer should have come: they can complain.
    Late,
    /// They can appeal against the decision.
    Appeal {
        /// Until then.
        until: Timestamp,
    },
    /// Another request answers this one.
    SeeOther(RequestId),
    /// Nothing.
    Done,
}

impl NextStep {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::Prove { .. } => "prove-identity",
            Self::Answer(_) => "answer-question",
            Self::Wait { .. } => "wait",
            Self::Late => "late",
            Self::Appeal { .. } => "appeal",
            Self::SeeOther(_) => "see-other",
            Self::Done => "done",
        }
    }
}

/// Whether the requester is shown what became of each item. Whether a guardian is one is not verified: they learn that
/// it was done, and not what there was.
pub fn shows_items(received: &Received) -> bool {
    received.acting.as_ref().is_none_or(|acting| acting.role != ActingAs::Guardian)
}

/// Whether the requester is told where to complain and how to appeal: always where they do not see whether anything was
/// kept, else they would.
pub fn may_be_refused(received: &Received, outcome: &Outcome) -> bool {
    outcome.refuses() || (!shows_items(received) && matches!(outcome, Outcome::Erased(_)))
}

/// What happens next with a request that is due then, as its requester is told at that time.
pub fn next_step(policy: &Policy, state: &RequestState, due: &AnswerDue, now: Timestamp) -> NextStep {
    match state.stage().for_requester() {
        Stage::AwaitingVerification => {
            let until = super::lapses_at(state, due).unwrap_or(due.at);
            if state.received.verification == VerificationRule::Mail {
                NextStep::Confirm { until }
            } else {
                NextStep::Prove { until }
            }
        }
        Stage::AwaitingRequester => {
            state.asked().map_or(NextStep::Wait { before: due.at }, |(ask, _)| NextStep::Answer(ask))
        }
        stage if stage.is_open() && now >= due.at && !due.stands => NextStep::Late,
        stage if stage.is_open() => NextStep::Wait { before: due.at },
        Stage::Merged => match state.ending() {
            Some(Ending::Merged(into)) => NextStep::SeeOther(into.clone()),
            _ => NextStep::Done,
        },
        _ => {
            // An appeal is made with this request's token, which ends then.
            let until = state.received.at.saturating_add(STATUS_HOURS.hours()).unwrap_or(Timestamp::MAX);
            let is_refused = state.ending().is_none()
                && state.decided.as_ref().is_some_and(|(_, outcome)| may_be_refused(&state.received, outcome));
            let takes_appeals = state.received.request != RequestType::Appeal
                && super::refusal_by_policy(policy, RequestType::Appeal).is_none();
            if is_refused && takes_appeals && now < until { NextStep::Appeal { until } } else { NextStep::Done }
        }
    }
}
