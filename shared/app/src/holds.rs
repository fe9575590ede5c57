//! Legal holds: what stops every deletion of a subject's records, or of a whole category, a system, an incident.
//!
//! A hold is written before records are read, so whoever registers one meanwhile sees it. A subject's hold marks
//! its records when it is placed. A wide one is put on them by a walk over the table ([`bind`]); until that is done
//! each deletion reads the wide holds and leaves out what they cover ([`kept_out`]).

use std::collections::BTreeSet;

use domain::{
    hold::{self, Hold, HoldReason, HoldRefused, HoldScope, Release, SameEyes, ScopeAsked},
    ids::{BreachId, Category, ControllerId, Ground, HoldId, SubjectRef},
    policy::Policy,
    record::Record,
};
use jiff::Timestamp;

use crate::{
    breach::BreachStore,
    destruction::Doomed,
    error::{Appended, PortError},
    keys::Keys,
    records::{CONFLICTS_MAX, RecordStore},
};

/// Most holds of one page of the list.
pub const HOLDS_PAGE: usize = 100;

/// The port to the holds that are nobody's own: whatever deletes or registers reads them.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait WideHolds {
    /// The holds of a controller on categories, systems and incidents, released ones too. MUST see every placing
    /// that has returned.
    async fn wide_holds(&self, controller: &ControllerId) -> Result<Vec<Hold>, PortError>;
}

/// Where a hold lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldKey {
    /// Under whom; `None`: a wide one.
    pub subject: Option<SubjectRef>,
    /// Which.
    pub id: HoldId,
}

impl HoldKey {
    /// A hold on a subject.
    pub fn of_subject(subject: &SubjectRef, id: &HoldId) -> Self {
        Self { subject: Some(subject.clone()), id: id.clone() }
    }

    /// A wide hold.
    pub fn wide(id: &HoldId) -> Self {
        Self { subject: None, id: id.clone() }
    }
}

impl From<&Hold> for HoldKey {
    fn from(hold: &Hold) -> Self {
        Self { subject: hold.scope.subject().cloned(), id: hold.id.clone() }
    }
}

