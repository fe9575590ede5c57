//! What a file's author says about findings, and which clauses its tables make true.

use policy::{CheckedFile, Finding, TieKind, check};

const BASE: &str = include_str!("base.toml");

fn file(from: &str, to: &str) -> CheckedFile {
    assert!(BASE.contains(from), "the base policy has no {from:?}");
    check("acme.toml", &BASE.replacen(from, to, 1), None)
}

/// What was found, where, by whom, and what is made of it.
fn told(file: &CheckedFile) -> Vec<String> {
    let line = |finding: &Finding| {
        let clause = finding.clause.as_ref().map_or("nowhere", |clause| clause.as_str());
        format!("{} at {clause} by {:?}: {:?}", finding.code, finding.by, finding.status)
    };
    let mut told: Vec<String> = file.findings.iter().map(line).collect();
    told.sort_unstable();
    told
}

const SCORE: &str = "[[purpose]]\nid = \"score\"\ntitle = \"Score you\"\nbasis = \"contract\"\nuses = [\"profiling\"]\n\
                     clause = \"acme.41\"\n\n[[deny]]\nwhat = \"profiling\"\nclause = \"acme.40\"\n";

#[test]
fn a_reading_answers_for_every_clause_that_it_lists() {
    let open = "open = { ADM-CONFLICT = { reading = \"The denial counts.\", clauses = [\"acme.40\", \"acme.41\", \"acme.3\"] } }";
    let file = file("[[deny]]\n", &format!("{SCORE}{open}\n\n[[deny]]\n"));
    assert!(!file.is_refused());
    assert_eq!(
        told(&file),
        [
            "ADM-CONFLICT at acme.3 by Author: Read",
            "ADM-CONFLICT at acme.40 by Compiler: Read",
            "ADM-CONFLICT at acme.41 by Compiler: Read",
        ]
    );
    assert!(file.findings.iter().all(|finding| finding.reading.as_deref() == Some("The denial counts.")));
}

#[test]
fn a_reading_at_one_table_leaves_what_another_shows_open() {
    let file = file("[[deny]]\n", &format!("{SCORE}open = {{ ADM-CONFLICT = \"The denial counts.\" }}\n\n[[deny]]\n"));
    assert!(file.is_refused());
    assert_eq!(
        told(&file),
        ["ADM-CONFLICT at acme.40 by Compiler: Read", "ADM-CONFLICT at acme.41 by Compiler: Open",]
    );
}

#[test]
fn what_the_file_lacks_is_told_of_where_its_author_says_that_the_text_lacks_it() {
    let breach =
        "[breach]\ntell_of_attempts = false\nwebsite_alert = false\nwithin = \"PT48H\"\nclause = \"acme.14\"\n";
    let without = BASE.replacen(breach, "", 1);
    let refused = check("acme.toml", &without, None);
    assert_eq!(told(&refused), ["BREACH-MISSING at nowhere by Compiler: Open"]);

    let open = "schema = 1\nopen = { BREACH-MISSING = { reading = \"The law's clocks.\", clauses = [\"acme.28\"] } }";
    let read = check("acme.toml", &without.replacen("schema = 1", open, 1), None);
    assert_eq!(told(&read), ["BREACH-MISSING at acme.28 by Compiler: Read"]);
    let policy = read.policy.unwrap();
    assert_eq!(policy.breach.clause.as_str(), "GDPR Art. 33 and 34");
}

#[test]
fn a_reading_does_not_mend_a_mistake_of_the_file() {
    let file = file("basis = \"consent\"\nuses", "open = { BASIS-MISSING = \"Consent.\" }\nuses");
    assert!(file.is_refused());
    let open: Vec<_> = file.findings.iter().filter(|finding| finding.blocks()).map(|finding| finding.code).collect();
    assert!(open.contains(&"BASIS-MISSING"), "{open:?}");
}

#[test]
fn every_clause_that_a_file_names_is_tied_to_what_makes_it_true() {
    let ties = check("acme.toml", BASE, None).ties;
    let of = |clause: &str| ties.iter().filter(|tie| tie.clause.as_str() == clause).collect::<Vec<_>>();
    let rules = |clause: &str| of(clause).iter().map(|tie| tie.rule.as_str()).collect::<Vec<_>>();
    assert_eq!(
        rules("acme.8"),
        ["retention billing for billing", "retention billing for billing, exempt from erasure"]
    );
    assert_eq!(rules("acme.10"), ["retention chat for support, after the switch"]);
    assert_eq!(rules("acme.12"), ["right withdraw-consent", "right complaint", "right know-pieces", "right appeal"]);
    assert_eq!(rules("acme.1"), ["purpose newsletter"]);
    assert_eq!(rules("acme.24"), ["deny tracking"]);
    assert!(matches!(&of("acme.28")[0].kind, TieKind::Attested { evidence, renew_every }
        if evidence == "A scan of the public endpoints." && renew_every.0.get_years() == 1));
    let also = of("acme.30");
    assert!(matches!(&also[0].kind, TieKind::NoEffect { reason } if reason == "A greeting."));
    assert_eq!(BASE.lines().nth(also[0].line - 1), Some("also = [\"acme.30\"]"));
    assert!(ties.windows(2).all(|pair| pair[0].line <= pair[1].line));
    assert!(of("acme.15").iter().all(|tie| tie.kind == TieKind::Rule));
}

#[test]
fn a_ground_that_the_text_states_elsewhere_ties_that_clause_too() {
    let file = file(
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "stated = [{ basis = \"consent\", clause = \"acme.51\" }]",
    );
    let tie = file.ties.iter().find(|tie| tie.clause.as_str() == "acme.51").unwrap();
    assert_eq!(tie.rule, "purpose newsletter");
}

#[test]
fn what_readers_need_is_kept_beside_the_policy() {
    let texts = check("acme.toml", BASE, None).texts;
    assert_eq!(texts.notice_url.as_deref(), Some("https://acme.fr/privacy"));
    let reasons: Vec<_> =
        texts.retention_reasons.iter().map(|((c, p), why)| (c.as_str(), p.as_str(), why.as_str())).collect();
    assert_eq!(reasons, [("chat", "support", "A chat lasts as long as the visit.")]);
}
