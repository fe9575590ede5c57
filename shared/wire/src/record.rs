//! Retained records and the events that move their clocks, as they are sent: by HTTP and by queue
//! in the same form, many to a message.

use std::collections::BTreeMap;

use domain::{
    ids::{Category, EventName, Field, Identifier, Purpose},
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

/// An event, parsed.
#[derive(Debug)]
pub enum ParsedEvent {
    /// A registration.
    Record(ParsedRecord),
    /// A trigger.
    Trigger(ParsedTrigger),
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
            .map_err(|_| FormError::new("", "the event has not the shape of a record or a trigger"))?;
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
                let mut fields = BTreeMap::new();
                for (field, value) in form.fields {
                    fields.insert(Field::parse(&field).map_err(at("/fields"))?, Sensitive::new(value));
                }
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
        }
    }
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResult {
    /// `registered`, `noted` or `refused`.
    pub result: String,
    /// The record's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
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

/// The answer to a list of events, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsAnswer {
    /// The form's version.
    pub v: u8,
    /// What became of each.
    pub results: Vec<EventResult>,
}
