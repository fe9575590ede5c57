//! When the key of a person who was erased goes: with the last of their requests, once everybody was told, with
//! nothing of theirs left, and under evidence that says so once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    capture_consent,
    chain::{Content, DestroyedKey, Link},
    error::PortError,
    fulfil_request,
    office::{self, Clerk, Doing},
    receive_request::{self, ReceiveRequest},
    records,
    requests::{self, NewEntry, RequestKey, RequestLog, StoredRequest},
};
use domain::{
    consent::Choice,
    dsar::{Act, Action, Actor, Outcome, RefusalGround, RequestType, Ruling, Stage, VerifiedBy},
    ids::{Identifier, StaffId},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, build};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

fn ada() -> Identifier {
    build::mail("ada@example.com")
}

/// The small policy, with a person who looks at every access request first.
fn policy() -> Policy {
    let mut policy = build::policy();
    policy.office.review = [RequestType::Access].into();
    policy
}

/// Takes a request in; nobody has shown whose it is.
async fn received(policy: &Policy, memory: &Memory, request: RequestType, at: Timestamp) -> RequestKey {
    let form = ReceiveRequest::new(request, ada(), format!("{request}-{at}"), at);
    receive_request::receive(policy, memory, form).await.unwrap().request
}

/// Takes a request in, as a person whose mailbox answers; the product has not looked at it yet.
async fn asked(policy: &Policy, memory: &Memory, request: RequestType, at: Timestamp) -> RequestKey {
    let key = received(policy, memory, request, at).await;
    let verified = NewEntry::new(at, Actor::Requester, Act::Verified(VerifiedBy::Mail));
    requests::record(policy, memory, &key, |_| Some(verified.clone())).await.unwrap();
    key
}

async fn fulfil(policy: &Policy, memory: &Memory, key: &RequestKey, at: Timestamp) -> Result<(), PortError> {
    fulfil_request::fulfil(policy, memory, key, at, URL).await.map(drop)
}

async fn stored(memory: &Memory, key: &RequestKey) -> StoredRequest {
    memory.request(key).await.unwrap().unwrap()
}

async fn reads(memory: &Memory, key: &RequestKey) -> bool {
    stored(memory, key).await.confided.contact.is_some()
}

/// The office refuses what it was to look at.
async fn refuse(policy: &Policy, memory: &Memory, key: &RequestKey, at: Timestamp) {
    let version = stored(memory, key).await.state.version();
    let action = Action::Decide(Ruling::Refuse(RefusalGround::Excessive));
    let text = Some(Sensitive::new("because".to_owned()));
    let by = Clerk { id: StaffId::parse("clerk-1").unwrap(), at };
    office::act(policy, memory, &key.request, Doing { action, text, version, by }).await.unwrap();
}

fn answers(memory: &Memory, key: &RequestKey) -> usize {
    let of = format!("request-{}-answer", key.request);
    memory.sent().iter().filter(|mail| mail.tag.starts_with(&of) && mail.text.contains("excessive")).count()
}

/// What the chain says of keys, each batch once.
fn destroyed(policy: &Policy, memory: &Memory) -> Vec<DestroyedKey> {
    let mut seen = BTreeSet::new();
    let of = |Link { batch, content, .. }: Link| match content {
        Content::Keys(keys) if seen.insert(batch.clone()) => keys,
        _ => Vec::new(),
    };
    memory.links(&policy.controller).into_iter().map(|(_, link)| link).flat_map(of).collect()
}

fn links_of_keys(policy: &Policy, memory: &Memory) -> usize {
    memory.links(&policy.controller).iter().filter(|(_, link)| matches!(link.content, Content::Keys(_))).count()
}

/// A person whose records are erased on day 2 while the office looks at what else they asked.
async fn erased_beside_an_access(policy: &Policy, memory: &Memory) -> (RequestKey, RequestKey) {
    records::register(policy, memory, build::registration(ada(), ("server-log", "security"), "log-1", day(-1)))
        .await
        .unwrap();
    let access = asked(policy, memory, RequestType::Access, day(0)).await;
    fulfil(policy, memory, &access, day(0)).await.unwrap();
    assert_eq!(stored(memory, &access).await.state.stage(), Stage::WithOffice);
    let erasure = asked(policy, memory, RequestType::Erasure, day(2)).await;
    fulfil(policy, memory, &erasure, day(2)).await.unwrap();
    let outcome = stored(memory, &erasure).await.state.decided.unwrap().1;
    assert!(matches!(&outcome, Outcome::Erased(items) if items.len() == 1), "{outcome:?}");
    (access, erasure)
}

#[tokio::test]
async fn a_key_outlives_its_erasure_while_another_request_is_open_and_goes_with_the_last() {
    let (policy, memory) = (policy(), Memory::new());
    let (access, erasure) = erased_beside_an_access(&policy, &memory).await;
    assert!(reads(&memory, &access).await, "the office still answers that one");
    assert_eq!(links_of_keys(&policy, &memory), 0);

    refuse(&policy, &memory, &access, day(5)).await;
    fulfil(&policy, &memory, &access, day(5)).await.unwrap();
    assert_eq!(answers(&memory, &access), 1, "and they are told");
    assert!(!reads(&memory, &access).await && !reads(&memory, &erasure).await);
    let keys = destroyed(&policy, &memory);
    assert_eq!(keys.iter().map(|key| key.at).collect::<Vec<_>>(), [day(5)], "the evidence says when it went");

    // Whatever leads here again, and whoever comes back, finds it done.
    let later = asked(&policy, &memory, RequestType::Access, day(9)).await;
    fulfil(&policy, &memory, &later, day(9)).await.unwrap();
    refuse(&policy, &memory, &later, day(10)).await;
    for key in [&later, &access, &erasure] {
        fulfil(&policy, &memory, key, day(10)).await.unwrap();
    }
    assert!(reads(&memory, &later).await, "what they gave since is under a key of its own");
    assert_eq!((answers(&memory, &later), links_of_keys(&policy, &memory)), (1, 1));
}

