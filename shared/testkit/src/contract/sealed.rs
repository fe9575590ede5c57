//! Checkpoints and counts.

use std::collections::BTreeMap;

use app::{
    chain::{Content, Happened, Link, chain_of},
    seal::{self, Checkpoint, Sealing, SeenCheckpoint},
};
use domain::{
    evidence::merkle::{NOTHING, sha256},
    ids::ControllerId,
    record::System,
};
use jiff::ToSpan;

use super::{Ports, days, fresh_controller, now};
use crate::build::id;

fn link(key: &str) -> Link {
    let happened = Happened { event: "consent", at: now(), commitment: sha256(key.as_bytes()), record: None };
    Link { batch: id(key), at: now(), content: Content::Events(vec![happened]) }
}

pub async fn a_checkpoint_covers_what_was_appended_and_the_next_follows_it<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    assert_eq!(ports.last_checkpoint(controller).await.unwrap(), None);
    for number in 0..5 {
        ports.append_link(controller, &link(&format!("batch-{number}"))).await.unwrap();
    }
    let sealed = |number, links| Sealing::Sealed { number, links, more: false };
    assert_eq!(seal::seal(ports, controller, days(now(), 0), false).await.unwrap(), sealed(1, 5));
    let Some(SeenCheckpoint::Sealed { checkpoint: first, hash }) = ports.last_checkpoint(controller).await.unwrap()
    else {
        panic!("the checkpoint does not read")
    };
    assert_eq!((first.number, first.previous, first.at), (1, NOTHING, days(now(), 0)));
    assert_eq!(first.heads.iter().map(|head| head.place.number).sum::<u64>(), 5);

    let again = seal::seal(ports, controller, days(now(), 0) + 23.hours(), false).await.unwrap();
    assert_eq!(again, Sealing::NotDue { last_at: days(now(), 0) });
    ports.append_link(controller, &link("batch-5")).await.unwrap();
    let chain = chain_of(&id("batch-5"));
    let heads = first.heads.len() as u64;
    assert_eq!(seal::seal(ports, controller, days(now(), 1), false).await.unwrap(), sealed(2, heads + 1));
    let Some(SeenCheckpoint::Sealed { checkpoint: second, .. }) = ports.last_checkpoint(controller).await.unwrap()
    else {
        panic!("the checkpoint does not read")
    };
    assert_eq!((second.number, second.previous), (2, hash));
    for head in second.heads.iter().filter(|head| head.place.chain != chain) {
        assert!(first.heads.contains(head), "nothing happened in {:?}", head.place);
    }
    assert_eq!(ports.last_checkpoint(&fresh_controller(ports)).await.unwrap(), None);
}

pub async fn a_checkpoint_is_never_replaced<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = Checkpoint { number: 1, previous: NOTHING, at: days(now(), 0), heads: Vec::new() };
    assert!(ports.put_checkpoint(controller, &first).await.unwrap());
    let late = Checkpoint { at: days(now(), 3), ..first.clone() };
    assert!(!ports.put_checkpoint(controller, &late).await.unwrap());
    let last = ports.last_checkpoint(controller).await.unwrap();
    assert!(matches!(last, Some(SeenCheckpoint::Sealed { checkpoint, .. }) if checkpoint == first));
}

pub async fn links_that_are_not_there_are_told_apart<P: Ports>(ports: &P, controller: &ControllerId) {
    let place = ports.append_link(controller, &link("batch-1")).await.unwrap();
    assert_eq!(ports.newest_link(controller, place.chain).await.unwrap(), Some(1));
    assert_eq!(ports.newest_link(controller, (place.chain + 1) % 16).await.unwrap(), None);
    let seen = ports.links(controller, place, 3).await.unwrap();
    assert_eq!(seen.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    assert!(seen[0].as_ref().is_some_and(|link| link.is_whole && link.previous == NOTHING));
}

pub async fn what_is_stored_is_counted_by_system<P: Ports>(ports: &P, controller: &ControllerId) {
    assert!(ports.stored(controller).await.unwrap().is_empty());
    for (system, by) in [(System::Habeas, 5), (System::S3, 2), (System::Habeas, -3)] {
        ports.add_stored(controller, &system, by).await.unwrap();
    }
    let expected = BTreeMap::from([(System::Habeas, 2), (System::S3, 2)]);
    assert_eq!(ports.stored(controller).await.unwrap(), expected);
    assert!(ports.stored(&fresh_controller(ports)).await.unwrap().is_empty());
}
