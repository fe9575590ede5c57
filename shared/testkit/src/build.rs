//! Builders: a small policy made by hand, and what people and systems do under it.

#![expect(clippy::expect_used, reason = "a test that is written wrongly fails")]

use std::collections::{BTreeMap, BTreeSet};

use app::{
    capture_consent::CaptureConsent,
    destruction::Doomed,
    records::{Content, RegisterRecord},
    requests::RequestKey,
};
use domain::{
    breach::{Act, Actor, Breach, Decision, Entry, Facts, PeopleAre, Texts},
    clock::Anchor,
    consent::{Capture, Choice, ConsentEvent},
    dsar::{Received, RequestType},
    ids::{
        BreachId, Category, ControllerId, EventName, Field, Identifier, IdentifierKind, KeyedId, Pepper, Purpose,
        StaffId, SubjectRef,
    },
    notice::{NoticeChange, Significance},
    policy::{
        Action, AgeRule, BreachRule, CategoryRule, Clause, ErasureExemption, LawfulBasis, Notice, Period, Policy,
        PolicyHash, PurposeRule, Refusal, RetentionRule, RightRule, Switch, VerificationRule,
    },
    record::{Record, System},
    retention::{CONSENT_WITHDRAWN, RetentionClock},
    sensitive::Sensitive,
    signal::{Finding, SignalSeverity, SignalSource},
};
use jiff::{Span, SpanFieldwise, Timestamp, ToSpan, tz::TimeZone};

/// A time: `at("2026-03-01T12:00:00Z")`.
///
/// # Panics
/// If the text is no time.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in RFC 3339")
}

/// A controller.
///
/// # Panics
/// If the text is no name.
pub fn controller(name: &str) -> ControllerId {
    ControllerId::parse(name).expect("a controller's name")
}

/// A purpose.
///
/// # Panics
/// If the text is no name.
pub fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).expect("a purpose's name")
}

/// A category.
///
/// # Panics
/// If the text is no name.
pub fn category(name: &str) -> Category {
    Category::parse(name).expect("a category's name")
}

/// An event.
///
/// # Panics
/// If the text is no name.
pub fn event(name: &str) -> EventName {
    EventName::parse(name).expect("an event's name")
}

/// A field.
///
/// # Panics
/// If the text is no name.
pub fn field(name: &str) -> Field {
    Field::parse(name).expect("a field's name")
}

/// A person by mail address.
///
/// # Panics
/// If the text is no address.
pub fn mail(address: &str) -> Identifier {
    Identifier::parse(IdentifierKind::Mail, address).expect("a mail address")
}

/// The pepper that builders hash with. A port has another one; references are opaque to it.
pub fn pepper() -> Pepper {
    Pepper::new(1, &[9; 32])
}

/// The reference of a person by mail address, under the builders' pepper.
pub fn subject(address: &str) -> SubjectRef {
    pepper().subject(&mail(address))
}

/// An identifier of any kind that is the same for the same name.
pub fn id<Id: KeyedId>(name: &str) -> Id {
    pepper().derive(&[name])
}

/// A form that was submitted: what was chosen for each purpose.
pub fn consent(subject: &SubjectRef, key: &str, at: Timestamp, choices: &[(&str, Choice)]) -> ConsentEvent {
    ConsentEvent {
        id: id(key),
        subject: subject.clone(),
        at,
        choices: choices.iter().map(|(name, choice)| (purpose(name), *choice)).collect(),
        notice_version: "2026-01".into(),
        language: "en".into(),
        method: "form:newsletter".into(),
        gpc: false,
        policy: PolicyHash::from_hex("00".repeat(32)),
        fingerprint: id(&format!("fingerprint of {key}")),
        guardian: None,
    }
}

/// A request's key.
pub fn request(controller: &ControllerId, subject: &SubjectRef, key: &str) -> RequestKey {
    RequestKey { controller: controller.clone(), subject: subject.clone(), request: id(key) }
}

/// A request as it comes in, due 30 days later.
///
/// # Panics
/// At the end of the calendar.
pub fn received(request: RequestType, at: Timestamp) -> Received {
    Received {
        verification: request.default_verification(),
        ..Received::new(
            request,
            IdentifierKind::Mail,
            at,
            (
                at.checked_add((30 * 24).hours()).expect("a time on the calendar"),
                "GDPR Art. 12(3); Reg. 1182/71 Art. 3".into(),
            ),
        )
    }
}

/// A form as an adult sends it, in English, about the notice of January.
pub fn capture(who: Identifier, choices: &[(&str, Choice)], key: &str, at: Timestamp) -> CaptureConsent {
    CaptureConsent {
        identifier: who,
        capture: Capture {
            choices: choices.iter().map(|(name, choice)| (purpose(name), *choice)).collect(),
            notice_version: Some("2026-01".into()),
            age: Some(34),
            country: None,
            guardian: None,
        },
        language: "en".into(),
        method: "form".into(),
        gpc: false,
        key: key.into(),
        at,
    }
}

