//! The sweep at scale: shard by shard, handed on and never lost, and stopped where there is too much.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{cell::Cell, collections::BTreeMap};

use app::{
    destruction::BATCH_RECORDS_MAX,
    keys::Keys,
    purge::{self, LOOK_RECORDS_MAX, PURGE_SHARDS, PurgeControls, Run, Say, SayError, Step, Swept},
    records::{self, RecordStore},
    stored_counts::StoredCounts,
};
use domain::{
    ids::{ControllerId, SubjectRef},
    policy::Policy,
    purge::{Cause, Deed, Limits, State, Tally, Word, WordRefused},
    record::{Record, System},
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, build};

fn due() -> Timestamp {
    build::at("2027-01-01T00:00:00Z")
}

fn tally(records: u64) -> Tally {
    let mut tally = Tally::default();
    tally.add(&System::Habeas, records);
    tally
}

/// So many records, each of another person, all due.
async fn stored(memory: &Memory, controller: &ControllerId, records: usize) -> Vec<Record> {
    let mut stored = Vec::with_capacity(records);
    for n in 0..records {
        let who = build::subject(&format!("person-{n}@example.com"));
        let mut record = build::record(&who, &format!("log-{n}"), due());
        record.due_at = Some(due() - (i64::try_from(n).unwrap() % 600).minutes());
        memory.insert_record(controller, &record, &build::content("person@example.com", "log")).await.unwrap();
        stored.push(record);
    }
    stored
}

/// So many records of one person, which lie in one shard.
async fn of_one(memory: &Memory, controller: &ControllerId, records: usize) -> SubjectRef {
    let who = build::subject("ada@example.com");
    for n in 0..records {
        let mut record = build::record(&who, &format!("log-{n}"), due());
        record.due_at = Some(due() - 1.minute());
        memory.insert_record(controller, &record, &build::content("ada@example.com", "log")).await.unwrap();
    }
    who
}

async fn left(memory: &Memory, controller: &ControllerId, records: &[Record]) -> usize {
    let mut left = 0;
    for record in records {
        left += memory.records(controller, &record.subject).await.unwrap().len();
    }
    left
}

/// How often each record is in a certificate as deleted.
fn evidence(memory: &Memory) -> BTreeMap<(String, String), usize> {
    let mut times = BTreeMap::new();
    for manifest in memory.certificates() {
        assert!(manifest.records.len() <= BATCH_RECORDS_MAX);
        for (doomed, result) in manifest.records.iter().zip(&manifest.results) {
            if *result == domain::evidence::DeletionResult::Deleted {
                *times.entry((doomed.subject.to_string(), doomed.record.to_string())).or_default() += 1;
            }
        }
    }
    times
}

fn run(at: Timestamp, floor: u64) -> Run<'static> {
    Run { limits: Limits { floor, ..Limits::default() }, ..Run::to_the_end(at) }
}

#[tokio::test]
async fn what_is_little_is_deleted_at_once_in_one_batch_for_all_shards() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let records = stored(&memory, &controller, 150).await;
    let look = purge::look(&memory, due()).await.unwrap();
    assert_eq!((look.due.len(), look.steps.len()), (150, 0));
    assert_eq!(look.oldest, records.iter().filter_map(|record| record.due_at).min());
    let (swept, left_over) = purge::take(&memory, &Run::to_the_end(due()), look).await.unwrap();
    assert_eq!((swept.deleted, swept.batches.len(), left_over.len()), (150, 1, 0));
    assert_eq!(left(&memory, &controller, &records).await, 0);
}

#[tokio::test]
async fn a_shard_with_more_than_a_look_shows_is_a_step_of_its_own() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let who = of_one(&memory, &controller, LOOK_RECORDS_MAX + 1).await;
    let look = purge::look(&memory, due()).await.unwrap();
    let shard = who.shard(PURGE_SHARDS);
    assert_eq!((look.due.len(), look.steps.as_slice()), (0, [Step { shard, from: None, hop: 0 }].as_slice()));
}

#[tokio::test]
async fn a_step_without_time_hands_on_what_it_did_not_read_and_nothing_is_lost_or_taken_twice() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let who = of_one(&memory, &controller, 3 * BATCH_RECORDS_MAX + 7).await;
    let times_up = || false;
    let run = Run { goes_on: &times_up, ..run(due(), 1_000_000) };
    let (mut next, mut all, mut hops) =
        (Some(Step { shard: who.shard(PURGE_SHARDS), from: None, hop: 0 }), Swept::default(), 0);
    while let Some(step) = next {
        assert_eq!(step.hop, hops);
        let (swept, handed_on) = purge::step(&memory, &run, step).await.unwrap();
        assert!(swept.deleted <= BATCH_RECORDS_MAX);
        all.add(swept);
        hops += 1;
        next = handed_on;
    }
    assert_eq!((all.deleted, all.due), (3 * BATCH_RECORDS_MAX + 7, 3 * BATCH_RECORDS_MAX + 7));
    assert!(memory.records(&controller, &who).await.unwrap().is_empty());
    let evidence = evidence(&memory);
    assert_eq!((evidence.len(), evidence.values().max()), (3 * BATCH_RECORDS_MAX + 7, Some(&1)));
}

