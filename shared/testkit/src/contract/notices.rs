//! What people are told of one by one, the versions of the notice, and attestations.

use std::collections::BTreeSet;

use app::{
    announce::{Contact, NOTICES_PAGE, NoticePage, Standing},
    attest,
    deadlines::{Deadline, DeadlineKind},
    error::Appended,
    requests::Confided,
};
use domain::{
    announcement::{Announcement, Notice, NoticeCounts, NoticeState},
    attestation::{Attestation, Evidence},
    consent::Choice,
    dsar::{Received, RequestType},
    ids::{AttestationId, ControllerId, Identifier, IdentifierKind, SubjectRef},
    language::Language,
    notice::{NoticeChange, Significance},
    policy::{Clause, PolicyHash},
    record::Record,
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};

use super::{ADA, Ports, days, fresh_controller, now, open_deadlines, over_all_pages, registered};
use crate::build::{change, consent, content, id, purpose, received, record, request, subject};

pub async fn a_person_is_planned_once_and_told_once<P: Ports>(ports: &P, controller: &ControllerId) {
    for of in [Announcement::Breach(id("one")), Announcement::Change(id("one"))] {
        is_planned_once_and_told_once(ports, controller, &of).await;
    }
    let other = Announcement::Change(id("another"));
    assert!(ports.notices(controller, &other).await.unwrap().is_empty());
}

/// How a person's notice stands, as a page shows it.
async fn standing<P: Ports>(ports: &P, controller: &ControllerId, of: &Announcement) -> Vec<Standing> {
    let (mut standings, mut from) = (Vec::new(), None);
    loop {
        let page = ports.notice_standings(controller, of, from.as_deref()).await.unwrap();
        standings.extend(page.rows.into_iter().map(|(_, standing)| standing));
        from = page.next;
        if from.is_none() {
            return standings;
        }
    }
}

pub async fn a_notice_is_claimed_by_one_and_again_when_it_is_in_doubt<P: Ports>(ports: &P, controller: &ControllerId) {
    let (of, ada) = (Announcement::Breach(id("claims")), subject(ADA));
    let minute = |n: i64| now() + n.minutes();
    let claim = async |doubted_until, at| ports.claim_notice(controller, &of, &ada, doubted_until, at).await.unwrap();
    let give_back = async |claimed_at, at| ports.return_notice(controller, &of, &ada, claimed_at, at).await.unwrap();
    let stands = async || standing(ports, controller, &of).await[0];
    assert_eq!(claim(minute(0), minute(0)).await, None, "nobody planned it");
    ports.plan_notices(controller, &of, &BTreeSet::from([ada.clone()]), minute(0)).await.unwrap();
    let planned = Standing { state: NoticeState::Planned, since: minute(0), sends: 0 };
    assert_eq!(stands().await, planned);
    let before = claim(minute(-14), minute(1)).await.unwrap();
    assert_eq!((before.state, before.sends), (planned.state, planned.sends));
    let first = Standing { state: NoticeState::Claimed, since: minute(1), sends: 1 };
    // Somebody else meets it, and nothing changes until it is in doubt.
    assert_eq!(claim(minute(0), minute(15)).await, Some(first));
    assert_eq!(stands().await, first);
    assert_eq!(claim(minute(1), minute(16)).await, Some(first));
    let second = Standing { state: NoticeState::Claimed, since: minute(16), sends: 2 };
    assert_eq!(stands().await, second);
    // The first sender is late: its claim is nobody's any more.
    give_back(minute(1), minute(17)).await;
    assert_eq!(stands().await, second);
    give_back(minute(16), minute(17)).await;
    assert_eq!(stands().await, Standing { state: NoticeState::Planned, since: minute(17), sends: 1 });
    assert_eq!(claim(minute(2), minute(18)).await.map(|before| before.sends), Some(1), "the first may have gone out");
    let sent = Notice { of: of.clone(), subject: ada.clone(), state: NoticeState::Sent };
    ports.move_notice(controller, &sent, &[NoticeState::Claimed], minute(19)).await.unwrap();
    let sent = Standing { state: NoticeState::Sent, since: minute(19), sends: 2 };
    assert_eq!(claim(minute(99), minute(99)).await, Some(sent), "who was told is not told again");
    give_back(minute(19), minute(99)).await;
    assert_eq!(stands().await, sent);
    let others: BTreeSet<_> = (0..20).map(|n| subject(&format!("person-{n}@example.com"))).collect();
    ports.plan_notices(controller, &of, &others, minute(0)).await.unwrap();
    assert_eq!(standing(ports, controller, &of).await.len(), 21);
}

