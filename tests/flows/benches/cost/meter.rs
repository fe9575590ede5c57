//! What goes over the wire, in the units that AWS bills.
//!
//! The local AWS is not asked for capacity (`ReturnConsumedCapacity`): it answers writes by size, but a read or a
//! statement always by the same number. So units are computed here by DynamoDB's published rules ("Read and write
//! operations", "Managing capacity for transactions", "Using global secondary indexes") from the items themselves: each
//! is read before and after the call, past the wire.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use habeas_cli::{client::Client, cost::counts::Work};
use serde_json::{Map, Value, json};

use crate::{
    endpoint::{Answered, Watch, header},
    local::json_call,
};

type Item = Map<String, Value>;

const WRITE_UNIT_BYTES: usize = 1024;
const READ_UNIT_BYTES: usize = 4096;

/// A request to a queue is billed by so many bytes.
const QUEUE_UNIT_BYTES: usize = 64 << 10;

/// What DynamoDB adds to each item that it stores.
const ITEM_OVERHEAD_BYTES: usize = 100;

/// An index of the table: its keys, and what it carries beside the table's.
struct Index {
    name: &'static str,
    keys: [&'static str; 2],
    carries: &'static [&'static str],
}

/// As in the template.
const INDEXES: [Index; 2] = [
    Index {
        name: "due",
        keys: ["due_shard", "due_at"],
        carries: &["kind", "category", "purpose", "clause", "system", "salt"],
    },
    Index {
        name: "office",
        keys: ["office_of", "office_at"],
        carries: &["request", "at", "stage", "assignee", "version", "answer_due", "due_at"],
    },
];

/// What was used since the last look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Used {
    /// By the function that called: its access key is its name.
    pub(crate) by: BTreeMap<String, Work>,
    pub(crate) table_bytes: i64,
    pub(crate) object_bytes: u64,
}

/// Reads the meter.
#[derive(Clone)]
pub(crate) struct Meter {
    used: Arc<Mutex<Used>>,
    client: Client,
    endpoint: String,
}

impl Meter {
    /// One that looks at items there, past the wire.
    pub(crate) fn past(endpoint: &str) -> Self {
        Self { used: Arc::default(), client: Client::new(), endpoint: endpoint.to_owned() }
    }

    /// What was used since it was last asked.
    pub(crate) fn take(&self) -> Used {
        std::mem::take(&mut *self.used.lock().unwrap())
    }

    /// Its eye on the wire.
    pub(crate) fn watch(&self) -> Watch {
        let meter = self.clone();
        Box::new(move |name, head, body| meter.seen(name, head, body))
    }

    fn seen(&self, name: &str, head: &[u8], body: &[u8]) -> Answered {
        let (who, call) = (caller(head), call_of(name, head));
        let json: Value = if call.starts_with("s3:") { Value::Null } else { serde_json::from_slice(body).unwrap() };
        let times = if call.starts_with("sqs:") { body.len().div_ceil(QUEUE_UNIT_BYTES).max(1) } else { 1 };
        let touched = touched(&call, &json);
        let before: Vec<_> = touched.iter().map(|touch| self.item(touch)).collect();
        let (meter, stored) = (self.clone(), if call == "s3:PUT" { body.len() as u64 } else { 0 });
        Box::new(move |answer| {
            let is_done = answer.starts_with(b"HTTP/1.1 2");
            let read = meter.read_units(&call, &json, &before, answer);
            let (mut write, mut grown) = (0, 0);
            let times_in_a_transaction = if call == "dynamodb:TransactWriteItems" { 2 } else { 1 };
            for (touch, old) in touched.iter().zip(&before).filter(|(touch, _)| touch.is_write) {
                let new = meter.item(touch);
                grown += stored_bytes(new.as_ref()) - stored_bytes(old.as_ref());
                write += units(size(old).max(size(&new)), WRITE_UNIT_BYTES) * times_in_a_transaction;
                // An index follows later, by itself: no part of the transaction.
                write += INDEXES.iter().map(|index| index.write_units(old.as_ref(), new.as_ref())).sum::<usize>();
            }
            let mut used = meter.used.lock().unwrap();
            let work = used.by.entry(who).or_default();
            *work.calls.entry(call).or_default() += times as u64;
            work.write_units += write as f64;
            work.read_units += read;
            used.table_bytes += grown;
            used.object_bytes += if is_done { stored } else { 0 };
        })
    }

