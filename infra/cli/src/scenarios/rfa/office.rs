//! What a person of the office does, and what everybody is told.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wire::breach::BreachAnswer;

use super::{ACCOUNT, AUTHORITY, CONTACT, ENQUIRY, NAME};
use crate::{
    clock,
    scenarios::{
        acts::{disclose, disclosure, may_use},
        breaches,
        desk::{brought, clerk, decide, decided, letter_said, missing, refusal},
        held::{copy, information},
        yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger, wait_for},
};

pub(super) fn rectification(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("misspelt");
    let who = subject("mail", &address);
    let kept = world.keep(NAME, &ACCOUNT.of(world, &who))?;
    let request = world.ask(NAME, &json!({ "type": "rectification", "subject": who }))?;
    let before = world.status(&request)?;
    world.confirm_by_mail(&address, &request)?;
    let after = world.decided(&request)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "rfa.8-b",
        "a correction goes to the office once it is clear who asks",
        before.outcome.is_none() && after.outcome.as_deref() == Some("with-office") && is_there,
        format!(
            "before the confirmation: {}; after: {}, {}",
            before.outcome.as_deref().unwrap_or("undecided"),
            after.status,
            after.outcome.as_deref().unwrap_or("undecided")
        ),
    );
    let due: Timestamp = request.due_before.parse().map_err(Trouble::because("due_before"))?;
    world.watch(due)?;
    let late = world.mails_to(CONTACT, &request.request_id)?;
    let late = late.iter().filter(|mail| mail.subject.contains("overdue")).count();
    ledger.check(
        "rfa.8-b",
        "and is not forgotten there",
        late == 1 && after.status == "in-progress",
        format!("{late} mail to the office at {due}"),
    );
    Ok(())
}

pub(super) fn announced(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("newcomer");
    let (request, facts) = information(world, NAME, &address)?;
    let right = facts.facts.rights.iter().find(|right| right.request == "objection");
    ledger.check(
        "rfa.0-b",
        "whoever asks reads of the objection first, with no proof of who they are",
        request.verification == "none"
            && right.is_some_and(|right| right.offered && right.clause.as_deref() == Some("rfa.8-c")),
        right.map_or_else(|| "NOT TOLD OF IT".to_owned(), |right| format!("offered: {}", right.offered)),
    );
    let objection = world.ask(NAME, &json!({ "type": "objection", "subject": subject("mail", &address) }))?;
    ledger.check(
        "rfa.0-b",
        "and makes it as easily",
        objection.verification == "none" && objection.refused.is_none(),
        format!("verification: {}", objection.verification),
    );
    Ok(())
}

pub(super) fn complaint(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("displeased");
    let request = world.ask(NAME, &json!({ "type": "complaint", "subject": subject("mail", &address) }))?;
    let status = world.decided(&request)?;
    ledger.check(
        "rfa.9-b",
        "a complaint is dealt with, though its own notice is not at hand",
        request.refused.is_none()
            && request.verification == "none"
            && status.outcome.as_deref() == Some("with-office")
            && status.status == "in-progress",
        format!("{}, {}", status.status, status.outcome.as_deref().unwrap_or("undecided")),
    );
    let answer = world.mail_to(&address, &request.request_id)?;
    let names = answer.text.contains(&format!("data protection officer: {CONTACT}"));
    ledger.check(
        "rfa.9-a",
        "the answer names the data protection officer",
        names,
        yes_or(names, "their mailbox stands in it", "NOT NAMED"),
    );
    let due: Timestamp = request.due_before.parse().map_err(Trouble::because("due_before"))?;
    let thirty_days = world.after(SignedDuration::from_hours(36 * 24));
    world.watch(due)?;
    let late = world.mails_to(CONTACT, &request.request_id)?;
    let late = late.iter().filter(|mail| mail.subject.contains("overdue")).count();
    ledger.check(
        "rfa.9-a",
        "whose mailbox hears of it when a month is over",
        late == 1 && due < thirty_days,
        format!("{late} mail at {due}"),
    );
    Ok(())
}

