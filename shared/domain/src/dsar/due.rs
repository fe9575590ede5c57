//! By when a request is answered: the law's clock, or the controller's own promise where it is sooner.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{Received, RequestState, RequestType};
use crate::{
    clock::{self, OutOfCalendar},
    place::Place,
    policy::{Policy, Regime},
};

/// By when a request must be answered, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerDue {
    /// The last day on which an answer is in time.
    pub last_day: Date,
    /// The first instant that is late.
    pub at: Timestamp,
    /// The article of law, or the clause of the policy that promises it sooner.
    pub law: String,
}

/// By when a request that came in then must be answered: the earlier of what the law asks and what
/// the policy promises for this type of request.
///
/// # Errors
/// [`OutOfCalendar`] past the calendar's end, and where neither a law nor the policy sets a time.
pub fn answer_due(
    policy: &Policy,
    request: RequestType,
    regimes: &[Regime],
    at: Timestamp,
) -> Result<AnswerDue, OutOfCalendar> {
    let regimes = if regimes.is_empty() { policy.regimes.as_slice() } else { regimes };
    let by_law = clock::earliest_response(regimes, at, &policy.time_zone)?.map(|due| AnswerDue {
        last_day: due.last_day,
        at: due.at,
        law: due.article.to_owned(),
    });
    let rule = policy.rights.get(&request);
    let promised = rule.and_then(|rule| Some((rule, rule.respond_within.as_ref()?)));
    let by_policy = promised
        .map(|(rule, within)| {
            let (last_day, at) = clock::promised_by(within, at, &policy.time_zone)?;
            Ok(AnswerDue { last_day, at, law: format!("privacy policy, {}", rule.clause) })
        })
        .transpose()?;
    // On a tie the law is named: it binds whatever the policy says.
    by_law.into_iter().chain(by_policy).min_by_key(|due| due.at).ok_or(OutOfCalendar)
}

impl AnswerDue {
    /// The due time that was told when the request came in.
    pub fn as_received(received: &Received, policy: &Policy) -> Self {
        let last = received.due_at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(received.due_at);
        Self {
            last_day: last.to_zoned(policy.time_zone.clone()).date(),
            at: received.due_at,
            law: received.due_by_law.clone(),
        }
    }
}

/// The laws whose clocks run for a request of somebody who lives there.
pub fn regimes_for(policy: &Policy, residence: Option<&Place>) -> Vec<Regime> {
    let is_californian = residence.is_some_and(|place| place.to_string() == "US-CA");
    if is_californian && policy.regimes.contains(&Regime::UsCa) {
        vec![Regime::UsCa]
    } else {
        policy.regimes.clone()
    }
}

/// By when a request must be answered, by all that has happened to it.
///
/// # Errors
/// [`OutOfCalendar`] as for [`answer_due`].
pub fn due_of(policy: &Policy, state: &RequestState) -> Result<AnswerDue, OutOfCalendar> {
    answer_due(policy, state.received.request, state.regimes(), state.received.at)
}
