//! Whether an answer may take longer.

use domain::{
    dsar::{self, AnswerDue, RequestState},
    policy::Policy,
};
use jiff::Timestamp;

/// Checks that the person can still be told in time that their answer takes longer (GDPR Art. 12(3): within
/// the first month).
///
/// # Errors
/// The deadline that was missed.
pub(super) fn check(policy: &Policy, state: &RequestState, at: Timestamp) -> Result<(), AnswerDue> {
    let due = dsar::due_of(policy, state).unwrap_or_else(|_| AnswerDue::as_received(&state.received, policy));
    if at < due.at { Ok(()) } else { Err(due) }
}
