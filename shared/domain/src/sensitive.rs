//! Personal data as a type that does not print.

use std::fmt;

/// A personal value: it has no `Display`, no `Serialize`, and its `Debug` shows nothing.
///
/// The only way to read it is [`Sensitive::disclose`], so every disclosure can be found by
/// searching for that name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a personal value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads the value. Each call is a disclosure: say why beside it.
    pub const fn disclose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensitive_value_never_prints() {
        let address = Sensitive::new("ada@example.com".to_owned());
        assert_eq!(format!("{address:?}"), "Sensitive(…)");
        assert_eq!(format!("{:?}", Some(&address)), "Some(Sensitive(…))");
    }
}
