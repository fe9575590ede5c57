//! What can happen to a breach and what cannot, and what its history then says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod incident;

use std::collections::BTreeSet;

use domain::{
    breach::{
        Act, ActKind, Actor, Assessment, CircumstancesOf, DataKind, Decision, Entry, Exemption, HISTORY_ENTRIES_MAX,
        Identification, Incident, Level, PeopleAre, Protection, Refused, ScopeCounts, Severity, SeverityInputs,
        Submission, Telling, Why,
    },
    clock::{Anchor, Duty},
    ids::{SignalId, StaffId},
};
use incident::{at, decided, incident, inputs, known, law, then};
use jiff::{Timestamp, ToSpan};

const NOW: &str = "2026-02-10";

fn start() -> Incident {
    incident(&[], &[(Anchor::Awareness, "2026-01-15")])
}

fn staff() -> Actor {
    Actor::Staff(StaffId::parse("officer-1").unwrap())
}

/// What is in the way of an act now, by whoever it is for.
fn obstacle(incident: &Incident, act: Act) -> Option<Why> {
    let by = if matches!(act, Act::Counted(_) | Act::AllTold) { Actor::Product } else { staff() };
    obstacle_by(incident, by, act)
}

fn obstacle_by(incident: &Incident, by: Actor, act: Act) -> Option<Why> {
    let kind = act.kind();
    match incident.after(Entry { at: at(NOW), by, act }) {
        Ok(next) => {
            assert_eq!((next.version(), next.history.last().unwrap().act.kind()), (incident.version() + 1, kind));
            None
        }
        Err(Refused { act, why }) => {
            assert_eq!(act, kind);
            Some(why)
        }
    }
}

fn decision(people: PeopleAre) -> Act {
    Act::Decided(Decision { authority: true, people, reason: "So decided.".into() })
}

fn notified(when: Timestamp) -> Act {
    let (to, reference) = ("them".to_owned(), "1".to_owned());
    Act::Notified(Submission { law: law("eu-gdpr"), duty: Duty::NotifyAuthority, to, at: when, reference, version: 0 })
}

fn counted(people: u64) -> Act {
    Act::Counted(ScopeCounts { people, ..ScopeCounts::default() })
}

fn told() -> Incident {
    decided(&start(), true, PeopleAre::Told)
}

fn telling(incident: &Incident, telling: Telling) -> Incident {
    then(incident, NOW, Act::TellingSet(telling, "So decided.".into()))
}

#[test]
fn what_the_product_does_no_person_does_and_the_other_way_round() {
    for act in [counted(1), Act::AllTold] {
        assert_eq!(obstacle_by(&told(), staff(), act.clone()), Some(Why::NotForThem));
        assert_eq!(obstacle_by(&told(), Actor::Product, act), None);
    }
    let acts = [Act::Noted("x".into()), decision(PeopleAre::Told), notified(at(NOW)), Act::Closed("x".into())];
    for act in acts {
        assert_eq!(obstacle_by(&start(), Actor::Product, act.clone()), Some(Why::NotForThem), "{act:?}");
        assert_eq!(obstacle_by(&start(), staff(), act), None);
    }
}

#[test]
fn nothing_happened_in_the_future_and_no_exposure_ends_before_it_starts() {
    let now = at(NOW);
    for (when, why) in [(now - 1.hour(), None), (now, None), (now + 1.nanosecond(), Some(Why::Time))] {
        assert_eq!(obstacle(&start(), Act::Happened(Anchor::Awareness, when)), why, "{when}");
        assert_eq!(obstacle(&start(), notified(when)), why, "{when}");
    }
    let exposed = |hours: i64| {
        let mut facts = start().facts().clone();
        facts.exposed_to = facts.exposed_from + hours.hours();
        obstacle(&start(), Act::FactsChanged(Box::new(facts)))
    };
    assert_eq!((exposed(1), exposed(0), exposed(-1)), (None, None, Some(Why::Window)));
}

#[test]
fn encryption_spares_people_while_the_keys_are_safe_and_whoever_is_being_told_cannot_be_untold() {
    let unintelligible = || decision(PeopleAre::NotTold(Exemption::Unintelligible));
    for (protection, why) in [
        (Protection::Readable, Some(Why::KeysExposed)),
        (Protection::KeysExposed, Some(Why::KeysExposed)),
        (Protection::KeysSafe, None),
    ] {
        let incident = known(&start(), |facts| facts.protection = protection);
        assert_eq!(obstacle(&incident, unintelligible()), why, "{protection:?}");
    }
    let spared = || decision(PeopleAre::NotTold(Exemption::NoHighRisk));
    assert_eq!(obstacle(&start(), spared()), None);
    assert_eq!(obstacle(&told(), spared()), Some(Why::BeingTold));
    assert_eq!(obstacle(&told(), decision(PeopleAre::ToldInPublic)), None);
    let in_public = decided(&start(), true, PeopleAre::ToldInPublic);
    assert_eq!(obstacle(&in_public, spared()), None);
}

