//! What every store of breaches must do.

use super::*;
use app::{
    alerts::{Alert, alert_of},
    breach::RegisterRow,
};
use domain::{
    breach::{Act, Actor, Breach, Entry, Head, Incident, Texts},
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
