//! Subscriptions that are confirmed by mail, and that mail.

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
use wire::stored::Kind;

use super::keys::ItemKey;
use crate::Cloud;

const CONTACT: &str = "contact";

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
        self.append_confided(controller, event, address, |form, sealed| form.contact = Some(sealed)).await
    }
}

impl SubscriptionMails for Cloud {
    async fn subscriber_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        self.confided_address(controller, subject, capture, CONTACT).await
    }

    async fn forget_subscriber_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<(), PortError> {
        self.forget_confided(controller, subject, capture, CONTACT).await
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
