//! Histories of a change of the notice: published, told one by one, and consents that are asked for again.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use domain::policy::Policy;
use fault_tests::{
    endpoint::{FAULTS, Fault},
    history::{case, draw_plan, histories, turn, version},
    table::TABLE,
    world::{Call, Function, World},
};
use futures_util::future::LocalBoxFuture;
use policy::PolicyBook;
use serde_json::{Value, json};

use crate::{
    breaches::{address, report},
    consents::{self, Form},
    retention::{DAY, Registered, register, subject},
};

const HOUR: i64 = 3_600_000;

/// How long before it counts people are told, as the policy of these histories promises it.
const LEAD_DAYS: i64 = 30;

/// How long it takes in calm at most until everybody is told, in hours.
const TOLD_HOURS_MAX: i64 = 12;

const PURPOSE: &str = "trackers.preferences";
const CHOICES: [&str; 3] = ["given", "refused", "withdrawn"];

/// Changes go out by mail, and what they touch is asked for again.
fn promised() -> Policy {
    let accepted = [("version = \"undated-1\"", "version = \"undated-1\"\naccepted = [\"undated-2\"]")];
    let promise =
        "\n[notice_change]\nlead_time = \"P30D\"\nby_mail = true\nask_again = true\nclause = \"scantrust.1.3-a\"\n";
    version(&accepted, promise)
}

/// The change, and whom it concerns.
struct Change {
    people: usize,
    /// How many of them have a mail address.
    mailed: usize,
    id: RefCell<Option<String>>,
    effective_at: Cell<i64>,
    /// How many of the mails were reported on.
    reported: Cell<usize>,
    /// Whether mail may come back.
    bounces: bool,
    /// What people have chosen.
    forms: Vec<Form>,
}

fn change(world: &World, (people, mailed): (usize, usize), bounces: bool) -> Change {
    let form = |notice| Form {
        person: world.below(mailed.max(1)),
        choices: BTreeMap::from([(PURPOSE, *world.one_of(&CHOICES))]),
        notice,
        receipts: RefCell::default(),
    };
    let forms = if mailed == 0 { 0 } else { 1 + world.below(3) };
    let forms = (0..forms).map(|_| form("undated-1")).chain((0..world.below(forms + 1)).map(|_| form("undated-2")));
    Change {
        people,
        mailed,
        id: RefCell::default(),
        effective_at: Cell::default(),
        reported: Cell::default(),
        bounces,
        forms: forms.collect(),
    }
}

/// Whom it will concern, and what they chose under the notice before.
async fn people(world: &World, of: &Change) {
    world.serve(PolicyBook::new([promised()]));
    for person in 0..of.people {
        let subject = match person < of.mailed {
            true => json!({ "kind": "mail", "value": address(person) }),
            false => subject(person),
        };
        let record = Registered { person, subject, kind: 0, occurred_at: world.now() - HOUR, id: RefCell::default() };
        register(world, person, &record).await;
        assert!(record.id.borrow().is_some(), "in calm a record is taken in at once");
    }
    for (number, form) in of.forms.iter().enumerate().filter(|(_, form)| form.notice == "undated-1") {
        assert!(consents::submitted(world, number, form).await.is_none(), "in calm a form is taken in");
        world.pass(1_000 * HOUR / 3_600);
    }
    world.rest().await;
    world.pass(2 * HOUR);
}

async fn staff(world: &World, (method, path): (&str, &str), id: Option<&str>, body: Value) -> Option<(u64, Value)> {
    let call = Call {
        method,
        path,
        controller: "scantrust",
        parameters: id.map(|id| ("change", id)).into_iter().collect(),
        headers: Vec::new(),
        body,
        staff: Some(("notices:write", "officer")),
        at: world.now(),
        id: "staff",
    };
    let answer = world.invoke(Function::NoticeChange, &call.payload()).await.http();
    answer.filter(|(status, _)| *status != 503)
}

