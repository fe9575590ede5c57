//! What people may ask for.

use std::collections::BTreeSet;

use jiff::ToSpan;
use serde_json::{Value, json};
use wire::{
    consent::ReceiptForm,
    notice::NoticesAnswer,
    request::{AcknowledgementForm, StatusForm},
    stored::export::Export,
};

use super::{
    NAME,
    steps::{ZONE, adult, keep},
};
use crate::{
    client::Call,
    clock,
    scenarios::{
        Part,
        acts::{chosen, disclose, disclosure, may_use},
        tells_item, yes_or, zoned,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject, trigger, wait_for},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["identance.16-0", "identance.16-b"],
        promise: "everybody gets their file, wherever they live",
        run: access,
    },
    Part { clauses: &["identance.16-a"], promise: "everybody is told what the policy says", run: information },
    Part {
        clauses: &["identance.16-c", "identance.16-l"],
        promise: "what is wrong or missing is put right",
        run: rectification,
    },
    Part {
        clauses: &["identance.16-d", "identance.16-j"],
        promise: "what nothing keeps is erased, and whoever is refused anything is told where to complain",
        run: erasure,
    },
    Part { clauses: &["identance.16-e"], promise: "objections end a use at once", run: objections },
    Part { clauses: &["identance.16-f"], promise: "restricted data is stored and no more", run: restriction },
    Part { clauses: &["identance.16-g"], promise: "people take along what they gave", run: portability },
    Part { clauses: &["identance.16-h"], promise: "a consent is taken back for the future", run: withdrawal },
    Part {
        clauses: &["identance.16-i"],
        promise: "people say what becomes of their data after death",
        run: post_mortem,
    },
    Part { clauses: &["identance.16-k"], promise: "nobody is treated worse for having used a right", run: no_worse },
    Part {
        clauses: &["identance.21-b"],
        promise: "a concern is answered promptly: within fourteen days",
        run: complaint,
    },
];

/// Makes a request, confirms it by the mailed page, and waits for what came of it.
fn ask_and_confirm(world: &World, address: &str, form: &Value) -> Played<(AcknowledgementForm, StatusForm)> {
    let request = world.ask(NAME, form)?;
    world.confirm_by_mail(address, &request)?;
    let status = world.decided(&request)?;
    Ok((request, status))
}

/// The file that a mail links to.
fn file(world: &World, address: &str, request: &AcknowledgementForm) -> Played<Export> {
    world.sent_on(&Call::new("GET", world.export_link(address, &request.request_id)?))?.json()
}

