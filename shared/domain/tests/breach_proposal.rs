//! Whom the rules propose to tell of a breach, with which reasons.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod incident;

use domain::{
    breach::{Decision, Effect, Exemption, Incident, Level, PeopleAre, Proposed, Protection, Suggestion, proposal},
    clock::Anchor,
    ids::Ground,
    policy::{Clause, Policy, Regime, RoleRule, ServiceRole},
};
use incident::{assessed, european, incident, known, policy};
use jiff::ToSpan;

fn start() -> Incident {
    incident(&[], &[(Anchor::Awareness, "2026-01-15")])
}

/// A policy that promises something of its own.
fn promising(attempts: bool, within: bool) -> Policy {
    let mut policy = european();
    policy.breach.tell_of_attempts = attempts;
    policy.breach.within = within.then(|| 72.hours().fieldwise());
    policy.breach.clause = Clause::new("acme.breach");
    policy
}

fn words(proposed: &Proposed) -> Vec<&str> {
    proposed.reasons.iter().map(|reason| reason.words.as_str()).collect()
}

#[test]
fn an_exemption_is_named_by_what_spares_people_at_that_risk() {
    let exempt = |level, change: fn(&mut domain::breach::Facts)| {
        proposal(&european(), &assessed(&known(&start(), change), level)).people.suggestion
    };
    for level in [Level::High, Level::VeryHigh] {
        let unreadable = exempt(level, |facts| facts.protection = Protection::KeysSafe);
        assert_eq!(unreadable, Suggestion::Not(Some(Exemption::Unintelligible)), "{level:?}");
        let averted = exempt(level, |facts| facts.risk_averted = true);
        assert_eq!(averted, Suggestion::Not(Some(Exemption::RiskAverted)), "{level:?}");
    }
    let medium = exempt(Level::Medium, |facts| facts.protection = Protection::KeysSafe);
    assert_eq!(medium, Suggestion::Not(Some(Exemption::NoHighRisk)));
}

#[test]
fn a_decision_by_the_exemption_that_the_rules_see_differs_in_nothing() {
    let averted = assessed(&known(&start(), |facts| facts.risk_averted = true), Level::High);
    let differs = |exemption| {
        let people = PeopleAre::NotTold(exemption);
        let decision = Decision { authority: true, people, reason: "So decided.".into() };
        proposal(&european(), &averted).differences(&decision)
    };
    assert_eq!(differs(Exemption::RiskAverted), [""; 0]);
    assert_eq!(differs(Exemption::NoHighRisk), ["the rules see another exemption, risk-averted, than no-high-risk"]);
}

#[test]
fn a_processor_is_given_the_articles_of_the_laws_that_bind_it() -> Result<(), domain::ids::InvalidId> {
    let mut policy = policy(&[Regime::EuGdpr, Regime::UkGdpr], Some("FR"));
    let service = Ground::parse("zta")?;
    let role = ServiceRole::Processor;
    policy.roles = vec![RoleRule { service: service.clone(), role, parties: vec![], clause: Clause::new("acme.1") }];
    let of_zta = known(&start(), |facts| facts.service = Some(service.clone()));
    let controller = proposal(&policy, &of_zta).controller.unwrap_or_else(|| panic!("a processor"));
    let sources: Vec<_> = controller.reasons.iter().map(|reason| reason.source.as_str()).collect();
    assert_eq!(sources, ["GDPR Art. 33(2)", "UK GDPR Art. 33(2)"]);
    Ok(())
}

#[test]
fn a_promise_of_a_time_tells_nobody_of_an_attempt_and_one_of_attempts_says_so() {
    let high = assessed(&start(), Level::High);
    let tried = known(&high, |facts| facts.attempt_only = true);
    let people = |policy: &Policy, incident: &Incident| proposal(policy, incident).people;
    assert_eq!(people(&promising(false, true), &tried).suggestion, Suggestion::Not(Some(Exemption::NoHighRisk)));
    let attempts = promising(true, false);
    assert_eq!(words(&people(&attempts, &tried)), ["the policy promises to tell of an attempt too"]);
    // Where the law asks as well, both say why, the law first.
    let both = people(&attempts, &high);
    assert_eq!(words(&both).last(), Some(&"the policy promises to tell people"));
    assert_eq!(
        both.reasons.iter().map(|reason| reason.source.as_str()).collect::<Vec<_>>(),
        ["GDPR Art. 34(1)", "acme.breach"]
    );
    // Where the policy alone asks, the law's reasons against it are left out.
    let low = people(&attempts, &assessed(&start(), Level::Low));
    assert_eq!(words(&low), ["the policy promises to tell people"]);
}

#[test]
fn what_speaks_for_telling_is_said_of_data_that_nobody_can_read_too() {
    let safe = |effects: &[Effect]| {
        let incident = known(&assessed(&start(), Level::High), |facts| {
            facts.protection = Protection::KeysSafe;
            facts.effects = effects.iter().copied().collect();
        });
        words(&proposal(&european(), &incident).people).join("; ")
    };
    let lost = safe(&[Effect::Availability]);
    assert!(lost.contains("some of it was changed or lost"), "{lost}");
    let seen = safe(&[Effect::Confidentiality]);
    assert!(seen.contains("whoever has the data cannot read it"), "{seen}");
    let readable = proposal(&european(), &assessed(&start(), Level::High)).people;
    assert!(words(&readable)[0].contains("the data may be readable"), "{readable:?}");
}

#[test]
fn a_suggestion_has_the_name_of_the_documents() {
    let suggestions = [Suggestion::Tell, Suggestion::Not(None), Suggestion::AssessFirst];
    assert_eq!(suggestions.map(Suggestion::as_str), ["tell", "do-not", "assess-first"]);
}
