//! Holds of every scope, against everything that deletes: on ports in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    breach::{self, BreachStore},
    deadlines,
    error::NotTaken,
    fulfil_request,
    holds::{self, HoldError, HoldKey, HoldStore, PlaceHold, WideHolds},
    keys::Keys,
    purge::{self, Run},
    receive_request::{self, ReceiveRequest},
    records::{self, RecordStore},
    requests::{self, NewEntry, RequestKey},
    walk::{self, RecordScan, WALK_SEGMENTS},
};
use domain::{
    breach::Incident,
    dsar::{Act, Actor, ItemResult, Outcome, RequestType, Ruling, Stage},
    hold::{Hold, HoldReason, HoldRefused, HoldScope, HoldState, ScopeAsked},
    ids::{Identifier, StaffId, SubjectRef},
    policy::Policy,
    record::Record,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, Said, build};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

fn ada() -> Identifier {
    build::mail("ada@example.com")
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&ada())
}

async fn registered_at(policy: &Policy, memory: &Memory, locator: &str, occurred_at: Timestamp) -> bool {
    let form = build::registration(ada(), ("server-log", "security"), locator, occurred_at);
    records::register(policy, memory, form).await.unwrap().held
}

async fn registered(policy: &Policy, memory: &Memory, locator: &str) -> bool {
    registered_at(policy, memory, locator, day(-1)).await
}

fn form(scope: ScopeAsked) -> PlaceHold {
    PlaceHold {
        scope,
        reason: HoldReason::Investigation,
        ground: None,
        review_at: day(60),
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at: day(0),
    }
}

fn of_logs() -> PlaceHold {
    form(ScopeAsked::Category(build::category("server-log")))
}

async fn stored(policy: &Policy, memory: &Memory) -> Vec<Record> {
    memory.records(&policy.controller, &subject(policy, memory).await).await.unwrap()
}

/// How many records a sweep at that time deletes, and how many a hold keeps from it.
async fn swept(policy: &Policy, memory: &Memory, at: Timestamp) -> (usize, usize) {
    let run = Run::to_the_end(at);
    let swept = purge::sweep(memory, std::slice::from_ref(&policy.controller), &run).await.unwrap();
    assert_eq!(swept.failed, 0);
    (swept.deleted, swept.held)
}

