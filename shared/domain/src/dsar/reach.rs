//! Whether a requester can still be reached by mail, from what became of the mails about a request.

use jiff::Timestamp;

use super::{Act, RequestState};
use crate::mail::MailFailure;

/// What the mails about a request are called that go to others than the requester: to the office, and
/// to a recipient of data (GDPR Art. 19).
const TO_OTHERS: [&str; 2] = ["office", "follow-"];

/// Whether a mail about a request goes to the requester, by the name that its tag ends in.
pub fn is_to_requester(mail: &str) -> bool {
    !TO_OTHERS.iter().any(|name| mail.starts_with(name))
}

impl RequestState {
    /// The mails about it that failed, in the order in which that was heard: when, which, how.
    pub fn failed_mails(&self) -> impl Iterator<Item = (Timestamp, &str, MailFailure)> {
        self.history.iter().filter_map(|entry| match &entry.act {
            Act::MailFailed { mail, why } => Some((entry.at, mail.as_str(), MailFailure::parse(why)?)),
            _ => None,
        })
    }

    /// Since when, and why, no mail goes to the requester any more. The office has to reach them in
    /// another way: what they are owed, they are still owed.
    pub fn unreachable_by_mail(&self) -> Option<(Timestamp, MailFailure)> {
        self.failed_mails()
            .find(|(_, mail, failure)| failure.ends_mail() && is_to_requester(mail))
            .map(|(at, _, failure)| (at, failure))
    }
}
