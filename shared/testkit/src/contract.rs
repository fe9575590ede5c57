//! What every adapter keeps, sentence by sentence: run in memory here and against AWS's own
//! interfaces in `tests/flows`, so that a fake never passes where the real one fails.
//!
//! Each sentence takes ports and a controller that nobody else uses. [`contract_tests!`] makes one
//! test of each.
//!
//! [`contract_tests!`]: crate::contract_tests

#![expect(clippy::unwrap_used, reason = "a failed call is a failed test")]
#![expect(clippy::missing_panics_doc, reason = "each sentence panics if the adapter breaks it")]

mod breaches;
mod challenges;
mod guardian;
mod holds;
mod logs;
mod subscription;

pub use breaches::*;
pub use challenges::*;
pub use guardian::{
    a_guardian_is_written_to_once, a_guardians_address_lies_under_the_childs_key_and_is_taken_away,
    what_waits_for_a_guardian_and_the_guardians_word_are_read_as_they_were_written,
};
pub use holds::*;
pub use logs::*;
pub use subscription::{
    a_subscribers_address_lies_under_their_key_and_is_taken_away, a_subscription_is_confirmed_once,
    a_subscription_is_read_as_it_was_written,
};

use std::collections::{BTreeMap, BTreeSet};

use app::{
    announce::{Announcements, FoundPage, SCOPE_SEGMENTS},
    attest::Attestations,
    breach::BreachStore,
    capture_consent::ConsentLedger,
    capture_mail::{CaptureMails, ConfidingLedger},
    challenges::Challenges,
    deadlines::{CLOCK_SHARDS, Deadline, DeadlineKind, Deadlines, Urgency},
    destruction::{BATCH_RECORDS_MAX, Condition, Deletion, Doomed, EvidenceStore},
    disclose::{DisclosureLog, LoggedDisclosure},
    erasure::ErasurePlans,
    error::{Appended, PortError},
    export::{DisclosureLine, Exports, GivenInstructions, SubjectFile, csv_of},
    holds::HoldStore,
    keys::{DayKeys, Keys},
    limits::Counters,
    logs::LogStore,
    mail::{Mail, MailClaim, Mailer},
    notice_change::{ChangeStore, NoticeChanges},
    purge::{DueRecords, LOOK_RECORDS_MAX, PURGE_SHARDS, PurgeControls},
    queues::{DeadLetters, Outbox, Queue},
    records::{RecordStore, TRIGGER_TIMES_MAX},
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
    dsar::{Instructions, RequestType},
    evidence::DeletionResult,
    hold::{Hold, HoldReason, HoldScope},
    ids::{ControllerId, Ground, Recipient, SubjectRef},
    policy::{Clause, Country},
    record::Record,
    sensitive::Sensitive,
};
use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan};

use crate::recipients::{disclosure, recipient};

use crate::build::{
    at, category, consent, content, controller, doomed, event, field, id, mail, policy, purpose, record, request,
    subject,
};

mod disclosures;
mod evidence;
mod purge;
mod requests;
mod sealed;
mod signals;
mod systems;
mod tombstones;
mod walks;

pub use disclosures::*;
pub use evidence::*;
pub use purge::*;
pub use requests::*;
pub use sealed::*;
pub use signals::*;
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

mod notices;

pub use notices::*;

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

// Consents.

pub async fn a_retried_capture_answers_what_stands<P: Ports>(ports: &P, controller: &ControllerId) {
    let first =
        consent(&subject(ADA), "form-1", now(), &[("marketing", Choice::Given), ("profiling", Choice::Refused)]);
    assert_eq!(ports.append_consent(controller, &first).await.unwrap(), Appended::Fresh);
    assert_eq!(ports.append_consent(controller, &first).await.unwrap(), Appended::Existing(first.clone()));
    // The same key with another content meets the first one, whose fingerprint tells.
    let mut other = consent(&subject(ADA), "form-1", days(now(), 1), &[("marketing", Choice::Withdrawn)]);
    other.fingerprint = id("another form");
    other.gpc = true;
    assert_eq!(ports.append_consent(controller, &other).await.unwrap(), Appended::Existing(first.clone()));
    assert_eq!(ports.consents(controller, &subject(ADA)).await.unwrap(), [first]);
}

