//! Subscriptions that are confirmed by mail, in memory.

use app::{
    error::{Appended, PortError},
    mail::MailClaim,
    subscription::{SubscriptionLedger, SubscriptionMails},
};
use domain::{
    consent::ConsentEvent,
    ids::{CaptureId, ControllerId, SubjectRef},
    sensitive::Sensitive,
};
use jiff::Timestamp;

use super::{Memory, Sealed, person};

fn claim_of(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId) -> String {
    format!("subscription {controller} {subject} {capture}")
}

impl SubscriptionLedger for Memory {
    async fn append_subscription(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        address: &Sensitive<String>,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let mut state = self.call()?;
        let person = person(controller, &event.subject);
        if let Some(first) = state.consents.get(&person).and_then(|consents| consents.get(&event.id)) {
            return Ok(Appended::Existing(first.clone()));
        }
        let sealed = Sealed { key: state.key(&person, event.at), plain: address.clone() };
        state.subscribers.insert((person.clone(), event.id.clone()), sealed);
        state.consents.entry(person).or_default().insert(event.id.clone(), event.clone());
        Ok(Appended::Fresh)
    }
}

impl SubscriptionMails for Memory {
    async fn subscriber_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let sealed = state.subscribers.get(&(person.clone(), capture.clone()));
        Ok(sealed.and_then(|sealed| state.open(&person, sealed)))
    }

    async fn forget_subscriber_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let person = person(controller, subject);
        if !state.consents.get(&person).is_some_and(|consents| consents.contains_key(capture)) {
            return Err(PortError::corrupt("a consent", "it is not stored"));
        }
        state.subscribers.remove(&(person, capture.clone()));
        Ok(())
    }

    async fn claim_confirmation(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        _at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        Ok(self.call()?.claim(claim_of(controller, subject, capture)))
    }

    async fn confirm_confirmation(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        at: Timestamp,
    ) -> Result<(), PortError> {
        self.call()?.confirm(&claim_of(controller, subject, capture), at)
    }
}
