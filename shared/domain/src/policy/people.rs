//! Whom a service takes, and who may speak for somebody else.

use std::{collections::BTreeMap, collections::BTreeSet, fmt};

use super::Clause;
use crate::ids::Ground;

/// A country by its two capital letters (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// A text that is no country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCountry;

impl fmt::Display for InvalidCountry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a country as its two capital letters: FR")
    }
}

impl std::error::Error for InvalidCountry {}

impl Country {
    /// Reads a code.
    ///
    /// # Errors
    /// [`InvalidCountry`] unless it is two capital letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCountry> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(InvalidCountry),
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whom the service does not take, or takes only with a guardian (GDPR Art. 8, COPPA).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeRule {
    /// Younger than this many years is refused, whoever agrees.
    pub refuse_below: Option<u8>,
    /// Younger than this many years needs a guardian's consent.
    pub guardian_below: Option<u8>,
    /// The same by country, where its law differs (GDPR Art. 8(1)). The stricter of the two counts.
    pub guardian_below_in: BTreeMap<Country, u8>,
    /// Where it is promised.
    pub clause: Clause,
}

impl AgeRule {
    /// The age below which a guardian must agree, in that country.
    pub fn guardian_age(&self, country: Option<Country>) -> Option<u8> {
        self.guardian_below.max(country.and_then(|country| self.guardian_below_in.get(&country).copied()))
    }
}

/// Who may make a request for somebody else (11 CCR 7063).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRule {
    /// The proofs of which an agent must bring one: `signed-permission`, `power-of-attorney`.
    pub proofs: BTreeSet<Ground>,
    /// Where it is promised.
    pub clause: Clause,
}
