//! What is left of a person after their erasure, looked for in every byte that the deployed stack stores: every item
//! of every table and of its stream, every version of every object, every message and every log line. The mails alone
//! are left out: they went to the person. And a backup of the table from before, put back, opens with nothing that is
//! stored.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::collections::BTreeSet;

use app::{disclose::DisclosureLog, records::RecordStore, requests::RequestLog};
use aws::{Cloud, Settings};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::ids::{ControllerId, RecordId, SubjectRef};
use habeas_cli::{
    client::{Answer, Call, escaped},
    world::{World, link_in, record, subject, wait_for},
};
use serde_json::{Value, json};

const CONTROLLER: &str = "identance";

/// A call to AWS with no code of the product in between.
fn signed(world: &World, service: &str, method: &'static str, path: &str) -> Call<'static> {
    let region = &world.stack.region;
    let credential = format!("Credential=test/20260101/{region}/{service}/aws4_request");
    Call::new(method, format!("{}/{path}", world.stack.endpoint))
        .with("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none"))
}

fn aws_json(world: &World, target: &str, body: &Value) -> Value {
    let service = if target.starts_with("AmazonSQS") { "sqs" } else { "dynamodb" };
    let call = signed(world, service, "POST", "")
        .with("x-amz-target", target.to_owned())
        .with("content-type", "application/x-amz-json-1.0")
        .body(body.to_string());
    world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap()
}

/// A place and what stands there, a character for each byte.
type Found = (String, String);

fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Every text and every binary of an item or a message, binaries as they are and not as base64.
fn flatten(value: &Value, into: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                into.push_str(name);
                into.push('\n');
                match value.as_str().filter(|_| name == "B").and_then(|text| BASE64_STANDARD.decode(text).ok()) {
                    Some(bytes) => into.push_str(&characters(&bytes)),
                    None => flatten(value, into),
                }
                into.push('\n');
            }
        }
        Value::Array(values) => values.iter().for_each(|value| flatten(value, into)),
        Value::String(text) => into.push_str(text),
        other => into.push_str(&other.to_string()),
    }
}

/// Each of several items or messages.
fn each(place: &str, values: &Value, into: &mut Vec<Found>) {
    for value in values.as_array().unwrap() {
        let mut text = String::new();
        flatten(value, &mut text);
        into.push((place.to_owned(), text));
    }
}

