//! AWS as far as the handlers need it to go on. It keeps what it was taught, a few people and their keys; what is due
//! and what is scanned it answers from a formula, so that a million records take no memory but a bit each.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    time::Duration,
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::line::Request;

/// What every controller's key is, once KMS has opened it.
const SECRET: [u8; 32] = [7; 32];

const SHARDS: u64 = 64;
const SEGMENTS: u64 = 4;

/// A call as it came, for the floor to repeat.
#[derive(Clone, Default)]
pub(crate) struct Sample {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// Records that are due, all of them alike but for whose they are.
pub(crate) struct Due {
    records: u64,
    /// As the index shows one, and as the table keeps it, with `{shard}`, `{id}` for its number.
    entry: String,
    whole: String,
    /// A bit each.
    gone: Vec<u64>,
}

#[derive(Default)]
pub(crate) struct Endpoint {
    /// What it took itself.
    pub(crate) cpu: Duration,
    pub(crate) calls: BTreeMap<String, u64>,
    /// The largest call of each name.
    pub(crate) samples: BTreeMap<String, Sample>,
    /// While it learns, it keeps what is put.
    pub(crate) learns: bool,
    items: BTreeMap<(String, String, String), Value>,
    /// Bodies of messages that were sent.
    pub(crate) sent: VecDeque<String>,
    pub(crate) due: Option<Due>,
    /// How many records a scan finds, and how one looks.
    scanned: Option<(u64, String)>,
    /// Whether a deletion that comes twice is wrong: the floor repeats itself.
    pub(crate) is_floor: bool,
    pub(crate) deleted: u64,
    /// Puts in transactions.
    pub(crate) put: u64,
    /// Lines of evidence, headers apart.
    pub(crate) leaves: u64,
}

/// 22 letters for a number: spread in front, plain behind.
pub(crate) fn id_of(number: u64) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn number_of(id: &str) -> u64 {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).unwrap();
    u64::from_be_bytes(bytes[8..].try_into().unwrap())
}

/// The number in the sort key of a record: `RECORD#…`.
fn number_in(sk: &Value) -> Option<u64> {
    Some(number_of(sk["S"].as_str()?.strip_prefix("RECORD#")?))
}

/// An item with its own place instead of that of the one which was registered.
fn pattern(item: &Value, attributes: Option<&[&str]>) -> String {
    let (partition, _) = item["pk"]["S"].as_str().unwrap().rsplit_once("#1.").unwrap();
    let mut shown = item.clone();
    shown["pk"] = json!({ "S": format!("{partition}#1.{{id}}") });
    shown["sk"] = json!({ "S": "RECORD#{id}" });
    shown["due_shard"] = json!({ "S": "PURGE#{shard}" });
    if let Some(attributes) = attributes {
        shown.as_object_mut().unwrap().retain(|name, _| attributes.contains(&name.as_str()));
    }
    shown.to_string()
}

fn shown(pattern: &str, number: u64) -> String {
    pattern.replace("{id}", &id_of(number)).replace("{shard}", &(number % SHARDS).to_string())
}

impl Due {
    fn is_gone(&self, number: u64) -> bool {
        self.gone[usize::try_from(number / 64).unwrap()] & (1 << (number % 64)) != 0
    }
}

impl Endpoint {
    fn record(&self) -> &Value {
        let record = self.items.iter().find(|((_, _, sk), _)| sk.starts_with("RECORD#"));
        record.expect("a record was registered").1
    }

    /// Makes so many records due, like the first that was registered.
    pub(crate) fn make_due(&mut self, records: u64) {
        // The projection of the template's index.
        let index =
            ["pk", "sk", "due_shard", "due_at", "kind", "category", "purpose", "clause", "system", "salt"].as_slice();
        let (entry, whole) = (pattern(self.record(), Some(index)), pattern(self.record(), None));
        let gone = vec![0; usize::try_from(records.div_ceil(64)).unwrap()];
        self.due = Some(Due { records, entry, whole, gone });
    }

    /// Lets scans find so many records, one a person, like the first that was registered.
    pub(crate) fn make_scanned(&mut self, records: u64) {
        let attributes = ["pk", "sk", "category", "purpose", "system", "created_at"].as_slice();
        self.scanned = Some((records, pattern(self.record(), Some(attributes))));
    }

    /// Forgets what was counted.
    pub(crate) fn begin(&mut self) {
        self.calls.clear();
        self.samples.clear();
        self.sent.clear();
        (self.deleted, self.put, self.leaves) = (0, 0, 0);
        self.learns = false;
    }

