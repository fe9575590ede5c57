//! By when a request is answered: the law's clock, or the controller's own promise where it is sooner.
//!
//! What is not certain makes a date earlier, never later (`docs/adr/0011`): past the years whose holidays are known,
//! only weekends move a date; the product's own confirmation of an address at receipt stops no clock, since it asks
//! everybody and not on reasonable doubt (GDPR Art. 12(6)).

use std::fmt;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use super::{Act, Ask, Received, RequestState, RequestType};
use crate::{
    clock::{self, Asked, ClockError, Due, Duty, Facts, Law, OutOfCalendar, Site, Step},
    place::Place,
    policy::{Policy, Regime},
    regime,
};

/// Within how many days a request is answered where the law names no number: ours.
pub const DAYS_WITHOUT_NUMBER: i32 = 30;

/// By when a request must be answered, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerDue {
    /// The last day on which an answer is in time; while every clock stands, the earliest that it can be.
    pub last_day: Date,
    /// The first instant that is late.
    pub at: Timestamp,
    /// The article of law, or the clause of the policy that promises it sooner.
    pub law: String,
    /// Whose law it is; `None`: the policy's promise.
    pub regime: Option<Regime>,
    /// Whether every clock stands until the requester answers: nothing is late while it does, and the date moves on
    /// by every day.
    pub stands: bool,
    /// How the date comes about.
    pub steps: Vec<Step>,
}

/// Why an extension told now would be worth nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionRefused {
    /// No law in force for the request knows one.
    NotByLaw,
    /// The first time is up (GDPR Art. 12(3)).
    TooLate {
        /// The last day on which the person could have been told.
        last_day: Date,
        /// Which law says so.
        regime: Regime,
    },
    /// Another law, or the policy's own promise, asks for an answer as soon as before.
    NothingGained {
        /// The article or clause.
        law: String,
        /// The last day.
        last_day: Date,
    },
    /// The date lies past the calendar's end.
    OutOfCalendar,
}

impl fmt::Display for ExtensionRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotByLaw => f.write_str("no law in force for this request knows an extension"),
            Self::TooLate { last_day, regime } => write!(
                f,
                "under the {} the person must be told of an extension by {last_day}, within the first time",
                regime.title()
            ),
            Self::NothingGained { law, last_day } => {
                write!(f, "an extension moves nothing: {law} asks for an answer by {last_day}")
            }
            Self::OutOfCalendar => OutOfCalendar.fmt(f),
        }
    }
}

impl std::error::Error for ExtensionRefused {}

/// By when a request that came in then must be answered: the earlier of what the law asks and what
/// the policy promises for this type of request. Without regimes, all of the policy's count.
///
/// # Errors
/// [`OutOfCalendar`] past the calendar's end, and where neither a law nor the policy sets a time.
pub fn answer_due(
    policy: &Policy,
    request: RequestType,
    regimes: &[Regime],
    at: Timestamp,
) -> Result<AnswerDue, OutOfCalendar> {
    due_by(policy, regimes, &Facts::new(request, at))
}

impl AnswerDue {
    /// The due time that was told when the request came in.
    fn as_received(received: &Received, policy: &Policy) -> Self {
        let last = received.due_at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(received.due_at);
        let last_day = last.to_zoned(policy.time_zone.clone()).date();
        let law = received.due_by_law.clone();
        let steps = vec![Step::new("as told when the request came in", last_day, law.clone())];
        Self { last_day, at: received.due_at, law, regime: None, stands: false, steps }
    }
}

/// The laws whose clocks run for a request of somebody who lives there ([`regime::applicable`] says why).
pub fn regimes_for(policy: &Policy, residence: Option<&Place>) -> Vec<Regime> {
    regime::applicable(policy, residence).into_iter().map(|applies| applies.regime).collect()
}

