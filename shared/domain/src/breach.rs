//! Personal data breaches: the incident, and who must be told.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::ids::{BreachId, Category};

/// Longest text of a breach's description or advice, in bytes.
pub const BREACH_TEXT_BYTES_MAX: usize = 4_000;

/// Longest reference of an authority, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 200;

/// A breach as a person declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Its identifier.
    pub id: BreachId,
    /// When the controller became aware: a person's decision, from which the clock runs
    /// (GDPR Art. 33(1)). Occurrence and detection are other times.
    pub aware_at: Timestamp,
    /// When it was declared here.
    pub declared_at: Timestamp,
    /// By when the authority must know.
    pub authority_due_at: Timestamp,
    /// The window in which data was exposed.
    pub exposed_from: Timestamp,
    /// Its end.
    pub exposed_to: Timestamp,
    /// What kinds of data (GDPR Art. 33(3)(a)).
    pub categories: BTreeSet<Category>,
    /// Whether it was only tried: most laws ask for nothing then, some policies promise more.
    pub attempt_only: bool,
    /// What happened, in plain language (Art. 34(2)).
    pub description: String,
    /// What people can do (Art. 33(3)(d)).
    pub advice: String,
    /// Whether people are told, by law or by policy.
    pub tell_subjects: bool,
    /// Who declared it, as the token names them.
    pub declared_by: String,
    /// The notification of the authority, once it went out.
    pub notified: Option<AuthorityNotified>,
}

/// A notification of the authority (GDPR Art. 33(1)), made outside this product and recorded here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityNotified {
    /// When it was made.
    pub at: Timestamp,
    /// The authority's reference for it.
    pub reference: String,
}

/// Whether people must be told (GDPR Art. 34(1)): at high risk by law, of attempts only where the
/// policy promises it.
pub const fn must_tell(high_risk: bool, attempt_only: bool, policy_tells_of_attempts: bool) -> bool {
    if attempt_only { policy_tells_of_attempts } else { high_risk }
}
