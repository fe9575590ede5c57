//! An endpoint between a test and the local AWS: it counts the calls that go over it, lets a test do something right
//! before one, and shows a benchmark each of them with its answer.

#![allow(dead_code, reason = "each test uses its part")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
};

/// The call that has many statements.
const STATEMENTS: &str = "dynamodb:BatchExecuteStatement";

/// Is shown each call by its name, its head and its body before it reaches AWS, and then its answer.
pub(crate) type Watch = Box<dyn Fn(&str, &[u8], &[u8]) -> Answered + Send + Sync>;

/// Is shown the answer of one call.
pub(crate) type Answered = Box<dyn FnOnce(&[u8]) + Send>;

#[derive(Default)]
struct State {
    calls: BTreeMap<String, usize>,
    statements: usize,
    refused: usize,
    stops: Vec<(String, oneshot::Sender<Arc<Notify>>)>,
    watch: Option<Arc<Watch>>,
}

/// The endpoint. It ends with the test's runtime.
pub(crate) struct Wire {
    /// Where it listens.
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

/// A call that was stopped before it reached AWS.
pub(crate) struct Stopped(Arc<Notify>);

impl Stopped {
    /// Lets it go on.
    pub(crate) fn go_on(self) {
        self.0.notify_one();
    }
}

impl Wire {
    /// Listens, and hands everything on to the local AWS there.
    pub(crate) async fn to(endpoint: &str) -> Self {
        let upstream = endpoint.trim_start_matches("http://").trim_end_matches('/').replace("localhost", "127.0.0.1");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let seen = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                tokio::spawn(hand_on(client, upstream.clone(), Arc::clone(&seen)));
            }
        });
        Self { url, state }
    }

    /// How many calls named so went over it: `kms:Decrypt`, `dynamodb:GetItem`, `s3:PUT`. The name may be cut short:
    /// `kms:`.
    pub(crate) fn calls(&self, name: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.calls.iter().filter(|(called, _)| called.starts_with(name)).map(|(_, count)| count).sum()
    }

    /// All calls, by name.
    pub(crate) fn all(&self) -> BTreeMap<String, usize> {
        self.state.lock().unwrap().calls.clone()
    }

    /// How many statements the batches among them had.
    pub(crate) fn statements(&self) -> usize {
        self.state.lock().unwrap().statements
    }

    /// How many writes were refused because another's stood there.
    pub(crate) fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }

    /// Shows each later call to whoever watches. It may block: nothing waits but the other calls.
    pub(crate) fn watched_by(&self, watch: Watch) {
        self.state.lock().unwrap().watch = Some(Arc::new(watch));
    }

    /// Forgets what was counted.
    pub(crate) fn forget(&self) {
        let mut state = self.state.lock().unwrap();
        state.calls.clear();
        state.statements = 0;
        state.refused = 0;
    }

    /// Stops the next call named so before it reaches AWS.
    pub(crate) fn stop(&self, name: &str) -> impl Future<Output = Stopped> + use<> {
        let (sender, receiver) = oneshot::channel();
        self.state.lock().unwrap().stops.push((name.to_owned(), sender));
        async move { Stopped(receiver.await.unwrap()) }
    }
}

/// Hands the calls of one connection on, over one connection of its own that is kept as long.
async fn hand_on(mut client: TcpStream, upstream: String, state: Arc<Mutex<State>>) {
    let (mut read, mut kept) = (Vec::new(), None);
    while let Some(head) = read_head(&mut client, &mut read).await {
        let length = header(&read[..head], "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while read.len() < head + length {
            if client.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let request: Vec<u8> = read.drain(..head + length).collect();
        let (stopped, watched) = {
            let mut state = state.lock().unwrap();
            let name = name_of(&request[..head]);
            if name == STATEMENTS {
                state.statements += occurrences(&request[head..], br#""Statement":"#);
            }
            let stop = state.stops.iter().position(|(stop, _)| *stop == name);
            *state.calls.entry(name.clone()).or_default() += 1;
            (stop.map(|stop| state.stops.remove(stop).1), state.watch.clone().map(|watch| (watch, name)))
        };
        if let Some(stopped) = stopped {
            let go_on = Arc::new(Notify::new());
            if stopped.send(Arc::clone(&go_on)).is_ok() {
                go_on.notified().await;
            }
        }
        let answered = watched.map(|(watch, name)| watch(&name, &request[..head], &request[head..]));
        let answer = answer_to(&request, &mut kept, &upstream).await;
        if answer.starts_with(b"HTTP/1.1 412") {
            state.lock().unwrap().refused += 1;
        }
        if let Some(answered) = answered {
            answered(&answer);
        }
        if client.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// What AWS answers. Where it has closed the connection meanwhile, a new one is made.
async fn answer_to(request: &[u8], kept: &mut Option<TcpStream>, upstream: &str) -> Vec<u8> {
    let has_body = !request.starts_with(b"HEAD ");
    if let Some(mut aws) = kept.take()
        && aws.write_all(request).await.is_ok()
        && let Some(answer) = read_answer(&mut aws, has_body).await
    {
        *kept = Some(aws);
        return answer;
    }
    let mut aws = TcpStream::connect(upstream).await.unwrap();
    aws.set_nodelay(true).unwrap();
    aws.write_all(request).await.unwrap();
    let answer = read_answer(&mut aws, has_body).await.unwrap();
    *kept = Some(aws);
    answer
}

/// Reads one answer as it is; `None` if the connection ends before it.
async fn read_answer(aws: &mut TcpStream, has_body: bool) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    let head = read_head(aws, &mut read).await?;
    let is_empty = !has_body || read.starts_with(b"HTTP/1.1 204") || read.starts_with(b"HTTP/1.1 304");
    let is_chunked = header(&read[..head], "transfer-encoding").is_some();
    let length: usize = header(&read[..head], "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let is_whole = |read: &[u8]| match (is_empty, is_chunked) {
        (true, _) => true,
        (_, true) => read.ends_with(b"0\r\n\r\n"),
        (_, false) => read.len() >= head + length,
    };
    while !is_whole(&read) {
        if aws.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    Some(read)
}

fn occurrences(text: &[u8], of: &[u8]) -> usize {
    text.windows(of.len()).filter(|window| *window == of).count()
}

async fn read_head(client: &mut TcpStream, read: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(end) = read.windows(4).position(|at| at == b"\r\n\r\n") {
            return Some(end + 4);
        }
        if client.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

/// The value of a header.
pub(crate) fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head).into_owned();
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// What a call is named: by its target, or for S3 by its method.
fn name_of(head: &[u8]) -> String {
    // SES is called by paths of its own.
    for (path, name) in
        [(&b"POST /v2/email/outbound-emails"[..], "ses:SendEmail"), (b"GET /v2/email/account", "ses:GetAccount")]
    {
        if head.starts_with(path) {
            return name.to_owned();
        }
    }
    if let Some(target) = header(head, "x-amz-target") {
        let (service, operation) = target.split_once('.').unwrap_or((&target, ""));
        let service = if service.starts_with("DynamoDB") {
            "dynamodb"
        } else if service.starts_with("TrentService") {
            "kms"
        } else {
            "sqs"
        };
        return format!("{service}:{operation}");
    }
    let method = String::from_utf8_lossy(head).split(' ').next().unwrap_or_default().to_owned();
    format!("s3:{method}")
}
