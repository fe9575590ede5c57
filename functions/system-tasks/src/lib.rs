//! The controllers' own systems: hands tasks over from its queue and tells of holds, takes outcomes by signed callback or
//! through the queue of outcomes, and shows staff how each system does.

use app::{
    error::PortError,
    hold_notices::{self, Telling},
    queues::{DeadLetters, Outbox, OutcomeLetters, Postponing, Queue},
    requests::RequestKey,
    systems::{self, Couriers, Errand, OutcomeRefused, Outcomes, Step},
};
use domain::{
    ids::{ControllerId, SystemId},
    policy::Policy,
    system::{
        Pace, QUEUE_WINDOW_DAYS, SIGNATURE_HEADER, SignatureRefused, TaskId, TaskOutcome, WINDOW_MINUTES, verify,
    },
};
use edge::{
    Event, Failure, Reply, clock,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
    telemetry::{Unit, metric},
};
use jiff::{SignedDuration, Timestamp};
use policy::PolicyBook;
use wire::{
    message::{HoldMessage, SystemMessage, TaskMessage},
    system::{
        OUTCOME_BODY_BYTES_MAX, OutcomeAnswer, OutcomeForm, SecretAnswer, SignedForm, SystemAnswer, SystemsAnswer,
    },
};

/// The scope of a token that may see how systems do.
pub const READ_SCOPE: &str = "systems:read";

/// The scope of a token that may read a system's secret, and renew it.
pub const WRITE_SCOPE: &str = "systems:write";

/// From this age on a message that waits is sent anew: a queue keeps it for fourteen days, and an answer
/// may be due later than that.
const RENEWED_DAYS: i64 = 10;

app::ports! {
    /// Everything that this function needs.
    pub trait Ports = Couriers + Outcomes + Outbox + Postponing + DeadLetters + OutcomeLetters;
}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The log of requests, the systems, the queues.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Where people and systems reach this deployment.
    pub public_url: String,
    /// The ARN of the queue in which systems tell their outcomes: what comes from there is nothing else.
    pub outcome_queue: String,
    /// How soon a task is tried again.
    pub pace: Pace,
}

/// The dead letters of the queue of outcomes.
struct Outcomeless<'a, P>(&'a P);

impl<P: OutcomeLetters> DeadLetters for Outcomeless<'_, P> {
    async fn bury(&self, body: &str, reason: &str) -> Result<(), PortError> {
        self.0.bury_outcome(body, reason).await
    }
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    match event {
        Event::Http(request) => Ok(answer(desk, &request).await.into()),
        // A batch comes from one queue.
        Event::Queue(messages) if messages.iter().all(|message| message.source == desk.outcome_queue) => {
            let graves = Outcomeless(&desk.ports);
            queue::each(messages, &graves, async |message: &Message| hear(desk, message).await).await
        }
        Event::Queue(messages) => {
            queue::each(messages, &desk.ports, async |message: &Message| hand_over(desk, message).await).await
        }
        _ => Err(Failure::new("system-tasks reads its queues and answers HTTP")),
    }
}

/// How often a message of an unknown controller is looked at: another version of the layer may know it during
/// a rollout.
const STRANGERS_RECEIVES_MAX: u32 = 3;

async fn hand_over<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    if message.json::<SystemMessage>()?.is_of_hold() {
        return tell_of_hold(desk, message, &message.json()?).await;
    }
    hand_task(desk, message, &message.json()?).await
}

fn policy_of<'a, P>(desk: &'a Desk<P>, message: &Message, controller: &ControllerId) -> Result<&'a Policy, Verdict> {
    match site::policy_of(controller, &desk.policies) {
        // The queue itself gives a task up after many days alone, since a system may be down for as long.
        Err(_) if message.receive_count >= STRANGERS_RECEIVES_MAX => {
            Err(Verdict::poison("no policy names this controller"))
        }
        policy => Ok(policy?),
    }
}

async fn tell_of_hold<P: Ports>(desk: &Desk<P>, message: &Message, form: &HoldMessage) -> Result<(), Verdict> {
    let hold = form.parse()?;
    let policy = policy_of(desk, message, &hold.controller)?;
    let telling = Telling { system: hold.system, subject: hold.subject, hold: hold.hold };
    let attempts = message.receive_count;
    let errand = hold_notices::Errand { telling, identifier: hold.identifier, since: hold.at, attempts };
    let now = clock::now();
    let step = hold_notices::deliver(policy, &desk.ports, &desk.pace, &errand, now).await?;
    follow(desk, message, (policy, &errand.telling.system), step, now).await
}

