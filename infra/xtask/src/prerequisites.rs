//! What the machine must have, each missing thing named with what to do about it.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::http;
use crate::layout::Layout;

/// The oldest Python that has wheels for the pinned requirements.
const PYTHON_AT_LEAST: Version = Version(3, 11, 0);

/// A debug build of everything, two venvs, the emulator's state.
const DISK_KIB_MIN: u64 = 5 << 20;

/// A version's three numbers; a missing one is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32, u32);

impl Version {
    /// Reads the first dotted number in a text: "rustc 1.95.0-nightly (…)" gives 1.95.0.
    pub(crate) fn in_text(text: &str) -> Option<Self> {
        text.split(|letter: char| letter.is_whitespace() || letter == '"').find_map(Self::of_word)
    }

    fn of_word(word: &str) -> Option<Self> {
        if !word.starts_with(|letter: char| letter.is_ascii_digit()) {
            return None;
        }
        let mut parts = word.split(|letter: char| !letter.is_ascii_digit());
        let mut number = |needed: bool| match parts.next().filter(|part| !part.is_empty()) {
            Some(part) => part.parse().ok(),
            None => (!needed).then_some(0),
        };
        Some(Self(number(true)?, number(true)?, number(false)?))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Checks all, and names all that is missing at once. `ports` are those that must be free, each with its use.
pub(crate) fn check(layout: &Layout, ports: &[(u16, &str)]) -> Outcome<String> {
    let mut missing = Vec::new();
    let mut found = Vec::new();
    let mut note = |checked: Result<String, String>| match checked {
        Ok(what) => found.push(what),
        Err(advice) => missing.push(advice),
    };
    note(rustc(&layout.root));
    note(python());
    note(c_compiler());
    for (port, purpose) in ports {
        if !http::is_free(*port) {
            note(Err(format!(
                "port {port} ({purpose}) is in use by another program: stop it, or choose others with `cargo xtask up --port N`"
            )));
        }
    }
    note(disk(&layout.root));
    if missing.is_empty() {
        return Ok(found.into_iter().filter(|what| !what.is_empty()).collect::<Vec<_>>().join(", "));
    }
    Err(Failure::new(format!("this machine lacks:\n  - {}", missing.join("\n  - "))))
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn rustc(root: &Path) -> Result<String, String> {
    let advice = "install Rust from https://rustup.rs, or update it: `rustup update stable`";
    let version = said("rustc", &["--version"])
        .and_then(|text| Version::in_text(&text))
        .ok_or_else(|| format!("rustc does not answer: {advice}"))?;
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).map_err(|cause| format!("Cargo.toml: {cause}"))?;
    let needed = manifest
        .lines()
        .find(|line| line.trim_start().starts_with("rust-version"))
        .and_then(Version::in_text)
        .ok_or("Cargo.toml names no rust-version under [workspace.package]: restore it from git")?;
    if version < needed {
        return Err(format!("rustc is {version}, and {needed} or later is needed: {advice}"));
    }
    Ok(format!("rustc {version}"))
}

/// The Python to make venvs with: `HABEAS_PYTHON`, else `python3`.
pub(crate) fn python_command() -> String {
    std::env::var("HABEAS_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

fn python() -> Result<String, String> {
    let name = python_command();
    let advice = "install it (Debian and Ubuntu: `apt install python3 python3-venv`; macOS: `brew install python`), \
                  or name another with HABEAS_PYTHON=/path/to/python3";
    let version = said(&name, &["-c", "import platform; print(platform.python_version())"])
        .and_then(|text| Version::in_text(&text))
        .ok_or_else(|| format!("{name} does not answer: {advice}"))?;
    if version < PYTHON_AT_LEAST {
        return Err(format!("{name} is {version}, and {PYTHON_AT_LEAST} or later is needed: {advice}"));
    }
    said(&name, &["-c", "import venv, ensurepip"])
        .ok_or("Python can't make virtual environments: `apt install python3-venv` (Debian and Ubuntu)")?;
    Ok(format!("Python {version}"))
}

fn c_compiler() -> Result<String, String> {
    let name = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let first = name.split_whitespace().next().unwrap_or("cc").to_owned();
    said(&first, &["--version"]).map(|_| first.clone()).ok_or_else(|| {
        format!(
            "a C compiler ({first}), which the cryptography library `ring` is built with: \
             `apt install build-essential` (Debian and Ubuntu), `xcode-select --install` (macOS)"
        )
    })
}

fn disk(root: &Path) -> Result<String, String> {
    let free = said("df", &["-Pk", &root.to_string_lossy()]).and_then(|text| free_kib(&text));
    match free {
        Some(free) if free < DISK_KIB_MIN => Err(format!(
            "disk space: {} MiB are free where the checkout is, and {} are needed: make room there",
            free >> 10,
            DISK_KIB_MIN >> 10
        )),
        Some(free) => Ok(format!("{} GiB free", free >> 20)),
        // A machine without df tells by itself when it is full.
        None => Ok(String::new()),
    }
}

/// The fourth column of `df -Pk`'s second line.
fn free_kib(df: &str) -> Option<u64> {
    df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_tools_print() {
        assert_eq!(Version::in_text("rustc 1.95.0 (59807616e 2026-04-14)"), Some(Version(1, 95, 0)));
        assert_eq!(Version::in_text("rustc 1.97.0-nightly (abc 2026-06-01)"), Some(Version(1, 97, 0)));
        assert_eq!(Version::in_text("rust-version = \"1.94.1\""), Some(Version(1, 94, 1)));
        assert_eq!(Version::in_text("3.13.0rc2+"), Some(Version(3, 13, 0)));
        assert_eq!(Version::in_text("3.9"), Some(Version(3, 9, 0)));
        assert_eq!(Version::in_text("no number"), None);
        assert_eq!(Version::in_text("3"), None);
    }

    #[test]
    fn versions_compare_by_number_not_by_text() {
        assert!(Version(3, 9, 0) < Version(3, 11, 0));
        assert!(Version(1, 94, 1) > Version(1, 94, 0));
    }

    #[test]
    fn free_space_is_the_fourth_column() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 263174212 13 81788928 15% /\n";
        assert_eq!(free_kib(text), Some(81_788_928));
        assert_eq!(free_kib("nonsense"), None);
    }
}
