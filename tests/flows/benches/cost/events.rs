//! The events that are counted, each with all that follows from it. It runs in a process of its own.

use app::breach::{self, DeclareBreach};
use domain::{
    breach::{Act, Actor, Decision, Entry, Facts, PeopleAre, Texts},
    clock::Anchor,
    ids::{Category, ControllerId, StaffId},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use wire::message::RecordsMessage;

use crate::deployment::{Asked, CONTROLLERS, Deployment};

const IDENTANCE: &str = "identance";

/// Nothing is older than the machine's clock, but what TTL is to remove.
const BEGIN: &str = "2040-01-02T10:00:00Z";
/// DynamoDB leaves alone what ended more than five years ago.
const LONG_AGO: &str = "2025-01-02T10:00:00Z";

/// How many make batches full.
const MANY: usize = 1_000;
const SOME: usize = 100;

/// Records of one message.
const RECORDS_A_MESSAGE: usize = 99;

/// What may be due at one tick: few for 64 shards, and many.
const FEW_DUE: usize = 1_000;
const MANY_DUE: usize = 3_000;

/// Plays everything; the parent counts.
pub(crate) fn play() {
    edge::telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut play = Play { at: BEGIN.parse().unwrap(), of: Deployment::new(), number: 0 };
        play.warm_up().await;
        play.removals().await;
        play.consents().await;
        play.registrations().await;
        play.requests().await;
        play.schedules().await;
        play.breach().await;
        play.purges().await;
    });
}

struct Play {
    of: Deployment,
    at: Timestamp,
    number: usize,
}

impl Play {
    fn next(&mut self) -> usize {
        self.at += 1.second();
        self.number += 1;
        self.number
    }

    /// Each environment reads its controller's key once: that is not the events'.
    async fn warm_up(&mut self) {
        self.capture("warm", "plugins", "given", 1).await;
        self.capture("warm", "newsletter", "given", 1).await;
        self.register("warm", "ip", "fraud-detection", 1);
        self.of.settle().await;
        self.request("access", "warm@example.com").await;
        self.tick("clock-watch").await;
        self.tick("purge").await;
        self.tick("evidence-seal").await;
        self.of.settle().await;
    }

    async fn tick(&mut self, function: &'static str) -> Value {
        self.next();
        self.of.tick(function, self.at).await
    }

    // ---- consents

    async fn consents(&mut self) {
        for (event, purpose, choice, what, many) in [
            ("capture", "plugins", "given", "a consent by form, without personal fields", MANY),
            ("capture-confirmed", "newsletter", "given", "a consent that a mail confirms: its address is sealed", SOME),
        ] {
            for (size, of) in [("alone", 1), ("together", many)] {
                self.of.count();
                self.capture(&format!("{event}-{size}"), purpose, choice, of).await;
                self.of.settle().await;
                self.of.counted(event, what, size, of);
            }
        }
        for (size, of) in [("alone", 1), ("together", SOME)] {
            let who = format!("withdrawal-{size}");
            self.capture(&who, "plugins", "given", of).await;
            for n in 0..of {
                self.record_of(&format!("{who}-{n}@example.com"), "plugin-interaction", "plugins", 1);
            }
            self.of.settle().await;
            self.of.count();
            self.capture(&who, "plugins", "withdrawn", of).await;
            self.of.settle().await;
            self.of.counted("withdrawal", "a withdrawal, and the end of the one record that hung on it", size, of);
        }
    }

    async fn capture(&mut self, who: &str, purpose: &str, choice: &str, of: usize) {
        for n in 0..of {
            let number = self.next();
            let body = json!({
                "subject": { "kind": "mail", "value": format!("{who}-{n}@example.com") },
                "purposes": { purpose: choice }, "notice": "undated-1", "language": "en", "method": "form:costs", "age": 30,
            });
            let asked = Asked {
                method: "POST",
                route: "consents",
                request: None,
                query: String::new(),
                body: Some(body),
                at: self.at,
                number,
            };
            self.of.ask(IDENTANCE, asked, 201).await;
        }
    }

    // ---- records

