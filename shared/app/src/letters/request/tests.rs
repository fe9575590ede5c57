//! Each letter holds what its article demands.

use domain::{
    dsar::{
        Act, Acting, ActingAs, Actor, Entry, Exception, Item, ItemResult, Received, RefusalGround, Ruling, Stop,
        TaskEnd,
    },
    ids::{Category, ControllerId, Field, Ground, IdentifierKind, Purpose, RecordId, StaffId, SystemId},
    language::Language,
    policy::{Authority, Clause, LawfulBasis, Notice, PurposeRule, Refusal, Regime, SystemKind, SystemRule},
};
use jiff::civil::date;

use super::*;

const NUMBER: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const OTHER: &str = "BBBBBBBBBBBBBBBBBBBBBA";
const WORDS: &str = "We looked at the file of 2 March.\nIt bears no date of birth.";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy(regimes: &[Regime]) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let controller = ControllerId::parse("acme").unwrap();
    let mut policy = Policy::new(controller, "Acme".into(), "privacy@acme.example".into(), notice);
    policy.regimes = regimes.to_vec();
    policy.office.data_protection_officer = Some("dpo@acme.example".into());
    let id = Purpose::parse("newsletter").unwrap();
    let rule =
        PurposeRule::new(id.clone(), "Send you our newsletter".into(), LawfulBasis::Consent, Clause::new("acme.1-a"));
    policy.purposes.insert(id, rule);
    let id = SystemId::parse("crm").unwrap();
    let system = SystemRule {
        id: id.clone(),
        title: "Customer file".into(),
        kind: SystemKind::Queue { url: "https://queue.example/crm".into() },
        categories: Default::default(),
        requests: Default::default(),
        clause: Clause::new("acme.2"),
    };
    policy.systems.insert(id, system);
    policy
}

fn received(request: RequestType, language: Language) -> Received {
    let due = (at("2026-04-07T22:00:00Z"), "GDPR Art. 12(3); Reg. 1182/71 Art. 3".to_owned());
    let mut received = Received::new(request, IdentifierKind::Mail, at("2026-03-05T12:00:00Z"), due);
    received.language = language;
    received
}

fn by_office(act: Act) -> Entry {
    Entry { at: at("2026-03-20T12:00:00Z"), by: Actor::Staff(StaffId::parse("clerk").unwrap()), act }
}

fn by_system(end: TaskEnd) -> Vec<Entry> {
    let crm = SystemId::parse("crm").unwrap();
    vec![by_office(Act::TasksOpened(vec![crm.clone()])), by_office(Act::TaskEnded(crm, end))]
}

fn item(category: &str, result: ItemResult) -> Item {
    Item {
        category: Category::parse(category).unwrap(),
        purpose: Purpose::parse("newsletter").unwrap(),
        record: RecordId::parse(NUMBER).unwrap(),
        result,
    }
}

fn kept() -> ItemResult {
    ItemResult::Kept {
        reason: "Invoices are kept for ten years.".into(),
        article: "GDPR Art. 17(3)(b)".into(),
        clause: Clause::new("acme.3"),
    }
}

fn except(category: &str, ground: RefusalGround) -> Act {
    let exception = Exception { category: Category::parse(category).unwrap(), purpose: None, ground };
    Act::Ruled(Ruling::Approve { except: vec![exception] })
}

/// One request with all that its letters are written from.
struct Case {
    policy: Policy,
    received: Received,
    history: Vec<Entry>,
    due: AnswerDue,
}

impl Case {
    fn new(regimes: &[Regime], request: RequestType, language: Language) -> Self {
        let received = received(request, language);
        let due = AnswerDue {
            last_day: date(2026, 4, 7),
            at: received.due_at,
            law: received.due_by_law.clone(),
            regime: regimes.first().copied(),
            stands: false,
            steps: Vec::new(),
        };
        Self { policy: policy(regimes), received, history: Vec::new(), due }
    }

    fn after(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        self.history.extend(entries);
        self
    }

