//! The disclosure gate on ports in memory: what is allowed is logged, and nothing else is either.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::{
    capture_consent,
    disclose::{Disclose, DiscloseError, DisclosureLog, Logged, disclose},
    fulfil_request,
    holds::{self, HoldKey, PlaceHold},
    keys::Keys,
    receive_request::{self, ReceiveRequest},
    requests::{self, NewEntry},
    uses::{self, AskUse},
};
use domain::{
    consent::Choice,
    disclosure::{About, DisclosureAsked, Whose},
    dsar::{Act, Actor, RequestType, VerifiedBy},
    hold::{HoldReason, ScopeAsked},
    ids::{StaffId, SubjectRef},
    policy::Policy,
    standing::{Reason, UseAsked},
};
use jiff::Timestamp;
use testkit::{
    Memory,
    build::{self, at},
    recipients::{self, asked, references},
};

const ADA: &str = "ada@example.com";
const JANUARY: &str = "2026-01-10T10:00:00Z";
const FEBRUARY: &str = "2026-02-10T10:00:00Z";
const MARCH: &str = "2026-03-10T10:00:00Z";

fn form(asked: DisclosureAsked, key: &str, occurred_at: &str) -> Disclose {
    Disclose {
        about: About::Person(build::mail(ADA)),
        asked,
        occurred_at: at(occurred_at),
        logged_by: "officer-1".into(),
        key: key.into(),
        at: at(occurred_at),
    }
}

fn to_host() -> DisclosureAsked {
    asked("host", &["account"], "contract")
}

async fn ada(policy: &Policy, memory: &Memory) -> SubjectRef {
    memory.controller(&policy.controller).await.unwrap().pepper.subject(&build::mail(ADA))
}

fn reason(result: Result<Logged, DiscloseError>) -> Option<Reason> {
    match result {
        Err(DiscloseError::Denied(denied)) => Some(denied.reason),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn choose(policy: &Policy, memory: &Memory, name: &str, choice: Choice, when: &str) {
    let form = build::capture(build::mail(ADA), &[(name, choice)], &format!("{name} {when}"), at(when));
    capture_consent::capture(policy, memory, form).await.unwrap();
}

async fn request(policy: &Policy, memory: &Memory, what: RequestType, when: &str) {
    let form = ReceiveRequest::new(what, build::mail(ADA), format!("{what}"), at(when));
    receive_request::receive(policy, memory, form).await.unwrap();
}

#[tokio::test]
async fn what_is_allowed_stands_in_the_log_with_its_clause() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let texts = references(&[("processing-agreement", "dpa-7"), ("standard-clauses", "2021/914 of 2024-02-01")]);
    let analyst = DisclosureAsked { references: texts.clone(), ..asked("analyst", &["server-log"], "security") };
    let logged = disclose(&policy, &memory, form(analyst, "k", JANUARY)).await.unwrap();
    let subject = ada(&policy, &memory).await;
    let stored = memory.disclosures(&policy.controller, &subject).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!((&stored[0].disclosure, &stored[0].references), (&logged.disclosure, &Some(texts)));
    let disclosure = &stored[0].disclosure;
    assert_eq!(disclosure.clause.as_str(), "test.analyst");
    assert_eq!(disclosure.whose, Whose::Person(subject));
    assert_eq!(disclosure.mechanism.map(|mechanism| mechanism.as_str()), Some("standard-clauses"));
    assert_eq!(disclosure.countries.iter().map(ToString::to_string).collect::<Vec<_>>(), ["IN"]);
    assert_eq!((disclosure.policy.clone(), disclosure.occurred_at), (policy.hash, at(JANUARY)));
}

#[tokio::test]
async fn what_is_denied_leaves_nothing_behind() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    for (asked, expected) in [
        (asked("stranger", &["account"], "contract"), Reason::UnlistedRecipient),
        (asked("host", &["moods"], "contract"), Reason::UndeclaredCategory),
        (asked("host", &["account"], "revenge"), Reason::UndeclaredPurpose),
        (asked("host", &["address"], "marketing"), Reason::ConsentMissing),
        (asked("police", &["account"], "accounting"), Reason::GroundNotAllowed),
        (asked("analyst", &["server-log"], "security"), Reason::ReferenceMissing),
    ] {
        assert_eq!(reason(disclose(&policy, &memory, form(asked, "k", JANUARY)).await), Some(expected));
    }
    let subject = ada(&policy, &memory).await;
    assert!(memory.disclosures(&policy.controller, &subject).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_retry_answers_the_first_and_another_disclosure_under_its_key_is_refused() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let first = disclose(&policy, &memory, form(to_host(), "k", JANUARY)).await.unwrap();
    let late = Disclose { at: at(FEBRUARY), logged_by: "officer-2".into(), ..form(to_host(), "k", JANUARY) };
    let again = disclose(&policy, &memory, late).await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(first.disclosure, again.disclosure);
    for other in [
        form(asked("host", &["invoice"], "contract"), "k", JANUARY),
        form(to_host(), "k", FEBRUARY),
        form(DisclosureAsked { references: references(&[("ticket", "4711")]), ..to_host() }, "k", JANUARY),
    ] {
        assert!(matches!(disclose(&policy, &memory, other).await, Err(DiscloseError::KeyReused)));
    }
    let new = disclose(&policy, &memory, form(to_host(), "k2", JANUARY)).await.unwrap();
    assert_ne!(new.disclosure.id, first.disclosure.id);
}

#[tokio::test]
async fn what_was_logged_once_is_answered_again_even_if_the_policy_has_changed_since() {
    let (mut policy, memory) = (recipients::policy(), Memory::new());
    let first = disclose(&policy, &memory, form(to_host(), "k", JANUARY)).await.unwrap();
    policy.recipients.clear();
    let again = disclose(&policy, &memory, form(to_host(), "k", JANUARY)).await.unwrap();
    assert_eq!((again.disclosure, again.replayed), (first.disclosure, true));
    let new = disclose(&policy, &memory, form(to_host(), "k2", JANUARY)).await;
    assert_eq!(reason(new), Some(Reason::UnlistedRecipient));
    // The key of a disclosure that stands does not open another one.
    let other = disclose(&policy, &memory, form(asked("host", &["invoice"], "contract"), "k", JANUARY)).await;
    assert_eq!(reason(other), Some(Reason::UnlistedRecipient));
}

#[tokio::test]
async fn consent_counts_as_it_stood_when_the_disclosure_happened() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    choose(&policy, &memory, "marketing", Choice::Given, "2026-01-20T10:00:00Z").await;
    choose(&policy, &memory, "profiling", Choice::Given, "2026-01-20T10:00:00Z").await;
    choose(&policy, &memory, "profiling", Choice::Withdrawn, "2026-02-20T10:00:00Z").await;
    for (when, expected) in
        [(JANUARY, Some(Reason::ConsentMissing)), (FEBRUARY, None), (MARCH, Some(Reason::ConsentMissing))]
    {
        let sale = asked("advertiser", &["address"], "marketing");
        assert_eq!(reason(disclose(&policy, &memory, form(sale, when, when)).await), expected, "{when}");
    }
}

