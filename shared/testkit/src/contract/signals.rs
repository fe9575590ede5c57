//! What every store of signals must do.

use super::*;
use domain::{
    ids::{SignalId, StaffId},
    signal::{Dismissal, Signal, SignalSeverity},
};

use crate::build::finding;

fn signal(key: &str, severity: SignalSeverity, received_at: Timestamp) -> Signal {
    Signal::new(id(key), finding(key, severity, received_at), received_at)
}

async fn kept<P: Ports>(ports: &P, controller: &ControllerId, signal: &Signal, next_at: Timestamp) {
    assert_eq!(ports.keep_signal(controller, signal, next_at).await.unwrap(), Appended::Fresh);
}

fn dismissed(signal: &Signal) -> Signal {
    let by = StaffId::parse("officer-1").unwrap();
    signal.dismiss(Dismissal { at: days(now(), 1), by, reason: "A test of ours.".into() }).unwrap()
}

pub async fn a_signal_is_kept_once_and_read_as_it_was_kept<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = signal("signal-1", SignalSeverity::Medium, now());
    assert_eq!(ports.signal(controller, &first.id).await.unwrap(), None);
    kept(ports, controller, &first, days(now(), 1)).await;
    let later = signal("signal-1", SignalSeverity::High, days(now(), 1));
    let again = ports.keep_signal(controller, &later, days(now(), 2)).await.unwrap();
    assert_eq!(again, Appended::Existing(first.clone()));
    assert_eq!(ports.signal(controller, &first.id).await.unwrap(), Some(first.clone()));

    let closed = dismissed(&first);
    assert!(ports.change_signal(controller, &closed, None).await.unwrap());
    let graver = closed.seen_again(&later).unwrap();
    assert!(ports.change_signal(controller, &graver, Some(days(now(), 3))).await.unwrap());
    let linked = graver.link(&id("breach-1"), days(now(), 4)).unwrap();
    assert!(ports.change_signal(controller, &linked, None).await.unwrap());
    assert_eq!((linked.earlier.len(), linked.version), (1, 3));
    assert_eq!(ports.signal(controller, &first.id).await.unwrap(), Some(linked));
    assert_eq!(ports.signal(&fresh_controller(ports), &first.id).await.unwrap(), None);
}

pub async fn of_two_who_change_a_signal_one_is_told_so<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = signal("signal-1", SignalSeverity::High, now());
    let closed = dismissed(&first);
    assert!(!ports.change_signal(controller, &closed, None).await.unwrap(), "there is none");
    kept(ports, controller, &first, days(now(), 1)).await;
    let linked = first.link(&id("breach-1"), now()).unwrap();
    assert!(ports.change_signal(controller, &linked, None).await.unwrap());
    assert!(!ports.change_signal(controller, &closed, None).await.unwrap());
    assert_eq!(ports.signal(controller, &first.id).await.unwrap(), Some(linked));
}

async fn due<P: Ports>(ports: &P, controller: &ControllerId, day: i64) -> BTreeSet<SignalId> {
    let mut due = BTreeSet::new();
    for shard in 0..CLOCK_SHARDS {
        let found = ports.due_signals(shard, days(now(), day), 1_000).await.unwrap();
        due.extend(found.into_iter().filter(|(whose, _)| whose == controller).map(|(_, signal)| signal));
    }
    due
}

async fn listed<P: Ports>(ports: &P, controller: &ControllerId, is_open: bool) -> Vec<SignalId> {
    let (mut signals, mut from): (Vec<Signal>, Option<String>) = (Vec::new(), None);
    loop {
        let page: SignalPage = ports.signals(controller, is_open, from.as_deref(), 2).await.unwrap();
        assert!(page.signals.len() <= 2);
        signals.extend(page.signals);
        from = page.next;
        if from.is_none() {
            return signals.into_iter().map(|signal| signal.id).collect();
        }
    }
}

pub async fn open_signals_are_found_by_their_next_date_and_listed_the_gravest_first<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let low = signal("signal-1", SignalSeverity::Low, now());
    let older = signal("signal-2", SignalSeverity::High, days(now(), 1));
    let newer = signal("signal-3", SignalSeverity::High, days(now(), 2));
    for signal in [&low, &newer, &older] {
        kept(ports, controller, signal, days(now(), 3)).await;
    }
    assert!(due(ports, controller, 2).await.is_empty());
    let all = [&low, &older, &newer].map(|signal| signal.id.clone());
    assert_eq!(due(ports, controller, 3).await, BTreeSet::from(all));
    assert_eq!(listed(ports, controller, true).await, [&older, &newer, &low].map(|signal| signal.id.clone()));

    ports.put_off_signal(controller, &older.id, days(now(), 5)).await.unwrap();
    assert_eq!(due(ports, controller, 3).await, BTreeSet::from([low.id.clone(), newer.id.clone()]));
    assert!(ports.change_signal(controller, &dismissed(&newer), None).await.unwrap());
    ports.put_off_signal(controller, &newer.id, days(now(), 1)).await.unwrap();
    assert_eq!(due(ports, controller, 9).await, BTreeSet::from([low.id.clone(), older.id.clone()]));
    assert_eq!(listed(ports, controller, false).await, std::slice::from_ref(&newer.id));

    let critical = signal("signal-1", SignalSeverity::Critical, days(now(), 3));
    let risen = low.seen_again(&critical).unwrap();
    assert!(ports.change_signal(controller, &risen, Some(days(now(), 1))).await.unwrap());
    assert_eq!(listed(ports, controller, true).await, [low.id.clone(), older.id]);
    assert_eq!(due(ports, controller, 1).await, BTreeSet::from([low.id]));
    assert!(listed(ports, &fresh_controller(ports), true).await.is_empty());
}
