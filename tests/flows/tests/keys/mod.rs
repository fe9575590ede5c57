//! Keys on the local AWS: what a destruction between reading a key and writing under it comes to, what calls they
//! cost, counted at the wire, and their rotation.

use app::{
    capture_consent::ConsentLedger,
    capture_mail::{CaptureMail, CaptureMails, ConfidingLedger},
    disclose::DisclosureLog,
    error::Appended,
    keys::Keys,
    records::RecordStore,
    requests::{Confided, RequestLog},
    systems::SystemData,
};
use aws::{Cloud, Settings};
use domain::{
    consent::{Choice, ConsentEvent},
    disclosure::{Disclosure, References},
    dsar::{Act, Actor, Ask, Entry, Head, Received, RequestState, RequestType},
    ids::{ControllerId, SystemId},
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use testkit::{
    build::{at, consent, content, id, received, record, request, subject},
    contract::fresh_controller,
    recipients::disclosure,
};

use crate::{Stack, endpoint::Wire, signed_for};

const ADA: &str = "ada@example.com";

/// Far enough ahead that no item is taken by its TTL meanwhile.
fn now() -> Timestamp {
    at("2040-01-01T00:00:00Z")
}

/// A cloud whose calls go over the wire.
async fn wired(stack: &Stack) -> (Cloud, Wire) {
    let settings = stack.settings();
    let wire = Wire::to(settings.endpoint_url.as_deref().unwrap()).await;
    (Cloud::new(Settings { endpoint_url: Some(wire.url.clone()), ..settings }), wire)
}

/// Does something while the subject's key is destroyed right before its first call named so reaches AWS.
async fn while_the_key_goes<T>(
    stack: &Stack,
    wire: &Wire,
    controller: &ControllerId,
    call: &str,
    something: impl Future<Output = T>,
) -> T {
    let stopped = wire.stop(call);
    let other = async {
        let stopped = stopped.await;
        stack.cloud().destroy_subject_key(controller, &subject(ADA), now()).await.unwrap();
        stopped.go_on();
    };
    tokio::join!(something, other).0
}

const WRITE: &str = "dynamodb:TransactWriteItems";

#[tokio::test]
async fn a_record_that_meets_the_destruction_of_its_key_is_written_under_a_later_one() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let (first, second) = (record(&subject(ADA), "log-1", now()), record(&subject(ADA), "log-2", now()));
    cloud.insert_record(&controller, &first, &content(ADA, "log-1")).await.unwrap();
    let written = content(ADA, "log-2");
    let insert = cloud.insert_record(&controller, &second, &written);
    let appended = while_the_key_goes(&stack, &wire, &controller, WRITE, insert).await.unwrap();
    assert_eq!(appended, Appended::Fresh);
    assert_eq!(cloud.content(&controller, &second.subject, &second.id).await.unwrap(), Some(written));
    assert_eq!(cloud.content(&controller, &first.subject, &first.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_correction_that_meets_the_destruction_of_its_key_is_written_under_a_later_one() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let log = record(&subject(ADA), "log-1", now());
    cloud.insert_record(&controller, &log, &content(ADA, "log-1")).await.unwrap();
    let corrected = content(ADA, "log-2");
    let correct = cloud.correct_record(&controller, &log, &corrected);
    while_the_key_goes(&stack, &wire, &controller, WRITE, correct).await.unwrap();
    assert_eq!(cloud.content(&controller, &log.subject, &log.id).await.unwrap(), Some(corrected));
}

#[tokio::test]
async fn a_request_and_its_entries_that_meet_the_destruction_of_their_key_are_read_as_written() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let key = request(&controller, &subject(ADA), "request-1");
    let asked = received(RequestType::Access, now());
    let head = head_of(&asked);
    let confided = Confided { contact: Some(Sensitive::new(ADA.to_owned())), ..Confided::default() };
    let form = id("form");
    let receive = cloud.receive(&key, &asked, &confided, &form, &head);
    let appended = while_the_key_goes(&stack, &wire, &controller, WRITE, receive).await.unwrap();
    assert_eq!(appended, Appended::Fresh);
    assert_eq!(cloud.request(&key).await.unwrap().unwrap().confided, confided);

    let entry = Entry { at: now(), by: Actor::Requester, act: Act::Replied(Ask::Clarification) };
    let text = Sensitive::new("My latest order.".to_owned());
    let append = cloud.append(&key, 1, &entry, Some(&text), &head);
    assert!(while_the_key_goes(&stack, &wire, &controller, WRITE, append).await.unwrap());
    let stored = cloud.request(&key).await.unwrap().unwrap();
    assert_eq!(stored.texts.get(&1), Some(&text));
    // What was given before the destruction is gone with its key.
    assert_eq!(stored.confided, Confided::default());
}

#[tokio::test]
async fn an_address_beside_a_consent_that_meets_the_destruction_of_its_key_is_read_as_written() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let event = given("capture-1");
    let guardian = Sensitive::new("guardian@example.com".to_owned());
    let append = cloud.append_confided(&controller, &event, CaptureMail::Guardian, &guardian);
    while_the_key_goes(&stack, &wire, &controller, WRITE, append).await.unwrap();
    let read = cloud.mail_address(&controller, &subject(ADA), &event.id, CaptureMail::Guardian).await;
    assert_eq!(read.unwrap(), Some(guardian));
}

