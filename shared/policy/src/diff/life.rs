//! Which of two periods lets a record live longer, whatever happens to it.

use std::collections::BTreeSet;

use domain::policy::{Period, RetentionRule, Switch};
use jiff::{Span, SpanFieldwise, civil::Date};

/// How something new weighs against what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The same in every case.
    Same,
    /// Less in some case, more in none.
    Less,
    /// More in some case, less in none.
    More,
    /// Sometimes one, sometimes the other.
    Mixed,
}

impl Weight {
    /// The weight of two sides of one thing together.
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, weight) | (weight, Self::Same) => weight,
            (Self::Less, Self::Less) => Self::Less,
            (Self::More, Self::More) => Self::More,
            _ => Self::Mixed,
        }
    }

    pub(crate) const fn reversed(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::More => Self::Less,
            same => same,
        }
    }

    const fn from(never_more: bool, never_less: bool) -> Self {
        match (never_more, never_less) {
            (true, true) => Self::Same,
            (true, false) => Self::Less,
            (false, true) => Self::More,
            (false, false) => Self::Mixed,
        }
    }
}

/// Weighs a set of things of which each one adds.
pub(crate) fn set<T: Ord>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Weight {
    Weight::from(new.is_subset(old), old.is_subset(new))
}

/// Weighs a list by what is in it, in whatever order.
pub(crate) fn list<T: Ord>(old: &[T], new: &[T]) -> Weight {
    set(&old.iter().collect(), &new.iter().collect())
}

/// A span by its three kinds of unit, none of which is a fixed number of another: a month has 28 to
/// 31 days, a day 23 to 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Units {
    months: i64,
    days: i64,
    seconds: i64,
}

/// How much the offset of a zone may move while a period runs. The zones of the five controllers
/// move by one hour; a policy's zone could be one that moves by two.
const OFFSET_SECONDS_MAX: i64 = 2 * 3_600;

const DAY_SECONDS: i64 = 86_400;

impl Units {
    fn of(span: &SpanFieldwise) -> Self {
        let span: Span = span.0;
        Self {
            months: i64::from(span.get_years()) * 12 + i64::from(span.get_months()),
            days: i64::from(span.get_weeks()) * 7 + i64::from(span.get_days()),
            seconds: i64::from(span.get_hours()) * 3_600 + span.get_minutes() * 60 + span.get_seconds(),
        }
    }

    /// The fewest and the most days that the calendar's part of it ever takes.
    fn days_bounds(self) -> (i64, i64) {
        let (fewest, most) = month_bounds(self.months);
        (fewest + self.days, most + self.days)
    }

    fn seconds_bounds(self) -> (i64, i64) {
        let (fewest, most) = self.days_bounds();
        let slack = if self.months == 0 && self.days == 0 { 0 } else { OFFSET_SECONDS_MAX };
        (fewest * DAY_SECONDS - slack + self.seconds, most * DAY_SECONDS + slack + self.seconds)
    }
}

/// The fewest and the most days that so many calendar months ever take, from whatever day on.
fn month_bounds(months: i64) -> (i64, i64) {
    // Any day of the month can be clamped to the end of a shorter one, and the calendar repeats
    // itself after 400 years.
    const DAYS: [i8; 5] = [1, 28, 29, 30, 31];
    if months == 0 {
        return (0, 0);
    }
    let span = Span::new().try_months(months).ok();
    let starts = (1600_i16..2000).flat_map(|year| (1_i8..=12).map(move |month| (year, month)));
    let lengths = starts.flat_map(|(year, month)| DAYS.map(|day| Date::new(year, month, day))).filter_map(|start| {
        let start = start.ok()?;
        let end = start.checked_add(span?).ok()?;
        start.until(end).ok().map(|length| i64::from(length.get_days()))
    });
    let bounds = lengths.fold(None, |bounds: Option<(i64, i64)>, length| {
        let (fewest, most) = bounds.unwrap_or((length, length));
        Some((fewest.min(length), most.max(length)))
    });
    // What leads past the calendar's end is counted by its months.
    bounds.unwrap_or((months * 28, months * 31))
}

/// Weighs two durations from whatever day on: P12M is P1Y, P365D is never more than it, and P1M
/// against P30D is now less and now more.
pub(crate) fn durations(old: &SpanFieldwise, new: &SpanFieldwise) -> Weight {
    let (old, new) = (Units::of(old), Units::of(new));
    let parts = [(old.months, new.months), (old.days, new.days), (old.seconds, new.seconds)];
    let never_more = parts.iter().all(|(old, new)| new <= old);
    let never_less = parts.iter().all(|(old, new)| new >= old);
    if never_more || never_less {
        return Weight::from(never_more, never_less);
    }
    let ((old_least, old_most), (new_least, new_most)) = if old.seconds == new.seconds {
        (old.days_bounds(), new.days_bounds())
    } else {
        (old.seconds_bounds(), new.seconds_bounds())
    };
    Weight::from(new_most <= old_least, new_least >= old_most)
}

