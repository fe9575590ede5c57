//! The purge: on its schedule it takes what is due at the event's time; from its queue it certifies
//! what DynamoDB's own TTL removed.

use app::{
    destruction::{Deletion, Doomed, EvidenceStore},
    keys::Keys,
    purge::{self, DueRecords, Swept},
    queues::DeadLetters,
};
use domain::{
    ids::{Category, Purpose, RecordId, SubjectRef},
    policy::Clause,
};
use edge::{
    Event, Failure, Reply,
    queue::{self, Message, Verdict},
    schedule::Tick,
    site,
    telemetry::{Unit, metric},
};
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::json;
use wire::{
    form::{FormError, time},
    message::{RemovedForm, RemovedMessage},
};

/// Everything that this function needs.
pub trait Ports: DueRecords + EvidenceStore + Deletion + Keys + DeadLetters {}

impl<P: DueRecords + EvidenceStore + Deletion + Keys + DeadLetters> Ports for P {}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table, the buckets and the keys.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the sweep stopped; what it deleted until then has its evidence.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    match event {
        Event::Schedule(tick) => sweep(desk, tick).await,
        Event::Queue(messages) => {
            queue::each(messages, &desk.ports, async |message: &Message| certify(desk, message).await).await
        }
        _ => Err(Failure::new("purge answers its schedule and its queue")),
    }
}

async fn sweep<P: Ports>(desk: &Desk<P>, tick: Tick) -> Result<Reply, Failure> {
    let controllers: Vec<_> = desk.policies.controllers().cloned().collect();
    let swept = purge::sweep(&desk.ports, &controllers, tick.time, tick.dry_run).await?;
    if !tick.dry_run {
        #[expect(clippy::cast_precision_loss, reason = "a metric of seconds and counts far below 2^52")]
        for (name, value, unit) in [
            ("PurgeLagSeconds", swept.lag_seconds as f64, Unit::Seconds),
            ("RecordsDeleted", swept.deleted as f64, Unit::Count),
            ("DeletionsFailed", swept.failed as f64, Unit::Count),
        ] {
            metric(name, value, unit, &[]);
        }
    }
    Ok(Reply::Summary(summary(tick, &swept)))
}

fn summary(tick: Tick, swept: &Swept) -> serde_json::Value {
    json!({
        "v": 1,
        "time": tick.time.to_string(),
        "dry_run": tick.dry_run,
        "due": swept.due,
        "deleted": swept.deleted,
        "held": swept.held,
        "passed_over": swept.passed_over,
        "failed": swept.failed,
        "settled": swept.settled,
        "lag_seconds": swept.lag_seconds,
        "more": swept.more,
        "evidence": swept.batches.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

async fn certify<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let form = message.json::<RemovedMessage>()?;
    let controller = wire::form::controller(&form.controller, "/controller")?;
    site::policy_of(&controller, &desk.policies)?;
    let at = time(&form.at, "/at")?;
    let removed = form.records.iter().map(doomed).collect::<Result<Vec<_>, _>>()?;
    purge::certify_removed(&desk.ports, &controller, at, removed).await?;
    Ok(())
}

fn doomed(form: &RemovedForm) -> Result<Doomed, FormError> {
    let unreadable = |pointer: &'static str| move |_| FormError::new(pointer, "it cannot be read");
    Ok(Doomed {
        subject: SubjectRef::parse(&form.subject).map_err(unreadable("/records/subject"))?,
        record: RecordId::parse(&form.record).map_err(unreadable("/records/record"))?,
        category: Category::parse(&form.category).map_err(unreadable("/records/category"))?,
        purpose: Purpose::parse(&form.purpose).map_err(unreadable("/records/purpose"))?,
        system: form.system()?,
        clause: Clause::new(form.clause.clone()),
        due_at: form.due_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
        salt: form.salt()?,
    })
}
