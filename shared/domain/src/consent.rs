//! Consent: what a capture must be, and the state it folds to.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{Timestamp, ToSpan};

use crate::{
    ids::{CaptureId, Fingerprint, GuardianId, Identifier, Purpose, SubjectRef},
    policy::{Country, LawfulBasis, Policy, PolicyHash},
};

/// Most purposes in one form.
pub const PURPOSES_MAX: usize = 32;

/// How long a guardian has to agree to what a child chose. After that it counts for nothing.
pub const GUARDIAN_HOURS: i64 = 24 * 14;

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

/// What a guardian has to do with an event (GDPR Art. 8(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardianPart {
    /// A child chose: what it gave counts for nothing until this guardian agrees.
    Awaited {
        /// Who is asked.
        guardian: GuardianId,
    },
    /// The guardian agrees to what a child gave.
    Agreed {
        /// Who agrees.
        guardian: GuardianId,
        /// The child's own capture.
        to: CaptureId,
    },
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
    /// What a guardian has to do with it; `None`: nothing, the person chose alone.
    pub guardian: Option<GuardianPart>,
}

impl ConsentEvent {
    /// Whether it waits for a guardian.
    pub const fn is_awaited(&self) -> bool {
        matches!(self.guardian, Some(GuardianPart::Awaited { .. }))
    }

    /// Whether it is a guardian's own word.
    pub const fn is_agreed(&self) -> bool {
        matches!(self.guardian, Some(GuardianPart::Agreed { .. }))
    }
}

/// Until when a guardian can agree to what a child chose then.
pub fn agree_by(chosen_at: Timestamp) -> Timestamp {
    chosen_at.saturating_add(GUARDIAN_HOURS.hours()).unwrap_or(Timestamp::MAX)
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
    /// The mail address of the guardian who is asked, where the person is a child (GDPR Art. 8(2)).
    pub guardian: Option<Identifier>,
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
    /// The child named itself as its guardian.
    GuardianIsSubject,
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
            Self::GuardianIsSubject => f.write_str("the guardian must have another address than the person"),
        }
    }
}

impl std::error::Error for CaptureRefused {}

/// Checks a capture against the controller's policy. Answers the guardian who must agree before it
/// counts; `None`: it counts at once.
///
/// # Errors
/// The first rule it breaks.
pub fn check<'a>(policy: &Policy, capture: &'a Capture) -> Result<Option<&'a Identifier>, CaptureRefused> {
    // Withdrawing is as easy as giving (GDPR Art. 7(3)): it needs no notice and no age.
    if !check_choices(policy, &capture.choices, capture.notice_version.as_deref())? {
        return Ok(None);
    }
    match age_standing(policy, capture.age, capture.country)? {
        AgeStanding::OfAge => Ok(None),
        AgeStanding::NeedsGuardian(limit) => {
            capture.guardian.as_ref().map(Some).ok_or(CaptureRefused::GuardianNeeded(limit))
        }
    }
}

/// Checks the choices of a form and the notice that was shown; answers whether anything is given.
///
/// # Errors
/// The first rule it breaks.
pub fn check_choices(
    policy: &Policy,
    choices: &BTreeMap<Purpose, Choice>,
    notice_version: Option<&str>,
) -> Result<bool, CaptureRefused> {
    if choices.is_empty() || choices.len() > PURPOSES_MAX {
        return Err(CaptureRefused::ChoiceCount);
    }
    for purpose in choices.keys() {
        let rule = policy.purposes.get(purpose).ok_or_else(|| CaptureRefused::UnknownPurpose(purpose.clone()))?;
        if rule.basis != LawfulBasis::Consent {
            return Err(CaptureRefused::NotByConsent(purpose.clone(), rule.basis));
        }
    }
    if !choices.values().any(|choice| *choice == Choice::Given) {
        return Ok(false);
    }
    match notice_version {
        None => Err(CaptureRefused::NoticeMissing),
        Some(version) if policy.accepted_notices.iter().any(|accepted| accepted == version) => Ok(true),
        Some(_) => Err(CaptureRefused::NoticeUnknown),
    }
}

/// Whether somebody of an age can choose alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeStanding {
    /// Old enough, or the policy has no rule.
    OfAge,
    /// Below this many years a guardian must agree (GDPR Art. 8(1)).
    NeedsGuardian(u8),
}

