//! Histories of consents: captures by people who press again, the stream, the evidence.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use fault_tests::{
    history::{MARK, draw_plan, histories, leaves, turn, verified},
    table::{Change, TABLE},
    world::{Call, Function, World},
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value, json};
use wire::evidence::read::Leaves;

const PURPOSES: [&str; 2] = ["trackers.preferences", "trackers.behaviour-analytics"];
const CHOICES: [&str; 3] = ["given", "refused", "withdrawn"];

/// A form that somebody has filled in.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) person: usize,
    pub(crate) choices: BTreeMap<&'static str, &'static str>,
    /// The version of the notice that they saw.
    pub(crate) notice: &'static str,
    /// Every receipt that came back for it.
    pub(crate) receipts: RefCell<Vec<Value>>,
}

fn draw_form(world: &World) -> Form {
    let mut choices = BTreeMap::from([(*world.one_of(&PURPOSES), *world.one_of(&CHOICES))]);
    if world.percent(30) {
        choices.insert(PURPOSES[0], *world.one_of(&CHOICES));
    }
    Form { person: world.below(2), choices, notice: "undated-1", receipts: RefCell::default() }
}

async fn submit(world: &World, number: usize, form: &Form) {
    let refused = submitted(world, number, form).await;
    assert!(refused.is_none(), "{refused:?}");
}

/// Sends a form; answers what it was refused with, if it was.
pub(crate) async fn submitted(world: &World, number: usize, form: &Form) -> Option<(u64, Value)> {
    // The API's clock and ours differ, so the order of arrival is not the order of times.
    let skew = i64::try_from(world.below(240_000)).unwrap() - 120_000;
    let (key, id) = (format!("key-{number}"), format!("r{number}"));
    let call = Call {
        method: "POST",
        path: "/v1/consents",
        controller: "scantrust",
        parameters: Vec::new(),
        headers: vec![("idempotency-key", &key)],
        body: json!({
            "subject": { "kind": "mail", "value": format!("{MARK}.{}@example.org", form.person) },
            "purposes": form.choices, "notice": form.notice, "language": "en", "method": "form:preferences",
        }),
        staff: None,
        at: world.now() + skew,
        id: &id,
    };
    match world.invoke(Function::ConsentCapture, &call.payload()).await.http() {
        Some((200 | 201, receipt)) => form.receipts.borrow_mut().push(receipt),
        Some((503, _)) | None => {}
        refused => return refused,
    }
    None
}

/// Messages and changes that nobody can read: they must end where poison ends, and stop nobody.
fn poison(world: &World) {
    let mut aws = world.account.aws();
    if world.percent(50) {
        let body = "{\"v\": 1, \"controller\": \"scantrust\", \"unknown\": true}";
        aws.queues.send("records", body, None, 0);
        aws.queues.send("poisoned", body, None, 0);
        return;
    }
    let item = json!({ "pk": { "S": "C#scantrust#S#1.AAAAAAAAAAAAAAAAAAAAAA" }, "sk": { "S": "CONSENT#odd" }, "kind": { "S": "consent" } });
    let key = ("C#scantrust#S#1.AAAAAAAAAAAAAAAAAAAAAA".to_owned(), "CONSENT#odd".to_owned());
    world.poison.borrow_mut().insert(aws.tables.changes.len());
    aws.tables.changes.push(Change::new(key, None, item.as_object().cloned()));
}

/// Signs where the chains stand.
async fn seal(world: &World) {
    let time = jiff::Timestamp::from_millisecond(world.now()).unwrap().to_string();
    world.invoke(Function::EvidenceSeal, &json!({ "v": 1, "time": time })).await;
}

pub(crate) async fn history(world: &World) {
    draw_plan(world);
    let count = 2 + world.below(4);
    let forms: Vec<Form> = (0..count).map(|_| draw_form(world)).collect();
    let turns = 4 + world.below(8);
    for _ in 0..turns {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        for _ in 0..world.below(3) {
            let number = world.below(forms.len());
            acts.push(Box::pin(submit(world, number, &forms[number])));
        }
        if world.percent(5) && world.happens() {
            poison(world);
        }
        if world.percent(10) {
            acts.push(Box::pin(seal(world)));
        }
        turn(world, acts).await;
    }
    world.calm();
    for (number, form) in forms.iter().enumerate() {
        // Whoever has got no receipt presses again.
        while form.receipts.borrow().is_empty() {
            submit(world, number, form).await;
        }
    }
    world.rest().await;
    world.pass(25 * 3_600_000);
    seal(world).await;
    check(world, &forms).await;
}

