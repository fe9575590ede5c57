//! What people are told of changes of the policy, and how.

use crate::scenarios::Part;

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[];
