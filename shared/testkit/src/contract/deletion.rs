//! What is due, and its deletion.

use std::collections::BTreeSet;

use app::{
    destruction::{BATCH_RECORDS_MAX, Condition, Doomed},
    purge::{LOOK_RECORDS_MAX, PURGE_SHARDS},
};
use domain::{
    evidence::DeletionResult,
    ids::ControllerId,
    record::{Record, System},
};
use jiff::ToSpan;

use super::{ADA, Ports, days, due, now, registered, stored};
use crate::build::{doomed, id, record, subject};

pub async fn a_due_record_is_deleted<P: Ports>(ports: &P, controller: &ControllerId) {
    let gone = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&gone)).await;
    let on_time = Condition::DueAt(gone.due_at.unwrap());
    let results = ports.delete_records(controller, &doomed(std::slice::from_ref(&gone)), on_time).await.unwrap();
    assert_eq!(results, [DeletionResult::Deleted]);
    assert!(ports.records(controller, &subject(ADA)).await.unwrap().is_empty());
    assert_eq!(ports.content(controller, &subject(ADA), &gone.id).await.unwrap(), None);
    assert!(ports.delete_records(controller, &[], on_time).await.unwrap().is_empty());
}

pub async fn a_hold_in_between_wins<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut kept = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&kept)).await;
    let proposed = due(ports, controller, days(now(), 101)).await;
    kept.holds.insert(id("hold-1"));
    ports.update_record(controller, &kept).await.unwrap();
    for condition in [Condition::DueAt(days(now(), 101)), Condition::Asked] {
        let results = ports.delete_records(controller, &proposed, condition).await.unwrap();
        assert_eq!(results, [DeletionResult::Held]);
    }
    assert!(stored(ports, controller, &kept).await.is_some());
}

pub async fn a_renewal_in_between_wins<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut renewed = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&renewed)).await;
    let proposed = due(ports, controller, days(now(), 101)).await;
    for due_at in [Some(days(now(), 200)), None] {
        renewed.due_at = due_at;
        ports.update_record(controller, &renewed).await.unwrap();
        renewed.revision += 1;
        let results = ports.delete_records(controller, &proposed, Condition::DueAt(days(now(), 101))).await.unwrap();
        assert_eq!(results, [DeletionResult::NotDue]);
    }
    assert_eq!(stored(ports, controller, &renewed).await, Some(renewed));
}

pub async fn what_is_gone_is_reported_as_absent<P: Ports>(ports: &P, controller: &ControllerId) {
    let gone = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&gone)).await;
    let batch = doomed(&[gone]);
    let late = Condition::DueAt(days(now(), 101));
    assert_eq!(ports.stand(controller, &batch).await.unwrap(), [true]);
    assert_eq!(ports.delete_records(controller, &batch, late).await.unwrap(), [DeletionResult::Deleted]);
    assert_eq!(ports.stand(controller, &batch).await.unwrap(), [false]);
    for condition in [late, Condition::Asked] {
        assert_eq!(ports.delete_records(controller, &batch, condition).await.unwrap(), [DeletionResult::Absent]);
    }
}

pub async fn what_was_registered_again_is_another_record<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = record(&subject(ADA), "log-1", now());
    let again = Record { salt: [8; 16], ..first.clone() };
    registered(ports, controller, std::slice::from_ref(&first)).await;
    let late = Condition::DueAt(days(now(), 101));
    let batch = doomed(&[first]);
    assert_eq!(ports.delete_records(controller, &batch, late).await.unwrap(), [DeletionResult::Deleted]);
    registered(ports, controller, std::slice::from_ref(&again)).await;
    assert_eq!(ports.stand(controller, &batch).await.unwrap(), [false]);
    for condition in [late, Condition::Asked] {
        assert_eq!(ports.delete_records(controller, &batch, condition).await.unwrap(), [DeletionResult::Absent]);
    }
    assert_eq!(stored(ports, controller, &again).await, Some(again));
}

pub async fn a_record_that_was_asked_for_need_not_be_due<P: Ports>(ports: &P, controller: &ControllerId) {
    let early = record(&subject(ADA), "log-1", now());
    let endless = Record { due_at: None, ..record(&subject(ADA), "log-2", now()) };
    registered(ports, controller, &[early.clone(), endless.clone()]).await;
    let batch = doomed(&[early, endless]);
    let results = ports.delete_records(controller, &batch, Condition::DueAt(now())).await.unwrap();
    assert_eq!(results, [DeletionResult::NotDue, DeletionResult::NotDue]);
    let results = ports.delete_records(controller, &batch, Condition::Asked).await.unwrap();
    assert_eq!(results, [DeletionResult::Deleted, DeletionResult::Deleted]);
}