    fn write<T>(&self, write: impl FnOnce(&About<'_>) -> T) -> T {
        let state = RequestState::fold(self.received.clone(), self.history.iter().cloned());
        let (request, to) = (RequestId::parse(NUMBER).unwrap(), Sensitive::new("ada@example.com".to_owned()));
        write(&About { policy: &self.policy, request: &request, state: &state, due: &self.due, to: &to, letter: "e1" })
    }
}

fn words() -> Sensitive<String> {
    Sensitive::new(WORDS.to_owned())
}

// The letters. Each is one case that brings out every element of its article.

fn acknowledged(language: Language) -> Mail {
    let mut case = Case::new(&[Regime::UsCa], RequestType::Erasure, language);
    case.received.verification = VerificationRule::Mail;
    case.received.purposes = vec![Purpose::parse("newsletter").unwrap()];
    case.received.service = Some(Ground::parse("shop").unwrap());
    case.due.law = "11 CCR 7021(b)".into();
    let confirm =
        Confirm { link: "https://h.example/confirm", code: Some("K7QF-2M"), until: at("2026-03-19T12:00:00Z") };
    case.write(|about| acknowledgement(about, Some("https://h.example/status"), Some(&confirm)))
}

fn asked(ask: Ask, regimes: &[Regime], language: Language) -> Mail {
    let at_once = Entry { at: at("2026-03-07T12:00:00Z"), ..by_office(Act::Asked(ask)) };
    let case = Case::new(regimes, RequestType::Access, language).after([at_once]);
    let words = words();
    let asked = Question { ask, words: Some(&words), link: None, until: Some(at("2026-04-19T12:00:00Z")) };
    case.write(|about| question(about, &asked))
}

fn identity_eu(language: Language) -> Mail {
    asked(Ask::Identity, &[Regime::EuGdpr], language)
}

fn identity_uk(language: Language) -> Mail {
    asked(Ask::Identity, &[Regime::UkGdpr], language)
}

fn identity_ca(language: Language) -> Mail {
    asked(Ask::Identity, &[Regime::UsCa], language)
}

fn clarification_uk(language: Language) -> Mail {
    asked(Ask::Clarification, &[Regime::UkGdpr], language)
}

fn extended(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr, Regime::UsCa], RequestType::Access, language);
    let words = words();
    case.write(|about| extension(about, ExtensionGround::Complexity, date(2026, 3, 7), Some(&words)))
}

fn answered(case: &Case, outcome: &Outcome) -> Mail {
    let words = words();
    case.write(|about| answer(about, outcome, Some(&words), Some("https://h.example/export?token=t")))
}

fn refused_by_office(language: Language) -> Mail {
    let mut case = Case::new(&[Regime::EuGdpr], RequestType::Access, language);
    case.policy.office.authority = Some(Authority {
        name: "CNIL".into(),
        url: Some("https://www.cnil.fr".into()),
        phone: Some("+33 1 53 73 22 22".into()),
        post: None,
        clause: Clause::new("acme.9-d"),
    });
    answered(&case, &Outcome::RefusedByOffice(RefusalGround::RightsOfOthers))
}

fn refused_by_policy(language: Language) -> Mail {
    let case = Case::new(&[Regime::UkGdpr], RequestType::Portability, language);
    let refusal = Refusal {
        code: "NO_CONSENT_BASIS".into(),
        text: "Nothing rests on consent or a contract.".into(),
        offer: Some(RequestType::Access),
    };
    case.write(|about| answer(about, &Outcome::Refused(refusal, Clause::new("acme.45")), None, None))
}

fn refused_in_california(language: Language) -> Mail {
    let case = Case::new(&[Regime::UsCa], RequestType::KnowPieces, language);
    answered(&case, &Outcome::RefusedByOffice(RefusalGround::TwiceInTwelveMonths))
}

fn refused_in_virginia(language: Language) -> Mail {
    let case = Case::new(&[Regime::UsVa], RequestType::Erasure, language);
    answered(&case, &Outcome::RefusedByOffice(RefusalGround::LegalObligation))
}

fn appeal_denied(language: Language) -> Mail {
    let case = Case::new(&[Regime::UsVa], RequestType::Appeal, language);
    answered(&case, &Outcome::RefusedByOffice(RefusalGround::LegalObligation))
}

fn appeal_granted(language: Language) -> Mail {
    answered(&Case::new(&[Regime::UsVa], RequestType::Appeal, language), &Outcome::Granted)
}

