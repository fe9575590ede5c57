//! How fast records are deleted: below what one partition of the due index takes, and slower while it is told
//! that even that is too much.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// It slows to no less than this part of its rate: something always goes.
const SLOWEST: f64 = 16.0;

/// After so many calls that were not too much it is as fast again as it was before one that was.
const RECOVERY_CALLS: f64 = 20.0;

/// The pace of deletions, for all calls of one environment together.
pub(crate) struct Pace(Mutex<State>);

struct State {
    /// Deletions a second at most; `None`: as fast as it goes.
    most: Option<f64>,
    now: f64,
    began: Option<Instant>,
    /// When the next deletion fits, counted from the beginning.
    free_at: Duration,
}

impl Pace {
    /// So many deletions a second; 0 for as many as there are.
    pub(crate) fn new(per_second: u32) -> Self {
        let most = (per_second > 0).then(|| f64::from(per_second));
        Self(Mutex::new(State { most, now: most.unwrap_or_default(), began: None, free_at: Duration::ZERO }))
    }

    /// Waits until so many deletions fit.
    pub(crate) async fn wait(&self, deletions: usize) {
        let pause = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let since = state.began.get_or_insert_with(Instant::now).elapsed();
            state.reserve(since, deletions)
        };
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }

    /// Takes in whether a call was too much.
    pub(crate) fn learn(&self, was_too_much: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).learn(was_too_much);
    }
}

impl State {
    /// Takes the next free place, and answers how long it is until then.
    fn reserve(&mut self, since: Duration, deletions: usize) -> Duration {
        if self.most.is_none() {
            return Duration::ZERO;
        }
        let at = self.free_at.max(since);
        let deletions = f64::from(u32::try_from(deletions).unwrap_or(u32::MAX));
        self.free_at = at + Duration::from_secs_f64(deletions / self.now);
        at - since
    }

    fn learn(&mut self, was_too_much: bool) {
        let Some(most) = self.most else { return };
        self.now = if was_too_much {
            (self.now / 2.0).max(most / SLOWEST)
        } else {
            (self.now + most / RECOVERY_CALLS).min(most)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(per_second: u32) -> State {
        Pace::new(per_second).0.into_inner().unwrap()
    }

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn deletions_are_spread_over_each_second() {
        let mut state = state(800);
        let pauses: Vec<_> = (0..4).map(|_| state.reserve(Duration::ZERO, 200)).collect();
        assert_eq!(pauses, [0, 250, 500, 750].map(millis));
        // What was not used is gone: a pause is followed by no burst.
        assert_eq!(state.reserve(millis(5_000), 200), Duration::ZERO);
        assert_eq!(state.reserve(millis(5_000), 200), millis(250));
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut state = state(0);
        assert_eq!([state.reserve(Duration::ZERO, 9_999), state.reserve(Duration::ZERO, 1)], [Duration::ZERO; 2]);
        state.learn(true);
        assert_eq!(state.reserve(Duration::ZERO, 1), Duration::ZERO);
    }

    #[test]
    fn too_much_halves_the_pace_down_to_a_floor_and_calm_brings_it_back() {
        let mut state = state(800);
        state.learn(true);
        assert!((state.now - 400.0).abs() < 0.1, "{}", state.now);
        (0..9).for_each(|_| state.learn(true));
        assert!((state.now - 50.0).abs() < 0.1, "{}", state.now);
        (0..20).for_each(|_| state.learn(false));
        assert!((state.now - 800.0).abs() < 0.1, "{}", state.now);
    }
}
