//! The rights that the text promises "without restriction", and what the law sets beside them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::hold::HoldAnswer;

use super::{
    CONTACT, HOTJAR, NAME, banner, confirmed, counts_from, denied, export, here, keep, made, made_at, person, refused,
};
use crate::{
    client::Call,
    scenarios::{
        acts::{Expected, disclose, disclosure, judge, may_use, problem},
        yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{Kept, World, trigger},
};

const SECRET: &str = "postgres://ada:open-sesame@db.example";

/// Keeps something of every kind that StationDB keeps of a person.
fn everything(world: &World, name: &str) -> Played<(String, Value)> {
    let (address, who) = person(world, name);
    let consents = [(HOTJAR, "given"), ("product.improvement", "given")];
    let at = counts_from(&banner(world, &who, &consents)?)?;
    let records = [
        ("account", "account.provide", json!({ "first_name": "Ada", "email": address })),
        ("billing", "invoicing", json!({ "billing_address": "1 rue de l'Exemple, Paris" })),
        ("db-credentials", "db.connect", json!({ "credentials": SECRET })),
        ("device", "debugging", json!({ "browser": "Firefox" })),
        ("activity", "product.improvement", json!({ "page": "/tables" })),
        ("crisp-cookie", "chat.session-restore", json!({ "cookie_id": "c-1" })),
        ("chat-session", "chat.messaging", json!({ "messages": "How do I export?" })),
        ("chat-ip", "chat.messaging", json!({ "ip_address": world.ip() })),
        ("hotjar", HOTJAR, json!({ "device_id": "0f1e2d3c", "country": "FR" })),
        ("hotjar-ip", HOTJAR, json!({ "ip_address": world.ip() })),
    ];
    for (category, purpose, fields) in records {
        keep(world, &made_at(world, at, &who, (category, purpose), name, fields))?;
    }
    Ok((address, who))
}

/// Ends what a part has kept and nothing else would end soon.
fn close(world: &World, who: &Value) -> Played {
    let closed = world.after(SignedDuration::from_mins(1));
    world.register(NAME, &[trigger(closed, who, "account.closed")]).map(drop)
}

pub(super) fn access(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = everything(world, "reader")?;
    let more = json!({ "country": "FR", "references": { "processing-agreement": "dpa-2" } });
    let given = disclose(world, NAME, &disclosure("crisp", &who, &["chat-session"], "chat.messaging", more))?;
    let number = given.id.ok_or_else(|| Trouble::new("nothing was disclosed"))?;

    let request = world.ask(NAME, &json!({ "type": "access", "subject": who }))?;
    world.mail_to(&address, &format!("{}/verification?token=", request.request_id))?;
    let unconfirmed = world.status(&request)?.outcome;
    world.confirm_by_mail(&address, &request)?;
    world.decided(&request)?;
    let path = format!("{}/export", request.status);
    let by_other = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", request.token));
    let by_other = world.client.send(&by_other)?.status;
    ledger.check(
        "stationdb.2-k",
        "a copy goes to whoever reads the person's mail, and to nobody else",
        unconfirmed.is_none() && by_other == 401,
        format!("before the confirmation {unconfirmed:?}; to whoever merely asked {by_other}"),
    );

    let answer = export(world, &address, &request, "")?;
    let copy: Value = answer.json()?;
    let records = copy["records"].as_array().cloned().unwrap_or_default();
    let held: BTreeSet<&str> = records.iter().filter_map(|record| record["category"].as_str()).collect();
    let all = [
        "account",
        "activity",
        "billing",
        "chat-ip",
        "chat-session",
        "crisp-cookie",
        "db-credentials",
        "device",
        "hotjar",
        "hotjar-ip",
    ];
    let disclosed = copy["disclosures"].as_array().is_some_and(|list| list.iter().any(|line| line["id"] == *number));
    let consented = copy["consents"].as_array().is_some_and(|list| !list.is_empty());
    ledger.check(
        "stationdb.2-k",
        "it holds all data, with consents and disclosures, though no page of the product shows it",
        held == BTreeSet::from(all) && disclosed && consented,
        format!(
            "{} records: {held:?}; disclosures {}, consents {}",
            records.len(),
            yes_or(disclosed, "listed", "MISSING"),
            yes_or(consented, "listed", "MISSING")
        ),
    );

    let of = |category: &str| records.iter().find(|record| record["category"] == category).cloned().unwrap_or_default();
    let credentials = of("db-credentials");
    let told = !credentials.is_null() && credentials.to_string().contains("credentials");
    let shown = answer.text().contains("open-sesame");
    ledger.check(
        "stationdb.2-d",
        "it says that there are credentials, and never what they are",
        told && !shown,
        format!("{}, {}", yes_or(told, "named", "NOT NAMED"), yes_or(shown, "SHOWN", "not shown")),
    );
    let (session, chat_ip) = (of("chat-session"), of("chat-ip"));
    ledger.check(
        "stationdb.4-h",
        "a chat's messages and address are in it",
        session["fields"]["messages"] == "How do I export?" && chat_ip["fields"]["ip_address"] == world.ip(),
        format!("messages {}, address {}", session["fields"]["messages"], chat_ip["fields"]["ip_address"]),
    );
    let profile = of("hotjar");
    ledger.check(
        "stationdb.4-o",
        "what Hotjar observed is in it",
        profile["fields"]["country"] == "FR" && of("hotjar-ip")["fields"]["ip_address"] == world.ip(),
        format!("{}", profile["fields"]),
    );
    ledger.check(
        "stationdb.4-q",
        "the profile is found by its person, pseudonym or not",
        profile["fields"]["device_id"] == "0f1e2d3c" && profile["lawful_basis"] == "consent",
        format!("{}, on {}", profile["fields"]["device_id"], profile["lawful_basis"]),
    );
    close(world, &who)
}

pub(super) fn portability(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = everything(world, "mover")?;
    for time in ["once", "and once more"] {
        let (request, _) = confirmed(world, &address, "portability", &who)?;
        let copy: Value = export(world, &address, &request, "")?.json()?;
        let records = copy["records"].as_array().cloned().unwrap_or_default();
        let of = |category: &str| records.iter().any(|record| record["category"] == category);
        ledger.check(
            "stationdb.2-n",
            format!("what was given on contract and consent can be taken along, {time}: for programs, as JSON"),
            of("account") && of("activity") && of("hotjar") && !of("billing"),
            format!(
                "{} records; invoices, which the law asks for, {}",
                records.len(),
                yes_or(of("billing"), "TOO", "not")
            ),
        );
        let table = export(world, &address, &request, "&format=csv")?.text();
        let first = table.lines().next().unwrap_or_default().to_owned();
        let is_there = table.lines().any(|line| line.starts_with("record,account,") && line.contains(",Ada,"));
        ledger.check(
            "stationdb.2-n",
            format!("and as CSV, {time}"),
            first.starts_with("part,category,") && is_there,
            format!("{first}; the account {}", yes_or(is_there, "is in it", "IS MISSING")),
        );
    }
    // "An export of their data" is promised on no condition: all of it comes as a table too.
    let (request, _) = confirmed(world, &address, "access", &who)?;
    let table = export(world, &address, &request, "&format=csv")?.text();
    let missing: Vec<&str> = ["account", "billing", "chat-session", "device", "hotjar"]
        .into_iter()
        .filter(|category| !table.contains(&format!("record,{category},")))
        .collect();
    ledger.check(
        "stationdb.2-n",
        "and with it, on request, all the rest, whatever it rests on",
        missing.is_empty(),
        format!("missing in the table: {missing:?}"),
    );
    close(world, &who)
}

pub(super) fn rectification(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "mistaken");
    let request = world.ask(NAME, &json!({ "type": "rectification", "subject": who }))?;
    world.mail_to(&address, &format!("{}/verification?token=", request.request_id))?;
    let before = world.status(&request)?;
    ledger.check(
        "stationdb.2-l",
        "nobody corrects another's data: the person confirms",
        before.outcome.is_none() && before.verified_by.is_none(),
        format!("before the confirmation: {}", before.status),
    );
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    ledger.check(
        "stationdb.2-l",
        "every correction is taken to the office, and none refused",
        status.outcome.as_deref() == Some("with-office") && status.refused.is_none() && request.refused.is_none(),
        format!("{:?}, verified by {:?}", status.outcome, status.verified_by),
    );
    let (asked, due) = (time(&status.received_at)?, time(&status.due_before)?);
    let days = here(asked)?.date().until(here(due)?.date()).map_err(Trouble::because("count days"))?.get_days();
    ledger.check(
        "stationdb.1-e",
        "what is not up to date is put right within a month",
        (28..=34).contains(&days) && status.due_by.starts_with("GDPR Art. 12(3)"),
        format!("{days} days ({})", status.due_by),
    );
    let idle = made(world, &who, "device", "debugging", "idle", json!({ "favourite_colour": "blue" }));
    refused(world, ledger, "stationdb.1-e", "what no purpose needs is not kept at all", &idle, "favourite_colour")?;

    let mail = world.mail_to(&address, CONTACT)?;
    ledger.check(
        "stationdb.5-c",
        "every answer names where to get in touch",
        mail.text.contains(&request.request_id),
        format!("the answer to {} names {CONTACT}", request.request),
    );
    let complaint = world.ask(NAME, &json!({ "type": "complaint", "subject": who }))?;
    let taken = world.decided(&complaint)?;
    ledger.check(
        "stationdb.5-c",
        "and whoever does so, by whatever form, reaches people",
        taken.outcome.as_deref() == Some("with-office") && complaint.verification == "none",
        format!("a complaint: {:?}, proof: {}", taken.outcome, complaint.verification),
    );
    Ok(())
}

