//! A data subject's request: its types, its course, and what is decided when.

use std::fmt;

use jiff::Timestamp;

use crate::{
    ids::{Category, Ground, IdentifierKind, PointHash, Purpose, RecordId, RequestId},
    policy::{Clause, Policy, Refusal, VerificationRule},
};

mod acting;
mod complaint;
mod due;
mod post_mortem;
mod role;
mod stop;

pub use acting::{Acting, ActingAs, ActingRefused, check_acting, verification_of};
pub use complaint::Complaint;
pub use due::{AnswerDue, answer_due};
pub use post_mortem::{
    DELETE_ALL, INSTRUCTION_BYTES_MAX, Instructions, SUBJECT_DECEASED, instructions_in_force, offers_post_mortem,
};
pub use role::{PROCESSOR, refusal, refusal_of, role_for};
pub use stop::{NoObjection, Stop, check_objection, stop, stopped_uses};

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
}

impl RequestType {
    /// Every type, in the order of the articles.
    pub const ALL: [Self; 16] = [
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
            | Self::LimitSensitive => VerificationRule::None,
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

/// How a requester was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifiedBy {
    /// The policy asks for none.
    NotNeeded,
    /// They opened the link sent to the address the request is about.
    Mail,
    /// So many distinct points matched what is stored.
    Points(u8),
}

impl VerifiedBy {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotNeeded => "not-needed",
            Self::Mail => "mail",
            Self::Points(_) => "points",
        }
    }
}

/// What happened to one item of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemResult {
    /// Deleted, with the evidence of it.
    Erased {
        /// Where its leaf stands: batch and number.
        evidence: String,
    },
    /// Kept, and why (GDPR Art. 17(3)).
    Kept {
        /// What the person is told.
        reason: String,
        /// The article that allows it.
        article: String,
        /// Where the policy says so.
        clause: Clause,
    },
    /// A legal hold keeps it for now.
    Held,
}

/// One item of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it was.
    pub category: Category,
    /// What it was kept for.
    pub purpose: Purpose,
    /// Which record.
    pub record: RecordId,
    /// What became of it.
    pub result: ItemResult,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Refused by the policy's own statement.
    Refused(Refusal, Clause),
    /// The requester's data points did not match what is stored.
    NotVerified,
    /// The export stands ready under this object key until then.
    Exported {
        /// The key of the object in the exports bucket.
        object: String,
        /// Until when it can be fetched.
        until: Timestamp,
    },
    /// Erased, item by item.
    Erased(Vec<Item>),
    /// Consents were withdrawn.
    Withdrawn(Vec<Purpose>),
    /// The person's data is used for these purposes no more.
    Stopped(Stop),
    /// Instructions for after death are kept, or revoked.
    Recorded,
    /// Recorded for the privacy office, which answers it.
    WithOffice,
}

impl Outcome {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Refused(..) => "refused",
            Self::NotVerified => "not-verified",
            Self::Exported { .. } => "exported",
            Self::Erased(_) => "erased",
            Self::Withdrawn(_) => "withdrawn",
            Self::Stopped(_) => "stopped",
            Self::Recorded => "recorded",
            Self::WithOffice => "with-office",
        }
    }

    /// Whether the controller still owes an answer.
    pub const fn leaves_open(&self) -> bool {
        matches!(self, Self::WithOffice | Self::Stopped(Stop { with_office: true, .. }))
    }

    /// Whether the person does not get, or not wholly, what they asked for: they are told where to
    /// complain (GDPR Art. 12(4)).
    pub fn refuses(&self) -> bool {
        match self {
            Self::Refused(..) | Self::NotVerified => true,
            Self::Erased(items) => items.iter().any(|item| !matches!(item.result, ItemResult::Erased { .. })),
            Self::Exported { .. } | Self::Withdrawn(_) | Self::Stopped(_) | Self::Recorded | Self::WithOffice => false,
        }
    }
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What is asked for.
    pub request: RequestType,
    /// When it was received: the clock runs from here.
    pub at: Timestamp,
    /// The first instant at which an answer is late.
    pub due_at: Timestamp,
    /// The law and article that say so.
    pub due_by_law: String,
    /// What kind of identifier the person gave.
    pub identifier: IdentifierKind,
    /// What the policy asks of the requester.
    pub verification: VerificationRule,
    /// Data points offered, as keyed hashes.
    pub points: Vec<PointHash>,
    /// The purposes that a withdrawal or an objection names; empty: all.
    pub purposes: Vec<Purpose>,
    /// Who asks for the person, where they do not ask themselves.
    pub acting: Option<Acting>,
    /// The controller's service that it is about, where it names one.
    pub service: Option<Ground>,
    /// The instructions for after death that it carries out, where nobody asks any more.
    pub following: Option<RequestId>,
}

