//! Forms of to whom data may go, where it may be, and what it may never be used for.

use std::collections::BTreeMap;

use domain::{
    ids::{Category, Ground, Purpose, Recipient},
    policy::{Clause, Denial, Mechanism, RecipientRole, RecipientRule, TransferRule, Use},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    people::country,
    words::{each, maybe, name, names, texts, word},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipientForm {
    id: String,
    title: String,
    role: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    purposes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    grounds: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    needs: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    uses: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    countries: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mechanism: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mail: Option<String>,
    clause: String,
}

impl RecipientForm {
    pub(super) fn from_rule(rule: &RecipientRule) -> Self {
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            role: rule.role.as_str().to_owned(),
            categories: texts(&rule.categories),
            purposes: texts(&rule.purposes),
            grounds: texts(&rule.grounds),
            needs: texts(&rule.needs),
            consent: rule.consent.as_ref().map(ToString::to_string),
            uses: rule.uses.iter().map(|kind| kind.as_str().to_owned()).collect(),
            countries: texts(&rule.countries),
            mechanism: rule.mechanism.map(|mechanism| mechanism.as_str().to_owned()),
            mail: rule.mail.clone(),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<RecipientRule, LoadError> {
        Ok(RecipientRule {
            id: name(&self.id, Recipient::parse)?,
            title: self.title,
            role: word("recipient's role", &self.role, RecipientRole::parse)?,
            categories: names(&self.categories, Category::parse)?,
            purposes: names(&self.purposes, Purpose::parse)?,
            grounds: names(&self.grounds, Ground::parse)?,
            needs: names(&self.needs, Ground::parse)?,
            consent: maybe(self.consent.as_ref(), Purpose::parse)?,
            uses: each(&self.uses, |text| word("use", text, Use::parse))?,
            countries: each(&self.countries, country)?,
            mechanism: self.mechanism.as_deref().map(mechanism).transpose()?,
            mail: self.mail,
            clause: Clause::new(self.clause),
        })
    }
}

fn mechanism(text: &str) -> Result<Mechanism, LoadError> {
    word("transfer mechanism", text, Mechanism::parse)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferForm {
    home: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mechanisms: Vec<String>,
    clause: String,
}

impl TransferForm {
    pub(super) fn from_rule(rule: &TransferRule) -> Self {
        Self {
            home: texts(&rule.home),
            mechanisms: rule.mechanisms.iter().map(|mechanism| mechanism.as_str().to_owned()).collect(),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<TransferRule, LoadError> {
        Ok(TransferRule {
            home: each(&self.home, country)?,
            mechanisms: each(&self.mechanisms, mechanism)?,
            clause: Clause::new(self.clause),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DenialForm {
    what: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    except: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unless_consent: Option<String>,
    clause: String,
}

impl DenialForm {
    pub(super) fn from_rule(rule: &Denial) -> Self {
        Self {
            what: rule.what.as_str().to_owned(),
            except: texts(&rule.except),
            unless_consent: rule.unless_consent.as_ref().map(ToString::to_string),
            clause: rule.clause.to_string(),
        }
    }

    fn into_rule(self) -> Result<Denial, LoadError> {
        Ok(Denial {
            what: word("use", &self.what, Use::parse)?,
            except: names(&self.except, Purpose::parse)?,
            unless_consent: maybe(self.unless_consent.as_ref(), Purpose::parse)?,
            clause: Clause::new(self.clause),
        })
    }
}

/// The denials under the uses that they rule out.
pub(super) fn unique_denials(forms: Vec<DenialForm>) -> Result<BTreeMap<Use, Denial>, LoadError> {
    let mut denials = BTreeMap::new();
    for form in forms {
        let denial = form.into_rule()?;
        let what = denial.what;
        if denials.insert(what, denial).is_some() {
            return Err(LoadError::Duplicate(what.as_str().to_owned()));
        }
    }
    Ok(denials)
}
