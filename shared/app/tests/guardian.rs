//! A child's consent counts from when its guardian agreed, and the guardian's address serves for one
//! mail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    capture_consent::{self, CaptureConsent, CaptureError, ConsentLedger, Receipt},
    capture_mail::{CaptureMail, CaptureMails},
    error::NotTaken,
    fulfil_request,
    guardian::{self, GUARDIAN_METHOD, GuardianError},
    mail::Handed,
    read_consents,
    receive_request::{self, ReceiveRequest},
    records::{self, RecordError, RegisterRecord},
    requests,
};
use domain::{
    consent::{Capture, CaptureRefused, Choice},
    dsar::RequestType,
    ids::CaptureId,
    policy::Policy,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, Said, build};

const URL: &str = "https://privacy.example";
const CHILD: &str = "child@example.com";
const PARENT: &str = "parent@example.com";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

fn form(age: u8, guardian: Option<&str>, choices: &[(&str, Choice)], key: &str, at: Timestamp) -> CaptureConsent {
    let form = build::capture(build::mail(CHILD), choices, key, at);
    let capture = Capture { age: Some(age), guardian: guardian.map(build::mail), ..form.capture };
    CaptureConsent { capture, ..form }
}

async fn chose(policy: &Policy, memory: &Memory, form: CaptureConsent) -> Receipt {
    capture_consent::capture(policy, memory, form).await.unwrap()
}

/// A child of fourteen agrees to two purposes and names a parent, who is written to.
async fn asked(policy: &Policy, memory: &Memory) -> (Receipt, String) {
    let both = [("marketing", Choice::Given), ("profiling", Choice::Given)];
    let receipt = chose(policy, memory, form(14, Some(PARENT), &both, "child", day(0))).await;
    guardian::ask(policy, memory, &receipt.event.subject, &receipt.event.id, URL).await.unwrap();
    (receipt, mailed_token(memory))
}

