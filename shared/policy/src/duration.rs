//! Calendar durations as policy files write them: the part of ISO 8601 that has one meaning.

use jiff::Span;

/// Longest duration accepted, in years: whoever means longer means `indefinite`.
pub(crate) const DURATION_YEARS_MAX: i64 = 100;

/// Why a duration was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidDuration {
    /// Not `P…` with whole numbers and units in their order.
    Form,
    /// Years, months, weeks or days beside hours, or weeks beside other units.
    Mixed,
    /// Longer than [`DURATION_YEARS_MAX`].
    TooLong,
}

#[cfg(feature = "compiler")]
impl InvalidDuration {
    /// What to write instead.
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::Form => "write whole numbers and their units: PT30M, P100D, P6M, P1Y6M",
            // A day is not always 24 hours, so P1DT2H has two readings in a night of summer time.
            Self::Mixed => "use calendar units (P1Y6M, P2W, P100D) or hours and minutes (PT30M), not both",
            Self::TooLong => "at most 100 years; if it is kept for ever, say mode = \"indefinite\" with a reason",
        }
    }
}

/// Parses `PT30M`, `P100D`, `P6M`, `P1Y6M`; `P0D` gives an empty span, which the caller judges.
pub(crate) fn parse(text: &str) -> Result<Span, InvalidDuration> {
    let rest = text.strip_prefix('P').ok_or(InvalidDuration::Form)?;
    let (mut units, mut rest) = match rest.strip_prefix('T') {
        Some(rest) => ("HMS", rest),
        None => ("YMWD", rest),
    };
    let calendar = units == "YMWD";
    let mut parts: Vec<(char, i64)> = Vec::new();
    while !rest.is_empty() {
        if calendar && rest.starts_with('T') && !parts.is_empty() {
            return Err(InvalidDuration::Mixed);
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(InvalidDuration::Form)?;
        if digits == 0 {
            return Err(InvalidDuration::Form);
        }
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next().ok_or(InvalidDuration::Form)?;
        let position = units.find(unit).ok_or(InvalidDuration::Form)?;
        if digits > 9 {
            return Err(InvalidDuration::TooLong);
        }
        let number = number.parse::<i64>().map_err(|_| InvalidDuration::Form)?;
        // What comes before this unit cannot come after it: P1D1Y and P1D1D are mistakes.
        units = units.get(position + unit.len_utf8()..).unwrap_or_default();
        rest = tail.get(unit.len_utf8()..).unwrap_or_default();
        parts.push((unit, number));
    }
    if parts.is_empty() {
        return Err(InvalidDuration::Form);
    }
    if parts.len() > 1 && parts.iter().any(|(unit, _)| *unit == 'W') {
        return Err(InvalidDuration::Mixed);
    }
    let seconds: i64 = parts.iter().map(|(unit, number)| number * seconds_of(*unit, calendar)).sum();
    if seconds > DURATION_YEARS_MAX * seconds_of('Y', true) {
        return Err(InvalidDuration::TooLong);
    }
    let span = parts.into_iter().try_fold(Span::new(), |span, (unit, number)| match (unit, calendar) {
        ('Y', _) => span.try_years(number),
        ('M', true) => span.try_months(number),
        ('W', _) => span.try_weeks(number),
        ('D', _) => span.try_days(number),
        ('H', _) => span.try_hours(number),
        ('M', false) => span.try_minutes(number),
        _ => span.try_seconds(number),
    });
    span.map_err(|_| InvalidDuration::TooLong)
}

/// Roughly, for the upper bound only.
const fn seconds_of(unit: char, calendar: bool) -> i64 {
    const DAY: i64 = 86_400;
    match (unit, calendar) {
        ('Y', _) => 366 * DAY,
        ('M', true) => 366 * DAY / 12,
        ('W', _) => 7 * DAY,
        ('D', _) => DAY,
        ('H', _) => 3_600,
        ('M', false) => 60,
        _ => 1,
    }
}

/// Writes a span as [`parse`] reads it. Units are kept: `P12M` stays `P12M`.
pub(crate) fn format(span: &Span) -> String {
    let date = [
        (i64::from(span.get_years()), 'Y'),
        (i64::from(span.get_months()), 'M'),
        (i64::from(span.get_weeks()), 'W'),
        (i64::from(span.get_days()), 'D'),
    ];
    let time = [(i64::from(span.get_hours()), 'H'), (span.get_minutes(), 'M'), (span.get_seconds(), 'S')];
    let write = |parts: &[(i64, char)]| -> String {
        parts.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n}{unit}")).collect()
    };
    match (write(&date), write(&time)) {
        (date, time) if date.is_empty() && time.is_empty() => "P0D".to_owned(),
        (date, time) if time.is_empty() => format!("P{date}"),
        (date, time) => format!("P{date}T{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_the_five_controllers_parse_and_come_back() {
        for text in ["PT30M", "P100D", "P6M", "P1Y", "P1Y6M", "P2W", "P0D", "PT90S", "PT1H30M", "P12M"] {
            assert_eq!(parse(text).map(|span| format(&span)), Ok(text.to_owned()));
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        for (text, expected) in [
            ("", InvalidDuration::Form),
            ("P", InvalidDuration::Form),
            ("PT", InvalidDuration::Form),
            ("100", InvalidDuration::Form),
            ("100D", InvalidDuration::Form),
            ("100 days", InvalidDuration::Form),
            ("p100d", InvalidDuration::Form),
            ("-P1D", InvalidDuration::Form),
            ("P-1D", InvalidDuration::Form),
            ("P1.5D", InvalidDuration::Form),
            ("P1D1Y", InvalidDuration::Form),
            ("P1D1D", InvalidDuration::Form),
            ("P30", InvalidDuration::Form),
            ("PT1D", InvalidDuration::Form),
            ("P1H", InvalidDuration::Form),
            ("P1é", InvalidDuration::Form),
            ("P1DT2H", InvalidDuration::Mixed),
            ("P1W2D", InvalidDuration::Mixed),
            ("P101Y", InvalidDuration::TooLong),
            ("P9999999999D", InvalidDuration::TooLong),
            ("P99999999999999999999D", InvalidDuration::TooLong),
        ] {
            assert_eq!(parse(text).map(|span| format(&span)), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_hundred_years_are_the_most_in_whatever_unit() {
        for (longest, more) in [
            ("P100Y", "P100Y1D"),
            ("P1200M", "P1201M"),
            ("P5228W", "P5229W"),
            ("P36600D", "P36601D"),
            ("PT878400H", "PT878401H"),
            ("PT52704000M", "PT52704001M"),
            ("PT999999999S", "PT1000000000S"),
        ] {
            assert_eq!(parse(longest).map(|span| format(&span)), Ok(longest.to_owned()));
            assert_eq!(parse(more).map(|span| format(&span)), Err(InvalidDuration::TooLong), "{more}");
        }
    }
}
