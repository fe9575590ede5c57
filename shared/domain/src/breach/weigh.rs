//! Whether the conditions of a law's row hold for a breach, by what is known of it. What is not known excludes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assessment, CircumstancesOf, DataKind, Effect, Incident, Level, Protection};
use crate::{
    clock::{Among, Condition, Law, Number, RiskOf},
    place::Place,
};

/// Why something is as it is, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// In a sentence.
    pub words: String,
    /// Where it says so; empty where nothing but the facts does.
    pub source: String,
}

impl Reason {
    /// A reason.
    pub fn new(words: impl Into<String>, source: impl Into<String>) -> Self {
        Self { words: words.into(), source: source.into() }
    }
}

/// Whether a condition holds, each with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    Yes(String),
    No(String),
    Unknown(String),
}

/// What a weighing of conditions turns on.
#[derive(Debug)]
pub(super) struct Known {
    /// How many people are concerned, as counted or estimated, whichever is more.
    total: Option<u64>,
    residents: BTreeMap<Place, u64>,
    protection: Protection,
    effects: BTreeSet<Effect>,
    risk_averted: bool,
    assessment: Option<Assessment>,
}

impl Known {
    pub(super) fn of(incident: &Incident) -> Self {
        let facts = incident.facts();
        // That nothing is stored here any more does not mean that nobody was concerned.
        let counted = incident.counts().map(|(_, counts)| counts.people).filter(|people| *people > 0);
        Self {
            total: facts.people.max(counted),
            residents: facts.residents.clone(),
            protection: facts.protection,
            effects: facts.effects.clone(),
            risk_averted: facts.risk_averted,
            assessment: incident.assessment().map(|(_, assessment)| assessment.clone()),
        }
    }

    /// Whether it is known of everybody where they live.
    pub(super) fn knows_all_residences(&self) -> bool {
        let placed: u64 = self.residents.values().fold(0, |sum, people| sum.saturating_add(*people));
        placed > 0 && self.total.is_some_and(|total| placed >= total)
    }

    /// How many people at least, and at most as far as that is known.
    fn people(&self, among: Among, law: Law) -> (u64, Option<u64>) {
        let sum = |counts: &dyn Fn(&Place) -> bool| {
            let counted = self.residents.iter().filter(|(place, _)| counts(place));
            counted.fold(0_u64, |sum, (_, people)| sum.saturating_add(*people))
        };
        let all = sum(&|_| true);
        let (inside, perhaps) = match among {
            Among::Everyone => return (self.total.unwrap_or(0).max(all), self.total.map(|total| total.max(all))),
            Among::Residents => {
                let country = law.place().filter(|place| place.part().is_some()).map(|place| place.country());
                let is_perhaps = |place: &Place| place.part().is_none() && Some(place.country()) == country;
                (sum(&|place| law.protects_in(place)), sum(&is_perhaps))
            }
            Among::OneState => {
                let is_american = |place: &Place| place.country().as_str() == "US";
                let states = self.residents.iter().filter(|(place, _)| is_american(place) && place.part().is_some());
                let most = states.map(|(_, people)| *people).max().unwrap_or(0);
                (most, sum(&|place| is_american(place) && place.part().is_none()))
            }
        };
        if inside > 0 {
            return (inside, Some(inside.saturating_add(perhaps)));
        }
        // Who is not known to live elsewhere may live there.
        let elsewhere = all.saturating_sub(inside).saturating_sub(perhaps);
        (0, self.total.map(|total| total.saturating_sub(elsewhere).max(perhaps)))
    }

    fn number(&self, among: Among, number: Number, law: Law) -> Holds {
        let (least, most) = self.people(among, law);
        let whom = match among {
            Among::Residents => "people who live there",
            Among::OneState => "people of one state",
            Among::Everyone => "people",
        };
        let grows = !matches!(number, Number::FewerThan(_));
        let by_least = number.is_met_by(least);
        let by_most = most.map(|most| number.is_met_by(most));
        match (grows, by_least, by_most) {
            (true, true, _) | (false, _, Some(true)) => Holds::Yes(format!("{number} {whom} are concerned")),
            (true, _, Some(false)) => {
                let most = most.unwrap_or_default();
                Holds::No(format!("it takes {number} {whom}, and it is about {most} at most"))
            }
            (false, false, _) => Holds::No(format!("it takes {number} {whom}, and it is about {least} at least")),
            _ => Holds::Unknown(format!(
                "nobody knows whether it is {number} {whom}: what is not known excludes nothing"
            )),
        }
    }

    /// How severe it was assessed to be.
    pub(super) fn level(&self) -> Option<Level> {
        self.assessment.as_ref().map(|assessment| assessment.severity().level())
    }

    /// Whether a risk for people is unlikely (GDPR Art. 33(1)). ENISA's lowest level alone does not say so, since it
    /// still means inconvenience: the data must be simple or behavioural as well, nobody unknown may have it, nothing
    /// may be lost or changed for good, and nobody may have meant it. Data that nobody can read, and of which nothing
    /// is lost, is no risk at that level either way.
    pub(super) fn risk_is_unlikely(&self) -> Option<bool> {
        let assessment = self.assessment.as_ref()?;
        let inputs = &assessment.inputs;
        let is_low = assessment.severity().level() == Level::Low;
        let is_kept = inputs.integrity != CircumstancesOf::Full && inputs.availability != CircumstancesOf::Full;
        let is_plain = matches!(inputs.data, DataKind::Simple | DataKind::Behavioural);
        let is_contained = inputs.confidentiality != CircumstancesOf::Full && !inputs.malicious && is_plain;
        Some(is_low && is_kept && (self.is_unreadable() && !self.is_lost() || is_contained))
    }

