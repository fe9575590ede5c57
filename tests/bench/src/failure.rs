//! What goes wrong, as a sentence.

use std::fmt;

/// A problem told to a person.
#[derive(Debug)]
pub struct Failure(String);

/// The result of a step.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A problem in words.
    pub fn new(text: impl Into<String>) -> Self {
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
pub trait Context<T> {
    /// `doing` reads after "cannot": "read template.yaml".
    ///
    /// # Errors
    /// The cause, with what was being done before it.
    fn cannot(self, doing: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn cannot(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|cause| Failure(format!("cannot {doing}: {cause}")))
    }
}
