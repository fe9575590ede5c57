//! What keeps an erasure from being undone.

use std::collections::BTreeSet;

use app::holds::HoldKey;
use domain::{
    dsar::{Exception, RefusalGround},
    hold::{Hold, HoldReason, HoldScope},
    ids::ControllerId,
    tombstone::Tombstone,
};

use super::{ADA, Ports, days, hold, now};
use crate::build::{category, id, purpose, subject};

/// That somebody was erased today.
fn tombstone(address: &str, request: &str) -> Tombstone {
    Tombstone {
        subject: subject(address),
        request: id(request),
        purposes: BTreeSet::new(),
        except: Vec::new(),
        at: now(),
        erased_until: now(),
    }
}

pub async fn a_tombstone_is_read_as_it_was_written_and_the_later_end_counts<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let kept = |purpose| Exception { category: category("account"), purpose, ground: RefusalGround::LegalClaims };
    let first = Tombstone {
        purposes: BTreeSet::from([purpose("marketing"), purpose("contract")]),
        except: vec![kept(None), kept(Some(purpose("contract")))],
        ..tombstone(ADA, "request-1")
    };
    let second = tombstone(ADA, "request-2");
    assert!(ports.tombstones(controller, &first.subject).await.unwrap().is_empty());
    for tombstone in [&first, &second] {
        ports.bury_subject(controller, tombstone).await.unwrap();
    }
    // A retry a day later reaches further; one from before reaches no less.
    for day in [1, -1] {
        let again = Tombstone { at: days(now(), day), erased_until: days(now(), day), ..first.clone() };
        ports.bury_subject(controller, &again).await.unwrap();
    }
    let mut standing = ports.tombstones(controller, &first.subject).await.unwrap();
    let mut expected = vec![Tombstone { erased_until: days(now(), 1), ..first }, second];
    standing.sort_by(|a, b| a.request.cmp(&b.request));
    expected.sort_by(|a, b| a.request.cmp(&b.request));
    assert_eq!(standing, expected);
    assert!(ports.tombstones(controller, &subject("bob@example.com")).await.unwrap().is_empty());
}

pub async fn every_hold_has_a_copy_that_knows_of_its_release<P: Ports>(ports: &P, controller: &ControllerId) {
    let logs = HoldScope::Category(category("server-log"));
    let opened = || (now(), "officer-1".to_owned());
    let wide = Hold::new(id("hold-2"), logs, HoldReason::Investigation, opened(), days(now(), 30));
    let placed = [hold(&subject(ADA), "hold-1"), wide];
    assert!(ports.hold_copies(controller).await.unwrap().is_empty());
    for hold in &placed {
        ports.place_hold(controller, hold).await.unwrap();
        ports.place_hold(controller, hold).await.unwrap();
    }
    let copies = async || {
        let mut copies = ports.hold_copies(controller).await.unwrap();
        copies.sort_by(|a, b| a.id.cmp(&b.id));
        copies
    };
    let mut expected = placed.to_vec();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(copies().await, expected);
    for hold in &mut expected {
        ports.release_hold(controller, &HoldKey::from(&*hold), "officer-2", days(now(), 1)).await.unwrap();
        hold.released_at = Some(days(now(), 1));
    }
    assert_eq!(copies().await, expected);
}

pub async fn every_tombstone_is_found_page_by_page<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut expected: Vec<_> = (0..5).map(|n| tombstone(&format!("person-{n}@example.com"), "request-1")).collect();
    for tombstone in &expected {
        ports.bury_subject(controller, tombstone).await.unwrap();
    }
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = ports.all_tombstones(from.as_deref()).await.unwrap();
        found.extend(page.tombstones.into_iter().filter(|(whose, _)| whose == controller).map(|(_, found)| found));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    found.sort_by(|a, b| a.subject.cmp(&b.subject));
    expected.sort_by(|a, b| a.subject.cmp(&b.subject));
    assert_eq!(found, expected);
}
