//! Providers: which of them may be given what, and how people learn of a new one.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{
    NAME,
    steps::{ZONE, give},
};
use crate::{
    client::{Answer, Call},
    clock,
    scenarios::{
        Part,
        acts::{Expected, Verdict, disclose, disclosure, judge},
        later,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &[
            "identance.4-e",
            "identance.5-c",
            "identance.6-d",
            "identance.8-b",
            "identance.8-d",
            "identance.9-d",
        ],
        promise: "a provider gets nothing before it is published",
        run: providers,
    },
    Part { clauses: &["identance.8-c"], promise: "a new provider is announced before it starts", run: announcement },
];

/// What a disclosure to a provider refers to, up to so many of the three.
fn references(number: usize) -> Value {
    let all = [("obligations", "o-1"), ("processing-agreement", "dpa-1"), ("published-row", "row-1")];
    let named = all.into_iter().take(number).map(|(name, text)| (name.to_owned(), json!(text)));
    Value::Object(named.collect())
}

fn providers(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("provided"));
    let to = |recipient: &str, (category, purpose): (&str, &str), number: usize| -> Played<Verdict> {
        let more = json!({ "country": "FR", "references": references(number) });
        disclose(world, NAME, &disclosure(recipient, &who, &[category], purpose, more))
    };
    let provider = Expected::Allowed("identance.11-c");
    let news = ("newsletter", "newsletter");
    let asked = ("contact-form", "contact-form.reply");
    let cv = ("cv", "recruitment.assess");
    let analytics = ("internet-activity", "cookies.behaviour-analytics");

    let unasked = to("service-provider", news, 3)?;
    let promise = "no provider gets the address of somebody who did not subscribe";
    judge(ledger, "identance.4-e", promise, &unasked, Expected::Denied("consent-missing"));
    let unasked = to("service-provider", analytics, 3)?;
    let promise = "nor analyses anybody who did not agree";
    judge(ledger, "identance.9-d", promise, &unasked, Expected::Denied("consent-missing"));
    give(world, &who, &[news.1, analytics.1])?;
    for (clause, what) in
        [("identance.4-e", news), ("identance.5-c", asked), ("identance.6-d", cv), ("identance.9-d", analytics)]
    {
        let promise = format!("a provider without a row in section 11 gets no {}", what.0);
        judge(ledger, clause, &promise, &to("mail-house", what, 3)?, Expected::Denied("unlisted-recipient"));
        let promise = "nor one whose row is not published";
        judge(ledger, clause, promise, &to("service-provider", what, 2)?, Expected::Denied("reference-missing"));
        judge(ledger, clause, "one with a published row does", &to("service-provider", what, 3)?, provider);
    }
    let bound = to("service-provider", asked, 0)?;
    let promise = "a new provider gets nothing before the version that lists it";
    judge(ledger, "identance.8-b", promise, &bound, Expected::Denied("reference-missing"));
    let new = to("service-provider", asked, 2)?;
    let promise = "an agreement alone is no list";
    judge(ledger, "identance.8-b", promise, &new, Expected::Denied("reference-missing"));
    judge(ledger, "identance.8-b", "after it, it may", &to("service-provider", asked, 3)?, provider);
    let future = to("future-partner", asked, 3)?;
    let is_closed = future.is_denied_by("unlisted-recipient", "identance.11-f");
    let promise = "\"such third parties\" are nobody who is not listed";
    ledger.check("identance.8-d", promise, is_closed, future.to_string());
    Ok(())
}

fn announcement(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.8-c";
    let version = format!("providers-{}", world.run);
    let path = format!("/{NAME}/v1/notices");
    let publish = |effective_at: Option<Timestamp>| {
        let mut form = json!({
            "version": version, "language": "en", "text_sha256": "5a".repeat(32),
            "url": "https://identance.com/privacy", "significance": "editorial",
            "summary": "The list of providers has another row.", "new_purposes": [],
            "new_recipients": ["service-provider"], "ask_again": [],
        });
        if let Some(at) = effective_at {
            form["effective_at"] = json!(at.to_string());
        }
        world.post_as_staff(&path, "notices:write", NAME, &form)
    };
    let now = clock::now();
    let (at_once, soon) = (publish(Some(now))?, publish(Some(later(now, 29.days(), ZONE)?))?);
    let place = |answer: &Answer| -> Played<Value> { Ok(answer.json::<Value>()?["pointer"].take()) };
    let is_its_time = place(&at_once)? == "/effective_at" && place(&soon)? == "/effective_at";
    ledger.check(
        CLAUSE,
        "a new provider cannot start today, nor in 29 days",
        (at_once.status, soon.status) == (422, 422) && is_its_time,
        format!("today: {}; in 29 days: {}", at_once.said(), soon.said()),
    );
    let published: Value = publish(None)?.expect(&[201])?.json()?;
    let time = |member: &str| -> Played<Timestamp> {
        published[member].as_str().unwrap_or_default().parse().map_err(Trouble::because(member.to_owned()))
    };
    let (published_at, effective_at) = (time("published_at")?, time("effective_at")?);
    let listed: Value = world.client.send(&Call::new("GET", world.api(&path)))?.expect(&[200])?.json()?;
    let stands = listed["notices"].as_array().into_iter().flatten().any(|notice| notice["version"] == version.as_str());
    ledger.check(
        CLAUSE,
        "everybody can read it thirty days before",
        stands && effective_at >= later(published_at, 30.days(), ZONE)?,
        format!("read since {published_at}, counts from {effective_at}"),
    );
    Ok(())
}
