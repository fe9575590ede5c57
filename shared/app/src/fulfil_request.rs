//! Carries out requests over the product's own data: consents, requests, retained records. The one driver
//! of a request: it reads where the request stands and does what comes next.

use domain::{
    dsar::{self, Act, Actor, Outcome, Proof, RequestState, RequestType, Ruling, Stage, VerifiedBy},
    limits::Limit,
    policy::{Policy, VerificationRule},
};
use jiff::Timestamp;

use crate::{
    capture_consent::ConsentLedger,
    challenges::Challenges,
    destruction::{Deletion, EvidenceStore},
    disclose::DisclosureLog,
    erasure::ErasurePlans,
    error::PortError,
    export,
    holds::HoldStore,
    keys::Keys,
    limits::Counters,
    mail::{Handed, Mailer},
    records::RecordStore,
    requests::{self, NewEntry, RecordError, RequestKey, RequestLog, StoredRequest},
    systems::{self, SystemData},
    tombstones::Tombstones,
};

mod deeds;
mod end_of_key;
mod words;

pub(crate) use deeds::withdraw as withdraw_purposes;
use deeds::{carry_out, keep_for_the_answer, undo, withdraw_what_was_given};
use end_of_key::end_key;
use words::{acknowledge, answer, forget_verification, send_code, tell_of_entries};

pub use crate::export::{EXPORT_HOURS, Exports, SubjectFile, WITHHELD};

/// How long a requester has to confirm a request by mail.
pub const VERIFICATION_HOURS: i64 = dsar::VERIFICATION_WINDOW_HOURS;

/// Most steps that one event leads to: verified, decided, and as many again where somebody else was faster.
const STEPS_MAX: usize = 4;

crate::ports! {
    /// Everything that fulfilling needs.
    pub trait Office =
        RequestLog + Challenges + Counters + ErasurePlans + RecordStore + Tombstones + ConsentLedger + DisclosureLog
        + HoldStore + Exports + EvidenceStore + Deletion + Keys + Mailer + SystemData;
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
    fulfil_within(policy, ports, key, at, public_url, &mut Unsent::default()).await
}

/// The mails that did not go out, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsent {
    /// The limits that kept one back each.
    pub limited: Vec<Limit>,
    /// How many the mail service refused for their address. The request's history names each.
    pub refused: usize,
}

impl Unsent {
    fn add(&mut self, handed: Handed) {
        self.refused += usize::from(handed == Handed::Refused);
    }
}

/// The same, and tells of the mails that did not go out.
///
/// # Errors
/// [`PortError`].
pub async fn fulfil_within<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
    public_url: &str,
    unsent: &mut Unsent,
) -> Result<Option<Outcome>, PortError> {
    let Some(mut stored) = ports.request(key).await? else {
        return Err(PortError::corrupt("request", "it is not stored"));
    };
    acknowledge(policy, ports, key, &stored, (at, public_url), unsent).await?;
    send_code(policy, ports, key, &stored, at, unsent).await?;
    for _ in 0..STEPS_MAX {
        let Some(act) = advance(policy, ports, key, &stored, at).await? else { break };
        stored = append(policy, ports, key, &stored, act, at).await?;
    }
    tell_of_entries(policy, ports, key, &stored, (at, public_url), unsent).await?;
    forget_verification(ports, key, &stored).await?;
    undo(policy, ports, key, &stored).await?;
    keep_for_the_answer(policy, ports, key, &stored).await?;
    let outcome = decided(&stored.state).map(|(_, outcome)| outcome);
    if let Some(outcome) = outcome {
        answer(policy, ports, key, &stored, outcome, (at, public_url), unsent).await?;
    }
    if !stored.state.stage().is_open() {
        // The answer holds what the systems handed over, or nobody will read it.
        systems::drop_delivered(ports, &stored.state).await?;
        end_key(policy, ports, key, (at, public_url), unsent).await?;
    }
    Ok(outcome.cloned())
}

/// What was decided about a request, and when, unless it ended in another way.
fn decided(state: &RequestState) -> Option<&(Timestamp, Outcome)> {
    state.decided.as_ref().filter(|_| state.ending().is_none())
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
            if policy.office.reviews(stored.state.received.request) {
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
