//! Walks: the same thing done to every stored record of a controller, page by page, by messages that
//! hand themselves on.
//!
//! A walk goes through the table in segments beside each other. How far each has come stands in the
//! table, so a message says only which stretch it is: one that is delivered twice does nothing twice, and
//! one that was lost on the way is made again when its own comes back. A walk that begins later takes the
//! place of an earlier one of the same job.

use domain::{
    breach::{ScopeCounts, Tally},
    ids::ControllerId,
    record::Record,
    walk::{Job, Turn},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::error::PortError;

/// How many parts of the table are walked beside each other.
pub const WALK_SEGMENTS: u16 = 4;

/// How many pages one message looks at before it hands the rest on.
const WALK_PAGES_MAX: usize = 30;

/// How many records one message acts on, give or take a page, before it hands the rest on: well within a
/// function's time.
const WALK_RECORDS_MAX: u64 = 2_000;

/// Most messages that one segment hands itself on by. Lambda's own guard against loops is lifted for this
/// queue, so the function keeps one of its own: this many reach through billions of items.
pub const WALK_HOPS_MAX: u32 = 1_000_000;

/// How many records of a page are acted on at once.
const RECORDS_AT_ONCE: usize = 8;

/// A page of a controller's records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<Record>,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The port that shows every record of a controller.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait RecordScan {
    /// One page of one of [`WALK_SEGMENTS`] segments.
    ///
    /// MUST show every record whose writing returned before the page was asked for, held and expired ones
    /// too, as it stands then; over all pages and segments each one at least once.
    async fn scan_records(
        &self,
        controller: &ControllerId,
        segment: u16,
        from: Option<&str>,
    ) -> Result<RecordPage, PortError>;
}

/// How far a walk has come in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// When the walk began: it names the walk, too.
    pub at: Timestamp,
    /// The stretch that comes next, or the last one.
    pub turn: Turn,
    /// Where that begins; `None` at the segment's beginning.
    pub from: Option<String>,
    /// How many records were looked at.
    pub seen: u64,
    /// How many were changed.
    pub changed: u64,
    /// How many could not be read.
    pub unreadable: u64,
    /// What was counted, where the walk counts.
    pub tally: Tally,
    /// Whether the segment is through.
    pub is_done: bool,
}

impl Progress {
    fn beginning(segment: u16, at: Timestamp) -> Self {
        let (turn, tally) = (Turn { segment, hop: 0 }, Tally::default());
        Self { at, turn, from: None, seen: 0, changed: 0, unreadable: 0, tally, is_done: false }
    }
}

/// The port that keeps how far walks have come.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Walks {
    /// Writes the beginning of a segment, unless this walk or a later one of the same job has begun there.
    async fn begin_segment(&self, controller: &ControllerId, job: &Job, progress: &Progress) -> Result<(), PortError>;

    /// How far the segment has come, by the walk that began last. MUST see every write that has returned.
    async fn segment(&self, controller: &ControllerId, job: &Job, segment: u16) -> Result<Option<Progress>, PortError>;

    /// Notes how far a segment has come. Answers whether it did: MUST note nothing unless the walk of that
    /// time stands there, with its turn at `hop`, and not through.
    async fn note_segment(
        &self,
        controller: &ControllerId,
        job: &Job,
        hop: u32,
        progress: &Progress,
    ) -> Result<bool, PortError>;
}

/// Begins a walk; answers the turns to send. Beginning the same walk again begins nothing anew: it goes on
/// where it stands, should a message of it have been lost.
///
/// # Errors
/// [`PortError`]; it is to be begun again then.
pub async fn begin<P: Walks>(
    ports: &P,
    controller: &ControllerId,
    job: &Job,
    at: Timestamp,
) -> Result<Vec<Turn>, PortError> {
    let mut turns = Vec::new();
    for segment in 0..WALK_SEGMENTS {
        let progress = Progress::beginning(segment, at);
        ports.begin_segment(controller, job, &progress).await?;
        let stands = ports.segment(controller, job, segment).await?;
        turns.extend(stands.filter(|stands| stands.at == at).map(|stands| stands.turn));
    }
    Ok(turns)
}

