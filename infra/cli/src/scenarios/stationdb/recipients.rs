//! Who gets data: the hosts, Stripe, Crisp and authorities; and that they hear of an erasure.

use serde_json::{Value, json};
use wire::disclosure::DisclosureAnswer;

use super::{HOTJAR, NAME, banner, confirmed, counts_from, denied, keep, made, made_at, person, visitor};
use crate::{
    scenarios::acts::{Expected, Verdict, disclose, disclosure, judge, trackers},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, wait_for},
};

/// Asks for a disclosure to a recipient under its contract.
fn give(
    world: &World,
    recipient: &str,
    who: &Value,
    categories: &[&str],
    purpose: &str,
    country: &str,
) -> Played<Verdict> {
    let more = json!({ "country": country, "references": { "processing-agreement": "dpa-1" } });
    disclose(world, NAME, &disclosure(recipient, who, categories, purpose, more))
}

/// The same without a contract.
fn give_unbound(world: &World, recipient: &str, who: &Value, category: &str, purpose: &str) -> Played<Verdict> {
    disclose(world, NAME, &disclosure(recipient, who, &[category], purpose, json!({ "country": "FR" })))
}

pub(super) fn hosting(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "hosted");
    let form = |country: &str, clauses: Option<&str>, mechanism: Option<&str>| {
        let mut form = disclosure("hosting-provider", &who, &["account"], "account.provide", json!({}));
        form["country"] = json!(country);
        form["references"] = json!({ "processing-agreement": "dpa-4" });
        if let Some(clauses) = clauses {
            form["references"]["standard-clauses"] = json!(clauses);
        }
        if let Some(mechanism) = mechanism {
            form["mechanism"] = json!(mechanism);
        }
        form
    };
    let current = Some("2021/914, module 2, of 2022-01-10");
    for country in ["US", "CA"] {
        let path = format!("/{NAME}/v1/disclosures");
        let answer = world.post_as_staff(&path, "disclosures:write", NAME, &form(country, current, None))?;
        let logged: DisclosureAnswer = answer.expect(&[201])?.json()?;
        ledger.check(
            "stationdb.0-b",
            "hosts in North America get data under standard clauses, and the log says which",
            logged.country.as_deref() == Some(country)
                && logged.mechanism.as_deref() == Some("standard-clauses")
                && logged.clause == "stationdb.0-b",
            format!("{:?} by {:?}, {}", logged.country, logged.mechanism, logged.clause),
        );
    }
    for (form, reason, promise) in [
        (form("US", None, None), "reference-missing", "not without saying which clauses"),
        (form("US", Some("2010/87 of 2015-05-01"), None), "clauses-outdated", "not under clauses that hold no more"),
        (form("US", current, Some("binding-rules")), "mechanism-not-allowed", "not by a mechanism nobody named"),
        (form("IN", current, None), "country-not-allowed", "and not on another continent"),
    ] {
        denied(ledger, "stationdb.0-b", promise, &disclose(world, NAME, &form)?, reason);
    }
    let abroad = give(world, "crisp", &who, &["chat-session"], "chat.messaging", "US")?;
    denied(ledger, "stationdb.0-b", "nobody else takes data there without a mechanism", &abroad, "mechanism-missing");
    let home = give(world, "crisp", &who, &["chat-session"], "chat.messaging", "FR")?;
    let promise = "within Europe none is needed";
    judge(ledger, "stationdb.0-b", promise, &home, Expected::Allowed("stationdb.4-s"));
    Ok(())
}

pub(super) fn stripe(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "paying");
    let paid = give(world, "stripe", &who, &["payment"], "payment", "IE")?;
    judge(ledger, "stationdb.2-g", "Stripe gets the payment", &paid, Expected::Allowed("stationdb.2-g"));
    let more = give(world, "stripe", &who, &["payment", "account"], "payment", "IE")?;
    denied(ledger, "stationdb.2-g", "and nothing beside it", &more, "category-not-allowed");
    let other = give(world, "stripe", &who, &["payment"], "product.development", "IE")?;
    denied(ledger, "stationdb.2-g", "for nothing but payments", &other, "purpose-not-allowed");
    let unbound = give_unbound(world, "stripe", &who, "payment", "payment")?;
    denied(ledger, "stationdb.2-g", "under a contract", &unbound, "reference-missing");
    let unlisted = give(world, "another-bank", &who, &["payment"], "payment", "IE")?;
    let passed = unlisted.reason.as_deref() == Some("unlisted-recipient");
    ledger.check("stationdb.2-g", "and nobody else handles payments", passed, unlisted.to_string());
    Ok(())
}