/// Declares a breach of long ago, which concerns nobody who is on record.
fn declare(world: &World, name: &str) -> Played<BreachAnswer> {
    let what = format!("An old copy of a log was found (drill {name} {}).", world.run);
    let form = breaches::breach(world.start, breaches::long_ago()?, &["usage"], (&what, "Nothing."));
    breaches::declare(world, NAME, &form)
}

pub(super) fn breach(world: &World, ledger: &mut Ledger) -> Played {
    let (reported, forgotten) = (declare(world, "reported")?, declare(world, "forgotten")?);
    let due = breaches::authority_by(&forgotten, "uk-gdpr")?;
    let notified = json!({
        "act": "notified", "law": "uk-gdpr", "duty": "authority", "to": AUTHORITY,
        "at": clock::now().to_string(), "reference": format!("drill-{}", world.run),
    });
    let answer = breaches::act(world, NAME, &reported, &notified)?;
    let met = breaches::clock(&answer, "uk-gdpr", "authority")?;
    ledger.check(
        "rfa.5-f",
        "a breach is reported to it within 72 hours, and that is on record",
        due == world.after(SignedDuration::from_hours(72)) && met.standing == "met",
        format!("due before {due}, reported: {}", met.met_at.as_deref().unwrap_or("never")),
    );
    world.watch(due)?;
    let late = |breach: &BreachAnswer| -> Played<usize> {
        let mails = world.mails_to(CONTACT, &breach.breach_id)?;
        Ok(mails.iter().filter(|mail| mail.subject.contains("the time to notify the authority is up")).count())
    };
    let (reported, forgotten) = (late(&reported)?, late(&forgotten)?);
    ledger.check(
        "rfa.5-f",
        "one that it has not heard of by then is not forgotten",
        (reported, forgotten) == (0, 1),
        format!("overdue mails to the office: {reported} of the reported one, {forgotten} of the other"),
    );
    Ok(())
}

/// A heading promises breach reporting and no sentence does: who is at a high risk is told as the law asks.
pub(super) fn breach_told(world: &World, ledger: &mut Ledger) -> Played {
    breaches::law_alone(world, ledger, NAME, "rfa.1-d", ("usage", "uk-gdpr"))?;
    let address = world.address("old-enquirer");
    let who = subject("mail", &address);
    let day = |day: &str| -> Played<Timestamp> { day.parse().map_err(Trouble::because("a day of long ago")) };
    let locator = format!("support-enquiry/exposed/{}", world.run);
    let made = day("2012-03-01T12:00:00Z")?;
    world.keep(NAME, &record(made, &who, ENQUIRY.category, ENQUIRY.purpose, &locator, &json!({})))?;
    let what = format!("Somebody read old enquiries (drill told-{}).", world.run);
    let window = (day("2012-03-01T00:00:00Z")?, day("2012-03-02T00:00:00Z")?);
    let form = breaches::breach(world.start, window, &[ENQUIRY.category], (&what, "Change your password."));
    let declared = breaches::declare(world, NAME, &form)?;
    let quiet = world.mails_to(&address, &world.run)?.is_empty();
    breaches::act(world, NAME, &declared, &breaches::tell_each())?;
    let mail = world.mail_to(&address, &format!("told-{}", world.run))?;
    ledger.check(
        "rfa.1-d",
        "whoever is at a high risk is told, once a person has decided it",
        quiet,
        format!("no mail at the declaration; then \"{}\"", mail.subject),
    );
    // The next run's breach must not tell this one's people.
    let ended = clock::this_second();
    world.register(NAME, &[trigger(ended, &who, "account.terminated")])?;
    world.sweep(ended)
}

