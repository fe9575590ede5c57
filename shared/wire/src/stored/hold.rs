//! A legal hold: where it binds, and its copy where no restore undoes it.

use domain::{
    hold::{Hold as DomainHold, HoldReason, HoldScope, ReleaseAsked},
    ids::{BreachId, Category, Ground, HoldId, SubjectRef},
    record::System,
};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, ids, millis, name, some_time, time};

/// `HOLD#{hold}`: under its subject, or under the controller if it is a wide one. The copies all lie under the
/// controller, so there alone a subject's hold names its subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Whose records it keeps, in a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What a wide one keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Why.
    pub reason: String,
    /// The policy's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// When it was opened.
    pub opened_at: i64,
    /// When somebody must look at it again.
    pub review_at: i64,
    /// Who opened it.
    pub opened_by: String,
    /// When the last record that a wide one keeps had its mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_at: Option<i64>,
    /// When somebody asked first for its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_asked_at: Option<i64>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_asked_by: Option<String>,
    /// When it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<i64>,
    /// Who released it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<String>,
    /// When somebody must look at it again, in place of `review_at`: that is part of what the hold's leaf is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_moved_to: Option<i64>,
    /// When that was said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_moved_at: Option<i64>,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_moved_by: Option<String>,
    /// When somebody took back last that it should be released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_withdrawn_at: Option<i64>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_withdrawn_by: Option<String>,
}

/// What a wide hold keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "lowercase", deny_unknown_fields)]
pub enum Scope {
    /// Everything of one category.
    Category {
        /// Which.
        category: String,
    },
    /// Everything in one system.
    System {
        /// Which.
        system: String,
    },
    /// What a breach has exposed.
    Incident {
        /// Which breach.
        breach: String,
        /// The categories that it exposed.
        categories: Vec<String>,
        /// When the exposure ended.
        until: i64,
    },
}

impl Scope {
    fn of(scope: &HoldScope) -> Option<Self> {
        match scope {
            HoldScope::Subject(_) => None,
            HoldScope::Category(category) => Some(Self::Category { category: category.to_string() }),
            HoldScope::System(system) => Some(Self::System { system: system.as_str().to_owned() }),
            HoldScope::Incident { breach, categories, until } => Some(Self::Incident {
                breach: breach.to_string(),
                categories: categories.iter().map(ToString::to_string).collect(),
                until: millis(*until),
            }),
        }
    }

    fn into_scope(self) -> Result<HoldScope, Unreadable> {
        Ok(match self {
            Self::Category { category } => HoldScope::Category(id("category", &category, Category::parse)?),
            Self::System { system } => HoldScope::System(name("system", &system, System::parse)?),
            Self::Incident { breach, categories, until } => HoldScope::Incident {
                breach: id("breach", &breach, BreachId::parse)?,
                categories: ids("categories", &categories, Category::parse)?,
                until: time("until", until)?,
            },
        })
    }
}

impl From<&DomainHold> for Hold {
    fn from(hold: &DomainHold) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Hold,
            subject: None,
            scope: Scope::of(&hold.scope),
            reason: hold.reason.as_str().to_owned(),
            ground: hold.ground.as_ref().map(ToString::to_string),
            opened_at: millis(hold.opened_at),
            review_at: millis(hold.review_at),
            opened_by: hold.opened_by.clone(),
            bound_at: hold.bound_at.map(millis),
            release_asked_at: hold.release_asked.as_ref().map(|asked| millis(asked.at)),
            release_asked_by: hold.release_asked.as_ref().map(|asked| asked.by.clone()),
            released_at: hold.released_at.map(millis),
            released_by: None,
            review_moved_to: None,
            review_moved_at: None,
            review_moved_by: None,
            release_withdrawn_at: None,
            release_withdrawn_by: None,
        }
    }
}

impl Hold {
    /// The copy of a hold, which names its subject.
    pub fn copy_of(hold: &DomainHold) -> Self {
        Self { subject: hold.scope.subject().map(ToString::to_string), ..Self::from(hold) }
    }

    /// Reads the hold that stands under this identifier: under a subject, or under the controller.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_hold(self, subject: Option<SubjectRef>, hold: HoldId) -> Result<DomainHold, Unreadable> {
        check(self.v, self.kind, Kind::Hold)?;
        let named = self.subject.map(|subject| id("subject", &subject, SubjectRef::parse)).transpose()?;
        let scope = match (self.scope, subject.or(named)) {
            (Some(scope), None) => scope.into_scope()?,
            (None, Some(subject)) => HoldScope::Subject(subject),
            _ => return Err(Unreadable { field: "scope" }),
        };
        let release_asked = match (self.release_asked_by, self.release_asked_at) {
            (Some(by), Some(at)) => Some(ReleaseAsked { by, at: time("release_asked_at", at)? }),
            (None, None) => None,
            _ => return Err(Unreadable { field: "release_asked_by" }),
        };
        Ok(DomainHold {
            id: hold,
            scope,
            reason: name("reason", &self.reason, HoldReason::parse)?,
            ground: self.ground.map(|ground| id("ground", &ground, Ground::parse)).transpose()?,
            opened_at: time("opened_at", self.opened_at)?,
            review_at: time("review_at", self.review_moved_to.unwrap_or(self.review_at))?,
            opened_by: self.opened_by,
            bound_at: some_time("bound_at", self.bound_at)?,
            release_asked,
            released_at: some_time("released_at", self.released_at)?,
        })
    }
}
