//! A short round of every target: each seed as it is, then seeds struck at random, the same in every run.
//!
//! A longer one: `HABEAS_FUZZ_CASES=20000 cargo test --release -p fuzz-tests`. One that looks for what these miss:
//! `cargo xtask fuzz`. What was found once stands in `found`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::panic::{self, AssertUnwindSafe};

use fuzz_tests::{
    TARGETS,
    blows::{Dice, struck},
    target,
};

/// Cases of a short round: a few seconds a target in a debug build.
const CASES: usize = 300;

/// Longest input shown whole.
const SHOWN_CHARS_MAX: usize = 4_000;

fn judge(name: &str, bytes: &[u8], case: &str) {
    let target = target(name).unwrap();
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| (target.judge)(bytes))) {
        let shown: String = bytes.escape_ascii().to_string().chars().take(SHOWN_CHARS_MAX).collect();
        eprintln!("{name}, {case}: {} bytes: {shown}", bytes.len());
        panic::resume_unwind(panic);
    }
}

fn round(name: &str) {
    let seeds = (target(name).unwrap().seeds)();
    for (number, seed) in seeds.iter().enumerate() {
        judge(name, seed, &format!("seed {number}"));
    }
    let cases = std::env::var("HABEAS_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    for case in 0..cases {
        judge(name, &struck(&seeds, &mut Dice::new(case as u64)), &format!("case {case}"));
    }
}

macro_rules! rounds {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                round($name);
            }
        )*

        #[test]
        fn every_target_has_its_round() {
            let mut named = [$($name),*];
            named.sort_unstable();
            let mut all = TARGETS.map(|target| target.name);
            all.sort_unstable();
            assert_eq!(named, all);
        }
    };
}

rounds! {
    a_request_in_parts: "request",
    where_a_browser_goes_next: "next-page",
    stored_items: "stored",
    messages: "message",
    findings_of_detectors: "detector",
    what_the_mail_service_says: "mail-event",
    tokens: "token",
    tokens_of_controllers_issuers: "account-token",
    signatures_of_systems: "signature",
    evidence: "evidence",
    certificates: "certificate",
    policies: "policy",
    consent_capture: "consent-capture",
    dsar_intake: "dsar-intake",
    dsar_office: "dsar-office",
    dsar_fulfil: "dsar-fulfil",
    breach_notify: "breach-notify",
    purge: "purge",
    retention_track: "retention-track",
    stream_relay: "stream-relay",
    clock_watch: "clock-watch",
    disclosure_log: "disclosure-log",
    notice_change: "notice-change",
    mail_events: "mail-events",
    security_attest: "security-attest",
    evidence_seal: "evidence-seal",
    system_tasks: "system-tasks",
}
