//! Consent: what is refused, and what any order of events folds to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use domain::{
    consent::{
        AgeStanding, Capture, CaptureRefused, Choice, ConsentEvent, GuardianPart, age_standing, asks_confirmation,
        awaited, check, check_choices, fold, guardian_agreed, revocable, to_confirm,
    },
    ids::{CaptureId, ControllerId, Fingerprint, GuardianId, Identifier, IdentifierKind, KeyedId, Pepper, Purpose},
    policy::{AgeRule, Clause, Country, LawfulBasis, Notice, Policy, PolicyHash, PurposeRule},
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
        guardian: None,
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
    assert_eq!(check(&policy, &form(&[("newsletter", Given)], Some("1"), None)), Ok(None));
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
    assert_eq!(check(&policy, &form(&[("newsletter", Choice::Withdrawn)], None, None)), Ok(None));
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
    let parent = Identifier::parse(IdentifierKind::Mail, "parent@example.com").unwrap();
    let asked = |age, guardian: Option<&Identifier>| {
        let form = form(&[("newsletter", Choice::Given)], Some("2"), age);
        check(&policy, &Capture { guardian: guardian.cloned(), ..form }).map(|asked| asked.cloned())
    };
    assert_eq!(asked(None, None), Err(CaptureRefused::AgeMissing));
    assert_eq!(asked(Some(12), None), Err(CaptureRefused::TooYoung(13)));
    assert_eq!(asked(Some(12), Some(&parent)), Err(CaptureRefused::TooYoung(13)), "whoever agrees");
    assert_eq!(asked(Some(15), None), Err(CaptureRefused::GuardianNeeded(16)));
    assert_eq!(asked(Some(15), Some(&parent)), Ok(Some(parent.clone())));
    assert_eq!(asked(Some(16), None), Ok(None));
    assert_eq!(asked(Some(16), Some(&parent)), Ok(None), "exactly 16 is no child: nobody else is asked");
}

#[test]
fn a_form_holds_thirty_two_choices_at_most() {
    let mut policy = policy(None);
    let rule = policy.purposes[&purpose("newsletter")].clone();
    let mut choices = BTreeMap::new();
    for n in 0..34 {
        let id = purpose(&format!("purpose-{n}"));
        policy.purposes.insert(id.clone(), PurposeRule { id: id.clone(), ..rule.clone() });
        choices.insert(id, Choice::Refused);
        let expected = if n < 32 { Ok(false) } else { Err(CaptureRefused::ChoiceCount) };
        assert_eq!(check_choices(&policy, &choices, None), expected, "{n}");
    }
    assert_eq!(check_choices(&policy, &BTreeMap::new(), None), Err(CaptureRefused::ChoiceCount));
}

#[test]
fn somebody_of_the_age_below_which_nobody_may_choose_may() {
    let rule = AgeRule {
        refuse_below: Some(13),
        guardian_below: None,
        guardian_below_in: BTreeMap::new(),
        clause: Clause::new("test"),
    };
    let policy = policy(Some(rule));
    assert_eq!(age_standing(&policy, Some(13), None), Ok(AgeStanding::OfAge));
    assert_eq!(age_standing(&policy, Some(12), None), Err(CaptureRefused::TooYoung(13)));
}

/// Double opt-in: what a mail confirms is what the form began, and no other.
#[test]
fn only_what_is_given_now_for_the_first_time_and_not_taken_back_is_confirmed_by_mail() {
    let plain = policy(None);
    let mut by_mail = plain.clone();
    by_mail.purposes.get_mut(&purpose("newsletter")).unwrap().confirm_by_mail = true;
    let given = captured(10, Choice::Given, 1);
    assert!(asks_confirmation(&by_mail, &given.choices) && !asks_confirmation(&plain, &given.choices));
    assert!(!asks_confirmation(&by_mail, &captured(10, Choice::Refused, 1).choices));

    let confirmed = |events: &[ConsentEvent], capture: &ConsentEvent| to_confirm(&by_mail, events, capture).len();
    let one = std::slice::from_ref(&given);
    assert_eq!(confirmed(one, &given), 1);
    assert!(to_confirm(&plain, one, &given).is_empty());
    assert_eq!(confirmed(&[captured(5, Choice::Given, 2), given.clone()], &given), 0, "it stood given already");
    assert_eq!(confirmed(&[captured(5, Choice::Refused, 2), given.clone()], &given), 1);
    assert_eq!(confirmed(&[given.clone(), captured(15, Choice::Given, 2)], &given), 1, "a later form began nothing");
    assert_eq!(confirmed(&[given.clone(), captured(15, Choice::Withdrawn, 2)], &given), 0, "taken back since");
    let refused = captured(10, Choice::Refused, 1);
    assert_eq!(confirmed(std::slice::from_ref(&refused), &refused), 0);
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
        guardian: None,
    }
}

