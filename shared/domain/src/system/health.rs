//! How a system does, and for how long it is left alone after it failed: each system by itself, so that
//! a dead one delays nobody else.

use jiff::{SignedDuration, Timestamp};

/// After so many failures in a row a system is left alone for a while.
pub const FAILURES_TO_OPEN: u32 = 3;

/// For how long one call may find out whether a system that was left alone is back, before another may.
pub const PROBE_SECONDS: i64 = 60;

/// Longest code of a failure.
pub const SYSTEM_CODE_BYTES_MAX: usize = 80;

/// How soon a task is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The shortest pause, in seconds.
    pub shortest_seconds: i64,
    /// The longest pause after a failure, in seconds.
    pub longest_seconds: i64,
    /// After how long a task that was taken, and whose outcome has not come, is handed over again, in
    /// seconds: an outcome that got lost must not hold an answer for ever. SQS hides a message for at
    /// most twelve hours.
    pub outcome_seconds: i64,
    /// For how long a system is told of a hold that does not take it; then a person has to, in seconds.
    pub told_for_seconds: i64,
}

impl Pace {
    /// In production: half a minute to six hours, and a fortnight in all.
    pub const PRODUCTION: Self = Self {
        shortest_seconds: 30,
        longest_seconds: 6 * 3_600,
        outcome_seconds: 11 * 3_600,
        told_for_seconds: 14 * 24 * 3_600,
    };

    /// On the local AWS, where nobody waits for half a minute.
    pub const LOCAL: Self = Self { shortest_seconds: 1, longest_seconds: 4, outcome_seconds: 30, told_for_seconds: 30 };

    /// The pause after so many attempts, in seconds: any length from the shortest to twice as much for
    /// each attempt, so that tasks that failed together do not come back together.
    pub fn pause_seconds(&self, attempts: u32, random: u64) -> i64 {
        let doubled =
            self.shortest_seconds.saturating_mul(1_i64.checked_shl(attempts.clamp(1, 32)).unwrap_or(i64::MAX));
        let spread = doubled.min(self.longest_seconds).saturating_sub(self.shortest_seconds).max(0);
        let share = random % (spread.unsigned_abs() + 1);
        self.shortest_seconds + i64::try_from(share).unwrap_or_default()
    }
}

/// How a system does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// Until when it is left alone.
    pub open_until: Option<Timestamp>,
    /// When it last took a task or told an outcome.
    pub success_at: Option<Timestamp>,
    /// When it last failed, and how: a code of ours, or the reason that the system gave.
    pub failure: Option<(Timestamp, String)>,
}

impl Health {
    /// For how much longer it is left alone, in seconds; `None`: it may be called.
    pub fn closed_for_seconds(&self, now: Timestamp) -> Option<i64> {
        let until = self.open_until.filter(|until| *until > now)?;
        Some(until.duration_since(now).as_secs().max(1))
    }

    /// Whether a call must claim to be the one that finds out whether it is back.
    pub const fn is_suspect(&self) -> bool {
        self.failures_in_a_row >= FAILURES_TO_OPEN
    }

    /// While one call finds out, others wait.
    #[must_use]
    pub fn probing(mut self, now: Timestamp) -> Self {
        self.open_until = now.checked_add(SignedDuration::from_secs(PROBE_SECONDS)).ok();
        self
    }

    /// After a failure.
    #[must_use]
    pub fn failed(mut self, now: Timestamp, code: &str, pace: &Pace, random: u64) -> Self {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.failure =
            Some((now, code.get(..code.floor_char_boundary(SYSTEM_CODE_BYTES_MAX)).unwrap_or_default().into()));
        self.open_until = self.failures_in_a_row.checked_sub(FAILURES_TO_OPEN).and_then(|further| {
            let pause = pace.pause_seconds(further.saturating_add(1), random);
            now.checked_add(SignedDuration::from_secs(pause)).ok()
        });
        self
    }

    /// After a success.
    #[must_use]
    pub fn succeeded(mut self, now: Timestamp) -> Self {
        self.failures_in_a_row = 0;
        self.open_until = None;
        self.success_at = self.success_at.max(Some(now));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn pauses_grow_from_half_a_minute_to_six_hours_and_spread() {
        let pace = Pace::PRODUCTION;
        for attempts in 0..2_000 {
            for random in [0, 1, 29, 12_345, u64::MAX / 2, u64::MAX] {
                let pause = pace.pause_seconds(attempts, random);
                assert!((30..=6 * 3_600).contains(&pause), "{attempts} {random}: {pause}");
            }
        }
        assert_eq!((pace.pause_seconds(1, 0), pace.pause_seconds(1, 30)), (30, 60));
        assert_eq!(pace.pause_seconds(4, 450), 480);
        assert_eq!(pace.pause_seconds(1_000, 6 * 3_600 - 30), 6 * 3_600);
        let pauses: std::collections::BTreeSet<i64> = (0..1_000).map(|random| pace.pause_seconds(6, random)).collect();
        assert_eq!(pauses.len(), 1_000);
    }

    #[test]
    fn a_system_that_fails_again_and_again_is_left_alone_until_a_probe_finds_it_back() {
        let mut health = Health::default();
        for failure in 1..FAILURES_TO_OPEN {
            health = health.failed(at(0), "timeout", &Pace::PRODUCTION, 0);
            assert_eq!((health.failures_in_a_row, health.closed_for_seconds(at(0))), (failure, None));
            assert!(!health.is_suspect());
        }
        health = health.failed(at(0), "timeout", &Pace::PRODUCTION, 0);
        assert_eq!(health.closed_for_seconds(at(0)), Some(30));
        assert_eq!(health.closed_for_seconds(at(29)), Some(1));
        assert_eq!(health.closed_for_seconds(at(30)), None);
        assert!(health.is_suspect());

        let probing = health.clone().probing(at(30));
        assert_eq!(probing.closed_for_seconds(at(31)), Some(59));
        let longer = probing.clone().failed(at(31), "timeout", &Pace::PRODUCTION, 90);
        assert_eq!(longer.closed_for_seconds(at(31)), Some(120));
        let back = probing.succeeded(at(31));
        assert_eq!((back.failures_in_a_row, back.closed_for_seconds(at(31))), (0, None));
        assert_eq!((back.success_at, back.failure), (Some(at(31)), Some((at(0), "timeout".into()))));
    }
}
