//! What is kept of how one person was told of a breach, for whoever has to show it.

use domain::{
    announcement::NoticeState,
    ids::{BreachId, ControllerId, SubjectRef},
};
use jiff::Timestamp;

use crate::error::PortError;

/// One person's notice as it stands, with what opens its leaf in the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldNotice {
    /// How far it has come.
    pub state: NoticeState,
    /// Since when.
    pub since: Timestamp,
    /// Its salt; `None` of one from before there were salts, which nothing opens.
    pub salt: Option<[u8; 16]>,
    /// What it says, as its leaf commits to it.
    pub content: String,
}

/// The port to single notices of breaches.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait ToldNotices {
    /// One person's notice of a breach; `None` if nobody planned one. MUST see what was written before.
    async fn told_notice(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        subject: &SubjectRef,
    ) -> Result<Option<ToldNotice>, PortError>;
}
