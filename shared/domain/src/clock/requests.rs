//! The rows about people's requests, and what goes with them.

use super::{
    Anchor::{Collection, FeeNamed, LastAccess, LastContact, Receipt, RecordMade, Refusal, Revocation, Warned},
    Duty::{
        AccessDeletionPlatform, Acknowledge, AcknowledgeComplaint, Appeal, ApplyToAuthority, Correct,
        DeleteFromPlatform, Extend, ExtendAppeal, ExtendCorrection, Grievance, InformOfCollection, KeepRefused,
        KeepRequests, LimitSensitive, OptOut, RefreshConsent, Refuse, Respond, RespondSimply, ShineTheLight,
        ShineTheLightElsewhere, StopOnRevocation, Unsubscribe, WaitToAskAgain, WarnOfErasure, WithdrawOnFee,
    },
    Period::{AtOnce, BusinessDays, Days, Hours, Months, Words, Years},
    Roll::{SundayOrHoliday, WorkingDay},
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

/// The rows, by law.
pub(super) const REQUESTS: &[Rule] = &[
    // Regulation (EU) 2016/679.
    row("eu-gdpr", Respond, Months(1), Receipt, "GDPR Art. 12(3); Reg. 1182/71 Art. 3").rolls(WorkingDay).note(
        "without undue delay, and at the latest then; a question of identity or, for access, of clarification \
            that is asked promptly stops the clock until it is answered (EDPB Guidelines 01/2022, 157)",
    ),
    row("eu-gdpr", Extend, Months(2), Receipt, "GDPR Art. 12(3); Reg. 1182/71 Art. 3")
        .rolls(WorkingDay)
        .note("for complexity or number; the person is told of it, with the reasons, within the first month"),
    row("eu-gdpr", Refuse, Months(1), Receipt, "GDPR Art. 12(4); Reg. 1182/71 Art. 3")
        .rolls(WorkingDay)
        .note("with the reasons, the right to complain and the remedy before a court"),
    row("eu-gdpr", Appeal, Words("none inside the controller: complaint and court"), Receipt, "GDPR Art. 77, 79"),
    row("eu-gdpr", InformOfCollection, Months(1), Collection, "GDPR Art. 14(3)")
        .rolls(WorkingDay)
        .note("sooner at the first word to the person, or the first disclosure"),
    row("eu-gdpr", Unsubscribe, AtOnce, Revocation, "GDPR Art. 21(3)"),
    // UK GDPR and DPA 2018, as amended by the Data (Use and Access) Act 2025.
    row("uk-gdpr", AcknowledgeComplaint, Days(30), Receipt, "DPA 2018 s. 164A")
        .seen()
        .note("in force since 19 June 2026; steps to answer the complaint follow without undue delay"),
    row("uk-gdpr", Respond, Months(1), Receipt, "UK GDPR Art. 12(3), 12A").rolls(WorkingDay).seen().note(
        "from the relevant time: the latest of the request, the proof of identity asked for and the fee; the \
            days of a question about access do not count (in force since 5 February 2026)",
    ),
    row("uk-gdpr", Extend, Months(2), Receipt, "UK GDPR Art. 12A")
        .rolls(WorkingDay)
        .seen()
        .note("three months from the relevant time in all; told, with the reasons, within the first month"),
    row("uk-gdpr", Refuse, Months(1), Receipt, "UK GDPR Art. 12(4)").rolls(WorkingDay),
    row(
        "uk-gdpr",
        Appeal,
        Words("a complaint to the controller, then to the Commissioner"),
        Receipt,
        "DPA 2018 s. \
        164A, 165",
    )
    .seen(),
    row("uk-gdpr", InformOfCollection, Months(1), Collection, "UK GDPR Art. 14(3)").rolls(WorkingDay),
    // California.
    row("us-ca", Acknowledge, BusinessDays(10), Receipt, "11 CCR 7021(a)")
        .seen()
        .note("with how the person is verified and when the answer can be expected"),
    row("us-ca", Respond, Days(45), Receipt, "11 CCR 7021(b); Cal. Civ. Code 1798.130(a)(2)(A)")
        .seen()
        .note("verification takes none of it away, and no weekend adds to it"),
    row("us-ca", Extend, Days(45), Receipt, "11 CCR 7021(b); Cal. Civ. Code 1798.130(a)(2)(A)")
        .seen()
        .note("90 days from receipt in all; told, with the reason"),
    row("us-ca", OptOut, BusinessDays(15), Receipt, "11 CCR 7026(f)")
        .note("as soon as feasible, and at the latest then; nobody is verified for it"),
    row("us-ca", LimitSensitive, BusinessDays(15), Receipt, "11 CCR 7027(g)")
        .note("as soon as feasible, and at the latest then; nobody is verified for it"),
    row(
        "us-ca",
        Appeal,
        Words("none by statute; complaint to the agency or the Attorney General"),
        Receipt,
        "Cal. \
        Civ. Code 1798.199.45",
    )
    .medium(),
    row("us-ca", ShineTheLight, Days(30), Receipt, "Cal. Civ. Code 1798.83(b)").medium(),
    row("us-ca", ShineTheLightElsewhere, Days(150), Receipt, "Cal. Civ. Code 1798.83(b)").medium(),
    row("us-ca", AccessDeletionPlatform, Days(45), LastAccess, "Cal. Civ. Code 1798.99.86(c)")
        .seen()
        .note("registered data brokers, from 1 August 2026"),
    row("us-ca", DeleteFromPlatform, Days(45), Receipt, "Cal. Civ. Code 1798.99.86(c)")
        .seen()
        .note("registered data brokers, from 1 August 2026; again every 45 days"),
    row("us-ca", WaitToAskAgain, Months(12), Revocation, "Cal. Civ. Code 1798.135(c)(4)"),
    row("us-ca", KeepRequests, Months(24), RecordMade, "11 CCR 7101"),
    // Virginia.
    row("us-va", Respond, Days(45), Receipt, "Va. Code 59.1-577(B)(1)").seen(),
    row("us-va", Extend, Days(45), Receipt, "Va. Code 59.1-577(B)(1)").seen().note(
        "once; told, with the reason, \
        within the first 45 days",
    ),
    row("us-va", Appeal, Days(60), Receipt, "Va. Code 59.1-577(C)")
        .seen()
        .note("in writing; a denial says how to complain to the Attorney General"),
    // Colorado.
    row("us-co", Respond, Days(45), Receipt, "C.R.S. 6-1-1306(2)(a)"),
    row("us-co", Extend, Days(45), Receipt, "C.R.S. 6-1-1306(2)(a)"),
    row("us-co", Appeal, Days(45), Receipt, "C.R.S. 6-1-1306(3)"),
    row("us-co", ExtendAppeal, Days(60), Receipt, "C.R.S. 6-1-1306(3)"),
    row("us-co", RefreshConsent, Months(24), LastContact, "4 CCR 904-3, Rule 7.08")
        .medium()
        .note("for sensitive data, where the person has done nothing since"),
    row("us-co", KeepRequests, Months(24), RecordMade, "4 CCR 904-3, Rule 6.11").medium(),
    // Connecticut.
    row("us-ct", Respond, Days(45), Receipt, "Conn. Gen. Stat. 42-518(c)(1)").seen(),
    row("us-ct", Extend, Days(45), Receipt, "Conn. Gen. Stat. 42-518(c)(1)").seen(),
    row("us-ct", Appeal, Days(60), Receipt, "Conn. Gen. Stat. 42-518(d)").seen(),
    row("us-ct", StopOnRevocation, Days(15), Revocation, "Conn. Gen. Stat. 42-520(a)(6)"),
    // Texas.
    row("us-tx", Respond, Days(45), Receipt, "Tex. Bus. & Com. Code 541.052(b)"),
    row("us-tx", Extend, Days(45), Receipt, "Tex. Bus. & Com. Code 541.052(c)").note("once"),
    row("us-tx", Appeal, Days(60), Receipt, "Tex. Bus. & Com. Code 541.053"),
    // HIPAA.
    row("us-hipaa", Respond, Days(30), Receipt, "45 CFR 164.524(b)(2)"),
    row("us-hipaa", Extend, Days(30), Receipt, "45 CFR 164.524(b)(2)(iii)").note("once"),
    row("us-hipaa", Correct, Days(60), Receipt, "45 CFR 164.526(b)(2)"),
    row("us-hipaa", ExtendCorrection, Days(30), Receipt, "45 CFR 164.526(b)(2)"),
    // Brazil.
    row("br-lgpd", RespondSimply, AtOnce, Receipt, "LGPD Art. 19, I"),
    row("br-lgpd", Respond, Days(15), Receipt, "LGPD Art. 19, II").note(
        "the complete form; small agents have twice the time (Res. CD/ANPD 2/2022, Art. 14), which is not \
            counted here",
    ),
    row("br-lgpd", Appeal, Words("a petition to the ANPD"), Receipt, "LGPD Art. 18, par. 1"),
    // Canada.
    row("ca-pipeda", Respond, Days(30), Receipt, "PIPEDA s. 8(3)").note("silence is a refusal (s. 8(5))"),
    row("ca-pipeda", Extend, Days(30), Receipt, "PIPEDA s. 8(4)").note(
        "at most, or as long as it takes to convert to another format; told within the first 30 days, with the \
            reasons and the right to complain",
    ),
    row("ca-pipeda", KeepRefused, Words("until every recourse is exhausted"), Receipt, "PIPEDA s. 8(8)"),
    row("ca-casl", Unsubscribe, BusinessDays(10), Revocation, "CASL s. 11(3)").note(
        "without delay, and at the \
        latest then",
    ),
    // Québec.
    row("ca-qc", Respond, Days(30), Receipt, "Act respecting personal information in the private sector (QC) s. 32")
        .seen()
        .note("silence is a refusal"),
    row(
        "ca-qc",
        ApplyToAuthority,
        Days(30),
        Refusal,
        "Act respecting personal information in the private sector \
        (QC) s. 42, 43",
    )
    .medium(),
    row(
        "ca-qc",
        KeepRefused,
        Words("until every recourse is exhausted"),
        Refusal,
        "Act respecting personal \
        information in the private sector (QC) s. 36",
    )
    .medium(),
    // South Africa.
    row("za-popia", Respond, Days(30), Receipt, "PAIA s. 56(1)").rolls(SundayOrHoliday),
    row("za-popia", Extend, Days(30), Receipt, "PAIA s. 57").rolls(SundayOrHoliday).note("once"),
    row("za-popia", Correct, Days(30), Receipt, "POPIA Regulations reg. 3")
        .rolls(SundayOrHoliday)
        .medium()
        .seen()
        .note("word of what is done, as amended on 17 April 2025"),
    // Australia.
    row("au", Respond, Days(30), Receipt, "Privacy Act 1988 APP 12.4, 13.5")
        .note("binds agencies; for organisations it is what the OAIC takes for a reasonable period"),
    // India.
    row("in-dpdp", Respond, Words("within the time that the fiduciary publishes"), Receipt, "DPDP Rules 2025, Rule 14")
        .medium()
        .note("in force from May 2027"),
    row("in-dpdp", Grievance, Days(90), Receipt, "DPDP Rules 2025, Rule 14(3)").medium().note("in force from May 2027"),
    row("in-dpdp", WarnOfErasure, Hours(48), Warned, "DPDP Rules 2025, Rule 8")
        .seen()
        .note("erasure for disuse comes no sooner than this after the warning"),
    // Singapore.
    row("sg", Respond, Days(30), Receipt, "PDPA s. 21, 22; PDP Regulations 2021 reg. 5")
        .note("as soon as reasonably possible; where that takes longer, the applicant is told within this time when"),
    row("sg", KeepRefused, Days(30), Refusal, "PDPA s. 22A; PDP Regulations 2021 reg. 8")
        .note("at least, and until every recourse is exhausted"),
    // Switzerland.
    row("ch", Respond, Days(30), Receipt, "DPO (Switzerland) Art. 18(1)"),
    row("ch", Extend, Words("until the date that the person is told"), Receipt, "DPO (Switzerland) Art. 18(2)"),
    row("ch", WithdrawOnFee, Days(10), FeeNamed, "DPO (Switzerland) Art. 19"),
    // Japan.
    row("jp", Respond, Words("without delay"), Receipt, "APPI Art. 33-35"),
    // Korea.
    row("kr", Respond, Days(10), Receipt, "PIPA Enforcement Decree Art. 41-44"),
    // New Zealand.
    row("nz", Respond, BusinessDays(20), Receipt, "Privacy Act 2020 s. 44"),
    row(
        "nz",
        Extend,
        Words("a reasonable time, named within the first 20 working days"),
        Receipt,
        "Privacy Act 2020 \
        s. 48",
    ),
    // Thailand.
    row("th", Respond, Days(30), Receipt, "PDPA (Thailand) s. 30"),
    // Türkiye.
    row("tr", Respond, Days(30), Receipt, "KVKK Art. 13(2)"),
    // Commercial mail in the United States.
    row("us-can-spam", Unsubscribe, BusinessDays(10), Revocation, "15 USC 7704(a)(4)"),
    // Records of consent managers in India.
    row("in-dpdp", KeepRequests, Years(7), RecordMade, "DPDP Rules 2025, First Schedule")
        .seen()
        .note("consent managers, for the record of consents"),
];
