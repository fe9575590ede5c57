//! A disclosure as it was logged.

use std::{collections::BTreeMap, fmt};

use domain::{
    disclosure::{Disclosure as DomainDisclosure, References, Whose},
    ids::{Category, DisclosureId, Fingerprint, Ground, Purpose, Recipient, SubjectRef},
    policy::{Clause, Country, Mechanism, PolicyHash},
    sensitive::Sensitive,
};
use serde::{Deserialize, Serialize};

use super::{Bytes, Kind, Unreadable, VERSION, check, id, ids, millis, name, time, version};

/// `DISCLOSURE#{disclosure}`, in the subject's partition, or in the controller's for a total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// To whom.
    pub recipient: String,
    /// What.
    pub categories: Vec<String>,
    /// What for.
    pub purpose: String,
    /// On which ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Where it went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// What allowed the transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<String>,
    /// Who passed it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onward_from: Option<String>,
    /// Of how many people it was a total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// The names of its references.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The clause that allowed it.
    pub clause: String,
    /// The policy it was allowed under.
    pub policy: String,
    /// When it happened.
    pub at: i64,
    /// When it was logged.
    pub logged_at: i64,
    /// Who logged it.
    pub logged_by: String,
    /// What the form carried, as a keyed hash.
    pub fingerprint: String,
    /// The texts of its references, sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Bytes>,
}

impl From<&DomainDisclosure> for Disclosure {
    /// The disclosure without the texts of its references.
    fn from(disclosure: &DomainDisclosure) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Disclosure,
            recipient: disclosure.recipient.to_string(),
            categories: disclosure.categories.iter().map(ToString::to_string).collect(),
            purpose: disclosure.purpose.to_string(),
            ground: disclosure.ground.as_ref().map(ToString::to_string),
            countries: disclosure.countries.iter().map(ToString::to_string).collect(),
            mechanism: disclosure.mechanism.map(|mechanism| mechanism.as_str().to_owned()),
            onward_from: disclosure.onward_from.as_ref().map(ToString::to_string),
            people: match disclosure.whose {
                Whose::Person(_) => None,
                Whose::Total { people } => Some(people),
            },
            references: disclosure.references.iter().map(ToString::to_string).collect(),
            clause: disclosure.clause.to_string(),
            policy: disclosure.policy.as_str().to_owned(),
            at: millis(disclosure.occurred_at),
            logged_at: millis(disclosure.logged_at),
            logged_by: disclosure.logged_by.clone(),
            fingerprint: disclosure.fingerprint.to_string(),
            sealed: None,
        }
    }
}

impl Disclosure {
    /// Reads the disclosure that stands under this identifier in a subject's partition, or in the
    /// controller's.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_disclosure(
        self,
        subject: Option<SubjectRef>,
        disclosure: DisclosureId,
    ) -> Result<DomainDisclosure, Unreadable> {
        check(self.v, self.kind, Kind::Disclosure)?;
        let whose = match (subject, self.people) {
            (Some(subject), None) => Whose::Person(subject),
            (None, Some(people)) => Whose::Total { people },
            _ => return Err(Unreadable { field: "people" }),
        };
        let country = |text: &String| name("countries", text, |text| Country::parse(text).ok());
        Ok(DomainDisclosure {
            id: disclosure,
            whose,
            recipient: id("recipient", &self.recipient, Recipient::parse)?,
            categories: ids("categories", &self.categories, Category::parse)?,
            purpose: id("purpose", &self.purpose, Purpose::parse)?,
            ground: self.ground.map(|text| id("ground", &text, Ground::parse)).transpose()?,
            countries: self.countries.iter().map(country).collect::<Result<_, _>>()?,
            mechanism: self.mechanism.map(|text| name("mechanism", &text, Mechanism::parse)).transpose()?,
            onward_from: self.onward_from.map(|text| id("onward_from", &text, Recipient::parse)).transpose()?,
            references: ids("references", &self.references, Ground::parse)?,
            clause: Clause::new(self.clause),
            policy: PolicyHash::from_hex(self.policy),
            occurred_at: time("at", self.at)?,
            logged_at: time("logged_at", self.logged_at)?,
            logged_by: self.logged_by,
            fingerprint: id("fingerprint", &self.fingerprint, Fingerprint::parse)?,
        })
    }
}

/// The texts of a disclosure's references, as they are sealed; the plain form exists between the
/// table and its reader only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceTexts {
    /// The form's version.
    pub v: u8,
    references: BTreeMap<String, String>,
}

impl fmt::Debug for ReferenceTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReferenceTexts(…)")
    }
}

impl ReferenceTexts {
    /// Takes the texts, to be sealed.
    pub fn new(references: &References) -> Self {
        // Disclosed to the form that is sealed next, and to nothing else.
        let texts = references.iter().map(|(name, text)| (name.to_string(), text.disclose().clone()));
        Self { v: VERSION, references: texts.collect() }
    }

    /// Gives the texts back.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_references(self) -> Result<References, Unreadable> {
        version(self.v)?;
        let texts = self.references.into_iter();
        texts.map(|(name, text)| Ok((id("references", &name, Ground::parse)?, Sensitive::new(text)))).collect()
    }
}
