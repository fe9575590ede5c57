//! Attestations: recorded with their evidence, watched until they lapse.

use domain::{
    attestation::{self, Attestation, Evidence},
    ids::{AttestationId, ControllerId},
    policy::Policy,
    retention::OutOfCalendar,
};
use jiff::{Timestamp, civil::Date};

use crate::error::{Appended, PortError};

/// The port to attestations.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Attestations {
    /// Writes an attestation unless one of that statement and day stands.
    ///
    /// MUST leave the latest end of the statement's attestations among the open deadlines, also when
    /// it meets what stands: a retry mends what a crash left. An older attestation that is recorded
    /// late MUST NOT bring the deadline forward.
    async fn record_attestation(
        &self,
        controller: &ControllerId,
        attestation: &Attestation,
    ) -> Result<Appended<Attestation>, PortError>;

    /// Every attestation of a controller, in no particular order. MUST see every one that was
    /// recorded and has returned.
    async fn attestations(&self, controller: &ControllerId) -> Result<Vec<Attestation>, PortError>;
}

/// An attestation, parsed.
#[derive(Debug)]
pub struct Attest {
    /// Which statement.
    pub attestation: AttestationId,
    /// What it rests on.
    pub evidence: Evidence,
    /// On which day, in the controller's zone.
    pub attested_on: Date,
    /// Who vouches for it; `None`: whoever records it.
    pub by: Option<String>,
    /// Who records it, as the token names them.
    pub recorded_by: String,
    /// When it arrived.
    pub at: Timestamp,
}

/// What was recorded.
#[derive(Debug, PartialEq, Eq)]
pub struct Attested {
    /// The attestation.
    pub attestation: Attestation,
    /// Whether this answers a retry.
    pub replayed: bool,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The policy asks for no such attestation.
    #[error("the policy asks for no attestation {0}")]
    Unknown(AttestationId),
    /// Nobody vouches for tomorrow.
    #[error("the day lies in the future")]
    Future,
    /// The day lies so far off that its end cannot be counted.
    #[error(transparent)]
    OutOfCalendar(#[from] OutOfCalendar),
    /// The statement was attested on that day with another content.
    #[error("this statement was attested on that day with another content; what was attested never changes")]
    DayTaken,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Records that a statement of the policy was vouched for. Statement and day are what makes a retry
/// harmless.
///
/// # Errors
/// [`AttestError`]; nothing is written then.
pub async fn attest<P: Attestations>(policy: &Policy, ports: &P, form: Attest) -> Result<Attested, AttestError> {
    let rule =
        policy.attestations.get(&form.attestation).ok_or_else(|| AttestError::Unknown(form.attestation.clone()))?;
    if form.attested_on > form.at.to_zoned(policy.time_zone.clone()).date() {
        return Err(AttestError::Future);
    }
    let attestation = Attestation {
        valid_until: attestation::valid_until(rule, form.attested_on, &policy.time_zone)?,
        id: form.attestation,
        attested_on: form.attested_on,
        evidence: form.evidence,
        by: form.by.unwrap_or_else(|| form.recorded_by.clone()),
        recorded_at: form.at,
        recorded_by: form.recorded_by,
        clause: rule.clause.clone(),
        policy: policy.hash.clone(),
    };
    match ports.record_attestation(&policy.controller, &attestation).await? {
        Appended::Fresh => Ok(Attested { attestation, replayed: false }),
        Appended::Existing(first) if first.evidence == attestation.evidence && first.by == attestation.by => {
            Ok(Attested { attestation: first, replayed: true })
        }
        Appended::Existing(_) => Err(AttestError::DayTaken),
    }
}

/// The latest of a statement's attestations: the one that lapses last.
pub fn latest<'a>(attestations: &'a [Attestation], id: &AttestationId) -> Option<&'a Attestation> {
    let of_statement = attestations.iter().filter(|attestation| attestation.id == *id);
    of_statement.max_by_key(|attestation| (attestation.valid_until, attestation.attested_on))
}

/// What the deadline of a statement's latest attestation is called: its warnings go out once for
/// each renewal that is due.
pub fn deadline_id(id: &AttestationId, valid_until: Timestamp) -> String {
    format!("{id}~{valid_until}")
}
