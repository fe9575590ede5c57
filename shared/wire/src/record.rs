//! Retained records and the events that move their clocks, as they are sent: by HTTP and by queue
//! in the same form, many to a message.

use std::collections::BTreeMap;

use domain::{
    ids::{Category, EventName, Field, Identifier, Purpose},
    log::LogPacket,
    policy::Country,
    record::System,
    sensitive::Sensitive,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, SubjectForm, at, country, time};

/// Most events of one message or request.
pub const EVENTS_MAX: usize = 100;

/// `POST /{controller}/v1/records`, and the body of a message under its controller's name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsForm {
    /// The events. Each is read by itself, so that one that breaks a rule fails alone.
    pub events: Vec<serde_json::Value>,
}

/// One event, as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EventForm {
    /// A system keeps something from now on.
    Record(RecordForm),
    /// Something happened that may move clocks.
    Trigger(TriggerForm),
    /// Entries that are kept in bulk and name nobody.
    Log(LogForm),
}

/// A record, as sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordForm {
    /// When it was made.
    pub occurred_at: String,
    /// Who it is about.
    pub subject: SubjectForm,
    /// What it is.
    pub category: String,
    /// What it is kept for.
    pub purpose: String,
    /// `habeas` (the fields are kept here) or `s3` (an object of the records bucket).
    #[serde(default = "habeas")]
    pub system: String,
    /// The record's own name in that system; for `s3` the object's key.
    pub locator: String,
    /// Its fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The person's age, where the policy asks for it. It is checked and not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
    /// Where the person lives, by two letters: some countries ask for a guardian at another age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether a guardian agreed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guardian: bool,
}

impl std::fmt::Debug for RecordForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordForm").finish_non_exhaustive()
    }
}

fn habeas() -> String {
    "habeas".to_owned()
}

/// A trigger, as sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerForm {
    /// When it happened.
    pub occurred_at: String,
    /// To whom.
    pub subject: SubjectForm,
    /// What: `website.visit`, `contract.ended`.
    pub event: String,
    /// For which purpose; none: for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// Entries of a log, as sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogForm {
    /// When the earliest of them was made: all are kept from then on.
    pub occurred_at: String,
    /// What they are.
    pub category: String,
    /// What they are kept for.
    pub purpose: String,
    /// The fields of each.
    pub entries: Vec<BTreeMap<String, String>>,
}

impl std::fmt::Debug for LogForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogForm").finish_non_exhaustive()
    }
}

/// An event, parsed.
#[derive(Debug)]
pub enum ParsedEvent {
    /// A registration.
    Record(ParsedRecord),
    /// A trigger.
    Trigger(ParsedTrigger),
    /// Entries in bulk.
    Log(ParsedLog),
}

/// A registration, parsed.
#[derive(Debug)]
pub struct ParsedRecord {
    /// When it was made.
    pub occurred_at: Timestamp,
    /// Who it is about.
    pub identifier: Identifier,
    /// What it is.
    pub category: Category,
    /// What it is kept for.
    pub purpose: Purpose,
    /// Which system keeps it.
    pub system: System,
    /// Where.
    pub locator: Sensitive<String>,
    /// Its fields.
    pub fields: BTreeMap<Field, Sensitive<String>>,
    /// The person's age.
    pub age: Option<u8>,
    /// Where the person lives.
    pub country: Option<Country>,
    /// Whether a guardian agreed.
    pub guardian: bool,
}

/// Entries in bulk, parsed.
#[derive(Debug)]
pub struct ParsedLog {
    /// When the earliest was made.
    pub occurred_at: Timestamp,
    /// What they are.
    pub category: Category,
    /// What they are kept for.
    pub purpose: Purpose,
    /// The fields of each.
    pub entries: Vec<BTreeMap<Field, Sensitive<String>>>,
}

/// A trigger, parsed.
#[derive(Debug)]
pub struct ParsedTrigger {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// To whom.
    pub identifier: Identifier,
    /// What.
    pub event: EventName,
    /// For which purpose.
    pub purpose: Option<Purpose>,
}

impl EventForm {
    /// Reads one event of a list.
    ///
    /// # Errors
    /// [`FormError`]: its shape is not that of an event, or a field breaks a rule.
    pub fn read(value: serde_json::Value) -> Result<ParsedEvent, FormError> {
        // serde's own message would repeat what was sent.
        let form: Self = serde_json::from_value(value)
            .map_err(|_| FormError::new("", "the event has not the shape of a record, a trigger or a log"))?;
        form.parse()
    }

