//! The endpoint: AWS over HTTP/1.1 in this process, and what goes wrong on the way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws::client::{Dial, SlimClient};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    sync::oneshot,
};

use crate::{
    behind::{Behind, gist, sorted},
    history::MARK,
    objects::{Buckets, decoded},
    seed::Seed,
    services::{Keys, Mails, Queues},
    shorter::{Part, Parts},
    table::{Change, Refusal, TABLE, TABLES, Tables},
};

/// Bytes in flight on one connection.
const LINE_BYTES: usize = 64 * 1_024;

/// Longer than any client waits.
const FOREVER: Duration = Duration::from_secs(24 * 3_600);

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is turned away, since there were too many.
    Throttled,
    /// 500, and nothing was done.
    Failed,
    /// 500, and it was done.
    FailedAfter,
    /// No answer, and nothing was done.
    Silent,
    /// No answer, and it was done.
    SilentAfter,
    /// The connection breaks before it is done.
    Cut,
    /// It was done, and the connection breaks before the answer.
    CutAfter,
    /// It was done, and the connection breaks in the middle of the answer.
    CutMidway,
    /// It was done, and the answer stops in the middle.
    Stalled,
    /// The credentials have expired.
    Expired,
    /// The environment ends before it is done.
    Killed,
    /// It was done, and the environment ends.
    KilledAfter,
    /// A part of a batch is turned away.
    Partly,
}

/// All of them.
pub const FAULTS: [Fault; 13] = [
    Fault::Throttled,
    Fault::Failed,
    Fault::FailedAfter,
    Fault::Silent,
    Fault::SilentAfter,
    Fault::Cut,
    Fault::CutAfter,
    Fault::CutMidway,
    Fault::Stalled,
    Fault::Expired,
    Fault::Killed,
    Fault::KilledAfter,
    Fault::Partly,
];

impl Fault {
    const fn is_before(self) -> bool {
        matches!(self, Self::Throttled | Self::Failed | Self::Silent | Self::Cut | Self::Expired | Self::Killed)
    }
}

/// When calls go wrong.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many calls in a thousand.
    pub per_mille: usize,
    /// What goes wrong with the first call whose name has this in it: named cases.
    pub first: Option<(&'static str, Fault)>,
    /// How long an answer takes at most, in milliseconds of the simulation: what is under way at once interleaves.
    pub delay_millis: usize,
}

impl Plan {
    /// Everything goes well, at once.
    pub const fn calm() -> Self {
        Self { per_mille: 0, first: None, delay_millis: 0 }
    }
}

/// A request, read.
#[derive(Debug)]
pub struct Request {
    /// GET, PUT, POST or DELETE.
    pub method: String,
    /// The path, as it came.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Display for Request {
    /// The whole of it; the members of an object in the order of their names, since the SDK has them in none, and
    /// without the header in which the SDK says by the machine's clock until when it waits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, query, headers, body } = self;
        let headers: Vec<_> = headers.iter().filter(|(name, _)| *name != "amz-sdk-request").collect();
        write!(f, "{method} {path} {query:?} {headers:?} ")?;
        match serde_json::from_slice::<Value>(body) {
            Ok(body) => write!(f, "{body}"),
            Err(_) => write!(f, "{}", body.escape_ascii()),
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers besides the length.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer in XML.
    pub fn xml(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/xml".to_owned())], body: body.into_bytes() }
    }

    fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.0".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// The answer with another header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} x\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        bytes
    }
}

/// Which service a call is for, and which of its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Service {
    Tables(String),
    Queues(String),
    Keys(String),
    Mails,
    Systems,
    Buckets,
}

impl Service {
    fn of(request: &Request) -> Self {
        let target = request.headers.get("x-amz-target").and_then(|target| target.split_once('.'));
        match target {
            Some(("DynamoDB_20120810", operation)) => Self::Tables(operation.to_owned()),
            Some(("AmazonSQS", operation)) => Self::Queues(operation.to_owned()),
            Some(("TrentService", operation)) => Self::Keys(operation.to_owned()),
            Some((unknown, _)) => panic!("{unknown} is not served here"),
            None if request.path.starts_with("/v2/email/") => Self::Mails,
            None if request.path.starts_with(SYSTEMS) => Self::Systems,
            None => Self::Buckets,
        }
    }

