//! Takes what a system says became of a task.

use domain::{
    dsar::{Act, Actor, TaskEnd},
    ids::SystemId,
    policy::Policy,
    system::{Pace, TaskId, TaskOutcome},
};
use jiff::Timestamp;

use super::{
    SystemData, SystemStates,
    health::{failed, succeeded},
    random,
};
use crate::{
    error::PortError,
    keys::Keys,
    requests::{self, NewEntry, RecordError, RequestKey, RequestLog},
    tombstones::Tombstones,
};

/// What became of an outcome that a system told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is part of the request.
    Taken,
    /// The task had ended before; that stands.
    StoodAlready,
    /// The request is closed, or goes on without this system.
    TooLate,
    /// The system could not do it now: it is asked again.
    AskedAgain,
}

impl Taken {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::StoodAlready => "stood-already",
            Self::TooLate => "too-late",
            Self::AskedAgain => "asked-again",
        }
    }
}

/// Why an outcome is not taken.
#[derive(Debug, thiserror::Error)]
pub enum OutcomeRefused {
    /// No such task was ever given to this system.
    #[error("this system has no such task")]
    Unknown,
    /// It is no answer to what was asked.
    #[error("an outcome of this kind is no answer to a request of this type")]
    NoAnswer,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

crate::ports! {
    /// Everything that taking an outcome needs.
    pub trait Outcomes = RequestLog + Tombstones + SystemStates + SystemData + Keys;
}

/// Takes what a system says became of a task. Its signature has been checked. Telling it again, or late,
/// changes nothing.
///
/// # Errors
/// [`OutcomeRefused`].
pub async fn take_outcome<P: Outcomes>(
    policy: &Policy,
    ports: &P,
    system: &SystemId,
    (task, outcome): (&TaskId, &TaskOutcome),
    pace: &Pace,
    at: Timestamp,
) -> Result<Taken, OutcomeRefused> {
    // One system's secret must not end another's task.
    if task.system != *system {
        return Err(OutcomeRefused::Unknown);
    }
    let controller = &policy.controller;
    let subject = ports.locate(controller, &task.request).await?.ok_or(OutcomeRefused::Unknown)?;
    let key = RequestKey { controller: controller.clone(), subject, request: task.request.clone() };
    let stored = ports.request(&key).await?.ok_or(OutcomeRefused::Unknown)?;
    match stored.state.tasks().get(system) {
        None => return Err(OutcomeRefused::Unknown),
        Some(Some(TaskEnd::GivenUp)) => return Ok(Taken::TooLate),
        Some(Some(_)) => return Ok(Taken::StoodAlready),
        Some(None) if !stored.state.stage().is_open() => return Ok(Taken::TooLate),
        Some(None) => {}
    }
    if !outcome.answers(stored.state.received.request) {
        return Err(OutcomeRefused::NoAnswer);
    }
    let end = match outcome {
        TaskOutcome::Done { records } => TaskEnd::Done { records: *records },
        TaskOutcome::NotFound => TaskEnd::NotFound,
        TaskOutcome::Kept { records, ground } => TaskEnd::Kept { records: *records, ground: *ground },
        // Asked for before the person was erased: what is handed over is of that time, and does not come back by this way.
        TaskOutcome::Data(_) if is_erased(ports, &key, stored.state.received.at).await? => TaskEnd::NotFound,
        // Kept before it is recorded: what the record names must stand.
        TaskOutcome::Data(data) => TaskEnd::Delivered { object: ports.keep_data(&key, system, data, at).await? },
        TaskOutcome::Failed { reason } => {
            failed(ports, controller, system, (&format!("said-{reason}"), at), pace, random(ports)?).await?;
            return Ok(Taken::AskedAgain);
        }
    };
    let taken = end_task(policy, ports, &key, task, &Actor::System(system.clone()), &end, at).await;
    let taken = match taken {
        Ok(taken) => taken,
        Err(RecordError::Port(error)) => return Err(error.into()),
        Err(RecordError::Unknown) => return Err(OutcomeRefused::Unknown),
        Err(RecordError::Refused(_)) => Taken::TooLate,
    };
    succeeded(ports, controller, system, at).await?;
    Ok(taken)
}

/// Whether all that was known of a person when they asked is erased.
async fn is_erased<P: Tombstones>(ports: &P, key: &RequestKey, asked_at: Timestamp) -> Result<bool, PortError> {
    let tombstones = ports.tombstones(&key.controller, &key.subject).await?;
    Ok(tombstones.iter().any(|tombstone| tombstone.reaches_all(asked_at)))
}

pub(super) async fn end_task<P: RequestLog + SystemStates>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    task: &TaskId,
    by: &Actor,
    end: &TaskEnd,
    at: Timestamp,
) -> Result<Taken, RecordError> {
    let mut taken = Taken::Taken;
    requests::record(policy, ports, key, |stored| {
        taken = match stored.state.tasks().get(&task.system) {
            Some(None) if stored.state.stage().is_open() => Taken::Taken,
            Some(None) | None => Taken::TooLate,
            Some(Some(TaskEnd::GivenUp)) => Taken::TooLate,
            Some(Some(_)) => Taken::StoodAlready,
        };
        let act = Act::TaskEnded(task.system.clone(), end.clone());
        (taken == Taken::Taken).then(|| NewEntry::new(at, by.clone(), act))
    })
    .await?;
    ports.close_task(&key.controller, task).await?;
    Ok(taken)
}
