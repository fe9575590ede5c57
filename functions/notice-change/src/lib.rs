//! Changes of the notice: published by staff, read by everybody, told one by one.

use app::{
    announce::{Announcements, SCOPE_SEGMENTS},
    keys::Keys,
    mail::Mailer,
    notice_change::{self, ChangeStore, NoticeChanges, PublishError, PublishNotice},
    queues::{DeadLetters, Outbox, Queue},
};
use domain::{
    announcement::Announcement,
    ids::{ChangeId, SubjectRef},
    notice::PublicationRefused,
    policy::Policy,
};
use edge::{
    Event, Failure, Reply,
    http::{Problem, Request, Response},
    queue::{self, Message, Verdict},
    site,
};
use jiff::Timestamp;
use policy::PolicyBook;
use wire::{
    breach::NoticeCounts,
    message::{AnnouncementStep, ChangeMessage, SCOPE_HOPS_MAX},
    notice::{ChangeAnswer, NoticeForm, NoticesAnswer},
};

/// The scope of a token that may publish versions of the notice and look at who was told.
pub const SCOPE: &str = "notices:write";

/// Everything that this function needs.
pub trait Ports: ChangeStore + NoticeChanges + Announcements + Keys + Mailer + Outbox + DeadLetters {}

impl<P: ChangeStore + NoticeChanges + Announcements + Keys + Mailer + Outbox + DeadLetters> Ports for P {}

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
    let notices = desk.ports.notices(&policy.controller, &Announcement::Change(id)).await?;
    Ok(Response::json(200, &ChangeAnswer::new(policy, &change, Some(NoticeCounts::of(&notices)))))
}

async fn step<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let message = message.json::<ChangeMessage>()?;
    let (controller, change, at) = message.parse()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    match message.step {
        AnnouncementStep::Scope => {
            for segment in 0..SCOPE_SEGMENTS {
                scope(desk, policy, &change, segment, None, 0, at).await?;
            }
        }
        AnnouncementStep::Continue { hop, .. } if hop >= SCOPE_HOPS_MAX => {
            return Err(Verdict::poison("the scan for a change of the notice was handed on too often"));
        }
        AnnouncementStep::Continue { segment, from, hop } => {
            scope(desk, policy, &change, segment, Some(from), hop, at).await?;
        }
        AnnouncementStep::Tell { subjects } => {
            for subject in subjects {
                let subject =
                    SubjectRef::parse(&subject).map_err(|_| Verdict::poison("a subject reference cannot be read"))?;
                notice_change::tell(policy, &desk.ports, &change, &subject, at).await?;
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
    change: &ChangeId,
    segment: u16,
    from: Option<String>,
    hop: u32,
    at: Timestamp,
) -> Result<(), Verdict> {
    let Some(from) = notice_change::scope(policy, &desk.ports, change, segment, from, at).await? else {
        return Ok(());
    };
    let step = AnnouncementStep::Continue { segment, from, hop: hop + 1 };
    let next = ChangeMessage::new(&policy.controller, change, at, step);
    Outbox::send(&desk.ports, Queue::Notice, vec![site::body(&next)?]).await?;
    Ok(())
}