fn access(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("texan");
    let who = subject("mail", &address);
    keep(world, &who, ("contact", "service-delivery"), &json!({ "name": "Ada Example", "email": address }))?;
    let references = json!({ "obligations": "o 7", "processing-agreement": "p 7", "published-row": "r 7" });
    let more = json!({ "country": "FR", "references": references });
    let disclosed =
        disclose(world, NAME, &disclosure("service-provider", &who, &["contact"], "service-delivery", more))?;

    let request = world.ask(NAME, &json!({ "type": "access", "subject": who, "residence": "US-TX" }))?;
    let unknown = world.address("european-stranger");
    let ask_of_stranger = json!({ "type": "access", "subject": subject("mail", &unknown), "residence": "FR" });
    let (of_stranger, stranger) = ask_and_confirm(world, &unknown, &ask_of_stranger)?;
    let alike = |ack: &AcknowledgementForm| {
        (ack.due_date.clone(), ack.due_by.clone(), ack.verification.clone(), ack.refused.clone())
    };
    // The token of the status is typed in by whoever asks: it proves nothing about the mailbox.
    let call = Call::new("GET", world.api(&format!("{}/export", request.status)))
        .with("authorization", format!("Bearer {}", request.token));
    let early = world.client.send(&call)?;
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    ledger.check(
        "identance.16-0",
        "a Texan and a Frenchman ask in the same way and are answered by the same day",
        alike(&request) == alike(&of_stranger)
            && request.refused.is_none()
            && (status.outcome.as_deref(), stranger.outcome.as_deref()) == (Some("exported"), Some("exported")),
        format!(
            "from Texas: {} by {} ({}); from France: by {}",
            status.outcome.as_deref().unwrap_or("undecided"),
            request.due_date,
            request.due_by,
            of_stranger.due_date
        ),
    );
    ledger.check(
        "identance.16-b",
        "a copy is handed out to the verified mailbox alone",
        !matches!(early.status, 200..=399) && status.verified_by.as_deref() == Some("mail"),
        format!("before: {}; verified by {}", early.status, status.verified_by.as_deref().unwrap_or("nothing")),
    );
    let copy = file(world, &address, &request)?;
    let own = copy.records.iter().find(|record| record.category == "contact");
    let name = own.and_then(|record| record.fields.get("name")).map(String::as_str);
    let basis = own.and_then(|record| record.lawful_basis.as_deref()).unwrap_or("no ground");
    ledger.check(
        "identance.16-b",
        "the copy holds the data itself, with its purpose and ground",
        name == Some("Ada Example") && basis == "legitimate-interests" && copy.records.len() == 1,
        format!("{} record, its name {}, on {basis}", copy.records.len(), yes_or(name.is_some(), "there", "MISSING")),
    );
    let told = copy.disclosures.iter().find(|line| Some(&line.id) == disclosed.id.as_ref());
    ledger.check(
        "identance.16-b",
        "and the information of Art. 15(1): who got it, its source, the rights, where to complain",
        told.is_some_and(|line| line.recipient == "service-provider" && line.countries == ["FR"])
            && copy.facts.categories.iter().any(|fact| fact.category == "contact" && fact.sources == ["subject"])
            && copy.facts.rights.len() >= 10
            && copy.facts.complaint.is_some(),
        format!(
            "given to {}; {} rights",
            told.map_or("NOBODY", |line| line.recipient.as_str()),
            copy.facts.rights.len()
        ),
    );
    let nothing = file(world, &unknown, &of_stranger)?;
    ledger.check(
        "identance.16-b",
        "who is not known is told so",
        nothing.records.is_empty() && nothing.disclosures.is_empty() && nothing.requests.len() == 1,
        format!("{} records, {} request of their own", nothing.records.len(), nothing.requests.len()),
    );
    Ok(())
}

fn information(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("asker"));
    let request = world.ask(NAME, &json!({ "type": "information", "subject": who }))?;
    let status = world.decided(&request)?;
    let export = status.export.ok_or_else(|| Trouble::new("the status does not say where the answer is"))?;
    let call = Call::new("GET", world.api(&export)).with("authorization", format!("Bearer {}", request.token));
    let told: Export = world.sent_on(&call)?.json()?;
    let (recipients, ruled_out): (BTreeSet<&str>, BTreeSet<&str>) = (
        told.facts.recipients.iter().map(|fact| fact.recipient.as_str()).collect(),
        told.facts.ruled_out.iter().map(|fact| fact.what.as_str()).collect(),
    );
    ledger.check(
        "identance.16-a",
        "anybody is told purposes, grounds, recipients and what is ruled out, and nothing about anybody",
        request.verification == "none"
            && told
                .facts
                .purposes
                .iter()
                .any(|fact| fact.purpose == "billing" && fact.lawful_basis == "legal-obligation")
            && recipients.contains("service-provider")
            && ruled_out.contains("sale")
            && told.records.is_empty(),
        format!(
            "{} purposes, {} recipients, {} uses ruled out",
            told.facts.purposes.len(),
            recipients.len(),
            ruled_out.len()
        ),
    );
    let given = chosen(world, NAME, &who, &[("newsletter", "given")], adult())?;
    let notices = Call::new("GET", world.api(&format!("/{NAME}/v1/notices")));
    let notices: NoticesAnswer = world.client.send(&notices)?.expect(&[200])?.json()?;
    let fact = told.facts.notice.map(|notice| (notice.version, notice.text_sha256));
    ledger.check(
        "identance.16-a",
        "by the notice that is shown when data is collected, known by the hash of its text",
        fact == Some((notices.current.version.clone(), notices.current.text_sha256.clone()))
            && given.privacy_notice == notices.current.version,
        format!("notice {} at a consent, {:.12}… in public", given.privacy_notice, notices.current.text_sha256),
    );
    Ok(())
}

