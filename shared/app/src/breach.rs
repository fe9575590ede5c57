//! Breaches: declared by a person, scoped from what is stored, told one by one.

use std::collections::BTreeSet;

use domain::{
    announcement::{Announcement, NoticeState},
    breach::{AuthorityNotified, BREACH_TEXT_BYTES_MAX, Breach, REFERENCE_BYTES_MAX, must_tell},
    clock,
    ids::{BreachId, Category, ControllerId, Fingerprint, SubjectRef},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    announce::{self, Announcements, Claimed, FoundPage},
    error::{Appended, PortError},
    keys::Keys,
    letters,
    mail::Mailer,
};

/// A public alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which breach.
    pub breach: BreachId,
    /// Since when it is public.
    pub published_at: Timestamp,
    /// When data was exposed, from.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// What kinds of data.
    pub categories: BTreeSet<Category>,
    /// What happened.
    pub description: String,
    /// What people can do.
    pub advice: String,
}

/// The port to breaches.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait BreachStore {
    /// Writes a breach unless one stands under its identifier, with its authority deadline open.
    async fn declare_breach(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(Breach, Fingerprint)>, PortError>;

    /// Records the notification of the authority and takes the breach out of the open deadlines; what
    /// was recorded first stands. Answers the breach as it is then, or `None` if there is none.
    async fn record_notified(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        notified: &AuthorityNotified,
    ) -> Result<Option<Breach>, PortError>;

    /// Reads a breach.
    async fn breach(&self, controller: &ControllerId, breach: &BreachId) -> Result<Option<Breach>, PortError>;

    /// One page of one segment of the people affected: those of whom a record of one of the
    /// categories is stored that was made before the window's end. One past its end counts too: what
    /// a sweep is late for leaks as well.
    async fn affected(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError>;

    /// Publishes an alert; doing it again changes nothing.
    async fn publish_alert(&self, controller: &ControllerId, alert: &Alert) -> Result<(), PortError>;

    /// The controller's alerts, newest first.
    async fn alerts(&self, controller: &ControllerId) -> Result<Vec<Alert>, PortError>;
}

/// A declaration, parsed.
#[derive(Debug)]
pub struct DeclareBreach {
    /// When the controller became aware.
    pub aware_at: Timestamp,
    /// When data was exposed, from.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// What kinds of data.
    pub categories: BTreeSet<Category>,
    /// Whether it was only tried.
    pub attempt_only: bool,
    /// Whether the risk to people is high (GDPR Art. 34(1)), as assessed by a person.
    pub high_risk: bool,
    /// What happened, in plain language.
    pub description: String,
    /// What people can do.
    pub advice: String,
    /// Who declares it.
    pub declared_by: String,
    /// The `Idempotency-Key`, or else the request's own id.
    pub key: String,
    /// When the declaration arrived.
    pub at: Timestamp,
}

/// Why nothing was declared.
#[derive(Debug, thiserror::Error)]
pub enum DeclareError {
    /// The policy names no such category.
    #[error("the policy names no category {0}")]
    UnknownCategory(Category),
    /// No category at all.
    #[error("name at least one category of data")]
    NoCategory,
    /// The window ends before it starts, or awareness lies in the future.
    #[error("{0}")]
    Times(&'static str),
    /// A text is empty or too long.
    #[error("description and advice hold 1 to {BREACH_TEXT_BYTES_MAX} bytes each")]
    Text,
    /// The key was used for another breach.
    #[error("this Idempotency-Key was used for another breach")]
    KeyReused,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Declares a breach and starts its clock.
///
/// # Errors
/// [`DeclareError`]; nothing is written then.
pub async fn declare<P: BreachStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: DeclareBreach,
) -> Result<Breach, DeclareError> {
    if form.categories.is_empty() {
        return Err(DeclareError::NoCategory);
    }
    if let Some(unknown) = form.categories.iter().find(|category| !policy.categories.contains_key(*category)) {
        return Err(DeclareError::UnknownCategory(unknown.clone()));
    }
    if form.exposed_to < form.exposed_from {
        return Err(DeclareError::Times("the exposure ends before it starts"));
    }
    if form.aware_at > form.at {
        return Err(DeclareError::Times("nobody is aware of a breach in the future"));
    }
    let text_fits = |text: &str| !text.trim().is_empty() && text.len() <= BREACH_TEXT_BYTES_MAX;
    if !text_fits(&form.description) || !text_fits(&form.advice) {
        return Err(DeclareError::Text);
    }
    let authority_due_at = clock::notify_authority_by(form.aware_at)
        .map_err(|_| DeclareError::Times("the deadline lies past the end of the calendar"))?;
    let keys = ports.controller(&policy.controller).await?;
    let categories = form.categories.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (aware, from, to) = (form.aware_at.to_string(), form.exposed_from.to_string(), form.exposed_to.to_string());
    let fingerprint = keys.pepper.derive(&[&aware, &from, &to, &categories, &form.description, &form.advice]);
    let breach = Breach {
        id: keys.pepper.derive(&[&form.key]),
        aware_at: form.aware_at,
        declared_at: form.at,
        authority_due_at,
        exposed_from: form.exposed_from,
        exposed_to: form.exposed_to,
        categories: form.categories,
        attempt_only: form.attempt_only,
        description: form.description,
        advice: form.advice,
        tell_subjects: must_tell(form.high_risk, form.attempt_only, policy.breach.tell_of_attempts),
        declared_by: form.declared_by,
        notified: None,
    };
    match ports.declare_breach(&policy.controller, &breach, &fingerprint).await? {
        Appended::Fresh => Ok(breach),
        Appended::Existing((first, made_of)) if made_of == fingerprint => Ok(first),
        Appended::Existing(_) => Err(DeclareError::KeyReused),
    }
}

/// Why no notification was recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotifiedError {
    /// There is no such breach.
    #[error("there is no such breach")]
    Unknown,
    /// It cannot have been made before anybody knew, nor later than now.
    #[error("the notification lies before awareness or in the future")]
    Time,
    /// The reference is empty or too long.
    #[error("a reference holds 1 to {REFERENCE_BYTES_MAX} bytes")]
    Reference,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Records that the authority was notified: the 72 hours are met, or it is known by how much they
/// were not.
///
/// # Errors
/// [`NotifiedError`]. Recording it again changes nothing and is no error.
pub async fn record_notified<P: BreachStore>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    notified: AuthorityNotified,
    now: Timestamp,
) -> Result<Breach, NotifiedError> {
    if notified.reference.trim().is_empty() || notified.reference.len() > REFERENCE_BYTES_MAX {
        return Err(NotifiedError::Reference);
    }
    let stored = ports.breach(&policy.controller, breach).await?.ok_or(NotifiedError::Unknown)?;
    if notified.at < stored.aware_at || notified.at > now {
        return Err(NotifiedError::Time);
    }
    ports.record_notified(&policy.controller, breach, &notified).await?.ok_or(NotifiedError::Unknown)
}

/// Finds people affected in one segment and plans their notices, as far as one message reads;
/// answers where the rest begins.
///
/// # Errors
/// [`PortError`]. Scoping a page again plans nobody twice.
pub async fn scope<P: BreachStore + Announcements>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    segment: u16,
    from: Option<String>,
    at: Timestamp,
) -> Result<Option<String>, PortError> {
    let controller = &policy.controller;
    let Some(breach) = ports.breach(controller, breach).await? else {
        return Err(PortError::corrupt("breach", "it is not stored"));
    };
    if !breach.tell_subjects {
        return Ok(None);
    }
    let of = Announcement::Breach(breach.id.clone());
    let page = async |from: Option<&str>| ports.affected(controller, &breach, segment, from).await;
    announce::scope(ports, controller, &of, from, at, page).await
}

