//! Walks through every record of a controller.

use std::collections::BTreeMap;

use app::{
    destruction::Condition,
    replan::{Next, Planning},
    walk::{Progress, WALK_SEGMENTS},
};
use domain::{
    breach::{ScopeCounts, Tally},
    evidence::DeletionResult,
    ids::{ControllerId, RecordId},
    policy::PolicyHash,
    record::Record,
    walk::{Job, Turn},
};

use super::{Ports, days, due, fresh_controller, now, registered};
use crate::build::{category, id, record, subject};

pub async fn a_scan_shows_every_record_of_the_controller_and_nobody_elses<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let person = |n: usize| subject(&format!("person-{n}@example.com"));
    let mut expected: BTreeMap<RecordId, Record> = BTreeMap::new();
    for n in 0..20 {
        let log = record(&person(n), &format!("log-{n}"), days(now(), -10));
        expected.insert(log.id.clone(), log);
    }
    // Held, endless and past their end as well.
    let held = Record { holds: [id("hold-1")].into(), ..record(&person(30), "held", now()) };
    let endless = Record { due_at: None, ..record(&person(31), "endless", now()) };
    let overdue = record(&person(32), "overdue", days(now(), -200));
    expected.extend([held, endless, overdue].map(|record| (record.id.clone(), record)));
    let all: Vec<_> = expected.values().cloned().collect();
    registered(ports, controller, &all).await;
    registered(ports, &fresh_controller(ports), &[record(&person(40), "elsewhere", now())]).await;

    let mut found = BTreeMap::new();
    for segment in 0..WALK_SEGMENTS {
        let mut from = None;
        loop {
            let page = ports.scan_records(controller, segment, from.as_deref()).await.unwrap();
            assert_eq!(page.unreadable, 0);
            found.extend(page.records.into_iter().map(|record| (record.id.clone(), record)));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    assert_eq!(found, expected);
}

pub async fn a_walk_is_noted_by_one_of_two_and_a_later_one_takes_its_place<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let progress = |began: i64, hop: u32| Progress {
        at: days(now(), began),
        turn: Turn { segment: 2, hop },
        from: (hop > 0).then(|| format!("page-{hop}")),
        seen: u64::from(hop) * 10,
        changed: u64::from(hop),
        unreadable: 0,
        tally: Tally {
            counts: ScopeCounts {
                people: u64::from(hop),
                records: u64::from(hop) * 2,
                by_category: (0..hop).map(|n| (category(&format!("category-{n}")), 2)).collect(),
                consents: u64::from(hop) * 3,
            },
            last: (hop > 0).then(|| subject(&format!("person-{hop}@example.com"))),
        },
        is_done: false,
    };
    let job = Job::Replan;
    assert_eq!(ports.segment(controller, &job, 2).await.unwrap(), None);
    // Nothing is noted of a walk that has not begun.
    assert!(!ports.note_segment(controller, &job, 0, &progress(0, 1)).await.unwrap());
    for _ in 0..2 {
        ports.begin_segment(controller, &job, &progress(0, 0)).await.unwrap();
    }
    assert_eq!(ports.segment(controller, &job, 2).await.unwrap(), Some(progress(0, 0)));
    let noted = [
        ports.note_segment(controller, &job, 0, &progress(0, 1)).await.unwrap(),
        ports.note_segment(controller, &job, 0, &progress(0, 1)).await.unwrap(),
    ];
    assert_eq!(noted, [true, false]);
    // Beginning it again leaves it where it is.
    ports.begin_segment(controller, &job, &progress(0, 0)).await.unwrap();
    assert_eq!(ports.segment(controller, &job, 2).await.unwrap(), Some(progress(0, 1)));
    // Another job and another segment are walks of their own.
    assert_eq!(ports.segment(controller, &Job::Count(id("breach-1"), 2), 2).await.unwrap(), None);
    assert_eq!(ports.segment(controller, &Job::FreeHold(id("hold-1")), 2).await.unwrap(), None);
    assert_eq!(ports.segment(controller, &job, 1).await.unwrap(), None);

    ports.begin_segment(controller, &job, &progress(1, 0)).await.unwrap();
    ports.begin_segment(controller, &job, &progress(0, 0)).await.unwrap();
    assert_eq!(ports.segment(controller, &job, 2).await.unwrap(), Some(progress(1, 0)));
    assert!(!ports.note_segment(controller, &job, 1, &progress(0, 2)).await.unwrap());
    let done = Progress { is_done: true, from: None, ..progress(1, 1) };
    assert!(ports.note_segment(controller, &job, 0, &done).await.unwrap());
    assert!(!ports.note_segment(controller, &job, 1, &progress(1, 2)).await.unwrap());
    assert_eq!(ports.segment(controller, &job, 2).await.unwrap(), Some(done));
}

pub async fn a_record_that_comes_late_into_a_swept_bucket_is_found<P: Ports>(ports: &P, controller: &ControllerId) {
    let swept = record(&subject("swept@example.com"), "log-1", days(now(), -110));
    registered(ports, controller, std::slice::from_ref(&swept)).await;
    let proposed = due(ports, controller, now()).await;
    let deleted = ports.delete_records(controller, &proposed, Condition::DueAt(now())).await.unwrap();
    assert_eq!(deleted, [DeletionResult::Deleted]);
    assert!(due(ports, controller, now()).await.is_empty());
    // It was due before the last sweep, and earlier than what that took.
    let late = record(&subject("late@example.com"), "log-2", days(now(), -150));
    registered(ports, controller, std::slice::from_ref(&late)).await;
    let proposed = due(ports, controller, now()).await;
    assert_eq!(proposed.iter().map(|doomed| &doomed.record).collect::<Vec<_>>(), [&late.id]);
    let deleted = ports.delete_records(controller, &proposed, Condition::DueAt(now())).await.unwrap();
    assert_eq!(deleted, [DeletionResult::Deleted]);
}

pub async fn of_two_who_plan_by_another_policy_one_is_told_so<P: Ports>(ports: &P, controller: &ControllerId) {
    assert_eq!(ports.planning(controller).await.unwrap(), Planning::default());
    let next = |walk| Next { policy: PolicyHash::from_hex("bb".repeat(32)), since: now(), walk };
    let seen = Planning { policy: None, next: Some(next(None)), revision: 1 };
    let begun = Planning { next: Some(next(Some(days(now(), 1)))), revision: 2, ..seen.clone() };
    let done = Planning { policy: Some(PolicyHash::from_hex("bb".repeat(32))), next: None, revision: 3 };
    for planning in [seen, begun, done] {
        assert!(ports.put_planning(controller, &planning).await.unwrap());
        assert!(!ports.put_planning(controller, &planning).await.unwrap());
        assert_eq!(ports.planning(controller).await.unwrap(), planning);
    }
}
