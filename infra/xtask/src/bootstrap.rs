//! The functions as Lambda wants them: one build of everything, then each binary as `.habeas/dist/<function>/bootstrap`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Context, Failure, Outcome};
use crate::layout::{self, Layout};
use crate::shell;

/// How to compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build; what `up` uses.
    Debug,
    /// The same with every test and example beside it: what `test` uses, so that no tier compiles anything once more
    /// for the features that the tests select.
    Tests,
    /// Optimised as a whole, at fixed addresses, stripped: what is deployed.
    Release,
}

/// A release whose addresses are fixed has none to be corrected at each cold start, which was up to half of a function's
/// start (`docs/adr/0018-a-release-is-linked-whole.md`). By the linker's own word, since libraries are built as well.
const RELEASE_FLAGS: &str = "target.'cfg(target_os = \"linux\")'.rustflags = ['-Clink-arg=-Wl,-no-pie']";

/// What no stack runs.
const NOT_RUN: [&str; 4] = ["--exclude", "xtask", "--exclude", "example-receiver"];

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Debug | Self::Tests => "debug",
            Self::Release => "release",
        }
    }
}

/// What the workspace holds, by cargo's word.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The functions' names, sorted.
    pub(crate) functions: Vec<String>,
    target: PathBuf,
}

impl Workspace {
    pub(crate) fn read(layout: &Layout) -> Outcome<Self> {
        let text =
            shell::read(shell::cargo(layout).args(["metadata", "--no-deps", "--format-version", "1", "--offline"]))?;
        let metadata: Value = serde_json::from_str(&text).cannot("read what `cargo metadata` says")?;
        Self::from_metadata(&metadata, &layout.root)
            .ok_or_else(|| Failure::new("`cargo metadata` names no functions: is functions/ in the workspace?"))
    }

