//! What policies cost: an operator who checks and compiles them, and a function that loads them at its
//! cold start. `docs/PERFORMANCE.md` has the table and the goals.
//!
//! The bytes that are allocated are counted beside the time; the counting itself takes some of it.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::{fs, path::PathBuf};

use divan::{AllocProfiler, Bencher, black_box};
use policy::{CompiledPolicy, check, compile, load};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// The five controllers.
const FILES: [&str; 5] = ["identance", "rfa", "scantrust", "stationdb", "zentry"];

fn main() {
    divan::main();
}

fn text(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies");
    fs::read_to_string(folder.join(name).with_extension("toml")).unwrap()
}

fn compiled(name: &str) -> CompiledPolicy {
    compile(&policy::parse(name, &text(name), None).unwrap().policy).unwrap()
}

#[divan::bench]
fn check_all_five(bencher: Bencher<'_, '_>) {
    let texts = FILES.map(text);
    bencher
        .bench(|| FILES.iter().zip(&texts).map(|(name, text)| check(name, black_box(text), None)).collect::<Vec<_>>());
}

#[divan::bench(args = FILES)]
fn check_one(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    bencher.bench(|| check(name, black_box(&text), None));
}

#[divan::bench]
fn compile_all_five(bencher: Bencher<'_, '_>) {
    let policies = FILES.map(|name| policy::parse(name, &text(name), None).unwrap().policy);
    bencher.bench(|| policies.iter().map(|policy| compile(black_box(policy)).unwrap()).collect::<Vec<_>>());
}

#[divan::bench]
fn load_all_five(bencher: Bencher<'_, '_>) {
    let compiled = FILES.map(compiled);
    bencher.bench(|| compiled.iter().map(|form| load(black_box(form.bytes())).unwrap()).collect::<Vec<_>>());
}

#[divan::bench(args = FILES)]
fn load_one(bencher: Bencher<'_, '_>, name: &str) {
    let compiled = compiled(name);
    bencher.bench(|| load(black_box(compiled.bytes())).unwrap());
}
