//! The functions in this process, and what AWS does between them: it reads the stream for its two readers under the
//! template's filters, polls queues for their functions, and brings what the mail service says of each mail.

use std::{cell::RefCell, collections::BTreeMap, fs, io::stdin};

use aws::{Cloud, Settings};
use edge::{
    Event, Failure, Reply,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use habeas_cli::{client::Client, stack::Stack, world::World};
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::{Value, json};

use crate::local::{self, json_call};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Whose policies are deployed.
pub(crate) const CONTROLLERS: [&str; 5] = ["identance", "rfa", "scantrust", "stationdb", "zentry"];
const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };

/// Most records that each reader of the stream gets at once, as the template has it.
const RELAY_BATCH: usize = 100;
const SEAL_BATCH: usize = 1_000;

/// The queues: where each is, who reads it, and how many messages at once, as the template has it.
const QUEUES: [(&str, &str, usize); 4] = [
    ("FULFIL_QUEUE_URL", "dsar-fulfil", 10),
    ("BREACH_QUEUE_URL", "breach-notify", 10),
    ("RECORDS_QUEUE_URL", "retention-track", 10),
    ("PURGE_QUEUE_URL", "purge", 1),
];

/// Nothing of what is counted ends there.
const UNREAD: [&str; 3] = ["NOTICE_QUEUE_URL", "TASK_QUEUE_URL", "DEAD_LETTER_QUEUE_URL"];

/// What the mail service dates its word. It orders nothing.
const MAILED_AT: &str = "2040-01-01T00:00:00Z";

/// What was done since the last look that no wire sees.
#[derive(Default)]
struct Done {
    http: u64,
    schedules: u64,
    invocations: BTreeMap<&'static str, u64>,
    service: BTreeMap<&'static str, u64>,
}

/// All of it.
pub(crate) struct Deployment {
    consent: consent_capture::Site<Cloud>,
    intake: dsar_intake::Site<Cloud>,
    fulfil: dsar_fulfil::Desk<Cloud>,
    pub(crate) breach: breach_notify::Desk<Cloud>,
    records: retention_track::Desk<Cloud>,
    purge: purge::Desk<Cloud>,
    relay: Cloud,
    seal: evidence_seal::Desk<Cloud>,
    watch: clock_watch::Desk<Cloud>,
    mail: mail_events::Desk<Cloud>,
    world: World,
    client: Client,
    endpoint: String,
    iterator: RefCell<String>,
    filters: [Vec<Value>; 2],
    gathered: RefCell<Vec<Value>>,
    mails: RefCell<usize>,
    done: RefCell<Done>,
}

/// One request to the API.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Below the controller: `requests/{request}`.
    pub(crate) route: &'a str,
    pub(crate) request: Option<&'a str>,
    pub(crate) query: String,
    pub(crate) body: Option<Value>,
    pub(crate) at: Timestamp,
    /// Tells requests and their sources apart.
    pub(crate) number: usize,
}

