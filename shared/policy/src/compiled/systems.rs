//! Forms of the controller's own systems, of the copies of its files, and of its accounts.

use domain::{
    dsar::RequestType,
    ids::{BucketName, Category, RegionName, SystemId},
    policy::{AccountRule, Clause, Replica, SystemKind, SystemRule},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{each, maybe, name, names, texts, word},
};
use crate::address::{Address, Purpose};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SystemForm {
    id: String,
    title: String,
    ask: AskForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    requests: Vec<String>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AskForm {
    Webhook(String),
    Queue(String),
}

/// An address that the language would have refused is refused here too: it decides where personal data goes.
fn address(url: String, purpose: Purpose) -> Result<String, LoadError> {
    word("address", &url, |text| Address::parse(text, purpose).ok())?;
    Ok(url)
}

impl SystemForm {
    pub(super) fn from_rule(rule: &SystemRule) -> Self {
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            ask: match &rule.kind {
                SystemKind::Webhook { url } => AskForm::Webhook(url.clone()),
                SystemKind::Queue { url } => AskForm::Queue(url.clone()),
            },
            categories: texts(&rule.categories),
            requests: texts(&rule.requests),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<SystemRule, LoadError> {
        let request = |text: &str| RequestType::parse(text).filter(|request| SystemRule::REQUESTS.contains(request));
        Ok(SystemRule {
            id: name(&self.id, SystemId::parse)?,
            title: self.title,
            kind: match self.ask {
                AskForm::Webhook(url) => SystemKind::Webhook { url: address(url, Purpose::Webhook)? },
                AskForm::Queue(url) => SystemKind::Queue { url: address(url, Purpose::Queue)? },
            },
            categories: names(&self.categories, Category::parse)?,
            requests: each(&self.requests, |text| word("request of a system", text, request))?,
            clause: Clause::new(self.clause),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplicaForm {
    bucket: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    clause: String,
}

impl ReplicaForm {
    pub(super) fn from_rule(rule: &Replica) -> Self {
        Self {
            bucket: rule.bucket.to_string(),
            region: rule.region.as_ref().map(ToString::to_string),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<Replica, LoadError> {
        Ok(Replica {
            bucket: name(&self.bucket, BucketName::parse)?,
            region: maybe(self.region.as_ref(), RegionName::parse)?,
            clause: Clause::new(self.clause),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountsForm {
    issuer: String,
    audience: String,
}

impl AccountsForm {
    pub(super) fn from_rule(rule: &AccountRule) -> Self {
        Self { issuer: rule.issuer.clone(), audience: rule.audience.clone() }
    }

    pub(super) fn into_rule(self) -> Result<AccountRule, LoadError> {
        Ok(AccountRule { issuer: address(self.issuer, Purpose::Issuer)?, audience: self.audience })
    }
}
