//! The course of a breach: what can happen to it, and where it then stands. Nothing is ever changed: what is known
//! later comes as a later entry, and what was known before stays readable.

use std::{collections::BTreeSet, fmt};

use jiff::{Timestamp, civil::Date};

use super::{Assessment, Facts, ScopeCounts};
use crate::{
    clock::{Anchor, Duty, Law},
    ids::{BreachId, SignalId, StaffId},
};

/// Most entries of one breach's history.
pub const HISTORY_ENTRIES_MAX: usize = 5_000;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody of the staff, as the token names them.
    Staff(StaffId),
    /// Habeas itself, by rule.
    Product,
}

/// A breach as a person declared it: what its history begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Its identifier.
    pub id: BreachId,
    /// What the register calls it. Nothing personal.
    pub title: String,
    /// When it was declared here.
    pub declared_at: Timestamp,
    /// Who declared it.
    pub declared_by: StaffId,
    /// When what happened from which clocks count: detection, suspicion, awareness, each a time of its own.
    pub times: Vec<(Anchor, Timestamp)>,
    /// What was known.
    pub facts: Facts,
    /// The signals of detectors that it was made from.
    pub signals: BTreeSet<SignalId>,
    /// What is known of its course from before breaches had a history: not numbered.
    pub settled: Vec<Entry>,
}

/// Why people need not be told (GDPR Art. 34).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exemption {
    /// A high risk is not likely (Art. 34(1)).
    NoHighRisk,
    /// Whoever has the data cannot read it (Art. 34(3)(a)).
    Unintelligible,
    /// What was done since keeps the high risk from coming about (Art. 34(3)(b)).
    RiskAverted,
    /// The police asked to wait (GDPR rec. 88; Cal. Civ. Code 1798.82(c)).
    Investigation,
}

impl Exemption {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::NoHighRisk, Self::Unintelligible, Self::RiskAverted, Self::Investigation];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoHighRisk => "no-high-risk",
            Self::Unintelligible => "unintelligible",
            Self::RiskAverted => "risk-averted",
            Self::Investigation => "investigation",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|exemption| exemption.as_str() == text)
    }
}

/// What is decided about the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleAre {
    /// Each of them is told.
    Told,
    /// All of them are told in public, since telling each would be out of proportion (Art. 34(3)(c)).
    ToldInPublic,
    /// They are not told.
    NotTold(Exemption),
}

/// What a person decided about who is told. The rules propose, a person confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether authorities are told: not where a risk is unlikely (Art. 33(1)).
    pub authority: bool,
    /// The people.
    pub people: PeopleAre,
    /// Why.
    pub reason: String,
}

/// A notification that went out, made outside this product and recorded here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// By which law.
    pub law: Law,
    /// Which duty it meets.
    pub duty: Duty,
    /// To whom: the authority, the controller, the processor.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// The receiver's reference for it.
    pub reference: String,
    /// What it told of: how many entries the history had.
    pub version: u32,
}

/// Whether people are being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// It goes on.
    Running,
    /// It waits until it is resumed.
    Paused,
    /// It ended before everybody was told.
    Stopped,
}

impl Telling {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Running, Self::Paused, Self::Stopped];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|telling| telling.as_str() == text)
    }
}

/// What can happen to a breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Something happened from which clocks count, or it turns out that it happened at another time. Awareness is a
    /// person's decision like every other one here.
    Happened(Anchor, Timestamp),
    /// Other facts are known now: all that is known, what stayed the same included.
    FactsChanged(Box<Facts>),
    /// A detector's signal belongs to it.
    SignalLinked(SignalId),
    /// Whose data it reached was counted.
    Counted(ScopeCounts),
    /// It was assessed.
    Assessed(Assessment),
    /// Who is told was decided.
    Decided(Decision),
    /// Somebody was notified.
    Notified(Submission),
    /// Telling people goes on, waits, or stops, and why.
    TellingSet(Telling, String),
    /// Everybody who was found has been told, or can only be told in public.
    AllTold,
    /// A remark.
    Noted(String),
    /// What was learned, and when somebody looks at it again.
    Lesson(String, Option<Date>),
    /// Somebody looked at the lesson with that number, and what came of it.
    FollowedUp(u32, String),
    /// Nothing is left to do, and why.
    Closed(String),
    /// There is, after all.
    Reopened(String),
}