fn erased(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Erasure, language)
        .after([by_office(except("chat", RefusalGround::LegalClaims))])
        .after(by_system(TaskEnd::Kept { records: 3, ground: RefusalGround::LegalObligation }));
    let items = vec![
        item("profile", ItemResult::Erased { evidence: "b-1/4".into() }),
        item("invoices", kept()),
        item("chat", kept()),
        item("orders", ItemResult::Held),
    ];
    answered(&case, &Outcome::Erased(items))
}

fn exported_in_part(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, language)
        .after([by_office(except("references", RefusalGround::RightsOfOthers))]);
    answered(&case, &Outcome::Exported { object: "o".into(), until: at("2026-04-01T12:00:00Z") })
}

fn corrected(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Rectification, language);
    answered(&case, &Outcome::Corrected(vec![Field::parse("first-name").unwrap()]))
}

fn restricted(language: Language) -> Mail {
    answered(&Case::new(&[Regime::EuGdpr], RequestType::Restriction, language), &Outcome::Granted)
}

fn objected(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Objection, language);
    let stop = Stop { purposes: vec![Purpose::parse("newsletter").unwrap()], with_office: true };
    case.write(|about| answer(about, &Outcome::Stopped(stop), None, None))
}

fn stopped_by_staff(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Erasure, language)
        .after(by_system(TaskEnd::Done { records: 2 }))
        .after([by_office(Act::Stopped)]);
    let words = words();
    case.write(|about| ended(about, Some(&words))).unwrap()
}

fn withdrawn(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Erasure, language)
        .after(by_system(TaskEnd::Done { records: 2 }))
        .after([by_office(Act::Withdrawn)]);
    case.write(|about| ended(about, None)).unwrap()
}

fn merged(language: Language) -> Mail {
    let into = RequestId::parse(OTHER).unwrap();
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, language).after([by_office(Act::Merged(into))]);
    case.write(|about| ended(about, None)).unwrap()
}

fn lapsed(language: Language) -> Mail {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, language)
        .after([by_office(Act::Asked(Ask::Identity)), by_office(Act::Lapsed)]);
    case.write(|about| ended(about, None)).unwrap()
}

