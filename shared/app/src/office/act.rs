//! What somebody of the office does to a request: checked against where it stands, and written once.

use domain::{
    dsar::{
        self, Act, Action, Actor, Ask, Entry, ExtensionRefused, MergeRefused, RequestType, Ruling, RulingRefused,
        TaskEnd, TransitionRefused, VerifiedBy,
    },
    ids::RequestId,
    policy::Policy,
    sensitive::Sensitive,
};

use super::{Clerk, merge};
use crate::{
    error::PortError,
    requests::{self, RequestKey, RequestLog, StoredRequest},
};

/// An action on a request as somebody has seen it.
#[derive(Debug)]
pub struct Doing {
    /// What.
    pub action: Action,
    /// What is written with it.
    pub text: Option<Sensitive<String>>,
    /// How many entries the request had when they looked.
    pub version: u32,
    /// Who, and when.
    pub by: Clerk,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// It has gone on since they looked; it has so many entries now.
    #[error("the request has gone on: it has {0} entries now")]
    Stale(u32),
    /// It cannot happen now.
    #[error(transparent)]
    Refused(#[from] TransitionRefused),
    /// The ruling is none for such a request.
    #[error(transparent)]
    Ruling(#[from] RulingRefused),
    /// No proof may be asked for a request of that type.
    #[error("no proof of identity may be asked for a request of type {0} (11 CCR 7060(b); GDPR Art. 12(6))")]
    NoProofNeeded(RequestType),
    /// An approval of it says nothing unless somebody writes the answer.
    #[error("the answer to a request of type {0} is what the office writes")]
    WordsNeeded(RequestType),
    /// An extension that is told now is worth nothing: it says which deadline was missed.
    #[error(transparent)]
    Extension(#[from] ExtensionRefused),
    /// There is no request of the number it shall be merged into.
    #[error("there is no request of that number to answer it with")]
    UnknownOther,
    /// It cannot be answered with the other.
    #[error(transparent)]
    Merge(#[from] MergeRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Does it, unless the request has gone on since they looked: two clerks never overwrite each other. The
/// same again, after an answer that was lost, finds it done.
///
/// # Errors
/// [`ActError`]; nothing is written then.
pub async fn act<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    doing: Doing,
) -> Result<(RequestKey, StoredRequest), ActError> {
    let key = super::locate(policy, ports, request).await?.ok_or(ActError::Unknown)?;
    let mut stored = ports.request(&key).await?.ok_or(ActError::Unknown)?;
    let entry =
        Entry { at: doing.by.at, by: Actor::Staff(doing.by.id.clone()), act: act_of(policy, &stored, &doing.action) };
    if stored.state.version() != doing.version {
        return done_before(key, stored, &doing, &entry);
    }
    let other = check(policy, ports, (&key, &stored), &doing).await?;
    let state = stored.state.after(entry.clone())?;
    let (number, head) = (state.version(), requests::head_of(policy, &state));
    let written = match &other {
        Some((other, version)) => ports.append_beside(&key, number, &entry, &head, (other, *version)).await?,
        None => ports.append(&key, number, &entry, doing.text.as_ref(), &head).await?,
    };
    if !written {
        let stored = ports.request(&key).await?.ok_or(ActError::Unknown)?;
        return done_before(key, stored, &doing, &entry);
    }
    stored.state = state;
    stored.texts.extend(doing.text.map(|text| (number, text)));
    Ok((key, stored))
}

/// The entry that an action makes.
fn act_of(policy: &Policy, stored: &StoredRequest, action: &Action) -> Act {
    match action {
        Action::Claim => Act::Claimed,
        Action::Release => Act::Released,
        Action::HandOver(to) => Act::HandedOver(to.clone()),
        Action::Ask(ask) => Act::Asked(*ask),
        Action::RecordReply(ask) => Act::Replied(*ask),
        Action::VerifyIdentity => Act::Verified(VerifiedBy::Office),
        Action::Note => Act::Noted,
        Action::Extend(ground) => Act::Extended(*ground),
        Action::ChangeRegimes(regimes) => Act::RegimesChanged(regimes.clone()),
        Action::Decide(ruling) if policy.office.four_eyes.contains(&stored.state.received.request) => {
            Act::Proposed(ruling.clone())
        }
        Action::Decide(ruling) => Act::Ruled(ruling.clone()),
        Action::Approve => Act::Approved,
        Action::SendBack => Act::SentBack,
        Action::Merge(into) => Act::Merged(into.clone()),
        Action::Stop => Act::Stopped,
        Action::GiveUpTask(system) => Act::TaskEnded(system.clone(), TaskEnd::GivenUp),
    }
}

/// Whether the very next entry after what they saw is theirs and says the same: a retry.
fn done_before(
    key: RequestKey,
    stored: StoredRequest,
    doing: &Doing,
    entry: &Entry,
) -> Result<(RequestKey, StoredRequest), ActError> {
    let next = usize::try_from(doing.version).ok().and_then(|seen| stored.state.history.get(seen));
    let is_same = next.is_some_and(|next| next.by == entry.by && next.act == entry.act)
        && stored.texts.get(&doing.version.saturating_add(1)) == doing.text.as_ref();
    if is_same { Ok((key, stored)) } else { Err(ActError::Stale(stored.state.version())) }
}

/// What the course of a request does not know: the policy, the clock, and the other request of a merger,
/// which is answered with how many entries it has.
async fn check<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    (key, stored): (&RequestKey, &StoredRequest),
    doing: &Doing,
) -> Result<Option<(RequestId, u32)>, ActError> {
    let request = stored.state.received.request;
    match &doing.action {
        Action::Ask(Ask::Identity) if request.needs_no_verification() => Err(ActError::NoProofNeeded(request)),
        // One that was extended before is refused by its course.
        Action::Extend(_) if stored.state.extended_at().is_none() => {
            dsar::check_extension(policy, &stored.state, doing.by.at)?;
            Ok(None)
        }
        Action::Decide(ruling) => {
            dsar::check_ruling(policy, request, ruling)?;
            let approves = matches!(ruling, Ruling::Approve { .. });
            let is_answered_in_words = matches!(request, RequestType::Complaint | RequestType::Appeal);
            if approves && is_answered_in_words && doing.text.is_none() {
                return Err(ActError::WordsNeeded(request));
            }
            Ok(None)
        }
        Action::Merge(into) => {
            let version = merge::check(policy, ports, (key, stored), into).await?;
            Ok(Some((into.clone(), version)))
        }
        _ => Ok(None),
    }
}
