//! What a request may ask, who may ask for whom, by when it is answered and what it stops.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{
    dsar::{
        self, Acting, ActingAs, ActingRefused, Item, ItemResult, Outcome, PROCESSOR, Received, RequestState,
        RequestType, SUBJECT_DECEASED, Stage, Stop, VerifiedBy,
    },
    ids::{ControllerId, EventName, Ground, IdentifierKind, Pepper, Purpose, RequestId},
    policy::{
        AgentRule, Clause, LawfulBasis, Notice, Policy, PurposeRule, Refusal, Regime, RightRule, RoleRule, ServiceRole,
        Use, VerificationRule,
    },
};
use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};

fn policy() -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
    policy.time_zone = TimeZone::get("Europe/Paris").unwrap();
    for (name, basis, uses) in [
        ("newsletter", LawfulBasis::Consent, vec![Use::Marketing]),
        ("offers", LawfulBasis::Contract, vec![Use::Marketing]),
        ("security", LawfulBasis::LegitimateInterests, vec![]),
        ("analytics", LawfulBasis::LegitimateInterests, vec![Use::Profiling]),
        ("partners", LawfulBasis::LegitimateInterests, vec![Use::Sharing, Use::OwnUse]),
        ("lists", LawfulBasis::LegitimateInterests, vec![Use::Rent]),
        ("scoring", LawfulBasis::Contract, vec![Use::AutomatedDecision]),
        ("account", LawfulBasis::Contract, vec![]),
        ("books", LawfulBasis::LegalObligation, vec![]),
    ] {
        let mut rule = PurposeRule::new(purpose(name), name.into(), basis, Clause::new(format!("acme.{name}")));
        rule.uses = uses.into_iter().collect();
        policy.purposes.insert(rule.id.clone(), rule);
    }
    policy
}

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn ground(name: &str) -> Ground {
    Ground::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn right(request: RequestType, verification: VerificationRule, within: Option<Span>) -> RightRule {
    RightRule {
        request,
        refusal: None,
        verification,
        respond_within: within.map(Span::fieldwise),
        clause: Clause::new(format!("acme.{request}")),
    }
}

fn with(mut policy: Policy, rule: RightRule) -> Policy {
    policy.rights.insert(rule.request, rule);
    policy
}

fn received(request: RequestType, at: Timestamp) -> Received {
    Received {
        verification: request.default_verification(),
        ..Received::new(request, IdentifierKind::Mail, at, (at + 720.hours(), "GDPR Art. 12(3)".into()))
    }
}

fn stopped(policy: &Policy, request: RequestType, named: &[&str]) -> (Vec<String>, bool) {
    let named: Vec<_> = named.iter().map(|name| purpose(name)).collect();
    let Stop { purposes, with_office } = dsar::stop(policy, request, &named).unwrap();
    (purposes.iter().map(ToString::to_string).collect(), with_office)
}

#[test]
fn the_earlier_of_law_and_promise_is_when_an_answer_is_due_and_it_is_named() {
    let received = at("2026-03-02T12:00:00Z");
    let due = |policy: &Policy, regimes: &[Regime]| {
        let due = dsar::answer_due(policy, RequestType::Information, regimes, received).unwrap();
        (due.last_day.to_string(), due.at.to_string(), due.law)
    };
    let promise = |span: Span| with(policy(), right(RequestType::Information, VerificationRule::None, Some(span)));
    let law = "GDPR Art. 12(3); Reg. 1182/71 Art. 3".to_owned();
    let by_law = ("2026-04-02".to_owned(), "2026-04-02T22:00:00Z".to_owned(), law);
    assert_eq!(due(&policy(), &[]), by_law);
    assert_eq!(due(&promise(45.days()), &[]), by_law, "a promise that is later than the law promises nothing");
    assert_eq!(due(&promise(1.month()), &[]), by_law, "on a tie the law is named");
    let clause = "privacy policy, acme.information".to_owned();
    let promised = ("2026-04-01".to_owned(), "2026-04-01T22:00:00Z".to_owned(), clause.clone());
    assert_eq!(due(&promise(30.days()), &[]), promised);
    let mut californian = promise(30.days());
    californian.regimes = vec![Regime::UsCa];
    assert_eq!(due(&californian, &[Regime::UsCa]), promised, "30 days before California's 45");
    // Another type of request keeps the law's time.
    let other = dsar::answer_due(&promise(1.day()), RequestType::Access, &[], received).unwrap();
    assert_eq!(other.law, by_law.2);
    let mut lawless = promise(1.day());
    lawless.regimes.clear();
    assert_eq!(due(&lawless, &[]).2, clause);
    assert!(dsar::answer_due(&lawless, RequestType::Access, &[], received).is_err());
}

#[test]
fn an_objection_stops_what_rests_on_interests_and_a_human_decides() {
    let policy = policy();
    let all = ["analytics", "lists", "partners", "security"].map(str::to_owned).to_vec();
    assert_eq!(stopped(&policy, RequestType::Objection, &[]), (all, true));
    let named = stopped(&policy, RequestType::Objection, &["newsletter", "offers", "security"]);
    assert_eq!(named, (["newsletter", "offers", "security"].map(str::to_owned).to_vec(), true));
    let names = |names: &[&str]| names.iter().map(|name| purpose(name)).collect::<Vec<_>>();
    let check = |request, named: &[&str]| dsar::check_objection(&policy, request, &names(named));
    assert!(check(RequestType::Objection, &["newsletter", "offers", "security"]).is_ok());
    for contract in ["account", "books"] {
        let refused = check(RequestType::Objection, &["security", contract]).unwrap_err();
        assert_eq!(refused.purpose, purpose(contract));
        assert!(check(RequestType::WithdrawConsent, &[contract]).is_ok(), "only an objection is checked so");
    }
    assert_eq!(stopped(&policy, RequestType::Objection, &["account"]), (vec![], true));
}

#[test]
fn an_opt_out_stops_every_purpose_of_its_use_at_once() {
    let policy = policy();
    for (request, purposes, with_office) in [
        (RequestType::ObjectionMarketing, vec!["newsletter", "offers"], false),
        (RequestType::DoNotSellOrShare, vec!["lists", "partners"], false),
        (RequestType::LimitSensitive, vec!["analytics", "lists", "newsletter", "offers", "partners"], false),
        (RequestType::ObjectionAutomated, vec!["scoring"], true),
    ] {
        let purposes: Vec<_> = purposes.into_iter().map(str::to_owned).collect();
        assert_eq!(stopped(&policy, request, &[]), (purposes.clone(), with_office), "{request}");
        assert_eq!(stopped(&policy, request, &["account"]), (purposes, with_office), "nothing is picked: {request}");
    }
    let mut quiet = policy;
    quiet.purposes.clear();
    assert_eq!(stopped(&quiet, RequestType::ObjectionAutomated, &[]), (vec![], false), "there is nothing to look at");
    for request in RequestType::ALL {
        let stops = dsar::stop(&quiet, request, &[]).is_some();
        assert_eq!(stops, request.needs_no_verification() && request != RequestType::Information, "{request}");
    }
}

#[test]
fn no_policy_may_ask_for_a_proof_of_what_only_stops_or_only_tells() {
    for request in RequestType::ALL {
        let policy = with(policy(), right(request, VerificationRule::Points(3), None));
        let rule = dsar::verification_for(&policy, request, &[]).rule;
        let expected = if request.needs_no_verification() || request == RequestType::WithdrawConsent {
            VerificationRule::None
        } else {
            VerificationRule::Points(3)
        };
        assert_eq!(rule, expected, "{request}");
    }
}

#[test]
fn an_agent_needs_a_proof_and_the_person_confirms() {
    let agent = |proof: Option<&str>| Acting { role: ActingAs::Agent, proof: proof.map(ground) };
    let mut policy = with(policy(), right(RequestType::Erasure, VerificationRule::Points(2), None));
    let check = |policy: &Policy, acting: &Acting| dsar::check_acting(policy, RequestType::Erasure, acting);
    assert_eq!(check(&policy, &agent(Some("signed-permission"))), Err(ActingRefused::NotAccepted(ActingAs::Agent)));
    let proofs = BTreeSet::from([ground("power-of-attorney"), ground("signed-permission")]);
    policy.agents = Some(AgentRule { proofs: proofs.clone(), clause: Clause::new("acme.agents") });
    for proof in [None, Some("hearsay")] {
        let refused = check(&policy, &agent(proof)).unwrap_err();
        assert_eq!(refused, ActingRefused::ProofNeeded(proofs.clone()));
        assert!(refused.to_string().ends_with("power-of-attorney, signed-permission"), "{refused}");
    }
    let agent = agent(Some("signed-permission"));
    assert_eq!(check(&policy, &agent), Ok(()));
    let own = dsar::check_acting(&policy, RequestType::PostMortem, &agent);
    assert_eq!(own, Err(ActingRefused::NotForThis(ActingAs::Agent, RequestType::PostMortem)));
    let verification = |request| dsar::verification_of(&policy, request, &[], IdentifierKind::Mail, Some(&agent)).rule;
    assert_eq!(verification(RequestType::Erasure), VerificationRule::Mail, "points prove nothing about the person");
    assert_eq!(verification(RequestType::DoNotSellOrShare), VerificationRule::None);
    assert_eq!(
        dsar::verification_of(&policy, RequestType::Erasure, &[], IdentifierKind::Mail, None).rule,
        VerificationRule::Points(2)
    );
}

#[test]
fn a_guardian_ends_the_use_of_a_childs_data_and_is_handed_nothing() {
    let guardian = Acting { role: ActingAs::Guardian, proof: None };
    let allowed: BTreeSet<_> = RequestType::ALL
        .into_iter()
        .filter(|request| dsar::check_acting(&policy(), *request, &guardian).is_ok())
        .collect();
    let expected = [
        RequestType::Erasure,
        RequestType::Restriction,
        RequestType::Objection,
        RequestType::WithdrawConsent,
        RequestType::Complaint,
        RequestType::Information,
        RequestType::ObjectionMarketing,
        RequestType::ObjectionAutomated,
        RequestType::DoNotSellOrShare,
        RequestType::LimitSensitive,
        RequestType::Appeal,
    ];
    assert_eq!(allowed, BTreeSet::from(expected));
    let verification =
        dsar::verification_of(&policy(), RequestType::Erasure, &[], IdentifierKind::Mail, Some(&guardian)).rule;
    assert_eq!(verification, VerificationRule::Mail, "verified like the child's own request");
}

#[test]
fn a_successor_may_ask_where_instructions_for_after_death_are_followed() {
    let successor = Acting { role: ActingAs::Successor, proof: None };
    let silent = policy();
    let refused = dsar::check_acting(&silent, RequestType::Access, &successor);
    assert_eq!(refused, Err(ActingRefused::NotAccepted(ActingAs::Successor)));
    let offering = with(policy(), right(RequestType::PostMortem, VerificationRule::Mail, None));
    assert_eq!(dsar::check_acting(&offering, RequestType::Access, &successor), Ok(()));
    let deceased = EventName::parse(SUBJECT_DECEASED).unwrap();
    assert!(offering.knows_event(&deceased) && !silent.knows_event(&deceased));
}

#[test]
fn a_processor_refuses_and_says_who_decides() {
    let mut policy = with(policy(), right(RequestType::Access, VerificationRule::Mail, None));
    for (service, role) in [("zta", ServiceRole::Processor), ("website", ServiceRole::Controller)] {
        policy.roles.push(RoleRule {
            service: ground(service),
            role,
            parties: if service == "zta" { vec!["your organisation".into()] } else { vec![] },
            clause: Clause::new(format!("acme.{service}")),
        });
    }
    let refusal = |service: Option<&str>| dsar::refusal(&policy, RequestType::Access, service.map(ground).as_ref());
    let (refused, clause) = refusal(Some("zta")).unwrap();
    assert_eq!((refused.code.as_str(), clause), (PROCESSOR, Clause::new("acme.zta")));
    assert!(refused.text.contains("your organisation"), "{}", refused.text);
    assert_eq!((refusal(Some("website")), refusal(None)), (None, None));
    let of =
        |service| Received { service: Some(ground(service)), ..received(RequestType::Access, Timestamp::UNIX_EPOCH) };
    assert_eq!(dsar::refusal_of(&policy, &of("zta")), refusal(Some("zta")));
    assert_eq!(dsar::refusal_of(&policy, &of("website")), None);
    // What is refused to all is refused for its own services too.
    let no = Refusal { code: "NO".into(), text: "no".into(), offer: None };
    let rule = RightRule { refusal: Some(no), ..right(RequestType::Access, VerificationRule::Mail, None) };
    let policy = with(policy, rule);
    let refused = dsar::refusal(&policy, RequestType::Access, Some(&ground("website"))).unwrap();
    assert_eq!(refused.1, Clause::new("acme.access"));
}

fn instructed(key: &str, received_at: &str, is_verified: bool) -> (RequestId, RequestState) {
    let received = received(RequestType::PostMortem, at(received_at));
    let verified = is_verified.then(|| (received.at + 1.hour(), VerifiedBy::Mail));
    (Pepper::new(1, &[1; 32]).derive(&[key]), RequestState { verified, ..RequestState::new(received) })
}

#[test]
fn the_latest_verified_instructions_before_the_death_count() {
    let mut requests = vec![
        instructed("first", "2026-01-01T00:00:00Z", true),
        instructed("latest", "2026-02-01T00:00:00Z", true),
        instructed("a stranger's", "2026-03-01T00:00:00Z", false),
        instructed("too late", "2026-05-01T00:00:00Z", true),
    ];
    let mut carried_out = instructed("carried out", "2026-03-02T00:00:00Z", true);
    carried_out.1.received.following = Some(requests[0].0.clone());
    let mut by_agent = instructed("an agent's", "2026-03-03T00:00:00Z", true);
    by_agent.1.received.acting = Some(Acting { role: ActingAs::Agent, proof: None });
    requests.extend([carried_out, by_agent]);
    let died = at("2026-04-01T00:00:00Z");
    assert_eq!(dsar::instructions_in_force(&requests, died), Some(&requests[1].0));
    requests.reverse();
    assert_eq!(dsar::instructions_in_force(&requests, died), Some(&requests[4].0), "in whatever order they are read");
    assert_eq!(dsar::instructions_in_force(&requests, at("2025-01-01T00:00:00Z")), None);
}

#[test]
fn an_outcome_says_whether_it_is_open_and_whether_it_refuses() {
    let stop = |with_office| Outcome::Stopped(Stop { purposes: vec![purpose("security")], with_office });
    let item = |result| Item {
        category: domain::ids::Category::parse("invoice").unwrap(),
        purpose: purpose("books"),
        record: Pepper::new(1, &[1; 32]).derive(&["record"]),
        result,
    };
    let erased = item(ItemResult::Erased { evidence: "x/0".into() });
    for (outcome, status, refuses) in [
        (stop(true), Stage::WithOffice, false),
        (stop(false), Stage::Answered, false),
        (Outcome::Recorded, Stage::Answered, false),
        (Outcome::WithOffice, Stage::WithOffice, false),
        (Outcome::NotVerified, Stage::Refused, true),
        (Outcome::Erased(vec![erased.clone()]), Stage::Answered, false),
        (Outcome::Erased(vec![erased, item(ItemResult::Held)]), Stage::Answered, true),
    ] {
        let received = received(RequestType::Objection, at("2026-01-01T00:00:00Z"));
        let decided = Some((received.at, outcome.clone()));
        let state = RequestState { decided, ..RequestState::new(received) };
        assert_eq!((state.stage(), outcome.refuses()), (status, refuses), "{outcome:?}");
    }
}

#[test]
fn whoever_holds_a_cookies_random_value_needs_no_mailbox() {
    let verification = |kind, request| dsar::verification_of(&policy(), request, &[], kind, None).rule;
    for request in [RequestType::Erasure, RequestType::Access] {
        let by_mail = verification(IdentifierKind::Mail, request);
        let expected = if by_mail == VerificationRule::Mail { VerificationRule::None } else { by_mail };
        assert_eq!(verification(IdentifierKind::Cookie, request), expected);
        assert_eq!(verification(IdentifierKind::Ip, request), by_mail, "an IP address is no secret");
    }
    let agent = Acting { role: ActingAs::Agent, proof: None };
    let by_agent =
        dsar::verification_of(&policy(), RequestType::Access, &[], IdentifierKind::Cookie, Some(&agent)).rule;
    assert_eq!(by_agent, VerificationRule::Mail, "whoever speaks for another proves nothing by their cookie");
}
