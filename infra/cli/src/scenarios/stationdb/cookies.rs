//! Cookies: the chat's own, the product's, and what none of them may do.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use serde_json::json;

use super::{HOTJAR, NAME, ZONE, banner, counts_from, denied, keep, made, made_at, refused, visitor};
use crate::{
    clock,
    cloud::Item,
    scenarios::{
        End,
        acts::{Expected, disclose, disclosure, judge, may_use, trackers},
        later, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, trigger},
};

const IMPROVEMENT: &str = "product.improvement";

pub(super) fn without_consent(world: &World, ledger: &mut Ledger) -> Played {
    let before = later(clock::now(), 6.months(), ZONE)?;
    let list = trackers(world, NAME, None, &[])?;
    let after = later(clock::now(), 6.months(), ZONE)?;
    let chat = list.get("crisp-session").ok_or_else(|| Trouble::new("the chat's cookie is not declared"))?;
    let until: Option<Timestamp> =
        chat.until.as_deref().map(str::parse).transpose().map_err(Trouble::because("until"))?;
    ledger.check(
        "stationdb.4-a",
        "the cookie that restores a chat needs no consent, and lives six months",
        chat.allowed
            && chat.because == "exempt"
            && chat.clause == "stationdb.4-a"
            && until.is_some_and(|until| (before..=after).contains(&until)),
        format!("{} because {}, until {until:?}", yes_or(chat.allowed, "allowed", "NOT ALLOWED"), chat.because),
    );
    let who = visitor(world, "back-again");
    let restored = may_use(world, NAME, &who, "chat.session-restore", json!({}))?;
    let promise = "whoever comes back finds their chat";
    judge(ledger, "stationdb.4-a", promise, &restored, Expected::Allowed("stationdb.4-a"));
    let request =
        world.ask(NAME, &json!({ "type": "objection", "subject": who, "purposes": ["chat.session-restore"] }))?;
    world.decided(&request)?;
    let objected = may_use(world, NAME, &who, "chat.session-restore", json!({}))?;
    let promise = "unless they object";
    judge(ledger, "stationdb.4-a", promise, &objected, Expected::Denied("objection"));

    let declared: BTreeSet<&str> = list.keys().map(String::as_str).collect();
    let allowed: Vec<&str> =
        list.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str()).collect();
    ledger.check(
        "stationdb.4-v",
        "three are declared, all others are denied, and two of the three wait for a consent",
        declared == BTreeSet::from(["activity", "crisp-session", "hotjar"]) && allowed == ["crisp-session"],
        format!("declared {declared:?}, allowed without a consent {allowed:?}"),
    );
    let signalled = trackers(world, NAME, None, &[("sec-gpc", "1"), ("dnt", "1")])?;
    let allowed: Vec<&str> =
        signalled.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str()).collect();
    ledger.check(
        "stationdb.4-v",
        "no signal of a browser passes for a consent, and none costs a visitor the chat",
        allowed == ["crisp-session"],
        format!("with Sec-GPC and DNT allowed {allowed:?}"),
    );
    let receipt = banner(world, &who, &[(HOTJAR, "refused"), (IMPROVEMENT, "given")])?;
    let list = trackers(world, NAME, Some(&receipt.token), &[])?;
    let allowed: Vec<&str> =
        list.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str()).collect();
    ledger.check(
        "stationdb.4-v",
        "a consent opens what it names",
        allowed == ["activity", "crisp-session"],
        format!("agreed to activity, refused Hotjar: allowed {allowed:?}"),
    );
    Ok(())
}

pub(super) fn renewal(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "crisp");
    let kept = keep(world, &made(world, &who, "crisp-cookie", "chat.session-restore", "crisp", json!({})))?;
    let first_end = later(world.start, 6.months(), ZONE)?;
    let visit = later(world.start, 60.days(), ZONE)?;
    let end = later(visit, 6.months(), ZONE)?;
    let other_page = later(world.start, 90.days(), ZONE)?;
    world.register(NAME, &[trigger(other_page, &who, "website.access")])?;
    let until = world.stored(&kept)?.as_ref().and_then(Item::ends_at);
    ledger.check(
        "stationdb.4-b",
        "a visit that does not load the chatbox renews nothing",
        kept.until == Some(first_end) && until == Some(first_end),
        format!("six months from the first load: {first_end}; after a visit of another page {until:?}"),
    );
    world.send(NAME, &[trigger(visit, &who, "website.visit")])?;
    world.due(&kept, end)?;
    world.sweep(first_end)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "stationdb.4-b",
        "six months after the first load the cookie is still there",
        is_there,
        format!("the chatbox loaded on day 60; {} at {first_end}", yes_or(is_there, "kept", "GONE")),
    );
    let promise = "six months after the last visit it is deleted";
    End { controller: NAME, clause: "stationdb.4-b", promise, kept: &kept, at: end }.play(world, ledger)?;

    let regular = visitor(world, "regular");
    let kept = keep(world, &made(world, &regular, "crisp-cookie", "chat.session-restore", "regular", json!({})))?;
    for months in [4, 8, 12] {
        world.register(NAME, &[trigger(later(world.start, months.months(), ZONE)?, &regular, "website.visit")])?;
    }
    let cap = later(world.start, 13.months(), ZONE)?;
    let until = world.stored(&kept)?.as_ref().and_then(Item::ends_at);
    ledger.check(
        "stationdb.4-b",
        "no number of visits makes it last for ever",
        until == Some(cap),
        format!("visits after 4, 8 and 12 months: until {until:?}, thirteen months are up at {cap}"),
    );
    Ok(())
}

