//! Deadlines and their warnings.

use app::{
    deadlines::{Deadline, DeadlineKind, Urgency},
    mail::MailClaim,
};
use domain::{
    dsar::RequestType,
    ids::{ControllerId, RequestId},
};

use super::{Ports, asked, days, now, open_deadlines};
use crate::build::id;

pub async fn open_deadlines_are_found_before_their_time<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = asked(ports, controller, "request-1", RequestType::Access).await;
    let of_request = Deadline {
        controller: controller.clone(),
        kind: DeadlineKind::Request,
        id: request.request.to_string(),
        due_at: days(now(), 30),
    };
    assert!(open_deadlines(ports, controller, now()).await.is_empty());
    assert_eq!(open_deadlines(ports, controller, days(now(), 40)).await, [of_request]);
}

pub async fn a_warning_is_claimed_once<P: Ports>(ports: &P, controller: &ControllerId) {
    let deadline = Deadline {
        controller: controller.clone(),
        kind: DeadlineKind::Request,
        id: id::<RequestId>("request-1").to_string(),
        due_at: now(),
    };
    let claim = |urgency| ports.claim_warning(&deadline, urgency, now());
    assert_eq!(claim(Urgency::AtRisk).await.unwrap(), MailClaim::Fresh);
    assert_eq!(claim(Urgency::AtRisk).await.unwrap(), MailClaim::InDoubt);
    ports.confirm_warning(&deadline, Urgency::AtRisk, now()).await.unwrap();
    assert_eq!(claim(Urgency::AtRisk).await.unwrap(), MailClaim::Sent);
    assert_eq!(claim(Urgency::Missed).await.unwrap(), MailClaim::Fresh);
}
