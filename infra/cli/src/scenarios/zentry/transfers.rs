//! What leaves the United States, or is read from elsewhere: by a mechanism that the law knows, each
//! time.

use serde_json::{Value, json};

use super::{NAME, gate, person, sent};
use crate::{
    scenarios::{
        Part,
        acts::{Expected, disclose},
    },
    table::Ledger,
    trouble::Played,
    world::World,
};

pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["zentry.7-0", "zentry.7-a", "zentry.7-d", "zentry.7-e"],
        promise: "nothing leaves without a mechanism",
        run: gates,
    },
    Part { clauses: &["zentry.7-b", "zentry.7-c", "zentry.8-c"], promise: "the mechanisms", run: mechanisms },
    Part { clauses: &["zentry.7-f"], promise: "passing on needs a mechanism of its own", run: onward },
    Part { clauses: &["zentry.8-a", "zentry.8-b"], promise: "storage at home, access by need", run: storage },
];

const MISSING: Expected = Expected::Denied("mechanism-missing");
const ALLOWED: Expected = Expected::Allowed("zentry.9-e");
const DPA: (&str, &str) = ("processing-agreement", "dpa-1");
const CLAUSES: (&str, &str) = ("standard-clauses", "Decision (EU) 2021/914, module 2, of 2026-02-01");

/// What a provider gets, in that country.
fn provided(who: &Value, references: &[(&str, &str)], more: Value) -> Value {
    let references: Vec<_> = std::iter::once(DPA).chain(references.iter().copied()).collect();
    sent(who, ("service-provider", "contact", "support.respond"), &references, more)
}

fn gates(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "traveller");
    let to = |country: &str| json!({ "country": country });
    gate(
        world,
        ledger,
        ("zentry.7-0", "no third country without a mechanism, however adequate"),
        &[
            ("India", provided(&who, &[], to("IN")), MISSING),
            ("Switzerland, nothing named", provided(&who, &[], to("CH")), MISSING),
            (
                "India, by standard clauses",
                provided(&who, &[CLAUSES], json!({ "country": "IN", "mechanism": "standard-clauses" })),
                ALLOWED,
            ),
        ],
    )?;
    gate(
        world,
        ledger,
        ("zentry.7-a", "the United States are where it is kept; every other country passes the gate"),
        &[
            ("the United States", provided(&who, &[], to("US")), ALLOWED),
            ("no country named", provided(&who, &[], json!({ "country": null })), Expected::Denied("country-unnamed")),
            ("Brazil", provided(&who, &[], to("BR")), MISSING),
        ],
    )?;
    let security = [("security-measures", "encrypted at rest")];
    gate(
        world,
        ledger,
        ("zentry.7-d", "security measures alone let nothing leave"),
        &[
            ("measures alone", provided(&who, &security, to("IN")), MISSING),
            (
                "beside standard clauses",
                provided(&who, &[security[0], CLAUSES], json!({ "country": "IN", "mechanism": "standard-clauses" })),
                ALLOWED,
            ),
        ],
    )?;
    let invented = json!({ "country": "IN", "mechanism": "other-measures" });
    let form = provided(&who, &[("other-measures", "a promise")], invented);
    let answer = world.post_as_staff(&format!("/{NAME}/v1/disclosures"), "disclosures:write", NAME, &form)?;
    let consent = json!({ "country": "IN", "mechanism": "explicit-consent" });
    let not_relied_on = Expected::Denied("mechanism-not-allowed");
    ledger.check(
        "zentry.7-e",
        "\"other measures\" are no mechanism",
        (400..500).contains(&answer.status) && answer.status != 403,
        answer.said(),
    );
    gate(
        world,
        ledger,
        ("zentry.7-e", "nor are those that the text does not name"),
        &[
            ("measures as references", provided(&who, &[("other-measures", "a promise")], to("IN")), MISSING),
            ("explicit consent", provided(&who, &[("explicit-consent", "form 7")], consent), not_relied_on),
        ],
    )
}

