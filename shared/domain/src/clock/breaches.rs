//! The rows about breaches.

use super::{
    Anchor::{
        Assessment, Awareness, Classification, Detection, Determination, Discovery, IntermediateSent, Materiality,
        Notification, ProcessorAwareness, RecordMade, SubjectsTold, Suspicion,
    },
    Condition::{Any, Grave, Improper, NotAverted, People, Readable, ReadableOrLost, Risk},
    Duty::{
        Assess, EarlyWarning, FinalReport, FinalReportImproper, IntermediateReport, KeepRegister, NotifyAuthority,
        NotifyAuthorityYearly, NotifyController, NotifyInDetail, NotifyMedia, NotifySubjects, Supplement,
    },
    Period::{BusinessDays, Days, DaysAfterYearEnd, Hours, Months, Words, Years},
    Roll::WorkingDay,
    condition::{
        Among::{Everyone, OneState, Residents},
        Number::{AtLeast, FewerThan, MoreThan},
        RiskOf::{High, Serious, Some},
    },
    rule::Rule,
};

const fn row(
    law: &'static str,
    duty: super::Duty,
    period: super::Period,
    anchor: super::Anchor,
    article: &'static str,
) -> Rule {
    Rule::new(law, duty, period, anchor, article)
}

/// A row of a state of the United States: encrypted data whose keys are safe is no breach there (as Cal. Civ. Code
/// 1798.82(a), (h)).
const fn state(
    law: &'static str,
    duty: super::Duty,
    period: super::Period,
    anchor: super::Anchor,
    article: &'static str,
) -> Rule {
    row(law, duty, period, anchor, article).when(&[Readable])
}

const NO_DELAY: super::Period = Words("without undue delay");
const SOON: super::Period = Words("as soon as possible");

