//! What becomes of mail, as the mail service tells it through a topic and a queue: bounces and
//! complaints are shown where they belong, and sends in doubt are settled (correctness 19).

use app::{
    announce::Announcements,
    mail::{MailTag, tag_value},
    mail_events::{self, Settled},
    queues::DeadLetters,
    requests::{RecordError, RequestLog},
};
use domain::{ids::ControllerId, mail::MailFailure, policy::Policy};
use edge::{
    Event, Failure, Reply,
    clock::TimeGuard,
    queue::{self, Message, Verdict},
    telemetry::{Unit, metric},
};
use policy::PolicyBook;
use wire::mail_event::{self, MailEvent};

app::ports! {
    /// Everything that this function needs.
    pub trait Ports = RequestLog + Announcements + DeadLetters;
}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table, and where what cannot be read goes.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Refuses times that cannot be right.
    pub guard: TimeGuard,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Queue(messages) = event else { return Err(Failure::new("mail-events answers its queue")) };
    queue::each(messages, &desk.ports, async |message: &Message| take(desk, message).await).await
}

async fn take<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    // Not `Message::json`, which refuses control characters: a folded header and the answer of a
    // receiving server hold them, in members that nobody reads here.
    let Some(event) = mail_event::read(&message.body)? else { return Ok(()) };
    desk.guard.check(event.at, None).map_err(|_| Verdict::poison("the event's time cannot be right"))?;
    let Some((policy, tag)) = named(&desk.policies, &event)? else {
        let id = &message.id;
        // An earlier release's mail, or a controller's who has left. Trying again would find no more.
        tracing::warn!(message.id = %id, "message {id} is about a mail that is none of ours");
        return Ok(());
    };
    let settled = mail_events::settle(policy, &desk.ports, &tag, event.fate, event.at).await.map_err(retry)?;
    if let Settled::Failed { failure, is_for_office } = settled {
        count(failure, is_for_office);
    }
    Ok(())
}

/// The policy and the mail that an event's tags name.
fn named<'a>(policies: &'a PolicyBook, event: &MailEvent) -> Result<Option<(&'a Policy, MailTag)>, Failure> {
    let tag = event.notice.as_deref().and_then(MailTag::parse);
    let is_theirs = |controller: &&ControllerId| Some(&*tag_value(controller.as_str())) == event.controller.as_deref();
    let (Some(tag), Some(controller)) = (tag, policies.controllers().find(is_theirs)) else { return Ok(None) };
    Ok(policies.get(controller)?.map(|policy| (policy, tag)))
}

fn retry(error: RecordError) -> Verdict {
    match error {
        RecordError::Port(error) => error.into(),
        // A failed mail is noted at every stage; whoever was faster too often is met again later.
        RecordError::Refused(_) | RecordError::Unknown => Failure::new("a failed mail cannot be noted").into(),
    }
}

/// One line per failure, in no dimension but the function's: alarms add them up.
fn count(failure: MailFailure, is_for_office: bool) {
    let name = match failure {
        MailFailure::BouncePermanent | MailFailure::BounceTransient => "MailBounced",
        MailFailure::Complaint => "MailComplained",
        MailFailure::Reject => "MailRejected",
    };
    metric(name, 1.0, Unit::Count, &[]);
    if is_for_office {
        metric("OfficeMailFailed", 1.0, Unit::Count, &[]);
    }
}
