//! Confirming a subscription: whoever agreed by their mail address is told there, once, with a link
//! by which it is taken back without a login (GDPR Art. 7(3); RFC 8058).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::{self, Choice, ConsentEvent},
    ids::{CaptureId, Purpose, SubjectRef},
    policy::Policy,
    sensitive::Sensitive,
    token::{Claim, Scope, TokenRefused},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    capture_consent::{ConsentLedger, receipt_expiry},
    capture_mail::{CaptureMail, CaptureMails, titles},
    error::PortError,
    keys::Keys,
    letters,
    mail::{self, Handed, Mail, MailClaim, Mailer},
};

/// How a withdrawal by the mailed link was expressed, as its record says.
pub const UNSUBSCRIBE_METHOD: &str = "mail:unsubscribe";

/// Parts the capture and the purposes in a token. No name holds it, and a query carries it as it is.
const SEPARATOR: char = ':';

/// Tells a person what a capture in their name began, once, and takes the address away.
///
/// # Errors
/// [`PortError`]; confirming again goes on where it stopped.
pub async fn confirm<P: ConsentLedger + CaptureMails + Keys + Mailer>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    capture: &CaptureId,
    public_url: &str,
) -> Result<Handed, PortError> {
    let controller = &policy.controller;
    let events = ports.consents(controller, subject).await?;
    let event = events.iter().find(|event| event.id == *capture);
    let event = event.ok_or_else(|| PortError::corrupt("a consent", "it is not stored"))?;
    let begun = consent::to_confirm(policy, &events, event);
    let mut handed = Handed::Over;
    // Without an address the mail went out already, or the person's key is gone.
    if let Some(address) = ports.mail_address(controller, subject, capture, CaptureMail::Confirmation).await?
        && !begun.is_empty()
        && ports.claim_capture_mail(controller, subject, capture, CaptureMail::Confirmation, event.at).await?
            != MailClaim::Sent
    {
        let keys = ports.controller(controller).await?;
        let claim = Claim {
            scope: Scope::Unsubscribe,
            subject: subject.clone(),
            id: named(capture, &begun),
            expires_at: receipt_expiry(event.at),
        };
        let token = keys.tokens.sign(controller, &claim);
        let link = format!("{public_url}/{controller}/v1/consents/{capture}/unsubscribe?token={token}");
        handed = mail::hand_over(ports, &letter(policy, event, &begun, address, link)).await?;
        ports.confirm_capture_mail(controller, subject, capture, CaptureMail::Confirmation, event.at).await?;
    }
    ports.forget_mail_address(controller, subject, capture, CaptureMail::Confirmation).await?;
    Ok(handed)
}

/// Confirms a subscription. It may reach somebody for whom another signed up, so it says who it is
/// from, what was chosen and the way out, and nothing of who chose.
fn letter(
    policy: &Policy,
    event: &ConsentEvent,
    purposes: &BTreeSet<Purpose>,
    to: Sensitive<String>,
    link: String,
) -> Mail {
    let titles = titles(policy, purposes).into_iter().map(|title| format!("- {title}\n")).collect::<String>();
    // The expiry is the first instant that is late.
    let until = receipt_expiry(event.at);
    let last = until.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(until);
    Mail {
        controller: policy.controller.clone(),
        to,
        subject: format!("{}: you are signed up", policy.name),
        text: format!(
            "On {} this address was signed up with {} for this:\n\n{titles}\n\
             You can take it back at any time, without an account, on this page:\n\n{link}\n\n\
             If it was not you who signed up, the same page ends it. The page works until {}; after that, write to \
             {}.\n\nThe number is {}.\n",
            letters::day(policy, event.at),
            policy.name,
            letters::day(policy, last),
            policy.contact_mail,
            event.id,
        ),
        tag: format!("subscription-{}", event.id),
        unsubscribe: Some(link),
    }
}

fn named(capture: &CaptureId, purposes: &BTreeSet<Purpose>) -> String {
    let mut id = capture.to_string();
    for purpose in purposes {
        id.push(SEPARATOR);
        id.push_str(purpose.as_str());
    }
    id
}

/// Why the mailed link takes nothing back.
#[derive(Debug, thiserror::Error)]
pub enum UnsubscribeError {
    /// The token opens nothing here. Why is nobody's business.
    #[error("the token opens nothing here")]
    Token(TokenRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What people read of what the mailed link takes back. Reads nothing of the person, and changes
/// nothing.
///
/// # Errors
/// [`UnsubscribeError`].
pub async fn offered<P: Keys>(
    policy: &Policy,
    ports: &P,
    capture: &CaptureId,
    token: &str,
    now: Timestamp,
) -> Result<Vec<String>, UnsubscribeError> {
    let (_, purposes) = open(policy, ports, capture, token, now).await?;
    Ok(titles(policy, &purposes))
}

/// Takes back what the mailed link names, as far as it stands. Answers the purposes that are not
/// given after it: all that the link names, whatever stood before.
///
/// # Errors
/// [`UnsubscribeError`]. Doing it again is no error.
pub async fn unsubscribe<P: ConsentLedger + Keys>(
    policy: &Policy,
    ports: &P,
    capture: &CaptureId,
    token: &str,
    now: Timestamp,
) -> Result<BTreeSet<Purpose>, UnsubscribeError> {
    let (subject, purposes) = open(policy, ports, capture, token, now).await?;
    let controller = &policy.controller;
    let events = ports.consents(controller, &subject).await?;
    let choices: BTreeMap<_, _> = consent::revocable(&events)
        .into_iter()
        .filter(|purpose| purposes.contains(purpose))
        .map(|purpose| (purpose, Choice::Withdrawn))
        .collect();
    if choices.is_empty() {
        return Ok(purposes);
    }
    // A second press at once is the same event; one after a new subscription is another. So the event
    // is named by all that stood before it.
    let keys = ports.controller(controller).await?;
    let mut parts = vec!["unsubscribe", capture.as_str()];
    let mut stood: Vec<&CaptureId> = events.iter().map(|event| &event.id).collect();
    stood.sort();
    parts.extend(stood.into_iter().map(CaptureId::as_str));
    let language = events.iter().find(|event| event.id == *capture).map(|event| event.language.clone());
    let event = ConsentEvent {
        id: keys.pepper.derive(&parts),
        fingerprint: keys.pepper.derive(&parts),
        subject,
        at: now,
        choices,
        notice_version: String::new(),
        language: language.unwrap_or_default(),
        method: UNSUBSCRIBE_METHOD.to_owned(),
        gpc: false,
        policy: policy.hash.clone(),
        guardian: None,
    };
    ports.append_consent(controller, &event).await?;
    Ok(purposes)
}

/// Whose purposes a token takes back, and which.
async fn open<P: Keys>(
    policy: &Policy,
    ports: &P,
    capture: &CaptureId,
    token: &str,
    now: Timestamp,
) -> Result<(SubjectRef, BTreeSet<Purpose>), UnsubscribeError> {
    let keys = ports.controller(&policy.controller).await?;
    let claim = keys.tokens.verify(&policy.controller, token, now).map_err(UnsubscribeError::Token)?;
    let refused = || UnsubscribeError::Token(TokenRefused::Invalid);
    let mut parts = claim.id.split(SEPARATOR);
    if claim.scope != Scope::Unsubscribe || parts.next() != Some(capture.as_str()) {
        return Err(refused());
    }
    let purposes = parts.map(Purpose::parse).collect::<Result<_, _>>().map_err(|_| refused())?;
    Ok((claim.subject, purposes))
}
