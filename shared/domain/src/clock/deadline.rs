//! Clocks that run from one event to one deadline: those of breaches, and whatever else has one anchor.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use super::{
    Anchor, ClockError, Due, Duty, Law, OutOfCalendar, Period, Rule, Site, Step,
    count::{Counter, hours_article, rows},
};

/// What happened, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events(BTreeMap<Anchor, Timestamp>);

impl Events {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Notes an event; of two of a kind the earlier counts.
    pub fn note(&mut self, anchor: Anchor, at: Timestamp) {
        self.0.entry(anchor).and_modify(|earlier| *earlier = at.min(*earlier)).or_insert(at);
    }

    /// Notes that the processor told the controller: that makes the controller aware (EDPB Guidelines 9/2022, 44).
    pub fn processor_informed_controller(&mut self, at: Timestamp) {
        self.note(Anchor::Awareness, at);
    }

    /// When it happened.
    pub fn at(&self, anchor: Anchor) -> Option<Timestamp> {
        self.0.get(&anchor).copied()
    }
}

/// By when a duty must be done, from the event that its row names. Where a law has several rows for one duty, as DORA
/// has, the earliest rules.
///
/// # Errors
/// [`ClockError`] where the law sets no date, its event is not known, or no date can be computed.
pub fn deadline(law: Law, duty: Duty, events: &Events, site: &Site) -> Result<Due, ClockError> {
    let mut earliest: Option<Due> = None;
    let mut refused = ClockError::NoRule { law, duty };
    for rule in rows(law, duty) {
        match due_by(rule, events, site) {
            Ok(due) if earliest.as_ref().is_none_or(|earliest| due.at < earliest.at) => earliest = Some(due),
            Ok(_) => {}
            // What could not be counted at all must not hide behind a row that could.
            Err(error @ (ClockError::OutOfCalendar | ClockError::NoHolidays { .. })) => return Err(error),
            Err(error) => refused = error,
        }
    }
    earliest.ok_or(refused)
}

/// By when one row asks for its duty; [`deadline`] weighs all rows of one.
///
/// # Errors
/// [`ClockError`] where it sets no date, its event is not known, or no date can be computed.
pub fn due_by(rule: &'static Rule, events: &Events, site: &Site) -> Result<Due, ClockError> {
    let (law, duty, article) = (rule.law, rule.duty, rule.article);
    let counter = Counter::new(law, site);
    if let Period::Words(words) = rule.period {
        return Err(ClockError::NoDate { law, duty, words, article });
    }
    let anchor = events.at(rule.anchor).ok_or(ClockError::NoAnchor { law, duty, anchor: rule.anchor })?;
    let start = counter.day_of(anchor);
    if let Period::Hours(hours) = rule.period {
        let at = anchor.checked_add(i64::from(hours).hours()).map_err(|_| OutOfCalendar)?;
        let last = at.checked_sub(1.nanosecond()).map_err(|_| OutOfCalendar)?;
        let last_day = counter.day_of(last);
        let steps = vec![
            Step::new(format!("{} at {anchor}", rule.anchor), start, article),
            Step::new(
                format!("{} on the clock, through weekends and changes of clock: {at}", rule.period),
                last_day,
                hours_article(law, article),
            ),
        ];
        return Ok(Due { last_day, at, is_instant: true, law, duty, article, stands: None, steps });
    }
    let mut steps = vec![counter.anchored(rule.anchor.title(), start, rule)];
    let (last_day, counted) = counter.last_day(rule, rule.period, start, 0)?;
    steps.extend(counted);
    Ok(Due { last_day, at: counter.end_of(last_day)?, is_instant: false, law, duty, article, stands: None, steps })
}
