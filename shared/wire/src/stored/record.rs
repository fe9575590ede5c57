//! A retained record and its clock; the triggers that wait for records; the index entry.

use std::collections::BTreeMap;

use domain::{
    ids::{Category, EventName, HoldId, PointHash, Purpose, RecordId, SubjectRef},
    policy::{Clause, PolicyHash},
    record::{Record as DomainRecord, System},
    retention::RetentionClock,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Bytes, Kind, Unreadable, VERSION, check, id, ids, millis, name, some_time, time};

/// `RECORD#{record}`.
///
/// `ends_at` is when its time is up and stays when a hold takes the record out of the index; the
/// index's own `due_at` is written beside it by the table while nothing holds the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What the record is.
    pub category: String,
    /// What it is kept for.
    pub purpose: String,
    /// Which system keeps it.
    pub system: String,
    /// When it was made.
    pub created_at: i64,
    /// Runs of renewals, flat: first, last, first, last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renewals: Vec<i64>,
    /// Those of the period that a switch starts; absent in what was written while both had the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewals_switched: Option<Vec<i64>>,
    /// First times of other events.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub firsts: BTreeMap<String, i64>,
    /// When its time is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// The clause whose clock that is.
    pub clause: String,
    /// The policy it was last planned under.
    pub policy: String,
    /// Holds that keep it; absent if there are none, since a set is never empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serde_dynamo::string_set")]
    pub holds: Vec<String>,
    /// Keyed hashes of its fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<String>,
    /// What its leaf is salted with.
    pub salt: Bytes,
    /// How often it was changed.
    pub rev: u64,
    /// Its content, sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Bytes>,
}

impl From<&DomainRecord> for Record {
    /// The record without its content.
    fn from(record: &DomainRecord) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Record,
            category: record.category.to_string(),
            purpose: record.purpose.to_string(),
            system: record.system.as_str().to_owned(),
            created_at: millis(record.clock.created_at),
            renewals: runs(&record.clock.renewals),
            // Nothing beside nothing is left out: it reads as the same.
            renewals_switched: (record.clock.renewals != record.clock.switched).then(|| runs(&record.clock.switched)),
            firsts: record.clock.firsts.iter().map(|(event, at)| (event.to_string(), millis(*at))).collect(),
            ends_at: record.due_at.map(millis),
            clause: record.clause.to_string(),
            policy: record.policy.as_str().to_owned(),
            holds: record.holds.iter().map(ToString::to_string).collect(),
            points: record.points.iter().map(|point| point.as_str().to_owned()).collect(),
            salt: Bytes(record.salt.to_vec()),
            rev: record.revision,
            sealed: None,
        }
    }
}

impl Record {
    /// Reads the record that stands under this subject and identifier.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_record(self, subject: SubjectRef, record: RecordId) -> Result<DomainRecord, Unreadable> {
        check(self.v, self.kind, Kind::Record)?;
        let mut clock = RetentionClock::new(time("created_at", self.created_at)?);
        clock.renewals = runs_of("renewals", &self.renewals)?;
        clock.switched = runs_of("renewals_switched", self.renewals_switched.as_ref().unwrap_or(&self.renewals))?;
        for (event, at) in &self.firsts {
            clock.firsts.insert(id("firsts", event, EventName::parse)?, time("firsts", *at)?);
        }
        Ok(DomainRecord {
            id: record,
            subject,
            category: id("category", &self.category, Category::parse)?,
            purpose: id("purpose", &self.purpose, Purpose::parse)?,
            system: name("system", &self.system, System::parse)?,
            clock,
            due_at: some_time("ends_at", self.ends_at)?,
            clause: Clause::new(self.clause),
            policy: PolicyHash::from_hex(self.policy),
            holds: ids("holds", &self.holds, HoldId::parse)?,
            points: self.points.into_iter().map(PointHash::from_stored).collect(),
            salt: salt(&self.salt)?,
            revision: self.rev,
        })
    }
}

fn runs(runs: &BTreeMap<Timestamp, Timestamp>) -> Vec<i64> {
    runs.iter().flat_map(|(first, last)| [millis(*first), millis(*last)]).collect()
}

fn runs_of(field: &'static str, flat: &[i64]) -> Result<BTreeMap<Timestamp, Timestamp>, Unreadable> {
    let run = |run: &[i64]| match run {
        [first, last] => Ok((time(field, *first)?, time(field, *last)?)),
        _ => Err(Unreadable { field }),
    };
    flat.chunks(2).map(run).collect()
}

pub(super) fn salt(bytes: &Bytes) -> Result<[u8; 16], Unreadable> {
    bytes.0.as_slice().try_into().map_err(|_| Unreadable { field: "salt" })
}

/// `TRIGGER#{event}` or `TRIGGER#{event}#{purpose}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What happened.
    pub event: String,
    /// For which purpose; absent: for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// When it was seen first.
    pub first_at: i64,
    /// When it was seen last.
    pub last_at: i64,
    /// When it was seen; absent in what was written before there were any.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serde_dynamo::number_set")]
    pub times: Vec<i64>,
}

/// A trigger's parts: event, purpose, first and last time, and those that are kept.
pub type TriggerParts = (EventName, Option<Purpose>, Timestamp, Timestamp, Vec<Timestamp>);

impl Trigger {
    /// A trigger seen once.
    pub fn new(event: &EventName, purpose: Option<&Purpose>, at: Timestamp) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Trigger,
            event: event.to_string(),
            purpose: purpose.map(ToString::to_string),
            first_at: millis(at),
            last_at: millis(at),
            times: vec![millis(at)],
        }
    }

    /// Reads the trigger.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_parts(self) -> Result<TriggerParts, Unreadable> {
        check(self.v, self.kind, Kind::Trigger)?;
        Ok((
            id("event", &self.event, EventName::parse)?,
            self.purpose.map(|purpose| id("purpose", &purpose, Purpose::parse)).transpose()?,
            time("first_at", self.first_at)?,
            time("last_at", self.last_at)?,
            self.times.iter().map(|at| time("times", *at)).collect::<Result<_, _>>()?,
        ))
    }
}
