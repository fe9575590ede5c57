//! The clock of requests, on ports in memory: who is reminded of what and when, what lapses, and that nothing is
//! forgotten.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    deadlines::{self, Watched},
    error::NotTaken,
    fulfil_request,
    mail::MailTag,
    receive_request::{self, Acknowledgement, ReceiveRequest},
    request_clock::RequestClock,
    requests::{self, NewEntry, RequestError, RequestKey, RequestLog},
};
use domain::{
    dsar::{self, Act, Actor, Ask, Ending, ExtensionGround, Outcome, RequestType, Ruling, Stage, TaskEnd, VerifiedBy},
    ids::{StaffId, SystemId},
    policy::{Policy, Regime},
    standing::{Standing, UseAsked},
};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use testkit::{Memory, Said, build};

const URL: &str = "https://privacy.example";

fn day(n: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + (24 * n).hours()
}

fn policy() -> Policy {
    let mut policy = build::policy();
    policy.office.escalation = vec!["board@acme.example".into(), policy.contact_mail.clone()];
    policy
}

fn form(request: RequestType, key: &str) -> ReceiveRequest {
    ReceiveRequest::new(request, build::mail("ada@example.com"), key.into(), day(0))
}

async fn asked(policy: &Policy, memory: &Memory, key: &str) -> Acknowledgement {
    receive_request::receive(policy, memory, form(RequestType::Objection, key)).await.unwrap()
}

async fn received(policy: &Policy, memory: &Memory, request: RequestType, key: &str) -> RequestKey {
    let key = receive_request::receive(policy, memory, form(request, key)).await.unwrap().request;
    fulfil_request::fulfil(policy, memory, &key, day(0), URL).await.unwrap();
    key
}

async fn watch(policy: &Policy, memory: &Memory, at: Timestamp) -> Watched {
    deadlines::watch(memory, &[policy], at, false).await.unwrap()
}

async fn append(policy: &Policy, memory: &Memory, key: &RequestKey, by: Actor, act: Act, at: Timestamp) {
    requests::record(policy, memory, key, |_| Some(NewEntry::new(at, by.clone(), act.clone()))).await.unwrap();
}

fn clerk() -> StaffId {
    StaffId::parse("clerk-1").unwrap()
}

/// Which mails came since, as address and subject.
fn mails(memory: &Memory, since: usize) -> Vec<(String, String)> {
    let sent = memory.sent().into_iter().skip(since);
    sent.map(|mail| (mail.to.disclose().clone(), mail.subject)).collect()
}

#[tokio::test]
async fn the_office_is_reminded_once_of_each_share_and_the_people_behind_it_from_the_last_on() {
    let (policy, memory) = (policy(), Memory::new());
    let key = received(&policy, &memory, RequestType::Complaint, "k").await;
    append(&policy, &memory, &key, Actor::Staff(clerk()), Act::Claimed, day(1)).await;
    let before = memory.sent().len();
    let mut told = Vec::new();
    // Every hour of 32 days, as the schedule does: the answer is due after the 2nd of March.
    for hour in 0..(24 * 32) {
        let watched = watch(&policy, &memory, day(0) + hour.hours()).await;
        assert_eq!(watched.requests.failed, 0);
        if watched.warned > 0 {
            told.push((hour / 24, watched.requests.reminded, watched.requests.escalated));
        }
    }
    let days: Vec<_> = told.iter().map(|(day, ..)| *day).collect();
    assert_eq!(days, [14, 22, 27, 28, 29, 30, 31], "{told:?}");
    assert_eq!(told.iter().map(|(_, office, _)| office).sum::<usize>(), 7);
    assert_eq!(told.iter().map(|(.., behind)| *behind).collect::<Vec<_>>(), [0, 0, 1, 1, 1, 1, 1]);
    let mails = mails(&memory, before);
    let to_board: Vec<_> = mails.iter().filter(|(to, _)| to == "board@acme.example").collect();
    assert!(to_board[0].1.ends_with("95 % of the time for an answer is gone"), "{to_board:?}");
    let mail = memory.sent().pop().unwrap();
    for part in [key.request.as_str(), "complaint", "with-office", "clerk-1", "GDPR Art. 12(3)"] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    assert!(!mail.text.contains("ada@") && !mail.text.contains("http"), "{}", mail.text);
    assert_eq!(
        MailTag::parse(&mail.tag),
        Some(MailTag::Deadline),
        "when it comes back, the requester is reached still"
    );
}

