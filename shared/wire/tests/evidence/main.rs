//! Evidence that was tampered with is told from evidence that was not, and the place is named.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod build;
mod certificate;
mod notice;

use build::{Folder, Key, Writer, commitment, lines, small};
use domain::evidence::merkle;
use proptest::prelude::*;
use wire::evidence::{
    Checkpoint, Header, LinkKind, ResultLeaf,
    trust::{Seen, Trust, TrustError, TrustedKey, fingerprint},
    verify::{Broken, Fault, Summary, checkpoint_file, link_file, verify},
};

fn look(folder: &Folder, trust: Option<&Trust>) -> Result<Summary, Fault> {
    verify(folder, trust).map_err(|broken| match broken {
        Broken::Fault(fault) => fault,
        Broken::Unreadable(never) => match never {},
    })
}

fn fault(folder: &Folder, trust: Option<&Trust>) -> Fault {
    look(folder, trust).unwrap_err()
}

fn text_of(folder: &Folder, file: &str) -> Vec<String> {
    String::from_utf8(folder.files[file].clone()).unwrap().lines().map(str::to_owned).collect()
}

/// Writes a file anew with one line changed.
fn change(folder: &mut Folder, file: &str, line: usize, change: impl Fn(&str) -> String) {
    let mut text = text_of(folder, file);
    text[line - 1] = change(&text[line - 1]);
    folder.files.insert(file.to_owned(), lines(&text));
}

#[test]
fn sound_evidence_is_summed_up() {
    let writer = small();
    let summary = look(&writer.folder, Some(&writer.trust())).unwrap();
    assert!(summary.is_trusted);
    assert_eq!((summary.controller.as_str(), summary.chains, summary.links, summary.leaves), ("rfa", 3, 6, 11));
    assert_eq!(summary.deleted, 3);
    assert_eq!(summary.results, [("deleted".to_owned(), 3), ("held".to_owned(), 1)].into());
    assert_eq!(summary.intended, [("retention".to_owned(), 4)].into());
    let events = [("consent", 1), ("removed", 1), ("request", 1)].map(|(event, count)| (event.to_owned(), count));
    assert_eq!(summary.events, events.into());
    assert_eq!((summary.checkpoints, summary.links_unsigned), (2, 0));
    assert_eq!(summary.last_checkpoint.as_ref().unwrap().at, "2026-04-02T05:00:00Z");
    assert_eq!(summary.open, []);
    assert_eq!(summary.first_at.as_deref(), Some("2026-03-01T04:00:00Z"));
    assert_eq!(summary.last_at.as_deref(), Some("2026-03-03T04:00:00Z"));
    assert_eq!(summary.seen(), writer.trust().checkpoint);
}

#[test]
fn without_a_trust_file_it_is_consistent_in_itself_and_no_more() {
    let summary = look(&small().folder, None).unwrap();
    assert!(!summary.is_trusted);
    assert_eq!(summary.deleted, 3);
}

#[test]
fn with_keys_and_nothing_that_they_signed_nothing_is_trusted() {
    let mut writer = Writer::new();
    writer.events(0, "batch", &[(1, "consent")]);
    let summary = look(&writer.folder, Some(&writer.keys())).unwrap();
    assert!(!summary.is_trusted);
    assert_eq!(summary.links_unsigned, 1);
}

#[test]
fn a_batch_without_a_result_is_shown_as_open() {
    let mut writer = small();
    writer.intent(3, "batch-e", &[20, 21]);
    let summary = look(&writer.folder, Some(&writer.trust())).unwrap();
    assert_eq!(summary.links_unsigned, 1);
    let [open] = summary.open.as_slice() else { panic!("{:?}", summary.open) };
    assert_eq!((open.file.as_str(), open.leaves), (link_file(3, 2).as_str(), 2));
}

#[test]
fn a_batch_that_was_written_twice_counts_once() {
    let mut writer = Writer::new();
    writer.intent(0, "batch", &[1, 2]);
    let again = writer.intent(0, "batch", &[1, 2]);
    writer.result(0, "batch", again, &[(1, "deleted"), (2, "deleted")]);
    writer.result(0, "batch", again, &[(1, "absent"), (2, "deleted")]);
    let summary = look(&writer.folder, None).unwrap();
    assert_eq!((summary.deleted, summary.open.len()), (2, 0));
    assert_eq!(summary.results, [("absent".to_owned(), 1), ("deleted".to_owned(), 3)].into());
}