impl Asked<'_> {
    fn payload(&self, controller: &str) -> Value {
        let route = format!("/{{controller}}/v1/{}", self.route);
        let path = route.replace("{controller}", controller).replace("{request}", self.request.unwrap_or_default());
        let mut parameters = json!({ "controller": controller });
        if let Some(request) = self.request {
            parameters["request"] = json!(request);
        }
        // Everybody calls from somewhere else.
        let source = format!("198.18.{}.{}", self.number / 250 % 250, self.number % 250);
        json!({
            "version": "2.0",
            "routeKey": format!("{} {route}", self.method),
            "rawPath": path,
            "rawQueryString": self.query,
            "headers": {
                "host": "api.example", "accept": "application/json", "content-type": "application/json",
                "idempotency-key": format!("costs-{}", self.number),
            },
            "requestContext": {
                "accountId": "000000000000", "apiId": "costs", "domainName": "api.example", "domainPrefix": "api",
                "http": {
                    "method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": source,
                    "userAgent": "costs/1",
                },
                "requestId": format!("costs-{}", self.number),
                "routeKey": format!("{} {route}", self.method),
                "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000",
                "timeEpoch": self.at.as_millisecond(),
            },
            "pathParameters": parameters,
            "body": self.body.as_ref().map(Value::to_string),
            "isBase64Encoded": false,
        })
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

impl Deployment {
    /// The functions, each with clients and keys of its own, as each has an environment of its own.
    pub(crate) fn new() -> Self {
        let policies = || {
            PolicyBook::new(CONTROLLERS.map(|controller| {
                let text = fs::read_to_string(format!("{ROOT}/infra/policies/{controller}.toml")).unwrap();
                policy::parse("policy", &text, None).unwrap().policy
            }))
        };
        let cloud = |function: &str| {
            let settings = Settings::from_lookup(|name| std::env::var(name).ok()).unwrap();
            let settings = Settings { access_key_id: function.to_owned(), ..settings };
            Cloud::new(settings).with_file_rules(edge::site::file_rules(&policies()))
        };
        let pages = || AllowedPages::parse("").unwrap();
        let endpoint = variable(local::PAST_THE_WIRE);
        let client = Client::new();
        let stack = Stack {
            endpoint: endpoint.clone(),
            region: variable("AWS_REGION"),
            api_url: String::new(),
            issuer: String::new(),
            public_url: String::new(),
            outputs: BTreeMap::new(),
        };
        let deployment = Self {
            consent: consent_capture::Site { ports: cloud("consent-capture"), policies: policies(), pages: pages() },
            intake: dsar_intake::Site { ports: cloud("dsar-intake"), policies: policies(), pages: pages() },
            fulfil: dsar_fulfil::Desk {
                ports: cloud("dsar-fulfil"),
                policies: policies(),
                public_url: "https://privacy.example".to_owned(),
            },
            breach: breach_notify::Desk { ports: cloud("breach-notify"), policies: policies() },
            records: retention_track::Desk { ports: cloud("retention-track"), policies: policies(), guard: GUARD },
            purge: purge::Desk {
                ports: cloud("purge"),
                policies: policies(),
                guard: GUARD,
                limits: purge::limits().unwrap(),
            },
            relay: cloud("stream-relay"),
            seal: evidence_seal::Desk { ports: cloud("evidence-seal"), policies: policies() },
            watch: clock_watch::Desk { ports: cloud("clock-watch"), policies: policies() },
            mail: mail_events::Desk { ports: cloud("mail-events"), policies: policies(), guard: GUARD },
            world: World::new(stack),
            client,
            endpoint,
            iterator: RefCell::default(),
            filters: ["StreamRelay", "EvidenceSeal"].map(filters_of),
            gathered: RefCell::default(),
            mails: RefCell::default(),
            done: RefCell::default(),
        };
        deployment.iterator.replace(deployment.first_iterator());
        deployment
    }

    /// A request of somebody to a controller, answered with one of these statuses.
    pub(crate) async fn ask(&self, controller: &str, asked: Asked<'_>, status: u64) -> Value {
        self.done.borrow_mut().http += 1;
        let function = if asked.route == "consents" { "consent-capture" } else { "dsar-intake" };
        let answer = self.invoke(function, asked.payload(controller)).await;
        assert_eq!(answer["statusCode"], status, "{} {}: {answer}", asked.method, asked.route);
        serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null)
    }

    /// A tick of a function's schedule.
    pub(crate) async fn tick(&self, function: &'static str, at: Timestamp) -> Value {
        self.done.borrow_mut().schedules += 1;
        self.invoke(function, json!({ "v": 1, "time": at.to_string() })).await
    }

    /// A controller's own system puts something into the queue of records.
    pub(crate) fn hand_in(&self, body: &str) {
        let sent = json!({ "QueueUrl": variable("RECORDS_QUEUE_URL"), "MessageBody": body });
        self.call("sqs", "AmazonSQS.SendMessage", &sent);
        self.serve("system sqs:SendMessage", body.len().div_ceil(64 << 10) as u64);
    }

    /// Goes on until nothing more follows from what was done. The stream's second reader waits for a minute, so it
    /// gets all of it at once.
    pub(crate) async fn settle(&self) {
        loop {
            self.carry_on().await;
            let gathered = self.gathered.take();
            if gathered.is_empty() {
                break;
            }
            for batch in gathered.chunks(SEAL_BATCH) {
                self.invoke_all("evidence-seal", json!({ "Records": batch })).await;
            }
        }
        for queue in UNREAD {
            assert!(self.receive(queue, 1).is_empty(), "nothing is expected in {queue}");
        }
    }

    async fn carry_on(&self) {
        let mut is_still = false;
        while !is_still {
            is_still = true;
            let records = self.changes();
            let for_relay: Vec<_> = records.iter().filter(|record| passes(&self.filters[0], record)).collect();
            for batch in for_relay.chunks(RELAY_BATCH) {
                is_still = false;
                self.invoke_all("stream-relay", json!({ "Records": batch })).await;
            }
            self.gathered.borrow_mut().extend(records.into_iter().filter(|record| passes(&self.filters[1], record)));
            for (queue, function, most) in QUEUES {
                loop {
                    let messages = self.receive(queue, most);
                    if messages.is_empty() {
                        break;
                    }
                    is_still = false;
                    self.deliver(function, &messages).await;
                    for message in &messages {
                        let done = json!({ "QueueUrl": variable(queue), "ReceiptHandle": message["ReceiptHandle"] });
                        self.call("sqs", "AmazonSQS.DeleteMessage", &done);
                    }
                }
            }
            is_still &= !self.report_mails().await;
        }
    }

    /// A poller's messages: it has received them with one call, and deletes them with another.
    async fn deliver(&self, function: &'static str, messages: &[Value]) {
        let record = |message: &Value| {
            json!({
                "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
                "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {}, "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:costs",
            })
        };
        let records: Vec<_> = messages.iter().map(record).collect();
        self.serve("service sqs:ReceiveMessage", 1);
        self.serve("service sqs:DeleteMessageBatch", 1);
        self.invoke_all(function, json!({ "Records": records })).await;
    }

    /// What the mail service says of each new mail: that it was sent, then that it was delivered. Seconds lie between
    /// them, so no two come in one batch.
    async fn report_mails(&self) -> bool {
        let mails = self.world.cloud.mails().unwrap();
        let new = mails.len() - self.mails.replace(mails.len());
        for mail in &mails[mails.len() - new..] {
            for (kind, of_kind) in [("Send", "send"), ("Delivery", "delivery")] {
                let event = json!({
                    "eventType": kind,
                    "mail": {
                        "timestamp": MAILED_AT, "messageId": "costs", "destination": mail.to, "tags": mail.tags,
                    },
                    of_kind: { "timestamp": MAILED_AT },
                });
                self.serve("service sns:Publish", 1);
                self.serve("service sqs:SendMessage", 1);
                let message = json!({ "MessageId": "m", "ReceiptHandle": "r", "Body": event.to_string() });
                self.deliver("mail-events", &[message]).await;
            }
        }
        new > 0
    }

    /// What was mailed last to somebody.
    pub(crate) fn last_mail_to(&self, address: &str) -> String {
        let mails = self.world.cloud.mails().unwrap();
        let mail = mails.into_iter().rfind(|mail| mail.to.iter().any(|to| to == address));
        mail.unwrap_or_else(|| panic!("{address} got no mail")).text
    }

    /// Lets DynamoDB's TTL remove what has ended by the machine's own clock, and waits until all of it is gone.
    pub(crate) fn remove_by_ttl(&self) {
        self.set_ttl(true);
        let left = json!({
            "TableName": "Table", "Select": "COUNT", "FilterExpression": "#ttl < :now",
            "ExpressionAttributeNames": { "#ttl": "ttl" },
            "ExpressionAttributeValues": { ":now": { "N": edge::clock::now().as_second().to_string() } },
        });
        for _ in 0..120 {
            let found = self.call("dynamodb", "DynamoDB_20120810.Scan", &left);
            if found["Count"] == 0 {
                return self.set_ttl(false);
            }
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        panic!("TTL has left records behind");
    }

    fn set_ttl(&self, is_on: bool) {
        let ttl = json!({ "AttributeName": "ttl", "Enabled": is_on });
        let asked = json!({ "TableName": "Table", "TimeToLiveSpecification": ttl });
        self.call("dynamodb", "DynamoDB_20120810.UpdateTimeToLive", &asked);
    }

    /// Begins to count.
    pub(crate) fn count(&self) {
        self.done.take();
        println!("{}", json!({ "begins": true }));
        stdin().read_line(&mut String::new()).unwrap();
    }

    /// Hands what was done since to the parent, which has counted the rest.
    pub(crate) fn counted(&self, event: &str, what: &str, size: &str, of: usize) {
        let done = self.done.take();
        println!(
            "{}",
            json!({
                "event": event, "what": what, "size": size, "of": of, "http": done.http, "schedules": done.schedules,
                "invocations": done.invocations, "service": done.service,
            })
        );
        stdin().read_line(&mut String::new()).unwrap();
    }

    fn serve(&self, call: &'static str, times: u64) {
        *self.done.borrow_mut().service.entry(call).or_default() += times;
    }

    async fn invoke_all(&self, function: &'static str, payload: Value) {
        let answer = self.invoke(function, payload).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{function} answered {answer}");
    }

    async fn invoke(&self, function: &'static str, payload: Value) -> Value {
        *self.done.borrow_mut().invocations.entry(function).or_default() += 1;
        let payload = payload.to_string();
        match function {
            "consent-capture" => answer(&payload, |event| consent_capture::handle(&self.consent, event)).await,
            "dsar-intake" => answer(&payload, |event| dsar_intake::handle(&self.intake, event)).await,
            "dsar-fulfil" => answer(&payload, |event| dsar_fulfil::handle(&self.fulfil, event)).await,
            "breach-notify" => answer(&payload, |event| breach_notify::handle(&self.breach, event)).await,
            "retention-track" => answer(&payload, |event| retention_track::handle(&self.records, event)).await,
            "purge" => answer(&payload, |event| purge::handle(&self.purge, event)).await,
            "stream-relay" => answer(&payload, |event| stream_relay::handle(&self.relay, event)).await,
            "evidence-seal" => answer(&payload, |event| evidence_seal::handle(&self.seal, event)).await,
            "clock-watch" => answer(&payload, |event| clock_watch::handle(&self.watch, event)).await,
            "mail-events" => answer(&payload, |event| mail_events::handle(&self.mail, event)).await,
            other => panic!("{other} is not there"),
        }
    }

    fn call(&self, service: &str, target: &str, body: &Value) -> Value {
        json_call(&self.client, &self.endpoint, service, target, body)
    }

    fn receive(&self, queue: &str, most: usize) -> Vec<Value> {
        let asked = json!({ "QueueUrl": variable(queue), "MaxNumberOfMessages": most, "VisibilityTimeout": 43_200 });
        let received = self.call("sqs", "AmazonSQS.ReceiveMessage", &asked);
        received["Messages"].as_array().cloned().unwrap_or_default()
    }

    fn first_iterator(&self) -> String {
        let stream = variable("STREAM_ARN");
        let told = self.call("dynamodb", "DynamoDBStreams_20120810.DescribeStream", &json!({ "StreamArn": stream }));
        let shards = told["StreamDescription"]["Shards"].as_array().unwrap();
        assert_eq!(shards.len(), 1, "one shard: {told}");
        let asked = json!({
            "StreamArn": stream, "ShardId": shards[0]["ShardId"], "ShardIteratorType": "TRIM_HORIZON",
        });
        let told = self.call("dynamodb", "DynamoDBStreams_20120810.GetShardIterator", &asked);
        told["ShardIterator"].as_str().unwrap().to_owned()
    }

    /// What the stream has since the last look.
    fn changes(&self) -> Vec<Value> {
        let mut changes = Vec::new();
        loop {
            let asked = json!({ "ShardIterator": *self.iterator.borrow(), "Limit": 1_000 });
            let mut told = self.call("dynamodb", "DynamoDBStreams_20120810.GetRecords", &asked);
            self.iterator.replace(told["NextShardIterator"].as_str().unwrap().to_owned());
            let Value::Array(records) = told["Records"].take() else { return changes };
            if records.is_empty() {
                return changes;
            }
            changes.extend(records.into_iter().map(|mut record| {
                record["eventSource"] = json!("aws:dynamodb");
                // The two interfaces spell it differently.
                if let Value::Object(who) = record["userIdentity"].take() {
                    record["userIdentity"] = json!({ "type": who["Type"], "principalId": who["PrincipalId"] });
                }
                record
            }));
        }
    }
}

async fn answer<H, F>(payload: &str, handler: H) -> Value
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let reply = edge::answer(payload, GUARD, handler).await.unwrap_or_else(|error| panic!("{error:?}"));
    serde_json::to_value(&reply).unwrap()
}

/// The patterns under which the stream wakes a function, from the template itself.
fn filters_of(function: &str) -> Vec<Value> {
    let template = fs::read_to_string(format!("{ROOT}/template.yaml")).unwrap();
    let (_, behind) = template.split_once(&format!("\n  {function}:\n")).unwrap();
    let own = behind.lines().take_while(|line| line.is_empty() || line.starts_with("   "));
    let patterns = own.filter_map(|line| line.trim().strip_prefix("- Pattern: '")?.strip_suffix('\''));
    let patterns: Vec<_> = patterns.map(|pattern| serde_json::from_str(pattern).unwrap()).collect();
    assert!(!patterns.is_empty(), "the template has no filters of {function}");
    patterns
}

fn passes(patterns: &[Value], record: &Value) -> bool {
    patterns.iter().any(|pattern| fits(pattern, record))
}

/// A list says what a value may be, an object what its members must be.
fn fits(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Array(either) => either.contains(value),
        Value::Object(all) => all.iter().all(|(name, pattern)| fits(pattern, &value[name])),
        other => panic!("no pattern: {other}"),
    }
}
