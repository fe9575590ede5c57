//! Who may know whom (`docs/ARCHITECTURE.md`), asserted from the build's own metadata.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Each workspace member with what it depends on directly, outside its tests.
fn graph() -> Graph {
    let metadata = MetadataCommand::new().manifest_path("../../Cargo.toml").exec().unwrap();
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let names = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
            (package.name.to_string(), names.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

const FUNCTIONS: [&str; 15] = [
    "consent-capture",
    "dsar-intake",
    "dsar-fulfil",
    "dsar-office",
    "breach-notify",
    "purge",
    "retention-track",
    "stream-relay",
    "clock-watch",
    "disclosure-log",
    "notice-change",
    "security-attest",
    "mail-events",
    "system-tasks",
    "evidence-seal",
];

const SHARED: [&str; 8] = ["domain", "policy", "wire", "app", "edge", "aws", "testkit", "document"];

/// Hold the functions, to strike at them and to run them beside one another; nobody may know these.
const HOLDERS: [&str; 2] = ["fuzz-tests", "fault-tests"];

/// Which shared crates each crate may name.
fn allowed(crate_name: &str) -> &'static [&'static str] {
    match crate_name {
        "domain" | "document" => &[],
        "policy" | "wire" | "app" => &["domain"],
        "edge" => &["app", "domain", "policy", "wire"],
        "aws" => &["app", "domain", "wire"],
        "testkit" => &["app", "domain", "policy"],
        "habeas-cli" => &["app", "aws", "domain", "policy", "wire"],
        "xtask" => &[],
        name if FUNCTIONS.contains(&name) => &["app", "aws", "document", "domain", "edge", "policy", "wire"],
        _ => &SHARED,
    }
}

fn offences(graph: &Graph) -> Vec<String> {
    let mut offences = Vec::new();
    for (name, dependencies) in graph {
        for dependency in dependencies {
            let ours = SHARED.contains(&dependency.as_str()) || FUNCTIONS.contains(&dependency.as_str());
            let is_foreign = !HOLDERS.contains(&name.as_str()) && !allowed(name).contains(&dependency.as_str());
            if ours && is_foreign || HOLDERS.contains(&dependency.as_str()) {
                offences.push(format!("{name} must not know {dependency}"));
            }
            // A benchmark of the flow tests holds our calls against the bare SDK's.
            if dependency.starts_with("aws-sdk-") && !["aws", "flow-tests"].contains(&name.as_str()) {
                offences.push(format!("{name} names {dependency}: only aws may"));
            }
        }
    }
    for pure in ["domain", "app"] {
        for foreign in ["serde", "tokio", "lambda_runtime", "tracing"] {
            if graph[pure].contains(foreign) {
                offences.push(format!("{pure} is pure and must not know {foreign}"));
            }
        }
    }
    offences
}

#[test]
fn every_crate_knows_only_whom_it_may() {
    let graph = graph();
    assert!(FUNCTIONS.iter().chain(&SHARED).all(|name| graph.contains_key(*name)), "a crate is missing: {graph:?}");
    assert_eq!(offences(&graph), Vec::<String>::new());
}

/// A clock that is set and randomness that follows from a seed.
#[test]
fn only_the_fault_tests_can_simulate() {
    let metadata = MetadataCommand::new().manifest_path("../../Cargo.toml").exec().unwrap();
    let mut simulating = BTreeSet::new();
    for package in metadata.workspace_packages() {
        let mut named = package.dependencies.iter().flat_map(|dependency| &dependency.features);
        let named = named.any(|feature| feature == "simulation");
        let passed = package
            .features
            .iter()
            .any(|(name, turns_on)| name != "simulation" && turns_on.iter().any(|on| on.ends_with("simulation")));
        if named || passed {
            simulating.insert(package.name.as_str());
        }
    }
    assert_eq!(simulating, BTreeSet::from(["fault-tests"]));
}

#[test]
fn an_arrow_against_the_rules_is_seen() {
    for (name, dependency) in [
        ("domain", "app"),
        ("edge", "aws"),
        ("purge", "consent-capture"),
        ("app", "serde"),
        ("edge", "aws-sdk-s3"),
        ("xtask", "fuzz-tests"),
        ("edge", "fault-tests"),
    ] {
        let mut graph = graph();
        graph.get_mut(name).unwrap().insert(dependency.to_owned());
        assert_eq!(offences(&graph).len(), 1, "{name} -> {dependency}");
    }
}
