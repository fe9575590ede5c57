//! Zentry: a Californian's deletion verified by two data points, a child kept out, Global Privacy
//! Control on the record.

use std::collections::BTreeSet;

use jiff::ToSpan;
use serde_json::{Value, json};
use wire::consent::ReceiptForm;

use super::{Part, yes_or, zoned};
use crate::{
    client::Call,
    table::Ledger,
    trouble::{Played, Trouble},
    world::{Kept, World, record, subject},
};

const NAME: &str = "zentry";

/// What Zentry’s scenario shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.9-m"], promise: "a deletion request is verified by two points", run: deletion },
    Part { clauses: &["zentry.5-a"], promise: "nobody under 13 is registered", run: child },
    Part { clauses: &["zentry.9-s"], promise: "Global Privacy Control is on the record", run: privacy_control },
];

fn user(world: &World, name: &str) -> Played<(Value, Kept)> {
    let who = subject("mail", &world.address(name));
    let fields = json!({
        "name": "Ada Example", "email": world.address(name), "phone": "+14085550100", "employer": "Example Inc.",
    });
    let locator = format!("user/{name}/{}", world.run);
    let kept = world.keep(NAME, &record(world.start, &who, "zta-user", "service.provide", &locator, &fields))?;
    Ok((who, kept))
}

fn deletion(world: &World, ledger: &mut Ledger) -> Played {
    let path = format!("/{NAME}/v1/requests");
    let form = |who: &Value, points: Value| json!({ "type": "erasure", "subject": who, "points": points, "residence": "US-CA" });

    let (known, record) = user(world, "resident")?;
    let leaf =
        world.stored(&record)?.and_then(|item| item.leaf()).ok_or_else(|| Trouble::new("the record has no salt"))?;
    // Points match in any spelling of case and blanks.
    let points = json!({ "phone": "+14085550100", "employer": " example  INC." });
    let request = world.ask(NAME, &form(&known, points))?;
    let received = request.received_at.parse().map_err(Trouble::because("received_at"))?;
    let last_day =
        zoned(received, "America/Los_Angeles")?.date().checked_add(45.days()).map_err(Trouble::because("45 days"))?;
    ledger.check(
        "11 CCR 7021(b)",
        "a Californian is answered within 45 days",
        request.due_date == last_day.to_string() && request.due_by.starts_with("11 CCR 7021"),
        format!("received {received}, last day {} ({})", request.due_date, request.due_by),
    );
    let status = world.decided(&request)?;
    let is_gone = world.stored(&record)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &leaf)?) } else { None };
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

    let (other, record) = user(world, "target")?;
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

fn child(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("child"));
    let path = format!("/{NAME}/v1/consents");
    let refused = world.post(
        &path,
        &json!({ "subject": who, "purposes": { "marketing": "given" }, "notice": "2022-12-11", "age": 12 }),
    )?;
    let locator = format!("child/{}", world.run);
    let mut registration =
        record(world.start, &who, "website-personal", "service.provide", &locator, &json!({ "name": "Bob" }));
    registration["age"] = json!(12);
    let registered = world.register(NAME, &[registration])?;
    let registered = registered.first().map_or("no result", |result| result.result.as_str());
    // A withdrawal needs no age, so its receipt can name the partition in which nothing may stand.
    let withdrawn = world.post(&path, &json!({ "subject": who, "purposes": { "marketing": "withdrawn" } }))?;
    let receipt: ReceiptForm = withdrawn.expect(&[201])?.json()?;
    let reference = receipt.token.split('~').nth(2).ok_or_else(|| Trouble::new("the token names no subject"))?;
    let items = world.cloud.items(&format!("C#{NAME}#S#{reference}"))?;
    let others = items.iter().filter(|item| !item.sort_key().ends_with(&receipt.record_id)).count();
    ledger.check(
        "zentry.5-a",
        "nobody under 13 is registered, and nothing of them is written",
        (400..500).contains(&refused.status) && registered == "refused" && others == 0,
        format!("consent {}; record {registered}; {others} items stored", refused.said()),
    );
    Ok(())
}

fn privacy_control(world: &World, ledger: &mut Ledger) -> Played {
    let form = json!({
        "subject": subject("cookie", &world.name("browser")), "purposes": { "third-party-direct-marketing": "refused" },
        "notice": "2022-12-11", "age": 40,
    });
    let call = Call::new("POST", world.api(&format!("/{NAME}/v1/consents"))).with("sec-gpc", "1").json(&form);
    let receipt: ReceiptForm = world.client.send(&call)?.expect(&[201])?.json()?;
    let without = world.post(&format!("/{NAME}/v1/consents"), &form)?.expect(&[200, 201])?.json::<ReceiptForm>()?;
    ledger.check(
        "zentry.9-s",
        "Global Privacy Control is recorded as the browser sent it",
        receipt.sec_gpc == "1" && without.sec_gpc == "0-absent",
        format!("with the header {}, without it {}", receipt.sec_gpc, without.sec_gpc),
    );
    Ok(())
}
