//! A notification of a breach as data, for whoever files it by a form of the authority's own.

use serde::{Deserialize, Serialize};

/// `GET /{controller}/v1/breaches/{breach}/notification?format=json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationAnswer {
    /// The form's version.
    pub v: u8,
    /// Whose breach.
    pub controller: String,
    /// Which.
    pub breach_id: String,
    /// What it tells of: how many entries the history had. The act `notified` names it.
    pub version: u32,
    /// When that was so.
    pub as_of: String,
    /// By which law.
    pub law: String,
    /// Which duty it meets; absent in what goes to a processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    /// Where the law asks for it.
    pub article: String,
    /// Its language.
    pub language: String,
    /// What it is called.
    pub title: String,
    /// `first`, `update` or `final`.
    pub phase: String,
    /// Which update it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<u32>,
    /// Whether it says everything that the law asks for.
    pub complete: bool,
    /// What it does not say yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingForm>,
    /// Who notifies.
    pub from: PartyForm,
    /// Who is notified.
    pub to: PartyForm,
    /// What is new since an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<NewsForm>,
    /// What it says, part by part.
    pub sections: Vec<SectionForm>,
}

/// Something that the law asks for and that is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingForm {
    /// What, by its name here.
    pub fact: String,
    /// What it is called.
    pub label: String,
    /// Where the law asks for it.
    pub article: String,
}

/// Somebody with an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyForm {
    /// The name.
    pub name: String,
    /// The mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// The site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
}

/// What is new since an earlier notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewsForm {
    /// What the earlier one told of.
    pub since: u32,
    /// When it went out.
    pub notified_at: String,
    /// Its reference.
    pub reference: String,
    /// What changed or came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeForm>,
    /// What stayed, by what it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<String>,
}

/// Something that is told otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeForm {
    /// What, by its name here.
    pub fact: String,
    /// What it is called.
    pub label: String,
    /// What was said before; absent: it was not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// What is said now; absent: it no longer applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// One part of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionForm {
    /// Which: `sender`, `times`, `nature`.
    pub part: String,
    /// Its heading.
    pub heading: String,
    /// Where the law asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub articles: Vec<String>,
    /// What it says.
    pub facts: Vec<ToldForm>,
}

/// One thing that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldForm {
    /// What, by its name here.
    pub fact: String,
    /// What it is called.
    pub label: String,
    /// Line by line; absent: it is not known yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}
