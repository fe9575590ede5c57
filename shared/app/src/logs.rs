//! Bulk records of fixed life and without a subject, such as a server's log: kept in packets under the day on which they
//! are due, deleted by destroying the key of that day.
//!
//! Nothing is registered for a day that is closed, and nobody reads what is due on a day that has begun. So the order is:
//! intent, close, destroy, evidence of the key, result. Whoever comes after a crash begins again, which changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    evidence::{DeletionReason, DeletionResult, key_commitment},
    hold::{Hold, HoldScope},
    ids::{BatchId, Category, ControllerId, Field, HoldId, LogId, Purpose},
    log::{self, DueDay, LogDay, LogPacket, LogRefused},
    policy::{Clause, Policy},
    record::System,
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    chain::{Chain, Commitment, Content, DestroyedKey, Intended, Link},
    error::PortError,
    holds::WideHolds,
    keys::{DayKeys, Keys},
    records::{FIELD_BYTES_MAX, FIELDS_MAX},
    shred::KEY_LINGERS,
};

/// Most entries of one packet.
const ENTRIES_MAX: usize = 1_000;

/// Most bytes of names and values in one packet.
const PACKET_BYTES_MAX: usize = 100_000;

/// Most days that one run closes.
pub const DAYS_MAX: usize = 1_000;

/// How long after a day its items are looked for again. TTL usually removes them within two days of the day after it.
const SETTLE_AFTER_HOURS: i64 = 72;

/// The fields of each entry.
pub type Entries = Vec<BTreeMap<Field, Sensitive<String>>>;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is written.
    Fresh,
    /// It stood there already.
    Replayed,
    /// Its day is closed: nothing was written.
    Closed,
}

/// A page of a day's packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Each with its entries; `None`: their key is gone.
    pub packets: Vec<(LogPacket, Option<Entries>)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The port to packets and their days.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait LogStore {
    /// Writes a packet under its day, unless it stands there, and counts it; all of it or nothing.
    ///
    /// MUST seal the entries under the key of the day; MUST write nothing for a day that is closed, at that very moment;
    /// MUST let TTL remove it a day after that day, unless a hold keeps the day.
    async fn keep_log(
        &self,
        controller: &ControllerId,
        day: &LogDay,
        packet: &LogPacket,
        entries: &Entries,
    ) -> Result<Kept, PortError>;

    /// A day; `None` if nothing was ever due on it.
    async fn log_day(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
    ) -> Result<Option<LogDay>, PortError>;

    /// The days of a controller that are not settled, by day.
    async fn log_days(&self, controller: &ControllerId) -> Result<Vec<LogDay>, PortError>;

    /// A page of what is kept until a day.
    async fn logs(&self, controller: &ControllerId, day: &DueDay, from: Option<&str>) -> Result<LogPage, PortError>;

    /// Days that have begun and are not settled, earliest first; at most [`DAYS_MAX`]. It proposes.
    async fn due_log_days(&self, until: Timestamp) -> Result<Vec<(ControllerId, Category, Date)>, PortError>;

    /// Closes a day unless a hold keeps it, at that very moment; answers the day as it stands then. Closing it again
    /// keeps the time of the first.
    async fn close_day(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Timestamp,
    ) -> Result<Option<LogDay>, PortError>;

    /// Notes that the key of a closed day is destroyed. It is proposed again from that time on.
    async fn note_destroyed(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Timestamp,
        again_at: Timestamp,
    ) -> Result<(), PortError>;

    /// Removes what TTL left of a closed day; answers how many packets that were. It may leave some for another time.
    async fn remove_leftovers(&self, controller: &ControllerId, day: &DueDay) -> Result<usize, PortError>;

    /// Notes that nothing of a day is stored any more. It is proposed no more.
    async fn note_settled(&self, controller: &ControllerId, day: &DueDay, at: Timestamp) -> Result<(), PortError>;

    /// Puts a hold on a day, and takes the packets' TTL away. Answers whether it stands: not on a day that is closed.
    async fn hold_day(&self, controller: &ControllerId, day: &DueDay, hold: &HoldId) -> Result<bool, PortError>;

    /// Takes a hold from a day, and gives the packets' TTL back if it was the last.
    async fn free_day(&self, controller: &ControllerId, day: &DueDay, hold: &HoldId) -> Result<(), PortError>;
}