async fn is_planned_once_and_told_once<P: Ports>(ports: &P, controller: &ControllerId, of: &Announcement) {
    let people: BTreeSet<_> = (0..20).map(|n| subject(&format!("person-{n}@example.com"))).collect();
    let some: BTreeSet<_> = people.iter().take(5).cloned().collect();
    let counts = async || ports.counts(controller, of).await.unwrap();
    assert_eq!(counts().await, NoticeCounts::default());
    assert_eq!(ports.plan_notices(controller, of, &some, now()).await.unwrap(), 5);
    assert_eq!(ports.plan_notices(controller, of, &people, now()).await.unwrap(), 15);
    assert_eq!(counts().await, NoticeCounts { planned: 20, ..NoticeCounts::default() });
    let ada = people.iter().next().unwrap().clone();
    let notice = |state| Notice { of: of.clone(), subject: ada.clone(), state };
    let open = [NoticeState::Planned, NoticeState::Claimed];
    let (claimed, sent) = (notice(NoticeState::Claimed), notice(NoticeState::Sent));
    let moved = ports.move_notice(controller, &claimed, &open, now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::Planned));
    assert_eq!(counts().await, NoticeCounts { planned: 19, claimed: 1, ..NoticeCounts::default() });
    // In doubt: whoever comes next may try again.
    let moved = ports.move_notice(controller, &claimed, &open, now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::Claimed));
    assert_eq!(counts().await, NoticeCounts { planned: 19, claimed: 1, ..NoticeCounts::default() });
    let moved = ports.move_notice(controller, &sent, &[NoticeState::Claimed], now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::Claimed));
    let moved = ports.move_notice(controller, &claimed, &open, now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::Sent));
    // The mail came back. Whoever confirms the send later changes nothing about that.
    let (bob, back) = (people.iter().nth(1).unwrap().clone(), [NoticeState::Claimed, NoticeState::Sent]);
    let of_bob = |state| Notice { of: of.clone(), subject: bob.clone(), state };
    let moved = ports.move_notice(controller, &of_bob(NoticeState::NotReached), &back, now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::Planned));
    ports.move_notice(controller, &of_bob(NoticeState::Claimed), &open, now()).await.unwrap();
    let moved = ports.move_notice(controller, &of_bob(NoticeState::NotReached), &back, now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::Claimed));
    let moved =
        ports.move_notice(controller, &of_bob(NoticeState::Sent), &[NoticeState::Claimed], now()).await.unwrap();
    assert_eq!(moved, Some(NoticeState::NotReached));
    let unknown = Notice { subject: subject("nobody@example.com"), ..claimed };
    assert_eq!(ports.move_notice(controller, &unknown, &open, now()).await.unwrap(), None);

    assert_eq!(ports.plan_notices(controller, of, &people, now()).await.unwrap(), 0);
    let notices = ports.notices(controller, of).await.unwrap();
    assert_eq!(notices.len(), 20);
    let told = NoticeCounts { planned: 18, sent: 1, not_reached: 1, ..NoticeCounts::default() };
    assert_eq!(counts().await, told);
    assert_eq!(NoticeCounts::of(notices.iter().map(|notice| notice.state)), told);
    assert_eq!(notices.iter().filter(|notice| notice.state == NoticeState::Planned).count(), 18);
    assert!(notices.contains(&sent) && notices.contains(&of_bob(NoticeState::NotReached)));
}

