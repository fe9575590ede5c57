//! A connection to an endpoint in the same thread: what is written to it is answered before the writer gets control
//! back. No socket, no other task, nothing to wait for; what the endpoint takes is timed apart.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use aws::client::{Dial, SlimClient};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::endpoint::Endpoint;

/// CPU of this thread until now: its own, not what it waited for, nor what others took.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// The endpoint, shared with its connections.
#[derive(Clone)]
pub(crate) struct Account(Arc<Mutex<Endpoint>>);

impl Account {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Endpoint::default())))
    }

    pub(crate) fn aws(&self) -> MutexGuard<'_, Endpoint> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn client(&self) -> SlimClient {
        let account = self.clone();
        let dial: Dial = Arc::new(move || {
            Box::new(Line { account: account.clone(), asked: Vec::new(), said: Vec::new(), at: 0, waiting: None })
        });
        SlimClient::dialing(dial)
    }
}

struct Line {
    account: Account,
    asked: Vec<u8>,
    said: Vec<u8>,
    /// How much of what was said has been read.
    at: usize,
    waiting: Option<Waker>,
}

/// A whole request.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// `DynamoDB_20120810.PutItem`; nothing for S3 and SES.
    pub(crate) target: &'a str,
    pub(crate) body: &'a [u8],
}

/// Reads a request once all of it is there, with its length.
fn read(asked: &[u8]) -> Option<(Request<'_>, usize)> {
    let head_bytes = asked.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let mut lines = std::str::from_utf8(&asked[..head_bytes]).unwrap().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?, first.next()?);
    let (mut target, mut length) = ("", 0);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("x-amz-target") {
            target = value.trim();
        } else if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "bodies in chunks are not read here");
    }
    let end = head_bytes + length;
    (asked.len() >= end).then(|| (Request { method, path, target, body: &asked[head_bytes..end] }, end))
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let began = cpu();
        let line = &mut *self;
        line.asked.extend_from_slice(bytes);
        let mut aws = line.account.aws();
        if let Some((request, end)) = read(&line.asked) {
            aws.answer(&request, &mut line.said);
            line.asked.drain(..end);
        }
        aws.cpu += cpu() - began;
        drop(aws);
        if let Some(waker) = line.waiting.take_if(|_| !line.said.is_empty()) {
            waker.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.said.is_empty() {
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        let (at, end) = (self.at, self.said.len().min(self.at + buffer.remaining()));
        buffer.put_slice(&self.said[at..end]);
        self.at = end;
        if end == self.said.len() {
            self.said.clear();
            self.at = 0;
        }
        Poll::Ready(Ok(()))
    }
}
