//! What staff read about the controller's systems.

use std::fmt;

use domain::{
    ids::SystemId,
    policy::{SystemKind, SystemRule},
    system::{FAILURES_TO_OPEN, SIGNATURE_HEADER, SystemSecret, SystemState, TaskId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::VERSION;

/// `GET /{controller}/v1/staff/systems/{system}/secret`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAnswer {
    /// [`VERSION`].
    pub v: u8,
    /// Which system.
    pub system: String,
    /// Which secret of its.
    pub version: u32,
    /// The secret: its text is the key.
    pub secret: String,
    /// The header that carries a signature.
    pub header: String,
    /// Where outcomes go.
    pub callback: String,
}

impl fmt::Debug for SecretAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretAnswer").field("system", &self.system).finish_non_exhaustive()
    }
}

impl SecretAnswer {
    /// Writes an answer.
    pub fn new(system: &SystemId, version: u32, secret: &SystemSecret, callback: String) -> Self {
        Self {
            v: VERSION,
            system: system.to_string(),
            version,
            // Disclosed to the operator who sets the receiver up.
            secret: secret.text().disclose().clone(),
            header: SIGNATURE_HEADER.to_owned(),
            callback,
        }
    }
}

/// `GET /{controller}/v1/staff/systems`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemsAnswer {
    /// [`VERSION`].
    pub v: u8,
    /// Each system of the policy.
    pub systems: Vec<SystemAnswer>,
}

/// How one system does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemAnswer {
    /// Its name.
    pub system: String,
    /// What people read.
    pub title: String,
    /// `webhook` or `queue`.
    pub kind: String,
    /// `well`; `failing`; `left-alone`: it failed so often that it is called no more until
    /// `left_alone_until`.
    pub state: String,
    /// Since its last success.
    pub failures_in_a_row: u32,
    /// When it last took a task or told an outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<String>,
    /// When it last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<String>,
    /// How: `timeout`, `http-503`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// Until when it is not called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_alone_until: Option<String>,
    /// How many tasks wait for it.
    pub open_tasks: usize,
    /// Since when the oldest of them does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<String>,
    /// Which secret is in force.
    pub secret_version: u32,
}

impl SystemAnswer {
    /// Writes how a system does, with its open tasks.
    pub fn new(rule: &SystemRule, state: &SystemState, open: &[(TaskId, Timestamp)], now: Timestamp) -> Self {
        let health = &state.health;
        let left_alone_until = health.open_until.filter(|until| *until > now);
        let name = match health.failures_in_a_row {
            0 => "well",
            failures if failures >= FAILURES_TO_OPEN && left_alone_until.is_some() => "left-alone",
            _ => "failing",
        };
        Self {
            system: rule.id.to_string(),
            title: rule.title.clone(),
            kind: match rule.kind {
                SystemKind::Webhook { .. } => "webhook",
                SystemKind::Queue { .. } => "queue",
            }
            .to_owned(),
            state: name.to_owned(),
            failures_in_a_row: health.failures_in_a_row,
            last_success_at: health.success_at.map(|at| at.to_string()),
            last_failure_at: health.failure.as_ref().map(|(at, _)| at.to_string()),
            last_failure: health.failure.as_ref().map(|(_, code)| code.clone()),
            left_alone_until: left_alone_until.map(|until| until.to_string()),
            open_tasks: open.len(),
            waiting_since: open.iter().map(|(_, since)| *since).min().map(|since| since.to_string()),
            secret_version: state.secret.version,
        }
    }
}
