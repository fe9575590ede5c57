//! The purge: on its schedule it takes what is due at the event's time, and hands what is more than one run
//! can do to its queue; over HTTP the staff pause it, resume it, and allow what it was stopped by.

mod staff;

use app::{
    destruction::{Deletion, EvidenceStore},
    keys::{DayKeys, Keys},
    logs::{self, DaysEnded, LogStore},
    purge::{self, DryRun, DueRecords, PURGE_SHARDS, PurgeControls, Run, SWEEP_HOPS_MAX, Step, Swept},
    queues::{DeadLetters, Outbox, Queue},
};
use domain::purge::{Limits, State};
use edge::{
    Event, Failure, Reply,
    clock::{self, TimeGuard},
    env,
    queue::{self, Message, Verdict},
    schedule::Tick,
    site,
    telemetry::{Unit, metric},
};
use jiff::{SignedDuration, Timestamp};
use policy::PolicyBook;
use serde_json::json;
use wire::{
    message::{PurgeMessage, PurgeStep},
    purge::{DueForm, DueGroup, DueSample},
};

pub use staff::SCOPE;

/// How much of its time a run keeps for what it has already read: a page and the batches that are not full.
const LAST_SECONDS: i64 = 60;

app::ports! {
    /// Everything that this function needs.
    pub trait Ports =
        DueRecords + EvidenceStore + Deletion + LogStore + DayKeys + Keys + PurgeControls + Outbox + DeadLetters;
}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table, the buckets, the keys and the queue.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
    /// Refuses times that cannot be right.
    pub guard: TimeGuard,
    /// From where on a day's deletions are too many.
    pub limits: Limits,
}

/// Reads the limits that the stack was given.
///
/// # Errors
/// [`Failure`] if one of them is no number.
pub fn limits() -> Result<Limits, Failure> {
    let usual = Limits::default();
    Ok(Limits {
        floor: env::number("PURGE_FLOOR", usual.floor)?,
        factor: env::number("PURGE_FACTOR", usual.factor)?,
        share_percent: env::number("PURGE_SHARE_PERCENT", usual.share_percent)?,
    })
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the sweep stopped; what it deleted until then has its evidence.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    match event {
        Event::Schedule(tick) if tick.dry_run => dry_run(desk, tick).await,
        Event::Schedule(tick) => sweep(desk, tick).await,
        Event::Http(request) => Ok(staff::answer(desk, &request).await.into()),
        Event::Queue(messages) => {
            queue::each(messages, &desk.ports, async |message: &Message| step(desk, message).await).await
        }
        _ => Err(Failure::new("purge answers its schedule, its queue and its staff")),
    }
}

fn has_time() -> bool {
    clock::has_left(SignedDuration::from_secs(LAST_SECONDS))
}

fn run(at: Timestamp, limits: Limits) -> Run<'static> {
    Run { at, limits, goes_on: &has_time }
}

async fn sweep<P: Ports>(desk: &Desk<P>, tick: Tick) -> Result<Reply, Failure> {
    let controllers: Vec<_> = desk.policies.controllers().cloned().collect();
    let mut running = Vec::new();
    for controller in &controllers {
        let state = desk.ports.purge_control(controller).await?.state;
        running.extend((state == State::Running).then(|| controller.clone()));
    }
    // First, since they are few and each ends many: a long sweep must not make them late.
    let days = logs::end_days(&desk.ports, &running, tick.time, false).await?;
    let settled = purge::settle(&desk.ports, &controllers, tick.time).await?;
    let look = purge::look(&desk.ports, tick.time).await?;
    // What is oldest now, whether this run will delete it or not: what is never deleted shows as well.
    let lag_seconds = look.oldest.map_or(0, |oldest| tick.time.as_second() - oldest.as_second()).max(days.lag_seconds);
    let mut steps = look.steps.len();
    hand_on(desk, tick.time, look.steps.clone()).await?;
    let (mut swept, left) = purge::take(&desk.ports, &run(tick.time, desk.limits), look).await?;
    swept.settled = settled;
    steps += left.len();
    hand_on(desk, tick.time, left).await?;
    let mut stopped = 0;
    for controller in &controllers {
        let control = desk.ports.purge_control(controller).await?;
        stopped += i64::from(matches!(control.state, State::Stopped { .. }));
    }
    tell(&swept);
    #[expect(clippy::cast_precision_loss, reason = "a metric of seconds and counts far below 2^52")]
    for (name, value, unit) in [
        ("PurgeLagSeconds", lag_seconds as f64, Unit::Seconds),
        ("PurgeStopped", stopped as f64, Unit::Count),
        ("LogsLeftOver", days.leftovers as f64, Unit::Count),
    ] {
        metric(name, value, unit, &[]);
    }
    Ok(Reply::Summary(json!({
        "v": 1,
        "time": tick.time.to_string(),
        "dry_run": false,
        "due": swept.due,
        "deleted": swept.deleted,
        "held": swept.held,
        "passed_over": swept.passed_over,
        "failed": swept.failed,
        "waiting": swept.waiting,
        "settled": swept.settled,
        "stopped": stopped,
        "lag_seconds": lag_seconds,
        "steps": steps,
        "more": steps > 0,
        "days": told(&days),
        "evidence": swept.batches.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })))
}