/// Weighs two maxima; none at all is more than any.
fn maxima(old: Option<&SpanFieldwise>, new: Option<&SpanFieldwise>) -> Weight {
    match (old, new) {
        (None, None) => Weight::Same,
        (Some(_), None) => Weight::More,
        (None, Some(_)) => Weight::Less,
        (Some(old), Some(new)) => durations(old, new),
    }
}

/// The shortest and the longest life that a period allows; `None`: without an end.
fn bounds(period: &Period) -> (Option<&SpanFieldwise>, Option<&SpanFieldwise>) {
    match period {
        Period::Fixed { duration } => (Some(duration), Some(duration)),
        Period::Sliding { duration, max, .. } => match max {
            // A cap below the period itself: the cap is what counts.
            Some(max) if !matches!(durations(duration, max), Weight::Same | Weight::More) => (None, Some(max)),
            max => (Some(duration), max.as_ref()),
        },
        Period::UntilEvent { grace, max, .. } => match max {
            Some(max) if !matches!(durations(grace, max), Weight::Same | Weight::More) => (None, Some(max)),
            max => (Some(grace), max.as_ref()),
        },
        Period::Indefinite => (None, None),
    }
}

/// Weighs two periods for one record, whatever happens to it and whenever it is made.
pub(crate) fn periods(old: &Period, new: &Period) -> Weight {
    match (old, new) {
        (Period::Indefinite, Period::Indefinite) => Weight::Same,
        (Period::Indefinite, _) => Weight::Less,
        (_, Period::Indefinite) => Weight::More,
        (Period::Fixed { duration: old }, Period::Fixed { duration: new }) => durations(old, new),
        (
            Period::Sliding { duration: old, renew_on: old_events, max: old_max },
            Period::Sliding { duration: new, renew_on: new_events, max: new_max },
        ) => durations(old, new).and(list(old_events, new_events)).and(maxima(old_max.as_ref(), new_max.as_ref())),
        (
            Period::UntilEvent { events: old_events, grace: old, max: old_max },
            Period::UntilEvent { events: new_events, grace: new, max: new_max },
        ) => {
            // Each event more is one more way to end.
            let events = list(old_events, new_events).reversed();
            durations(old, new).and(events).and(maxima(old_max.as_ref(), new_max.as_ref()))
        }
        _ => {
            let ((old_least, old_most), (new_least, new_most)) = (bounds(old), bounds(new));
            let never_more = match (new_most, old_least) {
                (Some(new), Some(old)) => matches!(durations(old, new), Weight::Same | Weight::Less),
                _ => false,
            };
            let never_less = match (new_least, old_most) {
                (Some(new), Some(old)) => matches!(durations(old, new), Weight::Same | Weight::More),
                _ => false,
            };
            // Two kinds of period are two promises, even where they give one life.
            if never_more && never_less { Weight::Mixed } else { Weight::from(never_more, never_less) }
        }
    }
}

/// Weighs two rules: the base period and what may replace it.
pub(crate) fn rules(old: &RetentionRule, new: &RetentionRule) -> Weight {
    let base = periods(&old.period, &new.period);
    match (&old.switch, &new.switch) {
        (None, None) => base,
        // A longer base lets later events switch, which ends the record later still: both sides pull
        // the same way.
        (Some(old), Some(new)) if old.on == new.on => base.and(periods(&old.then, &new.then)),
        (Some(_), Some(_)) => Weight::Mixed,
        (None, Some(switch)) => base.and(of_switch(switch, &new.period)),
        (Some(switch), None) => base.and(of_switch(switch, &old.period).reversed()),
    }
}

