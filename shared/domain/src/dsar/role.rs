//! What the controller is for the service that a request is about.

use super::{Received, RequestType, refusal_by_policy};
use crate::{
    ids::Ground,
    policy::{Clause, Policy, Refusal, RoleRule, ServiceRole},
};

/// The code of a refusal because somebody else decides.
pub const PROCESSOR: &str = "PROCESSOR";

/// What the policy says that the company is for a service; `None`: it names no such service.
pub fn role_for<'a>(policy: &'a Policy, service: &Ground) -> Option<&'a RoleRule> {
    policy.roles.iter().find(|rule| rule.service == *service)
}

/// What the policy says at once, the same to everybody: the company only acts for the controller of
/// that service (GDPR Art. 28(3)(e)), or the policy refuses this type of request to all.
pub fn refusal(policy: &Policy, request: RequestType, service: Option<&Ground>) -> Option<(Refusal, Clause)> {
    let role = service.and_then(|service| role_for(policy, service));
    match role.filter(|rule| rule.role == ServiceRole::Processor) {
        Some(rule) => Some((someone_else_decides(policy, rule), rule.clause.clone())),
        None => refusal_by_policy(policy, request),
    }
}

/// The same for a request that came in.
pub fn refusal_of(policy: &Policy, received: &Received) -> Option<(Refusal, Clause)> {
    refusal(policy, received.request, received.service.as_ref())
}

fn someone_else_decides(policy: &Policy, rule: &RoleRule) -> Refusal {
    let controller =
        if rule.parties.is_empty() { "the organisation that uses it".to_owned() } else { rule.parties.join(", ") };
    Refusal {
        code: PROCESSOR.to_owned(),
        text: format!(
            "for {} {} acts on behalf of {controller}, who decides on this request: it is passed on, and you can make it there",
            rule.service, policy.name
        ),
        offer: None,
    }
}
