//! What every store of breaches must do.

use super::*;
use app::{
    alerts::{Alert, alert_of},
    breach::RegisterRow,
    breach_scope::TRACES_MAX,
    telling::Seen,
    walk::WALK_SEGMENTS,
};
use domain::{
    breach::{Act, Actor, Breach, Entry, Facts, Head, Incident, Scope, Tally, Texts},
    ids::{BreachId, StaffId},
    language::Language,
};

use crate::build::{breach, telling};

fn head(is_open: bool, day: i64) -> Head {
    Head { is_open, next_at: is_open.then(|| days(now(), day)) }
}

async fn declared<P: Ports>(ports: &P, controller: &ControllerId, key: &str) -> Breach {
    let breach = breach(key, now());
    let appended = ports.declare_breach(controller, &breach, &id("form"), &head(true, 3)).await.unwrap();
    assert_eq!(appended, Appended::Fresh);
    breach
}

pub async fn a_breach_is_declared_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let unknown = id("breach-1");
    assert_eq!(ports.breach(controller, &unknown).await.unwrap(), None);
    let first = declared(ports, controller, "breach-1").await;
    let mut second = breach("breach-1", days(now(), 1));
    second.facts.attempt_only = true;
    let appended = ports.declare_breach(controller, &second, &id("another form"), &head(true, 9)).await.unwrap();
    assert_eq!(appended, Appended::Existing((first.clone(), id("form"))));
    assert_eq!(ports.breach(controller, &first.id).await.unwrap(), Some(Incident::new(first)));
}

pub async fn what_was_planned_and_looked_at_is_noted_for_its_decision<P: Ports>(ports: &P, controller: &ControllerId) {
    let breach = declared(ports, controller, "breach-1").await;
    let (first, second) = (days(now(), 1), days(now(), 2));
    let planned = async |at| ports.planned_segments(controller, &breach.id, at).await.unwrap();
    assert!(planned(first).await.is_empty());
    for segment in [2, 0, 2] {
        ports.note_planned(controller, &breach.id, first, segment).await.unwrap();
    }
    ports.note_planned(controller, &breach.id, second, 1).await.unwrap();
    assert_eq!((planned(first).await, planned(second).await), (BTreeSet::from([0, 2]), BTreeSet::from([1])));
    assert_eq!(ports.looked(controller, &breach.id).await.unwrap(), None);
    let seen = |open, last_at| Seen { open, in_doubt: 2, sent_again: 1, lately: 600, last_at };
    for (seen, at) in [(seen(7, Some(first)), first), (seen(0, None), second)] {
        ports.note_looked(controller, &breach.id, &seen, at).await.unwrap();
        assert_eq!(ports.looked(controller, &breach.id).await.unwrap(), Some((at, seen)));
    }
    // The breach itself reads as it did.
    assert_eq!(ports.breach(controller, &breach.id).await.unwrap(), Some(Incident::new(breach)));
}

pub async fn a_breach_goes_on_entry_by_entry_and_nobody_overtakes<P: Ports>(ports: &P, controller: &ControllerId) {
    let breach = declared(ports, controller, "breach-1").await;
    let entry = telling(days(now(), 2));
    let append = async |number| ports.append_breach(controller, &breach.id, number, &entry, &head(true, 4)).await;
    assert!(!append(2).await.unwrap(), "there is no first");
    assert!(append(1).await.unwrap());
    assert!(!append(1).await.unwrap(), "somebody was faster");
    assert!(append(2).await.unwrap());
    let stored = ports.breach(controller, &breach.id).await.unwrap().unwrap();
    assert_eq!(stored, Incident { breach: breach.clone(), history: vec![entry.clone(), entry] });
    let move_to = async |version| ports.set_breach_next(controller, &breach.id, version, days(now(), 9)).await;
    assert!(!move_to(1).await.unwrap());
    assert!(move_to(2).await.unwrap());
}

async fn due<P: Ports>(ports: &P, controller: &ControllerId, day: i64) -> Vec<BreachId> {
    let mut due = Vec::new();
    for shard in 0..CLOCK_SHARDS {
        let found = ports.due_breaches(shard, days(now(), day), 1_000).await.unwrap();
        due.extend(found.into_iter().filter(|(whose, _)| whose == controller).map(|(_, breach)| breach));
    }
    due
}

