//! Retention clocks: the promises of the five policies, and the properties that every rule has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use domain::{
    ids::{Category, ControllerId, EventName, HoldId, Identifier, IdentifierKind, Pepper, Purpose},
    policy::{Action, Clause, Notice, Period, Policy, PolicyHash, RetentionRule, Switch},
    record::{Record, System},
    retention::{RENEWAL_RUNS_MAX, RetentionClock, after},
    tombstone::Tombstone,
};
use jiff::{Span, SpanFieldwise, Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

fn rule(period: Period, switch: Option<Switch>) -> RetentionRule {
    RetentionRule {
        category: Category::parse("category").unwrap(),
        purpose: Purpose::parse("purpose").unwrap(),
        period,
        switch,
        action: Action::Delete,
        exemption: None,
        lifecycle: false,
        clause: Clause::new("test"),
    }
}

fn event(name: &str) -> EventName {
    EventName::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn for_(span: Span) -> SpanFieldwise {
    SpanFieldwise(span)
}

fn due(rule: &RetentionRule, created: &str, events: &[(&str, &str)]) -> Option<String> {
    let mut clock = RetentionClock::new(at(created));
    for (name, when) in events {
        clock.note(rule, &event(name), at(when), &TimeZone::UTC).unwrap();
    }
    clock.due(rule, &TimeZone::UTC).unwrap().map(|due| due.to_string())
}

fn chat() -> RetentionRule {
    rule(
        Period::Sliding { duration: for_(30.minutes()), renew_on: vec![event("website.access")], max: None },
        Some(Switch { on: event("chat.message"), then: Period::Indefinite, clause: Clause::new("stationdb.4-c") }),
    )
}

fn cookie() -> RetentionRule {
    rule(Period::Sliding { duration: for_(6.months()), renew_on: vec![event("website.visit")], max: None }, None)
}

#[test]
fn an_ip_address_goes_after_a_hundred_days_and_not_after_three_months() {
    let rule = rule(Period::Fixed { duration: for_(100.days()) }, None);
    assert_eq!(due(&rule, "2026-01-01T00:00:00Z", &[]).unwrap(), "2026-04-11T00:00:00Z");
}

#[test]
fn six_months_from_the_end_of_august_end_with_february() {
    assert_eq!(due(&cookie(), "2025-08-31T00:00:00Z", &[]).unwrap(), "2026-02-28T00:00:00Z");
}

#[test]
fn a_visit_renews_the_cookie_and_a_later_duplicate_changes_nothing() {
    let visits = [("website.visit", "2026-05-01T00:00:00Z"), ("website.visit", "2026-05-01T00:00:00Z")];
    assert_eq!(due(&cookie(), "2026-01-01T00:00:00Z", &visits).unwrap(), "2026-11-01T00:00:00Z");
}

#[test]
fn a_visit_after_the_end_revives_nothing() {
    let visits = [("website.visit", "2026-07-02T00:00:00Z")];
    assert_eq!(due(&cookie(), "2026-01-01T00:00:00Z", &visits).unwrap(), "2026-07-01T00:00:00Z");
}

#[test]
fn a_late_visit_in_between_connects_the_one_that_came_too_early() {
    let visits = [("website.visit", "2026-10-01T00:00:00Z"), ("website.visit", "2026-06-01T00:00:00Z")];
    assert_eq!(due(&cookie(), "2026-01-01T00:00:00Z", &visits).unwrap(), "2027-04-01T00:00:00Z");
}

#[test]
fn an_empty_chat_ends_thirty_minutes_after_the_last_access() {
    let accesses = [("website.access", "2026-01-01T10:20:00Z"), ("website.access", "2026-01-01T10:45:00Z")];
    assert_eq!(due(&chat(), "2026-01-01T10:00:00Z", &accesses).unwrap(), "2026-01-01T11:15:00Z");
}

#[test]
fn a_chat_with_a_message_stays_and_one_whose_message_came_too_late_does_not() {
    assert_eq!(due(&chat(), "2026-01-01T10:00:00Z", &[("chat.message", "2026-01-01T10:29:00Z")]), None);
    let late = due(&chat(), "2026-01-01T10:00:00Z", &[("chat.message", "2026-01-01T10:31:00Z")]);
    assert_eq!(late.unwrap(), "2026-01-01T10:30:00Z");
}

#[test]
fn an_end_event_starts_the_grace_and_the_maximum_bounds_it() {
    let rule = rule(
        Period::UntilEvent {
            events: vec![event("contract.ended")],
            grace: for_(30.days()),
            max: Some(for_(Span::new().years(2))),
        },
        None,
    );
    let created = "2026-01-01T00:00:00Z";
    assert_eq!(due(&rule, created, &[]).unwrap(), "2028-01-01T00:00:00Z");
    assert_eq!(due(&rule, created, &[("contract.ended", "2026-03-01T00:00:00Z")]).unwrap(), "2026-03-31T00:00:00Z");
    assert_eq!(due(&rule, created, &[("contract.ended", "2027-12-31T00:00:00Z")]).unwrap(), "2028-01-01T00:00:00Z");
    // An end that lies before the record was made ended something else.
    assert_eq!(due(&rule, created, &[("contract.ended", "2025-12-31T00:00:00Z")]).unwrap(), "2028-01-01T00:00:00Z");
}

#[test]
fn what_happens_at_the_very_instant_of_the_beginning_or_the_end_still_counts() {
    let start = "2026-01-01T10:00:00Z";
    assert_eq!(due(&chat(), start, &[("chat.message", start)]), None);
    assert_eq!(due(&chat(), start, &[("chat.message", "2026-01-01T10:30:00Z")]), None);
    let access = [("website.access", "2026-01-01T10:30:00Z")];
    assert_eq!(due(&chat(), start, &access).unwrap(), "2026-01-01T11:00:00Z");
    // What lies before the record was made neither renews it nor keeps it.
    let before = [("website.access", "2026-01-01T09:59:00Z"), ("chat.message", "2026-01-01T09:59:00Z")];
    assert_eq!(due(&chat(), start, &before).unwrap(), "2026-01-01T10:30:00Z");
}

#[test]
fn of_renewals_that_never_join_the_earliest_are_kept_and_so_many_at_most() {
    let (rule, start) = (visits_of(1.minute()), at("2026-01-01T00:00:00Z"));
    let mut clock = RetentionClock::new(start);
    for n in 0..=i64::try_from(RENEWAL_RUNS_MAX).unwrap() {
        clock.note(&rule, &event("website.visit"), start + (n * 10).minutes(), &TimeZone::UTC).unwrap();
    }
    let kept: Vec<_> = clock.renewals.keys().copied().collect();
    assert_eq!((kept.len(), kept[0]), (RENEWAL_RUNS_MAX, start));
    assert_eq!(kept.last(), Some(&(start + (10 * i64::try_from(RENEWAL_RUNS_MAX - 1).unwrap()).minutes())));
}

#[test]
fn renewals_that_join_are_kept_as_one_however_many_they_are() {
    let (rule, start) = (visits_of(2.days()), at("2026-01-01T00:00:00Z"));
    let first_to_last: Vec<i64> = (1..200).collect();
    let last_to_first: Vec<i64> = (1..200).rev().collect();
    // Sixty that are too far from one another, and then all those between them.
    let between: Vec<i64> = (0..60).map(|n| n * 3 + 1).chain((0..60).flat_map(|n| [n * 3 + 2, n * 3 + 3])).collect();
    for days in [first_to_last, last_to_first, between] {
        let mut clock = RetentionClock::new(start);
        for day in &days {
            clock.note(&rule, &event("website.visit"), start + (24 * day).hours(), &TimeZone::UTC).unwrap();
        }
        let (first, last) = (start + 24.hours(), start + (24 * days.iter().max().unwrap()).hours());
        assert_eq!(clock.renewals.into_iter().collect::<Vec<_>>(), [(first, last)]);
    }
}

#[test]
fn a_duration_past_the_calendar_is_an_error_and_not_a_panic() {
    let rule = rule(Period::Fixed { duration: for_(Span::new().years(9_000)) }, None);
    assert!(RetentionClock::new(at("2026-01-01T00:00:00Z")).due(&rule, &TimeZone::UTC).is_err());
}

#[test]
fn days_are_days_of_the_laws_zone() {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    // Over the change to summer time a day of the calendar has 23 hours.
    let end = after(at("2026-03-28T12:00:00Z"), &for_(1.day()), &paris).unwrap();
    assert_eq!(end.to_string(), "2026-03-29T11:00:00Z");
}

/// A policy of that hash, with nothing else in it: what a record is planned by is its rule.
fn policy(hash: &str) -> Policy {
    let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: "ab".repeat(32) };
    let controller = ControllerId::parse("acme").unwrap();
    let hash = PolicyHash::from_hex(hash);
    Policy { hash, ..Policy::new(controller, "Acme".into(), "privacy@acme.example".into(), notice) }
}

/// A record that was made then, planned by this rule of this policy.
fn record(policy: &Policy, rule: &RetentionRule, created: Timestamp) -> Record {
    let pepper = Pepper::new(1, &[7; 32]);
    let mut record = Record {
        id: pepper.derive(&["record"]),
        subject: pepper.subject(&Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap()),
        category: rule.category.clone(),
        purpose: rule.purpose.clone(),
        system: System::Habeas,
        clock: RetentionClock::new(created),
        due_at: None,
        clause: rule.clause.clone(),
        policy: policy.hash.clone(),
        holds: BTreeSet::new(),
        points: Vec::new(),
        salt: [7; 16],
        revision: 0,
    };
    record.plan(policy, rule).unwrap();
    record
}

#[test]
fn an_erasure_reaches_the_records_that_were_made_by_then() {
    let (policy, rule) = (policy("aa"), visits_of(1.day()));
    let made = |when| record(&policy, &rule, at(when));
    let tombstone = Tombstone {
        subject: made("2026-01-01T00:00:00Z").subject,
        request: Pepper::new(1, &[7; 32]).derive(&["request"]),
        purposes: BTreeSet::new(),
        except: Vec::new(),
        at: at("2026-01-02T00:00:00Z"),
        erased_until: at("2026-01-02T00:00:00Z"),
    };
    for (when, is_reached) in
        [("2026-01-01T00:00:00Z", true), ("2026-01-02T00:00:00Z", true), ("2026-01-02T00:00:01Z", false)]
    {
        assert_eq!(tombstone.reaches_record(&made(when)), is_reached, "{when}");
    }
}

fn visits_of(period: Span) -> RetentionRule {
    rule(Period::Sliding { duration: for_(period), renew_on: vec![event("website.visit")], max: None }, None)
}

#[test]
fn a_change_of_policy_never_revives_what_has_expired() {
    let (old, new) = (policy("01"), policy("02"));
    let visit = event("website.visit");
    let mut expired = record(&old, &visits_of(30.days()), at("2026-01-01T00:00:00Z"));
    let before = expired.clone();
    assert!(expired.note(&new, &visits_of(90.days()), &visit, at("2026-03-01T00:00:00Z")).unwrap());
    let (end, policy) = (before.due_at.unwrap(), before.policy);
    assert_eq!((expired.due_at.unwrap(), &expired.policy, &expired.clause), (end, &policy, &before.clause));
    // Nor does a visit that happened by then and comes late: the clock knows that the end had passed.
    for when in [at("2026-01-20T00:00:00Z"), end] {
        assert!(!expired.note(&new, &visits_of(90.days()), &visit, when).unwrap());
    }
    assert_eq!((expired.due_at.unwrap(), &expired.policy), (end, &policy));
}

#[test]
fn after_the_end_another_policy_notes_what_it_listens_to_and_that_once() {
    let (old, new, rule) = (policy("01"), policy("02"), visits_of(30.days()));
    let mut expired = record(&old, &rule, at("2026-01-01T00:00:00Z"));
    // A run that the record's life does not reach.
    for visit in ["2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z"] {
        expired.note(&old, &rule, &event("website.visit"), at(visit)).unwrap();
    }
    let before = expired.clone();
    for (name, when) in [("website.visit", "2026-03-01T00:00:00Z"), ("nobody.listens", "2026-04-20T00:00:00Z")] {
        assert_eq!(expired.note(&new, &rule, &event(name), at(when)), Ok(false), "{name}");
        assert_eq!(expired, before, "{name}");
    }
}

#[test]
fn what_is_alive_when_the_policy_changes_lives_by_the_new_one() {
    let (old, new) = (policy("01"), policy("02"));
    let mut alive = record(&old, &visits_of(30.days()), at("2026-01-01T00:00:00Z"));
    alive.note(&new, &visits_of(90.days()), &event("website.visit"), at("2026-01-20T00:00:00Z")).unwrap();
    assert_eq!(alive.due_at.unwrap(), at("2026-04-20T00:00:00Z"));
    assert_eq!(alive.policy, new.hash);
}

#[test]
fn an_event_that_comes_again_under_a_longer_policy_gives_no_later_end() {
    let (old, new) = (policy("01"), policy("02"));
    let (visit, when) = (event("website.visit"), at("2026-01-20T00:00:00Z"));
    let mut alive = record(&old, &visits_of(30.days()), at("2026-01-01T00:00:00Z"));
    alive.note(&old, &visits_of(30.days()), &visit, when).unwrap();
    let before = alive.clone();
    assert!(!alive.note(&new, &visits_of(90.days()), &visit, when).unwrap());
    assert_eq!(alive, before);
    // One of the same length is the one that it is planned by from then on.
    let mut same = before.clone();
    assert!(!same.note(&new, &visits_of(30.days()), &visit, when).unwrap());
    assert_eq!((same.due_at, &same.policy), (before.due_at, &new.hash));
    // A shorter one holds at once.
    assert!(alive.note(&new, &visits_of(10.days()), &visit, when).unwrap());
    assert_eq!(alive.due_at.unwrap(), at("2026-01-11T00:00:00Z"));
}

#[test]
fn under_one_policy_a_late_visit_from_before_the_end_still_counts() {
    let (policy, rule) = (policy("01"), visits_of(30.days()));
    let mut record = record(&policy, &rule, at("2026-01-01T00:00:00Z"));
    record.note(&policy, &rule, &event("website.visit"), at("2026-02-10T00:00:00Z")).unwrap();
    assert_eq!(record.due_at.unwrap(), at("2026-01-31T00:00:00Z"));
    record.note(&policy, &rule, &event("website.visit"), at("2026-01-20T00:00:00Z")).unwrap();
    assert_eq!(record.due_at.unwrap(), at("2026-03-12T00:00:00Z"));
}

#[test]
fn a_record_is_gone_for_readers_from_the_instant_of_its_end_and_held_while_any_hold_is_on_it() {
    let (one, rule) = (policy("aa"), visits_of(10.days()));
    let start = at("2026-01-01T00:00:00Z");
    let mut record = record(&one, &rule, start);
    let end = record.due_at.unwrap();
    assert_eq!(end, at("2026-01-11T00:00:00Z"));
    assert!(!record.is_expired(end - 1.nanosecond()) && record.is_expired(end));
    assert!(!record.is_held());
    record.holds.insert(HoldId::parse(&"A".repeat(22)).unwrap());
    assert!(record.is_held());
    // A visit at that very instant still counts, under its own policy and under another.
    for policy in [policy("aa"), policy("bb")] {
        let mut visited = record.clone();
        assert_eq!(visited.note(&policy, &rule, &event("website.visit"), end), Ok(true));
        assert_eq!(visited.due_at, Some(end + 240.hours()));
    }
    record.end_before_it_began();
    assert!(record.is_expired(start - 1.millisecond()));
    assert_eq!(record.replan(&policy("cc"), &rule, &[], start), Ok(false), "no policy plans it anew");
}

#[test]
fn a_record_is_planned_anew_by_another_policy_only_and_says_whether_that_changed_it() {
    let (one, other, start) = (policy("aa"), policy("bb"), at("2026-01-01T00:00:00Z"));
    let (short, long) = (visits_of(10.days()), visits_of(20.days()));
    let fresh = record(&one, &short, start);
    let planned = |policy: &Policy, rule: &RetentionRule, events: &[(EventName, Timestamp)], now| {
        let mut record = fresh.clone();
        (
            record.replan(policy, rule, events, now).unwrap(),
            record.due_at.unwrap().duration_since(fresh.due_at.unwrap()).as_hours(),
        )
    };
    let visit = [(event("website.visit"), start + 48.hours())];
    assert_eq!(planned(&one, &long, &[], start), (false, 0));
    assert!(!planned(&other, &short, &[], start).0);
    assert_eq!(planned(&other, &long, &[], start), (true, 240));
    assert_eq!(planned(&other, &short, &visit, start), (true, 48));
    assert!(!planned(&other, &long, &[], fresh.due_at.unwrap()).0, "what has expired is not revived");
}

#[test]
fn a_record_whose_switch_took_over_names_the_switchs_clause() {
    let policy = policy("aa");
    let mut record = record(&policy, &chat(), at("2026-01-01T10:00:00Z"));
    let before = record.clause.clone();
    assert_eq!(record.note(&policy, &chat(), &event("chat.message"), at("2026-01-01T10:29:00Z")), Ok(true));
    assert_ne!(record.clause, before);
    assert_eq!((record.clause, record.due_at), (Clause::new("stationdb.4-c"), None));
}

/// A period of any mode, in days.
fn any_period() -> impl Strategy<Value = Period> {
    let days = |days: i64| for_(days.days());
    prop_oneof![
        Just(Period::Indefinite),
        (1_i64..100).prop_map(move |length| Period::Fixed { duration: days(length) }),
        (1_i64..60, prop::option::of(1_i64..200)).prop_map(move |(length, max)| Period::Sliding {
            duration: days(length),
            renew_on: vec![event("website.visit")],
            max: max.map(days),
        }),
        (0_i64..60, prop::option::of(1_i64..200)).prop_map(move |(grace, max)| Period::UntilEvent {
            events: vec![event("contract.ended")],
            grace: days(grace),
            max: max.map(days),
        }),
    ]
}

fn any_rule() -> impl Strategy<Value = RetentionRule> {
    (any_period(), prop::option::of(any_period())).prop_map(|(period, then)| {
        let switch = |then| Switch { on: event("chat.message"), then, clause: Clause::new("test.switch") };
        rule(period, then.map(switch))
    })
}

/// The end computed from the whole history at once, in order: what the clock must agree with.
fn reference(created: Timestamp, visits: &[Timestamp], minutes: i64) -> Timestamp {
    let mut visits = visits.to_vec();
    visits.sort();
    let mut last = created;
    for visit in visits {
        if visit > last && visit <= last + minutes.minutes() {
            last = visit;
        }
    }
    last + minutes.minutes()
}

/// A length of the calendar or of the clock: each counts otherwise over the ends of months and changes of the clocks.
fn any_length() -> impl Strategy<Value = SpanFieldwise> {
    prop_oneof![
        (1_i64..2_000).prop_map(|minutes| for_(minutes.minutes())),
        (1_i64..100).prop_map(|days| for_(days.days())),
        (1_i64..14).prop_map(|months| for_(months.months())),
        Just(for_(Span::new().years(1))),
    ]
}

/// A period of any mode over some of three events, the same in several roles too.
fn any_mode() -> impl Strategy<Value = Period> {
    let names = || prop::sample::subsequence(vec!["a", "b", "c"], 1..=2);
    let events = |names: Vec<&'static str>| names.into_iter().map(event).collect::<Vec<_>>();
    prop_oneof![
        Just(Period::Indefinite),
        any_length().prop_map(|duration| Period::Fixed { duration }),
        (any_length(), names(), prop::option::of(any_length()))
            .prop_map(move |(duration, names, max)| Period::Sliding { duration, renew_on: events(names), max }),
        (any_length(), names(), prop::option::of(any_length()))
            .prop_map(move |(grace, names, max)| Period::UntilEvent { events: events(names), grace, max }),
    ]
}

fn any_clock() -> impl Strategy<Value = RetentionRule> {
    (any_mode(), prop::option::of((prop::sample::select(vec!["a", "b", "c"]), any_mode()))).prop_map(
        |(period, switch)| {
            rule(period, switch.map(|(on, then)| Switch { on: event(on), then, clause: Clause::new("test.switch") }))
        },
    )
}

/// Events over half a year around the end of January and the change to summer time, many of them close together.
fn any_events() -> impl Strategy<Value = Vec<(EventName, Timestamp)>> {
    let minute = prop_oneof![0_i64..260_000, 40_000_i64..48_000, 125_000_i64..131_000];
    let one = (prop::sample::select(vec!["a", "b", "c", "nobody.listens"]), minute);
    prop::collection::vec(
        one.prop_map(|(name, minute)| (event(name), at("2026-01-01T00:00:00Z") + minute.minutes())),
        0..24,
    )
}

/// The end of a period by the sentences of the policy and all that happened, with nothing thrown away.
fn end_by_the_book(
    period: &Period,
    (made, from): (Timestamp, Timestamp),
    events: &[(EventName, Timestamp)],
    zone: &TimeZone,
) -> Option<Timestamp> {
    let of = |names: &[EventName]| {
        let mut times: Vec<_> =
            events.iter().filter(|(name, at)| names.contains(name) && *at >= made).map(|(_, at)| *at).collect();
        times.sort();
        times
    };
    let plus = |start, length: &SpanFieldwise| after(start, length, zone).unwrap();
    let capped = |end: Option<Timestamp>, max: &Option<SpanFieldwise>| {
        end.into_iter().chain(max.as_ref().map(|max| plus(from, max))).min()
    };
    match period {
        Period::Indefinite => None,
        Period::Fixed { duration } => Some(plus(from, duration)),
        Period::Sliding { duration, renew_on, max } => {
            let mut end = plus(from, duration);
            for visit in of(renew_on) {
                if visit <= end {
                    end = end.max(plus(visit, duration));
                }
            }
            capped(Some(end), max)
        }
        Period::UntilEvent { events, grace, max } => {
            // The first time of each event in the record's life counts, if it comes within this period.
            let firsts = events.iter().filter_map(|name| of(std::slice::from_ref(name)).first().copied());
            capped(firsts.filter(|at| *at >= from).min().map(|at| plus(at, grace)), max)
        }
    }
}

/// When the record's time is up by the book, and whether it switched.
fn due_by_the_book(
    rule: &RetentionRule,
    made: Timestamp,
    events: &[(EventName, Timestamp)],
    zone: &TimeZone,
) -> (Option<Timestamp>, bool) {
    let base = end_by_the_book(&rule.period, (made, made), events, zone);
    let Some(switch) = &rule.switch else { return (base, false) };
    let first = events.iter().filter(|(name, at)| *name == switch.on && *at >= made).map(|(_, at)| *at).min();
    match first.filter(|at| base.is_none_or(|base| *at <= base)) {
        Some(at) => (end_by_the_book(&switch.then, (made, at), events, zone), true),
        None => (base, false),
    }
}

#[test]
fn a_later_visit_gives_no_earlier_end() {
    // A month after 30 January, 23:00, and after 31 January, 1:00: both end on the last day of February.
    let rule = visits_of(1.month());
    for visits in [[29 * 24 + 23, 30 * 24 + 1], [30 * 24 + 1, 29 * 24 + 23]] {
        let mut clock = RetentionClock::new(at("2026-01-01T00:00:00Z"));
        for hour in visits {
            clock
                .note(&rule, &event("website.visit"), at("2026-01-01T00:00:00Z") + hour.hours(), &TimeZone::UTC)
                .unwrap();
        }
        assert_eq!(clock.due(&rule, &TimeZone::UTC).unwrap(), Some(at("2026-02-28T23:00:00Z")));
    }
}

#[test]
fn an_event_that_both_renews_and_switches_does_both() {
    let sliding = Period::Sliding { duration: for_(30.minutes()), renew_on: vec![event("chat.message")], max: None };
    let switch = Switch {
        on: event("chat.message"),
        then: Period::Fixed { duration: for_(1.day()) },
        clause: Clause::new("test.switch"),
    };
    let rule = rule(sliding, Some(switch));
    let message = [("chat.message", "2026-01-01T10:20:00Z")];
    assert_eq!(due(&rule, "2026-01-01T10:00:00Z", &message).unwrap(), "2026-01-02T10:20:00Z");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_rule_late_duplicate_and_shuffled_events_give_the_end_by_the_book(
        rule in any_clock(),
        events in any_events(),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        made in 0_i64..200_000,
    ) {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let made = at("2026-01-01T00:00:00Z") + made.minutes();
        let (expected, switched) = due_by_the_book(&rule, made, &events, &zone);
        let mut arriving = events.clone();
        arriving.extend(events.iter().take(order.index(events.len() + 1)).cloned());
        shuffle(&mut arriving, seed);
        let mut clock = RetentionClock::new(made);
        for (name, when) in &arriving {
            clock.note(&rule, name, *when, &zone).unwrap();
        }
        prop_assert_eq!(clock.due(&rule, &zone).unwrap(), expected);
        prop_assert_eq!(clock.switched_at(&rule, &zone).unwrap().is_some(), switched);
    }

    #[test]
    fn planning_by_another_policy_is_as_if_it_had_been_in_force_unless_the_end_has_passed(
        rules in (any_clock(), any_clock()),
        events in any_events(),
        now in 0_i64..400_000,
    ) {
        let (old, new) = (policy("01"), policy("02"));
        let created = at("2026-01-01T00:00:00Z");
        let now = created + now.minutes();
        let mut stored = record(&old, &rules.0, created);
        for (name, when) in &events {
            stored.note(&old, &rules.0, name, *when).unwrap();
        }
        let before = stored.clone();
        let is_changed = stored.replan(&new, &rules.1, &events, now).unwrap();
        if before.is_expired(now) {
            prop_assert!(!is_changed && stored == before);
        } else {
            // What a renewal joined while the old period ran stays joined: at the latest then, it lives as long.
            let (by_the_book, _) = due_by_the_book(&rules.1, created, &events, &TimeZone::UTC);
            let is_later = stored.due_at.is_none_or(|due| by_the_book.is_some_and(|book| due >= book));
            prop_assert!(is_later || stored.due_at == by_the_book);
            prop_assert_eq!(is_changed, stored != before);
            // Once more changes nothing.
            let planned = stored.clone();
            stored.replan(&new, &rules.1, &events, now).unwrap();
            prop_assert_eq!(stored, planned);
        }
    }
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for n in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        items.swap(n, (state >> 33) as usize % (n + 1));
    }
}

