//! Changes of the notice: what may be published, who is told by mail, and which consents count on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::{Choice, ConsentEvent, fold},
    ids::{ControllerId, Fingerprint, Identifier, IdentifierKind, KeyedId, Pepper, Purpose, Recipient},
    notice::{
        CurrentChoice, FLOOR, NoticeChange, Publication, PublicationRefused, SUMMARY_BYTES_MAX, Significance, check,
        counting, state,
    },
    policy::{
        Clause, LawfulBasis, Notice, NoticeChangeRule, Policy, PolicyHash, PurposeRule, RecipientRole, RecipientRule,
    },
};
use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(n: i64) -> Timestamp {
    at("2026-03-01T09:00:00Z").checked_add((24 * n).hours()).unwrap()
}

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn purposes(names: &[&str]) -> BTreeSet<Purpose> {
    names.iter().map(|name| purpose(name)).collect()
}

fn recipient(name: &str) -> Recipient {
    Recipient::parse(name).unwrap()
}

fn notice(version: &str) -> Notice {
    Notice { version: version.into(), language: "en".into(), text_sha256: "ab".repeat(32) }
}

fn policy(rule: Option<NoticeChangeRule>) -> Policy {
    let rules = [
        ("newsletter", LawfulBasis::Consent),
        ("profiling", LawfulBasis::Consent),
        ("security", LawfulBasis::LegitimateInterests),
    ];
    let host = RecipientRule {
        id: recipient("host"),
        title: "A host".into(),
        role: RecipientRole::Processor,
        categories: BTreeSet::new(),
        purposes: BTreeSet::new(),
        grounds: BTreeSet::new(),
        needs: BTreeSet::new(),
        consent: None,
        uses: BTreeSet::new(),
        countries: BTreeSet::new(),
        mechanism: None,
        mail: None,
        clause: Clause::new("test.host"),
    };
    Policy {
        time_zone: TimeZone::get("Europe/Paris").unwrap(),
        purposes: BTreeMap::from(rules.map(|(name, basis)| {
            (purpose(name), PurposeRule::new(purpose(name), name.into(), basis, Clause::new("test")))
        })),
        recipients: BTreeMap::from([(host.id.clone(), host)]),
        notice_change: rule,
        ..Policy::new(ControllerId::parse("example").unwrap(), "Example".into(), "p@example.com".into(), notice("1"))
    }
}

fn rule(lead_time: Option<Span>, by_mail: bool, ask_again: bool) -> Option<NoticeChangeRule> {
    let lead_time = lead_time.map(Span::fieldwise);
    Some(NoticeChangeRule { lead_time, by_mail, ask_again, clause: Clause::new("test.changes") })
}

fn wanted(significance: Significance) -> Publication {
    Publication {
        notice: notice("2"),
        url: "https://example.com/privacy".into(),
        effective_at: None,
        significance,
        summary: "We say more clearly what we do.".into(),
        new_purposes: BTreeSet::new(),
        new_recipients: BTreeSet::new(),
        ask_again: None,
    }
}

#[test]
fn a_publication_that_breaks_the_policy_is_refused_with_its_reason() {
    let plain = || wanted(Significance::Significant);
    for (wanted, refused) in [
        (Publication { summary: "  ".into(), ..plain() }, PublicationRefused::Summary),
        (Publication { summary: "x".repeat(SUMMARY_BYTES_MAX + 1), ..plain() }, PublicationRefused::Summary),
        (
            Publication { new_purposes: purposes(&["newsletter", "resale"]), ..plain() },
            PublicationRefused::UnknownPurpose(purpose("resale")),
        ),
        (
            Publication { new_recipients: [recipient("broker"), recipient("host")].into(), ..plain() },
            PublicationRefused::UnknownRecipient(recipient("broker")),
        ),
        (
            Publication { ask_again: Some(purposes(&["resale"])), ..plain() },
            PublicationRefused::UnknownConsent(purpose("resale")),
        ),
        (
            Publication { ask_again: Some(purposes(&["security"])), ..plain() },
            PublicationRefused::NotByConsent(purpose("security"), LawfulBasis::LegitimateInterests),
        ),
        (Publication { effective_at: Some(day(-1)), ..plain() }, PublicationRefused::Retroactive),
    ] {
        assert_eq!(check(&policy(None), &wanted, day(0)), Err(refused));
    }
    let longest = Publication { summary: "x".repeat(SUMMARY_BYTES_MAX), ..plain() };
    assert!(check(&policy(None), &longest, day(0)).is_ok());
}

