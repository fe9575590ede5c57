//! What the checker found, where, and what to do about it.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Element, Group, Origin, Renderer, Snippet};
use domain::policy::Clause;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// How much a finding weighs: the severity of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The policy is refused, unless the file states the safe reading that it takes.
    Error,
    /// The policy is compiled; a person should look at this.
    #[serde(rename = "warn")]
    Warning,
    /// Worth knowing.
    Info,
}

impl Level {
    /// The name in JSON and in the list of codes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warn",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the file does about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing: an error of this kind refuses the file.
    Open,
    /// It states the safe reading that it takes (`open`).
    Read,
    /// It allows it until a review date (`allow`).
    Allowed,
}

/// Who raised a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The compiler derived it from the file.
    Compiler,
    /// The file's author names it with `open`: only the text shows it.
    Author,
}

/// One finding about a policy file.
///
/// Its JSON form is `{code, level, status, by, message, hint, reading?, review?, clause, file, line, column}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code: one of [`crate::lints::all`] (`RET-INDEFINITE`), or `POLICY-…` for a mistake of the language.
    pub code: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// What the file does about it.
    pub status: Status,
    /// Who raised it.
    pub by: By,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The safe reading that the file takes, or why it allows the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
    /// Until when the file allows it, or allowed it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "date_text")]
    pub review: Option<Date>,
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

impl Finding {
    /// Whether it refuses the file: an error that no stated reading resolves.
    pub fn blocks(&self) -> bool {
        self.level == Level::Error && self.status == Status::Open
    }
}

fn clause_text<S: Serializer>(clause: &Option<Clause>, serializer: S) -> Result<S::Ok, S::Error> {
    clause.as_ref().map(Clause::as_str).serialize(serializer)
}

fn date_text<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    date.map(|date| date.to_string()).serialize(serializer)
}

/// Renders findings about one file as a compiler does.
///
/// What is open comes with its lines of the file; what has a reading or is allowed comes as a short note.
/// `colour` adds terminal escapes. The text is the file's: spans that it does not have are cut.
pub fn render(findings: &[Finding], text: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for finding in findings {
        out.push_str(&renderer.render(&[group(finding, text)]));
        out.push_str("\n\n");
    }
    out
}

fn group<'f>(finding: &'f Finding, text: &'f str) -> Group<'f> {
    use annotate_snippets::Level as Shown;

    let level = match (finding.status, finding.level) {
        (Status::Read | Status::Allowed, _) => Shown::NOTE,
        (Status::Open, Level::Error) => Shown::ERROR,
        (Status::Open, Level::Warning) => Shown::WARNING,
        (Status::Open, Level::Info) => Shown::INFO,
    };
    let place: Element<'_> = if finding.status == Status::Open && finding.level != Level::Info {
        Snippet::source(text)
            .path(finding.file.as_str())
            .annotation(AnnotationKind::Primary.span(within(&finding.span, text)))
            .into()
    } else {
        Origin::path(finding.file.as_str()).line(finding.line).char_column(finding.column).into()
    };
    let mut group = level.primary_title(finding.message.as_str()).id(finding.code).element(place);
    if let Some(clause) = &finding.clause {
        group = group.element(Shown::NOTE.message(format!("written in {clause}")));
    }
    let reading = finding.reading.as_deref().unwrap_or_default();
    match (finding.status, finding.review) {
        (Status::Open, _) => group.element(Shown::HELP.message(finding.hint.as_str())),
        (Status::Read, _) => group.element(Shown::NOTE.message(format!("read as: {reading}"))),
        (Status::Allowed, Some(review)) => {
            group.element(Shown::NOTE.message(format!("allowed until {review}: {reading}")))
        }
        (Status::Allowed, None) => group.element(Shown::NOTE.message(format!("allowed: {reading}"))),
    }
}

/// The span, cut to the text and to whole characters.
pub(crate) fn within(span: &Range<usize>, text: &str) -> Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = floor(span.start);
    start..floor(span.end).max(start)
}
