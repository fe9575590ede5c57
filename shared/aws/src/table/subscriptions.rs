//! Subscriptions that are confirmed by mail, and that mail.

use app::{
    error::{Appended, PortError},
    mail::MailClaim,
    subscription::{SubscriptionLedger, SubscriptionMails},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    consent::ConsentEvent,
    ids::{CaptureId, ControllerId, SubjectRef},
    sensitive::Sensitive,
};
use jiff::Timestamp;
use wire::stored::{Bytes, Kind, consent::Consent};

use super::{Update, Updated, consents::event_of, item_of, keys::ItemKey, requests};
use crate::Cloud;

const WHAT: &str = "a consent";
const CONTACT: &str = "contact";

fn consent_key(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId) -> ItemKey {
    ItemKey::Consent(controller.clone(), subject.clone(), capture.clone())
}

fn mail_key(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId) -> ItemKey {
    ItemKey::Subscription(controller.clone(), subject.clone(), capture.clone())
}

impl SubscriptionLedger for Cloud {
    async fn append_subscription(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        address: &Sensitive<String>,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let key = consent_key(controller, &event.subject, &event.id);
        let mut form = Consent::from(event);
        // Disclosed to the seal only.
        let plain = address.disclose().as_bytes();
        form.contact = Some(Bytes(self.seal(controller, &event.subject, &key, plain, event.at).await?));
        match self.put_new(item_of(&key, &form)?).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => event_of(item).map(Appended::Existing),
        }
    }
}

impl SubscriptionMails for Cloud {
    async fn subscriber_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let key = consent_key(controller, subject, capture);
        let Some(mut item) = self.get(&key).await? else { return Ok(None) };
        let Some(sealed) = item.remove(CONTACT) else { return Ok(None) };
        let sealed = sealed.as_b().map_err(|_| PortError::corrupt(WHAT, "its address is not sealed"))?;
        self.open(controller, subject, &key, sealed.as_ref()).await?.map(requests::address).transpose()
    }

    async fn forget_subscriber_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<(), PortError> {
        let key = consent_key(controller, subject, capture);
        let update = Update::default().remove(CONTACT);
        match self.update(&key, update, "attribute_exists(pk)", ReturnValue::None).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(PortError::corrupt(WHAT, "it is not stored")),
        }
    }

    async fn claim_confirmation(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        self.claim(&mail_key(controller, subject, capture), Kind::Mail, at).await
    }

    async fn confirm_confirmation(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        at: Timestamp,
    ) -> Result<(), PortError> {
        self.confirm(&mail_key(controller, subject, capture), at).await
    }
}
