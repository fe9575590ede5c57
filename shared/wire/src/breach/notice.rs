//! What a system of the controller's own is handed, so that it tells one person of a breach.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::TextsForm;
use crate::form::SubjectForm;

/// The version of the form.
pub const NOTICE_VERSION: u8 = 1;

/// The body of a signed call. It is personal, so it goes nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreachNoticeForm {
    /// [`NOTICE_VERSION`].
    pub v: u8,
    /// `breach-notice`.
    #[serde(rename = "type")]
    pub what: String,
    /// The notice's name: the same one, the same person and the same breach.
    pub notice: String,
    /// Whose.
    pub controller: String,
    /// Which breach.
    pub breach: String,
    /// Whom to tell.
    pub subject: SubjectForm,
    /// The language of the letter (BCP 47).
    pub language: String,
    /// The letter's subject line.
    pub title: String,
    /// The letter, as plain text.
    pub text: String,
    /// The language of what follows: another one where it was not translated.
    pub texts_language: String,
    /// The controller's own words, for a channel that has no room for a letter.
    pub texts: TextsForm,
    /// When it was sent.
    pub sent_at: String,
}

impl BreachNoticeForm {
    /// What it says that it is.
    pub const TYPE: &str = "breach-notice";
}

impl fmt::Debug for BreachNoticeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachNoticeForm").field("notice", &self.notice).finish_non_exhaustive()
    }
}
