//! The names under which codes are stored and sent, and the edges of what an identifier may be.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::{
    announcement::NoticeState,
    attestation::AttestationState,
    breach::{CircumstancesOf, DataKind, Effect, Exemption, Identification, Protection, Telling},
    clock::{Anchor, Duty},
    consent::Choice,
    dsar::{
        ActingAs, Ask, ExtensionGround, MergeRefused, NextStep, Outcome, RefusalGround, RequestType, Stage, Stop,
        TaskEnd, VerifiedBy, complaint_site,
    },
    evidence::{DeletionReason, DeletionResult},
    hold::{HoldReason, HoldState},
    ids::{
        BEARER_IDENTIFIER_BYTES_MIN, BucketName, Category, ControllerId, EventName, Ground, IDENTIFIER_BYTES_MAX,
        Identifier, IdentifierKind, InvalidId, Pepper, Purpose, STAFF_BYTES_MAX, StaffId,
    },
    limits::Limit,
    mail::MailFailure,
    notice::Significance,
    place::Place,
    policy::{
        Action, BreachRule, Clause, Country, LawfulBasis, Mechanism, Notice, Period, Policy, PolicyHash, RecipientRole,
        Refusal, Regime, RetentionRule, ServiceRole, Switch, SystemKind, Use, VerificationRule,
    },
    purge::{Cause, Deed, State, Word},
    record::System,
    sensitive::Sensitive,
    signal::{SignalSeverity, SignalSource},
    system::{HoldNews, TaskOutcome},
    tracker::Because,
    words,
};

fn policy() -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice)
}

macro_rules! read_back {
    ($($code:ident)+) => {
        $(
            for code in $code::ALL.iter().copied() {
                assert_eq!($code::parse(code.as_str()), Some(code), "{}", stringify!($code));
            }
            assert_eq!($code::parse(""), None);
            assert_eq!($code::parse("Anything"), None);
        )+
    };
}

#[test]
fn every_code_reads_back_as_what_it_names_and_nothing_else_reads() {
    read_back! {
        CircumstancesOf DataKind Effect Exemption Identification Protection Telling Anchor Duty Choice ActingAs Ask
        ExtensionGround RefusalGround RequestType Stage DeletionResult HoldReason Limit MailFailure Significance Action
        LawfulBasis Mechanism RecipientRole Regime ServiceRole Use SignalSeverity SignalSource
    }
    assert_eq!(ActingAs::ALL.map(|role| role.to_string()), ActingAs::ALL.map(|role| role.as_str().to_owned()));
    assert_eq!(MailFailure::ALL.map(|why| why.to_string()), MailFailure::ALL.map(|why| why.as_str().to_owned()));
    assert_eq!(Country::parse("FR").unwrap().to_string(), "FR");
    for kind in IdentifierKind::ALL {
        assert_eq!(IdentifierKind::parse(kind.as_str()).unwrap(), kind);
    }
    assert!(IdentifierKind::parse("").is_err());
}

