//! What a subject's partition adds up to at one time: may their data be used for this?
//!
//! Consents, requests and holds are facts of their own; here they become one answer, with the reason
//! and the clause that a record or a clerk can quote. Nothing known about a person is the standing of
//! a stranger, so an answer takes the same course for everybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;

use crate::{
    consent::{self, Choice, ChoiceState, ConsentEvent},
    dsar::{ActingAs, Ending, Outcome, RequestState, RequestType, stopped_uses},
    hold::{Hold, HoldReason},
    ids::{Ground, Purpose},
    policy::{Clause, LawfulBasis, Policy, PurposeRule, Use},
};

/// The safeguard that stands in for those a purpose asks for, where none of them was possible; it
/// needs the reference to where that is recorded.
pub const RECORDED_IMPOSSIBILITY: &str = "recorded-impossibility";

/// The ground, or safeguard with its reference, under which restricted data may be used all the
/// same: legal claims (GDPR Art. 18(2)).
pub const LEGAL_CLAIM: &str = "legal-claim";

/// Why a use or a disclosure is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The policy names no such purpose (GDPR Art. 5(1)(b)).
    UndeclaredPurpose,
    /// The policy names no such category.
    UndeclaredCategory,
    /// The policy rules this kind of use out.
    UseRuledOut,
    /// A consent that it needs is not in force.
    ConsentMissing,
    /// The person objected (GDPR Art. 21(1)).
    Objection,
    /// The person objected to marketing (GDPR Art. 21(3)).
    MarketingObjection,
    /// The person objected to decisions by automation alone (GDPR Art. 22).
    AutomatedObjection,
    /// The person said: do not sell or share (CCPA § 1798.120).
    DoNotSellOrShare,
    /// The person's browser said so (11 CCR 7025).
    PrivacySignal,
    /// The person limited their data to the service itself (CCPA § 1798.121).
    LimitSensitive,
    /// The data is restricted: it may be stored and no more (GDPR Art. 18(2)).
    Restriction,
    /// The purpose asks for a safeguard, and none was stated.
    SafeguardMissing,
    /// The policy does not list the recipient.
    UnlistedRecipient,
    /// The recipient may not get this category.
    CategoryNotAllowed,
    /// The recipient may not get anything for this purpose.
    PurposeNotAllowed,
    /// The disclosure names none of the grounds that the recipient's rule asks for.
    GroundNotAllowed,
    /// A reference that must come with the disclosure is missing.
    ReferenceMissing,
    /// Neither the recipient's rule nor the disclosure names the country.
    CountryUnnamed,
    /// The recipient may not keep or read it in that country.
    CountryNotAllowed,
    /// A transfer to a third country without any mechanism (GDPR Art. 44).
    MechanismMissing,
    /// The policy does not rely on that mechanism.
    MechanismNotAllowed,
    /// No decision of adequacy covers the country.
    CountryNotAdequate,
    /// The standard clauses are not those of Implementing Decision (EU) 2021/914.
    ClausesOutdated,
    /// The purpose is not one of totals.
    NotStatistics,
    /// The total is of too few people to be of nobody (GDPR recital 26).
    TooFewPeople,
}