    fn item(&self, touch: &Touched) -> Option<Item> {
        let asked = json!({ "TableName": touch.table, "Key": touch.key, "ConsistentRead": true });
        match json_call(&self.client, &self.endpoint, "dynamodb", "DynamoDB_20120810.GetItem", &asked)["Item"].take() {
            Value::Object(item) => Some(item),
            _ => None,
        }
    }

    /// A read is billed by what was looked at, before a filter or a projection.
    fn read_units(&self, call: &str, asked: &Value, before: &[Option<Item>], answer: &[u8]) -> f64 {
        let read: usize = match call {
            "dynamodb:GetItem" => size(&before[0]),
            "dynamodb:Query" | "dynamodb:Scan" if answer.starts_with(b"HTTP/1.1 2") => self.looked_at(call, asked),
            _ => return 0.0,
        };
        let rate = if asked["ConsistentRead"] == json!(true) { 1.0 } else { 0.5 };
        units(read, READ_UNIT_BYTES) as f64 * rate
    }

    fn looked_at(&self, call: &str, asked: &Value) -> usize {
        let mut again = asked.clone();
        let whole = again.as_object_mut().unwrap();
        for part in ["FilterExpression", "ProjectionExpression", "Select"] {
            whole.remove(part);
        }
        // DynamoDB refuses names and values that no expression uses.
        let condition = whole.get("KeyConditionExpression").and_then(Value::as_str).unwrap_or_default().to_owned();
        for part in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
            if let Some(Value::Object(words)) = whole.get_mut(part) {
                words.retain(|word, _| condition.contains(word.as_str()));
                if words.is_empty() {
                    whole.remove(part);
                }
            }
        }
        let target = format!("DynamoDB_20120810.{}", call.trim_start_matches("dynamodb:"));
        let found = json_call(&self.client, &self.endpoint, "dynamodb", &target, &again);
        let index = INDEXES.iter().find(|index| asked["IndexName"] == json!(index.name));
        let items = found["Items"].as_array().unwrap().iter().filter_map(Value::as_object);
        items.map(|item| index.map_or_else(|| bytes(item), |index| bytes(&index.projected(item).unwrap()))).sum()
    }
}

impl Index {
    fn projected(&self, item: &Item) -> Option<Item> {
        let is_in = self.keys.iter().all(|key| item.contains_key(*key));
        let names = ["pk", "sk"].iter().chain(&self.keys).chain(self.carries);
        is_in.then(|| names.filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone()))).collect())
    }

    fn write_units(&self, old: Option<&Item>, new: Option<&Item>) -> usize {
        let of = |item: &Item| units(bytes(item), WRITE_UNIT_BYTES);
        match (old.and_then(|old| self.projected(old)), new.and_then(|new| self.projected(new))) {
            (None, None) => 0,
            (Some(one), None) | (None, Some(one)) => of(&one),
            (Some(old), Some(new)) if old == new => 0,
            (Some(old), Some(new)) if self.keys.iter().all(|key| old[*key] == new[*key]) => of(&old).max(of(&new)),
            (Some(old), Some(new)) => of(&old) + of(&new),
        }
    }
}

/// An item that a call touches.
struct Touched {
    table: String,
    key: Value,
    is_write: bool,
}

