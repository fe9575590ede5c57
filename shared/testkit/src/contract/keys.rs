//! The keys of controllers and subjects.

use std::collections::BTreeSet;

use domain::ids::ControllerId;
use futures_util::future::join_all;
use jiff::ToSpan;

use super::{ADA, Ports, days, fresh_controller, now, registered};
use crate::build::{mail, record, subject};

pub async fn a_controllers_keys_are_its_own_and_stay<P: Ports>(ports: &P, controller: &ControllerId) {
    let keys = join_all((0..4).map(|_| ports.controller(controller))).await;
    let subjects: BTreeSet<_> = keys.into_iter().map(|keys| keys.unwrap().pepper.subject(&mail(ADA))).collect();
    assert_eq!(subjects.len(), 1);
    let other = ports.controller(&fresh_controller(ports)).await.unwrap();
    assert!(!subjects.contains(&other.pepper.subject(&mail(ADA))));
}

pub async fn a_key_that_was_made_later_outlives_the_destruction<P: Ports>(ports: &P, controller: &ControllerId) {
    let kept = record(&subject(ADA), "log-1", now());
    ports.destroy_subject_key(controller, &kept.subject, now()).await.unwrap();
    registered(ports, controller, std::slice::from_ref(&kept)).await;
    ports.destroy_subject_key(controller, &kept.subject, now().checked_sub(1.millisecond()).unwrap()).await.unwrap();
    assert!(ports.content(controller, &kept.subject, &kept.id).await.unwrap().is_some());
    ports.destroy_subject_key(controller, &kept.subject, now()).await.unwrap();
    ports.destroy_subject_key(controller, &kept.subject, now()).await.unwrap();
    assert!(ports.content(controller, &kept.subject, &kept.id).await.unwrap().is_none());
}

pub async fn what_is_given_after_a_destruction_reads_and_what_was_given_before_does_not<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let (before, after) = (record(&subject(ADA), "log-1", now()), record(&subject(ADA), "log-2", days(now(), 2)));
    registered(ports, controller, std::slice::from_ref(&before)).await;
    ports.destroy_subject_key(controller, &before.subject, days(now(), 1)).await.unwrap();
    registered(ports, controller, std::slice::from_ref(&after)).await;
    assert_eq!(ports.content(controller, &before.subject, &before.id).await.unwrap(), None);
    assert!(ports.content(controller, &after.subject, &after.id).await.unwrap().is_some());
    // A retry of the destruction, which was decided before.
    ports.destroy_subject_key(controller, &before.subject, days(now(), 1)).await.unwrap();
    assert!(ports.content(controller, &after.subject, &after.id).await.unwrap().is_some());
}

pub async fn random_bytes_differ<P: Ports>(ports: &P, _controller: &ControllerId) {
    let drawn: BTreeSet<_> = (0..100).map(|_| ports.random().unwrap()).collect();
    assert_eq!(drawn.len(), 100);
}
