//! For tests alone: every port in memory, the contract that every adapter keeps, and builders.
//!
//! Nothing of it is in a release binary.

pub mod build;
pub mod contract;
mod memory;
mod promises;
pub mod recipients;

pub use build::policy;
pub use memory::{Backup, HandedOver, Memory, Said};
pub use promises::consent_side;

/// Runs what never waits: everything on ports in memory.
///
/// # Panics
/// If it waits after all.
#[expect(clippy::expect_used, reason = "a test that is written wrongly fails")]
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("nothing in memory waits")
}

/// Waits for all of them, beside each other.
pub async fn together<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    futures_util::future::join_all(all).await
}
