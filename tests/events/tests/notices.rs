//! A change of the notice and an attestation through their functions, on ports in memory: from the
//! publication over the stream and the queue to the mails, the page and the counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::Path};

use app::{queues::Queue, records};
use domain::{
    ids::{AttestationId, Identifier, IdentifierKind},
    policy::{AttestationRule, Clause, NoticeChangeRule, Policy},
};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use jiff::{Timestamp, ToSpan};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };
const HASH: &str = "52a88e1f2926eb29ce8c53121fca9ace2cdc8299d9415cd7112dea5d9132ebeb";

/// The small policy, which promises mail and asks for an attestation.
fn policy() -> Policy {
    let rule = AttestationRule {
        id: AttestationId::parse("encryption-at-rest").unwrap(),
        statement: "Everything that is stored is encrypted.".into(),
        evidence: "The yearly report of the auditors.".into(),
        renew_every: 1.year().fieldwise(),
        clause: Clause::new("test.encryption"),
    };
    let changes = NoticeChangeRule {
        lead_time: Some(30.days().fieldwise()),
        by_mail: true,
        ask_again: true,
        clause: Clause::new("test.changes"),
    };
    Policy { attestations: BTreeMap::from([(rule.id.clone(), rule)]), notice_change: Some(changes), ..build::policy() }
}

async fn kept(policy: &Policy, memory: &Memory, who: Identifier) {
    let form = build::registration(who, ("account", "contract"), "account", build::at("2026-01-01T10:00:00Z"));
    records::register(policy, memory, form).await.unwrap();
}

/// An event as the API hands it over.
fn call(method: &str, path: &str, scope: Option<&str>, at: &str, body: Option<Value>) -> String {
    let epoch = at.parse::<Timestamp>().unwrap().as_millisecond();
    let mut parts = path.split('/').skip(1);
    let mut parameters = json!({ "controller": parts.next().unwrap() });
    if let (Some("v1"), Some("notices"), Some(change)) = (parts.next(), parts.next(), parts.next()) {
        parameters["change"] = json!(change);
    }
    let mut context = json!({
        "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
        "requestId": "request-1", "routeKey": "$default", "stage": "$default", "timeEpoch": epoch,
        "accountId": "0", "apiId": "a", "domainName": "api.example", "domainPrefix": "api", "time": "",
    });
    if let Some(scope) = scope {
        let claims = json!({ "sub": "officer-1", "scope": scope, "controllers": "acme" });
        context["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": [scope] } });
    }
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": { "content-type": "application/json" }, "requestContext": context,
        "pathParameters": parameters, "isBase64Encoded": false,
    });
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event.to_string()
}