pub async fn every_record_of_a_long_batch_has_its_answer_in_order<P: Ports>(ports: &P, controller: &ControllerId) {
    // Of each four: one due, one held, one renewed, one never registered.
    let mut records: Vec<_> = (0..80).map(|n| record(&subject(ADA), &format!("log-{n}"), now())).collect();
    let mut expected = Vec::new();
    for (n, record) in records.iter_mut().enumerate() {
        let result = match n % 4 {
            0 => DeletionResult::Deleted,
            1 => {
                record.holds.insert(id("hold-1"));
                DeletionResult::Held
            }
            2 => {
                record.due_at = Some(days(now(), 500));
                DeletionResult::NotDue
            }
            _ => DeletionResult::Absent,
        };
        if result != DeletionResult::Absent {
            registered(ports, controller, std::slice::from_ref(record)).await;
        }
        expected.push(result);
    }
    let late = Condition::DueAt(days(now(), 101));
    assert_eq!(ports.delete_records(controller, &doomed(&records), late).await.unwrap(), expected);
    let stand: Vec<_> =
        expected.iter().map(|result| matches!(result, DeletionResult::Held | DeletionResult::NotDue)).collect();
    assert_eq!(ports.stand(controller, &doomed(&records)).await.unwrap(), stand);
}

pub async fn the_index_proposes_what_is_due_and_nothing_else<P: Ports>(ports: &P, controller: &ControllerId) {
    let due_now = record(&subject(ADA), "due", days(now(), -101));
    let due_to_the_millisecond = record(&subject(ADA), "just", days(now(), -100));
    let later = record(&subject(ADA), "later", now());
    let endless = Record { due_at: None, ..record(&subject(ADA), "endless", now()) };
    let held = Record { holds: BTreeSet::from([id("hold-1")]), ..record(&subject(ADA), "held", days(now(), -200)) };
    registered(ports, controller, &[due_to_the_millisecond.clone(), due_now.clone(), later, endless, held]).await;
    assert_eq!(due(ports, controller, now()).await, doomed(&[due_now.clone(), due_to_the_millisecond]));
    let before = now().checked_sub(1.millisecond()).unwrap();
    assert_eq!(due(ports, controller, before).await, doomed(std::slice::from_ref(&due_now)));
    ports.delete_records(controller, &doomed(&[due_now]), Condition::DueAt(now())).await.unwrap();
    assert!(due(ports, controller, before).await.is_empty());
}

pub async fn the_index_pages_until_there_is_nothing_left<P: Ports>(ports: &P, controller: &ControllerId) {
    let records: Vec<_> =
        (0..BATCH_RECORDS_MAX + 3).map(|n| record(&subject(ADA), &format!("log-{n}"), days(now(), -200))).collect();
    registered(ports, controller, &records).await;
    let found: BTreeSet<_> = due(ports, controller, now()).await.into_iter().map(|doomed| doomed.record).collect();
    assert_eq!(found, records.into_iter().map(|record| record.id).collect());
}

pub async fn a_look_shows_the_beginning_of_each_shard<P: Ports>(ports: &P, controller: &ControllerId) {
    let due = Record { due_at: Some(days(now(), -1)), ..record(&subject(ADA), "log-1", days(now(), -9)) };
    registered(ports, controller, std::slice::from_ref(&due)).await;
    let pages = ports.first_due(now()).await.unwrap();
    assert_eq!(pages.len(), usize::from(PURGE_SHARDS));
    assert!(pages.iter().all(|page| page.due.len() <= LOOK_RECORDS_MAX));
    let shard = &pages[usize::from(subject(ADA).shard(PURGE_SHARDS))];
    // Others may have more there than a look shows.
    assert!(
        shard.next.is_some() || shard.due.iter().any(|(whose, doomed)| whose == controller && doomed.record == due.id)
    );
}

pub async fn the_index_gives_what_the_evidence_needs<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut full = record(&subject(ADA), "log-1", days(now(), -200));
    full.salt = ports.random().unwrap();
    full.system = System::S3;
    registered(ports, controller, std::slice::from_ref(&full)).await;
    assert_eq!(due(ports, controller, now()).await, [Doomed::from(&full)]);
}
