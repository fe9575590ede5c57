//! The clock of breaches, on ports in memory: who is told of what and when.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    breach::{self, ActError, BreachStore, DeclareBreach},
    breach_clock::Clocked,
    deadlines,
    error::NotTaken,
    mail::MailTag,
};
use domain::{
    breach::{Act, Actor, Entry, Incident, Submission},
    clock::{Anchor, Duty, Law},
    ids::StaffId,
    policy::{Policy, Regime},
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, Said, build};

fn aware() -> Timestamp {
    build::at("2026-01-09T16:00:00Z")
}

fn hour(n: i64) -> Timestamp {
    aware() + n.hours()
}

fn policy() -> Policy {
    let mut policy = build::policy();
    policy.regimes = vec![Regime::EuGdpr];
    policy.office.escalation = vec!["board@acme.example".into(), policy.contact_mail.clone()];
    policy
}

async fn declared(policy: &Policy, memory: &Memory, times: Vec<(Anchor, Timestamp)>, laws: &[&str]) -> Incident {
    let made = build::breach("breach", aware() - 72.hours());
    let mut facts = made.facts;
    facts.laws = laws.iter().map(|id| Law::parse(id).unwrap()).collect();
    let form = DeclareBreach {
        title: "Ada's logs in public".into(),
        times,
        facts,
        signals: [].into(),
        declared_by: made.declared_by,
        key: "breach".into(),
        at: aware(),
    };
    breach::declare(policy, memory, form).await.unwrap()
}

async fn act(policy: &Policy, memory: &Memory, incident: &Incident, at: Timestamp, act: Act) -> Incident {
    let entry = Entry { at, by: Actor::Staff(StaffId::parse("officer-1").unwrap()), act };
    breach::act(policy, memory, &incident.breach.id, incident.version(), entry).await.unwrap()
}

fn notified(id: &str, duty: Duty, at: Timestamp) -> Act {
    let (to, reference) = ("them".into(), "1".into());
    Act::Notified(Submission { law: Law::parse(id).unwrap(), duty, to, at, reference, version: 0 })
}

async fn watch(policy: &Policy, memory: &Memory, at: Timestamp) -> Clocked {
    deadlines::watch(memory, &[policy], at, false).await.unwrap().breaches
}

/// Mails about one duty since, as hour, address and subject.
async fn mails_by_hour(
    policy: &Policy,
    memory: &Memory,
    minutes: std::ops::Range<i64>,
    what: &str,
) -> Vec<(i64, String, String)> {
    let mut found = Vec::new();
    for minute in minutes.step_by(10) {
        let before = memory.sent().len();
        assert_eq!(watch(policy, memory, aware() + minute.minutes()).await.failed, 0);
        for mail in memory.sent().into_iter().skip(before).filter(|mail| mail.tag.contains(what)) {
            found.push((minute, mail.to.disclose().clone(), mail.subject));
        }
    }
    found
}

#[tokio::test]
async fn each_clock_is_told_of_once_at_each_share_and_daily_once_it_ran_out() {
    let (policy, memory) = (policy(), Memory::new());
    declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    let told = mails_by_hour(&policy, &memory, 0..(60 * 100), "eu-gdpr-authority").await;
    let minutes = |to: &str| told.iter().filter(|(_, whom, _)| whom == to).map(|(at, ..)| *at).collect::<Vec<_>>();
    // Half of 72 hours, 80 % and 95 % of it, its end, and a day after.
    assert_eq!(minutes(&policy.contact_mail), [36 * 60, 3_460, 4_110, 72 * 60, 96 * 60], "{told:?}");
    assert_eq!(minutes("board@acme.example"), [4_110, 72 * 60, 96 * 60]);
    assert!(told[0].2.contains("50 % of the time to notify the authority is gone"), "{}", told[0].2);
    let mail = memory.sent().into_iter().find(|mail| mail.tag.contains("eu-gdpr-authority")).unwrap();
    assert!(mail.text.contains("GDPR Art. 33(1)") && !mail.text.contains("Ada"), "{}", mail.text);
    assert_eq!(MailTag::parse(&mail.tag), Some(MailTag::Deadline));
    assert!(memory.sent().iter().all(|mail| mail.tag.len() <= app::mail::TAG_BYTES_MAX));
}

#[tokio::test]
async fn a_clock_of_four_hours_is_warned_of_in_time() {
    let (policy, memory) = (policy(), Memory::new());
    let times = vec![(Anchor::Awareness, aware() - 1.hour()), (Anchor::Classification, aware())];
    declared(&policy, &memory, times, &["eu-dora"]).await;
    let told = mails_by_hour(&policy, &memory, 10..300, "eu-dora-authority").await;
    let office: Vec<_> = told.iter().filter(|(_, to, _)| *to == policy.contact_mail).map(|(at, ..)| *at).collect();
    assert_eq!(office, [120, 200, 230, 240]);
}

