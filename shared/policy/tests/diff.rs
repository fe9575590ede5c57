//! What a change of policy is said to mean, and that nothing changes unsaid.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rich;

use std::collections::BTreeSet;

use domain::{
    dsar::RequestType,
    policy::{
        Action, LawfulBasis, Mechanism, Period, Policy, PolicyHash, RecipientRole, Refusal, Regime, RetentionRule,
        Switch, SystemKind, TrackerNeed, Use, VerificationRule,
    },
    retention::RetentionClock,
};
use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};
use policy::diff::{Change, ChangeKind, Consequence, Touched, diff};
use proptest::prelude::*;
use rich::{category, clause, country, event, field, ground, policy, purpose, rule, span, system, until};

/// A change in one line: `retention invoice for billing: shorter [stored-end-earlier]`.
fn line(change: &Change) -> String {
    let aspect = change.aspect.map(|aspect| format!(" {aspect}")).unwrap_or_default();
    let value = serde_json::to_value(&change.consequences).unwrap();
    let follows: Vec<&str> = value.as_array().unwrap().iter().map(|follows| follows.as_str().unwrap()).collect();
    let (part, kind) = (change.part.as_str(), change.kind.as_str());
    format!("{part} {}{aspect}: {kind} [{}]", change.what, follows.join(" "))
}

type Mutation = fn(&mut Policy);

fn keep<'p>(policy: &'p mut Policy, kept: &str, for_what: &str) -> &'p mut RetentionRule {
    policy.retention.get_mut(&(category(kept), purpose(for_what))).unwrap()
}

fn recipient<'p>(policy: &'p mut Policy, name: &str) -> &'p mut domain::policy::RecipientRule {
    policy.recipients.get_mut(&domain::ids::Recipient::parse(name).unwrap()).unwrap()
}

fn tracker<'p>(policy: &'p mut Policy, name: &str) -> &'p mut domain::policy::TrackerRule {
    policy.trackers.get_mut(&domain::ids::TrackerId::parse(name).unwrap()).unwrap()
}

fn system_rule(policy: &mut Policy) -> &mut domain::policy::SystemRule {
    policy.systems.get_mut(&system("crm")).unwrap()
}

fn right(policy: &mut Policy, request: RequestType) -> &mut domain::policy::RightRule {
    policy.rights.get_mut(&request).unwrap()
}

fn purpose_rule<'p>(policy: &'p mut Policy, name: &str) -> &'p mut domain::policy::PurposeRule {
    policy.purposes.get_mut(&purpose(name)).unwrap()
}

fn category_rule<'p>(policy: &'p mut Policy, name: &str) -> &'p mut domain::policy::CategoryRule {
    policy.categories.get_mut(&category(name)).unwrap()
}

