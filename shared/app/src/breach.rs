//! Breaches: declared by a person, scoped from what is stored, told one by one.

use std::collections::BTreeSet;

use domain::{
    announcement::Announcement,
    breach::{self, Act, Actor, Breach, Entry, Facts, Head, Incident, Refused, Standing, Telling, Why},
    clock::Anchor,
    dsar,
    ids::{BreachId, ControllerId, Fingerprint, SignalId, StaffId},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    alerts::Alert,
    announce::{self, Announcements, FoundPage},
    breach_scope::{self, TracePage},
    error::{Appended, PortError},
    keys::Keys,
    telling::Seen,
};

/// One line of the register (GDPR Art. 33(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// Which breach.
    pub breach: BreachId,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// When somebody or something looks at it again.
    pub next_at: Option<Timestamp>,
    /// From where a page after this line goes on.
    pub place: String,
}

/// A page of the register, earliest declared first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegisterPage {
    /// The lines.
    pub rows: Vec<RegisterRow>,
    /// From where the next page goes on; `None`: this is the last.
    pub next: Option<String>,
}

/// The port to breaches.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait BreachStore {
    /// Writes a breach unless one stands under its identifier.
    ///
    /// MUST make it findable by its next date and in the register.
    async fn declare_breach(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        fingerprint: &Fingerprint,
        head: &Head,
    ) -> Result<Appended<(Breach, Fingerprint)>, PortError>;

    /// Appends an entry as that number of the history and sets the head; `false`: the history has gone on meanwhile,
    /// and nothing was written. MUST write both or neither.
    async fn append_breach(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        number: u32,
        entry: &Entry,
        head: &Head,
    ) -> Result<bool, PortError>;

    /// Moves the next date of an open breach that has so many entries; `false`: it has gone on meanwhile.
    async fn set_breach_next(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        version: u32,
        next_at: Timestamp,
    ) -> Result<bool, PortError>;

    /// Reads a breach. MUST see every write that has returned.
    async fn breach(&self, controller: &ControllerId, breach: &BreachId) -> Result<Option<Incident>, PortError>;

    /// Open breaches of a shard whose next date has come by then, earliest first, at most so many.
    async fn due_breaches(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ControllerId, BreachId)>, PortError>;

    /// A page of a controller's open or closed breaches, from a cursor on.
    async fn breach_register(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<RegisterPage, PortError>;

    /// One page of one of [`crate::walk::WALK_SEGMENTS`] segments of what is stored about people.
    ///
    /// MUST show, over all pages and segments, everything that the breach reached by these facts
    /// ([`Facts::reaches`]) and whose writing returned before the page was asked for, as it stands then, past its end
    /// or not; each thing once unless it moved meanwhile. It MAY show more. What is stored about one person MUST come
    /// in one segment and together, and a page MUST hold no more than [`breach_scope::TRACES_MAX`].
    async fn traces(
        &self,
        controller: &ControllerId,
        facts: &Facts,
        segment: u16,
        from: Option<&str>,
    ) -> Result<TracePage, PortError>;

    /// One page of one segment of the people affected: those of whom something is stored that the breach reached.
    async fn affected(
        &self,
        controller: &ControllerId,
        facts: &Facts,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError> {
        Ok(breach_scope::people(facts, self.traces(controller, facts, segment, from).await?))
    }

    /// Notes that everybody in a segment is planned who is told by the decision of that time; again changes nothing.
    async fn note_planned(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        decided_at: Timestamp,
        segment: u16,
    ) -> Result<(), PortError>;

    /// The segments that are noted for the decision of that time.
    async fn planned_segments(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        decided_at: Timestamp,
    ) -> Result<BTreeSet<u16>, PortError>;

    /// Keeps what a look at all notices saw, in place of an earlier one.
    async fn note_looked(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        seen: &Seen,
        at: Timestamp,
    ) -> Result<(), PortError>;

    /// What the latest look at all notices saw, and when.
    async fn looked(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
    ) -> Result<Option<(Timestamp, Seen)>, PortError>;

    /// Publishes a version of an alert unless it stands.
    async fn publish_alert(&self, controller: &ControllerId, alert: &Alert) -> Result<(), PortError>;

    /// The newest version of each of the controller's alerts, ended ones too, as [`crate::alerts::newest`] has them.
    async fn alerts(&self, controller: &ControllerId) -> Result<Vec<Alert>, PortError>;
}

/// A declaration, parsed.
#[derive(Debug)]
pub struct DeclareBreach {
    /// What the register calls it.
    pub title: String,
    /// When what happened from which clocks count.
    pub times: Vec<(Anchor, Timestamp)>,
    /// What is known.
    pub facts: Facts,
    /// The signals that it is made from.
    pub signals: BTreeSet<SignalId>,
    /// Who declares it.
    pub declared_by: StaffId,
    /// The `Idempotency-Key`, or else the request's own id.
    pub key: String,
    /// When the declaration arrived.
    pub at: Timestamp,
}

/// What in a breach's facts the policy does not know, or what cannot be.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The policy names no such category, purpose, recipient or service.
    #[error("the policy names no {what} {name}")]
    Unknown {
        /// What it would be.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something happened in the future.
    #[error("nothing of a breach has happened in the future")]
    Time,
    /// The scope names systems and recipients.
    #[error("a disclosure says to whom data went, and not where it lay: name systems or recipients")]
    Sides,
}

/// Why nothing was declared.
#[derive(Debug, thiserror::Error)]
pub enum DeclareError {
    /// The facts cannot be.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The key was used for another breach.
    #[error("this Idempotency-Key was used for another breach")]
    KeyReused,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Whether the policy knows what the facts name.
///
/// # Errors
/// [`FactsError`] at the first name that it does not know, or where the scope's sides contradict each other.
pub fn check_facts(policy: &Policy, facts: &Facts) -> Result<(), FactsError> {
    let unknown = |what, name: Option<String>| name.map_or(Ok(()), |name| Err(FactsError::Unknown { what, name }));
    let scope = &facts.scope;
    if scope.contradicts_itself() {
        return Err(FactsError::Sides);
    }
    let category = scope.categories.iter().find(|category| !policy.categories.contains_key(*category));
    unknown("category", category.map(ToString::to_string))?;
    let purpose = scope.purposes.iter().find(|purpose| !policy.purposes.contains_key(*purpose));
    unknown("purpose", purpose.map(ToString::to_string))?;
    let recipient = scope.recipients.iter().find(|recipient| !policy.recipients.contains_key(*recipient));
    unknown("recipient", recipient.map(ToString::to_string))?;
    let service = facts.service.as_ref().filter(|service| dsar::role_for(policy, service).is_none());
    unknown("service", service.map(ToString::to_string))
}

/// What the register shows of a breach to which something has just happened, and when it is looked at next.
pub fn head_of(policy: &Policy, incident: &Incident, at: Timestamp) -> Head {
    Head { is_open: incident.is_open(), next_at: breach::first_look(policy, incident, at) }
}

/// Declares a breach and starts its clocks.
///
/// # Errors
/// [`DeclareError`]; nothing is written then.
pub async fn declare<P: BreachStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: DeclareBreach,
) -> Result<Incident, DeclareError> {
    check_facts(policy, &form.facts)?;
    if form.times.iter().any(|(_, at)| *at > form.at) {
        return Err(FactsError::Time.into());
    }
    let keys = ports.controller(&policy.controller).await?;
    // The same declaration again is the same breach, whenever it comes.
    let made_of = format!("{:?}{:?}{:?}{:?}", form.title, form.times, form.facts, form.signals);
    let fingerprint = keys.pepper.derive(&[&made_of]);
    let breach = Breach {
        id: keys.pepper.derive(&[&form.key]),
        title: form.title,
        declared_at: form.at,
        declared_by: form.declared_by,
        times: form.times,
        facts: form.facts,
        signals: form.signals,
        settled: Vec::new(),
    };
    let incident = Incident::new(breach);
    let head = head_of(policy, &incident, form.at);
    match ports.declare_breach(&policy.controller, &incident.breach, &fingerprint, &head).await? {
        Appended::Fresh => Ok(incident),
        Appended::Existing((first, found)) if found == fingerprint => {
            // What has happened to it since is part of the answer.
            Ok(ports.breach(&policy.controller, &first.id).await?.unwrap_or_else(|| Incident::new(first)))
        }
        Appended::Existing(_) => Err(DeclareError::KeyReused),
    }
}

/// Why an act was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no such breach.
    #[error("there is no such breach")]
    Unknown,
    /// It has gone on: the act was meant for another version.
    #[error("the breach has gone on; it has version {0} now")]
    GoneOn(u32),
    /// It cannot happen now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The facts cannot be.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Records an act on the breach as it stood at a version.
///
/// # Errors
/// [`ActError`]; nothing is written then.
pub async fn act<P: BreachStore>(
    policy: &Policy,
    ports: &P,
    id: &BreachId,
    version: u32,
    entry: Entry,
) -> Result<Incident, ActError> {
    let incident = ports.breach(&policy.controller, id).await?.ok_or(ActError::Unknown)?;
    if incident.version() != version {
        return done_before(incident, version, &entry);
    }
    if let Act::FactsChanged(facts) = &entry.act {
        check_facts(policy, facts)?;
    }
    if matches!(entry.act, Act::Closed(_)) {
        let clocks = breach::clocks(policy, &incident);
        if clocks.iter().any(|clock| matches!(clock.standing, Standing::Running | Standing::Waiting)) {
            return Err(Refused { act: entry.act.kind(), why: Why::ClockRuns }.into());
        }
    }
    let next = incident.after(entry.clone())?;
    let head = head_of(policy, &next, entry.at);
    if ports.append_breach(&policy.controller, id, next.version(), &entry, &head).await? {
        Ok(next)
    } else {
        let incident = ports.breach(&policy.controller, id).await?.ok_or(ActError::Unknown)?;
        done_before(incident, version, &entry)
    }
}

/// Whether the very next entry after what they saw is theirs and says the same: a retry, whatever followed it.
fn done_before(incident: Incident, version: u32, entry: &Entry) -> Result<Incident, ActError> {
    let next = usize::try_from(version).ok().and_then(|seen| incident.history.get(seen));
    let is_same = next.is_some_and(|next| next.by == entry.by && next.act == entry.act);
    if is_same { Ok(incident) } else { Err(ActError::GoneOn(incident.version())) }
}

/// An act by rule: whoever is faster, it is recorded once.
///
/// # Errors
/// [`ActError`].
pub async fn act_by_rule<P: BreachStore>(
    policy: &Policy,
    ports: &P,
    id: &BreachId,
    at: Timestamp,
    of: impl Fn(&Incident) -> Option<Act>,
) -> Result<Option<Incident>, ActError> {
    for _ in 0..ACT_TRIES {
        let incident = ports.breach(&policy.controller, id).await?.ok_or(ActError::Unknown)?;
        let Some(act) = of(&incident) else { return Ok(None) };
        let entry = Entry { at, by: Actor::Product, act };
        let next = incident.after(entry.clone())?;
        let head = head_of(policy, &next, at);
        if ports.append_breach(&policy.controller, id, next.version(), &entry, &head).await? {
            return Ok(Some(next));
        }
    }
    Err(PortError::Conflict { what: "the history of a breach" }.into())
}

/// How often an act by rule is tried again when somebody was faster.
const ACT_TRIES: usize = 5;

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
    let Some(incident) = ports.breach(controller, breach).await? else {
        return Err(PortError::corrupt("breach", "it is not stored"));
    };
    if !incident.tells_each() || incident.telling() == Telling::Stopped {
        return Ok(None);
    }
    let of = Announcement::Breach(breach.clone());
    let page = async |from: Option<&str>| ports.affected(controller, incident.facts(), segment, from).await;
    announce::scope(ports, controller, &of, from, at, page).await
}
