//! Disclosures: to whom data may go, for what, where, and on what terms. What the policy does not
//! list is denied.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    adequacy,
    ids::{Category, DisclosureId, Fingerprint, Ground, Identifier, Purpose, Recipient, SubjectRef},
    policy::{Clause, Country, Mechanism, Policy, PolicyHash, RecipientRole, RecipientRule, Regime, Use},
    sensitive::Sensitive,
    standing::{Denied, LEGAL_CLAIM, Reason, Standing, UseAsked},
};

/// From how many people on a total may leave where the purpose sets no number of its own: below ten
/// one person's part in it can be guessed.
pub const PEOPLE_MIN: u32 = 10;

/// What a reference to standard contractual clauses must name: those of earlier decisions hold no
/// more since 27 December 2022 (Implementing Decision (EU) 2021/914, Art. 4(4)).
pub const STANDARD_CLAUSES: &str = "2021/914";

/// Most categories of one disclosure.
pub const CATEGORIES_MAX: usize = 32;

/// Most references of one disclosure.
pub const REFERENCES_MAX: usize = 16;

/// References by name: `processing-agreement` to where it is kept. Staff write them, so they may hold
/// a name.
pub type References = BTreeMap<Ground, Sensitive<String>>;

/// What somebody wants to disclose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosureAsked {
    /// To whom.
    pub recipient: Recipient,
    /// What; for a total, what it was drawn from.
    pub categories: BTreeSet<Category>,
    /// What for.
    pub purpose: Purpose,
    /// What it amounts to beyond the purpose's and the recipient's own uses: a sale.
    pub uses: BTreeSet<Use>,
    /// On which ground, where the recipient's rule asks for one.
    pub ground: Option<Ground>,
    /// Where it is kept or read, where the recipient's rule leaves that open.
    pub country: Option<Country>,
    /// What allows the transfer, where it is not what the recipient's rule names.
    pub mechanism: Option<Mechanism>,
    /// Who passes it on, where that is another recipient and not the controller.
    pub onward_from: Option<Recipient>,
    /// What it refers to.
    pub references: References,
}

/// Of whom somebody wants to disclose data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// One person.
    Person(Identifier),
    /// Nobody: a total.
    Total {
        /// Of how many people.
        people: u32,
    },
}

/// Of whom data was disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// One person.
    Person(SubjectRef),
    /// Nobody: a total.
    Total {
        /// Of how many people.
        people: u32,
    },
}

impl Whose {
    /// The person, if it was one's.
    pub const fn subject(&self) -> Option<&SubjectRef> {
        match self {
            Self::Person(subject) => Some(subject),
            Self::Total { .. } => None,
        }
    }
}

/// A disclosure that is allowed, and what goes on its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The clause that allows it.
    pub clause: Clause,
    /// Where it goes.
    pub countries: BTreeSet<Country>,
    /// What allows the transfer; `None`: nothing leaves home.
    pub mechanism: Option<Mechanism>,
}

/// A disclosure as it was logged (GDPR Art. 5(2), 15(1)(c), 19). The texts of its references lie apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Its identifier, the same for a retry.
    pub id: DisclosureId,
    /// Whose data it was.
    pub whose: Whose,
    /// To whom.
    pub recipient: Recipient,
    /// What.
    pub categories: BTreeSet<Category>,
    /// What for.
    pub purpose: Purpose,
    /// On which ground.
    pub ground: Option<Ground>,
    /// Where it went.
    pub countries: BTreeSet<Country>,
    /// What allowed the transfer, if it was one.
    pub mechanism: Option<Mechanism>,
    /// Who passed it on.
    pub onward_from: Option<Recipient>,
    /// The names of its references.
    pub references: BTreeSet<Ground>,
    /// The clause that allowed it.
    pub clause: Clause,
    /// The policy it was allowed under.
    pub policy: PolicyHash,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was logged.
    pub logged_at: Timestamp,
    /// Who logged it, as the token names them.
    pub logged_by: String,
    /// What the form carried, to tell a retry from another disclosure.
    pub fingerprint: Fingerprint,
}

