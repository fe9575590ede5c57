//! Whose data a breach reached, counted by messages that come twice, late or not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use app::{
    announce::{self, Announcements},
    breach::{self, ActError, BreachStore, DeclareBreach, FactsError},
    breach_scope::{self, COUNT_PAGES_MAX},
    capture_consent::ConsentLedger,
    disclose::DisclosureLog,
    records::RecordStore,
    walk::WALK_SEGMENTS,
};
use domain::{
    announcement::Announcement,
    breach::{Act, Actor, Breach, Entry, Facts, Incident, Scope, ScopeCounts},
    consent::Choice,
    ids::{BreachId, StaffId, SubjectRef},
    policy::Policy,
    record::{Record, System},
    walk::Turn,
};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use testkit::{
    Memory,
    build::{self, category, content, purpose, record, subject},
    recipients::{self, disclosure, recipient},
};

fn day(n: i64) -> Timestamp {
    build::at("2026-01-01T10:00:00Z") + (24 * n).hours()
}

/// The window of the breach: two days.
const WINDOW: (i64, i64) = (10, 12);

fn person(n: u8) -> SubjectRef {
    subject(&format!("person-{n}@example.com"))
}

const CATEGORIES: [&str; 3] = ["server-log", "account", "address"];
const PURPOSES: [&str; 3] = ["security", "contract", "marketing"];
const RECIPIENTS: [&str; 2] = ["host", "analyst"];

/// Something that is stored about a person.
#[derive(Debug, Clone)]
enum Thing {
    Record { category: usize, purpose: usize, in_s3: bool, day: i64, is_overdue: bool },
    Disclosure { recipient: usize, categories: Vec<usize>, purpose: usize, day: i64 },
    Consent { purpose: usize, day: i64 },
}

fn thing() -> impl Strategy<Value = Thing> {
    let day = 0_i64..20;
    prop_oneof![
        3 => (0..3_usize, 0..3_usize, any::<bool>(), day.clone(), any::<bool>()).prop_map(
            |(category, purpose, in_s3, day, is_overdue)| Thing::Record { category, purpose, in_s3, day, is_overdue }
        ),
        2 => (0..2_usize, prop::collection::vec(0..3_usize, 1..3), 0..3_usize, day.clone()).prop_map(
            |(recipient, categories, purpose, day)| Thing::Disclosure { recipient, categories, purpose, day }
        ),
        1 => (0..3_usize, day).prop_map(|(purpose, day)| Thing::Consent { purpose, day }),
    ]
}

fn some(names: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![1 => Just(Vec::new()), 1 => prop::sample::subsequence(names.to_vec(), 1..=names.len())]
}

fn scope() -> impl Strategy<Value = Scope> {
    (some(&CATEGORIES), some(&PURPOSES), some(&RECIPIENTS), any::<Option<bool>>(), any::<bool>()).prop_map(
        |(categories, purposes, recipients, in_s3, consents)| Scope {
            categories: categories.into_iter().map(category).collect(),
            purposes: purposes.into_iter().map(purpose).collect(),
            systems: match in_s3 {
                Some(in_s3) if recipients.is_empty() => [if in_s3 { System::S3 } else { System::Habeas }].into(),
                _ => BTreeSet::new(),
            },
            recipients: recipients.into_iter().map(recipient).collect(),
            consents,
        },
    )
}

async fn store(policy: &Policy, memory: &Memory, n: usize, whose: &SubjectRef, thing: &Thing) {
    let (controller, key) = (&policy.controller, format!("thing-{n}"));
    match thing {
        Thing::Record { category: what, purpose: what_for, in_s3, day: made, is_overdue } => {
            let record = Record {
                category: category(CATEGORIES[*what]),
                purpose: purpose(PURPOSES[*what_for]),
                system: if *in_s3 { System::S3 } else { System::Habeas },
                // Some were due before the window began, and are there still.
                due_at: is_overdue.then(|| day(1)),
                ..record(whose, &key, day(*made))
            };
            memory.insert_record(controller, &record, &content("ada@example.com", &key)).await.unwrap();
        }
        Thing::Disclosure { recipient: to, categories, purpose: what_for, day: at } => {
            let (mut one, texts) = disclosure(whose, &key, day(*at));
            one.recipient = recipient(RECIPIENTS[*to]);
            one.categories = categories.iter().map(|n| category(CATEGORIES[*n])).collect();
            one.purpose = purpose(PURPOSES[*what_for]);
            memory.append_disclosure(controller, &one, &texts).await.unwrap();
        }
        Thing::Consent { purpose: what_for, day: at } => {
            let event = build::consent(whose, &key, day(*at), &[(PURPOSES[*what_for], Choice::Refused)]);
            memory.append_consent(controller, &event).await.unwrap();
        }
    }
}

