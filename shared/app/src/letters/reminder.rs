//! What the office is reminded of: a number, and nothing about the person. Who is meant is looked up by those who may.

use domain::{
    dsar::{AnswerDue, Reminder, RequestState},
    ids::StaffId,
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use super::day;
use crate::{
    mail::{Mail, tag_value},
    requests::RequestKey,
};

/// Reminds somebody of the controller of a request that is open; `name` is the name under which it is sent once.
pub fn reminder(
    policy: &Policy,
    key: &RequestKey,
    (state, due): (&RequestState, &AnswerDue),
    reminder: Reminder,
    (to, name): (String, &str),
    at: Timestamp,
) -> Mail {
    let what = match reminder {
        Reminder::Share(percent) => format!("{percent} % of the time for an answer is gone"),
        Reminder::Overdue { .. } => "the answer is overdue".to_owned(),
        Reminder::Unanswered { .. } => "the requester has not answered your question".to_owned(),
        Reminder::Review => "a restriction is to be reviewed".to_owned(),
    };
    let advice = match reminder {
        Reminder::Share(_) => {
            "Decide it, or extend it and tell the person why before the time is up (GDPR Art. 12(3))."
        }
        Reminder::Overdue { .. } => {
            "Decide it now, and tell your data protection officer. This mail comes every day until it is decided."
        }
        Reminder::Unanswered { .. } => {
            "Ask again, decide it with what you have, or refuse it on a ground that the law names."
        }
        Reminder::Review => "Does what it waits for still stand? Decide it, or leave it and look again (GDPR Art. 18).",
    };
    let assignee = state.assignee().map_or("nobody yet", StaffId::as_str);
    Mail {
        controller: policy.controller.clone(),
        to: Sensitive::new(to),
        subject: format!("{}: a privacy request, {what}", policy.controller),
        text: format!(
            "{what}.\n\nNumber: {}\nType: {}\nStands at: {}\nTaken on by: {assignee}\nReceived: {}\nTime gone: {}\n\
             Last day for the answer: {} ({})\n\n{advice}\n",
            key.request,
            state.received.request,
            state.stage().as_str(),
            day(policy, state.received.at),
            gone(state, due, at),
            last_day(due),
            due.law,
        ),
        // As a deadline's and not as a letter about the request: when it comes back, it is the office that is not
        // reached, and not the requester.
        tag: tag_value(&format!("deadline-request-{}-{name}", key.request)),
        unsubscribe: None,
    }
}

fn last_day(due: &AnswerDue) -> String {
    if due.stands {
        format!("the clock stands until the requester answers, and not before {}", due.last_day)
    } else {
        due.last_day.to_string()
    }
}

/// How much of the time is gone, in words.
fn gone(state: &RequestState, due: &AnswerDue, at: Timestamp) -> String {
    let (whole, passed) = (due.at.duration_since(state.received.at), at.duration_since(state.received.at));
    let late = at.duration_since(due.at);
    match late.as_hours() {
        hours if late.is_positive() => format!("all of it, {} days and {} hours ago", hours / 24, hours % 24),
        _ => format!("{} %", passed.as_secs().saturating_mul(100).checked_div(whole.as_secs()).unwrap_or(100)),
    }
}
