//! Histories of breaches: declared, decided, people told one by one, what became of their mail, and the watch of clocks.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use domain::policy::Policy;
use fault_tests::{
    endpoint::{FAULTS, Fault},
    history::{MARK, case, draw_plan, histories, turn, version},
    table::TABLE,
    world::{Call, Function, MAIL_EVENTS, World},
};
use futures_util::future::LocalBoxFuture;
use policy::PolicyBook;
use serde_json::{Value, json};

use crate::retention::{Registered, register, time};

const HOUR: i64 = 3_600_000;

/// Hours until the supervisory authority must know (GDPR Art. 33(1)).
const AUTHORITY_HOURS: i64 = 72;

/// How long it takes in calm at most until everybody is told, in hours: a few times the quarter of an hour for which a
/// send in doubt waits, and the three for which nothing moves before it is looked again.
const TOLD_HOURS_MAX: i64 = 12;

/// The office's breach, and how far the office has come with it.
pub(crate) struct Declared {
    people: usize,
    /// How many of them have a mail address.
    mailed: usize,
    aware: i64,
    id: RefCell<Option<String>>,
    is_decided: Cell<bool>,
    /// How many of the mails were reported on.
    reported: Cell<usize>,
    /// Whether mail may come back.
    bounces: bool,
}

fn declared(world: &World, (people, mailed): (usize, usize), bounces: bool) -> Declared {
    Declared {
        people,
        mailed,
        aware: world.now() + HOUR,
        id: RefCell::default(),
        is_decided: Cell::default(),
        reported: Cell::default(),
        bounces,
    }
}

pub(crate) fn address(person: usize) -> String {
    format!("{MARK}.{person}@example.org")
}

fn account(person: usize) -> String {
    format!("{MARK}-account-{person}")
}

async fn office(
    world: &World,
    (method, path): (&str, &str),
    id: Option<&str>,
    headers: Vec<(&str, &str)>,
    body: Value,
) -> Option<(u64, Value)> {
    let call = Call {
        method,
        path,
        controller: "scantrust",
        parameters: id.map(|id| ("breach", id)).into_iter().collect(),
        headers,
        body,
        staff: Some(("breach:write", "officer")),
        at: world.now(),
        id: "office",
    };
    let answer = world.invoke(Function::BreachNotify, &call.payload()).await.http();
    answer.filter(|(status, _)| *status != 503)
}

/// Whom it will concern: some by a mail address, the others by an account alone.
async fn people(world: &World, of: &Declared) {
    for person in 0..of.people {
        let subject = match person < of.mailed {
            true => json!({ "kind": "mail", "value": address(person) }),
            false => json!({ "kind": "account", "value": account(person) }),
        };
        let record = Registered { person, subject, kind: 0, occurred_at: world.now() - HOUR, id: RefCell::default() };
        register(world, person, &record).await;
        assert!(record.id.borrow().is_some(), "in calm a record is taken in at once");
    }
    world.rest().await;
    world.pass(2 * HOUR);
}

