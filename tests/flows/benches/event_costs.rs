//! Counts what each event takes, through the functions' own handlers and all that follows from it:
//! `cargo bench -p flow-tests --bench event_costs -- [--json] [--check | --update]`. It needs the emulator's Python
//! environment, which `cargo xtask up` or `test` makes. `--update` writes the counts that `habeas cost` computes with;
//! `--check` fails if one has grown.
//!
//! Calls are counted at the wire, and units computed there (`cost/meter.rs`); what AWS does between the functions is
//! done and counted by `cost/deployment.rs`. Times are not measured: the local AWS has its own.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "what fails ends it, and it prints")]
#![allow(dead_code, reason = "it shares parts with the other benchmarks")]

#[path = "cost/deployment.rs"]
mod deployment;
#[path = "../tests/endpoint/mod.rs"]
mod endpoint;
#[path = "cost/events.rs"]
mod events;
#[path = "scale/local.rs"]
mod local;
#[path = "cost/meter.rs"]
mod meter;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use habeas_cli::cost::counts::{COUNTED, Counted, Counts, EventCounts, Standing, VERSION};
use local::Local;
use meter::Meter;
use serde_json::Value;

const SENDER: &str = "privacy@identance.example";
const CONFIGURATION_SET: &str = "mail";

/// Where `habeas cost` reads the counts from.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/cli/src/cost/counts.json");

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");

/// Memory of a function for which the template says nothing else.
const USUAL_MB: u64 = 128;

/// What tells the child that it is the child.
const TASK: &str = "HABEAS_EVENT_COSTS";

/// Which of the 64 shards a record falls into is random, and so a few of many calls are. Few calls are exact.
const EXACT_MAX: f64 = 20.0;
const SPREAD: f64 = 0.08;

/// A chain of evidence whose end an environment has not seen is looked for, and which of 16 chains it is is random too.
const CHAIN_CALLS: f64 = 8.0;

