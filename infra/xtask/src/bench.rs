//! `cargo xtask bench`: builds the functions as they are deployed and hands them to the harness in `tests/bench`.

use crate::bootstrap::{self, Profile, Workspace};
use crate::failure::{Context, Outcome};
use crate::layout::Layout;
use crate::package;
use crate::shell;

/// Builds and zips a release and measures it; the words are for the harness. `false` if it found something wrong.
pub(crate) fn bench(layout: &Layout, words: &[String]) -> Outcome<bool> {
    bootstrap::build(layout, Profile::Release)?;
    let workspace = Workspace::read(layout)?;
    bootstrap::assemble(layout, &workspace, Profile::Release)?;
    package::zip(layout, if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" })?;
    measure(layout, &workspace, Profile::Release, words)
}

/// Holds the calls and the log lines of what is built with the tests against the budgets: they are the same in a release.
pub(crate) fn check_calls(layout: &Layout) -> Outcome<bool> {
    measure(layout, &Workspace::read(layout)?, Profile::Tests, &["--check".to_owned()])
}

fn measure(layout: &Layout, workspace: &Workspace, profile: Profile, words: &[String]) -> Outcome<bool> {
    let mut harness = shell::program(layout, workspace.binary(profile, "bench"));
    harness.arg("--checkout").arg(&layout.root).arg("--hello").arg(workspace.binary(profile, "hello")).args(words);
    Ok(harness.status().cannot("start the harness")?.success())
}
