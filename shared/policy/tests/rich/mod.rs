//! A policy that says something of everything, made by hand: what compares, simulates and tells
//! policies is tried on it without the language.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(unreachable_pub, reason = "each test has its own copy")]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    dsar::RequestType,
    hold::HoldReason,
    ids::{
        AttestationId, BucketName, Category, ControllerId, EventName, Field, Ground, Purpose, Recipient, RegionName,
        SystemId, TrackerId,
    },
    place::Place,
    policy::{
        AccountRule, Action, AgeRule, AgentRule, AttestationRule, Authority, BreachRule, CategoryRule, Clause, Country,
        Denial, ErasureExemption, HoldRule, LawfulBasis, Mechanism, Notice, NoticeChangeRule, Office, Period, Policy,
        PurposeRule, RecipientRole, RecipientRule, Refusal, Regime, Replica, RetentionRule, RightRule, RoleRule,
        ServiceRole, Signals, Switch, SystemKind, SystemRule, TrackerNeed, TrackerRule, TransferRule, Use,
        VerificationRule,
    },
};
use jiff::{Span, SpanFieldwise, ToSpan, tz::TimeZone};

pub fn span(span: Span) -> SpanFieldwise {
    span.fieldwise()
}

pub fn clause(text: &str) -> Clause {
    Clause::new(format!("acme.{text}"))
}

pub fn event(name: &str) -> EventName {
    EventName::parse(name).unwrap()
}

pub fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

pub fn category(name: &str) -> Category {
    Category::parse(name).unwrap()
}

pub fn system(name: &str) -> SystemId {
    SystemId::parse(name).unwrap()
}

pub fn field(name: &str) -> Field {
    Field::parse(name).unwrap()
}

pub fn ground(name: &str) -> Ground {
    Ground::parse(name).unwrap()
}

pub fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

pub fn until(name: &str, grace: Span, max: Option<Span>) -> Period {
    Period::UntilEvent { events: vec![event(name)], grace: span(grace), max: max.map(span) }
}

pub fn rule(kept: &str, for_what: &str, period: Period) -> RetentionRule {
    RetentionRule {
        category: category(kept),
        purpose: purpose(for_what),
        period,
        switch: None,
        action: Action::Delete,
        exemption: None,
        lifecycle: false,
        clause: clause(&format!("keep-{kept}")),
    }
}