#[test]
fn telling_waits_and_goes_on_and_once_stopped_is_over() {
    let set = |to| Act::TellingSet(to, "So decided.".into());
    assert_eq!(obstacle(&start(), set(Telling::Paused)), Some(Why::NobodyTold));
    assert_eq!(obstacle(&start(), Act::AllTold), Some(Why::NobodyTold));
    let in_public = decided(&start(), true, PeopleAre::ToldInPublic);
    assert_eq!((in_public.tells_each(), told().tells_each()), (false, true));
    assert_eq!(obstacle(&in_public, Act::AllTold), Some(Why::NobodyTold));
    assert_eq!((told().telling(), told().all_told_at()), (Telling::Running, None));
    let paused = telling(&told(), Telling::Paused);
    assert_eq!(paused.telling(), Telling::Paused);
    assert_eq!(obstacle(&paused, set(Telling::Running)), None);
    let stopped = telling(&telling(&paused, Telling::Running), Telling::Stopped);
    for to in Telling::ALL {
        assert_eq!(obstacle(&stopped, set(to)), Some(Why::Stopped));
    }
    assert_eq!(then(&paused, NOW, Act::AllTold).all_told_at(), Some(at(NOW)));
}

#[test]
fn a_lesson_is_followed_up_once() {
    let noted = then(&start(), NOW, Act::Noted("x".into()));
    let learned = then(&noted, NOW, Act::Lesson("Rotate keys.".into(), None));
    let follow_up = |number| Act::FollowedUp(number, "They rotate.".into());
    for (number, why) in [(0, Some(Why::NoSuchLesson)), (1, Some(Why::NoSuchLesson)), (2, None)] {
        assert_eq!(obstacle(&learned, follow_up(number)), why, "{number}");
    }
    let followed = then(&learned, NOW, follow_up(2));
    assert_eq!(obstacle(&followed, follow_up(2)), Some(Why::NoSuchLesson));
    assert_eq!(followed.lessons().collect::<Vec<_>>(), [(2, "Rotate keys.", None, true)]);
}

#[test]
fn a_closed_breach_takes_remarks_and_lessons_and_can_be_opened_again() {
    assert_eq!(obstacle(&start(), Act::Reopened("x".into())), Some(Why::Open));
    let closed = then(&start(), NOW, Act::Closed("x".into()));
    assert!(start().is_open() && !closed.is_open());
    for act in [Act::Happened(Anchor::Awareness, at(NOW)), notified(at(NOW)), Act::Closed("x".into()), counted(1)] {
        assert_eq!(obstacle(&closed, act.clone()), Some(Why::Closed), "{act:?}");
    }
    for act in [Act::Noted("x".into()), Act::Lesson("x".into(), None), Act::Reopened("x".into())] {
        assert_eq!(obstacle(&closed, act.clone()), None, "{act:?}");
    }
    assert!(then(&closed, NOW, Act::Reopened("x".into())).is_open());
}

#[test]
fn a_history_ends() {
    let mut full = start();
    let entry = Entry { at: at(NOW), by: staff(), act: Act::Noted("x".into()) };
    full.history = vec![entry; HISTORY_ENTRIES_MAX - 1];
    assert_eq!(obstacle(&full, Act::Noted("x".into())), None);
    let full = then(&full, NOW, Act::Noted("x".into()));
    assert_eq!(obstacle(&full, Act::Noted("x".into())), Some(Why::HistoryFull));
}

#[test]
fn a_count_holds_as_long_as_the_facts_by_which_it_was_made() {
    let people = |incident: &Incident| incident.counts_of_facts().map(|counts| counts.people);
    assert_eq!((start().facts_version(), people(&start())), (0, None));
    let counted_once = then(&start(), NOW, counted(7));
    assert_eq!((counted_once.facts_version(), people(&counted_once)), (0, Some(7)));
    let twice = then(&then(&counted_once, NOW, Act::Noted("x".into())), NOW, counted(8));
    assert_eq!(people(&twice), Some(8));
    let changed = known(&twice, |facts| facts.records = Some(1));
    assert_eq!((changed.facts_version(), people(&changed)), (4, None));
    assert_eq!(changed.counts().map(|(_, counts)| counts.people), Some(8), "the latest count is remembered");
    assert_eq!(people(&then(&changed, NOW, counted(9))), Some(9));
}

