//! Cookies, similar techniques and plug-ins: what may be loaded, and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};
use wire::{
    consent::{ConsentStateForm, ReceiptForm},
    tracker::TrackerForm,
};

use super::{
    NAME,
    steps::{ZONE, adult, event, file, give, information, keep, made_at, named, refusal, withdraw},
};
use crate::{
    client::Call,
    clock,
    scenarios::{
        End, Part,
        acts::{Expected, chosen, disclose, disclosure, judge, may_use, merge, trackers},
        kept_until, later,
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject, trigger},
};

/// The providers of plug-ins that the text names, sorted.
const PROVIDERS: [&str; 7] = ["facebook", "github", "instagram", "linkedin", "twitter", "vimeo", "youtube"];

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &[
            "identance.3-a",
            "identance.3-b",
            "identance.3-e",
            "identance.3-g",
            "identance.3-h",
            "identance.9-a",
            "identance.9-c",
        ],
        promise: "no cookie before its consent, none after its withdrawal",
        run: banner,
    },
    Part {
        clauses: &["identance.3-i", "identance.3-j"],
        promise: "a beacon in a mail needs both consents",
        run: beacons,
    },
    Part { clauses: &["identance.3-c"], promise: "a session's cookie ends with the session", run: session },
    Part {
        clauses: &["identance.3-d", "identance.0-c"],
        promise: "a cookie that stays has an end, and is somebody's",
        run: persistent,
    },
    Part {
        clauses: &["identance.10-b", "identance.10-c", "identance.10-d", "identance.10-e"],
        promise: "plug-ins are blocked until they are agreed to",
        run: plug_ins,
    },
    Part { clauses: &["identance.10-a"], promise: "seven providers, by consent, and no eighth", run: providers },
    Part {
        clauses: &["identance.10-g", "identance.10-f", "identance.8-e"],
        promise: "who got what people did with a plug-in is on record",
        run: interactions,
    },
];

/// What may be set, by name.
fn set(trackers: &BTreeMap<String, TrackerForm>) -> Vec<&str> {
    trackers.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str()).collect()
}

/// One row: exactly these may be set.
fn only(
    ledger: &mut Ledger,
    clause: &'static str,
    promise: &str,
    found: &BTreeMap<String, TrackerForm>,
    expected: &[&str],
) {
    let found = set(found);
    let said =
        if found.is_empty() { "nothing may be set".to_owned() } else { format!("allowed: {}", found.join(", ")) };
    ledger.check(clause, promise, found == expected, said);
}

fn state(world: &World, token: &str, purpose: &str) -> Played<String> {
    let call = Call::new("GET", world.api(&format!("/{NAME}/v1/consents")));
    let call = call.with("authorization", format!("Bearer {token}"));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    Ok(state.purposes.get(purpose).map_or_else(|| "nothing".to_owned(), |state| state.state.clone()))
}

fn banner(world: &World, ledger: &mut Ledger) -> Played {
    const ANALYTICS: &str = "cookies.behaviour-analytics";
    let who = subject("cookie", &world.name("browser"));
    let used = || may_use(world, NAME, &who, ANALYTICS, json!({}));
    let first = trackers(world, NAME, None, &[])?;
    only(ledger, "identance.3-a", "all cookies wait for a consent, the session's too", &first, &[]);
    let before = used()?;
    let promise = "no interest of the site's stands in for the consent to analytics";
    judge(ledger, "identance.9-a", promise, &before, Expected::Denied("consent-missing"));

    let token = give(world, &who, &["cookies.session"])?.token;
    let now = || trackers(world, NAME, Some(&token), &[]);
    only(ledger, "identance.3-a", "a granted one sets what it names", &now()?, &["session-cookie"]);
    give(world, &who, &["cookies.customisation"])?;
    only(ledger, "identance.3-b", "customisation is no analytics, and sets nothing", &now()?, &["session-cookie"]);
    let fitted = may_use(world, NAME, &who, "cookies.customisation", json!({}))?;
    let promise = "nothing is fitted to anybody, though they agreed";
    judge(ledger, "identance.3-b", promise, &fitted, Expected::Denied("use-ruled-out"));

    chosen(world, NAME, &who, &[(ANALYTICS, "refused")], json!({}))?;
    let refused = state(world, &token, ANALYTICS)?;
    let held = now()?;
    ledger.check(
        "identance.9-c",
        "a refusal in the banner is recorded, and nothing is set",
        refused == "refused" && set(&held) == ["session-cookie"],
        format!("analytics {refused}; allowed: {}", set(&held).join(", ")),
    );
    give(world, &who, &[ANALYTICS])?;
    let full = ["analytics-cookie", "session-cookie", "website-beacon"];
    only(ledger, "identance.3-b", "analytics are agreed to by themselves", &now()?, &full);
    only(ledger, "identance.3-h", "a beacon of the site needs the consent to analytics", &now()?, &full);
    judge(ledger, "identance.9-a", "with it they may go on", &used()?, Expected::Allowed("identance.3-b"));
    // A browser that keeps no cookie has none to send: what was agreed to elsewhere does not follow it.
    let refusing = trackers(world, NAME, None, &[])?;
    only(ledger, "identance.3-e", "a browser that refuses cookies gets none, whatever was agreed to", &refusing, &[]);

    withdraw(world, &who, &[ANALYTICS])?;
    let left = now()?;
    only(ledger, "identance.3-g", "the banner takes back one purpose, with one word", &left, &["session-cookie"]);
    only(ledger, "identance.3-h", "and the beacon goes with it", &left, &["session-cookie"]);
    judge(ledger, "identance.9-c", "analytics stop at once", &used()?, Expected::Denied("consent-missing"));
    give(world, &who, &[ANALYTICS])?;
    only(ledger, "identance.3-g", "it stays in reach, for another mind", &now()?, &full);
    Ok(())
}

