//! The names under which codes are stored and sent: each reads back as what it names, and nothing else reads.

use domain::{
    breach::{CircumstancesOf, DataKind, Effect, Exemption, Identification, Protection, Telling},
    clock::{Anchor, Duty},
    consent::Choice,
    dsar::{ActingAs, Ask, ExtensionGround, RefusalGround, RequestType, Stage},
    evidence::DeletionResult,
    hold::HoldReason,
    ids::IdentifierKind,
    limits::Limit,
    mail::MailFailure,
    notice::Significance,
    policy::{Action, LawfulBasis, Mechanism, RecipientRole, Regime, ServiceRole, Use},
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
