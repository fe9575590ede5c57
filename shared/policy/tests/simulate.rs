//! A record's life, told step by step, and always the one that the functions' own clock gives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rich;

use std::collections::BTreeSet;

use domain::{
    policy::{Period, Policy, RetentionRule},
    retention::RetentionClock,
};
use jiff::{Span, Timestamp, ToSpan};
use policy::simulate::{Effect, Ending, HoldStep, Life, State, simulate};
use proptest::prelude::*;
use rich::{category, event, policy, purpose, rule, span, until};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn kept<'p>(policy: &'p Policy, what: &str, for_what: &str) -> &'p RetentionRule {
    policy.retention_of(&category(what), &purpose(for_what)).unwrap()
}

fn life(policy: &Policy, rule: &RetentionRule, made: &str, events: &[(&str, &str)], look: Option<&str>) -> Life {
    let events: Vec<_> = events.iter().map(|(name, time)| (event(name), at(time))).collect();
    simulate(policy, rule, at(made), &events, look.map(at)).unwrap()
}

/// The steps in short: time of day, effect, end.
fn line(life: &Life) -> Vec<String> {
    life.steps
        .iter()
        .map(|step| {
            let until = step.kept_until.map_or_else(|| "-".to_owned(), |until| until.to_string());
            format!("{} {:?} {until} {}", step.at, step.effect, step.clause)
        })
        .collect()
}

const MADE: &str = "2026-03-01T12:00:00Z";

#[test]
fn an_empty_chat_ends_thirty_minutes_after_the_last_access_and_nothing_revives_it() {
    let policy = policy();
    let rule = kept(&policy, "chat-ip", "chat");
    let events = [
        ("website.access", "2026-03-01T12:20:00Z"),
        ("website.access", "2026-03-01T11:00:00Z"),
        ("website.access", "2026-03-01T13:00:00Z"),
        ("chat.message", "2026-03-01T13:05:00Z"),
        ("website.access", "2026-03-01T12:10:00Z"),
    ];
    let life = life(&policy, rule, MADE, &events, None);
    assert_eq!(
        line(&life),
        [
            "2026-03-01T11:00:00Z BeforeMade 2026-03-01T12:30:00Z acme.keep-chat-ip",
            "2026-03-01T12:00:00Z Made 2026-03-01T12:30:00Z acme.keep-chat-ip",
            "2026-03-01T12:10:00Z Renewed 2026-03-01T12:40:00Z acme.keep-chat-ip",
            "2026-03-01T12:20:00Z Renewed 2026-03-01T12:50:00Z acme.keep-chat-ip",
            "2026-03-01T13:00:00Z Expired 2026-03-01T12:50:00Z acme.keep-chat-ip",
            "2026-03-01T13:05:00Z Expired 2026-03-01T12:50:00Z acme.keep-chat-ip",
        ]
    );
    assert_eq!(life.ending, Ending::At { at: at("2026-03-01T12:50:00Z") });
    assert_eq!(life.kept_from_erasure.map(|exemption| exemption.article), Some("GDPR Art. 17(3)(b)".to_owned()));
}

#[test]
fn a_message_switches_the_record_to_a_year_and_later_accesses_change_nothing() {
    let policy = policy();
    let events = [
        ("chat.message", "2026-03-01T12:20:00Z"),
        ("website.access", "2026-03-01T12:25:00Z"),
        ("chat.message", "2026-03-02T12:20:00Z"),
    ];
    let life = life(&policy, kept(&policy, "chat-ip", "chat"), MADE, &events, Some("2026-09-01T00:00:00Z"));
    assert_eq!(
        line(&life),
        [
            "2026-03-01T12:00:00Z Made 2026-03-01T12:30:00Z acme.keep-chat-ip",
            "2026-03-01T12:20:00Z Switched 2027-03-01T12:20:00Z acme.chat-message",
            "2026-03-01T12:25:00Z Superseded 2027-03-01T12:20:00Z acme.chat-message",
            "2026-03-02T12:20:00Z Settled 2027-03-01T12:20:00Z acme.chat-message",
        ]
    );
    assert_eq!(life.clause.as_str(), "acme.chat-message");
    assert_eq!(life.at.unwrap().state, State::Kept);
}

