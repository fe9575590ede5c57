//! What can go wrong beyond the rules.

use std::{error::Error, fmt};

/// A failure of something outside: what the caller can do about it is in its kind.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// It did not answer, or not in time. Trying again is safe and may help.
    #[error("{what} is unavailable")]
    Unavailable {
        /// What did not answer.
        what: &'static str,
        /// The service's code for it, such as `ThrottlingException`.
        code: Option<String>,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The mail service did not take it and says why: nothing went out, so trying again tells nobody twice.
    #[error("{what} did not take it: {why}")]
    NotTaken {
        /// What did not take it.
        what: &'static str,
        /// Why.
        why: NotTaken,
        /// The service's code for it.
        code: Option<String>,
    },
    /// Somebody else changed it in between. Read again, decide again.
    #[error("{what} was changed in between")]
    Conflict {
        /// What was changed.
        what: &'static str,
    },
    /// What is stored does not read as what it should be. Trying again does not help.
    #[error("{what} cannot be read: {detail}")]
    Corrupt {
        /// What does not read.
        what: &'static str,
        /// Which part, without its content.
        detail: String,
    },
}

impl PortError {
    /// Something did not answer.
    pub fn unavailable(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { what, code: None, source: source.into() }
    }

    /// Adds the service's code.
    #[must_use]
    pub fn with_code(self, code: Option<String>) -> Self {
        match self {
            Self::Unavailable { what, source, .. } => Self::Unavailable { what, code, source },
            other => other,
        }
    }

    /// Something stored does not read.
    pub fn corrupt(what: &'static str, detail: impl Into<String>) -> Self {
        Self::Corrupt { what, detail: detail.into() }
    }
}

/// Why a mail was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// More a second than the account may send.
    TooFast,
    /// More in 24 hours than the account may send.
    DayFull,
    /// No mail can go to such an address, now or later.
    Address,
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooFast => "it came too fast",
            Self::DayFull => "the account has sent what it may in a day",
            Self::Address => "no mail can go to such an address",
        })
    }
}

/// Whether an append made something new or met what was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended<T> {
    /// It was written.
    Fresh,
    /// Something stands there already, and this is it. Nothing was written.
    Existing(T),
}
