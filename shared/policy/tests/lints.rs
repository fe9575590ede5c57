//! Every code of the registry, with a smallest piece of a policy file that raises it and one that does not.
//!
//! `lints/base.toml` is a policy without findings. The piece that raises a code is the example of its
//! entry, which `habeas policy explain` shows; it is laid on the base file, where a table takes the
//! place of the one of its name. `lints/<CODE>.toml` holds what is expected, and the piece that differs
//! in as little as possible and raises nothing.

#![expect(clippy::unwrap_used, reason = "a test that is written wrongly fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use policy::{
    By, Finding, Level, Status,
    lints::{self, Code},
};

#[path = "lints/laying.rs"]
mod laying;

use laying::{BASE, laid};

/// A day on which nothing that the cases allow has run out, but what they say has.
const TODAY: &str = "2026-11-22";

fn findings_of(text: &str) -> Vec<Finding> {
    findings_on(TODAY, text)
}

fn findings_on(day: &str, text: &str) -> Vec<Finding> {
    match policy::parse("acme.toml", text, Some(day.parse().unwrap())) {
        Ok(parsed) => parsed.findings,
        Err(findings) => findings,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints")
}

// ------------------------------------------------------------------------------------------------------ the cases

/// What a golden file says: `# raised: error at acme.35`, `# beside it: CODE CODE`, and the quiet piece.
#[derive(Debug)]
struct Case {
    level: String,
    clause: Option<String>,
    beside: BTreeSet<String>,
    quiet: String,
}

fn cases() -> BTreeMap<String, Case> {
    let mut cases = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|end| end != "toml") || stem == "base" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let said = |label: &str| text.lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
        let raised = said("# raised:").unwrap_or_else(|| panic!("{stem} does not say what is raised"));
        let (level, clause) = raised.split_once(" at ").map_or((raised, None), |(level, clause)| (level, Some(clause)));
        let case = Case {
            level: level.to_owned(),
            clause: clause.map(str::to_owned),
            beside: said("# beside it:").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            quiet: text.clone(),
        };
        cases.insert(stem, case);
    }
    cases
}

/// Whether only an author can tell of it: nothing but `open` raises it.
fn is_declared(code: &Code) -> bool {
    code.example.contains(&format!("open = {{ {} = ", code.code))
}

fn open_codes(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().filter(|finding| finding.status == Status::Open).map(|finding| finding.code).collect()
}

fn shown(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let clause = finding.clause.as_ref().map_or("no clause", |clause| clause.as_str());
        let _ = writeln!(
            out,
            "  {}:{} {} {} {:?} {:?} at {clause}: {}",
            finding.line, finding.column, finding.code, finding.level, finding.status, finding.by, finding.message
        );
    }
    out
}

#[test]
fn the_base_file_has_no_findings() {
    let findings = findings_of(BASE);
    assert!(findings.is_empty(), "\n{}", shown(&findings));
}

#[test]
fn the_registry_is_in_order_and_complete_in_itself() {
    for pair in lints::all().windows(2) {
        assert!(pair[0].code < pair[1].code, "{} stands before {}", pair[0].code, pair[1].code);
    }
    for entry in lints::all() {
        let lines = entry.explanation.lines().count();
        assert!((1..=8).contains(&lines), "{} is explained in {lines} lines", entry.code);
        assert!(!entry.means.ends_with('.') && !entry.means.contains('\n'), "{}", entry.code);
        assert!(entry.explanation.lines().all(|line| line.chars().count() <= 120), "{}", entry.code);
        assert!(std::ptr::eq(lints::code(entry.code).unwrap(), entry));
    }
    assert!(lints::code("RET-").is_none() && lints::code("").is_none() && lints::code("ret-missing").is_none());
}

#[test]
fn a_mistake_of_the_language_is_an_error() {
    for entry in lints::all().iter().filter(|entry| entry.code.starts_with("POLICY-")) {
        assert_eq!(entry.level, Level::Error, "{}", entry.code);
    }
}

