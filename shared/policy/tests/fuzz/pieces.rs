//! Policy files, and how to take them to pieces.

use std::{fs, path::Path, sync::LazyLock};

use proptest::prelude::*;

/// The files that cases begin with.
pub(crate) static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["../../infra/policies", "../../infra/policies/template", "tests", "tests/lints"];
    let mut paths: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(crate_folder.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
});

/// Every line of every seed, to be set down where it does not belong.
pub(crate) static LINES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| SEEDS.iter().flat_map(|seed| seed.lines()).collect());

/// Values and scraps that are wrong almost everywhere.
const SCRAPS: &[&str] = &[
    "",
    "\"\"",
    "\" \"",
    "0",
    "-1",
    "99999999999999999999",
    "1.5",
    "nan",
    "true",
    "[]",
    "[[]]",
    "{}",
    "[{}]",
    "\"P0D\"",
    "\"P1000Y\"",
    "\"P1DT2H\"",
    "\"PT\"",
    "2026-02-30",
    "2026-11-22",
    "12:00:00",
    "\"é\u{301}\u{1F600}\"",
    "\"\\u0000\"",
    "\"\"\"\n\n\"\"\"",
    "'''",
    "\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    "#",
    "\r\n",
    "\t",
    "\u{feff}",
    "\u{2028}",
    "[retention.switch]",
    "[[retention]]",
    "[[purpose]]",
    "[open]",
    "open = { RET-INDEFINITE = \"x\" }",
    "open = { RET-INDEFINITE = { reading = \"x\", clauses = [\"nowhere\"] } }",
    "allow = [{ code = \"RET-SLIDING-NO-CAP\" }]",
    "clause = \"x\"",
    "also = [\"x\", \"x\"]",
    "id.a.b = 1",
    "\"quoted key\" = 1",
    "consent.withdrawn",
];

/// One thing that can happen to a text. Numbers are places in it, as parts of 65536.
#[derive(Debug, Clone)]
pub(crate) enum Blow {
    CutLine(u16),
    DoubleLine(u16),
    SwapLines(u16, u16),
    StrayLine(u16, u16),
    Value(u16, usize),
    Insert(u16, usize),
    CutCharacters(u16, u8),
    Character(u16, char),
    End(u16),
}

/// A part of a length.
pub(crate) fn place(part: u16, length: usize) -> usize {
    usize::from(part) * length / (usize::from(u16::MAX) + 1)
}

/// The text after a blow.
pub(crate) fn strike(text: &str, blow: &Blow) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut characters: Vec<char> = Vec::new();
    match blow {
        Blow::Insert(..) | Blow::CutCharacters(..) | Blow::Character(..) | Blow::End(_) => {
            characters.extend(text.chars())
        }
        _ if lines.is_empty() => return text.to_owned(),
        _ => {}
    }
    let line = |part: u16| place(part, lines.len());
    let at = |part: u16| place(part, characters.len());
    match *blow {
        Blow::CutLine(part) => {
            let line = line(part);
            lines.remove(line);
        }
        Blow::DoubleLine(part) => {
            let line = line(part);
            lines.insert(line, lines[line]);
        }
        Blow::SwapLines(a, b) => {
            let (a, b) = (line(a), line(b));
            lines.swap(a, b);
        }
        Blow::StrayLine(part, stray) => {
            let line = line(part);
            lines.insert(line, LINES[place(stray, LINES.len())]);
        }
        Blow::Value(part, scrap) => {
            let line = line(part);
            let key = lines[line].split_once('=').map_or("", |(key, _)| key);
            let changed = format!("{key}= {}", SCRAPS[scrap]);
            lines[line] = &changed;
            return lines.join("\n");
        }
        Blow::Insert(part, scrap) => {
            let at = at(part);
            characters.splice(at..at, SCRAPS[scrap].chars());
            return characters.into_iter().collect();
        }
        Blow::CutCharacters(part, length) => {
            let at = at(part);
            let end = (at + usize::from(length)).min(characters.len());
            characters.drain(at..end);
            return characters.into_iter().collect();
        }
        Blow::Character(part, character) => {
            let at = at(part);
            characters.insert(at, character);
            return characters.into_iter().collect();
        }
        Blow::End(part) => {
            characters.truncate(at(part));
            return characters.into_iter().collect();
        }
    }
    lines.join("\n")
}

/// Any blow.
pub(crate) fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        any::<u16>().prop_map(Blow::CutLine),
        any::<u16>().prop_map(Blow::DoubleLine),
        any::<(u16, u16)>().prop_map(|(a, b)| Blow::SwapLines(a, b)),
        any::<(u16, u16)>().prop_map(|(part, stray)| Blow::StrayLine(part, stray)),
        (any::<u16>(), 0..SCRAPS.len()).prop_map(|(part, scrap)| Blow::Value(part, scrap)),
        (any::<u16>(), 0..SCRAPS.len()).prop_map(|(part, scrap)| Blow::Insert(part, scrap)),
        any::<(u16, u8)>().prop_map(|(part, length)| Blow::CutCharacters(part, length)),
        any::<(u16, char)>().prop_map(|(part, character)| Blow::Character(part, character)),
        any::<u16>().prop_map(Blow::End),
    ]
}
