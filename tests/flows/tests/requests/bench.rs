//! Where the requests are made: the deployed functions, or the same functions over ports in memory. Both get
//! the very payloads that API Gateway hands over, so the model's time is the time of the events.

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, thread, time::Duration};

use app::requests::{OfficeRow, RequestLog};
use domain::ids::ControllerId;
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use habeas_cli::{
    client::Call,
    trouble::{Played, Trouble},
    world::{World, wait_for},
};
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::{Memory, at_once};
use wire::message::FulfilMessage;

use super::model::CONTROLLERS;

/// How often a call is made again that there was no room for.
const BUSY_TRIES_MAX: u32 = 20;

/// For how long a dead letter that was looked at stays out of sight.
const PEEK_SECONDS: u32 = 1;

/// Where people reach the functions in memory.
const URL: &str = "https://privacy.example";

/// Most rows of a list that are read in memory.
const ROWS_MAX: usize = 100_000;

/// One call of the API, at the time that is the model's.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) function: &'static str,
    pub(crate) method: &'a str,
    /// The route below the controller: `requests/{request}/reply`.
    pub(crate) route: &'a str,
    pub(crate) controller: &'a str,
    pub(crate) request: Option<&'a str>,
    pub(crate) query: String,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Option<Value>,
    /// Who of which controller's staff, and what their token allows.
    pub(crate) staff: Option<(&'a str, &'a str, &'a str)>,
    pub(crate) at: Timestamp,
    /// Tells calls apart, and where they come from.
    pub(crate) number: u64,
}

impl<'a> Asked<'a> {
    /// A call that anybody can make.
    pub(crate) fn new(method: &'a str, route: &'a str, controller: &'a str, request: Option<&'a str>) -> Self {
        let function = if route.starts_with("staff/") { "dsar-office" } else { "dsar-intake" };
        Self {
            function,
            method,
            route,
            controller,
            request,
            query: String::new(),
            headers: Vec::new(),
            body: None,
            staff: None,
            at: Timestamp::UNIX_EPOCH,
            number: 0,
        }
    }

    pub(crate) fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(crate) fn query(self, query: String) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn by(self, clerk: &'a str, scope: &'a str, controllers: &'a str) -> Self {
        Self { staff: Some((clerk, scope, controllers)), ..self }
    }

    /// The event of API Gateway, payload format 2.0, as `events/` shows it.
    fn payload(&self) -> Value {
        let route = format!("/{{controller}}/v1/{}", self.route);
        let path =
            route.replace("{controller}", self.controller).replace("{request}", self.request.unwrap_or_default());
        let mut headers: BTreeMap<&str, &str> =
            BTreeMap::from([("host", "api.example"), ("accept", "application/json")]);
        if self.body.is_some() {
            headers.insert("content-type", "application/json");
        }
        headers.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        let mut parameters = json!({ "controller": self.controller });
        if let Some(request) = self.request {
            parameters["request"] = json!(request);
        }
        // Everybody calls from somewhere else: what one source may do is tested elsewhere.
        let (high, low) = (self.number / 250 % 250, self.number % 250);
        let mut event = json!({
            "version": "2.0",
            "routeKey": format!("{} {route}", self.method),
            "rawPath": path,
            "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "accountId": "000000000000", "apiId": "model", "domainName": "api.example", "domainPrefix": "api",
                "http": {
                    "method": self.method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": format!("198.18.{high}.{low}"), "userAgent": "model/1",
                },
                "requestId": format!("model-{}-{}", self.at.as_millisecond(), self.number),
                "routeKey": format!("{} {route}", self.method),
                "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000",
                "timeEpoch": self.at.as_millisecond(),
            },
            "pathParameters": parameters,
            "isBase64Encoded": false,
        });
        if let Some(body) = &self.body {
            event["body"] = json!(body.to_string());
        }
        if let Some((clerk, scope, controllers)) = self.staff {
            let claims = json!({ "sub": clerk, "scope": scope, "controllers": controllers });
            event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": [] } });
        }
        event
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Heard {
    fn read(answer: &Value) -> Played<Self> {
        let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        let body = answer["body"].as_str().unwrap_or_default();
        Ok(Self {
            status: status.ok_or_else(|| Trouble::new(format!("no status in {answer}")))?,
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        })
    }

    /// The name of the problem, or nothing.
    pub(crate) fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.strip_prefix("urn:habeas:problem:")).unwrap_or_default()
    }
}

