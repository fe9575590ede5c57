//! Breaches as they are sent.

mod act;
mod course;
mod facts;
mod notice;
mod notification;
mod register;

pub use act::ActForm;
pub use course::{CourseForm, DecisionForm, LessonForm, SubmissionForm};
pub use facts::{CountsForm, FactsForm, ScopeForm, TextsForm};
pub use notice::{BreachNoticeForm, NOTICE_VERSION};
pub use notification::{ChangeForm, MissingForm, NewsForm, NotificationAnswer, PartyForm, SectionForm, ToldForm};
pub use register::{
    DueForm, ExportedBreach, ParsedRegister, RegisterAnswer, RegisterExport, RegisterLine, RegisterQuery,
};

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    announcement::{self, Notice},
    breach::{
        Actor, BREACH_TITLE_BYTES_MAX, Breach, Clock, Entry, Facts, Incident, Proposal, Proposed, Reason, Standing,
        Suggestion,
    },
    clock::Anchor,
    ids::SignalId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, SubjectForm, at};

pub(crate) use facts::times;

/// `POST /{controller}/v1/breaches`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreachForm {
    /// What the register calls it. Nothing personal.
    pub title: String,
    /// When what happened from which clocks count, by name: `detected`, `suspected`, `aware`.
    pub times: BTreeMap<String, String>,
    /// What is known.
    pub facts: FactsForm,
    /// The signals that it is made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
}

/// A declaration, parsed.
#[derive(Debug, PartialEq, Eq)]
pub struct ParsedBreach {
    /// What the register calls it.
    pub title: String,
    /// When what happened from which clocks count.
    pub times: Vec<(Anchor, Timestamp)>,
    /// What is known.
    pub facts: Facts,
    /// The signals that it is made from.
    pub signals: BTreeSet<SignalId>,
}

impl BreachForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<ParsedBreach, FormError> {
        if self.title.trim().is_empty() || self.title.len() > BREACH_TITLE_BYTES_MAX {
            return Err(FormError::new("/title", format!("holds 1 to {BREACH_TITLE_BYTES_MAX} bytes")));
        }
        let signals = self.signals.iter().enumerate();
        let signals = signals.map(|(n, signal)| SignalId::parse(signal).map_err(at(&format!("/signals/{n}"))));
        Ok(ParsedBreach {
            title: self.title,
            times: times(&self.times, "/times")?,
            facts: self.facts.parse().map_err(|error| error.within("/facts"))?,
            signals: signals.collect::<Result<_, _>>()?,
        })
    }
}

/// A breach, answered to staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachAnswer {
    /// The form's version.
    pub v: u8,
    /// Which breach.
    pub breach_id: String,
    /// How many entries its history has: what an action names as `If-Match`.
    pub version: u32,
    /// What the register calls it.
    pub title: String,
    /// Whether something is still owed.
    pub is_open: bool,
    /// When it was declared, and by whom.
    pub declared_at: String,
    /// By whom.
    pub declared_by: String,
    /// When what happened from which clocks count, by the latest word.
    pub times: BTreeMap<String, String>,
    /// What is known now.
    pub facts: FactsForm,
    /// The signals that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// Its clocks.
    pub clocks: Vec<ClockForm>,
    /// Who must be told, by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalForm>,
    /// Whose data it reached, as last counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsForm>,
    /// How far a count by what is known now has come, where one is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counting: Option<CountingForm>,
    /// How severe it is, as last assessed: ENISA's number and its word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityForm>,
    /// Whether telling people goes on: `running`, `paused`, `stopped`; absent while nobody is told one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<String>,
    /// How the notices stand, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticeCounts>,
    /// How far telling people one by one has come, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<TellingForm>,
    /// All that happened, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<EntryForm>,
    /// What was decided, sent and learned, each by the latest word on it.
    #[serde(flatten)]
    pub course: CourseForm,
}

/// A severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityForm {
    /// ENISA's SE, with two decimals.
    pub score: String,
    /// `low`, `medium`, `high`, `very-high`.
    pub level: String,
}

/// A clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockForm {
    /// By which law; `policy`: by the policy's own promise.
    pub law: String,
    /// What must be done.
    pub duty: String,
    /// Where it says so.
    pub article: String,
    /// What it counts from.
    pub anchor: String,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first instant that is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_before: Option<String>,
    /// The law's words where it names no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// `waiting`, `running`, `met` or `not-owed`.
    pub standing: String,
    /// When it was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_at: Option<String>,
    /// Why it asks for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Why it binds, and what of it is not certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonForm>,
}

/// A reason, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonForm {
    /// In a sentence.
    pub words: String,
    /// The article or the policy's clause; absent where nothing but the facts says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl From<&Reason> for ReasonForm {
    fn from(reason: &Reason) -> Self {
        Self { words: reason.words.clone(), source: reason.source.clone() }
    }
}

