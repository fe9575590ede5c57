//! What one subject takes.

use std::{fs, path::Path};

use crate::{
    failure::{Context, Outcome},
    instructions::Instructions,
    null_aws::Counted,
    process::{Process, World},
    subject::Subject,
};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Processes that are started one after another; of each time the least counts.
    pub rounds: usize,
    /// Events after the first in each of them; fewer where an event makes many calls. CPU is that of the second half,
    /// when whatever warms up is warm.
    pub warm_events: u64,
}

impl Effort {
    /// Calls to AWS that the warm events of a round are held to make: a tick makes a hundred and needs no repetition
    /// to stand out from the clock.
    const CALLS_MAX: u64 = 2_000;

    /// Fewest warm events, whatever they cost.
    const WARM_EVENTS_MIN: u64 = 20;

    /// Warm events for a subject whose first event made so many calls.
    fn warm_events(self, calls: u64) -> u64 {
        let affordable = (Self::CALLS_MAX / calls.max(1)).max(Self::WARM_EVENTS_MIN);
        self.warm_events.min(affordable)
    }
}

/// CPU of each phase: the least of all rounds, since everything else on the machine only adds to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cpu {
    /// Milliseconds from the start until it asks for its first event.
    pub init_ms: f64,
    /// Milliseconds for the first event.
    pub first_ms: f64,
    /// Microseconds for each event after it.
    pub warm_us: f64,
}

/// What was measured of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Its event.
    pub case: String,
    /// Whether it is a program beside ours.
    pub is_peer: bool,
    /// Records in its event.
    pub records: usize,
    /// Bytes of the binary; a peer's is only what begins it.
    pub binary_bytes: u64,
    /// Bytes of what is uploaded, if it was zipped.
    pub zip_bytes: Option<u64>,
    /// AWS services whose client is linked in.
    pub services: Vec<&'static str>,
    /// If valgrind is there.
    pub instructions: Option<Instructions>,
    /// If there is `/proc`.
    pub cpu: Option<Cpu>,
    /// The most memory at once, in KB, after all events.
    pub peak_kb: Option<u64>,
    /// Calls to AWS in init.
    pub init: Counted,
    /// … for the first event.
    pub first: Counted,
    /// … for all warm events of a round together.
    pub warm: Counted,
    /// How many those are.
    pub warm_events: u64,
    /// Bytes that the warm events of a round have logged.
    pub log_bytes: u64,
    /// The same in lines.
    pub log_lines: u64,
}

/// One round: a process from its start to its end.
struct Round {
    warm_events: u64,
    cpu: Option<Cpu>,
    peak_kb: Option<u64>,
    init: Counted,
    first: Counted,
    warm: Counted,
    logged: (u64, u64),
}

/// Measures a subject; instructions are counted apart.
///
/// # Errors
/// If it fails or answers wrongly, in any of them.
pub fn measure(subject: &Subject, world: &World, effort: Effort) -> Outcome<Measured> {
    let about = fs::metadata(&subject.command).cannot(format_args!("find {}", subject.command.display()))?;
    let mut last = round(subject, world, effort)?;
    for _ in 1..effort.rounds {
        let next = round(subject, world, effort)?;
        let least = last.cpu.zip(next.cpu).map(|(one, other)| Cpu {
            init_ms: one.init_ms.min(other.init_ms),
            first_ms: one.first_ms.min(other.first_ms),
            warm_us: one.warm_us.min(other.warm_us),
        });
        last = Round { cpu: least, peak_kb: last.peak_kb.max(next.peak_kb), ..next };
    }
    Ok(Measured {
        name: subject.name.clone(),
        case: subject.case.clone(),
        is_peer: subject.is_peer(),
        records: subject.records,
        binary_bytes: about.len(),
        zip_bytes: None,
        services: Vec::new(),
        instructions: None,
        cpu: last.cpu,
        peak_kb: last.peak_kb,
        init: last.init,
        first: last.first,
        warm: last.warm,
        warm_events: last.warm_events,
        log_bytes: last.logged.0,
        log_lines: last.logged.1,
    })
}

