//! What is kept: the fields of closed lists, for declared purposes, until the end that the text gives
//! it.

use jiff::{SignedDuration, Span, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{NAME, Taken, ZONE, customer, export, gate, person, sent, takes, texts, uses};
use crate::{
    scenarios::{End, Part, acts::Expected, kept_until, later},
    table::Ledger,
    trouble::Played,
    world::{Kept, World, record, subject, trigger},
};

pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["zentry.1-a", "zentry.1-b", "zentry.1-f", "zentry.1-i"],
        promise: "lists of fields are closed",
        run: fields,
    },
    Part {
        clauses: &["zentry.1-e", "zentry.2-a", "zentry.2-b", "zentry.2-c", "zentry.2-e", "zentry.2-f", "zentry.2-g"],
        promise: "purposes are those declared",
        run: purposes,
    },
    Part {
        clauses: &["zentry.9-a", "zentry.9-b", "zentry.9-c", "zentry.9-d", "zentry.9-e"],
        promise: "California’s table is the limit",
        run: table,
    },
    Part { clauses: &["zentry.7-h"], promise: "ZTA data goes shortly after the use ends", run: zta },
    Part { clauses: &["zentry.7-g"], promise: "website data goes with what it was needed for", run: website },
    Part {
        clauses: &["zentry.1-f", "zentry.9-d", "zentry.9-e"],
        promise: "what devices leave has an end",
        run: observed,
    },
];

fn fields(world: &World, ledger: &mut Ledger) -> Played {
    let all = json!({
        "name": "Ada", "title": "Ms", "employer": "Example", "email": "ada@example.org", "mailing_address": "1 Main St",
        "phone": "+14085550100", "ip_address": "192.0.2.7",
    });
    takes(
        world,
        ledger,
        ("zentry.1-a", "of visitors the seven fields that the text names, and no other"),
        &[
            ("website-personal", "service.provide", all, Taken::Yes),
            ("website-personal", "support.respond", json!({ "birth_date": "1990-01-01" }), Taken::No("birth_date")),
        ],
    )?;
    let account = json!({ "username": "ada", "password": "x", "ip_address": "192.0.2.7", "email": "ada@example.org" });
    takes(
        world,
        ledger,
        ("zentry.1-b", "of ZTA users four fields: their list is closed"),
        &[
            ("zta-user", "service.provide", account, Taken::Yes),
            ("zta-user", "authenticate", json!({ "device_name": "laptop" }), Taken::No("device_name")),
            ("zta-user", "admin-contact", json!({ "name": "Ada" }), Taken::No("name")),
        ],
    )?;
    let log = json!({
        "ip_address": "192.0.2.7", "device_name": "laptop", "device_id": "d-1", "os_version": "15.1",
        "use_datetime": "2026-03-01T10:00:00Z",
    });
    takes(
        world,
        ledger,
        ("zentry.1-f", "logs hold what the text names"),
        &[
            ("log", "security", log, Taken::Yes),
            ("log", "security", json!({ "keystrokes": "abc" }), Taken::No("keystrokes")),
        ],
    )?;
    let pages = json!({
        "cookie_id": "c-1", "referrer_url": "https://www.example.org/", "pages": "/pricing",
        "next_url": "https://www.example.com/", "browser": "Firefox", "ip_address": "192.0.2.7",
    });
    takes(
        world,
        ledger,
        ("zentry.1-i", "of visits the pages and addresses that the text names"),
        &[
            ("web-analytics", "cookies.analytics", pages, Taken::Yes),
            ("web-analytics", "cookies.analytics", json!({ "session_recording": "…" }), Taken::No("session_recording")),
        ],
    )
}