fn time(text: &str) -> Played<Timestamp> {
    text.parse().map_err(Trouble::because("a time"))
}

pub(super) fn erasure(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "forgotten");
    let keep_it = |category: &str, purpose: &str, fields: Value| {
        keep(world, &made(world, &who, category, purpose, "forgotten", fields))
    };
    let account = keep_it("account", "account.provide", json!({ "first_name": "Ada" }))?;
    let device = keep_it("device", "debugging", json!({ "browser": "Firefox" }))?;
    let chat = keep_it("chat-session", "chat.messaging", json!({ "messages": "Hello?" }))?;
    let chat_ip = keep_it("chat-ip", "chat.messaging", json!({ "ip_address": world.ip() }))?;
    let invoice = keep_it("billing", "invoicing", json!({ "company_information": "Example SAS" }))?;
    let said = world.after(SignedDuration::from_mins(1));
    world.register(NAME, &[trigger(said, &who, "chat.message")])?;

    let (_, status) = confirmed(world, &address, "erasure", &who)?;
    let item = |category: &str| status.items.iter().find(|item| item.category == category);
    let gone = |kept: &Kept, category: &str| -> Played<bool> {
        let proved = item(category).is_some_and(|item| item.result == "erased" && item.evidence.is_some());
        Ok(world.stored(kept)?.is_none() && proved)
    };
    let all_gone = gone(&account, "account")? && gone(&device, "device")?;
    ledger.check(
        "stationdb.2-m",
        "a confirmed erasure erases, item by item and with evidence",
        all_gone && status.items.len() == 5,
        format!("{} items; account and device {}", status.items.len(), yes_or(all_gone, "erased", "NOT ERASED")),
    );
    let chat_gone = gone(&chat, "chat-session")?;
    ledger.check(
        "stationdb.4-c",
        "it counts as an agent's deletion: a \"permanent\" chat goes with it",
        chat_gone,
        yes_or(chat_gone, "erased", "STILL THERE"),
    );
    for (kept, category, clause, promise) in [
        (&invoice, "billing", "stationdb.2-c", "an invoice stays, and the answer says why"),
        (&chat_ip, "chat-ip", "stationdb.4-k", "a chat's address stays for its year, and the answer says why"),
    ] {
        let item = item(category);
        let is_there = world.stored(kept)?.is_some();
        let said = item.is_some_and(|item| {
            item.result == "kept"
                && item.clause.as_deref() == Some(clause)
                && item.article.as_deref() == Some("GDPR Art. 17(3)(b)")
        });
        let happened =
            item.map_or_else(String::new, |item| format!("{}: {:?} ({:?})", item.result, item.reason, item.article));
        ledger.check(clause, promise, is_there && said && status.complaint.is_some(), happened);
    }
    unused(world, ledger)?;
    held(world, ledger)
}

