//! The five controllers that ship as examples: their promises, and what their texts leave open.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use domain::{
    dsar::RequestType,
    ids::{Category, EventName, Purpose},
    policy::{LawfulBasis, Period, Policy, RetentionRule, VerificationRule},
};
use policy::{CheckedFile, Finding, TieKind, check_file};

const CONTROLLERS: [&str; 5] = ["scantrust", "rfa", "identance", "stationdb", "zentry"];

fn checked(controller: &str) -> CheckedFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies").join(format!("{controller}.toml"));
    check_file(&path, None).unwrap()
}

fn policy(controller: &str) -> Policy {
    checked(controller).policy.unwrap()
}

fn rule<'p>(policy: &'p Policy, category: &str, purpose: &str) -> &'p RetentionRule {
    policy.retention_of(&Category::parse(category).unwrap(), &Purpose::parse(purpose).unwrap()).unwrap()
}

fn basis(policy: &Policy, purpose: &str) -> LawfulBasis {
    policy.purposes[&Purpose::parse(purpose).unwrap()].basis
}

fn names(events: &[EventName]) -> Vec<&str> {
    events.iter().map(EventName::as_str).collect()
}

/// The rule in one line: mode, numbers, events, clause.
fn promise(policy: &Policy, category: &str, purpose: &str) -> String {
    fn line(period: &Period) -> String {
        match period {
            Period::Fixed { duration } => format!("fixed {}", duration.0),
            Period::Sliding { duration, renew_on, .. } => {
                format!("sliding {} on {}", duration.0, names(renew_on).join("+"))
            }
            Period::UntilEvent { events, grace, max } => format!(
                "until {} grace {} max {}",
                names(events).join("+"),
                grace.0,
                max.as_ref().map_or("none".to_owned(), |max| max.0.to_string())
            ),
            Period::Indefinite => "indefinite".to_owned(),
        }
    }
    let rule = rule(policy, category, purpose);
    let mut text = format!("{} ({})", line(&rule.period), rule.clause);
    if let Some(switch) = &rule.switch {
        text.push_str(&format!("; {}: {} ({})", switch.on, line(&switch.then), switch.clause));
    }
    if let Some(exemption) = &rule.exemption {
        text.push_str(&format!("; exempt by {} ({})", exemption.article, exemption.clause));
    }
    text
}

#[test]
fn each_file_is_accepted_and_leaves_no_error_without_a_reading() {
    for controller in CONTROLLERS {
        let file = checked(controller);
        let open: Vec<&Finding> = file.findings.iter().filter(|finding| finding.blocks()).collect();
        assert!(!file.is_refused() && open.is_empty(), "{controller}: {open:#?}");
    }
}

#[test]
fn every_clause_of_the_five_texts_is_tied_to_what_makes_it_true() {
    let known: BTreeSet<&str> = include_str!("../../../infra/policies/clauses.txt").lines().collect();
    assert_eq!(known.len(), 367);
    let mut tied = BTreeSet::new();
    for controller in CONTROLLERS {
        let file = checked(controller);
        for tie in &file.ties {
            let clause = tie.clause.as_str();
            assert!(known.contains(clause), "{controller}.toml names {clause}, which no text has");
            let own = clause.split('.').next() == Some(controller);
            assert!(own, "{controller}.toml names {clause}");
            let line = file.text.lines().nth(tie.line - 1).unwrap();
            assert!(line.contains(&format!("\"{clause}\"")), "{clause} is not in line {}: {line}", tie.line);
            tied.insert(clause.to_owned());
        }
    }
    let untied: Vec<&&str> = known.iter().filter(|clause| !tied.contains(**clause)).collect();
    assert!(untied.is_empty(), "nothing makes {untied:?} true");
}

#[test]
fn what_has_no_effect_or_is_vouched_for_says_why_or_by_what() {
    for controller in CONTROLLERS {
        for tie in checked(controller).ties {
            match tie.kind {
                TieKind::Rule => assert!(!tie.rule.is_empty()),
                TieKind::Attested { evidence, renew_every } => {
                    assert!(evidence.len() > 10 && !renew_every.0.is_zero(), "{}", tie.clause);
                }
                TieKind::NoEffect { reason } => assert!(reason.len() > 10, "{}", tie.clause),
            }
        }
    }
}

