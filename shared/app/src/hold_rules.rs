//! Holds that an event places and another releases, as the policy's rules say.
//!
//! Which holds stand is a pure function of the last events that were noted. Each placing is a hold of
//! its own, named by its event's time, so that a late release of an earlier one never touches it.

use std::collections::BTreeSet;

use domain::{
    hold::{ByEvents, Hold, HoldScope},
    ids::{EventName, HoldId, SubjectRef, SystemId},
    policy::{HoldRule, Policy},
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    hold_notices::Telling,
    holds::{self, HoldError, HoldKey, HoldStore},
    keys::{ControllerKeys, Keys},
    records::{CONFLICTS_MAX, RecordError, RecordStore, Trigger},
};

/// What the rules that listen to an event come to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Their holds that stand.
    pub(crate) stand: Vec<Hold>,
    /// Who must hear of a hold by this event: that it stands, or was ended by it.
    pub(crate) tell: Vec<Telling>,
}

/// Brings a subject's holds to what the events say that were noted; answers those of this event's
/// rules that stand, and who hears of them. The event MUST have been noted before.
///
/// # Errors
/// [`RecordError`]. Doing it again changes nothing and is no error.
pub(crate) async fn settle<P: HoldStore + RecordStore + Keys>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    (event, occurred_at): (&EventName, Timestamp),
) -> Result<Settled, RecordError> {
    let mut settled = Settled::default();
    for rule in policy.holds.iter().filter(|rule| rule.on.is_some() && rule.listens_to(event)) {
        let holds = settle_rule(policy, ports, subject, rule).await?;
        // What stands is told by what placed it, and what was ended by what ended it, whose time it bears: so each is
        // told by an event that comes again until that is done.
        let hears_of = |hold: &&Hold| match hold.released_at {
            None => rule.on.as_ref() == Some(event),
            Some(at) => at.as_millisecond() == occurred_at.as_millisecond(),
        };
        settled.tell.extend(holds.iter().filter(hears_of).flat_map(|hold| tellings(rule, subject, hold)));
        settled.stand.extend(holds.into_iter().filter(Hold::is_open));
    }
    Ok(settled)
}

fn tellings(rule: &HoldRule, subject: &SubjectRef, hold: &Hold) -> impl Iterator<Item = Telling> {
    rule.tell.iter().map(|system| Telling { system: system.clone(), subject: subject.clone(), hold: hold.id.clone() })
}

/// Who must hear that a hold was released, if an event had placed it.
///
/// # Errors
/// [`PortError`].
pub async fn told_of<P: Keys>(policy: &Policy, ports: &P, hold: &Hold) -> Result<Vec<Telling>, PortError> {
    let (Some(subject), true) = (hold.scope.subject(), policy.holds.iter().any(|rule| !rule.tell.is_empty())) else {
        return Ok(Vec::new());
    };
    let keys = ports.controller(&policy.controller).await?;
    let rules = policy.holds.iter().filter(|rule| is_of(&keys, rule, subject, hold));
    Ok(rules.flat_map(|rule| tellings(rule, subject, hold)).collect())
}

/// The event that placed a hold, if the policy tells the system of such holds.
pub(crate) fn event_told<'a>(
    policy: &'a Policy,
    keys: &ControllerKeys,
    system: &SystemId,
    hold: &Hold,
) -> Option<&'a EventName> {
    let subject = hold.scope.subject()?;
    let mut rules = policy.holds.iter().filter(|rule| rule.tell.contains(system));
    rules.find(|rule| is_of(keys, rule, subject, hold))?.on.as_ref()
}

/// Settles the holds of one rule, and answers them, released ones too.
async fn settle_rule<P: HoldStore + RecordStore + Keys>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    rule: &HoldRule,
) -> Result<Vec<Hold>, RecordError> {
    let controller = &policy.controller;
    let keys = ports.controller(controller).await?;
    let mut known = None;
    for _ in 0..CONFLICTS_MAX {
        let state = by_events(rule, &ports.triggers(controller, subject).await?);
        if known == Some(state) {
            let holds = ports.holds(controller, subject).await?;
            return Ok(holds.into_iter().filter(|hold| is_of(&keys, rule, subject, hold)).collect());
        }
        bring_to(policy, ports, &keys, subject, rule, state).await?;
        // Somebody may have noted another event since, and not have seen what was placed here.
        known = Some(state);
    }
    Err(PortError::Conflict { what: "hold" }.into())
}

async fn bring_to<P: HoldStore + RecordStore>(
    policy: &Policy,
    ports: &P,
    keys: &ControllerKeys,
    subject: &SubjectRef,
    rule: &HoldRule,
    state: ByEvents,
) -> Result<(), RecordError> {
    // The new one stands before an older one goes: in between the records are held by both.
    let ended_by = match state {
        ByEvents::Never => return Ok(()),
        ByEvents::Released(at) => at,
        ByEvents::Held(at) => {
            let id = hold_id(keys, rule, subject, at);
            let scope = HoldScope::Subject(subject.clone());
            let opened = (at, by(rule.on.as_ref()));
            let hold = Hold::new(id, scope, rule.reason, opened, rule.review_by(policy, at)?);
            holds::place_on_subject(policy, ports, hold).await.map_err(port)?;
            at
        }
    };
    let mut ended = BTreeSet::new();
    for hold in ports.holds(&policy.controller, subject).await? {
        if !is_of(keys, rule, subject, &hold) || hold.opened_at >= ended_by {
            continue;
        }
        if hold.is_open() {
            let by = by(if let ByEvents::Held(_) = state { rule.on.as_ref() } else { rule.release_on.as_ref() });
            ports.release_hold(&policy.controller, &HoldKey::from(&hold), &by, ended_by).await?;
        }
        ended.insert(hold.id);
    }
    // Those that were released before as well: whoever did it may not have come to the records.
    if ended.is_empty() { Ok(()) } else { Ok(holds::free(policy, ports, subject, &ended).await?) }
}

/// What the noted events come to, whatever purpose they were noted for: a hold is on the subject.
fn by_events(rule: &HoldRule, triggers: &[Trigger]) -> ByEvents {
    let last = |event: Option<&EventName>| {
        let of_event = triggers.iter().filter(|trigger| Some(&trigger.event) == event);
        of_event.map(|trigger| trigger.last_at).max()
    };
    ByEvents::of(last(rule.on.as_ref()), last(rule.release_on.as_ref()))
}

/// Whether an event placed a hold by this rule: its name says so.
fn is_of(keys: &ControllerKeys, rule: &HoldRule, subject: &SubjectRef, hold: &Hold) -> bool {
    hold.id == hold_id(keys, rule, subject, hold.opened_at)
}

/// The name of the hold that an event of that time places: the same whenever it arrives.
fn hold_id(keys: &ControllerKeys, rule: &HoldRule, subject: &SubjectRef, at: Timestamp) -> HoldId {
    let on = rule.on.as_ref().map_or("", EventName::as_str);
    keys.pepper.derive(&["rule", rule.reason.as_str(), on, subject.as_str(), &at.as_millisecond().to_string()])
}

fn by(event: Option<&EventName>) -> String {
    format!("event {}", event.map_or("", EventName::as_str))
}

fn port(error: HoldError) -> RecordError {
    match error {
        HoldError::Port(error) => error.into(),
        // Nobody deletes holds, and a rule's own hold is not checked as a person's is.
        _ => PortError::corrupt("hold", "it cannot be placed").into(),
    }
}
