//! The laws that a controller can answer to.

/// A law whose clocks a controller answers to. The rows behind each stand in [`crate::clock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Regime {
    /// Regulation (EU) 2016/679.
    EuGdpr,
    /// UK GDPR with the Data Protection Act 2018.
    UkGdpr,
    /// California Consumer Privacy Act as amended.
    UsCa,
    /// Virginia Consumer Data Protection Act.
    UsVa,
    /// Colorado Privacy Act.
    UsCo,
    /// Connecticut Data Privacy Act.
    UsCt,
    /// Texas Data Privacy and Security Act.
    UsTx,
    /// Health Insurance Portability and Accountability Act, 45 CFR 164.
    UsHipaa,
    /// Lei Geral de Proteção de Dados, Lei 13.709/2018.
    BrLgpd,
    /// Personal Information Protection and Electronic Documents Act.
    CaPipeda,
    /// Québec's Act respecting the protection of personal information in the private sector.
    CaQc,
    /// Protection of Personal Information Act, with the Promotion of Access to Information Act.
    ZaPopia,
    /// Privacy Act 1988.
    Au,
    /// Digital Personal Data Protection Act 2023.
    InDpdp,
    /// Personal Data Protection Act 2012.
    Sg,
    /// Federal Act on Data Protection.
    Ch,
    /// Act on the Protection of Personal Information.
    Jp,
    /// Personal Information Protection Act.
    Kr,
    /// Privacy Act 2020.
    Nz,
    /// Personal Data Protection Act B.E. 2562.
    Th,
    /// Law 6698 on the protection of personal data.
    Tr,
}

impl Regime {
    /// Every regime.
    pub const ALL: [Self; 21] = [
        Self::EuGdpr,
        Self::UkGdpr,
        Self::UsCa,
        Self::UsVa,
        Self::UsCo,
        Self::UsCt,
        Self::UsTx,
        Self::UsHipaa,
        Self::BrLgpd,
        Self::CaPipeda,
        Self::CaQc,
        Self::ZaPopia,
        Self::Au,
        Self::InDpdp,
        Self::Sg,
        Self::Ch,
        Self::Jp,
        Self::Kr,
        Self::Nz,
        Self::Th,
        Self::Tr,
    ];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EuGdpr => "eu-gdpr",
            Self::UkGdpr => "uk-gdpr",
            Self::UsCa => "us-ca",
            Self::UsVa => "us-va",
            Self::UsCo => "us-co",
            Self::UsCt => "us-ct",
            Self::UsTx => "us-tx",
            Self::UsHipaa => "us-hipaa",
            Self::BrLgpd => "br-lgpd",
            Self::CaPipeda => "ca-pipeda",
            Self::CaQc => "ca-qc",
            Self::ZaPopia => "za-popia",
            Self::Au => "au",
            Self::InDpdp => "in-dpdp",
            Self::Sg => "sg",
            Self::Ch => "ch",
            Self::Jp => "jp",
            Self::Kr => "kr",
            Self::Nz => "nz",
            Self::Th => "th",
            Self::Tr => "tr",
        }
    }

    /// The name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::EuGdpr => "GDPR",
            Self::UkGdpr => "UK GDPR",
            Self::UsCa => "CCPA (California)",
            Self::UsVa => "VCDPA (Virginia)",
            Self::UsCo => "CPA (Colorado)",
            Self::UsCt => "CTDPA (Connecticut)",
            Self::UsTx => "TDPSA (Texas)",
            Self::UsHipaa => "HIPAA (United States)",
            Self::BrLgpd => "LGPD (Brazil)",
            Self::CaPipeda => "PIPEDA (Canada)",
            Self::CaQc => "Law 25 (Québec)",
            Self::ZaPopia => "POPIA (South Africa)",
            Self::Au => "Privacy Act 1988 (Australia)",
            Self::InDpdp => "DPDP Act (India)",
            Self::Sg => "PDPA (Singapore)",
            Self::Ch => "FADP (Switzerland)",
            Self::Jp => "APPI (Japan)",
            Self::Kr => "PIPA (Korea)",
            Self::Nz => "Privacy Act 2020 (New Zealand)",
            Self::Th => "PDPA (Thailand)",
            Self::Tr => "KVKK (Türkiye)",
        }
    }

    /// The country whose law it is (ISO 3166-1); `None` for the Union's.
    pub const fn country(self) -> Option<&'static str> {
        Some(match self {
            Self::EuGdpr => return None,
            Self::UkGdpr => "GB",
            Self::UsCa | Self::UsVa | Self::UsCo | Self::UsCt | Self::UsTx | Self::UsHipaa => "US",
            Self::BrLgpd => "BR",
            Self::CaPipeda | Self::CaQc => "CA",
            Self::ZaPopia => "ZA",
            Self::Au => "AU",
            Self::InDpdp => "IN",
            Self::Sg => "SG",
            Self::Ch => "CH",
            Self::Jp => "JP",
            Self::Kr => "KR",
            Self::Nz => "NZ",
            Self::Th => "TH",
            Self::Tr => "TR",
        })
    }

    /// The article by which whoever is refused can appeal to the controller itself, and is told how;
    /// `None`: this law sends them to the authority or the court.
    pub const fn appeal_article(self) -> Option<&'static str> {
        match self {
            Self::UsVa => Some("Va. Code 59.1-577(C)"),
            Self::UsCo => Some("C.R.S. 6-1-1306(3)"),
            Self::UsCt => Some("Conn. Gen. Stat. 42-518(d)"),
            Self::UsTx => Some("Tex. Bus. & Com. Code 541.053"),
            _ => None,
        }
    }

    /// Reads the name, in capitals or not.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|regime| regime.as_str().eq_ignore_ascii_case(text))
    }
}
