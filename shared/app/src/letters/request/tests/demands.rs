//! What the articles demand of each letter.

use super::*;

/// What must stand in a letter: words of its own, or of the language's.
pub(super) enum Words {
    /// The same in every language.
    Same(&'static str),
    /// English, German, French.
    By([&'static str; 3]),
    /// The language's own sentence.
    Sentence(fn(&Texts) -> String),
}
use Words::{By, Same, Sentence};

const APRIL_7: Words = By(["7 April 2026", "7. April 2026", "7 avril 2026"]);
const MARCH_5: Words = By(["5 March 2026", "5. März 2026", "5 mars 2026"]);
const MARCH_7: Words = By(["7 March 2026", "7. März 2026", "7 mars 2026"]);
const ITS_WORDS: Words = Same("> We looked at the file of 2 March.\n> It bears no date of birth.");
const COURT: Words = By(["(GDPR Art. 79)", "(DSGVO Art. 79)", "(RGPD Art. 79)"]);
const HOME_AUTHORITY: Words = By(["country where you live", "Landes, in dem Sie wohnen", "pays où vous vivez"]);
const MAY_COMPLAIN: Words = Sentence(|texts| texts.complaint());

pub(super) type Letter = fn(Language) -> Mail;

/// What each letter must hold: letter, how it is written, article, element, words.
pub(super) const DEMANDS: &[(&str, Letter, &str, &str, Words)] = &[
    // California: receipt confirmed, verification described, when to expect an answer, what happens next.
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "that it was received, and when", MARCH_5),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "the verification", Sentence(|texts| texts.verify_mail())),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "the link to confirm by", Same("https://h.example/confirm")),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "the code to confirm by", Same("K7QF-2M")),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "until when", By(["19 March", "19. März", "19 mars"])),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "by when they are answered", APRIL_7),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "by which law", Same("(11 CCR 7021(b))")),
    ("acknowledgement", acknowledged, "11 CCR 7021(a)", "how it goes on", Sentence(|texts| texts.next_carried_out())),
    (
        "acknowledgement",
        acknowledged,
        "GDPR Art. 12(1)",
        "what was asked",
        Sentence(|texts| texts.request(RequestType::Erasure)),
    ),
    ("acknowledgement", acknowledged, "GDPR Art. 12(1)", "the service", Same("shop")),
    ("acknowledgement", acknowledged, "GDPR Art. 12(1)", "the purposes", Same("- Send you our newsletter")),
    (
        "acknowledgement",
        acknowledged,
        "GDPR Art. 12(1)",
        "the law that applies",
        By(["California", "Kalifornien", "Californie"]),
    ),
    ("acknowledgement", acknowledged, "GDPR Art. 12(1)", "where it stands", Same("https://h.example/status")),
    (
        "acknowledgement",
        acknowledged,
        "11 CCR 7063(a)",
        "what to do if it is not theirs",
        Sentence(|texts| texts.verify_not_yours()),
    ),
    // Identity: why, what, purpose bound, and the clock.
    ("identity request", identity_eu, "GDPR Art. 12(6)", "the doubt", Sentence(|texts| texts.identity_why())),
    (
        "identity request",
        identity_eu,
        "GDPR Art. 12(6)",
        "that it is asked for",
        Sentence(|texts| texts.identity_what()),
    ),
    ("identity request", identity_eu, "GDPR Art. 12(6)", "what to send", ITS_WORDS),
    (
        "identity request",
        identity_eu,
        "GDPR Art. 5(1)(b), 11 CCR 7060(d)",
        "used for nothing else",
        Sentence(|texts| texts.identity_use()),
    ),
    ("identity request", identity_eu, "GDPR Art. 12(6)", "until when", By(["19 April", "19. April", "19 avril"])),
    (
        "identity request",
        identity_eu,
        "GDPR Art. 12(6)",
        "where to",
        Sentence(|texts| texts.reply_by_mail("privacy@acme.example")),
    ),
    (
        "identity request",
        identity_eu,
        "EDPB 01/2022 para 157",
        "the clock stands still",
        Sentence(|texts| texts.effect_stands(texts.law(Regime::EuGdpr))),
    ),
    (
        "identity request",
        identity_uk,
        "UK GDPR Art. 12A",
        "the clock begins anew",
        Sentence(|texts| texts.effect_begins_anew(texts.law(Regime::UkGdpr))),
    ),
    (
        "identity request",
        identity_ca,
        "11 CCR 7021(b)",
        "the clock runs on",
        Sentence(|texts| texts.effect_runs_on(texts.day(date(2026, 4, 7)), texts.law(Regime::UsCa))),
    ),
    // Clarification: what is asked, that it need not be answered, and the clock.
    ("clarification", clarification_uk, "GDPR rec. 63", "why", Sentence(|texts| texts.clarification_why())),
    (
        "clarification",
        clarification_uk,
        "GDPR rec. 63",
        "that it is asked",
        Sentence(|texts| texts.clarification_what()),
    ),
    ("clarification", clarification_uk, "GDPR rec. 63", "the question", ITS_WORDS),
    (
        "clarification",
        clarification_uk,
        "EDPB 01/2022 para 35",
        "that it is free",
        Sentence(|texts| texts.clarification_free()),
    ),
    (
        "clarification",
        clarification_uk,
        "DPA 2018 s. 54(3C)",
        "the clock stands still",
        Sentence(|texts| texts.effect_stands(texts.law(Regime::UkGdpr))),
    ),
    // Extension: the new day, the old, the reasons.
    ("extension", extended, "GDPR Art. 12(3)", "the new day", APRIL_7),
    ("extension", extended, "GDPR Art. 12(3)", "the day before", MARCH_7),
    (
        "extension",
        extended,
        "GDPR Art. 12(3)",
        "the reason",
        Sentence(|texts| texts.extension(ExtensionGround::Complexity)),
    ),
    ("extension", extended, "11 CCR 7021(b)", "the explanation", ITS_WORDS),
    ("extension", extended, "11 CCR 7021(b)", "the source", Same("11 CCR 7021(b)")),
    ("extension", extended, "PIPEDA s. 8(4)", "the right to complain", MAY_COMPLAIN),
    // Refusal by the office: the reason, the authority with its ways, the court.
    ("refusal", refused_by_office, "GDPR Art. 12(4)", "that it is refused", Sentence(|texts| texts.answer_refused())),
    (
        "refusal",
        refused_by_office,
        "GDPR Art. 12(4)",
        "the reason",
        Sentence(|texts| texts.refusal(RefusalGround::RightsOfOthers)),
    ),
    (
        "refusal",
        refused_by_office,
        "GDPR Art. 12(4)",
        "its article",
        By(["GDPR Art. 15(4), 20(4)", "DSGVO Art. 15(4), 20(4)", "RGPD Art. 15(4), 20(4)"]),
    ),
    ("refusal", refused_by_office, "GDPR Art. 12(4)", "the office's words", ITS_WORDS),
    ("refusal", refused_by_office, "GDPR Art. 12(4), 77", "the complaint", MAY_COMPLAIN),
    (
        "refusal",
        refused_by_office,
        "GDPR Art. 12(4), 77",
        "the authority",
        Same("- CNIL (https://www.cnil.fr; +33 1 53 73 22 22)"),
    ),
    ("refusal", refused_by_office, "GDPR Art. 12(4), 79", "the court", COURT),
    ("refusal", refused_by_office, "GDPR Art. 38(4)", "the officer", Same("dpo@acme.example")),
    // Refusal by the policy.
    (
        "refusal by policy",
        refused_by_policy,
        "GDPR Art. 12(4)",
        "the reason",
        Same("> Nothing rests on consent or a contract."),
    ),
    ("refusal by policy", refused_by_policy, "GDPR Art. 12(4)", "the clause", Same("acme.45")),
    (
        "refusal by policy",
        refused_by_policy,
        "GDPR Art. 12(2)",
        "what can be asked instead",
        Sentence(|texts| texts.answer_offer(texts.request(RequestType::Access))),
    ),
    (
        "refusal by policy",
        refused_by_policy,
        "UK GDPR Art. 77",
        "the authority",
        Same("Information Commissioner’s Office"),
    ),
    ("refusal by policy", refused_by_policy, "UK GDPR Art. 79", "the court", Same("(UK GDPR Art. 79)")),
    (
        "refusal by policy",
        refused_by_policy,
        "DPA 2018 s. 164A",
        "the complaint to the controller",
        Same("DPA 2018 s. 164A"),
    ),
    // California has no appeal: the reason and the agency.
    (
        "refusal in California",
        refused_in_california,
        "11 CCR 7022(f), 7024",
        "the ground",
        Same("Cal. Civ. Code § 1798.130(b)"),
    ),
    (
        "refusal in California",
        refused_in_california,
        "Cal. Civ. Code § 1798.199.45",
        "the agency",
        Same("California Privacy Protection Agency"),
    ),
    // Virginia: reason and how to appeal.
    (
        "refusal in Virginia",
        refused_in_virginia,
        "Va. Code 59.1-577(B)(2)",
        "the justification",
        Sentence(|texts| texts.refusal(RefusalGround::LegalObligation)),
    ),
    (
        "refusal in Virginia",
        refused_in_virginia,
        "Va. Code 59.1-577(B)(2)",
        "how to appeal",
        Sentence(|texts| texts.appeal("privacy@acme.example", "Va. Code 59.1-577(C)")),
    ),
    // Appeal denied: written reasons and the Attorney General.
    (
        "appeal denied",
        appeal_denied,
        "Va. Code 59.1-577(C)",
        "what was decided",
        Sentence(|texts| texts.answer_refused_appeal()),
    ),
    (
        "appeal denied",
        appeal_denied,
        "Va. Code 59.1-577(C)",
        "the ground",
        Sentence(|texts| texts.refusal(RefusalGround::LegalObligation)),
    ),
    ("appeal denied", appeal_denied, "Va. Code 59.1-577(C)", "the reasons in writing", ITS_WORDS),
    (
        "appeal denied",
        appeal_denied,
        "Va. Code 59.1-577(C)",
        "the complaint",
        Sentence(|texts| texts.complaint_attorney_general("Va. Code 59.1-577(C)")),
    ),
    (
        "appeal denied",
        appeal_denied,
        "Va. Code 59.1-577(C)",
        "the Attorney General online",
        Same("https://www.oag.state.va.us"),
    ),
    (
        "appeal granted",
        appeal_granted,
        "Va. Code 59.1-577(C)",
        "what was decided",
        Sentence(|texts| texts.answer_granted_appeal()),
    ),
    ("appeal granted", appeal_granted, "Va. Code 59.1-577(C)", "the reasons in writing", ITS_WORDS),
    // Partial refusal of an erasure, item by item.
    ("erasure", erased, "GDPR Art. 12(3)", "what was erased, with evidence", Same("b-1/4")),
    (
        "erasure",
        erased,
        "GDPR Art. 12(4), 17(3)",
        "what the policy keeps, and why",
        Same("Invoices are kept for ten years."),
    ),
    (
        "erasure",
        erased,
        "GDPR Art. 12(4), 17(3)",
        "what the office keeps, and why",
        Sentence(|texts| texts.refusal(RefusalGround::LegalClaims)),
    ),
    (
        "erasure",
        erased,
        "GDPR Art. 12(4), 17(3)(e)",
        "what a hold keeps",
        By(["(GDPR Art. 17(3))", "(DSGVO Art. 17(3))", "(RGPD Art. 17(3))"]),
    ),
    (
        "erasure",
        erased,
        "GDPR Art. 12(4)",
        "what a system keeps, and why",
        Sentence(|texts| texts.refusal(RefusalGround::LegalObligation)),
    ),
    ("erasure", erased, "GDPR Art. 12(4), 77", "the complaint", MAY_COMPLAIN),
    ("erasure", erased, "GDPR Art. 12(4), 77", "the authority", HOME_AUTHORITY),
    ("erasure", erased, "GDPR Art. 12(4), 79", "the court", COURT),
    // A copy, but for what is left out.
    ("copy in part", exported_in_part, "GDPR Art. 15(3)", "where it is", Same("\nhttps://h.example/export?token=t\n")),
    (
        "copy in part",
        exported_in_part,
        "GDPR Art. 20(1)",
        "as a table",
        Same("https://h.example/export?token=t&format=csv"),
    ),
    (
        "copy in part",
        exported_in_part,
        "GDPR Art. 12(1)",
        "until when",
        By(["1 April 2026", "1. April 2026", "1er avril 2026"]),
    ),
    (
        "copy in part",
        exported_in_part,
        "GDPR Art. 12(4)",
        "that a part is left out",
        Sentence(|texts| texts.answer_in_part()),
    ),
    (
        "copy in part",
        exported_in_part,
        "GDPR Art. 12(4), 15(4)",
        "which part, and why",
        Sentence(|texts| texts.refusal(RefusalGround::RightsOfOthers)),
    ),
    ("copy in part", exported_in_part, "GDPR Art. 12(4), 77", "the complaint", MAY_COMPLAIN),
    // Done.
    ("correction", corrected, "GDPR Art. 12(3), 16", "what was corrected", Same("- first-name")),
    (
        "correction",
        corrected,
        "GDPR Art. 19",
        "that recipients are told",
        Sentence(|texts| texts.answer_recipients_told()),
    ),
    (
        "restriction",
        restricted,
        "GDPR Art. 18(3)",
        "told before it ends",
        Sentence(|texts| texts.answer_granted_restriction()),
    ),
    ("objection", objected, "GDPR Art. 21(1)", "what is used no more", Same("- Send you our newsletter")),
    ("objection", objected, "GDPR Art. 12(3)", "by when it is weighed", APRIL_7),
    (
        "objection",
        objected,
        "GDPR Art. 18(1)(d)",
        "until it is weighed",
        Sentence(|texts| texts.answer_stopped_until_decided()),
    ),
    // Ended otherwise.
    (
        "stopped by staff",
        stopped_by_staff,
        "GDPR Art. 12(4)",
        "that it is stopped",
        Sentence(|texts| texts.ended_stopped()),
    ),
    ("stopped by staff", stopped_by_staff, "GDPR Art. 12(4)", "the reason", ITS_WORDS),
    (
        "stopped by staff",
        stopped_by_staff,
        "GDPR Art. 12(3)",
        "what was done",
        Sentence(|texts| texts.system_done("Customer file", 2)),
    ),
    ("stopped by staff", stopped_by_staff, "GDPR Art. 12(4), 77", "the complaint", MAY_COMPLAIN),
    ("stopped by staff", stopped_by_staff, "GDPR Art. 12(4), 79", "the court", COURT),
    ("withdrawn", withdrawn, "GDPR Art. 12(3)", "that it ended", Sentence(|texts| texts.ended_withdrawn())),
    (
        "withdrawn",
        withdrawn,
        "GDPR Art. 12(3)",
        "what was done",
        Sentence(|texts| texts.system_done("Customer file", 2)),
    ),
    ("withdrawn", withdrawn, "GDPR Art. 12(2)", "that it can be made again", Sentence(|texts| texts.ended_again())),
    ("lapsed", lapsed, "GDPR Art. 12(2)", "that it can be made again", Sentence(|texts| texts.ended_again())),
    ("lapsed", lapsed, "GDPR Art. 12(3)", "what was done", Sentence(|texts| texts.done_nothing())),
    (
        "copy in part",
        exported_in_part,
        "GDPR Art. 20(1)",
        "that it is a table",
        Sentence(|texts| texts.answer_as_table()),
    ),
    ("merged", merged, "GDPR Art. 12(3)", "where it is answered", Same(OTHER)),
    ("lapsed", lapsed, "GDPR Art. 12(4)", "why", By(["20 March 2026", "20. März 2026", "20 mars 2026"])),
    ("lapsed", lapsed, "GDPR Art. 12(2), 11(2)", "why nothing is done", Sentence(|texts| texts.ended_lapsed_safe())),
    ("lapsed", lapsed, "GDPR Art. 12(4), 77", "the complaint", MAY_COMPLAIN),
];
