//! What is public of a breach through its functions, on ports in memory: from the entry over the stream and the queue to
//! what anybody reads.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path};

use app::{breach::BreachStore, queues::Queue};
use domain::{
    breach::{Act, Actor, Decision, Entry, Head, PeopleAre},
    ids::{BreachId, StaffId},
};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, build};
use wire::stored;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };
const BREACH: &str = "BBBBBBBBBBBBBBBBBBBBBA";

fn staff() -> Actor {
    Actor::Staff(StaffId::parse("officer-1").unwrap())
}

fn in_public(at: &str) -> Entry {
    let decision = Decision { authority: true, people: PeopleAre::ToldInPublic, reason: "Nobody is known.".into() };
    Entry { at: build::at(at), by: staff(), act: Act::Decided(decision) }
}

/// One record of the stream.
fn record(change: &str, number: usize, sk: &str, image: &Value) -> Value {
    let mut image = image.clone();
    let keys = json!({ "pk": { "S": format!("C#acme#B#{BREACH}") }, "sk": { "S": sk } });
    image.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    json!({
        "eventID": format!("e{number}"), "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1", "eventName": change,
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:000000000000:table/habeas-Table/stream/1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": format!("{number}"), "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": keys, "NewImage": image, "OldImage": image,
        },
    })
}

fn typed(entry: &Entry) -> Value {
    serde_json::to_value(serde_dynamo::to_item::<_, serde_dynamo::Item>(stored::breach::Entry::new(entry)).unwrap())
        .unwrap()
}

#[tokio::test]
async fn the_relay_asks_for_what_is_public_whenever_that_may_have_changed() {
    let memory = Memory::new();
    let facts = Box::new(build::breach("breach-1", build::at("2026-01-01T00:00:00Z")).facts);
    let at = build::at("2026-01-02T00:00:00Z");
    let acts = [
        Act::FactsChanged(facts),
        Act::Closed("It is over.".into()),
        Act::Reopened("It is not.".into()),
        Act::Noted("Nothing that anybody reads.".into()),
    ];
    let entries = acts.map(|act| Entry { at, by: staff(), act });
    let mut records = vec![record("INSERT", 1, "ENTRY#000001", &typed(&in_public("2026-01-02T00:00:00Z")))];
    records.extend((2..).zip(&entries).map(|(n, entry)| record("INSERT", n, &format!("ENTRY#{n:06}"), &typed(entry))));
    let notice = |state: &str| {
        json!({
            "v": { "N": "1" }, "kind": { "S": "notice" }, "state": { "S": state },
            "planned_at": { "N": "1767225600000" }, "moved_at": { "N": "1767312000000" },
        })
    };
    let of = "NOTICE#1.AAAAAAAAAAAAAAAAAAAAAA";
    records.push(record("MODIFY", 7, of, &notice("not-reached")));
    records.push(record("MODIFY", 8, of, &notice("sent")));
    let event = json!({ "Records": records }).to_string();
    answer(&event, GUARD, |event| stream_relay::handle(&memory, event)).await.unwrap();
    let queued = memory.queued(Queue::Breach);
    let steps: Vec<Value> =
        queued.iter().map(|body| serde_json::from_str::<Value>(body).unwrap()["step"].clone()).collect();
    let public = |is_needed: bool| json!({ "public": { "is_needed": is_needed } });
    assert_eq!(steps, [public(false), public(false), public(false), public(false), public(true)]);
}

/// The event of a case, for the controller of the small policy.
fn case(name: &str, headers: &Value) -> String {
    let file = Path::new(ROOT).join(format!("events/breach-notify/{name}.json"));
    let text = fs::read_to_string(file).unwrap().replace("zentry", "acme");
    let mut payload = serde_json::from_str::<Value>(&text).unwrap()["payload"].take();
    payload["headers"].as_object_mut().unwrap().extend(headers.as_object().unwrap().clone());
    payload["requestContext"]["timeEpoch"] = json!(build::at("2026-01-09T00:00:00Z").as_millisecond());
    payload.to_string()
}

async fn get(desk: &breach_notify::Desk<Memory>, name: &str, headers: Value) -> Value {
    let reply = answer(&case(name, &headers), GUARD, |event| breach_notify::handle(desk, event)).await.unwrap();
    serde_json::to_value(&reply).unwrap()
}

