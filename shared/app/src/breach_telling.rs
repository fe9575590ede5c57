//! Telling the people whom a breach concerns, until nobody is left: the notices in the table are the list, and a
//! message in a queue is only work in hand. So a telling that is paused drops its messages, one that is resumed or
//! stands still makes them again, and what was lost on the way is found.

use std::cell::Cell;

use domain::{
    announcement::{Announcement, NoticeState},
    breach::{Act, Incident, Telling},
    ids::{BreachId, SubjectRef},
    language::Language,
    policy::Policy,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    alerts,
    announce::{Announcements, Contact, SCOPE_SEGMENTS},
    breach::{self, ActError, BreachStore},
    channel::{self, Try},
    dispatch::Webhooks,
    error::PortError,
    keys::Keys,
    letters,
    mail::{Mailer, SendPace},
    systems::SystemStates,
    telling::{self, Seen, Sender, Told},
};

/// When nothing has moved for so long, messages were lost or dropped: longer than any of them waits.
const STANDSTILL: SignedDuration = SignedDuration::from_mins(45);

/// Pages of notices that one message looks at.
const LOOK_PAGES_MAX: usize = 20;

/// Finds people affected in one segment and plans their notices, as far as one message reads; answers where the rest
/// begins. A segment that is read to its end is noted as planned for the decision of that time.
///
/// # Errors
/// [`PortError`]. Planning a page again plans nobody twice.
pub async fn plan<P: BreachStore + Announcements>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    (segment, from): (u16, Option<String>),
    decided_at: Timestamp,
) -> Result<Option<String>, PortError> {
    let rest = breach::scope(policy, ports, breach, segment, from, decided_at).await?;
    if rest.is_none() {
        ports.note_planned(&policy.controller, breach, decided_at, segment).await?;
    }
    Ok(rest)
}

/// Tells the people of one message, unless telling is paused or stopped: then nobody of it is told, and those who are
/// planned stay planned.
///
/// # Errors
/// [`PortError`] if the breach cannot be read; what happens at single people is in [`Told`].
pub async fn tell<P: BreachStore + Announcements + Mailer + SendPace + Keys + SystemStates + Webhooks>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    subjects: &[SubjectRef],
    (sender, is_last): (&Sender<'_>, bool),
) -> Result<Told, PortError> {
    let controller = &policy.controller;
    // Once for all of them: a stop takes hold with the next message.
    let incident = stored(policy, ports, breach).await?;
    if !incident.tells_each() || incident.telling() != Telling::Running {
        return Ok(Told::default());
    }
    let of = Announcement::Breach(breach.clone());
    let spoken = |language: Option<Language>| language.unwrap_or_else(|| alerts::language_of(policy));
    let letter = |subject: &SubjectRef, address, language| {
        letters::breach(policy, &incident, subject, (address, spoken(language)), (sender.now)())
    };
    let is_public = Cell::new(false);
    let otherwise = async |subject: &SubjectRef, contact: &Contact| {
        let attempt = Try { now: (sender.now)(), is_last };
        if let Some(identifier) = &contact.identifier {
            let person = (subject, identifier, spoken(contact.language));
            if channel::hand_over(policy, ports, &incident, person, attempt).await? {
                return Ok(NoticeState::SentByChannel);
            }
        }
        // GDPR Art. 34(3)(c): a public communication tells whom nothing else reaches. Once for all of them.
        if !is_public.get() {
            ports.publish_alert(controller, &alerts::alert_of(&incident, attempt.now)).await?;
            is_public.set(true);
        }
        Ok(NoticeState::WithoutAddress)
    };
    Ok(telling::tell_each(ports, (controller, &of), subjects, sender, letter, otherwise).await)
}

async fn stored<P: BreachStore>(policy: &Policy, ports: &P, breach: &BreachId) -> Result<Incident, PortError> {
    let incident = ports.breach(&policy.controller, breach).await?;
    incident.ok_or_else(|| PortError::corrupt("breach", "it is not stored"))
}

/// Whether somebody has to look how the telling of a breach does: asked at each tick of the clock while the breach is
/// open, and answered from what was read for it. `true`: send breach-notify a `Look`.
pub fn telling_tick(incident: &Incident) -> bool {
    incident.is_open() && is_owed(incident) && incident.telling() != Telling::Stopped
}

/// Whether people are to be told each, and not all of them are known to be since that was decided.
fn is_owed(incident: &Incident) -> bool {
    let decided_at = incident.decision().map(|(at, _)| at);
    incident.tells_each() && incident.all_told_at() < decided_at
}

/// Looks at some pages of a breach's notices. Where people are to be told again, whoever is free then is answered,
/// unless telling waits or was stopped.
///
/// # Errors
/// [`PortError`].
pub async fn look<P: BreachStore + Announcements>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    (mut from, mut seen): (Option<String>, Seen),
    again: Option<SignedDuration>,
    at: Timestamp,
) -> Result<(Vec<SubjectRef>, Seen, Option<String>), PortError> {
    let is_running = again.is_some() && stored(policy, ports, breach).await?.telling() == Telling::Running;
    let free_since = again.filter(|_| is_running).map(|doubt| at.checked_sub(doubt).unwrap_or(Timestamp::MIN));
    let (of, mut free) = (Announcement::Breach(breach.clone()), Vec::new());
    for _ in 0..LOOK_PAGES_MAX {
        let page = ports.notice_standings(&policy.controller, &of, from.as_deref()).await?;
        for (subject, standing) in page.rows {
            seen.add(&standing, at);
            if free_since.is_some_and(|since| standing.is_free(since)) {
                free.push(subject);
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok((free, seen, from))
}

/// What follows from a look at all notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// Nothing: it goes on, it waits, or all is done.
    Nothing,
    /// Everybody was told, and that is in the history now.
    AllTold,
    /// Nothing moves, and people are not told: tell them again.
    TellAgain,
    /// Nothing moves, and not everybody was found: plan again, for the decision of that time.
    PlanAgain(Timestamp),
}

/// Draws the conclusion from a look at all notices of a breach.
///
/// # Errors
/// [`ActError`].
pub async fn conclude<P: BreachStore>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    seen: &Seen,
    at: Timestamp,
) -> Result<Looked, ActError> {
    // What this costs, nobody who asks how far it has come pays again.
    ports.note_looked(&policy.controller, breach, seen, at).await?;
    let incident = stored(policy, ports, breach).await?;
    let Some((decided_at, _)) = incident.decision().filter(|_| is_owed(&incident)) else { return Ok(Looked::Nothing) };
    if incident.telling() == Telling::Stopped {
        return Ok(Looked::Nothing);
    }
    let planned = ports.planned_segments(&policy.controller, breach, decided_at).await?;
    let is_planned = (0..SCOPE_SEGMENTS).all(|segment| planned.contains(&segment));
    if is_planned && seen.open == 0 {
        // Decided anew meanwhile, or recorded: then there is nothing to record.
        let same = |now: &Incident| is_owed(now) && now.decision().is_some_and(|(at, _)| at == decided_at);
        let told = breach::act_by_rule(policy, ports, breach, at, |now| same(now).then_some(Act::AllTold)).await?;
        return Ok(if told.is_some() { Looked::AllTold } else { Looked::Nothing });
    }
    let moved_at = seen.last_at.max(Some(decided_at));
    if moved_at.is_some_and(|moved_at| at.duration_since(moved_at) < STANDSTILL) {
        return Ok(Looked::Nothing);
    }
    if !is_planned {
        return Ok(Looked::PlanAgain(decided_at));
    }
    Ok(if incident.telling() == Telling::Running { Looked::TellAgain } else { Looked::Nothing })
}