fn purposes(world: &World, ledger: &mut Ledger) -> Played {
    let none = || json!({});
    let undeclared = Expected::Denied("undeclared-purpose");
    let (who, _) = customer(world, "served")?;
    uses(
        world,
        ledger,
        ("zentry.1-e", "data serves to provide the services used, and what is not declared it does not serve"),
        &who,
        &[
            ("service.provide", none(), Expected::Allowed("zentry.2-a")),
            ("security", none(), Expected::Allowed("zentry.2-g")),
            ("credit-scoring", none(), undeclared),
        ],
    )?;
    uses(
        world,
        ledger,
        ("zentry.2-a", "an account is created and the services are provided"),
        &who,
        &[("account.create", none(), Expected::Allowed("zentry.2-a")), ("account.resell", none(), undeclared)],
    )?;
    // Whoever has had enough of news still hears about their account.
    world.ask(NAME, &json!({ "type": "objection-marketing", "subject": who }))?;
    uses(
        world,
        ledger,
        ("zentry.2-b", "administrative mails are no marketing, and go on after an objection to it"),
        &who,
        &[
            ("admin-contact", none(), Expected::Allowed("zentry.2-b")),
            ("marketing", none(), Expected::Denied("objection-marketing")),
            ("admin-contact", json!({ "uses": ["marketing"] }), Expected::Denied("objection-marketing")),
        ],
    )?;
    takes(
        world,
        ledger,
        ("zentry.2-c", "support keeps what a question needs"),
        &[
            ("website-personal", "support.respond", json!({ "email": "ada@example.org" }), Taken::Yes),
            ("device", "support.respond", json!({ "browser": "Firefox" }), Taken::No("device")),
        ],
    )?;
    let same = [("same-organization", "org-7")];
    let of = |purpose| ("organization-administrator", "usage", purpose);
    gate(
        world,
        ledger,
        ("zentry.2-e", "an organization gets its reports, and not the analyses of Zentry"),
        &[
            ("reports", sent(&who, of("org-reporting"), &same, none()), Expected::Allowed("zentry.3-b")),
            ("analyses", sent(&who, of("usage-analytics"), &same, none()), Expected::Denied("purpose-not-allowed")),
        ],
    )?;
    takes(
        world,
        ledger,
        ("zentry.2-f", "new products are developed with what is kept for that, and with nothing else"),
        &[
            ("device", "improve", json!({ "browser": "Firefox" }), Taken::Yes),
            ("contact", "improve", json!({ "name": "Ada" }), Taken::No("contact")),
            ("zta-user", "improve", json!({ "username": "ada" }), Taken::No("zta-user")),
        ],
    )?;
    takes(
        world,
        ledger,
        ("zentry.2-g", "security keeps logs and devices, and nobody’s address book"),
        &[
            ("log", "security", json!({ "ip_address": "192.0.2.7" }), Taken::Yes),
            ("device", "security", json!({ "ip_address": "192.0.2.7" }), Taken::Yes),
            ("contact", "security", json!({ "name": "Ada" }), Taken::No("contact")),
        ],
    )
}

