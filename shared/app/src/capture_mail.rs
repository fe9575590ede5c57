//! The one mail that a capture may bring about: a guardian is asked, or who signed up is told. The address serves for
//! that mail alone and is then taken away.

use std::collections::BTreeSet;

use domain::{
    consent::ConsentEvent,
    ids::{CaptureId, ControllerId, Purpose, SubjectRef},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::{
    error::{Appended, PortError},
    mail::MailClaim,
};

/// What the mail is for. Each kind has an address and a claim of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaptureMail {
    /// The guardian of the child who gave the consent is asked to agree.
    Guardian,
    /// The person is told what they signed up for.
    Confirmation,
}

/// The port that takes in a capture with the address its mail goes to.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait ConfidingLedger {
    /// Writes an event with the address of its mail, unless one stands under its subject and identifier.
    ///
    /// MUST keep what `ConsentLedger::append_consent` keeps; MUST seal the address under the key of the event's
    /// **subject**: of a guardian's address that is the child's.
    async fn append_confided(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
        mail: CaptureMail,
        address: &Sensitive<String>,
    ) -> Result<Appended<ConsentEvent>, PortError>;
}

/// The port by which a capture's mail goes out once.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait CaptureMails {
    /// Where the mail goes; `None` once the address was taken away, or the subject's key is gone.
    async fn mail_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
    ) -> Result<Option<Sensitive<String>>, PortError>;

    /// Takes that address away; the event stays as it is. Doing it again is no error.
    async fn forget_mail_address(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
    ) -> Result<(), PortError>;

    /// Claims the mail. MUST be fresh for exactly one of several at once.
    async fn claim_capture_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
        at: Timestamp,
    ) -> Result<MailClaim, PortError>;

    /// Notes that the claimed mail was handed over.
    async fn confirm_capture_mail(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        mail: CaptureMail,
        at: Timestamp,
    ) -> Result<(), PortError>;
}

/// What people read of purposes. One that the policy no longer names is called by its name.
pub(crate) fn titles(policy: &Policy, purposes: &BTreeSet<Purpose>) -> Vec<String> {
    let title = |purpose: &Purpose| policy.purposes.get(purpose).map_or(purpose.to_string(), |rule| rule.title.clone());
    purposes.iter().map(title).collect()
}