pub async fn of_many_captures_at_once_exactly_one_is_fresh<P: Ports>(ports: &P, controller: &ControllerId) {
    let event = consent(&subject(ADA), "form-1", now(), &[("marketing", Choice::Given)]);
    let appended = join_all((0..8).map(|_| ports.append_consent(controller, &event))).await;
    let fresh = appended.iter().filter(|appended| matches!(appended, Ok(Appended::Fresh))).count();
    let met = appended.iter().filter(|appended| matches!(appended, Ok(Appended::Existing(_)))).count();
    assert_eq!((fresh, met), (1, 7));
}

pub async fn every_consent_of_a_subject_is_seen_at_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut expected = BTreeMap::new();
    for n in 0..5 {
        let mut event = consent(&subject(ADA), &format!("form-{n}"), days(now(), n), &[("marketing", Choice::Given)]);
        event.gpc = n % 2 == 0;
        ports.append_consent(controller, &event).await.unwrap();
        expected.insert(event.id.clone(), event);
        let seen = ports.consents(controller, &subject(ADA)).await.unwrap();
        let seen: BTreeMap<_, _> = seen.into_iter().map(|event| (event.id.clone(), event)).collect();
        assert_eq!(seen, expected);
    }
    assert!(ports.consents(controller, &subject("bob@example.com")).await.unwrap().is_empty());
    assert!(ports.consents(&fresh_controller(ports), &subject(ADA)).await.unwrap().is_empty());
}

// Records.

pub async fn a_record_is_registered_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&first)).await;
    let second = Record { salt: [1; 16], ..record(&subject(ADA), "log-1", days(now(), 1)) };
    let appended = ports.insert_record(controller, &second, &content(ADA, "elsewhere")).await.unwrap();
    assert_eq!(appended, Appended::Existing(first.clone()));
    assert_eq!(ports.records(controller, &subject(ADA)).await.unwrap(), std::slice::from_ref(&first));
    let personal = ports.content(controller, &subject(ADA), &first.id).await.unwrap();
    assert_eq!(personal, Some(content(ADA, first.id.as_str())));
    assert_eq!(ports.content(controller, &subject(ADA), &id("another")).await.unwrap(), None);
    assert!(ports.records(controller, &subject("bob@example.com")).await.unwrap().is_empty());
}

pub async fn a_clock_is_read_as_it_was_written<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut full = record(&subject(ADA), "full", at("2026-03-01T12:00:00.123Z"));
    for n in 0..64 {
        full.clock.renewals.insert(days(now(), 2 * n), days(now(), 2 * n + 1));
        full.clock.switched.insert(days(now(), 3 * n), days(now(), 3 * n + 1));
    }
    full.clock.firsts = BTreeMap::from([(event("chat.message"), now()), (event("contract.ended"), days(now(), 9))]);
    full.holds = BTreeSet::from([id("hold-1"), id("hold-2")]);
    full.points.push(record(&subject(ADA), "another", now()).points.remove(0));
    let bare = Record { due_at: None, points: Vec::new(), ..record(&subject(ADA), "bare", at("1999-12-31T00:00:00Z")) };
    registered(ports, controller, &[full.clone(), bare.clone()]).await;
    assert_eq!(stored(ports, controller, &full).await, Some(full));
    assert_eq!(stored(ports, controller, &bare).await, Some(bare));
}