#[test]
fn a_late_grant_never_reopens_a_withdrawal_and_on_a_tie_the_safer_choice_wins() {
    let events = [captured(10, Choice::Withdrawn, 1), captured(5, Choice::Given, 2), captured(10, Choice::Given, 3)];
    assert_eq!(fold(&events)[&purpose("newsletter")].choice, Choice::Withdrawn);
}

#[test]
fn the_stricter_of_the_policys_age_and_the_countrys_counts() {
    let rule = AgeRule {
        refuse_below: None,
        guardian_below: Some(16),
        guardian_below_in: BTreeMap::from([(Country::parse("FR").unwrap(), 15), (Country::parse("IN").unwrap(), 18)]),
        clause: Clause::new("test"),
    };
    let policy = policy(Some(rule));
    for (age, country, expected) in [
        (15, None, AgeStanding::NeedsGuardian(16)),
        (16, None, AgeStanding::OfAge),
        (15, Some("FR"), AgeStanding::NeedsGuardian(16)),
        (16, Some("FR"), AgeStanding::OfAge),
        (17, Some("IN"), AgeStanding::NeedsGuardian(18)),
        (18, Some("IN"), AgeStanding::OfAge),
    ] {
        let country = country.map(|code| Country::parse(code).unwrap());
        assert_eq!(age_standing(&policy, Some(age), country), Ok(expected), "{age} {country:?}");
    }
}

const HOURS: i64 = 3_600;

fn guardian() -> GuardianId {
    GuardianId::from_hash(format!("{:022}", 9))
}

/// A child's form, at that hour.
fn childs(hour: i64, n: usize) -> ConsentEvent {
    let guardian = Some(GuardianPart::Awaited { guardian: guardian() });
    ConsentEvent { guardian, ..captured(hour * HOURS, Choice::Given, n) }
}

/// The guardian's word on it, at that hour.
fn agreed(hour: i64, n: usize, to: &ConsentEvent) -> ConsentEvent {
    let guardian = Some(GuardianPart::Agreed { guardian: guardian(), to: to.id.clone() });
    ConsentEvent { guardian, ..captured(hour * HOURS, Choice::Given, n) }
}

fn newsletter(events: &[ConsentEvent]) -> Option<(Choice, i64)> {
    fold(events).remove(&purpose("newsletter")).map(|state| (state.choice, state.since.as_second() / HOURS))
}

#[test]
fn what_a_child_gave_counts_from_when_its_guardian_agreed_and_not_before() {
    let child = childs(1, 1);
    assert_eq!(newsletter(std::slice::from_ref(&child)), None, "absence is not consent");
    assert_eq!(newsletter(&[child.clone(), agreed(5, 2, &child)]), Some((Choice::Given, 5)));
    // A guardian's word on nothing that was asked is none.
    assert_eq!(newsletter(&[agreed(5, 2, &child)]), None);
    let of_age = captured(HOURS, Choice::Given, 1);
    assert_eq!(newsletter(&[of_age.clone(), agreed(5, 2, &of_age)]), Some((Choice::Given, 1)));
}

#[test]
fn a_guardian_who_is_late_agrees_to_nothing() {
    let (child, fortnight) = (childs(0, 1), 14 * 24);
    assert_eq!(newsletter(&[child.clone(), agreed(fortnight - 1, 2, &child)]), Some((Choice::Given, fortnight - 1)));
    assert_eq!(newsletter(&[child.clone(), agreed(fortnight, 2, &child)]), None);
}

