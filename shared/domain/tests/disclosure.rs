//! Disclosures: who gets what, where it may go, and who gets nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::{Choice, ConsentEvent},
    disclosure::{DisclosureAsked, Permit, Whose, check, check_total},
    dsar::{Received, RequestState, RequestType},
    hold::{Hold, HoldReason, HoldScope},
    ids::{
        CaptureId, Category, ControllerId, Field, Fingerprint, Ground, HoldId, IdentifierKind, KeyedId, Purpose,
        Recipient, SubjectRef,
    },
    policy::{
        CategoryRule, Clause, Country, Denial, LawfulBasis, Mechanism, Notice, Policy, PolicyHash, PurposeRule,
        RecipientRole, RecipientRule, Regime, TransferRule, Use,
    },
    sensitive::Sensitive,
    standing::{Reason, Standing},
};
use jiff::Timestamp;
use proptest::prelude::*;

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn category(name: &str) -> Category {
    Category::parse(name).unwrap()
}

fn recipient(name: &str) -> Recipient {
    Recipient::parse(name).unwrap()
}

fn ground(name: &str) -> Ground {
    Ground::parse(name).unwrap()
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn countries(codes: &[&str]) -> BTreeSet<Country> {
    codes.iter().map(|code| country(code)).collect()
}

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn subject() -> SubjectRef {
    SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap()
}

fn rule(name: &str, role: RecipientRole) -> RecipientRule {
    RecipientRule {
        id: recipient(name),
        title: name.into(),
        role,
        categories: BTreeSet::new(),
        purposes: BTreeSet::new(),
        grounds: BTreeSet::new(),
        needs: BTreeSet::new(),
        consent: None,
        uses: BTreeSet::new(),
        countries: BTreeSet::new(),
        mechanism: None,
        mail: None,
        clause: Clause::new(format!("test.{name}")),
    }
}

/// A host in France, an analyst for one category and purpose, the police, an advertiser who buys.
fn policy() -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("example").unwrap(), "Example".into(), "privacy@example.com".into(), notice);
    for (name, basis) in [
        ("service", LawfulBasis::Contract),
        ("analytics", LawfulBasis::LegitimateInterests),
        ("legal", LawfulBasis::LegalObligation),
        ("adverts", LawfulBasis::Consent),
        ("reports", LawfulBasis::LegitimateInterests),
    ] {
        let rule = PurposeRule::new(purpose(name), name.into(), basis, Clause::new(format!("test.{name}")));
        policy.purposes.insert(rule.id.clone(), rule);
    }
    policy.purposes.get_mut(&purpose("reports")).unwrap().uses = BTreeSet::from([Use::Statistics]);
    for name in ["account", "usage", "payment"] {
        let fields = vec![Field::parse("field").unwrap()];
        policy.categories.insert(category(name), CategoryRule::new(category(name), fields, Clause::new("test.data")));
    }
    let recipients = [
        RecipientRule { countries: countries(&["FR"]), ..rule("host", RecipientRole::Processor) },
        RecipientRule {
            categories: BTreeSet::from([category("usage")]),
            purposes: BTreeSet::from([purpose("analytics")]),
            needs: BTreeSet::from([ground("processing-agreement")]),
            ..rule("analyst", RecipientRole::Processor)
        },
        RecipientRule {
            grounds: BTreeSet::from([ground("court-order"), ground("legal-claim")]),
            purposes: BTreeSet::from([purpose("legal")]),
            countries: countries(&["FR"]),
            ..rule("police", RecipientRole::Authority)
        },
        RecipientRule {
            consent: Some(purpose("adverts")),
            uses: BTreeSet::from([Use::Sale]),
            countries: countries(&["FR"]),
            ..rule("advertiser", RecipientRole::Controller)
        },
    ];
    policy.recipients = recipients.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    policy.recipients_clause = Some(Clause::new("test.nobody-else"));
    policy
}

fn asked(who: &str, what: &[&str], what_for: &str) -> DisclosureAsked {
    DisclosureAsked {
        recipient: recipient(who),
        categories: what.iter().map(|name| category(name)).collect(),
        purpose: purpose(what_for),
        uses: BTreeSet::new(),
        ground: None,
        country: None,
        mechanism: None,
        onward_from: None,
        references: BTreeMap::new(),
    }
}

