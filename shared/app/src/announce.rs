//! Telling people one by one: who is concerned is found page by page, planned once, and told by
//! claim, send and confirmation. A breach and a change of the notice are told alike.

use std::collections::BTreeSet;

use domain::{
    announcement::{Announcement, Notice, NoticeState},
    ids::{ControllerId, Identifier, SubjectRef},
    language::Language,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::error::PortError;

/// How many parts of the table are scanned beside each other to find people.
pub const SCOPE_SEGMENTS: u16 = 4;

/// How many pages of a scan one message reads before it hands the rest on: well within a function's
/// time, and few enough hops for a large table.
pub const SCOPE_PAGES_MAX: usize = 50;

/// A page of people whom an announcement concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// Whom.
    pub subjects: BTreeSet<SubjectRef>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// How a person can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Where they are written to.
    pub mail: Option<Sensitive<String>>,
    /// By what else they can be reached, as far as the controller's own systems know how: a telephone number, an
    /// account.
    pub identifier: Option<Identifier>,
    /// The language of the latest request or consent that names one which is spoken here.
    pub language: Option<Language>,
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

    /// How the notices of an announcement stand. MUST read pages until there are none left.
    async fn notices(&self, controller: &ControllerId, of: &Announcement) -> Result<Vec<Notice>, PortError>;

    /// How a person can be told, from what is stored about them: nothing of it once their key is gone.
    async fn contact(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Contact, PortError>;
}

/// Reads pages of people and plans their notices, until there are none left or
/// [`SCOPE_PAGES_MAX`] are read; answers where the rest begins.
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
    for _ in 0..SCOPE_PAGES_MAX {
        let found = page(from.as_deref()).await?;
        ports.plan_notices(controller, of, &found.subjects, at).await?;
        from = found.next;
        if from.is_none() {
            break;
        }
    }
    Ok(from)
}

/// What a claim on one person's notice finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is claimed: tell them so, or in public where they cannot be reached; then confirm.
    Open(Contact),
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
