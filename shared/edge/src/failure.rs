//! What went wrong on our side, said without anyone's data.

use std::{
    error::Error,
    fmt::{self, Write as _},
};

use lambda_runtime::Diagnostic;

/// Longest error code that is logged.
const CODE_CHARS_MAX: usize = 64;

/// Deepest source chain that is logged.
const CHAIN_MAX: usize = 8;

/// Something that this function depends on failed; trying again may help.
///
/// It prints what failed, a code, and the names of the error types below it. It never prints an
/// error's own text: SDK and parser errors quote what they were given.
pub struct Failure {
    what: &'static str,
    code: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// Something failed, and no error says more: `Failure::new("the policy layer is empty")`.
    pub const fn new(what: &'static str) -> Self {
        Self { what, code: None, source: None }
    }

    /// For `map_err`: keeps the error as the source.
    ///
    /// ```
    /// # use edge::Failure;
    /// let read = std::fs::read("/nowhere").map_err(Failure::because("the policy layer cannot be read"));
    /// assert_eq!(read.unwrap_err().what(), "the policy layer cannot be read");
    /// ```
    pub fn because<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        move |source| Self { what, code: None, source: Some(source.into()) }
    }

    /// Adds the service's error code (`ThrottlingException`). Anything that does not look like a
    /// code is left out, so that a message passed by mistake is not logged.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        let is_code = !code.is_empty()
            && code.len() <= CODE_CHARS_MAX
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'));
        self.code = is_code.then(|| code.to_owned());
        self
    }

    /// What failed, as the log says it.
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// The service's error code.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The names of the error types in the source chain, outermost first: `SdkError < ServiceError`.
    pub fn chain(&self) -> String {
        let mut names = String::new();
        let mut next: Option<&(dyn Error + 'static)> = self.source.as_deref().map(|source| source as _);
        for _ in 0..CHAIN_MAX {
            let Some(error) = next else { break };
            if !names.is_empty() {
                names.push_str(" < ");
            }
            names.push_str(&type_name(error));
            next = error.source();
        }
        names
    }
}

/// The leading identifier of an error's `Debug` form, which is the name of its type or variant. An
/// error that prints a text instead comes out as `error`.
fn type_name(error: &(dyn Error + 'static)) -> String {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return format!("Failure({})", failure.what);
    }
    let mut leading = Leading { name: String::new(), blank: false };
    // The writer ends the formatting by an error as soon as it has seen enough.
    let _ = write!(leading, "{error:?}");
    if leading.name.starts_with(|c: char| c.is_ascii_uppercase()) { leading.name } else { "error".to_owned() }
}

struct Leading {
    name: String,
    blank: bool,
}

impl fmt::Write for Leading {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                // `Name {` and `Name(` are how derived forms go on; a bare `Name` is a unit type.
                '{' | '(' => return Err(fmt::Error),
                ' ' if !self.blank => self.blank = true,
                c if (c.is_ascii_alphanumeric() || c == '_') && !self.blank && self.name.len() < CODE_CHARS_MAX => {
                    self.name.push(c);
                }
                _ => {
                    self.name.clear();
                    return Err(fmt::Error);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.what),
            None => f.write_str(self.what),
        }
    }
}

/// Prints no more than `Display` and the names of the types: a failure that ends `main` or that the
/// runtime logs by `{:?}` shows no payload either.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self}")?;
        if self.source.is_some() {
            write!(f, "; {}", self.chain())?;
        }
        f.write_char(')')
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Why an invocation ended without an answer. Lambda shows its name as `errorType`; alarms and
/// failure destinations may rely on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvocationError {
    /// The payload is none of the shapes that a function here is triggered by.
    #[error("the event is none of HTTP API v2, SQS, DynamoDB stream, schedule")]
    UnknownEvent,
    /// The payload has a known shape and lacks what that shape must have.
    #[error("the event is malformed: {0}")]
    MalformedEvent(&'static str),
    /// A time ahead of the clock, or too old.
    #[error("{0}")]
    TimeRefused(#[from] crate::clock::TimeRefused),
    /// The function could not do it now.
    #[error("{0}")]
    Failed(#[from] Failure),
    /// The handler panicked; the log has the place.
    #[error("the handler panicked")]
    Panicked,
}

impl InvocationError {
    /// The stable name: `Habeas.UnknownEvent`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownEvent => "Habeas.UnknownEvent",
            Self::MalformedEvent(_) => "Habeas.MalformedEvent",
            Self::TimeRefused(_) => "Habeas.TimeRefused",
            Self::Failed(_) => "Habeas.Failed",
            Self::Panicked => "Habeas.Panicked",
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no such person: {name}")]
    struct NoSuchPerson {
        name: &'static str,
        source: std::num::ParseIntError,
    }

    /// Its Debug form is its text.
    struct Plain(&'static str);

    impl fmt::Debug for Plain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl fmt::Display for Plain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Plain {}

    fn failure() -> Failure {
        let source = "ada".parse::<u8>().unwrap_err();
        Failure::because("the table cannot be read")(NoSuchPerson { name: "ada@example.com", source })
    }

    #[test]
    fn a_failure_prints_types_and_codes_and_nobodys_data() {
        let failure = failure().with_code("ThrottlingException");
        assert_eq!(failure.to_string(), "the table cannot be read (ThrottlingException)");
        assert_eq!(failure.chain(), "NoSuchPerson < ParseIntError");
        let debug = format!("{failure:?}");
        assert_eq!(debug, "Failure(the table cannot be read (ThrottlingException); NoSuchPerson < ParseIntError)");
    }

    #[test]
    fn an_error_that_is_only_text_shows_none_of_it() {
        for text in ["ada@example.com is unknown", "Ada@example.com", "Ada", ""] {
            assert_eq!(Failure::because("x")(text).chain(), "error", "{text}");
            assert_eq!(Failure::because("x")(Plain("Ada Lovelace")).chain(), "error", "{text}");
        }
    }

    #[test]
    fn a_message_given_as_a_code_is_left_out() {
        for code in ["user ada@example.com not found", "", &"x".repeat(65)] {
            assert_eq!(failure().with_code(code).code(), None);
        }
    }

    #[test]
    fn lambda_sees_a_stable_name() {
        let diagnostic = Diagnostic::from(InvocationError::from(failure()));
        assert_eq!(diagnostic.error_type, "Habeas.Failed");
        assert_eq!(diagnostic.error_message, "the table cannot be read");
    }
}
