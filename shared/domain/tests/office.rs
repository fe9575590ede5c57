//! What the office may rule, on which ground, what it may answer with another request, and whom it
//! believes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use domain::{
    dsar::{
        self, Act, Acting, ActingAs, Actor, Ask, Entry, Exception, Instructions, MergeRefused, Outcome, Received,
        RefusalGround, RequestState, RequestType, Ruling, RulingRefused, Stage, TransitionRefused, VerifiedBy, Why,
    },
    ids::{Category, ControllerId, IdentifierKind, Purpose, StaffId},
    mail::MailFailure,
    policy::{CategoryRule, Clause, Notice, Policy, VerificationRule},
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};

fn now() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn asked(request: RequestType) -> RequestState {
    let due = (now() + 720.hours(), "GDPR Art. 12(3)".to_owned());
    RequestState::new(Received {
        verification: VerificationRule::Mail,
        ..Received::new(request, IdentifierKind::Mail, now(), due)
    })
}

fn clerk(n: u8) -> Actor {
    Actor::Staff(StaffId::parse(&format!("clerk-{n}")).unwrap())
}

fn after(state: &RequestState, by: Actor, act: Act) -> Result<RequestState, TransitionRefused> {
    state.after(Entry { at: now(), by, act })
}

fn with(state: RequestState, acts: impl IntoIterator<Item = (Actor, Act)>) -> RequestState {
    acts.into_iter().fold(state, |state, (by, act)| after(&state, by, act).unwrap())
}

fn verified(request: RequestType) -> RequestState {
    with(asked(request), [(Actor::Requester, Act::Verified(VerifiedBy::Mail))])
}

#[test]
fn a_ground_refuses_only_what_its_article_speaks_of() {
    use RefusalGround as G;
    use RequestType as T;
    for (ground, fits, does_not) in [
        (G::CompellingGrounds, vec![T::Objection], vec![T::ObjectionMarketing, T::Erasure]),
        (G::LegalObligation, vec![T::Erasure], vec![T::Access, T::Objection]),
        (G::AccurateAsItIs, vec![T::Rectification], vec![T::Erasure]),
        (G::AutomationAllowed, vec![T::ObjectionAutomated], vec![T::Objection]),
        (G::RightsOfOthers, vec![T::Access, T::Portability], vec![T::Erasure]),
        (G::TwiceInTwelveMonths, vec![T::KnowPieces], vec![T::Erasure]),
        (G::IdentityNotEstablished, vec![T::Access, T::Erasure], vec![T::DoNotSellOrShare, T::LimitSensitive]),
        (G::Excessive, vec![T::Access, T::Information], vec![T::WithdrawConsent, T::ObjectionMarketing]),
    ] {
        assert!(fits.iter().all(|request| ground.fits(*request)), "{ground:?}");
        assert!(!does_not.iter().any(|request| ground.fits(*request)), "{ground:?}");
    }
    for ground in G::ALL {
        assert!(T::ALL.into_iter().any(|request| ground.fits(request)), "{ground:?} is good for something");
        assert!(ground.fits(T::Appeal), "an appeal is refused on the ground of what it is against");
    }
    // Nothing overrides an objection to marketing (GDPR Art. 21(3)) or the withdrawal of a consent (Art. 7(3)).
    for request in [T::ObjectionMarketing, T::WithdrawConsent] {
        assert!(!G::ALL.into_iter().any(|ground| ground.fits(request)), "{request}");
    }
}

