//! What people read of a breach: by mail in their language, by the controller's channel, in public.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use app::{
    alerts::{self, PUBLIC_DAYS_MIN},
    announce::Announcements,
    breach::BreachStore,
    breach_telling,
    error::{NotTaken, PortError},
    records::{Content, RecordStore},
    telling::Sender,
};
use domain::{
    announcement::{Announcement, NoticeState},
    breach::{Act, Actor, Breach, Decision, Entry, Head, Incident, PeopleAre, Texts},
    consent::Choice,
    ids::{Identifier, IdentifierKind, StaffId, SubjectRef, SystemId},
    language::Language,
    policy::{Clause, Policy, SystemKind, SystemRule},
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{
    Memory, Said,
    build::{self, content, id, record, subject, telling},
};

const URL: &str = "https://crm.example/habeas";

fn day(days: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    start.checked_add((24 * days).hours()).unwrap()
}

fn policy(channel: bool) -> Policy {
    let mut policy = build::policy();
    let crm = SystemId::parse("crm").unwrap();
    let rule = SystemRule {
        id: crm.clone(),
        title: "Customer file".into(),
        kind: SystemKind::Webhook { url: URL.into() },
        categories: BTreeSet::new(),
        requests: BTreeSet::new(),
        clause: Clause::new("test.crm"),
    };
    policy.systems.insert(crm.clone(), rule);
    policy.breach.channel = channel.then_some(crm);
    policy
}

fn staff() -> Actor {
    Actor::Staff(StaffId::parse("officer-1").unwrap())
}

/// A breach of which each is told, in English and German.
async fn declared(memory: &Memory, policy: &Policy, entries: &[Entry]) -> Incident {
    let mut breach: Breach = build::breach("breach-1", day(0));
    let german = Texts {
        description: "Die Logs lagen offen.".into(),
        advice: "Ändern Sie Ihr Passwort.".into(),
        ..Texts::default()
    };
    breach.facts.texts.insert(Language::German, german);
    let head = Head { is_open: true, next_at: Some(day(3)) };
    memory.declare_breach(&policy.controller, &breach, &id("form"), &head).await.unwrap();
    let mut incident = Incident::new(breach);
    for entry in entries {
        incident = incident.after(entry.clone()).unwrap();
        let (breach, number) = (&incident.breach.id, incident.version());
        assert!(memory.append_breach(&policy.controller, breach, number, entry, &head).await.unwrap());
    }
    incident
}

async fn person(memory: &Memory, policy: &Policy, name: &str, identifier: Option<Identifier>) -> SubjectRef {
    let who = subject(name);
    let content = Content { identifier, ..content(name, "log") };
    memory.insert_record(&policy.controller, &record(&who, name, day(-1)), &content).await.unwrap();
    who
}

fn phone() -> Identifier {
    Identifier::parse(IdentifierKind::Phone, "+44 20 7946 0000").unwrap()
}

async fn told(
    memory: &Memory,
    policy: &Policy,
    incident: &Incident,
    who: &SubjectRef,
    is_last: bool,
) -> Result<NoticeState, PortError> {
    let of = Announcement::Breach(incident.breach.id.clone());
    memory.plan_notices(&policy.controller, &of, &BTreeSet::from([who.clone()]), day(3)).await.unwrap();
    let sender = Sender { doubt: SignedDuration::ZERO, now: &|| day(4), has_time: &|| true, tries: 0 };
    let people = std::slice::from_ref(who);
    let told = breach_telling::tell(policy, memory, &incident.breach.id, people, (&sender, is_last)).await?;
    told.error.map_or(Ok(()), Err)?;
    let notices = memory.notices(&policy.controller, &of).await?;
    Ok(notices.into_iter().find(|notice| notice.subject == *who).unwrap().state)
}

#[tokio::test]
async fn somebody_is_written_to_in_the_language_that_they_last_used() {
    let (memory, policy) = (Memory::new(), policy(false));
    let incident = declared(&memory, &policy, &[telling(day(2))]).await;
    let mail = |name: &str| Identifier::parse(IdentifierKind::Mail, name).unwrap();
    let ada = person(&memory, &policy, "ada@example.com", Some(mail("ada@example.com"))).await;
    let mut event = build::consent(&ada, "form", day(0), &[("marketing", Choice::Given)]);
    event.language = "de".into();
    app::capture_consent::ConsentLedger::append_consent(&memory, &policy.controller, &event).await.unwrap();
    let bob = person(&memory, &policy, "bob@example.com", Some(mail("bob@example.com"))).await;
    for who in [&ada, &bob] {
        assert_eq!(told(&memory, &policy, &incident, who, false).await.unwrap(), NoticeState::Sent);
    }
    let mails = memory.sent();
    assert!(mails[0].text.contains("Ändern Sie Ihr Passwort.") && mails[0].text.contains("Was Sie tun können"));
    assert!(mails[1].text.contains("Change your password.") && mails[1].text.contains("What You Can Do"));
    assert!(memory.alerts(&policy.controller).await.unwrap().is_empty(), "nobody needs it");
}

#[tokio::test]
async fn whoever_names_no_language_is_written_to_in_that_of_the_notice() {
    let (memory, mut policy) = (Memory::new(), policy(false));
    policy.notice.language = "de-AT".into();
    let incident = declared(&memory, &policy, &[telling(day(2))]).await;
    let mail = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
    let ada = person(&memory, &policy, "ada@example.com", Some(mail)).await;
    told(&memory, &policy, &incident, &ada, false).await.unwrap();
    assert!(memory.sent()[0].text.contains("Die Logs lagen offen."));
}

#[tokio::test]
async fn whoever_has_no_address_is_handed_to_the_channel_once() {
    let (memory, policy) = (Memory::new(), policy(true));
    let incident = declared(&memory, &policy, &[telling(day(2))]).await;
    let ada = person(&memory, &policy, "ada@example.com", Some(phone())).await;
    for _ in 0..2 {
        assert_eq!(told(&memory, &policy, &incident, &ada, false).await.unwrap(), NoticeState::SentByChannel);
    }
    let handed_over = memory.notices_handed_over();
    let [(url, notice)] = handed_over.as_slice() else { panic!("{handed_over:?}") };
    assert_eq!((url.as_str(), &notice.identifier, notice.sent_at), (URL, &phone(), day(4)));
    assert_eq!((notice.language, notice.texts.advice.as_str()), (Language::English, "Change your password."));
    assert!(notice.text.contains("Change your password.") && notice.text.contains("What You Can Do"));
    assert!(!format!("{notice:?}").contains("7946"), "nothing that prints a notice prints whom it is for");
    assert!(memory.alerts(&policy.controller).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_channel_that_takes_nothing_is_tried_again_with_the_same_name_and_then_all_is_public() {
    let (memory, policy) = (Memory::new(), policy(true));
    let incident = declared(&memory, &policy, &[telling(day(2))]).await;
    let (ada, bob) = (subject("ada@example.com"), subject("bob@example.com"));
    for name in ["ada@example.com", "bob@example.com"] {
        person(&memory, &policy, name, Some(phone())).await;
    }
    memory.fail_system(URL, "http-503");
    for who in [&ada, &bob] {
        let failed = told(&memory, &policy, &incident, who, false).await.unwrap_err();
        assert!(matches!(&failed, PortError::Unavailable { code: Some(code), .. } if code == "http-503"));
        assert!(!format!("{failed:?}").contains("7946"));
    }
    assert_eq!(told(&memory, &policy, &incident, &bob, true).await.unwrap(), NoticeState::WithoutAddress);
    assert_eq!(memory.alerts(&policy.controller).await.unwrap().len(), 1);
    memory.mend_system(URL);
    assert_eq!(told(&memory, &policy, &incident, &ada, false).await.unwrap(), NoticeState::SentByChannel);
    assert_eq!(memory.notices_handed_over().len(), 1);
}

#[tokio::test]
async fn a_channel_that_fails_behind_a_refused_address_leaves_no_doubt() {
    let (memory, policy) = (Memory::new(), policy(true));
    let incident = declared(&memory, &policy, &[telling(day(2))]).await;
    let ada = person(&memory, &policy, "ada@example.com", Some(phone())).await;
    memory
        .insert_record(&policy.controller, &record(&ada, "account", day(-1)), &content("ada@example.com", "account"))
        .await
        .unwrap();
    memory.mail_service(|_| Some(Said::Refused(NotTaken::Address)));
    memory.fail_system(URL, "http-503");
    told(&memory, &policy, &incident, &ada, false).await.unwrap_err();
    let of = Announcement::Breach(incident.breach.id.clone());
    let standings = memory.notice_standings(&policy.controller, &of, None).await.unwrap().rows;
    assert_eq!((standings[0].1.state, standings[0].1.sends), (NoticeState::Planned, 0), "nothing went out");
    memory.mend_system(URL);
    assert_eq!(told(&memory, &policy, &incident, &ada, false).await.unwrap(), NoticeState::SentByChannel);
}

#[tokio::test]
async fn a_notice_has_the_same_name_whenever_it_is_sent_and_another_for_another_person() {
    let mut names = Vec::new();
    for who in ["ada@example.com", "ada@example.com", "bob@example.com"] {
        // A crash after the system took it leaves the notice in doubt: it is handed over again.
        let (memory, policy) = (Memory::new(), policy(true));
        let incident = declared(&memory, &policy, &[telling(day(2))]).await;
        let who = person(&memory, &policy, who, Some(phone())).await;
        told(&memory, &policy, &incident, &who, false).await.unwrap();
        names.push(memory.notices_handed_over()[0].1.id.clone());
    }
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
}

#[tokio::test]
async fn without_a_channel_or_a_known_identifier_people_are_told_in_public() {
    let cookie = Identifier::parse(IdentifierKind::Cookie, "0123456789abcdef0123456789abcdef").unwrap();
    for (channel, identifier) in [(false, Some(phone())), (true, None), (true, Some(cookie))] {
        let (memory, policy) = (Memory::new(), policy(channel));
        let incident = declared(&memory, &policy, &[telling(day(2))]).await;
        let who = person(&memory, &policy, "ada@example.com", identifier).await;
        assert_eq!(told(&memory, &policy, &incident, &who, false).await.unwrap(), NoticeState::WithoutAddress);
        assert!(memory.notices_handed_over().is_empty());
        let alerts = memory.alerts(&policy.controller).await.unwrap();
        assert_eq!(alerts.len(), 1);
        let told = alerts::tell(&policy, &alerts[0], Language::German);
        assert_eq!((told.texts.advice.as_str(), told.texts_language), ("Ändern Sie Ihr Passwort.", Language::German));
        let told = alerts::tell(&policy, &alerts[0], Language::French);
        assert_eq!((told.texts.advice.as_str(), told.texts_language), ("Change your password.", Language::English));
        assert!(!told.text().contains("Logs in public"), "what the register calls it is the office's");
    }
}

fn in_public(at: Timestamp) -> Entry {
    let decision = Decision { authority: true, people: PeopleAre::ToldInPublic, reason: "Nobody is known.".into() };
    Entry { at, by: staff(), act: Act::Decided(decision) }
}

#[tokio::test]
async fn what_all_are_told_in_public_is_public_at_once_and_follows_what_is_known() {
    let (memory, policy) = (Memory::new(), policy(false));
    let mut facts = build::breach("breach-1", day(0)).facts;
    facts.attempt_only = true;
    let changed = Entry { at: day(5), by: staff(), act: Act::FactsChanged(Box::new(facts)) };
    let incident = declared(&memory, &policy, &[in_public(day(2))]).await;
    let breach = &incident.breach.id;
    let follow = async |at| alerts::follow(&policy, &memory, breach, false, at).await.unwrap();
    let public = async |now| alerts::public(&policy, &memory, now).await.unwrap();
    follow(day(2)).await;
    follow(day(2)).await;
    let alerts = public(day(3)).await;
    assert_eq!((alerts.len(), alerts[0].published_at, alerts[0].updated_at), (1, day(2), day(2)));
    let head = Head { is_open: true, next_at: None };
    let append = async |number, entry| memory.append_breach(&policy.controller, breach, number, &entry, &head).await;
    assert!(append(2, changed).await.unwrap());
    follow(day(5)).await;
    let alerts = public(day(6)).await;
    assert_eq!((alerts.len(), alerts[0].published_at, alerts[0].updated_at), (1, day(2), day(5)));
    assert!(alerts[0].attempt_only);
    // Closed soon, it stays public for its least time; reopened, for longer.
    assert!(append(3, Entry { at: day(9), by: staff(), act: Act::Closed("It is over.".into()) }).await.unwrap());
    follow(day(9)).await;
    assert_eq!(public(day(2 + PUBLIC_DAYS_MIN - 1)).await.len(), 1);
    assert!(public(day(2 + PUBLIC_DAYS_MIN)).await.is_empty());
    assert!(append(4, Entry { at: day(99), by: staff(), act: Act::Reopened("It is not.".into()) }).await.unwrap());
    follow(day(99)).await;
    assert_eq!(public(day(400)).await.len(), 1);
}

#[tokio::test]
async fn nothing_is_public_that_nobody_needs_to_be_and_what_is_needed_once_follows() {
    let (memory, policy) = (Memory::new(), policy(false));
    let incident = declared(&memory, &policy, &[telling(day(2))]).await;
    let breach = &incident.breach.id;
    alerts::follow(&policy, &memory, breach, false, day(2)).await.unwrap();
    assert!(memory.alerts(&policy.controller).await.unwrap().is_empty());
    // A mail came back.
    alerts::follow(&policy, &memory, breach, true, day(4)).await.unwrap();
    assert_eq!(memory.alerts(&policy.controller).await.unwrap().len(), 1);
}
