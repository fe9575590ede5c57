//! Every kind of finding, as an operator reads it: `diagnostics.txt` holds them all.
//!
//! After a deliberate change, `UPDATE=1 cargo test -p policy --test diagnostics` writes it anew.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use policy::{Level, parse, render};

const BASE: &str = include_str!("base.toml");

/// One mistake each: what it is, what stands in the base policy, what is put there, what is found.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("a syntax error", "schema = 1", "schema = = 1", &["POLICY-SYNTAX"]),
    ("the same key twice", "schema = 1", "schema = 1\nschema = 1", &["POLICY-DUPLICATE"]),
    ("another schema", "schema = 1", "schema = 2", &["POLICY-SCHEMA"]),
    ("no schema", "schema = 1", "", &["POLICY-SCHEMA"]),
    ("a schema in quotes", "schema = 1", "schema = \"1\"", &["POLICY-WRONG-TYPE"]),
    ("no name", "name = \"Acme\"", "", &["POLICY-MISSING-KEY"]),
    ("an empty name", "name = \"Acme\"", "name = \" \"", &["POLICY-BAD-TEXT"]),
    ("a misspelt key", "grace = \"P0D\"", "graze = \"P0D\"", &["POLICY-UNKNOWN-KEY"]),
    ("an unknown table", "[breach]", "[transfers]\nto = \"US\"\n\n[breach]", &["POLICY-UNKNOWN-KEY"]),
    ("a controller that is no name", "controller = \"acme\"", "controller = \"Acme SA\"", &["POLICY-BAD-NAME"]),
    ("an unknown regime", "[\"eu-gdpr\"]", "[\"eu-gpdr\"]", &["POLICY-UNKNOWN-REGIME"]),
    ("no regime", "[\"eu-gdpr\"]", "[]", &["POLICY-MISSING-KEY"]),
    ("an unknown time zone", "Europe/Paris", "Europe/Pari", &["POLICY-UNKNOWN-TIME-ZONE"]),
    ("a contact that is no address", "privacy@acme.fr", "privacy at acme.fr", &["POLICY-BAD-CONTACT"]),
    ("a placeholder for a contact", "privacy@acme.fr", "privacy@acme.example", &["CONTACT-MISSING"]),
    ("no contact", "contact = \"privacy@acme.fr\"", "", &["CONTACT-MISSING"]),
    ("an unknown open point", "schema = 1", "schema = 1\nconfirm = [\"RET-VAGUE\"]", &["POLICY-UNKNOWN-CODE"]),
    ("an open point", "schema = 1", "schema = 1\nconfirm = [\"CONTACT-SUSPECT\"]", &["CONTACT-SUSPECT"]),
    ("an undated notice", "\"2026-01-01\"", "\"undated-1\"", &["NOTICE-NO-VERSION"]),
    ("an empty notice version", "\"2026-01-01\"", "\"\"", &["POLICY-BAD-TEXT"]),
    ("an empty accepted version", "[\"2025-06-01\"]", "[\"\"]", &["POLICY-BAD-NOTICE"]),
    ("a hash that is none", "070532d5", "070532", &["POLICY-BAD-NOTICE"]),
    ("a language that is none", "\"en\"", "\"English\"", &["POLICY-BAD-NOTICE"]),
    ("a purpose without a basis", "basis = \"consent\"\n", "", &["BASIS-MISSING"]),
    ("an unknown basis", "basis = \"consent\"", "basis = \"approval\"", &["POLICY-UNKNOWN-BASIS"]),
    ("a purpose without a clause", "clause = \"acme.1\"\n", "", &["POLICY-MISSING-KEY"]),
    ("a purpose twice", "id = \"support\"", "id = \"billing\"", &["POLICY-DUPLICATE", "POLICY-UNKNOWN-PURPOSE"]),
    ("a category of any fields", "fields = [\"message\"]\n", "", &["CAT-OPEN-LIST"]),
    ("a field twice", "[\"name\", \"invoice\"]", "[\"name\", \"name\"]", &["POLICY-DUPLICATE"]),
    (
        "a category that is not kept",
        "[[retention]]\ncategory = \"chat\"",
        "[[category]]\nid = \"phone\"\nfields = [\"number\"]\nclause = \"acme.6\"\n\n[[retention]]\ncategory = \"chat\"",
        &["RET-MISSING"],
    ),
    (
        "a withheld field that is none of the category's",
        "fields = [\"name\", \"invoice\"]",
        "fields = [\"name\", \"invoice\"]\nwithheld = [\"password\"]",
        &["POLICY-UNKNOWN-FIELD"],
    ),
    (
        "a rule for an unknown category",
        "category = \"chat\"",
        "category = \"chats\"",
        &["RET-MISSING", "POLICY-UNKNOWN-CATEGORY"],
    ),
    ("a rule for an unknown purpose", "purpose = \"support\"", "purpose = \"sales\"", &["POLICY-UNKNOWN-PURPOSE"]),
    (
        "two rules for one category and purpose",
        "[[right]]\nrequest = \"access\"",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.9\"\n\n[[right]]\nrequest = \"access\"",
        &["POLICY-DUPLICATE"],
    ),
    ("no mode", "mode = \"fixed\"\nduration = \"P10Y\"", "duration = \"P10Y\"", &["POLICY-NO-PERIOD"]),
    ("an unknown mode", "mode = \"sliding\"", "mode = \"rolling\"", &["POLICY-UNKNOWN-MODE"]),
    ("fixed without a duration", "duration = \"P10Y\"\n", "", &["POLICY-NO-PERIOD"]),
    ("sliding without a renewal", "renew_on = [\"website.access\"]\n", "", &["POLICY-NO-PERIOD"]),
    ("sliding with no renewals", "[\"website.access\"]", "[]", &["POLICY-NO-PERIOD"]),
    ("until-event without an event", "events = [\"consent.withdrawn\"]\n", "", &["POLICY-NO-PERIOD"]),
    (
        "fixed with a renewal",
        "duration = \"P10Y\"",
        "duration = \"P10Y\"\nrenew_on = [\"visit\"]",
        &["POLICY-CONTRADICTION"],
    ),
    ("a duration in words", "\"P10Y\"", "\"10 years\"", &["POLICY-BAD-DURATION"]),
    ("a negative duration", "\"P10Y\"", "\"-P10Y\"", &["POLICY-BAD-DURATION"]),
    ("a duration of nothing", "\"P10Y\"", "\"P0D\"", &["POLICY-BAD-DURATION"]),
    ("a duration of two kinds", "\"P10Y\"", "\"P1DT12H\"", &["POLICY-BAD-DURATION"]),
    ("a duration past all sense", "\"P10Y\"", "\"P1000Y\"", &["POLICY-BAD-DURATION"]),
    (
        "kept for ever without a reason",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"indefinite\"",
        &["RET-INDEFINITE"],
    ),
    (
        "kept for ever with a reason",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"indefinite\"\nreason = \"The archive is public.\"",
        &["RET-INDEFINITE"],
    ),
    (
        "an end that may never come",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"until-event\"\nevents = [\"contract.ended\"]",
        &["RET-NO-MAX"],
    ),
    (
        "an end that never comes",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"until-event\"\nevents = [\"consent.withdrawn\"]\nreason = \"Who knows.\"",
        &["RET-EVENT-MAY-NEVER-FIRE"],
    ),
    ("sliding without a reason", "reason = \"A chat lasts as long as the visit.\"\n", "", &["RET-SLIDING-NO-CAP"]),
    (
        "kept beyond the consent",
        "mode = \"until-event\"\nevents = [\"consent.withdrawn\"]\ngrace = \"P0D\"\nmax = \"P3Y\"",
        "mode = \"fixed\"\nduration = \"P3Y\"",
        &["RET-OUTLIVES-CONSENT"],
    ),
    ("an action that is not carried out", "action = \"delete\"", "action = \"aggregate\"", &["ACTION-NOT-ENFORCED"]),
    ("an unknown action", "action = \"delete\"", "action = \"shred\"", &["POLICY-UNKNOWN-ACTION"]),
    ("an exemption without its law", "article = \"GDPR Art. 17(3)(b)\"\n", "", &["POLICY-MISSING-KEY"]),
    (
        "an unknown request",
        "request = \"complaint\"",
        "request = \"complain\"",
        &["RIGHT-MISSING", "POLICY-UNKNOWN-REQUEST"],
    ),
    ("a request twice", "request = \"complaint\"", "request = \"access\"", &["RIGHT-MISSING", "POLICY-DUPLICATE"]),
    (
        "a refusal without a reason",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false",
        &["POLICY-REFUSAL-NO-REASON"],
    ),
    (
        "a refusal whose code is none",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false\nreason = { code = \"no\", text = \"No.\" }",
        &["POLICY-BAD-NAME"],
    ),
    (
        "an offered right with a reason",
        "request = \"complaint\"",
        "request = \"complaint\"\nreason = { code = \"NO\", text = \"No.\" }",
        &["POLICY-CONTRADICTION"],
    ),
    (
        "a refusal that offers itself",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\noffer = \"portability\"",
        &["RIGHT-REASONING-INCOMPLETE", "POLICY-CONTRADICTION"],
    ),
    (
        "a refusal that offers another refused right",
        "request = \"access\"\nclause = \"acme.11\"\n\n[[right]]\nrequest = \"rectification\"",
        "request = \"access\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\noffer = \"rectification\"\nclause = \"acme.11\"\n\n[[right]]\nrequest = \"rectification\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }",
        &["POLICY-CONTRADICTION", "RIGHT-UNDERSTATED", "RIGHT-UNDERSTATED"],
    ),
    (
        "portability refused though consent is asked",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\noffer = \"access\"",
        &["RIGHT-REASONING-INCOMPLETE"],
    ),
    (
        "withdrawal refused though consent is asked",
        "request = \"withdraw-consent\"",
        "request = \"withdraw-consent\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }",
        &["CONSENT-WITHDRAWAL-WEAK"],
    ),
    (
        "erasure refused to everyone",
        "request = \"erasure\"\nverification = \"mail\"",
        "request = \"erasure\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }",
        &["RIGHT-UNDERSTATED"],
    ),
    (
        "consent without a way out",
        "[[right]]\nrequest = \"withdraw-consent\"\nclause = \"acme.12\"\n",
        "",
        &["CONSENT-WITHDRAWAL-WEAK", "RIGHT-MISSING"],
    ),
    ("erasure for anyone", "verification = \"mail\"", "verification = \"none\"", &["VERIFY-UNDER"]),
    (
        "verification by a word unknown",
        "verification = \"mail\"",
        "verification = \"fax\"",
        &["POLICY-BAD-VERIFICATION"],
    ),
    ("no points", "{ points = 2 }", "{ points = 0 }", &["POLICY-BAD-VERIFICATION"]),
    ("an age that is none", "refuse_below = 13", "refuse_below = 130", &["POLICY-BAD-AGE"]),
    ("ages that overlap", "refuse_below = 13", "refuse_below = 16", &["POLICY-AGE-OVERLAP"]),
    ("an age below the law's", "guardian_below = 16", "guardian_below = 14", &["CHILD-GAP"]),
    ("no age", "refuse_below = 13\nguardian_below = 16\n", "", &["POLICY-MISSING-KEY", "CHILD-GAP"]),
    (
        "no word on breaches",
        "[breach]\ntell_of_attempts = true\nwebsite_alert = false\nclause = \"acme.14\"\n",
        "",
        &["BREACH-MISSING"],
    ),
    ("a flag in quotes", "tell_of_attempts = true", "tell_of_attempts = \"yes\"", &["POLICY-WRONG-TYPE"]),
];