/// Does to every stored record what a walk for this hold does: its own step, without messages.
async fn walked(policy: &Policy, memory: &Memory, hold: &HoldKey, at: Timestamp) {
    let controller = &policy.controller;
    for segment in 0..WALK_SEGMENTS {
        let mut from = None;
        loop {
            let hold = memory.hold(controller, hold).await.unwrap().unwrap();
            let page = memory.scan_records(controller, segment, from.as_deref()).await.unwrap();
            for record in page.records {
                if hold.is_open() {
                    holds::bind(memory, controller, &hold, record).await.unwrap();
                } else {
                    holds::unbind(memory, controller, &hold, record).await.unwrap();
                }
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    memory.note_bound(controller, &hold.id, at).await.unwrap();
}

/// Takes a request in, proves it, and takes it as far as it goes.
async fn confirmed(
    policy: &Policy,
    memory: &Memory,
    request: RequestType,
    at: Timestamp,
) -> (RequestKey, Option<Outcome>) {
    let form = ReceiveRequest::new(request, ada(), format!("{request} at {at}"), at);
    let key = receive_request::receive(policy, memory, form).await.unwrap().request;
    fulfil_request::fulfil(policy, memory, &key, at, URL).await.unwrap();
    let text = memory.sent().last().unwrap().text.clone();
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    requests::verify(policy, memory, &key.request, &token, at).await.unwrap();
    let outcome = fulfil_request::fulfil(policy, memory, &key, at, URL).await.unwrap();
    (key, outcome)
}

#[tokio::test]
async fn a_wide_hold_stops_the_sweep_and_the_erasure_before_its_mark_is_on_any_record() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "log-1").await;
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    assert_eq!(hold.state(), HoldState::Binding);
    assert!(!stored(&policy, &memory).await[0].is_held(), "it has no mark yet");
    assert_eq!(swept(&policy, &memory, day(400)).await, (0, 1));
    let (_, outcome) = confirmed(&policy, &memory, RequestType::Erasure, day(1)).await;
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(items.iter().map(|item| item.result.clone()).collect::<Vec<_>>(), [ItemResult::Held]);
    let (of_ada, kept) = (subject(&policy, &memory).await, stored(&policy, &memory).await.remove(0));
    let content = memory.content(&policy.controller, &of_ada, &kept.id).await.unwrap();
    assert!(content.is_some(), "a held record keeps its subject's key");

    walked(&policy, &memory, &HoldKey::from(&hold), day(2)).await;
    let bound = memory.hold(&policy.controller, &HoldKey::from(&hold)).await.unwrap().unwrap();
    assert_eq!((bound.state(), bound.bound_at), (HoldState::Standing, Some(day(2))));
    assert!(stored(&policy, &memory).await[0].is_held());
    assert_eq!(swept(&policy, &memory, day(400)).await, (0, 0), "nothing proposes it any more");
}

#[tokio::test]
async fn two_people_release_a_hold_and_one_alone_does_not() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "log-1").await;
    for scope in [ScopeAsked::Subject(ada()), ScopeAsked::Category(build::category("server-log"))] {
        let hold = holds::place(&policy, &memory, form(scope)).await.unwrap();
        let key = HoldKey::from(&hold);
        if hold.is_wide() {
            walked(&policy, &memory, &key, day(0)).await;
        }
        let release = async |by: &str, n| holds::release_by_staff(&policy, &memory, &key, by, day(n)).await;
        assert_eq!(release("officer-1", 1).await.unwrap().state(), HoldState::ReleaseAsked);
        assert!(matches!(release("officer-1", 2).await, Err(HoldError::SameEyes(_))));
        assert!(stored(&policy, &memory).await[0].is_held());
        let released = release("officer-2", 3).await.unwrap();
        assert_eq!((released.state(), released.released_at), (HoldState::Released, Some(day(3))));
        // Said again by whoever did not see the answer, it stays what it was.
        assert_eq!(release("officer-1", 4).await.unwrap(), released);
        if hold.is_wide() {
            walked(&policy, &memory, &key, day(4)).await;
        }
        assert!(!stored(&policy, &memory).await[0].is_held());
    }
    assert_eq!(swept(&policy, &memory, day(400)).await, (1, 0));
}

#[tokio::test]
async fn one_person_is_enough_to_keep_what_another_wanted_released() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "log-1").await;
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    let key = HoldKey::from(&hold);
    let release = async |by: &str, n| holds::release_by_staff(&policy, &memory, &key, by, day(n)).await;
    let withdraw = async |n| holds::withdraw_release(&policy, &memory, &key, ("officer-3", day(n))).await;
    release("officer-1", 1).await.unwrap();
    assert_eq!(withdraw(2).await.unwrap().state(), hold.state());
    assert_eq!(release("officer-2", 3).await.unwrap().state(), HoldState::ReleaseAsked, "it begins anew");
    assert_eq!(release("officer-1", 4).await.unwrap().state(), HoldState::Released);
    assert!(matches!(withdraw(5).await, Err(HoldError::Released)));
    let unknown = HoldKey::wide(&build::id("hold-9"));
    let answer = holds::withdraw_release(&policy, &memory, &unknown, ("officer-3", day(5))).await;
    assert!(matches!(answer, Err(HoldError::Unknown)));
}

