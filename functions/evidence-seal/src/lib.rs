//! The evidence: from the table's stream it writes what happened into the controllers' chains; on its schedule it
//! checks the chains, signs where they stand, and looks for what outstayed its end.

mod told;

use std::collections::BTreeMap;

use app::{
    chain::{Chain, Content, Happened, Link},
    overstay::{self, Overstayed},
    purge::DueRecords,
    seal::{self, Fault, Sealing, Seals},
    stored_counts::StoredCounts,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    evidence::merkle,
    ids::{BatchId, ControllerId},
    record::System,
};
use edge::{
    Event, Failure, Reply,
    schedule::Tick,
    stream::Batch,
    telemetry::{Unit, metric},
};
use policy::PolicyBook;
use serde_json::{Value, json};

app::ports! {
    /// Everything that this function needs.
    pub trait Ports = Chain + StoredCounts + Seals + DueRecords;
}

/// What the function works with.
#[derive(Debug)]
pub struct Desk<P> {
    /// The chains, the key and the table.
    pub ports: P,
    /// The controllers' policies.
    pub policies: PolicyBook,
}

/// Answers one event.
///
/// # Errors
/// [`Failure`] if a batch cannot be reported by number, or a run could not see to every controller.
pub async fn handle<P: Ports>(desk: &Desk<P>, event: Event) -> Result<Reply, Failure> {
    match event {
        Event::Stream(batch) => write(&desk.ports, batch).await,
        Event::Schedule(tick) => look(desk, tick).await,
        _ => Err(Failure::new("evidence-seal reads the stream and answers its schedule")),
    }
}

/// What a batch told of one controller.
#[derive(Debug, Default)]
struct Gathered {
    identities: String,
    happened: Vec<Happened>,
    stored: BTreeMap<System, i64>,
}

async fn write<P: Chain + StoredCounts>(ports: &P, batch: Batch) -> Result<Reply, Failure> {
    let batch = batch.read()?;
    let Some(first) = batch.records.first().map(|record| record.sequence_number.clone()) else {
        return Ok(batch.unreadable_at.map_or_else(Reply::all_done, Reply::stopped_at));
    };
    // As in the relay: what cannot be read stops the batch there, and what stands before it is written now.
    let mut gathered: BTreeMap<ControllerId, Gathered> = BTreeMap::new();
    let mut stopped_at = batch.unreadable_at;
    for record in &batch.records {
        match told::told(record) {
            Ok(None) => {}
            Ok(Some(told)) => {
                let of = gathered.entry(told.controller).or_default();
                if let Some(happened) = told.happened {
                    of.identities.push_str(&format!("{} {}\n", record.sequence_number, happened.event));
                    of.happened.push(happened);
                }
                if let Some((system, by)) = told.stored {
                    *of.stored.entry(system).or_default() += by;
                }
            }
            Err(failure) => {
                tracing::warn!(what = failure.what(), "a stream record is of no known form");
                stopped_at = Some(record.sequence_number.clone());
                break;
            }
        }
    }
    for (controller, of) in gathered {
        if let Err(error) = keep(ports, &controller, of).await {
            let failure = Failure::from(error);
            tracing::warn!(what = failure.what(), chain = failure.chain(), "what happened was not written");
            // Whoever reads a chain counts a batch once, so the whole comes again.
            return Ok(Reply::stopped_at(first));
        }
    }
    Ok(stopped_at.map_or_else(Reply::all_done, Reply::stopped_at))
}

async fn keep<P: Chain + StoredCounts>(
    ports: &P,
    controller: &ControllerId,
    of: Gathered,
) -> Result<(), app::error::PortError> {
    if let Some(at) = of.happened.iter().map(|happened| happened.at).max() {
        let batch = batch_id(controller, &of.identities)?;
        ports.append_link(controller, &Link { batch, at, content: Content::Events(of.happened) }).await?;
    }
    // After the chain: what comes again because the chain did not take it is not counted twice.
    for (system, by) in of.stored.iter().filter(|(_, by)| **by != 0) {
        ports.add_stored(controller, system, *by).await?;
    }
    Ok(())
}