fn beacons(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.3-i";
    let (reads, agrees) = (subject("cookie", &world.name("reads")), subject("cookie", &world.name("agrees")));
    let allowed = |token: &str| -> Played<bool> {
        Ok(trackers(world, NAME, Some(token), &[])?.get("email-beacon").is_some_and(|beacon| beacon.allowed))
    };
    let tracking = give(world, &agrees, &["beacons.email"])?.token;
    let reading = give(world, &reads, &["newsletter"])?.token;
    let alone = (allowed(&tracking)?, allowed(&reading)?);
    ledger.check(
        CLAUSE,
        "neither the newsletter alone nor the tracking alone lets links be followed",
        alone == (false, false),
        format!("tracking alone: {}, newsletter alone: {}", alone.0, alone.1),
    );
    let used = may_use(world, NAME, &agrees, "beacons.email", json!({}))?;
    judge(ledger, CLAUSE, "nor be looked at", &used, Expected::Denied("consent-missing"));
    give(world, &agrees, &["newsletter"])?;
    let both = allowed(&tracking)?;
    ledger.check(CLAUSE, "both together do", both, format!("with both: {both}"));
    withdraw(world, &agrees, &["newsletter"])?;
    let after = allowed(&tracking)?;
    ledger.check(CLAUSE, "who unsubscribes is followed no more", !after, format!("after unsubscribing: {after}"));

    let clicked = json!({ "link": "https://identance.com/news" });
    let elsewhere = refusal(world, &reads, ("beacon", "newsletter.own-promotions"), &clicked, world.start)?;
    ledger.check(
        "identance.3-j",
        "what a beacon saw serves its purpose alone",
        elsewhere.is_some(),
        elsewhere.unwrap_or_else(|| "KEPT FOR PROMOTIONS".to_owned()),
    );
    give(world, &reads, &["cookies.behaviour-analytics"])?;
    let run = may_use(world, NAME, &reads, "cookies.behaviour-analytics", json!({}))?;
    judge(ledger, "identance.3-j", "to run and improve the site", &run, Expected::Allowed("identance.3-b"));
    let profile = may_use(world, NAME, &reads, "cookies.behaviour-analytics", json!({ "uses": ["profiling"] }))?;
    judge(ledger, "identance.3-j", "and to profile nobody", &profile, Expected::Denied("use-ruled-out"));
    Ok(())
}

fn session(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.3-c";
    let who = subject("cookie", &world.name("session"));
    let token = give(world, &who, &["cookies.session"])?.token;
    let set = trackers(world, NAME, Some(&token), &[])?;
    let cookie = set.get("session-cookie");
    ledger.check(
        CLAUSE,
        "the browser is given no date for it",
        cookie.is_some_and(|cookie| cookie.allowed && cookie.lifetime.is_none() && cookie.until.is_none()),
        format!("until {}", cookie.and_then(|cookie| cookie.until.as_deref()).unwrap_or("the session ends")),
    );
    let kept = keep(world, &who, ("session-cookie", "cookies.session"), &json!({ "cookie_id": "1" }))?;
    let day = later(world.start, 1.day(), ZONE)?;
    ledger.check(
        CLAUSE,
        "its twin on the server goes after a day if nobody says that the session ended",
        kept.until == Some(day),
        kept_until(&kept),
    );
    let ended = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(ended, &who, "browser-session.ended")])?;
    let promise = "and with the session if somebody does";
    End { controller: NAME, clause: CLAUSE, promise, kept: &kept, at: ended }.play(world, ledger)
}

