//! What people and controllers are written: plain language, nothing in a subject line that a relay
//! may not read.

use domain::{
    breach::Breach,
    dsar::{Act, Ask, Complaint, ItemResult, Outcome, Received, RequestState, RequestType, Stop},
    ids::{Purpose, SubjectRef},
    notice::{NoticeChange, Significance},
    policy::Policy,
    sensitive::Sensitive,
};

use crate::{
    deadlines::{Deadline, DeadlineKind, Urgency},
    mail::Mail,
    requests::{self, RequestKey, StoredRequest},
};

mod passed_on;
mod reminder;

pub use passed_on::{Task, follow, task};
pub use reminder::reminder;

/// Tells the requester by when they are answered, and asks them to confirm that they asked.
pub fn acknowledgement(
    policy: &Policy,
    key: &RequestKey,
    state: &RequestState,
    to: Sensitive<String>,
    link: &str,
) -> Mail {
    // 11 CCR 7063(a): the person confirms that whoever asks has their permission.
    let acting = state.received.acting.as_ref();
    let acting = acting.map(|acting| format!("It was made for you by your {}.\n\n", acting.role)).unwrap_or_default();
    Mail {
        to,
        subject: format!("{}: your privacy request", policy.name),
        text: format!(
            "{} received your request ({}) on {} and will answer it by {} at the latest ({}).\n\n{acting}\
             Please confirm that this request is yours by opening this page:\n\n{link}\n\n\
             If you did not ask for this, do nothing: without your confirmation nothing happens.\n\n\
             Your request's number is {}.\n",
            policy.name,
            state.received.request,
            day(policy, state.received.at),
            last_day(policy, state),
            state.received.due_by_law,
            key.request
        ),
        tag: format!("request-{}-ack", key.request),
        unsubscribe: None,
    }
}

/// Tells the requester how the request ended.
pub fn answer(
    policy: &Policy,
    key: &RequestKey,
    stored: &StoredRequest,
    outcome: &Outcome,
    to: Sensitive<String>,
    export_link: Option<&str>,
) -> Mail {
    let received = &stored.state.received;
    let body = match outcome {
        Outcome::Refused(refusal, clause) => {
            let offer = refusal.offer.map_or_else(String::new, |offer| {
                format!("\n\nInstead you can make this request: {offer}. Answer this mail or use the same form.")
            });
            format!("We cannot do this: {} (our privacy policy, {clause}).{offer}", refusal.text)
        }
        Outcome::NotVerified => {
            "What you gave us to verify who you are did not match what we hold, so we cannot act on \
                                 this request. You can make it again with other details."
                .to_owned()
        }
        Outcome::Exported { .. } => {
            let what = match received.request {
                RequestType::Information => "What our policy says about the use of data",
                RequestType::KnowCategories => "The list of what we hold about you, without its content,",
                _ => "The copy of your data",
            };
            let link = export_link.unwrap_or_default();
            format!(
                "{what} stands ready here:\n\n{link}\n\nAs a table (CSV):\n\n{link}&format=csv\n\n\
                 The links work for seven days."
            )
        }
        Outcome::Erased(items) => {
            let lines = items.iter().map(|item| match &item.result {
                ItemResult::Erased { evidence } => format!("- {}: erased (evidence {evidence})", item.category),
                ItemResult::Kept { reason, article, .. } => {
                    format!("- {}: kept. {reason} ({article})", item.category)
                }
                ItemResult::Held => format!("- {}: kept for now under a legal hold (GDPR Art. 17(3))", item.category),
            });
            let list = lines.collect::<Vec<_>>().join("\n");
            if list.is_empty() { "We hold no data to erase under this address.".to_owned() } else { list }
        }
        Outcome::Withdrawn(_) => {
            "Your consent is withdrawn. What was done until now stays lawful; nothing more is done on it.".to_owned()
        }
        Outcome::Stopped(stop) => stopped(policy, received, stop),
        Outcome::Recorded => {
            "Your instructions are kept as you gave them. A later request changes or revokes them.".to_owned()
        }
        Outcome::WithOffice => "Your request is with our privacy office, which will write to you.".to_owned(),
        Outcome::Granted => "We have done what you asked for.".to_owned(),
        Outcome::Corrected(fields) => {
            let fields = fields.iter().map(|field| format!("- {field}")).collect::<Vec<_>>().join("\n");
            format!("We have corrected what we hold about you:\n\n{fields}")
        }
        Outcome::RefusedByOffice(ground) => {
            format!("We cannot do this: {} ({}).", ground.as_str(), ground.article())
        }
    };
    Mail {
        to,
        subject: format!("{}: your privacy request", policy.name),
        // GDPR Art. 12(4): whoever is refused anything is told where to complain.
        text: format!(
            "{body}\n\n{} Questions: {}.\n\nYour request's number is {}.\n",
            Complaint::of(policy).in_words(),
            policy.contact_mail,
            key.request
        ),
        tag: format!("request-{}-answer", key.request),
        unsubscribe: None,
    }
}

/// Whether the requester is written to when this happens.
pub const fn tells_of(act: &Act) -> bool {
    matches!(
        act,
        Act::Asked(_) | Act::Extended(_) | Act::Withdrawn | Act::Stopped | Act::Merged(_) | Act::Lapsed
    )
}

