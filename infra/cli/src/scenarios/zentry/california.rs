//! What Californians can ask for: what is known of them, by category and in pieces, its deletion in
//! part, and how data is shared.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{NAME, ZONE, customer, entry, export, made, points, sent, texts};
use crate::{
    client::Call,
    scenarios::{
        Part,
        acts::{disclose, problem},
        yes_or, zoned,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::World,
};

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.9-f", "zentry.9-t"], promise: "what is held, by category", run: categories },
    Part { clauses: &["zentry.9-g"], promise: "what is held, piece by piece", run: pieces },
    Part { clauses: &["zentry.9-h", "zentry.9-k"], promise: "a deletion leaves what the law needs", run: deletion },
    Part {
        clauses: &["zentry.9-i", "zentry.9-q", "zentry.6-f"],
        promise: "what Zentry does with data, for whoever asks",
        run: information,
    },
];

fn request(who: &Value, kind: &str, count: usize) -> Value {
    json!({ "type": kind, "subject": who, "points": points(count), "residence": "US-CA" })
}

fn last_day(received: &str, days: i64) -> Played<String> {
    let received: Timestamp = received.parse().map_err(Trouble::because("received_at"))?;
    let last = zoned(received, ZONE)?.date().checked_add(days.days()).map_err(Trouble::because("count the days"))?;
    Ok(last.to_string())
}

fn categories(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "californian")?;
    let seen = json!({ "service_use": "opened a file" });
    world.keep(NAME, &made(world, &who, "usage", "usage-analytics", &seen))?;
    let provider = ("service-provider", "usage", "usage-analytics");
    disclose(world, NAME, &sent(&who, provider, &[("processing-agreement", "dpa-1")], json!({})))?;
    let ack = world.ask(NAME, &request(&who, "know-categories", 2))?;
    let status = world.decided(&ack)?;
    let file = export(world, &who, &ack.request_id)?;
    let usage = entry(&file["categories"], "category", "usage");
    let contact = entry(&file["categories"], "category", "contact");
    let text = file.to_string();
    ledger.check(
        "zentry.9-f",
        "a Californian learns the categories, their sources, purposes and recipients",
        texts(&contact["sources"], None).contains(&"organisation")
            && texts(&usage["sources"], None) == ["observed"]
            && texts(&usage["kept"], Some("purpose")) == ["usage-analytics"]
            && texts(&usage["recipients"], None).contains(&"service-provider")
            && texts(&file["disclosures"], Some("recipient")) == ["service-provider"]
            && texts(&file["purposes"], Some("purpose")).contains(&"usage-analytics"),
        format!("{} for two points: {}", status.status, texts(&file["categories"], Some("category")).join(", ")),
    );
    ledger.check(
        "zentry.9-f",
        "and no value is in the answer",
        texts(&contact["fields"], None).contains(&"phone")
            && !text.contains("+14085550100")
            && !text.contains("Ada Example")
            && file["records"].as_array().is_none_or(Vec::is_empty),
        format!("fields by name: {}", texts(&contact["fields"], None).join(", ")),
    );
    let elsewhere = json!({ "type": "know-categories", "subject": who, "points": points(2) });
    let other = world.ask(NAME, &elsewhere)?;
    ledger.check(
        "zentry.9-t",
        "whoever says to live in California has its clock, and whoever does not has Europe’s, and as many rights",
        ack.due_by.starts_with("11 CCR 7021")
            && ack.due_date == last_day(&ack.received_at, 45)?
            && other.refused.is_none()
            && other.due_by.contains("Art. 12(3)"),
        format!("{} ({}); elsewhere {} ({})", ack.due_date, ack.due_by, other.due_date, other.due_by),
    );
    Ok(())
}

fn pieces(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "collector")?;
    let password = format!("secret-{}", world.run);
    let login = json!({ "username": "ada", "password": password });
    world.keep(NAME, &made(world, &who, "zta-user", "authenticate", &login))?;
    let undeclared = request(&who, "know-pieces", 3);
    let refused = world.post(&format!("/{NAME}/v1/requests"), &undeclared)?;
    ledger.check(
        "zentry.9-g",
        "copies need a declaration beside the points",
        refused.status == 422 && problem(&refused)? == "declaration-needed",
        format!("without it {}", refused.status),
    );
    let mut declared = undeclared;
    declared["declared"] = json!(true);
    let mut half_wrong = declared.clone();
    half_wrong["points"]["name"] = json!("Somebody Else");
    let two_ack = world.ask(NAME, &half_wrong)?;
    let two = world.decided(&two_ack)?;
    let by_category = export(world, &who, &two_ack.request_id)?;
    let ack = world.ask(NAME, &declared)?;
    let three = world.decided(&ack)?;
    let outcomes = [&two, &three].map(|status| status.outcome.clone().unwrap_or_default());
    ledger.check(
        "zentry.9-g",
        "copies need three points that match; for two the request is answered by category",
        outcomes == ["exported", "exported"]
            && two.answered_as.as_deref() == Some("know-categories")
            && three.answered_as.is_none()
            && by_category["records"].as_array().is_none_or(Vec::is_empty)
            && !by_category.to_string().contains("+14085550100"),
        format!("two of three match: {}; three: {}", two.answered_as.clone().unwrap_or_default(), outcomes[1]),
    );
    let file = export(world, &who, &ack.request_id)?;
    let record = entry(&file["records"], "category", "contact");
    let withheld = texts(&entry(&file["records"], "category", "zta-user")["withheld"], None);
    ledger.check(
        "zentry.9-g",
        "the copy holds every piece, and never a password",
        record["fields"]["phone"] == json!("+14085550100")
            && withheld == ["password"]
            && !file.to_string().contains(&password),
        format!("phone {}; withheld: {}", record["fields"]["phone"], withheld.join(", ")),
    );
    Ok(())
}

