//! Which trackers may be set or read now (ePrivacy Directive Art. 5(3), PECR reg. 6).
//!
//! Default deny: a tracker that the policy does not declare is not among the answers, and whoever
//! loads trackers loads only those that are answered as allowed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    consent::{self, ChoiceState},
    ids::Purpose,
    policy::{Clause, Policy, TrackerNeed, TrackerRule},
    retention,
};

/// What a browser signals besides its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// `Sec-GPC: 1` (Global Privacy Control).
    pub gpc: bool,
    /// `DNT: 1` (Do Not Track).
    pub dnt: bool,
}

/// Why a tracker may be set or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The service that the person asked for does not work without it.
    Exempt,
    /// Every consent that it needs is in force.
    Consent,
    /// A consent that it needs is not in force.
    NoConsent,
    /// It sells or shares, and the browser says that the person does not want that (11 CCR 7025).
    Gpc,
    /// It follows people, the browser asks not to be followed, and the policy answers to that.
    Dnt,
    /// A purpose that it serves is a use that the policy rules out.
    RuledOut,
}

impl Because {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Consent => "consent",
            Self::NoConsent => "no-consent",
            Self::Gpc => "gpc",
            Self::Dnt => "dnt",
            Self::RuledOut => "ruled-out",
        }
    }
}

/// What holds for one tracker now.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<'a> {
    /// The tracker.
    pub rule: &'a TrackerRule,
    /// Why it may be set or not.
    pub because: Because,
    /// Where that is promised.
    pub clause: &'a Clause,
    /// Every purpose whose consent it needs.
    pub needs: BTreeSet<Purpose>,
    /// Until when it may live if it is set now; `None`: until the browser is closed, or not at all.
    pub until: Option<Timestamp>,
}

impl Decision<'_> {
    /// Whether it may be set or read.
    pub const fn is_allowed(&self) -> bool {
        matches!(self.because, Because::Exempt | Because::Consent)
    }
}

/// Decides on every tracker that the policy declares, by the choices of whoever asks. Without
/// choices only what is exempt is allowed.
pub fn decide<'a>(
    policy: &'a Policy,
    state: &BTreeMap<Purpose, ChoiceState>,
    seen: Seen,
    at: Timestamp,
) -> Vec<Decision<'a>> {
    policy.trackers.values().map(|rule| decide_one(policy, rule, state, seen, at)).collect()
}

fn decide_one<'a>(
    policy: &'a Policy,
    rule: &'a TrackerRule,
    state: &BTreeMap<Purpose, ChoiceState>,
    seen: Seen,
    at: Timestamp,
) -> Decision<'a> {
    let needs = match &rule.need {
        TrackerNeed::Nothing { .. } => BTreeSet::new(),
        TrackerNeed::Consent(purposes) => consent::needed(policy, purposes),
    };
    let is_exempt = matches!(rule.need, TrackerNeed::Nothing { .. });
    let by_signal = policy.signals.clause.as_ref().unwrap_or(&rule.clause);
    // A signal is asked first: it stops a sale whatever was agreed to, and the sale of what is exempt
    // from consent as well (11 CCR 7025(c)).
    let (because, clause) = if rule.shares && seen.gpc && policy.signals.honours_gpc {
        (Because::Gpc, by_signal)
    } else if is_exempt {
        (Because::Exempt, &rule.clause)
    } else if seen.dnt && policy.signals.honours_dnt {
        (Because::Dnt, by_signal)
    } else if let Some(clause) = ruled_out(policy, &needs, state) {
        (Because::RuledOut, clause)
    } else if !needs.is_empty() && needs.iter().all(|purpose| consent::is_given(state, purpose)) {
        (Because::Consent, &rule.clause)
    } else {
        (Because::NoConsent, &rule.clause)
    };
    let mut decision = Decision { rule, because, clause, needs, until: None };
    if decision.is_allowed() {
        // A lifetime past the calendar's end is none that anybody can keep: it ends with the session.
        decision.until =
            rule.lifetime.as_ref().and_then(|lifetime| retention::after(at, lifetime, &policy.time_zone).ok());
    }
    decision
}

/// The clause that rules out a use which one of these purposes amounts to.
fn ruled_out<'a>(
    policy: &'a Policy,
    purposes: &BTreeSet<Purpose>,
    state: &BTreeMap<Purpose, ChoiceState>,
) -> Option<&'a Clause> {
    let rules = purposes.iter().filter_map(|purpose| policy.purposes.get(purpose));
    let uses = rules.flat_map(|rule| rule.uses.iter().map(move |kind| (&rule.id, kind)));
    let mut denials = uses.filter_map(|(purpose, kind)| Some((purpose, policy.denials.get(kind)?)));
    let denied = denials.find(|(purpose, denial)| {
        let allows = denial.unless_consent.as_ref().is_some_and(|consent| consent::is_in_force(policy, state, consent));
        !denial.except.contains(purpose) && !allows
    });
    denied.map(|(_, denial)| &denial.clause)
}
