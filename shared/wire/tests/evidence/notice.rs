//! The certificate of a notice shows how one person was told, and nothing of anybody else.

use domain::ids::{BreachId, ControllerId, SubjectRef};
use wire::evidence::{
    EventLeaf, LinkKind,
    notice::{CertifiedNotice, NoticeCertificate, NoticeItem, is_of_notice, verify_notice},
    trust::Trust,
    verify::{Fault, checkpoint_file, link_file},
};

use super::build::{Writer, commitment, small};

const CHAIN: u8 = 3;
const AT: &str = "2026-03-04T05:06:07.089Z";

fn item(state: &str) -> NoticeItem {
    let planned = r#""planned_at":{"N":"1772600000000"}"#;
    NoticeItem {
        controller: ControllerId::parse("rfa").unwrap(),
        breach: BreachId::parse("BBBBBBBBBBBBBBBBBBBBBA").unwrap(),
        subject: SubjectRef::parse(&format!("1.{}", "A".repeat(22))).unwrap(),
        salt: [7; 16],
        content: format!(
            r#"{{"kind":{{"S":"notice"}},"moved_at":{{"N":"1772600767089"}},{planned},"state":{{"S":"{state}"}},"v":{{"N":"1"}}}}"#
        ),
    }
}

fn leaf(event: &str, at: &str, commitment: String) -> EventLeaf {
    EventLeaf {
        event: event.into(),
        at: at.into(),
        commitment,
        category: None,
        purpose: None,
        clause: None,
        due_at: None,
    }
}

/// Evidence in which one person's notice stands among others' under that name, and the number of its link.
fn evidence(event: &str, at: &str, of: &NoticeItem) -> (Writer, u64) {
    let mut writer = small();
    let leaves = [
        leaf("notice-sent", AT, commitment(70)),
        leaf(event, at, of.commitment()),
        leaf("notice-sent", AT, commitment(71)),
    ];
    let number = writer.link(writer.header(CHAIN, "batch-n", LinkKind::Events), &leaves);
    writer.events(CHAIN, "batch-o", &[(72, "consent")]);
    writer.seal();
    (writer, number)
}

fn sealed(event: &str, at: &str, of: &NoticeItem) -> (Writer, NoticeCertificate) {
    let (writer, number) = evidence(event, at, of);
    let file = |number| &writer.folder.files[&link_file(CHAIN, number)];
    let header = |number| String::from_utf8(file(number).clone()).unwrap().lines().next().unwrap().to_owned();
    let drawn = NoticeCertificate::draw(of, file(number)).unwrap().unwrap();
    let path = vec![header(number), header(number + 1)];
    let drawn = drawn.covered_by(path, &writer.folder.files[&checkpoint_file(3)]).unwrap();
    (writer, drawn)
}

fn look(certificate: &NoticeCertificate, trust: Option<&Trust>) -> Result<CertifiedNotice, Fault> {
    let bytes = serde_json::to_vec(certificate).unwrap();
    assert!(is_of_notice(&bytes));
    verify_notice(&bytes, trust)
}

#[test]
fn a_certificate_shows_how_and_when_one_person_was_told() {
    for state in ["sent", "sent-by-channel", "not-reached", "without-address"] {
        let (writer, certificate) = sealed(&format!("notice-{state}"), AT, &item(state));
        let shown = look(&certificate, Some(&writer.trust())).unwrap();
        assert!(shown.is_trusted);
        assert_eq!((shown.state.as_str(), shown.at.as_str()), (state, AT));
        assert_eq!((shown.checkpoint, shown.commitment), (Some(3), item(state).commitment()));
        assert!(!look(&certificate, None).unwrap().is_trusted);
        let early = NoticeCertificate { path: Vec::new(), checkpoint: None, ..certificate };
        let early = look(&early, Some(&writer.trust())).unwrap();
        assert_eq!((early.is_trusted, early.checkpoint), (false, None));
    }
}

#[test]
fn every_byte_of_it_counts() {
    let (writer, certificate) = sealed("notice-sent", AT, &item("sent"));
    let trust = writer.trust();
    let bytes = serde_json::to_vec(&certificate).unwrap();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1 << (position % 8);
        assert!(verify_notice(&changed, Some(&trust)).is_err(), "byte {position}");
    }
}

#[test]
fn what_does_not_belong_together_is_no_certificate() {
    let (writer, sound) = sealed("notice-sent", AT, &item("sent"));
    let trust = writer.trust();
    type Change = fn(&mut NoticeCertificate);
    let changes: [(&str, Change); 11] = [
        ("/v", |it| it.v = 2),
        ("/controller", |it| it.controller = "zentry".into()),
        ("/breach", |it| it.breach = "ada@example.com".into()),
        ("/leaf", |it| it.breach = "CCCCCCCCCCCCCCCCCCCCCA".into()),
        ("/subject", |it| it.subject = "nobody".into()),
        ("/leaf", |it| it.subject = format!("1.{}", "B".repeat(21) + "A")),
        ("/salt", |it| it.salt = "AAAA".into()),
        ("/leaf", |it| it.content = item("not-reached").content),
        ("/leaf", |it| it.position = 0),
        ("/path", |it| drop(it.path.remove(0))),
        ("/checkpoint", |it| drop(it.path.pop())),
    ];
    for (place, change) in changes {
        let mut certificate = sound.clone();
        change(&mut certificate);
        assert_eq!(look(&certificate, Some(&trust)).unwrap_err().file, place);
    }
    let stranger = small().trust();
    assert_eq!(look(&sound, Some(&stranger)).unwrap_err().file, "/checkpoint");
}

#[test]
fn a_leaf_that_says_something_else_than_its_item_shows_nothing() {
    for (event, at, state, place) in [
        ("notice-not-reached", AT, "sent", "/leaf"),
        ("notice-sent", "2026-03-04T05:06:08Z", "sent", "/leaf"),
        ("notice-planned", AT, "planned", "/content"),
        ("notice-claimed", AT, "claimed", "/content"),
    ] {
        let (writer, certificate) = sealed(event, at, &item(state));
        assert_eq!(look(&certificate, Some(&writer.trust())).unwrap_err().file, place, "{event}");
    }
}

#[test]
fn whoever_is_not_in_a_link_gets_no_certificate_from_it() {
    let (writer, number) = evidence("notice-sent", AT, &item("sent"));
    let file = &writer.folder.files[&link_file(CHAIN, number)];
    let other = NoticeItem { salt: [8; 16], ..item("sent") };
    assert_eq!(NoticeCertificate::draw(&other, file), Ok(None));
    assert_eq!(NoticeCertificate::draw(&item("sent"), &writer.folder.files[&link_file(CHAIN, 1)]), Ok(None));
    assert!(NoticeCertificate::draw(&item("sent"), b"{}").is_err());
}
