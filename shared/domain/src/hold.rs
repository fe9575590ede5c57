//! Holds: what stops every deletion, and what a policy says of them.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use crate::{
    ids::{EventName, Ground},
    policy::{HoldRule, Policy},
    retention::{self, OutOfCalendar},
};

/// Why data must be kept for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    /// Claims before a court (GDPR Art. 17(3)(e)).
    LegalClaim,
    /// An investigation (`rfa.1-d`).
    Investigation,
    /// The person asked for restriction (GDPR Art. 18).
    Restriction,
    /// An authority ordered it (GDPR Art. 17(3)(b)).
    LegalObligation,
}

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::LegalClaim, Self::Investigation, Self::Restriction, Self::LegalObligation];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LegalClaim => "legal-claim",
            Self::Investigation => "investigation",
            Self::Restriction => "restriction",
            Self::LegalObligation => "legal-obligation",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Why a person's hold is refused. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldRefused {
    /// A hold without an end in sight.
    ReviewInPast,
    /// The policy asks for an earlier review: this is the latest.
    ReviewTooLate(Timestamp),
    /// The policy lists the grounds that such a hold may have, and the form names none of them.
    GroundNotListed(BTreeSet<Ground>),
}

impl fmt::Display for HoldRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReviewInPast => f.write_str("the review must lie after the hold's opening"),
            Self::ReviewTooLate(latest) => write!(f, "the policy asks for a review by {latest}"),
            Self::GroundNotListed(grounds) => {
                let names = grounds.iter().map(Ground::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "the policy allows such a hold on one of these grounds: {names}")
            }
        }
    }
}

impl std::error::Error for HoldRefused {}

/// Checks a hold that a person places against the policy's rules for its reason. A policy without a
/// rule for a reason leaves it to the law.
///
/// # Errors
/// The first rule it breaks.
pub fn check(
    policy: &Policy,
    reason: HoldReason,
    ground: Option<&Ground>,
    opened_at: Timestamp,
    review_at: Timestamp,
) -> Result<(), HoldRefused> {
    if review_at <= opened_at {
        return Err(HoldRefused::ReviewInPast);
    }
    let rules = || policy.holds.iter().filter(move |rule| rule.reason == reason);
    // A list of grounds is closed (`rfa.3-d`): rules that only an event places open it for nobody.
    let listed: BTreeSet<&Ground> = rules().flat_map(|rule| &rule.grounds).collect();
    if !listed.is_empty() && !ground.is_some_and(|ground| listed.contains(ground)) {
        return Err(HoldRefused::GroundNotListed(listed.into_iter().cloned().collect()));
    }
    let by_ground = |rule: &&HoldRule| listed.is_empty() || ground.is_some_and(|ground| rule.grounds.contains(ground));
    let latest = rules().filter(by_ground).filter_map(|rule| rule.review_by(policy, opened_at).ok()).min();
    match latest {
        Some(latest) if review_at > latest => Err(HoldRefused::ReviewTooLate(latest)),
        _ => Ok(()),
    }
}

impl HoldRule {
    /// Whether an event places such a hold or releases it.
    pub fn listens_to(&self, event: &EventName) -> bool {
        self.on.as_ref() == Some(event) || self.release_on.as_ref() == Some(event)
    }

    /// By when somebody must look at a hold that was opened then.
    ///
    /// # Errors
    /// [`OutOfCalendar`] past the calendar's end.
    pub fn review_by(&self, policy: &Policy, opened_at: Timestamp) -> Result<Timestamp, OutOfCalendar> {
        retention::after(opened_at, &self.review_after, &policy.time_zone)
    }
}

/// What the events of a rule come to: whether their subject is held, by the last event that places a
/// hold and the last that releases it. Only a release that is later than the placing counts, so
/// late, duplicate and out-of-order events end in the same state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByEvents {
    /// No event has placed a hold.
    Never,
    /// Held since then.
    Held(Timestamp),
    /// Released then.
    Released(Timestamp),
}

impl ByEvents {
    /// Folds the last times.
    pub fn of(placed_last: Option<Timestamp>, released_last: Option<Timestamp>) -> Self {
        match (placed_last, released_last) {
            (None, _) => Self::Never,
            (Some(placed), Some(released)) if released > placed => Self::Released(released),
            (Some(placed), _) => Self::Held(placed),
        }
    }
}
