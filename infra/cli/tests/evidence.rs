//! `habeas verify` on the sample of `events/evidence`: the deployed functions wrote it, and nothing in it can be
//! changed unseen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::{
    evidence::merkle,
    ids::{BreachId, ControllerId, SubjectRef},
};
use serde_json::Value;
use wire::evidence::{
    notice::{NoticeCertificate, NoticeItem},
    root_of,
};

const CONTROLLER: &str = "stationdb";

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/evidence")
}

/// A copy of the sample, which goes with its test.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let copy = Self(std::env::temp_dir().join(format!("habeas-evidence-{}-{number}", std::process::id())));
        for file in files(&sample()) {
            let to = copy.0.join(file.strip_prefix(sample()).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&file, to).unwrap();
        }
        copy
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// The files of the chains and checkpoints.
    fn evidence(&self) -> Vec<PathBuf> {
        files(&self.0.join(CONTROLLER))
    }

    fn verify(&self, more: &[&str]) -> Said {
        let mut arguments = vec!["verify".to_owned(), self.path(CONTROLLER)];
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        run(&arguments)
    }

    fn verify_trusting(&self) -> Said {
        self.verify(&["--trust", &self.path("trust.json")])
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[String]) -> Said {
    let said = Command::new(env!("CARGO_BIN_EXE_habeas")).args(arguments).output().unwrap();
    Said {
        code: said.status.code().unwrap(),
        out: String::from_utf8(said.stdout).unwrap(),
        err: String::from_utf8(said.stderr).unwrap(),
    }
}

#[test]
fn the_sample_is_sound() {
    let copy = Copy::new();
    let said = copy.verify_trusting();
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("sound: the evidence of stationdb is what the trusted key signed\n"), "{}", said.out);

    let said = copy.verify(&["--trust", &copy.path("trust.json"), "--json"]);
    let summary: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(summary["verdict"], "sound");
    assert_eq!((&summary["is_trusted"], &summary["links_unsigned"]), (&true.into(), &0.into()));
    assert!(summary["checkpoints"].as_u64().unwrap() >= 2, "{summary}");
    assert!(summary["intended"]["erasure"].as_u64().unwrap() >= 1, "{summary}");
    assert!(summary["intended"]["retention"].as_u64().unwrap() >= 1, "{summary}");
    assert!(summary["events"]["consent"].as_u64().unwrap() >= 1, "{summary}");
    assert!(summary["events"]["request"].as_u64().unwrap() >= 1, "{summary}");
    assert_eq!(summary["open"], Value::Array(Vec::new()));
    let gone = summary["intended"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
    assert_eq!(summary["deleted"], gone, "{summary}");
}

#[test]
fn without_the_trust_file_it_is_consistent_in_itself_and_no_more() {
    let said = Copy::new().verify(&[]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("consistent in itself: "), "{}", said.out);
}

#[test]
fn any_byte_that_is_changed_is_named_by_its_file() {
    let copy = Copy::new();
    let folder = copy.0.join(CONTROLLER);
    for file in copy.evidence() {
        let good = fs::read(&file).unwrap();
        // A few bytes of each file: every byte is flipped in the verifier's own tests.
        for position in [0, good.len() / 3, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[position] ^= 4;
            fs::write(&file, bad).unwrap();
            let said = copy.verify_trusting();
            assert_eq!(said.code, 1, "byte {position} of {}: {}", file.display(), said.out);
            assert!(said.out.starts_with("broken: "), "{}", said.out);
        }
        fs::write(&file, good).unwrap();
    }
    assert!(folder.is_dir());
    assert_eq!(copy.verify_trusting().code, 0, "as it was");
}

