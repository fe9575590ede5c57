//! Of what the office is reminded about a breach, when, and when it is looked at again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod incident;

use domain::{
    breach::{
        Act, Exemption, Incident, Level, Missing, PeopleAre, Reminder, Watched, first_look, next_date, reminders,
    },
    clock::{Anchor, Duty},
    policy::{Policy, Regime},
};
use incident::{assessed, at, decided, european, incident, policy, sent, then};
use jiff::{Timestamp, ToSpan};

/// Known since the 15th at noon; the law's clock and ours for the people end on the 18th at noon.
fn start() -> Incident {
    incident(&[], &[(Anchor::Awareness, "2026-01-15")])
}

/// Assessed, and decided on the 2nd of February at noon.
fn settled(level: Level, authority: bool, people: PeopleAre) -> Incident {
    decided(&assessed(&start(), level), authority, people)
}

fn at_once() -> Incident {
    settled(Level::High, true, PeopleAre::Told)
}

/// What is reminded of by then, in short.
fn reminded(policy: &Policy, incident: &Incident, when: Timestamp) -> Vec<String> {
    let short = |reminder: Reminder| {
        let what = match reminder.about {
            Watched::Share(percent, clock) => format!("{} {percent} %", clock.name()),
            Watched::Missed(days, clock) => format!("{} missed {days}", clock.name()),
            Watched::Unsettled(missing) => format!("missing {missing:?}"),
            Watched::Investigation => "investigation".to_owned(),
            Watched::Idle(waiting) => {
                format!("idle, waiting: {}", waiting.iter().map(|clock| clock.name()).collect::<Vec<_>>().join(" "))
            }
            Watched::Lesson(number) => format!("lesson {number}"),
        };
        format!("{what}{}", if reminder.escalates { ", to all" } else { "" })
    };
    reminders(policy, incident, when).into_iter().map(short).collect()
}

#[test]
fn of_each_clock_that_runs_the_latest_share_is_told_and_that_it_ran_out() {
    let both = |what: &str| ["authority", "subjects"].map(|duty| format!("eu-gdpr~{duty} {what}")).to_vec();
    for (when, expected) in [
        ("2026-01-16T23:59:59Z", vec![]),
        ("2026-01-17T00:00:00Z", both("50 %")),
        ("2026-01-17T21:35:59Z", both("50 %")),
        ("2026-01-17T21:36:00Z", both("80 %")),
        ("2026-01-18T08:24:00Z", both("95 %, to all")),
        ("2026-01-18T11:59:59Z", both("95 %, to all")),
        ("2026-01-18T12:00:00Z", both("missed 0, to all")),
        ("2026-01-19T12:00:00Z", both("missed 1, to all")),
    ] {
        assert_eq!(reminded(&european(), &at_once(), at(when)), expected, "{when}");
    }
    let notified = sent(&at_once(), "eu-gdpr", Duty::NotifyAuthority, "2026-01-16");
    assert_eq!(reminded(&european(), &notified, at("2026-01-17")), ["eu-gdpr~subjects 50 %"]);
    // A clock that moves is another thing to be reminded of.
    let name = |incident: &Incident| reminders(&european(), incident, at("2026-01-17")).remove(0).name;
    let moved = then(&at_once(), "2026-02-03", Act::Happened(Anchor::Awareness, at("2026-01-15T11:00:00Z")));
    assert_ne!(name(&at_once()), name(&moved));
    assert!(
        reminders(&european(), &then(&at_once(), "2026-02-03", Act::Closed("x".into())), at("2026-02-04")).is_empty()
    );
}

#[test]
fn the_next_look_is_at_the_next_date_and_a_day_away_at_most() {
    let next =
        |incident: &Incident, looked: &str| next_date(&european(), incident, at(looked)).map(|at| at.to_string());
    for (looked, expected) in [
        ("2026-01-15T12:00:00Z", "2026-01-16T12:00:00Z"),
        ("2026-01-16T23:00:00Z", "2026-01-17T00:00:00Z"),
        ("2026-01-17T00:00:00Z", "2026-01-17T21:36:00Z"),
        ("2026-01-17T21:36:00Z", "2026-01-18T08:24:00Z"),
        ("2026-01-18T08:24:00Z", "2026-01-18T12:00:00Z"),
        ("2026-01-18T12:00:00Z", "2026-01-19T12:00:00Z"),
        ("2026-01-18T13:00:00Z", "2026-01-19T12:00:00Z"),
    ] {
        assert_eq!(next(&at_once(), looked).as_deref(), Some(expected), "{looked}");
    }
    let over = settled(Level::Low, false, PeopleAre::NotTold(Exemption::NoHighRisk));
    assert_eq!(next(&over, "2026-01-17T01:00:00Z").as_deref(), Some("2026-01-18T01:00:00Z"), "no clock of it runs");
}

