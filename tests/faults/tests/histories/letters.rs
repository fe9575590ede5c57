//! Histories of queues that give up: messages as large as SQS takes, poison among them, dead letters and their redrive; and
//! forms that are too large.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use edge::http::{BODY_BYTES_MAX, RECORDS_BODY_BYTES_MAX};
use fault_tests::{
    history::{MARK, case, draw_plan, histories, turn},
    services::MESSAGE_BYTES_MAX,
    table::TABLE,
    world::{Call, Function, World},
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use crate::{
    breaches, consents, requests,
    retention::{self, DAY, deleted_as_evidence_says, subject, time},
};

/// How long a message that failed waits, as the template has it for records in production.
const RETRY_MILLIS: i64 = 180_000;

/// Longest value of a field of a record.
const FIELD_BYTES: usize = 4_000;

/// A message with records, some of which are refused.
struct Parcel {
    number: usize,
    records: usize,
    /// Of how many bytes each field is.
    field_bytes: usize,
    /// Whether one of them can never be read.
    has_poison: bool,
    sent: Cell<bool>,
}

/// An event whose time cannot be read, whatever the policy.
fn unreadable(number: usize) -> Value {
    json!({ "type": "trigger", "occurred_at": "yesterday", "subject": { "kind": "account", "value": "nobody" },
        "event": format!("odd-{number}") })
}

fn send(world: &World, parcel: &Parcel) {
    let record = |n: usize| {
        json!({
            "type": "record", "occurred_at": time(world.now()), "subject": subject(n % 2), "category": "security-ip",
            "purpose": "security.abuse-detection", "locator": format!("systems/{MARK}/{}/{n}", parcel.number),
            "fields": { "ip_address": MARK.repeat(parcel.field_bytes / MARK.len()) },
        })
    };
    let mut events: Vec<Value> = (0..parcel.records).map(record).collect();
    if parcel.has_poison {
        events.insert(events.len() / 2, unreadable(parcel.number));
    }
    let mut body = json!({ "v": 1, "controller": "scantrust", "events": events }).to_string();
    assert!(body.len() <= MESSAGE_BYTES_MAX, "SQS takes no such message: {}", body.len());
    if parcel.records > 100 {
        // As large as SQS takes it.
        body.push_str(&" ".repeat(MESSAGE_BYTES_MAX - body.len()));
    }
    world.account.aws().queues.send("records", &body, None, 0);
    parcel.sent.set(true);
}

/// Something that cannot be read at all, as large as SQS takes it: there is no room for a reason beside it.
fn send_rubbish(world: &World) -> String {
    let body = format!("{{\"v\":1,\"rubbish\":\"{}\"", "x".repeat(MESSAGE_BYTES_MAX))[..MESSAGE_BYTES_MAX].to_owned();
    world.account.aws().queues.send("records", &body, None, 0);
    body
}

/// A form of so many bytes, the last of them blank.
async fn capture(world: &World, number: usize, bytes: usize) -> Option<u64> {
    let key = format!("large-{number}");
    let call = Call {
        method: "POST",
        path: "/v1/consents",
        controller: "scantrust",
        parameters: Vec::new(),
        headers: vec![("idempotency-key", &key)],
        body: json!({
            "subject": { "kind": "mail", "value": format!("{MARK}.{number}@example.org") },
            "purposes": { "trackers.preferences": "refused" }, "language": "en", "method": "form:preferences",
        }),
        staff: None,
        at: world.now(),
        id: &key,
    };
    Some(padded(world, Function::ConsentCapture, call.payload(), bytes).await?.0)
}

async fn padded(world: &World, function: Function, mut payload: Value, bytes: usize) -> Option<(u64, Value)> {
    let body = payload["body"].as_str().unwrap().to_owned();
    payload["body"] = json!(format!("{body}{}", " ".repeat(bytes - body.len())));
    world.invoke(function, &payload).await.http().filter(|(status, _)| *status != 503)
}

pub(crate) async fn history(world: &World) {
    world.gives_up.set(true);
    world.comes_again.set(RETRY_MILLIS);
    draw_plan(world);
    let is_bad = world.percent(50);
    if is_bad {
        // An outage: three deliveries are not enough.
        world.account.aws().plan.per_mille = 300;
    }
    let parcels: Vec<Parcel> = (0..1 + world.below(3))
        .map(|number| {
            let is_large = world.percent(8);
            Parcel {
                number,
                records: if is_large { 230 } else { 1 + world.below(4) },
                field_bytes: if is_large { FIELD_BYTES } else { 8 },
                has_poison: world.percent(30),
                sent: Cell::default(),
            }
        })
        .collect();
    let (mut rubbish, forms) = (None, [BODY_BYTES_MAX, BODY_BYTES_MAX + 1]);
    let accepted = RefCell::new(BTreeSet::new());
    for _ in 0..5 + world.below(6) {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        match world.below(4) {
            0 | 1 => {
                if let Some(parcel) = parcels.iter().find(|parcel| !parcel.sent.get()).filter(|_| world.happens()) {
                    send(world, parcel);
                }
            }
            2 if rubbish.is_none() && world.percent(50) && world.happens() => rubbish = Some(send_rubbish(world)),
            _ => {
                let number = world.below(forms.len());
                let accepted = &accepted;
                acts.push(Box::pin(async move {
                    match capture(world, number, forms[number]).await {
                        Some(413) => assert!(number == 1, "a form within the limit is too large"),
                        Some(200 | 201) => {
                            assert!(number == 0, "a form above the limit is taken in");
                            accepted.borrow_mut().insert(number);
                        }
                        None => {}
                        Some(status) => panic!("a large form is answered with {status}"),
                    }
                }));
            }
        }
        turn(world, acts).await;
    }
    world.calm();
    for parcel in parcels.iter().filter(|parcel| !parcel.sent.get()) {
        send(world, parcel);
    }
    world.rest().await;
    check(world, &parcels, rubbish.as_deref(), accepted.borrow().len());
    // Poison that is redriven comes back.
    world.redrive();
    world.rest().await;
    check(world, &parcels, rubbish.as_deref(), accepted.borrow().len());
}

fn check(world: &World, parcels: &[Parcel], rubbish: Option<&str>, accepted: usize) {
    deleted_as_evidence_says(world);
    let aws = world.account.aws();
    let standing = |prefix: &str| aws.tables.items(TABLE).filter(|((_, sk), _)| sk.starts_with(prefix)).count();
    let records: usize = parcels.iter().map(|parcel| parcel.records).sum();
    assert_eq!(standing("RECORD#"), records, "a record of a message was lost");
    assert!(standing("CONSENT#") >= accepted && standing("CONSENT#") <= 1, "a form above the limit is stored");
    let mut poison: BTreeSet<String> = rubbish.map(str::to_owned).into_iter().collect();
    let alone = |parcel: &Parcel| {
        json!({ "v": 1, "controller": "scantrust", "events": [unreadable(parcel.number)] }).to_string()
    };
    poison.extend(parcels.iter().filter(|parcel| parcel.has_poison).map(alone));
    let read =
        |body: &str| serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), |body| body.to_string());
    let poison: BTreeSet<String> = poison.iter().map(|body| read(body)).collect();
    let dead: BTreeSet<String> = aws.queues.dead().map(|message| read(&message.body)).collect();
    let short =
        |bodies: &BTreeSet<String>| bodies.iter().map(|body| body.chars().take(200).collect()).collect::<Vec<String>>();
    assert!(dead == poison, "dead letters are not the poison alone: {:?} {:?}", short(&dead), short(&poison));
}