#[tokio::test]
async fn a_watch_that_was_away_reminds_of_where_it_stands_now_and_not_of_what_it_missed() {
    let (policy, memory) = (policy(), Memory::new());
    let key = received(&policy, &memory, RequestType::Complaint, "k").await;
    let before = memory.sent().len();
    assert_eq!(watch(&policy, &memory, day(25)).await.warned, 1);
    assert!(mails(&memory, before)[0].1.contains("80 %"));
    assert_eq!(watch(&policy, &memory, day(25)).await.warned, 0);
    // What came due just before an entry is not skipped by it.
    append(&policy, &memory, &key, Actor::Staff(clerk()), Act::Noted, day(28)).await;
    let watched = watch(&policy, &memory, day(28) + 10.minutes()).await;
    assert_eq!((watched.requests.reminded, watched.requests.escalated), (1, 1));
    // An entry does not make anybody be told again.
    append(&policy, &memory, &key, Actor::Staff(clerk()), Act::Noted, day(28) + 1.hour()).await;
    assert_eq!(watch(&policy, &memory, day(28) + 2.hours()).await.warned, 0);
}

#[tokio::test]
async fn a_reminder_in_doubt_is_sent_again_and_one_that_went_out_is_not() {
    let (policy, memory) = (policy(), Memory::new());
    let key = received(&policy, &memory, RequestType::Complaint, "k").await;
    let stored = memory.request(&key).await.unwrap().unwrap();
    let due = dsar::due_of(&policy, &stored.state);
    let name = |percent| format!("{}-0", domain::dsar::Reminder::Share(percent).name(&stored.state, &due));
    memory.claim_mail(&key, &name(50), day(15)).await.unwrap();
    assert_eq!(watch(&policy, &memory, day(15)).await.warned, 1, "whoever claimed it never said that it went out");
    memory.claim_mail(&key, &name(80), day(25)).await.unwrap();
    memory.confirm_mail(&key, &name(80), day(25)).await.unwrap();
    assert_eq!(watch(&policy, &memory, day(25)).await.warned, 0);
}

#[tokio::test]
async fn an_office_that_no_mail_reaches_does_not_keep_it_from_the_people_behind_it() {
    let (policy, memory) = (policy(), Memory::new());
    received(&policy, &memory, RequestType::Complaint, "k").await;
    let office = policy.contact_mail.clone();
    memory.mail_service(move |mail| (*mail.to.disclose() == office).then_some(Said::Refused(NotTaken::Address)));
    let clocked = watch(&policy, &memory, day(28)).await.requests;
    assert_eq!((clocked.reminded, clocked.escalated, clocked.failed), (0, 1, 1));
    // It is tried again, and nobody is written to twice.
    let again = watch(&policy, &memory, day(28) + 1.hour()).await.requests;
    assert_eq!((again.reminded, again.escalated, again.failed), (0, 0, 1));
}

#[tokio::test]
async fn a_request_that_nobody_confirms_lapses_with_a_letter() {
    let (policy, memory) = (policy(), Memory::new());
    let key = received(&policy, &memory, RequestType::Access, "k").await;
    assert_eq!(watch(&policy, &memory, day(13)).await.requests.looked_at, 0);
    let dry = deadlines::watch(&memory, &[&policy], day(14), true).await.unwrap();
    assert_eq!(dry.requests.lapsed, 1);
    assert!(memory.state(&key).await.unwrap().unwrap().stage().is_open(), "a dry run ends nothing");
    let watched = watch(&policy, &memory, day(14)).await;
    assert_eq!((watched.requests.lapsed, watched.warned), (1, 0));
    let state = memory.state(&key).await.unwrap().unwrap();
    assert_eq!((state.stage(), state.ending()), (Stage::Lapsed, Some(Ending::Lapsed)));
    let before = memory.sent().len();
    for _ in 0..2 {
        fulfil_request::fulfil(&policy, &memory, &key, day(14), URL).await.unwrap();
    }
    let letters = mails(&memory, before);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].0, "ada@example.com");
    assert_eq!(watch(&policy, &memory, day(400)).await.requests.looked_at, 0, "nothing calls for what is closed");
}

