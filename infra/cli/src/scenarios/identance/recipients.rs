//! Who gets the data, and where to.

use serde_json::{Value, json};

use super::{NAME, steps::adult};
use crate::{
    clock,
    scenarios::{
        Part,
        acts::{self, Verdict, disclose, disclosure, may_use},
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &[
            "identance.11-c",
            "identance.11-d",
            "identance.11-e",
            "identance.11-f",
            "identance.11-g",
            "identance.11-i",
        ],
        promise: "a provider gets data with its obligations, its agreement and its row, and nobody else does",
        run: providers,
    },
    Part { clauses: &["identance.11-a", "identance.11-b"], promise: "nothing is sold or rented out", run: sale },
    Part { clauses: &["identance.11-h"], promise: "totals leave in which nobody can be found", run: totals },
    Part {
        clauses: &["identance.12-a", "identance.12-b", "identance.12-c"],
        promise: "companies of the group are bound as Identance is",
        run: group,
    },
    Part {
        clauses: &["identance.12-d"],
        promise: "whoever takes the business over takes over what people have said",
        run: successor,
    },
    Part {
        clauses: &["identance.13-a"],
        promise: "a territory's partner gets contact details, to answer an enquiry",
        run: territory,
    },
    Part { clauses: &["identance.14-a"], promise: "authorities get data on three grounds", run: authority },
    Part { clauses: &["identance.15-a"], promise: "nothing leaves Europe without a safeguard", run: abroad },
];

const PROVIDER_REFERENCES: [&str; 3] = ["obligations", "processing-agreement", "published-row"];

/// References of these names, but for one.
fn references(names: &[&str], but: &str) -> Value {
    let given = names.iter().filter(|name| **name != but);
    Value::Object(given.map(|name| ((*name).to_owned(), json!(format!("{name} 7 of 2026")))).collect())
}

/// A disclosure to a provider with everything that it needs, in France.
fn to_provider(world: &World, who: &Value, category: &str, purpose: &str, more: Value) -> Played<Verdict> {
    let mut form = disclosure("service-provider", who, &[category], purpose, more);
    let defaults = [("country", json!("FR")), ("references", references(&PROVIDER_REFERENCES, ""))];
    if let Value::Object(form) = &mut form {
        for (name, value) in defaults {
            form.entry(name).or_insert(value);
        }
    }
    disclose(world, NAME, &form)
}

fn providers(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("provider-customer"));
    let ask = |purpose, more| to_provider(world, &who, "contact", purpose, more);
    let listed = ask("service-delivery", json!({}))?;
    let unnamed = ask("resale", json!({}))?;
    ledger.check(
        "identance.11-c",
        "a provider gets what its service needs, for a purpose that is named, and it is logged",
        listed.is_allowed_by("identance.11-c")
            && listed.id.is_some()
            && unnamed.is_denied_by("undeclared-purpose", "identance.11-f"),
        format!("{listed}; for another purpose {unnamed}"),
    );
    for (clause, missing, promise) in [
        ("identance.11-d", "obligations", "no provider gets anything before its obligations are on file"),
        ("identance.11-e", "processing-agreement", "no provider gets anything before its agreement is on file"),
        ("identance.11-i", "published-row", "no new provider gets anything before its row is published"),
    ] {
        let without = ask("service-delivery", json!({ "references": references(&PROVIDER_REFERENCES, missing) }))?;
        ledger.check(
            clause,
            promise,
            without.is_denied_by("reference-missing", "identance.11-c") && listed.reason.is_none(),
            format!("without {missing}: {without}; with it {listed}"),
        );
    }
    let unlisted = |more| {
        let mut form = disclosure("advertising-network", &who, &["contact"], "service-delivery", more);
        form["country"] = json!("FR");
        form["references"] = references(&PROVIDER_REFERENCES, "");
        disclose(world, NAME, &form)
    };
    let stranger = unlisted(json!({}))?;
    let secret = to_provider(world, &who, "health", "service-delivery", json!({}))?;
    ledger.check(
        "identance.11-f",
        "whoever is not listed gets nothing, and nobody gets what is not listed",
        stranger.is_denied_by("unlisted-recipient", "identance.11-f")
            && secret.is_denied_by("undeclared-category", "identance.11-f"),
        format!("a stranger {stranger}; unlisted data {secret}"),
    );
    let passed_on = unlisted(json!({ "onward_from": "service-provider" }))?;
    ledger.check(
        "identance.11-g",
        "\"such third parties\" are no others than those listed, though a listed one passes it on",
        passed_on.is_denied_by("unlisted-recipient", "identance.11-f") && listed.reason.is_none(),
        format!("passed on by a provider: {passed_on}"),
    );
    Ok(())
}

