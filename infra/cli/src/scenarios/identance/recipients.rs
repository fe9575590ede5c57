//! Who gets the data, and where to.

use crate::scenarios::Part;

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[];
