//! Each guard taken away in turn, at the endpoint: the checks must see it, or they could not fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use edge::telemetry::{Unit, metric};
use fault_tests::{
    endpoint::Account,
    history::{MARK, first_broken, first_broken_shortest},
    seed::Seed,
    services::Lost,
    table::TABLE,
    world::World,
};
use serde_json::json;
use testkit::contract::fresh_controller;
use tokio::runtime::Builder;

use crate::{breaches, consents, contract, letters, notices, office, requests, retention, rollouts};

/// Most histories until it must have been seen.
const HISTORIES: u64 = 60;

/// Runs histories of consents with something switched off: one of them breaks, and says so in these words.
fn consents_see(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(HISTORIES, async |world: &World| {
        switch(world);
        consents::history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

/// The same with the short history of records, which keeps every promise as long as nothing is switched off.
fn retention_sees(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(1, async |world: &World| {
        switch(world);
        retention::calm_history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

/// The same with histories of requests.
fn requests_see(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(HISTORIES, async |world: &World| {
        switch(world);
        requests::history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

#[test]
fn a_write_that_looks_at_no_condition_is_seen() {
    consents_see("two receipts of one form", |world| world.account.aws().tables.blind = true);
}

#[test]
fn an_accepted_capture_that_is_not_stored_is_seen() {
    consents_see("what is accepted is stored", |world| world.account.aws().tables.swallows = Some("CONSENT#"));
}

#[test]
fn evidence_that_is_not_written_is_seen() {
    consents_see("every link is covered by a checkpoint", |world| {
        world.account.aws().buckets.swallows = Some("evidence")
    });
}

#[test]
fn evidence_that_is_replaced_is_seen() {
    let account = Account::new(Seed::new(1), 0);
    account.aws().buckets.overwrites = true;
    let cloud = contract::cloud(&account);
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let controller = fresh_controller(&cloud);
        runtime.block_on(testkit::contract::a_checkpoint_is_never_replaced(&cloud, &controller));
    }));
    assert!(broken.is_err(), "a checkpoint was replaced, and the contract did not see it");
}

#[test]
fn a_dead_letter_that_is_dropped_is_seen() {
    let lost = Lost { queue: "dead-records", what: "" };
    consents_see("dead letters are the poison", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn an_identifier_in_a_log_line_is_seen() {
    consents_see("something personal is logged", |world| world.names_people.set(true));
}

#[test]
fn a_withdrawal_that_reaches_no_record_is_seen() {
    let lost = Lost { queue: "records", what: "withdrawn" };
    retention_sees("outlived a withdrawal", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn a_deletion_without_evidence_is_seen() {
    retention_sees("deleted without evidence", |world| world.account.aws().tables.deletes_silently = true);
}

#[test]
fn evidence_of_a_deletion_that_was_none_is_seen() {
    retention_sees("evidence without deletion", |world| world.account.aws().tables.keeps = Some(TABLE));
}

#[test]
fn evidence_that_time_to_live_took_what_somebody_deleted_is_seen() {
    retention_sees("time to live took what it did not", |world| world.account.aws().tables.signs_all = true);
}

#[test]
fn a_mail_that_nobody_gets_is_seen() {
    requests_see("nobody was written to", |world| world.account.aws().mails.swallows = Some("example.org"));
}

#[test]
fn a_mail_that_goes_out_twice_is_seen() {
    requests_see("told twice beyond", |world| world.account.aws().mails.doubles = true);
}

#[test]
fn a_request_that_nobody_carries_out_is_seen() {
    let lost = Lost { queue: "fulfil", what: "" };
    requests_see("nobody was written to", |world| world.account.aws().queues.loses = Some(lost));
}

/// The same with the short history of a breach, which keeps every promise as long as nothing is switched off.
fn breaches_see(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(1, async |world: &World| {
        switch(world);
        breaches::calm_history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

#[test]
fn somebody_who_is_not_told_of_a_breach_is_seen() {
    breaches_see("untold", |world| world.account.aws().mails.swallows = Some("example.org"));
}

#[test]
fn somebody_who_is_told_of_a_breach_twice_is_seen() {
    breaches_see("told twice beyond", |world| world.account.aws().mails.doubles = true);
}

#[test]
fn people_who_are_never_looked_for_are_seen() {
    let lost = Lost { queue: "breach", what: "" };
    breaches_see("told nobody", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn a_tally_that_is_not_kept_is_seen() {
    breaches_see("the tally", |world| world.account.aws().tables.forgets = Some("TALLY#"));
}

#[test]
fn a_missed_deadline_that_nobody_counts_is_seen() {
    let seen = first_broken(1, async |world: &World| {
        let of = breaches::calm_history(world).await;
        breaches::alarms(world, &of).await;
        world.account.aws().tables.hides = Some("BREACH");
        breaches::alarms(world, &of).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains("and nobody counts it")), "{seen:?}");
}

#[test]
fn a_missed_deadline_of_which_nobody_is_warned_is_seen() {
    breaches_see("and nobody was warned", |world| world.account.aws().mails.swallows = Some("contact@scantrust.com"));
}

#[test]
fn an_identifier_in_bytes_that_nobody_sealed_is_seen() {
    let seen = first_broken(1, async |world: &World| {
        let item = json!({ "pk": { "S": "C#x" }, "sk": { "S": "x" }, "sealed": { "B": BASE64_STANDARD.encode(MARK) } });
        let request = json!({ "TableName": TABLE, "Item": item });
        world.account.aws().tables.call("PutItem", &request).unwrap();
    });
    assert!(seen.is_some_and(|seen| seen.contains("something personal in Table")));
}

#[test]
fn an_identifier_in_a_metric_is_seen() {
    let seen = first_broken(1, async |_: &World| metric("Odd", 1.0, Unit::Count, &[("who", MARK)]));
    assert!(seen.is_some_and(|seen| seen.contains("something personal in a metric")));
}

#[test]
fn of_a_history_that_breaks_the_shortest_is_found() {
    let lost = Lost { queue: "dead-records", what: "" };
    let (before, after) = first_broken_shortest(HISTORIES, async |world: &World| {
        world.account.aws().queues.loses = Some(lost);
        consents::history(world).await;
    })
    .unwrap();
    assert!((1..before).contains(&after), "of {before} events and faults {after} are left");
}

#[test]
fn a_deletion_that_ignores_holds_is_seen() {
    let seen = first_broken(1, async |world: &World| {
        world.account.aws().tables.ignores_holds = true;
        retention::held_late_history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains("was deleted under the hold")), "{seen:?}");
}

#[test]
fn a_file_that_outlives_its_record_is_seen() {
    let seen = first_broken(1, async |world: &World| {
        world.account.aws().buckets.keeps = true;
        retention::filed_history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains("versions of the file of")), "{seen:?}");
}

#[test]
fn what_time_to_live_took_without_evidence_is_seen() {
    let seen = first_broken(1, async |world: &World| {
        world.account.aws().tables.expires_unsigned = true;
        retention::expiring_history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains("deleted without evidence")), "{seen:?}");
}

/// The same with histories of roll-outs.
fn rollouts_see(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(HISTORIES, async |world: &World| {
        switch(world);
        rollouts::history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

#[test]
fn a_record_that_the_later_version_does_not_plan_is_seen() {
    let lost = Lost { queue: "records", what: "replan" };
    rollouts_see("not as the later version says", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn an_event_that_the_later_version_alone_knows_and_that_is_lost_is_seen() {
    let lost = Lost { queue: "records", what: "gate-entry" };
    rollouts_see("an accepted record was lost", |world| world.account.aws().queues.loses = Some(lost));
}

/// The same with the short history of a change of the notice, which keeps every promise as long as nothing is switched
/// off.
fn notices_see(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(1, async |world: &World| {
        switch(world);
        notices::calm_history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

#[test]
fn somebody_who_is_not_told_of_a_change_is_seen() {
    notices_see("somebody is untold", |world| world.account.aws().mails.swallows = Some("example.org"));
}

#[test]
fn somebody_who_is_told_of_a_change_twice_is_seen() {
    notices_see("told twice beyond", |world| world.account.aws().mails.doubles = true);
}

#[test]
fn people_whom_a_change_concerns_and_who_are_never_looked_for_are_seen() {
    let lost = Lost { queue: "notice", what: "" };
    notices_see("everybody whom it concerns", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn a_dead_letter_that_is_dropped_at_its_redrive_is_seen() {
    let lost = Lost { queue: "dead-records", what: "" };
    let seen = first_broken(HISTORIES, async |world: &World| {
        world.account.aws().queues.loses = Some(lost);
        letters::history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains("dead letters are not the poison")), "{seen:?}");
}

#[test]
fn what_a_queue_gave_up_and_nobody_redrives_is_seen() {
    let seen = first_broken(HISTORIES, async |world: &World| {
        world.forgets_the_dead.set(true);
        letters::history(world).await;
    });
    // What was done before its message was given up stands; the message lies there all the same.
    let words = ["a record of a message was lost", "dead letters are not the poison"];
    assert!(seen.as_ref().is_some_and(|seen| words.iter().any(|broken| seen.contains(broken))), "{seen:?}");
}

/// The same with histories of the office and of a system.
fn office_sees(broken: &str, switch: impl Fn(&World) + Sync) {
    let seen = first_broken(HISTORIES, async |world: &World| {
        switch(world);
        office::history(world).await;
    });
    assert!(seen.as_ref().is_some_and(|seen| seen.contains(broken)), "{seen:?}");
}

#[test]
fn a_late_request_of_which_nobody_behind_the_office_is_told_is_seen() {
    office_sees("neither answer nor escalation", |world| {
        world.account.aws().mails.swallows = Some("head@scantrust.com")
    });
}

#[test]
fn what_the_office_rules_and_nobody_carries_out_is_seen() {
    let lost = Lost { queue: "fulfil", what: "" };
    office_sees("nobody was written to", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn a_task_that_no_system_hears_of_is_seen() {
    let lost = Lost { queue: "tasks", what: "" };
    office_sees("a system never heard of its task", |world| world.account.aws().queues.loses = Some(lost));
}

#[test]
fn a_key_that_outlives_all_that_it_sealed_is_seen() {
    office_sees("left nothing, and their key stands", |world| world.account.aws().tables.keeps = Some("KeyTable"));
}