impl Reason {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UndeclaredPurpose => "undeclared-purpose",
            Self::UndeclaredCategory => "undeclared-category",
            Self::UseRuledOut => "use-ruled-out",
            Self::ConsentMissing => "consent-missing",
            Self::Objection => "objection",
            Self::MarketingObjection => "objection-marketing",
            Self::AutomatedObjection => "objection-automated",
            Self::DoNotSellOrShare => "do-not-sell-or-share",
            Self::PrivacySignal => "global-privacy-control",
            Self::LimitSensitive => "limit-sensitive",
            Self::Restriction => "restriction",
            Self::SafeguardMissing => "safeguard-missing",
            Self::UnlistedRecipient => "unlisted-recipient",
            Self::CategoryNotAllowed => "category-not-allowed",
            Self::PurposeNotAllowed => "purpose-not-allowed",
            Self::GroundNotAllowed => "ground-not-allowed",
            Self::ReferenceMissing => "reference-missing",
            Self::CountryUnnamed => "country-unnamed",
            Self::CountryNotAllowed => "country-not-allowed",
            Self::MechanismMissing => "mechanism-missing",
            Self::MechanismNotAllowed => "mechanism-not-allowed",
            Self::CountryNotAdequate => "country-not-adequate",
            Self::ClausesOutdated => "clauses-outdated",
            Self::NotStatistics => "not-statistics",
            Self::TooFewPeople => "too-few-people",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UndeclaredPurpose => "the policy names no such purpose",
            Self::UndeclaredCategory => "the policy names no such category",
            Self::UseRuledOut => "the policy rules this kind of use out",
            Self::ConsentMissing => "a consent that it needs is not in force",
            Self::Objection => "the person objected to this purpose",
            Self::MarketingObjection => "the person objected to marketing",
            Self::AutomatedObjection => "the person objected to decisions by automation alone",
            Self::DoNotSellOrShare => "the person said that nothing may be sold or shared",
            Self::PrivacySignal => "the person's browser said that nothing may be sold or shared",
            Self::LimitSensitive => "the person limited the use to the service itself",
            Self::Restriction => "the data is restricted: it may be stored and no more",
            Self::SafeguardMissing => "the purpose asks for a safeguard, and none was stated",
            Self::UnlistedRecipient => "the policy does not list this recipient",
            Self::CategoryNotAllowed => "the recipient may not get this category",
            Self::PurposeNotAllowed => "the recipient may not get anything for this purpose",
            Self::GroundNotAllowed => "none of the grounds that this recipient's rule asks for was named",
            Self::ReferenceMissing => "a reference that must come with it is missing",
            Self::CountryUnnamed => "the country where the recipient keeps or reads it was not named",
            Self::CountryNotAllowed => "the recipient may not keep or read it in that country",
            Self::MechanismMissing => "it leaves for a third country, and nothing was named that allows it",
            Self::MechanismNotAllowed => "the policy does not rely on that mechanism for transfers",
            Self::CountryNotAdequate => "no decision of adequacy covers that country",
            Self::ClausesOutdated => "standard clauses must be those of Implementing Decision (EU) 2021/914",
            Self::NotStatistics => "the purpose is not one of totals",
            Self::TooFewPeople => "the total is of too few people",
        })
    }
}

/// A use that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The clause that allows it.
    pub clause: Clause,
}

/// A use or disclosure that is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub reason: Reason,
    /// Where that stands: in the policy, or in the law where the policy is silent.
    pub clause: Clause,
}

impl Denied {
    /// A denial with its clause.
    pub const fn new(reason: Reason, clause: Clause) -> Self {
        Self { reason, clause }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.clause)
    }
}

impl std::error::Error for Denied {}

/// What was decided about a use.
pub type Decision = Result<Allowed, Denied>;

/// A use that somebody wants to make of a person's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseAsked {
    /// What for.
    pub purpose: Purpose,
    /// What it amounts to beyond the purpose's own uses.
    pub uses: BTreeSet<Use>,
    /// The safeguards that are in place: `pseudonymised`.
    pub safeguards: BTreeSet<Ground>,
    /// The references that were given.
    pub references: BTreeSet<Ground>,
}

impl UseAsked {
    /// A use with no more said about it than its purpose.
    pub const fn new(purpose: Purpose) -> Self {
        Self { purpose, uses: BTreeSet::new(), safeguards: BTreeSet::new(), references: BTreeSet::new() }
    }

    fn states(&self, safeguard: &str) -> bool {
        let is_it = |ground: &Ground| ground.as_str() == safeguard;
        self.safeguards.iter().any(is_it) && self.references.iter().any(is_it)
    }
}

/// What is in force for one person at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    choices: BTreeMap<Purpose, ChoiceState>,
    privacy_signal: bool,
    objections: Vec<(Timestamp, Vec<Purpose>)>,
    opted_out: BTreeSet<RequestType>,
    restricted: bool,
}

/// Whether a request has come in by then and has been neither refused nor taken back by then.
fn counts(request: &RequestState, at: Timestamp) -> bool {
    let refused = request.decided.as_ref().is_some_and(|(decided_at, outcome)| {
        *decided_at <= at
            && matches!(outcome, Outcome::Refused(..) | Outcome::NotVerified | Outcome::RefusedByOffice(_))
    });
    // What was merged stands or falls with the request that answers both.
    let is_ended = request.ending().is_some_and(|ending| {
        matches!(ending, Ending::Withdrawn | Ending::Stopped | Ending::Lapsed | Ending::Merged(_))
    }) && request.closed_at().is_some_and(|closed_at| closed_at <= at);
    request.received.at <= at && !refused && !is_ended
}

