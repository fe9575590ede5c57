//! Whose data a breach reached, on the deployed stack: counted by a walk that the API begins, then listed and told.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::collections::BTreeSet;

use habeas_cli::{
    client::Call,
    world::{World, record, subject, wait_for},
};
use jiff::SignedDuration;
use serde_json::json;
use wire::breach::{BreachAnswer, PeopleAnswer};

const CONTROLLER: &str = "lantern";
const SCOPE: &str = "breach:write";

fn look<T: serde::de::DeserializeOwned>(world: &World, path: &str) -> T {
    let bearer = format!("Bearer {}", world.token(SCOPE, CONTROLLER).unwrap());
    let call = Call::new("GET", world.api(path)).with("authorization", bearer);
    world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap()
}

#[test]
fn people_are_counted_then_listed_and_those_are_told() {
    let (world, _alone) = stack::world();
    let breaches = format!("/{CONTROLLER}/v1/breaches");
    let before = world.after(SignedDuration::from_secs(-120));
    // What others left in this controller's table lies in the same window: it is counted before and after.
    let window = (world.after(SignedDuration::from_secs(-240)), world.after(SignedDuration::from_secs(-60)));
    let declare = |name: &str| -> BreachAnswer {
        let form = json!({
            "title": world.name(name),
            "times": { "aware": window.1.to_string() },
            "facts": {
                "exposed_from": window.0.to_string(),
                "exposed_to": window.1.to_string(),
                "scope": { "categories": ["ledger"] },
                "texts": { "en": { "description": "A drill.", "advice": "Nothing." } },
            },
        });
        world.post_as_staff(&breaches, SCOPE, CONTROLLER, &form).unwrap().expect(&[201]).unwrap().json().unwrap()
    };
    let count = |breach: &BreachAnswer| -> BreachAnswer {
        let one = format!("{breaches}/{}", breach.breach_id);
        let path = format!("{one}/count");
        for _ in 0..2 {
            world.post_as_staff(&path, SCOPE, CONTROLLER, &json!({})).unwrap().expect(&[202, 200]).unwrap();
        }
        wait_for("the count to be recorded", || {
            let breach: BreachAnswer = look(&world, &one);
            Ok(breach.counts.is_some().then_some(breach))
        })
        .unwrap()
    };
    let first = count(&declare("before")).counts.unwrap();

    for n in 0..5 {
        let who = subject("account", &world.name(&format!("scoped-{n}")));
        for item in 0..=n % 2 {
            let name = world.name(&format!("scoped-{n}-{item}"));
            let event = record(before, &who, "ledger", "account", &name, &json!({ "name": "Ada" }));
            world.keep(CONTROLLER, &event).unwrap();
        }
    }
    let counted = count(&declare("after"));
    let counts = counted.counts.clone().unwrap();
    assert_eq!((counts.people - first.people, counts.records - first.records), (5, 7));
    assert_eq!(counted.history.len(), 1, "asked for twice, recorded once");
    assert_eq!(counted.counting, None);

    let one = format!("{breaches}/{}", counted.breach_id);
    let told = json!({ "act": "decided", "authority": false, "people": "told", "reason": "A drill." });
    let bearer = format!("Bearer {}", world.token(SCOPE, CONTROLLER).unwrap());
    let call = Call::new("POST", world.api(&format!("{one}/entries"))).json(&told);
    let call = call.with("authorization", bearer).with("if-match", format!("\"{}\"", counted.version));
    world.client.send(&call).unwrap().expect(&[200]).unwrap();
    let done = wait_for("everybody to be told", || {
        let breach: BreachAnswer = look(&world, &one);
        let notices = breach.notices.unwrap_or_default();
        let told = notices.sent + notices.without_address + notices.not_reached;
        Ok((told == counts.people).then_some(notices))
    })
    .unwrap();
    assert_eq!((done.planned, done.claimed), (0, 0));

    let (mut people, mut from) = (BTreeSet::new(), None::<String>);
    loop {
        let query = from.map(|from| format!("?from={from}")).unwrap_or_default();
        let page: PeopleAnswer = look(&world, &format!("{one}/people{query}"));
        assert!(page.people.len() <= 100);
        people.extend(page.people.into_iter().map(|person| person.subject));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(people.len() as u64, counts.people);
}
