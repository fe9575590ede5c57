//! Python environments from hash-pinned requirements, made anew only when the pins or the Python changed.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Context, Failure, Outcome};
use crate::layout::{self, Layout};
use crate::prerequisites::python_command;
use crate::shell;
use crate::stamp::{self, Digest};

/// The environment that runs the emulator.
pub(crate) const EMULATOR: &str = "emulator";
/// The environment that holds the SAM CLI and the template's linters.
pub(crate) const TOOLS: &str = "tools";

/// The hash-pinned requirements of an environment.
pub(crate) fn requirements(layout: &Layout, venv: &str) -> PathBuf {
    let file = if venv == EMULATOR { "requirements.txt" } else { "requirements-tools.txt" };
    layout.root.join("infra/local").join(file)
}

/// Makes sure that both environments are there, side by side. `true` if anything was installed.
pub(crate) fn ensure(layout: &Layout) -> Outcome<bool> {
    let mut due = Vec::new();
    for venv in [EMULATOR, TOOLS] {
        let digest = digest(layout, venv)?;
        if !stamp::unchanged(&stamp_file(layout, venv), &digest) {
            due.push((venv, digest));
        }
    }
    let results: Vec<Outcome<()>> = std::thread::scope(|scope| {
        let installs: Vec<_> = due.iter().map(|(venv, digest)| scope.spawn(|| install(layout, venv, digest))).collect();
        installs
            .into_iter()
            .map(|install| {
                install.join().unwrap_or_else(|_| Err(Failure::new("an installation stopped without a word")))
            })
            .collect()
    });
    results.into_iter().collect::<Outcome<()>>()?;
    Ok(!due.is_empty())
}

fn stamp_file(layout: &Layout, venv: &str) -> PathBuf {
    layout.venv(venv).join("habeas.stamp")
}

fn digest(layout: &Layout, venv: &str) -> Outcome<String> {
    let pins = requirements(layout, venv);
    if !pins.is_file() {
        return Err(Failure::new(format!("{} is missing: restore it from git", layout.shown(&pins))));
    }
    let print_version = "import sys; print(sys.version, sys.base_prefix)";
    let python = shell::read(shell::program(layout, python_command()).args(["-c", print_version]))?;
    // A venv knows its own path, so one that was moved with its checkout is made anew.
    let place = layout.venv(venv);
    Ok(Digest::new().add(python).add(place.as_os_str().as_encoded_bytes()).add_path(&pins)?.text())
}

fn install(layout: &Layout, venv: &str, digest: &str) -> Outcome<()> {
    let folder = layout.venv(venv);
    let log = layout.home.join(format!("pip-{venv}.log"));
    layout::remove(&folder)?;
    let mut python = shell::program(layout, python_command());
    shell::run_logged(python.args(["-m", "venv"]).arg(&folder), &log)
        .map_err(|cause| Failure::new(format!("{cause}\nOn Debian and Ubuntu: `apt install python3-venv`")))?;
    let mut pip = shell::python(layout, venv);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
    // The pins are the whole list. With --no-deps pip resolves nothing; older ones stumble over extras beside hashes.
    pip.args(["--require-hashes", "--no-deps", "--requirement"]);
    pip.arg(requirements(layout, venv));
    let (output, errors) = shell::log_file(&log)?;
    let mut running =
        pip.stdout(output).stderr(errors).spawn().cannot(format_args!("start pip of {}", folder.display()))?;
    let mut ended = None;
    shell::wait_until(Duration::from_secs(1800), &format!("installing the {venv} environment"), || {
        ended = running.try_wait().cannot("wait for pip")?;
        Ok(ended.is_some())
    })
    .inspect_err(|_| {
        let _ = running.kill();
    })?;
    if !ended.is_some_and(|status| status.success()) {
        return Err(Failure::new(format!(
            "pip could not install {}: is there a network, or a package index set in pip's configuration? The end of {}:\n{}",
            layout.shown(&requirements(layout, venv)),
            layout.shown(&log),
            shell::tail(&log, 25)
        )));
    }
    layout::write_whole(&stamp_file(layout, venv), digest)
}