fn queued(bodies: &[String]) -> String {
    let records = bodies.iter().enumerate().map(|(n, body)| {
        json!({
            "messageId": format!("m{n}"), "receiptHandle": "r", "body": body, "attributes": {}, "messageAttributes": {},
            "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q",
            "awsRegion": "eu-west-1",
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() }).to_string()
}

fn inserted(images: &[Value]) -> String {
    let records = images.iter().enumerate().map(|(n, image)| {
        json!({
            "eventID": format!("e{n}"), "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
            "eventName": "INSERT", "eventSourceARN": "arn:aws:dynamodb:eu-west-1:0:table/t/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": (n + 1).to_string(), "SizeBytes": 1,
                "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": { "pk": image["pk"], "sk": image["sk"] }, "NewImage": image,
            },
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() }).to_string()
}

fn stored(name: &str) -> Value {
    let path = Path::new(ROOT).join("events/stored").join(format!("{name}.v1.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The status and the body of an answer.
fn said(reply: &edge::Reply) -> (u64, Value) {
    let reply = serde_json::to_value(reply).unwrap();
    (reply["statusCode"].as_u64().unwrap(), serde_json::from_str(reply["body"].as_str().unwrap()).unwrap())
}

#[tokio::test]
async fn a_change_goes_from_its_publication_to_every_mailbox_and_the_page() {
    let policy = policy();
    let desk = notice_change::Desk { ports: Memory::new(), policies: PolicyBook::new([policy.clone()]) };
    for name in ["ada", "grace", "joan"] {
        kept(&policy, &desk.ports, build::mail(&format!("{name}@example.com"))).await;
    }
    let nameless = Identifier::parse(IdentifierKind::Account, "account-7").unwrap();
    kept(&policy, &desk.ports, nameless).await;
    let http =
        async |event: String| said(&answer(&event, GUARD, |event| notice_change::handle(&desk, event)).await.unwrap());

    let form = json!({
        "version": "2026-07", "language": "en", "text_sha256": HASH, "url": "https://acme.example/privacy",
        "significance": "editorial", "summary": "We write to you more often.", "new_purposes": ["profiling"],
        "ask_again": ["marketing"],
    });
    let publish =
        |at: &str, form: &Value| call("POST", "/acme/v1/notices", Some("notices:write"), at, Some(form.clone()));
    let (status, published) = http(publish("2026-06-01T10:00:00Z", &form)).await;
    assert_eq!(status, 201, "{published}");
    for (member, value) in [
        ("version", json!("2026-07")),
        ("published_at", json!("2026-06-01T10:00:00Z")),
        ("effective_at", json!("2026-07-01T10:00:00Z")),
        ("significance", json!("significant")),
        ("told_by", json!("mail-and-page")),
        ("asked_again", json!(["marketing"])),
        ("clause", json!("test.changes")),
        ("accepted_from_forms", json!(false)),
    ] {
        assert_eq!(published[member], value, "{member}");
    }
    // A retry, and another text under the same version.
    let (status, again) = http(publish("2026-06-02T10:00:00Z", &form)).await;
    assert_eq!((status, &again), (200, &published));
    let mut other = form.clone();
    other["summary"] = json!("We write to you less.");
    let (status, problem) = http(publish("2026-06-02T10:00:00Z", &other)).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:habeas:problem:conflict")));
    for (change, value, pointer) in [
        ("ask_again", Value::Null, "/ask_again"),
        ("effective_at", json!("2026-06-30T10:00:00Z"), "/effective_at"),
        ("effective_at", json!("2026-05-01T10:00:00Z"), "/effective_at"),
    ] {
        let mut other = form.clone();
        other["version"] = json!("2026-08");
        other[change] = value;
        let (status, problem) = http(publish("2026-06-02T10:00:00Z", &other)).await;
        assert_eq!((status, &problem["pointer"]), (422, &json!(pointer)), "{problem}");
    }

    // The relay sends one message for the change; the queue brings it, twice.
    let id = published["change_id"].as_str().unwrap();
    let message = |step: Value| {
        json!({ "v": 1, "controller": "acme", "change": id, "at": "2026-06-01T10:00:00Z", "step": step }).to_string()
    };
    for _ in 0..2 {
        let event = queued(&[message(json!("scope"))]);
        let reply = answer(&event, GUARD, |event| notice_change::handle(&desk, event)).await.unwrap();
        assert_eq!(serde_json::to_value(&reply).unwrap(), json!({ "batchItemFailures": [] }));
    }
    let progress = call("GET", &format!("/acme/v1/notices/{id}"), Some("notices:write"), "2026-06-01T10:01:00Z", None);
    let (status, counts) = http(progress.clone()).await;
    let planned = json!({ "planned": 4, "claimed": 0, "sent": 0, "without_address": 0, "not_reached": 0 });
    assert_eq!((status, &counts["notices"]), (200, &planned));

    let keys = app::keys::Keys::controller(&desk.ports, &policy.controller).await.unwrap();
    let subjects: Vec<String> = ["ada", "grace", "joan"]
        .map(|name| keys.pepper.subject(&build::mail(&format!("{name}@example.com"))).to_string())
        .into_iter()
        .chain([keys.pepper.subject(&Identifier::parse(IdentifierKind::Account, "account-7").unwrap()).to_string()])
        .collect();
    for _ in 0..2 {
        let event = queued(&[message(json!({ "tell": { "subjects": subjects } }))]);
        answer(&event, GUARD, |event| notice_change::handle(&desk, event)).await.unwrap();
    }
    assert_eq!(desk.ports.sent().len(), 3, "nobody is told twice");
    let (_, counts) = http(progress).await;
    assert_eq!(
        counts["notices"],
        json!({ "planned": 0, "claimed": 0, "sent": 3, "without_address": 1, "not_reached": 0 })
    );

    let (status, page) = http(call("GET", "/acme/v1/notices", None, "2026-06-01T10:00:00Z", None)).await;
    assert_eq!((status, &page["current"]["version"]), (200, &json!("2026-01")));
    assert_eq!(page["notices"].as_array().unwrap().len(), 1);
    assert_eq!(page["notices"][0]["summary"], "We write to you more often.");
    assert_eq!(page["notices"][0]["new_purposes"], json!(["profiling"]));
    assert!(page["notices"][0].get("published_by").is_none(), "the page names no clerk");
}

#[tokio::test]
async fn the_relay_carries_a_change_and_its_notices_to_their_own_queue() {
    let memory = Memory::new();
    let mut by_page = stored("change");
    by_page.as_object_mut().unwrap().remove("by_mail");
    by_page["sk"] = json!({ "S": "CHANGE#EEEEEEEEEEEEEEEEEEEEEA" });
    let mut of_change = stored("notice");
    of_change["pk"] = json!({ "S": "C#scantrust#N#DDDDDDDDDDDDDDDDDDDDDA" });
    let images = [stored("change"), by_page, of_change, stored("notice"), stored("attestation"), stored("attested")];
    answer(&inserted(&images), GUARD, |event| stream_relay::handle(&memory, event)).await.unwrap();

    let steps = |queue| -> Vec<Value> {
        let read = |body: &String| serde_json::from_str::<Value>(body).unwrap();
        memory.queued(queue).iter().map(read).collect()
    };
    let tell = json!({ "tell": { "subjects": ["1.AAAAAAAAAAAAAAAAAAAAAA"] } });
    let change = |step: &Value| {
        json!({
            "v": 1, "controller": "scantrust", "change": "DDDDDDDDDDDDDDDDDDDDDA", "at": "2026-03-01T12:00:00Z",
            "step": step,
        })
    };
    assert_eq!(steps(Queue::Notice), [change(&json!("scope")), change(&tell)]);
    let of_breach = steps(Queue::Breach);
    assert_eq!(of_breach.len(), 1);
    assert_eq!((&of_breach[0]["breach"], &of_breach[0]["step"]), (&json!("BBBBBBBBBBBBBBBBBBBBBA"), &tell));
    for other in [Queue::Fulfil, Queue::Records, Queue::Purge] {
        assert!(memory.queued(other).is_empty(), "{other:?}");
    }
}

#[tokio::test]
async fn a_statement_is_never_attested_then_attested_then_due() {
    let desk = security_attest::Desk { ports: Memory::new(), policies: PolicyBook::new([policy()]) };
    let http = async |event: String| {
        said(&answer(&event, GUARD, |event| security_attest::handle(&desk, event)).await.unwrap())
    };
    let path = "/acme/v1/attestations";
    let scope = Some("attestations:write");
    let state = async |at: &str| {
        let (status, list) = http(call("GET", path, scope, at, None)).await;
        assert_eq!((status, list["attestations"].as_array().unwrap().len()), (200, 1));
        list["attestations"][0].clone()
    };
    let never = state("2026-03-01T10:00:00Z").await;
    assert_eq!((&never["state"], &never["clause"]), (&json!("never-attested"), &json!("test.encryption")));
    assert!(never.get("valid_until").is_none());

    let form = json!({
        "attestation": "encryption-at-rest", "evidence": { "title": "Report 2026", "sha256": HASH.to_uppercase() },
        "attested_on": "2026-02-20",
    });
    let record = |form: &Value| call("POST", path, scope, "2026-03-01T10:00:00Z", Some(form.clone()));
    let (status, first) = http(record(&form)).await;
    assert_eq!(status, 201, "{first}");
    // Midnight in Paris.
    assert_eq!(first["valid_until"], "2027-02-19T23:00:00Z");
    assert_eq!((&first["evidence"]["sha256"], &first["by"]), (&json!(HASH), &json!("officer-1")));
    assert_eq!(http(record(&form)).await, (200, first));
    let mut other = form.clone();
    other["evidence"]["title"] = json!("Report 2027");
    assert_eq!(http(record(&other)).await.0, 409);
    let mut tomorrow = form.clone();
    tomorrow["attested_on"] = json!("2026-03-02");
    let (status, problem) = http(record(&tomorrow)).await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/attested_on")));

    for (at, expected) in
        [("2026-03-01T10:00:00Z", "valid"), ("2027-02-10T10:00:00Z", "due"), ("2027-02-20T10:00:00Z", "lapsed")]
    {
        let shown = state(at).await;
        assert_eq!((&shown["state"], &shown["attested_on"]), (&json!(expected), &json!("2026-02-20")), "{at}");
    }
}
