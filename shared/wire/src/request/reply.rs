//! A requester's answer to the office, as it is sent.

use std::fmt;

use domain::sensitive::Sensitive;
use serde::Deserialize;

use crate::{
    form::{FormError, Pairs, nothing_left, take},
    office::words,
};

/// `POST /{controller}/v1/requests/{request}/reply`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyForm {
    /// What they answer.
    pub text: String,
}

impl fmt::Debug for ReplyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyForm(…)")
    }
}

impl ReplyForm {
    /// Reads a browser's form.
    ///
    /// # Errors
    /// [`FormError`] for a field that is unknown.
    pub fn from_pairs(mut pairs: Pairs) -> Result<Self, FormError> {
        let text = take(&mut pairs, "text").unwrap_or_default();
        nothing_left(&pairs)?;
        Ok(Self { text })
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at `/text` if it is empty or too long.
    pub fn parse(self) -> Result<Sensitive<String>, FormError> {
        words(self.text, "/text")
    }
}
