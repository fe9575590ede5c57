//! What follows when the notice changes, what only people can vouch for, and what an event holds.

use std::collections::BTreeSet;

use jiff::SpanFieldwise;

use super::Clause;
use crate::{
    hold::HoldReason,
    ids::{AttestationId, EventName, Ground, SystemId},
};

/// What follows when the controller changes its notice.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeChangeRule {
    /// How long before a change takes effect people are told; `None`: the text says nothing.
    pub lead_time: Option<SpanFieldwise>,
    /// Whether people are written to of a significant change, besides the public page.
    pub by_mail: bool,
    /// Whether a significant change asks for the consents again that it touches.
    pub ask_again: bool,
    /// Where it is promised.
    pub clause: Clause,
}

/// A promise that software cannot keep: somebody vouches for it, with evidence, and again in time.
#[derive(Debug, Clone, PartialEq)]
pub struct AttestationRule {
    /// Which statement.
    pub id: AttestationId,
    /// What is vouched for.
    pub statement: String,
    /// The evidence that it asks for: a certificate, a report, a signed list.
    pub evidence: String,
    /// How long an attestation lasts.
    pub renew_every: SpanFieldwise,
    /// Where it is promised.
    pub clause: Clause,
}

/// Why records may be kept from deletion under this policy.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldRule {
    /// The reason in law.
    pub reason: HoldReason,
    /// The policy's own words for it, by which staff name it; empty: any.
    pub grounds: Vec<Ground>,
    /// The event that places a hold by itself: `suspicious_activity.identified`.
    pub on: Option<EventName>,
    /// The event that releases it: `investigation.closed`.
    pub release_on: Option<EventName>,
    /// The controller's own systems that are told when an event places a hold, and when that one is released.
    pub tell: BTreeSet<SystemId>,
    /// When somebody must look at it again, at the latest.
    pub review_after: SpanFieldwise,
    /// Where it is promised.
    pub clause: Clause,
}
