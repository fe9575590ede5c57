//! The clock watch: on its schedule it warns of deadlines that come near and of those missed.

use app::{
    breach::BreachStore,
    deadlines::{self, Deadlines, Watched},
    mail::Mailer,
    queues::{Outbox, Queue},
    replan::{self, PlanningStore},
    request_clock::RequestClock,
    signals::{self, Reminded, SignalStore},
};
use domain::{
    ids::{BreachId, ControllerId},
    policy::Policy,
    walk::Job,
};
use edge::{
    Event, Failure, Reply,
    schedule::Tick,
    site,
    telemetry::{Unit, metric},
};
use jiff::Timestamp;
use policy::PolicyBook;
use serde_json::{Value, json};
use wire::message::{AnnouncementStep, BreachMessage, RecordsMessage};

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table and the mail.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

app::ports! {
    /// Everything that this function needs.
    pub trait Ports = Deadlines + RequestClock + BreachStore + Mailer + PlanningStore + Outbox + SignalStore;
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if something outside failed; warnings sent until then are not sent again.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Schedule(tick) = event else { return Err(Failure::new("clock-watch answers its schedule alone")) };
    let policies = desk.policies.all()?;
    let watched = deadlines::watch(&desk.ports, &policies, tick.time, tick.dry_run).await?;
    let signals = signals::remind(&desk.ports, &policies, tick.time, tick.dry_run).await?;
    let replanning = if tick.dry_run { 0 } else { replan(desk, &policies, tick.time).await? };
    if !tick.dry_run {
        look_on(desk, &watched.breaches.being_told, tick.time).await?;
        measure(&watched, &signals);
    }
    if watched.requests.failed + watched.breaches.failed + watched.failed + signals.failed > 0 {
        // What went well is claimed and has moved on: the retry looks at what failed alone.
        return Err(Failure::new("some requests, breaches, signals or deadlines could not be looked at"));
    }
    Ok(Reply::Summary(summary(&tick, &watched, &signals, replanning)))
}

fn measure(watched: &Watched, signals: &Reminded) {
    let (requests, breaches) = (&watched.requests, &watched.breaches);
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    // Hours are counted, since CloudWatch knows no unit of an hour.
    #[expect(clippy::cast_precision_loss, reason = "a metric of counts far below 2^52")]
    for (name, value) in [
        ("DeadlinesAtRisk", count(watched.at_risk)),
        ("DeadlinesMissed", count(watched.missed)),
        ("HoldReviewsMissed", count(watched.reviews_missed)),
        ("RequestsOpen", count(requests.open)),
        ("RequestsOverdue", count(requests.overdue)),
        ("RequestsLatestHours", requests.latest_hours),
        ("RequestsOldestHours", requests.oldest_hours),
        ("RequestsLookedAt", count(requests.looked_at)),
        ("RequestShardsFull", count(requests.full_shards)),
        ("RequestReminders", count(requests.reminded)),
        ("RequestEscalations", count(requests.escalated)),
        ("RequestsLapsed", count(requests.lapsed)),
        ("BreachesOpen", count(breaches.open)),
        ("BreachClocksAtRisk", count(breaches.at_risk)),
        ("BreachClocksMissed", count(breaches.missed)),
        ("BreachesLatestHours", breaches.latest_hours),
        ("BreachesLookedAt", count(breaches.looked_at)),
        ("BreachShardsFull", count(breaches.full_shards)),
        ("BreachReminders", count(breaches.reminded)),
        ("BreachEscalations", count(breaches.escalated)),
        ("SignalsWaiting", count(signals.waiting)),
        ("SignalShardsFull", count(signals.full_shards)),
    ] {
        // A metric is paid for each hour in which it is written. That this ran shows in its invocations.
        if value != 0 {
            metric(name, value as f64, Unit::Count, &[]);
        }
    }
}

/// What the operator who calls the function reads.
fn summary(tick: &Tick, watched: &Watched, signals: &Reminded, replanning: usize) -> Value {
    let (requests, breaches) = (&watched.requests, &watched.breaches);
    json!({
        "v": 1,
        "time": tick.time.to_string(),
        "dry_run": tick.dry_run,
        "at_risk": watched.at_risk,
        "missed": watched.missed,
        "attestations_due": watched.attestations_due,
        "attestations_lapsed": watched.attestations_lapsed,
        "reviews_due": watched.reviews_due,
        "reviews_missed": watched.reviews_missed,
        "warned": watched.warned,
        "without_policy": watched.without_policy,
        "replanning": replanning,
        "requests": {
            "open": requests.open,
            "overdue": requests.overdue,
            "latest_hours": requests.latest_hours,
            "oldest_hours": requests.oldest_hours,
            "looked_at": requests.looked_at,
            "full_shards": requests.full_shards,
            "reminded": requests.reminded,
            "escalated": requests.escalated,
            "lapsed": requests.lapsed,
        },
        "breaches": {
            "open": breaches.open,
            "at_risk": breaches.at_risk,
            "missed": breaches.missed,
            "latest_hours": breaches.latest_hours,
            "looked_at": breaches.looked_at,
            "full_shards": breaches.full_shards,
            "reminded": breaches.reminded,
            "escalated": breaches.escalated,
        },
        "signals": {
            "waiting": signals.waiting,
            "mails": signals.mails,
            "full_shards": signals.full_shards,
            "without_policy": signals.without_policy,
        },
    })
}

/// Has breach-notify look how telling people does: what was lost is found, and that all are told is recorded.
async fn look_on<P: Ports>(
    desk: &Desk<P>,
    being_told: &[(ControllerId, BreachId)],
    at: Timestamp,
) -> Result<(), Failure> {
    let message = |(controller, breach): &(ControllerId, BreachId)| {
        site::body(&BreachMessage::new(controller, breach, at, AnnouncementStep::look(false)))
    };
    let messages = being_told.iter().map(message).collect::<Result<_, _>>()?;
    Ok(Outbox::send(&desk.ports, Queue::Breach, messages).await?)
}

/// Begins a walk for each controller whose records are not yet planned by the policy in force, or has it go on;
/// answers how many are on.
async fn replan<P: Ports>(desk: &Desk<P>, policies: &[&Policy], at: Timestamp) -> Result<usize, Failure> {
    let mut messages = Vec::new();
    for policy in policies {
        if let Some(walk) = replan::tick(&desk.ports, policy, at).await? {
            messages.push(site::body(&RecordsMessage::walk(&policy.controller, &Job::Replan, walk, None))?);
        }
    }
    let walks = messages.len();
    Outbox::send(&desk.ports, Queue::Records, messages).await?;
    Ok(walks)
}
