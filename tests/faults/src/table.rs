//! DynamoDB, as far as the adapters call it: conditional writes, transactions, PartiQL deletions, sparse indexes,
//! and the stream.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::expression::{self, Item, Names, compare, holds};

/// How DynamoDB refuses: a status and a body.
pub type Refusal = (u16, Value);

/// Where an item lies: its partition and its sort key, empty if the table has none.
pub type Key = (String, String);

/// Into how many shards the stream is cut.
pub const SHARDS: u64 = 2;

/// One change of one item, as the stream carries it.
#[derive(Debug, Clone)]
pub struct Change {
    /// In which shard it comes: all of one partition in the same.
    pub shard: u64,
    /// Which item.
    pub key: (String, String),
    /// The item before.
    pub old: Option<Item>,
    /// The item after.
    pub new: Option<Item>,
    /// Whether its time to live was over, and nobody else took it away.
    pub by_ttl: bool,
}

impl Change {
    /// What becomes of an item.
    pub fn new(key: (String, String), old: Option<Item>, new: Option<Item>) -> Self {
        Self { shard: segment(&key.0, SHARDS), key, old, new, by_ttl: false }
    }
}

/// The tables of one account.
#[derive(Debug, Default)]
pub struct Tables {
    tables: BTreeMap<String, BTreeMap<Key, Item>>,
    /// What happened to the table with the stream, in order.
    pub changes: Vec<Change>,
    /// Transactions that were done, by their tokens: the same one again changes nothing.
    done: BTreeMap<String, Value>,
    /// Most items of a page, whatever was asked for.
    pub page_max: usize,
    /// By how many changes an index lags behind.
    pub index_lag: usize,
    /// A switch for tests of the tests: what keeps a statement from what is held is not looked at.
    pub ignores_holds: bool,
    /// Another: what is over is taken away as if somebody had done it.
    pub expires_unsigned: bool,
    /// Another: the stream says of every change that time to live made it.
    pub signs_all: bool,
    /// Another: an index knows no item whose sort key begins so.
    pub hides: Option<&'static str>,
    /// Another: conditions are not looked at.
    pub blind: bool,
    /// Another: items whose sort keys begin so are thanked for and lost.
    pub swallows: Option<&'static str>,
    /// Another: items whose sort keys begin so stay as they were written first.
    pub forgets: Option<&'static str>,
    /// Another: what is deleted is said to have been gone before.
    pub deletes_silently: bool,
    /// Another: what is deleted from that table stays.
    pub keeps: Option<&'static str>,
}

/// Most bytes of an item, and of a transaction's items together (DynamoDB's limits).
const ITEM_BYTES_MAX: usize = 400 * 1_024;
const TRANSACTION_BYTES_MAX: usize = 4 << 20;

/// Most items of a transaction, and most statements of a batch.
const TRANSACTION_ITEMS_MAX: usize = 100;
const STATEMENTS_MAX: usize = 25;

/// About as many bytes as DynamoDB counts: names and values, binary ones as they are.
fn bytes_of(item: &Item) -> usize {
    fn value(of: &Value) -> usize {
        let members = of.as_object().into_iter().flatten();
        let sizes = members.map(|(kind, of)| match (kind.as_str(), of) {
            ("B", Value::String(text)) => text.len() * 3 / 4,
            ("M", Value::Object(item)) => 3 + bytes_of(item),
            ("L", Value::Array(list)) => 3 + list.iter().map(value).sum::<usize>(),
            (_, Value::String(text)) => text.len(),
            (_, Value::Array(set)) => set.iter().filter_map(Value::as_str).map(str::len).sum(),
            _ => 1,
        });
        sizes.sum()
    }
    item.iter().map(|(name, of)| name.len() + value(of)).sum()
}

fn too_large(what: &str) -> Refusal {
    refused("ValidationException", json!({ "message": what }))
}

/// The table whose changes go to the stream.
pub const TABLE: &str = "Table";

/// All of them, by their names in the template.
pub const TABLES: [&str; 3] = [TABLE, "KeyTable", "TombstoneTable"];

/// The indexes: their names, their keys, and what they carry of an item besides.
const INDEXES: [(&str, &str, &str, &[&str]); 2] = [
    ("due", "due_shard", "due_at", &["kind", "category", "purpose", "clause", "system", "salt"]),
    ("office", "office_of", "office_at", &["request", "at", "stage", "assignee", "version", "answer_due", "due_at"]),
];

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

