//! Answering two requests of one person as one.

use domain::{
    dsar::{self, MergeRefused},
    ids::RequestId,
    policy::Policy,
};

use super::ActError;
use crate::requests::{self, RequestKey, RequestLog, StoredRequest};

/// Checks that the request can be answered with another, and answers how many entries that one has: it
/// must not go on before the merger is written.
pub(super) async fn check<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    (key, from): (&RequestKey, &StoredRequest),
    into: &RequestId,
) -> Result<u32, ActError> {
    if *into == key.request {
        return Err(MergeRefused::Itself.into());
    }
    let survivor = super::locate(policy, ports, into).await?.ok_or(ActError::UnknownOther)?;
    if survivor.subject != key.subject {
        return Err(MergeRefused::AnotherPerson.into());
    }
    let other = ports.request(&survivor).await?.ok_or(ActError::UnknownOther)?;
    let due_at = |stored: &StoredRequest| requests::head_of(policy, &stored.state).due_at;
    dsar::check_merge((&from.state, due_at(from)), (&other.state, due_at(&other)))?;
    let covers = |field, value| other.confided.corrections.get(field) == Some(value);
    let is_covered = from.confided.corrections.iter().all(|(field, value)| covers(field, value))
        && (from.confided.instructions.is_none() || from.confided.instructions == other.confided.instructions);
    if is_covered { Ok(other.state.version()) } else { Err(MergeRefused::AsksForLess.into()) }
}
