//! Holds: what a policy says of those that people place, and what its events come to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{
    hold::{ByEvents, Hold, HoldReason, HoldRefused, HoldScope, HoldState, Release, ReleaseAsked, SameEyes, check},
    ids::{BreachId, Category, ControllerId, EventName, Ground, HoldId, Purpose, RecordId, SubjectRef},
    policy::{Clause, HoldRule, Notice, Policy, PolicyHash},
    record::{Record, System},
    retention::RetentionClock,
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
        tell: BTreeSet::new(),
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

const WHOSE: [&str; 2] = ["1.AAAAAAAAAAAAAAAAAAAAAA", "1.BBBBBBBBBBBBBBBBBBBBBA"];
const WHAT: [&str; 3] = ["account", "server-log", "invoice"];

fn category(name: &str) -> Category {
    Category::parse(name).unwrap()
}

fn subject(of: usize) -> SubjectRef {
    SubjectRef::parse(WHOSE[of]).unwrap()
}

fn record((whose, what, in_s3, made): (usize, usize, bool, i64)) -> Record {
    Record {
        id: RecordId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
        subject: subject(whose),
        category: category(WHAT[what]),
        purpose: Purpose::parse("service").unwrap(),
        system: if in_s3 { System::S3 } else { System::Habeas },
        clock: RetentionClock::new(Timestamp::from_second(made).unwrap()),
        due_at: None,
        clause: Clause::new("test.1"),
        policy: PolicyHash::from_hex("00".repeat(32)),
        holds: BTreeSet::new(),
        points: Vec::new(),
        salt: [0; 16],
        revision: 0,
    }
}

fn incident(categories: &[&str], until: i64) -> HoldScope {
    HoldScope::Incident {
        breach: BreachId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
        categories: categories.iter().map(|name| category(name)).collect(),
        until: Timestamp::from_second(until).unwrap(),
    }
}

fn hold(scope: HoldScope) -> Hold {
    let opened = (at("2026-01-01T00:00:00Z"), "officer-1".to_owned());
    let id = HoldId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    Hold::new(id, scope, HoldReason::Investigation, opened, at("2026-03-01T00:00:00Z"))
}

#[test]
fn each_scope_keeps_what_it_names_and_nothing_beside_it() {
    // Whose, what, whether in S3, when made.
    let records = [(0, 0, false, 10), (0, 1, true, 10), (1, 1, false, 20), (1, 2, true, 20)].map(record);
    for (scope, expected) in [
        (HoldScope::Subject(subject(0)), [true, true, false, false]),
        (HoldScope::Category(category("server-log")), [false, true, true, false]),
        (HoldScope::System(System::S3), [false, true, false, true]),
        (incident(&["account", "server-log"], 10), [true, true, false, false]),
        (incident(&["account", "server-log"], 20), [true, true, true, false]),
        (incident(&[], 20), [false, false, false, false]),
    ] {
        assert_eq!(records.clone().map(|record| scope.covers(&record)), expected, "{scope:?}");
    }
}

#[test]
fn a_hold_that_is_being_put_on_its_records_keeps_them_already() {
    let made_before = record((0, 0, false, 5));
    let keeps = |hold: &Hold| hold.keeps_out(&made_before.subject, &made_before.category, &made_before.system);
    for scope in [HoldScope::Category(category("account")), incident(&["account"], 10)] {
        let binding = hold(scope);
        assert!(binding.is_binding() && keeps(&binding));
        assert_eq!(binding.state(), HoldState::Binding);
        let bound = Hold { bound_at: Some(binding.opened_at), ..binding.clone() };
        // The marks speak for an incident that has marked all: what was made after it goes on ending.
        assert_eq!(
            (bound.state(), keeps(&bound)),
            (HoldState::Standing, !matches!(bound.scope, HoldScope::Incident { .. }))
        );
        let released = Hold { released_at: Some(binding.opened_at), ..binding };
        assert!(!keeps(&released) && !released.is_binding());
        assert_eq!(released.state(), HoldState::Released);
    }
    assert_eq!(hold(HoldScope::Subject(subject(0))).state(), HoldState::Standing, "its placing marks every record");
}

#[test]
fn a_hold_is_named_by_its_subject_and_itself_or_by_itself_where_it_is_wide() {
    let own = hold(HoldScope::Subject(subject(0)));
    assert_eq!(own.name(), format!("{}~{}", subject(0), own.id));
    let wide = hold(HoldScope::Category(category("cv")));
    assert_eq!(wide.name(), wide.id.to_string());
    let scopes = [own.scope, wide.scope, HoldScope::System(System::S3), incident(&[], 0)];
    assert_eq!(scopes.map(|scope| scope.as_str()), ["subject", "category", "system", "incident"]);
}

#[test]
fn a_release_takes_two_people() {
    let standing = hold(HoldScope::Subject(subject(0)));
    assert_eq!(standing.release("officer-1"), Ok(Release::Ask), "whoever opened it is one of the two");
    let asked = ReleaseAsked { by: "officer-1".to_owned(), at: standing.opened_at };
    let asked = Hold { release_asked: Some(asked), ..standing };
    assert_eq!(asked.state(), HoldState::ReleaseAsked);
    assert_eq!(asked.release("officer-1"), Err(SameEyes));
    assert_eq!(asked.release("officer-2"), Ok(Release::Carry));
    let released = Hold { released_at: Some(asked.opened_at), ..asked };
    assert_eq!(released.release("officer-1"), Ok(Release::Stands), "there is nothing left to refuse");
}

#[test]
fn a_reason_that_follows_from_a_request_is_given_by_nobody() {
    assert_eq!(HoldReason::parse("access-request"), Some(HoldReason::AccessRequest));
    assert_eq!(HoldReason::parse_placed("access-request"), None);
    assert!(HoldReason::PLACED.iter().all(|reason| HoldReason::parse_placed(reason.as_str()) == Some(*reason)));
}

proptest! {
    #[test]
    fn a_deletion_that_knows_less_of_a_record_leaves_out_no_less(
        of in (0..2_usize, 0..3_usize, any::<bool>(), 0..20_i64),
        (scope, named, until) in (0..4_usize, 0..3_usize, 0..20_i64),
    ) {
        let scope = match scope {
            0 => HoldScope::Subject(subject(named % 2)),
            1 => HoldScope::Category(category(WHAT[named])),
            2 => HoldScope::System(if named == 0 { System::S3 } else { System::Habeas }),
            _ => incident(&WHAT[..named], until),
        };
        let record = record(of);
        let binding = hold(scope);
        if binding.scope.covers(&record) {
            prop_assert!(binding.keeps_out(&record.subject, &record.category, &record.system));
        }
    }
}
