//! Requests that stop a use of data as soon as they come in: objections, opt-outs, limits.

use std::fmt;

use super::RequestType;
use crate::{
    ids::Purpose,
    policy::{LawfulBasis, Policy, PurposeRule, Use},
};

/// What a request stops, and whether a person still has to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The purposes for which the person's data is used no more.
    pub purposes: Vec<Purpose>,
    /// Whether the office still owes a decision; until it is taken the use is stopped.
    pub with_office: bool,
}

/// A purpose that nobody can object to (GDPR Art. 21(1)): it rests on a contract or on a law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoObjection {
    /// The purpose.
    pub purpose: Purpose,
    /// What it rests on.
    pub basis: LawfulBasis,
}

impl fmt::Display for NoObjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rests on {}, which no objection ends", self.purpose, self.basis.as_str())
    }
}

impl std::error::Error for NoObjection {}

/// The kinds of use that a request of this type ends, for every purpose that amounts to one of them:
/// the one list for what is denied and for what people are told. None for a type that stops nothing, or
/// that stops purposes by their ground.
pub const fn stopped_uses(request: RequestType) -> &'static [Use] {
    match request {
        // GDPR Art. 21(2), 21(3).
        RequestType::ObjectionMarketing => &[Use::Marketing, Use::ThirdPartyMarketing],
        // GDPR Art. 22(1).
        RequestType::ObjectionAutomated => &[Use::AutomatedDecision],
        // Cal. Civ. Code § 1798.120; § 1798.140(ad): renting out is selling.
        RequestType::DoNotSellOrShare => &[Use::Sale, Use::Sharing, Use::Rent],
        // Cal. Civ. Code § 1798.121(a), 11 CCR 7027(m): what the service itself needs goes on. A policy
        // does not mark sensitive data, so the other uses of any data stop.
        RequestType::LimitSensitive => {
            &[Use::Marketing, Use::ThirdPartyMarketing, Use::Profiling, Use::Sale, Use::Sharing, Use::Rent, Use::OwnUse]
        }
        _ => &[],
    }
}

const fn is_weighed(basis: LawfulBasis) -> bool {
    matches!(basis, LawfulBasis::LegitimateInterests | LawfulBasis::PublicTask)
}

/// Whether an objection that names a purpose ends it: one on legitimate interests or a public task
/// (GDPR Art. 21(1)), marketing on whatever ground (Art. 21(2)), and one on consent, since nobody who
/// objects still agrees.
fn can_be_objected_to(rule: &PurposeRule) -> bool {
    is_weighed(rule.basis)
        || rule.basis == LawfulBasis::Consent
        || stopped_uses(RequestType::ObjectionMarketing).iter().any(|kind| rule.uses.contains(kind))
}

/// Checks the purposes that an objection names; the policy must know them.
///
/// # Errors
/// The first purpose that nobody can object to.
pub fn check_objection(policy: &Policy, request: RequestType, named: &[Purpose]) -> Result<(), NoObjection> {
    if request != RequestType::Objection {
        return Ok(());
    }
    let rules = named.iter().filter_map(|purpose| policy.purposes.get(purpose));
    for rule in rules {
        if !can_be_objected_to(rule) {
            return Err(NoObjection { purpose: rule.id.clone(), basis: rule.basis });
        }
    }
    Ok(())
}

/// What a request stops under this policy, whoever makes it; `None` for a type that stops nothing.
///
/// `named` are the purposes that an objection names; without any, all that it reaches.
pub fn stop(policy: &Policy, request: RequestType, named: &[Purpose]) -> Option<Stop> {
    let reached = |reaches: &dyn Fn(&PurposeRule) -> bool| -> Vec<Purpose> {
        policy.purposes.values().filter(|rule| reaches(rule)).map(|rule| rule.id.clone()).collect()
    };
    if request == RequestType::Objection {
        // GDPR Art. 18(1)(d), 21(1): no longer processed unless the controller shows compelling grounds,
        // and somebody has to weigh them.
        let purposes = reached(&|rule| match named {
            [] => is_weighed(rule.basis),
            named => named.contains(&rule.id) && can_be_objected_to(rule),
        });
        return Some(Stop { purposes, with_office: true });
    }
    let uses = stopped_uses(request);
    if uses.is_empty() {
        return None;
    }
    // Opt-outs have no purposes to pick from: they reach every purpose of that use (GDPR Art. 21(3)).
    let purposes = reached(&|rule| uses.iter().any(|kind| rule.uses.contains(kind)));
    // GDPR Art. 22(3): whoever is decided about by a machine can have a human look at it.
    let with_office = request == RequestType::ObjectionAutomated && !purposes.is_empty();
    Some(Stop { purposes, with_office })
}
