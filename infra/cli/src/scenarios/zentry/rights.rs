//! The rights of Europe, and those that section 11 gives to everybody.

use jiff::SignedDuration;
use serde_json::json;
use wire::hold::HoldAnswer;

use super::{NAME, agree, customer, export, made, person, points, texts, use_now, verdicts};
use crate::{
    scenarios::{
        Part,
        acts::{Expected, problem},
        yes_or,
    },
    table::Ledger,
    trouble::Played,
    world::World,
};

pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["zentry.7-i", "zentry.1-c", "zentry.1-d"],
        promise: "everybody sees, corrects, takes along and erases their data",
        run: europe,
    },
    Part { clauses: &["zentry.7-j", "zentry.7-l"], promise: "an objection stops what it names", run: objection },
    Part { clauses: &["zentry.7-k"], promise: "an objection to marketing is for good", run: marketing },
    Part { clauses: &["zentry.11-a", "zentry.11-b"], promise: "rights without any residence", run: everybody },
    Part { clauses: &["zentry.11-c"], promise: "holds have a listed ground and an end", run: held },
];

const ALLOWED_ANALYTICS: Expected = Expected::Allowed("zentry.2-e");

fn europe(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "european")?;
    let visited = json!({ "name": "Ada Example", "phone": "+14085550100" });
    world.keep(NAME, &made(world, &who, "website-personal", "service.provide", &visited))?;
    let log = json!({ "ip_address": "192.0.2.44", "device_name": "laptop" });
    world.keep(NAME, &made(world, &who, "log", "security", &log))?;
    let ask = |request: &str| {
        world.ask(NAME, &json!({ "type": request, "subject": who, "points": points(3), "residence": "FR" }))
    };
    let (access, portability) = (ask("access")?, ask("portability")?);
    let taken = [ask("rectification")?, ask("restriction")?, ask("erasure")?];
    let in_time = |due: &str| due.contains("GDPR Art. 12(3)");
    ledger.check(
        "zentry.7-i",
        "access, rectification, erasure, restriction and portability are taken, within a month",
        taken.iter().chain([&access, &portability]).all(|ack| ack.refused.is_none() && in_time(&ack.due_by)),
        format!("five requests taken; due {} ({})", access.due_date, access.due_by),
    );
    // The erasure among them has run by now, so another person’s file is looked at.
    let (who, _) = customer(world, "curious")?;
    let curious = world.address("curious");
    world.keep(NAME, &made(world, &who, "website-personal", "service.provide", &visited))?;
    world.keep(NAME, &made(world, &who, "log", "security", &log))?;
    let request = world.ask(NAME, &json!({ "type": "access", "subject": who, "points": points(3) }))?;
    world.decided(&request)?;
    let file = export(world, &who, &request.request_id)?;
    let request = world.ask(NAME, &json!({ "type": "portability", "subject": who }))?;
    world.confirm_by_mail(&curious, &request)?;
    world.decided(&request)?;
    let taken_along = export(world, &who, &request.request_id)?;
    let (read, carried) = (texts(&file["records"], Some("category")), texts(&taken_along["records"], Some("category")));
    ledger.check(
        "zentry.7-i",
        "the file holds everything; what is taken along rests on contract or consent",
        read.contains(&"contact") && read.contains(&"log") && carried.contains(&"contact") && !carried.contains(&"log"),
        format!("file: {}; taken along: {}", read.join(", "), carried.join(", ")),
    );
    let source = |category: &str| texts(&super::entry(&file["categories"], "category", category)["sources"], None);
    ledger.check(
        "zentry.1-c",
        "what somebody gave themselves is marked so, and can be taken along",
        source("website-personal") == ["subject"] && carried.contains(&"website-personal"),
        format!("website-personal from {}", source("website-personal").join(", ")),
    );
    ledger.check(
        "zentry.1-d",
        "what was collected automatically is marked so",
        source("log") == ["observed"] && source("contact") != ["observed"],
        format!("log from {}, contact from {}", source("log").join(", "), source("contact").join(", ")),
    );
    Ok(())
}

fn objection(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "objector");
    let seen = json!({ "service_use": "opened a file" });
    let kept = world.keep(NAME, &made(world, &who, "usage", "usage-analytics", &seen))?;
    let before = use_now(world, &who, "usage-analytics")?;
    let form = |purpose: &str| json!({ "type": "objection", "subject": who, "purposes": [purpose] });
    let request = world.ask(NAME, &form("usage-analytics"))?;
    let at_once = use_now(world, &who, "usage-analytics")?;
    let status = world.decided(&request)?;
    let contract = world.post(&format!("/{NAME}/v1/requests"), &form("service.provide"))?;
    ledger.check(
        "zentry.7-j",
        "an objection counts when it comes in, without a proof, and the office decides on it",
        before.reason.is_none()
            && at_once.reason.as_deref() == Some("objection")
            && request.verification == "none"
            && status.status == "in-progress"
            && status.stopped == ["usage-analytics"],
        format!("first {before}, then {at_once}; {}", status.status),
    );
    let code = problem(&contract)?;
    ledger.check("zentry.7-j", "a contract is not ended by it", code == "no-objection", contract.said());
    let is_there = world.stored(&kept)?.is_some();
    verdicts(
        ledger,
        ("zentry.7-l", "for that purpose nothing is processed any more; other purposes go on"),
        &[
            ("usage-analytics", use_now(world, &who, "usage-analytics")?, Expected::Denied("objection")),
            ("org-reporting", use_now(world, &who, "org-reporting")?, ALLOWED_ANALYTICS),
            ("service.provide", use_now(world, &who, "service.provide")?, Expected::Allowed("zentry.2-a")),
        ],
    );
    ledger.check(
        "zentry.7-l",
        "an objection is no erasure",
        is_there,
        yes_or(is_there, "the record is still there", "THE RECORD IS GONE"),
    );
    Ok(())
}