#[test]
fn any_file_that_is_missing_is_named() {
    let copy = Copy::new();
    // Names run backwards: the last is the first checkpoint.
    let checkpoints = files(&copy.0.join(CONTROLLER).join("checkpoints"));
    for file in copy.evidence() {
        let good = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let said = copy.verify_trusting();
        if Some(&file) == checkpoints.last() {
            // Whoever has seen a later checkpoint needs none of the earlier ones, and is told where it begins.
            assert!(said.code == 0 && said.out.contains("begins at   checkpoint 2"), "{}", said.out);
            assert_eq!(copy.verify(&[]).code, 1);
            fs::write(&file, good).unwrap();
            continue;
        }
        assert_eq!(said.code, 1, "without {}: {}", file.display(), said.out);
        let name = file.strip_prefix(copy.0.join(CONTROLLER)).unwrap().display().to_string();
        let is_named = said.out.contains(&name) || name.starts_with("checkpoints/");
        assert!(is_named, "without {name}: {}", said.out);
        fs::write(&file, good).unwrap();
    }
}

#[test]
fn files_that_changed_places_are_noticed() {
    let copy = Copy::new();
    let files = copy.evidence();
    for pair in files.windows(2) {
        let (one, other) = (fs::read(&pair[0]).unwrap(), fs::read(&pair[1]).unwrap());
        fs::write(&pair[0], &other).unwrap();
        fs::write(&pair[1], &one).unwrap();
        assert_eq!(copy.verify(&[]).code, 1, "{pair:?}");
        fs::write(&pair[0], &one).unwrap();
        fs::write(&pair[1], &other).unwrap();
    }
}

#[test]
fn a_cut_tail_shows_only_to_whoever_saw_it() {
    let copy = Copy::new();
    let checkpoints = files(&copy.0.join(CONTROLLER).join("checkpoints"));
    // Names run backwards: the first is the last checkpoint.
    let last = checkpoints.first().unwrap();
    let heads = |path: &Path| -> Value {
        serde_json::from_str(fs::read_to_string(path).unwrap().lines().next().unwrap()).unwrap()
    };
    let before = heads(&checkpoints[1]);
    fs::remove_file(last).unwrap();
    for file in files(&copy.0.join(CONTROLLER).join("chain")) {
        let header = heads(&file);
        let kept = before["heads"].as_array().unwrap().iter().any(|head| {
            head["chain"] == header["chain"] && header["number"].as_u64().unwrap() <= head["number"].as_u64().unwrap()
        });
        if !kept {
            fs::remove_file(file).unwrap();
        }
    }
    assert_eq!(copy.verify(&[]).code, 0, "nobody sees it from the files alone");
    let said = copy.verify_trusting();
    assert_eq!(said.code, 1);
    assert!(said.out.contains("which the trust file has seen"), "{}", said.out);
}

#[test]
fn what_was_seen_is_noted_only_when_all_is_well() {
    let copy = Copy::new();
    let path = copy.0.join("trust.json");
    let seen: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut fresh = seen.clone();
    fresh.as_object_mut().unwrap().remove("checkpoint").unwrap();
    fs::write(&path, fresh.to_string()).unwrap();
    let update = ["--trust", &copy.path("trust.json"), "--update"];

    let file = copy.evidence().remove(0);
    let good = fs::read(&file).unwrap();
    fs::write(&file, b"{}\n").unwrap();
    assert_eq!(copy.verify(&update).code, 1);
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap(), fresh);

    fs::write(&file, good).unwrap();
    assert_eq!(copy.verify(&update).code, 0);
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap(), seen);
}

