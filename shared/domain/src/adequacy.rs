//! Which countries a law lets data go to as to its own: its own area, and those found adequate.
//!
//! A table of law, not of a controller: a policy says whether it relies on adequacy at all, and a
//! release of this product brings what has changed. What a decision covers in part only (Canada's
//! commercial organisations, Japan's businesses) is for the controller to know; where a list shows
//! who is covered, the reference to it is asked for.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};

use crate::policy::{Country, Regime};

/// The reference that shows a recipient in the United States on the list of the Data Privacy
/// Framework; for the United Kingdom, with its extension.
pub const DATA_PRIVACY_FRAMEWORK: &str = "data-privacy-framework";

/// The Union with its regions that have codes of their own (TFEU Art. 355(1)), Iceland,
/// Liechtenstein and Norway (Joint Committee Decision 154/2018).
const EEA: [&str; 37] = [
    "AT", "AX", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GF", "GP", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL", "PT", "RE", "RO", "SE", "SI", "SK", "YT",
];

/// A finding that a country protects data well enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdequacyDecision {
    /// The country, by its two letters.
    pub country: &'static str,
    /// The decision or regulations.
    pub source: &'static str,
    /// The day from which it counts.
    pub from: Date,
    /// The last day on which it counts; `None`: it has no end of its own.
    pub until: Option<Date>,
    /// The reference that must show that the recipient is covered.
    pub only_with: Option<&'static str>,
}

const fn found(country: &'static str, source: &'static str, from: Date) -> AdequacyDecision {
    AdequacyDecision { country, source, from, until: None, only_with: None }
}

/// Decisions of the European Commission under GDPR Art. 45, those of Directive 95/46/EC that go on
/// by Art. 45(9) among them. As of May 2026.
const EU: [AdequacyDecision; 16] = [
    found("AD", "Decision 2010/625/EU", date(2010, 10, 19)),
    found("AR", "Decision 2003/490/EC", date(2003, 6, 30)),
    found("BR", "Implementing Decision (EU) 2026/179", date(2026, 1, 26)),
    found("CA", "Decision 2002/2/EC", date(2001, 12, 20)),
    found("CH", "Decision 2000/518/EC", date(2000, 7, 26)),
    found("FO", "Decision 2010/146/EU", date(2010, 3, 5)),
    AdequacyDecision {
        // Renewed on 19 December 2025, to that day.
        until: Some(date(2031, 12, 27)),
        ..found("GB", "Implementing Decision (EU) 2021/1772", date(2021, 6, 28))
    },
    found("GG", "Decision 2003/821/EC", date(2003, 11, 21)),
    found("IL", "Decision 2011/61/EU", date(2011, 1, 31)),
    found("IM", "Decision 2004/411/EC", date(2004, 4, 28)),
    found("JE", "Decision 2008/393/EC", date(2008, 5, 8)),
    found("JP", "Implementing Decision (EU) 2019/419", date(2019, 1, 23)),
    found("KR", "Implementing Decision (EU) 2022/254", date(2021, 12, 17)),
    found("NZ", "Implementing Decision 2013/65/EU", date(2012, 12, 19)),
    AdequacyDecision {
        only_with: Some(DATA_PRIVACY_FRAMEWORK),
        ..found("US", "Implementing Decision (EU) 2023/1795", date(2023, 7, 10))
    },
    found("UY", "Implementing Decision 2012/484/EU", date(2012, 8, 21)),
];

/// What the United Kingdom took over at the end of the transition period, beside the EEA.
const TAKEN_OVER: &str = "Data Protection Act 2018, Schedule 21, paragraph 5";

const END_OF_TRANSITION: Date = date(2020, 12, 31);

