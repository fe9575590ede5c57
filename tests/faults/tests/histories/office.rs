//! Histories of the office and of a controller's system: clerks look, ask, extend, propose, agree and refuse; a system
//! answers, fails, refuses, is late or says nothing; and the clock reminds.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    policy::Policy,
    system::{SIGNATURE_HEADER, SystemSecret, signature, verify},
};
use fault_tests::{
    history::{draw_plan, histories, turn, version},
    table::TABLE,
    world::{Call, Function, OUTCOMES, Outcome, World},
};
use futures_util::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use policy::PolicyBook;
use serde_json::{Map, Value, json};

use crate::{
    breaches::address,
    requests::{Asked, ask, confirm, mails, status},
    retention::{DAY, Registered, deleted_as_evidence_says, register, staff, sweep, time},
};

/// What can be asked for here: a person of the office looks at the first and the last, two at the second, nobody at the
/// third.
const REQUESTS: [&str; 4] = ["access", "erasure", "portability", "rectification"];

/// Who is told when time runs out.
const BEHIND: &str = "head@scantrust.com";

/// How long the office and the system take at most, in days: an answer is due after a month, or three.
const DAYS_MAX: i64 = 120;

/// After so many days they look again.
const LOOK_DAYS: i64 = 10;

/// For how long the office waits for a system.
const PATIENCE_DAYS: i64 = 50;

/// How much a clerk does to a request at one look.
const ACTS_MAX: usize = 4;

/// Where it gets them: from a queue of its own, or by calls.
const PLACES: [&str; 2] = [
    "queue = \"https://sqs.eu-west-1.amazonaws.com/000000000000/crm\"",
    "webhook = \"https://crm.example/systems/crm\"",
];

/// How a system takes its tasks.
const MANNERS: [&str; 6] = ["answers", "answers", "refuses", "fails first", "is late", "says nothing"];

fn promised(place: &str) -> Policy {
    let office = "[office]\nreview = [\"access\"]\nfour_eyes = [\"erasure\"]\nescalation = [\"head@scantrust.com\"]\n";
    let system = format!(
        r#"
[[system]]
id = "crm"
title = "Customers"
{place}
requests = ["access", "erasure"]
clause = "scantrust.1.1-a"
"#
    );
    version(&[("[office]\n", office)], &system)
}

/// A task as the system knows it.
struct Task {
    kind: String,
    manner: &'static str,
    since: i64,
    failed: bool,
}

/// The controller's system.
struct Crm {
    secret: SystemSecret,
    tasks: RefCell<BTreeMap<String, Task>>,
}

impl Crm {
    async fn connected(world: &World) -> Self {
        let call = call(world, ("GET", "/v1/staff/systems/crm/secret"), ("system", "crm"), Value::Null);
        let call = Call { staff: Some(("systems:write", "operator")), ..call };
        let (status, answer) = world.invoke(Function::SystemTasks, &call.payload()).await.http().unwrap();
        assert_eq!(status, 200, "{answer}");
        let secret = answer["secret"].as_str().unwrap().to_owned();
        Self { secret: SystemSecret::from_text(secret), tasks: RefCell::default() }
    }

    /// Takes what waits for it; the same task may come again.
    fn read(&self, world: &World) {
        let waiting = world.account.aws().queues.queues.remove("crm").unwrap_or_default();
        let waiting = waiting.into_iter().map(|message| {
            let envelope: Value = serde_json::from_str(&message.body).unwrap();
            let part = |name: &str| envelope[name].as_str().unwrap().to_owned();
            (part("signature"), part("body"))
        });
        let posted = std::mem::take(&mut world.account.aws().posted);
        let posted = posted.into_iter().map(|posted| (posted.headers[SIGNATURE_HEADER].clone(), posted.body));
        for (signed, body) in waiting.chain(posted) {
            let (now, secret) = (Timestamp::from_millisecond(world.now()).unwrap(), std::slice::from_ref(&self.secret));
            let by = verify(&signed, body.as_bytes(), secret, now, SignedDuration::from_hours(24 * DAYS_MAX));
            assert!(by.is_ok(), "a task that is not signed by its secret: {by:?}");
            let task: Value = serde_json::from_str(&body).unwrap();
            let manner = *world.one_of(&MANNERS);
            let since = world.now();
            let kind = task["type"].as_str().unwrap().to_owned();
            let id = task["task"].as_str().unwrap().to_owned();
            self.tasks.borrow_mut().entry(id).or_insert(Task { kind, manner, since, failed: false });
        }
    }

