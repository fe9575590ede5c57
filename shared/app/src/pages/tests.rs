use domain::{
    clock::Step,
    dsar::{
        Acting, Actor, ExtensionGround, Item, ItemResult, Received, RefusalGround, RequestType, Ruling, Stop,
        VerifiedBy,
    },
    ids::{Category, ControllerId, Ground, IdentifierKind, Purpose, RecordId, StaffId},
    policy::{Clause, LawfulBasis, Notice, PurposeRule, Refusal, Regime, VerificationRule},
};
use jiff::civil::date;

use super::*;

const NUMBER: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const HOSTILE: &str = "\"'><script src=//evil.example></script><img onerror=x>&amp;";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy(name: &str) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), name.into(), "privacy@acme.example".into(), notice);
    policy.regimes = vec![Regime::EuGdpr];
    let id = Purpose::parse("newsletter").unwrap();
    let title = format!("Send you our newsletter {HOSTILE}");
    policy.purposes.insert(id.clone(), PurposeRule::new(id, title, LawfulBasis::Consent, Clause::new("acme.1-a")));
    policy
}

fn received(request: RequestType) -> Received {
    let due = (at("2026-04-07T22:00:00Z"), "GDPR Art. 12(3)".to_owned());
    let mut received = Received::new(request, IdentifierKind::Mail, at("2026-03-05T12:00:00Z"), due);
    received.verification = VerificationRule::Mail;
    received.purposes = vec![Purpose::parse("newsletter").unwrap()];
    received.service = Some(Ground::parse("shop").unwrap());
    received.acting = Some(Acting { role: ActingAs::Agent, proof: None });
    received
}

fn by_office(act: Act) -> Entry {
    Entry { at: at("2026-03-20T12:00:00Z"), by: Actor::Staff(StaffId::parse("clerk-17").unwrap()), act }
}

fn verified() -> Entry {
    Entry { at: at("2026-03-06T12:00:00Z"), by: Actor::Requester, act: Act::Verified(VerifiedBy::Mail) }
}

struct Seen {
    language: Language,
    token: &'static str,
    now: &'static str,
    shows_answer: bool,
    offers_export: bool,
    stands: bool,
}

const SEEN: Seen = Seen {
    language: Language::English,
    token: "v1.abc",
    now: "2026-03-21T12:00:00Z",
    shows_answer: true,
    offers_export: false,
    stands: false,
};

fn page(policy: &Policy, state: &RequestState, seen: &Seen) -> String {
    let request = RequestId::parse(NUMBER).unwrap();
    let due = AnswerDue {
        last_day: date(2026, 4, 7),
        at: at("2026-04-07T22:00:00Z"),
        law: "GDPR Art. 12(3)".into(),
        regime: Some(Regime::EuGdpr),
        stands: seen.stands,
        steps: vec![Step::new("the first working day from then on", date(2026, 4, 7), "Reg. 1182/71 Art. 3(4)")],
    };
    status(&StatusPage {
        of: PageOf { policy, request: &request, language: seen.language, token: seen.token },
        state,
        due: &due,
        now: at(seen.now),
        takes_code: true,
        shows_answer: seen.shows_answer,
        offers_export: seen.offers_export,
    })
}

fn after(request: RequestType, entries: impl IntoIterator<Item = Entry>) -> RequestState {
    RequestState::fold(received(request), entries)
}

/// A request in every stage that a person can see, with every outcome.
fn states() -> Vec<RequestState> {
    let decided = |outcome| by_office(Act::Decided(outcome));
    let refusal = Refusal { code: "X".into(), text: HOSTILE.into(), offer: Some(RequestType::Access) };
    let stop = Stop { purposes: vec![Purpose::parse("newsletter").unwrap()], with_office: true };
    let item = Item {
        category: Category::parse("chat").unwrap(),
        purpose: Purpose::parse("newsletter").unwrap(),
        record: RecordId::parse(NUMBER).unwrap(),
        result: ItemResult::Kept { reason: HOSTILE.into(), article: HOSTILE.into(), clause: Clause::new("acme.3") },
    };
    vec![
        after(RequestType::Access, []),
        after(RequestType::Access, [verified()]),
        after(RequestType::Access, [verified(), by_office(Act::Asked(Ask::Identity))]),
        after(RequestType::Access, [verified(), by_office(Act::Extended(ExtensionGround::Complexity))]),
        after(RequestType::Objection, [decided(Outcome::Stopped(stop))]),
        after(RequestType::Portability, [decided(Outcome::Refused(refusal, Clause::new(HOSTILE)))]),
        after(RequestType::Erasure, [verified(), decided(Outcome::Erased(vec![item]))]),
        after(RequestType::Access, [verified(), decided(Outcome::RefusedByOffice(RefusalGround::NotHeld))]),
        after(RequestType::Access, [verified(), by_office(Act::Withdrawn)]),
        after(RequestType::Access, [by_office(Act::Lapsed)]),
        after(RequestType::Access, [verified(), by_office(Act::Stopped)]),
        after(RequestType::Access, [by_office(Act::Merged(RequestId::parse(NUMBER).unwrap()))]),
    ]
}