/// One change of the rich policy each, and what it is said to be.
const MUTATIONS: &[(&str, Mutation)] = &[
    ("controller acme name: different [tell-people]", |p| p.name = "Other".into()),
    ("controller acme contact: different [tell-people]", |p| p.contact_mail = "x@acme.example".into()),
    ("controller acme regimes: weaker [tell-people]", |p| p.regimes = vec![Regime::EuGdpr]),
    ("controller acme regimes: stronger []", |p| p.regimes.push(Regime::UkGdpr)),
    ("controller acme order of regimes: different []", |p| p.regimes.reverse()),
    ("controller acme time zone: different [stored-planned-anew]", |p| p.time_zone = TimeZone::UTC),
    ("office office post: different [tell-people]", |p| p.office.post = None),
    ("office office other mails: different [tell-people]", |p| p.office.other_mails.clear()),
    ("office authority: gone [tell-people]", |p| p.office.authority = None),
    ("office authority url: different [tell-people]", |p| p.office.authority.as_mut().unwrap().url = None),
    ("controller acme establishment: different []", |p| p.establishment = None),
    ("controller acme sandbox: different [tell-people]", |p| p.is_sandbox = false),
    ("controller acme accounts, issuer: different []", |p| p.accounts.as_mut().unwrap().issuer = "x".into()),
    ("controller acme accounts, audience: different []", |p| p.accounts.as_mut().unwrap().audience = "x".into()),
    ("office office review: weaker []", |p| assert!(p.office.review.remove(&RequestType::Rectification))),
    ("office office review: stronger []", |p| assert!(p.office.review.insert(RequestType::Access))),
    ("office office four eyes: weaker []", |p| p.office.four_eyes.clear()),
    ("office office four eyes: stronger []", |p| assert!(p.office.four_eyes.insert(RequestType::Rectification))),
    ("office office reminders: weaker []", |p| p.office.reminders = vec![90]),
    ("office office reminders: stronger []", |p| p.office.reminders = vec![30, 60, 90]),
    ("office office reminders: different []", |p| p.office.reminders.clear()),
    ("office office escalation: weaker []", |p| p.office.escalation.clear()),
    ("right access verification: stronger [tell-people]", |p| {
        right(p, RequestType::Access).verification = VerificationRule::Account;
    }),
    ("system crm: gone []", |p| p.systems.clear()),
    ("system crm title: different []", |p| system_rule(p).title = "x".into()),
    ("system crm way: different []", |p| {
        system_rule(p).kind = SystemKind::Queue { url: "https://crm.acme.example/habeas".into() };
    }),
    ("system crm categories: weaker []", |p| assert!(system_rule(p).categories.remove(&category("address")))),
    ("system crm categories: stronger []", |p| system_rule(p).categories.clear()),
    ("system crm requests: weaker []", |p| assert!(system_rule(p).requests.remove(&RequestType::Erasure))),
    ("system crm requests: stronger []", |p| assert!(system_rule(p).requests.insert(RequestType::Portability))),
    ("system crm clause: different []", |p| system_rule(p).clause = clause("x")),
    ("replica acme-records-copy: gone []", |p| p.replicas.clear()),
    ("replica acme-records-copy region: different []", |p| {
        p.replicas.values_mut().for_each(|copy| copy.region = None);
    }),
    ("replica acme-records-copy clause: different []", |p| {
        p.replicas.values_mut().for_each(|copy| copy.clause = clause("x"));
    }),
    ("role platform: gone [tell-people]", |p| p.roles.clear()),
    ("role platform role: different [tell-people]", |p| p.roles[0].parties.clear()),
    ("role platform clause: different []", |p| p.roles[0].clause = clause("x")),
    ("notice notice version: different [tell-people]", |p| p.notice.version = "2027".into()),
    ("notice notice text: different [tell-people]", |p| p.notice.text_sha256 = "cd".repeat(32)),
    ("notice notice accepted versions: different []", |p| p.accepted_notices.truncate(1)),
    ("notice-change changes of the notice: gone [tell-people]", |p| p.notice_change = None),
    ("notice-change changes of the notice lead time: weaker [tell-people]", |p| {
        p.notice_change.as_mut().unwrap().lead_time = Some(span(14.days()));
    }),
    ("notice-change changes of the notice by mail: weaker [tell-people]", |p| {
        p.notice_change.as_mut().unwrap().by_mail = false;
    }),
    ("purpose newsletter: gone []", |p| drop(p.purposes.remove(&purpose("newsletter")))),
    ("purpose newsletter basis: different [tell-people]", |p| {
        purpose_rule(p, "newsletter").basis = LawfulBasis::LegitimateInterests;
    }),
    ("purpose chat basis: different [tell-people ask-consent-again]", |p| {
        purpose_rule(p, "chat").basis = LawfulBasis::Consent;
    }),
    ("purpose newsletter title: different [tell-people ask-consent-again]", |p| {
        purpose_rule(p, "newsletter").title = "Send you news of our partners".into();
    }),
    ("purpose newsletter uses: weaker [tell-people ask-consent-again]", |p| {
        purpose_rule(p, "newsletter").uses.insert(Use::Profiling);
    }),
    ("purpose newsletter.beacon uses: stronger []", |p| purpose_rule(p, "newsletter.beacon").uses.clear()),
    ("purpose newsletter.beacon also needs: weaker [tell-people]", |p| {
        purpose_rule(p, "newsletter.beacon").also_needs.clear();
    }),
    ("purpose newsletter also needs: stronger [ask-consent]", |p| {
        purpose_rule(p, "newsletter").also_needs.insert(purpose("newsletter.beacon"));
    }),
    ("purpose newsletter.beacon only with: weaker [tell-people]", |p| {
        purpose_rule(p, "newsletter.beacon").only_with.clear();
    }),
    ("purpose newsletter confirmed by mail: weaker [tell-people]", |p| {
        purpose_rule(p, "newsletter").confirm_by_mail = false;
    }),
    ("category address: gone []", |p| drop(p.categories.remove(&category("address")))),
    ("category address fields: weaker [tell-people]", |p| category_rule(p, "address").fields.push(field("phone"))),
    ("category address fields: weaker [tell-people]", |p| category_rule(p, "address").fields.clear()),
    ("category account fields: stronger []", |p| category_rule(p, "account").fields.push(field("email"))),
    ("category address order of fields: different []", |p| category_rule(p, "address").fields.reverse()),
    ("category invoice withheld: stronger []", |p| category_rule(p, "invoice").withheld.clear()),
    ("category invoice never stored: weaker [tell-people]", |p| category_rule(p, "invoice").never.clear()),
    ("category address opt-in: weaker [tell-people]", |p| category_rule(p, "address").opt_in = None),
    ("category account opt-in: stronger [ask-consent]", |p| {
        category_rule(p, "account").opt_in = Some(purpose("account"));
    }),
    ("category invoice sources: stronger []", |p| drop(category_rule(p, "invoice").sources.pop())),
    ("retention invoice for billing: gone [stored-keep-their-end]", |p| {
        p.retention.remove(&(category("invoice"), purpose("billing")));
    }),
    ("retention invoice for billing: shorter [stored-end-earlier]", |p| {
        keep(p, "invoice", "billing").period = Period::Fixed { duration: span(6.years()) };
    }),
    ("retention invoice for billing: longer [tell-people stored-end-later]", |p| {
        keep(p, "invoice", "billing").period = Period::Fixed { duration: span(121.months()) };
    }),
    ("retention invoice for billing: longer [tell-people stored-end-later]", |p| {
        keep(p, "invoice", "billing").period = Period::Indefinite;
    }),
    ("retention invoice for billing: different [tell-people stored-planned-anew]", |p| {
        keep(p, "invoice", "billing").period = Period::Fixed { duration: span(3_652.days()) };
    }),
    ("retention address for newsletter: shorter [stored-end-earlier]", |p| {
        keep(p, "address", "newsletter").period = until("consent.withdrawn", Span::new(), Some(2.years()));
    }),
    ("retention address for newsletter: longer [tell-people stored-end-later]", |p| {
        keep(p, "address", "newsletter").period = until("consent.withdrawn", 1.day(), Some(3.years()));
    }),
    ("retention address for newsletter: different [tell-people stored-planned-anew]", |p| {
        keep(p, "address", "newsletter").period = until("consent.withdrawn", 1.day(), Some(2.years()));
    }),
    ("retention address for newsletter: longer [tell-people stored-end-later]", |p| {
        keep(p, "address", "newsletter").period = Period::Fixed { duration: span(3.years()) };
    }),
    ("retention chat-session for chat: shorter [stored-end-earlier]", |p| {
        keep(p, "chat-session", "chat").period = Period::Sliding {
            duration: span(30.minutes()),
            renew_on: vec![event("website.access")],
            max: Some(span(1.day())),
        };
    }),
    ("retention chat-session for chat: longer [tell-people stored-end-later]", |p| {
        keep(p, "chat-session", "chat").switch =
            Some(Switch { on: event("chat.message"), then: Period::Indefinite, clause: clause("y") });
    }),
    ("retention chat-ip for chat: shorter [stored-end-earlier]", |p| {
        keep(p, "chat-ip", "chat").switch.as_mut().unwrap().then = Period::Fixed { duration: span(6.months()) };
    }),
    ("retention chat-ip for chat: different [tell-people stored-planned-anew]", |p| {
        keep(p, "chat-ip", "chat").switch = None;
    }),
    ("retention invoice for billing action: different [tell-people]", |p| {
        keep(p, "invoice", "billing").action = Action::Anonymise;
    }),
    ("retention invoice for billing files deleted by: different []", |p| {
        keep(p, "invoice", "billing").lifecycle = true
    }),
    ("retention chat-ip for chat exemption from erasure: stronger []", |p| {
        keep(p, "chat-ip", "chat").exemption = None;
    }),
    ("retention invoice for billing clause: different []", |p| keep(p, "invoice", "billing").clause = clause("x")),
    ("right access: gone [tell-people]", |p| drop(p.rights.remove(&RequestType::Access))),
    ("right access offered: weaker [tell-people]", |p| {
        right(p, RequestType::Access).refusal = Some(Refusal { code: "NO".into(), text: "no".into(), offer: None });
    }),
    ("right portability offered: stronger []", |p| right(p, RequestType::Portability).refusal = None),
    ("right access verification: weaker [tell-people]", |p| {
        right(p, RequestType::Access).verification = VerificationRule::None;
    }),
    ("right erasure verification: stronger [tell-people]", |p| {
        right(p, RequestType::Erasure).verification = VerificationRule::Points(3);
    }),
    ("right access verification: different [tell-people]", |p| {
        right(p, RequestType::Access).verification = VerificationRule::Points(3);
    }),
    ("right erasure time to answer: weaker [tell-people]", |p| {
        right(p, RequestType::Erasure).respond_within = Some(span(1.month()));
    }),
    ("right erasure time to answer: stronger []", |p| {
        right(p, RequestType::Erasure).respond_within = Some(span(1.week()));
    }),
    ("agents agents: gone [tell-people]", |p| p.agents = None),
    ("agents agents proofs: weaker [tell-people]", |p| {
        p.agents.as_mut().unwrap().proofs.insert(ground("power-of-attorney"));
    }),
    ("age age: gone [tell-people]", |p| p.age = None),
    ("age age refused below: stronger []", |p| p.age.as_mut().unwrap().refuse_below = Some(14)),
    ("age age guardian below: weaker [tell-people]", |p| p.age.as_mut().unwrap().guardian_below = None),
    ("age age guardian by country: weaker [tell-people]", |p| {
        p.age.as_mut().unwrap().guardian_below_in.clear();
    }),
    ("breach breach told of attempts: weaker [tell-people]", |p| p.breach.tell_of_attempts = false),
    ("breach breach website alert: weaker [tell-people]", |p| p.breach.website_alert = false),
    ("recipient hosting: gone []", |p| {
        drop(p.recipients.remove(&domain::ids::Recipient::parse("hosting").unwrap()));
    }),
    ("recipient hosting role: different [tell-people]", |p| recipient(p, "hosting").role = RecipientRole::Controller),
    ("recipient hosting categories: weaker [tell-people]", |p| recipient(p, "hosting").categories.clear()),
    ("recipient partner categories: weaker [tell-people ask-consent-again]", |p| {
        recipient(p, "partner").categories.insert(category("account"));
    }),
    ("recipient hosting purposes: stronger []", |p| {
        recipient(p, "hosting").purposes.insert(purpose("account"));
    }),
    ("recipient partner grounds: weaker [tell-people]", |p| recipient(p, "partner").grounds.clear()),
    ("recipient hosting needs: weaker [tell-people]", |p| recipient(p, "hosting").needs.clear()),
    ("recipient partner consent: weaker [tell-people]", |p| recipient(p, "partner").consent = None),
    ("recipient hosting consent: stronger [ask-consent]", |p| {
        recipient(p, "hosting").consent = Some(purpose("newsletter"));
    }),
    ("recipient partner uses: stronger []", |p| recipient(p, "partner").uses.clear()),
    ("recipient hosting countries: weaker [tell-people]", |p| {
        recipient(p, "hosting").countries.insert(country("IN"));
    }),
    ("recipient hosting mechanism: different [tell-people]", |p| recipient(p, "hosting").mechanism = None),
    ("recipient hosting mail: different []", |p| recipient(p, "hosting").mail = None),
    ("transfer transfer: gone []", |p| p.transfer = None),
    ("transfer transfer home: weaker [tell-people]", |p| {
        p.transfer.as_mut().unwrap().home.insert(country("US"));
    }),
    ("transfer transfer mechanisms: weaker [tell-people]", |p| {
        p.transfer.as_mut().unwrap().mechanisms.insert(Mechanism::ExplicitConsent);
    }),
    ("denial profiling: gone [tell-people]", |p| p.denials.clear()),
    ("denial profiling except: weaker [tell-people]", |p| {
        p.denials.get_mut(&Use::Profiling).unwrap().except.insert(purpose("chat"));
    }),
    ("denial profiling unless consent: weaker [tell-people]", |p| {
        p.denials.get_mut(&Use::Profiling).unwrap().unless_consent = Some(purpose("chat"));
    }),
    ("tracker beacon: gone []", |p| {
        drop(p.trackers.remove(&domain::ids::TrackerId::parse("beacon").unwrap()));
    }),
    ("tracker beacon lifetime: longer [tell-people ask-consent-again]", |p| {
        tracker(p, "beacon").lifetime = Some(span(2.years()));
    }),
    ("tracker beacon lifetime: shorter []", |p| tracker(p, "beacon").lifetime = None),
    ("tracker beacon need: weaker [tell-people]", |p| {
        tracker(p, "beacon").need = TrackerNeed::Nothing { reason: "x".into() };
    }),
    ("tracker session need: stronger [tell-people ask-consent]", |p| {
        tracker(p, "session").need = TrackerNeed::Consent(BTreeSet::from([purpose("newsletter")]));
    }),
    ("tracker beacon need: stronger [ask-consent]", |p| {
        tracker(p, "beacon").need =
            TrackerNeed::Consent(BTreeSet::from([purpose("newsletter"), purpose("newsletter.beacon")]));
    }),
    ("tracker session reason of the exemption: different [tell-people]", |p| {
        tracker(p, "session").need = TrackerNeed::Nothing { reason: "x".into() };
    }),
    ("tracker beacon shares: weaker [tell-people]", |p| tracker(p, "beacon").shares = true),
    ("tracker beacon techniques: weaker [tell-people ask-consent-again]", |p| {
        tracker(p, "beacon").techniques.push(ground("fingerprint"));
    }),
    ("signals signals gpc: weaker [tell-people]", |p| p.signals.honours_gpc = false),
    ("signals signals dnt: stronger []", |p| p.signals.honours_dnt = true),
    ("signals signals clause: different []", |p| p.signals.clause = None),
    ("hold investigation: gone [tell-people]", |p| p.holds.clear()),
    ("attestation encryption: gone [tell-people]", |p| p.attestations.clear()),
    ("attestation encryption renewed every: stronger []", |p| {
        p.attestations.values_mut().for_each(|rule| rule.renew_every = span(6.months()));
    }),
];

