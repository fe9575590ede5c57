//! The tool's own commands as a shell runs them: what they print, and what they exit with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use serde_json::{Value, json};

/// A policy without findings, in which every table of the language stands.
const ACME: &str = include_str!("../../../shared/policy/tests/base.toml");

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("habeas-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(text: &str) -> Self {
        let folder = Self::new();
        folder.write("acme.toml", text);
        folder
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn refused(self, with: &str) -> Self {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        assert!(self.err.contains(with), "{with} is not in {}", self.err);
        self
    }

    #[track_caller]
    fn holds(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.out.contains(text), "{text} is not in\n{}", self.out);
        }
    }
}

fn habeas(args: &[&str]) -> Said {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO_BIN_EXE_habeas")).args(args).current_dir(root).output().unwrap();
    let Output { status, stdout, stderr } = output;
    Said {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Runs a command on one policy file.
fn on(text: &str, args: &[&str]) -> Said {
    let folder = Folder::with(text);
    let path = folder.path();
    habeas(&[&["policy"], args, &["--dir", &path]].concat())
}

#[track_caller]
fn changed(from: &str, to: &str) -> String {
    assert!(ACME.contains(from), "{from}");
    ACME.replacen(from, to, 1)
}

// ---- check, compile, show

#[test]
fn a_clean_file_passes_and_an_open_error_does_not() {
    let clean = on(ACME, &["check"]).well();
    clean.holds(&["1 checked: 0 errors"]);
    let text = changed("duration = \"P10Y\"", "duration = \"ten years\"");
    let broken = on(&text, &["check"]);
    assert_eq!(broken.code, 1);
    broken.holds(&["error[POLICY-BAD-DURATION]", "ten years", "1 errors"]);
    let json = on(&text, &["check", "--json"]);
    assert_eq!(json.code, 1);
    let finding = json.json()["findings"][0].clone();
    assert_eq!((finding["code"].as_str(), finding["level"].as_str()), (Some("POLICY-BAD-DURATION"), Some("error")));
    assert!(finding["line"].as_u64().is_some() && finding["column"].as_u64().is_some() && finding["file"].is_string());
}

#[test]
fn no_folder_no_file_and_no_policy_are_told_apart() {
    habeas(&["policy", "check", "--dir", "/nowhere"]).refused("/nowhere");
    habeas(&["policy", "check", "/nowhere/acme.toml"]).refused("/nowhere/acme.toml");
    let empty = Folder::new();
    habeas(&["policy", "check", "--dir", &empty.path()]).refused("no policy file");
    assert_eq!(habeas(&["policy", "check", "--no-such-flag"]).code, 2);
}

#[test]
fn a_folder_is_compiled_to_what_functions_load() {
    let (folder, to) = (Folder::with(ACME), Folder::new());
    let said = habeas(&["policy", "compile", "--from", &folder.path(), "--to", &to.path(), "--json"]).well();
    let compiled = said.json()["compiled"][0].clone();
    assert_eq!(compiled["controller"], "acme");
    let bytes = fs::read(compiled["file"].as_str().unwrap()).unwrap();
    let policy = policy::load(&bytes).unwrap();
    assert_eq!(Some(policy.hash.as_str()), compiled["hash"].as_str());
    folder.write("acme.toml", "schema = 1");
    let refused = habeas(&["policy", "compile", "--dir", &folder.path(), "--to", &to.path(), "--json"]);
    assert_eq!(refused.code, 1);
    assert!(refused.json()["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
    assert!(to.0.join("acme.json").exists(), "a refused folder changes nothing");
}

#[test]
fn show_lists_each_period_with_its_clause() {
    on(ACME, &["show", "acme"]).well().holds(&[
        "until consent.withdrawn, at most three years in all",
        "for 30 minutes after the last website.access, at most one day in all",
        "if chat.message comes before that, for one year from then on",
        "acme.10",
    ]);
    let rules = on(ACME, &["show", "acme", "--json"]).well().json()["retention"].clone();
    let chat = rules.as_array().unwrap().iter().find(|rule| rule["category"] == "chat").unwrap().clone();
    assert_eq!(
        chat["period"],
        json!({ "mode": "sliding", "duration": "PT30M", "renew_on": ["website.access"], "max": "P1D" })
    );
    assert_eq!(chat["switch"]["then"], json!({ "mode": "fixed", "duration": "P1Y" }));
    on(ACME, &["show", "acmee"]).refused("did you mean acme?");
}

// ---- explain

#[test]
fn a_code_is_explained_with_its_law_and_where_it_is_found() {
    let text = changed(
        "duration = \"P10Y\"",
        "duration = \"P10Y\"\nstated = \"indefinite\"\nopen = { RET-INDEFINITE = \"Ten years.\" }",
    );
    on(&text, &["explain", "ret-indefinite"]).well().holds(&[
        "RET-INDEFINITE (error)",
        "GDPR Art. 5(1)(e)",
        "A smallest example",
        "acme.toml:",
        "acme.8",
        "read as: Ten years.",
    ]);
    let json = on(&text, &["explain", "RET-INDEFINITE", "--json"]).well().json();
    assert_eq!((json["level"].as_str(), json["findings"][0]["status"].as_str()), (Some("error"), Some("read")));
    on(ACME, &["explain", "RET-INDEFINITE"]).well().holds(&["In this folder: none"]);
    let all = on(ACME, &["explain", "--json"]).well().json();
    assert!(all["codes"].as_array().unwrap().len() > 40);
}

#[test]
fn a_clause_is_explained_by_what_makes_it_true() {
    on(ACME, &["explain", "acme.9"]).well().holds(&[
        "acme.toml:",
        "retention chat for support",
        "chat is kept for support for 30 minutes after the last website.access",
        "status: untested",
        "findings: none",
    ]);
    let json = on(ACME, &["explain", "acme.10", "--json"]).well().json();
    assert_eq!(json["ties"][0]["rule"], "retention chat for support, after the switch");
    assert_eq!(json["status"], "untested");
    let shown = habeas(&["policy", "explain", "stationdb.4-d", "--json"]).well().json();
    assert_eq!(
        (shown["status"].as_str(), shown["test"].as_str()),
        (Some("enforced"), Some("habeas play --clause stationdb.4-d"))
    );
}

#[test]
fn what_is_unknown_is_met_with_what_was_probably_meant() {
    on(ACME, &["explain", "RET-INDEFINTE"]).refused("did you mean RET-INDEFINITE?");
    on(ACME, &["explain", "acmee.9"]).refused("did you mean acme.9?");
    on(ACME, &["explain", "nonsense without end"]).refused("is no code");
    on("schema = 1", &["explain", "acme.9"]).refused("is refused");
}

// ---- diff

fn diff(old: &str, new: &str, more: &[&str]) -> Said {
    let folder = Folder::new();
    let (old, new) = (folder.write("old.toml", old), folder.write("new.toml", new));
    habeas(&[&["policy", "diff", &old, &new], more].concat())
}

#[test]
fn a_change_is_told_with_what_follows() {
    let new = changed("duration = \"PT30M\"", "duration = \"PT60M\"");
    diff(ACME, &new, &[]).well().holds(&[
        "retention chat for support: longer (acme.9)",
        "was: for 30 minutes after the last website.access",
        "now: for 60 minutes after the last website.access",
        "=> people must be told",
        "=> stored records end later from the next event that counts for them; what has expired is not revived",
        "stored records touched in all: unknown (--stack-file counts them)",
    ]);
    let json = diff(ACME, &new, &["--json"]).well().json();
    assert_eq!(json["changes"][0]["records"], json!({ "category": "chat", "purpose": "support" }));
    assert_eq!(json["changes"][0]["stored_records"], Value::Null);
    assert_eq!(json["totals"]["tell_people"], 1);
}

#[test]
fn a_file_against_itself_has_no_change_compiled_or_not() {
    diff(ACME, ACME, &[]).well().holds(&["acme: nothing changes"]);
    let (folder, to) = (Folder::with(ACME), Folder::new());
    habeas(&["policy", "compile", "--dir", &folder.path(), "--to", &to.path()]).well();
    let (text, compiled) = (format!("{}/acme.toml", folder.path()), format!("{}/acme.json", to.path()));
    let json = habeas(&["policy", "diff", &compiled, &text, "--json"]).well().json();
    assert_eq!(json["changes"], json!([]));
    assert_eq!(json["old"], json["new"]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    diff(ACME, "schema = 1", &[]).refused("").holds(&["error[POLICY-MISSING-KEY]", "new.toml"]);
    assert!(diff("schema = 1", ACME, &["--json"]).refused("").json()["findings"][0]["code"].is_string());
    let both = diff("schema = 1", "schema = 2", &["--json"]).refused("").json();
    let files: BTreeSet<&str> =
        both["findings"].as_array().unwrap().iter().filter_map(|it| it["file"].as_str()).collect();
    assert_eq!(files.len(), 2, "one answer names what is wrong with either: {files:?}");
    diff(ACME, &ACME.replace("controller = \"acme\"", "controller = \"other\""), &[]).refused("two controllers");
    let folder = Folder::new();
    let junk = folder.write("junk.json", "{}");
    habeas(&["policy", "diff", &junk, &junk]).refused("not a compiled policy");
    habeas(&["policy", "diff", "/nowhere.toml", "/nowhere.toml"]).refused("/nowhere.toml");
    diff(ACME, ACME, &["--stack-file", "/nowhere.json"]).refused("cargo xtask up");
}

/// Answers two pages of a table's scan, each to one connection, and hands over what was asked.
fn table() -> (String, thread::JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let item = |category: &str, purpose: &str, ends_at: Option<&str>| {
        let mut item = json!({ "category": { "S": category }, "purpose": { "S": purpose } });
        if let Some(ends_at) = ends_at {
            item["ends_at"] = json!({ "N": ends_at });
        }
        item
    };
    let pages = [
        json!({
            "Items": [item("chat", "support", Some("4102444800000")), item("chat", "support", None)],
            "LastEvaluatedKey": { "pk": { "S": "x" } },
        }),
        json!({ "Items": [item("chat", "support", Some("1000")), item("billing", "billing", None)] }),
    ];
    let served = thread::spawn(move || {
        let mut asked = Vec::new();
        for page in pages {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            asked.push(serde_json::from_slice(&body).unwrap());
            let body = page.to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
        asked
    });
    (endpoint, served)
}

#[test]
fn stored_records_are_counted_on_the_local_table() {
    let (endpoint, served) = table();
    let folder = Folder::new();
    let stack = json!({
        "endpoint": endpoint, "region": "eu-west-1", "api_url": "", "issuer": "", "public_url": "",
        "outputs": { "Table": "T" },
    });
    let stack = folder.write("stack.json", &stack.to_string());
    let new = changed("duration = \"PT30M\"", "duration = \"PT60M\"");
    let json = diff(ACME, &new, &["--stack-file", &stack, "--json"]).well().json();
    assert_eq!(json["changes"][0]["stored_records"], json!({ "alive": 2, "expired": 1 }));
    assert_eq!(json["totals"]["stored_records"], json!({ "alive": 2, "expired": 1 }));
    let asked = served.join().unwrap();
    assert_eq!(asked[0]["ExpressionAttributeValues"][":subjects"], json!({ "S": "C#acme#S#" }));
    assert_eq!(asked[1]["ExclusiveStartKey"], json!({ "pk": { "S": "x" } }));
}

// ---- simulate

const CHAT: [&str; 6] = ["simulate", "acme", "--category", "chat", "--purpose", "support"];

#[test]
fn a_buckets_rules_are_written_and_what_gets_none_says_why() {
    let asked = "[[retention]]\ncategory = \"billing\"\npurpose = \"support\"\nclause = \"acme.8\"\nmode = \"fixed\"\n\
                 duration = \"P1Y\"\nlifecycle = true\n\n[[system]]";
    let text = ACME.replacen("[[system]]", asked, 1);
    let folder = Folder::with(&text);
    let said = habeas(&["policy", "lifecycle", "acme", "--dir", &folder.path(), "--bucket", "acme-records"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("days early") && said.out.contains("--bucket acme-records"), "{}", said.out);
    assert!(said.out.contains("nothing: events move its end"), "{}", said.out);

    let said = habeas(&["policy", "lifecycle", "--dir", &folder.path(), "--json"]);
    let written: Value = serde_json::from_str(&said.out).unwrap();
    let rules = written["Rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2, "what is left lying, and the one that was asked for: {written}");
    assert_eq!(rules[0]["Expiration"], json!({ "ExpiredObjectDeleteMarker": true }));
    let filter = &rules[1]["Filter"]["And"];
    assert!(filter["Prefix"].as_str().unwrap().starts_with("acme/"), "{filter}");
    assert_eq!(filter["Tags"], json!([{ "Key": "habeas-expiry", "Value": "free" }]));
    assert_eq!(rules[1]["NoncurrentVersionExpiration"], json!({ "NoncurrentDays": 1 }));
    assert!(said.err.contains("days early"), "{}", said.err);

    let said = habeas(&["policy", "lifecycle", "--dir", &folder.path(), "--template"]);
    assert!(said.out.contains("ExpirationInDays: ") && said.out.contains("TagFilters: "), "{}", said.out);
    let said = habeas(&["policy", "lifecycle", "--dir", &folder.path(), "--template", "--early-percent", "0"]);
    assert!(!said.out.contains("ExpirationInDays"), "{}", said.out);
    assert!(said.err.contains("no rule: S3 would delete it up to"), "{}", said.err);
}

#[test]
fn a_records_life_is_told_step_by_step() {
    let args = [
        &CHAT[..],
        &["--made", "2026-03-01T12:00", "--event", "chat.message@2026-03-01T12:20", "--event"],
        &["website.access@2026-03-01T12:10", "--at", "2026-09-01"],
    ]
    .concat();
    let said = on(ACME, &args).well();
    said.holds(&[
        "2026-03-01 12:00:00 +01:00  -               the record is made",
        "renews it",
        "2026-03-01 12:40:00 +01:00  acme.9",
        "switches it to another period",
        "It is deleted at 2027-03-01 12:20:00 +01:00 (acme.10).",
        "A request for erasure ends it",
        "At 2026-09-01 00:00:00 +02:00 it is kept, until 2027-03-01 12:20:00 +01:00.",
    ]);
    let json = on(ACME, &[&args[..], &["--json"]].concat()).well().json();
    let effects: Vec<&str> = json["steps"].as_array().unwrap().iter().map(|s| s["effect"].as_str().unwrap()).collect();
    assert_eq!(effects, ["made", "renewed", "switched"]);
    assert_eq!(json["ending"], json!({ "how": "at", "at": "2027-03-01T11:20:00Z" }));
    assert_eq!(json["at"]["state"], "kept");
}

#[test]
fn a_life_that_cannot_be_told_says_why() {
    let made = ["--made", "2026-03-01"];
    on(ACME, &[&CHAT[..], &["--made", "yesterday"]].concat()).refused("\"yesterday\" is no time");
    on(ACME, &[&CHAT[..], &made, &["--event", "website.access"]].concat()).refused("is no event");
    on(ACME, &[&CHAT[..], &made, &["--event", "Website Access@2026-03-02"]].concat()).refused("is no event's name");
    on(
        ACME,
        &[&CHAT[..], &["--made", "9999-12-30T20:00:00Z", "--event", "chat.message@9999-12-30T20:00:00Z"]].concat(),
    )
    .refused("past the end of the calendar");
    on(ACME, &[&["simulate", "acme", "--category", "chats", "--purpose", "support"], &made[..]].concat())
        .refused("did you mean chat?");
    on(ACME, &[&["simulate", "acme", "--category", "chat", "--purpose", "billing"], &made[..]].concat())
        .refused("chat is kept for support");
}

// ---- coverage

#[test]
fn a_clause_without_a_test_or_a_tie_fails_the_coverage() {
    let folder = Folder::with(ACME);
    let list = folder.write("clauses.txt", "# every clause\nacme.1\nacme.999\nother.1\n");
    let said = habeas(&["policy", "coverage", "--dir", &folder.path(), "--json"]);
    assert_eq!(said.code, 1);
    let json = said.json();
    let clauses = json["clauses"].as_array().unwrap();
    let entry = |id: &str| clauses.iter().find(|clause| clause["id"] == id).cloned().unwrap_or_default();
    assert_eq!(entry("acme.9")["status"], "untested");
    assert_eq!(entry("acme.999")["status"], "untied");
    assert_eq!(entry("other.1"), Value::Null, "another controller's clauses are not this folder's");
    assert_eq!(json["totals"]["clauses"], clauses.len());
    let attested = clauses.iter().find(|clause| clause["status"] == "attested").unwrap();
    assert!(attested["evidence"].is_string() && attested["renew_every"].as_str().unwrap().starts_with('P'));
    assert!(clauses.iter().any(|clause| clause["status"] == "no effect" && clause["reason"].is_string()));
    let with_list = habeas(&["policy", "coverage", "acme", "--dir", &folder.path(), "--clauses", &list]);
    with_list.holds(&["CLAUSE", "acme.999", "untied"]);
    habeas(&["policy", "coverage", "acmee", "--dir", &folder.path()]).refused("did you mean acme?");
    habeas(&["policy", "coverage", "--dir", &folder.path(), "--clauses", "/nowhere"]).refused("/nowhere");
    on("schema = 1", &["coverage"]).refused("is refused");
}

#[test]
fn written_tables_are_checked_and_a_stale_one_is_named() {
    let (folder, tables) = (Folder::with(ACME), Folder::new());
    let (dir, to) = (folder.path(), tables.path());
    let written = habeas(&["policy", "coverage", "--dir", &dir, "--markdown", &to]);
    written.holds(&["1 tables written"]);
    let table = fs::read_to_string(tables.0.join("acme.md")).unwrap();
    assert!(table.contains("| acme.9 | untested | retention chat for support |"), "{table}");
    let check = || habeas(&["policy", "coverage", "--dir", &dir, "--check", &to]);
    let fresh = check().refused("acme.9: no scenario shows it");
    assert!(!fresh.err.contains("out of date"), "{}", fresh.err);
    tables.write("acme.md", "# another");
    tables.write("gone.md", "# a controller that is gone");
    let stale = check().refused("out of date");
    assert!(stale.err.contains("acme.md") && stale.err.contains("gone.md"));
}

/// Every tie and test of the checkout as it is.
fn coverage() -> Vec<Value> {
    let json = habeas(&["policy", "coverage", "--json"]).json();
    assert_eq!(json["strays"], json!([]), "a scenario shows a clause that stands nowhere");
    json["clauses"].as_array().unwrap().clone()
}

#[test]
fn every_clause_of_the_five_texts_is_tied_and_shown() {
    let clauses = coverage();
    let listed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/clauses.txt")).unwrap();
    let ids: BTreeSet<&str> = clauses.iter().map(|clause| clause["id"].as_str().unwrap()).collect();
    assert_eq!(ids, listed.lines().collect::<BTreeSet<_>>());
    for clause in &clauses {
        assert!(!["untied", "untested"].contains(&clause["status"].as_str().unwrap()), "{clause}");
    }
}

#[test]
fn the_committed_tables_are_those_that_would_be_written() {
    habeas(&["policy", "coverage", "--check", "docs/coverage"]).well();
}

// ---- render, completions, manual

#[test]
fn the_annex_is_rendered_in_both_forms() {
    on(ACME, &["render", "acme"]).well().holds(&[
        "# Privacy notice annex: Acme",
        "## Your rights",
        "Send you our newsletter",
    ]);
    let html = on(ACME, &["render", "acme", "--html"]).well();
    assert!(html.out.starts_with("<!doctype html>"));
    let json = on(ACME, &["render", "acme", "--json"]).well().json();
    assert_eq!(json["html"].as_str(), Some(html.out.as_str()));
    on(ACME, &["render", "nobody"]).refused("there is acme");
    assert_eq!(on(ACME, &["render", "acme", "--html", "--markdown"]).code, 2);
}

#[test]
fn the_five_policies_can_all_be_shown_and_rendered() {
    for controller in ["scantrust", "stationdb", "identance", "rfa", "zentry"] {
        habeas(&["policy", "show", controller]).well();
        habeas(&["policy", "render", controller, "--html"]).well();
    }
}

#[test]
fn a_shell_and_a_reader_are_served() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        habeas(&["completions", shell]).well().holds(&["coverage", "simulate"]);
    }
    assert_eq!(habeas(&["completions", "tcsh"]).code, 2);
    habeas(&["man"]).well().holds(&[".TH habeas 1", "completions"]);
    let folder = Folder::new();
    habeas(&["man", "--to", &folder.path()]).well();
    let page = fs::read_to_string(folder.0.join("habeas-policy-diff.1")).unwrap();
    assert!(page.contains("stack"), "{page}");
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    for args in [&["policy", "show", "rfa"][..], &["cost"], &["cost", "--json"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let output =
            Command::new(env!("CARGO_BIN_EXE_habeas")).args(args).current_dir(root).stdout(writer).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_play_of_a_clause_needs_a_stack_and_a_scenario() {
    let said = habeas(&["play", "--clause", "stationdb.4-d", "--stack-file", "/nowhere.json"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("cargo xtask up"), "{}", said.err);
    let folder = Folder::new();
    let stack = json!({
        "endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "api_url": "", "issuer": "", "public_url": "",
        "outputs": {},
    });
    let stack = folder.write("stack.json", &stack.to_string());
    let said = habeas(&["play", "--clause", "stationdb.0-z", "--stack-file", &stack]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no scenario shows stationdb.0-z"), "{}", said.err);
    assert_eq!(habeas(&["play", "--clause", "x", "--controller", "y"]).code, 2);
}
