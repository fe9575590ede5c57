//! The use cases, on ports in memory: who gets what, and who does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use app::{
    capture_consent::{self, CaptureConsent, CaptureError},
    deadlines,
    fulfil_request::{self, WITHHELD},
    holds::{self, HoldKey, PlaceHold},
    keys::Keys,
    purge::{self, Run},
    read_consents,
    receive_request::{self, ReceiveError, ReceiveRequest},
    records::{self, RecordError, RecordStore, RegisterRecord, SubjectEvent},
    requests::{self, RequestLog},
};
use domain::{
    consent::Choice,
    dsar::{Outcome, RequestType, Stage},
    hold::{HoldReason, ScopeAsked},
    ids::{Field, Identifier, IdentifierKind},
    policy::{Period, PolicyHash, VerificationRule},
    sensitive::Sensitive,
};
use jiff::{SpanFieldwise, Timestamp, ToSpan};
use testkit::{Memory, build};

const URL: &str = "https://privacy.example";

fn at(text: &str) -> Timestamp {
    build::at(text)
}

fn capture_form(who: Identifier, choices: &[(&str, Choice)], key: &str, when: &str) -> CaptureConsent {
    build::capture(who, choices, key, at(when))
}

#[tokio::test]
async fn a_retry_answers_the_first_receipt_and_another_form_under_its_key_is_refused() {
    let (policy, memory) = (build::policy(), Memory::new());
    let ada = || build::mail("ada@example.com");
    let given = [("marketing", Choice::Given)];
    let first = capture_consent::capture(&policy, &memory, capture_form(ada(), &given, "k", "2026-01-01T10:00:00Z"));
    let first = first.await.unwrap();
    let retry = capture_consent::capture(&policy, &memory, capture_form(ada(), &given, "k", "2026-01-01T10:00:09Z"));
    let retry = retry.await.unwrap();
    assert!(!first.replayed && retry.replayed);
    assert_eq!(first.event, retry.event, "the first time stands");
    let refused = [("marketing", Choice::Refused)];
    let other = capture_consent::capture(&policy, &memory, capture_form(ada(), &refused, "k", "2026-01-01T10:00:09Z"));
    assert!(matches!(other.await, Err(CaptureError::KeyReused)));
}

#[tokio::test]
async fn a_capture_is_one_write_and_no_read() {
    let (policy, memory) = (build::policy(), Memory::new());
    let form = |key: &str| {
        capture_form(build::mail("ada@example.com"), &[("marketing", Choice::Given)], key, "2026-01-01T10:00:00Z")
    };
    for key in ["1", "2"] {
        let before = memory.calls();
        capture_consent::capture(&policy, &memory, form(key)).await.unwrap();
        // The controller's keys, which an environment holds after its first event, and the one write.
        assert_eq!(memory.calls() - before, 2);
    }
}

#[tokio::test]
async fn a_receipt_for_a_typed_address_opens_no_more_than_itself() {
    let (policy, memory) = (build::policy(), Memory::new());
    let ada = || build::mail("ada@example.com");
    let profiling = capture_form(ada(), &[("profiling", Choice::Given)], "1", "2026-01-01T10:00:00Z");
    capture_consent::capture(&policy, &memory, profiling).await.unwrap();
    // Somebody else types the same address.
    let stranger = capture_form(ada(), &[("marketing", Choice::Refused)], "2", "2026-01-02T10:00:00Z");
    let receipt = capture_consent::capture(&policy, &memory, stranger).await.unwrap();
    let now = at("2026-01-03T10:00:00Z");
    let state = read_consents::read(&policy, &memory, &receipt.token, now).await.unwrap();
    assert_eq!(state.keys().map(ToString::to_string).collect::<Vec<_>>(), ["marketing"]);
    // A random cookie is known to its holder alone, so it opens all.
    let cookie = || Identifier::parse(IdentifierKind::Cookie, "7f3a9b1c2d4e5f60").unwrap();
    for (key, name) in [("3", "marketing"), ("4", "profiling")] {
        let form = capture_form(cookie(), &[(name, Choice::Given)], key, "2026-01-01T10:00:00Z");
        let receipt = capture_consent::capture(&policy, &memory, form).await.unwrap();
        let opened = read_consents::read(&policy, &memory, &receipt.token, now).await.unwrap();
        assert_eq!(opened.len(), if key == "3" { 1 } else { 2 });
    }
    let far = at("2030-01-01T00:00:00Z");
    assert!(read_consents::read(&policy, &memory, &receipt.token, far).await.is_err(), "tokens expire by now");
}

