//! What a restored table is brought to before anybody uses it: a backup knows nothing of the erasures, holds and
//! deletions that came after it.
//!
//! Holds come first, so that nothing which must be kept is deleted; then every erasure is applied again; then what is
//! due goes, as on any other day. Everything may be run again: it finds what is left to do.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent,
    evidence::{DeletionReason, DeletionResult},
    hold::Hold,
    ids::{ControllerId, SubjectRef},
    policy::Policy,
    record::{Record, System},
    tombstone::Tombstone,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::{
    capture_consent::ConsentLedger,
    destruction::{self, BATCH_RECORDS_MAX, Condition, Deletion, Doomed, EvidenceStore},
    error::PortError,
    fulfil_request::withdraw_purposes,
    holds::{HoldKey, HoldStore},
    keys::Keys,
    notice_change::NoticeChanges,
    purge::{self, DueRecords, PurgeControls, Run, Swept},
    records::{self, CONFLICTS_MAX, RecordError, RecordStore, SubjectEvent},
    requests::RequestKey,
    tombstones::{Tombstones, erased_by},
    walk::{RecordScan, WALK_SEGMENTS},
};

/// Who releases a hold of which a restored table does not know that it was released.
const RELEASED_BY: &str = "restore";

/// Events that are noted beside each other.
const EVENTS_AT_ONCE: usize = 16;

/// The port to the copies of holds.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait HoldCopies {
    /// Every hold of a controller as it was copied to where no restore reaches, released ones too.
    async fn hold_copies(&self, controller: &ControllerId) -> Result<Vec<Hold>, PortError>;
}

crate::ports! {
    /// Everything that a replay needs: the restored table, and what was never lost.
    pub trait Restored =
        RecordStore + RecordScan + HoldStore + HoldCopies + Tombstones + ConsentLedger + NoticeChanges + DueRecords
        + PurgeControls + EvidenceStore + Deletion + Keys;
}

/// What a replay found and did; of a dry run, what one would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Erasures that were applied again.
    pub erasures: usize,
    /// Records of theirs that had come back.
    pub found: usize,
    /// Of these, the ones that nobody could read any more: their key is gone, and no restore brings one back. Where one
    /// is left, something of the person's was kept, or their erasure was still under way: no key is destroyed here.
    pub unreadable: usize,
    /// Of these, the ones that a wide hold keeps until it is released, when the replay has to be run again.
    pub held: usize,
    /// Records that were erased again.
    pub erased: usize,
    /// Consents that were taken back again with their erasure, by subject and purpose.
    pub withdrawn: usize,
    /// Holds that the table did not know and has again.
    pub holds_placed: usize,
    /// Holds that the table took for open.
    pub holds_released: usize,
    /// Records whose holds were put right.
    pub records_held: usize,
    /// Records that were due.
    pub due: usize,
    /// Of these, the ones that are deleted.
    pub purged: usize,
    /// Of these, the ones that wait, since their controller's purge is paused or was stopped: as on any other day.
    pub waiting: usize,
    /// Records that could not be deleted: the replay has to be run again.
    pub failed: usize,
    /// Tombstones of controllers that have no policy here: nothing of theirs was looked at.
    pub without_policy: usize,
}

/// How a replay is run.
#[derive(Debug, Clone, Copy)]
pub struct Replay {
    /// When.
    pub at: Timestamp,
    /// Whether it only looks.
    pub dry_run: bool,
}

