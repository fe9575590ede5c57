//! Whom and what a breach reached, by what is stored about a person, and how that is counted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{
    breach::{Facts, Scope, ScopeCounts, Tally, Texts, Trace},
    ids::{Category, Purpose, Recipient, SubjectRef},
    language::Language,
    record::System,
};
use jiff::{Timestamp, ToSpan};

const END: Timestamp = Timestamp::UNIX_EPOCH;

fn category(name: &str) -> Category {
    Category::parse(name).unwrap()
}

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn record(of: &str, why: &str, system: &str, created_at: Timestamp) -> Trace {
    Trace::Record { category: category(of), purpose: purpose(why), system: System::parse(system).unwrap(), created_at }
}

fn disclosed(to: &str, what: &[&str], why: &str, at: Timestamp) -> Trace {
    Trace::Disclosure {
        recipient: Recipient::parse(to).unwrap(),
        categories: what.iter().map(|name| category(name)).collect(),
        purpose: purpose(why),
        at,
    }
}

fn chosen(purposes: &[&str], at: Timestamp) -> Trace {
    Trace::Consent { purposes: purposes.iter().map(|name| purpose(name)).collect(), at }
}

fn facts(scope: Scope) -> Facts {
    let mut facts = Facts::new(END - 24.hours(), END, Texts::default());
    facts.scope = scope;
    facts
}

#[test]
fn a_scope_that_names_nothing_reaches_every_record_that_was_there_by_the_windows_end() {
    let open = facts(Scope::default());
    let late = END + 1.nanosecond();
    assert!(open.reaches(&record("cv", "hiring", "s3", END)));
    assert!(!open.reaches(&record("cv", "hiring", "s3", late)));
    // Where no recipient and no consents are named, neither disclosures nor consents leaked.
    assert!(!open.reaches(&disclosed("agency", &["cv"], "hiring", END)));
    assert!(!open.reaches(&chosen(&["hiring"], END)));
}

#[test]
fn each_side_that_a_scope_names_must_hold() {
    let scope = Scope {
        categories: [category("cv")].into(),
        purposes: [purpose("hiring")].into(),
        systems: [System::parse("s3").unwrap()].into(),
        consents: true,
        ..Scope::default()
    };
    let named = facts(scope);
    assert!(named.reaches(&record("cv", "hiring", "s3", END)));
    assert!(!named.reaches(&record("invoice", "hiring", "s3", END)));
    assert!(!named.reaches(&record("cv", "billing", "s3", END)));
    assert!(!named.reaches(&record("cv", "hiring", "habeas", END)));
    assert!(named.reaches(&chosen(&["billing", "hiring"], END)));
    assert!(!named.reaches(&chosen(&["billing"], END)));
    assert!(!named.reaches(&chosen(&["hiring"], END + 1.nanosecond())));
}

#[test]
fn where_recipients_are_named_only_what_went_to_them_leaked() {
    let scope = Scope {
        recipients: [Recipient::parse("agency").unwrap()].into(),
        categories: [category("cv")].into(),
        purposes: [purpose("hiring")].into(),
        ..Scope::default()
    };
    let there = facts(scope);
    assert!(there.reaches(&disclosed("agency", &["invoice", "cv"], "hiring", END)));
    assert!(!there.reaches(&disclosed("bank", &["cv"], "hiring", END)));
    assert!(!there.reaches(&disclosed("agency", &["invoice"], "hiring", END)));
    assert!(!there.reaches(&disclosed("agency", &["cv"], "billing", END)));
    assert!(!there.reaches(&disclosed("agency", &["cv"], "hiring", END + 1.nanosecond())));
    assert!(!there.reaches(&record("cv", "hiring", "s3", END)));
}

