//! The grounds on which the office refuses or extends, each with its article.

/// Why the office refuses a request, or an item of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalGround {
    /// It is manifestly unfounded.
    ManifestlyUnfounded,
    /// It is excessive, in particular because it is repeated.
    Excessive,
    /// Who asks could not be established.
    IdentityNotEstablished,
    /// A law obliges to keep or process it.
    LegalObligation,
    /// It is needed for legal claims.
    LegalClaims,
    /// Freedom of expression and information.
    FreedomOfExpression,
    /// Public interest in public health.
    PublicHealth,
    /// Archiving in the public interest, research, statistics.
    Archiving,
    /// It would harm the rights and freedoms of others.
    RightsOfOthers,
    /// Compelling legitimate grounds override the objection.
    CompellingGrounds,
    /// The data is accurate as it stands.
    AccurateAsItIs,
    /// The automated decision is needed for a contract, or a law allows it.
    AutomationAllowed,
    /// Nothing of the kind is held, or somebody else is the controller.
    NotHeld,
    /// Asked for twice in twelve months already.
    TwiceInTwelveMonths,
}

impl RefusalGround {
    /// Every ground.
    pub const ALL: [Self; 14] = [
        Self::ManifestlyUnfounded,
        Self::Excessive,
        Self::IdentityNotEstablished,
        Self::LegalObligation,
        Self::LegalClaims,
        Self::FreedomOfExpression,
        Self::PublicHealth,
        Self::Archiving,
        Self::RightsOfOthers,
        Self::CompellingGrounds,
        Self::AccurateAsItIs,
        Self::AutomationAllowed,
        Self::NotHeld,
        Self::TwiceInTwelveMonths,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ManifestlyUnfounded => "manifestly-unfounded",
            Self::Excessive => "excessive",
            Self::IdentityNotEstablished => "identity-not-established",
            Self::LegalObligation => "legal-obligation",
            Self::LegalClaims => "legal-claims",
            Self::FreedomOfExpression => "freedom-of-expression",
            Self::PublicHealth => "public-health",
            Self::Archiving => "archiving",
            Self::RightsOfOthers => "rights-of-others",
            Self::CompellingGrounds => "compelling-grounds",
            Self::AccurateAsItIs => "accurate-as-it-is",
            Self::AutomationAllowed => "automation-allowed",
            Self::NotHeld => "not-held",
            Self::TwiceInTwelveMonths => "twice-in-twelve-months",
        }
    }

    /// The articles that allow it.
    pub const fn article(self) -> &'static str {
        match self {
            Self::ManifestlyUnfounded | Self::Excessive => "GDPR Art. 12(5)(b); Cal. Civ. Code § 1798.145(h)(3)",
            Self::IdentityNotEstablished => "GDPR Art. 11(2), 12(2); 11 CCR 7060",
            Self::LegalObligation => "GDPR Art. 17(3)(b); Cal. Civ. Code § 1798.105(d)(8)",
            Self::LegalClaims => "GDPR Art. 17(3)(e), 18(2), 21(1); Cal. Civ. Code § 1798.145(a)(5)",
            Self::FreedomOfExpression => "GDPR Art. 17(3)(a); Cal. Civ. Code § 1798.105(d)(4)",
            Self::PublicHealth => "GDPR Art. 17(3)(c)",
            Self::Archiving => "GDPR Art. 17(3)(d); Cal. Civ. Code § 1798.105(d)(6)",
            Self::RightsOfOthers => "GDPR Art. 15(4), 20(4); Cal. Civ. Code § 1798.145(k)",
            Self::CompellingGrounds => "GDPR Art. 21(1)",
            Self::AccurateAsItIs => "GDPR Art. 16; 11 CCR 7023(b)",
            Self::AutomationAllowed => "GDPR Art. 22(2)",
            Self::NotHeld => "GDPR Art. 11(2), 15(1)",
            Self::TwiceInTwelveMonths => "Cal. Civ. Code § 1798.130(b)",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// Why an answer takes longer (GDPR Art. 12(3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtensionGround {
    /// The request is complex.
    Complexity,
    /// The person has made many requests.
    NumberOfRequests,
}

impl ExtensionGround {
    /// Every ground.
    pub const ALL: [Self; 2] = [Self::Complexity, Self::NumberOfRequests];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complexity => "complexity",
            Self::NumberOfRequests => "number-of-requests",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}
