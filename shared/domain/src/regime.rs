//! Which of a policy's laws a person's request falls under: by where the controller is established and where the
//! person says that they live.
//!
//! A policy names the laws that its controller answers to; this never adds one. Several can apply, and the earliest due
//! date rules. What is not known excludes nothing: a law that could apply does, until somebody of the office says
//! otherwise with a reason ([`crate::dsar::Act::RegimesChanged`]).

use crate::{
    clock::EEA,
    place::Place,
    policy::{Policy, Regime},
};

/// A law that applies, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applies {
    /// The law.
    pub regime: Regime,
    /// Why, in a sentence.
    pub because: String,
    /// Where it says so.
    pub article: &'static str,
    /// Whether nothing but the policy's own promise has it apply.
    pub by_promise: bool,
}

/// How a law reaches people and controllers.
struct Reach {
    /// Whom it protects by where they are, and where it says so.
    residents: Option<&'static str>,
    /// Whether, and by which article, it binds whoever is established there, wherever the people live.
    established: Option<&'static str>,
    /// Whether, and by which article, it binds by what the controller does, wherever anybody is.
    activity: Option<&'static str>,
}

const fn reach(residents: Option<&'static str>, established: Option<&'static str>) -> Reach {
    Reach { residents, established, activity: None }
}

const fn reach_of(regime: Regime) -> Reach {
    match regime {
        Regime::EuGdpr => reach(Some("GDPR Art. 3(2)"), Some("GDPR Art. 3(1)")),
        Regime::UkGdpr => reach(Some("UK GDPR Art. 3(2)"), Some("UK GDPR Art. 3(1)")),
        Regime::UsCa => reach(Some("Cal. Civ. Code 1798.140(i)"), None),
        Regime::UsVa => reach(Some("Va. Code 59.1-575"), None),
        Regime::UsCo => reach(Some("C.R.S. 6-1-1303(6)"), None),
        Regime::UsCt => reach(Some("Conn. Gen. Stat. 42-515"), None),
        Regime::UsTx => reach(Some("Tex. Bus. & Com. Code 541.001(7)"), None),
        Regime::UsHipaa => Reach { residents: None, established: None, activity: Some("45 CFR 160.102") },
        Regime::BrLgpd => reach(Some("LGPD Art. 3, II"), Some("LGPD Art. 3, I")),
        Regime::CaPipeda => reach(Some("PIPEDA s. 4(1)"), Some("PIPEDA s. 4(1)")),
        Regime::CaQc => {
            let article = Some("Act respecting personal information in the private sector (QC) s. 1");
            reach(article, article)
        }
        Regime::ZaPopia => reach(Some("POPIA s. 3(1)(b)(ii)"), Some("POPIA s. 3(1)(b)(i)")),
        Regime::Au => reach(Some("Privacy Act 1988 s. 5B(3)"), Some("Privacy Act 1988 s. 5B(2)")),
        Regime::InDpdp => reach(Some("DPDP Act s. 3(b)"), Some("DPDP Act s. 3(a)")),
        Regime::Sg => reach(Some("PDPA s. 2(1)"), Some("PDPA s. 2(1)")),
        Regime::Ch => reach(Some("FADP Art. 3(1)"), Some("FADP Art. 3(1)")),
        Regime::Jp => reach(Some("APPI Art. 171"), Some("APPI Art. 16(2)")),
        Regime::Kr => reach(Some("PIPA Art. 2"), Some("PIPA Art. 2")),
        Regime::Nz => reach(Some("Privacy Act 2020 s. 4(1)(b)"), Some("Privacy Act 2020 s. 4(1)(a)")),
        Regime::Th => reach(Some("PDPA (Thailand) s. 5"), Some("PDPA (Thailand) s. 5")),
        Regime::Tr => reach(Some("KVKK Art. 2"), Some("KVKK Art. 2")),
    }
}

/// How a place stands to a law's territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    Inside,
    Outside,
    /// Nothing is stated, or only the country where a part of it counts.
    Unknown,
}

fn lies(regime: Regime, place: Option<&Place>) -> Lies {
    let Some(place) = place else { return Lies::Unknown };
    let country = place.country();
    let part = match regime {
        Regime::EuGdpr if EEA.contains(&country.as_str()) => return Lies::Inside,
        Regime::UsCa => "CA",
        Regime::UsVa => "VA",
        Regime::UsCo => "CO",
        Regime::UsCt => "CT",
        Regime::UsTx => "TX",
        Regime::CaQc => "QC",
        _ if regime.country() == Some(country.as_str()) => return Lies::Inside,
        _ => return Lies::Outside,
    };
    match place.part() {
        _ if regime.country() != Some(country.as_str()) => Lies::Outside,
        None => Lies::Unknown,
        Some(own) if own == part => Lies::Inside,
        Some(_) => Lies::Outside,
    }
}

