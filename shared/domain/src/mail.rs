//! What becomes of a mail once the mail service has it.

use std::fmt;

/// How a mail failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailFailure {
    /// There is no such mailbox, and there will be none.
    BouncePermanent,
    /// It came back for a reason that may pass: a full mailbox, a server that is away, somebody who is.
    BounceTransient,
    /// Whoever got it called it unwanted.
    Complaint,
    /// The mail service would not carry it.
    Reject,
}

impl MailFailure {
    /// Every way to fail.
    pub const ALL: [Self; 4] = [Self::BouncePermanent, Self::BounceTransient, Self::Complaint, Self::Reject];

    /// The name in the history of a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BouncePermanent => "bounce-permanent",
            Self::BounceTransient => "bounce-transient",
            Self::Complaint => "complaint",
            Self::Reject => "reject",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.as_str() == text)
    }

    /// Whether nothing more goes to an address that a mail failed at in this way. The next letter to an
    /// address that does not exist, or to somebody who calls ours unwanted, harms every other one: the
    /// mail service stops a sender who goes on.
    pub const fn ends_mail(self) -> bool {
        matches!(self, Self::BouncePermanent | Self::Complaint)
    }
}

impl fmt::Display for MailFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the mail service says of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFate {
    /// It took it, or delivered it. Whether anybody reads it, nobody knows.
    Taken,
    /// It failed.
    Failed {
        /// How.
        failure: MailFailure,
        /// Whether it did not arrive either: who complains has mostly got it.
        is_undelivered: bool,
    },
}
