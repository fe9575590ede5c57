//! What our own code takes where AWS answers at once, per core: the functions' own handlers and the rules, at sizes
//! ten times apart, with the exponent by which CPU and calls grow:
//! `cargo bench -p flow-tests --bench saturation -- [--items N] [--only WORK]... [--json]`. It needs nothing else.
//!
//! Each size of each work has a process of its own with one thread. The endpoint is in that thread, without a socket
//! (`saturation/line.rs`); its CPU is timed apart and taken off, and so is the making of events. Beside each stands the
//! floor: as many calls of the same sorts, made ready before, by the bare SDK.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "what fails ends it, and it prints")]

#[path = "saturation/endpoint.rs"]
mod endpoint;
#[path = "saturation/floor.rs"]
mod floor;
#[path = "saturation/line.rs"]
mod line;
#[path = "scale/report.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod report;
#[path = "saturation/work.rs"]
mod work;

use std::{
    fs,
    process::{Command, Stdio},
};

use line::Account;
use serde_json::{Value, json};
use work::WORKS;

const FIRST_ITEMS: usize = 1_000;
const USUAL_ITEMS: usize = 100_000;

/// G8: records that are purged in a CPU second. G12: how CPU may grow.
const PURGED_A_SECOND: f64 = 250_000.0;
const EXPONENT_MAX: f64 = 1.02;

/// What tells the child what to do.
const TASK: &str = "HABEAS_SATURATION";

/// What one size of one work took.
struct Taken {
    work: &'static str,
    items: usize,
    cpu: f64,
    floor: f64,
    calls: u64,
    peak_kb: u64,
}

fn main() {
    if let Ok(task) = std::env::var(TASK) {
        let (name, items) = task.split_once(' ').unwrap();
        return measure(name, items.parse().unwrap());
    }
    let (mut most, mut only, mut is_json) = (USUAL_ITEMS, Vec::new(), false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--items" => most = words.next().and_then(|number| number.parse().ok()).expect("--items needs a number"),
            "--only" => only.push(words.next().expect("--only needs a work")),
            "--json" => is_json = true,
            // Cargo says so to everything that it runs as a benchmark.
            "--bench" => {}
            other => panic!("there is no option {other}: [--items N] [--only WORK]... [--json]"),
        }
    }
    let mut taken = Vec::new();
    for work in WORKS.into_iter().filter(|work| only.is_empty() || only.iter().any(|name| name == work)) {
        let sizes = std::iter::successors(Some(FIRST_ITEMS), |size| size.checked_mul(10));
        for items in sizes.take_while(|size| *size <= most) {
            eprintln!("{work} {items} ...");
            taken.push(measured(work, items));
        }
    }
    if is_json { println!("{:#}", json(&taken)) } else { print(&taken) }
}

/// In a process of its own, so that its memory is.
fn measured(work: &'static str, items: usize) -> Taken {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.env(TASK, format!("{work} {items}")).stderr(Stdio::inherit()).output().unwrap();
    assert!(child.status.success(), "{work} of {items} failed");
    // Before the last line stand the functions' own metrics.
    let said = String::from_utf8(child.stdout).unwrap();
    let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let number = |name: &str| said[name].as_f64().unwrap();
    let count = |name: &str| said[name].as_u64().unwrap();
    Taken { work, items, cpu: number("cpu"), floor: number("floor"), calls: count("calls"), peak_kb: count("peak_kb") }
}

fn measure(name: &str, items: usize) {
    edge::telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let account = Account::new();
        let meter = work::work(name, &account, items).await;
        let peak_kb = peak_kb();
        let calls: u64 = account.aws().calls.values().sum();
        eprintln!("  {} events: {:?}", meter.events, account.aws().calls);
        let (floor, left_out) = floor::floor(&account).await;
        eprintln!("  {left_out} calls have no floor");
        let (cpu, floor) = (meter.spent.as_secs_f64(), floor.as_secs_f64());
        println!("{}", json!({ "cpu": cpu, "floor": floor, "calls": calls, "peak_kb": peak_kb }));
    });
}

fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

impl Taken {
    fn a_second(&self) -> f64 {
        self.items as f64 / self.cpu
    }

    /// How many times the floor it takes; `None` where nothing is called.
    fn times_the_floor(&self) -> Option<f64> {
        (self.floor > 0.0).then(|| self.cpu / self.floor)
    }
}

/// The exponents of CPU and of calls.
fn exponents(taken: &[Taken], work: &str) -> (Option<f64>, Option<f64>) {
    let of = || taken.iter().filter(|one| one.work == work);
    let calls = of().all(|one| one.calls > 0).then(|| report::fitted(of().map(|one| (one.items, one.calls as usize))));
    (report::fitted(of().map(|one| (one.items, (one.cpu * 1e9) as usize))), calls.flatten())
}

/// The goals that this answers, each with whether it is met.
fn goals(taken: &[Taken]) -> Vec<(&'static str, String, bool)> {
    let mut goals = Vec::new();
    if let Some(purged) = taken.iter().rfind(|one| one.work == "purge") {
        let said = format!("purge: {:.0} of {} records a CPU second", purged.a_second(), purged.items);
        goals.push(("G8", said, purged.a_second() >= PURGED_A_SECOND));
    }
    for work in WORKS.into_iter().filter(|work| taken.iter().any(|one| one.work == *work)) {
        if let (Some(cpu), calls) = exponents(taken, work) {
            let said = calls.map_or_else(String::new, |calls| format!(", calls as items^{calls:.3}"));
            let is_met = cpu.max(calls.unwrap_or_default()) <= EXPONENT_MAX;
            goals.push(("G12", format!("{work}: CPU grows as items^{cpu:.3}{said}"), is_met));
        }
    }
    goals
}

fn json(taken: &[Taken]) -> Value {
    let one = |one: &Taken| {
        json!({
            "work": one.work, "items": one.items, "cpu_seconds": one.cpu, "items_a_cpu_second": one.a_second(),
            "floor_cpu_seconds": one.floor, "times_the_floor": one.times_the_floor(), "calls": one.calls,
            "peak_mb": one.peak_kb as f64 / 1024.0,
        })
    };
    let goal = |(goal, said, is_met): &(&str, String, bool)| json!({ "goal": goal, "found": said, "is_met": is_met });
    json!({
        "v": 1, "optimized": !cfg!(debug_assertions), "taken": taken.iter().map(one).collect::<Vec<_>>(),
        "goals": goals(taken).iter().map(goal).collect::<Vec<_>>(),
    })
}

fn print(taken: &[Taken]) {
    println!("| | items | CPU s | items a CPU second | µs an item | of the floor | calls | peak MB |");
    println!("|---|---|---|---|---|---|---|---|");
    for one in taken {
        let times = one.times_the_floor().map_or_else(|| "–".to_owned(), |times| format!("{times:.2} ×"));
        let (each, peak) = (one.cpu * 1e6 / one.items as f64, one.peak_kb as f64 / 1024.0);
        let Taken { work, items, cpu, calls, .. } = one;
        println!("| {work} | {items} | {cpu:.3} | {:.0} | {each:.2} | {times} | {calls} | {peak:.1} |", one.a_second());
    }
    println!();
    for (goal, said, is_met) in goals(taken) {
        println!("{goal}: {said}: {}", if is_met { "met" } else { "not met" });
    }
}
