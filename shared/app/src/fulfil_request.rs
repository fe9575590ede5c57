//! Carries out requests over the product's own data: consents, requests, retained records. The one driver
//! of a request: it reads where the request stands and does what comes next.

use std::collections::BTreeMap;

use domain::{
    consent::{self, Choice, ConsentEvent},
    dsar::{
        self, Act, Actor, Challenge, Ending, Exception, ItemResult, Outcome, Proof, Received, RequestType, Ruling,
        Stage, Stop, VerifiedBy,
    },
    hold::HoldReason,
    ids::{HoldId, Identifier, IdentifierKind, Purpose, RequestId},
    limits::Limit,
    policy::{LawfulBasis, Policy, VerificationRule},
    record::SubjectHold,
    token::{Claim, Scope},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    capture_consent::ConsentLedger,
    challenges::Challenges,
    correction,
    destruction::{Deletion, EvidenceStore},
    disclose::DisclosureLog,
    erasure::{self, ErasurePlans},
    error::PortError,
    export::{self, disclosures_of_subject},
    holds::{self, HoldError, HoldStore},
    keys::Keys,
    letters::{self, Confirm, Task},
    limits::{self, Counters},
    mail::{Mail, MailClaim, MailTag, Mailer},
    recipients,
    records::RecordStore,
    requests::{self, NewEntry, RecordError, RequestKey, RequestLog, StoredRequest},
    systems::{self, SystemData},
    verify,
};

pub use crate::export::{EXPORT_HOURS, Exports, SubjectFile, WITHHELD};

/// How long a requester has to confirm a request by mail.
pub const VERIFICATION_HOURS: i64 = dsar::VERIFICATION_WINDOW_HOURS;

/// Most steps that one event leads to: verified, decided, and as many again where somebody else was faster.
const STEPS_MAX: usize = 4;

pub use domain::dsar::RESTRICTION_REVIEW_HOURS;

/// Everything that fulfilling needs.
pub trait Office:
    RequestLog
    + Challenges
    + Counters
    + ErasurePlans
    + RecordStore
    + ConsentLedger
    + DisclosureLog
    + HoldStore
    + Exports
    + EvidenceStore
    + Deletion
    + Keys
    + Mailer
    + SystemData
{
}

impl<P> Office for P where
    P: RequestLog
        + Challenges
        + Counters
        + ErasurePlans
        + RecordStore
        + ConsentLedger
        + DisclosureLog
        + HoldStore
        + Exports
        + EvidenceStore
        + Deletion
        + Keys
        + Mailer
        + SystemData
{
}

/// Takes a request as far as it can go: acknowledges, verifies by points, asks the controller's systems,
/// decides, carries out what the office ruled, tells the requester. Answers the outcome once there is one.
///
/// Each step finds what earlier attempts have done, so it can be run again at any time. `at` is the
/// time of the event that led here; `public_url` is where people reach this deployment.
///
/// # Errors
/// [`PortError`].
pub async fn fulfil<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
    public_url: &str,
) -> Result<Option<Outcome>, PortError> {
    fulfil_within(policy, ports, key, at, public_url, &mut Vec::new()).await
}

/// The same, and names the limits that kept a mail back.
///
/// # Errors
/// [`PortError`].
pub async fn fulfil_within<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
    public_url: &str,
    limited: &mut Vec<Limit>,
) -> Result<Option<Outcome>, PortError> {
    let Some(mut stored) = ports.request(key).await? else {
        return Err(PortError::corrupt("request", "it is not stored"));
    };
    acknowledge(policy, ports, key, &stored, (at, public_url), limited).await?;
    send_code(policy, ports, key, &stored, at, limited).await?;
    for _ in 0..STEPS_MAX {
        let Some(act) = advance(policy, ports, key, &stored, at).await? else { break };
        stored = append(policy, ports, key, &stored, act, at).await?;
    }
    tell_of_entries(policy, ports, key, &stored, public_url, limited).await?;
    forget_verification(ports, key, &stored).await?;
    undo(policy, ports, key, &stored).await?;
    let decided = stored.state.decided.clone().filter(|_| stored.state.ending().is_none());
    if let Some((_, outcome)) = &decided {
        answer(policy, ports, key, &stored, outcome, (at, public_url), limited).await?;
    }
    if !stored.state.stage().is_open() {
        // The answer holds what the systems handed over, or nobody will read it.
        systems::drop_delivered(ports, &stored.state).await?;
    }
    Ok(decided.map(|(_, outcome)| outcome))
}

