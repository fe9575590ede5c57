//! By when a request must be answered, by what has happened to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::{
    dsar::{
        self, Act, Actor, AnswerDue, Ask, AskEffect, Entry, ExtensionGround, ExtensionRefused, Received, RequestState,
        RequestType, VerifiedBy,
    },
    ids::{ControllerId, IdentifierKind},
    place::Place,
    policy::{Clause, Notice, Policy, Regime, RightRule, VerificationRule},
};
use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

fn policy(regimes: &[Regime], establishment: Option<&str>) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
    policy.time_zone = TimeZone::get("Europe/Paris").unwrap();
    policy.regimes = regimes.to_vec();
    policy.establishment = establishment.map(|place| Place::parse(place).unwrap());
    policy
}

fn promising(mut policy: Policy, request: RequestType, within: Span) -> Policy {
    let rule = RightRule {
        request,
        refusal: None,
        verification: VerificationRule::Mail,
        respond_within: Some(within.fieldwise()),
        clause: Clause::new("acme.9"),
    };
    policy.rights.insert(request, rule);
    policy
}

fn at(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn state(request: RequestType, received: &str, history: &[(&str, Act)]) -> RequestState {
    let received = Received::new(request, IdentifierKind::Mail, at(received), (at(received), String::new()));
    let entries = history.iter().map(|(day, act)| Entry { at: at(day), by: Actor::Product, act: act.clone() });
    RequestState::fold(received, entries)
}

fn day(due: &AnswerDue) -> (String, bool) {
    (due.last_day.to_string(), due.stands)
}

#[track_caller]
fn check(policy: &Policy, state: &RequestState, last_day: &str, stands: bool) {
    let due = dsar::due_of(policy, state);
    assert_eq!(day(&due), (last_day.to_owned(), stands), "{:#?}", due.steps);
    assert!(!due.law.is_empty() && !due.steps.is_empty());
}

#[test]
fn a_question_of_the_office_moves_the_date_by_the_law_in_force_and_the_products_own_does_not() {
    use Act::{Asked, Replied, Verified};
    let (eu, uk, us) =
        (policy(&[Regime::EuGdpr], None), policy(&[Regime::UkGdpr], None), policy(&[Regime::UsCa], None));
    let access = |history: &[(&str, Act)]| state(RequestType::Access, "2026-03-02", history);
    // The confirmation of an address is asked of everybody, and so it stops nothing.
    let confirmed = access(&[("2026-03-20", Verified(VerifiedBy::Mail))]);
    check(&eu, &confirmed, "2026-04-02", false);
    check(&uk, &confirmed, "2026-04-02", false);
    let open = access(&[("2026-03-05", Asked(Ask::Identity))]);
    check(&eu, &open, "2026-04-02", true);
    check(&uk, &open, "2026-04-02", true);
    check(&us, &open, "2026-04-16", false);
    for answer in [Replied(Ask::Identity), Verified(VerifiedBy::Office)] {
        let answered = access(&[("2026-03-05", Asked(Ask::Identity)), ("2026-03-10", answer)]);
        check(&eu, &answered, "2026-04-07", false);
        check(&uk, &answered, "2026-04-10", false);
        check(&us, &answered, "2026-04-16", false);
    }
    let clarified = access(&[("2026-03-05", Asked(Ask::Clarification)), ("2026-03-09", Replied(Ask::Clarification))]);
    check(&uk, &clarified, "2026-04-07", false);
}

#[test]
fn a_question_stands_begins_anew_or_runs_on_by_the_law_and_only_its_own_answer_ends_it() {
    let asked = |ask, history: &[(&str, Act)]| {
        let all: Vec<_> = [("2026-03-05", Act::Asked(ask))].into_iter().chain(history.iter().cloned()).collect();
        state(RequestType::Access, "2026-03-02", &all)
    };
    let effect = |regime, state: &RequestState| dsar::ask_effect(&policy(&[regime], None), state, regime);
    let who = asked(Ask::Identity, &[]);
    assert_eq!(effect(Regime::EuGdpr, &who), AskEffect::Stands);
    assert_eq!(effect(Regime::UkGdpr, &who), AskEffect::BeginsAnew);
    assert_eq!(effect(Regime::UsCa, &who), AskEffect::RunsOn);
    let what = asked(Ask::Clarification, &[]);
    assert_eq!(effect(Regime::UkGdpr, &what), AskEffect::Stands);
    // Whoever shows who they are has not said what they mean.
    let verified = asked(Ask::Clarification, &[("2026-03-09", Act::Verified(VerifiedBy::Office))]);
    assert!(dsar::due_of(&policy(&[Regime::UkGdpr], None), &verified).stands);
    // The next question takes an earlier one's place, and its answer leaves that one's time as it was.
    let history = [("2026-03-07", Act::Asked(Ask::Clarification)), ("2026-03-09", Act::Verified(VerifiedBy::Office))];
    let facts = dsar::facts_of(&asked(Ask::Identity, &history));
    let ends: Vec<_> = facts.asks.iter().map(|asked| asked.to).collect();
    assert_eq!(ends, [Some(at("2026-03-07")), None]);
}

#[test]
fn the_laws_of_a_request_are_those_that_reach_its_person() {
    let both = policy(&[Regime::UsCa, Regime::EuGdpr], Some("US-CA"));
    let of = |place: &str| dsar::regimes_for(&both, Some(&Place::parse(place).unwrap()));
    assert_eq!((of("FR"), of("US-CA")), (vec![Regime::EuGdpr], vec![Regime::UsCa]));
}

#[test]
fn the_earliest_law_rules_and_a_clock_that_runs_outweighs_one_that_stands() {
    let both = policy(&[Regime::UsCa, Regime::EuGdpr], None);
    let plain = state(RequestType::Access, "2026-03-02", &[]);
    check(&both, &plain, "2026-04-02", false);
    // While the Union's clock stands, California's is the one that can be missed.
    let asked = state(RequestType::Access, "2026-03-02", &[("2026-03-05", Act::Asked(Ask::Identity))]);
    check(&both, &asked, "2026-04-16", false);
    let moved = state(RequestType::Access, "2026-03-02", &[("2026-03-03", Act::RegimesChanged(vec![Regime::UsCa]))]);
    check(&both, &moved, "2026-04-16", false);
    // A promise stands still for nobody.
    check(&promising(both, RequestType::Access, 20.days()), &asked, "2026-03-22", false);
    // Without a law and a promise there is no date, and without a number there is the product's own.
    assert!(dsar::answer_due(&policy(&[], None), RequestType::Access, &[], at("2026-03-02")).is_err());
    check(&policy(&[Regime::Jp], None), &plain, "2026-04-01", false);
}

#[test]
fn holidays_are_those_of_the_establishment_and_none_is_guessed_from_the_zone() {
    // The zone is that of Paris; Bastille Day 2026 is a Tuesday.
    let request = state(RequestType::Erasure, "2026-06-14", &[]);
    check(&policy(&[Regime::EuGdpr], None), &request, "2026-07-14", false);
    check(&policy(&[Regime::EuGdpr], Some("FR")), &request, "2026-07-15", false);
    check(&policy(&[Regime::EuGdpr], Some("DE")), &request, "2026-07-14", false);
}

#[test]
fn intake_never_fails_for_want_of_holidays_and_says_that_the_date_is_early() {
    let french = policy(&[Regime::EuGdpr], Some("FR"));
    let due = dsar::answer_due(&french, RequestType::Access, &[], at("2040-04-14")).unwrap();
    assert_eq!(day(&due), ("2040-05-14".to_owned(), false));
    assert!(due.steps.iter().any(|step| step.words.contains("known from 2024 to 2032")), "{:#?}", due.steps);
}

#[test]
fn an_extension_is_worth_telling_only_in_time_and_where_it_moves_the_date() {
    let check = |policy: &Policy, history: &[(&str, Act)], told: &str| {
        dsar::check_extension(policy, &state(RequestType::Access, "2026-03-02", history), at(told))
            .map(|due| due.last_day.to_string())
    };
    let eu = policy(&[Regime::EuGdpr], None);
    assert_eq!(check(&eu, &[], "2026-04-02"), Ok("2026-06-02".to_owned()));
    let late = ExtensionRefused::TooLate { last_day: "2026-04-02".parse().unwrap(), regime: Regime::EuGdpr };
    assert_eq!(check(&eu, &[], "2026-04-03"), Err(late.clone()));
    assert!(late.to_string().contains("by 2026-04-02"), "{late}");
    assert_eq!(check(&policy(&[Regime::Kr], None), &[], "2026-03-03"), Err(ExtensionRefused::NotByLaw));
    let mixed = check(&policy(&[Regime::EuGdpr, Regime::BrLgpd], None), &[], "2026-03-03");
    assert!(matches!(mixed, Err(ExtensionRefused::NothingGained { .. })), "{mixed:?}");
    let promised = check(&promising(eu.clone(), RequestType::Access, 1.month()), &[], "2026-03-03");
    assert!(
        matches!(&promised, Err(ExtensionRefused::NothingGained { law, .. }) if law.contains("acme.9")),
        "{promised:?}"
    );
    // Told, it is in the history, and the date is the one that was checked.
    let told = state(RequestType::Access, "2026-03-02", &[("2026-04-02", Act::Extended(ExtensionGround::ALL[0]))]);
    self::check(&eu, &told, "2026-06-02", false);
    let too_late = state(RequestType::Access, "2026-03-02", &[("2026-04-03", Act::Extended(ExtensionGround::ALL[0]))]);
    self::check(&eu, &too_late, "2026-04-02", false);
}

fn acts() -> impl Strategy<Value = Vec<(i64, Act)>> {
    let act = prop_oneof![
        Just(Act::Asked(Ask::Identity)),
        Just(Act::Asked(Ask::Clarification)),
        Just(Act::Replied(Ask::Identity)),
        Just(Act::Replied(Ask::Clarification)),
        Just(Act::Verified(VerifiedBy::Mail)),
        Just(Act::Extended(ExtensionGround::ALL[0])),
        Just(Act::Claimed),
        Just(Act::Noted),
    ];
    prop::collection::vec((0_i64..12, act), 0..12)
}

proptest! {
    #[test]
    fn every_open_request_has_a_date_and_its_history_gives_it_again(
        acts in acts(),
        received in 1_704_153_600_i64..4_000_000_000,
        request in prop::sample::select(RequestType::ALL.to_vec()),
        regimes in prop::collection::vec(prop::sample::select(Regime::ALL.to_vec()), 1..4),
    ) {
        let policy = policy(&regimes, Some("FR"));
        let received_at = Timestamp::from_second(received).unwrap();
        let received = Received::new(request, IdentifierKind::Mail, received_at, (received_at, String::new()));
        let (mut when, mut state) = (received_at, RequestState::new(received));
        for (days, act) in acts {
            when += (days * 24).hours();
            let entry = Entry { at: when, by: Actor::Product, act };
            state = state.after(entry).unwrap_or(state);
        }
        let due = dsar::due_of(&policy, &state);
        prop_assert!(due.at > received_at);
        let again = RequestState::fold(state.received.clone(), state.history.clone());
        prop_assert_eq!(&dsar::due_of(&policy, &again), &due);
        // A clock stands only for an open question.
        prop_assert!(!due.stands || state.asked().is_some());
    }
}