fn with(mut asked: DisclosureAsked, references: &[(&str, &str)]) -> DisclosureAsked {
    let pairs = references.iter().map(|(name, text)| (ground(name), Sensitive::new((*text).to_owned())));
    asked.references.extend(pairs);
    asked
}

fn decided(policy: &Policy, standing: &Standing, asked: &DisclosureAsked) -> Result<Permit, Reason> {
    check(policy, standing, asked, now()).map_err(|denied| denied.reason)
}

fn of_stranger(policy: &Policy, asked: &DisclosureAsked) -> Result<Permit, Reason> {
    decided(policy, &Standing::default(), asked)
}

fn agreed(name: &str) -> ConsentEvent {
    ConsentEvent {
        guardian: None,
        id: CaptureId::from_hash("0".repeat(22)),
        subject: subject(),
        at: Timestamp::UNIX_EPOCH,
        choices: [(purpose(name), Choice::Given)].into(),
        notice_version: "1".into(),
        language: "en".into(),
        method: "form".into(),
        gpc: false,
        policy: PolicyHash::from_hex("00"),
        fingerprint: Fingerprint::from_hash(String::new()),
    }
}

fn request(what: RequestType) -> RequestState {
    RequestState {
        received: Received {
            verification: what.default_verification(),
            ..Received::new(what, IdentifierKind::Mail, Timestamp::UNIX_EPOCH, (now(), String::new()))
        },
        verified: None,
        decided: None,
        history: Vec::new(),
    }
}

#[test]
fn whoever_is_not_listed_gets_nothing_by_the_clause_that_says_so() {
    let mut policy = policy();
    let stranger = asked("stranger", &["account"], "service");
    let denied = check(&policy, &Standing::default(), &stranger, now()).unwrap_err();
    assert_eq!((denied.reason, denied.clause.as_str()), (Reason::UnlistedRecipient, "test.nobody-else"));
    policy.recipients_clause = None;
    let denied = check(&policy, &Standing::default(), &stranger, now()).unwrap_err();
    assert_eq!(denied.clause.as_str(), "GDPR Art. 13(1)(e)", "the law speaks where the policy is silent");
}

#[test]
fn a_recipient_gets_what_its_rule_lists_and_no_more() {
    let policy = policy();
    let agreement = [("processing-agreement", "dpa-7")];
    let analyst = |what: &[&str], what_for| {
        let asked = DisclosureAsked { country: Some(country("DE")), ..asked("analyst", what, what_for) };
        of_stranger(&policy, &with(asked, &agreement)).map(|permit| permit.clause.to_string())
    };
    assert_eq!(analyst(&["usage"], "analytics"), Ok("test.analyst".into()));
    assert_eq!(analyst(&["usage", "payment"], "analytics"), Err(Reason::CategoryNotAllowed));
    assert_eq!(analyst(&["usage"], "service"), Err(Reason::PurposeNotAllowed));
    assert_eq!(analyst(&["unheard-of"], "analytics"), Err(Reason::UndeclaredCategory));
    assert_eq!(analyst(&[], "analytics"), Err(Reason::UndeclaredCategory));
    assert_eq!(analyst(&["usage"], "unheard-of"), Err(Reason::UndeclaredPurpose));
    let without = DisclosureAsked { country: Some(country("DE")), ..asked("analyst", &["usage"], "analytics") };
    assert_eq!(of_stranger(&policy, &without), Err(Reason::ReferenceMissing));
}

#[test]
fn an_authority_names_its_ground() {
    let policy = policy();
    let on = |name: Option<&str>| {
        let asked = DisclosureAsked { ground: name.map(ground), ..asked("police", &["account"], "legal") };
        of_stranger(&policy, &asked).map(drop)
    };
    assert_eq!(on(None), Err(Reason::GroundNotAllowed));
    assert_eq!(on(Some("curiosity")), Err(Reason::GroundNotAllowed));
    assert_eq!(on(Some("court-order")), Ok(()));
}

