//! Challenges of requests, account tokens, and counts against limits, in memory.

use app::{
    account_tokens::AccountTokens, challenges::Challenges, error::PortError, limits::Counters, requests::RequestKey,
};
use domain::{
    dsar::{AccountClaims, Challenge},
    ids::{ControllerId, RequestId, TokenId},
    limits::LimitKey,
};
use jiff::Timestamp;

use super::{Memory, request_key};

impl Memory {
    /// Lets an issuer have signed a token that says this.
    pub fn sign_account_token(&self, issuer: &str, token: &str, claims: AccountClaims) {
        self.lock().account_tokens.insert((issuer.to_owned(), token.to_owned()), claims);
    }

    /// The requests whose code was asked for again, in order.
    pub fn codes_asked(&self) -> Vec<(RequestKey, u32)> {
        self.lock().codes_asked.clone()
    }
}

impl AccountTokens for Memory {
    async fn account_claims(
        &self,
        issuer: &str,
        token: &str,
        _now: Timestamp,
    ) -> Result<Option<AccountClaims>, PortError> {
        let state = self.call()?;
        Ok(state.account_tokens.get(&(issuer.to_owned(), token.to_owned())).cloned())
    }
}

impl Challenges for Memory {
    async fn open_challenge(&self, key: &RequestKey, first: &Challenge) -> Result<Challenge, PortError> {
        Ok(*self.call()?.challenges.entry(request_key(key)).or_insert(*first))
    }

    async fn challenge(&self, key: &RequestKey) -> Result<Option<Challenge>, PortError> {
        Ok(self.call()?.challenges.get(&request_key(key)).copied())
    }

    async fn try_code(&self, key: &RequestKey, at: Timestamp) -> Result<Option<Challenge>, PortError> {
        let mut state = self.call()?;
        let Some(challenge) = state.challenges.get_mut(&request_key(key)) else { return Ok(None) };
        let Some(tried) = challenge.tried(at) else { return Ok(None) };
        *challenge = tried;
        Ok(Some(tried))
    }

    async fn ask_again(&self, key: &RequestKey, at: Timestamp) -> Result<Option<Challenge>, PortError> {
        let mut state = self.call()?;
        let Some(challenge) = state.challenges.get_mut(&request_key(key)) else { return Ok(None) };
        let Some(next) = challenge.again(at) else { return Ok(None) };
        *challenge = next;
        state.codes_asked.push((key.clone(), next.number));
        Ok(Some(next))
    }

    async fn code_sent(&self, key: &RequestKey, number: u32, at: Timestamp) -> Result<(), PortError> {
        let mut state = self.call()?;
        if let Some(challenge) = state.challenges.get_mut(&request_key(key)).filter(|open| open.number == number) {
            challenge.sent_at.get_or_insert(at);
        }
        Ok(())
    }

    async fn bind_token(
        &self,
        controller: &ControllerId,
        token: &TokenId,
        request: &RequestId,
        _until: Timestamp,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let bound = state.tokens.entry((controller.clone(), token.clone())).or_insert_with(|| request.clone());
        Ok(bound == request)
    }

    async fn forget_verification(&self, key: &RequestKey) -> Result<(), PortError> {
        let mut state = self.call()?;
        state.challenges.remove(&request_key(key));
        if let Some(items) = state.requests.get_mut(&request_key(key)) {
            items.received.points.clear();
        }
        Ok(())
    }
}

impl Counters for Memory {
    async fn count(&self, key: &LimitKey) -> Result<u32, PortError> {
        let mut state = self.call()?;
        let counted = state.counts.entry(key.clone()).or_default();
        *counted += 1;
        Ok(*counted)
    }

    async fn admit(&self, key: &LimitKey, name: &str) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let admitted = state.admitted.entry(key.clone()).or_default();
        let is_in = admitted.contains(name) || admitted.len() < key.limit.rule().most as usize;
        if is_in {
            admitted.insert(name.to_owned());
        }
        Ok(is_in)
    }
}
