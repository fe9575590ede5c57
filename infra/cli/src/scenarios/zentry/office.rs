//! The office in Milpitas: whose clock runs, what comes by post and in either mailbox, and what it asks of
//! whoever it cannot be certain of.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{NAME, ZONE, agree, customer, entry, export, person, use_now};
use crate::{
    scenarios::{
        Part,
        desk::{brought, clerk, decide, decided, is_days_after, is_months_after, refusal},
        held::copy,
    },
    table::Ledger,
    trouble::Played,
    world::{World, wait_for},
};

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.9-t", "zentry.0-d"], promise: "whose clock runs, by where somebody lives", run: clocks },
    Part {
        clauses: &["zentry.9-n", "zentry.9-l"],
        promise: "more is asked of whoever is in doubt, and the clock runs on",
        run: identity,
    },
    Part { clauses: &["zentry.12-b", "zentry.11-b"], promise: "a letter by post is a request", run: post },
    Part {
        clauses: &["zentry.12-a", "zentry.7-m"],
        promise: "what arrives in either mailbox is a request",
        run: mailboxes,
    },
];

fn correction(who: &Value, residence: Option<&str>) -> Value {
    let mut form =
        json!({ "type": "rectification", "subject": who, "corrections": { "employer": "New Example Inc." } });
    if let Some(residence) = residence {
        form["residence"] = json!(residence);
    }
    form
}

fn clocks(world: &World, ledger: &mut Ledger) -> Played {
    let office = clerk(world, NAME, "clock");
    let come = |name: &str, residence: Option<&str>| {
        brought(world, NAME, &world.address(name), &correction(&person(world, name), residence))
    };
    let (here, _) = come("milpitas", Some("US-CA"))?;
    let (there, _) = come("paris", Some("FR"))?;
    let (somewhere, seen) = come("somewhere", None)?;
    let by_law = |date: &str, law: &str| format!("{date} ({law})");
    let (due_here, due_there) = (by_law(&here.due_date, &here.due_by), by_law(&there.due_date, &there.due_by));
    ledger.check(
        "zentry.9-t",
        "a resident of California is answered within 45 days",
        is_days_after(&here.due_date, &here.received_at, 45, ZONE)? && here.due_by.starts_with("11 CCR 7021"),
        due_here,
    );
    ledger.check(
        "zentry.0-d",
        "whoever is located in Europe within a month",
        is_months_after(&there.due_date, &there.received_at, 1, ZONE)? && there.due_by.contains("Art. 12(3)"),
        due_there,
    );
    let action = json!({ "action": "extend", "ground": "complexity" });
    let (longer, later) = (office.does(&here.request_id, &action)?.case, office.does(&there.request_id, &action)?.case);
    ledger.check(
        "zentry.9-t",
        "told in time, California gives 90 days in all",
        is_days_after(&longer.due.date, &here.received_at, 90, ZONE)? && longer.due.law.contains("7021"),
        by_law(&longer.due.date, &longer.due.law),
    );
    ledger.check(
        "zentry.0-d",
        "and Europe three months",
        is_months_after(&later.due.date, &there.received_at, 3, ZONE)?,
        by_law(&later.due.date, &later.due.law),
    );
    let reason = "They wrote that they live in San Jose.";
    let change = json!({ "action": "change-regimes", "regimes": ["us-ca"], "reason": reason });
    let changed = office.does(&somewhere.request_id, &change)?.case;
    let noted = changed.history.last();
    ledger.check(
        "zentry.0-d",
        "of whoever says nothing the earliest clock counts, until the office knows better and says why",
        somewhere.due_date <= here.due_date
            && is_days_after(&changed.due.date, &somewhere.received_at, 45, ZONE)?
            && changed.regimes == ["us-ca"]
            && noted.is_some_and(|entry| entry.text.as_deref() == Some(reason)),
        format!("first {}, then {}", seen.case.due.date, changed.due.date),
    );
    Ok(())
}

