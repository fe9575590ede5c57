//! A person's certificate shows what was erased, and nothing that was not.

use domain::{
    evidence::{commitment, merkle},
    ids::{ControllerId, RecordId, SubjectRef},
};
use jiff::Timestamp;
use wire::evidence::{
    IntentLeaf, ResultLeaf,
    certificate::{Certificate, Certified, CertifiedBatch, ErasedRecord, verify_certificate},
    trust::Trust,
    verify::{Fault, checkpoint_file, link_file},
};

use super::build::{Writer, intent_leaf, small};

fn controller() -> ControllerId {
    ControllerId::parse("rfa").unwrap()
}

fn subject() -> SubjectRef {
    SubjectRef::parse(&format!("1.{}", "A".repeat(22))).unwrap()
}

fn erased(number: u8) -> ErasedRecord {
    ErasedRecord {
        record: RecordId::parse(&format!("{number:A>22}")).unwrap(),
        due_at: (number > 1).then(|| Timestamp::from_millisecond(1_770_000_000_123).unwrap()),
        salt: [number; 16],
    }
}

fn own(record: &ErasedRecord) -> String {
    merkle::hex(&commitment(&record.salt, &controller(), &subject(), &record.record, record.due_at))
}

/// Evidence in which two records of one person were erased among others, and the links of the intent and the result.
fn evidence() -> (Writer, u64, u64) {
    let mut writer = small();
    let owned = |number| IntentLeaf { commitment: own(&erased(number)), ..intent_leaf(0) };
    let leaves = [intent_leaf(50), owned(1), intent_leaf(51), owned(2), intent_leaf(52)];
    let intent = writer.intent_of(3, "batch-p", &leaves);
    writer.events(3, "batch-q", &[(60, "consent")]);
    let results: Vec<_> = leaves
        .iter()
        .map(|leaf| ResultLeaf { commitment: leaf.commitment.clone(), result: "deleted".into() })
        .collect();
    let result = writer.result_of(3, "batch-p", intent, &results);
    writer.events(3, "batch-r", &[(61, "consent")]);
    writer.seal();
    (writer, intent, result)
}

fn header(writer: &Writer, number: u64) -> String {
    let file = String::from_utf8(writer.folder.files[&link_file(3, number)].clone()).unwrap();
    file.lines().next().unwrap().to_owned()
}

/// A certificate over the two records, without its checkpoint.
fn unsealed((writer, intent, result): &(Writer, u64, u64)) -> Certificate {
    let files = &writer.folder.files;
    let files = (files[&link_file(3, *intent)].as_slice(), files[&link_file(3, *result)].as_slice());
    let records = [erased(1), erased(2), erased(9)];
    let batch = CertifiedBatch::draw(&controller(), &subject(), files, &records).unwrap();
    Certificate {
        v: 1,
        controller: "rfa".into(),
        request: "C".repeat(22),
        subject: subject().to_string(),
        batches: vec![batch],
    }
}

/// A certificate under its checkpoint.
fn sealed(evidence: &(Writer, u64, u64)) -> Certificate {
    let mut certificate = unsealed(evidence);
    let (writer, intent, result) = evidence;
    let path = (*intent..=*result + 1).map(|number| header(writer, number)).collect();
    let batch = certificate.batches.remove(0);
    certificate.batches = vec![batch.covered_by(path, &writer.folder.files[&checkpoint_file(3)]).unwrap()];
    certificate
}

fn look(certificate: &Certificate, trust: Option<&Trust>) -> Result<Certified, Fault> {
    verify_certificate(&serde_json::to_vec(certificate).unwrap(), trust)
}

