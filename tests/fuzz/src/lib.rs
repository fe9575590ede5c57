//! What must hold of anything that comes from outside: one target for each parser, each a function of bytes.
//!
//! `tests/seeded.rs` strikes the seeds of every target at random, the same way in every run; `guided` lets libFuzzer
//! look for what they miss (`cargo xtask fuzz`). Both call the same functions, which panic where something does not
//! hold: a text that is written back differently, a refusal or a log line that repeats what was sent, an answer that
//! grew out of proportion.
//!
//! `cargo xtask fuzz --seconds 20` ran all targets through on 2026-11-22, but for `account-token`, which came after: a
//! build of 13 minutes on two busy cores, then 1.59 million inputs, and nothing was found. The machine was loaded: the
//! ten parsers before `policy` had 13,000 to 266,000 inputs each, `dsar-fulfil` 12,000, and the other functions, and `policy`,
//! 240 to 3,800, little more than their seeds. Give those minutes on a machine of their own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what does not hold ends the test")]

mod accounts;
pub mod blows;
mod evidence;
mod functions;
mod messages;
mod policies;
mod request;
mod seeds;
mod stored;
mod tokens;
pub mod watch;

/// What stands in every personal value of `events/`, and in what the blows insert. It is no plain name (of a field),
/// no name of a controller, and nothing of ours holds it.
pub const MARKER: &str = "zqx7";

/// One parser, or one function with all of its parsers.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name for `cargo xtask fuzz --target`.
    pub name: &'static str,
    /// Judges one input.
    pub judge: fn(&[u8]),
    /// What cases begin with: made from `events/` and `infra/policies`, so that no copy of them is kept.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 27] = [
    Target { name: "request", judge: request::judge, seeds: request::seeds },
    Target { name: "next-page", judge: request::judge_next, seeds: request::next_seeds },
    Target { name: "stored", judge: stored::judge, seeds: stored::seeds },
    Target { name: "message", judge: messages::judge, seeds: messages::seeds },
    Target { name: "detector", judge: messages::judge_detector, seeds: messages::detector_seeds },
    Target { name: "mail-event", judge: messages::judge_mail, seeds: messages::mail_seeds },
    Target { name: "token", judge: tokens::judge, seeds: tokens::seeds },
    Target { name: "account-token", judge: accounts::judge, seeds: accounts::seeds },
    Target { name: "signature", judge: tokens::judge_signature, seeds: tokens::signature_seeds },
    Target { name: "evidence", judge: evidence::judge, seeds: evidence::seeds },
    Target { name: "certificate", judge: evidence::judge_certificate, seeds: evidence::certificate_seeds },
    Target { name: "policy", judge: policies::judge, seeds: policies::seeds },
    functions::CONSENT_CAPTURE,
    functions::DSAR_INTAKE,
    functions::DSAR_OFFICE,
    functions::DSAR_FULFIL,
    functions::BREACH_NOTIFY,
    functions::PURGE,
    functions::RETENTION_TRACK,
    functions::STREAM_RELAY,
    functions::CLOCK_WATCH,
    functions::DISCLOSURE_LOG,
    functions::NOTICE_CHANGE,
    functions::MAIL_EVENTS,
    functions::SECURITY_ATTEST,
    functions::EVIDENCE_SEAL,
    functions::SYSTEM_TASKS,
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Fails if a text that says why something was refused repeats what was sent.
fn says_nothing_of_it(refusal: &str) {
    assert!(!refusal.contains(MARKER), "the refusal repeats what was sent: {refusal}");
}
