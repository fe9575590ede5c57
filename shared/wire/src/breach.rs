//! Breaches as they are sent.

use std::collections::BTreeSet;

use domain::{
    announcement::{Notice, NoticeState},
    breach::{AuthorityNotified, Breach},
    ids::Category,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, time};

/// `POST /{controller}/v1/breaches`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreachForm {
    /// When the controller became aware: a person's decision.
    pub aware_at: String,
    /// When data was exposed, from.
    pub exposed_from: String,
    /// To.
    pub exposed_to: String,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// Whether it was only tried.
    #[serde(default)]
    pub attempt_only: bool,
    /// Whether the risk to people is high, as assessed by a person.
    pub high_risk: bool,
    /// What happened, in plain language.
    pub description: String,
    /// What people can do.
    pub advice: String,
}

/// A declaration, parsed.
#[derive(Debug)]
pub struct ParsedBreach {
    /// When the controller became aware.
    pub aware_at: Timestamp,
    /// When data was exposed, from.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// What kinds of data.
    pub categories: BTreeSet<Category>,
    /// Whether it was only tried.
    pub attempt_only: bool,
    /// Whether the risk to people is high.
    pub high_risk: bool,
    /// What happened.
    pub description: String,
    /// What people can do.
    pub advice: String,
}

impl BreachForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedBreach, FormError> {
        let mut categories = BTreeSet::new();
        for (n, category) in self.categories.iter().enumerate() {
            let category = Category::parse(category)
                .map_err(|invalid| FormError::new(format!("/categories/{n}"), invalid.to_string()))?;
            categories.insert(category);
        }
        Ok(ParsedBreach {
            aware_at: time(&self.aware_at, "/aware_at")?,
            exposed_from: time(&self.exposed_from, "/exposed_from")?,
            exposed_to: time(&self.exposed_to, "/exposed_to")?,
            categories,
            attempt_only: self.attempt_only,
            high_risk: self.high_risk,
            description: self.description,
            advice: self.advice,
        })
    }
}

/// `POST /{controller}/v1/breaches/{breach}/authority`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifiedForm {
    /// When the authority was notified.
    pub notified_at: String,
    /// The authority's reference for it.
    pub reference: String,
}

impl NotifiedForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<AuthorityNotified, FormError> {
        Ok(AuthorityNotified { at: time(&self.notified_at, "/notified_at")?, reference: self.reference })
    }
}

/// A breach, answered to staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachAnswer {
    /// The form's version.
    pub v: u8,
    /// Which breach.
    pub breach_id: String,
    /// When the controller became aware.
    pub aware_at: String,
    /// By when the authority must know: 72 hours (GDPR Art. 33(1)).
    pub authority_due_before: String,
    /// When the authority was notified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_notified_at: Option<String>,
    /// The authority's reference for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_reference: Option<String>,
    /// Whether people are told.
    pub tell_subjects: bool,
    /// How the notices stand, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticeCounts>,
}

/// How the notices of an announcement stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoticeCounts {
    /// Found, not told yet.
    pub planned: usize,
    /// In doubt: a send was begun.
    pub claimed: usize,
    /// Told by mail.
    pub sent: usize,
    /// Told by what is public: the alert of a breach, the page of notices.
    pub without_address: usize,
    /// Written to, and the mail came back: told by what is public.
    #[serde(default)]
    pub not_reached: usize,
}

impl NoticeCounts {
    /// Counts notices.
    pub fn of(notices: &[Notice]) -> Self {
        let mut counts = Self::default();
        for notice in notices {
            match notice.state {
                NoticeState::Planned => counts.planned += 1,
                NoticeState::Claimed => counts.claimed += 1,
                NoticeState::Sent => counts.sent += 1,
                NoticeState::WithoutAddress => counts.without_address += 1,
                NoticeState::NotReached => counts.not_reached += 1,
            }
        }
        counts
    }
}

impl BreachAnswer {
    /// Writes a breach.
    pub fn new(breach: &Breach, notices: Option<NoticeCounts>) -> Self {
        Self {
            v: 1,
            breach_id: breach.id.to_string(),
            aware_at: breach.aware_at.to_string(),
            authority_due_before: breach.authority_due_at.to_string(),
            authority_notified_at: breach.notified.as_ref().map(|notified| notified.at.to_string()),
            authority_reference: breach.notified.as_ref().map(|notified| notified.reference.clone()),
            tell_subjects: breach.tell_subjects,
            notices,
        }
    }
}

/// One public alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertForm {
    /// Which breach.
    pub breach_id: String,
    /// Since when it is public.
    pub published_at: String,
    /// When data was exposed, from.
    pub exposed_from: String,
    /// To.
    pub exposed_to: String,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// What happened.
    pub description: String,
    /// What people can do.
    pub advice: String,
}

/// `GET /{controller}/v1/alerts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Newest first.
    pub alerts: Vec<AlertForm>,
}
