//! `cargo xtask test`: every tier named and timed, all of them run, nothing left behind.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::bench;
use crate::bootstrap::{Profile, Workspace};
use crate::deploy;
use crate::emulator::Instance;
use crate::failure::{Failure, Outcome};
use crate::layout::Layout;
use crate::prerequisites;
use crate::shell::{self, Steps, Tether};
use crate::up;
use crate::venv;

/// How a tier ended, unless it went well.
#[derive(Debug)]
enum Trouble {
    /// It ran, and something is wrong.
    Failed(String),
    /// It could not run here.
    Skipped(String),
    /// What it needs is the system's to have, and neither there nor to be had.
    Absent(String),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

/// A tier's result.
type Ended = Result<(), Trouble>;

/// The results so far.
#[derive(Debug, Default)]
struct Report {
    /// In CI nothing may be skipped: what can't run there is broken.
    strict: bool,
    lines: Vec<String>,
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    /// Runs a tier. `true` if it went well.
    fn tier(&mut self, name: &str, run: impl FnOnce() -> Ended) -> bool {
        say!("\n== {name}");
        let started = Instant::now();
        let ended = run();
        self.record(name, started.elapsed().as_secs_f64(), ended)
    }

    fn record(&mut self, name: &str, seconds: f64, ended: Ended) -> bool {
        let passed = ended.is_ok();
        let (verdict, reason) = match ended {
            Ok(()) => ("ok", String::new()),
            Err(Trouble::Skipped(reason)) if self.strict => {
                ("FAILED", format!("could not run, and CI skips nothing: {reason}"))
            }
            Err(Trouble::Skipped(reason) | Trouble::Absent(reason)) => ("skipped", reason),
            Err(Trouble::Failed(reason)) => ("FAILED", reason),
        };
        match verdict {
            "ok" => self.passed += 1,
            "skipped" => self.skipped += 1,
            _ => self.failed += 1,
        }
        let (first, more) = reason.split_once('\n').unwrap_or((&reason, ""));
        let line = format!("{verdict:<8} {name:<22} {seconds:>6.1} s  {first}");
        say!("== {}", line.trim_end());
        if !more.is_empty() {
            say!("{more}");
        }
        self.lines.push(line.trim_end().to_owned());
        passed
    }

    /// Prints the summary. `true` if nothing failed.
    fn close(self) -> bool {
        say!("\n{}", self.lines.join("\n"));
        say!("{}", self.totals());
        self.failed == 0
    }

