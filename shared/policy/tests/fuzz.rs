//! Whatever stands in a policy file, the parser answers with findings that have a place in it.
//!
//! The seeds are the controllers' files, the template and the base file of the tests; each case takes
//! one of them to pieces a few times. CI runs a short round; a long one is
//! `PROPTEST_CASES=200000 cargo test --release -p policy --test fuzz`. `cargo xtask fuzz --target policy` has the same
//! properties, guided by coverage.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that is written wrongly fails")]

use proptest::prelude::*;

#[path = "fuzz/pieces.rs"]
mod pieces;
#[path = "fuzz/properties.rs"]
mod properties;

use pieces::{LINES, SEEDS, blow, place, strike};

/// Cases of a short round: a second or two in a debug build.
const CASES: u32 = 300;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_policy_file_that_was_taken_to_pieces_gives_findings_in_their_places(
        seed in 0..SEEDS.len(),
        blows in prop::collection::vec(blow(), 1..8),
    ) {
        let text = blows.iter().fold(SEEDS[seed].clone(), |text, blow| strike(&text, blow));
        properties::hold(&text);
    }

    #[test]
    fn any_text_at_all_gives_findings_in_their_places(text in any::<String>()) {
        properties::hold(&text);
    }

    #[test]
    fn any_lines_of_policies_give_findings_in_their_places(picks in prop::collection::vec(any::<u16>(), 0..40)) {
        let lines: Vec<&str> = picks.iter().map(|pick| LINES[place(*pick, LINES.len())]).collect();
        properties::hold(&lines.join("\n"));
    }
}

#[test]
fn every_seed_gives_findings_in_their_places() {
    assert!(SEEDS.len() > 7, "the seeds are missing");
    for seed in SEEDS.iter() {
        properties::hold(seed);
        properties::hold(&seed.replace('\n', "\r\n"));
    }
}
