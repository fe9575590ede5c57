//! What is kept about people, and what a copy of it says.

use std::collections::BTreeSet;

use serde_json::json;
use wire::stored::export::Export;

use super::{ACCOUNT, CREDENTIALS, ENQUIRY, NAME, REPORT, USAGE};
use crate::{
    scenarios::{
        acts::{disclose, disclosure},
        held::{Held, copy},
        yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject},
};

pub(super) fn lists(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("listed"));
    let others = ["newsletter", "product.improvement-analytics", "access-control"];
    let promise = "an account is kept to operate the products, and not for what it was not given for";
    ACCOUNT.only_for(world, ledger, ("rfa.1-a", promise), &who, &others)?;
    let others = ["product.operate", "product.improvement-analytics", "client.staff-management"];
    let promise = "credentials are kept to control access, and for nothing else";
    CREDENTIALS.only_for(world, ledger, ("rfa.1-b", promise), &who, &others)?;
    for (clause, promise, held, stranger) in [
        ("rfa.2-a", "three things are kept of an account: \"such as\" adds none", ACCOUNT, "date_of_birth"),
        ("rfa.2-c", "credentials are what opens the door, and no more", CREDENTIALS, "mothers_maiden_name"),
        ("rfa.2-d", "three things are observed of use, and no fourth", USAGE, "location"),
        ("rfa.2-f", "a question is its author and its text, and no more", ENQUIRY, "health"),
        ("rfa.1-h", "a report holds no address", REPORT, "ip_address"),
        ("rfa.1-h", "and nothing that was looked up", REPORT, "in_product_actions"),
    ] {
        held.closed(world, ledger, (clause, promise), &who, stranger)?;
    }
    Ok(())
}

fn sources(copy: &Export, category: &str) -> BTreeSet<String> {
    let of = copy.facts.categories.iter().filter(|fact| fact.category == category);
    of.flat_map(|fact| fact.sources.iter().cloned()).collect()
}

pub(super) fn access(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("curious");
    let who = subject("mail", &address);
    for held in [ACCOUNT, CREDENTIALS, USAGE, ENQUIRY] {
        world.keep(NAME, &held.of(world, &who))?;
    }
    let more = json!({ "country": "GB", "references": { "recipient-request": "letter 12" } });
    let form = disclosure("employer-group", &who, &["usage-report"], "client.product-management", more);
    let logged = disclose(world, NAME, &form)?.id.ok_or_else(|| Trouble::new("the disclosure was not allowed"))?;
    let (request, copy) = copy(world, NAME, &address, "access")?;

    let held: BTreeSet<&str> = copy.records.iter().map(|record| record.category.as_str()).collect();
    let facts = &copy.facts;
    let rights = |name: &str| facts.rights.iter().any(|right| right.request == name && right.offered);
    let is_whole = held == BTreeSet::from(["account", "credentials", "support-enquiry", "usage"]);
    let explains = !facts.purposes.is_empty() && !facts.recipients.is_empty() && facts.complaint.is_some();
    ledger.check(
        "rfa.8-a",
        "whoever proves who they are gets a copy of it all",
        is_whole && request.verification == "mail",
        format!("by {}: {}", request.verification, held.into_iter().collect::<Vec<_>>().join(", ")),
    );
    ledger.check(
        "rfa.8-a",
        "with the purposes, the recipients, the rights and the authority",
        explains && rights("erasure") && rights("objection") && rights("restriction"),
        format!("{} purposes, {} recipients", facts.purposes.len(), facts.recipients.len()),
    );
    let text = serde_json::to_string(&copy).map_err(Trouble::because("the copy"))?;
    let credentials = copy.records.iter().find(|record| record.category == "credentials");
    let withheld = credentials.map_or(&[][..], |record| record.withheld.as_slice());
    let leaks = text.contains("a password") || text.contains("a other_access_control");
    ledger.check(
        "rfa.1-b",
        "no password stands in it",
        withheld.len() == 2 && !leaks,
        format!("withheld: {}; their values {}", withheld.join(", "), yes_or(leaks, "IN THE COPY", "left out")),
    );
    let username = credentials.is_some_and(|record| record.fields.contains_key("username"));
    ledger.check("rfa.2-c", "the name to log in with does", username, yes_or(username, "in the copy", "MISSING"));
    for (clause, promise, category, from) in [
        ("rfa.2-b", "an account’s data came from the person or the employer", "account", &["employer", "subject"][..]),
        ("rfa.2-b", "and so did the credentials", "credentials", &["employer", "subject"]),
        ("rfa.2-e", "use was observed", "usage", &["observed"]),
        ("rfa.2-f", "a question came from the person", "support-enquiry", &["subject"]),
    ] {
        let said = sources(&copy, category);
        let happened = format!("{category} from: {}", said.iter().cloned().collect::<Vec<_>>().join(", "));
        ledger.check(clause, promise, said.iter().eq(from.iter()), happened);
    }
    let enquiry = copy.records.iter().find(|record| record.category == ENQUIRY.category);
    let is_in = enquiry.is_some_and(|record| record.fields.contains_key("free_text"));
    ledger.check("rfa.2-f", "its text is in the copy", is_in, yes_or(is_in, "in the copy", "MISSING"));
    let told = copy.disclosures.iter().find(|line| line.id == logged);
    ledger.check(
        "rfa.1-g",
        "each disclosure is logged, and the person reads of it",
        told.is_some_and(|line| line.recipient == "employer-group" && line.categories == [REPORT.category]),
        told.map_or_else(|| "NOT IN THE COPY".to_owned(), |line| format!("to {} by {}", line.recipient, line.clause)),
    );
    Ok(())
}

/// Everything that goes with an account.
pub(super) const ALL: [Held<'_>; 4] = [ACCOUNT, CREDENTIALS, USAGE, ENQUIRY];