    fn totals(&self) -> String {
        format!("tiers: {} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs all tiers; `fast` leaves out those that need the local AWS or Python.
pub(crate) fn test(layout: &Layout, fast: bool) -> Outcome<bool> {
    let mut report = Report { strict: shell::is_ci(), ..Report::default() };
    report.tier("prerequisites", || {
        say!("{}", prerequisites::check(layout, &[])?);
        Ok(())
    });
    report.tier("format", || {
        component("rustfmt", "fmt")?;
        Ok(shell::run(shell::cargo(layout).args(["fmt", "--all", "--check"]))?)
    });
    report.tier("lints", || {
        component("clippy", "clippy")?;
        let mut cargo = shell::cargo(layout);
        Ok(shell::run(cargo.args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?)
    });
    if fast {
        report.tier("unit tests", || unit_tests(layout));
        return Ok(report.close());
    }
    let built = report.tier("build", || {
        up::prepare(layout, Profile::Tests, &mut Steps::start())?;
        Ok(())
    });
    report.tier("unit tests", || unit_tests(layout));
    report.tier("calls", || calls(layout, built));
    let strict = report.strict;
    report.tier("browser", || browser(layout, built, strict));
    with_local_aws(layout, built, &mut report);
    in_python(layout, &mut report);
    Ok(report.close())
}

/// The tiers of the two Python environments.
fn in_python(layout: &Layout, report: &mut Report) {
    report.tier("emulator", || {
        let mut python = python(layout, venv::EMULATOR)?;
        python.env("PYTHONPATH", layout.root.join("infra/local"));
        Ok(shell::run(python.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "infra/local/tests"]))?)
    });
    report.tier("template gates", || {
        shell::run(python(layout, venv::TOOLS)?.args(["infra/guard/check.py", "template.yaml"]))?;
        Ok(shell::run(python(layout, venv::TOOLS)?.args(["-m", "unittest", "discover", "-s", "infra/guard"]))?)
    });
    report.tier("holidays", || {
        Ok(shell::run(python(layout, venv::TOOLS)?.args(["infra/holidays/generate.py", "--check"]))?)
    });
    report.tier("template form", || {
        installed(layout, venv::TOOLS)?;
        // It asks no AWS.
        let mut sam = deploy::sam(layout, 9);
        Ok(shell::run(sam.args(["validate", "--lint", "--template-file", "template.yaml"]))?)
    });
}

fn unit_tests(layout: &Layout) -> Ended {
    Ok(shell::run(shell::cargo(layout).args(["test", "--workspace", "--exclude", "flow-tests"]))?)
}

/// What each function calls and logs, held against its budget.
fn calls(layout: &Layout, built: bool) -> Ended {
    if !built {
        return Err(Trouble::Skipped("there is nothing to start: the build failed".to_owned()));
    }
    match bench::check_calls(layout)? {
        true => Ok(()),
        false => Err(Trouble::Failed("a function calls AWS or logs more than its budget".to_owned())),
    }
}

/// What people see in a real browser: breach-notify answers in memory, and Chromium shows it.
fn browser(layout: &Layout, built: bool, strict: bool) -> Ended {
    if !built {
        return Err(Trouble::Skipped("there is nothing to show: the build failed".to_owned()));
    }
    let is_there =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    let missing = || ["chromium", "node", "npm"].into_iter().find(|program| !is_there(program));
    if missing().is_some() && strict {
        // A machine that serves CI alone may be given what it lacks; nobody's laptop is.
        let install = "apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium nodejs npm";
        let _ = Command::new("sh").args(["-c", install]).env("DEBIAN_FRONTEND", "noninteractive").output();
    }
    if let Some(missing) = missing() {
        let debian = "`apt-get install chromium nodejs npm`";
        return Err(Trouble::Absent(format!("{missing} is not installed: on Debian {debian}")));
    }
    let (tests, answers) = (layout.root.join("tests/browser"), layout.home.join("browser"));
    shell::run(shell::program(layout, Workspace::read(layout)?.example("alerts")).arg(&answers))?;
    shell::run(Command::new("npm").args(["ci", "--ignore-scripts", "--silent"]).current_dir(&tests))?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1"]).current_dir(&tests).env("ANSWERS", &answers);
    Ok(shell::run(&mut node)?)
}

/// The tiers that share a fresh local AWS, which ends with them.
fn with_local_aws(layout: &Layout, built: bool, report: &mut Report) {
    let mut system: Option<(Instance, [Tether; 2])> = None;
    let deployed = report.tier("deploy", || {
        if !built {
            return Err(Trouble::Skipped("there is nothing to deploy: the build failed".to_owned()));
        }
        let instance = Instance::fresh(layout)?;
        let (emulator, tethers) = instance.start_tethered(layout)?;
        let (instance, _) = system.insert((instance, tethers));
        say!("a local AWS of its own at {}", instance.endpoint_url());
        deploy::deploy(layout, instance, &emulator)?;
        Ok(())
    });
    let on_it = |arguments: &[&str]| match &system {
        Some((instance, _)) if deployed => {
            let mut cargo = shell::cargo(layout);
            shell::local_aws(layout, &mut cargo, instance.ports.endpoint)
                .env("HABEAS_STACK_FILE", instance.stack_file());
            Ok(shell::run(cargo.args(arguments))?)
        }
        _ => Err(Trouble::Skipped("the stack is not deployed".to_owned())),
    };
    report.tier("flows", || on_it(&flow_arguments(&flow_names(layout))));
    report.tier("histories on it", || on_it(&["test", "--workspace", "--test", "histories", "--", "--ignored"]));
    if let Some((instance, tethers)) = system {
        drop(tethers);
        if let Err(failure) = instance.stop() {
            say!("{failure}");
        }
    }
}

/// The flows' test targets, by their files.
fn flow_names(layout: &Layout) -> Vec<String> {
    let entries = fs::read_dir(layout.root.join("tests/flows/tests")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").is_file())
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// `--package flow-tests` alone would select other features of shared crates and compile those once more, so the flows
/// are chosen by name among all packages.
fn flow_arguments(names: &[String]) -> Vec<&str> {
    let mut arguments = vec!["test", "--workspace"];
    for name in names {
        arguments.extend(["--test", name]);
    }
    arguments
}

/// A part of the toolchain that not everybody has installed.
fn component(name: &str, subcommand: &str) -> Ended {
    let there =
        Command::new("cargo").args([subcommand, "--version"]).output().is_ok_and(|output| output.status.success());
    if there {
        Ok(())
    } else {
        Err(Trouble::Skipped(format!("{name} is not installed: `rustup component add {name}`")))
    }
}

fn installed(layout: &Layout, environment: &str) -> Ended {
    if layout.venv(environment).join("bin/python").exists() {
        return Ok(());
    }
    Err(Trouble::Skipped(format!("the {environment} environment could not be installed: see the tier \"build\"")))
}

/// Python of an environment.
fn python(layout: &Layout, environment: &str) -> Result<Command, Trouble> {
    installed(layout, environment)?;
    Ok(shell::python(layout, environment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_is_counted_and_one_failure_fails_the_run() {
        let mut report = Report::default();
        assert!(report.record("one", 0.1, Ok(())));
        assert!(!report.record("two", 0.1, Err(Trouble::Failed("broken\nthe details".to_owned()))));
        assert!(!report.record("three", 0.1, Err(Trouble::Skipped("no clippy".to_owned()))));
        assert_eq!(report.totals(), "tiers: 1 passed, 1 failed, 1 skipped");
        assert!(report.lines.iter().any(|line| line.starts_with("FAILED   two")), "{:?}", report.lines);
        assert!(!report.close());
    }

    #[test]
    fn flows_are_chosen_by_name_so_that_nothing_is_compiled_twice() {
        let names = ["breach".to_owned(), "erasure".to_owned()];
        assert_eq!(flow_arguments(&names), ["test", "--workspace", "--test", "breach", "--test", "erasure"]);
    }

    #[test]
    fn a_skipped_tier_is_no_failure_on_a_laptop_and_one_in_ci() {
        let skipped = || Err(Trouble::Skipped("no clippy".to_owned()));
        let mut laptop = Report::default();
        laptop.record("lints", 0.1, skipped());
        assert!(laptop.close());
        let mut ci = Report { strict: true, ..Report::default() };
        ci.record("lints", 0.1, skipped());
        assert_eq!(ci.totals(), "tiers: 0 passed, 1 failed, 0 skipped");
        assert!(!ci.close());
    }
}
