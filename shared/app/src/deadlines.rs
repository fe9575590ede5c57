//! The clock watch: warns of deadlines that come near, and says which were missed. Those of requests and of breaches have
//! watches of their own ([`crate::request_clock`], [`crate::breach_clock`]), which this one starts.

use domain::{attestation, ids::ControllerId, policy::Policy};
use jiff::{Timestamp, ToSpan};

use crate::{
    breach::BreachStore,
    breach_clock,
    error::PortError,
    letters,
    mail::{Mail, MailClaim, Mailer},
    request_clock::{self, Clocked, RequestClock},
};

/// In how many shards open deadlines lie.
pub const CLOCK_SHARDS: u8 = 2;

/// A breach's clock is at risk from so many hours before it.
pub const BREACH_RISK_HOURS: i64 = 24;

/// The review of a hold is near from so many hours before it.
const HOLD_REVIEW_HOURS: i64 = 24 * 7;

/// Nobody is told of a review that was missed more often than every so many hours.
const HOLD_REMINDER_HOURS: i64 = 24 * 7;

/// Most deadlines looked at in one run.
const DEADLINES_MAX: usize = 5_000;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineKind {
    /// The answer to a data subject's request.
    Request,
    /// A clock of a breach, or what is missing of one.
    Breach,
    /// The renewal of an attestation.
    Attestation,
    /// The review of a hold.
    Hold,
    /// The decision on signals of detectors, by the hour in which the office is reminded of it.
    Signals,
}

impl DeadlineKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Request, Self::Breach, Self::Attestation, Self::Hold, Self::Signals];

    /// The name in keys and mails.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Breach => "breach",
            Self::Attestation => "attestation",
            Self::Hold => "hold",
            Self::Signals => "signals",
        }
    }

    const fn risk_hours(self) -> i64 {
        match self {
            Self::Request => request_clock::REQUEST_RISK_HOURS,
            Self::Breach => BREACH_RISK_HOURS,
            Self::Attestation => attestation::RENEWAL_HOURS,
            Self::Hold => HOLD_REVIEW_HOURS,
            Self::Signals => 0,
        }
    }
}

/// An open deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// Whose.
    pub controller: ControllerId,
    /// What is due.
    pub kind: DeadlineKind,
    /// Which request, breach or renewal.
    pub id: String,
    /// The first instant that is late.
    pub due_at: Timestamp,
}

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Near.
    AtRisk,
    /// Past.
    Missed,
}

impl Urgency {
    /// The name in keys and mails.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtRisk => "at-risk",
            Self::Missed => "missed",
        }
    }
}

/// How urgent a deadline is at that time; `None`: not yet.
pub fn urgency(deadline: &Deadline, at: Timestamp) -> Option<Urgency> {
    let risk_from = deadline.due_at.saturating_sub(deadline.kind.risk_hours().hours()).unwrap_or(Timestamp::MIN);
    if at >= deadline.due_at {
        Some(Urgency::Missed)
    } else if at >= risk_from {
        Some(Urgency::AtRisk)
    } else {
        None
    }
}

/// The name under which a warning is claimed, once each: a review that stays missed is told of anew each week, the
/// first time when it is due; one that was moved is another.
fn claimed_as(deadline: &Deadline, urgency: Urgency, at: Timestamp) -> Deadline {
    if deadline.kind != DeadlineKind::Hold {
        return deadline.clone();
    }
    let mut id = format!("{}~{}", deadline.id, deadline.due_at.as_millisecond());
    let week = at.duration_since(deadline.due_at).as_hours() / HOLD_REMINDER_HOURS;
    if urgency == Urgency::Missed && week > 0 {
        id = format!("{id}~week-{week}");
    }
    Deadline { id, ..deadline.clone() }
}