#[tokio::test]
async fn an_objection_stops_disclosures_from_the_moment_it_is_taken_in() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    request(&policy, &memory, RequestType::Objection, FEBRUARY).await;
    let host = |what, what_for| asked("host", &[what], what_for);
    for (when, what, what_for, expected) in [
        (JANUARY, "server-log", "security", None),
        (MARCH, "server-log", "security", Some(Reason::Objection)),
        (MARCH, "account", "contract", None),
    ] {
        let decided = disclose(&policy, &memory, form(host(what, what_for), &format!("{when}{what}"), when)).await;
        assert_eq!(reason(decided), expected, "{when} {what}");
    }
}

#[tokio::test]
async fn an_opt_out_ends_a_sale_that_was_agreed_to() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    choose(&policy, &memory, "marketing", Choice::Given, JANUARY).await;
    choose(&policy, &memory, "profiling", Choice::Given, JANUARY).await;
    let sale = || form(asked("advertiser", &["address"], "marketing"), "k", MARCH);
    request(&policy, &memory, RequestType::DoNotSellOrShare, FEBRUARY).await;
    assert_eq!(reason(disclose(&policy, &memory, sale()).await), Some(Reason::DoNotSellOrShare));
}

#[tokio::test]
async fn a_hold_by_restriction_lets_the_police_alone_through() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let hold = PlaceHold {
        scope: ScopeAsked::Subject(build::mail(ADA)),
        reason: HoldReason::Restriction,
        ground: None,
        review_at: at("2026-12-01T00:00:00Z"),
        opened_by: "officer-1".into(),
        key: "hold".into(),
        at: at(JANUARY),
    };
    let hold = holds::place(&policy, &memory, hold).await.unwrap();
    assert_eq!(reason(disclose(&policy, &memory, form(to_host(), "a", FEBRUARY)).await), Some(Reason::Restriction));
    let ordered = DisclosureAsked {
        ground: Some(recipients::ground("court-order")),
        ..asked("police", &["account"], "accounting")
    };
    assert_eq!(reason(disclose(&policy, &memory, form(ordered, "b", FEBRUARY)).await), None);
    let officer = "officer-1";
    holds::release(&policy, &memory, &HoldKey::from(&hold), officer, at("2026-02-20T10:00:00Z")).await.unwrap();
    assert_eq!(reason(disclose(&policy, &memory, form(to_host(), "c", MARCH)).await), None);
}

