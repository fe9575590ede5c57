//! What each law asks a notification to say, as its text lists it.

use domain::clock::{Duty, Law};

use super::Addressee;

/// A part of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Who notifies, and who can be asked.
    Sender,
    /// When what happened.
    Times,
    /// What happened.
    Nature,
    /// What data it reached.
    Data,
    /// Whose.
    People,
    /// What may follow.
    Consequences,
    /// What is done.
    Measures,
    /// What people can do.
    Advice,
    /// Whether and how people are told.
    Telling,
    /// Why it comes late.
    Delay,
    /// Who else was notified.
    Others,
}

impl Part {
    /// Every part, in the order in which it is told.
    pub(super) const ALL: [Self; 11] = [
        Self::Sender,
        Self::Times,
        Self::Nature,
        Self::Data,
        Self::People,
        Self::Consequences,
        Self::Measures,
        Self::Advice,
        Self::Telling,
        Self::Delay,
        Self::Others,
    ];

    /// The order of Cal. Civ. Code 1798.82(d)(1): its five headings, then the rest.
    pub(super) const CALIFORNIAN: [Self; 11] = [
        Self::Nature,
        Self::Data,
        Self::Measures,
        Self::Advice,
        Self::Sender,
        Self::Times,
        Self::People,
        Self::Consequences,
        Self::Telling,
        Self::Delay,
        Self::Others,
    ];

    /// The heading that California's law prescribes.
    pub(super) const fn californian_heading(self) -> Option<&'static str> {
        match self {
            Self::Nature => Some("What Happened"),
            Self::Data => Some("What Information Was Involved"),
            Self::Measures => Some("What We Are Doing"),
            Self::Advice => Some("What You Can Do"),
            Self::Sender => Some("For More Information"),
            _ => None,
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Times => "times",
            Self::Nature => "nature",
            Self::Data => "data",
            Self::People => "people",
            Self::Consequences => "consequences",
            Self::Measures => "measures",
            Self::Advice => "advice",
            Self::Telling => "telling",
            Self::Delay => "delay",
            Self::Others => "others",
        }
    }

    /// Whether an update says what changed in it. Who notifies stays, and who was notified speaks for itself.
    pub(super) const fn is_compared(self) -> bool {
        !matches!(self, Self::Sender | Self::Delay | Self::Others)
    }
}

macro_rules! fact_names {
    ($($variant:ident $wire:literal $part:ident;)+) => {
        /// One thing that a notification can say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each is what its label says")]
        pub enum FactName { $($variant,)+ }

        impl FactName {
            /// All of them, in the order in which they are told.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// The part that it belongs to.
            pub(super) const fn part(self) -> Part {
                match self { $(Self::$variant => Part::$part,)+ }
            }
        }
    };
}

fact_names! {
    Notifier "notifier" Sender;
    Role "role" Sender;
    ContactPoint "contact_point" Sender;
    Phone "phone" Sender;
    Post "post" Sender;
    Representative "representative" Sender;
    Occurrence "occurrence" Times;
    Detected "detected" Times;
    Suspected "suspected" Times;
    Discovered "discovered" Times;
    ProcessorAware "processor_aware" Times;
    Aware "aware" Times;
    Determined "determined" Times;
    Assessed "assessed" Times;
    Classified "classified" Times;
    DueBefore "due_before" Times;
    Description "description" Nature;
    Effects "effects" Nature;
    Attempt "attempt" Nature;
    Service "service" Nature;
    Systems "systems" Nature;
    Processors "processors" Nature;
    DataKinds "data_kinds" Data;
    RecordCount "record_count" Data;
    Protection "protection" Data;
    PeopleKinds "people_kinds" People;
    PeopleCount "people_count" People;
    Residents "residents" People;
    CrossBorder "cross_border" People;
    Consequences "consequences" Consequences;
    Severity "severity" Consequences;
    Measures "measures" Measures;
    RiskAverted "risk_averted" Measures;
    Advice "advice" Advice;
    PeopleTold "people_told" Telling;
    PeopleToldWhy "people_told_why" Telling;
    Late "late" Delay;
    DelayReasons "delay_reasons" Delay;
    Earlier "earlier" Others;
}

