//! The controller's systems: how each does, which tasks wait, and what was handed over.

use app::requests::RequestKey;
use domain::{
    ids::{ControllerId, SystemId},
    sensitive::Sensitive,
    system::{Health, SecretVersion, SystemState, TaskId},
};

use super::{ADA, Ports, days, now};
use crate::build::{id, request, subject};

fn system(name: &str) -> SystemId {
    SystemId::parse(name).unwrap()
}

pub async fn of_two_who_change_a_system_one_is_told_so<P: Ports>(ports: &P, controller: &ControllerId) {
    let crm = system("crm");
    assert_eq!(ports.system_state(controller, &crm).await.unwrap(), SystemState::default());
    let first = SystemState { revision: 1, ..SystemState::default() };
    assert!(ports.put_system_state(controller, &crm, &first).await.unwrap());
    assert!(!ports.put_system_state(controller, &crm, &first).await.unwrap());
    let second = SystemState {
        revision: 2,
        health: Health {
            failures_in_a_row: 4,
            open_until: Some(days(now(), 1)),
            success_at: Some(now()),
            failure: Some((days(now(), 2), "http-503".into())),
        },
        secret: SecretVersion::default().next(now()),
    };
    assert!(ports.put_system_state(controller, &crm, &second).await.unwrap());
    assert!(!ports.put_system_state(controller, &crm, &second).await.unwrap());
    assert_eq!(ports.system_state(controller, &crm).await.unwrap(), second);
    assert_eq!(ports.system_state(controller, &system("crm.eu")).await.unwrap(), SystemState::default());
}

pub async fn a_task_waits_since_it_was_opened_first<P: Ports>(ports: &P, controller: &ControllerId) {
    let task = |name: &str, request: &str| TaskId { request: id(request), system: system(name) };
    for (name, request, since) in [("crm", "a", 0), ("crm", "b", 1), ("crm", "a", 2), ("crm.eu", "a", 3)] {
        ports.open_task(controller, &task(name, request), days(now(), since)).await.unwrap();
    }
    let mut open = ports.open_tasks(controller, &system("crm")).await.unwrap();
    open.sort_by_key(|(_, since)| *since);
    assert_eq!(open, [(task("crm", "a"), now()), (task("crm", "b"), days(now(), 1))]);
    for _ in 0..2 {
        ports.close_task(controller, &task("crm", "a")).await.unwrap();
    }
    assert_eq!(ports.open_tasks(controller, &system("crm")).await.unwrap(), [(task("crm", "b"), days(now(), 1))]);
    assert_eq!(ports.open_tasks(controller, &system("crm.eu")).await.unwrap().len(), 1);
}

pub async fn what_a_system_handed_over_goes_with_the_subjects_key_or_when_it_is_dropped<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let key: RequestKey = request(controller, &subject(ADA), "request-1");
    let texts = ["{\"n\": 1}", "{\"n\": 2}"].map(|text| Sensitive::new(text.to_owned()));
    let object = ports.keep_data(&key, &system("crm"), &texts[0], now()).await.unwrap();
    let again = ports.keep_data(&key, &system("crm"), &texts[1], now()).await.unwrap();
    let other = ports.keep_data(&key, &system("shop"), &texts[0], now()).await.unwrap();
    assert_eq!(object, again);
    assert_eq!(ports.system_data(&key, &object).await.unwrap(), Some(texts[1].clone()));
    assert_eq!(ports.system_data(&key, &other).await.unwrap(), Some(texts[0].clone()));
    for _ in 0..2 {
        ports.drop_data(&object).await.unwrap();
    }
    assert_eq!(ports.system_data(&key, &object).await.unwrap(), None);
    ports.destroy_subject_key(controller, &key.subject, now()).await.unwrap();
    assert_eq!(ports.system_data(&key, &other).await.unwrap(), None);
}
