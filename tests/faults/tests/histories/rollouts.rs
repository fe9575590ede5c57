//! Histories in which another version of the policy is rolled out: for a while some environments have the earlier one and
//! some the later, and people and systems go by either.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use domain::policy::Policy;
use fault_tests::{
    history::{MARK, case, draw_plan, histories, turn, turn_within, version},
    table::TABLE,
    world::{Function, World},
};
use futures_util::future::LocalBoxFuture;
use policy::PolicyBook;
use serde_json::{Value, json};

use crate::{
    consents::{self, Form},
    requests,
    retention::{self, DAY, deleted_as_evidence_says, staff, subject, sweep, time},
};

const MINUTE: i64 = 60_000;

/// How long a message that failed waits, as the template has it for records in production.
const RETRY_MILLIS: i64 = 180_000;

/// How many days the earlier version keeps the address of an attacker.
const EARLIER_DAYS: i64 = 100;

/// How many days a later one does: for a shorter time, or for a longer one.
const LATER_DAYS: [i64; 2] = [60, 200];

/// What is kept: category, purpose, field, and whether the later version alone knows it.
const KINDS: [(&str, &str, &str, bool); 3] = [
    ("security-ip", "security.abuse-detection", "ip_address", false),
    ("account-credentials", "account.login", "role", false),
    ("gate-entry", "security.abuse-detection", "gate", true),
];

/// How many days the later version keeps who came through a gate.
const GATE_DAYS: i64 = 30;

const PURPOSES: [&str; 3] = ["trackers.preferences", "trackers.behaviour-analytics", NEW_PURPOSE];
const CHOICES: [&str; 3] = ["given", "refused", "withdrawn"];

/// A purpose that the later version alone knows.
const NEW_PURPOSE: &str = "trackers.advertising";

/// What the later version adds: a purpose, a category with its time, and an event that ends an account.
const ADDED: &str = r#"
[[purpose]]
id = "trackers.advertising"
title = "Show you what fits"
basis = "consent"
clause = "scantrust.1.3-a"

[[category]]
id = "gate-entry"
fields = ["gate"]
sources = ["observed"]
clause = "scantrust.1.2-a"

[[retention]]
category = "gate-entry"
purpose = "security.abuse-detection"
mode = "fixed"
duration = "P30D"
clause = "scantrust.1.2-b"
"#;

/// The earlier version, and the later ones.
fn versions() -> &'static (Policy, [Policy; 2]) {
    static VERSIONS: OnceLock<(Policy, [Policy; 2])> = OnceLock::new();
    VERSIONS.get_or_init(|| {
        let later = LATER_DAYS.map(|days| {
            let duration = format!("duration = \"P{days}D\"");
            let changes = [
                ("version = \"undated-1\"", "version = \"undated-2\"\naccepted = [\"undated-1\"]"),
                ("duration = \"P100D\"", duration.as_str()),
                ("purpose = \"account.login\"\nmode = \"until-event\"\nevents = [\"customer-relationship.ended\"]",
                 "purpose = \"account.login\"\nmode = \"until-event\"\nevents = [\"customer-relationship.ended\", \"account.closed\"]"),
            ];
            version(&changes, ADDED)
        });
        (version(&[], ""), later)
    })
}

/// A record of a system.
struct Record {
    person: usize,
    kind: usize,
    occurred_at: i64,
    /// Whether it comes through the queue, once, and not by a call that is made again.
    is_queued: bool,
    sent: Cell<bool>,
    id: RefCell<Option<String>>,
}

impl Record {
    fn event(&self, number: usize) -> Value {
        let (category, purpose, field, _) = KINDS[self.kind];
        json!({
            "type": "record", "occurred_at": time(self.occurred_at), "subject": subject(self.person),
            "category": category, "purpose": purpose, "locator": format!("systems/{MARK}/{number}"),
            "fields": { field: format!("{MARK}-{number}") },
        })
    }
}

fn send(world: &World, event: &Value) {
    let body = json!({ "v": 1, "controller": "scantrust", "events": [event] }).to_string();
    world.account.aws().queues.send("records", &body, None, 0);
}

