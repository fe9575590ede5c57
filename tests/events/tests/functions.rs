//! Each function's payloads from `events/` in, its answer out: what the case expects, and the whole
//! answer as a snapshot, on ports in memory. The same payloads go through the deployed system in
//! `tests/flows`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::Path};

use app::{
    chain::{Content, Link},
    queues::Queue,
};
use domain::evidence::merkle;
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::Memory;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn policies() -> PolicyBook {
    let files = policy::policy_files(&Path::new(ROOT).join("infra/policies")).unwrap();
    PolicyBook::new(
        files.iter().map(|file| policy::parse("policy", &fs::read_to_string(file).unwrap(), None).unwrap().policy),
    )
}

fn cases(function: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(ROOT).join("events").join(function);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap())
        })
        .collect()
}

/// What one payload brought about: the answer, and what left through the ports.
async fn run<H, F>(case: &Value, stage: Stage, memory: &Memory, handler: H) -> Value
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let reply = match answer(&case["payload"].to_string(), TimeGuard { stage }, handler).await {
        Ok(reply) => {
            let mut reply = serde_json::to_value(&reply).unwrap();
            if let Some(body) =
                reply.get("body").and_then(Value::as_str).and_then(|body| serde_json::from_str(body).ok())
            {
                reply["body"] = body;
            }
            reply
        }
        Err(error) => json!({ "error": error.name() }),
    };
    let queued: BTreeMap<String, Vec<String>> =
        [Queue::Fulfil, Queue::Breach, Queue::Records, Queue::Purge, Queue::Notice, Queue::Tasks]
            .into_iter()
            .map(|queue| (format!("{queue:?}"), memory.queued(queue)))
            .filter(|(_, bodies)| !bodies.is_empty())
            .collect();
    let mut seen = json!({ "answer": reply });
    if !queued.is_empty() {
        seen["queued"] = json!(queued);
    }
    let links: BTreeMap<String, Vec<Value>> = policies()
        .controllers()
        .map(|controller| (controller.to_string(), memory.links(controller)))
        .map(|(controller, links)| (controller, links.iter().filter_map(|(_, link)| told(link)).collect()))
        .filter(|(_, links): &(_, Vec<Value>)| !links.is_empty())
        .collect();
    if !links.is_empty() {
        seen["links"] = json!(links);
    }
    let buried = memory.buried().into_iter().chain(memory.buried_outcomes());
    let reasons: Vec<String> = buried.map(|(_, reason)| reason).collect();
    if !reasons.is_empty() {
        seen["dead_letters"] = json!(reasons);
    }
    let mails: Vec<String> = memory.sent().into_iter().map(|mail| mail.subject).collect();
    if !mails.is_empty() {
        seen["mails"] = json!(mails);
    }
    seen
}

/// What a link of events tells.
fn told(link: &Link) -> Option<Value> {
    let Content::Events(happened) = &link.content else { return None };
    let leaves = happened.iter().map(|happened| {
        let mut leaf = json!({
            "event": happened.event,
            "at": happened.at.to_string(),
            "commitment": merkle::hex(&happened.commitment),
        });
        if let Some((category, purpose, clause, due_at)) = &happened.record {
            leaf["record"] = json!(format!("{category} {purpose} {clause} {due_at:?}"));
        }
        leaf
    });
    let leaves: Vec<_> = leaves.collect();
    Some(json!({ "batch": link.batch.as_str(), "at": link.at.to_string(), "leaves": leaves }))
}

/// Holds an answer against what the case expects.
fn check(name: &str, case: &Value, seen: &Value) {
    let (expect, reply) = (&case["expect"], &seen["answer"]);
    if let Some(status) = expect.get("status") {
        assert_eq!(&reply["statusCode"], status, "{name}: {reply}");
    }
    if let Some(problem) = expect.get("problem").and_then(Value::as_str) {
        assert_eq!(reply["body"]["type"], format!("urn:habeas:problem:{problem}"), "{name}: {reply}");
    }
    if let Some(absent) = expect.get("body_lacks").and_then(Value::as_str) {
        assert!(!reply["body"].to_string().contains(absent), "{name}: {reply}");
    }
    if let Some(error) = expect.get("error") {
        assert_eq!(&reply["error"], error, "{name}: {reply}");
    }
    if let Some(failures) = expect.get("failures").and_then(Value::as_array) {
        let failed: Vec<&Value> =
            reply["batchItemFailures"].as_array().unwrap().iter().map(|failure| &failure["itemIdentifier"]).collect();
        assert_eq!(failed, failures.iter().collect::<Vec<_>>(), "{name}: {reply}");
    }
    if let Some(letters) = expect.get("dead_letters").and_then(Value::as_array) {
        let none = Vec::new();
        let reasons = seen.get("dead_letters").and_then(Value::as_array).unwrap_or(&none);
        assert_eq!(reasons.len(), letters.len(), "{name}: {reasons:?}");
        for (reason, letter) in reasons.iter().zip(letters) {
            assert!(
                reason.as_str().unwrap().contains(letter["reason"].as_str().unwrap()),
                "{name}: {reason} is not {letter}"
            );
        }
    }
    if let Some(results) = expect.get("results").and_then(Value::as_array) {
        let found: Vec<&Value> =
            reply["body"]["results"].as_array().unwrap().iter().map(|result| &result["result"]).collect();
        assert_eq!(found, results.iter().collect::<Vec<_>>(), "{name}: {reply}");
    }
    if let Some(summary) = expect.get("summary").and_then(Value::as_object) {
        for (member, value) in summary {
            assert_eq!(&reply[member], value, "{name}: {reply}");
        }
    }
}

