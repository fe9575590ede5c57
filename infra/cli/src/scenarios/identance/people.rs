//! Children, and people who speak for others.

use crate::scenarios::Part;

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[];
