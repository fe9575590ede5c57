//! The laws whose clocks are known: those a policy can name, and those that only bind when data leaks.

use std::fmt;

use jiff::tz::TimeZone;

use crate::{place::Place, policy::Regime};

/// A law, by its name on the wire: `eu-gdpr`, `eu-nis2`, `us-al`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Law(&'static str);

/// What is known of a law besides its rows.
struct Facts {
    id: &'static str,
    title: &'static str,
    /// The country, or the part of one, whose law it is; `None`: the Union's.
    place: Option<&'static str>,
    /// The one zone in which its territory counts days; `None`: there are several.
    zone: Option<&'static str>,
}

const fn facts(
    id: &'static str,
    title: &'static str,
    place: Option<&'static str>,
    zone: Option<&'static str>,
) -> Facts {
    Facts { id, title, place, zone }
}

const EASTERN: Option<&str> = Some("America/New_York");
const CENTRAL: Option<&str> = Some("America/Chicago");
const PACIFIC: Option<&str> = Some("America/Los_Angeles");

/// The laws in the order of the documents. Florida, Indiana, Oregon, South Dakota, Tennessee and Texas lie in two
/// zones: the one of most of their people counts.
const LAWS: &[Facts] = &[
    facts("eu-gdpr", Regime::EuGdpr.title(), None, None),
    facts("uk-gdpr", Regime::UkGdpr.title(), Some("GB"), Some("Europe/London")),
    facts("us-ca", Regime::UsCa.title(), Some("US-CA"), PACIFIC),
    facts("us-va", Regime::UsVa.title(), Some("US-VA"), EASTERN),
    facts("us-co", Regime::UsCo.title(), Some("US-CO"), Some("America/Denver")),
    facts("us-ct", Regime::UsCt.title(), Some("US-CT"), EASTERN),
    facts("us-tx", Regime::UsTx.title(), Some("US-TX"), CENTRAL),
    facts("us-hipaa", Regime::UsHipaa.title(), Some("US"), None),
    facts("br-lgpd", Regime::BrLgpd.title(), Some("BR"), None),
    facts("ca-pipeda", Regime::CaPipeda.title(), Some("CA"), None),
    facts("ca-qc", Regime::CaQc.title(), Some("CA-QC"), Some("America/Toronto")),
    facts("za-popia", Regime::ZaPopia.title(), Some("ZA"), Some("Africa/Johannesburg")),
    facts("au", Regime::Au.title(), Some("AU"), None),
    facts("in-dpdp", Regime::InDpdp.title(), Some("IN"), Some("Asia/Kolkata")),
    facts("sg", Regime::Sg.title(), Some("SG"), Some("Asia/Singapore")),
    facts("ch", Regime::Ch.title(), Some("CH"), Some("Europe/Zurich")),
    facts("jp", Regime::Jp.title(), Some("JP"), Some("Asia/Tokyo")),
    facts("kr", Regime::Kr.title(), Some("KR"), Some("Asia/Seoul")),
    facts("nz", Regime::Nz.title(), Some("NZ"), Some("Pacific/Auckland")),
    facts("th", Regime::Th.title(), Some("TH"), Some("Asia/Bangkok")),
    facts("tr", Regime::Tr.title(), Some("TR"), Some("Europe/Istanbul")),
    facts("ph", "Data Privacy Act (Philippines)", Some("PH"), Some("Asia/Manila")),
    facts("eu-telecom", "Regulation (EU) 611/2013 (telecommunications)", None, None),
    facts("eu-nis2", "NIS 2 Directive", None, None),
    facts("eu-dora", "DORA (finance)", None, None),
    facts("uk-pecr", "PECR (United Kingdom, telecommunications)", Some("GB"), Some("Europe/London")),
    facts("in-cert", "CERT-In Directions (India)", Some("IN"), Some("Asia/Kolkata")),
    facts("ca-casl", "CASL (Canada, commercial messages)", Some("CA"), None),
    facts("us-can-spam", "CAN-SPAM Act (United States)", Some("US"), None),
    facts("us-sec", "SEC Form 8-K (listed companies)", Some("US"), EASTERN),
    facts("us-ftc", "FTC Safeguards Rule", Some("US"), EASTERN),
    facts("us-banks", "Computer-security incident rule (banks)", Some("US"), EASTERN),
    facts("us-nydfs", "NYDFS cybersecurity regulation", Some("US-NY"), EASTERN),
    facts("us-al", "Alabama", Some("US-AL"), CENTRAL),
    facts("us-az", "Arizona", Some("US-AZ"), Some("America/Phoenix")),
    facts("us-de", "Delaware", Some("US-DE"), EASTERN),
    facts("us-fl", "Florida", Some("US-FL"), EASTERN),
    facts("us-in", "Indiana", Some("US-IN"), EASTERN),
    facts("us-la", "Louisiana", Some("US-LA"), CENTRAL),
    facts("us-me", "Maine", Some("US-ME"), EASTERN),
    facts("us-md", "Maryland", Some("US-MD"), EASTERN),
    facts("us-nm", "New Mexico", Some("US-NM"), Some("America/Denver")),
    facts("us-ny", "New York", Some("US-NY"), EASTERN),
    facts("us-oh", "Ohio", Some("US-OH"), EASTERN),
    facts("us-or", "Oregon", Some("US-OR"), PACIFIC),
    facts("us-ri", "Rhode Island", Some("US-RI"), EASTERN),
    facts("us-sd", "South Dakota", Some("US-SD"), CENTRAL),
    facts("us-tn", "Tennessee", Some("US-TN"), CENTRAL),
    facts("us-vt", "Vermont", Some("US-VT"), EASTERN),
    facts("us-wa", "Washington", Some("US-WA"), PACIFIC),
    facts("us-wi", "Wisconsin", Some("US-WI"), CENTRAL),
];

