//! Bulk records: the packets of a day, and the day.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use domain::{
    ids::{Field, HoldId, LogId, Purpose},
    log::{DueDay, LogDay, LogPacket},
    policy::{Clause, PolicyHash},
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use super::{Bytes, Kind, Unreadable, VERSION, check, id, ids, millis, record::salt, some_time, time, version};

/// `LOG#{id}` in the partition of a day: entries that came together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What they are kept for.
    pub purpose: String,
    /// When they were made.
    pub at: i64,
    /// The clause whose time they have.
    pub clause: String,
    /// The policy they were registered under.
    pub policy: String,
    /// How many there are.
    pub entries: u64,
    /// [`Entries`], sealed under the key of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Bytes>,
}

impl From<&LogPacket> for Log {
    fn from(packet: &LogPacket) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Log,
            purpose: packet.purpose.to_string(),
            at: millis(packet.occurred_at),
            clause: packet.clause.to_string(),
            policy: packet.policy.as_str().to_owned(),
            entries: packet.entries,
            sealed: None,
        }
    }
}

impl Log {
    /// Reads the packet of that name.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_packet(self, packet: LogId) -> Result<LogPacket, Unreadable> {
        check(self.v, self.kind, Kind::Log)?;
        Ok(LogPacket {
            id: packet,
            purpose: id("purpose", &self.purpose, Purpose::parse)?,
            occurred_at: time("at", self.at)?,
            clause: Clause::new(self.clause),
            policy: PolicyHash::from_hex(self.policy),
            entries: self.entries,
        })
    }
}

/// What a packet holds, as it is sealed. The plain form exists between the table and its reader only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// The form's version.
    pub v: u8,
    entries: Vec<BTreeMap<String, String>>,
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entries(…)")
    }
}

impl Entries {
    /// Takes the entries, to be sealed.
    pub fn new(entries: &[BTreeMap<Field, Sensitive<String>>]) -> Self {
        // Disclosed to the form that is sealed next, and to nothing else.
        let plain = |entry: &BTreeMap<Field, Sensitive<String>>| {
            entry.iter().map(|(field, value)| (field.to_string(), value.disclose().clone())).collect()
        };
        Self { v: VERSION, entries: entries.iter().map(plain).collect() }
    }

    /// Gives the entries back.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_entries(self) -> Result<Vec<BTreeMap<Field, Sensitive<String>>>, Unreadable> {
        version(self.v)?;
        let read = |entry: BTreeMap<String, String>| {
            let field =
                |(field, value): (String, String)| Ok((id("entries", &field, Field::parse)?, Sensitive::new(value)));
            entry.into_iter().map(field).collect::<Result<_, Unreadable>>()
        };
        self.entries.into_iter().map(read).collect()
    }
}

/// `DAY#{day}#{category}`: what a category has due on a day. It is put together by updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When the day begins.
    pub starts_at: i64,
    /// When it ends.
    pub ends_at: i64,
    /// What is kept until then: `{purpose} {clause}` each.
    pub kept: BTreeSet<String>,
    /// What its leaves are salted with.
    pub salt: Bytes,
    /// How many packets were registered.
    pub packets: u64,
    /// How many entries are in them.
    pub entries: u64,
    /// Holds that keep it; absent if none does.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holds: BTreeSet<String>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<i64>,
    /// When its key was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed_at: Option<i64>,
    /// When nothing of it was stored any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<i64>,
}

/// One of [`Day::kept`].
pub fn kept(purpose: &Purpose, clause: &Clause) -> String {
    format!("{purpose} {clause}")
}

impl Day {
    /// Reads the day.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_day(self, category: domain::ids::Category, day: jiff::civil::Date) -> Result<LogDay, Unreadable> {
        check(self.v, self.kind, Kind::Day)?;
        let pair = |text: &String| {
            // A purpose is a name, so it has no blank.
            let (purpose, clause) = text.split_once(' ').ok_or(Unreadable { field: "kept" })?;
            Ok((id("kept", purpose, Purpose::parse)?, Clause::new(clause)))
        };
        Ok(LogDay {
            due: DueDay {
                category,
                day,
                starts_at: time("starts_at", self.starts_at)?,
                ends_at: time("ends_at", self.ends_at)?,
            },
            kept: self.kept.iter().map(pair).collect::<Result<_, Unreadable>>()?,
            salt: salt(&self.salt)?,
            packets: self.packets,
            entries: self.entries,
            holds: ids("holds", &self.holds, HoldId::parse)?,
            closed_at: some_time("closed_at", self.closed_at)?,
            destroyed_at: some_time("destroyed_at", self.destroyed_at)?,
            settled_at: some_time("settled_at", self.settled_at)?,
        })
    }
}
