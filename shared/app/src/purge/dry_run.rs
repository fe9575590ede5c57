//! What a sweep would take, without taking it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{Category, ControllerId, RecordId, SubjectRef},
    policy::Clause,
    purge::{Cause, State, Tally},
    record::System,
};

use super::{DueRecords, PURGE_SHARDS, PurgeControls, Run, day_of, kept_by};
use crate::{destruction::Doomed, error::PortError};

/// Records that a dry run shows.
pub const SAMPLE_RECORDS: usize = 20;

/// What records have in common that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Whose.
    pub controller: ControllerId,
    /// What they are.
    pub category: Category,
    /// The clause whose time is up.
    pub clause: Clause,
    /// Where they are.
    pub system: System,
}

/// What a sweep would take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DryRun {
    /// How many records of each group are due.
    pub due: BTreeMap<Group, u64>,
    /// Some of them, by reference. Names are keyed hashes, so the smallest are a sample of all.
    pub sample: BTreeMap<(RecordId, SubjectRef), ControllerId>,
    /// Entries of the index that cannot be read.
    pub unreadable: u64,
    /// The controllers whose purge would be stopped by so much, and why.
    pub stops: BTreeMap<ControllerId, Cause>,
    /// Whether there was time to count all of it.
    pub is_complete: bool,
}

/// Counts what is due, of one controller or of all, and changes nothing.
///
/// # Errors
/// [`PortError`].
pub async fn dry_run<P: DueRecords + PurgeControls>(
    ports: &P,
    run: &Run<'_>,
    only: Option<&ControllerId>,
) -> Result<DryRun, PortError> {
    let mut seen = DryRun { is_complete: true, ..DryRun::default() };
    for shard in 0..PURGE_SHARDS {
        let mut from = None;
        loop {
            if !(run.goes_on)() {
                seen.is_complete = false;
                return seen.with_stops(ports, run).await;
            }
            let page = ports.due_records(shard, run.at, from.as_deref()).await?;
            seen.unreadable += page.unreadable as u64;
            let due = page.due.into_iter().filter(|(whose, _)| only.is_none_or(|only| whose == only));
            due.for_each(|(controller, doomed)| seen.count(controller, doomed));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    seen.with_stops(ports, run).await
}

impl DryRun {
    /// How many records of a controller are due, by system.
    pub fn tally(&self, controller: &ControllerId) -> Tally {
        let mut tally = Tally::default();
        let groups = self.due.iter().filter(|(group, _)| group.controller == *controller);
        groups.for_each(|(group, records)| tally.add(&group.system, *records));
        tally
    }

    fn count(&mut self, controller: ControllerId, doomed: Doomed) {
        let Doomed { subject, record, category, system, clause, .. } = doomed;
        self.sample.insert((record, subject), controller.clone());
        if self.sample.len() > SAMPLE_RECORDS {
            self.sample.pop_last();
        }
        *self.due.entry(Group { controller, category, clause, system }).or_default() += 1;
    }

    async fn with_stops<P: PurgeControls>(mut self, ports: &P, run: &Run<'_>) -> Result<Self, PortError> {
        let controllers: BTreeSet<_> = self.due.keys().map(|group| group.controller.clone()).collect();
        for controller in controllers {
            let more = self.tally(&controller);
            let (mut control, stored) = (ports.purge_control(&controller).await?, kept_by(ports, &controller).await?);
            let day = day_of(run.at);
            control.claim(run.at, day, &more, &run.limits, &control.began_with(day, &stored));
            if let State::Stopped { cause, .. } = control.state {
                self.stops.insert(controller, cause);
            }
        }
        Ok(self)
    }
}
