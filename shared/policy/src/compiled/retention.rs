//! Forms of the rules on how long what is kept.

use std::collections::BTreeMap;

use domain::{
    ids::{Category, EventName, Purpose},
    policy::{Action, Clause, ErasureExemption, Period, RetentionRule, Switch},
};
use serde::{Deserialize, Serialize};

use super::{
    LoadError,
    words::{events, length, name, texts, word, written},
};
use crate::duration;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionForm {
    category: String,
    purpose: String,
    period: PeriodForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    switch: Option<SwitchForm>,
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exemption: Option<ExemptionForm>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lifecycle: bool,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
enum PeriodForm {
    Fixed {
        duration: String,
    },
    Sliding {
        duration: String,
        renew_on: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<String>,
    },
    UntilEvent {
        events: Vec<String>,
        grace: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<String>,
    },
    Indefinite {},
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchForm {
    on: String,
    then: PeriodForm,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptionForm {
    reason: String,
    article: String,
    clause: String,
}

/// The rules under their categories and purposes.
pub(super) fn unique_rules(
    forms: Vec<RetentionForm>,
) -> Result<BTreeMap<(Category, Purpose), RetentionRule>, LoadError> {
    let mut rules = BTreeMap::new();
    for form in forms {
        let rule = form.into_rule()?;
        let label = format!("{} for {}", rule.category, rule.purpose);
        if rules.insert((rule.category.clone(), rule.purpose.clone()), rule).is_some() {
            return Err(LoadError::Duplicate(label));
        }
    }
    Ok(rules)
}

impl RetentionForm {
    pub(super) fn from_rule(rule: &RetentionRule) -> Self {
        Self {
            category: rule.category.to_string(),
            purpose: rule.purpose.to_string(),
            period: PeriodForm::from_period(&rule.period),
            switch: rule.switch.as_ref().map(|switch| SwitchForm {
                on: switch.on.to_string(),
                then: PeriodForm::from_period(&switch.then),
                clause: switch.clause.to_string(),
            }),
            action: rule.action.as_str().to_owned(),
            exemption: rule.exemption.as_ref().map(|exemption| ExemptionForm {
                reason: exemption.reason.clone(),
                article: exemption.article.clone(),
                clause: exemption.clause.to_string(),
            }),
            lifecycle: rule.lifecycle,
            clause: rule.clause.to_string(),
        }
    }

    fn into_rule(self) -> Result<RetentionRule, LoadError> {
        Ok(RetentionRule {
            category: name(&self.category, Category::parse)?,
            purpose: name(&self.purpose, Purpose::parse)?,
            period: self.period.into_period()?,
            switch: self.switch.map(SwitchForm::into_rule).transpose()?,
            action: word("action", &self.action, Action::parse)?,
            exemption: self.exemption.map(|exemption| ErasureExemption {
                reason: exemption.reason,
                article: exemption.article,
                clause: Clause::new(exemption.clause),
            }),
            lifecycle: self.lifecycle,
            clause: Clause::new(self.clause),
        })
    }
}

impl SwitchForm {
    fn into_rule(self) -> Result<Switch, LoadError> {
        Ok(Switch {
            on: name(&self.on, EventName::parse)?,
            then: self.then.into_period()?,
            clause: Clause::new(self.clause),
        })
    }
}

impl PeriodForm {
    fn from_period(period: &Period) -> Self {
        match period {
            Period::Fixed { duration } => Self::Fixed { duration: written(duration) },
            Period::Sliding { duration, renew_on, max } => {
                Self::Sliding { duration: written(duration), renew_on: texts(renew_on), max: max.as_ref().map(written) }
            }
            Period::UntilEvent { events, grace, max } => {
                Self::UntilEvent { events: texts(events), grace: written(grace), max: max.as_ref().map(written) }
            }
            Period::Indefinite => Self::Indefinite {},
        }
    }

    fn into_period(self) -> Result<Period, LoadError> {
        Ok(match self {
            Self::Fixed { duration } => Period::Fixed { duration: length(&duration)? },
            Self::Sliding { duration, renew_on, max } => Period::Sliding {
                duration: length(&duration)?,
                renew_on: events(&renew_on)?,
                max: max.as_deref().map(length).transpose()?,
            },
            Self::UntilEvent { events: ends, grace, max } => Period::UntilEvent {
                events: events(&ends)?,
                grace: word("duration", &grace, |text| duration::parse(text).ok())?.fieldwise(),
                max: max.as_deref().map(length).transpose()?,
            },
            Self::Indefinite {} => Period::Indefinite,
        })
    }
}