#[test]
fn a_change_counts_from_its_publication_where_the_policy_promises_no_time() {
    for rule in [None, rule(None, true, false)] {
        assert_eq!(
            check(&policy(rule.clone()), &wanted(Significance::Significant), day(0)).unwrap().effective_at,
            day(0)
        );
        let later = Publication { effective_at: Some(day(9)), ..wanted(Significance::Significant) };
        assert_eq!(check(&policy(rule), &later, day(0)).unwrap().effective_at, day(9));
    }
}

#[test]
fn a_change_waits_for_the_promised_lead_time_in_the_controllers_calendar() {
    let policy = policy(rule(Some(1.month()), true, false));
    // Paris springs forward in between: a month of its calendar is an hour shorter.
    let earliest = at("2026-04-01T08:00:00Z");
    let publication = |effective_at| Publication { effective_at, ..wanted(Significance::Editorial) };
    assert_eq!(check(&policy, &publication(None), day(0)).unwrap().effective_at, earliest);
    assert_eq!(check(&policy, &publication(Some(earliest)), day(0)).unwrap().effective_at, earliest);
    for too_soon in [day(0), earliest.checked_sub(1.millisecond()).unwrap()] {
        let refused = check(&policy, &publication(Some(too_soon)), day(0)).unwrap_err();
        assert_eq!(refused, PublicationRefused::TooSoon(earliest));
        assert!(refused.to_string().contains("2026-04-01T08:00:00Z"), "it says from when on it could: {refused}");
    }
    let before = Publication { effective_at: Some(day(-1)), ..wanted(Significance::Editorial) };
    assert_eq!(check(&policy, &before, day(0)), Err(PublicationRefused::Retroactive));
    assert_eq!(check(&policy, &publication(None), Timestamp::MAX), Err(PublicationRefused::OutOfCalendar));
}

#[test]
fn mail_goes_out_of_what_people_feel_where_the_policy_promises_mail() {
    use Significance::{Editorial, Ownership, Significant};
    for (by_mail, significance, mailed) in [
        (true, Editorial, false),
        (true, Significant, true),
        (true, Ownership, true),
        (false, Editorial, false),
        (false, Significant, false),
        (false, Ownership, false),
    ] {
        let terms = check(&policy(rule(None, by_mail, false)), &wanted(significance), day(0)).unwrap();
        assert_eq!((terms.by_mail, terms.significance), (mailed, significance), "{by_mail} {significance:?}");
        assert_eq!(terms.clause, Clause::new("test.changes"));
        let silent = check(&policy(None), &wanted(significance), day(0)).unwrap();
        assert_eq!((silent.by_mail, silent.clause), (false, Clause::new(FLOOR)), "a silent policy promises the page");
    }
}

#[test]
fn a_new_purpose_or_a_consent_asked_for_again_is_no_matter_of_wording() {
    let policy = policy(rule(None, true, false));
    let new_purpose = Publication { new_purposes: purposes(&["security"]), ..wanted(Significance::Editorial) };
    let asking = Publication { ask_again: Some(purposes(&["newsletter"])), ..wanted(Significance::Editorial) };
    for publication in [new_purpose, asking] {
        let terms = check(&policy, &publication, day(0)).unwrap();
        assert_eq!((terms.significance, terms.by_mail), (Significance::Significant, true));
    }
    let wording = Publication { ask_again: Some(BTreeSet::new()), ..wanted(Significance::Editorial) };
    assert_eq!(check(&policy, &wording, day(0)).unwrap().significance, Significance::Editorial);
    let owned = Publication { new_purposes: purposes(&["security"]), ..wanted(Significance::Ownership) };
    assert_eq!(check(&policy, &owned, day(0)).unwrap().significance, Significance::Ownership);
}

#[test]
fn a_policy_that_asks_again_wants_to_know_for_which_consents() {
    let policy = policy(rule(None, false, true));
    for significance in [Significance::Significant, Significance::Ownership] {
        assert_eq!(check(&policy, &wanted(significance), day(0)), Err(PublicationRefused::AskAgainUnsaid));
        let said = Publication { ask_again: Some(BTreeSet::new()), ..wanted(significance) };
        assert!(check(&policy, &said, day(0)).is_ok());
    }
    assert!(check(&policy, &wanted(Significance::Editorial), day(0)).is_ok());
}

