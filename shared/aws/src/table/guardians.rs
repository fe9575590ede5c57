//! Consents that wait for a guardian, and the mail to them.

use app::{
    error::{Appended, PortError},
    guardian::{GuardianLedger, GuardianMails},
    mail::MailClaim,
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    consent::ConsentEvent,
    ids::{CaptureId, ControllerId, SubjectRef},
    sensitive::Sensitive,
};
use jiff::Timestamp;
use wire::stored::{Bytes, Kind, consent::Consent};

use super::{Update, Updated, consents::event_of, item_of, keys::ItemKey, requests::address};
use crate::Cloud;

const WHAT: &str = "a consent";
const CONTACT: &str = "guardian_contact";

fn consent_key(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId) -> ItemKey {
    ItemKey::Consent(controller.clone(), subject.clone(), capture.clone())
}

fn mail_key(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId) -> ItemKey {
    ItemKey::Guardian(controller.clone(), subject.clone(), capture.clone())
}

impl GuardianLedger for Cloud {
    async fn append_awaiting(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        guardian: &Sensitive<String>,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let key = consent_key(controller, &event.subject, &event.id);
        let mut form = Consent::from(event);
        // Disclosed to the seal only.
        let plain = guardian.disclose().as_bytes();
        form.guardian_contact = Some(Bytes(self.seal(controller, &event.subject, &key, plain, event.at).await?));
        match self.put_new(item_of(&key, &form)?).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => event_of(item).map(Appended::Existing),
        }
    }
}

impl GuardianMails for Cloud {
    async fn guardian_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let key = consent_key(controller, subject, capture);
        let Some(mut item) = self.get(&key).await? else { return Ok(None) };
        let Some(sealed) = item.remove(CONTACT) else { return Ok(None) };
        let sealed = sealed.as_b().map_err(|_| PortError::corrupt(WHAT, "its guardian's address is not sealed"))?;
        self.open(controller, subject, &key, sealed.as_ref()).await?.map(address).transpose()
    }

    async fn forget_guardian_address(
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

    async fn claim_guardian_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        self.claim(&mail_key(controller, subject, capture), Kind::Mail, at).await
    }

    async fn confirm_guardian_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        at: Timestamp,
    ) -> Result<(), PortError> {
        self.confirm(&mail_key(controller, subject, capture), at).await
    }
}