/// What a switch does to the life that its base gives.
const fn of_switch(switch: &Switch, base: &Period) -> Weight {
    match (&switch.then, base) {
        (Period::Indefinite, Period::Indefinite) => Weight::Mixed,
        (Period::Indefinite, _) => Weight::More,
        (_, Period::Indefinite) => Weight::Less,
        _ => Weight::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{Category, EventName, InvalidId, Purpose},
        policy::{Action, Clause},
    };
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn durations_are_weighed_by_the_calendar_and_not_by_thirty_days() {
        for (old, new, weight) in [
            (12.months(), 1.year(), Weight::Same),
            (14.days(), 2.weeks(), Weight::Same),
            (60.minutes(), 1.hour(), Weight::Same),
            (6.months(), 180.days(), Weight::Less),
            (6.months(), 181.days(), Weight::Less),
            (6.months(), 182.days(), Weight::Mixed),
            (6.months(), 185.days(), Weight::More),
            (1.month(), 30.days(), Weight::Mixed),
            (1.month(), 28.days(), Weight::Less),
            (1.month(), 31.days(), Weight::More),
            (1.year(), 365.days(), Weight::Less),
            (1.year(), 366.days(), Weight::More),
            (100.years(), 36_525.days(), Weight::More),
            (1.day(), 24.hours(), Weight::Mixed),
            (1.day(), 20.hours(), Weight::Less),
            (1.day(), 30.hours(), Weight::More),
            (1.day(), 22.hours(), Weight::Less),
            (1.day(), 26.hours(), Weight::More),
            (1.month(), 745.hours(), Weight::Mixed),
            (1.month(), 746.hours(), Weight::More),
            (30.minutes(), 1.month(), Weight::More),
            (90.seconds(), 1.minute().seconds(30), Weight::Same),
            (9_000.years(), 3_024_000.days(), Weight::Less),
            (9_000.years(), 3_024_001.days(), Weight::Mixed),
            (9_000.years(), 3_348_000.days(), Weight::More),
            (1.year().months(1), 13.months(), Weight::Same),
            (1.month().days(1), 1.month(), Weight::Less),
        ] {
            assert_eq!(durations(&old.fieldwise(), &new.fieldwise()), weight, "{old} to {new}");
            assert_eq!(durations(&new.fieldwise(), &old.fieldwise()), weight.reversed(), "{new} to {old}");
        }
    }
    fn events(names: &[&str]) -> Vec<EventName> {
        names.iter().filter_map(|name| EventName::parse(name).ok()).collect()
    }

    fn fixed(duration: Span) -> Period {
        Period::Fixed { duration: duration.fieldwise() }
    }

    fn sliding(duration: Span, renew_on: &[&str], max: Option<Span>) -> Period {
        Period::Sliding { duration: duration.fieldwise(), renew_on: events(renew_on), max: max.map(Span::fieldwise) }
    }

    fn until(ends: &[&str], grace: Span, max: Option<Span>) -> Period {
        Period::UntilEvent { events: events(ends), grace: grace.fieldwise(), max: max.map(Span::fieldwise) }
    }

    #[test]
    fn periods_are_weighed_by_all_that_can_happen() {
        let (ten, twenty, thirty) = (10.days(), 20.days(), 30.days());
        for (old, new, weight) in [
            // All three sides pull one way.
            (sliding(twenty, &["visit", "click"], None), sliding(ten, &["visit"], Some(thirty)), Weight::Less),
            (until(&["left"], twenty, None), until(&["left", "closed"], ten, Some(thirty)), Weight::Less),
            (sliding(twenty, &["visit"], None), sliding(ten, &["visit", "click"], None), Weight::Mixed),
            // The shortest life of what slides is its duration, the longest its cap.
            (sliding(ten, &["visit"], Some(thirty)), fixed(ten), Weight::Less),
            (sliding(ten, &["visit"], Some(thirty)), fixed(twenty), Weight::Mixed),
            (sliding(ten, &["visit"], Some(thirty)), fixed(thirty), Weight::More),
            (until(&["left"], ten, Some(thirty)), fixed(ten), Weight::Less),
            (until(&["left"], ten, Some(thirty)), fixed(thirty), Weight::More),
            // A cap below the period is all that counts.
            (sliding(thirty, &["visit"], Some(ten)), fixed(twenty), Weight::More),
            (until(&["left"], thirty, Some(ten)), fixed(twenty), Weight::More),
            // Two kinds are two promises, though each record lives as long.
            (sliding(ten, &["visit"], Some(ten)), fixed(ten), Weight::Mixed),
        ] {
            assert_eq!(periods(&old, &new), weight, "{old:?} to {new:?}");
            assert_eq!(periods(&new, &old), weight.reversed(), "{new:?} to {old:?}");
        }
    }

    #[test]
    fn a_switch_that_comes_is_weighed_by_what_it_brings() -> Result<(), InvalidId> {
        let rule = |period: &Period, switch: Option<(&str, &Period)>| {
            let switch = switch.map(|(on, then)| {
                Ok(Switch { on: EventName::parse(on)?, then: then.clone(), clause: Clause::new("a") })
            });
            Ok(RetentionRule {
                category: Category::parse("chat")?,
                purpose: Purpose::parse("chat")?,
                period: period.clone(),
                switch: switch.transpose()?,
                action: Action::Delete,
                exemption: None,
                lifecycle: false,
                clause: Clause::new("a"),
            })
        };
        let (year, endless) = (fixed(1.year()), Period::Indefinite);
        for (old, new, weight) in [
            ((&year, None), (&year, Some(("closed", &endless))), Weight::More),
            ((&endless, None), (&endless, Some(("closed", &year))), Weight::Less),
            ((&endless, None), (&endless, Some(("closed", &endless))), Weight::Mixed),
            ((&year, None), (&year, Some(("closed", &year))), Weight::Mixed),
            ((&year, Some(("closed", &year))), (&year, Some(("closed", &year))), Weight::Same),
            ((&year, Some(("closed", &year))), (&year, Some(("left", &year))), Weight::Mixed),
            ((&year, Some(("closed", &year))), (&endless, Some(("closed", &endless))), Weight::More),
        ] {
            let (old, new) = (rule(old.0, old.1)?, rule(new.0, new.1)?);
            assert_eq!(rules(&old, &new), weight, "{old:?} to {new:?}");
            assert_eq!(rules(&new, &old), weight.reversed(), "{new:?} to {old:?}");
        }
        Ok(())
    }
}
