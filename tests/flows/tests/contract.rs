//! The contract of the ports, kept by AWS's own interfaces on the local AWS; then what only AWS has:
//! objects with versions, signed addresses, queues.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed call is a failed test")]

mod endpoint;
mod keys;

use ::wire::evidence::{Header, LinkKind, link_key, root_of};
use app::{
    capture_consent::ConsentLedger,
    chain::{Chain, Place, chain_of},
    destruction::{Condition, Deletion, Manifest},
    error::PortError,
    export::{Exports, SubjectFile, csv_of},
    keys::Keys as _,
    records::RecordStore,
    requests::Downloads as _,
};
use aws::{Cloud, Service, Settings};
use domain::{
    dsar::RequestType,
    evidence::{DeletionReason, DeletionResult, commitment, merkle},
    ids::{BucketName, RegionName, SubjectRef},
    lifecycle::FileRules,
    policy::{Clause, Replica},
    record::{Record, System},
};
use serde_json::{Value, json};
use testkit::{
    build::{at, content, doomed, id, policy, record, request, subject},
    contract::fresh_controller,
};

/// The sender whose identity `cargo xtask` verifies.
const SENDER: &str = "privacy@habeas.example";

/// Another region than the stack's.
const ELSEWHERE: &str = "eu-central-1";

/// How the names of buckets there begin.
const COPY: &str = "copy-of-";

struct Stack(Value);

impl Stack {
    fn read() -> Self {
        let path = std::env::var("HABEAS_STACK_FILE").expect(
            "these tests need the local AWS: `cargo xtask test` brings it up and names its file in HABEAS_STACK_FILE",
        );
        let text = std::fs::read_to_string(&path).expect("HABEAS_STACK_FILE names a file that can be read");
        Self(serde_json::from_str(&text).expect("the stack file is JSON"))
    }

    fn text(&self, pointer: &str) -> String {
        let value = self.0.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the stack file has no {pointer}")).to_owned()
    }

    fn output(&self, name: &str) -> String {
        self.text(&format!("/outputs/{name}"))
    }

    fn settings(&self) -> Settings {
        Settings {
            region: self.text("/region"),
            access_key_id: "test".into(),
            secret_access_key: "test".into(),
            endpoint_url: Some(self.text("/endpoint")),
            table: Some(self.output("Table")),
            key_table: Some(self.output("KeyTable")),
            key_id: Some(self.output("ControllerKeyId")),
            tombstone_table: Some(self.output("TombstoneTable")),
            evidence_bucket: Some(self.output("EvidenceBucket")),
            evidence_key_id: Some(self.output("EvidenceKeyId")),
            work_bucket: Some(self.output("WorkBucket")),
            exports_bucket: Some(self.output("ExportsBucket")),
            system_data_bucket: Some(self.output("SystemDataBucket")),
            records_bucket: Some(self.output("RecordsBucket")),
            sender: Some(SENDER.into()),
            configuration_set: Some(self.output("ConfigurationSet")),
            ..Settings::default()
        }
    }

    fn cloud(&self) -> Cloud {
        Cloud::new(self.settings()).with_file_rules(|_| Ok(FileRules::default()))
    }

    /// A bucket that nothing else uses, in another region, with versions and locks.
    fn scratch_bucket(&self, name: &str) -> String {
        let put = ureq::put(format!("{}/{name}", self.text("/endpoint")));
        let put = put.header("Authorization", signed_at(name));
        let place = format!("<LocationConstraint>{ELSEWHERE}</LocationConstraint>");
        let body = format!("<CreateBucketConfiguration>{place}</CreateBucketConfiguration>");
        put.header("x-amz-bucket-object-lock-enabled", "true").send(body).unwrap();
        name.to_owned()
    }

    /// A call about an object, as the controller's own systems make it.
    fn put(&self, bucket: &str, key: &str, body: &str) {
        let put = ureq::put(format!("{}/{bucket}/{key}", self.text("/endpoint")));
        put.header("Authorization", signed_at(bucket)).send(body).unwrap();
    }

    /// The same of an object that S3 may delete by itself.
    fn put_tagged(&self, bucket: &str, key: &str) {
        let put = ureq::put(format!("{}/{bucket}/{key}", self.text("/endpoint")));
        let put = put.header("Authorization", signed_at(bucket)).header("x-amz-tagging", "habeas-expiry=free");
        put.send("personal").unwrap();
    }

