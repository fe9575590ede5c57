//! Stored items, and the forms that stand inside them: what reads is written back the same, and what it says can be
//! taken out of it or is refused by the name of a field.

use std::fmt::Debug;

use domain::{
    announcement::Announcement,
    ids::{
        AttestationId, BreachId, CaptureId, Category, ChangeId, DisclosureId, HoldId, LogId, RecordId, RequestId,
        SignalId, SubjectRef,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_dynamo::Item;
use wire::stored::{
    Unreadable, attestation, breach, challenge, consent, content, count, deletion, disclosure, entry, export, hold,
    instructions, log, mail, notice, planning, purge, record, request, signal, system, tombstone, walk,
};

use crate::{says_nothing_of_it, seeds};

const ID: &str = "KKKKKKKKKKKKKKKKKKKKKA";

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::files("events/stored", "json").into_iter().map(|(_, text)| text).collect()
}

/// Reads an item as a form, and what it wrote of it as the same form.
fn form<F: Serialize + DeserializeOwned + PartialEq + Debug>(item: &Item) -> Option<F> {
    let form: F = serde_dynamo::from_item(item.clone()).ok()?;
    let written: Item = serde_dynamo::to_item(&form).expect("what was read is written");
    let again: F = serde_dynamo::from_item(written).expect("what was written reads");
    assert!(again == form, "{again:?} is not {form:?}");
    Some(form)
}

/// Reads a form as JSON, and what it wrote of it as the same form.
fn json<F: Serialize + DeserializeOwned>(text: &str) -> Option<F> {
    let form: F = serde_json::from_str(text).ok()?;
    let written = serde_json::to_value(&form).expect("what was read is written");
    let again: F = serde_json::from_value(written.clone()).expect("what was written reads");
    assert_eq!(serde_json::to_value(&again).expect("what was read is written"), written);
    Some(form)
}

fn said<T, E: ToString>(read: Result<T, E>) -> Option<T> {
    read.map_err(|error| says_nothing_of_it(&error.to_string())).ok()
}

fn subject() -> SubjectRef {
    SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap()
}

pub(crate) fn judge(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    json_forms(text);
    let Ok(item) = serde_json::from_str::<Item>(text) else { return };
    requests(&item);
    people(&item);
    breaches(&item);
    retention(&item);
    controllers(&item);
}

fn json_forms(text: &str) {
    json::<export::Export>(text).map(|export| export.to_csv());
    json::<deletion::NotedBatch>(text).and_then(|form| said(form.into_parts()));
    if let Some(parts) = json::<instructions::Instructions>(text).and_then(|form| said(form.try_into())) {
        let parts: domain::dsar::Instructions = parts;
        let _ = instructions::Instructions::from(&parts);
    }
    json::<content::Content>(text).and_then(|form| said(form.into_parts()));
    json::<disclosure::ReferenceTexts>(text).and_then(|form| said(form.into_references()));
    json::<log::Entries>(text).and_then(|form| said(form.into_entries()));
}

fn requests(item: &Item) {
    form::<request::Request>(item).and_then(|form| said(form.into_received()));
    form::<request::Verified>(item).and_then(|form| said(form.into_parts()));
    if let Some((at, outcome)) = form::<request::Decided>(item).and_then(|form| said(form.into_parts())) {
        let _ = (at, request::Ending::from(&outcome));
    }
    form::<request::Whose>(item).and_then(|form| said(form.into_subject()));
    if let Some((form, read)) =
        form::<entry::Entry>(item).and_then(|form| said(form.clone().into_entry()).map(|read| (form, read)))
    {
        let written = entry::Entry { text: form.text, ..entry::Entry::new(&read) };
        let again = written.into_entry().expect("what was written reads");
        assert_eq!(again, read);
    }
    let _ = form::<challenge::Challenge>(item).map(|form| {
        let read: Result<domain::dsar::Challenge, Unreadable> = form.try_into();
        said(read)
    });
    form::<challenge::CodeAsked>(item);
    form::<challenge::BoundToken>(item).and_then(|form| said(form.into_request()));
    form::<mail::Claim>(item);
    form::<system::System>(item).and_then(|form| said(form.into_state()));
    form::<system::OpenTask>(item).and_then(|form| said(form.since()));
}

fn people(item: &Item) {
    let capture = || CaptureId::parse(ID).unwrap();
    if let Some(event) = form::<consent::Consent>(item).and_then(|form| said(form.into_event(subject(), capture()))) {
        let again = consent::Consent::from(&event).into_event(subject(), capture()).expect("what was written reads");
        assert_eq!(again, event);
    }
    let request = || RequestId::parse(ID).unwrap();
    if let Some(read) =
        form::<tombstone::Tombstone>(item).and_then(|form| said(form.into_tombstone(subject(), request())))
    {
        let again = tombstone::Tombstone::from(&read).into_tombstone(subject(), request());
        assert_eq!(again.as_ref(), Ok(&read));
    }
    for whose in [Some(subject()), None] {
        let disclosure = DisclosureId::parse(ID).unwrap();
        form::<disclosure::Disclosure>(item).and_then(|form| said(form.into_disclosure(whose.clone(), disclosure)));
        let hold = HoldId::parse(ID).unwrap();
        form::<hold::Hold>(item).and_then(|form| said(form.into_hold(whose, hold)));
    }
}

fn breaches(item: &Item) {
    let id = || BreachId::parse(ID).unwrap();
    form::<breach::Breach>(item).and_then(|form| said(form.into_breach(id())));
    if let Some(read) = form::<breach::Entry>(item).and_then(|form| said(form.into_entry())) {
        let again = breach::Entry::new(&read).into_entry().expect("what was written reads");
        assert_eq!(again, read);
    }
    form::<breach::Notice>(item).and_then(|form| said(form.into_notice(Announcement::Breach(id()), subject())));
    form::<breach::Looked>(item);
    if let Some(parts) = form::<breach::Alert>(item).and_then(|form| said(breach::AlertParts::try_from(form))) {
        let _ = breach::Alert::from(parts);
    }
    let signal = SignalId::parse(ID).unwrap();
    if let Some(read) = form::<signal::Signal>(item).and_then(|form| said(form.into_signal(signal.clone()))) {
        let again = signal::Signal::from(&read).into_signal(signal).expect("what was written reads");
        assert_eq!(again, read);
    }
}

fn retention(item: &Item) {
    let record = || RecordId::parse(ID).unwrap();
    form::<record::Record>(item).and_then(|form| said(form.into_record(subject(), record())));
    form::<record::Trigger>(item).and_then(|form| said(form.into_parts()));
    form::<deletion::Plan>(item).and_then(|form| said(form.into_doomed()));
    form::<deletion::DueEntry>(item).and_then(|form| said(form.into_doomed(subject(), record())));
    if let Some(control) = form::<purge::Purge>(item).and_then(|form| said(form.into_control())) {
        let again = purge::Purge::from(&control).into_control().expect("what was written reads");
        assert_eq!(again, control);
    }
    form::<purge::PurgeDeed>(item).and_then(|form| said(form.into_act()));
    form::<log::Log>(item).and_then(|form| said(form.into_packet(LogId::parse(ID).unwrap())));
    // A day is put together by updates, with sets that no form writes.
    let day: Option<log::Day> = serde_dynamo::from_item(item.clone()).ok();
    day.and_then(|day| said(day.into_day(Category::parse("server-log").unwrap(), "2026-06-09".parse().unwrap())));
}

fn controllers(item: &Item) {
    let change = ChangeId::parse(ID).unwrap();
    form::<notice::Change>(item).and_then(|form| said(form.into_change(change)));
    let attestation = AttestationId::parse("encryption-at-rest").unwrap();
    form::<attestation::Attestation>(item)
        .and_then(|form| said(form.into_attestation(attestation, "2026-03-01".parse().unwrap())));
    form::<attestation::Attested>(item);
    form::<planning::Planned>(item).and_then(|form| said(form.next()));
    if let Some(walk) = form::<walk::Walk>(item) {
        let _ = (said(walk.began_at()), said(walk.tally()));
    }
    form::<count::StoredCount>(item);
    if let Some(tally) = form::<count::NoticeTally>(item) {
        tally.add_to(&mut domain::announcement::NoticeCounts::default());
    }
}
