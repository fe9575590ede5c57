//! Telling people one by one: who is concerned is found page by page, planned once, and told by
//! claim, send and confirmation. A breach and a change of the notice are told alike.

use std::collections::BTreeSet;

use domain::{
    announcement::{Announcement, Notice, NoticeCounts, NoticeState},
    ids::{ControllerId, SubjectRef},
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::error::PortError;

/// How many parts of the table are scanned beside each other to find people.
pub const SCOPE_SEGMENTS: u16 = 4;

/// How many pages of a scan one message reads before it hands the rest on: well within a function's
/// time, and few enough hops for a large table.
pub const SCOPE_PAGES_MAX: usize = 50;

/// How many people one message finds, give or take a page, before it hands the rest on: a notice each is written for
/// them, which takes longer than reading a page.
pub const SCOPE_PEOPLE_MAX: usize = 5_000;

/// Most notices of one page of the list.
pub const NOTICES_PAGE: usize = 100;

/// A page of people whom an announcement concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// Whom.
    pub subjects: BTreeSet<SubjectRef>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A page of an announcement's notices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoticePage {
    /// The notices, in the order of whose they are.
    pub notices: Vec<Notice>,
    /// After whom the next page begins; `None`: this is the last.
    pub next: Option<SubjectRef>,
}

/// The port to the notices of single people.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Announcements {
    /// Plans notices for people unless they stand; answers how many are new.
    async fn plan_notices(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subjects: &BTreeSet<SubjectRef>,
        at: Timestamp,
    ) -> Result<usize, PortError>;

    /// Moves a notice on, from one of the states given; answers the state it had.
    ///
    /// MUST change nothing, and answer what stands, if the state is none of those.
    async fn move_notice(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: &[NoticeState],
        at: Timestamp,
    ) -> Result<Option<NoticeState>, PortError>;

    /// How many notices of an announcement stand in which state.
    ///
    /// MUST count each notice once, in the state in which the last write that has returned left it, and MUST NOT read
    /// them one by one: whoever looks at a breach asks this, and a breach may have a million.
    async fn counts(&self, controller: &ControllerId, of: &Announcement) -> Result<NoticeCounts, PortError>;

    /// A page of at most [`NOTICES_PAGE`] notices of an announcement, after that person's.
    async fn notice_page(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        after: Option<&SubjectRef>,
    ) -> Result<NoticePage, PortError>;

    /// How the notices of an announcement stand. MUST read pages until there are none left.
    async fn notices(&self, controller: &ControllerId, of: &Announcement) -> Result<Vec<Notice>, PortError>;

    /// Where a person can be written to, from what is stored about them.
    async fn contact(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Option<Sensitive<String>>, PortError>;
}

/// Reads pages of people and plans their notices, until there are none left, [`SCOPE_PAGES_MAX`] are read or
/// [`SCOPE_PEOPLE_MAX`] people found; answers where the rest begins.
///
/// # Errors
/// [`PortError`]. Scoping a page again plans nobody twice.
pub async fn scope<P: Announcements>(
    ports: &P,
    controller: &ControllerId,
    of: &Announcement,
    mut from: Option<String>,
    at: Timestamp,
    page: impl AsyncFn(Option<&str>) -> Result<FoundPage, PortError>,
) -> Result<Option<String>, PortError> {
    let mut people = 0;
    for _ in 0..SCOPE_PAGES_MAX {
        let found = page(from.as_deref()).await?;
        people += found.subjects.len();
        ports.plan_notices(controller, of, &found.subjects, at).await?;
        from = found.next;
        if from.is_none() || people >= SCOPE_PEOPLE_MAX {
            break;
        }
    }
    Ok(from)
}

/// What a claim on one person's notice finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is claimed: tell them there, or in public where no address is known; then confirm.
    Open(Option<Sensitive<String>>),
    /// They have been told.
    Done(NoticeState),
}

/// Claims one person's notice. What an earlier claim left in doubt is claimed again: told twice at
/// worst, untold never.
///
/// # Errors
/// [`PortError`].
pub async fn claim<P: Announcements>(
    ports: &P,
    controller: &ControllerId,
    of: &Announcement,
    subject: &SubjectRef,
    at: Timestamp,
) -> Result<Claimed, PortError> {
    let claimed = Notice { of: of.clone(), subject: subject.clone(), state: NoticeState::Claimed };
    let open = [NoticeState::Planned, NoticeState::Claimed];
    match ports.move_notice(controller, &claimed, &open, at).await? {
        Some(NoticeState::Planned | NoticeState::Claimed) => {
            ports.contact(controller, subject).await.map(Claimed::Open)
        }
        Some(done) => Ok(Claimed::Done(done)),
        None => Err(PortError::corrupt("notice", "it is not stored")),
    }
}

/// Confirms how a claimed notice ended.
///
/// # Errors
/// [`PortError`]; the notice is in doubt then.
pub async fn confirm<P: Announcements>(
    ports: &P,
    controller: &ControllerId,
    of: &Announcement,
    subject: &SubjectRef,
    state: NoticeState,
    at: Timestamp,
) -> Result<NoticeState, PortError> {
    let notice = Notice { of: of.clone(), subject: subject.clone(), state };
    ports.move_notice(controller, &notice, &[NoticeState::Claimed], at).await?;
    Ok(state)
}