async fn hand_task<P: Ports>(desk: &Desk<P>, message: &Message, form: &TaskMessage) -> Result<(), Verdict> {
    let (controller, subject, request, system, opened_at) = form.parse()?;
    let policy = policy_of(desk, message, &controller)?;
    let errand =
        Errand { key: RequestKey { controller, subject, request }, system, opened_at, attempts: message.receive_count };
    let counter = systems::Desk { public_url: &desk.public_url, pace: desk.pace };
    // The clock, and not the event's time: it is a matter of minutes between machines.
    let now = clock::now();
    let step = systems::deliver(policy, &desk.ports, &counter, &errand, now).await?;
    follow(desk, message, (policy, &errand.system), step, now).await
}

/// Does with a message what came of it.
async fn follow<P: Ports>(
    desk: &Desk<P>,
    message: &Message,
    (policy, system): (&Policy, &SystemId),
    step: Step,
    now: Timestamp,
) -> Result<(), Verdict> {
    match step {
        Step::Finished => Ok(()),
        Step::Buried { reason } => Err(Verdict::poison(reason)),
        Step::Later { seconds } => put_off(desk, message, seconds, now).await,
        Step::Failed { seconds, in_a_row } => {
            count_failure(policy, system);
            metric("SystemFailuresInARow", f64::from(in_a_row), Unit::Count, &[]);
            put_off(desk, message, seconds, now).await
        }
    }
}

async fn put_off<P: Ports>(desk: &Desk<P>, message: &Message, seconds: i64, now: Timestamp) -> Result<(), Verdict> {
    let age_max = SignedDuration::from_hours(24 * RENEWED_DAYS);
    if message.sent_at.is_some_and(|sent_at| now.duration_since(sent_at) > age_max) {
        // It can be derived again from what is stored.
        desk.ports.send(Queue::Tasks, vec![message.body.clone()]).await?;
        return Ok(());
    }
    desk.ports.postpone(Queue::Tasks, &message.receipt, seconds).await?;
    Err(Verdict::PutOff)
}

/// An outcome from the queue. It was signed when the system told it, and the queue may have held it
/// since, so the window is as wide as that.
async fn hear<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let form = message.json::<SignedForm>()?;
    let (controller, system) = form.system()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    let now = clock::now();
    let window = SignedDuration::from_hours(24 * QUEUE_WINDOW_DAYS);
    let told_at = signed_at(desk, policy, &system, (&form.signature, form.body.as_bytes()), now, window).await?;
    let ahead = SignedDuration::from_mins(WINDOW_MINUTES);
    let Some(told_at) = told_at.ok().filter(|at| at.duration_since(now) <= ahead) else {
        return Err(Verdict::poison("an outcome is not signed by its system, or not in time"));
    };
    let (task, outcome) = message.inner(form.body).json::<OutcomeForm>()?.parse()?;
    // When the system told it, which no delay in the queue changes.
    match take(desk, policy, &system, (&task, &outcome), told_at).await {
        Ok(_) => Ok(()),
        Err(OutcomeRefused::Port(error)) => Err(error.into()),
        Err(OutcomeRefused::Unknown) => Err(Verdict::poison("an outcome is of no task that its system has")),
        Err(OutcomeRefused::NoAnswer) => Err(Verdict::poison("an outcome is no answer to what was asked")),
    }
}

/// Checks a signature against the secrets of a system; one that the policy does not name has none.
async fn signed_at<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    system: &SystemId,
    (header, body): (&str, &[u8]),
    now: Timestamp,
    window: SignedDuration,
) -> Result<Result<Timestamp, SignatureRefused>, PortError> {
    if !policy.systems.contains_key(system) {
        return Ok(Err(SignatureRefused::Foreign));
    }
    let (_, secrets) = systems::secrets(policy, &desk.ports, system, now).await?;
    Ok(verify(header, body, &secrets, now, window))
}