#[test]
fn a_buyer_needs_the_persons_consent_and_loses_by_their_opt_out() {
    let policy = policy();
    let buyer = asked("advertiser", &["usage"], "service");
    assert_eq!(of_stranger(&policy, &buyer), Err(Reason::ConsentMissing));
    let consents = [agreed("adverts")];
    let willing = Standing::at(&consents, &[], &[], now());
    assert!(decided(&policy, &willing, &buyer).is_ok());
    let opted_out = Standing::at(&consents, &[request(RequestType::DoNotSellOrShare)], &[], now());
    assert_eq!(decided(&policy, &opted_out, &buyer), Err(Reason::DoNotSellOrShare));
    let mut never = policy;
    let what = Use::Sale;
    never.denials.insert(
        what,
        Denial { what, except: BTreeSet::new(), unless_consent: None, clause: Clause::new("test.never") },
    );
    assert_eq!(decided(&never, &willing, &buyer), Err(Reason::UseRuledOut));
}

#[test]
fn restricted_data_goes_to_authorities_and_for_claims_alone() {
    let id = HoldId::from_hash("0".repeat(22));
    let opened = (Timestamp::UNIX_EPOCH, "officer-1".into());
    let hold = Hold::new(id, HoldScope::Subject(subject()), HoldReason::Restriction, opened, now());
    let standing = Standing::at(&[], &[], [&hold], now());
    let mut policy = policy();
    assert_eq!(decided(&policy, &standing, &asked("host", &["account"], "service")), Err(Reason::Restriction));
    let ordered = DisclosureAsked { ground: Some(ground("court-order")), ..asked("police", &["account"], "legal") };
    assert!(decided(&policy, &standing, &ordered).is_ok());
    let claim = DisclosureAsked { ground: Some(ground("legal-claim")), ..asked("host", &["account"], "service") };
    assert_eq!(decided(&policy, &standing, &claim), Err(Reason::Restriction), "its rule knows no such ground");
    policy.recipients.get_mut(&recipient("host")).unwrap().grounds = BTreeSet::from([ground("legal-claim")]);
    assert!(decided(&policy, &standing, &claim).is_ok());
}

/// Where the host would keep it, by which mechanism, and what was decided.
fn transferred(
    policy: &Policy,
    code: &str,
    mechanism: Option<Mechanism>,
    references: &[(&str, &str)],
) -> Result<Option<Mechanism>, Reason> {
    let mut policy = policy.clone();
    policy.recipients.get_mut(&recipient("host")).unwrap().countries = BTreeSet::new();
    let asked = DisclosureAsked { country: Some(country(code)), mechanism, ..asked("host", &["account"], "service") };
    of_stranger(&policy, &with(asked, references)).map(|permit| permit.mechanism)
}

#[test]
fn a_transfer_that_a_silent_policy_forbids_is_forbidden_by_its_law() {
    let mut policy = policy();
    policy.recipients.get_mut(&recipient("host")).unwrap().countries = BTreeSet::new();
    for (regimes, clause) in [
        (vec![Regime::EuGdpr], "GDPR Art. 44"),
        (vec![Regime::UkGdpr], "UK GDPR Art. 44"),
        (vec![Regime::UsCa, Regime::UkGdpr], "UK GDPR Art. 44"),
    ] {
        policy.regimes = regimes;
        let asked = DisclosureAsked { country: Some(country("US")), ..asked("host", &["account"], "service") };
        let denied = check(&policy, &Standing::default(), &asked, now()).unwrap_err();
        assert_eq!((denied.reason, denied.clause.as_str()), (Reason::MechanismMissing, clause));
    }
}

#[test]
fn a_silent_policy_keeps_data_in_its_laws_own_area() {
    let mut policy = policy();
    for (regimes, home, abroad) in [
        (vec![Regime::EuGdpr], vec!["FR", "NO", "RE"], vec!["GB", "US", "CH"]),
        (vec![Regime::UkGdpr], vec!["GB"], vec!["FR", "US"]),
        (vec![Regime::UsCa], vec!["US"], vec!["FR", "GB"]),
        (vec![Regime::EuGdpr, Regime::UkGdpr], vec!["FR", "GB"], vec!["US"]),
        (vec![Regime::UsCa, Regime::EuGdpr], vec!["FR"], vec!["US"]),
    ] {
        policy.regimes = regimes;
        for code in home {
            assert_eq!(transferred(&policy, code, None, &[]), Ok(None), "{code}");
        }
        for code in abroad {
            assert_eq!(transferred(&policy, code, None, &[]), Err(Reason::MechanismMissing), "{code}");
            let adequacy = Some(Mechanism::Adequacy);
            assert_eq!(transferred(&policy, code, adequacy, &[]), Err(Reason::MechanismNotAllowed), "{code}");
        }
    }
}