pub async fn a_change_that_read_an_older_record_is_a_conflict<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut first = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&first)).await;
    let mut second = first.clone();
    first.due_at = Some(days(now(), 200));
    first.clause = Clause::new("test.renewed");
    first.clock.renewals.insert(now(), days(now(), 1));
    ports.update_record(controller, &first).await.unwrap();
    second.due_at = None;
    assert!(is_conflict(&ports.update_record(controller, &second).await));
    let expected = Record { revision: 1, ..first.clone() };
    assert_eq!(stored(ports, controller, &first).await, Some(expected.clone()));
    // What is taken away is taken away.
    let bare =
        Record { due_at: None, clock: domain::retention::RetentionClock::new(first.clock.created_at), ..expected };
    ports.update_record(controller, &bare).await.unwrap();
    assert_eq!(stored(ports, controller, &bare).await, Some(Record { revision: 2, ..bare }));
    let gone = record(&subject(ADA), "gone", now());
    assert!(is_conflict(&ports.update_record(controller, &gone).await));
    // The content is what it was.
    let personal = ports.content(controller, &subject(ADA), &first.id).await.unwrap();
    assert_eq!(personal, Some(content(ADA, first.id.as_str())));
}

pub async fn what_is_personal_goes_with_the_subjects_key<P: Ports>(ports: &P, controller: &ControllerId) {
    let (here, other) = (record(&subject(ADA), "log-1", now()), record(&subject("bob@example.com"), "log-2", now()));
    registered(ports, controller, &[here.clone(), other.clone()]).await;
    ports.destroy_subject_key(controller, &here.subject, now()).await.unwrap();
    assert_eq!(ports.content(controller, &here.subject, &here.id).await.unwrap(), None);
    assert_eq!(stored(ports, controller, &here).await, Some(here));
    assert!(ports.content(controller, &other.subject, &other.id).await.unwrap().is_some());
}

pub async fn a_trigger_keeps_its_times_in_any_order<P: Ports>(ports: &P, controller: &ControllerId) {
    let (whose, visit) = (subject(ADA), event("website.visit"));
    for day in [5, 9, 2, 7, 9] {
        ports.note_trigger(controller, &whose, &visit, None, days(now(), day)).await.unwrap();
    }
    ports.note_trigger(controller, &whose, &visit, Some(&purpose("marketing")), now()).await.unwrap();
    let mut triggers = ports.triggers(controller, &whose).await.unwrap();
    triggers.sort_by(|a, b| a.purpose.cmp(&b.purpose));
    let [for_all, for_one] = triggers.as_slice() else { panic!("{triggers:?}") };
    assert_eq!((&for_all.event, &for_all.purpose), (&visit, &None));
    assert_eq!((for_all.first_at, for_all.last_at), (days(now(), 2), days(now(), 9)));
    assert_eq!((&for_one.event, &for_one.purpose), (&visit, &Some(purpose("marketing"))));
    assert_eq!(for_all.times, [2, 5, 7, 9].map(|day| days(now(), day)).into());
    assert_eq!((for_one.first_at, for_one.last_at), (now(), now()));
    assert!(ports.triggers(controller, &subject("bob@example.com")).await.unwrap().is_empty());
}

pub async fn a_trigger_that_is_seen_often_keeps_its_first_and_its_last_time<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let (whose, visit) = (subject(ADA), event("website.visit"));
    let often = i64::try_from(TRIGGER_TIMES_MAX).unwrap();
    for day in (1..often + 3).chain([0]) {
        ports.note_trigger(controller, &whose, &visit, None, days(now(), day)).await.unwrap();
    }
    let triggers = ports.triggers(controller, &whose).await.unwrap();
    assert_eq!((triggers[0].first_at, triggers[0].last_at), (now(), days(now(), often + 2)));
    assert_eq!(triggers[0].times, (1..=often).map(|day| days(now(), day)).collect());
}

// Holds.

