//! What a child does: it runs the handler of one function as an environment of Lambda does, one invocation after the
//! other.

use std::{
    fs,
    io::{BufRead, stdin},
    time::Instant,
};

use aws::Cloud;
use edge::{Event, Reply, clock::TimeGuard, queue::Message, schedule::Tick};
use habeas_cli::client::Client;
use jiff::{Timestamp, ToSpan};
use policy::PolicyBook;
use serde_json::{Value, json};
use wire::message::RecordsMessage;

use crate::local;

pub(crate) const REGISTER: &str = "register";
pub(crate) const PURGE: &str = "purge";

/// Records of one person in one message: as many as one transaction takes beside the check of their key.
const RECORDS_A_MESSAGE: usize = 99;

/// Messages of one batch, as the template's mapping has it.
pub(crate) const MESSAGES_A_BATCH: usize = 10;

/// When the first of them was made; the policy keeps them for three years, and then all are due.
const MADE_AT: &str = "2026-01-15T00:00:00Z";
const PURGED_AT: &str = "2036-01-01T00:00:00Z";

/// When what is only stored was made: it is not due then.
const STORED_AT: &str = "2035-01-15T00:00:00Z";

/// Ticks of the clock by which /proc counts, a second.
const TICKS: f64 = 100.0;

/// A function's environment: its ports, its policies and the times that it takes.
fn environment() -> (Cloud, PolicyBook, TimeGuard) {
    edge::telemetry::start();
    let policies = local::policies();
    let ports = Cloud::from_env().unwrap().with_file_rules(edge::site::file_rules(&policies));
    (ports, policies, TimeGuard::from_env())
}

/// Registers so many records and says what it took. So many others are stored before, and stay.
pub(crate) async fn register(records: usize, stored: usize) {
    let (ports, policies, guard) = environment();
    let desk = retention_track::Desk { ports, policies, guard };
    register_from(&desk, "stored", STORED_AT, stored).await;
    let meter = Meter::start();
    register_from(&desk, "account", MADE_AT, records).await;
    meter.stop(REGISTER);
}

/// Purges whatever is due and says what it took.
pub(crate) async fn purge() {
    let (ports, policies, guard) = environment();
    let desk = purge::Desk { ports, policies, guard, limits: purge::limits().unwrap() };
    let (queue, meter) = (Queue::of("PURGE_QUEUE_URL"), Meter::start());
    let steps = tick(&desk).await["steps"].as_u64().unwrap();
    let mut done = 0;
    while let Some((message, receipt)) = queue.receive() {
        done_all(purge::handle(&desk, Event::Queue(vec![message])).await.unwrap());
        queue.delete(&receipt);
        done += 1;
    }
    meter.stop(PURGE);
    assert_eq!(done, steps, "each shard that was handed on was swept to its end");
    let again = tick(&desk).await;
    assert_eq!((&again["due"], &again["more"]), (&json!(0), &json!(false)), "nothing is left");
}

async fn register_from(desk: &retention_track::Desk<Cloud>, name: &str, made_at: &str, records: usize) {
    let controller = PolicyBook::controllers(&desk.policies).next().unwrap().to_string();
    let made_at: Timestamp = made_at.parse().unwrap();
    let event = |n: usize| {
        json!({
            "type": "record",
            "occurred_at": (made_at + i64::try_from(n).unwrap().seconds()).to_string(),
            "subject": { "kind": "mail", "value": format!("person-{}@example.com", n / RECORDS_A_MESSAGE) },
            "category": "account",
            "purpose": "account",
            "locator": format!("{name}-{n}"),
            "fields": { "name": format!("Name {n}"), "city": "Grenoble" },
        })
    };
    let firsts: Vec<usize> = (0..records).step_by(RECORDS_A_MESSAGE).collect();
    for batch in firsts.chunks(MESSAGES_A_BATCH) {
        let message = |first: &usize| {
            let form = RecordsMessage {
                v: 1,
                controller: controller.clone(),
                events: (*first..records.min(first + RECORDS_A_MESSAGE)).map(event).collect(),
                withdrawn: vec![],
                walk: None,
            };
            message(format!("m-{first}"), serde_json::to_string(&form).unwrap())
        };
        let messages = batch.iter().map(message).collect();
        done_all(retention_track::handle(desk, Event::Queue(messages)).await.unwrap());
    }
}

async fn tick(desk: &purge::Desk<Cloud>) -> Value {
    let tick = Tick { time: PURGED_AT.parse().unwrap(), dry_run: false };
    match purge::handle(desk, Event::Schedule(tick)).await.unwrap() {
        Reply::Summary(said) => said,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn done_all(reply: Reply) {
    assert!(matches!(&reply, Reply::Batch(failed) if failed.is_empty()), "{reply:?}");
}

pub(crate) fn message(id: String, body: String) -> Message {
    Message { id, body, receive_count: 1, receipt: String::new(), source: String::new(), sent_at: None }
}

/// Lambda's side of a queue: it is Lambda that receives, so it goes past the endpoint that counts.
pub(crate) struct Queue {
    client: Client,
    endpoint: String,
    url: String,
}

impl Queue {
    /// The queue whose URL stands in that variable.
    pub(crate) fn of(url: &str) -> Self {
        let variable = |name| std::env::var(name).unwrap();
        Self { client: Client::new(), endpoint: variable(local::PAST_THE_WIRE), url: variable(url) }
    }

    fn call(&self, target: &str, mut body: Value) -> Value {
        body["QueueUrl"] = json!(self.url);
        local::json_call(&self.client, &self.endpoint, "sqs", target, &body)
    }

    pub(crate) fn receive(&self) -> Option<(Message, Value)> {
        let said =
            self.call("AmazonSQS.ReceiveMessage", json!({ "MaxNumberOfMessages": 1, "VisibilityTimeout": 43_200 }));
        let text = |name: &str| said["Messages"][0][name].as_str().map(str::to_owned);
        Some((message(text("MessageId")?, text("Body")?), said["Messages"][0]["ReceiptHandle"].clone()))
    }

    pub(crate) fn delete(&self, receipt: &Value) {
        self.call("AmazonSQS.DeleteMessage", json!({ "ReceiptHandle": receipt }));
    }
}

/// What one phase takes.
pub(crate) struct Meter {
    began: Instant,
    cpu: f64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_seconds() }
    }

    /// Tells the parent, and waits until it has read its counts.
    pub(crate) fn stop(self, name: &str) {
        let (wall, cpu) = (self.began.elapsed().as_secs_f64(), cpu_seconds() - self.cpu);
        println!("{}", json!({ "phase": name, "wall": wall, "cpu": cpu, "peak_kb": peak_kb() }));
        stdin().lock().read_line(&mut String::new()).unwrap();
    }
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which is in brackets, utime and stime are the 12th and 13th.
    let ticks = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
