//! The register of breaches (GDPR Art. 33(5)) as it is sent: its lines, and the whole of it to take away.

use std::collections::BTreeMap;

use domain::{
    breach::{Clock, Incident, Level, Standing},
    clock::Anchor,
    ids::Category,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{BreachAnswer, DecisionForm, SeverityForm, SubmissionForm};
use crate::{
    form::{FormError, at, limit, time},
    stored::export::csv,
};

/// Longest text that is searched for, in bytes.
const TEXT_BYTES_MAX: usize = 200;

/// What the register is asked for, as it stands in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisterQuery {
    /// `open`, `closed` or `all`; none: `all`.
    pub state: Option<String>,
    /// A text.
    pub q: Option<String>,
    /// Declared then or later.
    pub since: Option<String>,
    /// Declared before.
    pub until: Option<String>,
    /// A category of the policy.
    pub category: Option<String>,
    /// `low`, `medium`, `high` or `very-high`.
    pub level: Option<String>,
    /// How many.
    pub limit: Option<String>,
}

/// What the register is asked for, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRegister {
    /// Open ones, closed ones, or both.
    pub is_open: Option<bool>,
    /// A text.
    pub text: Option<String>,
    /// Declared then or later.
    pub since: Option<Timestamp>,
    /// Declared before.
    pub until: Option<Timestamp>,
    /// Of this category.
    pub category: Option<Category>,
    /// Assessed as that.
    pub level: Option<Level>,
    /// How many.
    pub limit: Option<usize>,
}

impl RegisterQuery {
    /// Checks the query and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first value that breaks a rule.
    pub fn parse(self) -> Result<ParsedRegister, FormError> {
        let is_open = match self.state.as_deref() {
            None | Some("all") => None,
            Some("open") => Some(true),
            Some("closed") => Some(false),
            Some(_) => return Err(FormError::new("/state", "use open, closed or all")),
        };
        if self.q.as_ref().is_some_and(|text| text.trim().is_empty() || text.len() > TEXT_BYTES_MAX) {
            return Err(FormError::new("/q", format!("holds 1 to {TEXT_BYTES_MAX} bytes")));
        }
        let level = self.level.map(|name| {
            [Level::Low, Level::Medium, Level::High, Level::VeryHigh]
                .into_iter()
                .find(|level| level.as_str() == name)
                .ok_or_else(|| FormError::new("/level", "use low, medium, high or very-high"))
        });
        Ok(ParsedRegister {
            is_open,
            text: self.q,
            since: self.since.map(|text| time(&text, "/since")).transpose()?,
            until: self.until.map(|text| time(&text, "/until")).transpose()?,
            category: self.category.map(|name| Category::parse(&name)).transpose().map_err(at("/category"))?,
            level: level.transpose()?,
            limit: limit(self.limit)?,
        })
    }
}

/// `GET /{controller}/v1/breaches`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterAnswer {
    /// The form's version.
    pub v: u8,
    /// The breaches: open ones before closed ones, earliest declared first.
    pub breaches: Vec<RegisterLine>,
    /// How many were read for this page.
    pub read: usize,
    /// Whether nobody real is served under the controller's policy, so that a drill may run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sandbox: bool,
    /// From where the register goes on; absent: this was all. A page may hold none and go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A line of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterLine {
    /// Which breach.
    pub breach_id: String,
    /// How many entries its history has.
    pub version: u32,
    /// What the register calls it.
    pub title: String,
    /// Whether something is still owed.
    pub is_open: bool,
    /// When it was declared.
    pub declared_at: String,
    /// When what happened from which clocks count.
    pub times: BTreeMap<String, String>,
    /// Whether it was only tried.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attempt_only: bool,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// How many people: as counted, or else as estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u64>,
    /// How many records, in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Whether these were counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_counted: bool,
    /// How severe it is, as last assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityForm>,
    /// Who is told, as last decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionForm>,
    /// What went out to authorities and controllers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submissions: Vec<SubmissionForm>,
    /// What runs out next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_next: Option<DueForm>,
    /// What ran out before it was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<DueForm>,
    /// How many lessons nobody has looked at again.
    pub lessons_open: usize,
    /// Of these, how many somebody should have by now.
    pub lessons_overdue: usize,
}