/// For each category the purposes and recipients of its row in the Californian part; whatever lies
/// outside the row is denied.
fn table(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "tabled");
    let none = || json!({});
    let dpa = [("processing-agreement", "dpa-1")];
    let ask = |recipient, category, purpose| sent(&who, (recipient, category, purpose), &dpa, none());
    let category = Expected::Denied("category-not-allowed");
    let provider = Expected::Allowed("zentry.9-e");

    takes(
        world,
        ledger,
        ("zentry.9-a", "contact data is kept to provide and to communicate"),
        &[
            ("contact", "service.provide", json!({ "name": "Ada", "phone": "+14085550100" }), Taken::Yes),
            ("contact", "cookies.analytics", json!({ "name": "Ada" }), Taken::No("contact")),
        ],
    )?;
    gate(
        world,
        ledger,
        ("zentry.9-a", "it goes to hosts and providers, not to whoever takes payments"),
        &[
            ("hosts", ask("hosting-provider", "contact", "service.provide"), Expected::Allowed("zentry.3-c")),
            ("providers", ask("service-provider", "contact", "service.provide"), provider),
            ("payments", ask("payment-processor", "contact", "payments"), category),
        ],
    )?;
    takes(
        world,
        ledger,
        ("zentry.9-b", "payments are kept for payments, and never analysed"),
        &[
            ("financial", "payments", json!({ "purchase_history": "3 seats" }), Taken::Yes),
            ("financial", "usage-analytics", json!({ "purchase_history": "3 seats" }), Taken::No("financial")),
        ],
    )?;
    gate(
        world,
        ledger,
        ("zentry.9-b", "they go to the payment processor, for payments"),
        &[
            ("the processor", ask("payment-processor", "financial", "payments"), Expected::Allowed("zentry.9-b")),
            (
                "for analyses",
                ask("payment-processor", "financial", "usage-analytics"),
                Expected::Denied("purpose-not-allowed"),
            ),
            ("hosts", ask("hosting-provider", "financial", "payments"), category),
            ("providers", ask("service-provider", "financial", "payments"), category),
        ],
    )?;
    credentials(world, ledger)?;
    takes(
        world,
        ledger,
        ("zentry.9-d", "devices are kept for security and improvement"),
        &[
            ("device", "security", json!({ "device_id": "d-1", "general_location": "Milpitas" }), Taken::Yes),
            ("device", "marketing", json!({ "device_id": "d-1" }), Taken::No("device")),
        ],
    )?;
    gate(
        world,
        ledger,
        ("zentry.9-d", "they go to hosts and providers, not to administrators"),
        &[
            ("hosts", ask("hosting-provider", "device", "security"), Expected::Allowed("zentry.3-c")),
            ("providers", ask("service-provider", "device", "improve"), provider),
            ("administrators", ask("organization-administrator", "device", "org-reporting"), category),
        ],
    )?;
    takes(
        world,
        ledger,
        ("zentry.9-e", "usage is kept for analyses and reports"),
        &[
            ("usage", "usage-analytics", json!({ "service_use": "opened a file" }), Taken::Yes),
            ("usage", "marketing", json!({ "service_use": "opened a file" }), Taken::No("usage")),
        ],
    )?;
    gate(
        world,
        ledger,
        ("zentry.9-e", "it goes to providers, not to hosts or partners"),
        &[
            ("providers", ask("service-provider", "usage", "usage-analytics"), provider),
            ("hosts", ask("hosting-provider", "usage", "usage-analytics"), category),
            ("partners", ask("marketing-partner", "usage", "third-party-direct-marketing"), category),
        ],
    )
}

fn credentials(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "login");
    let password = format!("secret-{}", world.run);
    let fields = json!({ "username": "ada", "password": password, "ip_address": "192.0.2.8" });
    let kept = world.keep(NAME, &super::made(world, &who, "zta-user", "authenticate", &fields))?;
    let known = json!({ "username": "ada", "password": password, "ip_address": "192.0.2.8" });
    let request = world.ask(NAME, &json!({ "type": "access", "subject": who, "points": known }))?;
    world.decided(&request)?;
    let file = export(world, &who, &request.request_id)?;
    let (text, withheld) = (file.to_string(), texts(&file["records"][0]["withheld"], None));
    ledger.check(
        "zentry.9-c",
        "a password is kept to log in, and leaves by no export",
        world.stored(&kept)?.is_some()
            && withheld == ["password"]
            && text.contains("192.0.2.8")
            && !text.contains(&password),
        format!("withheld: {}", withheld.join(", ")),
    );
    let none = || json!({});
    let dpa = [("processing-agreement", "dpa-1")];
    let category = Expected::Denied("category-not-allowed");
    let partner = ("marketing-partner", "zta-user", "third-party-direct-marketing");
    gate(
        world,
        ledger,
        ("zentry.9-c", "credentials go to no provider or partner"),
        &[
            ("providers", sent(&who, ("service-provider", "zta-user", "authenticate"), &dpa, none()), category),
            (
                "services",
                sent(
                    &who,
                    ("organization-service", "zta-user", "authenticate"),
                    &[("organization-configuration", "app")],
                    none(),
                ),
                category,
            ),
            ("partners", sent(&who, partner, &[], none()), category),
        ],
    )?;
    let limited = world
        .decided(&world.ask(NAME, &json!({ "type": "limit-sensitive", "subject": who, "residence": "US-CA" }))?)?;
    uses(
        world,
        ledger,
        ("zentry.9-c", "who limits their use still logs in, and is marketed to by nobody"),
        &who,
        &[
            ("authenticate", none(), Expected::Allowed("zentry.9-c")),
            ("marketing", none(), Expected::Denied("limit-sensitive")),
        ],
    )?;
    ledger.check(
        "zentry.9-c",
        "the limit names what it stops",
        limited.outcome.as_deref() == Some("stopped") && limited.stopped.iter().any(|purpose| purpose == "marketing"),
        format!("stopped: {}", limited.stopped.join(", ")),
    );
    Ok(())
}