    fn reads(&self, request: &Request) -> bool {
        match self {
            Self::Tables(operation) => ["GetItem", "Query", "Scan"].contains(&operation.as_str()),
            Self::Keys(_) => true,
            Self::Buckets => request.method == "GET",
            Self::Queues(_) | Self::Mails | Self::Systems => false,
        }
    }

    /// It quotes something personal, as a service might: nothing of it may be said again.
    fn refusal(&self, fault: Fault) -> Answer {
        let (status, code) = match (fault, self) {
            (Fault::Throttled, Self::Buckets) => (503, "SlowDown"),
            (Fault::Throttled, Self::Mails | Self::Systems) => (429, "TooManyRequestsException"),
            (Fault::Throttled, _) => (400, "ThrottlingException"),
            (Fault::Expired, Self::Buckets) => (403, "ExpiredToken"),
            (Fault::Expired, _) => (403, "ExpiredTokenException"),
            (_, Self::Buckets) => (500, "InternalError"),
            _ => (500, "InternalServerError"),
        };
        match self {
            Self::Buckets => {
                Answer::xml(status, format!("<Error><Code>{code}</Code><Message>{MARK}</Message></Error>"))
            }
            _ => Answer::json(status, &json!({ "__type": code, "message": MARK })).with("x-amzn-errortype", code),
        }
    }
}

/// How the paths of the controllers' systems begin.
const SYSTEMS: &str = "/systems/";

/// What a system of a controller's took.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Where.
    pub path: String,
    /// With which headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// What.
    pub body: String,
}

/// One account of AWS.
pub struct Aws {
    /// DynamoDB.
    pub tables: Tables,
    /// The DynamoDB that answers in its stead, if one does.
    pub behind: Option<Behind>,
    /// Where the two did not answer alike.
    pub differences: Vec<String>,
    /// S3.
    pub buckets: Buckets,
    /// SQS.
    pub queues: Queues,
    /// KMS.
    pub keys: Keys,
    /// SES.
    pub mails: Mails,
    /// What the controllers' systems took, in its order. They are no part of AWS, and fail as it does.
    pub posted: Vec<Posted>,
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// What goes wrong.
    pub plan: Plan,
    /// What was called, and what went wrong with it.
    pub trace: Vec<String>,
    /// Every call as it came, and what was answered, once somebody wants to know.
    pub overheard: Option<Vec<String>>,
    /// How many calls there were.
    pub calls: u64,
    /// How many of them went wrong.
    pub faults: u64,
    /// What a failure may come from: each event, and each fault that was drawn.
    pub parts: Vec<Part>,
    /// What of it is left out.
    pub without: Parts,
    seed: Seed,
    /// Ends an environment, by its number.
    kills: BTreeMap<u64, oneshot::Sender<()>>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("calls", &self.calls).field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// An account that its connections share.
#[derive(Debug, Clone)]
pub struct Account(Arc<Mutex<Aws>>);

impl Account {
    /// An empty account.
    pub fn new(seed: Seed, now: i64) -> Self {
        Self(Arc::new(Mutex::new(Aws {
            tables: Tables::default(),
            behind: None,
            differences: Vec::new(),
            buckets: Buckets::default(),
            queues: Queues::default(),
            keys: Keys::default(),
            mails: Mails::default(),
            posted: Vec::new(),
            now,
            plan: Plan::calm(),
            trace: Vec::new(),
            overheard: None,
            calls: 0,
            faults: 0,
            parts: Vec::new(),
            without: Parts::new(),
            seed,
            kills: BTreeMap::new(),
        })))
    }

    /// The account itself.
    pub fn aws(&self) -> MutexGuard<'_, Aws> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client of an environment's own.
    pub fn client(&self, environment: u64) -> SlimClient {
        let account = self.clone();
        let dial: Dial = Arc::new(move || {
            let (near, far) = duplex(LINE_BYTES);
            tokio::spawn(serve(far, account.clone(), environment));
            Box::new(near)
        });
        SlimClient::dialing(dial)
    }

