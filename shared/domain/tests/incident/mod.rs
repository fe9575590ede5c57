//! A breach of which little is known, and what happens to it, in a line each.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(unreachable_pub, reason = "each test has its own copy")]

use std::collections::BTreeSet;

use domain::{
    breach::{
        Act, Actor, Assessment, Breach, CircumstancesOf, Clock, DataKind, Decision, Entry, Facts, Identification,
        Incident, Level, PeopleAre, SeverityInputs, Standing, Submission, Texts, clocks,
    },
    clock::{Anchor, Duty, Law},
    ids::{ControllerId, StaffId},
    place::Place,
    policy::{Notice, Policy, Regime},
};
use jiff::{Timestamp, ToSpan};

pub fn at(text: &str) -> Timestamp {
    let text = if text.len() == 10 { format!("{text}T12:00:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

pub fn law(id: &str) -> Law {
    Law::parse(id).unwrap()
}

pub fn policy(regimes: &[Regime], establishment: Option<&str>) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
    policy.regimes = regimes.to_vec();
    policy.establishment = establishment.map(|place| Place::parse(place).unwrap());
    policy
}

pub fn european() -> Policy {
    policy(&[Regime::EuGdpr], Some("FR"))
}

/// A breach at noon of a day, of which only these laws and times are known.
pub fn incident(laws: &[&str], times: &[(Anchor, &str)]) -> Incident {
    let day = times.first().map_or_else(|| at("2026-01-15"), |(_, time)| at(time));
    let mut facts = Facts::new(day - 48.hours(), day - 24.hours(), Texts::default());
    facts.laws = laws.iter().map(|id| law(id)).collect();
    Incident::new(Breach {
        id: domain::ids::BreachId::parse("BBBBBBBBBBBBBBBBBBBBBA").unwrap(),
        title: "A leak".into(),
        declared_at: day,
        declared_by: StaffId::parse("officer-1").unwrap(),
        times: times.iter().map(|(anchor, time)| (*anchor, at(time))).collect(),
        facts,
        signals: BTreeSet::new(),
        settled: Vec::new(),
    })
}

pub fn living(mut incident: Incident, people: Option<u64>, residents: &[(&str, u64)]) -> Incident {
    incident.breach.facts.people = people;
    incident.breach.facts.residents =
        residents.iter().map(|(place, people)| (Place::parse(place).unwrap(), *people)).collect();
    incident
}

pub fn then(incident: &Incident, when: &str, act: Act) -> Incident {
    let by = if act.is_by_product() { Actor::Product } else { Actor::Staff(StaffId::parse("officer-1").unwrap()) };
    incident.after(Entry { at: at(when), by, act }).unwrap()
}

pub fn inputs(level: Level) -> SeverityInputs {
    let (data, identification) = match level {
        Level::Low => (DataKind::Simple, Identification::Limited),
        Level::Medium => (DataKind::Behavioural, Identification::Maximum),
        Level::High => (DataKind::Financial, Identification::Maximum),
        Level::VeryHigh => (DataKind::Sensitive, Identification::Maximum),
    };
    SeverityInputs {
        data,
        adjustment: 0,
        identification,
        confidentiality: CircumstancesOf::Limited,
        integrity: CircumstancesOf::None,
        availability: CircumstancesOf::None,
        malicious: false,
    }
}

pub fn assessed(incident: &Incident, level: Level) -> Incident {
    let assessment = Assessment { inputs: inputs(level), reason: "As seen.".into() };
    assert_eq!(assessment.severity().level(), level);
    then(incident, "2026-02-01", Act::Assessed(assessment))
}

pub fn assessed_with(incident: &Incident, change: impl Fn(&mut SeverityInputs)) -> Incident {
    let mut inputs = inputs(Level::Low);
    change(&mut inputs);
    then(incident, "2026-02-01", Act::Assessed(Assessment { inputs, reason: "As seen.".into() }))
}

pub fn decided(incident: &Incident, authority: bool, people: PeopleAre) -> Incident {
    then(incident, "2026-02-02", Act::Decided(Decision { authority, people, reason: "So decided.".into() }))
}

pub fn sent(incident: &Incident, id: &str, duty: Duty, when: &str) -> Incident {
    let submission =
        Submission { law: law(id), duty, to: "them".into(), at: at(when), reference: "1".into(), version: 0 };
    then(incident, "2026-12-31", Act::Notified(submission))
}

pub fn known(incident: &Incident, change: impl Fn(&mut Facts)) -> Incident {
    let mut facts = incident.facts().clone();
    change(&mut facts);
    then(incident, "2026-02-03", Act::FactsChanged(Box::new(facts)))
}

pub fn find(policy: &Policy, incident: &Incident, id: &str, duty: Duty) -> Option<Clock> {
    clocks(policy, incident).into_iter().find(|clock| clock.source() == id && clock.duty == duty)
}

pub fn clock(incident: &Incident, id: &str, duty: Duty) -> Clock {
    find(&european(), incident, id, duty).unwrap()
}

/// When a day ends that is the last one in its law's zone.
pub fn due(incident: &Incident, id: &str, duty: Duty) -> Option<String> {
    clock(incident, id, duty).due.map(|due| due.to_string())
}

pub fn is_owed(incident: &Incident, id: &str, duty: Duty) -> bool {
    !matches!(clock(incident, id, duty).standing, Standing::NotOwed(_))
}

pub fn told(clock: &Clock) -> String {
    clock.reasons.iter().map(|reason| reason.words.as_str()).collect::<Vec<_>>().join(" | ")
}
