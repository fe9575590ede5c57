//! A published version of the notice.

use domain::{
    ids::{ChangeId, Fingerprint, Purpose, Recipient},
    notice::{NoticeChange, Significance},
    policy::{Clause, Notice, PolicyHash},
};
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, id, ids, millis, name, time};
use crate::texts;

/// `CHANGE#{change}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// The version of the notice.
    pub version: String,
    /// Its language.
    pub language: String,
    /// The SHA-256 of its text.
    pub text_sha256: String,
    /// Where the whole text stands.
    pub url: String,
    /// Since when it can be read.
    pub published_at: i64,
    /// From when it counts.
    pub effective_at: i64,
    /// How much it means to people.
    pub significance: String,
    /// What changes.
    pub summary: String,
    /// Purposes that data is used for from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_purposes: Vec<String>,
    /// Those who get data from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_recipients: Vec<String>,
    /// Purposes whose consents do not outlive the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask_again: Vec<String>,
    /// Whether people are written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_mail: bool,
    /// Where that is promised.
    pub clause: String,
    /// The policy it was published under.
    pub policy: String,
    /// Who published it.
    pub published_by: String,
    /// What the publication carried, as a keyed hash.
    pub fingerprint: String,
}

impl Change {
    /// Takes a change and the fingerprint of its publication.
    pub fn new(change: &NoticeChange, fingerprint: &Fingerprint) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Change,
            version: change.notice.version.clone(),
            language: change.notice.language.clone(),
            text_sha256: change.notice.text_sha256.clone(),
            url: change.url.clone(),
            published_at: millis(change.published_at),
            effective_at: millis(change.effective_at),
            significance: change.significance.as_str().to_owned(),
            summary: change.summary.clone(),
            new_purposes: texts(&change.new_purposes),
            new_recipients: texts(&change.new_recipients),
            ask_again: texts(&change.ask_again),
            by_mail: change.by_mail,
            clause: change.clause.to_string(),
            policy: change.policy.as_str().to_owned(),
            published_by: change.published_by.clone(),
            fingerprint: fingerprint.to_string(),
        }
    }

    /// Reads the change of this identifier, with its fingerprint.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_change(self, change: ChangeId) -> Result<(NoticeChange, Fingerprint), Unreadable> {
        check(self.v, self.kind, Kind::Change)?;
        let fingerprint = id("fingerprint", &self.fingerprint, Fingerprint::parse)?;
        let change = NoticeChange {
            id: change,
            notice: Notice { version: self.version, language: self.language, text_sha256: self.text_sha256 },
            url: self.url,
            published_at: time("published_at", self.published_at)?,
            effective_at: time("effective_at", self.effective_at)?,
            significance: name("significance", &self.significance, Significance::parse)?,
            summary: self.summary,
            new_purposes: ids("new_purposes", &self.new_purposes, Purpose::parse)?,
            new_recipients: ids("new_recipients", &self.new_recipients, Recipient::parse)?,
            ask_again: ids("ask_again", &self.ask_again, Purpose::parse)?,
            by_mail: self.by_mail,
            clause: Clause::new(self.clause),
            policy: PolicyHash::from_hex(self.policy),
            published_by: self.published_by,
        };
        Ok((change, fingerprint))
    }
}