/// What the rules propose about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedForm {
    /// `tell`, `do-not` or `assess-first`.
    pub suggestion: String,
    /// By which exemption people are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// Why.
    pub reasons: Vec<ReasonForm>,
}

impl From<&Proposed> for ProposedForm {
    fn from(proposed: &Proposed) -> Self {
        let exemption = match proposed.suggestion {
            Suggestion::Not(exemption) => exemption.map(|exemption| exemption.as_str().to_owned()),
            _ => None,
        };
        Self {
            suggestion: proposed.suggestion.as_str().to_owned(),
            exemption,
            reasons: proposed.reasons.iter().map(ReasonForm::from).collect(),
        }
    }
}

/// Who must be told, by rule; a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalForm {
    /// The authorities.
    pub authority: ProposedForm,
    /// The people.
    pub people: ProposedForm,
    /// The controller, where this one only acts for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<ProposedForm>,
    /// In what the decision that stands differs, each in a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

impl ProposalForm {
    /// Writes a proposal beside the decision that stands.
    pub fn new(proposal: &Proposal, incident: &Incident) -> Self {
        let differences = incident.decision().map(|(_, decision)| proposal.differences(decision));
        Self {
            authority: (&proposal.authority).into(),
            people: (&proposal.people).into(),
            controller: proposal.controller.as_ref().map(ProposedForm::from),
            differences: differences.unwrap_or_default(),
        }
    }
}

impl From<&Clock> for ClockForm {
    fn from(clock: &Clock) -> Self {
        let (standing, met_at, because) = match &clock.standing {
            Standing::Waiting => ("waiting", None, None),
            Standing::Running => ("running", None, None),
            Standing::Met(at) => ("met", Some(at.to_string()), None),
            Standing::NotOwed(why) => ("not-owed", None, Some(why.clone())),
        };
        Self {
            law: clock.source().to_owned(),
            duty: clock.duty.as_str().to_owned(),
            article: clock.article.clone(),
            anchor: clock.anchor.as_str().to_owned(),
            from: clock.from.as_ref().map(ToString::to_string),
            due_before: clock.due.as_ref().map(ToString::to_string),
            words: clock.words.map(str::to_owned),
            standing: standing.to_owned(),
            met_at,
            because,
            reasons: clock.reasons.iter().map(ReasonForm::from).collect(),
        }
    }
}

/// One entry of a breach's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryForm {
    /// Its number, from 1.
    pub number: u32,
    /// When it was recorded.
    pub at: String,
    /// By whom; absent: by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What. An act has a time of its own, so it stands apart from when it was recorded.
    pub act: ActForm,
}

impl EntryForm {
    fn new(number: u32, entry: &Entry) -> Self {
        let by = match &entry.by {
            Actor::Staff(staff) => Some(staff.to_string()),
            Actor::Product => None,
        };
        Self { number, at: entry.at.to_string(), by, act: (&entry.act).into() }
    }
}

/// How the notices of an announcement stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoticeCounts {
    /// Found, not told yet.
    pub planned: u64,
    /// In doubt: a send was begun.
    pub claimed: u64,
    /// Told by mail.
    pub sent: u64,
    /// Told by a system of the controller's own: a breach's alone.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub sent_by_channel: u64,
    /// Told by what is public: the alert of a breach, the page of notices.
    pub without_address: u64,
    /// Written to, and the mail came back: told by what is public.
    #[serde(default)]
    pub not_reached: u64,
}

impl From<announcement::NoticeCounts> for NoticeCounts {
    fn from(counts: announcement::NoticeCounts) -> Self {
        let announcement::NoticeCounts { planned, claimed, sent, sent_by_channel, without_address, not_reached } =
            counts;
        Self { planned, claimed, sent, sent_by_channel, without_address, not_reached }
    }
}

/// A count that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountingForm {
    /// When it began.
    pub at: String,
    /// By the facts as of which entry of the history it counts; 0: as declared.
    pub facts: u32,
    /// How many things it has looked at.
    pub looked_at: u64,
    /// How many segments of the table are through.
    pub segments_done: u16,
    /// Of how many.
    pub segments: u16,
    /// What it has counted so far: no more than there is.
    pub so_far: CountsForm,
}

/// `GET /{controller}/v1/breaches/{breach}/people`: who is told, by reference, and how far that has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleAnswer {
    /// The form's version.
    pub v: u8,
    /// Which breach.
    pub breach_id: String,
    /// People, in the order of their references.
    pub people: Vec<PersonForm>,
    /// What the next page names as `from`; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /{controller}/v1/breaches/{breach}/proof`: of whom it is shown how they were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofForm {
    /// Whom.
    pub subject: SubjectForm,
}

