//! Histories of records: registered, triggered, withdrawn from, held, released, purged.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    evidence::{commitment, merkle},
    ids::{ControllerId, RecordId, SubjectRef},
};
use fault_tests::{
    endpoint::{Aws, FAULTS, Fault},
    history::{MARK, case, draw_plan, histories, leaves, turn, verified},
    table::TABLE,
    world::{Call, Function, World},
};
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use wire::evidence::read::Leaves;

pub(crate) const DAY: i64 = 86_400_000;

/// What is kept: category, purpose, and a field; without one it is a file of the records bucket.
const KINDS: [(&str, &str, &str); 4] = [
    ("security-ip", "security.abuse-detection", "ip_address"),
    ("account-credentials", "account.login", "role"),
    ("tracker-identifier", "trackers.preferences", "preferences"),
    ("security-ip", "security.abuse-detection", ""),
];

/// Where the files of records lie.
const FILES: &str = "records";

/// How often each file was written: each time is a version.
const VERSIONS: usize = 2;

/// Whether a wide hold is on it, if one stands.
fn is_held_widely(record: &Registered) -> bool {
    KINDS[record.kind].0 == KINDS[0].0
}

fn file(number: usize) -> String {
    format!("files/{number}")
}

/// A record of a system, and what became of its registration.
pub(crate) struct Registered {
    pub(crate) person: usize,
    /// Who it is about.
    pub(crate) subject: Value,
    pub(crate) kind: usize,
    pub(crate) occurred_at: i64,
    pub(crate) id: RefCell<Option<String>>,
}

/// A hold, and from when to when it binds for certain: in changes of the table.
struct Held {
    person: usize,
    /// Whether it is on everybody's records of a category.
    is_wide: bool,
    name: RefCell<Option<String>>,
    from: Cell<usize>,
    until: Cell<usize>,
    is_to_be_released: bool,
    /// Whether somebody has asked for it, answered or not.
    tried: Cell<bool>,
    asked: Cell<bool>,
    released: Cell<bool>,
    number: usize,
}

pub(crate) fn subject(person: usize) -> Value {
    json!({ "kind": "account", "value": format!("{MARK}-account-{person}") })
}

pub(crate) fn time(at: i64) -> String {
    Timestamp::from_millisecond(at).unwrap().to_string()
}

fn changes(world: &World) -> usize {
    world.account.aws().tables.changes.len()
}

pub(crate) async fn staff(
    world: &World,
    (method, path, scope, who): (&str, &str, &str, &str),
    parameters: Vec<(&str, &str)>,
    (key, body): (&str, Value),
) -> Option<(u64, Value)> {
    let call = Call {
        method,
        path,
        controller: "scantrust",
        parameters,
        headers: vec![("idempotency-key", key)],
        body,
        staff: Some((scope, who)),
        at: world.now(),
        id: key,
    };
    let answer = world.invoke(Function::RetentionTrack, &call.payload()).await.http();
    answer.filter(|(status, _)| *status != 503)
}

