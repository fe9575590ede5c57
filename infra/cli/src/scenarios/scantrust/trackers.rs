//! Cookies and what else follows a visitor.

use jiff::ToSpan;
use serde_json::json;
use wire::consent::{ConsentStateForm, ReceiptForm};

use super::{NAME, NOTICE};
use crate::{
    client::Call,
    clock,
    scenarios::{
        acts::{Expected, choose, chosen, judge, may_use, problem, trackers},
        later, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger, wait_for},
};

const PREFERENCES: &str = "trackers.preferences";

const ANALYTICS: &str = "trackers.behaviour-analytics";

pub(super) fn consent(world: &World, ledger: &mut Ledger) -> Played {
    let visitor = world.name("visitor");
    let next = format!("{}/thanks.html", world.stack.public_url);
    let form = [
        ("subject_kind", "cookie"),
        ("subject", visitor.as_str()),
        ("purpose.trackers.behaviour-analytics", "given"),
        ("purpose.trackers.preferences", "refused"),
        ("notice", "undated-1"),
        ("nonce", visitor.as_str()),
    ];
    let path = format!("/{NAME}/v1/consents");
    let with_next: Vec<_> = form.into_iter().chain([("next", next.as_str())]).collect();
    let answer = world.client.send(&Call::new("POST", world.api(&path)).form(&with_next))?;
    let went_on = answer.status == 303 && answer.header("location") == Some(next.as_str());
    ledger.check(
        "scantrust.1.3-a",
        "a consent form leads back to the allow-listed page",
        went_on,
        format!("{} to {}", answer.said(), answer.header("location").unwrap_or("nowhere")),
    );
    // The browser's form sent again is the same consent; this time its receipt is asked for.
    let again = world.client.send(&Call::new("POST", world.api(&path)).form(&form))?.expect(&[200, 201])?;
    let replayed = again.status == 200;
    let receipt: ReceiptForm = again.json()?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", receipt.token));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let said = |purpose: &str| state.purposes.get(purpose).map_or("nothing", |state| state.state.as_str());
    let (analytics, preferences) = (said("trackers.behaviour-analytics"), said("trackers.preferences"));
    ledger.check(
        "scantrust.1.3-a",
        "analytics run by the consent that was given, and by no other",
        replayed && (analytics, preferences) == ("given", "refused"),
        format!(
            "sent again: {}; analytics {analytics}, preferences {preferences}",
            yes_or(replayed, "one record", "TWO RECORDS")
        ),
    );
    Ok(())
}

pub(super) fn gate(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("gated"));
    let allowed = |token: Option<&str>| -> Played<String> {
        let list = trackers(world, NAME, token, &[])?;
        let allowed = list.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str());
        Ok(allowed.collect::<Vec<_>>().join(", "))
    };
    let list = trackers(world, NAME, None, &[])?;
    let ids: Vec<&str> = list.keys().map(String::as_str).collect();
    ledger.check(
        "scantrust.2-b",
        "with no table of cookies, three trackers are declared and no other may be set",
        ids == ["behaviour", "preferences", "session"],
        format!("declared: {}", ids.join(", ")),
    );
    let answer = choose(world, NAME, &who, &[("trackers.advertising", "given")], json!({ "notice": NOTICE }))?;
    ledger.check(
        "scantrust.2-b",
        "nobody can agree to a tracker that is not declared",
        answer.status == 422 && problem(&answer)? == "unknown-purpose",
        answer.said(),
    );
    let before = allowed(None)?;
    let promise = "before any consent nothing but the session’s cookie is set";
    ledger.check("scantrust.1.3-a", promise, before == "session", format!("allowed: {before}"));

    let receipt = chosen(world, NAME, &who, &[(PREFERENCES, "given")], json!({ "notice": NOTICE }))?;
    let one = trackers(world, NAME, Some(&receipt.token), &[])?;
    let of = |id: &str| one.get(id).map_or("not listed", |tracker| tracker.because.as_str());
    let until = one.get("preferences").and_then(|tracker| tracker.lifetime.as_deref());
    ledger.check(
        "scantrust.1.3-a",
        "each of the two others is set by its own consent",
        (of("preferences"), of("behaviour"), until) == ("consent", "no-consent", Some("P6M")),
        format!("preferences {} for {}, behaviour {}", of("preferences"), until.unwrap_or("ever"), of("behaviour")),
    );
    let behaviour = list.get("behaviour").map_or("not listed", |tracker| tracker.because.as_str());
    ledger.check(
        "scantrust.1.3-b",
        "no technique is used to follow somebody who was not asked",
        behaviour == "no-consent" && of("behaviour") == "no-consent",
        format!("unknown visitor {behaviour}, one who agreed to preferences {}", of("behaviour")),
    );
    // A legitimate interest carries the analysis of what is there, and not the reading of the device.
    let verdict = may_use(world, NAME, &who, "platform.improvement", json!({}))?;
    ledger.check(
        "scantrust.1.3-e",
        "the interest in improvement opens nobody’s device",
        verdict.reason.is_none() && of("behaviour") == "no-consent",
        format!("the analysis is {verdict}; the tracker: {}", of("behaviour")),
    );
    let verdict = may_use(world, NAME, &who, ANALYTICS, json!({}))?;
    let promise = "insight into usage by cookies needs a consent";
    judge(ledger, "scantrust.2-a", promise, &verdict, Expected::Denied("consent-missing"));
    let receipt = chosen(world, NAME, &who, &[(ANALYTICS, "given")], json!({ "notice": NOTICE }))?;
    let both = trackers(world, NAME, Some(&receipt.token), &[])?;
    let behaviour = both.get("behaviour");
    let is_session_long = behaviour.is_some_and(|tracker| tracker.allowed && tracker.until.is_none());
    ledger.check(
        "scantrust.2-a",
        "with it the cookie is set, for the session",
        is_session_long,
        format!("allowed: {}", allowed(Some(&receipt.token))?),
    );
    chosen(world, NAME, &who, &[(PREFERENCES, "withdrawn")], json!({}))?;
    let after = allowed(Some(&receipt.token))?;
    let promise = "and a withdrawal ends what it was given for";
    ledger.check("scantrust.1.3-a", promise, after == "behaviour, session", format!("allowed: {after}"));
    Ok(())
}