fn request_form(who: Identifier, request: RequestType, points: &[(&str, &str)]) -> ReceiveRequest {
    ReceiveRequest {
        points: points
            .iter()
            .map(|(field, value)| (Field::parse(field).unwrap(), Sensitive::new((*value).to_owned())))
            .collect(),
        ..ReceiveRequest::new(request, who, "key".into(), at("2026-01-31T12:00:00Z"))
    }
}

fn record_form(who: Identifier, category: &str, purpose: &str, fields: &[(&str, &str)]) -> RegisterRecord {
    RegisterRecord {
        fields: build::fields(fields),
        ..build::registration(who, (category, purpose), &format!("{category}-1"), at("2026-01-01T10:00:00Z"))
    }
}

#[tokio::test]
async fn the_answer_is_the_same_whether_or_not_the_person_is_known() {
    let policy = build::policy();
    let mut answers = Vec::new();
    for known in [false, true] {
        let memory = Memory::new();
        if known {
            let form =
                record_form(build::mail("ada@example.com"), "account", "contract", &[("email", "ada@example.com")]);
            records::register(&policy, &memory, form).await.unwrap();
        }
        let before = memory.calls();
        let form = request_form(build::mail("ada@example.com"), RequestType::Access, &[]);
        let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
        assert_eq!(answer.last_day, "2026-03-02", "28 February 2026 is a Saturday");
        answers.push((answer, memory.calls() - before));
    }
    assert_eq!(answers[0], answers[1], "the same words after the same calls");
}

#[tokio::test]
async fn a_stranger_who_opens_no_mailbox_gets_nothing() {
    let (policy, memory) = (build::policy(), Memory::new());
    let form = request_form(build::mail("ada@example.com"), RequestType::Access, &[]);
    let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    assert!(memory.exports().is_empty());
    let now = at("2026-02-01T00:00:00Z");
    let id = &answer.request.request;
    // The token of the status does not verify, and that of another request opens nothing here.
    assert!(requests::verify(&policy, &memory, id, &answer.token, now).await.is_err());
    let state = requests::look(&policy, &memory, id, &answer.token, now).await.unwrap().1.state;
    assert_eq!(state.stage(), Stage::AwaitingVerification);
    let other = request_form(build::mail("eve@example.com"), RequestType::Access, &[]);
    let other = receive_request::receive(&policy, &memory, other).await.unwrap();
    assert!(requests::look(&policy, &memory, id, &other.token, now).await.is_err());
}

#[tokio::test]
async fn points_verify_only_when_enough_distinct_ones_match() {
    let mut policy = build::policy();
    if let Some(rule) = policy.rights.get_mut(&RequestType::Erasure) {
        rule.verification = VerificationRule::Points(2);
    }
    let stored = [("transcript", "Where is my parcel?"), ("name", "Ada Lovelace")];
    for (points, outcome) in [
        (vec![("name", " ada  lovelace "), ("transcript", "where is MY parcel?")], "erased"),
        (vec![("name", "Ada Lovelace"), ("phone", "+33123456789")], "not-verified"),
        (vec![("name", "Where is my parcel?"), ("transcript", "Ada Lovelace")], "not-verified"),
    ] {
        let memory = Memory::new();
        let form = record_form(build::mail("ada@example.com"), "chat-session", "support", &stored);
        records::register(&policy, &memory, RegisterRecord { occurred_at: at("2026-01-31T11:50:00Z"), ..form })
            .await
            .unwrap();
        let form = request_form(build::mail("ada@example.com"), RequestType::Erasure, &points);
        let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
        let decided = fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
        assert_eq!(decided.unwrap().as_str(), outcome, "{points:?}");
    }
    let memory = Memory::new();
    let form = request_form(build::mail("ada@example.com"), RequestType::Erasure, &[("name", "Ada Lovelace")]);
    let refused = receive_request::receive(&policy, &memory, form).await;
    assert!(matches!(refused, Err(ReceiveError::PointsNeeded(2))));
}