/// A record as it is registered: of that category, for that purpose, of no system but this product, without fields.
pub fn registration(
    identifier: Identifier,
    (category_name, purpose_name): (&str, &str),
    locator: &str,
    occurred_at: Timestamp,
) -> RegisterRecord {
    RegisterRecord {
        identifier,
        category: category(category_name),
        purpose: purpose(purpose_name),
        system: System::Habeas,
        locator: Sensitive::new(locator.to_owned()),
        fields: BTreeMap::new(),
        age: None,
        country: None,
        guardian: false,
        occurred_at,
    }
}

/// What is personal about a record, by field.
pub fn fields<'a>(values: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> BTreeMap<Field, Sensitive<String>> {
    values.into_iter().map(|(name, value)| (field(name), Sensitive::new((*value).to_owned()))).collect()
}

/// A record of the server log, kept for 100 days.
///
/// # Panics
/// At the end of the calendar.
pub fn record(subject: &SubjectRef, key: &str, created_at: Timestamp) -> Record {
    Record {
        id: id(key),
        subject: subject.clone(),
        category: category("server-log"),
        purpose: purpose("security"),
        system: System::Habeas,
        clock: RetentionClock::new(created_at),
        due_at: Some(created_at.checked_add((100 * 24).hours()).expect("a time on the calendar")),
        clause: Clause::new("test.logs"),
        policy: PolicyHash::from_hex("00".repeat(32)),
        holds: BTreeSet::new(),
        points: vec![pepper().point(&field("ip_address"), key)],
        salt: [7; 16],
        revision: 0,
    }
}

/// What is personal about a record of this person.
pub fn content(address: &str, locator: &str) -> Content {
    Content {
        identifier: Some(mail(address)),
        locator: Sensitive::new(locator.to_owned()),
        fields: BTreeMap::from([(field("ip_address"), Sensitive::new("192.0.2.1".to_owned()))]),
    }
}

/// A breach of the server log, known about two days after it began.
///
/// # Panics
/// At the end of the calendar.
pub fn breach(key: &str, exposed_from: Timestamp) -> Breach {
    let later = |hours: i64| exposed_from.checked_add(hours.hours()).expect("a time on the calendar");
    let texts = Texts {
        description: "A copy of the logs was public for a day.".into(),
        advice: "Change your password.".into(),
        ..Texts::default()
    };
    let mut facts = Facts::new(exposed_from, later(24), texts);
    facts.scope.categories = BTreeSet::from([category("server-log")]);
    Breach {
        id: id::<BreachId>(key),
        title: "Logs in public".into(),
        declared_at: later(48),
        declared_by: StaffId::parse("officer-1").expect("a name"),
        times: vec![(Anchor::Awareness, later(48))],
        facts,
        signals: BTreeSet::new(),
        settled: Vec::new(),
    }
}

/// The decision that each of the people is told.
pub fn telling(at: Timestamp) -> Entry {
    let decision = Decision { authority: true, people: PeopleAre::Told, reason: "A high risk.".into() };
    Entry { at, by: Actor::Staff(StaffId::parse("officer-1").expect("a name")), act: Act::Decided(decision) }
}

/// What a detector found, by its own name for it.
pub fn finding(key: &str, severity: SignalSeverity, detected_at: Timestamp) -> Finding {
    Finding {
        source: SignalSource::GuardDuty,
        id: key.into(),
        what: "Exfiltration:S3/AnomalousBehavior".into(),
        title: "GuardDuty: Exfiltration:S3/AnomalousBehavior in 1 S3Bucket".into(),
        severity,
        score: Some("5".into()),
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        resources: BTreeMap::from([("S3Bucket".into(), 1)]),
        data: BTreeMap::new(),
        arns: vec!["arn:aws:s3:::people".into()],
        occurred_at: Some(detected_at.saturating_sub(2.hours()).expect("a time of this age")),
        detected_at,
        seen_at: detected_at,
        count: None,
    }
}

/// A version of the notice, published by the page alone: a significant change that asks for nothing.
pub fn change(version: &str, published_at: Timestamp, effective_at: Timestamp) -> NoticeChange {
    NoticeChange {
        id: id(version),
        notice: Notice { version: version.into(), language: "en".into(), text_sha256: "cd".repeat(32) },
        url: format!("https://acme.example/privacy/{version}"),
        published_at,
        effective_at,
        significance: Significance::Significant,
        summary: "We say more clearly what we do.".into(),
        new_purposes: BTreeSet::new(),
        new_recipients: BTreeSet::new(),
        ask_again: BTreeSet::new(),
        by_mail: false,
        clause: Clause::new("test.changes"),
        policy: PolicyHash::from_hex("00".repeat(32)),
        published_by: "officer-1".into(),
    }
}

/// Records as they are doomed.
pub fn doomed(records: &[Record]) -> Vec<Doomed> {
    records.iter().map(Doomed::from).collect()
}

fn fieldwise(span: Span) -> SpanFieldwise {
    span.fieldwise()
}

