//! When a record's time is up: a pure function of the rule and of what happened to the record.
//!
//! Late, duplicate and out-of-order events give the same end, since the clock keeps what happened
//! and folds it by when it happened (`docs/DATA_MODEL.md`, retention clocks).

use std::{collections::BTreeMap, fmt};

use jiff::{SpanFieldwise, Timestamp, tz::TimeZone};

use crate::{
    ids::EventName,
    policy::{Period, RetentionRule},
};

/// The event that the withdrawal of a consent raises (GDPR Art. 7(3), 17(1)(b)).
pub const CONSENT_WITHDRAWN: &str = "consent.withdrawn";

/// How many separate runs of renewals are remembered for one record while visits in between may
/// still arrive. Beyond them the newest are forgotten.
pub const RENEWAL_RUNS_MAX: usize = 64;

/// What has happened to a record, as far as its rule listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionClock {
    /// When the record was made.
    pub created_at: Timestamp,
    /// Renewals as runs, first to last: within a run each came while the one before still counted.
    /// A run that the record's life does not reach waits for the visits in between.
    pub renewals: BTreeMap<Timestamp, Timestamp>,
    /// Those of the period that a switch starts: it may be renewed by other events, and runs otherwise.
    pub switched: BTreeMap<Timestamp, Timestamp>,
    /// The first time that each other event was seen: an ended contract does not end again.
    pub firsts: BTreeMap<EventName, Timestamp>,
}

/// A rule that cannot be counted: a duration past the calendar's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfCalendar;

impl fmt::Display for OutOfCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the duration runs past the end of the calendar")
    }
}

impl std::error::Error for OutOfCalendar {}

/// Adds a calendar duration in the law's zone: P1M from 31 January ends on the last day of
/// February, and P100D are a hundred days of that zone.
///
/// # Errors
/// [`OutOfCalendar`] past the year 9999.
pub fn after(start: Timestamp, duration: &SpanFieldwise, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    start.to_zoned(zone.clone()).checked_add(duration.0).map(|end| end.timestamp()).map_err(|_| OutOfCalendar)
}

/// How a rule listens to an event: as a renewal, as something whose first time counts, or as both.
struct Heard<'a> {
    /// How long the rule's own period is, if it is renewed.
    base: Option<&'a SpanFieldwise>,
    /// How long the switch's is, if that is renewed.
    switched: Option<&'a SpanFieldwise>,
    /// Whether its first time counts.
    is_first: bool,
}

impl<'a> Heard<'a> {
    fn of(rule: &'a RetentionRule, event: &EventName) -> Self {
        let then = rule.switch.as_ref().map(|switch| &switch.then);
        let renewed = |period: &'a Period| match period {
            Period::Sliding { duration, renew_on, .. } => renew_on.contains(event).then_some(duration),
            _ => None,
        };
        let ends = |period: &Period| matches!(period, Period::UntilEvent { events, .. } if events.contains(event));
        Self {
            base: renewed(&rule.period),
            switched: then.and_then(renewed),
            is_first: rule.switch.as_ref().is_some_and(|switch| switch.on == *event)
                || ends(&rule.period)
                || then.is_some_and(ends),
        }
    }
}

/// Renewals as runs, first to last.
struct Runs<'a>(&'a mut BTreeMap<Timestamp, Timestamp>);

impl Runs<'_> {
    fn hold(&self, at: Timestamp) -> bool {
        self.0.range(..=at).any(|(_, last)| at <= *last)
    }

    fn insert(&mut self, first: Timestamp, last: Timestamp) {
        self.0.insert(first, last);
        while self.0.len() > RENEWAL_RUNS_MAX {
            self.0.pop_last();
        }
    }

    /// Notes a renewal, and keeps no more of it than may ever count.
    ///
    /// Within a run each renewal comes while the one before counts, and gives no earlier end than that: so the run's
    /// last one speaks for all. Months and changes of the clocks make it possible that a later renewal gives an
    /// earlier end (30 January, 23:00 and 31 January, 1:00 both go to 28 February); then both are kept.
    fn renew(&mut self, at: Timestamp, duration: &SpanFieldwise, zone: &TimeZone) -> Result<(), OutOfCalendar> {
        let end_of = |renewal| after(renewal, duration, zone);
        let joins = |earlier, later| Ok(later <= end_of(earlier)? && end_of(earlier)? <= end_of(later)?);
        let own = end_of(at)?;
        for last in self.0.range(..=at).map(|(_, last)| *last).filter(|last| at <= *last) {
            if own <= end_of(last)? {
                return Ok(());
            }
        }
        let (mut first, mut last) = (at, at);
        if !self.hold(at) {
            let before = self.0.range(..at).max_by_key(|(_, last)| **last).map(|(first, last)| (*first, *last));
            if let Some((start, end)) = before
                && joins(end, at)?
            {
                first = start;
            }
            if let Some((&start, &end)) = self.0.range(at..).next()
                && joins(at, start)?
            {
                self.0.remove(&start);
                last = end;
            }
        }
        self.insert(first, last);
        Ok(())
    }
}