#[tokio::test]
async fn what_was_sent_or_moved_is_not_told_of_any_more() {
    let (policy, memory) = (policy(), Memory::new());
    let incident = declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    let told = mails_by_hour(&policy, &memory, 0..(60 * 37), "eu-gdpr-authority").await;
    assert_eq!(told.len(), 1);
    let incident =
        act(&policy, &memory, &incident, hour(40), notified("eu-gdpr", Duty::NotifyAuthority, hour(39))).await;
    assert!(mails_by_hour(&policy, &memory, (60 * 40)..(60 * 80), "eu-gdpr-authority").await.is_empty());
    // It turns out that it was known a day earlier: the people's clock is another, and is told of anew, at once.
    act(&policy, &memory, &incident, hour(80), Act::Happened(Anchor::Awareness, hour(-24))).await;
    let told = mails_by_hour(&policy, &memory, (60 * 80)..(60 * 80 + 20), "eu-gdpr-subjects").await;
    assert_eq!(told.len(), 2, "the office and the people behind it: {told:?}");
}

#[tokio::test]
async fn what_came_due_just_before_an_entry_is_not_swallowed_by_it() {
    let (policy, memory) = (policy(), Memory::new());
    let incident = declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    mails_by_hour(&policy, &memory, 0..(35 * 60), "").await;
    let before = memory.sent().len();
    // Half of the time was gone five minutes ago, and the next tick has not come.
    act(&policy, &memory, &incident, hour(36) + 5.minutes(), Act::Noted("Looking.".into())).await;
    watch(&policy, &memory, hour(36) + 10.minutes()).await;
    let sent = memory.sent();
    assert!(sent.iter().skip(before).any(|mail| mail.tag.contains("eu-gdpr-authority")), "{:?}", &sent[before..]);
    let after = memory.sent().len();
    watch(&policy, &memory, hour(36) + 20.minutes()).await;
    assert_eq!(memory.sent().len(), after);
}

#[tokio::test]
async fn a_breach_without_any_time_is_reminded_of_daily_and_counted() {
    let (policy, memory) = (policy(), Memory::new());
    declared(&policy, &memory, Vec::new(), &[]).await;
    let told = mails_by_hour(&policy, &memory, 0..(60 * 24 * 4), "unsettled").await;
    let office: Vec<_> = told.iter().filter(|(_, to, _)| *to == policy.contact_mail).map(|(at, ..)| at / 60).collect();
    assert_eq!(office, [24, 48, 72]);
    assert_eq!(told.len(), 4, "and the people behind it of the third: {told:?}");
    let counted = watch(&policy, &memory, hour(96)).await;
    assert_eq!((counted.open, counted.missed, counted.at_risk), (1, 0, 0));
}

#[tokio::test]
async fn what_runs_out_is_counted_in_every_run_and_a_dry_run_only_counts() {
    let (policy, memory) = (policy(), Memory::new());
    declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    let found = async |at| {
        let watched = deadlines::watch(&memory, &[&policy], at, true).await.unwrap();
        (watched.at_risk, watched.missed, watched.breaches.latest_hours)
    };
    assert_eq!(found(hour(47)).await, (0, 0, 0));
    assert_eq!(found(hour(48)).await, (2, 0, 0));
    assert_eq!(found(hour(75)).await, (0, 2, 3));
    assert!(memory.sent().is_empty());
    for at in [hour(75), hour(75) + 10.minutes()] {
        assert_eq!(watch(&policy, &memory, at).await.missed, 2);
    }
}

#[tokio::test]
async fn one_that_has_no_policy_or_cannot_be_read_holds_up_nobody() {
    let (policy, memory) = (policy(), Memory::new());
    let incident = declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    let watched = deadlines::watch(&memory, &[], hour(40), false).await.unwrap();
    assert_eq!((watched.without_policy, watched.breaches.looked_at), (1, 1));
    assert_eq!(deadlines::watch(&memory, &[], hour(41), false).await.unwrap().breaches.looked_at, 0);
    assert!(memory.breach(&policy.controller, &incident.breach.id).await.unwrap().unwrap().is_open());
}

#[tokio::test]
async fn an_office_that_no_mail_reaches_does_not_keep_it_from_the_people_behind_it() {
    let (policy, memory) = (policy(), Memory::new());
    declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    let office = policy.contact_mail.clone();
    memory.mail_service(move |mail| (*mail.to.disclose() == office).then_some(Said::Refused(NotTaken::Address)));
    let clocked = watch(&policy, &memory, hour(73)).await;
    assert_eq!((clocked.reminded, clocked.failed), (0, 1));
    assert!(clocked.escalated > 0);
    // It is tried again, and nobody is written to twice.
    let again = watch(&policy, &memory, hour(74)).await;
    assert_eq!((again.reminded, again.escalated, again.failed), (0, 0, 1));
}

#[tokio::test]
async fn an_act_again_after_a_lost_answer_is_found_done_whatever_followed_it() {
    let (policy, memory) = (policy(), Memory::new());
    let incident = declared(&policy, &memory, vec![(Anchor::Awareness, aware())], &[]).await;
    let id = &incident.breach.id;
    let noted = Entry {
        at: hour(1),
        by: Actor::Staff(StaffId::parse("officer-1").unwrap()),
        act: Act::Noted("Called.".into()),
    };
    let first = breach::act(&policy, &memory, id, 0, noted.clone()).await.unwrap();
    let followed = act(&policy, &memory, &first, hour(2), Act::Noted("Called back.".into())).await;
    let again = breach::act(&policy, &memory, id, 0, Entry { at: hour(3), ..noted.clone() }).await.unwrap();
    assert_eq!(again, followed);
    let other = Entry { act: Act::Noted("Wrote.".into()), ..noted };
    assert!(matches!(breach::act(&policy, &memory, id, 0, other).await, Err(ActError::GoneOn(2))));
}
