//! What a system is told of a hold: an event has placed one, or it was released. It answers nothing to that.

use jiff::Timestamp;

use crate::{
    hold::HoldReason,
    ids::{ControllerId, EventName, HoldId, Identifier},
};

/// How a hold stands, of which a system is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldNews {
    /// It was placed.
    Placed {
        /// On whom.
        identifier: Identifier,
        /// When somebody must look at it again.
        review_at: Timestamp,
    },
    /// It was released. On whom it was nobody here knows any more: the system does, by the notice's name.
    Released {
        /// When.
        at: Timestamp,
    },
}

impl HoldNews {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Placed { .. } => "hold-placed",
            Self::Released { .. } => "hold-released",
        }
    }
}

/// What a system is told of a hold that an event has placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldNotice {
    /// Which hold, and the notice's name: told twice under one name, it is the same hold. One that was released never
    /// stands again, so that a placing which comes after the release is an old one.
    pub hold: HoldId,
    /// Whose.
    pub controller: ControllerId,
    /// The event that placed it.
    pub event: EventName,
    /// Why the data is kept.
    pub reason: HoldReason,
    /// When the event happened.
    pub occurred_at: Timestamp,
    /// How it stands.
    pub news: HoldNews,
    /// When it is told.
    pub sent_at: Timestamp,
}