pub(crate) async fn register(world: &World, number: usize, record: &Registered) {
    let (category, purpose, field) = KINDS[record.kind];
    let mut event = json!({
        "type": "record", "occurred_at": time(record.occurred_at), "subject": record.subject, "category": category,
        "purpose": purpose,
    });
    if field.is_empty() {
        event["system"] = json!("s3");
        event["locator"] = json!(file(number));
    } else {
        event["locator"] = json!(format!("systems/{MARK}/{number}"));
        event["fields"] = json!({ field: format!("{MARK}-{number}") });
    }
    let body = json!({ "events": [event] });
    let route = ("POST", "/v1/records", "records:write", "system");
    let Some((status, answer)) = staff(world, route, Vec::new(), ("k", body)).await else { return };
    assert_eq!(status, 200, "{answer}");
    let id = answer["results"][0]["record_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
    record.id.replace(Some(id.to_owned()));
}

/// The controller's own system writes the files, before it registers them.
fn write_files(world: &World, records: &[Registered]) {
    let mut aws = world.account.aws();
    for (number, _) in records.iter().enumerate().filter(|(_, record)| KINDS[record.kind].2.is_empty()) {
        for _ in 0..VERSIONS {
            aws.buckets.put(FILES, &file(number), Some(b"sealed by their own system".to_vec()));
        }
    }
}

/// The end of somebody's relationship, through the queue.
fn trigger(world: &World, person: usize) {
    let event = json!({
        "type": "trigger", "occurred_at": time(world.now()), "subject": subject(person), "event": "customer-relationship.ended",
    });
    let body = json!({ "v": 1, "controller": "scantrust", "events": [event] }).to_string();
    world.account.aws().queues.send("records", &body, None, 0);
}

/// What somebody takes back: their preferences go.
async fn withdraw(world: &World, person: usize, key: usize, done: &Cell<bool>) {
    let (key, id) = (format!("w{key}"), format!("w{key}"));
    let call = Call {
        method: "POST",
        path: "/v1/consents",
        controller: "scantrust",
        parameters: Vec::new(),
        headers: vec![("idempotency-key", &key)],
        body: json!({
            "subject": subject(person), "purposes": { "trackers.preferences": "withdrawn" }, "notice": "undated-1",
            "language": "en", "method": "form:preferences",
        }),
        staff: None,
        at: world.now(),
        id: &id,
    };
    if let Some((200 | 201, _)) = world.invoke(Function::ConsentCapture, &call.payload()).await.http() {
        done.set(true);
    }
}

async fn place(world: &World, hold: &Held) {
    hold.tried.set(true);
    let mut body = json!({ "reason": "investigation", "review_at": time(world.now() + 700 * DAY) });
    if hold.is_wide {
        body["scope"] = json!({ "category": KINDS[0].0 });
    } else {
        body["subject"] = subject(hold.person);
    }
    // The same words again are the same hold, so the day of its review stays that of the first attempt.
    body["review_at"] = json!("2028-01-01T00:00:00Z");
    let key = format!("hold-{}", hold.number);
    let route = ("POST", "/v1/holds", "holds:write", "first");
    let Some((status, answer)) = staff(world, route, Vec::new(), (&key, body)).await else { return };
    assert!(status == 201 || status == 202, "{answer}");
    if hold.name.borrow().is_none() {
        hold.name.replace(Some(answer["hold_id"].as_str().unwrap().to_owned()));
        hold.from.set(changes(world));
    }
}

async fn release(world: &World, hold: &Held) {
    let Some(name) = hold.name.borrow().clone() else { return };
    let path = format!("/v1/holds/{name}");
    let who = if hold.asked.get() { "second" } else { "first" };
    if hold.asked.get() {
        hold.until.set(hold.until.get().min(changes(world)));
    }
    let route = ("DELETE", path.as_str(), "holds:write", who);
    match staff(world, route, vec![("hold", &name)], ("k", Value::Null)).await {
        Some((202, _)) => hold.asked.set(true),
        Some((200, _)) => hold.released.set(true),
        // Whose answer was lost is told that it has been asked for.
        Some((409, problem)) => {
            assert!(!hold.asked.get(), "{problem}");
            hold.asked.set(true);
        }
        _ => {}
    }
}

pub(crate) async fn sweep(world: &World) {
    let at = world.now() - i64::try_from(world.below(3)).unwrap() * 60_000;
    world.invoke(Function::Purge, &json!({ "v": 1, "time": time(at) })).await;
}

pub(crate) async fn history(world: &World) {
    draw_plan(world);
    let begin = world.now();
    let records: Vec<Registered> = (0..2 + world.below(5))
        .map(|_| {
            let person = world.below(2);
            Registered {
                person,
                subject: subject(person),
                kind: world.below(KINDS.len()),
                occurred_at: begin - i64::try_from(world.below(120)).unwrap() * DAY,
                id: RefCell::default(),
            }
        })
        .collect();
    write_files(world, &records);
    let holds: Vec<Held> = (0..world.below(3))
        .map(|number| Held {
            person: world.below(2),
            is_wide: world.percent(40),
            name: RefCell::default(),
            from: Cell::new(usize::MAX),
            until: Cell::new(usize::MAX),
            is_to_be_released: world.percent(60),
            tried: Cell::default(),
            asked: Cell::default(),
            released: Cell::default(),
            number,
        })
        .collect();
    let withdrawals: Vec<(usize, Cell<bool>)> =
        (0..world.below(2)).map(|_| (world.below(2), Cell::default())).collect();
    let turns = 5 + world.below(8);
    for step in 0..turns {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        for _ in 0..1 + world.below(2) {
            match world.below(10) {
                0..=3 => {
                    let number = world.below(records.len());
                    acts.push(Box::pin(register(world, number, &records[number])));
                }
                4 if !holds.is_empty() => acts.push(Box::pin(place(world, world.one_of(&holds)))),
                5 if !holds.is_empty() && step > turns / 2 => {
                    let hold = world.one_of(&holds);
                    if hold.is_to_be_released && !hold.released.get() {
                        acts.push(Box::pin(release(world, hold)));
                    }
                }
                6 => trigger(world, world.below(2)),
                7 if !withdrawals.is_empty() => {
                    let number = world.below(withdrawals.len());
                    let (person, done) = &withdrawals[number];
                    acts.push(Box::pin(withdraw(world, *person, number, done)));
                }
                _ => acts.push(Box::pin(sweep(world))),
            }
        }
        turn(world, acts).await;
        if world.percent(50) {
            world.pass(i64::try_from(world.below(40)).unwrap() * DAY);
        }
        if world.percent(20) && world.happens() {
            world.expire();
        }
    }
    world.calm();
    for (number, record) in records.iter().enumerate() {
        while record.id.borrow().is_none() {
            register(world, number, record).await;
        }
    }
    for (number, (person, done)) in withdrawals.iter().enumerate() {
        while !done.get() {
            withdraw(world, *person, number, done).await;
        }
    }
    // Whose answer was lost stands all the same: whoever asked for it asks again.
    for hold in holds.iter().filter(|hold| hold.tried.get()) {
        while hold.name.borrow().is_none() {
            place(world, hold).await;
        }
    }
    for hold in holds.iter().filter(|hold| hold.asked.get()) {
        while !hold.released.get() {
            release(world, hold).await;
        }
    }
    world.rest().await;
    // Days later: what was begun is settled, what is due is gone.
    for days in [2, 300] {
        world.pass(days * DAY);
        sweep(world).await;
        world.rest().await;
    }
    check(world, &records, &holds, &withdrawals);
}

/// The commitments to a record: one for each end that it has had, since a batch names the end that it saw.
fn commitments_of(world: &World, key: &(String, String), salt: &Value) -> BTreeSet<String> {
    let subject = SubjectRef::parse(key.0.split_once("#S#").unwrap().1).unwrap();
    let record = RecordId::parse(key.1.strip_prefix("RECORD#").unwrap()).unwrap();
    let controller = ControllerId::parse("scantrust").unwrap();
    let bytes: [u8; 16] = BASE64_STANDARD.decode(salt["B"].as_str().unwrap()).unwrap().try_into().unwrap();
    let aws = world.account.aws();
    let images =
        aws.tables.changes.iter().filter(|change| change.key == *key).flat_map(|change| [&change.old, &change.new]);
    let ends = images.flatten().filter(|item| item["salt"] == *salt).map(|item| {
        let ends_at = item.get("ends_at").map(|at| at["N"].as_str().unwrap().parse().unwrap());
        ends_at.map(|at| Timestamp::from_millisecond(at).unwrap())
    });
    ends.map(|due_at| merkle::hex(&commitment(&bytes, &controller, &subject, &record, due_at))).collect()
}

fn check(world: &World, records: &[Registered], holds: &[Held], withdrawals: &[(usize, Cell<bool>)]) {
    deleted_as_evidence_says(world);
    let aws = world.account.aws();
    let mut ever = BTreeSet::new();
    for (number, change) in aws.tables.changes.iter().enumerate() {
        if !change.key.1.starts_with("RECORD#") {
            continue;
        }
        if change.old.is_none() {
            ever.insert(change.key.1.clone());
        }
        if change.new.is_some() {
            continue;
        }
        let of =
            |record: &&Registered| record.id.borrow().as_ref().is_some_and(|id| change.key.1.ends_with(id.as_str()));
        let record = records.iter().find(of).unwrap();
        for hold in holds.iter().filter(|hold| hold.from.get() <= number && number < hold.until.get()) {
            // A wide hold does not give a time to live that was over to be taken away (docs/LIMITS.md).
            let covers = match hold.is_wide {
                true => is_held_widely(record) && !change.by_ttl,
                false => hold.person == record.person,
            };
            assert!(!covers, "{} was deleted under the hold {:?}", change.key.1, hold.name);
        }
    }
    for record in records {
        let id = record.id.borrow().clone().unwrap();
        assert!(ever.contains(&format!("RECORD#{id}")), "an accepted record was lost");
    }

    // What stands is not due, or it is held; and what was taken back is nowhere kept but under a hold.
    let now = aws.now;
    for ((pk, sk), item) in aws.tables.items(TABLE).filter(|((_, sk), _)| sk.starts_with("RECORD#")) {
        let of = |record: &&Registered| record.id.borrow().as_ref().is_some_and(|id| sk.ends_with(id.as_str()));
        let record = records.iter().find(of).unwrap();
        let stands = holds.iter().any(|hold| {
            let covers = if hold.is_wide { is_held_widely(record) } else { hold.person == record.person };
            covers && hold.name.borrow().is_some() && !hold.released.get()
        });
        let ends_at = item.get("ends_at").map(|at| at["N"].as_str().unwrap().parse::<i64>().unwrap());
        assert!(stands || ends_at.is_none_or(|at| at > now), "{pk} {sk} outstayed its end: {ends_at:?} at {now}");
        assert_eq!(item.contains_key("holds"), stands, "{pk} {sk} bears the mark of a hold if one stands");
        let withdrawn = withdrawals.iter().any(|(person, _)| *person == record.person) && record.kind == 2;
        assert!(!withdrawn || stands, "{pk} {sk} outlived a withdrawal");
    }
    files_are_where_their_records_are(&aws, records);
    assert_eq!(aws.queues.dead().count(), 0, "nothing here is poison");
}

/// A file lies there whole as long as its record stands, and nothing is left of it afterwards: not even for a record that
/// is registered again.
fn files_are_where_their_records_are(aws: &Aws, records: &[Registered]) {
    for (number, record) in records.iter().enumerate().filter(|(_, record)| KINDS[record.kind].2.is_empty()) {
        let id = record.id.borrow().clone().unwrap();
        let of = |key: &(String, String)| key.1 == format!("RECORD#{id}");
        let stands = aws.tables.items(TABLE).any(|(key, _)| of(key));
        let was_deleted = aws.tables.changes.iter().any(|change| of(&change.key) && change.new.is_none());
        let expected = if stands && !was_deleted { VERSIONS } else { 0 };
        assert_eq!(
            aws.buckets.versions(FILES, &file(number)),
            expected,
            "versions of the file of {id}, stands: {stands}"
        );
    }
}

/// No deletion without evidence, and no evidence without deletion; each registration has its leaf.
pub(crate) fn deleted_as_evidence_says(world: &World) {
    let summary = verified(world);
    assert_eq!(summary.open, [], "every batch has its results");
    let (mut intended, mut deleted, mut failed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut registered, mut expired) = (BTreeSet::new(), BTreeSet::new());
    for leaves in leaves(world) {
        match leaves {
            Leaves::Intent(leaves) => intended.extend(leaves.into_iter().map(|leaf| leaf.commitment)),
            Leaves::Result(leaves) => {
                for leaf in leaves {
                    match leaf.result.as_str() {
                        "deleted" => deleted.insert(leaf.commitment),
                        "failed" => failed.insert(leaf.commitment),
                        _ => false,
                    };
                }
            }
            Leaves::Events(leaves) => {
                for leaf in leaves {
                    match leaf.event.as_str() {
                        "record" => registered.insert(leaf.commitment),
                        "removed" => expired.insert(leaf.commitment),
                        _ => false,
                    };
                }
            }
            Leaves::Keys(_) => {}
        }
    }
    let changes = world.account.aws().tables.changes.clone();
    let (mut gone, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for change in changes.iter().filter(|change| change.key.1.starts_with("RECORD#")) {
        let Some(item) = change.old.as_ref().xor(change.new.as_ref()) else { continue };
        let commitments = commitments_of(world, &change.key, &item["salt"]);
        if change.old.is_none() {
            assert!(!commitments.is_disjoint(&registered), "a registration has no evidence");
            continue;
        }
        // Where a step of an earlier sweep deletes after a later one has settled it and ends before its result, the
        // chain says that it was intended and stood (docs/LIMITS.md).
        let was_settled = world.sweeps_meet && !commitments.is_disjoint(&failed);
        let has_evidence = !commitments.is_disjoint(&deleted) || !commitments.is_disjoint(&expired);
        assert!(was_settled || has_evidence, "deleted without evidence: {:?}", change.key);
        if change.by_ttl {
            taken.extend(commitments.iter().cloned());
        }
        gone.extend(commitments);
    }
    assert!(deleted.is_subset(&gone), "evidence without deletion");
    assert!(expired.is_subset(&taken), "evidence that time to live took what it did not");
    assert!(deleted.is_subset(&intended), "nothing is deleted that was not intended");
}

/// A short history in which nothing goes wrong: somebody's record is held, another takes back what they have agreed to,
/// and all of it would be due.
pub(crate) async fn calm_history(world: &World) {
    let of = |person, kind| {
        let occurred_at = world.now();
        Registered { person, subject: subject(person), kind, occurred_at, id: RefCell::default() }
    };
    let records = [of(0, 0), of(1, 0), of(1, 2), of(1, 3)];
    write_files(world, &records);
    for (number, record) in records.iter().enumerate() {
        register(world, number, record).await;
    }
    let hold = held(0);
    place(world, &hold).await;
    let withdrawal = (1, Cell::default());
    withdraw(world, 1, 0, &withdrawal.1).await;
    world.rest().await;
    world.pass(101 * DAY);
    sweep(world).await;
    world.rest().await;
    check(world, &records, &[hold], &[withdrawal]);
}

#[test]
fn a_history_in_which_nothing_goes_wrong_keeps_every_promise() {
    case(calm_history);
}

/// A sweep of one record that is due, in which one call goes wrong.
fn a_sweep_in_which(call: &'static str, fault: Fault) {
    case(async |world: &World| {
        let occurred_at = world.now() - 101 * DAY;
        let record = Registered { person: 0, subject: subject(0), kind: 0, occurred_at, id: RefCell::default() };
        register(world, 0, &record).await;
        world.rest().await;
        world.account.aws().plan.first = Some((call, fault));
        sweep(world).await;
        world.calm();
        world.pass(2 * DAY);
        sweep(world).await;
        world.rest().await;
        check(world, &[record], &[], &[]);
    });
}

#[test]
fn a_deletion_whose_answer_is_lost_has_its_evidence() {
    for fault in FAULTS {
        a_sweep_in_which("BatchExecuteStatement", fault);
    }
}

#[test]
fn evidence_whose_answer_is_lost_is_written_once() {
    for fault in FAULTS {
        a_sweep_in_which("S3 PUT /evidence", fault);
    }
}

/// The hold of one person, to be placed.
fn held(person: usize) -> Held {
    Held {
        person,
        is_wide: false,
        name: RefCell::default(),
        from: Cell::new(usize::MAX),
        until: Cell::new(usize::MAX),
        is_to_be_released: false,
        tried: Cell::default(),
        asked: Cell::default(),
        released: Cell::default(),
        number: 0,
    }
}

#[test]
fn a_registration_that_dies_under_a_hold_leaves_nothing_to_delete() {
    case(async |world: &World| {
        let occurred_at = world.now() - 101 * DAY;
        let record = Registered { person: 0, subject: subject(0), kind: 0, occurred_at, id: RefCell::default() };
        let hold = held(0);
        place(world, &hold).await;
        world.account.aws().plan.first = Some(("TransactWriteItems", Fault::KilledAfter));
        register(world, 0, &record).await;
        assert_eq!(*record.id.borrow(), None, "it died before it answered");
        world.calm();
        sweep(world).await;
        world.rest().await;
        register(world, 0, &record).await;
        check(world, &[record], &[hold], &[]);
    });
}

#[test]
fn what_is_deleted_has_evidence_and_no_hold_is_broken() {
    histories("retention::what_is_deleted_has_evidence_and_no_hold_is_broken", 300, history);
}

/// A record whose time to live is over before anybody has swept.
pub(crate) async fn expiring_history(world: &World) {
    let occurred_at = world.now() - 101 * DAY;
    let record = Registered { person: 0, subject: subject(0), kind: 0, occurred_at, id: RefCell::default() };
    register(world, 0, &record).await;
    world.rest().await;
    world.pass(400 * DAY);
    while world.account.aws().tables.items(TABLE).any(|((_, sk), _)| sk.starts_with("RECORD#")) {
        world.expire();
    }
    world.rest().await;
    check(world, &[record], &[], &[]);
}

#[test]
fn what_time_to_live_took_has_its_evidence() {
    case(expiring_history);
}

/// A file is registered that is due at once.
pub(crate) async fn filed_history(world: &World) {
    let occurred_at = world.now() - 101 * DAY;
    let records = [Registered { person: 0, subject: subject(0), kind: 3, occurred_at, id: RefCell::default() }];
    write_files(world, &records);
    register(world, 0, &records[0]).await;
    world.rest().await;
    sweep(world).await;
    world.rest().await;
    check(world, &records, &[], &[]);
}

/// A record is held after the index was read: only the condition of its deletion knows.
pub(crate) async fn held_late_history(world: &World) {
    let occurred_at = world.now() - 101 * DAY;
    let record = Registered { person: 0, subject: subject(0), kind: 0, occurred_at, id: RefCell::default() };
    register(world, 0, &record).await;
    world.rest().await;
    let (hold, before) = (held(0), changes(world));
    place(world, &hold).await;
    world.rest().await;
    let lag = changes(world) - before;
    world.account.aws().tables.index_lag = lag;
    sweep(world).await;
    world.calm();
    world.rest().await;
    check(world, &[record], &[hold], &[]);
}

#[test]
fn a_hold_that_the_index_does_not_know_of_yet_is_kept() {
    case(held_late_history);
}