#[test]
fn a_transfer_needs_a_mechanism_of_the_policy_and_its_instrument() {
    let mut policy = policy();
    policy.transfer = Some(TransferRule {
        home: countries(&["FR"]),
        mechanisms: BTreeSet::from([Mechanism::Adequacy, Mechanism::StandardClauses, Mechanism::ExplicitConsent]),
        clause: Clause::new("test.transfer"),
    });
    let to = |code, mechanism, references: &[(&str, &str)]| transferred(&policy, code, mechanism, references);
    let (adequacy, clauses) = (Some(Mechanism::Adequacy), Some(Mechanism::StandardClauses));
    assert_eq!(to("FR", None, &[]), Ok(None));
    assert_eq!(to("DE", None, &[]), Err(Reason::MechanismMissing), "the policy's home is narrower than the law's");
    assert_eq!(to("DE", adequacy, &[]), Ok(adequacy));
    assert_eq!(to("JP", adequacy, &[]), Ok(adequacy));
    assert_eq!(to("IN", adequacy, &[]), Err(Reason::CountryNotAdequate));
    assert_eq!(to("US", adequacy, &[]), Err(Reason::ReferenceMissing));
    assert_eq!(to("US", adequacy, &[("data-privacy-framework", "listed 2026-01-05")]), Ok(adequacy));
    assert_eq!(to("IN", clauses, &[]), Err(Reason::ReferenceMissing));
    assert_eq!(to("IN", clauses, &[("standard-clauses", "2010/87/EU of 2015")]), Err(Reason::ClausesOutdated));
    assert_eq!(to("IN", clauses, &[("standard-clauses", "2021/914 module 2, scc-12")]), Ok(clauses));
    let consent = Some(Mechanism::ExplicitConsent);
    assert_eq!(to("IN", consent, &[]), Err(Reason::ReferenceMissing));
    assert_eq!(to("IN", consent, &[("explicit-consent", "form-33")]), Ok(consent));
    assert_eq!(to("IN", Some(Mechanism::Idta), &[("idta", "a-1")]), Err(Reason::MechanismNotAllowed));
    let denied = check(
        &policy,
        &Standing::default(),
        &DisclosureAsked { country: Some(country("IN")), ..asked("analyst", &["usage"], "analytics") },
        now(),
    );
    assert_eq!(denied.unwrap_err().clause.as_str(), "test.analyst", "what is missing first is told first");
}

#[test]
fn adequacy_must_hold_under_each_law_that_binds() {
    let mut policy = policy();
    policy.transfer = Some(TransferRule {
        home: BTreeSet::new(),
        mechanisms: BTreeSet::from([Mechanism::Adequacy]),
        clause: Clause::new("test.transfer"),
    });
    let adequacy = Some(Mechanism::Adequacy);
    for (regimes, code, expected) in [
        (vec![Regime::EuGdpr], "BR", Ok(adequacy)),
        (vec![Regime::UkGdpr], "BR", Err(Reason::CountryNotAdequate)),
        (vec![Regime::EuGdpr, Regime::UkGdpr], "BR", Err(Reason::CountryNotAdequate)),
        (vec![Regime::EuGdpr, Regime::UkGdpr], "KR", Ok(adequacy)),
        (vec![Regime::UsCa], "CA", Err(Reason::CountryNotAdequate)),
    ] {
        policy.regimes = regimes;
        assert_eq!(transferred(&policy, code, adequacy, &[]), expected, "{:?} {code}", policy.regimes);
    }
}

#[test]
fn the_country_is_the_rules_or_named_and_never_another() {
    let policy = policy();
    let host = asked("host", &["account"], "service");
    assert_eq!(of_stranger(&policy, &host).unwrap().countries, countries(&["FR"]));
    let elsewhere = DisclosureAsked { country: Some(country("DE")), ..host };
    assert_eq!(of_stranger(&policy, &elsewhere), Err(Reason::CountryNotAllowed));
    let analyst = with(asked("analyst", &["usage"], "analytics"), &[("processing-agreement", "dpa-7")]);
    assert_eq!(of_stranger(&policy, &analyst), Err(Reason::CountryUnnamed));
}

