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

use self::demands::{DEMANDS, Letter, Words};
use super::*;

mod demands;

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

#[test]
fn each_letter_holds_what_its_article_demands_in_every_language() {
    for (letter, write, article, element, words) in DEMANDS {
        for language in Language::ALL {
            let texts = Texts::of(language);
            let words = match words {
                Words::Same(words) => (*words).to_owned(),
                Words::By(words) => words[language as usize].to_owned(),
                Words::Sentence(sentence) => sentence(texts),
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
