//! Breaches: signalled by detectors, declared by staff, scoped from what is stored, told one by one and in public.

mod signals;

use std::collections::BTreeSet;

mod notification;
mod proof;
mod register;

mod alerts;

use app::{
    announce::Announcements,
    breach::{self, ActError, BreachStore, DeclareBreach, DeclareError, FactsError},
    breach_scope::{self, CountUnderWay},
    breach_telling::{self, Looked},
    certificate::EvidenceFiles,
    channel::CHANNEL_RECEIVES_MAX,
    dispatch::Webhooks,
    keys::Keys,
    limits::Counters,
    mail::{Mailer, SendPace},
    queues::{DeadLetters, Later, Outbox, Queue},
    signals::SignalStore,
    systems::SystemStates,
    telling::{self, Seen, Sender},
    told::ToldNotices,
    walk::{WALK_HOPS_MAX, WALK_SEGMENTS, Walks},
};
use domain::{
    announcement::Announcement,
    breach::{Act, Actor, Entry, Incident, Telling},
    ids::{BreachId, ControllerId, StaffId, SubjectRef},
    policy::Policy,
    walk::Turn,
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
    breach::{ActForm, BreachAnswer, BreachForm, CountingForm, NoticeCounts, PeopleAnswer, PersonForm, TellingForm},
    message::{AnnouncementStep, BreachMessage, SeenForm},
};

/// The scope of a token that may declare breaches and look at them.
pub const SCOPE: &str = "breach:write";

app::ports! {
    /// Everything that this function needs.
    pub trait Ports =
        BreachStore + Announcements + Walks + Keys + Mailer + SendPace + Outbox + Later + DeadLetters + SignalStore
        + SystemStates + Webhooks + Counters + ToldNotices + EvidenceFiles;
}

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
                _ if request.path().contains("/v1/signals") => signals_route(desk, &request).await,
                ("POST", None) => declare(desk, &request).await,
                ("POST", Some(id)) if request.path().ends_with("/count") => count(desk, &request, id).await,
                ("POST", Some(id)) if request.path().ends_with("/proof") => proof::show(desk, &request, id).await,
                ("POST", Some(id)) => act(desk, &request, id).await,
                ("GET", Some(id)) if request.path().ends_with("/people") => people(desk, &request, id).await,
                ("GET", Some(id)) if request.path().ends_with("/notification") => notify(desk, &request, id).await,
                ("GET", Some(id)) => progress(desk, &request, id).await,
                ("GET", None) if alerts::is_public(request.path()) => alerts::answer(desk, &request).await,
                ("GET", None) if request.path().ends_with("/breaches/export") => register::export(desk, &request).await,
                ("GET", None) => register::list(desk, &request).await,
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

async fn signals_route<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    match (request.method(), request.parameter("signal")) {
        ("GET", None) => signals::list(desk, request).await,
        ("GET", Some(id)) => signals::look(desk, request, id).await,
        ("POST", None) => signals::report(desk, request).await,
        ("POST", Some(id)) => signals::dismiss(desk, request, id).await,
        _ => Err(Problem::method_not_allowed()),
    }
}

/// Who of the staff does something.
fn officer(policy: &Policy, request: &Request) -> Result<StaffId, Problem> {
    request.staff(&policy.controller, SCOPE)?.id()
}

fn answer(policy: &Policy, incident: &Incident, notices: Option<NoticeCounts>) -> BreachAnswer {
    let answer = BreachAnswer::new(incident, &domain::breach::clocks(policy, incident), notices);
    answer.with_proposal(&domain::breach::proposal(policy, incident), incident)
}

