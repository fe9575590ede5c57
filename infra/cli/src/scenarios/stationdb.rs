//! StationDB: what a text without lawful bases, periods and countries comes to. Chats that end thirty
//! minutes after the last look or stay, a cookie that visits renew, a tracker that waits for its
//! consent, files that go with all their versions, and every right that the text promises.

use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};
use wire::{
    consent::ReceiptForm,
    request::{AcknowledgementForm, StatusForm},
};

use super::{
    Part,
    acts::{self, Verdict},
};
use crate::{
    client::{Answer, Call},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{Kept, World, record, subject},
};

mod account;
mod chats;
mod cookies;
mod hotjar;
mod notices;
mod office;
mod recipients;
mod rights;
mod sample;

pub(crate) const NAME: &str = "stationdb";

/// The zone that its policy counts in.
const ZONE: &str = "Europe/Paris";

/// The day that its text bears.
const NOTICE: &str = "2022-09-16";

/// Where its answers send people: the text names no address, so its policy names a placeholder.
const CONTACT: &str = "privacy@stationdb.example";

/// The purpose that the cookie banner asks about.
const HOTJAR: &str = "hotjar.experience-analytics";

/// What StationDB’s scenario shows, theme by theme.
pub(super) const PARTS: &[&[Part]] = &[POLICY, office::PARTS];

/// What its text promises.
const POLICY: &[Part] = &[
    Part {
        clauses: &["stationdb.0-a", "stationdb.1-g"],
        promise: "the notice has a version, and everybody can read it",
        run: notices::version,
    },
    Part {
        clauses: &["stationdb.1-a"],
        promise: "purposes are told before anything is collected",
        run: notices::purposes_first,
    },
    Part {
        clauses: &["stationdb.2-j", "stationdb.1-d", "stationdb.4-t"],
        promise: "people learn what becomes of their data",
        run: notices::information,
    },
    Part {
        clauses: &["stationdb.1-b"],
        promise: "data serves the purposes that were told, and no others",
        run: account::purposes,
    },
    Part {
        clauses: &["stationdb.1-c", "stationdb.2-b"],
        promise: "an account is what the text lists, and goes when it is closed",
        run: account::closed,
    },
    Part {
        clauses: &["stationdb.2-c"],
        promise: "invoices are kept ten years, for invoicing alone",
        run: account::invoices,
    },
    Part {
        clauses: &["stationdb.2-d"],
        promise: "credentials serve the connection and go with it",
        run: account::credentials,
    },
    Part {
        clauses: &["stationdb.2-f", "stationdb.1-c"],
        promise: "a card is kept for its payment, its security code never",
        run: account::payment,
    },
    Part {
        clauses: &["stationdb.2-i"],
        promise: "device data is kept ninety days, for two purposes",
        run: account::device,
    },
    Part {
        clauses: &["stationdb.2-h", "stationdb.1-c"],
        promise: "activity is recorded only with consent",
        run: cookies::activity,
    },
    Part {
        clauses: &["stationdb.2-k", "stationdb.2-d", "stationdb.4-h", "stationdb.4-o", "stationdb.4-q"],
        promise: "a person gets a copy of all their data",
        run: rights::access,
    },
    Part { clauses: &["stationdb.2-n"], promise: "data can be taken along at any time", run: rights::portability },
    Part {
        clauses: &["stationdb.2-l", "stationdb.1-e", "stationdb.5-c"],
        promise: "what is wrong is put right on request",
        run: rights::rectification,
    },
    Part {
        clauses: &["stationdb.2-m", "stationdb.2-c", "stationdb.4-c", "stationdb.4-k"],
        promise: "every erasure is carried out, and says what stays",
        run: rights::erasure,
    },
    Part { clauses: &["stationdb.2-o"], promise: "every objection is handled", run: rights::objection },
    Part {
        clauses: &["stationdb.4-d", "stationdb.4-i"],
        promise: "an empty chat ends thirty minutes after the last access",
        run: chats::empty,
    },
    Part {
        clauses: &["stationdb.4-c", "stationdb.4-j", "stationdb.4-k"],
        promise: "a chat with messages stays, its address for one year",
        run: chats::used,
    },
    Part {
        clauses: &["stationdb.4-f", "stationdb.4-h"],
        promise: "a chat's data serves messaging, and begins with the visitor",
        run: chats::messaging,
    },
    Part { clauses: &["stationdb.4-g"], promise: "one cookie is one session", run: chats::one_session },
    Part {
        clauses: &["stationdb.4-l", "stationdb.4-u"],
        promise: "abuse is fought with totals",
        run: chats::statistics,
    },
    Part {
        clauses: &["stationdb.4-a", "stationdb.4-v"],
        promise: "without a consent there is the chat's cookie and nothing else",
        run: cookies::without_consent,
    },
    Part {
        clauses: &["stationdb.4-b"],
        promise: "the chat cookie lasts six months from the last visit",
        run: cookies::renewal,
    },
    Part {
        clauses: &["stationdb.4-e", "stationdb.4-v"],
        promise: "cookies follow nobody who did not agree",
        run: cookies::tracking,
    },
    Part {
        clauses: &["stationdb.4-n", "stationdb.4-m", "stationdb.4-o"],
        promise: "Hotjar waits for the cookie banner",
        run: hotjar::opt_in,
    },
    Part {
        clauses: &["stationdb.4-p", "stationdb.4-q"],
        promise: "Hotjar's address goes with the session, its profile with the consent",
        run: hotjar::ends,
    },
    Part {
        clauses: &["stationdb.4-r", "stationdb.4-m", "stationdb.4-q"],
        promise: "Hotjar gets what it needs, and sells nothing",
        run: hotjar::disclosed,
    },
    Part {
        clauses: &["stationdb.0-b"],
        promise: "data goes to North America under standard clauses",
        run: recipients::hosting,
    },
    Part { clauses: &["stationdb.2-g"], promise: "payments go to Stripe", run: recipients::stripe },
    Part { clauses: &["stationdb.4-s"], promise: "chats go to Crisp, visitors' too", run: recipients::crisp },
    Part {
        clauses: &["stationdb.4-k"],
        promise: "authorities get an address on a legal request",
        run: recipients::authorities,
    },
    Part {
        clauses: &["stationdb.2-g", "stationdb.4-q"],
        promise: "who got data hears of its erasure",
        run: recipients::letters,
    },
];

