//! Requests for the same thing, answered once (GDPR Art. 12(5): what is repeated need not be done twice).

use std::fmt;

use jiff::Timestamp;

use super::{RequestState, RequestType};

/// Why one request cannot be answered with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MergeRefused {
    /// It is the same request.
    Itself,
    /// It is somebody else's.
    AnotherPerson,
    /// It asks for something else.
    AnotherRight,
    /// Somebody else makes it for the person, or nobody does.
    AnotherAsker,
    /// It asks for less: answering it would leave something of this one unanswered.
    AsksForLess,
    /// It is closed.
    Closed,
    /// It is due later: an answer to it could be late for this one.
    DueLater,
    /// Nobody has proved to have made it.
    NotVerified,
}

impl MergeRefused {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Itself,
        Self::AnotherPerson,
        Self::AnotherRight,
        Self::AnotherAsker,
        Self::AsksForLess,
        Self::Closed,
        Self::DueLater,
        Self::NotVerified,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::AnotherPerson => "another-person",
            Self::AnotherRight => "another-right",
            Self::AnotherAsker => "another-asker",
            Self::AsksForLess => "asks-for-less",
            Self::Closed => "closed",
            Self::DueLater => "due-later",
            Self::NotVerified => "not-verified",
        }
    }
}

impl fmt::Display for MergeRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itself => "a request cannot be merged into itself",
            Self::AnotherPerson => "the other request is another person's",
            Self::AnotherRight => "the other request asks for something else",
            Self::AnotherAsker => "the other request is not made by the same person for the same person",
            Self::AsksForLess => "the other request asks for less than this one",
            Self::Closed => "the other request is closed",
            Self::DueLater => "the other request is due later: merge that one into this one",
            Self::NotVerified => "nobody has proved to have made the other request",
        })
    }
}

impl std::error::Error for MergeRefused {}

/// Checks whether the answer to `into` answers `from` too. Both are of one person; each comes with the first
/// instant at which its answer is late.
///
/// # Errors
/// [`MergeRefused`] with the first reason why not.
pub fn check_merge(
    (from, from_due): (&RequestState, Timestamp),
    (into, into_due): (&RequestState, Timestamp),
) -> Result<(), MergeRefused> {
    let (asked, answered) = (&from.received, &into.received);
    if asked.request != answered.request {
        return Err(MergeRefused::AnotherRight);
    }
    if asked.acting != answered.acting {
        return Err(MergeRefused::AnotherAsker);
    }
    // Whoever names no purpose means all of them; but an objection without any leaves those on consent alone.
    let covers = if answered.purposes.is_empty() {
        asked.purposes.is_empty() || asked.request != RequestType::Objection
    } else {
        !asked.purposes.is_empty() && asked.purposes.iter().all(|purpose| answered.purposes.contains(purpose))
    };
    if !covers
        || asked.service != answered.service
        || asked.about != answered.about
        || asked.following != answered.following
    {
        return Err(MergeRefused::AsksForLess);
    }
    if !into.stage().is_open() {
        return Err(MergeRefused::Closed);
    }
    if !into.is_verified() {
        return Err(MergeRefused::NotVerified);
    }
    if into_due > from_due {
        return Err(MergeRefused::DueLater);
    }
    Ok(())
}