    /// The versions of an object.
    fn versions(&self, bucket: &str, key: &str) -> Vec<String> {
        let url = format!("{}/{bucket}?versions&prefix={key}", self.text("/endpoint"));
        let listing = content_of(&url, ureq::get(&url).header("Authorization", signed_at(bucket)).call()).unwrap();
        let of_key = listing.split("<Version>").skip(1).filter(|entry| entry.contains(&format!("<Key>{key}</Key>")));
        let id = |entry: &str| entry.split("<VersionId>").nth(1)?.split('<').next().map(str::to_owned);
        of_key.filter_map(id).collect()
    }

    /// The tags of a version.
    fn tags(&self, bucket: &str, key: &str, version: &str) -> String {
        let url = format!("{}/{bucket}/{key}?tagging&versionId={version}", self.text("/endpoint"));
        content_of(&url, ureq::get(&url).header("Authorization", signed_at(bucket)).call()).unwrap()
    }

    /// Begins an upload that nobody completes.
    fn begin_upload(&self, bucket: &str, key: &str) {
        let post = ureq::post(format!("{}/{bucket}/{key}?uploads", self.text("/endpoint")));
        post.header("Authorization", signed_at(bucket)).send_empty().unwrap();
    }

    /// How many versions, delete markers and begun uploads of a key stand in a bucket.
    fn remnants(&self, bucket: &str, key: &str) -> usize {
        let listing = |of: &str| {
            let url = format!("{}/{bucket}?{of}", self.text("/endpoint"));
            content_of(&url, ureq::get(&url).header("Authorization", signed_at(bucket)).call()).unwrap()
        };
        ["versions", "uploads"].map(|of| listing(of).matches(&format!("<Key>{key}</Key>")).count()).iter().sum()
    }

    /// A queue that no function listens to and no other test looks at.
    fn scratch_queue(&self, name: &str) -> String {
        let url = format!("{}/?Action=CreateQueue&QueueName={name}", self.text("/endpoint"));
        let created = ureq::post(url).header("Authorization", signed_for("sqs")).send_empty();
        let answer = created.unwrap().body_mut().read_to_string().unwrap();
        let url = answer.split("<QueueUrl>").nth(1).and_then(|rest| rest.split("</QueueUrl>").next());
        url.unwrap_or_else(|| panic!("no queue: {answer}")).to_owned()
    }

    fn cloud_with_queue(&self) -> Cloud {
        let queue = Some(self.scratch_queue("contract"));
        let cloud = Cloud::new(Settings {
            fulfil_queue_url: queue.clone(),
            breach_queue_url: queue.clone(),
            records_queue_url: queue.clone(),
            purge_queue_url: queue.clone(),
            notice_queue_url: queue.clone(),
            dead_letter_queue_url: queue,
            ..self.settings()
        });
        cloud.with_file_rules(|_| Ok(FileRules::default()))
    }

    /// An item as it is stored, read beside the product.
    fn item(&self, table: &str, pk: &str, sk: &str) -> Value {
        let wanted = serde_json::json!({
            "TableName": table, "ConsistentRead": true, "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
        });
        let got = ureq::post(self.text("/endpoint"))
            .header("Authorization", signed_for("dynamodb"))
            .header("X-Amz-Target", "DynamoDB_20120810.GetItem")
            .header("Content-Type", "application/x-amz-json-1.0")
            .send(wanted.to_string());
        let answer = got.unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["Item"].clone()
    }

    fn object(&self, bucket: &str, key: &str) -> String {
        format!("{}/{}/{key}", self.text("/endpoint"), self.output(bucket))
    }
}

testkit::contract_tests!(Stack::read().cloud_with_queue());

/// What names a test's own calls: the local AWS refuses those that nobody made. It checks no signature of the account.
fn signed_for(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}

/// What names a test's own calls to a bucket, where it lies: elsewhere they are redirected.
fn signed_at(bucket: &str) -> String {
    let signed = signed_for("s3");
    if bucket.starts_with(COPY) { signed.replace("eu-west-1", ELSEWHERE) } else { signed }
}

/// By the account.
fn get(service: &str, url: &str) -> Option<String> {
    content_of(url, ureq::get(url).header("Authorization", signed_for(service)).call())
}

