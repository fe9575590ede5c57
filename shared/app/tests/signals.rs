//! Signals of detectors: taken in once, told within limits, decided on by people. On ports in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    error::NotTaken,
    signals::{self, SIGNALS_LOOKED_AT_MAX, SignalError, SignalStore},
};
use domain::{
    ids::{BreachId, SignalId, StaffId},
    limits::Limit,
    policy::Policy,
    signal::{Finding, Signal, SignalRefused, SignalSeverity},
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, Said, build};

fn at(hours: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + hours.hours()
}

fn found(key: &str, severity: SignalSeverity, hours: i64) -> Finding {
    build::finding(key, severity, at(hours))
}

async fn take_in(policy: &Policy, memory: &Memory, key: &str, severity: SignalSeverity, hours: i64) -> Signal {
    signals::take_in(policy, memory, found(key, severity, hours), at(hours)).await.unwrap()
}

async fn dismiss(policy: &Policy, memory: &Memory, signal: &SignalId, hours: i64) -> Result<Signal, SignalError> {
    let by = StaffId::parse("officer-1").unwrap();
    signals::dismiss(policy, memory, signal, (by, "A test of ours.".into()), at(hours)).await
}

async fn remind(policy: &Policy, memory: &Memory, hours: i64) -> signals::Reminded {
    signals::remind(memory, &[policy], at(hours), false).await.unwrap()
}

fn subjects(memory: &Memory) -> Vec<String> {
    memory.sent().into_iter().map(|mail| mail.subject).collect()
}

const ONE: &str = "acme: a detector found something (high)";
const GRAVER: &str = "acme: a detector found something (critical)";
const ALL: &str = "acme: signals of detectors wait for a decision";

#[test]
fn a_finding_is_theirs_whose_policy_names_what_it_is_about_and_else_everybodys() {
    let named = |name: &str, resources: &[&str]| {
        let mut policy = Policy { controller: build::controller(name), ..build::policy() };
        policy.breach.resources = resources.iter().map(|text| (*text).to_owned()).collect();
        policy
    };
    let policies =
        [named("acme", &["arn:aws:s3:::acme-"]), named("people", &["arn:aws:s3:::peop"]), named("silent", &[])];
    let policies: Vec<&Policy> = policies.iter().collect();
    let whose = |finding: &Finding| {
        let theirs = signals::whose(&policies, finding);
        theirs.iter().map(|policy| policy.controller.to_string()).collect::<Vec<_>>()
    };
    let finding = found("1", SignalSeverity::High, 0);
    assert_eq!(whose(&finding), ["people"]);
    let nobodys = Finding { arns: vec!["arn:aws:ec2:::x".into()], ..finding.clone() };
    assert_eq!(whose(&nobodys), ["acme", "people", "silent"]);
    let account = named("account", &["111122223333"]);
    assert_eq!(signals::whose(&[&account, policies[0]], &nobodys).len(), 1);
}

#[tokio::test]
async fn the_same_finding_is_one_signal_and_one_mail_until_it_becomes_graver() {
    let (policy, memory) = (build::policy(), Memory::new());
    let first = take_in(&policy, &memory, "1", SignalSeverity::High, 0).await;
    for hours in [0, 0, 3, 6] {
        let again = take_in(&policy, &memory, "1", SignalSeverity::High, hours).await;
        assert_eq!(again.id, first.id);
    }
    assert_eq!(subjects(&memory), [ONE]);
    let graver = take_in(&policy, &memory, "1", SignalSeverity::Critical, 7).await;
    assert_eq!((graver.times_seen, graver.gravest()), (4, SignalSeverity::Critical));
    take_in(&policy, &memory, "1", SignalSeverity::Critical, 7).await;
    take_in(&policy, &memory, "1", SignalSeverity::High, 5).await;
    assert_eq!(subjects(&memory), [ONE, GRAVER]);
    let text = &memory.sent()[0].text;
    for said in [first.id.as_str(), "habeas breach dismiss", "--from-signal", "GDPR Art. 33(1)"] {
        assert!(text.contains(said), "{said}");
    }
}

