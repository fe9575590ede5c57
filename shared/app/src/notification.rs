//! Notifications of a breach: to an authority (GDPR Art. 33(1)), to the controller whose processor it reached
//! (Art. 33(2)), and to a processor that must help (Art. 28(3)(f)). Each is a pure function of the policy and of what
//! was known when the history had so many entries, so the same version reads the same for good.
//!
//! One may go out before everything is known (Art. 33(4)): it says itself what follows later. Every later one says
//! what is new since the one before.

use domain::{
    breach::{self, Clock, Incident, Submission},
    clock::{self, Duty, Law},
    ids::{BreachId, Recipient},
    language::Language,
    policy::{Policy, RecipientRole, RecipientRule, ServiceRole},
};
use jiff::Timestamp;

mod facts;
mod forms;
mod words;

pub use forms::{FactName, Part};
pub use words::Words;

/// To whom a notification goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// To the authority, for a duty of a law.
    Authority(Duty),
    /// To the controller, as its processor.
    Controller,
    /// To a recipient of the policy that acts for this controller.
    Processor(Recipient),
}

impl Addressee {
    /// To whom a duty is owed; `None`: no document of this kind goes out for it.
    pub const fn of(duty: Duty) -> Option<Self> {
        match duty {
            Duty::NotifyController => Some(Self::Controller),
            Duty::NotifyAuthority
            | Duty::NotifyAuthorityYearly
            | Duty::Supplement
            | Duty::NotifyInDetail
            | Duty::EarlyWarning
            | Duty::IntermediateReport
            | Duty::FinalReport
            | Duty::FinalReportImproper => Some(Self::Authority(duty)),
            _ => None,
        }
    }

    /// The duty that it meets, where a law names one.
    pub const fn duty(&self) -> Option<Duty> {
        match self {
            Self::Authority(duty) => Some(*duty),
            Self::Controller => Some(Duty::NotifyController),
            Self::Processor(_) => None,
        }
    }

    /// Whether what was sent went to the same one.
    fn had(&self, sent: &Submission) -> bool {
        matches!(
            (self, Self::of(sent.duty)),
            (Self::Authority(_), Some(Self::Authority(_))) | (Self::Controller, Some(Self::Controller))
        )
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// By which law.
    pub law: Law,
    /// To whom.
    pub to: Addressee,
    /// What was known when the history had so many entries; `None`: all that is known.
    pub version: Option<u32>,
    /// What is new since an earlier notification of that version; `None`: since the latest one.
    pub since: Option<u32>,
    /// Whether nothing is to follow.
    pub is_final: bool,
    /// In which language.
    pub language: Language,
    /// When it is asked for: one that was not sent yet may be late.
    pub at: Timestamp,
}

/// Why there is no such notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoNotification {
    /// The law names no such duty.
    #[error("this law asks for no such notification")]
    NoSuchDuty,
    /// The policy names no such processor.
    #[error("the policy names no such processor")]
    NoSuchProcessor,
    /// The history is shorter.
    #[error("the breach has no such version yet")]
    NoSuchVersion,
    /// Nothing was notified with that version.
    #[error("no earlier notification of this law told of that version")]
    NothingSince,
}

/// Somebody with an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// The name.
    pub name: String,
    /// The mail address.
    pub mail: Option<String>,
    /// The site.
    pub url: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The postal address.
    pub post: Option<String>,
}

/// Which of several notifications it is (GDPR Art. 33(4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first.
    First,
    /// One that follows, by its number among those that do.
    Update(u32),
    /// The last.
    Final,
}

impl Phase {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Update(_) => "update",
            Self::Final => "final",
        }
    }
}

/// One thing that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: FactName,
    /// What it is called.
    pub label: &'static str,
    /// What is said of it, line by line; none: it is not known yet.
    pub values: Vec<String>,
}

/// One part of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Which.
    pub part: Part,
    /// Its heading.
    pub heading: &'static str,
    /// What the law cites for it.
    pub articles: Vec<&'static str>,
    /// What it says.
    pub facts: Vec<Fact>,
}

/// Something that the law asks for and that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub name: FactName,
    /// What it is called.
    pub label: &'static str,
    /// Where the law asks for it.
    pub article: &'static str,
}