/// A time that lies so long before the first hour of the run: what ends then needs no far sweep.
fn aged(world: &World, span: Span) -> Played<Timestamp> {
    later(world.after(SignedDuration::from_hours(1)), -span, ZONE)
}

fn keep_at(world: &World, at: Timestamp, who: &Value, kind: (&str, &str), fields: &Value) -> Played<Kept> {
    let (category, purpose) = kind;
    let locator = format!("end/{category}/{purpose}/{}", world.run);
    world.keep(NAME, &record(at, who, category, purpose, &locator, fields))
}

fn zta(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("zta"));
    let made = aged(world, 30.days())?;
    let kept = keep_at(world, made, &who, ("zta-user", "service.provide"), &json!({ "username": "ada" }))?;
    let reports = keep_at(world, made, &who, ("usage", "org-reporting"), &json!({ "service_use": "opened a file" }))?;
    ledger.check(
        "zentry.7-h",
        "it is kept while the services are used",
        kept.until.is_none() && reports.until.is_none(),
        "no end before the use ends".to_owned(),
    );
    let ended = aged(world, 7.days())?;
    world.register(NAME, &[trigger(ended, &who, "zta.use-ended")])?;
    let at = later(ended, 7.days(), ZONE)?;
    let end = |promise, kept| End { controller: NAME, clause: "zentry.7-h", promise, kept, at };
    world.due(&reports, at)?;
    end("and deleted shortly thereafter: within seven days", &kept).play(world, ledger)?;
    let is_gone = world.stored(&reports)?.is_none();
    ledger.check("zentry.7-h", "reports end with it: nothing is retained", is_gone, format!("gone: {is_gone}"));
    Ok(())
}

fn website(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "requester");
    let start = world.start;
    let asked = keep_at(world, start, &who, ("website-personal", "service.provide"), &json!({ "name": "Ada" }))?;
    let most = later(start, 3.years(), ZONE)?;
    ledger.check(
        "zentry.7-g",
        "what a visitor gave has an end even if the request is never fulfilled",
        asked.until == Some(most),
        kept_until(&asked),
    );
    let books = keep_at(world, start, &who, ("financial", "payments"), &json!({ "purchase_history": "3 seats" }))?;
    let years = later(start, 7.years(), ZONE)?;
    ledger.check(
        "zentry.7-g",
        "records of payments are kept as long as the law asks, and then end",
        books.until == Some(years),
        kept_until(&books),
    );
    let at = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(at, &who, "service-request.fulfilled")])?;
    let promise = "it goes when the request is fulfilled";
    End { controller: NAME, clause: "zentry.7-g", promise, kept: &asked, at }.play(world, ledger)?;
    let there = world.stored(&books)?.is_some();
    ledger.check("zentry.7-g", "and the books stay", there, format!("still there: {there}"));
    let visitor = subject("cookie", &world.name("visit"));
    let made = aged(world, 13.months())?;
    let visit = keep_at(world, made, &visitor, ("web-analytics", "cookies.analytics"), &json!({ "pages": "/" }))?;
    let (promise, at) = ("a mere visit goes after thirteen months", later(made, 13.months(), ZONE)?);
    End { controller: NAME, clause: "zentry.7-g", promise, kept: &visit, at }.play(world, ledger)
}

fn observed(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("device", &world.name("observed"));
    for (clause, promise, kind, span, fields) in [
        ("zentry.1-f", "logs are kept for a year", ("log", "security"), 1.year(), json!({ "os_version": "15.1" })),
        (
            "zentry.9-d",
            "devices are studied for ninety days",
            ("device", "improve"),
            90.days(),
            json!({ "browser": "x" }),
        ),
        (
            "zentry.9-e",
            "usage is analysed for thirteen months",
            ("usage", "usage-analytics"),
            13.months(),
            json!({ "service_use": "x" }),
        ),
    ] {
        let made = aged(world, span)?;
        let kept = keep_at(world, made, &who, kind, &fields)?;
        End { controller: NAME, clause, promise, kept: &kept, at: later(made, span, ZONE)? }.play(world, ledger)?;
    }
    Ok(())
}