/// Holds an age against the policy's rule, where it has one.
///
/// # Errors
/// [`CaptureRefused::AgeMissing`] or [`CaptureRefused::TooYoung`].
pub fn age_standing(policy: &Policy, age: Option<u8>, country: Option<Country>) -> Result<AgeStanding, CaptureRefused> {
    let Some(rule) = &policy.age else { return Ok(AgeStanding::OfAge) };
    let age = age.ok_or(CaptureRefused::AgeMissing)?;
    match (rule.refuse_below, rule.guardian_age(country)) {
        (Some(limit), _) if age < limit => Err(CaptureRefused::TooYoung(limit)),
        (_, Some(limit)) if age < limit => Ok(AgeStanding::NeedsGuardian(limit)),
        _ => Ok(AgeStanding::OfAge),
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
/// grant never reopens a withdrawal. What a child gave counts from when its guardian agreed, unless
/// the child took it back before that.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a ConsentEvent>) -> BTreeMap<Purpose, ChoiceState> {
    let events: Vec<&ConsentEvent> = events.into_iter().collect();
    let mut state: BTreeMap<Purpose, ChoiceState> = BTreeMap::new();
    for event in &events {
        for (purpose, &choice) in &event.choices {
            if choice == Choice::Given && !counts(&events, event, purpose) {
                continue;
            }
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

/// Whether what an event gives for a purpose counts (GDPR Art. 8(1)).
fn counts(events: &[&ConsentEvent], event: &ConsentEvent, purpose: &Purpose) -> bool {
    let to = match &event.guardian {
        None => return true,
        Some(GuardianPart::Awaited { .. }) => return false,
        Some(GuardianPart::Agreed { to, .. }) => to,
    };
    let asked = events.iter().find(|asked| asked.id == *to && asked.is_awaited());
    asked.is_some_and(|asked| {
        (asked.at..agree_by(asked.at)).contains(&event.at)
            && asked.choices.get(purpose) == Some(&Choice::Given)
            && !is_taken_back(events, asked, purpose, event.at)
    })
}

/// Whether what a capture gave was refused or withdrawn since, up to that time.
fn is_taken_back(events: &[&ConsentEvent], capture: &ConsentEvent, purpose: &Purpose, until: Timestamp) -> bool {
    let since = events.iter().filter(|event| capture.at <= event.at && event.at <= until);
    since.filter_map(|event| event.choices.get(purpose)).any(|choice| *choice != Choice::Given)
}

/// What a child gave in a capture and a guardian can still agree to: what was not taken back since.
pub fn awaited(events: &[ConsentEvent], capture: &ConsentEvent) -> BTreeSet<Purpose> {
    let events: Vec<&ConsentEvent> = events.iter().collect();
    let given = capture.choices.iter().filter(|(_, choice)| **choice == Choice::Given);
    let open = given.filter(|(purpose, _)| !is_taken_back(&events, capture, purpose, Timestamp::MAX));
    open.map(|(purpose, _)| purpose.clone()).collect()
}

/// Whether a form gives anything that is confirmed by mail.
pub fn asks_confirmation(policy: &Policy, choices: &BTreeMap<Purpose, Choice>) -> bool {
    choices.iter().any(|(purpose, choice)| *choice == Choice::Given && is_confirmed(policy, purpose))
}

/// What a capture began that is confirmed by mail: given there, not given before, and not taken back
/// since. So a purpose is confirmed once while it stands given, however often the form is sent.
pub fn to_confirm(policy: &Policy, events: &[ConsentEvent], capture: &ConsentEvent) -> BTreeSet<Purpose> {
    let before = fold(events.iter().filter(|event| (event.at, &event.id) < (capture.at, &capture.id)));
    let all: Vec<&ConsentEvent> = events.iter().collect();
    let given = capture.choices.iter().filter(|(_, choice)| **choice == Choice::Given).map(|(purpose, _)| purpose);
    let begun = given.filter(|purpose| is_confirmed(policy, purpose) && !is_given(&before, purpose));
    begun.filter(|purpose| !is_taken_back(&all, capture, purpose, Timestamp::MAX)).cloned().collect()
}

fn is_confirmed(policy: &Policy, purpose: &Purpose) -> bool {
    policy.purposes.get(purpose).is_some_and(|rule| rule.confirm_by_mail)
}

/// Everything that a withdrawal of all must take back: what is given, and what would be as soon as a
/// guardian agrees.
pub fn revocable(events: &[ConsentEvent]) -> BTreeSet<Purpose> {
    let given = fold(events).into_iter().filter(|(_, state)| state.choice == Choice::Given);
    let mut all: BTreeSet<Purpose> = given.map(|(purpose, _)| purpose).collect();
    for capture in events.iter().filter(|event| event.is_awaited()) {
        all.extend(awaited(events, capture));
    }
    all
}

/// Whether a guardian had agreed by then, and it stood: to this purpose if it rests on consent, else
/// to anything, since then there is a guardian who knows of it.
pub fn guardian_agreed(policy: &Policy, events: &[ConsentEvent], purpose: &Purpose, at: Timestamp) -> bool {
    let state = fold(as_of(events, at));
    let by_guardian = |state: &ChoiceState| {
        state.choice == Choice::Given && events.iter().any(|event| event.id == state.capture && event.is_agreed())
    };
    match policy.purposes.get(purpose) {
        Some(rule) if rule.basis == LawfulBasis::Consent => state.get(purpose).is_some_and(by_guardian),
        _ => state.values().any(by_guardian),
    }
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