#[tokio::test]
async fn a_tick_without_time_hands_its_shards_on() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let records = stored(&memory, &controller, 40).await;
    let looks = Cell::new(0);
    let times_up = || looks.replace(looks.get() + 1) > 0;
    let run = Run { goes_on: &|| !times_up(), ..Run::to_the_end(due()) };
    let other = build::controller("elsewhere");
    let more = build::record(&build::subject("ada@example.com"), "log", due());
    let more = Record { due_at: Some(due()), ..more };
    memory.insert_record(&other, &more, &build::content("ada@example.com", "log")).await.unwrap();
    let look = purge::look(&memory, due()).await.unwrap();
    let (swept, steps) = purge::take(&memory, &run, look).await.unwrap();
    assert_eq!(
        (swept.deleted, steps),
        (40, vec![Step { shard: more.subject.shard(PURGE_SHARDS), from: None, hop: 0 }])
    );
    assert_eq!(left(&memory, &controller, &records).await, 0);
}

#[tokio::test]
async fn a_message_that_comes_twice_does_no_harm() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let who = of_one(&memory, &controller, 2 * LOOK_RECORDS_MAX).await;
    let step = || Step { shard: who.shard(PURGE_SHARDS), from: None, hop: 0 };
    let first = purge::step(&memory, &Run::to_the_end(due()), step()).await.unwrap().0;
    let second = purge::step(&memory, &Run::to_the_end(due()), step()).await.unwrap().0;
    assert_eq!((first.deleted, second.due), (2 * LOOK_RECORDS_MAX, 0));
    assert_eq!(evidence(&memory).len(), 2 * LOOK_RECORDS_MAX);
}

#[tokio::test]
async fn far_more_than_usual_stops_the_purge_of_that_controller_alone_until_somebody_allows_it() {
    let (memory, controller, other) = (Memory::new(), build::policy().controller, build::controller("elsewhere"));
    let (records, others) = (stored(&memory, &controller, 60).await, stored(&memory, &other, 10).await);
    let controllers = [controller.clone(), other.clone()];
    let swept = purge::sweep(&memory, &controllers, &run(due(), 50)).await.unwrap();
    assert_eq!((swept.deleted, swept.waiting), (10, 60), "a batch is counted as a whole");
    assert_eq!(swept.stopped.iter().collect::<Vec<_>>(), [&controller]);
    assert_eq!((left(&memory, &controller, &records).await, left(&memory, &other, &others).await), (60, 0));
    let control = memory.purge_control(&controller).await.unwrap();
    let cause = Cause::Volume { wanted: 60, limit: 50 };
    assert_eq!(control.state, State::Stopped { since: due(), cause: cause.clone() });

    // The next hour changes nothing, and says so once.
    let later = due() + 1.hour();
    let swept = purge::sweep(&memory, &controllers, &run(later, 50)).await.unwrap();
    assert_eq!((swept.deleted, swept.waiting, swept.stopped.len()), (0, 60, 0));

    let say = |word| Say { word, reason: "the newsletter ends".into(), by: "officer-1".into(), at: later };
    assert!(matches!(
        purge::say(&memory, &controller, &say(Word::Resume)).await,
        Err(SayError::Refused(WordRefused::NotPaused))
    ));
    purge::say(&memory, &controller, &say(Word::Allow(60))).await.unwrap();
    let swept = purge::sweep(&memory, &controllers, &run(later, 50)).await.unwrap();
    assert_eq!(swept.deleted, 60);
    let acts = memory.purge_acts(&controller).await.unwrap();
    let deeds: Vec<_> = acts.iter().map(|act| (act.by.as_str(), act.deed.clone())).collect();
    assert_eq!(deeds, [("officer-1", Deed::Said(Word::Allow(60))), ("purge", Deed::Stopped(cause))]);
}

