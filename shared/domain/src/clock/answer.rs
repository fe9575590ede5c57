//! The clocks of a request: when it must be answered, and what its course does to that.

use jiff::{Timestamp, civil::Date};

use super::{
    ClockError, Due, Duty, Law, Period, Rule, Site, Stands, Step,
    count::{Counter, rows},
};
use crate::dsar::{Ask, RequestType};

/// Within how many days a question must be asked to stop a clock of the Union: "without undue delay" (EDPB Guidelines
/// 01/2022, 157) names no number, and a week is ours.
pub const ASKED_PROMPTLY_DAYS_MAX: i32 = 7;

/// A question to the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What was asked.
    pub ask: Ask,
    /// When.
    pub from: Timestamp,
    /// When it was answered; `None`: it is open.
    pub to: Option<Timestamp>,
}

/// What has happened to a request, as far as clocks ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// When the controller had it, on whatever channel.
    pub received_at: Timestamp,
    /// What is asked for.
    pub request: RequestType,
    /// What the requester was asked.
    pub asks: Vec<Asked>,
    /// When they paid a fee that was asked of them.
    pub fee_paid_at: Option<Timestamp>,
    /// When they were told that it takes longer.
    pub extended_at: Option<Timestamp>,
}

impl Facts {
    /// A request to which nothing has happened yet.
    pub const fn new(request: RequestType, received_at: Timestamp) -> Self {
        Self { received_at, request, asks: Vec::new(), fee_paid_at: None, extended_at: None }
    }
}

/// What a question to the requester does to a law's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Questions {
    /// It stops until the answer, if asked without undue delay (EDPB Guidelines 01/2022, 157).
    Suspend,
    /// Proof of identity starts it anew; the days of a question about access do not count (UK GDPR Art. 12A).
    Britain,
    /// Nothing (11 CCR 7021(b); the other laws are silent).
    Nothing,
}

impl Questions {
    fn of(law: Law, duty: Duty) -> Self {
        match (law, duty) {
            (Law::EU_GDPR, Duty::Respond | Duty::Refuse) => Self::Suspend,
            (Law::UK_GDPR, Duty::Respond | Duty::Refuse) => Self::Britain,
            _ => Self::Nothing,
        }
    }
}

/// Whether a request is one for access, the only kind that a question of clarification holds up (GDPR rec. 63; UK GDPR
/// Art. 12A).
const fn is_access(request: RequestType) -> bool {
    matches!(request, RequestType::Access | RequestType::KnowCategories | RequestType::KnowPieces)
}

/// What a law asks in answer to a request: mostly an answer, and something of its own for some.
pub fn duty_for(law: Law, request: RequestType) -> Duty {
    let own = match request {
        RequestType::DoNotSellOrShare => Duty::OptOut,
        RequestType::LimitSensitive => Duty::LimitSensitive,
        RequestType::Rectification => Duty::Correct,
        RequestType::WithdrawConsent => Duty::StopOnRevocation,
        RequestType::Appeal => Duty::Appeal,
        RequestType::Complaint => Duty::Grievance,
        _ => Duty::Respond,
    };
    let has_number = rows(law, own).any(|rule| !matches!(rule.period, Period::Words(_)));
    if has_number { own } else { Duty::Respond }
}

/// By when a duty towards a requester must be done.
///
/// Days are counted from the receipt, or from what the law puts in its place, and once: an extension is added to the
/// first period from the same start, not to its end. An extension of which the person was told too late changes
/// nothing, and a step says so.
///
/// # Errors
/// [`ClockError`] where the law sets no date, or none can be computed.
pub fn answer(law: Law, duty: Duty, facts: &Facts, site: &Site) -> Result<Due, ClockError> {
    let course = Course::new(law, duty, facts, site)?;
    let first = course.first()?;
    let Some(told_at) = facts.extended_at else { return course.due(first) };
    match course.extended(&first, told_at) {
        Ok(extended) => course.due(extended),
        Err(
            refused
            @ (ClockError::ExtensionTooLate { .. } | ClockError::NoExtension { .. } | ClockError::NoDate { .. }),
        ) => {
            let told = course.counter.day_of(told_at);
            let mut first = first;
            let words = format!("the extension told on {told} does not count: {refused}");
            first.steps.push(Step::new(words, first.last_day, course.rule.article));
            course.due(first)
        }
        Err(error) => Err(error),
    }
}

