//! Hotjar: off until the banner says otherwise, short-lived, and never a seller.

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::{HOTJAR, NAME, ZONE, banner, counts_from, denied, keep, made, made_at, refused, visitor};
use crate::{
    clock,
    scenarios::{
        End,
        acts::{Expected, disclose, disclosure, judge, may_use, trackers},
        later, yes_or,
    },
    table::Ledger,
    trouble::Played,
    world::{World, trigger},
};

/// What Hotjar may know of a visit, by the text.
fn profile() -> Value {
    json!({
        "screen_size": "1920x1080", "device_type": "desktop", "device_id": "0f1e2d3c", "browser": "Firefox",
        "country": "FR", "language": "fr",
    })
}

pub(super) fn opt_in(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "bannered");
    let is_on = |token: Option<&str>| -> Played<bool> {
        let list = trackers(world, NAME, token, &[])?;
        Ok(list.get("hotjar").is_some_and(|tracker| tracker.allowed && tracker.clause == "stationdb.4-n"))
    };
    let early = made(world, &who, "hotjar", HOTJAR, "early", profile());
    refused(world, ledger, "stationdb.4-n", "nothing is recorded before the consent", &early, HOTJAR)?;
    let unasked = may_use(world, NAME, &who, HOTJAR, json!({}))?;
    denied(ledger, "stationdb.4-m", "the site's use is not looked at without a consent", &unasked, "consent-missing");

    let before = is_on(None)?;
    let refused_it = banner(world, &who, &[(HOTJAR, "refused"), ("product.improvement", "given")])?;
    let off = is_on(Some(&refused_it.token))?;
    let given = banner(world, &who, &[(HOTJAR, "given")])?;
    let on = is_on(Some(&given.token))?;
    ledger.check(
        "stationdb.4-n",
        "Hotjar is off, stays off after a refusal and another consent, and is on after its own",
        (before, off, on) == (false, false, true),
        format!("on: {before} before, {off} after a refusal, {on} after the consent"),
    );
    let stranger = banner(world, &visitor(world, "stranger"), &[("product.improvement", "given")])?;
    let theirs = is_on(Some(&stranger.token))?;
    ledger.check("stationdb.4-n", "one visitor's consent is no other's", !theirs, format!("on for another: {theirs}"));
    let agreed = may_use(world, NAME, &who, HOTJAR, json!({}))?;
    judge(ledger, "stationdb.4-m", "with it, it is", &agreed, Expected::Allowed("stationdb.4-m"));

    let at = counts_from(&given)?;
    let six = made_at(world, at, &who, ("hotjar", HOTJAR), "six", profile());
    let six = keep(world, &six)?;
    let is_kept = world.stored(&six)?.is_some();
    let kept = yes_or(is_kept, "kept", "NOT KEPT");
    ledger.check("stationdb.4-o", "screen, device, browser, country and language are recorded", is_kept, kept);
    for (field, promise) in
        [("city", "the country, and no nearer place"), ("ip_address", "and no address, which must not live as long")]
    {
        let more = made_at(world, at, &who, ("hotjar", HOTJAR), field, json!({ "country": "FR", field: "x" }));
        refused(world, ledger, "stationdb.4-o", promise, &more, field)?;
    }
    let other = made_at(world, at, &who, ("hotjar", "debugging"), "other", profile());
    refused(
        world,
        ledger,
        "stationdb.4-m",
        "to understand how the site is used, and for nothing else",
        &other,
        "no hotjar",
    )?;

    banner(world, &who, &[(HOTJAR, "withdrawn")])?;
    let after = is_on(Some(&given.token))?;
    let used = may_use(world, NAME, &who, HOTJAR, json!({}))?;
    ledger.check(
        "stationdb.4-n",
        "it is withdrawn where it was given, and counts at once",
        !after && used.reason.as_deref() == Some("consent-missing"),
        format!("on: {after}; {used}"),
    );
    // Nobody needs a banner to take a consent back, nor a proof (Art. 7(3)).
    let given = banner(world, &who, &[(HOTJAR, "given")])?;
    let request = world.ask(NAME, &json!({ "type": "withdraw-consent", "subject": who, "purposes": [HOTJAR] }))?;
    let withdrawn = world.decided(&request)?.withdrawn;
    let after = is_on(Some(&given.token))?;
    ledger.check(
        "stationdb.4-n",
        "or by a request, without a proof",
        withdrawn == [HOTJAR] && !after,
        format!("withdrawn {withdrawn:?}; on: {after}"),
    );
    Ok(())
}

