//! For the account's time, and longer only under a hold.

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};
use wire::hold::HoldAnswer;

use super::{ACCOUNT, NAME, USAGE, data::ALL};
use crate::{
    client::Answer,
    scenarios::{End, acts::problem, later, yes_or},
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject, trigger},
};

const HOLDS: &str = "/rfa/v1/holds";

pub(super) fn account(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("veteran"));
    let past = later(world.start, (-5).years(), "Europe/London")?;
    let locator = format!("old/{}", world.run);
    let fields = json!({ "access_datetime": "long ago", "ip_address": "203.0.113.7" });
    let old = world.keep(NAME, &record(past, &who, "usage", "security", &locator, &fields))?;
    let mut kept = Vec::new();
    for held in ALL {
        kept.push(world.keep(NAME, &held.of(world, &who))?);
    }
    let year = world.after(SignedDuration::from_hours(366 * 24));
    world.sweep(year)?;
    let is_there = world.stored(&old)?.is_some();
    ledger.check(
        "rfa.3-a",
        "while somebody is registered even a log of five years ago is kept",
        is_there && old.until.is_none(),
        format!("{} at {year}, no end set", yes_or(is_there, "kept", "GONE")),
    );
    let suspended = trigger(world.start, &who, "suspicious-activity.identified");
    let cleared = trigger(world.after(SignedDuration::from_mins(1)), &who, "investigation.closed");
    world.register(NAME, &[suspended, cleared])?;
    world.sweep(year)?;
    let mut left = 0;
    for record in &kept {
        left += usize::from(world.stored(record)?.is_some());
    }
    ledger.check(
        "rfa.3-a",
        "a suspended account is still one",
        left == kept.len(),
        format!("{left} of {} records kept at {year} after a suspension", kept.len()),
    );
    let ended = world.after(SignedDuration::from_hours(367 * 24));
    world.register(NAME, &[trigger(ended, &who, "account.terminated")])?;
    let promise = "with the account its data goes: the additional period has no number";
    End { controller: NAME, clause: "rfa.3-b", promise, kept: &old, at: ended }.play(world, ledger)?;
    let mut left = 0;
    for record in &kept {
        left += usize::from(world.stored(record)?.is_some());
    }
    ledger.check(
        "rfa.3-b",
        "every category does",
        left == 0,
        format!("{left} of {} records left at {ended}", kept.len()),
    );
    Ok(())
}

pub(super) fn investigation(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("suspect"));
    let account = world.keep(NAME, &ACCOUNT.of(world, &who))?;
    let usage = world.keep(NAME, &USAGE.of(world, &who))?;
    let results = world.register(NAME, &[trigger(world.start, &who, "suspicious-activity.identified")])?;
    let result = results.first().ok_or_else(|| Trouble::new("the event has no result"))?;
    ledger.check(
        "rfa.1-d",
        "suspicious activity holds everything of the account",
        result.held && result.holds.len() == 1,
        format!("{}, {} hold placed", result.result, result.holds.len()),
    );
    let ended = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(ended, &who, "account.terminated")])?;
    let tried = world.after(SignedDuration::from_hours(2));
    world.sweep(tried)?;
    let (account_left, usage_left) = (world.stored(&account)?.is_some(), world.stored(&usage)?.is_some());
    ledger.check(
        "rfa.1-d",
        "what is due meanwhile is kept",
        account_left && usage_left,
        format!(
            "due at {ended}; at {tried} the account {}, its use {}",
            yes_or(account_left, "kept", "GONE"),
            yes_or(usage_left, "kept", "GONE")
        ),
    );
    world.register(NAME, &[trigger(tried, &who, "investigation.closed")])?;
    let promise = "the investigation’s end gives the record its end back";
    End { controller: NAME, clause: "rfa.1-d", promise, kept: &account, at: ended }.play(world, ledger)
}

fn hold(world: &World, who: &Value, reason: &str, ground: Option<&str>, days: i64) -> Played<Answer> {
    let review = world.after(SignedDuration::from_hours(days * 24)).to_string();
    let mut form = json!({ "subject": who, "reason": reason, "review_at": review });
    if let Some(ground) = ground {
        form["ground"] = json!(ground);
    }
    world.post_as_staff(HOLDS, "holds:write", NAME, &form)
}

fn placed(world: &World, who: &Value, reason: &str, ground: &str) -> Played<HoldAnswer> {
    hold(world, who, reason, Some(ground), 20)?.expect(&[201])?.json()
}

pub(super) fn claims(world: &World, ledger: &mut Ledger) -> Played {
    let other = subject("account", &world.name("bystander"));
    for (promise, reason, ground) in [
        ("no claim is held without one of the reasons", "legal-claim", None),
        ("\"not limited to\" adds none", "legal-claim", Some("curiosity")),
        ("one reason does not stand in for another", "legal-claim", Some("restore-after-data-loss")),
    ] {
        let answer = hold(world, &other, reason, ground, 20)?;
        let refused = answer.status == 422 && problem(&answer)? == "hold-ground";
        ledger.check("rfa.3-c", promise, refused, format!("{}: {}", ground.unwrap_or("no ground"), answer.said()));
    }
    let answer = hold(world, &other, "legal-claim", Some("complaint"), 400)?;
    let promise = "nobody holds it for a year without a look";
    ledger.check("rfa.3-c", promise, answer.status == 422, answer.said());
    for (reason, ground) in
        [("legal-claim", "claim"), ("legal-claim", "enquiry"), ("legal-obligation", "troubleshoot-data-supply")]
    {
        let answer = hold(world, &other, reason, Some(ground), 20)?;
        ledger.check("rfa.3-c", format!("a hold by {ground}"), answer.status == 201, answer.said());
    }

    let who = subject("account", &world.name("claimant"));
    let kept = world.keep(NAME, &ACCOUNT.of(world, &who))?;
    let complaint = placed(world, &who, "legal-claim", "complaint")?;
    let restore = placed(world, &who, "legal-obligation", "restore-after-data-loss")?;
    let ended = world.after(SignedDuration::from_hours(3));
    world.register(NAME, &[trigger(ended, &who, "account.terminated")])?;
    let tried = world.after(SignedDuration::from_hours(4));
    world.sweep(tried)?;
    let is_there = world.stored(&kept)?.is_some();
    ledger.check(
        "rfa.3-c",
        "a complaint keeps what is due",
        is_there && complaint.ground.as_deref() == Some("complaint"),
        format!("due at {ended}, {} at {tried}; review by {}", yes_or(is_there, "kept", "GONE"), complaint.review_at),
    );
    world.release_hold(NAME, &complaint.hold_id)?;
    world.sweep(tried)?;
    let is_there = world.stored(&kept)?.is_some();
    let happened = format!("{} at {tried}, one hold of two released", yes_or(is_there, "kept", "GONE"));
    ledger.check("rfa.3-d", "while one reason stands it is kept", is_there, happened);
    world.release_hold(NAME, &restore.hold_id)?;
    let promise = "when the last reason closes it goes";
    End { controller: NAME, clause: "rfa.3-d", promise, kept: &kept, at: ended }.play(world, ledger)
}
