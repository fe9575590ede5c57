//! `cargo xtask mutants`: does a test fail when a rule is changed? `.cargo/mutants.toml` says what is left out, and why.

use std::path::PathBuf;

use crate::failure::{Context, Failure, Outcome};
use crate::layout::{self, Layout};
use crate::shell::{self, Steps};
use crate::unknown;

/// The pinned version of cargo-mutants.
const VERSION: &str = "27.1.0";

/// What to change: by default every rule of `domain` and `policy`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// `domain` or `policy`; `None`: both.
    pub(crate) package: Option<String>,
    /// `k/n`: every nth mutant, from the kth.
    pub(crate) shard: Option<String>,
    /// Count and name the mutants, and try none.
    pub(crate) list: bool,
    /// Files, as cargo-mutants matches them; none: all.
    pub(crate) files: Vec<String>,
}

impl Scope {
    /// Reads the words after `mutants`.
    pub(crate) fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut scope = Self::default();
        while let Some(word) = words.next() {
            match word {
                "--package" => match words.next() {
                    Some(name @ ("domain" | "policy")) => scope.package = Some(name.to_owned()),
                    _ => return Err("--package is domain or policy".to_owned()),
                },
                "--shard" => scope.shard = Some(words.next().ok_or("--shard needs k/n")?.to_owned()),
                "--list" => scope.list = true,
                file if !file.starts_with('-') => scope.files.push(file.to_owned()),
                other => return Err(unknown("mutants", other)),
            }
        }
        Ok(scope)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for package in
            ["domain", "policy"].into_iter().filter(|name| self.package.as_deref().is_none_or(|p| p == *name))
        {
            arguments.extend(["--package".to_owned(), package.to_owned()]);
        }
        if let Some(shard) = &self.shard {
            arguments.extend(["--shard".to_owned(), shard.clone()]);
        }
        if self.list {
            arguments.push("--list".to_owned());
        }
        for file in &self.files {
            arguments.extend(["--file".to_owned(), file.clone()]);
        }
        arguments
    }
}

/// Changes one thing at a time in a copy of the checkout and runs its package's tests; `false` if they did not notice.
/// What became of each is in `.habeas/mutants/mutants.out`.
pub(crate) fn mutants(layout: &Layout, scope: &Scope) -> Outcome<bool> {
    let folder = layout.home.join("mutants");
    layout::make_folder(&folder)?;
    let tool = installed(layout)?;
    let mut run = shell::toolchain(layout, tool);
    run.arg("mutants").args(scope.arguments()).arg("--output").arg(&folder);
    // Dependencies stay compiled from run to run; the copy alone is compiled anew.
    run.env("CARGO_TARGET_DIR", folder.join("target"));
    let ended = run.status().cannot("start cargo-mutants")?;
    match ended.code() {
        Some(0) => Ok(true),
        // Missed, and run out of time.
        Some(2 | 3) => Ok(false),
        _ => Err(Failure::new(format!("cargo-mutants ended with {ended}: what it says is above"))),
    }
}

/// The tool, installed into `.habeas/` where it is not there in its version.
fn installed(layout: &Layout) -> Outcome<PathBuf> {
    let root = layout.home.join("cargo-mutants");
    let tool = root.join("bin/cargo-mutants");
    let there = shell::read(shell::program(layout, &tool).args(["mutants", "--version"]));
    if there.is_ok_and(|said| said.trim() == format!("cargo-mutants {VERSION}")) {
        return Ok(tool);
    }
    let mut steps = Steps::start();
    steps.begin("install", &format!("cargo-mutants {VERSION} (minutes, the first time)"));
    let mut cargo = shell::cargo(layout);
    cargo.args(["install", "--quiet", "--locked", "--version", VERSION, "--root"]).arg(&root).arg("cargo-mutants");
    shell::run(cargo.env("CARGO_TARGET_DIR", root.join("target")))?;
    layout::remove(&root.join("target"))?;
    steps.done("install", "done");
    Ok(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_package_or_both_all_of_it_or_some_files() {
        let parse = |line: &'static str| Scope::parse(line.split_whitespace()).map(|scope| scope.arguments().join(" "));
        assert_eq!(parse(""), Ok("--package domain --package policy".to_owned()));
        assert_eq!(parse("--package domain --shard 1/8"), Ok("--package domain --shard 1/8".to_owned()));
        let hold = "--package domain --list --file shared/domain/src/hold.rs";
        assert_eq!(parse("--package domain --list shared/domain/src/hold.rs"), Ok(hold.to_owned()));
        for bad in ["--package aws", "--package", "--shard", "--in-place"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
