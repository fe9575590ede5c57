//! A data subject's request: its types, its course, and what is decided when.

use std::fmt;

use crate::policy::{Clause, Policy, Refusal, VerificationRule};

mod account;
mod acting;
mod action;
mod challenge;
mod complaint;
mod course;
mod due;
mod grounds;
mod merge;
mod next;
mod outcome;
pub mod points;
mod post_mortem;
mod public;
mod reach;
mod role;
mod stop;
mod verification;

pub use account::{
    ACCOUNT_TOKEN_BYTES_MAX, AccountClaims, AccountHolder, LEEWAY_SECONDS, LOGIN_MINUTES, account_holder,
};
pub use acting::{Acting, ActingAs, ActingRefused, check_acting};
pub use action::Action;
pub use challenge::Challenge;
pub use complaint::{Complaint, complaint_site};
pub use course::{
    Act, ActKind, Actor, Ask, Ending, Entry, Exception, HISTORY_ENTRIES_MAX, Head, Received, RequestState, Ruling,
    Stage, TaskEnd, TransitionRefused, VerifiedBy, Why,
};
pub use due::{
    AnswerDue, AskEffect, DAYS_WITHOUT_NUMBER, ExtensionRefused, answer_due, ask_effect, check_extension, due_of,
    facts_of, regimes_for,
};
pub use grounds::{EXCEPTIONS_MAX, ExtensionGround, RefusalGround, RulingRefused, check_ruling, has_parts};
pub use merge::{MergeRefused, check_merge};
pub use next::{
    QUESTION_HOURS, REMINDERS, RESTRICTION_REVIEW_HOURS, Reminder, VERIFICATION_WINDOW_HOURS, lapses_at, needs_key,
    next_date, reminders,
};
pub use outcome::{Item, ItemResult, Outcome};
pub use points::{countable as countable_points, matching as matching_points};
pub use post_mortem::{
    DELETE_ALL, INSTRUCTION_BYTES_MAX, Instructions, SUBJECT_DECEASED, instructions_in_force, offers_post_mortem,
};
pub use public::{
    Happened, NextStep, PublicEntry, STATUS_HOURS, may_be_refused, next_step, public_history, shows_items,
};
pub use reach::is_to_requester;
pub use role::{PROCESSOR, refusal, refusal_of, role_for};
pub use stop::{NoObjection, Stop, check_objection, stop, stopped_uses};
pub use verification::{
    Certainty, Demand, NoProof, POINTS_HIGH, POINTS_REASONABLE, Proof, Reason, Source, answered_as, answered_instead,
    law_asks, proof_mailbox, proves, verification_for, verification_of,
};

/// What a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestType {
    /// GDPR Art. 15, CCPA § 1798.110.
    Access,
    /// GDPR Art. 16, CCPA § 1798.106.
    Rectification,
    /// GDPR Art. 17, CCPA § 1798.105.
    Erasure,
    /// GDPR Art. 18.
    Restriction,
    /// GDPR Art. 21.
    Objection,
    /// GDPR Art. 20.
    Portability,
    /// GDPR Art. 7(3).
    WithdrawConsent,
    /// A complaint to the controller; the one to an authority stays open (GDPR Art. 77).
    Complaint,
    /// Which categories, sources, purposes and recipients (CCPA § 1798.110(a)).
    KnowCategories,
    /// The specific pieces of data (CCPA § 1798.110(a)(5)).
    KnowPieces,
    /// What the controller does with data, its partners and its incentives (GDPR Art. 13, 14; Cal. Civ. Code
    /// § 1798.83, § 1798.125(b)).
    Information,
    /// Against direct marketing: absolute (GDPR Art. 21(2), 21(3)).
    ObjectionMarketing,
    /// Against decisions by automation alone (GDPR Art. 22).
    ObjectionAutomated,
    /// CCPA § 1798.120.
    DoNotSellOrShare,
    /// CCPA § 1798.121.
    LimitSensitive,
    /// What shall become of the data after death (Loi Informatique et Libertés art. 85).
    PostMortem,
    /// Against a decision on an earlier request (Va. Code 59.1-577(C) and its like; the controller's own
    /// second look elsewhere).
    Appeal,
}

