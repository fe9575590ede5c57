//! What was erased does not come back, by whatever way it is sent: on ports in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use app::{
    correction, fulfil_request,
    holds::{self, PlaceHold},
    keys::Keys,
    purge::{self, Run},
    receive_request::{self, ReceiveRequest},
    records::{self, RecordError, RecordStore, RegisterRecord, Registered, SubjectEvent},
    requests::{self, RequestKey},
    tombstones::Tombstones,
};
use domain::{
    dsar::{ItemResult, Outcome, RequestType},
    hold::{HoldReason, ScopeAsked},
    ids::{Field, Identifier, SubjectRef},
    policy::Policy,
    sensitive::Sensitive,
    tombstone::Tombstone,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, at_once, build};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

fn ada() -> Identifier {
    build::mail("ada@example.com")
}

fn form(category: &str, purpose: &str, occurred_at: Timestamp) -> RegisterRecord {
    build::registration(ada(), (category, purpose), &format!("{category}-1"), occurred_at)
}

async fn register(
    memory: &Memory,
    (category, purpose): (&str, &str),
    occurred_at: Timestamp,
) -> Result<Registered, RecordError> {
    records::register(&build::policy(), memory, form(category, purpose, occurred_at)).await
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&ada())
}

/// Takes an erasure in, and confirms it by the mailed link.
async fn confirmed_erasure(policy: &Policy, memory: &Memory, at: Timestamp) -> RequestKey {
    let form = ReceiveRequest::new(RequestType::Erasure, ada(), "erasure".into(), at);
    let key = receive_request::receive(policy, memory, form).await.unwrap().request;
    fulfil_request::fulfil(policy, memory, &key, at, URL).await.unwrap();
    let sent = memory.sent();
    let (_, rest) = sent.last().unwrap().text.split_once("?token=").unwrap();
    let token = rest.split_whitespace().next().unwrap();
    requests::verify(policy, memory, &key.request, token, at).await.unwrap();
    key
}

async fn erased(policy: &Policy, memory: &Memory, at: Timestamp) -> Vec<ItemResult> {
    let key = confirmed_erasure(policy, memory, at).await;
    match fulfil_request::fulfil(policy, memory, &key, at, URL).await.unwrap() {
        Some(Outcome::Erased(items)) => items.into_iter().map(|item| item.result).collect(),
        other => panic!("{other:?}"),
    }
}

async fn hold(policy: &Policy, memory: &Memory, at: Timestamp) {
    let form = PlaceHold {
        scope: ScopeAsked::Subject(ada()),
        reason: HoldReason::LegalClaim,
        ground: None,
        review_at: at + 100.hours(),
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at,
    };
    holds::place(policy, memory, form).await.unwrap();
}

#[tokio::test]
async fn what_was_made_before_an_erasure_does_not_come_back() {
    let (policy, memory) = (build::policy(), Memory::new());
    register(&memory, ("account", "contract"), day(-9)).await.unwrap();
    assert!(matches!(erased(&policy, &memory, day(0)).await.as_slice(), [ItemResult::Erased { .. }]));
    for (category, purpose, made_at) in
        [("account", "contract", day(-9)), ("server-log", "security", day(-1)), ("account", "contract", day(0))]
    {
        let again = register(&memory, (category, purpose), made_at).await;
        assert!(matches!(again, Err(RecordError::Erased)), "{category} of {made_at}: {again:?}");
    }
    let subject = subject(&policy, &memory).await;
    assert!(memory.records(&policy.controller, &subject).await.unwrap().is_empty(), "nothing was stored meanwhile");
}

#[tokio::test]
async fn what_the_person_gives_later_is_theirs_to_give() {
    let (policy, memory) = (build::policy(), Memory::new());
    erased(&policy, &memory, day(0)).await;
    register(&memory, ("account", "contract"), day(1)).await.unwrap();
    // And whoever is somebody else was never erased.
    let bob = RegisterRecord { identifier: build::mail("bob@example.com"), ..form("account", "contract", day(-9)) };
    records::register(&policy, &memory, bob).await.unwrap();
}

