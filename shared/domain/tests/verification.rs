//! What must be proved of who asks, by law and policy, and that no proof of one opens what is another's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::{
    dsar::{
        self, Acting, ActingAs, Certainty, NoProof, POINTS_HIGH, Proof, Received, RequestType, Source, VerifiedBy,
        answered_as, law_asks, proof_mailbox, proves,
    },
    ids::{ControllerId, Ground, Identifier, IdentifierKind, Pepper, SubjectRef},
    policy::{Clause, Notice, Policy, Regime, RightRule, VerificationRule},
};
use jiff::Timestamp;

const RULES: [VerificationRule; 5] = [
    VerificationRule::None,
    VerificationRule::Mail,
    VerificationRule::Points(2),
    VerificationRule::Points(3),
    VerificationRule::Account,
];

fn policy(regimes: &[Regime]) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
    policy.regimes = regimes.to_vec();
    policy
}

fn with(mut policy: Policy, request: RequestType, verification: VerificationRule) -> Policy {
    let clause = Clause::new(format!("acme.{request}"));
    let rule = RightRule { request, refusal: None, verification, respond_within: None, clause };
    policy.rights.insert(request, rule);
    policy
}

fn asked(policy: &Policy, request: RequestType) -> (VerificationRule, bool) {
    let demand = dsar::verification_for(policy, request, &[]);
    (demand.rule, demand.declaration)
}

fn subject(kind: IdentifierKind, value: &str) -> SubjectRef {
    Pepper::new(1, &[7; 32]).subject(&Identifier::parse(kind, value).unwrap())
}

fn everybody() -> Vec<Option<Acting>> {
    let acting = |role| Some(Acting { role, proof: Some(Ground::parse("signed-permission").unwrap()) });
    [None].into_iter().chain(ActingAs::ALL.map(acting)).collect()
}

fn received(request: RequestType, kind: IdentifierKind, rule: VerificationRule, acting: Option<Acting>) -> Received {
    let at = Timestamp::UNIX_EPOCH;
    Received { verification: rule, acting, ..Received::new(request, kind, at, (at, String::new())) }
}

#[test]
fn nobody_is_asked_for_a_proof_of_what_only_stops_takes_back_or_tells() {
    for request in RequestType::ALL {
        let policy = with(policy(&Regime::ALL), request, VerificationRule::Points(3));
        let (rule, _) = asked(&policy, request);
        let free = request.needs_no_verification() || request == RequestType::WithdrawConsent;
        assert_eq!(rule == VerificationRule::None, free, "{request}");
    }
    let opt_out = dsar::verification_for(&policy(&[Regime::UsCa]), RequestType::DoNotSellOrShare, &[]);
    assert_eq!(opt_out.reasons[0].article.as_str(), "11 CCR 7026(d), 7027(e), 7060(b)");
    let withdrawal = dsar::verification_for(&policy(&[Regime::EuGdpr]), RequestType::WithdrawConsent, &[]);
    assert_eq!(withdrawal.reasons[0].article.as_str(), "GDPR Art. 7(3)");
}

/// Who reads why a proof is asked finds the article of the law that asks for it.
#[test]
fn each_law_that_speaks_of_a_proof_is_cited_by_its_article() {
    use RequestType::{Erasure, KnowCategories, KnowPieces, ObjectionMarketing, WithdrawConsent};
    for (regime, request, certainty, article) in [
        (Regime::EuGdpr, WithdrawConsent, Certainty::None, "GDPR Art. 7(3)"),
        (Regime::UkGdpr, ObjectionMarketing, Certainty::None, "GDPR Art. 12(2), 12(6)"),
        (Regime::UsCt, ObjectionMarketing, Certainty::None, "Conn. Gen. Stat. 42-518(c)(4)"),
        (Regime::EuGdpr, Erasure, Certainty::Proportionate, "GDPR Art. 12(6)"),
        (Regime::UsCa, KnowCategories, Certainty::Reasonable, "11 CCR 7062(b)"),
        (Regime::UsCa, KnowPieces, Certainty::High, "11 CCR 7061, 7062(c)"),
        (Regime::UsCa, Erasure, Certainty::Reasonable, "11 CCR 7062(d)"),
        (Regime::UsVa, Erasure, Certainty::Proportionate, "Va. Code 59.1-577(B)(4)"),
        (Regime::UsCt, Erasure, Certainty::Proportionate, "Conn. Gen. Stat. 42-518(c)(4)"),
    ] {
        let asked = law_asks(regime, request).map(|(certainty, article, _)| (certainty, article));
        assert_eq!(asked, Some((certainty, article)), "{regime:?} {request}");
    }
    assert_eq!(law_asks(Regime::Jp, Erasure), None);
}