/// A clock that runs out, or ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueForm {
    /// By which law.
    pub law: String,
    /// What must be done.
    pub duty: String,
    /// The first instant that is late.
    pub due_before: String,
}

impl DueForm {
    fn of(clock: &Clock) -> Option<Self> {
        let (law, duty) = (clock.source().to_owned(), clock.duty.as_str().to_owned());
        Some(Self { law, duty, due_before: clock.due?.to_string() })
    }
}

/// What ran out by then before it was done.
fn missed(clocks: &[Clock], at: Timestamp) -> Vec<DueForm> {
    clocks.iter().filter(|clock| clock.is_missed(at)).filter_map(DueForm::of).collect()
}

impl RegisterLine {
    /// Writes the line of a breach as it stands at a time, which is that day where the controller is.
    pub fn new(incident: &Incident, clocks: &[Clock], at: Timestamp, today: Date) -> Self {
        let facts = incident.facts();
        let counts = incident.counts().map(|(_, counts)| counts);
        let running = clocks.iter().filter(|clock| clock.standing == Standing::Running && !clock.is_missed(at));
        let open: Vec<_> = incident.lessons().filter(|(.., is_done)| !is_done).collect();
        let is_overdue = |day: &Option<Date>| day.is_some_and(|day| day < today);
        let whole = BreachAnswer::new(incident, &[], None);
        Self {
            breach_id: whole.breach_id,
            version: whole.version,
            title: whole.title,
            is_open: whole.is_open,
            declared_at: whole.declared_at,
            times: whole.times,
            attempt_only: facts.attempt_only,
            categories: facts.scope.categories.iter().map(ToString::to_string).collect(),
            people: counts.map(|counts| counts.people).or(facts.people),
            records: counts.map(|counts| counts.records).or(facts.records),
            is_counted: counts.is_some(),
            severity: whole.severity,
            decision: whole.course.decision,
            submissions: whole.course.submissions,
            due_next: running.min_by_key(|clock| clock.due).and_then(DueForm::of),
            missed: missed(clocks, at),
            lessons_open: open.len(),
            lessons_overdue: open.iter().filter(|(_, _, day, _)| is_overdue(day)).count(),
        }
    }
}

/// `GET /{controller}/v1/breaches/export`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterExport {
    /// The form's version.
    pub v: u8,
    /// Whose register.
    pub controller: String,
    /// When it was drawn up.
    pub drawn_up_at: String,
    /// The breaches.
    pub breaches: Vec<ExportedBreach>,
    /// From where the rest begins; absent: this was all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A breach as the register keeps it: its facts, its effects and what was done (GDPR Art. 33(5)). The history in full
/// stands in the answer of the breach itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedBreach {
    /// The breach, without its history.
    #[serde(flatten)]
    pub breach: BreachAnswer,
    /// What ran out before it was done.
    pub missed: Vec<DueForm>,
}

/// The columns of the register as a table.
const HEADER: [&str; 34] = [
    "breach_id",
    "title",
    "state",
    "declared_at",
    "declared_by",
    "detected_at",
    "aware_at",
    "exposed_from",
    "exposed_to",
    "attempt_only",
    "effects",
    "categories",
    "purposes",
    "systems",
    "recipients",
    "people",
    "records",
    "counted",
    "residents",
    "protection",
    "description",
    "consequences",
    "measures",
    "advice",
    "severity",
    "severity_level",
    "severity_reason",
    "tell_authority",
    "tell_people",
    "decision_reason",
    "all_told_at",
    "submissions",
    "missed",
    "lessons",
];

