//! Logs for security, and what objections do to them.

use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use super::{ADDRESS, LOG, NAME, SCAN, USAGE};
use crate::{
    scenarios::{
        End,
        acts::{Expected, judge, may_use},
        breaches, later, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger, wait_for},
};

pub(super) fn lists(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("device", &world.name("scanner"));
    let promise = "an address in the logs serves security, and no analysis";
    ADDRESS.only_for(world, ledger, ("scantrust.1.2-a", promise), &who, &["platform.improvement"])?;
    let promise = "that copy is the address alone";
    ADDRESS.closed(world, ledger, ("scantrust.1.2-a", promise), &who, "country")?;
    let promise = "a server log holds what a log of requests needs";
    LOG.closed(world, ledger, ("scantrust.1.2-c", promise), &who, "cookie_id")?;
    let promise = "five things are kept of a scan, and no sixth";
    SCAN.closed(world, ledger, ("scantrust.1.2-e", promise), &who, "location")?;
    let promise = "a scan is kept for security, and for nothing else";
    SCAN.only_for(world, ledger, ("scantrust.1.2-e", promise), &who, &["platform.improvement"])?;
    let promise = "seven things are kept of a visit: \"such as\" adds none";
    USAGE.closed(world, ledger, ("scantrust.1.3-c", promise), &who, "search_terms")
}

/// The excerpt says nothing of breaches.
pub(super) fn breach(world: &World, ledger: &mut Ledger) -> Played {
    breaches::law_alone(world, ledger, NAME, "scantrust.1.2-c", ("server-logs", "eu-gdpr"))
}

pub(super) fn objection(world: &World, ledger: &mut Ledger) -> Played {
    for (clause, purpose, other, other_clause) in [
        ("scantrust.1.2-d", "security.abuse-detection", "platform.improvement", "scantrust.1.3-e"),
        ("scantrust.1.3-e", "platform.improvement", "security.abuse-detection", "scantrust.1.2-a"),
    ] {
        let who = subject("account", &world.name(&format!("objects-{purpose}").replace('.', "-")));
        let before = may_use(world, NAME, &who, purpose, json!({}))?;
        let form = json!({ "type": "objection", "subject": who, "purposes": [purpose] });
        let request = world.ask(NAME, &form)?;
        let promise = "an objection ends it from the moment it comes in";
        let after = may_use(world, NAME, &who, purpose, json!({}))?;
        let went_on = before.reason.is_none();
        let ended = after.is_denied_by("objection", "scantrust.1.2-d");
        ledger.check(clause, promise, went_on && ended, format!("{purpose} before: {before}; after: {after}"));
        let promise = "and reaches the purpose that it names alone";
        judge(ledger, clause, promise, &may_use(world, NAME, &who, other, json!({}))?, Expected::Allowed(other_clause));
        let status = world.decided(&request)?;
        ledger.check(
            clause,
            "a person of the office weighs it",
            status.status == "in-progress" && status.stopped == [purpose],
            format!("{}, stopped: {}", status.status, status.stopped.join(", ")),
        );
    }
    Ok(())
}

/// How many records are tried.
const LOOKS_MAX: usize = 20;

/// A record of a log that is filled in long after its time.
pub(super) fn backfilled(world: &World, ledger: &mut Ledger) -> Played {
    let at = world.after(SignedDuration::from_hours(-150 * 24));
    let who = subject("ip", &world.ip());
    let fields = json!({ "ip_address": world.ip() });
    let mut seen = None;
    // TTL may take one away before it was looked at, and with it the salt that its evidence is found by.
    for number in 0..LOOKS_MAX {
        let locator = format!("archive/{}/{number}", world.run);
        let kept = world.keep(NAME, &record(at, &who, "security-ip", "security.abuse-detection", &locator, &fields))?;
        if let Some(commitment) = world.stored(&kept)?.and_then(|item| item.commitment()) {
            seen = Some((kept, commitment));
            break;
        }
    }
    let (kept, commitment) = seen.ok_or_else(|| Trouble::new("each record was gone before it was looked at"))?;
    wait_for("DynamoDB's TTL to remove the record", || Ok(world.stored(&kept)?.is_none().then_some(())))?;
    let evidence = Some(world.evidence(NAME, &commitment)?);
    ledger.proved(
        "scantrust.1.2-b",
        "an address from a log of 150 days ago is removed without a sweep",
        evidence.is_some(),
        format!("kept until {}, removed by TTL", kept.until.map_or_else(String::new, |until| until.to_string())),
        evidence,
    );
    Ok(())
}

