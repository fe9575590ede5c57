//! What data may be used for, and on which interest.

use serde_json::{Value, json};

use super::{ACCOUNT, ENQUIRY, NAME, NOTICE, denied};
use crate::{
    scenarios::{
        acts::{Expected, Verdict, chosen, disclose, judge, may_use},
        held::information,
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject},
};

/// The interests of section 4 with the purposes that each carries.
const INTERESTS: [(&str, &str, &[&str]); 4] = [
    (
        "rfa.4-b",
        "an objection reaches each purpose of giving access to the service",
        &[
            "product.operate",
            "account.administer",
            "access-control",
            "service.deliver-requested",
            "support.respond",
            "support.contact-own-enquiry",
            "support.contact-third-party-enquiry",
        ],
    ),
    ("rfa.4-c", "each of product development", &["product.improvement-analytics", "dev-test"]),
    ("rfa.4-d", "each of security", &["security", "system-administration", "aggregate-statistics"]),
    (
        "rfa.4-e",
        "each of customer relations",
        &["content.access-notice", "client.product-management", "client.staff-management"],
    ),
];

/// What the law asks a consent for, whatever the notice says.
const BY_CONSENT: [&str; 4] = ["cookies.functionality", "cookies.performance", "newsletter", "provider.own-use"];

fn ask(world: &World, who: &Value, purpose: &str) -> Played<Verdict> {
    may_use(world, NAME, who, purpose, json!({}))
}

fn for_marketing(world: &World, who: &Value, purpose: &str) -> Played<Verdict> {
    may_use(world, NAME, who, purpose, json!({ "uses": ["marketing"] }))
}

pub(super) fn services(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("employee"));
    for (clause, promise, purpose) in [
        ("rfa.1-a", "the products are operated with it", "product.operate"),
        ("rfa.1-a", "and accounts administered", "account.administer"),
        ("rfa.1-e", "what somebody asked for is delivered", "service.deliver-requested"),
        ("rfa.1-f", "whoever signed up is told where the content is", "content.access-notice"),
        ("rfa.1-o", "a question is answered", "support.respond"),
        ("rfa.1-p", "and its author written to about it", "support.contact-own-enquiry"),
        ("rfa.1-q", "another user is written to about it", "support.contact-third-party-enquiry"),
    ] {
        judge(ledger, clause, promise, &ask(world, &who, purpose)?, Expected::Allowed(clause));
    }
    for (clause, promise, purpose) in [
        ("rfa.1-e", "nothing that nobody asked for comes with it", "service.deliver-requested"),
        ("rfa.1-f", "that message carries no marketing", "content.access-notice"),
        ("rfa.1-p", "nor does one about a question", "support.contact-own-enquiry"),
        ("rfa.1-q", "nor one about another’s question", "support.contact-third-party-enquiry"),
    ] {
        judge(ledger, clause, promise, &for_marketing(world, &who, purpose)?, Expected::Denied("use-ruled-out"));
    }
    let verdict = ask(world, &who, "newsletter")?;
    let promise = "a newsletter needs more than a sign-up for content";
    judge(ledger, "rfa.1-f", promise, &verdict, Expected::Denied("use-ruled-out"));
    chosen(world, NAME, &who, &[("newsletter", "given")], json!({ "notice": NOTICE }))?;
    let verdict = ask(world, &who, "newsletter")?;
    judge(ledger, "rfa.1-f", "it needs a consent on record", &verdict, Expected::Allowed("rfa.1-f"));
    let others = ["product.operate", "product.improvement-analytics", "dev-test"];
    let promise = "what somebody wrote is kept to answer it, and for nothing else";
    ENQUIRY.only_for(world, ledger, ("rfa.1-o", promise), &who, &others)
}

pub(super) fn analytics(world: &World, ledger: &mut Ledger) -> Played {
    let purpose = "product.improvement-analytics";
    let who = subject("account", &world.name("analysed"));
    let colleague = subject("account", &world.name("colleague"));
    judge(ledger, "rfa.1-j", "use is analysed", &ask(world, &who, purpose)?, Expected::Allowed("rfa.1-j"));
    world.ask(NAME, &json!({ "type": "objection", "subject": who, "purposes": [purpose] }))?;
    let promise = "an objection takes one person out of it";
    judge(ledger, "rfa.1-j", promise, &ask(world, &who, purpose)?, Expected::Denied("objection"));
    let promise = "and nobody else";
    judge(ledger, "rfa.1-j", promise, &ask(world, &colleague, purpose)?, Expected::Allowed("rfa.1-j"));
    let promise = "nor out of what they need to work";
    judge(ledger, "rfa.1-j", promise, &ask(world, &who, "product.operate")?, Expected::Allowed("rfa.1-a"));
    Ok(())
}

pub(super) fn totals(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("counted"));
    for (promise, purpose) in [
        ("systems are kept secure with it", "security"),
        ("and run", "system-administration"),
        ("and statistics made", "aggregate-statistics"),
    ] {
        judge(ledger, "rfa.1-k", promise, &ask(world, &who, purpose)?, Expected::Allowed("rfa.1-k"));
    }
    let total = |people: u32, purpose: &str| {
        let form = json!({
            "recipient": "service-provider", "aggregate": { "people": people }, "categories": ["usage"],
            "purpose": purpose, "occurred_at": crate::clock::now().to_string(),
        });
        disclose(world, NAME, &form)
    };
    let promise = "a total of nine could show one of them";
    denied(ledger, "rfa.1-k", promise, &total(9, "aggregate-statistics")?, "too-few-people");
    let promise = "one of ten is about nobody";
    judge(ledger, "rfa.1-k", promise, &total(10, "aggregate-statistics")?, Expected::Allowed("rfa.1-k"));
    let promise = "security is no purpose of totals";
    denied(ledger, "rfa.1-k", promise, &total(1_000, "security")?, "not-statistics");
    Ok(())
}

