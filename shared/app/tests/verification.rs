//! Who asks is shown by a code, a login or points, and nothing shown of one person opens what is another's.
//! What can be set off by anybody is limited, and tells nobody anything.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    challenges::Challenges as _,
    fulfil_request::{self, Unsent},
    keys::Keys as _,
    limits::{self as counting, Caller},
    mail::Mail,
    receive_request::{self, Acknowledgement, ReceiveError, ReceiveRequest},
    records::{self, RegisterRecord},
    requests::{self, RequestKey, RequestLog as _},
    verify::{self, Shown, VerifyError},
};
use domain::{
    dsar::{AccountClaims, Outcome, RequestType, VerifiedBy},
    ids::{Field, Identifier, IdentifierKind},
    limits::Limit,
    place::Place,
    policy::{AccountRule, Clause, Policy, Regime, RightRule, VerificationRule},
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};
use testkit::{Memory, build};

const URL: &str = "https://privacy.example";
const ISSUER: &str = "https://login.test.example";
const SOURCE: Option<&str> = Some("203.0.113.7");

fn later(seconds: i64) -> Timestamp {
    build::at("2026-02-02T12:00:00Z") + seconds.seconds()
}

fn by(source: Option<&str>, seconds: i64) -> Caller<'_> {
    Caller { source, at: later(seconds) }
}

fn form(identifier: Identifier, request: RequestType, key: &str) -> ReceiveRequest {
    ReceiveRequest::new(request, identifier, key.to_owned(), later(0))
}

fn policy() -> Policy {
    let mut policy = build::policy();
    policy.accounts = Some(AccountRule { issuer: ISSUER.into(), audience: "privacy".into() });
    policy
}

async fn asked(policy: &Policy, memory: &Memory, form: ReceiveRequest) -> Acknowledgement {
    let answer = receive_request::receive(policy, memory, form).await.unwrap();
    fulfilled(policy, memory, &answer.request, 0).await;
    answer
}

async fn fulfilled(policy: &Policy, memory: &Memory, key: &RequestKey, seconds: i64) -> (Option<Outcome>, Vec<Limit>) {
    let mut unsent = Unsent::default();
    let outcome = fulfil_request::fulfil_within(policy, memory, key, later(seconds), URL, &mut unsent).await.unwrap();
    assert_eq!(unsent.refused, 0);
    (outcome, unsent.limited)
}

/// The eight digits in a letter.
fn code_in(mail: &Mail) -> String {
    let digits = |word: &str| word.trim_end_matches('.').to_owned();
    let is_code = |word: &String| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
    mail.text.split_whitespace().map(digits).find(is_code).unwrap()
}

async fn typed(
    policy: &Policy,
    memory: &Memory,
    answer: &Acknowledgement,
    code: &str,
    seconds: i64,
) -> Result<Option<VerifiedBy>, VerifyError> {
    let shown = Shown::Code(code);
    let state =
        verify::verify(policy, memory, &answer.request.request, &answer.token, shown, by(SOURCE, seconds)).await?;
    Ok(state.verified.map(|(_, by)| by))
}

fn refused<T>(result: &Result<T, VerifyError>) -> bool {
    matches!(result, Err(VerifyError::NoProof))
}

#[tokio::test]
async fn the_code_that_was_mailed_verifies_its_request_and_no_other() {
    let (policy, memory) = (policy(), Memory::new());
    let ada = asked(&policy, &memory, form(build::mail("ada@example.com"), RequestType::Erasure, "a")).await;
    let ada_code = code_in(memory.sent().last().unwrap());
    let bob = asked(&policy, &memory, form(build::mail("bob@example.com"), RequestType::Erasure, "b")).await;
    let other = asked(&policy, &memory, form(build::mail("ada@example.com"), RequestType::Access, "c")).await;
    assert!(refused(&typed(&policy, &memory, &bob, &ada_code, 1).await), "another person's");
    assert!(refused(&typed(&policy, &memory, &other, &ada_code, 1).await), "another request of the same person");
    assert!(refused(&typed(&policy, &memory, &ada, "00000000", 1).await));
    assert_eq!(typed(&policy, &memory, &ada, &ada_code, 30 * 60 - 1).await.unwrap(), Some(VerifiedBy::Code));
    // It has a single effect: what is shown afterwards changes nothing, and the history has one entry.
    assert_eq!(typed(&policy, &memory, &ada, "00000000", 2).await.unwrap(), Some(VerifiedBy::Code));
    let stored = memory.request(&ada.request).await.unwrap().unwrap();
    assert_eq!(stored.state.history.len(), 1);
    // A token of one request does not carry the code of another.
    let shown = Shown::Code(&ada_code);
    let crossed = verify::verify(&policy, &memory, &bob.request.request, &ada.token, shown, by(SOURCE, 1)).await;
    assert!(matches!(crossed, Err(VerifyError::Request(_))));
}

