//! Holds: what a policy says of those that people place, and what its events come to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{
    hold::{ByEvents, HoldReason, HoldRefused, check},
    ids::{ControllerId, EventName, Ground},
    policy::{Clause, HoldRule, Notice, Policy},
};
use jiff::{SpanFieldwise, Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ground(name: &str) -> Ground {
    Ground::parse(name).unwrap()
}

fn rule(reason: HoldReason, grounds: &[&str], review_after: SpanFieldwise) -> HoldRule {
    HoldRule {
        reason,
        grounds: grounds.iter().map(|name| ground(name)).collect(),
        on: None,
        release_on: None,
        review_after,
        clause: Clause::new("test.holds"),
    }
}

fn policy(holds: Vec<HoldRule>) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    Policy {
        time_zone: TimeZone::get("Europe/Paris").unwrap(),
        holds,
        ..Policy::new(ControllerId::parse("example").unwrap(), "Example".into(), "privacy@example.com".into(), notice)
    }
}

#[test]
fn a_listed_ground_must_be_named_and_an_unlisted_reason_is_left_to_the_law() {
    let event = EventName::parse("suspicious.activity").unwrap();
    let by_event = HoldRule { on: Some(event), ..rule(HoldReason::Investigation, &[], 30.days().fieldwise()) };
    let policy =
        policy(vec![rule(HoldReason::Investigation, &["complaint", "claim"], 90.days().fieldwise()), by_event]);
    let asked = |reason, name: Option<&str>| {
        let name = name.map(ground);
        check(&policy, reason, name.as_ref(), at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"))
    };
    let listed = HoldRefused::GroundNotListed(BTreeSet::from([ground("claim"), ground("complaint")]));
    assert_eq!(asked(HoldReason::Investigation, None), Err(listed.clone()), "what an event may do opens no list");
    assert_eq!(asked(HoldReason::Investigation, Some("curiosity")), Err(listed.clone()));
    assert!(listed.to_string().contains("claim, complaint"));
    assert_eq!(asked(HoldReason::Investigation, Some("complaint")), Ok(()));
    assert_eq!(asked(HoldReason::LegalObligation, None), Ok(()));
    assert_eq!(asked(HoldReason::LegalObligation, Some("court-order")), Ok(()));
}

#[test]
fn a_review_is_no_later_than_the_rule_of_its_ground_says_in_the_laws_zone() {
    let policy = policy(vec![
        rule(HoldReason::LegalClaim, &["claim"], 1.month().fieldwise()),
        rule(HoldReason::LegalClaim, &["claim", "complaint"], 90.days().fieldwise()),
        rule(HoldReason::Restriction, &[], 1.day().fieldwise()),
    ]);
    // The night of 28 March 2026 has 23 hours in Paris.
    let opened = at("2026-03-28T12:00:00Z");
    for (reason, name, latest) in [
        (HoldReason::Restriction, None, Some("2026-03-29T11:00:00Z")),
        (HoldReason::LegalClaim, Some("complaint"), Some("2026-06-26T11:00:00Z")),
        // Two rules for one ground: the stricter counts.
        (HoldReason::LegalClaim, Some("claim"), Some("2026-04-28T11:00:00Z")),
        (HoldReason::Investigation, None, None),
    ] {
        let name = name.map(ground);
        let asked = |review_at| check(&policy, reason, name.as_ref(), opened, review_at);
        assert_eq!(asked(opened), Err(HoldRefused::ReviewInPast));
        let Some(latest) = latest.map(at) else {
            assert_eq!(asked(at("2099-01-01T00:00:00Z")), Ok(()), "the policy says nothing of it");
            continue;
        };
        assert_eq!(asked(latest), Ok(()), "{reason:?}");
        assert_eq!(asked(latest + 1.millisecond()), Err(HoldRefused::ReviewTooLate(latest)), "{reason:?}");
    }
}

#[test]
fn a_policy_knows_the_events_of_its_holds() {
    let event = |name: &str| EventName::parse(name).unwrap();
    let policy = policy(vec![HoldRule {
        on: Some(event("suspicious.activity")),
        release_on: Some(event("investigation.closed")),
        ..rule(HoldReason::Investigation, &[], 30.days().fieldwise())
    }]);
    assert!(policy.knows_event(&event("suspicious.activity")) && policy.knows_event(&event("investigation.closed")));
    assert!(!policy.knows_event(&event("complaint.filed")));
}

#[test]
fn only_a_release_that_is_later_than_the_placing_counts() {
    let time = |second| Timestamp::from_second(second).unwrap();
    for (placed, released, expected) in [
        (None, None, ByEvents::Never),
        (None, Some(5), ByEvents::Never),
        (Some(5), None, ByEvents::Held(time(5))),
        (Some(5), Some(4), ByEvents::Held(time(5))),
        (Some(5), Some(5), ByEvents::Held(time(5))),
        (Some(5), Some(6), ByEvents::Released(time(6))),
    ] {
        assert_eq!(ByEvents::of(placed.map(time), released.map(time)), expected, "{placed:?} {released:?}");
    }
}

proptest! {
    #[test]
    fn the_last_of_all_events_decides(events in prop::collection::vec((0_i64..20, any::<bool>()), 0..12)) {
        let last = |places: bool| {
            events.iter().filter(|event| event.1 == places).map(|event| Timestamp::from_second(event.0).unwrap()).max()
        };
        // By the history: held from a placing until a later release.
        let mut ordered = events.clone();
        ordered.sort_by_key(|(at, places)| (*at, *places));
        let held = ordered.last().is_some_and(|(_, places)| *places);
        let by_events = ByEvents::of(last(true), last(false));
        prop_assert_eq!(matches!(by_events, ByEvents::Held(_)), held);
    }
}
