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

    /// Whether it is over: the person was told, if only by what is public.
    pub const fn is_told(self) -> bool {
        match self {
            Self::Sent | Self::SentByChannel | Self::WithoutAddress | Self::NotReached => true,
            Self::Planned | Self::Claimed => false,
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Planned, Self::Claimed, Self::Sent, Self::SentByChannel, Self::WithoutAddress, Self::NotReached]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// How the notices of an announcement stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeCounts {
    /// Found, not told yet.
    pub planned: u64,
    /// In doubt: a send was begun.
    pub claimed: u64,
    /// Told by mail.
    pub sent: u64,
    /// Told by a system of the controller's own.
    pub sent_by_channel: u64,
    /// Told by what is public, since no address is known.
    pub without_address: u64,
    /// Written to, and the mail came back: told by what is public.
    pub not_reached: u64,
}

impl NoticeCounts {
    /// Counts states.
    pub fn of(states: impl IntoIterator<Item = NoticeState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            *counts.of_state(state) += 1;
        }
        counts
    }

    /// How many stand in a state.
    pub const fn of_state(&mut self, state: NoticeState) -> &mut u64 {
        match state {
            NoticeState::Planned => &mut self.planned,
            NoticeState::Claimed => &mut self.claimed,
            NoticeState::Sent => &mut self.sent,
            NoticeState::SentByChannel => &mut self.sent_by_channel,
            NoticeState::WithoutAddress => &mut self.without_address,
            NoticeState::NotReached => &mut self.not_reached,
        }
    }

    /// How many are yet to be told, those in doubt included.
    pub const fn open(&self) -> u64 {
        self.planned + self.claimed
    }

    /// How many there are.
    pub const fn all(&self) -> u64 {
        self.open() + self.sent + self.sent_by_channel + self.without_address + self.not_reached
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

#[cfg(test)]
mod tests {
    use super::{NoticeCounts, NoticeState::*};

    #[test]
    fn notices_are_counted_by_their_state_and_those_in_doubt_are_open() {
        let states =
            [Planned, Claimed, Claimed, Sent, Sent, Sent, SentByChannel, WithoutAddress, NotReached, NotReached];
        let counts = NoticeCounts::of(states);
        let expected =
            NoticeCounts { planned: 1, claimed: 2, sent: 3, sent_by_channel: 1, without_address: 1, not_reached: 2 };
        assert_eq!(counts, expected);
        assert_eq!((counts.open(), counts.all()), (3, 10));
        assert_eq!(states.into_iter().filter(|state| !state.is_told()).count() as u64, counts.open());
    }
}