pub(super) fn tracking(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "followed");
    let tracking = || json!({ "uses": ["tracking"] });
    let followed = may_use(world, NAME, &who, "chat.session-restore", tracking())?;
    denied(ledger, "stationdb.4-e", "the chat's cookie follows nobody", &followed, "use-ruled-out");
    let given = |more: serde_json::Value| {
        let mut form = disclosure("crisp", &who, &["crisp-cookie"], "chat.session-restore", more);
        form["country"] = json!("FR");
        form["references"] = json!({ "processing-agreement": "dpa-2" });
        disclose(world, NAME, &form)
    };
    denied(ledger, "stationdb.4-e", "nor does Crisp with it", &given(tracking())?, "use-ruled-out");
    let promise = "which gets it for the chat alone";
    judge(ledger, "stationdb.4-e", promise, &given(json!({}))?, Expected::Allowed("stationdb.4-s"));

    banner(world, &who, &[(HOTJAR, "given"), (IMPROVEMENT, "given")])?;
    for (purpose, promise) in [
        ("chat.messaging", "no consent lets the chat follow people"),
        ("product.development", "nor anything that was given for something else"),
    ] {
        let verdict = may_use(world, NAME, &who, purpose, tracking())?;
        let passed = verdict.is_denied_by("use-ruled-out", "stationdb.4-e");
        ledger.check("stationdb.4-v", promise, passed, verdict.to_string());
    }
    let agreed = may_use(world, NAME, &who, HOTJAR, tracking())?;
    judge(ledger, "stationdb.4-v", "what was agreed to may", &agreed, Expected::Allowed("stationdb.4-m"));
    Ok(())
}

pub(super) fn activity(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "active");
    let fields = || json!({ "page": "/tables", "action": "sort", "acted_at": world.start.to_string() });
    let unasked = made(world, &who, "activity", IMPROVEMENT, "unasked", fields());
    refused(world, ledger, "stationdb.2-h", "no activity is recorded without a consent", &unasked, "stationdb.2-h")?;
    let unasked = may_use(world, NAME, &who, IMPROVEMENT, json!({}))?;
    denied(ledger, "stationdb.2-h", "nor used", &unasked, "consent-missing");

    let given = banner(world, &who, &[(IMPROVEMENT, "given")])?;
    let at = counts_from(&given)?;
    let kept = keep(world, &made_at(world, at, &who, ("activity", IMPROVEMENT), "agreed", fields()))?;
    let list = trackers(world, NAME, Some(&given.token), &[])?;
    let set = list.get("activity").is_some_and(|tracker| tracker.allowed && tracker.clause == "stationdb.2-h");
    let cap = later(at, 13.months(), ZONE)?;
    ledger.check(
        "stationdb.2-h",
        "with a consent its cookie is set and it is recorded, thirteen months at the longest",
        set && kept.until == Some(cap),
        format!("cookie {}; kept until {:?}", yes_or(set, "allowed", "NOT ALLOWED"), kept.until),
    );
    let more = made_at(world, at, &who, ("activity", IMPROVEMENT), "more", json!({ "keystrokes": "abc" }));
    refused(world, ledger, "stationdb.2-h", "and no more than page, action and time", &more, "keystrokes")?;
    let other = made_at(world, at, &who, ("activity", "product.development"), "other", fields());
    refused(world, ledger, "stationdb.2-h", "to improve the product, and for nothing else", &other, "no activity for")?;

    let withdrawn = banner(world, &who, &[(IMPROVEMENT, "withdrawn")])?;
    let list = trackers(world, NAME, Some(&given.token), &[])?;
    let unset = list.get("activity").is_some_and(|tracker| !tracker.allowed);
    ledger.check(
        "stationdb.2-h",
        "after a withdrawal the cookie may not be set",
        unset,
        yes_or(unset, "not allowed", "STILL ALLOWED"),
    );
    let promise = "and what rested on the consent is deleted";
    End { controller: NAME, clause: "stationdb.1-c", promise, kept: &kept, at: counts_from(&withdrawn)? }
        .play(world, ledger)
}