/// Entries to keep in bulk, parsed.
#[derive(Debug)]
pub struct KeepLog {
    /// What they are.
    pub category: Category,
    /// What they are kept for.
    pub purpose: Purpose,
    /// When they were made: the time of the earliest.
    pub occurred_at: Timestamp,
    /// The fields of each.
    pub entries: Entries,
}

/// What was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLog {
    /// Which packet.
    pub log: LogId,
    /// When it is deleted, at the latest.
    pub until: Timestamp,
    /// What became of it.
    pub kept: Kept,
}

/// Why nothing was registered.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The policy has no retention rule for it: keeping it would break the policy.
    #[error("the policy keeps no {0} for {1}")]
    NoRule(Category, Purpose),
    /// The policy's closed list has no such field.
    #[error("the policy keeps no field {0} in this category")]
    UnknownField(Field),
    /// The policy says that this field is never stored.
    #[error("the policy never keeps {0} ({1})")]
    NeverKept(Field, Clause),
    /// Somebody's consent is needed first, and nobody can tell whose.
    #[error("it may be kept only with a person's consent, and entries in bulk name nobody; register records")]
    NeedsConsent,
    /// Too much for one packet.
    #[error(
        "a packet holds 1 to {ENTRIES_MAX} entries of {FIELDS_MAX} fields and {FIELD_BYTES_MAX} bytes a field, \
         {PACKET_BYTES_MAX} bytes in all"
    )]
    Size,
    /// It cannot be kept in bulk.
    #[error(transparent)]
    Refused(#[from] LogRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Registers entries in bulk. What is due already is not kept, and that is no error.
///
/// # Errors
/// [`LogError`]. Registering the same entries again changes nothing and is no error.
pub async fn keep<P: LogStore + Keys>(policy: &Policy, ports: &P, form: KeepLog) -> Result<KeptLog, LogError> {
    let rule = policy
        .retention_of(&form.category, &form.purpose)
        .ok_or_else(|| LogError::NoRule(form.category.clone(), form.purpose.clone()))?;
    check(policy, &form)?;
    let due = log::due_day(policy, rule, form.occurred_at)?;
    let keys = ports.controller(&policy.controller).await?;
    let at = form.occurred_at.to_string();
    let mut parts = vec![form.category.as_str(), form.purpose.as_str(), at.as_str()];
    for entry in &form.entries {
        // Where one entry ends and the next begins makes a difference.
        parts.push("");
        // Disclosed to the keyed hash only.
        parts.extend(entry.iter().flat_map(|(field, value)| [field.as_str(), value.disclose().as_str()]));
    }
    let packet = LogPacket {
        id: keys.pepper.derive(&parts),
        purpose: form.purpose,
        occurred_at: form.occurred_at,
        clause: rule.clause.clone(),
        policy: policy.hash.clone(),
        entries: form.entries.len() as u64,
    };
    let day = LogDay::new(due, ports.random()?);
    let kept = ports.keep_log(&policy.controller, &day, &packet, &form.entries).await?;
    Ok(KeptLog { log: packet.id, until: day.due.starts_at, kept })
}

fn check(policy: &Policy, form: &KeepLog) -> Result<(), LogError> {
    let bytes = |entry: &BTreeMap<Field, Sensitive<String>>| -> usize {
        entry.iter().map(|(field, value)| field.as_str().len() + value.disclose().len() + 8).sum()
    };
    let is_large = |entry: &BTreeMap<Field, Sensitive<String>>| {
        entry.is_empty()
            || entry.len() > FIELDS_MAX
            || entry.values().any(|value| value.disclose().len() > FIELD_BYTES_MAX)
    };
    let all: usize = form.entries.iter().map(bytes).sum();
    if form.entries.is_empty() || form.entries.len() > ENTRIES_MAX || all > PACKET_BYTES_MAX {
        return Err(LogError::Size);
    }
    if form.entries.iter().any(is_large) {
        return Err(LogError::Size);
    }
    let Some(category) = policy.categories.get(&form.category) else { return Ok(()) };
    if category.opt_in.is_some() {
        return Err(LogError::NeedsConsent);
    }
    for field in form.entries.iter().flat_map(BTreeMap::keys) {
        if category.never.contains(field) {
            return Err(LogError::NeverKept(field.clone(), category.clause.clone()));
        }
        if !category.fields.is_empty() && !category.fields.contains(field) {
            return Err(LogError::UnknownField(field.clone()));
        }
    }
    Ok(())
}

/// A page of what a category has due on a day; `None` once that day has begun, or if nothing is due on it.
///
/// # Errors
/// [`PortError`].
pub async fn read<P: LogStore>(
    ports: &P,
    controller: &ControllerId,
    category: &Category,
    day: Date,
    now: Timestamp,
    from: Option<&str>,
) -> Result<Option<(LogDay, LogPage)>, PortError> {
    let day = ports.log_day(controller, category, day).await?;
    let Some(day) = day.filter(|day| day.is_readable(now)) else { return Ok(None) };
    let page = ports.logs(controller, &day.due, from).await?;
    Ok(Some((day, page)))
}

/// What a run did with days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaysEnded {
    /// Days whose keys were destroyed.
    pub destroyed: usize,
    /// Packets that went with them.
    pub packets: u64,
    /// Entries in these.
    pub entries: u64,
    /// Days that a hold keeps.
    pub held: usize,
    /// Days of which nothing is stored any more, as was seen.
    pub settled: usize,
    /// Packets that TTL had left, of days whose keys are gone.
    pub leftovers: usize,
    /// How long past its beginning the oldest of the days was, in seconds.
    pub lag_seconds: i64,
}

