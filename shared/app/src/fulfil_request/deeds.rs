//! What is done about a request: exported, erased, withdrawn, restricted, corrected, and what its end undoes.

use std::collections::BTreeMap;

use domain::{
    consent::{self, Choice, ConsentEvent},
    dsar::{self, Act, Ending, Exception, Outcome, RESTRICTION_REVIEW_HOURS, Received, RequestType, Stop},
    hold::{Hold, HoldReason, HoldScope},
    ids::{HoldId, Purpose},
    policy::{LawfulBasis, Policy},
};
use jiff::{Timestamp, ToSpan};

use super::Office;
use crate::{
    capture_consent::ConsentLedger,
    correction, erasure,
    error::PortError,
    export,
    holds::{self, HoldError, HoldKey},
    keys::Keys,
    requests::{RequestKey, StoredRequest},
    systems,
};

/// Carries out what was asked, but for what the office excepts: the controller's systems first, since they
/// look for the person by what ends with the person's key.
pub(super) async fn carry_out<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    except: &[Exception],
    at: Timestamp,
) -> Result<Option<Act>, PortError> {
    let received = &stored.state.received;
    let by_office = stored.state.ruling().is_some();
    let asked: Vec<_> = systems::systems_for(policy, received.request, &received.purposes);
    if !asked.is_empty() && stored.state.tasks().is_empty() && stored.confided.identifier.is_some() {
        return Ok(Some(Act::TasksOpened(asked)));
    }
    let outcome = match received.request {
        // What a successor may read a person of the office hands over.
        request if by_office && received.is_by_successor() && request.hands_out_or_changes() => Outcome::Granted,
        RequestType::Access
        | RequestType::KnowPieces
        | RequestType::KnowCategories
        | RequestType::Information
        | RequestType::Portability => export::export(policy, ports, key, stored, except, at).await?,
        RequestType::Erasure => {
            withdraw_what_was_given(policy, ports, key, &received.purposes, at).await?;
            let_go_of_copies(policy, ports, key, at).await?;
            Outcome::Erased(erasure::erase(policy, ports, key, (&received.purposes, except), at).await?)
        }
        RequestType::WithdrawConsent => match withdraw(policy, ports, key, &received.purposes, received.at).await? {
            Outcome::WithOffice if by_office => Outcome::Granted,
            outcome => outcome,
        },
        RequestType::Restriction => {
            restrict(policy, ports, key, received.at).await?;
            with_office_unless(by_office)
        }
        RequestType::Objection
        | RequestType::ObjectionMarketing
        | RequestType::ObjectionAutomated
        | RequestType::DoNotSellOrShare
        | RequestType::LimitSensitive => stopped(policy, received, by_office),
        RequestType::Rectification if by_office => {
            let fields =
                correction::correct(policy, ports, (key, received.at), &stored.confided.corrections, except, at)
                    .await?;
            if fields.is_empty() { Outcome::Granted } else { Outcome::Corrected(fields) }
        }
        RequestType::PostMortem if received.following.is_none() && dsar::offers_post_mortem(policy) => {
            Outcome::Recorded
        }
        RequestType::Rectification | RequestType::Complaint | RequestType::PostMortem | RequestType::Appeal => {
            with_office_unless(by_office)
        }
    };
    Ok(Some(Act::Decided(outcome)))
}

const fn with_office_unless(granted: bool) -> Outcome {
    if granted { Outcome::Granted } else { Outcome::WithOffice }
}

/// What an objection came to. It took effect when it came in: whoever uses data reads the request itself.
fn stopped(policy: &Policy, received: &Received, by_office: bool) -> Outcome {
    match dsar::stop(policy, received.request, &received.purposes) {
        Some(stop) if by_office => Outcome::Stopped(Stop { with_office: false, ..stop }),
        Some(stop) => Outcome::Stopped(stop),
        None => with_office_unless(by_office),
    }
}

/// A restriction that was taken back or refused ends with its request (GDPR Art. 18(3): the person is told
/// first, by the letter of that end). One that was merged goes on by the other request, with that one's hold.
pub(super) async fn undo<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
) -> Result<(), PortError> {
    let is_over = matches!(stored.state.ending(), Some(Ending::Withdrawn | Ending::Stopped | Ending::Merged(_)))
        || matches!(stored.state.decided, Some((_, Outcome::RefusedByOffice(_))));
    let Some(closed_at) = stored.state.closed_at().filter(|_| is_over) else { return Ok(()) };
    if stored.state.received.request != RequestType::Restriction {
        return Ok(());
    }
    let hold = restriction_hold(ports, key).await?;
    release(policy, ports, key, &hold, closed_at).await
}

fn opened_by(key: &RequestKey) -> String {
    format!("request {}", key.request)
}

async fn restriction_hold<P: Office>(ports: &P, key: &RequestKey) -> Result<HoldId, PortError> {
    let keys = ports.controller(&key.controller).await?;
    Ok(keys.pepper.derive(&["request", key.request.as_str()]))
}