    pub(crate) fn answer(&mut self, request: &Request<'_>, said: &mut Vec<u8>) {
        let name = name_of(request);
        match self.calls.get_mut(&name) {
            Some(count) => *count += 1,
            None => drop(self.calls.insert(name.clone(), 1)),
        }
        if self.samples.get(&name).is_none_or(|sample| sample.body.len() < request.body.len()) {
            let sample = Sample { path: request.path.to_owned(), body: request.body.to_vec() };
            self.samples.insert(name.clone(), sample);
        }
        let (status, kind, body) = self.answered(&name, request);
        let length = body.len();
        said.extend_from_slice(
            format!("HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
        );
        said.extend_from_slice(body.as_bytes());
    }

    fn answered(&mut self, name: &str, request: &Request<'_>) -> (u16, &'static str, String) {
        const XML: &str = "application/xml";
        let body = || serde_json::from_slice::<Value>(request.body).unwrap_or_default();
        let plain = match name {
            "dynamodb:PutItem" => {
                if self.learns {
                    self.keep(&body());
                }
                "{}".to_owned()
            }
            "dynamodb:TransactWriteItems" => {
                for part in body()["TransactItems"].as_array().into_iter().flatten() {
                    self.put += u64::from(part["Put"].is_object());
                    if self.learns {
                        self.keep(&part["Put"]);
                    }
                }
                "{}".to_owned()
            }
            "dynamodb:UpdateItem" => json!({ "Attributes": { "counted": { "N": "1" } } }).to_string(),
            "dynamodb:GetItem" => self.got(&body()),
            "dynamodb:Query" => self.queried(&body()),
            "dynamodb:Query of what is due" => self.due_page(&body()),
            "dynamodb:Scan" => self.scan_page(&body()),
            "dynamodb:BatchExecuteStatement" => self.executed(&body()),
            "kms:Decrypt" => json!({ "KeyId": "key", "Plaintext": BASE64_STANDARD.encode(SECRET) }).to_string(),
            "kms:GenerateDataKey" => {
                let (plain, sealed) = (BASE64_STANDARD.encode(SECRET), BASE64_STANDARD.encode(b"wrapped"));
                json!({ "KeyId": "key", "Plaintext": plain, "CiphertextBlob": sealed }).to_string()
            }
            "sqs:SendMessageBatch" | "sqs:SendMessage" => self.taken(&body()),
            "ses:SendEmail" => json!({ "MessageId": "m" }).to_string(),
            "s3:GET" if request.path.contains("list-type=2") => {
                let none =
                    "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";
                return (200, XML, none.to_owned());
            }
            "s3:GET" => return (404, XML, "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
            "s3:HEAD" => return (404, XML, String::new()),
            "s3:DELETE" => return (204, XML, String::new()),
            "s3:PUT" => {
                if request.path.starts_with("/evidence/") {
                    self.leaves += request.body.iter().filter(|byte| **byte == b'\n').count() as u64 - 1;
                }
                return (200, XML, String::new());
            }
            other => panic!("{other} is not served here"),
        };
        (200, "application/x-amz-json-1.0", plain)
    }

    fn keep(&mut self, put: &Value) {
        let item = &put["Item"];
        let text = |value: &Value| value["S"].as_str().unwrap_or_default().to_owned();
        if item.is_object() {
            let table = put["TableName"].as_str().unwrap().to_owned();
            self.items.insert((table, text(&item["pk"]), text(&item["sk"])), item.clone());
        }
    }

    fn got(&self, body: &Value) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = (text(&body["TableName"]), text(&body["Key"]["pk"]["S"]), text(&body["Key"]["sk"]["S"]));
        match self.items.get(&key) {
            Some(item) => json!({ "Item": item }).to_string(),
            None => "{}".to_owned(),
        }
    }

    /// What was kept under a partition: below a prefix, or between two ends.
    fn queried(&self, body: &Value) -> String {
        let values = body["ExpressionAttributeValues"].as_object().unwrap();
        let text = |value: &Value| value["S"].as_str().unwrap_or_default().to_owned();
        let partition = text(&values[":pk"]);
        let mut ends: Vec<String> =
            values.iter().filter(|(name, _)| *name != ":pk").map(|(_, end)| text(end)).collect();
        ends.sort();
        let is_between = body["KeyConditionExpression"].as_str().unwrap().contains("BETWEEN");
        let table = body["TableName"].as_str().unwrap().to_owned();
        let first = ends.first().cloned().unwrap_or_default();
        let last = ends.last().cloned().unwrap_or_default();
        let from = (table.clone(), partition.clone(), first.clone());
        let found = self.items.range((Bound::Included(from), Bound::Unbounded));
        let found = found.take_while(|((in_table, pk, sk), _)| {
            let is_in = if is_between { *sk <= last } else { sk.starts_with(&first) };
            *in_table == table && *pk == partition && is_in
        });
        let mut items: Vec<&Value> = found.map(|(_, item)| item).collect();
        // Somebody is always still to be told.
        let tally = json!({ "v": { "N": "1" }, "kind": { "S": "tally" }, "planned": { "N": "1" } });
        if first == "TALLY#" {
            items.push(&tally);
        }
        json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items }).to_string()
    }

    /// Where a page begins: behind the number that the last one ended with, by steps.
    fn begin_of(body: &Value, first: u64, step: u64) -> u64 {
        number_in(&body["ExclusiveStartKey"]["sk"]).map_or(first, |number| number + step)
    }

    fn due_page(&self, body: &Value) -> String {
        let Some(due) = &self.due else { return page(&[], None) };
        let shard = body["ExpressionAttributeValues"][":shard"]["S"].as_str().unwrap();
        // Other ends, of whole days of logs: there are none.
        let Some(shard) = shard.strip_prefix("PURGE#") else { return page(&[], None) };
        let shard: u64 = shard.parse().unwrap();
        let limit = usize::try_from(body["Limit"].as_u64().unwrap()).unwrap();
        let mut number = Self::begin_of(body, shard, SHARDS);
        let (mut items, mut last) = (Vec::with_capacity(limit), None);
        while number < due.records && items.len() < limit {
            if !due.is_gone(number) {
                items.push(shown(&due.entry, number));
                last = Some(number);
            }
            number += SHARDS;
        }
        let is_more = number < due.records;
        let at = last.filter(|_| is_more).map(|number| {
            let entry: Value = serde_json::from_str(&shown(&due.entry, number)).unwrap();
            let key = ["pk", "sk", "due_shard", "due_at"].map(|name| (name.to_owned(), entry[name].clone()));
            Value::Object(key.into_iter().collect()).to_string()
        });
        page(&items, at)
    }

    fn scan_page(&self, body: &Value) -> String {
        let Some((records, pattern)) = &self.scanned else { return page(&[], None) };
        let limit = body["Limit"].as_u64().unwrap();
        let begin = Self::begin_of(body, body["Segment"].as_u64().unwrap(), SEGMENTS);
        let numbers = (begin..*records).step_by(SEGMENTS as usize).take(usize::try_from(limit).unwrap());
        let (mut items, mut last) = (Vec::new(), begin);
        for number in numbers {
            items.push(shown(pattern, number));
            last = number;
        }
        let at = (last + SEGMENTS < *records && !items.is_empty()).then(|| {
            let entry: Value = serde_json::from_str(items.last().unwrap()).unwrap();
            json!({ "pk": entry["pk"], "sk": entry["sk"] }).to_string()
        });
        page(&items, at)
    }

    /// Deletes each record once, and shows what stood there.
    fn executed(&mut self, body: &Value) -> String {
        let is_floor = self.is_floor;
        let due = self.due.as_mut().unwrap();
        let mut shown_items = Vec::new();
        for statement in body["Statements"].as_array().unwrap() {
            let text = statement["Statement"].as_str().unwrap();
            assert!(text.starts_with("DELETE FROM") && text.contains("due_at <= ?"), "{text}");
            let number = number_in(&statement["Parameters"][1]).unwrap();
            assert!(number < due.records && (is_floor || !due.is_gone(number)), "{number} is deleted twice");
            due.gone[usize::try_from(number / 64).unwrap()] |= 1 << (number % 64);
            self.deleted += 1;
            shown_items.push(format!("{{\"Item\":{}}}", shown(&due.whole, number)));
        }
        format!("{{\"Responses\":[{}]}}", shown_items.join(","))
    }

    fn taken(&mut self, body: &Value) -> String {
        const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
        let Some(entries) = body["Entries"].as_array() else {
            self.sent.push_back(body["MessageBody"].as_str().unwrap().to_owned());
            return json!({ "MessageId": "m", "MD5OfMessageBody": MD5 }).to_string();
        };
        if !self.is_floor {
            self.sent.extend(entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned()));
        }
        let done = entries.iter().map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": MD5 }));
        json!({ "Failed": [], "Successful": done.collect::<Vec<_>>() }).to_string()
    }
}

fn page(items: &[String], at: Option<String>) -> String {
    let at = at.map_or_else(String::new, |at| format!(",\"LastEvaluatedKey\":{at}"));
    format!("{{\"Count\":{0},\"ScannedCount\":{0},\"Items\":[{1}]{at}}}", items.len(), items.join(","))
}

fn name_of(request: &Request<'_>) -> String {
    let contains = |part: &[u8]| request.body.windows(part.len()).any(|window| window == part);
    match request.target.split_once('.') {
        Some(("DynamoDB_20120810", "Query")) if contains(b"\"IndexName\":\"due\"") => {
            "dynamodb:Query of what is due".to_owned()
        }
        Some(("DynamoDB_20120810", operation)) => format!("dynamodb:{operation}"),
        Some(("AmazonSQS", operation)) => format!("sqs:{operation}"),
        Some(("TrentService", operation)) => format!("kms:{operation}"),
        Some((other, _)) => panic!("{other} is not served here"),
        None if request.path.starts_with("/v2/email/outbound-emails") => "ses:SendEmail".to_owned(),
        None => format!("s3:{}", request.method),
    }
}
