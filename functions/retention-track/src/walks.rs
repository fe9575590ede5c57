//! Walks through a controller's records, stretch by stretch: a policy plans them anew, a wide hold is put on them or taken
//! off.

use app::{
    error::PortError,
    holds::{self, HoldKey},
    queues::{Outbox, Queue},
    records::{self, RecordError},
    replan::{self, MayWalk},
    walk::{self, Step, WALK_HOPS_MAX, Walked},
};
use domain::{
    hold::Hold,
    policy::Policy,
    record::Record,
    walk::{Job, Turn},
};
use edge::{
    Failure,
    queue::Verdict,
    site,
    telemetry::{Unit, metric},
};
use jiff::Timestamp;
use wire::message::RecordsMessage;

use crate::{Desk, Ports};

/// Begins a walk through the controller's records, or does one stretch of it, and hands the rest on. At its last delivery
/// a message that another version of the policy has to carry out is left: the clock has the walk go on, or another one
/// takes its place.
pub(crate) async fn walk_on<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    job: &Job,
    at: Timestamp,
    turn: Option<Turn>,
    (now, is_last): (Timestamp, bool),
) -> Result<(), Verdict> {
    let (ports, controller) = (&desk.ports, &policy.controller);
    if matches!(job, Job::Count(..)) {
        return Err(Verdict::poison("a breach is counted elsewhere"));
    }
    if *job == Job::Replan {
        match replan::may_walk(ports, policy, at).await? {
            MayWalk::Yes => {}
            MayWalk::Over => return Ok(()),
            MayWalk::NotThis if is_last => return Ok(()),
            MayWalk::NotThis => return Err(Failure::new("the walk is for another version of the policy").into()),
        }
    }
    let turns = match turn {
        None => walk::begin(ports, controller, job, at).await?,
        Some(turn) if turn.hop >= WALK_HOPS_MAX => return Err(Verdict::poison("the walk was handed on too often")),
        Some(turn) => {
            // A hold is read once a stretch: what it covers stays, and whether it was released is asked again where
            // that matters.
            let hold = match job {
                Job::Replan | Job::Count(..) => None,
                Job::BindHold(id) | Job::FreeHold(id) => ports.hold(controller, &HoldKey::wide(id)).await?,
            };
            let act = async |record| act(desk, policy, job, hold.as_ref(), record, now).await;
            match walk::step(ports, controller, job, at, turn, act).await? {
                Step::HandOn(turn) => vec![turn],
                Step::WalkDone(walked) => {
                    finish(desk, policy, job, at, &walked, now).await?;
                    vec![]
                }
                Step::SegmentDone | Step::Stale => vec![],
            }
        }
    };
    let messages = turns.into_iter().map(|turn| site::body(&RecordsMessage::walk(controller, job, at, Some(turn))));
    Ok(Outbox::send(ports, Queue::Records, messages.collect::<Result<_, _>>()?).await?)
}

/// What a walk does to one record; whether that changed it.
async fn act<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    job: &Job,
    hold: Option<&Hold>,
    record: Record,
    now: Timestamp,
) -> Result<bool, PortError> {
    match job {
        Job::Replan => match records::replan(policy, &desk.ports, record, now).await {
            Ok(changed) => Ok(changed),
            Err(RecordError::Port(error)) => Err(error),
            // A rule whose duration runs past the calendar was never stored: the compiler refuses it.
            Err(_) => Err(PortError::corrupt("a record", "its policy cannot be counted")),
        },
        Job::BindHold(_) | Job::FreeHold(_) => {
            let hold = hold.ok_or_else(|| PortError::corrupt("a walk", "there is no such hold"))?;
            if *job == Job::BindHold(hold.id.clone()) {
                holds::bind(&desk.ports, &policy.controller, hold, record).await
            } else {
                holds::unbind(&desk.ports, &policy.controller, hold, record).await
            }
        }
        Job::Count(..) => Ok(false),
    }
}

/// What follows once every record was met.
async fn finish<P: Ports>(
    desk: &Desk<P>,
    policy: &Policy,
    job: &Job,
    at: Timestamp,
    walked: &Walked,
    now: Timestamp,
) -> Result<(), PortError> {
    #[expect(clippy::cast_precision_loss, reason = "a metric of counts far below 2^52")]
    let count = |name, count: u64| metric(name, count as f64, Unit::Count, &[]);
    match job {
        Job::Replan => {
            replan::done(&desk.ports, policy, at).await?;
            count("RecordsReplanned", walked.changed);
            count("RecordsNotPlanned", walked.unreadable);
        }
        // What cannot be read has no mark, and may be covered: each deletion goes on asking the hold itself.
        Job::BindHold(_) if walked.unreadable > 0 => count("HoldRecordsUnreadable", walked.unreadable),
        Job::BindHold(id) => desk.ports.note_bound(&policy.controller, id, now).await.map(drop)?,
        Job::FreeHold(_) | Job::Count(..) => {}
    }
    Ok(())
}