#[tokio::test]
async fn a_dismissed_signal_stays_dismissed_until_its_severity_rises() {
    let (policy, memory) = (build::policy(), Memory::new());
    let signal = take_in(&policy, &memory, "1", SignalSeverity::High, 0).await;
    dismiss(&policy, &memory, &signal.id, 1).await.unwrap();
    assert!(!take_in(&policy, &memory, "1", SignalSeverity::High, 9).await.is_open());
    assert_eq!(remind(&policy, &memory, 48).await, signals::Reminded::default());
    assert_eq!(subjects(&memory), [ONE]);
    let graver = take_in(&policy, &memory, "1", SignalSeverity::Critical, 50).await;
    assert!(graver.is_open() && graver.earlier.len() == 1);
    assert_eq!(subjects(&memory), [ONE, GRAVER]);
    assert_eq!(remind(&policy, &memory, 75).await.waiting, 1, "it is brought up again");
}

#[tokio::test]
async fn a_flood_of_findings_is_no_flood_of_mail_and_nobody_is_forgotten() {
    let (policy, memory) = (build::policy(), Memory::new());
    let own = usize::try_from(Limit::SignalMails.rule().most).unwrap();
    let findings = own + 2 * SIGNALS_LOOKED_AT_MAX + 7;
    for n in 0..findings {
        take_in(&policy, &memory, &format!("{n}"), SignalSeverity::High, 0).await;
    }
    assert_eq!(memory.sent().len(), own);
    let first = remind(&policy, &memory, 1).await;
    assert_eq!((first.waiting, first.mails, first.full_shards), (SIGNALS_LOOKED_AT_MAX, 1, 1));
    let again = remind(&policy, &memory, 1).await;
    assert_eq!((again.waiting, again.mails), (SIGNALS_LOOKED_AT_MAX, 0), "one mail an hour");
    assert_eq!(remind(&policy, &memory, 2).await.waiting, 7);
    assert!(memory.sent().len() <= own + 2);
    assert_eq!(memory.sent().last().unwrap().subject, ALL);
    assert!(memory.sent().last().unwrap().text.contains("and more"));
    // A day later each of them is due again: nothing open is without a date.
    let mut due = 0;
    for hours in 27..31 {
        due += remind(&policy, &memory, hours).await.waiting;
    }
    assert_eq!(due, findings);
}

#[tokio::test]
async fn whoever_crashes_in_between_leaves_a_signal_that_the_office_hears_of() {
    let policy = build::policy();
    for calls in 0.. {
        let memory = Memory::new();
        memory.fail_after(calls);
        let crashed = signals::take_in(&policy, &memory, found("1", SignalSeverity::High, 0), at(0)).await.is_err();
        memory.recover();
        take_in(&policy, &memory, "1", SignalSeverity::High, 0).await;
        remind(&policy, &memory, 2).await;
        let told = subjects(&memory);
        assert!((1..=2).contains(&told.len()), "after {calls} calls: {told:?}");
        let page = memory.signals(&policy.controller, true, None, 9).await.unwrap();
        assert_eq!(page.signals.len(), 1);
        if !crashed {
            assert_eq!(told, [ONE]);
            return;
        }
    }
}

#[tokio::test]
async fn a_finding_from_before_the_pepper_changed_is_the_same_signal() {
    let (policy, memory) = (build::policy(), Memory::new());
    let first = take_in(&policy, &memory, "1", SignalSeverity::High, 0).await;
    memory.change_pepper();
    assert_eq!(take_in(&policy, &memory, "1", SignalSeverity::High, 6).await.id, first.id);
    assert_ne!(take_in(&policy, &memory, "2", SignalSeverity::High, 6).await.id, first.id);
}

