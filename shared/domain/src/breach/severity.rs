//! How severe a breach is, by ENISA's method ("Recommendations for a methodology of the assessment of severity of
//! personal data breaches", 2013): SE = DPC × EI + CB.

use std::fmt;

/// What the data is, by which its context begins (DPC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// Names, addresses, family life: 1.
    Simple,
    /// Places, traffic, habits: 2.
    Behavioural,
    /// Income, transactions, bank statements: 3.
    Financial,
    /// Health, politics, sexual life: 4.
    Sensitive,
}

impl DataKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Simple, Self::Behavioural, Self::Financial, Self::Sensitive];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Behavioural => "behavioural",
            Self::Financial => "financial",
            Self::Sensitive => "sensitive",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    const fn score(self) -> i8 {
        match self {
            Self::Simple => 1,
            Self::Behavioural => 2,
            Self::Financial => 3,
            Self::Sensitive => 4,
        }
    }
}

/// How easily a person is identified from the data (EI).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identification {
    /// A quarter.
    Negligible,
    /// Half.
    Limited,
    /// Three quarters.
    Significant,
    /// One.
    Maximum,
}

impl Identification {
    /// Every degree.
    pub const ALL: [Self; 4] = [Self::Negligible, Self::Limited, Self::Significant, Self::Maximum];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negligible => "negligible",
            Self::Limited => "limited",
            Self::Significant => "significant",
            Self::Maximum => "maximum",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|degree| degree.as_str() == text)
    }

    const fn quarters(self) -> u16 {
        match self {
            Self::Negligible => 1,
            Self::Limited => 2,
            Self::Significant => 3,
            Self::Maximum => 4,
        }
    }
}

/// How far a loss of confidentiality, integrity or availability goes (CB): for confidentiality, nobody known to have
/// it, known recipients, or unknown ones; for the other two, none, one that can be undone, or one that cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CircumstancesOf {
    /// 0.
    #[default]
    None,
    /// 0.25.
    Limited,
    /// 0.5.
    Full,
}

impl CircumstancesOf {
    /// Every degree.
    pub const ALL: [Self; 3] = [Self::None, Self::Limited, Self::Full];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Limited => "limited",
            Self::Full => "full",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|degree| degree.as_str() == text)
    }

    const fn hundredths(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Limited => 25,
            Self::Full => 50,
        }
    }
}

/// What goes into the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeverityInputs {
    /// What the data is.
    pub data: DataKind,
    /// What its volume, the people, and how public or how wrong it is add or take away: the context stays within 1
    /// and 4.
    pub adjustment: i8,
    /// How easily people are identified.
    pub identification: Identification,
    /// Loss of confidentiality.
    pub confidentiality: CircumstancesOf,
    /// Loss of integrity.
    pub integrity: CircumstancesOf,
    /// Loss of availability.
    pub availability: CircumstancesOf,
    /// Whether it was meant: half a point.
    pub malicious: bool,
}

/// How severe it is, in ENISA's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Below 2.
    Low,
    /// From 2.
    Medium,
    /// From 3.
    High,
    /// From 4.
    VeryHigh,
}

impl Level {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::VeryHigh => "very-high",
        }
    }
}

/// The result of the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Severity {
    /// SE, in hundredths.
    pub hundredths: u16,
}

impl Severity {
    /// SE = DPC × EI + CB.
    pub fn of(inputs: &SeverityInputs) -> Self {
        let context = inputs.data.score().saturating_add(inputs.adjustment).clamp(1, 4);
        let context = u16::from(context.unsigned_abs());
        let circumstances = inputs.confidentiality.hundredths()
            + inputs.integrity.hundredths()
            + inputs.availability.hundredths()
            + if inputs.malicious { 50 } else { 0 };
        Self { hundredths: context * inputs.identification.quarters() * 25 + circumstances }
    }

    /// The level it falls into.
    pub const fn level(self) -> Level {
        match self.hundredths {
            400.. => Level::VeryHigh,
            300.. => Level::High,
            200.. => Level::Medium,
            _ => Level::Low,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

/// An assessment by a person, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// What went into the formula.
    pub inputs: SeverityInputs,
    /// Why these.
    pub reason: String,
}

impl Assessment {
    /// What comes out of the formula.
    pub fn severity(&self) -> Severity {
        Severity::of(&self.inputs)
    }
}
