//! Takes what somebody shows of who they are: a mailed code, or a token of their account. Every means ends in [`dsar::proves`], so that none opens what is another's.

use std::fmt;

use domain::{
    dsar::{self, Proof, RequestState, VerifiedBy},
    ids::{RequestId, TokenId},
    limits::Limit,
    policy::Policy,
    token::Scope,
};
use jiff::{Timestamp, ToSpan};

use crate::{
    account_tokens::AccountTokens,
    challenges::Challenges,
    error::PortError,
    keys::Keys,
    limits::{self, Caller, Counters, Limited},
    requests::{self, RequestError, RequestKey, RequestLog, StoredRequest},
};

/// What somebody shows beside the token of the request that they hold. (The mailed link is its own proof:
/// [`requests::verify`].)
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// They typed this.
    Code(&'a str),
    /// They hold this token of the controller's own issuer.
    Account(&'a str),
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code(…)",
            Self::Account(_) => "Account(…)",
        })
    }
}

/// Why a request is not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Nothing is opened by their token, or there is nothing.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// What they show proves nothing, whatever is wrong with it.
    #[error("this does not prove who made the request")]
    NoProof,
    /// They have tried too often.
    #[error(transparent)]
    Limited(#[from] Limited),
}

impl From<PortError> for VerifyError {
    fn from(error: PortError) -> Self {
        Self::Request(error.into())
    }
}

/// Takes a proof, and answers where the request stands.
///
/// # Errors
/// [`VerifyError`]. Proving twice, or too late, is no error and changes nothing.
pub async fn verify<P: RequestLog + Keys + Challenges + Counters + AccountTokens>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    shown: Shown<'_>,
    caller: Caller<'_>,
) -> Result<RequestState, VerifyError> {
    let (key, _) = requests::open(policy, ports, request, token, &SCOPES, caller.at).await?;
    if let Some(limited) = limits::count(ports, &key.controller, Limit::Proofs, caller, None).await? {
        return Err(limited.into());
    }
    let stored = ports.request(&key).await?.ok_or(RequestError::Unknown)?;
    if !requests::is_awaited(&stored.state) {
        return Ok(stored.state);
    }
    let by = match shown {
        Shown::Code(typed) => code(ports, &key, &stored.state, typed, caller.at).await?,
        Shown::Account(token) => account(policy, ports, &key, &stored.state, token, caller.at).await?,
    };
    let by = by.ok_or(VerifyError::NoProof)?;
    Ok(requests::record_proof(policy, ports, &key, caller.at, |_| Some(by)).await?)
}

/// What a request is opened by to show a proof of it.
const SCOPES: [Scope; 2] = [Scope::Request, Scope::Verification];

/// The try is counted in one conditional write before anything is compared.
async fn code<P: Challenges + Keys>(
    ports: &P,
    key: &RequestKey,
    state: &RequestState,
    typed: &str,
    at: Timestamp,
) -> Result<Option<VerifiedBy>, PortError> {
    let Some(challenge) = ports.try_code(key, at).await? else { return Ok(None) };
    let keys = ports.controller(&key.controller).await?;
    let code = keys.tokens.code(&key.controller, &key.subject, &key.request, challenge.number);
    if !keys.tokens.is_code(&code, typed) {
        return Ok(None);
    }
    Ok(dsar::proves(&state.received, &key.subject, Proof::Code(&key.subject)).ok())
}

async fn account<P: AccountTokens + Challenges + Keys>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    state: &RequestState,
    token: &str,
    at: Timestamp,
) -> Result<Option<VerifiedBy>, PortError> {
    let Some(rule) = &policy.accounts else { return Ok(None) };
    let Some(claims) = ports.account_claims(&rule.issuer, token, at).await? else { return Ok(None) };
    let keys = ports.controller(&key.controller).await?;
    let Some(holder) = dsar::account_holder(rule, &claims, &key.request, &keys.pepper, at) else { return Ok(None) };
    let shown = Proof::Account { account: &holder.account, mail: holder.mail.as_ref() };
    let Ok(by) = dsar::proves(&state.received, &key.subject, shown) else { return Ok(None) };
    // Its nonce names the request already; this holds where an issuer gives one token twice.
    let id: TokenId = keys.pepper.derive(&[token]);
    let until = claims.expires_at.saturating_add(dsar::LEEWAY_SECONDS.seconds()).unwrap_or(Timestamp::MAX);
    let is_bound = ports.bind_token(&key.controller, &id, &key.request, until).await?;
    Ok(is_bound.then_some(by))
}

/// Asks for another code. Whether one is sent, nobody is told: the answer is always the same.
///
/// # Errors
/// [`VerifyError`].
pub async fn ask_code<P: RequestLog + Keys + Challenges + Counters>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    caller: Caller<'_>,
) -> Result<(), VerifyError> {
    let (key, _) = requests::open(policy, ports, request, token, &SCOPES, caller.at).await?;
    if let Some(limited) = limits::count(ports, &key.controller, Limit::Proofs, caller, None).await? {
        return Err(limited.into());
    }
    let stored = ports.request(&key).await?.ok_or(RequestError::Unknown)?;
    if requests::is_awaited(&stored.state) && mailbox(&stored).is_some() {
        ports.ask_again(&key, caller.at).await?;
    }
    Ok(())
}

/// Where the proof of a request may be sent; nowhere once a letter came back for good.
pub(crate) fn mailbox(stored: &StoredRequest) -> Option<&domain::ids::Identifier> {
    let identifier = stored.confided.identifier.as_ref().filter(|_| stored.state.unreachable_by_mail().is_none())?;
    dsar::proof_mailbox(&stored.state.received, Some(identifier)).map(|_| identifier)
}
