//! What happened is in the chains of evidence, and each day they are signed: on the deployed stack.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use domain::evidence::merkle;
use habeas_cli::{
    cloud::Item,
    world::{World, record, subject, trigger, wait_for},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::evidence::{Checkpoint, Header, LinkKind, chain_prefix, checkpoint_prefix, root_of};

const CONTROLLER: &str = "stationdb";

/// The links of a controller's chains, in order.
fn links(world: &World) -> Vec<String> {
    let controller = domain::ids::ControllerId::parse(CONTROLLER).unwrap();
    let bucket = world.stack.output("EvidenceBucket").unwrap();
    let mut links = Vec::new();
    for chain in 0..domain::evidence::CHAINS {
        // Names run backwards.
        let keys = world.cloud.object_keys(bucket, &chain_prefix(&controller, chain)).unwrap();
        links.extend(keys.iter().rev().map(|key| world.cloud.object(bucket, key).unwrap().expect("a link stands")));
    }
    links
}

/// The leaf with this commitment, and the header above it.
fn leaf(world: &World, commitment: &str) -> Option<(Header, Value)> {
    links(world).iter().find_map(|link| {
        let (header, leaves) = link.split_once('\n')?;
        let leaf = leaves.lines().find(|leaf| leaf.contains(commitment))?;
        Some((serde_json::from_str(header).unwrap(), serde_json::from_str(leaf).unwrap()))
    })
}

/// Waits for the leaf of an item, and answers what it says happened.
fn told(world: &World, item: &Item) -> (Header, Value) {
    let commitment = item.event_commitment().expect("the item has a salt");
    wait_for("the leaf of an item", || Ok(leaf(world, &commitment))).unwrap()
}

fn items(world: &World, who: &Value) -> Vec<Item> {
    let locator = format!("beside/{}", world.run);
    let kept = record(world.start, who, "db-credentials", "db.connect", &locator, &json!({}));
    let kept = world.keep(CONTROLLER, &kept).unwrap();
    world.cloud.items(&kept.partition).unwrap()
}

/// Runs the evidence's tick a day after the last checkpoint, and answers what it says of the controller.
fn sealed(world: &World, not_before: Timestamp) -> Value {
    let said = world.seal(not_before).unwrap();
    let of = &said["controllers"][CONTROLLER];
    if of["is"] == "not-due" {
        // An earlier test went further in time.
        let last: Timestamp = of["last_at"].as_str().unwrap().parse().unwrap();
        return world.seal(last + SignedDuration::from_hours(24)).unwrap()["controllers"][CONTROLLER].clone();
    }
    of.clone()
}

#[test]
fn what_happened_has_a_leaf_that_says_nothing_of_whom() {
    let (world, _alone) = stack::world();
    let address = world.address("evidence");
    let who = subject("mail", &address);
    let asked = json!({ "type": "access", "subject": who, "residence": "FR" });
    world.ask(CONTROLLER, &asked).unwrap();
    let items = items(&world, &who);
    let of = |prefix: &str| {
        let found = items.iter().find(|item| item.sort_key().starts_with(prefix));
        found.unwrap_or_else(|| panic!("no {prefix}: {items:?}"))
    };
    let (header, request) = told(&world, of("REQUEST#"));
    assert_eq!((header.kind, request["event"].as_str()), (LinkKind::Events, Some("request")));
    let (_, registered) = told(&world, of("RECORD#"));
    assert_eq!(registered["event"], "record");
    assert_eq!(registered["category"], "db-credentials");
    let reference = of("RECORD#").text("pk").unwrap().rsplit('#').next().unwrap().to_owned();
    for link in links(&world) {
        assert!(!link.contains(&address) && !link.contains(&reference), "{link}");
    }
}

#[test]
fn a_clock_that_moves_has_a_leaf_of_its_new_end() {
    let (world, _alone) = stack::world();
    let who = subject("mail", &world.address("moves"));
    let before = items(&world, &who);
    let before = before.iter().find(|item| item.sort_key().starts_with("RECORD#")).unwrap();
    let closed = world.after(SignedDuration::from_hours(1));
    world.register(CONTROLLER, &[trigger(closed, &who, "connection.removed")]).unwrap();
    let after = wait_for("the clock to move", || {
        let items = world.cloud.items(before.text("pk").unwrap())?;
        let record = items.into_iter().find(|item| item.sort_key() == before.sort_key());
        Ok(record.filter(|record| record.ends_at() != before.ends_at()))
    })
    .unwrap();
    let (_, moved) = told(&world, &after);
    assert_eq!(moved["event"], "moved");
    assert_eq!(moved["due_at"].as_str().map(|at| at.parse::<Timestamp>().unwrap()), after.ends_at());
}

#[test]
fn each_days_checkpoint_follows_the_last_and_covers_every_link() {
    let (world, _alone) = stack::world();
    let first = sealed(&world, world.start);
    assert_eq!(first["is"], "sealed", "{first}");
    let again = sealed(&world, world.start);
    assert_eq!((&again["is"], again["number"].as_u64()), (&json!("sealed"), first["number"].as_u64().map(|n| n + 1)));

    let controller = domain::ids::ControllerId::parse(CONTROLLER).unwrap();
    let bucket = world.stack.output("EvidenceBucket").unwrap();
    let keys = world.cloud.object_keys(bucket, &checkpoint_prefix(&controller)).unwrap();
    let lines: Vec<String> = keys
        .iter()
        .take(2)
        .map(|key| world.cloud.object(bucket, key).unwrap().unwrap().lines().next().unwrap().to_owned())
        .collect();
    let [newest, before] = [&lines[0], &lines[1]].map(|line| serde_json::from_str::<Checkpoint>(line).unwrap());
    assert_eq!(newest.number, before.number + 1);
    assert_eq!(newest.previous, merkle::hex(&merkle::sha256(lines[1].as_bytes())));
    let mut hashes = std::collections::BTreeMap::new();
    for link in links(&world) {
        let mut lines = link.lines();
        let line = lines.next().unwrap();
        let header: Header = serde_json::from_str(line).unwrap();
        assert_eq!(header.root, merkle::hex(&root_of(lines.map(str::as_bytes))));
        hashes.insert((header.chain, header.number), merkle::hex(&merkle::sha256(line.as_bytes())));
    }
    assert!(!newest.heads.is_empty());
    for head in &newest.heads {
        assert_eq!(hashes.get(&(head.chain, head.number)), Some(&head.hash), "{head:?}");
    }
}