async fn publish(world: &World, of: &Change) {
    let body = json!({
        "version": "undated-2", "language": "en", "text_sha256": "ab".repeat(32), "url": "https://scantrust.example/2",
        "significance": "significant", "summary": "We remember less.", "ask_again": [PURPOSE],
    });
    let Some((status, answer)) = staff(world, ("POST", "/v1/notices"), None, body).await else { return };
    assert!(status == 200 || status == 201, "{answer}");
    let id = answer["change_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let effective_at: jiff::Timestamp = answer["effective_at"].as_str().unwrap().parse().unwrap();
    let before = of.id.replace(Some(id.clone()));
    assert!(before.is_none_or(|before| before == id), "a change that was published again is another one");
    let before = of.effective_at.replace(effective_at.as_millisecond());
    assert!(
        before == 0 || before == of.effective_at.get(),
        "a change that was published again counts from another day"
    );
}

async fn counts(world: &World, of: &Change) -> Value {
    let id = of.id.borrow().clone().unwrap();
    let path = format!("/v1/notices/{id}");
    let (status, answer) = staff(world, ("GET", &path), Some(&id), Value::Null).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer["notices"].clone()
}

async fn submit(world: &World, number: usize, form: &Form) {
    let refused = consents::submitted(world, number, form).await;
    assert!(refused.is_none(), "{refused:?}");
}

pub(crate) async fn history(world: &World) {
    let count = 1 + world.below(4);
    let of = change(world, (count, world.below(count + 1)), world.percent(50));
    people(world, &of).await;
    draw_plan(world);
    for _ in 0..6 + world.below(10) {
        let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        match world.below(5) {
            0 | 1 if of.id.borrow().is_none() || world.percent(10) => acts.push(Box::pin(publish(world, &of))),
            2 if !of.forms.is_empty() => {
                let number = world.below(of.forms.len());
                if of.forms[number].notice == "undated-2" && of.id.borrow().is_some() {
                    acts.push(Box::pin(submit(world, number, &of.forms[number])));
                }
            }
            3 => acts.push(Box::pin(async { report(world, &of.reported, of.bounces) })),
            _ => {}
        }
        turn(world, acts).await;
    }
    world.calm();
    finish(world, &of).await;
}

async fn finish(world: &World, of: &Change) {
    while of.id.borrow().is_none() {
        publish(world, of).await;
    }
    for (number, form) in of.forms.iter().enumerate() {
        while form.receipts.borrow().is_empty() {
            submit(world, number, form).await;
        }
    }
    report(world, &of.reported, of.bounces);
    world.rest().await;
    let mut hours = 0;
    loop {
        let counts = counts(world, of).await;
        let open = ["planned", "claimed"].map(|state| counts[state].as_u64().unwrap_or_default());
        if open == [0, 0] {
            break;
        }
        assert!(hours < TOLD_HOURS_MAX, "{hours} hours later somebody is untold: {counts}");
        world.pass(HOUR);
        hours += 1;
        world.rest().await;
        report(world, &of.reported, of.bounces);
        world.rest().await;
    }
    check(world, of).await;
}

async fn check(world: &World, of: &Change) {
    let told = counts(world, of).await;
    {
        let aws = world.account.aws();
        let notices: BTreeMap<String, (String, usize)> = aws
            .tables
            .items(TABLE)
            .filter_map(|((_, sk), item)| {
                let subject = sk.strip_prefix("NOTICE#")?;
                let sends = item.get("sends").map_or(0, |sends| sends["N"].as_str().unwrap().parse().unwrap());
                let tag = format!("change-{}-{}", of.id.borrow().as_ref()?, subject.replace('.', "-"));
                Some((tag, (item["state"]["S"].as_str().unwrap().to_owned(), sends)))
            })
            .collect();
        assert_eq!(notices.len(), of.people, "everybody whom it concerns is planned once: {notices:?}");
        let of_state = |wanted: &str| notices.values().filter(|(state, _)| state == wanted).count();
        for (member, state) in
            [("sent", "sent"), ("without_address", "without-address"), ("not_reached", "not-reached")]
        {
            let counted = told[member].as_u64().unwrap_or_default();
            assert_eq!(counted, of_state(state) as u64, "the tally of {state}: {told} {notices:?}");
        }
        let (reached, without) = (of_state("sent") + of_state("not-reached"), of_state("without-address"));
        assert_eq!((reached, without), (of.mailed, of.people - of.mailed), "somebody is untold: {notices:?}");
        for person in 0..of.mailed {
            let mut mails = aws.mails.sent.iter().filter(|mail| mail.to == address(person));
            assert!(mails.any(|mail| notices.contains_key(&mail.tag)), "somebody is untold: {notices:?}");
        }
        for (tag, (state, sends)) in &notices {
            let mails = aws.mails.sent.iter().filter(|mail| mail.tag == *tag).count();
            assert!(mails <= *sends, "told twice beyond the sends that are counted: {mails} of {sends} {state}");
        }
        assert_eq!(aws.queues.dead().count(), 0, "nothing here is poison");
    }
    // What was agreed to counts until the change does, and no longer unless it was agreed to again.
    assert!(world.now() < of.effective_at.get(), "people are told before it counts");
    asked_again(world, of, false).await;
    world.pass(of.effective_at.get() - world.now());
    asked_again(world, of, true).await;
}

/// Each person's choice as it stands, by the forms that were accepted.
async fn asked_again(world: &World, of: &Change, is_in_force: bool) {
    for form in &of.forms {
        let mut theirs: Vec<_> = of
            .forms
            .iter()
            .filter(|other| other.person == form.person)
            .map(|form| {
                let at = form.receipts.borrow()[0]["event_time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
                let choice = form.choices[PURPOSE];
                (at, CHOICES.iter().position(|known| *known == choice), choice, form.notice)
            })
            .collect();
        theirs.sort();
        let counts =
            |(.., choice, notice): &(_, _, &str, &str)| !is_in_force || *choice != "given" || *notice == "undated-2";
        let last = theirs.last().unwrap().2;
        let standing = theirs.iter().rfind(|one| counts(one)).map(|one| one.2);
        let expected = match standing {
            Some("given") => "given",
            _ if last != "given" => last,
            _ => "lapsed",
        };
        let state = consents::state_of(world, form).await;
        assert_eq!(state[PURPOSE], expected, "a consent counts as it was asked for: {is_in_force} {theirs:?}");
    }
}

/// A change that goes well, with one person who has an address and one who has none.
pub(crate) async fn calm_history(world: &World) {
    let of = change(world, (2, 1), false);
    people(world, &of).await;
    finish(world, &of).await;
}

#[test]
fn a_change_in_which_nothing_goes_wrong_tells_everybody_once() {
    case(async |world: &World| {
        calm_history(world).await;
        let aws = world.account.aws();
        assert_eq!(aws.mails.sent.iter().filter(|mail| mail.to == address(0)).count(), 1);
    });
}

/// Telling one person, in which one call goes wrong.
fn a_telling_in_which(call: &'static str, fault: Fault) {
    case(async |world: &World| {
        let of = change(world, (1, 1), false);
        people(world, &of).await;
        publish(world, &of).await;
        world.account.aws().plan.first = Some((call, fault));
        finish(world, &of).await;
    });
}

#[test]
fn a_notice_of_a_change_whose_answer_is_lost_is_in_doubt_and_counted() {
    for fault in FAULTS {
        a_telling_in_which("Mails", fault);
    }
}

#[test]
fn nobody_is_untold_of_a_change_and_what_it_touches_is_asked_for_again() {
    histories("notices::nobody_is_untold_of_a_change_and_what_it_touches_is_asked_for_again", 200, history);
}

#[test]
fn the_lead_time_is_kept() {
    case(async |world: &World| {
        let of = change(world, (1, 0), false);
        people(world, &of).await;
        let at = world.now();
        publish(world, &of).await;
        assert_eq!(of.effective_at.get(), at + LEAD_DAYS * DAY);
    });
}
