//! A seed repeats its history to the byte, so that what failed fails again and what is left out of it is all that
//! changes.

use fault_tests::{history::overheard, world::World};

use crate::{breaches, consents, requests, retention};

/// How many seeds of each kind.
const SEEDS: u64 = 6;

fn is_repeated(history: impl AsyncFn(&World) + Sync) {
    for seed in 1..=SEEDS {
        let (once, again) = (overheard(seed, &history), overheard(seed, &history));
        assert!(once.len() > 10, "of {} calls nothing can be told", once.len());
        for (number, (one, other)) in once.iter().zip(&again).enumerate() {
            assert_eq!(one, other, "call {number} of history {seed}");
        }
        assert_eq!(once.len(), again.len(), "history {seed}");
    }
}

#[test]
fn a_seed_repeats_a_history_of_consents_to_the_byte() {
    is_repeated(consents::history);
}

#[test]
fn a_seed_repeats_a_history_of_records_to_the_byte() {
    is_repeated(retention::history);
}

#[test]
fn a_seed_repeats_a_history_of_requests_to_the_byte() {
    is_repeated(requests::history);
}

#[test]
fn a_seed_repeats_a_history_of_breaches_to_the_byte() {
    is_repeated(breaches::history);
}

#[test]
fn another_seed_is_another_history() {
    assert_ne!(overheard(1, consents::history), overheard(2, consents::history));
}
