//! What Lambda hands over in the environment.

use std::path::PathBuf;

use crate::Failure;

/// Reads a variable that the template must set.
///
/// # Errors
/// The failure's code is the name of the variable; an empty one counts as missing.
pub fn required(name: &'static str) -> Result<String, Failure> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(Failure::new("a required environment variable is missing").with_code(name)),
    }
}

/// Reads a number that may be missing.
///
/// # Errors
/// The failure's code is the name of a variable that is no number.
pub fn number(name: &'static str, otherwise: u64) -> Result<u64, Failure> {
    match optional(name).as_str() {
        "" => Ok(otherwise),
        value => value.parse().map_err(|_| Failure::new("an environment variable is no number").with_code(name)),
    }
}

/// Reads a variable that may be missing, which is the same as empty.
pub(crate) fn optional(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Where layers lie: `/opt`, or `OPT_DIR` where the local AWS cannot write there.
pub fn opt_dir() -> PathBuf {
    std::env::var_os("OPT_DIR").filter(|dir| !dir.is_empty()).map_or_else(|| PathBuf::from("/opt"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let failure = required("HABEAS_NO_SUCH_VARIABLE").unwrap_err();
        assert_eq!(failure.to_string(), "a required environment variable is missing (HABEAS_NO_SUCH_VARIABLE)");
        assert!(required("PATH").is_ok());
    }
}