/// By when it would be due with an extension told then.
///
/// # Errors
/// [`ClockError::ExtensionTooLate`] once the first time is up, [`ClockError::NoExtension`] and [`ClockError::NoDate`]
/// where the law knows none or names no number; otherwise as [`answer`].
pub fn extend(law: Law, duty: Duty, facts: &Facts, told_at: Timestamp, site: &Site) -> Result<Due, ClockError> {
    let course = Course::new(law, duty, facts, site)?;
    let extended = course.extended(&course.first()?, told_at)?;
    course.due(extended)
}

/// A law's clock over one request.
struct Course {
    counter: Counter,
    rule: &'static Rule,
    duty: Duty,
    /// The day from which it counts.
    start: Date,
    /// Days that do not count, first to last.
    paused: Vec<(Date, Date)>,
    stands: Option<Stands>,
    steps: Vec<Step>,
}

/// A last day and how it comes about.
struct Reached {
    last_day: Date,
    steps: Vec<Step>,
}

impl Course {
    fn new(law: Law, duty: Duty, facts: &Facts, site: &Site) -> Result<Self, ClockError> {
        let rule = rows(law, duty).next().ok_or(ClockError::NoRule { law, duty })?;
        let counter = Counter::new(law, site);
        let start = counter.day_of(facts.received_at);
        let steps = vec![counter.anchored("received", start, rule)];
        let mut course = Self { counter, rule, duty, start, paused: Vec::new(), stands: None, steps };
        if let Some(paid) = facts.fee_paid_at.map(|at| course.counter.day_of(at)) {
            let step = if Questions::of(law, duty) == Questions::Britain {
                course.start = course.start.max(paid);
                Step::new(format!("the fee was paid on {paid}: the time starts then"), course.start, "UK GDPR Art. 12A")
            } else {
                Step::new(
                    format!("the fee was paid on {paid}, which this clock does not wait for"),
                    start,
                    rule.article,
                )
            };
            course.steps.push(step);
        }
        let mut asks = facts.asks.clone();
        asks.sort_by_key(|asked| (asked.from, asked.to));
        for asked in asks {
            course.ask(facts, asked)?;
        }
        Ok(course)
    }

    /// What one question does.
    fn ask(&mut self, facts: &Facts, asked: Asked) -> Result<(), ClockError> {
        let received = self.counter.day_of(facts.received_at);
        let from = self.counter.day_of(asked.from).max(received);
        let to = asked.to.map(|to| self.counter.day_of(to).max(from));
        let what = match asked.ask {
            Ask::Identity => "who they are",
            Ask::Clarification => "what exactly they want",
        };
        let last_day = self.first()?.last_day;
        let asks = format!("asked on {from} {what}");
        let (words, date, article) = match Questions::of(self.counter.law, self.duty) {
            Questions::Nothing if self.counter.law == Law::US_CA => {
                (format!("{asks}: no question stops this clock"), last_day, "11 CCR 7021(b)")
            }
            Questions::Nothing => {
                (format!("{asks}: nothing in this law lets a question stop the clock"), last_day, self.rule.article)
            }
            _ if from > last_day => {
                (format!("{asks}, after the first time was up: it stops nothing"), last_day, self.rule.article)
            }
            _ if asked.ask == Ask::Clarification && !is_access(facts.request) => {
                (format!("{asks}: only a request for access waits for that"), last_day, self.rule.article)
            }
            Questions::Suspend if days_between(received, from) > ASKED_PROMPTLY_DAYS_MAX => {
                let words = format!(
                    "{asks}, more than {ASKED_PROMPTLY_DAYS_MAX} days after receipt and so not without undue delay: \
                        the clock runs on"
                );
                (words, last_day, "EDPB Guidelines 01/2022, 157")
            }
            Questions::Suspend => {
                let article = match asked.ask {
                    Ask::Identity => "GDPR Art. 12(6); EDPB Guidelines 01/2022, 157",
                    Ask::Clarification => "GDPR rec. 63; EDPB Guidelines 01/2022, 157",
                };
                match to {
                    // The day of the event is not counted (Reg. 1182/71 Art. 3(1)): neither does it stop anything.
                    Some(to) => {
                        self.paused.push((super::count::plus(from, jiff::ToSpan::days(1))?, to));
                        (format!("{asks} and answered on {to}: the clock stood in between"), to, article)
                    }
                    None => {
                        self.stand(asked);
                        (format!("{asks} and not answered: the clock stands"), from, article)
                    }
                }
            }
            Questions::Britain => match (asked.ask, to) {
                (Ask::Identity, Some(to)) => {
                    self.start = self.start.max(to);
                    (format!("{asks} and shown on {to}: the time starts then"), self.start, "UK GDPR Art. 12A")
                }
                (Ask::Clarification, Some(to)) => {
                    self.paused.push((from, to));
                    (
                        format!(
                            "{asks} and answered on {to}: the days from the one to the other, both included, do not \
                                count"
                        ),
                        to,
                        "UK GDPR Art. 12A",
                    )
                }
                (Ask::Identity, None) => {
                    self.stand(asked);
                    (format!("{asks} and not shown: the time has not started"), from, "UK GDPR Art. 12A")
                }
                (Ask::Clarification, None) => {
                    self.paused.push((from, from));
                    self.stand(asked);
                    (format!("{asks} and not answered: the clock stands"), from, "UK GDPR Art. 12A")
                }
            },
        };
        self.steps.push(Step::new(words, date, article));
        Ok(())
    }