#[test]
fn an_end_event_counts_once_and_a_maximum_counts_without_it() {
    let policy = policy();
    let account = kept(&policy, "account", "account");
    let closed = [("account.closed", "2026-04-01T00:00:00Z"), ("account.closed", "2026-04-03T00:00:00Z")];
    let told = life(&policy, account, MADE, &closed, None);
    assert_eq!(
        told.steps.iter().map(|step| step.effect).collect::<Vec<_>>(),
        [Effect::Made, Effect::Ended, Effect::Settled]
    );
    assert_eq!(told.ending, Ending::At { at: at("2026-04-08T00:00:00Z") });
    assert_eq!(life(&policy, account, MADE, &[], None).ending, Ending::Never);
    let address = kept(&policy, "address", "newsletter");
    assert_eq!(life(&policy, address, MADE, &[], None).ending, Ending::At { at: at("2029-03-01T12:00:00Z") });
}

#[test]
fn a_maximum_stops_the_renewals() {
    let policy = policy();
    let capped = rule(
        "address",
        "newsletter",
        Period::Sliding { duration: span(1.day()), renew_on: vec![event("visit")], max: Some(span(2.days())) },
    );
    let visits =
        [("visit", "2026-03-02T11:00:00Z"), ("visit", "2026-03-03T10:00:00Z"), ("visit", "2026-03-03T11:00:00Z")];
    let life = life(&policy, &capped, MADE, &visits, None);
    assert_eq!(
        life.steps.iter().map(|step| step.effect).collect::<Vec<_>>(),
        [Effect::Made, Effect::Renewed, Effect::Renewed, Effect::Capped]
    );
    assert_eq!(life.ending, Ending::At { at: at("2026-03-03T12:00:00Z") });
}

#[test]
fn an_event_that_nobody_listens_to_is_told_apart_from_one_that_others_listen_to() {
    let policy = policy();
    let events = [("website.access", "2026-03-02T00:00:00Z"), ("no.such", "2026-03-03T00:00:00Z")];
    let life = life(&policy, kept(&policy, "account", "account"), MADE, &events, None);
    assert_eq!(
        life.steps.iter().map(|step| step.effect).collect::<Vec<_>>(),
        [Effect::Made, Effect::Unheard, Effect::Unknown]
    );
}

#[test]
fn what_places_a_hold_that_is_there_or_releases_one_that_is_not_is_known_and_changes_nothing() {
    let policy = policy();
    let events = [
        ("investigation.closed", "2026-03-02T00:00:00Z"),
        ("suspicious-activity.identified", "2026-03-03T00:00:00Z"),
        ("suspicious-activity.identified", "2026-03-04T00:00:00Z"),
    ];
    let told = life(&policy, kept(&policy, "invoice", "billing"), MADE, &events, None);
    let steps: Vec<_> = told.steps.iter().map(|step| (step.effect, step.hold.is_some(), step.held)).collect();
    assert_eq!(
        steps,
        [
            (Effect::Made, false, false),
            (Effect::Unheard, false, false),
            (Effect::HoldOnly, true, true),
            (Effect::Unheard, false, true),
        ]
    );
}

#[test]
fn at_its_making_a_record_is_there_and_at_its_end_it_can_still_be_renewed() {
    let policy = policy();
    let rule = kept(&policy, "chat-ip", "chat");
    let events = [("website.access", MADE), ("website.access", "2026-03-01T12:30:00Z")];
    let told = life(&policy, rule, MADE, &events, Some(MADE));
    let effects: Vec<_> = told.steps.iter().map(|step| step.effect).collect();
    assert_eq!(effects, [Effect::Made, Effect::Settled, Effect::Renewed]);
    assert_eq!(told.ending, Ending::At { at: at("2026-03-01T13:00:00Z") });
    assert_eq!(told.at.unwrap().state, State::Kept);
}

