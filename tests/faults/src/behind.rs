//! The local AWS behind the endpoint: every call to DynamoDB goes on to it, and what it answers is what the function
//! gets. It must have found or refused what our own table does, and the same must stand in its tables at the end.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    expression::Item,
    table::{Key, Refusal, TABLES},
};

/// Where the file of the stack is named.
const STACK_FILE: &str = "HABEAS_STACK_FILE";

/// A deployed stack, whose tables are the pattern of each history's own.
#[derive(Debug)]
pub struct Stack {
    endpoint: String,
    /// What each table was deployed as, by the name that the functions here have for it.
    tables: [(&'static str, Value); 3],
    /// The number of the next account.
    accounts: AtomicU64,
}

/// The first account of a process's histories. Another process has others, which may still lie there.
const ACCOUNTS: u64 = 100_000_000_000;

/// How long an answer may take: the local AWS is one process, which others ask as well.
const PATIENCE: Duration = Duration::from_secs(60);

/// What of a table's description makes another one like it. It has no time to live: here the history lets things expire.
const SCHEMA: [&str; 2] = ["AttributeDefinitions", "KeySchema"];

impl Stack {
    /// The stack that `HABEAS_STACK_FILE` names.
    ///
    /// # Panics
    /// If there is none.
    pub fn named() -> Self {
        let file = std::env::var_os(STACK_FILE)
            .unwrap_or_else(|| panic!("{STACK_FILE} names no stack: `cargo xtask test` does"));
        let text = std::fs::read_to_string(Path::new(&file)).unwrap_or_else(|error| panic!("the stack: {error}"));
        let stack: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("the stack: {error}"));
        let text = |pointer: &str| {
            let found = stack.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_else(|| panic!("the stack file has no {pointer}")).to_owned()
        };
        let deployed = Behind { agent: agent(), endpoint: text("/endpoint"), account: "000000000000".to_owned() };
        let tables = TABLES.map(|name| {
            let asked = json!({ "TableName": text(&format!("/outputs/{name}")) });
            let described = deployed.call("DescribeTable", &asked).unwrap_or_else(|refused| panic!("{refused:?}"));
            (name, described["Table"].clone())
        });
        Self {
            endpoint: deployed.endpoint,
            tables,
            accounts: AtomicU64::new(ACCOUNTS + 10_000 * u64::from(std::process::id())),
        }
    }

    /// Empty tables in an account of a history's own.
    ///
    /// # Panics
    /// If the local AWS does not make them.
    pub fn account(&self) -> Behind {
        let account = format!("{:012}", self.accounts.fetch_add(1, Ordering::Relaxed));
        let behind = Behind { agent: agent(), endpoint: self.endpoint.clone(), account };
        for (name, described) in &self.tables {
            let mut table = json!({ "TableName": name, "BillingMode": "PAY_PER_REQUEST" });
            for member in SCHEMA {
                table[member] = described[member].clone();
            }
            let indexes = described["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
            let indexes: Vec<Value> = indexes
                .map(|index| json!({ "IndexName": index["IndexName"], "KeySchema": index["KeySchema"], "Projection": index["Projection"] }))
                .collect();
            if !indexes.is_empty() {
                table["GlobalSecondaryIndexes"] = json!(indexes);
            }
            behind.call("CreateTable", &table).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        }
        behind
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

/// One account of the local AWS.
#[derive(Debug)]
pub struct Behind {
    agent: ureq::Agent,
    endpoint: String,
    account: String,
}

impl Behind {
    /// Carries out one call by its name.
    ///
    /// # Errors
    /// What it refuses with.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn call(&self, operation: &str, request: &Value) -> Result<Value, Refusal> {
        // The local AWS takes the account from the name of the key and asks a whole account for no signature.
        let credential = format!("Credential={}/20260301/eu-west-1/dynamodb/aws4_request", self.account);
        let sent = self
            .agent
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"))
            .send(request.to_string());
        let mut answer = sent.unwrap_or_else(|error| panic!("the local AWS, asked for {operation}: {error}"));
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec();
        let body = body.unwrap_or_else(|error| panic!("the local AWS, answering {operation}: {error}"));
        let body = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{operation} is answered in {error}"));
        if status == 200 { Ok(body) } else { Err((status, body)) }
    }

    /// Every item of a table.
    pub fn items(&self, table: &str) -> BTreeMap<Key, Item> {
        let (mut items, mut from) = (BTreeMap::new(), Value::Null);
        loop {
            let mut request = json!({ "TableName": table, "ConsistentRead": true });
            if !from.is_null() {
                request["ExclusiveStartKey"] = from;
            }
            let page = self.call("Scan", &request).unwrap_or_else(|refused| panic!("{table}: {refused:?}"));
            for item in page["Items"].as_array().into_iter().flatten().filter_map(Value::as_object) {
                let part =
                    |name: &str| item.get(name).and_then(|part| part["S"].as_str()).unwrap_or_default().to_owned();
                items.insert((part("pk"), part("sk")), item.clone());
            }
            from = page["LastEvaluatedKey"].clone();
            if from.is_null() {
                return items;
            }
        }
    }
}

/// What two answers to one call have to have alike: what was found or refused, however it is worded.
pub fn gist(answer: &Result<Value, Refusal>) -> Value {
    let empty_is_none = |value: &Value| match value {
        Value::Object(members) if members.is_empty() => Value::Null,
        other => sorted(other),
    };
    let reason = |reason: &Value| json!({ "Code": reason["Code"], "Item": empty_is_none(&reason["Item"]) });
    match answer {
        Ok(answer) => {
            let responses = answer["Responses"].as_array().into_iter().flatten();
            let responses: Vec<Value> = responses
                .map(
                    |response| json!({ "Item": empty_is_none(&response["Item"]), "Error": reason(&response["Error"]) }),
                )
                .collect();
            json!({
                "Item": empty_is_none(&answer["Item"]), "Attributes": empty_is_none(&answer["Attributes"]),
                "Items": sorted(&answer["Items"]), "Responses": responses,
            })
        }
        Err((status, body)) => {
            let code = body["__type"].as_str().and_then(|code| code.rsplit('#').next()).unwrap_or_default();
            let reasons = body["CancellationReasons"].as_array().into_iter().flatten();
            json!({
                "status": status, "code": code, "Item": empty_is_none(&body["Item"]),
                "reasons": reasons.map(reason).collect::<Vec<_>>(),
            })
        }
    }
}

/// The same with its sets in order: a set has none.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted = |(name, value): (&String, &Value)| match (name.as_str(), value) {
                ("SS" | "NS" | "BS", Value::Array(set)) => {
                    let mut set = set.clone();
                    set.sort_by_key(ToString::to_string);
                    (name.clone(), Value::Array(set))
                }
                _ => (name.clone(), sorted(value)),
            };
            Value::Object(members.iter().map(sorted).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