/// The kind of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the kind of the act of its name")]
pub enum ActKind {
    Happened,
    FactsChanged,
    SignalLinked,
    Counted,
    Assessed,
    Decided,
    Notified,
    TellingSet,
    AllTold,
    Noted,
    Lesson,
    FollowedUp,
    Closed,
    Reopened,
}

impl ActKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Happened => "happened",
            Self::FactsChanged => "facts-changed",
            Self::SignalLinked => "signal-linked",
            Self::Counted => "counted",
            Self::Assessed => "assessed",
            Self::Decided => "decided",
            Self::Notified => "notified",
            Self::TellingSet => "telling-set",
            Self::AllTold => "all-told",
            Self::Noted => "noted",
            Self::Lesson => "lesson",
            Self::FollowedUp => "followed-up",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
        }
    }
}

impl Act {
    /// Its kind.
    pub const fn kind(&self) -> ActKind {
        match self {
            Self::Happened(..) => ActKind::Happened,
            Self::FactsChanged(_) => ActKind::FactsChanged,
            Self::SignalLinked(_) => ActKind::SignalLinked,
            Self::Counted(_) => ActKind::Counted,
            Self::Assessed(_) => ActKind::Assessed,
            Self::Decided(_) => ActKind::Decided,
            Self::Notified(_) => ActKind::Notified,
            Self::TellingSet(..) => ActKind::TellingSet,
            Self::AllTold => ActKind::AllTold,
            Self::Noted(_) => ActKind::Noted,
            Self::Lesson(..) => ActKind::Lesson,
            Self::FollowedUp(..) => ActKind::FollowedUp,
            Self::Closed(_) => ActKind::Closed,
            Self::Reopened(_) => ActKind::Reopened,
        }
    }

    /// Whether only the product does it.
    pub const fn is_by_product(&self) -> bool {
        matches!(self, Self::Counted(_) | Self::AllTold)
    }
}

/// One thing that happened to a breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was recorded.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What.
    pub act: Act,
}

/// Why an act cannot happen to a breach now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The act.
    pub act: ActKind,
    /// What is in the way.
    pub why: Why,
}

/// What is in the way of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is closed.
    Closed,
    /// It is open.
    Open,
    /// It is not theirs to do.
    NotForThem,
    /// It lies in the future, or before the breach began.
    Time,
    /// The exposure ends before it starts.
    Window,
    /// Nobody is being told.
    NobodyTold,
    /// Telling people was stopped, and does not go on.
    Stopped,
    /// There is no such lesson, or it was followed up.
    NoSuchLesson,
    /// The people are being told already: whoever was told cannot be untold.
    BeingTold,
    /// The keys may have gone with the data: encryption exempts nobody (EDPB Guidelines 9/2022).
    KeysExposed,
    /// A clock is still running.
    ClockRuns,
    /// The history is full.
    HistoryFull,
}

impl Why {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::NotForThem => "not-for-them",
            Self::Time => "time",
            Self::Window => "window",
            Self::NobodyTold => "nobody-told",
            Self::Stopped => "stopped",
            Self::NoSuchLesson => "no-such-lesson",
            Self::BeingTold => "being-told",
            Self::KeysExposed => "keys-exposed",
            Self::ClockRuns => "clock-runs",
            Self::HistoryFull => "history-full",
        }
    }

    /// In words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Closed => "it is closed",
            Self::Open => "it is open",
            Self::NotForThem => "it is not theirs to do",
            Self::Time => "the time lies in the future",
            Self::Window => "the exposure ends before it starts",
            Self::NobodyTold => "nobody is being told of it",
            Self::Stopped => "telling people of it was stopped for good",
            Self::NoSuchLesson => "there is no such lesson that waits",
            Self::BeingTold => "people are being told of it already",
            Self::KeysExposed => "encryption exempts only while the keys are safe",
            Self::ClockRuns => "a clock of it still runs: notify, or decide that nobody is told",
            Self::HistoryFull => "its history is full",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be recorded: {}", self.act.as_str(), self.why.in_words())
    }
}