#[test]
fn each_change_is_told_with_what_follows_from_it() {
    let old = policy();
    for (expected, mutate) in MUTATIONS {
        let mut new = policy();
        mutate(&mut new);
        let lines: Vec<String> = diff(&old, &new).iter().map(line).collect();
        assert_eq!(lines, [*expected]);
    }
}

#[test]
fn a_new_promise_says_whether_people_are_told_or_asked() {
    let new = policy();
    let mut old = policy();
    for name in ["newsletter", "chat"] {
        old.purposes.remove(&purpose(name));
    }
    old.categories.remove(&category("address"));
    old.retention.remove(&(category("invoice"), purpose("billing")));
    old.recipients.clear();
    old.trackers.clear();
    old.transfer = None;
    old.rights.remove(&RequestType::Portability);
    old.denials.clear();
    let lines: Vec<String> = diff(&old, &new).iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "purpose chat: new [tell-people]",
            "purpose newsletter: new [tell-people ask-consent]",
            "category address: new [tell-people]",
            "retention invoice for billing: new [tell-people]",
            "right portability: new [tell-people]",
            "recipient hosting: new [tell-people]",
            "recipient partner: new [tell-people ask-consent]",
            "transfer transfer: new [tell-people]",
            "denial profiling: new []",
            "tracker beacon: new [tell-people ask-consent]",
            "tracker session: new [tell-people]",
        ]
    );
}

