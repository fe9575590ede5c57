//! The one place that reads the clock.
//!
//! Time comes with the event (house decision 5), so the rules never ask for it. The clock serves to
//! refuse events from the future, and to date metrics and log lines.

use std::{cell::Cell, fmt};

use jiff::{SignedDuration, Timestamp};

/// How far an event's time may run ahead of the clock.
pub const AHEAD_MINUTES_MAX: i64 = 5;

/// How long ago a record, an event or a disclosure may have happened: an old log can be taken over, and no system here
/// is older than twenty years.
pub const BACKFILL_MAX: SignedDuration = SignedDuration::from_hours(24 * 20 * 366);

/// The time now, by this machine.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    #[cfg(feature = "simulation")]
    if let Some(now) = SIMULATED.get() {
        return now;
    }
    Timestamp::now()
}

/// Sets the clock of this thread: for tests that simulate time. What is released has no such feature.
#[cfg(feature = "simulation")]
pub fn simulate(now: Timestamp) {
    SIMULATED.set(Some(now));
}

#[cfg(feature = "simulation")]
thread_local! {
    static SIMULATED: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

thread_local! {
    static DEADLINE: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// Notes when Lambda ends the invocation of this thread, in milliseconds since 1970.
pub(crate) fn set_deadline(millis: u64) {
    DEADLINE.set(i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()));
}

/// Whether the invocation has more time left than that. Outside of Lambda it has: nothing ends it.
pub fn has_left(time: SignedDuration) -> bool {
    DEADLINE.get().is_none_or(|deadline| deadline.duration_since(now()) > time)
}

/// Where this stack runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The local AWS, where years pass in milliseconds.
    Local,
    /// Everywhere else.
    Production,
}

impl Stage {
    /// Reads `STAGE`. Only the exact word `local` is local: a missing or misspelt stage must not
    /// open the future.
    pub fn from_env() -> Self {
        Self::parse(std::env::var("STAGE").ok().as_deref())
    }

    fn parse(value: Option<&str>) -> Self {
        if value == Some("local") { Self::Local } else { Self::Production }
    }
}

/// Refuses event times that cannot be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeGuard {
    /// Where this stack runs.
    pub stage: Stage,
}

/// Why an event's time was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeRefused {
    /// It runs ahead of the clock by more than [`AHEAD_MINUTES_MAX`].
    Ahead,
    /// It is older than the route allows.
    TooOld,
}

impl fmt::Display for TimeRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ahead => "the event's time runs ahead of the clock",
            Self::TooOld => "the event's time is older than is allowed here",
        })
    }
}

impl std::error::Error for TimeRefused {}

impl TimeGuard {
    /// The guard of this stack's stage.
    pub fn from_env() -> Self {
        Self { stage: Stage::from_env() }
    }

    /// Checks an event's time against the clock. The local stage lifts the check for the future
    /// alone: an event that is too old is too old there as well.
    ///
    /// # Errors
    /// [`TimeRefused`] says on which side it lies.
    pub fn check(&self, at: Timestamp, age_max: Option<SignedDuration>) -> Result<(), TimeRefused> {
        self.check_against(now(), at, age_max)
    }

    fn check_against(&self, now: Timestamp, at: Timestamp, age_max: Option<SignedDuration>) -> Result<(), TimeRefused> {
        // A forged or mistaken schedule must not purge the future.
        if self.stage == Stage::Production && at.duration_since(now) > SignedDuration::from_mins(AHEAD_MINUTES_MAX) {
            return Err(TimeRefused::Ahead);
        }
        match age_max {
            Some(age_max) if now.duration_since(at) > age_max => Err(TimeRefused::TooOld),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_has_time_left_until_shortly_before_its_end() {
        assert!(has_left(SignedDuration::from_hours(24)), "nothing has set an end");
        let in_a_minute = now().as_millisecond() + 60_000;
        set_deadline(u64::try_from(in_a_minute).unwrap());
        assert!(has_left(SignedDuration::from_secs(30)));
        assert!(!has_left(SignedDuration::from_secs(61)));
        set_deadline(0);
        assert!(!has_left(SignedDuration::ZERO));
    }

    #[test]
    fn only_the_exact_word_opens_the_future() {
        assert_eq!(Stage::parse(Some("local")), Stage::Local);
        for value in [None, Some(""), Some("Local"), Some("local "), Some("production"), Some("dev")] {
            assert_eq!(Stage::parse(value), Stage::Production, "{value:?}");
        }
    }

    #[test]
    fn production_refuses_the_future_and_local_does_not() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let day = Some(SignedDuration::from_hours(24));
        let (production, local) = (TimeGuard { stage: Stage::Production }, TimeGuard { stage: Stage::Local });
        for (at, age_max, in_production, locally) in [
            ("2026-01-01T12:00:00Z", None, Ok(()), Ok(())),
            ("2026-01-01T12:05:00Z", None, Ok(()), Ok(())),
            ("2026-01-01T12:05:00.001Z", None, Err(TimeRefused::Ahead), Ok(())),
            ("2031-01-01T12:00:00Z", day, Err(TimeRefused::Ahead), Ok(())),
            ("1996-01-01T12:00:00Z", None, Ok(()), Ok(())),
            ("2025-12-31T12:00:00Z", day, Ok(()), Ok(())),
            ("2025-12-31T11:59:59Z", day, Err(TimeRefused::TooOld), Err(TimeRefused::TooOld)),
            ("-009999-01-02T01:59:59Z", day, Err(TimeRefused::TooOld), Err(TimeRefused::TooOld)),
        ] {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(production.check_against(now, at, age_max), in_production, "{at}");
            assert_eq!(local.check_against(now, at, age_max), locally, "{at}");
        }
    }
}
