//! Registers and purges many records through the functions' own code, and says what that takes:
//! `cargo bench -p flow-tests --bench purge_scale -- [--records N] [--json]`. It needs the emulator's Python
//! environment, which `cargo xtask up` or `test` makes.
//!
//! Then it purges few while ever more is stored that is not due.
//!
//! Each size has a local AWS of its own with tables made by hand, and each function of each size a process of its own, so
//! that its time and its memory are its own. The endpoint that counts its calls, and all that is looked at afterwards, are
//! in this process.

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

use endpoint::Wire;
use local::Local;
use report::Phase;
use serde_json::Value;

/// The sizes, unless another is asked for.
const FIRST_RECORDS: usize = 1_000;
const USUAL_RECORDS: usize = 100_000;

/// How many are due while more and more is stored, and how many are stored at first. Of fewer, the spread over 64 shards
/// would show more than what is stored.
const DUE_BESIDE: usize = 10_000;
const FIRST_STORED: usize = 1_000;

/// What tells a child what to do: `register RECORDS STORED`, or `purge`.
const TASK: &str = "HABEAS_PURGE_SCALE";

fn main() {
    if let Ok(task) = std::env::var(TASK) {
        return work(&task);
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
    let mut phases = Vec::new();
    for records in sizes(FIRST_RECORDS, most) {
        eprintln!("{records} records ...");
        phases.extend(measured(records, 0));
    }
    let mut beside = Vec::new();
    for stored in sizes(FIRST_STORED, most) {
        eprintln!("{DUE_BESIDE} records beside {stored} ...");
        let [_, purged] = measured(DUE_BESIDE, stored);
        beside.push((stored, purged.total()));
    }
    if is_json {
        let mut told = report::json(&phases);
        told["purge_beside_stored"] = report::beside_json(DUE_BESIDE, &beside);
        return println!("{told:#}");
    }
    let held = "all records were stored, none is left, none was deleted twice, the evidence verifies";
    println!("{}{}", report::table(&phases, held), report::beside_table(DUE_BESIDE, &beside));
}

fn work(task: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let words: Vec<&str> = task.split(' ').collect();
    match *words {
        [work::REGISTER, records, stored] => {
            runtime.block_on(work::register(records.parse().unwrap(), stored.parse().unwrap()));
        }
        [work::PURGE] => runtime.block_on(work::purge()),
        _ => panic!("there is no work {task}"),
    }
}

/// Each ten times the last, and then the most.
fn sizes(first: usize, most: usize) -> Vec<usize> {
    let tens = std::iter::successors(Some(first), |size| size.checked_mul(10)).take_while(|size| *size < most);
    tens.chain([most]).collect()
}

/// Registers and purges so many records beside so many that stay, and checks what came of it.
fn measured(records: usize, stored: usize) -> [Phase; 2] {
    let local = Local::start(false);
    let wire = local.counted();
    let (registered, _) = child(&local, &wire, format!("{} {records} {stored}", work::REGISTER), records);
    assert_eq!(local.records(), stored + records, "all of them are stored");
    wire.forget();
    let (purged, deleted) = child(&local, &wire, work::PURGE.to_owned(), records);
    assert_eq!(local.records(), stored, "nothing that was due is left");
    assert_eq!(deleted as usize, records, "the purge's own count");
    let evidence = local.evidence();
    assert_eq!(evidence.results, BTreeMap::from([("deleted".to_owned(), records as u64)]), "nothing was deleted twice");
    assert_eq!((evidence.deleted, evidence.open.len()), (records as u64, 0), "each deletion has its evidence");
    [registered, purged]
}

/// One function's work in a process of its own, and how many records it says that it deleted.
fn child(local: &Local, wire: &Wire, task: String, records: usize) -> (Phase, f64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .envs(local.environment())
        .env("AWS_ENDPOINT_URL", &wire.url)
        .env(TASK, task)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut go_on = child.stdin.take().unwrap();
    let (mut phase, mut deleted) = (None, 0.0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The function's own metrics and log lines, and at the end the child's word on its work.
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        deleted += said["RecordsDeleted"].as_f64().unwrap_or_default();
        if said["message"].is_string() {
            eprintln!("{said}");
        }
        if let Some(measured) = Phase::read(&said, records, wire.all(), wire.statements()) {
            phase = Some(measured);
            writeln!(go_on).unwrap();
        }
    }
    assert!(child.wait().unwrap().success(), "the child failed");
    (phase.unwrap(), deleted)
}