pub async fn a_held_record_leaves_the_index_and_comes_back_on_release<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut kept = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&kept)).await;
    let later = days(now(), 1_000);
    assert_eq!(due(ports, controller, later).await.len(), 1);
    kept.holds.insert(id("hold-1"));
    ports.update_record(controller, &kept).await.unwrap();
    assert!(due(ports, controller, later).await.is_empty());
    let held = stored(ports, controller, &kept).await.unwrap();
    assert_eq!((held.due_at, held.is_held()), (kept.due_at, true));
    let free = Record { holds: BTreeSet::new(), ..held };
    ports.update_record(controller, &free).await.unwrap();
    assert_eq!(due(ports, controller, later).await, doomed(&[free]));
}

// Deletion.

pub async fn a_due_record_is_deleted<P: Ports>(ports: &P, controller: &ControllerId) {
    let gone = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&gone)).await;
    let on_time = Condition::DueAt(gone.due_at.unwrap());
    let results = ports.delete_records(controller, &doomed(std::slice::from_ref(&gone)), on_time).await.unwrap();
    assert_eq!(results, [DeletionResult::Deleted]);
    assert!(ports.records(controller, &subject(ADA)).await.unwrap().is_empty());
    assert_eq!(ports.content(controller, &subject(ADA), &gone.id).await.unwrap(), None);
    assert!(ports.delete_records(controller, &[], on_time).await.unwrap().is_empty());
}

pub async fn a_hold_in_between_wins<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut kept = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&kept)).await;
    let proposed = due(ports, controller, days(now(), 101)).await;
    kept.holds.insert(id("hold-1"));
    ports.update_record(controller, &kept).await.unwrap();
    for condition in [Condition::DueAt(days(now(), 101)), Condition::Asked] {
        let results = ports.delete_records(controller, &proposed, condition).await.unwrap();
        assert_eq!(results, [DeletionResult::Held]);
    }
    assert!(stored(ports, controller, &kept).await.is_some());
}

pub async fn a_renewal_in_between_wins<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut renewed = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&renewed)).await;
    let proposed = due(ports, controller, days(now(), 101)).await;
    for due_at in [Some(days(now(), 200)), None] {
        renewed.due_at = due_at;
        ports.update_record(controller, &renewed).await.unwrap();
        renewed.revision += 1;
        let results = ports.delete_records(controller, &proposed, Condition::DueAt(days(now(), 101))).await.unwrap();
        assert_eq!(results, [DeletionResult::NotDue]);
    }
    assert_eq!(stored(ports, controller, &renewed).await, Some(renewed));
}

pub async fn what_is_gone_is_reported_as_absent<P: Ports>(ports: &P, controller: &ControllerId) {
    let gone = record(&subject(ADA), "log-1", now());
    registered(ports, controller, std::slice::from_ref(&gone)).await;
    let batch = doomed(&[gone]);
    let late = Condition::DueAt(days(now(), 101));
    assert_eq!(ports.stand(controller, &batch).await.unwrap(), [true]);
    assert_eq!(ports.delete_records(controller, &batch, late).await.unwrap(), [DeletionResult::Deleted]);
    assert_eq!(ports.stand(controller, &batch).await.unwrap(), [false]);
    for condition in [late, Condition::Asked] {
        assert_eq!(ports.delete_records(controller, &batch, condition).await.unwrap(), [DeletionResult::Absent]);
    }
}

pub async fn what_was_registered_again_is_another_record<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = record(&subject(ADA), "log-1", now());
    let again = Record { salt: [8; 16], ..first.clone() };
    registered(ports, controller, std::slice::from_ref(&first)).await;
    let late = Condition::DueAt(days(now(), 101));
    let batch = doomed(&[first]);
    assert_eq!(ports.delete_records(controller, &batch, late).await.unwrap(), [DeletionResult::Deleted]);
    registered(ports, controller, std::slice::from_ref(&again)).await;
    assert_eq!(ports.stand(controller, &batch).await.unwrap(), [false]);
    for condition in [late, Condition::Asked] {
        assert_eq!(ports.delete_records(controller, &batch, condition).await.unwrap(), [DeletionResult::Absent]);
    }
    assert_eq!(stored(ports, controller, &again).await, Some(again));
}