#[tokio::test]
async fn what_the_law_keeps_is_registered_after_an_erasure_too() {
    let (policy, memory) = (build::policy(), Memory::new());
    register(&memory, ("invoice", "accounting"), day(-9)).await.unwrap();
    assert!(matches!(erased(&policy, &memory, day(0)).await.as_slice(), [ItemResult::Kept { .. }]));
    let known = register(&memory, ("invoice", "accounting"), day(-9)).await.unwrap();
    assert!(known.replayed);
    let other = RegisterRecord { locator: Sensitive::new("2".into()), ..form("invoice", "accounting", day(-8)) };
    assert!(!records::register(&policy, &memory, other).await.unwrap().replayed);
    // Unless its own time is over: nobody keeps it then.
    let old = RegisterRecord { locator: Sensitive::new("3".into()), ..form("invoice", "accounting", day(-4_000)) };
    assert!(matches!(records::register(&policy, &memory, old).await, Err(RecordError::Erased)));
}

#[tokio::test]
async fn a_chat_that_somebody_wrote_in_is_known_by_its_messages_when_it_comes_late() {
    // By this policy what was written is kept whatever is asked.
    let mut policy = build::policy();
    let chat = (build::category("chat-session"), build::purpose("support"));
    let exemption = policy.retention.values().find_map(|rule| rule.exemption.clone());
    policy.retention.get_mut(&chat).unwrap().exemption = exemption;
    for (wrote, comes_back) in [(false, false), (true, true)] {
        let memory = Memory::new();
        let subject = subject(&policy, &memory).await;
        let event = if wrote { "chat.message" } else { "chat.visit" };
        let at = day(0) - 5.minutes();
        let seen = SubjectEvent { subject, event: build::event(event), purpose: None, occurred_at: at };
        records::note_event(&policy, &memory, &seen).await.unwrap();
        erased(&policy, &memory, day(0)).await;
        let late = form("chat-session", "support", day(0) - 6.minutes());
        let late = records::register(&policy, &memory, late).await;
        assert_eq!(late.is_ok(), comes_back, "{event}: {late:?}");
    }
}

#[tokio::test]
async fn a_hold_keeps_what_comes_late_as_it_keeps_what_stands() {
    let (policy, memory) = (build::policy(), Memory::new());
    register(&memory, ("account", "contract"), day(-9)).await.unwrap();
    hold(&policy, &memory, day(-1)).await;
    assert_eq!(erased(&policy, &memory, day(0)).await, [ItemResult::Held]);
    let late = register(&memory, ("server-log", "security"), day(-2)).await.unwrap();
    assert!(late.held);
    let known = register(&memory, ("account", "contract"), day(-9)).await.unwrap();
    assert!(known.held && known.replayed);
}

#[tokio::test]
async fn a_tombstone_is_found_under_an_earlier_pepper() {
    let (policy, memory) = (build::policy(), Memory::new());
    let before = subject(&policy, &memory).await;
    erased(&policy, &memory, day(0)).await;
    memory.change_pepper();
    assert_ne!(subject(&policy, &memory).await, before);
    let again = register(&memory, ("account", "contract"), day(-9)).await;
    assert!(matches!(again, Err(RecordError::Erased)), "{again:?}");
    register(&memory, ("account", "contract"), day(1)).await.unwrap();
}