#[test]
fn a_hold_that_is_reworded_is_a_new_one_for_an_old_one() {
    let mut new = policy();
    new.holds[0].review_after = span(30.days());
    let lines: Vec<String> = diff(&policy(), &new).iter().map(line).collect();
    assert_eq!(lines, ["hold investigation: gone [tell-people]", "hold investigation: new [tell-people]"]);
}

#[test]
fn one_promise_in_two_spellings_is_one_promise() {
    let mut new = policy();
    keep(&mut new, "invoice", "billing").period = Period::Fixed { duration: span(120.months()) };
    right(&mut new, RequestType::Erasure).respond_within = Some(span(2.weeks()));
    new.hash = PolicyHash::from_hex("another");
    assert_eq!(diff(&policy(), &new), []);
}

#[test]
fn a_change_of_retention_names_the_records_it_touches() {
    let mut new = policy();
    keep(&mut new, "invoice", "billing").period = Period::Indefinite;
    let changes = diff(&policy(), &new);
    let touched = changes[0].records.as_ref().unwrap();
    assert!(touched.covers("invoice", "billing"));
    assert!(!touched.covers("invoice", "account") && !touched.covers("address", "billing"));
    let json = serde_json::to_value(&changes[0]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "part": "retention", "what": "invoice for billing", "kind": "longer",
            "before": "for ten years", "after": "without an end", "clause": "acme.keep-invoice",
            "consequences": ["tell-people", "stored-end-later"],
            "records": { "category": "invoice", "purpose": "billing" },
        })
    );
}

