//! Who gets what: nobody who is not listed, and of those who are each within the terms of their clause.

use serde_json::{Value, json};
use wire::hold::HoldAnswer;

use jiff::SignedDuration;

use super::{NAME, agree, customer, export, gate, person, points, sent, texts, uses};
use crate::{
    scenarios::{
        Part,
        acts::{Expected, chosen, disclose, judge, problem},
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::World,
};

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.3-a"], promise: "nobody gets anything who is not listed", run: nobody_else },
    Part { clauses: &["zentry.3-b"], promise: "administrators see their own organization", run: administrators },
    Part { clauses: &["zentry.3-c", "zentry.3-d"], promise: "hosts work by contract and for Zentry alone", run: hosts },
    Part { clauses: &["zentry.3-f", "zentry.3-g"], promise: "services that an organization set up", run: services },
    Part { clauses: &["zentry.3-h", "zentry.3-i"], promise: "the law’s grounds are named", run: authorities },
    Part { clauses: &["zentry.3-j"], promise: "harm and legal rights", run: danger },
    Part { clauses: &["zentry.3-k"], promise: "an acquirer gets the choices with the data", run: acquirer },
    Part { clauses: &["zentry.9-p"], promise: "nothing is sold", run: sale },
    Part { clauses: &["zentry.7-r", "zentry.9-j"], promise: "no decision by machine, no retaliation", run: ruled_out },
];

const MISSING: Expected = Expected::Denied("reference-missing");
const UNLISTED: Expected = Expected::Denied("unlisted-recipient");
const CATEGORY: Expected = Expected::Denied("category-not-allowed");
const PURPOSE: Expected = Expected::Denied("purpose-not-allowed");
const GROUND: Expected = Expected::Denied("ground-not-allowed");
const CONSENT: Expected = Expected::Denied("consent-missing");
const RULED_OUT: Expected = Expected::Denied("use-ruled-out");

fn none() -> Value {
    json!({})
}

fn nobody_else(world: &World, ledger: &mut Ledger) -> Played {
    let (silent, named) = (person(world, "named-nobody"), person(world, "named-somebody"));
    agree(world, &named, &["third-party-disclosure"])?;
    let of = |recipient| (recipient, "contact", "third-party-disclosure");
    gate(
        world,
        ledger,
        ("zentry.3-a", "third parties get what the person agreed to, and nothing else"),
        &[
            ("a stranger", sent(&silent, of("data-broker"), &[], none()), UNLISTED),
            ("a stranger, with a consent to others", sent(&named, of("data-broker"), &[], none()), UNLISTED),
            ("without a consent", sent(&silent, of("consented-third-party"), &[], none()), CONSENT),
            ("with one", sent(&named, of("consented-third-party"), &[], none()), Expected::Allowed("zentry.3-a")),
        ],
    )?;
    chosen(world, NAME, &named, &[("third-party-disclosure", "withdrawn")], none())?;
    let undeclared = ("consented-third-party", "dreams", "third-party-disclosure");
    gate(
        world,
        ledger,
        ("zentry.3-a", "and no more once it is withdrawn, nor what is not declared"),
        &[
            ("withdrawn", sent(&named, of("consented-third-party"), &[], none()), CONSENT),
            ("an unknown kind of data", sent(&named, undeclared, &[], none()), Expected::Denied("undeclared-category")),
        ],
    )
}

fn administrators(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "employee");
    let of = |category, purpose| ("organization-administrator", category, purpose);
    let same = [("same-organization", "org-7")];
    let other = [("another-organization", "org-8")];
    gate(
        world,
        ledger,
        ("zentry.3-b", "administrators get reports of their own organization"),
        &[
            ("their own", sent(&who, of("usage", "org-reporting"), &same, none()), Expected::Allowed("zentry.3-b")),
            ("another’s", sent(&who, of("usage", "org-reporting"), &other, none()), MISSING),
            ("for their marketing", sent(&who, of("usage", "marketing"), &same, none()), PURPOSE),
            ("payments", sent(&who, of("financial", "org-reporting"), &same, none()), CATEGORY),
        ],
    )
}

fn hosts(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "hosted");
    let of = ("hosting-provider", "zta-user", "service.provide");
    let agreement = [("processing-agreement", "dpa-1")];
    gate(
        world,
        ledger,
        ("zentry.3-c", "hosts get data under a contract, and in the United States"),
        &[
            ("by contract", sent(&who, of, &agreement, none()), Expected::Allowed("zentry.3-c")),
            ("without one", sent(&who, of, &[], none()), MISSING),
            (
                "elsewhere",
                sent(&who, of, &agreement, json!({ "country": "BR" })),
                Expected::Denied("country-not-allowed"),
            ),
            ("payments", sent(&who, ("hosting-provider", "financial", "payments"), &agreement, none()), CATEGORY),
        ],
    )?;
    let own_use = json!({ "uses": ["own-use"] });
    let provider = ("service-provider", "contact", "service.provide");
    gate(
        world,
        ledger,
        ("zentry.3-d", "no provider makes any use of it for itself"),
        &[
            ("a host for itself", sent(&who, of, &agreement, own_use.clone()), RULED_OUT),
            ("a provider for itself", sent(&who, provider, &agreement, own_use), RULED_OUT),
            ("for Zentry", sent(&who, provider, &agreement, none()), Expected::Allowed("zentry.9-e")),
        ],
    )
}

