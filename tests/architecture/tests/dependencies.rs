//! Who may know whom (`docs/ARCHITECTURE.md`), asserted from the build's own metadata.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Each workspace member with what it depends on directly, outside its tests; and which of them are functions.
#[derive(Clone)]
struct Workspace {
    graph: BTreeMap<String, BTreeSet<String>>,
    functions: BTreeSet<String>,
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path("../../Cargo.toml").exec().unwrap()
}

impl Workspace {
    fn read() -> Self {
        let metadata = metadata();
        let home = metadata.workspace_root.join("functions");
        let (mut graph, mut functions) = (BTreeMap::new(), BTreeSet::new());
        for package in metadata.workspace_packages() {
            let name = package.name.to_string();
            if package.manifest_path.starts_with(&home) {
                functions.insert(name.clone());
            }
            let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
            graph.insert(name, normal.map(|dependency| dependency.name.clone()).collect());
        }
        Self { graph, functions }
    }
}

const SHARED: [&str; 8] = ["domain", "policy", "wire", "app", "edge", "aws", "testkit", "document"];

/// Hold the functions, to strike at them and to run them beside one another; nobody may know these.
const HOLDERS: [&str; 2] = ["fuzz-tests", "fault-tests"];

/// Which shared crates each crate may name.
fn allowed(crate_name: &str, is_function: bool) -> &'static [&'static str] {
    match crate_name {
        "domain" | "document" => &[],
        "policy" | "wire" | "app" => &["domain"],
        "edge" => &["app", "domain", "policy", "wire"],
        "aws" => &["app", "domain", "wire"],
        "testkit" => &["app", "domain", "policy"],
        "habeas-cli" => &["app", "aws", "domain", "policy", "wire"],
        "xtask" => &[],
        _ if is_function => &["app", "aws", "document", "domain", "edge", "policy", "wire"],
        _ => &SHARED,
    }
}

fn offences(Workspace { graph, functions }: &Workspace) -> Vec<String> {
    let mut offences = Vec::new();
    for (name, dependencies) in graph {
        for dependency in dependencies {
            let ours = SHARED.contains(&dependency.as_str()) || functions.contains(dependency);
            let may_know = allowed(name, functions.contains(name));
            let is_foreign = !HOLDERS.contains(&name.as_str()) && !may_know.contains(&dependency.as_str());
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
    let workspace = Workspace::read();
    let graph = &workspace.graph;
    assert!(SHARED.iter().all(|name| graph.contains_key(*name)), "a crate is missing: {graph:?}");
    assert!(workspace.functions.len() > 10, "they lie elsewhere");
    assert_eq!(offences(&workspace), Vec::<String>::new());
}

/// A clock that is set and randomness that follows from a seed.
#[test]
fn only_the_fault_tests_can_simulate() {
    let metadata = metadata();
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
    let workspace = Workspace::read();
    for (name, dependency) in [
        ("domain", "app"),
        ("edge", "aws"),
        ("purge", "consent-capture"),
        ("purge", "testkit"),
        ("app", "serde"),
        ("edge", "aws-sdk-s3"),
        ("xtask", "fuzz-tests"),
        ("edge", "fault-tests"),
    ] {
        let mut wrong = workspace.clone();
        wrong.graph.get_mut(name).unwrap().insert(dependency.to_owned());
        assert_eq!(offences(&wrong).len(), 1, "{name} -> {dependency}");
    }
}
