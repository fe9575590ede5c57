//! Whoever agrees by their mail address is told there, once, with a link that takes it back and needs
//! no login.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    capture_consent::{self, CaptureConsent, ConsentLedger, Receipt},
    capture_mail::{CaptureMail, CaptureMails},
    error::NotTaken,
    guardian,
    keys::Keys,
    mail::Handed,
    read_consents, requests,
    subscription::{self, UNSUBSCRIBE_METHOD, UnsubscribeError},
};
use domain::{
    consent::{Choice, ConsentEvent, fold},
    ids::{Identifier, IdentifierKind},
    policy::Policy,
};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use testkit::{Memory, Said, build};

const URL: &str = "https://privacy.example";
const ADA: &str = "ada@example.com";

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

/// The policy of the tests, which confirms the newsletter by mail and no other purpose.
fn policy() -> Policy {
    let mut policy = build::policy();
    policy.purposes.get_mut(&build::purpose("marketing")).unwrap().confirm_by_mail = true;
    policy
}

fn form(who: Identifier, choices: &[(&str, Choice)], key: &str, at: Timestamp) -> CaptureConsent {
    CaptureConsent { language: "fr".into(), method: "form:newsletter".into(), ..build::capture(who, choices, key, at) }
}

async fn chose(policy: &Policy, memory: &Memory, choices: &[(&str, Choice)], key: &str, at: Timestamp) -> Receipt {
    let receipt = capture_consent::capture(policy, memory, form(build::mail(ADA), choices, key, at)).await.unwrap();
    let address = memory
        .mail_address(&policy.controller, &receipt.event.subject, &receipt.event.id, CaptureMail::Confirmation)
        .await;
    if address.unwrap().is_some() {
        // As the relay and its queue do, twice at least.
        for _ in 0..2 {
            confirm(policy, memory, &receipt.event).await;
        }
    }
    receipt
}

async fn confirm(policy: &Policy, memory: &Memory, event: &ConsentEvent) {
    subscription::confirm(policy, memory, &event.subject, &event.id, URL).await.unwrap();
}

const NEWS: [(&str, Choice); 2] = [("marketing", Choice::Given), ("profiling", Choice::Given)];

async fn subscribed(policy: &Policy, memory: &Memory) -> (Receipt, String) {
    let receipt = chose(policy, memory, &NEWS, "form", day(0)).await;
    (receipt, mailed_token(memory))
}