#[tokio::test]
async fn a_restriction_that_was_asked_for_stops_uses_before_and_after_it_is_carried_out() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let form = ReceiveRequest::new(RequestType::Restriction, build::mail(ADA), "restrict".into(), at(FEBRUARY));
    let asked = receive_request::receive(&policy, &memory, form).await.unwrap();
    let may = async |when| use_of(&policy, &memory, "contract", when).await.map(drop).map_err(|denied| denied.reason);
    assert_eq!(may(at(FEBRUARY)).await, Ok(()), "nobody has shown yet who asks");
    let seen = Act::Verified(VerifiedBy::Office);
    let clerk = Actor::Staff(StaffId::parse("clerk-1").unwrap());
    requests::record(&policy, &memory, &asked.request, |_| {
        Some(NewEntry::new(at(FEBRUARY), clerk.clone(), seen.clone()))
    })
    .await
    .unwrap();
    fulfil_request::fulfil(&policy, &memory, &asked.request, at(FEBRUARY), "https://privacy.example").await.unwrap();
    assert_eq!(may(at(MARCH)).await, Err(Reason::Restriction));
}

async fn use_of(policy: &Policy, memory: &Memory, name: &str, when: Timestamp) -> domain::standing::Decision {
    let form = AskUse { identifier: build::mail(ADA), asked: UseAsked::new(build::purpose(name)), at: when };
    uses::ask(policy, memory, form).await.unwrap()
}

#[tokio::test]
async fn a_use_is_allowed_by_its_clause_or_denied_with_its_reason() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let said = async |name: &str, when| match use_of(&policy, &memory, name, at(when)).await {
        Ok(allowed) => allowed.clause.to_string(),
        Err(denied) => denied.reason.as_str().to_owned(),
    };
    assert_eq!(said("contract", JANUARY).await, "test.contract");
    assert_eq!(said("unheard-of", JANUARY).await, "undeclared-purpose");
    assert_eq!(said("marketing", JANUARY).await, "consent-missing");
    choose(&policy, &memory, "marketing", Choice::Given, JANUARY).await;
    assert_eq!(said("marketing", FEBRUARY).await, "test.marketing");
    request(&policy, &memory, RequestType::ObjectionMarketing, FEBRUARY).await;
    assert_eq!(said("marketing", MARCH).await, "objection-marketing");
    choose(&policy, &memory, "marketing", Choice::Given, MARCH).await;
    assert_eq!(said("marketing", "2027-01-01T00:00:00Z").await, "objection-marketing", "for good");
}

#[tokio::test]
async fn a_total_is_logged_under_nobody_and_one_of_few_people_is_denied() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let total = |people, key| Disclose {
        about: About::Total { people },
        ..form(asked("industry-body", &["server-log"], "statistics"), key, JANUARY)
    };
    assert_eq!(reason(disclose(&policy, &memory, total(9, "a")).await), Some(Reason::TooFewPeople));
    let logged = disclose(&policy, &memory, total(10, "a")).await.unwrap();
    assert_eq!(logged.disclosure.whose, Whose::Total { people: 10 });
    assert!(disclose(&policy, &memory, total(10, "a")).await.unwrap().replayed);
    assert!(matches!(disclose(&policy, &memory, total(11, "a")).await, Err(DiscloseError::KeyReused)));
    let subject = ada(&policy, &memory).await;
    assert!(memory.disclosures(&policy.controller, &subject).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_answer_about_a_stranger_takes_the_same_calls() {
    let policy = recipients::policy();
    let mut calls = Vec::new();
    for known in [false, true] {
        let memory = Memory::new();
        if known {
            choose(&policy, &memory, "profiling", Choice::Given, JANUARY).await;
            request(&policy, &memory, RequestType::Access, JANUARY).await;
        }
        let mut counted = Vec::new();
        for (asked, key) in [(to_host(), "a"), (asked("stranger", &["account"], "contract"), "b")] {
            let before = memory.calls();
            let _ = disclose(&policy, &memory, form(asked, key, FEBRUARY)).await;
            counted.push(memory.calls() - before);
        }
        let before = memory.calls();
        let decision = use_of(&policy, &memory, "contract", at(FEBRUARY)).await;
        counted.push(memory.calls() - before);
        calls.push((counted, decision));
    }
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test]
async fn a_crash_at_any_step_logs_at_most_once() {
    let policy = recipients::policy();
    let texts = references(&[("processing-agreement", "dpa-7"), ("standard-clauses", "2021/914")]);
    let asked = || DisclosureAsked { references: texts.clone(), ..asked("analyst", &["server-log"], "security") };
    for step in 0.. {
        let memory = Memory::new();
        memory.fail_after(step);
        let first = disclose(&policy, &memory, form(asked(), "k", JANUARY)).await;
        memory.recover();
        disclose(&policy, &memory, form(asked(), "k", JANUARY)).await.unwrap();
        let subject = ada(&policy, &memory).await;
        assert_eq!(memory.disclosures(&policy.controller, &subject).await.unwrap().len(), 1, "step {step}");
        if first.is_ok() {
            assert!(step > 3, "each step was tried");
            break;
        }
    }
}
