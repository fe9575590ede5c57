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
use policy::{CheckedFile, check_file};

fn checked(controller: &str) -> CheckedFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies").join(format!("{controller}.toml"));
    check_file(&path).unwrap()
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
fn each_file_has_the_open_points_of_its_text_and_no_error() {
    for (controller, expected) in [
        (
            "scantrust",
            "BREACH-MISSING RIGHT-MISSING REF-MISSING NOTICE-NO-VERSION BASIS-QUESTION BASIS-EPRIVACY CAT-OPEN-LIST CAT-OPEN-LIST RET-ANCHOR-AMBIGUOUS RET-SCOPE-UNCLEAR RET-MISSING RET-EVENT-MAY-NEVER-FIRE RET-NO-COMPLETION-BOUND",
        ),
        (
            "rfa",
            "BREACH-MISSING BASIS-SINGLE CONTACT-SUSPECT NOTICE-NO-VERSION BASIS-CONFLICT AGG-THRESHOLD-UNDEFINED PURPOSE-BROAD CAT-OPEN-LIST RET-VAGUE-TERM RET-EXCEPTION-OPEN",
        ),
        (
            "identance",
            "CONTACT-MISSING CONTACT-REDACTED ROLE-CONFLICT NOTICE-NO-VERSION BASIS-CONFLICT BASIS-MISSING CONSENT-BUNDLED PURPOSE-CREEP CAT-OPEN-LIST CAT-OPEN-LIST RET-UNBOUNDED RET-STATUTORY-UNSTATED RET-MISSING RET-ANCHOR-AMBIGUOUS RET-COOKIE-LIFETIME-MISSING RIGHT-CONFLICT CHILD-CONFLICT BREACH-OVERBROAD BREACH-NO-NUMBER",
        ),
        (
            "stationdb",
            "BREACH-MISSING RIGHT-MISSING CONTACT-MISSING BASIS-MISSING COOKIE-CONFLICT ROLE-CONFLICT CAT-OPEN-LIST PCI-SAD CAT-OPEN-LIST RET-UNBOUNDED RET-STATUTORY-UNSTATED RET-MISSING RET-SLIDING-NO-CAP RET-INDEFINITE RET-INDEFINITE ACTION-NOT-ENFORCED RIGHT-OVERPROMISE",
        ),
        (
            "zentry",
            "BREACH-MISSING CONTACT-MISMATCH LAW-STALE BASIS-MISSING CONSENT-WITHDRAWAL-WEAK PURPOSE-BROAD CAT-OPEN-LIST CAT-CONFLICT RET-VAGUE-TERM RET-ANCHOR-AMBIGUOUS RET-UNBOUNDED RET-EVENT-MAY-NEVER-FIRE RET-MISSING RET-STATUTORY-UNSTATED VERIFY-UNDER CHILD-GAP",
        ),
    ] {
        let file = checked(controller);
        assert!(!file.is_refused(), "{:?}", file.findings);
        let codes: Vec<&str> = file.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes.join(" "), expected, "{controller}");
    }
}

#[test]
fn every_clause_that_is_cited_exists() {
    let known: BTreeSet<&str> = include_str!("clauses.txt").lines().collect();
    for controller in ["scantrust", "rfa", "identance", "stationdb", "zentry"] {
        let text = checked(controller).text;
        let cited: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("clause = \"")?.strip_suffix('"')).collect();
        assert!(cited.len() > 25, "{controller} cites {}", cited.len());
        for clause in cited {
            assert!(known.contains(clause), "{controller} cites {clause}");
            assert!(clause.starts_with(controller), "{controller} cites {clause}");
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
            "sliding PT30M on website.access (stationdb.4-d); chat.message: indefinite (stationdb.4-c)",
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
    assert!(policy("rfa").purposes.values().all(|rule| rule.basis == LawfulBasis::LegitimateInterests));
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
