//! Telling many people, as its messages come through a queue: find whom, hand the rest on, tell.

use app::{announce::SCOPE_SEGMENTS, error::PortError};
use domain::ids::SubjectRef;
use wire::message::{AnnouncementStep, SCOPE_HOPS_MAX};

use crate::queue::Verdict;

/// Carries out one step of an announcement.
///
/// `scope` reads pages of a segment from there and answers where the rest begins; `hand_on` sends the
/// message that goes on with it. That message can be derived again from what is stored, so a lost one
/// is made anew when its own comes back. `tell` writes to one person.
///
/// # Errors
/// [`Verdict`]: a scan that was handed on too often, a reference that cannot be read, or what the
/// parts themselves fail with.
pub async fn step(
    step: AnnouncementStep,
    scope: impl AsyncFn(u16, Option<String>) -> Result<Option<String>, PortError>,
    hand_on: impl AsyncFn(AnnouncementStep) -> Result<(), Verdict>,
    tell: impl AsyncFn(&SubjectRef) -> Result<(), PortError>,
) -> Result<(), Verdict> {
    let starts: Vec<(u16, Option<String>, u32)> = match step {
        AnnouncementStep::Scope => (0..SCOPE_SEGMENTS).map(|segment| (segment, None, 0)).collect(),
        AnnouncementStep::Continue { hop, .. } if hop >= SCOPE_HOPS_MAX => {
            return Err(Verdict::poison("the scan for an announcement was handed on too often"));
        }
        AnnouncementStep::Public { .. } => {
            return Err(Verdict::poison("this announcement has nothing public of its own"));
        }
        AnnouncementStep::Continue { segment, from, hop } => vec![(segment, Some(from), hop)],
        AnnouncementStep::Tell { subjects } => {
            for subject in subjects {
                let subject =
                    SubjectRef::parse(&subject).map_err(|_| Verdict::poison("a subject reference cannot be read"))?;
                tell(&subject).await?;
            }
            return Ok(());
        }
    };
    for (segment, from, hop) in starts {
        if let Some(from) = scope(segment, from).await? {
            hand_on(AnnouncementStep::Continue { segment, from, hop: hop + 1 }).await?;
        }
    }
    Ok(())
}
