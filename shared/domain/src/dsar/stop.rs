//! Requests that stop a use of data as soon as they come in: objections, opt-outs, limits.

use std::{collections::BTreeSet, fmt};

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

/// Whether an objection ends a purpose: those on legitimate interests and public tasks (GDPR
/// Art. 21(1)), and those on consent, which an objection takes back.
const fn can_be_objected_to(basis: LawfulBasis) -> bool {
    matches!(basis, LawfulBasis::Consent | LawfulBasis::LegitimateInterests | LawfulBasis::PublicTask)
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
        if !can_be_objected_to(rule.basis) {
            return Err(NoObjection { purpose: rule.id.clone(), basis: rule.basis });
        }
    }
    Ok(())
}

/// What a request stops under this policy, whoever makes it; `None` for a type that stops nothing.
///
/// `named` are the purposes that the request names; without any, all that this right reaches.
pub fn stop(policy: &Policy, request: RequestType, named: &[Purpose]) -> Option<Stop> {
    let reached = |reaches: &dyn Fn(&PurposeRule) -> bool| -> Vec<Purpose> {
        let rules = policy.purposes.values().filter(|rule| named.is_empty() || named.contains(&rule.id));
        rules.filter(|rule| reaches(rule)).map(|rule| rule.id.clone()).collect()
    };
    let used_for = |uses: &[Use]| {
        let uses: BTreeSet<Use> = uses.iter().copied().collect();
        reached(&|rule: &PurposeRule| !rule.uses.is_disjoint(&uses))
    };
    Some(match request {
        // GDPR Art. 18(1)(d), 21(1): no longer processed unless the controller shows compelling grounds,
        // and somebody has to weigh them. Without named purposes: all on interests of the controller's.
        RequestType::Objection => Stop {
            purposes: reached(&|rule| {
                let own_interest = matches!(rule.basis, LawfulBasis::LegitimateInterests | LawfulBasis::PublicTask);
                own_interest || (!named.is_empty() && can_be_objected_to(rule.basis))
            }),
            with_office: true,
        },
        // GDPR Art. 21(3): absolute, nothing is weighed.
        RequestType::ObjectionMarketing => {
            Stop { purposes: used_for(&[Use::Marketing, Use::ThirdPartyMarketing]), with_office: false }
        }
        // GDPR Art. 22(1), 22(3): what a contract needs goes on, and a human looks at it.
        RequestType::ObjectionAutomated => {
            let all = used_for(&[Use::AutomatedDecision]);
            let needed = policy.denials.get(&Use::AutomatedDecision).map(|denial| &denial.except);
            let with_office = !all.is_empty();
            let stopped = all.into_iter().filter(|purpose| !needed.is_some_and(|needed| needed.contains(purpose)));
            Stop { purposes: stopped.collect(), with_office }
        }
        // Cal. Civ. Code § 1798.120; § 1798.140(ad): renting out is selling.
        RequestType::DoNotSellOrShare => {
            Stop { purposes: used_for(&[Use::Sale, Use::Sharing, Use::Rent]), with_office: false }
        }
        // Cal. Civ. Code § 1798.121(a): what the service itself needs goes on. A policy does not mark
        // sensitive data, so every other use of any data stops.
        RequestType::LimitSensitive => Stop {
            purposes: used_for(&[
                Use::Marketing,
                Use::ThirdPartyMarketing,
                Use::Profiling,
                Use::Tracking,
                Use::Sale,
                Use::Sharing,
                Use::Rent,
                Use::OwnUse,
            ]),
            with_office: false,
        },
        RequestType::Access
        | RequestType::Rectification
        | RequestType::Erasure
        | RequestType::Restriction
        | RequestType::Portability
        | RequestType::WithdrawConsent
        | RequestType::Complaint
        | RequestType::KnowCategories
        | RequestType::KnowPieces
        | RequestType::Information
        | RequestType::PostMortem => return None,
    })
}