/// Brings a restored table to where it must be before anybody uses it.
///
/// # Errors
/// [`PortError`]; what was done until then stands, and another run does the rest.
pub async fn replay<P: Restored>(
    policies: &BTreeMap<ControllerId, Policy>,
    ports: &P,
    run: Replay,
) -> Result<Replayed, PortError> {
    let mut replayed = Replayed::default();
    let mut copies = BTreeMap::new();
    for (controller, policy) in policies {
        if !run.dry_run {
            // What an earlier run began and did not come to delete: another batch deletes it, and is the evidence.
            destruction::settle(ports, controller, run.at).await?;
        }
        let holds = ports.hold_copies(controller).await?;
        place_holds(policy, ports, &holds, run, &mut replayed).await?;
        copies.insert(controller.clone(), holds);
    }
    let (mut from, mut last) = (None, None);
    loop {
        let page = ports.all_tombstones(from.as_deref()).await?;
        replayed.erasures += page.tombstones.len();
        let mut people: Vec<(ControllerId, SubjectRef)> = Vec::new();
        for (controller, tombstone) in page.tombstones {
            if !policies.contains_key(&controller) {
                replayed.without_policy += 1;
                continue;
            }
            let person = (controller, tombstone.subject);
            // One person's tombstones stand beside each other, and are applied together.
            if last.as_ref() != Some(&person) {
                people.push(person.clone());
                last = Some(person);
            }
        }
        erase_again(policies, ports, &copies, &people, run, &mut replayed).await?;
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let swept = sweep(policies, ports, run).await?;
    replayed.due = swept.due;
    replayed.purged = swept.deleted;
    replayed.waiting = swept.waiting;
    replayed.failed += swept.failed;
    Ok(replayed)
}

/// The sweep of any other day.
async fn sweep<P: Restored>(
    policies: &BTreeMap<ControllerId, Policy>,
    ports: &P,
    run: Replay,
) -> Result<Swept, PortError> {
    let controllers: Vec<_> = policies.keys().cloned().collect();
    let sweep = Run::to_the_end(run.at);
    if run.dry_run {
        let seen = purge::dry_run(ports, &sweep, None).await?;
        let due = usize::try_from(seen.due.values().sum::<u64>()).unwrap_or(usize::MAX);
        return Ok(Swept { due, stopped: seen.stops.into_keys().collect(), ..Swept::default() });
    }
    purge::sweep(ports, &controllers, &sweep).await
}

/// Puts holds on the table as they stand in their copies, and on the records that they keep.
async fn place_holds<P: Restored>(
    policy: &Policy,
    ports: &P,
    copies: &[Hold],
    run: Replay,
    replayed: &mut Replayed,
) -> Result<(), PortError> {
    let controller = &policy.controller;
    let (mut subjects, mut wide) = (BTreeSet::new(), Vec::new());
    for copy in copies {
        let key = HoldKey::from(copy);
        let standing = ports.hold(controller, &key).await?;
        let is_bound = standing.as_ref().is_some_and(|standing| standing.bound_at.is_some());
        match (standing, copy.released_at) {
            (None, None) => {
                replayed.holds_placed += 1;
                if !run.dry_run {
                    ports.place_hold(controller, copy).await?;
                }
            }
            (Some(standing), Some(released_at)) if standing.is_open() => {
                replayed.holds_released += 1;
                if !run.dry_run {
                    ports.release_hold(controller, &key, RELEASED_BY, released_at).await?;
                }
            }
            // It stands as it should, with its mark on every record.
            (Some(_), None) if is_bound => continue,
            _ => {}
        }
        match key.subject {
            Some(subject) => drop(subjects.insert(subject)),
            None => wide.push(copy),
        }
    }
    for subject in &subjects {
        let tombstones = ports.tombstones(controller, subject).await?;
        let held = Held { policy, copies, tombstones: &tombstones };
        for record in ports.records(controller, subject).await? {
            put_right(ports, &held, record, run, replayed).await?;
        }
    }
    if wide.is_empty() { Ok(()) } else { bind_wide(policy, ports, copies, &wide, run, replayed).await }
}

/// Walks the table, and puts right each record that a wide hold covers or has its mark on.
async fn bind_wide<P: Restored>(
    policy: &Policy,
    ports: &P,
    copies: &[Hold],
    wide: &[&Hold],
    run: Replay,
    replayed: &mut Replayed,
) -> Result<(), PortError> {
    let controller = &policy.controller;
    for segment in 0..WALK_SEGMENTS {
        let mut from = None;
        loop {
            let page = ports.scan_records(controller, segment, from.as_deref()).await?;
            for record in page.records {
                if wide.iter().any(|hold| hold.scope.covers(&record) || record.holds.contains(&hold.id)) {
                    let tombstones = ports.tombstones(controller, &record.subject).await?;
                    let held = Held { policy, copies, tombstones: &tombstones };
                    put_right(ports, &held, record, run, replayed).await?;
                }
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    for hold in wide.iter().filter(|hold| hold.is_open() && !run.dry_run) {
        ports.note_bound(controller, &hold.id, run.at).await?;
    }
    Ok(())
}

/// Writes a record with the holds that keep it, if it has others.
async fn put_right<P: Restored>(
    ports: &P,
    held: &Held<'_>,
    mut record: Record,
    run: Replay,
    replayed: &mut Replayed,
) -> Result<(), PortError> {
    let controller = &held.policy.controller;
    for attempt in 0..CONFLICTS_MAX {
        let right = held.put_right(record.clone());
        if right == record {
            return Ok(());
        }
        replayed.records_held += usize::from(attempt == 0);
        if run.dry_run {
            return Ok(());
        }
        match ports.update_record(controller, &right).await {
            Err(PortError::Conflict { .. }) => {}
            done => return done,
        }
        // Nobody uses the table yet, but for a replay that was started twice.
        let stored = ports.records(controller, &record.subject).await?;
        match stored.into_iter().find(|stored| stored.id == record.id) {
            Some(stored) if stored.revision > record.revision => record = stored,
            // A conflict without a later revision: its deletion was under way when the backup was made.
            _ => return Ok(()),
        }
    }
    Err(PortError::Conflict { what: "record" })
}

/// What is known of a person's holds and erasures.
struct Held<'a> {
    policy: &'a Policy,
    copies: &'a [Hold],
    tombstones: &'a [Tombstone],
}

impl Held<'_> {
    /// The record with the holds that stand. A person's that was opened after the record had been erased never kept
    /// it, and keeps no ghost of it; a wide one asks for nobody, so it keeps what is there until it is released.
    fn put_right(&self, mut record: Record) -> Record {
        for copy in self.copies {
            if !copy.scope.covers(&record) {
                continue;
            }
            let was_gone = |tombstone: &&Tombstone| tombstone.erased_until < copy.opened_at;
            let is_ghost = || self.tombstones.iter().filter(was_gone).any(|tombstone| self.took(tombstone, &record));
            let keeps = copy.is_open() && (copy.is_wide() || !is_ghost());
            if keeps {
                record.holds.insert(copy.id.clone());
            } else {
                record.holds.remove(&copy.id);
            }
        }
        record
    }

    /// Whether an erasure took the record away when it was carried out: it reaches it, and neither the policy nor a
    /// hold of that time kept it.
    fn took(&self, tombstone: &Tombstone, record: &Record) -> bool {
        let rule = self.policy.retention_of(&record.category, &record.purpose);
        let stood = |hold: &&Hold| {
            hold.opened_at <= tombstone.erased_until
                && hold.released_at.is_none_or(|released_at| released_at > tombstone.erased_until)
        };
        let is_kept = self.copies.iter().filter(stood).any(|hold| hold.scope.covers(record));
        !is_kept && erased_by(self.policy, rule, record, tombstone)
    }

    /// Whether any did.
    fn is_erased(&self, record: &Record) -> bool {
        self.tombstones.iter().any(|tombstone| self.took(tombstone, record))
    }
}

/// Applies the erasures of these people again: full batches over all of them, then what ends with each.
async fn erase_again<P: Restored>(
    policies: &BTreeMap<ControllerId, Policy>,
    ports: &P,
    copies: &BTreeMap<ControllerId, Vec<Hold>>,
    people: &[(ControllerId, SubjectRef)],
    run: Replay,
    replayed: &mut Replayed,
) -> Result<(), PortError> {
    let mut doomed: BTreeMap<&ControllerId, Vec<Doomed>> = BTreeMap::new();
    for (controller, subject) in people {
        let Some(policy) = policies.get(controller) else { continue };
        let tombstones = ports.tombstones(controller, subject).await?;
        let copies = copies.get(controller).map(Vec::as_slice).unwrap_or_default();
        let held = Held { policy, copies, tombstones: &tombstones };
        for record in ports.records(controller, subject).await? {
            if !held.is_erased(&record) {
                continue;
            }
            replayed.found += 1;
            if held.put_right(record.clone()).is_held() {
                replayed.held += 1;
                continue;
            }
            let is_readable = ports.content(controller, subject, &record.id).await?.is_some();
            replayed.unreadable += usize::from(!is_readable);
            // The key went when nothing was left under it, so the object is gone; what came back is an item of the
            // table, which nobody could find the object by.
            let system = if is_readable { record.system.clone() } else { System::Habeas };
            doomed.entry(controller).or_default().push(Doomed { system, ..Doomed::from(&record) });
        }
    }
    if !run.dry_run {
        for (controller, doomed) in doomed {
            for batch in doomed.chunks(BATCH_RECORDS_MAX) {
                let (reason, condition) = (DeletionReason::Erasure, Condition::Asked);
                let manifest =
                    destruction::destroy(ports, controller, reason, run.at, batch.to_vec(), condition).await?;
                for result in manifest.results {
                    match result {
                        DeletionResult::Deleted | DeletionResult::Absent => replayed.erased += 1,
                        DeletionResult::Held => replayed.held += 1,
                        DeletionResult::NotDue | DeletionResult::Failed => replayed.failed += 1,
                    }
                }
            }
        }
    }
    for (controller, subject) in people {
        let Some(policy) = policies.get(controller) else { continue };
        for tombstone in ports.tombstones(controller, subject).await? {
            withdraw_again(policy, ports, &tombstone, run, replayed).await?;
        }
    }
    Ok(())
}

/// Takes back again what was agreed to before the erasure: the table may not know any more that it was.
async fn withdraw_again<P: Restored>(
    policy: &Policy,
    ports: &P,
    tombstone: &Tombstone,
    run: Replay,
    replayed: &mut Replayed,
) -> Result<(), PortError> {
    let (controller, subject, until) = (&policy.controller, &tombstone.subject, tombstone.erased_until);
    let ledger = ports.consents(controller, subject).await?;
    let before: Vec<_> = consent::as_of(&ledger, until).cloned().collect();
    let named = |purpose: &_| tombstone.purposes.is_empty() || tombstone.purposes.contains(purpose);
    let given: Vec<_> = consent::revocable(&before).into_iter().filter(named).collect();
    replayed.withdrawn += given.len();
    if given.is_empty() || run.dry_run {
        return Ok(());
    }
    let (controller, subject, request) = (controller.clone(), subject.clone(), tombstone.request.clone());
    let key = RequestKey { controller, subject: subject.clone(), request };
    withdraw_purposes(policy, ports, &key, &given, until).await?;
    for purpose in given {
        // Nothing reads the restored table's stream.
        let Some(event) = records::withdrawal_event(subject.clone(), purpose, until) else { continue };
        note(policy, ports, &event).await?;
    }
    Ok(())
}

/// Notes an event; one that no rule listens to moves nothing.
async fn note<P: Restored>(policy: &Policy, ports: &P, event: &SubjectEvent) -> Result<(), PortError> {
    match records::note_event(policy, ports, event).await {
        Ok(_) | Err(RecordError::UnknownEvent(_)) => Ok(()),
        Err(RecordError::Port(error)) => Err(error),
        // What the rule makes of it lies past the calendar: nothing of it was moved before either.
        Err(_) => Ok(()),
    }
}

/// Notes again what happened to people after the backup was made, once it is known: their records' clocks and the
/// holds by event follow from it.
///
/// # Errors
/// [`PortError`].
pub async fn note_again<P: Restored>(
    policies: &BTreeMap<ControllerId, Policy>,
    ports: &P,
    events: &[(ControllerId, SubjectEvent)],
) -> Result<usize, PortError> {
    let of_ours = events.iter().filter_map(|(controller, event)| Some((policies.get(controller)?, event)));
    let notes = of_ours.map(|(policy, event)| note(policy, ports, event));
    let mut notes = stream::iter(notes).buffer_unordered(EVENTS_AT_ONCE);
    let mut noted = 0;
    while notes.try_next().await?.is_some() {
        noted += 1;
    }
    Ok(noted)
}
