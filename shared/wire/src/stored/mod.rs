//! What is stored, form by form, each with its version (`docs/DATA_MODEL.md`).
//!
//! A form holds what an item says. Where it lies (its key, its place in the due index, its TTL) is
//! written by `aws::table`, so a form reads the same from a table, a stream image or a fixture.

pub mod attestation;
pub mod breach;
pub mod challenge;
pub mod consent;
pub mod content;
pub mod count;
pub mod deletion;
pub mod disclosure;
pub mod entry;
pub mod export;
pub mod hold;
pub mod instructions;
pub mod log;
pub mod mail;
pub mod notice;
pub mod planning;
pub mod purge;
pub mod record;
pub mod request;
pub mod signal;
pub mod system;
pub mod tombstone;
pub mod walk;

use std::fmt;

use domain::ids::InvalidId;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The version of every form in this module.
pub const VERSION: u8 = 1;

/// What an item is, as its attribute `kind` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A consent capture.
    Consent,
    /// A request as it came in.
    Request,
    /// The verification of a request.
    Verified,
    /// The decision on a request.
    Decided,
    /// An entry of a request's history.
    Entry,
    /// Whose a request is, by its number.
    Whose,
    /// A part of an erasure as planned.
    Plan,
    /// The claim of one mail.
    Mail,
    /// A retained record.
    Record,
    /// Times of an event for records that are not yet registered.
    Trigger,
    /// A legal hold.
    Hold,
    /// A breach.
    Breach,
    /// An entry of a breach's history.
    #[serde(rename = "breach-entry")]
    BreachEntry,
    /// One person's notice of an announcement.
    Notice,
    /// A public alert.
    Alert,
    /// A deadline's warning.
    Warned,
    /// A disclosure to a recipient.
    Disclosure,
    /// A published version of the notice.
    Change,
    /// An attestation of one day.
    Attestation,
    /// The end of a statement's latest attestation.
    Attested,
    /// How a system of the controller's does.
    System,
    /// A task that waits for its outcome.
    Task,
    /// Where the codes of a request stand.
    Challenge,
    /// That a code is to be sent.
    Code,
    /// That an account token was shown.
    Token,
    /// A count against a limit.
    Limit,
    /// How many records of a system are stored.
    Stored,
    /// How far a walk has come.
    Walk,
    /// That a person was erased.
    Tombstone,
    /// Where the purge of a controller stands.
    Purge,
    /// Something that was done to a controller's purge.
    Deed,
    /// By which policy a controller's records are planned.
    Planned,
    /// Entries that are kept in bulk.
    Log,
    /// What a category has due on a day.
    Day,
    /// How many notices stand in which state.
    Tally,
    /// A detector's signal.
    Signal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 36] = [
        Self::Consent,
        Self::Request,
        Self::Verified,
        Self::Decided,
        Self::Entry,
        Self::Whose,
        Self::Plan,
        Self::Mail,
        Self::Record,
        Self::Trigger,
        Self::Hold,
        Self::Breach,
        Self::BreachEntry,
        Self::Notice,
        Self::Alert,
        Self::Warned,
        Self::Disclosure,
        Self::Change,
        Self::Attestation,
        Self::Attested,
        Self::System,
        Self::Task,
        Self::Challenge,
        Self::Code,
        Self::Token,
        Self::Limit,
        Self::Stored,
        Self::Walk,
        Self::Tombstone,
        Self::Purge,
        Self::Deed,
        Self::Planned,
        Self::Log,
        Self::Day,
        Self::Tally,
        Self::Signal,
    ];

    /// The name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Request => "request",
            Self::Verified => "verified",
            Self::Decided => "decided",
            Self::Entry => "entry",
            Self::Whose => "whose",
            Self::Plan => "plan",
            Self::Mail => "mail",
            Self::Record => "record",
            Self::Trigger => "trigger",
            Self::Hold => "hold",
            Self::Breach => "breach",
            Self::BreachEntry => "breach-entry",
            Self::Notice => "notice",
            Self::Alert => "alert",
            Self::Warned => "warned",
            Self::Disclosure => "disclosure",
            Self::Change => "change",
            Self::Attestation => "attestation",
            Self::Attested => "attested",
            Self::System => "system",
            Self::Task => "task",
            Self::Challenge => "challenge",
            Self::Code => "code",
            Self::Token => "token",
            Self::Limit => "limit",
            Self::Log => "log",
            Self::Day => "day",
            Self::Signal => "signal",
            Self::Stored => "stored",
            Self::Walk => "walk",
            Self::Tombstone => "tombstone",
            Self::Purge => "purge",
            Self::Deed => "deed",
            Self::Planned => "planned",
            Self::Tally => "tally",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A stored form that does not read: which field of it, never what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} does not read")]
pub struct Unreadable {
    /// The field.
    pub field: &'static str,
}

/// Bytes, as DynamoDB's own binary type.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }

            // As JSON has them.
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut numbers: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = numbers.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_byte_buf(Visitor)
    }
}

/// Milliseconds since 1970, the unit of every stored time but `ttl`.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn time(field: &'static str, millis: i64) -> Result<Timestamp, Unreadable> {
    Timestamp::from_millisecond(millis).map_err(|_| Unreadable { field })
}

fn some_time(field: &'static str, millis: Option<i64>) -> Result<Option<Timestamp>, Unreadable> {
    millis.map(|millis| time(field, millis)).transpose()
}

fn id<T>(field: &'static str, text: &str, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<T, Unreadable> {
    parse(text).map_err(|_| Unreadable { field })
}

fn ids<'a, T, C: FromIterator<T>>(
    field: &'static str,
    texts: impl IntoIterator<Item = &'a String>,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<C, Unreadable> {
    texts.into_iter().map(|text| id(field, text, &parse)).collect()
}

fn name<T>(field: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Unreadable> {
    parse(text).ok_or(Unreadable { field })
}

fn version(v: u8) -> Result<(), Unreadable> {
    if v == VERSION { Ok(()) } else { Err(Unreadable { field: "v" }) }
}

fn check(v: u8, kind: Kind, expected: Kind) -> Result<(), Unreadable> {
    version(v)?;
    if kind == expected { Ok(()) } else { Err(Unreadable { field: "kind" }) }
}

#[cfg(test)]
mod tests;