fn codes(findings: &[policy::Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

fn findings_of(text: &str) -> Vec<policy::Finding> {
    match parse("acme.toml", text) {
        Ok((_, findings)) => {
            assert!(findings.iter().all(|finding| finding.level == Level::Warning));
            findings
        }
        Err(findings) => {
            assert!(findings.iter().any(|finding| finding.level == Level::Error), "refused without an error");
            findings
        }
    }
}

fn broken(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "the base policy has no {from:?}");
    BASE.replacen(from, to, 1)
}

#[test]
fn the_base_policy_has_no_findings() {
    assert_eq!(findings_of(BASE), []);
}

#[test]
fn each_mistake_is_found_under_its_code_and_nothing_else_is() {
    let wrong: Vec<_> = CASES
        .iter()
        .map(|(what, from, to, expected)| (what, codes(&findings_of(&broken(from, to))), expected))
        .filter(|(_, found, expected)| found != *expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_kind_of_finding_reads_as_recorded() {
    let mut out = String::new();
    for (what, from, to, _) in CASES {
        let text = broken(from, to);
        let _ = writeln!(out, "## {what}\n\n{}", render(&findings_of(&text), &text, false));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &out).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap();
    for (now, then) in out.split("\n## ").zip(recorded.split("\n## ")) {
        assert_eq!(now, then);
    }
    assert_eq!(out.len(), recorded.len());
}

#[test]
fn every_code_of_the_checker_has_a_case() {
    let checks = [
        include_str!("../src/language/mod.rs"),
        include_str!("../src/language/reader.rs"),
        include_str!("../src/language/retention.rs"),
        include_str!("../src/language/whole.rs"),
    ];
    let mut emitted = BTreeSet::new();
    for word in checks
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.starts_with("//!"))
        .flat_map(|line| line.split('"'))
        .filter(|word| word.len() > 6 && word.contains('-'))
    {
        if word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            emitted.insert(word);
        }
    }
    let cased: BTreeSet<&str> = CASES.iter().flat_map(|(_, _, _, expected)| *expected).copied().collect();
    let uncased: Vec<_> = emitted.difference(&cased).collect();
    // Found by tests of their own below.
    assert_eq!(uncased, [&"BASIS-SINGLE", &"POLICY-TOO-LARGE"]);
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once_and_in_order() {
    let text = BASE
        .replace("Europe/Paris", "Mars/Olympus")
        .replace("\"P10Y\"", "\"ten years\"")
        .replace("purpose = \"support\"", "purpose = \"suport\"")
        .replace("refuse_below = 13", "refuse_below = 16")
        .replace("verification = \"mail\"", "verification = \"none\"");
    assert_eq!(
        codes(&findings_of(&text)),
        [
            "POLICY-UNKNOWN-TIME-ZONE",
            "POLICY-BAD-DURATION",
            "POLICY-UNKNOWN-PURPOSE",
            "VERIFY-UNDER",
            "POLICY-AGE-OVERLAP",
        ]
    );
}

#[test]
fn one_ground_for_everything_is_warned_of() {
    let text = BASE.replace("\"consent\"", "\"contract\"").replace("legal-obligation", "contract");
    let text = text.replace("legitimate-interests", "contract");
    assert!(codes(&findings_of(&text)).contains(&"BASIS-SINGLE"));
}

#[test]
fn a_file_past_the_limit_is_refused_unread() {
    let text = "#".repeat(policy::POLICY_BYTES_MAX + 1);
    assert_eq!(codes(&findings_of(&text)), ["POLICY-TOO-LARGE"]);
}

#[test]
fn california_asks_for_three_points_before_it_hands_out_a_copy() {
    let text = broken("[\"eu-gdpr\"]", "[\"eu-gdpr\", \"us-ca\"]")
        .replace("request = \"access\"", "request = \"access\"\nverification = { points = 2 }");
    assert_eq!(codes(&findings_of(&text)), ["VERIFY-UNDER"]);
}

#[test]
fn a_finding_names_its_clause_its_place_and_what_to_do_in_json() {
    let findings = findings_of(&broken("\"P10Y\"", "\"ten years\""));
    assert_eq!(
        serde_json::to_value(&findings).unwrap(),
        serde_json::json!([{
            "code": "POLICY-BAD-DURATION",
            "level": "error",
            "message": "`duration` is no duration: \"ten years\"",
            "hint": "write whole numbers and their units: PT30M, P100D, P6M, P1Y6M",
            "clause": "acme.8",
            "file": "acme.toml",
            "line": 63,
            "column": 12,
        }])
    );
}