/// By when a request must be answered, by all that has happened to it.
pub fn due_of(policy: &Policy, state: &RequestState) -> AnswerDue {
    // A deadline past the calendar's end was refused at intake: the one that was told then stands.
    due_by(policy, state.regimes(), &facts_of(state))
        .unwrap_or_else(|_| AnswerDue::as_received(&state.received, policy))
}

/// By when a request would have to be answered if the person were told then that it takes longer.
///
/// # Errors
/// [`ExtensionRefused`] if that would be worth nothing.
pub fn check_extension(
    policy: &Policy,
    state: &RequestState,
    told_at: Timestamp,
) -> Result<AnswerDue, ExtensionRefused> {
    let out = |OutOfCalendar| ExtensionRefused::OutOfCalendar;
    let facts = facts_of(state);
    let now = due_by(policy, state.regimes(), &facts).map_err(out)?;
    let mut refused = ExtensionRefused::NotByLaw;
    let mut may = false;
    for regime in in_force(policy, state.regimes()) {
        let law = Law::of(*regime);
        let duty = clock::duty_for(law, facts.request);
        match counted(policy, |site| clock::extend(law, duty, &facts, told_at, site)) {
            Ok(_) => may = true,
            Err(ClockError::ExtensionTooLate { first, .. }) => {
                refused = ExtensionRefused::TooLate { last_day: first, regime: *regime };
            }
            Err(ClockError::OutOfCalendar) => return Err(ExtensionRefused::OutOfCalendar),
            Err(_) => {}
        }
    }
    if !may {
        return Err(refused);
    }
    let then = due_by(policy, state.regimes(), &Facts { extended_at: Some(told_at), ..facts }).map_err(out)?;
    if then.at > now.at {
        Ok(then)
    } else {
        Err(ExtensionRefused::NothingGained { law: then.law, last_day: then.last_day })
    }
}

/// What it does to the time for an answer that the person is asked who they are, or what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AskEffect {
    /// The time stands still until they answer.
    Stands,
    /// The time begins anew on the day on which they answer.
    BeginsAnew,
    /// The time runs on.
    RunsOn,
}

/// What the question that is open does to the time for an answer under one law.
pub fn ask_effect(policy: &Policy, state: &RequestState, regime: Regime) -> AskEffect {
    let facts = facts_of(state);
    let duty = clock::duty_for(Law::of(regime), facts.request);
    let stands = by_law(policy, regime, duty, &facts).is_ok_and(|due| due.stands);
    match (regime, state.asked()) {
        _ if !stands => AskEffect::RunsOn,
        // UK GDPR Art. 12A: one month from the latest of receipt and the information asked for.
        (Regime::UkGdpr, Some((Ask::Identity, _))) => AskEffect::BeginsAnew,
        _ => AskEffect::Stands,
    }
}

/// What has happened to a request, as far as clocks ask.
pub fn facts_of(state: &RequestState) -> Facts {
    let mut facts = Facts::new(state.received.request, state.received.at);
    let answer = |asks: &mut Vec<Asked>, of: Option<Ask>, at: Timestamp| {
        let open = asks.iter_mut().filter(|asked| asked.to.is_none() && of.is_none_or(|of| asked.ask == of));
        open.for_each(|asked| asked.to = Some(at));
    };
    for entry in &state.history {
        match entry.act {
            Act::Asked(ask) => {
                // One question is open at a time: the next one takes its place.
                answer(&mut facts.asks, None, entry.at);
                facts.asks.push(Asked { ask, from: entry.at, to: None });
            }
            Act::Replied(_) => answer(&mut facts.asks, None, entry.at),
            // Whoever is verified has shown who they are.
            Act::Verified(_) => answer(&mut facts.asks, Some(Ask::Identity), entry.at),
            _ => {}
        }
    }
    facts.extended_at = state.extended_at().map(|(at, _)| at);
    facts
}

fn in_force<'a>(policy: &'a Policy, regimes: &'a [Regime]) -> &'a [Regime] {
    if regimes.is_empty() { &policy.regimes } else { regimes }
}

