//! `infra/policies/policy.schema.json` says what the parser says: editors complete and check by it.

#![expect(clippy::unwrap_used, reason = "a test that is written wrongly fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use domain::{
    dsar::RequestType,
    hold::HoldReason,
    policy::{Action, LawfulBasis, Mechanism, RecipientRole, Regime, ServiceRole, SystemRule, Use},
};
use jsonschema::Validator;
use policy::lints;
use proptest::prelude::*;
use serde_json::{Map, Value};

#[path = "lints/laying.rs"]
mod laying;

use laying::laid;

#[path = "fuzz/pieces.rs"]
mod pieces;

use pieces::{SEEDS, blow, strike};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = fs::read_to_string(root().join("infra/policies/policy.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&SCHEMA).unwrap());

/// TOML as editors hand it to a schema: dates become texts.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        toml::Value::Table(table) => {
            table.into_iter().map(|(key, value)| (key, json(value))).collect::<Map<_, _>>().into()
        }
    }
}

/// What the schema finds wrong with a file; nothing if it is valid.
fn mistakes(text: &str) -> Vec<String> {
    let file = json(toml::Value::Table(text.parse().unwrap()));
    VALIDATOR.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&SCHEMA));
    assert_eq!(SCHEMA["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn the_controllers_files_and_the_template_are_valid() {
    let mut wrong = String::new();
    let mut files = 0;
    for folder in ["infra/policies", "infra/policies/template"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "toml") {
                files += 1;
                for mistake in mistakes(&fs::read_to_string(&path).unwrap()) {
                    let _ = writeln!(wrong, "{}: {mistake}", path.display());
                }
            }
        }
    }
    assert!(files > 5, "only {files} files");
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What no schema sees: other tables, other files, bytes.
const BEYOND: &[&str] = &[
    "POLICY-AGE-OVERLAP",
    "POLICY-DUPLICATE",
    "POLICY-NO-ACCOUNTS",
    "POLICY-NOT-CONSENT",
    "POLICY-SYNTAX",
    "POLICY-TOO-LARGE",
    "POLICY-UNKNOWN-CATEGORY",
    "POLICY-UNKNOWN-CLAUSE",
    "POLICY-UNKNOWN-FIELD",
    "POLICY-UNKNOWN-PURPOSE",
    "POLICY-UNKNOWN-RECIPIENT",
    "POLICY-UNKNOWN-SYSTEM",
    "POLICY-UNKNOWN-TIME-ZONE",
];

