//! What is measured: the functions' own handlers, from the JSON that Lambda hands them, and the rules alone.

use std::{collections::BTreeMap, fs, hint::black_box, path::Path, time::Duration};

use app::breach::{self, DeclareBreach};
use aws::{Cloud, Settings};
use domain::{
    breach::{Act, Actor, Decision, Entry, Facts, PeopleAre, Texts},
    clock::{self, Anchor, Duty, Law, Site},
    consent::{self, Choice, ConsentEvent},
    dsar::RequestType,
    ids::{BreachId, CaptureId, Category, EventName, Fingerprint, StaffId, SubjectRef},
    policy::{Period, RetentionRule},
    retention::RetentionClock,
};
use edge::{
    Event, Failure, Reply, answer,
    clock::{Stage, TimeGuard},
    http::AllowedPages,
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use policy::PolicyBook;
use serde_json::{Value, json};
use wire::message::{AnnouncementStep, BreachMessage, RecordsMessage, TELL_SUBJECTS_MAX};

use crate::line::{Account, cpu};

/// What is measured, in this order.
pub(crate) const WORKS: [&str; 9] =
    ["capture", "relay", "seal", "purge", "plan", "tell", "retention", "consent", "deadline"];

/// Items of one event, as the template's mappings have them.
const RELAYED: usize = 100;
const SEALED: usize = 1_000;

/// People who are told, again and again.
const PEOPLE: usize = 500;

const LANTERN: &str = "lantern";
const MADE_AT: &str = "2026-01-15T00:00:00Z";
const DECLARED_AT: &str = "2026-03-01T00:00:00Z";
const PURGED_AT: &str = "2036-01-01T00:00:00Z";

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What this thread spent in the functions, without the endpoint and without the making of events.
pub(crate) struct Meter {
    account: Account,
    pub(crate) spent: Duration,
    /// Events handled.
    pub(crate) events: u64,
}

impl Meter {
    async fn timed<T>(&mut self, work: impl Future<Output = T>) -> T {
        let (began, served) = (cpu(), self.account.aws().cpu);
        let done = work.await;
        self.spent += (cpu() - began).saturating_sub(self.account.aws().cpu - served);
        self.events += 1;
        done
    }

    async fn handled<H, F>(&mut self, payload: &str, handler: H) -> Value
    where
        H: Fn(Event) -> F,
        F: Future<Output = Result<Reply, Failure>>,
    {
        let reply = self.timed(answer(payload, TimeGuard { stage: Stage::Local }, handler)).await.unwrap();
        serde_json::to_value(&reply).unwrap()
    }

    fn rule<T>(&mut self, rule: impl FnOnce() -> T) {
        let began = cpu();
        black_box(rule());
        self.spent += cpu() - began;
    }
}

/// Does so much of a work.
pub(crate) async fn work(name: &str, account: &Account, items: usize) -> Meter {
    let mut meter = Meter { account: account.clone(), spent: Duration::ZERO, events: 0 };
    match name {
        "capture" => capture(&mut meter, items).await,
        "relay" => relay(&mut meter, items).await,
        "seal" => seal(&mut meter, items).await,
        "purge" => purge(&mut meter, items).await,
        "plan" => plan(&mut meter, items).await,
        "tell" => tell(&mut meter, items).await,
        "retention" => retention(&mut meter, items),
        "consent" => consent(&mut meter, items),
        "deadline" => deadline(&mut meter, items),
        other => panic!("there is no work {other}"),
    }
    meter
}

/// The calls that each function is set up for.
pub(crate) fn settings() -> Settings {
    let queue = |name: &str| Some(format!("http://aws/queues/{name}"));
    Settings {
        region: "eu-west-1".into(),
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        endpoint_url: Some("http://aws".into()),
        table: Some("Table".into()),
        key_table: Some("KeyTable".into()),
        key_id: Some("key".into()),
        tombstone_table: Some("TombstoneTable".into()),
        evidence_bucket: Some("evidence".into()),
        work_bucket: Some("work".into()),
        sender: Some("privacy@lantern.example".into()),
        configuration_set: Some("mail".into()),
        fulfil_queue_url: queue("fulfil"),
        breach_queue_url: queue("breach"),
        records_queue_url: queue("records"),
        purge_queue_url: queue("purge"),
        dead_letter_queue_url: queue("dead"),
        is_local: true,
        ..Settings::default()
    }
}

fn policies(folder: &str) -> PolicyBook {
    let files = fs::read_dir(Path::new(ROOT).join(folder)).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "toml"));
    PolicyBook::new(files.map(|file| policy::parse("policy", &fs::read_to_string(file).unwrap(), None).unwrap().policy))
}

