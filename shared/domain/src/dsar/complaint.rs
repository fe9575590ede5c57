//! Where a person can complain, for every answer that refuses anything (GDPR Art. 12(4)).

use crate::policy::{Clause, Policy, Regime};

/// The way to complain, and who can be asked first: facts alone. The letters have the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The authority, as an English sentence names it: for forms, which are read by programs.
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
    /// Where the policy names the authority; `None`: it names none, and [`Self::competent`] says whose it is.
    pub clause: Option<Clause>,
    /// The laws whose authorities are competent besides the one that the policy names.
    pub competent: Vec<Regime>,
}

impl Complaint {
    /// The way to complain about this controller: the authority that its policy names, or those of the
    /// laws that it answers to.
    pub fn of(policy: &Policy) -> Self {
        Self::under(policy, &[])
    }

    /// The way to complain about a request under these laws; without any, those of the policy.
    ///
    /// The authority that a policy names is that of its first law. Somebody whom another law protects
    /// is sent to that law's authority as well.
    pub fn under(policy: &Policy, regimes: &[Regime]) -> Self {
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
                competent: regimes.iter().copied().filter(|regime| policy.regimes.first() != Some(regime)).collect(),
            },
            None => {
                let competent = if regimes.is_empty() { &policy.regimes } else { regimes }.to_vec();
                Self {
                    authority: competent_authorities(&competent),
                    url: None,
                    phone: None,
                    post: None,
                    remedy,
                    officer,
                    clause: None,
                    competent,
                }
            }
        }
    }
}

/// The site of a law's authority, where complaints are taken.
pub const fn complaint_site(regime: Regime) -> Option<&'static str> {
    Some(match regime {
        // The Board keeps the list of the members' authorities.
        Regime::EuGdpr => "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en",
        Regime::UkGdpr => "https://ico.org.uk/make-a-complaint",
        Regime::UsCa => "https://cppa.ca.gov",
        // Va. Code 59.1-577(C), C.R.S. 6-1-1306(3)(c), Conn. Gen. Stat. 42-518(d), Bus. & Com. Code 541.053(d):
        // an online mechanism, so that whoever loses an appeal can complain to the Attorney General.
        Regime::UsVa => "https://www.oag.state.va.us",
        Regime::UsCo => "https://coag.gov",
        Regime::UsCt => "https://portal.ct.gov/ag",
        Regime::UsTx => "https://www.texasattorneygeneral.gov",
        Regime::UsHipaa => "https://www.hhs.gov/ocr/complaints",
        Regime::BrLgpd => "https://www.gov.br/anpd",
        Regime::CaPipeda => "https://www.priv.gc.ca",
        Regime::CaQc => "https://www.cai.gouv.qc.ca",
        Regime::ZaPopia => "https://inforegulator.org.za",
        Regime::Au => "https://www.oaic.gov.au",
        Regime::InDpdp => return None,
        Regime::Sg => "https://www.pdpc.gov.sg",
        Regime::Ch => "https://www.edoeb.admin.ch",
        Regime::Jp => "https://www.ppc.go.jp",
        Regime::Kr => "https://www.pipc.go.kr",
        Regime::Nz => "https://www.privacy.org.nz",
        Regime::Th => "https://www.pdpc.or.th",
        Regime::Tr => "https://www.kvkk.gov.tr",
    })
}

/// The authorities of those laws, in English, where the policy names none.
fn competent_authorities(regimes: &[Regime]) -> String {
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
        assert_eq!(complaint.authority, "the ICO");
        assert_eq!(complaint.url.as_deref(), Some("https://ico.org.uk"));
        assert_eq!(complaint.phone.as_deref(), Some("0303 123 1113"));
        assert_eq!(complaint.officer.as_deref(), Some("dpo@acme.example"));
        assert!(complaint.competent.is_empty());
        assert_eq!(complaint.clause, Some(Clause::new("acme.9-d")));
    }

    #[test]
    fn a_policy_that_names_none_sends_people_to_those_of_its_laws() {
        let mut policy = policy();
        policy.regimes = vec![Regime::UsCa, Regime::EuGdpr];
        let complaint = Complaint::of(&policy);
        let words = &complaint.authority;
        assert!(words.contains("California Privacy Protection Agency; or that of the country"), "{words}");
        assert_eq!(complaint.competent, policy.regimes);
    }

    #[test]
    fn somebody_under_another_law_is_sent_to_its_authority_as_well() {
        let mut policy = policy();
        policy.regimes = vec![Regime::UkGdpr, Regime::UsCa];
        policy.office.authority = Some(Authority {
            name: "the ICO".into(),
            url: None,
            phone: None,
            post: None,
            clause: Clause::new("acme.9-d"),
        });
        assert!(Complaint::under(&policy, &[Regime::UkGdpr]).competent.is_empty());
        assert_eq!(Complaint::under(&policy, &[Regime::UsCa]).competent, [Regime::UsCa]);
        policy.office.authority = None;
        assert_eq!(Complaint::under(&policy, &[Regime::UsCa]).competent, [Regime::UsCa]);
    }
}
