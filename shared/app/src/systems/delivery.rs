//! Hands a task over to its system.

use domain::{
    dsar::{Actor, Exception, RefusalGround, RequestState, RequestType, Ruling, TaskEnd, due_of},
    hold::{Hold, HoldReason, HoldScope},
    ids::{Category, SystemId},
    policy::{Policy, SystemRule},
    system::{Pace, Task, TaskId},
};
use jiff::Timestamp;

use super::{
    SystemStates, callback,
    health::{Entered, enter, failed, succeeded},
    outcome::end_task,
    random,
};
use crate::{
    dispatch::{self, Dispatch, NotDelivered, TaskQueues, Webhooks},
    error::PortError,
    keys::Keys,
    records::RecordStore,
    requests::{RecordError, RequestKey, RequestLog, StoredRequest},
};

crate::ports! {
    /// Everything that handing a task over needs.
    pub trait Couriers = RequestLog + RecordStore + Keys + Webhooks + TaskQueues + SystemStates;
}

/// What a message about a task asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The request.
    pub key: RequestKey,
    /// The system.
    pub system: SystemId,
    /// When the task was opened.
    pub opened_at: Timestamp,
    /// How many times its message was received, this time included.
    pub attempts: u32,
}

/// Where and how tasks are handed over.
#[derive(Debug, Clone)]
pub struct Desk<'a> {
    /// Where people and systems reach this deployment.
    pub public_url: &'a str,
    /// How soon a task is tried again.
    pub pace: Pace,
}

/// What becomes of a message to a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left to do.
    Finished,
    /// It comes again in so many seconds: for the outcome, or since the system is left alone.
    Later {
        /// How many.
        seconds: i64,
    },
    /// The system failed; it comes again in so many seconds.
    Failed {
        /// How many.
        seconds: i64,
        /// Failures of this system in a row.
        in_a_row: u32,
    },
    /// It can't be done any more: to the dead-letter queue, for people to see.
    Buried {
        /// Why.
        reason: &'static str,
    },
}

/// Hands one task over, unless there is nothing to do or the system is left alone for now.
///
/// # Errors
/// [`PortError`] where something of ours failed: the message comes again. A failure of the system is
/// none.
pub async fn deliver<P: Couriers>(
    policy: &Policy,
    ports: &P,
    desk: &Desk<'_>,
    errand: &Errand,
    now: Timestamp,
) -> Result<Step, PortError> {
    let controller = &policy.controller;
    let id = TaskId { request: errand.key.request.clone(), system: errand.system.clone() };
    let Some(stored) = ports.request(&errand.key).await? else {
        return Ok(Step::Buried { reason: "there is no such request" });
    };
    if !waits(&stored.state, &errand.system) {
        ports.close_task(controller, &id).await?;
        return Ok(Step::Finished);
    }
    ports.open_task(controller, &id, errand.opened_at).await?;
    let due_at = due_of(policy, &stored.state).at;
    let random = random(ports)?;
    let in_time = now < due_at;
    // The next try comes before the answer is due, for as long as it is not.
    let until_due = due_at.duration_since(now).as_secs().max(desk.pace.shortest_seconds);
    let bounded = |seconds: i64| if in_time { seconds.min(until_due) } else { seconds };
    let again = bounded(desk.pace.pause_seconds(errand.attempts, random));

    let Some(rule) = policy.systems.get(&errand.system) else {
        // During a rollout another version of the policy may name it.
        return Ok(late_or(in_time, Step::Later { seconds: again }, "the policy names no such system"));
    };
    let state = match enter(ports, controller, &errand.system, (&desk.pace, now), random).await? {
        Entered::Open(state) => state,
        Entered::LeftAlone { seconds } => return Ok(Step::Later { seconds: bounded(seconds) }),
    };
    if let Some(ground) = kept_by_hold(ports, &errand.key, &stored.state).await? {
        let end = TaskEnd::Kept { records: 0, ground };
        end_task(policy, ports, &errand.key, &id, &Actor::Product, &end, now).await.map_err(port_error)?;
        return Ok(Step::Finished);
    }
    let Some(mut task) = task_of(policy, rule, &stored, &id, due_at, desk.public_url) else {
        return Ok(Step::Buried { reason: "the identifier of the request cannot be opened" });
    };
    let kept = kept_of_everybody(ports, &errand.key, &stored.state).await?;
    let has = |category: &Category| rule.categories.is_empty() || rule.categories.contains(category);
    task.except.extend(kept.into_iter().filter(|kept| has(&kept.category)));
    let keys = ports.controller(controller).await?;
    let secrets = state.secret.secrets(&keys.systems, controller, &errand.system, now);
    let to = (&errand.system, &rule.kind);
    let handed_over = dispatch::hand_to(ports, to, Dispatch::Task(&task), &secrets, now).await;
    match handed_over {
        Ok(()) => {
            succeeded(ports, controller, &errand.system, now).await?;
            // A late task that was taken is not asked for again: the office sees it and decides.
            Ok(if in_time { Step::Later { seconds: bounded(desk.pace.outcome_seconds) } } else { Step::Finished })
        }
        Err(NotDelivered { code }) => {
            let in_a_row = failed(ports, controller, &errand.system, (&code, now), &desk.pace, random).await?;
            let step = Step::Failed { seconds: again, in_a_row };
            Ok(late_or(in_time, step, "the system did not take the task before the answer was due"))
        }
    }
}

