//! What becomes of mail: the mail service's events settle sends in doubt, and show what came back.

use domain::{
    announcement::{Announcement, Notice, NoticeState},
    ids::{RequestId, SubjectRef},
    mail::{MailFailure, MailFate},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    announce::Announcements,
    error::PortError,
    mail::MailTag,
    requests::{self, RecordError, RequestKey, RequestLog},
};

/// What a mail about a request is called that goes to the office.
const OFFICE: &str = "office";

/// What an event led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It said nothing new: a repetition, or a mail of something that is no more.
    Known,
    /// The mail went out; nobody sends it again.
    Sent,
    /// The mail failed, and that is now known.
    Failed {
        /// How.
        failure: MailFailure,
        /// Whether it was for the office: nobody reads there what should be read.
        is_for_office: bool,
    },
}

/// Takes what the mail service says about a mail. Events come late, twice and in any order: each leaves
/// what is true whichever comes first.
///
/// # Errors
/// [`RecordError`]; taking the event again goes on where it stopped.
pub async fn settle<P: RequestLog + Announcements>(
    policy: &Policy,
    ports: &P,
    tag: &MailTag,
    fate: MailFate,
    at: Timestamp,
) -> Result<Settled, RecordError> {
    match tag {
        MailTag::Request { request, letter } => settle_letter(policy, ports, request, letter, fate, at).await,
        MailTag::Notice { of, subject } => Ok(settle_notice(policy, ports, (of, subject), fate, at).await?),
        MailTag::Deadline => Ok(uncounted(fate, true)),
        MailTag::Capture => Ok(uncounted(fate, false)),
    }
}

/// A mail that no record of ours waits for.
const fn uncounted(fate: MailFate, is_for_office: bool) -> Settled {
    match fate {
        MailFate::Taken => Settled::Known,
        MailFate::Failed { failure, .. } => Settled::Failed { failure, is_for_office },
    }
}

async fn settle_letter<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    letter: &str,
    fate: MailFate,
    at: Timestamp,
) -> Result<Settled, RecordError> {
    let controller = &policy.controller;
    let Some(subject) = ports.locate(controller, request).await? else { return Ok(Settled::Known) };
    let key = RequestKey { controller: controller.clone(), subject, request: request.clone() };
    // Failed or not, the mail service had it: sending it again would tell nobody more.
    match ports.confirm_mail(&key, &MailTag::claim_of(letter), at).await {
        // Nobody claims a mail of that name. What came back is shown all the same.
        Ok(()) | Err(PortError::Corrupt { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let MailFate::Failed { failure, .. } = fate else { return Ok(Settled::Sent) };
    let is_new = requests::note_failed_mail(policy, ports, &key, letter, failure, at).await?;
    Ok(if is_new { Settled::Failed { failure, is_for_office: letter == OFFICE } } else { Settled::Known })
}

async fn settle_notice<P: Announcements>(
    policy: &Policy,
    ports: &P,
    (of, subject): (&Announcement, &SubjectRef),
    fate: MailFate,
    at: Timestamp,
) -> Result<Settled, PortError> {
    // GDPR Art. 34(3)(c): whom no mail reaches, a public communication tells. Whoever was not reached
    // stays so: a delivery that is heard of afterwards is that of an earlier attempt at the same mailbox. One that is
    // planned was sent all the same: another send was begun while this one was in doubt, and given back.
    let (state, from): (_, &[NoticeState]) = match fate {
        MailFate::Failed { is_undelivered: true, .. } => {
            (NoticeState::NotReached, &[NoticeState::Planned, NoticeState::Claimed, NoticeState::Sent])
        }
        MailFate::Taken | MailFate::Failed { .. } => (NoticeState::Sent, &[NoticeState::Planned, NoticeState::Claimed]),
    };
    let notice = Notice { of: of.clone(), subject: subject.clone(), state };
    let before = ports.move_notice(&policy.controller, &notice, from, at).await?;
    Ok(match (fate, before) {
        (_, None) => Settled::Known,
        (MailFate::Taken, Some(before)) if from.contains(&before) => Settled::Sent,
        (MailFate::Taken, Some(_)) => Settled::Known,
        // A complaint leaves no trace in the notice, so it is counted as often as it is told.
        (MailFate::Failed { failure, is_undelivered }, Some(before)) => {
            if is_undelivered && !from.contains(&before) {
                Settled::Known
            } else {
                Settled::Failed { failure, is_for_office: false }
            }
        }
    })
}