fn rectification(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("misspelt");
    // As a page of the account posts it: no clerk takes part.
    let form =
        [("type", "rectification"), ("subject_kind", "mail"), ("subject", &address), ("point.name", "Ada Example")];
    let call = Call::new("POST", world.api(&format!("/{NAME}/v1/requests"))).form(&form);
    let request: AcknowledgementForm = world.client.send(&call)?.expect(&[202])?.json()?;
    let waiting = world.status(&request)?.status;
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    let received = request.received_at.parse().map_err(Trouble::because("received_at"))?;
    let month = zoned(received, ZONE)?.date().checked_add(1.month()).map_err(Trouble::because("a month"))?;
    ledger.check(
        "identance.16-c",
        "a rectification is taken in with its date, and owed until the office has answered",
        waiting == "awaiting-verification"
            && (status.status.as_str(), status.outcome.as_deref()) == ("in-progress", Some("with-office"))
            && status.verified_by.as_deref() == Some("mail")
            && request.due_date >= month.to_string(),
        format!("first {waiting}, then {}, received {received}, due {}", status.status, request.due_date),
    );
    let form = json!({ "type": "access", "subject": subject("mail", &address) });
    let (access, _) = ask_and_confirm(world, &address, &form)?;
    let copy = file(world, &address, &access)?;
    let logged = copy.requests.iter().find(|logged| logged.request == request.request_id);
    ledger.check(
        "identance.16-l",
        "a change that people make themselves, by a form and without a clerk, is on record in their file",
        logged.is_some_and(|logged| logged.asked_for == "rectification" && logged.status == "in-progress"),
        logged.map_or("NOT IN THE FILE".to_owned(), |logged| format!("{}, {}", logged.asked_for, logged.status)),
    );
    Ok(())
}

fn erasure(world: &World, ledger: &mut Ledger) -> Played {
    let ask = |address: &str| json!({ "type": "erasure", "subject": subject("mail", address) });
    let address = world.address("payer");
    let who = subject("mail", &address);
    let contact = keep(world, &who, ("contact", "service-delivery"), &json!({ "name": "Ada Example" }))?;
    let billing = keep(world, &who, ("billing", "billing"), &json!({ "invoice_number": "1" }))?;
    let commitment = world.commitment(&contact)?;
    let (request, status) = ask_and_confirm(world, &address, &ask(&address))?;
    let item = |category: &str| status.items.iter().find(|item| item.category == category);
    let erased = item("contact").is_some_and(|item| item.result == "erased");
    let (gone, there) = (world.stored(&contact)?.is_none(), world.stored(&billing)?.is_some());
    let kept =
        item("billing").and_then(|item| Some((item.result.clone(), item.article.clone()?, item.clause.clone()?)));
    let expected = ("kept".to_owned(), "GDPR Art. 17(3)(b)".to_owned(), "identance.1-d".to_owned());
    let evidence = if gone { Some(world.evidence(NAME, &commitment)?) } else { None };
    ledger.proved(
        "identance.16-d",
        "what nothing keeps is erased; what the law keeps stays, with its article",
        erased && gone && there && kept == Some(expected),
        format!(
            "contact {}, billing {}",
            yes_or(gone, "gone", "STILL THERE"),
            kept.map_or("without a reason".to_owned(), |(result, article, clause)| format!(
                "{result} by {article}, {clause}"
            ))
        ),
        evidence,
    );
    let route = status.complaint.as_ref();
    let mail = world.mail_to(&address, "- billing")?;
    ledger.check(
        "identance.16-j",
        "whoever is refused a part is told which authority hears a complaint, in the status and in the mail",
        route.is_some_and(|route| {
            route.authority.contains("authority of the country where you live")
                && route.clause.as_deref() == Some("identance.16-j")
                && route.url.as_ref().is_some_and(|url| mail.text.contains(url))
        }) && tells_item(&mail.text, "billing", "kept")
            && mail.text.contains("You can complain to a supervisory authority")
            && mail.text.contains(&request.request_id),
        route.map_or("NO ROUTE".to_owned(), |route| format!("{} ({})", route.authority, route.remedy)),
    );

    let address = world.address("leaver");
    let contact = keep(world, &subject("mail", &address), ("contact", "service-delivery"), &json!({ "name": "Bob" }))?;
    let (_, status) = ask_and_confirm(world, &address, &ask(&address))?;
    let gone = world.stored(&contact)?.is_none();
    ledger.check(
        "identance.16-j",
        "who got what they asked for is not sent on to an authority",
        gone && status.complaint.is_none() && status.items.len() == 1,
        format!("{} item erased, {}", status.items.len(), yes_or(status.complaint.is_none(), "no route", "A ROUTE")),
    );
    Ok(())
}

