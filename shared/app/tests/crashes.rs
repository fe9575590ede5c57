//! A crash at every step: what was begun is finished by the retry, nothing is deleted without
//! evidence, nothing is evidenced that did not happen, and nobody stays untold.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    announce::{Announcements, SCOPE_SEGMENTS},
    breach::{self, BreachStore, DeclareBreach},
    breach_telling,
    error::PortError,
    fulfil_request,
    keys::Keys,
    purge::{self, Run},
    receive_request::{self, ReceiveRequest},
    records::{self, RecordStore, RegisterRecord},
    requests::{self, RequestKey, RequestLog},
    telling::Sender,
};
use domain::{
    announcement::Announcement,
    breach::Breach,
    dsar::{ItemResult, Outcome, RequestType},
    evidence::DeletionResult,
    ids::{Identifier, RecordId},
    policy::Policy,
    record::System,
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{Memory, build};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

fn form(who: &Identifier, category: &str, purpose: &str, locator: &str, system: System) -> RegisterRecord {
    RegisterRecord { system, ..build::registration(who.clone(), (category, purpose), locator, day(0)) }
}

/// A person with three records that can go, one of them an object, and an invoice that must stay.
async fn registered(policy: &Policy, memory: &Memory, who: &Identifier, with_invoice: bool) -> Vec<RecordId> {
    memory.put_object("cv.pdf");
    let mut forms = vec![
        form(who, "server-log", "security", "log-1", System::Habeas),
        form(who, "server-log", "security", "log-2", System::Habeas),
        form(who, "account", "contract", "cv.pdf", System::S3),
    ];
    if with_invoice {
        forms.push(form(who, "invoice", "accounting", "invoice-1", System::Habeas));
    }
    let mut ids = Vec::new();
    for form in forms {
        ids.push(records::register(policy, memory, form).await.unwrap().record);
    }
    ids
}

async fn asked(policy: &Policy, memory: &Memory, who: &Identifier, request: RequestType) -> RequestKey {
    let form = ReceiveRequest::new(request, who.clone(), "key".into(), day(1));
    receive_request::receive(policy, memory, form).await.unwrap().request
}

/// The token in the link of the latest mail.
fn mailed_token(memory: &Memory) -> String {
    let text = memory.sent().last().unwrap().text.clone();
    let (_, rest) = text.split_once("?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn verified(policy: &Policy, memory: &Memory, key: &RequestKey) {
    fulfil_request::fulfil(policy, memory, key, day(1), URL).await.unwrap();
    let token = mailed_token(memory);
    requests::verify(policy, memory, &key.request, &token, day(2)).await.unwrap();
}

fn deleted_by_certificates(memory: &Memory) -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = Vec::new();
    for manifest in memory.certificates() {
        for (record, result) in manifest.records.iter().zip(&manifest.results) {
            if matches!(result, DeletionResult::Deleted | DeletionResult::Absent) {
                ids.push(record.record.clone());
            }
        }
    }
    ids.sort();
    ids.dedup();
    ids
}

#[tokio::test]
async fn an_erasure_that_crashes_at_any_step_is_finished_and_told_in_full() {
    let policy = build::policy();
    let ada = build::mail("ada@example.com");
    for crash_after in 0.. {
        let memory = Memory::new();
        let ids = registered(&policy, &memory, &ada, true).await;
        let key = asked(&policy, &memory, &ada, RequestType::Erasure).await;
        verified(&policy, &memory, &key).await;

        memory.fail_after(crash_after);
        let first = fulfil_request::fulfil(&policy, &memory, &key, day(2), URL).await;
        memory.recover();
        fulfil_request::fulfil(&policy, &memory, &key, day(2), URL).await.unwrap();

        let outcome = memory.request(&key).await.unwrap().unwrap().state.decided.unwrap().1;
        let Outcome::Erased(items) = outcome else { panic!("{outcome:?}") };
        let erased = items.iter().filter(|item| matches!(item.result, ItemResult::Erased { .. })).count();
        assert_eq!((items.len(), erased), (4, 3), "after {crash_after} calls");
        let standing = memory.records(&policy.controller, &key.subject).await.unwrap();
        assert_eq!(standing.len(), 1, "the invoice alone stays");
        assert!(!memory.has_object("cv.pdf"));
        let mut expected = ids[..3].to_vec();
        expected.sort();
        assert_eq!(deleted_by_certificates(&memory), expected, "after {crash_after} calls");
        let answers = memory.sent().iter().filter(|mail| mail.tag.ends_with("-answer")).count();
        assert!((1..=2).contains(&answers), "told once, twice only when in doubt: {answers}");
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_key_goes_last_and_only_when_nothing_is_kept() {
    let policy = build::policy();
    let ada = build::mail("ada@example.com");
    for (with_invoice, key_lives) in [(false, false), (true, true)] {
        let memory = Memory::new();
        registered(&policy, &memory, &ada, with_invoice).await;
        let key = asked(&policy, &memory, &ada, RequestType::Erasure).await;
        verified(&policy, &memory, &key).await;
        fulfil_request::fulfil(&policy, &memory, &key, day(2), URL).await.unwrap();
        let stored = memory.request(&key).await.unwrap().unwrap();
        assert_eq!(stored.confided.contact.is_some(), key_lives, "the address opens only while its key lives");
    }
}

#[tokio::test]
async fn a_sweep_that_crashes_at_any_step_leaves_no_deletion_without_evidence_and_none_false() {
    let policy = build::policy();
    let ada = build::mail("ada@example.com");
    for crash_after in 0.. {
        let memory = Memory::new();
        let ids = registered(&policy, &memory, &ada, true).await;
        let subject = memory.controller(&policy.controller).await.unwrap().pepper.subject(&ada);
        let controllers = [policy.controller.clone()];

        memory.fail_after(crash_after);
        let first = purge::sweep(&memory, &controllers, &Run::to_the_end(day(100))).await;
        memory.recover();
        // The next hour's sweep settles what the crash left, and takes the rest.
        purge::sweep(&memory, &controllers, &Run::to_the_end(day(100) + 1.hour())).await.unwrap();

        let standing: Vec<_> =
            memory.records(&policy.controller, &subject).await.unwrap().into_iter().map(|record| record.id).collect();
        let certified = deleted_by_certificates(&memory);
        for id in &ids {
            assert_ne!(standing.contains(id), certified.contains(id), "after {crash_after} calls: {id}");
        }
        assert_eq!(certified.len(), 2, "the two logs were due, the account and the invoice were not");
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_breach_that_crashes_at_any_step_leaves_nobody_untold() {
    let policy = build::policy();
    let people = ["ada@example.com", "grace@example.com"].map(build::mail);
    for crash_after in 0.. {
        let memory = Memory::new();
        for who in &people {
            records::register(&policy, &memory, form(who, "server-log", "security", "log", System::Habeas))
                .await
                .unwrap();
        }
        let nameless = Identifier::parse(domain::ids::IdentifierKind::Ip, "192.0.2.7").unwrap();
        records::register(&policy, &memory, form(&nameless, "server-log", "security", "log", System::Habeas))
            .await
            .unwrap();
        let declared = breach::declare(&policy, &memory, declaration()).await.unwrap();
        breach::act(&policy, &memory, &declared.breach.id, 0, build::telling(day(3))).await.unwrap();

        memory.fail_after(crash_after);
        let first = tell_all(&policy, &memory, &declared.breach.id).await;
        memory.recover();
        tell_all(&policy, &memory, &declared.breach.id).await.unwrap();

        let mut told: Vec<String> = memory.sent().iter().map(|mail| mail.to.disclose().clone()).collect();
        told.sort();
        let twice = told.len() - 2;
        told.dedup();
        assert_eq!(told, ["ada@example.com", "grace@example.com"]);
        assert!(twice <= 1, "only the send in doubt may be told twice");
        assert_eq!(memory.alerts(&policy.controller).await.unwrap().len(), 1, "who has no address is told in public");
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

fn declaration() -> DeclareBreach {
    let Breach { title, times, facts, declared_by, .. } = build::breach("breach", day(0));
    DeclareBreach { title, times, facts, signals: BTreeSet::new(), declared_by, key: "breach".into(), at: day(3) }
}

/// What the relay and the queue bring about: scope every segment, then tell each person found.
async fn tell_all(policy: &Policy, memory: &Memory, id: &domain::ids::BreachId) -> Result<(), PortError> {
    for segment in 0..SCOPE_SEGMENTS {
        let mut from: Option<String> = None;
        loop {
            from = breach::scope(policy, memory, id, segment, from, day(3)).await?;
            if from.is_none() {
                break;
            }
        }
    }
    let notices = memory.notices(&policy.controller, &Announcement::Breach(id.clone())).await?;
    let subjects: Vec<_> = notices.into_iter().map(|notice| notice.subject).collect();
    // A moment without doubts: what was begun is nobody's any more.
    let sender = Sender { doubt: SignedDuration::ZERO, now: &|| day(3), has_time: &|| true, tries: 0 };
    let told = breach_telling::tell(policy, memory, id, &subjects, (&sender, false)).await?;
    told.error.map_or(Ok(()), Err)
}
