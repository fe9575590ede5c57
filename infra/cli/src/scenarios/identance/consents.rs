//! What rests on consent: how it is given and withdrawn, and what it alone allows.

use jiff::Timestamp;
use serde_json::json;
use wire::consent::{ConsentStateForm, ReceiptForm};

use super::NAME;
use crate::{
    client::Call,
    scenarios::{Part, yes_or},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[Part {
    clauses: &["identance.4-b", "identance.4-c"],
    promise: "the newsletter rests on consent",
    run: newsletter,
}];

fn newsletter(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reader");
    let who = subject("mail", &address);
    let path = format!("/{NAME}/v1/consents");
    let given = world.post(
        &path,
        &json!({ "subject": who, "purposes": { "newsletter": "given" }, "notice": "undated-1", "age": 30 }),
    )?;
    let given: ReceiptForm = given.expect(&[201])?.json()?;
    let choice = given.purposes.get("newsletter").map_or("nothing", String::as_str);
    ledger.check(
        "identance.4-b",
        "a subscription is a consent, recorded with its notice",
        choice == "given" && given.privacy_notice == "undated-1",
        format!("newsletter {choice}, notice {}", given.privacy_notice),
    );
    let locator = format!("newsletter/{}", world.run);
    let kept = world
        .keep(NAME, &record(world.start, &who, "newsletter", "newsletter", &locator, &json!({ "email": address })))?;

    let withdrawn = world.post(&path, &json!({ "subject": who, "purposes": { "newsletter": "withdrawn" } }))?;
    let withdrawn: ReceiptForm = withdrawn.expect(&[201])?.json()?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", given.token));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let now = state.purposes.get("newsletter").map_or("nothing", |state| state.state.as_str());
    ledger.check(
        "identance.4-c",
        "it is withdrawn at any time, with less than it took to give it",
        now == "withdrawn",
        format!("without notice or age; newsletter {now} at once"),
    );
    let at: Timestamp = withdrawn.event_time.parse().map_err(Trouble::because("event_time"))?;
    let item = world.due(&kept, at)?;
    let leaf = item.leaf().ok_or_else(|| Trouble::new("the record has no salt"))?;
    world.sweep(at)?;
    let is_gone = world.stored(&kept)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &leaf)?) } else { None };
    ledger.proved(
        "identance.4-c",
        "the address that rested on the consent goes with it",
        is_gone,
        yes_or(is_gone, "deleted by the next sweep", "STILL THERE"),
        evidence,
    );
    Ok(())
}