#[test]
fn an_end_that_comes_after_the_maximum_is_told_apart_from_a_second_one() {
    let policy = policy();
    let capped = rule("account", "account", until("account.closed", 7.days(), Some(3.days())));
    let closed = [("account.closed", "2026-03-03T00:00:00Z"), ("account.closed", "2026-03-03T12:00:00Z")];
    let told = life(&policy, &capped, MADE, &closed, None);
    let effects: Vec<_> = told.steps.iter().map(|step| step.effect).collect();
    assert_eq!(effects, [Effect::Made, Effect::Capped, Effect::Settled]);
    assert_eq!(told.ending, Ending::At { at: at("2026-03-04T12:00:00Z") });
    // At the very end it has not expired yet.
    let at_its_end = life(&policy, &capped, MADE, &[("account.closed", "2026-03-04T12:00:00Z")], None);
    assert_eq!(at_its_end.steps[1].effect, Effect::Capped);
}

#[test]
fn no_two_effects_read_alike() {
    let texts: BTreeSet<&str> = [
        Effect::Made,
        Effect::Renewed,
        Effect::Ended,
        Effect::Switched,
        Effect::Capped,
        Effect::Settled,
        Effect::Superseded,
        Effect::TooEarlyForSwitch,
        Effect::Expired,
        Effect::BeforeMade,
        Effect::Unheard,
        Effect::Unknown,
        Effect::HoldOnly,
    ]
    .map(Effect::text)
    .into();
    assert_eq!(texts.len(), 13);
}

#[test]
fn a_hold_keeps_an_expired_record_and_its_release_lets_it_go() {
    let policy = policy();
    let rule = kept(&policy, "chat-ip", "chat");
    let identified = ("suspicious-activity.identified", "2026-03-01T12:10:00Z");
    let closed = ("investigation.closed", "2026-05-01T00:00:00Z");
    let access = ("website.access", "2026-03-05T00:00:00Z");
    let told = life(&policy, rule, MADE, &[identified, access, closed], Some("2026-04-01T00:00:00Z"));
    let effects: Vec<_> = told.steps.iter().map(|step| (step.effect, step.held)).collect();
    assert_eq!(
        effects,
        [(Effect::Made, false), (Effect::HoldOnly, true), (Effect::Expired, true), (Effect::HoldOnly, false)]
    );
    assert!(
        matches!(&told.steps[1].hold, Some(HoldStep::Placed { review_at, .. }) if review_at.to_string() == "2026-05-30T11:10:00Z")
    );
    let due = at("2026-03-01T12:30:00Z");
    assert_eq!(told.ending, Ending::AfterHold { at: at("2026-05-01T00:00:00Z"), due });
    assert_eq!(told.at.unwrap().state, State::HeldOnly);
    let held = life(&policy, rule, MADE, &[identified], None);
    assert_eq!(held.ending, Ending::Held { due: Some(due) });
}

#[test]
fn a_hold_on_a_record_that_is_gone_holds_nothing() {
    let policy = policy();
    let rule = kept(&policy, "chat-ip", "chat");
    let late = ("suspicious-activity.identified", "2026-03-01T13:00:00Z");
    let told = life(&policy, rule, MADE, &[late], Some("2026-03-01T12:30:00Z"));
    assert_eq!(told.steps.last().unwrap().effect, Effect::Expired);
    assert!(!told.steps.last().unwrap().held);
    assert_eq!(told.at.unwrap().state, State::Gone, "at its end it is gone, not a moment later");
    let before = life(&policy, rule, MADE, &[], Some("2026-03-01T11:59:59Z"));
    assert_eq!(before.at.unwrap().state, State::NotMade);
}

#[test]
fn a_look_knows_only_what_had_happened_by_then() {
    let policy = policy();
    let closed = [("account.closed", "2026-04-01T00:00:00Z")];
    let told = life(&policy, kept(&policy, "account", "account"), MADE, &closed, Some("2026-03-31T00:00:00Z"));
    let look = told.at.unwrap();
    assert_eq!((look.state, look.kept_until), (State::Kept, None));
}

