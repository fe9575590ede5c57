//! What systems are told of holds, on ports in memory: whom an event holds, and its release, whatever comes late, twice
//! or in another order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    hold_notices::{self, Errand, Telling},
    hold_rules,
    holds::{self, HoldKey, PlaceHold},
    keys::Keys,
    records::{self, Noted, RecordStore, SubjectEvent},
    systems::{self, Step},
};
use domain::{
    hold::{Hold, HoldReason, ScopeAsked},
    ids::{HoldId, SubjectRef, SystemId},
    policy::{Clause, Policy, SystemKind, SystemRule},
    system::{HoldNews, HoldNotice, Pace},
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{Memory, at_once, build, consent_side};

const ADA: &str = "ada@example.com";
const ON: &str = "suspicious.activity";
const OFF: &str = "investigation.closed";
const LOGIN: &str = "https://login.example/habeas";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

/// When the messages are handled: some time after all of it.
fn now() -> Timestamp {
    day(40)
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn login() -> SystemId {
    SystemId::parse("login").unwrap()
}

/// The rules of the tests, whose event tells a system that is asked about no request.
fn policy() -> Policy {
    let mut policy = consent_side();
    let rule = SystemRule {
        id: login(),
        title: "Logins".into(),
        kind: SystemKind::Webhook { url: LOGIN.into() },
        categories: BTreeSet::new(),
        requests: BTreeSet::new(),
        clause: Clause::new("test.systems"),
    };
    policy.systems.insert(rule.id.clone(), rule);
    policy.holds[0].tell = BTreeSet::from([login()]);
    policy
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail(ADA))
}

async fn note(policy: &Policy, memory: &Memory, event: &str, n: i64) -> Noted {
    let subject = subject(policy, memory).await;
    let event = SubjectEvent { subject, event: build::event(event), purpose: None, occurred_at: day(n) };
    records::note_event(policy, memory, &event).await.unwrap()
}

/// The messages that follow from an event, as whoever takes it in sends them.
fn errands(tell: Vec<Telling>) -> Vec<Errand> {
    let errand = |telling| Errand { telling, identifier: Some(build::mail(ADA)), since: now(), attempts: 1 };
    tell.into_iter().map(errand).collect()
}

async fn deliver(policy: &Policy, memory: &Memory, errand: &Errand, at: Timestamp) -> Step {
    hold_notices::deliver(policy, memory, &Pace::PRODUCTION, errand, at).await.unwrap()
}

fn notices(memory: &Memory) -> Vec<HoldNotice> {
    memory.told_of_holds().into_iter().map(|(_, notice)| notice).collect()
}

/// What was told, each by when its event happened and whether it was told as placed.
fn told(memory: &Memory) -> Vec<(Timestamp, bool)> {
    let is_placed = |notice: &HoldNotice| matches!(notice.news, HoldNews::Placed { .. });
    notices(memory).iter().map(|notice| (notice.occurred_at, is_placed(notice))).collect()
}

/// The holds that stand for a system which believes whatever it heard last of each.
fn believed(memory: &Memory) -> BTreeSet<HoldId> {
    let mut last = BTreeMap::new();
    for notice in notices(memory) {
        last.insert(notice.hold, matches!(notice.news, HoldNews::Placed { .. }));
    }
    last.into_iter().filter_map(|(hold, stands)| stands.then_some(hold)).collect()
}

async fn standing(policy: &Policy, memory: &Memory) -> BTreeSet<HoldId> {
    let holds = memory.holds(&policy.controller, &subject(policy, memory).await).await.unwrap();
    holds.into_iter().filter(Hold::is_open).map(|hold| hold.id).collect()
}

#[tokio::test]
async fn a_system_hears_whom_an_event_holds_and_by_the_same_name_of_the_release() {
    let (policy, memory) = (policy(), Memory::new());
    let noted = note(&policy, &memory, ON, 5).await;
    let placed = errands(noted.tell);
    assert_eq!(deliver(&policy, &memory, &placed[0], now()).await, Step::Finished);
    let hold = noted.holds[0].clone();
    let news = HoldNews::Placed { identifier: build::mail(ADA), review_at: hold.review_at };
    let expected = HoldNotice {
        hold: hold.id.clone(),
        controller: policy.controller.clone(),
        event: build::event(ON),
        reason: HoldReason::Investigation,
        occurred_at: day(5),
        news,
        sent_at: now(),
    };
    assert_eq!(memory.told_of_holds(), [(LOGIN.to_owned(), expected.clone())]);

    let mut released = errands(note(&policy, &memory, OFF, 9).await.tell);
    // Nobody needs to know on whom it was any more.
    released[0].identifier = None;
    assert_eq!(deliver(&policy, &memory, &released[0], later(60)).await, Step::Finished);
    let expected = HoldNotice { news: HoldNews::Released { at: day(9) }, sent_at: later(60), ..expected };
    assert_eq!(notices(&memory)[1..], [expected]);
}

#[tokio::test]
async fn the_same_event_again_tells_the_same_and_one_older_than_the_release_tells_nothing() {
    let (policy, memory) = (policy(), Memory::new());
    let first = note(&policy, &memory, ON, 5).await.tell;
    assert_eq!(first.len(), 1);
    assert_eq!(note(&policy, &memory, ON, 5).await.tell, first);
    let released = note(&policy, &memory, OFF, 9).await.tell;
    assert_eq!((&released, note(&policy, &memory, OFF, 9).await.tell), (&first, first.clone()), "the same hold");
    for n in [5, 3, 8] {
        assert!(note(&policy, &memory, ON, n).await.tell.is_empty(), "day {n}");
    }
    assert!(note(&policy, &memory, OFF, 2).await.tell.is_empty(), "it released nothing");
    assert!(standing(&policy, &memory).await.is_empty());
}

#[tokio::test]
async fn a_new_event_takes_the_place_of_the_old_and_both_are_told() {
    let (policy, memory) = (policy(), Memory::new());
    note(&policy, &memory, ON, 1).await;
    for errand in errands(note(&policy, &memory, ON, 3).await.tell) {
        assert_eq!(deliver(&policy, &memory, &errand, now()).await, Step::Finished);
    }
    let told: BTreeSet<_> = told(&memory).into_iter().collect();
    assert_eq!(told, BTreeSet::from([(day(1), false), (day(3), true)]));
    assert_eq!(believed(&memory), standing(&policy, &memory).await);
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..items.len() {
        let mut rest = items.to_vec();
        let item = rest.remove(first);
        all.extend(permutations(&rest).into_iter().map(|mut tail| {
            tail.insert(0, item.clone());
            tail
        }));
    }
    all
}

/// Events in any order, each taken in twice; their messages first to last or last to first.
#[tokio::test]
async fn whatever_the_order_the_system_believes_in_the_end_what_is_true() {
    let policy = policy();
    for events in [
        vec![(ON, 1), (OFF, 2)],
        vec![(ON, 1), (OFF, 2), (ON, 3)],
        vec![(ON, 1), (ON, 3), (OFF, 2)],
        vec![(ON, 1), (OFF, 2), (ON, 3), (OFF, 4)],
        vec![(ON, 1), (ON, 2), (OFF, 3), (OFF, 4)],
    ] {
        for order in permutations(&events) {
            for (late, backwards) in [(false, false), (true, false), (true, true)] {
                let memory = Memory::new();
                let mut waiting = Vec::new();
                for (event, n) in &order {
                    waiting.extend(errands(note(&policy, &memory, event, *n).await.tell));
                    waiting.extend(errands(note(&policy, &memory, event, *n).await.tell));
                    if !late {
                        for errand in waiting.drain(..) {
                            assert_eq!(deliver(&policy, &memory, &errand, now()).await, Step::Finished);
                        }
                        assert_eq!(believed(&memory), standing(&policy, &memory).await, "{order:?} at {event} {n}");
                    }
                }
                if backwards {
                    waiting.reverse();
                }
                for errand in waiting {
                    deliver(&policy, &memory, &errand, now()).await;
                }
                assert_eq!(believed(&memory), standing(&policy, &memory).await, "{order:?} {late} {backwards}");
            }
        }
    }
}

#[tokio::test]
async fn a_hold_that_is_released_before_its_placing_is_told_is_never_told_as_placed() {
    let (policy, memory) = (policy(), Memory::new());
    let placed = errands(note(&policy, &memory, ON, 1).await.tell);
    memory.fail_system(LOGIN, "timeout");
    assert!(matches!(deliver(&policy, &memory, &placed[0], now()).await, Step::Failed { in_a_row: 1, .. }));
    note(&policy, &memory, OFF, 2).await;
    memory.mend_system(LOGIN);
    assert_eq!(deliver(&policy, &memory, &placed[0], later(60)).await, Step::Finished);
    assert_eq!(told(&memory), [(day(1), false)], "the call that failed may have come to its end there");
}

/// A release at every step of telling the placing: its own message is told at once, before or after.
#[tokio::test]
async fn a_release_in_the_middle_of_a_telling_is_told_last() {
    let policy = policy();
    let mut comes_again = 0;
    for step in 0..12 {
        let memory = Memory::new();
        let placed = errands(note(&policy, &memory, ON, 1).await.tell);
        let other = policy.clone();
        memory.meanwhile(step, move |memory| {
            let released = errands(at_once(note(&other, memory, OFF, 2)).tell);
            at_once(deliver(&other, memory, &released[0], now()));
        });
        if let Step::Later { seconds } = deliver(&policy, &memory, &placed[0], now()).await {
            assert_eq!(seconds, Pace::PRODUCTION.shortest_seconds);
            comes_again += 1;
            assert_eq!(deliver(&policy, &memory, &placed[0], later(seconds)).await, Step::Finished);
        }
        if memory.nobody_else() {
            assert_eq!(notices(&memory).last().unwrap().news, HoldNews::Released { at: day(2) }, "step {step}");
        }
    }
    assert!(comes_again > 0, "no release fell between the look at the hold and the end of the call");
}

#[tokio::test]
async fn a_system_that_is_down_is_left_alone_shows_and_is_given_up_after_a_fortnight() {
    let (policy, memory) = (policy(), Memory::new());
    let mut errand = errands(note(&policy, &memory, ON, 1).await.tell).remove(0);
    memory.fail_system(LOGIN, "http-503");
    for attempts in 1..=3 {
        errand.attempts = attempts;
        let step = deliver(&policy, &memory, &errand, later(i64::from(attempts))).await;
        assert!(matches!(step, Step::Failed { in_a_row, .. } if in_a_row == attempts), "{step:?}");
    }
    let step = deliver(&policy, &memory, &errand, later(4)).await;
    assert!(matches!(step, Step::Later { .. }), "it is left alone: {step:?}");
    let views = systems::overview(&policy, &memory).await.unwrap();
    assert_eq!(views[&login()].state.health.failure, Some((later(3), "http-503".to_owned())));

    let fortnight = 14 * 24 * 3_600;
    assert!(matches!(deliver(&policy, &memory, &errand, later(fortnight - 1)).await, Step::Failed { .. }));
    let step = deliver(&policy, &memory, &errand, later(fortnight)).await;
    assert!(matches!(step, Step::Buried { .. }), "left alone or not: {step:?}");
    assert!(notices(&memory).is_empty());
    memory.mend_system(LOGIN);
    assert_eq!(deliver(&policy, &memory, &errand, later(2 * fortnight)).await, Step::Finished, "sent back by staff");
    assert_eq!(believed(&memory), standing(&policy, &memory).await);
}

#[tokio::test]
async fn a_release_by_staff_is_told_and_a_hold_by_staff_is_not() {
    let (policy, memory) = (policy(), Memory::new());
    let noted = note(&policy, &memory, ON, 1).await;
    let hold = &noted.holds[0];
    let released = holds::release(&policy, &memory, &HoldKey::from(hold), "officer-1", day(3)).await.unwrap();
    let tell = hold_rules::told_of(&policy, &memory, &released).await.unwrap();
    assert_eq!(tell, noted.tell);
    assert!(note(&policy, &memory, OFF, 9).await.tell.is_empty(), "it was released before");
    let errand = Errand { telling: tell[0].clone(), identifier: None, since: now(), attempts: 1 };
    assert_eq!(deliver(&policy, &memory, &errand, now()).await, Step::Finished);
    assert_eq!(notices(&memory)[0].news, HoldNews::Released { at: day(3) });

    let by_staff = PlaceHold {
        scope: ScopeAsked::Subject(build::mail(ADA)),
        reason: HoldReason::Investigation,
        ground: None,
        review_at: day(30),
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at: day(4),
    };
    let by_staff = holds::place(&policy, &memory, by_staff).await.unwrap();
    assert!(hold_rules::told_of(&policy, &memory, &by_staff).await.unwrap().is_empty());
    let telling = Telling { hold: by_staff.id, ..tell[0].clone() };
    let errand = Errand { telling, identifier: Some(build::mail(ADA)), since: now(), attempts: 1 };
    assert!(matches!(deliver(&policy, &memory, &errand, now()).await, Step::Later { .. }), "no event placed it");
    assert_eq!(notices(&memory).len(), 1);
}

#[tokio::test]
async fn what_no_hold_is_known_of_is_put_aside_and_what_no_policy_tells_waits_for_one_that_does() {
    let (policy, memory) = (policy(), Memory::new());
    let errand = errands(note(&policy, &memory, ON, 1).await.tell).remove(0);
    let mut strange = errand.clone();
    strange.telling.hold = build::id("another");
    assert_eq!(deliver(&policy, &memory, &strange, now()).await, Step::Buried { reason: "there is no such hold" });
    let mut silent = policy.clone();
    silent.holds[0].tell.clear();
    assert!(matches!(deliver(&silent, &memory, &errand, now()).await, Step::Later { .. }));
    let fortnight = SignedDuration::from_secs(Pace::PRODUCTION.told_for_seconds);
    assert!(matches!(deliver(&silent, &memory, &errand, now() + fortnight).await, Step::Buried { .. }));
    assert!(note(&silent, &memory, ON, 7).await.tell.is_empty());
    assert!(notices(&memory).is_empty());
}
