//! Subscriptions that are confirmed by mail.

use app::{capture_mail::CaptureMail, error::Appended, mail::MailClaim};
use domain::{
    consent::{Choice, ConsentEvent},
    ids::ControllerId,
    sensitive::Sensitive,
};
use futures_util::future::join_all;

use super::{ADA, Ports, now};
use crate::build::{consent, id, subject};

fn subscription(key: &str) -> ConsentEvent {
    consent(&subject(ADA), key, now(), &[("marketing", Choice::Given), ("profiling", Choice::Refused)])
}

fn address() -> Sensitive<String> {
    Sensitive::new(ADA.to_owned())
}

pub async fn a_subscription_is_read_as_it_was_written<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = subscription("form-1");
    assert_eq!(
        ports.append_confided(controller, &first, CaptureMail::Confirmation, &address()).await.unwrap(),
        Appended::Fresh
    );
    let mut other = subscription("form-1");
    other.fingerprint = id("another form");
    let stands = ports
        .append_confided(controller, &other, CaptureMail::Confirmation, &Sensitive::new("other@example.com".into()))
        .await;
    assert_eq!(stands.unwrap(), Appended::Existing(first.clone()));
    // It is one ledger, and what stands there first stays, with the address or without.
    assert_eq!(ports.append_consent(controller, &first).await.unwrap(), Appended::Existing(first.clone()));
    assert_eq!(
        ports.mail_address(controller, &first.subject, &first.id, CaptureMail::Confirmation).await.unwrap(),
        Some(address())
    );
    // It is no guardian's, and the claim of a mail is no consent.
    assert_eq!(ports.mail_address(controller, &first.subject, &first.id, CaptureMail::Guardian).await.unwrap(), None);
    ports.claim_capture_mail(controller, &first.subject, &first.id, CaptureMail::Confirmation, now()).await.unwrap();
    assert_eq!(ports.consents(controller, &first.subject).await.unwrap(), [first]);
}

pub async fn a_subscribers_address_lies_under_their_key_and_is_taken_away<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let (first, second) = (subscription("form-1"), subscription("form-2"));
    for event in [&first, &second] {
        ports.append_confided(controller, event, CaptureMail::Confirmation, &address()).await.unwrap();
    }
    for _ in 0..2 {
        ports.forget_mail_address(controller, &first.subject, &first.id, CaptureMail::Confirmation).await.unwrap();
        assert_eq!(
            ports.mail_address(controller, &first.subject, &first.id, CaptureMail::Confirmation).await.unwrap(),
            None
        );
    }
    assert_eq!(
        ports.mail_address(controller, &second.subject, &second.id, CaptureMail::Confirmation).await.unwrap(),
        Some(address())
    );
    ports.destroy_subject_key(controller, &second.subject, now()).await.unwrap();
    assert_eq!(
        ports.mail_address(controller, &second.subject, &second.id, CaptureMail::Confirmation).await.unwrap(),
        None
    );
    // The events stand as they were.
    assert_eq!(ports.consents(controller, &first.subject).await.unwrap().len(), 2);
    assert_eq!(
        ports.mail_address(controller, &first.subject, &id("another"), CaptureMail::Confirmation).await.unwrap(),
        None
    );
    assert!(
        ports.forget_mail_address(controller, &first.subject, &id("another"), CaptureMail::Confirmation).await.is_err()
    );
}

pub async fn a_subscription_is_confirmed_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let event = subscription("form-1");
    ports.append_confided(controller, &event, CaptureMail::Confirmation, &address()).await.unwrap();
    let claim = || ports.claim_capture_mail(controller, &event.subject, &event.id, CaptureMail::Confirmation, now());
    let claims = join_all((0..4).map(|_| claim())).await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Ok(MailClaim::Fresh))).count(), 1);
    assert_eq!(claim().await.unwrap(), MailClaim::InDoubt);
    for _ in 0..2 {
        ports
            .confirm_capture_mail(controller, &event.subject, &event.id, CaptureMail::Confirmation, now())
            .await
            .unwrap();
    }
    assert_eq!(claim().await.unwrap(), MailClaim::Sent);
    // Neither another capture's claim nor a guardian's is this one.
    let other =
        ports.claim_capture_mail(controller, &event.subject, &id("another"), CaptureMail::Confirmation, now()).await;
    assert_eq!(other.unwrap(), MailClaim::Fresh);
    let guardian = ports.claim_capture_mail(controller, &event.subject, &event.id, CaptureMail::Guardian, now()).await;
    assert_eq!(guardian.unwrap(), MailClaim::Fresh);
}