fn other_pages(policy: &Policy, language: Language, token: &str) -> Vec<String> {
    let request = RequestId::parse(NUMBER).unwrap();
    let of = PageOf { policy, request: &request, language, token };
    let words = Sensitive::new(HOSTILE.to_owned());
    vec![
        confirm(of, ConfirmBy::Link),
        confirm(of, ConfirmBy::Code { was_wrong: false }),
        confirm(of, ConfirmBy::Code { was_wrong: true }),
        confirmed(of),
        reply(of, Ask::Identity, Some(&words)),
        reply(of, Ask::Clarification, None),
        certified(of, true),
        certified(of, false),
    ]
}

fn certified(of: PageOf<'_>, is_whole: bool) -> String {
    let item = CertificateItem {
        category: Category::parse("chat").unwrap(),
        purpose: Purpose::parse("newsletter").unwrap(),
        at: at("2026-03-20T12:00:00Z"),
        evidence: "3.17/0".into(),
    };
    let state = after(RequestType::Erasure, [verified(), erased()]);
    certificate(&CertificatePage { of, state: &state, items: &[item], is_signed: is_whole, is_complete: is_whole })
}

/// One item was erased.
fn erased() -> Entry {
    let item = Item {
        category: Category::parse("chat").unwrap(),
        purpose: Purpose::parse("newsletter").unwrap(),
        record: RecordId::parse(NUMBER).unwrap(),
        result: ItemResult::Erased { evidence: "3.17/0".into() },
    };
    by_office(Act::Decided(Outcome::Erased(vec![item])))
}

fn pages(name: &str, language: Language, token: &'static str) -> Vec<String> {
    let policy = policy(name);
    let seen = Seen { language, token, offers_export: true, ..SEEN };
    let mut pages: Vec<_> = states().iter().map(|state| page(&policy, state, &seen)).collect();
    pages.extend(other_pages(&policy, language, token));
    pages
}

/// The values of an attribute, wherever it stands.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let marker = format!("{attribute}=\"");
    html.split(&marker).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn nothing_hostile_becomes_markup() {
    for language in Language::ALL {
        for html in pages(HOSTILE, language, HOSTILE) {
            for markup in ["<script", "<img", "onerror=x>", "'>"] {
                assert!(!html.contains(markup), "{html}");
            }
            // The markup is what it is for harmless values: the same elements, one by one.
            assert_eq!(html.matches("<main>").count(), 1);
        }
        let (hostile, harmless) = (pages(HOSTILE, language, HOSTILE), pages("Acme", language, "v1.abc"));
        for (hostile, harmless) in hostile.iter().zip(&harmless) {
            assert_eq!(hostile.matches('<').count(), harmless.matches('<').count(), "{hostile}");
        }
    }
}

#[test]
fn a_token_goes_nowhere_but_to_this_request() {
    for language in Language::ALL {
        for html in pages("Acme", language, "v1.secret") {
            let home = format!("/acme/v1/requests/{NUMBER}");
            for address in [values(&html, "href"), values(&html, "action")].concat() {
                assert!(address.starts_with(&home), "{address}");
                assert!(address.contains("?token=v1.secret"), "{address}");
            }
            assert_eq!(values(&html, "src").len(), 0);
            assert!(html.contains("<meta name=\"referrer\" content=\"no-referrer\">"));
            // It stands in addresses and never among what is read.
            let in_addresses = html.matches("token=v1.secret").count();
            assert_eq!(html.matches("v1.secret").count(), in_addresses, "{html}");
        }
    }
}

