//! The purge of a controller as its staff see it and speak to it.

use std::collections::BTreeMap;

use domain::purge::{Act, Cause, Control, Deed, Limits, State, Word};
use serde::{Deserialize, Serialize};

use crate::{form::FormError, stored::purge::StopCause};

/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

/// `POST /{controller}/v1/purge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeForm {
    /// `pause`, `resume` or `allow`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// With `allow`: how many more may be deleted beyond the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
}

impl PurgeForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<(Word, String), FormError> {
        let word = match (self.action.as_str(), self.records) {
            ("pause", None) => Word::Pause,
            ("resume", None) => Word::Resume,
            ("allow", Some(1..)) => Word::Allow(self.records.unwrap_or_default()),
            ("allow", _) => return Err(FormError::new("/records", "allow says how many records, at least one")),
            ("pause" | "resume", Some(_)) => return Err(FormError::new("/records", "only allow says how many")),
            _ => return Err(FormError::new("/action", "use one of pause, resume, allow")),
        };
        let reason = self.reason.trim();
        if reason.is_empty() || reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
            let rule = format!("say why in 1 to {REASON_BYTES_MAX} bytes, on one line");
            return Err(FormError::new("/reason", rule));
        }
        Ok((word, reason.to_owned()))
    }
}

/// Where the purge of a controller stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// `running`, `paused` or `stopped`.
    pub state: String,
    /// Since when it is paused or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Why it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StopCause>,
    /// The latest day on which something was deleted; absent if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// What was deleted on it, by system.
    pub today: BTreeMap<String, u64>,
    /// The most that was deleted on any of the last days.
    pub usual: u64,
    /// From where on a day's deletions are too many.
    pub limit: u64,
    /// How many more may be deleted beyond that, since somebody allowed it, and up to which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Allowed>,
    /// What is due, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueForm>,
    /// What was done to it, the newest first.
    pub trail: Vec<TrailForm>,
}

/// What may be deleted beyond the limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// How many more.
    pub records: u64,
    /// Up to which day.
    pub until: String,
}

/// Something that was done to a controller's purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailForm {
    /// When.
    pub at: String,
    /// Who did it: `purge` for the purge itself.
    pub by: String,
    /// `pause`, `resume`, `allow` or `stop`.
    pub action: String,
    /// How many more were allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Why it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StopCause>,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl From<&Act> for TrailForm {
    fn from(act: &Act) -> Self {
        let (records, stopped_by) = match &act.deed {
            Deed::Said(Word::Allow(records)) => (Some(*records), None),
            Deed::Said(_) => (None, None),
            Deed::Stopped(cause) => (None, Some(StopCause::from(cause))),
        };
        Self {
            at: act.at.to_string(),
            by: act.by.clone(),
            action: act.deed.as_str().to_owned(),
            records,
            stopped_by,
            reason: act.reason.clone(),
        }
    }
}

/// What is due, counted by a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DueForm {
    /// How many records in all.
    pub records: u64,
    /// How many of what.
    pub groups: Vec<DueGroup>,
    /// Some of them, by reference.
    pub sample: Vec<DueSample>,
    /// Entries of the index that cannot be read.
    pub unreadable: u64,
    /// The controllers whose purge so much would stop, or which are stopped, and why.
    pub stops: BTreeMap<String, StopCause>,
    /// Whether there was time to count all of it.
    pub is_complete: bool,
}

/// Records that have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueGroup {
    /// Whose.
    pub controller: String,
    /// What they are.
    pub category: String,
    /// The clause whose time is up.
    pub clause: String,
    /// Where they are.
    pub system: String,
    /// How many.
    pub records: u64,
}

/// One record that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueSample {
    /// Whose.
    pub controller: String,
    /// About whom, by reference.
    pub subject: String,
    /// Which, by reference.
    pub record: String,
}

impl DueForm {
    /// Says why a controller's purge would stop.
    #[must_use]
    pub fn with_stop(mut self, controller: &str, cause: &Cause) -> Self {
        self.stops.insert(controller.to_owned(), StopCause::from(cause));
        self
    }
}

impl PurgeAnswer {
    /// Writes where it stands.
    pub fn new(controller: &str, control: &Control, limits: &Limits, due: Option<DueForm>, acts: &[Act]) -> Self {
        let (since, stopped_by) = match &control.state {
            State::Running => (None, None),
            State::Paused { since } => (Some(since.to_string()), None),
            State::Stopped { since, cause } => (Some(since.to_string()), Some(StopCause::from(cause))),
        };
        Self {
            v: 1,
            controller: controller.to_owned(),
            state: control.state.as_str().to_owned(),
            since,
            stopped_by,
            day: (control.revision > 0 && control.today.total() > 0).then(|| control.day.to_string()),
            today: control.today.systems().map(|(system, records)| (system.as_str().to_owned(), records)).collect(),
            usual: control.usual(),
            limit: control.limit(limits),
            allowed: control.allowance.map(|(records, until)| Allowed { records, until: until.to_string() }),
            due,
            trail: acts.iter().map(TrailForm::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(action: &str, reason: &str, records: Option<u64>) -> Result<(Word, String), FormError> {
        PurgeForm { action: action.into(), reason: reason.into(), records }.parse()
    }

    #[test]
    fn a_word_is_said_with_its_reason_and_its_number() {
        assert_eq!(form("pause", " an inspection ", None).unwrap(), (Word::Pause, "an inspection".into()));
        assert_eq!(form("allow", "as announced", Some(7)).unwrap().0, Word::Allow(7));
        for (action, reason, records, pointer) in [
            ("stop", "x", None, "/action"),
            ("pause", "", None, "/reason"),
            ("pause", "a\nb", None, "/reason"),
            ("pause", "x", Some(1), "/records"),
            ("allow", "x", None, "/records"),
            ("allow", "x", Some(0), "/records"),
        ] {
            assert_eq!(form(action, reason, records).unwrap_err().pointer, pointer, "{action} {reason:?} {records:?}");
        }
        assert_eq!(form("resume", &"x".repeat(REASON_BYTES_MAX + 1), None).unwrap_err().pointer, "/reason");
    }
}
