//! Statutory clocks as pure functions: the table of what each law asks (`docs/CLOCKS.md`), and the arithmetic.
//!
//! Days are counted in the law's zone, always from the original anchor: added, then clamped to the month's end, then
//! moved to a working day where the law moves them. Hours run on the clock. Whatever is not certain, such as a holiday
//! that only some parts of a country keep, makes a date earlier, never later (`docs/adr/0011`).

use jiff::{SpanFieldwise, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::dsar::Ask;

mod answer;
mod breaches;
mod calendar;
mod condition;
mod count;
mod deadline;
mod error;
mod holidays;
mod law;
mod requests;
mod rule;

pub use answer::{ASKED_PROMPTLY_DAYS_MAX, Asked, Facts, answer, duty_for, extend};
pub use calendar::{Calendar, Day};
pub use condition::{Among, Condition, Number, RiskOf};
pub use count::{Site, Step};
pub use deadline::{Events, deadline, due_by};
pub use error::{ClockError, OutOfCalendar};
pub use holidays::{FIRST_YEAR, LAST_YEAR};
pub use law::{EEA, Law};
pub use rule::{Anchor, Checked, Confidence, Duty, Period, Roll, Rule};

use count::{end_of, plus};

/// What the holidays come from.
pub const HOLIDAYS_SOURCE: &str = holidays::SOURCE;

/// Every row of the table: those of requests, then those of breaches.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    requests::REQUESTS.iter().chain(breaches::BREACHES)
}

/// By when something must be done, and by which law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last day on which it is in time, in the law's zone. While the clock stands, the earliest that it can be.
    pub last_day: Date,
    /// The first instant that is late: the end of that day, or a time of it where hours count.
    pub at: Timestamp,
    /// Whether hours count, so that the deadline is an instant and not a day.
    pub is_instant: bool,
    /// The law whose clock it is.
    pub law: Law,
    /// What must be done.
    pub duty: Duty,
    /// The rule, as cited.
    pub article: &'static str,
    /// Why, and since when, the clock stands, if it does: nothing is late while it does.
    pub stands: Option<Stands>,
    /// How the date comes about.
    pub steps: Vec<Step>,
}

/// A question that the requester has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    /// What was asked.
    pub ask: Ask,
    /// When.
    pub since: Timestamp,
}

/// By when a controller that promises to act within a time keeps its promise: the last day in its
/// zone, and the first instant that is late. A promise in days, months or years lasts to the end of
/// its last day; one in hours and minutes ends on the clock.
///
/// # Errors
/// [`OutOfCalendar`] past the calendar's end.
pub fn promised_by(
    within: &SpanFieldwise,
    from: Timestamp,
    zone: &TimeZone,
) -> Result<(Date, Timestamp), OutOfCalendar> {
    let span = within.0;
    if span.get_hours() == 0 && span.get_minutes() == 0 && span.get_seconds() == 0 {
        let last_day = plus(from.to_zoned(zone.clone()).date(), span)?;
        return Ok((last_day, end_of(last_day, zone)?));
    }
    let end = from.to_zoned(zone.clone()).checked_add(span).map_err(|_| OutOfCalendar)?;
    let last = end.checked_sub(1.nanosecond()).map_err(|_| OutOfCalendar)?;
    Ok((last.date(), end.timestamp()))
}

/// The day on which somebody born then is so many years old. Who was born on 29 February is so on 1 March where the
/// year has no 29th: the later day, so that nobody is taken for older than they are.
///
/// # Errors
/// [`OutOfCalendar`] past the calendar's end.
pub fn birthday(born: Date, years: u8) -> Result<Date, OutOfCalendar> {
    let day = plus(born, i32::from(years).years())?;
    if day.day() == born.day() { Ok(day) } else { plus(day, 1.day()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at_noon(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_promise_in_days_lasts_to_the_end_of_its_last_day_and_one_in_hours_ends_on_the_clock() {
        let received = at_noon("2026-03-02");
        let (last_day, end) = promised_by(&30.days().fieldwise(), received, &paris()).unwrap();
        // Paris springs forward on 29 March 2026.
        assert_eq!((last_day.to_string().as_str(), end.to_string().as_str()), ("2026-04-01", "2026-04-01T22:00:00Z"));
        let (last_day, end) = promised_by(&36.hours().fieldwise(), received, &paris()).unwrap();
        assert_eq!((last_day.to_string().as_str(), end.to_string().as_str()), ("2026-03-04", "2026-03-04T00:00:00Z"));
        let (last_day, end) = promised_by(&11.hours().fieldwise(), received, &paris()).unwrap();
        assert_eq!((last_day.to_string().as_str(), end.to_string().as_str()), ("2026-03-02", "2026-03-02T23:00:00Z"));
    }

    #[test]
    fn somebody_born_on_29_february_is_a_year_older_on_1_march() {
        let birthday = |born: &str, years| birthday(born.parse().unwrap(), years).unwrap().to_string();
        assert_eq!(birthday("2012-02-29", 13), "2025-03-01");
        assert_eq!(birthday("2012-02-29", 16), "2028-02-29");
        assert_eq!(birthday("2012-02-28", 13), "2025-02-28");
    }

    #[test]
    fn every_row_is_of_a_known_law_cites_something_and_stands_once() {
        let known: BTreeSet<_> = Law::all().collect();
        let mut seen = BTreeSet::new();
        for rule in rules() {
            let name = format!("{} {} {}", rule.law.as_str(), rule.duty.as_str(), rule.anchor.as_str());
            assert!(known.contains(&rule.law) && !rule.article.is_empty(), "{name}");
            assert!(seen.insert(name.clone()), "twice: {name}");
            // An extension is added to a period of its own kind.
            if let Some(extended) = rule.duty.extends() {
                let base = rules().find(|base| base.law == rule.law && base.duty == extended).unwrap();
                assert_eq!(
                    (base.anchor, base.roll),
                    (rule.anchor, if matches!(rule.period, Period::Words(_)) { base.roll } else { rule.roll }),
                    "{name}"
                );
            }
        }
        for law in known {
            assert!(rules().any(|rule| rule.law == law), "{} has no row", law.as_str());
        }
        for regime in crate::policy::Regime::ALL {
            assert!(rules().any(|rule| rule.law == Law::of(regime) && rule.duty == Duty::Respond), "{regime:?}");
        }
    }
}