pub async fn the_list_of_people_is_paged_and_planning_them_again_adds_nobody<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let of = Announcement::Breach(id("one"));
    assert_eq!(ports.notice_page(controller, &of, None).await.unwrap(), NoticePage::default());
    let people: BTreeSet<_> = (0..NOTICES_PAGE + 30).map(|n| subject(&format!("person-{n}@example.com"))).collect();
    // Some of them stand already, in whatever slices the rest is planned.
    let some: BTreeSet<_> = people.iter().step_by(3).cloned().collect();
    let planned = [
        ports.plan_notices(controller, &of, &some, now()).await.unwrap(),
        ports.plan_notices(controller, &of, &people, now()).await.unwrap(),
        ports.plan_notices(controller, &of, &people, now()).await.unwrap(),
    ];
    assert_eq!(planned, [some.len(), people.len() - some.len(), 0]);
    assert_eq!(ports.counts(controller, &of).await.unwrap().all(), people.len() as u64);
    let first = ports.notice_page(controller, &of, None).await.unwrap();
    assert_eq!((first.notices.len(), first.next.is_some()), (NOTICES_PAGE, true));
    let second = ports.notice_page(controller, &of, first.next.as_ref()).await.unwrap();
    assert_eq!(second.next, None);
    let listed: Vec<_> = first.notices.into_iter().chain(second.notices).map(|notice| notice.subject).collect();
    assert_eq!(listed, people.into_iter().collect::<Vec<_>>());
}

pub async fn a_notice_that_several_move_at_once_is_counted_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let of = Announcement::Breach(id("one"));
    let ada = subject(ADA);
    ports.plan_notices(controller, &of, &BTreeSet::from([ada.clone()]), now()).await.unwrap();
    let claimed = Notice { of: of.clone(), subject: ada, state: NoticeState::Claimed };
    let open = [NoticeState::Planned, NoticeState::Claimed];
    let moves = (0..6).map(|_| ports.move_notice(controller, &claimed, &open, now()));
    let moved = futures_util::future::join_all(moves).await;
    assert!(moved.iter().flatten().flatten().all(|state| open.contains(state)));
    assert_eq!(moved.iter().filter(|moved| matches!(moved, Ok(Some(NoticeState::Planned)))).count(), 1);
    let counts = ports.counts(controller, &of).await.unwrap();
    assert_eq!(counts, NoticeCounts { claimed: 1, ..NoticeCounts::default() });
}

pub async fn a_person_is_written_to_at_what_they_gave<P: Ports>(ports: &P, controller: &ControllerId) {
    let (ada, bob) = (subject(ADA), subject("bob@example.com"));
    let contact = async |subject: &SubjectRef| ports.contact(controller, subject).await.unwrap();
    assert_eq!(contact(&ada).await, Contact::default());
    registered(ports, controller, &[record(&ada, "log-1", now())]).await;
    let known = Contact { mail: Some(Sensitive::new(ADA.into())), ..Contact::default() };
    assert_eq!(contact(&ada).await, known);
    // Bob's record has a telephone number and no address, his request has both.
    let phone = Identifier::parse(IdentifierKind::Phone, "+44 20 7946 0000").unwrap();
    let by_phone = app::records::Content { identifier: Some(phone.clone()), ..content(ADA, "log-2") };
    ports.insert_record(controller, &record(&bob, "log-2", now()), &by_phone).await.unwrap();
    let known = Contact { identifier: Some(phone.clone()), ..Contact::default() };
    assert_eq!(contact(&bob).await, known);
    let address = Sensitive::new("bob@example.com".to_owned());
    ask(ports, controller, &bob, &Confided { contact: Some(address.clone()), ..Confided::default() }).await;
    let known = Contact { mail: Some(address), language: Some(Language::German), ..known };
    assert_eq!(contact(&bob).await, known);
    // The language of the latest of all that name one which is spoken here.
    for (day, tag, language) in
        [(-1, "fr", Language::German), (1, "fr-CH", Language::French), (2, "it", Language::French)]
    {
        let mut event = consent(&bob, tag, days(now(), day), &[("marketing", Choice::Given)]);
        event.language = tag.into();
        ports.append_consent(controller, &event).await.unwrap();
        assert_eq!(contact(&bob).await.language, Some(language), "{tag}");
    }
    // Whoever only asked is known by what they named themselves.
    let (carol, account) =
        (subject("carol@example.com"), Identifier::parse(IdentifierKind::Account, "carol-7").unwrap());
    ask(ports, controller, &carol, &Confided { identifier: Some(account.clone()), ..Confided::default() }).await;
    let known = Contact { mail: None, identifier: Some(account), language: Some(Language::German) };
    assert_eq!(contact(&carol).await, known);
    ports.destroy_subject_key(controller, &bob, now()).await.unwrap();
    assert_eq!(contact(&bob).await, Contact::default());
}

