//! The controller's own systems: a request goes to each of them as a task, what they say folds into the
//! request, and one that does not answer delays itself alone.

use std::collections::BTreeMap;

use domain::{
    dsar::{RequestState, RequestType, TaskEnd},
    ids::{ControllerId, Purpose, SystemId},
    policy::Policy,
    sensitive::Sensitive,
    system::{self, SystemSecret, SystemState, TaskId},
};
use jiff::Timestamp;

use crate::{error::PortError, keys::Keys, requests::RequestKey};

mod delivery;
mod health;
mod outcome;

pub(crate) use delivery::late_or;
pub use delivery::{Couriers, Desk, Errand, Step, deliver};
pub(crate) use health::{Entered, enter, failed, succeeded};
pub use outcome::{OutcomeRefused, Outcomes, Taken, take_outcome};

/// The port to what is kept of systems: nothing of it is personal.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait SystemStates {
    /// How a system does; a system of which nothing is kept does well. MUST see every write that has
    /// returned.
    async fn system_state(&self, controller: &ControllerId, system: &SystemId) -> Result<SystemState, PortError>;

    /// Replaces it, if what stands is of the revision before; answers whether it did.
    async fn put_system_state(
        &self,
        controller: &ControllerId,
        system: &SystemId,
        state: &SystemState,
    ) -> Result<bool, PortError>;

    /// Notes that a task waits for its outcome since then, unless that is noted.
    async fn open_task(&self, controller: &ControllerId, task: &TaskId, since: Timestamp) -> Result<(), PortError>;

    /// Notes that a task waits no more. MUST succeed if none did.
    async fn close_task(&self, controller: &ControllerId, task: &TaskId) -> Result<(), PortError>;

    /// The tasks that wait for a system, and since when.
    async fn open_tasks(
        &self,
        controller: &ControllerId,
        system: &SystemId,
    ) -> Result<Vec<(TaskId, Timestamp)>, PortError>;
}

/// The port to what systems hand over, until the answer is drawn up.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait SystemData {
    /// Keeps what a system handed over for a request and answers the object's key, which comes from the
    /// two. Keeping it again replaces it.
    ///
    /// MUST seal it under the subject's key.
    async fn keep_data(
        &self,
        key: &RequestKey,
        system: &SystemId,
        data: &Sensitive<String>,
        at: Timestamp,
    ) -> Result<String, PortError>;

    /// Reads it: the text of one JSON object; `None` once it or the subject's key is gone.
    async fn system_data(&self, key: &RequestKey, object: &str) -> Result<Option<Sensitive<String>>, PortError>;

    /// Deletes it, once the answer holds it. MUST succeed if it is gone.
    async fn drop_data(&self, object: &str) -> Result<(), PortError>;
}

/// All that a request's systems handed over, by system: what the answer to an access holds beside what
/// is stored here.
///
/// # Errors
/// [`PortError`].
pub async fn delivered<P: SystemData>(
    ports: &P,
    key: &RequestKey,
    state: &RequestState,
) -> Result<BTreeMap<SystemId, Sensitive<String>>, PortError> {
    let mut delivered = BTreeMap::new();
    for (system, end) in state.tasks() {
        if let Some(TaskEnd::Delivered { object }) = end
            && let Some(data) = ports.system_data(key, object).await?
        {
            delivered.insert(system.clone(), data);
        }
    }
    Ok(delivered)
}

/// Deletes what a request's systems handed over: its answer holds it now, or nobody will read it.
///
/// # Errors
/// [`PortError`].
pub async fn drop_delivered<P: SystemData>(ports: &P, state: &RequestState) -> Result<(), PortError> {
    for end in state.tasks().into_values().flatten() {
        if let TaskEnd::Delivered { object } = end {
            ports.drop_data(object).await?;
        }
    }
    Ok(())
}

/// Where a system tells its outcomes.
pub fn callback(public_url: &str, controller: &ControllerId, system: &SystemId) -> String {
    format!("{public_url}/{controller}/v1/systems/{system}/outcomes")
}

/// The secrets of a system that count now, the newest first.
///
/// # Errors
/// [`PortError`].
pub async fn secrets<P: Keys + SystemStates>(
    policy: &Policy,
    ports: &P,
    system: &SystemId,
    now: Timestamp,
) -> Result<(u32, Vec<SystemSecret>), PortError> {
    let state = ports.system_state(&policy.controller, system).await?;
    let keys = ports.controller(&policy.controller).await?;
    Ok((state.secret.version, state.secret.secrets(&keys.systems, &policy.controller, system, now)))
}

/// Gives a system a new secret, unless it was given one within the last day: the one before it still
/// counts, and a retry of the call must not take it away. Answers whether it did.
///
/// # Errors
/// [`PortError`].
pub async fn renew_secret<P: Keys + SystemStates>(
    policy: &Policy,
    ports: &P,
    system: &SystemId,
    now: Timestamp,
) -> Result<bool, PortError> {
    let state = ports.system_state(&policy.controller, system).await?;
    if state.secret.is_recent(now) {
        return Ok(false);
    }
    let revision = state.revision.saturating_add(1);
    let next = SystemState { revision, secret: state.secret.next(now), ..state };
    if ports.put_system_state(&policy.controller, system, &next).await? {
        return Ok(true);
    }
    Err(PortError::Conflict { what: "a system" })
}

pub(crate) fn random<P: Keys>(ports: &P) -> Result<u64, PortError> {
    let bytes = ports.random()?;
    Ok(bytes.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// How a system does, for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemView {
    /// What is kept of it.
    pub state: SystemState,
    /// The tasks that wait for it, and since when.
    pub open: Vec<(TaskId, Timestamp)>,
}

/// How each system of a policy does.
///
/// # Errors
/// [`PortError`].
pub async fn overview<P: SystemStates>(
    policy: &Policy,
    ports: &P,
) -> Result<BTreeMap<SystemId, SystemView>, PortError> {
    let mut views = BTreeMap::new();
    for system in policy.systems.keys() {
        let state = ports.system_state(&policy.controller, system).await?;
        let open = ports.open_tasks(&policy.controller, system).await?;
        views.insert(system.clone(), SystemView { state, open });
    }
    Ok(views)
}

/// The systems that a request of this type, about these purposes, goes to as a task.
pub fn systems_for(policy: &Policy, request: RequestType, purposes: &[Purpose]) -> Vec<SystemId> {
    system::systems_for(policy, request, purposes).into_iter().map(|rule| rule.id.clone()).collect()
}
