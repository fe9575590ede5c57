//! The mails of captures, in memory.

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

use super::{Memory, Sealed, person};

fn claim_of(controller: &ControllerId, subject: &SubjectRef, capture: &CaptureId, mail: CaptureMail) -> String {
    format!("{mail:?} {controller} {subject} {capture}")
}

impl ConfidingLedger for Memory {
    async fn append_confided(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        mail: CaptureMail,
        address: &Sensitive<String>,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let mut state = self.call()?;
        let person = person(controller, &event.subject);
        if let Some(first) = state.consents.get(&person).and_then(|consents| consents.get(&event.id)) {
            return Ok(Appended::Existing(first.clone()));
        }
        let sealed = Sealed { key: state.key(&person, event.at), plain: address.clone() };
        state.mail_addresses.insert((person.clone(), event.id.clone(), mail), sealed);
        state.consents.entry(person).or_default().insert(event.id.clone(), event.clone());
        Ok(Appended::Fresh)
    }
}

impl CaptureMails for Memory {
    async fn mail_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
    ) -> Result<Option<Sensitive<String>>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let sealed = state.mail_addresses.get(&(person.clone(), capture.clone(), mail));
        Ok(sealed.and_then(|sealed| state.open(&person, sealed)))
    }

    async fn forget_mail_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let person = person(controller, subject);
        if !state.consents.get(&person).is_some_and(|consents| consents.contains_key(capture)) {
            return Err(PortError::corrupt("a consent", "it is not stored"));
        }
        state.mail_addresses.remove(&(person, capture.clone(), mail));
        Ok(())
    }

    async fn claim_capture_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
        _at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        Ok(self.call()?.claim(claim_of(controller, subject, capture, mail)))
    }

    async fn confirm_capture_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
        at: Timestamp,
    ) -> Result<(), PortError> {
        self.call()?.confirm(&claim_of(controller, subject, capture, mail), at)
    }
}