#[tokio::test]
async fn what_a_disclosure_refers_to_is_read_as_written_though_its_key_went_meanwhile() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let (disclosed, references) = referring();
    let append = cloud.append_disclosure(&controller, &disclosed, &references);
    while_the_key_goes(&stack, &wire, &controller, WRITE, append).await.unwrap();
    let logged = cloud.disclosures(&controller, &subject(ADA)).await.unwrap();
    assert_eq!(logged[0].references, Some(references));
}

#[tokio::test]
async fn what_a_system_handed_over_under_a_key_that_went_meanwhile_is_kept_under_a_later_one() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let key = request(&controller, &subject(ADA), "request-1");
    let data = Sensitive::new("{\"orders\":[]}".to_owned());
    let crm = SystemId::parse("crm").unwrap();
    let keep = cloud.keep_data(&key, &crm, &data, now());
    let object = while_the_key_goes(&stack, &wire, &controller, "s3:PUT", keep).await.unwrap();
    assert_eq!(wire.calls("s3:PUT"), 2);
    assert_eq!(cloud.system_data(&key, &object).await.unwrap(), Some(data));
}

#[tokio::test]
async fn an_environment_calls_kms_once_for_a_controller_whatever_it_does() {
    let stack = Stack::read();
    let (first, _) = wired(&stack).await;
    let controller = fresh_controller(&first);
    first.controller(&controller).await.unwrap();

    let (cloud, wire) = wired(&stack).await;
    let people: Vec<_> = (0..20).map(|n| format!("person-{n}@example.com")).collect();
    for person in &people {
        let log = record(&subject(person), "log-1", now());
        cloud.insert_record(&controller, &log, &content(person, "log-1")).await.unwrap();
        assert!(cloud.content(&controller, &log.subject, &log.id).await.unwrap().is_some());
    }
    let (a, b) = tokio::join!(cloud.controller(&controller), cloud.controller(&controller));
    assert!(a.is_ok() && b.is_ok());
    println!("{} registrations of new people, each read once: {:?}", people.len(), wire.all());
    assert_eq!(wire.calls("kms:"), 1, "{:?}", wire.all());
    // A registration reads its subject's key, and makes it for somebody new; a reading reads it.
    let key_calls = people.len() * 4 + 1;
    assert_eq!(wire.calls("dynamodb:GetItem") + wire.calls("dynamodb:PutItem"), key_calls, "{:?}", wire.all());
}

