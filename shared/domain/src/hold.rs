//! Holds: what stops every deletion, and what a policy says of them.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use crate::{
    ids::{BreachId, Category, EventName, Ground, HoldId, Identifier, SubjectRef},
    policy::{HoldRule, Policy},
    record::{Record, System},
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
    /// The person asked to read or to take along what is kept, and has no answer yet: what they asked for
    /// must not end meanwhile (GDPR Art. 15, 20).
    AccessRequest,
}

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::LegalClaim, Self::Investigation, Self::Restriction, Self::LegalObligation, Self::AccessRequest];

    /// Those for which a policy has rules and people place holds; the others follow from a request alone.
    pub const PLACED: [Self; 4] = [Self::LegalClaim, Self::Investigation, Self::Restriction, Self::LegalObligation];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LegalClaim => "legal-claim",
            Self::Investigation => "investigation",
            Self::Restriction => "restriction",
            Self::LegalObligation => "legal-obligation",
            Self::AccessRequest => "access-request",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// Reads the name of a reason that a policy or a person may give.
    pub fn parse_placed(text: &str) -> Option<Self> {
        Self::PLACED.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What a hold keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldScope {
    /// Everything of one person.
    Subject(SubjectRef),
    /// Everything of one category, whosever it is.
    Category(Category),
    /// Everything that lies in one system.
    System(System),
    /// What a breach has exposed, as evidence of it.
    Incident {
        /// Which breach.
        breach: BreachId,
        /// The categories that it exposed.
        categories: BTreeSet<Category>,
        /// When the exposure ended: what was made later is no evidence of it.
        until: Timestamp,
    },
}

impl HoldScope {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject",
            Self::Category(_) => "category",
            Self::System(_) => "system",
            Self::Incident { .. } => "incident",
        }
    }

    /// Whose records it keeps; `None` for a wide one, which asks for nobody.
    pub const fn subject(&self) -> Option<&SubjectRef> {
        match self {
            Self::Subject(subject) => Some(subject),
            Self::Category(_) | Self::System(_) | Self::Incident { .. } => None,
        }
    }

    /// Whether it keeps this record. Whoever is told of a breach and whose records it keeps are found by the same
    /// rule: whatever was stored when the exposure ended was exposed, past its end or not.
    pub fn covers(&self, record: &Record) -> bool {
        match self {
            Self::Subject(subject) => record.subject == *subject,
            Self::Incident { until, .. } => {
                self.may_cover(&record.subject, &record.category, &record.system) && record.clock.created_at <= *until
            }
            Self::Category(_) | Self::System(_) => self.may_cover(&record.subject, &record.category, &record.system),
        }
    }

    /// Whether it may keep a record of which no more is known. MUST be true of all that [`HoldScope::covers`].
    pub fn may_cover(&self, of: &SubjectRef, category: &Category, system: &System) -> bool {
        match self {
            Self::Subject(subject) => subject == of,
            Self::Category(held) => held == category,
            Self::System(held) => held == system,
            Self::Incident { categories, .. } => categories.contains(category),
        }
    }
}

/// What somebody wants a hold to keep, before it is known by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeAsked {
    /// Everything of one person.
    Subject(Identifier),
    /// Everything of one category.
    Category(Category),
    /// Everything in one system.
    System(System),
    /// What a breach has exposed.
    Incident(BreachId),
}

/// Who asked for a hold's release, and when: it takes a second person (four eyes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseAsked {
    /// Who, as the token names them.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Which.
    pub id: HoldId,
    /// What it keeps.
    pub scope: HoldScope,
    /// Why.
    pub reason: HoldReason,
    /// The policy's own word for it.
    pub ground: Option<Ground>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When somebody must look at it again: no hold without an end in sight.
    pub review_at: Timestamp,
    /// Who opened it, as the token names them.
    pub opened_by: String,
    /// When the last record that a wide hold keeps had its mark; `None` while they are looked for, and of a
    /// subject's hold, whose placing marks them itself.
    pub bound_at: Option<Timestamp>,
    /// Who asked first for its release.
    pub release_asked: Option<ReleaseAsked>,
    /// When it was released; it keeps nothing from then on.
    pub released_at: Option<Timestamp>,
}

/// How far a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// It keeps whatever it covers, whose records are still being marked.
    Binding,
    /// It keeps what it covers.
    Standing,
    /// It does, and one person wants it gone.
    ReleaseAsked,
    /// It keeps nothing any more.
    Released,
}

impl HoldState {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binding => "binding",
            Self::Standing => "standing",
            Self::ReleaseAsked => "release-asked",
            Self::Released => "released",
        }
    }
}

/// How a hold is named in answers, paths and warnings: with its subject, `{subject}~{hold}`, or a wide one alone.
pub fn name(subject: Option<&SubjectRef>, hold: &HoldId) -> String {
    subject.map_or_else(|| hold.to_string(), |subject| format!("{subject}~{hold}"))
}

impl Hold {
    /// A hold that is opened now.
    pub fn new(
        id: HoldId,
        scope: HoldScope,
        reason: HoldReason,
        (opened_at, opened_by): (Timestamp, String),
        review_at: Timestamp,
    ) -> Self {
        let (ground, bound_at, release_asked, released_at) = (None, None, None, None);
        Self { id, scope, reason, ground, opened_at, review_at, opened_by, bound_at, release_asked, released_at }
    }

    /// Its name, as [`name`] makes it.
    pub fn name(&self) -> String {
        name(self.scope.subject(), &self.id)
    }

    /// Whether it keeps anything.
    pub const fn is_open(&self) -> bool {
        self.released_at.is_none()
    }

    /// Whether it is not a subject's.
    pub const fn is_wide(&self) -> bool {
        self.scope.subject().is_none()
    }

    /// Whether records that it keeps may lack its mark.
    pub const fn is_binding(&self) -> bool {
        self.is_open() && self.is_wide() && self.bound_at.is_none()
    }

    /// How far it is.
    pub const fn state(&self) -> HoldState {
        if !self.is_open() {
            HoldState::Released
        } else if self.release_asked.is_some() {
            HoldState::ReleaseAsked
        } else if self.is_binding() {
            HoldState::Binding
        } else {
            HoldState::Standing
        }
    }

    /// Whether a deletion must leave out a record of which no more is known than this, marked or not.
    ///
    /// A category's or a system's hold does while it stands: a record that is registered after its end must not go
    /// before its mark is on it. An incident's does until it has marked what it covers, since the rest of its
    /// categories goes on ending.
    pub fn keeps_out(&self, of: &SubjectRef, category: &Category, system: &System) -> bool {
        let is_exact = !matches!(self.scope, HoldScope::Incident { .. });
        self.is_open() && (is_exact || self.is_binding()) && self.scope.may_cover(of, category, system)
    }

    /// Releases it, or asks for that: four eyes.
    ///
    /// # Errors
    /// [`SameEyes`] if this person has asked for it already.
    pub fn release(&self, by: &str) -> Result<Release, SameEyes> {
        match &self.release_asked {
            _ if !self.is_open() => Ok(Release::Stands),
            None => Ok(Release::Ask),
            Some(asked) if asked.by == by => Err(SameEyes),
            Some(_) => Ok(Release::Carry),
        }
    }
}

/// What a person's wish to release a hold comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// It waits for a second person.
    Ask,
    /// This is the second person: it is released.
    Carry,
    /// It was released before.
    Stands,
}

/// The same person asked for a release twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameEyes;

impl fmt::Display for SameEyes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a second person must release the hold")
    }
}

impl std::error::Error for SameEyes {}

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
