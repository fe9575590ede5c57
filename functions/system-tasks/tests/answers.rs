//! Signed outcomes, tasks that wait, and what staff see of it, as events of Lambda on ports in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    keys::Keys,
    queues::Queue,
    requests::{self, Confided, NewEntry, RequestKey, RequestLog, head_of},
};
use domain::{
    dsar::{Act, Actor, RequestState, RequestType, TaskEnd},
    ids::SystemId,
    policy::{Clause, Policy, SystemKind, SystemRule, VerificationRule},
    system::{Pace, SystemSecret, signature},
};
use edge::{
    answer,
    clock::{self, Stage, TimeGuard},
};
use jiff::{SignedDuration, Timestamp};
use policy::PolicyBook;
use serde_json::{Value, json};
use system_tasks::{Desk, handle};
use testkit::{Memory, build};

const CRM: &str = "https://crm.example/habeas";
const MAILER: &str = "https://sqs.example/mailer";
const OUTCOMES: &str = "arn:aws:sqs:eu-west-1:000000000000:habeas-outcomes";
const TASKS: &str = "arn:aws:sqs:eu-west-1:000000000000:habeas-tasks";

fn system(name: &str) -> SystemId {
    SystemId::parse(name).unwrap()
}

fn policy() -> Policy {
    let mut policy = testkit::policy();
    let kinds =
        [("crm", SystemKind::Webhook { url: CRM.into() }), ("mailer", SystemKind::Queue { url: MAILER.into() })];
    for (name, kind) in kinds {
        let rule = SystemRule {
            id: system(name),
            title: name.into(),
            kind,
            categories: Default::default(),
            requests: [RequestType::Erasure].into(),
            clause: Clause::new("test.systems"),
        };
        policy.systems.insert(rule.id.clone(), rule);
    }
    policy
}

struct Stack {
    desk: Desk<Memory>,
    policy: Policy,
    key: RequestKey,
}

impl Stack {
    /// An erasure whose tasks are open since an hour ago.
    async fn new() -> Self {
        let (policy, ports) = (policy(), Memory::new());
        let hour_ago = clock::now() - SignedDuration::from_hours(1);
        let keys = ports.controller(&policy.controller).await.unwrap();
        let identifier = build::mail("ada@example.com");
        let key = build::request(&policy.controller, &keys.pepper.subject(&identifier), "request");
        let mut received = build::received(RequestType::Erasure, hour_ago);
        received.verification = VerificationRule::None;
        let confided = Confided { identifier: Some(identifier), ..Confided::default() };
        let head = head_of(&policy, &RequestState::new(received.clone()));
        ports.receive(&key, &received, &confided, &build::id("form"), &head).await.unwrap();
        let opened = Act::TasksOpened(vec![system("crm"), system("mailer")]);
        let entry = NewEntry::new(hour_ago, Actor::Product, opened);
        requests::record(&policy, &ports, &key, |_| Some(entry.clone())).await.unwrap();
        let desk = Desk {
            ports,
            policies: PolicyBook::new([policy.clone()]),
            public_url: "https://privacy.example".into(),
            outcome_queue: OUTCOMES.into(),
            pace: Pace::PRODUCTION,
        };
        Self { desk, policy, key }
    }

    async fn secret(&self, name: &str) -> SystemSecret {
        let keys = self.desk.ports.controller(&self.policy.controller).await.unwrap();
        keys.systems.secret(&self.policy.controller, &system(name), 1)
    }

    async fn answer(&self, event: &Value) -> Value {
        let guard = TimeGuard { stage: Stage::Production };
        let reply = answer(&event.to_string(), guard, |event| handle(&self.desk, event)).await.unwrap();
        let mut reply = serde_json::to_value(&reply).unwrap();
        if let Some(body) = reply["body"].as_str().and_then(|body| serde_json::from_str(body).ok()) {
            reply["body"] = body;
        }
        reply
    }