fn services(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "connected")?;
    let of = |category, purpose| ("organization-service", category, purpose);
    let set_up = [("organization-configuration", "app-12")];
    gate(
        world,
        ledger,
        ("zentry.3-f", "a service gets what it needs once the organization has set it up"),
        &[
            ("set up", sent(&who, of("contact", "authenticate"), &set_up, none()), Expected::Allowed("zentry.3-f")),
            ("not set up", sent(&who, of("contact", "authenticate"), &[], none()), MISSING),
            ("passwords", sent(&who, of("zta-user", "authenticate"), &set_up, none()), CATEGORY),
            ("for analyses", sent(&who, of("usage", "usage-analytics"), &set_up, none()), PURPOSE),
        ],
    )?;
    let logged = disclose(world, NAME, &sent(&who, of("usage", "service.provide"), &set_up, none()))?;
    let id = logged.id.ok_or_else(|| Trouble::new("the disclosure was not logged"))?;
    let request = world.ask(NAME, &json!({ "type": "access", "subject": who, "points": points(3) }))?;
    world.decided(&request)?;
    let file = export(world, &who, &request.request_id)?;
    let listed = texts(&file["disclosures"], Some("id"));
    ledger.check(
        "zentry.3-g",
        "whom Zentry does not control is on record all the same, and the person learns of each",
        listed.contains(&id.as_str())
            && texts(&file["disclosures"], Some("recipient")).iter().all(|to| *to == "organization-service"),
        format!("{} disclosures are listed, {id} among them", listed.len()),
    );
    Ok(())
}

fn authorities(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "suspect");
    let instrument = [("instrument", "order 12/2026")];
    let ask = |recipient, ground: &str, references: &[(&str, &str)]| {
        sent(&who, (recipient, "log", "security"), references, json!({ "ground": ground }))
    };
    let promise = "an authority gets data on a ground of the list, by its instrument";
    let grounds =
        ["required-by-law", "good-faith-compliance", "protect-property", "prevent-fraud", "court-order", "subpoena"];
    let mut tried: Vec<_> = grounds
        .iter()
        .map(|ground| (*ground, ask("public-authority", ground, &instrument), Expected::Allowed("zentry.3-h")))
        .collect();
    tried.push(("curiosity", ask("public-authority", "curiosity", &instrument), GROUND));
    tried.push(("no instrument", ask("public-authority", "court-order", &[]), MISSING));
    gate(world, ledger, ("zentry.3-h", promise), &tried)?;
    hold(world, ledger, "zentry.3-h", ("legal-obligation", "court-order"), "good-faith-compliance")?;
    gate(
        world,
        ledger,
        ("zentry.3-i", "lawyers get it in a matter of law; other companies do not"),
        &[
            ("a lawyer", ask("legal-adviser", "court-order", &instrument), Expected::Allowed("zentry.3-i")),
            ("a lawyer, without a matter", ask("legal-adviser", "prevent-fraud", &instrument), GROUND),
            ("a lawyer, without an instrument", ask("legal-adviser", "court-order", &[]), MISSING),
            ("another company", ask("other-company", "court-order", &instrument), UNLISTED),
        ],
    )
}

/// A hold on a ground of the list, and one on another ground.
fn hold(
    world: &World,
    ledger: &mut Ledger,
    clause: &'static str,
    (reason, ground): (&str, &str),
    other: &str,
) -> Played {
    let form = |ground: &str, days: i64| {
        json!({
            "subject": person(world, &format!("held-{reason}")), "reason": reason, "ground": ground,
            "review_at": world.after(SignedDuration::from_hours(24 * days)).to_string(),
        })
    };
    let path = format!("/{NAME}/v1/holds");
    let place = |ground, days| world.post_as_staff(&path, "holds:write", NAME, &form(ground, days));
    let (refused, endless) = (place(other, 90)?, place(ground, 800)?);
    let placed: HoldAnswer = place(ground, 90)?.expect(&[200, 201])?.json()?;
    ledger.check(
        clause,
        "records are held on a ground of the list, with a day on which somebody looks again",
        placed.reason == reason
            && placed.ground.as_deref() == Some(ground)
            && refused.status == 422
            && problem(&refused)? == "hold-ground"
            && endless.status == 422,
        format!("{ground}: held; {other}: {}; for 800 days: {}", refused.said(), endless.said()),
    );
    Ok(())
}

