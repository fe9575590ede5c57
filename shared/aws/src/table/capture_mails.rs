//! The mail of a capture: its address lies with the consent, its claim beside it.

use app::{
    capture_mail::{CaptureMail, CaptureMails, ConfidingLedger},
    error::{Appended, PortError},
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

fn claim_key(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId, mail: CaptureMail) -> ItemKey {
    let (controller, subject, capture) = (controller.clone(), subject.clone(), capture.clone());
    match mail {
        CaptureMail::Guardian => ItemKey::Guardian(controller, subject, capture),
        CaptureMail::Confirmation => ItemKey::Subscription(controller, subject, capture),
    }
}

/// The attribute of the consent that holds the address.
const fn attribute(mail: CaptureMail) -> &'static str {
    match mail {
        CaptureMail::Guardian => "guardian_contact",
        CaptureMail::Confirmation => "contact",
    }
}

impl ConfidingLedger for Cloud {
    async fn append_confided(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        mail: CaptureMail,
        address: &Sensitive<String>,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        self.append_sealed(controller, event, address, |form, sealed| match mail {
            CaptureMail::Guardian => form.guardian_contact = Some(sealed),
            CaptureMail::Confirmation => form.contact = Some(sealed),
        })
        .await
    }
}

impl CaptureMails for Cloud {
    async fn mail_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        self.confided_address(controller, subject, capture, attribute(mail)).await
    }

    async fn forget_mail_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
    ) -> Result<(), PortError> {
        self.forget_confided(controller, subject, capture, attribute(mail)).await
    }

    async fn claim_capture_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
        at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        self.claim(&claim_key(controller, subject, capture, mail), Kind::Mail, at).await
    }

    async fn confirm_capture_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
        at: Timestamp,
    ) -> Result<(), PortError> {
        self.confirm(&claim_key(controller, subject, capture, mail), at).await
    }
}
