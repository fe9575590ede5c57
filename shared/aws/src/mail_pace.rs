//! How fast many people are told: no faster than this environment's share of what the account may send, so that other
//! mail goes out beside it, and no more in a day than leaves room for it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use app::{
    error::PortError,
    mail::{Allowance, SendPace, Turn},
};
use tokio::time::{Instant, sleep};

use crate::{Cloud, failure::unavailable};

/// How long what the account may send counts as known.
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// How much of a day's mails people are told with; the rest is for whoever waits for an answer.
const DAY_SHARE: f64 = 0.8;

/// Mails a second where the service says nothing usable: what it grants every account.
const LEAST_PER_SECOND: f64 = 1.0;

/// The pace of one environment.
pub(crate) struct MailPace {
    /// Of what the account may send, in percent; 0 for all, unpaced.
    share: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<(Instant, Allowance)>,
    /// Turns that were given since then.
    given: f64,
    began: Option<Instant>,
    /// When the next one fits, counted from the beginning.
    free_at: Duration,
}

impl MailPace {
    pub(crate) fn new(share: u32) -> Self {
        Self { share, state: Mutex::default() }
    }

    fn known(&self) -> Option<Allowance> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.known.filter(|(at, _)| at.elapsed() < KNOWN_FOR).map(|(_, allowance)| allowance)
    }

    fn learn(&self, allowance: Allowance) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.known = Some((Instant::now(), allowance));
        state.given = 0.0;
    }

    /// What was known last, or the least that there is; for as long as an answer would count.
    fn guess(&self) -> Allowance {
        let last = self.state.lock().unwrap_or_else(PoisonError::into_inner).known;
        let least = Allowance { per_second: LEAST_PER_SECOND, per_day: None, sent: 0.0 };
        let allowance = last.map_or(least, |(_, allowance)| allowance);
        self.learn(allowance);
        allowance
    }

    /// Takes the next free place: how long it is until then, or none in this day.
    fn reserve(&self, allowance: &Allowance) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = state.began.get_or_insert_with(Instant::now).elapsed();
        state.reserve(since, allowance, f64::from(self.share) / 100.0)
    }
}

impl State {
    fn reserve(&mut self, since: Duration, allowance: &Allowance, share: f64) -> Option<Duration> {
        if allowance.per_day.is_some_and(|most| allowance.sent + self.given >= most * DAY_SHARE) {
            return None;
        }
        self.given += 1.0;
        let at = self.free_at.max(since);
        let per_second = if allowance.per_second > 0.0 { allowance.per_second } else { LEAST_PER_SECOND };
        self.free_at = at + Duration::from_secs_f64(1.0 / (per_second * share));
        Some(at - since)
    }
}

impl SendPace for Cloud {
    async fn turn(&self) -> Result<Turn, PortError> {
        if self.mail_pace.share == 0 {
            return Ok(Turn::Now);
        }
        let allowance = match self.allowance().await {
            Ok(Some(allowance)) => allowance,
            // Who cannot ask tells people all the same, slowly: the law's time runs.
            Ok(None) | Err(_) => self.mail_pace.guess(),
        };
        let Some(pause) = self.mail_pace.reserve(&allowance) else { return Ok(Turn::DayFull) };
        if !pause.is_zero() {
            sleep(pause).await;
        }
        Ok(Turn::Now)
    }

    async fn allowance(&self) -> Result<Option<Allowance>, PortError> {
        if let Some(known) = self.mail_pace.known() {
            return Ok(Some(known));
        }
        let account = self.ses().get_account().send().await.map_err(|error| unavailable("the mail service", &error))?;
        let Some(quota) = account.send_quota() else { return Ok(None) };
        let allowance = Allowance {
            per_second: quota.max_send_rate(),
            // -1 for no bound.
            per_day: Some(quota.max24_hour_send()).filter(|most| *most >= 0.0),
            sent: quota.sent_last24_hours(),
        };
        self.mail_pace.learn(allowance);
        Ok(Some(allowance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserve(state: &mut State, since: u64, allowance: &Allowance, share: f64) -> Option<u64> {
        let pause = state.reserve(Duration::from_millis(since), allowance, share)?;
        Some(u64::try_from(pause.as_millis()).unwrap())
    }

    #[test]
    fn notices_are_spread_over_an_environments_share_of_each_second() {
        let allowance = Allowance { per_second: 50.0, per_day: None, sent: 0.0 };
        let mut state = State::default();
        let pauses: Vec<_> = (0..3).map(|_| reserve(&mut state, 0, &allowance, 0.2)).collect();
        assert_eq!(pauses, [Some(0), Some(100), Some(200)]);
        // What was not used is gone: a pause is followed by no burst.
        assert_eq!(reserve(&mut state, 60_000, &allowance, 0.2), Some(0));
        assert_eq!(reserve(&mut state, 60_000, &allowance, 0.2), Some(100));
    }

    #[test]
    fn near_the_end_of_a_days_mails_nobody_is_told_and_others_may_still_be_answered() {
        let allowance = Allowance { per_second: 50.0, per_day: Some(100.0), sent: 78.0 };
        let mut state = State::default();
        let turns: Vec<_> = (0..4).map(|_| reserve(&mut state, 0, &allowance, 1.0).is_some()).collect();
        assert_eq!(turns, [true, true, false, false]);
    }

    #[tokio::test]
    async fn who_cannot_ask_what_the_account_may_send_tells_people_slowly() {
        let pace = MailPace::new(20);
        assert_eq!(pace.known(), None);
        let least = Allowance { per_second: LEAST_PER_SECOND, per_day: None, sent: 0.0 };
        assert_eq!((pace.guess(), pace.known()), (least, Some(least)));
        let known = Allowance { per_second: 50.0, per_day: Some(100.0), sent: 1.0 };
        pace.learn(known);
        assert_eq!(pace.guess(), known, "what was known last");
    }

    #[test]
    fn an_account_that_says_nothing_usable_is_told_at_the_least_rate() {
        let allowance = Allowance { per_second: 0.0, per_day: None, sent: 0.0 };
        let mut state = State::default();
        reserve(&mut state, 0, &allowance, 1.0);
        assert_eq!(reserve(&mut state, 0, &allowance, 1.0), Some(1_000));
    }
}