/// Ends the days that have begun: destroys their keys, with evidence, and sees later that nothing of them is left. Before
/// that it puts wide holds on the days that they cover, and takes released ones away. A dry run only counts.
///
/// # Errors
/// [`PortError`]; a day that was begun is taken up again by the next run.
pub async fn end_days<P: LogStore + DayKeys + Chain + WideHolds + Keys>(
    ports: &P,
    controllers: &[ControllerId],
    at: Timestamp,
    dry_run: bool,
) -> Result<DaysEnded, PortError> {
    let mut ended = DaysEnded::default();
    if !dry_run {
        for controller in controllers {
            align_holds(ports, controller).await?;
        }
    }
    let mut due: BTreeMap<ControllerId, Vec<LogDay>> = BTreeMap::new();
    for (controller, category, day) in ports.due_log_days(at).await? {
        let known = controllers.contains(&controller);
        if let Some(day) = ports.log_day(&controller, &category, day).await?.filter(|_| known) {
            due.entry(controller).or_default().push(day);
        }
    }
    for (controller, days) in due {
        let (gone, open): (Vec<_>, Vec<_>) = days.into_iter().partition(|day| day.destroyed_at.is_some());
        let (held, open): (Vec<_>, Vec<_>) = open.into_iter().partition(LogDay::is_held);
        ended.held += held.len();
        if dry_run {
            count(&mut ended, &open, at);
            continue;
        }
        if !open.is_empty() {
            let destroyed = destroy(ports, &controller, at, open, &mut ended).await?;
            count(&mut ended, &destroyed, at);
        }
        for day in gone {
            settle(ports, &controller, &day.due, at, &mut ended).await?;
        }
    }
    Ok(ended)
}

fn count(ended: &mut DaysEnded, days: &[LogDay], at: Timestamp) {
    for day in days {
        ended.destroyed += 1;
        ended.packets += day.packets;
        ended.entries += day.entries;
        ended.lag_seconds = ended.lag_seconds.max(at.as_second() - day.due.starts_at.as_second());
    }
}

/// Destroys the keys of one controller's days under one intent; answers the days that it destroyed.
async fn destroy<P: LogStore + DayKeys + Chain + WideHolds + Keys>(
    ports: &P,
    controller: &ControllerId,
    at: Timestamp,
    days: Vec<LogDay>,
    ended: &mut DaysEnded,
) -> Result<Vec<LogDay>, PortError> {
    let keys = ports.controller(controller).await?;
    let at_text = at.to_string();
    let names: Vec<String> = days.iter().map(|day| format!("{} {}", day.due.category, day.due.day)).collect();
    let mut parts = vec!["days", at_text.as_str()];
    parts.extend(names.iter().map(String::as_str));
    let batch: BatchId = keys.pepper.derive(&parts);
    let link = |content| Link { batch: batch.clone(), at, content };

    let intended = days.iter().flat_map(|day| intended(controller, day)).collect();
    let intent = ports.append_link(controller, &link(Content::Intent(DeletionReason::Retention, intended))).await?;
    let (mut results, mut destroyed) = (Vec::new(), Vec::new());
    // Right before it counts, as before each batch of records: a hold may have come since they were put on the days.
    let holds = ports.wide_holds(controller).await?;
    for day in days {
        let is_kept = day.closed_at.is_none() && holds.iter().any(|hold| keeps(hold, &day));
        // What was registered since the intent goes too; what it is was in the intent, or is in the next one.
        let closed = if is_kept { None } else { ports.close_day(controller, &day.due, at).await? };
        let result = match &closed {
            Some(_) => {
                ports.destroy_day_key(controller, &day.due.category, day.due.day).await?;
                DeletionResult::Deleted
            }
            None => {
                ended.held += 1;
                DeletionResult::Held
            }
        };
        results.extend(day.commitments(controller).into_keys().map(|commitment| (commitment, result)));
        destroyed.extend(closed);
    }
    if !destroyed.is_empty() {
        let keys = destroyed.iter().map(|day| key_of(controller, day, at)).collect();
        ports.append_link(controller, &link(Content::Keys(keys))).await?;
    }
    let result = Content::Result { reason: DeletionReason::Retention, intent, results };
    ports.append_link(controller, &link(result)).await?;
    for day in &destroyed {
        let again_at = day.due.ends_at.checked_add(SETTLE_AFTER_HOURS.hours()).unwrap_or(day.due.ends_at);
        ports.note_destroyed(controller, &day.due, at, again_at.max(at)).await?;
    }
    Ok(destroyed)
}

