//! Who asks is known before anything is handed out or destroyed: by two points, by a mailbox, by an
//! agent's proof. The clock does not wait for it.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{NAME, ZONE, customer, points};
use crate::{
    scenarios::{Part, acts::problem, yes_or, zoned},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, code_in, subject},
};

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.9-m"], promise: "a deletion request is verified by two points", run: deletion },
    Part { clauses: &["zentry.9-n"], promise: "who is not verified can try again", run: again },
    Part { clauses: &["zentry.11-a"], promise: "a mailed code does what the mailed link does", run: code },
    Part { clauses: &["zentry.9-o", "zentry.9-l"], promise: "an agent proves who sent them", run: agent },
];

fn deletion(world: &World, ledger: &mut Ledger) -> Played {
    let path = format!("/{NAME}/v1/requests");
    let form = |who: &Value, points: Value| json!({ "type": "erasure", "subject": who, "points": points, "residence": "US-CA" });

    let (known, record) = customer(world, "resident")?;
    let commitment = world.commitment(&record)?;
    // Points match in any spelling of case and blanks.
    let points = json!({ "phone": "+14085550100", "employer": " example  INC." });
    let request = world.ask(NAME, &form(&known, points))?;
    let received = request.received_at.parse().map_err(Trouble::because("received_at"))?;
    let last_day = zoned(received, ZONE)?.date().checked_add(45.days()).map_err(Trouble::because("45 days"))?;
    ledger.check(
        "11 CCR 7021(b)",
        "a Californian is answered within 45 days",
        request.due_date == last_day.to_string() && request.due_by.starts_with("11 CCR 7021"),
        format!("received {received}, last day {} ({})", request.due_date, request.due_by),
    );
    let status = world.decided(&request)?;
    let is_gone = world.stored(&record)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &commitment)?) } else { None };
    ledger.proved(
        "zentry.9-m",
        "two matching points verify a deletion",
        is_gone && status.verified_by.as_deref() == Some("points"),
        format!(
            "{} by {}",
            yes_or(is_gone, "erased", "NOT ERASED"),
            status.verified_by.as_deref().unwrap_or("nothing")
        ),
        evidence,
    );

    let (other, record) = customer(world, "target")?;
    let wrong = json!({ "phone": "+14085550999", "employer": "Example Inc." });
    let attempt = world.post(&path, &form(&other, wrong.clone()))?;
    let stranger = world.post(&path, &form(&subject("mail", &world.address("nobody")), wrong))?;
    let shapes: Vec<BTreeSet<String>> = [&attempt, &stranger]
        .iter()
        .map(|answer| Ok(answer.json::<serde_json::Map<String, Value>>()?.keys().cloned().collect()))
        .collect::<Played<_>>()?;
    let right: Value = serde_json::to_value(&request).map_err(Trouble::because("the acknowledgement"))?;
    let right: BTreeSet<String> = right.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
    ledger.check(
        "zentry.9-m",
        "the first answer tells nobody whether a person is known",
        attempt.status == 202 && stranger.status == 202 && shapes.iter().all(|shape| *shape == right),
        format!("wrong points {}, unknown person {}, the same members", attempt.status, stranger.status),
    );
    let status = world.decided(&attempt.json()?)?;
    let is_there = world.stored(&record)?.is_some();
    ledger.check(
        "zentry.9-m",
        "one matching point verifies nothing",
        is_there && status.outcome.as_deref() == Some("not-verified"),
        format!(
            "{}, record {}",
            status.outcome.as_deref().unwrap_or("undecided"),
            yes_or(is_there, "still there", "GONE")
        ),
    );
    Ok(())
}

/// Two points that fail leave the way open: to more details, or to a refusal with its reason.
fn again(world: &World, ledger: &mut Ledger) -> Played {
    let (who, record) = customer(world, "forgetful")?;
    let ask = |points: Value| {
        world.ask(NAME, &json!({ "type": "erasure", "subject": who, "points": points, "residence": "US-CA" }))
    };
    let first = world.decided(&ask(json!({ "phone": "+14085550100", "employer": "Elsewhere Ltd." }))?)?;
    let mail = world.mail_to(&world.address("forgetful"), &first.request_id)?;
    let untouched = world.stored(&record)?.is_some();
    ledger.check(
        "zentry.9-n",
        "who is not verified is told so, and that more details help",
        untouched && first.outcome.as_deref() == Some("not-verified") && mail.text.contains("with other details"),
        format!(
            "{}, record {}",
            first.outcome.as_deref().unwrap_or("undecided"),
            yes_or(untouched, "still there", "GONE")
        ),
    );
    let mut more = points(3);
    more["employer"] = json!("Elsewhere Ltd.");
    let second = world.decided(&ask(more)?)?;
    let is_gone = world.stored(&record)?.is_none();
    ledger.check(
        "zentry.9-n",
        "one more detail that matches verifies the second request",
        is_gone && second.outcome.as_deref() == Some("erased"),
        format!("{}, {}", second.outcome.as_deref().unwrap_or("undecided"), yes_or(is_gone, "gone", "STILL THERE")),
    );
    Ok(())
}

