//! Consent: what is refused, and what any order of events folds to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use domain::{
    consent::{Capture, CaptureRefused, Choice, ConsentEvent, check, fold},
    ids::{CaptureId, ControllerId, Fingerprint, Identifier, IdentifierKind, KeyedId, Pepper, Purpose},
    policy::{AgeRule, Clause, LawfulBasis, Notice, Policy, PolicyHash, PurposeRule},
};
use jiff::Timestamp;
use proptest::prelude::*;

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn policy(age: Option<AgeRule>) -> Policy {
    let rule =
        |name: &str, basis| (purpose(name), PurposeRule::new(purpose(name), name.into(), basis, Clause::new("test")));
    let notice = Notice { version: "2".into(), language: "en".into(), text_sha256: String::new() };
    Policy {
        accepted_notices: vec!["1".into(), "2".into()],
        purposes: BTreeMap::from([
            rule("newsletter", LawfulBasis::Consent),
            rule("security", LawfulBasis::LegitimateInterests),
        ]),
        age,
        ..Policy::new(ControllerId::parse("example").unwrap(), "Example".into(), "privacy@example.com".into(), notice)
    }
}

fn form(choices: &[(&str, Choice)], notice: Option<&str>, age: Option<u8>) -> Capture {
    Capture {
        choices: choices.iter().map(|(name, choice)| (purpose(name), *choice)).collect(),
        notice_version: notice.map(Into::into),
        age,
        country: None,
        guardian: false,
    }
}

#[test]
fn a_form_that_breaks_the_policy_is_refused_with_its_reason() {
    use Choice::{Given, Withdrawn};
    let policy = policy(None);
    for (form, refused) in [
        (form(&[], Some("2"), None), CaptureRefused::ChoiceCount),
        (form(&[("unknown", Given)], Some("2"), None), CaptureRefused::UnknownPurpose(purpose("unknown"))),
        (
            form(&[("security", Withdrawn)], None, None),
            CaptureRefused::NotByConsent(purpose("security"), LawfulBasis::LegitimateInterests),
        ),
        (form(&[("newsletter", Given)], None, None), CaptureRefused::NoticeMissing),
        (form(&[("newsletter", Given)], Some("0"), None), CaptureRefused::NoticeUnknown),
    ] {
        assert_eq!(check(&policy, &form), Err(refused));
    }
    assert_eq!(check(&policy, &form(&[("newsletter", Given)], Some("1"), None)), Ok(()));
}

#[test]
fn withdrawing_is_as_easy_as_giving() {
    let policy = policy(Some(AgeRule {
        refuse_below: Some(13),
        guardian_below: None,
        guardian_below_in: BTreeMap::new(),
        clause: Clause::new("test"),
    }));
    // No notice, no age: taking back needs neither.
    assert_eq!(check(&policy, &form(&[("newsletter", Choice::Withdrawn)], None, None)), Ok(()));
}

#[test]
fn a_child_is_refused_and_another_needs_a_guardian() {
    let rule = AgeRule {
        refuse_below: Some(13),
        guardian_below: Some(16),
        guardian_below_in: BTreeMap::new(),
        clause: Clause::new("test"),
    };
    let policy = policy(Some(rule));
    let asked = |age| check(&policy, &form(&[("newsletter", Choice::Given)], Some("2"), age));
    assert_eq!(asked(None), Err(CaptureRefused::AgeMissing));
    assert_eq!(asked(Some(12)), Err(CaptureRefused::TooYoung(13)));
    assert_eq!(asked(Some(13)), Err(CaptureRefused::GuardianNeeded(16)));
    assert_eq!(asked(Some(16)), Ok(()));
    let with_guardian = Capture { guardian: true, ..form(&[("newsletter", Choice::Given)], Some("2"), Some(13)) };
    assert_eq!(check(&policy, &with_guardian), Ok(()));
    let too_young = Capture { guardian: true, ..form(&[("newsletter", Choice::Given)], Some("2"), Some(12)) };
    assert_eq!(check(&policy, &too_young), Err(CaptureRefused::TooYoung(13)));
}

fn captured(second: i64, choice: Choice, n: usize) -> ConsentEvent {
    let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
    ConsentEvent {
        id: CaptureId::from_hash(format!("{n:022}")),
        subject: Pepper::new(1, &[0; 32]).subject(&ada),
        at: Timestamp::from_second(second).unwrap(),
        choices: BTreeMap::from([(purpose("newsletter"), choice)]),
        notice_version: "2".into(),
        language: "en".into(),
        method: "form".into(),
        gpc: false,
        policy: PolicyHash::from_hex("00"),
        fingerprint: Fingerprint::from_hash(String::new()),
    }
}

#[test]
fn a_late_grant_never_reopens_a_withdrawal_and_on_a_tie_the_safer_choice_wins() {
    let events = [captured(10, Choice::Withdrawn, 1), captured(5, Choice::Given, 2), captured(10, Choice::Given, 3)];
    assert_eq!(fold(&events)[&purpose("newsletter")].choice, Choice::Withdrawn);
}

proptest! {
    #[test]
    fn any_order_folds_to_the_same_state(
        events in prop::collection::vec((0_i64..5, 0_usize..3), 1..12).prop_map(|list| {
            list.into_iter().enumerate().map(|(n, (at, choice))| captured(at, Choice::ALL[choice], n)).collect::<Vec<_>>()
        }),
        turn in 0_usize..12,
    ) {
        let mut turned = events.clone();
        turned.rotate_left(turn % events.len());
        turned.extend(events.clone());
        let mut reversed = events.clone();
        reversed.reverse();
        prop_assert_eq!(fold(&events), fold(&turned));
        prop_assert_eq!(fold(&events), fold(&reversed));
    }
}
