//! Requests that came by post, by telephone or by word of mouth: the clock runs from when they came, and not
//! from when somebody typed them in.

use domain::{
    dsar::{Act, Actor, VerifiedBy},
    ids::RequestId,
    policy::Policy,
    token::{Claim, Scope},
};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Clerk;
use crate::{
    error::PortError,
    keys::Keys,
    receive_request::{self, Acknowledgement, ReceiveError, ReceiveRequest},
    requests::{self, NewEntry, RecordError, RequestLog, StoredRequest},
};

/// How long ago a request may have come in that is entered now.
pub const ENTERED_DAYS_MAX: i64 = 366;

/// A request that somebody of the office types in.
#[derive(Debug)]
pub struct EnterRequest {
    /// What was asked, with `at` as the time at which it came and no token of its own.
    pub form: ReceiveRequest,
    /// The request that an appeal is against.
    pub about: Option<RequestId>,
    /// Whether they have seen who asks.
    pub is_verified: bool,
    /// Who types, and when.
    pub by: Clerk,
}

/// A request that was entered.
#[derive(Debug)]
pub struct Entered {
    /// What was taken in.
    pub acknowledgement: Acknowledgement,
    /// Where it stands.
    pub stored: StoredRequest,
}

/// Why nothing was entered.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// It came in later than now, or longer ago than [`ENTERED_DAYS_MAX`].
    #[error("a request is entered after it came in, and within {ENTERED_DAYS_MAX} days")]
    ReceivedAt,
    /// The form cannot be taken in.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
}

impl From<PortError> for EnterError {
    fn from(error: PortError) -> Self {
        Self::Receive(error.into())
    }
}

/// Enters a request. The same again with the same key finds it entered.
///
/// # Errors
/// [`EnterError`]; nothing is written then.
pub async fn enter<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    EnterRequest { mut form, about, is_verified, by }: EnterRequest,
) -> Result<Entered, EnterError> {
    let age = by.at.duration_since(form.at);
    if age < SignedDuration::ZERO || age > SignedDuration::from_hours(24 * ENTERED_DAYS_MAX) {
        return Err(EnterError::ReceivedAt);
    }
    form.entered_by = Some(by.id.clone());
    form.about = match about {
        Some(about) => Some((about.clone(), pass(policy, ports, &about, form.at).await?)),
        None => None,
    };
    let acknowledgement = receive_request::receive(policy, ports, form).await?;
    let stored = requests::record(policy, ports, &acknowledgement.request, |stored| {
        let is_wanted = is_verified && stored.state.stage().is_open() && !stored.state.is_verified();
        is_wanted.then(|| NewEntry::new(by.at, Actor::Staff(by.id.clone()), Act::Verified(VerifiedBy::Office)))
    });
    let stored = match stored.await {
        Ok(stored) => stored,
        Err(RecordError::Port(error)) => return Err(error.into()),
        // It was taken in a moment ago; whatever it has become, it stands.
        Err(RecordError::Unknown | RecordError::Refused(_)) => ports
            .request(&acknowledgement.request)
            .await?
            .ok_or_else(|| PortError::corrupt("request", "it is not stored"))?,
    };
    Ok(Entered { acknowledgement, stored })
}

/// Who appeals by letter names the decision and holds no token: the office, which sees every request, opens
/// that one for them.
async fn pass<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    about: &RequestId,
    at: Timestamp,
) -> Result<String, EnterError> {
    let key = super::locate(policy, ports, about).await?.ok_or(ReceiveError::NothingToAppeal)?;
    let keys = ports.controller(&policy.controller).await?;
    let claim = Claim {
        scope: Scope::Request,
        subject: key.subject,
        id: about.to_string(),
        expires_at: at.saturating_add(1.hour()).unwrap_or(Timestamp::MAX),
    };
    Ok(keys.tokens.sign(&policy.controller, &claim))
}
