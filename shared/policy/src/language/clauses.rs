//! Which clauses stand where: every clause of a text is tied to what makes it true.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use domain::policy::Clause;
use jiff::SpanFieldwise;

use super::{
    marks::{Allow, OpenPoint},
    reader::{At, Table, nearest},
    report::{Report, TableId},
};

/// What makes a clause of the text true.
#[derive(Debug, Clone, PartialEq)]
pub struct Tie {
    /// The clause.
    pub clause: Clause,
    /// The line where the file names it, from 1.
    pub line: usize,
    /// What stands there: `retention chat-ip for chat.messaging`.
    pub rule: String,
    /// How it makes the clause true.
    pub kind: TieKind,
}

/// How a table makes its clauses true.
#[derive(Debug, Clone, PartialEq)]
pub enum TieKind {
    /// A rule that the functions obey.
    Rule,
    /// Somebody vouches for it.
    Attested {
        /// The evidence that it asks for.
        evidence: String,
        /// How long an attestation lasts.
        renew_every: SpanFieldwise,
    },
    /// The clause has no effect.
    NoEffect {
        /// Why not.
        reason: String,
    },
}

/// What a table makes of its clauses, while it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// A rule.
    Rule,
    /// A statement; `None`: its evidence or renewal was not readable.
    Attested(Option<(String, SpanFieldwise)>),
    /// Nothing, for this reason; `None`: the reason was not readable.
    None(Option<String>),
}

/// Which table of the language it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Top,
    Office,
    Authority,
    Role,
    Notice,
    NoticeChange,
    Purpose,
    Category,
    Retention,
    Switch,
    Exemption,
    System,
    Replica,
    Accounts,
    Right,
    Age,
    Agents,
    Breach,
    Recipient,
    RecipientsDefault,
    Transfer,
    Deny,
    Tracker,
    Signals,
    Hold,
    Attestation,
    WithoutEffect,
}

impl Kind {
    /// How the table is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Top => "the file",
            Self::Office => "[office]",
            Self::Authority => "[authority]",
            Self::Role => "[[role]]",
            Self::Notice => "[notice]",
            Self::NoticeChange => "[notice_change]",
            Self::Purpose => "[[purpose]]",
            Self::Category => "[[category]]",
            Self::Retention => "[[retention]]",
            Self::Switch => "[retention.switch]",
            Self::Exemption => "[retention.exempt_from_erasure]",
            Self::System => "[[system]]",
            Self::Replica => "[[replica]]",
            Self::Accounts => "[accounts]",
            Self::Right => "[[right]]",
            Self::Age => "[age]",
            Self::Agents => "[agents]",
            Self::Breach => "[breach]",
            Self::Recipient => "[[recipient]]",
            Self::RecipientsDefault => "[recipients_default]",
            Self::Transfer => "[transfer]",
            Self::Deny => "[[deny]]",
            Self::Tracker => "[[tracker]]",
            Self::Signals => "[signals]",
            Self::Hold => "[[hold]]",
            Self::Attestation => "[[attestation]]",
            Self::WithoutEffect => "[[without_effect]]",
        }
    }
}

/// What is remembered of a table.
#[derive(Debug)]
pub(super) struct TableRecord {
    pub(super) kind: Kind,
    pub(super) label: String,
    pub(super) clause: Option<At<Clause>>,
    pub(super) also: Vec<At<Clause>>,
    /// Clauses that a part of it names: a stated ground, a stated age.
    pub(super) cited: Vec<At<Clause>>,
    pub(super) effect: Effect,
    pub(super) open: Vec<OpenPoint>,
    pub(super) allow: Vec<Allow>,
}

impl TableRecord {
    pub(super) fn new(kind: Kind, clause: Option<At<Clause>>, also: Vec<At<Clause>>) -> Self {
        Self {
            kind,
            label: kind.as_str().to_owned(),
            clause,
            also,
            cited: Vec::new(),
            effect: Effect::Rule,
            open: Vec::new(),
            allow: Vec::new(),
        }
    }
}

/// Reads `clause`, `also`, `open` and `allow` of a table.
pub(super) fn read_head(report: &mut Report<'_>, table: &mut Table<'_, '_>, kind: Kind, needs_clause: bool) -> TableId {
    report.about(None);
    let clause = if needs_clause {
        table.need_text(report, "clause", "cite where this is promised: clause = \"example.1-b\"")
    } else {
        table.text(report, "clause")
    };
    let clause = clause.map(|at| at.map(Clause::new));
    report.about(clause.as_ref().map(|at| at.value.clone()));
    let also = read_clauses(report, table, "also");
    let id = report.table(kind, clause, also);
    let open = super::marks::read_open(report, table);
    let allow = super::marks::read_allow(report, table);
    report.mark(id, open, allow);
    id
}

/// A list of clauses.
pub(super) fn read_clauses(report: &mut Report<'_>, table: &mut Table<'_, '_>, key: &'static str) -> Vec<At<Clause>> {
    let texts = table.texts(report, key).map(|at| at.value).unwrap_or_default();
    texts.into_iter().filter_map(|text| read_clause(report, key, text)).collect()
}