async fn declare(world: &World, of: &Declared) {
    let body = json!({
        "title": "A copy was public", "times": { "aware": time(of.aware) },
        "facts": {
            "exposed_from": time(of.aware - HOUR), "exposed_to": time(of.aware),
            "scope": { "categories": ["security-ip"] },
            "texts": { "en": { "description": "A copy was public.", "advice": "Look out." } },
        },
    });
    let route = ("POST", "/v1/breaches");
    let Some((status, answer)) = office(world, route, None, vec![("idempotency-key", "breach-1")], body).await else {
        return;
    };
    assert_eq!(status, 201, "{answer}");
    let id = answer["breach_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let before = of.id.replace(Some(id.clone()));
    assert!(before.is_none_or(|before| before == id), "a breach that was declared again is another one");
}

async fn look(world: &World, of: &Declared) -> Option<Value> {
    let id = of.id.borrow().clone()?;
    let path = format!("/v1/breaches/{id}");
    let (status, answer) = office(world, ("GET", &path), Some(&id), Vec::new(), Value::Null).await?;
    assert_eq!(status, 200, "{answer}");
    Some(answer)
}

/// The decision that people are told: seen in the history, or made by the version that was seen.
async fn decide(world: &World, of: &Declared) {
    let Some(answer) = look(world, of).await else { return };
    if answer["telling"].is_string() {
        of.is_decided.set(true);
        return;
    }
    let (id, version) = (answer["breach_id"].as_str().unwrap(), format!("\"{}\"", answer["version"]));
    let body = json!({ "act": "decided", "authority": true, "people": "told", "reason": "A high risk." });
    let path = format!("/v1/breaches/{id}");
    match office(world, ("POST", &path), Some(id), vec![("if-match", &version)], body).await {
        Some((200, _)) => of.is_decided.set(true),
        // Somebody was faster, or their own attempt had gone through.
        Some((412, _)) | None => {}
        Some((status, answer)) => panic!("{status}: {answer}"),
    }
}

async fn tick(world: &World) {
    world.invoke(Function::ClockWatch, &json!({ "v": 1, "time": time(world.now()) })).await;
}

/// The mail service says what became of some of its mails: late, twice, in any order, and of some it says nothing.
pub(crate) fn report(world: &World, reported: &Cell<usize>, bounces: bool) {
    let mut aws = world.account.aws();
    let mails = aws.mails.sent.clone();
    let now = aws.now;
    for mail in mails.iter().skip(reported.replace(mails.len())) {
        let mut events = vec!["Send", "Delivery"];
        if bounces && world.percent(25) {
            events = vec!["Bounce"];
        }
        for event in events {
            if world.percent(30) {
                continue;
            }
            let mut body = json!({
                "eventType": event,
                "mail": { "timestamp": time(now), "tags": { "notice": [mail.tag], "controller": [mail.controller] } },
            });
            match event {
                "Delivery" => body["delivery"] = json!({ "timestamp": time(now) }),
                "Bounce" => body["bounce"] = json!({ "bounceType": "Permanent", "timestamp": time(now) }),
                _ => {}
            }
            for _ in 0..1 + usize::from(world.percent(30)) {
                let late = i64::try_from(world.below(40)).unwrap() * 60_000;
                aws.queues.send(MAIL_EVENTS, &body.to_string(), None, now + late);
            }
        }
    }
}

/// The policy with a system that tells whoever has no mail address.
fn with_channel() -> Policy {
    let channel = r#"
[breach]
channel = "pager"
clause = "scantrust.1.1-a"

[[system]]
id = "pager"
title = "Writes to telephones"
webhook = "https://pager.example/systems/pager"
clause = "scantrust.1.1-a"
"#;
    version(&[], channel)
}

pub(crate) async fn history(world: &World) {
    let count = 1 + world.below(4);
    let of = declared(world, (count, world.below(count + 1)), world.percent(50));
    if world.percent(50) {
        world.serve(PolicyBook::new([with_channel()]));
    }
    // An address that passes our own reading and not the mail service's.
    world.account.aws().mails.refuses = world.percent(15).then(|| address(0));
    people(world, &of).await;
    draw_plan(world);
    for _ in 0..6 + world.below(10) {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        match world.below(6) {
            0 | 1 if of.id.borrow().is_none() || world.percent(10) => acts.push(Box::pin(declare(world, &of))),
            2 if !of.is_decided.get() || world.percent(10) => acts.push(Box::pin(decide(world, &of))),
            3 => acts.push(Box::pin(tick(world))),
            4 => acts.push(Box::pin(async { report(world, &of.reported, of.bounces) })),
            _ => {}
        }
        turn(world, acts).await;
    }
    world.calm();
    finish(world, &of).await;
}

/// In calm the office does what it could not, and the clock goes on until everybody is told.
async fn finish(world: &World, of: &Declared) {
    while of.id.borrow().is_none() {
        declare(world, of).await;
    }
    while !of.is_decided.get() {
        decide(world, of).await;
    }
    report(world, &of.reported, of.bounces);
    world.rest().await;
    let mut hours = 0;
    while look(world, of).await.unwrap()["progress"]["all_told_at"].is_null() {
        assert!(hours < TOLD_HOURS_MAX, "{hours} hours later the telling has told nobody, or not all");
        world.pass(HOUR);
        hours += 1;
        tick(world).await;
        world.rest().await;
        report(world, &of.reported, of.bounces);
        world.rest().await;
    }
    check(world, of).await;
}

async fn check(world: &World, of: &Declared) {
    let told = look(world, of).await.unwrap();
    let id = told["breach_id"].as_str().unwrap();
    let notices: BTreeMap<String, (String, usize)> = {
        let aws = world.account.aws();
        let items = aws.tables.items(TABLE).filter_map(|((_, sk), item)| {
            let subject = sk.strip_prefix("NOTICE#")?;
            let sends = item.get("sends").map_or(0, |sends| sends["N"].as_str().unwrap().parse().unwrap());
            let tag = format!("breach-{id}-{}", subject.replace('.', "-"));
            Some((tag, (item["state"]["S"].as_str().unwrap().to_owned(), sends)))
        });
        items.collect()
    };
    assert_eq!(notices.len(), of.people, "everybody whom it concerns is planned once: {notices:?}");

    // The tallies are what they count.
    let of_state = |wanted: &str| notices.values().filter(|(state, _)| state == wanted).count();
    for (member, state) in [
        ("planned", "planned"),
        ("claimed", "claimed"),
        ("sent", "sent"),
        ("sent_by_channel", "sent-by-channel"),
        ("without_address", "without-address"),
        ("not_reached", "not-reached"),
    ] {
        let counted = told["notices"][member].as_u64().unwrap_or_default();
        assert_eq!(counted, of_state(state) as u64, "the tally of {state}: {told} {notices:?}");
    }
    let (open, sent) = (of_state("planned") + of_state("claimed"), of_state("sent"));
    let (without, back) = (of_state("without-address"), of_state("not-reached"));
    let by_channel = handed_over(world, of);
    assert!(of_state("sent-by-channel") <= by_channel, "the system knows nothing of whom it is to have told: {told}");
    let otherwise = without + of_state("sent-by-channel");
    assert_eq!(
        (open, sent + back, otherwise),
        (0, of.mailed, of.people - of.mailed),
        "somebody is untold: {notices:?}"
    );

    // Nobody untold; twice only who is counted as perhaps told twice.
    {
        let aws = world.account.aws();
        let is_refused = |person: &usize| aws.mails.refuses.as_ref() == Some(&address(*person));
        for person in (0..of.mailed).filter(|person| !is_refused(person)) {
            let mails =
                aws.mails.sent.iter().filter(|mail| mail.to == address(person) && notices.contains_key(&mail.tag));
            assert!(mails.count() > 0, "somebody is untold: {notices:?}");
        }
        for (tag, (state, sends)) in &notices {
            let mails = aws.mails.sent.iter().filter(|mail| mail.tag == *tag).count();
            assert!(
                mails <= *sends || mails == 0,
                "told twice beyond the sends that are counted: {mails} of {sends} {state}"
            );
        }
        let again = notices.values().filter(|(_, sends)| *sends > 1).count();
        assert_eq!(told["progress"]["sent_again"], again, "the set in doubt is counted: {told} {notices:?}");
    }

    // Whom no mail reaches, what is public tells (GDPR Art. 34(3)(c)).
    let alerts = office(world, ("GET", "/v1/alerts"), None, Vec::new(), Value::Null).await.unwrap().1;
    let is_public = alerts["alerts"].as_array().unwrap().iter().any(|alert| alert["breach_id"] == *id);
    assert!(is_public || without + back == 0, "nothing public tells whom no mail reaches: {alerts}");
    alarms(world, of).await;
}

/// How many people the controller's system was handed, each under a name of their own whenever it comes.
fn handed_over(world: &World, of: &Declared) -> usize {
    let mut people: BTreeMap<String, String> = BTreeMap::new();
    for posted in &world.account.aws().posted {
        let notice: Value = serde_json::from_str(&posted.body).unwrap();
        let (name, whom) = (notice["notice"].as_str().unwrap(), notice["subject"]["value"].as_str().unwrap());
        assert_eq!(posted.headers["habeas-notice"], name, "its header names another one");
        let before = people.insert(whom.to_owned(), name.to_owned());
        assert!(before.is_none_or(|before| before == name), "a notice that comes again has another name");
    }
    let unaddressed = (of.mailed..of.people).map(account).collect::<BTreeSet<_>>();
    assert!(people.keys().all(|whom| unaddressed.contains(whom)), "whoever has an address is written to: {people:?}");
    let names: BTreeSet<_> = people.values().collect();
    assert_eq!(names.len(), people.len(), "two people have one notice");
    people.len()
}

/// A deadline that passes is told to the office, and counted.
pub(crate) async fn alarms(world: &World, of: &Declared) {
    let late = of.aware + (AUTHORITY_HOURS + 1) * HOUR;
    world.pass((late - world.now()).max(0));
    let tick = json!({ "v": 1, "time": time(world.now()) });
    let outcome = world.invoke(Function::ClockWatch, &tick).await;
    let fault_tests::world::Outcome::Answered(summary) = outcome else { panic!("{outcome:?}") };
    assert!(summary["breaches"]["missed"].as_u64() > Some(0), "a deadline was missed, and nobody counts it: {summary}");
    let aws = world.account.aws();
    let warned = aws.mails.sent.iter().any(|mail| mail.to == "contact@scantrust.com");
    assert!(warned, "a deadline was missed, and nobody was warned");
}

/// One breach that goes well, of one with an address and one without.
pub(crate) async fn calm_history(world: &World) -> Declared {
    let of = declared(world, (2, 1), false);
    people(world, &of).await;
    finish(world, &of).await;
    of
}

#[test]
fn a_breach_in_which_nothing_goes_wrong_tells_everybody_once() {
    case(async |world: &World| {
        calm_history(world).await;
        let aws = world.account.aws();
        assert_eq!(aws.mails.sent.iter().filter(|mail| mail.to == address(0)).count(), 1);
    });
}

/// Telling one person, in which one call goes wrong.
fn a_telling_in_which(call: &'static str, fault: Fault) {
    case(async |world: &World| {
        let of = declared(world, (1, 1), false);
        people(world, &of).await;
        declare(world, &of).await;
        decide(world, &of).await;
        world.account.aws().plan.first = Some((call, fault));
        // What is lost comes again, so that it needs no calm.
        finish(world, &of).await;
    });
}

#[test]
fn a_notice_whose_answer_is_lost_is_in_doubt_and_counted() {
    for fault in FAULTS {
        a_telling_in_which("Mails", fault);
    }
}

#[test]
fn nobody_is_untold_and_twice_only_who_is_counted() {
    histories("breaches::nobody_is_untold_and_twice_only_who_is_counted", 300, history);
}