/// Whether it is a withdrawal that the policy answers by offering an objection instead: it is taken
/// for one, so that nobody is heard less for having used the wrong word (`rfa.8-e`).
fn is_rerouted(request: &RequestState, at: Timestamp) -> bool {
    request.received.request == RequestType::WithdrawConsent
        && request.received.at <= at
        && request.decided.as_ref().is_some_and(|(_, outcome)| {
            matches!(outcome, Outcome::Refused(refusal, _) if refusal.offer == Some(RequestType::Objection))
        })
}

impl Standing {
    /// Folds what is stored about a person, in any order, to what is in force at that time.
    ///
    /// What only stops a use counts from the moment it came in, before anybody has proved who they
    /// are or decided anything (GDPR Art. 18(1)(d), 21(3)); what was refused counts no more.
    pub fn at<'a>(
        consents: impl IntoIterator<Item = &'a ConsentEvent>,
        requests: impl IntoIterator<Item = &'a RequestState>,
        holds: impl IntoIterator<Item = &'a Hold>,
        at: Timestamp,
    ) -> Self {
        let consents: Vec<_> = consents.into_iter().filter(|event| event.at <= at).collect();
        let mut standing = Self {
            // A signal that was seen once goes on: it is the person's, not the form's (11 CCR 7025(c)).
            privacy_signal: consents.iter().any(|event| event.gpc),
            choices: consent::fold(consents),
            ..Self::default()
        };
        for request in requests {
            if counts(request, at) {
                standing.take(request, at);
            } else if is_rerouted(request, at) {
                standing.objections.push((request.received.at, request.received.purposes.clone()));
            }
        }
        standing.restricted |= holds.into_iter().any(|hold| {
            hold.reason == HoldReason::Restriction
                && hold.opened_at <= at
                && hold.released_at.is_none_or(|released_at| released_at > at)
        });
        standing
    }

    fn take(&mut self, request: &RequestState, at: Timestamp) {
        let received = &request.received;
        match received.request {
            RequestType::Objection => self.objections.push((received.at, received.purposes.clone())),
            RequestType::ObjectionMarketing
            | RequestType::ObjectionAutomated
            | RequestType::DoNotSellOrShare
            | RequestType::LimitSensitive => {
                self.opted_out.insert(received.request);
            }
            // Once it is decided, its hold says how long it stands: a released one restricts no more.
            RequestType::Restriction => {
                let verified = request.verified.as_ref().is_some_and(|(verified_at, _)| *verified_at <= at)
                    || request.verified.is_none() && request.is_verified();
                let decided = request.decided.as_ref().is_some_and(|(decided_at, _)| *decided_at <= at);
                self.restricted |= verified && !decided;
            }
            // Taking back is as easy as giving (GDPR Art. 7(3)): it counts before it is carried out.
            RequestType::WithdrawConsent => {
                for (purpose, state) in &mut self.choices {
                    let named = received.purposes.is_empty() || received.purposes.contains(purpose);
                    if named && state.since <= received.at && state.choice == Choice::Given {
                        state.choice = Choice::Withdrawn;
                    }
                }
            }
            // A child's data is locked as soon as somebody reports it, before anybody has proved that
            // they are the guardian: locking harms nobody, and going on does (`identance.19-d`).
            RequestType::Erasure
                if received.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Guardian) =>
            {
                self.restricted |= request.decided.as_ref().is_none_or(|(decided_at, _)| *decided_at > at);
            }
            // No answer to a use depends on these. Instructions for after death bind once somebody
            // has died, and nothing here knows of that.
            RequestType::Access
            | RequestType::Rectification
            | RequestType::Erasure
            | RequestType::Portability
            | RequestType::Complaint
            | RequestType::KnowCategories
            | RequestType::KnowPieces
            | RequestType::Information
            | RequestType::PostMortem
            | RequestType::Appeal => {}
        }
    }

    /// Whether the person's consent to this purpose is in force.
    pub fn agrees_to(&self, purpose: &Purpose) -> bool {
        self.choices.get(purpose).is_some_and(|state| state.choice == Choice::Given)
    }

    /// Whether this person's data may be used so, by the policy and all they have said.
    ///
    /// # Errors
    /// [`Denied`] by the first rule that it breaks.
    pub fn may_use(&self, policy: &Policy, asked: &UseAsked) -> Decision {
        self.may_use_though_restricted(policy, asked, asked.states(LEGAL_CLAIM))
    }

    /// The same, where the caller knows whether a restriction gives way: legal claims, and what an
    /// authority asks for in the public interest (GDPR Art. 18(2)).
    pub(crate) fn may_use_though_restricted(&self, policy: &Policy, asked: &UseAsked, gives_way: bool) -> Decision {
        let Some(rule) = policy.purposes.get(&asked.purpose) else {
            return Err(Denied::new(Reason::UndeclaredPurpose, Clause::new("GDPR Art. 5(1)(b)")));
        };
        let uses: BTreeSet<Use> = rule.uses.union(&asked.uses).copied().collect();
        for kind in &uses {
            if let Some(denial) = policy.denials.get(kind)
                && !denial.except.contains(&rule.id)
                && !denial.unless_consent.as_ref().is_some_and(|purpose| self.agrees_to(purpose))
            {
                return Err(Denied::new(Reason::UseRuledOut, denial.clause.clone()));
            }
        }
        self.opt_outs(policy, &uses)?;
        if self.objects_to(rule) {
            return Err(Denied::new(Reason::Objection, right(policy, RequestType::Objection, "GDPR Art. 21(1)")));
        }
        let by_consent = rule.basis == LawfulBasis::Consent;
        if self.restricted && !gives_way && !(by_consent && self.agrees_to(&rule.id)) {
            return Err(Denied::new(Reason::Restriction, right(policy, RequestType::Restriction, "GDPR Art. 18(2)")));
        }
        let mut needed = rule.also_needs.iter().chain(by_consent.then_some(&rule.id));
        if needed.any(|purpose| !self.agrees_to(purpose)) {
            return Err(Denied::new(Reason::ConsentMissing, rule.clause.clone()));
        }
        if !rule.only_with.is_empty()
            && rule.only_with.is_disjoint(&asked.safeguards)
            && !asked.states(RECORDED_IMPOSSIBILITY)
        {
            return Err(Denied::new(Reason::SafeguardMissing, rule.clause.clone()));
        }
        Ok(Allowed { clause: rule.clause.clone() })
    }

    fn opt_outs(&self, policy: &Policy, uses: &BTreeSet<Use>) -> Result<(), Denied> {
        let of = |kinds: &[Use]| kinds.iter().any(|kind| uses.contains(kind));
        for (request, reason, law) in [
            // Absolute, and for good: nothing that is weighed against it, no consent that came later
            // by another form (GDPR Art. 21(3)).
            (RequestType::ObjectionMarketing, Reason::MarketingObjection, "GDPR Art. 21(3)"),
            (RequestType::ObjectionAutomated, Reason::AutomatedObjection, "GDPR Art. 22(1)"),
            (RequestType::DoNotSellOrShare, Reason::DoNotSellOrShare, "CCPA § 1798.120"),
            (RequestType::LimitSensitive, Reason::LimitSensitive, "CCPA § 1798.121"),
        ] {
            if self.opted_out.contains(&request) && of(stopped_uses(request)) {
                return Err(Denied::new(reason, right(policy, request, law)));
            }
        }
        if policy.signals.honours_gpc && self.privacy_signal && of(stopped_uses(RequestType::DoNotSellOrShare)) {
            let clause = policy.signals.clause.clone().unwrap_or_else(|| Clause::new("11 CCR 7025"));
            return Err(Denied::new(Reason::PrivacySignal, clause));
        }
        Ok(())
    }

    /// Whether an objection stops this purpose (GDPR Art. 21(1)). It reaches what rests on legitimate
    /// interests or a public task; where it names the purpose, marketing on whatever ground
    /// (Art. 21(2)), and a consent that was given no later, since nobody who objects still agrees.
    /// A contract or a legal duty goes on.
    fn objects_to(&self, rule: &PurposeRule) -> bool {
        let weighed = matches!(rule.basis, LawfulBasis::LegitimateInterests | LawfulBasis::PublicTask);
        let marketing = rule.uses.contains(&Use::Marketing) || rule.uses.contains(&Use::ThirdPartyMarketing);
        self.objections.iter().any(|(at, purposes)| {
            let agreed_before =
                rule.basis == LawfulBasis::Consent && self.choices.get(&rule.id).is_none_or(|state| state.since <= *at);
            if purposes.is_empty() {
                weighed
            } else {
                purposes.contains(&rule.id) && (weighed || marketing || agreed_before)
            }
        })
    }
}

/// Where a right is promised, or else the law that gives it.
fn right(policy: &Policy, request: RequestType, law: &str) -> Clause {
    policy.rights.get(&request).map_or_else(|| Clause::new(law), |rule| rule.clause.clone())
}