/// GDPR Art. 7(3), 21(3); 11 CCR 7026(f), 7027(g).
#[test]
fn what_only_stops_counts_from_the_moment_it_is_made() {
    let at_once: Vec<_> = RequestType::ALL.into_iter().filter(|request| request.takes_effect_at_once()).collect();
    let expected = [
        RequestType::WithdrawConsent,
        RequestType::ObjectionMarketing,
        RequestType::DoNotSellOrShare,
        RequestType::LimitSensitive,
    ];
    assert!(at_once.len() == expected.len() && expected.iter().all(|request| at_once.contains(request)), "{at_once:?}");
}

#[test]
fn california_asks_two_points_for_categories_and_deletion_and_three_with_a_declaration_for_pieces() {
    use VerificationRule::{Account, Mail, Points};
    for (request, named, expected) in [
        (RequestType::KnowCategories, Points(1), (Points(2), false)),
        (RequestType::KnowCategories, Mail, (Mail, false)),
        (RequestType::Erasure, Points(1), (Points(2), false)),
        (RequestType::Erasure, Points(3), (Points(3), false)),
        (RequestType::Rectification, Mail, (Mail, false)),
        (RequestType::KnowPieces, Mail, (Points(3), true)),
        (RequestType::KnowPieces, Points(2), (Points(3), true)),
        (RequestType::KnowPieces, Points(4), (Points(4), true)),
        (RequestType::KnowPieces, Account, (Account, false)),
        (RequestType::Access, Mail, (Points(3), true)),
    ] {
        let policy = with(policy(&[Regime::UsCa]), request, named);
        assert_eq!(asked(&policy, request), expected, "{request} {named:?}");
    }
    assert_eq!(asked(&policy(&[Regime::UsCa]), RequestType::KnowPieces), (Points(POINTS_HIGH), true), "no rule at all");
}

#[test]
fn europe_asks_for_what_is_proportionate_and_the_policy_for_more_where_it_says_so() {
    use VerificationRule::{Mail, Points};
    let europe = policy(&[Regime::EuGdpr]);
    assert_eq!(asked(&europe, RequestType::Access), (Mail, false));
    assert_eq!(asked(&europe, RequestType::Complaint), (VerificationRule::None, false));
    let strict = with(europe, RequestType::Access, Points(3));
    let demand = dsar::verification_for(&strict, RequestType::Access, &[]);
    assert_eq!(demand.rule, Points(3));
    let reasons: Vec<_> = demand.reasons.iter().map(|reason| (&reason.source, reason.article.as_str())).collect();
    assert_eq!(reasons, [(&Source::Law(Regime::EuGdpr), "GDPR Art. 12(6)"), (&Source::Policy, "acme.access")]);
    // GDPR Art. 12(1): whoever is asked for a proof reads who asks for it.
    let told: Vec<_> = demand.reasons.iter().map(|reason| reason.source.to_string()).collect();
    assert_eq!(told, [Regime::EuGdpr.title(), "privacy policy"]);
    // Under both laws the European right keeps its own measure; what California gives keeps California's.
    let both = policy(&[Regime::EuGdpr, Regime::UsCa]);
    assert_eq!(asked(&both, RequestType::Access), (Mail, false));
    assert_eq!(asked(&both, RequestType::KnowPieces), (Points(3), true));
    // Who says that they live in California is measured by its law alone.
    let resident = dsar::verification_for(&both, RequestType::Access, &[Regime::UsCa]);
    assert_eq!((resident.rule, resident.declaration), (Points(3), true));
    let silent = dsar::verification_for(&policy(&[Regime::Jp]), RequestType::Erasure, &[]);
    assert_eq!((silent.rule, &silent.reasons[0].source), (Mail, &Source::Floor));
}