#[test]
fn every_code_in_the_compilers_sources_is_in_the_registry() {
    let mut strays = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("lints/codes.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let words =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| line.split('"'));
            for word in words {
                let is_code = word.len() > 6
                    && word.contains('-')
                    && word.starts_with(|c: char| c.is_ascii_uppercase())
                    && word.ends_with(|c: char| c.is_ascii_uppercase())
                    && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
                if is_code && lints::code(word).is_none() {
                    strays.insert(format!("{word} in {}", path.display()));
                } else if is_code {
                    found.insert(word.to_owned());
                }
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
    // The other way round: whatever no author declares, the compiler raises somewhere.
    let unraised: Vec<&str> = lints::all()
        .iter()
        .filter(|entry| !is_declared(entry) && !found.contains(entry.code))
        .map(|entry| entry.code)
        .collect();
    assert!(unraised.is_empty(), "nothing raises {unraised:?}");
}

#[test]
fn no_code_is_without_a_case() {
    let cases = cases();
    for entry in lints::all() {
        assert!(
            is_declared(entry) != cases.contains_key(entry.code),
            "{}: either its example declares it, or tests/lints/{}.toml says what the compiler finds",
            entry.code,
            entry.code
        );
    }
    for name in cases.keys() {
        assert!(lints::code(name).is_some(), "{name} is no code");
    }
}

#[test]
fn each_example_raises_its_code_at_its_level_and_clause_and_nothing_unexpected() {
    let mut wrong = String::new();
    for (name, case) in cases() {
        let entry = lints::code(&name).unwrap();
        let findings = if name == "POLICY-TOO-LARGE" {
            findings_of(&"# Not a policy.\n".repeat(policy::POLICY_BYTES_MAX / 16 + 1))
        } else {
            findings_of(&laid(entry.example))
        };
        let raised: Vec<&Finding> =
            findings.iter().filter(|finding| finding.code == name && finding.by == By::Compiler).collect();
        let level_as_said = case.level == entry.level.as_str();
        let at_clause = raised.iter().any(|finding| {
            finding.level == entry.level
                && finding.status == Status::Open
                && finding.clause.as_ref().map(|clause| clause.as_str()) == case.clause.as_deref()
        });
        let mut beside = open_codes(&findings);
        beside.remove(name.as_str());
        let beside: BTreeSet<String> = beside.into_iter().map(str::to_owned).collect();
        if !level_as_said || !at_clause || beside != case.beside {
            let _ =
                writeln!(wrong, "{name}, expected {} at {:?}, beside it {:?}:", case.level, case.clause, case.beside);
            wrong.push_str(&shown(&findings));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn each_quiet_neighbour_of_an_example_raises_nothing() {
    let mut wrong = String::new();
    for (name, case) in cases() {
        let mut findings = findings_of(&laid(&case.quiet));
        findings.retain(|finding| finding.status == Status::Open || finding.code == name);
        if !findings.is_empty() {
            let _ = writeln!(wrong, "{name}:\n{}", shown(&findings));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_only_an_author_can_tell_is_raised_by_open_alone() {
    let mut wrong = String::new();
    for entry in lints::all().iter().filter(|entry| is_declared(entry)) {
        let findings = findings_of(&laid(entry.example));
        let declared = findings.iter().any(|finding| {
            finding.code == entry.code
                && finding.level == entry.level
                && finding.status == Status::Read
                && finding.by == By::Author
                && finding.reading.is_some()
        });
        let without: String =
            entry.example.lines().filter(|line| !line.starts_with("open =")).map(|line| format!("{line}\n")).collect();
        let quiet = findings_of(&laid(&without));
        if !declared || !open_codes(&findings).is_empty() || !quiet.is_empty() {
            let _ = writeln!(wrong, "{}:\n{}  without open:\n{}", entry.code, shown(&findings), shown(&quiet));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_open_point_of_a_text_can_be_declared_at_a_table_and_at_listed_clauses() {
    for entry in lints::all().iter().filter(|entry| is_markable(entry)) {
        let code = entry.code;
        let text = laid(&format!(
            "[[without_effect]]\nreason = \"A case.\"\nopen = {{ {code} = \"It is read so.\" }}\nclause = \"acme.90\"\n"
        ));
        let findings = findings_of(&text);
        assert_eq!(findings.len(), 1, "{code}\n{}", shown(&findings));
        let finding = &findings[0];
        assert_eq!((finding.code, finding.level), (code, entry.level));
        assert_eq!((finding.status, finding.by), (Status::Read, By::Author));
        assert_eq!(finding.reading.as_deref(), Some("It is read so."));
        assert_eq!(finding.clause.as_ref().map(|clause| clause.as_str()), Some("acme.90"));

        let text = laid(&format!(
            "[[without_effect]]\nreason = \"A case.\"\nclause = \"acme.90\"\n\
             open = {{ {code} = {{ reading = \"It is read so.\", clauses = [\"acme.12\", \"acme.90\"] }} }}\n"
        ));
        let findings = findings_of(&text);
        let clauses: BTreeSet<&str> =
            findings.iter().filter_map(|finding| finding.clause.as_ref()).map(|clause| clause.as_str()).collect();
        assert_eq!(clauses, BTreeSet::from(["acme.12", "acme.90"]), "{code}\n{}", shown(&findings));
        assert!(findings.iter().all(|finding| finding.code == code && finding.status == Status::Read), "{code}");
    }
}

/// Whether `open` takes it: what the text leaves open, not a slip in the file.
fn is_markable(entry: &Code) -> bool {
    !entry.code.starts_with("POLICY-") && !matches!(entry.code, "CLAUSE-TWICE" | "ALLOW-EXPIRED" | "ALLOW-UNUSED")
}

#[test]
fn a_stated_reading_resolves_an_error_at_its_table() {
    let piece = "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"fixed\"\nduration = \"P1Y\"\n\
                 stated = \"indefinite\"\nclause = \"acme.35\"\n";
    assert!(findings_of(&laid(piece)).iter().any(Finding::blocks));
    let read = format!("{piece}open = {{ RET-INDEFINITE = \"A year.\" }}\n");
    let findings = findings_of(&laid(&read));
    assert_eq!(findings.len(), 1, "\n{}", shown(&findings));
    assert_eq!((findings[0].status, findings[0].by), (Status::Read, By::Compiler));
    assert!(!findings[0].blocks());
}

#[test]
fn a_security_code_that_is_never_stored_is_told_of_with_its_reading() {
    let piece = "[[category]]\nid = \"account\"\nfields = [\"login\"]\nnever = [\"card_security_code\"]\nclause = \"acme.23\"\n";
    let findings = findings_of(&laid(piece));
    assert_eq!(findings.len(), 1, "\n{}", shown(&findings));
    assert_eq!((findings[0].code, findings[0].status, findings[0].by), ("PCI-SAD", Status::Read, By::Compiler));
}

#[test]
fn an_allowed_finding_is_back_after_its_review_date() {
    let piece = "[[category]]\nid = \"chat\"\nfields = [\"message\"]\nfree_text = true\nclause = \"acme.25\"\n\
                 allow = [{ code = \"CAT-UNSTRUCTURED\", reason = \"Looked through.\", review = 2026-11-22 }]\n";
    let on = |day: &str| findings_on(day, &laid(piece));
    assert_eq!(on("2026-11-22").iter().map(|finding| finding.status).collect::<Vec<_>>(), [Status::Allowed]);
    let after = on("2026-11-23");
    assert_eq!(open_codes(&after), BTreeSet::from(["ALLOW-EXPIRED", "CAT-UNSTRUCTURED"]), "\n{}", shown(&after));
}

// ---------------------------------------------------------------------------------------------------- the documents

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `docs/LINTS.md`; after a change of the registry, `UPDATE=1 cargo test -p policy --test lints` writes it anew.
#[test]
fn the_list_of_codes_in_the_docs_is_that_of_the_registry() {
    let mut out = String::from(
        "# Findings\n\n\
         Every code that `habeas policy check` can report, made from `shared/policy/src/lints/codes.rs` by\n\
         `UPDATE=1 cargo test -p policy --test lints`. `habeas policy explain CODE` prints one of them.\n\n\
         An **error** refuses the file, unless the file states the safe reading that it takes (`open`). A **warn** is for a\n\
         person to look at, an **info** is worth knowing; both can be allowed until a review date (`allow`). A `POLICY-…`\n\
         mistake is mended. What the compiler cannot see in a file, because only the text shows it, its author declares\n\
         with `open`; these codes are marked *declared*.\n",
    );
    let families: &[(&str, &str)] = &[
        ("ADM-", "Automated decisions"),
        ("AGG-", "Totals"),
        ("BASIS-", "Lawful bases"),
        ("BREACH-", "Breaches"),
        ("CAT-", "Categories of data"),
        ("CHILD-", "Children"),
        ("CONSENT-", "Consent"),
        ("CONTACT-", "Contacts"),
        ("COOKIE-", "Cookies"),
        ("DISC-", "Disclosures"),
        ("DNT-", "Signals"),
        ("DPIA-", "Impact assessments"),
        ("HOLD-", "Holds"),
        ("NOTICE-", "The notice and its changes"),
        ("OFFICE-", "The office"),
        ("PCI-", "Payment cards"),
        ("PURPOSE-", "Purposes"),
        ("REP-", "Representatives"),
        ("RET-", "Retention"),
        ("RIGHT-", "Rights"),
        ("ROLE-", "Roles"),
        ("SCOPE-", "Scope"),
        ("SEC-", "Security"),
        ("SELL-", "Sale"),
        ("SLA-", "Times of answers"),
        ("SYSTEM-", "Systems"),
        ("TRANSFER-", "Transfers"),
        ("VERIFY-", "Verification"),
        ("", "The text as such"),
        ("ACTION-", "What this version does not carry out"),
        ("ALLOW-", "The file's own marks"),
        ("CLAUSE-", "The file's own marks"),
        ("POLICY-", "Mistakes of the file"),
    ];
    let rest = families.iter().position(|(start, _)| start.is_empty()).unwrap();
    let family = |code: &str| {
        families.iter().position(|(start, _)| !start.is_empty() && code.starts_with(start)).unwrap_or(rest)
    };
    let mut headings: BTreeMap<usize, Vec<&Code>> = BTreeMap::new();
    for entry in lints::all() {
        let title = families[family(entry.code)].1;
        let first = families.iter().position(|(_, other)| *other == title).unwrap();
        headings.entry(first).or_default().push(entry);
    }
    out.push_str("\n| code | level | what it says |\n|---|---|---|\n");
    for entry in lints::all() {
        let _ = writeln!(
            out,
            "| [{0}](#{1}) | {2} | {3} |",
            entry.code,
            entry.code.to_lowercase(),
            entry.level,
            entry.means
        );
    }
    for (at, entries) in headings {
        let _ = write!(out, "\n## {}\n", families[at].1);
        for entry in entries {
            let declared = if is_declared(entry) { ", declared" } else { "" };
            let _ = write!(
                out,
                "\n### {}\n\n*{}{declared}*: {}.\n\n{}\n\n```toml\n{}\n```\n",
                entry.code,
                entry.level,
                entry.means,
                entry.explanation.trim(),
                entry.example.trim()
            );
        }
    }
    let path = root().join("docs/LINTS.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &out).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap();
    for (now, then) in out.split("\n### ").zip(recorded.split("\n### ")) {
        assert_eq!(now, then);
    }
    assert_eq!(out.len(), recorded.len());
}

/// What a piece laid on the base file raises.
fn raised_by(piece: &str) -> BTreeSet<&'static str> {
    open_codes(&findings_of(&laid(piece)))
}

#[test]
fn what_is_written_only_on_an_opt_in_ends_with_it_whatever_its_purpose_rests_on() {
    let opt_in = "[[category]]\nid = \"chat\"\nfields = [\"message\"]\nopt_in = \"newsletter\"\nclause = \"acme.25\"\n";
    assert_eq!(raised_by(opt_in), BTreeSet::from(["RET-OUTLIVES-CONSENT"]));
}

#[test]
fn a_hold_that_an_event_releases_is_placed_by_one() {
    let hold = |on: &str| {
        format!(
            "[[hold]]\nreason = \"legal-claim\"\ngrounds = [\"claim\"]\n{on}release_on = \"claim.closed\"\n\
             review_after = \"P6M\"\nclause = \"acme.67\"\n"
        )
    };
    assert_eq!(raised_by(&hold("")), BTreeSet::from(["POLICY-CONTRADICTION"]));
    assert!(raised_by(&hold("on = \"claim.made\"\n")).is_empty());
}

#[test]
fn a_system_that_is_asked_nothing_is_there_to_be_told_of_a_hold_or_a_breach() {
    let system = "[[system]]\nid = \"login\"\ntitle = \"Logins\"\nwebhook = \"https://login.acme.fr/habeas\"\n\
                  requests = []\nclause = \"acme.67\"\n";
    assert_eq!(raised_by(system), BTreeSet::from(["POLICY-MISSING-KEY"]));
    let hold = "\n[[hold]]\nreason = \"investigation\"\non = \"theft.suspected\"\ntell = [\"login\"]\n\
                review_after = \"P6M\"\nclause = \"acme.67\"\n";
    assert!(raised_by(&format!("{system}{hold}")).is_empty());
    let told = BASE.replace("[breach]\n", "[breach]\nchannel = \"login\"\n");
    assert_ne!(told, BASE);
    assert!(open_codes(&findings_of(&format!("{told}\n{system}"))).is_empty());
}

#[test]
fn a_text_that_takes_consents_in_europe_and_says_nothing_of_children_is_warned_of() {
    let silent = BASE.replace("[age]\nguardian_below = 16\nclause = \"acme.50\"\n", "");
    assert_ne!(silent, BASE);
    assert_eq!(open_codes(&findings_of(&silent)), BTreeSet::from(["CHILD-GAP"]));
    let read = silent.replace("schema = 1\n", "schema = 1\nopen = { CHILD-GAP = \"An account needs a business.\" }\n");
    assert!(open_codes(&findings_of(&read)).is_empty());
    let american = silent.replace("[\"eu-gdpr\"]", "[\"us-ca\"]");
    assert!(!open_codes(&findings_of(&american)).contains("CHILD-GAP"));
}

#[test]
fn the_template_can_be_deployed_and_has_no_open_finding() {
    let path = root().join("infra/policies/template/template.toml");
    let text = fs::read_to_string(path).unwrap();
    let findings = findings_of(&text);
    assert!(open_codes(&findings).is_empty(), "\n{}", shown(&findings));
    assert!(text.starts_with("#:schema ../policy.schema.json\n"));
}

/// The blocks of a kind in a document: ```toml and so on.
fn fenced<'t>(document: &'t str, kind: &str) -> Vec<&'t str> {
    let fence = format!("```{kind}\n");
    document.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The guide's blocks of TOML, one after the other, are a policy file; its changes answer every finding;
/// and what it shows of the checker's output is what the checker prints.
#[test]
fn the_guide_is_true() {
    let guide = fs::read_to_string(root().join("docs/POLICY_GUIDE.md")).unwrap();
    let notice = fenced(&guide, "text")[0];
    let digest = ring::digest::digest(&ring::digest::SHA256, notice.as_bytes());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut text: String = fenced(&guide, "toml").into_iter().map(|block| format!("{block}\n")).collect();
    assert!(text.contains(&format!("text_sha256 = \"{digest}\"")), "the notice's hash is {digest}");

    let check = |text: &str| match policy::parse("infra/policies/cornerbooks.toml", text, Some(TODAY.parse().unwrap()))
    {
        Ok(parsed) => parsed.findings,
        Err(findings) => findings,
    };
    let before = check(&text);
    assert!(before.iter().any(Finding::blocks));
    for named in open_codes(&before) {
        assert!(guide.contains(&format!("| `{named}`")), "the guide does not speak of {named}");
    }
    let mut printed = policy::render(&before, &text, false);
    for change in fenced(&guide, "diff") {
        let side = |without: char| {
            let lines = change.lines().filter(|line| !line.starts_with(without)).map(|line| &line[1..]);
            lines.collect::<Vec<_>>().join("\n")
        };
        let (old, new) = (side('+'), side('-'));
        assert_eq!(text.matches(&old).count(), 1, "{old}");
        text = text.replacen(&old, &new, 1);
    }
    let after = check(&text);
    assert!(open_codes(&after).is_empty(), "\n{}", shown(&after));
    printed.push_str(&policy::render(&after, &text, false));
    let shown_findings: Vec<String> = fenced(&guide, "console")
        .into_iter()
        .flat_map(|block| block.split("\n\n"))
        .map(|part| part.lines().filter(|line| !line.starts_with("$ ") && *line != "…"))
        .map(|lines| lines.collect::<Vec<_>>().join("\n"))
        .filter(|part| part.contains("]: "))
        .collect();
    assert!(shown_findings.len() > 3, "{shown_findings:?}");
    for part in shown_findings {
        assert!(printed.contains(part.trim()), "the checker does not print\n{part}\nbut\n{printed}");
    }
}