async fn register<P: Ports>(ports: &P, controller: &ControllerId, is_open: bool) -> Vec<BreachId> {
    let (mut rows, mut from): (Vec<RegisterRow>, Option<String>) = (Vec::new(), None);
    loop {
        let page = ports.breach_register(controller, is_open, from.as_deref(), 2).await.unwrap();
        rows.extend(page.rows);
        from = page.next;
        if from.is_none() {
            assert!(rows.is_sorted_by_key(|row| row.declared_at));
            return rows.into_iter().map(|row| row.breach).collect();
        }
    }
}

pub async fn open_breaches_are_found_by_their_next_date_and_all_of_them_in_the_register<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let mut ids = BTreeSet::new();
    for key in ["breach-1", "breach-2", "breach-3"] {
        ids.insert(declared(ports, controller, key).await.id);
    }
    assert!(due(ports, controller, 2).await.is_empty());
    assert_eq!(due(ports, controller, 3).await.into_iter().collect::<BTreeSet<_>>(), ids);
    assert_eq!(register(ports, controller, true).await.into_iter().collect::<BTreeSet<_>>(), ids);
    let closed = ids.pop_first().unwrap();
    assert!(ports.append_breach(controller, &closed, 1, &telling(now()), &head(false, 0)).await.unwrap());
    assert_eq!(due(ports, controller, 9).await.into_iter().collect::<BTreeSet<_>>(), ids);
    assert_eq!(register(ports, controller, false).await, [closed]);
    assert_eq!(register(ports, controller, true).await.into_iter().collect::<BTreeSet<_>>(), ids);
}

pub async fn the_people_of_a_breach_are_those_whose_records_were_exposed<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let leak = breach("breach-1", now());
    let person = |n: usize| subject(&format!("person-{n}@example.com"));
    let mut expected = BTreeSet::new();
    for n in 0..12 {
        registered(ports, controller, &[record(&person(n), &format!("log-{n}"), days(now(), -10))]).await;
        expected.insert(person(n));
    }
    // Exposed as well: made in the window, kept without an end, kept by a hold past its end, and one
    // that a sweep is late for.
    let made_within = record(&person(20), "within", leak.facts.exposed_to);
    let endless = Record { due_at: None, ..record(&person(21), "endless", days(now(), -900)) };
    let held = Record { holds: BTreeSet::from([id("hold-1")]), ..record(&person(22), "held", days(now(), -900)) };
    let overdue = record(&person(32), "overdue", days(now(), -101));
    registered(ports, controller, &[made_within, endless, held, overdue]).await;
    expected.extend([person(20), person(21), person(22), person(32)]);
    // Not exposed: another category, made after the window, another controller.
    let other = Record { category: category("account"), ..record(&person(30), "other", days(now(), -10)) };
    let later = record(&person(31), "later", days(now(), 2));
    registered(ports, controller, &[other, later]).await;
    registered(ports, &fresh_controller(ports), &[record(&person(33), "elsewhere", days(now(), -10))]).await;

    let page =
        async |segment, from: Option<String>| ports.affected(controller, &leak.facts, segment, from.as_deref()).await;
    let found = over_all_pages(page).await;
    assert_eq!(found, expected);
}

