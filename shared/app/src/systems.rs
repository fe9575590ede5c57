//! The controller's own systems: which of them a request goes to.

use domain::{dsar::RequestType, ids::SystemId, policy::Policy};

/// The systems that a request goes to as a task.
pub fn systems_for(policy: &Policy, request: RequestType) -> Vec<SystemId> {
    policy.systems.values().filter(|rule| rule.requests.contains(&request)).map(|rule| rule.id.clone()).collect()
}
