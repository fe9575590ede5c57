//! A child's consent and its guardian (GDPR Art. 8(2)): the guardian is written to, and what the child
//! gave counts from when they agree. Their address serves for that one mail and is then taken away.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::{self, CaptureRefused, Choice, ConsentEvent, GuardianPart},
    ids::{CaptureId, Purpose, SubjectRef},
    policy::Policy,
    sensitive::Sensitive,
    token::{Claim, Scope, TokenRefused},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    capture_consent::{ConsentLedger, Receipt, receipt_token},
    capture_mail::{CaptureMail, CaptureMails, titles},
    error::{Appended, PortError},
    keys::Keys,
    letters,
    mail::{self, Handed, Mail, MailClaim, Mailer},
};

/// How a guardian's agreement was expressed, as its record says.
pub const GUARDIAN_METHOD: &str = "guardian:mail";

/// Writes to the guardian of a capture, once, and takes the address away.
///
/// # Errors
/// [`PortError`]; asking again goes on where it stopped.
pub async fn ask<P: ConsentLedger + CaptureMails + Keys + Mailer>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    capture: &CaptureId,
    public_url: &str,
) -> Result<Handed, PortError> {
    let controller = &policy.controller;
    let events = ports.consents(controller, subject).await?;
    let event = events.iter().find(|event| event.id == *capture && event.is_awaited());
    let event = event.ok_or_else(|| PortError::corrupt("a consent", "it is not stored, or waits for nobody"))?;
    let open = consent::awaited(&events, event);
    let is_agreed = agreement(&events, event).is_some();
    let mut handed = Handed::Over;
    // Without an address the mail went out already, or the child's key is gone.
    if let Some(address) = ports.mail_address(controller, subject, capture, CaptureMail::Guardian).await?
        && !open.is_empty()
        && !is_agreed
        && ports.claim_capture_mail(controller, subject, capture, CaptureMail::Guardian, event.at).await?
            != MailClaim::Sent
    {
        let keys = ports.controller(controller).await?;
        let claim = Claim {
            scope: Scope::Guardian,
            subject: subject.clone(),
            id: capture.to_string(),
            expires_at: consent::agree_by(event.at),
        };
        let token = keys.tokens.sign(controller, &claim);
        let link = format!("{public_url}/{controller}/v1/consents/{capture}/guardian?token={token}");
        handed = mail::hand_over(ports, &letter(policy, event, &open, address, &link)).await?;
        ports.confirm_capture_mail(controller, subject, capture, CaptureMail::Guardian, event.at).await?;
    }
    ports.forget_mail_address(controller, subject, capture, CaptureMail::Guardian).await?;
    Ok(handed)
}

/// Asks a guardian. It names nobody: the address was typed by somebody else, and may be a stranger's.
fn letter(
    policy: &Policy,
    event: &ConsentEvent,
    purposes: &BTreeSet<Purpose>,
    to: Sensitive<String>,
    link: &str,
) -> Mail {
    let titles = titles(policy, purposes).into_iter().map(|title| format!("- {title}\n")).collect::<String>();
    // The deadline is the first instant that is late.
    let until = consent::agree_by(event.at);
    let last = until.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(until);
    Mail {
        controller: policy.controller.clone(),
        to,
        subject: format!("{}: your agreement is asked for", policy.name),
        text: format!(
            "On {} somebody who is too young to agree alone named this address as that of a parent or guardian.\n\n\
             {} asks for agreement to this:\n\n{titles}\n\
             It counts for nothing unless you agree, on this page:\n\n{link}\n\n\
             The page works until {}. If you are not the parent or guardian, or do not agree, do nothing: nothing \
             happens then. This address was kept for this mail alone.\n\n\
             Questions: {}.\n\nThe number is {}.\n",
            letters::day(policy, event.at),
            policy.name,
            letters::day(policy, last),
            policy.contact_mail,
            event.id,
        ),
        tag: format!("guardian-{}", event.id),
        unsubscribe: None,
    }
}

/// What a guardian is asked, for the page behind the mailed link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What people read of each purpose.
    pub titles: Vec<String>,
    /// The version of the notice that the child was shown.
    pub notice_version: String,
    /// Until when it can be answered.
    pub until: Timestamp,
}

