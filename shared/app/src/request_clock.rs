//! The clock of requests: reminds the office at shares of the time, tells the people behind it when time runs out, and
//! ends what nobody confirmed.
//!
//! It reads a request when its next date has come and moves that date on: what is far off costs nothing.

use std::collections::BTreeSet;

use domain::{
    dsar::{self, Act, Actor, AnswerDue, Entry, Reminder, RequestState, Stage},
    policy::Policy,
};
use jiff::{Timestamp, ToSpan};

use crate::{
    error::PortError,
    letters,
    mail::Mailer,
    requests::{self, RequestKey, RequestLog},
};

/// In how many shards the next dates of requests lie.
pub const REQUEST_SHARDS: u8 = crate::deadlines::CLOCK_SHARDS;

/// Most requests looked at in one shard and run. What is left stays earliest due, and the next run begins with it.
pub const LOOKED_AT_MAX: usize = 1_000;

/// Most open requests of one controller that are counted, those that are due first.
pub const COUNTED_MAX: usize = 500;

/// A request's deadline is at risk from so many hours before it: five days, since clerks rest on weekends.
pub const REQUEST_RISK_HOURS: i64 = 120;

/// The port to requests by their next date.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait RequestClock: RequestLog {
    /// Open requests of a shard whose next date has come by then, earliest first, at most so many.
    async fn due_requests(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(RequestKey, Timestamp)>, PortError>;

    /// Where a request stands. MUST see every write that has returned; MUST open nothing that is sealed.
    async fn state(&self, key: &RequestKey) -> Result<Option<RequestState>, PortError>;
}

/// What a run found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocked {
    /// Open requests, at most [`COUNTED_MAX`] of each controller.
    pub open: usize,
    /// Those whose answer is due within [`REQUEST_RISK_HOURS`].
    pub at_risk: usize,
    /// Those whose answer is late.
    pub overdue: usize,
    /// By how many hours the latest is late.
    pub latest_hours: i64,
    /// For how many hours the oldest has been open.
    pub oldest_hours: i64,
    /// Requests whose next date had come.
    pub looked_at: usize,
    /// Shards in which more had come than one run looks at.
    pub full_shards: usize,
    /// Reminders sent to the office.
    pub reminded: usize,
    /// Reminders sent to the people behind it.
    pub escalated: usize,
    /// Requests that end, or in a dry run would end, because nobody confirmed them.
    pub lapsed: usize,
    /// Requests of controllers that have no policy here: nobody to remind.
    pub without_policy: usize,
    /// Requests that could not be looked at; the next run looks again.
    pub failed: usize,
}

/// Looks at every request whose next date has come. One that fails does not hold up the others. A dry run only counts.
///
/// # Errors
/// [`PortError`] where not even the dates can be read.
pub async fn watch<P: RequestClock + Mailer>(
    ports: &P,
    policies: &[&Policy],
    at: Timestamp,
    dry_run: bool,
) -> Result<Clocked, PortError> {
    let mut clocked = Clocked::default();
    for policy in policies {
        count(ports, policy, at, &mut clocked).await?;
    }
    for shard in 0..REQUEST_SHARDS {
        let due = ports.due_requests(shard, at, LOOKED_AT_MAX).await?;
        clocked.full_shards += usize::from(due.len() >= LOOKED_AT_MAX);
        for (key, _) in due {
            clocked.looked_at += 1;
            let policy = policies.iter().find(|policy| policy.controller == key.controller);
            let looked = match policy {
                Some(policy) => look(ports, policy, &key, at, dry_run, &mut clocked).await,
                None => {
                    clocked.without_policy += 1;
                    put_off(ports, &key, at, dry_run).await
                }
            };
            clocked.failed += usize::from(looked.is_err());
        }
    }
    Ok(clocked)
}

