//! Forms of whom the service takes, who may speak for others, and what is told of breaches.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{Ground, SystemId},
    policy::{AgeRule, AgentRule, BreachRule, Clause, Country},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{length, name, names, texts, word, written},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgeForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refuse_below: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guardian_below: Option<u8>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    guardian_below_in: BTreeMap<String, u8>,
    clause: String,
}

impl AgeForm {
    pub(super) fn from_rule(rule: &AgeRule) -> Self {
        Self {
            refuse_below: rule.refuse_below,
            guardian_below: rule.guardian_below,
            guardian_below_in: rule.guardian_below_in.iter().map(|(c, years)| (c.to_string(), *years)).collect(),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<AgeRule, LoadError> {
        let countries = self.guardian_below_in.iter().map(|(text, years)| Ok((country(text)?, *years)));
        Ok(AgeRule {
            refuse_below: self.refuse_below,
            guardian_below: self.guardian_below,
            guardian_below_in: countries.collect::<Result<_, LoadError>>()?,
            clause: Clause::new(self.clause),
        })
    }
}

/// A country by its two letters.
pub(super) fn country(text: &str) -> Result<Country, LoadError> {
    word("country", text, |text| Country::parse(text).ok())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentsForm {
    proofs: Vec<String>,
    clause: String,
}

impl AgentsForm {
    pub(super) fn from_rule(rule: &AgentRule) -> Self {
        Self { proofs: texts(&rule.proofs), clause: rule.clause.to_string() }
    }

    pub(super) fn into_rule(self) -> Result<AgentRule, LoadError> {
        Ok(AgentRule { proofs: names(&self.proofs, Ground::parse)?, clause: Clause::new(self.clause) })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BreachForm {
    tell_of_attempts: bool,
    website_alert: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    resources: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    clause: String,
}

impl BreachForm {
    pub(super) fn from_rule(rule: &BreachRule) -> Self {
        Self {
            tell_of_attempts: rule.tell_of_attempts,
            website_alert: rule.website_alert,
            within: rule.within.as_ref().map(written),
            resources: rule.resources.clone(),
            channel: rule.channel.as_ref().map(ToString::to_string),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<BreachRule, LoadError> {
        Ok(BreachRule {
            tell_of_attempts: self.tell_of_attempts,
            website_alert: self.website_alert,
            within: self.within.as_deref().map(length).transpose()?,
            resources: self.resources,
            channel: self.channel.map(|channel| name(&channel, SystemId::parse)).transpose()?,
            clause: Clause::new(self.clause),
        })
    }
}
