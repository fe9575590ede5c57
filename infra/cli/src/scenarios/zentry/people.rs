//! Who is taken: nobody under 13, children of Europe with a guardian, whoever is located there; and for
//! which services Zentry decides itself.

use serde_json::{Value, json};
use wire::consent::ReceiptForm;

use super::{NAME, agree, customer, gate, made, person, points, sent, use_now};
use crate::{
    scenarios::{
        Part,
        acts::{Expected, choose, problem},
        breaches,
        held::information,
        yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject},
};

const CONTACT: &str = "support@zentrysecurity.com";

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.5-a", "zentry.5-b"], promise: "nobody under 13 is registered", run: child },
    Part { clauses: &["zentry.5-c"], promise: "a parent’s report deletes, and tells nothing", run: parent },
    Part {
        clauses: &["zentry.0-d", "zentry.6-a", "zentry.6-e"],
        promise: "Europe’s rights are for whoever is located there",
        run: located,
    },
    Part { clauses: &["zentry.6-c"], promise: "a breach of ZTA is told to the organization", run: processor },
    Part {
        clauses: &["zentry.6-b", "zentry.6-c", "zentry.6-d", "zentry.7-m", "zentry.7-o", "zentry.12-a"],
        promise: "requests go to whoever decides",
        run: services,
    },
    Part {
        clauses: &["zentry.7-m", "zentry.12-a", "zentry.12-b"],
        promise: "whoever asks learns every way to reach the office",
        run: office,
    },
];

/// The two mail addresses that the text names, and the postal one.
fn office(world: &World, ledger: &mut Ledger) -> Played {
    let (_, told) = information(world, NAME, &world.address("letter-writer"))?;
    let office = told.facts.office.ok_or_else(|| Trouble::new("the answer names no office"))?;
    let mails = office.mails.join(", ");
    let has = |address: &str| office.mails.iter().any(|mail| mail == address);
    ledger.check("zentry.12-a", "the address of section 12 is the office's", has(CONTACT), mails.clone());
    ledger.check("zentry.7-m", "the address of section 7 is the office's too", has("support@zentry.com"), mails);
    let post = office.post.unwrap_or_else(|| "no postal address".to_owned());
    ledger.check("zentry.12-b", "a letter can be written to it", post.contains("1371 McCarthy Blvd."), post);
    Ok(())
}

fn child(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "child");
    let form = |age: u8, country: &str| json!({ "notice": "2022-12-11", "age": age, "country": country });
    let consent = |who: &Value, age, country| choose(world, NAME, who, &[("marketing", "given")], form(age, country));
    let refused = consent(&who, 12, "US")?;
    let mut vouched = form(12, "US");
    vouched["guardian"] = json!({ "mail": world.address("parent-of-child") });
    let with_parent = choose(world, NAME, &who, &[("marketing", "given")], vouched)?;
    let thirteen = consent(&person(world, "thirteen"), 13, "US")?;
    ledger.check(
        "zentry.5-a",
        "nobody under 13 is taken, whoever agrees; the thirteenth birthday is old enough",
        [refused.status, with_parent.status, thirteen.status] == [403, 403, 201]
            && problem(&refused)? == "too-young"
            && problem(&with_parent)? == "too-young",
        format!("at 12 {}, with a parent {}, at 13 {}", refused.said(), with_parent.status, thirteen.said()),
    );
    let guarded = [("FR", 14), ("DE", 15)].map(|(country, age)| (country, age, consent(&who, age, country)));
    let old_enough = consent(&person(world, "french"), 15, "FR")?;
    let (mut passed, mut said) = (old_enough.status == 201, vec![format!("15 in FR: {}", old_enough.said())]);
    for (country, age, answer) in guarded {
        let answer = answer?;
        passed &= answer.status == 403 && problem(&answer)? == "guardian-needed";
        said.push(format!("{age} in {country}: {}", answer.said()));
    }
    ledger.check("zentry.5-a", "from 13 to the age of their country a guardian consents", passed, said.join("; "));

    let mut registration = made(world, &who, "website-personal", "service.provide", &json!({ "name": "Bob" }));
    registration["age"] = json!(12);
    // The word of a system that a parent agreed does not help either.
    let mut by_parent = registration.clone();
    by_parent["guardian"] = json!(true);
    let results = world.register(NAME, &[registration, by_parent])?;
    // A withdrawal needs no age, so its receipt can name the partition in which nothing may stand.
    let withdrawn = choose(world, NAME, &who, &[("marketing", "withdrawn")], json!({}))?;
    let receipt: ReceiptForm = withdrawn.expect(&[201])?.json()?;
    let reference = receipt.token.split('~').nth(2).ok_or_else(|| Trouble::new("the token names no subject"))?;
    let items = world.cloud.items(&format!("C#{NAME}#S#{reference}"))?;
    // The withdrawal itself, and the event that it raises.
    let ours = |key: &str| key.ends_with(&receipt.record_id) || key.starts_with("TRIGGER#consent.withdrawn");
    let others = items.iter().filter(|item| !ours(item.sort_key())).count();
    ledger.check(
        "zentry.5-b",
        "what is known to be of a child under 13 is refused, and nothing of it is written",
        results.iter().all(|result| result.result == "refused") && others == 0,
        format!("records {}, {}; {others} items stored", results[0].result, results[1].result),
    );
    Ok(())
}

