//! Signals as they are sent to and by staff.

use std::collections::BTreeMap;

use domain::{
    ids::BreachId,
    signal::{
        Finding, SIGNAL_KIND_BYTES_MAX, SIGNAL_REASON_BYTES_MAX, SIGNAL_TITLE_BYTES_MAX, Signal, SignalSeverity,
        SignalSource, plain,
    },
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, time};

/// `POST /{controller}/v1/signals`: what somebody of the staff saw, or a detector without EventBridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalForm {
    /// What kind of thing it is: `lost-device`, `misdirected-mail`.
    pub kind: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// In a sentence, naming nobody.
    pub title: String,
    /// When it happened first, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<String>,
    /// When it was noticed.
    pub detected_at: String,
}

impl SignalForm {
    /// Checks the form and reads what it says; `key` is what makes it the same signal when it comes again.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self, key: String, at: Timestamp) -> Result<Finding, FormError> {
        // Staff can write it otherwise, so nothing is taken out behind their backs.
        let kept = |text: String, pointer: &str, bytes_max: usize| {
            if text.trim().is_empty() || text.len() > bytes_max {
                return Err(FormError::new(pointer, format!("holds 1 to {bytes_max} bytes")));
            }
            if plain(&text, bytes_max) != text {
                let rule = "is one line, and names no mail address, network address or resource";
                return Err(FormError::new(pointer, rule));
            }
            Ok(text)
        };
        let severity = SignalSeverity::parse(&self.severity);
        let occurred_at = self.occurred_at.map(|at| time(&at, "/occurred_at")).transpose()?;
        let detected_at = time(&self.detected_at, "/detected_at")?;
        if detected_at > at {
            return Err(FormError::new("/detected_at", "lies in the future"));
        }
        if occurred_at.is_some_and(|occurred_at| occurred_at > detected_at) {
            return Err(FormError::new("/occurred_at", "lies behind the detection"));
        }
        Ok(Finding {
            source: SignalSource::Other,
            id: key,
            what: kept(self.kind, "/kind", SIGNAL_KIND_BYTES_MAX)?,
            title: kept(self.title, "/title", SIGNAL_TITLE_BYTES_MAX)?,
            severity: severity.ok_or_else(|| FormError::new("/severity", "is low, medium, high or critical"))?,
            score: None,
            account: None,
            region: None,
            resources: BTreeMap::new(),
            data: BTreeMap::new(),
            arns: Vec::new(),
            occurred_at,
            detected_at,
            seen_at: detected_at,
            count: None,
        })
    }
}

/// `POST /{controller}/v1/signals/{signal}/dismissal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DismissalForm {
    /// Why it is no breach.
    pub reason: String,
}

impl DismissalForm {
    /// Reads the reason.
    ///
    /// # Errors
    /// [`FormError`] at `/reason`.
    pub fn parse(self) -> Result<String, FormError> {
        if self.reason.trim().is_empty() || self.reason.len() > SIGNAL_REASON_BYTES_MAX {
            return Err(FormError::new("/reason", format!("holds 1 to {SIGNAL_REASON_BYTES_MAX} bytes")));
        }
        Ok(self.reason)
    }
}

/// A signal, answered to staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalAnswer {
    /// The form's version.
    pub v: u8,
    /// Which signal: what a declaration names among its `signals`.
    pub signal_id: String,
    /// `open`, `linked` or `dismissed`.
    pub state: String,
    /// `guardduty`, `security-hub`, `macie` or `other`.
    pub source: String,
    /// What kind of finding it is.
    pub kind: String,
    /// In a sentence.
    pub title: String,
    /// How grave the source takes it to be, at its gravest.
    pub severity: String,
    /// The source's own number or word for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// In which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// In which region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The kinds of things, with how many of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, u32>,
    /// The kinds of data, with how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, u32>,
    /// When it happened first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<String>,
    /// When the source found it.
    pub detected_at: String,
    /// When it arrived here.
    pub received_at: String,
    /// When the source saw it last.
    pub last_seen_at: String,
    /// How often it was seen.
    pub times_seen: u32,
    /// What a declaration made from it could begin with. When the controller became aware is for a person to say.
    pub proposes: ProposalForm,
    /// The breach that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach_id: Option<String>,
    /// Why it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed: Option<DismissedForm>,
    /// Dismissals that no longer hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<DismissedForm>,
}

/// What a signal proposes for a declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalForm {
    /// Times, by the names that a declaration has for them.
    pub times: BTreeMap<String, String>,
    /// Since when data was exposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_from: Option<String>,
}

/// A dismissal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DismissedForm {
    /// When.
    pub at: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl From<&Signal> for SignalAnswer {
    fn from(signal: &Signal) -> Self {
        let state = match (&signal.linked, &signal.dismissed) {
            (Some(_), _) => "linked",
            (None, Some(_)) => "dismissed",
            (None, None) => "open",
        };
        let dismissed = |dismissal: &domain::signal::Dismissal| DismissedForm {
            at: dismissal.at.to_string(),
            by: dismissal.by.to_string(),
            reason: dismissal.reason.clone(),
        };
        let times = signal.proposed_times();
        Self {
            v: 1,
            signal_id: signal.id.to_string(),
            state: state.to_owned(),
            source: signal.source.as_str().to_owned(),
            kind: signal.what.clone(),
            title: signal.title.clone(),
            severity: signal.gravest().as_str().to_owned(),
            score: signal.risen.as_ref().map_or_else(|| signal.score.clone(), |(_, score)| score.clone()),
            account: signal.account.clone(),
            region: signal.region.clone(),
            resources: signal.resources.clone(),
            data: signal.data.clone(),
            occurred_at: signal.occurred_at.map(|at| at.to_string()),
            detected_at: signal.detected_at.to_string(),
            received_at: signal.received_at.to_string(),
            last_seen_at: signal.last_seen_at.to_string(),
            times_seen: signal.times_seen,
            proposes: ProposalForm {
                times: times.iter().map(|(what, at)| (what.as_str().to_owned(), at.to_string())).collect(),
                exposed_from: signal.occurred_at.map(|at| at.to_string()),
            },
            breach_id: signal.linked.as_ref().map(|(breach, _): &(BreachId, _)| breach.to_string()),
            dismissed: signal.dismissed.as_ref().map(dismissed),
            earlier: signal.earlier.iter().map(dismissed).collect(),
        }
    }
}

/// `GET /{controller}/v1/signals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalsAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Those that wait for a decision first, the gravest first among them.
    pub signals: Vec<SignalAnswer>,
    /// Where the next page begins; absent: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
