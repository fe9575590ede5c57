//! What leaves: exports, mails, messages.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    export::{DisclosureLine, GivenInstructions, SubjectFile, csv_of},
    mail::{Mail, Mailer},
    queues::{Outbox, Queue},
};
use domain::{
    consent::Choice,
    dsar::{Instructions, RequestType},
    ids::{ControllerId, Recipient},
    policy::{Clause, Country},
    sensitive::Sensitive,
};

use super::{ADA, Ports, now};
use crate::build::{category, consent, content, field, id, policy, purpose, record, request, subject};

pub async fn an_export_is_replaced_by_a_later_one<P: Ports>(ports: &P, controller: &ControllerId) {
    let request = request(controller, &subject(ADA), "request-1");
    let log = record(&subject(ADA), "log-1", now());
    let file = SubjectFile {
        consents: vec![consent(&subject(ADA), "form-1", now(), &[("marketing", Choice::Given)])],
        records: vec![(log.clone(), Some(content(ADA, "log-1"))), (log, None)],
        held: BTreeMap::from([((category("server-log"), purpose("security")), BTreeSet::from([field("ip_address")]))]),
        disclosures: vec![DisclosureLine {
            id: "disclosure-1".into(),
            recipient: Recipient::parse("hosting").unwrap(),
            categories: BTreeSet::from([category("server-log")]),
            purpose: purpose("security"),
            countries: BTreeSet::from([Country::parse("FR").unwrap()]),
            at: now(),
            clause: Clause::new("test.hosting"),
        }],
        instructions: vec![GivenInstructions {
            request: id("request-0"),
            at: now(),
            instructions: Instructions { deletion: Some(Sensitive::new("all".into())), ..Instructions::default() },
            in_force: true,
        }],
        ..SubjectFile::new(RequestType::Access, now())
    };
    let object = ports.store_export(&policy(), &request, &file).await.unwrap();
    assert_eq!(ports.store_export(&policy(), &request, &file).await.unwrap(), object);
    // The object's key is in addresses and logs, and the other format's is made of it.
    assert!(!object.contains(ADA) && csv_of(&object) != object);
}

pub async fn a_mail_is_handed_over<P: Ports>(ports: &P, controller: &ControllerId) {
    let mail = Mail {
        controller: controller.clone(),
        to: Sensitive::new(ADA.into()),
        subject: "Acme: your privacy request".into(),
        text: "Grüße, voilà, 你好.\n".into(),
        tag: "request-AAAAAAAAAAAAAAAAAAAA-_-ack".into(),
        unsubscribe: None,
    };
    Mailer::send(ports, &mail).await.unwrap();
    // A link too long for a header is no reason to keep the mail back.
    for length in [30, 3_000] {
        let link = format!("https://privacy.example/?token={}", "x".repeat(length));
        Mailer::send(ports, &Mail { unsubscribe: Some(link), ..mail.clone() }).await.unwrap();
    }
}

pub async fn every_message_is_handed_over_and_a_hopeless_one_is_put_aside<P: Ports>(
    ports: &P,
    _controller: &ControllerId,
) {
    // More than one call holds, by number and by size.
    let bodies: Vec<_> =
        (0..25).map(|n| format!("{{\"v\":1,\"n\":{n},\"text\":\"{}\"}}", "x".repeat(30_000))).collect();
    for queue in [Queue::Fulfil, Queue::Breach, Queue::Records, Queue::Purge, Queue::Notice] {
        Outbox::send(ports, queue, bodies.clone()).await.unwrap();
        Outbox::send(ports, queue, Vec::new()).await.unwrap();
    }
    ports.bury("{not json", "malformed: expected a form").await.unwrap();
}
