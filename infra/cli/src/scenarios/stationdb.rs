//! StationDB: chats that end thirty minutes after the last look, a cookie that every visit renews,
//! files that go with all their versions, and a copy of one's data.

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::{End, Part, later, yes_or};
use crate::{
    client::Call,
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, link_in, record, subject, trigger},
};

const NAME: &str = "stationdb";

/// The zone that its policy counts in.
const ZONE: &str = "Europe/Paris";

/// What StationDB’s scenario shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["stationdb.2-k"], promise: "a person gets a copy of their data", run: access },
    Part {
        clauses: &["stationdb.4-d", "stationdb.4-i", "stationdb.4-k", "stationdb.4-c"],
        promise: "an empty chat ends thirty minutes after the last access",
        run: chats,
    },
    Part { clauses: &["stationdb.1-c"], promise: "a file goes with all its versions", run: file },
    Part { clauses: &["stationdb.4-b"], promise: "the chat cookie lasts six months from the last visit", run: cookie },
];

fn access(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reader");
    let who = subject("mail", &address);
    let fields = json!({ "first_name": "Ada", "email": address });
    let account = record(world.start, &who, "account", "account.provide", &format!("account/{}", world.run), &fields);
    world.keep(NAME, &account)?;
    let request = world.ask(NAME, &json!({ "type": "access", "subject": who }))?;
    world.confirm_by_mail(&address, &request)?;
    world.decided(&request)?;
    let mail = world.mail_to(&address, "/export?token=")?;
    let link = link_in(&mail.text).ok_or_else(|| Trouble::new("the mail holds no link"))?;
    let sent_on = world.client.send(&Call::new("GET", link))?.expect(&[303])?;
    let presigned = sent_on.header("location").ok_or_else(|| Trouble::new("the link leads nowhere"))?.to_owned();
    let export: Value = world.client.send(&Call::new("GET", presigned))?.expect(&[200])?.json()?;
    let records = export["records"].as_array().map_or(0, Vec::len);
    let first = &export["records"][0];
    let is_theirs = first["fields"]["first_name"] == "Ada" && first["clause"] == "stationdb.1-c";
    ledger.check(
        "stationdb.2-k",
        "a verified request for access is answered with a copy, by a mailed link",
        is_theirs,
        format!("{records} record in the export: category {}, clause {}", first["category"], first["clause"]),
    );
    world.register(NAME, &[trigger(world.start, &who, "account.closed")])?;
    world.sweep(world.start)
}

fn chats(world: &World, ledger: &mut Ledger) -> Played {
    let minutes = |n| world.after(SignedDuration::from_mins(n));
    let (empty, used) = (subject("session", &world.name("empty")), subject("session", &world.name("used")));
    let fields = json!({ "ip_address": world.ip() });
    let mut addresses = Vec::new();
    for (name, who) in [("empty", &empty), ("used", &used)] {
        let locator = format!("chat/{name}/{}", world.run);
        world.send(NAME, &[record(world.start, who, "chat-session", "chat.messaging", &locator, &json!({}))])?;
        addresses.push(world.keep(NAME, &record(world.start, who, "chat-ip", "chat.messaging", &locator, &fields))?);
    }
    let [empty_ip, used_ip] = addresses.as_slice() else { return Err(Trouble::new("two sessions were registered")) };
    let (empty_chat, _) = world.arrived(&empty_ip.partition, "chat-session")?;
    let (used_chat, _) = world.arrived(&used_ip.partition, "chat-session")?;

    // The visits arrive late and twice: what counts is when they were.
    for visit in [20, 10, 20, 5] {
        world.send(NAME, &[trigger(minutes(visit), &empty, "website.access")])?;
    }
    let end = minutes(50);
    world.due(&empty_chat, end)?;
    let item = world.due(empty_ip, end)?;
    ledger.check(
        "stationdb.4-d",
        "late and repeated visits change nothing",
        item.ends_at() == Some(end),
        format!("visits at 20, 10, 20 and 5 minutes: ends at {end}, 30 minutes after the last"),
    );
    let said = minutes(5);
    world.register(NAME, &[trigger(said, &used, "chat.message")])?;

    let ip_leaf = item.leaf().ok_or_else(|| Trouble::new("the record has no salt"))?;
    let promise = "an empty chat ends thirty minutes after the last access";
    End { controller: NAME, clause: "stationdb.4-d", promise, kept: &empty_chat, at: end }.play(world, ledger)?;
    let is_gone = world.stored(empty_ip)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &ip_leaf)?) } else { None };
    ledger.proved(
        "stationdb.4-i",
        "its IP address goes with it",
        is_gone,
        yes_or(is_gone, "deleted with it", "STILL THERE"),
        evidence,
    );

    let year = later(said, 1.year(), ZONE)?;
    let promise = "the address of a chat with messages is kept one year";
    End { controller: NAME, clause: "stationdb.4-k", promise, kept: used_ip, at: year }.play(world, ledger)?;
    let item = world.stored(&used_chat)?;
    ledger.check(
        "stationdb.4-c",
        "a chat with messages stays",
        item.as_ref().is_some_and(|item| item.ends_at().is_none()),
        format!("{} at {year}", yes_or(item.is_some(), "kept without an end", "GONE")),
    );
    Ok(())
}

fn file(world: &World, ledger: &mut Ledger) -> Played {
    let bucket = world.stack.output("RecordsBucket")?;
    let key = format!("avatars/{}.json", world.run);
    for content in ["{\"avatar\":1}", "{\"avatar\":2}"] {
        world.cloud.put_object(bucket, &key, content)?;
    }
    let who = subject("account", &world.name("owner"));
    let mut account = record(world.start, &who, "account", "account.provide", &key, &json!({}));
    account["system"] = json!("s3");
    let kept = world.keep(NAME, &account)?;
    let before = world.cloud.version_count(bucket, &key)?;
    let closed = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(closed, &who, "account.closed")])?;
    let promise = "a closed account's file is deleted";
    End { controller: NAME, clause: "stationdb.1-c", promise, kept: &kept, at: closed }.play(world, ledger)?;
    let after = world.cloud.version_count(bucket, &key)?;
    ledger.check(
        "stationdb.1-c",
        "with every version of it",
        before == 2 && after == 0,
        format!("{before} versions before, {after} after"),
    );
    Ok(())
}

fn cookie(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("crisp"));
    let locator = format!("crisp/{}", world.run);
    let kept =
        world.keep(NAME, &record(world.start, &who, "crisp-cookie", "chat.session-restore", &locator, &json!({})))?;
    let first_end = later(world.start, 6.months(), ZONE)?;
    let visit = later(world.start, 60.days(), ZONE)?;
    let end = later(visit, 6.months(), ZONE)?;
    world.send(NAME, &[trigger(visit, &who, "website.visit")])?;
    world.due(&kept, end)?;
    world.sweep(first_end)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "stationdb.4-b",
        "six months after the first load the cookie is still there",
        is_there && kept.until == Some(first_end),
        format!("a visit on day 60; {} at {first_end}", yes_or(is_there, "kept", "GONE")),
    );
    let promise = "six months after the last visit it is deleted";
    End { controller: NAME, clause: "stationdb.4-b", promise, kept: &kept, at: end }.play(world, ledger)
}