    async fn registrations(&mut self) {
        let what = "a message with one record of a person who is not yet known";
        for (size, of) in [("alone", 1), ("together", SOME)] {
            self.of.count();
            for n in 0..of {
                self.register(&format!("single-{size}-{n}"), "ip", "fraud-detection", 1);
            }
            self.of.settle().await;
            self.of.counted("registration", what, size, of);
        }
        let what = "a record of 99 in a message, all of one person";
        for (size, messages) in [("alone", 1), ("together", 10)] {
            self.of.count();
            for n in 0..messages {
                self.register(&format!("packed-{size}-{n}"), "ip", "fraud-detection", RECORDS_A_MESSAGE);
            }
            self.of.settle().await;
            self.of.counted("registration-packed", what, size, messages * RECORDS_A_MESSAGE);
        }
    }

    fn register(&mut self, who: &str, category: &str, purpose: &str, of: usize) {
        self.record_of(&format!("{who}@example.com"), category, purpose, of);
    }

    fn record_of(&mut self, address: &str, category: &str, purpose: &str, of: usize) {
        let number = self.next();
        let events = (0..of)
            .map(|n| {
                json!({
                    "type": "record", "occurred_at": self.at.to_string(),
                    "subject": { "kind": "mail", "value": address },
                    "category": category, "purpose": purpose, "locator": format!("costs-{number}-{n}"),
                    "fields": fields(category),
                })
            })
            .collect();
        self.hand_in(events);
    }

    fn hand_in(&self, events: Vec<Value>) {
        let form = RecordsMessage { v: 1, controller: IDENTANCE.to_owned(), events, withdrawn: vec![], walk: None };
        self.of.hand_in(&serde_json::to_string(&form).unwrap());
    }

    // ---- requests

    async fn requests(&mut self) {
        for (event, kind, what) in [
            ("access", "access", "a request for a copy, from its form to the answer; ten records"),
            ("erasure", "erasure", "a request for erasure, from its form to the answer; ten records"),
        ] {
            for (size, of) in [("alone", 1), ("together", 10)] {
                let who = |n: usize| format!("{event}-{size}-{n}@example.com");
                for n in 0..of {
                    self.record_of(&who(n), "contact-form", "contact-form.reply", 10);
                }
                self.of.settle().await;
                self.of.count();
                for n in 0..of {
                    self.request(kind, &who(n)).await;
                }
                self.of.counted(event, what, size, of);
            }
        }
    }

    /// Somebody asks, follows the link of the mail, and is answered.
    async fn request(&mut self, kind: &str, address: &str) {
        let number = self.next();
        let body = json!({ "type": kind, "subject": { "kind": "mail", "value": address } });
        let asked = |route, request, query, body, at| Asked { method: "POST", route, request, query, body, at, number };
        let made = asked("requests", None, String::new(), Some(body), self.at);
        let acknowledged = self.of.ask(IDENTANCE, made, 202).await;
        let id = acknowledged["request_id"].as_str().unwrap();
        self.of.settle().await;
        let mail = self.of.last_mail_to(address);
        let (_, behind) = mail.split_once(&format!("{id}/verification?token=")).unwrap();
        let token = behind.split_whitespace().next().unwrap();
        self.at += 1.hour();
        let (route, query) = ("requests/{request}/verification", format!("token={token}"));
        let page =
            Asked { method: "GET", route, request: Some(id), query: query.clone(), body: None, at: self.at, number };
        self.of.ask(IDENTANCE, page, 200).await;
        self.of.ask(IDENTANCE, asked(route, Some(id), query, None, self.at), 200).await;
        self.of.settle().await;
        let opened = self.of.last_mail_to(address);
        assert_ne!(opened, mail, "the request was answered");
    }

    // ---- a breach

    async fn breach(&mut self) {
        // The second breach is about those of the first as well.
        for (size, of) in [("alone", SOME), ("together", 2 * SOME)] {
            for n in 0..SOME {
                self.register(&format!("told-{size}-{n}"), "geolocation", "service-delivery", 1);
            }
            self.of.settle().await;
            self.at += 1.hour();
            let policy = self.of.breach.policies.get(&ControllerId::parse(IDENTANCE).unwrap()).unwrap().unwrap();
            let texts =
                Texts { description: "A copy was public.".into(), advice: "Change it.".into(), ..Texts::default() };
            let mut facts = Facts::new(self.at - 1.hour(), self.at, texts);
            facts.scope.categories = [Category::parse("geolocation").unwrap()].into();
            let officer = StaffId::parse("officer").unwrap();
            let form = DeclareBreach {
                title: "A measurement".into(),
                times: vec![(Anchor::Awareness, self.at)],
                facts,
                signals: [].into(),
                declared_by: officer.clone(),
                key: format!("costs-{size}"),
                at: self.at,
            };
            let ports = &self.of.breach.ports;
            let id = breach::declare(policy, ports, form).await.unwrap().breach.id;
            self.of.settle().await;
            self.of.count();
            let decision = Decision { authority: true, people: PeopleAre::Told, reason: "A measurement.".into() };
            let entry = Entry { at: self.at, by: Actor::Staff(officer), act: Act::Decided(decision) };
            breach::act(policy, ports, &id, 0, entry).await.unwrap();
            self.of.settle().await;
            let what = "a person found, told by mail and noted, with what the mail service says of it";
            self.of.counted("breach-notice", what, size, of);
        }
    }

