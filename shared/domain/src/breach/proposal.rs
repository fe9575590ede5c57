//! Who must be told of a breach, by rule and with reasons. It is a proposal: a person decides, and may decide
//! otherwise with a reason; what differs is shown.

use super::{
    Decision, Exemption, Incident, Level, PeopleAre, Reason,
    clocks::{bound_by, is_of_authorities, promise_conditions, role_of},
    weigh::{Holds, Known},
};
use crate::{
    clock::{self, Condition, Duty, Law, RiskOf, Rule},
    policy::{Policy, ServiceRole},
};

/// What is proposed about somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggestion {
    /// They are told.
    Tell,
    /// They are not, people by that exemption.
    Not(Option<Exemption>),
    /// It turns on the risk, which nobody has assessed.
    AssessFirst,
}

impl Suggestion {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::Not(_) => "do-not",
            Self::AssessFirst => "assess-first",
        }
    }
}

/// A suggestion with what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// What is proposed.
    pub suggestion: Suggestion,
    /// Why: never empty.
    pub reasons: Vec<Reason>,
}

/// Who must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The authorities.
    pub authority: Proposed,
    /// The people.
    pub people: Proposed,
    /// The controller, where this one only acts for it.
    pub controller: Option<Proposed>,
}

/// Who must be told of a breach, by what is known now.
///
/// - A processor tells its controller alone (GDPR Art. 33(2)).
/// - Authorities are told unless every law that binds lets it be: by a risk that is unlikely (Art. 33(1)), by the
///   number of people, by encryption in the United States. What nobody has assessed is told.
/// - People are told where one law that binds asks for it: at a high risk (Art. 34(1): ENISA's *high* and *very high*),
///   at serious harm (*medium* and up), or whatever the risk; and where the policy promises more. The exemptions of
///   Art. 34(3)(a) and (b) are weighed; whether telling each is out of proportion (c) is left to a person.
/// - Of an attempt nobody is told but whom the policy promises it to.
pub fn proposal(policy: &Policy, incident: &Incident) -> Proposal {
    let known = Known::of(incident);
    let bound: Vec<Law> = bound_by(policy, incident).into_iter().map(|(law, _)| law).collect();
    if role_of(policy, incident) == ServiceRole::Processor {
        return by_processor(&bound);
    }
    let is_attempt = incident.facts().attempt_only;
    let rules = |wanted: fn(Duty) -> bool| {
        let bound = &bound;
        let rules = clock::rules().filter(move |rule| !is_attempt && bound.contains(&rule.law) && wanted(rule.duty));
        rules.collect::<Vec<_>>()
    };
    let authority = weighed(&known, &rules(is_of_authorities), is_attempt, "no law that binds names an authority");
    let authority = match authority.suggestion {
        // Whatever is not known to be harmless is told (Art. 33(1): "unless").
        Suggestion::AssessFirst => Proposed { suggestion: Suggestion::Tell, ..authority },
        _ => authority,
    };
    let to_people = rules(|duty| duty == Duty::NotifySubjects);
    let mut people = weighed(&known, &to_people, is_attempt, "no law that binds asks to tell people");
    if let Some(promised) = by_promise(policy, incident, &known) {
        people = stronger(promised, people);
    }
    if let Suggestion::Not(_) = people.suggestion {
        people.suggestion = Suggestion::Not(Some(exemption(&known)));
    }
    Proposal { authority, people, controller: None }
}

/// Which of the exemptions of Art. 34 holds where nobody asks to tell people.
fn exemption(known: &Known) -> Exemption {
    match known.level() {
        Some(level) if level < Level::High => Exemption::NoHighRisk,
        _ if known.is_unreadable() => Exemption::Unintelligible,
        _ if known.is_averted() => Exemption::RiskAverted,
        _ => Exemption::NoHighRisk,
    }
}

fn by_processor(bound: &[Law]) -> Proposal {
    let reason = Reason::new("a processor tells its controller, who tells everybody else", "GDPR Art. 33(2)");
    let nobody = Proposed { suggestion: Suggestion::Not(None), reasons: vec![reason.clone()] };
    let rows = clock::rules().filter(|rule| rule.duty == Duty::NotifyController && bound.contains(&rule.law));
    let mut reasons: Vec<Reason> = rows.map(|rule| Reason::new(rule.law.title(), rule.article)).collect();
    if reasons.is_empty() {
        reasons.push(reason);
    }
    let controller = Some(Proposed { suggestion: Suggestion::Tell, reasons });
    Proposal { authority: nobody.clone(), people: nobody, controller }
}

