//! Holds: what stops every deletion.

/// Why data must be kept for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    /// Claims before a court (GDPR Art. 17(3)(e)).
    LegalClaim,
    /// An investigation (`rfa.1-d`).
    Investigation,
    /// The person asked for restriction (GDPR Art. 18).
    Restriction,
    /// An authority ordered it (GDPR Art. 17(3)(b)).
    LegalObligation,
}

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::LegalClaim, Self::Investigation, Self::Restriction, Self::LegalObligation];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LegalClaim => "legal-claim",
            Self::Investigation => "investigation",
            Self::Restriction => "restriction",
            Self::LegalObligation => "legal-obligation",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}
