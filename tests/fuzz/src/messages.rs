//! What travels through queues: our own messages, detectors' findings, and what the mail service says.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use wire::{
    detector, mail_event,
    message::{
        self, BreachMessage, ChangeMessage, FulfilMessage, GuardianMessage, PurgeMessage, RecordsMessage,
        SubscriptionMessage, TaskMessage,
    },
    record::EventForm,
};

use crate::{says_nothing_of_it, seeds};

/// The functions that take messages of ours.
const TAKERS: [&str; 6] = ["breach-notify", "dsar-fulfil", "notice-change", "purge", "retention-track", "system-tasks"];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::bodies(&TAKERS)
}

pub(crate) fn detector_seeds() -> Vec<Vec<u8>> {
    seeds::bodies(&["breach-notify"])
}

pub(crate) fn mail_seeds() -> Vec<Vec<u8>> {
    seeds::bodies(&["mail-events"])
}

fn read<M: Serialize + DeserializeOwned + PartialEq + Debug>(body: &str) -> Option<M> {
    let message: M = said(message::read(body))?;
    let written = serde_json::to_string(&message).expect("what was read is written");
    assert_eq!(message::read::<M>(&written).expect("what was written reads"), message);
    Some(message)
}

fn said<T>(read: Result<T, message::Unreadable>) -> Option<T> {
    read.map_err(|error| says_nothing_of_it(&error.to_string())).ok()
}

pub(crate) fn judge(bytes: &[u8]) {
    let Ok(body) = std::str::from_utf8(bytes) else { return };
    read::<FulfilMessage>(body).and_then(|message| said(message.parse()));
    read::<GuardianMessage>(body).and_then(|message| said(message.parse()));
    read::<SubscriptionMessage>(body).and_then(|message| said(message.parse()));
    read::<TaskMessage>(body).and_then(|message| said(message.parse()));
    read::<BreachMessage>(body).and_then(|message| said(message.parse()));
    read::<ChangeMessage>(body).and_then(|message| said(message.parse()));
    read::<PurgeMessage>(body).and_then(|message| said(message.at()));
    if let Some(message) = read::<RecordsMessage>(body) {
        said(message.controller());
        for event in message.events {
            said(EventForm::read(event));
        }
        for withdrawn in &message.withdrawn {
            said(withdrawn.parse());
        }
    }
}

pub(crate) fn judge_detector(bytes: &[u8]) {
    let Ok(body) = std::str::from_utf8(bytes) else { return };
    let read = said(detector::read(body));
    if let Some(event) = &read {
        assert!(detector::is_event(body), "what reads as an event is one");
        if let Some(unreadable) = &event.unreadable {
            says_nothing_of_it(&unreadable.to_string());
        }
    }
    assert_eq!(said(detector::read(body)), read, "it reads the same twice");
}

pub(crate) fn judge_mail(bytes: &[u8]) {
    let Ok(body) = std::str::from_utf8(bytes) else { return };
    said(mail_event::read(body));
}