fn tables(world: &World, into: &mut Vec<Found>) {
    let listed = aws_json(world, "DynamoDB_20120810.ListTables", &json!({}));
    assert!(listed["LastEvaluatedTableName"].is_null(), "one page of tables");
    let names: Vec<_> = listed["TableNames"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["Table", "KeyTable", "TombstoneTable"] {
        assert!(names.contains(&world.stack.output(name).unwrap()), "{names:?}");
    }
    for table in names {
        let mut question = json!({ "TableName": table, "ConsistentRead": true });
        loop {
            let page = aws_json(world, "DynamoDB_20120810.Scan", &question);
            each(table, &page["Items"], into);
            if page["LastEvaluatedKey"].is_null() {
                break;
            }
            question["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }
}

fn streams(world: &World, into: &mut Vec<Found>) {
    let call = |operation: &str, body: Value| aws_json(world, &format!("DynamoDBStreams_20120810.{operation}"), &body);
    let listed = call("ListStreams", json!({}));
    for stream in listed["Streams"].as_array().unwrap() {
        let described = call("DescribeStream", json!({ "StreamArn": stream["StreamArn"] }));
        for shard in described["StreamDescription"]["Shards"].as_array().unwrap() {
            let from = json!({
                "StreamArn": stream["StreamArn"], "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON",
            });
            let mut iterator = call("GetShardIterator", from)["ShardIterator"].clone();
            loop {
                let page = call("GetRecords", json!({ "ShardIterator": iterator }));
                let records = page["Records"].as_array().unwrap();
                each("the stream", &page["Records"], into);
                iterator = page["NextShardIterator"].clone();
                if records.is_empty() || iterator.is_null() {
                    break;
                }
            }
        }
    }
}

fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

fn get(world: &World, path: &str) -> Answer {
    world.client.send(&signed(world, "s3", "GET", path)).unwrap().expect(&[200]).unwrap()
}

fn objects(world: &World, into: &mut Vec<Found>) {
    let buckets = get(world, "").text();
    // Other tests make buckets of their own, some in another region, beside those of the stack.
    let of_stack = world.stack.outputs.values().cloned().collect::<BTreeSet<_>>();
    for bucket in texts(&buckets, "Name").into_iter().filter(|bucket| of_stack.contains(*bucket)) {
        let mut after = String::new();
        loop {
            let page = get(world, &format!("{bucket}?versions{after}")).text();
            for version in page.split("<Version>").skip(1) {
                let (key, id) = (texts(version, "Key")[0], texts(version, "VersionId")[0]);
                let place = format!("{bucket}/{key}");
                into.push((place.clone(), key.to_owned()));
                let path = key.split('/').map(escaped).collect::<Vec<_>>().join("/");
                let body = get(world, &format!("{bucket}/{path}?versionId={id}")).body;
                into.push((place, characters(&body)));
            }
            let next = (texts(&page, "NextKeyMarker"), texts(&page, "NextVersionIdMarker"));
            match (texts(&page, "IsTruncated").first(), next.0.first()) {
                (Some(&"true"), Some(key)) => {
                    let version = next.1.first().copied().unwrap_or_default();
                    after = format!("&key-marker={}&version-id-marker={version}", escaped(key));
                }
                _ => break,
            }
        }
    }
}

fn queues(world: &World, into: &mut Vec<Found>) {
    let listed = aws_json(world, "AmazonSQS.ListQueues", &json!({}));
    for queue in listed["QueueUrls"].as_array().unwrap().iter().filter_map(Value::as_str) {
        loop {
            let letters = world.cloud.peek(queue, 5).unwrap();
            if letters.is_empty() {
                break;
            }
            into.extend(letters.iter().map(|letter| (queue.to_owned(), format!("{letter:?}"))));
        }
    }
}

/// Every byte that is stored, with its place.
fn everything(world: &World) -> Vec<Found> {
    let mut found = Vec::new();
    tables(world, &mut found);
    streams(world, &mut found);
    objects(world, &mut found);
    queues(world, &mut found);
    let lines = world.cloud.log_lines(world.start).unwrap();
    found.extend(lines.into_iter().map(|line| ("a log".to_owned(), line)));
    found
}

/// Where a text stands, as it is or as base64.
fn places(everything: &[Found], text: &str) -> Vec<String> {
    // Whatever stands before it moves its base64 by a byte or two; the ends depend on the neighbours.
    let shifted = (0..3).map(|shift| {
        let encoded = BASE64_STANDARD.encode([&vec![b'x'; shift], text.as_bytes()].concat());
        encoded[4.min(4 * shift)..encoded.len() - 4].to_owned()
    });
    let parts: Vec<_> = std::iter::once(text.to_owned()).chain(shifted).collect();
    let found = everything.iter().filter(|(_, stands)| parts.iter().any(|part| stands.contains(part.as_str())));
    found.map(|(place, _)| place.clone()).collect()
}

/// The product's own reader on this stack.
fn cloud(world: &World) -> Cloud {
    let output = |name: &str| Some(world.stack.output(name).unwrap().to_owned());
    Cloud::new(Settings {
        region: world.stack.region.clone(),
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        endpoint_url: Some(world.stack.endpoint.clone()),
        table: output("Table"),
        key_table: output("KeyTable"),
        key_id: output("ControllerKeyId"),
        ..Settings::default()
    })
}

#[test]
fn after_an_erasure_no_stored_byte_is_theirs_and_no_backup_opens() {
    let (world, _alone) = stack::world();
    let address = world.address("every-byte");
    let who = subject("mail", &address);
    let unique = |what: &str| world.name(what).replace('-', "");
    let [name, locator, reference] = ["fullname", "locator", "reference"].map(unique);

    // As much as the product may know of a person: a record, a disclosure of it, a copy, requests.
    let kept = record(world.start, &who, "contact", "service-delivery", &locator, &json!({ "name": name }));
    let kept = world.keep(CONTROLLER, &kept).unwrap();
    let disclosed = json!({
        "recipient": "service-provider", "subject": who, "categories": ["contact"], "purpose": "service-delivery",
        "occurred_at": world.start.to_string(), "country": "FR",
        "references": { "obligations": reference, "processing-agreement": "p 7", "published-row": "r 7" },
    });
    let path = format!("/{CONTROLLER}/v1/disclosures");
    let logged = world.post_as_staff(&path, "disclosures:write", CONTROLLER, &disclosed).unwrap();
    logged.expect(&[200, 201]).unwrap();
    let access = world.ask(CONTROLLER, &json!({ "type": "access", "subject": who, "residence": "FR" })).unwrap();
    world.confirm_by_mail(&address, &access).unwrap();
    assert_eq!(world.decided(&access).unwrap().outcome.as_deref(), Some("exported"));
    let mail = world.mail_to(&address, &format!("{}/export?token=", access.request_id)).unwrap();
    assert!(link_in(&mail.text).is_some());

    // Before, the copy that they asked for holds it all, and nothing else does in clear.
    let before = everything(&world);
    let exports = world.stack.output("ExportsBucket").unwrap();
    let seeded = [&address, &name, &locator, &reference];
    for text in seeded {
        let places = places(&before, text);
        // The copy names what was disclosed, and leaves out what was said to refer to it.
        assert!(!places.is_empty() || text == &reference, "{text} is looked for in vain: the search is blind");
        assert!(places.iter().all(|place| place.starts_with(exports)), "{text} stands in {places:?}");
    }
    let of_person = |table: &str| {
        let key = json!({ ":pk": { "S": kept.partition } });
        let question = json!({
            "TableName": world.stack.output(table).unwrap(), "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": key,
        });
        aws_json(&world, "DynamoDB_20120810.Query", &question)["Items"].as_array().unwrap().clone()
    };
    let (backup, key) = (of_person("Table"), of_person("KeyTable"));
    assert_eq!(key.len(), 1);
    let wrapped = characters(&BASE64_STANDARD.decode(key[0]["wrapped"]["B"].as_str().unwrap()).unwrap());

    let erasure = world.ask(CONTROLLER, &json!({ "type": "erasure", "subject": who, "residence": "FR" })).unwrap();
    world.confirm_by_mail(&address, &erasure).unwrap();
    assert_eq!(world.decided(&erasure).unwrap().outcome.as_deref(), Some("erased"));
    wait_for("the key to be destroyed", || Ok(of_person("KeyTable").is_empty().then_some(()))).unwrap();

    let after = everything(&world);
    for text in seeded {
        assert_eq!(places(&after, text), Vec::<String>::new(), "{text} is still stored");
    }
    let copies = after.iter().filter(|(_, stands)| stands.contains(&wrapped));
    assert_eq!(copies.count(), 0, "the wrapped key lies somewhere else");
    let of_subject = "\"of\":\"subject\"";
    let told = after
        .iter()
        .filter(|(place, stands)| place.contains(&format!("evidence/v2/{CONTROLLER}")) && stands.contains(of_subject));
    assert!(told.count() > 0, "the evidence says that a key is gone");

    // The table comes back from a backup, with everything in it: it is data, and nobody can read it.
    for item in &backup {
        let put = json!({ "TableName": world.stack.output("Table").unwrap(), "Item": item });
        aws_json(&world, "DynamoDB_20120810.PutItem", &put);
    }
    let sealed = backup.iter().filter(|item| ["sealed", "contact", "who"].iter().any(|name| !item[name].is_null()));
    assert!(sealed.count() >= 3, "a record, a disclosure and a request have sealed parts");
    let controller = ControllerId::parse(CONTROLLER).unwrap();
    let person = SubjectRef::parse(kept.partition.rsplit('#').next().unwrap()).unwrap();
    let record = RecordId::parse(kept.sort_key.trim_start_matches("RECORD#")).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let cloud = cloud(&world);
        assert_eq!(cloud.records(&controller, &person).await.unwrap().len(), 1, "the backup is back");
        assert_eq!(cloud.content(&controller, &person, &record).await.unwrap(), None);
        let disclosures = cloud.disclosures(&controller, &person).await.unwrap();
        assert!(!disclosures.is_empty() && disclosures.iter().all(|logged| logged.references.is_none()));
        for (request, _) in cloud.requests(&controller, &person).await.unwrap() {
            let key = app::requests::RequestKey { controller: controller.clone(), subject: person.clone(), request };
            let stored = cloud.request(&key).await.unwrap().unwrap();
            assert_eq!((stored.confided, stored.texts.len()), (app::requests::Confided::default(), 0));
        }
    });
    let back = json!({ "pk": { "S": kept.partition }, "sk": { "S": kept.sort_key } });
    let delete = json!({ "TableName": world.stack.output("Table").unwrap(), "Key": back });
    aws_json(&world, "DynamoDB_20120810.DeleteItem", &delete);
}
