//! The compiled form: what a function reads at its start.

mod contact;
mod holds;
mod people;
mod purposes;
mod recipients;
mod retention;
mod rights;
mod systems;
mod trackers;
mod words;

use std::collections::BTreeMap;

use domain::{
    ids::{Category, ControllerId, InvalidId, Purpose},
    place::Place,
    policy::{Clause, Policy, PolicyHash, Regime, Signals, VerificationRule},
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use contact::{NoticeChangeForm, NoticeForm, OfficeForm, RoleForm};
use holds::{AttestationForm, HoldForm};
use people::{AgeForm, AgentsForm, BreachForm};
use purposes::{CategoryForm, PurposeForm};
use recipients::{DenialForm, RecipientForm, TransferForm};
use retention::RetentionForm;
use rights::RightForm;
use systems::{AccountsForm, ReplicaForm, SystemForm};
use trackers::{SignalsForm, TrackerForm};
use words::{each, name, unique, word};

/// The version of the compiled form that this build writes and reads.
const VERSION: u8 = 3;

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
    #[error("compiled form {0} is not known to this build, which reads form {VERSION}")]
    Version(u64),
    /// A name that breaks the rules of names.
    #[error("{0:?} is not a name")]
    Name(String, #[source] InvalidId),
    /// A word that is none of those known: a basis, a regime, a zone, a request, a duration, an address.
    #[error("{value:?} is not a known {what}")]
    Word {
        /// What should stand there.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// A rule for a category, purpose, recipient or system that the policy does not declare.
    #[error("a rule names {0:?}, which the policy does not declare")]
    Undeclared(String),
    /// The same purpose, category, retention rule, right or other entry stands there twice.
    #[error("{0:?} is declared twice")]
    Duplicate(String),
}

/// Compiles a policy. Its own `hash` is not read: the hash is made from the bytes.
///
/// # Errors
/// [`NoZoneName`] if its time zone was not taken from the IANA database.
pub fn compile(policy: &Policy) -> Result<CompiledPolicy, NoZoneName> {
    let form = PolicyForm::from_policy(policy)?;
    // A tree of strings, numbers and lists always has a JSON form.
    let bytes = serde_json::to_vec(&form).unwrap_or_default();
    Ok(CompiledPolicy { controller: policy.controller.clone(), hash: hash_of(&bytes), bytes })
}

/// Loads compiled bytes; the policy's hash is the SHA-256 of exactly these bytes.
///
/// # Errors
/// Says which rule of the form the bytes break. A policy that loads is consistent.
pub fn load(bytes: &[u8]) -> Result<Policy, LoadError> {
    let form: PolicyForm =
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

/// One controller's policy. What is empty is left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyForm {
    v: u8,
    controller: String,
    name: String,
    regimes: Vec<String>,
    time_zone: String,
    contact: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    establishment: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sandbox: bool,
    #[serde(default, skip_serializing_if = "OfficeForm::is_empty")]
    office: OfficeForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    systems: Vec<SystemForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replicas: Vec<ReplicaForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accounts: Option<AccountsForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<RoleForm>,
    notice: NoticeForm,
    accepted_notices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notice_change: Option<NoticeChangeForm>,
    purposes: Vec<PurposeForm>,
    categories: Vec<CategoryForm>,
    retention: Vec<RetentionForm>,
    rights: Vec<RightForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age: Option<AgeForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agents: Option<AgentsForm>,
    breach: BreachForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<RecipientForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipients_clause: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transfer: Option<TransferForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    denials: Vec<DenialForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trackers: Vec<TrackerForm>,
    /// Left out: the text is silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signals: Option<SignalsForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<HoldForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attestations: Vec<AttestationForm>,
}

impl PolicyForm {
    fn from_policy(policy: &Policy) -> Result<Self, NoZoneName> {
        let signals = (policy.signals != Signals::default()).then(|| SignalsForm::from_rule(&policy.signals));
        Ok(Self {
            v: VERSION,
            controller: policy.controller.to_string(),
            name: policy.name.clone(),
            regimes: policy.regimes.iter().map(|regime| regime.as_str().to_owned()).collect(),
            time_zone: policy.time_zone.iana_name().ok_or(NoZoneName)?.to_owned(),
            contact: policy.contact_mail.clone(),
            establishment: policy.establishment.as_ref().map(ToString::to_string),
            sandbox: policy.is_sandbox,
            office: OfficeForm::from_rule(&policy.office),
            systems: policy.systems.values().map(SystemForm::from_rule).collect(),
            replicas: policy.replicas.values().map(ReplicaForm::from_rule).collect(),
            accounts: policy.accounts.as_ref().map(AccountsForm::from_rule),
            roles: policy.roles.iter().map(RoleForm::from_rule).collect(),
            notice: NoticeForm::from_rule(&policy.notice),
            accepted_notices: policy.accepted_notices.clone(),
            notice_change: policy.notice_change.as_ref().map(NoticeChangeForm::from_rule),
            purposes: policy.purposes.values().map(PurposeForm::from_rule).collect(),
            categories: policy.categories.values().map(CategoryForm::from_rule).collect(),
            retention: policy.retention.values().map(RetentionForm::from_rule).collect(),
            rights: policy.rights.values().map(RightForm::from_rule).collect(),
            age: policy.age.as_ref().map(AgeForm::from_rule),
            agents: policy.agents.as_ref().map(AgentsForm::from_rule),
            breach: BreachForm::from_rule(&policy.breach),
            recipients: policy.recipients.values().map(RecipientForm::from_rule).collect(),
            recipients_clause: policy.recipients_clause.as_ref().map(ToString::to_string),
            transfer: policy.transfer.as_ref().map(TransferForm::from_rule),
            denials: policy.denials.values().map(DenialForm::from_rule).collect(),
            trackers: policy.trackers.values().map(TrackerForm::from_rule).collect(),
            signals,
            holds: policy.holds.iter().map(HoldForm::from_rule).collect(),
            attestations: policy.attestations.values().map(AttestationForm::from_rule).collect(),
        })
    }

    fn into_policy(self, hash: PolicyHash) -> Result<Policy, LoadError> {
        let policy = Policy {
            controller: name(&self.controller, ControllerId::parse)?,
            name: self.name,
            hash,
            regimes: each(&self.regimes, |text| word("regime", text, Regime::parse))?,
            time_zone: word("time zone", &self.time_zone, |text| TimeZone::get(text).ok())?,
            contact_mail: self.contact,
            establishment: self
                .establishment
                .map(|text| word("place", &text, |text| Place::parse(text).ok()))
                .transpose()?,
            is_sandbox: self.sandbox,
            office: self.office.into_rule()?,
            systems: unique(self.systems.into_iter().map(SystemForm::into_rule), |rule| rule.id.clone())?,
            replicas: unique(self.replicas.into_iter().map(ReplicaForm::into_rule), |rule| rule.bucket.clone())?,
            accounts: self.accounts.map(AccountsForm::into_rule).transpose()?,
            roles: self.roles.into_iter().map(RoleForm::into_rule).collect::<Result<_, _>>()?,
            notice: self.notice.into_rule(),
            accepted_notices: self.accepted_notices,
            notice_change: self.notice_change.map(NoticeChangeForm::into_rule).transpose()?,
            purposes: unique(self.purposes.into_iter().map(PurposeForm::into_rule), |rule| rule.id.clone())?,
            categories: unique(self.categories.into_iter().map(CategoryForm::into_rule), |rule| rule.id.clone())?,
            retention: BTreeMap::new(),
            rights: unique(self.rights.into_iter().map(RightForm::into_rule), |rule| rule.request)?,
            age: self.age.map(AgeForm::into_rule).transpose()?,
            agents: self.agents.map(AgentsForm::into_rule).transpose()?,
            breach: self.breach.into_rule()?,
            recipients: unique(self.recipients.into_iter().map(RecipientForm::into_rule), |rule| rule.id.clone())?,
            recipients_clause: self.recipients_clause.map(Clause::new),
            transfer: self.transfer.map(TransferForm::into_rule).transpose()?,
            denials: recipients::unique_denials(self.denials)?,
            trackers: unique(self.trackers.into_iter().map(TrackerForm::into_rule), |rule| rule.id.clone())?,
            signals: self.signals.map(SignalsForm::into_rule).unwrap_or_default(),
            holds: self.holds.into_iter().map(HoldForm::into_rule).collect::<Result<_, _>>()?,
            attestations: unique(self.attestations.into_iter().map(AttestationForm::into_rule), |rule| {
                rule.id.clone()
            })?,
        };
        let policy = Policy { retention: retention::unique_rules(self.retention)?, ..policy };
        check_references(&policy)?;
        Ok(policy)
    }
}

/// Every name that a rule mentions is declared.
fn check_references(policy: &Policy) -> Result<(), LoadError> {
    let purpose = |id: &Purpose| match policy.purposes.contains_key(id) {
        true => Ok(()),
        false => Err(LoadError::Undeclared(id.to_string())),
    };
    let category = |id: &Category| match policy.categories.contains_key(id) {
        true => Ok(()),
        false => Err(LoadError::Undeclared(id.to_string())),
    };
    policy.purposes.values().flat_map(|rule| &rule.also_needs).try_for_each(purpose)?;
    policy.categories.values().flat_map(|rule| &rule.opt_in).try_for_each(purpose)?;
    policy.retention.keys().map(|(id, _)| id).try_for_each(category)?;
    policy.retention.keys().map(|(_, id)| id).try_for_each(purpose)?;
    for recipient in policy.recipients.values() {
        recipient.categories.iter().try_for_each(category)?;
        recipient.purposes.iter().chain(&recipient.consent).try_for_each(purpose)?;
    }
    policy.systems.values().flat_map(|rule| &rule.categories).try_for_each(category)?;
    let mut told = policy.holds.iter().flat_map(|rule| &rule.tell).chain(&policy.breach.channel);
    if let Some(stranger) = told.find(|system| !policy.systems.contains_key(*system)) {
        return Err(LoadError::Undeclared(stranger.to_string()));
    }
    let by_account = policy.rights.values().any(|rule| rule.verification == VerificationRule::Account);
    if by_account && policy.accounts.is_none() {
        return Err(LoadError::Undeclared("accounts".to_owned()));
    }
    policy.denials.values().flat_map(|rule| rule.except.iter().chain(&rule.unless_consent)).try_for_each(purpose)?;
    for tracker in policy.trackers.values() {
        trackers::consents(tracker).try_for_each(purpose)?;
        if let Some(party) = tracker.party.as_ref().filter(|party| !policy.recipients.contains_key(*party)) {
            return Err(LoadError::Undeclared(party.to_string()));
        }
    }
    Ok(())
}