fn marketing(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "had-enough");
    agree(world, &who, &["marketing"])?;
    let before = use_now(world, &who, "marketing")?;
    let request = world.ask(NAME, &json!({ "type": "objection-marketing", "subject": who }))?;
    let at_once = use_now(world, &who, "marketing")?;
    let status = world.decided(&request)?;
    agree(world, &who, &["marketing"])?;
    let later = use_now(world, &who, "marketing")?;
    let stopped = Expected::Denied("objection-marketing");
    verdicts(
        ledger,
        ("zentry.7-k", "an objection to marketing is absolute, and no old form brings it back"),
        &[
            ("with a consent", before, Expected::Allowed("zentry.2-d")),
            ("after the objection", at_once, stopped),
            ("a form that is sent again", later, stopped),
        ],
    );
    ledger.check(
        "zentry.7-k",
        "nobody weighs it",
        status.outcome.as_deref() == Some("stopped") && status.status == "answered",
        format!("{}, {}", status.outcome.as_deref().unwrap_or("undecided"), status.status),
    );
    Ok(())
}

fn everybody(world: &World, ledger: &mut Ledger) -> Played {
    let (who, record) = customer(world, "anybody")?;
    let address = world.address("anybody");
    agree(world, &who, &["marketing"])?;
    let corrects = world.ask(NAME, &json!({ "type": "rectification", "subject": who }))?;
    let waiting = world.status(&corrects)?.status;
    world.confirm_by_mail(&address, &corrects)?;
    let corrected = world.decided(&corrects)?;
    let agreed = use_now(world, &who, "marketing")?;
    let deletes = world.ask(NAME, &json!({ "type": "erasure", "subject": who, "points": points(2) }))?;
    let deleted = world.decided(&deletes)?;
    let (is_gone, forgotten) = (world.stored(&record)?.is_none(), use_now(world, &who, "marketing")?);
    ledger.check(
        "zentry.11-a",
        "everybody may correct and delete, wherever they live",
        corrects.refused.is_none()
            && deletes.refused.is_none()
            && corrected.outcome.as_deref() == Some("with-office")
            && deleted.outcome.as_deref() == Some("erased"),
        format!(
            "no residence named: correction {}, deletion {}",
            corrected.outcome.as_deref().unwrap_or("undecided"),
            deleted.outcome.as_deref().unwrap_or("undecided")
        ),
    );
    ledger.check(
        "zentry.11-a",
        "a correction is the person’s own",
        waiting == "awaiting-verification" && corrected.verified_by.as_deref() == Some("mail"),
        format!("first {waiting}, then verified by {}", corrected.verified_by.as_deref().unwrap_or("nothing")),
    );
    ledger.check(
        "zentry.11-b",
        "once it is answered, the databases in use show it: the record is gone, and so are the preferences",
        is_gone && agreed.reason.is_none() && forgotten.reason.as_deref() == Some("consent-missing"),
        format!("record {}; marketing first {agreed}, then {forgotten}", yes_or(is_gone, "gone", "STILL THERE")),
    );
    Ok(())
}

fn held(world: &World, ledger: &mut Ledger) -> Played {
    let (who, record) = customer(world, "litigant")?;
    let books = made(world, &who, "financial", "payments", &json!({ "purchase_history": "3 seats" }));
    world.keep(NAME, &books)?;
    let path = format!("/{NAME}/v1/holds");
    let form = |ground: &str| {
        let review = world.after(SignedDuration::from_hours(90 * 24)).to_string();
        json!({ "subject": who, "reason": "legal-obligation", "ground": ground, "review_at": review })
    };
    let vague = world.post_as_staff(&path, "holds:write", NAME, &form("legitimate-reason"))?;
    let code = problem(&vague)?;
    ledger.check(
        "zentry.11-c",
        "\"a legitimate reason to do so\" holds nothing",
        vague.status == 422 && code == "hold-ground",
        vague.said(),
    );
    let hold: HoldAnswer =
        world.post_as_staff(&path, "holds:write", NAME, &form("legal-obligation"))?.expect(&[201])?.json()?;
    let erase = || world.ask(NAME, &json!({ "type": "erasure", "subject": who, "points": points(2) }));
    let during = world.decided(&erase()?)?;
    let kept = world.stored(&record)?.is_some();
    world.release_hold(NAME, &hold.hold_id)?;
    let after = world.decided(&erase()?)?;
    let gone = world.stored(&record)?.is_none();
    let result = |status: &wire::request::StatusForm, category: &str| {
        let item = status.items.iter().find(|item| item.category == category);
        item.map_or_else(|| "nothing".to_owned(), |item| item.result.clone())
    };
    ledger.check(
        "zentry.11-c",
        "a duty of law keeps what is to be erased while its hold lasts, and no longer",
        kept && gone && result(&during, "contact") != "erased" && result(&after, "contact") == "erased",
        format!("under the hold {}, after its release {}", result(&during, "contact"), result(&after, "contact")),
    );
    let item = after.items.iter().find(|item| item.category == "financial");
    let clause = item.and_then(|item| item.clause.as_deref()).unwrap_or("no clause");
    ledger.check(
        "zentry.11-c",
        "records of payments stay without a hold, and the person is told by which law",
        item.is_some_and(|item| {
            item.result == "kept" && item.article.as_deref().is_some_and(|law| law.contains("Art. 17(3)"))
        }) && clause == "zentry.11-c",
        format!("financial {} by {clause}", result(&after, "financial")),
    );
    Ok(())
}
