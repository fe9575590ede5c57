//! What becomes of mail, on ports in memory: events late, twice and in any order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    announce::Announcements,
    error::PortError,
    fulfil_request,
    mail::{MailClaim, MailTag},
    mail_events::{self, Settled},
    requests::{self, Confided, NewEntry, RecordError, RequestKey, RequestLog},
    telling::{self, Claimed, DOUBT},
};
use domain::{
    announcement::{Announcement, Notice, NoticeState},
    dsar::{Act, Actor, Ask, Entry, RequestType, is_to_requester},
    ids::{ChangeId, RequestId, StaffId},
    mail::{MailFailure, MailFate},
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, build};

const ADA: &str = "ada@example.com";

const BOUNCED: MailFate = MailFate::Failed { failure: MailFailure::BouncePermanent, is_undelivered: true };
const AWAY: MailFate = MailFate::Failed { failure: MailFailure::BounceTransient, is_undelivered: true };
const COMPLAINED: MailFate = MailFate::Failed { failure: MailFailure::Complaint, is_undelivered: false };

fn minute(n: i64) -> Timestamp {
    build::at("2026-03-01T10:00:00Z") + n.minutes()
}

async fn asked(memory: &Memory) -> RequestKey {
    let policy = build::policy();
    let key = build::request(&policy.controller, &build::subject(ADA), "request-1");
    let received = build::received(RequestType::Access, minute(0));
    let confided = Confided {
        contact: Some(Sensitive::new(ADA.into())),
        identifier: Some(build::mail(ADA)),
        ..Confided::default()
    };
    let head = requests::head_of(&policy, &domain::dsar::RequestState::new(received.clone()));
    memory.receive(&key, &received, &confided, &build::id("form"), &head).await.unwrap();
    key
}

async fn settle(memory: &Memory, tag: &str, fate: MailFate, at: i64) -> Settled {
    let tag = MailTag::parse(tag).unwrap();
    mail_events::settle(&build::policy(), memory, &tag, fate, minute(at)).await.unwrap()
}

/// The mails of a request that failed, as its history has them.
async fn failed(memory: &Memory, key: &RequestKey) -> Vec<(String, MailFailure)> {
    let state = memory.request(key).await.unwrap().unwrap().state;
    state.failed_mails().map(|(_, mail, failure)| (mail.to_owned(), failure)).collect()
}

fn letter(key: &RequestKey, claim: &str) -> String {
    MailTag::of_letter(&key.request, claim)
}

const fn known(failure: MailFailure) -> Settled {
    Settled::Failed { failure, is_for_office: false }
}

#[tokio::test]
async fn a_send_in_doubt_is_settled_by_the_mail_services_word_and_not_sent_again() {
    for fate in [MailFate::Taken, BOUNCED] {
        let memory = Memory::new();
        let key = asked(&memory).await;
        // The sender died between handing it over and saying so.
        assert_eq!(memory.claim_mail(&key, "ACK", minute(0)).await.unwrap(), MailClaim::Fresh);
        assert_eq!(memory.claim_mail(&key, "ACK", minute(1)).await.unwrap(), MailClaim::InDoubt);
        settle(&memory, &letter(&key, "ACK"), fate, 2).await;
        assert_eq!(memory.claim_mail(&key, "ACK", minute(3)).await.unwrap(), MailClaim::Sent);
        // Another letter of the same request is not settled by it.
        assert_eq!(memory.claim_mail(&key, "ANSWER", minute(3)).await.unwrap(), MailClaim::Fresh);
    }
}

#[tokio::test]
async fn a_bounce_is_in_the_history_once_however_often_and_late_it_is_told() {
    let memory = Memory::new();
    let key = asked(&memory).await;
    let ack = letter(&key, "ACK");
    // Before the delivery of which it is the end, without any claim, and three times.
    assert_eq!(settle(&memory, &ack, BOUNCED, 5).await, known(MailFailure::BouncePermanent));
    for at in [5, 4, 9] {
        assert_eq!(settle(&memory, &ack, BOUNCED, at).await, Settled::Known);
    }
    assert_eq!(settle(&memory, &ack, MailFate::Taken, 1).await, Settled::Sent);
    assert_eq!(failed(&memory, &key).await, [("ack".to_owned(), MailFailure::BouncePermanent)]);
    let state = memory.request(&key).await.unwrap().unwrap().state;
    assert_eq!(state.unreachable_by_mail(), Some((minute(5), MailFailure::BouncePermanent)));
    assert!(state.stage().is_open(), "a bounce closes nothing: the answer is still owed");
}

