//! The local AWS from outside: queues, invocations, objects, mails, items and logs over plain HTTP.
//!
//! The emulator checks no signature, so the tool needs no SDK for it, and cannot reach a real
//! account by mistake.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Sum,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    client::{Answer, Call, Client, escaped},
    stack::Stack,
    trouble::{Played, Trouble},
};

mod item;

pub use item::Item;

/// Most messages of one batch to a queue.
pub const BATCH_MESSAGES_MAX: usize = 10;

/// The account that the local stack is deployed in.
const ACCOUNT: &str = "000000000000";

/// Most items that DynamoDB hands out at once when they are read for show.
const PAGES_MAX: usize = 10_000;

/// The local AWS.
#[derive(Debug, Clone)]
pub struct Cloud {
    client: Client,
    stack: Stack,
}

/// A mail that was sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// To whom.
    pub to: Vec<String>,
    /// Its subject line.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The tags by which the mail service's events name it, in the events' own form.
    pub tags: Value,
    /// The mail service's settings that it went out under.
    pub configuration_set: Option<String>,
}

/// A message that a queue holds.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What the queue calls it: it stays the same however often the message is received.
    pub id: String,
    /// Its body.
    pub body: String,
    /// Why it was put aside, if it was.
    pub reason: Option<String>,
}

/// How long a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLength {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that a function has in hand.
    pub in_hand: u64,
}

/// How many records are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordCount {
    /// Those whose time is not up.
    pub alive: u64,
    /// Those whose time is up, and which wait for the sweep or for the release of a hold.
    pub expired: u64,
}

impl Sum for RecordCount {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, count| Self {
            alive: sum.alive + count.alive,
            expired: sum.expired + count.expired,
        })
    }
}

impl Cloud {
    /// The AWS of a stack.
    pub fn new(client: Client, stack: Stack) -> Self {
        Self { client, stack }
    }