fn mechanisms(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "exported");
    let by = |mechanism: &str, country: &str| json!({ "country": country, "mechanism": mechanism });
    let reference = Expected::Denied("reference-missing");
    gate(
        world,
        ledger,
        ("zentry.7-b", "a decision of adequacy covers the countries that it was made for"),
        &[
            ("Switzerland", provided(&who, &[], by("adequacy", "CH")), ALLOWED),
            ("New Zealand", provided(&who, &[], by("adequacy", "NZ")), ALLOWED),
            ("India", provided(&who, &[], by("adequacy", "IN")), Expected::Denied("country-not-adequate")),
        ],
    )?;
    let old = [("standard-clauses", "Decision 2010/87/EU of 2019-05-01")];
    gate(
        world,
        ledger,
        ("zentry.7-c", "standard clauses are the most recent ones, and on record"),
        &[
            ("those of 2021", provided(&who, &[CLAUSES], by("standard-clauses", "IN")), ALLOWED),
            ("those of 2010", provided(&who, &old, by("standard-clauses", "IN")), Expected::Denied("clauses-outdated")),
            ("not on record", provided(&who, &[], by("standard-clauses", "IN")), reference),
        ],
    )?;
    let (idta, rules) = ([("idta", "A1.0 of 2026-02-01")], [("binding-rules", "BCR-P of 2025")]);
    gate(
        world,
        ledger,
        ("zentry.8-c", "the Kingdom’s agreement and binding rules count too, with their reference"),
        &[
            ("the Kingdom’s agreement", provided(&who, &idta, by("idta", "IN")), ALLOWED),
            ("binding corporate rules", provided(&who, &rules, by("binding-rules", "IN")), ALLOWED),
            ("rules of which nothing is on record", provided(&who, &[], by("binding-rules", "IN")), reference),
            ("nothing at all", provided(&who, &[], json!({ "country": "IN" })), MISSING),
        ],
    )
}

fn onward(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "passed-on");
    let from = |holder: &str, mechanism: Option<&str>| {
        let mut more = json!({ "country": "IN", "onward_from": holder });
        if let Some(mechanism) = mechanism {
            more["mechanism"] = json!(mechanism);
        }
        more
    };
    let own = Some("standard-clauses");
    gate(
        world,
        ledger,
        ("zentry.7-f", "who passes data on needs a mechanism of its own, and must have it themselves"),
        &[
            ("without one", provided(&who, &[CLAUSES], from("hosting-provider", None)), MISSING),
            ("with one", provided(&who, &[CLAUSES], from("hosting-provider", own)), ALLOWED),
            (
                "from somebody unknown",
                provided(&who, &[CLAUSES], from("data-broker", own)),
                Expected::Denied("unlisted-recipient"),
            ),
            (
                "from somebody who may not have it",
                provided(&who, &[CLAUSES], from("payment-processor", own)),
                Expected::Denied("category-not-allowed"),
            ),
        ],
    )
}

fn storage(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "stored");
    let host = ("hosting-provider", "contact", "service.provide");
    let to = |country: &str| json!({ "country": country, "mechanism": "standard-clauses" });
    let elsewhere = Expected::Denied("country-not-allowed");
    gate(
        world,
        ledger,
        ("zentry.8-a", "hosts keep it in the United States, by whatever mechanism it could leave"),
        &[
            ("the United States", sent(&who, host, &[DPA], json!({})), Expected::Allowed("zentry.3-c")),
            ("Germany", sent(&who, host, &[DPA, CLAUSES], to("DE")), elsewhere),
            ("India", sent(&who, host, &[DPA, CLAUSES], to("IN")), elsewhere),
        ],
    )?;
    let need = ("need-to-know", "ticket 4711");
    let read = |purpose: &'static str, references: &[(&str, &str)], more: Value| {
        sent(&who, ("personnel-abroad", "contact", purpose), references, more)
    };
    let reading = read("support.respond", &[need, CLAUSES], to("IN"));
    gate(
        world,
        ledger,
        ("zentry.8-b", "reading from abroad is a transfer: by need, for the work named, and gated"),
        &[
            ("for support", reading.clone(), Expected::Allowed("zentry.8-b")),
            ("for marketing", read("marketing", &[need, CLAUSES], to("IN")), Expected::Denied("purpose-not-allowed")),
            ("without a need", read("support.respond", &[CLAUSES], to("IN")), Expected::Denied("reference-missing")),
            ("without a mechanism", read("support.respond", &[need], json!({ "country": "IN" })), MISSING),
            (
                "from nowhere",
                read("support.respond", &[need], json!({ "country": null })),
                Expected::Denied("country-unnamed"),
            ),
        ],
    )?;
    let answer = world.post_as_staff(&format!("/{NAME}/v1/disclosures"), "disclosures:write", NAME, &reading)?;
    let logged: Value = answer.expect(&[200, 201])?.json()?;
    let denied = disclose(world, NAME, &read("support.respond", &[need], json!({ "country": "IN" })))?;
    ledger.check(
        "zentry.8-b",
        "the country of each reading is logged",
        logged["country"] == json!("IN") && logged["mechanism"] == json!("standard-clauses") && denied.id.is_none(),
        format!("read from {} by {}", logged["country"], logged["mechanism"]),
    );
    Ok(())
}
