//! A subject's file, for the subject to read (GDPR Art. 15, 20). Times are RFC 3339.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub(crate) mod csv;
pub mod facts;

pub use facts::Facts;

/// Everything about one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The form's version.
    pub v: u8,
    /// The controller's name.
    pub controller: String,
    /// Where to ask.
    pub contact: String,
    /// When it was drawn up.
    pub drawn_up_at: String,
    /// The request it answers.
    pub request: String,
    /// What was asked for; absent in files that were drawn up before it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<String>,
    /// The consents, refusals and withdrawals.
    pub consents: Vec<ExportedConsent>,
    /// The requests.
    pub requests: Vec<ExportedRequest>,
    /// The records.
    pub records: Vec<ExportedRecord>,
    /// To whom data was disclosed (Art. 15(1)(c)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosures: Vec<ExportedDisclosure>,
    /// Instructions for after death.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<ExportedInstructions>,
    /// What the controller's own systems handed over, by system.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, serde_json::Value>,
    /// What the policy says about it.
    #[serde(flatten)]
    pub facts: Facts,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Export(…)")
    }
}

/// One consent form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedConsent {
    /// When.
    pub at: String,
    /// What was chosen, by purpose.
    pub choices: BTreeMap<String, String>,
    /// The notice that was shown.
    pub notice_version: String,
    /// Its language.
    pub language: String,
    /// How the choice was expressed.
    pub method: String,
    /// `awaited`: it counts for nothing until a guardian agrees; `agreed`: a guardian's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedRequest {
    /// Its number.
    pub request: String,
    /// What was asked for.
    pub asked_for: String,
    /// When it was received.
    pub received_at: String,
    /// By when it had to be answered.
    pub due_at: String,
    /// Where it stands.
    pub status: String,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedRecord {
    /// What it is (Art. 15(1)(b)).
    pub category: String,
    /// What it is kept for (Art. 15(1)(a)).
    pub purpose: String,
    /// The purpose as people read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose_title: Option<String>,
    /// The ground it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lawful_basis: Option<String>,
    /// Which system keeps it.
    pub system: String,
    /// Since when.
    pub created_at: String,
    /// Until when (Art. 15(1)(d)); absent while nothing ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<String>,
    /// The clause that says so.
    pub clause: String,
    /// Whether a legal hold keeps it.
    pub held: bool,
    /// The person, as the system knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<ExportedIdentifier>,
    /// Where the system keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<String>,
    /// Its fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Fields that are kept and whose values leave by no export: passwords.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
}

impl fmt::Debug for ExportedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportedRecord").field("category", &self.category).finish_non_exhaustive()
    }
}

/// One disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedDisclosure {
    /// Its number in the log.
    pub id: String,
    /// To whom.
    pub recipient: String,
    /// Their name, for people; absent where the policy no longer names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What.
    pub categories: Vec<String>,
    /// What for.
    pub purpose: String,
    /// Where it went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// When.
    pub at: String,
    /// The clause that allows it.
    pub clause: String,
}

/// Instructions for after death.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedInstructions {
    /// By which request.
    pub request: String,
    /// When.
    pub at: String,
    /// Whether they are in force: not replaced, not revoked.
    pub in_force: bool,
    /// What shall be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// What shall be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<String>,
    /// What shall be given to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub communication: Option<String>,
}

impl fmt::Debug for ExportedInstructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportedInstructions").field("request", &self.request).finish_non_exhaustive()
    }
}

/// What a person is known by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedIdentifier {
    /// What kind of identifier.
    pub kind: String,
    /// Its value.
    pub value: String,
}

impl fmt::Debug for ExportedIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportedIdentifier").field("kind", &self.kind).finish_non_exhaustive()
    }
}
