//! Starting other programs: with an environment that can't reach a real AWS account, and without leaving any behind.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::layout::Layout;

/// The region of the local stack.
pub(crate) const REGION: &str = "eu-west-1";

/// Prints one line per finished step, with the time since the start and the step's own.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    step: Instant,
}

impl Steps {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { started: now, step: now }
    }

    /// Announces a step that takes a while.
    pub(crate) fn begin(&self, name: &str, doing: &str) {
        say!("{:>7.1} s  {name:<14} {doing} ...", self.started.elapsed().as_secs_f64());
    }

    /// Reports a step as finished.
    pub(crate) fn done(&mut self, name: &str, what: &str) {
        let took = self.step.elapsed().as_secs_f64();
        say!("{:>7.1} s  {name:<14} {what} ({took:.1} s)", self.started.elapsed().as_secs_f64());
        self.step = Instant::now();
    }
}

/// A program, in the checkout's root.
pub(crate) fn program(layout: &Layout, name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(&layout.root).stdin(Stdio::null());
    command
}

/// Whether this machine serves CI, by its own word.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

/// Cargo. What `cargo run` told xtask about itself is taken away again (build scripts such as ring's watch these
/// variables and would be run anew), and no toolchain is ever fetched.
pub(crate) fn cargo(layout: &Layout) -> Command {
    toolchain(layout, "cargo")
}

/// A program that calls cargo by itself, under the same guard.
pub(crate) fn toolchain(layout: &Layout, name: impl AsRef<OsStr>) -> Command {
    let mut command = program(layout, name);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO"
            || ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"].iter().any(|p| text.starts_with(p))
        {
            command.env_remove(&name);
        }
    }
    if is_ci() {
        // Nobody edits and builds again there.
        command.env("CARGO_INCREMENTAL", "0");
    }
    command.env("RUSTUP_DIST_SERVER", "http://127.0.0.1:9").env("RUSTUP_AUTO_INSTALL", "0");
    command
}

/// Python of a venv, which leaves no caches in the checkout.
pub(crate) fn python(layout: &Layout, venv: &str) -> Command {
    let mut command = program(layout, layout.venv(venv).join("bin/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1").env_remove("PYTHONHOME");
    command
}

/// Points a program at the emulator and takes away every way to a real account: profiles, files, session tokens,
/// endpoints by service, the metadata service, proxies.
pub(crate) fn local_aws<'a>(layout: &Layout, command: &'a mut Command, port: u16) -> &'a mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    let nothing = layout.home.join("no-aws-files");
    command
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_CONFIG_FILE", nothing.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", nothing.join("credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_PAGER", "")
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
        .env("SAM_CLI_TELEMETRY", "0")
        .env("SAM_CLI_POLL_DELAY", "0.1")
        .env("__SAM_CLI_APP_DIR", layout.home.join("sam"))
}

/// Runs a program to its end with the terminal as its own.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let shown = shown(command);
    let status = command.status().cannot(format_args!("start `{shown}`"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{shown}` ended with {status}"))) }
}

/// Runs a program to its end with its output in a log; a failure shows the log's end.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Outcome<()> {
    let shown = shown(command);
    let (output, errors) = log_file(log)?;
    let status = command.stdout(output).stderr(errors).status().cannot(format_args!("start `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{shown}` ended with {status}; the end of {}:\n{}", log.display(), tail(log, 25))))
}

/// Runs a program and returns what it printed.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let shown = shown(command);
    let output = command.output().cannot(format_args!("start `{shown}`"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`{shown}` ended with {}: {}", output.status, said.trim())))
}

/// A command as a person would type it.
fn shown(command: &Command) -> String {
    let root = command.get_current_dir().unwrap_or(Path::new("/nowhere"));
    let word = |word: &OsStr| Path::new(word).strip_prefix(root).unwrap_or(Path::new(word)).display().to_string();
    std::iter::once(command.get_program()).chain(command.get_args()).map(word).collect::<Vec<_>>().join(" ")
}

/// A fresh log, as standard output and as standard error.
pub(crate) fn log_file(log: &Path) -> Outcome<(File, File)> {
    if let Some(folder) = log.parent() {
        crate::layout::make_folder(folder)?;
    }
    let output = File::create(log).cannot(format_args!("write {}", log.display()))?;
    let errors = output.try_clone().cannot(format_args!("write {}", log.display()))?;
    Ok((output, errors))
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    const TAIL_BYTES_MAX: u64 = 64 << 10;
    let mut text = Vec::new();
    if let Ok(mut file) = File::open(log) {
        let length = file.metadata().map(|about| about.len()).unwrap_or_default();
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES_MAX)));
        let _ = file.read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all.iter().skip(all.len().saturating_sub(lines)).map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}

/// Asks a process group to end, and ends it if it has not within ten seconds.
const END_GROUP: &str = "kill -s TERM -- -\"$0\" 2>/dev/null || exit 0
n=0
while kill -s 0 -- -\"$0\" 2>/dev/null; do
  n=$((n + 1)); [ $n -gt 100 ] && { kill -s KILL -- -\"$0\" 2>/dev/null; exit 0; }
  sleep 0.1
done";

/// Ends a process group and waits for it.
pub(crate) fn end_group(leader: u32) -> Outcome<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", END_GROUP, &leader.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().cannot(format_args!("stop the process group {leader}"))?;
    Ok(())
}

/// Ends a process group when this value goes, and also when this process dies without saying so (Ctrl-C, kill -9):
/// a small shell in a group of its own waits for its standard input to close.
#[derive(Debug)]
pub(crate) struct Tether {
    watcher: Child,
}

impl Tether {
    pub(crate) fn to(leader: u32) -> Outcome<Self> {
        use std::os::unix::process::CommandExt;
        let script = format!("trap '' INT TERM HUP; cat >/dev/null; {END_GROUP}");
        let watcher = Command::new("sh")
            .args(["-c", &script, &leader.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .cannot("start a watcher for the emulator")?;
        Ok(Self { watcher })
    }
}

impl Drop for Tether {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// The command line of a running process; none if there is no such process.
pub(crate) fn command_line(pid: u32) -> Option<String> {
    let line = if Path::new("/proc/self").exists() {
        let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&raw).replace('\0', " ")
    } else {
        let output = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The running processes whose program lies below a folder: functions that outlived an emulator that was killed.
pub(crate) fn running_below(folder: &Path) -> Vec<u32> {
    let prefix = format!("{}/", folder.display());
    let listed: Vec<u32> = match fs::read_dir("/proc") {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect(),
        Err(_) => {
            let output =
                Command::new("ps").args(["-axo", "pid="]).output().map(|output| output.stdout).unwrap_or_default();
            String::from_utf8_lossy(&output).split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
        }
    };
    listed.into_iter().filter(|pid| command_line(*pid).is_some_and(|line| line.starts_with(&prefix))).collect()
}

/// Waits until `ready` says so; shows life every ten seconds.
pub(crate) fn wait_until(limit: Duration, doing: &str, mut ready: impl FnMut() -> Outcome<bool>) -> Outcome<()> {
    let started = Instant::now();
    let mut told = 0;
    loop {
        if ready()? {
            return Ok(());
        }
        let waited = started.elapsed();
        if waited > limit {
            return Err(Failure::new(format!("{doing} took longer than {} s", limit.as_secs())));
        }
        if waited.as_secs() / 10 > told {
            told = waited.as_secs() / 10;
            say!("           ... {doing}, {} s so far", waited.as_secs());
            let _ = std::io::stdout().flush();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
