//! What a person of the office does, and what everybody is told.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{ACCOUNT, CONTACT, NAME};
use crate::{
    scenarios::{held::information, yes_or},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject},
};

pub(super) fn rectification(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("misspelt");
    let who = subject("mail", &address);
    let kept = world.keep(NAME, &ACCOUNT.of(world, &who))?;
    let request = world.ask(NAME, &json!({ "type": "rectification", "subject": who }))?;
    let before = world.status(&request)?;
    world.confirm_by_mail(&address, &request)?;
    let after = world.decided(&request)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "rfa.8-b",
        "a correction goes to the office once it is clear who asks",
        before.outcome.is_none() && after.outcome.as_deref() == Some("with-office") && is_there,
        format!(
            "before the confirmation: {}; after: {}, {}",
            before.outcome.as_deref().unwrap_or("undecided"),
            after.status,
            after.outcome.as_deref().unwrap_or("undecided")
        ),
    );
    let due: Timestamp = request.due_before.parse().map_err(Trouble::because("due_before"))?;
    world.watch(due)?;
    let late = world.mails_to(CONTACT, &request.request_id)?;
    let late = late.iter().filter(|mail| mail.subject.contains("overdue")).count();
    ledger.check(
        "rfa.8-b",
        "and is not forgotten there",
        late == 1 && after.status == "in-progress",
        format!("{late} mail to the office at {due}"),
    );
    Ok(())
}

pub(super) fn announced(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("newcomer");
    let (request, facts) = information(world, NAME, &address)?;
    let right = facts.facts.rights.iter().find(|right| right.request == "objection");
    ledger.check(
        "rfa.0-b",
        "whoever asks reads of the objection first, with no proof of who they are",
        request.verification == "none"
            && right.is_some_and(|right| right.offered && right.clause.as_deref() == Some("rfa.8-c")),
        right.map_or_else(|| "NOT TOLD OF IT".to_owned(), |right| format!("offered: {}", right.offered)),
    );
    let objection = world.ask(NAME, &json!({ "type": "objection", "subject": subject("mail", &address) }))?;
    ledger.check(
        "rfa.0-b",
        "and makes it as easily",
        objection.verification == "none" && objection.refused.is_none(),
        format!("verification: {}", objection.verification),
    );
    Ok(())
}

pub(super) fn complaint(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("displeased");
    let request = world.ask(NAME, &json!({ "type": "complaint", "subject": subject("mail", &address) }))?;
    let status = world.decided(&request)?;
    ledger.check(
        "rfa.9-b",
        "a complaint is dealt with, though its own notice is not at hand",
        request.refused.is_none()
            && request.verification == "none"
            && status.outcome.as_deref() == Some("with-office")
            && status.status == "in-progress",
        format!("{}, {}", status.status, status.outcome.as_deref().unwrap_or("undecided")),
    );
    let answer = world.mail_to(&address, &request.request_id)?;
    let names = answer.text.contains(&format!("data protection officer: {CONTACT}"));
    ledger.check(
        "rfa.9-a",
        "the answer names the data protection officer",
        names,
        yes_or(names, "their mailbox stands in it", "NOT NAMED"),
    );
    let due: Timestamp = request.due_before.parse().map_err(Trouble::because("due_before"))?;
    let thirty_days = world.after(SignedDuration::from_hours(36 * 24));
    world.watch(due)?;
    let late = world.mails_to(CONTACT, &request.request_id)?;
    let late = late.iter().filter(|mail| mail.subject.contains("overdue")).count();
    ledger.check(
        "rfa.9-a",
        "whose mailbox hears of it when a month is over",
        late == 1 && due < thirty_days,
        format!("{late} mail at {due}"),
    );
    Ok(())
}
