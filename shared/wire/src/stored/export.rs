//! A subject's file, for the subject to read (GDPR Art. 15, 20). Times are RFC 3339.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

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
    /// The consents, refusals and withdrawals.
    pub consents: Vec<ExportedConsent>,
    /// The requests.
    pub requests: Vec<ExportedRequest>,
    /// The records.
    pub records: Vec<ExportedRecord>,
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
