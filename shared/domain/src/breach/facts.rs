//! What is known of a breach, as it is known now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    clock::Law,
    ids::{Category, Ground, Purpose, Recipient},
    language::Language,
    place::Place,
    record::System,
};

/// What a breach did to data (EDPB Guidelines 9/2022, 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Somebody saw it who should not have.
    Confidentiality,
    /// It was changed.
    Integrity,
    /// It was lost, or could not be reached.
    Availability,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Confidentiality, Self::Integrity, Self::Availability];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confidentiality => "confidentiality",
            Self::Integrity => "integrity",
            Self::Availability => "availability",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == text)
    }
}

/// Whether whoever has the data can read it (GDPR Art. 34(3)(a)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// It can be read, or nobody knows that it cannot.
    #[default]
    Readable,
    /// It is encrypted, and the keys are known to be safe.
    KeysSafe,
    /// It is encrypted, and the keys may have gone with it.
    KeysExposed,
}

impl Protection {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Readable, Self::KeysSafe, Self::KeysExposed];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::KeysSafe => "encrypted-keys-safe",
            Self::KeysExposed => "encrypted-keys-exposed",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protection| protection.as_str() == text)
    }
}

/// Whose data it reached, as a question to what is stored. An empty set leaves that side open; what is named on
/// several sides must hold on all of them, of one and the same thing that is stored: a record has a category, a purpose
/// and a system; a disclosure has a recipient, categories (one of them suffices) and a purpose.
///
/// Without recipients it asks for records. With recipients it asks for what was disclosed to them, and systems cannot
/// be named beside them. Consents come on top of either ([`super::Facts::reaches`]). What is kept in bulk is
/// nobody's in particular, so nobody is found by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Categories of the controller's policy.
    pub categories: BTreeSet<Category>,
    /// Purposes for which it was kept.
    pub purposes: BTreeSet<Purpose>,
    /// Where it was kept.
    pub systems: BTreeSet<System>,
    /// To whom it had been disclosed: a breach at a processor or another recipient.
    pub recipients: BTreeSet<Recipient>,
    /// Whether those are concerned as well of whom a consent is stored: for one of the purposes, where any are named;
    /// no other side is asked of it.
    pub consents: bool,
}

/// What a count of a scope found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeCounts {
    /// How many people.
    pub people: u64,
    /// How many records; where recipients are named, how many disclosures to them.
    pub records: u64,
    /// How many of these of each category. A disclosure counts for each category that it names.
    pub by_category: BTreeMap<Category, u64>,
    /// How many consents.
    pub consents: u64,
}

/// What people and authorities are told, in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// What happened, in plain language (GDPR Art. 34(2)).
    pub description: String,
    /// What may follow from it (Art. 33(3)(c)); may be empty while it is not known.
    pub consequences: String,
    /// What was done or is proposed (Art. 33(3)(d)); may be empty while nothing is.
    pub measures: String,
    /// What people can do themselves.
    pub advice: String,
    /// Why an authority is notified late, where it is (Art. 33(1)); people are not told of it.
    pub delay: String,
}

impl Texts {
    /// What people are told: without what is the authority's alone.
    pub fn for_people(&self) -> Self {
        Self { delay: String::new(), ..self.clone() }
    }
}

/// What is known of a breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// When data was exposed, from. Occurrence, which no clock but a notice speaks of.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// Whether it was only tried.
    pub attempt_only: bool,
    /// What it did to data; none: not known yet.
    pub effects: BTreeSet<Effect>,
    /// Whose data it reached.
    pub scope: Scope,
    /// The controller's service that it is about, where its role is not the same everywhere.
    pub service: Option<Ground>,
    /// Laws that bind besides those of the policy: `eu-nis2`, `us-hipaa`.
    pub laws: BTreeSet<Law>,
    /// About how many people, where it was estimated and not counted.
    pub people: Option<u64>,
    /// About how many records.
    pub records: Option<u64>,
    /// About how many people live where, as far as that is known: state laws ask for it.
    pub residents: BTreeMap<Place, u64>,
    /// Whether the data can be read.
    pub protection: Protection,
    /// Whether what was done since keeps the high risk from coming about (GDPR Art. 34(3)(b)).
    pub risk_averted: bool,
    /// What is told of it, by language; English is there at least.
    pub texts: BTreeMap<Language, Texts>,
}

impl Facts {
    /// What is known at the very least: when, and in words.
    pub fn new(exposed_from: Timestamp, exposed_to: Timestamp, texts: Texts) -> Self {
        Self {
            exposed_from,
            exposed_to,
            attempt_only: false,
            effects: BTreeSet::new(),
            scope: Scope::default(),
            service: None,
            laws: BTreeSet::new(),
            people: None,
            records: None,
            residents: BTreeMap::new(),
            protection: Protection::default(),
            risk_averted: false,
            texts: BTreeMap::from([(Language::English, texts)]),
        }
    }

    /// What is told in a language, or in English, or in whatever language there is.
    pub fn texts_in(&self, language: Language) -> Option<(Language, &Texts)> {
        let tongue = |language: Language| self.texts.get(&language).map(|texts| (language, texts));
        tongue(language)
            .or_else(|| tongue(Language::English))
            .or_else(|| self.texts.iter().next().map(|(language, texts)| (*language, texts)))
    }
}
