//! What a change of policy means: for people, for their consents and for what is already stored.
//!
//! [`diff`] compares two policies of one controller rule by rule and says of each change what
//! follows from it. It compares promises, not files: `P12M` and `P1Y` are one promise.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use domain::{
    ids::{Category, Purpose},
    policy::{Clause, Policy},
};
use serde::Serialize;

use crate::shown;

mod life;
mod parts;

use life::Weight;

/// A part of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Whose policy it is, its laws and its zone.
    Controller,
    /// How the controller is reached.
    Office,
    /// What the company is for a service.
    Role,
    /// The notice that people are shown.
    Notice,
    /// What follows when the notice changes.
    NoticeChange,
    /// What data is used for.
    Purpose,
    /// What data is kept.
    Category,
    /// How long it is kept.
    Retention,
    /// A system of the controller's that requests go out to.
    System,
    /// A copy of the files.
    Replica,
    /// What people can ask for.
    Right,
    /// Who may ask for somebody else.
    Agents,
    /// Whom the service does not take.
    Age,
    /// What is promised when data leaks.
    Breach,
    /// Who gets data.
    Recipient,
    /// Where data may be.
    Transfer,
    /// What data is never used for.
    Denial,
    /// What is set on devices.
    Tracker,
    /// Which browser signals count.
    Signals,
    /// What keeps records from deletion.
    Hold,
    /// What people vouch for.
    Attestation,
}

impl Part {
    /// The name in JSON and on a terminal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::Office => "office",
            Self::Role => "role",
            Self::Notice => "notice",
            Self::NoticeChange => "notice-change",
            Self::Purpose => "purpose",
            Self::Category => "category",
            Self::Retention => "retention",
            Self::System => "system",
            Self::Replica => "replica",
            Self::Right => "right",
            Self::Agents => "agents",
            Self::Age => "age",
            Self::Breach => "breach",
            Self::Recipient => "recipient",
            Self::Transfer => "transfer",
            Self::Denial => "denial",
            Self::Tracker => "tracker",
            Self::Signals => "signals",
            Self::Hold => "hold",
            Self::Attestation => "attestation",
        }
    }
}

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It was not there.
    New,
    /// It is no longer there.
    Gone,
    /// Records live shorter in some case and longer in none.
    Shorter,
    /// Records live longer in some case and shorter in none.
    Longer,
    /// People are protected more.
    Stronger,
    /// People are protected less.
    Weaker,
    /// Neither can be said of every case.
    Different,
}

impl ChangeKind {
    /// The name in JSON and on a terminal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Shorter => "shorter",
            Self::Longer => "longer",
            Self::Stronger => "stronger",
            Self::Weaker => "weaker",
            Self::Different => "different",
        }
    }

    /// What the same change is when it is taken back.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::New => Self::Gone,
            Self::Gone => Self::New,
            Self::Shorter => Self::Longer,
            Self::Longer => Self::Shorter,
            Self::Stronger => Self::Weaker,
            Self::Weaker => Self::Stronger,
            Self::Different => Self::Different,
        }
    }
}

/// What follows from a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// GDPR Art. 13(3), 14(4): before the data is used so.
    TellPeople,
    /// GDPR Art. 6(1)(a): nothing starts without it.
    AskConsent,
    /// GDPR Art. 7: a consent covers what was asked, and this was not.
    AskConsentAgain,
    /// Records that are stored have an earlier end under the new rule.
    StoredEndEarlier,
    /// Records that are stored get a later end with the next event that counts for them, unless they have expired.
    StoredEndLater,
    /// Records that are stored get the new rule's end, earlier or later.
    StoredPlannedAnew,
    /// No rule plans them any more: no new record is taken in.
    StoredKeepTheirEnd,
}

impl Consequence {
    /// The consequence in a sentence without its full stop.
    pub const fn text(self) -> &'static str {
        match self {
            Self::TellPeople => "people must be told",
            Self::AskConsent => "consent must be asked before it starts",
            Self::AskConsentAgain => "consent must be asked again",
            Self::StoredEndEarlier => "stored records end earlier",
            Self::StoredEndLater => {
                "stored records end later from the next event that counts for them; what has expired is not revived"
            }
            Self::StoredPlannedAnew => {
                "stored records end earlier or later, as it comes; what has expired is not revived"
            }
            Self::StoredKeepTheirEnd => "stored records keep the end that they have; no new one is taken in",
        }
    }
}