#[tokio::test]
async fn whoever_is_told_in_public_reads_it_in_each_form_until_it_changes() {
    let policy = build::policy();
    let desk = breach_notify::Desk { ports: Memory::new(), policies: PolicyBook::new([policy.clone()]) };
    let empty = get(&desk, "alerts-banner", json!({})).await;
    let script = empty["body"].as_str().unwrap();
    assert!(script.len() < 4_096, "{} bytes", script.len());

    let mut breach = build::breach("breach-1", build::at("2026-01-01T00:00:00Z"));
    breach.id = BreachId::parse(BREACH).unwrap();
    let said = "</script><b>\u{2028}";
    breach.facts.texts.values_mut().next().unwrap().description = said.into();
    let head = Head { is_open: true, next_at: None };
    desk.ports.declare_breach(&policy.controller, &breach, &build::id("form"), &head).await.unwrap();
    let decided = in_public("2026-01-02T00:00:00Z");
    assert!(desk.ports.append_breach(&policy.controller, &breach.id, 1, &decided, &head).await.unwrap());
    let file = Path::new(ROOT).join("events/breach-notify/queue-public-unknown-breach.json");
    let mut queued = serde_json::from_str::<Value>(&fs::read_to_string(file).unwrap()).unwrap()["payload"].take();
    let message = json!({
        "v": 1, "controller": "acme", "breach": BREACH, "at": "2026-01-02T00:00:00Z",
        "step": { "public": { "is_needed": false } },
    });
    queued["Records"][0]["body"] = json!(message.to_string());
    for _ in 0..2 {
        let reply = answer(&queued.to_string(), GUARD, |event| breach_notify::handle(&desk, event)).await.unwrap();
        assert_eq!(serde_json::to_value(&reply).unwrap()["batchItemFailures"], json!([]));
    }

    let json_answer = get(&desk, "alerts", json!({ "accept-language": "fr-CH, en;q=0.5" })).await;
    let headers = &json_answer["headers"];
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["cache-control"], "public, max-age=60");
    assert_eq!(headers["last-modified"], "Fri, 02 Jan 2026 00:00:00 GMT");
    let body: Value = serde_json::from_str(json_answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["alerts"].as_array().unwrap().len(), 1);
    let alert = &body["alerts"][0];
    assert_eq!((&alert["language"], &alert["texts_language"]), (&json!("fr"), &json!("en")));
    assert_eq!((&alert["description"], &alert["published_at"]), (&json!(said), &json!("2026-01-02T00:00:00Z")));
    assert!(!body.to_string().contains("Logs in public"), "what the register calls it is the office's");
    // Whoever has it is told so, and nothing else.
    let again = get(&desk, "alerts", json!({ "accept-language": "fr", "if-none-match": headers["etag"] })).await;
    assert_eq!((&again["statusCode"], &again["body"]), (&json!(304), &json!("")));
    assert_eq!(again["headers"]["etag"], headers["etag"]);
    let other = get(&desk, "alerts", json!({ "accept-language": "de", "if-none-match": headers["etag"] })).await;
    assert_eq!(other["statusCode"], 200);

    let script = get(&desk, "alerts-banner", json!({})).await;
    let text = script["body"].as_str().unwrap();
    assert!(!text.contains("</script") && !text.contains('\u{2028}') && text.contains("\\u003c/script>"), "{text}");
    assert_eq!(script["headers"]["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script["headers"]["cross-origin-resource-policy"], "cross-origin");
    let feed = get(&desk, "alerts-feed", json!({})).await;
    assert_eq!(feed["headers"]["content-type"], "application/atom+xml; charset=utf-8");
    assert!(feed["body"].as_str().unwrap().contains("&lt;/script&gt;&lt;b&gt;"));
    let page = get(&desk, "alerts-page", json!({})).await;
    assert!(page["headers"]["content-security-policy"].as_str().unwrap().starts_with("default-src 'none'"));
    assert!(page["headers"].get("access-control-allow-origin").is_none(), "a page is no data");
    assert!(page["body"].as_str().unwrap().contains("Was geschehen ist"));
}