#[tokio::test]
async fn a_question_that_stays_open_is_called_to_mind_and_ends_nothing_by_itself() {
    let (policy, memory) = (policy(), Memory::new());
    let key = received(&policy, &memory, RequestType::Complaint, "k").await;
    append(&policy, &memory, &key, Actor::Staff(clerk()), Act::Asked(Ask::Clarification), day(1)).await;
    let before = memory.sent().len();
    for n in 2..34 {
        watch(&policy, &memory, day(n)).await;
    }
    let unanswered = mails(&memory, before);
    assert_eq!(unanswered.iter().filter(|(_, what)| what.contains("not answered your question")).count(), 1);
    assert_eq!(memory.state(&key).await.unwrap().unwrap().stage(), Stage::AwaitingRequester);
}

#[tokio::test]
async fn what_is_open_and_late_is_counted_in_every_run_and_not_only_when_it_is_looked_at() {
    let (policy, memory) = (policy(), Memory::new());
    received(&policy, &memory, RequestType::Complaint, "1").await;
    received(&policy, &memory, RequestType::Objection, "2").await;
    for _ in 0..2 {
        let watched = watch(&policy, &memory, day(33)).await;
        let found = watched.requests;
        assert_eq!((found.open, found.overdue, watched.missed), (2, 2, 2));
        assert_eq!(found.oldest_hours, 33 * 24);
        assert!((96..120).contains(&found.latest_hours), "{found:?}");
    }
    assert_eq!(watch(&policy, &memory, day(33)).await.requests.looked_at, 0, "nothing more to do today");
    let risky = deadlines::watch(&Memory::new(), &[&policy], day(0), true).await.unwrap();
    assert_eq!(risky.requests, app::request_clock::Clocked::default());
}

#[tokio::test]
async fn a_request_of_nobodys_policy_stands_in_nobodys_way() {
    let (policy, memory) = (policy(), Memory::new());
    let key = received(&policy, &memory, RequestType::Complaint, "k").await;
    let watched = deadlines::watch(&memory, &[], day(20), false).await.unwrap();
    assert_eq!((watched.without_policy, watched.warned), (1, 0));
    assert_eq!(deadlines::watch(&memory, &[], day(20), false).await.unwrap().without_policy, 0);
    let shards = 0..app::request_clock::REQUEST_SHARDS;
    for shard in shards {
        for (due, next_at) in memory.due_requests(shard, day(30), 10).await.unwrap() {
            assert_eq!((due, next_at), (key.clone(), day(21)));
        }
    }
}

// Taking a request back.

#[tokio::test]
async fn whoever_asked_takes_it_back_once_and_is_told() {
    let (policy, memory) = (policy(), Memory::new());
    let (answer, other) = (asked(&policy, &memory, "1").await, asked(&policy, &memory, "2").await);
    let (id, key) = (&answer.request.request, &answer.request);
    let forged = requests::withdraw(&policy, &memory, id, &other.token, day(1)).await;
    assert!(matches!(forged, Err(RequestError::Token(_))), "another request's token takes back nothing");
    let before = memory.sent().len();
    for n in 1..3 {
        let stored = requests::withdraw(&policy, &memory, id, &answer.token, day(n)).await.unwrap();
        assert_eq!((stored.state.ending(), stored.state.closed_at()), (Some(Ending::Withdrawn), Some(day(1))));
        assert_eq!(stored.state.history.iter().filter(|entry| entry.act == Act::Withdrawn).count(), 1);
        fulfil_request::fulfil(&policy, &memory, key, day(n), URL).await.unwrap();
    }
    assert_eq!(mails(&memory, before).len(), 1);
    assert!(memory.state(&other.request).await.unwrap().unwrap().stage().is_open(), "the other one stays");
}

#[tokio::test]
async fn an_objection_that_is_taken_back_lets_the_use_go_on_from_then() {
    let (policy, memory) = (policy(), Memory::new());
    let answer = asked(&policy, &memory, "1").await;
    fulfil_request::fulfil(&policy, &memory, &answer.request, day(0), URL).await.unwrap();
    let allowed = async |at| {
        let requests: Vec<_> = memory.requests(&policy.controller, &answer.request.subject).await.unwrap();
        let states: Vec<_> = requests.into_iter().map(|(_, state)| state).collect();
        let security = build::purpose("security");
        Standing::at(&[], &states, &[], at).may_use(&policy, &UseAsked::new(security)).is_ok()
    };
    assert!(!allowed(day(1)).await);
    requests::withdraw(&policy, &memory, &answer.request.request, &answer.token, day(2)).await.unwrap();
    assert!(!allowed(day(1)).await && allowed(day(2)).await);
}