    fn signed(&self, service: &str) -> String {
        let region = &self.stack.region;
        format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=none"
        )
    }

    fn json_call(&self, service: &str, target: &str, version: &str, body: &Value) -> Played<Value> {
        let call = Call::new("POST", format!("{}/", self.stack.endpoint))
            .with("authorization", self.signed(service))
            .with("x-amz-target", target)
            .with("content-type", format!("application/x-amz-json-{version}"))
            .body(body.to_string());
        let answer = self.client.send(&call)?;
        let answer = Answer { what: target.to_owned(), ..answer }.expect(&[200])?;
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
    }

    // ---- queues

    /// Sends at most [`BATCH_MESSAGES_MAX`] messages to a queue.
    ///
    /// # Errors
    /// If the queue does not take every one of them.
    pub fn send_messages(&self, queue_url: &str, bodies: &[String]) -> Played {
        let entries: Vec<Value> =
            bodies.iter().enumerate().map(|(n, body)| json!({ "Id": format!("m{n}"), "MessageBody": body })).collect();
        let sent = self.json_call(
            "sqs",
            "AmazonSQS.SendMessageBatch",
            "1.0",
            &json!({ "QueueUrl": queue_url, "Entries": entries }),
        )?;
        match sent["Failed"].as_array() {
            Some(failed) if !failed.is_empty() => {
                Err(Trouble::new(format!("the queue did not take {} of {} messages", failed.len(), bodies.len())))
            }
            _ => Ok(()),
        }
    }

    /// How many messages a queue holds.
    ///
    /// # Errors
    /// If it does not say.
    pub fn queue_length(&self, queue_url: &str) -> Played<QueueLength> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let said = self.json_call(
            "sqs",
            "AmazonSQS.GetQueueAttributes",
            "1.0",
            &json!({ "QueueUrl": queue_url, "AttributeNames": names }),
        )?;
        let number = |name: &str| said["Attributes"][name].as_str().and_then(|n| n.parse().ok()).unwrap_or(0);
        Ok(QueueLength { waiting: number(names[0]), in_hand: number(names[1]) })
    }

    /// Looks at the messages of a dead-letter queue and leaves them there. They come back into
    /// sight after that many seconds.
    ///
    /// # Errors
    /// If the queue does not answer.
    pub fn peek(&self, queue_url: &str, hidden_seconds: u32) -> Played<Vec<Letter>> {
        let mut letters: Vec<Letter> = Vec::new();
        // No more than there are, and each once: those of the first look come back into sight.
        let there = usize::try_from(self.queue_length(queue_url)?.waiting).unwrap_or(usize::MAX);
        while letters.len() < there {
            let said = self.json_call(
                "sqs",
                "AmazonSQS.ReceiveMessage",
                "1.0",
                &json!({
                    "QueueUrl": queue_url, "MaxNumberOfMessages": 10, "VisibilityTimeout": hidden_seconds,
                    "MessageAttributeNames": ["All"],
                }),
            )?;
            let Some(messages) = said["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
                break;
            };
            for message in messages {
                let id = message["MessageId"].as_str().unwrap_or_default().to_owned();
                if letters.iter().all(|letter| letter.id != id) {
                    let body = message["Body"].as_str().unwrap_or_default().to_owned();
                    let reason = message["MessageAttributes"]["reason"]["StringValue"].as_str().map(str::to_owned);
                    letters.push(Letter { id, body, reason });
                }
            }
        }
        Ok(letters)
    }

    // ---- topics

    /// Publishes a message to a topic.
    ///
    /// # Errors
    /// If the topic does not take it.
    pub fn publish(&self, topic_arn: &str, message: &str) -> Played {
        let call = Call::new("POST", format!("{}/", self.stack.endpoint))
            .with("authorization", self.signed("sns"))
            .form(&[("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", topic_arn), ("Message", message)]);
        self.client.send(&call)?.expect(&[200]).map(drop)
    }

    // ---- events

    /// Puts an event on the account's default bus.
    ///
    /// # Errors
    /// If the bus does not take it; one that claims to come from a service of the cloud it never takes.
    pub fn put_event(&self, source: &str, detail_type: &str, detail: &Value) -> Played {
        let entry = json!({ "Source": source, "DetailType": detail_type, "Detail": detail.to_string() });
        let said = self.json_call("events", "AWSEvents.PutEvents", "1.1", &json!({ "Entries": [entry] }))?;
        match said["FailedEntryCount"].as_u64() {
            Some(0) => Ok(()),
            _ => Err(Trouble::new("the bus did not take the event")),
        }
    }

    // ---- functions

    /// Invokes a function as its schedule does.
    ///
    /// # Errors
    /// If the function failed.
    pub fn invoke(&self, function: &str, payload: &Value) -> Played<Value> {
        let (answer, error) = self.try_invoke(function, payload)?;
        match error {
            None => Ok(answer),
            Some(error) => Err(Trouble::new(format!("{function} ended with {error}: {}", answer["errorMessage"]))),
        }
    }

    /// Invokes a function and tells whether it failed: its answer, and the kind of its failure.
    ///
    /// # Errors
    /// If it could not be invoked.
    pub fn try_invoke(&self, function: &str, payload: &Value) -> Played<(Value, Option<String>)> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations?Qualifier=live", self.stack.endpoint);
        let call = Call::new("POST", url).with("authorization", self.signed("lambda")).json(payload);
        let answer = self.client.send(&call)?.expect(&[200])?;
        let said: Value = if answer.body.is_empty() { Value::Null } else { answer.json()? };
        let error = answer.header("x-amz-function-error").map(|kind| match said["errorType"].as_str() {
            Some(name) => name.to_owned(),
            None => kind.to_owned(),
        });
        Ok((said, error))
    }

    // ---- items

    /// The items of a partition, read consistently.
    ///
    /// # Errors
    /// If the table does not answer.
    pub fn items(&self, partition: &str) -> Played<Vec<Item>> {
        let question = json!({
            "TableName": self.stack.output("Table")?,
            "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": partition } },
        });
        self.query(question)
    }

    /// What stands in a shard of the due index.
    ///
    /// # Errors
    /// If the table does not answer.
    pub fn due(&self, shard: &str) -> Played<Vec<Item>> {
        let question = json!({
            "TableName": self.stack.output("Table")?,
            "IndexName": "due",
            "KeyConditionExpression": "due_shard = :shard",
            "ExpressionAttributeValues": { ":shard": { "S": shard } },
        });
        self.query(question)
    }

    fn query(&self, question: Value) -> Played<Vec<Item>> {
        self.all_pages("DynamoDB_20120810.Query", question)
    }

    fn scan(&self, question: Value) -> Played<Vec<Item>> {
        self.all_pages("DynamoDB_20120810.Scan", question)
    }

    fn all_pages(&self, operation: &str, mut question: Value) -> Played<Vec<Item>> {
        let mut items = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut said = self.json_call("dynamodb", operation, "1.0", &question)?;
            if let Value::Array(page) = said["Items"].take() {
                items.extend(page.into_iter().filter_map(|item| match item {
                    Value::Object(item) => Some(Item(item)),
                    _ => None,
                }));
            }
            match said["LastEvaluatedKey"].take() {
                Value::Object(key) if !key.is_empty() => question["ExclusiveStartKey"] = Value::Object(key),
                _ => return Ok(items),
            }
        }
        Err(Trouble::new("the table has more pages than are read here"))
    }

    /// The keys of everything the table holds.
    ///
    /// # Errors
    /// If the table does not answer.
    pub fn item_keys(&self) -> Played<BTreeSet<String>> {
        let items = self.scan(json!({
            "TableName": self.stack.output("Table")?, "ProjectionExpression": "pk, sk", "ConsistentRead": true,
        }))?;
        Ok(items.iter().map(|item| format!("{} {}", item.text("pk").unwrap_or_default(), item.sort_key())).collect())
    }

    /// How many records of a controller the table holds, by category and purpose.
    ///
    /// # Errors
    /// If the table does not answer.
    pub fn record_counts(&self, controller: &str, now: Timestamp) -> Played<BTreeMap<(String, String), RecordCount>> {
        let items = self.scan(json!({
            "TableName": self.stack.output("Table")?, "ConsistentRead": true,
            "FilterExpression": "begins_with(pk, :subjects) AND begins_with(sk, :records)",
            "ExpressionAttributeValues": {
                ":subjects": { "S": format!("C#{controller}#S#") }, ":records": { "S": "RECORD#" },
            },
            // Nothing personal: what it is, what for and until when.
            "ProjectionExpression": "#c, #p, #e",
            "ExpressionAttributeNames": { "#c": "category", "#p": "purpose", "#e": "ends_at" },
        }))?;
        let mut counts: BTreeMap<_, RecordCount> = BTreeMap::new();
        for item in items {
            let name = |key| item.text(key).unwrap_or_default().to_owned();
            let count = counts.entry((name("category"), name("purpose"))).or_default();
            if item.ends_at().is_some_and(|end| end <= now) {
                count.expired += 1;
            } else {
                count.alive += 1;
            }
        }
        Ok(counts)
    }

    // ---- objects

    fn object_url(&self, bucket: &str, key: &str) -> String {
        let path = key.split('/').map(escaped).collect::<Vec<_>>().join("/");
        format!("{}/{bucket}/{path}", self.stack.endpoint)
    }

    /// Writes an object: a new version where the bucket keeps versions.
    ///
    /// # Errors
    /// If the bucket does not take it.
    pub fn put_object(&self, bucket: &str, key: &str, content: &str) -> Played {
        let call =
            Call::new("PUT", self.object_url(bucket, key)).with("authorization", self.signed("s3")).body(content);
        self.client.send(&call)?.expect(&[200]).map(drop)
    }

    /// Reads an object as text; `None` if there is none.
    ///
    /// # Errors
    /// If the bucket does not answer.
    pub fn object(&self, bucket: &str, key: &str) -> Played<Option<String>> {
        Ok(self.read_object(bucket, key)?.map(|answer| answer.text()))
    }

    /// Reads an object as it is; `None` if there is none.
    ///
    /// # Errors
    /// If the bucket does not answer.
    pub fn object_bytes(&self, bucket: &str, key: &str) -> Played<Option<Vec<u8>>> {
        Ok(self.read_object(bucket, key)?.map(|answer| answer.body))
    }

    fn read_object(&self, bucket: &str, key: &str) -> Played<Option<Answer>> {
        let call = Call::new("GET", self.object_url(bucket, key)).with("authorization", self.signed("s3"));
        let answer = self.client.send(&call)?.expect(&[200, 404])?;
        Ok((answer.status == 200).then_some(answer))
    }

    /// The keys of all objects below a prefix.
    ///
    /// # Errors
    /// If the bucket does not answer.
    pub fn object_keys(&self, bucket: &str, prefix: &str) -> Played<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..PAGES_MAX {
            let after = keys.last().map(|key| format!("&start-after={}", escaped(key))).unwrap_or_default();
            let url = format!("{}/{bucket}?list-type=2&prefix={}{after}", self.stack.endpoint, escaped(prefix));
            let call = Call::new("GET", url).with("authorization", self.signed("s3"));
            let listing = self.client.send(&call)?.expect(&[200])?.text();
            let page = elements(&listing, "Key");
            let more = listing.contains("<IsTruncated>true</IsTruncated>") && !page.is_empty();
            keys.extend(page);
            if !more {
                return Ok(keys);
            }
        }
        Err(Trouble::new("the bucket has more pages than are read here"))
    }

    /// How many versions and delete markers of an object a bucket holds.
    ///
    /// # Errors
    /// If the bucket does not answer.
    pub fn version_count(&self, bucket: &str, key: &str) -> Played<usize> {
        let url = format!("{}/{bucket}?versions&prefix={}", self.stack.endpoint, escaped(key));
        let call = Call::new("GET", url).with("authorization", self.signed("s3"));
        let listing = self.client.send(&call)?.expect(&[200])?.text();
        Ok(elements(&listing, "VersionId").len())
    }

    // ---- keys

    /// The public part of an asymmetric key: SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// If KMS does not hand it out.
    pub fn public_key(&self, key: &str) -> Played<Vec<u8>> {
        let said = self.json_call("kms", "TrentService.GetPublicKey", "1.1", &json!({ "KeyId": key }))?;
        let public = said["PublicKey"].as_str().unwrap_or_default();
        STANDARD.decode(public).map_err(Trouble::because("the public key"))
    }

    // ---- mail

    /// Every mail that was sent, first to last.
    ///
    /// # Errors
    /// If the outbox does not answer.
    pub fn mails(&self) -> Played<Vec<Mail>> {
        let url = format!("{}/_ministack/ses/messages?account={ACCOUNT}", self.stack.endpoint);
        let listing: Value = self.client.send(&Call::new("GET", url))?.expect(&[200])?.json()?;
        let messages = listing["messages"].as_object().into_iter().flat_map(|accounts| accounts.values());
        Ok(messages
            .filter_map(Value::as_array)
            .flatten()
            .map(|mail| Mail {
                to: mail["To"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
                subject: mail["Subject"].as_str().unwrap_or_default().to_owned(),
                text: mail["BodyText"].as_str().unwrap_or_default().to_owned(),
                tags: mail["EmailTags"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|tag| Some((tag["Name"].as_str()?.to_owned(), json!([tag["Value"]]))))
                    .collect::<Map<_, _>>()
                    .into(),
                configuration_set: mail["ConfigurationSetName"].as_str().map(str::to_owned),
            })
            .collect())
    }

    // ---- logs

    /// Every line that the functions logged since then.
    ///
    /// # Errors
    /// If the logs do not answer.
    pub fn log_lines(&self, since: Timestamp) -> Played<Vec<String>> {
        let call =
            |operation: &str, body: &Value| self.json_call("logs", &format!("Logs_20140328.{operation}"), "1.1", body);
        let groups = call("DescribeLogGroups", &json!({}))?;
        let mut lines = Vec::new();
        for group in groups["logGroups"].as_array().into_iter().flatten() {
            let mut question = json!({ "logGroupName": group["logGroupName"], "startTime": since.as_millisecond() });
            for _ in 0..PAGES_MAX {
                let page = call("FilterLogEvents", &question)?;
                let events = page["events"].as_array().into_iter().flatten();
                lines.extend(events.filter_map(|event| event["message"].as_str()).map(str::to_owned));
                match page["nextToken"].as_str() {
                    Some(token) if question["nextToken"].as_str() != Some(token) => {
                        question["nextToken"] = json!(token)
                    }
                    _ => break,
                }
            }
        }
        Ok(lines)
    }
}

/// The texts of all elements of that name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&close))
        .map(|(text, _)| text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_in_order() {
        let listing = "<L><C><Key>a&amp;b</Key></C><C><Key>c</Key></C></L>";
        assert_eq!(elements(listing, "Key"), ["a&b", "c"]);
        assert!(elements(listing, "VersionId").is_empty());
    }
}