#[test]
fn a_change_says_what_was_promised_and_what_is_now_and_nothing_where_nothing_was() {
    let said = |change: Mutation| {
        let mut new = policy();
        change(&mut new);
        let change = diff(&policy(), &new).remove(0);
        (change.before, change.after)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(said(|p| p.name = "Other".into()), (some("Acme & Sons"), some("Other")));
    assert_eq!(said(|p| p.office.post = None), (some("1 Rue de la Paix, Paris"), None));
    assert_eq!(said(|p| p.office.escalation.clear()), (some("board@acme.example"), None));
    assert_eq!(said(|p| p.signals.honours_gpc = false), (some("yes"), some("no")));
    let sooner: Mutation = |p| p.notice_change.as_mut().unwrap().lead_time = Some(span(14.days()));
    assert_eq!(said(sooner), (some("30 days"), some("14 days")));
    assert_eq!(said(|p| category_rule(p, "address").fields.clear()), (some("email, name"), some("all")));
}

#[test]
fn a_change_names_the_records_that_it_touches_and_no_others() {
    let touched = |category_: Option<&str>, purpose_: Option<&str>| {
        Some(Touched { category: category_.map(category), purpose: purpose_.map(purpose) })
    };
    let cases: &[(Mutation, _)] = &[
        (|p| p.name = "Other".into(), None),
        (|p| p.time_zone = TimeZone::UTC, touched(None, None)),
        (|p| purpose_rule(p, "chat").basis = LawfulBasis::Consent, touched(None, Some("chat"))),
        (|p| purpose_rule(p, "chat").title = "x".into(), None),
        (|p| category_rule(p, "invoice").fields.clear(), touched(Some("invoice"), None)),
        (|p| category_rule(p, "invoice").sources.clear(), None),
        (|p| keep(p, "chat-ip", "chat").exemption = None, touched(Some("chat-ip"), Some("chat"))),
        (|p| keep(p, "chat-ip", "chat").clause = clause("x"), None),
    ];
    for (n, (mutate, expected)) in cases.iter().enumerate() {
        let mut new = policy();
        mutate(&mut new);
        let changes = diff(&policy(), &new);
        assert_eq!(changes[0].records, *expected, "{n}: {changes:?}");
    }
}

#[test]
fn an_exemption_is_told_of_at_its_own_clause() {
    let mut new = policy();
    let exemption = keep(&mut new, "chat-ip", "chat").exemption.as_mut().unwrap();
    (exemption.reason, exemption.clause) = ("The law asks.".into(), clause("law"));
    let change = diff(&policy(), &new).into_iter().find(|change| change.aspect == Some("exemption from erasure"));
    assert_eq!(change.unwrap().clause, Some(clause("law")));
    keep(&mut new, "chat-ip", "chat").exemption = None;
    assert_eq!(diff(&policy(), &new)[0].clause, Some(clause("chat-law")));
}

#[test]
fn no_two_consequences_read_alike() {
    let texts: BTreeSet<&str> = [
        Consequence::TellPeople,
        Consequence::AskConsent,
        Consequence::AskConsentAgain,
        Consequence::StoredEndEarlier,
        Consequence::StoredEndLater,
        Consequence::StoredPlannedAnew,
        Consequence::StoredKeepTheirEnd,
    ]
    .map(Consequence::text)
    .into();
    assert_eq!(texts.len(), 7);
}

fn mutated(picks: &[prop::sample::Index]) -> (Policy, BTreeSet<usize>) {
    let mut policy = policy();
    let picks: BTreeSet<usize> = picks.iter().map(|pick| pick.index(MUTATIONS.len())).collect();
    for pick in &picks {
        // A rule that an earlier mutation took away cannot be changed any more.
        let mut next = policy.clone();
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| MUTATIONS[*pick].1(&mut next))).is_ok() {
            policy = next;
        }
    }
    (policy, picks)
}