#[test]
fn one_who_reads_it_from_abroad_is_as_far_as_their_farthest_country() {
    let mut policy = policy();
    policy.recipients.get_mut(&recipient("host")).unwrap().countries = countries(&["FR", "IN"]);
    let host = asked("host", &["account"], "service");
    assert_eq!(of_stranger(&policy, &host), Err(Reason::MechanismMissing));
    let at_home = DisclosureAsked { country: Some(country("FR")), ..host };
    assert!(of_stranger(&policy, &at_home).is_ok());
}

#[test]
fn passing_on_needs_a_mechanism_of_its_own_and_no_more_than_the_holder_has() {
    let mut policy = policy();
    policy.transfer = Some(TransferRule {
        home: countries(&["FR"]),
        mechanisms: BTreeSet::from([Mechanism::BindingRules]),
        clause: Clause::new("test.transfer"),
    });
    let host = policy.recipients.get_mut(&recipient("host")).unwrap();
    host.mechanism = Some(Mechanism::BindingRules);
    host.countries = countries(&["IN"]);
    let first = with(asked("host", &["usage"], "service"), &[("binding-rules", "bcr-1")]);
    assert_eq!(of_stranger(&policy, &first).unwrap().mechanism, Some(Mechanism::BindingRules));
    let onward = DisclosureAsked { onward_from: Some(recipient("analyst")), ..first };
    assert_eq!(of_stranger(&policy, &onward), Err(Reason::MechanismMissing));
    let own = DisclosureAsked { mechanism: Some(Mechanism::BindingRules), ..onward };
    assert!(of_stranger(&policy, &own).is_ok());
    let more = DisclosureAsked { categories: BTreeSet::from([category("account")]), ..own.clone() };
    assert_eq!(of_stranger(&policy, &more), Err(Reason::CategoryNotAllowed), "the analyst has no accounts");
    let unknown = DisclosureAsked { onward_from: Some(recipient("stranger")), ..own };
    assert_eq!(of_stranger(&policy, &unknown), Err(Reason::UnlistedRecipient));
}

#[test]
fn a_total_of_enough_people_may_leave_for_a_purpose_of_totals() {
    let mut policy = policy();
    fn total(policy: &Policy, people: u32, what: &str, what_for: &str) -> Result<Clause, Reason> {
        let asked = asked("anybody", &[what], what_for);
        check_total(policy, &asked, people).map(|permit| permit.clause).map_err(|denied| denied.reason)
    }
    assert_eq!(total(&policy, 9, "usage", "reports"), Err(Reason::TooFewPeople));
    assert_eq!(total(&policy, 10, "usage", "reports"), Ok(Clause::new("test.reports")));
    assert_eq!(total(&policy, 10_000, "usage", "analytics"), Err(Reason::NotStatistics));
    assert_eq!(total(&policy, 10_000, "usage", "unheard-of"), Err(Reason::UndeclaredPurpose));
    assert_eq!(total(&policy, 10_000, "moods", "reports"), Err(Reason::UndeclaredCategory));
    policy.purposes.get_mut(&purpose("reports")).unwrap().threshold = Some(50);
    assert_eq!(total(&policy, 49, "usage", "reports"), Err(Reason::TooFewPeople));
    let what = Use::Statistics;
    let denial = Denial { what, except: BTreeSet::new(), unless_consent: None, clause: Clause::new("test.never") };
    policy.denials.insert(what, denial);
    assert_eq!(total(&policy, 50, "usage", "reports"), Err(Reason::UseRuledOut));
}

/// GDPR Art. 15(1)(c): a person is told of the disclosures of their data, and a total is in nobody's list.
#[test]
fn a_disclosure_of_a_persons_data_is_theirs_and_one_of_a_total_is_nobodys() {
    let person = SubjectRef::parse(&format!("1.{}", "A".repeat(22))).unwrap();
    assert_eq!(Whose::Person(person.clone()).subject(), Some(&person));
    assert_eq!(Whose::Total { people: 10 }.subject(), None);
}