fn objections(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("objector"));
    let ask = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    let before = ask("communication")?;
    let objection = |purpose: &str| json!({ "type": "objection", "subject": who, "purposes": [purpose] });
    let request = world.ask(NAME, &objection("communication"))?;
    let (after, beside) = (ask("communication")?, ask("service-delivery")?);
    let status = world.decided(&request)?;
    ledger.check(
        "identance.16-e",
        "an objection ends a use from the moment it comes in, while the office weighs it",
        before.reason.is_none()
            && after.is_denied_by("objection", "identance.16-e")
            && beside.reason.is_none()
            && (status.status.as_str(), status.stopped.as_slice())
                == ("in-progress", ["communication".to_owned()].as_slice()),
        format!("before {before}; after {after}; what was not named {beside}; {}", status.status),
    );
    let contract = world.post(&format!("/{NAME}/v1/requests"), &objection("service-contract"))?;
    ledger.check(
        "identance.16-e",
        "a contract goes on: there is no objection to it",
        contract.problem().as_deref() == Some("no-objection"),
        contract.said(),
    );

    let who = subject("mail", &world.address("unadvertised"));
    let ask = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    let consent = || chosen(world, NAME, &who, &[("newsletter", "given")], adult());
    consent()?;
    let before = ask("newsletter")?;
    let request = world.ask(NAME, &json!({ "type": "objection-marketing", "subject": who }))?;
    let (after, service) = (ask("newsletter")?, ask("service-delivery")?);
    let status = world.decided(&request)?;
    ledger.check(
        "identance.16-e",
        "against marketing it needs no reason and no weighing, and ends all of it for good",
        before.reason.is_none()
            && after.is_denied_by("objection-marketing", "identance.16-e")
            && service.reason.is_none()
            && status.status == "answered"
            && status.stopped.iter().any(|purpose| purpose == "newsletter.partner-promotions"),
        format!("newsletter before {before}; after {after}; the service {service}; {}", status.status),
    );
    Ok(())
}

fn restriction(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("disputed");
    let (who, other) = (subject("mail", &address), subject("mail", &world.address("undisputed")));
    let contact = |who: &Value| keep(world, who, ("contact", "service-delivery"), &json!({ "name": "Ada Example" }));
    let (held, free) = (contact(&who)?, contact(&other)?);
    let ask = |who: &Value| may_use(world, NAME, who, "service-delivery", json!({}));
    let before = ask(&who)?;
    let (_, status) = ask_and_confirm(world, &address, &json!({ "type": "restriction", "subject": who }))?;
    let (after, elsewhere) = (ask(&who)?, ask(&other)?);
    ledger.check(
        "identance.16-f",
        "restricted data is not used",
        before.reason.is_none()
            && after.is_denied_by("restriction", "identance.16-f")
            && elsewhere.reason.is_none()
            && status.outcome.as_deref() == Some("with-office"),
        format!("before {before}; after {after}; somebody else's {elsewhere}"),
    );
    let ended = clock::this_second();
    world.register(NAME, &[trigger(ended, &who, "service.ended"), trigger(ended, &other, "service.ended")])?;
    world.sweep(ended)?;
    let (stays, goes) = (world.stored(&held)?.is_some(), world.stored(&free)?.is_none());
    ledger.check(
        "identance.16-f",
        "the purge leaves it, though its time is up",
        stays && goes,
        format!(
            "restricted: {}; not restricted: {}",
            yes_or(stays, "kept", "GONE"),
            yes_or(goes, "deleted", "STILL THERE")
        ),
    );
    Ok(())
}

