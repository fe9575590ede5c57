//! Bulk records: kept under the day on which they are due, gone with that day's key, with evidence, whatever crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    chain::Content,
    holds::{HoldKey, HoldStore},
    logs::{self, KeepLog, Kept, LogError, LogStore},
    shred::KEY_LINGERS,
};
use domain::{
    evidence::DeletionResult,
    hold::{Hold, HoldReason, HoldScope},
    log::{DueDay, LogRefused},
    policy::Policy,
    record::System,
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use testkit::{Memory, at_once, build};

fn form(occurred_at: &str, ip: &str) -> KeepLog {
    let entry = BTreeMap::from([(build::field("ip_address"), Sensitive::new(ip.to_owned()))]);
    KeepLog {
        category: build::category("server-log"),
        purpose: build::purpose("security"),
        occurred_at: build::at(occurred_at),
        entries: vec![entry.clone(), entry],
    }
}

fn policy() -> Policy {
    Policy { time_zone: TimeZone::UTC, ..build::policy() }
}

/// What is made on the first of January 2026 is due on this day.
fn due_day() -> Date {
    "2026-04-11".parse().unwrap()
}

fn midnight() -> Timestamp {
    build::at("2026-04-11T00:00:00Z")
}

async fn day(policy: &Policy, memory: &Memory) -> domain::log::LogDay {
    memory.log_day(&policy.controller, &build::category("server-log"), due_day()).await.unwrap().unwrap()
}

async fn kept(policy: &Policy, memory: &Memory) -> DueDay {
    for (at, ip) in [("2026-01-01T00:00:00Z", "192.0.2.1"), ("2026-01-01T23:59:59.999Z", "192.0.2.2")] {
        let log = logs::keep(policy, memory, form(at, ip)).await.unwrap();
        assert_eq!((log.kept, log.until), (Kept::Fresh, midnight()));
    }
    day(policy, memory).await.due
}

/// What the links say, in the order of writing within a chain.
fn links(policy: &Policy, memory: &Memory) -> Vec<Content> {
    memory.links(&policy.controller).into_iter().map(|(_, link)| link.content).collect()
}

fn hold(name: &str, scope: HoldScope) -> Hold {
    Hold {
        id: build::id(name),
        scope,
        reason: HoldReason::LegalClaim,
        ground: None,
        opened_at: build::at("2026-02-01T00:00:00Z"),
        review_at: build::at("2026-08-01T00:00:00Z"),
        opened_by: "clerk".into(),
        bound_at: None,
        release_asked: None,
        released_at: None,
    }
}

#[tokio::test]
async fn bulk_records_go_when_their_day_begins_and_leave_evidence() {
    let (policy, memory) = (policy(), Memory::new());
    let due = kept(&policy, &memory).await;
    let controllers = [policy.controller.clone()];
    let early = logs::end_days(&memory, &controllers, midnight() - 1.millisecond(), false).await.unwrap();
    assert_eq!((early, links(&policy, &memory)), (logs::DaysEnded::default(), Vec::new()));

    let counted = logs::end_days(&memory, &controllers, midnight(), true).await.unwrap();
    assert_eq!((counted.destroyed, counted.packets, counted.entries), (1, 2, 4));
    assert!(day(&policy, &memory).await.closed_at.is_none(), "a dry run changes nothing");

    let at = midnight() + 2.hours();
    let ended = logs::end_days(&memory, &controllers, at, false).await.unwrap();
    assert_eq!((ended.destroyed, ended.packets, ended.entries, ended.lag_seconds), (1, 2, 4, 7_200));
    let page = memory.logs(&policy.controller, &due, None).await.unwrap();
    assert!(page.packets.len() == 2 && page.packets.iter().all(|(_, entries)| entries.is_none()));

    let standing = day(&policy, &memory).await;
    let commitment = *standing.commitments(&policy.controller).keys().next().unwrap();
    let links = links(&policy, &memory);
    let [Content::Intent(_, intended), Content::Keys(keys), Content::Result { results, .. }] = links.as_slice() else {
        panic!("{links:?}");
    };
    assert_eq!((intended[0].commitment, intended[0].due_at), (commitment, Some(midnight())));
    assert_eq!((&keys[0].day, keys[0].gone_at), (&Some((due.category.clone(), due.day)), at + KEY_LINGERS));
    assert_eq!(results, &[(commitment, DeletionResult::Deleted)]);
}

#[tokio::test]
async fn nobody_reads_or_adds_to_a_day_that_has_begun() {
    let (policy, memory) = (policy(), Memory::new());
    kept(&policy, &memory).await;
    let category = build::category("server-log");
    let read = async |now| logs::read(&memory, &policy.controller, &category, due_day(), now, None).await.unwrap();
    let (_, page) = read(midnight() - 1.millisecond()).await.unwrap();
    assert_eq!(page.packets.iter().filter(|(_, entries)| entries.is_some()).count(), 2);
    assert_eq!(read(midnight()).await, None, "before the sweep comes");
    logs::end_days(&memory, std::slice::from_ref(&policy.controller), midnight(), false).await.unwrap();
    let late = logs::keep(&policy, &memory, form("2026-01-01T12:00:00Z", "192.0.2.3")).await.unwrap();
    assert_eq!(late.kept, Kept::Closed);
    assert_eq!(day(&policy, &memory).await.packets, 2);
    // A day that never was is swept too: what arrives for it later is due at once.
    let older = logs::keep(&policy, &memory, form("2025-06-01T12:00:00Z", "192.0.2.4")).await.unwrap();
    assert_eq!(older.kept, Kept::Fresh);
    let ended = logs::end_days(&memory, std::slice::from_ref(&policy.controller), midnight(), false).await.unwrap();
    assert_eq!((ended.destroyed, ended.packets), (1, 1));
}

#[tokio::test]
async fn the_same_entries_are_one_packet_and_others_are_another() {
    let (policy, memory) = (policy(), Memory::new());
    let keep = async |form| logs::keep(&policy, &memory, form).await.unwrap();
    let first = keep(form("2026-01-01T00:00:00Z", "192.0.2.1")).await;
    let again = keep(form("2026-01-01T00:00:00Z", "192.0.2.1")).await;
    assert_eq!((first.kept, again.kept, &again.log), (Kept::Fresh, Kept::Replayed, &first.log));
    let mut one = form("2026-01-01T00:00:00Z", "192.0.2.1");
    one.entries.truncate(1);
    let others = [one, form("2026-01-01T00:00:01Z", "192.0.2.1"), form("2026-01-01T00:00:00Z", "192.0.2.2")];
    let mut seen = BTreeSet::from([first.log]);
    for form in others {
        let log = keep(form).await;
        assert!(log.kept == Kept::Fresh && seen.insert(log.log));
    }
    assert_eq!(day(&policy, &memory).await.entries, 7);
}

#[tokio::test]
async fn what_the_policy_does_not_let_be_kept_in_bulk_is_refused() {
    let (policy, memory) = (policy(), Memory::new());
    let refused = async |form| logs::keep(&policy, &memory, form).await.unwrap_err();
    let sent = || form("2026-01-01T00:00:00Z", "192.0.2.1");
    assert!(matches!(refused(KeepLog { entries: Vec::new(), ..sent() }).await, LogError::Size));
    assert!(matches!(refused(KeepLog { entries: vec![BTreeMap::new()], ..sent() }).await, LogError::Size));
    let long = form("2026-01-01T00:00:00Z", &"x".repeat(5_000));
    assert!(matches!(refused(long).await, LogError::Size));
    let unknown = KeepLog { purpose: build::purpose("contract"), ..sent() };
    assert!(matches!(refused(unknown).await, LogError::NoRule(..)));
    let account = KeepLog { category: build::category("account"), purpose: build::purpose("contract"), ..sent() };
    assert!(matches!(refused(account).await, LogError::Refused(LogRefused::NotFixed) | LogError::UnknownField(_)));
}

#[tokio::test]
async fn after_a_crash_at_any_step_the_next_run_ends_the_day_and_says_so() {
    for step in 0.. {
        let (policy, memory) = (policy(), Memory::new());
        let due = kept(&policy, &memory).await;
        let controllers = [policy.controller.clone()];
        memory.fail_after(step);
        let crashed = logs::end_days(&memory, &controllers, midnight(), false).await.is_err();
        memory.recover();
        if !crashed {
            return;
        }
        logs::end_days(&memory, &controllers, midnight() + 1.hour(), false).await.unwrap();
        let page = memory.logs(&policy.controller, &due, None).await.unwrap();
        assert!(page.packets.iter().all(|(_, entries)| entries.is_none()), "step {step}");
        let standing = day(&policy, &memory).await;
        assert!(standing.destroyed_at.is_some(), "step {step}");
        let commitment = *standing.commitments(&policy.controller).keys().next().unwrap();
        let deleted = links(&policy, &memory).into_iter().any(|content| match content {
            Content::Result { results, .. } => results.contains(&(commitment, DeletionResult::Deleted)),
            _ => false,
        });
        assert!(deleted, "step {step}");
    }
}

#[tokio::test]
async fn a_hold_keeps_a_day_from_the_sweep_and_from_ttl_until_it_is_released() {
    let (policy, memory) = (policy(), Memory::new());
    let due = kept(&policy, &memory).await;
    let controllers = [policy.controller.clone()];
    let other = hold("other", HoldScope::Category(build::category("invoice")));
    for hold in [hold("hold-1", HoldScope::Category(due.category.clone())), other] {
        memory.place_hold(&policy.controller, &hold).await.unwrap();
    }
    // Days before its time, so that TTL has nothing to go by.
    logs::end_days(&memory, &controllers, midnight() - 48.hours(), false).await.unwrap();
    assert_eq!(day(&policy, &memory).await.holds, [build::id("hold-1")].into());
    let ended = logs::end_days(&memory, &controllers, midnight(), false).await.unwrap();
    assert_eq!((ended.held, ended.destroyed), (1, 0));
    assert_eq!(memory.expire_logs(&policy.controller, &due), 2, "TTL has nothing to go by");
    let category = build::category("server-log");
    let read = logs::read(&memory, &policy.controller, &category, due_day(), midnight() + 1.hour(), None).await;
    assert_eq!(read.unwrap().unwrap().1.packets.len(), 2);
    let key = HoldKey { subject: None, id: build::id("hold-1") };
    memory.release_hold(&policy.controller, &key, "clerk", midnight() + 1.hour()).await.unwrap();
    let ended = logs::end_days(&memory, &controllers, midnight() + 2.hours(), false).await.unwrap();
    assert_eq!((ended.held, ended.destroyed, ended.packets), (0, 1, 2));
    assert_eq!(memory.expire_logs(&policy.controller, &due), 0);
}

#[tokio::test]
async fn a_wide_hold_of_each_scope_keeps_what_it_covers() {
    let incident = |category: &str| HoldScope::Incident {
        breach: build::id("breach-1"),
        categories: [build::category(category)].into(),
        until: build::at("2026-01-02T00:00:00Z"),
    };
    for (scope, keeps) in [
        (HoldScope::Category(build::category("server-log")), true),
        (HoldScope::Category(build::category("account")), false),
        (HoldScope::System(System::Habeas), true),
        (HoldScope::System(System::S3), false),
        (incident("server-log"), true),
        (incident("account"), false),
    ] {
        let (policy, memory) = (policy(), Memory::new());
        kept(&policy, &memory).await;
        memory.place_hold(&policy.controller, &hold("hold-1", scope.clone())).await.unwrap();
        let controllers = std::slice::from_ref(&policy.controller);
        let ended = logs::end_days(&memory, controllers, midnight(), false).await.unwrap();
        assert_eq!(ended.destroyed, usize::from(!keeps), "{scope:?}");
    }
}

#[tokio::test]
async fn a_hold_that_comes_in_the_middle_of_a_run_finds_the_day_whole_or_closed() {
    for step in 0..12 {
        let (policy, memory) = (policy(), Memory::new());
        let due = kept(&policy, &memory).await;
        let controllers = [policy.controller.clone()];
        let (controller, held_day) = (policy.controller.clone(), due.clone());
        memory.meanwhile(step, move |memory| {
            at_once(memory.hold_day(&controller, &held_day, &build::id("hold-1"))).unwrap();
        });
        logs::end_days(&memory, &controllers, midnight(), false).await.unwrap();
        let standing = day(&policy, &memory).await;
        let page = memory.logs(&policy.controller, &due, None).await.unwrap();
        let is_whole = page.packets.iter().all(|(_, entries)| entries.is_some());
        assert_eq!(is_whole, standing.is_held(), "step {step}");
        assert_eq!(standing.closed_at.is_none(), standing.is_held(), "step {step}");
    }
}

#[tokio::test]
async fn a_day_is_settled_once_nothing_of_it_is_stored_and_what_ttl_left_is_counted() {
    for ttl_runs in [true, false] {
        let (policy, memory) = (policy(), Memory::new());
        let due = kept(&policy, &memory).await;
        let controllers = [policy.controller.clone()];
        logs::end_days(&memory, &controllers, midnight(), false).await.unwrap();
        if ttl_runs {
            memory.expire_logs(&policy.controller, &due);
        }
        let over = due.ends_at + 72.hours();
        let early = logs::end_days(&memory, &controllers, over - 1.second(), false).await.unwrap();
        assert_eq!((early.settled, early.leftovers), (0, 0));
        let looked = logs::end_days(&memory, &controllers, over, false).await.unwrap();
        assert_eq!((looked.settled, looked.leftovers), if ttl_runs { (1, 0) } else { (0, 2) });
        logs::end_days(&memory, &controllers, over + 1.hour(), false).await.unwrap();
        assert!(day(&policy, &memory).await.settled_at.is_some());
        assert!(memory.log_days(&policy.controller).await.unwrap().is_empty());
    }
}
