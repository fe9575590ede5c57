//! Disclosures, and questions whether a use is allowed, as they are sent.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    disclosure::{About, CATEGORIES_MAX, Disclosure, DisclosureAsked, REFERENCES_MAX, References},
    ids::{Category, Ground, Identifier, Purpose, Recipient},
    policy::{Mechanism, Use},
    sensitive::Sensitive,
    standing::{Decision, UseAsked},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    consent::label,
    form::{FormError, SubjectForm, at, country, time},
};

/// Most safeguards of one question.
const SAFEGUARDS_MAX: usize = 16;

/// `POST /{controller}/v1/disclosures`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureForm {
    /// To whom, by the policy's name for them.
    pub recipient: String,
    /// Whose data; or else `aggregate`.
    #[serde(default)]
    pub subject: Option<SubjectForm>,
    /// A total, which is nobody's.
    #[serde(default)]
    pub aggregate: Option<AggregateForm>,
    /// What; for a total, what it was drawn from.
    pub categories: Vec<String>,
    /// What for.
    pub purpose: String,
    /// What it amounts to, as the policy calls it: `sale`, `sharing`, `own-use`.
    #[serde(default)]
    pub uses: Vec<String>,
    /// On which ground: `court-order`.
    #[serde(default)]
    pub ground: Option<String>,
    /// Where it is kept or read, by two letters.
    #[serde(default)]
    pub country: Option<String>,
    /// What allows the transfer: `standard-clauses`.
    #[serde(default)]
    pub mechanism: Option<String>,
    /// Which recipient passes it on; left out: the controller discloses it.
    #[serde(default)]
    pub onward_from: Option<String>,
    /// What it refers to, by name: `processing-agreement` to where it is kept.
    #[serde(default)]
    pub references: BTreeMap<String, String>,
    /// When it happens.
    pub occurred_at: String,
}

impl std::fmt::Debug for DisclosureForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DisclosureForm").finish_non_exhaustive()
    }
}

/// A total.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateForm {
    /// Of how many people.
    pub people: u32,
}

/// A disclosure, parsed.
#[derive(Debug)]
pub struct ParsedDisclosure {
    /// Whose data.
    pub about: About,
    /// What, to whom, for what, where.
    pub asked: DisclosureAsked,
    /// When it happens.
    pub occurred_at: Timestamp,
}

impl DisclosureForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedDisclosure, FormError> {
        let about = match (self.subject, self.aggregate) {
            (Some(subject), None) => About::Person(subject.identifier()?),
            (None, Some(AggregateForm { people })) => About::Total { people },
            _ => return Err(FormError::new("/subject", "name either a subject or an aggregate")),
        };
        if self.categories.is_empty() || self.categories.len() > CATEGORIES_MAX {
            return Err(FormError::new("/categories", format!("name 1 to {CATEGORIES_MAX} categories")));
        }
        let mut categories = BTreeSet::new();
        for (n, category) in self.categories.iter().enumerate() {
            categories.insert(Category::parse(category).map_err(at(&format!("/categories/{n}")))?);
        }
        let mechanism = match &self.mechanism {
            None => None,
            Some(text) => Some(Mechanism::parse(text).ok_or_else(|| {
                let names = Mechanism::ALL.map(Mechanism::as_str).join(", ");
                FormError::new("/mechanism", format!("use one of {names}"))
            })?),
        };
        let asked = DisclosureAsked {
            recipient: Recipient::parse(&self.recipient).map_err(at("/recipient"))?,
            categories,
            purpose: Purpose::parse(&self.purpose).map_err(at("/purpose"))?,
            uses: uses(&self.uses)?,
            ground: self.ground.map(|ground| Ground::parse(&ground).map_err(at("/ground"))).transpose()?,
            country: country(self.country.as_deref(), "/country")?,
            mechanism,
            onward_from: self
                .onward_from
                .map(|holder| Recipient::parse(&holder).map_err(at("/onward_from")))
                .transpose()?,
            references: references(self.references)?,
        };
        let of_a_person = asked.country.is_some()
            || mechanism.is_some()
            || asked.onward_from.is_some()
            || !asked.references.is_empty();
        if matches!(about, About::Total { .. }) && of_a_person {
            let rule = "a total is nobody's data: it takes no country, mechanism, onward_from or references";
            return Err(FormError::new("/aggregate", rule));
        }
        Ok(ParsedDisclosure { about, asked, occurred_at: time(&self.occurred_at, "/occurred_at")? })
    }
}

fn uses(texts: &[String]) -> Result<BTreeSet<Use>, FormError> {
    let mut uses = BTreeSet::new();
    for (n, text) in texts.iter().enumerate() {
        let names = || Use::ALL.map(Use::as_str).join(", ");
        let kind = Use::parse(text);
        uses.insert(kind.ok_or_else(|| FormError::new(format!("/uses/{n}"), format!("use some of {}", names())))?);
    }
    Ok(uses)
}

fn references(texts: BTreeMap<String, String>) -> Result<References, FormError> {
    if texts.len() > REFERENCES_MAX {
        return Err(FormError::new("/references", format!("name at most {REFERENCES_MAX} references")));
    }
    let mut references = References::new();
    for (name, text) in texts {
        // The place names the list alone: the names in it are the client's own.
        let name = Ground::parse(&name).map_err(at("/references"))?;
        let text = label(Some(text), "/references")?
            .ok_or_else(|| FormError::new("/references", "say of each where it is found"))?;
        references.insert(name, Sensitive::new(text));
    }
    Ok(references)
}

