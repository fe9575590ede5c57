//! How a system of the controller's does, and the tasks that wait for it.

use domain::system::{Health, SecretVersion, SystemState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Unreadable, VERSION, check, millis, some_time, time};

/// `SYSTEM#{system}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// How often it was written.
    pub rev: u64,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// Until when it is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<i64>,
    /// When it last took a task or told an outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_at: Option<i64>,
    /// When it last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<i64>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Which secret is in force.
    pub secret_version: u32,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_since: Option<i64>,
}

impl From<&SystemState> for System {
    fn from(state: &SystemState) -> Self {
        let health = &state.health;
        Self {
            v: VERSION,
            kind: Kind::System,
            rev: state.revision,
            failures_in_a_row: health.failures_in_a_row,
            open_until: health.open_until.map(millis),
            success_at: health.success_at.map(millis),
            failed_at: health.failure.as_ref().map(|(at, _)| millis(*at)),
            failure: health.failure.as_ref().map(|(_, code)| code.clone()),
            secret_version: state.secret.version,
            secret_since: state.secret.since.map(millis),
        }
    }
}

impl System {
    /// Reads the state.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn into_state(self) -> Result<SystemState, Unreadable> {
        check(self.v, self.kind, Kind::System)?;
        let failure = match (some_time("failed_at", self.failed_at)?, self.failure) {
            (Some(at), Some(code)) => Some((at, code)),
            (None, None) => None,
            _ => return Err(Unreadable { field: "failure" }),
        };
        Ok(SystemState {
            revision: self.rev,
            health: Health {
                failures_in_a_row: self.failures_in_a_row,
                open_until: some_time("open_until", self.open_until)?,
                success_at: some_time("success_at", self.success_at)?,
                failure,
            },
            secret: SecretVersion {
                version: self.secret_version,
                since: some_time("secret_since", self.secret_since)?,
            },
        })
    }
}

/// `TASK#{system}#{request}`: a task that waits for its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTask {
    /// The form's version.
    pub v: u8,
    /// What the item is.
    pub kind: Kind,
    /// Since when.
    pub at: i64,
}

impl OpenTask {
    /// A task that waits since then.
    pub fn new(at: Timestamp) -> Self {
        Self { v: VERSION, kind: Kind::Task, at: millis(at) }
    }

    /// Since when it waits.
    ///
    /// # Errors
    /// [`Unreadable`] names the field that does not read.
    pub fn since(&self) -> Result<Timestamp, Unreadable> {
        check(self.v, self.kind, Kind::Task)?;
        time("at", self.at)
    }
}