    /// Resolves when this environment is killed.
    pub fn killed(&self, environment: u64) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.aws().kills.insert(environment, sender);
        receiver
    }
}

impl Aws {
    /// Carries a call out as its fault says; answers what goes back, and when.
    fn take(&mut self, request: &Request, environment: u64) -> (Option<Answer>, Option<Fault>, Duration) {
        self.calls += 1;
        let service = Service::of(request);
        let delay = Duration::from_millis(self.seed.below(self.plan.delay_millis + 1) as u64);
        let what = match &service {
            Service::Buckets => format!("S3 {} {}", request.method, request.path),
            other => format!("{other:?}"),
        };
        // Most calls read, and reading again does no harm: what writes goes wrong more often.
        let share = if service.reads(request) { self.plan.per_mille / 4 } else { self.plan.per_mille * 2 };
        let drawn = (self.seed.below(1_000) < share).then(|| *self.seed.one_of(&FAULTS));
        let part = Part::Fault(self.calls);
        let drawn = drawn.filter(|_| !self.without.contains(&part));
        self.parts.extend(drawn.map(|_| part));
        let fault = match self.plan.first {
            Some((name, fault)) if what.contains(name) => {
                self.plan.first = None;
                Some(fault)
            }
            _ => drawn,
        };
        let noted = fault.map_or_else(String::new, |fault| format!(" {fault:?}"));
        self.trace.push(format!("{} environment {environment}: {what}{noted}", self.calls));
        self.faults += u64::from(fault.is_some());
        let answer = match fault {
            Some(fault) if fault.is_before() => match fault {
                Fault::Throttled | Fault::Failed | Fault::Expired => Some(service.refusal(fault)),
                _ => None,
            },
            fault => {
                let answer = self.carry_out(&service, request, fault == Some(Fault::Partly));
                Some(if fault == Some(Fault::FailedAfter) { service.refusal(Fault::Failed) } else { answer })
            }
        };
        if let Some(overheard) = &mut self.overheard {
            let answered = answer.as_ref().map(Answer::bytes).unwrap_or_default();
            let answered = answered.escape_ascii();
            overheard.push(format!("{} {environment} {request} {fault:?} {delay:?} {answered}", self.now));
        }
        if matches!(fault, Some(Fault::Killed | Fault::KilledAfter))
            && let Some(kill) = self.kills.remove(&environment)
        {
            // Whoever has ended meanwhile cannot be killed any more.
            let _ = kill.send(());
        }
        (answer, fault, delay)
    }

    fn carry_out(&mut self, service: &Service, request: &Request, partly: bool) -> Answer {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let done = match service {
            Service::Tables(operation) if partly && operation == "BatchExecuteStatement" => self.execute_partly(&body),
            Service::Tables(operation) => self.table(operation, &body),
            Service::Queues(operation) => self.queues.call(operation, &body, self.now, usize::from(partly)),
            Service::Keys(operation) => self.keys.call(operation, &body, &mut self.seed),
            Service::Mails => self.mails.call(&request.path, &body),
            Service::Systems => {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                self.posted.push(Posted { path: request.path.clone(), headers: request.headers.clone(), body });
                Ok(json!({}))
            }
            Service::Buckets => return self.buckets.call(request, usize::from(partly)),
        };
        match done {
            Ok(answer) => Answer::json(200, &answer),
            Err((status, error)) => Answer::json(status, &error),
        }
    }

    /// Carries a call to DynamoDB out; where another one stands behind, there as well, and that one answers.
    fn table(&mut self, operation: &str, request: &Value) -> Result<Value, Refusal> {
        let Some(behind) = &self.behind else { return self.tables.call(operation, request) };
        let mut request = request.clone();
        if self.tables.page_max > 0 && ["Query", "Scan"].contains(&operation) {
            request["Limit"] = json!(request["Limit"].as_u64().unwrap_or(u64::MAX).min(self.tables.page_max as u64));
        }
        let (expected, answer) = (self.tables.call(operation, &request), behind.call(operation, &request));
        // A scan goes by an order that is no promise: what stands in the tables is compared at the end.
        if operation != "Scan" && gist(&expected) != gist(&answer) {
            self.differences.push(format!("{operation} {request}: expected {expected:?}, found {answer:?}"));
        }
        answer
    }

