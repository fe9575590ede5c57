//! Forms of purposes and categories.

use domain::{
    ids::{Category, Field, Ground, Purpose},
    policy::{CategoryRule, Clause, LawfulBasis, PurposeRule, Use},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{each, maybe, name, names, texts, word},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposeForm {
    id: String,
    title: String,
    basis: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    uses: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also_needs: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    only_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    confirm_by_mail: bool,
    clause: String,
}

impl PurposeForm {
    pub(super) fn from_rule(rule: &PurposeRule) -> Self {
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            basis: rule.basis.as_str().to_owned(),
            uses: rule.uses.iter().map(|kind| kind.as_str().to_owned()).collect(),
            also_needs: texts(&rule.also_needs),
            only_with: texts(&rule.only_with),
            threshold: rule.threshold,
            confirm_by_mail: rule.confirm_by_mail,
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<PurposeRule, LoadError> {
        Ok(PurposeRule {
            id: name(&self.id, Purpose::parse)?,
            title: self.title,
            basis: word("lawful basis", &self.basis, LawfulBasis::parse)?,
            uses: each(&self.uses, |text| word("use", text, Use::parse))?,
            also_needs: names(&self.also_needs, Purpose::parse)?,
            only_with: names(&self.only_with, Ground::parse)?,
            threshold: self.threshold,
            confirm_by_mail: self.confirm_by_mail,
            clause: Clause::new(self.clause),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryForm {
    id: String,
    fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    never: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opt_in: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    clause: String,
}

impl CategoryForm {
    pub(super) fn from_rule(rule: &CategoryRule) -> Self {
        Self {
            id: rule.id.to_string(),
            fields: texts(&rule.fields),
            withheld: texts(&rule.withheld),
            never: texts(&rule.never),
            opt_in: rule.opt_in.as_ref().map(ToString::to_string),
            sources: texts(&rule.sources),
            clause: rule.clause.to_string(),
        }
    }

    pub(super) fn into_rule(self) -> Result<CategoryRule, LoadError> {
        Ok(CategoryRule {
            id: name(&self.id, Category::parse)?,
            fields: names(&self.fields, Field::parse)?,
            withheld: names(&self.withheld, Field::parse)?,
            never: names(&self.never, Field::parse)?,
            opt_in: maybe(self.opt_in.as_ref(), Purpose::parse)?,
            sources: names(&self.sources, Ground::parse)?,
            clause: Clause::new(self.clause),
        })
    }
}
