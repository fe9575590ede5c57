//! The sweep: deletes what is due at the event's time, with evidence, shard by shard.
//!
//! A tick looks at the beginning of each shard. What is little is deleted at once; a shard with more goes to
//! a queue as a [`Step`], and a step that is not done in its time is handed on from where it stood.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    evidence::{DeletionReason, DeletionResult},
    ids::{BatchId, ControllerId},
    purge::{Act, Claimed, Control, Deed, Limits, State, Tally},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    destruction::{self, BATCH_RECORDS_MAX, Condition, Deletion, Doomed, EvidenceStore, Manifest},
    error::PortError,
    keys::Keys,
    stored_counts::StoredCounts,
};

mod dry_run;
mod word;

pub use dry_run::{DryRun, Group, SAMPLE_RECORDS, dry_run};
pub use word::{Say, SayError, say};

/// In how many shards the due index lies.
pub const PURGE_SHARDS: u8 = 64;

/// Most records of a shard that a tick looks at, and deletes itself.
pub const LOOK_RECORDS_MAX: usize = 100;

/// Most records that wait for their controller's batch to be full, and so the most that a run has still to
/// delete, beside one page, when its time is up.
const WAITING_RECORDS_MAX: usize = 2 * BATCH_RECORDS_MAX;

/// Most messages by which one shard is handed on. Lambda's own guard against loops is lifted for this
/// queue, so the function keeps one of its own; the next tick begins again.
pub const SWEEP_HOPS_MAX: u32 = 1_000;

/// Most acts that are shown of a purge's trail.
pub const ACTS_SHOWN_MAX: usize = 50;

/// How often a controller's count is read again when somebody else changed it in between.
const CONFLICTS_MAX: usize = 20;

/// Who stops a purge that has too much to delete.
const BREAKER: &str = "purge";

/// A page of what is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DuePage {
    /// Records by their controllers. The index is only eventually consistent: it proposes.
    pub due: Vec<(ControllerId, Doomed)>,
    /// Entries of the index that cannot be read. They keep nobody else's records from being deleted,
    /// and somebody has to look at them.
    pub unreadable: usize,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The port to the due index.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait DueRecords {
    /// A page of at most [`BATCH_RECORDS_MAX`] records of a shard that are due at that time,
    /// earliest first.
    async fn due_records(&self, shard: u8, until: Timestamp, from: Option<&str>) -> Result<DuePage, PortError>;

    /// The first page of each shard, by shard, of at most [`LOOK_RECORDS_MAX`] records.
    async fn first_due(&self, until: Timestamp) -> Result<Vec<DuePage>, PortError>;
}

/// The port to where the purge of each controller stands.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait PurgeControls: StoredCounts {
    /// Where it stands; one of which nothing is kept runs. MUST see every write that has returned.
    async fn purge_control(&self, controller: &ControllerId) -> Result<Control, PortError>;

    /// Replaces it, if what stands is of the revision before; answers whether it did.
    async fn put_purge_control(&self, controller: &ControllerId, control: &Control) -> Result<bool, PortError>;

    /// Keeps what was done. MUST NOT replace what was done before.
    async fn note_purge_act(&self, controller: &ControllerId, act: &Act) -> Result<(), PortError>;

    /// The last [`ACTS_SHOWN_MAX`] acts, the newest first.
    async fn purge_acts(&self, controller: &ControllerId) -> Result<Vec<Act>, PortError>;
}

/// What a run goes by.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// What is due at that time is deleted.
    pub at: Timestamp,
    /// From where on it is too much.
    pub limits: Limits,
    /// Whether there is time for another batch.
    pub goes_on: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("at", &self.at).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Run<'static> {
    /// One that has all the time that it needs, under the usual limits.
    pub fn to_the_end(at: Timestamp) -> Self {
        Self { at, limits: Limits::default(), goes_on: &|| true }
    }
}

/// A shard that is to be swept, from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which shard.
    pub shard: u8,
    /// Where its next page begins.
    pub from: Option<String>,
    /// How many messages of this shard went before.
    pub hop: u32,
}

