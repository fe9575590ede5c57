//! `habeas clock` as a shell runs it. `clocks.json` holds questions, each with the date that was worked out by hand;
//! the rules that they name are those of the shipped policies.
//!
//! `UPDATE=1 cargo test -p habeas-cli --test clocks` writes `docs/CLOCKS.md` anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn habeas(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_habeas"))
        .arg("clock")
        .args(args)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever takes options reads nothing and may be gone.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn explained(input: &str) -> Value {
    let (code, out, err) = said(&habeas(&["explain", "--json"], input));
    assert_eq!((code, err.as_str()), (Some(0), ""), "{input}");
    serde_json::from_str(&out).unwrap()
}

fn refused(args: &[&str], input: &str) -> String {
    let (code, out, err) = said(&habeas(args, input));
    assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?} {input}");
    assert!(err.starts_with("error: "), "{err}");
    err
}

#[test]
fn every_question_gets_the_date_that_was_worked_out_by_hand_and_the_steps_to_it() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("clocks.json")).unwrap();
    assert!(vectors.len() >= 30);
    for vector in vectors {
        let answer = explained(&vector["input"].to_string());
        assert_eq!(answer["due"], vector["due"], "{}: {answer:#}", vector["name"]);
        let steps = answer["steps"].as_array().unwrap();
        assert!(!steps.is_empty(), "{}", vector["name"]);
        for step in steps {
            assert!(
                ["date", "words", "article"]
                    .iter()
                    .all(|part| step[*part].as_str().is_some_and(|text| !text.is_empty())),
                "{step}"
            );
        }
    }
}

#[test]
fn the_steps_say_what_stands_reset_and_counts_for_nothing() {
    let words = |input: &str| explained(input)["steps"].to_string();
    let late = words(r#"{"law":"EU-GDPR","received":"2026-01-30","extended":"2026-03-03"}"#);
    assert!(late.contains("does not count") && late.contains("by 2026-03-02"), "{late}");
    let alert = words(r#"{"law":"EU-GDPR","alert":"2026-01-09T08:00Z","aware":"2026-01-09T16:30Z"}"#);
    assert!(alert.contains("no clock starts from that"), "{alert}");
    let open = explained(r#"{"law":"EU-GDPR","received":"2026-03-02","id_asked":"2026-03-05"}"#);
    assert_eq!((&open["stands"], &open["due"]), (&Value::from(true), &Value::from("2026-04-02")), "{open:#}");
    let moved = words(r#"{"law":"EU-GDPR","received":"2025-03-05"}"#);
    assert!(moved.contains("Saturday") && moved.contains("Reg. 1182/71 Art. 3(4)"), "{moved}");
}

#[test]
fn options_say_the_same_as_the_object_and_people_get_a_table() {
    let options = ["explain", "--law", "EU-GDPR", "--received", "2024-01-31", "--type", "access"];
    let (code, out, err) = said(&habeas(&options, ""));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("2024-02-29 by GDPR, to answer\n\nDATE"), "{out}");
    assert!(out.contains("one month from 2024-01-31") && out.contains("GDPR Art. 12(3)"), "{out}");
    let (_, out, _) =
        said(&habeas(&["explain"], r#"{"law":"EU-GDPR","received":"2026-03-02","id-asked":"2026-03-05"}"#));
    assert!(out.starts_with("not before 2026-04-02"), "{out}");
    let options = ["explain", "--json", "--law", "us-ca", "--at", "discovered=2026-01-15", "--duty", "subjects"];
    let (_, out, _) = said(&habeas(&options, ""));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["due"], "2026-02-14");
    let options = ["explain", "--json", "--law", "us-ca", "--received", "2026-03-02", "--extended"];
    let (_, out, _) = said(&habeas(&options, ""));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["due"], "2026-05-31");
}

#[test]
fn what_is_not_understood_is_an_error_that_says_what_would_be() {
    for (input, part) in [
        ("nonsense", "no JSON"),
        ("[1]", "one JSON object"),
        ("{}", "give a law"),
        (r#"{"law":"EU-GDRP","received":"2024-01-31"}"#, "did you mean eu-gdpr?"),
        (r#"{"law":"atlantis","received":"2024-01-31"}"#, "habeas clock laws"),
        (r#"{"law":"EU-GDPR"}"#, "no time is given"),
        (r#"{"law":"EU-GDPR","received":"yesterday"}"#, "\"received\" is no time"),
        (r#"{"law":"EU-GDPR","received":5}"#, "\"received\" is no time"),
        (r#"{"law":"EU-GDPR","received":"2024-01-31","recieved":"2024-01-31"}"#, "\"recieved\" is not known"),
        (r#"{"law":"EU-GDPR","received":"2024-01-31","type":"magic"}"#, "no type of request"),
        (r#"{"law":"EU-GDPR","received":"2024-01-31","duty":"opt-out"}"#, "GDPR has no duty"),
        (r#"{"law":"EU-GDPR","received":"2024-01-31","place":"Gaul"}"#, "no place"),
        (r#"{"law":"EU-GDPR","received":"2032-12-15","place":"FR"}"#, "known from 2024 to 2032"),
        (r#"{"law":"US-CA","aware":"2026-01-15"}"#, "give \"subjects_told\""),
        (r#"{"law":"BR-LGPD","received":"2026-01-15","duty":"extend"}"#, "has no duty"),
        (
            r#"{"law":"EU-GDPR","received":"2026-01-30","duty":"extend","extended":"2026-03-03"}"#,
            "must be told|told by 2026-03-02",
        ),
        (r#"{"rule":"atlantis.1","collected":"2026-01-01"}"#, "no valid policy"),
        (r#"{"rule":"zentry.99-z","collected":"2026-01-01"}"#, "sets no time"),
        (r#"{"rule":"zentry.5-a"}"#, "give \"born\""),
        (r#"{"rule":"scantrust.1.2-b"}"#, "give \"collected\""),
        (r#"{"rule":"scantrust.1.2-b","collected":"2026-01-01","sold":"2026-01-02"}"#, "\"sold\" is not known"),
    ] {
        let err = refused(&["explain", "--json"], input);
        assert!(part.split('|').any(|part| err.contains(part)), "{input}: {err}");
    }
}

#[test]
fn the_table_of_laws_is_printed_for_people_and_machines() {
    let (code, out, _) = said(&habeas(&["laws", "--law", "US-CA"], ""));
    assert!(code == Some(0) && out.lines().count() > 10 && out.contains("11 CCR 7021(a)"), "{out}");
    let (_, out, _) = said(&habeas(&["laws", "--json"], ""));
    let laws: Value = serde_json::from_str(&out).unwrap();
    let rows = laws["laws"].as_array().unwrap();
    let respond = rows.iter().find(|row| row["law"] == "us-ca" && row["duty"] == "respond").unwrap();
    assert_eq!((&respond["period"], &respond["confidence"]), (&Value::from("P45D"), &Value::from("high")));
    assert_eq!(laws["holidays"]["last"], 2032);
    refused(&["laws", "--law", "atlantis"], "");
}

#[test]
fn the_page_of_clocks_is_the_table_that_the_rules_count_by() {
    let (code, page, _) = said(&habeas(&["laws", "--markdown"], ""));
    assert_eq!(code, Some(0));
    let path = root().join("docs/CLOCKS.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/CLOCKS.md is stale: run UPDATE=1 cargo test -p habeas-cli --test clocks");
}
