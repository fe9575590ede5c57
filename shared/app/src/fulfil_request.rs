//! Carries out requests over the product's own data: consents, requests, retained records.

use std::collections::BTreeMap;

use domain::{
    consent::{self, Choice, ConsentEvent},
    dsar::{self, Item, ItemResult, Outcome, RequestEvent, RequestType, VerifiedBy},
    evidence::{DeletionReason, DeletionResult},
    hold::HoldReason,
    ids::Purpose,
    policy::{ErasureExemption, LawfulBasis, Policy, RetentionRule, VerificationRule},
    record::{Record, SubjectHold},
    token::{Claim, Scope},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    capture_consent::ConsentLedger,
    destruction::{self, BATCH_RECORDS_MAX, Condition, Deletion, Doomed, EvidenceStore},
    disclose::DisclosureLog,
    error::{Appended, PortError},
    export::{self, disclosures_of_subject},
    holds::{self, HoldError, HoldStore},
    keys::Keys,
    letters::{self, Task},
    mail::{MailClaim, Mailer},
    recipients,
    records::RecordStore,
    requests::{RequestKey, RequestLog, StoredRequest},
};

pub use crate::export::{EXPORT_HOURS, Exports, SubjectFile, WITHHELD};

/// How long a requester has to confirm a request by mail.
pub const VERIFICATION_HOURS: i64 = 24 * 14;

/// How long a restriction that was asked for stands before somebody must look at it again.
pub const RESTRICTION_REVIEW_HOURS: i64 = 24 * 90;

/// One part of an erasure as it was planned, so that a retry after a crash tells the person of what
/// the first attempt erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasurePlan {
    /// What is to be deleted, at most [`ERASURE_PART_RECORDS`].
    pub doomed: Vec<Doomed>,
}

/// How many records one part of an erasure holds: its plan is one item of the table.
pub const ERASURE_PART_RECORDS: usize = BATCH_RECORDS_MAX;

/// The port to erasure plans.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait ErasurePlans {
    /// Writes a part's plan unless one stands. MUST be durable before it returns.
    async fn plan_erasure(
        &self,
        key: &RequestKey,
        part: usize,
        plan: &ErasurePlan,
    ) -> Result<Appended<ErasurePlan>, PortError>;

    /// Reads a part's plan.
    async fn erasure_plan(&self, key: &RequestKey, part: usize) -> Result<Option<ErasurePlan>, PortError>;
}

/// Everything that fulfilling needs.
pub trait Office:
    RequestLog
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
{
}

impl<P> Office for P where
    P: RequestLog
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
{
}

/// Takes a request as far as it can go: acknowledges, verifies by points, decides, answers.
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
    let Some(stored) = ports.request(key).await? else {
        return Err(PortError::corrupt("request", "it is not stored"));
    };
    acknowledge(policy, ports, key, &stored, public_url).await?;
    let outcome = match stored.state.decided.clone() {
        Some((_, outcome)) => outcome,
        None => match decide(policy, ports, key, &stored, at).await? {
            Some(outcome) => {
                let event = RequestEvent::Decided { at, outcome: outcome.clone() };
                if ports.append_request_event(key, &event).await? {
                    outcome
                } else {
                    // Somebody else decided in between: theirs stands.
                    let stored = ports.request(key).await?;
                    stored.and_then(|stored| stored.state.decided).map_or(outcome, |(_, outcome)| outcome)
                }
            }
            None => return Ok(None),
        },
    };
    answer(policy, ports, key, &stored, &outcome, at, public_url).await?;
    Ok(Some(outcome))
}

