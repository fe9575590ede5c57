//! Forms of what may be set on a device, and of the signals that are answered to.

use domain::{
    ids::{Ground, Purpose, Recipient, TrackerId},
    policy::{Clause, Signals, TrackerNeed, TrackerRule},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{length, maybe, name, names, texts, written},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackerForm {
    id: String,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    need: NeedForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    techniques: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shares: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifetime: Option<String>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NeedForm {
    Exempt(String),
    Consent(Vec<String>),
}

impl TrackerForm {
    pub(super) fn from_rule(rule: &TrackerRule) -> Self {
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            party: rule.party.as_ref().map(ToString::to_string),
            need: match &rule.need {
                TrackerNeed::Nothing { reason } => NeedForm::Exempt(reason.clone()),
                TrackerNeed::Consent(purposes) => NeedForm::Consent(texts(purposes)),
            },
            techniques: texts(&rule.techniques),
            shares: rule.shares,
            lifetime: rule.lifetime.as_ref().map(written),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<TrackerRule, LoadError> {
        Ok(TrackerRule {
            id: name(&self.id, TrackerId::parse)?,
            title: self.title,
            party: maybe(self.party.as_ref(), Recipient::parse)?,
            need: match self.need {
                NeedForm::Exempt(reason) => TrackerNeed::Nothing { reason },
                // A tracker that waits for no consent would be set without any.
                NeedForm::Consent(purposes) if purposes.is_empty() => {
                    return Err(LoadError::Word { what: "list of purposes", value: String::new() });
                }
                NeedForm::Consent(purposes) => TrackerNeed::Consent(names(&purposes, Purpose::parse)?),
            },
            techniques: names(&self.techniques, Ground::parse)?,
            shares: self.shares,
            lifetime: self.lifetime.as_deref().map(length).transpose()?,
            clause: Clause::new(self.clause),
        })
    }
}

/// The purposes whose consents a tracker needs.
pub(super) fn consents(rule: &TrackerRule) -> impl Iterator<Item = &Purpose> {
    let purposes = match &rule.need {
        TrackerNeed::Consent(purposes) => Some(purposes),
        TrackerNeed::Nothing { .. } => None,
    };
    purposes.into_iter().flatten()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalsForm {
    gpc: bool,
    dnt: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
}

impl SignalsForm {
    pub(super) fn from_rule(rule: &Signals) -> Self {
        Self { gpc: rule.honours_gpc, dnt: rule.honours_dnt, clause: rule.clause.as_ref().map(ToString::to_string) }
    }

    pub(super) fn into_rule(self) -> Signals {
        Signals { honours_gpc: self.gpc, honours_dnt: self.dnt, clause: self.clause.map(Clause::new) }
    }
}