#[tokio::test]
async fn a_hold_is_looked_at_again_and_no_later_than_the_policy_says() {
    let (policy, memory) = (build::policy(), Memory::new());
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    let key = HoldKey::from(&hold);
    let review = async |to: Timestamp, n| holds::move_review(&policy, &memory, &key, to, ("officer-2", day(n))).await;
    let moved = review(day(40), 20).await.unwrap();
    assert_eq!((moved.review_at, moved.state()), (day(40), hold.state()));
    assert_eq!(review(day(40), 21).await.unwrap(), moved, "said again");
    assert!(matches!(review(day(21), 21).await, Err(HoldError::Refused(HoldRefused::ReviewInPast))));
    holds::release(&policy, &memory, &key, "officer-2", day(22)).await.unwrap();
    assert!(matches!(review(day(50), 23).await, Err(HoldError::Released)));
}

#[tokio::test]
async fn of_two_who_ask_at_the_same_moment_one_is_the_second_pair_of_eyes() {
    let (policy, memory) = (build::policy(), Memory::new());
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    let key = HoldKey::from(&hold);
    let (other_policy, other_key) = (policy.clone(), key.clone());
    // Between the first one's look at the hold and their word.
    memory.meanwhile(1, move |memory| {
        let ask = holds::release_by_staff(&other_policy, memory, &other_key, "officer-2", day(1));
        testkit::at_once(ask).unwrap();
    });
    let released = holds::release_by_staff(&policy, &memory, &key, "officer-1", day(1)).await.unwrap();
    assert!(memory.nobody_else());
    assert_eq!(released.state(), HoldState::Released);
    assert_eq!(released.release_asked.map(|asked| asked.by).as_deref(), Some("officer-2"));
}

#[tokio::test]
async fn what_is_registered_under_a_wide_hold_is_held_from_the_start() {
    let (policy, memory) = (build::policy(), Memory::new());
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    assert!(registered(&policy, &memory, "log-1").await);
    assert_eq!(swept(&policy, &memory, day(400)).await, (0, 0));
    holds::release(&policy, &memory, &HoldKey::from(&hold), "officer-2", day(2)).await.unwrap();
    assert!(!registered(&policy, &memory, "log-2").await, "it keeps nothing any more");
}

#[tokio::test]
async fn whenever_a_wide_hold_is_placed_during_a_registration_the_record_ends_up_held() {
    for call in 0..20 {
        let (policy, memory) = (build::policy(), Memory::new());
        let other = policy.clone();
        memory.meanwhile(call, move |memory| {
            let placed = testkit::at_once(holds::place(&other, memory, of_logs())).unwrap();
            // Its walk passes at once: what it does not see, the registration must.
            testkit::at_once(walked(&other, memory, &HoldKey::from(&placed), day(0)));
        });
        registered(&policy, &memory, "log-1").await;
        if memory.nobody_else() {
            assert!(stored(&policy, &memory).await[0].is_held(), "placed before call {call}");
        }
    }
}

#[tokio::test]
async fn a_hold_that_is_released_while_a_walk_marks_leaves_no_mark() {
    for call in 0..6 {
        let (policy, memory) = (build::policy(), Memory::new());
        registered(&policy, &memory, "log-1").await;
        let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
        let record = stored(&policy, &memory).await.remove(0);
        let (other, key) = (policy.clone(), HoldKey::from(&hold));
        memory.meanwhile(call, move |memory| {
            testkit::at_once(holds::release(&other, memory, &key, "officer-2", day(1))).unwrap();
            testkit::at_once(walked(&other, memory, &key, day(1)));
        });
        holds::bind(&memory, &policy.controller, &hold, record).await.unwrap();
        if memory.nobody_else() {
            assert!(!stored(&policy, &memory).await[0].is_held(), "released before call {call}");
        }
    }
}

