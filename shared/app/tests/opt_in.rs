//! Nothing is written before the opt-in, and nothing stays after it is taken back, whoever is first.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use app::{
    capture_consent::ConsentLedger,
    error::{Appended, PortError},
    keys::{ControllerKeys, Keys},
    purge,
    records::{self, Content, RecordError, RecordStore, RegisterRecord, Registered, Trigger},
};
use domain::{
    consent::{Choice, ConsentEvent},
    ids::{ControllerId, EventName, Field, Purpose, RecordId, SubjectRef},
    policy::Policy,
    record::{Record, SubjectHold, System},
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, build, consent_side};

const ADA: &str = "ada@example.com";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

fn form(category: &str, purpose: &str, fields: &[&str], at: Timestamp) -> RegisterRecord {
    RegisterRecord {
        identifier: build::mail(ADA),
        category: build::category(category),
        purpose: build::purpose(purpose),
        system: System::Habeas,
        locator: Sensitive::new(format!("{category}-1")),
        fields: fields.iter().map(|name| (Field::parse(name).unwrap(), Sensitive::new("x".to_owned()))).collect(),
        age: None,
        country: None,
        guardian: false,
        occurred_at: at,
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
    records::note_event(policy, memory, &event).await.unwrap()
}

async fn is_kept(policy: &Policy, memory: &Memory, at: Timestamp) -> bool {
    let controllers = [policy.controller.clone()];
    purge::sweep(memory, &controllers, at, false).await.unwrap();
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
    assert_eq!(calls[1], calls[0] + 1);
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

/// A registration that reads the ledger a moment before a withdrawal is written there.
#[tokio::test]
async fn a_withdrawal_that_was_still_being_written_deletes_what_was_registered_meanwhile() {
    for relayed_before_the_registration_ends in [false, true] {
        let (policy, memory) = (consent_side(), Memory::new());
        chosen(&policy, &memory, "profiling", Choice::Given, day(1)).await;
        if relayed_before_the_registration_ends {
            // The trigger stands before the registration reads triggers, and the withdrawal in the
            // ledger since: the first look at the ledger came before it.
            let early = Early { memory: &memory, policy: &policy };
            let registered = records::register(&policy, &early, characteristics(day(5))).await.unwrap();
            assert_eq!(registered.due_at, Some(day(5)));
        } else {
            register(&policy, &memory, characteristics(day(5))).await.unwrap();
            chosen(&policy, &memory, "profiling", Choice::Withdrawn, day(4)).await;
            assert_eq!(relayed(&policy, &memory, "profiling", day(4)).await, 1);
        }
        assert!(!is_kept(&policy, &memory, day(5)).await);
    }
}

/// Ports on which somebody withdraws right after the ledger was first read.
struct Early<'a> {
    memory: &'a Memory,
    policy: &'a Policy,
}

impl ConsentLedger for Early<'_> {
    async fn append_consent(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        self.memory.append_consent(controller, event).await
    }

    async fn consents(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<ConsentEvent>, PortError> {
        let read = self.memory.consents(controller, subject).await?;
        if read.len() == 1 {
            chosen(self.policy, self.memory, "profiling", Choice::Withdrawn, day(4)).await;
            relayed(self.policy, self.memory, "profiling", day(4)).await;
        }
        Ok(read)
    }
}

impl Keys for Early<'_> {
    async fn controller(&self, controller: &ControllerId) -> Result<Arc<ControllerKeys>, PortError> {
        self.memory.controller(controller).await
    }

    async fn destroy_subject_key(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        made_until: Timestamp,
    ) -> Result<(), PortError> {
        self.memory.destroy_subject_key(controller, subject, made_until).await
    }

    fn random(&self) -> Result<[u8; 16], PortError> {
        self.memory.random()
    }
}

impl RecordStore for Early<'_> {
    async fn insert_record(
        &self,
        controller: &ControllerId,
        record: &Record,
        content: &Content,
    ) -> Result<Appended<Record>, PortError> {
        self.memory.insert_record(controller, record, content).await
    }

    async fn records(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Record>, PortError> {
        self.memory.records(controller, subject).await
    }

    async fn content(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        record: &RecordId,
    ) -> Result<Option<Content>, PortError> {
        self.memory.content(controller, subject, record).await
    }

    async fn update_record(&self, controller: &ControllerId, record: &Record) -> Result<(), PortError> {
        self.memory.update_record(controller, record).await
    }

    async fn note_trigger(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        event: &EventName,
        purpose: Option<&Purpose>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        self.memory.note_trigger(controller, subject, event, purpose, at).await
    }

    async fn triggers(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Trigger>, PortError> {
        self.memory.triggers(controller, subject).await
    }

    async fn holds(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<SubjectHold>, PortError> {
        self.memory.holds(controller, subject).await
    }
}