#[tokio::test]
async fn an_event_without_personal_fields_reads_no_key_and_makes_none() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    cloud.append_consent(&controller, &given("capture-1")).await.unwrap();
    let key = request(&controller, &subject(ADA), "request-1");
    let asked = received(RequestType::Access, now());
    let head = head_of(&asked);
    cloud.receive(&key, &asked, &Confided::default(), &id("form"), &head).await.unwrap();
    let entry = Entry { at: now(), by: Actor::Requester, act: Act::Replied(Ask::Clarification) };
    assert!(cloud.append(&key, 1, &entry, None, &head).await.unwrap());
    assert!(cloud.request(&key).await.unwrap().is_some());
    assert!(cloud.append_disclosure(&controller, &referring().0, &References::new()).await.is_ok());
    assert_eq!((wire.calls("kms:"), wire.calls("dynamodb:GetItem")), (0, 0), "{:?}", wire.all());
    assert_eq!(key_items(&stack, &controller), 0);
}

fn referring() -> (Disclosure, References) {
    disclosure(&subject(ADA), "disclosure-1", now() - 1.hour())
}

fn given(capture: &str) -> ConsentEvent {
    consent(&subject(ADA), capture, now(), &[("marketing", Choice::Given)])
}

fn head_of(received: &Received) -> Head {
    RequestState::new(received.clone()).head(received.due_at, Some(received.due_at))
}

/// Calls DynamoDB with no code of ours in between.
fn dynamodb(stack: &Stack, operation: &str, body: &Value) -> Value {
    let answer = ureq::post(stack.text("/endpoint"))
        .header("Authorization", signed_for("dynamodb"))
        .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
        .header("Content-Type", "application/x-amz-json-1.0")
        .send(body.to_string());
    serde_json::from_str(&answer.unwrap().body_mut().read_to_string().unwrap()).unwrap()
}

/// The items of a controller in the table of keys, as they stand.
fn keys_of(stack: &Stack, controller: &ControllerId) -> Vec<Value> {
    let body = json!({
        "TableName": stack.output("KeyTable"),
        "ConsistentRead": true,
        "FilterExpression": "begins_with(pk, :pk)",
        "ExpressionAttributeValues": { ":pk": { "S": format!("C#{controller}") } },
    });
    dynamodb(stack, "Scan", &body)["Items"].as_array().unwrap().clone()
}

/// Writes a subject's key as it was written before keys had names and versions.
fn age(stack: &Stack, controller: &ControllerId) {
    let keys = keys_of(stack, controller);
    let mut item = keys.iter().find(|item| item["pk"]["S"].as_str().unwrap().contains("#S#")).unwrap().clone();
    for attribute in ["name", "wrap"] {
        item.as_object_mut().unwrap().remove(attribute).unwrap();
    }
    dynamodb(stack, "PutItem", &json!({ "TableName": stack.output("KeyTable"), "Item": item }));
}

fn key_items(stack: &Stack, controller: &ControllerId) -> usize {
    keys_of(stack, controller).len()
}

