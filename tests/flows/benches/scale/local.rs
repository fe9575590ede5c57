//! The local AWS with what the two functions need, and what lies there afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use habeas_cli::{
    client::{Call, Client},
    stack::Stack,
    world::World,
};
use policy::PolicyBook;
use serde_json::{Value, json};
use wire::evidence::verify::{self, Files, Summary};

use crate::endpoint::Wire;

/// Where the local AWS is, past the endpoint that counts.
pub(crate) const PAST_THE_WIRE: &str = "HABEAS_PAST_THE_WIRE";

const REGION: &str = "eu-west-1";
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The one controller's policy.
pub(crate) fn policies() -> PolicyBook {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/lantern.toml");
    let text = fs::read_to_string(file).unwrap();
    PolicyBook::new([policy::parse("policy", &text, None).unwrap().policy])
}

/// A call in JSON, as it goes to DynamoDB, KMS and SQS.
pub(crate) fn json_call(client: &Client, endpoint: &str, service: &str, target: &str, body: &Value) -> Value {
    let call = Call::new("POST", format!("{endpoint}/"))
        .with("authorization", signed(service))
        .with("x-amz-target", target)
        .with("content-type", "application/x-amz-json-1.0")
        .body(body.to_string());
    let answer = client.send(&call).unwrap().expect(&[200]).unwrap();
    if answer.body.is_empty() { Value::Null } else { answer.json().unwrap() }
}

fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}

/// A local AWS. It ends when it is dropped.
pub(crate) struct Local {
    pub(crate) world: World,
    _emulator: Emulator,
    folder: PathBuf,
}