/// The laws of a policy that apply to somebody who says that they live there, each with its reason; in the policy's
/// order. Never empty while the policy names a law: where none reaches the person by its own rules, all of them count,
/// since the policy promises its rights to everybody whose data it describes.
pub fn applicable(policy: &Policy, residence: Option<&Place>) -> Vec<Applies> {
    let establishment = policy.establishment.as_ref();
    let found: Vec<(Sure, Applies)> =
        policy.regimes.iter().filter_map(|regime| applies(*regime, establishment, residence)).collect();
    // A law that could only hold because nobody says where the controller is gives way to one that surely holds.
    let is_settled = residence.is_some() && found.iter().any(|(sure, _)| *sure == Sure::Yes);
    let reached: Vec<Applies> = found
        .into_iter()
        .filter(|(sure, _)| !is_settled || *sure != Sure::EstablishmentUnknown)
        .map(|(_, applies)| applies)
        .collect();
    if !reached.is_empty() {
        return reached;
    }
    let home = residence.map_or_else(|| "where they live".to_owned(), ToString::to_string);
    let by_promise = |regime: &Regime| {
        let reach = reach_of(*regime);
        Applies {
            regime: *regime,
            because: format!(
                "no law of the policy reaches somebody in {home} by its own rules; the policy promises the rights of \
                    the {} all the same",
                regime.title()
            ),
            article: reach.residents.or(reach.established).or(reach.activity).unwrap_or_default(),
            by_promise: true,
        }
    };
    policy.regimes.iter().map(by_promise).collect()
}

/// How sure it is that a law applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    Yes,
    ResidenceUnknown,
    EstablishmentUnknown,
}

