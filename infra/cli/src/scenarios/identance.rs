//! Identance: a newsletter by consent, an application erased on request, and a breach.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::{
    breach::{AlertsAnswer, BreachAnswer},
    consent::{ConsentStateForm, ReceiptForm},
};

use super::{Part, yes_or};
use crate::{
    client::Call,
    clock,
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger, wait_for},
};

const NAME: &str = "identance";

/// What Identance’s scenario shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["identance.4-b", "identance.4-c"], promise: "the newsletter rests on consent", run: newsletter },
    Part {
        clauses: &["identance.6-e", "identance.1-d", "identance.16-d"],
        promise: "an application is erased on request",
        run: application,
    },
    Part { clauses: &["identance.7-g", "identance.7-h"], promise: "people are told of a breach", run: breach },
];

fn newsletter(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reader");
    let who = subject("mail", &address);
    let path = format!("/{NAME}/v1/consents");
    let given = world.post(
        &path,
        &json!({ "subject": who, "purposes": { "newsletter": "given" }, "notice": "undated-1", "age": 30 }),
    )?;
    let given: ReceiptForm = given.expect(&[201])?.json()?;
    let choice = given.purposes.get("newsletter").map_or("nothing", String::as_str);
    ledger.check(
        "identance.4-b",
        "a subscription is a consent, recorded with its notice",
        choice == "given" && given.privacy_notice == "undated-1",
        format!("newsletter {choice}, notice {}", given.privacy_notice),
    );
    let locator = format!("newsletter/{}", world.run);
    let kept = world
        .keep(NAME, &record(world.start, &who, "newsletter", "newsletter", &locator, &json!({ "email": address })))?;

    let withdrawn = world.post(&path, &json!({ "subject": who, "purposes": { "newsletter": "withdrawn" } }))?;
    let withdrawn: ReceiptForm = withdrawn.expect(&[201])?.json()?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", given.token));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let now = state.purposes.get("newsletter").map_or("nothing", |state| state.state.as_str());
    ledger.check(
        "identance.4-c",
        "it is withdrawn at any time, with less than it took to give it",
        now == "withdrawn",
        format!("without notice or age; newsletter {now} at once"),
    );
    let at: Timestamp = withdrawn.event_time.parse().map_err(Trouble::because("event_time"))?;
    let item = world.due(&kept, at)?;
    let leaf = item.leaf().ok_or_else(|| Trouble::new("the record has no salt"))?;
    world.sweep(at)?;
    let is_gone = world.stored(&kept)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &leaf)?) } else { None };
    ledger.proved(
        "identance.4-c",
        "the address that rested on the consent goes with it",
        is_gone,
        yes_or(is_gone, "deleted by the next sweep", "STILL THERE"),
        evidence,
    );
    Ok(())
}