    fn from_metadata(metadata: &Value, root: &Path) -> Option<Self> {
        let home = root.join("functions");
        let mut functions: Vec<String> = metadata["packages"]
            .as_array()?
            .iter()
            .filter(|package| package["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(&home)))
            .filter_map(|package| package["name"].as_str().map(str::to_owned))
            .collect();
        functions.sort();
        let target = PathBuf::from(metadata["target_directory"].as_str()?);
        (!functions.is_empty()).then_some(Self { functions, target })
    }

    /// A finished binary.
    pub(crate) fn binary(&self, profile: Profile, name: &str) -> PathBuf {
        self.target.join(profile.folder()).join(name)
    }

    /// An example that was built with the tests.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        self.target.join(Profile::Tests.folder()).join("examples").join(name)
    }
}

/// Builds all binaries in one cargo invocation with one selection of features, so that nothing is compiled twice.
pub(crate) fn build(layout: &Layout, profile: Profile) -> Outcome<()> {
    let mut cargo = shell::cargo(layout);
    cargo.args(["build", "--workspace", "--bins"]);
    match profile {
        Profile::Debug => cargo.args(NOT_RUN),
        Profile::Tests => cargo.args(["--tests", "--examples"]),
        // The simulated time of its tokio must not come into what is shipped.
        Profile::Release => {
            cargo.args(NOT_RUN).args(["--release", "--locked", "--exclude", "fault-tests", "--config", RELEASE_FLAGS])
        }
    };
    shell::run(&mut cargo).map_err(|cause| Failure::new(format!("{cause}: the compiler's message is above")))
}

/// Puts binaries and compiled policies where `template.yaml` looks for them; says how many bootstraps were new.
pub(crate) fn assemble(layout: &Layout, workspace: &Workspace, profile: Profile) -> Outcome<usize> {
    let dist = layout.dist();
    let mut renewed = 0;
    for name in &workspace.functions {
        let folder = dist.join(name);
        layout::make_folder(&folder)?;
        renewed += usize::from(place(&workspace.binary(profile, name), &folder.join("bootstrap"))?);
    }
    let (habeas, layer) = (workspace.binary(profile, "habeas"), dist.join("policy-layer"));
    compile_policies(layout, &habeas, &layer)?;
    // What only tests need is in no package.
    if profile != Profile::Release {
        add_test_policies(layout, &habeas, &layer)?;
    }
    layout::write_whole(&dist.join("PROFILE"), profile.folder())?;
    Ok(renewed)
}

/// Links a binary to its place, or copies it where links can't be made. `true` if the place held something else.
fn place(from: &Path, to: &Path) -> Outcome<bool> {
    let source = fs::metadata(from).cannot(format_args!("find the built {}", from.display()))?;
    if let Ok(there) = fs::metadata(to) {
        let same_file = there.ino() == source.ino() && there.dev() == source.dev();
        let same_copy = there.len() == source.len() && there.modified().ok() == source.modified().ok();
        if same_file || same_copy {
            return Ok(false);
        }
    }
    let draft = to.with_extension("draft");
    layout::remove(&draft)?;
    if fs::hard_link(from, &draft).is_err() {
        fs::copy(from, &draft).cannot(format_args!("copy {} to {}", from.display(), draft.display()))?;
        if let (Ok(changed), Ok(copy)) = (source.modified(), fs::File::options().append(true).open(&draft)) {
            let _ = copy.set_modified(changed);
        }
    }
    fs::rename(&draft, to).cannot(format_args!("put {} in its place", to.display()))?;
    Ok(true)
}

fn compile_policies(layout: &Layout, habeas: &Path, layer: &Path) -> Outcome<()> {
    layout::remove(layer)?;
    compile_folder(layout, habeas, "infra/policies", &layer.join("policies"))
}

fn compile_folder(layout: &Layout, habeas: &Path, from: &str, to: &Path) -> Outcome<()> {
    layout::make_folder(to)?;
    let mut compile = shell::program(layout, habeas);
    compile.args(["policy", "compile", "--from", from, "--to"]).arg(to);
    shell::run_logged(&mut compile, &layout.home.join("policies.log"))
}

/// The controllers of the flow tests, who have systems of their own, beside the others.
fn add_test_policies(layout: &Layout, habeas: &Path, layer: &Path) -> Outcome<()> {
    let apart = layout.home.join("test-policies");
    layout::remove(&apart)?;
    compile_folder(layout, habeas, "tests/flows/policies", &apart)?;
    for entry in fs::read_dir(&apart).cannot(format_args!("read {}", apart.display()))? {
        let file = entry.cannot(format_args!("read {}", apart.display()))?;
        let to = layer.join("policies").join(file.file_name());
        fs::copy(file.path(), &to).cannot(format_args!("copy to {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_the_packages_below_functions() {
        let metadata = serde_json::json!({
            "target_directory": "/t",
            "packages": [
                {"name": "purge", "manifest_path": "/w/functions/purge/Cargo.toml"},
                {"name": "clock-watch", "manifest_path": "/w/functions/clock-watch/Cargo.toml"},
                {"name": "domain", "manifest_path": "/w/shared/domain/Cargo.toml"},
            ],
        });
        let workspace = Workspace::from_metadata(&metadata, Path::new("/w")).unwrap();
        assert_eq!(workspace.functions, ["clock-watch", "purge"]);
        assert_eq!(workspace.binary(Profile::Debug, "purge"), Path::new("/t/debug/purge"));
    }

    #[test]
    fn a_bootstrap_is_placed_once_and_again_when_it_changed() {
        let folder = std::env::temp_dir().join(format!("xtask-place-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (from, to) = (folder.join("built"), folder.join("bootstrap"));
        fs::write(&from, "one").unwrap();
        assert!(place(&from, &to).unwrap());
        assert!(!place(&from, &to).unwrap());
        fs::remove_file(&from).unwrap();
        fs::write(&from, "another").unwrap();
        assert!(place(&from, &to).unwrap());
        assert_eq!(fs::read_to_string(&to).unwrap(), "another");
        fs::remove_dir_all(folder).unwrap();
    }
}
