//! Statutory clocks as pure functions.
//!
//! Public holidays are not counted yet: a last day on one is not moved to the next working day, so
//! a date computed here can be earlier than the law allows, never later.

use jiff::{
    Span, SpanFieldwise, Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::policy::Regime;

/// By when something must be done, and by which law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last day on which it is in time, in the law's zone.
    pub last_day: Date,
    /// The end of that day: the first instant that is late.
    pub at: Timestamp,
    /// The law whose clock it is.
    pub regime: Regime,
    /// The rule, as cited.
    pub article: &'static str,
}

/// A time at the far end of the calendar, which no real event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfCalendar;

impl std::fmt::Display for OutOfCalendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the deadline lies past the end of the calendar")
    }
}

impl std::error::Error for OutOfCalendar {}

/// By when a data subject's request must be answered under one regime.
///
/// # Errors
/// [`OutOfCalendar`] if the answer would fall past the calendar's end.
pub fn respond_by(regime: Regime, received_at: Timestamp, zone: &TimeZone) -> Result<Due, OutOfCalendar> {
    let zone = match regime {
        // California counts in California: 11 CCR 7021 speaks of the consumer's request there.
        Regime::UsCa => TimeZone::get("America/Los_Angeles").map_err(|_| OutOfCalendar)?,
        _ => zone.clone(),
    };
    let received = received_at.to_zoned(zone.clone()).date();
    let (last_day, article) = match regime {
        // Reg. (EEC, Euratom) 1182/71 Art. 3(2)(c), 3(4): the same date of the next month, its last
        // day if there is no such date; on a weekend, the next working day.
        Regime::EuGdpr => (working_day(plus(received, 1.month())?)?, "GDPR Art. 12(3); Reg. 1182/71 Art. 3"),
        Regime::UkGdpr => (working_day(plus(received, 1.month())?)?, "UK GDPR Art. 12A"),
        // 45 calendar days from receipt; nothing stops them and no weekend moves them.
        Regime::UsCa => (plus(received, 45.days())?, "11 CCR 7021(b)"),
        other => (plus(received, 30.days())?, other.title()),
    };
    Ok(Due { last_day, at: end_of(last_day, &zone)?, regime, article })
}

/// The earliest answer that any of the regimes asks for; `None` without a regime.
///
/// # Errors
/// [`OutOfCalendar`] if an answer would fall past the calendar's end.
pub fn earliest_response(
    regimes: &[Regime],
    received_at: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Due>, OutOfCalendar> {
    let mut dues =
        regimes.iter().map(|regime| respond_by(*regime, received_at, zone)).collect::<Result<Vec<_>, _>>()?;
    dues.sort_by_key(|due| due.at);
    Ok(dues.into_iter().next())
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

/// By when a breach must be with the authority: 72 hours on the clock from awareness (GDPR
/// Art. 33(1), UK GDPR Art. 33(1)). Hours run through weekends and changes of clock alike.
///
/// # Errors
/// [`OutOfCalendar`] if the instant would fall past the calendar's end.
pub fn notify_authority_by(aware_at: Timestamp) -> Result<Timestamp, OutOfCalendar> {
    aware_at.checked_add(72.hours()).map_err(|_| OutOfCalendar)
}

fn plus(day: Date, span: Span) -> Result<Date, OutOfCalendar> {
    day.checked_add(span).map_err(|_| OutOfCalendar)
}

fn working_day(day: Date) -> Result<Date, OutOfCalendar> {
    match day.weekday() {
        Weekday::Saturday => plus(day, 2.days()),
        Weekday::Sunday => plus(day, 1.day()),
        _ => Ok(day),
    }
}

fn end_of(day: Date, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    let next = plus(day, 1.day())?;
    next.to_zoned(zone.clone()).map(|start| start.timestamp()).map_err(|_| OutOfCalendar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at_noon(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_request_is_due_on_the_same_date_of_the_next_month() {
        for (regime, received, last_day) in [
            (Regime::EuGdpr, "2024-01-31", "2024-02-29"),
            (Regime::EuGdpr, "2025-08-31", "2025-09-30"),
            (Regime::EuGdpr, "2025-03-05", "2025-04-07"),
            (Regime::UkGdpr, "2026-03-02", "2026-04-02"),
            (Regime::UsCa, "2026-03-02", "2026-04-16"),
        ] {
            let due = respond_by(regime, at_noon(received), &paris()).unwrap();
            assert_eq!(due.last_day.to_string(), last_day, "{regime:?} {received}");
        }
    }

    #[test]
    fn the_day_of_receipt_is_the_day_in_the_laws_zone() {
        // 23:30 UTC on 31 August is 1 September in Paris.
        let due = respond_by(Regime::EuGdpr, "2026-08-31T23:30:00Z".parse().unwrap(), &paris()).unwrap();
        assert_eq!(due.last_day.to_string(), "2026-10-01");
        // The last hour of that day in Paris ends at 22:00 UTC in summer.
        assert_eq!(due.at.to_string(), "2026-10-01T22:00:00Z");
    }

    #[test]
    fn the_earliest_of_several_regimes_rules() {
        let due = earliest_response(&[Regime::UsCa, Regime::EuGdpr], at_noon("2026-03-02"), &paris()).unwrap();
        assert_eq!(due.map(|due| due.regime), Some(Regime::EuGdpr));
        assert_eq!(earliest_response(&[], at_noon("2026-03-02"), &paris()), Ok(None));
    }

    #[test]
    fn seventy_two_hours_run_from_awareness_through_a_change_of_clock() {
        let due = notify_authority_by("2026-01-09T16:30:00Z".parse().unwrap()).unwrap();
        assert_eq!(due.to_string(), "2026-01-12T16:30:00Z");
        // Paris springs forward on 29 March 2026: still 72 hours on the clock.
        let due = notify_authority_by("2026-03-27T12:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(due.to_string(), "2026-03-30T12:00:00Z");
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
    fn the_calendars_end_is_an_error_and_not_a_panic() {
        assert_eq!(notify_authority_by(Timestamp::MAX), Err(OutOfCalendar));
        assert_eq!(respond_by(Regime::EuGdpr, Timestamp::MAX, &TimeZone::UTC), Err(OutOfCalendar));
    }
}
