//! `habeas breach` at a terminal: what is wrong is said before anything is sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

/// Runs the tool against an address at which nobody answers.
fn habeas(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_habeas"));
    command.arg("breach").args(words).env("HABEAS_TOKEN", "none").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

const NOBODY: &str = "http://127.0.0.1:9";

fn file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("habeas-breach-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_mistake_in_the_facts_is_told_with_its_place_and_nothing_is_sent() {
    let facts = file(
        "facts.json",
        r#"{"exposed_from": "2026-03-02T00:00:00Z", "exposed_to": "2026-03-01T00:00:00Z",
            "texts": {"en": {"description": "A laptop was taken.", "advice": "Wait."}}}"#,
    );
    let words = ["facts", "BBBBBBBBBBBBBBBBBBBBBA", "--controller", "acme", "--api", NOBODY, "--file", &facts];
    let refused = habeas(&words);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("/exposed_to: the exposure ends before it starts"), "{}", said(&refused));
    std::fs::remove_file(&facts).unwrap();

    let unknown = file("unknown.json", r#"{"title": "A lost laptop", "times": {}, "high_risk": true}"#);
    let refused = habeas(&["declare", "--controller", "acme", "--api", NOBODY, "--file", &unknown]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("unknown field `high_risk`"), "{}", said(&refused));
    std::fs::remove_file(&unknown).unwrap();
}

#[test]
fn whose_breach_it_is_must_be_said() {
    let refused = habeas(&["show", "BBBBBBBBBBBBBBBBBBBBBA", "--api", NOBODY]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("--controller"), "{}", said(&refused));
}

#[test]
fn a_drill_that_cannot_ask_whether_nobody_is_real_does_not_begin() {
    let refused = habeas(&["drill", "--controller", "acme", "--api", NOBODY]);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(!said(&refused).contains("steps for"), "{}", said(&refused));
    let too_many = habeas(&["drill", "--controller", "acme", "--api", NOBODY, "--people", "1001"]);
    assert!(said(&too_many).contains("1001 is not in 1..=1000"), "{}", said(&too_many));
}

#[test]
fn whoever_is_woken_at_night_is_told_every_step() {
    let help = said(&habeas(&["--help"]));
    for step in [
        "declare",
        "show",
        "list",
        "export",
        "count",
        "aware",
        "facts",
        "assess",
        "decide",
        "notified",
        "pause",
        "resume",
        "stop",
        "note",
        "lesson",
        "follow-up",
        "close",
        "reopen",
        "notification",
        "drill",
    ] {
        assert!(help.contains(&format!("  {step} ")), "{step} is not in\n{help}");
    }
}
