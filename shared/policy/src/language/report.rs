//! Gathers, while one file is read, what was found, which clauses stand where, and what its author marked.

use std::ops::Range;

use domain::policy::Clause;
use jiff::civil::Date;

use super::{
    clauses::{Effect, Kind, TableRecord, Tie},
    finding::{By, Finding, Level, Status, within},
    marks::{self, Allow, OpenPoint},
    reader::At,
};

/// A table of the file, in the order in which it was read. The first one is the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableId(pub(super) usize);

impl TableId {
    /// The file itself.
    pub(crate) const TOP: Self = Self(0);
}

/// Something found, before the author's marks are weighed.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) code: &'static str,
    /// A mistake of the language: no reading resolves it.
    pub(super) hard: bool,
    pub(super) table: Option<TableId>,
    pub(super) clause: Option<Clause>,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: String,
    /// A reading that the file takes by what it declares, without saying so.
    pub(super) reading: Option<String>,
}

/// Everything found in one file.
#[derive(Debug)]
pub(crate) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    raws: Vec<Raw>,
    tables: Vec<TableRecord>,
    /// The clause of the table being read.
    clause: Option<Clause>,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Self { file, text, lines, raws: Vec::new(), tables: Vec::new(), clause: None }
    }

    /// From here on mistakes are about this clause.
    pub(super) fn about(&mut self, clause: Option<Clause>) {
        self.clause = clause;
    }

    /// A mistake of the language.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.raws.push(Raw {
            code,
            hard: true,
            table: None,
            clause: self.clause.clone(),
            span: span.clone(),
            message: message.into(),
            hint: hint.into(),
            reading: None,
        });
    }

    /// A finding about what the file or its text says, at a table's own clause.
    pub(crate) fn lint(
        &mut self,
        code: &'static str,
        table: TableId,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let clause = self.clause_of(table);
        self.lint_at(code, table, clause, span, message, hint);
    }

    /// A finding about what the file or its text says, at a clause that a table names.
    pub(crate) fn lint_at(
        &mut self,
        code: &'static str,
        table: TableId,
        clause: Option<Clause>,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        // One place is told of one thing once.
        if self.raws.iter().any(|raw| raw.code == code && raw.table == Some(table) && raw.span == *span) {
            return;
        }
        self.raws.push(Raw {
            code,
            hard: false,
            table: Some(table),
            clause,
            span: span.clone(),
            message: message.into(),
            hint: hint.into(),
            reading: None,
        });
    }

    /// What a finding of the table is read as, by what the file declares.
    pub(crate) fn read_as(&mut self, code: &'static str, table: TableId, reading: impl Into<String>) {
        if let Some(raw) = self.raws.iter_mut().rev().find(|raw| raw.code == code && raw.table == Some(table)) {
            raw.reading = Some(reading.into());
        }
    }

    /// A new table, and the clause that it cites.
    pub(super) fn table(&mut self, kind: Kind, clause: Option<At<Clause>>, also: Vec<At<Clause>>) -> TableId {
        self.about(clause.as_ref().map(|at| at.value.clone()));
        self.tables.push(TableRecord::new(kind, clause, also));
        TableId(self.tables.len() - 1)
    }

    /// What the table's rule is called, once that was read.
    pub(super) fn call(&mut self, table: TableId, label: impl Into<String>) {
        if let Some(record) = self.tables.get_mut(table.0) {
            record.label = label.into();
        }
    }

    /// A clause that a part of the table names.
    pub(super) fn cite(&mut self, table: TableId, clause: At<Clause>) {
        if let Some(record) = self.tables.get_mut(table.0) {
            record.cited.push(clause);
        }
    }

    /// What the table makes of its clauses, if not a rule.
    pub(super) fn effect(&mut self, table: TableId, effect: Effect) {
        if let Some(record) = self.tables.get_mut(table.0) {
            record.effect = effect;
        }
    }

    pub(super) fn mark(&mut self, table: TableId, open: Vec<OpenPoint>, allow: Vec<Allow>) {
        if let Some(record) = self.tables.get_mut(table.0) {
            record.open = open;
            record.allow = allow;
        }
    }

    /// The clause that a table cites.
    pub(crate) fn clause_of(&self, table: TableId) -> Option<Clause> {
        self.tables.get(table.0)?.clause.as_ref().map(|at| at.value.clone())
    }

    pub(super) fn tables(&self) -> &[TableRecord] {
        &self.tables
    }

    /// Line and column of a byte, both from 1.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        (line, self.text.get(start..at).unwrap_or_default().chars().count() + 1)
    }

    /// Weighs what was found against the author's marks: all findings in the order of the file.
    /// Without `today` no review date has passed.
    pub(super) fn finish(mut self, today: Option<Date>) -> (Vec<Finding>, Vec<Tie>) {
        let ties = super::clauses::ties(&self);
        let raws = std::mem::take(&mut self.raws);
        let mut findings = Vec::new();
        for judged in marks::weigh(raws, &self.tables, today) {
            let level = level_of(judged.code);
            let hint = match (judged.status, level) {
                // What only a reading lets through says how one is written.
                (Status::Open, Level::Error) if judged.readable => {
                    format!("{}; or state the safe reading: open = {{ {} = \"…\" }}", judged.hint, judged.code)
                }
                _ => judged.hint,
            };
            let span = within(&judged.span, self.text);
            let (line, column) = self.place(span.start);
            findings.push(Finding {
                code: judged.code,
                level,
                status: judged.status,
                by: judged.by,
                message: judged.message,
                hint,
                reading: judged.reading,
                review: judged.review,
                clause: judged.clause,
                file: self.file.to_owned(),
                line,
                column,
                span,
            });
        }
        findings.sort_by(|a, b| {
            (a.span.start, a.level, a.code, &a.clause).cmp(&(b.span.start, b.level, b.code, &b.clause))
        });
        (findings, ties)
    }
}

/// A finding with the author's marks weighed in.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) code: &'static str,
    /// Whether a reading of the author's can resolve it.
    pub(super) readable: bool,
    pub(super) status: Status,
    pub(super) by: By,
    pub(super) clause: Option<Clause>,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: String,
    pub(super) reading: Option<String>,
    pub(super) review: Option<Date>,
}

/// Mistakes of the language are errors; what the text leaves open weighs as its code says.
fn level_of(code: &str) -> Level {
    crate::lints::code(code).map_or(Level::Error, |known| known.level)
}