    /// What it says of a task now, if anything.
    fn outcome(&self, world: &World, id: &str) -> Option<Value> {
        let mut tasks = self.tasks.borrow_mut();
        let task = tasks.get_mut(id)?;
        let done = match task.kind.as_str() {
            "erasure" => json!({ "outcome": "done", "records": 2 }),
            _ => json!({ "outcome": "data", "data": { "notes": "none" } }),
        };
        let mut outcome = match task.manner {
            "answers" => done,
            "refuses" => json!({ "outcome": "kept", "records": 1, "ground": "legal-obligation" }),
            "fails first" if !task.failed => {
                task.failed = true;
                json!({ "outcome": "failed", "reason": "busy" })
            }
            "fails first" => done,
            "is late" if world.now() > task.since + 45 * DAY => done,
            _ => return None,
        };
        outcome["v"] = json!(1);
        outcome["task"] = json!(id);
        Some(outcome)
    }

    /// Tells what it has done: through the queue, or by a call; some of it twice.
    async fn tell(&self, world: &World) {
        self.read(world);
        let ids: Vec<String> = self.tasks.borrow().keys().cloned().collect();
        for id in ids {
            let Some(outcome) = self.outcome(world, &id) else { continue };
            let at = Timestamp::from_millisecond(world.now()).unwrap();
            let signed = signature(std::slice::from_ref(&self.secret), at, outcome.to_string().as_bytes());
            if world.percent(50) {
                let route = ("POST", "/v1/systems/crm/outcomes");
                let call = call(world, route, ("system", "crm"), outcome);
                let call = Call { headers: vec![(SIGNATURE_HEADER, &signed)], staff: None, ..call };
                if let Some((status, answer)) = world.invoke(Function::SystemTasks, &call.payload()).await.http() {
                    assert!(status == 200 || status == 503, "{answer}");
                }
                continue;
            }
            let form = json!({
                "v": 1, "controller": "scantrust", "system": "crm", "signature": signed, "body": outcome.to_string(),
            });
            for _ in 0..1 + usize::from(world.percent(20)) {
                world.account.aws().queues.send(OUTCOMES, &form.to_string(), None, 0);
            }
        }
    }

    /// How many of its tasks it answers late or never.
    fn silent(&self) -> usize {
        self.tasks.borrow().values().filter(|task| ["is late", "says nothing"].contains(&task.manner)).count()
    }
}

/// Who is held, if anybody is.
const HELD: usize = 0;

/// A hold on one person's records.
#[derive(Default)]
struct Hold {
    is_tried: Cell<bool>,
    name: RefCell<Option<String>>,
    /// From when to when it binds for certain: in changes of the table.
    from: Cell<usize>,
    until: Cell<Option<usize>>,
    is_asked: Cell<bool>,
    is_released: Cell<bool>,
}

impl Hold {
    async fn place(&self, world: &World) {
        self.is_tried.set(true);
        let subject = json!({ "kind": "mail", "value": address(HELD) });
        let body = json!({ "reason": "investigation", "review_at": "2028-01-01T00:00:00Z", "subject": subject });
        let route = ("POST", "/v1/holds", "holds:write", "first");
        let Some((status, answer)) = staff(world, route, Vec::new(), ("hold", body)).await else { return };
        assert!(status == 201 || status == 202 || status == 200, "{answer}");
        if self.name.borrow().is_none() {
            self.name.replace(Some(answer["hold_id"].as_str().unwrap().to_owned()));
            self.from.set(world.account.aws().tables.changes.len());
        }
    }

