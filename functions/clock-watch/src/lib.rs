//! The clock watch: on its schedule it warns of deadlines that come near and of those missed.

use app::{
    deadlines::{self, Deadlines},
    mail::Mailer,
};
use edge::{
    Event, Failure, Reply,
    telemetry::{Unit, metric},
};
use policy::PolicyBook;
use serde_json::json;

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The table and the mail.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if something outside failed; warnings sent until then are not sent again.
pub async fn handle<P: Deadlines + Mailer>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    let Event::Schedule(tick) = event else { return Err(Failure::new("clock-watch answers its schedule alone")) };
    let contact_of = |controller: &_| desk.policies.get(controller).map(|policy| policy.contact_mail.clone());
    let watched = deadlines::watch(&desk.ports, contact_of, tick.time, tick.dry_run).await?;
    if !tick.dry_run {
        #[expect(clippy::cast_precision_loss, reason = "a metric of counts far below 2^52")]
        for (name, count) in [("DeadlinesAtRisk", watched.at_risk), ("DeadlinesMissed", watched.missed)] {
            metric(name, count as f64, Unit::Count, &[]);
        }
    }
    Ok(Reply::Summary(json!({
        "v": 1,
        "time": tick.time.to_string(),
        "dry_run": tick.dry_run,
        "at_risk": watched.at_risk,
        "missed": watched.missed,
        "attestations_due": watched.attestations_due,
        "attestations_lapsed": watched.attestations_lapsed,
        "warned": watched.warned,
        "without_policy": watched.without_policy,
    })))
}
