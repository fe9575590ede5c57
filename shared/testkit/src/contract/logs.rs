//! Bulk records and their days.

use std::collections::BTreeMap;

use app::logs::{Entries, Kept};
use domain::{
    ids::ControllerId,
    log::{LogDay, LogPacket, day_of},
    policy::{Clause, PolicyHash},
    sensitive::Sensitive,
};
use futures_util::future::join_all;
use jiff::tz::TimeZone;

use super::Ports;
use crate::build::{at, category, field, id, purpose};

fn day() -> LogDay {
    let due = day_of(&category("ip-log"), "2126-04-11".parse().unwrap(), &TimeZone::UTC).unwrap();
    LogDay::new(due, [7; 16])
}

fn packet(name: &str) -> LogPacket {
    LogPacket {
        id: id(name),
        purpose: purpose("security"),
        occurred_at: at("2126-01-01T12:00:00.123Z"),
        clause: Clause::new("acme.1 and more"),
        policy: PolicyHash::from_hex("5c"),
        entries: 2,
    }
}

fn entries() -> Entries {
    ["192.0.2.1", "2001:db8::1"].map(|ip| BTreeMap::from([(field("ip_address"), Sensitive::new(ip.to_owned()))])).into()
}

pub async fn bulk_records_are_read_as_they_were_written_until_their_days_key_is_gone<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let day = day();
    assert_eq!(ports.log_day(controller, &day.due.category, day.due.day).await.unwrap(), None);
    let mut expected = Vec::new();
    for number in 0..25 {
        let packet = packet(&format!("packet-{number}"));
        assert_eq!(ports.keep_log(controller, &day, &packet, &entries()).await.unwrap(), Kept::Fresh);
        expected.push(packet);
    }
    let again = ports.keep_log(controller, &LogDay { salt: [8; 16], ..day.clone() }, &expected[0], &entries()).await;
    assert_eq!(again.unwrap(), Kept::Replayed);
    let standing = ports.log_day(controller, &day.due.category, day.due.day).await.unwrap().unwrap();
    assert_eq!((standing.packets, standing.entries), (25, 50), "a packet that comes again counts once");
    assert_eq!((standing.salt, &standing.due), ([7; 16], &day.due));
    assert_eq!(standing.kept, [(purpose("security"), Clause::new("acme.1 and more"))].into());
    assert_eq!(ports.log_days(controller).await.unwrap(), [standing]);

    let read = async || {
        let (mut read, mut from) = (Vec::new(), None);
        loop {
            let page = ports.logs(controller, &day.due, from.as_deref()).await.unwrap();
            read.extend(page.packets);
            from = page.next;
            if from.is_none() {
                return read;
            }
        }
    };
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(read().await.iter().all(|(_, opened)| *opened == Some(entries())));
    ports.destroy_day_key(controller, &day.due.category, day.due.day).await.unwrap();
    let gone: Vec<_> = expected.into_iter().map(|packet| (packet, None)).collect();
    assert_eq!(read().await, gone);
}

pub async fn a_closed_day_takes_nothing_and_no_hold<P: Ports>(ports: &P, controller: &ControllerId) {
    let day = day();
    assert_eq!(ports.close_day(controller, &day.due, at("2126-04-11T00:00:00Z")).await.unwrap(), None);
    ports.keep_log(controller, &day, &packet("packet-1"), &entries()).await.unwrap();
    for later in ["2126-04-11T00:00:00Z", "2126-04-11T01:00:00Z"] {
        let closed = ports.close_day(controller, &day.due, at(later)).await.unwrap().unwrap();
        assert_eq!(closed.closed_at, Some(at("2126-04-11T00:00:00Z")));
    }
    assert_eq!(ports.keep_log(controller, &day, &packet("packet-2"), &entries()).await.unwrap(), Kept::Closed);
    assert_eq!(ports.keep_log(controller, &day, &packet("packet-1"), &entries()).await.unwrap(), Kept::Replayed);
    assert!(!ports.hold_day(controller, &day.due, &id("hold-1")).await.unwrap());
    let standing = ports.log_day(controller, &day.due.category, day.due.day).await.unwrap().unwrap();
    assert_eq!((standing.packets, standing.is_held()), (1, false));
}