fn deletion(world: &World, ledger: &mut Ledger) -> Played {
    let (who, contact) = customer(world, "leaver")?;
    let books = made(world, &who, "financial", "payments", &json!({ "purchase_history": "3 seats" }));
    let books = world.keep(NAME, &books)?;
    let commitment = world.commitment(&contact)?;
    let ack = world.ask(NAME, &request(&who, "erasure", 2))?;
    let status = world.decided(&ack)?;
    let item = |category: &str| status.items.iter().find(|item| item.category == category);
    let (gone, stays) = (world.stored(&contact)?.is_none(), world.stored(&books)?.is_some());
    let proved = world.evidence(NAME, &commitment)?;
    let told = item("contact").and_then(|item| item.evidence.clone());
    ledger.proved(
        "zentry.9-h",
        "a Californian’s data is deleted, item by item and with evidence",
        gone && told.as_deref() == Some(proved.as_str()),
        format!("contact {}", yes_or(gone, "gone", "STILL THERE")),
        told,
    );
    let kept = item("financial");
    let article = kept.and_then(|item| item.article.as_deref()).unwrap_or("no statute");
    let mail = world.mail_to(&world.address("leaver"), &ack.request_id)?;
    ledger.check(
        "zentry.9-k",
        "what is exempt stays, item by item, by the statute that says so",
        stays
            && kept.is_some_and(|item| item.result == "kept" && item.reason.is_some())
            && article.contains("1798.105(d)")
            && crate::scenarios::tells_item(&mail.text, "financial", "kept")
            && crate::scenarios::tells_item(&mail.text, "contact", "erased"),
        format!("financial kept by {article}"),
    );
    Ok(())
}

fn information(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "asker")?;
    let ack = world.ask(NAME, &json!({ "type": "information", "subject": who, "residence": "US-CA" }))?;
    world.decided(&ack)?;
    let path = format!("/{NAME}/v1/requests/{}/export", ack.request_id);
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", ack.token));
    let facts: Value = world.sent_on(&call)?.json()?;
    let incentives = facts["incentives"].as_str().unwrap_or("nothing said");
    let is_promised = ack.due_by.contains("zentry.9-q") && ack.due_date == last_day(&ack.received_at, 30)?;
    ledger.check(
        "zentry.9-i",
        "whoever asks for incentives is told that there are none, without a proof",
        ack.verification == "none" && incentives.contains("none is offered"),
        incentives.to_owned(),
    );
    let partner = entry(&facts["recipients"], "recipient", "marketing-partner");
    ledger.check(
        "zentry.9-q",
        "what is shared for others’ marketing is told within thirty days",
        is_promised
            && texts(&partner["categories"], None) == ["website-personal"]
            && partner["consent"] == json!("third-party-direct-marketing"),
        format!(
            "due {} ({}); partners get {}",
            ack.due_date,
            ack.due_by,
            texts(&partner["categories"], None).join(", ")
        ),
    );
    ledger.check(
        "zentry.9-q",
        "the answer is about Zentry, and says nothing about anybody",
        !facts.to_string().contains("+14085550100") && !facts.to_string().contains(&world.address("asker")),
        "no value, no address".to_owned(),
    );
    let basis = |purpose: &str| {
        entry(&facts["purposes"], "purpose", purpose)["lawful_basis"].as_str().unwrap_or("none").to_owned()
    };
    let known = ["consent", "contract", "legal-obligation", "vital-interests", "public-task", "legitimate-interests"];
    let grounds = texts(&facts["purposes"], Some("lawful_basis"));
    ledger.check(
        "zentry.6-f",
        "each purpose says on which ground of Art. 6 it rests, where the text names none",
        grounds.len() == facts["purposes"].as_array().map_or(0, Vec::len)
            && !grounds.is_empty()
            && grounds.iter().all(|ground| known.contains(ground))
            && [basis("marketing"), basis("service.provide"), basis("payments")]
                == ["consent", "contract", "legal-obligation"],
        format!("{} purposes; marketing {}, services {}", grounds.len(), basis("marketing"), basis("service.provide")),
    );
    Ok(())
}
