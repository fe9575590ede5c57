//! Lambda's Runtime API on loopback: it hands a function its events one by one and takes what comes of each.

use std::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, SystemTime},
};

use crate::{
    failure::{Context, Failure, Outcome},
    http::{Connection, Request},
};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// How often it is looked whether the function is still there.
const LOOK: Duration = Duration::from_millis(200);

/// How long an invocation may take, as the function is told.
const INVOCATION: Duration = Duration::from_secs(300);

/// One event on its way to the function.
struct Invocation {
    id: String,
    event: Vec<u8>,
}

/// What the function said.
enum Said {
    /// It waits for an event; whoever has one hands it over.
    Next(Sender<Invocation>),
    /// It has answered one.
    Response(Vec<u8>),
    /// It could not start, or failed at one.
    Failed(String),
}

/// The Runtime API of one function.
pub struct RuntimeApi {
    /// `host:port`, as `AWS_LAMBDA_RUNTIME_API` wants it.
    pub address: String,
    said: Receiver<Said>,
    waiting: Option<Sender<Invocation>>,
    invocations: usize,
    patience: Duration,
}

impl std::fmt::Debug for RuntimeApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuntimeApi").field("address", &self.address).finish_non_exhaustive()
    }
}

impl RuntimeApi {
    /// Listens. `patience` is how long it waits for the function at each step.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn listen(patience: Duration) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").cannot("listen on loopback")?;
        let address = listener.local_addr().cannot("read the port")?.to_string();
        let (sender, said) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || converse(stream, &sender));
            }
        });
        Ok(Self { address, said, waiting: None, invocations: 0, patience })
    }

    /// Waits until the function asks for its next event: it has begun, or is done with the last one. `has_ended` says
    /// whether there is nobody left to wait for.
    ///
    /// # Errors
    /// If it says something else, or nothing.
    pub fn wait_for_next(&mut self, has_ended: &mut dyn FnMut() -> bool) -> Outcome<()> {
        match self.hear(has_ended)? {
            Said::Next(waiting) => self.waiting = Some(waiting),
            Said::Failed(what) => return Err(Failure::new(what)),
            Said::Response(_) => return Err(Failure::new("it answered what nobody asked")),
        }
        Ok(())
    }

    /// Hands the waiting function an event, and answers what it says to it once it waits again.
    ///
    /// # Errors
    /// If it fails at the event, or does not wait.
    pub fn invoke(&mut self, event: &[u8], has_ended: &mut dyn FnMut() -> bool) -> Outcome<Vec<u8>> {
        let waiting = self.waiting.take().ok_or_else(|| Failure::new("it does not wait for an event"))?;
        self.invocations += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", self.invocations);
        waiting.send(Invocation { id, event: event.to_vec() }).cannot("hand over an event")?;
        let response = match self.hear(has_ended)? {
            Said::Response(response) => response,
            Said::Failed(what) => return Err(Failure::new(what)),
            Said::Next(_) => return Err(Failure::new("it left an event without an answer")),
        };
        self.wait_for_next(has_ended)?;
        Ok(response)
    }

    fn hear(&self, has_ended: &mut dyn FnMut() -> bool) -> Outcome<Said> {
        let mut left = self.patience;
        loop {
            match self.said.recv_timeout(LOOK.min(left)) {
                Ok(said) => return Ok(said),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::new("nobody listens to it")),
                Err(RecvTimeoutError::Timeout) if has_ended() => return Err(Failure::new("it ended")),
                Err(RecvTimeoutError::Timeout) => left = left.saturating_sub(LOOK),
            }
            if left.is_zero() {
                return Err(Failure::new(format!("it said nothing for {} s", self.patience.as_secs())));
            }
        }
    }
}

fn converse(stream: TcpStream, said: &Sender<Said>) {
    // An answer is two packets otherwise, and the second waits 40 ms.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request() {
        let is_heard =
            if request.path == NEXT { next(&mut connection, said) } else { outcome(&mut connection, request, said) };
        if !is_heard {
            return;
        }
    }
}

fn next(connection: &mut Connection<TcpStream>, said: &Sender<Said>) -> bool {
    let (sender, handed) = mpsc::channel();
    if said.send(Said::Next(sender)).is_err() {
        return false;
    }
    let Ok(invocation) = handed.recv() else { return false };
    let deadline = SystemTime::now() + INVOCATION;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", invocation.id.as_str()),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:habeas-bench"),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"),
    ];
    connection.answer("200 OK", &headers, &invocation.event)
}

fn outcome(connection: &mut Connection<TcpStream>, request: Request, said: &Sender<Said>) -> bool {
    // Answered before it is told, so that the function does not wait for whoever listens.
    let is_heard = connection.answer("202 Accepted", &[("content-type", "application/json")], br#"{"status":"OK"}"#);
    let what = if request.path.ends_with("/response") {
        Said::Response(request.body)
    } else {
        Said::Failed(format!("{}: {}", request.path, String::from_utf8_lossy(&request.body)))
    };
    said.send(what).is_ok() && is_heard
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn say(stream: &mut TcpStream, text: &str) -> String {
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..count]).into_owned()
    }

    #[test]
    fn an_event_goes_out_and_its_answer_comes_back() {
        let mut api = RuntimeApi::listen(Duration::from_secs(10)).unwrap();
        let address = api.address.clone();
        let function = thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let event = say(&mut stream, &format!("GET {NEXT} HTTP/1.1\r\n\r\n"));
            assert!(event.contains("lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-000000000001"), "{event}");
            assert!(event.ends_with("\r\n\r\n{}"), "{event}");
            say(&mut stream, "POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\ncontent-length: 2\r\n\r\nok");
            stream.write_all(format!("GET {NEXT} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
            stream
        });
        api.wait_for_next(&mut || false).unwrap();
        assert_eq!(api.invoke(b"{}", &mut || false).unwrap(), b"ok");
        drop(function.join().unwrap());
    }

    #[test]
    fn a_function_that_fails_is_told_in_its_own_words() {
        let mut api = RuntimeApi::listen(Duration::from_secs(10)).unwrap();
        let mut stream = TcpStream::connect(&api.address).unwrap();
        say(&mut stream, "POST /2018-06-01/runtime/init/error HTTP/1.1\r\ncontent-length: 3\r\n\r\nbad");
        assert_eq!(api.wait_for_next(&mut || false).unwrap_err().to_string(), "/2018-06-01/runtime/init/error: bad");
    }

    #[test]
    fn a_function_that_says_nothing_is_not_waited_for_for_ever() {
        let mut api = RuntimeApi::listen(Duration::from_millis(20)).unwrap();
        assert!(api.wait_for_next(&mut || false).unwrap_err().to_string().contains("said nothing"));
        let mut patient = RuntimeApi::listen(Duration::from_secs(300)).unwrap();
        assert_eq!(patient.wait_for_next(&mut || true).unwrap_err().to_string(), "it ended");
    }
}