#[test]
fn a_state_is_stored_and_sent_under_the_name_of_the_documents() {
    use NoticeState::{Claimed, NotReached, Planned, Sent, SentByChannel, WithoutAddress};
    for (state, name) in [
        (Planned, "planned"),
        (Claimed, "claimed"),
        (Sent, "sent"),
        (SentByChannel, "sent-by-channel"),
        (WithoutAddress, "without-address"),
        (NotReached, "not-reached"),
    ] {
        assert_eq!((state.as_str(), NoticeState::parse(name)), (name, Some(state)));
    }
    for (reason, name) in [(DeletionReason::Retention, "retention"), (DeletionReason::Erasure, "erasure")] {
        assert_eq!((reason.as_str(), DeletionReason::parse(name)), (name, Some(reason)));
    }
    let holds = [HoldState::Binding, HoldState::Standing, HoldState::ReleaseAsked, HoldState::Released];
    assert_eq!(holds.map(HoldState::as_str), ["binding", "standing", "release-asked", "released"]);
    let proofs = [
        VerifiedBy::NotNeeded,
        VerifiedBy::Mail,
        VerifiedBy::Code,
        VerifiedBy::Points(2),
        VerifiedBy::Account,
        VerifiedBy::Office,
    ];
    assert_eq!(proofs.map(VerifiedBy::as_str), ["not-needed", "mail", "code", "points", "account", "office"]);
    assert_eq!([TaskEnd::NotFound, TaskEnd::GivenUp].map(|end| end.as_str()), ["not-found", "given-up"]);
    let words = [Word::Pause, Word::Resume, Word::Allow(1)];
    assert_eq!(words.map(Word::as_str), ["pause", "resume", "allow"]);
    assert_eq!(Deed::Said(Word::Resume).as_str(), "resume");
    assert_eq!(Deed::Stopped(Cause::Volume { wanted: 2, limit: 1 }).as_str(), "stop");
    assert_eq!(State::default().as_str(), "running");
    for (system, name) in [(System::Habeas, "habeas"), (System::S3, "s3")] {
        assert_eq!((system.as_str(), System::parse(name)), (name, Some(system)));
    }
    let url = || "https://crm.acme.example".to_owned();
    for (kind, name) in [(SystemKind::Webhook { url: url() }, "webhook"), (SystemKind::Queue { url: url() }, "queue")] {
        assert_eq!((kind.as_str(), kind.url()), (name, url().as_str()));
    }
    assert_eq!(PolicyHash::from_hex("ab12").as_str(), "ab12");
    let attested = [AttestationState::Never, AttestationState::Valid, AttestationState::Due, AttestationState::Lapsed];
    assert_eq!(attested.map(AttestationState::as_str), ["never-attested", "valid", "due", "lapsed"]);
    use Because::{Consent, Dnt, Exempt, Gpc, NoConsent, RuledOut};
    let because = [Exempt, Consent, NoConsent, Gpc, Dnt, RuledOut];
    assert_eq!(because.map(Because::as_str), ["exempt", "consent", "no-consent", "gpc", "dnt", "ruled-out"]);
    let sealed = || Sensitive::new(String::new());
    let kept = TaskOutcome::Kept { records: 1, ground: RefusalGround::LegalClaims };
    let failed = TaskOutcome::Failed { reason: Ground::parse("busy").unwrap() };
    let outcomes = [TaskOutcome::Done { records: 1 }, TaskOutcome::NotFound, kept, TaskOutcome::Data(sealed()), failed];
    assert_eq!(outcomes.map(|outcome| outcome.as_str()), ["done", "not-found", "kept", "data", "failed"]);
    assert_eq!(HoldNews::Released { at: jiff::Timestamp::UNIX_EPOCH }.as_str(), "hold-released");
}

#[test]
fn what_a_request_came_to_is_sent_under_the_name_of_the_documents() {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let refusal = Refusal { code: "NO".into(), text: "no".into(), offer: None };
    let outcomes = [
        Outcome::Refused(refusal, Clause::new("a")),
        Outcome::NotVerified,
        Outcome::Exported { object: String::new(), until: now },
        Outcome::Erased(Vec::new()),
        Outcome::Withdrawn(Vec::new()),
        Outcome::Stopped(Stop { purposes: Vec::new(), with_office: false }),
        Outcome::Recorded,
        Outcome::WithOffice,
        Outcome::Granted,
        Outcome::Corrected(Vec::new()),
        Outcome::RefusedByOffice(RefusalGround::Excessive),
    ];
    assert_eq!(
        outcomes.map(|outcome| outcome.as_str()),
        [
            "refused",
            "not-verified",
            "exported",
            "erased",
            "withdrawn",
            "stopped",
            "recorded",
            "with-office",
            "granted",
            "corrected",
            "refused-by-office",
        ]
    );
    let other = Pepper::new(1, &[1; 32]).derive(&["other"]);
    let steps = [
        NextStep::Confirm { until: now },
        NextStep::Prove { until: now },
        NextStep::Answer(Ask::Identity),
        NextStep::Wait { before: now },
        NextStep::Late,
        NextStep::Appeal { until: now },
        NextStep::SeeOther(other),
        NextStep::Done,
    ];
    assert_eq!(
        steps.map(|step| step.as_str()),
        ["confirm", "prove-identity", "answer-question", "wait", "late", "appeal", "see-other", "done"]
    );
    assert_eq!(
        MergeRefused::ALL.map(MergeRefused::as_str),
        [
            "itself",
            "another-person",
            "another-right",
            "another-asker",
            "asks-for-less",
            "closed",
            "due-later",
            "not-verified",
        ]
    );
}