#[tokio::test]
async fn a_permanent_bounce_is_not_lost_behind_a_passing_one_in_either_order() {
    for fates in [[AWAY, BOUNCED], [BOUNCED, AWAY]] {
        let memory = Memory::new();
        let key = asked(&memory).await;
        for fate in [fates[0], fates[1], fates[0], fates[1]] {
            settle(&memory, &letter(&key, "ACK"), fate, 1).await;
        }
        let failed: BTreeSet<_> = failed(&memory, &key).await.into_iter().map(|(_, failure)| failure).collect();
        assert_eq!(failed, BTreeSet::from([MailFailure::BouncePermanent, MailFailure::BounceTransient]));
        assert!(memory.request(&key).await.unwrap().unwrap().state.unreachable_by_mail().is_some());
    }
}

#[tokio::test]
async fn a_full_mailbox_or_a_recipient_who_bounces_ends_no_mail_to_the_requester() {
    let memory = Memory::new();
    let key = asked(&memory).await;
    settle(&memory, &letter(&key, "ACK"), AWAY, 1).await;
    settle(&memory, &letter(&key, "FOLLOW-ad-server"), BOUNCED, 2).await;
    settle(&memory, &letter(&key, "OFFICE"), COMPLAINED, 3).await;
    assert_eq!(failed(&memory, &key).await.len(), 3);
    assert_eq!(memory.request(&key).await.unwrap().unwrap().state.unreachable_by_mail(), None);
    settle(&memory, &letter(&key, "E-3"), COMPLAINED, 4).await;
    let state = memory.request(&key).await.unwrap().unwrap().state;
    assert_eq!(state.unreachable_by_mail(), Some((minute(4), MailFailure::Complaint)));
    assert!(is_to_requester("e-3") && is_to_requester("ack") && !is_to_requester("follow-ad-server"));
}

#[tokio::test]
async fn an_office_that_cannot_be_written_to_is_said_loudly() {
    let memory = Memory::new();
    let key = asked(&memory).await;
    let loud = Settled::Failed { failure: MailFailure::BouncePermanent, is_for_office: true };
    assert_eq!(settle(&memory, &letter(&key, "OFFICE"), BOUNCED, 1).await, loud);
    assert_eq!(settle(&memory, "deadline-request-x-missed", BOUNCED, 1).await, loud);
    assert_eq!(settle(&memory, "deadline-request-x-missed", MailFate::Taken, 1).await, Settled::Known);
}

#[tokio::test]
async fn an_event_of_a_request_that_is_no_more_or_of_another_controller_changes_nothing() {
    let memory = Memory::new();
    let unknown = MailTag::of_letter(&build::id::<RequestId>("never made"), "ACK");
    for fate in [MailFate::Taken, BOUNCED] {
        assert_eq!(settle(&memory, &unknown, fate, 1).await, Settled::Known);
    }
    let key = asked(&memory).await;
    let mut other = build::policy();
    other.controller = build::controller("other");
    let tag = MailTag::parse(&letter(&key, "ACK")).unwrap();
    let settled = mail_events::settle(&other, &memory, &tag, BOUNCED, minute(1)).await.unwrap();
    assert_eq!(settled, Settled::Known);
    assert_eq!(failed(&memory, &key).await, []);
    let capture = settle(&memory, "subscription-AAAAAAAAAAAAAAAAAAAAAA", COMPLAINED, 1).await;
    assert_eq!(capture, known(MailFailure::Complaint));
}

#[tokio::test]
async fn a_settlement_that_was_cut_off_goes_on_where_it_stopped() {
    for calls in 0..20 {
        let memory = Memory::new();
        let key = asked(&memory).await;
        memory.claim_mail(&key, "ACK", minute(0)).await.unwrap();
        let tag = MailTag::parse(&letter(&key, "ACK")).unwrap();
        let policy = build::policy();
        memory.fail_after(calls);
        let first = mail_events::settle(&policy, &memory, &tag, BOUNCED, minute(1)).await;
        memory.recover();
        if let Err(error) = &first {
            assert!(matches!(error, RecordError::Port(PortError::Unavailable { .. })), "{error}");
        }
        mail_events::settle(&policy, &memory, &tag, BOUNCED, minute(1)).await.unwrap();
        assert_eq!(failed(&memory, &key).await.len(), 1);
        assert_eq!(memory.claim_mail(&key, "ACK", minute(3)).await.unwrap(), MailClaim::Sent);
        if first.is_ok() {
            return;
        }
    }
    panic!("it never comes through");
}

