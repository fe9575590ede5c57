//! Legal holds: what stops every deletion of a subject's records.

use std::collections::BTreeSet;

use domain::{
    hold::{self, HoldReason, HoldRefused},
    ids::{ControllerId, Ground, HoldId, Identifier, SubjectRef},
    policy::Policy,
    record::{Record, SubjectHold},
};
use jiff::Timestamp;

use crate::{
    error::{Appended, PortError},
    keys::Keys,
    records::{CONFLICTS_MAX, RecordStore},
};

/// The port to holds.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait HoldStore {
    /// Writes a hold unless one stands there.
    async fn place_hold(
        &self,
        controller: &ControllerId,
        hold: &SubjectHold,
    ) -> Result<Appended<SubjectHold>, PortError>;

    /// Marks a hold as released, with who did it; answers the hold, or `None` if there is none.
    async fn release_hold(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        hold: &HoldId,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<SubjectHold>, PortError>;
}

/// A hold, parsed.
#[derive(Debug)]
pub struct PlaceHold {
    /// Whose records it keeps.
    pub identifier: Identifier,
    /// Why.
    pub reason: HoldReason,
    /// The policy's own word for it.
    pub ground: Option<Ground>,
    /// When somebody must look at it again.
    pub review_at: Timestamp,
    /// Who opens it.
    pub opened_by: String,
    /// The `Idempotency-Key`, or else the request's own id.
    pub key: String,
    /// When.
    pub at: Timestamp,
}

/// Why no hold was placed or released.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The policy refuses it.
    #[error(transparent)]
    Refused(#[from] HoldRefused),
    /// There is no such hold.
    #[error("there is no such hold")]
    Unknown,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Places a hold and takes the subject's records out of every path of deletion.
///
/// # Errors
/// [`HoldError`]. Placing the same hold again is no error.
pub async fn place<P: HoldStore + RecordStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: PlaceHold,
) -> Result<SubjectHold, HoldError> {
    hold::check(policy, form.reason, form.ground.as_ref(), form.at, form.review_at)?;
    let keys = ports.controller(&policy.controller).await?;
    let subject = keys.pepper.subject(&form.identifier);
    let hold = SubjectHold {
        id: keys.pepper.derive(&[subject.as_str(), form.reason.as_str(), &form.key]),
        subject,
        reason: form.reason,
        ground: form.ground,
        opened_at: form.at,
        review_at: form.review_at,
        opened_by: form.opened_by,
        released_at: None,
    };
    place_on_subject(policy, ports, hold).await
}

/// Places a hold on a subject that is known by reference: a restriction that was asked for.
///
/// # Errors
/// [`HoldError`].
pub async fn place_on_subject<P: HoldStore + RecordStore>(
    policy: &Policy,
    ports: &P,
    hold: SubjectHold,
) -> Result<SubjectHold, HoldError> {
    let hold = match ports.place_hold(&policy.controller, &hold).await? {
        Appended::Fresh => hold,
        Appended::Existing(first) => first,
    };
    if hold.released_at.is_none() {
        on_each_record(policy, ports, &hold.subject, |record| record.holds.insert(hold.id.clone())).await?;
    }
    Ok(hold)
}

/// Releases a hold and gives the records their time back.
///
/// # Errors
/// [`HoldError`].
pub async fn release<P: HoldStore + RecordStore>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    hold: &HoldId,
    by: &str,
    at: Timestamp,
) -> Result<SubjectHold, HoldError> {
    let released = ports.release_hold(&policy.controller, subject, hold, by, at).await?.ok_or(HoldError::Unknown)?;
    free(policy, ports, subject, &BTreeSet::from([hold.clone()])).await?;
    Ok(released)
}

/// Takes holds that are released off a subject's records.
pub(crate) async fn free<P: RecordStore>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    holds: &BTreeSet<HoldId>,
) -> Result<(), PortError> {
    on_each_record(policy, ports, subject, |record| {
        let before = record.holds.len();
        record.holds.retain(|hold| !holds.contains(hold));
        record.holds.len() != before
    })
    .await
}

async fn on_each_record<P: RecordStore>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    change: impl Fn(&mut Record) -> bool,
) -> Result<(), PortError> {
    let controller = &policy.controller;
    for _ in 0..CONFLICTS_MAX {
        let mut conflicts = false;
        for mut record in ports.records(controller, subject).await? {
            if change(&mut record) {
                match ports.update_record(controller, &record).await {
                    Ok(()) => {}
                    Err(PortError::Conflict { .. }) => conflicts = true,
                    Err(error) => return Err(error),
                }
            }
        }
        if !conflicts {
            return Ok(());
        }
    }
    Err(PortError::Conflict { what: "record" })
}
