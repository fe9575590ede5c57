//! When somebody or something must look at a request again.

use jiff::Timestamp;

use super::{AnswerDue, RequestState};
use crate::policy::Policy;

/// The next date of a request; `None` once it is closed, and only then.
pub fn next_date(_policy: &Policy, state: &RequestState, due: &AnswerDue) -> Option<Timestamp> {
    state.stage().is_open().then_some(due.at)
}
