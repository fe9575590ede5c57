//! Which data are kept and what for, how long, and what becomes of them on request.

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::{
    NAME,
    steps::{ZONE, file, give, keep, made_at, named, refusal, withdraw},
};
use crate::{
    scenarios::{
        End, Part,
        acts::{Expected, judge, may_use, problem},
        kept_until, later, tells_item, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &[
            "identance.1-e",
            "identance.2-a",
            "identance.2-b",
            "identance.2-c",
            "identance.2-d",
            "identance.2-e",
            "identance.2-f",
            "identance.4-a",
            "identance.5-a",
            "identance.6-a",
        ],
        promise: "what is kept is what the text names",
        run: lists,
    },
    Part {
        clauses: &["identance.0-a", "identance.0-e", "identance.0-j", "identance.0-p", "identance.6-b"],
        promise: "the ground decides what can be taken along and objected to",
        run: grounds,
    },
    Part {
        clauses: &["identance.1-a", "identance.9-b"],
        promise: "nobody is profiled, whatever the purpose says",
        run: profiling,
    },
    Part {
        clauses: &["identance.5-b"],
        promise: "a question is answered, and is no order of advertising",
        run: enquiry,
    },
    Part { clauses: &["identance.6-c"], promise: "a CV serves its application", run: candidate },
    Part { clauses: &["identance.1-b"], promise: "what a service needs goes with the service", run: service },
    Part {
        clauses: &["identance.1-e", "identance.2-d"],
        promise: "what a visit leaves behind rests on consent",
        run: visit,
    },
    Part {
        clauses: &["identance.2-e", "identance.3-k", "identance.3-l", "identance.6-a"],
        promise: "what the text gives no time has one all the same",
        run: ends,
    },
    Part {
        clauses: &["identance.6-e", "identance.1-c", "identance.1-d", "identance.16-d"],
        promise: "an application is erased on request",
        run: application,
    },
];

/// What the text lets Identance keep: by clause, as category, purpose and fields. Each value is a text of
/// its own, so the names are what is looked at.
const LISTS: [(&str, &str, &str, &[&str]); 10] = [
    ("identance.1-e", "internet-activity", "cookies.behaviour-analytics", &["website_interactions"]),
    ("identance.2-a", "identifiers", "identity-verification", &["name", "contact"]),
    ("identance.2-b", "commercial", "service-contract", &["purchases", "communications_history"]),
    ("identance.2-c", "billing", "billing", &["payment_information"]),
    (
        "identance.2-d",
        "internet-activity",
        "cookies.behaviour-analytics",
        &["website_interactions", "feature_use", "communications_metadata"],
    ),
    ("identance.2-e", "geolocation", "service-delivery", &["location", "precision"]),
    ("identance.2-f", "professional", "relationship-management", &["company", "employer", "role"]),
    ("identance.4-a", "newsletter", "newsletter", &["email"]),
    (
        "identance.5-a",
        "contact-form",
        "contact-form.reply",
        &[
            "name",
            "last_name",
            "username",
            "email",
            "phone",
            "city",
            "country_of_residence",
            "company",
            "department",
            "job_role",
            "device",
            "browser",
            "application_name",
            "ip_address",
        ],
    ),
    ("identance.6-a", "cv", "recruitment.assess", &["document"]),
];

