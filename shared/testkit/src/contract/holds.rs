//! Holds: of one person, of a category, of a system, of an incident.

use app::{
    destruction::{self, Condition},
    error::Appended,
    holds::{self, HoldKey},
};
use domain::{
    evidence::{DeletionReason, DeletionResult},
    hold::{Hold, HoldReason, HoldScope, ReleaseAsked},
    ids::ControllerId,
    record::{Record, System},
};

use super::{ADA, Ports, days, due, hold, now, open_deadlines, registered, stored};
use crate::build::{category, doomed, id, record, subject};

fn wide(scope: HoldScope, key: &str) -> Hold {
    Hold::new(id(key), scope, HoldReason::Investigation, (now(), "officer-1".into()), days(now(), 30))
}

fn of_logs(key: &str) -> Hold {
    wide(HoldScope::Category(category("server-log")), key)
}

pub async fn a_hold_is_placed_once_and_released_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let of_ada = subject(ADA);
    for first in [hold(&of_ada, "hold-1"), of_logs("hold-2")] {
        let key = HoldKey::from(&first);
        assert_eq!(ports.place_hold(controller, &first).await.unwrap(), Appended::Fresh);
        let second = Hold { opened_by: "officer-2".into(), ..first.clone() };
        assert_eq!(ports.place_hold(controller, &second).await.unwrap(), Appended::Existing(first.clone()));
        assert_eq!(ports.hold(controller, &key).await.unwrap(), Some(first.clone()));
        let released = Hold { released_at: Some(days(now(), 1)), ..first };
        for day in [1, 2] {
            let answer = ports.release_hold(controller, &key, "officer-3", days(now(), day)).await;
            assert_eq!(answer.unwrap(), Some(released.clone()));
        }
        assert_eq!(ports.hold(controller, &key).await.unwrap(), Some(released));
    }
    assert_eq!(ports.holds(controller, &of_ada).await.unwrap().len(), 1);
    for unknown in [HoldKey::of_subject(&of_ada, &id("hold-2")), HoldKey::wide(&id("hold-1"))] {
        assert_eq!(ports.hold(controller, &unknown).await.unwrap(), None);
        assert_eq!(ports.release_hold(controller, &unknown, "officer-3", now()).await.unwrap(), None);
        assert_eq!(ports.ask_release(controller, &unknown, "officer-3", now()).await.unwrap(), None);
    }
    assert_eq!(ports.note_bound(controller, &id("hold-1"), now()).await.unwrap(), None);
}

pub async fn a_hold_of_every_scope_is_read_as_it_was_placed<P: Ports>(ports: &P, controller: &ControllerId) {
    let categories = [category("account"), category("server-log")].into();
    let incident = HoldScope::Incident { breach: id("breach-1"), categories, until: days(now(), -3) };
    for (key, scope) in [
        ("hold-1", HoldScope::Category(category("server-log"))),
        ("hold-2", HoldScope::System(System::S3)),
        ("hold-3", incident),
    ] {
        let placed = wide(scope, key);
        assert_eq!(ports.place_hold(controller, &placed).await.unwrap(), Appended::Fresh);
        assert_eq!(ports.hold(controller, &HoldKey::from(&placed)).await.unwrap(), Some(placed.clone()));
        let bound = Hold { bound_at: Some(days(now(), 1)), ..placed };
        for day in [1, 2] {
            let answer = ports.note_bound(controller, &bound.id, days(now(), day)).await;
            assert_eq!(answer.unwrap(), Some(bound.clone()));
        }
    }
}

pub async fn a_release_is_asked_for_once_and_names_who_did<P: Ports>(ports: &P, controller: &ControllerId) {
    for first in [hold(&subject(ADA), "hold-1"), of_logs("hold-2")] {
        let key = HoldKey::from(&first);
        ports.place_hold(controller, &first).await.unwrap();
        let asked = ReleaseAsked { by: "officer-1".into(), at: days(now(), 1) };
        let asked = Hold { release_asked: Some(asked), ..first };
        for (by, day) in [("officer-1", 1), ("officer-1", 2), ("officer-2", 3)] {
            let answer = ports.ask_release(controller, &key, by, days(now(), day)).await;
            assert_eq!(answer.unwrap(), Some(asked.clone()), "the first one stands");
        }
        assert!(asked.is_open());
    }
}