/// When a request must be looked at again, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    /// The time under which the clock watch finds it.
    pub(crate) at: Option<Timestamp>,
    /// Whether it stands in the clock watch's index at all.
    pub(crate) is_indexed: bool,
}

/// A mail that went out.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Where requests are made.
pub(crate) trait Bench {
    /// Calls a function.
    fn call(&self, asked: &Asked<'_>) -> Played<Heard>;

    /// Looks until there is something to see; what follows from what was done happens meanwhile.
    fn wait<T>(&self, what: &str, look: impl FnMut() -> Played<Option<T>>) -> Played<T>;

    /// Runs the clock watch.
    fn watch(&self, at: Timestamp) -> Played;

    /// Every mail that went out.
    fn mails(&self) -> Played<Vec<Sent>>;

    /// The next date of a request.
    fn next(&self, controller: &str, request: &str) -> Played<Next>;

    /// The messages that were put aside, whoever sent them.
    fn dead(&self) -> Played<Vec<String>>;

    /// The status of a staff call through the gateway itself, by the scope and the controllers of its token;
    /// `None` where there is no gateway.
    fn door(&self, method: &str, path: &str, token: Option<(&str, &str)>) -> Played<Option<u16>>;

    /// What makes this run's people others than those of any other run.
    fn run(&self) -> String;
}

/// The deployed functions.
pub(crate) struct Deployed {
    pub(crate) world: World,
    /// Whose a request is: it never changes.
    subjects: RefCell<BTreeMap<String, String>>,
}

impl Deployed {
    pub(crate) fn new(world: World) -> Self {
        Self { world, subjects: RefCell::default() }
    }

    fn function(&self, name: &str) -> Played<&str> {
        let output = match name {
            "dsar-intake" => "DsarIntakeFunction",
            "dsar-office" => "DsarOfficeFunction",
            _ => return Err(Trouble::new(format!("no output is known for {name}"))),
        };
        self.world.stack.output(output)
    }

