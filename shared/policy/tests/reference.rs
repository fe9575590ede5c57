//! The reference of the language shows a file that is one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use policy::{Status, check};

const REFERENCE: &str = include_str!("../src/language/reference.md");

/// The blocks of the reference, one after the other.
fn example() -> String {
    let blocks = REFERENCE.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_file_in_the_reference_is_accepted() {
    let text = example();
    let file = check("reference.toml", &text, None);
    assert!(!file.is_refused(), "{}", policy::render(&file.findings, &text, false));
    // What it reads, it finds: an example of `open` that answers nothing would teach a habit.
    let authored: Vec<&str> = file
        .findings
        .iter()
        .filter(|finding| finding.status == Status::Read && finding.by == policy::By::Author)
        .map(|finding| finding.code)
        .collect();
    assert_eq!(authored, ["LAW-STALE"]);
}

/// The header of a table without its brackets; none for other lines.
fn header(line: &str) -> Option<&str> {
    line.starts_with('[').then(|| line.split(']').next().unwrap().trim_matches('['))
}

/// What the parser knows is told by what it offers for a key that it does not know.
#[test]
fn the_reference_shows_every_key_of_every_table() {
    let text = example();
    let lines: Vec<&str> = text.lines().collect();

    let (mut table, mut shown) = ("", BTreeSet::new());
    for line in &lines {
        if let Some(header) = header(line) {
            shown.insert((table, header));
            table = header;
        } else if let Some((key, _)) = line.split_once(" = ") {
            shown.insert((table, key));
        }
    }
    let tables: BTreeSet<&str> = shown.iter().map(|(table, _)| *table).collect();

    let mut hidden = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(at, line)| *at == 0 || line.starts_with('[')) {
        let table = header(line).unwrap_or_default();
        let mut broken = lines.clone();
        broken.insert(if table.is_empty() { at } else { at + 1 }, "key_that_is_none = 1");
        let findings = check("reference.toml", &broken.join("\n"), None).findings;
        let finding = findings.iter().find(|finding| finding.code == "POLICY-UNKNOWN-KEY").unwrap();
        for key in finding.hint.split_once(" knows ").unwrap().1.split(", ") {
            // Told of once, in words: what every table has, and that a switch is a period like another.
            let told = ["clause", "also", "open", "allow"].contains(&key)
                || tables.contains(key)
                || shown.contains(&(table, key))
                || table == "retention" && ["switch", "exempt_from_erasure"].contains(&key)
                || table == "retention.switch" && shown.contains(&("retention", key))
                || (table, key) == ("tracker", "exempt");
            if !told {
                hidden.push(format!("[{table}] {key}"));
            }
        }
    }
    assert!(hidden.is_empty(), "{hidden:?}");
}