/// What the scope says of it, in words of its own: the reading that the count is held against.
fn naive(scope: &Scope, things: &[(u8, Thing)]) -> (ScopeCounts, BTreeSet<SubjectRef>) {
    let (mut counts, mut people) = (ScopeCounts::default(), BTreeSet::new());
    let is_open = |is_empty: bool, holds: bool| is_empty || holds;
    for (whose, thing) in things {
        let reached = match thing {
            Thing::Record { category: what, purpose: what_for, in_s3, day, .. } => {
                let (what, system) = (category(CATEGORIES[*what]), if *in_s3 { System::S3 } else { System::Habeas });
                let is_reached = *day <= WINDOW.1
                    && scope.recipients.is_empty()
                    && is_open(scope.categories.is_empty(), scope.categories.contains(&what))
                    && is_open(scope.purposes.is_empty(), scope.purposes.contains(&purpose(PURPOSES[*what_for])))
                    && is_open(scope.systems.is_empty(), scope.systems.contains(&system));
                if is_reached {
                    counts.records += 1;
                    *counts.by_category.entry(what).or_default() += 1;
                }
                is_reached
            }
            Thing::Disclosure { recipient: to, categories, purpose: what_for, day } => {
                let sent: BTreeSet<_> = categories.iter().map(|n| category(CATEGORIES[*n])).collect();
                let asked: Vec<_> = sent
                    .into_iter()
                    .filter(|sent| is_open(scope.categories.is_empty(), scope.categories.contains(sent)))
                    .collect();
                let is_reached = *day <= WINDOW.1
                    && scope.recipients.contains(&recipient(RECIPIENTS[*to]))
                    && !asked.is_empty()
                    && is_open(scope.purposes.is_empty(), scope.purposes.contains(&purpose(PURPOSES[*what_for])));
                if is_reached {
                    counts.records += 1;
                    for category in asked {
                        *counts.by_category.entry(category).or_default() += 1;
                    }
                }
                is_reached
            }
            Thing::Consent { purpose: what_for, day } => {
                let is_reached = *day <= WINDOW.1
                    && scope.consents
                    && is_open(scope.purposes.is_empty(), scope.purposes.contains(&purpose(PURPOSES[*what_for])));
                counts.consents += u64::from(is_reached);
                is_reached
            }
        };
        if reached {
            people.insert(person(*whose));
        }
    }
    counts.people = people.len() as u64;
    (counts, people)
}

fn facts(scope: Scope) -> Facts {
    Facts {
        scope,
        exposed_from: day(WINDOW.0),
        exposed_to: day(WINDOW.1),
        ..build::breach("breach", day(WINDOW.0)).facts
    }
}

async fn declared(policy: &Policy, memory: &Memory, facts: Facts) -> BreachId {
    let Breach { title, times, declared_by, .. } = build::breach("breach", day(WINDOW.0));
    let form =
        DeclareBreach { title, times, facts, signals: BTreeSet::new(), declared_by, key: "breach".into(), at: day(13) };
    breach::declare(policy, memory, form).await.unwrap().breach.id
}

/// What a message is about: when the count began, and the turn, if it has begun.
type Asked = (Timestamp, Option<Turn>);

/// One message, as breach-notify handles it; the messages that it sends.
async fn deliver(
    policy: &Policy,
    memory: &Memory,
    id: &BreachId,
    facts: u32,
    (at, turn): Asked,
) -> Result<Vec<Asked>, ActError> {
    let (at, turns) = match turn {
        None => breach_scope::begin(policy, memory, id, facts, at).await?,
        Some(turn) => (at, breach_scope::count(policy, memory, id, facts, at, turn).await?.into_iter().collect()),
    };
    Ok(turns.into_iter().map(|turn| (at, Some(turn))).collect())
}

