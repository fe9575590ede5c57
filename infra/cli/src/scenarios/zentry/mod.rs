//! Zentry: closed lists for what it keeps, gates before whatever leaves, the rights of Europe for
//! everybody and those of California for its residents, and a notice that changes at once and never
//! backwards.

mod california;
mod changes;
mod consents;
mod data;
mod office;
mod people;
mod recipients;
mod rights;
mod transfers;
mod verification;

use serde_json::{Value, json};

use super::{
    Part,
    acts::{self, Expected, Verdict, disclose, may_use},
};
use crate::{
    client::Call,
    clock,
    table::Ledger,
    trouble::Played,
    world::{Kept, World, record, subject},
};

const NAME: &str = "zentry";

/// Milpitas, California.
const ZONE: &str = "America/Los_Angeles";

/// What Zentry’s scenario shows, theme by theme. The changes of the notice come first, while there are few
/// people to write to.
pub(super) const PARTS: &[&[Part]] = &[
    changes::PARTS,
    verification::PARTS,
    people::PARTS,
    consents::PARTS,
    data::PARTS,
    recipients::PARTS,
    transfers::PARTS,
    rights::PARTS,
    california::PARTS,
    office::PARTS,
];

// ---- what is kept

/// Somebody who is known by a mail address of this run.
fn person(world: &World, name: &str) -> Value {
    subject("mail", &world.address(name))
}

/// A record of somebody, made at the start of the run.
fn made(world: &World, who: &Value, category: &str, purpose: &str, fields: &Value) -> Value {
    let locator = format!("{category}/{purpose}/{}/{}", who["value"].as_str().unwrap_or_default(), world.run);
    record(world.start, who, category, purpose, &locator, fields)
}

/// A customer with an entry in the address book.
fn customer(world: &World, name: &str) -> Played<(Value, Kept)> {
    let who = person(world, name);
    let fields = json!({
        "name": "Ada Example", "email": world.address(name), "phone": "+14085550100", "employer": "Example Inc.",
    });
    let kept = world.keep(NAME, &made(world, &who, "contact", "service.provide", &fields))?;
    Ok((who, kept))
}

/// The points of data by which a customer can be known: two of them, or three.
fn points(count: usize) -> Value {
    let known = [("phone", "+14085550100"), ("employer", "Example Inc."), ("name", "Ada Example")];
    known.into_iter().take(count).map(|(field, value)| (field.to_owned(), json!(value))).collect()
}

/// Whether a record may be registered.
#[derive(Debug, Clone, Copy)]
enum Taken {
    /// It is.
    Yes,
    /// It is not, and the refusal names this.
    No(&'static str),
}

/// One row: which fields a category takes, or which purposes it is kept for.
fn takes(
    world: &World,
    ledger: &mut Ledger,
    (clause, promise): (&'static str, &str),
    tried: &[(&str, &str, Value, Taken)],
) -> Played {
    let who = person(world, &format!("kept-{}", clause.replace('.', "-")));
    let (mut passed, mut said) = (true, Vec::new());
    for (category, purpose, fields, expected) in tried {
        let result = acts::registered(world, NAME, &made(world, &who, category, purpose, fields))?;
        passed &= match (expected, &result) {
            (Taken::Yes, Ok(_)) => true,
            (Taken::No(named), Err(problem)) => problem.contains(named),
            _ => false,
        };
        said.push(match result {
            Ok(_) => format!("{category} for {purpose}: kept"),
            Err(problem) => format!("{category} for {purpose}: {problem}"),
        });
    }
    ledger.check(clause, promise, passed, said.join("; "));
    Ok(())
}

// ---- what is used and what leaves

/// One row of several verdicts: it passes if each is as it must be.
fn verdicts(ledger: &mut Ledger, (clause, promise): (&'static str, &str), tried: &[(&str, Verdict, Expected)]) {
    let passed = tried.iter().all(|(_, verdict, expected)| expected.is(verdict));
    let said: Vec<String> = tried.iter().map(|(what, verdict, _)| format!("{what}: {verdict}")).collect();
    ledger.check(clause, promise, passed, said.join("; "));
}

/// A disclosure to somebody in the United States, with these references; `more` replaces members.
fn sent(
    who: &Value,
    (recipient, category, purpose): (&str, &str, &str),
    references: &[(&str, &str)],
    more: Value,
) -> Value {
    let references: Value = references
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut members = json!({ "country": "US", "references": references });
    acts::merge(&mut members, more);
    acts::disclosure(recipient, who, &[category], purpose, members)
}

/// One row: disclosures that are asked for, and what must come of each.
fn gate(world: &World, ledger: &mut Ledger, head: (&'static str, &str), tried: &[(&str, Value, Expected)]) -> Played {
    let asked = tried.iter().map(|(what, form, expected)| Ok((*what, disclose(world, NAME, form)?, *expected)));
    verdicts(ledger, head, &asked.collect::<Played<Vec<_>>>()?);
    Ok(())
}

/// One row: uses of a person's data that are asked for, and what must come of each.
fn uses(
    world: &World,
    ledger: &mut Ledger,
    head: (&'static str, &str),
    who: &Value,
    tried: &[(&str, Value, Expected)],
) -> Played {
    let asked =
        tried.iter().map(|(purpose, more, expected)| Ok((*purpose, used(world, who, purpose, more)?, *expected)));
    verdicts(ledger, head, &asked.collect::<Played<Vec<_>>>()?);
    Ok(())
}

fn used(world: &World, who: &Value, purpose: &str, more: &Value) -> Played<Verdict> {
    may_use(world, NAME, who, purpose, more.clone())
}

/// Whether a person's data may be used for a purpose, with nothing more said.
fn use_now(world: &World, who: &Value, purpose: &str) -> Played<Verdict> {
    used(world, who, purpose, &json!({}))
}

/// Gives consents under the notice in force, as an adult.
fn agree(world: &World, who: &Value, purposes: &[&str]) -> Played<wire::consent::ReceiptForm> {
    let choices: Vec<_> = purposes.iter().map(|purpose| (*purpose, "given")).collect();
    acts::chosen(world, NAME, who, &choices, json!({ "notice": "2022-12-11", "age": 40 }))
}

// ---- what is answered

/// The export that a request's answer links to, by mail.
fn export(world: &World, who: &Value, request: &str) -> Played<Value> {
    let address = who["value"].as_str().unwrap_or_default();
    world.sent_on(&Call::new("GET", world.export_link(address, request)?))?.json()
}

/// The texts of a list's entries, or of one member of each.
fn texts<'a>(list: &'a Value, member: Option<&str>) -> Vec<&'a str> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(|entry| member.map_or(entry, |member| &entry[member]).as_str()).collect()
}

/// The entry of a list of which a member is this text.
fn entry<'a>(list: &'a Value, member: &str, text: &str) -> &'a Value {
    list.as_array().into_iter().flatten().find(|entry| entry[member] == json!(text)).unwrap_or(&Value::Null)
}

/// Now, as a time that a system sends.
fn now() -> String {
    clock::now().to_string()
}