pub(super) fn crisp(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "chatting");
    let chat = ["crisp-cookie", "chat-session", "chat-ip"];
    let given = give(world, "crisp", &who, &chat, "chat.messaging", "FR")?;
    let promise = "Crisp runs the chat, for visitors without an account too";
    judge(ledger, "stationdb.4-s", promise, &given, Expected::Allowed("stationdb.4-s"));
    let unbound = give_unbound(world, "crisp", &who, "crisp-cookie", "chat.session-restore")?;
    denied(ledger, "stationdb.4-s", "under a contract", &unbound, "reference-missing");
    let more = give(world, "crisp", &who, &["chat-session", "account"], "chat.messaging", "FR")?;
    denied(ledger, "stationdb.4-s", "without their account", &more, "category-not-allowed");
    let other = give(world, "crisp", &who, &chat, "product.development", "FR")?;
    denied(ledger, "stationdb.4-s", "and for nothing but the chat", &other, "purpose-not-allowed");
    let listed = trackers(world, NAME, None, &[])?;
    let party = listed.get("crisp-session").and_then(|tracker| tracker.party.clone());
    ledger.check(
        "stationdb.4-s",
        "a page is told whose cookie the chat's is",
        party.as_deref() == Some("crisp"),
        format!("{party:?}"),
    );
    Ok(())
}

pub(super) fn authorities(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "sought");
    let ask = |category: &str, ground: Option<&str>, instrument: Option<&str>| {
        let mut form = disclosure("law-enforcement", &who, &[category], "chat.messaging", json!({ "country": "FR" }));
        if let Some(ground) = ground {
            form["ground"] = json!(ground);
        }
        if let Some(instrument) = instrument {
            form["references"] = json!({ "instrument": instrument });
        }
        disclose(world, NAME, &form)
    };
    let instrument = Some("requisition 2026-17 of the Paris court");
    let (clause, legal) = ("stationdb.4-k", Some("legal-request"));
    let asked = ask("chat-ip", legal, instrument)?;
    judge(ledger, clause, "an address is given on a legal request", &asked, Expected::Allowed(clause));
    denied(ledger, clause, "not without one", &ask("chat-ip", None, instrument)?, "ground-not-allowed");
    denied(ledger, clause, "nor without its paper", &ask("chat-ip", legal, None)?, "reference-missing");
    denied(
        ledger,
        clause,
        "and not what was written",
        &ask("chat-session", legal, instrument)?,
        "category-not-allowed",
    );
    Ok(())
}

pub(super) fn letters(world: &World, ledger: &mut Ledger) -> Played {
    let (address, who) = person(world, "forwarded");
    let at = counts_from(&banner(world, &who, &[(HOTJAR, "given")])?)?;
    keep(world, &made(world, &who, "payment", "payment", "forwarded", json!({ "card_number": "4242424242424242" })))?;
    let profile = json!({ "device_id": "0f1e2d3c" });
    keep(world, &made_at(world, at, &who, ("hotjar", HOTJAR), "forwarded", profile))?;
    let mut numbers = Vec::new();
    for (recipient, category, purpose) in [("stripe", "payment", "payment"), ("hotjar", "hotjar", HOTJAR)] {
        let given = give(world, recipient, &who, &[category], purpose, "IE")?;
        numbers.push(given.id.ok_or_else(|| Trouble::new(format!("nothing went to {recipient}")))?);
    }
    let written = |number: &str| -> Played<Option<String>> {
        let mut mails = world.cloud.mails()?;
        mails.retain(|mail| mail.text.contains(number) && !mail.to.contains(&address));
        Ok(mails.first().map(|mail| format!("{} to {}", mail.subject, mail.to.join(", "))))
    };
    let before = numbers.iter().map(|number| written(number)).collect::<Played<Vec<_>>>()?;
    confirmed(world, &address, "erasure", &who)?;
    let promise = "who stores data for StationDB is told to erase it, by number and without a name";
    for ((clause, number), before) in ["stationdb.2-g", "stationdb.4-q"].into_iter().zip(&numbers).zip(before) {
        let told = wait_for("the letter to the recipient", || written(number));
        let happened = told.as_ref().map_or_else(ToString::to_string, Clone::clone);
        ledger.check(clause, promise, before.is_none() && told.is_ok(), happened);
    }
    Ok(())
}