/// Why a guardian's word was not taken.
#[derive(Debug, thiserror::Error)]
pub enum GuardianError {
    /// The token opens nothing here. Why is nobody's business.
    #[error("the token opens nothing here")]
    Token(TokenRefused),
    /// Everything that was given was taken back since.
    #[error("there is nothing left to agree to")]
    NothingLeft,
    /// The policy does not ask for it any more: the child is to choose anew.
    #[error(transparent)]
    Refused(#[from] CaptureRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What the guardian who holds this token is asked.
///
/// # Errors
/// [`GuardianError`].
pub async fn question<P: ConsentLedger + Keys>(
    policy: &Policy,
    ports: &P,
    capture: &CaptureId,
    token: &str,
    now: Timestamp,
) -> Result<Question, GuardianError> {
    let (events, position) = open(policy, ports, capture, token, now).await?;
    let event = &events[position];
    let purposes = match agreement(&events, event) {
        Some(agreement) => agreement.choices.keys().cloned().collect(),
        None => consent::awaited(&events, event),
    };
    if purposes.is_empty() {
        return Err(GuardianError::NothingLeft);
    }
    Ok(Question {
        titles: titles(policy, &purposes),
        notice_version: event.notice_version.clone(),
        until: consent::agree_by(event.at),
    })
}

/// Records that the guardian agrees to what the child gave and has not taken back since.
///
/// # Errors
/// [`GuardianError`]. Agreeing twice is no error.
pub async fn agree<P: ConsentLedger + Keys>(
    policy: &Policy,
    ports: &P,
    capture: &CaptureId,
    token: &str,
    now: Timestamp,
) -> Result<Receipt, GuardianError> {
    let (events, position) = open(policy, ports, capture, token, now).await?;
    let asked = &events[position];
    let keys = ports.controller(&policy.controller).await?;
    let receipt = |event: ConsentEvent, replayed| {
        // The guardian may look at what they agreed to, and at nothing else of the child's.
        let token = receipt_token(&keys, &policy.controller, &event, Scope::Capture, now);
        Receipt { token, event, replayed }
    };
    if let Some(agreement) = agreement(&events, asked) {
        return Ok(receipt(agreement.clone(), true));
    }
    let choices: BTreeMap<_, _> =
        consent::awaited(&events, asked).into_iter().map(|purpose| (purpose, Choice::Given)).collect();
    if choices.is_empty() {
        return Err(GuardianError::NothingLeft);
    }
    consent::check_choices(policy, &choices, Some(&asked.notice_version))?;
    let Some(GuardianPart::Awaited { guardian }) = &asked.guardian else {
        return Err(GuardianError::Token(TokenRefused::Invalid));
    };
    let event = ConsentEvent {
        id: keys.pepper.derive(&["guardian", capture.as_str()]),
        subject: asked.subject.clone(),
        at: now,
        choices,
        notice_version: asked.notice_version.clone(),
        language: asked.language.clone(),
        method: GUARDIAN_METHOD.to_owned(),
        gpc: false,
        policy: policy.hash.clone(),
        fingerprint: keys.pepper.derive(&["guardian", capture.as_str()]),
        guardian: Some(GuardianPart::Agreed { guardian: guardian.clone(), to: capture.clone() }),
    };
    Ok(match ports.append_consent(&policy.controller, &event).await? {
        Appended::Fresh => receipt(event, false),
        Appended::Existing(first) => receipt(first, true),
    })
}

/// The events of the subject that a guardian's token is about, and which of them it opens.
async fn open<P: ConsentLedger + Keys>(
    policy: &Policy,
    ports: &P,
    capture: &CaptureId,
    token: &str,
    now: Timestamp,
) -> Result<(Vec<ConsentEvent>, usize), GuardianError> {
    let keys = ports.controller(&policy.controller).await?;
    let claim = keys.tokens.verify(&policy.controller, token, now).map_err(GuardianError::Token)?;
    let refused = || GuardianError::Token(TokenRefused::Invalid);
    if claim.scope != Scope::Guardian || claim.id != capture.as_str() {
        return Err(refused());
    }
    let events = ports.consents(&policy.controller, &claim.subject).await?;
    let position = events.iter().position(|event| event.id == *capture && event.is_awaited()).ok_or_else(refused)?;
    Ok((events, position))
}

/// The guardian's word on a capture, if there is one.
fn agreement<'a>(events: &'a [ConsentEvent], asked: &ConsentEvent) -> Option<&'a ConsentEvent> {
    events.iter().find(|event| matches!(&event.guardian, Some(GuardianPart::Agreed { to, .. }) if *to == asked.id))
}
