//! Holds that events place and release: whatever the order, nothing is deleted while one stands, and
//! nothing stays held by one that was released.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    fulfil_request,
    holds::{self, HoldError, HoldKey, PlaceHold},
    keys::Keys,
    purge::{self, Run},
    receive_request::{self, ReceiveRequest},
    records::{self, Noted, RecordStore, SubjectEvent},
    requests,
};
use domain::{
    dsar::{ItemResult, Outcome, RequestType},
    hold::{Hold, HoldReason, HoldRefused, ScopeAsked},
    ids::{Ground, SubjectRef},
    policy::Policy,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, at_once, build, consent_side};

const ADA: &str = "ada@example.com";
const URL: &str = "https://privacy.example";
const ON: &str = "suspicious.activity";
const OFF: &str = "investigation.closed";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail(ADA))
}

async fn note(policy: &Policy, memory: &Memory, event: &str, n: i64) -> Noted {
    let subject = subject(policy, memory).await;
    let event = SubjectEvent { subject, event: build::event(event), purpose: None, occurred_at: day(n) };
    records::note_event(policy, memory, &event).await.unwrap()
}

async fn register(policy: &Policy, memory: &Memory, locator: &str) {
    let form = build::registration(build::mail(ADA), ("server-log", "security"), locator, day(0));
    records::register(policy, memory, form).await.unwrap();
}

/// The holds that stand.
async fn standing(policy: &Policy, memory: &Memory) -> Vec<Hold> {
    let holds = memory.holds(&policy.controller, &subject(policy, memory).await).await.unwrap();
    holds.into_iter().filter(|hold| hold.released_at.is_none()).collect()
}

/// The holds on each record.
async fn on_records(policy: &Policy, memory: &Memory) -> Vec<BTreeSet<String>> {
    let records = memory.records(&policy.controller, &subject(policy, memory).await).await.unwrap();
    records.iter().map(|record| record.holds.iter().map(ToString::to_string).collect()).collect()
}

/// Every record has exactly the holds that stand.
async fn assert_settled(policy: &Policy, memory: &Memory, held_since: Option<i64>, what: &str) {
    let stand = standing(policy, memory).await;
    let since: Vec<_> = stand.iter().map(|hold| hold.opened_at).collect();
    assert_eq!(since, held_since.map(day).into_iter().collect::<Vec<_>>(), "{what}");
    let names: BTreeSet<_> = stand.iter().map(|hold| hold.id.to_string()).collect();
    for record in on_records(policy, memory).await {
        assert_eq!(record, names, "{what}");
    }
}

#[tokio::test]
async fn an_event_places_a_hold_with_its_reason_and_its_review_and_another_releases_it() {
    let (policy, memory) = (consent_side(), Memory::new());
    register(&policy, &memory, "log-1").await;
    let noted = note(&policy, &memory, ON, 5).await;
    let [hold] = noted.holds.as_slice() else { panic!("{noted:?}") };
    assert_eq!((hold.reason, hold.opened_at, hold.review_at), (HoldReason::Investigation, day(5), day(35)));
    assert_eq!(hold.opened_by, "event suspicious.activity");
    register(&policy, &memory, "log-2").await;
    assert_settled(&policy, &memory, Some(5), "what is registered later is held as well").await;
    assert!(note(&policy, &memory, OFF, 9).await.holds.is_empty());
    assert_settled(&policy, &memory, None, "released").await;
    let holds = memory.holds(&policy.controller, &subject(&policy, &memory).await).await.unwrap();
    assert_eq!(holds[0].released_at, Some(day(9)));
}