#[test]
fn every_page_is_in_its_language_and_can_be_used_without_eyes_or_mouse() {
    for language in Language::ALL {
        for html in pages("Acme", language, "v1.abc") {
            assert!(html.starts_with(&format!("<!doctype html><html lang=\"{}\">", language.as_str())), "{html}");
            assert_eq!(html.matches("<h1>").count(), 1);
            assert_eq!(html.matches("<title>").count(), 1);
            for id in values(&html, "for") {
                assert!(html.contains(&format!("id=\"{id}\"")), "{html}");
            }
            assert_eq!(
                html.matches("<label").count(),
                html.matches("<input").count() + html.matches("<textarea").count()
            );
            for (open, close) in
                [("<form", "</form>"), ("<p>", "</p>"), ("<ul>", "</ul>"), ("<li>", "</li>"), ("<ol>", "</ol>")]
            {
                let opened = html.matches(open).count() + if open == "<p>" { html.matches("<p ").count() } else { 0 };
                assert_eq!(opened, html.matches(close).count(), "{open}: {html}");
            }
        }
    }
}

#[test]
fn the_status_says_what_was_asked_and_understood_which_law_when_and_what_next() {
    let policy = policy("Acme");
    let state = after(RequestType::Access, [verified(), by_office(Act::Extended(ExtensionGround::Complexity))]);
    let html = page(&policy, &state, &Seen { language: Language::German, ..SEEN });
    for element in [
        "Wir arbeiten daran",
        "eine Kopie Ihrer personenbezogenen Daten",
        "Es geht um diesen Dienst: shop.",
        "Send you our newsletter",
        "jemand gestellt, der nach eigener Angabe von Ihnen bevollmächtigt ist",
        "Dieses Gesetz gilt: DSGVO (Europäische Union).",
        "bis spätestens 7. April 2026 (DSGVO Art. 12(3))",
        "<li>7. April 2026: Reg. 1182/71 Art. 3(4)</li>",
        "am 20. März 2026 verlängert: Ihr Antrag ist komplex.",
        "Wir führen ihn aus und schreiben Ihnen.",
        "<time datetime=\"2026-03-05\">5. März 2026</time>: Eingegangen",
        "<time datetime=\"2026-03-06\">6. März 2026</time>: Bestätigt, dass er von Ihnen ist",
        "Diesen Antrag zurücknehmen",
        NUMBER,
    ] {
        assert!(html.contains(element), "{element}: {html}");
    }
}

#[test]
fn what_happens_inside_the_office_is_not_shown() {
    let policy = policy("Acme");
    let clerk = StaffId::parse("clerk-18").unwrap();
    let inside = [
        by_office(Act::Claimed),
        by_office(Act::Noted),
        by_office(Act::HandedOver(clerk)),
        by_office(Act::Proposed(Ruling::Refuse(RefusalGround::Excessive))),
        by_office(Act::SentBack),
    ];
    let bare = page(&policy, &after(RequestType::Access, [verified()]), &SEEN);
    let busy = page(&policy, &after(RequestType::Access, [verified()].into_iter().chain(inside)), &SEEN);
    assert_eq!(bare, busy);
    assert!(!busy.contains("clerk"));
}

#[test]
fn whoever_typed_an_address_learns_nothing_of_what_is_held_under_it() {
    let policy = policy("Acme");
    let outsider = Seen { shows_answer: false, ..SEEN };
    for ground in [RefusalGround::NotHeld, RefusalGround::RightsOfOthers] {
        let state = after(RequestType::Access, [verified(), by_office(Act::Decided(Outcome::RefusedByOffice(ground)))]);
        let html = page(&policy, &state, &outsider);
        assert!(!html.contains(&Texts::of(Language::English).refusal(ground)), "{html}");
        assert!(html.contains("The answer with its reasons was mailed to you"), "{html}");
        assert!(page(&policy, &state, &SEEN).contains(&*escape(&Texts::of(Language::English).refusal(ground))));
    }
    let erased = |items| after(RequestType::Erasure, [verified(), by_office(Act::Decided(Outcome::Erased(items)))]);
    let state = &states()[6];
    assert!(page(&policy, state, &SEEN).contains("chat"));
    // Something held or nothing held: the same page.
    assert_eq!(page(&policy, state, &outsider), page(&policy, &erased(Vec::new()), &outsider));
}