    /// Checks the event and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedEvent, FormError> {
        match self {
            Self::Record(form) => {
                if form.locator.is_empty() {
                    return Err(FormError::new("/locator", "name the record"));
                }
                let fields = fields(form.fields, "/fields")?;
                Ok(ParsedEvent::Record(ParsedRecord {
                    occurred_at: time(&form.occurred_at, "/occurred_at")?,
                    identifier: form.subject.identifier()?,
                    category: Category::parse(&form.category).map_err(at("/category"))?,
                    purpose: Purpose::parse(&form.purpose).map_err(at("/purpose"))?,
                    system: System::parse(&form.system).ok_or_else(|| FormError::new("/system", "use habeas or s3"))?,
                    locator: Sensitive::new(form.locator),
                    fields,
                    age: form.age,
                    country: country(form.country.as_deref(), "/country")?,
                    guardian: form.guardian,
                }))
            }
            Self::Trigger(form) => Ok(ParsedEvent::Trigger(ParsedTrigger {
                occurred_at: time(&form.occurred_at, "/occurred_at")?,
                identifier: form.subject.identifier()?,
                event: EventName::parse(&form.event).map_err(at("/event"))?,
                purpose: form.purpose.map(|purpose| Purpose::parse(&purpose).map_err(at("/purpose"))).transpose()?,
            })),
            Self::Log(form) => Ok(ParsedEvent::Log(ParsedLog {
                occurred_at: time(&form.occurred_at, "/occurred_at")?,
                category: Category::parse(&form.category).map_err(at("/category"))?,
                purpose: Purpose::parse(&form.purpose).map_err(at("/purpose"))?,
                entries: form.entries.into_iter().map(|entry| fields(entry, "/entries")).collect::<Result<_, _>>()?,
            })),
        }
    }
}

fn fields(
    sent: BTreeMap<String, String>,
    place: &'static str,
) -> Result<BTreeMap<Field, Sensitive<String>>, FormError> {
    sent.into_iter()
        .map(|(field, value)| Ok((Field::parse(&field).map_err(at(place))?, Sensitive::new(value))))
        .collect()
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResult {
    /// `registered`, `noted` or `refused`; `expired` for entries in bulk that are due already and were not kept.
    pub result: String,
    /// The record's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// The packet that entries in bulk are kept in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_id: Option<String>,
    /// The subject's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Until when it is kept; absent while nothing ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<String>,
    /// Whether a hold keeps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// How many clocks moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clocks_moved: Option<usize>,
    /// The holds that stand by the rules which listen to this event: `{subject}~{hold}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    /// Which rule it broke, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// `GET /{controller}/v1/logs/{category}/{day}`: a page of what is kept until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogAnswer {
    /// The form's version.
    pub v: u8,
    /// What it is.
    pub category: String,
    /// The day on which it is due.
    pub day: String,
    /// When it is deleted.
    pub kept_until: String,
    /// Whether a hold keeps it.
    pub held: bool,
    /// The packets.
    pub packets: Vec<LogPacketAnswer>,
    /// What to ask for as `from` to get the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Entries that came together.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct LogPacketAnswer {
    /// Which packet.
    pub log_id: String,
    /// When the earliest entry was made.
    pub occurred_at: String,
    /// What they are kept for.
    pub purpose: String,
    /// By which clause.
    pub clause: String,
    /// The fields of each; absent if they cannot be read any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<BTreeMap<String, String>>>,
}

impl std::fmt::Debug for LogPacketAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogPacketAnswer").field("log_id", &self.log_id).finish_non_exhaustive()
    }
}

impl LogPacketAnswer {
    /// Tells of a packet.
    pub fn new(packet: &LogPacket, entries: Option<Vec<BTreeMap<Field, Sensitive<String>>>>) -> Self {
        // Disclosed to staff with the scope for it.
        let told = |entry: BTreeMap<Field, Sensitive<String>>| {
            entry.into_iter().map(|(field, value)| (field.to_string(), value.disclose().clone())).collect()
        };
        Self {
            log_id: packet.id.to_string(),
            occurred_at: packet.occurred_at.to_string(),
            purpose: packet.purpose.to_string(),
            clause: packet.clause.to_string(),
            entries: entries.map(|entries| entries.into_iter().map(told).collect()),
        }
    }
}

/// The answer to a list of events, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsAnswer {
    /// The form's version.
    pub v: u8,
    /// What became of each.
    pub results: Vec<EventResult>,
}
