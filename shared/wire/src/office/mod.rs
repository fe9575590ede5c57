//! The office's side of requests, as it is sent: `/{controller}/v1/staff/…`.

use domain::{
    dsar::{Head, RefusalGround, RequestType, Stage, has_parts},
    ids::{RequestId, StaffId},
    policy::Policy,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, at, limit, time};

mod action;
mod case;
mod enter;

pub(crate) use action::words;
pub use action::{ActionForm, ExceptionForm, Told};
pub use case::{
    Case, CaseForm, DueForm, EntryForm, ErasedForm, MailFailureForm, RulingForm, StepForm, TaskForm, WhoForm,
};
pub use enter::{EnterForm, ParsedEntry};

/// What a list is asked for, as it stands in a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// `open` or `closed`; none: open.
    pub state: Option<String>,
    /// A stage.
    pub stage: Option<String>,
    /// A type of request.
    pub request: Option<String>,
    /// Who has taken it on.
    pub assignee: Option<String>,
    /// `true`: the caller has.
    pub mine: Option<String>,
    /// Whose answer is late by then.
    pub due_before: Option<String>,
    /// `true`: whose answer is late now.
    pub overdue: Option<String>,
    /// How many.
    pub limit: Option<String>,
}

/// What a list is asked for, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedList {
    /// What is still owed, or what is closed.
    pub is_open: bool,
    /// At this stage.
    pub stage: Option<Stage>,
    /// Of this type.
    pub request: Option<RequestType>,
    /// Which this person has taken on.
    pub assignee: Option<StaffId>,
    /// Which the caller has taken on.
    pub mine: bool,
    /// Whose answer is late by then.
    pub due_before: Option<Timestamp>,
    /// Whose answer is late now.
    pub overdue: bool,
    /// How many.
    pub limit: Option<usize>,
}

impl ListQuery {
    /// Checks the query and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first value that breaks a rule.
    pub fn parse(self) -> Result<ParsedList, FormError> {
        let is_open = match self.state.as_deref() {
            None | Some("open") => true,
            Some("closed") => false,
            Some(_) => return Err(FormError::new("/state", "use open or closed")),
        };
        let stage = self.stage.map(|stage| {
            Stage::parse(&stage).ok_or_else(|| {
                FormError::new("/stage", format!("use one of {}", Stage::ALL.map(Stage::as_str).join(", ")))
            })
        });
        let request = self.request.map(|request| request_type(&request));
        let parsed = ParsedList {
            is_open,
            stage: stage.transpose()?,
            request: request.transpose()?,
            assignee: self.assignee.map(|staff| StaffId::parse(&staff)).transpose().map_err(at("/assignee"))?,
            mine: flag(self.mine, "/mine")?,
            due_before: self.due_before.map(|text| time(&text, "/due_before")).transpose()?,
            overdue: flag(self.overdue, "/overdue")?,
            limit: limit(self.limit)?,
        };
        if parsed.mine && parsed.assignee.is_some() {
            return Err(FormError::new("/assignee", "ask for your own requests or for somebody's"));
        }
        Ok(parsed)
    }
}

fn flag(text: Option<String>, pointer: &str) -> Result<bool, FormError> {
    match text.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(FormError::new(pointer, "use true or false")),
    }
}

fn request_type(text: &str) -> Result<RequestType, FormError> {
    let known = || RequestType::ALL.map(RequestType::as_str).join(", ");
    RequestType::parse(text).ok_or_else(|| FormError::new("/type", format!("use one of {}", known())))
}

/// The last day on which an answer is in time, where it is late from then on.
fn last_day(policy: &Policy, due_at: Timestamp) -> jiff::civil::Date {
    let last = due_at.saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(due_at);
    last.to_zoned(policy.time_zone.clone()).date()
}

/// A line of the office's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineForm {
    /// Which request.
    pub request_id: String,
    /// What is asked for.
    #[serde(rename = "type")]
    pub request: String,
    /// Where it stands.
    pub stage: String,
    /// When it was received.
    pub received_at: String,
    /// The last day on which an answer is in time, in the law's zone.
    pub due_date: String,
    /// The first instant that is late.
    pub due_before: String,
    /// How many days are left: 0 on the last, less when it is late; none once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// Who has taken it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// What `If-Match` must name.
    pub version: u32,
}

impl LineForm {
    /// Writes a line, at that time.
    pub fn new(
        policy: &Policy,
        request: &RequestId,
        head: &Head,
        (version, received_at): (u32, Timestamp),
        now: Timestamp,
    ) -> Self {
        let last_day = last_day(policy, head.due_at);
        let today = now.to_zoned(policy.time_zone.clone()).date();
        let days_left = today.duration_until(last_day).as_hours() / 24;
        Self {
            request_id: request.to_string(),
            request: head.request.to_string(),
            stage: head.stage.as_str().to_owned(),
            received_at: received_at.to_string(),
            due_date: last_day.to_string(),
            due_before: head.due_at.to_string(),
            days_left: head.stage.is_open().then_some(days_left),
            assignee: head.assignee.as_ref().map(ToString::to_string),
            version,
        }
    }
}

/// `GET /{controller}/v1/staff/requests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListForm {
    /// The form's version.
    pub v: u8,
    /// The lines, earliest due first.
    pub requests: Vec<LineForm>,
    /// From where the next page goes on; none: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A ground on which the office may refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroundForm {
    /// Its name.
    pub ground: String,
    /// The articles that allow it.
    pub article: String,
    /// The types of request that can be refused on it.
    pub types: Vec<String>,
    /// Those of which a part can be.
    pub parts_of: Vec<String>,
}

/// `GET /{controller}/v1/staff/grounds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroundsForm {
    /// The form's version.
    pub v: u8,
    /// Every ground.
    pub grounds: Vec<GroundForm>,
}

impl GroundsForm {
    /// Every ground that the product knows.
    pub fn all() -> Self {
        let form = |ground: RefusalGround| {
            let types: Vec<_> = RequestType::ALL.into_iter().filter(|request| ground.fits(*request)).collect();
            GroundForm {
                ground: ground.as_str().to_owned(),
                article: ground.article().to_owned(),
                parts_of: types.iter().filter(|request| has_parts(**request)).map(ToString::to_string).collect(),
                types: types.iter().map(ToString::to_string).collect(),
            }
        };
        Self { v: 1, grounds: RefusalGround::ALL.map(form).into() }
    }
}