#[tokio::test]
async fn what_has_ended_is_not_taken_back() {
    let (policy, memory) = (policy(), Memory::new());
    let answer = asked(&policy, &memory, "1").await;
    append(&policy, &memory, &answer.request, Actor::Staff(clerk()), Act::Stopped, day(1)).await;
    let stored = requests::withdraw(&policy, &memory, &answer.request.request, &answer.token, day(2)).await.unwrap();
    assert_eq!(stored.state.ending(), Some(Ending::Stopped));
}

// Whatever happens, in whatever order, with the watch running or away.

fn moves() -> Vec<(Actor, Act)> {
    let one = || Actor::Staff(clerk());
    let crm = || SystemId::parse("crm").unwrap();
    vec![
        (Actor::Requester, Act::Verified(VerifiedBy::Mail)),
        (one(), Act::Asked(Ask::Identity)),
        (one(), Act::Asked(Ask::Clarification)),
        (Actor::Requester, Act::Replied(Ask::Identity)),
        (Actor::Requester, Act::Replied(Ask::Clarification)),
        (one(), Act::Claimed),
        (one(), Act::Noted),
        (one(), Act::RegimesChanged(vec![Regime::UkGdpr])),
        (one(), Act::RegimesChanged(vec![Regime::UsCa])),
        (one(), Act::Extended(ExtensionGround::Complexity)),
        (Actor::Product, Act::TasksOpened(vec![crm()])),
        (Actor::System(crm()), Act::TaskEnded(crm(), TaskEnd::NotFound)),
        (Actor::Product, Act::Decided(Outcome::WithOffice)),
        (one(), Act::Ruled(Ruling::Approve { except: Vec::new() })),
        (Actor::Product, Act::Decided(Outcome::Granted)),
        (one(), Act::Stopped),
    ]
}

async fn in_the_clock(memory: &Memory, key: &RequestKey) -> bool {
    for shard in 0..app::request_clock::REQUEST_SHARDS {
        let due = memory.due_requests(shard, Timestamp::MAX, 10).await.unwrap();
        if due.iter().any(|(due, _)| due == key) {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_open_is_without_a_next_date_and_nobody_is_told_twice(
        request in prop::sample::select(RequestType::ALL.to_vec()),
        steps in prop::collection::vec((0..moves().len(), 1..(24 * 9_i64), any::<bool>()), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let played: Result<(), TestCaseError> = runtime.block_on(async {
            let (policy, memory) = (policy(), Memory::new());
            let form = ReceiveRequest { about: None, ..form(request, "k") };
            // An appeal needs a decision to be against.
            let Ok(answer) = receive_request::receive(&policy, &memory, form).await else { return Ok(()) };
            let key = answer.request;
            let mut now = day(0);
            for (number, hours, is_watched) in steps {
                now += hours.hours();
                let (by, act) = moves()[number].clone();
                let next = |_: &_| Some(NewEntry::new(now, by.clone(), act.clone()));
                // What is refused changes nothing.
                let _ = requests::record(&policy, &memory, &key, next).await;
                if is_watched {
                    prop_assert_eq!(watch(&policy, &memory, now).await.requests.failed, 0);
                    let again = watch(&policy, &memory, now).await;
                    prop_assert_eq!((again.warned, again.requests.lapsed), (0, 0), "the same run twice does nothing more");
                }
                let state = memory.state(&key).await.unwrap().unwrap();
                prop_assert_eq!(in_the_clock(&memory, &key).await, state.stage().is_open());
            }
            let mut tags: Vec<_> = memory.sent().into_iter().map(|mail| (mail.to.disclose().clone(), mail.tag)).collect();
            let count = tags.len();
            tags.sort();
            tags.dedup();
            prop_assert_eq!(tags.len(), count, "each mail once");
            Ok(())
        });
        played?;
    }
}
