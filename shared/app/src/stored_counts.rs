//! How many records a controller has stored, by system: what a sweep is measured against before it deletes.

use std::collections::BTreeMap;

use domain::{ids::ControllerId, record::System};

use crate::error::PortError;

/// The port to the counts.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait StoredCounts {
    /// Adds what came, less what went. It is counted from the stream, which delivers some changes twice: the count is
    /// near the truth, and nothing that must be exact may rest on it.
    async fn add_stored(&self, controller: &ControllerId, system: &System, by: i64) -> Result<(), PortError>;

    /// How many are stored, by system. A system that is absent was never counted.
    async fn stored(&self, controller: &ControllerId) -> Result<BTreeMap<System, i64>, PortError>;
}
