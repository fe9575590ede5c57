//! Trackers: what may be set when, and what stops it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::{Choice, ChoiceState},
    ids::{CaptureId, ControllerId, KeyedId, Purpose, TrackerId},
    policy::{Clause, Denial, LawfulBasis, Notice, Policy, PurposeRule, Signals, TrackerNeed, TrackerRule, Use},
    tracker::{Because, Seen, decide},
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

const QUIET: Seen = Seen { gpc: false, dnt: false };
const GPC: Seen = Seen { gpc: true, dnt: false };
const DNT: Seen = Seen { gpc: false, dnt: true };

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn now() -> Timestamp {
    "2026-03-28T12:00:00Z".parse().unwrap()
}

fn tracker(name: &str, purposes: &[&str]) -> TrackerRule {
    let need = if purposes.is_empty() {
        TrackerNeed::Nothing { reason: "it keeps you signed in".into() }
    } else {
        TrackerNeed::Consent(purposes.iter().map(|name| purpose(name)).collect())
    };
    TrackerRule {
        id: TrackerId::parse(name).unwrap(),
        title: name.into(),
        party: None,
        need,
        techniques: Vec::new(),
        shares: false,
        lifetime: None,
        clause: Clause::new(format!("test.{name}")),
    }
}

fn policy(trackers: Vec<TrackerRule>) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let rule = |name: &str| {
        let clause = Clause::new(format!("test.{name}"));
        (purpose(name), PurposeRule::new(purpose(name), name.into(), LawfulBasis::Consent, clause))
    };
    Policy {
        time_zone: TimeZone::get("Europe/Paris").unwrap(),
        purposes: ["analytics", "newsletter", "beacons", "advertising"].map(rule).into(),
        trackers: trackers.into_iter().map(|rule| (rule.id.clone(), rule)).collect(),
        ..Policy::new(ControllerId::parse("example").unwrap(), "Example".into(), "privacy@example.com".into(), notice)
    }
}

fn chosen(choices: &[(&str, Choice)]) -> BTreeMap<Purpose, ChoiceState> {
    let state = |choice| ChoiceState { choice, since: now(), capture: CaptureId::from_hash(format!("{:022}", 1)) };
    choices.iter().map(|(name, choice)| (purpose(name), state(*choice))).collect()
}

fn because(policy: &Policy, choices: &[(&str, Choice)], seen: Seen) -> Because {
    let decisions = decide(policy, &chosen(choices), seen, now());
    assert_eq!(decisions.len(), 1);
    decisions[0].because
}

#[test]
fn a_tracker_that_is_not_declared_is_not_there() {
    assert!(decide(&policy(Vec::new()), &chosen(&[("analytics", Choice::Given)]), QUIET, now()).is_empty());
}

#[test]
fn without_choices_only_what_is_exempt_is_allowed() {
    let policy = policy(vec![tracker("session", &[]), tracker("hotjar", &["analytics"])]);
    let decisions = decide(&policy, &BTreeMap::new(), QUIET, now());
    let allowed: Vec<_> = decisions.iter().map(|d| (d.rule.id.as_str(), d.is_allowed(), d.because)).collect();
    assert_eq!(allowed, [("hotjar", false, Because::NoConsent), ("session", true, Because::Exempt)]);
}

#[test]
fn a_tracker_needs_every_one_of_its_consents_in_force() {
    use Choice::{Given, Refused, Withdrawn};
    let policy = policy(vec![tracker("beacon", &["analytics", "newsletter"])]);
    for (choices, expected) in [
        (vec![("analytics", Given), ("newsletter", Given)], Because::Consent),
        (vec![("analytics", Given)], Because::NoConsent),
        (vec![("analytics", Given), ("newsletter", Withdrawn)], Because::NoConsent),
        (vec![("analytics", Refused), ("newsletter", Given)], Because::NoConsent),
        (vec![("advertising", Given)], Because::NoConsent),
    ] {
        assert_eq!(because(&policy, &choices, QUIET), expected, "{choices:?}");
    }
}