#[test]
fn every_law_but_the_one_without_an_authority_yet_says_where_complaints_are_taken() {
    for regime in Regime::ALL {
        let site = complaint_site(regime);
        assert_eq!(site.is_some(), regime != Regime::InDpdp, "{regime:?}");
        assert!(site.is_none_or(|site| site.starts_with("https://")), "{regime:?}: {site:?}");
    }
    for ground in RefusalGround::ALL {
        assert!(ground.article().contains("Art. ") || ground.article().contains('§'), "{ground:?}");
    }
}

#[test]
fn a_detectors_finding_is_the_controllers_by_its_account_or_by_what_it_is_about() {
    let arn = |account: &str| format!("arn:aws:s3:::{account}-files");
    let concerns = |resources: &[&str], account: Option<&str>, arns: &[String]| {
        let resources = resources.iter().map(|text| (*text).to_owned()).collect();
        BreachRule { resources, ..policy().breach }.concerns(account, arns)
    };
    assert!(concerns(&["111122223333"], Some("111122223333"), &[]));
    assert!(concerns(&["arn:aws:s3:::acme-"], Some("999999999999"), &[arn("other"), arn("acme")]));
    assert!(!concerns(&["111122223333", "arn:aws:s3:::acme-"], Some("999999999999"), &[arn("other")]));
    assert!(!concerns(&[], Some("111122223333"), &[arn("acme")]));
}