fn touched(call: &str, asked: &Value) -> Vec<Touched> {
    let one = |asked: &Value, is_write| {
        let whole = if asked["Key"].is_object() { &asked["Key"] } else { &asked["Item"] };
        let keys = whole.as_object().unwrap().iter().filter(|(name, _)| ["pk", "sk"].contains(&name.as_str()));
        let key: Item = keys.map(|(name, value)| (name.clone(), value.clone())).collect();
        Touched { table: asked["TableName"].as_str().unwrap().to_owned(), key: key.into(), is_write }
    };
    match call {
        "dynamodb:GetItem" => vec![one(asked, false)],
        "dynamodb:PutItem" | "dynamodb:UpdateItem" | "dynamodb:DeleteItem" => vec![one(asked, true)],
        // A check is billed as a write.
        "dynamodb:TransactWriteItems" => {
            let items = asked["TransactItems"].as_array().unwrap();
            items.iter().filter_map(|item| item.as_object()?.values().next()).map(|item| one(item, true)).collect()
        }
        "dynamodb:BatchExecuteStatement" => asked["Statements"].as_array().unwrap().iter().map(of_statement).collect(),
        "dynamodb:Query" | "dynamodb:Scan" => vec![],
        other if other.starts_with("dynamodb:") => panic!("nobody has said what {other} costs"),
        _ => vec![],
    }
}

/// The keys are its first parameters, since what is set is written out.
fn of_statement(statement: &Value) -> Touched {
    let (text, parameters) = (statement["Statement"].as_str().unwrap(), &statement["Parameters"]);
    assert!(text.split('?').next().unwrap().ends_with("pk = "), "the key comes first: {text}");
    let table = text.split('"').nth(1).unwrap().to_owned();
    Touched { table, key: json!({ "pk": parameters[0], "sk": parameters[1] }), is_write: true }
}

/// Whoever signed the call.
fn caller(head: &[u8]) -> String {
    let signed = header(head, "authorization").expect("a call is signed");
    let (_, behind) = signed.split_once("Credential=").unwrap();
    behind.split('/').next().unwrap().to_owned()
}

/// The call's name; of S3, listings apart, which cost what a PUT does.
fn call_of(name: &str, head: &[u8]) -> String {
    let line = String::from_utf8_lossy(head);
    let path = line.split(' ').nth(1).unwrap();
    let is_list = ["list-type=", "?versions", "?uploads"].iter().any(|word| path.contains(word));
    if name == "s3:GET" && is_list { "s3:LIST".to_owned() } else { name.to_owned() }
}

/// At least one unit, whatever is there.
fn units(bytes: usize, unit: usize) -> usize {
    bytes.div_ceil(unit).max(1)
}

fn size(item: &Option<Item>) -> usize {
    item.as_ref().map_or(0, bytes)
}

fn stored_bytes(item: Option<&Item>) -> i64 {
    item.map_or(0, |item| i64::try_from(bytes(item) + ITEM_OVERHEAD_BYTES).unwrap())
}

/// An item's size: "DynamoDB item sizes and formats".
fn bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> usize {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(digits)) => number_bytes(digits),
        ("B", Value::String(base64)) => STANDARD.decode(base64).unwrap().len(),
        ("BOOL" | "NULL", _) => 1,
        ("M", Value::Object(members)) => {
            3 + members.iter().map(|(name, value)| name.len() + value_bytes(value) + 1).sum::<usize>()
        }
        ("L", Value::Array(values)) => 3 + values.iter().map(|value| value_bytes(value) + 1).sum::<usize>(),
        ("SS", Value::Array(texts)) => texts.iter().filter_map(Value::as_str).map(str::len).sum(),
        ("NS", Value::Array(numbers)) => numbers.iter().filter_map(Value::as_str).map(number_bytes).sum(),
        (other, _) => panic!("nobody has said how large a {other} is"),
    }
}

/// A byte for two significant digits, and one more; another for the sign.
fn number_bytes(digits: &str) -> usize {
    let significant = digits.trim_start_matches(['-', '0']).trim_end_matches('0').len();
    significant.div_ceil(2) + 1 + usize::from(digits.starts_with('-'))
}
