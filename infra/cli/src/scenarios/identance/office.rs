//! What the office does with a request that it has: more time, a question, a stop, an answer in words.

use serde_json::json;

use super::{MAILBOX, NAME, steps::ZONE};
use crate::{
    scenarios::{
        Part,
        acts::may_use,
        desk::{brought, clerk, decided, is_months_after, letter_said, missing, refusal},
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["identance.16-c"], promise: "more time is told in time, and once", run: extended },
    Part { clauses: &["identance.16-c", "identance.16-l"], promise: "a question is answered on a page", run: asked },
    Part {
        clauses: &["identance.16-e", "identance.16-j"],
        promise: "what the office stops is told with its reason",
        run: stopped,
    },
    Part {
        clauses: &["identance.21-b", "identance.21-c"],
        promise: "a concern is answered in words, in the person’s language",
        run: complaint,
    },
];

fn extended(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("manifold");
    let form = json!({
        "type": "rectification", "subject": subject("mail", &address), "residence": "FR",
        "corrections": { "name": "Ada Lovelace" },
    });
    let (request, seen) = brought(world, NAME, &address, &form)?;
    let office = clerk(world, NAME, "archivist");
    let (id, received) = (&request.request_id, &request.received_at);
    let words = "The archives of the branches have to be looked through.";
    let after = office.does(id, &json!({ "action": "extend", "ground": "complexity", "text": words }))?.case;
    ledger.check(
        "identance.16-c",
        "an extension that is told within the month gives two more, from the day of receipt",
        is_months_after(&seen.case.due.date, received, 1, ZONE)?
            && is_months_after(&after.due.date, received, 3, ZONE)?
            && after.due.law.contains("Art. 12(3)")
            && after.extended_for.as_deref() == Some("complexity"),
        format!("received {received}, due {}, then {}", seen.case.due.date, after.due.date),
    );
    let letter = world.mail_to(&address, words)?;
    let lacking = missing(&letter, &[id, MAILBOX]);
    ledger.check(
        "identance.16-c",
        "the person is told at once, with the reason",
        lacking.is_empty(),
        letter_said(&lacking),
    );
    let again = office.tries(id, &json!({ "action": "extend", "ground": "number-of-requests" }))?;
    let then = office.look(id)?.case.due.before;
    ledger.check(
        "identance.16-c",
        "there is no second one",
        again.status == 409 && then == after.due.before,
        format!("{}; due before {then}", refusal(&again)),
    );
    Ok(())
}

fn asked(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("two-names");
    let form = json!({
        "type": "rectification", "subject": subject("mail", &address), "corrections": { "name": "Ada" },
    });
    let (request, seen) = brought(world, NAME, &address, &form)?;
    let office = clerk(world, NAME, "asking");
    let id = &request.request_id;
    let question = "Is Ada your first name or your whole name?";
    let waiting = office.does(id, &json!({ "action": "ask-clarification", "text": question }))?.case;
    let status = world.status(&request)?.status;
    ledger.check(
        "identance.16-c",
        "the office may ask what is meant, and that costs the person no day",
        (waiting.stage.as_str(), status.as_str()) == ("awaiting-requester", "awaiting-requester")
            && waiting.asked.as_deref() == Some("clarification")
            && waiting.due.before == seen.case.due.before,
        format!("{status}; due {}, before the question {}", waiting.due.date, seen.case.due.date),
    );
    let letter = world.mail_to(&address, question)?;
    let answer = "It is my whole name.";
    world.reply_by_mail(&address, &request, answer)?;
    let back = office.at_stage(id, "with-office")?.case;
    let replied = back.history.iter().find(|entry| entry.act == "replied");
    ledger.check(
        "identance.16-l",
        "people answer themselves, by a form behind the mailed link, and the office reads it",
        letter.text.contains(id.as_str())
            && replied.is_some_and(|entry| entry.by == "requester" && entry.text.as_deref() == Some(answer)),
        replied.map_or_else(|| "NO REPLY".to_owned(), |entry| format!("{} by the {}", entry.act, entry.by)),
    );
    Ok(())
}

fn stopped(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("impersonated");
    let who = subject("mail", &address);
    let written = || may_use(world, NAME, &who, "communication", json!({}));
    let form = json!({ "type": "objection", "subject": who, "purposes": ["communication"] });
    let (request, _) = brought(world, NAME, &address, &form)?;
    let during = written()?;
    let words = "You told us on the telephone that this objection is not yours.";
    clerk(world, NAME, "stopper").does(&request.request_id, &json!({ "action": "stop", "text": words }))?;
    let status = world.closed(&request)?;
    let after = written()?;
    ledger.check(
        "identance.16-e",
        "an objection that the office stops ends nothing any more",
        during.is_denied_by("objection", "identance.16-e") && after.reason.is_none() && status.status == "stopped",
        format!("during: {during}; {}; after: {after}", status.status),
    );
    let letter = world.mail_to(&address, words)?;
    let lacking = missing(&letter, &["edpb.europa.eu", "court", &request.request_id]);
    ledger.check(
        "identance.16-j",
        "the person is told why, and where to complain",
        lacking.is_empty(),
        letter_said(&lacking),
    );
    Ok(())
}

fn complaint(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("inquiete");
    let form = json!({
        "type": "complaint", "subject": subject("mail", &address), "residence": "FR", "language": "fr",
        "message": "Pourquoi ce courrier ?",
    });
    let (request, seen) = brought(world, NAME, &address, &form)?;
    let office = clerk(world, NAME, "conseillere");
    let id = &request.request_id;
    let extended = office.tries(id, &json!({ "action": "extend", "ground": "complexity" }))?;
    let due = office.look(id)?.case.due.before;
    ledger.check(
        "identance.21-b",
        "a promise of fourteen days is kept as it is written: no extension moves it",
        extended.status == 409 && due == seen.case.due.before,
        format!("{}; due before {due}", refusal(&extended)),
    );
    let words = "Ce courrier venait d'une ancienne liste, qui est effacée.";
    let status = decided(world, &office, &request, json!({ "ruling": "approve", "text": words }))?;
    let letter = world.mail_to(&address, words)?;
    let lacking = missing(&letter, &["Votre demande porte le numéro", id]);
    ledger.check(
        "identance.21-b",
        "whoever writes in French is answered in French, in the office’s own words",
        status.status == "answered"
            && status.outcome.as_deref() == Some("granted")
            && lacking.is_empty()
            && letter.subject.contains("votre demande"),
        format!("{}: {}", letter.subject, letter_said(&lacking)),
    );
    ledger.check(
        "identance.21-c",
        "the officer can be reached at the same address, as the answer says",
        letter.text.matches(MAILBOX).count() >= 2,
        format!("the letter names {MAILBOX} {} times", letter.text.matches(MAILBOX).count()),
    );
    Ok(())
}