/// The members of the Union and of the European Economic Area, where the GDPR applies (EEA Joint Committee Decision
/// 154/2018).
pub const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The laws that bind by what an undertaking does.
const OF_SECTORS: [&str; 12] = [
    "us-hipaa",
    "eu-telecom",
    "eu-nis2",
    "eu-dora",
    "uk-pecr",
    "in-cert",
    "ca-casl",
    "us-can-spam",
    "us-sec",
    "us-ftc",
    "us-banks",
    "us-nydfs",
];

impl Law {
    /// The GDPR.
    pub const EU_GDPR: Self = Self("eu-gdpr");

    /// The UK GDPR.
    pub const UK_GDPR: Self = Self("uk-gdpr");

    /// California's.
    pub const US_CA: Self = Self("us-ca");

    /// Every law, in the order of the documents.
    pub fn all() -> impl Iterator<Item = Self> {
        LAWS.iter().map(|facts| Self(facts.id))
    }

    /// The law that a policy names.
    pub const fn of(regime: Regime) -> Self {
        Self(regime.as_str())
    }

    pub(super) const fn named(id: &'static str) -> Self {
        Self(id)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Reads the name, in capitals or not.
    pub fn parse(text: &str) -> Option<Self> {
        LAWS.iter().find(|facts| facts.id.eq_ignore_ascii_case(text)).map(|facts| Self(facts.id))
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        self.facts().map_or(self.0, |facts| facts.title)
    }

    /// The regime of that name, where a policy can name it.
    pub fn regime(self) -> Option<Regime> {
        Regime::parse(self.0)
    }

    /// Whether it is the Union's.
    pub fn is_of_the_union(self) -> bool {
        self.0.starts_with("eu-")
    }

    /// The country, or the part of one, whose law it is; `None` for the Union's.
    pub fn place(self) -> Option<Place> {
        self.facts().and_then(|facts| facts.place).and_then(|place| Place::parse(place).ok())
    }

    /// Whether it binds by what an undertaking does, such as health care or banking, and not by where people live: no
    /// residence brings it, only the policy or a person who names it.
    pub fn is_of_a_sector(self) -> bool {
        OF_SECTORS.contains(&self.0)
    }

    /// Whether it protects who lives there: inside its territory, which for the GDPR is the European Economic Area.
    pub fn protects_in(self, residence: &Place) -> bool {
        if self == Self::EU_GDPR {
            return EEA.contains(&residence.country().as_str());
        }
        let inside = |place: Place| {
            place.country() == residence.country() && (place.part().is_none() || place.part() == residence.part())
        };
        !self.is_of_a_sector() && self.place().is_some_and(inside)
    }

    /// The zone in which its territory counts days, where there is only one.
    pub fn zone(self) -> Option<TimeZone> {
        self.facts().and_then(|facts| facts.zone).and_then(|zone| TimeZone::get(zone).ok())
    }

    fn facts(self) -> Option<&'static Facts> {
        LAWS.iter().find(|facts| facts.id == self.0)
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_regime_is_a_law_of_the_same_name_with_a_place_and_a_zone_that_exist() {
        for regime in Regime::ALL {
            let law = Law::parse(regime.as_str()).unwrap();
            assert_eq!((law, law.regime(), law.title()), (Law::of(regime), Some(regime), regime.title()));
            assert_eq!(law.place().map(|place| place.country().as_str().to_owned()).as_deref(), regime.country());
        }
        for facts in LAWS {
            let law = Law::parse(&facts.id.to_ascii_uppercase()).unwrap();
            assert_eq!(law.place().is_some(), facts.place.is_some(), "{}", facts.id);
            assert_eq!(law.zone().is_some(), facts.zone.is_some(), "{}", facts.id);
            assert_eq!(law.is_of_the_union(), facts.place.is_none(), "{}", facts.id);
        }
        assert_eq!(Law::parse("atlantis"), None);
    }
}