/// The rows, by law.
pub(super) const BREACHES: &[Rule] = &[
    // The Union.
    row("eu-gdpr", NotifyAuthority, Hours(72), Awareness, "GDPR Art. 33(1)").when(&[Risk(Some)]).seen().note(
        "from reasonable certainty, not from the incident or the first alert; a controller is aware once its \
            processor tells it (EDPB Guidelines 9/2022, 44); hours run through weekends",
    ),
    row("eu-gdpr", NotifyController, NO_DELAY, ProcessorAwareness, "GDPR Art. 33(2)").seen(),
    row("eu-gdpr", NotifySubjects, NO_DELAY, Awareness, "GDPR Art. 34(1)")
        .when(&[Risk(High), ReadableOrLost, NotAverted])
        .note("at a high risk"),
    row("eu-telecom", NotifyAuthority, Hours(24), Detection, "Reg. (EU) 611/2013 Art. 2(2)").note("where feasible"),
    row("eu-telecom", Supplement, Days(3), Notification, "Reg. (EU) 611/2013 Art. 2(3)").rolls(WorkingDay),
    row("eu-nis2", EarlyWarning, Hours(24), Awareness, "Dir. (EU) 2022/2555 Art. 23(4)(a)").note(
        "significant \
        incidents",
    ),
    row("eu-nis2", NotifyAuthority, Hours(72), Awareness, "Dir. (EU) 2022/2555 Art. 23(4)(b)")
        .note("24 hours for trust service providers"),
    row("eu-nis2", FinalReport, Months(1), Notification, "Dir. (EU) 2022/2555 Art. 23(4)(d), (e)")
        .note("while the incident goes on, a progress report then, and the final one a month after it is handled"),
    row("eu-dora", NotifyAuthority, Hours(4), Classification, "Del. Reg. (EU) 2025/301 Art. 5").seen(),
    row("eu-dora", NotifyAuthority, Hours(24), Awareness, "Del. Reg. (EU) 2025/301 Art. 5")
        .seen()
        .note("whichever is sooner; some may wait until noon of the next working day, which is not counted here"),
    row("eu-dora", IntermediateReport, Hours(72), Notification, "Del. Reg. (EU) 2025/301 Art. 5")
        .seen()
        .note("from the sending of the first notification"),
    row("eu-dora", FinalReport, Months(1), IntermediateSent, "Del. Reg. (EU) 2025/301 Art. 5").seen(),
    // The United Kingdom.
    row("uk-gdpr", NotifyAuthority, Hours(72), Awareness, "UK GDPR Art. 33(1)").when(&[Risk(Some)]),
    row("uk-gdpr", NotifyController, NO_DELAY, ProcessorAwareness, "UK GDPR Art. 33(2)"),
    row("uk-gdpr", NotifySubjects, NO_DELAY, Awareness, "UK GDPR Art. 34")
        .when(&[Risk(High), ReadableOrLost, NotAverted])
        .note("at a high risk"),
    row("uk-pecr", NotifyAuthority, Hours(72), Awareness, "PECR reg. 5A").medium().note(
        "where feasible; it was 24 \
        hours",
    ),
    // California.
    state("us-ca", NotifySubjects, Days(30), Discovery, "Cal. Civ. Code 1798.82(a)(2)")
        .seen()
        .note("since 1 January 2026; later for the police, or to find the scope and restore integrity"),
    state("us-ca", NotifyAuthority, Days(15), SubjectsTold, "Cal. Civ. Code 1798.82(f)")
        .when(&[Readable, People(Residents, MoreThan(500))])
        .seen()
        .note(
            "more than 500 \
        residents",
        ),
    state("us-ca", NotifyController, Words("immediately following discovery"), Discovery, "Cal. Civ. Code 1798.82(b)")
        .note("whoever keeps the data for its owner"),
    // The other states that name a number. What is not listed asks for no unreasonable delay.
    state("us-al", NotifySubjects, Days(45), Determination, "Ala. Code 8-38-5").seen(),
    state("us-al", NotifyAuthority, Days(45), Determination, "Ala. Code 8-38-6")
        .when(&[Readable, People(Residents, MoreThan(1_000))])
        .seen()
        .note("more than 1,000 people"),
    state("us-az", NotifySubjects, Days(45), Determination, "A.R.S. 18-552").seen(),
    state("us-az", NotifyAuthority, Days(45), Determination, "A.R.S. 18-552")
        .when(&[Readable, People(Residents, MoreThan(1_000))])
        .medium()
        .note("more than 1,000 people; the consumer reporting agencies too"),
    state("us-co", NotifySubjects, Days(30), Determination, "C.R.S. 6-1-716").seen(),
    state("us-co", NotifyAuthority, Days(30), Determination, "C.R.S. 6-1-716")
        .when(&[Readable, People(Residents, AtLeast(500))])
        .seen()
        .note("500 people or more"),
    state("us-ct", NotifySubjects, Days(60), Discovery, "Conn. Gen. Stat. 36a-701b")
        .note("24 months of identity services where social security numbers are concerned"),
    state("us-ct", NotifyAuthority, Days(60), Discovery, "Conn. Gen. Stat. 36a-701b")
        .note("no later than the residents"),
    state("us-de", NotifySubjects, Days(60), Determination, "6 Del. C. 12B-102").seen(),
    state("us-de", NotifyAuthority, Days(60), Determination, "6 Del. C. 12B-102")
        .when(&[Readable, People(Residents, MoreThan(500))])
        .seen()
        .note("more than 500 people; no later than the residents"),
    state("us-fl", NotifySubjects, Days(30), Determination, "Fla. Stat. 501.171").seen(),
    state("us-fl", NotifyAuthority, Days(30), Determination, "Fla. Stat. 501.171")
        .when(&[Readable, People(Residents, AtLeast(500))])
        .seen()
        .note("500 people or more"),
    state("us-in", NotifySubjects, Days(45), Discovery, "Ind. Code 24-4.9-3-3"),
    state("us-in", NotifyAuthority, NO_DELAY, Discovery, "Ind. Code 24-4.9-3-1"),
    state("us-la", NotifySubjects, Days(60), Discovery, "La. R.S. 51:3074").seen(),
    state("us-la", NotifyAuthority, Days(10), SubjectsTold, "La. R.S. 51:3074; La. Admin. Code 16:III.701").seen(),
    state("us-me", NotifySubjects, Days(30), Awareness, "10 M.R.S. 1348").note("once the scope is known too"),
    state("us-md", NotifySubjects, Days(45), Discovery, "Md. Code, Com. Law 14-3504")
        .medium()
        .note("or from the end of the investigation, which is later"),
    state(
        "us-md",
        NotifyAuthority,
        Words("before the people are told"),
        Discovery,
        "Md. Code, Com. Law \
        14-3504",
    )
    .medium(),
    state("us-nm", NotifySubjects, Days(45), Discovery, "N.M. Stat. 57-12C-6"),
    state("us-nm", NotifyAuthority, Days(45), Discovery, "N.M. Stat. 57-12C-10")
        .when(&[Readable, People(Residents, MoreThan(1_000))])
        .medium()
        .note("more than 1,000 people; the consumer reporting agencies too"),
    state("us-ny", NotifySubjects, Days(30), Discovery, "N.Y. Gen. Bus. Law 899-aa").seen().note("since December 2024"),
    state("us-ny", NotifyAuthority, Words("with the notice to the people"), Discovery, "N.Y. Gen. Bus. Law 899-aa")
        .seen()
        .note(
            "Attorney General, Department of State, State Police; Department of Financial Services for those it \
            covers",
        ),
    state("us-oh", NotifySubjects, Days(45), Discovery, "O.R.C. 1349.19"),
    state("us-or", NotifySubjects, Days(45), Discovery, "ORS 646A.604"),
    state("us-or", NotifyAuthority, Days(45), Discovery, "ORS 646A.604")
        .when(&[Readable, People(Residents, MoreThan(250))])
        .medium()
        .note("more than 250 people"),
    state("us-ri", NotifySubjects, Days(45), Determination, "R.I. Gen. Laws 11-49.3-4").medium(),
    state("us-ri", NotifyAuthority, Days(45), Determination, "R.I. Gen. Laws 11-49.3-4")
        .when(&[Readable, People(Residents, MoreThan(500))])
        .medium()
        .note("more than 500 people; the consumer reporting agencies too"),
    state("us-sd", NotifySubjects, Days(60), Discovery, "SDCL 22-40-20").note(
        "some tables on the web say 30: the \
        statute does not",
    ),
    state("us-sd", NotifyAuthority, Days(60), Discovery, "SDCL 22-40-20")
        .when(&[Readable, People(Residents, MoreThan(250))])
        .medium()
        .note("more than 250 people"),
    state("us-tn", NotifySubjects, Days(45), Discovery, "Tenn. Code 47-18-2107"),
    state("us-tx", NotifySubjects, Days(60), Determination, "Tex. Bus. & Com. Code 521.053"),
    state("us-tx", NotifyAuthority, Days(30), Determination, "Tex. Bus. & Com. Code 521.053(i)")
        .when(&[Readable, People(Residents, AtLeast(250))])
        .note("250 residents or more; this is the time that some take for the people's"),
    state("us-vt", NotifySubjects, Days(45), Discovery, "9 V.S.A. 2435"),
    state("us-vt", NotifyAuthority, BusinessDays(14), Discovery, "9 V.S.A. 2435").note("a preliminary description"),
    state("us-wa", NotifySubjects, Days(30), Discovery, "RCW 19.255.010"),
    state("us-wa", NotifyAuthority, Days(30), Discovery, "RCW 19.255.010")
        .when(&[Readable, People(Residents, MoreThan(500))])
        .note("more than 500 people"),
    state("us-wi", NotifySubjects, Days(45), Awareness, "Wis. Stat. 134.98"),
    // Health, finance and listed companies in the United States.
    row("us-hipaa", NotifySubjects, Days(60), Discovery, "45 CFR 164.404(b)").when(&[Readable]).note(
        "without unreasonable delay, at the latest then; what reasonable diligence would have shown is \
            discovered (164.404(a)(2))",
    ),
    row("us-hipaa", NotifyAuthority, Days(60), Discovery, "45 CFR 164.408(b)")
        .when(&[Readable, People(Everyone, AtLeast(500))])
        .note("500 people or more"),
    row("us-hipaa", NotifyAuthorityYearly, DaysAfterYearEnd(60), Discovery, "45 CFR 164.408(c)")
        .when(&[Readable, People(Everyone, FewerThan(500))])
        .note(
            "fewer than \
        500 people",
        ),
    row("us-hipaa", NotifyMedia, Days(60), Discovery, "45 CFR 164.406")
        .when(&[Readable, People(OneState, MoreThan(500))])
        .note("more than 500 residents of a state"),
    row("us-hipaa", NotifyController, Days(60), Discovery, "45 CFR 164.410").when(&[Readable]).note(
        "business associate to covered \
        entity",
    ),
    row("us-sec", NotifyAuthority, BusinessDays(4), Materiality, "Form 8-K Item 1.05"),
    row("us-ftc", NotifyAuthority, Days(30), Discovery, "16 CFR 314.4(j)")
        .when(&[Readable, People(Everyone, AtLeast(500))])
        .note("500 consumers or more, unencrypted"),
    row("us-banks", NotifyAuthority, Hours(36), Determination, "12 CFR 53.3, 225.302, 304.23"),
    row("us-nydfs", NotifyAuthority, Hours(72), Determination, "23 NYCRR 500.17(a)"),
    // Brazil.
    row("br-lgpd", NotifyAuthority, BusinessDays(3), Awareness, "Res. CD/ANPD 15/2024 Art. 6")
        .when(&[Risk(Serious)])
        .seen()
        .note("small agents have twice the time, which is not counted here"),
    row("br-lgpd", NotifySubjects, BusinessDays(3), Awareness, "Res. CD/ANPD 15/2024 Art. 9")
        .when(&[Risk(Serious)])
        .seen(),
    row("br-lgpd", Supplement, BusinessDays(20), Notification, "Res. CD/ANPD 15/2024 Art. 6").seen(),
    row("br-lgpd", KeepRegister, Years(5), RecordMade, "Res. CD/ANPD 15/2024 Art. 10").seen(),
    // Canada and Québec.
    row("ca-pipeda", NotifyAuthority, Words("as soon as feasible"), Determination, "PIPEDA s. 10.1(2)")
        .when(&[Risk(Serious)]),
    row("ca-pipeda", NotifySubjects, Words("as soon as feasible"), Determination, "PIPEDA s. 10.1(6)")
        .when(&[Risk(Serious)]),
    row("ca-pipeda", KeepRegister, Months(24), Determination, "Breach of Security Safeguards Regulations s. 6").seen(),
    row(
        "ca-qc",
        NotifyAuthority,
        Words("promptly"),
        Awareness,
        "Act respecting personal information in the private \
        sector (QC) s. 3.5",
    )
    .when(&[Risk(Serious)])
    .seen(),
    row(
        "ca-qc",
        NotifySubjects,
        Words("promptly"),
        Awareness,
        "Act respecting personal information in the private \
        sector (QC) s. 3.5",
    )
    .when(&[Risk(Serious)])
    .seen(),
    row("ca-qc", KeepRegister, Years(5), Awareness, "Regulation respecting confidentiality incidents s. 8").seen(),
    // South Africa.
    row("za-popia", NotifyAuthority, Words("as soon as reasonably possible"), Discovery, "POPIA s. 22(1), (2)")
        .seen()
        .note("whatever the risk; through the regulator's portal since 1 April 2025"),
    row("za-popia", NotifySubjects, Words("as soon as reasonably possible"), Discovery, "POPIA s. 22(1)-(3)"),
    // Australia.
    row("au", Assess, Days(30), Suspicion, "Privacy Act 1988 s. 26WH(2)"),
    row("au", NotifyAuthority, Words("as soon as practicable"), Awareness, "Privacy Act 1988 s. 26WK")
        .when(&[Risk(Serious), NotAverted]),
    row(
        "au",
        NotifySubjects,
        Words("as soon as practicable once the statement is made"),
        Awareness,
        "Privacy Act \
        1988 s. 26WL",
    )
    .when(&[Risk(Serious), NotAverted]),
    // India.
    row("in-dpdp", NotifySubjects, Words("without delay"), Awareness, "DPDP Rules 2025, Rule 7(1)")
        .seen()
        .note("each of them, whatever the risk; in force from May 2027"),
    row(
        "in-dpdp",
        NotifyAuthority,
        Words("without delay"),
        Awareness,
        "DPDP Rules 2025, Rule \
        7(2)(a)",
    )
    .seen()
    .note("in force from May 2027"),
    row("in-dpdp", NotifyInDetail, Hours(72), Awareness, "DPDP Rules 2025, Rule 7(2)(b)")
        .seen()
        .note("longer if the Board allows it in writing; in force from May 2027"),
    row("in-cert", NotifyAuthority, Hours(6), Awareness, "CERT-In Directions of 28 April 2022").seen().note(
        "cyber \
        incidents",
    ),
    // Singapore.
    row("sg", Assess, Days(30), Suspicion, "PDPA s. 26C").seen().note("what the commission expects"),
    row("sg", NotifyAuthority, Days(3), Assessment, "PDPA s. 26D(1)")
        .when(&[Any(&[Risk(Serious), People(Everyone, AtLeast(500))])])
        .seen()
        .note(
            "from the assessment, not from \
        discovery",
        ),
    row(
        "sg",
        NotifySubjects,
        Words("as soon as practicable, with or after the commission"),
        Assessment,
        "PDPA s. \
        26D(2)",
    )
    .when(&[Risk(Serious), ReadableOrLost, NotAverted]),
    // Switzerland.
    row("ch", NotifyAuthority, SOON, Awareness, "FADP Art. 24(1)").when(&[Risk(High)]).seen().note("at a high risk"),
    row(
        "ch",
        NotifySubjects,
        Words("if they need it for their protection, or the commissioner asks"),
        Awareness,
        "FADP Art. 24(4)",
    )
    .when(&[Risk(High)])
    .seen(),
    row("ch", KeepRegister, Years(2), Notification, "DPO (Switzerland) Art. 15(4)"),
    // Japan.
    row("jp", EarlyWarning, Days(3), Awareness, "APPI Art. 26; Enforcement Rules Art. 8(1)")
        .when(&[Readable, Any(&[Grave, People(Everyone, MoreThan(1_000))])])
        .note("promptly: the commission's guidelines speak of three to five days, of which the first is counted"),
    row("jp", FinalReport, Days(30), Awareness, "APPI Enforcement Rules Art. 8(2)").when(&[
        Readable,
        Any(&[Grave, People(Everyone, MoreThan(1_000))]),
        Improper(false),
    ]),
    row("jp", FinalReportImproper, Days(60), Awareness, "APPI Enforcement Rules Art. 8(2)").when(&[
        Readable,
        Any(&[Grave, People(Everyone, MoreThan(1_000))]),
        Improper(true),
    ]),
    // Korea.
    row("kr", NotifySubjects, Hours(72), Awareness, "PIPA Art. 34; Enforcement Decree Art. 39"),
    row("kr", NotifyAuthority, Hours(72), Awareness, "PIPA Enforcement Decree Art. 40")
        .when(&[Any(&[Grave, People(Everyone, AtLeast(1_000))])])
        .note("1,000 people or more, sensitive or unique identifiers, or unlawful access from outside"),
    // New Zealand.
    row("nz", NotifyAuthority, Hours(72), Awareness, "Privacy Act 2020 s. 114")
        .when(&[Risk(Serious)])
        .note("as soon as practicable; 72 hours is what the commissioner expects"),
    row("nz", NotifySubjects, Words("as soon as practicable"), Awareness, "Privacy Act 2020 s. 115")
        .when(&[Risk(Serious)]),
    // Thailand.
    row("th", NotifyAuthority, Hours(72), Awareness, "PDPA (Thailand) s. 37(4)")
        .when(&[Risk(Some)])
        .note("unless there is no risk"),
    row("th", NotifySubjects, Words("without delay"), Awareness, "PDPA (Thailand) s. 37(4)")
        .when(&[Risk(High)])
        .note("at a high risk"),
    // The Philippines.
    row("ph", NotifyAuthority, Hours(72), Awareness, "NPC Circular 16-03 s. 17").when(&[Risk(Serious)]).note(
        "from knowledge or reasonable \
        belief",
    ),
    row("ph", NotifySubjects, Hours(72), Awareness, "NPC Circular 16-03 s. 18").when(&[Risk(Serious)]),
    // Türkiye.
    row("tr", NotifyAuthority, Hours(72), Awareness, "KVKK Board Decision 2019/10"),
    row(
        "tr",
        NotifySubjects,
        Words("as soon as reasonably possible once they are known"),
        Awareness,
        "KVKK Art. \
        12(5)",
    ),
];
