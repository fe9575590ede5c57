//! Attestations as they are sent.

use domain::{
    attestation::{self, Attestation, Evidence},
    ids::AttestationId,
    policy::AttestationRule,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    consent::label,
    form::{FormError, at},
    notice::{sha256, url},
};

/// Longest title of evidence, in bytes.
const TITLE_BYTES_MAX: usize = 500;

/// What an attestation rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceForm {
    /// What it is: a certificate, a report, a signed list.
    pub title: String,
    /// The SHA-256 of the document, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where the document stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl From<&Evidence> for EvidenceForm {
    fn from(evidence: &Evidence) -> Self {
        Self { title: evidence.title.clone(), sha256: evidence.sha256.clone(), url: evidence.url.clone() }
    }
}

/// `POST /{controller}/v1/attestations`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationForm {
    /// Which statement of the policy.
    pub attestation: String,
    /// What it rests on.
    pub evidence: EvidenceForm,
    /// On which day, in the controller's zone.
    pub attested_on: String,
    /// Who vouches for it: an office or a role; left out: whoever sends it.
    #[serde(default)]
    pub by: Option<String>,
}

/// An attestation, parsed.
#[derive(Debug)]
pub struct ParsedAttestation {
    /// Which statement.
    pub attestation: AttestationId,
    /// What it rests on.
    pub evidence: Evidence,
    /// On which day.
    pub attested_on: Date,
    /// Who vouches for it.
    pub by: Option<String>,
}

impl AttestationForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedAttestation, FormError> {
        let title = self.evidence.title;
        if title.trim().is_empty() || title.len() > TITLE_BYTES_MAX {
            return Err(FormError::new("/evidence/title", format!("a title holds 1 to {TITLE_BYTES_MAX} bytes")));
        }
        Ok(ParsedAttestation {
            attestation: AttestationId::parse(&self.attestation).map_err(at("/attestation"))?,
            evidence: Evidence {
                title,
                sha256: self.evidence.sha256.map(|text| sha256(text, "/evidence/sha256")).transpose()?,
                url: self.evidence.url.map(|text| url(text, "/evidence/url")).transpose()?,
            },
            attested_on: day(&self.attested_on, "/attested_on")?,
            by: label(self.by, "/by")?,
        })
    }
}

/// Reads a day; nothing that has a time beside it, which would leave the zone open.
fn day(text: &str, pointer: &str) -> Result<Date, FormError> {
    let wrong = || FormError::new(pointer, "write the day as 2026-03-01");
    if text.len() == 10 { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}

/// An attestation, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationAnswer {
    /// The form's version.
    pub v: u8,
    /// Which statement.
    pub attestation: String,
    /// On which day.
    pub attested_on: String,
    /// The first instant at which it has lapsed.
    pub valid_until: String,
    /// Who vouches for it.
    pub by: String,
    /// What it rests on.
    pub evidence: EvidenceForm,
    /// Where the statement is promised.
    pub clause: String,
}

impl From<&Attestation> for AttestationAnswer {
    fn from(attestation: &Attestation) -> Self {
        Self {
            v: 1,
            attestation: attestation.id.to_string(),
            attested_on: attestation.attested_on.to_string(),
            valid_until: attestation.valid_until.to_string(),
            by: attestation.by.clone(),
            evidence: EvidenceForm::from(&attestation.evidence),
            clause: attestation.clause.to_string(),
        }
    }
}

/// Where one statement of the policy stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementForm {
    /// Which statement.
    pub attestation: String,
    /// What is vouched for.
    pub statement: String,
    /// The evidence that the policy asks for.
    pub asks_for: String,
    /// Where it is promised.
    pub clause: String,
    /// `never-attested`, `valid`, `due` or `lapsed`.
    pub state: String,
    /// On which day it was attested last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested_on: Option<String>,
    /// The first instant at which that has lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Who vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What that rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceForm>,
}

impl StatementForm {
    /// Writes a statement with its latest attestation.
    pub fn new(rule: &AttestationRule, latest: Option<&Attestation>, now: Timestamp) -> Self {
        Self {
            attestation: rule.id.to_string(),
            statement: rule.statement.clone(),
            asks_for: rule.evidence.clone(),
            clause: rule.clause.to_string(),
            state: attestation::state(latest.map(|latest| latest.valid_until), now).as_str().to_owned(),
            attested_on: latest.map(|latest| latest.attested_on.to_string()),
            valid_until: latest.map(|latest| latest.valid_until.to_string()),
            by: latest.map(|latest| latest.by.clone()),
            evidence: latest.map(|latest| EvidenceForm::from(&latest.evidence)),
        }
    }
}

/// `GET /{controller}/v1/attestations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationsAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Every statement of the policy, by name.
    pub attestations: Vec<StatementForm>,
}
