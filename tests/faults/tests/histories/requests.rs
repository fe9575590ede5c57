//! Histories of requests: asked, confirmed by the mailed link, carried out, answered by mail.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use domain::dsar::VERIFICATION_WINDOW_HOURS;
use fault_tests::{
    history::{MARK, draw_plan, histories, turn},
    services::Sent,
    table::TABLE,
    world::{Call, Function, PUBLIC_URL, World},
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use crate::retention::{DAY, Registered, deleted_as_evidence_says, register, sweep};

/// What can be asked for here.
const REQUESTS: [&str; 3] = ["access", "erasure", "information"];

/// What somebody asks for.
pub(crate) struct Asked {
    pub(crate) number: usize,
    pub(crate) person: usize,
    pub(crate) request: &'static str,
    /// Its number and its token, once it was taken in.
    pub(crate) taken: RefCell<Option<(String, String)>>,
    /// Whether they press the mailed link's button.
    pub(crate) is_confirmed: bool,
    pub(crate) confirmed: Cell<bool>,
    /// When it was asked for last, in milliseconds: the mailed link is no older.
    pub(crate) asked_at: Cell<i64>,
}

fn address(person: usize) -> String {
    format!("{MARK}.{person}@example.org")
}

async fn intake(
    world: &World,
    method: &str,
    path: &str,
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
        staff: None,
        at: world.now(),
        id: key,
    };
    let answer = world.invoke(Function::DsarIntake, &call.payload()).await.http();
    answer.filter(|(status, _)| *status != 503)
}

pub(crate) async fn ask(world: &World, asked: &Asked) {
    let mut body = json!({ "type": asked.request, "subject": { "kind": "mail", "value": address(asked.person) } });
    if asked.request == "rectification" {
        body["corrections"] = json!({ "role": format!("{MARK} is another") });
    }
    asked.asked_at.set(world.now());
    let key = format!("request-{}", asked.number);
    let Some((status, answer)) = intake(world, "POST", "/v1/requests", Vec::new(), (&key, body)).await else { return };
    // Writes whose answer was lost were counted with it: who asks too often is told to come back another day.
    if status == 429 {
        return;
    }
    assert_eq!(status, 202, "{answer}");
    let part = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let (id, token) = (part("request_id"), part("token"));
    if let Some((before, _)) = asked.taken.borrow().as_ref() {
        assert_eq!(*before, id, "a request that was sent again is another one");
    }
    asked.taken.replace(Some((id, token)));
}

/// The mails to a person about a request, by their subject's end.
pub(crate) fn mails(world: &World, person: usize, request: &str, about: &str) -> Vec<Sent> {
    let aws = world.account.aws();
    let of = aws.mails.sent.iter().filter(|mail| mail.to == address(person) && mail.subject.ends_with(about));
    of.filter(|mail| mail.text.contains(request)).cloned().collect()
}

/// Presses the button behind the mailed link.
pub(crate) async fn confirm(world: &World, asked: &Asked) {
    let Some((id, _)) = asked.taken.borrow().clone() else { return };
    let link = format!("{PUBLIC_URL}/scantrust/v1/requests/{id}/verification?token=");
    let token = mails(world, asked.person, &id, "")
        .into_iter()
        .find_map(|mail| Some(mail.text.split_once(&link)?.1.split_whitespace().next()?.to_owned()));
    let Some(token) = token else { return };
    let path = format!("/v1/requests/{id}/verification?token={token}");
    let Some((status, answer)) = intake(world, "POST", &path, vec![("request", &id)], ("k", Value::Null)).await else {
        return;
    };
    // Who has pressed before is told how far it is, or that nothing is left to confirm; and a link has its time.
    let is_late = status == 401 && world.now() >= asked.asked_at.get() + VERIFICATION_WINDOW_HOURS * 3_600_000;
    assert!(
        is_late || status == 200 || asked.request != "access" || status == 409 || status == 410,
        "{status} {answer}"
    );
    asked.confirmed.set(asked.confirmed.get() || status == 200);
}

