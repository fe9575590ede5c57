//! Whether a person's data may be used: what they said, and what the policy promised.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{
    consent::{Choice, ConsentEvent},
    dsar::{Act, Actor, Entry, Outcome, Received, RequestState, RequestType, VerifiedBy},
    hold::{Hold, HoldReason, HoldScope},
    ids::{
        CaptureId, ControllerId, Fingerprint, Ground, HoldId, Identifier, IdentifierKind, KeyedId, Pepper, Purpose,
        SubjectRef,
    },
    policy::{
        Clause, Denial, LawfulBasis, Notice, Policy, PolicyHash, PurposeRule, Refusal, RightRule, Use, VerificationRule,
    },
    standing::{Denied, Reason, Standing, UseAsked},
};
use jiff::Timestamp;
use proptest::prelude::*;

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn ground(name: &str) -> Ground {
    Ground::parse(name).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn subject() -> SubjectRef {
    Pepper::new(1, &[0; 32]).subject(&Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap())
}

/// One purpose of each kind.
fn policy() -> Policy {
    let rules: [(&str, LawfulBasis, &[Use]); 9] = [
        ("newsletter", LawfulBasis::Consent, &[Use::Marketing]),
        ("feedback", LawfulBasis::Consent, &[]),
        ("contract", LawfulBasis::Contract, &[]),
        ("accounting", LawfulBasis::LegalObligation, &[]),
        ("improvement", LawfulBasis::LegitimateInterests, &[]),
        ("offers", LawfulBasis::LegitimateInterests, &[Use::Marketing]),
        ("scoring", LawfulBasis::Contract, &[Use::AutomatedDecision, Use::Profiling]),
        ("ads", LawfulBasis::LegitimateInterests, &[Use::Sharing]),
        ("dev-test", LawfulBasis::LegitimateInterests, &[Use::Testing]),
    ];
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("example").unwrap(), "Example".into(), "privacy@example.com".into(), notice);
    for (name, basis, uses) in rules {
        let mut rule = PurposeRule::new(purpose(name), name.into(), basis, Clause::new(format!("test.{name}")));
        rule.uses = uses.iter().copied().collect();
        policy.purposes.insert(purpose(name), rule);
    }
    policy.purposes.get_mut(&purpose("dev-test")).unwrap().only_with = BTreeSet::from([ground("pseudonymised")]);
    policy
}

fn said(second: i64, name: &str, choice: Choice) -> ConsentEvent {
    ConsentEvent {
        guardian: None,
        id: CaptureId::from_hash(format!("{second:022}")),
        subject: subject(),
        at: at(second),
        choices: [(purpose(name), choice)].into(),
        notice_version: "1".into(),
        language: "en".into(),
        method: "form".into(),
        gpc: false,
        policy: PolicyHash::from_hex("00"),
        fingerprint: Fingerprint::from_hash(String::new()),
    }
}

fn asked(second: i64, request: RequestType, purposes: &[&str]) -> RequestState {
    RequestState {
        received: Received {
            verification: request.default_verification(),
            purposes: purposes.iter().map(|name| purpose(name)).collect(),
            ..Received::new(request, IdentifierKind::Mail, at(second), (at(second + 1_000), "GDPR Art. 12(3)".into()))
        },
        verified: None,
        decided: None,
        history: Vec::new(),
    }
}

fn refused() -> Outcome {
    Outcome::Refused(Refusal { code: "NO".into(), text: "no".into(), offer: None }, Clause::new("test"))
}

fn restriction(opened: i64, released: Option<i64>) -> Hold {
    let id = HoldId::from_hash("0".repeat(22));
    let scope = HoldScope::Subject(subject());
    let opened = (at(opened), "officer-1".into());
    let review_at = at(released.unwrap_or_default() + 1_000);
    Hold { released_at: released.map(at), ..Hold::new(id, scope, HoldReason::Restriction, opened, review_at) }
}

/// What is decided about a purpose.
fn decided(standing: &Standing, name: &str) -> Result<(), Reason> {
    standing.may_use(&policy(), &UseAsked::new(purpose(name))).map(drop).map_err(|denied| denied.reason)
}