#[test]
fn each_time_has_its_own_latest_word_and_signals_add_up() {
    let later = then(&start(), NOW, Act::Happened(Anchor::Discovery, at("2026-01-14")));
    assert_eq!(later.time_of(Anchor::Awareness), Some(at("2026-01-15")));
    assert_eq!(later.time_of(Anchor::Discovery), Some(at("2026-01-14")));
    assert_eq!(later.time_of(Anchor::Detection), None);
    let signal = |id: &str| SignalId::parse(id).unwrap();
    let (one, two) = (signal("AAAAAAAAAAAAAAAAAAAAAA"), signal("BBBBBBBBBBBBBBBBBBBBBA"));
    let mut incident = start();
    incident.breach.signals.insert(one.clone());
    let linked = then(&incident, NOW, Act::SignalLinked(two.clone()));
    assert_eq!(linked.signals(), BTreeSet::from([&one, &two]));
}

#[test]
fn acts_and_what_is_in_their_way_have_the_names_of_the_documents() {
    use ActKind as Kind;
    for (kind, name) in [
        (Kind::Happened, "happened"),
        (Kind::FactsChanged, "facts-changed"),
        (Kind::SignalLinked, "signal-linked"),
        (Kind::Counted, "counted"),
        (Kind::Assessed, "assessed"),
        (Kind::Decided, "decided"),
        (Kind::Notified, "notified"),
        (Kind::TellingSet, "telling-set"),
        (Kind::AllTold, "all-told"),
        (Kind::Noted, "noted"),
        (Kind::Lesson, "lesson"),
        (Kind::FollowedUp, "followed-up"),
        (Kind::Closed, "closed"),
        (Kind::Reopened, "reopened"),
    ] {
        assert_eq!(kind.as_str(), name);
    }
    let whys = [
        (Why::Closed, "closed"),
        (Why::Open, "open"),
        (Why::NotForThem, "not-for-them"),
        (Why::Time, "time"),
        (Why::Window, "window"),
        (Why::NobodyTold, "nobody-told"),
        (Why::Stopped, "stopped"),
        (Why::NoSuchLesson, "no-such-lesson"),
        (Why::BeingTold, "being-told"),
        (Why::KeysExposed, "keys-exposed"),
        (Why::ClockRuns, "clock-runs"),
        (Why::HistoryFull, "history-full"),
    ];
    for (why, name) in whys {
        assert_eq!(why.as_str(), name);
    }
    let words: BTreeSet<&str> = whys.iter().map(|(why, _)| why.in_words()).collect();
    assert_eq!(words.len(), whys.len(), "two of them read alike");
}

#[test]
fn a_severity_is_the_sum_of_enisas_formula() {
    let plain = SeverityInputs { confidentiality: CircumstancesOf::None, ..inputs(Level::High) };
    let financial = (plain.data, plain.identification);
    assert_eq!(financial, (DataKind::Financial, Identification::Maximum));
    let of = |change: fn(&mut SeverityInputs)| {
        let mut inputs = plain;
        change(&mut inputs);
        let severity = Severity::of(&inputs);
        assert_eq!(Assessment { inputs, reason: String::new() }.severity(), severity);
        (severity.to_string(), severity.level().as_str())
    };
    let expected = |hundredths: &str, level| (hundredths.to_owned(), level);
    assert_eq!(of(|_| {}), expected("3.00", "high"));
    assert_eq!(of(|inputs| inputs.confidentiality = CircumstancesOf::Limited), expected("3.25", "high"));
    assert_eq!(of(|inputs| inputs.integrity = CircumstancesOf::Full), expected("3.50", "high"));
    assert_eq!(of(|inputs| inputs.availability = CircumstancesOf::Limited), expected("3.25", "high"));
    assert_eq!(of(|inputs| inputs.malicious = true), expected("3.50", "high"));
    assert_eq!(of(|inputs| inputs.adjustment = 1), expected("4.00", "very-high"));
    assert_eq!(of(|inputs| inputs.adjustment = -1), expected("2.00", "medium"));
    assert_eq!(of(|inputs| inputs.adjustment = -9), expected("1.00", "low"));
}
