//! Where a person can complain, for every answer that refuses anything (GDPR Art. 12(4)).

use crate::policy::{Clause, Policy, Regime};

/// The way to complain, and who can be asked first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The authority, as a sentence names it.
    pub authority: String,
    /// Its site.
    pub url: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Its postal address.
    pub post: Option<String>,
    /// The remedy beside it (GDPR Art. 79).
    pub remedy: &'static str,
    /// The controller's data protection officer, who can be asked first (GDPR Art. 38(4)).
    pub officer: Option<String>,
    /// Where the policy names the authority.
    pub clause: Option<Clause>,
}

impl Complaint {
    /// The way to complain about this controller: the authority that its policy names, or those of the
    /// laws that it answers to.
    pub fn of(policy: &Policy) -> Self {
        let officer = policy.office.data_protection_officer.clone();
        let remedy = "You can also go to court.";
        match &policy.office.authority {
            Some(authority) => Self {
                authority: authority.name.clone(),
                url: authority.url.clone(),
                phone: authority.phone.clone(),
                post: authority.post.clone(),
                remedy,
                officer,
                clause: Some(authority.clause.clone()),
            },
            None => Self {
                authority: competent(&policy.regimes),
                url: None,
                phone: None,
                post: None,
                remedy,
                officer,
                clause: None,
            },
        }
    }

    /// The same as sentences of a letter.
    pub fn in_words(&self) -> String {
        let ways = [&self.url, &self.phone, &self.post];
        let ways = ways.into_iter().filter_map(Option::as_deref).collect::<Vec<_>>().join("; ");
        let ways = if ways.is_empty() { String::new() } else { format!(" ({ways})") };
        let officer = self.officer.as_ref();
        let officer = officer.map(|officer| format!(" Our data protection officer: {officer}.")).unwrap_or_default();
        format!("You can complain to a supervisory authority: {}{ways}. {}{officer}", self.authority, self.remedy)
    }
}

/// The authorities of those laws, where the policy names none.
fn competent(regimes: &[Regime]) -> String {
    let names = regimes.iter().map(|regime| match regime {
        // GDPR Art. 77(1).
        Regime::EuGdpr => "that of the country where you live or work, or where it happened",
        // UK GDPR Art. 77(1).
        Regime::UkGdpr => "the Information Commissioner's Office in the United Kingdom",
        // Cal. Civ. Code § 1798.199.45.
        Regime::UsCa => "the California Privacy Protection Agency",
        // Va. Code 59.1-577(C), C.R.S. 6-1-1306(3), Conn. Gen. Stat. 42-518(d), Bus. & Com. Code 541.053.
        Regime::UsVa | Regime::UsCo | Regime::UsCt | Regime::UsTx => "the Attorney General of your state",
        // 45 CFR 160.306.
        Regime::UsHipaa => "the Office for Civil Rights of the Department of Health and Human Services",
        // Lei 13.709/2018 Art. 18 § 1.
        Regime::BrLgpd => "the Autoridade Nacional de Proteção de Dados in Brazil",
        // PIPEDA s. 11.
        Regime::CaPipeda => "the Office of the Privacy Commissioner of Canada",
        // Act respecting the protection of personal information in the private sector, s. 42.
        Regime::CaQc => "the Commission d'accès à l'information in Québec",
        // POPIA s. 74.
        Regime::ZaPopia => "the Information Regulator in South Africa",
        // Privacy Act 1988 s. 36.
        Regime::Au => "the Office of the Australian Information Commissioner",
        // DPDP Act 2023 s. 13(3), 27.
        Regime::InDpdp => "the Data Protection Board of India",
        // PDPA 2012 s. 48H.
        Regime::Sg => "the Personal Data Protection Commission in Singapore",
        // FADP Art. 49.
        Regime::Ch => "the Federal Data Protection and Information Commissioner in Switzerland",
        // APPI Art. 146 ff.
        Regime::Jp => "the Personal Information Protection Commission in Japan",
        // PIPA Art. 62.
        Regime::Kr => "the Personal Information Protection Commission in Korea",
        // Privacy Act 2020 s. 70.
        Regime::Nz => "the Privacy Commissioner in New Zealand",
        // PDPA B.E. 2562 s. 73.
        Regime::Th => "the Personal Data Protection Committee in Thailand",
        // Law 6698 Art. 14.
        Regime::Tr => "the Kişisel Verileri Koruma Kurumu in Türkiye",
    });
    let names = names.collect::<Vec<_>>().join("; or ");
    if names.is_empty() { "that of the country where you live".to_owned() } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::ControllerId,
        policy::{Authority, Notice},
    };

    fn policy() -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice)
    }

    #[test]
    fn the_authority_that_the_policy_names_is_named_with_every_way_to_reach_it() {
        let mut policy = policy();
        policy.office.data_protection_officer = Some("dpo@acme.example".into());
        policy.office.authority = Some(Authority {
            name: "the ICO".into(),
            url: Some("https://ico.org.uk".into()),
            phone: Some("0303 123 1113".into()),
            post: None,
            clause: Clause::new("acme.9-d"),
        });
        let complaint = Complaint::of(&policy);
        assert_eq!(
            complaint.in_words(),
            "You can complain to a supervisory authority: the ICO (https://ico.org.uk; 0303 123 1113). You can also go \
             to court. Our data protection officer: dpo@acme.example."
        );
        assert_eq!(complaint.clause, Some(Clause::new("acme.9-d")));
    }

    #[test]
    fn a_policy_that_names_none_sends_people_to_those_of_its_laws() {
        let mut policy = policy();
        policy.regimes = vec![Regime::UsCa, Regime::EuGdpr];
        let words = Complaint::of(&policy).in_words();
        assert!(words.contains("California Privacy Protection Agency; or that of the country"), "{words}");
    }
}
