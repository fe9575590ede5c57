//! Copies of the records bucket.

use super::Clause;
use crate::ids::{BucketName, RegionName};

/// A bucket that the controller's files are copied to. S3 copies what is written and not what is deleted, so what
/// goes from the records bucket is deleted here as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The bucket.
    pub bucket: BucketName,
    /// Where it is; `None`: in the stack's own region.
    pub region: Option<RegionName>,
    /// Where the policy speaks of it, or why it is here.
    pub clause: Clause,
}