/// Whether the data may be stored and no more.
fn is_restricted(standing: &Standing) -> bool {
    decided(standing, "contract") == Err(Reason::Restriction)
}

fn of_requests(requests: &[RequestState], when: i64) -> Standing {
    Standing::at(&[], requests, &[], at(when))
}

#[test]
fn nothing_that_needs_consent_is_open_for_a_stranger() {
    let nobody = Standing::default();
    assert_eq!(nobody, Standing::at(&[], &[], &[], at(5)));
    assert_eq!(decided(&nobody, "unheard-of"), Err(Reason::UndeclaredPurpose));
    assert_eq!(decided(&nobody, "newsletter"), Err(Reason::ConsentMissing));
    assert_eq!(decided(&nobody, "contract"), Ok(()));
}

#[test]
fn consent_opens_from_when_it_was_given_to_when_it_was_taken_back() {
    let events = [said(10, "newsletter", Choice::Given), said(20, "newsletter", Choice::Withdrawn)];
    for (when, expected) in
        [(9, Err(Reason::ConsentMissing)), (10, Ok(())), (19, Ok(())), (20, Err(Reason::ConsentMissing))]
    {
        assert_eq!(decided(&Standing::at(&events, &[], &[], at(when)), "newsletter"), expected, "{when}");
    }
    // A request to take it back counts before it is carried out, and one that was refused does not.
    let given = [said(10, "newsletter", Choice::Given), said(10, "feedback", Choice::Given)];
    let mut request = asked(15, RequestType::WithdrawConsent, &["newsletter"]);
    let standing = Standing::at(&given, [&request], &[], at(16));
    assert_eq!(decided(&standing, "newsletter"), Err(Reason::ConsentMissing));
    assert_eq!(decided(&standing, "feedback"), Ok(()));
    request.decided = Some((at(16), refused()));
    assert_eq!(decided(&Standing::at(&given, [&request], &[], at(16)), "newsletter"), Ok(()));
}

#[test]
fn a_beacon_in_a_newsletter_needs_both_consents() {
    let mut policy = policy();
    policy.purposes.get_mut(&purpose("feedback")).unwrap().also_needs = BTreeSet::from([purpose("newsletter")]);
    let may = |events: &[ConsentEvent]| {
        Standing::at(events, &[], &[], at(50)).may_use(&policy, &UseAsked::new(purpose("feedback"))).is_ok()
    };
    let (one, other) = (said(1, "feedback", Choice::Given), said(2, "newsletter", Choice::Given));
    assert!(!may(std::slice::from_ref(&one)) && !may(std::slice::from_ref(&other)));
    assert!(may(&[one, other]));
}

#[test]
fn an_objection_stops_what_rests_on_legitimate_interests_from_the_moment_it_comes_in() {
    let general = [asked(10, RequestType::Objection, &[])];
    assert_eq!(decided(&of_requests(&general, 9), "improvement"), Ok(()));
    let objected = of_requests(&general, 10);
    for (name, expected) in [
        ("improvement", Err(Reason::Objection)),
        ("ads", Err(Reason::Objection)),
        ("contract", Ok(())),
        ("accounting", Ok(())),
    ] {
        assert_eq!(decided(&objected, name), expected, "{name}");
    }
    let named = of_requests(&[asked(10, RequestType::Objection, &["improvement", "contract"])], 11);
    assert_eq!(decided(&named, "improvement"), Err(Reason::Objection));
    assert_eq!(decided(&named, "ads"), Ok(()));
    // GDPR Art. 21(1) does not reach a contract.
    assert_eq!(decided(&named, "contract"), Ok(()));
}

#[test]
fn an_objection_that_was_refused_counts_until_then_and_no_longer() {
    for outcome in [refused(), Outcome::NotVerified] {
        let mut request = asked(10, RequestType::Objection, &[]);
        request.decided = Some((at(20), outcome));
        assert_eq!(decided(&of_requests(std::slice::from_ref(&request), 19), "improvement"), Err(Reason::Objection));
        assert_eq!(decided(&of_requests(&[request], 20), "improvement"), Ok(()));
    }
    let mut open = asked(10, RequestType::Objection, &[]);
    open.decided = Some((at(20), Outcome::WithOffice));
    assert_eq!(decided(&of_requests(&[open], 30), "improvement"), Err(Reason::Objection));
}