/// Tells one person: claim, send, confirm. Who has no address is told by the public alert.
///
/// # Errors
/// [`PortError`]; the notice is in doubt then and is sent again: told twice at worst, untold never.
pub async fn tell<P: BreachStore + Announcements + Mailer>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    subject: &SubjectRef,
    at: Timestamp,
) -> Result<NoticeState, PortError> {
    let controller = &policy.controller;
    let Some(breach) = ports.breach(controller, breach).await? else {
        return Err(PortError::corrupt("breach", "it is not stored"));
    };
    let of = Announcement::Breach(breach.id.clone());
    let state = match announce::claim(ports, controller, &of, subject, at).await? {
        Claimed::Done(state) => return Ok(state),
        Claimed::Open(Some(address)) => {
            ports.send(&letters::breach(policy, &breach, subject, address)).await?;
            NoticeState::Sent
        }
        Claimed::Open(None) => {
            ports.publish_alert(controller, &alert(&breach, at)).await?;
            NoticeState::WithoutAddress
        }
    };
    announce::confirm(ports, controller, &of, subject, state, at).await
}

/// The public alert of a breach.
pub fn alert(breach: &Breach, at: Timestamp) -> Alert {
    Alert {
        breach: breach.id.clone(),
        published_at: at,
        exposed_from: breach.exposed_from,
        exposed_to: breach.exposed_to,
        categories: breach.categories.clone(),
        description: breach.description.clone(),
        advice: breach.advice.clone(),
    }
}
