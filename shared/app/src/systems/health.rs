//! Whether a system may be called: one that failed again and again is left alone, and one call finds out whether it is
//! back.

use domain::{
    ids::{ControllerId, SystemId},
    system::{Pace, SystemState},
};
use jiff::Timestamp;

use super::SystemStates;
use crate::error::PortError;

/// How often a system's state is read again when somebody else changed it in between.
const CONFLICTS_MAX: usize = 5;

/// Changes what is kept of a system, again when somebody was faster.
async fn change<P: SystemStates>(
    ports: &P,
    controller: &ControllerId,
    system: &SystemId,
    mut make: impl FnMut(SystemState) -> SystemState,
) -> Result<SystemState, PortError> {
    for _ in 0..CONFLICTS_MAX {
        let state = ports.system_state(controller, system).await?;
        let revision = state.revision.saturating_add(1);
        let next = SystemState { revision, ..make(state) };
        if ports.put_system_state(controller, system, &next).await? {
            return Ok(next);
        }
    }
    Err(PortError::Conflict { what: "a system" })
}

/// Whether a system may be called now.
pub(crate) enum Entered {
    /// It may.
    Open(SystemState),
    /// It is left alone.
    LeftAlone {
        /// For how long.
        seconds: i64,
    },
}

/// Lets a call through unless the system is left alone. Where it failed again and again, one call finds out whether it
/// is back, and the others wait for that.
pub(crate) async fn enter<P: SystemStates>(
    ports: &P,
    controller: &ControllerId,
    system: &SystemId,
    (pace, now): (&Pace, Timestamp),
    random: u64,
) -> Result<Entered, PortError> {
    let state = ports.system_state(controller, system).await?;
    if state.health.closed_for_seconds(now).is_none() {
        if !state.health.is_suspect() {
            return Ok(Entered::Open(state));
        }
        let revision = state.revision.saturating_add(1);
        let probing = SystemState { revision, health: state.health.probing(now), secret: state.secret };
        if ports.put_system_state(controller, system, &probing).await? {
            return Ok(Entered::Open(probing));
        }
    }
    let health = ports.system_state(controller, system).await?.health;
    let seconds = health.closed_for_seconds(now).unwrap_or(pace.shortest_seconds);
    // Spread, so that not all that waits for it comes back at once.
    let spread = i64::try_from(random % 10).unwrap_or_default();
    Ok(Entered::LeftAlone { seconds: seconds.saturating_add(spread) })
}

/// Notes that a system failed; answers how often in a row.
pub(crate) async fn failed<P: SystemStates>(
    ports: &P,
    controller: &ControllerId,
    system: &SystemId,
    (code, at): (&str, Timestamp),
    pace: &Pace,
    random: u64,
) -> Result<u32, PortError> {
    let state = change(ports, controller, system, |mut state| {
        state.health = state.health.failed(at, code, pace, random);
        state
    })
    .await?;
    Ok(state.health.failures_in_a_row)
}

/// Notes that a system did what it was called for.
pub(crate) async fn succeeded<P: SystemStates>(
    ports: &P,
    controller: &ControllerId,
    system: &SystemId,
    now: Timestamp,
) -> Result<(), PortError> {
    let done = change(ports, controller, system, |mut state| {
        state.health = state.health.succeeded(now);
        state
    })
    .await;
    match done {
        // Many at once are well: one of them says so.
        Ok(_) | Err(PortError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