/// Counts what is open, whether or not anything is to be done about it in this run: a number that is there once a day
/// wakes nobody.
async fn count<P: RequestClock>(
    ports: &P,
    policy: &Policy,
    at: Timestamp,
    clocked: &mut Clocked,
) -> Result<(), PortError> {
    let page = ports.office_list(&policy.controller, true, None, COUNTED_MAX).await?;
    for row in page.rows {
        let risk_from = row.head.due_at.saturating_sub(REQUEST_RISK_HOURS.hours()).unwrap_or(Timestamp::MIN);
        let hours_since = |from: Timestamp| at.duration_since(from).as_hours();
        clocked.open += 1;
        clocked.oldest_hours = clocked.oldest_hours.max(hours_since(row.received_at));
        if at >= row.head.due_at && row.head.stage == Stage::AwaitingRequester {
            // Where every clock stands until the requester answers, nothing is late: the row does not know.
            let key = RequestKey { controller: policy.controller.clone(), subject: row.subject, request: row.request };
            let state = ports.state(&key).await?;
            if state.is_some_and(|state| dsar::due_of(policy, &state).stands) {
                continue;
            }
        }
        if at >= row.head.due_at {
            clocked.overdue += 1;
            clocked.latest_hours = clocked.latest_hours.max(hours_since(row.head.due_at));
        } else if at >= risk_from {
            clocked.at_risk += 1;
        }
    }
    Ok(())
}

async fn look<P: RequestClock + Mailer>(
    ports: &P,
    policy: &Policy,
    key: &RequestKey,
    at: Timestamp,
    dry_run: bool,
    clocked: &mut Clocked,
) -> Result<(), PortError> {
    let state = ports.state(key).await?.ok_or_else(missing)?;
    if !state.stage().is_open() {
        // The index is a moment behind.
        return Ok(());
    }
    let due = dsar::due_of(policy, &state);
    if dsar::lapses_at(&state, &due).is_some_and(|lapses| at >= lapses) {
        clocked.lapsed += 1;
        return if dry_run { Ok(()) } else { lapse(ports, policy, key, state, at).await };
    }
    if dry_run {
        return Ok(());
    }
    let mut failed = None;
    for reminder in dsar::reminders(policy, &state, &due, at) {
        if let Err(error) = remind(ports, policy, key, (&state, &due), reminder, at, clocked).await {
            failed = failed.or(Some(error));
        }
    }
    failed.map_or(Ok(()), Err)?;
    if let Some(next_at) = dsar::next_date(policy, &state, &due, at) {
        // Whoever was faster has set a date of their own.
        ports.set_next(key, state.version(), next_at).await?;
    }
    Ok(())
}

/// Ends a request that nobody confirmed; its letter follows from the entry.
async fn lapse<P: RequestLog>(
    ports: &P,
    policy: &Policy,
    key: &RequestKey,
    state: RequestState,
    at: Timestamp,
) -> Result<(), PortError> {
    let entry = Entry { at, by: Actor::Product, act: Act::Lapsed };
    let Ok(state) = state.after(entry.clone()) else { return Ok(()) };
    // If it has gone on meanwhile (they have just confirmed it), the next run looks at it anew.
    ports.append(key, state.version(), &entry, None, &requests::head_of(policy, &state)).await?;
    Ok(())
}

/// Sends one reminder to the office, and from the last share on to the people behind it: once to each. Whoever cannot
/// be written to keeps it from nobody else; the first failure is answered.
async fn remind<P: RequestLog + Mailer>(
    ports: &P,
    policy: &Policy,
    key: &RequestKey,
    (state, due): (&RequestState, &AnswerDue),
    reminder: Reminder,
    at: Timestamp,
    clocked: &mut Clocked,
) -> Result<(), PortError> {
    let name = reminder.name(state, due);
    let behind = if reminder.escalates(policy) { policy.office.escalation.as_slice() } else { &[] };
    let (mut told, mut failed) = (BTreeSet::new(), None);
    for (n, to) in std::iter::once(&policy.contact_mail).chain(behind).enumerate() {
        if !told.insert(to) {
            continue;
        }
        let claim = format!("{name}-{n}");
        let letter = letters::reminder(policy, key, (state, due), reminder, (to.clone(), &claim), at);
        match requests::tell_office(ports, key, &claim, &letter, at).await {
            Ok(is_sent) if n == 0 => clocked.reminded += usize::from(is_sent),
            Ok(is_sent) => clocked.escalated += usize::from(is_sent),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Looks again tomorrow at what nobody can be reminded of today, so that it stands in nobody's way.
async fn put_off<P: RequestClock>(ports: &P, key: &RequestKey, at: Timestamp, dry_run: bool) -> Result<(), PortError> {
    if dry_run {
        return Ok(());
    }
    let state = ports.state(key).await?.ok_or_else(missing)?;
    let tomorrow = at.saturating_add(24.hours()).unwrap_or(Timestamp::MAX);
    ports.set_next(key, state.version(), tomorrow).await?;
    Ok(())
}

fn missing() -> PortError {
    PortError::corrupt("request", "it is not stored")
}