#[test]
fn a_certificate_shows_what_was_erased_and_when() {
    let evidence = evidence();
    let certified = look(&sealed(&evidence), Some(&evidence.0.trust())).unwrap();
    assert!(certified.is_trusted);
    assert_eq!((certified.controller.as_str(), certified.records), ("rfa", 2));
    let item = &certified.items[1];
    assert_eq!((item.evidence.as_str(), item.result.as_str(), item.checkpoint), ("3.2/3", "deleted", Some(3)));
    assert_eq!((item.category.as_str(), item.purpose.as_str()), ("log", "security"));
    assert_eq!((item.clause.as_str(), item.system.as_str()), ("rfa.1-a", "s3"));
    assert_eq!((item.at.as_str(), item.commitment.as_str()), ("2026-03-04T04:00:00Z", own(&erased(2)).as_str()));
}

#[test]
fn before_the_next_checkpoint_a_certificate_is_consistent_in_itself() {
    let evidence = evidence();
    let certified = look(&unsealed(&evidence), Some(&evidence.0.trust())).unwrap();
    assert!(!certified.is_trusted);
    assert_eq!(certified.items[0].checkpoint, None);
    assert!(!look(&sealed(&evidence), None).unwrap().is_trusted);
}

#[test]
fn a_certificate_signed_by_another_key_is_refused() {
    let (ours, theirs) = (evidence(), evidence());
    let fault = look(&sealed(&theirs), Some(&ours.0.keys())).unwrap_err();
    assert_eq!(fault.to_string(), "/batches/0/checkpoint: expected a key of the trust file");
}

#[test]
fn every_byte_of_a_certificate_counts() {
    let evidence = evidence();
    let trust = evidence.0.trust();
    let bytes = serde_json::to_vec(&sealed(&evidence)).unwrap();
    // The request's number is for people: no evidence names requests.
    let number = "C".repeat(22);
    let start = bytes.windows(22).position(|window| window == number.as_bytes()).unwrap();
    for position in (0..bytes.len()).filter(|position| !(start..start + 22).contains(position)) {
        let mut changed = bytes.clone();
        changed[position] ^= 1 << (position % 8);
        assert!(verify_certificate(&changed, Some(&trust)).is_err(), "byte {position}");
    }
}

#[test]
fn what_does_not_belong_together_is_no_certificate() {
    let evidence = evidence();
    let trust = evidence.0.trust();
    type Change = fn(&mut Certificate);
    let changes: [(&str, Change); 12] = [
        ("/controller", |it| it.controller = "zentry".into()),
        ("/subject", |it| it.subject = "nobody".into()),
        ("/v", |it| it.v = 2),
        ("/batches/0/path/1", |it| drop(it.batches[0].path.remove(1))),
        ("/batches/0/checkpoint", |it| drop(it.batches[0].path.pop())),
        ("/batches/0/path", |it| it.batches[0].checkpoint = None),
        ("/batches/0/path", |it| drop(it.batches[0].path.remove(0))),
        ("/batches/0/intent", |it| it.batches[0].intent = it.batches[0].result.clone()),
        ("/batches/0/items/0/intent", |it| it.batches[0].items[0].position = 2),
        ("/batches/0/items/1/result", |it| it.batches[0].items[1].result = it.batches[0].items[0].result.clone()),
        ("/batches/0/items/1/intent", |it| it.batches[0].items[1].due_at = None),
        ("/batches/0/items/0/intent", |it| it.batches[0].items[0].salt = it.batches[0].items[1].salt.clone()),
    ];
    for (place, change) in changes {
        let mut certificate = sealed(&evidence);
        change(&mut certificate);
        assert_eq!(look(&certificate, Some(&trust)).unwrap_err().file, place);
    }
}

#[test]
fn somebody_elses_record_is_in_no_certificate() {
    let evidence = evidence();
    assert_eq!(unsealed(&evidence).batches[0].items.len(), 2);
    let mut certificate = sealed(&evidence);
    certificate.subject = format!("1.{}", "B".repeat(22));
    let fault = look(&certificate, None).unwrap_err();
    assert_eq!(fault.file, "/batches/0/items/0/intent");
}