    fn stand(&mut self, asked: Asked) {
        let since = Stands { ask: asked.ask, since: asked.from };
        self.stands = Some(self.stands.filter(|stands| stands.since <= since.since).unwrap_or(since));
    }

    /// How many days do not count, each once.
    fn paused_days(&self) -> i64 {
        let mut ranges: Vec<_> = self.paused.iter().map(|(from, to)| ((*from).max(self.start), *to)).collect();
        ranges.sort();
        let (mut days, mut counted_to) = (0, None::<Date>);
        for (from, to) in ranges {
            let fresh = counted_to.and_then(|day| day.tomorrow().ok()).map_or(from, |next| from.max(next));
            if fresh <= to {
                days += i64::from(days_between(fresh, to)) + 1;
                counted_to = Some(to);
            }
        }
        days
    }

    /// The last day without an extension.
    fn first(&self) -> Result<Reached, ClockError> {
        let (last_day, steps) = self.counter.last_day(self.rule, self.rule.period, self.start, self.paused_days())?;
        Ok(Reached { last_day, steps })
    }

    /// The last day with an extension told then: what it adds is added to the first period, from the same start.
    fn extended(&self, first: &Reached, told_at: Timestamp) -> Result<Reached, ClockError> {
        let (law, duty) = (self.counter.law, self.duty);
        let refused = ClockError::NoExtension { law, duty };
        let row = duty.extension().and_then(|extension| rows(law, extension).next()).ok_or_else(|| refused.clone())?;
        let period = match (self.rule.period, row.period) {
            (Period::Months(first), Period::Months(more)) => Period::Months(first.saturating_add(more)),
            (Period::Days(first), Period::Days(more)) => Period::Days(first.saturating_add(more)),
            (_, Period::Words(words)) => {
                return Err(ClockError::NoDate { law, duty: row.duty, words, article: row.article });
            }
            _ => return Err(refused),
        };
        let told = self.counter.day_of(told_at);
        // While the clock stands, the first time is not up.
        if told > first.last_day && self.stands.is_none() {
            return Err(ClockError::ExtensionTooLate { law, first: first.last_day, told, article: row.article });
        }
        let (last_day, counted) = self.counter.last_day(row, period, self.start, self.paused_days())?;
        let words = format!(
            "extended, told on {told}, within the first time (to {}): counted from the same start",
            first.last_day
        );
        let mut steps = vec![Step::new(words, told, row.article)];
        steps.extend(counted);
        Ok(Reached { last_day: last_day.max(first.last_day), steps })
    }

    fn due(self, reached: Reached) -> Result<Due, ClockError> {
        let mut steps = self.steps;
        steps.extend(reached.steps);
        if let Some(stands) = &self.stands {
            let since = self.counter.day_of(stands.since);
            let words = format!(
                "the clock stands since {since}: not due before this day, and later by every day until the answer"
            );
            steps.push(Step::new(words, reached.last_day, self.rule.article));
        }
        Ok(Due {
            last_day: reached.last_day,
            at: self.counter.end_of(reached.last_day)?,
            is_instant: false,
            law: self.counter.law,
            duty: self.duty,
            article: self.rule.article,
            stands: self.stands,
            steps,
        })
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}