impl Step {
    const fn first(shard: u8) -> Self {
        Self { shard, from: None, hop: 0 }
    }
}

/// What a tick saw at the beginning of each shard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// What is little enough to be deleted at once.
    pub due: Vec<(ControllerId, Doomed)>,
    /// The shards that have more.
    pub steps: Vec<Step>,
    /// Entries that cannot be read.
    pub unreadable: usize,
    /// The oldest time that is up.
    pub oldest: Option<Timestamp>,
}

/// What a sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Records that the index proposed.
    pub due: usize,
    /// Records deleted.
    pub deleted: usize,
    /// Records that a hold kept.
    pub held: usize,
    /// Records that a renewal kept, or that were gone already.
    pub passed_over: usize,
    /// Records whose deletion failed or whose entry cannot be read: they stay due.
    pub failed: usize,
    /// Records of controllers whose purge is paused or stopped: they stay due.
    pub waiting: usize,
    /// The batches, each with its evidence.
    pub batches: Vec<BatchId>,
    /// Batches of an earlier run that were settled.
    pub settled: usize,
    /// The controllers whose purge this run stopped.
    pub stopped: BTreeSet<ControllerId>,
}

impl Swept {
    fn count(&mut self, manifest: &Manifest) {
        for result in &manifest.results {
            match result {
                DeletionResult::Deleted => self.deleted += 1,
                DeletionResult::Held => self.held += 1,
                DeletionResult::NotDue | DeletionResult::Absent => self.passed_over += 1,
                DeletionResult::Failed => self.failed += 1,
            }
        }
        self.batches.push(manifest.batch.clone());
    }

    /// Adds what another part of the same sweep did.
    pub fn add(&mut self, other: Self) {
        self.due += other.due;
        self.deleted += other.deleted;
        self.held += other.held;
        self.passed_over += other.passed_over;
        self.failed += other.failed;
        self.waiting += other.waiting;
        self.batches.extend(other.batches);
        self.settled += other.settled;
        self.stopped.extend(other.stopped);
    }
}

/// Settles what a crash of an earlier run left open. Answers how many batches that were.
///
/// # Errors
/// [`PortError`].
pub async fn settle<P: EvidenceStore + Deletion>(
    ports: &P,
    controllers: &[ControllerId],
    at: Timestamp,
) -> Result<usize, PortError> {
    let mut settled = 0;
    for controller in controllers {
        settled += destruction::settle(ports, controller, at).await?.len();
    }
    Ok(settled)
}

/// Looks at the beginning of each shard.
///
/// # Errors
/// [`PortError`].
pub async fn look<P: DueRecords>(ports: &P, at: Timestamp) -> Result<Look, PortError> {
    let mut look = Look::default();
    for (shard, page) in (0..PURGE_SHARDS).zip(ports.first_due(at).await?) {
        let oldest = page.due.iter().filter_map(|(_, doomed)| doomed.due_at).min();
        look.oldest = look.oldest.into_iter().chain(oldest).min();
        if page.next.is_some() {
            look.steps.push(Step::first(shard));
            continue;
        }
        look.unreadable += page.unreadable;
        look.due.extend(page.due);
    }
    Ok(look)
}

/// Deletes what a look found to be little. Answers the shards of what it had no time for.
///
/// # Errors
/// [`PortError`]; what was deleted until then has its evidence or an open intent.
pub async fn take<P: EvidenceStore + Deletion + Keys + PurgeControls>(
    ports: &P,
    run: &Run<'_>,
    look: Look,
) -> Result<(Swept, Vec<Step>), PortError> {
    let mut sweep = Sweep::new(ports, *run);
    sweep.swept.failed += look.unreadable;
    sweep.gather(look.due);
    while (run.goes_on)() && sweep.delete_next(1).await? {}
    let left = sweep.waiting.values().flatten().map(|doomed| doomed.subject.shard(PURGE_SHARDS));
    let left: BTreeSet<u8> = left.collect();
    Ok((sweep.swept, left.into_iter().map(Step::first).collect()))
}

