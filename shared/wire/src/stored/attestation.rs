//! An attestation, and the end of a statement's latest one.

use domain::{
    attestation::{Attestation as DomainAttestation, Evidence},
    ids::AttestationId,
    policy::{Clause, PolicyHash},
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, millis, time};

/// `ATTESTATION#{id}#{day}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// What the evidence is.
    pub title: String,
    /// The SHA-256 of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where the document stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who vouches for it.
    pub by: String,
    /// The first instant at which it has lapsed.
    pub ends_at: i64,
    /// When it was recorded.
    pub at: i64,
    /// Who recorded it.
    pub recorded_by: String,
    /// Where the statement is promised.
    pub clause: String,
    /// The policy it was recorded under.
    pub policy: String,
}

impl From<&DomainAttestation> for Attestation {
    fn from(attestation: &DomainAttestation) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Attestation,
            title: attestation.evidence.title.clone(),
            sha256: attestation.evidence.sha256.clone(),
            url: attestation.evidence.url.clone(),
            by: attestation.by.clone(),
            ends_at: millis(attestation.valid_until),
            at: millis(attestation.recorded_at),
            recorded_by: attestation.recorded_by.clone(),
            clause: attestation.clause.to_string(),
            policy: attestation.policy.as_str().to_owned(),
        }
    }
}

impl Attestation {
    /// Reads the attestation of this statement and day.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_attestation(self, id: AttestationId, attested_on: Date) -> Result<DomainAttestation, Unreadable> {
        check(self.v, self.kind, Kind::Attestation)?;
        Ok(DomainAttestation {
            id,
            attested_on,
            evidence: Evidence { title: self.title, sha256: self.sha256, url: self.url },
            by: self.by,
            valid_until: time("ends_at", self.ends_at)?,
            recorded_at: time("at", self.at)?,
            recorded_by: self.recorded_by,
            clause: Clause::new(self.clause),
            policy: PolicyHash::from_hex(self.policy),
        })
    }
}

/// `ATTESTED#{id}`: when the latest attestation of a statement lapses. It moves on with each later
/// one, and its place in the due index with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// The first instant at which it has lapsed.
    pub ends_at: i64,
}

impl Attested {
    /// A statement that is attested until then.
    pub fn new(until: Timestamp) -> Self {
        Self { v: VERSION, kind: Kind::Attested, ends_at: millis(until) }
    }
}