#[test]
fn a_certificate_is_offered_to_whoever_may_read_the_answer_once_something_was_erased() {
    let policy = policy("Acme");
    let is_offered = |state: &RequestState, shows_answer| {
        page(&policy, state, &Seen { shows_answer, ..SEEN }).contains("/certificate?token=")
    };
    let state = after(RequestType::Erasure, [verified(), erased()]);
    assert!(is_offered(&state, true));
    assert!(!is_offered(&state, false), "not to whoever typed an address");
    let mut by_guardian = received(RequestType::Erasure);
    by_guardian.acting = Some(Acting { role: ActingAs::Guardian, proof: None });
    assert!(!is_offered(&RequestState::fold(by_guardian, [verified(), erased()]), true));
    for state in states() {
        assert!(!is_offered(&state, true), "nothing was erased");
    }
}

#[test]
fn a_certificate_says_what_is_signed_and_what_is_missing() {
    let policy = policy("Acme");
    let request = RequestId::parse(NUMBER).unwrap();
    let of = PageOf { policy: &policy, request: &request, language: Language::English, token: "v1.abc" };
    let (whole, part) = (certified(of, true), certified(of, false));
    assert!(whole.contains("erased on 20 March 2026 (evidence 3.17/0)"), "{whole}");
    assert!(whole.contains("is signed.") && !whole.contains("Come back tomorrow"), "{whole}");
    assert!(part.contains("Come back tomorrow") && part.contains("no evidence that a certificate"), "{part}");
}

#[test]
fn a_guardian_learns_that_it_was_done_and_not_what_there_was() {
    let policy = policy("Acme");
    let mut state = states()[6].clone();
    state.received.acting = Some(Acting { role: ActingAs::Guardian, proof: None });
    let kept = page(&policy, &state, &SEEN);
    if let Some((_, Outcome::Erased(items))) = &mut state.decided {
        items.clear();
    }
    assert_eq!(kept, page(&policy, &state, &SEEN));
    assert!(!kept.contains("chat"));
}

#[test]
fn an_open_request_can_be_taken_back_and_a_closed_one_says_that_it_is_closed() {
    let policy = policy("Acme");
    for state in states() {
        let html = page(&policy, &state, &SEEN);
        assert_eq!(html.contains("/withdrawal?token="), state.stage().is_open(), "{html}");
        assert_eq!(html.contains("the request is closed"), !state.stage().is_open(), "{html}");
    }
}

#[test]
fn the_code_is_asked_for_only_while_it_is_waited_for_and_a_wrong_one_is_said() {
    let policy = policy("Acme");
    assert!(page(&policy, &states()[0], &SEEN).contains("name=\"code\""));
    assert!(!page(&policy, &states()[1], &SEEN).contains("name=\"code\""));
    let request = RequestId::parse(NUMBER).unwrap();
    let of = PageOf { policy: &policy, request: &request, language: Language::French, token: "t" };
    assert!(!confirm(of, ConfirmBy::Code { was_wrong: false }).contains("role=\"alert\""));
    assert!(confirm(of, ConfirmBy::Code { was_wrong: true }).contains("Ce n’est pas le code"));
}

#[test]
fn lateness_is_admitted() {
    let policy = policy("Acme");
    let late = Seen { now: "2026-04-07T22:00:00Z", ..SEEN };
    let in_time = Seen { now: "2026-04-07T21:59:59Z", ..SEEN };
    let state = after(RequestType::Access, [verified()]);
    assert!(page(&policy, &state, &late).contains("We are late"));
    assert!(!page(&policy, &state, &in_time).contains("We are late"));
    assert!(!page(&policy, &states()[8], &late).contains("We are late"));
    // Nothing is late while the clock stands, and no day is promised that moves.
    let asked = Entry { at: at("2026-03-07T12:00:00Z"), ..by_office(Act::Asked(Ask::Identity)) };
    let standing = page(&policy, &after(RequestType::Access, [asked]), &Seen { stands: true, ..late });
    assert!(standing.contains("stands still until you reply"), "{standing}");
    assert!(!standing.contains("We are late") && !standing.contains("We answer by"), "{standing}");
}