/// A small policy that holds one promise of each kind:
///
/// | category | purpose | kept |
/// |---|---|---|
/// | `server-log` | `security` | 100 days (fixed) |
/// | `chat-session` | `support` | 30 minutes after the last `chat.visit` (sliding); from the first `chat.message`, a year |
/// | `account` | `contract` | until `contract.ended` and 30 days, at most ten years |
/// | `address` | `marketing` | until the consent is withdrawn |
/// | `invoice` | `accounting` | ten years, whatever is asked (exempt from erasure) |
///
/// `marketing` and `profiling` rest on consent. Nobody under 13, under 16 with a guardian. Portability
/// is refused, with access on offer. A request for erasure is verified by mail, one for rectification
/// by two points.
pub fn policy() -> Policy {
    let purposes = [
        ("marketing", "News by mail", LawfulBasis::Consent),
        ("profiling", "Recommendations", LawfulBasis::Consent),
        ("support", "Answering your questions", LawfulBasis::Contract),
        ("contract", "Your account", LawfulBasis::Contract),
        ("security", "Finding abuse", LawfulBasis::LegitimateInterests),
        ("accounting", "Keeping books", LawfulBasis::LegalObligation),
    ];
    let categories: [(&str, &[&str]); 5] = [
        ("server-log", &["ip_address", "user_agent"]),
        ("chat-session", &["name", "email", "transcript"]),
        ("account", &[]),
        ("address", &["email", "name"]),
        ("invoice", &[]),
    ];
    let rules = [
        rule("server-log", "security", Period::Fixed { duration: fieldwise(100.days()) }),
        RetentionRule {
            switch: Some(Switch {
                on: event("chat.message"),
                then: Period::Fixed { duration: fieldwise(1.year()) },
                clause: Clause::new("test.chat-message"),
            }),
            ..rule(
                "chat-session",
                "support",
                Period::Sliding { duration: fieldwise(30.minutes()), renew_on: vec![event("chat.visit")], max: None },
            )
        },
        rule(
            "account",
            "contract",
            Period::UntilEvent {
                events: vec![event("contract.ended")],
                grace: fieldwise(30.days()),
                max: Some(fieldwise(10.years())),
            },
        ),
        rule(
            "address",
            "marketing",
            Period::UntilEvent { events: vec![event(CONSENT_WITHDRAWN)], grace: fieldwise(Span::new()), max: None },
        ),
        RetentionRule {
            exemption: Some(ErasureExemption {
                reason: "tax law asks us to keep invoices for ten years".into(),
                article: "GDPR Art. 17(3)(b)".into(),
                clause: Clause::new("test.invoices"),
            }),
            ..rule("invoice", "accounting", Period::Fixed { duration: fieldwise(10.years()) })
        },
    ];
    let right = |request, refusal, verification| RightRule {
        request,
        refusal,
        verification,
        respond_within: None,
        clause: Clause::new(format!("test.{request}")),
    };
    let refusal = Refusal {
        code: "NO_PORTABILITY".into(),
        text: "we hold nothing in a form that another service could take".into(),
        offer: Some(RequestType::Access),
    };
    let rights = [
        right(RequestType::Portability, Some(refusal), VerificationRule::Mail),
        right(RequestType::Erasure, None, VerificationRule::Mail),
        right(RequestType::Rectification, None, VerificationRule::Points(2)),
    ];
    let notice = Notice { version: "2026-01".into(), language: "en".into(), text_sha256: "ab".repeat(32) };
    Policy {
        hash: PolicyHash::from_hex("ac".repeat(32)),
        time_zone: TimeZone::get("Europe/Paris").expect("a zone of the bundled database"),
        accepted_notices: vec!["2025-07".into(), "2026-01".into()],
        purposes: purposes
            .into_iter()
            .map(|(name, title, basis)| {
                let clause = Clause::new(format!("test.{name}"));
                (purpose(name), PurposeRule::new(purpose(name), title.into(), basis, clause))
            })
            .collect(),
        categories: categories
            .into_iter()
            .map(|(name, fields)| {
                let fields = fields.iter().map(|name| field(name)).collect();
                let clause = Clause::new(format!("test.{name}"));
                (category(name), CategoryRule::new(category(name), fields, clause))
            })
            .collect(),
        retention: rules.into_iter().map(|rule| ((rule.category.clone(), rule.purpose.clone()), rule)).collect(),
        rights: rights.into_iter().map(|rule| (rule.request, rule)).collect(),
        age: Some(AgeRule {
            refuse_below: Some(13),
            guardian_below: Some(16),
            guardian_below_in: BTreeMap::new(),
            clause: Clause::new("test.age"),
        }),
        breach: BreachRule {
            tell_of_attempts: false,
            website_alert: true,
            within: None,
            resources: BTreeSet::new(),
            channel: None,
            clause: Clause::new("test.breach"),
        },
        ..Policy::new(controller("acme"), "Acme".into(), "privacy@acme.example".into(), notice)
    }
}

fn rule(kept: &str, for_what: &str, period: Period) -> RetentionRule {
    RetentionRule {
        category: category(kept),
        purpose: purpose(for_what),
        period,
        switch: None,
        action: Action::Delete,
        exemption: None,
        lifecycle: false,
        clause: Clause::new(format!("test.{kept}")),
    }
}