impl Received {
    /// Whether somebody asks who says that they succeed to the person: nothing shows it but what the
    /// office is shown.
    pub fn is_by_successor(&self) -> bool {
        self.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Successor)
    }
}

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestEvent {
    /// It came in.
    Received(Received),
    /// The requester proved who they are.
    Verified {
        /// When.
        at: Timestamp,
        /// How.
        by: VerifiedBy,
    },
    /// It was decided.
    Decided {
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestState {
    /// The request.
    pub received: Received,
    /// Its verification, if it happened.
    pub verified: Option<(Timestamp, VerifiedBy)>,
    /// Its outcome, if it is decided.
    pub decided: Option<(Timestamp, Outcome)>,
}

/// A word for where a request stands, the same whether or not the person is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The requester has yet to prove who they are.
    AwaitingVerification,
    /// Being worked on.
    InProgress,
    /// Answered.
    Answered,
    /// Refused, with the reason.
    Refused,
}

impl Status {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingVerification => "awaiting-verification",
            Self::InProgress => "in-progress",
            Self::Answered => "answered",
            Self::Refused => "refused",
        }
    }
}

impl RequestState {
    /// Folds a request's events, in any order; `None` until its receipt is among them.
    pub fn fold(events: impl IntoIterator<Item = RequestEvent>) -> Option<Self> {
        let (mut received, mut verified, mut decided) = (None, None, None);
        for event in events {
            match event {
                RequestEvent::Received(form) => received = Some(form),
                RequestEvent::Verified { at, by } => verified = Some((at, by)),
                RequestEvent::Decided { at, outcome } => decided = Some((at, outcome)),
            }
        }
        received.map(|received| Self { received, verified, decided })
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        match &self.decided {
            Some((_, Outcome::Refused(..) | Outcome::NotVerified)) => Status::Refused,
            Some((_, outcome)) if !outcome.leaves_open() => Status::Answered,
            Some(_) => Status::InProgress,
            None if self.is_verified() => Status::InProgress,
            None => Status::AwaitingVerification,
        }
    }

    /// Whether it may be carried out.
    pub fn is_verified(&self) -> bool {
        self.received.verification == VerificationRule::None || self.verified.is_some()
    }
}

/// What the policy says at once, the same to everybody: a refusal that does not depend on who asks.
pub fn refusal_by_policy(policy: &Policy, request: RequestType) -> Option<(Refusal, Clause)> {
    let rule = policy.rights.get(&request)?;
    rule.refusal.clone().map(|refusal| (refusal, rule.clause.clone()))
}

/// How the requester must prove who they are: the policy's rule, never weaker than the default.
///
/// Points stand beside mail, not below it: a policy may ask for them instead. What needs no proof by
/// law needs none by any policy.
pub fn verification_for(policy: &Policy, request: RequestType) -> VerificationRule {
    if request.needs_no_verification() {
        return VerificationRule::None;
    }
    let default = request.default_verification();
    policy.rights.get(&request).map_or(default, |rule| rule.verification.max(default))
}

/// How many distinct stored points the offered ones match.
pub fn matching_points<'a>(offered: &[PointHash], stored: impl IntoIterator<Item = &'a PointHash>) -> u8 {
    let stored: std::collections::BTreeSet<&PointHash> = stored.into_iter().collect();
    let distinct: std::collections::BTreeSet<&PointHash> =
        offered.iter().filter(|point| stored.contains(point)).collect();
    u8::try_from(distinct.len()).unwrap_or(u8::MAX)
}
