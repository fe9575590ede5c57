//! What was measured, as a table and as JSON.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

/// One phase of one size.
pub(crate) struct Phase {
    pub(crate) name: String,
    records: usize,
    wall: f64,
    cpu: f64,
    peak_kb: u64,
    calls: BTreeMap<String, usize>,
    statements: usize,
}

impl Phase {
    /// Reads the child's word on a phase; `None` if it is about something else.
    pub(crate) fn read(
        said: &Value,
        records: usize,
        calls: BTreeMap<String, usize>,
        statements: usize,
    ) -> Option<Self> {
        Some(Self {
            name: said["phase"].as_str()?.to_owned(),
            records,
            wall: said["wall"].as_f64()?,
            cpu: said["cpu"].as_f64()?,
            peak_kb: said["peak_kb"].as_u64()?,
            calls,
            statements,
        })
    }

    fn a_thousand(&self, calls: usize) -> f64 {
        calls as f64 * 1_000.0 / self.records as f64
    }

    /// Its calls.
    pub(crate) fn total(&self) -> usize {
        self.calls.values().sum()
    }

    fn a_second(&self) -> f64 {
        self.records as f64 / self.wall
    }

    fn a_cpu_second(&self) -> f64 {
        self.records as f64 / self.cpu
    }

    fn peak_mb(&self) -> f64 {
        self.peak_kb as f64 / 1024.0
    }

    /// How full the batches of statements were; `None` if there was none.
    fn statements_a_call(&self) -> Option<f64> {
        let calls = self.calls.get("dynamodb:BatchExecuteStatement")?;
        Some(self.statements as f64 / *calls as f64)
    }
}

/// The exponent e by which the calls of a phase grow as size^e; `None` for one size.
fn exponent(phases: &[Phase], name: &str) -> Option<f64> {
    fitted(phases.iter().filter(|phase| phase.name == name).map(|phase| (phase.records, phase.total())))
}

/// The same of sizes and calls, fitted by least squares.
pub(crate) fn fitted(points: impl Iterator<Item = (usize, usize)>) -> Option<f64> {
    let points: Vec<(f64, f64)> = points.map(|(size, calls)| ((size as f64).ln(), (calls as f64).ln())).collect();
    let count = points.len() as f64;
    let (mean_x, mean_y) =
        (points.iter().map(|(x, _)| x).sum::<f64>() / count, points.iter().map(|(_, y)| y).sum::<f64>() / count);
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (points.len() > 1).then(|| together / spread)
}

/// The names of the phases, in the order in which they came.
fn names(phases: &[Phase]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for phase in phases {
        if !names.contains(&phase.name.as_str()) {
            names.push(&phase.name);
        }
    }
    names
}

pub(crate) fn json(phases: &[Phase]) -> Value {
    let phase = |phase: &Phase| {
        let calls: BTreeMap<_, _> =
            phase.calls.iter().map(|(name, calls)| (name.clone(), phase.a_thousand(*calls))).collect();
        json!({
            "phase": phase.name, "records": phase.records, "wall_seconds": phase.wall, "cpu_seconds": phase.cpu,
            "records_a_second": phase.a_second(), "records_a_cpu_second": phase.a_cpu_second(),
            "peak_mb": phase.peak_mb(), "calls": phase.total(), "calls_a_thousand_records": calls,
            "statements_a_call": phase.statements_a_call(),
        })
    };
    let exponents: BTreeMap<_, _> =
        names(phases).into_iter().map(|name| (name.to_owned(), exponent(phases, name))).collect();
    json!({
        "v": 1,
        "optimized": !cfg!(debug_assertions),
        "phases": phases.iter().map(phase).collect::<Vec<_>>(),
        "exponent_of_calls": exponents,
    })
}

/// `held`: what was found true beside the numbers.
pub(crate) fn table(phases: &[Phase], held: &str) -> String {
    let mut text = String::new();
    let profile = if cfg!(debug_assertions) { "not optimized" } else { "optimized" };
    writeln!(text, "{profile}; {held}\n").unwrap();
    text.push_str("| | records | wall s | CPU s | records a second | records a CPU second | peak MB | calls | statements a call |\n");
    text.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for phase in phases {
        let full = phase.statements_a_call().map_or_else(String::new, |full| format!("{full:.2}"));
        let Phase { name, records, wall, cpu, .. } = phase;
        let (a_second, a_cpu_second, peak) = (phase.a_second(), phase.a_cpu_second(), phase.peak_mb());
        let calls = phase.total();
        writeln!(text, "| {name} | {records} | {wall:.1} | {cpu:.2} | {a_second:.0} | {a_cpu_second:.0} | {peak:.1} | {calls} | {full} |").unwrap();
    }
    for name in names(phases) {
        let of: Vec<&Phase> = phases.iter().filter(|phase| phase.name == name).collect();
        let sizes: String = of.iter().map(|phase| format!(" {} |", phase.records)).collect();
        writeln!(text, "\n| {name}: calls a thousand records |{sizes}\n|---|{}", "---|".repeat(of.len())).unwrap();
        let mut calls: Vec<&String> = of.iter().flat_map(|phase| phase.calls.keys()).collect();
        calls.sort();
        calls.dedup();
        for call in calls {
            let each: String = of
                .iter()
                .map(|phase| format!(" {:.2} |", phase.a_thousand(phase.calls.get(call).copied().unwrap_or_default())))
                .collect();
            writeln!(text, "| {call} |{each}").unwrap();
        }
        if let Some(exponent) = exponent(phases, name) {
            writeln!(text, "\n{name}: calls grow as records^{exponent:.3}").unwrap();
        }
    }
    text
}

/// The calls of a purge of so many, by how many others were stored.
pub(crate) fn beside_json(due: usize, beside: &[(usize, usize)]) -> Value {
    let each: Vec<_> = beside.iter().map(|(stored, calls)| json!({ "stored": stored, "calls": calls })).collect();
    json!({ "due": due, "purges": each, "exponent_of_calls": fitted(beside.iter().copied()) })
}

/// The same as a table.
pub(crate) fn beside_table(due: usize, beside: &[(usize, usize)]) -> String {
    let mut text = format!("\n| stored beside {due} that are due | calls of the purge |\n|---|---|\n");
    for (stored, calls) in beside {
        writeln!(text, "| {stored} | {calls} |").unwrap();
    }
    if let Some(exponent) = fitted(beside.iter().copied()) {
        writeln!(text, "\npurge: calls grow as stored^{exponent:.3}").unwrap();
    }
    text
}