/// The end of a name’s correction: in part, with a ground for the rest, told to whoever got the old one.
pub(super) fn corrected(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("renamed");
    let who = subject("mail", &address);
    world.keep(NAME, &ACCOUNT.of(world, &who))?;
    world.keep(NAME, &ENQUIRY.of(world, &who))?;
    let terms = json!({ "country": "GB", "references": { "processing-agreement": "dpa-7" } });
    let given = disclosure("service-provider", &who, &["account"], "product.operate", terms);
    let number = disclose(world, NAME, &given)?.id.ok_or_else(|| Trouble::new("nothing was disclosed"))?;
    let form = json!({ "type": "rectification", "subject": who, "corrections": { "name": "Ada Right" } });
    let (request, seen) = brought(world, NAME, &address, &form)?;
    let shown = seen.case.corrections.get("name").map(String::as_str) == Some("Ada Right");
    let id = &request.request_id;
    let (first, second) = (clerk(world, NAME, "first"), clerk(world, NAME, "second"));
    first.does(id, &json!({ "action": "claim" }))?;
    let refused = second.tries(id, &json!({ "action": "claim" }))?;
    let stale = second.act(&seen, &decide(json!({ "ruling": "approve" })))?;
    ledger.check(
        "rfa.8-b",
        "one clerk takes a correction on, and no other overwrites what they do",
        shown
            && refused.status == 409
            && refused.problem().as_deref() == Some("not-possible-now")
            && stale.status == 412,
        format!("the second clerk: {}; on what they saw before: {}", refusal(&refused), stale.status),
    );
    let part = json!({ "category": "support-enquiry", "ground": "accurate-as-it-is" });
    let status = decided(world, &first, &request, json!({ "ruling": "approve", "except": [part] }))?;
    let case = first.look(id)?.case;
    let ruled = case.history.iter().find(|entry| entry.act == "ruled");
    ledger.check(
        "rfa.8-b",
        "what the clerk approves is carried out, and on record with their name",
        status.outcome.as_deref() == Some("corrected")
            && status.status == "answered"
            && ruled.is_some_and(|entry| entry.who.as_deref() == Some(first.name())),
        format!("{}, {}", status.status, status.outcome.as_deref().unwrap_or("undecided")),
    );
    let letter = world.mail_to(&address, "corrected")?;
    let lacking = missing(&letter, &["- name", "support-enquiry", "Art. 16", AUTHORITY, "court", id]);
    ledger.check(
        "rfa.8-b",
        "a part that stays as it is is told with its article, and where to complain",
        lacking.is_empty(),
        letter_said(&lacking),
    );
    let told = wait_for("the letter to the recipient", || {
        let mails = world.mails_to(CONTACT, &number)?;
        Ok(mails.into_iter().find(|mail| mail.subject.contains("was corrected")))
    })?;
    let names_nobody = !told.text.contains(&address) && !told.text.contains("Ada Right");
    ledger.check(
        "UK GDPR Art. 19",
        "who got the old name hears that it is corrected, by the disclosure's number and without a name",
        names_nobody,
        told.subject,
    );
    let (_, file) = copy(world, NAME, &address, "access")?;
    let name_in = |category: &str| {
        let record = file.records.iter().find(|record| record.category == category);
        record.and_then(|record| record.fields.get("name")).map_or("NOTHING", String::as_str)
    };
    let names = (name_in("account"), name_in("support-enquiry"));
    ledger.check(
        "rfa.8-a",
        "and the next copy holds the right name, where it was corrected and nowhere else",
        names == ("Ada Right", "a name"),
        format!("account: {}; support-enquiry: {}", names.0, names.1),
    );
    Ok(())
}

