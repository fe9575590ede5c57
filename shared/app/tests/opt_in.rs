//! Nothing is written before the opt-in, and nothing stays after it is taken back, whoever is first.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    capture_consent::ConsentLedger,
    keys::Keys,
    purge::{self, Run},
    records::{self, RecordError, RecordStore, RegisterRecord, Registered},
};
use domain::{
    consent::Choice,
    ids::{Field, SubjectRef},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, at_once, build, consent_side};

const ADA: &str = "ada@example.com";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

fn form(category: &str, purpose: &str, fields: &[&str], at: Timestamp) -> RegisterRecord {
    RegisterRecord {
        fields: fields.iter().map(|name| (Field::parse(name).unwrap(), Sensitive::new("x".to_owned()))).collect(),
        ..build::registration(build::mail(ADA), (category, purpose), &format!("{category}-1"), at)
    }
}

fn characteristics(at: Timestamp) -> RegisterRecord {
    form("characteristics", "profiling", &["gender"], at)
}

async fn subject(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail(ADA))
}

async fn chosen(policy: &Policy, memory: &Memory, purpose: &str, choice: Choice, at: Timestamp) {
    let event = build::consent(&subject(policy, memory).await, &format!("{purpose} {at}"), at, &[(purpose, choice)]);
    memory.append_consent(&policy.controller, &event).await.unwrap();
}

/// What the stream brings about some time after a withdrawal was written.
async fn relayed(policy: &Policy, memory: &Memory, purpose: &str, at: Timestamp) -> usize {
    let subject = subject(policy, memory).await;
    let event = records::withdrawal_event(subject, build::purpose(purpose), at).unwrap();
    records::note_event(policy, memory, &event).await.unwrap().moved
}

async fn is_kept(policy: &Policy, memory: &Memory, at: Timestamp) -> bool {
    let controllers = [policy.controller.clone()];
    purge::sweep(memory, &controllers, &Run::to_the_end(at)).await.unwrap();
    !memory.records(&policy.controller, &subject(policy, memory).await).await.unwrap().is_empty()
}

async fn register(policy: &Policy, memory: &Memory, form: RegisterRecord) -> Result<Registered, RecordError> {
    records::register(policy, memory, form).await
}

#[tokio::test]
async fn nothing_is_written_before_the_opt_in() {
    use Choice::{Given, Refused, Withdrawn};
    let policy = consent_side();
    for (choices, expected) in [
        (vec![], false),
        (vec![(Given, 1)], true),
        (vec![(Given, 6)], false),
        (vec![(Refused, 1)], false),
        (vec![(Given, 1), (Refused, 2)], false),
        (vec![(Given, 1), (Withdrawn, 2)], false),
        (vec![(Given, 1), (Withdrawn, 2), (Given, 3)], true),
        (vec![(Given, 1), (Withdrawn, 6)], true),
    ] {
        let memory = Memory::new();
        for (choice, n) in &choices {
            chosen(&policy, &memory, "profiling", *choice, day(*n)).await;
        }
        let answer = register(&policy, &memory, characteristics(day(5))).await;
        assert_eq!(answer.is_ok(), expected, "{choices:?}: {answer:?}");
        if let Err(error) = answer {
            let RecordError::OptInMissing(purpose, clause) = &error else { panic!("{error:?}") };
            assert_eq!((purpose.as_str(), clause.as_str()), ("profiling", "test.characteristics"));
            assert!(error.to_string().contains("test.characteristics"), "the refusal names its clause");
            assert!(!is_kept(&policy, &memory, day(0)).await, "nothing was written");
        }
    }
}

#[tokio::test]
async fn another_purposes_consent_is_no_opt_in() {
    let (policy, memory) = (consent_side(), Memory::new());
    chosen(&policy, &memory, "marketing", Choice::Given, day(1)).await;
    assert!(matches!(register(&policy, &memory, characteristics(day(5))).await, Err(RecordError::OptInMissing(..))));
    register(&policy, &memory, form("survey", "support", &["answer"], day(5))).await.unwrap();
}

#[tokio::test]
async fn consents_are_read_only_where_the_policy_asks_for_an_opt_in() {
    let (policy, memory) = (consent_side(), Memory::new());
    chosen(&policy, &memory, "profiling", Choice::Given, day(1)).await;
    let mut calls = Vec::new();
    for form in [form("server-log", "security", &[], day(5)), characteristics(day(5))] {
        let before = memory.calls();
        register(&policy, &memory, form).await.unwrap();
        calls.push(memory.calls() - before);
    }
    // The consents, and the changes of the notice that may ask for them again.
    assert_eq!(calls[1], calls[0] + 2);
}

