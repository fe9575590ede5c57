//! Whose data a breach reached: counted first, by a walk through the table, and then listed.
//!
//! The count holds one page at a time and one tally a segment, however many people there are. How far it came stands
//! in the table with what was counted until then, and both are written in one: a message that is delivered twice
//! counts nothing twice.

use domain::{
    breach::{Act, Facts, Incident, ScopeCounts, Trace},
    ids::{BreachId, ControllerId, SubjectRef},
    policy::Policy,
    walk::{Job, Turn},
};
use jiff::Timestamp;

use crate::{
    announce::FoundPage,
    breach::{self, ActError, BreachStore},
    error::PortError,
    walk::{self, Progress, Step, WALK_SEGMENTS, Walks},
};

/// Most things that one page shows.
pub const TRACES_MAX: usize = 1_000;

/// How many pages one message counts before it hands the rest on: well within a function's time.
pub const COUNT_PAGES_MAX: usize = 30;

/// A page of what is stored about people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TracePage {
    /// What, each with whose it is.
    pub traces: Vec<(SubjectRef, Trace)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Whom of a page the breach concerns.
pub fn people(facts: &Facts, page: TracePage) -> FoundPage {
    let reached = page.traces.into_iter().filter(|(_, trace)| facts.reaches(trace));
    FoundPage { subjects: reached.map(|(subject, _)| subject).collect(), next: page.next }
}

/// The walk that counts a breach by its facts as of an entry.
fn job(breach: &BreachId, facts: u32) -> Job {
    Job::Count(breach.clone(), facts)
}

/// Whether a count by the facts of that entry is still wanted: nothing else has become known, nobody has counted by
/// them, and the breach is open.
fn is_wanted(incident: &Incident, facts: u32) -> bool {
    incident.is_open() && incident.facts_version() == facts && incident.counts_of_facts().is_none()
}

async fn wanted<P: BreachStore>(
    ports: &P,
    controller: &ControllerId,
    breach: &BreachId,
    facts: u32,
) -> Result<Option<Incident>, PortError> {
    let incident = ports.breach(controller, breach).await?;
    let incident = incident.ok_or_else(|| PortError::corrupt("breach", "it is not stored"))?;
    Ok(Some(incident).filter(|incident| is_wanted(incident, facts)))
}

/// Begins to count, or has a count by the same facts go on that has begun already; answers when it began and the turns
/// to send, of which there are none if no such count is wanted any more.
///
/// # Errors
/// [`PortError`]; it is to be begun again then.
pub async fn begin<P: BreachStore + Walks>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    facts: u32,
    at: Timestamp,
) -> Result<(Timestamp, Vec<Turn>), PortError> {
    let controller = &policy.controller;
    if wanted(ports, controller, breach, facts).await?.is_none() {
        return Ok((at, Vec::new()));
    }
    let job = job(breach, facts);
    // Whoever asks again while it goes on asks for the same count.
    let at = ports.segment(controller, &job, 0).await?.map_or(at, |begun| begun.at);
    Ok((at, walk::begin(ports, controller, &job, at).await?))
}

/// Counts some pages of a segment; answers the turn that goes on from there, if there is one. Whoever ends the last
/// segment writes what was counted into the breach's history, once for the facts that it was counted by.
///
/// # Errors
/// [`ActError`]; the stretch is to be done again then, and counts nothing twice.
pub async fn count<P: BreachStore + Walks>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    facts: u32,
    at: Timestamp,
    turn: Turn,
) -> Result<Option<Turn>, ActError> {
    let controller = &policy.controller;
    let Some(incident) = wanted(ports, controller, breach, facts).await? else { return Ok(None) };
    let known = incident.facts();
    let pages = async |progress: &mut Progress| {
        for _ in 0..COUNT_PAGES_MAX {
            let page = ports.traces(controller, known, turn.segment, progress.from.as_deref()).await?;
            if page.traces.len() > TRACES_MAX {
                return Err(PortError::corrupt("a page of a scan", "it is larger than a page may be"));
            }
            progress.seen += page.traces.len() as u64;
            for (subject, trace) in &page.traces {
                progress.tally.count(known, subject, trace);
            }
            progress.from = page.next;
            if progress.from.is_none() {
                // Nobody comes after the last one.
                progress.tally.last = None;
                break;
            }
        }
        Ok(())
    };
    match walk::stretch(ports, controller, &job(breach, facts), at, turn, pages).await? {
        Step::HandOn(turn) => Ok(Some(turn)),
        Step::SegmentDone | Step::Stale => Ok(None),
        Step::WalkDone(walked) => {
            let counted = |incident: &Incident| is_wanted(incident, facts).then(|| Act::Counted(walked.counts.clone()));
            breach::act_by_rule(policy, ports, breach, at, counted).await?;
            Ok(None)
        }
    }
}

/// How far a count has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountUnderWay {
    /// When it began.
    pub at: Timestamp,
    /// By the facts as of which entry it counts.
    pub facts: u32,
    /// How many things it has looked at.
    pub looked_at: u64,
    /// How many of [`WALK_SEGMENTS`] segments are through.
    pub segments_done: u16,
    /// What it has counted so far: no more than there is.
    pub so_far: ScopeCounts,
}

/// How far the count by what is known now has come; `None` if there is none, or it is in the history.
///
/// # Errors
/// [`PortError`].
pub async fn under_way<P: Walks>(
    ports: &P,
    controller: &ControllerId,
    incident: &Incident,
) -> Result<Option<CountUnderWay>, PortError> {
    let facts = incident.facts_version();
    if !is_wanted(incident, facts) {
        return Ok(None);
    }
    let job = job(&incident.breach.id, facts);
    let mut found: Option<CountUnderWay> = None;
    for segment in 0..WALK_SEGMENTS {
        let Some(progress) = ports.segment(controller, &job, segment).await? else { continue };
        let Progress { at, seen, is_done, tally, .. } = progress;
        let begun = CountUnderWay { at, facts, looked_at: 0, segments_done: 0, so_far: ScopeCounts::default() };
        let count = found.get_or_insert(begun);
        count.looked_at += seen;
        count.segments_done += u16::from(is_done);
        count.so_far.add(&tally.counts);
    }
    Ok(found)
}
