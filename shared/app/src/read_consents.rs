//! The state of a subject's choices, for who holds the subject's token.

use std::collections::BTreeMap;

use domain::{
    ids::Purpose,
    notice::{self, CurrentChoice},
    policy::Policy,
    token::{Scope, TokenRefused},
};
use jiff::Timestamp;

use crate::{capture_consent::ConsentLedger, error::PortError, keys::Keys, notice_change::NoticeChanges};

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The token opens nothing here. Why is nobody's business.
    #[error("the token opens nothing here")]
    Token(TokenRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Reads the choices that a token opens: those of one capture, or all of a subject. A consent that
/// a change of the notice asks for again is shown as such.
///
/// # Errors
/// [`ReadError`].
pub async fn read<P: ConsentLedger + NoticeChanges + Keys>(
    policy: &Policy,
    ports: &P,
    token: &str,
    now: Timestamp,
) -> Result<BTreeMap<Purpose, CurrentChoice>, ReadError> {
    let keys = ports.controller(&policy.controller).await?;
    let claim = keys.tokens.verify(&policy.controller, token, now).map_err(ReadError::Token)?;
    if !matches!(claim.scope, Scope::Capture | Scope::Subject) {
        return Err(ReadError::Token(TokenRefused::Invalid));
    }
    let events = ports.consents(&policy.controller, &claim.subject).await?;
    let changes = ports.changes(&policy.controller).await?;
    let mut state = notice::state(&events, &changes, now);
    if claim.scope == Scope::Capture {
        // The state of the purposes of that form, as they stand now.
        let form = events.iter().find(|event| event.id.as_str() == claim.id);
        state.retain(|purpose, _| form.is_some_and(|event| event.choices.contains_key(purpose)));
    }
    Ok(state)
}
