//! What people are told of changes of the policy, and how; whom they ask.

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};
use wire::{
    consent::ReceiptForm,
    notice::{ChangeAnswer, NoticesAnswer},
};

use super::{
    MAILBOX, NAME,
    steps::{ZONE, adult},
};
use crate::{
    client::{Answer, Call},
    clock,
    scenarios::{
        Part,
        acts::{choose, chosen, disclose, disclosure, may_use, problem, registered},
        later,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["identance.11-j", "identance.20-a"],
        promise: "a change is told thirty days before, and a consent belongs to its notice",
        run: change,
    },
    Part { clauses: &["identance.20-b"], promise: "no new service comes before its policy", run: new_service },
    Part { clauses: &["identance.20-c"], promise: "using a service is no consent", run: use_is_no_consent },
    Part { clauses: &["identance.21-a", "identance.21-c"], promise: "there is somebody to ask", run: contacts },
];

/// The only consent that a change of a run asks for again: nothing else that is played depends on it at
/// the time, a month ahead, from which the change counts.
const ASKED_AGAIN: &str = "newsletter.partner-promotions";

fn notice(version: &str, more: Value) -> Value {
    let mut form = json!({
        "version": version, "language": "en", "text_sha256": "0".repeat(64),
        "url": "https://identance.com/privacy", "significance": "significant",
        "summary": "A provider joins the table, and partners' mails are asked for anew.",
        "new_recipients": ["service-provider"], "ask_again": [ASKED_AGAIN],
    });
    if let (Value::Object(form), Value::Object(more)) = (&mut form, more) {
        for (name, value) in more {
            // What is set to nothing is left out.
            if value.is_null() {
                form.remove(&name);
            } else {
                form.insert(name, value);
            }
        }
    }
    form
}

fn publish(world: &World, form: &Value) -> Played<Answer> {
    world.post_as_staff(&format!("/{NAME}/v1/notices"), "notices:write", NAME, form)
}

/// The place that a refused form has to be mended at.
fn pointer(answer: &Answer) -> Played<String> {
    let problem: Value = answer.json()?;
    Ok(problem["pointer"].as_str().unwrap_or("nowhere").to_owned())
}

fn change(world: &World, ledger: &mut Ledger) -> Played {
    let version = format!("played-{}", world.run);
    let address = world.address("notified");
    let who = subject("mail", &address);
    // A consent keeps no address: who is to be written to has a record.
    let fields = json!({ "name": "Ada Example", "email": address });
    let locator = format!("notified/{}", world.run);
    world.keep(NAME, &record(world.start, &who, "contact", "service-delivery", &locator, &fields))?;
    let both = [(ASKED_AGAIN, "given"), ("newsletter", "given")];
    let given: ReceiptForm = chosen(world, NAME, &who, &both, adult())?;

    let at = |days: i64| world.after(SignedDuration::from_hours(24 * days)).to_string();
    let refused = [
        ("/effective_at", json!({ "effective_at": at(29) })),
        ("/effective_at", json!({ "effective_at": at(-1) })),
        ("/ask_again", json!({ "ask_again": null })),
    ];
    let mut said = Vec::new();
    for (place, more) in refused {
        let answer = publish(world, &notice(&version, more))?;
        said.push((answer.status == 422 && pointer(&answer)? == place, answer.said()));
    }
    ledger.check(
        "identance.20-a",
        "no change counts sooner than thirty days, nor for the past, nor without saying which consents it touches",
        said.iter().all(|(as_expected, _)| *as_expected),
        said.iter().map(|(_, said)| said.as_str()).collect::<Vec<_>>().join("; "),
    );

    // Called wording, and none: a consent that is asked for again is felt.
    let form = notice(&version, json!({ "significance": "editorial" }));
    let answer: ChangeAnswer = publish(world, &form)?.expect(&[201])?.json()?;
    let published: Timestamp = answer.published_at.parse().map_err(Trouble::because("published_at"))?;
    let effective: Timestamp = answer.effective_at.parse().map_err(Trouble::because("effective_at"))?;
    let mail = world.mail_to(&address, &version)?;
    ledger.check(
        "identance.11-j",
        "a change of the recipients is told thirty days before, on the page and by mail",
        effective == later(published, 30.days(), ZONE)?
            && (answer.told_by.as_str(), answer.significance.as_str()) == ("mail-and-page", "significant")
            && mail.text.contains("Providers listed in section 11")
            && mail.text.contains("partners' products"),
        format!("published {published}, counts from {effective}; mail \"{}\"", mail.subject),
    );
    let page = Call::new("GET", world.api(&format!("/{NAME}/v1/notices")));
    let page: NoticesAnswer = world.client.send(&page)?.expect(&[200])?.json()?;
    let stands = page.notices.iter().find(|notice| notice.version == version);
    let again = publish(world, &form)?;
    let other = publish(world, &notice(&version, json!({ "summary": "Something else." })))?;
    ledger.check(
        "identance.20-a",
        "a version stands in public under its name and hash, and never changes",
        stands.is_some_and(|notice| {
            notice.text_sha256 == "0".repeat(64) && notice.new_recipients == ["service-provider"]
        }) && (again.status, other.status) == (200, 409),
        format!(
            "{} on the page; sent again {}; with another content {}",
            stands.map_or("MISSING", |notice| notice.version.as_str()),
            again.status,
            other.said()
        ),
    );
    let wording = notice(
        &format!("{version}-wording"),
        json!({
            "significance": "editorial", "ask_again": [], "new_recipients": [], "summary": "A comma.",
        }),
    );
    let wording: ChangeAnswer = publish(world, &wording)?.expect(&[201])?.json()?;
    ledger.check(
        "identance.20-a",
        "wording goes by the page alone",
        (wording.told_by.as_str(), wording.significance.as_str()) == ("page", "editorial"),
        format!("{} by {}", wording.significance, wording.told_by),
    );

    let unseen = ["2019", version.as_str()]
        .map(|notice| choose(world, NAME, &who, &[("newsletter", "given")], json!({ "notice": notice, "age": 30 })));
    let [unknown, undeployed] = unseen;
    let (unknown, undeployed) = (problem(&unknown?)?, problem(&undeployed?)?);
    ledger.check(
        "identance.20-a",
        "a consent is pinned to the notice that was shown, and taken under no other",
        given.privacy_notice == "undated-1"
            && !answer.accepted_from_forms
            && unknown == "notice-not-shown"
            && undeployed == "notice-not-shown",
        format!(
            "given under {}; an unknown version {unknown}; one that is not deployed {undeployed}",
            given.privacy_notice
        ),
    );
    let send = |purpose: &str, at: Timestamp| {
        let references = json!({ "obligations": "o 7", "processing-agreement": "p 7", "published-row": "r 7" });
        let more = json!({ "country": "FR", "references": references, "occurred_at": at.to_string() });
        disclose(world, NAME, &disclosure("service-provider", &who, &["newsletter"], purpose, more))
    };
    let (now, then, beside) =
        (send(ASKED_AGAIN, clock::now())?, send(ASKED_AGAIN, effective)?, send("newsletter", effective)?);
    ledger.check(
        "identance.20-a",
        "from then on an older consent that is asked for again counts no more, and every other one does",
        now.reason.is_none() && then.is_denied_by("consent-missing", "identance.4-d") && beside.reason.is_none(),
        format!("today {now}; from {effective} {then}; what was not touched {beside}"),
    );
    Ok(())
}

