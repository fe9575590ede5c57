//! A controller's own systems on the deployed stack: the worked receiver takes tasks and tells outcomes, one
//! system is dead, and two people of the office agree on an erasure. And a system hears of holds.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use domain::system::{SIGNATURE_HEADER, SystemSecret, WINDOW_MINUTES, verify};
use edge::clock;
use habeas_cli::{
    client::Call,
    cloud::QueueLength,
    world::{World, link_in, subject, trigger, wait_for},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

const CONTROLLER: &str = "lantern";

/// Where `policies/lantern.toml` says that its system listens.
const ADDRESS: &str = "127.0.0.1:18711";

/// What the system signs with.
fn secret(world: &World) -> String {
    let path = format!("/{CONTROLLER}/v1/staff/systems/crm/secret");
    let bearer = format!("Bearer {}", world.token("systems:write", CONTROLLER).unwrap());
    let call = Call::new("GET", world.api(&path)).with("authorization", bearer);
    let secret: Value = world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap();
    secret["secret"].as_str().unwrap().to_owned()
}

/// The worked receiver in Python, until it is dropped.
struct Receiver(Child);

impl Receiver {
    fn start(world: &World, people: &Value) -> Self {
        let store = std::env::temp_dir().join(format!("habeas-{}.json", world.run));
        std::fs::write(&store, people.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/receivers/python/receiver.py");
        let child = Command::new("python3")
            .args([script, PathBuf::from(ADDRESS), store])
            .env("HABEAS_SECRET", secret(world))
            .stdout(Stdio::null())
            .spawn()
            .expect("python3, which the local AWS needs too");
        wait_for("the receiver to listen", || Ok(std::net::TcpStream::connect(ADDRESS).ok())).unwrap();
        Self(child)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How each system of the controller does.
fn systems(world: &World) -> Vec<Value> {
    let path = format!("/{CONTROLLER}/v1/staff/systems");
    let bearer = format!("Bearer {}", world.token("systems:read", CONTROLLER).unwrap());
    let call = Call::new("GET", world.api(&path)).with("authorization", bearer);
    let answer: Value = world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap();
    answer["systems"].as_array().unwrap().clone()
}

#[test]
fn what_a_system_hands_over_stands_in_the_copy_and_a_dead_one_delays_itself_alone() {
    let (world, _alone) = stack::world();
    let address = world.address("lamplighter");
    let person = format!("mail:{address}");
    let people = json!({ person: [{ "category": "account", "name": "Ada Lovelace", "city": "London" }] });
    let _receiver = Receiver::start(&world, &people);

    let access = world.ask(CONTROLLER, &json!({ "type": "access", "subject": subject("mail", &address) })).unwrap();
    world.confirm_by_mail(&address, &access).unwrap();
    let status = world.decided(&access).unwrap();
    assert_eq!(status.outcome.as_deref(), Some("exported"));
    let mail = world.mail_to(&address, "/export?token=").unwrap();
    let export = world.client.send(&Call::new("GET", link_in(&mail.text).unwrap())).unwrap().expect(&[303]).unwrap();
    let file = Call::new("GET", export.header("location").unwrap());
    let file: Value = world.client.send(&file).unwrap().expect(&[200]).unwrap().json().unwrap();
    assert!(file["systems"]["crm"].to_string().contains("Ada Lovelace"), "{file}");

    let form = json!({ "type": "erasure", "subject": subject("mail", &address) });
    let erasure = world.ask(CONTROLLER, &form).unwrap();
    world.press_mailed_button(&address, &format!("{}/verification?token=", erasure.request_id)).unwrap();
    let id = erasure.request_id.as_str();
    let (first, second) = (world.as_clerk(CONTROLLER, "clerk-1"), world.as_clerk(CONTROLLER, "clerk-2"));
    first.at_stage(id, "with-office").unwrap();
    let approve = json!({ "action": "decide", "ruling": "approve" });
    first.does(id, &approve).unwrap();
    first.at_stage(id, "awaiting-approval").unwrap();
    let same = first.tries(id, &json!({ "action": "approve" })).unwrap();
    assert_eq!(same.status, 409, "two pairs of eyes: {}", same.text());
    second.does(id, &json!({ "action": "approve" })).unwrap();

    first.at_stage(id, "awaiting-systems").unwrap();
    let failing = wait_for("the dead system to show", || {
        let attic = systems(&world).into_iter().find(|system| system["system"] == "attic");
        Ok(attic.filter(|attic| attic["failures_in_a_row"].as_u64() > Some(0)))
    });
    assert!(failing.unwrap()["last_failure"].is_string());
    wait_for("the other system to have erased", || {
        let seen = first.look_at(id)?.expect(&[200])?;
        Ok(seen.text().contains("\"done\"").then_some(()))
    })
    .unwrap();
    let crm = systems(&world).into_iter().find(|system| system["system"] == "crm").unwrap();
    assert_eq!(crm["failures_in_a_row"], 0, "{crm}");

    let given_up = json!({ "action": "give-up-task", "system": "attic", "text": "It was switched off in March." });
    first.does(id, &given_up).unwrap();
    first.at_stage(id, "answered").unwrap();
    assert_eq!(world.decided(&erasure).unwrap().outcome.as_deref(), Some("erased"));
}

/// Reads a call, and checks what every system must check.
fn read_call(stream: &TcpStream, secret: &SystemSecret) -> (String, Value) {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().unwrap();
        }
        headers.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let header =
        |name: &str| headers.iter().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default();
    let window = SignedDuration::from_mins(WINDOW_MINUTES);
    verify(header(SIGNATURE_HEADER), &body, std::slice::from_ref(secret), clock::now(), window).unwrap();
    // In its own case: a header's value is a name with capitals.
    (header("habeas-notice").to_owned(), serde_json::from_slice(&body).unwrap())
}

/// Waits for a notice, and answers it with that status.
fn notice(listener: &TcpListener, secret: &SystemSecret, status: u16) -> Value {
    wait_for("a notice", || {
        let Ok((stream, _)) = listener.accept() else { return Ok(None) };
        let (name, body) = read_call(&stream, secret);
        write!(&stream, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert_eq!(name, body["notice"].as_str().unwrap_or_default().to_ascii_lowercase());
        // A task that another flow has left behind is none.
        Ok((!body["notice"].is_null()).then_some(body))
    })
    .unwrap()
}

#[test]
fn a_system_hears_whom_an_event_holds_and_of_the_release() {
    let (world, _alone) = stack::world();
    let secret = SystemSecret::from_text(secret(&world));
    let listener = TcpListener::bind(ADDRESS).unwrap();
    listener.set_nonblocking(true).unwrap();
    let name = world.name("suspect");
    let who = subject("account", &name);
    let suspected = |minutes| trigger(world.after(SignedDuration::from_mins(minutes)), &who, "break-in.suspected");

    let results = world.register(CONTROLLER, &[suspected(0)]).unwrap();
    let hold = results[0].holds[0].clone();
    let (_, id) = hold.split_once('~').unwrap();
    // It is down for a moment: the same notice comes again.
    let first = notice(&listener, &secret, 503);
    let placed = notice(&listener, &secret, 204);
    assert_eq!((&first["notice"], &first["subject"]), (&placed["notice"], &placed["subject"]));
    assert_eq!((&placed["type"], &placed["notice"]), (&json!("hold-placed"), &json!(id)));
    assert_eq!((&placed["subject"], &placed["controller"]), (&who, &json!(CONTROLLER)));
    assert_eq!((&placed["event"], &placed["reason"]), (&json!("break-in.suspected"), &json!("investigation")));
    assert!(placed["review_at"].is_string() && placed["sent_at"].is_string(), "{placed}");

    world.release_hold(CONTROLLER, &hold).unwrap();
    let released = notice(&listener, &secret, 204);
    assert_eq!((&released["type"], &released["notice"]), (&json!("hold-released"), &json!(id)));
    assert!(released.get("subject").is_none() && released["released_at"].is_string(), "{released}");

    // By events alone, through the queue: another suspicion is another hold.
    world.send(CONTROLLER, &[suspected(5)]).unwrap();
    let again = notice(&listener, &secret, 204);
    assert_eq!((&again["type"], &again["subject"]), (&json!("hold-placed"), &who));
    assert_ne!(again["notice"], placed["notice"]);
    let cleared = trigger(world.after(SignedDuration::from_mins(9)), &who, "break-in.cleared");
    world.send(CONTROLLER, &[cleared]).unwrap();
    let released = notice(&listener, &secret, 204);
    assert_eq!((&released["type"], &released["notice"]), (&json!("hold-released"), &again["notice"]));

    // What comes late, or twice, tells nothing more.
    let results = world.register(CONTROLLER, &[suspected(5), suspected(3)]).unwrap();
    assert!(results.iter().all(|result| !result.held && result.holds.is_empty()), "{results:?}");
    let queue = world.stack.output("TaskQueueUrl").unwrap();
    wait_for("the queue of tasks to be empty", || {
        let is_empty = world.cloud.queue_length(queue)? == QueueLength::default();
        Ok(is_empty.then_some(()))
    })
    .unwrap();
    assert!(listener.accept().is_err(), "somebody called");
    let crm = systems(&world).into_iter().find(|system| system["system"] == "crm").unwrap();
    assert_eq!((&crm["state"], &crm["last_failure"]), (&json!("well"), &json!("http-503")));
}