#[test]
fn a_purpose_brings_the_consents_that_it_needs_beside_its_own() {
    let mut policy = policy(vec![tracker("beacon", &["beacons"])]);
    policy.purposes.get_mut(&purpose("beacons")).unwrap().also_needs = BTreeSet::from([purpose("newsletter")]);
    // Two that need each other end as well.
    policy.purposes.get_mut(&purpose("newsletter")).unwrap().also_needs = BTreeSet::from([purpose("beacons")]);
    assert_eq!(because(&policy, &[("beacons", Choice::Given)], QUIET), Because::NoConsent);
    let both = [("beacons", Choice::Given), ("newsletter", Choice::Given)];
    assert_eq!(because(&policy, &both, QUIET), Because::Consent);
    let needs = decide(&policy, &BTreeMap::new(), QUIET, now()).remove(0).needs;
    assert_eq!(needs, BTreeSet::from([purpose("beacons"), purpose("newsletter")]));
}

#[test]
fn global_privacy_control_stops_sharing_whatever_was_agreed_to() {
    let given = [("advertising", Choice::Given)];
    for (shares, honours_gpc, expected) in
        [(true, true, Because::Gpc), (true, false, Because::Consent), (false, true, Because::Consent)]
    {
        let mut policy = policy(vec![TrackerRule { shares, ..tracker("ads", &["advertising"]) }]);
        policy.signals = Signals { honours_gpc, honours_dnt: false, clause: Some(Clause::new("test.signals")) };
        assert_eq!(because(&policy, &given, GPC), expected, "{shares} {honours_gpc}");
        assert_eq!(because(&policy, &given, QUIET), Because::Consent);
    }
    // What needs no consent is not free to sell.
    let mut exempt = policy(vec![TrackerRule { shares: true, ..tracker("session", &[]) }]);
    assert_eq!(because(&exempt, &[], GPC), Because::Gpc);
    // The clause of the signals says so where the policy has one.
    assert_eq!(decide(&exempt, &BTreeMap::new(), GPC, now())[0].clause.as_str(), "test.session");
    exempt.signals.clause = Some(Clause::new("test.signals"));
    assert_eq!(decide(&exempt, &BTreeMap::new(), GPC, now())[0].clause.as_str(), "test.signals");
}

#[test]
fn do_not_track_stops_what_needs_consent_only_where_the_policy_says_so() {
    let given = [("analytics", Choice::Given)];
    let mut policy = policy(vec![tracker("hotjar", &["analytics"])]);
    assert_eq!(because(&policy, &given, DNT), Because::Consent);
    policy.signals.honours_dnt = true;
    assert_eq!(because(&policy, &given, DNT), Because::Dnt);
    policy.trackers = [("session", tracker("session", &[]))].map(|(_, rule)| (rule.id.clone(), rule)).into();
    assert_eq!(because(&policy, &[], DNT), Because::Exempt);
}

#[test]
fn a_use_that_the_policy_rules_out_is_not_made_lawful_by_consent() {
    let given = [("analytics", Choice::Given)];
    let mut policy = policy(vec![tracker("hotjar", &["analytics"])]);
    policy.purposes.get_mut(&purpose("analytics")).unwrap().uses = BTreeSet::from([Use::Tracking]);
    let denial = Denial {
        what: Use::Tracking,
        except: BTreeSet::new(),
        unless_consent: None,
        clause: Clause::new("test.no-tracking"),
    };
    for (denial, expected) in [
        (denial.clone(), Because::RuledOut),
        (Denial { except: BTreeSet::from([purpose("analytics")]), ..denial.clone() }, Because::Consent),
        (Denial { unless_consent: Some(purpose("analytics")), ..denial.clone() }, Because::Consent),
        (Denial { unless_consent: Some(purpose("advertising")), ..denial }, Because::RuledOut),
    ] {
        policy.denials = BTreeMap::from([(Use::Tracking, denial)]);
        assert_eq!(because(&policy, &given, QUIET), expected);
    }
}

#[test]
fn a_lifetime_runs_from_now_in_the_laws_zone_and_only_for_what_is_allowed() {
    let lived =
        |name: &str, purposes: &[&str]| TrackerRule { lifetime: Some(1.day().fieldwise()), ..tracker(name, purposes) };
    let policy = policy(vec![lived("session", &[]), lived("hotjar", &["analytics"])]);
    let decisions = decide(&policy, &BTreeMap::new(), QUIET, now());
    assert_eq!(decisions[0].until, None);
    // The night of 28 March 2026 has 23 hours in Paris.
    assert_eq!(decisions[1].until.unwrap().to_string(), "2026-03-29T11:00:00Z");
}