type Need = (FactName, &'static str);

use FactName::{
    Advice, Aware, Consequences, ContactPoint, DataKinds, Description, Discovered, Measures, Notifier, Occurrence,
    PeopleCount, PeopleKinds, PeopleTold, Protection, RecordCount, Residents,
};

/// GDPR Art. 33(3).
const EU: &[Need] = &[
    (Description, "GDPR Art. 33(3)(a)"),
    (DataKinds, "GDPR Art. 33(3)(a)"),
    (RecordCount, "GDPR Art. 33(3)(a)"),
    (PeopleKinds, "GDPR Art. 33(3)(a)"),
    (PeopleCount, "GDPR Art. 33(3)(a)"),
    (ContactPoint, "GDPR Art. 33(3)(b)"),
    (Consequences, "GDPR Art. 33(3)(c)"),
    (Measures, "GDPR Art. 33(3)(d)"),
];

/// The same of the United Kingdom.
const UK: &[Need] = &[
    (Description, "UK GDPR Art. 33(3)(a)"),
    (DataKinds, "UK GDPR Art. 33(3)(a)"),
    (RecordCount, "UK GDPR Art. 33(3)(a)"),
    (PeopleKinds, "UK GDPR Art. 33(3)(a)"),
    (PeopleCount, "UK GDPR Art. 33(3)(a)"),
    (ContactPoint, "UK GDPR Art. 33(3)(b)"),
    (Consequences, "UK GDPR Art. 33(3)(c)"),
    (Measures, "UK GDPR Art. 33(3)(d)"),
];

/// What a controller must be told to be aware itself; all else as soon as it is known.
const EU_CONTROLLER: &[Need] = &[(Description, "GDPR Art. 33(2)"), (ContactPoint, "GDPR Art. 33(2)")];
const UK_CONTROLLER: &[Need] = &[(Description, "UK GDPR Art. 33(2)"), (ContactPoint, "UK GDPR Art. 33(2)")];

/// The five headings, and what must stand under them.
const CALIFORNIA: &[Need] = &[
    (ContactPoint, "Cal. Civ. Code 1798.82(d)(2)(A)"),
    (DataKinds, "Cal. Civ. Code 1798.82(d)(2)(B)"),
    (Occurrence, "Cal. Civ. Code 1798.82(d)(2)(C)"),
    (Description, "Cal. Civ. Code 1798.82(d)(2)(E)"),
    (Measures, "Cal. Civ. Code 1798.82(d)(1)"),
    (Advice, "Cal. Civ. Code 1798.82(d)(1)"),
];

const HIPAA: &[Need] = &[
    (Description, "45 CFR 164.404(c)(1)(A)"),
    (Occurrence, "45 CFR 164.404(c)(1)(A)"),
    (Discovered, "45 CFR 164.404(c)(1)(A)"),
    (DataKinds, "45 CFR 164.404(c)(1)(B)"),
    (Advice, "45 CFR 164.404(c)(1)(C)"),
    (Measures, "45 CFR 164.404(c)(1)(D)"),
    (ContactPoint, "45 CFR 164.404(c)(1)(E)"),
    (PeopleCount, "45 CFR 164.408"),
];

/// Art. 48(1), and what the regulation of Resolution 15/2024 adds to it. How many people the processing concerns that the
/// incident reached (XII) goes into the description, like its cause (XI); processors (X) stand there where the policy
/// has any.
const BRAZIL: &[Need] = &[
    (DataKinds, "LGPD Art. 48(1)(I)"),
    (PeopleKinds, "LGPD Art. 48(1)(II)"),
    (PeopleCount, "LGPD Art. 48(1)(II)"),
    (Protection, "LGPD Art. 48(1)(III)"),
    (Consequences, "LGPD Art. 48(1)(IV)"),
    (Measures, "LGPD Art. 48(1)(VI)"),
    (Occurrence, "Res. CD/ANPD 15/2024 Art. 6(2)(VII)"),
    (Aware, "Res. CD/ANPD 15/2024 Art. 6(2)(VII)"),
    (ContactPoint, "Res. CD/ANPD 15/2024 Art. 6(2)(VIII)"),
    (Notifier, "Res. CD/ANPD 15/2024 Art. 6(2)(IX)"),
    (Description, "Res. CD/ANPD 15/2024 Art. 6(2)(XI)"),
];

const CANADA: &[Need] = &[
    (Description, "Breach of Security Safeguards Regulations s. 2(1)(a)"),
    (Occurrence, "Breach of Security Safeguards Regulations s. 2(1)(b)"),
    (DataKinds, "Breach of Security Safeguards Regulations s. 2(1)(c)"),
    (PeopleCount, "Breach of Security Safeguards Regulations s. 2(1)(d)"),
    (Measures, "Breach of Security Safeguards Regulations s. 2(1)(e)"),
    (PeopleTold, "Breach of Security Safeguards Regulations s. 2(1)(f)"),
    (ContactPoint, "Breach of Security Safeguards Regulations s. 2(1)(g)"),
];

/// Its business number goes with the name; who was notified outside Québec (11) is told where there is anybody.
const QUEBEC: &[Need] = &[
    (Notifier, "Regulation respecting confidentiality incidents s. 3(1)"),
    (ContactPoint, "Regulation respecting confidentiality incidents s. 3(2)"),
    (DataKinds, "Regulation respecting confidentiality incidents s. 3(3)"),
    (Description, "Regulation respecting confidentiality incidents s. 3(4)"),
    (Occurrence, "Regulation respecting confidentiality incidents s. 3(5)"),
    (Aware, "Regulation respecting confidentiality incidents s. 3(6)"),
    (PeopleCount, "Regulation respecting confidentiality incidents s. 3(7)"),
    (Residents, "Regulation respecting confidentiality incidents s. 3(7)"),
    (Consequences, "Regulation respecting confidentiality incidents s. 3(8)"),
    (PeopleTold, "Regulation respecting confidentiality incidents s. 3(9)"),
    (Measures, "Regulation respecting confidentiality incidents s. 3(10)"),
];

/// Who it was belongs to it as well, "if known" (s. 22(5)(d)): in the description.
const SOUTH_AFRICA: &[Need] = &[
    (Consequences, "POPIA s. 22(5)(a)"),
    (Measures, "POPIA s. 22(5)(b)"),
    (Advice, "POPIA s. 22(5)(c)"),
    (Description, "POPIA s. 22(5)"),
];

const AUSTRALIA: &[Need] = &[
    (Notifier, "Privacy Act 1988 s. 26WK(3)(a)"),
    (ContactPoint, "Privacy Act 1988 s. 26WK(3)(a)"),
    (Description, "Privacy Act 1988 s. 26WK(3)(b)"),
    (DataKinds, "Privacy Act 1988 s. 26WK(3)(c)"),
    (Advice, "Privacy Act 1988 s. 26WK(3)(d)"),
];

const INDIA_FIRST: &[Need] = &[
    (Description, "DPDP Rules 2025, Rule 7(2)(a)"),
    (PeopleCount, "DPDP Rules 2025, Rule 7(2)(a)"),
    (Occurrence, "DPDP Rules 2025, Rule 7(2)(a)"),
    (Consequences, "DPDP Rules 2025, Rule 7(2)(a)"),
];

const INDIA_IN_DETAIL: &[Need] = &[
    // Detailed and updated: all that the first one said.
    (Occurrence, "DPDP Rules 2025, Rule 7(2)(b)(i)"),
    (PeopleCount, "DPDP Rules 2025, Rule 7(2)(b)(i)"),
    (Consequences, "DPDP Rules 2025, Rule 7(2)(b)(i)"),
    // Who caused it (iv) belongs to it.
    (Description, "DPDP Rules 2025, Rule 7(2)(b)(ii)"),
    (Measures, "DPDP Rules 2025, Rule 7(2)(b)(iii), (v)"),
    (PeopleTold, "DPDP Rules 2025, Rule 7(2)(b)(vi)"),
];

/// The chronological account of reg. 5(1)(b) is the times and the measures together.
const SINGAPORE: &[Need] = &[
    (Aware, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(a)"),
    (Description, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(c)"),
    (PeopleCount, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(d)"),
    (DataKinds, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(e)"),
    (Consequences, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(f)"),
    (Measures, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(g)"),
    (PeopleTold, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(h)"),
    (ContactPoint, "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(1)(i)"),
];

const SWITZERLAND: &[Need] = &[
    (Description, "FADP Art. 24(2)"),
    (Consequences, "FADP Art. 24(2)"),
    (Measures, "FADP Art. 24(2)"),
    (Occurrence, "DPO (Switzerland) Art. 15(1)"),
    (DataKinds, "DPO (Switzerland) Art. 15(1)"),
    (PeopleCount, "DPO (Switzerland) Art. 15(1)"),
    (ContactPoint, "DPO (Switzerland) Art. 15(1)"),
];

/// An early warning says that it happened; the number and the causes follow.
const EARLY_WARNING: &[FactName] = &[Description, Aware, ContactPoint];

/// Where no list of a law's own is held here: what Art. 33(3) asks for does no less.
const ANY: &[FactName] = &[Description, DataKinds, PeopleCount, ContactPoint, Consequences, Measures];

/// What must be said, each with where the law asks for it. Where no list of its own is held here, that is the article
/// of the duty itself.
pub(super) fn required(law: Law, to: &Addressee, article: &'static str, is_late: bool) -> Vec<Need> {
    let listed: &[Need] = match (law.as_str(), to) {
        (_, Addressee::Processor(_)) => &[],
        ("eu-gdpr", Addressee::Controller) => EU_CONTROLLER,
        ("uk-gdpr", Addressee::Controller) => UK_CONTROLLER,
        ("eu-gdpr", _) => EU,
        ("uk-gdpr", _) => UK,
        ("us-ca", _) => CALIFORNIA,
        ("us-hipaa", _) => HIPAA,
        ("br-lgpd", _) => BRAZIL,
        ("ca-pipeda", _) => CANADA,
        ("ca-qc", _) => QUEBEC,
        ("za-popia", _) => SOUTH_AFRICA,
        ("au", _) => AUSTRALIA,
        ("in-dpdp", Addressee::Authority(Duty::NotifyInDetail)) => INDIA_IN_DETAIL,
        ("in-dpdp", _) => INDIA_FIRST,
        ("sg", _) => SINGAPORE,
        ("ch", _) => SWITZERLAND,
        (_, Addressee::Authority(Duty::EarlyWarning)) => {
            return EARLY_WARNING.iter().map(|name| (*name, article)).collect();
        }
        _ => return ANY.iter().map(|name| (*name, article)).collect(),
    };
    let late = late_article(law).filter(|_| is_late && matches!(to, Addressee::Authority(_)));
    listed.iter().copied().chain(late.map(|article| (FactName::DelayReasons, article))).collect()
}

/// Where a law asks why a notification comes late.
fn late_article(law: Law) -> Option<&'static str> {
    Some(match law.as_str() {
        "eu-gdpr" => "GDPR Art. 33(1)",
        "uk-gdpr" => "UK GDPR Art. 33(1)",
        "br-lgpd" => "LGPD Art. 48(1)(V)",
        "sg" => "PDP (Notification of Data Breaches) Regulations 2021 reg. 5(2)",
        _ => return None,
    })
}

/// The authority of a law, by its own name.
pub(super) fn authority_of(law: Law) -> String {
    let name = match law.as_str() {
        "eu-gdpr" => "Supervisory authority (GDPR Art. 55, 56)",
        "uk-gdpr" | "uk-pecr" => "Information Commissioner's Office (ICO)",
        "us-ca" => "Attorney General of California",
        "us-hipaa" => "Office for Civil Rights, U.S. Department of Health and Human Services",
        "br-lgpd" => "Autoridade Nacional de Proteção de Dados (ANPD)",
        "ca-pipeda" => "Office of the Privacy Commissioner of Canada",
        "ca-qc" => "Commission d'accès à l'information (CAI)",
        "za-popia" => "Information Regulator (South Africa)",
        "au" => "Office of the Australian Information Commissioner (OAIC)",
        "in-dpdp" => "Data Protection Board of India",
        "in-cert" => "Indian Computer Emergency Response Team (CERT-In)",
        "sg" => "Personal Data Protection Commission (PDPC)",
        "ch" => "Federal Data Protection and Information Commissioner (FDPIC)",
        "jp" => "Personal Information Protection Commission (PPC)",
        "kr" => "Personal Information Protection Commission (PIPC)",
        "nz" => "Office of the Privacy Commissioner (New Zealand)",
        "th" => "Office of the Personal Data Protection Committee (PDPC)",
        "tr" => "Kişisel Verileri Koruma Kurumu (KVKK)",
        "ph" => "National Privacy Commission (Philippines)",
        "eu-telecom" => "Competent national authority (Reg. (EU) 611/2013)",
        "eu-nis2" => "CSIRT or competent authority (Dir. (EU) 2022/2555)",
        "eu-dora" => "Competent authority (Reg. (EU) 2022/2554)",
        "us-sec" => "U.S. Securities and Exchange Commission",
        "us-ftc" => "Federal Trade Commission",
        "us-banks" => "Primary federal banking regulator",
        "us-nydfs" => "New York State Department of Financial Services",
        "us-fl" => "Department of Legal Affairs (Florida)",
        state if state.starts_with("us-") => {
            // `Colorado`, or `CPA (Colorado)`.
            let title = law.title();
            let state = title.split_once(" (").map_or(title, |(_, state)| state.trim_end_matches(')'));
            return format!("Attorney General of {state}");
        }
        _ => return law.title().to_owned(),
    };
    name.to_owned()
}
