//! The words of a notification by language: names and short sentences without grammar of their own, so that a missing
//! one does not compile. What staff wrote stands beside them as it was written.

use domain::{clock::Duty, language::Language};

use super::{
    Addressee, Phase,
    forms::{FactName, Part},
};

mod de;
mod en;
mod fr;

macro_rules! words {
    ($($name:ident,)+) => {
        /// The words of one language.
        #[derive(Debug, Clone, Copy)]
        #[expect(missing_docs, reason = "each is what it is named for; {} is where a value stands")]
        pub struct Words {
            fact: fn(FactName) -> &'static str,
            part: fn(Part) -> &'static str,
            title: fn(&Addressee) -> &'static str,
            /// Between groups of three digits.
            group: &'static str,
            $(pub $name: &'static str,)+
        }
    };
}

words! {
    the_controller, controller, joint_controller, processor, officer_, from_to_, attempt_only, confidentiality,
    integrity, availability, readable, keys_safe, keys_exposed, records_, consents_, counted_, about_, several_members,
    several_countries, low, medium, high, very_high, severity_, risk_averted, told, told_in_public, no_high_risk,
    unintelligible, averted, investigation, all_told_, telling_runs, telling_paused, telling_stopped, late_, reference_,
    not_known, first, update_, last, by_law_, breach_, as_of_, status, to, from, incomplete, follows_, complete, news, news_since_,
    no_news, before, now, was_not_known, no_longer_said, unchanged_, page, of, replaced, asked_of_processor_title,
    asked_of_processor,
}

impl Words {
    /// The words of a language.
    pub const fn of(language: Language) -> Self {
        match language {
            Language::English => en::WORDS,
            Language::German => de::WORDS,
            Language::French => fr::WORDS,
        }
    }

    /// What a fact is called.
    pub fn fact(&self, name: FactName) -> &'static str {
        (self.fact)(name)
    }

    /// The heading of a part.
    pub fn part(&self, part: Part) -> &'static str {
        (self.part)(part)
    }

    /// What a notification is called.
    pub fn title(&self, addressee: &Addressee) -> &'static str {
        (self.title)(addressee)
    }

    /// Which of several it is.
    pub fn phase(&self, phase: Phase) -> String {
        match phase {
            Phase::First => self.first.to_owned(),
            Phase::Update(number) => fill(self.update_, &[&number.to_string()]),
            Phase::Final => self.last.to_owned(),
        }
    }

    /// A whole number, its digits in groups of three.
    pub fn digits(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (n, digit) in digits.chars().enumerate() {
            if n > 0 && (digits.len() - n).is_multiple_of(3) {
                grouped.push_str(self.group);
            }
            grouped.push(digit);
        }
        grouped
    }

    pub(super) fn officer(&self, mail: &str) -> String {
        fill(self.officer_, &[mail])
    }

    pub(super) fn between(&self, from: &str, to: &str) -> String {
        if from == to { from.to_owned() } else { fill(self.from_to_, &[from, to]) }
    }

    pub(super) fn records(&self, count: u64) -> String {
        fill(self.records_, &[&self.digits(count)])
    }

    pub(super) fn consents(&self, count: u64) -> String {
        fill(self.consents_, &[&self.digits(count)])
    }

    pub(super) fn counted(&self, number: u64, at: &str) -> String {
        fill(self.counted_, &[&self.digits(number), at])
    }

    pub(super) fn about(&self, number: u64) -> String {
        fill(self.about_, &[&self.digits(number)])
    }

    pub(super) fn severity(&self, level: &str, score: &str) -> String {
        fill(self.severity_, &[level, score])
    }

    pub(super) fn all_told(&self, at: &str) -> String {
        fill(self.all_told_, &[at])
    }

    pub(super) fn late(&self, due: &str) -> String {
        fill(self.late_, &[due])
    }

    /// A receiver's reference.
    pub fn reference(&self, reference: &str) -> String {
        fill(self.reference_, &[reference])
    }

    /// By which law it is made.
    pub fn by_law(&self, law: &str, article: &str) -> String {
        fill(self.by_law_, &[law, article])
    }

    /// Which breach, and how often its history had gone on.
    pub fn breach(&self, breach: &str, version: u32) -> String {
        fill(self.breach_, &[breach, &version.to_string()])
    }

    /// When that was so.
    pub fn as_of(&self, at: &str) -> String {
        fill(self.as_of_, &[at])
    }

    /// What follows later.
    pub fn follows(&self, label: &str, article: &str) -> String {
        fill(self.follows_, &[label, article])
    }

    /// Since when something is new.
    pub fn news_since(&self, at: &str, reference: &str) -> String {
        fill(self.news_since_, &[at, reference])
    }

    /// What stayed.
    pub fn unchanged(&self, labels: &str) -> String {
        fill(self.unchanged_, &[labels])
    }
}

/// A sentence with its values where `{}` stands, in order. A value is never read as a place of another.
fn fill(sentence: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut parts = sentence.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        filled.push_str(values.next().copied().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}

/// What kind of word a duty to an authority is, so that three languages name it alike.
const fn kind_of(addressee: &Addressee) -> Kind {
    match addressee {
        Addressee::Controller => Kind::Controller,
        Addressee::Processor(_) => Kind::Processor,
        Addressee::Authority(Duty::EarlyWarning) => Kind::EarlyWarning,
        Addressee::Authority(Duty::IntermediateReport) => Kind::IntermediateReport,
        Addressee::Authority(Duty::FinalReport | Duty::FinalReportImproper) => Kind::FinalReport,
        Addressee::Authority(_) => Kind::Authority,
    }
}

enum Kind {
    Authority,
    EarlyWarning,
    IntermediateReport,
    FinalReport,
    Controller,
    Processor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_a_value() {
        assert_eq!(fill("{} to {}", &["{}", "b"]), "{} to b");
        assert_eq!(Words::of(Language::English).digits(1_234_567), "1,234,567");
        assert_eq!(Words::of(Language::German).digits(999), "999");
        assert_eq!(Words::of(Language::French).digits(10_000), "10\u{a0}000");
    }

    #[test]
    fn every_language_has_a_word_of_its_own_for_everything() {
        let english = Words::of(Language::English);
        for language in [Language::German, Language::French] {
            let words = Words::of(language);
            for name in FactName::ALL {
                assert!(!words.fact(*name).is_empty());
                assert!(words.fact(*name) != english.fact(*name) || *name == FactName::Description, "{name:?}");
            }
            for (ours, theirs) in [(words.told, english.told), (words.incomplete, english.incomplete)] {
                assert_ne!(ours, theirs);
            }
            // As many places for values.
            for (ours, theirs) in [
                (words.counted_, english.counted_),
                (words.severity_, english.severity_),
                (words.news_since_, english.news_since_),
                (words.by_law_, english.by_law_),
                (words.breach_, english.breach_),
                (words.follows_, english.follows_),
            ] {
                assert_eq!(ours.matches("{}").count(), theirs.matches("{}").count(), "{theirs}");
            }
        }
    }
}
