//! The compiled form: what a function reads at its start.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    dsar::RequestType,
    ids::{Category, ControllerId, EventName, Field, InvalidId, Purpose},
    policy::{
        Action, AgeRule, BreachRule, CategoryRule, Clause, ErasureExemption, LawfulBasis, Notice, Office, Period,
        Policy, PolicyHash, PurposeRule, Refusal, Regime, RetentionRule, RightRule, Signals, Switch, VerificationRule,
    },
};
use jiff::{SpanFieldwise, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::duration;

/// The version of the compiled form that this build writes and reads.
const VERSION: u8 = 1;

/// A policy in the form that functions load: the same promises give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledPolicy {
    controller: ControllerId,
    hash: PolicyHash,
    bytes: Vec<u8>,
}

impl CompiledPolicy {
    /// Whose policy it is.
    pub const fn controller(&self) -> &ControllerId {
        &self.controller
    }

    /// The SHA-256 of [`Self::bytes`].
    pub const fn hash(&self) -> &PolicyHash {
        &self.hash
    }

    /// The compact JSON to store.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The policy's time zone has no IANA name, so it cannot be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the policy's time zone has no IANA name")]
pub struct NoZoneName;

/// Why compiled bytes were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Not JSON of the expected form.
    #[error("not a compiled policy")]
    Form(#[source] serde_json::Error),
    /// Written by another version of the compiler: compile the TOML file again.
    #[error("compiled form {0} is not known to this build, which reads form 1")]
    Version(u64),
    /// A name that breaks the rules of names.
    #[error("{0:?} is not a name")]
    Name(String, #[source] InvalidId),
    /// A word that is none of those known: a basis, a regime, a zone, a request, a duration.
    #[error("{value:?} is not a known {what}")]
    Word {
        /// What should stand there.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// A retention rule for a category or purpose that the policy does not declare.
    #[error("a retention rule names {0:?}, which the policy does not declare")]
    Undeclared(String),
    /// The same purpose, category, retention rule or right stands there twice.
    #[error("{0:?} is declared twice")]
    Duplicate(String),
}

/// Compiles a policy. Its own `hash` is not read: the hash is made from the bytes.
///
/// # Errors
/// [`NoZoneName`] if its time zone was not taken from the IANA database.
pub fn compile(policy: &Policy) -> Result<CompiledPolicy, NoZoneName> {
    let form = PolicyV1::from_policy(policy)?;
    // A tree of strings, numbers and lists always has a JSON form.
    let bytes = serde_json::to_vec(&form).unwrap_or_default();
    Ok(CompiledPolicy { controller: policy.controller.clone(), hash: hash_of(&bytes), bytes })
}

/// Loads compiled bytes; the policy's hash is the SHA-256 of exactly these bytes.
///
/// # Errors
/// Says which rule of the form the bytes break. A policy that loads is consistent.
pub fn load(bytes: &[u8]) -> Result<Policy, LoadError> {
    let form: PolicyV1 =
        serde_json::from_slice(bytes).map_err(|error| version_error(bytes).unwrap_or(LoadError::Form(error)))?;
    if form.v != VERSION {
        return Err(LoadError::Version(form.v.into()));
    }
    form.into_policy(hash_of(bytes))
}

/// Whether these bytes are a compiled policy of whatever version, and so ours to replace.
#[cfg(feature = "compiler")]
pub(crate) fn is_compiled(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "v")]
        _v: u64,
        #[serde(rename = "controller")]
        _controller: String,
        #[serde(rename = "regimes")]
        _regimes: Vec<String>,
    }
    serde_json::from_slice::<Head>(bytes).is_ok()
}

fn version_error(bytes: &[u8]) -> Option<LoadError> {
    #[derive(Deserialize)]
    struct Head {
        v: u64,
    }
    let head: Head = serde_json::from_slice(bytes).ok()?;
    (head.v != u64::from(VERSION)).then_some(LoadError::Version(head.v))
}