/// Regulations of the United Kingdom. As of May 2026.
const UK: [AdequacyDecision; 15] = [
    found("AD", TAKEN_OVER, END_OF_TRANSITION),
    found("AR", TAKEN_OVER, END_OF_TRANSITION),
    found("CA", TAKEN_OVER, END_OF_TRANSITION),
    found("CH", TAKEN_OVER, END_OF_TRANSITION),
    found("FO", TAKEN_OVER, END_OF_TRANSITION),
    found("GG", TAKEN_OVER, END_OF_TRANSITION),
    found("GI", TAKEN_OVER, END_OF_TRANSITION),
    found("IL", TAKEN_OVER, END_OF_TRANSITION),
    found("IM", TAKEN_OVER, END_OF_TRANSITION),
    found("JE", TAKEN_OVER, END_OF_TRANSITION),
    found("JP", TAKEN_OVER, END_OF_TRANSITION),
    found("KR", "SI 2022/1213", date(2022, 12, 19)),
    found("NZ", TAKEN_OVER, END_OF_TRANSITION),
    AdequacyDecision { only_with: Some(DATA_PRIVACY_FRAMEWORK), ..found("US", "SI 2023/1028", date(2023, 10, 12)) },
    found("UY", TAKEN_OVER, END_OF_TRANSITION),
];

/// The EEA, as the United Kingdom finds it adequate.
const UK_EEA: AdequacyDecision = found("EEA", TAKEN_OVER, END_OF_TRANSITION);

/// Whether the country is the law's own, so that nothing is transferred.
pub fn is_own_area(regime: Regime, country: Country) -> bool {
    match regime {
        Regime::EuGdpr => EEA.contains(&country.as_str()),
        other => other.country() == Some(country.as_str()),
    }
}

/// Whether transfers are held to this law here. California's restricts none; what the others ask of
/// transfers is not modelled (`docs/LIMITS.md`).
pub const fn restricts_transfers(regime: Regime) -> bool {
    matches!(regime, Regime::EuGdpr | Regime::UkGdpr)
}

/// The decision of that law that covers the country on that day, counted in UTC.
pub fn decision(regime: Regime, country: Country, at: Timestamp) -> Option<AdequacyDecision> {
    let day = at.to_zoned(TimeZone::UTC).date();
    let found = match regime {
        Regime::EuGdpr => EU.iter().find(|decision| decision.country == country.as_str()).copied(),
        Regime::UkGdpr if EEA.contains(&country.as_str()) => Some(UK_EEA),
        Regime::UkGdpr => UK.iter().find(|decision| decision.country == country.as_str()).copied(),
        _ => None,
    };
    found.filter(|decision| decision.from <= day && decision.until.is_none_or(|until| day <= until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_country_stands_once_and_none_of_a_laws_own_is_found_adequate_by_it() {
        for (regime, decisions) in [(Regime::EuGdpr, EU.as_slice()), (Regime::UkGdpr, UK.as_slice())] {
            assert!(decisions.is_sorted_by(|a, b| a.country < b.country));
            assert!(decisions.iter().all(|decision| !is_own_area(regime, country(decision.country))));
        }
        assert!(EEA.is_sorted_by(|a, b| a < b) && EEA.iter().all(|code| Country::parse(code).is_ok()));
    }

    #[test]
    fn a_decision_counts_from_its_day_to_its_last() {
        let found = |code: &str, when: &str| decision(Regime::EuGdpr, country(code), at(when)).is_some();
        assert!(!found("BR", "2026-01-25T23:59:59Z") && found("BR", "2026-01-26T00:00:00Z"));
        assert!(found("GB", "2031-12-27T23:59:59Z") && !found("GB", "2031-12-28T00:00:00Z"));
        assert!(!found("IN", "2026-06-01T00:00:00Z"));
    }

    #[test]
    fn each_law_has_a_list_of_its_own() {
        let found = |regime, code: &str| decision(regime, country(code), at("2026-06-01T00:00:00Z")).is_some();
        assert!(found(Regime::EuGdpr, "BR") && !found(Regime::UkGdpr, "BR"));
        assert!(found(Regime::UkGdpr, "GI") && !found(Regime::EuGdpr, "GI"));
        assert!(found(Regime::UkGdpr, "FR") && found(Regime::EuGdpr, "GB"));
        assert!(!found(Regime::UsCa, "CA"));
    }

    /// Decision (EU) 2023/1795, Art. 1; SI 2023/1028, reg. 2.
    #[test]
    fn the_united_states_are_adequate_for_recipients_of_the_framework_alone() {
        for regime in [Regime::EuGdpr, Regime::UkGdpr] {
            let decision = decision(regime, country("US"), at("2026-06-01T00:00:00Z"));
            assert_eq!(decision.and_then(|decision| decision.only_with), Some(DATA_PRIVACY_FRAMEWORK), "{regime:?}");
        }
    }
}