pub fn policy() -> Policy {
    let notice = Notice { version: "2026-01".into(), language: "en".into(), text_sha256: "ab".repeat(32) };
    let controller = ControllerId::parse("acme").unwrap();
    let mut policy = Policy::new(controller, "Acme & Sons".into(), "privacy@acme.example".into(), notice);
    policy.regimes = vec![Regime::EuGdpr, Regime::UsCa];
    policy.time_zone = TimeZone::get("Europe/Paris").unwrap();
    policy.accepted_notices = vec!["2026-01".into(), "2025-01".into()];
    policy.office = Office {
        other_mails: vec!["old@acme.example".into()],
        post: Some("1 Rue de la Paix, Paris".into()),
        phone: Some("+33 1 23 45 67 89".into()),
        data_protection_officer: Some("dpo@acme.example".into()),
        representative: Some("Acme Europe, Dublin".into()),
        authority: Some(Authority {
            name: "CNIL".into(),
            url: Some("https://www.cnil.fr".into()),
            phone: None,
            post: None,
            clause: clause("authority"),
        }),
        review: BTreeSet::from([RequestType::Erasure, RequestType::Rectification]),
        four_eyes: BTreeSet::from([RequestType::Erasure]),
        reminders: vec![60, 90],
        escalation: vec!["board@acme.example".into()],
    };
    policy.establishment = Some(Place::parse("FR").unwrap());
    policy.is_sandbox = true;
    policy.accounts = Some(AccountRule { issuer: "https://login.acme.example".into(), audience: "habeas".into() });
    let crm = SystemRule {
        id: system("crm"),
        title: "Customer relations".into(),
        kind: SystemKind::Webhook { url: "https://crm.acme.example/habeas".into() },
        categories: BTreeSet::from([category("address"), category("account")]),
        requests: BTreeSet::from([RequestType::Access, RequestType::Erasure]),
        clause: clause("crm"),
    };
    policy.systems.insert(crm.id.clone(), crm);
    let copy = Replica {
        bucket: BucketName::parse("acme-records-copy").unwrap(),
        region: Some(RegionName::parse("eu-central-1").unwrap()),
        clause: clause("copy"),
    };
    policy.replicas.insert(copy.bucket.clone(), copy);
    policy.roles = vec![RoleRule {
        service: ground("platform"),
        role: ServiceRole::Processor,
        parties: vec!["the customer".into()],
        clause: clause("role"),
    }];
    policy.notice_change = Some(NoticeChangeRule {
        lead_time: Some(span(30.days())),
        by_mail: true,
        ask_again: true,
        clause: clause("changes"),
    });
    for (name, title, basis) in [
        ("newsletter", "Send you our newsletter", LawfulBasis::Consent),
        ("newsletter.beacon", "See who reads it", LawfulBasis::Consent),
        ("chat", "Chat with you", LawfulBasis::LegitimateInterests),
        ("billing", "Bill you", LawfulBasis::LegalObligation),
        ("account", "Provide your account", LawfulBasis::Contract),
    ] {
        policy.purposes.insert(purpose(name), PurposeRule::new(purpose(name), title.into(), basis, clause(name)));
    }
    policy.purposes.get_mut(&purpose("newsletter")).unwrap().confirm_by_mail = true;
    let beacon = policy.purposes.get_mut(&purpose("newsletter.beacon")).unwrap();
    beacon.also_needs = BTreeSet::from([purpose("newsletter")]);
    beacon.uses = BTreeSet::from([Use::Tracking]);
    beacon.only_with = BTreeSet::from([ground("pseudonymised")]);
    for (name, fields) in [
        ("address", &["email", "name"][..]),
        ("chat-session", &["transcript"]),
        ("chat-ip", &["ip_address"]),
        ("invoice", &["name", "amount", "card_number"]),
        ("account", &[]),
    ] {
        let fields = fields.iter().map(|name| field(name)).collect();
        policy.categories.insert(category(name), CategoryRule::new(category(name), fields, clause(name)));
    }
    let invoice = policy.categories.get_mut(&category("invoice")).unwrap();
    invoice.withheld = vec![field("card_number")];
    invoice.never = vec![field("card_code")];
    invoice.sources = vec![ground("subject"), ground("employer")];
    policy.categories.get_mut(&category("address")).unwrap().opt_in = Some(purpose("newsletter"));
    let sliding = Period::Sliding { duration: span(30.minutes()), renew_on: vec![event("website.access")], max: None };
    let rules = [
        rule("address", "newsletter", until("consent.withdrawn", Span::new(), Some(3.years()))),
        rule("chat-session", "chat", sliding.clone()),
        RetentionRule {
            switch: Some(Switch {
                on: event("chat.message"),
                then: Period::Fixed { duration: span(1.year()) },
                clause: clause("chat-message"),
            }),
            exemption: Some(ErasureExemption {
                reason: "The law makes us keep the address for a year.".into(),
                article: "GDPR Art. 17(3)(b)".into(),
                clause: clause("chat-law"),
            }),
            ..rule("chat-ip", "chat", sliding)
        },
        rule("invoice", "billing", Period::Fixed { duration: span(10.years()) }),
        rule("account", "account", until("account.closed", 7.days(), None)),
    ];
    policy.retention = rules.into_iter().map(|rule| ((rule.category.clone(), rule.purpose.clone()), rule)).collect();
    let right = |request, verification| RightRule {
        request,
        refusal: None,
        verification,
        respond_within: None,
        clause: clause(&format!("right-{request}")),
    };
    let rights = [
        right(RequestType::Access, VerificationRule::Mail),
        RightRule { respond_within: Some(span(14.days())), ..right(RequestType::Erasure, VerificationRule::Points(2)) },
        right(RequestType::WithdrawConsent, VerificationRule::None),
        RightRule {
            refusal: Some(Refusal {
                code: "NO_PORTABILITY".into(),
                text: "no other service could take it".into(),
                offer: Some(RequestType::Access),
            }),
            ..right(RequestType::Portability, VerificationRule::Mail)
        },
    ];
    policy.rights = rights.into_iter().map(|rule| (rule.request, rule)).collect();
    policy.age = Some(AgeRule {
        refuse_below: Some(13),
        guardian_below: Some(16),
        guardian_below_in: BTreeMap::from([(country("FR"), 15)]),
        clause: clause("age"),
    });
    policy.agents = Some(AgentRule { proofs: BTreeSet::from([ground("signed-permission")]), clause: clause("agents") });
    policy.breach = BreachRule {
        tell_of_attempts: true,
        website_alert: true,
        within: Some(span(72.hours())),
        resources: BTreeSet::from(["111122223333".into(), "arn:aws:s3:::example-".into()]),
        channel: None,
        clause: clause("breach"),
    };
    let host = RecipientRule {
        id: Recipient::parse("hosting").unwrap(),
        title: "Our host <Example>".into(),
        role: RecipientRole::Processor,
        categories: BTreeSet::from([category("account"), category("invoice")]),
        purposes: BTreeSet::new(),
        grounds: BTreeSet::new(),
        needs: BTreeSet::from([ground("processing-agreement")]),
        consent: None,
        uses: BTreeSet::new(),
        countries: BTreeSet::from([country("US")]),
        mechanism: Some(Mechanism::StandardClauses),
        mail: Some("privacy@host.example".into()),
        clause: clause("hosting"),
    };
    let partner = RecipientRule {
        id: Recipient::parse("partner").unwrap(),
        title: "Partner".into(),
        role: RecipientRole::Controller,
        categories: BTreeSet::from([category("address")]),
        purposes: BTreeSet::from([purpose("newsletter")]),
        grounds: BTreeSet::from([ground("recipient-request")]),
        needs: BTreeSet::new(),
        consent: Some(purpose("newsletter")),
        uses: BTreeSet::from([Use::Sale]),
        countries: BTreeSet::new(),
        mechanism: None,
        mail: None,
        clause: clause("partner"),
    };
    policy.recipients = [host, partner].into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    policy.transfer = Some(TransferRule {
        home: BTreeSet::from([country("FR"), country("DE")]),
        mechanisms: BTreeSet::from([Mechanism::StandardClauses]),
        clause: clause("transfer"),
    });
    policy.denials.insert(
        Use::Profiling,
        Denial { what: Use::Profiling, except: BTreeSet::new(), unless_consent: None, clause: clause("deny") },
    );
    let tracker = |name: &str, title: &str, need, lifetime: Option<Span>| TrackerRule {
        id: TrackerId::parse(name).unwrap(),
        title: title.into(),
        party: None,
        need,
        techniques: vec![ground("cookie")],
        shares: false,
        lifetime: lifetime.map(span),
        clause: clause(name),
    };
    let trackers = [
        tracker("session", "Keeps you logged in", TrackerNeed::Nothing { reason: "no login without it".into() }, None),
        tracker(
            "beacon",
            "Sees who reads the newsletter",
            TrackerNeed::Consent(BTreeSet::from([purpose("newsletter.beacon")])),
            Some(13.months()),
        ),
    ];
    policy.trackers = trackers.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    policy.signals = Signals { honours_gpc: true, honours_dnt: false, clause: Some(clause("signals")) };
    policy.holds = vec![HoldRule {
        reason: HoldReason::Investigation,
        grounds: vec![ground("fraud")],
        on: Some(event("suspicious-activity.identified")),
        release_on: Some(event("investigation.closed")),
        tell: BTreeSet::from([SystemId::parse("crm").unwrap()]),
        review_after: span(90.days()),
        clause: clause("hold"),
    }];
    let attestation = AttestationRule {
        id: AttestationId::parse("encryption").unwrap(),
        statement: "Backups are encrypted".into(),
        evidence: "the audit report".into(),
        renew_every: span(1.year()),
        clause: clause("encryption"),
    };
    policy.attestations.insert(attestation.id.clone(), attestation);
    policy
}