fn told(policy: &Policy) -> String {
    format!("{:?}", Policy { hash: PolicyHash::from_hex(""), ..policy.clone() })
}

fn a_span() -> impl Strategy<Value = Span> {
    prop_oneof![
        (1_i64..30).prop_map(|n| n.months()),
        (1_i64..900).prop_map(|n| n.days()),
        (1_i64..3).prop_map(|n| n.years()),
        (1_i64..4_000).prop_map(|n| n.hours()),
        (1_i64..12, 1_i64..40).prop_map(|(months, days)| months.months().days(days)),
    ]
}

fn a_base() -> impl Strategy<Value = Period> {
    let events = |names: &'static [&'static str]| {
        prop::sample::subsequence(names, 1..=names.len()).prop_map(|names| names.into_iter().map(event).collect())
    };
    prop_oneof![
        Just(Period::Indefinite),
        a_span().prop_map(|duration| Period::Fixed { duration: span(duration) }),
        (a_span(), events(&["visit", "click"]), prop::option::of(a_span())).prop_map(|(duration, renew_on, max)| {
            Period::Sliding { duration: span(duration), renew_on, max: max.map(span) }
        }),
        (a_span(), any::<bool>(), events(&["closed", "left"]), prop::option::of(a_span())).prop_map(
            |(grace, at_once, events, max)| Period::UntilEvent {
                events,
                grace: span(if at_once { Span::new() } else { grace }),
                max: max.map(span),
            }
        ),
    ]
}