proptest! {
    #[test]
    fn events_in_any_order_and_number_give_the_same_end(
        offsets in prop::collection::vec(-50_i64..2_000, 0..40),
        messages in prop::collection::vec(-50_i64..2_000, 0..3),
        seed in any::<u64>(),
    ) {
        let created = at("2026-01-01T10:00:00Z");
        let mut events: Vec<(EventName, Timestamp)> = offsets
            .iter().map(|offset| (event("website.access"), created + offset.minutes()))
            .chain(messages.iter().map(|offset| (event("chat.message"), created + offset.minutes())))
            .collect();
        let run = |events: &[(EventName, Timestamp)]| {
            let mut clock = RetentionClock::new(created);
            for (name, when) in events {
                clock.note(&chat(), name, *when, &TimeZone::UTC).unwrap();
            }
            (clock.due(&chat(), &TimeZone::UTC).unwrap(), clock)
        };
        let (in_order, clock) = run(&events);
        // A shuffle from the seed, with every event twice.
        let again = events.clone();
        events.extend(again);
        let mut state = seed | 1;
        for n in (1..events.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            events.swap(n, (state >> 33) as usize % (n + 1));
        }
        let (shuffled, other) = run(&events);
        prop_assert_eq!(in_order, shuffled);
        prop_assert_eq!(clock, other);
    }

    #[test]
    fn a_sliding_end_is_that_of_the_whole_history(offsets in prop::collection::vec(0_i64..1_500, 0..40)) {
        let created = at("2026-01-01T10:00:00Z");
        let visits: Vec<Timestamp> = offsets.iter().map(|offset| created + offset.minutes()).collect();
        let sliding = rule(Period::Sliding { duration: for_(30.minutes()), renew_on: vec![event("website.access")], max: None }, None);
        let mut clock = RetentionClock::new(created);
        for visit in &visits {
            clock.note(&sliding, &event("website.access"), *visit, &TimeZone::UTC).unwrap();
        }
        prop_assert_eq!(clock.due(&sliding, &TimeZone::UTC).unwrap(), Some(reference(created, &visits, 30)));
    }

    #[test]
    fn one_more_visit_never_shortens(offsets in prop::collection::vec(0_i64..1_500, 0..30), more in 0_i64..1_500) {
        let created = at("2026-01-01T10:00:00Z");
        let mut clock = RetentionClock::new(created);
        for offset in &offsets {
            clock.note(&cookie(), &event("website.visit"), created + (offset * 24).hours(), &TimeZone::UTC).unwrap();
        }
        let before = clock.due(&cookie(), &TimeZone::UTC).unwrap();
        clock.note(&cookie(), &event("website.visit"), created + (more * 24).hours(), &TimeZone::UTC).unwrap();
        prop_assert!(clock.due(&cookie(), &TimeZone::UTC).unwrap() >= before);
    }

    #[test]
    fn whatever_policy_changes_and_events_come_an_end_that_has_passed_never_moves_later(
        rules in prop::collection::vec(any_rule(), 1..4),
        events in prop::collection::vec((0_usize..4, 0_usize..4, -20_i64..300), 0..40),
    ) {
        let policies: Vec<Policy> = (0..rules.len()).map(|number| policy(&format!("0{number}"))).collect();
        let created = at("2026-01-01T10:00:00Z");
        let mut record = record(&policies[0], &rules[0], created);
        for (number, name, day) in events {
            let (policy, rule) = (&policies[number % rules.len()], &rules[number % rules.len()]);
            let name = ["website.visit", "contract.ended", "chat.message", "nobody.listens"][name];
            let when = created + (24 * day).hours();
            let before = record.clone();
            record.note(policy, rule, &event(name), when).unwrap();
            // What the clock knows to have come, whenever it came.
            let known = before.clock.renewals.values().chain(before.clock.firsts.values());
            let reached = known.copied().fold(when, Timestamp::max);
            let has_passed = |by: Timestamp| before.due_at.is_some_and(|end| end < by);
            if has_passed(when) {
                prop_assert!(record.due_at.is_some_and(|end| end <= before.due_at.unwrap()));
            }
            if record.clock == before.clock && before.due_at.is_some() {
                prop_assert!(record.due_at.is_some_and(|end| end <= before.due_at.unwrap()));
            }
            if before.policy != policy.hash && has_passed(reached) {
                prop_assert_eq!(record.due_at, before.due_at);
                prop_assert_eq!(&record.policy, &before.policy);
                prop_assert_eq!(&record.clause, &before.clause);
            }
        }
    }
}
