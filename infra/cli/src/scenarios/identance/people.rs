//! Children, and people who speak for others; decisions by machine; what is kept of an offence.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{MAILBOX, NAME, steps::adult};
use crate::{
    client::Answer,
    clock,
    scenarios::{
        Part,
        acts::{choose, chosen, may_use, merge, problem, registered},
        yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["identance.17-a"], promise: "nobody is profiled, whatever they agreed to", run: profiling },
    Part {
        clauses: &["identance.18-a"],
        promise: "what is reported as illegal is kept until it is resolved",
        run: report,
    },
    Part {
        clauses: &["identance.19-a", "identance.19-c", "identance.19-e"],
        promise: "a child agrees to nothing without its guardian",
        run: child,
    },
    Part {
        clauses: &["identance.19-d"],
        promise: "what is kept of a child goes when it is reported",
        run: reported_child,
    },
];

fn profiling(world: &World, ledger: &mut Ledger) -> Played {
    const BY_CONSENT: [&str; 3] = ["cookies.customisation", "web-analytics.offers", "newsletter.offer-customisation"];
    const BY_INTEREST: [&str; 3] =
        ["website.personalisation", "website.advertising", "contact-form.offer-customisation"];
    let who = subject("mail", &world.address("unprofiled"));
    let mut choices = BY_CONSENT.map(|purpose| (purpose, "given")).to_vec();
    choices.push(("newsletter", "given"));
    chosen(world, NAME, &who, &choices, adult())?;
    let ask = |purpose: &str, uses: Value| may_use(world, NAME, &who, purpose, json!({ "uses": uses }));
    let mut allowed = Vec::new();
    for purpose in BY_CONSENT.into_iter().chain(BY_INTEREST) {
        if !ask(purpose, json!([]))?.is_denied_by("use-ruled-out", "identance.17-a") {
            allowed.push(purpose);
        }
    }
    let newsletter = ask("newsletter", json!([]))?;
    ledger.check(
        "identance.17-a",
        "the six purposes that the text describes and denies are denied, with a consent or without",
        allowed.is_empty() && newsletter.reason.is_none(),
        format!("allowed all the same: {allowed:?}; the newsletter that was agreed to beside them: {newsletter}"),
    );
    let [profile, decision] = ["profiling", "automated-decision"].map(|kind| ask("service-delivery", json!([kind])));
    let (profile, decision, plain) = (profile?, decision?, ask("service-delivery", json!([]))?);
    ledger.check(
        "identance.17-a",
        "no other purpose profiles or decides alone either",
        [&profile, &decision].iter().all(|verdict| verdict.is_denied_by("use-ruled-out", "identance.17-a"))
            && plain.reason.is_none(),
        format!("the service with a profile {profile}; with a decision by machine {decision}; as it is {plain}"),
    );
    Ok(())
}

fn report(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("mail", &world.address("uploader"));
    let locator = format!("uploader/{}", world.run);
    let contact = record(world.start, &who, "contact", "service-delivery", &locator, &json!({ "name": "Mallory" }));
    let kept = world.keep(NAME, &contact)?;
    let note = |at: Timestamp, event: &str| -> Played<bool> {
        let results = world.register(NAME, &[trigger(at, &who, event)])?;
        let result = results.first().ok_or_else(|| Trouble::new("there is no result"))?;
        match &result.problem {
            None => Ok(result.held),
            Some(problem) => Err(Trouble::new(format!("{event} was refused: {problem}"))),
        }
    };
    let held = note(world.start, "illegal-content.reported")?;
    let ended = clock::this_second();
    note(ended, "service.ended")?;
    world.sweep(ended)?;
    let stays = world.stored(&kept)?.is_some();
    let still_held = note(clock::now(), "illegal-content.resolved")?;
    let commitment = world.due(&kept, ended)?.commitment().ok_or_else(|| Trouble::new("the record has no salt"))?;
    world.sweep(clock::now())?;
    let goes = world.stored(&kept)?.is_none();
    let evidence = if goes { Some(world.evidence(NAME, &commitment)?) } else { None };
    ledger.proved(
        "identance.18-a",
        "a report of illegal content keeps what was uploaded past its end, and its resolution lets it go",
        held && stays && !still_held && goes,
        format!(
            "held: {held}; past its end {}; resolved, {}",
            yes_or(stays, "kept", "GONE"),
            yes_or(goes, "deleted", "STILL THERE")
        ),
        evidence,
    );

    let place = |ground: &str, days: i64| -> Played<Answer> {
        let review = world.after(SignedDuration::from_hours(24 * days)).to_string();
        let form = json!({ "subject": who, "reason": "investigation", "ground": ground, "review_at": review });
        world.post_as_staff(&format!("/{NAME}/v1/holds"), "holds:write", NAME, &form)
    };
    let (gossip, forever, proper) =
        (place("gossip", 30)?, place("illegal-content", 92)?, place("illegal-content", 30)?);
    let hold: Value = proper.json()?;
    let released = world.release_hold(NAME, hold["hold_id"].as_str().unwrap_or("none"))?;
    ledger.check(
        "identance.18-a",
        "staff keep nothing on another ground, nor longer than ninety days without looking again",
        gossip.problem().as_deref() == Some("hold-ground")
            && forever.status == 422
            && matches!(proper.status, 200 | 201)
            && released.state == "released",
        format!(
            "on gossip {}; for 92 days {}; on a report {}, released {}",
            gossip.said(),
            forever.said(),
            proper.status,
            released.state
        ),
    );
    Ok(())
}

