//! The clock of breaches: reminds the office at shares of each clock's time, tells the people behind it when time runs
//! out and daily while it has, and asks for what is missing before a clock can be trusted.
//!
//! It looks at a breach when its next date has come and moves that date on. Some clocks have hours (DORA four, CERT-In
//! six), so it runs every few minutes.

use std::collections::BTreeSet;

use domain::{
    breach::{self, Clock, Incident, Reminder, Standing, Watched},
    ids::{BreachId, ControllerId},
    policy::Policy,
};
use jiff::{Timestamp, ToSpan};

use crate::{
    breach::BreachStore,
    breach_telling,
    deadlines::{self, BREACH_RISK_HOURS, CLOCK_SHARDS, Deadline, DeadlineKind, Deadlines, Urgency},
    error::PortError,
    letters,
    mail::Mailer,
};

/// Most breaches looked at in one shard and run. What is left stays earliest due, and the next run begins with it.
pub const LOOKED_AT_MAX: usize = 500;

/// Most open breaches of one controller that are counted, those declared first.
pub const COUNTED_MAX: usize = 100;

/// What a run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clocked {
    /// Open breaches, at most [`COUNTED_MAX`] of each controller.
    pub open: usize,
    /// Clocks that run out within [`BREACH_RISK_HOURS`], or within half their time where that is shorter.
    pub at_risk: usize,
    /// Clocks that have run out.
    pub missed: usize,
    /// By how many hours the latest is late.
    pub latest_hours: i64,
    /// Breaches whose next date had come.
    pub looked_at: usize,
    /// Shards in which more had come than one run looks at.
    pub full_shards: usize,
    /// Reminders sent to the office.
    pub reminded: usize,
    /// Reminders sent to the people behind it.
    pub escalated: usize,
    /// Breaches of controllers that have no policy here: nobody to remind.
    pub without_policy: usize,
    /// Breaches that could not be looked at; the next run looks again.
    pub failed: usize,
    /// Breaches whose people are being told: somebody looks how that does.
    pub being_told: Vec<(ControllerId, BreachId)>,
}

/// Looks at every breach whose next date has come. One that fails does not hold up the others. A dry run only counts.
///
/// # Errors
/// [`PortError`] where not even the dates can be read.
pub async fn watch<P: BreachStore + Deadlines + Mailer>(
    ports: &P,
    policies: &[&Policy],
    at: Timestamp,
    dry_run: bool,
) -> Result<Clocked, PortError> {
    let mut clocked = Clocked::default();
    // Reminders first: what only counts must not hold them up.
    for shard in 0..CLOCK_SHARDS {
        let due = ports.due_breaches(shard, at, LOOKED_AT_MAX).await?;
        clocked.full_shards += usize::from(due.len() >= LOOKED_AT_MAX);
        for (controller, id) in due {
            clocked.looked_at += 1;
            if dry_run {
                continue;
            }
            let looked = match policies.iter().find(|policy| policy.controller == controller) {
                Some(policy) => look(ports, policy, &id, at, &mut clocked).await,
                None => {
                    clocked.without_policy += 1;
                    put_off(ports, &controller, &id, at).await
                }
            };
            clocked.failed += usize::from(looked.is_err());
        }
    }
    for policy in policies {
        count(ports, policy, at, &mut clocked).await?;
    }
    Ok(clocked)
}

/// Counts the clocks of what is open, whether or not anything is to be done about them in this run: a number that is
/// there once a day wakes nobody.
async fn count<P: BreachStore>(
    ports: &P,
    policy: &Policy,
    at: Timestamp,
    clocked: &mut Clocked,
) -> Result<(), PortError> {
    let page = ports.breach_register(&policy.controller, true, None, COUNTED_MAX).await?;
    for row in page.rows {
        clocked.open += 1;
        let Ok(Some(incident)) = ports.breach(&policy.controller, &row.breach).await else {
            clocked.failed += 1;
            continue;
        };
        if breach_telling::telling_tick(&incident) {
            clocked.being_told.push((policy.controller.clone(), row.breach));
        }
        let clocks = breach::clocks(policy, &incident);
        for clock in clocks.iter().filter(|clock| clock.standing == Standing::Running) {
            let Some(due) = clock.due else { continue };
            if at >= due {
                clocked.missed += 1;
                clocked.latest_hours = clocked.latest_hours.max(at.duration_since(due).as_hours());
            } else if at >= risk_from(clock, due) {
                clocked.at_risk += 1;
            }
        }
    }
    Ok(())
}

