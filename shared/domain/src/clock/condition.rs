//! What must hold for a row of the table to ask for anything, so that a machine can tell: numbers of people, risk,
//! encryption. What is not known excludes nothing: who weighs them lets a duty run then ([`crate::breach::clocks`]).

use std::fmt;

/// A number of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// More than so many.
    MoreThan(u64),
    /// So many or more.
    AtLeast(u64),
    /// Fewer than so many.
    FewerThan(u64),
}

impl Number {
    /// Whether a number is such a one.
    pub const fn is_met_by(self, people: u64) -> bool {
        match self {
            Self::MoreThan(n) => people > n,
            Self::AtLeast(n) => people >= n,
            Self::FewerThan(n) => people < n,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoreThan(n) => write!(f, "more than {n}"),
            Self::AtLeast(n) => write!(f, "at least {n}"),
            Self::FewerThan(n) => write!(f, "fewer than {n}"),
        }
    }
}

/// Whom a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Who lives where the law holds.
    Residents,
    /// Who lives in one state of the United States, whichever has most.
    OneState,
    /// Everybody concerned.
    Everyone,
}

/// How much risk for people it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskOf {
    /// Any, unless it is unlikely (GDPR Art. 33(1)).
    Some,
    /// Serious harm is to be expected (Privacy Act 1988 s. 26WE; PIPEDA s. 10.1; LGPD Art. 48).
    Serious,
    /// A high one is likely (GDPR Art. 34(1)).
    High,
}

/// What must hold for a row to ask for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// So many people are concerned.
    People(Among, Number),
    /// The risk for them.
    Risk(RiskOf),
    /// Whoever has the data can read it: it was not encrypted, or the keys are not known to be safe.
    Readable,
    /// The same, or data was changed or lost, which encryption does not help (EDPB Guidelines 9/2022).
    ReadableOrLost,
    /// Nothing done since keeps the harm from coming about (GDPR Art. 34(3)(b)).
    NotAverted,
    /// Sensitive or financial data, or an attack that was meant.
    Grave,
    /// Whether an improper purpose is suspected.
    Improper(bool),
    /// One of these at least.
    Any(&'static [Self]),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::People(Among::Residents, number) => write!(f, "{number} residents"),
            Self::People(Among::OneState, number) => write!(f, "{number} residents of one state"),
            Self::People(Among::Everyone, number) => write!(f, "{number} people"),
            Self::Risk(RiskOf::Some) => f.write_str("unless a risk is unlikely"),
            Self::Risk(RiskOf::Serious) => f.write_str("serious harm to be expected"),
            Self::Risk(RiskOf::High) => f.write_str("a high risk"),
            Self::Readable => f.write_str("not encrypted, or keys not safe"),
            Self::ReadableOrLost => f.write_str("not encrypted, keys not safe, or data changed or lost"),
            Self::NotAverted => f.write_str("the harm not averted since"),
            Self::Grave => f.write_str("sensitive or financial data, or an attack"),
            Self::Improper(true) => f.write_str("an improper purpose suspected"),
            Self::Improper(false) => f.write_str("no improper purpose suspected"),
            Self::Any(any) => {
                for (n, condition) in any.iter().enumerate() {
                    if n > 0 {
                        f.write_str(", or ")?;
                    }
                    condition.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}
