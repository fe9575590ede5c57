//! Tokens of a controller's own issuer: the port that reads them.

use domain::dsar::AccountClaims;
use jiff::Timestamp;

use crate::error::PortError;

/// The port to the issuers of account tokens.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait AccountTokens {
    /// What a token says that this issuer signed; `None` for anything else, whatever is wrong with it.
    ///
    /// MUST verify the signature by a key that the issuer publishes, by RS256 or ES256 alone; MUST ask
    /// the issuer over https, outside the local stage; MUST bound how long, how much and how often it
    /// reads there. Whether the claims suffice is the rules' to say.
    async fn account_claims(
        &self,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<AccountClaims>, PortError>;
}