/// Sends a record; one that comes through the queue is sent once, whatever becomes of it.
async fn register(world: &World, number: usize, record: &Record, is_over: bool) {
    let event = record.event(number);
    if record.is_queued {
        if !record.sent.replace(true) {
            send(world, &event);
        }
        return;
    }
    let route = ("POST", "/v1/records", "records:write", "system");
    let Some((status, answer)) = staff(world, route, Vec::new(), ("k", json!({ "events": [event] }))).await else {
        return;
    };
    record.sent.set(true);
    if status == 207 {
        assert!(KINDS[record.kind].3 && !is_over, "a record that the policy knows is refused: {answer}");
        return;
    }
    assert_eq!(status, 200, "{answer}");
    let id = answer["results"][0]["record_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
    record.id.replace(Some(id.to_owned()));
}

async fn submit(world: &World, number: usize, form: &Form, is_over: bool) {
    let is_new = form.notice == "undated-2" || form.choices.contains_key(NEW_PURPOSE);
    match consents::submitted(world, number, form).await {
        None => {}
        Some((422, _)) if is_new && !is_over => {}
        refused => panic!("a form that the policy knows is refused: {refused:?}"),
    }
}

async fn tick(world: &World) {
    world.invoke(Function::ClockWatch, &json!({ "v": 1, "time": time(world.now()) })).await;
}

fn draw_form(world: &World, is_begun: bool) -> Form {
    let purposes = if is_begun { &PURPOSES[..] } else { &PURPOSES[..2] };
    Form {
        person: world.below(2),
        choices: BTreeMap::from([(*world.one_of(purposes), *world.one_of(&CHOICES))]),
        notice: if is_begun && world.percent(60) { "undated-2" } else { "undated-1" },
        receipts: RefCell::default(),
    }
}

fn draw_record(world: &World, is_begun: bool) -> Record {
    let kind = world.below(if is_begun { KINDS.len() } else { 2 });
    Record {
        person: world.below(2),
        kind,
        occurred_at: world.now() - i64::try_from(world.below(if kind == 2 { 20 } else { 150 })).unwrap() * DAY,
        is_queued: world.percent(50),
        sent: Cell::default(),
        id: RefCell::default(),
    }
}

/// The end of somebody's account, which the later version alone listens to.
fn close(world: &World, person: usize) {
    let event = json!({
        "type": "trigger", "occurred_at": time(world.now()), "subject": subject(person), "event": "account.closed",
    });
    send(world, &event);
}

pub(crate) async fn history(world: &World) {
    let (earlier, later) = versions();
    let longer = world.below(2);
    world.serve(PolicyBook::new([earlier.clone()]));
    world.comes_again.set(RETRY_MILLIS);
    draw_plan(world);
    let (mut forms, mut records) = (Vec::new(), Vec::new());
    for is_begun in [false, true] {
        forms.extend((0..1 + world.below(3)).map(|_| draw_form(world, is_begun)));
        records.extend((0..1 + world.below(3)).map(|_| draw_record(world, is_begun)));
    }
    // Before the roll-out nobody has a form or a record of the later version.
    let is_of_later = |form: &Form| form.notice == "undated-2" || form.choices.contains_key(NEW_PURPOSE);
    let mut closed = BTreeSet::new();
    let mut times = Vec::new();
    let (begin, end) = (2 + world.below(3), 7 + world.below(3));
    let is_taken_back = world.percent(25);
    for step in 0..end + world.below(4) {
        if step == begin + 1 && is_taken_back {
            world.roll_back();
        }
        if step == begin || step == begin + 2 && is_taken_back {
            world.roll_out(PolicyBook::new([later[longer].clone()]));
        }
        let (is_begun, is_over) = (step >= begin, step >= end);
        if step == end {
            world.rolled_out();
        }
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        for _ in 0..1 + world.below(3) {
            match world.below(8) {
                0..=2 => {
                    let number = world.below(forms.len());
                    if is_begun || !is_of_later(&forms[number]) {
                        acts.push(Box::pin(submit(world, number, &forms[number], is_over)));
                    }
                }
                3..=5 => {
                    let number = world.below(records.len());
                    if is_begun || !KINDS[records[number].kind].3 {
                        acts.push(Box::pin(register(world, number, &records[number], is_over)));
                    }
                }
                6 if is_begun && world.happens() => {
                    let person = world.below(2);
                    closed.insert(person);
                    close(world, person);
                }
                6 => acts.push(Box::pin(sweep(world))),
                _ => acts.push(Box::pin(tick(world))),
            }
        }
        // A roll-out takes minutes.
        if is_begun && !is_over {
            turn_within(world, acts, &[0, 10, 1_000, MINUTE / 2]).await;
        } else {
            turn(world, acts).await;
        }
        times.push(moment(world));
    }
    world.calm();
    world.rolled_out();
    for (number, form) in forms.iter().enumerate() {
        while form.receipts.borrow().is_empty() {
            submit(world, number, form, true).await;
        }
    }
    for (number, record) in records.iter().enumerate() {
        while !record.sent.get() || !record.is_queued && record.id.borrow().is_none() {
            register(world, number, record, true).await;
        }
    }
    world.rest().await;
    // The clock has everything planned anew: after the settling time by a walk, or within the hour by one that is on.
    for _ in 0..8 {
        tick(world).await;
        world.rest().await;
        world.pass(10 * MINUTE);
    }
    let planned_at = world.now();
    times.push(moment(world));
    planned_by_the_later(world, LATER_DAYS[longer], &later[longer], planned_at);
    world.pass(MINUTE);
    sweep(world).await;
    world.rest().await;
    times.push(moment(world));
    check(world, &forms, &records, &closed, (earlier, &later[longer], LATER_DAYS[longer]), &times).await;
}

/// How many changes there were until now.
fn moment(world: &World) -> (usize, i64) {
    let aws = world.account.aws();
    (aws.tables.changes.len(), aws.now)
}

fn end_of(item: &serde_json::Map<String, Value>) -> Option<i64> {
    item.get("ends_at").map(|at| at["N"].as_str().unwrap().parse().unwrap())
}

/// What stands after the walk ends as the later version says, but for what had ended before by the earlier one: no policy
/// revives that.
fn planned_by_the_later(world: &World, days: i64, later: &Policy, now: i64) {
    let aws = world.account.aws();
    for ((_, sk), item) in aws.tables.items(TABLE).filter(|((_, sk), _)| sk.starts_with("RECORD#")) {
        let created_at: i64 = item["created_at"]["N"].as_str().unwrap().parse().unwrap();
        let by_later = match item["category"]["S"].as_str().unwrap() {
            "security-ip" => created_at + days * DAY,
            "gate-entry" => created_at + GATE_DAYS * DAY,
            _ => continue,
        };
        let by_earlier = created_at + EARLIER_DAYS * DAY;
        let end = end_of(item).unwrap();
        let had_ended = end == by_earlier && by_earlier <= now && item["policy"]["S"] != later.hash.as_str();
        assert!(end == by_later || had_ended, "{sk} ends at {end}, and not as the later version says: {item:?}");
    }
}

async fn check(
    world: &World,
    forms: &[Form],
    records: &[Record],
    closed: &BTreeSet<usize>,
    (earlier, later, days): (&Policy, &Policy, i64),
    times: &[(usize, i64)],
) {
    consents::what_is_accepted_is_stored(world, forms).await;
    deleted_as_evidence_says(world);
    let aws = world.account.aws();

    // Each consent stands under a version that knows what it says.
    for ((_, sk), item) in aws.tables.items(TABLE).filter(|((_, sk), _)| sk.starts_with("CONSENT#")) {
        let under = [earlier, later].into_iter().find(|policy| item["policy"]["S"] == policy.hash.as_str());
        let under = under.unwrap_or_else(|| panic!("{sk} stands under no version: {item:?}"));
        let chosen = item["choices"]["M"].as_object().unwrap();
        // What is refused or taken back counts whichever notice was shown.
        let is_given = chosen.values().any(|choice| choice["S"] == "given");
        let knows_notice =
            !is_given || under.accepted_notices.iter().any(|notice| item["notice"]["S"] == notice.as_str());
        let knows_purposes = chosen.keys().all(|chosen| under.purposes.keys().any(|known| known.as_str() == chosen));
        assert!(knows_notice && knows_purposes, "{sk} stands under a version that does not know it: {item:?}");
    }

    // No accepted record was lost, whichever way it came.
    let made: BTreeSet<_> = aws
        .tables
        .changes
        .iter()
        .filter(|change| change.key.1.starts_with("RECORD#") && change.old.is_none())
        .map(|change| change.key.1.clone())
        .collect();
    assert_eq!(made.len(), records.len(), "an accepted record was lost: {made:?}");

    // Nothing was deleted before an end that one of the versions gave it.
    for (number, change) in aws.tables.changes.iter().enumerate() {
        let (Some(old), None) = (&change.old, &change.new) else { continue };
        if !change.key.1.starts_with("RECORD#") {
            continue;
        }
        let deleted_at = times.iter().find(|(changes, _)| *changes > number).map_or(i64::MAX, |(_, at)| *at);
        let created_at: i64 = old["created_at"]["N"].as_str().unwrap().parse().unwrap();
        let end = end_of(old).unwrap();
        let ends = match old["category"]["S"].as_str().unwrap() {
            "security-ip" => vec![created_at + EARLIER_DAYS * DAY, created_at + days * DAY],
            "gate-entry" => vec![created_at + GATE_DAYS * DAY],
            _ => vec![end],
        };
        assert!(end <= deleted_at && ends.contains(&end), "{:?} was deleted before its end: {old:?}", change.key);
    }

    // What is over is gone, and an account that was closed is over.
    for ((_, sk), item) in aws.tables.items(TABLE).filter(|((_, sk), _)| sk.starts_with("RECORD#")) {
        let end = end_of(item);
        assert!(end.is_none_or(|end| end > aws.now), "{sk} outstayed its end: {item:?}");
        let record =
            records.iter().find(|record| record.id.borrow().as_ref().is_some_and(|id| sk.ends_with(id.as_str())));
        let is_closed = record.is_some_and(|record| record.kind == 1 && closed.contains(&record.person));
        assert!(!is_closed, "{sk} outlived its account: {item:?}");
    }
    let dead: Vec<_> = aws.queues.dead().map(|message| (&message.body, &message.reason)).collect();
    assert!(dead.is_empty(), "nothing here is poison: {dead:?}");
    assert!(world.put_aside.borrow().is_empty(), "nothing here is poison");
}

/// Another kind of history, in which the later version is rolled out at some time.
async fn rolled_out_in(world: &World, history: impl AsyncFn(&World)) {
    let (earlier, later) = versions();
    world.serve(PolicyBook::new([earlier.clone()]));
    let after = u32::try_from(1 + world.below(40)).unwrap();
    world.roll_out_after(after, PolicyBook::new([world.one_of(later).clone()]));
    history(world).await;
}

#[test]
fn an_event_that_the_later_version_alone_knows_waits_for_it() {
    let (earlier, later) = versions();
    case(async |world: &World| {
        world.serve(PolicyBook::new([earlier.clone()]));
        let record = Record {
            person: 0,
            kind: 2,
            occurred_at: world.now(),
            is_queued: true,
            sent: Cell::default(),
            id: RefCell::default(),
        };
        register(world, 0, &record, false).await;
        for delivery in world.due() {
            world.deliver(delivery).await;
        }
        world.roll_out(PolicyBook::new([later[0].clone()]));
        world.rolled_out();
        world.rest().await;
        let aws = world.account.aws();
        assert!(aws.tables.items(TABLE).any(|((_, sk), _)| sk.starts_with("RECORD#")), "it was lost");
        assert_eq!(aws.queues.dead().count(), 0, "it is no poison");
    });
}

#[test]
fn a_walk_of_the_earlier_version_is_no_poison_to_the_later_one() {
    let (earlier, later) = versions();
    case(async |world: &World| {
        world.serve(PolicyBook::new([earlier.clone()]));
        world.gives_up.set(true);
        tick(world).await;
        world.pass(31 * MINUTE);
        tick(world).await;
        world.roll_out(PolicyBook::new([later[0].clone()]));
        world.rolled_out();
        assert!(!world.due().is_empty(), "a walk waits");
        world.rest().await;
        assert_eq!(world.account.aws().queues.dead().count(), 0, "it is no poison");
    });
}

#[test]
fn a_request_is_answered_in_a_roll_out() {
    histories("rollouts::a_request_is_answered_in_a_roll_out", 60, async |world: &World| {
        rolled_out_in(world, requests::history).await;
    });
}

#[test]
fn no_hold_is_broken_in_a_roll_out() {
    histories("rollouts::no_hold_is_broken_in_a_roll_out", 60, async |world: &World| {
        rolled_out_in(world, retention::history).await;
    });
}

#[test]
fn in_a_roll_out_nothing_is_lost_and_what_stands_ends_as_the_version_says_that_applies() {
    histories(
        "rollouts::in_a_roll_out_nothing_is_lost_and_what_stands_ends_as_the_version_says_that_applies",
        100,
        history,
    );
}