#[tokio::test]
async fn a_field_that_is_never_kept_is_refused_though_the_list_is_open() {
    let (policy, memory) = (consent_side(), Memory::new());
    chosen(&policy, &memory, "marketing", Choice::Given, day(1)).await;
    let refused = register(&policy, &memory, form("survey", "support", &["answer", "religion"], day(5))).await;
    let Err(RecordError::NeverKept(field, clause)) = refused else { panic!("{refused:?}") };
    assert_eq!((field.as_str(), clause.as_str()), ("religion", "test.survey"));
    assert!(!is_kept(&policy, &memory, day(5)).await);
}

#[tokio::test]
async fn what_was_written_on_an_opt_in_goes_with_it_though_it_is_kept_for_something_else() {
    for (category, purpose, opt_in) in
        [("characteristics", "profiling", "profiling"), ("survey", "support", "marketing")]
    {
        for withdrawn_first in [false, true] {
            let (policy, memory) = (consent_side(), Memory::new());
            chosen(&policy, &memory, opt_in, Choice::Given, day(1)).await;
            chosen(&policy, &memory, opt_in, Choice::Withdrawn, day(6)).await;
            // The registration comes late, or the withdrawal does.
            if withdrawn_first {
                relayed(&policy, &memory, opt_in, day(6)).await;
            }
            register(&policy, &memory, form(category, purpose, &[], day(5))).await.unwrap();
            if !withdrawn_first {
                assert_eq!(relayed(&policy, &memory, opt_in, day(6)).await, 1);
            }
            assert!(!is_kept(&policy, &memory, day(6)).await, "{category} {withdrawn_first}");
        }
    }
}

#[tokio::test]
async fn a_consent_that_was_given_again_keeps_what_was_written_on_it() {
    let (policy, memory) = (consent_side(), Memory::new());
    for (choice, n) in [(Choice::Given, 1), (Choice::Withdrawn, 2), (Choice::Given, 3)] {
        chosen(&policy, &memory, "profiling", choice, day(n)).await;
    }
    relayed(&policy, &memory, "profiling", day(2)).await;
    register(&policy, &memory, characteristics(day(5))).await.unwrap();
    // The same message once more.
    assert_eq!(relayed(&policy, &memory, "profiling", day(2)).await, 0);
    assert!(is_kept(&policy, &memory, day(1_000)).await);
}

/// Whatever step of a registration the withdrawal and its way through the stream fall between.
#[tokio::test]
async fn a_withdrawal_in_the_middle_of_a_registration_leaves_nothing_in_any_interleaving() {
    let mut refused = 0;
    // The withdrawal lies before the record's time or after it.
    for withdrawn_at in [day(4), day(6)] {
        for (written, relayed_at) in (0..12).flat_map(|written| (written..12).map(move |relayed| (written, relayed))) {
            let (policy, memory) = (consent_side(), Memory::new());
            chosen(&policy, &memory, "profiling", Choice::Given, day(1)).await;
            let other = policy.clone();
            memory.meanwhile(written, move |memory| {
                at_once(chosen(&other, memory, "profiling", Choice::Withdrawn, withdrawn_at));
            });
            let other = policy.clone();
            memory.meanwhile(relayed_at, move |memory| {
                at_once(relayed(&other, memory, "profiling", withdrawn_at));
            });
            let registered = register(&policy, &memory, characteristics(day(5))).await;
            refused += usize::from(registered.is_err());
            if !memory.nobody_else() {
                // It ended before the other began: the stream comes after.
                chosen(&policy, &memory, "profiling", Choice::Withdrawn, withdrawn_at).await;
                relayed(&policy, &memory, "profiling", withdrawn_at).await;
            }
            assert!(!is_kept(&policy, &memory, withdrawn_at.max(day(5))).await, "{written} {relayed_at}");
        }
    }
    assert!(refused > 0, "the earliest withdrawal is seen by the check itself");
}

#[tokio::test]
async fn what_is_imported_again_after_a_withdrawal_does_not_come_back() {
    let (policy, memory) = (consent_side(), Memory::new());
    let address = |locator: &str, at| RegisterRecord {
        locator: Sensitive::new(locator.to_owned()),
        ..form("address", "marketing", &["email"], at)
    };
    chosen(&policy, &memory, "marketing", Choice::Given, day(1)).await;
    chosen(&policy, &memory, "marketing", Choice::Withdrawn, day(3)).await;
    relayed(&policy, &memory, "marketing", day(3)).await;
    let imported = register(&policy, &memory, address("a", day(5))).await.unwrap();
    assert_eq!(imported.due_at, Some(day(5)), "it ends as it begins");
    chosen(&policy, &memory, "marketing", Choice::Given, day(6)).await;
    let agreed_to = register(&policy, &memory, address("b", day(7))).await.unwrap();
    assert_eq!(agreed_to.due_at, None, "a new consent keeps what comes after it");
}
