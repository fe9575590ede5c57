//! Red Flag: no consent to withdraw but an objection to make, an erasure in part, a hold, and a
//! deadline that is not forgotten.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wire::hold::HoldAnswer;

use super::{End, Part, yes_or};
use crate::{
    client::Call,
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

const NAME: &str = "rfa";

/// Where its policy says that questions go.
const CONTACT: &str = "iso@redflagert.com";

/// What Red Flag’s scenario shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["rfa.8-e", "rfa.8-c"], promise: "a withdrawal is refused with its reason", run: withdrawal },
    Part { clauses: &["rfa.8-d"], promise: "an erasure may leave some data", run: erasure },
    Part { clauses: &["rfa.1-d", "rfa.3-b"], promise: "an investigation pauses every deletion", run: hold },
];

fn withdrawal(world: &World, ledger: &mut Ledger) -> Played {
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
    let objection = world.ask(NAME, &json!({ "type": "objection", "subject": who }))?;
    let status = world.decided(&objection)?;
    ledger.check(
        "rfa.8-c",
        "the objection is taken",
        status.outcome.as_deref() == Some("with-office") && status.status == "in-progress",
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
    world.watch(world.after(SignedDuration::from_hours(10 * 24)))?;
    let early = warnings("due soon")?;
    // A month has 28 to 31 days, and a weekend can add two: four days before the end is near in each.
    let near = world
        .after(SignedDuration::from_hours(27 * 24))
        .max(due.saturating_sub(SignedDuration::from_hours(96)).unwrap_or(due));
    world.watch(near)?;
    let first = warnings("due soon")?;
    world.watch(near)?;
    let second = warnings("due soon")?;
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

fn erasure(world: &World, ledger: &mut Ledger) -> Played {
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
    let enquiry = record(
        world.start,
        &who,
        "support-enquiry",
        "support.respond",
        &format!("ticket/{}", world.run),
        &json!({ "free_text": "How do I export?" }),
    );
    let enquiry = world.keep(NAME, &enquiry)?;
    let leaf =
        world.stored(&usage)?.and_then(|item| item.leaf()).ok_or_else(|| Trouble::new("the record has no salt"))?;
    let request = world.ask(NAME, &json!({ "type": "erasure", "subject": who }))?;
    world.confirm_by_mail(&address, &request)?;
    let status = world.decided(&request)?;
    let result = |category: &str| status.items.iter().find(|item| item.category == category);
    let (gone, stays) = (world.stored(&usage)?.is_none(), world.stored(&enquiry)?.is_some());
    let kept = result("support-enquiry");
    let evidence = world.evidence(NAME, &leaf)?;
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
    Ok(())
}

fn hold(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("suspect"));
    let fields = json!({ "name": "Ada Example", "job_title": "Clerk" });
    let account = record(world.start, &who, "account", "product.operate", &format!("account/{}", world.run), &fields);
    let kept = world.keep(NAME, &account)?;
    let path = format!("/{NAME}/v1/holds");
    let form = json!({
        "subject": who, "reason": "investigation", "review_at": world.after(SignedDuration::from_hours(90 * 24)).to_string(),
    });
    let hold: HoldAnswer = world.post_as_staff(&path, "holds:write", NAME, &form)?.expect(&[201])?.json()?;
    let ended = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(ended, &who, "account.terminated")])?;
    let tried = world.after(SignedDuration::from_hours(2));
    world.sweep(tried)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "rfa.1-d",
        "an investigation keeps what is due",
        is_there && hold.reason == "investigation",
        format!(
            "due at {ended}, {} at {tried}; to be reviewed by {}",
            yes_or(is_there, "kept", "GONE"),
            hold.review_at
        ),
    );
    let bearer = format!("Bearer {}", world.token("holds:write", NAME)?);
    let call = Call::new("DELETE", world.api(&format!("{path}/{}", hold.hold_id))).with("authorization", bearer);
    let released: HoldAnswer = world.client.send(&call)?.expect(&[200])?.json()?;
    if released.released_at.is_none() {
        return Err(Trouble::new("the hold was not released"));
    }
    let promise = "its release gives the record its end back";
    End { controller: NAME, clause: "rfa.3-b", promise, kept: &kept, at: ended }.play(world, ledger)
}