/// Sweeps a shard for as long as there is time. Answers from where it is to be handed on, if it is.
///
/// # Errors
/// [`PortError`]; what was deleted until then has its evidence or an open intent, and the same step, tried
/// again, does the rest.
pub async fn step<P: DueRecords + EvidenceStore + Deletion + Keys + PurgeControls>(
    ports: &P,
    run: &Run<'_>,
    step: Step,
) -> Result<(Swept, Option<Step>), PortError> {
    let mut sweep = Sweep::new(ports, *run);
    let mut from = step.from;
    loop {
        let page = ports.due_records(step.shard, run.at, from.as_deref()).await?;
        sweep.swept.failed += page.unreadable;
        sweep.gather(page.due);
        while sweep.delete_next(BATCH_RECORDS_MAX).await? {}
        from = page.next;
        let is_done = from.is_none() || !(run.goes_on)();
        // What is handed on begins behind everything that was read, so all of that goes first.
        let most = if is_done { 0 } else { WAITING_RECORDS_MAX };
        while sweep.waiting() > most && sweep.delete_next(1).await? {}
        if is_done {
            let next = from.map(|from| Step { shard: step.shard, from: Some(from), hop: step.hop + 1 });
            return Ok((sweep.swept, next));
        }
    }
}

/// Deletes all that is due, in one run.
///
/// # Errors
/// [`PortError`]; what was deleted until then has its evidence or an open intent.
pub async fn sweep<P: DueRecords + EvidenceStore + Deletion + Keys + PurgeControls>(
    ports: &P,
    controllers: &[ControllerId],
    run: &Run<'_>,
) -> Result<Swept, PortError> {
    let settled = settle(ports, controllers, run.at).await?;
    let seen = look(ports, run.at).await?;
    let mut steps = seen.steps.clone();
    let (mut swept, left) = take(ports, run, seen).await?;
    swept.settled = settled;
    steps.extend(left);
    while let Some(next) = steps.pop() {
        let (more, handed_on) = step(ports, run, next).await?;
        swept.add(more);
        steps.extend(handed_on);
    }
    Ok(swept)
}

/// A controller's count as this run knows it.
struct Known {
    control: Control,
    /// What each system kept when the day began, once that was asked for.
    began_with: Option<Tally>,
}

/// A run under way.
struct Sweep<'a, P> {
    ports: &'a P,
    run: Run<'a>,
    day: Date,
    waiting: BTreeMap<ControllerId, Vec<Doomed>>,
    known: BTreeMap<ControllerId, Known>,
    swept: Swept,
}

impl<'a, P: EvidenceStore + Deletion + Keys + PurgeControls> Sweep<'a, P> {
    fn new(ports: &'a P, run: Run<'a>) -> Self {
        let (waiting, known) = (BTreeMap::new(), BTreeMap::new());
        Self { ports, run, day: day_of(run.at), waiting, known, swept: Swept::default() }
    }

    fn gather(&mut self, due: Vec<(ControllerId, Doomed)>) {
        self.swept.due += due.len();
        for (controller, doomed) in due {
            self.waiting.entry(controller).or_default().push(doomed);
        }
    }

    fn waiting(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }

    /// Deletes a batch of the controller of which most waits, if that is so much. Answers whether it was.
    async fn delete_next(&mut self, at_least: usize) -> Result<bool, PortError> {
        let most = self.waiting.iter().max_by_key(|(_, waiting)| waiting.len());
        let Some(controller) = most.filter(|(_, waiting)| waiting.len() >= at_least).map(|(whose, _)| whose.clone())
        else {
            return Ok(false);
        };
        let mut batch = self.waiting.remove(&controller).unwrap_or_default();
        if batch.len() > BATCH_RECORDS_MAX {
            self.waiting.insert(controller.clone(), batch.split_off(BATCH_RECORDS_MAX));
        }
        self.delete(&controller, batch).await?;
        Ok(true)
    }