#[tokio::test]
async fn a_rotation_wraps_every_key_again_and_everything_reads_before_during_and_after() {
    let stack = Stack::read();
    let (cloud, warm) = (stack.cloud(), stack.cloud());
    let controller = fresh_controller(&cloud);
    let people: Vec<_> = (0..5).map(|n| format!("person-{n}@example.com")).collect();
    let register = async |cloud: &Cloud, person: &str| {
        let log = record(&subject(person), "log-1", now());
        cloud.insert_record(&controller, &log, &content(person, "log-1")).await.unwrap();
    };
    let all_read = async |cloud: &Cloud, people: &[String]| {
        for person in people {
            let log = record(&subject(person), "log-1", now());
            let read = cloud.content(&controller, &log.subject, &log.id).await.unwrap();
            assert_eq!(read, Some(content(person, "log-1")), "{person}");
        }
    };
    for person in &people[..4] {
        register(&cloud, person).await;
    }
    // A warm function knows the earlier secret alone.
    all_read(&warm, &people[..4]).await;
    let sealed_before = warm.controller(&controller).await.unwrap();
    let wrapped = |items: &[Value]| -> Vec<String> {
        items.iter().map(|item| item["wrapped"]["B"].as_str().unwrap().to_owned()).collect()
    };
    let before = wrapped(&keys_of(&stack, &controller));

    let begun = cloud.rotate_keys(&controller, now()).await.unwrap();
    assert_eq!((begun.version, begun.wrapped, begun.ends_at), (2, 4, Some(now() + 24.hours())));
    // It goes on wrapping under the earlier one until it reads something newer.
    register(&warm, &people[4]).await;
    all_read(&warm, &people).await;
    all_read(&stack.cloud(), &people).await;

    // Begun again too early, it only wraps what has come since.
    let again = cloud.rotate_keys(&controller, now() + 23.hours()).await.unwrap();
    assert_eq!((again.version, again.wrapped, again.ends_at), (2, 1, Some(now() + 24.hours())));
    let ended = cloud.rotate_keys(&controller, now() + 24.hours()).await.unwrap();
    assert_eq!((ended.version, ended.wrapped, ended.ends_at), (2, 0, None));
    let items = keys_of(&stack, &controller);
    assert!(wrapped(&items).iter().all(|wrapped| !before.contains(wrapped)), "{items:?}");
    let subjects = items.iter().filter(|item| item["pk"]["S"].as_str().unwrap().contains("#S#"));
    assert!(subjects.clone().count() == 5 && subjects.clone().all(|item| item["wrap"]["N"] == "2"), "{items:?}");
    for cloud in [&warm, &cloud, &stack.cloud()] {
        all_read(cloud, &people).await;
    }
    // References go on: the pepper stays.
    let mail = testkit::build::mail(ADA);
    let after = stack.cloud().controller(&controller).await.unwrap();
    assert_eq!(sealed_before.pepper.subject(&mail), after.pepper.subject(&mail));
    // And the next one counts on.
    let next = stack.cloud().rotate_keys(&controller, now() + 48.hours()).await.unwrap();
    assert_eq!((next.version, next.wrapped), (3, 5));
    all_read(&warm, &people).await;
}

#[tokio::test]
async fn a_key_that_is_destroyed_while_it_is_wrapped_again_stays_destroyed() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let log = record(&subject(ADA), "log-1", now());
    cloud.insert_record(&controller, &log, &content(ADA, "log-1")).await.unwrap();
    cloud.rotate_keys(&controller, now()).await.unwrap();
    cloud.rotate_keys(&controller, now() + 24.hours()).await.unwrap();
    // The first update of the next one stores its secrets, the second wraps the key.
    let stopped = wire.stop("dynamodb:UpdateItem");
    let other = async {
        let secrets = stopped.await;
        let wrapping = wire.stop("dynamodb:UpdateItem");
        secrets.go_on();
        let wrapping = wrapping.await;
        stack.cloud().destroy_subject_key(&controller, &subject(ADA), now()).await.unwrap();
        wrapping.go_on();
    };
    let (rotated, ()) = tokio::join!(cloud.rotate_keys(&controller, now() + 48.hours()), other);
    assert_eq!(rotated.unwrap().wrapped, 0);
    assert_eq!(key_items(&stack, &controller), 1, "the controller's own");
    assert_eq!(cloud.content(&controller, &log.subject, &log.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_from_before_keys_had_names_serves_on_through_a_rotation() {
    let stack = Stack::read();
    let (cloud, wire) = wired(&stack).await;
    let controller = fresh_controller(&cloud);
    let logs: Vec<_> = (0..3).map(|n| record(&subject(ADA), &format!("log-{n}"), now())).collect();
    cloud.insert_record(&controller, &logs[0], &content(ADA, "log")).await.unwrap();
    age(&stack, &controller);
    cloud.insert_record(&controller, &logs[1], &content(ADA, "log")).await.unwrap();
    // It is wrapped again between reading and writing: the key is the same one still.
    let stopped = wire.stop(WRITE);
    let log = content(ADA, "log");
    let insert = cloud.insert_record(&controller, &logs[2], &log);
    let other = async {
        let stopped = stopped.await;
        stack.cloud().rotate_keys(&controller, now()).await.unwrap();
        stopped.go_on();
    };
    let (inserted, ()) = tokio::join!(insert, other);
    assert_eq!((inserted.unwrap(), wire.calls(WRITE)), (Appended::Fresh, 3));
    for log in &logs {
        assert!(cloud.content(&controller, &log.subject, &log.id).await.unwrap().is_some());
    }
}
