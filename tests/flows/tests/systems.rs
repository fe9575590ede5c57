//! A controller's own systems on the deployed stack: the worked receiver takes tasks and tells outcomes, one
//! system is dead, and two people of the office agree on an erasure.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use habeas_cli::{
    client::Call,
    world::{World, link_in, subject, wait_for},
};
use serde_json::{Value, json};

const CONTROLLER: &str = "lantern";

/// Where `policies/lantern.toml` says that its system listens.
const ADDRESS: &str = "127.0.0.1:18711";

/// The worked receiver in Python, until it is dropped.
struct Receiver(Child);

impl Receiver {
    fn start(world: &World, people: &Value) -> Self {
        let path = format!("/{CONTROLLER}/v1/staff/systems/crm/secret");
        let bearer = format!("Bearer {}", world.token("systems:write", CONTROLLER).unwrap());
        let call = Call::new("GET", world.api(&path)).with("authorization", bearer);
        let secret: Value = world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap();
        let store = std::env::temp_dir().join(format!("habeas-{}.json", world.run));
        std::fs::write(&store, people.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/receivers/python/receiver.py");
        let child = Command::new("python3")
            .args([script, PathBuf::from(ADDRESS), store])
            .env("HABEAS_SECRET", secret["secret"].as_str().unwrap())
            .stdout(Stdio::null())
            .spawn()
            .expect("python3, which the local AWS needs too");
        wait_for("the receiver to listen", || Ok(std::net::TcpStream::connect(ADDRESS).ok())).unwrap();
        Self(child)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How each system of the controller does.
fn systems(world: &World) -> Vec<Value> {
    let path = format!("/{CONTROLLER}/v1/staff/systems");
    let bearer = format!("Bearer {}", world.token("systems:read", CONTROLLER).unwrap());
    let call = Call::new("GET", world.api(&path)).with("authorization", bearer);
    let answer: Value = world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap();
    answer["systems"].as_array().unwrap().clone()
}

#[test]
fn what_a_system_hands_over_stands_in_the_copy_and_a_dead_one_delays_itself_alone() {
    let (world, _alone) = stack::world();
    let address = world.address("lamplighter");
    let person = format!("mail:{address}");
    let people = json!({ person: [{ "category": "account", "name": "Ada Lovelace", "city": "London" }] });
    let _receiver = Receiver::start(&world, &people);

    let access = world.ask(CONTROLLER, &json!({ "type": "access", "subject": subject("mail", &address) })).unwrap();
    world.confirm_by_mail(&address, &access).unwrap();
    let status = world.decided(&access).unwrap();
    assert_eq!(status.outcome.as_deref(), Some("exported"));
    let mail = world.mail_to(&address, "/export?token=").unwrap();
    let export = world.client.send(&Call::new("GET", link_in(&mail.text).unwrap())).unwrap().expect(&[303]).unwrap();
    let file = Call::new("GET", export.header("location").unwrap());
    let file: Value = world.client.send(&file).unwrap().expect(&[200]).unwrap().json().unwrap();
    assert!(file["systems"]["crm"].to_string().contains("Ada Lovelace"), "{file}");

    let form = json!({ "type": "erasure", "subject": subject("mail", &address) });
    let erasure = world.ask(CONTROLLER, &form).unwrap();
    world.press_mailed_button(&address, &format!("{}/verification?token=", erasure.request_id)).unwrap();
    let id = erasure.request_id.as_str();
    let (first, second) = (world.as_clerk(CONTROLLER, "clerk-1"), world.as_clerk(CONTROLLER, "clerk-2"));
    first.at_stage(id, "with-office").unwrap();
    let approve = json!({ "action": "decide", "ruling": "approve" });
    first.does(id, &approve).unwrap();
    first.at_stage(id, "awaiting-approval").unwrap();
    let same = first.tries(id, &json!({ "action": "approve" })).unwrap();
    assert_eq!(same.status, 409, "two pairs of eyes: {}", same.text());
    second.does(id, &json!({ "action": "approve" })).unwrap();

    first.at_stage(id, "awaiting-systems").unwrap();
    let failing = wait_for("the dead system to show", || {
        let attic = systems(&world).into_iter().find(|system| system["system"] == "attic");
        Ok(attic.filter(|attic| attic["failures_in_a_row"].as_u64() > Some(0)))
    });
    assert!(failing.unwrap()["last_failure"].is_string());
    wait_for("the other system to have erased", || {
        let seen = first.look_at(id)?.expect(&[200])?;
        Ok(seen.text().contains("\"done\"").then_some(()))
    })
    .unwrap();
    let crm = systems(&world).into_iter().find(|system| system["system"] == "crm").unwrap();
    assert_eq!(crm["failures_in_a_row"], 0, "{crm}");

    let given_up = json!({ "action": "give-up-task", "system": "attic", "text": "It was switched off in March." });
    first.does(id, &given_up).unwrap();
    first.at_stage(id, "answered").unwrap();
    assert_eq!(world.decided(&erasure).unwrap().outcome.as_deref(), Some("erased"));
}