impl std::error::Error for Refused {}

/// What the register shows of a breach without reading its history, and when somebody must look at it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whether something is still owed.
    pub is_open: bool,
    /// When somebody or something must look at it again. Nothing open is without.
    pub next_at: Option<Timestamp>,
}

/// A breach and all that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// As it was declared.
    pub breach: Breach,
    /// All that happened since, in order; entry 1 is the first.
    pub history: Vec<Entry>,
}

impl Incident {
    /// A breach to which nothing has happened yet.
    pub const fn new(breach: Breach) -> Self {
        Self { breach, history: Vec::new() }
    }

    /// How many entries its history has.
    pub fn version(&self) -> u32 {
        u32::try_from(self.history.len()).unwrap_or(u32::MAX)
    }

    /// All that happened, in order.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.breach.settled.iter().chain(&self.history)
    }

    /// What was known when the history had so many entries.
    pub fn facts_at(&self, version: u32) -> &Facts {
        let count = usize::try_from(version).unwrap_or(usize::MAX).min(self.history.len());
        let known = self.history.iter().take(count).rev();
        let mut changed = known.filter_map(|entry| match &entry.act {
            Act::FactsChanged(facts) => Some(facts.as_ref()),
            _ => None,
        });
        changed.next().unwrap_or(&self.breach.facts)
    }

    /// What is known now.
    pub fn facts(&self) -> &Facts {
        self.facts_at(self.version())
    }

    /// As of which entry the facts are what they are now; 0: as declared.
    pub fn facts_version(&self) -> u32 {
        let changed = |entry: &Entry| matches!(entry.act, Act::FactsChanged(_));
        let numbered = (1..).zip(&self.history).filter(|(_, entry)| changed(entry));
        numbered.map(|(number, _)| number).last().unwrap_or(0)
    }

    /// Whose data it reached, if that was counted by what is known now.
    pub fn counts_of_facts(&self) -> Option<&ScopeCounts> {
        let known = usize::try_from(self.facts_version()).unwrap_or(usize::MAX);
        self.history.iter().skip(known).rev().find_map(|entry| match &entry.act {
            Act::Counted(counts) => Some(counts),
            _ => None,
        })
    }

    /// When that happened, by the latest word on it.
    pub fn time_of(&self, anchor: Anchor) -> Option<Timestamp> {
        let later = self.entries().rev().find_map(|entry| match entry.act {
            Act::Happened(what, at) if what == anchor => Some(at),
            _ => None,
        });
        later.or_else(|| self.breach.times.iter().rev().find(|(what, _)| *what == anchor).map(|(_, at)| *at))
    }

    /// What was notified, in order.
    pub fn submissions(&self) -> impl Iterator<Item = &Submission> {
        self.entries().filter_map(|entry| match &entry.act {
            Act::Notified(submission) => Some(submission),
            _ => None,
        })
    }

    /// The latest decision, and its time.
    pub fn decision(&self) -> Option<(Timestamp, &Decision)> {
        self.entries().rev().find_map(|entry| match &entry.act {
            Act::Decided(decision) => Some((entry.at, decision)),
            _ => None,
        })
    }

    /// The latest assessment, and its time.
    pub fn assessment(&self) -> Option<(Timestamp, &Assessment)> {
        self.entries().rev().find_map(|entry| match &entry.act {
            Act::Assessed(assessment) => Some((entry.at, assessment)),
            _ => None,
        })
    }

    /// The latest count of whom it concerns, and its time.
    pub fn counts(&self) -> Option<(Timestamp, &ScopeCounts)> {
        self.entries().rev().find_map(|entry| match &entry.act {
            Act::Counted(counts) => Some((entry.at, counts)),
            _ => None,
        })
    }

    /// Whether people are told one by one.
    pub fn tells_each(&self) -> bool {
        self.decision().is_some_and(|(_, decision)| decision.people == PeopleAre::Told)
    }

    /// Whether telling people goes on.
    pub fn telling(&self) -> Telling {
        let latest = self.entries().rev().find_map(|entry| match entry.act {
            Act::TellingSet(telling, _) => Some(telling),
            _ => None,
        });
        latest.unwrap_or(Telling::Running)
    }

    /// When the last of those who were found had been told.
    pub fn all_told_at(&self) -> Option<Timestamp> {
        self.entries().rev().find(|entry| entry.act == Act::AllTold).map(|entry| entry.at)
    }

    /// The lessons, each with its number and whether it was followed up.
    pub fn lessons(&self) -> impl Iterator<Item = (u32, &str, Option<Date>, bool)> {
        let followed = |number: u32| {
            self.history.iter().any(|entry| matches!(entry.act, Act::FollowedUp(lesson, _) if lesson == number))
        };
        (1..).zip(&self.history).filter_map(move |(number, entry)| match &entry.act {
            Act::Lesson(text, follow_up) => Some((number, text.as_str(), *follow_up, followed(number))),
            _ => None,
        })
    }

    /// The signals that belong to it.
    pub fn signals(&self) -> BTreeSet<&SignalId> {
        let later = self.history.iter().filter_map(|entry| match &entry.act {
            Act::SignalLinked(signal) => Some(signal),
            _ => None,
        });
        self.breach.signals.iter().chain(later).collect()
    }

    /// Whether something is still owed.
    pub fn is_open(&self) -> bool {
        let latest = self.entries().rev().find(|entry| matches!(entry.act, Act::Closed(_) | Act::Reopened(_)));
        !latest.is_some_and(|entry| matches!(entry.act, Act::Closed(_)))
    }

    /// The breach after one more entry.
    ///
    /// # Errors
    /// [`Refused`] if it cannot happen now.
    pub fn after(&self, entry: Entry) -> Result<Self, Refused> {
        match self.obstacle(&entry) {
            Some(why) => Err(Refused { act: entry.act.kind(), why }),
            None => {
                let mut next = self.clone();
                next.history.push(entry);
                Ok(next)
            }
        }
    }

    /// What is in the way of an entry; `None`: nothing. Whether a clock still runs when it is closed is asked by
    /// whoever knows the policy.
    fn obstacle(&self, entry: &Entry) -> Option<Why> {
        let when = |holds: bool, why: Why| holds.then_some(why);
        if entry.act.is_by_product() != (entry.by == Actor::Product) {
            return Some(Why::NotForThem);
        }
        if self.history.len() >= HISTORY_ENTRIES_MAX {
            return Some(Why::HistoryFull);
        }
        let adds_only = matches!(entry.act, Act::Noted(_) | Act::Lesson(..) | Act::FollowedUp(..) | Act::Reopened(_));
        if !self.is_open() && !adds_only {
            return Some(Why::Closed);
        }
        match &entry.act {
            Act::Happened(_, at) => when(*at > entry.at, Why::Time),
            Act::FactsChanged(facts) => when(facts.exposed_to < facts.exposed_from, Why::Window),
            Act::Notified(submission) => when(submission.at > entry.at, Why::Time),
            Act::Decided(decision) => match decision.people {
                PeopleAre::NotTold(Exemption::Unintelligible)
                    if self.facts().protection != super::Protection::KeysSafe =>
                {
                    Some(Why::KeysExposed)
                }
                PeopleAre::NotTold(_) => when(self.tells_each(), Why::BeingTold),
                PeopleAre::Told | PeopleAre::ToldInPublic => None,
            },
            Act::TellingSet(..) => when(!self.tells_each(), Why::NobodyTold)
                .or_else(|| when(self.telling() == Telling::Stopped, Why::Stopped)),
            Act::AllTold => when(!self.tells_each(), Why::NobodyTold),
            Act::FollowedUp(lesson, _) => {
                when(!self.lessons().any(|(number, _, _, done)| number == *lesson && !done), Why::NoSuchLesson)
            }
            Act::Reopened(_) => when(self.is_open(), Why::Open),
            Act::SignalLinked(_)
            | Act::Counted(_)
            | Act::Assessed(_)
            | Act::Noted(_)
            | Act::Lesson(..)
            | Act::Closed(_) => None,
        }
    }
}