    async fn delete(&mut self, controller: &ControllerId, batch: Vec<Doomed>) -> Result<(), PortError> {
        let claimed = Tally::of(batch.iter().map(|doomed| &doomed.system));
        if self.claim(controller, &claimed).await? == Claimed::Refused {
            self.swept.waiting += batch.len();
            return Ok(());
        }
        let condition = Condition::DueAt(self.run.at);
        let reason = DeletionReason::Retention;
        let manifest = destruction::destroy(self.ports, controller, reason, self.run.at, batch, condition).await?;
        self.swept.count(&manifest);
        let kept = manifest.records.iter().zip(&manifest.results);
        let kept = kept.filter(|(_, result)| **result != DeletionResult::Deleted);
        let kept = Tally::of(kept.map(|(doomed, _)| &doomed.system));
        if kept.total() > 0 {
            self.change(controller, |control, _| control.give_back(&kept)).await?;
        }
        Ok(())
    }

    /// Counts what is about to be deleted, or stops the controller's purge.
    async fn claim(&mut self, controller: &ControllerId, more: &Tally) -> Result<Claimed, PortError> {
        let (ports, run, day) = (self.ports, self.run, self.day);
        let known = self.known(controller).await?;
        if known.control.state != State::Running {
            return Ok(Claimed::Refused);
        }
        if known.began_with.is_none() && known.control.asks_for_stored(day, &run.limits, more) {
            let stored = kept_by(ports, controller).await?;
            known.began_with = Some(known.control.began_with(day, &stored));
        }
        let (mut claimed, mut stopped) = (Claimed::Refused, None);
        self.change(controller, |control, began_with| {
            let ran = control.state == State::Running;
            claimed = control.claim(run.at, day, more, &run.limits, began_with);
            stopped = match &control.state {
                State::Stopped { cause, .. } if ran => Some(cause.clone()),
                _ => None,
            };
        })
        .await?;
        if let Some(cause) = stopped {
            self.swept.stopped.insert(controller.clone());
            let (by, deed) = (BREAKER.to_owned(), Deed::Stopped(cause));
            ports.note_purge_act(controller, &Act { at: run.at, by, deed, reason: String::new() }).await?;
        }
        Ok(claimed)
    }

    async fn known(&mut self, controller: &ControllerId) -> Result<&mut Known, PortError> {
        if !self.known.contains_key(controller) {
            let control = self.ports.purge_control(controller).await?;
            self.known.insert(controller.clone(), Known { control, began_with: None });
        }
        self.known.get_mut(controller).ok_or_else(|| PortError::corrupt("a purge's count", "it was forgotten"))
    }

    /// Changes a controller's count as it stands, whoever else changes it.
    async fn change(
        &mut self,
        controller: &ControllerId,
        mut change: impl FnMut(&mut Control, &Tally),
    ) -> Result<(), PortError> {
        let ports = self.ports;
        let known = self.known(controller).await?;
        let nothing = Tally::default();
        for _ in 0..CONFLICTS_MAX {
            let mut control = known.control.clone();
            change(&mut control, known.began_with.as_ref().unwrap_or(&nothing));
            if control == known.control {
                return Ok(());
            }
            control.revision += 1;
            if ports.put_purge_control(controller, &control).await? {
                known.control = control;
                return Ok(());
            }
            known.control = ports.purge_control(controller).await?;
        }
        Err(PortError::Conflict { what: "a purge's count" })
    }
}

/// About how many records each system keeps; of one that is not in it, it is not known.
async fn kept_by<P: StoredCounts>(ports: &P, controller: &ControllerId) -> Result<Tally, PortError> {
    let mut tally = Tally::default();
    for (system, stored) in ports.stored(controller).await? {
        // Counted from a stream, it may fall below nothing.
        tally.add(&system, u64::try_from(stored).unwrap_or_default());
    }
    Ok(tally)
}

/// The day on which deletions count, in UTC: a controller's own midnight would gain nothing.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