fn lists(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("listed"));
    let events = LISTS.iter().flat_map(|(clause, category, purpose, fields)| {
        let kept = |more: &[&str]| -> Value {
            let names = fields.iter().chain(more);
            let fields = Value::Object(names.map(|name| ((*name).to_owned(), json!("x"))).collect());
            let locator = format!("{clause}/{}/{}", more.len(), world.run);
            record(world.start, &who, category, purpose, &locator, &fields)
        };
        [kept(&[]), kept(&["mothers_maiden_name"])]
    });
    let results = world.register(NAME, &events.collect::<Vec<_>>())?;
    for ((clause, category, _, fields), both) in LISTS.iter().zip(results.chunks(2)) {
        let [listed, more] = both else { return Err(Trouble::new("a result is missing")) };
        let refused = more.problem.as_deref().unwrap_or("KEPT");
        ledger.check(
            clause,
            format!("{category}: {} can be kept, and nothing else", fields.join(", ")),
            listed.record_id.is_some() && more.record_id.is_none() && refused.contains("mothers_maiden_name"),
            format!("listed: {}; one more field: {refused}", listed.problem.as_deref().unwrap_or("kept")),
        );
    }
    let identifiers = json!({ "name": "Ada" });
    let elsewhere =
        refusal(world, &who, ("identifiers", "contact-form.product-information"), &identifiers, world.start)?;
    ledger.check(
        "identance.2-a",
        "identifiers are kept to know and to reach people, not to advertise",
        elsewhere.is_some(),
        elsewhere.unwrap_or_else(|| "KEPT TO ADVERTISE".to_owned()),
    );
    Ok(())
}

fn grounds(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("client");
    let who = subject("mail", &address);
    give(world, &who, &["newsletter"])?;
    for (category, purpose, fields) in [
        ("contact", "service-delivery", json!({ "name": "Ada" })),
        ("contact", "communication", json!({ "email": address })),
        ("identifiers", "identity-verification", json!({ "name": "Ada" })),
        ("cv", "recruitment.assess", json!({ "name": "Ada" })),
        ("commercial", "service-contract", json!({ "purchases": "a licence" })),
        ("newsletter", "newsletter", json!({ "email": address })),
    ] {
        keep(world, &who, (category, purpose), &fields)?;
    }
    let on_any_site = json!({ "type": "access", "subject": who, "service": "websites-and-apps" });
    let everything = named(&file(world, &address, &on_any_site)?, "records", "purpose");
    let elsewhere = json!({ "type": "access", "subject": who, "service": "somebody-elses-site" });
    let unknown = world.post(&format!("/{NAME}/v1/requests"), &elsewhere)?;
    ledger.check(
        "identance.0-a",
        "Identance answers for all its sites and apps, in one file",
        everything.len() == 6 && unknown.status == 422,
        format!("{} of 6 records; for a site of somebody else: {}", everything.len(), unknown.said()),
    );
    let taken = named(&file(world, &address, &json!({ "type": "portability", "subject": who }))?, "records", "purpose");
    let goes = |purpose: &str| taken.iter().any(|taken| taken == purpose);
    let happened = format!("taken along: {}", taken.join(", "));
    ledger.check("identance.0-j", "a contract's data can be taken along", goes("service-contract"), happened.clone());
    for (clause, purpose, promise) in [
        ("identance.0-e", "identity-verification", "what names no ground rests on interests, and stays"),
        ("identance.0-p", "service-delivery", "so does what serves the website"),
        ("identance.6-b", "recruitment.assess", "so does an application"),
    ] {
        let is_whole = taken == ["newsletter", "service-contract"];
        ledger.check(clause, promise, is_whole && !goes(purpose), happened.clone());
    }

    let used = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    let weighed = [
        ("identance.0-e", "identity-verification", "identance.2-a"),
        ("identance.0-p", "service-delivery", "identance.0-p"),
        ("identance.0-p", "communication", "identance.0-p"),
        ("identance.6-b", "recruitment.assess", "identance.6-c"),
    ];
    for (clause, purpose, by) in weighed {
        judge(ledger, clause, &format!("{purpose} needs no consent"), &used(purpose)?, Expected::Allowed(by));
    }
    let contract = json!({ "type": "objection", "subject": who, "purposes": ["service-contract"] });
    let refused = world.post(&format!("/{NAME}/v1/requests"), &contract)?;
    let code = problem(&refused)?;
    let promise = "no objection ends a contract";
    ledger.check("identance.0-j", promise, refused.status == 422 && code == "no-objection", refused.said());
    let consents = world.post(
        &format!("/{NAME}/v1/consents"),
        &json!({ "subject": who, "purposes": { "service-delivery": "withdrawn" } }),
    )?;
    let promise = "where there is no consent, none is taken back: an objection is what helps";
    ledger.check("identance.0-e", promise, (400..500).contains(&consents.status), consents.said());
    world.ask(NAME, &json!({ "type": "objection", "subject": who }))?;
    for (clause, purpose, _) in weighed {
        judge(ledger, clause, &format!("an objection stops {purpose}"), &used(purpose)?, Expected::Denied("objection"));
    }
    let contract = used("service-contract")?;
    judge(ledger, "identance.0-j", "and leaves the contract", &contract, Expected::Allowed("identance.0-j"));
    Ok(())
}