#[test]
fn every_byte_that_is_changed_is_noticed() {
    let writer = small();
    let trust = writer.trust();
    for (file, bytes) in &writer.folder.files {
        for position in 0..bytes.len() {
            let mut folder = writer.folder.clone();
            folder.files.get_mut(file).unwrap()[position] ^= 1 << (position % 8);
            assert!(look(&folder, Some(&trust)).is_err(), "byte {position} of {file}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_a_file_is_noticed(
        file: prop::sample::Index, from: prop::sample::Index, length in 0_usize..80, new in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let writer = small();
        let mut folder = writer.folder.clone();
        let name = writer.folder.files.keys().nth(file.index(writer.folder.files.len())).unwrap();
        let bytes = folder.files.get_mut(name).unwrap();
        let from = from.index(bytes.len());
        let to = bytes.len().min(from + length);
        bytes.splice(from..to, new);
        let is_same = folder.files == writer.folder.files;
        prop_assert_eq!(look(&folder, Some(&writer.trust())).is_ok(), is_same);
    }

    #[test]
    fn nothing_in_a_file_makes_the_verifier_panic(file: prop::sample::Index, bytes: Vec<u8>, line in "\\PC{0,300}") {
        let mut writer = small();
        let name = writer.folder.files.keys().nth(file.index(writer.folder.files.len())).unwrap().clone();
        for content in [bytes, format!("{line}\n{line}\n").into_bytes()] {
            writer.folder.files.insert(name.clone(), content);
            prop_assert!(look(&writer.folder, None).is_err());
        }
    }
}

#[test]
fn a_changed_leaf_is_named_with_its_file() {
    let mut folder = small().folder;
    change(&mut folder, &link_file(0, 1), 3, |line| line.replace("security", "adverts!"));
    let fault = fault(&folder, None);
    assert_eq!((fault.file.as_str(), fault.line), (link_file(0, 1).as_str(), 1));
    assert_eq!(fault.to_string(), format!("{}, line 1: expected the root of the leaves that follow", link_file(0, 1)));
}

#[test]
fn leaves_in_another_order_are_noticed() {
    let mut folder = small().folder;
    let file = link_file(0, 1);
    let mut text = text_of(&folder, &file);
    text.swap(1, 2);
    folder.files.insert(file.clone(), lines(&text));
    assert_eq!(fault(&folder, None).file, file);
}

#[test]
fn a_line_that_is_no_leaf_is_named_by_its_number() {
    let mut folder = small().folder;
    change(&mut folder, &link_file(0, 2), 3, |line| line.replace("\"result\"", "\"outcome\""));
    assert_eq!((fault(&folder, None).file, fault(&folder, None).line), (link_file(0, 2), 3));
}

#[test]
fn a_forged_root_breaks_the_chain_behind_it() {
    let mut folder = small().folder;
    // Leaf and root are changed so that they fit each other.
    let mut text = text_of(&folder, &link_file(0, 1));
    text[1] = text[1].replace("security", "adverts!");
    let mut header: Header = serde_json::from_str(&text[0]).unwrap();
    header.root = merkle::hex(&wire::evidence::root_of(text[1..].iter().map(|line| line.as_bytes())));
    text[0] = serde_json::to_string(&header).unwrap();
    folder.files.insert(link_file(0, 1), lines(&text));
    let fault = fault(&folder, None);
    assert_eq!((fault.file.as_str(), fault.line), (link_file(0, 2).as_str(), 1));
    assert!(fault.expected.starts_with("`previous` to be "), "{fault}");
}

#[test]
fn a_forged_last_link_is_not_the_one_that_a_checkpoint_names() {
    let mut folder = small().folder;
    change(&mut folder, &link_file(15, 2), 1, |line| line.replace("T04:00", "T05:00"));
    let fault = fault(&folder, None);
    assert_eq!(fault.file, link_file(15, 2));
    assert!(fault.expected.starts_with("the link that checkpoint 2 names: "), "{fault}");
}

#[test]
fn a_link_that_is_missing_is_named() {
    for (chain, number) in [(0, 1), (0, 2), (0, 3), (3, 1), (15, 2)] {
        let mut writer = small();
        writer.folder.files.remove(&link_file(chain, number)).unwrap();
        for trust in [None, Some(writer.trust())] {
            let fault = fault(&writer.folder, trust.as_ref());
            assert_eq!((fault.file, fault.line), (link_file(chain, number), 0));
        }
    }
}

#[test]
fn links_that_changed_places_are_noticed() {
    let mut folder = small().folder;
    let (first, second) = (link_file(0, 1), link_file(0, 2));
    let taken = folder.files.remove(&first).unwrap();
    let other = folder.files.insert(second, taken).unwrap();
    folder.files.insert(first.clone(), other);
    assert_eq!((fault(&folder, None).file, fault(&folder, None).line), (first, 1));
}

#[test]
fn a_cut_tail_is_seen_by_whoever_saw_it_before_and_by_nobody_else() {
    let mut writer = small();
    let trust = writer.trust();
    for file in [checkpoint_file(2), link_file(0, 3), link_file(15, 1), link_file(15, 2)] {
        writer.folder.files.remove(&file).unwrap();
    }
    assert!(look(&writer.folder, None).is_ok());
    assert!(look(&writer.folder, Some(&writer.keys())).is_ok());
    let fault = fault(&writer.folder, Some(&trust));
    assert_eq!(fault.file, checkpoint_file(2));
    assert_eq!(fault.expected, "checkpoint 2, which the trust file has seen, to be there");
}

#[test]
fn a_swapped_key_is_seen_by_whoever_knows_the_true_one_and_by_nobody_else() {
    // All of it is written anew, and signed by another key.
    let (writer, forger) = (small(), small());
    assert!(look(&forger.folder, None).is_ok());
    let fault = fault(&forger.folder, Some(&writer.keys()));
    assert_eq!((fault.file.as_str(), fault.line), (checkpoint_file(1).as_str(), 1));
    assert_eq!(fault.expected, "`key` to be a key of the trust file");
}

#[test]
fn a_signature_by_another_key_is_no_signature() {
    let writer = small();
    let mut folder = writer.folder.clone();
    let other = Key::new();
    let first = text_of(&folder, &checkpoint_file(2))[0].clone();
    change(&mut folder, &checkpoint_file(2), 2, |_| format!("{{\"signature\":\"{}\"}}", other.sign(&first)));
    assert!(look(&folder, None).is_ok());
    let fault = fault(&folder, Some(&writer.keys()));
    assert_eq!((fault.file.as_str(), fault.line), (checkpoint_file(2).as_str(), 2));
}

#[test]
fn an_old_checkpoint_in_place_of_a_new_one_is_noticed() {
    let writer = small();
    let mut folder = writer.folder.clone();
    let old = folder.files[&checkpoint_file(1)].clone();
    folder.files.insert(checkpoint_file(2), old);
    assert_eq!((fault(&folder, None).file, fault(&folder, None).line), (checkpoint_file(2), 1));
}

#[test]
fn a_fork_is_noticed_by_whoever_saw_the_other_branch() {
    // The same key signs another second checkpoint: over the same links, a day later.
    let mut writer = small();
    let seen = writer.trust();
    let mut other: Checkpoint = serde_json::from_str(&text_of(&writer.folder, &checkpoint_file(2))[0]).unwrap();
    other.at = "2026-04-03T05:00:00Z".into();
    writer.put_checkpoint(&other);
    assert!(look(&writer.folder, Some(&writer.keys())).is_ok());
    let fault = fault(&writer.folder, Some(&seen));
    assert_eq!(fault.file, checkpoint_file(2));
    assert!(fault.expected.starts_with("the checkpoint that was seen: "), "{fault}");
}

#[test]
fn a_checkpoint_takes_nothing_back() {
    for (what, change) in [
        ("a head that goes back", (|checkpoint| checkpoint.heads[0].number = 1) as fn(&mut Checkpoint)),
        ("a chain that is not there any more", |checkpoint| drop(checkpoint.heads.remove(0))),
        ("a time before", |checkpoint| checkpoint.at = "2026-04-01T05:00:00Z".into()),
        ("heads in another order", |checkpoint| checkpoint.heads.reverse()),
        ("another controller", |checkpoint| checkpoint.controller = "zentry".into()),
        ("another version", |checkpoint| checkpoint.v = 3),
        ("a gap", |checkpoint| checkpoint.number = 4),
    ] {
        let mut writer = small();
        let mut checkpoint = writer.next_checkpoint();
        change(&mut checkpoint);
        writer.put_checkpoint(&checkpoint);
        let fault = fault(&writer.folder, Some(&writer.keys()));
        assert_eq!(fault.file, checkpoint_file(3), "{what}: {fault}");
    }
}

#[test]
fn a_result_is_of_its_intents_records_and_no_others() {
    type Change = fn(&mut Header, &mut Vec<ResultLeaf>);
    let changes: [(&str, Change); 7] = [
        ("an unknown result", |_, leaves| leaves[0].result = "gone".into()),
        ("another record", |_, leaves| leaves[1].commitment = commitment(99)),
        ("a record less", |_, leaves| drop(leaves.pop())),
        ("another order", |_, leaves| leaves.swap(0, 1)),
        ("another batch", |header, _| header.batch = "batch-z".into()),
        ("another reason", |header, _| header.reason = Some("erasure".into())),
        ("an intent that is none", |header, _| header.intent = Some(header.number)),
    ];
    for (what, change) in changes {
        let mut writer = Writer::new();
        let intent = writer.intent(7, "batch", &[1, 2]);
        let mut header = Header { intent: Some(intent), ..writer.header(7, "batch", LinkKind::Result) };
        let leaf = |record| ResultLeaf { commitment: commitment(record), result: "deleted".into() };
        let mut leaves = vec![leaf(1), leaf(2)];
        change(&mut header, &mut leaves);
        writer.link(header, &leaves);
        assert_eq!(fault(&writer.folder, None).file, link_file(7, 2), "{what}");
    }
}

#[test]
fn a_file_that_is_none_of_the_evidence_is_not_passed_over() {
    for file in
        ["chain/00/notes.txt", "chain/00/999999999999.jsonl", "chain/16/x", "chain/notes", "checkpoints/1.jsonl"]
    {
        let mut folder = small().folder;
        folder.files.insert(file.into(), b"x".to_vec());
        let named = fault(&folder, None).file;
        assert!(file.starts_with(&named), "{file}: {named}");
    }
}

#[test]
fn evidence_of_another_controller_is_refused() {
    let writer = small();
    let trust = Trust { controller: "zentry".into(), ..writer.trust() };
    assert_eq!(fault(&writer.folder, Some(&trust)).expected, "`controller` to be zentry");
}

/// What is left of [`small`] when all that lies before its second checkpoint was moved away.
fn shortened() -> (Writer, Folder) {
    let mut writer = small();
    let intent = writer.intent(0, "batch-f", &[30]);
    writer.seal();
    writer.result(0, "batch-f", intent, &[(30, "deleted")]);
    let mut folder = writer.folder.clone();
    for file in [checkpoint_file(1), link_file(0, 1), link_file(0, 2), link_file(0, 3), link_file(15, 1)] {
        folder.files.remove(&file).unwrap();
    }
    (writer, folder)
}

#[test]
fn a_folder_may_begin_where_a_trusted_checkpoint_covers_what_is_gone() {
    let (writer, folder) = shortened();
    let summary = look(&folder, Some(&writer.trust())).unwrap();
    assert_eq!(summary.begins_at, Some(2));
    assert_eq!((summary.results_of_before, summary.deleted), (1, 2));
    assert_eq!(fault(&folder, None).file, checkpoint_file(1));
    assert_eq!(fault(&folder, Some(&writer.keys())).file, checkpoint_file(1));
}

#[test]
fn what_a_folder_begins_with_is_still_what_the_checkpoint_names() {
    let (writer, mut folder) = shortened();
    // The first link of chain 0 that is left follows the head of checkpoint 2.
    change(&mut folder, &link_file(0, 4), 1, |line| {
        line.replace("\"previous\":\"", "\"previous\":\"0").replacen("0\",\"at", "\",\"at", 1)
    });
    assert_eq!(fault(&folder, Some(&writer.trust())).file, link_file(0, 4));
    let (writer, mut folder) = shortened();
    folder.files.remove(&link_file(0, 4)).unwrap();
    assert_eq!(fault(&folder, Some(&writer.trust())).file, link_file(0, 4));
}

#[test]
fn each_file_is_read_once_and_an_intent_once_more_for_its_result() {
    let writer = small();
    look(&writer.folder, Some(&writer.trust())).unwrap();
    assert_eq!(*writer.folder.reads.borrow(), 6 + 2 + 2);
}

#[test]
fn a_trust_file_reads_as_it_was_written() {
    let trust = small().trust();
    assert_eq!(Trust::parse(&serde_json::to_vec(&trust).unwrap()), Ok(trust));
}

#[test]
fn a_trust_file_that_trusts_nothing_in_particular_is_refused() {
    let key = Key::new();
    let good = TrustedKey::new(&key.public()).unwrap();
    let other = TrustedKey { fingerprint: fingerprint(b"another"), ..good.clone() };
    let short = TrustedKey { public: "MFkw".into(), ..good.clone() };
    let seen = |number, hash: &str| Some(Seen { number, hash: hash.into() });
    let with = |v, keys, checkpoint| Trust { v, controller: "rfa".into(), keys, checkpoint };
    for (trust, expected) in [
        (with(2, vec![good.clone()], None), TrustError::Version(2)),
        (with(1, vec![], None), TrustError::NoKey),
        (with(1, vec![good.clone(), short], None), TrustError::Key(2)),
        (with(1, vec![other], None), TrustError::Fingerprint(1)),
        (with(1, vec![good.clone()], seen(0, &"0".repeat(64))), TrustError::Checkpoint),
        (with(1, vec![good], seen(1, "x")), TrustError::Checkpoint),
    ] {
        assert_eq!(Trust::parse(&serde_json::to_vec(&trust).unwrap()), Err(expected));
    }
    assert!(matches!(Trust::parse(b"{}"), Err(TrustError::Form { .. })));
    assert_eq!(TrustedKey::new(&key.public()[1..]), None);
}