/// A disclosure that is allowed and logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureAnswer {
    /// The form's version.
    pub v: u8,
    /// Which disclosure.
    pub disclosure_id: String,
    /// The clause that allows it.
    pub clause: String,
    /// To whom.
    pub recipient: String,
    /// Where it goes, if that is one country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What allows the transfer, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<String>,
    /// Since when it stands in the log.
    pub logged_at: String,
}

impl DisclosureAnswer {
    /// Writes an answer.
    pub fn new(disclosure: &Disclosure) -> Self {
        let mut countries = disclosure.countries.iter();
        let country = match (countries.next(), countries.next()) {
            (Some(country), None) => Some(country.to_string()),
            _ => None,
        };
        Self {
            v: 1,
            disclosure_id: disclosure.id.to_string(),
            clause: disclosure.clause.to_string(),
            recipient: disclosure.recipient.to_string(),
            country,
            mechanism: disclosure.mechanism.map(|mechanism| mechanism.as_str().to_owned()),
            logged_at: disclosure.logged_at.to_string(),
        }
    }
}

/// `POST /{controller}/v1/uses`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseForm {
    /// Whose data.
    pub subject: SubjectForm,
    /// What for.
    pub purpose: String,
    /// What it amounts to, as the policy calls it: `profiling`, `sale`.
    #[serde(default)]
    pub uses: Vec<String>,
    /// What is in place: `pseudonymised`.
    #[serde(default)]
    pub safeguards: Vec<String>,
    /// What it refers to, by name.
    #[serde(default)]
    pub references: BTreeMap<String, String>,
}

impl std::fmt::Debug for UseForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UseForm").finish_non_exhaustive()
    }
}

impl UseForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<(Identifier, UseAsked), FormError> {
        if self.safeguards.len() > SAFEGUARDS_MAX {
            return Err(FormError::new("/safeguards", format!("name at most {SAFEGUARDS_MAX} safeguards")));
        }
        let mut safeguards = BTreeSet::new();
        for (n, safeguard) in self.safeguards.iter().enumerate() {
            safeguards.insert(Ground::parse(safeguard).map_err(at(&format!("/safeguards/{n}")))?);
        }
        let asked = UseAsked {
            uses: uses(&self.uses)?,
            safeguards,
            references: references(self.references)?.into_keys().collect(),
            ..UseAsked::new(Purpose::parse(&self.purpose).map_err(at("/purpose"))?)
        };
        Ok((self.subject.identifier()?, asked))
    }
}

/// Whether a use is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseAnswer {
    /// The form's version.
    pub v: u8,
    /// Whether it is.
    pub allowed: bool,
    /// Why not, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that stands.
    pub clause: String,
}

impl UseAnswer {
    /// Writes a decision.
    pub fn new(decision: &Decision) -> Self {
        let (reason, clause) = match decision {
            Ok(allowed) => (None, &allowed.clause),
            Err(denied) => (Some(denied.reason.as_str().to_owned()), &denied.clause),
        };
        Self { v: 1, allowed: decision.is_ok(), reason, clause: clause.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn form(changes: Value) -> Result<ParsedDisclosure, FormError> {
        let mut form = json!({
            "recipient": "host", "subject": {"kind": "mail", "value": "ada@example.com"}, "categories": ["account"],
            "purpose": "service", "occurred_at": "2026-03-01T10:15:30Z",
        });
        for (name, value) in changes.as_object().cloned().unwrap_or_default() {
            form[name] = value;
        }
        serde_json::from_value::<DisclosureForm>(form).unwrap().parse()
    }

    #[test]
    fn a_disclosure_is_of_one_person_or_of_a_total_and_never_of_both() {
        assert!(matches!(form(json!({})).unwrap().about, About::Person(_)));
        let total = form(json!({"subject": null, "aggregate": {"people": 12}})).unwrap();
        assert_eq!(total.about, About::Total { people: 12 });
        for changes in [json!({"subject": null}), json!({"aggregate": {"people": 12}})] {
            assert_eq!(form(changes).unwrap_err().pointer, "/subject");
        }
        for (name, value) in
            [("country", json!("FR")), ("mechanism", json!("idta")), ("references", json!({"contract": "c-1"}))]
        {
            let changes = json!({"subject": null, "aggregate": {"people": 12}, name: value});
            assert_eq!(form(changes).unwrap_err().pointer, "/aggregate", "{name}");
        }
    }

    #[test]
    fn what_breaks_a_rule_is_told_by_its_place() {
        let many: BTreeMap<String, &str> = (0..=REFERENCES_MAX).map(|n| (format!("r{n}"), "x")).collect();
        for (changes, pointer) in [
            (json!({"recipient": "The Host"}), "/recipient"),
            (json!({"categories": []}), "/categories"),
            (json!({"categories": ["account", "Payment"]}), "/categories/1"),
            (json!({"purpose": ""}), "/purpose"),
            (json!({"ground": "Court order"}), "/ground"),
            (json!({"country": "fr"}), "/country"),
            (json!({"mechanism": "trust-us"}), "/mechanism"),
            (json!({"onward_from": "?"}), "/onward_from"),
            (json!({"references": {"Contract": "c-1"}}), "/references"),
            (json!({"references": {"contract": ""}}), "/references"),
            (json!({"references": {"contract": "é"}}), "/references"),
            (json!({"references": {"contract": "x".repeat(129)}}), "/references"),
            (json!({"references": many}), "/references"),
            (json!({"occurred_at": "yesterday"}), "/occurred_at"),
            (json!({"subject": {"kind": "mail", "value": "ada"}}), "/subject/value"),
        ] {
            assert_eq!(form(changes.clone()).unwrap_err().pointer, pointer, "{changes}");
        }
    }
}