fn sale(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("not-for-sale"));
    let ask = |uses: &[&str]| to_provider(world, &who, "contact", "service-delivery", json!({ "uses": uses }));
    let (plain, sold, rented) = (ask(&[])?, ask(&["sale"])?, ask(&["rent"])?);
    let inside = may_use(world, NAME, &who, "service-delivery", json!({ "uses": ["sale"] }))?;
    let all = [&sold, &rented, &inside];
    ledger.check(
        "identance.11-a",
        "nobody buys, leases or rents data, not even a provider that may have it",
        plain.reason.is_none() && all.iter().all(|verdict| verdict.is_denied_by("use-ruled-out", "identance.11-a")),
        format!("sale {sold}; rent {rented}; prepared in the company {inside}; the service itself {plain}"),
    );
    // A cookie's number names nobody by itself.
    let visitor = subject("cookie", &world.name("unsold-visitor"));
    let consent = adult();
    acts::chosen(world, NAME, &visitor, &[("cookies.session", "given")], consent)?;
    let ask =
        |uses: &[&str]| to_provider(world, &visitor, "session-cookie", "cookies.session", json!({ "uses": uses }));
    let (plain, sold) = (ask(&[])?, ask(&["sale"])?);
    ledger.check(
        "identance.11-b",
        "what does not name anybody is not sold either",
        plain.reason.is_none() && sold.is_denied_by("use-ruled-out", "identance.11-a"),
        format!("a cookie's number: sale {sold}; the service itself {plain}"),
    );
    Ok(())
}

fn totals(world: &World, ledger: &mut Ledger) -> Played {
    let total = |people: u32, purpose: &str| {
        let form = json!({
            "recipient": "press", "aggregate": { "people": people }, "categories": ["contact"], "purpose": purpose,
            "occurred_at": clock::now().to_string(),
        });
        disclose(world, NAME, &form)
    };
    let (enough, few) = (total(10, "aggregate-statistics")?, total(9, "aggregate-statistics")?);
    ledger.check(
        "identance.11-h",
        "a total of ten people may leave, one of nine may not",
        enough.is_allowed_by("identance.11-h") && few.is_denied_by("too-few-people", "identance.11-h"),
        format!("ten: {enough}; nine: {few}"),
    );
    let personal = total(1_000, "service-delivery")?;
    ledger.check(
        "identance.11-h",
        "what is collected to serve people is not told as totals under its own name",
        personal.reason.as_deref() == Some("not-statistics"),
        format!("a thousand, for the service: {personal}"),
    );
    Ok(())
}

