//! Consent: what a capture must be, and the state it folds to.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;

use crate::{
    ids::{CaptureId, Fingerprint, Purpose, SubjectRef},
    policy::{Country, LawfulBasis, Policy, PolicyHash},
};

/// Most purposes in one form.
pub const PURPOSES_MAX: usize = 32;

/// What a person chose for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Agreed, by a clear affirmative act (GDPR Art. 4(11)).
    Given,
    /// Declined.
    Refused,
    /// Took it back (GDPR Art. 7(3)).
    Withdrawn,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Given, Self::Refused, Self::Withdrawn];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }

    /// On a tie in time the choice that protects the person more wins.
    const fn weight(self) -> u8 {
        match self {
            Self::Given => 0,
            Self::Refused => 1,
            Self::Withdrawn => 2,
        }
    }
}

/// One form as it was submitted: all its purposes, and what the person was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    /// Its identifier, the same for a retry.
    pub id: CaptureId,
    /// Whose choice it is.
    pub subject: SubjectRef,
    /// When it was made.
    pub at: Timestamp,
    /// The choices.
    pub choices: BTreeMap<Purpose, Choice>,
    /// The notice shown (GDPR Art. 7(1)).
    pub notice_version: String,
    /// The language it was shown in.
    pub language: String,
    /// How the choice was expressed: `form:newsletter`.
    pub method: String,
    /// Whether the browser sent `Sec-GPC: 1`.
    pub gpc: bool,
    /// The policy it was captured under.
    pub policy: PolicyHash,
    /// What the form carried, to tell a retry from another form.
    pub fingerprint: Fingerprint,
}

/// A consent as somebody asks for it to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The choices.
    pub choices: BTreeMap<Purpose, Choice>,
    /// The notice that was shown; a withdrawal needs none.
    pub notice_version: Option<String>,
    /// The person's age in years, where the form asks for it.
    pub age: Option<u8>,
    /// Where the person lives, where the form asks for it: some countries' laws say another age.
    pub country: Option<Country>,
    /// Whether a guardian agreed (GDPR Art. 8(1)).
    pub guardian: bool,
}

/// Why a capture is refused. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureRefused {
    /// No choice at all, or more than [`PURPOSES_MAX`].
    ChoiceCount,
    /// The policy names no such purpose.
    UnknownPurpose(Purpose),
    /// The purpose rests on another ground: there is no consent to give or to take back.
    NotByConsent(Purpose, LawfulBasis),
    /// Consent needs the notice that was shown (GDPR Art. 7(1)).
    NoticeMissing,
    /// The notice is none that the policy still accepts.
    NoticeUnknown,
    /// The policy asks for an age and the form gives none.
    AgeMissing,
    /// Too young for this service, whoever agrees.
    TooYoung(u8),
    /// Too young to agree alone (GDPR Art. 8(1)).
    GuardianNeeded(u8),
}

impl fmt::Display for CaptureRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChoiceCount => write!(f, "a form holds one to {PURPOSES_MAX} choices"),
            Self::UnknownPurpose(purpose) => write!(f, "the policy names no purpose {purpose}"),
            Self::NotByConsent(purpose, basis) => write!(f, "{purpose} rests on {}, not on consent", basis.as_str()),
            Self::NoticeMissing => f.write_str("consent needs the version of the notice that was shown"),
            Self::NoticeUnknown => f.write_str("this notice version is not one that the policy accepts"),
            Self::AgeMissing => f.write_str("this controller's policy has an age limit, so the form must say the age"),
            Self::TooYoung(limit) => write!(f, "this controller takes nobody under {limit}"),
            Self::GuardianNeeded(limit) => write!(f, "under {limit} a guardian must agree"),
        }
    }
}

impl std::error::Error for CaptureRefused {}

