//! `cargo xtask fuzz`: the targets of `tests/fuzz`, guided by coverage, on the toolchain at hand.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Outcome};
use crate::layout::{self, Layout};
use crate::shell::{self, Steps};

/// What cargo-fuzz would set, less the address sanitizer, which needs a nightly compiler and has nothing to find where
/// no code is unsafe.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=16 --cfg fuzzing";

/// Seconds for each target, unless told otherwise.
pub(crate) const SECONDS: u32 = 60;

/// Longest input: the longest body that a function reads, and the rest of its payload.
const INPUT_BYTES_MAX: u32 = 80 * 1024;

/// An input that takes longer than that many seconds counts as found.
const INPUT_SECONDS_MAX: u32 = 10;

/// Memory above that many megabytes counts as found.
const MEMORY_MEGABYTES_MAX: u32 = 1024;

/// Runs every target, or one; `false` if something was found. Corpora grow in `.habeas/fuzz` from run to run.
pub(crate) fn fuzz(layout: &Layout, seconds: u32, wanted: Option<&str>) -> Outcome<bool> {
    let mut steps = Steps::start();
    let host = host(layout)?;
    let folder = layout.home.join("fuzz");
    layout::make_folder(&folder)?;
    steps.begin("build", "every parser with counters of coverage (minutes, the first time)");
    // Without a target of its own the flags would reach build scripts too, which libFuzzer is not linked to.
    let mut cargo = shell::cargo(layout);
    cargo.args(["build", "--quiet", "--release", "--locked", "--target", &host]);
    cargo.args(["--manifest-path", "tests/fuzz/guided/Cargo.toml", "--target-dir"]).arg(folder.join("target"));
    if !cargo.env("RUSTFLAGS", RUSTFLAGS).status().cannot("start cargo")?.success() {
        return Err(Failure::new("the targets do not build"));
    }
    let binary = folder.join("target").join(&host).join("release/fuzz-guided");
    steps.done("build", "done");

    let listed = shell::read(shell::program(layout, &binary).env("HABEAS_FUZZ_TARGET", "all"))?;
    let targets: Vec<&str> = listed.lines().filter(|name| wanted.is_none_or(|wanted| wanted == *name)).collect();
    if targets.is_empty() {
        return Err(Failure::new(format!("there is no such target; there are {}", listed.trim().replace('\n', ", "))));
    }
    let mut sound = true;
    for target in targets {
        let mut run = command(layout, &binary, &folder.join(target), seconds)?;
        let log = folder.join(target).join("log");
        let file = fs::File::create(&log).cannot(format_args!("write {}", layout.shown(&log)))?;
        run.env("HABEAS_FUZZ_TARGET", target).stdout(Stdio::null()).stderr(file);
        let ended = run.status().cannot("start the targets")?;
        let said = fs::read_to_string(&log).cannot("read what a target said")?;
        if ended.success() {
            steps.done(target, &summary(&said));
        } else {
            sound = false;
            steps.done(target, &format!("FOUND something: see {}", layout.shown(&log)));
        }
    }
    Ok(sound)
}

fn command(layout: &Layout, binary: &Path, folder: &Path, seconds: u32) -> Outcome<Command> {
    let (corpus, seeds) = (folder.join("corpus"), folder.join("seeds"));
    layout::make_folder(&corpus)?;
    layout::make_folder(&seeds)?;
    let mut command = shell::program(layout, binary);
    command.env("HABEAS_FUZZ_SEEDS", &seeds).env("RUST_BACKTRACE", "1").arg(&corpus).arg(&seeds).args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-rss_limit_mb={MEMORY_MEGABYTES_MAX}"),
        format!("-artifact_prefix={}/found-", folder.display()),
        "-print_final_stats=1".to_owned(),
    ]);
    Ok(command)
}

/// What libFuzzer says at the end: how many inputs it tried, and how much of the code they reached.
fn summary(said: &str) -> String {
    let tried = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let edges = said.lines().rev().find_map(|line| line.split_once(" cov: ")?.1.split(' ').next());
    format!("{} inputs, {} edges", tried.unwrap_or("?").trim(), edges.unwrap_or("?"))
}

/// The name of this machine's platform, as the compiler has it.
fn host(layout: &Layout) -> Outcome<String> {
    let said = shell::read(shell::program(layout, "rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_says_at_the_end_is_summed_up() {
        let said =
            "#2 INITED cov: 5 ft: 6 corp: 1\n#9 DONE   cov: 12 ft: 20 corp: 3/9b\nstat::number_of_executed_units: 9\n";
        assert_eq!(summary(said), "9 inputs, 12 edges");
        assert_eq!(summary(""), "? inputs, ? edges");
    }
}
