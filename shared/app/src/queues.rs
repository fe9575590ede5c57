//! The queues between functions.

use crate::error::PortError;

/// A consumer's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// dsar-fulfil's.
    Fulfil,
    /// breach-notify's.
    Breach,
    /// retention-track's.
    Records,
    /// purge's.
    Purge,
    /// notice-change's.
    Notice,
    /// system-tasks'.
    Tasks,
}

/// The port to the queues.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Outbox {
    /// Sends messages to a queue.
    ///
    /// MUST have handed over every one of them when it succeeds. When it fails, some may have been:
    /// consumers are idempotent, so the sender tries all again.
    async fn send(&self, queue: Queue, bodies: Vec<String>) -> Result<(), PortError>;
}

/// Longest that a message can be delayed before anybody sees it, in seconds, as SQS has it.
pub const LATER_SECONDS_MAX: i64 = 900;

/// The port by which what is left of a message comes again later as a message of its own: how often its
/// predecessor was received, and for how long that lay in the queue, is forgotten with it.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Later {
    /// Sends a message to a queue, where nobody sees it for so many seconds: at most [`LATER_SECONDS_MAX`].
    async fn send_later(&self, queue: Queue, body: String, seconds: i64) -> Result<(), PortError>;
}

/// The port to a function's own dead-letter queue.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait DeadLetters {
    /// Puts a message that will never succeed aside, with the reason beside it.
    async fn bury(&self, body: &str, reason: &str) -> Result<(), PortError>;
}

/// The port to the dead-letter queue of the queue in which systems tell their outcomes.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait OutcomeLetters {
    /// Puts an outcome that will never be taken aside, with the reason beside it.
    async fn bury_outcome(&self, body: &str, reason: &str) -> Result<(), PortError>;
}

/// The port by which a function decides when a message of its own queue comes again.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Postponing {
    /// Hides a message that is being handled for so many seconds: at most twelve hours, as SQS has it.
    async fn postpone(&self, queue: Queue, receipt: &str, seconds: i64) -> Result<(), PortError>;
}
