//! Carries out requests: reads its queue, acknowledges, exports, erases, answers. And writes to the
//! guardians whom children name, and to whoever has signed up for what is confirmed by mail.

use app::{
    capture_mail::CaptureMails,
    fulfil_request::{self, Office, Unsent},
    guardian,
    mail::Handed,
    queues::DeadLetters,
    requests::RequestKey,
    subscription,
};
use edge::{
    Event, Failure, Reply,
    queue::{self, Message, Verdict},
    site,
    telemetry::{self, Unit},
};
use policy::PolicyBook;
use wire::message::{FulfilMessage, GuardianMessage, SubscriptionMessage};

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// Everything that fulfilling needs.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Where people reach this deployment.
    pub public_url: String,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is none of this function's.
pub async fn handle<P: Office + CaptureMails + DeadLetters>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Queue(messages) = event else { return Err(Failure::new("dsar-fulfil reads its queue alone")) };
    queue::each(messages, &desk.ports, async |message: &Message| fulfil(desk, message).await).await
}

async fn fulfil<P: Office + CaptureMails>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    // Three strict forms: what is none of them is refused as a request.
    if let Ok(asked) = message.json::<GuardianMessage>() {
        let (controller, subject, capture, _) = asked.parse()?;
        let policy = site::policy_of(&controller, &desk.policies)?;
        let handed = guardian::ask(policy, &desk.ports, &subject, &capture, &desk.public_url).await?;
        refused(usize::from(handed == Handed::Refused));
        return Ok(());
    }
    if let Ok(begun) = message.json::<SubscriptionMessage>() {
        let (controller, subject, capture, _) = begun.parse()?;
        let policy = site::policy_of(&controller, &desk.policies)?;
        let handed = subscription::confirm(policy, &desk.ports, &subject, &capture, &desk.public_url).await?;
        refused(usize::from(handed == Handed::Refused));
        return Ok(());
    }
    let (controller, subject, request, at) = message.json::<FulfilMessage>()?.parse()?;
    let policy = site::policy_of(&controller, &desk.policies)?;
    let key = RequestKey { controller, subject, request };
    let mut unsent = Unsent::default();
    let fulfilled = fulfil_request::fulfil_within(policy, &desk.ports, &key, at, &desk.public_url, &mut unsent).await;
    for limit in unsent.limited {
        telemetry::metric("Limited", 1.0, Unit::Count, &[("limit", limit.as_str())]);
    }
    refused(unsent.refused);
    fulfilled?;
    Ok(())
}

/// One line per mail that the mail service refused for its address: it sends no event of those.
fn refused(mails: usize) {
    for _ in 0..mails {
        telemetry::metric("MailRefused", 1.0, Unit::Count, &[]);
    }
}
