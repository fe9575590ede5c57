//! Each stored form is read from its kept fixture and written back as it was, so that no rename
//! loses what is stored already.

use std::{fmt::Debug, path::PathBuf};

use domain::ids::{
    AttestationId, BreachId, CaptureId, Category, ChangeId, DisclosureId, HoldId, LogId, RecordId, RequestId, SignalId,
    SubjectRef,
};
use serde::de::DeserializeOwned;
use serde_dynamo::{AttributeValue, Item};

use super::*;

/// What the table writes beside a form.
const PLACEMENT: [&str; 12] = [
    "counted",
    "pk",
    "sk",
    "due_shard",
    "due_at",
    "ttl",
    "version",
    "stage",
    "assignee",
    "answer_due",
    "office_of",
    "office_at",
];

fn text(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/stored").join(format!("{name}.v1.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn item(name: &str) -> Item {
    serde_json::from_str(&text(name)).unwrap()
}

fn without_placement(item: Item) -> Item {
    let mut inner = item.into_inner();
    inner.retain(|name, _| !PLACEMENT.contains(&name.as_str()));
    Item::from(inner)
}

/// Reads a fixture as a form, and writes it back.
fn read<F: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str) -> F {
    let form: F = serde_dynamo::from_item(item(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written: Item = serde_dynamo::to_item(&form).unwrap();
    assert_eq!(without_placement(written), without_placement(item(name)), "{name}");
    form
}

fn subject() -> SubjectRef {
    SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap()
}

const ID: &str = "KKKKKKKKKKKKKKKKKKKKKA";

#[test]
fn a_tombstone_reads() {
    let form: tombstone::Tombstone = read("tombstone");
    let tombstone = form.clone().into_tombstone(subject(), RequestId::parse(ID).unwrap()).unwrap();
    assert_eq!((tombstone.purposes.len(), tombstone.except.len()), (1, 1));
    assert_eq!(tombstone::Tombstone::from(&tombstone), form);
    let mistaken = tombstone::Tombstone { kind: Kind::Hold, ..form };
    let read = mistaken.into_tombstone(subject(), RequestId::parse(ID).unwrap());
    assert_eq!(read, Err(Unreadable { field: "kind" }));
}

#[test]
fn a_consent_reads() {
    let form: consent::Consent = read("consent");
    let event = form.clone().into_event(subject(), CaptureId::parse(ID).unwrap()).unwrap();
    assert!(event.gpc);
    assert_eq!(consent::Consent::from(&event), form);
}

#[test]
fn a_salt_beside_a_form_is_passed_over() {
    let salted: consent::Consent = serde_dynamo::from_item(item("consent-salted")).unwrap();
    assert_eq!(salted, read("consent"));
}

#[test]
fn a_childs_consent_and_its_guardians_word_read() {
    for name in ["consent-awaited", "consent-agreed"] {
        let form: consent::Consent = read(name);
        assert_eq!(
            (form.is_awaited(), form.guardian_contact.is_some()),
            (name == "consent-awaited", form.is_awaited())
        );
        let event = form.clone().into_event(subject(), CaptureId::parse(ID).unwrap()).unwrap();
        assert_eq!((event.is_awaited(), event.is_agreed()), (form.is_awaited(), !form.is_awaited()));
        let written = consent::Consent::from(&event);
        assert_eq!(consent::Consent { guardian_contact: form.guardian_contact.clone(), ..written }, form);
    }
    let nobodys = consent::Consent { guardian: None, ..read("consent-agreed") };
    assert_eq!(nobodys.into_event(subject(), CaptureId::parse(ID).unwrap()), Err(Unreadable { field: "guardian" }));
}

#[test]
fn a_subscription_that_is_to_be_confirmed_reads() {
    let form: consent::Consent = read("consent-subscribed");
    assert!(form.is_to_confirm() && !form.is_awaited());
    let event = form.clone().into_event(subject(), CaptureId::parse(ID).unwrap()).unwrap();
    let written = consent::Consent::from(&event);
    assert!(!written.is_to_confirm(), "the event holds no address");
    assert_eq!(consent::Consent { contact: form.contact.clone(), ..written }, form);
}

#[test]
fn a_request_and_its_verification_read() {
    for (name, is_plain) in [("request", true), ("request-acting", false), ("request-office", true)] {
        let form: request::Request = read(name);
        let (received, fingerprint) = form.clone().into_received().unwrap();
        let written = request::Request::new(&received, &fingerprint);
        let sealed = request::Request {
            contact: form.contact.clone(),
            instructions: form.instructions.clone(),
            who: form.who.clone(),
            message: form.message.clone(),
            corrections: form.corrections.clone(),
            ..written
        };
        assert_eq!(sealed, form);
        // What was stored before anybody could ask for another reads as asked by the person.
        let whole = [received.acting.is_none(), received.service.is_none(), received.following.is_none()];
        assert_eq!(whole, [is_plain; 3], "{name}");
    }

    let form: request::Verified = read("verified");
    let (at, by) = form.clone().into_parts().unwrap();
    assert_eq!((millis(at), by.as_str()), (form.at, form.by.as_str()));
}

#[test]
fn a_challenge_a_code_that_was_asked_for_and_a_token_that_was_shown_read() {
    let form: challenge::Challenge = read("challenge");
    let state: domain::dsar::Challenge = form.clone().try_into().unwrap();
    assert_eq!((state.number, state.attempts, state.attempts_in_all), (2, 1, 4));
    assert_eq!(challenge::Challenge::from(&state), form);
    let code: challenge::CodeAsked = read("code");
    assert_eq!(challenge::CodeAsked::new(time("at", code.at).unwrap()), code);
    let token: challenge::BoundToken = read("token");
    assert_eq!(challenge::BoundToken::new(&token.clone().into_request().unwrap()), token);
}

#[test]
fn every_decision_reads() {
    for name in ["refused", "not-verified", "exported", "erased", "withdrawn", "stopped", "recorded", "with-office"] {
        let form: request::Decided = read(&format!("decided-{name}"));
        let (at, outcome) = form.clone().into_parts().unwrap();
        assert_eq!(outcome.as_str(), name);
        assert_eq!((millis(at), request::Ending::from(&outcome)), (form.at, form.outcome));
    }
}

#[test]
fn entries_of_a_history_and_whose_it_is_read() {
    for name in ["verified", "asked", "ruled", "task", "decided"] {
        let form: entry::Entry = read(&format!("entry-{name}"));
        let written = entry::Entry::new(&form.clone().into_entry().unwrap());
        assert_eq!(entry::Entry { text: form.text.clone(), ..written }, form, "{name}");
    }
    let nobodys = entry::Entry { who: None, ..read("entry-asked") };
    assert_eq!(nobodys.into_entry(), Err(Unreadable { field: "by" }));
    let whose: request::Whose = read("whose");
    assert_eq!(request::Whose::new(&whose.clone().into_subject().unwrap()), whose);
}

#[test]
fn a_record_reads_held_or_not() {
    for name in ["record", "record-held"] {
        let form: record::Record = read(name);
        let stored = form.clone().into_record(subject(), RecordId::parse(ID).unwrap()).unwrap();
        assert_eq!(stored.is_held(), name == "record-held");
        assert!(stored.due_at.is_some() && stored.clock.renewals.len() == 2);
        let mut written = record::Record { sealed: form.sealed.clone(), ..record::Record::from(&stored) };
        // A set has no order.
        let mut form = form;
        form.holds.sort();
        written.holds.sort();
        assert_eq!(written, form);
    }
}

#[test]
fn a_trigger_reads() {
    let form: record::Trigger = read("trigger");
    let (event, purpose, first_at, last_at, times) = form.clone().into_parts().unwrap();
    let written = record::Trigger::new(&event, purpose.as_ref(), first_at);
    assert_eq!(record::Trigger { last_at: millis(last_at), times: Vec::new(), ..written.clone() }, form);
    // Written before its times were kept.
    assert!(times.is_empty());

    let form: record::Trigger = read("trigger-times");
    let (.., times) = form.clone().into_parts().unwrap();
    assert_eq!(times, [first_at, last_at]);
    assert_eq!(record::Trigger { last_at: millis(last_at), times: form.times.clone(), ..written }, form);
}

#[test]
fn what_is_to_be_deleted_reads() {
    let form: deletion::Plan = read("plan");
    let parts = form.clone().into_doomed().unwrap();
    assert_eq!(deletion::Plan::new(parts.iter().map(deletion::Doomed::from).collect()), form);

    let form: deletion::DueEntry = read("due");
    let due_at = form.due_at;
    let parts = form.into_doomed(subject(), RecordId::parse(ID).unwrap()).unwrap();
    assert_eq!(parts.due_at.map(millis), Some(due_at));
}

#[test]
fn a_hold_reads() {
    for name in ["hold", "hold-ground", "hold-category", "hold-incident", "hold-copy"] {
        let form: hold::Hold = read(name);
        let is_subjects = matches!(name, "hold" | "hold-ground");
        let stored = form.clone().into_hold(is_subjects.then(subject), HoldId::parse(ID).unwrap()).unwrap();
        assert_eq!((stored.ground.is_some(), stored.is_wide()), (name != "hold", form.scope.is_some()));
        let written = if name == "hold-copy" { hold::Hold::copy_of(&stored) } else { hold::Hold::from(&stored) };
        assert_eq!(hold::Hold { released_by: form.released_by.clone(), ..written }, form);
    }
    let reviewed: hold::Hold = read("hold-reviewed");
    let moved_to = reviewed.review_moved_to;
    let stored = reviewed.into_hold(Some(subject()), HoldId::parse(ID).unwrap()).unwrap();
    assert_eq!(moved_to, Some(millis(stored.review_at)), "the day it was moved to counts");
    let wide: hold::Hold = read("hold-category");
    assert!(wide.into_hold(Some(subject()), HoldId::parse(ID).unwrap()).is_err(), "a wide one is nobody's");
    let lost: hold::Hold = read("hold");
    assert!(lost.into_hold(None, HoldId::parse(ID).unwrap()).is_err(), "nobody knows whose it is");
}

#[test]
fn only_telling_that_goes_on_again_is_looked_up_again() {
    use domain::breach::{Act, Actor, Entry, Telling};
    let entry = |act| breach::Entry::new(&Entry { at: Timestamp::UNIX_EPOCH, by: Actor::Product, act });
    let set = |telling| entry(Act::TellingSet(telling, String::from("why"))).resumes_telling();
    assert_eq!(Telling::ALL.map(set), [true, false, false]);
    assert!(!entry(Act::AllTold).resumes_telling());
}

#[test]
fn how_often_a_notice_was_sent_and_what_a_look_saw_read() {
    let state = |name| read::<breach::Notice>(name).standing().map(|(state, _, sends)| (state.as_str(), sends));
    assert_eq!(state("notice-claimed"), Ok(("claimed", 2)));
    assert_eq!(state("notice"), Ok(("without-address", 0)));
    let before = breach::Notice { sends: None, ..read("notice-claimed") };
    assert_eq!(before.standing().map(|(_, _, sends)| sends), Ok(1), "a send was begun before they were counted");
    let looked: breach::Looked = read("looked");
    assert_eq!((looked.open, looked.in_doubt, looked.sent_again), (14, 2, 1));
}

#[test]
fn a_breach_its_notice_and_its_alert_read() {
    let id = BreachId::parse(ID).unwrap();
    let form: breach::Breach = read("breach-declared");
    let (stored, fingerprint) = form.clone().into_breach(id.clone()).unwrap();
    assert!(stored.settled.is_empty(), "all that happened to it are entries");
    assert_eq!(breach::Breach::new(&stored, &fingerprint), form);

    let form: breach::Notice = read("notice");
    let notice = form.into_notice(domain::announcement::Announcement::Breach(id), subject()).unwrap();
    assert_eq!(notice.state, domain::announcement::NoticeState::WithoutAddress);
}

#[test]
fn an_alert_reads_as_it_was_ever_stored() {
    let form: breach::Alert = read("alert-by-language");
    let parts = breach::AlertParts::try_from(form.clone()).unwrap();
    assert_eq!(breach::Alert::from(parts), form);
    // As it was stored before there were other languages.
    let parts = breach::AlertParts::try_from(read::<breach::Alert>("alert")).unwrap();
    let english = &parts.texts[&domain::language::Language::English];
    assert_eq!((parts.texts.len(), english.advice.as_str()), (1, "Change yours."));
    assert_eq!(english.description, "Somebody tried passwords.");
}

#[test]
fn a_breach_that_was_stored_before_it_had_a_history_keeps_what_was_decided_with_it() {
    use domain::{
        breach::{Incident, PeopleAre},
        clock::Anchor,
        language::Language,
    };
    let form: breach::Breach = read("breach");
    let (stored, _) = form.clone().into_breach(BreachId::parse(ID).unwrap()).unwrap();
    let incident = Incident::new(stored);
    assert_eq!(incident.time_of(Anchor::Awareness).map(millis), form.aware_at);
    let facts = incident.facts();
    assert_eq!((facts.attempt_only, facts.scope.categories.len()), (true, 2));
    assert_eq!(facts.texts[&Language::English].advice, form.advice);
    let (_, decision) = incident.decision().unwrap();
    assert_eq!((decision.authority, decision.people), (true, PeopleAre::Told));
    assert_eq!((incident.version(), incident.submissions().count()), (0, 0));

    let notified = breach::Breach { notified_at: Some(1_772_452_800_000), reference: Some("2026-1".into()), ..form };
    let (stored, _) = notified.into_breach(BreachId::parse(ID).unwrap()).unwrap();
    let incident = Incident::new(stored);
    let sent: Vec<_> = incident.submissions().map(|sent| (millis(sent.at), sent.reference.as_str())).collect();
    assert_eq!(sent, [(1_772_452_800_000, "2026-1")]);
}

#[test]
fn every_entry_of_a_breach_reads() {
    use domain::breach::ActKind;
    let names = [
        "happened",
        "facts-changed",
        "signal-linked",
        "counted",
        "assessed",
        "decided",
        "decided-not-told",
        "notified",
        "telling-set",
        "all-told",
        "noted",
        "lesson",
        "followed-up",
        "closed",
        "reopened",
    ];
    for name in names {
        let form: breach::Entry = read(&format!("breach-entry-{name}"));
        let entry = form.clone().into_entry().unwrap();
        let is_decision = entry.act.kind() == ActKind::Decided;
        assert!(entry.act.kind().as_str() == name || is_decision, "{name}");
        assert_eq!((form.by.is_none(), form.tells_each()), (entry.act.is_by_product(), name == "decided"), "{name}");
        assert_eq!(breach::Entry::new(&entry), form, "{name}");
    }
}

#[test]
fn a_disclosure_reads_of_a_person_and_of_a_total() {
    for (name, whose) in [("disclosure", Some(subject())), ("disclosure-total", None)] {
        let form: disclosure::Disclosure = read(name);
        let stored = form.clone().into_disclosure(whose.clone(), DisclosureId::parse(ID).unwrap()).unwrap();
        let written = disclosure::Disclosure { sealed: form.sealed.clone(), ..disclosure::Disclosure::from(&stored) };
        assert_eq!(written, form);
        let elsewhere = if whose.is_some() { None } else { Some(subject()) };
        let moved = form.into_disclosure(elsewhere, DisclosureId::parse(ID).unwrap());
        assert_eq!(moved, Err(Unreadable { field: "people" }), "it is read where it was written");
    }
}

#[test]
fn a_change_of_the_notice_reads() {
    let form: notice::Change = read("change");
    let (stored, fingerprint) = form.clone().into_change(ChangeId::parse(ID).unwrap()).unwrap();
    assert!(stored.by_mail && stored.ask_again.len() == 2);
    assert_eq!(notice::Change::new(&stored, &fingerprint), form);
    let odd = notice::Change { significance: "small".into(), ..form };
    assert_eq!(odd.into_change(ChangeId::parse(ID).unwrap()), Err(Unreadable { field: "significance" }));
}

#[test]
fn an_attestation_and_its_end_read() {
    let form: attestation::Attestation = read("attestation");
    let id = AttestationId::parse("encryption-at-rest").unwrap();
    let stored = form.clone().into_attestation(id, "2026-03-01".parse().unwrap()).unwrap();
    assert_eq!(attestation::Attestation::from(&stored), form);
    let end: attestation::Attested = read("attested");
    assert_eq!(attestation::Attested::new(stored.valid_until), end);
}

#[test]
fn how_far_a_walk_has_come_reads() {
    let form: walk::Walk = read("walk");
    assert_eq!(form.began_at().unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!((form.hop, form.seen, form.changed, form.unreadable, form.done), (3, 6_000, 41, 1, false));
    assert!(form.from.is_some());
}

#[test]
fn what_a_walk_counts_reads() {
    let form: walk::Walk = read("walk-count");
    let tally = form.tally().unwrap();
    assert_eq!((tally.counts.people, tally.counts.records, tally.counts.consents), (1_204, 1_310, 17));
    assert_eq!((tally.counts.by_category.len(), tally.last), (2, Some(subject())));
    let bare = walk::Walk { counts: None, last: None, ..form.clone() };
    assert_eq!(bare.clone().counting(&form.tally().unwrap()), form);
    assert_eq!(bare.tally().unwrap(), domain::breach::Tally::default());
}

#[test]
fn how_many_notices_stand_in_which_state_reads() {
    let form: count::NoticeTally = read("tally");
    let mut counts = domain::announcement::NoticeCounts { sent: 1, ..Default::default() };
    form.add_to(&mut counts);
    assert_eq!(
        (counts.planned, counts.claimed, counts.sent, counts.without_address, counts.not_reached),
        (31, 2, 8, 3, 1)
    );
}

#[test]
fn by_which_policy_records_are_planned_reads() {
    let form: planning::Planned = read("planned");
    let next = form.next().unwrap();
    let (policy, _, walk) = next.clone().unwrap();
    assert_eq!((policy, walk.unwrap().to_string()), ("bb".repeat(32), "2026-01-01T01:00:00Z".into()));
    assert_eq!(planning::Planned::new(form.policy.as_deref(), next, form.rev), form);
    let half = planning::Planned { since: None, ..form };
    assert_eq!(half.next(), Err(Unreadable { field: "since" }));
}

#[test]
fn a_system_and_its_open_task_read() {
    let form: system::System = read("system");
    let state = form.clone().into_state().unwrap();
    assert_eq!((state.revision, state.secret.version, state.health.failures_in_a_row), (7, 2, 4));
    assert_eq!(system::System::from(&state), form);
    let half = system::System { failure: None, ..form };
    assert_eq!(half.into_state(), Err(Unreadable { field: "failure" }));
    let form: system::OpenTask = read("task");
    assert_eq!(system::OpenTask::new(form.since().unwrap()), form);
}

#[test]
fn claims_read() {
    assert!(read::<mail::Claim>("mail").sent_at.is_some());
    assert!(read::<mail::Claim>("warned").sent_at.is_none());
}

#[test]
fn a_count_of_records_reads() {
    assert_eq!(read::<count::StoredCount>("stored").stored, 1_200);
}

#[test]
fn json_forms_read() {
    fn read<F: Serialize + DeserializeOwned>(name: &str) -> F {
        let form: F = serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kept: serde_json::Value = serde_json::from_str(&text(name)).unwrap();
        assert_eq!(serde_json::to_value(&form).unwrap(), kept, "{name}");
        form
    }
    let batch = read::<deletion::NotedBatch>("batch");
    let parts = batch.clone().into_parts().unwrap();
    let records = parts.records.iter().map(deletion::Doomed::from).collect();
    let place = (parts.chain, parts.number);
    assert_eq!(deletion::NotedBatch::new(&parts.batch, parts.reason, parts.at, place, records, &parts.results), batch);
    assert_eq!(read::<export::Export>("export").facts, export::Facts::default());
    let export = read::<export::Export>("export-access");
    let csv = export.to_csv();
    for row in [
        "part,category,purpose,at,kept_until,field,value,clause\r\n",
        "record,server-log,security.abuse-detection,2026-03-01T12:00:00Z,2026-06-09T12:00:00Z,ip_address,192.0.2.1,scantrust.1.2-b\r\n",
        "record,server-log,security.abuse-detection,2026-03-01T12:00:00Z,2026-06-09T12:00:00Z,password,\"(kept, not shown)\",",
        "consent,,marketing.newsletter,2026-03-01T12:00:00Z,,choice,given,\r\n",
        "request,,,2026-03-01T12:00:00Z,,access,answered,\r\n",
        "disclosure,server-log,security.abuse-detection,2026-03-02T12:00:00Z,,hosting,Hosting Ltd,scantrust.2.1\r\n",
        "instruction,,,2026-01-02T12:00:00Z,,deletion,all,\r\n",
        "category,server-log,,,,source,observed,scantrust.1.2-a\r\n",
        "category,server-log,security.abuse-detection,,,kept,for 100 days,scantrust.1.2-b\r\n",
        "right,,,,,portability,refused,scantrust.3.2\r\n",
    ] {
        assert!(csv.contains(row), "{row} is missing in {csv}");
    }
    assert!(csv.lines().all(|line| line.split(',').count() >= 8), "{csv}");
    let instructions: domain::dsar::Instructions =
        read::<instructions::Instructions>("instructions").try_into().unwrap();
    assert!(instructions.retention.is_none() && !instructions.erase_everything(), "somebody gets something first");
    assert!(instructions::Instructions::from(&instructions) == read("instructions"));
    let (identifier, locator, fields) = read::<content::Content>("content").into_parts().unwrap();
    assert!(content::Content::new(identifier.as_ref(), &locator, &fields) == read("content"));
    let references = read::<disclosure::ReferenceTexts>("references").into_references().unwrap();
    assert!(disclosure::ReferenceTexts::new(&references) == read("references"));
}

#[test]
fn where_a_purge_stands_and_what_was_done_to_it_read() {
    let form: purge::Purge = read("purge");
    let control = form.clone().into_control().unwrap();
    assert_eq!((control.today.total(), control.usual()), (5_012, 700));
    assert_eq!(purge::Purge::from(&control), form);
    let running = purge::Purge { state: "running".into(), since: None, cause: None, ..form.clone() };
    assert_eq!(purge::Purge::from(&running.clone().into_control().unwrap()), running);
    assert_eq!(purge::Purge { cause: None, ..form }.into_control(), Err(Unreadable { field: "state" }));

    let form: purge::PurgeDeed = read("purge-deed");
    let act = form.clone().into_act().unwrap();
    assert_eq!(purge::PurgeDeed::from(&act), form);
    assert_eq!(purge::PurgeDeed { records: None, ..form }.into_act(), Err(Unreadable { field: "deed" }));
}

#[test]
fn a_packet_of_bulk_records_and_its_entries_read() {
    let form: log::Log = read("log");
    let packet = form.clone().into_packet(LogId::parse(ID).unwrap()).unwrap();
    assert_eq!(log::Log { sealed: form.sealed.clone(), ..log::Log::from(&packet) }, form);
    let entries: log::Entries = serde_json::from_str(&text("log-entries")).unwrap();
    let opened = entries.clone().into_entries().unwrap();
    assert_eq!(opened.len(), 2);
    assert!(log::Entries::new(&opened) == entries);
}

#[test]
fn a_day_of_bulk_records_reads() {
    let day = |name| {
        // It is put together by updates, with sets that no form writes.
        let form: log::Day = serde_dynamo::from_item(item(name)).unwrap();
        form.into_day(Category::parse("server-log").unwrap(), "2026-06-09".parse().unwrap()).unwrap()
    };
    let (open, settled) = (day("day-held"), day("day"));
    assert!(open.is_held() && open.closed_at.is_none() && settled.settled_at.is_some());
    let (purpose, clause) = open.kept.first().unwrap();
    assert_eq!(log::kept(purpose, clause), "security scantrust.1.2-b");
    assert_eq!((open.packets, open.entries), (3, 2_048));
}

#[test]
fn a_signal_reads_open_dismissed_or_linked() {
    let whole = |name| {
        let form: signal::Signal = read(name);
        let signal = form.clone().into_signal(SignalId::parse(ID).unwrap()).unwrap();
        assert_eq!(signal::Signal::from(&signal), form, "{name}");
        (form, signal)
    };
    let (form, open) = whole("signal");
    assert!(open.is_open() && open.gravest() == domain::signal::SignalSeverity::High && open.earlier.len() == 1);
    let ((half, dismissed), (_, linked)) = (whole("signal-dismissed"), whole("signal-linked"));
    assert_eq!((dismissed.dismissed.is_some(), linked.linked.is_some(), linked.is_open()), (true, true, false));
    let id = || SignalId::parse(ID).unwrap();
    let nobodys = signal::Signal { dismissed_by: None, ..half };
    assert_eq!(nobodys.into_signal(id()), Err(Unreadable { field: "dismissed_at" }));
    let odd = signal::Signal { severity: "dreadful".into(), ..form };
    assert_eq!(odd.into_signal(id()), Err(Unreadable { field: "severity" }));
}

#[test]
fn every_fixture_is_read() {
    let read = "alert alert-by-language attestation attested batch breach breach-declared breach-entry-all-told \
                 breach-entry-assessed breach-entry-closed breach-entry-counted breach-entry-decided \
                 breach-entry-decided-not-told breach-entry-facts-changed breach-entry-followed-up \
                 breach-entry-happened breach-entry-lesson breach-entry-noted breach-entry-notified \
                 breach-entry-reopened breach-entry-signal-linked breach-entry-telling-set challenge change code \
                 consent consent-agreed consent-awaited consent-salted consent-subscribed content day day-held \
                 decided-erased decided-exported decided-not-verified decided-recorded decided-refused \
                 decided-stopped decided-with-office decided-withdrawn disclosure disclosure-total due entry-asked \
                 entry-decided entry-ruled entry-task entry-verified export export-access hold hold-category \
                 hold-copy hold-ground hold-incident hold-reviewed instructions log log-entries looked mail notice \
                 notice-claimed plan planned purge purge-deed record record-held references request request-acting \
                 request-office signal signal-dismissed signal-linked stored system tally task token tombstone \
                 trigger trigger-times verified walk walk-count warned whose";
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/stored");
    let mut kept: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".v1.json").to_owned())
        .collect();
    kept.sort();
    assert_eq!(kept, read.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn a_form_that_does_not_read_names_its_field_and_not_its_value() {
    let form: record::Record = read("record");
    let id = || RecordId::parse(ID).unwrap();
    let broken = record::Record { category: "Ada Lovelace".into(), ..form.clone() };
    assert_eq!(broken.into_record(subject(), id()).unwrap_err().to_string(), "category does not read");
    let odd = record::Record { renewals: vec![1], ..form.clone() };
    assert_eq!(odd.into_record(subject(), id()), Err(Unreadable { field: "renewals" }));
    let later = record::Record { v: 2, ..form.clone() };
    assert_eq!(later.into_record(subject(), id()), Err(Unreadable { field: "v" }));
    let other = record::Record { kind: Kind::Hold, ..form };
    assert_eq!(other.into_record(subject(), id()), Err(Unreadable { field: "kind" }));
}

#[test]
fn every_kind_has_one_name_for_serde_and_for_queries() {
    for kind in Kind::ALL {
        let attribute: AttributeValue = serde_dynamo::to_attribute_value(kind).unwrap();
        assert_eq!(attribute, AttributeValue::S(kind.as_str().to_owned()));
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
    }
}
