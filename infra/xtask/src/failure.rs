//! What goes wrong, as a sentence that says what to do.

use std::fmt;

/// A problem told to a person. The text names the cause and the next step.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// The result of a step.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Adds to a cause what was being done.
pub(crate) trait Context<T> {
    /// `doing` reads after "cannot": "write .habeas/stack.json".
    fn cannot(self, doing: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn cannot(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|cause| Failure(format!("cannot {doing}: {cause}")))
    }
}