fn a_rule() -> impl Strategy<Value = RetentionRule> {
    // A second period that slides would share its renewals with the first.
    let then = a_base().prop_filter("one period slides at most", |then| !matches!(then, Period::Sliding { .. }));
    (a_base(), prop::option::weighted(0.3, then)).prop_map(|(base, then)| RetentionRule {
        switch: then.map(|then| Switch { on: event("message"), then, clause: clause("then") }),
        ..rule("address", "newsletter", base)
    })
}

/// Two rules that differ in a little, so that one is often never longer than the other.
fn two_rules() -> impl Strategy<Value = (RetentionRule, RetentionRule)> {
    (a_rule(), a_rule(), 0_u8..5).prop_map(|(old, other, what)| {
        let mut new = old.clone();
        match (what, &mut new.period, &other.period) {
            (0, Period::Sliding { duration, .. }, Period::Sliding { duration: other, .. })
            | (0, Period::UntilEvent { grace: duration, .. }, Period::UntilEvent { grace: other, .. }) => {
                *duration = *other;
            }
            (1, Period::Sliding { max, .. }, Period::Sliding { max: other, .. })
            | (1, Period::UntilEvent { max, .. }, Period::UntilEvent { max: other, .. }) => *max = *other,
            (2, Period::Sliding { renew_on: events, .. }, Period::Sliding { renew_on: other, .. })
            | (2, Period::UntilEvent { events, .. }, Period::UntilEvent { events: other, .. }) => {
                events.clone_from(other);
            }
            (3, _, _) => new.switch = other.switch,
            _ => new.period = other.period,
        }
        (old, new)
    })
}

