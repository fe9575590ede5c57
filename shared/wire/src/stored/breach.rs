//! A breach, its history, its notices and its public alert.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    announcement::{Announcement, Notice as DomainNotice, NoticeState},
    breach::{
        Act, Actor, Breach as DomainBreach, Decision, Entry as DomainEntry, Exemption, Facts, PeopleAre, Submission,
        Texts,
    },
    clock::{Anchor, Duty, Law},
    ids::{BreachId, Category, Fingerprint, SignalId, StaffId, SubjectRef},
    language::Language,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, ids, millis, name, some_time, time};
use crate::breach::{ActForm, FactsForm, TextsForm, times};

/// `BREACH`. The fields behind `facts` are those of before a breach had a history: they are read, and written no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When it was declared.
    pub declared_at: i64,
    /// Who declared it.
    pub declared_by: String,
    /// What the declaration carried, as a keyed hash.
    pub fingerprint: String,
    /// What the register calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// When what happened from which clocks count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<String, String>,
    /// The signals that it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// What was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactsForm>,
    /// When the controller became aware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aware_at: Option<i64>,
    /// By when the authority had to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// When data was exposed, from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_from: Option<i64>,
    /// To.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_to: Option<i64>,
    /// What kinds of data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Whether it was only tried.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attempt_only: bool,
    /// What happened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What people can do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
    /// Whether people are told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tell_subjects: bool,
    /// When the authority was notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<i64>,
    /// The authority's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Breach {
    /// Takes a breach and the fingerprint of its declaration.
    pub fn new(breach: &DomainBreach, fingerprint: &Fingerprint) -> Self {
        let time = |(anchor, at): &(Anchor, Timestamp)| (anchor.as_str().to_owned(), at.to_string());
        Self {
            v: VERSION,
            kind: Kind::Breach,
            declared_at: millis(breach.declared_at),
            declared_by: breach.declared_by.to_string(),
            fingerprint: fingerprint.to_string(),
            title: breach.title.clone(),
            times: breach.times.iter().map(time).collect(),
            signals: breach.signals.iter().map(ToString::to_string).collect(),
            facts: Some((&breach.facts).into()),
            aware_at: None,
            ends_at: None,
            exposed_from: None,
            exposed_to: None,
            categories: Vec::new(),
            attempt_only: false,
            description: String::new(),
            advice: String::new(),
            tell_subjects: false,
            notified_at: None,
            reference: None,
        }
    }

    /// Reads the breach of this identifier with what was known of its course before it had a history, and its
    /// fingerprint.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_breach(self, breach: BreachId) -> Result<(DomainBreach, Fingerprint), Unreadable> {
        check(self.v, self.kind, Kind::Breach)?;
        let fingerprint = id("fingerprint", &self.fingerprint, Fingerprint::parse)?;
        let declared_at = time("declared_at", self.declared_at)?;
        let declared_by = id("declared_by", &self.declared_by, StaffId::parse)?;
        let mut read = DomainBreach {
            id: breach,
            title: self.title.clone(),
            declared_at,
            declared_by: declared_by.clone(),
            times: times(&self.times, "").map_err(|_| Unreadable { field: "times" })?,
            facts: match self.facts.clone() {
                Some(facts) => facts.parse().map_err(|_| Unreadable { field: "facts" })?,
                None => self.old_facts()?,
            },
            signals: ids("signals", &self.signals, SignalId::parse)?,
            settled: Vec::new(),
        };
        if let Some(aware_at) = self.aware_at {
            read.times.push((Anchor::Awareness, time("aware_at", aware_at)?));
        }
        let is_old = self.facts.is_none();
        if is_old {
            let by = Actor::Staff(declared_by);
            let reason = String::from("as declared");
            let people = if self.tell_subjects { PeopleAre::Told } else { PeopleAre::NotTold(Exemption::NoHighRisk) };
            let decision = Decision { authority: true, people, reason };
            read.settled.push(DomainEntry { at: declared_at, by: by.clone(), act: Act::Decided(decision) });
            if let Some(at) = self.notified_at {
                let at = time("notified_at", at)?;
                let sent = Submission {
                    law: Law::EU_GDPR,
                    duty: Duty::NotifyAuthority,
                    to: String::from("authority"),
                    at,
                    reference: self.reference.unwrap_or_default(),
                    version: 0,
                };
                read.settled.push(DomainEntry { at, by, act: Act::Notified(sent) });
            }
        }
        Ok((read, fingerprint))
    }

    fn old_facts(&self) -> Result<Facts, Unreadable> {
        let moment = |field, at: Option<i64>| at.map_or(Err(Unreadable { field }), |at| time(field, at));
        let texts = Texts { description: self.description.clone(), advice: self.advice.clone(), ..Texts::default() };
        let mut facts =
            Facts::new(moment("exposed_from", self.exposed_from)?, moment("exposed_to", self.exposed_to)?, texts);
        facts.attempt_only = self.attempt_only;
        facts.scope.categories = ids("categories", &self.categories, Category::parse)?;
        Ok(facts)
    }
}

/// `ENTRY#{number}` of a breach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// When.
    pub at: i64,
    /// By whom of the staff; absent: by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What.
    pub act: ActForm,
}

impl Entry {
    /// Takes an entry.
    pub fn new(entry: &DomainEntry) -> Self {
        let by = match &entry.by {
            Actor::Staff(staff) => Some(staff.to_string()),
            Actor::Product => None,
        };
        Self { v: VERSION, kind: Kind::BreachEntry, at: millis(entry.at), by, act: (&entry.act).into() }
    }

    /// Whether it decides that each of the people is told.
    pub fn tells_each(&self) -> bool {
        matches!(&self.act, ActForm::Decided { people, .. } if people == "told")
    }