#[test]
fn an_exception_names_what_the_policy_names_on_a_ground_that_fits() {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
    let mut policy =
        Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
    let invoice = Category::parse("invoice").unwrap();
    policy
        .categories
        .insert(invoice.clone(), CategoryRule::new(invoice.clone(), Default::default(), Clause::new("acme.invoice")));
    let exception = |category: &Category, ground| Exception { category: category.clone(), purpose: None, ground };
    let approve = |except| Ruling::Approve { except };
    let check = |request, ruling: &Ruling| dsar::check_ruling(&policy, request, ruling);

    let fine = exception(&invoice, RefusalGround::LegalObligation);
    assert_eq!(check(RequestType::Erasure, &approve(vec![fine.clone()])), Ok(()));
    let unknown = Category::parse("cv").unwrap();
    assert_eq!(
        check(RequestType::Erasure, &approve(vec![exception(&unknown, RefusalGround::LegalObligation)])),
        Err(RulingRefused::UnknownCategory(unknown))
    );
    let books = Purpose::parse("books").unwrap();
    assert_eq!(
        check(RequestType::Erasure, &approve(vec![Exception { purpose: Some(books.clone()), ..fine.clone() }])),
        Err(RulingRefused::UnknownPurpose(books))
    );
    assert_eq!(
        check(RequestType::Access, &approve(vec![fine.clone()])),
        Err(RulingRefused::Ground(RefusalGround::LegalObligation, RequestType::Access))
    );
    assert_eq!(
        check(RequestType::Objection, &approve(vec![exception(&invoice, RefusalGround::CompellingGrounds)])),
        Err(RulingRefused::NoParts(RequestType::Objection))
    );
    assert_eq!(check(RequestType::Erasure, &approve(vec![fine.clone(); dsar::EXCEPTIONS_MAX])), Ok(()));
    assert_eq!(
        check(RequestType::Erasure, &approve(vec![fine; dsar::EXCEPTIONS_MAX + 1])),
        Err(RulingRefused::TooMany)
    );
    assert_eq!(
        check(RequestType::Erasure, &Ruling::Refuse(RefusalGround::CompellingGrounds)),
        Err(RulingRefused::Ground(RefusalGround::CompellingGrounds, RequestType::Erasure))
    );
}

#[test]
fn an_answer_about_identity_proves_nothing_until_the_office_has_looked() {
    let question = || (clerk(1), Act::Asked(Ask::Identity));
    let answer = || (Actor::Requester, Act::Replied(Ask::Identity));
    for state in [asked(RequestType::Access), verified(RequestType::Access)] {
        let state = with(state, [question()]);
        assert_eq!((state.stage(), state.is_verified()), (Stage::AwaitingRequester, false));
        let state = with(state, [answer()]);
        assert_eq!((state.stage(), state.is_verified()), (Stage::WithOffice, false), "a person looks at it");
        let state = with(state, [(clerk(1), Act::Verified(VerifiedBy::Office))]);
        assert_eq!((state.stage(), state.is_verified()), (Stage::InProgress, true));
        let again = after(&state, clerk(1), Act::Verified(VerifiedBy::Office)).unwrap_err();
        assert_eq!(again.why, Why::AlreadyVerified);
    }
    let clear = with(
        asked(RequestType::Access),
        [(clerk(1), Act::Asked(Ask::Clarification)), (Actor::Requester, Act::Replied(Ask::Clarification))],
    );
    assert_eq!(clear.stage(), Stage::AwaitingVerification, "another question leaves the proof as it was");
}

#[test]
fn a_proposal_is_looked_at_by_another_person() {
    let state = with(
        verified(RequestType::Erasure),
        [
            (Actor::Product, Act::Decided(Outcome::WithOffice)),
            (clerk(1), Act::Proposed(Ruling::Approve { except: Vec::new() })),
        ],
    );
    assert_eq!(state.stage(), Stage::AwaitingApproval);
    for act in [Act::Approved, Act::SentBack] {
        assert_eq!(after(&state, clerk(1), act.clone()).unwrap_err().why, Why::SameEyes);
        assert!(after(&state, clerk(2), act).is_ok());
    }
    assert_eq!(after(&state, clerk(2), Act::Approved).unwrap().stage(), Stage::Ruled);
    assert_eq!(after(&state, clerk(2), Act::SentBack).unwrap().stage(), Stage::WithOffice);
}