/// Delivers messages until there are none left, every so many of them twice; one that failed comes again.
async fn count_through(
    policy: &Policy,
    memory: &Memory,
    id: &BreachId,
    twice: usize,
    crash: Option<usize>,
) -> Incident {
    let stands = async || memory.breach(&policy.controller, id).await.unwrap().unwrap();
    let facts = stands().await.facts_version();
    let mut queue: VecDeque<Asked> = VecDeque::from([(day(14), None)]);
    if let Some(calls) = crash {
        memory.fail_after(calls);
    }
    let mut delivered = 0;
    while let Some(asked) = queue.pop_front() {
        delivered += 1;
        assert!(delivered < 50_000, "a count ends");
        match deliver(policy, memory, id, facts, asked).await {
            Ok(next) => {
                if twice > 0 && delivered % twice == 0 {
                    queue.push_back(asked);
                }
                queue.extend(next);
            }
            Err(_) => {
                memory.recover();
                queue.push_back(asked);
            }
        }
    }
    memory.recover();
    stands().await
}

fn counted(incident: &Incident) -> Vec<&ScopeCounts> {
    let acts = incident.history.iter().filter_map(|entry| match &entry.act {
        Act::Counted(counts) => Some(counts),
        _ => None,
    });
    acts.collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_count_is_what_a_naive_reading_counts_whatever_comes_twice_or_crashes(
        things in prop::collection::vec((0..12_u8, thing()), 0..60),
        scope in scope(),
        twice in prop_oneof![Just(0_usize), 2..6_usize],
        crash in prop::option::of(0..120_usize),
        page in 1..7_usize,
    ) {
        let policy = recipients::policy();
        let memory = Memory::new();
        memory.show_by_page(page);
        run(async {
            for (n, (whose, thing)) in things.iter().enumerate() {
                store(&policy, &memory, n, &person(*whose), thing).await;
            }
            let id = declared(&policy, &memory, facts(scope.clone())).await;
            let incident = count_through(&policy, &memory, &id, twice, crash).await;
            let (expected, people) = naive(&scope, &things);
            assert_eq!(counted(&incident), [&expected], "once, and right");

            // Who is told is who was counted.
            let told = told(&policy, &memory, &id, &facts(scope.clone())).await;
            assert_eq!(told, people);
        });
    }
}

/// Whom the list holds once it is planned.
async fn told(policy: &Policy, memory: &Memory, id: &BreachId, facts: &Facts) -> BTreeSet<SubjectRef> {
    let (controller, of) = (&policy.controller, Announcement::Breach(id.clone()));
    for segment in 0..WALK_SEGMENTS {
        let mut from = None;
        loop {
            let page = async |from: Option<&str>| memory.affected(controller, facts, segment, from).await;
            from = announce::scope(memory, controller, &of, from, day(15), page).await.unwrap();
            if from.is_none() {
                break;
            }
        }
    }
    let notices = memory.notices(controller, &of).await.unwrap();
    notices.into_iter().map(|notice| notice.subject).collect()
}

#[tokio::test]
async fn a_count_that_crashes_at_any_step_is_finished_and_recorded_once() {
    let policy = recipients::policy();
    let things: Vec<_> = (0..24)
        .map(|n| (n % 7, Thing::Record { category: 0, purpose: 0, in_s3: false, day: 5, is_overdue: n % 2 == 0 }))
        .collect();
    for crash in 0.. {
        let memory = Memory::new();
        for (n, (whose, thing)) in things.iter().enumerate() {
            store(&policy, &memory, n, &person(*whose), thing).await;
        }
        let id = declared(&policy, &memory, facts(Scope::default())).await;
        let before = memory.calls();
        let incident = count_through(&policy, &memory, &id, 2, Some(crash)).await;
        assert_eq!(counted(&incident), [&naive(&Scope::default(), &things).0], "crashed after {crash}");
        if memory.calls() - before < crash {
            assert!(crash > 30, "the count was crashed at many steps");
            return;
        }
    }
}

fn by_staff(act: Act, n: i64) -> Entry {
    Entry { at: day(n), by: Actor::Staff(StaffId::parse("officer-1").unwrap()), act }
}

