//! The challenge of a mailed code: which one is open, how often it was tried, when another one may be
//! asked for. What is stored tells no code.

use jiff::{Timestamp, ToSpan};

use crate::limits::{CODE_PAUSE_SECONDS, Limit, code_ends_at};

/// Where the codes of one request stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// Which code is open: the first is 1. An older one opens nothing any more.
    pub number: u32,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was handed to the mail; until then it opens nothing.
    pub sent_at: Option<Timestamp>,
    /// How often this code was tried.
    pub attempts: u32,
    /// How often any code of the request was tried.
    pub attempts_in_all: u32,
}

impl Challenge {
    /// The first of a request, sent then.
    pub const fn first(at: Timestamp) -> Self {
        Self { number: 1, asked_at: at, sent_at: Some(at), attempts: 0, attempts_in_all: 0 }
    }

    /// What stands after one more try, if one is left. It is counted before the code is compared, so that
    /// many tries at once are as many as they are.
    pub fn tried(self, at: Timestamp) -> Option<Self> {
        let is_open = self.sent_at.is_some_and(|sent_at| at < code_ends_at(sent_at));
        let is_left = self.attempts < Limit::CodeAttempts.rule().most
            && self.attempts_in_all < Limit::CodeAttemptsOfRequest.rule().most;
        (is_open && is_left).then_some(Self {
            attempts: self.attempts + 1,
            attempts_in_all: self.attempts_in_all + 1,
            ..self
        })
    }

    /// The next challenge, if another code may be asked for then: it voids the older ones.
    pub fn again(self, at: Timestamp) -> Option<Self> {
        let rested = self.asked_at.saturating_add(CODE_PAUSE_SECONDS.seconds()).is_ok_and(|rested| rested <= at);
        let is_left = self.number <= Limit::CodeResends.rule().most
            && self.attempts_in_all < Limit::CodeAttemptsOfRequest.rule().most;
        (rested && is_left).then_some(Self {
            number: self.number + 1,
            asked_at: at,
            sent_at: None,
            attempts: 0,
            attempts_in_all: self.attempts_in_all,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_code_is_open_for_thirty_minutes_and_five_tries() {
        let mut challenge = Challenge::first(at(0));
        assert_eq!(challenge.tried(at(30 * 60)), None);
        for _ in 0..5 {
            challenge = challenge.tried(at(30 * 60 - 1)).unwrap();
        }
        assert_eq!(challenge.tried(at(1)), None);
        assert_eq!(Challenge { sent_at: None, ..Challenge::first(at(0)) }.tried(at(0)), None, "nobody has it yet");
    }

    #[test]
    fn another_code_comes_a_minute_later_three_times_and_voids_the_older() {
        let first = Challenge::first(at(0));
        assert_eq!(first.again(at(59)), None);
        let mut challenge = first;
        for number in 2..=4 {
            challenge = challenge.again(at(60 * i64::from(number))).unwrap();
            assert_eq!((challenge.number, challenge.sent_at, challenge.attempts), (number, None, 0));
        }
        assert_eq!(challenge.again(at(9_999)), None);
    }

    #[test]
    fn all_the_codes_of_a_request_give_fifteen_tries() {
        let mut challenge = Challenge::first(at(0));
        let mut tries = 0;
        for round in 1..10 {
            let now = at(round * 60);
            while let Some(tried) = challenge.tried(now) {
                challenge = tried;
                tries += 1;
            }
            let Some(next) = challenge.again(now) else { break };
            challenge = Challenge { sent_at: Some(now), ..next };
        }
        assert_eq!(tries, 15);
        // Nor are codes that were not tried to their end worth more, or another code anything when the tries are used up.
        let spent = Challenge { number: 3, attempts: 3, attempts_in_all: 15, ..Challenge::first(at(0)) };
        assert_eq!((spent.tried(at(1)), spent.again(at(9_999))), (None, None));
        assert!(Challenge { attempts_in_all: 14, ..spent }.tried(at(1)).is_some());
    }
}