    async fn release(&self, world: &World) {
        let Some(name) = self.name.borrow().clone().filter(|_| !self.is_released.get()) else { return };
        let (path, who) = (format!("/v1/holds/{name}"), if self.is_asked.get() { "second" } else { "first" });
        if self.is_asked.get() {
            let now = world.account.aws().tables.changes.len();
            self.until.set(Some(self.until.get().unwrap_or(now)));
        }
        let route = ("DELETE", path.as_str(), "holds:write", who);
        match staff(world, route, vec![("hold", &name)], ("k", Value::Null)).await {
            // Whose answer was lost is told that it has been asked for.
            Some((202, _)) => self.is_asked.set(true),
            Some((409, _)) if !self.is_asked.get() => self.is_asked.set(true),
            Some((200, _)) => self.is_released.set(true),
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => {}
        }
    }

    fn stands(&self) -> bool {
        self.name.borrow().is_some() && !self.is_released.get()
    }

    /// Nothing of whom it holds was deleted while it stood.
    fn is_kept(&self, world: &World, records: &[Registered]) {
        let aws = world.account.aws();
        let is_theirs = |sk: &str| {
            let mut theirs = records.iter().filter(|record| record.person == HELD);
            theirs.any(|record| record.id.borrow().as_ref().is_some_and(|id| sk.ends_with(id.as_str())))
        };
        for (number, change) in aws.tables.changes.iter().enumerate() {
            let is_deletion = change.key.1.starts_with("RECORD#") && change.new.is_none();
            let is_bound = self.name.borrow().is_some()
                && number >= self.from.get()
                && self.until.get().is_none_or(|until| number < until);
            assert!(
                !(is_deletion && is_bound && is_theirs(&change.key.1)),
                "{} was deleted under a hold",
                change.key.1
            );
        }
    }
}

fn call<'a>(world: &World, (method, path): (&'a str, &'a str), of: (&'a str, &'a str), body: Value) -> Call<'a> {
    Call {
        method,
        path,
        controller: "scantrust",
        parameters: vec![of],
        headers: Vec::new(),
        body,
        staff: Some(("requests:read requests:write requests:decide requests:approve", "clerk-1")),
        at: world.now(),
        id: "office",
    }
}

async fn look(world: &World, id: &str) -> Option<Value> {
    let path = format!("/v1/staff/requests/{id}");
    let call = call(world, ("GET", &path), ("request", id), Value::Null);
    let (status, case) = world.invoke(Function::DsarOffice, &call.payload()).await.http()?;
    (status != 503).then(|| {
        assert_eq!(status, 200, "{case}");
        case
    })
}

/// Does something to a request as it was seen; whoever was faster wins.
async fn act(world: &World, id: &str, case: &Value, (who, action): (&str, Value)) {
    let (path, version) = (format!("/v1/staff/requests/{id}/actions"), format!("\"{}\"", case["version"]));
    let call = call(world, ("POST", &path), ("request", id), action.clone());
    let staff = call.staff.map(|(scopes, _)| (scopes, who));
    let call = Call { headers: vec![("if-match", &version)], staff, ..call };
    if let Some((status, answer)) = world.invoke(Function::DsarOffice, &call.payload()).await.http() {
        assert!([200, 409, 412, 503].contains(&status), "{action}: {status} {answer}");
    }
}

/// What a clerk does with a request that is where it is; `resolved` is what brings it on.
fn action(world: &World, case: &Value, resolved: bool) -> Option<(&'static str, Value)> {
    let some = |actions: &[Value]| world.one_of(actions).clone();
    let decide = || {
        some(&[
            json!({ "action": "decide", "ruling": "approve" }),
            json!({ "action": "decide", "ruling": "refuse", "ground": "excessive" }),
        ])
    };
    Some(match case["stage"].as_str()? {
        "with-office" if resolved => ("clerk-1", decide()),
        "with-office" => {
            let asked = json!({ "action": "ask-clarification", "text": "Of which year?" });
            let extend = json!({ "action": "extend", "ground": "complexity", "text": "It is much." });
            let note = json!({ "action": "note", "text": "Looked at." });
            ("clerk-1", some(&[json!({ "action": "claim" }), asked, extend, note, decide()]))
        }
        "awaiting-requester" => {
            ("clerk-1", json!({ "action": "record-reply", "ask": "clarification", "text": "Of the last." }))
        }
        "awaiting-approval" if !resolved && world.percent(30) => {
            ("clerk-2", json!({ "action": "send-back", "text": "Look again." }))
        }
        "awaiting-approval" => ("clerk-2", json!({ "action": "approve" })),
        "awaiting-systems" if resolved => {
            ("clerk-1", json!({ "action": "give-up-task", "system": "crm", "text": "It says nothing." }))
        }
        "awaiting-systems" => ("clerk-1", json!({ "action": "note", "text": "It waits." })),
        _ => return None,
    })
}