fn applies(regime: Regime, establishment: Option<&Place>, residence: Option<&Place>) -> Option<(Sure, Applies)> {
    let Reach { residents, established, activity } = reach_of(regime);
    let title = regime.title();
    let because = |sure, because: String, article: &'static str| {
        Some((sure, Applies { regime, because, article, by_promise: false }))
    };
    if let Some(article) = activity {
        return because(
            Sure::Yes,
            format!("the {title} binds by what the controller does, wherever people live"),
            article,
        );
    }
    if let (Some(article), Lies::Inside, Some(place)) = (established, lies(regime, establishment), establishment) {
        return because(
            Sure::Yes,
            format!("the controller is established in {place}, so the {title} holds for everybody"),
            article,
        );
    }
    match (residents, lies(regime, residence), residence) {
        (Some(article), Lies::Inside, Some(place)) => {
            return because(
                Sure::Yes,
                format!("the person lives in {place}, and the {title} protects who does"),
                article,
            );
        }
        (Some(article), Lies::Unknown, Some(place)) => {
            return because(
                Sure::ResidenceUnknown,
                format!("the person lives in {place}, perhaps where the {title} protects them"),
                article,
            );
        }
        (Some(article), Lies::Unknown, None) => {
            return because(
                Sure::ResidenceUnknown,
                format!("nobody says where the person lives, and the {title} protects them if it is there"),
                article,
            );
        }
        _ => {}
    }
    match (established, lies(regime, establishment)) {
        (Some(article), Lies::Unknown) => because(
            Sure::EstablishmentUnknown,
            format!(
                "the policy does not say where its controller is established: the {title} could hold for everybody"
            ),
            article,
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::ControllerId, policy::Notice};

    fn policy(regimes: &[Regime], establishment: Option<&str>) -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        let mut policy =
            Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
        policy.regimes = regimes.to_vec();
        policy.establishment = establishment.map(|place| Place::parse(place).unwrap());
        policy
    }

    fn found(policy: &Policy, residence: Option<&str>) -> Vec<(Regime, &'static str)> {
        let residence = residence.map(|place| Place::parse(place).unwrap());
        let applies = applicable(policy, residence.as_ref());
        assert!(applies.iter().all(|applies| !applies.because.is_empty() && !applies.article.is_empty()));
        applies.into_iter().map(|applies| (applies.regime, applies.article)).collect()
    }

    const ZENTRY: [Regime; 3] = [Regime::UsCa, Regime::EuGdpr, Regime::UkGdpr];

    #[test]
    fn a_state_law_binds_in_its_own_state_and_perhaps_where_only_the_country_is_known() {
        let lies_in = |regime, place: &str| lies(regime, Some(&Place::parse(place).unwrap()));
        for (regime, own, other) in [
            (Regime::UsCa, "US-CA", "US-VA"),
            (Regime::UsVa, "US-VA", "US-CO"),
            (Regime::UsCo, "US-CO", "US-CT"),
            (Regime::UsCt, "US-CT", "US-TX"),
            (Regime::UsTx, "US-TX", "US-CA"),
            (Regime::CaQc, "CA-QC", "CA-ON"),
        ] {
            assert!(matches!(lies_in(regime, own), Lies::Inside), "{regime:?}");
            assert!(matches!(lies_in(regime, other), Lies::Outside), "{regime:?}");
            assert!(matches!(lies_in(regime, &own[..2]), Lies::Unknown), "{regime:?}");
            assert!(matches!(lies_in(regime, "DE"), Lies::Outside), "{regime:?}");
            assert!(matches!(lies(regime, None), Lies::Unknown), "{regime:?}");
        }
        assert!(matches!(lies_in(Regime::EuGdpr, "DE"), Lies::Inside));
        assert!(matches!(lies_in(Regime::EuGdpr, "US-CA"), Lies::Outside));
        assert!(matches!(lies_in(Regime::Nz, "NZ"), Lies::Inside));
        assert!(matches!(lies_in(Regime::Nz, "AU"), Lies::Outside));
    }

    #[test]
    fn four_states_let_whoever_is_refused_appeal_to_the_controller() {
        let articles: Vec<_> = Regime::ALL.into_iter().filter_map(|law| Some((law, law.appeal_article()?))).collect();
        let expected = [
            (Regime::UsVa, "Va. Code 59.1-577(C)"),
            (Regime::UsCo, "C.R.S. 6-1-1306(3)"),
            (Regime::UsCt, "Conn. Gen. Stat. 42-518(d)"),
            (Regime::UsTx, "Tex. Bus. & Com. Code 541.053"),
        ];
        assert_eq!(articles, expected);
    }

    #[test]
    fn who_lives_where_decides_for_a_controller_overseas() {
        let policy = policy(&ZENTRY, Some("US-CA"));
        assert_eq!(found(&policy, Some("US-CA")), [(Regime::UsCa, "Cal. Civ. Code 1798.140(i)")]);
        assert_eq!(found(&policy, Some("FR")), [(Regime::EuGdpr, "GDPR Art. 3(2)")]);
        assert_eq!(found(&policy, Some("NO")), [(Regime::EuGdpr, "GDPR Art. 3(2)")]);
        assert_eq!(found(&policy, Some("GB-SCT")), [(Regime::UkGdpr, "UK GDPR Art. 3(2)")]);
        // Perhaps a Californian.
        assert_eq!(found(&policy, Some("US")), [(Regime::UsCa, "Cal. Civ. Code 1798.140(i)")]);
    }

    #[test]
    fn an_establishment_in_the_union_protects_everybody() {
        let policy = policy(&ZENTRY, Some("FR"));
        assert_eq!(found(&policy, Some("US-NY")), [(Regime::EuGdpr, "GDPR Art. 3(1)")]);
        let both = [(Regime::UsCa, "Cal. Civ. Code 1798.140(i)"), (Regime::EuGdpr, "GDPR Art. 3(1)")];
        assert_eq!(found(&policy, Some("US-CA")), both);
    }

    #[test]
    fn what_is_not_stated_excludes_nothing() {
        let regimes = |policy: &Policy, residence| {
            found(policy, residence).into_iter().map(|(regime, _)| regime).collect::<Vec<_>>()
        };
        assert_eq!(regimes(&policy(&ZENTRY, Some("US-CA")), None), ZENTRY);
        assert_eq!(regimes(&policy(&ZENTRY, None), None), ZENTRY);
        // Where the person lives decides, as long as the policy does not say where its controller is.
        assert_eq!(regimes(&policy(&ZENTRY, None), Some("FR")), [Regime::EuGdpr]);
        assert_eq!(regimes(&policy(&ZENTRY, None), Some("US-CA")), [Regime::UsCa]);
        assert_eq!(regimes(&policy(&ZENTRY, None), Some("US")), ZENTRY);
        assert_eq!(regimes(&policy(&[Regime::EuGdpr], None), Some("US-CA")), [Regime::EuGdpr]);
        assert_eq!(regimes(&policy(&[Regime::UsHipaa], None), Some("FR")), [Regime::UsHipaa]);
        assert_eq!(regimes(&policy(&Regime::ALL, None), None), Regime::ALL);
    }

    #[test]
    fn somebody_whom_no_law_reaches_has_the_rights_that_the_policy_promises() {
        let policy = policy(&ZENTRY, Some("US-NY"));
        let residence = Place::parse("JP").unwrap();
        let applies = applicable(&policy, Some(&residence));
        assert_eq!(applies.iter().map(|applies| applies.regime).collect::<Vec<_>>(), ZENTRY);
        assert!(applies[0].because.contains("promises"), "{}", applies[0].because);
        for regime in Regime::ALL {
            for establishment in [None, Some("FR"), Some("US"), Some("AQ")] {
                for residence in [None, Some("FR"), Some("US-TX"), Some("AQ")] {
                    assert!(!found(&self::policy(&[regime], establishment), residence).is_empty());
                }
            }
        }
        assert!(applicable(&self::policy(&[], None), None).is_empty());
    }
}
