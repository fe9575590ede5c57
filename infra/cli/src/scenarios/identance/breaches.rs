//! What people and the authority are told of a breach.

use jiff::SignedDuration;
use serde_json::{Value, json};
use wire::breach::AlertsAnswer;

use super::{NAME, steps};
use crate::{
    client::Call,
    clock,
    scenarios::{Part, breaches as desk},
    table::Ledger,
    trouble::Played,
    world::{World, record, subject, trigger, wait_for},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["identance.7-g", "identance.7-h"], promise: "people are told of a breach", run: breach },
    Part { clauses: &["identance.7-f"], promise: "a breach at a recipient counts like one here", run: elsewhere },
];

fn breach(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("customer");
    let (reachable, unreachable) = (subject("mail", &address), subject("account", &world.name("unreachable")));
    let made = world.after(SignedDuration::from_mins(-10));
    let contact = |who: &Value, name: &str| {
        record(
            made,
            who,
            "contact",
            "service-delivery",
            &format!("contact/{name}/{}", world.run),
            &json!({ "name": "Ada" }),
        )
    };
    world.keep(NAME, &contact(&reachable, "a"))?;
    world.keep(NAME, &contact(&unreachable, "b"))?;

    let aware = world.start;
    let what = format!("Somebody tried passwords against our customer database (drill {}).", world.run);
    let window = (world.after(SignedDuration::from_hours(-1)), clock::now());
    let advice = "Change your password if you use it elsewhere.";
    let mut form = desk::breach(aware, window, &["contact"], (&what, advice));
    form["facts"]["attempt_only"] = json!(true);
    let path = format!("/{NAME}/v1/breaches");
    let anonymous = world.post(&path, &form)?.status;
    let foreign = world.post_as_staff(&path, "breach:write", "zentry", &form)?.status;
    ledger.check(
        "GDPR Art. 32(1)(b)",
        "only Identance's own staff declare its breaches",
        (anonymous, foreign) == (401, 403),
        format!("without a token {anonymous}, with another controller's {foreign}"),
    );
    let declared = desk::declare(world, NAME, &form)?;
    let telling = desk::act(world, NAME, &declared, &desk::tell_each())?;
    let mail = world.mail_to(&address, &world.run)?;
    ledger.check(
        "identance.7-g",
        "people are told even of an attempt, directly",
        telling.telling.is_some() && mail.text.contains("tried to reach"),
        format!("mail \"{}\"", mail.subject),
    );
    let alerts = wait_for("the public alert", || {
        let answer = world.client.send(&Call::new("GET", world.api(&format!("/{NAME}/v1/alerts"))))?;
        let alerts: AlertsAnswer = answer.expect(&[200])?.json()?;
        Ok(alerts.alerts.into_iter().find(|alert| alert.breach_id == declared.breach_id))
    })?;
    ledger.check(
        "identance.7-h",
        "who has no address is told by an alert on the website",
        alerts.description.contains(&world.run),
        format!("public since {}", alerts.published_at),
    );
    // The next run's breach must not tell the people of this one.
    let ended = clock::this_second();
    world.register(
        NAME,
        &[trigger(ended, &reachable, "service.ended"), trigger(ended, &unreachable, "service.ended")],
    )?;
    world.sweep(ended)
}

fn elsewhere(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.7-f";
    let (address, spared) = (world.address("entrusted"), world.address("spared"));
    let who = subject("mail", &address);
    steps::keep(world, &who, ("cv", "recruitment.assess"), &json!({ "name": "Ada" }))?;
    let other = subject("mail", &spared);
    steps::keep(world, &other, ("contact", "service-delivery"), &json!({ "name": "Bob" }))?;
    // The provider found it a day before it told Identance, whose own clock starts then.
    let told = clock::this_second();
    let what = format!("A provider of ours lost applications (drill elsewhere-{}).", world.run);
    let window = (world.after(SignedDuration::from_hours(-1)), clock::now());
    let form = desk::breach(told, window, &["cv"], (&what, "Nothing needs to be done."));
    let declared = desk::declare(world, NAME, &form)?;
    desk::act(world, NAME, &declared, &desk::tell_each())?;
    let due = desk::authority_by(&declared, "eu-gdpr")?;
    let hours = due.duration_since(told).as_hours();
    ledger.check(
        CLAUSE,
        "the 72 hours run from when the provider told of it",
        due.duration_since(told) == SignedDuration::from_hours(72),
        format!("told at {told}, the authority must know before {due}: {hours} hours"),
    );
    let holding = format!("elsewhere-{}", world.run);
    let mail = world.mail_to(&address, &holding)?;
    ledger.check(
        CLAUSE,
        "people are told of it by Identance itself",
        mail.text.contains("A provider of ours"),
        format!("mail \"{}\"", mail.subject),
    );
    let counts = wait_for("everybody to be told", || {
        let breach = desk::look(world, NAME, &declared.breach_id)?;
        Ok(breach.notices.filter(|notices| notices.planned + notices.claimed == 0 && notices.sent > 0))
    })?;
    let misled = world.mails_to(&spared, &holding)?.len();
    ledger.check(
        CLAUSE,
        "and nobody whose data was not there",
        misled == 0,
        format!("{} told by mail; to somebody whose data is elsewhere: {misled}", counts.sent),
    );
    // The next run's breach must not tell the people of this one.
    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    world.confirm_by_mail(&address, &request)?;
    world.decided(&request)?;
    let ended = clock::this_second();
    world.register(NAME, &[trigger(ended, &other, "service.ended")])?;
    world.sweep(ended)
}