    /// Takes away what is over, as time to live does: some of it, some time.
    pub fn expire(&mut self, is_taken: impl FnMut() -> bool) {
        let before = self.tables.changes.len();
        self.tables.expire(self.now, is_taken);
        let Some(behind) = &self.behind else { return };
        for Change { key: (pk, sk), .. } in &self.tables.changes[before..] {
            let key = json!({ "TableName": TABLE, "Key": { "pk": { "S": pk }, "sk": { "S": sk } } });
            let deleted = behind.call("DeleteItem", &key);
            self.differences.extend(deleted.err().map(|refused| format!("time to live: {refused:?}")));
        }
    }

    /// Where the DynamoDB behind answered otherwise than ours, and where other things stand in it now.
    pub fn differences(&self) -> Vec<String> {
        let mut differences = self.differences.clone();
        for table in TABLES.into_iter().filter(|_| self.behind.is_some()) {
            let there = self.behind.iter().flat_map(|behind| behind.items(table));
            let there: BTreeMap<_, _> = there.map(|(key, item)| (key, sorted(&Value::Object(item)))).collect();
            let here = self.tables.items(table);
            let here: BTreeMap<_, _> = here.map(|(key, item)| (key.clone(), sorted(&json!(item)))).collect();
            let keys: BTreeSet<_> = here.keys().chain(there.keys()).collect();
            let other = keys.into_iter().filter(|key| here.get(*key) != there.get(*key));
            differences
                .extend(other.map(|key| format!("{key:?}: {:?} here, {:?} there", here.get(key), there.get(key))));
        }
        differences
    }

    /// The first statement is turned away, the others are carried out.
    fn execute_partly(&mut self, body: &Value) -> Result<Value, (u16, Value)> {
        let statements = body["Statements"].as_array().cloned().unwrap_or_default();
        let rest = statements.get(1..).unwrap_or_default();
        let mut answer = match rest {
            [] => json!({ "Responses": [] }),
            rest => self.table("BatchExecuteStatement", &json!({ "Statements": rest }))?,
        };
        if let Some(responses) = answer["Responses"].as_array_mut() {
            responses.insert(0, json!({ "Error": { "Code": "ThrottlingError", "Message": "no" } }));
        }
        Ok(answer)
    }
}

async fn serve(mut line: DuplexStream, account: Account, environment: u64) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut line, &mut buffer).await {
        let (answer, fault, delay) = account.aws().take(&request, environment);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let bytes = answer.map(|answer| answer.bytes()).unwrap_or_default();
        let sent = match fault {
            Some(Fault::Silent | Fault::SilentAfter | Fault::Killed | Fault::KilledAfter) => &[][..],
            Some(Fault::Cut | Fault::CutAfter) => return,
            Some(Fault::CutMidway | Fault::Stalled) => &bytes[..bytes.len() - bytes.len().min(1 + bytes.len() / 3)],
            _ => &bytes[..],
        };
        if line.write_all(sent).await.is_err() || fault == Some(Fault::CutMidway) {
            return;
        }
        if sent.len() < bytes.len() || bytes.is_empty() {
            tokio::time::sleep(FOREVER).await;
            return;
        }
    }
}

/// The next request of a connection; `None` when it has ended.
async fn read(line: &mut DuplexStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let head_bytes = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if line.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_bytes]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair_of = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    assert!(!headers.contains_key("transfer-encoding"), "bodies in chunks are not read here");
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < head_bytes + length {
        if line.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let request = Request {
        method,
        path: path.to_owned(),
        query: pairs.map(pair_of).collect(),
        headers,
        body: buffer[head_bytes..head_bytes + length].to_vec(),
    };
    buffer.drain(..head_bytes + length);
    Some(request)
}