fn by_promise(policy: &Policy, incident: &Incident, known: &Known) -> Option<Proposed> {
    let rule = &policy.breach;
    if !rule.tell_of_attempts && (incident.facts().attempt_only || rule.within.is_none()) {
        return None;
    }
    let found = verdict(known, promise_conditions(policy), Law::EU_GDPR);
    let (suggestion, words) = match found {
        Holds::Yes(_) if incident.facts().attempt_only => {
            (Suggestion::Tell, "the policy promises to tell of an attempt too".to_owned())
        }
        Holds::Yes(_) => (Suggestion::Tell, "the policy promises to tell people".to_owned()),
        Holds::Unknown(words) => (Suggestion::AssessFirst, words),
        Holds::No(words) => (Suggestion::Not(None), words),
    };
    Some(Proposed { suggestion, reasons: vec![Reason::new(words, rule.clause.to_string())] })
}

/// All conditions of a row at once.
fn verdict(known: &Known, conditions: &[Condition], law: Law) -> Holds {
    let (mut speaks, mut unknown) = (Vec::new(), Vec::new());
    for condition in conditions {
        if *condition == Condition::Risk(RiskOf::Some) && known.risk_is_unlikely() == Some(true) {
            return Holds::No("by the assessment a risk is unlikely".to_owned());
        }
        match known.holds(condition, law) {
            Holds::No(words) => return Holds::No(words),
            Holds::Yes(words) => speaks.push(words),
            Holds::Unknown(words) => unknown.push(words),
        }
    }
    match (speaks.is_empty(), unknown.is_empty()) {
        (_, false) => Holds::Unknown(unknown.join("; ")),
        (true, true) => Holds::Yes("whatever the risk".to_owned()),
        (false, true) => Holds::Yes(speaks.join("; ")),
    }
}

/// What the rows of all laws come to: one that asks is enough.
fn weighed(known: &Known, rules: &[&'static Rule], is_attempt: bool, otherwise: &str) -> Proposed {
    let (mut asks, mut unknown, mut spares) = (Vec::new(), Vec::new(), Vec::new());
    for rule in rules {
        let reason = |words: &str| Reason::new(format!("{}: {words}", rule.law), rule.article);
        match verdict(known, rule.when, rule.law) {
            Holds::Yes(words) => asks.push(reason(&words)),
            Holds::Unknown(words) => unknown.push(reason(&words)),
            Holds::No(words) => spares.push(reason(&words)),
        }
    }
    if !asks.is_empty() {
        return Proposed { suggestion: Suggestion::Tell, reasons: asks };
    }
    if !unknown.is_empty() {
        return Proposed { suggestion: Suggestion::AssessFirst, reasons: unknown };
    }
    if spares.is_empty() {
        let words = if is_attempt { "it was only tried: no breach of security came of it" } else { otherwise };
        spares.push(Reason::new(words, if is_attempt { "GDPR Art. 4(12)" } else { "" }));
    }
    Proposed { suggestion: Suggestion::Not(None), reasons: spares }
}

fn stronger(one: Proposed, other: Proposed) -> Proposed {
    let rank = |proposed: &Proposed| match proposed.suggestion {
        Suggestion::Tell => 2,
        Suggestion::AssessFirst => 1,
        Suggestion::Not(_) => 0,
    };
    let (mut first, second) = if rank(&one) > rank(&other) { (one, other) } else { (other, one) };
    if rank(&first) == rank(&second) {
        first.reasons.extend(second.reasons);
    }
    first
}

impl Proposal {
    /// In what a decision differs from it, each in a sentence; empty: in nothing.
    pub fn differences(&self, decision: &Decision) -> Vec<String> {
        let mut found = Vec::new();
        let because = |proposed: &Proposed| {
            proposed.reasons.first().map_or_else(String::new, |reason| format!(" ({})", reason.words))
        };
        match (self.authority.suggestion, decision.authority) {
            (Suggestion::Tell | Suggestion::AssessFirst, false) => {
                found.push(format!("the rules propose to tell the authorities{}", because(&self.authority)));
            }
            (Suggestion::Not(_), true) => {
                found.push(format!("the rules ask for no authority to be told{}", because(&self.authority)));
            }
            _ => {}
        }
        let why = because(&self.people);
        match (self.people.suggestion, decision.people) {
            (Suggestion::Tell, PeopleAre::NotTold(_)) => {
                found.push(format!("the rules propose to tell each of the people{why}"));
            }
            (Suggestion::Tell | Suggestion::AssessFirst, PeopleAre::ToldInPublic) => found.push(
                "telling in public alone takes that telling each would be out of proportion (GDPR Art. 34(3)(c))"
                    .to_owned(),
            ),
            (Suggestion::Not(_), PeopleAre::Told | PeopleAre::ToldInPublic) => {
                found.push(format!("the rules do not ask to tell people{why}"));
            }
            (Suggestion::Not(Some(proposed)), PeopleAre::NotTold(decided)) if proposed != decided => {
                found.push(format!("the rules see another exemption, {}, than {}", proposed.as_str(), decided.as_str()))
            }
            (Suggestion::AssessFirst, _) => {
                found.push("it was decided about the people before anybody assessed the risk".to_owned());
            }
            _ => {}
        }
        found
    }
}
