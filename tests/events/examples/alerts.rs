//! Writes what breach-notify answers about public alerts, for the tests in a browser: once with an alert whose words are
//! hostile, once with none. `cargo run --example alerts -- FOLDER`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::Path};

use app::{alerts::Alert, breach::BreachStore};
use domain::{
    breach::Texts,
    ids::{BreachId, Category, ControllerId},
    language::Language,
};
use edge::{
    answer,
    clock::{Stage, TimeGuard},
};
use policy::PolicyBook;
use serde_json::{Value, json};
use testkit::Memory;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const CASES: [(&str, &str); 4] =
    [("alerts", "alerts.json"), ("alerts-feed", "feed"), ("alerts-page", "page"), ("alerts-banner", "banner.js")];

fn alert() -> Alert {
    let at = |text: &str| text.parse().unwrap();
    let texts = |description: &str| Texts {
        description: description.into(),
        consequences: "Somebody may <i>write</i> to you.".into(),
        measures: "We closed the door.".into(),
        advice: "Change your password.".into(),
        ..Texts::default()
    };
    let hostile =
        "</script><script>globalThis.hostile=1</script><img src=x onerror=\"globalThis.hostile=1\"> ${1} \u{2028}";
    Alert {
        breach: BreachId::parse("BBBBBBBBBBBBBBBBBBBBBA").unwrap(),
        version: 0,
        published_at: at("2025-12-01T12:00:00Z"),
        updated_at: at("2025-12-01T12:00:00Z"),
        closed_at: None,
        exposed_from: at("2025-11-28T12:00:00Z"),
        exposed_to: at("2025-11-29T12:00:00Z"),
        attempt_only: false,
        categories: [Category::parse("account").unwrap()].into(),
        texts: BTreeMap::from([
            (Language::English, texts(hostile)),
            (Language::German, texts("Eine Liste lag offen.")),
        ]),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let files = policy::policy_files(&Path::new(ROOT).join("infra/policies")).unwrap();
    for (name, alerts) in [("one", vec![alert()]), ("none", Vec::new())] {
        let policies = PolicyBook::new(
            files.iter().map(|file| policy::parse("policy", &fs::read_to_string(file).unwrap(), None).unwrap().policy),
        );
        let desk = breach_notify::Desk { ports: Memory::new(), policies };
        for alert in &alerts {
            desk.ports.publish_alert(&ControllerId::parse("zentry").unwrap(), alert).await.unwrap();
        }
        let mut answers = json!({});
        for (case, route) in CASES {
            let file = Path::new(ROOT).join(format!("events/breach-notify/{case}.json"));
            let case: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            let guard = TimeGuard { stage: Stage::Local };
            let reply = answer(&case["payload"].to_string(), guard, |event| breach_notify::handle(&desk, event)).await;
            answers[route] = serde_json::to_value(reply.unwrap()).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.json")), answers.to_string()).unwrap();
    }
}
