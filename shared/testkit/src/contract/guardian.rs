//! Consents that wait for a guardian.

use app::{capture_mail::CaptureMail, error::Appended, mail::MailClaim};
use domain::{
    consent::{Choice, ConsentEvent, GuardianPart},
    ids::ControllerId,
    sensitive::Sensitive,
};
use futures_util::future::join_all;

use super::{ADA, Ports, days, now};
use crate::build::{consent, id, subject};

const PARENT: &str = "parent@example.com";

fn awaiting(key: &str) -> ConsentEvent {
    let event = consent(&subject(ADA), key, now(), &[("marketing", Choice::Given), ("profiling", Choice::Refused)]);
    ConsentEvent { guardian: Some(GuardianPart::Awaited { guardian: id(PARENT) }), ..event }
}

pub async fn what_waits_for_a_guardian_and_the_guardians_word_are_read_as_they_were_written<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let (asked, address) = (awaiting("form-1"), Sensitive::new(PARENT.to_owned()));
    assert_eq!(
        ports.append_confided(controller, &asked, CaptureMail::Guardian, &address).await.unwrap(),
        Appended::Fresh
    );
    let mut other = awaiting("form-1");
    other.fingerprint = id("another form");
    let stands = ports
        .append_confided(controller, &other, CaptureMail::Guardian, &Sensitive::new("other@example.com".into()))
        .await
        .unwrap();
    assert_eq!(stands, Appended::Existing(asked.clone()));
    assert_eq!(
        ports.mail_address(controller, &asked.subject, &asked.id, CaptureMail::Guardian).await.unwrap(),
        Some(address)
    );
    let agreed = ConsentEvent {
        guardian: Some(GuardianPart::Agreed { guardian: id(PARENT), to: asked.id.clone() }),
        ..consent(&subject(ADA), "the guardian's word", days(now(), 1), &[("marketing", Choice::Given)])
    };
    assert_eq!(ports.append_consent(controller, &agreed).await.unwrap(), Appended::Fresh);
    assert_eq!(ports.append_consent(controller, &agreed).await.unwrap(), Appended::Existing(agreed.clone()));
    // The claim of a mail is no consent.
    ports.claim_capture_mail(controller, &asked.subject, &asked.id, CaptureMail::Guardian, now()).await.unwrap();
    let mut seen = ports.consents(controller, &asked.subject).await.unwrap();
    seen.sort_by_key(|event| event.at);
    assert_eq!(seen, [asked, agreed]);
}

pub async fn a_guardians_address_lies_under_the_childs_key_and_is_taken_away<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let address = Sensitive::new(PARENT.to_owned());
    let (first, second) = (awaiting("form-1"), awaiting("form-2"));
    for event in [&first, &second] {
        ports.append_confided(controller, event, CaptureMail::Guardian, &address).await.unwrap();
    }
    for _ in 0..2 {
        ports.forget_mail_address(controller, &first.subject, &first.id, CaptureMail::Guardian).await.unwrap();
        assert_eq!(
            ports.mail_address(controller, &first.subject, &first.id, CaptureMail::Guardian).await.unwrap(),
            None
        );
    }
    assert_eq!(
        ports.mail_address(controller, &second.subject, &second.id, CaptureMail::Guardian).await.unwrap(),
        Some(address)
    );
    ports.destroy_subject_key(controller, &second.subject, now()).await.unwrap();
    assert_eq!(ports.mail_address(controller, &second.subject, &second.id, CaptureMail::Guardian).await.unwrap(), None);
    // The events stand as they were.
    assert_eq!(ports.consents(controller, &first.subject).await.unwrap().len(), 2);
    assert_eq!(
        ports.mail_address(controller, &first.subject, &id("another"), CaptureMail::Guardian).await.unwrap(),
        None
    );
    assert!(
        ports.forget_mail_address(controller, &first.subject, &id("another"), CaptureMail::Guardian).await.is_err()
    );
}

pub async fn a_guardian_is_written_to_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let (event, address) = (awaiting("form-1"), Sensitive::new(PARENT.to_owned()));
    ports.append_confided(controller, &event, CaptureMail::Guardian, &address).await.unwrap();
    let claim = || ports.claim_capture_mail(controller, &event.subject, &event.id, CaptureMail::Guardian, now());
    let claims = join_all((0..4).map(|_| claim())).await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Ok(MailClaim::Fresh))).count(), 1);
    assert_eq!(claim().await.unwrap(), MailClaim::InDoubt);
    for _ in 0..2 {
        ports.confirm_capture_mail(controller, &event.subject, &event.id, CaptureMail::Guardian, now()).await.unwrap();
    }
    assert_eq!(claim().await.unwrap(), MailClaim::Sent);
    let other =
        ports.claim_capture_mail(controller, &event.subject, &id("another"), CaptureMail::Guardian, now()).await;
    assert_eq!(other.unwrap(), MailClaim::Fresh);
}