/// Who asks to be erased wants no more newsletters: what they agreed to ends with it (GDPR
/// Art. 17(1)(b)). The record of the consents stays, under a keyed hash, to answer for the past.
pub(super) async fn withdraw_what_was_given<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    purposes: &[Purpose],
    at: Timestamp,
) -> Result<(), PortError> {
    // What waits for a guardian ends too: a late agreement must not bring it back.
    let revocable = consent::revocable(&ports.consents(&key.controller, &key.subject).await?);
    let named = |purpose: &Purpose| purposes.is_empty() || purposes.contains(purpose);
    let given: Vec<_> = revocable.into_iter().filter(named).collect();
    if !given.is_empty() {
        withdraw(policy, ports, key, &given, at).await?;
    }
    Ok(())
}

/// Takes back, by the request that asked for it, what was agreed to.
pub(crate) async fn withdraw<P: ConsentLedger + Keys>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    purposes: &[Purpose],
    at: Timestamp,
) -> Result<Outcome, PortError> {
    let by_consent: Vec<_> = policy
        .purposes
        .values()
        .filter(|rule| rule.basis == LawfulBasis::Consent)
        .map(|rule| rule.id.clone())
        .filter(|purpose| purposes.is_empty() || purposes.contains(purpose))
        .collect();
    if by_consent.is_empty() {
        // Nothing rests on consent, so there is nothing to take back; the office explains.
        return Ok(Outcome::WithOffice);
    }
    let keys = ports.controller(&key.controller).await?;
    let choices: BTreeMap<_, _> = by_consent.iter().map(|purpose| (purpose.clone(), Choice::Withdrawn)).collect();
    let event = ConsentEvent {
        id: keys.pepper.derive(&["request", key.request.as_str()]),
        subject: key.subject.clone(),
        at,
        choices,
        notice_version: String::new(),
        language: policy.notice.language.clone(),
        method: "request".to_owned(),
        gpc: false,
        policy: policy.hash.clone(),
        fingerprint: keys.pepper.derive(&["request", key.request.as_str()]),
        guardian: None,
    };
    ports.append_consent(&key.controller, &event).await?;
    Ok(Outcome::Withdrawn(by_consent))
}

async fn restrict<P: Office>(policy: &Policy, ports: &P, key: &RequestKey, at: Timestamp) -> Result<(), PortError> {
    let id = restriction_hold(ports, key).await?;
    let review_at = at.saturating_add(RESTRICTION_REVIEW_HOURS.hours()).unwrap_or(Timestamp::MAX);
    place(policy, ports, key, (id, HoldReason::Restriction), at, review_at).await
}

async fn place<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    (id, reason): (HoldId, HoldReason),
    at: Timestamp,
    review_at: Timestamp,
) -> Result<(), PortError> {
    let scope = HoldScope::Subject(key.subject.clone());
    let hold = Hold::new(id, scope, reason, (at, opened_by(key)), review_at);
    match holds::place_on_subject(policy, ports, hold).await {
        Ok(_) => Ok(()),
        Err(HoldError::Port(error)) => Err(error),
        Err(_) => Err(PortError::corrupt("hold", "it cannot be placed")),
    }
}

async fn release<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    hold: &HoldId,
    at: Timestamp,
) -> Result<(), PortError> {
    match holds::release(policy, ports, &HoldKey::of_subject(&key.subject, hold), &opened_by(key), at).await {
        Ok(_) | Err(HoldError::Unknown) => Ok(()),
        Err(HoldError::Port(error)) => Err(error),
        Err(_) => Err(PortError::corrupt("hold", "it cannot be released")),
    }
}

/// How long after its answer is due somebody looks at what an access request still keeps: longer than the law lets
/// an answer be put off (GDPR Art. 12(3)).
const ACCESS_REVIEW_HOURS: i64 = 24 * 62;

/// Whether what somebody waits for is a copy of their records: none of it may end meanwhile.
const fn waits_for_records(request: RequestType) -> bool {
    matches!(
        request,
        RequestType::Access | RequestType::KnowPieces | RequestType::KnowCategories | RequestType::Portability
    )
}

async fn answer_hold<P: Office>(ports: &P, key: &RequestKey) -> Result<HoldId, PortError> {
    let keys = ports.controller(&key.controller).await?;
    Ok(keys.pepper.derive(&["answer", key.request.as_str()]))
}

/// Keeps the records that a person has proved to be theirs and asked for until they have their answer, and no
/// longer. One that is answered at once needs no hold.
pub(super) async fn keep_for_the_answer<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
) -> Result<(), PortError> {
    let state = &stored.state;
    if !waits_for_records(state.received.request) || !state.is_verified() {
        return Ok(());
    }
    let id = answer_hold(ports, key).await?;
    if let Some(closed_at) = state.closed_at() {
        let hold = ports.hold(&key.controller, &HoldKey::of_subject(&key.subject, &id)).await?;
        return if hold.is_some() { release(policy, ports, key, &id, closed_at).await } else { Ok(()) };
    }
    let review_at = state.received.due_at.saturating_add(ACCESS_REVIEW_HOURS.hours()).unwrap_or(Timestamp::MAX);
    place(policy, ports, key, (id, HoldReason::AccessRequest), stored.known_at(), review_at).await
}

/// Who proves to be the person and asks for erasure wants no copy any more: what waited for one is let go.
async fn let_go_of_copies<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
) -> Result<(), PortError> {
    for hold in ports.holds(&key.controller, &key.subject).await? {
        if hold.reason == HoldReason::AccessRequest {
            release(policy, ports, key, &hold.id, at).await?;
        }
    }
    Ok(())
}
