//! Builders of recipients and disclosures, and the small policy with somebody to disclose to.

#![expect(clippy::expect_used, reason = "a test that is written wrongly fails")]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    disclosure::{Disclosure, DisclosureAsked, References, Whose},
    ids::{Ground, Purpose, Recipient, SubjectRef},
    policy::{
        Clause, Country, Denial, LawfulBasis, Mechanism, Policy, PolicyHash, PurposeRule, RecipientRole, RecipientRule,
        TransferRule, Use,
    },
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::build::{self, category, id, purpose};

/// A recipient.
///
/// # Panics
/// If the text is no name.
pub fn recipient(name: &str) -> Recipient {
    Recipient::parse(name).expect("a recipient's name")
}

/// A ground, a safeguard or the name of a reference.
///
/// # Panics
/// If the text is no name.
pub fn ground(name: &str) -> Ground {
    Ground::parse(name).expect("a ground's name")
}

/// A country.
///
/// # Panics
/// If the text is no code.
pub fn country(code: &str) -> Country {
    Country::parse(code).expect("a country's code")
}

/// References by name.
pub fn references(texts: &[(&str, &str)]) -> References {
    texts.iter().map(|(name, text)| (ground(name), Sensitive::new((*text).to_owned()))).collect()
}

/// A disclosure with no more said about it than to whom, what and what for.
pub fn asked(who: &str, what: &[&str], what_for: &str) -> DisclosureAsked {
    DisclosureAsked {
        recipient: recipient(who),
        categories: what.iter().map(|name| category(name)).collect(),
        purpose: purpose(what_for),
        uses: BTreeSet::new(),
        ground: None,
        country: None,
        mechanism: None,
        onward_from: None,
        references: BTreeMap::new(),
    }
}

/// A disclosure with everything that one can have, as it was logged a minute after it happened; and
/// the texts of its references.
///
/// # Panics
/// At the end of the calendar.
pub fn disclosure(subject: &SubjectRef, key: &str, occurred_at: Timestamp) -> (Disclosure, References) {
    let texts = references(&[("recipient-request", "ticket 4711"), ("standard-clauses", "2021/914, scc-12")]);
    let disclosure = Disclosure {
        id: id(key),
        whose: Whose::Person(subject.clone()),
        recipient: recipient("host"),
        categories: BTreeSet::from([category("account"), category("server-log")]),
        purpose: purpose("contract"),
        ground: Some(ground("recipient-request")),
        countries: BTreeSet::from([country("IN"), country("US")]),
        mechanism: Some(Mechanism::StandardClauses),
        onward_from: Some(recipient("analyst")),
        references: texts.keys().cloned().collect(),
        clause: Clause::new("test.host"),
        policy: PolicyHash::from_hex("00".repeat(32)),
        occurred_at,
        logged_at: occurred_at.checked_add(jiff::Span::new().minutes(1)).expect("a time on the calendar"),
        logged_by: "officer-1".into(),
        fingerprint: id(&format!("fingerprint of {key}")),
    };
    (disclosure, texts)
}

fn rule(name: &str, role: RecipientRole) -> RecipientRule {
    RecipientRule {
        id: recipient(name),
        title: name.to_owned(),
        role,
        categories: BTreeSet::new(),
        purposes: BTreeSet::new(),
        grounds: BTreeSet::new(),
        needs: BTreeSet::new(),
        consent: None,
        uses: BTreeSet::new(),
        countries: BTreeSet::from([country("FR")]),
        mechanism: None,
        mail: None,
        clause: Clause::new(format!("test.{name}")),
    }
}

/// [`build::policy`] with recipients, data at home in France, and a purpose of totals:
///
/// | recipient | gets | where |
/// |---|---|---|
/// | `host` | everything | France |
/// | `analyst` | `server-log` for `security`, under a processing agreement | India, by standard clauses |
/// | `police` | anything for `accounting`, on a court order | France |
/// | `advertiser` | `address` for `marketing` with consent to `profiling`: a sale | France |
///
/// `statistics` is a purpose of totals; `marketing` is marketing; renting out is ruled out.
pub fn policy() -> Policy {
    let mut policy = build::policy();
    let recipients = [
        rule("host", RecipientRole::Processor),
        RecipientRule {
            categories: BTreeSet::from([category("server-log")]),
            purposes: BTreeSet::from([purpose("security")]),
            needs: BTreeSet::from([ground("processing-agreement")]),
            countries: BTreeSet::from([country("IN")]),
            mechanism: Some(Mechanism::StandardClauses),
            ..rule("analyst", RecipientRole::Processor)
        },
        RecipientRule {
            purposes: BTreeSet::from([purpose("accounting")]),
            grounds: BTreeSet::from([ground("court-order")]),
            ..rule("police", RecipientRole::Authority)
        },
        RecipientRule {
            categories: BTreeSet::from([category("address")]),
            purposes: BTreeSet::from([purpose("marketing")]),
            consent: Some(purpose("profiling")),
            uses: BTreeSet::from([Use::Sale]),
            ..rule("advertiser", RecipientRole::Controller)
        },
    ];
    policy.recipients = recipients.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    policy.recipients_clause = Some(Clause::new("test.nobody-else"));
    policy.transfer = Some(TransferRule {
        home: BTreeSet::from([country("FR")]),
        mechanisms: BTreeSet::from([Mechanism::StandardClauses]),
        clause: Clause::new("test.transfer"),
    });
    let totals: Purpose = purpose("statistics");
    let mut statistics = PurposeRule::new(
        totals.clone(),
        "Counting visits".into(),
        LawfulBasis::LegitimateInterests,
        Clause::new("test.statistics"),
    );
    statistics.uses = BTreeSet::from([Use::Statistics]);
    policy.purposes.insert(totals, statistics);
    if let Some(marketing) = policy.purposes.get_mut(&purpose("marketing")) {
        marketing.uses = BTreeSet::from([Use::Marketing]);
    }
    policy.denials.insert(
        Use::Rent,
        Denial { what: Use::Rent, except: BTreeSet::new(), unless_consent: None, clause: Clause::new("test.rent") },
    );
    policy
}