/// Runs every case of a function, each on ports of its own.
macro_rules! function {
    ($test:ident, $name:literal, $handle:path, $stage:ident => $desk:expr, $ports:ident => $memory:expr) => {
        #[tokio::test]
        async fn $test() {
            let mut snapshot = BTreeMap::new();
            for (name, case) in cases($name) {
                let $stage = Stage::Local;
                let desk = $desk;
                let $ports = &desk;
                let seen = run(&case, $stage, $memory, |event| $handle(&desk, event)).await;
                check(&name, &case, &seen);
                if let Some(error) = case["expect"].get("error_in_production") {
                    let $stage = Stage::Production;
                    let desk = $desk;
                    let $ports = &desk;
                    let seen = run(&case, $stage, $memory, |event| $handle(&desk, event)).await;
                    assert_eq!(&seen["answer"]["error"], error, "{name} in production");
                }
                snapshot.insert(name, seen);
            }
            assert!(!snapshot.is_empty());
            insta::assert_snapshot!($name, serde_json::to_string_pretty(&snapshot).unwrap());
        }
    };
}

fn pages() -> AllowedPages {
    AllowedPages::parse("http://127.0.0.1:8787/thanks.html").unwrap()
}

function!(
    consents_are_captured_and_read,
    "consent-capture",
    consent_capture::handle,
    _stage => consent_capture::Site { ports: Memory::new(), policies: policies(), pages: pages() },
    desk => &desk.ports
);
function!(
    requests_are_taken_in,
    "dsar-intake",
    dsar_intake::handle,
    _stage => dsar_intake::Site { ports: Memory::new(), policies: policies(), pages: pages() },
    desk => &desk.ports
);
function!(
    requests_are_carried_out,
    "dsar-fulfil",
    dsar_fulfil::handle,
    _stage => dsar_fulfil::Desk { ports: Memory::new(), policies: policies(), public_url: "https://privacy.example".into() },
    desk => &desk.ports
);
function!(
    the_office_works_on_requests,
    "dsar-office",
    dsar_office::handle,
    _stage => dsar_office::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    breaches_are_declared_and_told,
    "breach-notify",
    breach_notify::handle,
    _stage => breach_notify::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    what_is_due_is_purged,
    "purge",
    purge::handle,
    stage => purge::Desk {
        ports: Memory::new(),
        policies: policies(),
        guard: TimeGuard { stage },
        limits: domain::purge::Limits::default(),
    },
    desk => &desk.ports
);
function!(
    records_and_events_are_tracked,
    "retention-track",
    retention_track::handle,
    stage => retention_track::Desk { ports: Memory::new(), policies: policies(), guard: TimeGuard { stage } },
    desk => &desk.ports
);
function!(
    the_stream_is_relayed,
    "stream-relay",
    stream_relay::handle,
    _stage => Memory::new(),
    memory => memory
);
function!(
    what_happened_is_chained_and_sealed,
    "evidence-seal",
    evidence_seal::handle,
    _stage => evidence_seal::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    deadlines_are_watched,
    "clock-watch",
    clock_watch::handle,
    _stage => clock_watch::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    disclosures_are_checked_and_logged,
    "disclosure-log",
    disclosure_log::handle,
    stage => disclosure_log::Desk { ports: Memory::new(), policies: policies(), guard: TimeGuard { stage } },
    desk => &desk.ports
);
function!(
    notices_are_published_and_told,
    "notice-change",
    notice_change::handle,
    _stage => notice_change::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    attestations_are_recorded,
    "security-attest",
    security_attest::handle,
    _stage => security_attest::Desk { ports: Memory::new(), policies: policies() },
    desk => &desk.ports
);
function!(
    what_becomes_of_mail_is_taken_in,
    "mail-events",
    mail_events::handle,
    stage => mail_events::Desk { ports: Memory::new(), policies: policies(), guard: TimeGuard { stage } },
    desk => &desk.ports
);
function!(
    tasks_go_out_and_outcomes_come_in,
    "system-tasks",
    system_tasks::handle,
    _stage => system_tasks::Desk {
        ports: Memory::new(),
        policies: policies(),
        public_url: "https://privacy.example".into(),
        outcome_queue: "arn:aws:sqs:eu-west-1:000000000000:habeas-outcomes".into(),
        pace: domain::system::Pace::PRODUCTION,
    },
    desk => &desk.ports
);
