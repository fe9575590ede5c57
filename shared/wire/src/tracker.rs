//! Trackers as they are answered.

use domain::{
    policy::{Policy, TrackerNeed},
    tracker::{Decision, Seen},
};
use serde::{Deserialize, Serialize};

/// `GET /{controller}/v1/trackers`. What is not in the list may not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackersAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose policy.
    pub controller: String,
    /// Every tracker that the policy declares.
    pub trackers: Vec<TrackerForm>,
    /// Global Privacy Control.
    pub gpc: SignalForm,
    /// Do Not Track.
    pub dnt: SignalForm,
}

/// One tracker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerForm {
    /// Its name in the policy.
    pub id: String,
    /// What people read about it.
    pub title: String,
    /// Whether it may be set or read now.
    pub allowed: bool,
    /// Why: `exempt`, `consent`, `no-consent`, `gpc`, `dnt` or `ruled-out`.
    pub because: String,
    /// Why it needs no consent, where it needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that is promised.
    pub clause: String,
    /// Whose it is, where not the controller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The purposes whose consents it needs, all of them.
    pub needs: Vec<String>,
    /// How long it may live (ISO 8601); absent: until the browser is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
    /// Until when it may live if it is set now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What became of a browser's signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalForm {
    /// Whether the browser sent it.
    pub seen: bool,
    /// Whether this controller answers to it.
    pub honoured: bool,
}

impl TrackersAnswer {
    /// Writes what was decided.
    pub fn new(policy: &Policy, decisions: &[Decision<'_>], seen: Seen) -> Self {
        Self {
            v: 1,
            controller: policy.controller.to_string(),
            trackers: decisions.iter().map(TrackerForm::new).collect(),
            gpc: SignalForm { seen: seen.gpc, honoured: policy.signals.honours_gpc },
            dnt: SignalForm { seen: seen.dnt, honoured: policy.signals.honours_dnt },
        }
    }
}

impl TrackerForm {
    fn new(decision: &Decision<'_>) -> Self {
        let rule = decision.rule;
        let reason = if let TrackerNeed::Nothing { reason } = &rule.need { Some(reason.clone()) } else { None };
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            allowed: decision.is_allowed(),
            because: decision.because.as_str().to_owned(),
            reason,
            clause: decision.clause.to_string(),
            party: rule.party.as_ref().map(ToString::to_string),
            needs: decision.needs.iter().map(ToString::to_string).collect(),
            lifetime: rule.lifetime.as_ref().map(|lifetime| lifetime.0.to_string()),
            until: decision.until.map(|until| until.to_string()),
        }
    }
}
