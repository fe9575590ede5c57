//! Plans and tells the people of a breach through breach-notify's own code, and says what that takes:
//! `cargo bench -p flow-tests --bench breach_scale -- [--people N] [--json]`. It needs the emulator's Python
//! environment, which `cargo xtask up` or `test` makes.
//!
//! It is made as `purge_scale` is, and unpaced: how fast a mail account lets people be told is another number.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "what fails ends it, and it prints")]
#![expect(clippy::disallowed_methods, reason = "it measures; no product code runs by this clock")]
#![allow(dead_code, reason = "it shares parts with the other benchmark")]

#[path = "../tests/endpoint/mod.rs"]
mod endpoint;
#[path = "scale/local.rs"]
mod local;
#[path = "scale/report.rs"]
mod report;
#[path = "scale/telling.rs"]
mod telling;
#[path = "scale/work.rs"]
mod work;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use local::Local;
use report::Phase;
use serde_json::Value;

/// How many people, unless another number is asked for.
const USUAL_PEOPLE: usize = 10_000;

const SENDER: &str = "privacy@lantern.example";
const CONFIGURATION_SET: &str = "mail";

/// What tells the child how many people there are.
const TASK: &str = "HABEAS_BREACH_SCALE";

fn main() {
    if let Ok(people) = std::env::var(TASK) {
        return telling::work(people.parse().unwrap());
    }
    let (mut people, mut is_json) = (USUAL_PEOPLE, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--people" => {
                people = words.next().and_then(|number| number.parse().ok()).expect("--people needs a number");
            }
            "--json" => is_json = true,
            // Cargo says so to everything that it runs as a benchmark.
            "--bench" => {}
            other => panic!("there is no option {other}: [--people N] [--json]"),
        }
    }
    let phases = measured(people);
    let held = "everybody is told, each by one mail; a record is a person here";
    println!("{}", if is_json { format!("{:#}", report::json(&phases)) } else { report::table(&phases, held) });
}

/// Plans and tells so many people in a process of its own, and checks what came of it.
fn measured(people: usize) -> Vec<Phase> {
    let local = Local::start(false);
    local.send_from(SENDER, CONFIGURATION_SET);
    let wire = local.counted();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .envs(local.environment())
        .env("AWS_ENDPOINT_URL", &wire.url)
        .env("SENDER", SENDER)
        .env("CONFIGURATION_SET", CONFIGURATION_SET)
        .env(TASK, people.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut go_on = child.stdin.take().unwrap();
    let mut phases = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if said["message"].is_string() {
            eprintln!("{said}");
        }
        if let Some(phase) = Phase::read(&said, people, wire.all(), wire.statements()) {
            if phase.name == telling::TELL {
                assert_eq!(wire.calls("ses:SendEmail"), people, "one mail to each");
            }
            phases.push(phase);
            wire.forget();
            writeln!(go_on).unwrap();
        }
    }
    assert!(child.wait().unwrap().success(), "the child failed");
    phases
}