/// The earliest over the laws and the promise. A clock that stands asks for nothing as long as another one runs.
fn due_by(policy: &Policy, regimes: &[Regime], facts: &Facts) -> Result<AnswerDue, OutOfCalendar> {
    let laws = in_force(policy, regimes).iter().map(|regime| {
        let duty = clock::duty_for(Law::of(*regime), facts.request);
        by_law(policy, *regime, duty, facts)
    });
    let mut dues = laws.collect::<Result<Vec<_>, _>>()?;
    // On a tie the law is named, since it comes first: it binds whatever the policy says.
    dues.extend(by_promise(policy, facts)?);
    let earliest = dues.into_iter().min_by_key(|due| (due.stands, due.at));
    earliest.ok_or(OutOfCalendar)
}

/// What the policy promises. A promise is kept as it is written: no question stops it and no extension moves it.
fn by_promise(policy: &Policy, facts: &Facts) -> Result<Option<AnswerDue>, OutOfCalendar> {
    let Some(rule) = policy.rights.get(&facts.request) else { return Ok(None) };
    let Some(within) = &rule.respond_within else { return Ok(None) };
    let (last_day, at) = clock::promised_by(within, facts.received_at, &policy.time_zone)?;
    let law = format!("privacy policy, {}", rule.clause);
    let received = facts.received_at.to_zoned(policy.time_zone.clone()).date();
    let words = format!("{} from {received}, as the policy promises", crate::words::duration(within));
    let steps = vec![Step::new(words, last_day, law.clone())];
    Ok(Some(AnswerDue { last_day, at, law, regime: None, stands: false, steps }))
}

fn by_law(policy: &Policy, regime: Regime, duty: Duty, facts: &Facts) -> Result<AnswerDue, OutOfCalendar> {
    match counted(policy, |site| clock::answer(Law::of(regime), duty, facts, site)) {
        Ok(due) => Ok(AnswerDue {
            last_day: due.last_day,
            at: due.at,
            law: due.article.to_owned(),
            regime: Some(regime),
            stands: due.stands.is_some(),
            steps: due.steps,
        }),
        Err(ClockError::NoDate { words, article, .. }) => without_number(policy, regime, facts, words, article),
        Err(_) => Err(OutOfCalendar),
    }
}

/// The law says "without delay", and a request must have a date all the same.
fn without_number(
    policy: &Policy,
    regime: Regime,
    facts: &Facts,
    words: &str,
    article: &str,
) -> Result<AnswerDue, OutOfCalendar> {
    let zone = site_of(policy).zone_of(Law::of(regime));
    let within = DAYS_WITHOUT_NUMBER.days().fieldwise();
    let (last_day, at) = clock::promised_by(&within, facts.received_at, &zone)?;
    let words = format!("the law says \"{words}\" and no number: {DAYS_WITHOUT_NUMBER} days are the product's own");
    let steps = vec![Step::new(words, last_day, article)];
    Ok(AnswerDue { last_day, at, law: article.to_owned(), regime: Some(regime), stands: false, steps })
}

/// Counts with the holidays of the controller's place, and with weekends alone past the years that are known: that
/// is earlier.
fn counted(policy: &Policy, count: impl Fn(&Site) -> Result<Due, ClockError>) -> Result<Due, ClockError> {
    let site = site_of(policy);
    match count(&site) {
        Err(unknown @ ClockError::NoHolidays { .. }) => {
            let mut due = count(&Site { holidays: false, ..site })?;
            let words = format!("{unknown}: weekends alone are counted, which is earlier");
            due.steps.push(Step::new(words, due.last_day, due.article));
            Ok(due)
        }
        counted => counted,
    }
}

fn site_of(policy: &Policy) -> Site {
    Site { zone: policy.time_zone.clone(), place: policy.establishment.clone(), holidays: true }
}