/// Checks a disclosure of one person's data, which happens at that time, against the policy and their
/// standing then.
///
/// # Errors
/// [`Denied`] by the first rule that it breaks.
pub fn check(policy: &Policy, standing: &Standing, asked: &DisclosureAsked, at: Timestamp) -> Result<Permit, Denied> {
    let rule = listed(policy, &asked.recipient)?;
    check_categories(policy, rule, &asked.categories)?;
    if let Some(holder) = &asked.onward_from {
        // Nobody passes on what they may not have.
        check_categories(policy, listed(policy, holder)?, &asked.categories)?;
    }
    if !policy.purposes.contains_key(&asked.purpose) {
        return Err(Denied::new(Reason::UndeclaredPurpose, nobody_else(policy)));
    }
    if !rule.purposes.is_empty() && !rule.purposes.contains(&asked.purpose) {
        return Err(Denied::new(Reason::PurposeNotAllowed, rule.clause.clone()));
    }
    if !rule.grounds.is_empty() && !asked.ground.as_ref().is_some_and(|ground| rule.grounds.contains(ground)) {
        return Err(Denied::new(Reason::GroundNotAllowed, rule.clause.clone()));
    }
    if rule.needs.iter().any(|needed| !asked.references.contains_key(needed)) {
        return Err(Denied::new(Reason::ReferenceMissing, rule.clause.clone()));
    }
    if rule.consent.as_ref().is_some_and(|purpose| !standing.agrees_to(purpose)) {
        return Err(Denied::new(Reason::ConsentMissing, rule.clause.clone()));
    }
    let references: BTreeSet<Ground> = asked.references.keys().cloned().collect();
    let use_asked = UseAsked {
        purpose: asked.purpose.clone(),
        uses: rule.uses.union(&asked.uses).copied().collect(),
        // Whoever refers to where a safeguard is described has it in place.
        safeguards: references.clone(),
        references,
    };
    // GDPR Art. 18(2): legal claims, where the recipient's rule knows that ground, and what an
    // authority asks for in the public interest.
    let for_claims = asked.ground.as_ref().filter(|ground| rule.grounds.contains(ground));
    let gives_way =
        rule.role == RecipientRole::Authority || for_claims.is_some_and(|ground| ground.as_str() == LEGAL_CLAIM);
    standing.may_use_though_restricted(policy, &use_asked, gives_way)?;
    let (countries, mechanism) = check_transfer(policy, rule, asked, at)?;
    Ok(Permit { clause: rule.clause.clone(), countries, mechanism })
}

/// Checks the disclosure of a total. One of enough people is about nobody (GDPR recital 26): it needs
/// no consent, no listed recipient and no transfer mechanism, but a purpose that is one of totals.
///
/// # Errors
/// [`Denied`] by the first rule that it breaks.
pub fn check_total(policy: &Policy, asked: &DisclosureAsked, people: u32) -> Result<Permit, Denied> {
    let Some(rule) = policy.purposes.get(&asked.purpose) else {
        return Err(Denied::new(Reason::UndeclaredPurpose, nobody_else(policy)));
    };
    check_declared(policy, &asked.categories)?;
    if !rule.uses.contains(&Use::Statistics) {
        return Err(Denied::new(Reason::NotStatistics, rule.clause.clone()));
    }
    if people < rule.threshold.unwrap_or(PEOPLE_MIN) {
        return Err(Denied::new(Reason::TooFewPeople, rule.clause.clone()));
    }
    // A total is nobody's, so no consent lifts a denial: what is ruled out of it is ruled out.
    let ruled_out = rule.uses.union(&asked.uses).filter_map(|kind| policy.denials.get(kind));
    if let Some(denial) = ruled_out.into_iter().find(|denial| !denial.except.contains(&rule.id)) {
        return Err(Denied::new(Reason::UseRuledOut, denial.clause.clone()));
    }
    Ok(Permit { clause: rule.clause.clone(), countries: BTreeSet::new(), mechanism: None })
}

/// The clause by which whatever is not listed is denied.
fn nobody_else(policy: &Policy) -> Clause {
    // People must have been told of the recipients (GDPR Art. 13(1)(e)).
    policy.recipients_clause.clone().unwrap_or_else(|| Clause::new("GDPR Art. 13(1)(e)"))
}

fn listed<'a>(policy: &'a Policy, recipient: &Recipient) -> Result<&'a RecipientRule, Denied> {
    policy.recipients.get(recipient).ok_or_else(|| Denied::new(Reason::UnlistedRecipient, nobody_else(policy)))
}

fn check_declared(policy: &Policy, categories: &BTreeSet<Category>) -> Result<(), Denied> {
    if !categories.is_empty() && categories.iter().all(|category| policy.categories.contains_key(category)) {
        Ok(())
    } else {
        Err(Denied::new(Reason::UndeclaredCategory, nobody_else(policy)))
    }
}