fn profiling(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("visitor"));
    let used = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    let manage = used("relationship-management")?;
    judge(ledger, "identance.1-a", "a relationship may be managed", &manage, Expected::Allowed("identance.1-a"));
    for (purpose, promise) in
        [("website.personalisation", "the website is fitted to nobody"), ("website.advertising", "nor is advertising")]
    {
        judge(ledger, "identance.1-a", promise, &used(purpose)?, Expected::Denied("use-ruled-out"));
    }
    let other = used("website.anything-else")?;
    judge(ledger, "identance.1-a", "and no other purpose is one", &other, Expected::Denied("undeclared-purpose"));
    give(world, &who, &["web-analytics.offers", "cookies.behaviour-analytics"])?;
    let analysed = used("cookies.behaviour-analytics")?;
    let promise = "with consent, analytics may show how the site is used";
    judge(ledger, "identance.9-b", promise, &analysed, Expected::Allowed("identance.3-b"));
    let offers = used("web-analytics.offers")?;
    judge(ledger, "identance.9-b", "and fit no offers to anybody", &offers, Expected::Denied("use-ruled-out"));
    Ok(())
}

fn enquiry(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.5-b";
    let who = subject("mail", &world.address("curious"));
    let used = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    for purpose in ["contact-form.reply", "contact-form.service-optimisation"] {
        judge(ledger, CLAUSE, &format!("{purpose} is what a form is for"), &used(purpose)?, Expected::Allowed(CLAUSE));
    }
    let told = used("contact-form.product-information")?;
    let promise = "who asked something is told of no products";
    judge(ledger, CLAUSE, promise, &told, Expected::Denied("consent-missing"));
    give(world, &who, &["newsletter.own-promotions"])?;
    let told = used("contact-form.product-information")?;
    judge(ledger, CLAUSE, "but who agreed to such mails", &told, Expected::Allowed(CLAUSE));
    world.ask(NAME, &json!({ "type": "objection-marketing", "subject": who }))?;
    let told = used("contact-form.product-information")?;
    let promise = "and never who objected, whatever they agreed to";
    judge(ledger, CLAUSE, promise, &told, Expected::Denied("objection-marketing"));
    judge(ledger, CLAUSE, "who is answered all the same", &used("contact-form.reply")?, Expected::Allowed(CLAUSE));
    let fitted = used("contact-form.offer-customisation")?;
    judge(ledger, CLAUSE, "offers are fitted to nobody", &fitted, Expected::Denied("use-ruled-out"));
    Ok(())
}

fn candidate(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.6-c";
    let who = subject("mail", &world.address("applicant"));
    let cv = json!({ "name": "Ada", "opening": "Engineer" });
    let assess = |more: Value| may_use(world, NAME, &who, "recruitment.assess", more);
    judge(ledger, CLAUSE, "an application is assessed", &assess(json!({}))?, Expected::Allowed(CLAUSE));
    let profiled = assess(json!({ "uses": ["profiling"] }))?;
    judge(ledger, CLAUSE, "without a profile", &profiled, Expected::Denied("use-ruled-out"));
    let automated = assess(json!({ "uses": ["automated-decision"] }))?;
    judge(ledger, CLAUSE, "by people", &automated, Expected::Denied("use-ruled-out"));
    for purpose in ["communication", "newsletter", "contact-form.product-information"] {
        let refused = refusal(world, &who, ("cv", purpose), &cv, world.start)?;
        let promise = format!("a CV is not kept for {purpose}");
        ledger.check(CLAUSE, promise, refused.is_some(), refused.unwrap_or_else(|| "KEPT".to_owned()));
    }
    let assessed = refusal(world, &who, ("cv", "recruitment.assess"), &cv, world.start)?;
    let promise = "but for its application";
    ledger.check(CLAUSE, promise, assessed.is_none(), assessed.unwrap_or_else(|| "kept".to_owned()));
    Ok(())
}

