//! An endpoint between a test and the local AWS: it counts the calls that go over it, and lets a test do something
//! right before one.

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

#[derive(Default)]
struct State {
    calls: BTreeMap<String, usize>,
    stops: Vec<(String, oneshot::Sender<Arc<Notify>>)>,
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

    /// Forgets what was counted.
    pub(crate) fn forget(&self) {
        self.state.lock().unwrap().calls.clear();
    }

    /// Stops the next call named so before it reaches AWS.
    pub(crate) fn stop(&self, name: &str) -> impl Future<Output = Stopped> + use<> {
        let (sender, receiver) = oneshot::channel();
        self.state.lock().unwrap().stops.push((name.to_owned(), sender));
        async move { Stopped(receiver.await.unwrap()) }
    }
}

/// Hands one call on: towards AWS each has a connection of its own, so that its answer ends where that does, and the
/// client's ends with it.
async fn hand_on(mut client: TcpStream, upstream: String, state: Arc<Mutex<State>>) {
    let mut read = Vec::new();
    let Some(head) = read_head(&mut client, &mut read).await else { return };
    let length = header(&read[..head], "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while read.len() < head + length {
        if client.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let request: Vec<u8> = read.drain(..head + length).collect();
    let stopped = {
        let mut state = state.lock().unwrap();
        let name = name_of(&request[..head]);
        let stop = state.stops.iter().position(|(stop, _)| *stop == name);
        *state.calls.entry(name).or_default() += 1;
        stop.map(|stop| state.stops.remove(stop).1)
    };
    if let Some(stopped) = stopped {
        let go_on = Arc::new(Notify::new());
        if stopped.send(Arc::clone(&go_on)).is_ok() {
            go_on.notified().await;
        }
    }
    let mut aws = TcpStream::connect(&upstream).await.unwrap();
    let line_end = request.windows(2).position(|at| at == b"\r\n").unwrap() + 2;
    aws.write_all(&request[..line_end]).await.unwrap();
    aws.write_all(b"connection: close\r\n").await.unwrap();
    aws.write_all(&request[line_end..]).await.unwrap();
    let mut answer = Vec::new();
    aws.read_to_end(&mut answer).await.unwrap();
    client.write_all(&answer).await.ok();
    client.shutdown().await.ok();
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

fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head).into_owned();
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// What a call is named: by its target, or for S3 by its method.
fn name_of(head: &[u8]) -> String {
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