/// Checks a capture against the controller's policy.
///
/// # Errors
/// The first rule it breaks.
pub fn check(policy: &Policy, capture: &Capture) -> Result<(), CaptureRefused> {
    if capture.choices.is_empty() || capture.choices.len() > PURPOSES_MAX {
        return Err(CaptureRefused::ChoiceCount);
    }
    for purpose in capture.choices.keys() {
        let rule = policy.purposes.get(purpose).ok_or_else(|| CaptureRefused::UnknownPurpose(purpose.clone()))?;
        if rule.basis != LawfulBasis::Consent {
            return Err(CaptureRefused::NotByConsent(purpose.clone(), rule.basis));
        }
    }
    // Withdrawing is as easy as giving (GDPR Art. 7(3)): it needs no notice and no age.
    if !capture.choices.values().any(|choice| *choice == Choice::Given) {
        return Ok(());
    }
    match &capture.notice_version {
        None => return Err(CaptureRefused::NoticeMissing),
        Some(version) if !policy.accepted_notices.contains(version) => return Err(CaptureRefused::NoticeUnknown),
        Some(_) => {}
    }
    check_age(policy, capture.age, capture.country, capture.guardian)
}

/// Checks an age against the policy's rule, where it has one.
///
/// # Errors
/// [`CaptureRefused::AgeMissing`], [`CaptureRefused::TooYoung`] or [`CaptureRefused::GuardianNeeded`].
pub fn check_age(
    policy: &Policy,
    age: Option<u8>,
    country: Option<Country>,
    guardian: bool,
) -> Result<(), CaptureRefused> {
    let Some(rule) = &policy.age else { return Ok(()) };
    let age = age.ok_or(CaptureRefused::AgeMissing)?;
    match (rule.refuse_below, rule.guardian_age(country)) {
        (Some(limit), _) if age < limit => Err(CaptureRefused::TooYoung(limit)),
        (_, Some(limit)) if age < limit && !guardian => Err(CaptureRefused::GuardianNeeded(limit)),
        _ => Ok(()),
    }
}

/// The state of one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceState {
    /// The choice in force.
    pub choice: Choice,
    /// Since when.
    pub since: Timestamp,
    /// The capture that made it so.
    pub capture: CaptureId,
}

/// Folds events into the state of each purpose, whatever order they arrive in.
///
/// Events count by when they happened. On a tie withdrawn beats refused beats given, so a late
/// grant never reopens a withdrawal.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a ConsentEvent>) -> BTreeMap<Purpose, ChoiceState> {
    let mut state: BTreeMap<Purpose, ChoiceState> = BTreeMap::new();
    for event in events {
        for (purpose, &choice) in &event.choices {
            let next = ChoiceState { choice, since: event.at, capture: event.id.clone() };
            match state.get(purpose) {
                Some(current) if order(current, &next) != Ordering::Less => {}
                _ => {
                    state.insert(purpose.clone(), next);
                }
            }
        }
    }
    state
}

fn order(a: &ChoiceState, b: &ChoiceState) -> Ordering {
    (a.since, a.choice.weight(), &a.capture).cmp(&(b.since, b.choice.weight(), &b.capture))
}

/// The purposes whose consents a use needs: those named, and what their rules ask for beside them,
/// however far that leads. A beacon in a newsletter needs both.
pub fn needed<'a>(policy: &Policy, purposes: impl IntoIterator<Item = &'a Purpose>) -> BTreeSet<Purpose> {
    fn add(policy: &Policy, purpose: &Purpose, needed: &mut BTreeSet<Purpose>) {
        if needed.insert(purpose.clone())
            && let Some(rule) = policy.purposes.get(purpose)
        {
            rule.also_needs.iter().for_each(|other| add(policy, other, needed));
        }
    }
    let mut all = BTreeSet::new();
    purposes.into_iter().for_each(|purpose| add(policy, purpose, &mut all));
    all
}

/// Whether the consent to a purpose is in force, with all that it needs beside it. Absence is not
/// consent.
pub fn is_in_force(policy: &Policy, state: &BTreeMap<Purpose, ChoiceState>, purpose: &Purpose) -> bool {
    needed(policy, [purpose]).iter().all(|needed| is_given(state, needed))
}

/// Whether a purpose's own consent is given, whatever else it needs.
pub fn is_given(state: &BTreeMap<Purpose, ChoiceState>, purpose: &Purpose) -> bool {
    state.get(purpose).is_some_and(|state| state.choice == Choice::Given)
}

/// The events that had happened by then: what a fold of them gives was in force at that time.
pub fn as_of(events: &[ConsentEvent], at: Timestamp) -> impl Iterator<Item = &ConsentEvent> {
    events.iter().filter(move |event| event.at <= at)
}