impl ExportedBreach {
    /// Writes a breach as it stands at a time.
    pub fn new(incident: &Incident, clocks: &[Clock], at: Timestamp) -> Self {
        let mut breach = BreachAnswer::new(incident, clocks, None);
        breach.history.clear();
        Self { breach, missed: missed(clocks, at) }
    }

    /// The first line of a table: its columns.
    pub fn csv_header() -> String {
        let mut written = String::new();
        csv::line(&mut written, &HEADER);
        written
    }

    /// The breach as one line of a table (RFC 4180), texts in English. A value that a spreadsheet would run as a
    /// formula has an apostrophe before it; the JSON has it as it is.
    pub fn to_csv(&self) -> String {
        let Self { breach, missed } = self;
        let (facts, scope, course) = (&breach.facts, &breach.facts.scope, &breach.course);
        let time = |anchor: Anchor| breach.times.get(anchor.as_str()).cloned().unwrap_or_default();
        let number = |counted: Option<u64>, estimated: Option<u64>| {
            counted.or(estimated).map(|number| number.to_string()).unwrap_or_default()
        };
        let counts = breach.counts.as_ref();
        let residents = facts.residents.iter().map(|(place, people)| format!("{place} {people}"));
        let texts = facts.texts.get("en").or_else(|| facts.texts.values().next());
        let text = |of: fn(&super::TextsForm) -> &String| texts.map(of).cloned().unwrap_or_default();
        let severity = breach.severity.as_ref();
        let people = course.decision.as_ref().map(|decision| match &decision.exemption {
            Some(exemption) => format!("{}: {exemption}", decision.people),
            None => decision.people.clone(),
        });
        let sent = course.submissions.iter();
        let sent = sent.map(|it| format!("{} {} to {} at {}: {}", it.law, it.duty, it.to, it.at, it.reference));
        let late = missed.iter().map(|it| format!("{} {} due before {}", it.law, it.duty, it.due_before));
        let lessons = course.lessons.iter().map(|lesson| match &lesson.outcome {
            Some(outcome) => format!("{} -> {outcome}", lesson.text),
            None => lesson.text.clone(),
        });
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let cells: [String; HEADER.len()] = [
            breach.breach_id.clone(),
            breach.title.clone(),
            if breach.is_open { "open" } else { "closed" }.to_owned(),
            breach.declared_at.clone(),
            breach.declared_by.clone(),
            time(Anchor::Detection),
            time(Anchor::Awareness),
            facts.exposed_from.clone(),
            facts.exposed_to.clone(),
            yes(facts.attempt_only),
            facts.effects.join("; "),
            scope.categories.join("; "),
            scope.purposes.join("; "),
            scope.systems.join("; "),
            scope.recipients.join("; "),
            number(counts.map(|counts| counts.people), facts.people),
            number(counts.map(|counts| counts.records), facts.records),
            yes(counts.is_some()),
            residents.collect::<Vec<_>>().join("; "),
            facts.protection.clone().unwrap_or_default(),
            text(|texts| &texts.description),
            text(|texts| &texts.consequences),
            text(|texts| &texts.measures),
            text(|texts| &texts.advice),
            severity.map(|it| it.score.clone()).unwrap_or_default(),
            severity.map(|it| it.level.clone()).unwrap_or_default(),
            course.severity_reason.clone().unwrap_or_default(),
            course.decision.as_ref().map(|decision| yes(decision.authority)).unwrap_or_default(),
            people.unwrap_or_default(),
            course.decision.as_ref().map(|decision| decision.reason.clone()).unwrap_or_default(),
            course.all_told_at.clone().unwrap_or_default(),
            sent.collect::<Vec<_>>().join("; "),
            late.collect::<Vec<_>>().join("; "),
            lessons.collect::<Vec<_>>().join("; "),
        ];
        let mut written = String::new();
        csv::line(&mut written, &cells.each_ref().map(String::as_str));
        written
    }
}
