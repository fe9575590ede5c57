//! Instructions for after death: what follows when somebody is known to have died.

use domain::{
    dsar::{self, Instructions, Received, RequestState, RequestType},
    ids::{Fingerprint, RequestId, SubjectRef},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    keys::Keys,
    requests::{self, Confided, RequestKey, RequestLog},
};

/// Sets the instructions of a person who died then going: a request of its own in their partition,
/// with a deadline. Where the instructions ask for nothing but the erasure of everything it is a request
/// for erasure, carried out like any other, so that holds and exemptions bind it too; otherwise the
/// office carries them out. Nothing follows without instructions that were verified.
///
/// # Errors
/// [`PortError`]. Doing it again changes nothing and is no error.
pub async fn carry_out<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    deceased_at: Timestamp,
) -> Result<Option<RequestKey>, PortError> {
    if !dsar::offers_post_mortem(policy) {
        return Ok(None);
    }
    let requests = ports.requests(&policy.controller, subject).await?;
    let Some(following) = dsar::instructions_in_force(&requests, deceased_at) else { return Ok(None) };
    let given =
        RequestKey { controller: policy.controller.clone(), subject: subject.clone(), request: following.clone() };
    let Some(stored) = ports.request(&given).await? else { return Ok(None) };
    // None: they were revoked, or went with the person's key.
    let Some(instructions) = stored.confided.instructions else { return Ok(None) };
    let request = if instructions.erase_everything() { RequestType::Erasure } else { RequestType::PostMortem };
    let due = dsar::answer_due(policy, request, &[], deceased_at)
        .map_err(|_| PortError::corrupt("a request", "its time lies outside the calendar"))?;
    let keys = ports.controller(&policy.controller).await?;
    let parts = [subject.as_str(), dsar::SUBJECT_DECEASED, following.as_str()];
    let key = RequestKey { request: keys.pepper.derive::<RequestId>(&parts), ..given };
    // They were verified when they were given, and nothing tells here when the controller learned of the
    // death: the clock runs from it.
    let received = Received {
        following: Some(following.clone()),
        ..Received::new(request, stored.state.received.identifier, deceased_at, (due.at, due.law))
    };
    // Whoever reads the mailbox now is not the person: no letter goes there.
    let confided = Confided { instructions: handed_on(request, instructions), ..Confided::default() };
    let head = requests::head_of(policy, &RequestState::new(received.clone()));
    ports.receive(&key, &received, &confided, &keys.pepper.derive::<Fingerprint>(&parts), &head).await?;
    Ok(Some(key))
}

/// What the office has to read; an erasure of everything needs no reading.
fn handed_on(request: RequestType, instructions: Instructions) -> Option<Instructions> {
    (request == RequestType::PostMortem).then_some(instructions)
}
