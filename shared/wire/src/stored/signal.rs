//! A detector's signal, and what staff did about it.

use std::collections::BTreeMap;

use domain::{
    ids::{BreachId, SignalId, StaffId},
    signal::{Dismissal as DomainDismissal, Signal as DomainSignal, SignalSeverity, SignalSource},
};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, millis, name, some_time, time};

/// `SIGNAL#{signal}`. The fields from `risen_to` on change later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Who says it.
    pub source: String,
    /// What kind of finding it is.
    pub what: String,
    /// In a sentence.
    pub title: String,
    /// How grave at first.
    pub severity: String,
    /// The source's own number or word for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// In which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// In which region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The kinds of things, with how many of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, u32>,
    /// The kinds of data, with how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, u32>,
    /// When it happened first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<i64>,
    /// When the source found it.
    pub detected_at: i64,
    /// When it arrived here.
    pub received_at: i64,
    /// How grave it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risen_to: Option<String>,
    /// The source's own number or word for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risen_score: Option<String>,
    /// When the source saw it last.
    pub last_seen_at: i64,
    /// How often it was seen.
    pub times_seen: u32,
    /// When it was dismissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_at: Option<i64>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_reason: Option<String>,
    /// Dismissals that no longer hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Dismissal>,
    /// The breach that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_at: Option<i64>,
    /// It counts changes.
    pub rev: u32,
}

/// A dismissal that no longer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    /// When.
    pub at: i64,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Dismissal {
    fn into_dismissal(self) -> Result<DomainDismissal, Unreadable> {
        let by = id("earlier", &self.by, StaffId::parse)?;
        Ok(DomainDismissal { at: time("earlier", self.at)?, by, reason: self.reason })
    }
}

impl From<&DomainDismissal> for Dismissal {
    fn from(dismissal: &DomainDismissal) -> Self {
        Self { at: millis(dismissal.at), by: dismissal.by.to_string(), reason: dismissal.reason.clone() }
    }
}

impl From<&DomainSignal> for Signal {
    fn from(signal: &DomainSignal) -> Self {
        let dismissed = signal.dismissed.as_ref();
        Self {
            v: VERSION,
            kind: Kind::Signal,
            source: signal.source.as_str().to_owned(),
            what: signal.what.clone(),
            title: signal.title.clone(),
            severity: signal.severity.as_str().to_owned(),
            score: signal.score.clone(),
            account: signal.account.clone(),
            region: signal.region.clone(),
            resources: signal.resources.clone(),
            data: signal.data.clone(),
            occurred_at: signal.occurred_at.map(millis),
            detected_at: millis(signal.detected_at),
            received_at: millis(signal.received_at),
            risen_to: signal.risen.as_ref().map(|(severity, _)| severity.as_str().to_owned()),
            risen_score: signal.risen.as_ref().and_then(|(_, score)| score.clone()),
            last_seen_at: millis(signal.last_seen_at),
            times_seen: signal.times_seen,
            dismissed_at: dismissed.map(|dismissed| millis(dismissed.at)),
            dismissed_by: dismissed.map(|dismissed| dismissed.by.to_string()),
            dismissed_reason: dismissed.map(|dismissed| dismissed.reason.clone()),
            earlier: signal.earlier.iter().map(Dismissal::from).collect(),
            breach: signal.linked.as_ref().map(|(breach, _)| breach.to_string()),
            linked_at: signal.linked.as_ref().map(|(_, at)| millis(*at)),
            rev: signal.version,
        }
    }
}

impl Signal {
    /// Reads the signal of this identifier.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_signal(self, signal: SignalId) -> Result<DomainSignal, Unreadable> {
        check(self.v, self.kind, Kind::Signal)?;
        let dismissed = match (self.dismissed_at, self.dismissed_by, self.dismissed_reason) {
            (Some(at), Some(by), Some(reason)) => {
                let by = id("dismissed_by", &by, StaffId::parse)?;
                Some(DomainDismissal { at: time("dismissed_at", at)?, by, reason })
            }
            (None, None, None) => None,
            _ => return Err(Unreadable { field: "dismissed_at" }),
        };
        let linked = match (self.breach, self.linked_at) {
            (Some(breach), Some(at)) => Some((id("breach", &breach, BreachId::parse)?, time("linked_at", at)?)),
            (None, None) => None,
            _ => return Err(Unreadable { field: "breach" }),
        };
        let risen_score = self.risen_score;
        let risen = self.risen_to.map(|to| name("risen_to", &to, SignalSeverity::parse)).transpose()?;
        Ok(DomainSignal {
            id: signal,
            source: name("source", &self.source, SignalSource::parse)?,
            what: self.what,
            title: self.title,
            severity: name("severity", &self.severity, SignalSeverity::parse)?,
            score: self.score,
            account: self.account,
            region: self.region,
            resources: self.resources,
            data: self.data,
            occurred_at: some_time("occurred_at", self.occurred_at)?,
            detected_at: time("detected_at", self.detected_at)?,
            received_at: time("received_at", self.received_at)?,
            risen: risen.map(|severity| (severity, risen_score)),
            last_seen_at: time("last_seen_at", self.last_seen_at)?,
            times_seen: self.times_seen,
            dismissed,
            earlier: self.earlier.into_iter().map(Dismissal::into_dismissal).collect::<Result<_, _>>()?,
            linked,
            version: self.rev,
        })
    }
}
