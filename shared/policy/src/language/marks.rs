//! What a file's author says about findings: `open` states the safe reading of a point that the text
//! leaves open, `allow` lets a finding stand until a day when somebody looks again.

use std::{collections::BTreeSet, ops::Range};

use domain::policy::Clause;
use jiff::civil::Date;

use super::{
    clauses::{TableRecord, read_clauses},
    finding::{By, Level, Status},
    reader::{At, Table, nearest},
    report::{Judged, Raw, Report},
};

/// A point that the text leaves open, and the safe reading that the file takes.
#[derive(Debug)]
pub(super) struct OpenPoint {
    pub(super) code: At<&'static str>,
    pub(super) reading: String,
    /// The clauses that leave it open, if not the table's own.
    pub(super) clauses: Option<Vec<At<Clause>>>,
}

/// A finding that the file lets stand until a day.
#[derive(Debug)]
pub(super) struct Allow {
    pub(super) code: At<&'static str>,
    pub(super) reason: String,
    pub(super) review: Date,
}

/// A code that a text can be marked with.
fn read_code(report: &mut Report<'_>, key: &str, text: &At<String>) -> Option<At<&'static str>> {
    let name = text.value.as_str();
    let known = crate::lints::code(name).map(|known| known.code);
    if let Some(code) = known.filter(|code| is_markable(code)) {
        return Some(At::new(code, text.span.clone()));
    }
    let words: Vec<&str> =
        crate::lints::all().iter().map(|known| known.code).filter(|code| is_markable(code)).collect();
    let begun = words.iter().find(|word| !name.is_empty() && word.starts_with(name)).copied();
    let hint = match nearest(name, &words).or(begun) {
        _ if known.is_some() => "a mistake of the file itself is mended, not read or allowed".to_owned(),
        Some(near) => format!("did you mean {near}?"),
        None => "docs/LINTS.md lists the codes".to_owned(),
    };
    let message = format!("`{key}` names no finding of a text: \"{}\"", name.escape_debug());
    report.error("POLICY-UNKNOWN-CODE", &text.span, message, hint);
    None
}

/// Mistakes of the file itself are mended, not marked.
fn is_markable(code: &str) -> bool {
    !code.starts_with("POLICY-") && !matches!(code, "CLAUSE-TWICE" | "ALLOW-EXPIRED" | "ALLOW-UNUSED")
}

pub(super) fn read_open(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Vec<OpenPoint> {
    let Some(mut marks) = table.table(report, "open", "open = { CODE = \"the safe reading\" }") else {
        return Vec::new();
    };
    let mut points = Vec::new();
    for code in marks.keys() {
        let Some(code) = read_code(report, "open", &code) else { continue };
        let (reading, clauses) = if marks.is_table(code.value) {
            let what = "open = { CODE = { reading = \"…\", clauses = [\"…\"] } }";
            let Some(mut point) = marks.table(report, code.value, what) else { continue };
            let reading = point.need_text(report, "reading", "write the safe reading that this file takes");
            let clauses = point.has("clauses").then(|| read_clauses(report, &mut point, "clauses"));
            if point.is_empty_list("clauses") {
                let hint = "name the clauses that leave it open, or take `clauses` away: the table's own then";
                report.error("POLICY-MISSING-KEY", &point.span_of("clauses"), "`clauses` names no clause", hint);
            }
            point.finish(report);
            (reading, clauses)
        } else {
            (marks.text(report, code.value), None)
        };
        if let Some(reading) = reading {
            points.push(OpenPoint { code, reading: reading.value, clauses });
        }
    }
    points
}

pub(super) fn read_allow(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Vec<Allow> {
    let mut allowed: Vec<Allow> = Vec::new();
    let what = "allow = [{ code = \"…\", reason = \"…\", review = 2027-06-30 }]";
    for mut entry in table.tables(report, "allow", what) {
        let code = entry.need_text(report, "code", "name the finding: code = \"RET-SLIDING-NO-CAP\"");
        let code = code.and_then(|code| read_code(report, "code", &code));
        let reason = entry.need_text(report, "reason", "write why it may stand");
        if !entry.has("review") {
            entry.missing(
                report,
                "POLICY-MISSING-KEY",
                "review",
                "write the day when somebody looks again: review = 2027-06-30",
            );
        }
        let review = entry.date(report, "review");
        entry.finish(report);
        let Some(code) = code else { continue };
        if crate::lints::code(code.value).is_some_and(|known| known.level == Level::Error) {
            report.error(
                "POLICY-ALLOWED-ERROR",
                &code.span,
                format!("{} is an error, which no review date makes good", code.value),
                format!("state the safe reading that this file takes: open = {{ {} = \"…\" }}", code.value),
            );
        } else if allowed.iter().any(|other| other.code.value == code.value) {
            let message = format!("{} is allowed twice", code.value);
            report.error("POLICY-DUPLICATE", &code.span, message, "keep one of them");
        } else if let (Some(reason), Some(review)) = (reason, review) {
            allowed.push(Allow { code, reason: reason.value, review: review.value });
        }
    }
    allowed
}

/// Weighs what was found against the marks, and adds what the marks alone raise.
pub(super) fn weigh(raws: Vec<Raw>, tables: &[TableRecord], today: Option<Date>) -> Vec<Judged> {
    let mut weighing = Weighing { tables, today, found: BTreeSet::new(), used: BTreeSet::new(), judged: Vec::new() };
    weighing.found =
        raws.iter().filter(|raw| !raw.hard).filter_map(|raw| Some((raw.code, raw.clause.clone()?))).collect();
    for raw in raws {
        weighing.derived(raw);
    }
    weighing.authored();
    weighing.unused();
    weighing.judged
}

struct Weighing<'r> {
    tables: &'r [TableRecord],
    today: Option<Date>,
    /// What the compiler found, and at which clause.
    found: BTreeSet<(&'static str, Clause)>,
    /// The marks that met a finding of the compiler: their table and code.
    used: BTreeSet<(usize, &'static str)>,
    judged: Vec<Judged>,
}

impl<'r> Weighing<'r> {
    /// The open point that reads a finding: at its own table, else one that lists its clause.
    fn open_of(&self, raw: &Raw) -> Option<(usize, &'r OpenPoint)> {
        let own = raw.table.map(|table| table.0);
        let points = |table: usize| self.tables.get(table).map(|record| record.open.as_slice()).unwrap_or_default();
        let at_table = own
            .and_then(|table| points(table).iter().find(|open| open.code.value == raw.code).map(|open| (table, open)));
        at_table.or_else(|| {
            let clause = raw.clause.as_ref()?;
            (0..self.tables.len()).find_map(|table| {
                let lists = |open: &&OpenPoint| {
                    open.code.value == raw.code && open.clauses.iter().flatten().any(|listed| listed.value == *clause)
                };
                points(table).iter().find(lists).map(|open| (table, open))
            })
        })
    }

    fn derived(&mut self, raw: Raw) {
        let mut finding = Judged {
            code: raw.code,
            readable: !raw.hard,
            status: Status::Open,
            by: By::Compiler,
            clause: raw.clause.clone(),
            span: raw.span.clone(),
            message: raw.message.clone(),
            hint: raw.hint.clone(),
            reading: None,
            review: None,
        };
        if raw.hard {
            self.judged.push(finding);
            return;
        }
        if let Some((table, open)) = self.open_of(&raw) {
            self.used.insert((table, raw.code));
            finding.status = Status::Read;
            finding.reading = Some(open.reading.clone());
            if let (None, Some(clauses)) = (&raw.clause, &open.clauses) {
                // What the whole file lacks is raised where the author says that the text lacks it.
                for clause in clauses {
                    if self.found.insert((raw.code, clause.value.clone())) {
                        self.judged.push(Judged { clause: Some(clause.value.clone()), ..finding.clone() });
                    }
                }
                return;
            }
        } else if let Some(allow) = self.allow_of(&raw) {
            finding.review = Some(allow.review);
            if self.today.is_none_or(|today| today <= allow.review) {
                finding.status = Status::Allowed;
                finding.reading = Some(allow.reason.clone());
            }
        } else if let Some(reading) = raw.reading {
            finding.status = Status::Read;
            finding.reading = Some(reading);
        }
        self.judged.push(finding);
    }

    fn allow_of(&mut self, raw: &Raw) -> Option<&'r Allow> {
        let table = raw.table?.0;
        let allow = self.tables.get(table)?.allow.iter().find(|allow| allow.code.value == raw.code)?;
        self.used.insert((table, raw.code));
        Some(allow)
    }

    /// What only the text shows.
    fn authored(&mut self) {
        for (table, record) in self.tables.iter().enumerate() {
            for open in &record.open {
                let own = record.clause.as_ref().map(|at| at.value.clone());
                let clauses: Vec<Option<Clause>> = match &open.clauses {
                    Some(clauses) => clauses.iter().map(|clause| Some(clause.value.clone())).collect(),
                    None if self.used.contains(&(table, open.code.value)) => continue,
                    None => vec![own],
                };
                for clause in clauses {
                    let listed = open.clauses.is_some();
                    let known = clause
                        .as_ref()
                        .is_some_and(|clause| listed && !self.found.insert((open.code.value, clause.clone())));
                    if !known {
                        self.judged.push(authored(open, clause, &record.label));
                    }
                }
            }
        }
    }

    /// A mark that silences nothing would silence what comes later.
    fn unused(&mut self) {
        for (table, record) in self.tables.iter().enumerate() {
            let clause = record.clause.as_ref().map(|at| at.value.clone());
            for allow in &record.allow {
                let code = allow.code.value;
                let mut raise = |code, message, hint: &str| {
                    self.judged.push(Judged {
                        code,
                        readable: false,
                        status: Status::Open,
                        by: By::Compiler,
                        clause: clause.clone(),
                        span: allow.code.span.clone(),
                        message,
                        hint: hint.to_owned(),
                        reading: None,
                        review: None,
                    });
                };
                if !self.used.contains(&(table, code)) || record.open.iter().any(|open| open.code.value == code) {
                    let message = format!("{code} is not found here, so nothing is allowed");
                    raise("ALLOW-UNUSED", message, "take it away, or move it to the table that the finding points at");
                } else if self.today.is_some_and(|today| today > allow.review) {
                    let message = format!("{code} was allowed until {}", allow.review);
                    raise("ALLOW-EXPIRED", message, "look again: mend it, or allow it until another day");
                }
            }
        }
    }
}

fn authored(open: &OpenPoint, clause: Option<Clause>, label: &str) -> Judged {
    let means = crate::lints::code(open.code.value).map_or("", |known| known.means);
    let span: Range<usize> = open.code.span.clone();
    Judged {
        code: open.code.value,
        readable: true,
        status: Status::Read,
        by: By::Author,
        clause,
        span,
        message: format!("{means}: {label}"),
        hint: "have the controller settle it in its text, then take the mark away".to_owned(),
        reading: Some(open.reading.clone()),
        review: None,
    }
}