impl Local {
    /// Starts one, and makes the tables, buckets, the keys and the queues. There is no TTL, and no stream unless the
    /// whole path is to be walked: what hangs on them are other functions, and DynamoDB itself.
    pub(crate) fn start(has_stream: bool) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("purge-scale-{}", std::process::id()));
        let python = Path::new(ROOT).join(".habeas/venv/emulator/bin/python");
        assert!(python.exists(), "there is no emulator: `cargo xtask up` installs it");
        let mut command = Command::new(python);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        let mut emulator = command
            .args(["-m", "habeas_local", "--port", "0", "--issuer-port", "0", "--region", REGION, "--data-dir"])
            .arg(&folder)
            .env("PYTHONPATH", Path::new(ROOT).join("infra/local"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(emulator.stdout.take().unwrap()).lines();
        let ready = lines.map_while(Result::ok).find_map(|line| {
            let (_, behind) = line.split_once(" ready api=")?;
            behind.split_whitespace().next().map(str::to_owned)
        });
        let endpoint = ready.expect("the emulator did not start");
        // From here on it ends with this process's word on it, whatever fails.
        let emulator = Emulator(emulator);
        let outputs = made(&endpoint, has_stream);
        let here = String::new;
        let stack =
            Stack { endpoint, region: REGION.into(), api_url: here(), issuer: here(), public_url: here(), outputs };
        Self { world: World::new(stack), _emulator: emulator, folder }
    }

    /// The variables that the template gives the functions.
    pub(crate) fn environment(&self) -> BTreeMap<&'static str, String> {
        let mut environment: BTreeMap<_, _> = NAMES
            .iter()
            .map(|(variable, name)| (*variable, self.world.stack.output(name).unwrap().to_owned()))
            .collect();
        environment.extend([
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("STAGE", "local".to_owned()),
            // Unpaced: the partition that the pace is for is DynamoDB's own. And nothing is too much.
            ("PURGE_RATE", "0".to_owned()),
            ("PURGE_FLOOR", u64::MAX.to_string()),
            (PAST_THE_WIRE, self.world.stack.endpoint.clone()),
        ]);
        environment
    }

    /// An endpoint before it that counts the calls, on a thread of its own.
    pub(crate) fn counted(&self) -> Wire {
        let (sender, receiver) = mpsc::channel();
        let upstream = self.world.stack.endpoint.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                sender.send(Wire::to(&upstream).await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().unwrap()
    }

    /// Lets mail go out from an address under a configuration set.
    pub(crate) fn send_from(&self, sender: &str, configuration_set: &str) {
        let client = Client::new();
        for (path, body) in [
            ("configuration-sets", json!({ "ConfigurationSetName": configuration_set })),
            ("identities", json!({ "EmailIdentity": sender })),
        ] {
            let call = Call::new("POST", format!("{}/v2/email/{path}", self.world.stack.endpoint))
                .with("authorization", signed("ses"))
                .json(&body);
            client.send(&call).unwrap().expect(&[200]).unwrap();
        }
    }

    /// How many records the table holds.
    pub(crate) fn records(&self) -> usize {
        let policies = policies();
        let whose = policies.controllers().next().unwrap().as_str();
        let counts = self.world.cloud.record_counts(whose, jiff::Timestamp::MAX).unwrap();
        usize::try_from(counts.values().map(|count| count.alive + count.expired).sum::<u64>()).unwrap()
    }

    /// What the verifier says of the evidence.
    pub(crate) fn evidence(&self) -> Summary {
        let policies = policies();
        let prefix = format!("evidence/v2/{}/", policies.controllers().next().unwrap());
        verify::verify(&Bucket { world: &self.world, prefix }, None).unwrap_or_else(|broken| panic!("{broken:?}"))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The functions' variables, and what the template names what they name.
const NAMES: [(&str, &str); 17] = [
    ("TABLE", "Table"),
    ("KEY_TABLE", "KeyTable"),
    ("TOMBSTONE_TABLE", "TombstoneTable"),
    ("KEY_ID", "ControllerKeyId"),
    ("EVIDENCE_BUCKET", "EvidenceBucket"),
    ("WORK_BUCKET", "WorkBucket"),
    ("RECORDS_BUCKET", "RecordsBucket"),
    ("PURGE_QUEUE_URL", "PurgeQueueUrl"),
    ("BREACH_QUEUE_URL", "BreachQueueUrl"),
    ("FULFIL_QUEUE_URL", "FulfilQueueUrl"),
    ("RECORDS_QUEUE_URL", "RecordsQueueUrl"),
    ("NOTICE_QUEUE_URL", "NoticeQueueUrl"),
    ("TASK_QUEUE_URL", "TaskQueueUrl"),
    ("DEAD_LETTER_QUEUE_URL", "DeadLetterQueueUrl"),
    ("EXPORTS_BUCKET", "ExportsBucket"),
    ("SYSTEM_DATA_BUCKET", "SystemDataBucket"),
    ("EVIDENCE_KEY_ID", "EvidenceKeyId"),
];

fn made(endpoint: &str, has_stream: bool) -> BTreeMap<String, String> {
    let client = Client::new();
    let mut outputs = BTreeMap::new();
    let attribute = |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
    let keys = |names: &[&str]| -> Value {
        names
            .iter()
            .zip(["HASH", "RANGE"])
            .map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind }))
            .collect()
    };
    let (pk, sk) = (attribute("pk", "S"), attribute("sk", "S"));
    // As in the template.
    let due = json!({
        "IndexName": "due",
        "KeySchema": keys(&["due_shard", "due_at"]),
        "Projection": {
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": ["kind", "category", "purpose", "clause", "system", "salt"],
        },
    });
    let office = json!({
        "IndexName": "office",
        "KeySchema": keys(&["office_of", "office_at"]),
        "Projection": {
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": ["request", "at", "stage", "assignee", "version", "answer_due", "due_at"],
        },
    });
    let attributes = json!([
        pk,
        sk,
        attribute("due_shard", "S"),
        attribute("due_at", "N"),
        attribute("office_of", "S"),
        attribute("office_at", "S"),
    ]);
    let mut table = json!({
        "AttributeDefinitions": attributes, "KeySchema": keys(&["pk", "sk"]), "GlobalSecondaryIndexes": [due, office],
    });
    if has_stream {
        table["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
    }
    let key_table = json!({ "AttributeDefinitions": [pk], "KeySchema": keys(&["pk"]) });
    let tombstones = json!({ "AttributeDefinitions": [pk, sk], "KeySchema": keys(&["pk", "sk"]) });
    for (name, mut table) in [("Table", table), ("KeyTable", key_table), ("TombstoneTable", tombstones)] {
        table["TableName"] = json!(name);
        table["BillingMode"] = json!("PAY_PER_REQUEST");
        let made = json_call(&client, endpoint, "dynamodb", "DynamoDB_20120810.CreateTable", &table);
        if let Some(stream) = made["TableDescription"]["LatestStreamArn"].as_str() {
            outputs.insert("StreamArn".to_owned(), stream.to_owned());
        }
        outputs.insert(name.to_owned(), name.to_owned());
    }
    for (name, bucket) in [
        ("EvidenceBucket", "evidence"),
        ("WorkBucket", "work"),
        ("RecordsBucket", "records"),
        ("ExportsBucket", "exports"),
        ("SystemDataBucket", "system-data"),
    ] {
        let body = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let call = Call::new("PUT", format!("{endpoint}/{bucket}")).with("authorization", signed("s3")).body(body);
        client.send(&call).unwrap().expect(&[200]).unwrap();
        outputs.insert(name.to_owned(), bucket.to_owned());
    }
    let key = json_call(&client, endpoint, "kms", "TrentService.CreateKey", &json!({}));
    outputs.insert("ControllerKeyId".to_owned(), key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned());
    let signs = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" });
    let key = json_call(&client, endpoint, "kms", "TrentService.CreateKey", &signs);
    outputs.insert("EvidenceKeyId".to_owned(), key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned());
    for (name, queue) in [
        ("PurgeQueueUrl", "purge"),
        ("BreachQueueUrl", "breach"),
        ("FulfilQueueUrl", "fulfil"),
        ("RecordsQueueUrl", "records"),
        ("NoticeQueueUrl", "notice"),
        ("TaskQueueUrl", "task"),
        ("DeadLetterQueueUrl", "dead-letter"),
    ] {
        let made = json_call(&client, endpoint, "sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": queue }));
        outputs.insert(name.to_owned(), made["QueueUrl"].as_str().unwrap().to_owned());
    }
    outputs
}

/// A controller's evidence as it lies in its bucket.
struct Bucket<'w> {
    world: &'w World,
    prefix: String,
}

impl Files for Bucket<'_> {
    type Error = String;

    fn names(&self, folder: &str) -> Result<Vec<String>, String> {
        let bucket = self.world.stack.output("EvidenceBucket").map_err(|trouble| trouble.to_string())?;
        let folder = if folder.is_empty() { self.prefix.clone() } else { format!("{}{folder}/", self.prefix) };
        let keys = self.world.cloud.object_keys(bucket, &folder).map_err(|trouble| trouble.to_string())?;
        let names = keys.iter().filter_map(|key| key.strip_prefix(&folder)?.split('/').next());
        Ok(names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        let bucket = self.world.stack.output("EvidenceBucket").map_err(|trouble| trouble.to_string())?;
        let found = self.world.cloud.object_bytes(bucket, &format!("{}{file}", self.prefix));
        found.map_err(|trouble| trouble.to_string())?.ok_or_else(|| format!("{file} is not there"))
    }
}
