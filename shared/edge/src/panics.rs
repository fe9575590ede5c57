//! A panic costs what was in hand, and its text goes nowhere.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// The handler panicked. The hook of [`crate::telemetry`] has logged where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Runs a future and stops a panic in it. `lambda_runtime` would stop it as well, but it sends the
/// panic's text to the Runtime API, from where it reaches callers and failure destinations.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Unwind safe: a future that has panicked is dropped, never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_stopped_and_its_text_is_dropped() {
        let outcome = caught(async {
            if std::hint::black_box(true) {
                panic!("ada@example.com");
            }
        })
        .await;
        assert_eq!(outcome, Err(Panicked));
        assert_eq!(caught(async { 3 }).await, Ok(3));
    }
}