pub async fn a_record_that_was_asked_for_need_not_be_due<P: Ports>(ports: &P, controller: &ControllerId) {
    let early = record(&subject(ADA), "log-1", now());
    let endless = Record { due_at: None, ..record(&subject(ADA), "log-2", now()) };
    registered(ports, controller, &[early.clone(), endless.clone()]).await;
    let batch = doomed(&[early, endless]);
    let results = ports.delete_records(controller, &batch, Condition::DueAt(now())).await.unwrap();
    assert_eq!(results, [DeletionResult::NotDue, DeletionResult::NotDue]);
    let results = ports.delete_records(controller, &batch, Condition::Asked).await.unwrap();
    assert_eq!(results, [DeletionResult::Deleted, DeletionResult::Deleted]);
}

pub async fn every_record_of_a_long_batch_has_its_answer_in_order<P: Ports>(ports: &P, controller: &ControllerId) {
    // Of each four: one due, one held, one renewed, one never registered.
    let mut records: Vec<_> = (0..80).map(|n| record(&subject(ADA), &format!("log-{n}"), now())).collect();
    let mut expected = Vec::new();
    for (n, record) in records.iter_mut().enumerate() {
        let result = match n % 4 {
            0 => DeletionResult::Deleted,
            1 => {
                record.holds.insert(id("hold-1"));
                DeletionResult::Held
            }
            2 => {
                record.due_at = Some(days(now(), 500));
                DeletionResult::NotDue
            }
            _ => DeletionResult::Absent,
        };
        if result != DeletionResult::Absent {
            registered(ports, controller, std::slice::from_ref(record)).await;
        }
        expected.push(result);
    }
    let late = Condition::DueAt(days(now(), 101));
    assert_eq!(ports.delete_records(controller, &doomed(&records), late).await.unwrap(), expected);
    let stand: Vec<_> =
        expected.iter().map(|result| matches!(result, DeletionResult::Held | DeletionResult::NotDue)).collect();
    assert_eq!(ports.stand(controller, &doomed(&records)).await.unwrap(), stand);
}

// What is due.

pub async fn the_index_proposes_what_is_due_and_nothing_else<P: Ports>(ports: &P, controller: &ControllerId) {
    let due_now = record(&subject(ADA), "due", days(now(), -101));
    let due_to_the_millisecond = record(&subject(ADA), "just", days(now(), -100));
    let later = record(&subject(ADA), "later", now());
    let endless = Record { due_at: None, ..record(&subject(ADA), "endless", now()) };
    let held = Record { holds: BTreeSet::from([id("hold-1")]), ..record(&subject(ADA), "held", days(now(), -200)) };
    registered(ports, controller, &[due_to_the_millisecond.clone(), due_now.clone(), later, endless, held]).await;
    assert_eq!(due(ports, controller, now()).await, doomed(&[due_now.clone(), due_to_the_millisecond]));
    let before = now().checked_sub(1.millisecond()).unwrap();
    assert_eq!(due(ports, controller, before).await, doomed(std::slice::from_ref(&due_now)));
    ports.delete_records(controller, &doomed(&[due_now]), Condition::DueAt(now())).await.unwrap();
    assert!(due(ports, controller, before).await.is_empty());
}

pub async fn the_index_pages_until_there_is_nothing_left<P: Ports>(ports: &P, controller: &ControllerId) {
    let records: Vec<_> =
        (0..BATCH_RECORDS_MAX + 3).map(|n| record(&subject(ADA), &format!("log-{n}"), days(now(), -200))).collect();
    registered(ports, controller, &records).await;
    let found: BTreeSet<_> = due(ports, controller, now()).await.into_iter().map(|doomed| doomed.record).collect();
    assert_eq!(found, records.into_iter().map(|record| record.id).collect());
}

