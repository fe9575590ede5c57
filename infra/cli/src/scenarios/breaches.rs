//! What staff do about a breach.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::breach::{BreachAnswer, ClockForm};

use crate::{
    client::{Answer, Call},
    table::Ledger,
    trouble::{Played, Trouble},
    world::World,
};

/// A breach as it is declared: known since then, of these categories, told in these words.
pub(super) fn breach(
    aware: Timestamp,
    window: (Timestamp, Timestamp),
    categories: &[&str],
    (description, advice): (&str, &str),
) -> Value {
    json!({
        "title": "A drill",
        "times": { "aware": aware.to_string() },
        "facts": {
            "exposed_from": window.0.to_string(),
            "exposed_to": window.1.to_string(),
            "scope": { "categories": categories },
            "texts": { "en": { "description": description, "advice": advice } },
        },
    })
}

/// The decision that each of the people is told.
pub(super) fn tell_each() -> Value {
    json!({ "act": "decided", "authority": true, "people": "told", "reason": "A drill." })
}

/// Declares a breach.
pub(super) fn declare(world: &World, controller: &str, form: &Value) -> Played<BreachAnswer> {
    let path = format!("/{controller}/v1/breaches");
    world.post_as_staff(&path, "breach:write", controller, form)?.expect(&[201])?.json()
}

/// Does something about a breach as it stands, and answers it as it stands then.
pub(super) fn act(world: &World, controller: &str, breach: &BreachAnswer, act: &Value) -> Played<BreachAnswer> {
    let reply = try_to(world, controller, &breach.breach_id, breach.version, act)?;
    reply.expect(&[200])?.json()
}

/// The same, whatever comes of it.
pub(super) fn try_to(world: &World, controller: &str, id: &str, version: u32, act: &Value) -> Played<Answer> {
    let bearer = format!("Bearer {}", world.token("breach:write", controller)?);
    let call = Call::new("POST", world.api(&format!("/{controller}/v1/breaches/{id}/entries")));
    let call = call.json(act).with("authorization", bearer).with("if-match", format!("\"{version}\""));
    world.client.send(&call)
}

/// A breach as it stands.
pub(super) fn look(world: &World, controller: &str, id: &str) -> Played<BreachAnswer> {
    let bearer = format!("Bearer {}", world.token("breach:write", controller)?);
    let call = Call::new("GET", world.api(&format!("/{controller}/v1/breaches/{id}")));
    world.client.send(&call.with("authorization", bearer))?.expect(&[200])?.json()
}

/// Shows that the law's own clocks run where a text promises nothing: the authority's by 72 hours, the people's beside
/// it, and none of a processor.
///
/// # Errors
/// If a breach can't be declared or has no such clock.
pub(super) fn law_alone(
    world: &World,
    ledger: &mut Ledger,
    controller: &str,
    clause: &'static str,
    (category, law): (&str, &str),
) -> Played {
    let what = format!("An old copy was found (drill floor-{}).", world.run);
    let declared = declare(world, controller, &breach(world.start, long_ago()?, &[category], (&what, "Nothing.")))?;
    let due = authority_by(&declared, law)?;
    let owed = owed(&declared, law);
    ledger.check(
        clause,
        "the text promises no notice of a breach, and the law's clocks run all the same",
        due == world.after(SignedDuration::from_hours(72))
            && ["authority", "subjects"].iter().all(|duty| owed.contains(duty))
            && !owed.contains(&"controller"),
        format!("{law}: the authority before {due}; owed: {}", owed.join(", ")),
    );
    Ok(())
}

/// What a law asks for that is not done yet.
pub(super) fn owed<'a>(breach: &'a BreachAnswer, law: &str) -> Vec<&'a str> {
    let open = |clock: &&ClockForm| clock.law == law && matches!(clock.standing.as_str(), "running" | "waiting");
    breach.clocks.iter().filter(open).map(|clock| clock.duty.as_str()).collect()
}

/// A day of long ago, at which nobody who is on record had anything here.
pub(super) fn long_ago() -> Played<(Timestamp, Timestamp)> {
    let day = |day: &str| day.parse().map_err(Trouble::because("a day of long ago"));
    Ok((day("2011-03-01T00:00:00Z")?, day("2011-03-02T00:00:00Z")?))
}

/// One of its clocks.
pub(super) fn clock<'a>(breach: &'a BreachAnswer, law: &str, duty: &str) -> Played<&'a ClockForm> {
    let clock = breach.clocks.iter().find(|clock| clock.law == law && clock.duty == duty);
    clock.ok_or_else(|| Trouble::new("a breach has no such clock"))
}

/// By when the authority must know under a law.
pub(super) fn authority_by(breach: &BreachAnswer, law: &str) -> Played<Timestamp> {
    let due = clock(breach, law, "authority")?.due_before.as_deref().unwrap_or_default();
    due.parse().map_err(Trouble::because("due_before"))
}