fn new_service(world: &World, ledger: &mut Ledger) -> Played {
    const NEW: &str = "service.holograms";
    let who = subject("mail", &world.address("early-adopter"));
    let used = may_use(world, NAME, &who, NEW, json!({}))?;
    let event =
        record(clock::now(), &who, "contact", NEW, &format!("hologram/{}", world.run), &json!({ "name": "Ada" }));
    let kept = registered(world, NAME, &event)?;
    let agreed = choose(world, NAME, &who, &[(NEW, "given")], adult())?;
    ledger.check(
        "identance.20-b",
        "a new service's purpose uses, keeps and asks for nothing before the policy names it",
        used.reason.as_deref() == Some("undeclared-purpose")
            && kept.is_err()
            && agreed.problem().as_deref() == Some("unknown-purpose"),
        format!("a use {used}; a record {}; a consent {}", kept.err().unwrap_or("WRITTEN".into()), agreed.said()),
    );
    let version = format!("too-early-{}", world.run);
    let too_early = publish(world, &notice(&version, json!({ "new_purposes": [NEW], "ask_again": [] })))?;
    ledger.check(
        "identance.20-b",
        "and no notice announces it before the policy is deployed that does",
        too_early.status == 422 && pointer(&too_early)? == "/new_purposes",
        too_early.said(),
    );
    Ok(())
}

fn use_is_no_consent(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("faithful-user"));
    let fields = json!({ "name": "Ada Example" });
    let locator = format!("faithful/{}", world.run);
    world.keep(NAME, &record(world.start, &who, "contact", "service-delivery", &locator, &fields))?;
    let (service, newsletter) = (
        may_use(world, NAME, &who, "service-delivery", json!({}))?,
        may_use(world, NAME, &who, "newsletter", json!({}))?,
    );
    let form = adult();
    let by_use = choose(world, NAME, &who, &[("service-delivery", "given")], form.clone())?;
    ledger.check(
        "identance.20-c",
        "who uses a service has agreed to nothing by it, and is asked for no consent to the service itself",
        service.is_allowed_by("identance.0-p")
            && newsletter.is_denied_by("consent-missing", "identance.4-b")
            && by_use.problem().as_deref() == Some("not-by-consent"),
        format!("the service {service}; a newsletter {newsletter}; a \"consent\" to the service {}", by_use.said()),
    );
    chosen(world, NAME, &who, &[("newsletter", "given")], form)?;
    world.register(NAME, &[trigger(clock::now(), &who, "service.ended")])?;
    let after = may_use(world, NAME, &who, "newsletter", json!({}))?;
    ledger.check(
        "identance.20-c",
        "who stops using it has withdrawn nothing by that",
        after.is_allowed_by("identance.4-b"),
        format!("a newsletter that was agreed to: {after}"),
    );
    Ok(())
}

fn contacts(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("curious");
    let request = world.ask(NAME, &json!({ "type": "information", "subject": subject("mail", &address) }))?;
    let mail = world.mail_to(&address, &request.request_id)?;
    ledger.check(
        "identance.21-a",
        "every answer says where to ask",
        mail.text.contains(&format!("Questions: {MAILBOX}.")),
        format!("{MAILBOX} in \"{}\"", mail.subject),
    );
    ledger.check(
        "identance.21-c",
        "and who the data protection officer is",
        mail.text.contains(&format!("Our data protection officer: {MAILBOX}.")),
        format!("{MAILBOX} in \"{}\"", mail.subject),
    );
    Ok(())
}