#[test]
fn what_came_due_just_before_an_entry_is_looked_at_at_once() {
    let first = |when: &str| first_look(&european(), &at_once(), at(when)).map(|at| at.to_string());
    assert_eq!(first("2026-01-16T23:00:00Z").as_deref(), Some("2026-01-17T00:00:00Z"));
    assert_eq!(first("2026-01-17T05:00:00Z").as_deref(), Some("2026-01-17T05:00:00Z"));
}

#[test]
fn once_nothing_runs_the_office_is_asked_every_week_what_it_waits_for() {
    let over = settled(Level::Low, false, PeopleAre::NotTold(Exemption::NoHighRisk));
    let of = |when: &str| reminded(&european(), &over, at(when));
    assert!(of("2026-02-09T11:59:59Z").is_empty());
    assert_eq!(of("2026-02-09T12:00:00Z"), ["idle, waiting: "]);
    // Whatever is recorded starts the week anew.
    let noted = then(&over, "2026-02-05", Act::Noted("Looked at.".into()));
    assert!(reminded(&european(), &noted, at("2026-02-12T11:59:59Z")).is_empty());
    assert_eq!(reminded(&european(), &noted, at("2026-02-12T12:00:00Z")), ["idle, waiting: "]);
    // The people of California were told; the authority's clock waits for the last of them.
    let policy = policy(&[Regime::UsCa], Some("US-CA"));
    let told = sent(&at_once(), "us-ca", Duty::NotifySubjects, "2026-02-03");
    let found = reminded(&policy, &told, at("2027-01-31"));
    assert_eq!(found, ["idle, waiting: us-ca~authority"]);
}

#[test]
fn while_the_police_ask_to_wait_somebody_asks_them_every_week_whether_they_still_do() {
    let waits = settled(Level::High, true, PeopleAre::NotTold(Exemption::Investigation));
    let of = |incident: &Incident, when: &str| {
        reminded(&european(), incident, at(when)).iter().any(|one| one == "investigation")
    };
    assert!(!of(&waits, "2026-02-09T11:59:59Z") && of(&waits, "2026-02-09T12:00:00Z"));
    let spared = settled(Level::Low, true, PeopleAre::NotTold(Exemption::NoHighRisk));
    assert!(!of(&spared, "2026-02-09T12:00:00Z"));
    assert!(!of(&decided(&waits, true, PeopleAre::Told), "2026-02-09T12:00:00Z"));
}

#[test]
fn each_lesson_is_reminded_of_under_its_own_name() {
    let day = Some(at("2026-06-01").to_zoned(jiff::tz::TimeZone::UTC).date());
    let closed = ["Rotate keys.", "Log less."]
        .iter()
        .fold(start(), |incident, text| then(&incident, "2026-03-01", Act::Lesson((*text).to_owned(), day)));
    let closed = then(&closed, "2026-03-02", Act::Closed("All done.".into()));
    let names = |when: &str| {
        reminders(&european(), &closed, at(when)).into_iter().map(|reminder| reminder.name).collect::<Vec<_>>()
    };
    assert_eq!(names("2026-06-01"), ["lesson-1~0", "lesson-2~0"]);
    assert_eq!(names("2026-06-09"), ["lesson-1~1", "lesson-2~1"]);
}

#[test]
fn a_time_is_missing_where_nobody_said_one_or_no_clock_counts_from_what_was_said() {
    let lacks_time = |policy: &Policy, incident: &Incident| {
        let found = reminders(policy, incident, incident.breach.declared_at + 24.hours());
        found
            .into_iter()
            .any(|one| matches!(one.about, Watched::Unsettled(missing) if missing.contains(&Missing::Anchor)))
    };
    let lawless = policy(&[], None);
    let alert = incident(&[], &[(Anchor::Detection, "2026-01-15")]);
    assert!(lacks_time(&lawless, &incident(&[], &[])), "no law binds, and nobody said when");
    assert!(!lacks_time(&lawless, &start()));
    assert!(lacks_time(&european(), &alert), "an alert makes nobody aware");
    assert!(!lacks_time(&european(), &start()));
}
