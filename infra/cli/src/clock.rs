//! The one place of this tool that reads the clock: scenarios take their start from it and move on
//! by event time.

use jiff::{Timestamp, Unit};

/// The time now, by this machine.
#[expect(clippy::disallowed_methods, reason = "a tool at a terminal begins at the real time")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time now without its fraction of a second: stored times count milliseconds, and a start that
/// is written and read again must be the same one.
pub fn this_second() -> Timestamp {
    now().round(Unit::Second).unwrap_or_else(|_| now())
}
