//! Cookies, similar techniques and plug-ins: what may be loaded, and when.

use crate::scenarios::Part;

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[];