/// What must stand in a letter: words of its own, or of the language's.
enum Words {
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

type Letter = fn(Language) -> Mail;

/// Letter, article, element, words.
const DEMANDS: &[(&str, Letter, &str, &str, Words)] = &[
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

#[test]
fn each_letter_holds_what_its_article_demands_in_every_language() {
    for (letter, write, article, element, words) in DEMANDS {
        for language in Language::ALL {
            let texts = Texts::of(language);
            let words = match words {
                Same(words) => (*words).to_owned(),
                By(words) => words[language as usize].to_owned(),
                Sentence(sentence) => sentence(texts),
            };
            let text = write(language).text;
            // Once and no oftener: a letter that loses the element fails here.
            assert_eq!(
                text.matches(&words).count(),
                1,
                "{letter} ({}): {article} demands {element}: “{words}” in\n{text}",
                language.as_str()
            );
        }
    }
}

fn letters() -> Vec<(&'static str, Letter)> {
    let mut letters: Vec<(&'static str, Letter)> = DEMANDS.iter().map(|(name, letter, ..)| (*name, *letter)).collect();
    letters.dedup_by_key(|(name, _)| *name);
    letters
}

#[test]
fn every_letter_names_the_request_and_the_contact_and_nobody_in_its_subject() {
    for (name, letter) in letters() {
        for language in Language::ALL {
            let mail = letter(language);
            assert!(mail.text.contains(NUMBER), "{name}");
            assert!(mail.text.contains("privacy@acme.example"), "{name}");
            // Relays log subjects: neither who it is nor what they asked.
            assert!(mail.subject.starts_with("Acme"), "{name}: {}", mail.subject);
            for secret in ["ada", NUMBER, "erasure", "Löschung", "effacement", "appeal", "newsletter"] {
                assert!(!mail.subject.contains(secret), "{name}: {}", mail.subject);
            }
            assert!(mail.unsubscribe.is_none(), "{name} is no list mail");
            assert!(mail.tag == format!("request-{NUMBER}-e1"), "{name}: {}", mail.tag);
            assert!(!mail.text.contains("  ") && !mail.text.contains("\n\n\n"), "{name}: {}", mail.text);
            assert!(!mail.text.contains("()"), "{name}: {}", mail.text);
        }
    }
}

#[test]
fn an_appeal_is_offered_where_the_law_gives_one_and_no_court_where_it_gives_none() {
    let english = Language::English;
    assert!(!refused_in_california(english).text.contains("appeal against"));
    assert!(!refused_in_california(english).text.contains("to court"));
    assert!(!refused_in_virginia(english).text.contains("to court"));
    // Who has appealed already is not sent round again, and who won is not sent to the Attorney General.
    assert!(!appeal_denied(english).text.contains("You can appeal"));
    assert!(!appeal_granted(english).text.contains("about this decision to the Attorney General"));
    // A state's attorney takes the appeal's complaint, and is not named a second time beside it.
    assert_eq!(appeal_denied(english).text.matches("Attorney General of Virginia").count(), 1);
}

#[test]
fn a_controller_that_offers_a_second_look_of_its_own_says_so_in_every_refusal() {
    let mut case = Case::new(&[Regime::EuGdpr], RequestType::Access, Language::German);
    let rule = domain::policy::RightRule {
        request: RequestType::Appeal,
        refusal: None,
        verification: VerificationRule::None,
        respond_within: None,
        clause: Clause::new("acme.50"),
    };
    case.policy.rights.insert(RequestType::Appeal, rule);
    let text = answered(&case, &Outcome::RefusedByOffice(RefusalGround::Excessive)).text;
    assert!(text.contains("(unsere Datenschutzerklärung, acme.50)"), "{text}");
    assert!(!answered(&case, &Outcome::Recorded).text.contains("acme.50"));
}

#[test]
fn whoever_is_under_two_laws_is_told_what_a_question_does_to_each_clock() {
    let text = asked(Ask::Identity, &[Regime::EuGdpr, Regime::UkGdpr, Regime::UsCa], Language::English).text;
    for sentence in [
        "GDPR (European Union): the time for our answer stands still until you reply.",
        "UK GDPR (United Kingdom): the time for our answer begins anew",
        "CCPA (California): the time for our answer runs on. You have it by 7 April 2026 at the latest.",
    ] {
        assert!(text.contains(sentence), "{text}");
    }
}

#[test]
fn a_question_asked_late_is_not_said_to_stop_the_clock() {
    // EDPB Guidelines 01/2022 para 157: without undue delay.
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, Language::English)
        .after([by_office(Act::Asked(Ask::Identity))]);
    let asked = Question { ask: Ask::Identity, words: None, link: None, until: None };
    let text = case.write(|about| question(about, &asked)).text;
    assert!(text.contains("the time for our answer runs on") && !text.contains("stands still"), "{text}");
}

#[test]
fn the_acknowledgement_describes_each_way_to_verify() {
    for (rule, sentence) in [
        (VerificationRule::None, "You need not prove who you are for this."),
        (VerificationRule::Mail, "with the address that it was made with"),
        (VerificationRule::Points(2), "2 different ones must match"),
        (VerificationRule::Points(1), "1 of them must match"),
        (VerificationRule::Account, "by your account with us"),
    ] {
        let mut case = Case::new(&[Regime::EuGdpr], RequestType::Access, Language::English);
        case.received.verification = rule;
        let text = case.write(|about| acknowledgement(about, None, None)).text;
        assert!(text.contains(sentence), "{text}");
    }
    let mut case = Case::new(&[Regime::EuGdpr], RequestType::Erasure, Language::English);
    case.received.acting = Some(Acting { role: ActingAs::Successor, proof: None });
    let text = case.write(|about| acknowledgement(about, None, None)).text;
    assert!(text.contains("It was made by an heir.") && text.contains("Our office checks"), "{text}");
    assert!(text.contains("a person of our privacy office looks at it"), "{text}");
}

#[test]
fn an_appeal_names_the_request_that_it_is_against_and_what_the_office_wrote_down_says_so() {
    let mut case = Case::new(&[Regime::UsVa], RequestType::Appeal, Language::German);
    case.received.about = Some(RequestId::parse(OTHER).unwrap());
    case.received.entered_by = Some(StaffId::parse("clerk").unwrap());
    let text = case.write(|about| acknowledgement(about, None, None)).text;
    assert!(text.contains(&format!("Es geht um den früheren Antrag Nummer {OTHER}.")), "{text}");
    assert!(text.contains("Unsere Datenschutzstelle hat ihn so aufgeschrieben") && !text.contains("clerk"), "{text}");
}

#[test]
fn what_carries_out_instructions_for_after_death_says_so() {
    let mut case = Case::new(&[Regime::EuGdpr], RequestType::Erasure, Language::French);
    case.received.following = Some(RequestId::parse(OTHER).unwrap());
    let text = case.write(|about| acknowledgement(about, None, None)).text;
    assert!(text.contains("directives laissées pour l’après-décès"), "{text}");
}

#[test]
fn a_question_of_meaning_that_nobody_answered_is_not_told_as_one_of_safety() {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, Language::English)
        .after([by_office(Act::Asked(Ask::Clarification)), by_office(Act::Lapsed)]);
    let text = case.write(|about| ended(about, None)).unwrap().text;
    assert!(text.contains("could not tell what you want") && !text.contains("safety"), "{text}");
}

#[test]
fn no_letter_ends_a_request_that_runs_on() {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, Language::English);
    assert_eq!(case.write(|about| ended(about, None)), None);
}

