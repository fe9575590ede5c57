//! What staff say about a controller's purge: pause it, resume it, allow it so much.

use domain::{
    ids::ControllerId,
    purge::{Act, Control, Deed, Word, WordRefused},
};
use jiff::Timestamp;

use super::{CONFLICTS_MAX, PurgeControls, day_of};
use crate::error::PortError;

/// What somebody of the staff says about a controller's purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    /// What.
    pub word: Word,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why a word was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// It does not apply.
    #[error("{0}")]
    Refused(WordRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Takes somebody's word, and keeps who said it when and why. Saying the same again changes nothing.
///
/// # Errors
/// [`SayError`].
pub async fn say<P: PurgeControls>(ports: &P, controller: &ControllerId, say: &Say) -> Result<Control, SayError> {
    let mut noted = false;
    for _ in 0..CONFLICTS_MAX {
        let mut control = ports.purge_control(controller).await?;
        if !control.take(say.word, say.at, day_of(say.at)).map_err(SayError::Refused)? {
            return Ok(control);
        }
        if !noted {
            // The trail comes first: it may hold a word that had no effect, but no effect is without its word.
            let (by, reason) = (say.by.clone(), say.reason.clone());
            ports.note_purge_act(controller, &Act { at: say.at, by, deed: Deed::Said(say.word), reason }).await?;
            noted = true;
        }
        control.revision += 1;
        if ports.put_purge_control(controller, &control).await? {
            return Ok(control);
        }
    }
    Err(PortError::Conflict { what: "a purge's count" }.into())
}