pub(super) fn ends(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "observed");
    let given = banner(world, &who, &[(HOTJAR, "given")])?;
    let at = counts_from(&given)?;
    let address = json!({ "ip_address": world.ip() });
    let address = keep(world, &made_at(world, at, &who, ("hotjar-ip", HOTJAR), "address", address))?;
    let kept = keep(world, &made_at(world, at, &who, ("hotjar", HOTJAR), "profile", profile()))?;
    ledger.check(
        "stationdb.4-p",
        "the address is kept a day if nobody says that the session ended",
        address.until == Some(later(at, 1.day(), ZONE)?),
        format!("kept until {:?}", address.until),
    );
    ledger.check(
        "stationdb.4-q",
        "a pseudonymous profile is still a person's: it is kept a year at the longest",
        kept.until == Some(later(at, 1.year(), ZONE)?),
        format!("kept until {:?}", kept.until),
    );
    let over = at.saturating_add(SignedDuration::from_mins(20)).unwrap_or(at);
    world.register(NAME, &[trigger(over, &who, "session.ended")])?;
    let promise = "the address goes when the session ends";
    End { controller: NAME, clause: "stationdb.4-p", promise, kept: &address, at: over }.play(world, ledger)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "stationdb.4-p",
        "what names no address stays",
        is_there,
        format!("the profile {} at {over}", yes_or(is_there, "is kept", "IS GONE")),
    );

    let withdrawn = counts_from(&banner(world, &who, &[(HOTJAR, "withdrawn")])?)?;
    let promise = "and the profile goes with the consent";
    End { controller: NAME, clause: "stationdb.4-q", promise, kept: &kept, at: withdrawn }.play(world, ledger)
}

pub(super) fn disclosed(world: &World, ledger: &mut Ledger) -> Played {
    let who = visitor(world, "profiled");
    let give = |categories: &[&str], purpose: &str, more: Value| {
        let mut form = disclosure("hotjar", &who, categories, purpose, more);
        form["country"] = json!("MT");
        form["occurred_at"] = json!(clock::now().to_string());
        disclose(world, NAME, &form)
    };
    let agreement = || json!({ "references": { "processing-agreement": "dpa-3" } });
    let unasked = give(&["hotjar"], HOTJAR, agreement())?;
    denied(ledger, "stationdb.4-q", "Hotjar gets nothing without a consent", &unasked, "consent-missing");
    banner(world, &who, &[(HOTJAR, "given")])?;
    let given = give(&["hotjar", "hotjar-ip"], HOTJAR, agreement())?;
    judge(ledger, "stationdb.4-q", "with one it stores the profile", &given, Expected::Allowed("stationdb.4-q"));
    let unbound = give(&["hotjar"], HOTJAR, json!({}))?;
    denied(ledger, "stationdb.4-q", "on StationDB's behalf, by a contract", &unbound, "reference-missing");

    for (categories, purpose, reason, promise) in [
        (["account"], HOTJAR, "category-not-allowed", "Hotjar gets no account"),
        (["hotjar"], "product.development", "purpose-not-allowed", "and nothing for another purpose"),
    ] {
        let verdict = give(&categories, purpose, agreement())?;
        let passed = verdict.is_denied_by(reason, "stationdb.4-q");
        ledger.check("stationdb.4-m", promise, passed, verdict.to_string());
    }
    let sale = || json!({ "uses": ["sale"], "references": { "processing-agreement": "dpa-3" } });
    let sold = give(&["hotjar"], HOTJAR, sale())?;
    denied(
        ledger,
        "stationdb.4-r",
        "nothing goes to Hotjar to be sold, though the visitor agreed",
        &sold,
        "use-ruled-out",
    );
    for purpose in [HOTJAR, "account.provide"] {
        let verdict = may_use(world, NAME, &who, purpose, json!({ "uses": ["sale"] }))?;
        denied(ledger, "stationdb.4-r", "and nothing is sold by anybody", &verdict, "use-ruled-out");
    }
    Ok(())
}