/// The law asks for the address of a chat. Where none began there is nothing that it could be kept for.
fn unused(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "silent");
    let fields = json!({ "ip_address": world.ip() });
    let kept = keep(world, &made(world, &who, "chat-ip", "chat.messaging", "silent", fields))?;
    let (_, status) = confirmed(world, &address, "erasure", &who)?;
    let results: Vec<&str> = status.items.iter().map(|item| item.result.as_str()).collect();
    let is_gone = world.stored(&kept)?.is_none();
    ledger.check(
        "stationdb.4-k",
        "an address without a chat is none that the law asks for: it is erased",
        is_gone && results == ["erased"],
        format!("{results:?}: {}", yes_or(is_gone, "gone", "STILL THERE")),
    );
    Ok(())
}

/// A hold stands before an erasure, and the person is told.
fn held(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "litigant");
    let account = made(world, &who, "account", "account.provide", "litigant", json!({ "first_name": "Ada" }));
    let account = keep(world, &account)?;
    let path = format!("/{NAME}/v1/holds");
    let review = world.after(SignedDuration::from_hours(90 * 24));
    let form = json!({ "subject": who, "reason": "legal-claim", "review_at": review.to_string() });
    let hold: HoldAnswer = world.post_as_staff(&path, "holds:write", NAME, &form)?.expect(&[201])?.json()?;
    let (_, status) = confirmed(world, &address, "erasure", &who)?;
    let results: Vec<&str> = status.items.iter().map(|item| item.result.as_str()).collect();
    let is_there = world.stored(&account)?.is_some();
    ledger.check(
        "stationdb.2-m",
        "what a legal claim needs is held, and named as such",
        is_there && results == ["held"] && status.complaint.is_some(),
        format!("account {}: {results:?}", yes_or(is_there, "kept", "GONE")),
    );
    world.release_hold(NAME, &hold.hold_id)?;
    let (_, status) = confirmed(world, &address, "erasure", &who)?;
    let is_gone = world.stored(&account)?.is_none();
    ledger.check(
        "stationdb.2-m",
        "once the claim is settled it is erased",
        is_gone,
        format!("{:?}: {}", status.outcome, yes_or(is_gone, "erased", "STILL THERE")),
    );
    Ok(())
}