async fn work(world: &World, asked: &Asked, resolved: bool) {
    let Some((id, _)) = asked.taken.borrow().clone() else { return };
    let Some(case) = look(world, &id).await else { return };
    let Some(doing) = action(world, &case, resolved) else { return };
    act(world, &id, &case, doing).await;
}

/// A task waits for days: it is not waited for here.
async fn rest(world: &World) {
    world.rest_until(world.now() + 3_600_000).await;
}

async fn tick(world: &World) -> Outcome {
    world.invoke(Function::ClockWatch, &json!({ "v": 1, "time": time(world.now()) })).await
}

pub(crate) async fn history(world: &World) {
    world.serve(PolicyBook::new([promised(PLACES[world.below(PLACES.len())])]));
    let crm = Crm::connected(world).await;
    let records: Vec<Registered> = (0..world.below(4))
        .map(|_| {
            let person = world.below(2);
            let subject = json!({ "kind": "mail", "value": address(person) });
            Registered { person, subject, kind: world.below(2), occurred_at: world.now(), id: RefCell::default() }
        })
        .collect();
    for (number, record) in records.iter().enumerate() {
        register(world, number, record).await;
    }
    draw_plan(world);
    let all: Vec<Asked> = (0..1 + world.below(2))
        .map(|number| Asked {
            number,
            person: world.below(2),
            request: REQUESTS[world.below(REQUESTS.len())],
            taken: RefCell::default(),
            is_confirmed: true,
            confirmed: Cell::default(),
            asked_at: Cell::default(),
        })
        .collect();
    let hold = Hold::default();
    let is_to_be_released = world.percent(50);
    // What the office never gets to.
    let neglected: BTreeSet<usize> = all.iter().map(|asked| asked.number).filter(|_| world.percent(20)).collect();
    for _ in 0..14 + world.below(14) {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        let asked = world.one_of(&all);
        match world.below(8) {
            6 if hold.name.borrow().is_none() => acts.push(Box::pin(hold.place(world))),
            7 if is_to_be_released => acts.push(Box::pin(hold.release(world))),
            0 if asked.taken.borrow().is_none() => acts.push(Box::pin(ask(world, asked))),
            0 | 1 => acts.push(Box::pin(confirm(world, asked))),
            2 | 3 if !neglected.contains(&asked.number) => acts.push(Box::pin(work(world, asked, false))),
            4 => acts.push(Box::pin(crm.tell(world))),
            5 => acts.push(Box::pin(async { drop(tick(world).await) })),
            _ => {}
        }
        turn(world, acts).await;
        if world.percent(20) {
            world.pass(i64::try_from(world.below(4)).unwrap() * DAY);
        }
    }
    world.calm();
    for asked in &all {
        while asked.taken.borrow().is_none() {
            ask(world, asked).await;
            if asked.taken.borrow().is_none() {
                world.pass(DAY);
            }
        }
    }
    // Whose answer was lost stands all the same: whoever asked for it asks again.
    while hold.is_tried.get() && hold.name.borrow().is_none() {
        hold.place(world).await;
    }
    while hold.is_asked.get() && !hold.is_released.get() {
        hold.release(world).await;
    }
    rest(world).await;
    for asked in all.iter().filter(|asked| !asked.confirmed.get()) {
        confirm(world, asked).await;
        rest(world).await;
    }
    finish(world, &all, &neglected, &crm).await;
    check(world, &records, &all, &neglected, (&crm, &hold)).await;
}

