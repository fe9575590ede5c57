//! The one place of this tool that reads the clock: scenarios take their start from it and move on
//! by event time.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// The time now, by this machine.
#[expect(clippy::disallowed_methods, reason = "a tool at a terminal begins at the real time")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time now without its fraction of a second: stored times count milliseconds, and a start that
/// is written and read again must be the same one. Never ahead of the clock, since the API stamps
/// what comes in with its own.
pub fn this_second() -> Timestamp {
    let now = now();
    now.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Trunc)).unwrap_or(now)
}