/// Asks the requester to confirm by mail, where that is how they are verified. Where nothing is to be
/// confirmed, the answer follows at once and says it all.
async fn acknowledge<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    public_url: &str,
) -> Result<(), PortError> {
    let Some(address) = stored.contact.clone() else { return Ok(()) };
    let received = &stored.state.received;
    let refused = dsar::refusal_of(policy, received).is_some();
    if refused || received.verification != VerificationRule::Mail {
        return Ok(());
    }
    if ports.claim_mail(key, "ACK", received.at).await? == MailClaim::Sent {
        return Ok(());
    }
    let token = token(ports, key, Scope::Verification, received.at, VERIFICATION_HOURS).await?;
    let (controller, request) = (&key.controller, &key.request);
    let link = format!("{public_url}/{controller}/v1/requests/{request}/verification?token={token}");
    ports.send(&letters::acknowledgement(policy, key, &stored.state, address, &link)).await?;
    ports.confirm_mail(key, "ACK", received.at).await
}

async fn decide<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    at: Timestamp,
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
    if received.is_by_successor() {
        // Nothing that the system can check shows who succeeds to somebody, so a person decides.
        return Ok(Some(Outcome::WithOffice));
    }
    if !stored.state.is_verified() {
        let VerificationRule::Points(needed) = received.verification else { return Ok(None) };
        let stored_records = export::live_records(ports, key, at).await?;
        let held: Vec<_> = stored_records.iter().flat_map(|record| &record.points).collect();
        let matched = dsar::matching_points(&received.points, held);
        if matched < needed {
            return Ok(Some(Outcome::NotVerified));
        }
        let event = RequestEvent::Verified { at, by: VerifiedBy::Points(matched) };
        ports.append_request_event(key, &event).await?;
    }
    Ok(Some(match received.request {
        RequestType::Access
        | RequestType::KnowPieces
        | RequestType::KnowCategories
        | RequestType::Information
        | RequestType::Portability => export::export(policy, ports, key, received.request, at).await?,
        RequestType::Erasure => {
            withdraw_what_was_given(policy, ports, key, &received.purposes, at).await?;
            Outcome::Erased(erase(policy, ports, key, &received.purposes, at).await?)
        }
        RequestType::WithdrawConsent => withdraw(policy, ports, key, &received.purposes, received.at).await?,
        RequestType::Restriction => {
            restrict(policy, ports, key, received.at).await?;
            Outcome::WithOffice
        }
        RequestType::Objection
        | RequestType::ObjectionMarketing
        | RequestType::ObjectionAutomated
        | RequestType::DoNotSellOrShare
        | RequestType::LimitSensitive => {
            // It took effect when it came in: whoever uses data reads the request itself.
            dsar::stop(policy, received.request, &received.purposes).map_or(Outcome::WithOffice, Outcome::Stopped)
        }
        RequestType::PostMortem if received.following.is_none() && dsar::offers_post_mortem(policy) => {
            Outcome::Recorded
        }
        RequestType::Rectification | RequestType::Complaint | RequestType::PostMortem => Outcome::WithOffice,
    }))
}

/// Erases what is kept for the purposes that were named, or everything if none was (`identance.1-c`).
async fn erase<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    purposes: &[Purpose],
    at: Timestamp,
) -> Result<Vec<Item>, PortError> {
    let mut items = Vec::new();
    for part in 0.. {
        let plan = match ports.erasure_plan(key, part).await? {
            Some(plan) => plan,
            None => {
                let (kept, mut doomed) = sort_out(policy, ports, key, purposes, at).await?;
                if doomed.is_empty() {
                    items.extend(kept);
                    break;
                }
                doomed.truncate(ERASURE_PART_RECORDS);
                let plan = ErasurePlan { doomed };
                match ports.plan_erasure(key, part, &plan).await? {
                    Appended::Fresh => plan,
                    Appended::Existing(first) => first,
                }
            }
        };
        items.extend(erase_part(ports, key, at, plan).await?);
    }
    items.sort_by(|a, b| (&a.category, &a.record).cmp(&(&b.category, &b.record)));
    Ok(items)
}