#[test]
fn a_request_is_answered_with_one_that_covers_it() {
    let (soon, late) = (now() + 24.hours(), now() + 48.hours());
    let purposes = |request, names: &[&str]| {
        let mut state = verified(request);
        state.received.purposes = names.iter().map(|name| Purpose::parse(name).unwrap()).collect();
        state
    };
    let merge = |from: &RequestState, into: &RequestState| dsar::check_merge((from, late), (into, soon));
    let (from, into) = (verified(RequestType::Erasure), verified(RequestType::Erasure));
    assert_eq!(merge(&from, &into), Ok(()));
    assert_eq!(merge(&asked(RequestType::Erasure), &into), Ok(()), "nobody need prove the one that ends");
    assert_eq!(merge(&from, &verified(RequestType::Access)), Err(MergeRefused::AnotherRight));
    let mut by_agent = into.clone();
    by_agent.received.acting = Some(Acting { role: ActingAs::Agent, proof: None });
    assert_eq!(merge(&from, &by_agent), Err(MergeRefused::AnotherAsker));
    assert_eq!(merge(&from, &asked(RequestType::Erasure)), Err(MergeRefused::NotVerified));
    let closed = with(into.clone(), [(Actor::Requester, Act::Withdrawn)]);
    assert_eq!(merge(&from, &closed), Err(MergeRefused::Closed));
    assert_eq!(dsar::check_merge((&from, soon), (&into, late)), Err(MergeRefused::DueLater));
    assert_eq!(dsar::check_merge((&from, soon), (&into, soon)), Ok(()));
    for (request, asks, answers, expected) in [
        (RequestType::Erasure, &["cv"][..], &[][..], Ok(())),
        (RequestType::Erasure, &["cv"], &["cv", "books"], Ok(())),
        (RequestType::Erasure, &[], &["cv"], Err(MergeRefused::AsksForLess)),
        (RequestType::Erasure, &["cv", "books"], &["cv"], Err(MergeRefused::AsksForLess)),
        // An objection that names nothing leaves what rests on consent.
        (RequestType::Objection, &["news"], &[], Err(MergeRefused::AsksForLess)),
        (RequestType::Objection, &[], &[], Ok(())),
    ] {
        assert_eq!(merge(&purposes(request, asks), &purposes(request, answers)), expected, "{asks:?} {answers:?}");
    }
}

#[test]
fn a_request_that_a_clerk_has_is_that_clerks_until_it_is_released_or_handed_over() {
    let refused = |state: &RequestState, by, act| after(state, by, act).unwrap_err().why;
    let open = verified(RequestType::Rectification);
    assert_eq!(open.assignee(), None);
    assert_eq!(refused(&open, clerk(1), Act::Released), Why::NotTheirs);
    let claimed = with(open, [(clerk(1), Act::Claimed)]);
    let name = |n: u8| match clerk(n) {
        Actor::Staff(name) => name,
        other => panic!("{other:?} is no clerk"),
    };
    assert_eq!(claimed.assignee(), Some(&name(1)));
    assert_eq!(refused(&claimed, clerk(2), Act::Claimed), Why::ClaimedByAnother);
    assert_eq!(refused(&claimed, clerk(2), Act::Released), Why::NotTheirs);
    assert!(after(&claimed, clerk(1), Act::Claimed).is_ok(), "claiming again changes nothing");
    let handed = with(claimed.clone(), [(clerk(2), Act::HandedOver(name(3)))]);
    assert_eq!(handed.assignee(), Some(&name(3)));
    assert_eq!(with(claimed, [(clerk(1), Act::Released)]).assignee(), None);
}

#[test]
fn only_the_lone_word_all_erases_what_a_dead_person_left_without_anybodys_reading() {
    let text = |words: &str| Some(Sensitive::new(words.to_owned()));
    let all = Instructions { deletion: text(" all "), ..Instructions::default() };
    assert!(all.erase_everything());
    assert!(!Instructions::default().erase_everything());
    assert!(!Instructions { deletion: text("my mails"), ..Instructions::default() }.erase_everything());
    assert!(!Instructions { retention: text("the photographs"), ..all.clone() }.erase_everything());
    assert!(!Instructions { communication: text("to my sister"), ..all }.erase_everything());
}

#[test]
fn a_mail_that_failed_for_good_ends_mail_to_the_requester_and_to_nobody_else() {
    let failed = |mail: &str, why: MailFailure| {
        let act = Act::MailFailed { mail: mail.to_owned(), why: why.as_str().to_owned() };
        with(asked(RequestType::Access), [(Actor::Product, act)]).unreachable_by_mail().map(|(_, why)| why)
    };
    assert_eq!(failed("receipt", MailFailure::BouncePermanent), Some(MailFailure::BouncePermanent));
    assert_eq!(failed("receipt", MailFailure::BounceTransient), None, "an absence notice ends nothing");
    assert_eq!(failed("office", MailFailure::BouncePermanent), None);
    // GDPR Art. 19: a recipient who is told is not the requester.
    assert_eq!(failed("follow-agency", MailFailure::BouncePermanent), None);
    assert!(dsar::is_to_requester("receipt") && !dsar::is_to_requester("office-late"));
}