pub(super) fn withdrawal(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("fingerprinted"));
    let both = [(ANALYTICS, "given"), (PREFERENCES, "given")];
    chosen(world, NAME, &who, &both, json!({ "notice": NOTICE }))?;
    let keep = |purpose: &str, fields: serde_json::Value| {
        let locator = format!("{purpose}/{}", world.run);
        world.keep(NAME, &record(world.start, &who, "tracker-identifier", purpose, &locator, &fields))
    };
    let followed = keep(ANALYTICS, json!({ "etag": "W/1", "fingerprint": "canvas-1", "cookie_id": "c1" }))?;
    let remembered = keep(PREFERENCES, json!({ "preferences": "dark" }))?;
    let was_there = world.stored(&followed)?.is_some();
    let day = later(world.start, 1.day(), "UTC")?;
    ledger.check(
        "scantrust.2-a",
        "what analytics keep lives for the session, a day at most",
        followed.until == Some(day),
        format!("kept until {}", followed.until.map_or_else(|| "ever".to_owned(), |at| at.to_string())),
    );
    chosen(world, NAME, &who, &[(ANALYTICS, "withdrawn")], json!({}))?;
    // The end has come by the real clock: the next sweep or DynamoDB's own removes it, whichever is first.
    wait_for("the withdrawal to end the record", || {
        let item = world.stored(&followed)?;
        Ok(item.is_none_or(|item| item.ends_at().is_some_and(|at| at <= clock::now())).then_some(()))
    })?;
    world.sweep(clock::now())?;
    let is_gone = world.stored(&followed)?.is_none();
    let stays = world.stored(&remembered)?.is_some();
    let promise = "a withdrawal deletes the etag and the fingerprint that no browser clears";
    let happened = format!(
        "{}; the preferences, still agreed to: {}",
        yes_or(is_gone, "deleted", "STILL THERE"),
        yes_or(stays, "kept", "GONE")
    );
    ledger.check("scantrust.1.3-b", promise, was_there && is_gone && stays, happened);

    let session = subject("session", &world.name("session"));
    let locator = format!("session/{}", world.run);
    let fields = json!({ "etag": "W/2" });
    let kept = world.keep(NAME, &record(world.start, &session, "tracker-identifier", ANALYTICS, &locator, &fields))?;
    let ended = world.start;
    let results = world.register(NAME, &[trigger(ended, &session, "session.ended")])?;
    if results.first().and_then(|result| result.clocks_moved) != Some(1) {
        return Err(Trouble::new("the end of the session moved no clock"));
    }
    world.sweep(clock::now())?;
    let is_gone = world.stored(&kept)?.is_none();
    let happened = yes_or(is_gone, "deleted", "STILL THERE");
    ledger.check("scantrust.2-a", "and goes with the session that it was made in", is_gone, happened);
    Ok(())
}