pub(super) fn tests(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("sampled"));
    let test = |more: Value| may_use(world, NAME, &who, "dev-test", more);
    let promise = "nothing is tested with data as it is";
    judge(ledger, "rfa.1-l", promise, &test(json!({}))?, Expected::Denied("safeguard-missing"));
    for (clause, promise, more, expected) in [
        ("rfa.1-l", "with pseudonyms it is", json!({ "safeguards": ["pseudonymised"] }), Expected::Allowed("rfa.1-l")),
        (
            "rfa.1-n",
            "data made anonymous may be used",
            json!({ "safeguards": ["anonymised"] }),
            Expected::Allowed("rfa.1-l"),
        ),
        (
            "rfa.1-n",
            "another safeguard is none",
            json!({ "safeguards": ["encrypted"] }),
            Expected::Denied("safeguard-missing"),
        ),
        (
            "rfa.1-n",
            "that it cannot be done must be on record",
            json!({ "safeguards": ["recorded-impossibility"] }),
            Expected::Denied("safeguard-missing"),
        ),
        (
            "rfa.1-n",
            "and is accepted with its record",
            json!({
                "safeguards": ["recorded-impossibility"],
                "references": { "recorded-impossibility": "test-record 7" },
            }),
            Expected::Allowed("rfa.1-l"),
        ),
    ] {
        judge(ledger, clause, promise, &test(more)?, expected);
    }
    Ok(())
}

pub(super) fn interests(world: &World, ledger: &mut Ledger) -> Played {
    let (_, facts) = information(world, NAME, &world.address("reader"))?;
    let others: Vec<&str> = facts
        .facts
        .purposes
        .iter()
        .filter(|purpose| purpose.lawful_basis != "legitimate-interests")
        .map(|purpose| purpose.purpose.as_str())
        .collect();
    let bases = || facts.facts.purposes.iter().map(|purpose| purpose.lawful_basis.as_str());
    ledger.check(
        "rfa.4-a",
        "everything rests on an interest but what the law asks a consent for",
        others == BY_CONSENT && bases().all(|basis| matches!(basis, "legitimate-interests" | "consent")),
        format!("{} purposes, on something else: {}", facts.facts.purposes.len(), others.join(", ")),
    );

    let who = subject("account", &world.name("objector"));
    let safe = || json!({ "safeguards": ["pseudonymised"] });
    let of = |purpose: &str| may_use(world, NAME, &who, purpose, safe());
    let mut before = Vec::new();
    for (_, _, purposes) in INTERESTS {
        for purpose in purposes {
            before.push(of(purpose)?.reason.is_none());
        }
    }
    let objection = world.ask(NAME, &json!({ "type": "objection", "subject": who }))?;
    let mut before = before.into_iter();
    for (clause, promise, purposes) in INTERESTS {
        let mut reached = 0;
        for purpose in purposes {
            let after = of(purpose)?;
            let was_allowed = before.next() == Some(true);
            reached += usize::from(was_allowed && after.reason.as_deref() == Some("objection"));
        }
        let happened = format!("{reached} of {} purposes: allowed before, denied after", purposes.len());
        ledger.check(clause, promise, reached == purposes.len(), happened);
    }
    let status = world.decided(&objection)?;
    let all = INTERESTS.into_iter().flat_map(|(_, _, purposes)| purposes);
    let missed: Vec<&str> =
        all.copied().filter(|purpose| !status.stopped.iter().any(|stopped| stopped == purpose)).collect();
    let by_consent = BY_CONSENT.iter().any(|purpose| status.stopped.iter().any(|stopped| stopped == purpose));
    ledger.check(
        "rfa.4-a",
        "the answer to an objection names each of them",
        missed.is_empty() && !by_consent,
        format!("{} named, missing: {}", status.stopped.len(), missed.len()),
    );

    let other = subject("account", &world.name("customer"));
    for purpose in ["commercial.interest", "revenue"] {
        let promise = format!("the wish to earn money carries no purpose: {purpose}");
        judge(ledger, "rfa.4-f", &promise, &ask(world, &other, purpose)?, Expected::Denied("undeclared-purpose"));
    }
    let promise = "nothing is kept for it";
    ACCOUNT.only_for(world, ledger, ("rfa.4-f", promise), &other, &["commercial.interest"])
}

pub(super) fn automation(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("scored"));
    for purpose in ["product.improvement-analytics", "client.staff-management"] {
        let decision = may_use(world, NAME, &who, purpose, json!({ "uses": ["automated-decision"] }))?;
        let promise = format!("no decision by a machine alone: {purpose}");
        denied(ledger, "rfa.7-a", &promise, &decision, "use-ruled-out");
    }
    let verdict = ask(world, &who, "product.improvement-analytics")?;
    judge(ledger, "rfa.7-a", "an analysis that decides nothing goes on", &verdict, Expected::Allowed("rfa.1-j"));
    Ok(())
}