pub(crate) fn late_or(in_time: bool, step: Step, reason: &'static str) -> Step {
    if in_time { step } else { Step::Buried { reason } }
}

/// Whether a request still waits for this system.
fn waits(state: &RequestState, system: &SystemId) -> bool {
    state.stage().is_open() && matches!(state.tasks().get(system), Some(None))
}

/// A legal hold keeps what an erasure would delete here; elsewhere it would be deleted as surely
/// (GDPR Art. 17(3)(b), (e)).
async fn kept_by_hold<P: RecordStore>(
    ports: &P,
    key: &RequestKey,
    state: &RequestState,
) -> Result<Option<RefusalGround>, PortError> {
    if state.received.request != RequestType::Erasure {
        return Ok(None);
    }
    let holds = ports.holds(&key.controller, &key.subject).await?;
    // Who asks for erasure wants no copy any more.
    let stand = holds.iter().filter(|hold| hold.is_open() && hold.reason != HoldReason::AccessRequest);
    Ok(stand.map(|hold| ground_of(hold.reason)).min())
}

const fn ground_of(reason: HoldReason) -> RefusalGround {
    match reason {
        HoldReason::LegalObligation => RefusalGround::LegalObligation,
        HoldReason::LegalClaim | HoldReason::Investigation | HoldReason::Restriction | HoldReason::AccessRequest => {
            RefusalGround::LegalClaims
        }
    }
}

/// What wide holds keep of everybody, in this product and in the controller's systems alike: an erasure there is but
/// for these categories. A hold on one of this product's own places says nothing of other systems, and of an incident
/// nobody here knows when a system made what it keeps.
async fn kept_of_everybody<P: RecordStore>(
    ports: &P,
    key: &RequestKey,
    state: &RequestState,
) -> Result<Vec<Exception>, PortError> {
    if state.received.request != RequestType::Erasure {
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    for hold in ports.wide_holds(&key.controller).await?.into_iter().filter(Hold::is_open) {
        let ground = ground_of(hold.reason);
        let except = |category: &Category| Exception { category: category.clone(), purpose: None, ground };
        match &hold.scope {
            HoldScope::Category(category) => kept.push(except(category)),
            HoldScope::Incident { categories, .. } => kept.extend(categories.iter().map(except)),
            HoldScope::Subject(_) | HoldScope::System(_) => {}
        }
    }
    Ok(kept)
}

fn task_of(
    policy: &Policy,
    rule: &SystemRule,
    stored: &StoredRequest,
    id: &TaskId,
    due_before: Timestamp,
    public_url: &str,
) -> Option<Task> {
    let received = &stored.state.received;
    let except: Vec<Exception> = match stored.state.ruling() {
        Some((_, Ruling::Approve { except })) => except.clone(),
        _ => Vec::new(),
    };
    Some(Task {
        id: id.clone(),
        controller: policy.controller.clone(),
        request: received.request,
        identifier: stored.confided.identifier.clone()?,
        purposes: received.purposes.clone(),
        categories: rule.categories.clone(),
        except,
        corrections: stored.confided.corrections.clone(),
        due_before,
        callback: callback(public_url, &policy.controller, &rule.id),
    })
}

fn port_error(error: RecordError) -> PortError {
    match error {
        RecordError::Port(error) => error,
        RecordError::Refused(_) => PortError::Conflict { what: "a request" },
        RecordError::Unknown => PortError::corrupt("a request", "it is not there"),
    }
}