fn intended(controller: &ControllerId, day: &LogDay) -> Vec<Intended> {
    let of = |(commitment, (purpose, clause)): (Commitment, (&Purpose, &Clause))| Intended {
        commitment,
        category: day.due.category.clone(),
        purpose: purpose.clone(),
        clause: clause.clone(),
        system: System::Habeas,
        due_at: Some(day.due.starts_at),
    };
    day.commitments(controller).into_iter().map(of).collect()
}

/// The key lay in one table that nobody copies, and no function keeps a day's key beyond the call that needs it.
fn key_of(controller: &ControllerId, day: &LogDay, at: Timestamp) -> DestroyedKey {
    let DueDay { category, day: date, .. } = &day.due;
    let name = [controller.as_str(), "day", category.as_str(), &date.to_string()];
    DestroyedKey {
        commitment: key_commitment(&day.salt, name),
        day: Some((category.clone(), *date)),
        at,
        gone_at: at.checked_add(KEY_LINGERS).unwrap_or(Timestamp::MAX),
    }
}

/// Sees that nothing of a day is stored any more. What TTL left cannot be read; it is removed by hand and counted.
async fn settle<P: LogStore + DayKeys>(
    ports: &P,
    controller: &ControllerId,
    day: &DueDay,
    at: Timestamp,
    ended: &mut DaysEnded,
) -> Result<(), PortError> {
    // Whoever came while the day was being closed may have made a key that sealed nothing.
    ports.destroy_day_key(controller, &day.category, day.day).await?;
    let leftovers = ports.remove_leftovers(controller, day).await?;
    ended.leftovers += leftovers;
    if leftovers == 0 {
        ports.note_settled(controller, day, at).await?;
        ended.settled += 1;
    }
    Ok(())
}

/// Whether a wide hold keeps what is due on a day. Nobody can tell which entries an incident exposed, so all of its
/// categories stay as long as it stands.
fn keeps(hold: &Hold, day: &LogDay) -> bool {
    let covers = match &hold.scope {
        HoldScope::Subject(_) => false,
        HoldScope::Category(category) => *category == day.due.category,
        HoldScope::System(system) => *system == System::Habeas,
        HoldScope::Incident { categories, .. } => categories.contains(&day.due.category),
    };
    hold.is_open() && covers
}

/// Puts each wide hold on the days that it covers, and takes from each day the holds that cover it no more. A day's packets
/// have their TTL a day after it, so each hour is soon enough.
async fn align_holds<P: LogStore + WideHolds>(ports: &P, controller: &ControllerId) -> Result<(), PortError> {
    let holds = ports.wide_holds(controller).await?;
    let days = ports.log_days(controller).await?;
    for day in days.iter().filter(|day| day.closed_at.is_none()) {
        let keeping: BTreeSet<&HoldId> = holds.iter().filter(|hold| keeps(hold, day)).map(|hold| &hold.id).collect();
        for hold in keeping.iter().filter(|hold| !day.holds.contains(**hold)) {
            ports.hold_day(controller, &day.due, hold).await?;
        }
        for hold in day.holds.iter().filter(|hold| !keeping.contains(hold)) {
            ports.free_day(controller, &day.due, hold).await?;
        }
    }
    Ok(())
}
