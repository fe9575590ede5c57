//! Changes of the notice: published by staff, read by everybody, told one by one.

use app::{
    announce::Announcements,
    keys::Keys,
    mail::{Mailer, SendPace},
    notice_change::{self, ChangeStore, NoticeChanges, PublishError, PublishNotice},
    queues::{DeadLetters, Later, Outbox, Queue},
    telling::Sender,
};
use domain::{
    announcement::Announcement,
    ids::{ChangeId, SubjectRef},
    notice::PublicationRefused,
};
use edge::{
    Event, Failure, Reply, announcement,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use policy::PolicyBook;
use wire::{
    breach::NoticeCounts,
    message::{AnnouncementStep, ChangeMessage},
    notice::{ChangeAnswer, NoticeForm, NoticesAnswer},
};

/// The scope of a token that may publish versions of the notice and look at who was told.
pub const SCOPE: &str = "notices:write";

app::ports! {
    /// Everything that this function needs.
    pub trait Ports =
        ChangeStore + NoticeChanges + Announcements + Keys + Mailer + SendPace + Outbox + Later + DeadLetters;
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
            let answer = match (request.method(), request.parameter("change")) {
                ("POST", None) => publish(desk, &request).await,
                ("GET", None) => notices(desk, &request).await,
                ("GET", Some(id)) => progress(desk, &request, id).await,
                _ => Err(Problem::method_not_allowed()),
            };
            Ok(answer.into())
        }
        Event::Queue(messages) => {
            queue::each(messages, &desk.ports, async |message: &Message| step(desk, message).await).await
        }
        _ => Err(Failure::new("notice-change answers HTTP and its queue")),
    }
}

async fn publish<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, SCOPE)?;
    let publication = request.json::<NoticeForm>()?.parse()?;
    let form = PublishNotice { publication, published_by: staff.subject, at: request.at() };
    let published = notice_change::publish(policy, &desk.ports, form).await.map_err(refuse)?;
    let status = if published.replayed { 200 } else { 201 };
    Ok(Response::json(status, &ChangeAnswer::new(policy, &published.change, None)))
}

fn refuse(error: PublishError) -> Problem {
    let detail = error.to_string();
    match error {
        PublishError::Port(error) => error.into(),
        PublishError::VersionTaken => Problem::conflict(detail).with_hint("Give the new text a version of its own."),
        PublishError::Refused(refused) => {
            let (pointer, hint) = match refused {
                PublicationRefused::Summary => ("/summary", "Say in plain words what changes."),
                PublicationRefused::UnknownPurpose(_) => {
                    ("/new_purposes", "Deploy the policy that names the purpose, then publish.")
                }
                PublicationRefused::UnknownRecipient(_) => {
                    ("/new_recipients", "Deploy the policy that names the recipient, then publish.")
                }
                PublicationRefused::UnknownConsent(_) | PublicationRefused::NotByConsent(..) => {
                    ("/ask_again", "Name purposes of the policy that rest on consent.")
                }
                PublicationRefused::AskAgainUnsaid => (
                    "/ask_again",
                    "List the purposes whose consents the change touches; an empty list if there are none.",
                ),
                PublicationRefused::Retroactive
                | PublicationRefused::TooSoon(_)
                | PublicationRefused::OutOfCalendar => {
                    ("/effective_at", "Leave it out to take the earliest time that the policy allows.")
                }
            };
            Problem::invalid(pointer, detail, hint)
        }
    }
}

async fn notices<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let changes = desk.ports.changes(&policy.controller).await?;
    Ok(Response::json(200, &NoticesAnswer::new(policy, &changes)))
}

async fn progress<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let id = ChangeId::parse(id).map_err(|_| Problem::not_found())?;
    let (change, _) = desk.ports.change(&policy.controller, &id).await?.ok_or_else(Problem::not_found)?;
    let counts = desk.ports.counts(&policy.controller, &Announcement::Change(id)).await?;
    Ok(Response::json(200, &ChangeAnswer::new(policy, &change, Some(NoticeCounts::from(counts)))))
}

async fn step<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let message = message.json::<ChangeMessage>()?;
    let (controller, change, at) = message.parse()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    let ports = &desk.ports;
    let body = |step| Ok(site::body(&ChangeMessage::new(&controller, &change, at, step))?);
    let scope = async |segment, from| notice_change::scope(policy, ports, &change, segment, from, at).await;
    let hand_on = async |step| Ok(Outbox::send(ports, Queue::Notice, vec![body(step)?]).await?);
    match message.step {
        AnnouncementStep::Scope => announcement::scan(None, scope, hand_on).await,
        AnnouncementStep::Continue { segment, from, hop } => {
            announcement::scan(Some((segment, from, hop)), scope, hand_on).await
        }
        AnnouncementStep::Tell { subjects, tries } => {
            let tell = async |people: &[SubjectRef], sender: &Sender<'_>| {
                notice_change::tell(policy, ports, &change, people, sender).await
            };
            announcement::tell(ports, Queue::Notice, (&subjects, tries), body, tell).await
        }
        AnnouncementStep::Look { .. } | AnnouncementStep::Count { .. } | AnnouncementStep::Public { .. } => {
            Err(Verdict::poison("a change of the notice knows no such step"))
        }
    }
}
