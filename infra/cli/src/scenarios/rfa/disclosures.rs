//! Who gets data, on what terms, and where.

use serde_json::{Value, json};

use super::{NAME, NOTICE, denied};
use crate::{
    scenarios::acts::{Expected, chosen, disclose, disclosure, judge, may_use},
    table::Ledger,
    trouble::Played,
    world::{World, subject},
};

/// A disclosure to try: the clause that it shows, the promise, who gets what for what, and on what terms.
type Try = (&'static str, &'static str, &'static str, &'static str, &'static str, Value, Expected);

fn play(world: &World, ledger: &mut Ledger, who: &Value, tries: Vec<Try>) -> Played {
    for (clause, promise, recipient, category, purpose, more, expected) in tries {
        let verdict = disclose(world, NAME, &disclosure(recipient, who, &[category], purpose, more))?;
        judge(ledger, clause, promise, &verdict, expected);
    }
    Ok(())
}

const REPORT: &str = "usage-report";
const PRODUCT: &str = "client.product-management";
const STAFF: &str = "client.staff-management";

fn asked() -> Value {
    json!({ "country": "GB", "references": { "recipient-request": "letter 12" } })
}

fn processed() -> Value {
    json!({ "country": "GB", "references": { "processing-agreement": "dpa-7" } })
}

fn home(ground: &str) -> Value {
    json!({ "country": "GB", "ground": ground })
}

pub(super) fn recipients(world: &World, ledger: &mut Ledger) -> Played {
    use Expected::{Allowed, Denied};
    let who = subject("account", &world.name("reported"));
    let unasked = || json!({ "country": "GB" });
    let from_employers = vec![
        (
            "rfa.5-a",
            "an employer gets a report that it asked for",
            "employer",
            REPORT,
            PRODUCT,
            asked(),
            Allowed("rfa.5-a"),
        ),
        ("rfa.5-a", "and none from time to time", "employer", REPORT, PRODUCT, unasked(), Denied("reference-missing")),
        ("rfa.1-g", "so does its group", "employer-group", REPORT, PRODUCT, asked(), Allowed("rfa.1-g")),
        ("rfa.1-g", "and none unasked", "employer-group", REPORT, PRODUCT, unasked(), Denied("reference-missing")),
        (
            "rfa.1-g",
            "a business partner gets nothing",
            "business-partner",
            REPORT,
            PRODUCT,
            asked(),
            Denied("unlisted-recipient"),
        ),
        (
            "rfa.1-h",
            "a report is all that it gets: no log",
            "employer",
            "usage",
            PRODUCT,
            asked(),
            Denied("category-not-allowed"),
        ),
        (
            "rfa.1-h",
            "no credentials",
            "employer-group",
            "credentials",
            PRODUCT,
            asked(),
            Denied("category-not-allowed"),
        ),
        ("rfa.1-h", "the report itself may go", "employer-group", REPORT, STAFF, asked(), Allowed("rfa.1-g")),
        ("rfa.1-i", "a report serves to manage staff", "employer", REPORT, STAFF, asked(), Allowed("rfa.5-a")),
        ("rfa.1-i", "and products", "employer", REPORT, PRODUCT, asked(), Allowed("rfa.5-a")),
        ("rfa.1-i", "and nothing else", "employer", REPORT, "security", asked(), Denied("purpose-not-allowed")),
        (
            "rfa.1-q",
            "whoever is asked about a question gets nothing of its author",
            "other-user",
            "support-enquiry",
            "support.contact-third-party-enquiry",
            unasked(),
            Denied("unlisted-recipient"),
        ),
        (
            "rfa.1-q",
            "nor does the employer",
            "employer",
            "support-enquiry",
            "support.contact-third-party-enquiry",
            asked(),
            Denied("category-not-allowed"),
        ),
    ];
    play(world, ledger, &who, from_employers)?;
    let (provider, host) = ("service-provider", "hosting-provider");
    let abroad = || {
        json!({
            "country": "IE", "mechanism": "adequacy", "references": { "processing-agreement": "dpa-7" },
        })
    };
    let to_processors = vec![
        (
            "rfa.5-b",
            "a provider helps with what section 1 names",
            provider,
            "usage",
            "security",
            processed(),
            Allowed("rfa.5-b"),
        ),
        ("rfa.5-b", "not without an agreement", provider, "usage", "security", unasked(), Denied("reference-missing")),
        (
            "rfa.5-b",
            "and with nothing else",
            provider,
            "account",
            "newsletter",
            processed(),
            Denied("purpose-not-allowed"),
        ),
        ("rfa.5-c", "a host runs the products", host, "account", "product.operate", processed(), Allowed("rfa.5-c")),
        (
            "rfa.5-c",
            "not without an agreement",
            host,
            "account",
            "product.operate",
            unasked(),
            Denied("reference-missing"),
        ),
        (
            "rfa.5-c",
            "and analyses nothing",
            host,
            "usage",
            "product.improvement-analytics",
            processed(),
            Denied("purpose-not-allowed"),
        ),
        ("rfa.5-c", "nor outside the UK", host, "account", "product.operate", abroad(), Denied("country-not-allowed")),
    ];
    play(world, ledger, &who, to_processors)?;
    let (police, ico) = ("authority", "regulator");
    let to_authorities = vec![
        (
            "rfa.5-e",
            "no authority gets anything without a ground",
            police,
            "usage",
            "security",
            unasked(),
            Denied("ground-not-allowed"),
        ),
        (
            "rfa.5-e",
            "nor on one that is not listed",
            police,
            "usage",
            "security",
            home("curiosity"),
            Denied("ground-not-allowed"),
        ),
        (
            "rfa.5-e",
            "it does where it is necessary",
            police,
            "usage",
            "security",
            home("necessary"),
            Allowed("rfa.5-e"),
        ),
        (
            "rfa.5-e",
            "where the law requires it",
            police,
            "usage",
            "security",
            home("required-by-law"),
            Allowed("rfa.5-e"),
        ),
        (
            "rfa.5-e",
            "and to protect a right",
            police,
            "usage",
            "security",
            home("legal-protection"),
            Allowed("rfa.5-e"),
        ),
        (
            "rfa.5-f",
            "a regulator gets what it asks for",
            ico,
            "usage",
            "security",
            home("regulator-request"),
            Allowed("rfa.5-f"),
        ),
        (
            "rfa.5-f",
            "and what a breach is reported with",
            ico,
            "usage",
            "security",
            home("breach-notification"),
            Allowed("rfa.5-f"),
        ),
        (
            "rfa.5-f",
            "and nothing that is merely useful",
            ico,
            "usage",
            "security",
            home("necessary"),
            Denied("ground-not-allowed"),
        ),
    ];
    play(world, ledger, &who, to_authorities)
}

pub(super) fn own_use(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("provided"));
    let purpose = "provider.own-use";
    let ask = || disclose(world, NAME, &disclosure("service-provider", &who, &["usage"], purpose, processed()));
    denied(ledger, "rfa.5-d", "no provider uses data for itself", &ask()?, "use-ruled-out");
    let hidden = || may_use(world, NAME, &who, "product.operate", json!({ "uses": ["own-use"] }));
    denied(ledger, "rfa.5-d", "under no other name either", &hidden()?, "use-ruled-out");
    chosen(world, NAME, &who, &[(purpose, "given")], json!({ "notice": NOTICE }))?;
    let promise = "but for somebody who agreed to it";
    judge(ledger, "rfa.5-d", promise, &ask()?, Expected::Allowed("rfa.5-b"));
    chosen(world, NAME, &who, &[(purpose, "withdrawn")], json!({}))?;
    denied(ledger, "rfa.5-d", "and until they take it back", &ask()?, "use-ruled-out");
    Ok(())
}

