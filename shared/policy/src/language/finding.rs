//! What the checker found, where, and what to do about it.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Renderer, Snippet};
use domain::policy::Clause;
use serde::{Serialize, Serializer};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The policy is refused.
    Error,
    /// The policy is compiled; a person should look at this.
    Warning,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One finding about a policy file.
///
/// Its JSON form is `{code, level, message, hint, clause, file, line, column}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code: of the clause register where one fits (`RET-INDEFINITE`), else `POLICY-…`.
    pub code: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The clause of the promise that it is about, if that was readable.
    #[serde(serialize_with = "clause_text")]
    pub clause: Option<Clause>,
    /// The file, as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the file that it is about.
    #[serde(skip)]
    pub span: Range<usize>,
}

fn clause_text<S: Serializer>(clause: &Option<Clause>, serializer: S) -> Result<S::Ok, S::Error> {
    clause.as_ref().map(Clause::as_str).serialize(serializer)
}

/// Renders findings about one file as a compiler does, each with its lines of the file.
///
/// `colour` adds terminal escapes. The text is the file's: spans that it does not have are cut.
pub fn render(findings: &[Finding], text: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Error => annotate_snippets::Level::ERROR,
            Level::Warning => annotate_snippets::Level::WARNING,
        };
        let snippet = Snippet::source(text)
            .path(finding.file.as_str())
            .annotation(AnnotationKind::Primary.span(within(&finding.span, text)));
        let mut group: Group<'_> = level.primary_title(finding.message.as_str()).id(finding.code).element(snippet);
        if let Some(clause) = &finding.clause {
            group = group.element(annotate_snippets::Level::NOTE.message(format!("written in {clause}")));
        }
        group = group.element(annotate_snippets::Level::HELP.message(finding.hint.as_str()));
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// The span, cut to the text and to whole characters.
fn within(span: &Range<usize>, text: &str) -> Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// Gathers the findings of one file.
#[derive(Debug)]
pub(super) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    findings: Vec<Finding>,
    /// The clause of the table being read.
    clause: Option<Clause>,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, findings: Vec::new(), clause: None }
    }

    /// From here on findings are about this clause.
    pub(super) fn about(&mut self, clause: Option<Clause>) {
        self.clause = clause;
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Level::Error, code, span, message.into(), hint.into());
    }

    pub(super) fn warn(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Level::Warning, code, span, message.into(), hint.into());
    }

    fn add(&mut self, level: Level, code: &'static str, span: &Range<usize>, message: String, hint: String) {
        let span = within(span, self.text);
        let (line, column) = self.place(span.start);
        let file = self.file.to_owned();
        self.findings.push(Finding {
            code,
            level,
            message,
            hint,
            clause: self.clause.clone(),
            file,
            line,
            column,
            span,
        });
    }

    /// Line and column of a byte, both from 1.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    pub(super) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Error)
    }

    /// The findings in the order of the file.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| (a.span.start, a.level, a.code).cmp(&(b.span.start, b.level, b.code)));
        self.findings
    }
}
