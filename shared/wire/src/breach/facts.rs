//! What is known of a breach, as it is sent and as it is stored.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    breach::{BREACH_TEXT_BYTES_MAX, Effect, Facts, Protection, Scope, ScopeCounts, Texts},
    clock::{Anchor, Law},
    ids::{Category, Ground, Purpose, Recipient},
    language::Language,
    place::Place,
    record::System,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, at, time};

/// Most members of one list.
const LIST_MAX: usize = 200;

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsForm {
    /// When data was exposed, from.
    pub exposed_from: String,
    /// To.
    pub exposed_to: String,
    /// Whether it was only tried.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attempt_only: bool,
    /// `confidentiality`, `integrity`, `availability`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<String>,
    /// Whose data it reached.
    #[serde(default)]
    pub scope: ScopeForm,
    /// The controller's service that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Laws that bind besides those of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<String>,
    /// About how many people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u64>,
    /// About how many records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// About how many people live where.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub residents: BTreeMap<String, u64>,
    /// `readable`, `encrypted-keys-safe`, `encrypted-keys-exposed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<String>,
    /// Whether what was done since keeps the high risk from coming about.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub risk_averted: bool,
    /// What is told of it, by language: `en` at least.
    pub texts: BTreeMap<String, TextsForm>,
}

/// Whose data it reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeForm {
    /// Categories of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Purposes of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// `habeas`, `s3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// Recipients of the policy, to whom data had been disclosed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// Whether people count of whom only a consent is stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub consents: bool,
}

/// What is told, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextsForm {
    /// What happened, in plain language.
    pub description: String,
    /// What may follow from it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub consequences: String,
    /// What was done or is proposed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub measures: String,
    /// What people can do themselves.
    pub advice: String,
    /// Why an authority is notified late, where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub delay: String,
}

fn list<T: Ord>(
    names: &[String],
    pointer: &str,
    read: impl Fn(&str, &str) -> Result<T, FormError>,
) -> Result<BTreeSet<T>, FormError> {
    if names.len() > LIST_MAX {
        return Err(FormError::new(pointer, format!("at most {LIST_MAX}")));
    }
    names.iter().enumerate().map(|(n, name)| read(name, &format!("{pointer}/{n}"))).collect()
}

/// Reads a name that is one of a few words.
pub(super) fn word<T>(read: Option<T>, pointer: &str, rule: &str) -> Result<T, FormError> {
    read.ok_or_else(|| FormError::new(pointer, rule))
}

fn texts(form: TextsForm, pointer: &str) -> Result<Texts, FormError> {
    for (name, text, may_be_empty) in [
        ("description", &form.description, false),
        ("consequences", &form.consequences, true),
        ("measures", &form.measures, true),
        ("advice", &form.advice, false),
        ("delay", &form.delay, true),
    ] {
        if text.len() > BREACH_TEXT_BYTES_MAX || (!may_be_empty && text.trim().is_empty()) {
            let least = i32::from(!may_be_empty);
            return Err(FormError::new(
                format!("{pointer}/{name}"),
                format!("holds {least} to {BREACH_TEXT_BYTES_MAX} bytes"),
            ));
        }
    }
    Ok(form.into())
}

impl FactsForm {
    /// Checks the form and reads what it says. Whether the policy names its names is asked elsewhere.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<Facts, FormError> {
        let (exposed_from, exposed_to) =
            (time(&self.exposed_from, "/exposed_from")?, time(&self.exposed_to, "/exposed_to")?);
        if exposed_to < exposed_from {
            return Err(FormError::new("/exposed_to", "the exposure ends before it starts"));
        }
        let mut told = BTreeMap::new();
        for (tag, form) in self.texts {
            // The names are the sender's own, so the place is that of them all.
            let language = word(
                Language::ALL.into_iter().find(|language| language.as_str() == tag),
                "/texts",
                "a language is en, de or fr",
            )?;
            told.insert(language, texts(form, &format!("/texts/{}", language.as_str()))?);
        }
        if !told.contains_key(&Language::English) {
            return Err(FormError::new("/texts/en", "is missing"));
        }
        if self.residents.len() > LIST_MAX {
            return Err(FormError::new("/residents", format!("at most {LIST_MAX}")));
        }
        let mut residents = BTreeMap::new();
        for (place, count) in &self.residents {
            let place = Place::parse(place).map_err(|invalid| FormError::new("/residents", invalid.to_string()))?;
            residents.insert(place, *count);
        }
        let mut facts = Facts::new(exposed_from, exposed_to, Texts::default());
        facts.attempt_only = self.attempt_only;
        facts.effects = list(&self.effects, "/effects", |name, pointer| {
            word(Effect::parse(name), pointer, "an effect is confidentiality, integrity or availability")
        })?;
        facts.scope = self.scope.parse().map_err(|error| error.within("/scope"))?;
        facts.service = self.service.map(|name| Ground::parse(&name).map_err(at("/service"))).transpose()?;
        facts.laws = list(&self.laws, "/laws", |name, pointer| {
            word(Law::parse(name), pointer, "no such law is known; `habeas clock laws` lists them")
        })?;
        facts.people = self.people;
        facts.records = self.records;
        facts.residents = residents;
        facts.protection = match self.protection {
            None => Protection::default(),
            Some(name) => word(
                Protection::parse(&name),
                "/protection",
                "is readable, encrypted-keys-safe or encrypted-keys-exposed",
            )?,
        };
        facts.risk_averted = self.risk_averted;
        facts.texts = told;
        Ok(facts)
    }
}