    async fn http(&self, method: &str, path: &str, more: Value) -> Value {
        let controller = &self.policy.controller;
        let system = path.split('/').skip_while(|part| *part != "systems").nth(1).unwrap_or_default();
        let path = format!("/{controller}/v1/{path}");
        let mut event = json!({
            "version": "2.0", "routeKey": "r", "rawPath": path, "rawQueryString": "", "headers": {},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "x" },
                "requestId": "r-1", "routeKey": "r", "stage": "$default", "time": "",
                "timeEpoch": clock::now().as_millisecond(),
                "authorizer": { "jwt": { "claims": { "sub": "clerk", "controllers": controller.as_str(), "scope": "systems:read systems:write" } } },
            },
            "pathParameters": { "controller": controller.as_str(), "system": system }, "isBase64Encoded": false,
        });
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        self.answer(&event).await
    }

    async fn call_back(&self, name: &str, body: &str, header: &str) -> Value {
        let more = json!({
            "headers": { "content-type": "application/json", "habeas-signature": header }, "body": body,
        });
        self.http("POST", &format!("systems/{name}/outcomes"), more).await
    }

    async fn queue(&self, source: &str, bodies: &[String], sent_at: Timestamp) -> Value {
        let record = |(number, body): (usize, &String)| {
            json!({
                "messageId": format!("m{number}"), "receiptHandle": format!("r{number}"), "body": body,
                "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": sent_at.as_millisecond().to_string() },
                "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": source,
            })
        };
        let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
        let reply = self.answer(&json!({ "Records": records })).await;
        let failed = reply["batchItemFailures"].as_array().unwrap().iter();
        failed.map(|failure| failure["itemIdentifier"].clone()).collect()
    }

    fn message(&self, name: &str) -> String {
        let (controller, subject, request) = (&self.key.controller, &self.key.subject, &self.key.request);
        wire::message::TaskMessage::new(controller, subject, request, &system(name), clock::now()).to_json()
    }

    fn outcome(&self, name: &str, records: u32) -> String {
        json!({ "v": 1, "task": format!("{}.{name}", self.key.request), "outcome": "done", "records": records })
            .to_string()
    }

    async fn state(&self) -> RequestState {
        self.desk.ports.request(&self.key).await.unwrap().unwrap().state
    }
}

trait ToJson {
    fn to_json(&self) -> String;
}

impl<T: serde::Serialize> ToJson for T {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap()
    }
}

#[tokio::test]
async fn a_signed_outcome_is_taken_and_a_replay_changes_nothing() {
    let stack = Stack::new().await;
    let secret = stack.secret("crm").await;
    let body = stack.outcome("crm", 3);
    let sign = |secret: &SystemSecret, at: Timestamp| signature(std::slice::from_ref(secret), at, body.as_bytes());
    let late = clock::now() - SignedDuration::from_secs(320);
    let ahead = clock::now() + SignedDuration::from_secs(320);
    for (header, body) in [
        (sign(&secret, late), &body),
        (sign(&secret, ahead), &body),
        (sign(&stack.secret("mailer").await, clock::now()), &body),
        (sign(&secret, clock::now()), &stack.outcome("crm", 4)),
        (String::new(), &body),
    ] {
        let reply = stack.call_back("crm", body, &header).await;
        assert_eq!(
            (&reply["statusCode"], &reply["body"]["type"]),
            (&json!(401), &json!("urn:habeas:problem:not-signed"))
        );
    }
    assert_eq!(stack.state().await.tasks()[&system("crm")], None);

    let header = sign(&secret, clock::now());
    for state in ["taken", "stood-already"] {
        let reply = stack.call_back("crm", &body, &header).await;
        assert_eq!((&reply["statusCode"], &reply["body"]["state"]), (&json!(200), &json!(state)), "{reply}");
    }
    assert_eq!(stack.state().await.tasks()[&system("crm")], Some(&TaskEnd::Done { records: 3 }));
    // Its secret ends no task of another system, whichever way it is sent.
    let foreign = stack.outcome("mailer", 1);
    let header = signature(std::slice::from_ref(&secret), clock::now(), foreign.as_bytes());
    assert_eq!(stack.call_back("crm", &foreign, &header).await["statusCode"], 404);
    assert_eq!(stack.call_back("mailer", &foreign, &header).await["statusCode"], 401);
    // A well-signed body that breaks the form's rules is refused like any other.
    for (body, problem) in [
        (foreign.replace("done", "data"), "invalid-value"),
        (foreign.replace("\"v\":1", "\"v\":1,\"v\":1"), "duplicate-key"),
        (foreign.replace("records", "zqx7"), "unknown-field"),
        (
            json!({ "v": 1, "task": format!("{}.mailer", stack.key.request), "outcome": "data", "data": {} })
                .to_string(),
            "invalid-value",
        ),
    ] {
        let secret = stack.secret("mailer").await;
        let header = signature(&[secret], clock::now(), body.as_bytes());
        let reply = stack.call_back("mailer", &body, &header).await;
        assert_eq!(reply["body"]["type"], format!("urn:habeas:problem:{problem}"), "{body}");
        assert!(!reply.to_string().contains("zqx7"), "{reply}");
    }
    assert_eq!(stack.state().await.tasks()[&system("mailer")], None);
}