async fn ask<P: Ports>(ports: &P, controller: &ControllerId, subject: &SubjectRef, confided: &Confided) {
    let received = Received { language: Language::German, ..received(RequestType::Access, now()) };
    let key = request(controller, subject, &format!("request of {subject}"));
    ports.receive(&key, &received, confided, &id("form"), &super::requests::head(&received)).await.unwrap();
}

pub async fn a_version_is_published_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let full = NoticeChange {
        significance: Significance::Ownership,
        new_purposes: [purpose("marketing"), purpose("support")].into(),
        new_recipients: [domain::ids::Recipient::parse("buyer").unwrap()].into(),
        ask_again: [purpose("marketing")].into(),
        by_mail: true,
        ..change("2026-07", now(), days(now(), 30))
    };
    assert_eq!(ports.change(controller, &full.id).await.unwrap(), None);
    assert_eq!(ports.publish_change(controller, &full, &id("form")).await.unwrap(), Appended::Fresh);
    let other = NoticeChange { summary: "Something else.".into(), ..change("2026-07", days(now(), 1), days(now(), 1)) };
    let appended = ports.publish_change(controller, &other, &id("another form")).await.unwrap();
    assert_eq!(appended, Appended::Existing((full.clone(), id("form"))));
    assert_eq!(ports.change(controller, &full.id).await.unwrap(), Some((full.clone(), id("form"))));
    assert_eq!(ports.change(&fresh_controller(ports), &full.id).await.unwrap(), None);
}

pub async fn every_publication_is_seen_at_once_and_the_newest_stands_first<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    assert!(ports.changes(controller).await.unwrap().is_empty());
    let mut expected = Vec::new();
    for n in 0..3 {
        // One that was published later may count earlier.
        let change = change(&format!("version {n}"), days(now(), n), days(now(), 90 - n));
        ports.publish_change(controller, &change, &id("form")).await.unwrap();
        expected.insert(0, change);
        assert_eq!(ports.changes(controller).await.unwrap(), expected);
    }
    assert!(ports.changes(&fresh_controller(ports)).await.unwrap().is_empty());
}

pub async fn a_change_concerns_everybody_of_whom_something_is_kept<P: Ports>(ports: &P, controller: &ControllerId) {
    let person = |n: usize| subject(&format!("person-{n}@example.com"));
    let mut expected = BTreeSet::new();
    for n in 0..12 {
        registered(ports, controller, &[record(&person(n), &format!("log-{n}"), days(now(), -10))]).await;
        expected.insert(person(n));
    }
    // Consents, whatever was chosen, and records without an end.
    for (n, choice) in [(20, Choice::Given), (21, Choice::Refused), (22, Choice::Withdrawn)] {
        let event = consent(&person(n), &format!("form-{n}"), days(now(), -900), &[("marketing", choice)]);
        ports.append_consent(controller, &event).await.unwrap();
        expected.insert(person(n));
    }
    let endless = Record { due_at: None, ..record(&person(23), "endless", days(now(), -900)) };
    let just_alive = record(&person(24), "alive", days(now(), -100).checked_add(1.millisecond()).unwrap());
    registered(ports, controller, &[endless, just_alive]).await;
    expected.extend([person(23), person(24)]);
    // A record whose time is up, though nothing has deleted it yet, held or not; and what is another's.
    let over = record(&person(30), "over", days(now(), -100));
    let held = Record { holds: BTreeSet::from([id("hold-1")]), ..record(&person(31), "held", days(now(), -900)) };
    registered(ports, controller, &[over, held]).await;
    let elsewhere = fresh_controller(ports);
    registered(ports, &elsewhere, &[record(&person(32), "elsewhere", days(now(), -10))]).await;
    let event = consent(&person(33), "form-33", now(), &[("marketing", Choice::Given)]);
    ports.append_consent(&elsewhere, &event).await.unwrap();

    let page = async |segment, from: Option<String>| ports.audience(controller, now(), segment, from.as_deref()).await;
    assert_eq!(over_all_pages(page).await, expected);
}

