//! When somebody or something must look at a request again, and what there is to see then.
//!
//! A request that is open always has a next date: whatever happens to it, or fails to happen, somebody hears of it.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Act, AnswerDue, RequestState, RequestType, Stage};
use crate::policy::Policy;

/// At which shares of the time for an answer the office is reminded where the policy names none, in percent.
pub const REMINDERS: [u8; 3] = [50, 80, 95];

/// How long a requester has to prove who they are.
pub const VERIFICATION_WINDOW_HOURS: i64 = 24 * 14;

/// After how long without an answer to its question the office is reminded, and again after as long.
pub const QUESTION_HOURS: i64 = 24 * 30;

/// How long a restriction that was asked for stands before somebody must look at it again.
pub const RESTRICTION_REVIEW_HOURS: i64 = 24 * 90;

/// What the office is reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reminder {
    /// So much of the time for the answer is gone, in percent.
    Share(u8),
    /// The answer is late since so many whole days.
    Overdue {
        /// How many.
        days: i64,
    },
    /// The requester has not answered the office's question, for so many times [`QUESTION_HOURS`].
    Unanswered {
        /// How many times.
        times: i64,
    },
    /// The restriction has stood for [`RESTRICTION_REVIEW_HOURS`].
    Review,
}

impl Reminder {
    /// The name under which it is sent once. It holds the date that it is about: another date is another reminder.
    pub fn name(self, state: &RequestState, due: &AnswerDue) -> String {
        let asked_at = state.asked().map_or(state.received.at, |(_, at)| at);
        match self {
            Self::Share(percent) => format!("SHARE-{percent}-{}", due.at.as_second()),
            Self::Overdue { days } => format!("OVERDUE-{days}-{}", due.at.as_second()),
            Self::Unanswered { times } => format!("UNANSWERED-{times}-{}", asked_at.as_second()),
            Self::Review => "REVIEW".to_owned(),
        }
    }

    /// Whether the people behind the office are told as well: from the last share on.
    pub fn escalates(self, policy: &Policy) -> bool {
        match self {
            Self::Share(percent) => shares(policy).into_iter().max().is_some_and(|last| percent >= last),
            Self::Overdue { .. } => true,
            Self::Unanswered { .. } | Self::Review => false,
        }
    }
}

/// When a request must be looked at again by whoever looked at it last at `after`; `None` once it is closed, and only
/// then. What was to be done before is due at once.
pub fn next_date(policy: &Policy, state: &RequestState, due: &AnswerDue, after: Timestamp) -> Option<Timestamp> {
    let stage = state.stage();
    if !stage.is_open() {
        return None;
    }
    let mut dates = Vec::new();
    // While every clock stands, nothing comes nearer.
    if !due.stands {
        dates.extend(shares(policy).into_iter().map(|percent| share_at(state, due, percent)));
        dates.push(recurring(due.at, 24, after));
    }
    dates.extend(state.asked().map(|(_, at)| recurring(later(at, QUESTION_HOURS), QUESTION_HOURS, after)));
    dates.extend(review_at(state));
    dates.retain(|date| *date > after);
    // A window that has ended is looked at until the request is closed.
    dates.extend(lapses_at(state, due));
    Some(dates.into_iter().min().unwrap_or(Timestamp::MAX))
}

/// What the office is reminded of at that time: of the latest share alone, since a reminder that comes late says what
/// an earlier one would have.
pub fn reminders(policy: &Policy, state: &RequestState, due: &AnswerDue, at: Timestamp) -> Vec<Reminder> {
    let mut reminders = Vec::new();
    if !state.stage().is_open() {
        return reminders;
    }
    if due.stands {
        // Nothing is late until the requester has answered.
    } else if at >= due.at {
        reminders.push(Reminder::Overdue { days: periods(due.at, 24, at) });
    } else {
        let passed = shares(policy).into_iter().filter(|percent| at >= share_at(state, due, *percent));
        reminders.extend(passed.max().map(Reminder::Share));
    }
    if let Some((_, asked_at)) = state.asked() {
        let times = periods(asked_at, QUESTION_HOURS, at);
        reminders.extend((times > 0).then_some(Reminder::Unanswered { times }));
    }
    reminders.extend(review_at(state).filter(|review| at >= *review).map(|_| Reminder::Review));
    reminders
}

/// When a request ends because nobody proves who they are; `None`: it does not end by itself.
///
/// Its letter is the answer of the law, with where to complain, and so must be written in time: a day before the
/// answer is due, where that comes before the window's end. Whoever has written to the office about who they are has
/// done their part, and what the office entered came to a person: then a person decides.
pub fn lapses_at(state: &RequestState, due: &AnswerDue) -> Option<Timestamp> {
    let has_replied = state.history.iter().any(|entry| matches!(entry.act, Act::Replied(_)));
    let by_office = state.received.entered_by.is_some();
    if state.stage() != Stage::AwaitingVerification || has_replied || by_office {
        return None;
    }
    let window = later(state.received.at, VERIFICATION_WINDOW_HOURS);
    let in_time = due.at.saturating_sub(24.hours()).unwrap_or(due.at).max(share_at(state, due, 50));
    Some(window.min(in_time))
}

/// Whether a request still needs what was confided with it, all else about its person having been erased at that time:
/// while it is open.
///
/// One that came later than a [window](VERIFICATION_WINDOW_HOURS) after the erasure and that nobody has shown to be
/// theirs needs nothing: whoever knows an address could keep its key alive for good.
pub fn needs_key(state: &RequestState, erased_at: Timestamp) -> bool {
    let is_anybodys = state.stage() == Stage::AwaitingVerification && state.received.entered_by.is_none();
    state.stage().is_open() && !(is_anybodys && state.received.at > later(erased_at, VERIFICATION_WINDOW_HOURS))
}

/// The shares of a policy, or the usual ones. What is no share of the time before the date reminds of nothing.
fn shares(policy: &Policy) -> Vec<u8> {
    let named: Vec<_> = policy.office.reminders.iter().copied().filter(|percent| (1..100).contains(percent)).collect();
    if named.is_empty() { REMINDERS.to_vec() } else { named }
}

/// When so much of the time from the receipt to the date is gone, to the second: it is told in mails.
fn share_at(state: &RequestState, due: &AnswerDue, percent: u8) -> Timestamp {
    let from = state.received.at.as_second();
    let whole = due.at.as_second().saturating_sub(from).max(0);
    let gone = whole.saturating_mul(i64::from(percent)).div_euclid(100);
    Timestamp::from_second(from.saturating_add(gone)).unwrap_or(due.at)
}

fn review_at(state: &RequestState) -> Option<Timestamp> {
    let is_restriction = state.received.request == RequestType::Restriction && state.is_verified();
    is_restriction.then(|| later(state.received.at, RESTRICTION_REVIEW_HOURS))
}

fn later(at: Timestamp, hours: i64) -> Timestamp {
    at.saturating_add(hours.hours()).unwrap_or(Timestamp::MAX)
}

/// How many whole times so many hours have passed.
fn periods(from: Timestamp, hours: i64, at: Timestamp) -> i64 {
    at.duration_since(from).as_hours().div_euclid(hours).max(0)
}

/// The first date after that time of those that come every so many hours.
fn recurring(first: Timestamp, hours: i64, after: Timestamp) -> Timestamp {
    if first > after {
        return first;
    }
    let passed = periods(first, hours, after).saturating_add(1).saturating_mul(hours);
    first.checked_add(SignedDuration::from_hours(passed)).unwrap_or(Timestamp::MAX)
}
