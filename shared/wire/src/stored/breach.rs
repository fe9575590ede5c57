//! A breach, its notices and its public alert.

use std::collections::BTreeSet;

use domain::{
    announcement::{Announcement, Notice as DomainNotice, NoticeState},
    breach::{AuthorityNotified, Breach as DomainBreach},
    ids::{BreachId, Category, Fingerprint, SubjectRef},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, is_false, millis, name, time};

/// `BREACH`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When the controller became aware.
    pub aware_at: i64,
    /// When it was declared.
    pub declared_at: i64,
    /// By when the authority must know.
    pub ends_at: i64,
    /// When data was exposed, from.
    pub exposed_from: i64,
    /// To.
    pub exposed_to: i64,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// Whether it was only tried.
    #[serde(default, skip_serializing_if = "is_false")]
    pub attempt_only: bool,
    /// What happened.
    pub description: String,
    /// What people can do.
    pub advice: String,
    /// Whether people are told.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tell_subjects: bool,
    /// Who declared it.
    pub declared_by: String,
    /// What the declaration carried, as a keyed hash.
    pub fingerprint: String,
    /// When the authority was notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<i64>,
    /// The authority's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Breach {
    /// Takes a breach and the fingerprint of its declaration.
    pub fn new(breach: &DomainBreach, fingerprint: &Fingerprint) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Breach,
            aware_at: millis(breach.aware_at),
            declared_at: millis(breach.declared_at),
            ends_at: millis(breach.authority_due_at),
            exposed_from: millis(breach.exposed_from),
            exposed_to: millis(breach.exposed_to),
            categories: breach.categories.iter().map(ToString::to_string).collect(),
            attempt_only: breach.attempt_only,
            description: breach.description.clone(),
            advice: breach.advice.clone(),
            tell_subjects: breach.tell_subjects,
            declared_by: breach.declared_by.clone(),
            fingerprint: fingerprint.to_string(),
            notified_at: breach.notified.as_ref().map(|notified| millis(notified.at)),
            reference: breach.notified.as_ref().map(|notified| notified.reference.clone()),
        }
    }

    /// Reads the breach of this identifier, with its fingerprint.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_breach(self, breach: BreachId) -> Result<(DomainBreach, Fingerprint), Unreadable> {
        check(self.v, self.kind, Kind::Breach)?;
        let fingerprint = id("fingerprint", &self.fingerprint, Fingerprint::parse)?;
        let breach = DomainBreach {
            id: breach,
            aware_at: time("aware_at", self.aware_at)?,
            declared_at: time("declared_at", self.declared_at)?,
            authority_due_at: time("ends_at", self.ends_at)?,
            exposed_from: time("exposed_from", self.exposed_from)?,
            exposed_to: time("exposed_to", self.exposed_to)?,
            categories: categories(&self.categories)?,
            attempt_only: self.attempt_only,
            description: self.description,
            advice: self.advice,
            tell_subjects: self.tell_subjects,
            declared_by: self.declared_by,
            notified: match self.notified_at {
                Some(at) => Some(AuthorityNotified {
                    at: time("notified_at", at)?,
                    reference: self.reference.unwrap_or_default(),
                }),
                None => None,
            },
        };
        Ok((breach, fingerprint))
    }
}

fn categories(names: &[String]) -> Result<BTreeSet<Category>, Unreadable> {
    names.iter().map(|name| id("categories", name, Category::parse)).collect()
}

/// `NOTICE#{s}`: of a breach or of a change of the notice, as its key says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// How far it has come.
    pub state: String,
    /// When it was planned.
    pub planned_at: i64,
    /// When it came this far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<i64>,
}

impl Notice {
    /// A notice that is planned.
    pub fn planned(at: Timestamp) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Notice,
            state: NoticeState::Planned.as_str().to_owned(),
            planned_at: millis(at),
            moved_at: None,
        }
    }

    /// Reads the notice of this announcement and person.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_notice(self, of: Announcement, subject: SubjectRef) -> Result<DomainNotice, Unreadable> {
        check(self.v, self.kind, Kind::Notice)?;
        Ok(DomainNotice { of, subject, state: name("state", &self.state, NoticeState::parse)? })
    }
}

/// `ALERT#{breach}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Since when it is public.
    pub published_at: i64,
    /// When data was exposed, from.
    pub exposed_from: i64,
    /// To.
    pub exposed_to: i64,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// What happened.
    pub description: String,
    /// What people can do.
    pub advice: String,
}

/// An alert's times and categories, as the rules know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertParts {
    /// Since when it is public.
    pub published_at: Timestamp,
    /// When data was exposed, from.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// What kinds of data.
    pub categories: BTreeSet<Category>,
    /// What happened.
    pub description: String,
    /// What people can do.
    pub advice: String,
}

impl From<AlertParts> for Alert {
    fn from(parts: AlertParts) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Alert,
            published_at: millis(parts.published_at),
            exposed_from: millis(parts.exposed_from),
            exposed_to: millis(parts.exposed_to),
            categories: parts.categories.iter().map(ToString::to_string).collect(),
            description: parts.description,
            advice: parts.advice,
        }
    }
}

impl TryFrom<Alert> for AlertParts {
    type Error = Unreadable;

    fn try_from(form: Alert) -> Result<Self, Unreadable> {
        check(form.v, form.kind, Kind::Alert)?;
        Ok(Self {
            published_at: time("published_at", form.published_at)?,
            exposed_from: time("exposed_from", form.exposed_from)?,
            exposed_to: time("exposed_to", form.exposed_to)?,
            categories: categories(&form.categories)?,
            description: form.description,
            advice: form.advice,
        })
    }
}