fn group(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("group-customer"));
    let to_affiliate = |purpose, references: Value| {
        let more = json!({ "country": "FR", "references": references });
        disclose(world, NAME, &disclosure("affiliate", &who, &["contact"], purpose, more))
    };
    let member = json!({ "group-company": "Identance Iberia" });
    let (company, outsider) =
        (to_affiliate("communication", member.clone())?, to_affiliate("communication", json!({}))?);
    ledger.check(
        "identance.12-a",
        "companies of the group get data, once it is on record that they are",
        company.is_allowed_by("identance.12-a") && outsider.is_denied_by("reference-missing", "identance.12-a"),
        format!("a company of the group {company}; one without a record {outsider}"),
    );

    let objection = |who: &Value, service: &str| json!({ "type": "objection", "subject": who, "purposes": ["communication"], "service": service });
    let sent_to_it = world.ask(NAME, &objection(&who, "affiliated-companies"))?;
    let other = subject("mail", &world.address("own-customer"));
    let sent_to_identance = world.ask(NAME, &objection(&other, "websites-and-apps"))?;
    let nowhere = world.post(&format!("/{NAME}/v1/requests"), &objection(&who, "somebody-elses"))?;
    let status = world.decided(&sent_to_it)?;
    let service = status.service.as_deref().unwrap_or("none");
    ledger.check(
        "identance.12-c",
        "a request to a company of the group is received by the group, by the same clock",
        service == "affiliated-companies"
            && status.outcome.as_deref() == Some("stopped")
            && sent_to_it.refused.is_none()
            && (&sent_to_it.due_date, &sent_to_it.due_by) == (&sent_to_identance.due_date, &sent_to_identance.due_by)
            && nowhere.problem().as_deref() == Some("unknown-service"),
        format!(
            "for {service}: {}, due {}; at Identance due {}; an unknown service {}",
            status.status,
            sent_to_it.due_date,
            sent_to_identance.due_date,
            nowhere.said()
        ),
    );
    let (stopped, other_purpose) =
        (to_affiliate("communication", member.clone())?, to_affiliate("service-delivery", member)?);
    ledger.check(
        "identance.12-b",
        "the same policy binds them: an objection ends what they get",
        stopped.is_denied_by("objection", "identance.16-e") && other_purpose.reason.is_none(),
        format!("before {company}; after the objection {stopped}; for another purpose {other_purpose}"),
    );
    Ok(())
}

fn successor(world: &World, ledger: &mut Ledger) -> Played {
    const NEEDS: [&str; 2] = ["consents-and-objections-handed-over", "holds-handed-over"];
    let who = subject("mail", &world.address("acquired-customer"));
    let ask = |ground: &str, but: &str, uses: &[&str]| {
        let more = json!({ "country": "FR", "ground": ground, "references": references(&NEEDS, but), "uses": uses });
        disclose(world, NAME, &disclosure("successor", &who, &["contact"], "service-delivery", more))
    };
    let (merger, bankruptcy) = (ask("merger", "", &[])?, ask("bankruptcy", "", &[])?);
    let curious = ask("due-diligence", "", &[])?;
    ledger.check(
        "identance.12-d",
        "a successor gets data for a merger, a sale of the business and the like, and for nothing else",
        merger.is_allowed_by("identance.12-d")
            && bankruptcy.is_allowed_by("identance.12-d")
            && curious.is_denied_by("ground-not-allowed", "identance.12-d"),
        format!("a merger {merger}; a bankruptcy {bankruptcy}; a look before it {curious}"),
    );
    let without = [ask("merger", NEEDS[0], &[])?, ask("merger", NEEDS[1], &[])?];
    ledger.check(
        "identance.12-d",
        "consents, objections and holds go with the data, or it does not go",
        without.iter().all(|verdict| verdict.is_denied_by("reference-missing", "identance.12-d")),
        format!("without consents and objections {}; without holds {}", without[0], without[1]),
    );
    Ok(())
}

fn territory(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("licence-enquirer"));
    let ask = |category: &str, purpose: &str, ground: &str, references: Value| {
        let more = json!({ "country": "DE", "ground": ground, "references": references });
        disclose(world, NAME, &disclosure("territory-partner", &who, &[category], purpose, more))
    };
    let (ground, territory) = ("production-licence-enquiry", json!({ "territory": "DE" }));
    let asked = ask("contact", "communication", ground, territory.clone())?;
    ledger.check(
        "identance.13-a",
        "who asks for a production licence is passed on to the partner where they are",
        asked.is_allowed_by("identance.13-a"),
        asked.to_string(),
    );
    let refused = [
        ("category-not-allowed", ask("billing", "communication", ground, territory.clone())?),
        ("purpose-not-allowed", ask("contact", "service-delivery", ground, territory.clone())?),
        ("ground-not-allowed", ask("contact", "communication", "newsletter", territory)?),
        ("reference-missing", ask("contact", "communication", ground, json!({}))?),
    ];
    ledger.check(
        "identance.13-a",
        "the partner gets contact details, for that enquiry, in that territory, and no more",
        refused.iter().all(|(reason, verdict)| verdict.is_denied_by(reason, "identance.13-a")),
        refused.map(|(_, verdict)| verdict.to_string()).join("; "),
    );
    Ok(())
}