pub async fn a_release_that_was_asked_for_is_taken_back_until_it_is_done<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    for first in [hold(&subject(ADA), "hold-1"), of_logs("hold-2")] {
        let key = HoldKey::from(&first);
        let withdraw =
            async |day| ports.withdraw_release(controller, &key, "officer-2", days(now(), day)).await.unwrap();
        assert_eq!(withdraw(1).await, None, "there is no such hold yet");
        ports.place_hold(controller, &first).await.unwrap();
        assert_eq!(withdraw(1).await, Some(first.clone()), "nobody has asked");
        ports.ask_release(controller, &key, "officer-1", days(now(), 2)).await.unwrap();
        for day in [3, 4] {
            assert_eq!(withdraw(day).await, Some(first.clone()));
        }
        // Whoever asks after that is the first person again.
        let asked = ports.ask_release(controller, &key, "officer-3", days(now(), 5)).await.unwrap().unwrap();
        assert_eq!(asked.release_asked, Some(ReleaseAsked { by: "officer-3".into(), at: days(now(), 5) }));
        let released = ports.release_hold(controller, &key, "officer-1", days(now(), 6)).await.unwrap();
        assert_eq!(withdraw(7).await, released, "it is done");
    }
}

pub async fn a_review_is_moved_with_its_deadline_and_its_copy_until_the_release<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    for first in [hold(&subject(ADA), "hold-1"), of_logs("hold-2")] {
        let key = HoldKey::from(&first);
        let by = "officer-2";
        let move_to =
            async |to, day| ports.move_review(controller, &key, days(now(), to), by, days(now(), day)).await.unwrap();
        assert_eq!(move_to(60, 1).await, None, "there is no such hold yet");
        ports.place_hold(controller, &first).await.unwrap();
        let moved = Hold { review_at: days(now(), 60), ..first.clone() };
        for _ in 0..2 {
            assert_eq!(move_to(60, 2).await, Some(moved.clone()));
        }
        assert_eq!(move_to(50, 1).await, Some(moved.clone()), "what was said before that and comes late");
        assert_eq!(ports.hold(controller, &key).await.unwrap(), Some(moved.clone()));
        let open = |until| open_deadlines(ports, controller, days(now(), until));
        assert!(open(60).await.is_empty() && open(61).await.len() == 1, "its warning moves with it");
        let listed = ports.open_holds(controller, None).await.unwrap().holds;
        assert_eq!(listed, [moved]);
        let released = ports.release_hold(controller, &key, by, days(now(), 3)).await.unwrap();
        assert_eq!(move_to(90, 4).await, released, "it keeps nothing, so nobody looks");
        assert!(open(91).await.is_empty());
    }
}

pub async fn a_wide_hold_is_seen_by_whatever_deletes_and_by_no_subject<P: Ports>(ports: &P, controller: &ControllerId) {
    ports.place_hold(controller, &hold(&subject(ADA), "hold-1")).await.unwrap();
    assert!(ports.wide_holds(controller).await.unwrap().is_empty());
    let placed = of_logs("hold-2");
    ports.place_hold(controller, &placed).await.unwrap();
    assert_eq!(ports.wide_holds(controller).await.unwrap(), [placed]);
    assert_eq!(ports.holds(controller, &subject(ADA)).await.unwrap().len(), 1);
}

pub async fn the_holds_that_stand_are_listed_whatever_they_keep<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut expected = Vec::new();
    for n in 0..holds::HOLDS_PAGE + 3 {
        let placed = if n % 2 == 0 { hold(&subject(ADA), &format!("hold-{n}")) } else { of_logs(&format!("hold-{n}")) };
        ports.place_hold(controller, &placed).await.unwrap();
        if n % 10 == 0 {
            ports.release_hold(controller, &HoldKey::from(&placed), "officer-2", now()).await.unwrap();
        } else {
            expected.push(placed);
        }
    }
    let asked = ports.ask_release(controller, &HoldKey::from(&expected[0]), "officer-2", now()).await.unwrap();
    expected[0] = asked.unwrap();
    let (mut listed, mut from) = (Vec::new(), None);
    loop {
        let page = ports.open_holds(controller, from.as_deref()).await.unwrap();
        assert!(page.holds.len() <= holds::HOLDS_PAGE);
        listed.extend(page.holds);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    for list in [&mut listed, &mut expected] {
        list.sort_by(|a, b| a.id.cmp(&b.id));
    }
    assert_eq!(listed, expected);
}