fn mailed_token(memory: &Memory) -> String {
    let text = memory.sent().last().unwrap().text.clone();
    text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

async fn given(policy: &Policy, memory: &Memory, receipt: &Receipt, at: Timestamp) -> Vec<String> {
    let state = read_consents::read(policy, memory, &receipt.token, at).await.unwrap();
    let given = state.iter().filter(|(_, state)| state.choice.choice == Choice::Given);
    given.map(|(purpose, _)| purpose.to_string()).collect()
}

#[tokio::test]
async fn a_child_alone_is_refused_and_one_that_names_itself_too() {
    let (policy, memory) = (build::policy(), Memory::new());
    let marketing = [("marketing", Choice::Given)];
    for (age, guardian, expected) in [
        (14, None, CaptureRefused::GuardianNeeded(16)),
        (12, Some(PARENT), CaptureRefused::TooYoung(13)),
        (14, Some("Child@Example.com"), CaptureRefused::GuardianIsSubject),
    ] {
        let refused = capture_consent::capture(&policy, &memory, form(age, guardian, &marketing, "k", day(0))).await;
        assert!(matches!(refused, Err(CaptureError::Refused(why)) if why == expected), "{age}");
    }
    // Who is of age needs nobody, and nobody is written to on their behalf.
    let receipt = chose(&policy, &memory, form(16, Some(PARENT), &marketing, "k", day(0))).await;
    assert_eq!(receipt.event.guardian, None);
    let address = memory
        .mail_address(&policy.controller, &receipt.event.subject, &receipt.event.id, CaptureMail::Guardian)
        .await
        .unwrap();
    assert_eq!(address, None);
}

#[tokio::test]
async fn what_a_child_gave_counts_once_its_guardian_agreed() {
    let (policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    assert!(given(&policy, &memory, &receipt, day(1)).await.is_empty());
    let question = guardian::question(&policy, &memory, &receipt.event.id, &token, day(1)).await.unwrap();
    assert_eq!(question.titles, ["News by mail", "Recommendations"]);
    assert!(given(&policy, &memory, &receipt, day(1)).await.is_empty(), "looking at the question answers nothing");

    let agreed = guardian::agree(&policy, &memory, &receipt.event.id, &token, day(2)).await.unwrap();
    assert_eq!((agreed.event.method.as_str(), agreed.event.at), (GUARDIAN_METHOD, day(2)));
    assert_eq!(given(&policy, &memory, &receipt, day(3)).await, ["marketing", "profiling"]);
    assert_eq!(given(&policy, &memory, &agreed, day(3)).await, ["marketing", "profiling"], "the guardian may look");
    let again = guardian::agree(&policy, &memory, &receipt.event.id, &token, day(4)).await.unwrap();
    assert!(!agreed.replayed && again.replayed);
    assert_eq!(again.event, agreed.event, "the first time stands");
}

#[tokio::test]
async fn the_guardian_is_written_to_once_and_the_address_is_gone_then() {
    let policy = build::policy();
    for crash_after in 0.. {
        let memory = Memory::new();
        let receipt =
            chose(&policy, &memory, form(14, Some(PARENT), &[("marketing", Choice::Given)], "k", day(0))).await;
        let (subject, capture) = (receipt.event.subject.clone(), receipt.event.id.clone());
        memory.fail_after(crash_after);
        let first = guardian::ask(&policy, &memory, &subject, &capture, URL).await;
        memory.recover();
        for _ in 0..2 {
            guardian::ask(&policy, &memory, &subject, &capture, URL).await.unwrap();
        }
        let mails = memory.sent();
        assert!((1..=2).contains(&mails.len()), "told once, twice only when in doubt: {}", mails.len());
        assert!(mails.iter().all(|mail| mail.to.disclose() == PARENT));
        assert_eq!(
            memory.mail_address(&policy.controller, &subject, &capture, CaptureMail::Guardian).await.unwrap(),
            None
        );
        if first.is_ok() {
            assert_eq!(mails.len(), 1);
            assert!(crash_after > 5, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_guardian_that_no_mail_reaches_is_tried_once_and_no_address_is_kept() {
    let (policy, memory) = (build::policy(), Memory::new());
    let receipt = chose(&policy, &memory, form(14, Some(PARENT), &[("marketing", Choice::Given)], "k", day(0))).await;
    let (subject, capture) = (&receipt.event.subject, &receipt.event.id);
    memory.mail_service(|_| Some(Said::Refused(NotTaken::Address)));
    assert_eq!(guardian::ask(&policy, &memory, subject, capture, URL).await.unwrap(), Handed::Refused);
    let address = memory.mail_address(&policy.controller, subject, capture, CaptureMail::Guardian).await.unwrap();
    assert_eq!(address, None);
    assert_eq!(guardian::ask(&policy, &memory, subject, capture, URL).await.unwrap(), Handed::Over, "nothing is left");
}

#[tokio::test]
async fn the_letter_names_nobody_and_says_what_until_when_and_what_else() {
    let (policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    let mail = memory.sent().remove(0);
    assert!(!mail.text.contains("child@") && !mail.subject.contains("child"), "the address may be a stranger's");
    for part in ["News by mail", "Recommendations", "2026-01-15", "privacy@acme.example", receipt.event.id.as_str()] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    assert!(mail.text.contains(&format!("{URL}/acme/v1/consents/{}/guardian?token={token}", receipt.event.id)));
}

#[tokio::test]
async fn the_agreement_expires_and_then_nothing_counts() {
    let (policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    let late = guardian::agree(&policy, &memory, &receipt.event.id, &token, day(14)).await;
    assert!(matches!(late, Err(GuardianError::Token(_))));
    assert!(given(&policy, &memory, &receipt, day(15)).await.is_empty());
    guardian::agree(&policy, &memory, &receipt.event.id, &token, day(14) - 1.second()).await.unwrap();
}

#[tokio::test]
async fn only_the_mailed_token_agrees_and_only_to_its_own_capture() {
    let (policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    let other = chose(&policy, &memory, form(14, Some(PARENT), &[("marketing", Choice::Given)], "2", day(0))).await;
    let unknown = CaptureId::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    for (capture, token) in [
        (&receipt.event.id, &receipt.token),
        (&other.event.id, &token),
        (&unknown, &token),
        (&receipt.event.id, &String::new()),
    ] {
        let refused = guardian::agree(&policy, &memory, capture, token, day(1)).await;
        assert!(matches!(refused, Err(GuardianError::Token(_))), "{refused:?}");
    }
    // The guardian's token opens the question and no more of the child's.
    assert!(read_consents::read(&policy, &memory, &token, day(1)).await.is_err());
}

#[tokio::test]
async fn what_the_child_takes_back_is_not_agreed_to_any_more() {
    let (policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    let back = |name: &'static str, n| form(14, None, &[(name, Choice::Withdrawn)], name, day(n));
    chose(&policy, &memory, back("marketing", 1)).await;
    let agreed = guardian::agree(&policy, &memory, &receipt.event.id, &token, day(2)).await.unwrap();
    assert_eq!(agreed.event.choices.keys().map(ToString::to_string).collect::<Vec<_>>(), ["profiling"]);
    assert_eq!(given(&policy, &memory, &receipt, day(3)).await, ["profiling"]);
    chose(&policy, &memory, back("profiling", 4)).await;
    assert!(given(&policy, &memory, &receipt, day(5)).await.is_empty());
}

#[tokio::test]
async fn whoever_took_everything_back_is_not_asked_about_and_the_address_goes() {
    let (policy, memory) = (build::policy(), Memory::new());
    let receipt = chose(&policy, &memory, form(14, Some(PARENT), &[("marketing", Choice::Given)], "1", day(0))).await;
    chose(&policy, &memory, form(14, None, &[("marketing", Choice::Withdrawn)], "2", day(0))).await;
    let (subject, capture) = (&receipt.event.subject, &receipt.event.id);
    guardian::ask(&policy, &memory, subject, capture, URL).await.unwrap();
    assert!(memory.sent().is_empty());
    assert_eq!(memory.mail_address(&policy.controller, subject, capture, CaptureMail::Guardian).await.unwrap(), None);
}

#[tokio::test]
async fn an_erasure_ends_what_waits_for_a_guardian() {
    let (policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    let form = ReceiveRequest::new(RequestType::Erasure, build::mail(CHILD), "erase".into(), day(1));
    let request = receive_request::receive(&policy, &memory, form).await.unwrap().request;
    fulfil_request::fulfil(&policy, &memory, &request, day(1), URL).await.unwrap();
    requests::verify(&policy, &memory, &request.request, &mailed_token(&memory), day(2)).await.unwrap();
    fulfil_request::fulfil(&policy, &memory, &request, day(2), URL).await.unwrap();
    let late = guardian::agree(&policy, &memory, &receipt.event.id, &token, day(3)).await;
    assert!(matches!(late, Err(GuardianError::NothingLeft)), "{late:?}");
    assert!(given(&policy, &memory, &receipt, day(4)).await.is_empty());
}

#[tokio::test]
async fn a_notice_that_is_not_accepted_any_more_is_not_agreed_to() {
    let (mut policy, memory) = (build::policy(), Memory::new());
    let (receipt, token) = asked(&policy, &memory).await;
    policy.accepted_notices = vec!["2027-01".into()];
    let refused = guardian::agree(&policy, &memory, &receipt.event.id, &token, day(1)).await;
    assert!(matches!(refused, Err(GuardianError::Refused(CaptureRefused::NoticeUnknown))));
}

#[tokio::test]
async fn a_retry_answers_the_first_receipt_and_another_guardian_is_another_form() {
    let (policy, memory) = (build::policy(), Memory::new());
    let child = |guardian: &str| form(14, Some(guardian), &[("marketing", Choice::Given)], "k", day(0));
    let first = chose(&policy, &memory, child(PARENT)).await;
    let retry = chose(&policy, &memory, CaptureConsent { at: day(1), ..child(PARENT) }).await;
    assert!(retry.replayed && retry.event == first.event);
    let other = capture_consent::capture(&policy, &memory, child("other@example.com")).await;
    assert!(matches!(other, Err(CaptureError::KeyReused)));
    assert_eq!(memory.consents(&policy.controller, &first.event.subject).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_answer_is_the_same_whether_or_not_child_and_guardian_are_known() {
    let policy = build::policy();
    let mut answers = Vec::new();
    for known in [false, true] {
        let memory = Memory::new();
        if known {
            for (who, key) in [(CHILD, "1"), (PARENT, "2")] {
                let form = form(34, None, &[("profiling", Choice::Refused)], key, day(-9));
                chose(&policy, &memory, CaptureConsent { identifier: build::mail(who), ..form }).await;
            }
        }
        let before = memory.calls();
        let receipt =
            chose(&policy, &memory, form(14, Some(PARENT), &[("marketing", Choice::Given)], "k", day(0))).await;
        answers.push((receipt, memory.calls() - before));
    }
    assert_eq!(answers[0], answers[1], "the same words after the same calls");
}

fn record(purpose: &str, category: &str, age: u8, guardian: bool, at: Timestamp) -> RegisterRecord {
    RegisterRecord {
        age: Some(age),
        guardian,
        ..build::registration(build::mail(CHILD), (category, purpose), &format!("{category} {age} {at}"), at)
    }
}

#[tokio::test]
async fn a_childs_record_needs_an_agreement_in_the_ledger_or_a_system_that_vouches() {
    let (policy, memory) = (build::policy(), Memory::new());
    let register = async |form: RegisterRecord| records::register(&policy, &memory, form).await;
    let is_refused = |answer: &Result<records::Registered, RecordError>| {
        matches!(answer, Err(RecordError::Age(CaptureRefused::GuardianNeeded(16))))
    };
    assert!(is_refused(&register(record("contract", "account", 14, false, day(3))).await));
    assert!(matches!(
        register(record("contract", "account", 12, true, day(3))).await,
        Err(RecordError::Age(CaptureRefused::TooYoung(13)))
    ));
    register(record("contract", "account", 14, true, day(3))).await.unwrap();
    register(record("contract", "account", 16, false, day(3))).await.unwrap();

    let (receipt, token) = asked(&policy, &memory).await;
    assert!(is_refused(&register(record("contract", "account", 14, false, day(3))).await), "asked is not agreed");
    chose(&policy, &memory, form(14, None, &[("marketing", Choice::Withdrawn)], "back", day(1))).await;
    guardian::agree(&policy, &memory, &receipt.event.id, &token, day(2)).await.unwrap();
    register(record("contract", "account", 14, false, day(3))).await.unwrap();
    assert!(is_refused(&register(record("contract", "account", 14, false, day(1))).await), "it came before");
    // What rests on a consent needs the guardian's word on that very consent.
    assert!(is_refused(&register(record("marketing", "address", 14, false, day(3))).await));
}