fn any_asked() -> impl Strategy<Value = DisclosureAsked> {
    let who = prop::sample::select(vec!["host", "analyst", "police", "advertiser", "stranger", "neighbour"]);
    let what = prop::sample::subsequence(vec!["account", "usage", "payment", "health"], 0..=4);
    let what_for = prop::sample::select(vec!["service", "analytics", "legal", "adverts", "reports", "revenge"]);
    let on = prop::option::of(prop::sample::select(vec!["court-order", "legal-claim", "curiosity"]));
    let place = prop::option::of(prop::sample::select(vec!["FR", "DE", "GB", "US", "IN"]));
    let how = prop::option::of(0..Mechanism::ALL.len());
    let names = vec!["processing-agreement", "standard-clauses", "explicit-consent", "data-privacy-framework"];
    let references = prop::sample::subsequence(names, 0..=4);
    (who, what, what_for, on, place, how, references).prop_map(|(who, what, what_for, on, place, how, references)| {
        let references: Vec<_> = references.into_iter().map(|name| (name, "2021/914")).collect();
        let asked = DisclosureAsked {
            ground: on.map(ground),
            country: place.map(country),
            mechanism: how.map(|how| Mechanism::ALL[how]),
            ..asked(who, &what, what_for)
        };
        with(asked, &references)
    })
}

fn any_standing() -> impl Strategy<Value = Standing> {
    (any::<bool>(), prop::sample::subsequence(RequestType::ALL.to_vec(), 0..=3)).prop_map(|(willing, requests)| {
        let consents: Vec<_> = willing.then(|| agreed("adverts")).into_iter().collect();
        let requests: Vec<_> = requests.into_iter().map(request).collect();
        Standing::at(&consents, &requests, &[], now())
    })
}

proptest! {
    #[test]
    fn nothing_is_allowed_that_is_not_listed(asked in any_asked(), standing in any_standing(), open in any::<bool>()) {
        let mut policy = policy();
        if open {
            policy.transfer = Some(TransferRule {
                home: countries(&["FR"]),
                mechanisms: Mechanism::ALL.into_iter().collect(),
                clause: Clause::new("test.transfer"),
            });
        }
        if let Ok(permit) = check(&policy, &standing, &asked, now()) {
            let rule = policy.recipients.get(&asked.recipient);
            prop_assert!(rule.is_some(), "an unlisted recipient got something");
            let rule = rule.unwrap();
            prop_assert!(!asked.categories.is_empty());
            for category in &asked.categories {
                prop_assert!(policy.categories.contains_key(category));
                prop_assert!(rule.categories.is_empty() || rule.categories.contains(category));
            }
            prop_assert!(policy.purposes.contains_key(&asked.purpose));
            prop_assert!(rule.purposes.is_empty() || rule.purposes.contains(&asked.purpose));
            prop_assert!(!permit.countries.is_empty());
            let home = countries(&["FR", "DE"]);
            prop_assert!(permit.mechanism.is_some() || permit.countries.is_subset(&home));
            prop_assert!(permit.mechanism.is_none() || open, "a silent policy lets nothing out");
            prop_assert_eq!(permit.clause, rule.clause.clone());
        }
    }

    #[test]
    fn an_objection_or_opt_out_never_opens_a_disclosure(
        asked in any_asked(),
        willing in any::<bool>(),
        said in 0..RequestType::ALL.len(),
    ) {
        let policy = policy();
        let consents: Vec<_> = willing.then(|| agreed("adverts")).into_iter().collect();
        let before = Standing::at(&consents, &[], &[], now());
        let after = Standing::at(&consents, &[request(RequestType::ALL[said])], &[], now());
        prop_assert!(check(&policy, &after, &asked, now()).is_err() || check(&policy, &before, &asked, now()).is_ok());
    }

    #[test]
    fn less_reference_never_opens_a_disclosure(asked in any_asked(), standing in any_standing()) {
        let policy = policy();
        let bare = DisclosureAsked { references: BTreeMap::new(), ..asked.clone() };
        prop_assert!(check(&policy, &standing, &bare, now()).is_err() || check(&policy, &standing, &asked, now()).is_ok());
    }
}
