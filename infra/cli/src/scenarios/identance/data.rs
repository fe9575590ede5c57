//! Which data are kept, how long, and what becomes of them on request.

use serde_json::json;

use super::NAME;
use crate::{
    scenarios::{Part, yes_or},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[Part {
    clauses: &["identance.6-e", "identance.1-d", "identance.16-d"],
    promise: "an application is erased on request",
    run: application,
}];

fn application(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("candidate");
    let who = subject("mail", &address);
    let locator = |what: &str| format!("{what}/{}", world.run);
    let cv = record(world.start, &who, "cv", "recruitment.assess", &locator("cv"), &json!({ "name": "Ada Example" }));
    let cv = world.keep(NAME, &cv)?;
    let billing =
        record(world.start, &who, "billing", "billing", &locator("invoice"), &json!({ "invoice_number": "1" }));
    let billing = world.keep(NAME, &billing)?;
    let leaf = world.stored(&cv)?.and_then(|item| item.leaf()).ok_or_else(|| Trouble::new("the record has no salt"))?;

    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    let waiting = world.status(&request)?.status;
    let untouched = world.stored(&cv)?.is_some();
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    ledger.check(
        "identance.6-e",
        "nothing is erased before the mailbox is verified",
        waiting == "awaiting-verification" && untouched && status.verified_by.as_deref() == Some("mail"),
        format!("first {waiting}, then verified by {}", status.verified_by.as_deref().unwrap_or("nothing")),
    );
    let item = |category: &str| status.items.iter().find(|item| item.category == category);
    let erased = item("cv").is_some_and(|item| item.result == "erased");
    let is_gone = world.stored(&cv)?.is_none();
    let proved = world.evidence(NAME, &leaf)?;
    let told = item("cv").and_then(|item| item.evidence.clone());
    ledger.proved(
        "identance.6-e",
        "a CV is erased on request",
        erased && is_gone && told.as_deref() == Some(proved.as_str()),
        format!("told: {}; {}", yes_or(erased, "erased", "NOT ERASED"), yes_or(is_gone, "gone", "STILL THERE")),
        told,
    );
    let kept = item("billing");
    let reason = kept.and_then(|item| item.reason.as_deref()).unwrap_or("no reason");
    let is_there = world.stored(&billing)?.is_some();
    let clause = kept.and_then(|item| item.clause.as_deref());
    ledger.check(
        "identance.1-d",
        "what the law makes Identance keep stays, and the person is told why",
        is_there && clause == Some("identance.1-d"),
        format!("billing kept: {reason}"),
    );
    let mail = world.mail_to(&address, "billing: kept")?;
    ledger.check(
        "identance.16-d",
        "the answer comes by mail, item by item",
        mail.text.contains("cv: erased") && mail.text.contains(&request.request_id),
        "one mail names both items and where to complain".to_owned(),
    );
    Ok(())
}
