//! Published versions of a notice as they are sent.

use domain::{
    ids::{Purpose, Recipient},
    notice::{NoticeChange, Publication, Significance},
    policy::{Notice, Policy},
};
use serde::{Deserialize, Serialize};

use crate::{
    breach::NoticeCounts,
    consent::label,
    form::{FormError, names, time},
};

/// Longest address of a document, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Longest name of a language (BCP 47), in bytes.
const LANGUAGE_BYTES_MAX: usize = 35;

/// Most names in one list of a publication.
const NAMES_MAX: usize = 100;

/// `POST /{controller}/v1/notices`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeForm {
    /// Its version, as the controller writes it. A version is published once.
    pub version: String,
    /// The language of the text (BCP 47).
    pub language: String,
    /// The SHA-256 of the text, in hexadecimal.
    pub text_sha256: String,
    /// Where the whole text stands.
    pub url: String,
    /// From when it counts; left out: as soon as the policy allows.
    #[serde(default)]
    pub effective_at: Option<String>,
    /// `editorial`, `significant` or `ownership`.
    pub significance: String,
    /// What changes, in plain words.
    pub summary: String,
    /// Purposes that data is used for from then on.
    #[serde(default)]
    pub new_purposes: Vec<String>,
    /// Those who get data from then on.
    #[serde(default)]
    pub new_recipients: Vec<String>,
    /// Purposes whose consents do not outlive the change.
    #[serde(default)]
    pub ask_again: Option<Vec<String>>,
}

impl NoticeForm {
    /// Checks the form and reads what it says.
    ///
    /// # Errors
    /// [`FormError`] at the first place that breaks a rule.
    pub fn parse(self) -> Result<Publication, FormError> {
        let version = label(Some(self.version), "/version")?
            .ok_or_else(|| FormError::new("/version", "name the version of the notice"))?;
        let is_language = (1..=LANGUAGE_BYTES_MAX).contains(&self.language.len())
            && self.language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_language {
            return Err(FormError::new("/language", "write the language as en or fr-CA"));
        }
        let significance = Significance::parse(&self.significance).ok_or_else(|| {
            let names = Significance::ALL.map(Significance::as_str).join(", ");
            FormError::new("/significance", format!("use one of {names}"))
        })?;
        let ask_again =
            self.ask_again.map(|again| names(&again, "/ask_again", NAMES_MAX, Purpose::parse)).transpose()?;
        Ok(Publication {
            notice: Notice { version, language: self.language, text_sha256: sha256(self.text_sha256, "/text_sha256")? },
            url: url(self.url, "/url")?,
            effective_at: self.effective_at.map(|at| time(&at, "/effective_at")).transpose()?,
            significance,
            summary: self.summary,
            new_purposes: names(&self.new_purposes, "/new_purposes", NAMES_MAX, Purpose::parse)?,
            new_recipients: names(&self.new_recipients, "/new_recipients", NAMES_MAX, Recipient::parse)?,
            ask_again,
        })
    }
}

/// A SHA-256 in hexadecimal, in lower case from here on.
pub(crate) fn sha256(text: String, pointer: &str) -> Result<String, FormError> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(FormError::new(pointer, "write the SHA-256 as 64 hexadecimal digits"))
    }
}

/// An address that a browser opens. People get it by mail, so nothing else than the web passes.
pub(crate) fn url(text: String, pointer: &str) -> Result<String, FormError> {
    let is_address = text.len() <= URL_BYTES_MAX
        && text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'));
    if is_address {
        Ok(text)
    } else {
        Err(FormError::new(pointer, format!("write an address of at most {URL_BYTES_MAX} bytes as https://…")))
    }
}

/// A publication, answered to staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeAnswer {
    /// The form's version.
    pub v: u8,
    /// Which change.
    pub change_id: String,
    /// The version of the notice.
    pub version: String,
    /// Since when it can be read.
    pub published_at: String,
    /// From when it counts.
    pub effective_at: String,
    /// `editorial`, `significant` or `ownership`, by the judgement and by law.
    pub significance: String,
    /// `page` or `mail-and-page`.
    pub told_by: String,
    /// Purposes whose consents are to be given again.
    pub asked_again: Vec<String>,
    /// Where it is promised, or the law's floor.
    pub clause: String,
    /// Whether the policy deployed now accepts consents under this version.
    pub accepted_from_forms: bool,
    /// How the notices of single people stand, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticeCounts>,
}

impl ChangeAnswer {
    /// Writes a change.
    pub fn new(policy: &Policy, change: &NoticeChange, notices: Option<NoticeCounts>) -> Self {
        Self {
            v: 1,
            change_id: change.id.to_string(),
            version: change.notice.version.clone(),
            published_at: change.published_at.to_string(),
            effective_at: change.effective_at.to_string(),
            significance: change.significance.as_str().to_owned(),
            told_by: if change.by_mail { "mail-and-page" } else { "page" }.to_owned(),
            asked_again: change.ask_again.iter().map(ToString::to_string).collect(),
            clause: change.clause.to_string(),
            accepted_from_forms: policy.accepted_notices.contains(&change.notice.version),
            notices,
        }
    }
}

/// One published version, for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedForm {
    /// Which change.
    pub change_id: String,
    /// The version of the notice.
    pub version: String,
    /// Its language.
    pub language: String,
    /// The SHA-256 of its text.
    pub text_sha256: String,
    /// Where the whole text stands.
    pub url: String,
    /// Since when it can be read.
    pub published_at: String,
    /// From when it counts.
    pub effective_at: String,
    /// `editorial`, `significant` or `ownership`.
    pub significance: String,
    /// What changes, in plain words.
    pub summary: String,
    /// Purposes that data is used for from then on.
    pub new_purposes: Vec<String>,
    /// Those who get data from then on.
    pub new_recipients: Vec<String>,
    /// Purposes whose consents are to be given again.
    pub asked_again: Vec<String>,
}

impl From<&NoticeChange> for PublishedForm {
    fn from(change: &NoticeChange) -> Self {
        Self {
            change_id: change.id.to_string(),
            version: change.notice.version.clone(),
            language: change.notice.language.clone(),
            text_sha256: change.notice.text_sha256.clone(),
            url: change.url.clone(),
            published_at: change.published_at.to_string(),
            effective_at: change.effective_at.to_string(),
            significance: change.significance.as_str().to_owned(),
            summary: change.summary.clone(),
            new_purposes: change.new_purposes.iter().map(ToString::to_string).collect(),
            new_recipients: change.new_recipients.iter().map(ToString::to_string).collect(),
            asked_again: change.ask_again.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The notice that a controller's deployed policy was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyNoticeForm {
    /// Its version.
    pub version: String,
    /// Its language.
    pub language: String,
    /// The SHA-256 of its text.
    pub text_sha256: String,
}

/// `GET /{controller}/v1/notices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticesAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose.
    pub controller: String,
    /// The notice that the deployed policy was made from, published here or not.
    pub current: PolicyNoticeForm,
    /// The versions that were published here, newest first.
    pub notices: Vec<PublishedForm>,
}

impl NoticesAnswer {
    /// Writes the versions.
    pub fn new(policy: &Policy, changes: &[NoticeChange]) -> Self {
        Self {
            v: 1,
            controller: policy.controller.to_string(),
            current: PolicyNoticeForm {
                version: policy.notice.version.clone(),
                language: policy.notice.language.clone(),
                text_sha256: policy.notice.text_sha256.clone(),
            },
            notices: changes.iter().map(PublishedForm::from).collect(),
        }
    }
}