fn authority(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("wanted"));
    let ask = |more: Value| {
        let mut form = disclosure("public-authority", &who, &["contact"], "service-delivery", more);
        form["country"] = json!("FR");
        disclose(world, NAME, &form)
    };
    let instrument = json!({ "instrument": "order 2026/4711" });
    let mut verdicts = Vec::new();
    for ground in ["legally-required", "protect-own-rights", "protect-third-party-rights"] {
        verdicts.push((ground, ask(json!({ "ground": ground, "references": instrument }))?));
    }
    let said: Vec<_> = verdicts.iter().map(|(ground, verdict)| format!("{ground} {verdict}")).collect();
    ledger.check(
        "identance.14-a",
        "authorities get data where the law asks for it or rights are to be protected, and it is logged",
        verdicts.iter().all(|(_, verdict)| verdict.is_allowed_by("identance.14-a") && verdict.id.is_some()),
        said.join("; "),
    );
    let asked_nicely = ask(json!({ "ground": "friendly-request", "references": instrument }))?;
    let no_ground = ask(json!({ "references": instrument }))?;
    let no_paper = ask(json!({ "ground": "legally-required" }))?;
    ledger.check(
        "identance.14-a",
        "without such a ground, or the instrument that it is on record with, they get nothing",
        [&asked_nicely, &no_ground].iter().all(|verdict| verdict.is_denied_by("ground-not-allowed", "identance.14-a"))
            && no_paper.is_denied_by("reference-missing", "identance.14-a"),
        format!("asked nicely {asked_nicely}; without a ground {no_ground}; without an instrument {no_paper}"),
    );
    Ok(())
}

fn abroad(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("traveller"));
    let ask = |country: Option<&str>, mechanism: Option<&str>, reference: Option<(&str, &str)>| {
        let mut references = references(&PROVIDER_REFERENCES, "");
        if let Some((name, value)) = reference {
            references[name] = json!(value);
        }
        let mut more = json!({ "references": references });
        for (name, value) in [("country", country), ("mechanism", mechanism)] {
            if let Some(value) = value {
                more[name] = json!(value);
            }
        }
        disclose(world, NAME, &disclosure("service-provider", &who, &["contact"], "service-delivery", more))
    };
    let adequacy = Some("adequacy");
    let clauses = Some("standard-clauses");
    let framework = Some(("data-privacy-framework", "listed since 2024"));
    let binding = Some(("binding-rules", "approved 2023"));
    for (promise, allowed) in [
        ("data may be anywhere in the European Economic Area", ask(Some("NO"), None, None)?),
        ("and where a decision finds a country adequate", ask(Some("CH"), adequacy, None)?),
        ("and in the United States with whoever is on the list", ask(Some("US"), adequacy, framework)?),
        ("and under the standard clauses", ask(Some("IN"), clauses, Some(("standard-clauses", "2021/914, module 2")))?),
        ("and under binding rules", ask(Some("IN"), Some("binding-rules"), binding)?),
    ] {
        ledger.check("identance.15-a", promise, allowed.is_allowed_by("identance.11-c"), allowed.to_string());
    }
    for (promise, reason, denied) in [
        ("nothing leaves without a safeguard", "mechanism-missing", ask(Some("IN"), None, None)?),
        ("nothing leaves for a place that nobody names", "country-unnamed", ask(None, adequacy, None)?),
        ("no country is adequate without a decision", "country-not-adequate", ask(Some("IN"), adequacy, None)?),
        (
            "the list of the United States counts, and not the country",
            "reference-missing",
            ask(Some("US"), adequacy, None)?,
        ),
        (
            "clauses of an earlier decision count no more",
            "clauses-outdated",
            ask(Some("IN"), clauses, Some(("standard-clauses", "2010/87/EU")))?,
        ),
        ("clauses that nobody has on file count for nothing", "reference-missing", ask(Some("IN"), clauses, None)?),
        (
            "a click is no safeguard",
            "mechanism-not-allowed",
            ask(Some("IN"), Some("explicit-consent"), Some(("explicit-consent", "ticked")))?,
        ),
    ] {
        ledger.check("identance.15-a", promise, denied.is_denied_by(reason, "identance.15-a"), denied.to_string());
    }
    Ok(())
}
