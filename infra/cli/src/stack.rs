//! Where a local stack is: the file that `cargo xtask up` writes.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::trouble::{Played, Trouble};

/// A deployed stack.
#[derive(Debug, Clone, Deserialize)]
pub struct Stack {
    /// The AWS endpoint.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// The HTTP API.
    pub api_url: String,
    /// The issuer of staff tokens.
    pub issuer: String,
    /// Where people reach the pages and, under the same origin, the API.
    pub public_url: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Reads a stack file.
    ///
    /// # Errors
    /// Says how to get one.
    pub fn read(path: &Path) -> Played<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(Trouble::because(format_args!("read {shown} (`cargo xtask up` writes it)")))?;
        let stack: Self = serde_json::from_str(&text).map_err(Trouble::because(format_args!("read {shown}")))?;
        if is_local(&stack.endpoint) {
            Ok(stack)
        } else {
            // Scenarios move time by years and purge what is due then.
            Err(Trouble::new(format!("{shown} names {}, and scenarios are played on 127.0.0.1 alone", stack.endpoint)))
        }
    }

    /// An output of the template.
    ///
    /// # Errors
    /// Names the output that is missing.
    pub fn output(&self, name: &str) -> Played<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Trouble::new(format!("the stack file has no output {name}")))
    }
}

fn is_local(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").unwrap_or_default();
    ["127.0.0.1:", "localhost:"].iter().any(|local| host.starts_with(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_played_on() {
        assert!(is_local("http://127.0.0.1:4566"));
        assert!(is_local("http://localhost:4566"));
        for elsewhere in
            ["https://sqs.eu-west-1.amazonaws.com", "http://127.0.0.1.example:80", "http://10.0.0.1:80", ""]
        {
            assert!(!is_local(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_missing_file_says_what_to_run() {
        let trouble = Stack::read(Path::new("/nowhere/stack.json")).unwrap_err();
        assert!(trouble.to_string().contains("cargo xtask up"));
    }
}
