//! May this person's data be used for this? The answer for staff and systems that are about to.

use domain::{
    ids::{ControllerId, Identifier, SubjectRef},
    notice,
    policy::Policy,
    standing::{Decision, Standing, UseAsked},
};
use jiff::Timestamp;

use crate::{
    capture_consent::ConsentLedger, error::PortError, keys::Keys, notice_change::NoticeChanges, records::RecordStore,
    requests::RequestLog,
};

/// A question, parsed.
#[derive(Debug)]
pub struct AskUse {
    /// Whose data.
    pub identifier: Identifier,
    /// What use of it.
    pub asked: UseAsked,
    /// When.
    pub at: Timestamp,
}

/// What is in force for a subject at that time.
///
/// Somebody of whom nothing is known costs the same calls as anybody else.
///
/// # Errors
/// [`PortError`].
pub async fn standing<P: ConsentLedger + NoticeChanges + RequestLog + RecordStore>(
    ports: &P,
    controller: &ControllerId,
    subject: &SubjectRef,
    at: Timestamp,
) -> Result<Standing, PortError> {
    let consents = ports.consents(controller, subject).await?;
    let requests = ports.requests(controller, subject).await?;
    let holds = ports.holds(controller, subject).await?;
    // A consent that a change of the notice asks for again counts no longer.
    let changes = ports.changes(controller).await?;
    let consents = notice::counting(&consents, &changes, at);
    Ok(Standing::at(&consents, requests.iter().map(|(_, state)| state), &holds, at))
}

/// Decides about a use.
///
/// # Errors
/// [`PortError`]; a denial is no error.
pub async fn ask<P: ConsentLedger + NoticeChanges + RequestLog + RecordStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: AskUse,
) -> Result<Decision, PortError> {
    let keys = ports.controller(&policy.controller).await?;
    let subject = keys.pepper.subject(&form.identifier);
    let standing = standing(ports, &policy.controller, &subject, form.at).await?;
    Ok(standing.may_use(policy, &form.asked))
}
