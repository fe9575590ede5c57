//! What went wrong on the way, in a sentence for whoever runs the tool.

use std::fmt;

/// A step that could not be taken. The text is for a person at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(String);

/// A step's result.
pub type Played<T = ()> = Result<T, Trouble>;

impl Trouble {
    /// Says what went wrong.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For `map_err`: puts what was tried before why it failed.
    pub fn because<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |cause| Self(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}