    // ---- schedules

    /// A day on which nothing happens, after everything else has been looked at.
    async fn schedules(&mut self) {
        // What the events above have left to do.
        for _ in 0..2 {
            for function in ["clock-watch", "purge", "evidence-seal"] {
                self.tick(function).await;
                self.of.settle().await;
            }
        }
        for (event, function, what) in [
            ("tick-clock", "clock-watch", "a tick of clock-watch that finds nothing to do"),
            ("tick-purge", "purge", "a tick of purge with nothing due"),
            ("tick-seal", "evidence-seal", "a tick of evidence-seal with no chain to sign"),
        ] {
            self.of.count();
            self.tick(function).await;
            self.of.settle().await;
            self.of.counted(event, what, "alone", 1);
        }
        self.at += (25).hours();
        self.of.count();
        self.tick("evidence-seal").await;
        self.of.settle().await;
        let what = "the daily signature under one controller's chains of evidence";
        self.of.counted("checkpoint", what, "alone", CONTROLLERS.len());
    }

    // ---- what ends

    async fn removals(&mut self) {
        let now = std::mem::replace(&mut self.at, LONG_AGO.parse().unwrap());
        for (size, of) in [("alone", 100), ("together", 1_000)] {
            self.many_records(&format!("ttl-{size}"), "geolocation", of);
            self.of.settle().await;
            self.of.count();
            self.of.remove_by_ttl();
            self.of.settle().await;
            self.of.counted("purge-ttl", "a record that DynamoDB's TTL removes", size, of);
        }
        self.at = now;
    }

    async fn purges(&mut self) {
        // Whoever was told of the breach has records that end within a month.
        self.at += (24 * 40).hours();
        self.tick("purge").await;
        self.of.settle().await;
        // By the due index.
        for (size, of) in [("alone", FEW_DUE), ("together", MANY_DUE)] {
            self.many_records(&format!("due-{size}"), "geolocation", of);
            self.of.settle().await;
            self.at += (24 * 31).hours();
            self.of.count();
            self.tick("purge").await;
            self.of.settle().await;
            self.of.counted("purge-due", "a record that the hourly sweep of the due index deletes", size, of);
            let told = self.of.tick("purge", self.at + 1.minute()).await;
            assert_eq!(told["due"], 0, "{told}");
            self.of.settle().await;
        }
        // By its day's key.
        for (size, of) in [("alone", 100), ("together", 1_000)] {
            let entries: Vec<Value> =
                (0..of).map(|n| json!({ "ip_address": format!("203.0.{}.{}", n / 250, n % 250) })).collect();
            for some in entries.chunks(100) {
                self.next();
                let event = json!({
                    "type": "log", "occurred_at": self.at.to_string(), "category": "ip", "purpose": "ip.device-analytics",
                    "entries": some,
                });
                self.hand_in(vec![event]);
            }
            self.of.settle().await;
            self.at += (24 * 92).hours();
            self.of.count();
            let told = self.tick("purge").await;
            self.of.settle().await;
            assert_eq!(told["days"]["entries"], of, "{told}");
            self.of.counted("purge-day", "an entry of bulk logs whose day's key is destroyed", size, of);
        }
    }

    fn many_records(&mut self, who: &str, category: &str, of: usize) {
        for (n, first) in (0..of).step_by(RECORDS_A_MESSAGE).enumerate() {
            self.register(&format!("{who}-{n}"), category, "service-delivery", RECORDS_A_MESSAGE.min(of - first));
        }
    }
}

fn fields(category: &str) -> Value {
    match category {
        "geolocation" => json!({ "location": "45.19, 5.72", "precision": "city" }),
        "ip" => json!({ "ip_address": "203.0.113.7" }),
        "plugin-interaction" => json!({ "provider": "example", "like": "yes" }),
        _ => json!({ "name": "Name", "email": "person@example.com", "message": "When does it ship?" }),
    }
}