/// An objection is weighed by a person: one goes on, the other stays.
pub(super) fn weighed(world: &World, ledger: &mut Ledger) -> Played {
    let office = clerk(world, NAME, "weighing");
    let address = world.address("overruled");
    let who = subject("mail", &address);
    let secured = || may_use(world, NAME, &who, "security", json!({}));
    let form = json!({ "type": "objection", "subject": who, "purposes": ["security"], "message": "Not my logs." });
    let (request, seen) = brought(world, NAME, &address, &form)?;
    let during = secured()?;
    let words = "Without these logs nobody would see an attack.";
    let misplaced = office.tries(&request.request_id, &decide(json!({ "ruling": "refuse", "ground": "not-held" })))?;
    let ruling = json!({ "ruling": "refuse", "ground": "compelling-grounds", "text": words });
    let status = decided(world, &office, &request, ruling)?;
    let after = secured()?;
    ledger.check(
        "rfa.8-c",
        "a use goes on once the office has grounds that weigh more, and not before",
        during.reason.as_deref() == Some("objection")
            && after.reason.is_none()
            && status.status == "refused"
            && seen.case.message.as_deref() == Some("Not my logs."),
        format!("while it was weighed: {during}; after: {after}; {}", status.status),
    );
    ledger.check(
        "rfa.8-c",
        "the law lets nobody refuse it on another ground",
        misplaced.problem().as_deref() == Some("ruling-not-allowed"),
        refusal(&misplaced),
    );
    let letter = world.mail_to(&address, "Art. 21(1)")?;
    let lacking = missing(&letter, &[words, AUTHORITY, "court", &request.request_id]);
    let in_status = status.complaint.as_ref().map_or("nowhere", |complaint| complaint.authority.as_str());
    ledger.check(
        "rfa.9-c",
        "the refusal says why, by which article, and who hears a complaint",
        lacking.is_empty() && in_status == AUTHORITY,
        format!("{}; in the status: {in_status}", letter_said(&lacking)),
    );

    let address = world.address("upheld");
    let who = subject("mail", &address);
    let analysed = || may_use(world, NAME, &who, "product.improvement-analytics", json!({}));
    let form = json!({ "type": "objection", "subject": who, "purposes": ["product.improvement-analytics"] });
    let (request, _) = brought(world, NAME, &address, &form)?;
    let status = decided(world, &office, &request, json!({ "ruling": "approve" }))?;
    let after = analysed()?;
    ledger.check(
        "rfa.8-c",
        "what the office upholds stays stopped",
        after.is_denied_by("objection", "rfa.8-c")
            && status.status == "answered"
            && status.outcome.as_deref() == Some("stopped")
            && status.complaint.is_none(),
        format!("{}; the use: {after}", status.status),
    );
    Ok(())
}

/// A complaint is answered by what a person writes.
pub(super) fn answered_complaint(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("complainant");
    let matter = "You wrote to me under my old name.";
    let form = json!({ "type": "complaint", "subject": subject("mail", &address), "message": matter });
    let (request, seen) = brought(world, NAME, &address, &form)?;
    let office = clerk(world, NAME, "listening");
    let silent = office.tries(&request.request_id, &decide(json!({ "ruling": "approve" })))?;
    let words = "You are right: the old name stood in a template, and is gone from it.";
    let status = decided(world, &office, &request, json!({ "ruling": "approve", "text": words }))?;
    ledger.check(
        "rfa.9-b",
        "the office reads what the matter is, and answers it in words of its own, not with silence",
        seen.case.message.as_deref() == Some(matter)
            && (400..500).contains(&silent.status)
            && status.outcome.as_deref() == Some("granted")
            && status.status == "answered",
        format!("without words: {}; then {}", refusal(&silent), status.status),
    );
    let letter = world.mail_to(&address, words)?;
    let lacking = missing(&letter, &[CONTACT, &request.request_id]);
    ledger.check(
        "rfa.9-a",
        "the answer brings these words, and the officer’s mailbox",
        lacking.is_empty(),
        letter_said(&lacking),
    );
    Ok(())
}

/// A restriction is the person’s own: it ends when they take it back.
pub(super) fn taken_back(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reconciled");
    let who = subject("mail", &address);
    let operated = || may_use(world, NAME, &who, "product.operate", json!({}));
    let (request, _) = brought(world, NAME, &address, &json!({ "type": "restriction", "subject": who }))?;
    let during = operated()?;
    world.withdraw(&request)?;
    let status = world.closed(&request)?;
    let after = wait_for("the restriction to end", || {
        let verdict = operated()?;
        Ok(verdict.reason.is_none().then_some(verdict))
    });
    let happened = after.as_ref().map_or_else(ToString::to_string, ToString::to_string);
    ledger.check(
        "rfa.8-g",
        "whoever asked for a restriction takes it back, and the use goes on",
        during.reason.as_deref() == Some("restriction") && status.status == "withdrawn" && after.is_ok(),
        format!("during: {during}; {}; after: {happened}", status.status),
    );
    let letter = world.mail_to(&address, "taken your request back")?;
    let late = clerk(world, NAME, "late").tries(&request.request_id, &decide(json!({ "ruling": "approve" })))?;
    ledger.check(
        "rfa.8-g",
        "they are told so, and nobody decides it any more",
        letter.text.contains(&request.request_id) && late.problem().as_deref() == Some("not-possible-now"),
        format!("a decision afterwards: {}", refusal(&late)),
    );
    Ok(())
}