fn permutations(events: &[(&'static str, i64)]) -> Vec<Vec<(&'static str, i64)>> {
    if events.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..events.len() {
        let mut rest = events.to_vec();
        let event = rest.remove(first);
        all.extend(permutations(&rest).into_iter().map(|mut tail| {
            tail.insert(0, event);
            tail
        }));
    }
    all
}

#[tokio::test]
async fn events_in_any_order_and_number_end_in_the_same_state() {
    let policy = consent_side();
    for (events, held_since) in [
        (vec![(ON, 1), (OFF, 2)], None),
        (vec![(ON, 1), (OFF, 2), (ON, 3)], Some(3)),
        (vec![(ON, 1), (ON, 3), (OFF, 2)], Some(3)),
        (vec![(ON, 1), (OFF, 2), (ON, 3), (OFF, 4)], None),
        (vec![(ON, 1), (ON, 1), (OFF, 2), (OFF, 2), (ON, 3)], Some(3)),
        (vec![(ON, 2), (OFF, 2)], Some(2)),
        (vec![(OFF, 2)], None),
    ] {
        for order in permutations(&events) {
            let memory = Memory::new();
            register(&policy, &memory, "log-1").await;
            for (event, n) in &order {
                note(&policy, &memory, event, *n).await;
            }
            register(&policy, &memory, "log-2").await;
            assert_settled(&policy, &memory, held_since, &format!("{order:?}")).await;
        }
    }
}

#[tokio::test]
async fn a_hold_by_event_stops_the_sweep_the_erasure_and_the_ttl() {
    let (policy, memory) = (consent_side(), Memory::new());
    register(&policy, &memory, "log-1").await;
    note(&policy, &memory, ON, 1).await;
    register(&policy, &memory, "log-2").await;
    let controllers = [policy.controller.clone()];
    let swept = purge::sweep(&memory, &controllers, &Run::to_the_end(day(1_000))).await.unwrap();
    assert_eq!((swept.due, swept.deleted), (0, 0), "a held record is not even proposed");

    let form = ReceiveRequest::new(RequestType::Erasure, build::mail(ADA), "erase".into(), day(2));
    let key = receive_request::receive(&policy, &memory, form).await.unwrap().request;
    fulfil_request::fulfil(&policy, &memory, &key, day(2), URL).await.unwrap();
    let text = memory.sent().remove(0).text;
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    requests::verify(&policy, &memory, &key.request, token, day(3)).await.unwrap();
    let outcome = fulfil_request::fulfil(&policy, &memory, &key, day(3), URL).await.unwrap();
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    assert!(items.len() == 2 && items.iter().all(|item| item.result == ItemResult::Held), "{items:?}");

    note(&policy, &memory, OFF, 4).await;
    let swept = purge::sweep(&memory, &controllers, &Run::to_the_end(day(100))).await.unwrap();
    assert_eq!(swept.deleted, 2, "it goes when its time is up, once nothing holds it");
}

/// Whatever step of it fails, the next delivery of the same message ends in the same state.
#[tokio::test]
async fn a_crash_at_any_step_is_mended_by_the_next_delivery() {
    let policy = consent_side();
    for (events, held_since) in [(vec![(ON, 1), (OFF, 2)], None), (vec![(ON, 1), (ON, 3)], Some(3))] {
        for crash_after in 0.. {
            let memory = Memory::new();
            register(&policy, &memory, "log-1").await;
            register(&policy, &memory, "log-2").await;
            note(&policy, &memory, events[0].0, events[0].1).await;
            let (event, n) = events[1];
            let subject = subject(&policy, &memory).await;
            let form = SubjectEvent { subject, event: build::event(event), purpose: None, occurred_at: day(n) };
            memory.fail_after(crash_after);
            let first = records::note_event(&policy, &memory, &form).await;
            memory.recover();
            if event == ON {
                assert!(
                    on_records(&policy, &memory).await.iter().all(|holds| !holds.is_empty()),
                    "never unheld between"
                );
            }
            records::note_event(&policy, &memory, &form).await.unwrap();
            assert_settled(&policy, &memory, held_since, &format!("{events:?} after {crash_after} calls")).await;
            if first.is_ok() {
                assert!(crash_after > 10, "the crash was never reached: {crash_after}");
                break;
            }
        }
    }
}

/// Two functions at once, cut into each other at every step.
#[tokio::test]
async fn two_events_and_a_registration_at_once_end_in_the_same_state_in_any_interleaving() {
    let policy = consent_side();
    for (ours, theirs, held_since) in [
        ((ON, 1), (OFF, 2), None),
        ((OFF, 2), (ON, 1), None),
        ((OFF, 2), (ON, 3), Some(3)),
        ((ON, 1), (ON, 3), Some(3)),
    ] {
        for begun in 0..40 {
            let memory = Memory::new();
            register(&policy, &memory, "log-1").await;
            let (other, (event, n)) = (policy.clone(), theirs);
            memory.meanwhile(begun, move |memory| {
                at_once(note(&other, memory, event, n));
                at_once(register(&other, memory, "log-2"));
            });
            note(&policy, &memory, ours.0, ours.1).await;
            if !memory.nobody_else() {
                note(&policy, &memory, theirs.0, theirs.1).await;
            }
            assert_settled(&policy, &memory, held_since, &format!("{ours:?} {theirs:?} at {begun}")).await;
        }
    }
    // A registration into which a placing, then a release falls.
    for (placed, released) in (0..14).flat_map(|placed| (placed..14).map(move |released| (placed, released))) {
        let memory = Memory::new();
        let other = policy.clone();
        memory.meanwhile(placed, move |memory| drop(at_once(note(&other, memory, ON, 1))));
        let other = policy.clone();
        memory.meanwhile(released, move |memory| drop(at_once(note(&other, memory, OFF, 2))));
        register(&policy, &memory, "log-1").await;
        let held_since = if memory.nobody_else() {
            None
        } else {
            note(&policy, &memory, ON, 1).await;
            note(&policy, &memory, ON, 3).await;
            Some(3)
        };
        assert_settled(&policy, &memory, held_since, &format!("{placed} {released}")).await;
    }
}

#[tokio::test]
async fn staff_may_release_what_an_event_placed_and_the_same_message_does_not_bring_it_back() {
    let (policy, memory) = (consent_side(), Memory::new());
    register(&policy, &memory, "log-1").await;
    let hold = note(&policy, &memory, ON, 1).await.holds.remove(0);
    holds::release(&policy, &memory, &HoldKey::from(&hold), "officer-1", day(3)).await.unwrap();
    assert!(note(&policy, &memory, ON, 1).await.holds.is_empty());
    assert_settled(&policy, &memory, None, "released by hand").await;
    note(&policy, &memory, ON, 5).await;
    assert_settled(&policy, &memory, Some(5), "a new event is a new hold").await;
}

#[tokio::test]
async fn another_hold_on_the_subject_is_not_touched() {
    let (policy, memory) = (consent_side(), Memory::new());
    register(&policy, &memory, "log-1").await;
    let manual = holds::place(&policy, &memory, form(Some("claim"), day(30))).await.unwrap();
    note(&policy, &memory, ON, 1).await;
    note(&policy, &memory, OFF, 2).await;
    let stand = standing(&policy, &memory).await;
    assert_eq!(stand, std::slice::from_ref(&manual));
    assert_eq!(on_records(&policy, &memory).await, [BTreeSet::from([manual.id.to_string()])]);
}

fn form(ground: Option<&str>, review_at: Timestamp) -> PlaceHold {
    PlaceHold {
        scope: ScopeAsked::Subject(build::mail(ADA)),
        reason: HoldReason::LegalClaim,
        ground: ground.map(|name| Ground::parse(name).unwrap()),
        review_at,
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at: day(0),
    }
}

#[tokio::test]
async fn a_hold_by_hand_names_its_ground_and_a_review_in_time() {
    let (policy, memory) = (consent_side(), Memory::new());
    let refused = |answer: Result<Hold, HoldError>| match answer {
        Err(HoldError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    };
    let unnamed = refused(holds::place(&policy, &memory, form(None, day(30))).await);
    assert!(matches!(unnamed, HoldRefused::GroundNotListed(grounds) if grounds.len() == 2));
    let late = refused(holds::place(&policy, &memory, form(Some("claim"), day(91))).await);
    // Ninety days of Paris, where the clock is put forward meanwhile.
    assert_eq!(late, HoldRefused::ReviewTooLate(day(90) - 1.hour()));
    assert!(standing(&policy, &memory).await.is_empty(), "nothing was written");
    let hold = holds::place(&policy, &memory, form(Some("claim"), day(89))).await.unwrap();
    assert_eq!(hold.ground.map(|ground| ground.to_string()).as_deref(), Some("claim"));
}

#[tokio::test]
async fn an_event_that_ends_a_record_and_holds_it_keeps_it() {
    let mut policy = consent_side();
    policy.holds[0].on = Some(build::event("contract.ended"));
    let memory = Memory::new();
    let account = build::registration(build::mail(ADA), ("account", "contract"), "account-1", day(0));
    records::register(&policy, &memory, account).await.unwrap();
    let other = policy.clone();
    // A sweep at every step of it, long after the grace.
    for step in 0..12 {
        let other = other.clone();
        memory.meanwhile(step, move |memory| {
            drop(
                at_once(purge::sweep(memory, std::slice::from_ref(&other.controller), &Run::to_the_end(day(365))))
                    .unwrap(),
            );
        });
    }
    let noted = note(&policy, &memory, "contract.ended", 10).await;
    assert_eq!((noted.moved, noted.holds.len()), (1, 1));
    purge::sweep(&memory, &[policy.controller.clone()], &Run::to_the_end(day(365))).await.unwrap();
    assert_eq!(on_records(&policy, &memory).await.len(), 1);
}