#[tokio::test]
async fn a_refusal_of_the_policy_is_answered_at_once_with_what_is_offered() {
    let (policy, memory) = (build::policy(), Memory::new());
    let form = request_form(build::mail("ada@example.com"), RequestType::Portability, &[]);
    let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
    let (refusal, _) = answer.refusal.clone().unwrap();
    assert_eq!((refusal.code.as_str(), refusal.offer), ("NO_PORTABILITY", Some(RequestType::Access)));
    let decided = fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    assert!(matches!(decided, Some(Outcome::Refused(..))));
    let mails = memory.sent();
    assert_eq!(mails.len(), 1, "one answer, and no link that leads nowhere");
    assert!(mails[0].text.contains("supervisory authority"), "whoever is refused is told where to complain");
}

#[tokio::test]
async fn withdrawing_by_request_withdraws_every_consent() {
    let (policy, memory) = (build::policy(), Memory::new());
    let ada = build::mail("ada@example.com");
    let form = request_form(ada, RequestType::WithdrawConsent, &[]);
    let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
    let decided = fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    let Some(Outcome::Withdrawn(purposes)) = decided else { panic!("{decided:?}") };
    assert_eq!(purposes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["marketing", "profiling"]);
}

#[tokio::test]
async fn a_trigger_and_a_registration_find_each_other_in_either_order() {
    let policy = build::policy();
    let ada = || build::mail("ada@example.com");
    let mut ends = Vec::new();
    for trigger_first in [false, true] {
        let memory = Memory::new();
        let subject = memory.controller(&policy.controller).await.unwrap().pepper.subject(&ada());
        let ended = SubjectEvent {
            subject: subject.clone(),
            event: build::event("contract.ended"),
            purpose: None,
            occurred_at: at("2026-02-01T10:00:00Z"),
        };
        if trigger_first {
            records::note_event(&policy, &memory, &ended).await.unwrap();
        }
        records::register(&policy, &memory, record_form(ada(), "account", "contract", &[])).await.unwrap();
        if !trigger_first {
            records::note_event(&policy, &memory, &ended).await.unwrap();
        }
        let stored = memory.records(&policy.controller, &subject).await.unwrap();
        ends.push(stored[0].due_at.unwrap().to_string());
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0], "2026-03-03T10:00:00Z");
}

#[tokio::test]
async fn a_change_of_policy_revives_nothing_neither_by_an_event_nor_by_registering_again() {
    let old = build::policy();
    let mut new = old.clone();
    new.hash = PolicyHash::from_hex("bd".repeat(32));
    let rule = new.retention.get_mut(&(build::category("account"), build::purpose("contract"))).unwrap();
    let Period::UntilEvent { grace, .. } = &mut rule.period else { panic!("{rule:?}") };
    *grace = SpanFieldwise(3.years());
    let memory = Memory::new();
    let ada = || build::mail("ada@example.com");
    let registered = records::register(&old, &memory, record_form(ada(), "account", "contract", &[])).await.unwrap();
    let ended = |when| SubjectEvent {
        subject: registered.subject.clone(),
        event: build::event("contract.ended"),
        purpose: None,
        occurred_at: at(when),
    };
    records::note_event(&old, &memory, &ended("2026-02-01T10:00:00Z")).await.unwrap();
    let end = memory.records(&old.controller, &registered.subject).await.unwrap()[0].due_at;
    assert_eq!(end.unwrap().to_string(), "2026-03-03T10:00:00Z");

    // Past its end and not yet swept, when the policy has become longer.
    let noted = records::note_event(&new, &memory, &ended("2026-03-20T10:00:00Z")).await.unwrap();
    assert_eq!(noted.moved, 0);
    let again = records::register(&new, &memory, record_form(ada(), "account", "contract", &[])).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.due_at, end);
    let stored = memory.records(&old.controller, &registered.subject).await.unwrap();
    assert_eq!((stored[0].due_at, &stored[0].policy), (end, &old.hash));
}

