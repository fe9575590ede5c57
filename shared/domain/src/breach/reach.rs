//! Whose data a breach reached: the rule over what is stored, and the count by it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Facts, Scope, ScopeCounts};
use crate::{
    ids::{Category, Purpose, Recipient, SubjectRef},
    record::System,
};

/// Something that is stored about a person, as far as a scope asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// A record.
    Record {
        /// What it is.
        category: Category,
        /// What it is kept for.
        purpose: Purpose,
        /// Where it is.
        system: System,
        /// When it was made.
        created_at: Timestamp,
    },
    /// That data was disclosed to somebody.
    Disclosure {
        /// To whom.
        recipient: Recipient,
        /// What.
        categories: BTreeSet<Category>,
        /// What for.
        purpose: Purpose,
        /// When.
        at: Timestamp,
    },
    /// A consent capture, whatever was chosen.
    Consent {
        /// For which purposes something was chosen.
        purposes: BTreeSet<Purpose>,
        /// When.
        at: Timestamp,
    },
}

/// Whether a side of a scope holds: one that names nothing is open.
fn holds<T: Ord>(named: &BTreeSet<T>, what: &T) -> bool {
    named.is_empty() || named.contains(what)
}

/// Whether a side of a scope holds for one of several.
fn holds_for_one<T: Ord>(named: &BTreeSet<T>, among: &BTreeSet<T>) -> bool {
    named.is_empty() || !named.is_disjoint(among)
}

impl Facts {
    /// Whether the breach reached what is stored there.
    ///
    /// What came after the window's end was not there to be reached. What ended before the window began and is still
    /// stored counts: it should have been gone, and was not, so it leaked with the rest. Held data and data that a
    /// sweep is late for are the usual reasons, and neither makes the person less concerned.
    pub fn reaches(&self, trace: &Trace) -> bool {
        let scope = &self.scope;
        match trace {
            // Where recipients are named, it happened there: what lies here is not what leaked.
            Trace::Record { category, purpose, system, created_at } => {
                scope.recipients.is_empty()
                    && *created_at <= self.exposed_to
                    && holds(&scope.categories, category)
                    && holds(&scope.purposes, purpose)
                    && holds(&scope.systems, system)
            }
            Trace::Disclosure { recipient, categories, purpose, at } => {
                scope.recipients.contains(recipient)
                    && *at <= self.exposed_to
                    && holds_for_one(&scope.categories, categories)
                    && holds(&scope.purposes, purpose)
            }
            Trace::Consent { purposes, at } => {
                scope.consents && *at <= self.exposed_to && holds_for_one(&scope.purposes, purposes)
            }
        }
    }
}

impl Scope {
    /// Whether it asks what nothing stored can answer: a disclosure says to whom data went, and not in which of the
    /// controller's systems it lay.
    pub fn contradicts_itself(&self) -> bool {
        !self.systems.is_empty() && !self.recipients.is_empty()
    }
}

impl ScopeCounts {
    /// Counts one thing that the breach reached, people aside.
    fn count(&mut self, scope: &Scope, trace: &Trace) {
        match trace {
            Trace::Record { category, .. } => {
                self.records += 1;
                *self.by_category.entry(category.clone()).or_default() += 1;
            }
            Trace::Disclosure { categories, .. } => {
                self.records += 1;
                for category in categories.iter().filter(|category| holds(&scope.categories, category)) {
                    *self.by_category.entry(category.clone()).or_default() += 1;
                }
            }
            Trace::Consent { .. } => self.consents += 1,
        }
    }

    /// Adds what was counted elsewhere, of other people.
    pub fn add(&mut self, other: &Self) {
        self.people += other.people;
        self.records += other.records;
        self.consents += other.consents;
        for (category, count) in &other.by_category {
            *self.by_category.entry(category.clone()).or_default() += count;
        }
    }
}

/// A count that is under way, of people who come one after another: what is stored about each comes together, so the
/// last of them is all that must be remembered to count each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// What was counted.
    pub counts: ScopeCounts,
    /// Who was counted last.
    pub last: Option<SubjectRef>,
}

impl Tally {
    /// Counts what is stored about a person, if the breach reached it.
    pub fn count(&mut self, facts: &Facts, subject: &SubjectRef, trace: &Trace) {
        if !facts.reaches(trace) {
            return;
        }
        self.counts.count(&facts.scope, trace);
        if self.last.as_ref() != Some(subject) {
            self.counts.people += 1;
            self.last = Some(subject.clone());
        }
    }
}
