//! Telling people one by one: who is concerned is found page by page, planned once, and told by
//! claim, send and confirmation. A breach and a change of the notice are told alike.

use std::collections::BTreeSet;

use domain::{
    announcement::{Announcement, Notice, NoticeCounts, NoticeState},
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

/// How one notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How far it has come.
    pub state: NoticeState,
    /// Since when, in milliseconds' precision.
    pub since: Timestamp,
    /// How many sends were begun and not given back. From the second on, the person may have been told twice.
    pub sends: u32,
}

impl Standing {
    /// Whether a send may begin: nothing was begun, or what was has been in doubt since that time or longer.
    pub fn is_free(&self, doubted_until: Timestamp) -> bool {
        match self.state {
            NoticeState::Planned => true,
            NoticeState::Claimed => self.since <= doubted_until,
            NoticeState::Sent | NoticeState::SentByChannel | NoticeState::WithoutAddress | NoticeState::NotReached => {
                false
            }
        }
    }
}

/// A page of how notices stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingPage {
    /// Whose, and how each stands.
    pub rows: Vec<(SubjectRef, Standing)>,
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

    /// Claims a notice for one send, if it is [`Standing::is_free`] then, and counts the send; answers how it stood
    /// before, from which the caller tells whether it was claimed. Of one that was planned, since when is not read.
    ///
    /// MUST do both or neither, and change nothing about one that is not free.
    async fn claim_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        doubted_until: Timestamp,
        at: Timestamp,
    ) -> Result<Option<Standing>, PortError>;

    /// Gives a claim of that time back, since nothing went out: the notice is planned again, and that send counts no
    /// more. MUST change nothing if the notice has gone on, or somebody else claimed it.
    async fn return_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        claimed_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), PortError>;

    /// A page of an announcement's notices, in the order of their references.
    async fn notice_standings(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        from: Option<&str>,
    ) -> Result<StandingPage, PortError>;

    /// How the notices of an announcement stand. MUST read pages until there are none left.
    async fn notices(&self, controller: &ControllerId, of: &Announcement) -> Result<Vec<Notice>, PortError>;

    /// How a person can be told, from what is stored about them: nothing of it once their key is gone.
    async fn contact(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Contact, PortError>;
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
