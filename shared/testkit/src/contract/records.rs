//! Records and what moves their clocks.

use std::collections::{BTreeMap, BTreeSet};

use app::{error::Appended, records::TRIGGER_TIMES_MAX};
use domain::{ids::ControllerId, policy::Clause, record::Record};

use super::{ADA, Ports, days, due, is_conflict, now, registered, stored};
use crate::build::{at, content, doomed, event, id, purpose, record, subject};

pub async fn a_record_is_registered_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&first)).await;
    let second = Record { salt: [1; 16], ..record(&subject(ADA), "log-1", days(now(), 1)) };
    let appended = ports.insert_record(controller, &second, &content(ADA, "elsewhere")).await.unwrap();
    assert_eq!(appended, Appended::Existing(first.clone()));
    assert_eq!(ports.records(controller, &subject(ADA)).await.unwrap(), std::slice::from_ref(&first));
    let personal = ports.content(controller, &subject(ADA), &first.id).await.unwrap();
    assert_eq!(personal, Some(content(ADA, first.id.as_str())));
    assert_eq!(ports.content(controller, &subject(ADA), &id("another")).await.unwrap(), None);
    assert!(ports.records(controller, &subject("bob@example.com")).await.unwrap().is_empty());
}

pub async fn a_clock_is_read_as_it_was_written<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut full = record(&subject(ADA), "full", at("2026-03-01T12:00:00.123Z"));
    for n in 0..64 {
        full.clock.renewals.insert(days(now(), 2 * n), days(now(), 2 * n + 1));
        full.clock.switched.insert(days(now(), 3 * n), days(now(), 3 * n + 1));
    }
    full.clock.firsts = BTreeMap::from([(event("chat.message"), now()), (event("contract.ended"), days(now(), 9))]);
    full.holds = BTreeSet::from([id("hold-1"), id("hold-2")]);
    full.points.push(record(&subject(ADA), "another", now()).points.remove(0));
    let bare = Record { due_at: None, points: Vec::new(), ..record(&subject(ADA), "bare", at("1999-12-31T00:00:00Z")) };
    registered(ports, controller, &[full.clone(), bare.clone()]).await;
    assert_eq!(stored(ports, controller, &full).await, Some(full));
    assert_eq!(stored(ports, controller, &bare).await, Some(bare));
}

pub async fn a_change_that_read_an_older_record_is_a_conflict<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut first = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&first)).await;
    let mut second = first.clone();
    first.due_at = Some(days(now(), 200));
    first.clause = Clause::new("test.renewed");
    first.clock.renewals.insert(now(), days(now(), 1));
    ports.update_record(controller, &first).await.unwrap();
    second.due_at = None;
    assert!(is_conflict(&ports.update_record(controller, &second).await));
    let expected = Record { revision: 1, ..first.clone() };
    assert_eq!(stored(ports, controller, &first).await, Some(expected.clone()));
    // What is taken away is taken away.
    let bare =
        Record { due_at: None, clock: domain::retention::RetentionClock::new(first.clock.created_at), ..expected };
    ports.update_record(controller, &bare).await.unwrap();
    assert_eq!(stored(ports, controller, &bare).await, Some(Record { revision: 2, ..bare }));
    let gone = record(&subject(ADA), "gone", now());
    assert!(is_conflict(&ports.update_record(controller, &gone).await));
    // The content is what it was.
    let personal = ports.content(controller, &subject(ADA), &first.id).await.unwrap();
    assert_eq!(personal, Some(content(ADA, first.id.as_str())));
}

pub async fn what_is_personal_goes_with_the_subjects_key<P: Ports>(ports: &P, controller: &ControllerId) {
    let (here, other) = (record(&subject(ADA), "log-1", now()), record(&subject("bob@example.com"), "log-2", now()));
    registered(ports, controller, &[here.clone(), other.clone()]).await;
    ports.destroy_subject_key(controller, &here.subject, now()).await.unwrap();
    assert_eq!(ports.content(controller, &here.subject, &here.id).await.unwrap(), None);
    assert_eq!(stored(ports, controller, &here).await, Some(here));
    assert!(ports.content(controller, &other.subject, &other.id).await.unwrap().is_some());
}

pub async fn a_trigger_keeps_its_times_in_any_order<P: Ports>(ports: &P, controller: &ControllerId) {
    let (whose, visit) = (subject(ADA), event("website.visit"));
    for day in [5, 9, 2, 7, 9] {
        ports.note_trigger(controller, &whose, &visit, None, days(now(), day)).await.unwrap();
    }
    ports.note_trigger(controller, &whose, &visit, Some(&purpose("marketing")), now()).await.unwrap();
    let mut triggers = ports.triggers(controller, &whose).await.unwrap();
    triggers.sort_by(|a, b| a.purpose.cmp(&b.purpose));
    let [for_all, for_one] = triggers.as_slice() else { panic!("{triggers:?}") };
    assert_eq!((&for_all.event, &for_all.purpose), (&visit, &None));
    assert_eq!((for_all.first_at, for_all.last_at), (days(now(), 2), days(now(), 9)));
    assert_eq!((&for_one.event, &for_one.purpose), (&visit, &Some(purpose("marketing"))));
    assert_eq!(for_all.times, [2, 5, 7, 9].map(|day| days(now(), day)).into());
    assert_eq!((for_one.first_at, for_one.last_at), (now(), now()));
    assert!(ports.triggers(controller, &subject("bob@example.com")).await.unwrap().is_empty());
}

pub async fn a_trigger_that_is_seen_often_keeps_its_first_and_its_last_time<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let (whose, visit) = (subject(ADA), event("website.visit"));
    let often = i64::try_from(TRIGGER_TIMES_MAX).unwrap();
    for day in (1..often + 3).chain([0]) {
        ports.note_trigger(controller, &whose, &visit, None, days(now(), day)).await.unwrap();
    }
    let triggers = ports.triggers(controller, &whose).await.unwrap();
    assert_eq!((triggers[0].first_at, triggers[0].last_at), (now(), days(now(), often + 2)));
    assert_eq!(triggers[0].times, (1..=often).map(|day| days(now(), day)).collect());
}

pub async fn a_held_record_leaves_the_index_and_comes_back_on_release<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut kept = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&kept)).await;
    let later = days(now(), 1_000);
    assert_eq!(due(ports, controller, later).await.len(), 1);
    kept.holds.insert(id("hold-1"));
    ports.update_record(controller, &kept).await.unwrap();
    assert!(due(ports, controller, later).await.is_empty());
    let held = stored(ports, controller, &kept).await.unwrap();
    assert_eq!((held.due_at, held.is_held()), (kept.due_at, true));
    let free = Record { holds: BTreeSet::new(), ..held };
    ports.update_record(controller, &free).await.unwrap();
    assert_eq!(due(ports, controller, later).await, doomed(&[free]));
}