fn end(rule: &RetentionRule, made: Timestamp, events: &[(&str, Timestamp)], zone: &TimeZone) -> Option<Timestamp> {
    let mut clock = RetentionClock::new(made);
    for (name, at) in events {
        clock.note(rule, &event(name), *at, zone).unwrap();
    }
    clock.due(rule, zone).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_policy_against_itself_has_no_change(picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let (policy, _) = mutated(&picks);
        prop_assert_eq!(diff(&policy, &policy.clone()), Vec::new());
    }

    #[test]
    fn whatever_is_different_is_told(
        before in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        after in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let ((old, _), (new, _)) = (mutated(&before), mutated(&after));
        prop_assert_eq!(diff(&old, &new).is_empty(), told(&old) == told(&new));
    }

    #[test]
    fn a_change_taken_back_is_its_opposite(
        before in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        after in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let ((old, _), (new, _)) = (mutated(&before), mutated(&after));
        let there: BTreeSet<_> = diff(&old, &new).iter().map(|c| (c.part, c.what.clone(), c.aspect, c.kind)).collect();
        let back: BTreeSet<_> =
            diff(&new, &old).iter().map(|c| (c.part, c.what.clone(), c.aspect, c.kind.reversed())).collect();
        prop_assert_eq!(there, back);
    }

    #[test]
    fn a_rule_called_shorter_never_keeps_a_record_longer(
        (old, new) in two_rules(),
        made in 1_500_000_000_i64..1_900_000_000,
        steps in prop::collection::vec((0_i64..20_000_000, prop::sample::select(&["visit", "click", "closed", "left", "message"][..])), 0..12),
    ) {
        let mut before = policy();
        let mut after = policy();
        before.retention.insert((category("address"), purpose("newsletter")), old.clone());
        after.retention.insert((category("address"), purpose("newsletter")), new.clone());
        let kind = diff(&before, &after).iter().find(|change| change.aspect.is_none()).map(|change| change.kind);
        let made = Timestamp::from_second(made).unwrap();
        let mut at = made;
        let events: Vec<_> = steps.iter().map(|(seconds, name)| {
            at = Timestamp::from_second(at.as_second() + seconds).unwrap();
            (*name, at)
        }).collect();
        let zone = &before.time_zone;
        let forever = Timestamp::MAX;
        let ends = [&old, &new].map(|rule| end(rule, made, &events, zone).unwrap_or(forever));
        match kind {
            None => prop_assert_eq!(ends[0], ends[1]),
            Some(ChangeKind::Shorter) => prop_assert!(ends[1] <= ends[0]),
            Some(ChangeKind::Longer) => prop_assert!(ends[1] >= ends[0]),
            Some(_) => {}
        }
    }
}
