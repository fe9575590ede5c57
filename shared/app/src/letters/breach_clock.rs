//! What the office is reminded of about a breach: its number and its clocks, and nothing about anybody concerned.

use domain::{
    breach::{Clock, Incident, Missing, Reminder, Watched},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::mail::{Mail, tag_value};

/// Reminds somebody of the controller of a breach; `name` is the name under which it is sent once.
pub fn breach_reminder(
    policy: &Policy,
    incident: &Incident,
    reminder: &Reminder,
    (to, name): (String, &str),
    at: Timestamp,
) -> Mail {
    let about = about(reminder);
    let mut text = format!("{}.\n\nNumber: {}\n", about.what, incident.breach.id);
    if let Some(clock) = about.clock {
        text.push_str(&lines(policy, clock, at));
    }
    if !about.list.is_empty() {
        text.push_str(&format!("\n- {}\n", about.list.join("\n- ")));
    }
    text.push_str(&format!("\n{}\n", about.advice));
    Mail {
        controller: policy.controller.clone(),
        to: Sensitive::new(to),
        subject: format!("{}: a breach, {}", policy.controller, about.what),
        text,
        tag: tag_value(&format!("deadline-breach-{name}")),
        unsubscribe: None,
    }
}

struct About<'a> {
    what: String,
    clock: Option<&'a Clock>,
    list: Vec<String>,
    advice: &'static str,
}

fn about(reminder: &Reminder) -> About<'_> {
    let plain = |what: &str, list, advice| About { what: what.to_owned(), clock: None, list, advice };
    match &reminder.about {
        Watched::Share(percent, clock) => About {
            what: format!("{percent} % of the time to {} is gone", clock.duty),
            clock: Some(clock),
            list: Vec::new(),
            advice: "Do it and record it, or decide with a reason that nobody is told. What is not known yet may follow \
                     in phases (GDPR Art. 33(4)).",
        },
        Watched::Missed(days, clock) => About {
            what: match days {
                0 => format!("the time to {} is up", clock.duty),
                1 => format!("the time to {} has been up for a day", clock.duty),
                days => format!("the time to {} has been up for {days} days", clock.duty),
            },
            clock: Some(clock),
            list: Vec::new(),
            advice: "Do it now, and say why it is late (GDPR Art. 33(1)). This mail comes every day until it is done.",
        },
        Watched::Unsettled(missing) => {
            let words = missing.iter().map(|missing| match missing {
                Missing::Anchor => "when it was known: no clock runs before that is stated",
                Missing::Assessment => "an assessment of the risk",
                Missing::Decision => "a decision about who is told",
            });
            plain(
                "something is missing",
                words.map(str::to_owned).collect(),
                "Record it with what is known; it can be changed later. This mail comes every day until it is there.",
            )
        }
        Watched::Investigation => plain(
            "people wait to be told while the police investigate",
            Vec::new(),
            "Do they still ask to wait? Note that they do, or decide that people are told (Cal. Civ. Code 1798.82(c)).",
        ),
        Watched::Idle(waiting) => {
            let waits = |clock: &Clock| format!("{} ({}) waits for {}", clock.duty, clock.article, clock.anchor);
            plain(
                "nothing runs any more",
                waiting.iter().map(waits).collect(),
                "State what the clocks wait for, or close it with a reason. This mail comes every week until then.",
            )
        }
        Watched::Lesson(number) => About {
            what: format!("lesson {number} is to be looked at"),
            clock: None,
            list: Vec::new(),
            advice: "Was it put into practice? Record what came of it. This mail comes every week until then.",
        },
    }
}

fn lines(policy: &Policy, clock: &Clock, at: Timestamp) -> String {
    let law = clock.law.map_or("the policy's own promise", domain::clock::Law::title);
    let local = |at: Timestamp| at.to_zoned(policy.time_zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string();
    let mut text = format!("By: {law} ({})\nTo do: {}\n", clock.article, clock.duty);
    if let Some(from) = clock.from {
        text.push_str(&format!("Counted from: {}, {}\n", clock.anchor, local(from)));
    }
    if let Some(due) = clock.due {
        let left = due.duration_since(at);
        let hours = left.as_hours().abs();
        let word = if left.is_positive() { "left" } else { "late" };
        text.push_str(&format!("Due before: {} ({} days and {} hours {word})\n", local(due), hours / 24, hours % 24));
    }
    if let Some(words) = clock.words {
        text.push_str(&format!("The law's words: {words}; the number is our own target\n"));
    }
    text
}