fn parent(world: &World, ledger: &mut Ledger) -> Played {
    let (who, record) = customer(world, "found-child")?;
    let form =
        |request: &str| json!({ "type": request, "subject": who, "points": points(3), "acting": { "as": "guardian" } });
    let nosy = world.post(&format!("/{NAME}/v1/requests"), &form("access"))?;
    let code = problem(&nosy)?;
    let request = world.ask(NAME, &form("erasure"))?;
    let status = world.decided(&request)?;
    let is_gone = world.stored(&record)?.is_none();
    ledger.check(
        "zentry.5-c",
        "a parent’s report deletes what a child gave",
        is_gone && status.outcome.as_deref() == Some("erased"),
        format!("{}, {}", status.outcome.as_deref().unwrap_or("undecided"), yes_or(is_gone, "gone", "STILL THERE")),
    );
    ledger.check(
        "zentry.5-c",
        "whoever says to be a parent is told nothing of what there was",
        nosy.status == 422 && code == "acting-not-accepted" && status.items.is_empty(),
        format!("access {code}; the erasure names {} items", status.items.len()),
    );
    Ok(())
}

/// Neither nationality nor site is asked: in the Kingdom, in the Area outside the Union, or nothing said.
fn located(world: &World, ledger: &mut Ledger) -> Played {
    for (clause, promise, residence) in [
        ("zentry.0-d", "whoever is in the United Kingdom has the rights of the EEA statement", json!("GB")),
        ("zentry.6-a", "whoever is located in the EEA has them, a citizen or not", json!("IS")),
        ("zentry.6-e", "and has them from a site that targets nobody", Value::Null),
    ] {
        let name = format!("located-{}", residence.as_str().unwrap_or("somewhere").to_lowercase());
        let (who, _) = customer(world, &name)?;
        let mut form = json!({ "type": "restriction", "subject": who });
        if !residence.is_null() {
            form["residence"] = residence;
        }
        let request = world.ask(NAME, &form)?;
        let before = use_now(world, &who, "usage-analytics")?;
        world.confirm_by_mail(&world.address(&name), &request)?;
        world.decided(&request)?;
        let after = use_now(world, &who, "usage-analytics")?;
        ledger.check(
            clause,
            promise,
            request.refused.is_none()
                && request.due_by.contains("GDPR Art. 12(3)")
                && before.reason.is_none()
                && after.reason.as_deref() == Some("restriction"),
            format!("due {} ({}); first {before}, then {after}", request.due_date, request.due_by),
        );
    }
    Ok(())
}

