//! Where somebody lives, or is established: a country, or a part of one that has a law or holidays of
//! its own.

use std::fmt;

use crate::policy::{Country, InvalidCountry};

/// A country (ISO 3166-1 alpha-2) or a part of one (ISO 3166-2): `FR`, `GB-SCT`, `US-CA`, `CA-QC`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    country: Country,
    part: Option<String>,
}

impl Place {
    /// Reads a place.
    ///
    /// # Errors
    /// [`InvalidCountry`] for anything but two capitals, or two capitals, a dash and one to three
    /// capitals or digits.
    pub fn parse(text: &str) -> Result<Self, InvalidCountry> {
        let (country, part) = match text.split_once('-') {
            Some((country, part)) => (country, Some(part)),
            None => (text, None),
        };
        let is_part = |part: &str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let country = Country::parse(country)?;
        match part {
            Some(part) if !is_part(part) => Err(InvalidCountry),
            part => Ok(Self { country, part: part.map(str::to_owned) }),
        }
    }

    /// The country.
    pub const fn country(&self) -> Country {
        self.country
    }

    /// The part of it, if one is named.
    pub fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.country.as_str())?;
        self.part.as_ref().map_or(Ok(()), |part| write!(f, "-{part}"))
    }
}