pub async fn a_look_shows_the_beginning_of_each_shard<P: Ports>(ports: &P, controller: &ControllerId) {
    let due = Record { due_at: Some(days(now(), -1)), ..record(&subject(ADA), "log-1", days(now(), -9)) };
    registered(ports, controller, std::slice::from_ref(&due)).await;
    let pages = ports.first_due(now()).await.unwrap();
    assert_eq!(pages.len(), usize::from(PURGE_SHARDS));
    assert!(pages.iter().all(|page| page.due.len() <= LOOK_RECORDS_MAX));
    let shard = &pages[usize::from(subject(ADA).shard(PURGE_SHARDS))];
    // Others may have more there than a look shows.
    assert!(
        shard.next.is_some() || shard.due.iter().any(|(whose, doomed)| whose == controller && doomed.record == due.id)
    );
}

pub async fn the_index_gives_what_the_evidence_needs<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut full = record(&subject(ADA), "log-1", days(now(), -200));
    full.salt = ports.random().unwrap();
    full.system = domain::record::System::S3;
    registered(ports, controller, std::slice::from_ref(&full)).await;
    assert_eq!(due(ports, controller, now()).await, [Doomed::from(&full)]);
}

// Deadlines.

pub async fn open_deadlines_are_found_before_their_time<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    let of_request = Deadline {
        controller: controller.clone(),
        kind: DeadlineKind::Request,
        id: request.request.to_string(),
        due_at: days(now(), 30),
    };
    assert!(open_deadlines(ports, controller, now()).await.is_empty());
    assert_eq!(open_deadlines(ports, controller, days(now(), 40)).await, [of_request]);
}

pub async fn a_warning_is_claimed_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let deadline = Deadline {
        controller: controller.clone(),
        kind: DeadlineKind::Request,
        id: id::<domain::ids::RequestId>("request-1").to_string(),
        due_at: now(),
    };
    let claim = |urgency| ports.claim_warning(&deadline, urgency, now());
    assert_eq!(claim(Urgency::AtRisk).await.unwrap(), MailClaim::Fresh);
    assert_eq!(claim(Urgency::AtRisk).await.unwrap(), MailClaim::InDoubt);
    ports.confirm_warning(&deadline, Urgency::AtRisk, now()).await.unwrap();
    assert_eq!(claim(Urgency::AtRisk).await.unwrap(), MailClaim::Sent);
    assert_eq!(claim(Urgency::Missed).await.unwrap(), MailClaim::Fresh);
}

// Keys.

pub async fn a_controllers_keys_are_its_own_and_stay<P: Ports>(ports: &P, controller: &ControllerId) {
    let keys = join_all((0..4).map(|_| ports.controller(controller))).await;
    let subjects: BTreeSet<_> = keys.into_iter().map(|keys| keys.unwrap().pepper.subject(&mail(ADA))).collect();
    assert_eq!(subjects.len(), 1);
    let other = ports.controller(&fresh_controller(ports)).await.unwrap();
    assert!(!subjects.contains(&other.pepper.subject(&mail(ADA))));
}

pub async fn a_key_that_was_made_later_outlives_the_destruction<P: Ports>(ports: &P, controller: &ControllerId) {
    let kept = record(&subject(ADA), "log-1", now());
    ports.destroy_subject_key(controller, &kept.subject, now()).await.unwrap();
    registered(ports, controller, std::slice::from_ref(&kept)).await;
    ports.destroy_subject_key(controller, &kept.subject, now().checked_sub(1.millisecond()).unwrap()).await.unwrap();
    assert!(ports.content(controller, &kept.subject, &kept.id).await.unwrap().is_some());
    ports.destroy_subject_key(controller, &kept.subject, now()).await.unwrap();
    ports.destroy_subject_key(controller, &kept.subject, now()).await.unwrap();
    assert!(ports.content(controller, &kept.subject, &kept.id).await.unwrap().is_none());
}