#[tokio::test]
async fn what_the_policy_does_not_keep_is_not_taken_in() {
    let (policy, memory) = (build::policy(), Memory::new());
    let ada = || build::mail("ada@example.com");
    let no_rule = records::register(&policy, &memory, record_form(ada(), "server-log", "marketing", &[])).await;
    assert!(matches!(no_rule, Err(RecordError::NoRule(..))));
    let field =
        records::register(&policy, &memory, record_form(ada(), "server-log", "security", &[("email", "x")])).await;
    assert!(matches!(field, Err(RecordError::UnknownField(_))));
    let child = RegisterRecord { age: Some(12), ..record_form(ada(), "account", "contract", &[]) };
    assert!(matches!(records::register(&policy, &memory, child).await, Err(RecordError::Age(_))));
    let event = SubjectEvent {
        subject: build::subject("ada@example.com"),
        event: build::event("unheard.of"),
        purpose: None,
        occurred_at: at("2026-01-01T10:00:00Z"),
    };
    assert!(matches!(records::note_event(&policy, &memory, &event).await, Err(RecordError::UnknownEvent(_))));
}

#[tokio::test]
async fn a_hold_stops_the_sweep_and_the_erasure_and_binds_what_is_registered_later() {
    let (policy, memory) = (build::policy(), Memory::new());
    let ada = || build::mail("ada@example.com");
    records::register(&policy, &memory, record_form(ada(), "server-log", "security", &[])).await.unwrap();
    let form = PlaceHold {
        scope: ScopeAsked::Subject(ada()),
        reason: HoldReason::Investigation,
        ground: None,
        review_at: at("2026-12-01T00:00:00Z"),
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at: at("2026-01-02T00:00:00Z"),
    };
    let hold = holds::place(&policy, &memory, form).await.unwrap();
    let later =
        RegisterRecord { locator: Sensitive::new("log-2".into()), ..record_form(ada(), "server-log", "security", &[]) };
    assert!(records::register(&policy, &memory, later).await.unwrap().held);

    let controllers = [policy.controller.clone()];
    let swept = purge::sweep(&memory, &controllers, &Run::to_the_end(at("2027-01-01T00:00:00Z"))).await.unwrap();
    assert_eq!((swept.deleted, swept.failed), (0, 0));
    let answer =
        receive_request::receive(&policy, &memory, request_form(ada(), RequestType::Erasure, &[])).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    let text = memory.sent()[0].text.clone();
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    requests::verify(&policy, &memory, &answer.request.request, token, at("2026-02-01T00:00:00Z")).await.unwrap();
    let outcome =
        fulfil_request::fulfil(&policy, &memory, &answer.request, at("2026-02-01T00:00:00Z"), URL).await.unwrap();
    let Some(Outcome::Erased(items)) = outcome else { panic!("{outcome:?}") };
    assert!(items.iter().all(|item| item.result == domain::dsar::ItemResult::Held), "{items:?}");

    holds::release(&policy, &memory, &HoldKey::from(&hold), "officer-1", at("2026-06-01T00:00:00Z")).await.unwrap();
    let swept = purge::sweep(&memory, &controllers, &Run::to_the_end(at("2027-01-01T00:00:00Z"))).await.unwrap();
    assert_eq!(swept.deleted, 2);
}

#[tokio::test]
async fn a_dry_run_deletes_nothing_and_counts_everything() {
    let (policy, memory) = (build::policy(), Memory::new());
    records::register(&policy, &memory, record_form(build::mail("ada@example.com"), "server-log", "security", &[]))
        .await
        .unwrap();
    let controllers = [policy.controller.clone()];
    let dry = purge::dry_run(&memory, &Run::to_the_end(at("2027-01-01T00:00:00Z")), None).await.unwrap();
    assert_eq!((dry.due.values().sum::<u64>(), dry.sample.len(), dry.is_complete), (1, 1, true));
    assert!(memory.certificates().is_empty());
    let swept = purge::sweep(&memory, &controllers, &Run::to_the_end(at("2027-01-01T00:00:00Z"))).await.unwrap();
    assert_eq!((swept.due, swept.deleted), (1, 1));
}

