//! Tombstones: written before an erasure deletes anything, and asked wherever something could come back.
//!
//! Two writers never miss each other: an erasure writes its tombstone before it reads the records, a registration
//! writes its record before it reads the tombstones for the second time.

use std::{collections::BTreeSet, slice};

use domain::{
    ids::{ControllerId, Identifier, SubjectRef},
    policy::{Policy, RetentionRule},
    record::Record,
    tombstone::Tombstone,
};

use crate::{erasure::exemption, error::PortError, keys::ControllerKeys};

/// A page of tombstones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TombstonePage {
    /// Each with its controller.
    pub tombstones: Vec<(ControllerId, Tombstone)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The port to tombstones.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Tombstones {
    /// Writes a tombstone. Of one that stands for the same request, the later `erased_until` counts.
    ///
    /// MUST be durable before it returns; MUST lie where no restore of the records reaches.
    async fn bury_subject(&self, controller: &ControllerId, tombstone: &Tombstone) -> Result<(), PortError>;

    /// The tombstones of a subject. MUST see every write that has returned.
    async fn tombstones(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Tombstone>, PortError>;

    /// A page of everybody's.
    async fn all_tombstones(&self, from: Option<&str>) -> Result<TombstonePage, PortError>;
}

/// The tombstones of whoever is known by this identifier, under each version of the pepper: a reference that was made
/// with an earlier one is another text.
///
/// # Errors
/// [`PortError`].
pub async fn of<P: Tombstones>(
    ports: &P,
    controller: &ControllerId,
    keys: &ControllerKeys,
    identifier: &Identifier,
) -> Result<Vec<Tombstone>, PortError> {
    let mut tombstones = Vec::new();
    let references: BTreeSet<_> = keys.references(identifier).collect();
    for subject in &references {
        tombstones.extend(ports.tombstones(controller, subject).await?);
    }
    Ok(tombstones)
}

/// Whether an erasure has taken this record away, or would have: one reaches it and the policy keeps it for no reason
/// of its own.
pub(crate) fn erases(policy: &Policy, rule: Option<&RetentionRule>, record: &Record, tombstones: &[Tombstone]) -> bool {
    tombstones.iter().any(|tombstone| erased_by(policy, rule, record, tombstone))
}

/// The same for one erasure.
pub(crate) fn erased_by(policy: &Policy, rule: Option<&RetentionRule>, record: &Record, tombstone: &Tombstone) -> bool {
    tombstone.reaches_record(record)
        && (exemption(policy, rule, record).is_none() || record.is_expired(tombstone.erased_until))
}

impl ControllerKeys {
    /// Every reference that somebody has or had: by the pepper of now, and by the earlier ones.
    pub fn references<'a>(&'a self, identifier: &'a Identifier) -> impl Iterator<Item = SubjectRef> + 'a {
        slice::from_ref(&self.pepper).iter().chain(&self.earlier).map(|pepper| pepper.subject(identifier))
    }
}
