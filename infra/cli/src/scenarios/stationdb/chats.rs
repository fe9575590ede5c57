//! The chat: sessions that end with the visit, chats that stay, and the address that is kept a year.

use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use super::{NAME, ZONE, denied, keep, made, person, refusal, refused, visitor};
use crate::{
    clock,
    cloud::Item,
    scenarios::{
        End,
        acts::{Expected, disclose, judge, may_use, problem},
        earlier, later, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject, trigger},
};

const ABUSE: &str = "chat.abuse-statistics";

pub(super) fn empty(world: &World, ledger: &mut Ledger) -> Played {
    let minutes = |n| world.after(SignedDuration::from_mins(n));
    let who = subject("session", &world.name("empty"));
    // The session comes by the queue, as a chat server sends it.
    world.send(NAME, &[made(world, &who, "chat-session", "chat.messaging", "empty", json!({}))])?;
    let address = json!({ "ip_address": world.ip() });
    let address = keep(world, &made(world, &who, "chat-ip", "chat.messaging", "empty", address))?;
    let (session, _) = world.arrived(&address.partition, "chat-session")?;
    let first_end = minutes(30);
    ledger.check(
        "stationdb.4-d",
        "a session without messages begins with thirty minutes",
        session.until == Some(first_end) && address.until == Some(first_end),
        format!("session until {:?}, its address until {:?}", session.until, address.until),
    );

    // The visits arrive late and twice: what counts is when they were.
    for visit in [20, 10, 20, 5] {
        world.send(NAME, &[trigger(minutes(visit), &who, "website.access")])?;
    }
    let end = minutes(50);
    world.due(&session, end)?;
    let commitment = world.due(&address, end)?.commitment().ok_or_else(|| Trouble::new("the record has no salt"))?;
    world.sweep(earlier(end))?;
    let was_there = world.stored(&address)?.is_some();
    let promise = "it ends thirty minutes after the last access, whichever came last";
    End { controller: NAME, clause: "stationdb.4-d", promise, kept: &session, at: end }.play(world, ledger)?;
    let is_gone = world.stored(&address)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &commitment)?) } else { None };
    let happened = format!(
        "{} at {}, {} at {end}",
        yes_or(was_there, "kept", "GONE"),
        earlier(end),
        yes_or(is_gone, "deleted", "STILL THERE")
    );
    ledger.proved("stationdb.4-i", "its IP address goes with it", was_there && is_gone, happened, evidence);
    Ok(())
}

pub(super) fn used(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("session", &world.name("used"));
    let session = made(world, &who, "chat-session", "chat.messaging", "used", json!({ "messages": "Hello?" }));
    let session = keep(world, &session)?;
    let address = json!({ "ip_address": world.ip() });
    let address = keep(world, &made(world, &who, "chat-ip", "chat.messaging", "used", address))?;
    let said = world.after(SignedDuration::from_mins(29));
    let again = later(said, 60.days(), ZONE)?;
    world.register(NAME, &[trigger(said, &who, "chat.message"), trigger(again, &who, "chat.message")])?;
    world.register(NAME, &[trigger(again, &who, "website.access")])?;

    let (year, three_years) = (later(said, 1.year(), ZONE)?, later(said, 3.years(), ZONE)?);
    let until = world.stored(&session)?.as_ref().and_then(Item::ends_at);
    ledger.check(
        "stationdb.4-c",
        "a chat with messages outlives the visit: three years at the longest",
        until == Some(three_years),
        format!("a message in the last minute, at {said}: kept until {until:?}"),
    );
    let until = world.stored(&address)?.as_ref().and_then(Item::ends_at);
    ledger.check(
        "stationdb.4-j",
        "\"indefinitely\" is one year, and no later message makes it longer",
        until == Some(year),
        format!("messages at {said} and {again}: the address is kept until {until:?}"),
    );
    let commitment = world.commitment(&address)?;
    world.sweep(earlier(year))?;
    let is_there = world.stored(&address)?.is_some();
    ledger.check(
        "stationdb.4-k",
        "the address is there for the whole year that the law asks for",
        is_there,
        format!("{} at {}", yes_or(is_there, "kept", "GONE"), earlier(year)),
    );
    world.sweep(year)?;
    let is_gone = world.stored(&address)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &commitment)?) } else { None };
    let happened = format!("{} at {year}", yes_or(is_gone, "deleted", "STILL THERE"));
    ledger.proved("stationdb.4-j", "and is deleted then", is_gone, happened, evidence);

    let deleted = later(year, 1.day(), ZONE)?;
    world.register(NAME, &[trigger(deleted, &who, "chat.deleted")])?;
    let promise = "the chat itself stays until an agent deletes it";
    End { controller: NAME, clause: "stationdb.4-c", promise, kept: &session, at: deleted }.play(world, ledger)
}