#[tokio::test]
async fn whatever_crashes_at_the_end_of_the_last_request_the_key_goes_under_its_evidence() {
    let policy = policy();
    for crash_after in 0.. {
        let memory = Memory::new();
        let (access, erasure) = erased_beside_an_access(&policy, &memory).await;
        refuse(&policy, &memory, &access, day(5)).await;
        memory.fail_after(crash_after);
        let first = fulfil(&policy, &memory, &access, day(5)).await;
        memory.recover();
        let is_gone = !reads(&memory, &access).await;
        assert!(is_gone || links_of_keys(&policy, &memory) == 0, "no evidence before the fact: {crash_after}");
        fulfil(&policy, &memory, &access, day(5)).await.unwrap();
        assert!(!reads(&memory, &access).await && !reads(&memory, &erasure).await);
        assert_eq!(destroyed(&policy, &memory).len(), 1, "after {crash_after} calls");
        assert!((1..=2).contains(&answers(&memory, &access)), "after {crash_after} calls");
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn nobody_loses_their_answer_to_a_request_that_was_closed_after_theirs() {
    let policy = policy();
    for crash_after in 0.. {
        let memory = Memory::new();
        let access = asked(&policy, &memory, RequestType::Access, day(0)).await;
        fulfil(&policy, &memory, &access, day(0)).await.unwrap();
        refuse(&policy, &memory, &access, day(1)).await;
        let erasure = asked(&policy, &memory, RequestType::Erasure, day(1)).await;
        memory.fail_after(crash_after);
        let first = fulfil(&policy, &memory, &access, day(1)).await;
        memory.recover();
        // The erasure is carried out before anybody tries the other one again.
        fulfil(&policy, &memory, &erasure, day(1)).await.unwrap();
        fulfil(&policy, &memory, &access, day(2)).await.unwrap();
        assert!((1..=2).contains(&answers(&memory, &access)), "after {crash_after} calls");
        assert!(!reads(&memory, &access).await && !reads(&memory, &erasure).await);
        assert_eq!(destroyed(&policy, &memory).len(), 1, "after {crash_after} calls");
        if first.is_ok() {
            assert!(crash_after > 5, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_request_that_nobody_proves_to_be_theirs_keeps_a_key_for_a_while_only() {
    for (received_on, keeps) in [(1, true), (16, true), (17, false)] {
        let (policy, memory) = (policy(), Memory::new());
        let (access, _) = erased_beside_an_access(&policy, &memory).await;
        let anybodys = received(&policy, &memory, RequestType::KnowPieces, day(received_on)).await;
        refuse(&policy, &memory, &access, day(18)).await;
        fulfil(&policy, &memory, &access, day(18)).await.unwrap();
        assert_eq!(reads(&memory, &anybodys).await, keeps, "received on day {received_on}");
        // It ends for want of a proof.
        let lapsed = NewEntry::new(day(32), Actor::Product, Act::Lapsed);
        requests::record(&policy, &memory, &anybodys, |_| Some(lapsed.clone())).await.unwrap();
        fulfil(&policy, &memory, &anybodys, day(32)).await.unwrap();
        assert!(!reads(&memory, &anybodys).await);
        assert_eq!(destroyed(&policy, &memory).len(), 1);
    }
}

#[tokio::test]
async fn whoever_came_back_before_their_last_request_was_closed_keeps_their_key() {
    let policy = policy();
    for comes_back in ["with data", "by consent", "not"] {
        let memory = Memory::new();
        let (access, _) = erased_beside_an_access(&policy, &memory).await;
        match comes_back {
            "with data" => {
                let form = build::registration(ada(), ("server-log", "security"), "log-2", day(3));
                records::register(&policy, &memory, form).await.unwrap();
            }
            "by consent" => {
                let form = build::capture(ada(), &[("marketing", Choice::Given)], "capture", day(3));
                capture_consent::capture(&policy, &memory, form).await.unwrap();
            }
            _ => {}
        }
        refuse(&policy, &memory, &access, day(5)).await;
        fulfil(&policy, &memory, &access, day(5)).await.unwrap();
        let is_gone = comes_back == "not";
        assert_eq!(reads(&memory, &access).await, !is_gone, "who came back {comes_back}");
        assert_eq!(destroyed(&policy, &memory).len(), usize::from(is_gone));
    }
}

#[tokio::test]
async fn what_was_exported_before_the_erasure_goes_with_it_and_what_came_after_stays() {
    let (policy, memory) = (policy(), Memory::new());
    let before = asked(&policy, &memory, RequestType::KnowPieces, day(0)).await;
    fulfil(&policy, &memory, &before, day(0)).await.unwrap();
    assert_eq!(memory.exports().len(), 2);
    let (access, _) = erased_beside_an_access(&policy, &memory).await;
    assert!(memory.exports().is_empty(), "though the key is still needed");
    let after = asked(&policy, &memory, RequestType::KnowPieces, day(3)).await;
    fulfil(&policy, &memory, &after, day(3)).await.unwrap();
    refuse(&policy, &memory, &access, day(5)).await;
    fulfil(&policy, &memory, &access, day(5)).await.unwrap();
    assert!(!reads(&memory, &access).await);
    assert_eq!(memory.exports().len(), 2, "its link was mailed after the erasure");
}