fn object(value: &Value) -> Item {
    value.as_object().cloned().unwrap_or_else(|| panic!("no item: {value}"))
}

fn key_of(item: &Value) -> Key {
    let part = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (part("pk"), part("sk"))
}

fn refused(code: &str, more: Value) -> Refusal {
    let mut body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": code });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    (400, body)
}

fn projected(item: &Item, request: &Value) -> Item {
    let Some(projection) = request["ProjectionExpression"].as_str() else { return item.clone() };
    let name = |token: &str| request["ExpressionAttributeNames"][token].as_str().unwrap_or(token).to_owned();
    let wanted: Vec<String> = projection.split(',').map(|token| name(token.trim())).collect();
    item.iter().filter(|(name, _)| wanted.contains(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Which segment of a scan a partition belongs to.
fn segment(partition: &str, segments: u64) -> u64 {
    let hash = partition
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash % segments
}

/// A write that was checked and can be carried out.
struct Write {
    table: String,
    key: Key,
    new: Option<Item>,
}

impl Tables {
    /// The items of a table.
    pub fn items(&self, table: &str) -> impl Iterator<Item = (&(String, String), &Item)> {
        self.tables.get(table).into_iter().flatten()
    }

    fn item(&self, table: &str, key: &Key) -> Option<&Item> {
        self.tables.get(table)?.get(key)
    }

    fn apply(&mut self, write: Write) {
        let Write { table, key, new } = write;
        if new.is_some() && self.swallows.is_some_and(|swallowed| key.1.starts_with(swallowed)) {
            return;
        }
        if new.is_none() && self.keeps == Some(table.as_str()) {
            return;
        }
        let items = self.tables.entry(table.clone()).or_default();
        if self.forgets.is_some_and(|forgotten| key.1.starts_with(forgotten)) && items.contains_key(&key) {
            return;
        }
        let old = match &new {
            Some(item) => items.insert(key.clone(), item.clone()),
            None => items.remove(&key),
        };
        if table == TABLE && old != new {
            self.changes.push(Change::new(key, old, new));
        }
    }

    /// Takes away what is over, as time to live does: some of it, some time.
    pub fn expire(&mut self, now: i64, mut is_taken: impl FnMut() -> bool) {
        let is_over = |item: &Item| {
            let ttl = item.get("ttl").and_then(|ttl| ttl["N"].as_str()?.parse::<i64>().ok());
            ttl.is_some_and(|ttl| ttl < now / 1_000)
        };
        let over = self.items(TABLE).filter(|(_, item)| is_over(item)).map(|(key, _)| key.clone());
        for key in over.collect::<Vec<_>>() {
            if is_taken() {
                self.apply(Write { table: TABLE.to_owned(), key, new: None });
                let by_ttl = !self.expires_unsigned;
                self.changes.last_mut().into_iter().for_each(|change| change.by_ttl = by_ttl);
            }
        }
    }

    /// The items of a table as an index knows them.
    fn indexed(&self, table: &str) -> BTreeMap<&Key, &Item> {
        let mut items: BTreeMap<&Key, &Item> = self.items(table).collect();
        if table == TABLE {
            // The last change first, so that what stands is how it was before all of them.
            for change in self.changes.iter().rev().take(self.index_lag) {
                match &change.old {
                    Some(old) => items.insert(&change.key, old),
                    None => items.remove(&change.key),
                };
            }
        }
        items.retain(|key, _| !self.hides.is_some_and(|hidden| key.1.starts_with(hidden)));
        items
    }

    /// Carries out one call by its name.
    ///
    /// # Errors
    /// What DynamoDB would refuse with.
    pub fn call(&mut self, operation: &str, request: &Value) -> Result<Value, Refusal> {
        match operation {
            "GetItem" => {
                let item = self.item(text(request, "TableName"), &key_of(&request["Key"]));
                Ok(item.map_or_else(|| json!({}), |item| json!({ "Item": projected(item, request) })))
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => self.write(operation, request),
            "Query" => Ok(self.query(request)),
            "Scan" => Ok(self.scan(request)),
            "TransactWriteItems" => self.transact(request),
            "BatchExecuteStatement" => {
                let statements = request["Statements"].as_array().cloned().unwrap_or_default();
                if statements.len() > STATEMENTS_MAX {
                    return Err(too_large("too many statements"));
                }
                let responses: Vec<Value> = statements.iter().map(|statement| self.execute(statement)).collect();
                Ok(json!({ "Responses": responses }))
            }
            unknown => panic!("DynamoDB's {unknown} is not served here"),
        }
    }

    /// What a write comes to, if its condition holds; else the item that stands there.
    fn checked(&self, operation: &str, request: &Value) -> Result<Write, Option<Item>> {
        let table = text(request, "TableName").to_owned();
        let key = key_of(if operation == "PutItem" { &request["Item"] } else { &request["Key"] });
        let stands = self.item(&table, &key);
        if let Some(condition) = request["ConditionExpression"].as_str()
            && !self.blind
            && !holds(condition, Names::of(request), stands.unwrap_or(&Map::new()))
        {
            return Err(stands.cloned());
        }
        let new = match operation {
            "PutItem" => Some(object(&request["Item"])),
            "UpdateItem" => {
                let mut item = stands.cloned().unwrap_or_else(|| object(&request["Key"]));
                expression::update(text(request, "UpdateExpression"), Names::of(request), &mut item);
                Some(item)
            }
            _ => None,
        };
        Ok(Write { table, key, new })
    }

    fn write(&mut self, operation: &str, request: &Value) -> Result<Value, Refusal> {
        let write = self.checked(operation, request).map_err(|stands| {
            let shown = request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
            let item = stands.filter(|_| shown).map_or_else(|| json!({}), |item| json!({ "Item": item }));
            refused("ConditionalCheckFailedException", item)
        })?;
        if write.new.as_ref().is_some_and(|item| bytes_of(item) > ITEM_BYTES_MAX) {
            return Err(too_large("Item size has exceeded the maximum allowed size"));
        }
        let answer = match request["ReturnValues"].as_str().unwrap_or("NONE") {
            "NONE" => json!({}),
            "ALL_NEW" => json!({ "Attributes": write.new }),
            "ALL_OLD" => json!({ "Attributes": self.item(&write.table, &write.key) }),
            // What the expression names, whether it is another now or not.
            "UPDATED_NEW" => {
                let named = expression::named(text(request, "UpdateExpression"), Names::of(request));
                let new = write.new.iter().flatten().filter(|(name, _)| named.contains(*name));
                json!({ "Attributes": new.map(|(name, value)| (name.clone(), value.clone())).collect::<Item>() })
            }
            unknown => panic!("ReturnValues {unknown} is not served here"),
        };
        self.apply(write);
        Ok(answer)
    }

    fn transact(&mut self, request: &Value) -> Result<Value, Refusal> {
        let token = request["ClientRequestToken"].as_str().map(str::to_owned);
        if let Some(before) = token.as_ref().and_then(|token| self.done.get(token)) {
            assert_eq!(before, request, "one token, two transactions");
            return Ok(json!({}));
        }
        let parts = request["TransactItems"].as_array().cloned().unwrap_or_default();
        let (mut writes, mut reasons, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for part in &parts {
            let (verb, part) =
                part.as_object().and_then(|part| part.iter().next()).unwrap_or_else(|| panic!("an empty part"));
            let operation = match verb.as_str() {
                "Put" => "PutItem",
                "Update" => "UpdateItem",
                "Delete" | "ConditionCheck" => "DeleteItem",
                unknown => panic!("{unknown} is no part of a transaction"),
            };
            match self.checked(operation, part) {
                Ok(write) => {
                    let key = (write.table.clone(), write.key.clone());
                    assert!(!keys.contains(&key), "DynamoDB refuses a transaction that names an item twice: {key:?}");
                    keys.push(key);
                    writes.extend((verb != "ConditionCheck").then_some(write));
                    reasons.push(json!({ "Code": "None" }));
                }
                Err(stands) => {
                    let shown = part["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
                    let mut reason = json!({ "Code": "ConditionalCheckFailed", "Message": "it does not hold" });
                    if let Some(item) = stands.filter(|_| shown) {
                        reason["Item"] = Value::Object(item);
                    }
                    reasons.push(reason);
                }
            }
        }
        let sizes = || writes.iter().filter_map(|write| write.new.as_ref()).map(bytes_of);
        let is_too_large = sizes().any(|size| size > ITEM_BYTES_MAX) || sizes().sum::<usize>() > TRANSACTION_BYTES_MAX;
        if parts.len() > TRANSACTION_ITEMS_MAX || is_too_large {
            return Err(too_large("the transaction is too large"));
        }
        if reasons.iter().any(|reason| reason["Code"] != "None") {
            return Err(refused("TransactionCanceledException", json!({ "CancellationReasons": reasons })));
        }
        writes.into_iter().for_each(|write| self.apply(write));
        if let Some(token) = token {
            self.done.insert(token, request.clone());
        }
        Ok(json!({}))
    }

    /// One statement of PartiQL: the deletions and marks that the adapters write, and nothing else.
    fn execute(&mut self, statement: &Value) -> Value {
        let sql = text(statement, "Statement");
        let parameters = statement["Parameters"].as_array().cloned().unwrap_or_default();
        let (head, tail) = sql.split_once(" WHERE ").unwrap_or_else(|| panic!("no WHERE: {sql}"));
        let (conditions, returned) = tail.split_once(" RETURNING ").unwrap_or((tail, ""));
        let table = head.split('"').nth(1).unwrap_or_else(|| panic!("no table: {sql}")).to_owned();
        let mut parameters = parameters.into_iter();
        let mut key = Key::default();
        let mut conditions: Vec<(String, Option<Value>)> = conditions
            .split(" AND ")
            .map(|one| (one.to_owned(), one.contains('?').then(|| parameters.next()).flatten()))
            .collect();
        conditions.retain(|(one, parameter)| {
            let value = || parameter.as_ref().and_then(|value| value["S"].as_str()).unwrap_or_default().to_owned();
            match one.as_str() {
                "pk = ?" => key.0 = value(),
                "sk = ?" => key.1 = value(),
                _ => return true,
            }
            false
        });
        let stands = self.item(&table, &key).cloned();
        let satisfied = |(one, parameter): &(String, Option<Value>)| {
            let item = stands.as_ref();
            match one.split_once(' ') {
                // A hold takes the due time away, so either of the two keeps what it covers.
                Some(("holds" | "due_at", _)) if self.ignores_holds => item.is_some(),
                Some((name, "IS MISSING")) => item.is_some_and(|item| !item.contains_key(name)),
                Some((name, "= true")) => item.and_then(|item| item.get(name)) == Some(&json!({ "BOOL": true })),
                Some((name, "= ?")) => item.and_then(|item| item.get(name)) == parameter.as_ref(),
                Some((name, "<= ?")) => item
                    .and_then(|item| item.get(name))
                    .zip(parameter.as_ref())
                    .and_then(|(value, most)| compare(value, most))
                    .is_some_and(std::cmp::Ordering::is_le),
                _ => panic!("not evaluated here: {one}"),
            }
        };
        let is_update = head.starts_with("UPDATE");
        // What is gone already is deleted with success, whatever was asked of it ("PartiQL delete statements").
        let is_gone = stands.is_none() && !is_update;
        if !(is_gone || conditions.iter().all(satisfied) || self.blind && stands.is_some()) {
            let mut error = json!({ "Code": "ConditionalCheckFailed", "Message": "it does not hold" });
            if let (Some(item), Some("ALL_OLD")) = (stands, statement["ReturnValuesOnConditionCheckFailure"].as_str()) {
                error["Item"] = Value::Object(item);
            }
            return json!({ "Error": error, "TableName": table });
        }
        let new = is_update.then(|| {
            assert!(head.ends_with(" SET purging = true"), "not evaluated here: {sql}");
            let mut item = stands.clone().unwrap_or_default();
            item.insert("purging".to_owned(), json!({ "BOOL": true }));
            item
        });
        let shown = match returned {
            "ALL OLD *" => stands.clone(),
            "ALL NEW *" => new.clone(),
            "" => None,
            unknown => panic!("RETURNING {unknown} is not served here"),
        };
        if stands.is_some() {
            self.apply(Write { table: table.clone(), key, new });
        }
        match shown.filter(|_| is_update || !self.deletes_silently) {
            Some(item) => json!({ "Item": item, "TableName": table }),
            None => json!({ "TableName": table }),
        }
    }

    fn query(&self, request: &Value) -> Value {
        let condition = text(request, "KeyConditionExpression");
        let names = Names::of(request);
        let index = request["IndexName"]
            .as_str()
            .map(|name| INDEXES.into_iter().find(|index| index.0 == name).unwrap_or_else(|| panic!("no index {name}")));
        assert!(index.is_none() || request["ConsistentRead"] != true, "an index is never read consistently");
        // DynamoDB wants the whole partition key first, and reads no other partition.
        let (hash, partition) = expression::partition(condition, names);
        let table = text(request, "TableName");
        let mut found: Vec<Item> = match index {
            None => {
                assert_eq!(hash, "pk", "no key of the table begins so: {condition}");
                let begin = (partition.clone(), String::new());
                let from = self.tables.get(table).into_iter().flat_map(|items| items.range(begin.clone()..));
                let of = from.take_while(|((pk, _), _)| *pk == partition).map(|(_, item)| item);
                of.filter(|item| holds(condition, names, item)).cloned().collect()
            }
            Some((_, of, range, also)) => {
                assert_eq!(hash, of, "no key of the index begins so: {condition}");
                let carried = |name: &str| [of, range, "pk", "sk"].contains(&name) || also.contains(&name);
                let all = self.indexed(table).into_values().filter(|item| item.contains_key(range));
                all.filter(|item| item.get(of).is_some_and(|of| of["S"] == partition) && holds(condition, names, item))
                    .map(|item| item.iter().filter(|(name, _)| carried(name)))
                    .map(|of| of.map(|(name, value)| (name.clone(), value.clone())).collect())
                    .collect()
            }
        };
        if let Some((_, _, range, _)) = index {
            // Stable, so that equal ones stay in the order of their keys.
            found.sort_by(|one, other| compare(&one[range], &other[range]).unwrap_or(std::cmp::Ordering::Equal));
        }
        if request["ScanIndexForward"] == false {
            found.reverse();
        }
        let keys: &[&str] = match index {
            None => &["pk", "sk"],
            Some((_, hash, range, _)) => &["pk", "sk", hash, range],
        };
        self.page(found, keys, request)
    }

    fn scan(&self, request: &Value) -> Value {
        let (wanted, of) = (request["Segment"].as_u64().unwrap_or(0), request["TotalSegments"].as_u64().unwrap_or(1));
        let all = self.items(text(request, "TableName")).filter(|((pk, _), _)| segment(pk, of) == wanted);
        self.page(all.map(|(_, item)| item.clone()).collect(), &["pk", "sk"], request)
    }

    /// A page of what was found, filtered as DynamoDB does it: after it was counted.
    fn page(&self, mut found: Vec<Item>, keys: &[&str], request: &Value) -> Value {
        let of_key = |item: &Item| -> Item {
            keys.iter().filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone()))).collect()
        };
        if let Some(from) = request["ExclusiveStartKey"].as_object() {
            let position = found.iter().position(|item| key_of(&json!(item)) == key_of(&json!(from)));
            // What began the page may be gone: then whatever sorts behind it.
            let begin = position.map_or_else(
                || {
                    let range = keys.get(3).copied();
                    let order = |item: &Item| {
                        let by_range = range.and_then(|range| compare(item.get(range)?, from.get(range)?));
                        let by_key = key_of(&json!(item)).cmp(&key_of(&json!(from)));
                        by_range.unwrap_or(std::cmp::Ordering::Equal).then(by_key)
                    };
                    let is_past = |item: &Item| match request["ScanIndexForward"] == false {
                        true => order(item).is_lt(),
                        false => order(item).is_gt(),
                    };
                    found.iter().position(is_past).unwrap_or(found.len())
                },
                |position| position + 1,
            );
            found.drain(..begin);
        }
        let limit = request["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let most = if self.page_max == 0 { limit } else { limit.min(self.page_max) };
        let last = (found.len() > most).then(|| of_key(&found[most - 1]));
        found.truncate(most);
        let scanned = found.len();
        if let Some(filter) = request["FilterExpression"].as_str() {
            found.retain(|item| holds(filter, Names::of(request), item));
        }
        let items: Vec<Item> = found.iter().map(|item| projected(item, request)).collect();
        let mut page = json!({ "Items": items, "Count": items.len(), "ScannedCount": scanned });
        if let Some(last) = last {
            page["LastEvaluatedKey"] = Value::Object(last);
        }
        page
    }
}
