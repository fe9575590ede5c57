//! The names under which codes are stored and sent, and the edges of what an identifier may be.

use domain::{
    announcement::NoticeState,
    breach::{CircumstancesOf, DataKind, Effect, Exemption, Identification, Protection, Telling},
    clock::{Anchor, Duty},
    consent::Choice,
    dsar::{ActingAs, Ask, ExtensionGround, RefusalGround, RequestType, Stage, TaskEnd, VerifiedBy},
    evidence::{DeletionReason, DeletionResult},
    hold::{HoldReason, HoldState},
    ids::{
        BEARER_IDENTIFIER_BYTES_MIN, BucketName, EventName, IDENTIFIER_BYTES_MAX, Identifier, IdentifierKind,
        InvalidId, STAFF_BYTES_MAX, StaffId,
    },
    limits::Limit,
    mail::MailFailure,
    notice::Significance,
    place::Place,
    policy::{Action, LawfulBasis, Mechanism, Period, RecipientRole, Regime, ServiceRole, Use},
    purge::{Cause, Deed, State, Word},
    signal::{SignalSeverity, SignalSource},
};

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
