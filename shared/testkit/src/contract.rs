//! What every adapter keeps, sentence by sentence: run in memory here and against AWS's own
//! interfaces in `tests/flows`, so that a fake never passes where the real one fails.
//!
//! Each sentence takes ports and a controller that nobody else uses. [`contract_tests!`] makes one
//! test of each.
//!
//! [`contract_tests!`]: crate::contract_tests

#![expect(clippy::unwrap_used, reason = "a failed call is a failed test")]
#![expect(clippy::missing_panics_doc, reason = "each sentence panics if the adapter breaks it")]

use std::collections::BTreeSet;

use app::{
    announce::{Announcements, FoundPage, SCOPE_SEGMENTS},
    attest::Attestations,
    breach::BreachStore,
    capture_consent::ConsentLedger,
    capture_mail::{CaptureMails, ConfidingLedger},
    challenges::Challenges,
    deadlines::{CLOCK_SHARDS, Deadline, DeadlineKind, Deadlines},
    destruction::{BATCH_RECORDS_MAX, Deletion, Doomed, EvidenceStore},
    disclose::{DisclosureLog, LoggedDisclosure},
    erasure::ErasurePlans,
    error::{Appended, PortError},
    export::Exports,
    holds::HoldStore,
    keys::{DayKeys, Keys},
    limits::Counters,
    logs::LogStore,
    mail::Mailer,
    notice_change::{ChangeStore, NoticeChanges},
    purge::{DueRecords, PURGE_SHARDS, PurgeControls},
    queues::{DeadLetters, Outbox},
    records::RecordStore,
    replan::PlanningStore,
    request_clock::{REQUEST_SHARDS, RequestClock},
    requests::RequestLog,
    restore::HoldCopies,
    seal::Seals,
    signals::{SignalPage, SignalStore},
    stored_counts::StoredCounts,
    systems::{SystemData, SystemStates},
    tombstones::Tombstones,
    walk::{RecordScan, Walks},
};
use domain::{
    consent::Choice,
    disclosure::{Disclosure, References, Whose},
    hold::{Hold, HoldReason, HoldScope},
    ids::{ControllerId, Ground, SubjectRef},
    record::Record,
};
use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan};

use crate::recipients::{disclosure, recipient};

use crate::build::{at, category, consent, content, controller, id, purpose, record, subject};

mod breaches;
mod challenges;
mod consents;
mod deadlines;
mod deletion;
mod disclosures;
mod evidence;
mod guardian;
mod holds;
mod keys;
mod logs;
mod notices;
mod outgoing;
mod purge;
mod records;
mod requests;
mod sealed;
mod signals;
mod subscription;
mod systems;
mod tombstones;
mod walks;

pub use breaches::*;
pub use challenges::*;
pub use consents::*;
pub use deadlines::*;
pub use deletion::*;
pub use disclosures::*;
pub use evidence::*;
pub use guardian::*;
pub use holds::*;
pub use keys::*;
pub use logs::*;
pub use notices::*;
pub use outgoing::*;
pub use purge::*;
pub use records::*;
pub use requests::*;
pub use sealed::*;
pub use signals::*;
pub use subscription::*;
pub use systems::*;
pub use tombstones::*;
pub use walks::*;

app::ports! {
    /// Every port that the contract speaks of.
    pub trait Ports =
        ConsentLedger + ConfidingLedger + CaptureMails + RequestLog + Challenges + Counters + ErasurePlans
        + RecordStore + HoldStore + Tombstones + HoldCopies + EvidenceStore + Deletion + DueRecords + PurgeControls
        + Deadlines + RequestClock + BreachStore + Announcements + NoticeChanges + ChangeStore + Attestations
        + Exports + Keys + Mailer + Outbox + DeadLetters + DisclosureLog + SystemStates + SystemData + Seals
        + StoredCounts + RecordScan + Walks + PlanningStore + LogStore + DayKeys + SignalStore;
}