#[tokio::test]
async fn guessing_ends_after_five_tries_and_a_late_code_opens_nothing() {
    let (policy, memory) = (policy(), Memory::new());
    let ada = asked(&policy, &memory, form(build::mail("ada@example.com"), RequestType::Erasure, "a")).await;
    let code = code_in(memory.sent().last().unwrap());
    assert!(refused(&typed(&policy, &memory, &ada, &code, 30 * 60).await), "too late");
    for _ in 0..5 {
        assert!(refused(&typed(&policy, &memory, &ada, "12345678", 10).await));
    }
    assert!(refused(&typed(&policy, &memory, &ada, &code, 10).await), "even the right one, after five wrong ones");
    // The link is another means, and keeps working.
    let letter = memory.sent()[0].text.clone();
    let token = letter.split("?token=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned();
    let state = requests::verify(&policy, &memory, &ada.request.request, &token, later(60)).await.unwrap();
    assert_eq!(state.verified.map(|(_, by)| by), Some(VerifiedBy::Mail));
}

#[tokio::test]
async fn another_code_voids_the_older_and_whoever_asks_learns_nothing() {
    let (policy, memory) = (policy(), Memory::new());
    let ada = asked(&policy, &memory, form(build::mail("ada@example.com"), RequestType::Erasure, "a")).await;
    let first = code_in(memory.sent().last().unwrap());
    let ask = async |seconds| {
        verify::ask_code(&policy, &memory, &ada.request.request, &ada.token, by(SOURCE, seconds)).await.unwrap();
        fulfilled(&policy, &memory, &ada.request, seconds).await;
        memory.sent().len()
    };
    assert_eq!(ask(59).await, 1, "not within a minute; the answer is the same");
    assert_eq!(ask(60).await, 2);
    assert_eq!(fulfilled(&policy, &memory, &ada.request, 61).await.1, vec![], "a redelivery sends nothing twice");
    assert_eq!(memory.sent().len(), 2);
    let second = code_in(memory.sent().last().unwrap());
    assert_ne!(first, second);
    assert!(refused(&typed(&policy, &memory, &ada, &first, 61).await));
    assert_eq!((ask(120).await, ask(180).await, ask(240).await), (3, 4, 4), "three times");
    assert!(refused(&typed(&policy, &memory, &ada, &second, 241).await));
    let last = code_in(memory.sent().last().unwrap());
    assert_eq!(typed(&policy, &memory, &ada, &last, 241).await.unwrap(), Some(VerifiedBy::Code));
    ask(999).await;
    assert_eq!(memory.codes_asked().len(), 3, "nothing is asked for any more, and the answer is still the same");
}

#[tokio::test]
async fn a_mailbox_proves_nothing_of_a_telephone_number_beside_it() {
    let (policy, memory) = (policy(), Memory::new());
    let phone = Identifier::parse(IdentifierKind::Phone, "+33123456789").unwrap();
    let answer = asked(&policy, &memory, form(phone, RequestType::Access, "a")).await;
    assert_eq!(answer.received.verification, VerificationRule::Mail);
    assert!(memory.sent().is_empty(), "there is no mailbox to ask");
    verify::ask_code(&policy, &memory, &answer.request.request, &answer.token, by(SOURCE, 600)).await.unwrap();
    fulfilled(&policy, &memory, &answer.request, 600).await;
    assert!(memory.sent().is_empty() && memory.codes_asked().is_empty());
    // Even a code that somebody could compute does not open it: no challenge stands.
    let keys = memory.controller(&policy.controller).await.unwrap();
    let code = keys.tokens.code(&policy.controller, &answer.request.subject, &answer.request.request, 1);
    assert!(refused(&typed(&policy, &memory, &answer, code.disclose(), 601).await));
}

fn claims(sub: &str, mail: Option<&str>, nonce: &str) -> AccountClaims {
    AccountClaims {
        issuer: ISSUER.into(),
        audience: vec!["privacy".into()],
        authorized_party: None,
        subject: Sensitive::new(sub.to_owned()),
        mail: mail.map(|mail| Sensitive::new(mail.to_owned())),
        mail_verified: true,
        issued_at: later(0),
        expires_at: later(300),
        not_before: None,
        login_at: Some(later(0)),
        nonce: Some(nonce.to_owned()),
    }
}

#[tokio::test]
async fn a_login_verifies_what_is_about_its_own_account_or_mailbox() {
    let (policy, memory) = (policy(), Memory::new());
    let account = Identifier::parse(IdentifierKind::Account, "ada-1").unwrap();
    let by_account = asked(&policy, &memory, form(account, RequestType::Access, "a")).await;
    let by_mail = asked(&policy, &memory, form(build::mail("ada@example.com"), RequestType::Access, "b")).await;
    let of_bob = asked(&policy, &memory, form(build::mail("bob@example.com"), RequestType::Access, "c")).await;
    let show = async |answer: &Acknowledgement, token: &str| {
        let shown = Shown::Account(token);
        verify::verify(&policy, &memory, &answer.request.request, &answer.token, shown, by(SOURCE, 60)).await
    };
    for (answer, token, mail) in [
        (&by_account, "for-account", None),
        (&by_mail, "for-mail", Some("Ada@example.com")),
        (&of_bob, "for-bob", Some("ada@example.com")),
    ] {
        memory.sign_account_token(ISSUER, token, claims("ada-1", mail, answer.request.request.as_str()));
    }
    assert!(refused(&show(&of_bob, "for-bob").await), "logged in as somebody else");
    assert!(refused(&show(&by_mail, "for-account").await), "made for another request");
    assert!(refused(&show(&by_mail, "unsigned").await));
    for (answer, token) in [(&by_account, "for-account"), (&by_mail, "for-mail")] {
        let state = show(answer, token).await.unwrap();
        assert_eq!(state.verified.map(|(_, by)| by), Some(VerifiedBy::Account));
    }
    let silent = Policy { accounts: None, ..policy.clone() };
    let shown = Shown::Account("for-bob");
    let none = verify::verify(&silent, &memory, &of_bob.request.request, &of_bob.token, shown, by(SOURCE, 60)).await;
    assert!(refused(&none), "the policy names no issuer");
}

async fn customer(policy: &Policy, memory: &Memory) {
    let fields = [("name", "Ada Lovelace"), ("phone", "+1 (408) 555-0100"), ("birth", "17.05.1990")];
    let form = RegisterRecord {
        fields: build::fields(&fields),
        ..build::registration(build::mail("ada@example.com"), ("account", "contract"), "profile-1", later(-60))
    };
    records::register(policy, memory, form).await.unwrap();
}

fn californian(key: &str, points: &[(&str, &str)], declared: bool) -> ReceiveRequest {
    let points =
        points.iter().map(|(field, value)| (Field::parse(field).unwrap(), Sensitive::new((*value).to_owned())));
    ReceiveRequest {
        points: points.collect(),
        declared,
        residence: Some(Place::parse("US-CA").unwrap()),
        ..form(build::mail("ada@example.com"), RequestType::KnowPieces, key)
    }
}

fn of_california() -> Policy {
    let mut policy = policy();
    policy.regimes = vec![Regime::EuGdpr, Regime::UsCa];
    let rule = RightRule {
        request: RequestType::KnowPieces,
        refusal: None,
        verification: VerificationRule::Points(2),
        respond_within: None,
        clause: Clause::new("test.know-pieces"),
    };
    policy.rights.insert(rule.request, rule);
    policy
}

const ALL_RIGHT: [(&str, &str); 3] = [("name", "ada  LOVELACE"), ("phone", "+14085550100"), ("birth", "1990-05-17")];

#[tokio::test]
async fn pieces_need_three_points_and_a_declaration_and_two_are_answered_by_category() {
    let (policy, memory) = (of_california(), Memory::new());
    customer(&policy, &memory).await;
    let form = californian("a", &ALL_RIGHT, false);
    assert!(matches!(receive_request::receive(&policy, &memory, form).await, Err(ReceiveError::DeclarationNeeded)));
    let form = californian("b", &ALL_RIGHT[..2], true);
    assert!(matches!(receive_request::receive(&policy, &memory, form).await, Err(ReceiveError::PointsNeeded(3))));
    // The address itself, or one value under two names, is no further point.
    let padded = [ALL_RIGHT[0], ALL_RIGHT[1], ("contact", "ada@example.com"), ("mobile", "+1 408 555 0100")];
    let form = californian("c", &padded, true);
    assert!(matches!(receive_request::receive(&policy, &memory, form).await, Err(ReceiveError::PointsNeeded(3))));

    for (key, third, answered, outcome) in [
        ("d", ("birth", "1990-05-17"), RequestType::KnowPieces, true),
        ("e", ("birth", "1990-05-18"), RequestType::KnowCategories, true),
    ] {
        let answer = asked(&policy, &memory, californian(key, &[ALL_RIGHT[0], ALL_RIGHT[1], third], true)).await;
        let stored = memory.request(&answer.request).await.unwrap().unwrap();
        assert_eq!((stored.state.answered_as(), stored.state.decided.is_some()), (answered, outcome), "{key}");
        assert!(stored.state.received.points.is_empty(), "what served the verification is gone");
    }
    let letter = memory.sent().last().unwrap().text.clone();
    assert!(letter.contains("7024(a)") && letter.contains("categories"), "{letter}");
    let wrong = [("name", "Eve"), ("phone", "+14085550100"), ("birth", "1991-01-01")];
    let answer = asked(&policy, &memory, californian("f", &wrong, true)).await;
    let stored = memory.request(&answer.request).await.unwrap().unwrap();
    assert_eq!(stored.state.decided.unwrap().1, Outcome::NotVerified);
    assert!(stored.state.received.points.is_empty(), "and of who was not verified too");
}

#[tokio::test]
async fn what_served_a_mailed_proof_is_gone_once_it_is_verified_or_closed() {
    let (policy, memory) = (policy(), Memory::new());
    let ada = asked(&policy, &memory, form(build::mail("ada@example.com"), RequestType::Erasure, "a")).await;
    assert!(memory.challenge(&ada.request).await.unwrap().is_some());
    let code = code_in(memory.sent().last().unwrap());
    typed(&policy, &memory, &ada, &code, 1).await.unwrap();
    fulfilled(&policy, &memory, &ada.request, 2).await;
    assert_eq!(memory.challenge(&ada.request).await.unwrap(), None);
}

#[tokio::test]
async fn typing_a_strangers_address_fills_no_mailbox_and_the_requests_stand() {
    let (policy, memory) = (policy(), Memory::new());
    let kinds = [RequestType::Access, RequestType::Erasure, RequestType::Restriction];
    let mut limits = Vec::new();
    let mut answers = Vec::new();
    for n in 0..9 {
        let form = form(build::mail("ada@example.com"), kinds[n % 3], &format!("{n}"));
        let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
        limits.extend(fulfilled(&policy, &memory, &answer.request, 0).await.1);
        answers.push(answer);
    }
    assert_eq!(memory.sent().len(), 5);
    assert_eq!(limits, [Limit::MailsToAddress; 4]);
    for answer in &answers {
        assert!(memory.request(&answer.request).await.unwrap().is_some(), "each is taken in");
        fulfilled(&policy, &memory, &answer.request, 1).await;
    }
    assert_eq!(memory.sent().len(), 5, "a redelivery sends none of them after all");
    // Another day the person asks for the code of one that was kept back.
    let day = 24 * 60 * 60;
    let kept_back = answers.last().unwrap();
    verify::ask_code(&policy, &memory, &kept_back.request.request, &kept_back.token, by(SOURCE, day)).await.unwrap();
    fulfilled(&policy, &memory, &kept_back.request, day).await;
    let code = code_in(&memory.sent()[5]);
    assert_eq!(typed(&policy, &memory, kept_back, &code, day + 1).await.unwrap(), Some(VerifiedBy::Code));
}

#[tokio::test]
async fn a_repeat_of_what_is_open_is_answered_alike_and_brings_no_mail() {
    let (policy, memory) = (policy(), Memory::new());
    let mut limits = Vec::new();
    for n in 0..4 {
        let form = form(build::mail("ada@example.com"), RequestType::Access, &format!("{n}"));
        let form = ReceiveRequest { at: later(n), ..form };
        let answer = receive_request::receive(&policy, &memory, form).await.unwrap();
        limits.extend(fulfilled(&policy, &memory, &answer.request, n).await.1);
    }
    assert_eq!((memory.sent().len(), limits), (3, vec![Limit::OpenOfOneType]));
}

#[tokio::test]
async fn one_source_asks_so_often_and_nobody_elses_requests_are_used_up() {
    let (policy, memory) = (policy(), Memory::new());
    let ada = build::mail("ada@example.com");
    let count = async |source, identifier: &Identifier, seconds| {
        counting::count_intake(&memory, &policy.controller, identifier, by(source, seconds)).await.unwrap()
    };
    for _ in 0..10 {
        assert_eq!(count(SOURCE, &ada, 0).await, None);
    }
    let limited = count(SOURCE, &ada, 0).await.unwrap();
    assert_eq!((limited.limit, limited.retry_after_seconds), (Limit::IntakeByIdentifier, 12 * 60 * 60));
    assert_eq!(count(Some("203.0.113.8"), &ada, 0).await, None, "the person asks from home");
    for n in 11..60 {
        let someone = build::mail(&format!("p{n}@example.com"));
        assert_eq!(count(SOURCE, &someone, 0).await, None, "{n}");
    }
    let other = build::mail("last@example.com");
    let limited = count(SOURCE, &other, 1_800).await.unwrap();
    assert_eq!((limited.limit, limited.retry_after_seconds), (Limit::IntakeBySource, 1_800));
    assert_eq!(count(SOURCE, &other, 3_600).await, None, "the next hour");
    for _ in 0..100 {
        assert_eq!(count(None, &ada, 0).await, None, "the machine itself is not counted");
    }
}

#[tokio::test]
async fn proofs_from_one_source_are_limited_over_all_requests() {
    let (policy, memory) = (policy(), Memory::new());
    let mut answers = Vec::new();
    for n in 0..13 {
        let form = form(build::mail(&format!("p{n}@example.com")), RequestType::Erasure, "a");
        answers.push(asked(&policy, &memory, form).await);
    }
    for n in 0..60 {
        assert!(refused(&typed(&policy, &memory, &answers[n / 5], "12345678", 1).await), "{n}");
    }
    let code = code_in(memory.sent().last().unwrap());
    let limited = typed(&policy, &memory, answers.last().unwrap(), &code, 1).await;
    assert!(matches!(limited, Err(VerifyError::Limited(limited)) if limited.limit == Limit::Proofs));
}

/// The reads and writes of a request are the same whether or not the person is known: nothing is to be
/// timed.
#[tokio::test]
async fn a_known_person_and_a_stranger_cost_the_same_calls() {
    let (policy, memory) = (of_california(), Memory::new());
    customer(&policy, &memory).await;
    let mut calls = Vec::new();
    for who in ["ada@example.com", "nobody@example.com"] {
        let before = memory.calls();
        let identifier = build::mail(who);
        counting::count_intake(&memory, &policy.controller, &identifier, by(SOURCE, 0)).await.unwrap();
        let answer =
            receive_request::receive(&policy, &memory, form(identifier, RequestType::Erasure, "a")).await.unwrap();
        assert!(refused(&typed(&policy, &memory, &answer, "12345678", 1).await));
        calls.push(memory.calls() - before);
    }
    assert_eq!(calls[0], calls[1]);
}