/// What is counted over all pages and segments, and whom it is of: each segment by itself, as a walk counts.
async fn counted<P: Ports>(ports: &P, controller: &ControllerId, facts: &Facts) -> (Tally, BTreeSet<SubjectRef>) {
    let (mut all, mut people) = (Tally::default(), BTreeSet::new());
    for segment in 0..WALK_SEGMENTS {
        let (mut tally, mut from, mut met) = (Tally::default(), None::<String>, Vec::new());
        loop {
            let page = ports.traces(controller, facts, segment, from.as_deref()).await.unwrap();
            assert!(page.traces.len() <= TRACES_MAX);
            for (subject, trace) in &page.traces {
                tally.count(facts, subject, trace);
                met.push(subject.clone());
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        // What is stored about a person comes together, and in one segment.
        met.dedup();
        for subject in met {
            assert!(people.insert(subject), "a person came apart");
        }
        all.counts.add(&tally.counts);
    }
    (all, people)
}

async fn found<P: Ports>(ports: &P, controller: &ControllerId, facts: &Facts) -> BTreeSet<SubjectRef> {
    over_all_pages(async |segment, from: Option<String>| {
        ports.affected(controller, facts, segment, from.as_deref()).await
    })
    .await
}

pub async fn a_scope_finds_records_by_every_side_that_it_names<P: Ports>(ports: &P, controller: &ControllerId) {
    let person = |n: usize| subject(&format!("person-{n}@example.com"));
    let mut leak = breach("breach-1", now());
    // Two people, three records each, over many pages.
    for n in 0..2 {
        let log = |key: &str| record(&person(n), &format!("{key}-{n}"), days(now(), -10));
        let account = Record { category: category("account"), purpose: purpose("contract"), ..log("account") };
        let object = Record { system: domain::record::System::S3, ..log("object") };
        registered(ports, controller, &[log("log"), account, object]).await;
    }
    let by = |scope: Scope| Facts { scope, ..leak.facts.clone() };
    let both = BTreeSet::from([person(0), person(1)]);
    for (scope, records) in [
        (Scope::default(), 6),
        (Scope { purposes: [purpose("security")].into(), ..Scope::default() }, 4),
        (Scope { purposes: [purpose("contract")].into(), ..Scope::default() }, 2),
        (Scope { systems: [domain::record::System::S3].into(), ..Scope::default() }, 2),
        (Scope { categories: [category("account"), category("server-log")].into(), ..Scope::default() }, 6),
    ] {
        let facts = by(scope);
        let (tally, _) = counted(ports, controller, &facts).await;
        assert_eq!((tally.counts.people, tally.counts.records), (2, records), "{:?}", facts.scope);
        assert_eq!(found(ports, controller, &facts).await, both);
    }
    // Every side that is named must hold.
    let account_of_s3 = Scope {
        categories: [category("account")].into(),
        systems: [domain::record::System::S3].into(),
        ..Scope::default()
    };
    assert_eq!(counted(ports, controller, &by(account_of_s3)).await.0, Tally::default());
    leak.facts.scope = Scope { systems: [domain::record::System::Habeas].into(), ..Scope::default() };
    let counts = counted(ports, controller, &leak.facts).await.0.counts;
    assert_eq!(counts.by_category, [(category("account"), 2), (category("server-log"), 2)].into());
}

pub async fn a_scope_of_recipients_finds_those_whose_data_went_there<P: Ports>(ports: &P, controller: &ControllerId) {
    let person = |n: usize| subject(&format!("person-{n}@example.com"));
    let mut leak = breach("breach-1", now());
    let log = async |n: usize, key: &str, at: Timestamp, change: &dyn Fn(&mut Disclosure)| {
        let (mut one, texts) = disclosure(&person(n), key, at);
        change(&mut one);
        ports.append_disclosure(controller, &one, &texts).await.unwrap();
    };
    let end = leak.facts.exposed_to;
    log(0, "before", days(now(), -900), &|_| {}).await;
    log(0, "again", end, &|_| {}).await;
    log(1, "account", end, &|one| one.categories = [category("account")].into()).await;
    log(2, "too late", end.checked_add(1.millisecond()).unwrap(), &|_| {}).await;
    log(3, "elsewhere", end, &|one| one.recipient = recipient("police")).await;
    // Of a total nobody is found, and a record that lies here is not what lay there.
    let (mut total, _) = disclosure(&person(4), "total", end);
    (total.whose, total.references) = (Whose::Total { people: 40 }, BTreeSet::new());
    ports.append_disclosure(controller, &total, &References::new()).await.unwrap();
    registered(ports, controller, &[record(&person(5), "log", days(now(), -10))]).await;

    leak.facts.scope = Scope { recipients: [recipient("host")].into(), ..Scope::default() };
    assert_eq!(found(ports, controller, &leak.facts).await, [person(0), person(1)].into());
    let counts = counted(ports, controller, &leak.facts).await.0.counts;
    assert_eq!((counts.people, counts.records), (2, 3));
    assert_eq!(counts.by_category, [(category("account"), 3), (category("server-log"), 2)].into());

    leak.facts.scope.categories = [category("server-log")].into();
    assert_eq!(found(ports, controller, &leak.facts).await, [person(0)].into());
    let counts = counted(ports, controller, &leak.facts).await.0.counts;
    assert_eq!((counts.people, counts.by_category), (1, [(category("server-log"), 2)].into()));
    leak.facts.scope.purposes = [purpose("security")].into();
    assert!(found(ports, controller, &leak.facts).await.is_empty());
}

pub async fn consents_count_beside_records_where_they_are_asked_for<P: Ports>(ports: &P, controller: &ControllerId) {
    let person = |n: usize| subject(&format!("person-{n}@example.com"));
    let mut leak = breach("breach-1", now());
    let end = leak.facts.exposed_to;
    let captures = [
        (0, "given", end, "marketing", Choice::Given),
        (0, "withdrawn", end, "marketing", Choice::Withdrawn),
        (1, "refused", days(now(), -900), "profiling", Choice::Refused),
        (2, "late", end.checked_add(1.millisecond()).unwrap(), "marketing", Choice::Given),
    ];
    for (n, key, at, what_for, choice) in captures {
        ports.append_consent(controller, &consent(&person(n), key, at, &[(what_for, choice)])).await.unwrap();
    }
    registered(ports, controller, &[record(&person(0), "log-0", now()), record(&person(3), "log-3", now())]).await;

    assert_eq!(found(ports, controller, &leak.facts).await, [person(0), person(3)].into());
    leak.facts.scope.consents = true;
    assert_eq!(found(ports, controller, &leak.facts).await, [person(0), person(1), person(3)].into());
    let (tally, _) = counted(ports, controller, &leak.facts).await;
    assert_eq!((tally.counts.people, tally.counts.records, tally.counts.consents), (3, 2, 3));
    leak.facts.scope.purposes = [purpose("profiling")].into();
    assert_eq!(found(ports, controller, &leak.facts).await, [person(1)].into());
}

pub async fn an_alert_follows_its_breach_and_the_newest_stands_first<P: Ports>(ports: &P, controller: &ControllerId) {
    let facts = |advice: &str| {
        let mut facts = breach("breach-1", now()).facts;
        let texts = Texts { description: "Passwörter".into(), advice: advice.into(), ..Texts::default() };
        facts.texts.insert(Language::German, texts);
        facts.attempt_only = true;
        Box::new(facts)
    };
    let staff = || Actor::Staff(StaffId::parse("officer-1").unwrap());
    let entry = |day, act| Entry { at: days(now(), day), by: staff(), act };
    let older = Incident::new(breach("breach-1", now()));
    let changed = older.after(entry(4, Act::FactsChanged(facts("Neu.")))).unwrap();
    let closed = changed.after(entry(6, Act::Closed("It is over.".into()))).unwrap();
    let newer = Incident::new(breach("breach-2", now()));
    assert!(ports.alerts(controller).await.unwrap().is_empty());
    let publish = async |alert: Alert| ports.publish_alert(controller, &alert).await.unwrap();
    publish(alert_of(&older, days(now(), 3))).await;
    publish(alert_of(&newer, days(now(), 5))).await;
    // Again and later: it is public since it was first.
    publish(alert_of(&older, days(now(), 9))).await;
    let first = alert_of(&older, days(now(), 3));
    assert_eq!(ports.alerts(controller).await.unwrap(), [alert_of(&newer, days(now(), 5)), first.clone()]);
    // What is known later replaces it, in whatever order it comes.
    publish(alert_of(&closed, days(now(), 6))).await;
    publish(alert_of(&changed, days(now(), 4))).await;
    let last = Alert { published_at: first.published_at, ..alert_of(&closed, days(now(), 6)) };
    assert_eq!((last.version, last.closed_at, last.updated_at), (2, Some(days(now(), 6)), days(now(), 6)));
    assert_eq!(ports.alerts(controller).await.unwrap(), [alert_of(&newer, days(now(), 5)), last]);
    assert!(ports.alerts(&fresh_controller(ports)).await.unwrap().is_empty());
}