#[tokio::test]
async fn an_outcome_through_the_queue_counts_from_when_it_was_told() {
    let stack = Stack::new().await;
    let secret = stack.secret("mailer").await;
    let told_at = |ago: i64| clock::now() - SignedDuration::from_hours(ago);
    let envelope = |body: String, at: Timestamp| {
        let signature = signature(std::slice::from_ref(&secret), at, body.as_bytes());
        let controller = stack.policy.controller.to_string();
        wire::system::SignedForm { v: 1, controller, system: "mailer".into(), signature, body }.to_json()
    };
    let body = stack.outcome("mailer", 2);
    let at = told_at(24 * 3);
    let bodies = [
        envelope(body.clone(), told_at(24 * 15)),
        envelope(body.clone(), told_at(-1)),
        envelope(stack.outcome("crm", 1), at),
        // What belongs into the other queue is nothing here.
        stack.message("mailer"),
        envelope(body.clone(), at),
        envelope(body, at),
    ];
    assert_eq!(stack.queue(OUTCOMES, &bodies, clock::now()).await, json!([]));
    let reasons: Vec<String> = stack.desk.ports.buried_outcomes().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons[..2].iter().all(|reason| reason.contains("not in time")), "{reasons:?}");
    assert!(reasons[2].contains("no task that its system has"), "{reasons:?}");
    let state = stack.state().await;
    assert_eq!(state.tasks()[&system("mailer")], Some(&TaskEnd::Done { records: 2 }));
    assert_eq!(state.history.last().unwrap().at.as_second(), at.as_second());
}

#[tokio::test]
async fn each_message_waits_for_its_own_system() {
    let stack = Stack::new().await;
    stack.desk.ports.fail_system(CRM, "http-503");
    let bodies = [stack.message("crm"), "zqx7".to_owned(), stack.message("mailer")];
    assert_eq!(stack.queue(TASKS, &bodies, clock::now()).await, json!(["m0", "m2"]));
    let postponed = stack.desk.ports.postponed();
    assert_eq!(postponed.iter().map(|(receipt, _)| receipt.as_str()).collect::<Vec<_>>(), ["r0", "r2"]);
    assert!((30..=60).contains(&postponed[0].1) && postponed[1].1 == Pace::PRODUCTION.outcome_seconds, "{postponed:?}");
    assert_eq!(stack.desk.ports.buried().len(), 1);
    assert_eq!(stack.desk.ports.handed_over().len(), 1);

    // A queue forgets a message: before that it is sent anew, and this one is done.
    let old = clock::now() - SignedDuration::from_hours(24 * 11);
    assert_eq!(stack.queue(TASKS, &bodies[..1], old).await, json!([]));
    assert_eq!(stack.desk.ports.queued(Queue::Tasks), [bodies[0].clone()]);

    let reply = stack.http("GET", "staff/systems", json!({})).await;
    let crm = &reply["body"]["systems"][0];
    assert_eq!(
        (&crm["system"], &crm["state"], &crm["last_failure"]),
        (&json!("crm"), &json!("failing"), &json!("http-503"))
    );
    assert_eq!((&crm["failures_in_a_row"], &crm["open_tasks"]), (&json!(2), &json!(1)));
    let mailer = &reply["body"]["systems"][1];
    assert_eq!((&mailer["state"], &mailer["kind"]), (&json!("well"), &json!("queue")));
    assert!(mailer["last_success_at"].is_string() && mailer["waiting_since"].is_string(), "{mailer}");
}

#[tokio::test]
async fn staff_read_a_secret_and_renew_it_once_a_day() {
    let stack = Stack::new().await;
    let first = stack.http("GET", "staff/systems/crm/secret", json!({})).await;
    assert_eq!(first["body"]["secret"], stack.secret("crm").await.text().disclose().as_str());
    assert_eq!(
        first["body"]["callback"],
        format!("https://privacy.example/{}/v1/systems/crm/outcomes", stack.policy.controller)
    );
    let renewed = stack.http("POST", "staff/systems/crm/secret", json!({})).await;
    assert_eq!((&renewed["statusCode"], &renewed["body"]["version"]), (&json!(201), &json!(2)));
    assert_ne!(renewed["body"]["secret"], first["body"]["secret"]);
    assert_eq!(stack.http("POST", "staff/systems/crm/secret", json!({})).await["statusCode"], 409);
    assert_eq!(stack.http("GET", "staff/systems/crm/secret", json!({})).await["body"], renewed["body"]);
    // The receiver still has the first one, and is understood.
    let body = stack.outcome("crm", 1);
    let header = signature(&[stack.secret("crm").await], clock::now(), body.as_bytes());
    assert_eq!(stack.call_back("crm", &body, &header).await["body"]["state"], "taken");
}