fn child(world: &World, ledger: &mut Ledger) -> Played {
    let (address, parent) = (world.address("pupil"), world.address("parent"));
    let who = subject("mail", &address);
    let give = |who: &Value, age: u8, more: Value| {
        let mut form = json!({ "notice": "undated-1", "age": age });
        merge(&mut form, more);
        choose(world, NAME, who, &[("newsletter", "given")], form)
    };
    let ask = || may_use(world, NAME, &who, "newsletter", json!({}));
    let write = |name: &str, age: u8, country: &str| {
        let (who, locator) = (subject("mail", &world.address(name)), format!("{name}/{}", world.run));
        let mut event = record(clock::now(), &who, "newsletter", "newsletter", &locator, &json!({ "email": address }));
        event["age"] = json!(age);
        event["country"] = json!(country);
        registered(world, NAME, &event)
    };

    let alone = problem(&give(&who, 15, json!({}))?)?;
    let by_itself = problem(&give(&who, 15, json!({ "guardian": { "mail": address } }))?)?;
    let written = write("pupil", 15, "FR")?;
    ledger.check(
        "identance.19-c",
        "below sixteen nothing is taken in without a guardian, and nobody is their own",
        (alone.as_str(), by_itself.as_str()) == ("guardian-needed", "guardian-is-subject") && written.is_err(),
        format!(
            "alone {alone}; as its own guardian {by_itself}; a record {}",
            written.err().unwrap_or("WRITTEN".into())
        ),
    );
    let asked = give(&who, 15, json!({ "guardian": { "mail": parent } }))?;
    let receipt: wire::consent::ReceiptForm = asked.clone().expect(&[202])?.json()?;
    let awaited = receipt.awaits.map_or("nobody".to_owned(), |awaits| awaits.who);
    let letter = world.mail_to(&parent, "/guardian?token=")?;
    let before = ask()?;
    world.press_mailed_button(&parent, "/guardian?token=")?;
    let (after, written) = (ask()?, write("pupil", 15, "FR")?);
    ledger.check(
        "identance.19-c",
        "a child's choice counts from when the guardian presses the mailed button, and not before",
        awaited == "guardian"
            && before.is_denied_by("consent-missing", "identance.4-b")
            && after.reason.is_none()
            && written.is_ok(),
        format!("awaits {awaited}: {before}; agreed: {after}, a record {}", written.err().unwrap_or("written".into())),
    );
    ledger.check(
        "identance.19-e",
        "the guardian is told which mailbox takes questions and reports of children",
        letter.text.contains(&format!("Questions: {MAILBOX}.")),
        format!("{MAILBOX} stands in the letter \"{}\"", letter.subject),
    );
    let grown = give(&subject("mail", &world.address("sixteen")), 16, json!({ "country": "FR" }))?;
    let lower = give(&subject("mail", &world.address("briton")), 15, json!({ "country": "GB" }))?;
    ledger.check(
        "identance.19-c",
        "sixteen is no child, and fifteen is one even where the law says thirteen",
        grown.status == 201 && lower.problem().as_deref() == Some("guardian-needed"),
        format!("sixteen {}; fifteen in Britain {}", grown.said(), lower.said()),
    );

    let indian = |name: &str, age: u8| give(&subject("mail", &world.address(name)), age, json!({ "country": "IN" }));
    let (seventeen, eighteen) = (indian("indian-17", 17)?, indian("indian-18", 18)?);
    let (record_17, record_18) = (write("indian-record-17", 17, "IN")?, write("indian-record-18", 18, "IN")?);
    ledger.check(
        "identance.19-a",
        "where the law says eighteen, nothing is collected below it, by a form or by a system",
        seventeen.problem().as_deref() == Some("guardian-needed")
            && record_17.is_err()
            && eighteen.status == 201
            && record_18.is_ok(),
        format!(
            "in India at 17: a form {}, a record {}; at 18: {}, {}",
            seventeen.said(),
            record_17.err().unwrap_or("WRITTEN".into()),
            eighteen.said(),
            yes_or(record_18.is_ok(), "written", "NOT WRITTEN")
        ),
    );
    Ok(())
}

fn reported_child(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reported-child");
    let who = subject("mail", &address);
    let locator = format!("reported-child/{}", world.run);
    let contact = record(world.start, &who, "contact", "service-delivery", &locator, &json!({ "name": "Bob" }));
    let kept = world.keep(NAME, &contact)?;
    let commitment = world.commitment(&kept)?;
    let ask = |kind: &str| json!({ "type": kind, "subject": who, "acting": { "as": "guardian" } });
    let before = may_use(world, NAME, &who, "service-delivery", json!({}))?;
    let request = world.ask(NAME, &ask("erasure"))?;
    let locked = may_use(world, NAME, &who, "service-delivery", json!({}))?;
    ledger.check(
        "identance.19-d",
        "what is reported is locked at once, before anybody proves who they are",
        before.reason.is_none() && locked.reason.as_deref() == Some("restriction"),
        format!("before {before}; reported {locked}"),
    );
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    let gone = world.stored(&kept)?.is_none();
    let evidence = if gone { Some(world.evidence(NAME, &commitment)?) } else { None };
    ledger.proved(
        "identance.19-d",
        "then it is erased, and who reported it does not learn what there was",
        gone && status.outcome.as_deref() == Some("erased") && status.items.is_empty(),
        format!("{}; told of {} items", yes_or(gone, "erased", "STILL THERE"), status.items.len()),
        evidence,
    );
    let copy = world.post(&format!("/{NAME}/v1/requests"), &ask("access"))?;
    ledger.check(
        "identance.19-d",
        "nobody gets a child's file for saying that they are the guardian",
        copy.problem().as_deref() == Some("acting-not-accepted"),
        copy.said(),
    );
    Ok(())
}