impl RequestType {
    /// Every type, in the order of the articles.
    pub const ALL: [Self; 17] = [
        Self::Access,
        Self::Rectification,
        Self::Erasure,
        Self::Restriction,
        Self::Objection,
        Self::Portability,
        Self::WithdrawConsent,
        Self::Complaint,
        Self::KnowCategories,
        Self::KnowPieces,
        Self::Information,
        Self::ObjectionMarketing,
        Self::ObjectionAutomated,
        Self::DoNotSellOrShare,
        Self::LimitSensitive,
        Self::PostMortem,
        Self::Appeal,
    ];

    /// The name on the wire and in policy files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Rectification => "rectification",
            Self::Erasure => "erasure",
            Self::Restriction => "restriction",
            Self::Objection => "objection",
            Self::Portability => "portability",
            Self::WithdrawConsent => "withdraw-consent",
            Self::Complaint => "complaint",
            Self::KnowCategories => "know-categories",
            Self::KnowPieces => "know-pieces",
            Self::Information => "information",
            Self::ObjectionMarketing => "objection-marketing",
            Self::ObjectionAutomated => "objection-automated",
            Self::DoNotSellOrShare => "do-not-sell-or-share",
            Self::LimitSensitive => "limit-sensitive",
            Self::PostMortem => "post-mortem",
            Self::Appeal => "appeal",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|request| request.as_str() == text)
    }

    /// The strength of verification where the policy names none: whatever hands out or destroys
    /// data needs it, whatever only stops processing does not (GDPR Art. 12(2), 12(6)).
    pub const fn default_verification(self) -> VerificationRule {
        match self {
            Self::Access
            | Self::Rectification
            | Self::Erasure
            | Self::Restriction
            | Self::Portability
            | Self::KnowCategories
            | Self::KnowPieces
            | Self::PostMortem => VerificationRule::Mail,
            Self::Objection
            | Self::WithdrawConsent
            | Self::Complaint
            | Self::Information
            | Self::ObjectionMarketing
            | Self::ObjectionAutomated
            | Self::DoNotSellOrShare
            | Self::LimitSensitive
            // Whoever appeals holds the token of the request that it is about.
            | Self::Appeal => VerificationRule::None,
        }
    }

    /// Whether it does no more than stop a use of data, or tell what the policy says: no policy may ask
    /// for a verification of it (11 CCR 7026(d), 7027(e), 7060(b); GDPR Art. 12(2), 12(6)).
    pub const fn needs_no_verification(self) -> bool {
        matches!(
            self,
            Self::Objection
                | Self::ObjectionMarketing
                | Self::ObjectionAutomated
                | Self::DoNotSellOrShare
                | Self::LimitSensitive
                | Self::Information
        )
    }

    /// Whether it counts from the moment it is made, so that nobody's look can come before it (GDPR
    /// Art. 7(3), 21(3); 11 CCR 7026(f), 7027(g)).
    pub const fn takes_effect_at_once(self) -> bool {
        matches!(self, Self::WithdrawConsent | Self::ObjectionMarketing | Self::DoNotSellOrShare | Self::LimitSensitive)
    }

    /// Whether it hands data out, or changes what is kept or instructed.
    pub const fn hands_out_or_changes(self) -> bool {
        matches!(
            self,
            Self::Access
                | Self::Rectification
                | Self::Portability
                | Self::KnowCategories
                | Self::KnowPieces
                | Self::PostMortem
        )
    }
}

impl fmt::Display for RequestType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Most purposes that a withdrawal names.
pub const REQUEST_PURPOSES_MAX: usize = 32;

/// Most data points offered for verification.
pub const POINTS_MAX: usize = 8;

/// Most fields that one rectification corrects.
pub const CORRECTIONS_MAX: usize = 16;

/// Longest message of a requester, and longest text of the office, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4_000;

/// What the policy says at once, the same to everybody: a refusal that does not depend on who asks.
pub fn refusal_by_policy(policy: &Policy, request: RequestType) -> Option<(Refusal, Clause)> {
    let rule = policy.rights.get(&request)?;
    rule.refusal.clone().map(|refusal| (refusal, rule.clause.clone()))
}
