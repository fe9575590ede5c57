//! When a record's time is up: a pure function of the rule and of what happened to the record.
//!
//! Late, duplicate and out-of-order events give the same end, since the clock keeps what happened
//! and folds it by when it happened (`docs/DATA_MODEL.md`, retention clocks).

use std::collections::BTreeMap;

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
    /// The first time that each other event was seen: an ended contract does not end again.
    pub firsts: BTreeMap<EventName, Timestamp>,
}

/// A rule that cannot be counted: a duration past the calendar's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfCalendar;

impl std::fmt::Display for OutOfCalendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// How a rule listens to an event.
enum Heard<'a> {
    /// It starts a period anew; how long each of those is that it starts: the rule's own, and the switch's.
    Renewal(Vec<&'a SpanFieldwise>),
    /// Its first time counts.
    First,
}

impl<'a> Heard<'a> {
    fn of(rule: &'a RetentionRule, event: &EventName) -> Option<Self> {
        let periods = [Some(&rule.period), rule.switch.as_ref().map(|switch| &switch.then)];
        let renewed = periods.into_iter().flatten().filter_map(|period| match period {
            Period::Sliding { duration, renew_on, .. } if renew_on.contains(event) => Some(duration),
            _ => None,
        });
        let renewed: Vec<_> = renewed.collect();
        let is_first = rule.switch.as_ref().is_some_and(|switch| switch.on == *event)
            || periods.into_iter().flatten().any(|period| period.listens_to(event));
        if !renewed.is_empty() {
            return Some(Self::Renewal(renewed));
        }
        is_first.then_some(Self::First)
    }
}

impl RetentionClock {
    /// Starts the clock of a record made then.
    pub const fn new(created_at: Timestamp) -> Self {
        Self { created_at, renewals: BTreeMap::new(), firsts: BTreeMap::new() }
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
        match Heard::of(rule, event).filter(|_| at >= self.created_at) {
            Some(Heard::Renewal(durations)) => self.renew(at, &durations, zone)?,
            Some(Heard::First) => self.note_first(event, at),
            None => {}
        }
        Ok(())
    }

    /// Notes an event of a record that had ended under another rule. The event stays known, but joins no run of
    /// renewals: a run is a life, and this one was over.
    pub(crate) fn note_past_end(&mut self, rule: &RetentionRule, event: &EventName, at: Timestamp) {
        match Heard::of(rule, event).filter(|_| at >= self.created_at) {
            // What lies in a run stands already.
            Some(Heard::Renewal(_)) if self.renewals.range(..=at).next_back().is_none_or(|(_, last)| *last < at) => {
                self.renewals.insert(at, at);
                self.forget_newest_runs();
            }
            Some(Heard::First) => self.note_first(event, at),
            Some(Heard::Renewal(_)) | None => {}
        }
    }

    /// The latest time that the clock knows to have come.
    pub(crate) fn reached(&self) -> Timestamp {
        let renewed = self.renewals.values().max();
        self.firsts.values().chain(renewed).copied().fold(self.created_at, Timestamp::max)
    }

    fn note_first(&mut self, event: &EventName, at: Timestamp) {
        let first = self.firsts.entry(event.clone()).or_insert(at);
        *first = at.min(*first);
    }

    fn forget_newest_runs(&mut self) {
        while self.renewals.len() > RENEWAL_RUNS_MAX {
            self.renewals.pop_last();
        }
    }

    fn renew(&mut self, at: Timestamp, durations: &[&SpanFieldwise], zone: &TimeZone) -> Result<(), OutOfCalendar> {
        // One run must hold together under each of the periods.
        let joins = |earlier, later| {
            durations.iter().try_fold(true, |joins, duration| Ok(joins && later <= after(earlier, duration, zone)?))
        };
        if self.renewals.range(..=at).next_back().is_some_and(|(_, last)| at <= *last) {
            return Ok(());
        }
        let (mut first, mut last) = (at, at);
        if let Some((&start, &end)) = self.renewals.range(..at).next_back()
            && joins(end, at)?
        {
            first = start;
        }
        if let Some((&start, &end)) = self.renewals.range(at..).next()
            && joins(at, start)?
        {
            self.renewals.remove(&start);
            last = end;
        }
        self.renewals.insert(first, last);
        self.forget_newest_runs();
        Ok(())
    }

    /// When the record's time is up; `None` while nothing ends it.
    ///
    /// # Errors
    /// [`OutOfCalendar`] if the rule's duration cannot be added.
    pub fn due(&self, rule: &RetentionRule, zone: &TimeZone) -> Result<Option<Timestamp>, OutOfCalendar> {
        match (&rule.switch, self.switched_at(rule, zone)?) {
            (Some(switch), Some(at)) => self.end_of(&switch.then, at, zone),
            _ => self.end_of(&rule.period, self.created_at, zone),
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
        let base = self.end_of(&rule.period, self.created_at, zone)?;
        Ok(base.is_none_or(|due| at <= due).then_some(at))
    }

    fn end_of(&self, period: &Period, from: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, OutOfCalendar> {
        match period {
            Period::Indefinite => Ok(None),
            Period::Fixed { duration } => after(from, duration, zone).map(Some),
            Period::Sliding { duration, max, .. } => {
                // A renewal after the end revives nothing: the first run out of reach ends the walk.
                let mut last = from;
                for (&start, &end) in &self.renewals {
                    if start > after(last, duration, zone)? {
                        break;
                    }
                    last = last.max(end);
                }
                let end = after(last, duration, zone)?;
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
