//! A breach on the deployed stack, from its declaration to the register: the operator's own drill, and what must hold
//! when a queue tells twice.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use habeas_cli::{
    breach::{DrillArgs, Office, drill},
    client::{Answer, Call},
    evidence::trust_file,
    world::{World, record, subject, trigger, wait_for},
};
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use serde_json::{Value, json};
use wire::{
    breach::{AlertsAnswer, BreachAnswer, BreachNoticeForm},
    evidence::{
        notice::{CertifiedNotice, verify_notice},
        trust::Trust,
    },
};

const CONTROLLER: &str = "lantern";

/// A controller who tells whoever has no mail address by a system of its own.
const WITH_CHANNEL: &str = "beacon";

/// Where `policies/beacon.toml` says that its system listens.
const ADDRESS: &str = "127.0.0.1:18713";

fn office(world: &World) -> Office {
    office_of(world, CONTROLLER)
}

fn office_of(world: &World, controller: &str) -> Office {
    Office::local(World::new(world.stack.clone()), controller, "officer")
}

fn keep(world: &World, who: &Value) {
    keep_for(world, CONTROLLER, who);
}

fn keep_for(world: &World, controller: &str, who: &Value) {
    let at = world.after(SignedDuration::from_mins(-10));
    let locator = format!("drill/{}/{}", world.run, who["value"]);
    world.keep(controller, &record(at, who, "drill", "drill", &locator, &json!({}))).unwrap();
}

/// A breach of what drills keep, as it became known a second ago.
fn form(world: &World) -> Value {
    let at = world.after(SignedDuration::from_secs(-1)).to_string();
    json!({
        "title": "A flow", "times": { "aware": at },
        "facts": {
            "exposed_from": world.after(SignedDuration::from_hours(-1)).to_string(), "exposed_to": at,
            "scope": { "categories": ["drill"] },
            "texts": { "en": {
                "description": format!("A copy was public (run {}).", world.run), "advice": "Change your password.",
            } },
        },
    })
}

#[test]
fn a_drill_walks_the_whole_path_and_leaves_nobody_behind() {
    let (world, _alone) = stack::world();
    let args = DrillArgs {
        people: 5,
        category: "drill".into(),
        purpose: "drill".into(),
        ends_with: "drill.ended".into(),
        minutes: 3,
    };
    let walked = drill(&office(&world), &args).unwrap();
    assert!(walked.passed(), "{walked}");
    let authority =
        walked.clocks.iter().find(|clock| (clock.law.as_str(), clock.duty.as_str()) == ("eu-gdpr", "authority"));
    let authority = authority.expect("the clock of the authority ran");
    assert!(authority.had_minutes == 72 * 60 && authority.took_minutes.is_some_and(|took| took < 10), "{walked}");

    // Whoever has real people is refused before anything is written.
    let real = Office::local(World::new(world.stack.clone()), "identance", "officer");
    let refused = drill(&real, &args).unwrap_err().to_string();
    assert!(refused.contains("identance is no sandbox"), "{refused}");
}

#[test]
fn everybody_is_told_once_by_mail_or_in_public_however_often_the_queue_says_so() {
    let (world, _alone) = stack::world();
    let office = office(&world);
    let address = world.address("told-once");
    let (reachable, nameless) = (subject("mail", &address), subject("account", &world.name("nameless")));
    for who in [&reachable, &nameless] {
        keep(&world, who);
    }
    let form = form(&world);
    let declared: BreachAnswer = office.declare(&form, &world.run).unwrap().json().unwrap();
    let again: BreachAnswer = office.declare(&form, &world.run).unwrap().json().unwrap();
    assert_eq!(declared.breach_id, again.breach_id, "the same declaration is the same breach");
    let authority =
        declared.clocks.iter().find(|clock| (clock.law.as_str(), clock.duty.as_str()) == ("eu-gdpr", "authority"));
    assert_eq!(authority.map(|clock| clock.standing.as_str()), Some("running"));
    assert!(world.mails_to(&address, &world.run).unwrap().is_empty(), "a declaration tells nobody");

    let decision = json!({ "act": "decided", "authority": true, "people": "told", "reason": "A high risk." });
    let id = &declared.breach_id;
    office.act(id, declared.version, &decision).unwrap();
    world.mail_to(&address, &world.run).unwrap();
    wait_for("everybody to be told", || {
        let notices = office.look(id)?.json::<BreachAnswer>()?.notices.unwrap_or_default();
        Ok((notices.planned + notices.claimed == 0 && notices.sent >= 1 && notices.without_address >= 1).then_some(()))
    })
    .unwrap();
    let alerts = world.client.send(&Call::new("GET", world.api(&format!("/{CONTROLLER}/v1/alerts")))).unwrap();
    let alerts: AlertsAnswer = alerts.expect(&[200]).unwrap().json().unwrap();
    assert!(alerts.alerts.iter().any(|alert| alert.breach_id == *id), "whoever has no address reads it in public");

    // The message that began the telling comes once more.
    let queue = world.stack.output("BreachQueueUrl").unwrap();
    let at = &form["times"]["aware"];
    let message = json!({ "v": 1, "controller": CONTROLLER, "breach": id, "at": at, "step": "scope" }).to_string();
    world.cloud.send_messages(queue, &[message.clone(), message]).unwrap();
    wait_for("the queue to be done", || {
        Ok((world.cloud.queue_length(queue)? == habeas_cli::cloud::QueueLength::default()).then_some(()))
    })
    .unwrap();
    assert_eq!(world.mails_to(&address, &world.run).unwrap().len(), 1, "nobody is told twice");

    let page = office.register(&[("q", world.run.clone()), ("state", "open".to_owned())]).unwrap();
    assert_eq!(page.breaches.iter().map(|line| &line.breach_id).collect::<Vec<_>>(), [id]);

    proofs(&world, &office, id, &reachable, &nameless);
    end(&world, CONTROLLER, &[&reachable, &nameless]);
}