fn mailed_token(memory: &Memory) -> String {
    let text = memory.sent().last().unwrap().text.clone();
    text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

async fn given(policy: &Policy, memory: &Memory, receipt: &Receipt) -> Vec<String> {
    let events = memory.consents(&policy.controller, &receipt.event.subject).await.unwrap();
    let given = fold(&events).into_iter().filter(|(_, state)| state.choice == Choice::Given);
    given.map(|(purpose, _)| purpose.to_string()).collect()
}

#[tokio::test]
async fn the_mail_says_who_what_and_the_way_out_and_names_nobody() {
    let (policy, memory) = (policy(), Memory::new());
    let (receipt, token) = subscribed(&policy, &memory).await;
    let [mail] = &memory.sent()[..] else { panic!("{:?}", memory.sent()) };
    assert_eq!(mail.to.disclose(), ADA);
    let link = format!("{URL}/acme/v1/consents/{}/unsubscribe?token={token}", receipt.event.id);
    for part in ["Acme", "News by mail", &link, "privacy@acme.example", "2027-01-01", receipt.event.id.as_str()] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    assert!(!mail.text.contains("Recommendations"), "what is not confirmed by mail is not spoken of");
    assert!(!mail.text.contains("ada") && !mail.subject.contains("ada"), "it may be a stranger's address");
    assert_eq!(mail.unsubscribe.as_deref(), Some(link.as_str()), "mail programs unsubscribe by the same link");
}

#[tokio::test]
async fn looking_takes_nothing_back_and_the_button_takes_back_what_was_named_and_no_more() {
    let (policy, memory) = (policy(), Memory::new());
    let (receipt, token) = subscribed(&policy, &memory).await;
    let capture = &receipt.event.id;
    let titles = subscription::offered(&policy, &memory, capture, &token, day(1)).await.unwrap();
    assert_eq!(titles, ["News by mail"]);
    assert_eq!(given(&policy, &memory, &receipt).await, ["marketing", "profiling"]);

    let marketing = BTreeSet::from([build::purpose("marketing")]);
    assert_eq!(subscription::unsubscribe(&policy, &memory, capture, &token, day(2)).await.unwrap(), marketing);
    assert_eq!(given(&policy, &memory, &receipt).await, ["profiling"]);
    let events = memory.consents(&policy.controller, &receipt.event.subject).await.unwrap();
    let withdrawn = events.iter().find(|event| event.method == UNSUBSCRIBE_METHOD).unwrap();
    assert_eq!((withdrawn.at, withdrawn.language.as_str()), (day(2), "fr"));
    assert_eq!(withdrawn.choices.keys().cloned().collect::<BTreeSet<_>>(), marketing);
    // Pressed again, it answers the same and writes nothing.
    assert_eq!(subscription::unsubscribe(&policy, &memory, capture, &token, day(3)).await.unwrap(), marketing);
    assert_eq!(memory.consents(&policy.controller, &receipt.event.subject).await.unwrap().len(), events.len());
}

#[tokio::test]
async fn two_presses_at_once_are_one_withdrawal() {
    let (policy, memory) = (policy(), Memory::new());
    let (receipt, token) = subscribed(&policy, &memory).await;
    let capture = &receipt.event.id;
    let (other_policy, other_token, other_capture) = (policy.clone(), token.clone(), capture.clone());
    // Before the last call of the first press, which is its write.
    memory.meanwhile(3, move |memory| {
        let pressed = subscription::unsubscribe(&other_policy, memory, &other_capture, &other_token, day(1));
        let mut pressed = std::pin::pin!(pressed);
        // Nothing in memory waits for anything.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(matches!(pressed.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(_))));
    });
    subscription::unsubscribe(&policy, &memory, capture, &token, day(1)).await.unwrap();
    assert!(memory.nobody_else(), "both pressed");
    assert_eq!(memory.consents(&policy.controller, &receipt.event.subject).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_link_of_an_earlier_subscription_ends_a_later_one_too() {
    let (policy, memory) = (policy(), Memory::new());
    let (receipt, token) = subscribed(&policy, &memory).await;
    let pressed =
        async |n| subscription::unsubscribe(&policy, &memory, &receipt.event.id, &token, day(n)).await.unwrap();
    pressed(1).await;
    chose(&policy, &memory, &[("marketing", Choice::Given)], "again", day(2)).await;
    assert_eq!(memory.sent().len(), 2, "it began anew, so it is confirmed anew");
    assert_eq!(given(&policy, &memory, &receipt).await, ["marketing", "profiling"]);
    pressed(3).await;
    assert_eq!(given(&policy, &memory, &receipt).await, ["profiling"]);
}

#[tokio::test]
async fn a_person_is_told_once_while_it_stands_given_however_often_the_form_is_sent() {
    let (policy, memory) = (policy(), Memory::new());
    for n in 0..5 {
        chose(&policy, &memory, &NEWS, &format!("form {n}"), day(n)).await;
    }
    assert_eq!(memory.sent().len(), 1);
    let subject = memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail(ADA));
    for event in memory.consents(&policy.controller, &subject).await.unwrap() {
        let address =
            memory.mail_address(&policy.controller, &subject, &event.id, CaptureMail::Confirmation).await.unwrap();
        assert_eq!(address, None, "no address is kept, told or not");
    }
}

#[tokio::test]
async fn a_crash_anywhere_leaves_nobody_untold_and_no_address_behind() {
    let policy = policy();
    for crash_after in 0.. {
        let memory = Memory::new();
        let receipt = capture_consent::capture(&policy, &memory, form(build::mail(ADA), &NEWS, "k", day(0))).await;
        let event = receipt.unwrap().event;
        memory.fail_after(crash_after);
        let first = subscription::confirm(&policy, &memory, &event.subject, &event.id, URL).await;
        memory.recover();
        for _ in 0..2 {
            confirm(&policy, &memory, &event).await;
        }
        let mails = memory.sent();
        assert!((1..=2).contains(&mails.len()), "told once, twice only when in doubt: {}", mails.len());
        let address = memory
            .mail_address(&policy.controller, &event.subject, &event.id, CaptureMail::Confirmation)
            .await
            .unwrap();
        assert_eq!(address, None);
        if first.is_ok() {
            assert_eq!(mails.len(), 1);
            assert!(crash_after > 5, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn who_no_mail_reaches_is_tried_once_and_no_address_is_kept() {
    let (policy, memory) = (policy(), Memory::new());
    let receipt = capture_consent::capture(&policy, &memory, form(build::mail(ADA), &NEWS, "k", day(0))).await;
    let event = receipt.unwrap().event;
    memory.mail_service(|_| Some(Said::Refused(NotTaken::Address)));
    let confirm = async || subscription::confirm(&policy, &memory, &event.subject, &event.id, URL).await.unwrap();
    assert_eq!(confirm().await, Handed::Refused);
    let address =
        memory.mail_address(&policy.controller, &event.subject, &event.id, CaptureMail::Confirmation).await.unwrap();
    assert_eq!(address, None);
    assert_eq!(confirm().await, Handed::Over, "nothing is left to send");
}

#[tokio::test]
async fn nobody_is_told_of_what_they_took_back_refused_or_were_not_promised_a_mail_for() {
    let (policy, memory) = (policy(), Memory::new());
    let taken = capture_consent::capture(&policy, &memory, form(build::mail(ADA), &NEWS, "1", day(0))).await.unwrap();
    chose(&policy, &memory, &[("marketing", Choice::Withdrawn)], "2", day(1)).await;
    confirm(&policy, &memory, &taken.event).await;
    chose(&policy, &memory, &[("marketing", Choice::Refused), ("profiling", Choice::Given)], "3", day(2)).await;
    let cookie = Identifier::parse(IdentifierKind::Cookie, "7f3a9b1c2d4e5f60").unwrap();
    capture_consent::capture(&policy, &memory, form(cookie, &NEWS, "4", day(3))).await.unwrap();
    assert!(memory.sent().is_empty());
    let kept = memory
        .mail_address(&policy.controller, &taken.event.subject, &taken.event.id, CaptureMail::Confirmation)
        .await
        .unwrap();
    assert_eq!(kept, None, "the address goes all the same");
}

#[tokio::test]
async fn a_child_is_not_told_before_its_guardian_has_agreed() {
    let (policy, memory) = (policy(), Memory::new());
    let mut child = form(build::mail(ADA), &NEWS, "k", day(0));
    child.capture.age = Some(14);
    child.capture.guardian = Some(build::mail("parent@example.com"));
    let event = capture_consent::capture(&policy, &memory, child).await.unwrap().event;
    assert_eq!(
        memory.mail_address(&policy.controller, &event.subject, &event.id, CaptureMail::Confirmation).await.unwrap(),
        None
    );
    guardian::ask(&policy, &memory, &event.subject, &event.id, URL).await.unwrap();
    confirm(&policy, &memory, &event).await;
    assert_eq!(memory.sent().len(), 1, "the guardian alone");
}

#[tokio::test]
async fn the_link_works_as_long_as_a_receipt_and_opens_nothing_else() {
    let (policy, memory) = (policy(), Memory::new());
    let (receipt, token) = subscribed(&policy, &memory).await;
    let capture = &receipt.event.id;
    let other = chose(&policy, &memory, &[("profiling", Choice::Given)], "other", day(0)).await;
    for (capture, token) in [(capture, &receipt.token), (&other.event.id, &token), (capture, &String::new())] {
        let refused = subscription::unsubscribe(&policy, &memory, capture, token, day(1)).await;
        assert!(matches!(refused, Err(UnsubscribeError::Token(_))), "{refused:?}");
    }
    assert!(read_consents::read(&policy, &memory, &token, day(1)).await.is_err());
    assert!(requests::look(&policy, &memory, &build::id("a request"), &token, day(1)).await.is_err());
    let late = subscription::unsubscribe(&policy, &memory, capture, &token, day(365)).await;
    assert!(matches!(late, Err(UnsubscribeError::Token(_))));
    subscription::unsubscribe(&policy, &memory, capture, &token, day(365) - 1.second()).await.unwrap();
}

#[tokio::test]
async fn the_answer_is_the_same_whether_or_not_the_person_is_known() {
    let policy = policy();
    let mut answers = Vec::new();
    for known in [false, true] {
        let memory = Memory::new();
        if known {
            chose(&policy, &memory, &NEWS, "before", day(-9)).await;
        }
        let before = memory.calls();
        let form = form(build::mail(ADA), &NEWS, "k", day(0));
        let receipt = capture_consent::capture(&policy, &memory, form).await.unwrap();
        answers.push((receipt, memory.calls() - before));
    }
    assert_eq!(answers[0], answers[1], "the same words after the same calls");
}

proptest! {
    #[test]
    fn whatever_is_sent_in_whatever_order_each_beginning_is_told_once(
        choices in prop::collection::vec(prop::sample::select(&Choice::ALL[..]), 1..12),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (policy, memory) = (policy(), Memory::new());
            let mut events = Vec::new();
            for (n, choice) in choices.iter().enumerate() {
                let form = form(build::mail(ADA), &[("marketing", *choice)], &n.to_string(), day(n as i64));
                events.push(capture_consent::capture(&policy, &memory, form).await.unwrap().event);
            }
            // Delivered twice, in an order from the seed.
            let mut delivered = [events.clone(), events.clone()].concat();
            let mut state = seed | 1;
            for n in (1..delivered.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                delivered.swap(n, (state >> 33) as usize % (n + 1));
            }
            for event in &delivered {
                confirm(&policy, &memory, event).await;
            }
            // All came before the first delivery: only a beginning that still stands is told.
            let stands = choices.last() == Some(&Choice::Given);
            assert_eq!(memory.sent().len(), usize::from(stands));
        });
    }
}
