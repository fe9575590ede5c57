//! Forms of the controller: its office, its roles, its notice.

use std::collections::BTreeSet;

use domain::{
    dsar::RequestType,
    ids::Ground,
    policy::{Authority, Clause, Notice, NoticeChangeRule, Office, RoleRule, ServiceRole},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{each, length, name, texts, word, written},
};

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfficeForm {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_mails: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    post: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_protection_officer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    representative: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authority: Option<AuthorityForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    review: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    four_eyes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reminders: Vec<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    escalation: Vec<String>,
}

impl OfficeForm {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn from_rule(rule: &Office) -> Self {
        Self {
            other_mails: rule.other_mails.clone(),
            post: rule.post.clone(),
            phone: rule.phone.clone(),
            data_protection_officer: rule.data_protection_officer.clone(),
            representative: rule.representative.clone(),
            authority: rule.authority.as_ref().map(|authority| AuthorityForm {
                name: authority.name.clone(),
                url: authority.url.clone(),
                phone: authority.phone.clone(),
                post: authority.post.clone(),
                clause: authority.clause.to_string(),
            }),
            review: texts(&rule.review),
            four_eyes: texts(&rule.four_eyes),
            reminders: rule.reminders.clone(),
            escalation: rule.escalation.clone(),
        }
    }

    pub(super) fn into_rule(self) -> Result<Office, LoadError> {
        let ascending = self.reminders.windows(2).all(|pair| pair.first() < pair.last());
        if let Some(share) = self.reminders.iter().find(|share| !ascending || !(1..=99).contains(*share)) {
            return Err(LoadError::Word { what: "share of the time", value: share.to_string() });
        }
        let review = requests(&self.review)?;
        let four_eyes = requests(&self.four_eyes)?;
        if let Some(request) = four_eyes.difference(&review).next() {
            return Err(LoadError::Undeclared(request.to_string()));
        }
        Ok(Office {
            review,
            four_eyes,
            reminders: self.reminders,
            escalation: self.escalation,
            other_mails: self.other_mails,
            post: self.post,
            phone: self.phone,
            data_protection_officer: self.data_protection_officer,
            representative: self.representative,
            authority: self.authority.map(|authority| Authority {
                name: authority.name,
                url: authority.url,
                phone: authority.phone,
                post: authority.post,
                clause: Clause::new(authority.clause),
            }),
        })
    }
}

/// Types of request that can wait for the office.
fn requests(texts: &[String]) -> Result<BTreeSet<RequestType>, LoadError> {
    let parse = |text: &str| RequestType::parse(text).filter(|request| !request.takes_effect_at_once());
    each(texts, |text| word("request that the office looks at", text, parse))
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityForm {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    post: Option<String>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleForm {
    service: String,
    role: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parties: Vec<String>,
    clause: String,
}

impl RoleForm {
    pub(super) fn from_rule(rule: &RoleRule) -> Self {
        Self {
            service: rule.service.to_string(),
            role: rule.role.as_str().to_owned(),
            parties: rule.parties.clone(),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<RoleRule, LoadError> {
        Ok(RoleRule {
            service: name(&self.service, Ground::parse)?,
            role: word("role", &self.role, ServiceRole::parse)?,
            parties: self.parties,
            clause: Clause::new(self.clause),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeForm {
    version: String,
    language: String,
    text_sha256: String,
}

impl NoticeForm {
    pub(super) fn from_rule(rule: &Notice) -> Self {
        Self { version: rule.version.clone(), language: rule.language.clone(), text_sha256: rule.text_sha256.clone() }
    }

    pub(super) fn into_rule(self) -> Notice {
        Notice { version: self.version, language: self.language, text_sha256: self.text_sha256 }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeChangeForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lead_time: Option<String>,
    by_mail: bool,
    ask_again: bool,
    clause: String,
}

impl NoticeChangeForm {
    pub(super) fn from_rule(rule: &NoticeChangeRule) -> Self {
        Self {
            lead_time: rule.lead_time.as_ref().map(written),
            by_mail: rule.by_mail,
            ask_again: rule.ask_again,
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<NoticeChangeRule, LoadError> {
        Ok(NoticeChangeRule {
            lead_time: self.lead_time.as_deref().map(length).transpose()?,
            by_mail: self.by_mail,
            ask_again: self.ask_again,
            clause: Clause::new(self.clause),
        })
    }
}
