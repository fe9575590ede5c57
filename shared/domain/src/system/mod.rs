//! The controller's own systems, asked by task: what is signed and how, what a task says and how it
//! may end, and when a system that does not answer is left alone.

mod address;
mod health;
mod notice;
mod signing;
mod task;

pub use address::is_public;
pub use health::{FAILURES_TO_OPEN, Health, PROBE_SECONDS, Pace, SYSTEM_CODE_BYTES_MAX};
pub use notice::{HoldNews, HoldNotice};
pub use signing::{
    HEADER_BYTES_MAX, KEPT_HOURS, QUEUE_WINDOW_DAYS, SIGNATURE_HEADER, SIGNATURES_MAX, SecretVersion, SignatureRefused,
    SystemSecret, SystemsKey, WINDOW_MINUTES, signature, verify,
};
pub use task::{InvalidTask, Task, TaskId, TaskOutcome, is_task, systems_for};

/// All that is kept of a system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemState {
    /// How often it was written: what a writer must have seen.
    pub revision: u64,
    /// How it does.
    pub health: Health,
    /// Which secret is in force.
    pub secret: SecretVersion,
}