#[test]
fn a_persons_certificate_is_checked_offline() {
    let copy = Copy::new();
    let certificate = copy.path("certificate.json");
    let trust = copy.path("trust.json");
    let verify = |more: &[&str]| {
        let arguments = [&["verify", "--certificate", &certificate], more].concat();
        run(&arguments.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let said = verify(&["--trust", &trust]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("sound: "), "{}", said.out);
    assert!(said.out.contains(": deleted at "), "{}", said.out);
    assert!(verify(&[]).out.starts_with("consistent in itself: "));

    let text = fs::read_to_string(&certificate).unwrap();
    fs::write(&certificate, text.replacen("\"salt\":\"", "\"salt\":\"A", 1)).unwrap();
    let said = verify(&["--trust", &trust]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("/batches/0/items/0/salt"), "{}", said.out);
}

/// The certificate of a notice that is in a link by itself, not signed yet.
fn notice() -> NoticeCertificate {
    let content = r#"{"kind":{"S":"notice"},"moved_at":{"N":"1772600767089"},"state":{"S":"sent"},"v":{"N":"1"}}"#;
    let item = NoticeItem {
        controller: ControllerId::parse(CONTROLLER).unwrap(),
        breach: BreachId::parse("BBBBBBBBBBBBBBBBBBBBBA").unwrap(),
        subject: SubjectRef::parse(&format!("1.{}", "A".repeat(22))).unwrap(),
        salt: [7; 16],
        content: content.to_owned(),
    };
    let at = "2026-03-04T05:06:07.089Z";
    let leaves = [merkle::hex(&merkle::NOTHING), item.commitment()];
    let leaves = leaves.map(|it| format!(r#"{{"event":"notice-sent","at":"{at}","commitment":"{it}"}}"#));
    let root = merkle::hex(&root_of(leaves.iter().map(String::as_bytes)));
    let nothing = merkle::hex(&merkle::NOTHING);
    let header = format!(
        r#"{{"v":2,"controller":"{CONTROLLER}","chain":4,"number":1,"previous":"{nothing}","at":"{at}","kind":"events","batch":"b","leaves":2,"root":"{root}"}}"#
    );
    let file = format!("{header}\n{}\n", leaves.join("\n"));
    NoticeCertificate::draw(&item, file.as_bytes()).unwrap().unwrap()
}

#[test]
fn the_proof_of_a_notice_is_checked_offline_and_each_change_of_it_is_named() {
    let copy = Copy::new();
    let file = copy.path("notice.json");
    let verify = |certificate: &NoticeCertificate| {
        fs::write(&file, serde_json::to_vec(certificate).unwrap()).unwrap();
        let trust = copy.path("trust.json");
        run(&["verify", "--certificate", &file, "--trust", &trust].map(str::to_owned))
    };
    let said = verify(&notice());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("consistent in itself: "), "nobody signed it yet: {}", said.out);
    let expected = ["told by mail", "at 2026-03-04T05:06:07.089Z", "evidence 4.1/1", "no checkpoint yet"];
    assert!(expected.iter().all(|part| said.out.contains(part)), "{}", said.out);

    type Change = fn(&mut NoticeCertificate);
    let changes: [(&str, Change); 9] = [
        ("/controller", |it| it.controller = "zentry".into()),
        ("/leaf", |it| it.breach = "CCCCCCCCCCCCCCCCCCCCCA".into()),
        ("/leaf", |it| it.subject = format!("1.{}A", "B".repeat(21))),
        ("/salt", |it| it.salt.insert(0, 'A')),
        ("/leaf", |it| it.content = it.content.replace("sent", "not-reached")),
        ("/leaf", |it| it.position = 0),
        ("/leaf", |it| it.leaf.leaf = it.leaf.leaf.replace("05:06", "05:07")),
        ("/leaf", |it| it.leaf.proof.clear()),
        ("/path", |it| it.path.push(it.link.clone())),
    ];
    for (place, change) in changes {
        let mut certificate = notice();
        change(&mut certificate);
        let said = verify(&certificate);
        assert_eq!(said.code, 1, "{place}: {}{}", said.out, said.err);
        assert!(said.out.contains(&format!("notice.json{place}:")), "{place}: {}", said.out);
    }
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let copy = Copy::new();
    let nowhere = copy.path("nowhere");
    for arguments in [
        vec!["verify".to_owned()],
        vec!["verify".to_owned(), nowhere.clone()],
        vec!["verify".to_owned(), copy.path(CONTROLLER), "--trust".to_owned(), nowhere.clone()],
        vec!["verify".to_owned(), copy.path(CONTROLLER), "--trust".to_owned(), copy.path("certificate.json")],
        vec!["verify".to_owned(), copy.path(CONTROLLER), "--update".to_owned()],
        vec!["verify".to_owned(), "--certificate".to_owned(), nowhere],
    ] {
        let said = run(&arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {}", said.err);
    }
}
