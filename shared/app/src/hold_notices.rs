//! What a controller's system is told of a hold that an event has placed (`tell` of `[[hold]]`), so that it can suspend
//! an account on a suspicion, and give it back.
//!
//! A message names the hold alone, and each try reads how it stands. So whatever is late or comes twice, the last that a
//! system takes is what is true: a hold never stands again once it was released.

use domain::{
    hold::Hold,
    ids::{HoldId, Identifier, SubjectRef, SystemId},
    policy::Policy,
    system::{HoldNews, HoldNotice, Pace},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    dispatch::{self, Dispatch, NotDelivered, TaskQueues, Webhooks},
    error::PortError,
    hold_rules,
    keys::Keys,
    records::RecordStore,
    systems::{self, Entered, Step, SystemStates},
};

/// A hold of which a system must hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Which system.
    pub system: SystemId,
    /// On whom the hold is.
    pub subject: SubjectRef,
    /// Which hold.
    pub hold: HoldId,
}

/// What a message about a hold asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Who must hear of what.
    pub telling: Telling,
    /// What the system knows the person by; `None` where only a release is to be told.
    pub identifier: Option<Identifier>,
    /// Since when it is to be told.
    pub since: Timestamp,
    /// How many times its message was received, this time included.
    pub attempts: u32,
}

/// Tells a system how a hold stands now, unless the system is left alone.
///
/// # Errors
/// [`PortError`] where something of ours failed: the message comes again. A failure of the system is none.
pub async fn deliver<P: RecordStore + Keys + Webhooks + TaskQueues + SystemStates>(
    policy: &Policy,
    ports: &P,
    pace: &Pace,
    errand: &Errand,
    now: Timestamp,
) -> Result<Step, PortError> {
    let (controller, system) = (&policy.controller, &errand.telling.system);
    let in_time = now.duration_since(errand.since) < SignedDuration::from_secs(pace.told_for_seconds);
    let random = systems::random(ports)?;
    let again = pace.pause_seconds(errand.attempts, random);
    let later = |reason| Ok(systems::late_or(in_time, Step::Later { seconds: again }, reason));

    let Some(hold) = read(ports, policy, &errand.telling).await? else {
        return Ok(Step::Buried { reason: "there is no such hold" });
    };
    let keys = ports.controller(controller).await?;
    let event = hold_rules::event_told(policy, &keys, system, &hold);
    let Some((event, rule)) = event.zip(policy.systems.get(system)) else {
        // During a rollout another version of the policy may say so.
        return later("the policy tells this system of no such hold");
    };
    let news = match (hold.released_at, &errand.identifier) {
        // Told of one, too, whose placing the system never took as far as anybody knows: a call that failed here may
        // have come to its end there.
        (Some(at), _) => HoldNews::Released { at },
        (None, Some(identifier)) => HoldNews::Placed { identifier: identifier.clone(), review_at: hold.review_at },
        (None, None) => return later("a hold stands whose release was to be told"),
    };
    let state = match systems::enter(ports, controller, system, (pace, now), random).await? {
        Entered::Open(state) => state,
        Entered::LeftAlone { seconds } => {
            return Ok(systems::late_or(in_time, Step::Later { seconds }, "the system was left alone for too long"));
        }
    };
    let notice = HoldNotice {
        hold: hold.id.clone(),
        controller: controller.clone(),
        event: event.clone(),
        reason: hold.reason,
        occurred_at: hold.opened_at,
        news,
        sent_at: now,
    };
    let secrets = state.secret.secrets(&keys.systems, controller, system, now);
    match dispatch::hand_to(ports, (system, &rule.kind), Dispatch::Hold(&notice), &secrets, now).await {
        Ok(()) => {
            systems::succeeded(ports, controller, system, now).await?;
            // Released while it was told as placed: that may have come last, so the release is told after it.
            let stands =
                hold.is_open() && read(ports, policy, &errand.telling).await?.is_some_and(|hold| hold.is_open());
            Ok(if stands == hold.is_open() { Step::Finished } else { Step::Later { seconds: pace.shortest_seconds } })
        }
        Err(NotDelivered { code }) => {
            let in_a_row = systems::failed(ports, controller, system, (&code, now), pace, random).await?;
            let step = Step::Failed { seconds: again, in_a_row };
            Ok(systems::late_or(in_time, step, "the system was not told of a hold in time"))
        }
    }
}

async fn read<P: RecordStore>(ports: &P, policy: &Policy, telling: &Telling) -> Result<Option<Hold>, PortError> {
    let holds = ports.holds(&policy.controller, &telling.subject).await?;
    Ok(holds.into_iter().find(|hold| hold.id == telling.hold))
}