/// The next breach must not tell the people of this one.
fn end(world: &World, controller: &str, people: &[&Value]) {
    let ended = world.after(SignedDuration::ZERO);
    for who in people {
        world.register(controller, &[trigger(ended, who, "drill.ended")]).unwrap();
    }
    world.sweep(ended).unwrap();
}

fn proof(office: &Office, breach: &str, who: &Value) -> habeas_cli::trouble::Played<Answer> {
    office.proof(breach, who["kind"].as_str().unwrap(), who["value"].as_str().unwrap())
}

/// A proof, once the stream has brought its leaf into the evidence.
fn drawn(office: &Office, breach: &str, who: &Value) -> Answer {
    wait_for("the leaf of a notice", || match proof(office, breach, who) {
        Ok(answer) => Ok(Some(answer)),
        Err(trouble) if trouble.to_string().contains("409") => Ok(None),
        Err(trouble) => Err(trouble),
    })
    .unwrap()
}

/// The key that signs a controller's evidence, as somebody else would keep it.
fn trust(world: &World, controller: &str) -> Trust {
    let public = world.cloud.public_key(world.stack.output("EvidenceKeyId").unwrap()).unwrap();
    let file = std::env::temp_dir().join(format!("habeas-{}-{controller}-trust.json", world.run));
    trust_file(controller, &public, &file).unwrap();
    let trust = Trust::parse(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(file).unwrap();
    trust
}

/// Has the chains signed, a day after the last time at the earliest.
fn seal(world: &World, controller: &str) {
    let said = world.seal(world.after(SignedDuration::from_hours(1))).unwrap();
    let of = &said["controllers"][controller];
    if of["is"] == "not-due" {
        let last: Timestamp = of["last_at"].as_str().unwrap().parse().unwrap();
        world.seal(last + SignedDuration::from_hours(24)).unwrap();
    }
}

/// What the deployed function draws of two people holds offline, by the key alone, before it is signed and after.
fn proofs(world: &World, office: &Office, id: &str, reachable: &Value, nameless: &Value) {
    let trust = trust(world, CONTROLLER);
    let shown = |answer: &Answer| -> CertifiedNotice { verify_notice(&answer.body, Some(&trust)).unwrap() };
    for who in [reachable, nameless] {
        let early = drawn(office, id, who);
        assert!(!early.text().contains(who["value"].as_str().unwrap()), "no identifier stands in a proof");
        shown(&early);
    }
    seal(world, CONTROLLER);
    for (who, state) in [(reachable, "sent"), (nameless, "without-address")] {
        let signed = proof(office, id, who).unwrap();
        let told = shown(&signed);
        assert_eq!((told.is_trusted, told.state.as_str(), told.breach.as_str()), (true, state, id));
        let forged = signed.text().replacen("\\\"state\\\":{\\\"S\\\":\\\"", "\\\"state\\\":{\\\"S\\\":\\\"x", 1);
        assert_ne!(forged, signed.text());
        assert_eq!(verify_notice(forged.as_bytes(), Some(&trust)).unwrap_err().file, "/leaf");
    }
    // Who was not told of it and who is not known at all are one answer.
    let stranger = subject("mail", &world.address("a-stranger"));
    let unknown = proof(office, id, &stranger).unwrap_err().to_string();
    assert!(unknown.contains("404"), "{unknown}");
    assert!(proof(office, "CCCCCCCCCCCCCCCCCCCCCA", reachable).unwrap_err().to_string().contains("404"));
}

/// One call that a system of the controller's gets: its headers and its body.
type Called = (std::collections::BTreeMap<String, String>, Vec<u8>);

/// A system that takes every call, and hands each on to the test.
fn receiver() -> mpsc::Receiver<Called> {
    let listener = TcpListener::bind(ADDRESS).expect("nobody else listens there");
    let (tell, calls) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut headers = std::collections::BTreeMap::new();
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                if let Some((name, value)) = line.split_once(':') {
                    headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
                }
                line.clear();
            }
            let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.get_mut().write_all(answer).unwrap();
            if tell.send((headers, body)).is_err() {
                return;
            }
        }
    });
    calls
}

