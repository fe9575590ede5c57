//! One entry of a request's history.

use domain::{
    dsar::{
        Act, Actor, Ask, Entry as HistoryEntry, Exception, ExtensionGround, RefusalGround, Ruling, TaskEnd, VerifiedBy,
    },
    ids::{Category, Purpose, RequestId, StaffId, SystemId},
};
use serde::{Deserialize, Serialize};

use super::{
    Bytes, Kind, Unreadable, VERSION, check, id, ids, millis, name,
    request::{Ending, regimes, verified_by},
    time,
};
use crate::texts;

/// `REQUEST#{request}#3-{number}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When.
    pub at: i64,
    /// By whom: `requester`, `product`, `staff` or `system`.
    pub by: String,
    /// Who of the office, or which system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// What happened.
    pub act: ActForm,
    /// What was written with it, sealed under the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Bytes>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the act of its name, with the same parts")]
pub enum ActForm {
    Verified {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        points: Option<u8>,
    },
    Asked {
        ask: String,
    },
    Replied {
        ask: String,
    },
    Claimed,
    Released,
    HandedOver {
        to: String,
    },
    Noted,
    RegimesChanged {
        regimes: Vec<String>,
    },
    Extended {
        ground: String,
    },
    TasksOpened {
        systems: Vec<String>,
    },
    TaskEnded {
        system: String,
        end: EndForm,
    },
    Proposed {
        ruling: RulingForm,
    },
    Approved,
    SentBack,
    Ruled {
        ruling: RulingForm,
    },
    Decided {
        outcome: Ending,
    },
    Merged {
        into: String,
    },
    Withdrawn,
    Stopped,
    Lapsed,
    MailFailed {
        mail: String,
        why: String,
    },
}

/// What the office decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rules", rename_all = "kebab-case")]
pub enum RulingForm {
    /// Do it, but for these.
    Approve {
        /// What is refused.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<ExceptionForm>,
    },
    /// Do none of it.
    Refuse {
        /// Why.
        ground: String,
    },
}

/// An item that the office refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionForm {
    /// Which data.
    pub category: String,
    /// Kept for what; none: anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why.
    pub ground: String,
}

impl From<&Exception> for ExceptionForm {
    fn from(exception: &Exception) -> Self {
        Self {
            category: exception.category.to_string(),
            purpose: exception.purpose.as_ref().map(ToString::to_string),
            ground: exception.ground.as_str().to_owned(),
        }
    }
}