// Attestations.

fn attestation(name: &str, day: &str, valid_until: Timestamp) -> Attestation {
    Attestation {
        id: AttestationId::parse(name).unwrap(),
        attested_on: day.parse().unwrap(),
        evidence: Evidence { title: "Certificate 7".into(), sha256: None, url: None },
        by: "The security office".into(),
        valid_until,
        recorded_at: now(),
        recorded_by: "officer-1".into(),
        clause: Clause::new("test.attestation"),
        policy: PolicyHash::from_hex("00".repeat(32)),
    }
}

pub async fn an_attestation_is_recorded_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut first = attestation("encryption-at-rest", "2040-03-01", days(now(), 365));
    first.evidence.sha256 = Some("ab".repeat(32));
    first.evidence.url = Some("https://example.com/report".into());
    assert_eq!(ports.record_attestation(controller, &first).await.unwrap(), Appended::Fresh);
    let mut second = attestation("encryption-at-rest", "2040-03-01", days(now(), 730));
    second.evidence.title = "Another".into();
    let appended = ports.record_attestation(controller, &second).await.unwrap();
    assert_eq!(appended, Appended::Existing(first.clone()));
    // Another day, and another statement whose name goes on where this one's ends.
    let next_day = attestation("encryption-at-rest", "2040-03-02", days(now(), 366));
    let longer = attestation("encryption-at-rest.keys", "2040-03-01", days(now(), 365));
    for other in [&next_day, &longer] {
        assert_eq!(ports.record_attestation(controller, other).await.unwrap(), Appended::Fresh);
    }
    let mut recorded = ports.attestations(controller).await.unwrap();
    recorded.sort_by(|a, b| (&a.id, a.attested_on).cmp(&(&b.id, b.attested_on)));
    assert_eq!(recorded, [first, next_day, longer]);
    assert!(ports.attestations(&fresh_controller(ports)).await.unwrap().is_empty());
}

pub async fn the_latest_attestation_is_the_deadline_whatever_is_recorded_later<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let deadline = |name: &str, due_at| Deadline {
        controller: controller.clone(),
        kind: DeadlineKind::Attestation,
        id: attest::deadline_id(&AttestationId::parse(name).unwrap(), due_at),
        due_at,
    };
    let far = days(now(), 5_000);
    let first = attestation("encryption-at-rest", "2040-03-01", days(now(), 365));
    ports.record_attestation(controller, &first).await.unwrap();
    assert_eq!(open_deadlines(ports, controller, far).await, [deadline("encryption-at-rest", days(now(), 365))]);
    let renewed = attestation("encryption-at-rest", "2041-02-01", days(now(), 700));
    ports.record_attestation(controller, &renewed).await.unwrap();
    // One of long ago, recorded late, and a retry of the first.
    let old = attestation("encryption-at-rest", "2038-03-01", days(now(), -365));
    for earlier in [&old, &first] {
        ports.record_attestation(controller, earlier).await.unwrap();
        assert_eq!(open_deadlines(ports, controller, far).await, [deadline("encryption-at-rest", days(now(), 700))]);
    }
    assert!(open_deadlines(ports, controller, days(now(), 700)).await.is_empty(), "before its time alone");
    let other = attestation("staff-training", "2040-03-01", days(now(), 90));
    ports.record_attestation(controller, &other).await.unwrap();
    let mut both = open_deadlines(ports, controller, far).await;
    both.sort_by_key(|deadline| deadline.due_at);
    assert_eq!(both, [deadline("staff-training", days(now(), 90)), deadline("encryption-at-rest", days(now(), 700))]);
}