fn risk_from(clock: &Clock, due: Timestamp) -> Timestamp {
    let hours_before = due.saturating_sub(BREACH_RISK_HOURS.hours()).unwrap_or(Timestamp::MIN);
    clock.share_at(50).map_or(hours_before, |half| half.max(hours_before))
}

async fn look<P: BreachStore + Deadlines + Mailer>(
    ports: &P,
    policy: &Policy,
    id: &BreachId,
    at: Timestamp,
    clocked: &mut Clocked,
) -> Result<(), PortError> {
    let incident = ports.breach(&policy.controller, id).await?.ok_or_else(missing)?;
    let mut failed = None;
    for reminder in breach::reminders(policy, &incident, at) {
        if let Err(error) = remind(ports, policy, &incident, &reminder, at, clocked).await {
            failed = failed.or(Some(error));
        }
    }
    failed.map_or(Ok(()), Err)?;
    if let Some(next_at) = breach::next_date(policy, &incident, at) {
        // Whoever was faster has set a date of their own.
        ports.set_breach_next(&policy.controller, id, incident.version(), next_at).await?;
    }
    Ok(())
}

/// Sends one reminder to the office, and from the last share on to the people behind it: once to each. Whoever cannot
/// be written to keeps it from nobody else; the first failure is answered.
async fn remind<P: Deadlines + Mailer>(
    ports: &P,
    policy: &Policy,
    incident: &Incident,
    reminder: &Reminder,
    at: Timestamp,
    clocked: &mut Clocked,
) -> Result<(), PortError> {
    let behind = if reminder.escalates { policy.office.escalation.as_slice() } else { &[] };
    let (urgency, due_at) = match &reminder.about {
        Watched::Missed(_, clock) => (Urgency::Missed, clock.due.unwrap_or(at)),
        Watched::Share(_, clock) => (Urgency::AtRisk, clock.due.unwrap_or(at)),
        _ => (Urgency::AtRisk, at),
    };
    let (mut told, mut failed) = (BTreeSet::new(), None);
    for (n, to) in std::iter::once(&policy.contact_mail).chain(behind).enumerate() {
        let claim = Deadline {
            controller: policy.controller.clone(),
            kind: DeadlineKind::Breach,
            id: format!("{}~{}-{n}", incident.breach.id, reminder.name),
            due_at,
        };
        if !told.insert(to) {
            continue;
        }
        let letter = letters::breach_reminder(policy, incident, reminder, (to.clone(), &claim.id), at);
        match deadlines::warn_once(ports, (&claim, urgency), &letter, at).await {
            Ok(is_sent) if n == 0 => clocked.reminded += usize::from(is_sent),
            Ok(is_sent) => clocked.escalated += usize::from(is_sent),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Looks again tomorrow at what nobody can be reminded of today, so that it stands in nobody's way.
async fn put_off<P: BreachStore>(
    ports: &P,
    controller: &ControllerId,
    id: &BreachId,
    at: Timestamp,
) -> Result<(), PortError> {
    let incident = ports.breach(controller, id).await?.ok_or_else(missing)?;
    let tomorrow = at.saturating_add(breach::LOOK_AGAIN_HOURS.hours()).unwrap_or(Timestamp::MAX);
    ports.set_breach_next(controller, id, incident.version(), tomorrow).await?;
    Ok(())
}

fn missing() -> PortError {
    PortError::corrupt("breach", "it is not stored")
}