fn services(world: &World, ledger: &mut Ledger) -> Played {
    let (who, record) = customer(world, "of-organization")?;
    let address = world.address("of-organization");
    let path = format!("/{NAME}/v1/requests");
    let form = |service: &str| json!({ "type": "erasure", "subject": who, "points": points(2), "service": service });

    let forwarded = world.ask(NAME, &form("zta"))?;
    let refused = forwarded.refused.clone().ok_or_else(|| Trouble::new("a processor decided"))?;
    world.decided(&forwarded)?;
    let office = world.mail_to(CONTACT, &forwarded.request_id)?;
    let told = world.mail_to(&address, &forwarded.request_id)?;
    let untouched = world.stored(&record)?.is_some();
    ledger.check(
        "zentry.6-c",
        "what is asked about ZTA is passed on to the organization and not decided",
        refused.code == "PROCESSOR"
            && refused.clause == "zentry.6-c"
            && untouched
            && office.subject.contains("pass on"),
        format!("{}, record {}; office: {}", refused.code, yes_or(untouched, "untouched", "GONE"), office.subject),
    );
    let complaint = forwarded.complaint.as_ref();
    let url = complaint.and_then(|complaint| complaint.url.as_deref()).unwrap_or("nowhere");
    ledger.check(
        "zentry.7-o",
        "every refusal says where to complain, in the answer and by mail",
        url.contains("edpb.europa.eu")
            && complaint.is_some_and(|complaint| complaint.authority.contains("Information Commissioner"))
            && told.text.contains("You can complain to a supervisory authority")
            && told.text.contains(url),
        format!("complain at {url}"),
    );
    let complains = world.ask(NAME, &json!({ "type": "complaint", "subject": who }))?;
    let outcome = world.decided(&complains)?.outcome.unwrap_or_else(|| "undecided".to_owned());
    ledger.check(
        "zentry.7-o",
        "a complaint to Zentry is taken as well, without a proof",
        complains.verification == "none" && outcome == "with-office",
        format!("verification {}, {outcome}", complains.verification),
    );
    ledger.check(
        "zentry.12-a",
        "every answer says that questions go to the address for privacy",
        told.text.contains(&format!("Questions: {CONTACT}")),
        format!("the answer of {} names {CONTACT}", forwarded.received_at),
    );

    let unknown = world.post(&path, &form("laundry"))?;
    let website = world.ask(NAME, &form("website"))?;
    let status = world.decided(&website)?;
    let is_gone = world.stored(&record)?.is_none();
    ledger.check(
        "zentry.6-b",
        "what is asked about the website Zentry decides itself",
        website.refused.is_none() && is_gone && status.outcome.as_deref() == Some("erased") && unknown.status == 422,
        format!(
            "{}; a service that it does not have: {}",
            status.outcome.as_deref().unwrap_or("undecided"),
            problem(&unknown)?
        ),
    );
    let (who, record) = customer(world, "of-affiliate")?;
    let form = json!({ "type": "erasure", "subject": who, "points": points(2), "service": "affiliates" });
    let joint = world.ask(NAME, &form)?;
    let outcome = world.decided(&joint)?.outcome.unwrap_or_else(|| "undecided".to_owned());
    let is_gone = world.stored(&record)?.is_none();
    ledger.check(
        "zentry.6-d",
        "rights are exercised against each of the joint controllers",
        joint.refused.is_none() && outcome == "erased" && is_gone,
        format!("{outcome}, {}", yes_or(is_gone, "gone", "STILL THERE")),
    );
    let who = person(world, "shared");
    let to = |recipient| (recipient, "contact", "support.respond");
    gate(
        world,
        ledger,
        ("zentry.6-d", "affiliates alone get what joint controllers share"),
        &[
            (
                "of the group",
                sent(&who, to("affiliate"), &[("group-company", "Example Holding")], json!({})),
                Expected::Allowed("zentry.6-d"),
            ),
            ("without saying so", sent(&who, to("affiliate"), &[], json!({})), Expected::Denied("reference-missing")),
            (
                "somebody else",
                sent(&who, to("friend-of-ours"), &[("group-company", "x")], json!({})),
                Expected::Denied("unlisted-recipient"),
            ),
        ],
    )?;
    account(world, ledger)
}

/// Settings of an account are a way to make a request, beside mail.
fn account(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("settings"));
    agree(world, &who, &["marketing"])?;
    let before = use_now(world, &who, "marketing")?;
    let status = world.decided(&world.ask(NAME, &json!({ "type": "withdraw-consent", "subject": who }))?)?;
    let after = use_now(world, &who, "marketing")?;
    ledger.check(
        "zentry.7-m",
        "a request from an account’s settings counts like one by mail",
        before.reason.is_none() && after.reason.is_some() && status.outcome.as_deref() == Some("withdrawn"),
        format!("first {before}, then {after}"),
    );
    Ok(())
}

/// For ZTA Zentry is a processor: it tells its controllers, who tell everybody else (GDPR Art. 33(2)).
fn processor(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "zentry.6-c";
    let what = format!("An old copy was found (drill processor-{}).", world.run);
    let words = (what.as_str(), "Nothing.");
    let of_website = breaches::breach(world.start, breaches::long_ago()?, &["usage"], words);
    let mut of_zta = of_website.clone();
    of_zta["facts"]["service"] = json!("zta");
    of_zta["times"] = json!({ "processor_aware": world.start.to_string() });
    let declared = breaches::declare(world, NAME, &of_zta)?;
    let owed: Vec<_> = ["eu-gdpr", "uk-gdpr"].map(|law| breaches::owed(&declared, law)).concat();
    ledger.check(
        CLAUSE,
        "of a breach of ZTA the organization is told, and Zentry tells nobody else",
        owed == ["controller", "controller"],
        format!("owed under both laws: {}", owed.join(", ")),
    );
    let declared = breaches::declare(world, NAME, &of_website)?;
    let duties = breaches::owed(&declared, "eu-gdpr");
    ledger.check(
        CLAUSE,
        "of one of the website it tells the authority itself",
        duties.contains(&"authority") && !duties.contains(&"controller"),
        format!("owed: {}", duties.join(", ")),
    );
    Ok(())
}