/// Tells the requester of one entry of the request's history; `None` for what they are not written to about.
pub fn of_entry(
    policy: &Policy,
    key: &RequestKey,
    stored: &StoredRequest,
    number: u32,
    to: Sensitive<String>,
    link: &str,
) -> Option<Mail> {
    let entry = stored.state.history.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
    // The office's own words, disclosed to the letter only.
    let words = stored.texts.get(&number).map(|text| format!("{}\n\n", text.disclose())).unwrap_or_default();
    let body = match &entry.act {
        Act::Asked(Ask::Identity) => {
            format!("We need to know that it is you who asks.\n\n{words}Please answer here:\n\n{link}")
        }
        Act::Asked(Ask::Clarification) => {
            format!("We need to know more exactly what you ask for.\n\n{words}Please answer here:\n\n{link}")
        }
        Act::Extended(ground) => format!(
            "Our answer takes longer ({}): you will have it by {}.\n\n{words}",
            ground.as_str(),
            requests::head_of(policy, &stored.state).due_at,
        ),
        Act::Withdrawn => "You have taken your request back, and we have stopped working on it.".to_owned(),
        Act::Stopped => format!("We have stopped working on your request.\n\n{words}"),
        Act::Merged(into) => format!("You asked for the same before: that answer (number {into}) is for both."),
        Act::Lapsed => "Nobody confirmed this request in time, so we have closed it.".to_owned(),
        _ => return None,
    };
    Some(Mail {
        to,
        subject: format!("{}: your privacy request", policy.name),
        text: format!(
            "{body}\n\n{} Questions: {}.\n\nYour request's number is {}.\n",
            Complaint::of(policy).in_words(),
            policy.contact_mail,
            key.request
        ),
        tag: format!("request-{}-e{number}", key.request),
        unsubscribe: None,
    })
}

/// What a person is told of an objection or an opt-out. It depends on the policy and the request alone.
fn stopped(policy: &Policy, received: &Received, stop: &Stop) -> String {
    let titles =
        stop.purposes.iter().filter_map(|purpose| policy.purposes.get(purpose)).map(|rule| rule.title.as_str());
    let titles = titles.map(|title| format!("- {title}")).collect::<Vec<_>>().join("\n");
    let what = if titles.is_empty() {
        format!(
            "We use data for nothing that a request of this kind ({}) ends. It is kept, and binds us should that change.",
            received.request
        )
    } else {
        format!("From now on we do not use your data for this:\n\n{titles}")
    };
    if stop.with_office {
        format!("{what}\n\nOur privacy office looks at your request and will write to you. Until then this stands.")
    } else {
        what
    }
}

/// Tells a person of a breach (GDPR Art. 34(2): what happened, what may follow, what to do, whom to
/// ask).
pub fn breach(policy: &Policy, breach: &Breach, subject: &SubjectRef, to: Sensitive<String>) -> Mail {
    let kinds = breach.categories.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let what = if breach.attempt_only { "Somebody tried to reach" } else { "Somebody may have reached" };
    Mail {
        to,
        subject: format!("{}: about the security of your data", policy.name),
        text: format!(
            "{what} data that {} keeps about you.\n\nWhat happened: {}\n\nKinds of data: {kinds}.\nBetween {} and {}.\n\n\
             What you can do: {}\n\nAsk us: {}.\n",
            policy.name,
            breach.description,
            day(policy, breach.exposed_from),
            day(policy, breach.exposed_to),
            breach.advice,
            policy.contact_mail,
        ),
        tag: format!("breach-{}-{}", breach.id, subject.as_str().replace('.', "-")),
        unsubscribe: None,
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
        to,
        subject: format!("{}: a change of our privacy notice", policy.name),
        text,
        tag: tag(&format!("change-{}-{subject}", change.id)),
        unsubscribe: None,
    }
}

/// The mail service takes letters, digits, dashes and underscores in a tag.
fn tag(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

/// Warns a controller of a deadline.
pub fn deadline(contact: String, deadline: &Deadline, urgency: Urgency) -> Mail {
    let what = match deadline.kind {
        DeadlineKind::Request => "the answer to a data subject's request",
        DeadlineKind::Breach => "the notification of a breach to the authority",
        DeadlineKind::Attestation => "the renewal of an attestation",
    };
    let word = match urgency {
        Urgency::AtRisk => "is due soon",
        Urgency::Missed => "is overdue",
    };
    Mail {
        to: Sensitive::new(contact),
        subject: format!("{}: {what} {word}", deadline.controller),
        text: format!("{what} {word}.\n\nNumber: {}\nDue before: {}\n", deadline.id, deadline.due_at),
        tag: tag(&format!("deadline-{}-{}-{}", deadline.kind.as_str(), deadline.id, urgency.as_str())),
        unsubscribe: None,
    }
}

/// A day in the law's zone.
pub(crate) fn day(policy: &Policy, at: jiff::Timestamp) -> String {
    at.to_zoned(policy.time_zone.clone()).date().to_string()
}

/// The last day on which an answer is in time.
pub fn last_day(policy: &Policy, state: &RequestState) -> String {
    // The deadline is the first instant that is late: a nanosecond before it is still in time.
    let last =
        state.received.due_at.saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(state.received.due_at);
    day(policy, last)
}