#[tokio::test]
async fn a_password_leaves_by_no_export() {
    let (mut policy, memory) = (build::policy(), Memory::new());
    if let Some(category) = policy.categories.get_mut(&build::category("account")) {
        category.withheld = vec![Field::parse("password").unwrap()];
    }
    let fields = [("email", "ada@example.com"), ("password", "hunter2")];
    records::register(&policy, &memory, record_form(build::mail("ada@example.com"), "account", "contract", &fields))
        .await
        .unwrap();
    let form = request_form(build::mail("ada@example.com"), RequestType::Access, &[]);
    let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    let text = memory.sent()[0].text.clone();
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    requests::verify(&policy, &memory, &answer.request.request, token, at("2026-02-01T00:00:00Z")).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, at("2026-02-01T00:00:00Z"), URL).await.unwrap();
    let exported: BTreeMap<String, String> = memory.exported_fields().into_iter().collect();
    assert_eq!(exported.get("password").map(String::as_str), Some(WITHHELD));
    assert_eq!(exported.get("email").map(String::as_str), Some("ada@example.com"));
}

#[tokio::test]
async fn a_deadline_is_warned_of_once_for_each_urgency_until_the_request_is_answered() {
    let (policy, memory) = (build::policy(), Memory::new());
    let form = request_form(build::mail("ada@example.com"), RequestType::Complaint, &[]);
    let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    let stored = memory.request(&answer.request).await.unwrap().unwrap();
    assert_eq!(stored.state.stage(), Stage::WithOffice, "the office still owes an answer");
    let mut warned = Vec::new();
    for day in ["2026-02-10", "2026-02-26", "2026-02-27", "2026-03-03", "2026-03-04"] {
        let when = at(&format!("{day}T12:00:00Z"));
        let watch = async |dry_run| deadlines::watch(&memory, &[&policy], when, dry_run).await.unwrap();
        let (dry, run) = (watch(true).await, watch(false).await);
        assert_eq!((dry.at_risk, dry.missed, dry.warned), (run.at_risk, run.missed, 0));
        warned.push(run.warned);
    }
    assert_eq!(warned, [0, 1, 0, 1, 1], "and every day once it is late");
}

#[tokio::test]
async fn an_erasure_ends_what_was_agreed_to() {
    let (policy, memory) = (build::policy(), Memory::new());
    let ada = || build::mail("ada@example.com");
    let form = capture_form(
        ada(),
        &[("marketing", Choice::Given), ("profiling", Choice::Refused)],
        "k",
        "2026-01-01T10:00:00Z",
    );
    let receipt = capture_consent::capture(&policy, &memory, form).await.unwrap();
    let answer =
        receive_request::receive(&policy, &memory, request_form(ada(), RequestType::Erasure, &[])).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, answer.received.at, URL).await.unwrap();
    let text = memory.sent()[0].text.clone();
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    requests::verify(&policy, &memory, &answer.request.request, token, at("2026-02-01T00:00:00Z")).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &answer.request, at("2026-02-01T00:00:00Z"), URL).await.unwrap();
    let state = read_consents::read(&policy, &memory, &receipt.token, at("2026-02-02T00:00:00Z")).await.unwrap();
    let choices: Vec<_> = state.values().map(|current| current.choice.choice).collect();
    assert_eq!(choices, [Choice::Withdrawn, Choice::Refused]);
}

#[tokio::test]
async fn a_file_about_several_people_leaves_evidence_for_each_of_them() {
    let (policy, memory) = (build::policy(), Memory::new());
    let people: Vec<_> = (0..12).map(|n| build::mail(&format!("person-{n}@example.com"))).collect();
    for who in &people {
        // The same name in the same system: they share a meeting, a conversation, a household.
        records::register(&policy, &memory, record_form(who.clone(), "server-log", "security", &[])).await.unwrap();
    }
    let due = at("2026-06-01T00:00:00Z");
    let swept = purge::sweep(&memory, std::slice::from_ref(&policy.controller), &Run::to_the_end(due)).await.unwrap();
    assert_eq!(swept.deleted, people.len());
    let proved: std::collections::BTreeSet<_> = memory
        .certificates()
        .into_iter()
        .flat_map(|manifest| manifest.records.into_iter().map(|record| (record.subject, record.record)))
        .collect();
    assert_eq!(proved.len(), people.len(), "no deletion without its evidence");
}
