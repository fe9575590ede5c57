//! Records a consent, a refusal or a withdrawal: one conditional write, no read before it.

use domain::{
    consent::{self, Capture, CaptureRefused, ConsentEvent, GuardianPart},
    ids::{CaptureId, ControllerId, Fingerprint, GuardianId, Identifier, SubjectRef},
    policy::Policy,
    token::{Claim, Scope},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    capture_mail::{CaptureMail, ConfidingLedger},
    error::{Appended, PortError},
    keys::{ControllerKeys, Keys},
};

/// How long the token of a receipt opens its state: people come back to a receipt late.
const RECEIPT_TOKEN_HOURS: i64 = 24 * 365;

/// The port to the ledger of consents.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait ConsentLedger {
    /// Writes an event unless one stands under its subject and identifier.
    ///
    /// MUST be one conditional write: of two at once exactly one is fresh. MUST answer the event
    /// that stands there otherwise.
    async fn append_consent(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
    ) -> Result<Appended<ConsentEvent>, PortError>;

    /// Every event of a subject, in no particular order. MUST see every append that has returned.
    async fn consents(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<ConsentEvent>, PortError>;
}

/// A form, parsed.
#[derive(Debug)]
pub struct CaptureConsent {
    /// Who chooses.
    pub identifier: Identifier,
    /// What they choose.
    pub capture: Capture,
    /// The language of the notice they saw.
    pub language: String,
    /// How they expressed it.
    pub method: String,
    /// Whether the browser sent `Sec-GPC: 1`.
    pub gpc: bool,
    /// The `Idempotency-Key`, the form's nonce, or else the request's own id.
    pub key: String,
    /// When it arrived.
    pub at: Timestamp,
}

/// What the person gets for it (ISO/IEC TS 27560: a receipt).
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What was recorded.
    pub event: ConsentEvent,
    /// Opens the state of these choices, or of all choices for a bearer identifier.
    pub token: String,
    /// Whether this answers a retry.
    pub replayed: bool,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The policy refuses it.
    #[error(transparent)]
    Refused(#[from] CaptureRefused),
    /// The key was used for another form.
    #[error("this Idempotency-Key was used for another form")]
    KeyReused,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Records one form. What a child gives is recorded as waiting for its guardian, and counts for
/// nothing until then.
///
/// # Errors
/// [`CaptureError`]; nothing is written then.
pub async fn capture<P: ConsentLedger + ConfidingLedger + Keys>(
    policy: &Policy,
    ports: &P,
    form: CaptureConsent,
) -> Result<Receipt, CaptureError> {
    let guardian = consent::check(policy, &form.capture)?.cloned();
    if guardian.as_ref() == Some(&form.identifier) {
        return Err(CaptureRefused::GuardianIsSubject.into());
    }
    let keys = ports.controller(&policy.controller).await?;
    let subject = keys.pepper.subject(&form.identifier);
    let choices = form
        .capture
        .choices
        .iter()
        .map(|(purpose, choice)| format!("{purpose}={}", choice.as_str()))
        .collect::<Vec<_>>()
        .join(",");
    let purposes = form.capture.choices.keys().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let notice = form.capture.notice_version.unwrap_or_default();
    let gpc = if form.gpc { "1" } else { "0" };
    // Disclosed to the keyed hash only.
    let asked: Option<GuardianId> =
        guardian.as_ref().map(|guardian| keys.pepper.derive(&[guardian.value().disclose().as_str()]));
    let mut carried = vec![choices.as_str(), &notice, &form.language, &form.method, gpc];
    carried.extend(asked.as_ref().map(GuardianId::as_str));
    let event = ConsentEvent {
        id: keys.pepper.derive::<CaptureId>(&[subject.as_str(), &purposes, &form.key]),
        fingerprint: keys.pepper.derive::<Fingerprint>(&carried),
        subject,
        at: form.at,
        choices: form.capture.choices,
        notice_version: notice,
        language: form.language,
        method: form.method,
        gpc: form.gpc,
        policy: policy.hash.clone(),
        guardian: asked.map(|guardian| GuardianPart::Awaited { guardian }),
    };
    // What waits for a guardian has not begun, so there is nothing to confirm.
    let confirmed = form.identifier.mail().filter(|_| consent::asks_confirmation(policy, &event.choices));
    let mail = match (&guardian, confirmed) {
        (Some(guardian), _) => Some((CaptureMail::Guardian, guardian.value())),
        (None, confirmed) => confirmed.map(|address| (CaptureMail::Confirmation, address)),
    };
    let appended = match mail {
        Some((mail, address)) => ports.append_confided(&policy.controller, &event, mail, address).await?,
        None => ports.append_consent(&policy.controller, &event).await?,
    };
    let (event, replayed) = match appended {
        Appended::Fresh => (event, false),
        Appended::Existing(first) if first.fingerprint == event.fingerprint => (first, true),
        Appended::Existing(_) => return Err(CaptureError::KeyReused),
    };
    // Whoever names a mail address need not be its owner, so a receipt opens no more than itself;
    // a random cookie is known to its holder alone.
    let scope = if form.identifier.kind().is_bearer() { Scope::Subject } else { Scope::Capture };
    Ok(Receipt { token: receipt_token(&keys, &policy.controller, &event, scope, form.at), event, replayed })
}

/// When the token of a receipt for that time opens nothing any more.
pub(crate) fn receipt_expiry(at: Timestamp) -> Timestamp {
    at.saturating_add(RECEIPT_TOKEN_HOURS.hours()).unwrap_or(Timestamp::MAX)
}

/// The token that opens the state of one event's choices, or of all of its subject.
pub(crate) fn receipt_token(
    keys: &ControllerKeys,
    controller: &ControllerId,
    event: &ConsentEvent,
    scope: Scope,
    at: Timestamp,
) -> String {
    let claim = Claim {
        scope,
        subject: event.subject.clone(),
        id: if scope == Scope::Subject { String::new() } else { event.id.to_string() },
        expires_at: receipt_expiry(at),
    };
    keys.tokens.sign(controller, &claim)
}
