//! The registry as a whole: registrations, events, withdrawals and holds by event give the same end state in
//! whatever order and number they arrive, and however two functions cut into each other. A change of policy
//! plans what is stored anew, once, and revives nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use app::{
    capture_consent,
    error::PortError,
    keys::Keys,
    records::{self, RecordError, RecordStore, RegisterRecord, SubjectEvent},
    replan::{self, MayWalk, PlanningStore},
    walk::{self, Step, WALK_SEGMENTS, Walked},
};
use domain::{
    consent::Choice,
    ids::SubjectRef,
    policy::{Clause, Period, Policy, PolicyHash, RetentionRule},
    record::Record,
    retention::CONSENT_WITHDRAWN,
    walk::{Job, Turn},
};
use jiff::{SpanFieldwise, Timestamp, ToSpan};
use proptest::prelude::*;
use testkit::{Memory, at_once, build, consent_side};

const ADA: &str = "ada@example.com";

fn minute(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + n.minutes()
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail(ADA))
}

/// The small policy, and a session that messages keep for some hours each: the switch's period slides, too, and one
/// event both renews and switches.
fn policy() -> Policy {
    let mut policy = consent_side();
    let key = (build::category("chat-session"), build::purpose("support"));
    if let Some(switch) = policy.retention.get_mut(&key).and_then(|rule| rule.switch.as_mut()) {
        let renew_on = vec![build::event("chat.message"), build::event("chat.visit")];
        switch.then = Period::Sliding { duration: 3.hours().fieldwise(), renew_on, max: Some(SpanFieldwise(2.days())) };
    }
    policy
}

const KEPT: [(&str, &str); 5] = [
    ("server-log", "security"),
    ("chat-session", "support"),
    ("account", "contract"),
    ("address", "marketing"),
    ("invoice", "accounting"),
];

const EVENTS: [&str; 6] =
    ["chat.visit", "chat.message", "contract.ended", CONSENT_WITHDRAWN, "suspicious.activity", "investigation.closed"];

