//! A system of a controller's that takes tasks and notices from Habeas.
//!
//! It checks who calls. A task it answers with 202 at once, does the work, and tells the outcome by a signed call back. A
//! notice of a hold it has acted on when it answers.
//! usage: `HABEAS_SECRET=… example-receiver 127.0.0.1:8080 store.json`

#![expect(clippy::print_stdout, reason = "a program to be run by hand")]

mod http;
mod signature;
mod store;
mod suspicions;

use std::{
    collections::BTreeMap,
    error::Error,
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;
use serde_json::{Value, json};
use store::{Store, Task};
use suspicions::{Notice, Suspicions};

/// How often an outcome is told until Habeas has taken it; each pause is twice as long as the one before.
const TELLINGS_MAX: u32 = 8;

struct Receiver {
    secret: String,
    store: Mutex<Store>,
    suspicions: Mutex<Suspicions>,
    /// The outcome of each task that was done. A real system keeps these with its data: a task comes again
    /// until its outcome is known, and must not be done twice.
    told: Mutex<BTreeMap<String, Value>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("usage: HABEAS_SECRET=… example-receiver 127.0.0.1:8080 store.json".into());
    };
    let receiver = Arc::new(Receiver {
        secret: std::env::var("HABEAS_SECRET")?,
        store: Mutex::new(serde_json::from_slice(&std::fs::read(path)?)?),
        suspicions: Mutex::default(),
        told: Mutex::default(),
    });
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let receiver = Arc::clone(&receiver);
        let stream = stream?;
        thread::spawn(move || receiver.serve(&stream));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is a system of somebody else's, which has a clock")]
fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// What comes in: a notice has a name of its own, and no task's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Task(Task),
    Notice(Notice),
}

impl Receiver {
    fn serve(&self, stream: &TcpStream) {
        let Ok(request) = http::read(stream) else { return };
        let signature = request.header("habeas-signature").unwrap_or_default();
        let status = if request.line != "POST /habeas" {
            "404 Not Found"
        } else if !signature::verify(&self.secret, now_seconds(), signature, &request.body) {
            "401 Unauthorized"
        } else {
            match serde_json::from_slice::<Message>(&request.body) {
                // Nobody asks for an outcome, so it is acted on first.
                Ok(Message::Notice(notice)) => {
                    let mut suspicions = self.suspicions.lock().unwrap_or_else(PoisonError::into_inner);
                    if suspicions.hear(&notice) {
                        println!(
                            "notice {} {}: {} suspended",
                            notice.notice,
                            notice.what,
                            suspicions.suspended().len()
                        );
                        "204 No Content"
                    } else {
                        "501 Not Implemented"
                    }
                }
                Ok(Message::Task(task)) => {
                    // First the receipt, then the work: Habeas waits ten seconds, the work may take days.
                    let _ = http::answer(stream, "202 Accepted");
                    self.carry_out(&task);
                    return;
                }
                Err(_) => "400 Bad Request",
            }
        };
        let _ = http::answer(stream, status);
    }

    fn carry_out(&self, task: &Task) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = told.entry(task.task.clone()).or_insert_with(|| {
            let mut outcome = self.store.lock().unwrap_or_else(PoisonError::into_inner).work(task);
            outcome["v"] = json!(1);
            outcome["task"] = json!(task.task);
            outcome
        });
        let body = outcome.to_string();
        drop(told);
        for telling in 0..TELLINGS_MAX {
            // Signed anew each time: a signature counts for five minutes.
            let signature = signature::sign(&self.secret, now_seconds(), body.as_bytes());
            match http::post(&task.callback, &signature, &body) {
                Ok(status) if status < 500 && status != 429 => {
                    println!("task {} was told: {status}", task.task);
                    return;
                }
                _ => thread::sleep(Duration::from_secs(1 << telling)),
            }
        }
        println!("task {} could not be told; Habeas will ask again", task.task);
    }
}
