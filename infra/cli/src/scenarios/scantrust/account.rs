//! The mailbox, and accounts.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{ACCOUNT, NAME};
use crate::{
    scenarios::{End, held::Held, yes_or},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

/// Where its policy says that questions go.
const CONTACT: &str = "contact@scantrust.com";

pub(super) fn contact(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("writer");
    // A type that its text does not name: whatever arrives counts.
    let request = world.ask(NAME, &json!({ "type": "complaint", "subject": subject("mail", &address) }))?;
    let status = world.decided(&request)?;
    let answer = world.mail_to(&address, &request.request_id)?;
    let names = answer.text.contains(CONTACT);
    ledger.check(
        "scantrust.0-a",
        "whoever writes is taken in, and told the one mailbox for questions",
        names && status.outcome.as_deref() == Some("with-office"),
        format!(
            "{}, the answer {}",
            status.outcome.as_deref().unwrap_or("undecided"),
            yes_or(names, "names it", "NAMES NO MAILBOX")
        ),
    );
    let due: Timestamp = request.due_before.parse().map_err(Trouble::because("due_before"))?;
    let reminders = || -> Played<usize> {
        let mails = world.mails_to(CONTACT, &request.request_id)?;
        Ok(mails.iter().filter(|mail| mail.subject.contains("overdue")).count())
    };
    world.watch(due.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(due))?;
    let before = reminders()?;
    world.watch(due)?;
    let late = reminders()?;
    ledger.check(
        "scantrust.0-a",
        "its clock runs: the mailbox is told when the answer is late",
        (before, late) == (0, 1),
        format!("overdue mails to it: {before} a second before {due}, {late} then"),
    );
    Ok(())
}

pub(super) fn lists(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("member"));
    let others = ["platform.improvement", "support.respond", "account.app-login"];
    let promise = "an account is kept to log in, and for nothing else";
    ACCOUNT.only_for(world, ledger, ("scantrust.1.1-a", promise), &who, &others)?;
    let creating = Held { purpose: "account.create", ..ACCOUNT };
    let promise = "an account is kept to create it, and for nothing else";
    creating.only_for(world, ledger, ("scantrust.1.1-a", promise), &who, &["staging.access-grant"])?;
    let promise = "four things are asked for an account, and no fifth is kept";
    ACCOUNT.closed(world, ledger, ("scantrust.1.1-b", promise), &who, "phone")?;

    // The platform's record of the login and the app's, of one person.
    let both = subject("account", &world.name("everywhere"));
    let locators = ["platform", "app"].map(|surface| format!("{surface}/{}", world.run));
    let mut kept = Vec::new();
    for locator in &locators {
        let fields = json!({ "email": world.address("everywhere"), "role": "user" });
        let login = record(world.start, &both, "account-credentials", "account.login", locator, &fields);
        kept.push(world.keep(NAME, &login)?);
    }
    let ended = world.after(SignedDuration::from_mins(1));
    world.register(NAME, &[trigger(ended, &both, "customer-relationship.ended")])?;
    let stored = |at: usize| -> Played<bool> {
        match kept.get(at) {
            Some(kept) => Ok(world.stored(kept)?.is_some()),
            None => Ok(false),
        }
    };
    let (platform_before, app_before) = (stored(0)?, stored(1)?);
    world.sweep(ended)?;
    let (platform, app) = (stored(0)?, stored(1)?);
    ledger.check(
        "scantrust.1.1-f",
        "the app’s record of a login is the account’s, and goes with it",
        platform_before && app_before && !platform && !app,
        format!(
            "before: platform {}, app {}; after the relationship: {}, {}",
            yes_or(platform_before, "kept", "GONE"),
            yes_or(app_before, "kept", "GONE"),
            yes_or(platform, "STILL THERE", "deleted"),
            yes_or(app, "STILL THERE", "deleted")
        ),
    );
    Ok(())
}

pub(super) fn ending(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("admin"));
    let fields = json!({ "email": world.address("admin"), "organisation_name": "Example", "role": "administrator" });
    let account: Value =
        record(world.start, &who, "account-credentials", "account.login", &format!("account/{}", world.run), &fields);
    let kept = world.keep(NAME, &account)?;
    let year = world.after(SignedDuration::from_hours(366 * 24));
    world.sweep(year)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "scantrust.1.1-e",
        "an account is kept while its customer stays one",
        is_there && kept.until.is_none(),
        format!("{} at {year}", yes_or(is_there, "kept", "GONE")),
    );
    let ended = world.after(SignedDuration::from_hours(400 * 24));
    let results = world.register(NAME, &[trigger(ended, &who, "customer-relationship.ended")])?;
    if results.first().and_then(|result| result.clocks_moved) != Some(1) {
        return Err(Trouble::new("the end of the relationship moved no clock"));
    }
    let promise = "the account goes with the relationship";
    End { controller: NAME, clause: "scantrust.1.1-e", promise, kept: &kept, at: ended }.play(world, ledger)
}