impl RetentionClock {
    /// Starts the clock of a record made then.
    pub const fn new(created_at: Timestamp) -> Self {
        Self { created_at, renewals: BTreeMap::new(), switched: BTreeMap::new(), firsts: BTreeMap::new() }
    }

    /// Notes an event, whenever it arrives. What happened before the record was made, and what its
    /// rule does not listen to, changes nothing.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn note(
        &mut self,
        rule: &RetentionRule,
        event: &EventName,
        at: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), OutOfCalendar> {
        if at < self.created_at {
            return Ok(());
        }
        let heard = Heard::of(rule, event);
        for (renewed, runs) in [(heard.base, &mut self.renewals), (heard.switched, &mut self.switched)] {
            if let Some(duration) = renewed {
                Runs(runs).renew(at, duration, zone)?;
            }
        }
        if heard.is_first {
            self.note_first(event, at);
        }
        Ok(())
    }

    /// Notes an event after the end of a record that had ended under another rule. The event stays known, but joins no
    /// run of renewals: a run is a life, and this one was over.
    pub(crate) fn note_past_end(&mut self, rule: &RetentionRule, event: &EventName, at: Timestamp) {
        let heard = Heard::of(rule, event);
        for (renewed, runs) in [(heard.base, &mut self.renewals), (heard.switched, &mut self.switched)] {
            let mut runs = Runs(runs);
            // What lies in a run stands already.
            if renewed.is_some() && !runs.hold(at) {
                runs.insert(at, at);
            }
        }
        if heard.is_first {
            self.note_first(event, at);
        }
    }

    /// The latest time that the clock knows to have come.
    pub(crate) fn reached(&self) -> Timestamp {
        let renewed = self.renewals.values().chain(self.switched.values());
        self.firsts.values().chain(renewed).copied().fold(self.created_at, Timestamp::max)
    }

    fn note_first(&mut self, event: &EventName, at: Timestamp) {
        let first = self.firsts.entry(event.clone()).or_insert(at);
        *first = at.min(*first);
    }

    /// When the record's time is up; `None` while nothing ends it.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn due(&self, rule: &RetentionRule, zone: &TimeZone) -> Result<Option<Timestamp>, OutOfCalendar> {
        match (&rule.switch, self.switched_at(rule, zone)?) {
            (Some(switch), Some(at)) => self.end_of(&switch.then, at, &self.switched, zone),
            _ => self.end_of(&rule.period, self.created_at, &self.renewals, zone),
        }
    }

    /// When the rule's switch took over from its base period, if it did.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn switched_at(&self, rule: &RetentionRule, zone: &TimeZone) -> Result<Option<Timestamp>, OutOfCalendar> {
        let Some(&at) = rule.switch.as_ref().and_then(|switch| self.firsts.get(&switch.on)) else { return Ok(None) };
        // A message in a session that had already run out starts a new session; it does not bring
        // the old one back.
        let base = self.end_of(&rule.period, self.created_at, &self.renewals, zone)?;
        Ok(base.is_none_or(|due| at <= due).then_some(at))
    }

    fn end_of(
        &self,
        period: &Period,
        from: Timestamp,
        renewals: &BTreeMap<Timestamp, Timestamp>,
        zone: &TimeZone,
    ) -> Result<Option<Timestamp>, OutOfCalendar> {
        match period {
            Period::Indefinite => Ok(None),
            Period::Fixed { duration } => after(from, duration, zone).map(Some),
            Period::Sliding { duration, max, .. } => {
                // A renewal after the end revives nothing: the first run out of reach ends the walk. Nor does a later
                // renewal ever give an earlier end.
                let mut end = after(from, duration, zone)?;
                for (&first, &last) in renewals {
                    if first > end {
                        break;
                    }
                    end = end.max(after(last, duration, zone)?);
                }
                let cap = max.as_ref().map(|max| after(from, max, zone)).transpose()?;
                Ok(Some(cap.map_or(end, |cap| end.min(cap))))
            }
            Period::UntilEvent { events, grace, max } => {
                let ended = events.iter().filter_map(|event| self.firsts.get(event)).filter(|at| **at >= from).min();
                let ended = ended.map(|at| after(*at, grace, zone)).transpose()?;
                let max = max.as_ref().map(|max| after(from, max, zone)).transpose()?;
                Ok(match (ended, max) {
                    (Some(ended), Some(max)) => Some(ended.min(max)),
                    (ended, max) => ended.or(max),
                })
            }
        }
    }
}