fn hash_of(bytes: &[u8]) -> PolicyHash {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    PolicyHash::from_hex(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyV1 {
    v: u8,
    controller: String,
    name: String,
    regimes: Vec<String>,
    time_zone: String,
    contact: String,
    notice: NoticeV1,
    accepted_notices: Vec<String>,
    purposes: Vec<PurposeV1>,
    categories: Vec<CategoryV1>,
    retention: Vec<RetentionV1>,
    rights: Vec<RightV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age: Option<AgeV1>,
    breach: BreachV1,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeV1 {
    version: String,
    language: String,
    text_sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeV1 {
    id: String,
    title: String,
    basis: String,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryV1 {
    id: String,
    fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<String>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionV1 {
    category: String,
    purpose: String,
    period: PeriodV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    switch: Option<SwitchV1>,
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exemption: Option<ExemptionV1>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
enum PeriodV1 {
    Fixed {
        duration: String,
    },
    Sliding {
        duration: String,
        renew_on: Vec<String>,
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
struct SwitchV1 {
    on: String,
    then: PeriodV1,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptionV1 {
    reason: String,
    article: String,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RightV1 {
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalV1>,
    verification: VerificationV1,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalV1 {
    code: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VerificationV1 {
    None,
    Mail,
    Points(u8),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refuse_below: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guardian_below: Option<u8>,
    clause: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreachV1 {
    tell_of_attempts: bool,
    website_alert: bool,
    clause: String,
}

fn names<T: std::fmt::Display>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

impl PolicyV1 {
    fn from_policy(policy: &Policy) -> Result<Self, NoZoneName> {
        Ok(Self {
            v: VERSION,
            controller: policy.controller.to_string(),
            name: policy.name.clone(),
            regimes: policy.regimes.iter().map(|regime| regime.as_str().to_owned()).collect(),
            time_zone: policy.time_zone.iana_name().ok_or(NoZoneName)?.to_owned(),
            contact: policy.contact_mail.clone(),
            notice: NoticeV1 {
                version: policy.notice.version.clone(),
                language: policy.notice.language.clone(),
                text_sha256: policy.notice.text_sha256.clone(),
            },
            accepted_notices: policy.accepted_notices.clone(),
            purposes: policy.purposes.values().map(PurposeV1::from_rule).collect(),
            categories: policy.categories.values().map(CategoryV1::from_rule).collect(),
            retention: policy.retention.values().map(RetentionV1::from_rule).collect(),
            rights: policy.rights.values().map(RightV1::from_rule).collect(),
            age: policy.age.as_ref().map(|age| AgeV1 {
                refuse_below: age.refuse_below,
                guardian_below: age.guardian_below,
                clause: age.clause.to_string(),
            }),
            breach: BreachV1 {
                tell_of_attempts: policy.breach.tell_of_attempts,
                website_alert: policy.breach.website_alert,
                clause: policy.breach.clause.to_string(),
            },
        })
    }

    fn into_policy(self, hash: PolicyHash) -> Result<Policy, LoadError> {
        let purposes = unique(self.purposes.into_iter().map(PurposeV1::into_rule), |rule| rule.id.clone())?;
        let categories = unique(self.categories.into_iter().map(CategoryV1::into_rule), |rule| rule.id.clone())?;
        let mut retention = BTreeMap::new();
        for rule in self.retention {
            let rule = rule.into_rule()?;
            if !categories.contains_key(&rule.category) {
                return Err(LoadError::Undeclared(rule.category.to_string()));
            }
            if !purposes.contains_key(&rule.purpose) {
                return Err(LoadError::Undeclared(rule.purpose.to_string()));
            }
            let label = format!("{} for {}", rule.category, rule.purpose);
            if retention.insert((rule.category.clone(), rule.purpose.clone()), rule).is_some() {
                return Err(LoadError::Duplicate(label));
            }
        }
        let mut rights = BTreeMap::new();
        for right in self.rights {
            let right = right.into_rule()?;
            let request = right.request;
            if rights.insert(request, right).is_some() {
                return Err(LoadError::Duplicate(request.to_string()));
            }
        }
        Ok(Policy {
            controller: name(&self.controller, ControllerId::parse)?,
            name: self.name,
            hash,
            regimes: self.regimes.iter().map(|text| word("regime", text, Regime::parse)).collect::<Result<_, _>>()?,
            time_zone: word("time zone", &self.time_zone, |text| TimeZone::get(text).ok())?,
            contact_mail: self.contact,
            office: Office::default(),
            roles: Vec::new(),
            notice: Notice {
                version: self.notice.version,
                language: self.notice.language,
                text_sha256: self.notice.text_sha256,
            },
            accepted_notices: self.accepted_notices,
            purposes,
            categories,
            retention,
            rights,
            age: self.age.map(|age| AgeRule {
                refuse_below: age.refuse_below,
                guardian_below: age.guardian_below,
                guardian_below_in: BTreeMap::new(),
                clause: Clause::new(age.clause),
            }),
            breach: BreachRule {
                tell_of_attempts: self.breach.tell_of_attempts,
                website_alert: self.breach.website_alert,
                clause: Clause::new(self.breach.clause),
            },
            agents: None,
            recipients: BTreeMap::new(),
            recipients_clause: None,
            transfer: None,
            denials: BTreeMap::new(),
            trackers: BTreeMap::new(),
            signals: Signals::default(),
            holds: Vec::new(),
            notice_change: None,
            attestations: BTreeMap::new(),
        })
    }
}

impl PurposeV1 {
    fn from_rule(rule: &PurposeRule) -> Self {
        Self {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            basis: rule.basis.as_str().to_owned(),
            clause: rule.clause.to_string(),
        }
    }

    fn into_rule(self) -> Result<PurposeRule, LoadError> {
        Ok(PurposeRule {
            id: name(&self.id, Purpose::parse)?,
            title: self.title,
            basis: word("lawful basis", &self.basis, LawfulBasis::parse)?,
            uses: BTreeSet::new(),
            also_needs: BTreeSet::new(),
            only_with: BTreeSet::new(),
            threshold: None,
            clause: Clause::new(self.clause),
        })
    }
}

impl CategoryV1 {
    fn from_rule(rule: &CategoryRule) -> Self {
        Self {
            id: rule.id.to_string(),
            fields: names(&rule.fields),
            withheld: names(&rule.withheld),
            clause: rule.clause.to_string(),
        }
    }

    fn into_rule(self) -> Result<CategoryRule, LoadError> {
        Ok(CategoryRule {
            id: name(&self.id, Category::parse)?,
            fields: self.fields.iter().map(|text| name(text, Field::parse)).collect::<Result<_, _>>()?,
            withheld: self.withheld.iter().map(|text| name(text, Field::parse)).collect::<Result<_, _>>()?,
            never: Vec::new(),
            opt_in: None,
            sources: Vec::new(),
            clause: Clause::new(self.clause),
        })
    }
}

impl RetentionV1 {
    fn from_rule(rule: &RetentionRule) -> Self {
        Self {
            category: rule.category.to_string(),
            purpose: rule.purpose.to_string(),
            period: PeriodV1::from_period(&rule.period),
            switch: rule.switch.as_ref().map(|switch| SwitchV1 {
                on: switch.on.to_string(),
                then: PeriodV1::from_period(&switch.then),
                clause: switch.clause.to_string(),
            }),
            action: rule.action.as_str().to_owned(),
            exemption: rule.exemption.as_ref().map(|exemption| ExemptionV1 {
                reason: exemption.reason.clone(),
                article: exemption.article.clone(),
                clause: exemption.clause.to_string(),
            }),
            clause: rule.clause.to_string(),
        }
    }

    fn into_rule(self) -> Result<RetentionRule, LoadError> {
        Ok(RetentionRule {
            category: name(&self.category, Category::parse)?,
            purpose: name(&self.purpose, Purpose::parse)?,
            period: self.period.into_period()?,
            switch: self
                .switch
                .map(|switch| {
                    Ok::<_, LoadError>(Switch {
                        on: name(&switch.on, EventName::parse)?,
                        then: switch.then.into_period()?,
                        clause: Clause::new(switch.clause),
                    })
                })
                .transpose()?,
            action: word("action", &self.action, Action::parse)?,
            exemption: self.exemption.map(|exemption| ErasureExemption {
                reason: exemption.reason,
                article: exemption.article,
                clause: Clause::new(exemption.clause),
            }),
            clause: Clause::new(self.clause),
        })
    }
}

impl PeriodV1 {
    fn from_period(period: &Period) -> Self {
        match period {
            Period::Fixed { duration } => Self::Fixed { duration: duration::format(&duration.0) },
            Period::Sliding { duration, renew_on, .. } => {
                Self::Sliding { duration: duration::format(&duration.0), renew_on: names(renew_on) }
            }
            Period::UntilEvent { events, grace, max } => Self::UntilEvent {
                events: names(events),
                grace: duration::format(&grace.0),
                max: max.as_ref().map(|max| duration::format(&max.0)),
            },
            Period::Indefinite => Self::Indefinite {},
        }
    }

    fn into_period(self) -> Result<Period, LoadError> {
        Ok(match self {
            Self::Fixed { duration } => Period::Fixed { duration: length(&duration)? },
            Self::Sliding { duration, renew_on } => {
                Period::Sliding { duration: length(&duration)?, renew_on: events(&renew_on)?, max: None }
            }
            Self::UntilEvent { events: ends, grace, max } => Period::UntilEvent {
                events: events(&ends)?,
                grace: word("duration", &grace, |text| duration::parse(text).ok())?.fieldwise(),
                max: max.as_deref().map(length).transpose()?,
            },
            Self::Indefinite {} => Period::Indefinite,
        })
    }
}

impl RightV1 {
    fn from_rule(rule: &RightRule) -> Self {
        Self {
            request: rule.request.to_string(),
            refusal: rule.refusal.as_ref().map(|refusal| RefusalV1 {
                code: refusal.code.clone(),
                text: refusal.text.clone(),
                offer: refusal.offer.map(|offer| offer.to_string()),
            }),
            verification: match rule.verification {
                VerificationRule::None => VerificationV1::None,
                VerificationRule::Mail => VerificationV1::Mail,
                VerificationRule::Points(points) => VerificationV1::Points(points),
            },
            clause: rule.clause.to_string(),
        }
    }

    fn into_rule(self) -> Result<RightRule, LoadError> {
        Ok(RightRule {
            request: word("request", &self.request, RequestType::parse)?,
            refusal: self
                .refusal
                .map(|refusal| {
                    Ok::<_, LoadError>(Refusal {
                        code: refusal.code,
                        text: refusal.text,
                        offer: refusal.offer.map(|offer| word("request", &offer, RequestType::parse)).transpose()?,
                    })
                })
                .transpose()?,
            verification: match self.verification {
                VerificationV1::None => VerificationRule::None,
                VerificationV1::Mail => VerificationRule::Mail,
                VerificationV1::Points(points) => VerificationRule::Points(points),
            },
            respond_within: None,
            clause: Clause::new(self.clause),
        })
    }
}

fn unique<K: Ord + std::fmt::Display, T>(
    rules: impl Iterator<Item = Result<T, LoadError>>,
    key: impl Fn(&T) -> K,
) -> Result<BTreeMap<K, T>, LoadError> {
    let mut map = BTreeMap::new();
    for rule in rules {
        let rule = rule?;
        let id = key(&rule);
        let label = id.to_string();
        if map.insert(id, rule).is_some() {
            return Err(LoadError::Duplicate(label));
        }
    }
    Ok(map)
}

fn name<T>(text: &str, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<T, LoadError> {
    parse(text).map_err(|error| LoadError::Name(text.to_owned(), error))
}

fn word<T>(what: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, LoadError> {
    parse(text).ok_or_else(|| LoadError::Word { what, value: text.to_owned() })
}

/// A duration that keeps something: zero would keep nothing and is a mistake.
fn length(text: &str) -> Result<SpanFieldwise, LoadError> {
    let span = word("duration", text, |text| duration::parse(text).ok().filter(|span| !span.is_zero()))?;
    Ok(span.fieldwise())
}

fn events(texts: &[String]) -> Result<Vec<EventName>, LoadError> {
    if texts.is_empty() {
        return Err(LoadError::Word { what: "list of events", value: String::new() });
    }
    texts.iter().map(|text| name(text, EventName::parse)).collect()
}