fn round(subject: &Subject, world: &World, effort: Effort) -> Outcome<Round> {
    let mut process = Process::start(subject, world, &[])?;
    let (init_cpu, init) = (process.cpu_ns(), process.aws.counted());
    process.handle(subject)?;
    process.settle();
    let (first_cpu, first, logged) = (process.cpu_ns(), process.aws.counted(), process.logged());
    let warm_events = effort.warm_events(first.since(&init).calls.values().sum());
    let half = warm_events / 2;
    for _ in 0..half {
        process.handle(subject)?;
    }
    process.settle();
    let half_cpu = process.cpu_ns();
    for _ in half..warm_events {
        process.handle(subject)?;
    }
    process.settle();
    let (warm_cpu, warm, logged_then) = (process.cpu_ns(), process.aws.counted(), process.logged());
    let cpus = init_cpu.zip(first_cpu).zip(half_cpu.zip(warm_cpu));
    let cpu = cpus.map(|((init, first), (half_way, warm))| Cpu {
        init_ms: init as f64 / 1e6,
        first_ms: first.saturating_sub(init) as f64 / 1e6,
        warm_us: warm.saturating_sub(half_way) as f64 / 1e3 / (warm_events - half) as f64,
    });
    let round = Round {
        warm_events,
        cpu,
        peak_kb: process.peak_kb(),
        first: first.since(&init),
        warm: warm.since(&first),
        init,
        logged: (logged_then.0 - logged.0, logged_then.1 - logged.1),
    };
    process.end()?;
    Ok(round)
}

impl Measured {
    /// What one warm event has of what all of them have.
    pub fn each(&self, of_all: u64) -> f64 {
        of_all as f64 / self.warm_events as f64
    }

    /// The calls of one warm event, by name: a whole number unless events of the same kind differ.
    pub fn warm_calls(&self) -> Vec<(&str, f64)> {
        self.warm.calls.iter().map(|(name, count)| (name.as_str(), self.each(*count))).collect()
    }

    /// Whether the subject is ours and has a place in `template.yaml`.
    pub fn is_function(&self) -> bool {
        !self.is_peer && self.name != crate::subject::HELLO
    }

    /// Looks which services are linked into its binary, and how large its zip is in the folder where
    /// `cargo xtask package` puts them.
    ///
    /// # Errors
    /// If the binary cannot be read.
    pub fn look_inside(&mut self, binary: &Path, package: &Path) -> Outcome<()> {
        self.services = services(&fs::read(binary).cannot(format_args!("read {}", binary.display()))?);
        let start = format!("{}-", self.name);
        let entries = fs::read_dir(package).into_iter().flatten().flatten();
        let zip = entries.into_iter().find(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.strip_prefix(&start).is_some_and(|rest| ["x86_64.zip", "arm64.zip"].contains(&rest))
        });
        self.zip_bytes = zip.and_then(|zip| zip.metadata().ok()).map(|about| about.len());
        Ok(())
    }
}

/// The services whose calls a binary can make, by the texts that their requests need.
fn services(binary: &[u8]) -> Vec<&'static str> {
    [
        ("dynamodb", "DynamoDB_20120810."),
        ("kms", "TrentService."),
        ("s3", "AmazonS3"),
        ("ses", "/v2/email/"),
        ("sqs", "AmazonSQS."),
    ]
    .into_iter()
    .filter(|(_, text)| binary.windows(text.len()).any(|window| window == text.as_bytes()))
    .map(|(service, _)| service)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_many_calls_is_repeated_less_often() {
        let effort = Effort { rounds: 1, warm_events: 400 };
        assert_eq!([0, 1, 5, 10, 90, 5_000].map(|calls| effort.warm_events(calls)), [400, 400, 400, 200, 22, 20]);
        assert_eq!(Effort { warm_events: 10, ..effort }.warm_events(90), 10);
    }

    #[test]
    fn linked_services_are_known_by_what_they_say() {
        assert_eq!(services(b"..DynamoDB_20120810.Query..AmazonSQS.SendMessage.."), ["dynamodb", "sqs"]);
        assert_eq!(services(b"AmazonSQS"), Vec::<&str>::new());
    }
}
