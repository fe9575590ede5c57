//! What a person reads of a breach: what happened, what may follow, what is done, what they can do, and whom to ask
//! (GDPR Art. 34(2)); under Californian law with the title and the five headings of Cal. Civ. Code 1798.82(d)(1).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    breach::{Act, Exemption, Incident, PeopleAre, Texts as Told, laws_of},
    clock::Law,
    dsar::Complaint,
    ids::{Category, SubjectRef},
    language::Language,
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use super::{
    answer::{competent, reached},
    body::{self, Block},
    texts::Texts,
};
use crate::mail::Mail;

/// A part under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// `None`: what stands before the first heading.
    pub(crate) heading: Option<String>,
    /// What it says.
    pub(crate) blocks: Vec<Block>,
}

/// Sections as plain text, each heading underlined.
pub(crate) fn plain<'a>(sections: impl IntoIterator<Item = &'a Section>) -> String {
    let heading = |heading: &String| format!("{heading}\n{}\n\n", "-".repeat(heading.chars().count()));
    let section = |section: &Section| {
        format!("{}{}", section.heading.as_ref().map(heading).unwrap_or_default(), body::plain(&section.blocks))
    };
    sections.into_iter().map(section).collect::<Vec<_>>().join("\n")
}

/// What is told of a breach, to one person or to everybody.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) texts: &'a BTreeMap<Language, Told>,
    pub(crate) exposed: (Timestamp, Timestamp),
    pub(crate) attempt_only: bool,
    pub(crate) categories: &'a BTreeSet<Category>,
    /// Whether the headings are exactly those of Californian law.
    pub(crate) is_californian: bool,
}

/// The controller's own words, which may have several lines.
fn own(words: &str) -> Vec<Block> {
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| Block::Text(line.to_owned())).collect()
}

fn own_or(words: &str, otherwise: String) -> Vec<Block> {
    let own = own(words);
    if own.is_empty() { vec![Block::Text(otherwise)] } else { own }
}

impl Words<'_> {
    /// The controller's own words in a language, or in the one that there is.
    pub(crate) fn texts_in(&self, language: Language) -> (Language, Told) {
        let tongue = |language: Language| Some((language, self.texts.get(&language)?.clone()));
        let any = || self.texts.iter().next().map(|(language, texts)| (*language, texts.clone()));
        tongue(language).or_else(|| tongue(Language::English)).or_else(any).unwrap_or_default()
    }

    /// All that is told, section by section.
    pub(crate) fn sections(&self, language: Language) -> Vec<Section> {
        let texts = Texts::of(language);
        let (spoken, own_words) = self.texts_in(language);
        let mut sections = Vec::new();
        if spoken != language {
            let line = match spoken {
                Language::English => texts.breach_in_english(),
                Language::German => texts.breach_in_german(),
                Language::French => texts.breach_in_french(),
            };
            sections.push(Section { heading: None, blocks: vec![Block::Text(line)] });
        }
        let mut section = |heading: String, blocks: Vec<Block>| {
            sections.push(Section { heading: Some(heading), blocks });
        };
        let mut happened = vec![Block::Text(self.when(texts))];
        happened.extend(own(&own_words.description));
        // GDPR Art. 34(2), 33(3)(c). The five headings of Californian law have no room for a sixth.
        let consequences = own_or(&own_words.consequences, texts.breach_consequences_unknown());
        if self.is_californian {
            happened.extend(consequences.iter().cloned());
        }
        section(texts.breach_heading_happened(), happened);
        section(texts.breach_heading_information(), self.kinds(texts));
        if !self.is_californian {
            section(texts.breach_heading_consequences(), consequences);
        }
        section(texts.breach_heading_measures(), own_or(&own_words.measures, texts.breach_measures_unknown()));
        section(texts.breach_heading_advice(), own_or(&own_words.advice, texts.breach_advice_none()));
        section(texts.breach_heading_contact(), self.contact(texts));
        sections
    }

    fn when(&self, texts: &Texts) -> String {
        let (from, to) = self.exposed;
        let (from, to) = (texts.day_of(self.policy, from), texts.day_of(self.policy, to));
        if from == to { texts.breach_on(from) } else { texts.breach_between(from, to) }
    }

    fn kinds(&self, texts: &Texts) -> Vec<Block> {
        if self.categories.is_empty() {
            return vec![Block::Text(texts.breach_kinds_unknown())];
        }
        let kinds = self.categories.iter().map(ToString::to_string).collect();
        vec![Block::Text(texts.breach_kinds()), Block::List(kinds)]
    }

    /// Whom to ask, and where to complain (GDPR Art. 33(3)(b), 77).
    fn contact(&self, texts: &Texts) -> Vec<Block> {
        let policy = self.policy;
        let complaint = Complaint::under(policy, &policy.regimes);
        let mut blocks = vec![Block::Text(texts.questions(policy.contact_mail.as_str()))];
        blocks.extend(complaint.officer.map(|officer| Block::Text(texts.officer(officer))));
        let mut authorities = Vec::new();
        if complaint.clause.is_some() {
            authorities.push(reached(texts, complaint.authority, [complaint.url, complaint.phone, complaint.post]));
        }
        authorities.extend(complaint.competent.iter().map(|regime| competent(texts, *regime)));
        if !authorities.is_empty() {
            blocks.extend([Block::Text(texts.complaint()), Block::List(authorities)]);
        }
        blocks
    }
}

/// Whether people were not told for a time because the police asked to wait (Cal. Civ. Code 1798.82(d)(2)(D)).
fn was_delayed(incident: &Incident) -> bool {
    let waits = |act: &Act| matches!(act, Act::Decided(decision) if decision.people == PeopleAre::NotTold(Exemption::Investigation));
    incident.history.iter().any(|entry| waits(&entry.act))
}

/// What one person reads: the subject line, and the text of the day on which it is written.
pub(crate) fn letter(policy: &Policy, incident: &Incident, language: Language, at: Timestamp) -> (String, String) {
    let facts = incident.facts();
    let (texts, name) = (Texts::of(language), policy.name.as_str());
    let words = Words {
        policy,
        texts: &facts.texts,
        exposed: (facts.exposed_from, facts.exposed_to),
        attempt_only: facts.attempt_only,
        categories: &facts.scope.categories,
        is_californian: laws_of(policy, incident).contains(&Law::US_CA),
    };
    let lead = if words.attempt_only { texts.breach_tried(name) } else { texts.breach_reached(name) };
    let mut first = vec![Block::Text(lead), Block::Text(texts.breach_dated(name, texts.day_of(policy, at)))];
    if was_delayed(incident) {
        first.push(Block::Text(texts.breach_delayed()));
    }
    let title = words.is_californian.then(|| texts.breach_title());
    let first = Section { heading: title, blocks: first };
    let sections = words.sections(language);
    (texts.breach_subject(name), plain(std::iter::once(&first).chain(&sections)))
}

/// Tells a person of a breach by mail, in their language.
pub fn breach(
    policy: &Policy,
    incident: &Incident,
    subject: &SubjectRef,
    (to, language): (Sensitive<String>, Language),
    at: Timestamp,
) -> Mail {
    let (line, text) = letter(policy, incident, language, at);
    Mail {
        controller: policy.controller.clone(),
        to,
        subject: line,
        text,
        tag: format!("breach-{}-{}", incident.breach.id, subject.as_str().replace('.', "-")),
        unsubscribe: None,
    }
}

#[cfg(test)]
mod tests;