/// What the product does next, if anything is for it to do; what it takes to do it is done already when
/// this answers.
async fn advance<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    at: Timestamp,
) -> Result<Option<Act>, PortError> {
    match stored.state.stage() {
        Stage::AwaitingVerification | Stage::InProgress => {
            if let Some(outcome) = settle(policy, ports, key, stored).await? {
                return Ok(Some(Act::Decided(outcome)));
            }
            if !stored.state.is_verified() {
                return match points(ports, key, stored, at).await? {
                    Points::NotAsked => Ok(None),
                    Points::TooFew => Ok(Some(Act::Decided(Outcome::NotVerified))),
                    Points::Match(matched) => Ok(Some(Act::Verified(VerifiedBy::Points(matched)))),
                };
            }
            if needs_review(policy, stored.state.received.request) {
                return Ok(Some(Act::Decided(Outcome::WithOffice)));
            }
            carry_out(policy, ports, key, stored, &[], at).await
        }
        Stage::Ruled => match stored.state.ruling() {
            Some((_, Ruling::Refuse(ground))) => Ok(Some(Act::Decided(Outcome::RefusedByOffice(*ground)))),
            Some((_, Ruling::Approve { except })) => carry_out(policy, ports, key, stored, except, at).await,
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Appends what was done; if the request has gone on meanwhile, answers it as it stands.
async fn append<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    seen: &StoredRequest,
    act: Act,
    at: Timestamp,
) -> Result<StoredRequest, PortError> {
    let next = |stored: &StoredRequest| {
        // It was done for the request as it was seen. A claim or a note in between changes nothing of that.
        let is_same = stored.state.stage() == seen.state.stage() && stored.state.ruling() == seen.state.ruling();
        is_same.then(|| NewEntry::new(at, Actor::Product, act.clone()))
    };
    let missing = || PortError::corrupt("request", "it is not stored");
    match requests::record(policy, ports, key, next).await {
        Ok(stored) => Ok(stored),
        Err(RecordError::Refused(_)) => ports.request(key).await?.ok_or_else(missing),
        Err(RecordError::Unknown) => Err(missing()),
        Err(RecordError::Port(error)) => Err(error),
    }
}

/// Whether a person looks at it before it is carried out.
fn needs_review(policy: &Policy, request: RequestType) -> bool {
    policy.office.review.contains(&request) || policy.office.four_eyes.contains(&request)
}

/// Asks the requester to confirm by mail, where that is how they are verified. Where nothing is to be
/// confirmed, the answer follows at once and says it all.
///
/// It goes to the mailbox that the request is about, and to no other address that stands beside it.
async fn acknowledge<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    (at, public_url): (Timestamp, &str),
    limited: &mut Vec<Limit>,
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
    let kept_back = match is_repeat(ports, key, received).await? {
        true => Some(Limit::OpenOfOneType),
        false => limits::count_mail(ports, &key.controller, address, at).await?.map(|reached| reached.limit),
    };
    if let Some(limit) = kept_back {
        limited.push(limit);
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
    ports.send(&Mail { tag: MailTag::of_letter(&key.request, "ACK"), ..letter }).await?;
    ports.confirm_mail(key, "ACK", received.at).await
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
async fn send_code<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    at: Timestamp,
    limited: &mut Vec<Limit>,
) -> Result<(), PortError> {
    let Some(address) = verify::mailbox(stored).filter(|_| requests::is_awaited(&stored.state)) else { return Ok(()) };
    let Some(challenge) = ports.challenge(key).await?.filter(|open| open.number > 1) else {
        return Ok(());
    };
    let claim = format!("CODE-{}", challenge.number);
    if ports.claim_mail(key, &claim, at).await? == MailClaim::Sent {
        return Ok(());
    }
    if let Some(reached) = limits::count_mail(ports, &key.controller, address, at).await? {
        limited.push(reached.limit);
        return ports.confirm_mail(key, &claim, at).await;
    }
    let keys = ports.controller(&key.controller).await?;
    let code = keys.tokens.code(&key.controller, &key.subject, &key.request, challenge.number);
    // First it opens, then it is sent: a code in somebody's hands must not be refused.
    ports.code_sent(key, challenge.number, at).await?;
    let letter = letters::code(policy, key, stored.state.received.language, address.value().clone(), &code);
    ports.send(&Mail { tag: MailTag::of_letter(&key.request, &claim), ..letter }).await?;
    ports.confirm_mail(key, &claim, at).await
}

/// What served the verification alone is taken away once it is over: the points that were offered, and the
/// challenge (11 CCR 7060(d)).
async fn forget_verification<P: Office>(ports: &P, key: &RequestKey, stored: &StoredRequest) -> Result<(), PortError> {
    let received = &stored.state.received;
    let left = !received.points.is_empty() || received.verification == VerificationRule::Mail;
    if left && !requests::is_awaited(&stored.state) { ports.forget_verification(key).await } else { Ok(()) }
}

fn link(public_url: &str, key: &RequestKey, page: &str, token: &str) -> String {
    let (controller, request) = (&key.controller, &key.request);
    format!("{public_url}/{controller}/v1/requests/{request}/{page}?token={token}")
}

/// Sends a letter unless it was sent: claimed, sent, confirmed. To a mailbox that nobody has proved to read
/// only so many go out on one day: anybody can type its address.
async fn send_once<P: Office>(
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    (what, at): (&str, Timestamp),
    letter: Mail,
    limited: &mut Vec<Limit>,
) -> Result<(), PortError> {
    if ports.claim_mail(key, what, at).await? == MailClaim::Sent {
        return Ok(());
    }
    if stored.state.verified.is_none()
        // Disclosed to the keyed hash only.
        && let Ok(address) = Identifier::parse(IdentifierKind::Mail, letter.to.disclose())
        && let Some(reached) = limits::count_mail(ports, &key.controller, &address, at).await?
    {
        // What it says stands in the request's status, which its token opens.
        limited.push(reached.limit);
        return ports.confirm_mail(key, what, at).await;
    }
    // By the claim's own name, so that what becomes of the letter leads back to it.
    ports.send(&Mail { tag: MailTag::of_letter(&key.request, what), ..letter }).await?;
    ports.confirm_mail(key, what, at).await
}

/// Tells the requester of what happened that they must know of: a question, an extension, an end.
async fn tell_of_entries<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    public_url: &str,
    limited: &mut Vec<Limit>,
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
            send_once(ports, key, stored, (&format!("E-{number}"), entry.at), letter, limited).await?;
        }
    }
    Ok(())
}