/// Which stored records a change touches. A part that is left out stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// Records of this category.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown::text_or_none")]
    pub category: Option<Category>,
    /// Records kept for this purpose.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown::text_or_none")]
    pub purpose: Option<Purpose>,
}

impl Touched {
    /// Whether a record is among them.
    pub fn covers(&self, category: &str, purpose: &str) -> bool {
        self.category.as_ref().is_none_or(|own| own.as_str() == category)
            && self.purpose.as_ref().is_none_or(|own| own.as_str() == purpose)
    }
}

/// One change, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of promise.
    pub part: Part,
    /// Which one: `chat-ip for chat.messaging`.
    pub what: String,
    /// Which side of it: `countries`; `None`: the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect: Option<&'static str>,
    /// Which way it goes.
    pub kind: ChangeKind,
    /// What was promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is promised now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Where it is promised: in the new policy, or in the old one if it is gone.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown::text_or_none")]
    pub clause: Option<Clause>,
    /// What follows.
    pub consequences: BTreeSet<Consequence>,
    /// The stored records that it touches; `None`: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<Touched>,
}

/// Compares two policies of one controller. Empty if they promise the same.
///
/// Changes come in the order of [`Part`], and within a part in the order of names.
pub fn diff(old: &Policy, new: &Policy) -> Vec<Change> {
    let mut found = Found::default();
    parts::compare(&mut found, old, new);
    found.changes.sort_by(|a, b| (a.part, &a.what, a.aspect).cmp(&(b.part, &b.what, b.aspect)));
    found.changes
}

/// The changes as they are found.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
}

/// One promise as it is compared: which one it is, and where it stands.
#[derive(Clone, Copy)]
struct Subject<'a> {
    part: Part,
    what: &'a str,
    clause: Option<&'a Clause>,
    records: Option<&'a Touched>,
}

impl Found {
    fn add(
        &mut self,
        subject: Subject<'_>,
        aspect: Option<&'static str>,
        kind: ChangeKind,
        [before, after]: [Option<String>; 2],
        consequences: &[Consequence],
    ) {
        self.changes.push(Change {
            part: subject.part,
            what: subject.what.to_owned(),
            aspect,
            kind,
            before,
            after,
            clause: subject.clause.cloned(),
            consequences: consequences.iter().copied().collect(),
            records: subject.records.cloned(),
        });
    }

    /// A side of a promise that is neither weaker nor stronger when it changes.
    fn same(&mut self, subject: Subject<'_>, aspect: &'static str, old: &str, new: &str, tell: &[Consequence]) {
        if old != new {
            self.add(subject, Some(aspect), ChangeKind::Different, [said(old), said(new)], tell);
        }
    }

    /// A side of a promise of which more is worse for people. They are told of what gets worse.
    fn more_is_weaker(
        &mut self,
        subject: Subject<'_>,
        aspect: &'static str,
        weight: Weight,
        texts: [String; 2],
        worse: &[Consequence],
    ) {
        let [old, new] = texts;
        let (kind, consequences) = match weight {
            Weight::Same => return,
            Weight::Less => (ChangeKind::Stronger, &[][..]),
            Weight::More => (ChangeKind::Weaker, worse),
            Weight::Mixed => (ChangeKind::Different, worse),
        };
        self.add(subject, Some(aspect), kind, [said(&old), said(&new)], consequences);
    }

    /// A side that is there or is not; `good` says which is better for people.
    fn flag(&mut self, subject: Subject<'_>, aspect: &'static str, [old, new]: [bool; 2], good: bool) {
        if old != new {
            let weight = if new == good { Weight::Less } else { Weight::More };
            let word = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
            self.more_is_weaker(subject, aspect, weight, [word(old), word(new)], &[Consequence::TellPeople]);
        }
    }

    /// The clause that a promise cites.
    fn cited(&mut self, subject: Subject<'_>, old: &Clause, new: &Clause) {
        self.same(subject, "clause", old.as_str(), new.as_str(), &[]);
    }
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The names of a set in one line.
fn names<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Both sides of two maps, key by key.
fn pairs<'a, K: Ord, V>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    keys.into_iter().map(|key| (key, old.get(key), new.get(key)))
}