/// What a stretch of a walk came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The rest is to be handed on by a message with this turn.
    HandOn(Turn),
    /// The segment is through, and others are not.
    SegmentDone,
    /// The walk is through. What follows from that MUST be harmless when it is done again.
    WalkDone(Walked),
    /// Somebody else has done this stretch, or a later walk took this one's place: nothing is left to do.
    Stale,
}

/// What a whole walk came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Walked {
    /// How many records were looked at.
    pub seen: u64,
    /// How many were changed.
    pub changed: u64,
    /// How many could not be read.
    pub unreadable: u64,
    /// What was counted, where the walk counts.
    pub counts: ScopeCounts,
}

/// Does one stretch of a walk: acts on each record of some pages, and notes how far it came. `act` answers
/// whether it changed the record; it MUST be harmless when it is done again, and find the record changed by
/// others since it was read.
///
/// # Errors
/// [`PortError`]; the stretch is to be done again then.
pub async fn step<P: RecordScan + Walks>(
    ports: &P,
    controller: &ControllerId,
    job: &Job,
    at: Timestamp,
    turn: Turn,
    act: impl AsyncFn(Record) -> Result<bool, PortError>,
) -> Result<Step, PortError> {
    stretch(ports, controller, job, at, turn, async |progress: &mut Progress| {
        let until = progress.seen + WALK_RECORDS_MAX;
        for _ in 0..WALK_PAGES_MAX {
            let page = ports.scan_records(controller, turn.segment, progress.from.as_deref()).await?;
            progress.seen += page.records.len() as u64;
            progress.unreadable += page.unreadable;
            let acted = stream::iter(page.records).map(|record| act(record)).buffer_unordered(RECORDS_AT_ONCE);
            progress.changed += acted.try_fold(0, async |sum, changed| Ok(sum + u64::from(changed))).await?;
            progress.from = page.next;
            if progress.from.is_none() || progress.seen >= until {
                break;
            }
        }
        Ok(())
    })
    .await
}

/// Does one stretch of a walk, whatever that is: `pages` reads on from where the progress says, and says there how far
/// it came. What it does MUST be harmless when it is done again; what it only counts there is noted once.
///
/// # Errors
/// [`PortError`]; the stretch is to be done again then.
pub async fn stretch<P: Walks>(
    ports: &P,
    controller: &ControllerId,
    job: &Job,
    at: Timestamp,
    turn: Turn,
    pages: impl AsyncFn(&mut Progress) -> Result<(), PortError>,
) -> Result<Step, PortError> {
    let Some(mut progress) = ports.segment(controller, job, turn.segment).await? else { return Ok(Step::Stale) };
    if progress.at != at {
        return Ok(Step::Stale);
    }
    if progress.is_done {
        return through(ports, controller, job, at).await;
    }
    if progress.turn.hop == turn.hop + 1 {
        // This stretch was done, and whoever did it may not have come to hand the rest on.
        return Ok(Step::HandOn(progress.turn));
    }
    if progress.turn != turn {
        return Ok(Step::Stale);
    }
    pages(&mut progress).await?;
    progress.is_done = progress.from.is_none();
    progress.turn.hop += 1;
    if !ports.note_segment(controller, job, turn.hop, &progress).await? {
        return Ok(Step::Stale);
    }
    if progress.is_done { through(ports, controller, job, at).await } else { Ok(Step::HandOn(progress.turn)) }
}

/// Whether the whole walk is through: whoever ends the last segment sees that the others have ended.
async fn through<P: Walks>(ports: &P, controller: &ControllerId, job: &Job, at: Timestamp) -> Result<Step, PortError> {
    let mut walked = Walked::default();
    for segment in 0..WALK_SEGMENTS {
        match ports.segment(controller, job, segment).await? {
            Some(progress) if progress.at == at && progress.is_done => {
                walked.seen += progress.seen;
                walked.changed += progress.changed;
                walked.unreadable += progress.unreadable;
                walked.counts.add(&progress.tally.counts);
            }
            Some(progress) if progress.at == at => return Ok(Step::SegmentDone),
            _ => return Ok(Step::Stale),
        }
    }
    Ok(Step::WalkDone(walked))
}
