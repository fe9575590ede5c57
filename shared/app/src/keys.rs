//! A controller's keys, and a subject's.

use std::sync::Arc;

use domain::{
    ids::{Category, ControllerId, Pepper, SubjectRef},
    system::SystemsKey,
    token::TokenKey,
};
use jiff::{Timestamp, civil::Date};

use crate::error::PortError;

/// What hashes and signs for one controller.
#[derive(Debug)]
pub struct ControllerKeys {
    /// For references to people.
    pub pepper: Pepper,
    /// The earlier versions of it: what was hashed with one and outlives it, a tombstone, is found by it.
    pub earlier: Vec<Pepper>,
    /// For the tokens that people hold.
    pub tokens: TokenKey,
    /// For the secrets that the controller's own systems share.
    pub systems: SystemsKey,
}

/// The port to keys.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Keys {
    /// The controller's keys.
    ///
    /// MUST make them on first use, such that two first users end up with the same ones, and MUST
    /// call KMS at most once per controller and environment.
    async fn controller(&self, controller: &ControllerId) -> Result<Arc<ControllerKeys>, PortError>;

    /// Destroys the subject's key if it was made at that time or before: what the person gave later
    /// is under a later key and stays.
    ///
    /// MUST leave no copy that this product could read. MUST succeed if there is none.
    async fn destroy_subject_key(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        made_until: Timestamp,
    ) -> Result<(), PortError>;

    /// Sixteen random bytes from the operating system.
    fn random(&self) -> Result<[u8; 16], PortError>;
}

/// The port to the keys of days. Bulk records of fixed life are sealed under the key of the day on which they are
/// due: where it goes, all of them go, at no write for any of them.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait DayKeys {
    /// Destroys the key of what a category has due on a day.
    ///
    /// MUST leave no copy that this product could read. MUST succeed if there is none.
    async fn destroy_day_key(&self, controller: &ControllerId, category: &Category, day: Date)
    -> Result<(), PortError>;
}