#[tokio::test]
async fn a_breach_takes_signals_that_are_there_and_are_nobody_elses() {
    let (policy, memory) = (build::policy(), Memory::new());
    let signal = take_in(&policy, &memory, "1", SignalSeverity::High, 0).await.id;
    let (one, other): (BreachId, BreachId) = (build::id("breach-1"), build::id("breach-2"));
    let unknown: SignalId = build::id("nobody's");
    let named = BTreeSet::from([signal.clone(), unknown.clone()]);
    let refused = signals::check(&policy, &memory, &named, Some(&one)).await;
    assert!(matches!(refused, Err(SignalError::Unknown(id)) if id == unknown));

    let named = BTreeSet::from([signal.clone()]);
    for hours in [1, 2] {
        signals::check(&policy, &memory, &named, Some(&one)).await.unwrap();
        signals::link(&policy, &memory, &named, &one, at(hours)).await.unwrap();
    }
    let stored = memory.signal(&policy.controller, &signal).await.unwrap().unwrap();
    assert_eq!(stored.linked, Some((one, at(1))));
    let refused = signals::check(&policy, &memory, &named, Some(&other)).await;
    assert!(matches!(refused, Err(SignalError::Refused(SignalRefused::Linked))));
    let refused = dismiss(&policy, &memory, &signal, 3).await;
    assert!(matches!(refused, Err(SignalError::Refused(SignalRefused::Linked))));
    assert_eq!(remind(&policy, &memory, 99).await.waiting, 0);
    assert!(matches!(dismiss(&policy, &memory, &unknown, 3).await, Err(SignalError::Unknown(_))));
}

#[tokio::test]
async fn of_two_messages_at_once_about_one_finding_neither_is_lost() {
    let (policy, memory) = (build::policy(), Memory::new());
    take_in(&policy, &memory, "1", SignalSeverity::High, 0).await;
    let other = policy.clone();
    // Right before the change is written, somebody dismisses it.
    memory.meanwhile(2, move |memory| {
        let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let memory = memory.clone();
        let done = std::thread::spawn(move || {
            rt.block_on(async {
                let page = memory.signals(&other.controller, true, None, 1).await.unwrap();
                dismiss(&other, &memory, &page.signals[0].id, 1).await.unwrap();
            });
        });
        done.join().unwrap();
    });
    let graver = take_in(&policy, &memory, "1", SignalSeverity::Critical, 2).await;
    assert!(graver.is_open() && graver.earlier.len() == 1 && memory.nobody_else());
    assert_eq!(subjects(&memory), [ONE, GRAVER]);
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_to_nobody_and_who_has_no_policy_is_counted() {
    let (policy, memory) = (build::policy(), Memory::new());
    take_in(&policy, &memory, "1", SignalSeverity::High, 0).await;
    let counted = signals::remind(&memory, &[&policy], at(30), true).await.unwrap();
    assert_eq!((counted.waiting, counted.mails), (1, 0));
    let counted = signals::remind(&memory, &[], at(30), false).await.unwrap();
    assert_eq!((counted.waiting, counted.without_policy), (1, 1));
    assert_eq!(subjects(&memory), [ONE]);
}

#[tokio::test]
async fn an_office_that_no_mail_reaches_keeps_nobody_elses_from_being_reminded() {
    let memory = Memory::new();
    let named = |name: &str| Policy {
        controller: build::controller(name),
        contact_mail: format!("office@{name}.example"),
        ..build::policy()
    };
    let (gone, other) = (named("acme"), named("zeta"));
    for policy in [&gone, &other] {
        take_in(policy, &memory, "1", SignalSeverity::High, 0).await;
    }
    memory
        .mail_service(|mail| (mail.to.disclose() == "office@acme.example").then_some(Said::Refused(NotTaken::Address)));
    let policies = [&gone, &other];
    let reminded = signals::remind(&memory, &policies, at(30), false).await.unwrap();
    assert_eq!((reminded.waiting, reminded.mails, reminded.failed), (2, 1, 1));
    // What failed is brought up again, and what went well is not.
    let reminded = signals::remind(&memory, &policies, at(31), false).await.unwrap();
    assert_eq!((reminded.waiting, reminded.mails, reminded.failed), (1, 0, 1));
}