pub(super) fn objection(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "objector");
    let (clause, purpose) = ("stationdb.2-o", "debugging");
    let ask = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    judge(ledger, clause, "device data helps to find faults", &ask(purpose)?, Expected::Allowed("stationdb.2-i"));
    let request = world.ask(NAME, &json!({ "type": "objection", "subject": who, "purposes": [purpose] }))?;
    denied(ledger, clause, "until somebody objects: at once, and without a proof", &ask(purpose)?, "objection");
    let other = ask("product.development")?;
    judge(ledger, clause, "what they did not object to goes on", &other, Expected::Allowed("stationdb.2-i"));
    let status = world.decided(&request)?;
    ledger.check(
        clause,
        "the office hears of it, and says what is stopped",
        status.stopped == [purpose] && status.refused.is_none(),
        format!("stopped {:?}", status.stopped),
    );

    let all = world.ask(NAME, &json!({ "type": "objection", "subject": who }))?;
    let stopped: BTreeSet<String> = world.decided(&all)?.stopped.into_iter().collect();
    let weighed =
        ["chat.abuse-statistics", "chat.messaging", "chat.session-restore", "debugging", "product.development"];
    ledger.check(
        clause,
        "without a purpose it stops all that rests on legitimate interests",
        stopped == weighed.map(str::to_owned).into(),
        format!("stopped {stopped:?}"),
    );
    judge(ledger, clause, "and no contract", &ask("account.provide")?, Expected::Allowed("stationdb.2-b"));
    let form = json!({ "type": "objection", "subject": who, "purposes": ["invoicing"] });
    let refused = world.post(&format!("/{NAME}/v1/requests"), &form)?;
    ledger.check(
        clause,
        "to what a law asks for there is no objection, and the answer says so",
        problem(&refused)? == "no-objection",
        refused.said(),
    );
    let forgotten = ["restriction", "complaint", "withdraw-consent"];
    let mut turned_away = Vec::new();
    for request in forgotten {
        let taken = world.ask(NAME, &json!({ "type": request, "subject": who }))?;
        if taken.refused.is_some() {
            turned_away.push(request);
        }
    }
    ledger.check(
        clause,
        "the rights that the text forgets are handled too",
        turned_away.is_empty(),
        format!("of {forgotten:?} turned away: {turned_away:?}"),
    );
    Ok(())
}