#[test]
fn whoever_objects_to_a_purpose_agrees_to_it_no_more_until_they_agree_anew() {
    let objection = [asked(10, RequestType::Objection, &["feedback"])];
    let before = [said(5, "feedback", Choice::Given)];
    assert_eq!(decided(&Standing::at(&before, &objection, &[], at(50)), "feedback"), Err(Reason::Objection));
    let after = [said(11, "feedback", Choice::Given)];
    assert_eq!(decided(&Standing::at(&after, &objection, &[], at(50)), "feedback"), Ok(()));
}

#[test]
fn an_objection_to_marketing_is_absolute_and_for_good() {
    let objection = [asked(10, RequestType::ObjectionMarketing, &[])];
    let later = [said(20, "newsletter", Choice::Given)];
    let standing = Standing::at(&later, &objection, &[], at(1_000_000));
    for name in ["newsletter", "offers"] {
        assert_eq!(decided(&standing, name), Err(Reason::MarketingObjection), "{name}");
    }
    assert_eq!(decided(&standing, "improvement"), Ok(()));
    let denied = standing.may_use(&policy(), &UseAsked::new(purpose("offers"))).unwrap_err();
    assert_eq!(denied.clause, Clause::new("GDPR Art. 21(3)"), "the law speaks where the policy is silent");
    let mut policy = policy();
    let rule = RightRule {
        request: RequestType::ObjectionMarketing,
        refusal: None,
        verification: VerificationRule::None,
        respond_within: None,
        clause: Clause::new("test.objection"),
    };
    policy.rights.insert(rule.request, rule);
    let denied = standing.may_use(&policy, &UseAsked::new(purpose("offers"))).unwrap_err();
    assert_eq!(denied.clause, Clause::new("test.objection"));
}

#[test]
fn each_opt_out_stops_its_own_uses() {
    for (request, name, reason) in [
        (RequestType::ObjectionAutomated, "scoring", Reason::AutomatedObjection),
        (RequestType::DoNotSellOrShare, "ads", Reason::DoNotSellOrShare),
        (RequestType::LimitSensitive, "scoring", Reason::LimitSensitive),
    ] {
        let standing = of_requests(&[asked(10, request, &[])], 10);
        assert_eq!(decided(&standing, name), Err(reason), "{request}");
        assert_eq!(decided(&standing, "improvement"), Ok(()), "{request}");
    }
}

#[test]
fn a_privacy_signal_seen_once_stops_sharing_where_the_policy_honours_it() {
    let events =
        [ConsentEvent { gpc: true, ..said(1, "feedback", Choice::Refused) }, said(2, "feedback", Choice::Given)];
    let standing = Standing::at(&events, &[], &[], at(5));
    assert_eq!(decided(&standing, "ads"), Err(Reason::PrivacySignal));
    assert_eq!(decided(&standing, "improvement"), Ok(()));
    let mut deaf = policy();
    deaf.signals.honours_gpc = false;
    assert!(standing.may_use(&deaf, &UseAsked::new(purpose("ads"))).is_ok());
}

#[test]
fn restricted_data_is_stored_and_no_more_save_with_consent_or_for_legal_claims() {
    let agreed = [said(1, "feedback", Choice::Given)];
    let standing = Standing::at(&agreed, &[], &[restriction(10, Some(20))], at(15));
    assert!(is_restricted(&standing));
    for name in ["contract", "accounting", "improvement"] {
        assert_eq!(decided(&standing, name), Err(Reason::Restriction), "{name}");
    }
    assert_eq!(decided(&standing, "feedback"), Ok(()));
    let claim = UseAsked {
        safeguards: BTreeSet::from([ground("legal-claim")]),
        references: BTreeSet::from([ground("legal-claim")]),
        ..UseAsked::new(purpose("contract"))
    };
    assert!(standing.may_use(&policy(), &claim).is_ok());
    let unproved = UseAsked { references: BTreeSet::new(), ..claim };
    assert_eq!(standing.may_use(&policy(), &unproved).unwrap_err().reason, Reason::Restriction);
    for when in [9, 20] {
        assert!(!is_restricted(&Standing::at(&[], &[], &[restriction(10, Some(20))], at(when))), "{when}");
    }
}

