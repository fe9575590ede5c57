//! Scantrust: security logs for a hundred days, usage for a session, trackers by consent.

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};
use wire::consent::{ConsentStateForm, ReceiptForm};

use super::{End, Part, later, yes_or};
use crate::{
    client::Call,
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger, wait_for},
};

const NAME: &str = "scantrust";

/// What Scantrust’s scenario shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["scantrust.1.3-a"], promise: "trackers run by consent alone", run: consent },
    Part { clauses: &["scantrust.1.2-b"], promise: "a backfilled address is gone at once", run: backfilled },
    Part {
        clauses: &["scantrust.1.2-b", "scantrust.1.3-d"],
        promise: "an IP address is deleted after 100 days",
        run: addresses,
    },
    Part { clauses: &["scantrust.1.1-e"], promise: "an account lasts as long as its customer", run: account },
];

fn consent(world: &World, ledger: &mut Ledger) -> Played {
    let visitor = world.name("visitor");
    let next = format!("{}/thanks.html", world.stack.public_url);
    let form = [
        ("subject_kind", "cookie"),
        ("subject", visitor.as_str()),
        ("purpose.trackers.behaviour-analytics", "given"),
        ("purpose.trackers.preferences", "refused"),
        ("notice", "undated-1"),
        ("nonce", visitor.as_str()),
    ];
    let path = format!("/{NAME}/v1/consents");
    let with_next: Vec<_> = form.into_iter().chain([("next", next.as_str())]).collect();
    let answer = world.client.send(&Call::new("POST", world.api(&path)).form(&with_next))?;
    let went_on = answer.status == 303 && answer.header("location") == Some(next.as_str());
    ledger.check(
        "scantrust.1.3-a",
        "a consent form leads back to the allow-listed page",
        went_on,
        format!("{} to {}", answer.said(), answer.header("location").unwrap_or("nowhere")),
    );
    // The browser's form sent again is the same consent; this time its receipt is asked for.
    let again = world.client.send(&Call::new("POST", world.api(&path)).form(&form))?.expect(&[200, 201])?;
    let replayed = again.status == 200;
    let receipt: ReceiptForm = again.json()?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", receipt.token));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let said = |purpose: &str| state.purposes.get(purpose).map_or("nothing", |state| state.state.as_str());
    let (analytics, preferences) = (said("trackers.behaviour-analytics"), said("trackers.preferences"));
    ledger.check(
        "scantrust.1.3-a",
        "analytics run by the consent that was given, and by no other",
        replayed && (analytics, preferences) == ("given", "refused"),
        format!(
            "sent again: {}; analytics {analytics}, preferences {preferences}",
            yes_or(replayed, "one record", "TWO RECORDS")
        ),
    );
    Ok(())
}

/// A record of a log that is filled in long after its time.
fn backfilled(world: &World, ledger: &mut Ledger) -> Played {
    let at = world.after(SignedDuration::from_hours(-150 * 24));
    let who = subject("ip", &world.ip());
    let locator = format!("archive/{}", world.run);
    let fields = json!({ "ip_address": world.ip() });
    let kept = world.keep(NAME, &record(at, &who, "security-ip", "security.abuse-detection", &locator, &fields))?;
    let leaf = world.stored(&kept)?.and_then(|item| item.leaf());
    wait_for("DynamoDB's TTL to remove the record", || Ok(world.stored(&kept)?.is_none().then_some(())))?;
    let evidence = match leaf {
        Some(leaf) => Some(world.evidence(NAME, &leaf)?),
        None => None,
    };
    ledger.proved(
        "scantrust.1.2-b",
        "an address from a log of 150 days ago is removed without a sweep",
        evidence.is_some(),
        format!("kept until {}, removed by TTL", kept.until.map_or_else(String::new, |until| until.to_string())),
        evidence,
    );
    Ok(())
}

fn addresses(world: &World, ledger: &mut Ledger) -> Played {
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

fn account(world: &World, ledger: &mut Ledger) -> Played {
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