/// In calm the clock goes on, day by day, and everybody does what they do.
async fn finish(world: &World, all: &[Asked], neglected: &BTreeSet<usize>, crm: &Crm) {
    for look_number in 0..DAYS_MAX / LOOK_DAYS {
        tick(world).await;
        rest(world).await;
        crm.tell(world).await;
        rest(world).await;
        let mut open = 0;
        for asked in all {
            let (id, _) = asked.taken.borrow().clone().unwrap();
            for _ in 0..ACTS_MAX {
                let case = look(world, &id).await.unwrap();
                let has_patience = case["stage"] == "awaiting-systems" && look_number * LOOK_DAYS <= PATIENCE_DAYS;
                let doing = action(world, &case, true).filter(|_| !has_patience && !neglected.contains(&asked.number));
                let Some(doing) = doing else { break };
                act(world, &id, &case, doing).await;
                rest(world).await;
            }
            open += usize::from(!closed(look(world, &id).await.unwrap()["stage"].as_str().unwrap()));
        }
        if open == 0 {
            return;
        }
        world.pass(LOOK_DAYS * DAY);
    }
    tick(world).await;
    rest(world).await;
}

/// A record as it stands, if it does.
fn standing(world: &World, record: &str) -> Option<Map<String, Value>> {
    let key = format!("RECORD#{record}");
    let aws = world.account.aws();
    aws.tables.items(TABLE).find(|((_, sk), _)| *sk == key).map(|(_, item)| item.clone())
}

/// A record as it was first written.
fn first(world: &World, record: &str) -> Map<String, Value> {
    let key = format!("RECORD#{record}");
    let aws = world.account.aws();
    aws.tables.changes.iter().find(|change| change.key.1 == key).and_then(|change| change.new.clone()).unwrap()
}

fn closed(stage: &str) -> bool {
    ["answered", "refused", "withdrawn", "stopped", "merged", "lapsed"].contains(&stage)
}

/// Whoever was erased, has no open request and left nothing has no key from before.
async fn keys_end(world: &World, records: &[Registered], all: &[Asked], hold: &Hold) {
    for person in 0..2 {
        let mut cases = Vec::new();
        for asked in all.iter().filter(|asked| asked.person == person) {
            let (id, _) = asked.taken.borrow().clone().unwrap();
            cases.push(look(world, &id).await.unwrap());
        }
        let is_closed = cases.iter().all(|case| closed(case["stage"].as_str().unwrap()));
        let mut theirs = records.iter().filter(|record| record.person == person);
        let is_kept = theirs.any(|record| standing(world, record.id.borrow().as_ref().unwrap()).is_some());
        if !is_closed || is_kept || hold.stands() && person == HELD {
            continue;
        }
        let decided = |case: &Value| {
            let last = case["history"].as_array()?.iter().rfind(|entry| entry["act"] == "decided")?;
            (last["what"] == "erased").then(|| last["at"].as_str().unwrap().parse::<Timestamp>().unwrap())
        };
        let erasures = cases.iter().filter_map(|case| Some((decided(case)?, case)));
        let Some((erased_at, case)) = erasures.max_by_key(|(at, _)| *at) else { continue };
        let items = case["items"].as_array().map_or(&[][..], Vec::as_slice);
        if items.iter().any(|item| item["result"] != "erased") {
            continue;
        }
        let aws = world.account.aws();
        let id = case["request_id"].as_str().unwrap();
        // The controller's own items name it as well, but no controller's key has such a time.
        let of: BTreeSet<_> =
            aws.tables.items(TABLE).filter(|((_, sk), _)| sk.contains(id)).map(|((pk, _), _)| pk).collect();
        let mut keys = aws.tables.items("KeyTable").filter(|((pk, _), _)| of.contains(pk));
        let made_at = keys.find_map(|(_, key)| key.get("made_at")?["N"].as_str()?.parse::<i64>().ok());
        assert!(
            made_at.is_none_or(|made_at| made_at > erased_at.as_millisecond()),
            "an erasure left nothing, and their key stands: {case}"
        );
    }
}

