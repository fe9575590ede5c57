//! Each guard taken away in turn, at the endpoint: the checks must see it, or they could not fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fault_tests::{endpoint::Account, history::first_broken, seed::Seed, services::Lost, world::World};
use testkit::contract::fresh_controller;
use tokio::runtime::Builder;

use crate::{consents, contract, requests, retention};

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
    consents_see("", |world| world.account.aws().tables.blind = true);
}

#[test]
fn an_accepted_capture_that_is_not_stored_is_seen() {
    consents_see("", |world| world.account.aws().tables.swallows = Some("CONSENT#"));
}

#[test]
fn evidence_that_is_not_written_is_seen() {
    consents_see("", |world| world.account.aws().buckets.swallows = Some("evidence"));
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
    let lost = Lost { queue: "dead", what: "" };
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
    retention_sees("evidence without deletion", |world| world.account.aws().tables.keeps = true);
}

#[test]
fn a_mail_that_nobody_gets_is_seen() {
    requests_see("nobody was written to", |world| world.account.aws().mails.swallows = true);
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
