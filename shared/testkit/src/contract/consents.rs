//! Consents.

use std::collections::BTreeMap;

use app::error::Appended;
use domain::{consent::Choice, ids::ControllerId};
use futures_util::future::join_all;

use super::{ADA, Ports, days, fresh_controller, now};
use crate::build::{consent, id, subject};

pub async fn a_retried_capture_answers_what_stands<P: Ports>(ports: &P, controller: &ControllerId) {
    let first =
        consent(&subject(ADA), "form-1", now(), &[("marketing", Choice::Given), ("profiling", Choice::Refused)]);
    assert_eq!(ports.append_consent(controller, &first).await.unwrap(), Appended::Fresh);
    assert_eq!(ports.append_consent(controller, &first).await.unwrap(), Appended::Existing(first.clone()));
    // The same key with another content meets the first one, whose fingerprint tells.
    let mut other = consent(&subject(ADA), "form-1", days(now(), 1), &[("marketing", Choice::Withdrawn)]);
    other.fingerprint = id("another form");
    other.gpc = true;
    assert_eq!(ports.append_consent(controller, &other).await.unwrap(), Appended::Existing(first.clone()));
    assert_eq!(ports.consents(controller, &subject(ADA)).await.unwrap(), [first]);
}

pub async fn of_many_captures_at_once_exactly_one_is_fresh<P: Ports>(ports: &P, controller: &ControllerId) {
    let event = consent(&subject(ADA), "form-1", now(), &[("marketing", Choice::Given)]);
    let appended = join_all((0..8).map(|_| ports.append_consent(controller, &event))).await;
    let fresh = appended.iter().filter(|appended| matches!(appended, Ok(Appended::Fresh))).count();
    let met = appended.iter().filter(|appended| matches!(appended, Ok(Appended::Existing(_)))).count();
    assert_eq!((fresh, met), (1, 7));
}

pub async fn every_consent_of_a_subject_is_seen_at_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let mut expected = BTreeMap::new();
    for n in 0..5 {
        let mut event = consent(&subject(ADA), &format!("form-{n}"), days(now(), n), &[("marketing", Choice::Given)]);
        event.gpc = n % 2 == 0;
        ports.append_consent(controller, &event).await.unwrap();
        expected.insert(event.id.clone(), event);
        let seen = ports.consents(controller, &subject(ADA)).await.unwrap();
        let seen: BTreeMap<_, _> = seen.into_iter().map(|event| (event.id.clone(), event)).collect();
        assert_eq!(seen, expected);
    }
    assert!(ports.consents(controller, &subject("bob@example.com")).await.unwrap().is_empty());
    assert!(ports.consents(&fresh_controller(ports), &subject(ADA)).await.unwrap().is_empty());
}
