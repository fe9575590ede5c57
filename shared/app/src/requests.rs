//! The log of requests: the port, and the reading of one request's status.

use domain::{
    dsar::{Instructions, Received, RequestEvent, RequestState},
    ids::{ControllerId, Fingerprint, RequestId, SubjectRef},
    policy::Policy,
    sensitive::Sensitive,
    token::{Claim, Scope, TokenRefused},
};
use jiff::Timestamp;

use crate::{
    error::{Appended, PortError},
    keys::Keys,
    mail::MailClaim,
};

/// Names one request in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose log.
    pub controller: ControllerId,
    /// Who asks.
    pub subject: SubjectRef,
    /// Which request.
    pub request: RequestId,
}

/// What is personal about a request. Adapters keep it sealed under the subject's key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confided {
    /// Where the requester is written to.
    pub contact: Option<Sensitive<String>>,
    /// What shall become of their data after death.
    pub instructions: Option<Instructions>,
}

/// A request as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// Where it stands.
    pub state: RequestState,
    /// Where the requester is written to; `None` without an address or once their key is gone.
    pub contact: Option<Sensitive<String>>,
    /// Their instructions for after death; `None` without any or once their key is gone.
    pub instructions: Option<Instructions>,
}

/// The port to the log.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait RequestLog {
    /// Writes the receipt of a request unless one stands there.
    ///
    /// MUST be one conditional write; MUST store what is confided sealed under the subject's key; MUST
    /// make the request findable by its due time until it is decided.
    async fn receive(
        &self,
        key: &RequestKey,
        received: &Received,
        confided: &Confided,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(Received, Fingerprint)>, PortError>;

    /// Appends what happened next, unless it has happened already; answers whether it was new.
    ///
    /// A decision that leaves nothing open MUST take the request out of the open deadlines.
    async fn append_request_event(&self, key: &RequestKey, event: &RequestEvent) -> Result<bool, PortError>;

    /// Reads a request. MUST see every write that has returned.
    async fn request(&self, key: &RequestKey) -> Result<Option<StoredRequest>, PortError>;

    /// Every request of a subject, with its id.
    async fn requests(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<(RequestId, RequestState)>, PortError>;

    /// Claims one mail about a request. MUST be fresh for exactly one of several at once.
    async fn claim_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<MailClaim, PortError>;

    /// Notes that a claimed mail was handed over.
    async fn confirm_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<(), PortError>;
}

/// The port that hands out exports.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Downloads {
    /// A link to an export that works for five minutes, whoever holds it.
    async fn presign_export(&self, object: &str) -> Result<String, PortError>;
}

/// Why a request is not shown or verified.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The token opens nothing here.
    #[error("the token opens nothing here")]
    Token(TokenRefused),
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Reads the claim of a token for this very request.
///
/// # Errors
/// [`RequestError::Token`] unless the token is of one of these scopes and of this request.
pub async fn open<P: Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<(RequestKey, Claim), RequestError> {
    let keys = ports.controller(&policy.controller).await?;
    let claim = keys.tokens.verify(&policy.controller, token, now).map_err(RequestError::Token)?;
    if !scopes.contains(&claim.scope) || claim.id != request.as_str() {
        return Err(RequestError::Token(TokenRefused::Invalid));
    }
    let key =
        RequestKey { controller: policy.controller.clone(), subject: claim.subject.clone(), request: request.clone() };
    Ok((key, claim))
}

/// Where a request stands, for who holds its token.
///
/// # Errors
/// [`RequestError`].
pub async fn status<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    now: Timestamp,
) -> Result<RequestState, RequestError> {
    let scopes = [Scope::Request, Scope::Verification, Scope::Export];
    let (key, _) = open(policy, ports, request, token, &scopes, now).await?;
    Ok(ports.request(&key).await?.ok_or(RequestError::Unknown)?.state)
}

/// Takes the proof that the requester reads the mailbox the request is about.
///
/// # Errors
/// [`RequestError`]. Verifying twice is no error.
pub async fn verify<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    now: Timestamp,
) -> Result<RequestState, RequestError> {
    let (key, _) = open(policy, ports, request, token, &[Scope::Verification], now).await?;
    let stored = ports.request(&key).await?.ok_or(RequestError::Unknown)?;
    if stored.state.verified.is_none() && stored.state.decided.is_none() {
        let event = RequestEvent::Verified { at: now, by: domain::dsar::VerifiedBy::Mail };
        ports.append_request_event(&key, &event).await?;
    }
    Ok(ports.request(&key).await?.ok_or(RequestError::Unknown)?.state)
}