/// Ada's notice of a change of the notice, and the tag of the mail about it.
async fn noticed(memory: &Memory) -> (Announcement, String) {
    let (policy, of) = (build::policy(), build::id::<ChangeId>("change"));
    let subject = build::subject(ADA);
    let tag = app::mail::tag_value(&format!("change-{of}-{subject}"));
    let of = Announcement::Change(of);
    memory.plan_notices(&policy.controller, &of, &BTreeSet::from([subject.clone()]), minute(0)).await.unwrap();
    let claimed = telling::claim(memory, &policy.controller, &of, &subject, DOUBT, minute(0)).await.unwrap();
    assert!(matches!(claimed, Claimed::Open(_)));
    (of, tag)
}

async fn state(memory: &Memory, of: &Announcement) -> NoticeState {
    let notices: Vec<Notice> = memory.notices(&build::policy().controller, of).await.unwrap();
    notices[0].state
}

#[tokio::test]
async fn a_notice_in_doubt_counts_as_sent_once_the_mail_service_has_it() {
    let memory = Memory::new();
    let (of, tag) = noticed(&memory).await;
    assert_eq!(settle(&memory, &tag, MailFate::Taken, 1).await, Settled::Sent);
    assert_eq!(state(&memory, &of).await, NoticeState::Sent);
    assert_eq!(settle(&memory, &tag, MailFate::Taken, 1).await, Settled::Known);
    let claimed =
        telling::claim(&memory, &build::policy().controller, &of, &build::subject(ADA), DOUBT, minute(2)).await;
    assert_eq!(claimed.unwrap(), Claimed::Done(NoticeState::Sent));
}

#[tokio::test]
async fn whom_a_notice_did_not_reach_the_public_one_tells_whatever_comes_after() {
    for is_confirmed_first in [true, false] {
        let memory = Memory::new();
        let policy = build::policy();
        let (of, tag) = noticed(&memory).await;
        let (ada, sent) = (build::subject(ADA), NoticeState::Sent);
        let confirm = || telling::confirm(&memory, &policy.controller, &of, &ada, sent, minute(1));
        if is_confirmed_first {
            confirm().await.unwrap();
        }
        assert_eq!(settle(&memory, &tag, AWAY, 2).await, known(MailFailure::BounceTransient));
        assert_eq!(settle(&memory, &tag, AWAY, 2).await, Settled::Known);
        confirm().await.unwrap();
        assert_eq!(settle(&memory, &tag, MailFate::Taken, 1).await, Settled::Known);
        assert_eq!(state(&memory, &of).await, NoticeState::NotReached);
        // Nobody writes there again.
        let claimed = telling::claim(&memory, &policy.controller, &of, &build::subject(ADA), DOUBT, minute(3)).await;
        assert_eq!(claimed.unwrap(), Claimed::Done(NoticeState::NotReached));
    }
}

#[tokio::test]
async fn who_complains_about_a_notice_has_got_it() {
    let memory = Memory::new();
    let (of, tag) = noticed(&memory).await;
    assert_eq!(settle(&memory, &tag, COMPLAINED, 1).await, known(MailFailure::Complaint));
    assert_eq!(state(&memory, &of).await, NoticeState::Sent);
    let nobody = app::mail::tag_value(&format!("change-{}-{}", build::id::<ChangeId>("other"), build::subject(ADA)));
    assert_eq!(settle(&memory, &nobody, BOUNCED, 1).await, Settled::Known);
}

#[tokio::test]
async fn a_letter_carries_the_name_that_leads_back_to_it_and_none_follows_one_that_came_back() {
    for fate in [MailFate::Taken, AWAY, BOUNCED, COMPLAINED] {
        let memory = Memory::new();
        let policy = build::policy();
        let key = asked(&memory).await;
        let fulfil =
            async |at| fulfil_request::fulfil(&policy, &memory, &key, minute(at), "https://privacy.example").await;
        fulfil(1).await.unwrap();
        let ack = memory.sent().pop().unwrap();
        assert_eq!((ack.controller, ack.tag.as_str()), (policy.controller.clone(), letter(&key, "ACK").as_str()));
        settle(&memory, &ack.tag, fate, 2).await;
        // The office asks something. The question is in the history and on the status page either way.
        let asked = requests::record(&policy, &memory, &key, |_| {
            let by = Actor::Staff(StaffId::parse("clerk-1").unwrap());
            Some(NewEntry { entry: Entry { at: minute(3), by, act: Act::Asked(Ask::Clarification) }, text: None })
        });
        let stored = asked.await.unwrap();
        fulfil(4).await.unwrap();
        let is_reachable = !matches!(fate, BOUNCED | COMPLAINED);
        assert_eq!(memory.sent().len(), if is_reachable { 2 } else { 1 }, "{fate:?}");
        assert_eq!(stored.address().is_some(), is_reachable);
        assert_eq!(
            stored.confided.contact,
            Some(Sensitive::new(ADA.into())),
            "the office still sees where they wrote from"
        );
    }
}