pub async fn the_review_of_a_hold_is_an_open_deadline_until_its_release<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    for placed in [hold(&subject(ADA), "hold-1"), of_logs("hold-2")] {
        ports.place_hold(controller, &placed).await.unwrap();
        assert!(open_deadlines(ports, controller, placed.review_at).await.is_empty(), "it is not before its time");
        let open = open_deadlines(ports, controller, days(placed.review_at, 1)).await;
        let found = open.iter().map(|found| (found.kind.as_str(), found.id.clone(), found.due_at));
        assert_eq!(found.collect::<Vec<_>>(), [("hold", placed.name(), placed.review_at)]);
        ports.release_hold(controller, &HoldKey::from(&placed), "officer-2", now()).await.unwrap();
        assert!(open_deadlines(ports, controller, days(placed.review_at, 1)).await.is_empty());
    }
}

pub async fn a_wide_hold_is_put_on_what_it_covers_and_taken_off_again<P: Ports>(ports: &P, controller: &ControllerId) {
    let kept = record(&subject(ADA), "log-1", now());
    let other = Record { category: category("account"), ..record(&subject(ADA), "account-1", now()) };
    let gone = record(&subject(ADA), "log-2", now());
    registered(ports, controller, &[kept.clone(), other.clone()]).await;
    let placed = of_logs("hold-1");
    ports.place_hold(controller, &placed).await.unwrap();
    // As they were read before: whoever was first has moved the revision.
    for (record, expected) in [(&kept, true), (&kept, false), (&other, false), (&gone, false)] {
        assert_eq!(holds::bind(ports, controller, &placed, record.clone()).await.unwrap(), expected, "{}", record.id);
    }
    let later = days(now(), 1_000);
    assert_eq!(due(ports, controller, later).await, doomed(std::slice::from_ref(&other)));
    let held = stored(ports, controller, &kept).await.unwrap();
    assert_eq!((held.due_at, held.holds.contains(&placed.id)), (kept.due_at, true));
    assert!(!holds::unbind(ports, controller, &placed, held.clone()).await.unwrap(), "it stands");

    let released = ports.release_hold(controller, &HoldKey::from(&placed), "officer-2", now()).await.unwrap().unwrap();
    // A stretch of its own walk that read it while it stood.
    let late = Record { category: category("server-log"), ..record(&subject(ADA), "log-3", now()) };
    registered(ports, controller, std::slice::from_ref(&late)).await;
    assert!(!holds::bind(ports, controller, &placed, late.clone()).await.unwrap(), "it keeps nothing any more");
    assert!(!stored(ports, controller, &late).await.unwrap().is_held());
    for (record, expected) in [(held.clone(), true), (held, false), (other, false)] {
        assert_eq!(holds::unbind(ports, controller, &released, record).await.unwrap(), expected);
    }
    assert_eq!(due(ports, controller, later).await.len(), 3);
}

pub async fn a_deletion_leaves_out_what_a_wide_hold_has_not_marked_yet<P: Ports>(ports: &P, controller: &ControllerId) {
    let kept = record(&subject(ADA), "log-1", now());
    let other = Record { category: category("account"), ..record(&subject(ADA), "account-1", now()) };
    let gone = record(&subject(ADA), "log-2", now());
    registered(ports, controller, &[kept.clone(), other.clone()]).await;
    let placed = of_logs("hold-1");
    ports.place_hold(controller, &placed).await.unwrap();
    let mut proposed = doomed(&[kept.clone(), other.clone(), gone]);
    for (reason, condition, expected) in [
        (DeletionReason::Retention, Condition::DueAt(days(now(), 500)), DeletionResult::Deleted),
        (DeletionReason::Erasure, Condition::Asked, DeletionResult::Absent),
    ] {
        let at = days(now(), 500);
        let manifest = destruction::destroy(ports, controller, reason, at, proposed.clone(), condition).await.unwrap();
        let held = DeletionResult::Held;
        assert_eq!(manifest.results, [held, expected, held], "in the order of the records");
        assert!(stored(ports, controller, &kept).await.is_some());
    }
    ports.release_hold(controller, &HoldKey::from(&placed), "officer-2", now()).await.unwrap();
    proposed.truncate(1);
    let asked = Condition::Asked;
    let at = days(now(), 501);
    let manifest = destruction::destroy(ports, controller, DeletionReason::Erasure, at, proposed, asked).await.unwrap();
    assert_eq!(manifest.results, [DeletionResult::Deleted]);
}