#[test]
fn what_a_queue_gives_up_is_done_after_its_redrive_and_poison_alone_stays() {
    histories("letters::what_a_queue_gives_up_is_done_after_its_redrive_and_poison_alone_stays", 50, history);
}

#[test]
fn whatever_a_queue_gives_up_keeps_every_promise_after_its_redrive() {
    histories("letters::whatever_a_queue_gives_up_keeps_every_promise_after_its_redrive", 50, async |world: &World| {
        world.gives_up.set(true);
        match world.below(4) {
            0 => consents::history(world).await,
            1 => retention::history(world).await,
            2 => requests::history(world).await,
            _ => breaches::history(world).await,
        }
    });
}

#[test]
fn a_list_of_records_as_long_as_may_be_is_taken_in_and_a_longer_one_is_not() {
    case(async |world: &World| {
        let event = json!({
            "type": "record", "occurred_at": time(world.now() - DAY), "subject": subject(0),
            "category": "security-ip", "purpose": "security.abuse-detection", "locator": format!("systems/{MARK}"),
            "fields": { "ip_address": MARK },
        });
        let call = Call {
            method: "POST",
            path: "/v1/records",
            controller: "scantrust",
            parameters: Vec::new(),
            headers: Vec::new(),
            body: json!({ "events": [event] }),
            staff: Some(("records:write", "system")),
            at: world.now(),
            id: "r",
        };
        for (bytes, expected) in [(RECORDS_BODY_BYTES_MAX + 1, 413), (RECORDS_BODY_BYTES_MAX, 200)] {
            let (status, answer) = padded(world, Function::RetentionTrack, call.payload(), bytes).await.unwrap();
            assert_eq!(status, expected, "{answer}");
            let stands = world.account.aws().tables.items(TABLE).any(|((_, sk), _)| sk.starts_with("RECORD#"));
            assert_eq!(stands, expected == 200, "what is refused is not stored");
        }
    });
}