/// Those of the controllers who ship as examples.
fn of_all() -> PolicyBook {
    policies("infra/policies")
}

/// That of the tests' controller, alone.
fn of_lantern() -> PolicyBook {
    let all = policies("tests/flows/policies");
    let lantern = domain::ids::ControllerId::parse(LANTERN).unwrap();
    PolicyBook::new(all.get(&lantern).unwrap().cloned())
}

fn cloud(account: &Account, policies: &PolicyBook) -> Cloud {
    Cloud::new(settings()).with_client(account.client()).with_file_rules(edge::site::file_rules(policies))
}

fn payload(function: &str, case: &str) -> Value {
    let file = Path::new(ROOT).join("events").join(function).join(case).with_extension("json");
    serde_json::from_slice::<Value>(&fs::read(file).unwrap()).unwrap()["payload"].take()
}

fn queue_event(bodies: &[String]) -> String {
    let records = bodies.iter().enumerate().map(|(n, body)| {
        json!({
            "messageId": format!("m-{n}"), "receiptHandle": "r", "body": body, "md5OfBody": "",
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {}, "eventSource": "aws:sqs",
            "awsRegion": "eu-west-1", "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:queue",
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() }).to_string()
}

fn all_done(reply: &Value) {
    assert_eq!(reply["batchItemFailures"], json!([]), "{reply}");
}

// ---- consents

async fn capture(meter: &mut Meter, items: usize) {
    let policies = of_all();
    let pages = AllowedPages::parse("https://privacy.example/thanks").unwrap();
    let site = consent_capture::Site { ports: cloud(&meter.account, &policies), policies, pages };
    let event = payload("consent-capture", "given").to_string();
    // The first one makes the controller's key.
    meter.account.aws().learns = true;
    meter.handled(&event, |event| consent_capture::handle(&site, event)).await;
    meter.account.aws().begin();
    (meter.spent, meter.events) = (Duration::ZERO, 0);
    for n in 0..items {
        let one = event.replace("zqx7.ada@", &format!("ada-{n}@")).replace("events-1", &format!("bench-{n}"));
        let reply = meter.handled(&one, |event| consent_capture::handle(&site, event)).await;
        assert_eq!(reply["statusCode"], 201, "{reply}");
    }
    assert_eq!(meter.account.aws().calls["dynamodb:PutItem"], items as u64, "each is written");
}

// ---- the stream

/// Batches of the stream: these records in turn, each with a number and an item of its own.
fn batches(cases: &[(&str, &str)], size: usize, items: usize) -> impl Iterator<Item = String> {
    let records: Vec<String> = cases
        .iter()
        .map(|(function, case)| {
            let mut record = payload(function, case)["Records"][0].take();
            record["eventID"] = json!("{number}");
            record["dynamodb"]["SequenceNumber"] = json!("{number}");
            record["dynamodb"]["Keys"]["sk"]["S"] = json!("CONSENT#{id}");
            record["dynamodb"]["NewImage"]["sk"]["S"] = json!("CONSENT#{id}");
            record.to_string()
        })
        .collect();
    (0..items).step_by(size).map(move |first| {
        let record = |n: usize| {
            let id = crate::endpoint::id_of(n as u64);
            records[n % records.len()].replace("{number}", &(1_000 + n).to_string()).replace("{id}", &id)
        };
        let batch: Vec<String> = (first..items.min(first + size)).map(record).collect();
        format!("{{\"Records\":[{}]}}", batch.join(","))
    })
}

/// Every other record is passed on.
async fn relay(meter: &mut Meter, items: usize) {
    let ports = cloud(&meter.account, &of_all());
    let mut passed_on = 0;
    for batch in batches(&[("stream-relay", "given"), ("stream-relay", "withdrawn")], RELAYED, items) {
        all_done(&meter.handled(&batch, |event| stream_relay::handle(&ports, event)).await);
        while let Some(body) = meter.account.aws().sent.pop_front() {
            passed_on += serde_json::from_str::<Value>(&body).unwrap()["withdrawn"].as_array().unwrap().len();
        }
    }
    assert_eq!(passed_on, items / 2, "each withdrawal is passed on");
}

async fn seal(meter: &mut Meter, items: usize) {
    let policies = of_all();
    let desk = evidence_seal::Desk { ports: cloud(&meter.account, &policies), policies };
    for batch in batches(&[("evidence-seal", "every-kind")], SEALED, items) {
        all_done(&meter.handled(&batch, |event| evidence_seal::handle(&desk, event)).await);
    }
    assert_eq!(meter.account.aws().leaves, items as u64, "each has its leaf");
}

// ---- records

/// Teaches the endpoint so many people with a record each; answers whose they are.
async fn register(account: &Account, people: usize) -> Vec<String> {
    let policies = of_lantern();
    let guard = TimeGuard { stage: Stage::Local };
    let desk = retention_track::Desk { ports: cloud(account, &policies), policies, guard };
    account.aws().learns = true;
    let events = (0..people).map(|n| {
        json!({
            "type": "record", "occurred_at": MADE_AT,
            "subject": { "kind": "mail", "value": format!("person-{n}@example.com") },
            "category": "account", "purpose": "account", "locator": format!("account-{n}"),
            "fields": { "name": format!("Name {n}"), "city": "Grenoble" },
        })
    });
    for some in events.collect::<Vec<_>>().chunks(50) {
        let events = some.to_vec();
        let form = RecordsMessage { v: 1, controller: LANTERN.to_owned(), events, withdrawn: vec![], walk: None };
        let event = queue_event(&[serde_json::to_string(&form).unwrap()]);
        let reply = answer(&event, guard, |event| retention_track::handle(&desk, event)).await.unwrap();
        all_done(&serde_json::to_value(&reply).unwrap());
    }
    let policy = desk.policies.all().unwrap()[0];
    let keys = app::keys::Keys::controller(&desk.ports, &policy.controller).await.unwrap();
    let subject = |n: usize| {
        let kind = domain::ids::IdentifierKind::Mail;
        let mail = domain::ids::Identifier::parse(kind, &format!("person-{n}@example.com")).unwrap();
        keys.pepper.subject(&mail).to_string()
    };
    (0..people).map(subject).collect()
}

/// A tick, its queue's steps until nothing is left, and a tick that finds nothing.
async fn purge(meter: &mut Meter, items: usize) {
    register(&meter.account, 1).await;
    meter.account.aws().make_due(items as u64);
    meter.account.aws().begin();
    let policies = of_lantern();
    let (guard, ports) = (TimeGuard { stage: Stage::Local }, cloud(&meter.account, &policies));
    // Nothing is too much.
    let limits = domain::purge::Limits { floor: u64::MAX, ..domain::purge::Limits::default() };
    let desk = purge::Desk { ports, policies, guard, limits };
    let tick = payload("purge", "schedule-from-event-bridge").to_string();
    let tick: Value = serde_json::from_str(&tick).unwrap();
    let mut tick = tick;
    tick["time"] = json!(PURGED_AT);
    let tick = tick.to_string();
    meter.handled(&tick, |event| purge::handle(&desk, event)).await;
    loop {
        let Some(step) = meter.account.aws().sent.pop_front() else { break };
        all_done(&meter.handled(&queue_event(&[step]), |event| purge::handle(&desk, event)).await);
    }
    assert_eq!(meter.account.aws().deleted, items as u64, "each is deleted, and once");
    // One in the intent, one in the result.
    assert_eq!(meter.account.aws().leaves, 2 * items as u64, "each has its evidence");
}

// ---- a breach

/// A breach that concerns everybody, decided.
async fn declared(desk: &breach_notify::Desk<Cloud>) -> (BreachId, Timestamp) {
    let policy = desk.policies.all().unwrap()[0];
    let at: Timestamp = DECLARED_AT.parse().unwrap();
    let texts = Texts { description: "A copy was public.".into(), advice: "Change it.".into(), ..Texts::default() };
    let mut facts = Facts::new(MADE_AT.parse().unwrap(), at, texts);
    facts.scope.categories = [Category::parse("account").unwrap()].into();
    let officer = StaffId::parse("officer").unwrap();
    let form = DeclareBreach {
        title: "A measurement".into(),
        times: vec![(Anchor::Awareness, at)],
        facts,
        signals: [].into(),
        declared_by: officer.clone(),
        key: "measured".into(),
        at,
    };
    let id = breach::declare(policy, &desk.ports, form).await.unwrap().breach.id;
    let decision = Decision { authority: true, people: PeopleAre::Told, reason: "A measurement.".into() };
    let entry = Entry { at, by: Actor::Staff(officer), act: Act::Decided(decision) };
    breach::act(policy, &desk.ports, &id, 0, entry).await.unwrap();
    (id, at)
}

async fn breach_desk(meter: &Meter, people: usize) -> (breach_notify::Desk<Cloud>, Vec<String>, (BreachId, Timestamp)) {
    let subjects = register(&meter.account, people).await;
    let policies = of_lantern();
    let desk = breach_notify::Desk { ports: cloud(&meter.account, &policies), policies };
    let of = declared(&desk).await;
    (desk, subjects, of)
}

fn body_of((id, at): &(BreachId, Timestamp), step: AnnouncementStep) -> String {
    let controller = domain::ids::ControllerId::parse(LANTERN).unwrap();
    serde_json::to_string(&BreachMessage::new(&controller, id, *at, step)).unwrap()
}

/// Finds everybody concerned and plans a notice each.
async fn plan(meter: &mut Meter, items: usize) {
    let (desk, _, of) = breach_desk(meter, 1).await;
    meter.account.aws().make_scanned(items as u64);
    meter.account.aws().begin();
    let mut next = Some(body_of(&of, AnnouncementStep::Scope));
    while let Some(body) = next {
        all_done(&meter.handled(&queue_event(&[body]), |event| breach_notify::handle(&desk, event)).await);
        // A look at what is planned is not the plan's.
        meter.account.aws().sent.retain(|body| body.contains("\"continue\""));
        next = meter.account.aws().sent.pop_front();
    }
    assert_eq!(meter.account.aws().put, items as u64, "each has a notice");
}

/// Tells them by mail, twenty a message and one message an event, as the template's mapping has it.
async fn tell(meter: &mut Meter, items: usize) {
    let (desk, subjects, of) = breach_desk(meter, PEOPLE).await;
    meter.account.aws().begin();
    for first in (0..items).step_by(TELL_SUBJECTS_MAX) {
        let some = (first..items.min(first + TELL_SUBJECTS_MAX)).map(|n| subjects[n % PEOPLE].clone());
        let event = queue_event(&[body_of(&of, AnnouncementStep::tell(some.collect()))]);
        all_done(&meter.handled(&event, |event| breach_notify::handle(&desk, event)).await);
    }
    assert_eq!(meter.account.aws().calls["ses:SendEmail"], items as u64, "one mail each");
}

// ---- the rules

const RULES_A_ROUND: usize = 1_000;

/// Runs a rule so often, timed by rounds: the clock that times takes as long as a rule.
fn rounds<T>(meter: &mut Meter, items: usize, mut rule: impl FnMut(usize) -> T) {
    for first in (0..items).step_by(RULES_A_ROUND) {
        meter.rule(|| (first..items.min(first + RULES_A_ROUND)).for_each(|n| drop(black_box(rule(n)))));
    }
}

fn later(n: usize) -> Timestamp {
    MADE_AT.parse::<Timestamp>().unwrap() + i64::try_from(n).unwrap().minutes()
}

/// When a record ends: every retention rule of the five controllers in turn, with a renewal where it listens to one.
fn retention(meter: &mut Meter, items: usize) {
    let policies = of_all();
    let rules: Vec<(&RetentionRule, &TimeZone, Option<&EventName>)> = policies
        .all()
        .unwrap()
        .into_iter()
        .flat_map(|policy| policy.retention.values().map(move |rule| (rule, &policy.time_zone)))
        .map(|(rule, zone)| match &rule.period {
            Period::Sliding { renew_on, .. } => (rule, zone, renew_on.first()),
            Period::UntilEvent { events, .. } => (rule, zone, events.first()),
            Period::Fixed { .. } | Period::Indefinite => (rule, zone, None),
        })
        .collect();
    let start = later(0);
    rounds(meter, items, |n| {
        let (rule, zone, event) = rules[n % rules.len()];
        let made_at = start + i64::try_from(n).unwrap().minutes();
        let mut clock = RetentionClock::new(made_at);
        if let Some(event) = event {
            clock.note(rule, event, made_at + 24.hours(), zone).unwrap();
        }
        clock.due(rule, zone).unwrap()
    });
}

/// Whether a consent is in force: three forms of a person folded, and all that the purpose needs.
fn consent(meter: &mut Meter, items: usize) {
    let policies = of_all();
    let asked: Vec<_> = policies
        .all()
        .unwrap()
        .into_iter()
        .flat_map(|policy| policy.purposes.keys().map(move |one| (policy, one)))
        .collect();
    let forms: Vec<[ConsentEvent; 3]> = asked
        .iter()
        .map(|(policy, purpose)| {
            [(0, Choice::Given), (2, Choice::Given), (1, Choice::Withdrawn)].map(|(n, choice)| ConsentEvent {
                id: CaptureId::parse(&crate::endpoint::id_of(n as u64)).unwrap(),
                subject: SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
                at: later(n),
                choices: BTreeMap::from([((*purpose).clone(), choice)]),
                notice_version: "1".into(),
                language: "en".into(),
                method: "form".into(),
                gpc: false,
                policy: policy.hash.clone(),
                fingerprint: Fingerprint::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
                guardian: None,
            })
        })
        .collect();
    rounds(meter, items, |n| {
        let (policy, purpose) = asked[n % asked.len()];
        consent::is_in_force(policy, &consent::fold(&forms[n % forms.len()]), purpose)
    });
}

/// By when a request for access is to be answered under the GDPR, holidays counted.
fn deadline(meter: &mut Meter, items: usize) {
    let policies = of_lantern();
    let policy = policies.all().unwrap()[0];
    let site = Site { zone: policy.time_zone.clone(), place: policy.establishment.clone(), holidays: true };
    let start = later(0);
    rounds(meter, items, |n| {
        let received_at = start + i64::try_from(n % 500_000).unwrap().minutes();
        clock::answer(Law::EU_GDPR, Duty::Respond, &clock::Facts::new(RequestType::Access, received_at), &site).unwrap()
    });
}