async fn take<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    system: &SystemId,
    told: (&TaskId, &TaskOutcome),
    at: Timestamp,
) -> Result<systems::Taken, OutcomeRefused> {
    let taken = systems::take_outcome(policy, &desk.ports, system, told, &desk.pace, at).await?;
    if taken == systems::Taken::AskedAgain {
        count_failure(policy, system);
    }
    Ok(taken)
}

fn count_failure(policy: &Policy, system: &SystemId) {
    let dimensions = [("Controller", policy.controller.as_str()), ("System", system.as_str())];
    metric("SystemFailures", 1.0, Unit::Count, &dimensions);
}

async fn answer<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    match (request.method(), request.path().rsplit('/').next().unwrap_or_default()) {
        ("POST", "outcomes") => called_back(desk, request).await,
        ("GET", "secret") => secret(desk, request, false).await,
        ("POST", "secret") => secret(desk, request, true).await,
        ("GET", "systems") => overview(desk, request).await,
        _ => Err(Problem::method_not_allowed()),
    }
}

/// All that is wrong with a signature is answered alike: whoever may sign knows, nobody else needs to.
fn not_signed() -> Problem {
    Problem::new(401, "not-signed", "The outcome is not signed by its system")
        .with_detail("The signature is missing, does not fit the body, or is more than five minutes off.")
        .with_hint("Sign the exact body with the system's secret: see docs/SYSTEMS.md.")
}

async fn called_back<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let system = system_of(request).ok_or_else(not_signed)?;
    let body = request.bytes(OUTCOME_BODY_BYTES_MAX)?;
    let mut headers = request.headers(SIGNATURE_HEADER);
    let (Some(header), None) = (headers.next(), headers.next()) else { return Err(not_signed()) };
    let window = SignedDuration::from_mins(WINDOW_MINUTES);
    // Nothing of the body is read before it is known who wrote it.
    let told_at = signed_at(desk, policy, &system, (header, &body), request.at(), window).await?;
    told_at.map_err(|_| not_signed())?;
    let (task, outcome) = request.json_up_to::<OutcomeForm>(OUTCOME_BODY_BYTES_MAX)?.parse()?;
    match take(desk, policy, &system, (&task, &outcome), request.at()).await {
        Ok(taken) => {
            let answer =
                OutcomeAnswer { v: wire::system::VERSION, task: task.to_string(), state: taken.as_str().to_owned() };
            Ok(Response::json(200, &answer))
        }
        Err(OutcomeRefused::Port(error)) => Err(error.into()),
        Err(OutcomeRefused::Unknown) => Err(Problem::not_found()),
        Err(refused @ OutcomeRefused::NoAnswer) => Err(Problem::invalid(
            "/outcome",
            refused.to_string(),
            "Answer access with data, erasure and rectification with done; either with kept or not-found.",
        )),
    }
}

fn system_of(request: &Request) -> Option<SystemId> {
    request.parameter("system").and_then(|name| SystemId::parse(name).ok())
}

async fn secret<P: Ports>(desk: &Desk<P>, request: &Request, renew: bool) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, WRITE_SCOPE)?;
    let system = system_of(request).filter(|system| policy.systems.contains_key(system));
    let system = system.ok_or_else(Problem::not_found)?;
    if renew && !systems::renew_secret(policy, &desk.ports, &system, request.at()).await? {
        return Err(Problem::conflict(
            "The secret was renewed within the last day, and the one before it still counts.",
        )
        .with_hint("Read it by GET. It can be renewed once the earlier one counts no more."));
    }
    let (version, secrets) = systems::secrets(policy, &desk.ports, &system, request.at()).await?;
    let newest = secrets.first().ok_or_else(Problem::not_found)?;
    let callback = systems::callback(&desk.public_url, &policy.controller, &system);
    Ok(Response::json(if renew { 201 } else { 200 }, &SecretAnswer::new(&system, version, newest, callback)))
}

async fn overview<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, READ_SCOPE)?;
    let views = systems::overview(policy, &desk.ports).await?;
    let systems = policy.systems.values().filter_map(|rule| {
        let view = views.get(&rule.id)?;
        Some(SystemAnswer::new(rule, &view.state, &view.open, request.at()))
    });
    Ok(Response::json(200, &SystemsAnswer { v: wire::system::VERSION, systems: systems.collect() }))
}
