//! What people may ask for.

use crate::scenarios::Part;

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[];
