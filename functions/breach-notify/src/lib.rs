//! Breaches: declared by staff, scoped from what is stored, told one by one and in public.

use app::{
    announce::Announcements,
    breach::{self, BreachStore, DeclareBreach, DeclareError, NotifiedError},
    keys::Keys,
    mail::Mailer,
    queues::{DeadLetters, Outbox, Queue},
};
use domain::{announcement::Announcement, ids::BreachId};
use edge::{
    Event, Failure, Reply, announcement,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use policy::PolicyBook;
use wire::{
    breach::{AlertForm, AlertsAnswer, BreachAnswer, BreachForm, NoticeCounts, NotifiedForm},
    message::BreachMessage,
};

/// The scope of a token that may declare breaches and look at them.
pub const SCOPE: &str = "breach:write";

/// Everything that this function needs.
pub trait Ports: BreachStore + Announcements + Keys + Mailer + Outbox + DeadLetters {}

impl<P: BreachStore + Announcements + Keys + Mailer + Outbox + DeadLetters> Ports for P {}

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
                ("POST", Some(id)) => notified(desk, &request, id).await,
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

async fn declare<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, SCOPE)?;
    let form = request.json::<BreachForm>()?.parse()?;
    let declaration = DeclareBreach {
        aware_at: form.aware_at,
        exposed_from: form.exposed_from,
        exposed_to: form.exposed_to,
        categories: form.categories,
        attempt_only: form.attempt_only,
        high_risk: form.high_risk,
        description: form.description,
        advice: form.advice,
        declared_by: staff.subject,
        key: site::idempotency_key(request, None)?,
        at: request.at(),
    };
    let breach = breach::declare(policy, &desk.ports, declaration).await.map_err(refuse)?;
    Ok(Response::json(201, &BreachAnswer::new(&breach, None)))
}

fn refuse(error: DeclareError) -> Problem {
    let detail = error.to_string();
    match error {
        DeclareError::Port(error) => error.into(),
        DeclareError::KeyReused => Problem::key_reused(),
        DeclareError::UnknownCategory(_) | DeclareError::NoCategory => {
            Problem::invalid("/categories", detail, "Use categories of the controller's policy.")
        }
        DeclareError::Times(_) => Problem::invalid("", detail, "Check aware_at, exposed_from and exposed_to."),
        DeclareError::Text => Problem::invalid("/description", detail, "Say what happened and what people can do."),
    }
}

async fn progress<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let breach = desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let notices = desk.ports.notices(&policy.controller, &Announcement::Breach(id)).await?;
    Ok(Response::json(200, &BreachAnswer::new(&breach, Some(NoticeCounts::of(&notices)))))
}

async fn notified<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let form = request.json::<NotifiedForm>()?.parse()?;
    match breach::record_notified(policy, &desk.ports, &id, form, request.at()).await {
        Ok(breach) => Ok(Response::json(200, &BreachAnswer::new(&breach, None))),
        Err(NotifiedError::Port(error)) => Err(error.into()),
        Err(NotifiedError::Unknown) => Err(Problem::not_found()),
        Err(error @ NotifiedError::Time) => {
            Err(Problem::invalid("/notified_at", error.to_string(), "Say when the authority was notified."))
        }
        Err(error @ NotifiedError::Reference) => {
            Err(Problem::invalid("/reference", error.to_string(), "Give the authority's own reference."))
        }
    }
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