/// Makes a test of each sentence. The expression gives the ports, anew for each test.
#[macro_export]
macro_rules! contract_tests {
    ($ports:expr) => {
        $crate::contract_tests!(@each $ports,
            a_retried_capture_answers_what_stands,
            of_many_captures_at_once_exactly_one_is_fresh,
            every_consent_of_a_subject_is_seen_at_once,
            what_waits_for_a_guardian_and_the_guardians_word_are_read_as_they_were_written,
            a_guardians_address_lies_under_the_childs_key_and_is_taken_away,
            a_guardian_is_written_to_once,
            a_subscription_is_read_as_it_was_written,
            a_subscribers_address_lies_under_their_key_and_is_taken_away,
            a_subscription_is_confirmed_once,
            a_challenge_is_read_as_it_was_opened_and_opened_once,
            tries_at_a_code_are_counted_before_they_are_compared,
            another_code_voids_the_older_and_comes_seldom,
            an_account_token_serves_one_request,
            what_served_the_verification_alone_is_forgotten,
            of_many_counts_at_once_each_has_a_number_of_its_own,
            what_is_let_in_once_stays_so_and_uses_the_limit_up_once,
            a_retried_request_answers_what_stands,
            a_requester_is_written_to_until_their_key_is_gone,
            instructions_for_after_death_are_read_until_their_key_is_gone,
            a_history_is_written_in_order_and_once,
            an_entry_beside_another_request_waits_for_neither,
            every_act_is_read_as_it_was_written,
            a_request_is_found_by_its_number_alone,
            the_offices_list_is_paged_by_due_time,
            a_next_date_moves_while_nothing_else_has,
            a_correction_replaces_what_is_personal_about_a_record,
            every_outcome_is_read_as_it_was_decided,
            a_long_erasure_is_read_as_it_was_decided,
            a_decision_closes_the_deadline_unless_it_leaves_the_request_open,
            every_request_of_a_subject_is_listed,
            a_mail_is_claimed_once_and_stays_in_doubt_until_it_is_confirmed,
            a_part_of_an_erasure_is_planned_once,
            of_two_who_change_a_system_one_is_told_so,
            a_task_waits_since_it_was_opened_first,
            what_a_system_handed_over_goes_with_the_subjects_key_or_when_it_is_dropped,
            bulk_records_are_read_as_they_were_written_until_their_days_key_is_gone,
            a_closed_day_takes_nothing_and_no_hold,
            a_held_day_is_not_closed_and_what_comes_for_it_is_kept,
            a_day_is_proposed_from_its_beginning_until_it_is_settled,
            of_many_packets_and_one_closing_none_is_written_and_not_counted,
            a_record_is_registered_once,
            a_clock_is_read_as_it_was_written,
            a_change_that_read_an_older_record_is_a_conflict,
            what_is_personal_goes_with_the_subjects_key,
            a_trigger_keeps_its_times_in_any_order,
            a_trigger_that_is_seen_often_keeps_its_first_and_its_last_time,
            a_hold_is_placed_once_and_released_once,
            a_hold_of_every_scope_is_read_as_it_was_placed,
            a_release_is_asked_for_once_and_names_who_did,
            a_release_that_was_asked_for_is_taken_back_until_it_is_done,
            a_review_is_moved_with_its_deadline_and_its_copy_until_the_release,
            a_wide_hold_is_seen_by_whatever_deletes_and_by_no_subject,
            the_holds_that_stand_are_listed_whatever_they_keep,
            the_review_of_a_hold_is_an_open_deadline_until_its_release,
            a_wide_hold_is_put_on_what_it_covers_and_taken_off_again,
            a_deletion_leaves_out_what_a_wide_hold_has_not_marked_yet,
            a_held_record_leaves_the_index_and_comes_back_on_release,
            a_tombstone_is_read_as_it_was_written_and_the_later_end_counts,
            every_tombstone_is_found_page_by_page,
            every_hold_has_a_copy_that_knows_of_its_release,
            a_due_record_is_deleted,
            a_hold_in_between_wins,
            a_renewal_in_between_wins,
            what_is_gone_is_reported_as_absent,
            what_was_registered_again_is_another_record,
            a_record_that_was_asked_for_need_not_be_due,
            every_record_of_a_long_batch_has_its_answer_in_order,
            the_index_proposes_what_is_due_and_nothing_else,
            the_index_pages_until_there_is_nothing_left,
            a_look_shows_the_beginning_of_each_shard,
            where_a_purge_stands_is_read_as_it_was_written,
            of_two_who_change_where_a_purge_stands_one_is_told_so,
            what_was_done_to_a_purge_stays_the_newest_first,
            the_index_gives_what_the_evidence_needs,
            open_deadlines_are_found_before_their_time,
            a_request_is_found_from_its_next_date_on_and_read_without_its_persons_key,
            a_warning_is_claimed_once,
            a_breach_is_declared_once,
            a_breach_goes_on_entry_by_entry_and_nobody_overtakes,
            open_breaches_are_found_by_their_next_date_and_all_of_them_in_the_register,
            the_people_of_a_breach_are_those_whose_records_were_exposed,
            a_person_is_planned_once_and_told_once,
            a_notice_is_claimed_by_one_and_again_when_it_is_in_doubt,
            what_was_planned_and_looked_at_is_noted_for_its_decision,
            a_person_is_written_to_at_what_they_gave,
            an_alert_follows_its_breach_and_the_newest_stands_first,
            a_signal_is_kept_once_and_read_as_it_was_kept,
            of_two_who_change_a_signal_one_is_told_so,
            open_signals_are_found_by_their_next_date_and_listed_the_gravest_first,
            a_version_is_published_once,
            every_publication_is_seen_at_once_and_the_newest_stands_first,
            a_change_concerns_everybody_of_whom_something_is_kept,
            an_attestation_is_recorded_once,
            the_latest_attestation_is_the_deadline_whatever_is_recorded_later,
            a_controllers_keys_are_its_own_and_stay,
            a_key_that_was_made_later_outlives_the_destruction,
            what_is_given_after_a_destruction_reads_and_what_was_given_before_does_not,
            random_bytes_differ,
            a_link_stands_behind_the_last_one_and_nowhere_else,
            many_writers_of_one_chain_leave_no_gap_and_lose_nothing,
            a_batch_is_noted_until_it_is_closed,
            the_results_of_an_erasure_stay_noted_and_those_of_a_sweep_do_not,
            a_batch_that_crashed_is_settled_by_what_is_gone,
            a_checkpoint_covers_what_was_appended_and_the_next_follows_it,
            a_checkpoint_is_never_replaced,
            links_that_are_not_there_are_told_apart,
            what_is_stored_is_counted_by_system,
            an_export_is_replaced_by_a_later_one,
            a_mail_is_handed_over,
            every_message_is_handed_over_and_a_hopeless_one_is_put_aside,
            a_retried_disclosure_answers_what_stands,
            of_many_disclosures_at_once_exactly_one_is_fresh,
            every_disclosure_of_a_subject_is_seen_at_once_the_earliest_first,
            a_disclosure_is_read_where_it_was_written,
            a_total_is_logged_once_and_under_nobody,
            what_references_say_goes_with_the_subjects_key,
            a_scan_shows_every_record_of_the_controller_and_nobody_elses,
            a_walk_is_noted_by_one_of_two_and_a_later_one_takes_its_place,
            a_record_that_comes_late_into_a_swept_bucket_is_found,
            of_two_who_plan_by_another_policy_one_is_told_so,
            a_scope_finds_records_by_every_side_that_it_names,
            a_scope_of_recipients_finds_those_whose_data_went_there,
            consents_count_beside_records_where_they_are_asked_for,
            the_list_of_people_is_paged_and_planning_them_again_adds_nobody,
            a_notice_that_several_move_at_once_is_counted_once,
        );
    };
    (@each $ports:expr, $($sentence:ident,)*) => {
        $(
            #[tokio::test]
            async fn $sentence() {
                let ports = $ports;
                let controller = $crate::contract::fresh_controller(&ports);
                $crate::contract::$sentence(&ports, &controller).await;
            }
        )*
    };
}

