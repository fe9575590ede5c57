//! What people and controllers are written: plain language, nothing in a subject line that a relay
//! may not read. A requester, and whoever is told of a breach, reads their own language; the office reads English.

use domain::{
    dsar::{self, Act, Outcome, RequestState},
    ids::{Purpose, SubjectRef},
    notice::{NoticeChange, Significance},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::{
    deadlines::{Deadline, DeadlineKind, Urgency},
    mail::{Mail, tag_value},
    requests::{RequestKey, StoredRequest},
};

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod breach;
mod breach_clock;
mod passed_on;
mod proof;
pub mod request;
mod signal;
mod sources;
pub(crate) mod texts;

mod reminder;

pub use breach::breach;
pub use breach_clock::breach_reminder;
pub use passed_on::{Task, follow, task};
pub use proof::{code, say_categories_instead};
pub use reminder::reminder;
pub use request::{About, Confirm, Question};
pub use signal::{signal, signals};

/// Tells the requester what was received, by when they are answered, and asks them to confirm that they
/// asked.
pub fn acknowledgement(
    policy: &Policy,
    key: &RequestKey,
    state: &RequestState,
    to: &Sensitive<String>,
    confirm: Option<&Confirm<'_>>,
    status_link: Option<&str>,
) -> Mail {
    let due = dsar::due_of(policy, state);
    let about = About { policy, request: &key.request, state, due: &due, to, letter: "ack" };
    request::acknowledgement(&about, status_link, confirm)
}

/// Tells the requester how the request ended, or what was done of it so far.
pub fn answer(
    policy: &Policy,
    key: &RequestKey,
    stored: &StoredRequest,
    outcome: &Outcome,
    to: &Sensitive<String>,
    link: Option<&str>,
) -> Mail {
    let due = dsar::due_of(policy, &stored.state);
    let about = About { policy, request: &key.request, state: &stored.state, due: &due, to, letter: "answer" };
    request::answer(&about, outcome, words_of_the_ruling(stored), link)
}

/// What the office wrote to the person with the ruling that is in force.
fn words_of_the_ruling(stored: &StoredRequest) -> Option<&Sensitive<String>> {
    let (mut proposed, mut ruled) = (None, None);
    for (number, entry) in (1..).zip(&stored.state.history) {
        match entry.act {
            Act::Proposed(_) => proposed = stored.texts.get(&number),
            // The second person approves the words with the ruling.
            Act::Approved => ruled = proposed,
            Act::Ruled(_) => ruled = stored.texts.get(&number),
            _ => {}
        }
    }
    ruled
}

/// Whether the requester is written to when this happens.
pub const fn tells_of(act: &Act) -> bool {
    matches!(act, Act::Asked(_) | Act::Extended(_) | Act::Withdrawn | Act::Stopped | Act::Merged(_) | Act::Lapsed)
}

/// Tells the requester of one entry of the request's history; `None` for what they are not written to about.
///
/// It is written from the request as it stood with that entry, so that a letter sent again says the same.
/// `link` is where a question is answered, until `until`.
pub fn of_entry(
    policy: &Policy,
    key: &RequestKey,
    stored: &StoredRequest,
    number: u32,
    to: &Sensitive<String>,
    (link, until): (&str, Timestamp),
) -> Option<Mail> {
    let position = usize::try_from(number).ok()?.checked_sub(1)?;
    let history = &stored.state.history;
    let entry = history.get(position)?;
    let state = RequestState::fold(stored.state.received.clone(), history.iter().take(position + 1).cloned());
    let due = dsar::due_of(policy, &state);
    let (words, letter) = (stored.texts.get(&number), format!("e{number}"));
    let about = About { policy, request: &key.request, state: &state, due: &due, to, letter: &letter };
    match entry.act {
        Act::Asked(ask) => {
            Some(request::question(&about, &Question { ask, words, link: Some(link), until: Some(until) }))
        }
        Act::Extended(ground) => {
            let before = RequestState::fold(state.received.clone(), history.iter().take(position).cloned());
            Some(request::extension(&about, ground, dsar::due_of(policy, &before).last_day, words))
        }
        _ => request::ended(&about, words),
    }
}

/// Tells a person of a change of the notice, before it counts (GDPR Art. 13(3)): what changes, from
/// when, and what they can do.
pub fn notice_change(policy: &Policy, change: &NoticeChange, subject: &SubjectRef, to: Sensitive<String>) -> Mail {
    let what = match change.significance {
        Significance::Ownership => format!("{} has a new owner, and our privacy notice changes", policy.name),
        Significance::Editorial | Significance::Significant => format!("{} changes its privacy notice", policy.name),
    };
    let mut text = format!(
        "{what}.\n\nWhat changes: {}\n\nFrom {} on the version {} counts. Read it in full:\n\n{}\n",
        change.summary,
        day(policy, change.effective_at),
        change.notice.version,
        change.url,
    );
    let titles = |purposes: &std::collections::BTreeSet<Purpose>| {
        let title =
            |purpose| policy.purposes.get(purpose).map_or_else(|| purpose.to_string(), |rule| rule.title.clone());
        purposes.iter().map(|purpose| format!("- {}\n", title(purpose))).collect::<String>()
    };
    if !change.new_purposes.is_empty() {
        text.push_str(&format!("\nFrom then on we use data for this as well:\n\n{}", titles(&change.new_purposes)));
    }
    if !change.new_recipients.is_empty() {
        let title = |id| policy.recipients.get(id).map_or_else(|| ToString::to_string(id), |rule| rule.title.clone());
        let names: String = change.new_recipients.iter().map(|id| format!("- {}\n", title(id))).collect();
        text.push_str(&format!("\nFrom then on these get data as well:\n\n{names}"));
    }
    if !change.ask_again.is_empty() {
        text.push_str(&format!(
            "\nIf you agreed to this, your consent ends then, unless you agree again:\n\n{}",
            titles(&change.ask_again)
        ));
    }
    text.push_str(&format!(
        "\nWhat you can do: take back a consent, object, or ask us for your data or for its erasure. Write to {}.\n",
        policy.contact_mail
    ));
    Mail {
        controller: policy.controller.clone(),
        to,
        subject: format!("{}: a change of our privacy notice", policy.name),
        text,
        tag: tag_value(&format!("change-{}-{subject}", change.id)),
        unsubscribe: None,
    }
}

/// Warns a controller of a deadline, under the name by which this warning is claimed.
pub fn deadline(contact: String, deadline: &Deadline, urgency: Urgency, claimed: &str) -> Mail {
    let what = match deadline.kind {
        DeadlineKind::Request => "the answer to a data subject's request",
        DeadlineKind::Breach => "a duty of a breach",
        DeadlineKind::Attestation => "the renewal of an attestation",
        DeadlineKind::Hold => "the review of a legal hold",
        DeadlineKind::Signals => "the decision on signals of detectors",
    };
    let word = match urgency {
        Urgency::AtRisk => "is due soon",
        Urgency::Missed => "is overdue",
    };
    Mail {
        controller: deadline.controller.clone(),
        to: Sensitive::new(contact),
        subject: format!("{}: {what} {word}", deadline.controller),
        text: format!("{what} {word}.\n\nNumber: {}\nDue before: {}\n", deadline.id, deadline.due_at),
        tag: tag_value(&format!("deadline-{}-{claimed}-{}", deadline.kind.as_str(), urgency.as_str())),
        unsubscribe: None,
    }
}

/// A day in the law's zone.
pub(crate) fn day(policy: &Policy, at: jiff::Timestamp) -> String {
    at.to_zoned(policy.time_zone.clone()).date().to_string()
}
