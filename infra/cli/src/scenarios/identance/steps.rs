//! What Identance’s scenario does again and again.

use jiff::Timestamp;
use serde_json::{Value, json};
use wire::{consent::ReceiptForm, request::AcknowledgementForm};

use super::NAME;
use crate::{
    client::Call,
    scenarios::acts,
    trouble::{Played, Trouble},
    world::{Kept, World, record},
};

/// Where a calendar of Identance’s is counted.
pub(super) const ZONE: &str = "Europe/Paris";

/// What a form carries beside its choices when a grown-up gives a consent.
pub(super) fn adult() -> Value {
    json!({ "notice": "undated-1", "age": 30 })
}

/// Gives consents, as a grown-up.
pub(super) fn give(world: &World, who: &Value, purposes: &[&str]) -> Played<ReceiptForm> {
    let choices: Vec<_> = purposes.iter().map(|purpose| (*purpose, "given")).collect();
    acts::chosen(world, NAME, who, &choices, adult())
}

/// Withdraws consents, with no word more than that.
pub(super) fn withdraw(world: &World, who: &Value, purposes: &[&str]) -> Played<ReceiptForm> {
    let choices: Vec<_> = purposes.iter().map(|purpose| (*purpose, "withdrawn")).collect();
    acts::chosen(world, NAME, who, &choices, json!({}))
}

/// When a receipt says that its choice was made.
pub(super) fn made_at(receipt: &ReceiptForm) -> Played<Timestamp> {
    receipt.event_time.parse().map_err(Trouble::because("event_time"))
}

/// A record of this run, as a system sends it. One person has one record of a category and purpose here.
pub(super) fn event(world: &World, who: &Value, what: (&str, &str), fields: &Value, at: Timestamp) -> Value {
    let (category, purpose) = what;
    let locator = format!("{category}/{purpose}/{}/{}", who["value"].as_str().unwrap_or_default(), world.run);
    record(at, who, category, purpose, &locator, fields)
}

/// Keeps a record that was made when the run began.
pub(super) fn keep(world: &World, who: &Value, what: (&str, &str), fields: &Value) -> Played<Kept> {
    world.keep(NAME, &event(world, who, what, fields, world.start))
}

/// Whether a record is taken in, and if not, why.
pub(super) fn refusal(
    world: &World,
    who: &Value,
    what: (&str, &str),
    fields: &Value,
    at: Timestamp,
) -> Played<Option<String>> {
    Ok(acts::registered(world, NAME, &event(world, who, what, fields, at))?.err())
}

/// Asks for a file by mail, confirms it, and opens the link that comes by mail.
pub(super) fn file(world: &World, address: &str, form: &Value) -> Played<Value> {
    let request = world.ask(NAME, form)?;
    world.confirm_by_mail(address, &request)?;
    world.decided(&request)?;
    world.sent_on(&Call::new("GET", world.export_link(address, &request.request_id)?))?.json()
}

/// Asks what the policy says, which needs no proof, and opens the answer.
pub(super) fn information(world: &World, who: &Value) -> Played<(AcknowledgementForm, Value)> {
    let request = world.ask(NAME, &json!({ "type": "information", "subject": who }))?;
    let status = world.decided(&request)?;
    let path = status.export.ok_or_else(|| Trouble::new("the information has no answer to open"))?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", request.token));
    let answer = world.sent_on(&call)?.json()?;
    Ok((request, answer))
}

/// The members of this name in a list of a file, sorted.
pub(super) fn named(file: &Value, list: &str, member: &str) -> Vec<String> {
    let entries = file[list].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names: Vec<_> = entries.iter().filter_map(|entry| entry[member].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}