/// Whether a body was signed with a secret, as `docs/SYSTEMS.md` has it: written here once more on purpose.
fn is_signed(secret: &str, header: &str, body: &[u8]) -> bool {
    let part = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name)).unwrap().to_owned();
    let (at, tag) = (part("t="), part("v1="));
    let tag: Vec<u8> = (0..tag.len() / 2).map(|n| u8::from_str_radix(&tag[2 * n..2 * n + 2], 16).unwrap()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, &[at.as_bytes(), b".", body].concat(), &tag).is_ok()
}

#[test]
fn whoever_has_no_mail_address_is_told_by_a_signed_call_to_the_controllers_own_system() {
    let (world, _alone) = stack::world();
    let office = office_of(&world, WITH_CHANNEL);
    let calls = receiver();
    let (mailed, called) = (subject("mail", &world.address("by-mail")), subject("account", &world.name("by-channel")));
    for who in [&mailed, &called] {
        keep_for(&world, WITH_CHANNEL, who);
    }
    let declared: BreachAnswer = office.declare(&form(&world), &world.run).unwrap().json().unwrap();
    let decision = json!({ "act": "decided", "authority": true, "people": "told", "reason": "A high risk." });
    let id = &declared.breach_id;
    office.act(id, declared.version, &decision).unwrap();
    let told = wait_for("everybody to be told", || {
        let notices = office.look(id)?.json::<BreachAnswer>()?.notices.unwrap_or_default();
        Ok((notices.planned + notices.claimed == 0 && notices.sent >= 1).then_some(notices))
    })
    .unwrap();
    assert_eq!((told.sent_by_channel, told.without_address), (1, 0), "nobody is left to be told in public");

    let (headers, body) = calls.recv_timeout(std::time::Duration::from_secs(30)).expect("the system was called");
    let path = format!("/{WITH_CHANNEL}/v1/staff/systems/pager/secret");
    let bearer = format!("Bearer {}", world.token("systems:write", WITH_CHANNEL).unwrap());
    let secret = world.client.send(&Call::new("GET", world.api(&path)).with("authorization", bearer)).unwrap();
    let secret: Value = secret.expect(&[200]).unwrap().json().unwrap();
    let secret = secret["secret"].as_str().unwrap();
    let signature = headers.get("habeas-signature").expect("it is signed");
    assert!(is_signed(secret, signature, &body));
    assert!(!is_signed(secret, signature, &[&body[..], b" "].concat()), "of this body alone");
    assert!(!is_signed("another", signature, &body));
    let notice: BreachNoticeForm = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (notice.subject.kind.as_str(), notice.subject.value.as_str()),
        ("account", called["value"].as_str().unwrap())
    );
    assert_eq!((notice.breach.as_str(), headers.get("habeas-notice")), (id.as_str(), Some(&notice.notice)));
    assert!(notice.text.contains(&world.run), "the letter is that of this breach");
    assert!(calls.try_recv().is_err(), "nobody else is handed over, and nobody twice");

    let trust = trust(&world, WITH_CHANNEL);
    drawn(&office, id, &called);
    seal(&world, WITH_CHANNEL);
    let shown = verify_notice(&proof(&office, id, &called).unwrap().body, Some(&trust)).unwrap();
    assert_eq!((shown.is_trusted, shown.state.as_str()), (true, "sent-by-channel"));
    end(&world, WITH_CHANNEL, &[&mailed, &called]);
}