/// The port to open deadlines.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Deadlines {
    /// Open deadlines of a shard before that time, earliest first, at most so many: of all but requests and breaches.
    async fn deadlines(&self, shard: u8, before: Timestamp, limit: usize) -> Result<Vec<Deadline>, PortError>;

    /// Claims one warning. MUST be fresh for exactly one of several at once.
    async fn claim_warning(&self, deadline: &Deadline, urgency: Urgency, at: Timestamp)
    -> Result<MailClaim, PortError>;

    /// Notes that a claimed warning was handed over.
    async fn confirm_warning(&self, deadline: &Deadline, urgency: Urgency, at: Timestamp) -> Result<(), PortError>;
}

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// Open deadlines of the law that are near.
    pub at_risk: usize,
    /// Open deadlines of the law that are past.
    pub missed: usize,
    /// Attestations that lapse soon.
    pub attestations_due: usize,
    /// Attestations that have lapsed.
    pub attestations_lapsed: usize,
    /// Holds whose review is near.
    pub reviews_due: usize,
    /// Holds whose review nobody has made.
    pub reviews_missed: usize,
    /// Warnings and reminders sent by this run.
    pub warned: usize,
    /// Deadlines of controllers that have no policy here: nobody to warn.
    pub without_policy: usize,
    /// Deadlines of which nobody could be warned; the next run tries again.
    pub failed: usize,
    /// What was found and done about requests; what is near and past of theirs is counted above, too.
    pub requests: Clocked,
    /// The same of breaches.
    pub breaches: breach_clock::Clocked,
}

/// Warns each controller's contact once for each deadline and urgency, and watches the clocks of breaches and
/// requests. One that cannot be warned does not hold up the others. A dry run only counts.
///
/// # Errors
/// [`PortError`] where not even the deadlines can be read; warnings sent until then are not sent again.
pub async fn watch<P: Deadlines + RequestClock + BreachStore + Mailer>(
    ports: &P,
    policies: &[&Policy],
    at: Timestamp,
    dry_run: bool,
) -> Result<Watched, PortError> {
    // Breaches first: some of their clocks have hours, and nothing before them may use up the time.
    let breaches = breach_clock::watch(ports, policies, at, dry_run).await?;
    let requests = request_clock::watch(ports, policies, at, dry_run).await?;
    let mut watched = Watched {
        at_risk: requests.at_risk + breaches.at_risk,
        missed: requests.overdue + breaches.missed,
        warned: requests.reminded + requests.escalated + breaches.reminded + breaches.escalated,
        without_policy: requests.without_policy + breaches.without_policy,
        requests,
        breaches,
        ..Watched::default()
    };
    let ahead = DeadlineKind::ALL.into_iter().map(DeadlineKind::risk_hours).max().unwrap_or_default();
    let horizon = at.saturating_add(ahead.hours()).unwrap_or(Timestamp::MAX);
    for shard in 0..CLOCK_SHARDS {
        for deadline in ports.deadlines(shard, horizon, DEADLINES_MAX).await? {
            let Some(urgency) = urgency(&deadline, at) else { continue };
            // A lapsed attestation or a review is no missed deadline of the law: it must not drown one.
            let count = match (deadline.kind, urgency) {
                (DeadlineKind::Attestation, Urgency::AtRisk) => &mut watched.attestations_due,
                (DeadlineKind::Attestation, Urgency::Missed) => &mut watched.attestations_lapsed,
                (DeadlineKind::Hold, Urgency::AtRisk) => &mut watched.reviews_due,
                (DeadlineKind::Hold, Urgency::Missed) => &mut watched.reviews_missed,
                (_, Urgency::AtRisk) => &mut watched.at_risk,
                (_, Urgency::Missed) => &mut watched.missed,
            };
            *count += 1;
            let of = policies.iter().find(|policy| policy.controller == deadline.controller);
            let Some(contact) = of.map(|policy| policy.contact_mail.clone()) else {
                watched.without_policy += 1;
                continue;
            };
            if dry_run {
                continue;
            }
            let claimed = claimed_as(&deadline, urgency, at);
            let letter = letters::deadline(contact, &deadline, urgency, &claimed.id);
            match warn_once(ports, (&claimed, urgency), &letter, at).await {
                Ok(is_sent) => watched.warned += usize::from(is_sent),
                Err(_) => watched.failed += 1,
            }
        }
    }
    Ok(watched)
}

/// Sends a warning unless it was sent; whether it went out now.
pub(crate) async fn warn_once<P: Deadlines + Mailer>(
    ports: &P,
    (claimed, urgency): (&Deadline, Urgency),
    letter: &Mail,
    at: Timestamp,
) -> Result<bool, PortError> {
    if ports.claim_warning(claimed, urgency, at).await? == MailClaim::Sent {
        return Ok(false);
    }
    ports.send(letter).await?;
    ports.confirm_warning(claimed, urgency, at).await?;
    Ok(true)
}