#[test]
fn a_guardian_brings_nothing_back_that_the_child_took_back() {
    for (choice, hour, expected) in [
        (Choice::Withdrawn, 3, Some((Choice::Withdrawn, 3))),
        (Choice::Refused, 3, Some((Choice::Refused, 3))),
        // In the same instant as either of the two the safer choice wins.
        (Choice::Withdrawn, 1, Some((Choice::Withdrawn, 1))),
        (Choice::Withdrawn, 5, Some((Choice::Withdrawn, 5))),
        // Before the child chose, and after the guardian did, time alone decides.
        (Choice::Withdrawn, 0, Some((Choice::Given, 5))),
        (Choice::Withdrawn, 6, Some((Choice::Withdrawn, 6))),
    ] {
        let child = childs(1, 1);
        let events = [child.clone(), captured(hour * HOURS, choice, 2), agreed(5, 3, &child)];
        assert_eq!(newsletter(&events), expected, "{choice:?} at {hour}");
    }
}

#[test]
fn what_a_child_refuses_counts_at_once() {
    let child = ConsentEvent { choices: BTreeMap::from([(purpose("newsletter"), Choice::Withdrawn)]), ..childs(2, 2) };
    assert_eq!(newsletter(&[captured(HOURS, Choice::Given, 1), child]), Some((Choice::Withdrawn, 2)));
}

#[test]
fn a_withdrawal_of_all_takes_back_what_waits_for_a_guardian_too() {
    let child = childs(1, 1);
    let names = |events: &[ConsentEvent]| revocable(events).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(std::slice::from_ref(&child)), ["newsletter"]);
    assert_eq!(names(&[child.clone(), agreed(5, 2, &child)]), ["newsletter"]);
    let withdrawn = [child.clone(), captured(3 * HOURS, Choice::Withdrawn, 2)];
    assert!(names(&withdrawn).is_empty() && awaited(&withdrawn, &child).is_empty());
    assert_eq!(names(&[captured(0, Choice::Given, 4)]), ["newsletter"]);
    assert!(names(&[captured(0, Choice::Refused, 4)]).is_empty());
}

#[test]
fn a_childs_records_need_a_guardian_who_agreed_by_then() {
    let policy = policy(None);
    let child = childs(1, 1);
    let both = [child.clone(), agreed(5, 2, &child)];
    let at = |hour: i64| Timestamp::from_second(hour * HOURS).unwrap();
    for kept_for in ["newsletter", "security"] {
        let agreed_at = |events: &[ConsentEvent], hour| guardian_agreed(&policy, events, &purpose(kept_for), at(hour));
        assert!(!agreed_at(&both, 4) && agreed_at(&both, 5), "{kept_for}");
        assert!(!agreed_at(std::slice::from_ref(&child), 5), "{kept_for}");
        assert!(!agreed_at(&[captured(0, Choice::Given, 1)], 5), "somebody who chose alone has no guardian");
        let taken_back = [child.clone(), agreed(5, 2, &child), captured(7 * HOURS, Choice::Withdrawn, 3)];
        assert!(agreed_at(&taken_back, 6) && !agreed_at(&taken_back, 7), "{kept_for}");
    }
    // To a purpose that rests on consent a guardian agrees by its name.
    let mut policy = policy;
    let other = PurposeRule::new(purpose("photos"), "Photos".into(), LawfulBasis::Consent, Clause::new("test"));
    policy.purposes.insert(purpose("photos"), other);
    assert!(!guardian_agreed(&policy, &both, &purpose("photos"), at(5)));
}

proptest! {
    #[test]
    fn a_childs_consent_folds_to_the_same_state_in_any_order(
        events in prop::collection::vec((0_i64..5, 0_usize..5, 0_usize..4), 1..10).prop_map(|list| {
            let forms: Vec<_> = (0..4).map(|n| childs(n, usize::try_from(n).unwrap() + 100)).collect();
            list.into_iter().enumerate().map(|(n, (hour, kind, to))| match kind {
                0 => forms[to].clone(),
                1 | 2 => agreed(hour, n, &forms[to]),
                3 => captured(hour * HOURS, Choice::Withdrawn, n),
                _ => captured(hour * HOURS, Choice::Given, n),
            }).collect::<Vec<_>>()
        }),
        turn in 0_usize..10,
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