pub async fn a_held_day_is_not_closed_and_what_comes_for_it_is_kept<P: Ports>(ports: &P, controller: &ControllerId) {
    let day = day();
    assert!(!ports.hold_day(controller, &day.due, &id("hold-1")).await.unwrap(), "nothing is due then");
    ports.keep_log(controller, &day, &packet("packet-1"), &entries()).await.unwrap();
    for hold in ["hold-1", "hold-2", "hold-1"] {
        assert!(ports.hold_day(controller, &day.due, &id(hold)).await.unwrap());
    }
    assert_eq!(ports.keep_log(controller, &day, &packet("packet-2"), &entries()).await.unwrap(), Kept::Fresh);
    let midnight = at("2126-04-11T00:00:00Z");
    for hold in ["hold-1", "hold-2"] {
        assert_eq!(ports.close_day(controller, &day.due, midnight).await.unwrap(), None);
        ports.free_day(controller, &day.due, &id(hold)).await.unwrap();
    }
    ports.free_day(controller, &day.due, &id("hold-2")).await.unwrap();
    assert_eq!(ports.keep_log(controller, &day, &packet("packet-3"), &entries()).await.unwrap(), Kept::Fresh);
    assert_eq!(ports.close_day(controller, &day.due, midnight).await.unwrap().unwrap().packets, 3);
}

pub async fn a_day_is_proposed_from_its_beginning_until_it_is_settled<P: Ports>(ports: &P, controller: &ControllerId) {
    let day = day();
    let due = async |until: &str| {
        let due = ports.due_log_days(at(until)).await.unwrap();
        due.into_iter().filter(|(whose, ..)| whose == controller).count()
    };
    ports.keep_log(controller, &day, &packet("packet-1"), &entries()).await.unwrap();
    assert_eq!((due("2126-04-10T23:59:59.999Z").await, due("2126-04-11T00:00:00Z").await), (0, 1));
    let midnight = at("2126-04-11T00:00:00Z");
    // Nothing is noted of a day that is not closed.
    ports.note_destroyed(controller, &day.due, midnight, at("2126-04-15T00:00:00Z")).await.unwrap();
    ports.note_settled(controller, &day.due, midnight).await.unwrap();
    assert_eq!(due("2126-04-11T00:00:00Z").await, 1);
    ports.close_day(controller, &day.due, midnight).await.unwrap().unwrap();
    ports.note_destroyed(controller, &day.due, midnight, at("2126-04-15T00:00:00Z")).await.unwrap();
    assert_eq!((due("2126-04-14T23:59:59Z").await, due("2126-04-15T00:00:00Z").await), (0, 1));
    assert_eq!(ports.remove_leftovers(controller, &day.due).await.unwrap(), 1);
    assert_eq!(ports.remove_leftovers(controller, &day.due).await.unwrap(), 0);
    ports.note_settled(controller, &day.due, at("2126-04-15T00:00:00Z")).await.unwrap();
    assert_eq!(due("2127-01-01T00:00:00Z").await, 0);
    assert!(ports.log_days(controller).await.unwrap().is_empty());
    let settled = ports.log_day(controller, &day.due.category, day.due.day).await.unwrap().unwrap();
    assert_eq!((settled.destroyed_at, settled.settled_at), (Some(midnight), Some(at("2126-04-15T00:00:00Z"))));
}

pub async fn of_many_packets_and_one_closing_none_is_written_and_not_counted<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let day = day();
    ports.keep_log(controller, &day, &packet("first"), &entries()).await.unwrap();
    let packets: Vec<_> = (0..8).map(|number| packet(&format!("packet-{number}"))).collect();
    let written = entries();
    let keeping = join_all(packets.iter().map(|packet| ports.keep_log(controller, &day, packet, &written)));
    let closing = ports.close_day(controller, &day.due, at("2126-04-11T00:00:00Z"));
    let (kept, closed) = futures_util::future::join(keeping, closing).await;
    closed.unwrap().unwrap();
    let fresh = kept.into_iter().filter(|kept| matches!(kept, Ok(Kept::Fresh))).count() as u64;
    let standing = ports.log_day(controller, &day.due.category, day.due.day).await.unwrap().unwrap();
    assert_eq!(standing.packets, fresh + 1);
    assert_eq!(ports.remove_leftovers(controller, &day.due).await.unwrap() as u64, fresh + 1);
}
