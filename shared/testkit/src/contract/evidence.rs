//! What every store of evidence must do.

use std::collections::BTreeMap;

use app::{
    chain::{Content, Happened, Link, Place},
    destruction::{self, Condition, Manifest},
};
use domain::{
    evidence::{DeletionReason, DeletionResult},
    ids::ControllerId,
    record::Record,
};
use futures_util::future::join_all;

use super::{ADA, Ports, days, fresh_controller, now, registered};
use crate::build::{doomed, id, record, subject};

fn manifest(controller: &ControllerId, key: &str, reason: DeletionReason, records: &[Record]) -> Manifest {
    Manifest {
        batch: id(key),
        controller: controller.clone(),
        reason,
        at: now(),
        intent: Place { chain: 3, number: 1 },
        records: doomed(records),
        results: Vec::new(),
    }
}

fn link(key: &str) -> Link {
    let happened = Happened { event: "consent", at: now(), commitment: [7; 32], record: None };
    Link { batch: id(key), at: now(), content: Content::Events(vec![happened]) }
}

pub async fn a_link_stands_behind_the_last_one_and_nowhere_else<P: Ports>(ports: &P, controller: &ControllerId) {
    let place = |number| Place { chain: 5, number };
    assert_eq!(ports.next(controller, 5).await.unwrap(), place(1));
    assert!(!ports.write(controller, place(2), &link("early")).await.unwrap(), "a gap would be a lost link");
    assert!(ports.write(controller, place(1), &link("first")).await.unwrap());
    assert!(!ports.write(controller, place(1), &link("late")).await.unwrap());
    assert_eq!(ports.next(controller, 5).await.unwrap(), place(2));
    assert!(ports.write(controller, place(2), &link("second")).await.unwrap());
    for (number, batch) in [(1, Some("first")), (2, Some("second")), (3, None)] {
        assert_eq!(ports.batch_at(controller, place(number)).await.unwrap(), batch.map(id), "{number}");
    }
    assert_eq!(ports.next(controller, 6).await.unwrap(), Place { chain: 6, number: 1 }, "each chain counts for itself");
    assert_eq!(ports.next(&fresh_controller(ports), 5).await.unwrap(), place(1));
}

pub async fn many_writers_of_one_chain_leave_no_gap_and_lose_nothing<P: Ports>(ports: &P, controller: &ControllerId) {
    let links: Vec<_> = (0..12).map(|number| link(&format!("batch-{number}"))).collect();
    let places: Vec<_> = join_all(links.iter().map(|link| ports.append_link(controller, link)))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let mut stand = BTreeMap::new();
    for (link, place) in links.iter().zip(&places) {
        assert_eq!(ports.batch_at(controller, *place).await.unwrap().as_ref(), Some(&link.batch));
        stand.entry(place.chain).or_insert_with(Vec::new).push(place.number);
    }
    for numbers in stand.values_mut() {
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    }
}

pub async fn a_batch_is_noted_until_it_is_closed<P: Ports>(ports: &P, controller: &ControllerId) {
    let endless = Record { due_at: None, ..record(&subject(ADA), "log-2", now()) };
    let records = [record(&subject(ADA), "log-1", now()), endless];
    let first = manifest(controller, "batch-1", DeletionReason::Retention, &records);
    let second = manifest(controller, "batch-2", DeletionReason::Erasure, &records[..1]);
    let moved = Manifest { intent: Place { chain: 3, number: 2 }, ..first.clone() };
    assert_eq!(ports.begin_intent(&first).await.unwrap(), None);
    assert_eq!(ports.begin_intent(&moved).await.unwrap(), Some(first.clone()), "whoever comes second notes nothing");
    for manifest in [&moved, &second] {
        ports.note_intent(manifest).await.unwrap();
    }
    assert_eq!(ports.begin_intent(&first).await.unwrap(), Some(moved.clone()));
    let open = async || {
        let open = ports.open_intents(controller).await.unwrap();
        open.into_iter().map(|manifest| (manifest.batch.clone(), manifest)).collect::<BTreeMap<_, _>>()
    };
    let both = [moved.clone(), second.clone()].map(|manifest| (manifest.batch.clone(), manifest));
    assert_eq!(open().await, BTreeMap::from(both));
    for _ in 0..2 {
        ports.close_intent(&moved).await.unwrap();
    }
    assert_eq!(open().await.into_keys().collect::<Vec<_>>(), [second.batch]);
    assert!(ports.open_intents(&fresh_controller(ports)).await.unwrap().is_empty());
}

pub async fn the_results_of_an_erasure_stay_noted_and_those_of_a_sweep_do_not<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let records = [record(&subject(ADA), "log-1", now()), record(&subject(ADA), "log-2", now())];
    let results = vec![DeletionResult::Deleted, DeletionResult::Held];
    for (key, reason) in [("batch-1", DeletionReason::Erasure), ("batch-2", DeletionReason::Retention)] {
        let begun = manifest(controller, key, reason, &records);
        assert_eq!(ports.begin_intent(&begun).await.unwrap(), None);
        let done = Manifest { results: results.clone(), ..begun.clone() };
        ports.close_intent(&done).await.unwrap();
        assert!(ports.open_intents(controller).await.unwrap().is_empty());
        let expected = (reason == DeletionReason::Erasure).then_some(done.clone());
        assert_eq!(ports.begin_intent(&begun).await.unwrap(), expected);
    }
}

pub async fn a_batch_that_crashed_is_settled_by_what_is_gone<P: Ports>(ports: &P, controller: &ControllerId) {
    let records = [record(&subject(ADA), "log-1", now()), record(&subject(ADA), "log-2", now())];
    registered(ports, controller, &records).await;
    let begun = manifest(controller, "batch-1", DeletionReason::Retention, &records);
    // On a stack, the registrations are being written into the chains meanwhile.
    let begun = Manifest { intent: ports.next(controller, begun.intent.chain).await.unwrap(), ..begun };
    let unwritten = manifest(controller, "batch-2", DeletionReason::Retention, &records);
    for noted in [&begun, &unwritten] {
        ports.note_intent(noted).await.unwrap();
    }
    assert!(ports.write(controller, begun.intent, &begun.intent_link()).await.unwrap());
    ports.delete_records(controller, &begun.records[..1], Condition::Asked).await.unwrap();
    let settled = destruction::settle(ports, controller, days(now(), 1)).await.unwrap();
    let results: Vec<_> = settled.iter().flat_map(|manifest| manifest.results.clone()).collect();
    assert_eq!(results, [DeletionResult::Deleted, DeletionResult::Failed], "the other one never began to delete");
    assert!(ports.open_intents(controller).await.unwrap().is_empty());
}