pub async fn what_is_given_after_a_destruction_reads_and_what_was_given_before_does_not<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let (before, after) = (record(&subject(ADA), "log-1", now()), record(&subject(ADA), "log-2", days(now(), 2)));
    registered(ports, controller, std::slice::from_ref(&before)).await;
    ports.destroy_subject_key(controller, &before.subject, days(now(), 1)).await.unwrap();
    registered(ports, controller, std::slice::from_ref(&after)).await;
    assert_eq!(ports.content(controller, &before.subject, &before.id).await.unwrap(), None);
    assert!(ports.content(controller, &after.subject, &after.id).await.unwrap().is_some());
    // A retry of the destruction, which was decided before.
    ports.destroy_subject_key(controller, &before.subject, days(now(), 1)).await.unwrap();
    assert!(ports.content(controller, &after.subject, &after.id).await.unwrap().is_some());
}

pub async fn random_bytes_differ<P: Ports>(ports: &P, _controller: &ControllerId) {
    let drawn: BTreeSet<_> = (0..100).map(|_| ports.random().unwrap()).collect();
    assert_eq!(drawn.len(), 100);
}

// Evidence.

// Exports and mail.

pub async fn an_export_is_replaced_by_a_later_one<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = request(controller, &subject(ADA), "request-1");
    let log = record(&subject(ADA), "log-1", now());
    let file = SubjectFile {
        consents: vec![consent(&subject(ADA), "form-1", now(), &[("marketing", Choice::Given)])],
        records: vec![(log.clone(), Some(content(ADA, "log-1"))), (log, None)],
        held: BTreeMap::from([((category("server-log"), purpose("security")), BTreeSet::from([field("ip_address")]))]),
        disclosures: vec![DisclosureLine {
            id: "disclosure-1".into(),
            recipient: Recipient::parse("hosting").unwrap(),
            categories: BTreeSet::from([category("server-log")]),
            purpose: purpose("security"),
            countries: BTreeSet::from([Country::parse("FR").unwrap()]),
            at: now(),
            clause: Clause::new("test.hosting"),
        }],
        instructions: vec![GivenInstructions {
            request: id("request-0"),
            at: now(),
            instructions: Instructions { deletion: Some(Sensitive::new("all".into())), ..Instructions::default() },
            in_force: true,
        }],
        ..SubjectFile::new(RequestType::Access, now())
    };
    let object = ports.store_export(&policy(), &request, &file).await.unwrap();
    assert_eq!(ports.store_export(&policy(), &request, &file).await.unwrap(), object);
    // The object's key is in addresses and logs, and the other format's is made of it.
    assert!(!object.contains(ADA) && csv_of(&object) != object);
}

pub async fn a_mail_is_handed_over<P: Ports>(ports: &P, controller: &ControllerId) {
    let mail = Mail {
        controller: controller.clone(),
        to: Sensitive::new(ADA.into()),
        subject: "Acme: your privacy request".into(),
        text: "Grüße, voilà, 你好.\n".into(),
        tag: "request-AAAAAAAAAAAAAAAAAAAA-_-ack".into(),
        unsubscribe: None,
    };
    Mailer::send(ports, &mail).await.unwrap();
    // A link too long for a header is no reason to keep the mail back.
    for length in [30, 3_000] {
        let link = format!("https://privacy.example/?token={}", "x".repeat(length));
        Mailer::send(ports, &Mail { unsubscribe: Some(link), ..mail.clone() }).await.unwrap();
    }
}

pub async fn every_message_is_handed_over_and_a_hopeless_one_is_put_aside<P: Ports>(
    ports: &P,
    _controller: &ControllerId,
) {
    // More than one call holds, by number and by size.
    let bodies: Vec<_> =
        (0..25).map(|n| format!("{{\"v\":1,\"n\":{n},\"text\":\"{}\"}}", "x".repeat(30_000))).collect();
    for queue in [Queue::Fulfil, Queue::Breach, Queue::Records, Queue::Purge, Queue::Notice] {
        Outbox::send(ports, queue, bodies.clone()).await.unwrap();
        Outbox::send(ports, queue, Vec::new()).await.unwrap();
    }
    ports.bury("{not json", "malformed: expected a form").await.unwrap();
}
