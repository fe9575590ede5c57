//! What was played, as a table for people and as JSON for machines.

use serde::Serialize;

/// One promise, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Whose promise.
    pub controller: &'static str,
    /// The clause of its policy, or the article behind it.
    pub clause: &'static str,
    /// The promise in a few words.
    pub promise: String,
    /// What happened.
    pub happened: String,
    /// The evidence of a deletion: batch and number in its manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Whether it went as promised.
    pub passed: bool,
}

/// The rows of one controller as they come about.
#[derive(Debug)]
pub struct Ledger {
    controller: &'static str,
    rows: Vec<Row>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(controller: &'static str) -> Self {
        Self { controller, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn check(
        &mut self,
        clause: &'static str,
        promise: impl Into<String>,
        passed: bool,
        happened: impl Into<String>,
    ) {
        self.proved(clause, promise, passed, happened, None);
    }

    /// Adds a row with the evidence of a deletion.
    pub fn proved(
        &mut self,
        clause: &'static str,
        promise: impl Into<String>,
        passed: bool,
        happened: impl Into<String>,
        evidence: Option<String>,
    ) {
        self.rows.push(Row {
            controller: self.controller,
            clause,
            promise: promise.into(),
            happened: happened.into(),
            evidence,
            passed,
        });
    }

    /// The rows.
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }
}

/// Whether every row passed, and there is one.
pub fn all_passed(rows: &[Row]) -> bool {
    !rows.is_empty() && rows.iter().all(|row| row.passed)
}

/// The rows under a head, each column as wide as its widest cell.
pub fn render(rows: &[Row]) -> String {
    let head = ["controller", "clause", "promise", "what happened", "evidence", "result"].map(str::to_owned);
    let mut lines = vec![head];
    lines.extend(rows.iter().map(|row| {
        [
            row.controller.to_owned(),
            row.clause.to_owned(),
            row.promise.clone(),
            row.happened.clone(),
            row.evidence.clone().unwrap_or_else(|| "-".to_owned()),
            if row.passed { "passed" } else { "FAILED" }.to_owned(),
        ]
    }));
    aligned(&lines)
}

/// Lines of as many cells each, aligned to the left.
pub fn aligned<L: AsRef<[String]>>(lines: &[L]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        widths.resize(widths.len().max(line.as_ref().len()), 0);
        for (width, cell) in widths.iter_mut().zip(line.as_ref()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> =
            line.as_ref().iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(promise: &str, passed: bool) -> Row {
        let mut ledger = Ledger::new("scantrust");
        ledger.check("scantrust.1.2-b", promise, passed, "gone");
        ledger.into_rows().remove(0)
    }

    #[test]
    fn columns_stand_below_each_other() {
        let text = render(&[row("short", true), row("a longer promise é", false)]);
        let columns: Vec<_> = text.lines().map(|line| line.chars().position(|c| c == 'g' || c == 'w')).collect();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(columns[1].map(|_| ()), columns[2].map(|_| ()));
        assert!(text.lines().nth(1).unwrap().ends_with("passed") && text.lines().nth(2).unwrap().ends_with("FAILED"));
    }

    #[test]
    fn one_failure_fails_the_play_and_nothing_played_is_no_success() {
        assert!(all_passed(&[row("a", true)]));
        assert!(!all_passed(&[row("a", true), row("b", false)]));
        assert!(!all_passed(&[]));
    }
}