fn read_clause(report: &mut Report<'_>, key: &str, text: At<String>) -> Option<At<Clause>> {
    let trimmed = text.value.trim();
    if trimmed.is_empty() || trimmed.chars().count() > 100 || trimmed.chars().any(char::is_control) {
        let message = format!("`{key}` holds a text that is no clause");
        report.error("POLICY-BAD-TEXT", &text.span, message, "write the clause's id, as \"example.1-b\"");
        return None;
    }
    Some(At::new(Clause::new(trimmed), text.span))
}

/// How a table names a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Clause,
    Also,
    Cited,
}

/// Where a clause stands.
struct Stands<'r> {
    record: &'r TableRecord,
    table: usize,
    how: Standing,
    span: Range<usize>,
}

fn standings(tables: &[TableRecord]) -> BTreeMap<&Clause, Vec<Stands<'_>>> {
    let mut all: BTreeMap<&Clause, Vec<Stands<'_>>> = BTreeMap::new();
    for (table, record) in tables.iter().enumerate() {
        let named = record.clause.iter().map(|at| (Standing::Clause, at));
        let named = named.chain(record.also.iter().map(|at| (Standing::Also, at)));
        for (how, at) in named.chain(record.cited.iter().map(|at| (Standing::Cited, at))) {
            all.entry(&at.value).or_default().push(Stands { record, table, how, span: at.span.clone() });
        }
    }
    for places in all.values_mut() {
        places.sort_by_key(|stands| stands.span.start);
    }
    all
}

/// A clause's tie is found by looking it up once: `also` names it in one place, and what has no effect has no rule.
///
/// Several rules may cite one clause as theirs, since one sentence gives five rights or one period for
/// three categories, and each of them carries the clause to the records and answers made under it.
pub(super) fn check_standings(report: &mut Report<'_>) {
    let mut twice = Vec::new();
    for (clause, places) in standings(report.tables()) {
        for (n, stands) in places.iter().enumerate() {
            let idle = |stands: &Stands<'_>| matches!(stands.record.effect, Effect::None(_));
            let clash = places.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, other)| other).find(|other| {
                if idle(stands) || idle(other) {
                    // Told of once, at what says that it has no effect, or at the second one that says so.
                    return idle(stands) && (!idle(other) || other.span.start < stands.span.start);
                }
                let listed = stands.how == Standing::Also
                    && (other.how == Standing::Clause
                        || other.how == Standing::Also && other.span.start < stands.span.start);
                let same_kind = other.record.kind == stands.record.kind && other.how != Standing::Cited;
                listed && (same_kind || stands.table == other.table)
            });
            if let Some(other) = clash {
                let (line, _) = report.place(other.span.start);
                let message = if idle(stands) && !idle(other) {
                    format!("{clause} has no effect here, and stands in {} too", other.record.label)
                } else {
                    format!("{clause} stands twice: in {} too", other.record.label)
                };
                twice.push((clause.clone(), stands.span.clone(), message, line));
            }
        }
    }
    for (clause, span, message, line) in twice {
        report.about(Some(clause));
        report.error("CLAUSE-TWICE", &span, message, format!("line {line} names it already: take one of them away"));
    }
    report.about(None);
    check_listed(report);
}

/// The clauses that an open point lists stand somewhere in the file: else the id is a slip.
fn check_listed(report: &mut Report<'_>) {
    let mut strays = Vec::new();
    {
        let known = standings(report.tables());
        let words: Vec<&str> = known.keys().map(|clause| clause.as_str()).collect();
        for open in report.tables().iter().flat_map(|record| &record.open) {
            for clause in open.clauses.iter().flatten().filter(|clause| !known.contains_key(&clause.value)) {
                let hint = match nearest(clause.value.as_str(), &words) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "tie it to what makes it true: a rule, an attestation or [[without_effect]]".to_owned(),
                };
                strays.push((clause.span.clone(), format!("no table cites {}", clause.value), hint));
            }
        }
    }
    for (span, message, hint) in strays {
        report.error("POLICY-UNKNOWN-CLAUSE", &span, message, hint);
    }
}

/// Every clause of the file with what makes it true, in the order of the file.
pub(super) fn ties(report: &Report<'_>) -> Vec<Tie> {
    let mut ties: Vec<(usize, Tie)> = Vec::new();
    for record in report.tables() {
        let kind = match &record.effect {
            Effect::Rule => TieKind::Rule,
            Effect::Attested(Some((evidence, renew_every))) => {
                TieKind::Attested { evidence: evidence.clone(), renew_every: *renew_every }
            }
            Effect::None(Some(reason)) => TieKind::NoEffect { reason: reason.clone() },
            Effect::Attested(None) | Effect::None(None) => continue,
        };
        let mut seen = BTreeSet::new();
        for at in record.clause.iter().chain(&record.also).chain(&record.cited) {
            if !seen.insert(&at.value) {
                continue;
            }
            let (line, _) = report.place(at.span.start);
            let tie = Tie { clause: at.value.clone(), line, rule: record.label.clone(), kind: kind.clone() };
            ties.push((at.span.start, tie));
        }
    }
    ties.sort_by_key(|(start, _)| *start);
    ties.into_iter().map(|(_, tie)| tie).collect()
}
