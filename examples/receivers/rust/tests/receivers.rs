//! Each worked receiver as a process of its own on loopback; the test stands where Habeas does, with the
//! code that signs and reads in production.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use domain::{
    dsar::{Exception, RefusalGround, RequestType},
    hold::HoldReason,
    ids::{Category, ControllerId, EventName, Field, HoldId, Identifier, IdentifierKind},
    sensitive::Sensitive,
    system::{
        HoldNews, HoldNotice, SIGNATURE_HEADER, SystemSecret, SystemsKey, Task, TaskId, TaskOutcome, WINDOW_MINUTES,
        signature, verify,
    },
};
use jiff::{SignedDuration, Timestamp};
use wire::system::{HoldNoticeForm, OutcomeForm, TaskForm};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[expect(clippy::disallowed_methods, reason = "the other side is a process with a clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A receiver, and where its outcomes arrive.
struct Running {
    process: Child,
    lines: RefCell<Lines<BufReader<ChildStdout>>>,
    address: String,
    habeas: TcpListener,
    secret: SystemSecret,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn rust() -> Command {
    Command::new(env!("CARGO_BIN_EXE_example-receiver"))
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.arg(Path::new(EXAMPLES).join("python/receiver.py"));
    command
}

impl Running {
    fn start(mut command: Command) -> Self {
        let secret = SystemsKey::new(&[7; 32]).secret(
            &ControllerId::parse("rfa").unwrap(),
            &domain::ids::SystemId::parse("crm").unwrap(),
            1,
        );
        let mut process = command
            .arg("127.0.0.1:0")
            .arg(Path::new(EXAMPLES).join("store.json"))
            .env("HABEAS_SECRET", secret.text().disclose())
            .env("no_proxy", "*")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, lines: RefCell::new(lines), address, habeas: TcpListener::bind("127.0.0.1:0").unwrap(), secret }
    }

    fn task(&self, number: u8, request: RequestType, address: &str) -> Task {
        let name = format!("{}.crm", char::from(b'A' + number).to_string().repeat(21) + "A");
        Task {
            id: TaskId::parse(&name).unwrap(),
            controller: ControllerId::parse("rfa").unwrap(),
            request,
            identifier: Identifier::parse(IdentifierKind::Mail, address).unwrap(),
            purposes: Vec::new(),
            categories: Default::default(),
            except: Vec::new(),
            corrections: Default::default(),
            due_before: now() + SignedDuration::from_hours(24 * 30),
            callback: format!("http://{}/rfa/v1/systems/crm/outcomes", self.habeas.local_addr().unwrap()),
        }
    }

    fn send(&self, body: &str, header: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let length = body.len();
        let head =
            format!("POST /habeas HTTP/1.1\r\nHost: x\r\n{SIGNATURE_HEADER}: {header}\r\nContent-Length: {length}");
        write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}").unwrap();
        let mut first = String::new();
        BufReader::new(stream).read_line(&mut first).unwrap();
        first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn hand_over(&self, task: &Task) -> u16 {
        let body = serde_json::to_string(&TaskForm::new(task)).unwrap();
        // A secret that is being renewed: two signatures, of which the receiver knows the second.
        let newer = SystemSecret::from_text("another".to_owned());
        self.send(&body, &signature(&[newer, self.secret.clone()], now(), body.as_bytes()))
    }

    /// Tells of a hold, and reads what the receiver says about it.
    fn tell(&self, notice: &HoldNotice) -> String {
        let body = serde_json::to_string(&HoldNoticeForm::new(notice)).unwrap();
        assert_eq!(self.send(&body, &signature(std::slice::from_ref(&self.secret), now(), body.as_bytes())), 204);
        let lines = self.lines.borrow_mut().by_ref().map(Result::unwrap).find(|line| line.starts_with("notice "));
        lines.unwrap()
    }

    /// Takes one call, answers it with that status, and reads the outcome as system-tasks does.
    fn outcome(&self, status: u16) -> (TaskId, TaskOutcome) {
        let (stream, _) = self.habeas.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut reader = BufReader::new(&stream);
        let (mut first, mut header, mut length) = (String::new(), String::new(), 0);
        reader.read_line(&mut first).unwrap();
        assert_eq!(first, "POST /rfa/v1/systems/crm/outcomes HTTP/1.1\r\n");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                SIGNATURE_HEADER => header = value.to_owned(),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        write!(&stream, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").unwrap();
        let window = SignedDuration::from_mins(WINDOW_MINUTES);
        verify(&header, &body, std::slice::from_ref(&self.secret), now(), window).unwrap();
        serde_json::from_slice::<OutcomeForm>(&body).unwrap().parse().unwrap()
    }
}

fn access_and_erasure(running: &Running) {
    let access = running.task(0, RequestType::Access, "Ada@Example.com");
    assert_eq!(running.hand_over(&access), 202);
    // Habeas is down for a moment: the outcome is told again.
    assert_eq!(running.outcome(503).0, access.id);
    let (task, outcome) = running.outcome(200);
    let TaskOutcome::Data(data) = outcome else { panic!("{outcome:?}") };
    assert_eq!(task, access.id);
    let data: serde_json::Value = serde_json::from_str(data.disclose()).unwrap();
    assert_eq!(data["records"].as_array().unwrap().len(), 2);
    assert_eq!(data["records"][0]["city"], "London");

    let mut correction = running.task(1, RequestType::Rectification, "ada@example.com");
    correction.corrections.insert(Field::parse("city").unwrap(), Sensitive::new("Paris".to_owned()));
    assert_eq!(running.hand_over(&correction), 202);
    assert_eq!(running.outcome(200), (correction.id, TaskOutcome::Done { records: 1 }));

    let mut erasure = running.task(2, RequestType::Erasure, "ada@example.com");
    let invoices = Category::parse("invoice").unwrap();
    erasure.except.push(Exception { category: invoices, purpose: None, ground: RefusalGround::LegalObligation });
    // The same task twice is done once, and told twice.
    for _ in 0..2 {
        assert_eq!(running.hand_over(&erasure), 202);
        let kept = TaskOutcome::Kept { records: 1, ground: RefusalGround::LegalObligation };
        assert_eq!(running.outcome(200), (erasure.id.clone(), kept));
    }
    let rest = running.task(3, RequestType::Erasure, "ada@example.com");
    assert_eq!(running.hand_over(&rest), 202);
    assert_eq!(running.outcome(200), (rest.id, TaskOutcome::Done { records: 1 }));
    let nothing = running.task(4, RequestType::Access, "ada@example.com");
    assert_eq!(running.hand_over(&nothing), 202);
    assert_eq!(running.outcome(200), (nothing.id, TaskOutcome::NotFound));
}

/// An account stays suspended until the last notice about it is released, whatever comes twice or late.
fn suspends_and_gives_back(running: &Running) {
    let notice = |name: char, address: &str| HoldNotice {
        hold: HoldId::parse(&(name.to_string().repeat(21) + "A")).unwrap(),
        controller: ControllerId::parse("rfa").unwrap(),
        event: EventName::parse("suspicious-activity.identified").unwrap(),
        reason: HoldReason::Investigation,
        occurred_at: now(),
        news: HoldNews::Placed {
            identifier: Identifier::parse(IdentifierKind::Mail, address).unwrap(),
            review_at: now() + SignedDuration::from_hours(24 * 90),
        },
        sent_at: now(),
    };
    let (first, second) = (notice('A', "ada@example.com"), notice('B', "ada@example.com"));
    let released = |notice: &HoldNotice| HoldNotice { news: HoldNews::Released { at: now() }, ..notice.clone() };
    for (notice, suspended) in [
        (first.clone(), 1),
        (first.clone(), 1),
        (second.clone(), 1),
        (notice('C', "grace@example.com"), 2),
        (released(&first), 2),
        (released(&second), 1),
        (first.clone(), 1),
        (released(&first), 1),
        // Released before it was ever placed.
        (released(&notice('D', "ada@example.com")), 1),
        (notice('D', "ada@example.com"), 1),
    ] {
        let said = running.tell(&notice);
        let (hold, what) = (&notice.hold, notice.news.as_str());
        assert_eq!(said, format!("notice {hold} {what}: {suspended} suspended"));
    }
    // What nobody here acts on is not taken: a notice of a breach, whose person would be thought told.
    let body = r#"{"v":1,"type":"breach-notice","notice":"x","subject":{"kind":"mail","value":"ada@example.com"}}"#;
    assert_eq!(running.send(body, &signature(std::slice::from_ref(&running.secret), now(), body.as_bytes())), 501);
}

fn only_who_signs_now_is_listened_to(running: &Running) {
    let body =
        serde_json::to_string(&TaskForm::new(&running.task(5, RequestType::Erasure, "grace@example.com"))).unwrap();
    let sign = |at: Timestamp| signature(std::slice::from_ref(&running.secret), at, body.as_bytes());
    let foreign = signature(&[SystemSecret::from_text("another".to_owned())], now(), body.as_bytes());
    let late = SignedDuration::from_mins(WINDOW_MINUTES + 1);
    for header in [String::new(), "t=1".to_owned(), foreign, sign(now() - late), sign(now() + late), sign(now()) + "0"]
    {
        assert_eq!(running.send(&body, &header), 401, "{header}");
    }
    assert_eq!(running.send(&body.replace("grace", "ada"), &sign(now())), 401);
    let grace = running.task(6, RequestType::Access, "grace@example.com");
    assert_eq!(running.hand_over(&grace), 202);
    assert!(matches!(running.outcome(200).1, TaskOutcome::Data(_)), "nothing of hers was erased");
    let kinds = running.task(7, RequestType::KnowCategories, "grace@example.com");
    assert_eq!(running.hand_over(&kinds), 202);
    let (_, TaskOutcome::Data(data)) = running.outcome(200) else { panic!("no data") };
    let data: serde_json::Value = serde_json::from_str(data.disclose()).unwrap();
    assert_eq!(data, serde_json::json!({ "categories": ["account", "invoice"] }), "each once");
}

#[test]
fn the_receiver_in_rust_does_an_access_and_an_erasure() {
    let running = Running::start(rust());
    access_and_erasure(&running);
    suspends_and_gives_back(&running);
    only_who_signs_now_is_listened_to(&running);
}

#[test]
fn the_receiver_in_python_does_an_access_and_an_erasure() {
    let running = Running::start(python());
    access_and_erasure(&running);
    suspends_and_gives_back(&running);
    only_who_signs_now_is_listened_to(&running);
}