#[tokio::test]
async fn an_incidents_hold_keeps_what_was_exposed_and_lets_go_of_what_came_later() {
    let (policy, memory) = (build::policy(), Memory::new());
    let breach = build::breach("breach-1", day(-3));
    let head = breach::head_of(&policy, &Incident::new(breach.clone()), day(0));
    memory.declare_breach(&policy.controller, &breach, &build::id("form"), &head).await.unwrap();
    registered_at(&policy, &memory, "exposed", breach.facts.exposed_to).await;
    registered_at(&policy, &memory, "later", day(-1)).await;
    let hold = holds::place(&policy, &memory, form(ScopeAsked::Incident(breach.id.clone()))).await.unwrap();
    let (categories, until) = (breach.facts.scope.categories, breach.facts.exposed_to);
    assert_eq!(hold.scope, HoldScope::Incident { breach: breach.id, categories, until });
    // While it is being put on its records nothing of its categories goes.
    assert_eq!(swept(&policy, &memory, day(400)).await, (0, 2));
    walked(&policy, &memory, &HoldKey::from(&hold), day(1)).await;
    assert_eq!(swept(&policy, &memory, day(400)).await, (1, 0));
    assert_eq!(stored(&policy, &memory).await.len(), 1);
    let unknown = holds::place(&policy, &memory, form(ScopeAsked::Incident(build::id("rumour")))).await;
    assert!(matches!(unknown, Err(HoldError::UnknownBreach(_))));
}

#[tokio::test]
async fn an_erasure_waits_while_an_incidents_hold_is_put_on_records_of_its_category() {
    let (policy, memory) = (build::policy(), Memory::new());
    let breach = build::breach("breach-1", day(-3));
    let head = breach::head_of(&policy, &Incident::new(breach.clone()), day(0));
    memory.declare_breach(&policy.controller, &breach, &build::id("form"), &head).await.unwrap();
    registered_at(&policy, &memory, "later", day(-1)).await;
    let hold = holds::place(&policy, &memory, form(ScopeAsked::Incident(breach.id))).await.unwrap();
    let asked = ReceiveRequest::new(RequestType::Erasure, ada(), "key".into(), day(0));
    let key = receive_request::receive(&policy, &memory, asked).await.unwrap().request;
    fulfil_request::fulfil(&policy, &memory, &key, day(0), URL).await.unwrap();
    let text = memory.sent().last().unwrap().text.clone();
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    requests::verify(&policy, &memory, &key.request, &token, day(0)).await.unwrap();
    assert!(fulfil_request::fulfil(&policy, &memory, &key, day(0), URL).await.is_err(), "it comes again");
    walked(&policy, &memory, &HoldKey::from(&hold), day(0)).await;
    let outcome = fulfil_request::fulfil(&policy, &memory, &key, day(0), URL).await.unwrap();
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(items.as_slice(), [item] if matches!(item.result, ItemResult::Erased { .. })), "{items:?}");
}