    /// Whether it lets the telling of people go on.
    pub fn resumes_telling(&self) -> bool {
        matches!(&self.act, ActForm::TellingSet { telling, .. } if telling == domain::breach::Telling::Running.as_str())
    }

    /// Whether it may change what is public of the breach: that all are told in public, what is known, whether it is
    /// over.
    pub fn is_public(&self) -> bool {
        match &self.act {
            ActForm::Decided { people, .. } => people == "told-in-public",
            ActForm::FactsChanged { .. } | ActForm::Closed { .. } | ActForm::Reopened { .. } => true,
            _ => false,
        }
    }

    /// Reads the entry.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_entry(self) -> Result<DomainEntry, Unreadable> {
        check(self.v, self.kind, Kind::BreachEntry)?;
        let by = match self.by {
            Some(staff) => Actor::Staff(id("by", &staff, StaffId::parse)?),
            None => Actor::Product,
        };
        let act = self.act.parse(u32::MAX).map_err(|_| Unreadable { field: "act" })?;
        Ok(DomainEntry { at: time("at", self.at)?, by, act })
    }
}

/// `NOTICE#{s}`: of a breach or of a change of the notice, as its key says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// How far it has come.
    pub state: String,
    /// When it was planned.
    pub planned_at: i64,
    /// When it came this far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<i64>,
    /// How many sends were begun and not given back; absent where none was, or before they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends: Option<u32>,
}

impl Notice {
    /// A notice that is planned.
    pub fn planned(at: Timestamp) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Notice,
            state: NoticeState::Planned.as_str().to_owned(),
            planned_at: millis(at),
            moved_at: None,
            sends: None,
        }
    }

    /// Reads how far it has come, since when, and how many sends were begun.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn standing(&self) -> Result<(NoticeState, Timestamp, u32), Unreadable> {
        check(self.v, self.kind, Kind::Notice)?;
        let state = name("state", &self.state, NoticeState::parse)?;
        let since = match self.moved_at {
            Some(moved_at) => time("moved_at", moved_at)?,
            None => time("planned_at", self.planned_at)?,
        };
        // Sends were begun before they were counted.
        let begun = u32::from(state == NoticeState::Claimed);
        Ok((state, since, self.sends.unwrap_or(begun)))
    }

    /// Whether a mail to its person came back.
    pub fn is_not_reached(&self) -> bool {
        self.state == NoticeState::NotReached.as_str()
    }

    /// Reads the notice of this announcement and person.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_notice(self, of: Announcement, subject: SubjectRef) -> Result<DomainNotice, Unreadable> {
        check(self.v, self.kind, Kind::Notice)?;
        Ok(DomainNotice { of, subject, state: name("state", &self.state, NoticeState::parse)? })
    }
}

/// The attribute `looked` of `BREACH`: what the latest look at all notices saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// When.
    pub at: i64,
    /// How many people were not told.
    pub open: u64,
    /// How many of them were in doubt.
    pub in_doubt: u64,
    /// How many people may have been told twice.
    pub sent_again: u64,
    /// How many had come to their end lately.
    pub lately: u64,
    /// When a notice had last moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<i64>,
}

/// `ALERT#{breach}`, and `ALERT#{breach}#{version:06}` for what it says later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Since when this is public.
    pub published_at: i64,
    /// When the breach was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<i64>,
    /// When data was exposed, from.
    pub exposed_from: i64,
    /// To.
    pub exposed_to: i64,
    /// Whether it was only tried.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attempt_only: bool,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// What is told, by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, TextsForm>,
    /// What happened, in English: as it was stored before there were other languages.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What people can do, likewise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

/// An alert, as the rules know it. Its key says of which breach it is, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertParts {
    /// Since when this is public.
    pub published_at: Timestamp,
    /// When the breach was closed.
    pub closed_at: Option<Timestamp>,
    /// When data was exposed, from.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// Whether it was only tried.
    pub attempt_only: bool,
    /// What kinds of data.
    pub categories: BTreeSet<Category>,
    /// What is told, by language.
    pub texts: BTreeMap<Language, Texts>,
}

impl From<AlertParts> for Alert {
    fn from(parts: AlertParts) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Alert,
            published_at: millis(parts.published_at),
            closed_at: parts.closed_at.map(millis),
            exposed_from: millis(parts.exposed_from),
            exposed_to: millis(parts.exposed_to),
            attempt_only: parts.attempt_only,
            categories: parts.categories.iter().map(ToString::to_string).collect(),
            texts: parts.texts.iter().map(|(language, texts)| (language.as_str().to_owned(), texts.into())).collect(),
            description: String::new(),
            advice: String::new(),
        }
    }
}

impl TryFrom<Alert> for AlertParts {
    type Error = Unreadable;

    fn try_from(form: Alert) -> Result<Self, Unreadable> {
        check(form.v, form.kind, Kind::Alert)?;
        let read = |(tag, texts): (String, TextsForm)| Ok((name("texts", &tag, Language::of)?, texts.into()));
        let mut texts: BTreeMap<Language, Texts> = form.texts.into_iter().map(read).collect::<Result<_, _>>()?;
        if texts.is_empty() {
            let (description, advice) = (form.description, form.advice);
            texts.insert(Language::English, Texts { description, advice, ..Texts::default() });
        }
        Ok(Self {
            published_at: time("published_at", form.published_at)?,
            closed_at: some_time("closed_at", form.closed_at)?,
            exposed_from: time("exposed_from", form.exposed_from)?,
            exposed_to: time("exposed_to", form.exposed_to)?,
            attempt_only: form.attempt_only,
            categories: ids("categories", &form.categories, Category::parse)?,
            texts,
        })
    }
}