#[test]
fn the_promises_that_are_played_stand_as_they_are_written() {
    let policies: BTreeMap<&str, Policy> =
        ["scantrust", "rfa", "identance", "stationdb", "zentry"].map(|name| (name, policy(name))).into();
    for (controller, category, purpose, expected) in [
        ("scantrust", "security-ip", "security.abuse-detection", "fixed P100D (scantrust.1.2-b)"),
        ("scantrust", "scan-event", "security.abuse-detection", "fixed P100D (scantrust.1.2-f)"),
        (
            "scantrust",
            "account-credentials",
            "account.login",
            "until customer-relationship.ended grace PT0S max none (scantrust.1.1-e)",
        ),
        ("scantrust", "usage", "platform.improvement", "until session.ended grace PT0S max P1D (scantrust.1.3-d)"),
        (
            "stationdb",
            "chat-session",
            "chat.messaging",
            "sliding PT30M on website.access (stationdb.4-d); chat.message: until chat.deleted grace PT0S max P3Y (stationdb.4-c)",
        ),
        (
            "stationdb",
            "chat-ip",
            "chat.messaging",
            "sliding PT30M on website.access (stationdb.4-i); chat.message: fixed P1Y (stationdb.4-j); exempt by GDPR Art. 17(3)(b) (stationdb.4-k)",
        ),
        ("stationdb", "crisp-cookie", "chat.session-restore", "sliding P6M on website.visit (stationdb.4-b)"),
        (
            "stationdb",
            "hotjar-ip",
            "hotjar.experience-analytics",
            "until session.ended+consent.withdrawn grace PT0S max P1D (stationdb.4-p)",
        ),
        ("identance", "newsletter", "newsletter", "until consent.withdrawn grace PT0S max P3Y (identance.4-c)"),
        ("identance", "cv", "recruitment.assess", "fixed P2Y (identance.6-a)"),
        ("identance", "billing", "billing", "fixed P10Y (identance.1-d); exempt by GDPR Art. 17(3)(b) (identance.1-d)"),
        ("identance", "contact", "service-delivery", "until service.ended grace PT0S max none (identance.1-b)"),
        ("rfa", "account", "product.operate", "until account.terminated grace PT0S max none (rfa.3-b)"),
        ("rfa", "usage", "product.improvement-analytics", "until account.terminated grace PT0S max none (rfa.3-b)"),
        (
            "rfa",
            "support-enquiry",
            "support.respond",
            "until account.terminated grace PT0S max none (rfa.3-b); exempt by UK GDPR Art. 17(3)(e) (rfa.8-d)",
        ),
        ("zentry", "zta-user", "service.provide", "until zta.use-ended grace P7D max none (zentry.7-h)"),
        ("zentry", "website-personal", "marketing", "until consent.withdrawn grace PT0S max P3Y (zentry.7-g)"),
    ] {
        assert_eq!(promise(&policies[controller], category, purpose), expected, "{controller}");
    }
}

#[test]
fn consents_are_asked_for_what_the_texts_ask_them_for() {
    for (controller, purposes) in [
        ("scantrust", &["trackers.preferences", "trackers.behaviour-analytics"][..]),
        ("stationdb", &["hotjar.experience-analytics"]),
        (
            "identance",
            &[
                "newsletter",
                "newsletter.own-promotions",
                "newsletter.partner-promotions",
                "newsletter.offer-customisation",
            ],
        ),
        ("zentry", &["marketing", "third-party-direct-marketing"]),
    ] {
        let policy = policy(controller);
        for purpose in purposes {
            assert_eq!(basis(&policy, purpose), LawfulBasis::Consent, "{controller} {purpose}");
        }
        assert!(policy.rights[&RequestType::WithdrawConsent].refusal.is_none(), "{controller}");
    }
    // "We do not rely on consent", says its text: it does for these, and for nothing else.
    let consents = ["cookies.functionality", "cookies.performance", "newsletter", "provider.own-use"];
    for (id, rule) in policy("rfa").purposes {
        let expected =
            if consents.contains(&id.as_str()) { LawfulBasis::Consent } else { LawfulBasis::LegitimateInterests };
        assert_eq!(rule.basis, expected, "rfa {id}");
    }
}

#[test]
fn refusals_verification_ages_and_breaches_are_the_texts_own() {
    let rfa = policy("rfa");
    let refusal = |request| {
        let refusal = rfa.rights[&request].refusal.as_ref().unwrap();
        (refusal.code.as_str(), refusal.offer, rfa.rights[&request].clause.as_str())
    };
    assert_eq!(refusal(RequestType::WithdrawConsent), ("NO_CONSENT_BASIS", Some(RequestType::Objection), "rfa.8-e"));
    assert_eq!(refusal(RequestType::Portability), ("PORTABILITY_NOT_APPLICABLE", Some(RequestType::Access), "rfa.8-h"));

    let zentry = policy("zentry");
    assert_eq!(zentry.rights[&RequestType::Erasure].verification, VerificationRule::Points(2));
    assert_eq!(zentry.age.unwrap().refuse_below, Some(13));

    let identance = policy("identance");
    assert_eq!(identance.age.unwrap().guardian_below, Some(16));
    assert!(identance.breach.tell_of_attempts && identance.breach.website_alert);
}
