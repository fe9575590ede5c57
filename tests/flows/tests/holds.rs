//! A hold on a category, on the deployed stack: placed, put on records by a walk, asked for and released by two people,
//! taken off again.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use habeas_cli::{
    client::Call,
    world::{Kept, World, record, subject, wait_for},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use wire::hold::{HoldAnswer, HoldsAnswer};

const CONTROLLER: &str = "lantern";

fn keep(world: &World, name: &str) -> Kept {
    let who = subject("account", &world.name(name));
    let at = world.after(SignedDuration::from_secs(-60));
    let event = record(at, &who, "ledger", "account", &world.name(name), &json!({ "name": "Ada" }));
    world.keep(CONTROLLER, &event).unwrap()
}

fn look<T: serde::de::DeserializeOwned>(world: &World, path: &str) -> T {
    let bearer = format!("Bearer {}", world.token("holds:read", CONTROLLER).unwrap());
    let call = Call::new("GET", world.api(path)).with("authorization", bearer);
    world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap()
}

/// Whether nothing that deletes by itself finds it.
fn is_out_of_reach(world: &World, kept: &Kept) -> bool {
    let item = world.stored(kept).unwrap().expect("the record stands");
    ["ttl", "due_at"].iter().all(|name| item.number(name).is_none()) && item.text("due_shard").is_none()
}

#[test]
fn a_category_is_held_from_the_placing_to_the_word_of_a_second_person() {
    let (world, _alone) = stack::world();
    let before: Vec<Kept> = (0..3).map(|n| keep(&world, &format!("ledger-{n}"))).collect();
    let path = format!("/{CONTROLLER}/v1/holds");
    let review = world.after(SignedDuration::from_hours(24 * 30)).to_string();
    let form = json!({ "scope": { "category": "ledger" }, "reason": "investigation", "review_at": review });
    let hold = world.post_as_staff(&path, "holds:write", CONTROLLER, &form).unwrap().expect(&[202]).unwrap();
    let hold: HoldAnswer = hold.json().unwrap();
    assert_eq!((hold.state.as_str(), hold.bound_at.as_deref()), ("binding", None));

    // Before every record has its mark, and after.
    let late = world.after(SignedDuration::from_hours(48));
    world.sweep(late).unwrap();
    assert!(before.iter().all(|kept| world.stored(kept).unwrap().is_some()), "it keeps what it covers at once");
    let one = format!("{path}/{}", hold.hold_id);
    let bound: HoldAnswer = wait_for("the hold to stand", || {
        let hold: HoldAnswer = look(&world, &one);
        Ok((hold.state == "standing").then_some(hold))
    })
    .unwrap();
    assert!(bound.bound_at.is_some());
    assert!(before.iter().all(|kept| is_out_of_reach(&world, kept)));
    let meanwhile = keep(&world, "ledger-meanwhile");
    assert!(is_out_of_reach(&world, &meanwhile));
    world.sweep(late).unwrap();
    assert!(before.iter().chain([&meanwhile]).all(|kept| world.stored(kept).unwrap().is_some()));
    let listed: HoldsAnswer = look(&world, &path);
    assert!(listed.holds.iter().any(|listed| listed.hold_id == hold.hold_id && listed.state == "standing"));

    world.release_hold(CONTROLLER, &hold.hold_id).unwrap();
    wait_for("the records to be free", || {
        Ok(before.iter().chain([&meanwhile]).all(|kept| !is_out_of_reach(&world, kept)).then_some(()))
    })
    .unwrap();
    world.sweep(late).unwrap();
    assert!(before.iter().chain([&meanwhile]).all(|kept| world.stored(kept).unwrap().is_none()), "its time was up");
    let listed: Value = look(&world, &path);
    assert!(!listed.to_string().contains(&hold.hold_id));
}