#[test]
fn a_restriction_that_was_asked_for_counts_once_it_is_verified_and_its_hold_says_how_long() {
    let mut request = asked(10, RequestType::Restriction, &[]);
    let restricts = |request: &RequestState, second| is_restricted(&of_requests(std::slice::from_ref(request), second));
    assert!(!restricts(&request, 12), "a stranger may have asked");
    request.verified = Some((at(12), VerifiedBy::Mail));
    assert!(!restricts(&request, 11) && restricts(&request, 12));
    request.decided = Some((at(13), Outcome::WithOffice));
    let held = |released, when| is_restricted(&Standing::at(&[], [&request], &[restriction(10, released)], at(when)));
    assert!(held(None, 13));
    assert!(!held(Some(30), 30), "a released hold restricts no more");
}

#[test]
fn a_use_that_the_policy_rules_out_needs_its_exception() {
    let mut policy = policy();
    let denial =
        Denial { what: Use::Marketing, except: BTreeSet::new(), unless_consent: None, clause: Clause::new("test.no") };
    let stranger = Standing::default();
    let agreed = Standing::at(&[said(1, "feedback", Choice::Given)], &[], &[], at(2));
    let offers = UseAsked::new(purpose("offers"));
    policy.denials.insert(Use::Marketing, denial.clone());
    let denied = stranger.may_use(&policy, &offers).unwrap_err();
    assert_eq!((denied.reason, denied.clause), (Reason::UseRuledOut, Clause::new("test.no")));
    policy.denials.insert(Use::Marketing, Denial { except: BTreeSet::from([purpose("offers")]), ..denial.clone() });
    assert!(stranger.may_use(&policy, &offers).is_ok());
    policy.denials.insert(Use::Marketing, Denial { unless_consent: Some(purpose("feedback")), ..denial });
    assert!(stranger.may_use(&policy, &offers).is_err() && agreed.may_use(&policy, &offers).is_ok());
}

#[test]
fn tests_on_real_data_need_a_safeguard_or_the_record_that_none_was_possible() {
    let use_of = |safeguards: &[&str], references: &[&str]| UseAsked {
        safeguards: safeguards.iter().map(|name| ground(name)).collect(),
        references: references.iter().map(|name| ground(name)).collect(),
        ..UseAsked::new(purpose("dev-test"))
    };
    for (safeguards, references, allowed) in [
        (vec![], vec![], false),
        (vec!["pseudonymised"], vec![], true),
        (vec!["encrypted"], vec![], false),
        (vec!["recorded-impossibility"], vec![], false),
        (vec!["recorded-impossibility"], vec!["recorded-impossibility"], true),
    ] {
        let decision = Standing::default().may_use(&policy(), &use_of(&safeguards, &references));
        assert_eq!(decision.is_ok(), allowed, "{safeguards:?} {references:?}");
    }
}

#[test]
fn what_was_taken_back_or_ended_otherwise_counts_until_then_and_no_longer() {
    for act in [Act::Withdrawn, Act::Stopped, Act::Lapsed, Act::Merged(Pepper::new(1, &[1; 32]).derive(&["other"]))] {
        let ended = Entry { at: at(20), by: Actor::Product, act };
        let objection = RequestState::fold(asked(10, RequestType::Objection, &[]).received, [ended.clone()]);
        for (when, expected) in [(9, Ok(())), (10, Err(Reason::Objection)), (19, Err(Reason::Objection)), (20, Ok(()))]
        {
            let standing = of_requests(std::slice::from_ref(&objection), when);
            assert_eq!(decided(&standing, "improvement"), expected, "{when}: {ended:?}");
        }
    }
}