async fn check(world: &World, forms: &[Form]) {
    what_is_accepted_is_stored(world, forms).await;

    // Each stands in the evidence, and nothing that did not happen does.
    let summary = verified(world);
    assert_eq!((summary.links_unsigned, summary.checkpoints > 0), (0, true), "every link is covered by a checkpoint");
    let mut told = BTreeSet::new();
    for leaves in leaves(world) {
        let Leaves::Events(events) = leaves else { panic!("nothing but events happened") };
        told.extend(events.into_iter().filter(|event| event.event == "consent").map(|event| event.commitment));
    }
    assert_eq!(told.len(), forms.len(), "every consent has its leaf");

    let aws = world.account.aws();
    let bodies = |queue: &str| -> BTreeSet<String> {
        aws.queues.queues.get(queue).into_iter().flatten().map(|message| message.body.clone()).collect()
    };
    assert_eq!(bodies("dead-records"), bodies("poisoned"), "dead letters are the poison and nothing else");
    assert_eq!(*world.put_aside.borrow(), *world.poison.borrow(), "what was put aside is the poison and nothing else");
}

/// No accepted form is lost, none is stored that was not accepted, and the state is the fold of them.
pub(crate) async fn what_is_accepted_is_stored(world: &World, forms: &[Form]) {
    // A form is written once, however often it was sent, and every receipt of it is the same one.
    let first = |form: &Form| form.receipts.borrow()[0]["record_id"].as_str().unwrap().to_owned();
    let ids: BTreeSet<String> = forms.iter().map(first).collect();
    let stored: BTreeSet<String> = {
        let aws = world.account.aws();
        let consents = aws.tables.items(TABLE).filter_map(|((_, sk), _)| sk.strip_prefix("CONSENT#"));
        consents.map(str::to_owned).collect()
    };
    assert_eq!(stored, ids, "what is accepted is stored, and nothing else");
    for form in forms {
        let receipts = form.receipts.borrow();
        let one = |receipt: &Value| (receipt["record_id"].clone(), receipt["event_time"].clone());
        assert!(
            receipts.iter().all(|receipt| one(receipt) == one(&receipts[0])),
            "two receipts of one form: {receipts:?}"
        );
    }
    state_is_the_fold(world, forms).await;
}

/// The newest choice counts, by when it was made; of two at once the one that protects more.
async fn state_is_the_fold(world: &World, forms: &[Form]) {
    for form in forms {
        let mut expected = Map::new();
        for purpose in form.choices.keys() {
            let of = forms.iter().filter(|other| other.person == form.person && other.choices.contains_key(purpose));
            let newest = of.max_by_key(|other| {
                let at = other.receipts.borrow()[0]["event_time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
                (at, CHOICES.iter().position(|choice| *choice == other.choices[purpose]))
            });
            expected.insert((*purpose).to_owned(), json!(newest.unwrap().choices[purpose]));
        }
        let state = state_of(world, form).await;
        assert_eq!(state, expected, "the state is the fold of {forms:?}");
    }
}

/// What counts for the purposes of a form, as its receipt's token shows it.
pub(crate) async fn state_of(world: &World, form: &Form) -> Map<String, Value> {
    let token = format!("Bearer {}", form.receipts.borrow()[0]["token"].as_str().unwrap());
    let call = Call {
        method: "GET",
        path: "/v1/consents",
        controller: "scantrust",
        parameters: Vec::new(),
        headers: vec![("authorization", &token)],
        body: Value::Null,
        staff: None,
        at: world.now(),
        id: "read",
    };
    let (status, state) = world.invoke(Function::ConsentCapture, &call.payload()).await.http().unwrap();
    assert_eq!(status, 200, "{state}");
    let purposes = state["purposes"].as_object().unwrap().iter();
    purposes.map(|(purpose, of)| (purpose.clone(), of["state"].clone())).collect()
}

#[test]
fn no_accepted_consent_is_lost_and_the_state_is_the_fold() {
    histories("consents::no_accepted_consent_is_lost_and_the_state_is_the_fold", 6_160, history);
}