fn persistent(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.3-d";
    const WHAT: (&str, &str) = ("persistent-cookie", "cookies.behaviour-analytics");
    let (stays, goes) = (subject("cookie", &world.name("stays")), subject("cookie", &world.name("goes")));
    let fields = json!({ "cookie_id": "1" });
    let token = give(world, &stays, &[WHAT.1])?.token;
    give(world, &goes, &[WHAT.1])?;
    let set = trackers(world, NAME, Some(&token), &[])?;
    let lifetime = set.get("analytics-cookie").and_then(|cookie| cookie.lifetime.clone());
    ledger.check(
        CLAUSE,
        "it is set for thirteen months",
        lifetime.as_deref() == Some("P13M"),
        lifetime.unwrap_or_else(|| "WITHOUT AN END".to_owned()),
    );
    let theirs = keep(world, &goes, WHAT, &fields)?;
    let kept = keep(world, &stays, WHAT, &fields)?;

    // Nobody knows more of this person than a number in a browser, and that is enough to be heard.
    let request = world.ask(NAME, &json!({ "type": "withdraw-consent", "subject": goes }))?;
    let status = world.decided(&request)?;
    let analytics = may_use(world, NAME, &goes, WHAT.1, json!({}))?;
    ledger.check(
        "identance.0-c",
        "an online identifier is somebody, who is heard by it",
        status.withdrawn.iter().any(|purpose| purpose == WHAT.1) && analytics.reason.is_some(),
        format!("withdrawn: {}; analytics {analytics}", status.withdrawn.join(", ")),
    );
    let at = crate::world::wait_for("the cookie's record to end", || {
        let item = world.stored(&theirs)?;
        let thirteen_months = later(world.start, 13.months(), ZONE)?;
        Ok(item.and_then(|item| item.ends_at()).filter(|at| *at < thirteen_months))
    })?;
    let promise = "and whose data goes";
    End { controller: NAME, clause: "identance.0-c", promise, kept: &theirs, at }.play(world, ledger)?;

    let at = later(world.start, 13.months(), ZONE)?;
    let promise = "and what the server knows of it is kept no longer";
    End { controller: NAME, clause: CLAUSE, promise, kept: &kept, at }.play(world, ledger)
}

fn to_provider(provider: &str, who: &Value) -> Value {
    disclosure(provider, who, &["plugin-interaction"], "plugins", json!({ "country": "IE" }))
}

fn plug_ins(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("plugged"));
    let given = |found: &BTreeMap<String, TrackerForm>| -> (bool, String) {
        found.get("plug-in").map_or((false, "unknown".to_owned()), |found| (found.allowed, found.because.clone()))
    };
    let sent = || disclose(world, NAME, &to_provider("facebook", &who));

    let (first, because) = given(&trackers(world, NAME, None, &[])?);
    ledger.check("identance.10-c", "a page loads none before a choice", !first && because == "no-consent", because);
    judge(ledger, "identance.10-c", "and nothing goes to a provider", &sent()?, Expected::Denied("consent-missing"));
    let token = give(world, &who, &["cookies.session", "cookies.behaviour-analytics"])?.token;
    let (other, because) = given(&trackers(world, NAME, Some(&token), &[])?);
    ledger.check("identance.10-b", "the consent to cookies is none to plug-ins", !other, because);
    give(world, &who, &["plugins"])?;
    let (loaded, because) = given(&trackers(world, NAME, Some(&token), &[])?);
    ledger.check("identance.10-b", "their own loads them", loaded && because == "consent", because);
    judge(ledger, "identance.10-c", "and lets data go there", &sent()?, Expected::Allowed("identance.10-a"));

    let (signalled, because) = given(&trackers(world, NAME, Some(&token), &[("sec-gpc", "1")])?);
    let promise = "Global Privacy Control stops them, whatever was agreed to";
    ledger.check("identance.10-d", promise, !signalled && because == "gpc", because);
    let signalling = subject("cookie", &world.name("signalling"));
    let mut form = json!({ "subject": signalling, "purposes": { "plugins": "given" } });
    merge(&mut form, adult());
    let call = Call::new("POST", world.api(&format!("/{NAME}/v1/consents"))).with("sec-gpc", "1").json(&form);
    let receipt: ReceiptForm = world.client.send(&call)?.expect(&[201])?.json()?;
    let shared = disclose(world, NAME, &to_provider("facebook", &signalling))?;
    ledger.check(
        "identance.10-d",
        "and keeps what a browser sent with it from being shared",
        receipt.sec_gpc == "1" && shared.reason.as_deref() == Some("global-privacy-control"),
        shared.to_string(),
    );

    withdraw(world, &who, &["plugins"])?;
    let (after, because) = given(&trackers(world, NAME, Some(&token), &[])?);
    ledger.check("identance.10-e", "they are switched off here, without logging out elsewhere", !after, because);
    judge(ledger, "identance.10-e", "and nothing more goes there", &sent()?, Expected::Denied("consent-missing"));
    Ok(())
}