#[test]
fn a_withdrawal_that_is_answered_by_an_objection_counts_as_one_from_when_it_came_in() {
    let answered = |request, offer| {
        let refusal = Refusal { code: "NO_CONSENT_BASIS".into(), text: "no".into(), offer };
        let mut state = asked(10, request, &["improvement"]);
        state.decided = Some((at(15), Outcome::Refused(refusal, Clause::new("rfa.8-e"))));
        state
    };
    let rerouted = answered(RequestType::WithdrawConsent, Some(RequestType::Objection));
    let of = |state: &RequestState, when| decided(&of_requests(std::slice::from_ref(state), when), "improvement");
    assert_eq!(of(&rerouted, 9), Ok(()));
    assert_eq!((of(&rerouted, 15), of(&rerouted, 1_000)), (Err(Reason::Objection), Err(Reason::Objection)));
    assert_eq!(decided(&of_requests(&[rerouted], 15), "ads"), Ok(()), "it named another purpose");
    assert_eq!(of(&answered(RequestType::WithdrawConsent, Some(RequestType::Access)), 15), Ok(()));
    assert_eq!(of(&answered(RequestType::WithdrawConsent, None), 15), Ok(()));
    assert_eq!(of(&answered(RequestType::Portability, Some(RequestType::Objection)), 15), Ok(()));
}

#[test]
fn a_restriction_is_told_before_the_consent_that_is_missing_too() {
    let standing = Standing::at(&[], &[], &[restriction(10, None)], at(15));
    assert_eq!(decided(&standing, "newsletter"), Err(Reason::Restriction));
}

#[test]
fn an_objection_that_names_marketing_for_others_stops_it_on_whatever_ground() {
    let mut policy = policy();
    policy.purposes.get_mut(&purpose("contract")).unwrap().uses = BTreeSet::from([Use::ThirdPartyMarketing]);
    let objected = of_requests(&[asked(10, RequestType::Objection, &["contract", "accounting"])], 10);
    let reason = |name| objected.may_use(&policy, &UseAsked::new(purpose(name))).map(drop).map_err(|no| no.reason);
    assert_eq!((reason("contract"), reason("accounting")), (Err(Reason::Objection), Ok(())));
}

#[test]
fn a_reason_has_the_name_of_the_documents_and_words_of_its_own() {
    let reasons = [
        (Reason::UndeclaredPurpose, "undeclared-purpose"),
        (Reason::UndeclaredCategory, "undeclared-category"),
        (Reason::UseRuledOut, "use-ruled-out"),
        (Reason::ConsentMissing, "consent-missing"),
        (Reason::Objection, "objection"),
        (Reason::MarketingObjection, "objection-marketing"),
        (Reason::AutomatedObjection, "objection-automated"),
        (Reason::DoNotSellOrShare, "do-not-sell-or-share"),
        (Reason::PrivacySignal, "global-privacy-control"),
        (Reason::LimitSensitive, "limit-sensitive"),
        (Reason::Restriction, "restriction"),
        (Reason::SafeguardMissing, "safeguard-missing"),
        (Reason::UnlistedRecipient, "unlisted-recipient"),
        (Reason::CategoryNotAllowed, "category-not-allowed"),
        (Reason::PurposeNotAllowed, "purpose-not-allowed"),
        (Reason::GroundNotAllowed, "ground-not-allowed"),
        (Reason::ReferenceMissing, "reference-missing"),
        (Reason::CountryUnnamed, "country-unnamed"),
        (Reason::CountryNotAllowed, "country-not-allowed"),
        (Reason::MechanismMissing, "mechanism-missing"),
        (Reason::MechanismNotAllowed, "mechanism-not-allowed"),
        (Reason::CountryNotAdequate, "country-not-adequate"),
        (Reason::ClausesOutdated, "clauses-outdated"),
        (Reason::NotStatistics, "not-statistics"),
        (Reason::TooFewPeople, "too-few-people"),
    ];
    for (reason, name) in reasons {
        assert_eq!(reason.as_str(), name);
    }
    let words: BTreeSet<String> = reasons.iter().map(|(reason, _)| reason.to_string()).collect();
    assert_eq!(words.len(), reasons.len(), "two of them read alike");
    let denied = Denied::new(Reason::Objection, Clause::new("acme.1"));
    assert_eq!(denied.to_string(), "the person objected to this purpose (acme.1)");
}

