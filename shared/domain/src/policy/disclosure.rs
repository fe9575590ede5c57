//! To whom data may go, where, and what it may never be used for.

use std::collections::BTreeSet;

use super::{Clause, people::Country};
use crate::ids::{Category, Ground, Purpose, Recipient};

/// A kind of use that the law or a policy treats apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Direct marketing by the controller (GDPR Art. 21(2)).
    Marketing,
    /// Direct marketing by somebody else.
    ThirdPartyMarketing,
    /// Profiling (GDPR Art. 4(4)).
    Profiling,
    /// A decision by automation alone with legal or similar effect (GDPR Art. 22).
    AutomatedDecision,
    /// Following people across visits or sites.
    Tracking,
    /// Development and tests.
    Testing,
    /// Totals without persons.
    Statistics,
    /// Selling (CCPA § 1798.140(ad)).
    Sale,
    /// Sharing for cross-context behavioural advertising (CCPA § 1798.140(ah)).
    Sharing,
    /// Leasing or renting out.
    Rent,
    /// A recipient's use for ends of its own.
    OwnUse,
    /// Treating people otherwise because they used a right (CCPA § 1798.125).
    Retaliation,
}

impl Use {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Marketing,
        Self::ThirdPartyMarketing,
        Self::Profiling,
        Self::AutomatedDecision,
        Self::Tracking,
        Self::Testing,
        Self::Statistics,
        Self::Sale,
        Self::Sharing,
        Self::Rent,
        Self::OwnUse,
        Self::Retaliation,
    ];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::ThirdPartyMarketing => "third-party-marketing",
            Self::Profiling => "profiling",
            Self::AutomatedDecision => "automated-decision",
            Self::Tracking => "tracking",
            Self::Testing => "testing",
            Self::Statistics => "statistics",
            Self::Sale => "sale",
            Self::Sharing => "sharing",
            Self::Rent => "rent",
            Self::OwnUse => "own-use",
            Self::Retaliation => "retaliation",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A use that the policy rules out, for everybody in it: its own purposes and its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The use.
    pub what: Use,
    /// Purposes for which it is allowed all the same.
    pub except: BTreeSet<Purpose>,
    /// The purpose whose consent allows it all the same.
    pub unless_consent: Option<Purpose>,
    /// Where it is promised.
    pub clause: Clause,
}

/// What a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecipientRole {
    /// Acts for the controller (GDPR Art. 28).
    Processor,
    /// Decides for itself.
    Controller,
    /// Decides with the controller (GDPR Art. 26).
    JointController,
    /// A court, the police, a regulator.
    Authority,
    /// The controller's own staff in another country.
    Personnel,
}

impl RecipientRole {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Processor, Self::Controller, Self::JointController, Self::Authority, Self::Personnel];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Controller => "controller",
            Self::JointController => "joint-controller",
            Self::Authority => "authority",
            Self::Personnel => "personnel",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Somebody who may get data, and on what terms. Everything not said here is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientRule {
    /// Who.
    pub id: Recipient,
    /// Their name, for people.
    pub title: String,
    /// What they are.
    pub role: RecipientRole,
    /// What they may get; empty: every category that the policy declares.
    pub categories: BTreeSet<Category>,
    /// What for; empty: every purpose that the policy declares.
    pub purposes: BTreeSet<Purpose>,
    /// Grounds of which the disclosure must name one: `court-order`; empty: none is asked for.
    pub grounds: BTreeSet<Ground>,
    /// References that must come with the disclosure: `processing-agreement`, `recipient-request`.
    pub needs: BTreeSet<Ground>,
    /// The purpose whose consent it needs.
    pub consent: Option<Purpose>,
    /// Uses that the disclosure amounts to: a sale, sharing, the recipient's own use.
    pub uses: BTreeSet<Use>,
    /// Countries where they keep or read it; empty: the disclosure names the country.
    pub countries: BTreeSet<Country>,
    /// What safeguards the transfer to them (GDPR Chapter V).
    pub mechanism: Option<Mechanism>,
    /// Where they can be told of an erasure or a correction (GDPR Art. 19).
    pub mail: Option<String>,
    /// Where it is promised.
    pub clause: Clause,
}

/// What allows a transfer to a third country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// A decision of adequacy (GDPR Art. 45).
    Adequacy,
    /// The standard contractual clauses of Implementing Decision (EU) 2021/914 (GDPR Art. 46(2)(c)).
    StandardClauses,
    /// The UK's International Data Transfer Agreement.
    Idta,
    /// The UK's addendum to the EU clauses.
    UkAddendum,
    /// Binding corporate rules (GDPR Art. 47).
    BindingRules,
    /// The person's explicit consent for this transfer (GDPR Art. 49(1)(a)).
    ExplicitConsent,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Self; 6] = [
        Self::Adequacy,
        Self::StandardClauses,
        Self::Idta,
        Self::UkAddendum,
        Self::BindingRules,
        Self::ExplicitConsent,
    ];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adequacy => "adequacy",
            Self::StandardClauses => "standard-clauses",
            Self::Idta => "idta",
            Self::UkAddendum => "uk-addendum",
            Self::BindingRules => "binding-rules",
            Self::ExplicitConsent => "explicit-consent",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.as_str() == text)
    }
}

/// Where data may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRule {
    /// Countries in which it may be kept and read without more.
    pub home: BTreeSet<Country>,
    /// What allows any other country; empty: nothing does.
    pub mechanisms: BTreeSet<Mechanism>,
    /// Where it is promised.
    pub clause: Clause,
}
