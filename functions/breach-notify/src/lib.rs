//! Breaches: declared by staff, scoped from what is stored, told one by one and in public.

use app::{
    announce::{Announcements, SCOPE_SEGMENTS},
    breach::{self, BreachStore, DeclareBreach, DeclareError, NotifiedError},
    keys::Keys,
    mail::Mailer,
    queues::{DeadLetters, Outbox, Queue},
};
use domain::{announcement::Announcement, ids::BreachId, ids::SubjectRef, policy::Policy};
use edge::{
    Event, Failure, Reply,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use jiff::Timestamp;
use policy::PolicyBook;
use wire::{
    breach::{AlertForm, AlertsAnswer, BreachAnswer, BreachForm, NoticeCounts, NotifiedForm},
    message::{AnnouncementStep, BreachMessage, SCOPE_HOPS_MAX},
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
    match message.step {
        AnnouncementStep::Scope => {
            for segment in 0..SCOPE_SEGMENTS {
                scope(desk, policy, &breach, segment, None, 0, at).await?;
            }
        }
        AnnouncementStep::Continue { hop, .. } if hop >= SCOPE_HOPS_MAX => {
            return Err(Verdict::poison("the scan of a breach was handed on too often"));
        }
        AnnouncementStep::Continue { segment, from, hop } => {
            scope(desk, policy, &breach, segment, Some(from), hop, at).await?;
        }
        AnnouncementStep::Tell { subjects } => {
            for subject in subjects {
                let subject =
                    SubjectRef::parse(&subject).map_err(|_| Verdict::poison("a subject reference cannot be read"))?;
                breach::tell(policy, &desk.ports, &breach, &subject, at).await?;
            }
        }
    }
    Ok(())
}

/// Reads pages of one segment and hands the rest on. The continuation can be derived again from
/// what is stored, so a lost one is made anew when its message comes back.
async fn scope<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    breach: &BreachId,
    segment: u16,
    from: Option<String>,
    hop: u32,
    at: Timestamp,
) -> Result<(), Verdict> {
    let Some(from) = breach::scope(policy, &desk.ports, breach, segment, from, at).await? else { return Ok(()) };
    let step = AnnouncementStep::Continue { segment, from, hop: hop + 1 };
    let next = BreachMessage::new(&policy.controller, breach, at, step);
    Outbox::send(&desk.ports, Queue::Breach, vec![site::body(&next)?]).await?;
    Ok(())
}
