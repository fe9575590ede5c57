//! Findings of detectors on the deployed stack: from the bus to a person's decision.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use habeas_cli::{
    client::{Answer, Call},
    cloud::QueueLength,
    world::{World, wait_for},
};
use jiff::ToSpan;
use serde_json::{Value, json};
use wire::{
    breach::BreachAnswer,
    signal::{SignalAnswer, SignalsAnswer},
};

const CONTROLLER: &str = "identance";
const OTHER: &str = "scantrust";
const SCOPE: &str = "breach:write";

fn look(world: &World, controller: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {}", world.token(SCOPE, controller).unwrap());
    let call = Call::new("GET", world.api(&format!("/{controller}/v1/{path}"))).with("authorization", bearer);
    world.client.send(&call).unwrap()
}

/// The signals of a controller, over all pages.
fn signals(world: &World, controller: &str) -> Vec<SignalAnswer> {
    let (mut signals, mut query) = (Vec::new(), String::new());
    loop {
        let page: SignalsAnswer =
            look(world, controller, &format!("signals{query}")).expect(&[200]).unwrap().json().unwrap();
        signals.extend(page.signals);
        match page.cursor {
            Some(cursor) => query = format!("?cursor={cursor}"),
            None => return signals,
        }
    }
}

fn arrived(world: &World, controller: &str, is_it: impl Fn(&SignalAnswer) -> bool) -> SignalAnswer {
    wait_for("the signal", || Ok(signals(world, controller).into_iter().find(&is_it))).unwrap()
}

fn post(world: &World, path: &str, body: &Value) -> Answer {
    world.post_as_staff(&format!("/{CONTROLLER}/v1/{path}"), SCOPE, CONTROLLER, body).unwrap()
}

fn declaration(world: &World, signal: &str) -> Value {
    json!({
        "title": "A lost laptop",
        "times": { "detected": (world.start - 2.hours()).to_string() },
        "facts": {
            "exposed_from": (world.start - 9.hours()).to_string(), "exposed_to": world.start.to_string(),
            "scope": { "categories": ["geolocation"] },
            "texts": { "en": { "description": "A laptop was lost.", "advice": "Nothing." } },
        },
        "signals": [signal],
    })
}

#[test]
fn what_a_detector_puts_on_the_bus_is_listed_and_declared_by_a_person() {
    let (world, _alone) = stack::world();
    let title = format!("A laptop was lost: {}.", world.name("laptop"));
    let detail = json!({
        "v": 1, "controller": CONTROLLER, "id": world.name("edr"), "kind": "lost-device", "severity": "high",
        "occurred_at": (world.start - 9.hours()).to_string(), "detected_at": (world.start - 2.hours()).to_string(),
        "title": title,
    });
    for _ in 0..2 {
        world.cloud.put_event("habeas.detector", "Signal", &detail).unwrap();
    }
    let signal = arrived(&world, CONTROLLER, |signal| signal.title == title);
    assert_eq!((signal.state.as_str(), signal.severity.as_str()), ("open", "high"));
    assert_eq!(signal.proposes.times.keys().collect::<Vec<_>>(), ["detected"]);
    assert!(signals(&world, OTHER).iter().all(|other| other.title != title), "it names its controller");

    let unknown = declaration(&world, "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(post(&world, "breaches", &unknown).status, 422);
    let declared = post(&world, "breaches", &declaration(&world, &signal.signal_id)).expect(&[201]).unwrap();
    let breach: BreachAnswer = declared.json().unwrap();
    assert_eq!(breach.signals, std::slice::from_ref(&signal.signal_id));
    assert!(!breach.times.contains_key("aware"), "nobody has said so");
    let linked: SignalAnswer =
        look(&world, CONTROLLER, &format!("signals/{}", signal.signal_id)).expect(&[200]).unwrap().json().unwrap();
    assert_eq!((linked.state.as_str(), linked.breach_id), ("linked", Some(breach.breach_id)));
    let titled = signals(&world, CONTROLLER).into_iter().filter(|signal| signal.title == title);
    assert_eq!(titled.count(), 1, "the same finding twice is one signal");
    assert_eq!(post(&world, "breaches", &declaration(&world, &signal.signal_id)).status, 422, "it has a breach");
}

#[test]
fn a_finding_of_the_cloud_that_nobody_claims_waits_for_everybody_until_it_is_dismissed() {
    let (world, _alone) = stack::world();
    // The bus takes no event in the name of a service, so it goes into the queue as the rule would put it there.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/breach-notify/detector-guardduty.json");
    let case: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut event: Value =
        serde_json::from_str(case["payload"]["Records"][0]["body"].as_str().expect("a body")).unwrap();
    let kind = format!("Exfiltration:S3/{}", world.name("AnomalousBehavior"));
    event["detail"]["id"] = json!(world.name("finding"));
    event["detail"]["type"] = json!(kind);
    event["time"] = json!(world.start.to_string());
    let queue = world.stack.output("BreachQueueUrl").unwrap();
    world.cloud.send_messages(queue, &[event.to_string(), event.to_string()]).unwrap();
    for controller in [CONTROLLER, OTHER] {
        let signal = arrived(&world, controller, |signal| signal.kind == kind);
        assert_eq!((signal.source.as_str(), signal.severity.as_str()), ("guardduty", "high"));
        assert!(!format!("{signal:?}").contains("ada"), "nothing personal is kept");
    }
    wait_for(
        "the queue to be empty",
        || Ok((world.cloud.queue_length(queue)? == QueueLength::default()).then_some(())),
    )
    .unwrap();
    let signal = arrived(&world, CONTROLLER, |signal| signal.kind == kind);
    let path = format!("signals/{}/dismissal", signal.signal_id);
    let said = post(&world, &path, &json!({ "reason": "A test of ours." })).expect(&[200]).unwrap();
    assert_eq!(said.json::<SignalAnswer>().unwrap().state, "dismissed");
    assert_eq!(post(&world, &path, &json!({ "reason": "Another reason." })).status, 409);
    assert_eq!(arrived(&world, OTHER, |signal| signal.kind == kind).state, "open", "it is theirs to decide");
    // Sent again while it lasts, it stays dismissed.
    event["detail"]["updatedAt"] = json!(world.start.to_string());
    world.cloud.send_messages(queue, &[event.to_string()]).unwrap();
    let seen = wait_for("it to be seen again", || {
        let last = world.start.to_string();
        Ok(signals(&world, CONTROLLER).into_iter().find(|signal| signal.kind == kind && signal.last_seen_at == last))
    });
    assert_eq!(seen.unwrap().state, "dismissed");
}