pub(crate) use sample::small_life;

/// A person known by a mail address of this run.
fn person(world: &World, name: &str) -> (String, Value) {
    let address = world.address(name);
    let who = subject("mail", &address);
    (address, who)
}

/// A visitor without an account: known by a cookie of this run.
fn visitor(world: &World, name: &str) -> Value {
    subject("cookie", &world.name(name))
}

/// A record of this run, made at its start.
fn made(world: &World, who: &Value, category: &str, purpose: &str, name: &str, fields: Value) -> Value {
    made_at(world, world.start, who, (category, purpose), name, fields)
}

fn made_at(
    world: &World,
    at: Timestamp,
    who: &Value,
    (category, purpose): (&str, &str),
    name: &str,
    fields: Value,
) -> Value {
    record(at, who, category, purpose, &format!("{category}/{name}/{}", world.run), &fields)
}

/// Registers a record that must be taken in.
fn keep(world: &World, event: &Value) -> Played<Kept> {
    world.keep(NAME, event)
}

/// Why an event is refused; `taken in` if it is not.
fn refusal(world: &World, event: &Value) -> Played<String> {
    Ok(acts::registered(world, NAME, event)?.err().unwrap_or_else(|| "taken in".to_owned()))
}

/// One row: an event that must be refused for a reason in which these words stand.
fn refused(
    world: &World,
    ledger: &mut Ledger,
    clause: &'static str,
    promise: &str,
    event: &Value,
    words: &str,
) -> Played {
    let said = refusal(world, event)?;
    ledger.check(clause, promise, said.contains(words), said);
    Ok(())
}

/// One row: a verdict that denies for that reason and cites that clause.
fn denied(ledger: &mut Ledger, clause: &'static str, promise: &str, verdict: &Verdict, reason: &str) {
    denied_by(ledger, clause, promise, verdict, (reason, clause));
}

fn denied_by(ledger: &mut Ledger, clause: &'static str, promise: &str, verdict: &Verdict, (reason, by): (&str, &str)) {
    ledger.check(clause, promise, verdict.is_denied_by(reason, by), verdict.to_string());
}

/// Sends choices as the cookie banner does.
fn banner(world: &World, who: &Value, choices: &[(&str, &str)]) -> Played<ReceiptForm> {
    acts::chosen(world, NAME, who, choices, json!({ "notice": NOTICE, "method": "cookie-banner" }))
}

/// When a receipt's choices count from.
fn counts_from(receipt: &ReceiptForm) -> Played<Timestamp> {
    receipt.event_time.parse().map_err(Trouble::because("event_time"))
}

/// Makes a request, confirms it by mail and waits for its decision.
fn confirmed(world: &World, address: &str, kind: &str, who: &Value) -> Played<(AcknowledgementForm, StatusForm)> {
    let request = world.ask(NAME, &json!({ "type": kind, "subject": who }))?;
    world.confirm_by_mail(address, &request)?;
    let status = world.decided(&request)?;
    Ok((request, status))
}

/// Fetches what a request is answered with, by the mailed link; `format` is added to it.
fn export(world: &World, address: &str, request: &AcknowledgementForm, format: &str) -> Played<Answer> {
    let link = world.export_link(address, &request.request_id)?;
    world.sent_on(&Call::new("GET", format!("{link}{format}")))
}

/// The same time in StationDB's zone, for a comparison of days.
fn here(at: Timestamp) -> Played<Zoned> {
    super::zoned(at, ZONE)
}
