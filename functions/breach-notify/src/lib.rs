//! Breaches: declared by staff, scoped from what is stored, told one by one and in public.

use app::{
    announce::Announcements,
    breach::{self, ActError, BreachStore, DeclareBreach, DeclareError, FactsError},
    breach_scope::{self, CountUnderWay},
    keys::Keys,
    mail::Mailer,
    queues::{DeadLetters, Outbox, Queue},
    walk::{WALK_HOPS_MAX, WALK_SEGMENTS, Walks},
};
use domain::{
    announcement::Announcement,
    breach::{Actor, Entry, Incident},
    ids::{BreachId, StaffId, SubjectRef},
    policy::Policy,
    walk::Turn,
};
use edge::{
    Event, Failure, Reply, announcement,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use jiff::Timestamp;
use policy::PolicyBook;
use wire::{
    breach::{
        ActForm, AlertForm, AlertsAnswer, BreachAnswer, BreachForm, CountingForm, NoticeCounts, PeopleAnswer,
        PersonForm,
    },
    message::{AnnouncementStep, BreachMessage},
};

/// The scope of a token that may declare breaches and look at them.
pub const SCOPE: &str = "breach:write";

/// Everything that this function needs.
pub trait Ports: BreachStore + Announcements + Walks + Keys + Mailer + Outbox + DeadLetters {}

impl<P: BreachStore + Announcements + Walks + Keys + Mailer + Outbox + DeadLetters> Ports for P {}

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
                ("POST", Some(id)) if request.path().ends_with("/count") => count(desk, &request, id).await,
                ("POST", Some(id)) => act(desk, &request, id).await,
                ("GET", Some(id)) if request.path().ends_with("/people") => people(desk, &request, id).await,
                ("GET", Some(id)) => progress(desk, &request, id).await,
                ("GET", None) if request.path().ends_with("/alerts") => alerts(desk, &request).await,
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
        FactsError::Sides => Problem::invalid("/facts/scope", error.to_string(), "Declare two breaches, or one side."),
        FactsError::Time => Problem::invalid("/times", error.to_string(), "Say when it happened."),
    }
}

async fn progress<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let incident = desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let notices = desk.ports.counts(&policy.controller, &Announcement::Breach(id)).await?;
    let counting = breach_scope::under_way(&desk.ports, &policy.controller, &incident).await?;
    let mut answer = answer(policy, &incident, Some(NoticeCounts::from(notices)));
    answer.counting = counting.map(counting_form);
    Ok(Response::json(200, &answer).with_version(incident.version()))
}

fn counting_form(count: CountUnderWay) -> CountingForm {
    CountingForm {
        at: count.at.to_string(),
        facts: count.facts,
        looked_at: count.looked_at,
        segments_done: count.segments_done,
        segments: WALK_SEGMENTS,
        so_far: (&count.so_far).into(),
    }
}

/// Asks for a count of whom it concerns. Asked again while what is known is the same, it is the same count: it goes on
/// if it had come to a stop, and once it is in the history that is the answer.
async fn count<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    officer(policy, request)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let incident = desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let version = incident.version();
    if incident.counts_of_facts().is_some() {
        return Ok(Response::json(200, &answer(policy, &incident, None)).with_version(version));
    }
    if !incident.is_open() {
        return Err(Problem::conflict("A closed breach is not counted. Reopen it first."));
    }
    let step = AnnouncementStep::Count { facts: incident.facts_version(), turn: None };
    let message = BreachMessage::new(&policy.controller, &id, request.at(), step);
    Outbox::send(&desk.ports, Queue::Breach, vec![site::body(&message)?]).await?;
    let counting = breach_scope::under_way(&desk.ports, &policy.controller, &incident).await?;
    let mut answer = answer(policy, &incident, None);
    answer.counting = counting.map(counting_form);
    Ok(Response::json(202, &answer).with_version(version))
}

/// A page of those who are told, by reference.
async fn people<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let from = request.query("from")?.map(|from| SubjectRef::parse(&from)).transpose();
    let from =
        from.map_err(|_| Problem::malformed_request("The query `from` is what an earlier page named as `next`."))?;
    desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let page = desk.ports.notice_page(&policy.controller, &Announcement::Breach(id.clone()), from.as_ref()).await?;
    let people = page.notices.iter().map(PersonForm::from).collect();
    let next = page.next.as_ref().map(ToString::to_string);
    Ok(Response::json(200, &PeopleAnswer { v: 1, breach_id: id.to_string(), people, next }))
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

async fn alerts<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let alerts = desk.ports.alerts(&policy.controller).await?;
    let forms = alerts.into_iter().map(|alert| AlertForm {
        breach_id: alert.breach.to_string(),
        published_at: alert.published_at.to_string(),
        exposed_from: alert.exposed_from.to_string(),
        exposed_to: alert.exposed_to.to_string(),
        categories: alert.categories.iter().map(ToString::to_string).collect(),
        description: alert.description,
        advice: alert.advice,
    });
    Ok(Response::json(200, &AlertsAnswer { v: 1, controller: policy.controller.to_string(), alerts: forms.collect() }))
}

async fn step<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let message = message.json::<BreachMessage>()?;
    let (controller, breach, at) = message.parse()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    if let AnnouncementStep::Count { facts, turn } = message.step {
        return count_on(desk, policy, &breach, facts, at, turn.map(Turn::from)).await;
    }
    announcement::step(
        message.step,
        async |segment, from| breach::scope(policy, &desk.ports, &breach, segment, from, at).await,
        async |step| {
            let next = BreachMessage::new(&controller, &breach, at, step);
            Ok(Outbox::send(&desk.ports, Queue::Breach, vec![site::body(&next)?]).await?)
        },
        async |subject| breach::tell(policy, &desk.ports, &breach, subject, at).await.map(drop),
    )
    .await
}

/// Begins a count, or does one stretch of it, and hands the rest on.
async fn count_on<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    breach: &BreachId,
    facts: u32,
    at: Timestamp,
    turn: Option<Turn>,
) -> Result<(), Verdict> {
    let ports = &desk.ports;
    let (at, turns) = match turn {
        None => breach_scope::begin(policy, ports, breach, facts, at).await?,
        Some(turn) if turn.hop >= WALK_HOPS_MAX => return Err(Verdict::poison("the count was handed on too often")),
        Some(turn) => match breach_scope::count(policy, ports, breach, facts, at, turn).await {
            Ok(next) => (at, next.into_iter().collect()),
            Err(ActError::Port(error)) => return Err(error.into()),
            // The history is full, or it is no history of this breach: another delivery finds the same.
            Err(_) => return Err(Verdict::poison("what was counted cannot be recorded")),
        },
    };
    let messages = turns.into_iter().map(|turn| {
        let step = AnnouncementStep::Count { facts, turn: Some(turn.into()) };
        site::body(&BreachMessage::new(&policy.controller, breach, at, step))
    });
    Ok(Outbox::send(ports, Queue::Breach, messages.collect::<Result<_, _>>()?).await?)
}
