//! What is said about a request: to the requester, to those who got the data, and to the office.

use domain::{
    dsar::{self, Act, Challenge, Outcome, Received},
    ids::{Identifier, IdentifierKind, RequestId},
    limits::Limit,
    policy::{Policy, VerificationRule},
    token::{Claim, Scope},
};
use jiff::{Timestamp, ToSpan};

use super::{EXPORT_HOURS, Office, Unsent, VERIFICATION_HOURS, decided};
use crate::{
    certificate::{CERTIFICATE_HOURS, certifies},
    error::PortError,
    export::disclosures_of_subject,
    keys::Keys,
    letters::{self, Confirm, Task},
    limits,
    mail::{Mail, MailClaim, MailTag},
    recipients,
    requests::{self, RequestKey, RequestLog, StoredRequest},
    verify,
};

/// Asks the requester to confirm by mail, where that is how they are verified. Where nothing is to be
/// confirmed, the answer follows at once and says it all.
///
/// It goes to the mailbox that the request is about, and to no other address that stands beside it.
pub(super) async fn acknowledge<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    (at, public_url): (Timestamp, &str),
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    let Some(address) = verify::mailbox(stored) else { return Ok(()) };
    let received = &stored.state.received;
    let is_settled = dsar::refusal_of(policy, received).is_some() || !stored.state.stage().is_open();
    // The office may have seen who it is before the first letter goes out.
    if is_settled || stored.state.is_verified() {
        return Ok(());
    }
    if ports.claim_mail(key, "ACK", received.at).await? == MailClaim::Sent {
        return Ok(());
    }
    let first = Challenge::first(at);
    let tag = MailTag::of_letter(&key.request, "ACK");
    let kept_back = match is_repeat(ports, key, received).await? {
        true => Some(Limit::OpenOfOneType),
        false => limits::count_mail(ports, &key.controller, address, (&tag, at)).await?.map(|reached| reached.limit),
    };
    if let Some(limit) = kept_back {
        unsent.limited.push(limit);
        // Whoever made it can still ask for a code once the limit is past.
        ports.open_challenge(key, &Challenge { sent_at: None, ..first }).await?;
        return ports.confirm_mail(key, "ACK", received.at).await;
    }
    ports.open_challenge(key, &first).await?;
    let token = token(ports, key, Scope::Verification, received.at, VERIFICATION_HOURS).await?;
    let link = link(public_url, key, "verification", &token);
    let code =
        ports.controller(&key.controller).await?.tokens.code(&key.controller, &key.subject, &key.request, first.number);
    let until = received.at.saturating_add(VERIFICATION_HOURS.hours()).unwrap_or(Timestamp::MAX);
    // Disclosed to the letter that carries it.
    let confirm = Confirm { link: &link, code: Some(code.disclose()), until };
    let letter = letters::acknowledgement(policy, key, &stored.state, address.value(), Some(&confirm), None);
    let letter = Mail { tag, ..letter };
    unsent.add(requests::send_claimed(policy, ports, key, "ACK", &letter, at).await?);
    Ok(())
}

/// Whether as many requests of this type stand open already as are written about: the next ones are taken in
/// and answered alike, and bring no further mail.
async fn is_repeat<P: RequestLog>(ports: &P, key: &RequestKey, received: &Received) -> Result<bool, PortError> {
    let place = |request: &RequestId, at: Timestamp| (at, request.clone());
    let own = place(&key.request, received.at);
    let earlier = ports.requests(&key.controller, &key.subject).await?.into_iter().filter(|(request, state)| {
        state.received.request == received.request && state.stage().is_open() && place(request, state.received.at) < own
    });
    Ok(earlier.count() >= Limit::OpenOfOneType.rule().most as usize)
}

/// Sends the code that was asked for again, if one was.
pub(super) async fn send_code<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    at: Timestamp,
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    let Some(address) = verify::mailbox(stored).filter(|_| requests::is_awaited(&stored.state)) else { return Ok(()) };
    let Some(challenge) = ports.challenge(key).await?.filter(|open| open.number > 1) else {
        return Ok(());
    };
    let claim = format!("CODE-{}", challenge.number);
    if ports.claim_mail(key, &claim, at).await? == MailClaim::Sent {
        return Ok(());
    }
    let tag = MailTag::of_letter(&key.request, &claim);
    if let Some(reached) = limits::count_mail(ports, &key.controller, address, (&tag, at)).await? {
        unsent.limited.push(reached.limit);
        return ports.confirm_mail(key, &claim, at).await;
    }
    let keys = ports.controller(&key.controller).await?;
    let code = keys.tokens.code(&key.controller, &key.subject, &key.request, challenge.number);
    // First it opens, then it is sent: a code in somebody's hands must not be refused.
    ports.code_sent(key, challenge.number, at).await?;
    let letter = letters::code(policy, key, stored.state.received.language, address.value().clone(), &code);
    let letter = Mail { tag, ..letter };
    unsent.add(requests::send_claimed(policy, ports, key, &claim, &letter, at).await?);
    Ok(())
}

/// What served the verification alone is taken away once it is over: the points that were offered, and the
/// challenge (11 CCR 7060(d)).
pub(super) async fn forget_verification<P: Office>(
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
) -> Result<(), PortError> {
    let received = &stored.state.received;
    let left = !received.points.is_empty() || received.verification == VerificationRule::Mail;
    if left && !requests::is_awaited(&stored.state) { ports.forget_verification(key).await } else { Ok(()) }
}

fn link(public_url: &str, key: &RequestKey, page: &str, token: &str) -> String {
    let (controller, request) = (&key.controller, &key.request);
    format!("{public_url}/{controller}/v1/requests/{request}/{page}?token={token}")
}