fn application(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("candidate");
    let who = subject("mail", &address);
    let locator = |what: &str| format!("{what}/{}", world.run);
    let cv = record(world.start, &who, "cv", "recruitment.assess", &locator("cv"), &json!({ "name": "Ada Example" }));
    let cv = world.keep(NAME, &cv)?;
    let billing =
        record(world.start, &who, "billing", "billing", &locator("invoice"), &json!({ "invoice_number": "1" }));
    let billing = world.keep(NAME, &billing)?;
    let leaf = world.stored(&cv)?.and_then(|item| item.leaf()).ok_or_else(|| Trouble::new("the record has no salt"))?;

    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    let waiting = world.status(&request)?.status;
    let untouched = world.stored(&cv)?.is_some();
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    ledger.check(
        "identance.6-e",
        "nothing is erased before the mailbox is verified",
        waiting == "awaiting-verification" && untouched && status.verified_by.as_deref() == Some("mail"),
        format!("first {waiting}, then verified by {}", status.verified_by.as_deref().unwrap_or("nothing")),
    );
    let item = |category: &str| status.items.iter().find(|item| item.category == category);
    let erased = item("cv").is_some_and(|item| item.result == "erased");
    let is_gone = world.stored(&cv)?.is_none();
    let proved = world.evidence(NAME, &leaf)?;
    let told = item("cv").and_then(|item| item.evidence.clone());
    ledger.proved(
        "identance.6-e",
        "a CV is erased on request",
        erased && is_gone && told.as_deref() == Some(proved.as_str()),
        format!("told: {}; {}", yes_or(erased, "erased", "NOT ERASED"), yes_or(is_gone, "gone", "STILL THERE")),
        told,
    );
    let kept = item("billing");
    let reason = kept.and_then(|item| item.reason.as_deref()).unwrap_or("no reason");
    let is_there = world.stored(&billing)?.is_some();
    let clause = kept.and_then(|item| item.clause.as_deref());
    ledger.check(
        "identance.1-d",
        "what the law makes Identance keep stays, and the person is told why",
        is_there && clause == Some("identance.1-d"),
        format!("billing kept: {reason}"),
    );
    let mail = world.mail_to(&address, "billing: kept")?;
    ledger.check(
        "identance.16-d",
        "the answer comes by mail, item by item",
        mail.text.contains("cv: erased") && mail.text.contains(&request.request_id),
        "one mail names both items and where to complain".to_owned(),
    );
    Ok(())
}

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
    let form = json!({
        "aware_at": aware.to_string(),
        "exposed_from": world.after(SignedDuration::from_hours(-1)).to_string(),
        "exposed_to": clock::now().to_string(),
        "categories": ["contact"],
        "attempt_only": true,
        "high_risk": false,
        "description": format!("Somebody tried passwords against our customer database (drill {}).", world.run),
        "advice": "Change your password if you use it elsewhere.",
    });
    let path = format!("/{NAME}/v1/breaches");
    let anonymous = world.post(&path, &form)?.status;
    let foreign = world.post_as_staff(&path, "breach:write", "zentry", &form)?.status;
    ledger.check(
        "GDPR Art. 32(1)(b)",
        "only Identance's own staff declare its breaches",
        (anonymous, foreign) == (401, 403),
        format!("without a token {anonymous}, with another controller's {foreign}"),
    );
    let declared: BreachAnswer = world.post_as_staff(&path, "breach:write", NAME, &form)?.expect(&[201])?.json()?;
    let due: Timestamp = declared.authority_due_before.parse().map_err(Trouble::because("authority_due_before"))?;
    let hours = due.duration_since(aware).as_hours();
    ledger.check(
        "GDPR Art. 33(1)",
        "the authority must know within 72 hours of awareness",
        due == world.after(SignedDuration::from_hours(72)),
        format!("aware at {aware}, due before {due}: {hours} hours"),
    );
    let mail = world.mail_to(&address, &world.run)?;
    ledger.check(
        "identance.7-g",
        "people are told even of an attempt, directly",
        declared.tell_subjects && mail.text.contains("tried to reach"),
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
    let notified = json!({ "notified_at": clock::now().to_string(), "reference": format!("drill-{}", world.run) });
    let path = format!("{path}/{}/authority", declared.breach_id);
    let recorded: BreachAnswer = world.post_as_staff(&path, "breach:write", NAME, &notified)?.expect(&[200])?.json()?;
    let recorded_at = recorded.authority_notified_at.unwrap_or_else(|| "never".to_owned());
    ledger.check(
        "GDPR Art. 33(1)",
        "the notification of the authority is recorded with its reference",
        recorded.authority_reference.as_deref() == notified["reference"].as_str(),
        format!("notified at {recorded_at}"),
    );
    // The next run's breach must not tell the people of this one.
    let ended = clock::this_second();
    world.register(
        NAME,
        &[trigger(ended, &reachable, "service.ended"), trigger(ended, &unreachable, "service.ended")],
    )?;
    world.sweep(ended)
}
