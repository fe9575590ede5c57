//! The office's side of requests: what its people see, and what they do.

use domain::{
    ids::{RequestId, StaffId},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    requests::{RequestKey, RequestLog},
};

mod act;
mod enter;
mod list;
mod look;
mod merge;

pub use act::{ActError, Doing, act};
pub use enter::{ENTERED_DAYS_MAX, EnterError, EnterRequest, Entered, enter};
pub use list::{LIMIT_DEFAULT, LIMIT_MAX, ListError, ListRequests, Page, SCANNED_LINES_MAX, list};
pub use look::{Looked, Planned, look, looked};

/// Somebody of the office, at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clerk {
    /// Who.
    pub id: StaffId,
    /// When.
    pub at: Timestamp,
}

/// Finds a request by its number alone.
async fn locate<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
) -> Result<Option<RequestKey>, PortError> {
    let subject = ports.locate(&policy.controller, request).await?;
    Ok(subject.map(|subject| RequestKey { controller: policy.controller.clone(), subject, request: request.clone() }))
}