/// Something that is told otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub name: FactName,
    /// What it is called.
    pub label: &'static str,
    /// What was said before; none: it was not known.
    pub before: Vec<String>,
    /// What is said now; none: it is no longer said.
    pub after: Vec<String>,
}

/// What is new since an earlier notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The earlier one.
    pub earlier: Submission,
    /// When it went out, in words.
    pub earlier_at_in_words: String,
    /// What changed or came.
    pub changes: Vec<Change>,
    /// What stayed, by what it is called.
    pub unchanged: Vec<&'static str>,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Of which breach.
    pub breach: BreachId,
    /// By which law.
    pub law: Law,
    /// To whom it goes.
    pub addressee: Addressee,
    /// Where the law asks for it.
    pub article: &'static str,
    /// Its language.
    pub language: Language,
    /// What it tells of: how many entries the history had.
    pub version: u32,
    /// When that was so: the time of the latest of these entries.
    pub as_of: Timestamp,
    /// The same in words.
    pub as_of_in_words: String,
    /// Which of several it is.
    pub phase: Phase,
    /// Who notifies.
    pub from: Party,
    /// Who is notified.
    pub to: Party,
    /// What it says.
    pub sections: Vec<Section>,
    /// What is new; `None` in the first.
    pub news: Option<News>,
    required: Vec<(FactName, &'static str)>,
}

impl Notification {
    /// What the law asks for and what is not known yet, in the order of the law.
    pub fn missing(&self) -> Vec<Missing> {
        let fact = |name: FactName| self.facts().find(|fact| fact.name == name);
        let missing = |(name, article): &(FactName, &'static str)| {
            let label = self.words().fact(*name);
            let is_known = fact(*name).is_some_and(|fact| !fact.values.is_empty());
            (!is_known).then_some(Missing { name: *name, label, article })
        };
        self.required.iter().filter_map(missing).collect()
    }

    /// Whether it says everything that the law asks for.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// The words of its language.
    pub const fn words(&self) -> Words {
        Words::of(self.language)
    }

    /// Everything that it says, in order.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.sections.iter().flat_map(|section| &section.facts)
    }
}

/// Writes a notification.
///
/// # Errors
/// [`NoNotification`] if the law or the policy asks for no such one, or it would speak of what has not happened.
pub fn notification(policy: &Policy, incident: &Incident, ask: &Ask) -> Result<Notification, NoNotification> {
    let version = ask.version.unwrap_or_else(|| incident.version());
    if version > incident.version() {
        return Err(NoNotification::NoSuchVersion);
    }
    let (article, to) = addressed(policy, incident, ask)?;
    let known = incident.until(version);
    let earlier: Vec<&Submission> =
        known.submissions().filter(|sent| sent.law == ask.law && ask.to.had(sent)).collect();
    let last = match ask.since {
        None => earlier.last().copied(),
        Some(since) => {
            let found = earlier.iter().rev().find(|sent| sent.version == since).copied();
            Some(found.ok_or(NoNotification::NothingSince)?)
        }
    };
    let is_final = ask.is_final || matches!(ask.to.duty(), Some(Duty::FinalReport | Duty::FinalReportImproper));
    let phase = match u32::try_from(earlier.len()).unwrap_or(u32::MAX) {
        _ if is_final => Phase::Final,
        0 => Phase::First,
        n => Phase::Update(n),
    };
    let late_by = late_by(policy, incident, &known, ask);
    let (sections, required) = facts::sections(policy, &known, ask, late_by);
    let news = last.map(|earlier| {
        let before = incident.until(earlier.version);
        let at = facts::instant(policy, ask.language, earlier.at);
        news(earlier, at, &facts::sections(policy, &before, ask, None).0, &sections)
    });
    let as_of = known.history.last().map_or(known.breach.declared_at, |entry| entry.at);
    Ok(Notification {
        breach: incident.breach.id.clone(),
        law: ask.law,
        addressee: ask.to.clone(),
        article,
        language: ask.language,
        version,
        as_of,
        as_of_in_words: facts::instant(policy, ask.language, as_of),
        phase,
        from: Party {
            name: policy.name.clone(),
            mail: Some(policy.contact_mail.clone()).filter(|mail| !mail.is_empty()),
            url: None,
            phone: policy.office.phone.clone(),
            post: policy.office.post.clone(),
        },
        to,
        sections,
        news,
        required,
    })
}

