//! What people can ask for, and what they are refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wire::request::ComplaintForm;

use super::{ACCOUNT, AUTHORITY, CONTACT, NAME, NOTICE, denied};
use crate::{
    scenarios::{
        acts::{Expected, chosen, judge, may_use},
        yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

pub(super) fn withdrawal(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("worker");
    let who = subject("mail", &address);
    let request = world.ask(NAME, &json!({ "type": "withdraw-consent", "subject": who }))?;
    let refused = request.refused.clone().ok_or_else(|| Trouble::new("the withdrawal was not refused"))?;
    ledger.check(
        "rfa.8-e",
        "there is no consent to withdraw, and the person is told so at once",
        refused.code == "NO_CONSENT_BASIS"
            && refused.clause == "rfa.8-e"
            && refused.offer.as_deref() == Some("objection"),
        format!("{}, offered: {}", refused.code, refused.offer.as_deref().unwrap_or("nothing")),
    );
    let status = world.decided(&request)?;
    let mail = world.mail_to(&address, &request.request_id)?;
    ledger.check(
        "rfa.8-e",
        "and by mail, with what they can do instead",
        status.outcome.as_deref() == Some("refused") && mail.text.contains("objection"),
        format!("status {}, mail offers the objection", status.status),
    );
    let other = subject("mail", &world.address("objecting"));
    let before = may_use(world, NAME, &other, "product.operate", json!({}))?;
    let objection = world.ask(NAME, &json!({ "type": "objection", "subject": other }))?;
    let after = may_use(world, NAME, &other, "product.operate", json!({}))?;
    ledger.check(
        "rfa.8-c",
        "an objection stops the use from the moment it comes in",
        before.reason.is_none() && after.is_denied_by("objection", "rfa.8-c"),
        format!("before: {before}; after: {after}"),
    );
    let status = world.decided(&objection)?;
    ledger.check(
        "rfa.8-c",
        "and a person decides whether it goes on",
        status.outcome.as_deref() == Some("stopped") && status.status == "in-progress",
        format!("{}, {}", status.status, status.outcome.as_deref().unwrap_or("undecided")),
    );
    deadline(world, ledger, &objection.request_id, &objection.due_before)
}

/// The objection waits for a person's decision: its deadline must not pass unseen.
fn deadline(world: &World, ledger: &mut Ledger, request: &str, due: &str) -> Played {
    let due: Timestamp = due.parse().map_err(Trouble::because("due_before"))?;
    let warnings = |word: &str| -> Played<usize> {
        let mails = world.mails_to(CONTACT, request)?;
        Ok(mails.iter().filter(|mail| mail.subject.contains(word)).count())
    };
    let share = "of the time for an answer is gone";
    world.watch(world.after(SignedDuration::from_hours(10 * 24)))?;
    let early = warnings(share)?;
    // A month has 28 to 31 days, and a weekend can add two: four days before the end is near in each.
    let near = world
        .after(SignedDuration::from_hours(27 * 24))
        .max(due.saturating_sub(SignedDuration::from_hours(96)).unwrap_or(due));
    world.watch(near)?;
    let first = warnings(share)?;
    world.watch(near)?;
    let second = warnings(share)?;
    let days = near.duration_since(world.start).as_hours() / 24;
    ledger.check(
        "UK GDPR Art. 12(3)",
        "the office is warned of a request that is still open, once",
        (early, first, second) == (0, 1, 1),
        format!("mails to the contact: {early} after 10 days, {first} after {days}, {second} after another look"),
    );
    world.watch(due)?;
    let overdue = warnings("overdue")?;
    ledger.check("UK GDPR Art. 12(3)", "and told when it is late", overdue == 1, format!("{overdue} mail at {due}"));
    Ok(())
}

/// Somebody who did agree to something.
pub(super) fn given(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reader-of-news");
    let who = subject("mail", &address);
    let of = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    chosen(world, NAME, &who, &[("newsletter", "given")], json!({ "notice": NOTICE }))?;
    let before = of("newsletter")?;
    let operated = of("product.operate")?;
    let request = world.ask(NAME, &json!({ "type": "withdraw-consent", "subject": who }))?;
    let is_refused = request.refused.as_ref().is_some_and(|refused| refused.code == "NO_CONSENT_BASIS");
    world.decided(&request)?;
    let after = of("newsletter")?;
    ledger.check(
        "rfa.8-e",
        "a consent on record is withdrawn, though the request is refused",
        is_refused && before.reason.is_none() && after.reason.is_some(),
        format!("newsletter before: {before}; after: {after}"),
    );
    let after = of("product.operate")?;
    ledger.check(
        "rfa.8-e",
        "and the message counts as an objection",
        operated.reason.is_none() && after.reason.as_deref() == Some("objection"),
        format!("product.operate before: {operated}; after: {after}"),
    );
    Ok(())
}

pub(super) fn erasure(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("leaver");
    let who = subject("mail", &address);
    let usage = record(
        world.start,
        &who,
        "usage",
        "product.improvement-analytics",
        &format!("usage/{}", world.run),
        &json!({ "in_product_actions": "opened a report" }),
    );
    let usage = world.keep(NAME, &usage)?;
    let locator = format!("test/{}", world.run);
    let fields = json!({ "in_product_actions": "opened a report" });
    let copy = world.keep(NAME, &record(world.start, &who, "usage", "dev-test", &locator, &fields))?;
    let enquiry = record(
        world.start,
        &who,
        "support-enquiry",
        "support.respond",
        &format!("ticket/{}", world.run),
        &json!({ "free_text": "How do I export?" }),
    );
    let enquiry = world.keep(NAME, &enquiry)?;
    let commitment = world.commitment(&usage)?;
    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    let result =
        |category: &str| status.items.iter().find(|item| item.category == category && item.purpose != "dev-test");
    let (gone, stays) = (world.stored(&usage)?.is_none(), world.stored(&enquiry)?.is_some());
    let tested = status.items.iter().find(|item| item.purpose == "dev-test");
    let copy_gone = world.stored(&copy)?.is_none();
    let kept = result("support-enquiry");
    let evidence = world.evidence(NAME, &commitment)?;
    ledger.proved(
        "rfa.8-d",
        "an erasure takes what can go",
        gone && result("usage").is_some_and(|item| item.evidence.as_deref() == Some(evidence.as_str())),
        yes_or(gone, "usage erased", "USAGE STILL THERE"),
        Some(evidence),
    );
    ledger.check(
        "rfa.8-d",
        "and says item by item what stays, and why",
        stays && kept.is_some_and(|item| item.result == "kept" && item.clause.as_deref() == Some("rfa.8-d")),
        format!("support-enquiry kept: {}", kept.and_then(|item| item.article.as_deref()).unwrap_or("NO REASON")),
    );
    ledger.check(
        "rfa.1-l",
        "a copy for tests is found and erased with the rest",
        copy_gone && tested.is_some_and(|item| item.result == "erased"),
        format!("copy for tests: {}", tested.map_or("NOT FOUND", |item| item.result.as_str())),
    );
    ledger.check(
        "rfa.8-d",
        "whoever keeps some of it says where to complain",
        status.complaint.is_some(),
        status.complaint.as_ref().map_or_else(|| "NOWHERE".to_owned(), |complaint| complaint.authority.clone()),
    );
    Ok(())
}

pub(super) fn marketing(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("unmoved");
    let who = subject("mail", &address);
    let letter = || may_use(world, NAME, &who, "newsletter", json!({}));
    let selling = may_use(world, NAME, &who, "product.operate", json!({ "uses": ["marketing"] }))?;
    denied(ledger, "rfa.8-f", "there is no direct marketing", &selling, "use-ruled-out");
    denied(ledger, "rfa.8-f", "nobody gets a newsletter unasked", &letter()?, "use-ruled-out");
    let agree = || chosen(world, NAME, &who, &[("newsletter", "given")], json!({ "notice": NOTICE }));
    agree()?;
    judge(ledger, "rfa.8-f", "who asked for it does", &letter()?, Expected::Allowed("rfa.1-f"));
    let objection = world.ask(NAME, &json!({ "type": "objection-marketing", "subject": who }))?;
    denied(ledger, "rfa.8-f", "an objection ends it at once", &letter()?, "objection-marketing");
    let status = world.decided(&objection)?;
    ledger.check(
        "rfa.8-f",
        "and nobody weighs it",
        objection.verification == "none" && status.status != "in-progress" && status.stopped == ["newsletter"],
        format!("{}, stopped: {}", status.status, status.stopped.join(", ")),
    );
    let erasure = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    world.confirm_by_mail(&address, &erasure)?;
    let erased = world.decided(&erasure)?;
    // Without a consent it would be denied in any case: one that came later must not lift the objection.
    agree()?;
    let verdict = letter()?;
    ledger.check(
        "rfa.8-f",
        "the objection survives an erasure, and binds against a later consent",
        erased.outcome.as_deref() == Some("erased") && verdict.reason.as_deref() == Some("objection-marketing"),
        format!("{}, then {verdict}", erased.outcome.as_deref().unwrap_or("undecided")),
    );
    Ok(())
}

pub(super) fn restriction(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("disputing");
    let who = subject("mail", &address);
    let other = subject("mail", &world.address("agreeing"));
    let (kept, others) = (world.keep(NAME, &ACCOUNT.of(world, &who))?, world.keep(NAME, &ACCOUNT.of(world, &other))?);
    let operate = || may_use(world, NAME, &who, "product.operate", json!({}));
    let request = world.ask(NAME, &json!({ "type": "restriction", "subject": who }))?;
    let unproved = operate()?;
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    let proved = operate()?;
    ledger.check(
        "rfa.8-g",
        "what is restricted is stored, and used no more",
        unproved.reason.is_none() && proved.is_denied_by("restriction", "rfa.8-g"),
        format!("before it was confirmed: {unproved}; after: {proved}"),
    );
    ledger.check(
        "rfa.8-g",
        "a person of the office looks at it",
        status.outcome.as_deref() == Some("with-office") && status.status == "in-progress",
        format!("{}, {}", status.status, status.outcome.as_deref().unwrap_or("undecided")),
    );
    let claim = json!({ "safeguards": ["legal-claim"], "references": { "legal-claim": "case 7" } });
    let verdict = may_use(world, NAME, &who, "product.operate", claim)?;
    judge(ledger, "rfa.8-g", "a legal claim opens it", &verdict, Expected::Allowed("rfa.1-a"));
    let ended = world.after(SignedDuration::from_hours(5));
    for person in [&who, &other] {
        world.register(NAME, &[trigger(ended, person, "account.terminated")])?;
    }
    world.sweep(world.after(SignedDuration::from_hours(6)))?;
    let (is_there, other_gone) = (world.stored(&kept)?.is_some(), world.stored(&others)?.is_none());
    ledger.check(
        "rfa.8-g",
        "its deletion is paused, and no one else’s",
        is_there && other_gone,
        format!(
            "due at {ended}: {}; a colleague’s {}",
            yes_or(is_there, "kept", "GONE"),
            yes_or(other_gone, "deleted", "STILL THERE")
        ),
    );
    Ok(())
}

fn names_the_authority(complaint: Option<&ComplaintForm>) -> bool {
    complaint.is_some_and(|complaint| complaint.authority == AUTHORITY)
}

pub(super) fn portability(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("leaving");
    let request = world.ask(NAME, &json!({ "type": "portability", "subject": subject("mail", &address) }))?;
    let refused = request.refused.clone().ok_or_else(|| Trouble::new("the request was not refused"))?;
    ledger.check(
        "rfa.8-h",
        "nothing can be taken along, and a copy is offered instead",
        (refused.code.as_str(), refused.clause.as_str(), refused.offer.as_deref())
            == ("PORTABILITY_NOT_APPLICABLE", "rfa.8-h", Some("access")),
        format!("{}, offered: {}", refused.code, refused.offer.as_deref().unwrap_or("nothing")),
    );
    let status = world.decided(&request)?;
    ledger.check(
        "rfa.8-h",
        "no copy is made",
        status.outcome.as_deref() == Some("refused") && status.export.is_none(),
        status.outcome.as_deref().unwrap_or("undecided"),
    );
    let (at_once, later) = (request.complaint.as_ref(), status.complaint.as_ref());
    let letter = world.mail_to(&address, &request.request_id)?;
    let in_letter = letter.text.contains(AUTHORITY);
    ledger.check(
        "rfa.9-c",
        "a refusal says where to complain: at once, in the status, by mail",
        names_the_authority(at_once) && names_the_authority(later) && in_letter,
        format!(
            "at once {}, status {}, mail {}",
            yes_or(names_the_authority(at_once), "names it", "DOES NOT"),
            yes_or(names_the_authority(later), "names it", "DOES NOT"),
            yes_or(in_letter, "names it", "DOES NOT")
        ),
    );
    let granted = world.ask(NAME, &json!({ "type": "objection-marketing", "subject": subject("mail", &address) }))?;
    let granted = world.decided(&granted)?;
    ledger.check(
        "rfa.9-c",
        "what is granted is no refusal",
        granted.complaint.is_none() && granted.refused.is_none(),
        granted.outcome.as_deref().unwrap_or("undecided"),
    );
    let ways = ["https://www.ico.org.uk", "0303 123 1113", "Wycliffe House, Water Lane, Wilmslow, SK9 5AF"];
    let said = later.map(|said| [&said.url, &said.phone, &said.post].map(|way| way.clone().unwrap_or_default()));
    let in_letter = ways.iter().filter(|way| letter.text.contains(**way)).count();
    ledger.check(
        "rfa.9-d",
        "with its site, its telephone and its post",
        said.is_some_and(|said| said == ways) && in_letter == ways.len(),
        format!("{in_letter} of {} ways in the mail", ways.len()),
    );
    Ok(())
}