impl ExceptionForm {
    pub(super) fn into_exception(self) -> Result<Exception, Unreadable> {
        Ok(Exception {
            category: id("category", &self.category, Category::parse)?,
            purpose: self.purpose.map(|purpose| id("purpose", &purpose, Purpose::parse)).transpose()?,
            ground: ground(&self.ground)?,
        })
    }
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the end of its name, with the same parts")]
pub enum EndForm {
    Done { records: u32 },
    NotFound,
    Kept { records: u32, ground: String },
    Delivered { object: String },
    GivenUp,
}

fn ground(text: &str) -> Result<RefusalGround, Unreadable> {
    name("ground", text, RefusalGround::parse)
}

fn ask(text: &str) -> Result<Ask, Unreadable> {
    name("ask", text, Ask::parse)
}

impl From<&Ruling> for RulingForm {
    fn from(ruling: &Ruling) -> Self {
        match ruling {
            Ruling::Approve { except } => Self::Approve { except: except.iter().map(ExceptionForm::from).collect() },
            Ruling::Refuse(ground) => Self::Refuse { ground: ground.as_str().to_owned() },
        }
    }
}

impl RulingForm {
    fn into_ruling(self) -> Result<Ruling, Unreadable> {
        match self {
            Self::Approve { except } => {
                let except = except.into_iter().map(ExceptionForm::into_exception).collect::<Result<_, _>>()?;
                Ok(Ruling::Approve { except })
            }
            Self::Refuse { ground: text } => Ok(Ruling::Refuse(ground(&text)?)),
        }
    }
}

impl From<&TaskEnd> for EndForm {
    fn from(end: &TaskEnd) -> Self {
        match end {
            TaskEnd::Done { records } => Self::Done { records: *records },
            TaskEnd::NotFound => Self::NotFound,
            TaskEnd::Kept { records, ground } => Self::Kept { records: *records, ground: ground.as_str().to_owned() },
            TaskEnd::Delivered { object } => Self::Delivered { object: object.clone() },
            TaskEnd::GivenUp => Self::GivenUp,
        }
    }
}

impl EndForm {
    fn into_end(self) -> Result<TaskEnd, Unreadable> {
        Ok(match self {
            Self::Done { records } => TaskEnd::Done { records },
            Self::NotFound => TaskEnd::NotFound,
            Self::Kept { records, ground: text } => TaskEnd::Kept { records, ground: ground(&text)? },
            Self::Delivered { object } => TaskEnd::Delivered { object },
            Self::GivenUp => TaskEnd::GivenUp,
        })
    }
}

impl From<&Act> for ActForm {
    fn from(act: &Act) -> Self {
        match act {
            Act::Verified(by) => Self::Verified {
                by: by.as_str().to_owned(),
                points: if let VerifiedBy::Points(points) = by { Some(*points) } else { None },
            },
            Act::Asked(ask) => Self::Asked { ask: ask.as_str().to_owned() },
            Act::Replied(ask) => Self::Replied { ask: ask.as_str().to_owned() },
            Act::Claimed => Self::Claimed,
            Act::Released => Self::Released,
            Act::HandedOver(to) => Self::HandedOver { to: to.to_string() },
            Act::Noted => Self::Noted,
            Act::RegimesChanged(regimes) => {
                Self::RegimesChanged { regimes: regimes.iter().map(|regime| regime.as_str().to_owned()).collect() }
            }
            Act::Extended(ground) => Self::Extended { ground: ground.as_str().to_owned() },
            Act::TasksOpened(systems) => Self::TasksOpened { systems: texts(systems) },
            Act::TaskEnded(system, end) => Self::TaskEnded { system: system.to_string(), end: end.into() },
            Act::Proposed(ruling) => Self::Proposed { ruling: ruling.into() },
            Act::Approved => Self::Approved,
            Act::SentBack => Self::SentBack,
            Act::Ruled(ruling) => Self::Ruled { ruling: ruling.into() },
            Act::Decided(outcome) => Self::Decided { outcome: outcome.into() },
            Act::Merged(into) => Self::Merged { into: into.to_string() },
            Act::Withdrawn => Self::Withdrawn,
            Act::Stopped => Self::Stopped,
            Act::Lapsed => Self::Lapsed,
            Act::MailFailed { mail, why } => Self::MailFailed { mail: mail.clone(), why: why.clone() },
        }
    }
}

impl ActForm {
    fn into_act(self) -> Result<Act, Unreadable> {
        Ok(match self {
            Self::Verified { by, points } => Act::Verified(verified_by(&by, points)?),
            Self::Asked { ask: text } => Act::Asked(ask(&text)?),
            Self::Replied { ask: text } => Act::Replied(ask(&text)?),
            Self::Claimed => Act::Claimed,
            Self::Released => Act::Released,
            Self::HandedOver { to } => Act::HandedOver(id("to", &to, StaffId::parse)?),
            Self::Noted => Act::Noted,
            Self::RegimesChanged { regimes: names } => Act::RegimesChanged(regimes(&names)?),
            Self::Extended { ground } => Act::Extended(name("ground", &ground, ExtensionGround::parse)?),
            Self::TasksOpened { systems } => Act::TasksOpened(ids("system", &systems, SystemId::parse)?),
            Self::TaskEnded { system, end } => Act::TaskEnded(id("system", &system, SystemId::parse)?, end.into_end()?),
            Self::Proposed { ruling } => Act::Proposed(ruling.into_ruling()?),
            Self::Approved => Act::Approved,
            Self::SentBack => Act::SentBack,
            Self::Ruled { ruling } => Act::Ruled(ruling.into_ruling()?),
            Self::Decided { outcome } => Act::Decided(outcome.into_outcome()?),
            Self::Merged { into } => Act::Merged(id("into", &into, RequestId::parse)?),
            Self::Withdrawn => Act::Withdrawn,
            Self::Stopped => Act::Stopped,
            Self::Lapsed => Act::Lapsed,
            Self::MailFailed { mail, why } => Act::MailFailed { mail, why },
        })
    }
}

impl Entry {
    /// Takes an entry, without what was written with it.
    pub fn new(entry: &HistoryEntry) -> Self {
        let (by, who) = match &entry.by {
            Actor::Requester => ("requester", None),
            Actor::Product => ("product", None),
            Actor::Staff(staff) => ("staff", Some(staff.to_string())),
            Actor::System(system) => ("system", Some(system.to_string())),
        };
        Self {
            v: VERSION,
            kind: Kind::Entry,
            at: millis(entry.at),
            by: by.to_owned(),
            who,
            act: (&entry.act).into(),
            text: None,
        }
    }

    /// Reads the entry.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_entry(self) -> Result<HistoryEntry, Unreadable> {
        check(self.v, self.kind, Kind::Entry)?;
        let by = match (self.by.as_str(), self.who.as_deref()) {
            ("requester", None) => Actor::Requester,
            ("product", None) => Actor::Product,
            ("staff", Some(who)) => Actor::Staff(id("who", who, StaffId::parse)?),
            ("system", Some(who)) => Actor::System(id("who", who, SystemId::parse)?),
            _ => return Err(Unreadable { field: "by" }),
        };
        Ok(HistoryEntry { at: time("at", self.at)?, by, act: self.act.into_act()? })
    }
}
