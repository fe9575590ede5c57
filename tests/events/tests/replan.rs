//! A change of policy through its functions, on ports in memory: from the tick that sees it over the queue
//! to every stored record.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    queues::Queue,
    records::{self, RecordStore},
    replan::PlanningStore,
};
use domain::policy::{Period, Policy, PolicyHash};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use jiff::{SpanFieldwise, Timestamp, ToSpan};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};

const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };
const MADE: &str = "2040-01-01T10:00:00Z";

/// Logs are kept for so many days.
fn policy(hash: &str, days: i64) -> Policy {
    let mut policy = build::policy();
    policy.hash = PolicyHash::from_hex(hash.repeat(32));
    for rule in policy.retention.values_mut().filter(|rule| rule.category == build::category("server-log")) {
        rule.period = Period::Fixed { duration: SpanFieldwise(days.days()) };
    }
    policy
}

/// Two functions on one table, by one policy.
struct Deployed {
    policy: Policy,
    memory: Memory,
    delivered: usize,
}

impl Deployed {
    /// The clock's tick; what it says of walks.
    async fn tick(&self, at: &str) -> Value {
        let desk = clock_watch::Desk { ports: self.memory.clone(), policies: PolicyBook::new([self.policy.clone()]) };
        let event = json!({ "v": 1, "time": at }).to_string();
        let reply = answer(&event, GUARD, |event| clock_watch::handle(&desk, event)).await.unwrap();
        serde_json::to_value(&reply).unwrap()["replanning"].clone()
    }

    /// Delivers what is in the queue, each message twice, until nothing new is; how many are put back.
    async fn deliver(&mut self, sent_at: &str) -> usize {
        let policies = PolicyBook::new([self.policy.clone()]);
        let desk = retention_track::Desk { ports: self.memory.clone(), policies, guard: GUARD };
        let sent_at = sent_at.parse::<Timestamp>().unwrap().as_millisecond().to_string();
        let mut failed = 0;
        loop {
            let queued = self.memory.queued(Queue::Records);
            if queued.len() == self.delivered {
                return failed;
            }
            let new = queued[self.delivered..].iter().flat_map(|body| [body, body]);
            let records = new.enumerate().map(|(n, body)| {
                json!({
                    "messageId": format!("m{n}"), "receiptHandle": "r", "body": body,
                    "attributes": { "SentTimestamp": sent_at }, "messageAttributes": {}, "md5OfBody": "",
                    "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q", "awsRegion": "eu-west-1",
                })
            });
            let event = json!({ "Records": records.collect::<Vec<_>>() }).to_string();
            self.delivered = queued.len();
            let reply = answer(&event, GUARD, |event| retention_track::handle(&desk, event)).await.unwrap();
            failed += serde_json::to_value(&reply).unwrap()["batchItemFailures"].as_array().unwrap().len();
        }
    }

    /// The ends of the logs that were registered, in days since they were made.
    async fn ends(&self) -> Vec<i64> {
        let mut ends = Vec::new();
        for n in 0..9 {
            let subject = build::mail(&format!("person-{n}@example.com"));
            let keys = app::keys::Keys::controller(&self.memory, &self.policy.controller).await.unwrap();
            for record in self.memory.records(&self.policy.controller, &keys.pepper.subject(&subject)).await.unwrap() {
                let lived = record.due_at.unwrap().duration_since(record.clock.created_at);
                // A day of the change to summer time is an hour short.
                ends.push((lived.as_hours() + 12) / 24);
            }
        }
        ends
    }
}

async fn deployed(policy: Policy) -> Deployed {
    let memory = Memory::new();
    for n in 0..9 {
        let form = build::registration(
            build::mail(&format!("person-{n}@example.com")),
            ("server-log", "security"),
            &format!("log-{n}"),
            build::at(MADE) + (n * 24).hours(),
        );
        records::register(&policy, &memory, form).await.unwrap();
    }
    Deployed { policy, memory, delivered: 0 }
}

#[tokio::test]
async fn a_new_policy_plans_every_record_once_the_old_version_is_gone() {
    let mut stack = deployed(policy("aa", 100)).await;
    // Planned by the first policy: two ticks and a walk, after which there is nothing to do.
    assert_eq!(stack.tick("2040-01-10T10:00:00Z").await, 0);
    assert_eq!(stack.tick("2040-01-10T11:00:00Z").await, 1);
    assert_eq!(stack.deliver("2040-01-10T11:00:01Z").await, 0);
    assert_eq!(stack.tick("2040-01-10T12:00:00Z").await, 0);
    assert_eq!(stack.ends().await, [100; 9]);

    stack.policy = policy("bb", 150);
    assert_eq!(stack.tick("2040-04-12T10:00:00Z").await, 0);
    assert_eq!(stack.tick("2040-04-12T11:00:00Z").await, 1);
    // A function of the old version puts the message back; one of the new one takes it. Three days pass until then,
    // and what expires meanwhile is not revived: the logs of the first six days.
    let (new, begun) = (stack.policy.clone(), stack.delivered);
    stack.policy = policy("aa", 100);
    assert!(stack.deliver("2040-04-15T11:00:00Z").await > 0);
    (stack.policy, stack.delivered) = (new, begun);
    assert_eq!(stack.deliver("2040-04-15T11:00:00Z").await, 0);
    assert_eq!(stack.ends().await, [100, 100, 100, 100, 100, 100, 150, 150, 150]);
    let planning = stack.memory.planning(&stack.policy.controller).await.unwrap();
    assert_eq!((planning.policy, planning.next), (Some(stack.policy.hash.clone()), None));
    assert_eq!(stack.tick("2040-04-15T12:00:00Z").await, 0);
    assert!(stack.memory.buried().is_empty());
}

#[tokio::test]
async fn a_message_that_was_lost_is_sent_again_by_a_later_tick() {
    let mut stack = deployed(policy("aa", 100)).await;
    assert_eq!(stack.tick("2040-01-10T10:00:00Z").await, 0);
    stack.policy = policy("bb", 50);
    assert_eq!(stack.tick("2040-01-10T10:10:00Z").await, 0, "it is waited anew for each");
    assert_eq!(stack.tick("2040-01-10T11:00:00Z").await, 1);
    // The queue loses everything.
    stack.delivered = stack.memory.queued(Queue::Records).len();
    assert_eq!(stack.tick("2040-01-10T12:00:00Z").await, 1);
    assert_eq!(stack.deliver("2040-01-10T12:00:01Z").await, 0);
    assert_eq!(stack.ends().await, [50; 9]);
    assert_eq!(stack.tick("2040-01-10T13:00:00Z").await, 0);
}