/// Sends the requester a letter unless it was sent: claimed, sent, confirmed. To a mailbox that nobody has proved to read
/// only so many go out on one day: anybody can type its address.
async fn tell_requester<P: Office>(
    policy: &Policy,
    ports: &P,
    stored: &StoredRequest,
    (key, what): (&RequestKey, &str),
    letter: Mail,
    at: Timestamp,
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    if ports.claim_mail(key, what, at).await? == MailClaim::Sent {
        return Ok(());
    }
    // By the claim's own name, so that what becomes of the letter leads back to it.
    let tag = MailTag::of_letter(&key.request, what);
    if stored.state.verified.is_none()
        // Disclosed to the keyed hash only.
        && let Ok(address) = Identifier::parse(IdentifierKind::Mail, letter.to.disclose())
        && let Some(reached) = limits::count_mail(ports, &key.controller, &address, (&tag, at)).await?
    {
        // What it says stands in the request's status, which its token opens.
        unsent.limited.push(reached.limit);
        return ports.confirm_mail(key, what, at).await;
    }
    let letter = Mail { tag, ..letter };
    unsent.add(requests::send_claimed(policy, ports, key, what, &letter, at).await?);
    Ok(())
}

/// Tells the requester of what happened that they must know of: a question, an extension, an end.
pub(super) async fn tell_of_entries<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    (at, public_url): (Timestamp, &str),
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    let Some(address) = stored.address().cloned() else { return Ok(()) };
    for (number, entry) in (1..).zip(&stored.state.history) {
        if !letters::tells_of(&entry.act) {
            continue;
        }
        let token = token(ports, key, Scope::Verification, entry.at, VERIFICATION_HOURS).await?;
        let link = link(public_url, key, "reply", &token);
        let until = entry.at.saturating_add(VERIFICATION_HOURS.hours()).unwrap_or(Timestamp::MAX);
        if let Some(letter) = letters::of_entry(policy, key, stored, number, &address, (&link, until)) {
            tell_requester(policy, ports, stored, (key, &format!("E-{number}")), letter, at, unsent).await?;
        }
    }
    Ok(())
}

/// Tells whoever is to be told of the request as it stands, unless they were.
pub(super) async fn tell<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    (at, public_url): (Timestamp, &str),
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    tell_of_entries(policy, ports, key, stored, (at, public_url), unsent).await?;
    match decided(&stored.state) {
        Some((_, outcome)) => answer(policy, ports, key, stored, outcome, (at, public_url), unsent).await,
        None => Ok(()),
    }
}

/// Tells the requester, and whom it concerns, what a request came to.
pub(super) async fn answer<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    outcome: &Outcome,
    (at, public_url): (Timestamp, &str),
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    if let Some(address) = stored.address().cloned() {
        let opened = match outcome {
            Outcome::Exported { .. } => Some(("export", EXPORT_HOURS)),
            _ => certifies(&stored.state).map(|_| ("certificate", CERTIFICATE_HOURS)),
        };
        let link = match opened {
            Some((page, hours)) => {
                let token = token(ports, key, Scope::Export, at, hours).await?;
                Some(link(public_url, key, page, &token))
            }
            None => None,
        };
        let mut letter = letters::answer(policy, key, stored, outcome, &address, link.as_deref());
        if stored.state.answered_as() != stored.state.received.request {
            letters::say_categories_instead(&mut letter, stored.state.received.language);
        }
        tell_requester(policy, ports, stored, (key, &answer_claim(stored)), letter, at, unsent).await?;
    }
    tell_others(policy, ports, key, stored, outcome, at, unsent).await
}

/// The claim of the letter that tells of the latest decision: a request that went to the office first is
/// answered twice.
fn answer_claim(stored: &StoredRequest) -> String {
    let decisions = stored.state.history.iter().filter(|entry| matches!(entry.act, Act::Decided(_))).count();
    if decisions < 2 { "ANSWER".to_owned() } else { format!("ANSWER-{decisions}") }
}

/// Tells recipients of an erasure or a restriction, and the office of what only it can do.
async fn tell_others<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    outcome: &Outcome,
    at: Timestamp,
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    let received = &stored.state.received;
    if recipients::follows(policy, received, outcome).is_some() {
        let disclosures = disclosures_of_subject(ports, &key.controller, &key.subject).await?;
        unsent.refused += recipients::tell(policy, ports, key, (received, outcome), &disclosures, at).await?;
    }
    let (task, detail) = match outcome {
        Outcome::Refused(refusal, clause) if refusal.code == dsar::PROCESSOR => {
            (Task::PassOn, format!("The person was told: {} ({clause}).", refusal.text))
        }
        Outcome::WithOffice if received.following.is_some() => (
            Task::AfterDeath,
            format!("They are to be carried out by {}.", dsar::due_of(policy, &stored.state).last_day),
        ),
        _ => return Ok(()),
    };
    requests::tell_office(ports, key, "OFFICE", &letters::task(policy, key, task, &detail), at).await.map(drop)
}

async fn token<P: Keys>(
    ports: &P,
    key: &RequestKey,
    scope: Scope,
    from: Timestamp,
    hours: i64,
) -> Result<String, PortError> {
    let keys = ports.controller(&key.controller).await?;
    let claim = Claim {
        scope,
        subject: key.subject.clone(),
        id: key.request.to_string(),
        expires_at: from.saturating_add(hours.hours()).unwrap_or(Timestamp::MAX),
    };
    Ok(keys.tokens.sign(&key.controller, &claim))
}
