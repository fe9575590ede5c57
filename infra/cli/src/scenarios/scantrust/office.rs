//! What reaches the mailbox, as the office enters it, and what it decides.

use jiff::SignedDuration;
use serde_json::json;
use wire::stored::export::Export;

use super::{ACCOUNT, NAME};
use crate::{
    client::Call,
    scenarios::{
        Part,
        acts::may_use,
        desk::{brought, clerk, decided, is_months_after, letter_said, missing, refusal},
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject, wait_for},
};

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["scantrust.0-a"], promise: "a mail counts from the day on which it came", run: entered },
    Part { clauses: &["scantrust.0-a"], promise: "a mail that lay about is late by its own date", run: late },
    Part { clauses: &["scantrust.1.2-d"], promise: "security can weigh more than an objection", run: refused },
];

/// The zone that its policy counts in.
const ZONE: &str = "UTC";

fn days_ago(world: &World, days: i64) -> String {
    world.after(SignedDuration::from_hours(-24 * days)).to_string()
}

fn entered(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("schreiberin");
    let who = subject("mail", &address);
    world.keep(NAME, &ACCOUNT.of(world, &who))?;
    let office = clerk(world, NAME, "mailbox");
    let received_at = days_ago(world, 3);
    let form = json!({
        "received_at": received_at, "verified": "office",
        "request": { "type": "access", "subject": who, "language": "de", "message": "Was haben Sie von mir?" },
    });
    let key = world.name("mail");
    let seen = office.enter(&key, &form)?;
    let again = office.enter(&key, &form)?;
    let (case, id) = (&seen.case, &seen.case.request_id);
    ledger.check(
        "scantrust.0-a",
        "a mail to the mailbox is a request, from the day on which it came and not from its entry",
        case.received_at == received_at
            && case.entered_by.as_deref() == Some(office.name())
            && case.verified_by.as_deref() == Some("office")
            && case.due.law.contains("Art. 12(3)")
            && is_months_after(&case.due.date, &received_at, 1, ZONE)?,
        format!("received {received_at}, due {} ({})", case.due.date, case.due.law),
    );
    ledger.check(
        "scantrust.0-a",
        "entered twice it is there once",
        again.case.request_id == *id,
        format!("{id}, {}", again.case.request_id),
    );
    let letter = world.mail_to(&address, &format!("{id}/export?token="))?;
    let lacking = missing(&letter, &["Ihr Antrag hat die Nummer", "Die Kopie Ihrer Daten liegt hier bereit"]);
    ledger.check(
        "scantrust.0-a",
        "whoever wrote in German is answered in German",
        lacking.is_empty() && letter.subject.contains("Ihr Datenschutzantrag"),
        format!("{}: {}", letter.subject, letter_said(&lacking)),
    );
    let file: Export = world.sent_on(&Call::new("GET", world.export_link(&address, id)?))?.json()?;
    ledger.check(
        "scantrust.0-a",
        "with the copy that they asked for",
        file.request == *id && file.records.len() == 1,
        format!("{} record", file.records.len()),
    );
    Ok(())
}

fn late(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("patient");
    let office = clerk(world, NAME, "finder");
    let received_at = days_ago(world, 45);
    let form = json!({
        "received_at": received_at, "verified": "office",
        "request": {
            "type": "rectification", "subject": subject("mail", &address), "corrections": { "role": "auditor" },
        },
    });
    let id = office.enter(&world.name("found"), &form)?.case.request_id;
    office.at_stage(&id, "with-office")?;
    office.does(&id, &json!({ "action": "claim" }))?;
    let lines = wait_for("the list of what is late", || {
        let lines = office.list_all("mine=true&overdue=true")?;
        Ok((!lines.is_empty()).then_some(lines))
    })?;
    let line = lines.iter().find(|line| line.request_id == id);
    let days_left = line.and_then(|line| line.days_left);
    ledger.check(
        "scantrust.0-a",
        "what is found late is late at once, and stands in the list of its clerk as such",
        lines.len() == 1 && days_left.is_some_and(|days| days < 0),
        format!(
            "{} line; days left: {}",
            lines.len(),
            days_left.map_or("not said".to_owned(), |days| days.to_string())
        ),
    );
    let before = office.look(&id)?.case.due;
    let action = json!({ "action": "extend", "ground": "complexity", "text": "It lay about." });
    let extended = office.tries(&id, &action)?;
    let after = office.look(&id)?.case;
    ledger.check(
        "GDPR Art. 12(3)",
        "no extension is told once the month is over",
        extended.status == 409 && after.extended_at.is_none() && after.due.before == before.before,
        format!("{}; due {}", refusal(&extended), after.due.date),
    );
    Ok(())
}

fn refused(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("watched");
    let who = subject("mail", &address);
    let guarded = || may_use(world, NAME, &who, "security.abuse-detection", json!({}));
    let form = json!({ "type": "objection", "subject": who, "purposes": ["security.abuse-detection"] });
    let (request, _) = brought(world, NAME, &address, &form)?;
    let during = guarded()?;
    let ruling = json!({ "ruling": "refuse", "ground": "compelling-grounds" });
    let status = decided(world, &clerk(world, NAME, "guard"), &request, ruling)?;
    let after = guarded()?;
    ledger.check(
        "scantrust.1.2-d",
        "the office may find that the platform’s security weighs more, and the use goes on",
        during.reason.as_deref() == Some("objection") && after.reason.is_none() && status.status == "refused",
        format!("during: {during}; after: {after}; {}", status.status),
    );
    let letter = world.mail_to(&address, "Art. 21(1)")?;
    let lacking = missing(&letter, &["authority", "court", &request.request_id]);
    ledger.check(
        "scantrust.1.2-d",
        "the person is told so, with the article, the authority and the court",
        lacking.is_empty(),
        letter_said(&lacking),
    );
    Ok(())
}