#[test]
fn the_schema_refuses_the_mistakes_of_a_table_and_accepts_what_only_the_law_minds() {
    let mut wrong = String::new();
    for entry in lints::all() {
        if matches!(entry.code, "POLICY-SYNTAX" | "POLICY-TOO-LARGE") {
            continue;
        }
        let found = mistakes(&laid(entry.example));
        let refused = entry.code.starts_with("POLICY-") && !BEYOND.contains(&entry.code);
        if found.is_empty() == refused {
            let _ = writeln!(wrong, "{}: {found:#?}", entry.code);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_raises_nothing_is_valid() {
    let mut wrong = String::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            for mistake in mistakes(&laid(&fs::read_to_string(&path).unwrap())) {
                let _ = writeln!(wrong, "{}: {mistake}", path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// An editor never underlines what the compiler takes.
    #[test]
    fn what_the_parser_accepts_is_valid(seed in 0..SEEDS.len(), blows in prop::collection::vec(blow(), 0..3)) {
        let text = blows.iter().fold(SEEDS[seed].clone(), |text, blow| strike(&text, blow));
        if policy::parse("file.toml", &text, None).is_ok() {
            let found = mistakes(&text);
            prop_assert!(found.is_empty(), "{found:#?}");
        }
    }
}

// ------------------------------------------------------------------------------------------------------- the keys

/// Every table of the language: where the schema has it, and a file in which it has a key that nobody knows.
const TABLES: &[(&str, &str)] = &[
    ("", "UNKNOWN"),
    ("/$defs/office", "[office]\nUNKNOWN"),
    ("/$defs/authority", "[authority]\nUNKNOWN"),
    ("/$defs/role", "[[role]]\nUNKNOWN"),
    ("/$defs/notice", "[notice]\nUNKNOWN"),
    ("/$defs/notice_change", "[notice_change]\nUNKNOWN"),
    ("/$defs/purpose", "[[purpose]]\nUNKNOWN"),
    ("/$defs/purpose/properties/stated/items", "[[purpose]]\nstated = [{ UNKNOWN }]"),
    ("/$defs/category", "[[category]]\nUNKNOWN"),
    ("/$defs/retention", "[[retention]]\nUNKNOWN"),
    ("/$defs/switch", "[[retention]]\n[retention.switch]\nUNKNOWN"),
    ("/$defs/exemption", "[[retention]]\n[retention.exempt_from_erasure]\nUNKNOWN"),
    ("/$defs/system", "[[system]]\nUNKNOWN"),
    ("/$defs/replica", "[[replica]]\nUNKNOWN"),
    ("/$defs/accounts", "[accounts]\nUNKNOWN"),
    ("/$defs/right", "[[right]]\nUNKNOWN"),
    ("/$defs/right/properties/reason", "[[right]]\nreason = { UNKNOWN }"),
    ("/$defs/right/properties/verification/oneOf/1", "[[right]]\nverification = { UNKNOWN }"),
    ("/$defs/ageRule", "[age]\nUNKNOWN"),
    ("/$defs/ageRule/properties/stated/items", "[age]\nstated = [{ UNKNOWN }]"),
    ("/$defs/agents", "[agents]\nUNKNOWN"),
    ("/$defs/breach", "[breach]\nUNKNOWN"),
    ("/$defs/recipient", "[[recipient]]\nUNKNOWN"),
    ("/$defs/recipients_default", "[recipients_default]\nUNKNOWN"),
    ("/$defs/transfer", "[transfer]\nUNKNOWN"),
    ("/$defs/deny", "[[deny]]\nUNKNOWN"),
    ("/$defs/tracker", "[[tracker]]\nUNKNOWN"),
    ("/$defs/signals", "[signals]\nUNKNOWN"),
    ("/$defs/hold", "[[hold]]\nUNKNOWN"),
    ("/$defs/attestation", "[[attestation]]\nUNKNOWN"),
    ("/$defs/without_effect", "[[without_effect]]\nUNKNOWN"),
    ("/$defs/allow/items", "allow = [{ UNKNOWN }]"),
    ("/$defs/reading/oneOf/1", "open = { RET-MISSING = { clauses = [], UNKNOWN } }"),
];

/// The keys that the parser knows of a table: its hint for a key like no other lists them.
fn known_keys(file: &str) -> BTreeSet<String> {
    let text = file.replace("UNKNOWN", "quite-unlike-any-other-key = 1");
    let findings = policy::parse("keys.toml", &text, None).unwrap_err();
    let hint = findings
        .iter()
        .find(|finding| finding.code == "POLICY-UNKNOWN-KEY")
        .map(|finding| finding.hint.clone())
        .unwrap_or_else(|| panic!("{file}: {findings:#?}"));
    let (_, keys) = hint.split_once(" knows ").unwrap_or_else(|| panic!("{file}: {hint}"));
    keys.split(", ").map(str::to_owned).collect()
}

fn object<'s>(pointer: &str) -> &'s Map<String, Value> {
    let schema: &'static Value = &SCHEMA;
    let object = schema.pointer(pointer).and_then(Value::as_object);
    object.unwrap_or_else(|| panic!("the schema has no {pointer}"))
}

#[test]
fn every_key_that_the_parser_knows_stands_in_the_schema_and_no_other() {
    let mut wrong = String::new();
    for (pointer, file) in TABLES {
        let keys: BTreeSet<String> = object(&format!("{pointer}/properties")).keys().cloned().collect();
        let known = known_keys(file);
        if keys != known {
            let only_parser: Vec<_> = known.difference(&keys).collect();
            let only_schema: Vec<_> = keys.difference(&known).collect();
            let _ = writeln!(wrong, "{file:?}: the parser alone knows {only_parser:?}, the schema {only_schema:?}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Every object of the schema, with its place.
fn objects<'s>(value: &'s Value, place: String, found: &mut Vec<(String, &'s Map<String, Value>)>) {
    match value {
        Value::Object(object) => {
            found.push((place.clone(), object));
            for (key, value) in object {
                objects(value, format!("{place}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                objects(value, format!("{place}/{n}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_table_is_closed_and_every_key_described() {
    let mut all = Vec::new();
    objects(&SCHEMA, String::new(), &mut all);
    let tables: BTreeSet<&str> = TABLES.iter().map(|(pointer, _)| *pointer).collect();
    for (place, object) in all {
        let conditional = ["/if", "/then", "/not", "/anyOf", "/else"].iter().any(|part| place.contains(part));
        let Some(properties) = object.get("properties").and_then(Value::as_object).filter(|_| !conditional) else {
            continue;
        };
        if place.ends_with("/properties") {
            continue;
        }
        assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)), "{place} is open");
        assert!(tables.contains(place.as_str()) || place == "/$defs/open", "{place} is not held against the parser");
        for (key, value) in properties {
            let referred = value["$ref"].as_str().or_else(|| value["items"]["$ref"].as_str());
            let described = value["description"].is_string()
                || referred.is_some_and(|to| object_of(to).get("description").is_some_and(Value::is_string));
            assert!(described, "{place}/{key} is not described");
        }
    }
}

fn object_of<'s>(reference: &str) -> &'s Map<String, Value> {
    object(reference.trim_start_matches('#'))
}

// ------------------------------------------------------------------------------------------------------ the words

fn words(pointer: &str) -> Vec<&str> {
    let list = SCHEMA.pointer(&format!("{pointer}/enum")).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("{pointer} has no words")).iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_closed_lists_of_words_are_those_of_the_domain() {
    let retention = "/$defs/retention/properties";
    let bases = LawfulBasis::ALL.map(LawfulBasis::as_str);
    let stated: Vec<&str> = bases.into_iter().chain(["none", "by-use"]).collect();
    let lists: Vec<(String, Vec<&str>)> = vec![
        ("/$defs/basis".into(), bases.to_vec()),
        ("/$defs/purpose/properties/stated/items/properties/basis".into(), stated.clone()),
        ("/$defs/tracker/properties/stated_basis".into(), stated),
        ("/$defs/use".into(), Use::ALL.map(Use::as_str).to_vec()),
        ("/$defs/request".into(), RequestType::ALL.map(RequestType::as_str).to_vec()),
        ("/$defs/system/properties/requests/items".into(), SystemRule::REQUESTS.map(RequestType::as_str).to_vec()),
        ("/$defs/mechanism".into(), Mechanism::ALL.map(Mechanism::as_str).to_vec()),
        ("/properties/regimes/items".into(), Regime::ALL.map(Regime::as_str).to_vec()),
        ("/$defs/role/properties/role".into(), ServiceRole::ALL.map(ServiceRole::as_str).to_vec()),
        ("/$defs/recipient/properties/role".into(), RecipientRole::ALL.map(RecipientRole::as_str).to_vec()),
        (format!("{retention}/action"), Action::ALL.map(Action::as_str).to_vec()),
        ("/$defs/hold/properties/reason".into(), HoldReason::PLACED.map(HoldReason::as_str).to_vec()),
    ];
    for (pointer, expected) in lists {
        assert_eq!(words(&pointer), expected, "{pointer}");
    }
}

/// Mistakes of the file are mended, not marked.
fn is_markable(code: &str) -> bool {
    !code.starts_with("POLICY-") && !matches!(code, "CLAUSE-TWICE" | "ALLOW-EXPIRED" | "ALLOW-UNUSED")
}

#[test]
fn the_codes_that_can_be_marked_are_those_of_the_registry_each_with_its_meaning() {
    let expected: BTreeMap<String, String> = lints::all()
        .iter()
        .filter(|entry| is_markable(entry.code))
        .map(|entry| {
            let mut means: Vec<char> = entry.means.chars().collect();
            means[0] = means[0].to_ascii_uppercase();
            (entry.code.to_owned(), means.into_iter().collect::<String>() + ".")
        })
        .collect();
    let described: BTreeMap<String, String> = object("/$defs/open/properties")
        .iter()
        .map(|(code, value)| (code.clone(), value["description"].as_str().unwrap_or_default().to_owned()))
        .collect();
    assert_eq!(described, expected);
    let codes: BTreeSet<&str> = words("/$defs/code").into_iter().collect();
    let allowed: BTreeSet<&str> = expected
        .keys()
        .map(String::as_str)
        .filter(|code| lints::code(code).is_some_and(|entry| entry.level != policy::Level::Error))
        .collect();
    assert_eq!(codes, allowed, "an error is never allowed");
}