#[test]
fn a_scope_with_systems_and_recipients_asks_what_nothing_stored_can_answer() {
    let (systems, recipients) =
        ([System::parse("s3").unwrap()].into(), BTreeSet::from([Recipient::parse("agency").unwrap()]));
    let with_systems = Scope { systems, ..Scope::default() };
    let with_recipients = Scope { recipients: recipients.clone(), ..Scope::default() };
    assert!(!Scope::default().contradicts_itself());
    assert!(!with_systems.contradicts_itself());
    assert!(!with_recipients.contradicts_itself());
    assert!(Scope { recipients, ..with_systems }.contradicts_itself());
}

#[test]
fn people_are_told_everything_but_why_the_authority_hears_late() {
    let texts = Texts { description: "what".into(), delay: "why late".into(), ..Texts::default() };
    assert_eq!(texts.for_people(), Texts { delay: String::new(), ..texts.clone() });
    assert_eq!(texts.for_people().description, "what");
}

#[test]
fn texts_are_in_the_language_asked_for_or_in_english_or_in_what_there_is() {
    let text = |words: &str| Texts { description: words.into(), ..Texts::default() };
    let mut facts = Facts::new(END, END, text("leaked"));
    facts.texts.insert(Language::French, text("fuite"));
    let said = |facts: &Facts, language| facts.texts_in(language).map(|(of, texts)| (of, texts.description.clone()));
    assert_eq!(said(&facts, Language::French), Some((Language::French, "fuite".into())));
    assert_eq!(said(&facts, Language::German), Some((Language::English, "leaked".into())));
    facts.texts.remove(&Language::English);
    assert_eq!(said(&facts, Language::German), Some((Language::French, "fuite".into())));
    facts.texts.clear();
    assert_eq!(said(&facts, Language::German), None);
}

#[test]
fn a_person_is_counted_once_and_each_thing_by_its_category() {
    let scope = Scope { consents: true, ..Scope::default() };
    let (open, mut tally) = (facts(scope), Tally::default());
    let (ada, bo) = (
        SubjectRef::parse(&format!("1.{}", "A".repeat(22))).unwrap(),
        SubjectRef::parse(&format!("1.{}", "Q".repeat(22))).unwrap(),
    );
    for (subject, trace) in [
        (&ada, record("cv", "hiring", "s3", END)),
        (&ada, record("invoice", "billing", "s3", END)),
        (&ada, chosen(&["hiring"], END)),
        (&bo, record("cv", "hiring", "s3", END)),
        (&bo, record("cv", "hiring", "s3", END + 1.nanosecond())),
    ] {
        tally.count(&open, subject, &trace);
    }
    let by_category = [(category("cv"), 2), (category("invoice"), 1)].into();
    let counted = ScopeCounts { people: 2, records: 3, consents: 1, by_category };
    assert_eq!(tally.counts, counted);

    // Counts of other people come on top.
    let mut both = counted.clone();
    both.add(&counted);
    let by_category = [(category("cv"), 4), (category("invoice"), 2)].into();
    assert_eq!(both, ScopeCounts { people: 4, records: 6, consents: 2, by_category });

    // Of what was disclosed, only the categories that the breach is about.
    let recipients = [Recipient::parse("agency").unwrap()].into();
    let there = facts(Scope { recipients, categories: [category("cv")].into(), ..Scope::default() });
    let mut tally = Tally::default();
    tally.count(&there, &ada, &disclosed("agency", &["cv", "invoice"], "hiring", END));
    let by_category = [(category("cv"), 1)].into();
    assert_eq!(tally.counts, ScopeCounts { people: 1, records: 1, consents: 0, by_category });
}

#[test]
fn what_was_counted_in_parts_adds_up() {
    let part = |people, records, consents, of: &[(&str, u64)]| ScopeCounts {
        people,
        records,
        consents,
        by_category: of.iter().map(|(name, count)| (category(name), *count)).collect(),
    };
    let mut sum = part(2, 3, 1, &[("cv", 3)]);
    sum.add(&part(5, 7, 4, &[("cv", 4), ("photo", 3)]));
    assert_eq!(sum, part(7, 10, 5, &[("cv", 7), ("photo", 3)]));
}
