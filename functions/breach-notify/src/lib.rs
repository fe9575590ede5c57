//! Breaches: declared by staff, scoped from what is stored, told one by one and in public.

use app::{
    announce::Announcements,
    breach::{self, ActError, BreachStore, DeclareBreach, DeclareError, FactsError},
    breach_telling::{self, Looked},
    keys::Keys,
    mail::{Mailer, SendPace},
    queues::{DeadLetters, Later, Outbox, Queue},
    telling::{self, Seen, Sender},
};
use domain::{
    announcement::Announcement,
    breach::{Actor, Entry, Incident, Telling},
    ids::{BreachId, StaffId, SubjectRef},
    policy::Policy,
};
use edge::{
    Event, Failure, Reply, announcement, clock,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use jiff::Timestamp;
use policy::PolicyBook;
use wire::{
    breach::{ActForm, AlertForm, AlertsAnswer, BreachAnswer, BreachForm, NoticeCounts, TellingForm},
    message::{AnnouncementStep, BreachMessage, SeenForm},
};

/// The scope of a token that may declare breaches and look at them.
pub const SCOPE: &str = "breach:write";

/// Everything that this function needs.
pub trait Ports: BreachStore + Announcements + Keys + Mailer + SendPace + Outbox + Later + DeadLetters {}

impl<P: BreachStore + Announcements + Keys + Mailer + SendPace + Outbox + Later + DeadLetters> Ports for P {}

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
        FactsError::Time => Problem::invalid("/times", error.to_string(), "Say when it happened."),
    }
}

async fn progress<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let incident = desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let counts = NoticeCounts::of(&desk.ports.notices(&policy.controller, &Announcement::Breach(id.clone())).await?);
    let progress = match incident.tells_each() {
        true => Some(how_far(desk, policy, &incident, &counts, request.at()).await?),
        false => None,
    };
    let answer = answer(policy, &incident, Some(counts));
    Ok(Response::json(200, &BreachAnswer { progress, ..answer }).with_version(incident.version()))
}

/// How far telling has come: what the latest look saw, and when the last of those who are left is told.
async fn how_far<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    incident: &Incident,
    counts: &NoticeCounts,
    at: Timestamp,
) -> Result<TellingForm, Problem> {
    let looked = desk.ports.looked(&policy.controller, &incident.breach.id).await?;
    let (looked_at, seen) = looked.map_or_else(Default::default, |(at, seen)| (Some(at), seen));
    let open = u64::try_from(counts.planned + counts.claimed).unwrap_or(u64::MAX);
    let estimated_end = if open == 0 || incident.telling() != Telling::Running {
        None
    } else {
        // The mail service's word makes the estimate better; without it there is one all the same, or none.
        let allowance = desk.ports.allowance().await.unwrap_or_default();
        telling::estimated_end(open, seen.lately, allowance.as_ref(), at)
    };
    Ok(TellingForm {
        looked_at: looked_at.map(|at| at.to_string()),
        in_doubt: seen.in_doubt,
        sent_again: seen.sent_again,
        last_ten_minutes: seen.lately,
        estimated_end: estimated_end.map(|at| at.to_string()),
        all_told_at: incident.all_told_at().map(|at| at.to_string()),
    })
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
    let ports = &desk.ports;
    let body = |step| Ok(site::body(&BreachMessage::new(&controller, &breach, at, step))?);
    let plan = async |segment, from| breach_telling::plan(policy, ports, &breach, (segment, from), at).await;
    let hand_on = async |step| Ok(Outbox::send(ports, Queue::Breach, vec![body(step)?]).await?);
    match message.step {
        AnnouncementStep::Scope => announcement::scan(None, plan, hand_on).await,
        AnnouncementStep::Continue { segment, from, hop } => {
            announcement::scan(Some((segment, from, hop)), plan, hand_on).await
        }
        AnnouncementStep::Tell { subjects, tries } => {
            let tell = async |people: &[SubjectRef], sender: &Sender<'_>| {
                breach_telling::tell(policy, ports, &breach, people, sender).await
            };
            announcement::tell(ports, Queue::Breach, (&subjects, tries), body, tell).await
        }
        AnnouncementStep::Look { again, from, hop, seen } => {
            let last_at = seen.last_at.map(|at| at.parse()).transpose();
            let last_at = last_at.map_err(|_| Verdict::poison("the time of a look cannot be read"))?;
            let SeenForm { open, in_doubt, sent_again, lately, .. } = seen;
            let seen = Seen { open, in_doubt, sent_again, lately, last_at };
            let message = BreachMessage::new(&controller, &breach, at, AnnouncementStep::look(again));
            look(policy, ports, &message, (again, from, announcement::hop_of(hop)?), seen).await
        }
    }
}

/// Looks at some pages of notices, sends whom to tell again, and hands on, or concludes from all that was seen.
async fn look<P: Ports>(
    policy: &Policy,
    ports: &P,
    message: &BreachMessage,
    (again, from, hop): (bool, Option<String>, u32),
    seen: Seen,
) -> Result<(), Verdict> {
    let (controller, breach, at) = message.parse()?;
    let body_at = |at, step| Ok(site::body(&BreachMessage::new(&controller, &breach, at, step))?);
    let body = |step| body_at(at, step);
    // The clock, and not the event's time: what is in doubt now is looked for.
    let now = clock::now();
    let doubt = again.then(announcement::doubt);
    let (free, seen, rest) = breach_telling::look(policy, ports, &breach, (from, seen), doubt, now).await?;
    announcement::send_all(ports, Queue::Breach, &free, body).await?;
    let next = match rest {
        Some(from) => {
            let last_at = seen.last_at.map(|at| at.to_string());
            let Seen { open, in_doubt, sent_again, lately, .. } = seen;
            let seen = SeenForm { open, in_doubt, sent_again, lately, last_at };
            Some(body(AnnouncementStep::Look { again, from: Some(from), hop: hop + 1, seen })?)
        }
        // Whoever was just sent on moves before long.
        None if again => None,
        None => match breach_telling::conclude(policy, ports, &breach, &seen, now).await.map_err(concluded)? {
            Looked::Nothing | Looked::AllTold => None,
            Looked::TellAgain => Some(body(AnnouncementStep::look(true))?),
            Looked::PlanAgain(decided_at) => Some(body_at(decided_at, AnnouncementStep::Scope)?),
        },
    };
    match next {
        Some(next) => Ok(Outbox::send(ports, Queue::Breach, vec![next]).await?),
        None => Ok(()),
    }
}

fn concluded(error: ActError) -> Verdict {
    match error {
        ActError::Port(error) => error.into(),
        // It was closed meanwhile, or its history is full: the next look finds out.
        _ => Failure::new("that all were told could not be recorded").into(),
    }
}