fn told(days: &DaysEnded) -> serde_json::Value {
    json!({
        "destroyed": days.destroyed,
        "packets": days.packets,
        "entries": days.entries,
        "held": days.held,
        "settled": days.settled,
        "left_over": days.leftovers,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn tell(swept: &Swept) {
    for (name, value) in [("RecordsDeleted", swept.deleted), ("DeletionsFailed", swept.failed)] {
        metric(name, value as f64, Unit::Count, &[]);
    }
}

/// Hands shards to the queue. A run writes the table as well: the next tick finds again what a lost message was for.
async fn hand_on<P: Ports>(desk: &Desk<P>, at: Timestamp, steps: Vec<Step>) -> Result<(), Failure> {
    if steps.is_empty() {
        return Ok(());
    }
    let message = |Step { shard, from, hop }| PurgeMessage::new(at, PurgeStep::Sweep { shard, from, hop });
    let bodies = steps.into_iter().map(|step| site::body(&message(step))).collect::<Result<_, _>>()?;
    Ok(desk.ports.send(Queue::Purge, bodies).await?)
}

async fn step<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let form = message.json::<PurgeMessage>()?;
    let at = form.at()?;
    // A forged message must not purge the future.
    desk.guard.check(at, None).map_err(|refused| Verdict::poison(refused.to_string()))?;
    let PurgeStep::Sweep { shard, from, hop } = form.step;
    if shard >= PURGE_SHARDS {
        return Err(Verdict::poison("/step/sweep/shard: there is no such shard"));
    }
    let step = Step { shard, from, hop };
    let (swept, next) = purge::step(&desk.ports, &run(at, desk.limits), step).await?;
    tell(&swept);
    // Whoever goes on longer than that has met an error of ours; the next tick begins again.
    if let Some(next) = next.filter(|next| next.hop <= SWEEP_HOPS_MAX) {
        hand_on(desk, at, vec![next]).await?;
    }
    Ok(())
}

async fn dry_run<P: Ports>(desk: &Desk<P>, tick: Tick) -> Result<Reply, Failure> {
    let seen = purge::dry_run(&desk.ports, &run(tick.time, desk.limits), None).await?;
    let due = due_form(&seen);
    let controllers: Vec<_> = desk.policies.controllers().cloned().collect();
    let days = logs::end_days(&desk.ports, &controllers, tick.time, true).await?;
    Ok(Reply::Summary(json!({
        "v": 1, "time": tick.time.to_string(), "dry_run": true, "due": due.records, "deleted": 0, "would": due,
        "days": told(&days),
    })))
}

/// What a dry run saw, as it is sent.
fn due_form(seen: &DryRun) -> DueForm {
    let groups = seen.due.iter().map(|(group, records)| DueGroup {
        controller: group.controller.to_string(),
        category: group.category.to_string(),
        clause: group.clause.to_string(),
        system: group.system.as_str().to_owned(),
        records: *records,
    });
    let sample = seen.sample.iter().map(|((record, subject), controller)| DueSample {
        controller: controller.to_string(),
        subject: subject.to_string(),
        record: record.to_string(),
    });
    let form = DueForm {
        records: seen.due.values().sum(),
        groups: groups.collect(),
        sample: sample.collect(),
        unreadable: seen.unreadable,
        is_complete: seen.is_complete,
        ..DueForm::default()
    };
    seen.stops.iter().fold(form, |form, (controller, cause)| form.with_stop(controller.as_str(), cause))
}