    pub(super) fn is_unreadable(&self) -> bool {
        self.protection == Protection::KeysSafe
    }

    fn is_lost(&self) -> bool {
        self.effects.contains(&Effect::Integrity) || self.effects.contains(&Effect::Availability)
    }

    pub(super) const fn is_averted(&self) -> bool {
        self.risk_averted
    }

    /// How many people are concerned, at least.
    pub(super) fn people_at_least(&self) -> u64 {
        self.people(Among::Everyone, Law::EU_GDPR).0
    }

    pub(super) fn holds(&self, condition: &Condition, law: Law) -> Holds {
        let unassessed = || Holds::Unknown("nobody has assessed it: what is not known excludes nothing".to_owned());
        match condition {
            Condition::People(among, number) => self.number(*among, *number, law),
            Condition::Risk(RiskOf::Some) => match self.risk_is_unlikely() {
                None => unassessed(),
                // Who leaves out an authority answers for it (GDPR Art. 5(2), 33(1)): a person decides that.
                Some(true) => Holds::Unknown(
                    "by the assessment a risk is unlikely: the duty stands until a person decides so".to_owned(),
                ),
                Some(false) => Holds::Yes("a risk is not unlikely".to_owned()),
            },
            Condition::Risk(risk) => {
                let (from, what) = match risk {
                    RiskOf::High => (Level::High, "a high risk"),
                    _ => (Level::Medium, "serious harm"),
                };
                match self.level() {
                    None => unassessed(),
                    Some(level) if level >= from => {
                        Holds::Yes(format!("assessed as {}: {what} is likely", level.as_str()))
                    }
                    Some(level) => Holds::No(format!("assessed as {}: {what} is not likely", level.as_str())),
                }
            }
            Condition::Readable if self.is_unreadable() => {
                Holds::No("the data was encrypted, and the keys are safe".to_owned())
            }
            Condition::ReadableOrLost if self.is_unreadable() && !self.is_lost() => {
                Holds::No("whoever has the data cannot read it: it was encrypted, and the keys are safe".to_owned())
            }
            Condition::ReadableOrLost if self.is_unreadable() => {
                Holds::Yes("the data was encrypted, but some of it was changed or lost".to_owned())
            }
            Condition::Readable | Condition::ReadableOrLost => Holds::Yes("the data may be readable".to_owned()),
            Condition::NotAverted if self.risk_averted => {
                Holds::No("what was done since keeps the harm from coming about".to_owned())
            }
            Condition::NotAverted => Holds::Yes("nothing done since averts the harm".to_owned()),
            Condition::Grave | Condition::Improper(_) => match self.assessment.as_ref().map(|found| found.inputs) {
                None => unassessed(),
                Some(inputs) => {
                    let is_grave = matches!(inputs.data, DataKind::Financial | DataKind::Sensitive);
                    let (holds, yes, no) = match condition {
                        Condition::Improper(wanted) => (
                            inputs.malicious == *wanted,
                            "the purpose is as the row says",
                            if *wanted {
                                "nobody is thought to have meant it"
                            } else {
                                "somebody seems to have meant it"
                            },
                        ),
                        _ => (
                            is_grave || inputs.malicious,
                            "the data is sensitive or financial, or it was an attack",
                            "the data is neither sensitive nor financial, and it was no attack",
                        ),
                    };
                    if holds { Holds::Yes(yes.to_owned()) } else { Holds::No(no.to_owned()) }
                }
            },
            Condition::Any(any) => {
                let found: Vec<Holds> = any.iter().map(|one| self.holds(one, law)).collect();
                let words = |wanted: fn(&Holds) -> Option<&String>| {
                    let words: Vec<&str> = found.iter().filter_map(wanted).map(String::as_str).collect();
                    (!words.is_empty()).then(|| words.join("; "))
                };
                let yes = words(|holds| if let Holds::Yes(words) = holds { Some(words) } else { None });
                let unknown = words(|holds| if let Holds::Unknown(words) = holds { Some(words) } else { None });
                let no = words(|holds| if let Holds::No(words) = holds { Some(words) } else { None });
                yes.map(Holds::Yes).or(unknown.map(Holds::Unknown)).unwrap_or_else(|| Holds::No(no.unwrap_or_default()))
            }
        }
    }

    /// All conditions of a row: what speaks for it, or what excludes it.
    pub(super) fn weigh(&self, conditions: &[Condition], law: Law) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        for condition in conditions {
            match self.holds(condition, law) {
                Holds::No(words) => return Err(words),
                // That nothing speaks against it needs no words.
                Holds::Yes(words)
                    if !matches!(
                        condition,
                        Condition::Readable | Condition::ReadableOrLost | Condition::NotAverted
                    ) =>
                {
                    found.push(words);
                }
                Holds::Yes(_) => {}
                Holds::Unknown(words) => found.push(words),
            }
        }
        found.dedup();
        Ok(found)
    }
}