async fn check(
    world: &World,
    records: &[Registered],
    all: &[Asked],
    neglected: &BTreeSet<usize>,
    (crm, hold): (&Crm, &Hold),
) {
    let mut late = 0;
    for asked in all {
        let (id, _) = asked.taken.borrow().clone().unwrap();
        let case = look(world, &id).await.unwrap();
        let stage = case["stage"].as_str().unwrap().to_owned();
        let has_task = !case["tasks"].as_array().is_none_or(Vec::is_empty);
        let is_known = crm.tasks.borrow().contains_key(&format!("{id}.crm"));
        // Under a hold nothing is erased, and no system is asked to.
        let is_kept = hold.is_tried.get() && asked.person == HELD && asked.request == "erasure";
        assert!(!has_task || is_known || is_kept, "a system never heard of its task: {case}");
        // The person sees the same.
        let told = status(world, asked).await;
        assert!(
            !mails(world, asked.person, "", "").is_empty(),
            "nobody was written to about a request that is {stage}"
        );
        if closed(&stage) {
            assert!(stage != "lapsed" || !asked.confirmed.get(), "a confirmed request lapsed: {case}");
            let answers = mails(world, asked.person, "", ": your privacy request");
            assert!(
                stage == "lapsed" || !answers.is_empty(),
                "a request that is {stage} was answered to nobody: {told}"
            );
        } else {
            assert!(neglected.contains(&asked.number), "a request that somebody works on is {stage}: {case}");
            assert!(!case["subject"].is_null(), "a request is {stage}, and nobody can read whose it is: {case}");
            let due: Timestamp = case["due"]["before"].as_str().unwrap().parse().unwrap();
            assert!(due.as_millisecond() < world.now(), "more than {DAYS_MAX} days are enough: {case}");
            late += 1;
            let aws = world.account.aws();
            let name = format!("deadline-request-{id}");
            for whom in ["contact@scantrust.com", BEHIND] {
                let mut warned = aws.mails.sent.iter().filter(|mail| mail.to == whom);
                assert!(
                    warned.any(|mail| mail.tag.starts_with(&name)),
                    "a request has neither answer nor escalation: {whom} was never told of {case}"
                );
            }
        }
        let of_person = records.iter().filter(|record| record.person == asked.person);
        let ends = |record: &Registered| standing(world, &record.id.borrow().clone().unwrap()).is_none();
        if stage == "answered" && asked.request == "erasure" && !(hold.stands() && asked.person == HELD) {
            assert!(of_person.clone().all(ends), "an erasure was answered and a record stands");
        }
        let has_erasure = all.iter().any(|other| other.person == asked.person && other.request == "erasure");
        if stage == "answered" && asked.request == "rectification" && !has_erasure {
            let stale = of_person.filter(|record| record.kind == 1).filter(|record| {
                let id = record.id.borrow().clone().unwrap();
                standing(world, &id).unwrap()["points"] == first(world, &id)["points"]
            });
            assert_eq!(stale.count(), 0, "a correction was answered and a record says what it said: {case}");
        }
    }
    hold.is_kept(world, records);
    keys_end(world, records, all, hold).await;
    let Outcome::Answered(summary) = tick(world).await else { panic!("in calm the clock answers") };
    assert_eq!(summary["requests"]["overdue"], late, "what is late is counted: {summary}");
    world.pass(2 * DAY);
    sweep(world).await;
    rest(world).await;
    deleted_as_evidence_says(world);
    let aws = world.account.aws();
    let dead: Vec<_> = aws.queues.dead().map(|message| (&message.body, &message.reason)).collect();
    assert!(dead.len() <= crm.silent(), "dead letters are the tasks that nobody answered: {dead:?}");
}

#[test]
fn no_request_is_without_an_answer_or_an_escalation_whatever_office_and_systems_do() {
    histories("office::no_request_is_without_an_answer_or_an_escalation_whatever_office_and_systems_do", 120, history);
}