pub(super) fn messaging(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "written-to");
    let fields = json!({ "cookie_id": world.name("written-to"), "messages": "May we help?" });
    let session = keep(world, &made(world, &who, "chat-session", "chat.messaging", "session", fields))?;
    let minute = world.after(SignedDuration::from_mins(1));
    let agent = refusal(world, &trigger(minute, &who, "chat.agent-message"))?;
    let until = |kept| -> Played<_> { Ok(world.stored(kept)?.as_ref().and_then(Item::ends_at)) };
    let by_agent = until(&session)?;
    world.register(NAME, &[trigger(minute, &who, "chat.message")])?;
    let by_visitor = until(&session)?;
    ledger.check(
        "stationdb.4-f",
        "an agent who writes first makes no chat of it; the visitor does",
        agent.contains("listens")
            && by_agent == Some(world.after(SignedDuration::from_mins(30)))
            && by_visitor == Some(later(minute, 3.years(), ZONE)?),
        format!("agent: {agent}, until {by_agent:?}; visitor: until {by_visitor:?}"),
    );
    let bound = json!({ "cookie_id": world.name("written-to") });
    let other = made(world, &who, "crisp-cookie", "product.development", "cookie", bound);
    refused(
        world,
        ledger,
        "stationdb.4-f",
        "the cookie binds a chat and serves nothing else",
        &other,
        "no crisp-cookie",
    )?;
    let other = made(world, &who, "chat-session", "debugging", "session", json!({ "messages": "Hello?" }));
    refused(world, ledger, "stationdb.4-f", "and so do the messages", &other, "no chat-session for")?;

    let address = json!({ "ip_address": world.ip() });
    let kept = keep(world, &made(world, &who, "chat-ip", "chat.messaging", "address", address.clone()))?;
    let is_kept = world.stored(&kept)?.is_some();
    ledger.check("stationdb.4-h", "the address of a session is kept", is_kept, yes_or(is_kept, "kept", "NOT KEPT"));
    let within = made(world, &who, "chat-session", "chat.messaging", "within", address);
    refused(world, ledger, "stationdb.4-h", "apart from the messages, which live longer", &within, "ip_address")?;
    let place = json!({ "ip_address": world.ip(), "city": "Paris" });
    let place = made(world, &who, "chat-ip", "chat.messaging", "place", place);
    refused(world, ledger, "stationdb.4-h", "and nothing is drawn from it", &place, "city")
}

pub(super) fn one_session(world: &World, ledger: &mut Ledger) -> Played {
    let (one, other) = (visitor(world, "one"), visitor(world, "other"));
    let mut sessions = Vec::new();
    for (name, who) in [("one", &one), ("other", &other)] {
        let fields = json!({ "cookie_id": world.name(name), "messages": "Hello?" });
        sessions.push(keep(world, &made(world, who, "chat-session", "chat.messaging", name, fields))?);
    }
    let [of_one, of_other] = sessions.as_slice() else { return Err(Trouble::new("two sessions were registered")) };
    let said = world.after(SignedDuration::from_mins(1));
    world.register(NAME, &[trigger(said, &one, "chat.message")])?;
    let until = |kept| -> Played<_> { Ok(world.stored(kept)?.as_ref().and_then(Item::ends_at)) };
    let (moved, stayed) = (until(of_one)?, until(of_other)?);
    ledger.check(
        "stationdb.4-g",
        "what happens in one cookie's session is of no other's",
        of_one.partition != of_other.partition
            && moved == Some(later(said, 3.years(), ZONE)?)
            && stayed == of_other.until,
        format!("a message with one cookie: until {moved:?}; with another: until {stayed:?}"),
    );
    // Whoever has no account is found by the cookie, and whoever holds its random value is its visitor.
    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": one }))?;
    let decided = world.decided(&request);
    let proved = decided
        .as_ref()
        .is_ok_and(|status| status.items.iter().any(|item| item.result == "erased" && item.evidence.is_some()));
    let outcome = match &decided {
        Ok(status) => format!("{:?}: {} records", status.outcome, status.items.len()),
        Err(trouble) => trouble.to_string(),
    };
    let (gone, is_there) = (world.stored(of_one)?.is_none(), world.stored(of_other)?.is_some());
    ledger.check(
        "stationdb.4-g",
        "a visitor without an account has their chat erased by its cookie, and no other's",
        proved && gone && is_there,
        format!(
            "{outcome}; theirs {}, another's {}",
            yes_or(gone, "erased", "STILL THERE"),
            yes_or(is_there, "kept", "GONE")
        ),
    );
    Ok(())
}

pub(super) fn statistics(world: &World, ledger: &mut Ledger) -> Played {
    let total = |people: u32, purpose: &str| {
        let form = json!({
            "recipient": "crisp", "aggregate": { "people": people }, "categories": ["chat-ip"], "purpose": purpose,
            "occurred_at": clock::now().to_string(),
        });
        disclose(world, NAME, &form)
    };
    let allowed = Expected::Allowed("stationdb.4-l");
    judge(ledger, "stationdb.4-l", "totals of ten addresses protect the chat", &total(10, ABUSE)?, allowed);
    denied(ledger, "stationdb.4-l", "a total of nine is too near to each", &total(9, ABUSE)?, "too-few-people");
    let (_, who) = person(world, "counted");
    let address = json!({ "ip_address": world.ip() });
    let longer = made(world, &who, "chat-ip", ABUSE, "longer", address);
    refused(
        world,
        ledger,
        "stationdb.4-l",
        "no address is kept for them, and none for longer",
        &longer,
        "no chat-ip for",
    )?;

    let counted = may_use(world, NAME, &who, ABUSE, json!({}))?;
    judge(ledger, "stationdb.4-u", "StationDB answers for the statistics that Crisp needs", &counted, allowed);
    let chat = total(10, "chat.messaging")?;
    let passed = chat.is_denied_by("not-statistics", "stationdb.4-f");
    ledger.check("stationdb.4-u", "the chat's other purpose draws no totals", passed, chat.to_string());
    let of_service = |service: &str| {
        world.post(&format!("/{NAME}/v1/requests"), &json!({ "type": "objection", "subject": who, "service": service }))
    };
    let (own, unknown) = (of_service("chat")?, of_service("mail")?);
    let taken: serde_json::Value = own.json()?;
    ledger.check(
        "stationdb.4-u",
        "and for the chat: nobody is sent on to Crisp",
        own.status == 202 && taken["refused"].is_null() && problem(&unknown)? == "unknown-service",
        format!("an objection about the chat: {}; about a service it does not run: {}", own.said(), unknown.said()),
    );
    Ok(())
}