#[test]
fn what_is_asked_is_never_weaker_than_any_law_and_never_weaker_than_the_policy() {
    for request in RequestType::ALL {
        for regime in Regime::ALL {
            for named in RULES {
                let policy = with(policy(&[regime]), request, named);
                let demand = dsar::verification_for(&policy, request, &[]);
                if demand.rule == VerificationRule::None {
                    continue;
                }
                assert!(demand.rule >= named, "{request} {regime:?} {named:?}");
                assert!(!demand.reasons.is_empty(), "{request} {regime:?}: somebody asks for it");
                let is_high = law_asks(regime, request).is_some_and(|(certainty, ..)| certainty == Certainty::High);
                let reached = matches!(
                    (demand.rule, demand.declaration),
                    (VerificationRule::Points(POINTS_HIGH..), true) | (VerificationRule::Account, _)
                );
                assert!(!is_high || reached, "{request} {regime:?} {named:?}");
            }
        }
    }
}

/// The hole that this product must not have: a proof of one identifier that opens what is another's.
#[test]
fn a_proof_of_one_person_verifies_no_request_about_another() {
    let kinds = IdentifierKind::ALL.map(|kind| {
        let value = |who: u8| match kind {
            IdentifierKind::Mail => format!("p{who}@example.com"),
            IdentifierKind::Phone => format!("+3312345678{who}"),
            IdentifierKind::Ip => format!("192.0.2.{who}"),
            _ => format!("somebody-known-as-{who}"),
        };
        (kind, subject(kind, &value(1)), subject(kind, &value(2)))
    });
    for request in RequestType::ALL {
        for (kind, asker, victim) in &kinds {
            for rule in RULES {
                for acting in everybody() {
                    let received = received(request, *kind, rule, acting);
                    for (_, mine, _) in &kinds {
                        for proof in [
                            Proof::Link(mine),
                            Proof::Code(mine),
                            Proof::Account { account: mine, mail: Some(mine) },
                            Proof::Account { account: asker, mail: Some(mine) },
                        ] {
                            assert_eq!(proves(&received, victim, proof), Err(NoProof), "{received:?} {proof:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn each_means_verifies_what_it_is_for_and_nothing_else() {
    use VerificationRule::{Account, Mail, Points};
    let (mail, phone) =
        (subject(IdentifierKind::Mail, "ada@example.com"), subject(IdentifierKind::Phone, "+33123456789"));
    let account = subject(IdentifierKind::Account, "ada-1");
    let of = |kind, rule| received(RequestType::Erasure, kind, rule, None);
    let by_mail = of(IdentifierKind::Mail, Mail);
    assert_eq!(proves(&by_mail, &mail, Proof::Link(&mail)), Ok(VerifiedBy::Mail));
    assert_eq!(proves(&by_mail, &mail, Proof::Code(&mail)), Ok(VerifiedBy::Code));
    let login = Proof::Account { account: &account, mail: Some(&mail) };
    assert_eq!(proves(&by_mail, &mail, login), Ok(VerifiedBy::Account), "the login is as good as the mailbox");
    let unverified = Proof::Account { account: &account, mail: None };
    assert_eq!(proves(&by_mail, &mail, unverified), Err(NoProof), "an address that the issuer has not verified");
    assert_eq!(proves(&of(IdentifierKind::Account, Account), &account, unverified), Ok(VerifiedBy::Account));
    // A mailbox given beside a telephone number proves nothing of the number.
    let by_phone = of(IdentifierKind::Phone, Mail);
    for proof in [Proof::Link(&mail), Proof::Code(&mail), login, Proof::Link(&phone), Proof::Code(&phone)] {
        assert_eq!(proves(&by_phone, &phone, proof), Err(NoProof));
    }
    let beside = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
    assert!(proof_mailbox(&by_phone, Some(&beside)).is_none(), "so nothing is sent there to prove it by");
    assert!(proof_mailbox(&by_mail, Some(&beside)).is_some());
    assert!(proof_mailbox(&of(IdentifierKind::Mail, Points(2)), Some(&beside)).is_none());
    // Points are weighed against what is asked for, and a mailbox does not replace them.
    let by_points = of(IdentifierKind::Mail, Points(2));
    assert_eq!(proves(&by_points, &mail, Proof::Points(1)), Err(NoProof));
    assert_eq!(proves(&by_points, &mail, Proof::Points(2)), Ok(VerifiedBy::Points(2)));
    assert_eq!(proves(&by_points, &mail, Proof::Link(&mail)), Err(NoProof));
    assert_eq!(proves(&by_mail, &mail, Proof::Points(9)), Err(NoProof));
    assert_eq!(proves(&of(IdentifierKind::Mail, Account), &mail, Proof::Points(9)), Err(NoProof));
    for rule in RULES {
        let verified = proves(&of(IdentifierKind::Phone, rule), &phone, Proof::Office);
        assert_eq!(verified.is_ok(), rule != VerificationRule::None, "the office has eyes of its own");
    }
}

#[test]
fn an_agents_points_and_a_successors_mailbox_prove_nothing() {
    let mail = subject(IdentifierKind::Mail, "ada@example.com");
    for acting in everybody().into_iter().flatten() {
        let by_points =
            received(RequestType::Erasure, IdentifierKind::Mail, VerificationRule::Points(2), Some(acting.clone()));
        let is_agent = acting.role == ActingAs::Agent;
        assert_eq!(proves(&by_points, &mail, Proof::Points(9)).is_err(), is_agent, "{acting:?}");
    }
    let zentry = with(policy(&[Regime::UsCa]), RequestType::KnowPieces, VerificationRule::Points(3));
    let of = |role| {
        let acting = Acting { role, proof: None };
        let demand = dsar::verification_of(&zentry, RequestType::KnowPieces, &[], IdentifierKind::Mail, Some(&acting));
        (demand.rule, demand.declaration)
    };
    assert_eq!(of(ActingAs::Agent), (VerificationRule::Mail, false), "the person themselves confirms");
    assert_eq!(of(ActingAs::Guardian), (VerificationRule::Points(3), true), "verified like the child's own request");
    assert_eq!(of(ActingAs::Successor), (VerificationRule::None, false), "the office decides");
}

#[test]
fn who_holds_a_cookies_value_is_asked_no_more_unless_the_policy_asks() {
    let european = policy(&[Regime::EuGdpr]);
    let strict = with(policy(&[Regime::EuGdpr]), RequestType::Access, VerificationRule::Points(2));
    let of =
        |policy: &Policy, identifier| dsar::verification_of(policy, RequestType::Access, &[], identifier, None).rule;
    assert_eq!(of(&european, IdentifierKind::Cookie), VerificationRule::None);
    assert_eq!(of(&european, IdentifierKind::Mail), VerificationRule::Mail, "a mail address is nobody's secret");
    assert_eq!(of(&strict, IdentifierKind::Cookie), VerificationRule::Points(2));
}

#[test]
fn whoever_cannot_be_verified_for_the_pieces_is_answered_by_category_if_that_level_is_met() {
    let of = |request, rule| received(request, IdentifierKind::Mail, rule, None);
    let pieces = of(RequestType::KnowPieces, VerificationRule::Points(3));
    for (matched, expected) in [(0, None), (1, None), (2, Some(RequestType::KnowCategories)), (3, None)] {
        assert_eq!(dsar::answered_instead(&pieces, matched), expected, "{matched}");
    }
    let by = |role| {
        received(RequestType::KnowPieces, IdentifierKind::Mail, pieces.verification, Some(Acting { role, proof: None }))
    };
    assert_eq!(dsar::answered_instead(&by(ActingAs::Guardian), 2), Some(RequestType::KnowCategories));
    assert_eq!(dsar::answered_instead(&by(ActingAs::Agent), 2), None, "an agent's points prove nothing");
    assert_eq!(answered_as(&pieces, Some(VerifiedBy::Points(2))), RequestType::KnowCategories);
    assert_eq!(answered_as(&pieces, Some(VerifiedBy::Points(3))), RequestType::KnowPieces);
    assert_eq!(answered_as(&pieces, Some(VerifiedBy::Account)), RequestType::KnowPieces);
    assert_eq!(dsar::answered_instead(&of(RequestType::Erasure, VerificationRule::Points(3)), 2), None);
}