fn providers(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.10-a";
    let who = subject("mail", &world.address("sharer"));
    let reasons = || -> Played<Vec<String>> {
        let ask = |provider: &&str| disclose(world, NAME, &to_provider(provider, &who));
        PROVIDERS.iter().map(|provider| Ok(ask(provider)?.reason.unwrap_or_else(|| "allowed".to_owned()))).collect()
    };
    let before = reasons()?;
    let is_denied = before.iter().all(|reason| reason == "consent-missing");
    ledger.check(CLAUSE, "no provider gets anything unasked", is_denied, before.join(", "));
    give(world, &who, &["plugins"])?;
    let after = reasons()?;
    let is_allowed = after.iter().all(|reason| reason == "allowed");
    ledger.check(CLAUSE, "each that the text names does with consent", is_allowed, after.join(", "));
    let eighth = disclose(world, NAME, &to_provider("tiktok", &who))?;
    judge(ledger, CLAUSE, "\"such as\" names no eighth", &eighth, Expected::Denied("unlisted-recipient"));
    let contact = disclosure("facebook", &who, &["contact"], "plugins", json!({ "country": "IE" }));
    let contact = disclose(world, NAME, &contact)?;
    judge(ledger, CLAUSE, "and no more than the plug-in's data", &contact, Expected::Denied("category-not-allowed"));
    Ok(())
}

fn interactions(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.10-g";
    const WHAT: (&str, &str) = ("plugin-interaction", "plugins");
    let address = world.address("commenter");
    let who = subject("mail", &address);
    let fields = json!({ "provider": "vimeo", "comment": "Well said" });
    let before = refusal(world, &who, WHAT, &fields, clock::now())?;
    ledger.check(
        CLAUSE,
        "what people do with a plug-in is not kept without their consent",
        before.as_deref().is_some_and(|why| why.contains(CLAUSE)),
        before.unwrap_or_else(|| "KEPT".to_owned()),
    );
    give(world, &who, &[WHAT.1])?;
    let made = clock::now();
    let kept = world.keep(NAME, &event(world, &who, WHAT, &fields, made))?;
    let end = later(made, 13.months(), ZONE)?;
    ledger.check(CLAUSE, "with it, for thirteen months at most", kept.until == Some(end), kept_until(&kept));
    let sent = disclose(world, NAME, &to_provider("vimeo", &who))?;
    let theirs = file(world, &address, &json!({ "type": "access", "subject": who }))?;
    let line = theirs["disclosures"].as_array().and_then(|lines| lines.first()).cloned().unwrap_or_default();
    let is_named = line["recipient"] == "vimeo" && line["id"].as_str() == sent.id.as_deref() && sent.id.is_some();
    let at = line["at"].as_str().unwrap_or_default().to_owned();
    ledger.check(
        CLAUSE,
        "who got it, and when, is on record",
        is_named && !at.is_empty(),
        format!("to {} at {at}", line["recipient"].as_str().unwrap_or("NOBODY")),
    );
    ledger.check(
        "identance.8-e",
        "and the person is told by name",
        line["title"] == "Vimeo",
        format!("{} in their file", line["title"].as_str().unwrap_or("NO NAME")),
    );
    let (request, facts) = information(world, &subject("mail", &world.address("stranger")))?;
    let titles = named(&facts, "recipients", "title");
    let missing: Vec<_> = ["Facebook", "Instagram", "YouTube", "Twitter", "LinkedIn", "Vimeo", "GitHub"]
        .into_iter()
        .filter(|name| !titles.iter().any(|title| title == name))
        .collect();
    ledger.check(
        "identance.8-e",
        "anybody who asks is told who may get data, without proof of who they are",
        request.verification == "none" && titles.iter().any(|title| title.contains("section 11")),
        format!("{} recipients by name", titles.len()),
    );
    ledger.check(
        "identance.10-f",
        "with every provider of plug-ins among them, so that their policies can be looked up",
        missing.is_empty(),
        if missing.is_empty() { "all seven".to_owned() } else { format!("MISSING {}", missing.join(", ")) },
    );
    let at = made_at(&withdraw(world, &who, &[WHAT.1])?)?;
    let promise = "a withdrawal ends it here";
    End { controller: NAME, clause: CLAUSE, promise, kept: &kept, at }.play(world, ledger)
}
