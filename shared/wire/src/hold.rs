//! Holds as they are sent.

use domain::{
    hold::{Hold, HoldReason, HoldScope, ScopeAsked},
    ids::{BreachId, Category, Ground, HoldId, SubjectRef},
    record::System,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, SubjectForm, at, time};

/// `POST /{controller}/v1/holds`. Exactly one of `subject` and `scope` says what it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldForm {
    /// Whose records it keeps.
    #[serde(default)]
    pub subject: Option<SubjectForm>,
    /// What it keeps of everybody.
    #[serde(default)]
    pub scope: Option<ScopeForm>,
    /// `legal-claim`, `investigation`, `restriction` or `legal-obligation`.
    pub reason: String,
    /// The policy's own word for it: `complaint`. Needed where the policy lists grounds.
    #[serde(default)]
    pub ground: Option<String>,
    /// When somebody must look at it again.
    pub review_at: String,
}

/// What a wide hold keeps: `{"category":"server-log"}`, `{"system":"s3"}`, `{"incident":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeForm {
    /// Everything of one category.
    Category(String),
    /// Everything in one system: `habeas` or `s3`.
    System(String),
    /// What a breach has exposed, by the breach's number.
    Incident(String),
}

/// A hold, parsed.
#[derive(Debug)]
pub struct ParsedHold {
    /// What it keeps.
    pub scope: ScopeAsked,
    /// Why.
    pub reason: HoldReason,
    /// The policy's own word for it.
    pub ground: Option<Ground>,
    /// When somebody must look at it again.
    pub review_at: Timestamp,
}

impl HoldForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedHold, FormError> {
        let reason = HoldReason::parse_placed(&self.reason).ok_or_else(|| {
            FormError::new("/reason", format!("use one of {}", HoldReason::PLACED.map(HoldReason::as_str).join(", ")))
        })?;
        let scope = match (self.subject, self.scope) {
            (Some(subject), None) => ScopeAsked::Subject(subject.identifier()?),
            (None, Some(scope)) => scope.parse()?,
            (Some(_), Some(_)) => return Err(FormError::new("/scope", "a hold keeps one subject, or a scope")),
            (None, None) => return Err(FormError::new("/subject", "name a subject, or a scope in its place")),
        };
        Ok(ParsedHold {
            scope,
            reason,
            ground: self.ground.map(|ground| Ground::parse(&ground).map_err(at("/ground"))).transpose()?,
            review_at: time(&self.review_at, "/review_at")?,
        })
    }
}

impl ScopeForm {
    fn parse(self) -> Result<ScopeAsked, FormError> {
        Ok(match self {
            Self::Category(category) => {
                ScopeAsked::Category(Category::parse(&category).map_err(at("/scope/category"))?)
            }
            Self::System(system) => ScopeAsked::System(
                System::parse(&system).ok_or_else(|| FormError::new("/scope/system", "use habeas or s3"))?,
            ),
            Self::Incident(breach) => ScopeAsked::Incident(BreachId::parse(&breach).map_err(at("/scope/incident"))?),
        })
    }

    fn of(scope: &HoldScope) -> Option<Self> {
        match scope {
            HoldScope::Subject(_) => None,
            HoldScope::Category(category) => Some(Self::Category(category.to_string())),
            HoldScope::System(system) => Some(Self::System(system.as_str().to_owned())),
            HoldScope::Incident { breach, .. } => Some(Self::Incident(breach.to_string())),
        }
    }
}

/// `POST /{controller}/v1/holds/{hold}/review`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewForm {
    /// When somebody must look at the hold again.
    pub review_at: String,
}

impl ReviewForm {
    /// Reads what it says.
    ///
    /// # Errors
    /// [`FormError`] if that is no time.
    pub fn parse(&self) -> Result<Timestamp, FormError> {
        time(&self.review_at, "/review_at")
    }
}

/// A hold, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// The form's version.
    pub v: u8,
    /// Which hold, as paths name it: with its subject, `{subject}~{hold}`, or alone.
    pub hold_id: String,
    /// How far it is: `binding`, `standing`, `release-asked` or `released`.
    pub state: String,
    /// What a wide one keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeForm>,
    /// Why.
    pub reason: String,
    /// The policy's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Since when.
    pub opened_at: String,
    /// Who opened it.
    pub opened_by: String,
    /// When somebody must look at it again.
    pub review_at: String,
    /// When the last record that a wide one keeps had its mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_at: Option<String>,
    /// Who asked first for its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_asked_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_asked_at: Option<String>,
    /// When it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
}

impl HoldAnswer {
    /// Writes a hold.
    pub fn new(hold: &Hold) -> Self {
        let asked = hold.release_asked.as_ref();
        Self {
            v: 1,
            hold_id: hold.name(),
            state: hold.state().as_str().to_owned(),
            scope: ScopeForm::of(&hold.scope),
            reason: hold.reason.as_str().to_owned(),
            ground: hold.ground.as_ref().map(ToString::to_string),
            opened_at: hold.opened_at.to_string(),
            opened_by: hold.opened_by.clone(),
            review_at: hold.review_at.to_string(),
            bound_at: hold.bound_at.map(|at| at.to_string()),
            release_asked_by: asked.map(|asked| asked.by.clone()),
            release_asked_at: asked.map(|asked| asked.at.to_string()),
            released_at: hold.released_at.map(|at| at.to_string()),
        }
    }
}

/// `GET /{controller}/v1/holds`, answered: a page of the holds that stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldsAnswer {
    /// The form's version.
    pub v: u8,
    /// The holds.
    pub holds: Vec<HoldAnswer>,
    /// Where the next page begins, as `?cursor=` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Reads a hold's name: `{subject}~{hold}`, or a wide one's alone.
pub fn parse_name(text: &str) -> Option<(Option<SubjectRef>, HoldId)> {
    match text.split_once('~') {
        Some((subject, hold)) => Some((Some(SubjectRef::parse(subject).ok()?), HoldId::parse(hold).ok()?)),
        None => Some((None, HoldId::parse(text).ok()?)),
    }
}
