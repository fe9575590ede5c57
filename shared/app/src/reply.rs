//! What a requester answers to the office's question.

use domain::{
    dsar::{Act, ActKind, Actor, Ask, RequestState},
    ids::RequestId,
    policy::Policy,
    sensitive::Sensitive,
    token::Scope,
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    keys::Keys,
    requests::{self, NewEntry, RecordError, RequestError, RequestLog, StoredRequest},
};

/// Why no answer was taken.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The token opens nothing here, or there is nothing.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The office has asked nothing that is still open: each question is answered once.
    #[error("nothing is asked of you, or it is answered already")]
    NothingAsked,
}

impl From<PortError> for ReplyError {
    fn from(error: PortError) -> Self {
        Self::Request(error.into())
    }
}

/// What the office asks now, for who holds the token of the mail that asked it.
///
/// # Errors
/// [`ReplyError`].
pub async fn question<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    now: Timestamp,
) -> Result<(Ask, StoredRequest), ReplyError> {
    let (key, _) = requests::open(policy, ports, request, token, &[Scope::Verification], now).await?;
    let stored = ports.request(&key).await?.ok_or(RequestError::Unknown)?;
    let asked = stored.state.asked().filter(|_| stored.state.stage().is_open());
    let (ask, _) = asked.ok_or(ReplyError::NothingAsked)?;
    Ok((ask, stored))
}

/// Takes the answer. One about identity proves nothing by itself: the office looks at it.
///
/// # Errors
/// [`ReplyError`].
pub async fn reply<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    text: Sensitive<String>,
    now: Timestamp,
) -> Result<RequestState, ReplyError> {
    let (key, _) = requests::open(policy, ports, request, token, &[Scope::Verification], now).await?;
    let mut is_taken = false;
    let replied = requests::record(policy, ports, &key, |stored| {
        let asked = stored.state.asked().filter(|_| stored.state.stage().is_open());
        // A button that was pressed twice has sent it twice.
        is_taken = asked.is_some() || stored.text_of(ActKind::Replied) == Some(&text);
        let (ask, _) = asked?;
        Some(NewEntry { text: Some(text.clone()), ..NewEntry::new(now, Actor::Requester, Act::Replied(ask)) })
    });
    match replied.await {
        Ok(stored) if is_taken => Ok(stored.state),
        Ok(_) | Err(RecordError::Refused(_)) => Err(ReplyError::NothingAsked),
        Err(RecordError::Unknown) => Err(RequestError::Unknown.into()),
        Err(RecordError::Port(error)) => Err(error.into()),
    }
}