fn check_categories(policy: &Policy, rule: &RecipientRule, categories: &BTreeSet<Category>) -> Result<(), Denied> {
    check_declared(policy, categories)?;
    if rule.categories.is_empty() || categories.is_subset(&rule.categories) {
        Ok(())
    } else {
        Err(Denied::new(Reason::CategoryNotAllowed, rule.clause.clone()))
    }
}

/// The transfer guard (GDPR Chapter V): where it goes, and what allows that.
fn check_transfer(
    policy: &Policy,
    rule: &RecipientRule,
    asked: &DisclosureAsked,
    at: Timestamp,
) -> Result<(BTreeSet<Country>, Option<Mechanism>), Denied> {
    let denied = |reason| Err(Denied::new(reason, transfer_clause(policy)));
    let countries = match asked.country {
        Some(country) if !rule.countries.is_empty() && !rule.countries.contains(&country) => {
            return Err(Denied::new(Reason::CountryNotAllowed, rule.clause.clone()));
        }
        Some(country) => BTreeSet::from([country]),
        None if rule.countries.is_empty() => return denied(Reason::CountryUnnamed),
        None => rule.countries.clone(),
    };
    let abroad: Vec<Country> = countries.iter().copied().filter(|country| !is_home(policy, *country)).collect();
    if abroad.is_empty() {
        return Ok((countries, None));
    }
    // What covers the first transfer does not cover the next one (GDPR Art. 44): passing on needs a
    // mechanism of its own.
    let standing_mechanism = rule.mechanism.filter(|_| asked.onward_from.is_none());
    let Some(mechanism) = asked.mechanism.or(standing_mechanism) else { return denied(Reason::MechanismMissing) };
    if !policy.transfer.as_ref().is_some_and(|transfer| transfer.mechanisms.contains(&mechanism)) {
        return denied(Reason::MechanismNotAllowed);
    }
    let reference = |name: &str| asked.references.iter().find(|(ground, _)| ground.as_str() == name);
    match mechanism {
        Mechanism::Adequacy => {
            for country in abroad {
                let Some(needed) = adequate(policy, country, at) else { return denied(Reason::CountryNotAdequate) };
                if needed.iter().any(|name| reference(name).is_none()) {
                    return denied(Reason::ReferenceMissing);
                }
            }
        }
        // Which instrument it is must be on record, and for standard clauses which clauses.
        Mechanism::StandardClauses
        | Mechanism::Idta
        | Mechanism::UkAddendum
        | Mechanism::BindingRules
        | Mechanism::ExplicitConsent => match reference(mechanism.as_str()) {
            None => return denied(Reason::ReferenceMissing),
            // Disclosed to this comparison only.
            Some((_, text))
                if mechanism == Mechanism::StandardClauses && !text.disclose().contains(STANDARD_CLAUSES) =>
            {
                return denied(Reason::ClausesOutdated);
            }
            Some(_) => {}
        },
    }
    Ok((countries, Some(mechanism)))
}

fn transfer_clause(policy: &Policy) -> Clause {
    let law = match policy.regimes.iter().find(|regime| adequacy::restricts_transfers(**regime)) {
        Some(Regime::UkGdpr) => "UK GDPR Art. 44",
        _ => "GDPR Art. 44",
    };
    policy.transfer.as_ref().map_or_else(|| Clause::new(law), |transfer| transfer.clause.clone())
}

/// Whether data may be there without more: where the policy says, or, where it names no country, in
/// the area of a law that it answers to. California's law restricts no transfer, so its own area
/// counts only where no other law does.
fn is_home(policy: &Policy, country: Country) -> bool {
    if let Some(transfer) = policy.transfer.as_ref().filter(|transfer| !transfer.home.is_empty()) {
        return transfer.home.contains(&country);
    }
    let restricting = policy.regimes.iter().any(|regime| adequacy::restricts_transfers(*regime));
    policy
        .regimes
        .iter()
        .filter(|regime| !restricting || adequacy::restricts_transfers(**regime))
        .any(|regime| adequacy::is_own_area(*regime, country))
}

/// The references that adequacy asks for there; `None` unless each law of the policy that restricts
/// transfers finds the country adequate, or its own.
fn adequate(policy: &Policy, country: Country, at: Timestamp) -> Option<Vec<&'static str>> {
    let restricting: Vec<Regime> =
        policy.regimes.iter().copied().filter(|regime| adequacy::restricts_transfers(*regime)).collect();
    if restricting.is_empty() {
        return None;
    }
    let mut needed = Vec::new();
    for regime in restricting {
        if !adequacy::is_own_area(regime, country) {
            needed.extend(adequacy::decision(regime, country, at)?.only_with);
        }
    }
    Some(needed)
}