pub(super) fn transfers(world: &World, ledger: &mut Ledger) -> Played {
    use Expected::{Allowed, Denied};
    let who = subject("account", &world.name("resident"));
    let to = |country: Option<&str>, mechanism: Option<&str>, reference: Option<&str>| {
        let mut references = json!({ "processing-agreement": "dpa-7" });
        if let Some(name) = reference {
            references[name] = json!("agreement of 2026-01-15");
        }
        let mut more = json!({ "references": references });
        for (member, value) in [("country", country), ("mechanism", mechanism)] {
            if let Some(value) = value {
                more[member] = json!(value);
            }
        }
        more
    };
    let ok = Allowed("rfa.5-b");
    let tries = [
        ("rfa.6-a", "in the UK nothing more is asked for", to(Some("GB"), None, None), ok),
        ("rfa.6-a", "where it is kept must be said", to(None, None, None), Denied("country-unnamed")),
        ("rfa.6-a", "another country is another country", to(Some("IE"), None, None), Denied("mechanism-missing")),
        ("rfa.6-c", "a country with a decision of adequacy", to(Some("IE"), Some("adequacy"), None), ok),
        ("rfa.6-c", "one without", to(Some("IN"), Some("adequacy"), None), Denied("country-not-adequate")),
        (
            "rfa.6-c",
            "binding rules, with where they are",
            to(Some("IN"), Some("binding-rules"), Some("binding-rules")),
            ok,
        ),
        ("rfa.6-c", "and not without", to(Some("IN"), Some("binding-rules"), None), Denied("reference-missing")),
        (
            "rfa.6-c",
            "a consent is none of the four means",
            to(Some("IN"), Some("explicit-consent"), Some("explicit-consent")),
            Denied("mechanism-not-allowed"),
        ),
        ("rfa.6-d", "the UK’s own agreement", to(Some("IN"), Some("idta"), Some("idta")), ok),
        ("rfa.6-d", "its addendum", to(Some("IN"), Some("uk-addendum"), Some("uk-addendum")), ok),
        ("rfa.6-d", "not without the signed text", to(Some("IN"), Some("idta"), None), Denied("reference-missing")),
        (
            "rfa.6-d",
            "the Union’s clauses alone approve nothing here",
            to(Some("IN"), Some("standard-clauses"), Some("standard-clauses")),
            Denied("mechanism-not-allowed"),
        ),
    ];
    let tries = tries.map(|(clause, promise, more, expected)| {
        (clause, promise, "service-provider", "usage", "system-administration", more, expected)
    });
    play(world, ledger, &who, tries.into())?;
    let backups = [
        ("a backup stays in the UK", to(Some("GB"), None, None), Allowed("rfa.5-c")),
        ("a second region elsewhere is no exception", to(Some("NL"), None, None), Denied("country-not-allowed")),
        ("nor with a safeguard", to(Some("NL"), Some("adequacy"), None), Denied("country-not-allowed")),
    ];
    let backups = backups.map(|(promise, more, expected)| {
        ("rfa.6-b", promise, "hosting-provider", "account", "system-administration", more, expected)
    });
    play(world, ledger, &who, backups.into())
}
