//! The controller's own systems: a request goes to each of them as a task, what they say folds into the
//! request, and one that does not answer delays itself alone.

use std::collections::BTreeMap;

use domain::{
    dsar::{Act, Actor, Exception, RefusalGround, RequestState, RequestType, Ruling, TaskEnd, due_of},
    hold::{Hold, HoldReason, HoldScope},
    ids::{Category, ControllerId, Purpose, RequestId, SystemId},
    policy::{Policy, SystemRule},
    sensitive::Sensitive,
    system::{self, Pace, SystemSecret, SystemState, Task, TaskId, TaskOutcome},
};
use jiff::Timestamp;

use crate::{
    dispatch::{self, Dispatch, NotDelivered, TaskQueues, Webhooks},
    error::PortError,
    keys::Keys,
    records::RecordStore,
    requests::{self, NewEntry, RecordError, RequestKey, RequestLog, StoredRequest},
    tombstones::Tombstones,
};

/// How often a system's state is read again when somebody else changed it in between.
const CONFLICTS_MAX: usize = 5;

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
    let due_at = due_of(policy, &stored.state).map_or(stored.state.received.due_at, |due| due.at);
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

pub(crate) fn random<P: Keys>(ports: &P) -> Result<u64, PortError> {
    let bytes = ports.random()?;
    Ok(bytes.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// Whether a request still waits for this system.
fn waits(state: &RequestState, system: &SystemId) -> bool {
    state.stage().is_open() && matches!(state.tasks().get(system), Some(None))
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

async fn end_task<P: RequestLog + SystemStates>(
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

fn port_error(error: RecordError) -> PortError {
    match error {
        RecordError::Port(error) => error,
        RecordError::Refused(_) => PortError::Conflict { what: "a request" },
        RecordError::Unknown => PortError::corrupt("a request", "it is not there"),
    }
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

/// The systems that a request waits for.
pub fn waited_for(state: &RequestState) -> Vec<&SystemId> {
    if !state.stage().is_open() {
        return Vec::new();
    }
    state.tasks().into_iter().filter(|(_, end)| end.is_none()).map(|(system, _)| system).collect()
}

/// Takes a task off the list of those that wait, once the office goes on without it.
///
/// # Errors
/// [`PortError`].
pub async fn forget_task<P: SystemStates>(
    ports: &P,
    controller: &ControllerId,
    request: &RequestId,
    system: &SystemId,
) -> Result<(), PortError> {
    ports.close_task(controller, &TaskId { request: request.clone(), system: system.clone() }).await
}

/// The systems that a request of this type, about these purposes, goes to as a task.
pub fn systems_for(policy: &Policy, request: RequestType, purposes: &[Purpose]) -> Vec<SystemId> {
    system::systems_for(policy, request, purposes).into_iter().map(|rule| rule.id.clone()).collect()
}