fn any_request() -> impl Strategy<Value = RequestState> {
    let purposes =
        prop::sample::subsequence(vec!["newsletter", "improvement", "offers", "contract", "feedback"], 0..=3);
    (0_i64..10, 0..RequestType::ALL.len(), purposes, prop::option::of(0_usize..3)).prop_map(
        |(when, kind, names, end)| {
            let mut request = asked(when, RequestType::ALL[kind], &names);
            request.decided =
                end.map(|end| (at(when + 1), [refused(), Outcome::NotVerified, Outcome::WithOffice][end].clone()));
            request
        },
    )
}

fn any_consent() -> impl Strategy<Value = ConsentEvent> {
    let names = prop::sample::select(vec!["newsletter", "feedback"]);
    (0_i64..10, names, 0_usize..3, any::<bool>())
        .prop_map(|(when, name, choice, gpc)| ConsentEvent { gpc, ..said(when, name, Choice::ALL[choice]) })
}

proptest! {
    #[test]
    fn nothing_that_a_person_asks_for_ever_widens_what_may_be_done(
        consents in prop::collection::vec(any_consent(), 0..6),
        requests in prop::collection::vec(any_request(), 0..4),
        one_more in any_request(),
        when in 0_i64..12,
    ) {
        let policy = policy();
        let before = Standing::at(&consents, &requests, &[], at(when));
        let after = Standing::at(&consents, requests.iter().chain([&one_more]), &[], at(when));
        for name in policy.purposes.keys() {
            let asked = UseAsked::new(name.clone());
            prop_assert!(after.may_use(&policy, &asked).is_err() || before.may_use(&policy, &asked).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_standing_is_the_same_in_whatever_order_it_is_read(
        consents in prop::collection::vec(any_consent(), 0..6),
        requests in prop::collection::vec(any_request(), 0..4),
        when in 0_i64..12,
    ) {
        let policy = policy();
        let forward = Standing::at(&consents, &requests, &[], at(when));
        let backward = Standing::at(consents.iter().rev(), requests.iter().rev(), &[], at(when));
        for name in policy.purposes.keys() {
            let asked = UseAsked::new(name.clone());
            prop_assert_eq!(forward.may_use(&policy, &asked), backward.may_use(&policy, &asked));
        }
    }

    #[test]
    fn what_happens_later_changes_nothing_about_an_earlier_time(
        consents in prop::collection::vec(any_consent(), 0..6),
        requests in prop::collection::vec(any_request(), 0..4),
        when in 0_i64..12,
    ) {
        let policy = policy();
        let whole = Standing::at(&consents, &requests, &[], at(when));
        let then = Standing::at(
            consents.iter().filter(|event| event.at <= at(when)),
            requests.iter().filter(|request| request.received.at <= at(when)),
            &[],
            at(when),
        );
        for name in policy.purposes.keys() {
            let asked = UseAsked::new(name.clone());
            prop_assert_eq!(whole.may_use(&policy, &asked), then.may_use(&policy, &asked));
        }
    }
}

#[test]
fn a_childs_data_is_locked_from_the_report_until_the_report_is_decided() {
    use domain::dsar::{Acting, ActingAs};
    let mut report = asked(10, RequestType::Erasure, &[]);
    report.received.acting = Some(Acting { role: ActingAs::Guardian, proof: None });
    let restricted = |report: &RequestState, second| is_restricted(&Standing::at([], [report], [], at(second)));
    assert!(!restricted(&report, 9) && restricted(&report, 10));
    let own = asked(10, RequestType::Erasure, &[]);
    assert!(!restricted(&own, 10), "a person who asks for themselves may be served meanwhile");
    for outcome in [Outcome::NotVerified, Outcome::Erased(Vec::new())] {
        report.decided = Some((at(20), outcome));
        assert!(restricted(&report, 19) && !restricted(&report, 20), "{:?}", report.decided);
    }
}
