//! Holds that an event places and another releases, as the policy's rules say.
//!
//! Which holds stand is a pure function of the last events that were noted. Each placing is a hold of
//! its own, named by its event's time, so that a late release of an earlier one never touches it.

use std::collections::BTreeSet;

use domain::{
    hold::{ByEvents, Hold, HoldScope},
    ids::{EventName, HoldId, SubjectRef},
    policy::{HoldRule, Policy},
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    holds::{self, HoldError, HoldKey, HoldStore},
    keys::{ControllerKeys, Keys},
    records::{CONFLICTS_MAX, RecordError, RecordStore, Trigger},
};

/// Brings a subject's holds to what the events say that were noted; answers those of this event's
/// rules that stand. The event MUST have been noted before.
///
/// # Errors
/// [`RecordError`]. Doing it again changes nothing and is no error.
pub(crate) async fn settle<P: HoldStore + RecordStore + Keys>(
    policy: &Policy,
    ports: &P,
    subject: &SubjectRef,
    event: &EventName,
) -> Result<Vec<Hold>, RecordError> {
    let mut stand = Vec::new();
    for rule in policy.holds.iter().filter(|rule| rule.on.is_some() && rule.listens_to(event)) {
        stand.extend(settle_rule(policy, ports, subject, rule).await?);
    }
    Ok(stand)
}

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
            let stands = |hold: &Hold| hold.is_open() && is_of(&keys, rule, subject, hold);
            return Ok(holds.into_iter().filter(stands).collect());
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
