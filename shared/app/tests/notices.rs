//! Changes of the notice and attestations, on ports in memory: what is published, who is told, which
//! consents are asked for again, and what is watched.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    announce::{Announcements, SCOPE_PAGES_MAX, SCOPE_SEGMENTS},
    attest::{self, Attest, AttestError, Attestations},
    capture_consent::{self, CaptureError},
    deadlines::{self, Watched},
    error::PortError,
    notice_change::{self, NoticeChanges, PublishError, PublishNotice},
    read_consents, records,
    telling::Sender,
};
use domain::{
    announcement::{Announcement, NoticeState},
    attestation::Evidence,
    consent::{CaptureRefused, Choice},
    ids::{AttestationId, ChangeId, Identifier, IdentifierKind},
    notice::{NoticeChange, Publication, PublicationRefused, Significance},
    policy::{AttestationRule, Clause, Notice, NoticeChangeRule, Policy},
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{Memory, build};

fn day(n: i64) -> Timestamp {
    build::at("2026-03-01T10:00:00Z") + (24 * n).hours()
}

/// The small policy, which promises mail.
fn policy() -> Policy {
    let rule =
        NoticeChangeRule { lead_time: None, by_mail: true, ask_again: false, clause: Clause::new("test.changes") };
    Policy { notice_change: Some(rule), ..build::policy() }
}

fn publication(version: &str, ask_again: &[&str]) -> Publication {
    Publication {
        notice: Notice { version: version.into(), language: "en".into(), text_sha256: "ab".repeat(32) },
        url: "https://acme.example/privacy".into(),
        effective_at: None,
        significance: Significance::Significant,
        summary: "We now write to you more often.".into(),
        new_purposes: BTreeSet::new(),
        new_recipients: BTreeSet::new(),
        ask_again: Some(ask_again.iter().map(|name| build::purpose(name)).collect()),
    }
}

fn form(publication: Publication, at: Timestamp) -> PublishNotice {
    PublishNotice { publication, published_by: "officer-1".into(), at }
}

async fn published(policy: &Policy, memory: &Memory, publication: Publication, at: Timestamp) -> NoticeChange {
    notice_change::publish(policy, memory, form(publication, at)).await.unwrap().change
}

async fn kept(policy: &Policy, memory: &Memory, who: &Identifier) {
    let form = build::registration(who.clone(), ("account", "contract"), "account", day(-30));
    records::register(policy, memory, form).await.unwrap();
}

async fn captured(
    policy: &Policy,
    memory: &Memory,
    who: &Identifier,
    choice: Choice,
    notice: &str,
    at: Timestamp,
) -> Result<String, CaptureError> {
    let mut form = build::capture(who.clone(), &[("marketing", choice)], &format!("{notice} {at}"), at);
    form.capture.notice_version = Some(notice.into());
    capture_consent::capture(policy, memory, form).await.map(|receipt| receipt.token)
}

fn cookie() -> Identifier {
    Identifier::parse(IdentifierKind::Cookie, "7f3a9b1c2d4e5f60").unwrap()
}

/// What the relay and the queue bring about: scope every segment, then tell each person found.
async fn tell_all(policy: &Policy, memory: &Memory, id: &ChangeId, at: Timestamp) -> Result<(), PortError> {
    for segment in 0..SCOPE_SEGMENTS {
        let mut from: Option<String> = None;
        loop {
            from = notice_change::scope(policy, memory, id, segment, from, at).await?;
            if from.is_none() {
                break;
            }
        }
    }
    let notices = memory.notices(&policy.controller, &Announcement::Change(id.clone())).await?;
    let subjects: Vec<_> = notices.into_iter().map(|notice| notice.subject).collect();
    // A moment without doubts: what was begun is nobody's any more.
    let sender = Sender { doubt: SignedDuration::ZERO, now: &|| at, has_time: &|| true, tries: 0 };
    let told = notice_change::tell(policy, memory, id, &subjects, &sender).await?;
    told.error.map_or(Ok(()), Err)
}

fn addresses(memory: &Memory) -> Vec<String> {
    let mut told: Vec<String> = memory.sent().iter().map(|mail| mail.to.disclose().clone()).collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_version_is_published_once_and_never_changes() {
    let (policy, memory) = (policy(), Memory::new());
    let first = notice_change::publish(&policy, &memory, form(publication("2026-07", &[]), day(0))).await.unwrap();
    assert!(!first.replayed);
    assert_eq!((first.change.published_at, first.change.effective_at), (day(0), day(0)));
    // A retry is answered even when what it asks for would come too late by now.
    let dated = |at| Publication { effective_at: Some(at), ..publication("2026-08", &[]) };
    let dated_change = published(&policy, &memory, dated(day(2)), day(1)).await;
    let retry = notice_change::publish(&policy, &memory, form(dated(day(2)), day(5))).await.unwrap();
    assert_eq!((retry.replayed, &retry.change), (true, &dated_change));
    let fresh = Publication { notice: publication("2026-09", &[]).notice, ..dated(day(1)) };
    let late = notice_change::publish(&policy, &memory, form(fresh, day(5))).await;
    assert!(matches!(late, Err(PublishError::Refused(PublicationRefused::Retroactive))));
    for other in [
        Publication { summary: "We write to you less.".into(), ..publication("2026-07", &[]) },
        Publication { effective_at: Some(day(0)), ..publication("2026-07", &[]) },
        publication("2026-07", &["marketing"]),
        Publication { ask_again: None, ..publication("2026-07", &[]) },
    ] {
        let taken = notice_change::publish(&policy, &memory, form(other, day(1))).await;
        assert!(matches!(taken, Err(PublishError::VersionTaken)));
    }
    assert_eq!(memory.changes(&policy.controller).await.unwrap(), [dated_change, first.change]);
}

#[tokio::test]
async fn everybody_with_an_address_gets_one_mail_and_the_others_have_the_page() {
    let (policy, memory) = (policy(), Memory::new());
    let (ada, grace) = (build::mail("ada@example.com"), build::mail("grace@example.com"));
    kept(&policy, &memory, &ada).await;
    kept(&policy, &memory, &grace).await;
    captured(&policy, &memory, &grace, Choice::Given, "2026-01", day(-1)).await.unwrap();
    captured(&policy, &memory, &cookie(), Choice::Refused, "2026-01", day(-1)).await.unwrap();
    let wanted = Publication {
        new_purposes: [build::purpose("profiling")].into(),
        effective_at: Some(day(30)),
        ..publication("2026-07", &["marketing"])
    };
    let change = published(&policy, &memory, wanted, day(0)).await;
    for _ in 0..3 {
        tell_all(&policy, &memory, &change.id, day(1)).await.unwrap();
    }
    assert_eq!(addresses(&memory), ["ada@example.com", "grace@example.com"]);
    let notices = memory.notices(&policy.controller, &Announcement::Change(change.id.clone())).await.unwrap();
    let by_page = notices.iter().filter(|notice| notice.state == NoticeState::WithoutAddress).count();
    assert_eq!((notices.len(), by_page), (3, 1));
    let mail = &memory.sent()[0];
    for said in [
        "We now write to you more often.",
        "From 2026-03-31 on",
        "https://acme.example/privacy",
        "Recommendations",
        "News by mail",
        "privacy@acme.example",
    ] {
        assert!(mail.text.contains(said), "{said} is missing in {}", mail.text);
    }
    let tag_fits = |tag: &str| tag.len() <= 256 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    assert!(memory.sent().iter().all(|mail| tag_fits(&mail.tag)), "{:?}", mail.tag);
}

#[tokio::test]
async fn a_new_owner_is_named_as_one() {
    let (policy, memory) = (policy(), Memory::new());
    kept(&policy, &memory, &build::mail("ada@example.com")).await;
    let wanted = Publication { significance: Significance::Ownership, ..publication("2026-07", &[]) };
    let change = published(&policy, &memory, wanted, day(0)).await;
    tell_all(&policy, &memory, &change.id, day(1)).await.unwrap();
    assert!(memory.sent()[0].text.starts_with("Acme has a new owner"), "{}", memory.sent()[0].text);
}

#[tokio::test]
async fn what_goes_by_the_page_alone_reaches_no_mailbox() {
    let silent = Policy { notice_change: None, ..policy() };
    let wording = Publication { significance: Significance::Editorial, ..publication("2026-07", &[]) };
    for (policy, wanted) in [(policy(), wording), (silent, publication("2026-07", &["marketing"]))] {
        let memory = Memory::new();
        kept(&policy, &memory, &build::mail("ada@example.com")).await;
        let change = published(&policy, &memory, wanted, day(0)).await;
        assert!(!change.by_mail);
        tell_all(&policy, &memory, &change.id, day(1)).await.unwrap();
        assert!(memory.sent().is_empty());
        assert!(memory.notices(&policy.controller, &Announcement::Change(change.id)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_large_table_is_handed_on_page_by_page() {
    let (policy, memory) = (policy(), Memory::new());
    let people = 4 * 3 * SCOPE_PAGES_MAX + 200;
    for n in 0..people {
        kept(&policy, &memory, &build::mail(&format!("person-{n}@example.com"))).await;
    }
    let change = published(&policy, &memory, publication("2026-07", &[]), day(0)).await;
    let mut handed_on = 0;
    for segment in 0..SCOPE_SEGMENTS {
        let mut from = None;
        loop {
            from = notice_change::scope(&policy, &memory, &change.id, segment, from, day(0)).await.unwrap();
            if from.is_none() {
                break;
            }
            handed_on += 1;
        }
    }
    assert!(handed_on > 0, "one message read the whole table");
    let of = Announcement::Change(change.id);
    assert_eq!(memory.notices(&policy.controller, &of).await.unwrap().len(), people);
}

#[tokio::test]
async fn a_change_that_crashes_at_any_step_leaves_nobody_untold() {
    let policy = policy();
    let people = ["ada@example.com", "grace@example.com"].map(build::mail);
    for crash_after in 0.. {
        let memory = Memory::new();
        for who in &people {
            kept(&policy, &memory, who).await;
        }
        captured(&policy, &memory, &cookie(), Choice::Given, "2026-01", day(-1)).await.unwrap();

        memory.fail_after(crash_after);
        let attempt = async || -> Result<(), PortError> {
            let wanted = form(publication("2026-07", &["marketing"]), day(0));
            match notice_change::publish(&policy, &memory, wanted).await {
                Ok(published) => tell_all(&policy, &memory, &published.change.id, day(1)).await,
                Err(PublishError::Port(error)) => Err(error),
                Err(refused) => panic!("{refused}"),
            }
        };
        let first = attempt().await;
        memory.recover();
        attempt().await.unwrap();

        let mut told = addresses(&memory);
        let twice = told.len() - 2;
        told.dedup();
        assert_eq!(told, ["ada@example.com", "grace@example.com"], "after {crash_after} calls");
        assert!(twice <= 1, "only the send in doubt may be told twice");
        let changes = memory.changes(&policy.controller).await.unwrap();
        assert_eq!(changes.len(), 1);
        let notices = memory.notices(&policy.controller, &Announcement::Change(changes[0].id.clone())).await.unwrap();
        let done =
            notices.iter().filter(|notice| matches!(notice.state, NoticeState::Sent | NoticeState::WithoutAddress));
        assert_eq!((notices.len(), done.count()), (3, 3));
        if first.is_ok() {
            assert!(crash_after > 10, "the crash was never reached: {crash_after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_consent_that_is_asked_for_again_counts_no_longer_until_it_is_given_anew() {
    let (mut policy, memory) = (policy(), Memory::new());
    let who = cookie();
    let token = captured(&policy, &memory, &who, Choice::Given, "2026-01", day(-1)).await.unwrap();
    let wanted = Publication { effective_at: Some(day(30)), ..publication("2026-07", &["marketing"]) };
    published(&policy, &memory, wanted, day(0)).await;
    let read = async |policy: &Policy, at| {
        read_consents::read(policy, &memory, &token, at).await.unwrap().remove(&build::purpose("marketing")).unwrap()
    };
    assert_eq!(read(&policy, day(29)).await.asked_again, None);
    let lapsed = read(&policy, day(30)).await;
    assert_eq!(lapsed.asked_again.map(|asked| (asked.version, asked.since)), Some(("2026-07".into(), day(30))));

    // The new version is given under once the policy that accepts it is deployed.
    let early = captured(&policy, &memory, &who, Choice::Given, "2026-07", day(31)).await;
    assert!(matches!(early, Err(CaptureError::Refused(CaptureRefused::NoticeUnknown))));
    policy.accepted_notices.push("2026-07".into());
    captured(&policy, &memory, &who, Choice::Given, "2026-07", day(32)).await.unwrap();
    let current = read(&policy, day(33)).await;
    assert_eq!((current.choice.choice, current.choice.since), (Choice::Given, day(32)));
    assert_eq!(current.asked_again, None);
    captured(&policy, &memory, &who, Choice::Withdrawn, "2026-07", day(34)).await.unwrap();
    assert_eq!(read(&policy, day(35)).await.choice.choice, Choice::Withdrawn);
}

#[tokio::test]
async fn a_published_change_costs_a_capture_nothing() {
    let (policy, memory) = (policy(), Memory::new());
    published(&policy, &memory, publication("2026-07", &["marketing"]), day(0)).await;
    let before = memory.calls();
    captured(&policy, &memory, &cookie(), Choice::Given, "2026-01", day(1)).await.unwrap();
    // The controller's keys, which an environment holds after its first event, and the one write.
    assert_eq!(memory.calls() - before, 2);
}

fn attesting() -> Policy {
    let rule = AttestationRule {
        id: AttestationId::parse("encryption-at-rest").unwrap(),
        statement: "Everything that is stored is encrypted.".into(),
        evidence: "The yearly report of the auditors.".into(),
        renew_every: 1.year().fieldwise(),
        clause: Clause::new("test.encryption"),
    };
    Policy { attestations: BTreeMap::from([(rule.id.clone(), rule)]), ..build::policy() }
}

fn attest_form(name: &str, attested_on: &str, title: &str, at: Timestamp) -> Attest {
    Attest {
        attestation: AttestationId::parse(name).unwrap(),
        evidence: Evidence { title: title.into(), sha256: None, url: None },
        attested_on: attested_on.parse().unwrap(),
        by: Some("The security office".into()),
        recorded_by: "officer-1".into(),
        at,
    }
}

#[tokio::test]
async fn what_nobody_can_vouch_for_is_not_recorded() {
    let (policy, memory) = (attesting(), Memory::new());
    let at = build::at("2026-03-01T23:30:00Z");
    let refused = async |name: &str, day: &str, title: &str| {
        attest::attest(&policy, &memory, attest_form(name, day, title, at)).await.unwrap_err()
    };
    assert!(matches!(refused("moon-landing", "2026-03-01", "A report").await, AttestError::Unknown(_)));
    assert!(matches!(refused("encryption-at-rest", "2026-03-03", "A report").await, AttestError::Future));
    assert!(memory.attestations(&policy.controller).await.unwrap().is_empty());

    // In Paris it is the second already.
    let form = || attest_form("encryption-at-rest", "2026-03-02", "A report", at);
    let first = attest::attest(&policy, &memory, form()).await.unwrap();
    assert_eq!(first.attestation.valid_until, build::at("2027-03-01T23:00:00Z"));
    assert_eq!((first.attestation.clause.as_str(), first.replayed), ("test.encryption", false));
    let retry = attest::attest(&policy, &memory, Attest { at: at + 1.hour(), ..form() }).await.unwrap();
    assert_eq!((retry.attestation, retry.replayed), (first.attestation, true));
    assert!(matches!(refused("encryption-at-rest", "2026-03-02", "Another report").await, AttestError::DayTaken));
    let unnamed = Attest { by: None, ..attest_form("encryption-at-rest", "2026-03-01", "A report", at) };
    assert_eq!(attest::attest(&policy, &memory, unnamed).await.unwrap().attestation.by, "officer-1");
}

#[tokio::test]
async fn the_latest_attestation_is_the_one_that_lapses_last() {
    let (policy, memory) = (attesting(), Memory::new());
    let id = AttestationId::parse("encryption-at-rest").unwrap();
    for day in ["2025-06-01", "2026-02-01", "2024-01-01"] {
        let form = attest_form("encryption-at-rest", day, "A report", build::at("2026-03-01T12:00:00Z"));
        attest::attest(&policy, &memory, form).await.unwrap();
    }
    let all = memory.attestations(&policy.controller).await.unwrap();
    assert_eq!(attest::latest(&all, &id).unwrap().attested_on.to_string(), "2026-02-01");
    assert_eq!(attest::latest(&all, &AttestationId::parse("another").unwrap()), None);
}

#[tokio::test]
async fn an_attestation_is_warned_of_before_it_lapses_and_after_and_never_as_a_deadline_of_the_law() {
    let (policy, memory) = (attesting(), Memory::new());
    let record = async |day: &str, at| {
        attest::attest(&policy, &memory, attest_form("encryption-at-rest", day, "A report", at)).await.unwrap()
    };
    record("2026-03-01", build::at("2026-03-01T12:00:00Z")).await;
    let watch = async |day: &str| {
        let at = build::at(&format!("{day}T12:00:00Z"));
        deadlines::watch(&memory, &[&policy], at, false).await.unwrap()
    };
    let counts = |watched: Watched| (watched.attestations_due, watched.attestations_lapsed, watched.warned);
    for (day, expected) in [
        ("2027-02-01", (0, 0, 0)),
        ("2027-02-20", (1, 0, 1)),
        ("2027-02-21", (1, 0, 0)),
        ("2027-03-01", (0, 1, 1)),
        ("2027-03-09", (0, 1, 0)),
    ] {
        let watched = watch(day).await;
        assert_eq!(counts(watched.clone()), expected, "{day}");
        assert_eq!((watched.at_risk, watched.missed), (0, 0), "no clerk is woken for it");
    }
    // Renewed: the old end is forgotten, and the next one is warned of anew.
    record("2027-03-10", build::at("2027-03-10T12:00:00Z")).await;
    assert_eq!(counts(watch("2027-03-11").await), (0, 0, 0));
    assert_eq!(counts(watch("2028-03-01").await), (1, 0, 1));
    let subjects: Vec<_> = memory.sent().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects[0], "acme: the renewal of an attestation is due soon");
    assert_eq!(subjects[1], "acme: the renewal of an attestation is overdue");
    assert!(memory.sent().iter().all(|mail| mail.to.disclose() == "privacy@acme.example"));
}