fn portability(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("mover");
    let who = subject("mail", &address);
    // What somebody buys counts as given by them, though it is observed (WP 242 rev.01, III).
    keep(world, &who, ("commercial", "service-contract"), &json!({ "purchases": "a licence" }))?;
    keep(world, &who, ("newsletter", "newsletter"), &json!({ "email": address }))?;
    keep(world, &who, ("cv", "recruitment.assess"), &json!({ "opening": "engineer" }))?;
    keep(world, &who, ("contact", "service-delivery"), &json!({ "name": "Ada Example" }))?;
    let (request, status) = ask_and_confirm(world, &address, &json!({ "type": "portability", "subject": who }))?;
    let link = world.export_link(&address, &request.request_id)?;
    let file: Export = world.sent_on(&Call::new("GET", &link))?.json()?;
    let taken: BTreeSet<&str> = file.records.iter().map(|record| record.category.as_str()).collect();
    ledger.check(
        "identance.16-g",
        "people take along what rests on consent or contract, and not what rests on an interest",
        status.outcome.as_deref() == Some("exported") && taken == BTreeSet::from(["commercial", "newsletter"]),
        format!("of a purchase, a newsletter, a CV and a contact: {taken:?}"),
    );
    let table = world.sent_on(&Call::new("GET", format!("{link}&format=csv")))?;
    let kind = table.header("content-type").unwrap_or("no type").to_owned();
    let text = table.text();
    ledger.check(
        "identance.16-g",
        "as JSON and as a table, with the same in both",
        kind.starts_with("text/csv")
            && text.contains("a licence")
            && text.contains(&address)
            && !text.contains("engineer")
            && !text.contains("Ada Example"),
        format!("{kind}, {} lines", text.lines().count()),
    );
    Ok(())
}

fn withdrawal(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("unsubscriber"));
    let both = [("newsletter", "given"), ("newsletter.own-promotions", "given")];
    let given: ReceiptForm = chosen(world, NAME, &who, &both, adult())?;
    let send = |at: &str| {
        let references = json!({ "obligations": "o 7", "processing-agreement": "p 7", "published-row": "r 7" });
        let more = json!({ "country": "FR", "references": references, "occurred_at": at });
        disclose(world, NAME, &disclosure("service-provider", &who, &["newsletter"], "newsletter", more))
    };
    let request = json!({ "type": "withdraw-consent", "subject": who, "purposes": ["newsletter"] });
    let request = world.ask(NAME, &request)?;
    let stopped = may_use(world, NAME, &who, "newsletter", json!({}))?;
    let beside = may_use(world, NAME, &who, "newsletter.own-promotions", json!({}))?;
    let status = world.decided(&request)?;
    ledger.check(
        "identance.16-h",
        "a consent is taken back at once, without any proof, and no other one with it",
        request.verification == "none"
            && stopped.is_denied_by("consent-missing", "identance.4-b")
            && beside.reason.is_none()
            && status.withdrawn == ["newsletter"],
        format!("newsletter {stopped}; own promotions {beside}; withdrawn {:?}", status.withdrawn),
    );
    let (then, now) = (send(&given.event_time)?, send(&clock::now().to_string())?);
    ledger.check(
        "identance.16-h",
        "what was done before stays lawful",
        then.reason.is_none() && now.is_denied_by("consent-missing", "identance.4-b"),
        format!("sent while it was given: {then}; sent now: {now}"),
    );
    Ok(())
}