/// A page of the holds that stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPage {
    /// The holds.
    pub holds: Vec<Hold>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The port to holds.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait HoldStore: WideHolds {
    /// Writes a hold unless one stands there, with its review among the open deadlines.
    ///
    /// MUST write a copy first where no restore of the table undoes it.
    async fn place_hold(&self, controller: &ControllerId, hold: &Hold) -> Result<Appended<Hold>, PortError>;

    /// Reads a hold. MUST see every write that has returned.
    async fn hold(&self, controller: &ControllerId, key: &HoldKey) -> Result<Option<Hold>, PortError>;

    /// Notes that every record which a wide hold keeps has its mark; the first time stands. Answers the hold, or
    /// `None` if there is none.
    async fn note_bound(
        &self,
        controller: &ControllerId,
        id: &HoldId,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError>;

    /// Notes who asked for a hold's release; the first one stands. Answers the hold, or `None` if there is none.
    async fn ask_release(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError>;

    /// Takes back that somebody asked for a hold's release, with who does. Answers the hold, as it is then; `None` if
    /// there is none. MUST change nothing of one that is released, or for whose release nobody asked.
    async fn withdraw_release(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError>;

    /// Moves the day on which somebody must look at a hold again, with who does, in its copy as well. Answers the hold, as
    /// it is then; `None` if there is none. MUST change nothing of one that is released, nor what was moved later than
    /// `at`.
    async fn move_review(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        review_at: Timestamp,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError>;

    /// Marks a hold as released, with who did it; the first time stands. Its review is open no more, and its copy
    /// says so as well. Answers the hold, or `None` if there is none.
    async fn release_hold(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError>;

    /// A page of a controller's holds that are not released, of any scope, at most [`HOLDS_PAGE`].
    async fn open_holds(&self, controller: &ControllerId, from: Option<&str>) -> Result<HoldPage, PortError>;
}

/// A hold, parsed.
#[derive(Debug)]
pub struct PlaceHold {
    /// What it keeps.
    pub scope: ScopeAsked,
    /// Why.
    pub reason: HoldReason,
    /// The policy's own word for it.
    pub ground: Option<Ground>,
    /// When somebody must look at it again.
    pub review_at: Timestamp,
    /// Who opens it.
    pub opened_by: String,
    /// The `Idempotency-Key`, or else the request's own id.
    pub key: String,
    /// When.
    pub at: Timestamp,
}

/// Why no hold was placed or released.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The policy refuses it.
    #[error(transparent)]
    Refused(#[from] HoldRefused),
    /// The policy keeps nothing of that category, so such a hold would keep nothing.
    #[error("the policy knows no category {0}")]
    UnknownCategory(Category),
    /// No such breach was declared, so nobody knows what it exposed.
    #[error("there is no breach {0}")]
    UnknownBreach(BreachId),
    /// There is no such hold.
    #[error("there is no such hold")]
    Unknown,
    /// It keeps nothing any more.
    #[error("the hold was released")]
    Released,
    /// A release takes two people.
    #[error(transparent)]
    SameEyes(#[from] SameEyes),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Places a hold. A subject's is on every record when this answers; a wide one keeps what it covers from now on,
/// and a walk that calls [`bind`] must be started for it.
///
/// # Errors
/// [`HoldError`]. Placing the same hold again is no error.
pub async fn place<P: HoldStore + RecordStore + BreachStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: PlaceHold,
) -> Result<Hold, HoldError> {
    hold::check(policy, form.reason, form.ground.as_ref(), form.at, form.review_at)?;
    let keys = ports.controller(&policy.controller).await?;
    let (scope, named) = match form.scope {
        ScopeAsked::Subject(identifier) => {
            let subject = keys.pepper.subject(&identifier);
            (HoldScope::Subject(subject.clone()), vec![subject.to_string()])
        }
        ScopeAsked::Category(category) => {
            let is_known = policy.categories.contains_key(&category)
                || policy.retention.keys().any(|(known, _)| *known == category);
            if !is_known {
                return Err(HoldError::UnknownCategory(category));
            }
            let named = vec!["category".to_owned(), category.to_string()];
            (HoldScope::Category(category), named)
        }
        ScopeAsked::System(system) => {
            let named = vec!["system".to_owned(), system.as_str().to_owned()];
            (HoldScope::System(system), named)
        }
        ScopeAsked::Incident(id) => {
            let Some(breach) = ports.breach(&policy.controller, &id).await? else {
                return Err(HoldError::UnknownBreach(id));
            };
            let named = vec!["incident".to_owned(), id.to_string()];
            let facts = breach.facts();
            // A scope that names no category leaves none out.
            let categories = match &facts.scope.categories {
                none if none.is_empty() => policy.categories.keys().cloned().collect(),
                named => named.clone(),
            };
            (HoldScope::Incident { breach: id, categories, until: facts.exposed_to }, named)
        }
    };
    let mut parts: Vec<&str> = named.iter().map(String::as_str).collect();
    parts.extend([form.reason.as_str(), &form.key]);
    let opened = (form.at, form.opened_by);
    let hold = Hold::new(keys.pepper.derive(&parts), scope, form.reason, opened, form.review_at);
    let hold = Hold { ground: form.ground, ..hold };
    if hold.is_wide() {
        return Ok(match ports.place_hold(&policy.controller, &hold).await? {
            Appended::Fresh => hold,
            Appended::Existing(first) => first,
        });
    }
    place_on_subject(policy, ports, hold).await
}

/// Places a hold on a subject that is known by reference: a restriction that was asked for.
///
/// # Errors
/// [`HoldError`].
pub async fn place_on_subject<P: HoldStore + RecordStore>(
    policy: &Policy,
    ports: &P,
    hold: Hold,
) -> Result<Hold, HoldError> {
    let Some(subject) = hold.scope.subject().cloned() else {
        return Err(PortError::corrupt("hold", "it is no subject's").into());
    };
    let hold = match ports.place_hold(&policy.controller, &hold).await? {
        Appended::Fresh => hold,
        Appended::Existing(first) => first,
    };
    if hold.is_open() {
        on_each_record(policy, ports, &subject, |record| record.holds.insert(hold.id.clone())).await?;
    }
    Ok(hold)
}

/// Releases a hold and gives a subject's records their time back; for a wide hold, a walk that calls [`unbind`] must
/// be started. For what places and releases holds by itself; a person's release is [`release_by_staff`].
///
/// # Errors
/// [`HoldError`].
pub async fn release<P: HoldStore + RecordStore>(
    policy: &Policy,
    ports: &P,
    key: &HoldKey,
    by: &str,
    at: Timestamp,
) -> Result<Hold, HoldError> {
    let released = ports.release_hold(&policy.controller, key, by, at).await?.ok_or(HoldError::Unknown)?;
    if let Some(subject) = &key.subject {
        free(policy, ports, subject, &BTreeSet::from([key.id.clone()])).await?;
    }
    Ok(released)
}

/// Releases a hold by the word of two people: the first asks, the second releases.
///
/// # Errors
/// [`HoldError::SameEyes`] if the same person comes twice.
pub async fn release_by_staff<P: HoldStore + RecordStore>(
    policy: &Policy,
    ports: &P,
    key: &HoldKey,
    by: &str,
    at: Timestamp,
) -> Result<Hold, HoldError> {
    let controller = &policy.controller;
    let hold = ports.hold(controller, key).await?.ok_or(HoldError::Unknown)?;
    if hold.release(by)? == Release::Ask {
        let asked = ports.ask_release(controller, key, by, at).await?.ok_or(HoldError::Unknown)?;
        // Somebody else may have asked at the same moment: then this is the second person.
        if asked.release_asked.as_ref().is_some_and(|first| first.by == by) {
            return Ok(asked);
        }
    }
    // One that was released before as well: whoever did it may not have come to the records.
    release(policy, ports, key, by, at).await
}

/// Moves the day on which somebody must look at a hold again, counted from now by the policy's rule for its reason.
///
/// # Errors
/// [`HoldError::Released`] if it keeps nothing any more.
pub async fn move_review<P: HoldStore>(
    policy: &Policy,
    ports: &P,
    key: &HoldKey,
    review_at: Timestamp,
    (by, at): (&str, Timestamp),
) -> Result<Hold, HoldError> {
    let controller = &policy.controller;
    let hold = ports.hold(controller, key).await?.ok_or(HoldError::Unknown)?;
    if !hold.is_open() {
        return Err(HoldError::Released);
    }
    hold::check(policy, hold.reason, hold.ground.as_ref(), at, review_at)?;
    if hold.review_at == review_at {
        return Ok(hold);
    }
    let moved = ports.move_review(controller, key, review_at, by, at).await?.ok_or(HoldError::Unknown)?;
    if moved.is_open() { Ok(moved) } else { Err(HoldError::Released) }
}

/// Takes back that a hold should be released: one person is enough to keep.
///
/// # Errors
/// [`HoldError::Released`] if the second person was faster. Nothing that nobody asked for is no error.
pub async fn withdraw_release<P: HoldStore>(
    policy: &Policy,
    ports: &P,
    key: &HoldKey,
    (by, at): (&str, Timestamp),
) -> Result<Hold, HoldError> {
    let hold = ports.withdraw_release(&policy.controller, key, by, at).await?.ok_or(HoldError::Unknown)?;
    if hold.is_open() { Ok(hold) } else { Err(HoldError::Released) }
}

/// Which of these records a wide hold keeps, marked or not. Every deletion of records asks this right before it
/// deletes.
///
/// # Errors
/// [`PortError`].
pub async fn kept_out<P: WideHolds>(
    ports: &P,
    controller: &ControllerId,
    records: &[Doomed],
) -> Result<Vec<bool>, PortError> {
    let holds = ports.wide_holds(controller).await?;
    let keeps =
        |doomed: &Doomed| holds.iter().any(|hold| hold.keeps_out(&doomed.subject, &doomed.category, &doomed.system));
    Ok(records.iter().map(keeps).collect())
}

/// Puts a wide hold, as it was read, on a record that it covers; answers whether that changed the record.
///
/// # Errors
/// [`PortError`]. Doing it again changes nothing.
pub async fn bind<P: HoldStore + RecordStore>(
    ports: &P,
    controller: &ControllerId,
    hold: &Hold,
    record: Record,
) -> Result<bool, PortError> {
    if !hold.is_open() || !hold.scope.covers(&record) {
        return Ok(false);
    }
    let (subject, id) = (record.subject.clone(), record.id.clone());
    if !change(ports, controller, record, |record| record.holds.insert(hold.id.clone())).await? {
        return Ok(false);
    }
    let now = ports.hold(controller, &HoldKey::from(hold)).await?;
    let Some(released) = now.filter(|hold| !hold.is_open()) else { return Ok(true) };
    // The walk of its release may have passed this record before it was marked.
    let stored = ports.records(controller, &subject).await?.into_iter().find(|stored| stored.id == id);
    if let Some(stored) = stored {
        unbind(ports, controller, &released, stored).await?;
    }
    Ok(false)
}

/// Takes a wide hold off a record once it is released; answers whether that changed the record.
///
/// # Errors
/// [`PortError`]. Doing it again changes nothing.
pub async fn unbind<P: HoldStore + RecordStore>(
    ports: &P,
    controller: &ControllerId,
    hold: &Hold,
    record: Record,
) -> Result<bool, PortError> {
    if hold.is_open() || !record.holds.contains(&hold.id) {
        return Ok(false);
    }
    change(ports, controller, record, |record| record.holds.remove(&hold.id)).await
}

/// Changes a record as it was read; reads it again when somebody else was first. Answers whether it was changed:
/// one that was deleted meanwhile, or is being deleted, is not.
async fn change<P: RecordStore>(
    ports: &P,
    controller: &ControllerId,
    mut record: Record,
    apply: impl Fn(&mut Record) -> bool,
) -> Result<bool, PortError> {
    for _ in 0..CONFLICTS_MAX {
        if !apply(&mut record) {
            return Ok(false);
        }
        match ports.update_record(controller, &record).await {
            Ok(()) => return Ok(true),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        let stored = ports.records(controller, &record.subject).await?;
        match stored.into_iter().find(|stored| stored.id == record.id) {
            // A conflict without a later revision: it is being deleted, and its object may be half gone.
            Some(stored) if stored.revision == record.revision => return Ok(false),
            Some(stored) => record = stored,
            None => return Ok(false),
        }
    }
    Err(PortError::Conflict { what: "record" })
}

/// Takes holds that are released off a subject's records.
pub(crate) async fn free<P: RecordStore>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    holds: &BTreeSet<HoldId>,
) -> Result<(), PortError> {
    on_each_record(policy, ports, subject, |record| {
        let before = record.holds.len();
        record.holds.retain(|hold| !holds.contains(hold));
        record.holds.len() != before
    })
    .await
}

async fn on_each_record<P: RecordStore>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    change: impl Fn(&mut Record) -> bool,
) -> Result<(), PortError> {
    let controller = &policy.controller;
    for _ in 0..CONFLICTS_MAX {
        let mut conflicts = false;
        for mut record in ports.records(controller, subject).await? {
            if change(&mut record) {
                match ports.update_record(controller, &record).await {
                    Ok(()) => {}
                    Err(PortError::Conflict { .. }) => conflicts = true,
                    Err(error) => return Err(error),
                }
            }
        }
        if !conflicts {
            return Ok(());
        }
    }
    Err(PortError::Conflict { what: "record" })
}