async fn declare<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let declared_by = officer(policy, request)?;
    let form = request.json::<BreachForm>()?.parse()?;
    let (named, key) = (form.signals.clone(), site::idempotency_key(request, None)?);
    let keys = desk.ports.controller(&policy.controller).await?;
    // The same declaration again finds them linked to the breach that it made.
    signals::check(desk, policy, &named, Some(&keys.pepper.derive(&[&key])), "/signals").await?;
    let declaration = DeclareBreach {
        title: form.title,
        times: form.times,
        facts: form.facts,
        signals: form.signals,
        declared_by,
        key,
        at: request.at(),
    };
    let incident = breach::declare(policy, &desk.ports, declaration).await.map_err(refuse)?;
    signals::link(desk, policy, &named, &incident.breach.id, request.at(), "/signals").await?;
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
    let counts = NoticeCounts::from(desk.ports.counts(&policy.controller, &Announcement::Breach(id)).await?);
    let counting = breach_scope::under_way(&desk.ports, &policy.controller, &incident).await?;
    let progress = match incident.tells_each() {
        true => Some(how_far(desk, policy, &incident, &counts, request.at()).await?),
        false => None,
    };
    let mut answer = answer(policy, &incident, Some(counts));
    answer.counting = counting.map(counting_form);
    answer.progress = progress;
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
    let open = counts.planned + counts.claimed;
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

async fn notify<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let incident = desk.ports.breach(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    notification::answer(policy, &incident, request)
}

async fn act<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let by = Actor::Staff(officer(policy, request)?);
    let id = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let version = request.if_match()?;
    let act = request.json::<ActForm>()?.parse(version)?;
    let named: BTreeSet<_> = match &act {
        Act::SignalLinked(signal) => BTreeSet::from([signal.clone()]),
        _ => BTreeSet::new(),
    };
    signals::check(desk, policy, &named, Some(&id), "/signal").await?;
    let entry = Entry { at: request.at(), by, act };
    let incident = breach::act(policy, &desk.ports, &id, version, entry).await.map_err(|error| match error {
        ActError::Unknown => Problem::not_found(),
        ActError::GoneOn(version) => Problem::precondition_failed(version),
        ActError::Refused(refused) => Problem::invalid("/act", refused.to_string(), "Look at the breach again."),
        ActError::Facts(error) => refuse_facts(&error),
        ActError::Port(error) => error.into(),
    })?;
    signals::link(desk, policy, &named, &id, request.at(), "/signal").await?;
    Ok(Response::json(200, &answer(policy, &incident, None)).with_version(incident.version()))
}

async fn step<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    if signals::is_event(message) {
        return signals::take(desk, message).await;
    }
    let receives = message.receive_count;
    let message = message.json::<BreachMessage>()?;
    let (controller, breach, at) = message.parse()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    let ports = &desk.ports;
    let body = |step| Ok(site::body(&BreachMessage::new(&controller, &breach, at, step))?);
    let plan = async |segment, from| breach_telling::plan(policy, ports, &breach, (segment, from), at).await;
    let hand_on = async |step| Ok(Outbox::send(ports, Queue::Breach, vec![body(step)?]).await?);
    match message.step {
        AnnouncementStep::Scope => {
            announcement::scan(None, plan, hand_on).await?;
            look_if_all_told(ports, &controller, &breach, hand_on).await
        }
        AnnouncementStep::Continue { segment, from, hop } => {
            announcement::scan(Some((segment, from, hop)), plan, hand_on).await?;
            look_if_all_told(ports, &controller, &breach, hand_on).await
        }
        AnnouncementStep::Tell { subjects, tries } => {
            // A message that comes again counts anew when it is sent anew.
            let is_last = receives + tries >= CHANNEL_RECEIVES_MAX;
            let tell = async |people: &[SubjectRef], sender: &Sender<'_>| {
                breach_telling::tell(policy, ports, &breach, people, (sender, is_last)).await
            };
            announcement::tell(ports, Queue::Breach, (&subjects, tries), body, tell).await?;
            look_if_all_told(ports, &controller, &breach, hand_on).await
        }
        AnnouncementStep::Public { is_needed } => Ok(app::alerts::follow(policy, ports, &breach, is_needed, at).await?),
        AnnouncementStep::Count { facts, turn } => {
            count_on(desk, policy, &breach, facts, at, turn.map(Turn::from)).await
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

/// Has it looked at once how telling does where nobody is left to be told. What slips through, the clock's next tick
/// finds.
async fn look_if_all_told<P: Ports>(
    ports: &P,
    controller: &ControllerId,
    breach: &BreachId,
    hand_on: impl AsyncFnOnce(AnnouncementStep) -> Result<(), Verdict>,
) -> Result<(), Verdict> {
    if ports.counts(controller, &Announcement::Breach(breach.clone())).await?.open() > 0 {
        return Ok(());
    }
    hand_on(AnnouncementStep::look(false)).await
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
