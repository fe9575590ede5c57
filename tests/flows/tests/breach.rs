//! A breach on the deployed stack, from its declaration to the register: the operator's own drill, and what must hold
//! when a queue tells twice.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use habeas_cli::{
    breach::{DrillArgs, Office, drill},
    client::Call,
    world::{World, record, subject, trigger, wait_for},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use wire::breach::{AlertsAnswer, BreachAnswer};

const CONTROLLER: &str = "lantern";

fn office(world: &World) -> Office {
    Office::local(World::new(world.stack.clone()), CONTROLLER, "officer")
}

fn keep(world: &World, who: &Value) {
    let at = world.after(SignedDuration::from_mins(-10));
    let locator = format!("drill/{}/{}", world.run, who["value"]);
    world.keep(CONTROLLER, &record(at, who, "drill", "drill", &locator, &json!({}))).unwrap();
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
    let at = world.after(SignedDuration::from_secs(-1)).to_string();
    let what = format!("A copy was public (run {}).", world.run);
    let form = json!({
        "title": "A flow", "times": { "aware": at },
        "facts": {
            "exposed_from": world.after(SignedDuration::from_hours(-1)).to_string(), "exposed_to": at,
            "scope": { "categories": ["drill"] },
            "texts": { "en": { "description": what, "advice": "Change your password." } },
        },
    });
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
    let message = json!({ "v": 1, "controller": CONTROLLER, "breach": id, "at": at, "step": "scope" }).to_string();
    world.cloud.send_messages(queue, &[message.clone(), message]).unwrap();
    wait_for("the queue to be done", || {
        Ok((world.cloud.queue_length(queue)? == habeas_cli::cloud::QueueLength::default()).then_some(()))
    })
    .unwrap();
    assert_eq!(world.mails_to(&address, &world.run).unwrap().len(), 1, "nobody is told twice");

    let page = office.register(&[("q", world.run.clone()), ("state", "open".to_owned())]).unwrap();
    assert_eq!(page.breaches.iter().map(|line| &line.breach_id).collect::<Vec<_>>(), [id]);

    // The next breach must not tell the people of this one.
    let ended = world.after(SignedDuration::ZERO);
    for who in [&reachable, &nameless] {
        world.register(CONTROLLER, &[trigger(ended, who, "drill.ended")]).unwrap();
    }
    world.sweep(ended).unwrap();
}