fn service(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.1-b";
    let who = subject("mail", &world.address("customer-until"));
    let contact = keep(world, &who, ("contact", "service-delivery"), &json!({ "name": "Ada" }))?;
    let question = json!({ "message": "How?" });
    let question = keep(world, &who, ("contact-form", "contact-form.reply"), &question)?;
    let year = later(world.start, 1.year(), ZONE)?;
    ledger.check(
        CLAUSE,
        "a question is kept until it is answered, and a year at most",
        question.until == Some(year),
        kept_until(&question),
    );
    let business = refusal(world, &who, ("contact", "operate-business"), &json!({ "name": "Ada" }), world.start)?;
    ledger.check(
        CLAUSE,
        "\"to operate our business\" keeps nothing",
        business.is_some(),
        business.unwrap_or_else(|| "KEPT".to_owned()),
    );
    let (answered, ended) = (world.after(SignedDuration::from_hours(1)), world.after(SignedDuration::from_hours(2)));
    world.register(NAME, &[trigger(answered, &who, "enquiry.closed"), trigger(ended, &who, "service.ended")])?;
    let promise = "it goes once it is answered";
    End { controller: NAME, clause: CLAUSE, promise, kept: &question, at: answered }.play(world, ledger)?;
    let promise = "and contact details when the service ends";
    End { controller: NAME, clause: CLAUSE, promise, kept: &contact, at: ended }.play(world, ledger)
}

fn visit(world: &World, ledger: &mut Ledger) -> Played {
    const WHAT: (&str, &str) = ("internet-activity", "cookies.behaviour-analytics");
    let (left, stayed) = (subject("cookie", &world.name("left")), subject("cookie", &world.name("stayed")));
    for who in [&left, &stayed] {
        give(world, who, &[WHAT.1])?;
    }
    let activity = keep(world, &left, WHAT, &json!({ "website_interactions": "/pricing" }))?;
    let used = keep(world, &stayed, WHAT, &json!({ "feature_use": "search" }))?;
    let at = made_at(&withdraw(world, &left, &[WHAT.1])?)?;
    let promise = "it goes with the consent that it rests on";
    End { controller: NAME, clause: "identance.1-e", promise, kept: &activity, at }.play(world, ledger)?;
    let at = later(world.start, 13.months(), ZONE)?;
    let promise = "and after thirteen months at the latest";
    End { controller: NAME, clause: "identance.2-d", promise, kept: &used, at }.play(world, ledger)
}