pub(crate) async fn status(world: &World, asked: &Asked) -> Value {
    let (id, token) = asked.taken.borrow().clone().unwrap();
    let path = format!("/v1/requests/{id}?token={token}");
    let (status, answer) = intake(world, "GET", &path, vec![("request", &id)], ("k", Value::Null)).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

pub(crate) async fn history(world: &World) {
    let records: Vec<Registered> = (0..world.below(4))
        .map(|_| {
            let person = world.below(2);
            Registered {
                person,
                subject: json!({ "kind": "mail", "value": address(person) }),
                kind: world.below(2),
                occurred_at: world.now(),
                id: RefCell::default(),
            }
        })
        .collect();
    for (number, record) in records.iter().enumerate() {
        register(world, number, record).await;
    }
    draw_plan(world);
    // An address that passes our own reading and not the mail service's.
    world.account.aws().mails.refuses = world.percent(15).then(|| address(1));
    let all: Vec<Asked> = (0..1 + world.below(2))
        .map(|number| Asked {
            number,
            person: world.below(2),
            request: REQUESTS[world.below(REQUESTS.len())],
            taken: RefCell::default(),
            is_confirmed: world.percent(85),
            confirmed: Cell::default(),
            asked_at: Cell::default(),
        })
        .collect();
    for _ in 0..6 + world.below(10) {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        if world.percent(60) {
            let asked = world.one_of(&all);
            let is_taken = asked.taken.borrow().is_some();
            if !is_taken || world.percent(10) {
                acts.push(Box::pin(ask(world, asked)));
            } else if asked.is_confirmed {
                acts.push(Box::pin(confirm(world, asked)));
            }
        }
        turn(world, acts).await;
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
    world.rest().await;
    for asked in all.iter().filter(|asked| asked.is_confirmed && !asked.confirmed.get()) {
        confirm(world, asked).await;
        world.rest().await;
    }
    check(world, &records, &all).await;
}

async fn check(world: &World, records: &[Registered], all: &[Asked]) {
    let refused = world.account.aws().mails.refuses.clone();
    let is_refused = |asked: &Asked| refused.as_ref() == Some(&address(asked.person));
    let mut unreachable = Vec::new();
    for asked in all {
        let (id, _) = asked.taken.borrow().clone().unwrap();
        let told = status(world, asked).await;
        if is_refused(asked) {
            // One of several alike may be one that nobody writes about.
            unreachable.push(told["unreachable_by_mail"]["why"] == "bounce-permanent");
            assert!(!asked.confirmed.get(), "what nobody could read was confirmed");
        }
        let stage = told["status"].as_str().unwrap().to_owned();
        let written = mails(world, asked.person, "", "").len();
        assert!(written > 0 || is_refused(asked), "nobody was written to about a request that is {stage}");
        let open = ["awaiting-verification", "awaiting-requester"].contains(&stage.as_str());
        assert!(
            open && !asked.confirmed.get() || ["answered", "with-office", "refused"].contains(&stage.as_str()),
            "a confirmed {} has neither answer nor escalation: {stage} {id} {told}",
            asked.request
        );
        if stage == "answered" {
            let answers = mails(world, asked.person, "", ": your privacy request");
            assert!(!answers.is_empty() || is_refused(asked), "an answered request was answered to nobody");
        }
        if stage == "answered" && asked.request == "erasure" {
            let aws = world.account.aws();
            let stands = |record: &&Registered| {
                let id = record.id.borrow().clone().unwrap();
                record.person == asked.person
                    && aws.tables.items(TABLE).any(|((_, sk), _)| *sk == format!("RECORD#{id}"))
            };
            assert_eq!(records.iter().filter(stands).count(), 0, "an erasure was answered and a record stands");
        }
    }
    assert!(unreachable.is_empty() || unreachable.contains(&true), "nobody sees that no mail reaches them");
    // An erasure that was ended in its middle, whose records another one has taken meanwhile, is settled by the sweep.
    world.pass(2 * DAY);
    sweep(world).await;
    world.rest().await;
    deleted_as_evidence_says(world);
    let aws = world.account.aws();
    let mut times: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for mail in &aws.mails.sent {
        *times.entry((&mail.tag, &mail.subject, &mail.to)).or_default() += 1;
    }
    let twice: usize = times.values().map(|times| times - 1).sum();
    assert!(twice <= world.doubts.get(), "told twice beyond what was in doubt: {times:?}");
    assert_eq!(aws.queues.dead().count(), 0, "nothing here is poison");
}

#[test]
fn every_request_is_answered_or_escalated_and_nobody_is_told_twice_beyond_doubt() {
    histories("requests::every_request_is_answered_or_escalated_and_nobody_is_told_twice_beyond_doubt", 2_400, history);
}