fn pepper() -> Pepper {
    Pepper::new(1, &[7; 32])
}

fn chosen(name: &str, choice: Choice, version: &str, at: Timestamp) -> ConsentEvent {
    let ada = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
    ConsentEvent {
        guardian: None,
        id: pepper().derive(&[name, version, &at.to_string(), choice.as_str()]),
        subject: pepper().subject(&ada),
        at,
        choices: BTreeMap::from([(purpose(name), choice)]),
        notice_version: version.into(),
        language: "en".into(),
        method: "form".into(),
        gpc: false,
        policy: PolicyHash::from_hex(""),
        fingerprint: Fingerprint::from_hash(String::new()),
    }
}

fn change(version: &str, published: i64, effective: i64, ask_again: &[&str]) -> NoticeChange {
    NoticeChange {
        id: pepper().derive(&[version]),
        notice: notice(version),
        url: "https://example.com/privacy".into(),
        published_at: day(published),
        effective_at: day(effective),
        significance: Significance::Significant,
        summary: "New.".into(),
        new_purposes: BTreeSet::new(),
        new_recipients: BTreeSet::new(),
        ask_again: purposes(ask_again),
        by_mail: true,
        clause: Clause::new("test.changes"),
        policy: PolicyHash::from_hex(""),
        published_by: "officer-1".into(),
    }
}

fn newsletter(events: &[ConsentEvent], changes: &[NoticeChange], now: Timestamp) -> CurrentChoice {
    state(events, changes, now).remove(&purpose("newsletter")).unwrap()
}

/// What it comes to: whether a consent counts, and under which version it is to be given again.
fn judged(events: &[ConsentEvent], changes: &[NoticeChange], now: Timestamp) -> (bool, Option<String>) {
    let current = newsletter(events, changes, now);
    let counts = fold(&counting(events, changes, now))
        .get(&purpose("newsletter"))
        .is_some_and(|state| state.choice == Choice::Given);
    assert_eq!(counts, current.choice.choice == Choice::Given && current.asked_again.is_none());
    (counts, current.asked_again.map(|asked| asked.version))
}

#[test]
fn an_old_consent_counts_until_the_change_takes_effect_and_not_from_then_on() {
    use Choice::Given;
    let changes = [change("2", 10, 40, &["newsletter"])];
    let old = [chosen("newsletter", Given, "1", day(0)), chosen("profiling", Given, "1", day(0))];
    let just_before = day(40).checked_sub(1.millisecond()).unwrap();
    assert_eq!(judged(&old, &changes, just_before), (true, None));
    assert_eq!(judged(&old, &changes, day(40)), (false, Some("2".into())));
    let asked = newsletter(&old, &changes, day(40)).asked_again.unwrap();
    assert_eq!((asked.change, asked.since), (changes[0].id.clone(), day(40)));
    // The change says nothing of profiling.
    assert_eq!(state(&old, &changes, day(99))[&purpose("profiling")].asked_again, None);
    assert_eq!(judged(&old, &[], day(99)), (true, None));
}

#[test]
fn a_consent_given_under_the_new_notice_counts_whenever_it_was_given() {
    use Choice::Given;
    let changes = [change("2", 10, 40, &["newsletter"])];
    let old = chosen("newsletter", Given, "1", day(0));
    for given_on in [12, 40, 60] {
        let events = [old.clone(), chosen("newsletter", Given, "2", day(given_on))];
        assert_eq!(judged(&events, &changes, day(60)), (true, None), "given on day {given_on}");
        assert_eq!(newsletter(&events, &changes, day(60)).choice.since, day(given_on));
    }
    // An older form that is sent once more adds nothing and takes nothing away.
    for given_on in [50, 11] {
        let events = [chosen("newsletter", Given, "2", day(12)), chosen("newsletter", Given, "1", day(given_on))];
        assert_eq!(judged(&events, &changes, day(60)), (true, None));
    }
    let late = [chosen("newsletter", Given, "1", day(50))];
    assert_eq!(judged(&late, &changes, day(60)), (false, Some("2".into())));
}