/// A controller that no other test uses.
pub fn fresh_controller<P: Keys>(ports: &P) -> ControllerId {
    let random = ports.random().unwrap();
    controller(&format!("t{}", random[..12].iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// Far ahead, so that the TTL of a real table takes nothing from under a test.
const NOW: &str = "2040-03-01T12:00:00Z";
const ADA: &str = "ada@example.com";

fn now() -> Timestamp {
    at(NOW)
}

fn days(from: Timestamp, days: i64) -> Timestamp {
    from.checked_add((24 * days).hours()).unwrap()
}

async fn registered<P: RecordStore>(ports: &P, controller: &ControllerId, records: &[Record]) {
    for record in records {
        let inserted = ports.insert_record(controller, record, &content(ADA, record.id.as_str())).await.unwrap();
        assert_eq!(inserted, Appended::Fresh);
    }
}

async fn stored<P: RecordStore>(ports: &P, controller: &ControllerId, record: &Record) -> Option<Record> {
    ports.records(controller, &record.subject).await.unwrap().into_iter().find(|stored| stored.id == record.id)
}

/// What the index shows of a controller, over all shards and pages.
async fn due<P: DueRecords>(ports: &P, controller: &ControllerId, until: Timestamp) -> Vec<Doomed> {
    let mut all = Vec::new();
    for shard in 0..PURGE_SHARDS {
        let mut from = None;
        loop {
            let page = ports.due_records(shard, until, from.as_deref()).await.unwrap();
            assert!(page.due.len() <= BATCH_RECORDS_MAX);
            all.extend(page.due.into_iter().filter(|(whose, _)| whose == controller).map(|(_, doomed)| doomed));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    all
}

/// Open deadlines, and requests by their next date.
async fn open_deadlines<P: Deadlines + RequestClock>(
    ports: &P,
    controller: &ControllerId,
    before: Timestamp,
) -> Vec<Deadline> {
    let mut all = Vec::new();
    for shard in 0..CLOCK_SHARDS {
        all.extend(ports.deadlines(shard, before, 5_000).await.unwrap());
    }
    for shard in 0..REQUEST_SHARDS {
        let due = ports.due_requests(shard, before, 5_000).await.unwrap();
        all.extend(due.into_iter().filter(|(_, next_at)| *next_at < before).map(|(key, next_at)| Deadline {
            controller: key.controller,
            kind: DeadlineKind::Request,
            id: key.request.to_string(),
            due_at: next_at,
        }));
    }
    all.retain(|deadline| deadline.controller == *controller);
    all
}

/// Whom a scan finds, over all segments and pages.
async fn over_all_pages(
    page: impl AsyncFn(u16, Option<String>) -> Result<FoundPage, PortError>,
) -> BTreeSet<SubjectRef> {
    let mut found = BTreeSet::new();
    for segment in 0..SCOPE_SEGMENTS {
        let mut from = None;
        loop {
            let page = page(segment, from).await.unwrap();
            found.extend(page.subjects);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    found
}

fn hold(subject: &SubjectRef, key: &str) -> Hold {
    let opened = (now(), "officer-1".into());
    let scope = HoldScope::Subject(subject.clone());
    let hold = Hold::new(id(key), scope, HoldReason::LegalClaim, opened, days(now(), 90));
    Hold { ground: Some(Ground::parse("court-case").unwrap()), ..hold }
}

fn is_conflict<T>(result: &Result<T, PortError>) -> bool {
    matches!(result, Err(PortError::Conflict { .. }))
}
