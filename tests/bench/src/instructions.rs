//! How many instructions a function takes, by valgrind: for its start, its first event and each one after it.
//!
//! A number of instructions does not depend on what else the machine does. Callgrind counts the whole process, so each
//! phase is a run of its own and they are subtracted: start alone, start and one event, start and some more.

use std::{fs, path::Path, process::Command};

use crate::{
    failure::{Context, Failure, Outcome},
    process::{Process, World},
    subject::Subject,
};

/// Events after the first.
const WARM_EVENTS: u64 = 20;

/// The same where an event makes more than [`CALLS_MANY`] calls to AWS: it costs as many times more, and differs less.
const WARM_EVENTS_OF_MANY: u64 = 4;

/// A tick's calls rather than a request's.
const CALLS_MANY: u64 = 20;

/// Instructions of each phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instructions {
    /// From the start of the process until it asks for its first event.
    pub init: u64,
    /// For the first event.
    pub first: u64,
    /// For each event after it.
    pub warm: u64,
}

/// Why instructions can't be counted here; `None` if they can.
pub fn missing() -> Option<String> {
    let is_there = Command::new("valgrind").arg("--version").output().is_ok_and(|said| said.status.success());
    (!is_there).then(|| "valgrind is not installed: on Debian `apt install valgrind`".to_owned())
}

/// Counts the instructions of a subject whose first event makes so many calls. `scratch` is a folder for valgrind's files.
///
/// # Errors
/// If it fails, or valgrind says no number.
pub fn count(subject: &Subject, world: &World, scratch: &Path, calls: u64) -> Outcome<Instructions> {
    fs::create_dir_all(scratch).cannot(format_args!("make the folder {}", scratch.display()))?;
    let init = run(subject, world, scratch, 0)?;
    let one = run(subject, world, scratch, 1)?;
    let warm_events = if calls > CALLS_MANY { WARM_EVENTS_OF_MANY } else { WARM_EVENTS };
    let many = run(subject, world, scratch, 1 + warm_events)?;
    Ok(Instructions { init, first: one.saturating_sub(init), warm: many.saturating_sub(one) / warm_events })
}

/// All instructions of a run with so many events.
fn run(subject: &Subject, world: &World, scratch: &Path, events: u64) -> Outcome<u64> {
    let log = scratch.join(format!("{}.{events}.log", subject.name));
    let mut under = vec!["valgrind".to_owned(), "--tool=callgrind".to_owned()];
    under.push(format!("--log-file={}", log.display()));
    // For whoever asks where they go: `callgrind_annotate` reads it.
    let parts = scratch.join(format!("{}.{events}.callgrind", subject.name));
    under.push(format!("--callgrind-out-file={}", parts.display()));
    let mut process = Process::start(subject, world, &under)?;
    for _ in 0..events {
        process.handle(subject)?;
    }
    process.end()?;
    let said = fs::read_to_string(&log).cannot(format_args!("read {}", log.display()))?;
    collected(&said).ok_or_else(|| Failure::new(format!("valgrind counted nothing: see {}", log.display())))
}

/// The sum that callgrind logs at its end.
fn collected(log: &str) -> Option<u64> {
    let (_, said) = log.rsplit_once("Collected : ")?;
    said.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_read_from_the_log() {
        let log = "==7== Events    : Ir\n==7== Collected : 4165813\n==7== \n==7== I   refs:      4,165,813\n";
        assert_eq!(collected(log), Some(4_165_813));
        assert_eq!(collected("==7== Process terminating"), None);
    }
}