/// Where the law asks for it, and who is addressed.
fn addressed(policy: &Policy, incident: &Incident, ask: &Ask) -> Result<(&'static str, Party), NoNotification> {
    let of_law = |duty: Duty| {
        clock::rules().find(|rule| rule.law == ask.law && rule.duty == duty).ok_or(NoNotification::NoSuchDuty)
    };
    match &ask.to {
        Addressee::Authority(duty) => Ok((of_law(*duty)?.article, authority(policy, ask.law))),
        Addressee::Controller => {
            let article = of_law(Duty::NotifyController)?.article;
            let service = incident.facts().service.as_ref();
            let role = service.and_then(|service| domain::dsar::role_for(policy, service));
            let parties = role.filter(|role| role.role == ServiceRole::Processor).map(|role| role.parties.join(", "));
            let name = parties.filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| Words::of(ask.language).the_controller.to_owned());
            Ok((article, Party { name, ..Party::default() }))
        }
        Addressee::Processor(recipient) => {
            let is_processor = |rule: &&RecipientRule| rule.role == RecipientRole::Processor;
            let rule = policy.recipients.get(recipient).filter(is_processor).ok_or(NoNotification::NoSuchProcessor)?;
            let article = if ask.law == Law::UK_GDPR { "UK GDPR Art. 28(3)(f)" } else { "GDPR Art. 28(3)(f)" };
            let to = Party { name: rule.title.clone(), mail: rule.mail.clone(), ..Party::default() };
            Ok((article, to))
        }
    }
}

/// The authority of a law: the one that the policy names for its own law, or the one that is known for it.
fn authority(policy: &Policy, law: Law) -> Party {
    let is_own = policy.regimes.first().is_some_and(|regime| Law::of(*regime) == law);
    if let Some(named) = policy.office.authority.as_ref().filter(|_| is_own) {
        return Party {
            name: named.name.clone(),
            mail: None,
            url: named.url.clone(),
            phone: named.phone.clone(),
            post: named.post.clone(),
        };
    }
    Party { name: forms::authority_of(law), ..Party::default() }
}

/// By when it was due, if it goes out later than the law's number allows (GDPR Art. 33(1)). A law without a number is
/// not said to be broken by our own.
fn late_by(policy: &Policy, incident: &Incident, known: &Incident, ask: &Ask) -> Option<Timestamp> {
    let duty = ask.to.duty()?;
    let of_it = |clock: &Clock| clock.law == Some(ask.law) && clock.duty == duty && clock.words.is_none();
    let due = breach::clocks(policy, known).into_iter().find(of_it)?.due?;
    let sent = incident.submissions().filter(|sent| sent.law == ask.law && sent.duty == duty).map(|sent| sent.at).min();
    (sent.unwrap_or(ask.at) >= due).then_some(due)
}

/// What is new between what was told and what is.
fn news(earlier: &Submission, at: String, before: &[Section], now: &[Section]) -> News {
    let mut news =
        News { earlier: earlier.clone(), earlier_at_in_words: at, changes: Vec::new(), unchanged: Vec::new() };
    let told = |sections: &[Section], name: FactName| {
        let facts = sections.iter().flat_map(|section| &section.facts);
        facts.into_iter().find(|fact| fact.name == name).map(|fact| fact.values.clone()).unwrap_or_default()
    };
    let names = |sections: &[Section]| -> Vec<(FactName, &'static str)> {
        let facts = sections.iter().filter(|section| section.part.is_compared()).flat_map(|section| &section.facts);
        facts.map(|fact| (fact.name, fact.label)).collect()
    };
    let mut all = names(now);
    for old in names(before) {
        if !all.contains(&old) {
            all.push(old);
        }
    }
    for (name, label) in all {
        let (before, after) = (told(before, name), told(now, name));
        if before != after {
            news.changes.push(Change { name, label, before, after });
        } else if !after.is_empty() {
            news.unchanged.push(label);
        }
    }
    news
}
