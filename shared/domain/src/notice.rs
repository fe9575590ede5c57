//! Changes of the privacy notice: from when one counts, who is told of it, and which consents it
//! asks for again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;

use crate::{
    consent::{self, Choice, ChoiceState, ConsentEvent},
    ids::{ChangeId, Purpose, Recipient},
    policy::{Clause, LawfulBasis, Notice, Policy, PolicyHash},
    retention,
};

/// Longest summary of a change, in bytes of plain text.
pub const SUMMARY_BYTES_MAX: usize = 4_096;

/// What is owed where a policy says nothing about changes: people know of a new purpose before
/// their data is used for it.
pub const FLOOR: &str = "GDPR Art. 13(3)";

/// How much a change means to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Significance {
    /// Wording alone: nobody's data is treated otherwise.
    Editorial,
    /// People's data is treated otherwise.
    Significant,
    /// The company, or the part of it that holds the data, belongs to somebody else.
    Ownership,
}

impl Significance {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Editorial, Self::Significant, Self::Ownership];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Editorial => "editorial",
            Self::Significant => "significant",
            Self::Ownership => "ownership",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|significance| significance.as_str() == text)
    }
}

/// A new version of the notice, as somebody asks for it to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its version, language and hash.
    pub notice: Notice,
    /// Where the whole text stands.
    pub url: String,
    /// From when it counts; `None`: as soon as the policy allows.
    pub effective_at: Option<Timestamp>,
    /// How much it means to people, as a person judged it.
    pub significance: Significance,
    /// What changes, in plain words.
    pub summary: String,
    /// Purposes that data is used for from then on.
    pub new_purposes: BTreeSet<Purpose>,
    /// Those who get data from then on.
    pub new_recipients: BTreeSet<Recipient>,
    /// Purposes whose consents do not outlive the change; `None`: nobody said.
    pub ask_again: Option<BTreeSet<Purpose>>,
}

/// What follows from a publication under the controller's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// From when it counts.
    pub effective_at: Timestamp,
    /// How much it means to people, by the judgement and by law.
    pub significance: Significance,
    /// Whether people are written to, besides the public page.
    pub by_mail: bool,
    /// Where that is promised.
    pub clause: Clause,
}

/// Why a notice is not published. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicationRefused {
    /// The summary is empty or longer than [`SUMMARY_BYTES_MAX`].
    Summary,
    /// The policy names no such purpose.
    UnknownPurpose(Purpose),
    /// The policy names no such recipient.
    UnknownRecipient(Recipient),
    /// The policy names no such purpose whose consent could be asked for again.
    UnknownConsent(Purpose),
    /// The purpose rests on another ground: there is no consent to ask for again.
    NotByConsent(Purpose, LawfulBasis),
    /// The policy asks again for the consents that a change touches, and nobody said which.
    AskAgainUnsaid,
    /// It would count for a time before it was published.
    Retroactive,
    /// The policy promises to tell people earlier: it can count from then on.
    TooSoon(Timestamp),
    /// The lead time ends past the calendar.
    OutOfCalendar,
}

impl fmt::Display for PublicationRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Summary => write!(f, "a summary holds 1 to {SUMMARY_BYTES_MAX} bytes"),
            Self::UnknownPurpose(purpose) | Self::UnknownConsent(purpose) => {
                write!(f, "the policy names no purpose {purpose}")
            }
            Self::UnknownRecipient(recipient) => write!(f, "the policy names no recipient {recipient}"),
            Self::NotByConsent(purpose, basis) => write!(f, "{purpose} rests on {}, not on consent", basis.as_str()),
            Self::AskAgainUnsaid => f.write_str("the policy asks again for the consents that such a change touches"),
            Self::Retroactive => f.write_str("a change never counts for the time before it was published"),
            Self::TooSoon(earliest) => {
                write!(f, "the policy tells people earlier: published now, it can count from {earliest} on")
            }
            Self::OutOfCalendar => f.write_str("the policy's lead time ends past the calendar"),
        }
    }
}

impl std::error::Error for PublicationRefused {}

/// Checks a publication against the controller's policy, and says what follows from it.
///
/// A new purpose, or a consent that is asked for again, makes a change significant whatever
/// somebody called it (GDPR Art. 13(3)). Significant changes and those of ownership go out by mail
/// where the policy promises mail; wording goes by the page alone.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(policy: &Policy, wanted: &Publication, published_at: Timestamp) -> Result<Terms, PublicationRefused> {
    if wanted.summary.trim().is_empty() || wanted.summary.len() > SUMMARY_BYTES_MAX {
        return Err(PublicationRefused::Summary);
    }
    if let Some(unknown) = wanted.new_purposes.iter().find(|purpose| !policy.purposes.contains_key(*purpose)) {
        return Err(PublicationRefused::UnknownPurpose(unknown.clone()));
    }
    if let Some(unknown) = wanted.new_recipients.iter().find(|recipient| !policy.recipients.contains_key(*recipient)) {
        return Err(PublicationRefused::UnknownRecipient(unknown.clone()));
    }
    for purpose in wanted.ask_again.iter().flatten() {
        let rule = policy.purposes.get(purpose).ok_or_else(|| PublicationRefused::UnknownConsent(purpose.clone()))?;
        if rule.basis != LawfulBasis::Consent {
            return Err(PublicationRefused::NotByConsent(purpose.clone(), rule.basis));
        }
    }
    let rule = policy.notice_change.as_ref();
    let asks_again = wanted.ask_again.as_ref().is_some_and(|purposes| !purposes.is_empty());
    let significance = match wanted.significance {
        Significance::Editorial if !wanted.new_purposes.is_empty() || asks_again => Significance::Significant,
        judged => judged,
    };
    let is_felt = significance != Significance::Editorial;
    if is_felt && wanted.ask_again.is_none() && rule.is_some_and(|rule| rule.ask_again) {
        return Err(PublicationRefused::AskAgainUnsaid);
    }
    let earliest = match rule.and_then(|rule| rule.lead_time.as_ref()) {
        Some(lead_time) => retention::after(published_at, lead_time, &policy.time_zone)
            .map_err(|_| PublicationRefused::OutOfCalendar)?,
        None => published_at,
    };
    let effective_at = wanted.effective_at.unwrap_or(earliest);
    if effective_at < published_at {
        return Err(PublicationRefused::Retroactive);
    }
    if effective_at < earliest {
        return Err(PublicationRefused::TooSoon(earliest));
    }
    Ok(Terms {
        effective_at,
        significance,
        by_mail: is_felt && rule.is_some_and(|rule| rule.by_mail),
        clause: rule.map_or_else(|| Clause::new(FLOOR), |rule| rule.clause.clone()),
    })
}