/// What the policy, or the kind of the request, settles before anybody proves who they are.
async fn settle<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
) -> Result<Option<Outcome>, PortError> {
    let received = &stored.state.received;
    if let Some((refusal, clause)) = dsar::refusal_of(policy, received) {
        if received.request == RequestType::WithdrawConsent && refusal.code != dsar::PROCESSOR {
            // "We rely on no consent" does not undo one that was given all the same (GDPR Art. 7(3)). The
            // answer does not say whether there was any.
            withdraw_what_was_given(policy, ports, key, &[], received.at).await?;
        }
        return Ok(Some(Outcome::Refused(refusal, clause)));
    }
    // Nothing that the system can check shows who succeeds to somebody, so a person decides.
    Ok(received.is_by_successor().then_some(Outcome::WithOffice))
}

/// What the offered data points came to.
enum Points {
    /// The request is verified otherwise.
    NotAsked,
    /// Too few of them match.
    TooFew,
    /// So many match.
    Match(u8),
}

async fn points<P: Office>(
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    at: Timestamp,
) -> Result<Points, PortError> {
    let VerificationRule::Points(_) = stored.state.received.verification else { return Ok(Points::NotAsked) };
    // A letter or a call brings no points: the office sees who it is.
    if stored.state.received.entered_by.is_some() && stored.state.received.points.is_empty() {
        return Ok(Points::NotAsked);
    }
    let stored_records = export::live_records(ports, key, at).await?;
    let held: Vec<_> = stored_records.iter().flat_map(|record| &record.points).collect();
    let received = &stored.state.received;
    let matched = dsar::matching_points(&received.points, held);
    let suffices = dsar::proves(received, &key.subject, Proof::Points(matched)).is_ok()
        || dsar::answered_instead(received, matched).is_some();
    Ok(if suffices { Points::Match(matched) } else { Points::TooFew })
}

/// Carries out what was asked, but for what the office excepts: the controller's systems first, since they
/// look for the person by what ends with the person's key.
async fn carry_out<P: Office>(
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
            Outcome::Erased(erasure::erase(policy, ports, key, (&received.purposes, except), at).await?)
        }
        RequestType::WithdrawConsent => match withdraw(policy, ports, key, &received.purposes, received.at).await? {
            Outcome::WithOffice if by_office => Outcome::Granted,
            outcome => outcome,
        },
        RequestType::Restriction => {
            restrict(policy, ports, key, received.at).await?;
            if by_office { Outcome::Granted } else { Outcome::WithOffice }
        }
        RequestType::Objection
        | RequestType::ObjectionMarketing
        | RequestType::ObjectionAutomated
        | RequestType::DoNotSellOrShare
        | RequestType::LimitSensitive => {
            // It took effect when it came in: whoever uses data reads the request itself.
            match dsar::stop(policy, received.request, &received.purposes) {
                Some(stop) if by_office => Outcome::Stopped(Stop { with_office: false, ..stop }),
                Some(stop) => Outcome::Stopped(stop),
                None if by_office => Outcome::Granted,
                None => Outcome::WithOffice,
            }
        }
        RequestType::Rectification if by_office => {
            let fields = correction::correct(ports, key, &stored.confided.corrections, except, at).await?;
            if fields.is_empty() { Outcome::Granted } else { Outcome::Corrected(fields) }
        }
        RequestType::PostMortem if received.following.is_none() && dsar::offers_post_mortem(policy) => {
            Outcome::Recorded
        }
        RequestType::Rectification | RequestType::Complaint | RequestType::PostMortem | RequestType::Appeal => {
            if by_office {
                Outcome::Granted
            } else {
                Outcome::WithOffice
            }
        }
    };
    Ok(Some(Act::Decided(outcome)))
}