#[test]
fn a_life_has_a_json_form() {
    let policy = policy();
    let events = [("suspicious-activity.identified", "2026-03-01T12:10:00Z")];
    let life = life(&policy, kept(&policy, "chat-ip", "chat"), MADE, &events, Some("2026-03-01T12:15:00Z"));
    let json = serde_json::to_value(&life).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "category": "chat-ip", "purpose": "chat",
            "rule": "for 30 minutes after the last website.access; if chat.message comes before that, for one year from then on",
            "steps": [
                { "at": "2026-03-01T12:00:00Z", "event": null, "effect": "made", "kept_until": "2026-03-01T12:30:00Z",
                  "clause": "acme.keep-chat-ip", "held": false },
                { "at": "2026-03-01T12:10:00Z", "event": "suspicious-activity.identified", "effect": "hold-only",
                  "hold": { "hold": "placed", "reason": "investigation", "review_at": "2026-05-30T11:10:00Z",
                            "clause": "acme.hold" },
                  "kept_until": "2026-03-01T12:30:00Z", "clause": "acme.keep-chat-ip", "held": true },
            ],
            "ending": { "how": "held", "due": "2026-03-01T12:30:00Z" },
            "clause": "acme.keep-chat-ip", "action": "delete",
            "kept_from_erasure": { "article": "GDPR Art. 17(3)(b)", "clause": "acme.chat-law",
                                   "reason": "The law makes us keep the address for a year." },
            "at": { "time": "2026-03-01T12:15:00Z", "state": "kept", "kept_until": "2026-03-01T12:30:00Z" },
        })
    );
}

fn a_span() -> impl Strategy<Value = Span> {
    prop_oneof![(1_i64..400).prop_map(|n| n.days()), (1_i64..400).prop_map(|n| n.hours())]
}

fn a_rule() -> impl Strategy<Value = RetentionRule> {
    prop_oneof![
        a_span().prop_map(|duration| Period::Fixed { duration: span(duration) }),
        (a_span(), prop::option::of(a_span())).prop_map(|(duration, max)| Period::Sliding {
            duration: span(duration),
            renew_on: vec![event("visit")],
            max: max.map(span)
        }),
        (a_span(), prop::option::of(a_span())).prop_map(|(grace, max)| until("closed", grace, max)),
    ]
    .prop_flat_map(|period| (Just(period), prop::option::of(a_span())))
    .prop_map(|(period, then)| RetentionRule {
        switch: then.map(|then| domain::policy::Switch {
            on: event("message"),
            then: Period::Fixed { duration: span(then) },
            clause: rich::clause("then"),
        }),
        ..rule("address", "newsletter", period)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_told_end_is_the_one_that_the_functions_count(
        rule in a_rule(),
        steps in prop::collection::vec((-1_000_000_i64..40_000_000, prop::sample::select(&["visit", "closed", "message"][..])), 0..12),
    ) {
        let policy = policy();
        let made = at(MADE);
        let events: Vec<_> = steps
            .iter()
            .map(|(seconds, name)| (event(name), Timestamp::from_second(made.as_second() + seconds).unwrap()))
            .collect();
        let told = simulate(&policy, &rule, made, &events, None).unwrap();
        // In the order in which they were drawn: the clock folds them all the same.
        let mut clock = RetentionClock::new(made);
        for (name, at) in &events {
            clock.note(&rule, name, *at, &policy.time_zone).unwrap();
        }
        let due = clock.due(&rule, &policy.time_zone).unwrap();
        let expected = due.map_or(Ending::Never, |at| Ending::At { at });
        prop_assert_eq!(&told.ending, &expected);
        prop_assert_eq!(told.steps.len(), events.len() + 1);
        // Once its time is up nothing moves it.
        let mut over: Option<Timestamp> = None;
        for step in &told.steps {
            if let Some(over) = over {
                prop_assert_eq!(step.kept_until, Some(over));
            } else if step.kept_until.is_some_and(|until| until < step.at) {
                over = step.kept_until;
            }
        }
    }
}