/// A batch's name: the same for the same changes, however often they are delivered.
fn batch_id(controller: &ControllerId, identities: &str) -> Result<BatchId, app::error::PortError> {
    let hash = merkle::sha256(format!("events\n{controller}\n{identities}").as_bytes());
    let text = BASE64_URL_SAFE_NO_PAD.encode(&hash[..16]);
    BatchId::parse(&text).map_err(|_| app::error::PortError::corrupt("a batch", "its name cannot be written"))
}

async fn look<P: Ports>(desk: &Desk<P>, tick: Tick) -> Result<Reply, Failure> {
    let mut controllers = serde_json::Map::new();
    let (mut sealed, mut broken, mut age_seconds, mut failed) = (0_u32, 0_u32, 0_i64, None);
    for controller in desk.policies.controllers() {
        let sealing = match seal::seal(&desk.ports, controller, tick.time, tick.dry_run).await {
            Ok(sealing) => sealing,
            Err(error) => {
                let failure = Failure::from(error);
                let (what, chain) = (failure.what(), failure.chain());
                tracing::warn!(controller = controller.as_str(), what, chain, "a controller's chains were not sealed");
                failed = Some(failure);
                continue;
            }
        };
        let last_at = match &sealing {
            Sealing::Sealed { .. } => Some(tick.time),
            Sealing::NotDue { last_at } => Some(*last_at),
            Sealing::Broken { last_at, fault } => {
                tell_of_fault(controller, fault);
                *last_at
            }
        };
        sealed += u32::from(matches!(sealing, Sealing::Sealed { .. }));
        broken += u32::from(matches!(sealing, Sealing::Broken { .. }));
        let age = last_at.map_or(0, |last_at| tick.time.as_second() - last_at.as_second());
        age_seconds = age_seconds.max(age);
        controllers.insert(controller.to_string(), summary(&sealing));
    }
    let overstayed = overstay::overstayed(&desk.ports, tick.time).await;
    if !tick.dry_run {
        // Before a failure is returned: an alarm that waits for a number must not wait for the retry.
        #[expect(clippy::cast_precision_loss, reason = "a metric of seconds and counts far below 2^52")]
        for (name, value, unit) in [
            ("CheckpointAgeSeconds", age_seconds as f64, Unit::Seconds),
            ("CheckpointsMade", f64::from(sealed), Unit::Count),
            ("EvidenceBroken", f64::from(broken), Unit::Count),
        ] {
            metric(name, value, unit, &[]);
        }
    }
    let overstayed = overstayed?;
    if !tick.dry_run {
        tell(&overstayed);
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(Reply::Summary(json!({
            "v": 1,
            "time": tick.time.to_string(),
            "dry_run": tick.dry_run,
            "sealed": sealed,
            "broken": broken,
            "controllers": controllers,
            "overstayed": overstayed.total(),
        }))),
    }
}

fn tell_of_fault(controller: &ControllerId, fault: &Fault) {
    let (chain, number) = fault.place();
    let (kind, chain) = (fault.as_str(), chain.map_or_else(String::new, |chain| chain.to_string()));
    tracing::error!(
        controller = controller.as_str(),
        fault = kind,
        evidence.chain = chain,
        evidence.number = number,
        "the evidence is broken: {kind} at {chain} {number}"
    );
}

fn tell(overstayed: &Overstayed) {
    #[expect(clippy::cast_precision_loss, reason = "a metric of a count far below 2^52")]
    metric("RecordsOverstayed", overstayed.total() as f64, Unit::Count, &[]);
    for (controller, records) in &overstayed.records {
        let (controller, records, more) = (controller.as_str(), *records, overstayed.more);
        tracing::warn!(controller, records, more, "{records} records of {controller} outstayed their end");
    }
    if overstayed.unreadable > 0 {
        tracing::warn!(entries = overstayed.unreadable, "entries of the due index cannot be read");
    }
}

fn summary(sealing: &Sealing) -> Value {
    match sealing {
        Sealing::NotDue { last_at } => json!({ "is": "not-due", "last_at": last_at.to_string() }),
        Sealing::Sealed { number, links, more } => {
            json!({ "is": "sealed", "number": number, "links": links, "more": more })
        }
        Sealing::Broken { fault, last_at } => {
            let (chain, number) = fault.place();
            json!({
                "is": "broken", "fault": fault.as_str(), "chain": chain, "number": number,
                "last_at": last_at.map(|last_at| last_at.to_string()),
            })
        }
    }
}
