//! Consents that wait for a guardian, and the mail to them.

use app::{
    error::{Appended, PortError},
    guardian::{GuardianLedger, GuardianMails},
    mail::MailClaim,
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

const CONTACT: &str = "guardian_contact";

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
        self.append_confided(controller, event, guardian, |form, sealed| form.guardian_contact = Some(sealed)).await
    }
}

impl GuardianMails for Cloud {
    async fn guardian_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        self.confided_address(controller, subject, capture, CONTACT).await
    }

    async fn forget_guardian_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
    ) -> Result<(), PortError> {
        self.forget_confided(controller, subject, capture, CONTACT).await
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