fn ends(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("passer-by"));
    let ip = json!({ "ip_address": world.ip() });
    let place = keep(world, &who, ("geolocation", "service-delivery"), &json!({ "location": "Paris" }))?;
    let device = keep(world, &who, ("ip", "ip.device-analytics"), &ip)?;
    let region = keep(world, &who, ("ip", "ip.region-analytics"), &ip)?;
    let fraud = keep(world, &who, ("ip", "fraud-detection"), &ip)?;
    let cv = keep(world, &who, ("cv", "recruitment.assess"), &json!({ "document": "…" }))?;
    let advertising = refusal(world, &who, ("ip", "website.advertising"), &ip, world.start)?;
    ledger.check(
        "identance.3-k",
        "an address is kept for two analyses, and not to advertise",
        advertising.is_some(),
        advertising.unwrap_or_else(|| "KEPT".to_owned()),
    );
    for (clause, promise, kept, span) in [
        ("identance.2-e", "a place is kept for thirty days", &place, 30.days()),
        ("identance.3-k", "an address for ninety days to know devices", &device, 90.days()),
        ("identance.3-l", "its copy against fraud for a year, whatever became of the others", &fraud, 1.year()),
        ("identance.6-a", "a CV for two years", &cv, 2.years()),
    ] {
        let at = later(world.start, span, ZONE)?;
        End { controller: NAME, clause, promise, kept, at }.play(world, ledger)?;
    }
    let (same, gone) = (region.until == device.until, world.stored(&region)?.is_none());
    let promise = "and for as long to know regions";
    ledger.check("identance.3-k", promise, same && gone, yes_or(gone, "deleted by the same sweep", "STILL THERE"));
    Ok(())
}

fn application(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("candidate");
    let who = subject("mail", &address);
    let locator = |what: &str| format!("{what}/{}", world.run);
    let cv = record(world.start, &who, "cv", "recruitment.assess", &locator("cv"), &json!({ "name": "Ada Example" }));
    let cv = world.keep(NAME, &cv)?;
    let billing =
        record(world.start, &who, "billing", "billing", &locator("invoice"), &json!({ "invoice_number": "1" }));
    let billing = world.keep(NAME, &billing)?;
    let contact = keep(world, &who, ("contact", "communication"), &json!({ "email": address }))?;
    let commitment = world.commitment(&cv)?;

    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    let waiting = world.status(&request)?.status;
    let untouched = world.stored(&cv)?.is_some();
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    ledger.check(
        "identance.6-e",
        "nothing is erased before the mailbox is verified",
        waiting == "awaiting-verification" && untouched && status.verified_by.as_deref() == Some("mail"),
        format!("first {waiting}, then verified by {}", status.verified_by.as_deref().unwrap_or("nothing")),
    );
    let item = |category: &str| status.items.iter().find(|item| item.category == category);
    let erased = item("cv").is_some_and(|item| item.result == "erased");
    let is_gone = world.stored(&cv)?.is_none();
    let proved = world.evidence(NAME, &commitment)?;
    let told = item("cv").and_then(|item| item.evidence.clone());
    ledger.proved(
        "identance.6-e",
        "a CV is erased on request",
        erased && is_gone && told.as_deref() == Some(proved.as_str()),
        format!("told: {}; {}", yes_or(erased, "erased", "NOT ERASED"), yes_or(is_gone, "gone", "STILL THERE")),
        told,
    );
    let contact_gone = item("contact").is_some_and(|item| item.result == "erased") && world.stored(&contact)?.is_none();
    ledger.check(
        "identance.1-c",
        "everything else is erased too, and no reason is asked for",
        contact_gone,
        format!("contact details {}", yes_or(contact_gone, "erased", "STILL THERE")),
    );
    let kept = item("billing");
    let reason = kept.and_then(|item| item.reason.as_deref()).unwrap_or("no reason");
    let is_there = world.stored(&billing)?.is_some();
    let clause = kept.and_then(|item| item.clause.as_deref());
    ledger.check(
        "identance.1-d",
        "what the law makes Identance keep stays, and the person is told why",
        is_there && clause == Some("identance.1-d"),
        format!("billing kept: {reason}"),
    );
    let mail = world.mail_to(&address, "- billing")?;
    ledger.check(
        "identance.16-d",
        "the answer comes by mail, item by item",
        tells_item(&mail.text, "cv", "erased")
            && tells_item(&mail.text, "billing", "kept")
            && mail.text.contains(&request.request_id),
        "one mail names both items and where to complain".to_owned(),
    );
    let promise = "and goes when the ten years are over";
    let end = later(world.start, 10.years(), ZONE)?;
    End { controller: NAME, clause: "identance.1-d", promise, kept: &billing, at: end }.play(world, ledger)
}
