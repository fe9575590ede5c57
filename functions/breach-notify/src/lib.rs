//! Breaches: declared by staff, scoped from what is stored, told one by one and in public.

mod alerts;

use app::{
    announce::Announcements,
    breach::{self, ActError, BreachStore, DeclareBreach, DeclareError, FactsError},
    channel::{CHANNEL_RECEIVES_MAX, NoticeChannel, Try},
    keys::Keys,
    mail::Mailer,
    queues::{DeadLetters, Outbox, Queue},
    systems::SystemStates,
};
use domain::{
    announcement::Announcement,
    breach::{Actor, Entry, Incident},
    ids::{BreachId, StaffId},
    policy::Policy,
};
use edge::{
    Event, Failure, Reply, announcement, clock,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use policy::PolicyBook;
use wire::{
    breach::{ActForm, BreachAnswer, BreachForm, NoticeCounts},
    message::{AnnouncementStep, BreachMessage},
};

/// The scope of a token that may declare breaches and look at them.
pub const SCOPE: &str = "breach:write";

/// Everything that this function needs.
pub trait Ports:
    BreachStore + Announcements + Keys + Mailer + SystemStates + NoticeChannel + Outbox + DeadLetters
{
}

impl<P: BreachStore + Announcements + Keys + Mailer + SystemStates + NoticeChannel + Outbox + DeadLetters> Ports for P {}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table, the keys, the mail and the queue.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    match event {
        Event::Http(request) => {
            let answer = match (request.method(), request.parameter("breach")) {
                ("POST", None) => declare(desk, &request).await,
                ("POST", Some(id)) => act(desk, &request, id).await,
                ("GET", Some(id)) => progress(desk, &request, id).await,
                ("GET", None) if alerts::is_public(request.path()) => alerts::answer(desk, &request).await,
                _ => Err(Problem::method_not_allowed()),
            };
            Ok(answer.into())
        }
        Event::Queue(messages) => {
            queue::each(messages, &desk.ports, async |message: &Message| step(desk, message).await).await
        }
        _ => Err(Failure::new("breach-notify answers HTTP and its queue")),
    }
}

/// Who of the staff does something. It stands in the history for good: a name that cannot be written there is nobody's.
fn officer(policy: &Policy, request: &Request) -> Result<StaffId, Problem> {
    let staff = request.staff(&policy.controller, SCOPE)?;
    StaffId::parse(&staff.subject).map_err(|_| Problem::forbidden())
}

fn answer(policy: &Policy, incident: &Incident, notices: Option<NoticeCounts>) -> BreachAnswer {
    BreachAnswer::new(incident, &breach::clocks_of(policy, incident), notices)
}

async fn declare<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let declared_by = officer(policy, request)?;
    let form = request.json::<BreachForm>()?.parse()?;
    let declaration = DeclareBreach {
        title: form.title,
        times: form.times,
        facts: form.facts,
        signals: form.signals,
        declared_by,
        key: site::idempotency_key(request, None)?,
        at: request.at(),
    };
    let incident = breach::declare(policy, &desk.ports, declaration).await.map_err(refuse)?;
    Ok(Response::json(201, &answer(policy, &incident, None)).with_version(incident.version()))
}

fn refuse(error: DeclareError) -> Problem {
    match error {
        DeclareError::Port(error) => error.into(),
        DeclareError::KeyReused => Problem::key_reused(),
        DeclareError::Facts(error) => refuse_facts(&error),
    }
}

fn refuse_facts(error: &FactsError) -> Problem {
    match error {
        FactsError::Unknown { what, .. } => {
            Problem::invalid("/facts", error.to_string(), "Use the names of the controller's policy.")
                .with_hint(format!("The policy's own {what} names are in its file."))
        }
        FactsError::Time => Problem::invalid("/times", error.to_string(), "Say when it happened."),
    }
}

async fn progress<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let incident = desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let notices = desk.ports.notices(&policy.controller, &Announcement::Breach(id)).await?;
    let counts = NoticeCounts::of(&notices);
    Ok(Response::json(200, &answer(policy, &incident, Some(counts))).with_version(incident.version()))
}

async fn act<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let by = Actor::Staff(officer(policy, request)?);
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let version = request.if_match()?;
    let act = request.json::<ActForm>()?.parse(version)?;
    let entry = Entry { at: request.at(), by, act };
    let incident = breach::act(policy, &desk.ports, &id, version, entry).await.map_err(|error| match error {
        ActError::Unknown => Problem::not_found(),
        ActError::GoneOn(version) => Problem::precondition_failed(version),
        ActError::Refused(refused) => Problem::invalid("/act", refused.to_string(), "Look at the breach again."),
        ActError::Facts(error) => refuse_facts(&error),
        ActError::Port(error) => error.into(),
    })?;
    Ok(Response::json(200, &answer(policy, &incident, None)).with_version(incident.version()))
}

async fn step<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    // The clock, and not the event's time: what a system is handed is signed, and that counts for minutes.
    let attempt = Try { now: clock::now(), is_last: message.receive_count >= CHANNEL_RECEIVES_MAX };
    let message = message.json::<BreachMessage>()?;
    let (controller, breach, at) = message.parse()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    if let AnnouncementStep::Public { is_needed } = message.step {
        return Ok(app::alerts::follow(policy, &desk.ports, &breach, is_needed, at).await?);
    }
    announcement::step(
        message.step,
        async |segment, from| breach::scope(policy, &desk.ports, &breach, segment, from, at).await,
        async |step| {
            let next = BreachMessage::new(&controller, &breach, at, step);
            Ok(Outbox::send(&desk.ports, Queue::Breach, vec![site::body(&next)?]).await?)
        },
        async |subject| breach::tell(policy, &desk.ports, &breach, subject, at, attempt).await.map(drop),
    )
    .await
}