fn identity(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "doubtful")?;
    let address = world.address("doubtful");
    let (request, seen) = brought(world, NAME, &address, &correction(&who, Some("US-CA")))?;
    let office = clerk(world, NAME, "careful");
    let id = &request.request_id;
    let question = "Please tell us the number of your latest invoice: two people share this mailbox.";
    let waiting = office.does(id, &json!({ "action": "ask-identity", "text": question }))?.case;
    ledger.check(
        "zentry.9-l",
        "a question about who asks moves no deadline of a Californian",
        waiting.stage == "awaiting-requester" && waiting.due.before == seen.case.due.before,
        format!("{}; due {}, before the question {}", waiting.stage, waiting.due.date, seen.case.due.date),
    );
    world.mail_to(&address, question)?;
    world.reply_by_mail(&address, &request, "It is 4711.")?;
    let replied = office.at_stage(id, "with-office")?.case;
    let hasty = office.tries(id, &decide(json!({ "ruling": "approve" })))?;
    ledger.check(
        "zentry.9-n",
        "more may be asked of whoever is in doubt, and an answer alone proves nothing",
        !replied.is_verified && hasty.problem().as_deref() == Some("not-verified"),
        format!("an approval without a look at it: {}", refusal(&hasty)),
    );
    office.does(id, &json!({ "action": "verify-identity" }))?;
    let status = decided(world, &office, &request, json!({ "ruling": "approve" }))?;
    let ask = json!({
        "type": "know-pieces", "subject": who, "residence": "US-CA", "declared": true,
        "points": { "phone": "+14085550100", "name": "Ada Example", "employer": "New Example Inc." },
    });
    let pieces = world.ask(NAME, &ask)?;
    world.decided(&pieces)?;
    let file = export(world, &who, &pieces.request_id)?;
    let employer = entry(&file["records"], "category", "contact")["fields"]["employer"].clone();
    ledger.check(
        "zentry.9-n",
        "once a person has seen who they are it is carried out, and the new detail verifies them",
        status.outcome.as_deref() == Some("corrected") && employer == json!("New Example Inc."),
        format!("{}; employer: {employer}", status.outcome.as_deref().unwrap_or("undecided")),
    );
    Ok(())
}

fn post(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "correspondent")?;
    let office = clerk(world, NAME, "post-room");
    let received_at = world.after(SignedDuration::from_hours(-4 * 24)).to_string();
    let form = json!({ "received_at": received_at, "verified": "office", "request": correction(&who, Some("US-CA")) });
    let case = office.enter(&world.name("letter"), &form)?.case;
    ledger.check(
        "zentry.12-b",
        "a letter to the office in Milpitas counts from the day on which it came",
        case.received_at == received_at
            && is_days_after(&case.due.date, &received_at, 45, ZONE)?
            && case.entered_by.as_deref() == Some(office.name()),
        format!("came {received_at}, due {} ({})", case.due.date, case.due.law),
    );
    let id = &case.request_id;
    office.at_stage(id, "with-office")?;
    office.does(id, &decide(json!({ "ruling": "approve" })))?;
    let done = office.at_stage(id, "answered")?.case;
    let (_, file) = copy(world, NAME, &world.address("correspondent"), "portability")?;
    let record = file.records.iter().find(|record| record.category == "contact");
    let employer = record.and_then(|record| record.fields.get("employer")).map_or("NOTHING", String::as_str);
    ledger.check(
        "zentry.11-b",
        "a change is in the databases in use once it is answered, though it was asked on paper",
        done.outcome.as_deref() == Some("corrected") && employer == "New Example Inc.",
        format!("{}; employer: {employer}", done.outcome.as_deref().unwrap_or("undecided")),
    );
    Ok(())
}

fn mailboxes(world: &World, ledger: &mut Ledger) -> Played {
    let office = clerk(world, NAME, "mail-room");
    let came = world.after(SignedDuration::from_hours(-2 * 24)).to_string();
    let who = person(world, "mailing-support");
    agree(world, &who, &["marketing"])?;
    let request = json!({ "type": "objection-marketing", "subject": who, "residence": "US-CA" });
    let entered = office.enter(&world.name("support"), &json!({ "received_at": came, "request": request }))?;
    let done = office.at_stage(&entered.case.request_id, "answered")?.case;
    let stopped = wait_for("the objection to count", || {
        let verdict = use_now(world, &who, "marketing")?;
        Ok((verdict.reason.as_deref() == Some("objection-marketing")).then_some(verdict))
    })?;
    ledger.check(
        "zentry.12-a",
        "a mail to support is carried out like a form, without a proof where none may be asked",
        done.outcome.as_deref() == Some("stopped") && done.received_at == came,
        format!("{}; marketing: {stopped}", done.outcome.as_deref().unwrap_or("undecided")),
    );
    let who = person(world, "mailing-elsewhere");
    let form = json!({ "received_at": came, "request": correction(&who, Some("FR")) });
    let case = office.enter(&world.name("elsewhere"), &form)?.case;
    ledger.check(
        "zentry.7-m",
        "one that a European wrote to the other mailbox waits for their proof, within the month of its own day",
        case.stage == "awaiting-verification"
            && is_months_after(&case.due.date, &came, 1, ZONE)?
            && case.due.law.contains("Art. 12(3)"),
        format!("{}; came {came}, due {}", case.stage, case.due.date),
    );
    let address = world.address("mailing-elsewhere");
    world.press_mailed_button(&address, &format!("{}/verification?token=", case.request_id))?;
    let confirmed = office.at_stage(&case.request_id, "with-office")?.case;
    ledger.check(
        "zentry.7-m",
        "they are written to at the address that they wrote from, and confirm it there",
        confirmed.verified_by.as_deref() == Some("mail"),
        confirmed.verified_by.unwrap_or_else(|| "NOT VERIFIED".to_owned()),
    );
    Ok(())
}