#[tokio::test]
async fn a_hold_on_something_that_is_not_kept_is_refused() {
    let (policy, memory) = (build::policy(), Memory::new());
    let unknown = holds::place(&policy, &memory, form(ScopeAsked::Category(build::category("rumours")))).await;
    assert!(matches!(unknown, Err(HoldError::UnknownCategory(_))));
    assert!(memory.wide_holds(&policy.controller).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_stays_while_a_hold_keeps_what_there_is_about_somebody() {
    let (policy, memory) = (build::policy(), Memory::new());
    let placed = holds::place(&policy, &memory, form(ScopeAsked::Subject(ada()))).await.unwrap();
    let of_ada = subject(&policy, &memory).await;
    // Nothing of theirs is registered, so nothing is reported as held; what they wrote lies under their key.
    let (key, outcome) = confirmed(&policy, &memory, RequestType::Erasure, day(1)).await;
    assert_eq!(outcome, Some(Outcome::Erased(vec![])));
    let address = async || requests::RequestLog::request(&memory, &key).await.unwrap().unwrap().address().cloned();
    assert!(address().await.is_some());
    holds::release(&policy, &memory, &HoldKey::of_subject(&of_ada, &placed.id), "officer-2", day(2)).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &key, day(3), URL).await.unwrap();
    assert!(address().await.is_none(), "no hold keeps it any more");
}

fn reviewed(request: RequestType) -> Policy {
    let mut policy = build::policy();
    policy.office.review.insert(request);
    policy
}

async fn approved(policy: &Policy, memory: &Memory, key: &RequestKey, at: Timestamp) -> Option<Outcome> {
    let ruling = Act::Ruled(Ruling::Approve { except: Vec::new() });
    let clerk = Actor::Staff(StaffId::parse("clerk").unwrap());
    requests::record(policy, memory, key, |_| Some(NewEntry::new(at, clerk.clone(), ruling.clone()))).await.unwrap();
    fulfil_request::fulfil(policy, memory, key, at, URL).await.unwrap()
}

async fn of_requests(policy: &Policy, memory: &Memory) -> Vec<Hold> {
    let holds = memory.holds(&policy.controller, &subject(policy, memory).await).await.unwrap();
    holds.into_iter().filter(|hold| hold.reason == HoldReason::AccessRequest).collect()
}

#[tokio::test]
async fn what_somebody_asked_a_copy_of_is_kept_until_they_have_it() {
    let (policy, memory) = (reviewed(RequestType::Access), Memory::new());
    registered(&policy, &memory, "log-1").await;
    let end = stored(&policy, &memory).await[0].due_at.unwrap();
    let (key, outcome) = confirmed(&policy, &memory, RequestType::Access, end - 1.hour()).await;
    assert_eq!(outcome, Some(Outcome::WithOffice), "somebody looks at it first");
    let holds = of_requests(&policy, &memory).await;
    assert!(matches!(holds.as_slice(), [hold] if hold.is_open() && hold.opened_at == end - 1.hour()));
    assert_eq!(swept(&policy, &memory, end + 24.hours()).await, (0, 0));

    let outcome = approved(&policy, &memory, &key, end + 48.hours()).await;
    assert!(matches!(outcome, Some(Outcome::Exported { .. })), "{outcome:?}");
    let files = memory.exports();
    assert!(files.values().all(|file| file.records.len() == 1), "what ended while they waited is in it");
    assert!(of_requests(&policy, &memory).await.iter().all(|hold| !hold.is_open()));
    assert_eq!(swept(&policy, &memory, end + 49.hours()).await, (1, 0));
}

#[tokio::test]
async fn one_that_is_answered_at_once_places_no_hold() {
    let (policy, memory) = (build::policy(), Memory::new());
    registered(&policy, &memory, "log-1").await;
    let (_, outcome) = confirmed(&policy, &memory, RequestType::Access, day(0)).await;
    assert!(matches!(outcome, Some(Outcome::Exported { .. })));
    assert!(of_requests(&policy, &memory).await.is_empty());
}

#[tokio::test]
async fn a_persons_own_erasure_goes_before_the_copy_they_asked_for() {
    let (policy, memory) = (reviewed(RequestType::Access), Memory::new());
    registered(&policy, &memory, "log-1").await;
    let (key, _) = confirmed(&policy, &memory, RequestType::Access, day(0)).await;
    assert!(stored(&policy, &memory).await[0].is_held());
    let (_, outcome) = confirmed(&policy, &memory, RequestType::Erasure, day(1)).await;
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(items.as_slice(), [item] if matches!(item.result, ItemResult::Erased { .. })), "{items:?}");
    // The request goes on, and holds nothing again.
    fulfil_request::fulfil(&policy, &memory, &key, day(2), URL).await.unwrap();
    assert!(of_requests(&policy, &memory).await.iter().all(|hold| !hold.is_open()));
    let state = requests::RequestLog::request(&memory, &key).await.unwrap().unwrap().state;
    assert_eq!(state.stage(), Stage::WithOffice);
}

