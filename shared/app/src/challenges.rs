//! Mailed codes, and account tokens that were shown: the port that keeps what proves, and forgets it.

use domain::{
    dsar::Challenge,
    ids::{ControllerId, RequestId, TokenId},
};
use jiff::Timestamp;

use crate::{error::PortError, requests::RequestKey};

/// The port to the challenges of requests. Nothing of it tells a code: they are derived.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Challenges {
    /// Opens the first challenge of a request, unless one stands; answers the one that does then.
    async fn open_challenge(&self, key: &RequestKey, first: &Challenge) -> Result<Challenge, PortError>;

    /// Reads it.
    async fn challenge(&self, key: &RequestKey) -> Result<Option<Challenge>, PortError>;

    /// Counts one try, if one is left ([`Challenge::tried`]), and answers what stands then.
    ///
    /// MUST be one conditional write, so that of many tries at once as many are counted as there are.
    async fn try_code(&self, key: &RequestKey, at: Timestamp) -> Result<Option<Challenge>, PortError>;

    /// Opens the next challenge, if one may be asked for ([`Challenge::again`]).
    ///
    /// MUST be one conditional write; MUST then bring the request to dsar-fulfil, which sends the code.
    async fn ask_again(&self, key: &RequestKey, at: Timestamp) -> Result<Option<Challenge>, PortError>;

    /// Notes that the code of this challenge was handed to the mail; not if a newer one is open.
    async fn code_sent(&self, key: &RequestKey, number: u32, at: Timestamp) -> Result<(), PortError>;

    /// Binds an account token to one request; false if it is bound to another.
    ///
    /// MUST be one conditional write; MUST hold the keyed hash alone, and at least until then.
    async fn bind_token(
        &self,
        controller: &ControllerId,
        token: &TokenId,
        request: &RequestId,
        until: Timestamp,
    ) -> Result<bool, PortError>;

    /// Takes away what served the verification alone: the points that were offered and the challenge
    /// (11 CCR 7060(d)). MUST leave the rest of the request as it is; MUST succeed if there is nothing.
    async fn forget_verification(&self, key: &RequestKey) -> Result<(), PortError>;
}