#[test]
fn words_for_people_name_the_country_the_end_and_the_proof() {
    assert_eq!(words::country(&Country::parse("FR").unwrap()), "France");
    assert_eq!(words::country(&Country::parse("XX").unwrap()), "XX");
    for bad in ["", "F", "fr", "Fr", "fR", "FRA", "F1"] {
        assert!(Country::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(words::action(Action::Delete), "is deleted");
    assert_eq!(words::action(Action::Archive), "goes to the archive that the law asks for");
    assert_eq!(words::verification(VerificationRule::Points(2)), "by two details that match what is stored");
    assert_eq!(words::verification(VerificationRule::None), "by nothing: no proof is asked for");
}

#[test]
fn a_policy_knows_the_events_that_its_rules_listen_to_and_no_others() {
    let event = |name: &str| EventName::parse(name).unwrap();
    let mut policy = policy();
    let (category, purpose) = (Category::parse("chat").unwrap(), Purpose::parse("support").unwrap());
    let duration = jiff::SpanFieldwise(jiff::Span::new().days(1));
    let until = |name: &str| Period::UntilEvent { events: vec![event(name)], grace: duration, max: None };
    let rule = RetentionRule {
        category: category.clone(),
        purpose: purpose.clone(),
        period: until("chat.closed"),
        switch: Some(Switch { on: event("chat.message"), then: until("chat.deleted"), clause: Clause::new("a") }),
        action: Action::Delete,
        exemption: None,
        lifecycle: false,
        clause: Clause::new("a"),
    };
    policy.retention.insert((category.clone(), purpose.clone()), rule.clone());
    for name in ["consent.withdrawn", "chat.closed", "chat.message", "chat.deleted"] {
        assert!(policy.knows_event(&event(name)), "{name}");
    }
    for name in ["chat.opened", "subject.deceased"] {
        assert!(!policy.knows_event(&event(name)), "{name}");
    }
    assert_eq!(policy.retention_of(&category, &purpose), Some(&rule));
    assert_eq!(policy.retention_of(&category, &Purpose::parse("billing").unwrap()), None);
}

#[test]
fn an_identifier_has_a_length_and_what_proves_itself_is_long_enough_not_to_be_guessed() {
    let parse = |kind, length: usize| Identifier::parse(kind, &"a".repeat(length)).map(|_| ());
    assert_eq!(parse(IdentifierKind::Account, IDENTIFIER_BYTES_MAX), Ok(()));
    for length in [0, IDENTIFIER_BYTES_MAX + 1, IDENTIFIER_BYTES_MAX + 2] {
        assert_eq!(parse(IdentifierKind::Account, length), Err(InvalidId::Value), "{length}");
    }
    for kind in [IdentifierKind::Cookie, IdentifierKind::Device] {
        assert_eq!(parse(kind, BEARER_IDENTIFIER_BYTES_MIN), Ok(()));
        assert_eq!(parse(kind, BEARER_IDENTIFIER_BYTES_MIN - 1), Err(InvalidId::Guessable));
    }
    let of =
        |is: fn(IdentifierKind) -> bool| IdentifierKind::ALL.into_iter().filter(|kind| is(*kind)).collect::<Vec<_>>();
    assert_eq!(of(IdentifierKind::is_bearer), [IdentifierKind::Cookie, IdentifierKind::Device]);
    assert_eq!(of(IdentifierKind::reaches), [IdentifierKind::Phone, IdentifierKind::Account]);
    let mail = Identifier::parse(IdentifierKind::Mail, "Ada@Example.com").unwrap();
    assert_eq!(mail.mail().map(|address| address.disclose().as_str()), Some("ada@example.com"));
    assert_eq!(Identifier::parse(IdentifierKind::Account, "ada").unwrap().mail(), None);
}

#[test]
fn names_of_buckets_staff_and_places_are_those_that_their_owners_let_them_have() {
    for good in ["a-b", "a.1", &"a".repeat(63)] {
        let bucket = BucketName::parse(good).unwrap();
        assert_eq!((bucket.as_str(), bucket.to_string().as_str()), (good, good));
    }
    for bad in ["ab", &"a".repeat(64), "aBc", "a_b", "-ab", "ab-", ".ab", "ab."] {
        assert_eq!(BucketName::parse(bad), Err(InvalidId::Bucket), "{bad}");
    }
    let longest = "x".repeat(STAFF_BYTES_MAX);
    for good in ["officer 1", &longest] {
        let staff = StaffId::parse(good).unwrap();
        assert_eq!((staff.as_str(), staff.to_string().as_str()), (good, good));
    }
    for bad in ["", "a\nb", "\u{7f}", &format!("{longest}x")] {
        assert_eq!(StaffId::parse(bad), Err(InvalidId::Value), "{bad:?}");
    }
    for good in ["DE", "US-CA", "FR-75C"] {
        assert_eq!(Place::parse(good).unwrap().to_string(), good);
    }
    for bad in ["de", "US-", "US-CALI", "US-ca", "US-C_"] {
        assert!(Place::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_period_listens_to_what_renews_or_ends_it() {
    let (visit, end) = (EventName::parse("website.visit").unwrap(), EventName::parse("contract.ended").unwrap());
    let duration = jiff::SpanFieldwise(jiff::Span::new().days(1));
    let sliding = Period::Sliding { duration, renew_on: vec![visit.clone()], max: None };
    let until = Period::UntilEvent { events: vec![end.clone()], grace: duration, max: None };
    let heard = |period: &Period| (period.listens_to(&visit), period.listens_to(&end));
    assert_eq!((heard(&sliding), heard(&until)), ((true, false), (false, true)));
    assert_eq!((heard(&Period::Fixed { duration }), heard(&Period::Indefinite)), ((false, false), (false, false)));
}