impl ScopeForm {
    fn parse(&self) -> Result<Scope, FormError> {
        Ok(Scope {
            categories: list(&self.categories, "/categories", |name, pointer| {
                Category::parse(name).map_err(at(pointer))
            })?,
            purposes: list(&self.purposes, "/purposes", |name, pointer| Purpose::parse(name).map_err(at(pointer)))?,
            systems: list(&self.systems, "/systems", |name, pointer| {
                word(System::parse(name), pointer, "a system is habeas or s3")
            })?,
            recipients: list(&self.recipients, "/recipients", |name, pointer| {
                Recipient::parse(name).map_err(at(pointer))
            })?,
            consents: self.consents,
        })
    }
}

impl From<&Facts> for FactsForm {
    fn from(facts: &Facts) -> Self {
        Self {
            exposed_from: facts.exposed_from.to_string(),
            exposed_to: facts.exposed_to.to_string(),
            attempt_only: facts.attempt_only,
            effects: crate::texts(facts.effects.iter().map(|effect| effect.as_str())),
            scope: ScopeForm {
                categories: crate::texts(&facts.scope.categories),
                purposes: crate::texts(&facts.scope.purposes),
                systems: crate::texts(facts.scope.systems.iter().map(|system| system.as_str())),
                recipients: crate::texts(&facts.scope.recipients),
                consents: facts.scope.consents,
            },
            service: facts.service.as_ref().map(ToString::to_string),
            laws: crate::texts(facts.laws.iter().map(|law| law.as_str())),
            people: facts.people,
            records: facts.records,
            residents: facts.residents.iter().map(|(place, count)| (place.to_string(), *count)).collect(),
            protection: (facts.protection != Protection::default()).then(|| facts.protection.as_str().to_owned()),
            risk_averted: facts.risk_averted,
            texts: facts.texts.iter().map(|(language, texts)| (language.as_str().to_owned(), texts.into())).collect(),
        }
    }
}

impl From<TextsForm> for Texts {
    fn from(form: TextsForm) -> Self {
        let TextsForm { description, consequences, measures, advice, delay } = form;
        Self { description, consequences, measures, advice, delay }
    }
}

impl From<&Texts> for TextsForm {
    fn from(texts: &Texts) -> Self {
        let Texts { description, consequences, measures, advice, delay } = texts.clone();
        Self { description, consequences, measures, advice, delay }
    }
}

/// What a count of a scope found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountsForm {
    /// How many people.
    pub people: u64,
    /// How many records.
    pub records: u64,
    /// How many records of each category.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_category: BTreeMap<String, u64>,
    /// How many consents.
    #[serde(default)]
    pub consents: u64,
}

impl CountsForm {
    /// Reads what it says.
    ///
    /// # Errors
    /// [`FormError`] for a category of another form.
    pub fn parse(&self) -> Result<ScopeCounts, FormError> {
        let mut by_category = BTreeMap::new();
        for (category, count) in &self.by_category {
            by_category.insert(Category::parse(category).map_err(at("/by_category"))?, *count);
        }
        Ok(ScopeCounts { people: self.people, records: self.records, by_category, consents: self.consents })
    }
}

impl From<&ScopeCounts> for CountsForm {
    fn from(counts: &ScopeCounts) -> Self {
        Self {
            people: counts.people,
            records: counts.records,
            by_category: counts.by_category.iter().map(|(category, count)| (category.to_string(), *count)).collect(),
            consents: counts.consents,
        }
    }
}

/// From what clocks count in a breach: not from receipts and the like.
pub(crate) fn anchor(name: &str, pointer: &str) -> Result<Anchor, FormError> {
    let anchor = Anchor::parse(name).filter(|anchor| {
        matches!(
            anchor,
            Anchor::Awareness
                | Anchor::ProcessorAwareness
                | Anchor::Discovery
                | Anchor::Detection
                | Anchor::Determination
                | Anchor::Suspicion
                | Anchor::Assessment
                | Anchor::Classification
                | Anchor::Materiality
        )
    });
    word(
        anchor,
        pointer,
        "is aware, processor_aware, discovered, detected, determined, suspected, assessed, classified or material",
    )
}

/// Reads times by the names of what happened then.
pub(crate) fn times(form: &BTreeMap<String, String>, pointer: &str) -> Result<Vec<(Anchor, Timestamp)>, FormError> {
    let mut times = Vec::new();
    for (name, at) in form {
        let anchor = anchor(name, pointer)?;
        times.push((anchor, time(at, &format!("{pointer}/{}", anchor.as_str()))?));
    }
    Ok(times)
}