fn post_mortem(world: &World, ledger: &mut Ledger) -> Played {
    const TESTATOR: usize = 0;
    const REVOKER: usize = 1;
    const UNVERIFIED: usize = 2;
    const SUSPECT: usize = 3;
    let people = ["testator", "revoker", "unverified", "suspect"].map(|name| world.address(name));
    let who = |n: usize| subject("mail", &people[n]);
    let mut kept = Vec::new();
    for n in [TESTATOR, REVOKER, UNVERIFIED, SUSPECT] {
        kept.push(keep(world, &who(n), ("contact", "service-delivery"), &json!({ "name": "Ada Example" }))?);
    }
    let is_there = |n: usize| -> Played<bool> { Ok(world.stored(&kept[n])?.is_some()) };
    let commitment = world.commitment(&kept[TESTATOR])?;
    let instruct =
        |n: usize| json!({ "type": "post-mortem", "subject": who(n), "instructions": { "deletion": "all" } });
    let (_, given) = ask_and_confirm(world, &people[TESTATOR], &instruct(TESTATOR))?;
    ask_and_confirm(world, &people[SUSPECT], &instruct(SUSPECT))?;
    world.register(NAME, &[trigger(world.start, &who(SUSPECT), "illegal-content.reported")])?;
    ask_and_confirm(world, &people[REVOKER], &instruct(REVOKER))?;
    let revocation = json!({ "type": "post-mortem", "subject": who(REVOKER) });
    let (_, revoked) = ask_and_confirm(world, &people[REVOKER], &revocation)?;
    let nobodys = world.ask(NAME, &instruct(UNVERIFIED))?;
    let while_alive = is_there(TESTATOR)?;
    let died = clock::now();
    let die = |n: usize| trigger(died, &who(n), "subject.deceased");
    // The testator last: once that is carried out, so would the others have been.
    let mut noted = world.register(NAME, &[die(REVOKER), die(UNVERIFIED), die(SUSPECT)])?;
    noted.extend(world.register(NAME, &[die(TESTATOR)])?);
    let refused = noted.iter().filter_map(|result| result.problem.as_deref()).collect::<Vec<_>>().join("; ");
    wait_for("the instructions to be carried out", || Ok((!is_there(TESTATOR)?).then_some(())))?;
    let evidence = world.evidence(NAME, &commitment)?;
    ledger.proved(
        "identance.16-i",
        "instructions are kept, and carried out when somebody is known to have died",
        while_alive && given.outcome.as_deref() == Some("recorded") && refused.is_empty(),
        format!("{} while alive, deleted after death {refused}", given.outcome.as_deref().unwrap_or("undecided")),
        Some(evidence),
    );
    let stays = [is_there(REVOKER)?, is_there(UNVERIFIED)?, is_there(SUSPECT)?]
        .map(|stays| (stays, yes_or(stays, "kept", "GONE")));
    ledger.check(
        "identance.16-i",
        "they are revoked at any time, what nobody confirmed was never given, and a legal hold goes before them",
        stays.iter().all(|(stays, _)| *stays)
            && revoked.outcome.as_deref() == Some("recorded")
            && world.status(&nobodys)?.status == "awaiting-verification",
        format!("revoked: {}; never confirmed: {}; held: {}", stays[0].1, stays[1].1, stays[2].1),
    );
    Ok(())
}

fn no_worse(world: &World, ledger: &mut Ledger) -> Played {
    let (bold, meek) = (subject("mail", &world.address("bold")), subject("mail", &world.address("meek")));
    for kind in ["complaint", "objection-marketing", "do-not-sell-or-share"] {
        world.ask(NAME, &json!({ "type": kind, "subject": bold }))?;
    }
    let ask = |who: &Value, uses: Value| may_use(world, NAME, who, "service-contract", json!({ "uses": uses }));
    let (of_bold, of_meek) = (ask(&bold, json!([]))?, ask(&meek, json!([]))?);
    ledger.check(
        "identance.16-k",
        "who has used rights is served as who has not",
        of_bold == of_meek && of_bold.is_allowed_by("identance.0-j"),
        format!("with three requests {of_bold}; with none {of_meek}"),
    );
    let worse = [ask(&bold, json!(["retaliation"]))?, ask(&meek, json!(["retaliation"]))?];
    ledger.check(
        "identance.16-k",
        "no price, no tier and no limit may hang on it",
        worse.iter().all(|verdict| verdict.is_denied_by("use-ruled-out", "identance.16-k")),
        worse[0].to_string(),
    );
    Ok(())
}

fn complaint(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("worried"));
    let request = world.ask(NAME, &json!({ "type": "complaint", "subject": who }))?;
    let received = request.received_at.parse().map_err(Trouble::because("received_at"))?;
    let last_day = zoned(received, ZONE)?.date().checked_add(14.days()).map_err(Trouble::because("14 days"))?;
    let status = world.decided(&request)?;
    ledger.check(
        "identance.21-b",
        "a concern needs no proof and is answered within fourteen days, sooner than the law asks",
        request.verification == "none"
            && request.due_date == last_day.to_string()
            && request.due_by.contains("identance.16-j")
            && status.status == "in-progress",
        format!("received {received}, last day {} ({}), {}", request.due_date, request.due_by, status.status),
    );
    Ok(())
}
