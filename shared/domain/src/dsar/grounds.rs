//! The grounds on which the office refuses or extends, each with its article.

use std::fmt;

use super::{Exception, RequestType, Ruling};
use crate::{
    ids::{Category, Purpose},
    policy::Policy,
};

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

    /// Whether its articles let anybody refuse a request of that type on it.
    pub const fn fits(self, request: RequestType) -> bool {
        // An appeal or a complaint is about whatever was decided: its answer stands on the ground of that.
        if matches!(request, RequestType::Appeal | RequestType::Complaint) {
            return true;
        }
        match self {
            // Art. 12(5) speaks of Art. 15 to 22. Taking back a consent (Art. 7(3)) and an objection to marketing
            // (Art. 21(3)) are weighed by nobody.
            Self::ManifestlyUnfounded | Self::Excessive => {
                !matches!(request, RequestType::WithdrawConsent | RequestType::ObjectionMarketing)
            }
            // What needs no proof cannot fail for want of one (11 CCR 7026(d), 7027(e), 7060(b)).
            Self::IdentityNotEstablished => {
                !request.needs_no_verification() && !matches!(request, RequestType::WithdrawConsent)
            }
            Self::LegalObligation | Self::FreedomOfExpression | Self::PublicHealth | Self::Archiving => {
                matches!(request, RequestType::Erasure)
            }
            Self::LegalClaims => matches!(
                request,
                RequestType::Erasure
                    | RequestType::Restriction
                    | RequestType::Objection
                    | RequestType::KnowCategories
                    | RequestType::KnowPieces
                    | RequestType::DoNotSellOrShare
                    | RequestType::LimitSensitive
            ),
            Self::RightsOfOthers => {
                matches!(request, RequestType::Access | RequestType::Portability | RequestType::KnowPieces)
            }
            Self::CompellingGrounds => matches!(request, RequestType::Objection),
            Self::AccurateAsItIs => matches!(request, RequestType::Rectification),
            Self::AutomationAllowed => matches!(request, RequestType::ObjectionAutomated),
            Self::NotHeld => matches!(
                request,
                RequestType::Access
                    | RequestType::Rectification
                    | RequestType::Erasure
                    | RequestType::Restriction
                    | RequestType::Portability
                    | RequestType::KnowCategories
                    | RequestType::KnowPieces
            ),
            Self::TwiceInTwelveMonths => {
                matches!(request, RequestType::Access | RequestType::KnowCategories | RequestType::KnowPieces)
            }
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// Most parts of an answer that one ruling refuses.
pub const EXCEPTIONS_MAX: usize = 64;

/// Whether a request of that type is carried out kind by kind of data, so that a part of it can be refused.
pub const fn has_parts(request: RequestType) -> bool {
    matches!(
        request,
        RequestType::Access
            | RequestType::Rectification
            | RequestType::Erasure
            | RequestType::Portability
            | RequestType::KnowCategories
            | RequestType::KnowPieces
    )
}

/// Why a ruling cannot be made on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulingRefused {
    /// The ground is none for a request of that type.
    Ground(RefusalGround, RequestType),
    /// A request of that type has no parts to except.
    NoParts(RequestType),
    /// The policy names no such category.
    UnknownCategory(Category),
    /// The policy names no such purpose.
    UnknownPurpose(Purpose),
    /// There are more than [`EXCEPTIONS_MAX`].
    TooMany,
}

impl fmt::Display for RulingRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ground(ground, request) => {
                write!(
                    f,
                    "{} is no ground to refuse a request of type {request}: {}",
                    ground.as_str(),
                    ground.article()
                )
            }
            Self::NoParts(request) => write!(f, "a request of type {request} has no parts that could be refused"),
            Self::UnknownCategory(category) => write!(f, "the policy names no category {category}"),
            Self::UnknownPurpose(purpose) => write!(f, "the policy names no purpose {purpose}"),
            Self::TooMany => write!(f, "a ruling excepts at most {EXCEPTIONS_MAX} parts"),
        }
    }
}

impl std::error::Error for RulingRefused {}

/// Checks that a ruling can be made on a request of that type under that policy.
///
/// # Errors
/// [`RulingRefused`] names the first thing that is wrong with it.
pub fn check_ruling(policy: &Policy, request: RequestType, ruling: &Ruling) -> Result<(), RulingRefused> {
    let fits = |ground: RefusalGround| {
        if ground.fits(request) { Ok(()) } else { Err(RulingRefused::Ground(ground, request)) }
    };
    let except = match ruling {
        Ruling::Refuse(ground) => return fits(*ground),
        Ruling::Approve { except } => except,
    };
    if except.len() > EXCEPTIONS_MAX {
        return Err(RulingRefused::TooMany);
    }
    if !except.is_empty() && !has_parts(request) {
        return Err(RulingRefused::NoParts(request));
    }
    for Exception { category, purpose, ground } in except {
        if !policy.categories.contains_key(category) {
            return Err(RulingRefused::UnknownCategory(category.clone()));
        }
        if let Some(purpose) = purpose.as_ref().filter(|purpose| !policy.purposes.contains_key(*purpose)) {
            return Err(RulingRefused::UnknownPurpose(purpose.clone()));
        }
        fits(*ground)?;
    }
    Ok(())
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