/// By anybody, as people open a signed address.
fn open(url: &str) -> Option<String> {
    content_of(url, ureq::get(url).call())
}

fn content_of(url: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<String> {
    match answer {
        Ok(mut response) => Some(response.body_mut().read_to_string().unwrap()),
        Err(ureq::Error::StatusCode(404)) => None,
        Err(error) => panic!("{url}: {error}"),
    }
}

/// A record whose object lies in the records bucket.
fn file(subject: &SubjectRef, name: &str) -> Record {
    Record { system: System::S3, ..record(subject, name, at("2026-01-01T00:00:00Z")) }
}

#[tokio::test]
async fn an_object_goes_with_all_its_versions_and_remnants_and_its_neighbour_stays() {
    let stack = Stack::read();
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let bucket = stack.output("RecordsBucket");
    let (key, neighbour) = (format!("{controller}/file"), format!("{controller}/file-2"));
    for _ in 0..3 {
        stack.put(&bucket, &key, "personal");
    }
    stack.put(&bucket, &neighbour, "another's");
    stack.begin_upload(&bucket, &key);
    stack.begin_upload(&bucket, &neighbour);
    let delete = ureq::delete(stack.object("RecordsBucket", &key)).header("Authorization", signed_for("s3"));
    delete.call().unwrap();
    assert_eq!(stack.remnants(&bucket, &key), 5, "three versions, a delete marker and an upload");

    let kept = file(&subject("ada@example.com"), "file");
    cloud.insert_record(&controller, &kept, &content("ada@example.com", &key)).await.unwrap();
    let early = Condition::DueAt(at("2026-02-01T00:00:00Z"));
    let results = cloud.delete_records(&controller, &doomed(std::slice::from_ref(&kept)), early).await.unwrap();
    assert_eq!((results, stack.remnants(&bucket, &key)), (vec![DeletionResult::NotDue], 5));

    for expected in [DeletionResult::Deleted, DeletionResult::Absent] {
        let batch = doomed(std::slice::from_ref(&kept));
        assert_eq!(cloud.delete_records(&controller, &batch, Condition::Asked).await.unwrap(), [expected]);
    }
    assert_eq!((stack.remnants(&bucket, &key), stack.remnants(&bucket, &neighbour)), (0, 2));
    assert!(cloud.records(&controller, &kept.subject).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_of_objects_goes_at_once_and_each_record_has_its_own_answer() {
    let stack = Stack::read();
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let bucket = stack.output("RecordsBucket");
    let people = ["ada@example.com", "bob@example.com"];
    let mut records = Vec::new();
    for number in 0..60 {
        let person = people[number % 2];
        // One file may be about two people, and its name may be any. The held one's is its own.
        let file_number = if number == 7 { 100 } else { number / 2 };
        let key = format!("{controller}/caf\u{e9} {file_number}+%2B");
        let encoded = key.replace('%', "%25").replace(' ', "%20").replace('+', "%2B").replace('\u{e9}', "%C3%A9");
        stack.put(&bucket, &encoded, "personal");
        let mut kept = file(&subject(person), &format!("file-{number}"));
        if number == 7 {
            kept.holds.insert(id("hold-1"));
        }
        if number != 8 {
            cloud.insert_record(&controller, &kept, &content(person, &key)).await.unwrap();
        }
        records.push(kept);
    }
    // One of this product's own among them.
    let own = record(&subject("ada@example.com"), "log-1", at("2026-01-01T00:00:00Z"));
    cloud.insert_record(&controller, &own, &content("ada@example.com", "log-1")).await.unwrap();
    records.insert(5, own);
    let results = cloud.delete_records(&controller, &doomed(&records), Condition::Asked).await.unwrap();
    for (position, result) in results.iter().enumerate() {
        let expected = match position {
            8 => DeletionResult::Held,
            9 => DeletionResult::Absent,
            _ => DeletionResult::Deleted,
        };
        assert_eq!(*result, expected, "at {position}");
    }
    let listing = get("s3", &format!("{}/{bucket}?versions&prefix={controller}/", stack.text("/endpoint"))).unwrap();
    assert_eq!(listing.matches("<VersionId>").count(), 1, "the held one's alone: {listing}");
    let left = cloud.records(&controller, &subject("bob@example.com")).await.unwrap();
    assert_eq!(left.len(), 1, "the held one");
}

#[tokio::test]
async fn every_copy_that_the_policy_names_goes_too_and_what_is_locked_there_stays_to_be_deleted() {
    let stack = Stack::read();
    let controller = fresh_controller(&stack.cloud());
    let copy = stack.scratch_bucket(&format!("{COPY}{controller}"));
    let replica = Replica {
        bucket: BucketName::parse(&copy).unwrap(),
        region: Some(RegionName::parse(ELSEWHERE).unwrap()),
        clause: Clause::new("acme.1"),
    };
    let cloud = Cloud::new(stack.settings())
        .with_file_rules(move |_| Ok(FileRules { replicas: vec![replica.clone()], ..FileRules::default() }));
    let bucket = stack.output("RecordsBucket");
    let (free, locked) = (format!("{controller}/free"), format!("{controller}/locked"));
    let ada = subject("ada@example.com");
    let records = [file(&ada, "free"), file(&ada, "locked")];
    for (kept, key) in records.iter().zip([&free, &locked]) {
        for place in [&bucket, &copy] {
            stack.put(place, key, "personal");
            stack.put(place, key, "personal, again");
        }
        cloud.insert_record(&controller, kept, &content("ada@example.com", key)).await.unwrap();
    }
    let lock = |status: &str| {
        let put = ureq::put(format!("{}/{copy}/{locked}?legal-hold", stack.text("/endpoint")));
        let body = format!("<LegalHold><Status>{status}</Status></LegalHold>");
        put.header("Authorization", signed_at(&copy)).send(body).unwrap();
    };
    lock("ON");
    let results = cloud.delete_records(&controller, &doomed(&records), Condition::Asked).await.unwrap();
    assert_eq!(results, [DeletionResult::Deleted, DeletionResult::Failed]);
    assert_eq!((stack.remnants(&bucket, &free), stack.remnants(&copy, &free)), (0, 0));
    assert_eq!((stack.remnants(&bucket, &locked), stack.remnants(&copy, &locked)), (0, 1), "the locked version");

    // Nobody can take it back by a hold, and the next run finishes it.
    let mut begun = cloud.records(&controller, &ada).await.unwrap().remove(0);
    begun.holds.insert(id("hold-1"));
    assert!(matches!(cloud.update_record(&controller, &begun).await, Err(PortError::Conflict { .. })));
    lock("OFF");
    let results = cloud.delete_records(&controller, &doomed(&records), Condition::Asked).await.unwrap();
    assert_eq!(results, [DeletionResult::Absent, DeletionResult::Deleted]);
    assert_eq!(stack.remnants(&copy, &locked), 0);
}

#[tokio::test]
async fn who_was_not_told_where_copies_lie_deletes_no_object() {
    let stack = Stack::read();
    let untold = Cloud::new(stack.settings());
    let controller = fresh_controller(&untold);
    let bucket = stack.output("RecordsBucket");
    let key = format!("{controller}/file");
    stack.put(&bucket, &key, "personal");
    let kept = file(&subject("ada@example.com"), "file");
    untold.insert_record(&controller, &kept, &content("ada@example.com", &key)).await.unwrap();
    let refused = untold.delete_records(&controller, &doomed(&[kept]), Condition::Asked).await;
    assert!(matches!(refused, Err(PortError::Unavailable { .. })));
    assert_eq!(stack.remnants(&bucket, &key), 1);
}

#[tokio::test]
async fn no_hold_finds_half_of_a_record_gone() {
    let stack = Stack::read();
    // This one can mark the record and can't reach its object: a crash in between.
    let crashed = Cloud::new(Settings { records_bucket: Some("no-such-bucket".into()), ..stack.settings() })
        .with_file_rules(|_| Ok(FileRules::default()));
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let mut kept = file(&subject("ada@example.com"), "file");
    cloud.insert_record(&controller, &kept, &content("ada@example.com", "nowhere")).await.unwrap();
    let batch = doomed(std::slice::from_ref(&kept));
    assert!(crashed.delete_records(&controller, &batch, Condition::Asked).await.is_err());
    kept.holds.insert(id("hold-1"));
    let held = cloud.update_record(&controller, &kept).await;
    assert!(matches!(held, Err(PortError::Conflict { .. })));
    // Whoever comes next finishes what was begun.
    assert_eq!(cloud.delete_records(&controller, &batch, Condition::Asked).await.unwrap(), [DeletionResult::Deleted]);
}

#[tokio::test]
async fn a_held_records_object_stays_with_all_its_versions() {
    let stack = Stack::read();
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let key = format!("{controller}/file");
    for _ in 0..2 {
        let put = ureq::put(stack.object("RecordsBucket", &key)).header("Authorization", signed_for("s3"));
        put.send("personal").unwrap();
    }
    let mut kept =
        Record { system: System::S3, ..record(&subject("ada@example.com"), "file", at("2026-01-01T00:00:00Z")) };
    cloud.insert_record(&controller, &kept, &content("ada@example.com", &key)).await.unwrap();
    kept.holds.insert(id("hold-1"));
    cloud.update_record(&controller, &kept).await.unwrap();
    for condition in [Condition::DueAt(at("2027-01-01T00:00:00Z")), Condition::Asked] {
        let results = cloud.delete_records(&controller, &doomed(std::slice::from_ref(&kept)), condition).await.unwrap();
        assert_eq!((results, stack.remnants(&stack.output("RecordsBucket"), &key)), (vec![DeletionResult::Held], 2));
    }
}

#[tokio::test]
async fn a_hold_takes_a_file_out_of_s3s_own_reach_for_good() {
    let stack = Stack::read();
    let controller = fresh_controller(&stack.cloud());
    let mut kept = file(&subject("ada@example.com"), "file");
    let kind = (kept.category.clone(), kept.purpose.clone());
    let copy = stack.scratch_bucket(&format!("{COPY}{controller}"));
    let replica = Replica {
        bucket: BucketName::parse(&copy).unwrap(),
        region: Some(RegionName::parse(ELSEWHERE).unwrap()),
        clause: Clause::new("acme.1"),
    };
    let cloud = Cloud::new(stack.settings())
        .with_file_rules(move |_| Ok(FileRules { replicas: vec![replica.clone()], free: [kind.clone()].into() }));
    let bucket = stack.output("RecordsBucket");
    let (key, neighbour) = (format!("{controller}/file"), format!("{controller}/file-2"));
    for (place, key) in [(&bucket, &key), (&bucket, &key), (&bucket, &neighbour), (&copy, &key)] {
        stack.put_tagged(place, key);
    }
    let versions = stack.versions(&bucket, &key);
    assert_eq!(versions.len(), 2);
    cloud.insert_record(&controller, &kept, &content("ada@example.com", &key)).await.unwrap();
    let is_free = |place: &str, key: &str, version: &str| stack.tags(place, key, version).contains("habeas-expiry");
    assert!(versions.iter().all(|version| is_free(&bucket, &key, version)), "until a hold comes");

    kept.holds.insert(id("hold-1"));
    // Whoever was not told which rules there are places no hold on a file: nobody could say that it keeps.
    let untold = Cloud::new(stack.settings());
    assert!(matches!(untold.update_record(&controller, &kept).await, Err(PortError::Unavailable { .. })));
    cloud.update_record(&controller, &kept).await.unwrap();
    assert!(!versions.iter().any(|version| is_free(&bucket, &key, version)), "no version that stands");
    assert!(!stack.versions(&copy, &key).iter().any(|version| is_free(&copy, &key, version)), "nor its copy");
    let beside = stack.versions(&bucket, &neighbour);
    assert!(beside.iter().all(|version| is_free(&bucket, &neighbour, version)), "and nobody else's");

    // The sweep alone deletes what is released: a tag that is given back could undo the next hold.
    let released = Record { holds: std::collections::BTreeSet::new(), revision: 1, ..kept };
    cloud.update_record(&controller, &released).await.unwrap();
    assert!(!versions.iter().any(|version| is_free(&bucket, &key, version)));
    let results = cloud.delete_records(&controller, &doomed(&[released]), Condition::Asked).await.unwrap();
    assert_eq!((results, stack.remnants(&bucket, &key)), (vec![DeletionResult::Deleted], 0));
}

#[tokio::test]
async fn what_s3_deleted_by_itself_is_absent_in_the_evidence() {
    let stack = Stack::read();
    let controller = fresh_controller(&stack.cloud());
    let ada = subject("ada@example.com");
    let records = [file(&ada, "gone"), file(&ada, "there")];
    let kind = (records[0].category.clone(), records[0].purpose.clone());
    let cloud =
        stack.cloud().with_file_rules(move |_| Ok(FileRules { free: [kind.clone()].into(), ..FileRules::default() }));
    let bucket = stack.output("RecordsBucket");
    for kept in &records {
        let key = format!("{controller}/{}", kept.id);
        stack.put_tagged(&bucket, &key);
        cloud.insert_record(&controller, kept, &content("ada@example.com", &key)).await.unwrap();
    }
    // As S3 does it: the version goes, and a delete marker may be left.
    let gone = format!("{controller}/{}", records[0].id);
    for version in stack.versions(&bucket, &gone) {
        let url = format!("{}/{bucket}/{gone}?versionId={version}", stack.text("/endpoint"));
        ureq::delete(url).header("Authorization", signed_at(&bucket)).call().unwrap();
    }
    let url = format!("{}/{bucket}/{gone}", stack.text("/endpoint"));
    ureq::delete(url).header("Authorization", signed_at(&bucket)).call().unwrap();
    let results = cloud.delete_records(&controller, &doomed(&records), Condition::Asked).await.unwrap();
    assert_eq!(results, [DeletionResult::Absent, DeletionResult::Deleted]);
    assert!(cloud.records(&controller, &ada).await.unwrap().is_empty(), "their items go");
    assert_eq!(stack.remnants(&bucket, &gone), 0, "and so does the marker");
}

#[tokio::test]
async fn a_hold_takes_the_ttl_away_and_its_release_gives_it_back() {
    let stack = Stack::read();
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let mut kept = record(&subject("ada@example.com"), "log-1", at("2040-01-01T00:00:00Z"));
    cloud.insert_record(&controller, &kept, &content("ada@example.com", "log-1")).await.unwrap();
    let placed = |kept: &Record| {
        let (pk, sk) = (format!("C#{controller}#S#{}", kept.subject), format!("RECORD#{}", kept.id));
        let item = stack.item(&stack.output("Table"), &pk, &sk);
        ["ttl", "due_shard", "due_at"].map(|name| item.get(name).cloned())
    };
    let free = placed(&kept);
    assert!(free.iter().all(Option::is_some), "{free:?}");
    kept.holds.insert(id("hold-1"));
    cloud.update_record(&controller, &kept).await.unwrap();
    assert_eq!(placed(&kept), [None, None, None], "nothing that deletes by itself finds it");
    let released = Record { holds: std::collections::BTreeSet::new(), revision: 1, ..kept };
    cloud.update_record(&controller, &released).await.unwrap();
    assert_eq!(placed(&released), free);
}

#[tokio::test]
async fn two_first_users_of_a_controller_end_up_with_one_key() {
    let stack = Stack::read();
    let clouds: Vec<_> = (0..4).map(|_| stack.cloud()).collect();
    let controller = fresh_controller(&clouds[0]);
    let mut subjects = std::collections::BTreeSet::new();
    let (a, b, c, d) = tokio::join!(
        clouds[0].controller(&controller),
        clouds[1].controller(&controller),
        clouds[2].controller(&controller),
        clouds[3].controller(&controller),
    );
    for keys in [a, b, c, d] {
        subjects.insert(keys.unwrap().pepper.subject(&testkit::build::mail("ada@example.com")));
    }
    assert_eq!(subjects.len(), 1);
}

#[tokio::test]
async fn a_deletion_is_two_links_of_one_chain_that_say_nothing_of_whom() {
    let stack = Stack::read();
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let mut gone = record(&subject("ada@example.com"), "log-1", at("2026-01-01T00:00:00.123Z"));
    gone.salt = cloud.random().unwrap();
    let begun = Manifest {
        batch: id("batch-1"),
        controller: controller.clone(),
        reason: DeletionReason::Retention,
        at: at("2026-04-11T23:59:59Z"),
        intent: Place { chain: chain_of(&id("batch-1")), number: 1 },
        records: doomed(std::slice::from_ref(&gone)),
        results: Vec::new(),
    };
    assert!(cloud.write(&controller, begun.intent, &begun.intent_link()).await.unwrap());
    let done = Manifest { results: vec![DeletionResult::Deleted], ..begun.clone() };
    // A second writer knows nothing of the first one's head, and finds it.
    let place = stack.cloud().append_link(&controller, &done.result_link()).await.unwrap();
    assert_eq!(place, Place { number: 2, ..begun.intent });
    let read = |number| {
        let key = link_key(&controller, place.chain, number);
        let text = get("s3", &stack.object("EvidenceBucket", &key)).unwrap();
        // It proves that something was deleted and says nothing about whom.
        assert!(!text.contains(gone.subject.as_str()) && !text.contains(gone.id.as_str()), "{text}");
        let (header, leaves) = text.split_once('\n').unwrap();
        assert_eq!(leaves.lines().count(), 1);
        let leaf: Value = serde_json::from_str(leaves.trim()).unwrap();
        let root = root_of(leaves.lines().map(str::as_bytes));
        let hash = merkle::sha256(header.as_bytes());
        let header: Header = serde_json::from_str(header).unwrap();
        assert_eq!(header.root, merkle::hex(&root));
        (header, hash, leaf)
    };
    let ((first, hash, intended), (second, _, result)) = (read(1), read(2));
    assert_eq!((first.previous, second.previous), (merkle::hex(&merkle::NOTHING), merkle::hex(&hash)));
    assert_eq!((first.kind, second.kind, second.intent), (LinkKind::Intent, LinkKind::Result, Some(1)));
    let expected = merkle::hex(&commitment(&gone.salt, &controller, &gone.subject, &gone.id, gone.due_at));
    assert_eq!((&intended["commitment"], &result["commitment"]), (&json!(expected), &json!(expected)));
    assert_eq!(intended["due_at"], "2026-04-11T00:00:00.123Z");
    assert_eq!((&intended["clause"], &result["result"]), (&json!(gone.clause.as_str()), &json!("deleted")));
}

#[tokio::test]
async fn an_export_opens_by_its_signed_address() {
    let stack = Stack::read();
    let cloud = stack.cloud();
    let controller = fresh_controller(&cloud);
    let request = request(&controller, &subject("ada@example.com"), "request-1");
    let log = record(&subject("ada@example.com"), "log-1", at("2026-01-01T00:00:00Z"));
    let file = SubjectFile {
        records: vec![(log, Some(content("ada@example.com", "log-1")))],
        ..SubjectFile::new(RequestType::Access, at("2026-03-01T12:00:00Z"))
    };
    let object = cloud.store_export(&policy(), &request, &file).await.unwrap();
    let url = cloud.presign_export(&object).await.unwrap();
    assert!(url.contains("X-Amz-Expires=300") && url.contains("X-Amz-Signature="));
    let export: Value = serde_json::from_str(&open(&url).unwrap()).unwrap();
    assert_eq!(export["records"][0]["identifier"]["value"], "ada@example.com");
    assert_eq!(export["records"][0]["fields"]["ip_address"], "192.0.2.1");
    assert_eq!(export["records"][0]["lawful_basis"], "legitimate-interests");
    let table = open(&cloud.presign_export(&csv_of(&object)).await.unwrap()).unwrap();
    assert!(table.starts_with("part,category,purpose,") && table.contains("ip_address,192.0.2.1"), "{table}");
}

#[tokio::test]
async fn what_a_queue_is_sent_arrives_with_its_reason() {
    let stack = Stack::read();
    let queue = stack.scratch_queue("contract-arrival");
    let cloud = stack.cloud();
    cloud.bury_in(&queue, "{not json", "malformed: expected a form").await.unwrap();
    let url = format!("{queue}?Action=ReceiveMessage&MessageAttributeName.1=All").replace("localhost", "127.0.0.1");
    let received = get("sqs", &url).unwrap();
    for part in ["{not json", "<Name>reason</Name>", "malformed: expected a form"] {
        assert!(received.contains(part), "{part} is missing in {received}");
    }
    assert!(cloud.send_batch(&format!("{queue}-that-is-not-there"), vec!["{}".into()]).await.is_err());
}

#[tokio::test]
async fn opening_connections_ahead_never_fails() {
    let stack = Stack::read();
    stack.cloud().prime(&[Service::Table, Service::Keys, Service::Buckets, Service::Queues, Service::Mail]).await;
    let nowhere = Cloud::new(Settings { endpoint_url: Some("http://127.0.0.1:1".into()), ..stack.settings() });
    nowhere.prime(&[Service::Table]).await;
    let read = nowhere.consents(&fresh_controller(&nowhere), &subject("ada@example.com")).await;
    assert!(matches!(read, Err(PortError::Unavailable { .. })));
}
