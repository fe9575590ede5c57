//! Registers and purges many records through the functions' own code, and says what that takes:
//! `cargo bench -p flow-tests --bench purge_scale -- [--records N] [--json]`. It needs the emulator's Python
//! environment, which `cargo xtask up` or `test` makes.
//!
//! Each size has a local AWS of its own with tables made by hand, and a process of its own, so that its time and its
//! memory are its own. The endpoint that counts its calls, and all that is looked at afterwards, are in this process.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "what fails ends it, and it prints")]
#![expect(clippy::disallowed_methods, reason = "it measures; no product code runs by this clock")]

#[path = "../tests/endpoint/mod.rs"]
mod endpoint;
#[path = "scale/local.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod local;
#[path = "scale/report.rs"]
mod report;
#[path = "scale/work.rs"]
mod work;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use local::Local;
use report::Phase;
use serde_json::Value;

/// The sizes, unless another is asked for.
const FIRST_RECORDS: usize = 10_000;
const USUAL_RECORDS: usize = 100_000;

/// What tells the child how many records it is to register and purge.
const TASK: &str = "HABEAS_PURGE_SCALE";

fn main() {
    if let Ok(records) = std::env::var(TASK) {
        return work::work(records.parse().unwrap());
    }
    let (mut most, mut is_json) = (USUAL_RECORDS, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--records" => {
                most = words.next().and_then(|number| number.parse().ok()).expect("--records needs a number");
            }
            "--json" => is_json = true,
            // Cargo says so to everything that it runs as a benchmark.
            "--bench" => {}
            other => panic!("there is no option {other}: [--records N] [--json]"),
        }
    }
    let mut sizes: Vec<usize> = std::iter::successors(Some(FIRST_RECORDS), |size| size.checked_mul(10))
        .take_while(|size| *size < most)
        .collect();
    sizes.push(most);
    let mut phases = Vec::new();
    for records in sizes {
        eprintln!("{records} records ...");
        phases.extend(measured(records));
    }
    let held = "all records were stored, none is left, none was deleted twice, the evidence verifies";
    println!("{}", if is_json { format!("{:#}", report::json(&phases)) } else { report::table(&phases, held) });
}

/// Registers and purges so many records in a process of its own, and checks what came of it.
fn measured(records: usize) -> Vec<Phase> {
    let local = Local::start();
    let wire = local.counted();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .envs(local.environment())
        .env("AWS_ENDPOINT_URL", &wire.url)
        .env(TASK, records.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut go_on = child.stdin.take().unwrap();
    let (mut phases, mut deleted) = (Vec::new(), 0.0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The functions' own metrics and log lines, and between them the child's word on each phase.
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        deleted += said["RecordsDeleted"].as_f64().unwrap_or_default();
        if said["message"].is_string() {
            eprintln!("{said}");
        }
        if let Some(phase) = Phase::read(&said, records, wire.all(), wire.statements()) {
            if phase.name == work::REGISTER {
                assert_eq!(local.records(), records, "all of them are stored");
            }
            phases.push(phase);
            wire.forget();
            writeln!(go_on).unwrap();
        }
    }
    assert!(child.wait().unwrap().success(), "the child failed");
    assert_eq!(local.records(), 0, "nothing is left");
    assert_eq!(deleted as usize, records, "the purge's own count");
    let evidence = local.evidence();
    assert_eq!(evidence.results, BTreeMap::from([("deleted".to_owned(), records as u64)]), "nothing was deleted twice");
    assert_eq!((evidence.deleted, evidence.open.len()), (records as u64, 0), "each deletion has its evidence");
    phases
}
