//! What rests on a contract: accounts, staging, support.

use std::collections::BTreeSet;

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::{ACCOUNT, ADDRESS, NAME, STAGING, TICKET, USAGE, cannot_object};
use crate::{
    scenarios::{
        End,
        acts::{Expected, judge, may_use},
        held::{Held, copy},
        later, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

pub(super) fn portability(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("mover");
    let who = subject("mail", &address);
    let mut stored = Vec::new();
    for held in [ACCOUNT, STAGING, TICKET, ADDRESS, USAGE] {
        stored.push(world.keep(NAME, &held.of(world, &who))?);
    }
    let (_, copy) = copy(world, NAME, &address, "portability")?;
    for kept in &stored {
        // What is not there cannot be left out.
        world.stored(kept)?.ok_or_else(|| Trouble::new("a record is gone before its copy was made"))?;
    }
    let categories: BTreeSet<&str> = copy.records.iter().map(|record| record.category.as_str()).collect();
    let list = categories.iter().copied().collect::<Vec<_>>().join(", ");
    for (clause, promise, held, is_portable) in [
        ("scantrust.1.1-c", "an account rests on the contract: it can be taken along", ACCOUNT, true),
        ("scantrust.1.4-c", "so do a tester’s data", STAGING, true),
        ("scantrust.1.5-d", "and a ticket", TICKET, true),
        ("scantrust.1.2-d", "an address in the logs is kept for security: it cannot be taken along", ADDRESS, false),
        ("scantrust.1.3-e", "nor can usage data", USAGE, false),
    ] {
        let is_in = categories.contains(held.category);
        ledger.check(clause, promise, is_in == is_portable, format!("the copy holds {list}"));
    }
    let of = |held: Held<'_>| copy.records.iter().find(|record| record.category == held.category);
    let password = of(ACCOUNT).is_some_and(|account| account.withheld.iter().any(|field| field == "password"));
    let text = serde_json::to_string(&copy).map_err(Trouble::because("the copy"))?;
    let leaks = text.contains("a password");
    ledger.check(
        "scantrust.1.1-b",
        "a copy says that a password is kept, and not which",
        password && !leaks,
        format!(
            "password {}, its value {}",
            yes_or(password, "named", "NOT NAMED"),
            yes_or(leaks, "IN THE COPY", "left out")
        ),
    );
    let free = |field: &str| of(TICKET).is_some_and(|ticket| ticket.fields.contains_key(field));
    let (message, files) = (free("message"), free("attachments"));
    ledger.check(
        "scantrust.1.5-c",
        "what somebody wrote and attached is in their copy",
        message && files,
        format!("message {}, attachments {}", yes_or(message, "in", "MISSING"), yes_or(files, "in", "MISSING")),
    );
    Ok(())
}

pub(super) fn no_objection(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("bound"));
    let promises = [
        ("scantrust.1.1-c", "no objection ends an account’s own use", "account.login"),
        ("scantrust.1.4-c", "nor a tester’s access", "staging.access-grant"),
        ("scantrust.1.5-d", "nor the answer to a ticket", "support.respond"),
    ];
    for (clause, promise, purpose) in promises {
        cannot_object(world, ledger, (clause, promise), &who, purpose)?;
    }
    // An objection to everything reaches none of them, and no consent is asked for.
    world.ask(NAME, &json!({ "type": "objection", "subject": who }))?;
    for (clause, allowed_by, purpose) in [
        ("scantrust.1.1-c", "scantrust.1.1-a", "account.login"),
        ("scantrust.1.4-c", "scantrust.1.4-a", "staging.access-grant"),
        ("scantrust.1.5-d", "scantrust.1.5-a", "support.respond"),
    ] {
        let verdict = may_use(world, NAME, &who, purpose, json!({}))?;
        let promise = format!("after an objection to all, {purpose} goes on without any consent");
        judge(ledger, clause, &promise, &verdict, Expected::Allowed(allowed_by));
    }
    let verdict = may_use(world, NAME, &who, "security.abuse-detection", json!({}))?;
    let promise = "and what rests on no contract does not";
    judge(ledger, "scantrust.1.1-c", promise, &verdict, Expected::Denied("objection"));
    Ok(())
}

pub(super) fn lists(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("tester"));
    let others = ["account.login", "support.respond", "platform.improvement"];
    let promise = "a tester’s data is kept for the access, and for nothing else";
    STAGING.only_for(world, ledger, ("scantrust.1.4-a", promise), &who, &others)?;
    let promise = "six things are kept of a tester, and no seventh";
    STAGING.closed(world, ledger, ("scantrust.1.4-b", promise), &who, "date_of_birth")?;
    let promise = "a ticket is kept to answer it, and for nothing else";
    TICKET.only_for(world, ledger, ("scantrust.1.5-a", promise), &who, &["platform.improvement", "account.login"])?;
    let promise = "what the form asks for is kept of a ticket, and nothing beside it";
    TICKET.closed(world, ledger, ("scantrust.1.5-b", promise), &who, "salary")
}

pub(super) fn staging(world: &World, ledger: &mut Ledger) -> Played {
    let prospect = subject("mail", &world.address("prospect"));
    let customer = subject("mail", &world.address("customer"));
    let never = world.keep(NAME, &STAGING.of(world, &prospect))?;
    let once = world.keep(NAME, &STAGING.of(world, &customer))?;
    let ended = world.after(SignedDuration::from_mins(20));
    world.register(NAME, &[trigger(ended, &customer, "customer-relationship.ended")])?;
    let promise = "a tester’s data goes with the customer relationship";
    End { controller: NAME, clause: "scantrust.1.4-d", promise, kept: &once, at: ended }.play(world, ledger)?;
    let promise = "of a tester who never signs it goes after a year";
    let year = later(world.start, 1.year(), "UTC")?;
    End { controller: NAME, clause: "scantrust.1.4-d", promise, kept: &never, at: year }.play(world, ledger)
}

pub(super) fn tickets(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("asker"));
    let kept = world.keep(NAME, &TICKET.of(world, &who))?;
    let bucket = world.stack.output("RecordsBucket")?;
    let key = format!("{NAME}/attachments/{}", world.run);
    // A later version hides an earlier one and does not remove it.
    for content in ["a first screenshot", "a second screenshot"] {
        world.cloud.put_object(bucket, &key, content)?;
    }
    let mut file: Value = record(world.start, &who, "support-ticket", "support.respond", &key, &json!({}));
    file["system"] = json!("s3");
    let file = world.keep(NAME, &file)?;
    let before = world.cloud.version_count(bucket, &key)?;
    let ended = world.after(SignedDuration::from_mins(40));
    world.register(NAME, &[trigger(ended, &who, "customer-relationship.ended")])?;
    let promise = "a ticket is kept until the relationship ends, and goes then";
    End { controller: NAME, clause: "scantrust.1.5-e", promise, kept: &kept, at: ended }.play(world, ledger)?;
    let (record_left, after) = (world.stored(&file)?.is_some(), world.cloud.version_count(bucket, &key)?);
    ledger.check(
        "scantrust.1.5-c",
        "an attachment goes with every version of its file",
        (before, after) == (2, 0) && !record_left,
        format!("versions: {before} before, {after} after; its record {}", yes_or(record_left, "LEFT", "gone")),
    );
    Ok(())
}
