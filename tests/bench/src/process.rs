//! A function as a process: started as Lambda starts it, watched through `/proc`, ended at the end.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    failure::{Context, Failure, Outcome},
    null_aws::NullAws,
    runtime_api::RuntimeApi,
    subject::Subject,
    template::{Deployed, Template},
};

/// How long a process that waits gets to fall asleep before its times are read.
const SETTLE: Duration = Duration::from_millis(3);

/// A session token of usual length: it goes along with every call.
const SESSION_TOKEN_LETTERS: usize = 800;

/// What peers take for the key that KMS opens for ours: 32 bytes in base64.
const PEER_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// Where what a function needs comes from.
#[derive(Debug)]
pub struct World {
    /// What each function is given.
    pub template: Template,
    /// The folder of the policy layer, which Lambda puts at `/opt`.
    pub layer: std::path::PathBuf,
    /// How long to wait for any answer.
    pub patience: Duration,
}

/// What was logged: bytes, lines, and the last of it.
#[derive(Debug, Default)]
struct Logged {
    bytes: AtomicU64,
    lines: AtomicU64,
    last: Mutex<String>,
}

/// One running function with a Runtime API and an AWS of its own.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Its Runtime API.
    pub api: RuntimeApi,
    /// Its AWS.
    pub aws: NullAws,
    logged: Arc<Logged>,
}

impl Process {
    /// Starts a subject, `under` another program with its arguments if there is one, and waits until it has begun.
    ///
    /// # Errors
    /// If it cannot be started, or does not begin.
    pub fn start(subject: &Subject, world: &World, under: &[String]) -> Outcome<Self> {
        let (mut api, aws) = (RuntimeApi::listen(world.patience)?, NullAws::listen()?);
        let mut words = under.iter().map(Path::new).chain([subject.command.as_path()]);
        let mut command = Command::new(words.next().unwrap_or(&subject.command));
        command.args(words.map(Path::as_os_str)).env_clear();
        let deployed = match &subject.function {
            Some(function) => world.template.function(function, &aws.url)?,
            None => Deployed { memory_mb: 128, variables: Default::default() },
        };
        if subject.is_peer() {
            command.env("CONTROLLER_KEY", PEER_KEY);
        }
        command
            .envs(&deployed.variables)
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", format!("habeas-{}", subject.name))
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", deployed.memory_mb.to_string())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/habeas-bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_LAMBDA_LOG_LEVEL", "WARN")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("AWS_SESSION_TOKEN", "A".repeat(SESSION_TOKEN_LETTERS))
            .env("AWS_ENDPOINT_URL", &aws.url)
            .env("OPT_DIR", &world.layer)
            .env("LAMBDA_TASK_ROOT", subject.command.parent().unwrap_or(Path::new("/")))
            .env("_HANDLER", "bootstrap")
            .env("HOME", "/nonexistent")
            .env("LANG", "C.UTF-8")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("TZ", ":UTC");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().cannot(format_args!("start {}", subject.command.display()))?;
        let logged = Arc::new(Logged::default());
        if let Some(output) = child.stdout.take() {
            count(output, Arc::clone(&logged));
        }
        if let Some(errors) = child.stderr.take() {
            count(errors, Arc::clone(&logged));
        }
        let begun = api.wait_for_next(&mut || has_ended(&mut child));
        let process = Self { child, api, aws, logged };
        begun.map_err(|failure| process.told(&failure)).cannot(format_args!("begin {}", subject.name))?;
        process.settle();
        Ok(process)
    }

    /// Hands it an event, checks its answer and waits until it rests.
    ///
    /// # Errors
    /// If it fails, or answers something else.
    pub fn handle(&mut self, subject: &Subject) -> Outcome<()> {
        let child = &mut self.child;
        let answered =
            self.api.invoke(&subject.event, &mut || has_ended(child)).and_then(|answer| subject.check(&answer));
        answered.map_err(|failure| self.told(&failure)).cannot(format_args!("have {} handle its event", subject.name))
    }

    /// Lets it fall asleep, so that what it has used is written down.
    pub fn settle(&self) {
        thread::sleep(SETTLE);
    }

    /// Nanoseconds of CPU that its threads have used so far; `None` where there is no `/proc` with scheduler statistics.
    /// Threads that have ended are not in it.
    pub fn cpu_ns(&self) -> Option<u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        tasks.map(|task| first_number(&fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?)).sum()
    }

    /// The most memory it has had at once, in KB.
    pub fn peak_kb(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        first_number(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?)
    }

    /// A failure with the last that it logged.
    fn told(&self, failure: &Failure) -> Failure {
        self.settle();
        let last = self.logged.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Failure::new(if last.is_empty() {
            failure.to_string()
        } else {
            format!("{failure}; it logged: {}", last.trim())
        })
    }

    /// Bytes and lines that it has logged so far.
    pub fn logged(&self) -> (u64, u64) {
        (self.logged.bytes.load(Ordering::Acquire), self.logged.lines.load(Ordering::Acquire))
    }

    /// Asks it to end, as Lambda does, and waits: what watches it writes down what it saw.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn end(mut self) -> Outcome<()> {
        let asked = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        asked.cannot("run `kill`")?;
        self.child.wait().cannot("wait for a process")?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Counts what is written there, until its end.
fn count(mut from: impl Read + Send + 'static, logged: Arc<Logged>) {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let lines = buffer[..count].iter().filter(|byte| **byte == b'\n').count();
            logged.bytes.fetch_add(count as u64, Ordering::Release);
            logged.lines.fetch_add(lines as u64, Ordering::Release);
            *logged.last.lock().unwrap_or_else(PoisonError::into_inner) =
                String::from_utf8_lossy(&buffer[..count]).into_owned();
        }
    });
}
