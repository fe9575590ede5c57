//! Where the purge of a controller stands, and what was done to it.

use std::collections::BTreeMap;

use domain::{
    purge::{Act, Cause, Control, Deed, State, Tally, Word},
    record::System,
};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, millis, some_time, time};

/// `PURGE`: whether a controller's purge goes on, and how much was deleted on which day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// How often it was written.
    pub rev: u64,
    /// `running`, `paused` or `stopped`.
    pub state: String,
    /// Since when it is paused or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Why it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<StopCause>,
    /// The latest day on which something was deleted.
    pub day: String,
    /// What was deleted on it, by system.
    pub today: BTreeMap<String, u64>,
    /// How many were deleted on each day before.
    pub days: BTreeMap<String, u64>,
    /// How many more may be deleted beyond the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<u64>,
    /// Up to which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_until: Option<String>,
}

/// Why a purge was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopCause {
    /// `volume` or `share`.
    pub rule: String,
    /// The system whose share it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// How many deletions there would have been.
    pub wanted: u64,
    /// How many there may be.
    pub limit: u64,
}

impl From<&Cause> for StopCause {
    fn from(cause: &Cause) -> Self {
        let (wanted, limit) = cause.numbers();
        let system = cause.system().map(|system| system.as_str().to_owned());
        Self { rule: cause.rule().to_owned(), system, wanted, limit }
    }
}

impl StopCause {
    fn into_cause(self) -> Result<Cause, Unreadable> {
        let Self { rule, system, wanted, limit } = self;
        match (rule.as_str(), system) {
            ("volume", None) => Ok(Cause::Volume { wanted, limit }),
            ("share", Some(system)) => {
                Ok(Cause::Share { system: System::parse(&system).ok_or(Unreadable { field: "cause" })?, wanted, limit })
            }
            _ => Err(Unreadable { field: "cause" }),
        }
    }
}

impl From<&Control> for Purge {
    fn from(control: &Control) -> Self {
        let (since, cause) = match &control.state {
            State::Running => (None, None),
            State::Paused { since } => (Some(millis(*since)), None),
            State::Stopped { since, cause } => (Some(millis(*since)), Some(StopCause::from(cause))),
        };
        Self {
            v: VERSION,
            kind: Kind::Purge,
            rev: control.revision,
            state: control.state.as_str().to_owned(),
            since,
            cause,
            day: control.day.to_string(),
            today: control.today.systems().map(|(system, records)| (system.as_str().to_owned(), records)).collect(),
            days: control.days.iter().map(|(day, records)| (day.to_string(), *records)).collect(),
            allowed: control.allowance.map(|(records, _)| records),
            allowed_until: control.allowance.map(|(_, until)| until.to_string()),
        }
    }
}

impl Purge {
    /// Reads where it stands.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_control(self) -> Result<Control, Unreadable> {
        check(self.v, self.kind, Kind::Purge)?;
        let since = some_time("since", self.since)?;
        let cause = self.cause.map(StopCause::into_cause).transpose()?;
        let state = match (self.state.as_str(), since, cause) {
            ("running", None, None) => State::Running,
            ("paused", Some(since), None) => State::Paused { since },
            ("stopped", Some(since), Some(cause)) => State::Stopped { since, cause },
            _ => return Err(Unreadable { field: "state" }),
        };
        let day = |field, day: &str| day.parse().map_err(|_| Unreadable { field });
        let mut today = Tally::default();
        for (system, records) in &self.today {
            today.add(&System::parse(system).ok_or(Unreadable { field: "today" })?, *records);
        }
        let days = self.days.iter().map(|(on, records)| Ok((day("days", on)?, *records)));
        let allowance = match (self.allowed, &self.allowed_until) {
            (Some(records), Some(until)) => Some((records, day("allowed_until", until)?)),
            (None, None) => None,
            _ => return Err(Unreadable { field: "allowed" }),
        };
        Ok(Control {
            state,
            day: day("day", &self.day)?,
            today,
            days: days.collect::<Result<_, Unreadable>>()?,
            allowance,
            revision: self.rev,
        })
    }
}

/// `PURGE-DEED#{time}`: something that was done to a controller's purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeDeed {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When.
    pub at: i64,
    /// Who did it.
    pub by: String,
    /// `pause`, `resume`, `allow` or `stop`.
    pub deed: String,
    /// How many more were allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Why it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<StopCause>,
    /// Why, in their own words.
    pub reason: String,
}

impl From<&Act> for PurgeDeed {
    fn from(act: &Act) -> Self {
        let (records, cause) = match &act.deed {
            Deed::Said(Word::Allow(records)) => (Some(*records), None),
            Deed::Said(_) => (None, None),
            Deed::Stopped(cause) => (None, Some(StopCause::from(cause))),
        };
        Self {
            v: VERSION,
            kind: Kind::Deed,
            at: millis(act.at),
            by: act.by.clone(),
            deed: act.deed.as_str().to_owned(),
            records,
            cause,
            reason: act.reason.clone(),
        }
    }
}

impl PurgeDeed {
    /// Reads what was done.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_act(self) -> Result<Act, Unreadable> {
        check(self.v, self.kind, Kind::Deed)?;
        let cause = self.cause.map(StopCause::into_cause).transpose()?;
        let deed = match (self.deed.as_str(), self.records, cause) {
            ("pause", None, None) => Deed::Said(Word::Pause),
            ("resume", None, None) => Deed::Said(Word::Resume),
            ("allow", Some(records), None) => Deed::Said(Word::Allow(records)),
            ("stop", None, Some(cause)) => Deed::Stopped(cause),
            _ => return Err(Unreadable { field: "deed" }),
        };
        Ok(Act { at: time("at", self.at)?, by: self.by, deed, reason: self.reason })
    }
}