/// Which records stay, and why, and which go.
async fn sort_out<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    purposes: &[Purpose],
    at: Timestamp,
) -> Result<(Vec<Item>, Vec<Doomed>), PortError> {
    let (mut kept, mut doomed) = (Vec::new(), Vec::new());
    for record in ports.records(&key.controller, &key.subject).await? {
        if !purposes.is_empty() && !purposes.contains(&record.purpose) {
            continue;
        }
        let rule = policy.retention_of(&record.category, &record.purpose);
        let exemption = exemption(policy, rule, &record).filter(|_| !record.is_expired(at));
        let result = if record.is_held() {
            ItemResult::Held
        } else if let Some(exemption) = exemption {
            ItemResult::Kept { reason: exemption.reason, article: exemption.article, clause: exemption.clause }
        } else {
            doomed.push(Doomed::from(&record));
            continue;
        };
        kept.push(Item { category: record.category, purpose: record.purpose, record: record.id, result });
    }
    Ok((kept, doomed))
}

/// Why an erasure does not reach a record now. Where a rule switches, its exemption is that of the second
/// period: nobody keeps the address of a visitor who never wrote for the sake of a chat (`stationdb.4-i`,
/// `stationdb.4-k`).
fn exemption(policy: &Policy, rule: Option<&RetentionRule>, record: &Record) -> Option<ErasureExemption> {
    let rule = rule?;
    let switched = || record.clock.switched_at(rule, &policy.time_zone).ok().flatten().is_some();
    rule.exemption.clone().filter(|_| rule.switch.is_none() || switched())
}

async fn erase_part<P: Office>(
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
    plan: ErasurePlan,
) -> Result<Vec<Item>, PortError> {
    let manifest =
        destruction::destroy(ports, &key.controller, DeletionReason::Erasure, at, plan.doomed, Condition::Asked)
            .await?;
    let mut items = Vec::new();
    for (position, (record, result)) in manifest.records.iter().zip(&manifest.results).enumerate() {
        let result = match result {
            // Absent: an earlier attempt of this very plan deleted it, under the same evidence.
            DeletionResult::Deleted | DeletionResult::Absent => {
                ItemResult::Erased { evidence: manifest.evidence_id(position) }
            }
            // A hold came in between; the next part finds it standing and reports it.
            DeletionResult::Held => continue,
            DeletionResult::NotDue | DeletionResult::Failed => {
                return Err(PortError::unavailable("deletion", "a record could not be deleted"));
            }
        };
        items.push(Item {
            category: record.category.clone(),
            purpose: record.purpose.clone(),
            record: record.record.clone(),
            result,
        });
    }
    Ok(items)
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
    let keys = ports.controller(&key.controller).await?;
    let hold = SubjectHold {
        id: keys.pepper.derive(&["request", key.request.as_str()]),
        subject: key.subject.clone(),
        reason: HoldReason::Restriction,
        ground: None,
        opened_at: at,
        review_at: at.saturating_add(RESTRICTION_REVIEW_HOURS.hours()).unwrap_or(Timestamp::MAX),
        opened_by: format!("request {}", key.request),
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
    at: Timestamp,
    public_url: &str,
) -> Result<(), PortError> {
    if let Some(address) = stored.contact.clone()
        && ports.claim_mail(key, "ANSWER", at).await? != MailClaim::Sent
    {
        let link = if let Outcome::Exported { .. } = outcome {
            let token = token(ports, key, Scope::Export, at, EXPORT_HOURS).await?;
            let (controller, request) = (&key.controller, &key.request);
            Some(format!("{public_url}/{controller}/v1/requests/{request}/export?token={token}"))
        } else {
            None
        };
        ports.send(&letters::answer(policy, key, &stored.state.received, outcome, address, link.as_deref())).await?;
        ports.confirm_mail(key, "ANSWER", at).await?;
    }
    tell_others(policy, ports, key, stored, outcome, at).await?;
    // Last of all, since the answer's address lies under this key: what remains of the person in
    // copies and backups becomes unreadable. While anything of theirs is kept, its key must live.
    if let Outcome::Erased(items) = outcome
        && items.iter().all(|item| matches!(item.result, ItemResult::Erased { .. }))
        && ports.records(&key.controller, &key.subject).await?.is_empty()
    {
        let decided_at = ports.request(key).await?.and_then(|stored| stored.state.decided).map_or(at, |(at, _)| at);
        ports.destroy_subject_key(&key.controller, &key.subject, decided_at).await?;
    }
    Ok(())
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