pub(super) fn addresses(world: &World, ledger: &mut Ledger) -> Played {
    let ip = world.ip();
    let who = subject("ip", &ip);
    let start = world.start;
    let fields = json!({ "ip_address": ip });
    // The same address twice: a copy for security and a copy of the session.
    let usage = record(start, &who, "usage", "platform.improvement", &format!("usage/{}", world.run), &fields);
    let usage = world.keep(NAME, &usage)?;
    let locator = format!("server-log/{}", world.run);
    world.send(NAME, &[record(start, &who, "security-ip", "security.abuse-detection", &locator, &fields)])?;
    let (security, item) = world.arrived(&usage.partition, "security-ip")?;
    let end = later(start, 100.days(), "UTC")?;
    ledger.check(
        "scantrust.1.2-b",
        "an IP address is kept 100 days, counted from its request",
        item.ends_at() == Some(end),
        format!(
            "registered through the queue, kept until {}",
            item.ends_at().map_or_else(String::new, |at| at.to_string())
        ),
    );

    let over = world.after(SignedDuration::from_mins(10));
    world.send(NAME, &[trigger(over, &who, "session.ended")])?;
    let promise = "usage data goes with the session";
    End { controller: NAME, clause: "scantrust.1.3-d", promise, kept: &usage, at: over }.play(world, ledger)?;
    let is_there = world.stored(&security)?.is_some();
    ledger.check(
        "scantrust.1.3-d",
        "the security copy of the same address stays",
        is_there,
        yes_or(is_there, "still stored after the session", "GONE WITH THE SESSION"),
    );

    let day_99 = later(start, 99.days(), "UTC")?;
    world.sweep(day_99)?;
    let is_there = world.stored(&security)?.is_some();
    ledger.check(
        "scantrust.1.2-b",
        "after 99 days it is still there",
        is_there,
        format!("{} at {day_99}", yes_or(is_there, "kept", "GONE")),
    );
    let promise = "after 100 days it is deleted";
    End { controller: NAME, clause: "scantrust.1.2-b", promise, kept: &security, at: end }.play(world, ledger)
}

pub(super) fn scans(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("device", &world.name("printer"));
    let end = later(world.start, 100.days(), "UTC")?;
    let log = world.keep(NAME, &LOG.of(world, &who))?;
    let scan = world.keep(NAME, &SCAN.of(world, &who))?;
    ledger.check(
        "scantrust.1.2-f",
        "a scan and the log of it are kept 100 days, each from its own time",
        scan.until == Some(end) && log.until == Some(end),
        format!(
            "scan until {}, log until {}",
            scan.until.map_or_else(String::new, |at| at.to_string()),
            log.until.map_or_else(String::new, |at| at.to_string())
        ),
    );
    let promise = "a scan is deleted after 100 days";
    End { controller: NAME, clause: "scantrust.1.2-f", promise, kept: &scan, at: end }.play(world, ledger)?;
    let is_gone = world.stored(&log)?.is_none();
    ledger.check(
        "scantrust.1.2-f",
        "\"the information\" is the server’s log too",
        is_gone,
        format!("the log {} at {end}", yes_or(is_gone, "deleted", "STILL THERE")),
    );
    Ok(())
}
