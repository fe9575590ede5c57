//! Forms of what the controller says about requests.

use domain::{
    dsar::RequestType,
    policy::{Clause, Refusal, RightRule, VerificationRule},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{length, word, written},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RightForm {
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalForm>,
    verification: VerificationForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    respond_within: Option<String>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalForm {
    code: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VerificationForm {
    None,
    Mail,
    Points(u8),
    Account,
}

impl RightForm {
    pub(super) fn from_rule(rule: &RightRule) -> Self {
        Self {
            request: rule.request.to_string(),
            refusal: rule.refusal.as_ref().map(|refusal| RefusalForm {
                code: refusal.code.clone(),
                text: refusal.text.clone(),
                offer: refusal.offer.map(|offer| offer.to_string()),
            }),
            verification: match rule.verification {
                VerificationRule::None => VerificationForm::None,
                VerificationRule::Mail => VerificationForm::Mail,
                VerificationRule::Points(points) => VerificationForm::Points(points),
                VerificationRule::Account => VerificationForm::Account,
            },
            respond_within: rule.respond_within.as_ref().map(written),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<RightRule, LoadError> {
        Ok(RightRule {
            request: word("request", &self.request, RequestType::parse)?,
            refusal: self.refusal.map(RefusalForm::into_rule).transpose()?,
            verification: match self.verification {
                VerificationForm::None => VerificationRule::None,
                VerificationForm::Mail => VerificationRule::Mail,
                VerificationForm::Points(points) => VerificationRule::Points(points),
                VerificationForm::Account => VerificationRule::Account,
            },
            respond_within: self.respond_within.as_deref().map(length).transpose()?,
            clause: Clause::new(self.clause),
        })
    }
}

impl RefusalForm {
    fn into_rule(self) -> Result<Refusal, LoadError> {
        Ok(Refusal {
            code: self.code,
            text: self.text,
            offer: self.offer.map(|offer| word("request", &offer, RequestType::parse)).transpose()?,
        })
    }
}