/// A restriction that was taken back or refused ends with its request (GDPR Art. 18(3): the person is told
/// first, by the letter of that end). One that was merged goes on by the other request, with that one's hold.
async fn undo<P: Office>(
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
    match holds::release(policy, ports, &key.subject, &hold, &opened_by(key), closed_at).await {
        Ok(_) | Err(HoldError::Unknown) => Ok(()),
        Err(HoldError::Port(error)) => Err(error),
        Err(_) => Err(PortError::corrupt("hold", "it cannot be released")),
    }
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
async fn withdraw_what_was_given<P: Office>(
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

async fn withdraw<P: Office>(
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
    let hold = SubjectHold {
        id: restriction_hold(ports, key).await?,
        subject: key.subject.clone(),
        reason: HoldReason::Restriction,
        ground: None,
        opened_at: at,
        review_at: at.saturating_add(RESTRICTION_REVIEW_HOURS.hours()).unwrap_or(Timestamp::MAX),
        opened_by: opened_by(key),
        released_at: None,
    };
    match holds::place_on_subject(policy, ports, hold).await {
        Ok(_) => Ok(()),
        Err(HoldError::Port(error)) => Err(error),
        Err(_) => Err(PortError::corrupt("hold", "it cannot be placed")),
    }
}

async fn answer<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    outcome: &Outcome,
    (at, public_url): (Timestamp, &str),
    limited: &mut Vec<Limit>,
) -> Result<(), PortError> {
    if let Some(address) = stored.address().cloned() {
        let link = if let Outcome::Exported { .. } = outcome {
            let token = token(ports, key, Scope::Export, at, EXPORT_HOURS).await?;
            Some(link(public_url, key, "export", &token))
        } else {
            None
        };
        let mut letter = letters::answer(policy, key, stored, outcome, &address, link.as_deref());
        if stored.state.answered_as() != stored.state.received.request {
            letters::say_categories_instead(&mut letter, stored.state.received.language);
        }
        send_once(ports, key, stored, (&answer_claim(stored), at), letter, limited).await?;
    }
    tell_others(policy, ports, key, stored, outcome, at).await?;
    // Last of all, since the answer's address lies under this key: what remains of the person in
    // copies and backups becomes unreadable. While anything of theirs is kept, its key must live.
    if let Outcome::Erased(items) = outcome
        && items.iter().all(|item| matches!(item.result, ItemResult::Erased { .. }))
        && ports.records(&key.controller, &key.subject).await?.is_empty()
    {
        let decided_at = stored.state.decided.as_ref().map_or(at, |(at, _)| *at);
        ports.destroy_subject_key(&key.controller, &key.subject, decided_at).await?;
    }
    Ok(())
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
) -> Result<(), PortError> {
    let received = &stored.state.received;
    if recipients::follows(received, outcome).is_some() {
        let disclosures = disclosures_of_subject(ports, &key.controller, &key.subject).await?;
        recipients::tell(policy, ports, key, (received, outcome), &disclosures, at).await?;
    }
    let (task, detail) = match outcome {
        Outcome::Refused(refusal, clause) if refusal.code == dsar::PROCESSOR => {
            (Task::PassOn, format!("The person was told: {} ({clause}).", refusal.text))
        }
        Outcome::WithOffice if received.following.is_some() => {
            (Task::AfterDeath, format!("They are to be carried out by {}.", letters::last_day(policy, &stored.state)))
        }
        _ => return Ok(()),
    };
    if ports.claim_mail(key, "OFFICE", at).await? != MailClaim::Sent {
        ports.send(&letters::task(policy, key, task, &detail)).await?;
        ports.confirm_mail(key, "OFFICE", at).await?;
    }
    Ok(())
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
