//! What people are told of one by one, and how far each of them has been told.

use crate::ids::{BreachId, ChangeId, SubjectRef};

/// What people are told of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Announcement {
    /// A breach (GDPR Art. 34(1)).
    Breach(BreachId),
    /// A change of the notice (GDPR Art. 13(3)).
    Change(ChangeId),
}

/// How far one person's notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// Found to be concerned; not told yet.
    Planned,
    /// A send was begun. Until it is confirmed it is in doubt.
    Claimed,
    /// The mail service took it.
    Sent,
    /// A system of the controller's own took it, to tell them in another way.
    SentByChannel,
    /// No address is known: what is public tells them.
    WithoutAddress,
    /// The mail came back: what is public tells them, as it does whoever has no address.
    NotReached,
}

impl NoticeState {
    /// The name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Claimed => "claimed",
            Self::Sent => "sent",
            Self::SentByChannel => "sent-by-channel",
            Self::WithoutAddress => "without-address",
            Self::NotReached => "not-reached",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Planned, Self::Claimed, Self::Sent, Self::SentByChannel, Self::WithoutAddress, Self::NotReached]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One person's notice of one announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it tells of.
    pub of: Announcement,
    /// Whom.
    pub subject: SubjectRef,
    /// How far it has come.
    pub state: NoticeState,
}