/// Whoever has another device at hand types the code of the mail where they made the request.
fn code(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "typing")?;
    let ask = |kind: &str, who: &Value| world.ask(NAME, &json!({ "type": kind, "subject": who }));
    let request = ask("rectification", &who)?;
    let mail = world.mail_to(&world.address("typing"), &format!("{}/verification?token=", request.request_id))?;
    let code = code_in(&mail.text).ok_or_else(|| Trouble::new("the mail holds no code"))?;
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    let guessed = world.type_code(&request, wrong)?;
    let waiting = world.status(&request)?;
    world.type_code(&request, code)?.expect(&[200])?;
    let status = world.decided(&request)?;
    ledger.check(
        "zentry.11-a",
        "whoever asks for a correction types the mailed code, and a guess opens nothing",
        guessed.status == 403
            && waiting.status == "awaiting-verification"
            && status.verified_by.as_deref() == Some("code")
            && status.outcome.as_deref() == Some("with-office"),
        format!("a guess: {}; then verified by {}", guessed.said(), status.verified_by.as_deref().unwrap_or("nothing")),
    );
    // The well-known hole: prove one's own address, and ask by somebody else's number.
    let number = format!("+1408{:07}", u64::from_str_radix(&world.run, 16).unwrap_or_default() % 10_000_000);
    let others = [ask("portability", &who)?, ask("rectification", &subject("phone", &number))?];
    let mut refused = Vec::new();
    for other in &others {
        let answer = world.type_code(other, code)?;
        refused.push((answer.status, world.status(other)?.status));
    }
    ledger.check(
        "zentry.11-a",
        "the code opens the request that it was sent for: no other one, and nothing of a telephone number",
        refused.iter().all(|(code, status)| *code == 403 && status == "awaiting-verification"),
        refused.iter().map(|(code, status)| format!("{code}, {status}")).collect::<Vec<_>>().join("; "),
    );
    Ok(())
}

fn agent(world: &World, ledger: &mut Ledger) -> Played {
    let (who, record) = customer(world, "client")?;
    let form = |acting: Value| json!({ "type": "erasure", "subject": who, "points": points(2), "acting": acting, "residence": "US-CA" });
    let path = format!("/{NAME}/v1/requests");
    let unproved = world.post(&path, &form(json!({ "as": "agent" })))?;
    let hearsay = world.post(&path, &form(json!({ "as": "agent", "proof": "word-of-mouth" })))?;
    let codes = [problem(&unproved)?, problem(&hearsay)?];
    ledger.check(
        "zentry.9-o",
        "an agent needs a signed permission or a power of attorney",
        [unproved.status, hearsay.status] == [422, 422] && codes.iter().all(|code| code == "proof-needed"),
        format!("without a proof {}, with another one {}", codes[0], codes[1]),
    );
    let request = world.ask(NAME, &form(json!({ "as": "agent", "proof": "signed-permission" })))?;
    let mail = world.mail_to(&world.address("client"), &request.request_id)?;
    let waiting = world.status(&request)?;
    let untouched = world.stored(&record)?.is_some();
    let received: Timestamp = request.received_at.parse().map_err(Trouble::because("received_at"))?;
    let last_day = zoned(received, ZONE)?.date().checked_add(45.days()).map_err(Trouble::because("45 days"))?;
    ledger.check(
        "zentry.9-l",
        "the clock runs from the receipt, before anybody is verified",
        waiting.status == "awaiting-verification"
            && waiting.received_at == request.received_at
            && request.due_date == last_day.to_string(),
        format!("{} since {}, last day {}", waiting.status, request.received_at, request.due_date),
    );
    world.confirm_by_mail(&world.address("client"), &request)?;
    let status = world.decided(&request)?;
    let is_gone = world.stored(&record)?.is_none();
    ledger.check(
        "zentry.9-l",
        "nothing is erased before the verification, which moves no deadline",
        untouched && is_gone && status.due_before == request.due_before,
        format!(
            "first {}, then {}; due before {}",
            yes_or(untouched, "kept", "GONE"),
            yes_or(is_gone, "gone", "STILL THERE"),
            status.due_before
        ),
    );
    ledger.check(
        "zentry.9-o",
        "the person themselves confirms what an agent asks for",
        mail.text.contains("made for you by")
            && mail.text.contains("agent")
            && request.verification == "mail"
            && status.verified_by.as_deref() == Some("mail"),
        format!(
            "points that the agent knows prove nothing; verified by {}",
            status.verified_by.as_deref().unwrap_or("nothing")
        ),
    );
    let stops = world.ask(NAME, &json!({ "type": "do-not-sell-or-share", "subject": who, "residence": "US-CA" }))?;
    let outcome = world.decided(&stops)?.outcome.unwrap_or_else(|| "undecided".to_owned());
    ledger.check(
        "zentry.9-l",
        "an opt-out waits for no verification",
        stops.verification == "none" && outcome == "stopped",
        format!("verification: {}; {outcome} at once", stops.verification),
    );
    Ok(())
}