#[derive(Debug, Clone, Copy)]
enum Op {
    /// A record of that kind and name, made then.
    Register(usize, u8, i64),
    /// An event, for a purpose or for all.
    Note(usize, Option<&'static str>, i64),
}

fn form(kind: usize, name: u8, at: i64) -> RegisterRecord {
    let (category, purpose) = KEPT[kind];
    build::registration(build::mail(ADA), (category, purpose), &format!("{category}-{name}"), minute(at))
}

async fn play(policy: &Policy, memory: &Memory, op: Op) {
    match op {
        Op::Register(kind, name, at) => drop(records::register(policy, memory, form(kind, name, at)).await.unwrap()),
        Op::Note(event, purpose, at) => {
            let form = SubjectEvent {
                subject: subject(policy, memory).await,
                event: build::event(EVENTS[event]),
                purpose: purpose.map(build::purpose),
                occurred_at: minute(at),
            };
            records::note_event(policy, memory, &form).await.unwrap();
        }
    }
}

/// What is left in the end: of each record its end, its clause, its clock and its holds.
async fn stands(policy: &Policy, memory: &Memory) -> BTreeMap<String, (Record, BTreeSet<String>)> {
    let records = memory.records(&policy.controller, &subject(policy, memory).await).await.unwrap();
    let state = |record: Record| {
        let holds = record.holds.iter().map(ToString::to_string).collect();
        // How often it was changed, and the salt that was drawn, say nothing.
        (record.id.to_string(), (Record { revision: 0, salt: [0; 16], ..record }, holds))
    };
    records.into_iter().map(state).collect()
}

/// The consent to marketing was given then.
async fn consent(policy: &Policy, memory: &Memory, key: usize, at: i64) {
    let form = build::capture(build::mail(ADA), &[("marketing", Choice::Given)], &key.to_string(), minute(at));
    capture_consent::capture(policy, memory, form).await.unwrap();
}

/// A fresh table in which that was given, and these arrived in that order.
async fn after(policy: &Policy, given: &[i64], ops: &[Op]) -> BTreeMap<String, (Record, BTreeSet<String>)> {
    let memory = Memory::new();
    for (key, at) in given.iter().enumerate() {
        consent(policy, &memory, key, *at).await;
    }
    for op in ops {
        play(policy, &memory, *op).await;
    }
    stands(policy, &memory).await
}

fn any_op() -> impl Strategy<Value = Op> {
    // Minutes close to each other, for sessions, and days, for the rest.
    let time = || prop_oneof![-30_i64..400, -3_000_i64..60_000];
    prop_oneof![
        // What is registered again is the same: its time is a function of what it is.
        (0..KEPT.len(), 0_u8..3).prop_map(|(kind, name)| Op::Register(kind, name, i64::from(name) * 95)),
        (0..EVENTS.len(), prop::sample::select(vec![None, Some("marketing"), Some("support")]), time())
            .prop_map(|(event, purpose, at)| Op::Note(event, purpose, at)),
    ]
}

fn shuffled(ops: &[Op], twice: usize, seed: u64) -> Vec<Op> {
    let mut ops: Vec<Op> = ops.iter().chain(ops.iter().take(twice)).copied().collect();
    let mut state = seed | 1;
    for n in (1..ops.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ops.swap(n, (state >> 33) as usize % (n + 1));
    }
    ops
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_arrives_late_twice_or_out_of_order_ends_in_the_same_state(
        given in prop::collection::vec(-200_i64..400, 0..3),
        ops in prop::collection::vec(any_op(), 1..14),
        twice in 0_usize..14,
        seed in any::<u64>(),
    ) {
        let policy = policy();
        let in_order = at_once(after(&policy, &given, &ops));
        let other = at_once(after(&policy, &given, &shuffled(&ops, twice, seed)));
        prop_assert_eq!(in_order, other);
    }
}

/// Two functions at once, cut into each other at every step.
#[tokio::test]
async fn a_registration_and_an_event_at_once_end_as_if_one_came_after_the_other() {
    let policy = policy();
    let events = [
        (1, Op::Note(0, None, 20)),
        (1, Op::Note(1, None, 20)),
        (2, Op::Note(2, None, 50)),
        (3, Op::Note(3, Some("marketing"), 30)),
        (0, Op::Note(4, None, 10)),
    ];
    for (kind, event) in events {
        let registration = Op::Register(kind, 0, 0);
        let expected = after(&policy, &[-10], &[registration, event]).await;
        for (ours, theirs) in [(registration, event), (event, registration)] {
            for step in 0..40 {
                let memory = Memory::new();
                consent(&policy, &memory, 0, -10).await;
                let other = policy.clone();
                memory.meanwhile(step, move |memory| at_once(play(&other, memory, theirs)));
                play(&policy, &memory, ours).await;
                if !memory.nobody_else() {
                    play(&policy, &memory, theirs).await;
                }
                assert_eq!(stands(&policy, &memory).await, expected, "{ours:?} {theirs:?} at {step}");
            }
        }
    }
}

#[tokio::test]
async fn a_record_that_is_registered_after_its_visits_has_lived_by_each_of_them() {
    let (policy, memory) = (consent_side(), Memory::new());
    for n in [25, 50, 75, 100, 700] {
        play(&policy, &memory, Op::Note(0, None, n)).await;
    }
    play(&policy, &memory, Op::Register(1, 0, 0)).await;
    let (record, _) = stands(&policy, &memory).await.into_values().next().unwrap();
    assert_eq!(record.due_at, Some(minute(130)));
}

// A change of policy.

/// A table with records of several people under the small policy: alive, expired, moved by events.
async fn filled(policy: &Policy) -> Memory {
    let memory = Memory::new();
    for n in 0..12_i64 {
        let identifier = build::mail(&format!("person-{n}@example.com"));
        let whose = memory.controller(&policy.controller).await.unwrap().pepper.subject(&identifier);
        for (kind, days) in [(0, 9 * n), (2, n), (4, n)] {
            let form = RegisterRecord { identifier: identifier.clone(), ..form(kind, 0, 24 * 60 * days) };
            records::register(policy, &memory, form).await.unwrap();
        }
        if n % 3 == 0 {
            let event = build::event("contract.ended");
            let event = SubjectEvent { subject: whose, event, purpose: None, occurred_at: minute(24 * 60 * 50) };
            records::note_event(policy, &memory, &event).await.unwrap();
        }
    }
    memory
}

/// Every record of the controller.
async fn all(policy: &Policy, memory: &Memory) -> Vec<Record> {
    let mut records = Vec::new();
    for n in 0..12 {
        let identifier = build::mail(&format!("person-{n}@example.com"));
        let whose = memory.controller(&policy.controller).await.unwrap().pepper.subject(&identifier);
        records.extend(memory.records(&policy.controller, &whose).await.unwrap());
    }
    records
}

/// Logs for a shorter time, accounts for longer after the contract, and invoices as before.
fn changed(hash: &str, log_days: i64, grace_days: i64) -> Policy {
    let mut policy = build::policy();
    policy.hash = PolicyHash::from_hex(hash.repeat(32));
    let rule = |policy: &mut Policy, kind: usize, change: &dyn Fn(&mut RetentionRule)| {
        let (category, purpose) = KEPT[kind];
        let rule = policy.retention.get_mut(&(build::category(category), build::purpose(purpose))).unwrap();
        change(rule);
        rule.clause = Clause::new(format!("test.{category}.{hash}"));
    };
    rule(&mut policy, 0, &|rule| rule.period = Period::Fixed { duration: SpanFieldwise(log_days.days()) });
    rule(&mut policy, 2, &|rule| {
        let events = vec![build::event("contract.ended")];
        rule.period = Period::UntilEvent { events, grace: SpanFieldwise(grace_days.days()), max: None };
    });
    policy
}

/// One message of a walk, as retention-track handles it; the messages that it sends.
async fn deliver(
    policy: &Policy,
    memory: &Memory,
    at: Timestamp,
    turn: Option<Turn>,
    now: Timestamp,
) -> Result<(Vec<Turn>, Option<Walked>), PortError> {
    if replan::may_walk(memory, policy, at).await? != MayWalk::Yes {
        return Ok((vec![], None));
    }
    let Some(turn) = turn else {
        return Ok((walk::begin(memory, &policy.controller, &Job::Replan, at).await?, None));
    };
    let act = async |record| match records::replan(policy, memory, record, now).await {
        Ok(changed) => Ok(changed),
        Err(RecordError::Port(error)) => Err(error),
        Err(error) => panic!("{error}"),
    };
    Ok(match walk::step(memory, &policy.controller, &Job::Replan, at, turn, act).await? {
        Step::HandOn(turn) => (vec![turn], None),
        Step::WalkDone(walked) => {
            replan::done(memory, policy, at).await?;
            (vec![], Some(walked))
        }
        Step::SegmentDone | Step::Stale => (vec![], None),
    })
}

/// Delivers messages until there are none left, some twice; a failed one comes again.
async fn walk_through(policy: &Policy, memory: &Memory, at: Timestamp, now: Timestamp, crash: Option<usize>) -> Walked {
    let mut queue: VecDeque<Option<Turn>> = VecDeque::from([None]);
    let mut walked = None;
    if let Some(calls) = crash {
        memory.fail_after(calls);
    }
    let mut delivered = 0;
    while let Some(turn) = queue.pop_front() {
        delivered += 1;
        assert!(delivered < 10_000, "a walk ends");
        match deliver(policy, memory, at, turn, now).await {
            Ok((turns, done)) => {
                queue.extend(turns.iter().map(|turn| Some(*turn)));
                // A queue delivers at least once.
                queue.extend(turns.iter().filter(|turn| turn.hop == 0).map(|turn| Some(*turn)));
                walked = walked.or(done);
            }
            Err(_) => {
                memory.recover();
                queue.push_front(turn);
            }
        }
    }
    walked.unwrap()
}

/// Each record as the policy has it, if it had not expired.
fn assert_planned(before: &[Record], after: &[Record], policy: &Policy, now: Timestamp) {
    assert_eq!(before.len(), after.len());
    let mut kinds = BTreeSet::new();
    for (before, after) in before.iter().zip(after) {
        if before.is_expired(now) {
            assert_eq!(before, after, "an end that has passed stays");
            kinds.insert("expired");
            continue;
        }
        let rule = policy.retention_of(&after.category, &after.purpose).unwrap();
        assert_eq!(after.due_at, after.clock.due(rule, &policy.time_zone).unwrap());
        assert_eq!(after.clause, rule.clause);
        kinds.insert(if after.due_at == before.due_at { "as it was" } else { "moved" });
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[tokio::test]
async fn a_change_of_policy_plans_every_record_once_and_revives_nothing() {
    let (old, new) = (build::policy(), changed("bb", 150, 90));
    let memory = filled(&old).await;
    let (day, hour) = (|n: i64| minute(24 * 60 * n), |n: i64| minute(24 * 60 * 120 + 60 * n));
    let now = day(120);
    // The first tick ever has the records of the old policy walked through: nothing moves.
    assert_eq!(replan::tick(&memory, &old, hour(-3)).await.unwrap(), None);
    assert_eq!(replan::tick(&memory, &old, hour(-2)).await.unwrap(), Some(hour(-2)));
    assert_eq!(walk_through(&old, &memory, hour(-2), now, None).await.changed, 0);
    assert_eq!(replan::tick(&memory, &old, hour(-1)).await.unwrap(), None);
    assert_eq!(memory.planning(&old.controller).await.unwrap().policy, Some(old.hash.clone()));

    let before = all(&old, &memory).await;
    assert_eq!(replan::tick(&memory, &new, hour(0)).await.unwrap(), None, "it is waited for the old version to go");
    assert_eq!(replan::tick(&memory, &new, hour(1)).await.unwrap(), Some(hour(1)));
    // A function of the old version leaves the walk to others.
    assert_eq!(replan::may_walk(&memory, &old, hour(1)).await.unwrap(), MayWalk::NotThis);
    assert_eq!(replan::tick(&memory, &new, hour(2)).await.unwrap(), Some(hour(1)), "the same walk goes on");
    let walked = walk_through(&new, &memory, hour(1), now, None).await;
    let after = all(&new, &memory).await;
    assert_planned(&before, &after, &new, now);
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!((walked.seen, walked.changed), (36, changed as u64));
    assert_eq!(replan::tick(&memory, &new, hour(3)).await.unwrap(), None);
    // What was sent twice finds nothing to do.
    for segment in 0..WALK_SEGMENTS {
        let late = deliver(&new, &memory, hour(1), Some(Turn { segment, hop: 0 }), now).await.unwrap();
        assert_eq!(late, (vec![], None));
    }
}

#[tokio::test]
async fn a_preview_counts_what_the_walk_then_does_and_writes_nothing() {
    let (old, mut new) = (build::policy(), changed("bb", 50, 90));
    new.retention.remove(&(build::category("invoice"), build::purpose("accounting")));
    let (memory, now) = (filled(&old).await, minute(24 * 60 * 120));
    let before = all(&old, &memory).await;
    let planning = memory.planning(&old.controller).await.unwrap();
    let previewed = replan::preview(&new, &memory, now).await.unwrap();
    assert_eq!(replan::preview(&new, &memory, now).await.unwrap(), previewed);
    assert_eq!(all(&old, &memory).await, before, "nothing is written");
    assert_eq!(memory.planning(&old.controller).await.unwrap(), planning);

    replan::begin(&memory, &new, now).await.unwrap();
    walk_through(&new, &memory, now, now, None).await;
    let mut kinds: BTreeMap<_, replan::Preview> = BTreeMap::new();
    for (before, after) in before.iter().zip(&all(&old, &memory).await) {
        let counts = kinds.entry((before.category.clone(), before.purpose.clone())).or_default();
        let end = |record: &Record| record.due_at.unwrap_or(Timestamp::MAX);
        let count = if before.is_expired(now) {
            assert_eq!(before, after);
            &mut counts.expired
        } else if !new.retention.contains_key(&(before.category.clone(), before.purpose.clone())) {
            &mut counts.without_rule
        } else if end(after) < end(before) {
            counts.due_at_once += u64::from(after.is_expired(now));
            counts.held += u64::from(after.is_expired(now) && after.is_held());
            &mut counts.earlier
        } else if end(after) > end(before) {
            &mut counts.later
        } else {
            &mut counts.stay
        };
        *count += 1;
    }
    assert_eq!(previewed, replan::Previewed { kinds: kinds.clone(), unreadable: 0 });
    let of = |kind: usize| &kinds[&(build::category(KEPT[kind].0), build::purpose(KEPT[kind].1))];
    assert!(of(0).due_at_once > 0 && of(0).expired > 0 && of(0).due_at_once < of(0).earlier, "{:?}", of(0));
    assert!(of(2).later > 0 && of(2).expired > 0 && of(4).without_rule == 12, "{kinds:?}");
}

#[tokio::test]
async fn a_walk_that_crashes_at_any_step_plans_every_record_in_the_end() {
    let (old, new) = (build::policy(), changed("bb", 150, 90));
    let now = minute(24 * 60 * 120);
    for crash in 0..120 {
        let memory = filled(&old).await;
        let before = all(&old, &memory).await;
        replan::begin(&memory, &new, now).await.unwrap();
        walk_through(&new, &memory, now, now, Some(crash)).await;
        memory.recover();
        assert_planned(&before, &all(&new, &memory).await, &new, now);
        assert_eq!(memory.planning(&new.controller).await.unwrap().policy, Some(new.hash.clone()), "at {crash}");
    }
}

#[tokio::test]
async fn a_policy_that_changes_again_meanwhile_has_a_walk_of_its_own() {
    let (old, second, third) = (build::policy(), changed("bb", 150, 90), changed("cc", 130, 60));
    let memory = filled(&old).await;
    let before = all(&old, &memory).await;
    let hour = |n: i64| minute(24 * 60 * 120 + 60 * n);
    replan::begin(&memory, &second, hour(0)).await.unwrap();
    // Of the second policy's walk two segments come to their end.
    let turns = walk::begin(&memory, &old.controller, &Job::Replan, hour(0)).await.unwrap();
    for turn in &turns[..2] {
        deliver(&second, &memory, hour(0), Some(*turn), hour(0)).await.unwrap();
    }
    assert_eq!(replan::tick(&memory, &third, hour(1)).await.unwrap(), None);
    assert_eq!(replan::tick(&memory, &third, hour(2)).await.unwrap(), Some(hour(2)));
    walk_through(&third, &memory, hour(2), hour(2), None).await;
    // The rest of the second walk comes late, and is nobody's.
    for turn in &turns[2..] {
        assert_eq!(deliver(&second, &memory, hour(0), Some(*turn), hour(3)).await.unwrap(), (vec![], None));
    }
    assert_planned(&before, &all(&third, &memory).await, &third, hour(2));
    assert_eq!(memory.planning(&old.controller).await.unwrap().policy, Some(third.hash));
}