#[test]
fn a_refusal_and_a_withdrawal_stand_whatever_changes() {
    use Choice::{Given, Refused, Withdrawn};
    let changes = [change("2", 10, 40, &["newsletter"])];
    for no in [Refused, Withdrawn] {
        let events = [chosen("newsletter", Given, "1", day(0)), chosen("newsletter", no, "1", day(5))];
        let current = newsletter(&events, &changes, day(60));
        assert_eq!((current.choice.choice, current.asked_again), (no, None), "nobody is asked who said no");
        let events = [chosen("newsletter", Given, "2", day(41)), chosen("newsletter", no, "", day(42))];
        assert_eq!(newsletter(&events, &changes, day(60)).choice.choice, no);
    }
    // After a withdrawal an old form's consent reopens nothing.
    let events = [
        chosen("newsletter", Given, "2", day(41)),
        chosen("newsletter", Withdrawn, "", day(42)),
        chosen("newsletter", Given, "1", day(43)),
    ];
    assert_eq!(judged(&events, &changes, day(60)), (false, Some("2".into())));
}

#[test]
fn a_later_version_carries_on_what_an_earlier_one_asked_for() {
    use Choice::Given;
    let changes = [change("3", 50, 50, &[]), change("2", 10, 40, &["newsletter"])];
    for (version, counts) in [("1", false), ("2", true), ("3", true)] {
        let events = [chosen("newsletter", Given, version, day(51))];
        assert_eq!(judged(&events, &changes, day(60)).0, counts, "{version}");
    }
    let changes = [change("2", 10, 40, &["newsletter"]), change("3", 50, 70, &["newsletter"])];
    let second = [chosen("newsletter", Given, "2", day(41))];
    assert_eq!(judged(&second, &changes, day(69)), (true, None));
    assert_eq!(judged(&second, &changes, day(70)), (false, Some("3".into())));
    // One that was published later and counts sooner.
    let changes = [change("2", 10, 90, &["newsletter"]), change("3", 20, 20, &["newsletter"])];
    let second = [chosen("newsletter", Given, "2", day(11))];
    assert_eq!(judged(&second, &changes, day(95)), (false, Some("3".into())));
}

fn events() -> impl Strategy<Value = Vec<ConsentEvent>> {
    let event = (0..3_usize, 0..4_usize, 0..80_i64).prop_map(|(choice, version, at)| {
        chosen("newsletter", Choice::ALL[choice], ["1", "2", "3", "4"][version], day(at))
    });
    prop::collection::vec(event, 1..8)
}

fn changes() -> impl Strategy<Value = Vec<NoticeChange>> {
    let change = (0..2_usize, 0..60_i64, 0..40_i64, any::<bool>()).prop_map(|(version, published, lead, asks)| {
        let asks: &[&str] = if asks { &["newsletter"] } else { &[] };
        change(["2", "3"][version], published, published + lead, asks)
    });
    // A version is published once.
    prop::collection::vec(change, 0..3).prop_map(|mut changes| {
        let mut seen = BTreeSet::new();
        changes.retain(|change| seen.insert(change.notice.version.clone()));
        changes
    })
}

proptest! {
    #[test]
    fn no_change_ever_makes_a_consent(events in events(), changes in changes(), now in 0..120_i64) {
        let plain = fold(&events)[&purpose("newsletter")].choice;
        let (counts, _) = judged(&events, &changes, day(now));
        prop_assert!(!counts || plain == Choice::Given);
    }

    #[test]
    fn a_consent_given_anew_under_the_latest_version_always_counts(events in events(), changes in changes()) {
        let latest = changes.iter().max_by_key(|change| (change.published_at, change.id.clone()));
        let version = latest.map_or("1".to_owned(), |change| change.notice.version.clone());
        let mut events = events;
        events.push(chosen("newsletter", Choice::Given, &version, day(100)));
        prop_assert_eq!(judged(&events, &changes, day(200)), (true, None));
    }

    #[test]
    fn the_order_in_which_changes_are_read_makes_no_difference(events in events(), changes in changes()) {
        let mut reversed = changes.clone();
        reversed.reverse();
        prop_assert_eq!(state(&events, &changes, day(150)), state(&events, &reversed, day(150)));
    }
}
