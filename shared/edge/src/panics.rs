//! A panic costs what was in hand, and its text goes nowhere.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

/// The handler panicked. The hook of [`crate::telemetry`] has logged where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Runs a future and stops a panic in it. `lambda_runtime` would stop it as well, but it sends the
/// panic's text to the Runtime API, from where it reaches callers and failure destinations.
///
/// It is put on the heap as soon as it is made: a handler's future has room for the largest call to AWS, and each
/// function that hands it on would copy all of it.
pub(crate) async fn caught<F: Future>(begin: impl FnOnce() -> F) -> Result<F::Output, Panicked> {
    let mut future = catch_unwind(AssertUnwindSafe(|| Box::pin(begin()))).map_err(|_| Panicked)?;
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
        let fails = || assert!(std::hint::black_box(false), "ada@example.com");
        assert_eq!(caught(|| async { fails() }).await, Err(Panicked));
        let begin = || {
            fails();
            async {}
        };
        assert_eq!(caught(begin).await, Err(Panicked));
        assert_eq!(caught(|| async { 3 }).await, Ok(3));
    }
}
