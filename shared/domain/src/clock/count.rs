//! Calendar arithmetic: always from the original anchor, then clamped, then moved to a working day.

use jiff::{Span, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{Calendar, ClockError, Duty, Law, OutOfCalendar, Period, Roll, Rule, calendar::Day};
use crate::place::Place;

/// Where a controller is, as far as its clocks ask.
#[derive(Debug, Clone)]
pub struct Site {
    /// The zone in which it counts days, where the law's territory has more than one.
    pub zone: TimeZone,
    /// Where it is established: its holidays count under the Union's law, and in the parts of a country.
    pub place: Option<Place>,
    /// Whether holidays count. Without them a date is earlier, never later.
    pub holidays: bool,
}

impl Site {
    /// The zone in which a law's days are counted.
    pub fn zone_of(&self, law: Law) -> TimeZone {
        law.zone().unwrap_or_else(|| self.zone.clone())
    }

    fn calendar_of(&self, law: Law) -> Calendar {
        if self.holidays { Calendar::for_law(law, self.place.as_ref()) } else { Calendar::weekends() }
    }
}

/// One step of a computation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What follows from what.
    pub words: String,
    /// The day that it leads to.
    pub date: Date,
    /// Where it is written.
    pub article: String,
}

impl Step {
    /// A step.
    pub fn new(words: impl Into<String>, date: Date, article: impl Into<String>) -> Self {
        Self { words: words.into(), date, article: article.into() }
    }
}

/// What the rules on time limits say, by law: where a step cites them.
const ARTICLE_3: &str = "Reg. 1182/71 Art. 3";

/// Counts under one law.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) law: Law,
    pub(super) zone: TimeZone,
    pub(super) calendar: Calendar,
}

impl Counter {
    pub(super) fn new(law: Law, site: &Site) -> Self {
        Self { law, zone: site.zone_of(law), calendar: site.calendar_of(law) }
    }

    /// The day of an instant, in the law's zone.
    pub(super) fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// The end of a day: the first instant that is late.
    pub(super) fn end_of(&self, day: Date) -> Result<Timestamp, OutOfCalendar> {
        end_of(day, &self.zone)
    }

    /// The last day of a period that is counted in days or more, and how it comes about. `more` are days that do not
    /// count and so come on top.
    pub(super) fn last_day(
        &self,
        rule: &Rule,
        period: Period,
        start: Date,
        more: i64,
    ) -> Result<(Date, Vec<Step>), ClockError> {
        let mut steps = Vec::new();
        let span = match period {
            Period::Months(n) => i32::from(n).months(),
            Period::Years(n) => i32::from(n).years(),
            Period::Days(n) => i32::from(n).days(),
            Period::BusinessDays(n) => return self.business_days(rule, n, start),
            Period::DaysAfterYearEnd(n) => {
                let year_end = Date::new(start.year(), 12, 31).map_err(|_| OutOfCalendar)?;
                steps.push(Step::new("the year of the anchor ends", year_end, rule.article));
                let last = plus(year_end, i32::from(n).days())?;
                steps.push(Step::new(
                    format!("{} later", crate::words::count(i64::from(n), "day")),
                    last,
                    rule.article,
                ));
                return Ok((last, steps));
            }
            Period::AtOnce => 0.days(),
            // Hours never come here, and words count nothing.
            Period::Hours(_) => 0.days(),
            Period::Words(words) => {
                return Err(ClockError::NoDate { law: self.law, duty: rule.duty, words, article: rule.article });
            }
        };
        let mut last = plus(start, span)?;
        let clamped = matches!(period, Period::Months(_) | Period::Years(_)) && last.day() != start.day();
        steps.push(Step::new(format!("{period} from {start}"), last, rule.article));
        if clamped {
            let article = if self.law.is_of_the_union() { "Reg. 1182/71 Art. 3(2)(c)" } else { rule.article };
            steps.push(Step::new(format!("that month has no day {}: its last day", start.day()), last, article));
        }
        if more > 0 {
            last = plus(last, more.days())?;
            let days = crate::words::count(more, "day");
            steps.push(Step::new(format!("{days} did not count and come on top"), last, rule.article));
        }
        if self.law.is_of_the_union() && matches!(period, Period::Days(2..)) {
            last = self.with_two_working_days(start, last, &mut steps)?;
        }
        let rolled = self.rolled(rule, last, &mut steps)?;
        Ok((rolled, steps))
    }