fn main() {
    if std::env::var_os(TASK).is_some() {
        return events::play();
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let has = |option: &str| words.iter().any(|word| word == option);
    if let Some(other) = words.iter().find(|word| !["--json", "--check", "--update"].contains(&word.as_str())) {
        panic!("there is no option {other}: [--json] [--check | --update]");
    }
    let counts = counted();
    let json = serde_json::to_string_pretty(&counts).unwrap() + "\n";
    println!("{}", if has("--json") { json.clone() } else { table(&counts) });
    if has("--update") {
        fs::write(FILE, json).unwrap();
    }
    if has("--check") {
        let grown = grown(&Counts::read(COUNTED).unwrap(), &counts);
        assert!(grown.is_empty(), "what an event takes has grown:\n{}", grown.join("\n"));
    }
}

/// Plays all events in a process of its own.
fn counted() -> Counts {
    let local = Local::start(true);
    local.send_from(SENDER, CONFIGURATION_SET);
    let wire = local.counted();
    let meter = Meter::past(&local.world.stack.endpoint);
    wire.watched_by(meter.watch());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .envs(local.environment())
        .env("AWS_ENDPOINT_URL", &wire.url)
        .env("STREAM_ARN", local.world.stack.output("StreamArn").unwrap())
        .env("SENDER", SENDER)
        .env("CONFIGURATION_SET", CONFIGURATION_SET)
        .env(TASK, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut go_on = child.stdin.take().unwrap();
    let mut sizes = BTreeMap::<String, (String, BTreeMap<String, Counted>)>::new();
    let (mut log_bytes, mut metrics, mut standing) = (0, BTreeSet::new(), standing());
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        if said["message"].is_string() {
            eprintln!("{said}");
        }
        if said["event"].is_string() {
            let text = |name: &str| said[name].as_str().unwrap().to_owned();
            eprintln!("{} {}", text("event"), text("size"));
            let event = sizes.entry(text("event")).or_insert_with(|| (text("what"), BTreeMap::new()));
            event.1.insert(text("size"), read(&said, &meter, log_bytes));
            if text("event").starts_with("tick-") {
                standing.metrics += metrics.len() as u64;
            }
        } else if said["begins"] != true {
            metrics.insert(said["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"].to_string());
            log_bytes += line.len() as u64 + 1;
            continue;
        }
        log_bytes = 0;
        metrics.clear();
        meter.take();
        writeln!(go_on).unwrap();
    }
    assert!(child.wait().unwrap().success(), "the child failed");
    let event = |(name, (what, sizes)): (String, (String, BTreeMap<String, Counted>))| {
        let alone = sizes["alone"].clone();
        let together = sizes.get("together").unwrap_or(&alone).clone();
        (name, EventCounts { what, alone, together })
    };
    Counts { v: VERSION, standing, events: sizes.into_iter().map(event).collect() }
}

/// What the template deploys.
fn standing() -> Standing {
    let template = fs::read_to_string(TEMPLATE).unwrap();
    let lines = |line: &str| template.lines().filter(|own| *own == line).count() as u64;
    let mut memory_mb = BTreeMap::new();
    for function in template.split("\n      FunctionName: !Sub ${AWS::StackName}-").skip(1) {
        let own = function.split("\n  # ---").next().unwrap();
        let megabytes = own.lines().find_map(|line| line.strip_prefix("      MemorySize: "));
        memory_mb.insert(own.lines().next().unwrap().to_owned(), megabytes.map_or(USUAL_MB, |mb| mb.parse().unwrap()));
    }
    assert!(template.contains(&format!("\n    MemorySize: {USUAL_MB}\n")), "the template's usual memory");
    Standing {
        kms_keys: lines("    Type: AWS::KMS::Key"),
        alarms: lines("    Type: AWS::CloudWatch::Alarm"),
        polled_queues: lines("          Type: SQS"),
        metrics: 0,
        memory_mb,
    }
}

/// The child's word on what was done, beside what the wire has seen.
fn read(said: &Value, meter: &Meter, log_bytes: u64) -> Counted {
    let used = meter.take();
    let number = |value: &Value| value.as_u64().unwrap();
    let mut by = used.by;
    // An officer's word stands for a request to the API, whose calls are not those of the people told.
    for (function, invocations) in said["invocations"].as_object().unwrap() {
        by.entry(function.clone()).or_default().invocations = number(invocations);
    }
    for (call, count) in said["service"].as_object().unwrap() {
        let (who, call) = call.split_once(' ').unwrap();
        by.entry(who.to_owned()).or_default().calls.insert(call.to_owned(), number(count));
    }
    Counted {
        of: number(&said["of"]),
        http: number(&said["http"]),
        schedules: number(&said["schedules"]),
        log_bytes,
        table_bytes: used.table_bytes,
        object_bytes: used.object_bytes,
        by,
    }
}

/// What takes more than it did.
fn grown(before: &Counts, now: &Counts) -> Vec<String> {
    let mut grown = Vec::new();
    if before.standing != now.standing {
        grown.push(format!("what stands: {:?}, and it was {:?}", now.standing, before.standing));
    }
    for (name, counts) in &now.events {
        let Some(known) = before.events.get(name) else {
            grown.push(format!("{name}: not counted before"));
            continue;
        };
        for (size, was, is) in [("alone", &known.alone, &counts.alone), ("together", &known.together, &counts.together)]
        {
            let was = was.compared();
            for (what, is) in is.compared() {
                let was = was.get(&what).copied().unwrap_or_default();
                let slack = if what.contains(" s3:") { CHAIN_CALLS } else { 0.0 };
                let most = slack + if was <= EXACT_MAX { was } else { was * (1.0 + SPREAD) };
                if is > most {
                    grown.push(format!("{name}, {size}: {what}: {is}, and it was {was}"));
                }
            }
        }
    }
    grown
}

fn table(counts: &Counts) -> String {
    let mut text = String::from(
        "| event | | API | invocations | DynamoDB calls | write units | read units | S3 | SQS | KMS | SES | log bytes |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, event) in &counts.events {
        for (size, counted) in [("alone", &event.alone), ("together", &event.together)] {
            if size == "together" && event.alone == event.together {
                continue;
            }
            let one = |sum: f64| {
                format!("{:.3}", sum / counted.of as f64 + 0.0).trim_end_matches('0').trim_end_matches('.').to_owned()
            };
            let calls = |of: &str| one(counted.sum(|work| work.calls_of(of) as f64));
            writeln!(
                text,
                "| {name} | of {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                counted.of,
                one(counted.http as f64),
                one(counted.sum(|work| work.invocations as f64)),
                calls("dynamodb:"),
                one(counted.sum(|work| work.write_units)),
                one(counted.sum(|work| work.read_units)),
                calls("s3:"),
                calls("sqs:"),
                calls("kms:"),
                calls("ses:SendEmail"),
                one(counted.log_bytes as f64),
            )
            .unwrap();
        }
    }
    text
}
