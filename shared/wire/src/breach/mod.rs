//! Breaches as they are sent.

mod act;
mod facts;
mod notice;

pub use act::ActForm;
pub use facts::{CountsForm, FactsForm, ScopeForm, TextsForm};
pub use notice::{BreachNoticeForm, NOTICE_VERSION};

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    announcement::{Notice, NoticeState},
    breach::{Actor, BREACH_TITLE_BYTES_MAX, Breach, Clock, Entry, Facts, Incident, Standing},
    clock::Anchor,
    ids::SignalId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{FormError, at};

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
    /// Whose data it reached, as last counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsForm>,
    /// How severe it is, as last assessed: ENISA's number and its word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityForm>,
    /// Whether telling people goes on: `running`, `paused`, `stopped`; absent while nobody is told one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<String>,
    /// How the notices stand, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticeCounts>,
    /// All that happened, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<EntryForm>,
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
    /// By which law.
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
}

impl From<&Clock> for ClockForm {
    fn from(clock: &Clock) -> Self {
        let (standing, met_at, because) = match &clock.standing {
            Standing::Waiting => ("waiting", None, None),
            Standing::Running => ("running", None, None),
            Standing::Met(at) => ("met", Some(at.to_string()), None),
            Standing::NotOwed(why) => ("not-owed", None, Some((*why).to_owned())),
        };
        Self {
            law: clock.law.as_str().to_owned(),
            duty: clock.duty.as_str().to_owned(),
            article: clock.article.to_owned(),
            anchor: clock.anchor.as_str().to_owned(),
            from: clock.from.as_ref().map(ToString::to_string),
            due_before: clock.due.as_ref().map(ToString::to_string),
            words: clock.words.map(str::to_owned),
            standing: standing.to_owned(),
            met_at,
            because,
        }
    }
}

/// One entry of a breach's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryForm {
    /// Its number, from 1.
    pub number: u32,
    /// When.
    pub at: String,
    /// By whom; absent: by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What.
    #[serde(flatten)]
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
    pub planned: usize,
    /// In doubt: a send was begun.
    pub claimed: usize,
    /// Told by mail.
    pub sent: usize,
    /// Told by a system of the controller's own: a breach's alone.
    #[serde(default, skip_serializing_if = "is_none")]
    pub sent_by_channel: usize,
    /// Told by what is public: the alert of a breach, the page of notices.
    pub without_address: usize,
    /// Written to, and the mail came back: told by what is public.
    #[serde(default)]
    pub not_reached: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it by reference")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

impl NoticeCounts {
    /// Counts notices.
    pub fn of(notices: &[Notice]) -> Self {
        let mut counts = Self::default();
        for notice in notices {
            match notice.state {
                NoticeState::Planned => counts.planned += 1,
                NoticeState::Claimed => counts.claimed += 1,
                NoticeState::Sent => counts.sent += 1,
                NoticeState::SentByChannel => counts.sent_by_channel += 1,
                NoticeState::WithoutAddress => counts.without_address += 1,
                NoticeState::NotReached => counts.not_reached += 1,
            }
        }
        counts
    }
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
            counts: incident.counts().map(|(_, counts)| counts.into()),
            severity: severity.map(|severity| SeverityForm {
                score: severity.to_string(),
                level: severity.level().as_str().to_owned(),
            }),
            telling: incident.tells_each().then(|| incident.telling().as_str().to_owned()),
            notices,
            history: (1..).zip(&incident.history).map(|(number, entry)| EntryForm::new(number, entry)).collect(),
        }
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