    fn subject(&self, controller: &str, request: &str) -> Played<String> {
        if let Some(subject) = self.subjects.borrow().get(request) {
            return Ok(subject.clone());
        }
        let items = self.world.cloud.items(&format!("C#{controller}"))?;
        let whose = items.iter().find(|item| item.sort_key() == format!("REQUEST#{request}"));
        let subject = whose.and_then(|item| item.text("subject")).map(str::to_owned);
        let subject = subject.ok_or_else(|| Trouble::new(format!("nobody is known of request {request}")))?;
        self.subjects.borrow_mut().insert(request.to_owned(), subject.clone());
        Ok(subject)
    }
}

impl Bench for Deployed {
    fn call(&self, asked: &Asked<'_>) -> Played<Heard> {
        let (function, payload) = (self.function(asked.function)?, asked.payload());
        let mut tries = 0;
        loop {
            let (said, error) = self.world.cloud.try_invoke(function, &payload)?;
            if let Some(error) = error {
                return Err(Trouble::new(format!("{function} ended with {error}: {said}")));
            }
            let heard = Heard::read(&said)?;
            tries += 1;
            if heard.status != 503 || tries >= BUSY_TRIES_MAX {
                return Ok(heard);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn wait<T>(&self, what: &str, look: impl FnMut() -> Played<Option<T>>) -> Played<T> {
        wait_for(what, look)
    }

    fn watch(&self, at: Timestamp) -> Played {
        self.world.watch(at)
    }

    fn mails(&self) -> Played<Vec<Sent>> {
        let sent = |mail: habeas_cli::cloud::Mail| Sent { to: mail.to, subject: mail.subject, text: mail.text };
        Ok(self.world.cloud.mails()?.into_iter().map(sent).collect())
    }

    fn next(&self, controller: &str, request: &str) -> Played<Next> {
        let subject = self.subject(controller, request)?;
        let items = self.world.cloud.items(&format!("C#{controller}#S#{subject}"))?;
        // The receipt is the one item of a request that stands in the office's list.
        let receipt = items
            .iter()
            .find(|item| item.sort_key().starts_with(&format!("REQUEST#{request}")) && item.text("office_of").is_some())
            .ok_or_else(|| Trouble::new(format!("request {request} has no receipt in the office's list")))?;
        Ok(Next {
            at: receipt.number("due_at").and_then(|at| Timestamp::from_millisecond(at).ok()),
            is_indexed: receipt.text("due_shard").is_some(),
        })
    }

    fn dead(&self) -> Played<Vec<String>> {
        let names = ["DeadLetterQueueUrl", "FailuresQueueUrl"];
        let outputs = self.world.stack.outputs.iter();
        let queues = outputs.filter(|(output, _)| names.iter().any(|name| output.ends_with(name)));
        let mut dead = Vec::new();
        for (_, queue) in queues {
            dead.extend(self.world.cloud.peek(queue, PEEK_SECONDS)?.into_iter().map(|letter| letter.body));
        }
        Ok(dead)
    }

    fn door(&self, method: &str, path: &str, token: Option<(&str, &str)>) -> Played<Option<u16>> {
        let mut call = Call::new(method, self.world.api(path));
        if method == "POST" {
            call = call.with("if-match", "\"0\"").json(&json!({ "action": "claim" }));
        }
        if let Some((scope, controllers)) = token {
            call = call.with("authorization", format!("Bearer {}", self.world.token(scope, controllers)?));
        }
        self.world.client.send(&call).map(|answer| Some(answer.status))
    }

    fn run(&self) -> String {
        self.world.run.clone()
    }
}

/// The same functions in this process, over ports in memory. The stream and the relay are a loop here.
pub(crate) struct InMemory {
    intake: dsar_intake::Site<Memory>,
    office: dsar_office::Desk<Memory>,
    fulfil: dsar_fulfil::Desk<Memory>,
    memory: Memory,
    /// How many entries of a request were told to the driver.
    told: RefCell<BTreeMap<String, u32>>,
}

const GUARD: TimeGuard = TimeGuard { stage: Stage::Local };

impl InMemory {
    pub(crate) fn new() -> Self {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/policies"));
        let policies = || {
            let read = |controller: &str| {
                let text = fs::read_to_string(folder.join(format!("{controller}.toml"))).unwrap();
                policy::parse("policy", &text, None).unwrap().policy
            };
            PolicyBook::new(CONTROLLERS.map(read))
        };
        let memory = Memory::new();
        Self {
            intake: dsar_intake::Site {
                ports: memory.clone(),
                policies: policies(),
                pages: AllowedPages::parse("").unwrap(),
            },
            office: dsar_office::Desk { ports: memory.clone(), policies: policies() },
            fulfil: dsar_fulfil::Desk { ports: memory.clone(), policies: policies(), public_url: URL.to_owned() },
            memory,
            told: RefCell::default(),
        }
    }

    fn rows(&self, controller: &str) -> Vec<OfficeRow> {
        let controller = ControllerId::parse(controller).unwrap();
        let page = |is_open| at_once(self.memory.office_list(&controller, is_open, None, ROWS_MAX)).unwrap().rows;
        let mut rows = page(true);
        rows.extend(page(false));
        rows
    }

    /// Brings each new entry to the driver until nothing more follows.
    fn settle(&self) -> Played {
        loop {
            let mut is_still = true;
            for controller in CONTROLLERS {
                for row in self.rows(controller) {
                    let id = row.request.to_string();
                    if self.told.borrow().get(&id).is_some_and(|told| *told == row.version) {
                        continue;
                    }
                    is_still = false;
                    self.told.borrow_mut().insert(id, row.version);
                    self.drive(controller, &row)?;
                }
            }
            if is_still {
                return Ok(());
            }
        }
    }

    fn drive(&self, controller: &str, row: &OfficeRow) -> Played {
        let controller = ControllerId::parse(controller).unwrap();
        let key = app::requests::RequestKey {
            controller: controller.clone(),
            subject: row.subject.clone(),
            request: row.request.clone(),
        };
        let stored = at_once(self.memory.request(&key)).unwrap().unwrap();
        let at = stored.state.history.last().map_or(stored.state.received.at, |entry| entry.at);
        let message = FulfilMessage::new(&controller, &row.subject, &row.request, at);
        let record = json!({
            "messageId": "m-1", "receiptHandle": "r", "eventSource": "aws:sqs",
            "body": serde_json::to_string(&message).unwrap(), "attributes": { "ApproximateReceiveCount": "1" },
        });
        let said = answered(&json!({ "Records": [record] }), |event| dsar_fulfil::handle(&self.fulfil, event))?;
        let failed = said["batchItemFailures"].as_array().is_none_or(|failed| !failed.is_empty());
        if failed { Err(Trouble::new(format!("dsar-fulfil answered {said}"))) } else { Ok(()) }
    }
}

fn answered<H, F>(payload: &Value, handler: H) -> Played<Value>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    let reply = at_once(answer(&payload.to_string(), GUARD, handler));
    let reply = reply.map_err(|error| Trouble::new(format!("a function failed: {}", error.name())))?;
    serde_json::to_value(&reply).map_err(Trouble::because("an answer"))
}

impl Bench for InMemory {
    fn call(&self, asked: &Asked<'_>) -> Played<Heard> {
        let payload = asked.payload();
        let said = match asked.function {
            "dsar-office" => answered(&payload, |event| dsar_office::handle(&self.office, event)),
            _ => answered(&payload, |event| dsar_intake::handle(&self.intake, event)),
        };
        let heard = Heard::read(&said?)?;
        self.settle()?;
        Ok(heard)
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Played<Option<T>>) -> Played<T> {
        look()?.ok_or_else(|| Trouble::new(format!("there is no sign of {what}")))
    }

    fn watch(&self, at: Timestamp) -> Played {
        // Without the function around it, which writes a dozen metrics to the test's output each time.
        let policies = self.office.policies.all().map_err(Trouble::because("the policies"))?;
        let watched = at_once(app::deadlines::watch(&self.memory, &policies, at, false));
        let watched = watched.map_err(Trouble::because("the clock watch"))?;
        if watched.requests.failed > 0 {
            return Err(Trouble::new(format!(
                "the clock watch could not look at {} requests",
                watched.requests.failed
            )));
        }
        self.settle()
    }

    fn mails(&self) -> Played<Vec<Sent>> {
        let sent = |mail: app::mail::Mail| Sent {
            to: vec![mail.to.disclose().clone()],
            subject: mail.subject,
            text: mail.text,
        };
        Ok(self.memory.sent().into_iter().map(sent).collect())
    }

    fn next(&self, controller: &str, request: &str) -> Played<Next> {
        let row = self.rows(controller).into_iter().find(|row| row.request.as_str() == request);
        let at = row.ok_or_else(|| Trouble::new("the request is in no list"))?.head.next_at;
        Ok(Next { at, is_indexed: at.is_some() })
    }

    fn dead(&self) -> Played<Vec<String>> {
        Ok(self.memory.buried().into_iter().map(|(body, _)| body).collect())
    }

    fn door(&self, _: &str, _: &str, _: Option<(&str, &str)>) -> Played<Option<u16>> {
        Ok(None)
    }

    fn run(&self) -> String {
        "1".to_owned()
    }
}