    /// Reg. 1182/71 Art. 3(5): a period of two days or more holds two working days at least.
    fn with_two_working_days(&self, start: Date, mut last: Date, steps: &mut Vec<Step>) -> Result<Date, ClockError> {
        let (mut day, mut working) = (start, 0);
        while working < 2 {
            day = plus(day, 1.day())?;
            working += usize::from(self.calendar.day(day)? == Day::Working);
        }
        if day > last {
            last = day;
            steps.push(Step::new("the period must hold two working days", last, "Reg. 1182/71 Art. 3(5)"));
        }
        Ok(last)
    }

    fn rolled(&self, rule: &Rule, last: Date, steps: &mut Vec<Step>) -> Result<Date, ClockError> {
        let is_free = |day: Date| {
            let kind = self.calendar.day(day)?;
            Ok::<_, ClockError>(match rule.roll {
                Roll::No => None,
                Roll::WorkingDay => Some(kind).filter(|kind| *kind != Day::Working),
                Roll::SundayOrHoliday => Some(kind).filter(|kind| matches!(kind, Day::Sunday | Day::Holiday)),
            })
        };
        if rule.roll == Roll::No {
            return Ok(last);
        }
        let Some(kind) = is_free(last)? else { return Ok(last) };
        let mut day = last;
        while is_free(day)?.is_some() {
            day = plus(day, 1.day())?;
        }
        let kind = match kind {
            Day::Saturday => "a Saturday",
            Day::Sunday => "a Sunday",
            _ => "a public holiday",
        };
        let article = match rule.roll {
            _ if self.law.is_of_the_union() => "Reg. 1182/71 Art. 3(4)",
            Roll::SundayOrHoliday => "POPIA Regulations reg. 1",
            _ if self.law == Law::UK_GDPR => "ICO, guidance on the right of access",
            _ => rule.article,
        };
        steps.push(Step::new(format!("{last} is {kind}: the next working day"), day, article));
        Ok(day)
    }

    /// So many days on which people work, the day of the anchor not counted.
    fn business_days(&self, rule: &Rule, n: u8, start: Date) -> Result<(Date, Vec<Step>), ClockError> {
        let (mut day, mut left, mut holidays) = (start, n, Vec::new());
        while left > 0 {
            day = plus(day, 1.day())?;
            match self.calendar.day(day)? {
                Day::Working => left -= 1,
                Day::Holiday => holidays.push(day.to_string()),
                Day::Saturday | Day::Sunday => {}
            }
        }
        let mut words = format!("{} after {start}, weekends not counted", rule.period);
        if !holidays.is_empty() {
            words = format!("{words}, nor the public holidays {}", holidays.join(", "));
        }
        Ok((day, vec![Step::new(words, day, rule.article)]))
    }

    /// How the days of the anchor are told.
    pub(super) fn anchored(&self, words: &str, day: Date, rule: &Rule) -> Step {
        let article = if self.law.is_of_the_union() { "Reg. 1182/71 Art. 3(1)" } else { rule.article };
        let zone = self.zone.iana_name().unwrap_or("the controller's zone");
        Step::new(format!("{words}, in {zone}; that day is not counted"), day, article)
    }
}

/// The rows of a law for a duty.
pub(super) fn rows(law: Law, duty: Duty) -> impl Iterator<Item = &'static Rule> {
    super::rules().filter(move |rule| rule.law == law && rule.duty == duty)
}

pub(super) fn plus(day: Date, span: Span) -> Result<Date, OutOfCalendar> {
    day.checked_add(span).map_err(|_| OutOfCalendar)
}

pub(super) fn end_of(day: Date, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    let next = plus(day, 1.day())?;
    next.to_zoned(zone.clone()).map(|start| start.timestamp()).map_err(|_| OutOfCalendar)
}

/// The article on hours, by law.
pub(super) fn hours_article(law: Law, article: &'static str) -> String {
    if law.is_of_the_union() { format!("{article}; {ARTICLE_3}") } else { article.to_owned() }
}