#[test]
fn a_request_that_ended_before_anything_was_done_says_so() {
    let case = Case::new(&[Regime::EuGdpr], RequestType::Access, Language::English).after([by_office(Act::Withdrawn)]);
    assert!(case.write(|about| ended(about, None)).unwrap().text.contains("Nothing had been done by then."));
    let stop = Stop { purposes: vec![Purpose::parse("newsletter").unwrap()], with_office: true };
    let case = Case::new(&[Regime::EuGdpr], RequestType::Objection, Language::English)
        .after([by_office(Act::Decided(Outcome::Stopped(stop))), by_office(Act::Withdrawn)]);
    let text = case.write(|about| ended(about, None)).unwrap().text;
    assert!(text.contains("the use of your data for this was stopped: Send you our newsletter"), "{text}");
}

#[test]
fn a_ground_is_cited_by_the_laws_that_rule_the_request() {
    for (regimes, source) in [
        (&[Regime::EuGdpr][..], "others. (GDPR Art. 15(4), 20(4))"),
        (&[Regime::UkGdpr], "others. (UK GDPR Art. 15(4), 20(4))"),
        (&[Regime::UsCa], "others. (Cal. Civ. Code § 1798.145(k))"),
        (&[Regime::EuGdpr, Regime::UsCa], "others. (GDPR Art. 15(4), 20(4); Cal. Civ. Code § 1798.145(k))"),
        (&[Regime::UsVa], "others. (VCDPA (Virginia))"),
    ] {
        let case = Case::new(regimes, RequestType::Access, Language::English);
        let text = answered(&case, &Outcome::RefusedByOffice(RefusalGround::RightsOfOthers)).text;
        assert!(text.contains(source), "{text}");
    }
}

#[test]
fn under_every_law_and_for_every_request_a_refusal_has_its_reason_and_a_way_to_complain() {
    for regime in Regime::ALL {
        for request in RequestType::ALL {
            for language in Language::ALL {
                let texts = Texts::of(language);
                let case = Case::new(&[regime], request, language);
                let text = answered(&case, &Outcome::RefusedByOffice(RefusalGround::NotHeld)).text;
                let context = format!("{} {request} {}", regime.as_str(), language.as_str());
                assert!(text.contains(&texts.refusal(RefusalGround::NotHeld)), "{context}: {text}");
                assert_eq!(text.matches(&texts.authority(regime)).count(), 1, "{context}: {text}");
                if let Some(law) = sources::court(regime) {
                    assert!(text.contains(&texts.court(texts.cite(law))), "{context}: {text}");
                }
                if let Some(law) = sources::appeal(regime) {
                    let contact = "privacy@acme.example";
                    let remedy = match request {
                        RequestType::Appeal => texts.complaint_attorney_general(law),
                        _ => texts.appeal(contact, law),
                    };
                    assert!(text.contains(&remedy), "{context}: {text}");
                }
                assert!(!text.contains(['{', '}', '\u{2068}']), "{context}: {text}");
            }
        }
    }
}
