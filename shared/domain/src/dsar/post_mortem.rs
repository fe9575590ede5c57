//! What a person wants done with their data after death (Loi Informatique et Libertés art. 85).

use jiff::Timestamp;

use super::{RequestState, RequestType};
use crate::{ids::RequestId, policy::Policy, sensitive::Sensitive};

/// The event that sets instructions for after death going.
pub const SUBJECT_DECEASED: &str = "subject.deceased";

/// Longest text of one instruction, in bytes.
pub const INSTRUCTION_BYTES_MAX: usize = 1_024;

/// The word under `deletion` by which everything is erased without anybody's reading it first.
pub const DELETE_ALL: &str = "all";

/// The instructions. The latest ones count; a later request without any revokes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instructions {
    /// What shall be kept.
    pub retention: Option<Sensitive<String>>,
    /// What shall be deleted; [`DELETE_ALL`]: everything.
    pub deletion: Option<Sensitive<String>>,
    /// What shall be given to whom.
    pub communication: Option<Sensitive<String>>,
}

impl Instructions {
    /// Whether they ask for nothing but the erasure of everything, so that nobody need read them first.
    pub fn erase_everything(&self) -> bool {
        // Disclosed to the comparison only.
        let everything = self.deletion.as_ref().is_some_and(|text| text.disclose().trim() == DELETE_ALL);
        everything && self.retention.is_none() && self.communication.is_none()
    }
}

/// Whether the policy promises to follow such instructions.
pub fn offers_post_mortem(policy: &Policy) -> bool {
    policy.rights.get(&RequestType::PostMortem).is_some_and(|rule| rule.refusal.is_none())
}

/// The request whose instructions count for a death at that time: the latest that was verified and
/// came in before. It may be one that revokes them.
pub fn instructions_in_force(requests: &[(RequestId, RequestState)], deceased_at: Timestamp) -> Option<&RequestId> {
    requests
        .iter()
        .filter(|(_, state)| {
            let received = &state.received;
            received.request == RequestType::PostMortem && received.following.is_none() && received.acting.is_none()
        })
        .filter(|(_, state)| state.verified.is_some_and(|_| state.received.at <= deceased_at))
        .max_by_key(|(id, state)| (state.received.at, id))
        .map(|(id, _)| id)
}
