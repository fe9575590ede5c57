//! What the office makes of what people ask: corrections, the same asked twice, objections, what it stops.

use serde_json::{Value, json};
use wire::stored::export::Export;

use super::{NAME, confirmed, export, keep, made, person};
use crate::{
    scenarios::{
        Part,
        acts::may_use,
        desk::{brought, clerk, decided, letter_said, missing, refusal},
    },
    table::Ledger,
    trouble::Played,
    world::World,
};

pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["stationdb.2-l", "stationdb.1-e"],
        promise: "the same asked twice is put right once, for both",
        run: merged,
    },
    Part { clauses: &["stationdb.2-o"], promise: "an objection that is upheld holds", run: upheld },
    Part { clauses: &["stationdb.5-c"], promise: "whoever gets in touch reaches people, by name", run: scopes },
];

fn correction(who: &Value) -> Value {
    json!({ "type": "rectification", "subject": who, "corrections": { "first_name": "Augusta" } })
}

fn merged(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "augusta");
    keep(world, &made(world, &who, "account", "account.provide", "augusta", json!({ "first_name": "Ada" })))?;
    let (first, _) = brought(world, NAME, &address, &correction(&who))?;
    let (second, _) = brought(world, NAME, &address, &correction(&who))?;
    let office = clerk(world, NAME, "joiner");
    let (_, other) = person(world, "namesake");
    let others = world.ask(NAME, &correction(&other))?;
    let merge = |into: &str| json!({ "action": "merge", "into": into });
    let foreign = office.tries(&others.request_id, &merge(&first.request_id))?;
    let joined = office.does(&second.request_id, &merge(&first.request_id))?.case;
    let status = world.closed(&second)?;
    ledger.check(
        "stationdb.2-l",
        "the same asked twice by one person is joined; another person’s is not",
        status.status == "merged"
            && joined.merged_into.as_deref() == Some(first.request_id.as_str())
            && foreign.problem().as_deref() == Some("not-mergeable"),
        format!("{}; another person’s: {}", status.status, refusal(&foreign)),
    );
    let closing = world.mail_to(&address, "asked for the same before")?;
    let lacking = missing(&closing, &[&first.request_id, &second.request_id]);
    ledger.check(
        "stationdb.2-l",
        "they are told under which number both are answered",
        lacking.is_empty(),
        letter_said(&lacking),
    );
    let status = decided(world, &office, &first, json!({ "ruling": "approve" }))?;
    let (request, _) = confirmed(world, &address, "access", &who)?;
    let file: Export = export(world, &address, &request, "")?.json()?;
    let name = file.records.iter().find(|record| record.category == "account");
    let name = name.and_then(|record| record.fields.get("first_name")).map_or("NOTHING", String::as_str);
    ledger.check(
        "stationdb.1-e",
        "what was wrong is up to date once it is answered",
        status.outcome.as_deref() == Some("corrected") && name == "Augusta",
        format!("{}; the copy says {name}", status.outcome.as_deref().unwrap_or("undecided")),
    );
    Ok(())
}

fn upheld(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "heard");
    let of = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    let form = json!({ "type": "objection", "subject": who, "purposes": ["debugging"] });
    let (request, _) = brought(world, NAME, &address, &form)?;
    let status = decided(world, &clerk(world, NAME, "listener"), &request, json!({ "ruling": "approve" }))?;
    let (after, beside) = (of("debugging")?, of("product.development")?);
    ledger.check(
        "stationdb.2-o",
        "what the office upholds stays stopped, and nothing beside it",
        after.is_denied_by("objection", "stationdb.2-o")
            && beside.reason.is_none()
            && status.status == "answered"
            && status.stopped == ["debugging"],
        format!("{}; debugging {after}; product.development {beside}", status.status),
    );
    Ok(())
}

/// A token opens what its scopes say, and shows the person to whoever may read.
fn scopes(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "shielded");
    let (request, _) = brought(world, NAME, &address, &json!({ "type": "restriction", "subject": who }))?;
    let id = &request.request_id;
    let reader = clerk(world, NAME, "reader").with_scopes("requests:read");
    let writer = clerk(world, NAME, "writer").with_scopes("requests:write");
    let seen = reader.look(id)?;
    let is_shown = seen.case.subject.as_ref().is_some_and(|subject| subject.value == address);
    let decides = writer.act(&seen, &json!({ "action": "decide", "ruling": "approve" }))?;
    let claims = reader.act(&seen, &json!({ "action": "claim" }))?;
    let stranger = world.as_clerk("scantrust", "stranger").look_at(id)?;
    ledger.check(
        "GDPR Art. 32(4)",
        "whoever may read sees who asks; deciding needs another scope, and another office sees nothing",
        is_shown && (decides.status, claims.status, stranger.status) == (403, 403, 404),
        format!(
            "a reader claims: {}; a writer decides: {}; another controller’s clerk looks: {}",
            claims.status, decides.status, stranger.status
        ),
    );
    let note = writer.act(&seen, &json!({ "action": "note", "text": "Called back." }))?;
    let noted = reader.look(id)?.case;
    let last = noted.history.last();
    ledger.check(
        "stationdb.5-c",
        "every step is on record with who took it, and hidden from whoever may not read",
        note.status == 200
            && !note.text().contains("Called back.")
            && !note.text().contains(&address)
            && last.is_some_and(|entry| {
                entry.act == "noted"
                    && entry.who.as_deref() == Some(writer.name())
                    && entry.text.as_deref() == Some("Called back.")
            }),
        last.map_or_else(|| "NOTHING ON RECORD".to_owned(), |entry| format!("{} by {}", entry.act, entry.by)),
    );
    Ok(())
}
