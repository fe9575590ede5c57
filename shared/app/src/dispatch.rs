//! What goes out to the controller's own systems, and the ports that take it there: each signed, by a call or through
//! a queue.

use domain::{
    ids::{ControllerId, SystemId},
    policy::SystemKind,
    system::{HoldNotice, SystemSecret, Task},
};
use jiff::Timestamp;

use crate::channel::BreachNotice;

/// Why a system did not take what was handed to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system did not take what was handed to it: {code}")]
pub struct NotDelivered {
    /// A code of the adapter's: `timeout`, `http-503`, `private-address`.
    pub code: String,
}

/// What a system is handed.
#[derive(Debug, Clone, Copy)]
pub enum Dispatch<'a> {
    /// A task of a request, whose outcome it tells.
    Task(&'a Task),
    /// How a hold stands.
    Hold(&'a HoldNotice),
    /// Whom to tell of a breach.
    Breach(&'a BreachNotice),
}

impl Dispatch<'_> {
    /// Whose system it goes to.
    pub const fn controller(&self) -> &ControllerId {
        match self {
            Self::Task(task) => &task.controller,
            Self::Hold(notice) => &notice.controller,
            Self::Breach(notice) => &notice.controller,
        }
    }
}

/// The port to systems that are called.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Webhooks {
    /// Hands something over by a `POST`, signed at that time with each of these secrets, and names it in a header.
    ///
    /// MUST call public addresses alone, over TLS, but for the local stage: what is handed over says what somebody is
    /// known by. MUST connect to an address that it has checked; MUST follow no redirect, and come to an end within
    /// seconds. Only a status of 2xx is a success.
    async fn post(
        &self,
        url: &str,
        what: Dispatch<'_>,
        secrets: &[SystemSecret],
        at: Timestamp,
    ) -> Result<(), NotDelivered>;
}

/// The port to systems that read a queue.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait TaskQueues {
    /// Puts something into a queue of the controller's for this system, signed at that time with each of these
    /// secrets.
    async fn enqueue(
        &self,
        queue_url: &str,
        system: &SystemId,
        what: Dispatch<'_>,
        secrets: &[SystemSecret],
        at: Timestamp,
    ) -> Result<(), NotDelivered>;
}

/// Hands something to a system in the way in which the policy says that it is asked.
///
/// # Errors
/// [`NotDelivered`].
pub(crate) async fn hand_to<P: Webhooks + TaskQueues>(
    ports: &P,
    (system, kind): (&SystemId, &SystemKind),
    what: Dispatch<'_>,
    secrets: &[SystemSecret],
    at: Timestamp,
) -> Result<(), NotDelivered> {
    match kind {
        SystemKind::Webhook { url } => ports.post(url, what, secrets, at).await,
        SystemKind::Queue { url } => ports.enqueue(url, system, what, secrets, at).await,
    }
}