#[tokio::test]
async fn a_review_of_which_nobody_can_be_told_keeps_no_other_back() {
    let memory = Memory::new();
    let named = |name: &str| Policy {
        controller: build::controller(name),
        contact_mail: format!("office@{name}.example"),
        ..build::policy()
    };
    let (gone, other) = (named("acme"), named("zeta"));
    for policy in [&gone, &other] {
        holds::place(policy, &memory, of_logs()).await.unwrap();
    }
    memory
        .mail_service(|mail| (mail.to.disclose() == "office@acme.example").then_some(Said::Refused(NotTaken::Address)));
    let watched = deadlines::watch(&memory, &[&gone, &other], day(60), false).await.unwrap();
    assert_eq!((watched.reviews_missed, watched.warned, watched.failed), (2, 1, 1));
    // What failed is tried again, and what went out is not.
    let again = deadlines::watch(&memory, &[&gone, &other], day(60), false).await.unwrap();
    assert_eq!((again.warned, again.failed), (0, 1));
}

#[tokio::test]
async fn a_review_is_told_of_a_week_before_when_it_is_due_and_each_week_after() {
    let (policy, memory) = (build::policy(), Memory::new());
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    let mut told = Vec::new();
    for n in 50..90 {
        for _ in 0..2 {
            let watched = deadlines::watch(&memory, &[&policy], day(n), false).await.unwrap();
            assert_eq!((watched.at_risk, watched.missed), (0, 0), "it is no deadline of the law");
            told.extend((watched.warned > 0).then_some(n));
        }
    }
    // Its review is on day 60.
    assert_eq!(told, [53, 60, 67, 74, 81, 88]);
    let mails = memory.sent();
    assert!(
        mails.iter().all(|mail| mail.text.contains(&format!("Number: {}\n", hold.id)) && mail.subject.contains("hold"))
    );
    let tags: std::collections::BTreeSet<_> = mails.iter().map(|mail| mail.tag.clone()).collect();
    assert_eq!(tags.len(), told.len(), "each is one of its own");
    // Once somebody has looked at it, the next review is told of as the first was.
    let key = HoldKey::from(&hold);
    holds::move_review(&policy, &memory, &key, day(120), ("officer-2", day(90))).await.unwrap();
    let mut told = Vec::new();
    for n in 91..130 {
        let watched = deadlines::watch(&memory, &[&policy], day(n), false).await.unwrap();
        told.extend((watched.warned > 0).then_some(n));
    }
    assert_eq!(told, [113, 120, 127]);
    holds::release(&policy, &memory, &key, "officer-2", day(130)).await.unwrap();
    let watched = deadlines::watch(&memory, &[&policy], day(140), false).await.unwrap();
    assert_eq!((watched.reviews_due, watched.reviews_missed), (0, 0));
}

#[tokio::test]
async fn a_walk_of_messages_marks_what_a_wide_hold_covers() {
    let (policy, memory) = (build::policy(), Memory::new());
    for n in 0..20 {
        registered(&policy, &memory, &format!("log-{n}")).await;
    }
    let hold = holds::place(&policy, &memory, of_logs()).await.unwrap();
    let job = domain::walk::Job::BindHold(hold.id.clone());
    let (controller, at) = (&policy.controller, hold.opened_at);
    let mut open = walk::begin(&memory, controller, &job, at).await.unwrap();
    let mut done = None;
    while let Some(turn) = open.pop() {
        let bind = async |record| holds::bind(&memory, controller, &hold, record).await;
        match walk::step(&memory, controller, &job, at, turn, bind).await.unwrap() {
            walk::Step::HandOn(turn) => open.push(turn),
            walk::Step::WalkDone(walked) => done = Some(walked),
            walk::Step::SegmentDone | walk::Step::Stale => {}
        }
    }
    let walked = done.unwrap();
    assert_eq!((walked.changed, walked.unreadable), (20, 0));
    assert!(stored(&policy, &memory).await.iter().all(Record::is_held));
}