/// One person who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonForm {
    /// The reference: a keyed hash, and no identifier.
    pub subject: String,
    /// `planned`, `claimed`, `sent`, `without-address`, `not-reached`.
    pub state: String,
}

impl From<&Notice> for PersonForm {
    fn from(notice: &Notice) -> Self {
        Self { subject: notice.subject.to_string(), state: notice.state.as_str().to_owned() }
    }
}

/// How far telling people has come, beside the counts of notices.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TellingForm {
    /// When all notices were last looked at; what follows is of then. Absent: they were not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<String>,
    /// A send was begun so long ago that the mail service's own word is waited for.
    pub in_doubt: u64,
    /// To whom more than one send was begun: they may have been told twice.
    pub sent_again: u64,
    /// How many had come to their end over the ten minutes before.
    pub last_ten_minutes: u64,
    /// When the last of those who are left is told, about: at that rate and within what the mail account may send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_end: Option<String>,
    /// Since when everybody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_told_at: Option<String>,
}

impl BreachAnswer {
    /// Writes a breach, its clocks and how its notices stand.
    pub fn new(incident: &Incident, clocks: &[Clock], notices: Option<NoticeCounts>) -> Self {
        let Breach { id, title, declared_at, declared_by, .. } = &incident.breach;
        let time = |anchor: &Anchor| Some((anchor.as_str().to_owned(), incident.time_of(*anchor)?.to_string()));
        let severity = incident.assessment().map(|(_, assessment)| assessment.severity());
        Self {
            v: 1,
            breach_id: id.to_string(),
            version: incident.version(),
            title: title.clone(),
            is_open: incident.is_open(),
            declared_at: declared_at.to_string(),
            declared_by: declared_by.to_string(),
            times: Anchor::ALL.iter().filter_map(time).collect(),
            facts: incident.facts().into(),
            signals: incident.signals().into_iter().map(ToString::to_string).collect(),
            clocks: clocks.iter().map(ClockForm::from).collect(),
            proposal: None,
            counts: incident.counts().map(|(_, counts)| counts.into()),
            counting: None,
            severity: severity.map(|severity| SeverityForm {
                score: severity.to_string(),
                level: severity.level().as_str().to_owned(),
            }),
            telling: incident.tells_each().then(|| incident.telling().as_str().to_owned()),
            notices,
            progress: None,
            history: (1..).zip(&incident.history).map(|(number, entry)| EntryForm::new(number, entry)).collect(),
            course: incident.into(),
        }
    }

    /// The same with what the rules propose.
    #[must_use]
    pub fn with_proposal(self, proposal: &Proposal, incident: &Incident) -> Self {
        Self { proposal: Some(ProposalForm::new(proposal, incident)), ..self }
    }
}

/// One public alert, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertForm {
    /// Which breach.
    pub breach_id: String,
    /// Since when it is public.
    pub published_at: String,
    /// Since when it says this.
    #[serde(default)]
    pub updated_at: String,
    /// When data was exposed, from.
    pub exposed_from: String,
    /// To.
    pub exposed_to: String,
    /// Whether it was only tried.
    #[serde(default)]
    pub attempt_only: bool,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// The language of the title and the summary.
    #[serde(default)]
    pub language: String,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// That somebody reached data, or tried.
    #[serde(default)]
    pub summary: String,
    /// The language of what follows: another one where it was not translated.
    #[serde(default)]
    pub texts_language: String,
    /// What happened.
    pub description: String,
    /// What may follow from it; empty while it is not known.
    #[serde(default)]
    pub consequences: String,
    /// What was done or is proposed; empty while nothing is.
    #[serde(default)]
    pub measures: String,
    /// What people can do.
    pub advice: String,
}

/// What the script of the banner shows: a part of `GET /{controller}/v1/alerts/banner.js`, in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannerForm {
    /// The language of a page that names none which is spoken here.
    pub language: String,
    /// The words of its own parts, by language.
    pub words: BTreeMap<String, BannerWordsForm>,
    /// The alerts, each by language.
    pub alerts: Vec<BTreeMap<String, BannerAlertForm>>,
}

/// The words of a banner's own parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannerWordsForm {
    /// What it is called, for people who hear it.
    pub region: String,
    /// The link to the page.
    pub details: String,
    /// The button that closes it.
    pub dismiss: String,
}

/// An alert as a banner shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannerAlertForm {
    /// Its title.
    pub title: String,
    /// That somebody reached data, or tried.
    pub lead: String,
    /// What happened.
    pub text: String,
    /// The language of that: another one where it was not translated.
    pub text_language: String,
}

/// `GET /{controller}/v1/alerts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// Whom to ask.
    #[serde(default)]
    pub contact: String,
    /// Newest first.
    pub alerts: Vec<AlertForm>,
}