#[tokio::test]
async fn other_facts_are_counted_anew_and_a_count_by_the_old_ones_is_dropped() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    for n in 0..6 {
        let thing = Thing::Record { category: n % 2, purpose: 0, in_s3: false, day: 5, is_overdue: false };
        store(&policy, &memory, n, &person(u8::try_from(n).unwrap()), &thing).await;
    }
    let id = declared(&policy, &memory, facts(Scope::default())).await;
    // A count by what was declared begins, and something else becomes known.
    let begun = deliver(&policy, &memory, &id, 0, (day(14), None)).await.unwrap();
    assert_eq!(begun.len(), usize::from(WALK_SEGMENTS));
    let stands = memory.breach(&policy.controller, &id).await.unwrap().unwrap();
    let under_way = breach_scope::under_way(&memory, &policy.controller, &stands).await.unwrap().unwrap();
    assert_eq!((under_way.at, under_way.facts, under_way.segments_done), (day(14), 0, 0));
    let narrower = facts(Scope { categories: [category("account")].into(), ..Scope::default() });
    let entry = by_staff(Act::FactsChanged(Box::new(narrower)), 14);
    breach::act(&policy, &memory, &id, 0, entry).await.unwrap();
    for asked in begun {
        assert!(deliver(&policy, &memory, &id, 0, asked).await.unwrap().is_empty());
    }
    let incident = count_through(&policy, &memory, &id, 2, None).await;
    assert_eq!(counted(&incident).iter().map(|counts| counts.people).collect::<Vec<_>>(), [3]);
    assert_eq!(breach_scope::under_way(&memory, &policy.controller, &incident).await.unwrap(), None);
    // Asked again, it is the same; said again, it is another.
    assert_eq!(count_through(&policy, &memory, &id, 2, None).await, incident);
    let wider = by_staff(Act::FactsChanged(Box::new(facts(Scope::default()))), 15);
    breach::act(&policy, &memory, &id, incident.version(), wider).await.unwrap();
    let incident = count_through(&policy, &memory, &id, 0, None).await;
    assert_eq!(counted(&incident).iter().map(|counts| counts.people).collect::<Vec<_>>(), [3, 6]);
    assert_eq!(incident.counts_of_facts().unwrap().people, 6);
}

#[tokio::test]
async fn systems_and_recipients_are_not_asked_for_together() {
    let (policy, memory) = (recipients::policy(), Memory::new());
    let scope = Scope { systems: [System::S3].into(), recipients: [recipient("host")].into(), ..Scope::default() };
    assert!(matches!(breach::check_facts(&policy, &facts(scope.clone())), Err(FactsError::Sides)));
    let id = declared(&policy, &memory, facts(Scope::default())).await;
    let entry = by_staff(Act::FactsChanged(Box::new(facts(scope))), 14);
    let refused = breach::act(&policy, &memory, &id, 0, entry).await;
    assert!(matches!(refused, Err(ActError::Facts(FactsError::Sides))));
}

/// Twenty thousand people: each message reads so many pages of so many things and no more, what stands in the table
/// between two of them is one tally a segment, and the sum is right.
#[tokio::test]
async fn many_people_are_counted_page_by_page() {
    const PEOPLE: usize = 20_000;
    const PAGE: usize = 150;
    let (policy, memory) = (recipients::policy(), Memory::new());
    memory.show_by_page(PAGE);
    for n in 0..PEOPLE {
        let whose = subject(&format!("person-{n}@example.com"));
        let made = if n % 10 == 0 { day(13) } else { day(5) };
        let one = record(&whose, &format!("log-{n}"), made);
        memory.insert_record(&policy.controller, &one, &content("ada@example.com", "log")).await.unwrap();
    }
    let id = declared(&policy, &memory, facts(Scope::default())).await;
    let mut queue = VecDeque::from([(day(14), None)]);
    let mut seen: BTreeMap<u16, u64> = BTreeMap::new();
    while let Some(asked) = queue.pop_front() {
        let calls = memory.calls();
        queue.extend(deliver(&policy, &memory, &id, 0, asked).await.unwrap());
        assert!(memory.calls() - calls <= COUNT_PAGES_MAX + 12, "a message reads no more than its pages");
        let stands = memory.breach(&policy.controller, &id).await.unwrap().unwrap();
        if let (Some(turn), Some(under_way)) =
            (asked.1, breach_scope::under_way(&memory, &policy.controller, &stands).await.unwrap())
        {
            let before = seen.values().sum::<u64>();
            let grown = under_way.looked_at - before;
            assert!(grown <= (COUNT_PAGES_MAX * PAGE) as u64);
            *seen.entry(turn.segment).or_default() += grown;
            assert!(under_way.so_far.people <= under_way.looked_at);
        }
    }
    let incident = memory.breach(&policy.controller, &id).await.unwrap().unwrap();
    let counts = incident.counts_of_facts().unwrap();
    assert_eq!((counts.people, counts.records), (18_000, 18_000));
}
