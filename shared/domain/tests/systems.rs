//! What docs/SYSTEMS.md tells people who write a receiver.

use domain::system::{Pace, SIGNATURE_HEADER, SystemSecret, signature};
use jiff::Timestamp;

const DOCUMENT: &str = include_str!("../../../docs/SYSTEMS.md");

#[test]
fn the_document_shows_the_signature_that_is_computed() {
    let line = |start: &str| {
        let line = DOCUMENT.lines().find_map(|line| line.strip_prefix("    ").filter(|line| line.starts_with(start)));
        line.unwrap_or_else(|| panic!("the document shows no line with {start}"))
    };
    let secret = SystemSecret::from_text(line("habeas-system-1.").to_owned());
    let at = Timestamp::from_second(1_770_000_000).unwrap();
    let header = signature(&[secret], at, line("{\"v\":1").as_bytes());
    assert_eq!(line(SIGNATURE_HEADER), format!("{SIGNATURE_HEADER}: {header}"));
}

#[test]
fn the_document_says_how_long_a_task_waits() {
    let pace = Pace::PRODUCTION;
    for text in [
        format!("any time from {} s up", pace.shortest_seconds),
        format!("at most {} h", pace.longest_seconds / 3_600),
        format!("again after {} h", pace.outcome_seconds / 3_600),
        format!("told for {} days", pace.told_for_seconds / (24 * 3_600)),
    ] {
        assert!(DOCUMENT.contains(&text), "{text}");
    }
}