#[tokio::test]
async fn a_large_share_of_what_a_system_keeps_stops_it_even_where_that_many_are_usual() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    stored(&memory, &controller, 60).await;
    memory.add_stored(&controller, &System::Habeas, 100).await.unwrap();
    let swept = purge::sweep(&memory, std::slice::from_ref(&controller), &run(due(), 50)).await.unwrap();
    assert_eq!(swept.deleted, 0);
    let dry = purge::dry_run(&memory, &run(due(), 50), None).await.unwrap();
    assert_eq!(dry.stops[&controller].numbers(), (60, 50));

    let memory = Memory::new();
    stored(&memory, &controller, 60).await;
    memory.add_stored(&controller, &System::Habeas, 100).await.unwrap();
    let limits = Limits { floor: 10, factor: 10, share_percent: 50 };
    let mut control = memory.purge_control(&controller).await.unwrap();
    control.days.insert(purge::day_of(due() - 24.hours()), 1_000);
    control.revision += 1;
    assert!(memory.put_purge_control(&controller, &control).await.unwrap());
    let swept = purge::sweep(&memory, &[], &Run { limits, ..Run::to_the_end(due()) }).await.unwrap();
    assert_eq!((swept.deleted, swept.waiting), (0, 60));
    let control = memory.purge_control(&controller).await.unwrap();
    let State::Stopped { cause, .. } = control.state else { panic!("{control:?}") };
    assert_eq!(cause, Cause::Share { system: System::Habeas, wanted: 60, limit: 50 });
}

#[tokio::test]
async fn a_pause_binds_from_the_next_batch_on() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let who = of_one(&memory, &controller, 3 * BATCH_RECORDS_MAX).await;
    let say = |word, at| Say { word, reason: "an inspection".into(), by: "officer-1".into(), at };
    let (pausing, pausing_for) = (say(Word::Pause, due()), controller.clone());
    // Somewhere within the first batch.
    memory.meanwhile(5, move |memory| {
        testkit::at_once(purge::say(memory, &pausing_for, &pausing)).unwrap();
    });
    let step = Step { shard: who.shard(PURGE_SHARDS), from: None, hop: 0 };
    let (swept, next) = purge::step(&memory, &run(due(), 1_000_000), step).await.unwrap();
    assert_eq!((swept.deleted, swept.waiting, next), (BATCH_RECORDS_MAX, 2 * BATCH_RECORDS_MAX, None));
    purge::say(&memory, &controller, &say(Word::Resume, due())).await.unwrap();
    let swept = purge::sweep(&memory, &[], &run(due(), 1_000_000)).await.unwrap();
    assert_eq!(swept.deleted, 2 * BATCH_RECORDS_MAX);
}

#[tokio::test]
async fn what_was_kept_in_the_end_does_not_count_as_deleted() {
    let (policy, memory): (Policy, _) = (build::policy(), Memory::new());
    let form = build::registration(
        build::mail("ada@example.com"),
        ("server-log", "security"),
        "log-1",
        build::at("2026-01-01T00:00:00Z"),
    );
    records::register(&policy, &memory, form).await.unwrap();
    let look = purge::look(&memory, due()).await.unwrap();
    let subject = memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail("ada@example.com"));
    let mut record = memory.records(&policy.controller, &subject).await.unwrap().remove(0);
    record.holds.insert(build::id("hold-1"));
    memory.update_record(&policy.controller, &record).await.unwrap();
    let (swept, _) = purge::take(&memory, &Run::to_the_end(due()), look).await.unwrap();
    assert_eq!((swept.held, swept.deleted), (1, 0));
    assert_eq!(memory.purge_control(&policy.controller).await.unwrap().today.total(), 0);
}

#[tokio::test]
async fn a_dry_run_counts_by_category_clause_and_system_shows_a_sample_and_changes_nothing() {
    let (memory, controller) = (Memory::new(), build::policy().controller);
    let records = stored(&memory, &controller, 45).await;
    stored(&memory, &build::controller("elsewhere"), 5).await;
    let before = memory.calls();
    let dry = purge::dry_run(&memory, &Run::to_the_end(due()), Some(&controller)).await.unwrap();
    assert!(memory.calls() > before && memory.certificates().is_empty());
    assert_eq!((dry.due.len(), dry.tally(&controller), dry.sample.len()), (1, tally(45), 20));
    assert!(dry.sample.values().all(|whose| *whose == controller) && dry.stops.is_empty() && dry.is_complete);
    assert_eq!(left(&memory, &controller, &records).await, 45);
    assert_eq!(memory.purge_control(&controller).await.unwrap().today.total(), 0);

    let no_time = Run { goes_on: &|| false, ..Run::to_the_end(due()) };
    assert!(!purge::dry_run(&memory, &no_time, None).await.unwrap().is_complete);
}
