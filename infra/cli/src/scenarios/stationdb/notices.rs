//! The notice: its version, who can read it, and that it comes first.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wire::notice::NoticesAnswer;

use super::{CONTACT, HOTJAR, NAME, NOTICE, banner, counts_from, made, made_at, person, refused, visitor};
use crate::{
    client::Call,
    scenarios::acts::{choose, problem},
    table::Ledger,
    trouble::{Played, Trouble},
    world::World,
};

pub(super) fn version(world: &World, ledger: &mut Ledger) -> Played {
    let path = format!("/{NAME}/v1/notices");
    let version = format!("drill-{}", world.run);
    let form = |summary: &str| {
        json!({
            "version": version, "language": "en", "text_sha256": format!("{:0>64}", world.run),
            "url": "https://www.stationdb.example/privacy", "significance": "editorial", "summary": summary,
            "ask_again": [],
        })
    };
    let read =
        || -> Played<NoticesAnswer> { world.client.send(&Call::new("GET", world.api(&path)))?.expect(&[200])?.json() };
    let before = read()?;
    let anonymous = world.post(&path, &form("A misprint is gone."))?.status;
    let published = world.post_as_staff(&path, "notices:write", NAME, &form("A misprint is gone."))?.status;
    let after = read()?;
    let lists = |answer: &NoticesAnswer| answer.notices.iter().any(|notice| notice.version == version);
    ledger.check(
        "stationdb.1-g",
        "everybody reads the notice and its versions, visitors too; staff alone publish",
        !lists(&before)
            && lists(&after)
            && (anonymous, published) == (401, 201)
            && after.current.text_sha256.len() == 64,
        format!(
            "published: {anonymous} without a token, {published} by staff; without a token {} versions, then {}",
            before.notices.len(),
            after.notices.len()
        ),
    );
    let again = world.post_as_staff(&path, "notices:write", NAME, &form("A misprint is gone."))?.status;
    let other = world.post_as_staff(&path, "notices:write", NAME, &form("Something else changes."))?;
    ledger.check(
        "stationdb.0-a",
        "a version says one thing for good",
        (again, other.status) == (200, 409),
        format!("sent again {again}, with another content {}", other.said()),
    );

    let who = visitor(world, "dated");
    let receipt = banner(world, &who, &[(HOTJAR, "given")])?;
    let old = choose(world, NAME, &who, &[(HOTJAR, "given")], json!({ "notice": "2021-01-01" }))?;
    ledger.check(
        "stationdb.0-a",
        "the notice is that of 16 September 2022, and each consent says so",
        after.current.version == NOTICE && receipt.privacy_notice == NOTICE && problem(&old)? == "notice-not-shown",
        format!(
            "notice {}, consent under {}; another version: {}",
            after.current.version,
            receipt.privacy_notice,
            old.said()
        ),
    );
    Ok(())
}

pub(super) fn purposes_first(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "informed");
    let unshown = choose(world, NAME, &who, &[(HOTJAR, "given")], json!({}))?;
    ledger.check(
        "stationdb.1-a",
        "nobody agrees to what they were not told",
        problem(&unshown)? == "notice-not-shown",
        format!("a consent without a notice: {}", unshown.said()),
    );
    let fields = json!({ "browser": "Firefox" });
    let receipt = banner(world, &who, &[(HOTJAR, "given")])?;
    let told = counts_from(&receipt)?;
    let before = told.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(told);
    let early = made_at(world, before, &who, ("hotjar", HOTJAR), "early", fields.clone());
    refused(world, ledger, "stationdb.1-a", "what was collected before the notice is refused", &early, HOTJAR)?;
    let kept = super::keep(world, &made_at(world, told, &who, ("hotjar", HOTJAR), "late", fields))?;
    let is_kept = world.stored(&kept)?.is_some();
    ledger.check(
        "stationdb.1-a",
        "what was collected after it is taken in",
        is_kept,
        format!("collected at {told}, with the notice"),
    );
    let untold = made(world, &who, "device", "advertising", "untold", json!({ "browser": "Firefox" }));
    refused(
        world,
        ledger,
        "stationdb.1-a",
        "a purpose that nobody was told of collects nothing",
        &untold,
        "advertising",
    )
}

/// The purposes of the text with the grounds that the law has for them: the text names none.
const GROUNDS: [(&str, &str); 11] = [
    ("account.provide", "contract"),
    ("chat.abuse-statistics", "legitimate-interests"),
    ("chat.messaging", "legitimate-interests"),
    ("chat.session-restore", "legitimate-interests"),
    ("db.connect", "contract"),
    ("debugging", "legitimate-interests"),
    (HOTJAR, "consent"),
    ("invoicing", "legal-obligation"),
    ("payment", "contract"),
    ("product.development", "legitimate-interests"),
    ("product.improvement", "consent"),
];

pub(super) fn information(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "curious");
    let request = world.ask(NAME, &json!({ "type": "information", "subject": who }))?;
    let status = world.decided(&request)?;
    let path = status.export.ok_or_else(|| Trouble::new("the answer is nowhere"))?;
    let link = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", request.token));
    let answer: Value = world.sent_on(&link)?.json()?;

    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let silent = list("categories").iter().filter(|fact| fact["kept"][0]["how_long"].is_null()).count();
    let personal = ["consents", "requests", "records"].map(|name| list(name).len()).iter().sum::<usize>();
    let contact = answer["contact"].as_str().unwrap_or_default();
    ledger.check(
        "stationdb.2-j",
        "whoever asks learns what is collected, what for and how long, without a proof",
        status.verified_by.is_none() && list("categories").len() >= 11 && silent == 0 && personal == 0 && contact == CONTACT,
        format!(
            "{} categories, {silent} of them without a time; {personal} entries about the person; questions to {contact}",
            list("categories").len()
        ),
    );

    let purposes = list("purposes");
    let told: BTreeMap<&str, &str> =
        purposes.iter().filter_map(|fact| Some((fact["purpose"].as_str()?, fact["lawful_basis"].as_str()?))).collect();
    let wrong: Vec<_> = GROUNDS.iter().filter(|(purpose, ground)| told.get(purpose) != Some(ground)).collect();
    let contract = choose(world, NAME, &who, &[("account.provide", "given")], json!({ "notice": NOTICE }))?;
    ledger.check(
        "stationdb.1-d",
        "every purpose has a lawful ground, and consent is asked for where it is one",
        wrong.is_empty() && told.len() == GROUNDS.len() && problem(&contract)? == "not-by-consent",
        format!("{} purposes, wrong: {wrong:?}; a consent to the contract: {}", told.len(), contract.said()),
    );

    let recipients = list("recipients");
    let hotjar = recipients.iter().find(|fact| fact["recipient"] == "hotjar").cloned().unwrap_or_default();
    ledger.check(
        "stationdb.4-t",
        "what Hotjar is given is said here, and not on Hotjar's pages",
        hotjar["categories"] == json!(["hotjar", "hotjar-ip"])
            && hotjar["purposes"] == json!([HOTJAR])
            && hotjar["consent"] == HOTJAR
            && hotjar["role"] == "processor",
        format!("{hotjar}"),
    );
    Ok(())
}