/// A version of the notice that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeChange {
    /// Its identifier: a version is published once.
    pub id: ChangeId,
    /// Its version, language and hash.
    pub notice: Notice,
    /// Where the whole text stands.
    pub url: String,
    /// Since when it can be read.
    pub published_at: Timestamp,
    /// From when it counts.
    pub effective_at: Timestamp,
    /// How much it means to people.
    pub significance: Significance,
    /// What changes, in plain words.
    pub summary: String,
    /// Purposes that data is used for from then on.
    pub new_purposes: BTreeSet<Purpose>,
    /// Those who get data from then on.
    pub new_recipients: BTreeSet<Recipient>,
    /// Purposes whose consents do not outlive the change.
    pub ask_again: BTreeSet<Purpose>,
    /// Whether people are written to, besides the public page.
    pub by_mail: bool,
    /// Where that is promised.
    pub clause: Clause,
    /// The policy it was published under.
    pub policy: PolicyHash,
    /// Who published it, as the token names them.
    pub published_by: String,
}

/// A consent that counts no longer: it is to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAgain {
    /// The change that asks for it.
    pub change: ChangeId,
    /// The notice under which it can be given.
    pub version: String,
    /// From when the old one counts no longer.
    pub since: Timestamp,
}

/// What a person chose for one purpose, and whether that still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentChoice {
    /// What they chose last.
    pub choice: ChoiceState,
    /// Whether a consent they gave is asked for again; it does not count then.
    pub asked_again: Option<AskedAgain>,
}

/// The change that asks for a purpose's consent again at that time, and the versions under which a
/// consent counts: its own, and those that were published after it.
fn demand<'a>(
    changes: &'a [NoticeChange],
    purpose: &Purpose,
    now: Timestamp,
) -> Option<(&'a NoticeChange, BTreeSet<&'a str>)> {
    let place = |change: &NoticeChange| (change.published_at, change.id.clone(), change.effective_at);
    let asking = changes
        .iter()
        .filter(|change| change.effective_at <= now && change.ask_again.contains(purpose))
        .max_by_key(|change| place(change))?;
    let later = changes.iter().filter(|change| place(change) >= place(asking));
    Some((asking, later.map(|change| change.notice.version.as_str()).collect()))
}

/// The events without the consents that count no longer at that time.
///
/// From its effective date on, a change that asks for a consent again leaves only those standing
/// that were given under its own version or a later one, whenever they were given: a person cannot
/// have agreed to what they were not shown (GDPR Art. 4(11), 7(1)). Refusals and withdrawals stand.
pub fn counting(events: &[ConsentEvent], changes: &[NoticeChange], now: Timestamp) -> Vec<ConsentEvent> {
    let counts = |event: &ConsentEvent, purpose: &Purpose, choice: Choice| {
        choice != Choice::Given
            || demand(changes, purpose, now).is_none_or(|(_, versions)| versions.contains(&*event.notice_version))
    };
    let standing = events.iter().map(|event| {
        let choices = event.choices.iter().filter(|(purpose, choice)| counts(event, purpose, **choice));
        ConsentEvent { choices: choices.map(|(purpose, choice)| (purpose.clone(), *choice)).collect(), ..event.clone() }
    });
    standing.filter(|event| !event.choices.is_empty()).collect()
}

/// The state of each purpose, as [`consent::fold`] has it, with the consents that are to be given
/// again.
pub fn state(events: &[ConsentEvent], changes: &[NoticeChange], now: Timestamp) -> BTreeMap<Purpose, CurrentChoice> {
    let mut standing = consent::fold(&counting(events, changes, now));
    let chosen = consent::fold(events).into_iter().map(|(purpose, last)| {
        let current = match standing.remove(&purpose) {
            // A consent that counts stands, even if an older form was sent again after it.
            Some(standing) if standing.choice == Choice::Given => CurrentChoice { choice: standing, asked_again: None },
            _ if last.choice != Choice::Given => CurrentChoice { choice: last, asked_again: None },
            _ => {
                let asked_again = demand(changes, &purpose, now).map(|(change, _)| AskedAgain {
                    change: change.id.clone(),
                    version: change.notice.version.clone(),
                    since: change.effective_at,
                });
                CurrentChoice { choice: last, asked_again }
            }
        };
        (purpose, current)
    });
    chosen.collect()
}