#[tokio::test]
async fn an_erasure_buries_before_it_deletes_anything() {
    let policy = build::policy();
    for calls in 0.. {
        let memory = Memory::new();
        for locator in ["1", "2", "3"] {
            let form = form("account", "contract", day(-9));
            let form = RegisterRecord { locator: Sensitive::new(locator.into()), ..form };
            records::register(&policy, &memory, form).await.unwrap();
        }
        let key = confirmed_erasure(&policy, &memory, day(0)).await;
        memory.fail_after(calls);
        let attempt = fulfil_request::fulfil(&policy, &memory, &key, day(0), URL).await;
        memory.recover();
        let left = memory.records(&policy.controller, &key.subject).await.unwrap().len();
        let tombstones = memory.tombstones(&policy.controller, &key.subject).await.unwrap();
        assert!(
            left == 3 || !tombstones.is_empty(),
            "after {calls} calls {left} of 3 are left, and nothing tells of it"
        );
        if attempt.is_ok() {
            assert_eq!((left, tombstones.len()), (0, 1));
            assert_eq!(tombstones[0].erased_until, day(0));
            return;
        }
        // A retry a day later erases what came in meanwhile, and says until when.
        fulfil_request::fulfil(&policy, &memory, &key, day(1), URL).await.unwrap();
        let tombstones = memory.tombstones(&policy.controller, &key.subject).await.unwrap();
        assert_eq!(tombstones.len(), 1, "one request, one tombstone");
    }
}

#[tokio::test]
async fn a_registration_and_an_erasure_never_miss_each_other() {
    let policy = build::policy();
    let mut met_in_between = 0;
    for step in 0.. {
        let memory = Memory::new();
        register(&memory, ("server-log", "security"), day(-1)).await.unwrap();
        let key = confirmed_erasure(&policy, &memory, day(0)).await;
        let (erasing, policy_of_it) = (key.clone(), policy.clone());
        memory.meanwhile(step, move |memory| {
            at_once(fulfil_request::fulfil(&policy_of_it, memory, &erasing, day(0), URL)).unwrap();
        });
        let registered = register(&memory, ("account", "contract"), day(-9)).await;
        if !memory.nobody_else() {
            break;
        }
        met_in_between += usize::from(registered.is_err());
        // Either the erasure found it, or it ended as it began; no later event and no other policy plans it anew.
        let ended = SubjectEvent {
            subject: key.subject.clone(),
            event: build::event("contract.ended"),
            purpose: None,
            occurred_at: day(0),
        };
        records::note_event(&policy, &memory, &ended).await.unwrap();
        for record in memory.records(&policy.controller, &key.subject).await.unwrap() {
            assert!(record.is_expired(day(-9)), "step {step}: {record:?}");
        }
        let controllers = [policy.controller.clone()];
        purge::sweep(&memory, &controllers, &Run::to_the_end(day(0))).await.unwrap();
        assert!(memory.records(&policy.controller, &key.subject).await.unwrap().is_empty(), "step {step}");
    }
    assert!(met_in_between > 1, "the erasure came before the record was written, and after");
}

#[tokio::test]
async fn a_correction_from_before_an_erasure_writes_nothing_into_what_it_reaches() {
    let (policy, memory) = (build::policy(), Memory::new());
    let name = |value: &str| BTreeMap::from([(Field::parse("name").unwrap(), Sensitive::new(value.to_owned()))]);
    let stored = RegisterRecord { fields: name("Ada"), ..form("account", "contract", day(-9)) };
    let stored = records::register(&policy, &memory, stored).await.unwrap();
    let key = build::request(&policy.controller, &stored.subject, "rectification");
    let tombstone = Tombstone {
        subject: stored.subject.clone(),
        request: build::id("erasure"),
        purposes: [build::purpose("contract")].into(),
        except: Vec::new(),
        at: day(0),
        erased_until: day(0),
    };
    memory.bury_subject(&policy.controller, &tombstone).await.unwrap();
    for (asked_at, written) in [(day(-1), false), (day(1), true)] {
        let corrected = correction::correct(&policy, &memory, (&key, asked_at), &name("Ada King"), &[], day(2)).await;
        assert_eq!(corrected.unwrap().len(), usize::from(written), "asked at {asked_at}");
    }
}