fn danger(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "in-danger");
    let ask = |recipient, category, ground: &str| {
        sent(&who, (recipient, category, "security"), &[("instrument", "claim 3")], json!({ "ground": ground }))
    };
    gate(
        world,
        ledger,
        ("zentry.3-j", "harm and legal rights are grounds, each for those whom it concerns"),
        &[
            ("harm", ask("person-in-danger", "contact", "protect-from-harm"), Expected::Allowed("zentry.3-j")),
            ("no harm", ask("person-in-danger", "contact", "prevent-fraud"), GROUND),
            ("more than an address", ask("person-in-danger", "zta-user", "protect-from-harm"), CATEGORY),
            ("our rights", ask("legal-adviser", "contact", "establish-legal-rights"), Expected::Allowed("zentry.3-i")),
            ("our rights, at large", ask("person-in-danger", "contact", "establish-legal-rights"), GROUND),
        ],
    )?;
    hold(world, ledger, "zentry.3-j", ("legal-claim", "establish-legal-rights"), "good-feeling")
}

fn acquirer(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "acquired");
    let carried =
        ["notice-of-change", "consents-and-objections-handed-over", "holds-handed-over", "open-requests-handed-over"];
    let ask = |references: &[&str], ground: &str| {
        let references: Vec<_> = references.iter().map(|name| (*name, "closing of 2026-10-01")).collect();
        sent(&who, ("acquirer", "contact", "service.provide"), &references, json!({ "ground": ground }))
    };
    let mut tried = vec![
        ("with all of them", ask(&carried, "acquisition"), Expected::Allowed("zentry.3-k")),
        ("for no acquisition", ask(&carried, "partnership"), GROUND),
    ];
    for left_out in carried {
        let others: Vec<_> = carried.into_iter().filter(|name| *name != left_out).collect();
        tried.push((left_out, ask(&others, "merger"), MISSING));
    }
    let promise = "with the data go consents, objections, holds and open requests, and people know of it; without one, nothing goes";
    gate(world, ledger, ("zentry.3-k", promise), &tried)
}

fn sale(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "not-for-sale");
    agree(world, &who, &["third-party-disclosure", "third-party-direct-marketing"])?;
    let of = ("consented-third-party", "contact", "third-party-disclosure");
    let partner = ("marketing-partner", "website-personal", "third-party-direct-marketing");
    gate(
        world,
        ledger,
        ("zentry.9-p", "a sale is ruled out, whatever was agreed to"),
        &[
            ("sold", sent(&who, of, &[], json!({ "uses": ["sale"] })), RULED_OUT),
            ("not sold", sent(&who, of, &[], none()), Expected::Allowed("zentry.3-a")),
            ("shared by consent", sent(&who, partner, &[], none()), Expected::Allowed("zentry.9-r")),
        ],
    )?;
    let request = world.ask(NAME, &json!({ "type": "do-not-sell-or-share", "subject": who, "residence": "US-CA" }))?;
    let status = world.decided(&request)?;
    let after = disclose(world, NAME, &sent(&who, partner, &[], none()))?;
    let promise = "who says so is shared with nobody any more";
    judge(ledger, "zentry.9-p", promise, &after, Expected::Denied("do-not-sell-or-share"));
    ledger.check(
        "zentry.9-p",
        "the opt-out names what it stops, and needs no proof",
        request.verification == "none" && status.stopped == ["third-party-direct-marketing"],
        format!("verification {}; stopped: {}", request.verification, status.stopped.join(", ")),
    );
    Ok(())
}

fn ruled_out(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "decided-about");
    let by_machine = json!({ "uses": ["automated-decision"] });
    uses(
        world,
        ledger,
        ("zentry.7-r", "machines decide on access and security, and on nothing else"),
        &who,
        &[
            ("access.gateway", none(), Expected::Allowed("zentry.7-r")),
            ("authenticate", by_machine.clone(), Expected::Allowed("zentry.9-c")),
            ("security", by_machine.clone(), Expected::Allowed("zentry.2-g")),
            ("usage-analytics", by_machine.clone(), RULED_OUT),
            ("service.provide", by_machine, RULED_OUT),
        ],
    )?;
    let request = world.ask(NAME, &json!({ "type": "objection-automated", "subject": who }))?;
    let status = world.decided(&request)?;
    ledger.check(
        "zentry.7-r",
        "who objects has a human look at it",
        status.status == "in-progress" && status.stopped == ["access.gateway"],
        format!("{}; stopped until then: {}", status.status, status.stopped.join(", ")),
    );
    // Somebody who has used a right is served like everybody.
    world.ask(NAME, &json!({ "type": "do-not-sell-or-share", "subject": who, "residence": "US-CA" }))?;
    uses(
        world,
        ledger,
        ("zentry.9-j", "nobody is treated worse for using a right"),
        &who,
        &[
            ("service.provide", none(), Expected::Allowed("zentry.2-a")),
            ("support.respond", none(), Expected::Allowed("zentry.2-c")),
            ("service.provide", json!({ "uses": ["retaliation"] }), RULED_OUT),
        ],
    )
}
