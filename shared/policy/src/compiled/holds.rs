//! Forms of what keeps data from deletion, and of what people vouch for.

use domain::{
    hold::HoldReason,
    ids::{AttestationId, EventName, Ground, SystemId},
    policy::{AttestationRule, Clause, HoldRule},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{length, maybe, name, names, texts, word, written},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldForm {
    reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    grounds: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release_on: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tell: Vec<String>,
    review_after: String,
    clause: String,
}

impl HoldForm {
    pub(super) fn from_rule(rule: &HoldRule) -> Self {
        Self {
            reason: rule.reason.as_str().to_owned(),
            grounds: texts(&rule.grounds),
            on: rule.on.as_ref().map(ToString::to_string),
            release_on: rule.release_on.as_ref().map(ToString::to_string),
            tell: texts(&rule.tell),
            review_after: written(&rule.review_after),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<HoldRule, LoadError> {
        Ok(HoldRule {
            reason: word("reason of a hold", &self.reason, HoldReason::parse_placed)?,
            grounds: names(&self.grounds, Ground::parse)?,
            on: maybe(self.on.as_ref(), EventName::parse)?,
            release_on: maybe(self.release_on.as_ref(), EventName::parse)?,
            tell: names(&self.tell, SystemId::parse)?,
            review_after: length(&self.review_after)?,
            clause: Clause::new(self.clause),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttestationForm {
    id: String,
    statement: String,
    evidence: String,
    renew_every: String,
    clause: String,
}

impl AttestationForm {
    pub(super) fn from_rule(rule: &AttestationRule) -> Self {
        Self {
            id: rule.id.to_string(),
            statement: rule.statement.clone(),
            evidence: rule.evidence.clone(),
            renew_every: written(&rule.renew_every),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<AttestationRule, LoadError> {
        Ok(AttestationRule {
            id: name(&self.id, AttestationId::parse)?,
            statement: self.statement,
            evidence: self.evidence,
            renew_every: length(&self.renew_every)?,
            clause: Clause::new(self.clause),
        })
    }
}
