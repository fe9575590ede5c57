//! Personal data breaches (GDPR Art. 4(12), 33, 34): the incident, what is known of it, and all that is done about it.

mod clocks;
mod course;
mod facts;
mod proposal;
mod reach;
mod severity;
mod watch;
mod weigh;

pub use clocks::{Change, Clock, HOURS_WITHOUT_NUMBER, POLICY, Standing, bound_by, changes, clocks, laws_of, role_of};
pub use course::{
    Act, ActKind, Actor, Breach, Decision, Entry, Exemption, HISTORY_ENTRIES_MAX, Head, Incident, PeopleAre, Refused,
    Submission, Telling, Why,
};
pub use facts::{Effect, Facts, Protection, Scope, ScopeCounts, Texts};
pub use proposal::{Proposal, Proposed, Suggestion, proposal};
pub use reach::{Tally, Trace};
pub use severity::{Assessment, CircumstancesOf, DataKind, Identification, Level, Severity, SeverityInputs};
pub use watch::{
    IDLE_AGAIN_HOURS, LOOK_AGAIN_HOURS, MISSED_AGAIN_HOURS, MISSING_ESCALATES_FROM, Missing, Reminder, Watched,
    first_look, next_date, reminders,
};
pub use weigh::Reason;

/// Longest text of a breach's description or advice, in bytes.
pub const BREACH_TEXT_BYTES_MAX: usize = 4_000;

/// Longest title of a breach, in bytes.
pub const BREACH_TITLE_BYTES_MAX: usize = 200;

/// Longest reference of an authority, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 200;
