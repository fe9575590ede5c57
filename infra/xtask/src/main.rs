//! `cargo xtask`: the checkout's own commands. It compiles first on a bare machine, so it has next to no dependencies.
#![expect(clippy::disallowed_methods, reason = "xtask times its own steps; no product code runs in it")]

#[cfg(not(unix))]
compile_error!("the local AWS needs Linux or macOS; on Windows use WSL");

/// Prints a line. Unlike `println!` it does not panic when the reader has gone, as in `cargo xtask logs | head`.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod bench;
mod bootstrap;
mod deploy;
mod emulator;
mod failure;
mod fuzz;
mod http;
mod layout;
mod logs;
mod mutants;
mod package;
mod prerequisites;
mod shell;
mod stamp;
mod tiers;
mod up;
mod venv;

use std::fs::{File, TryLockError};
use std::process::ExitCode;

use emulator::Instance;
use failure::{Context, Outcome};
use layout::Layout;
use mutants::Scope;
use up::Wishes;

const HELP: &str = "\
cargo xtask <command>

  up [--no-play] [--release] [--port N]
              build everything, start the local AWS, deploy template.yaml on it, play the controllers' scenarios and
              print the page's address. Needs Rust, Python 3 with venv and a C compiler; does only what is not done yet.
              --port N takes the ports N (AWS endpoint), N+1 (page) and N+2 (token issuer)
              instead of 4566, 8787 and 4580
  down        stop the local AWS, the page and every function process
  reset       down, and remove all that was stored; Python environments and built functions stay
  status      what is running, and where
  url         the page's address
  logs [FUNCTION] [-f]
              what the functions logged, the last lines first; -f follows
  test [--fast]
              all tests on a local AWS of their own: format, lints, build, unit tests, flows, emulator, template
              --fast: only what needs no local AWS (format, lints, unit tests)
  fuzz [--seconds N] [--target NAME]
              every parser on inputs that libFuzzer makes up, a minute for each unless told otherwise; needs a C++ compiler.
              Exit code 1: something was found
  mutants [--package domain|policy] [--shard K/N] [--list] [FILE]...
              changes one operator, value or branch of the rules at a time and runs their tests, in a copy of the checkout;
              hours for everything. --list only names the changes. Exit code 1: a change that no test notices
  package     release build for a real account: checked, zipped reproducibly, ready for `sam deploy`
  bench [--json] [--check | --update] [--only NAME]... [--rounds N]
              release build, then what each function takes as a process: sizes, instructions, CPU, memory, calls to
              AWS; --check fails where tests/bench/budgets.toml allows less, --update writes it
  help        this text

All state is in .habeas/, all servers listen on 127.0.0.1, and no command can reach a real AWS account.
HABEAS_PYTHON names another Python than python3. With CI=true, what `test` can't run counts as failed, but for a browser
that can't be had.
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Up(Wishes),
    Down,
    Reset,
    Status,
    Url,
    Logs {
        function: Option<String>,
        follow: bool,
    },
    Test {
        fast: bool,
    },
    Fuzz {
        seconds: u32,
        target: Option<String>,
    },
    Mutants(Scope),
    Package,
    /// What the harness is told.
    Bench(Vec<String>),
    Help,
}

impl Task {
    /// Reads the arguments after `cargo xtask`.
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let (command, rest) = match arguments.split_first() {
            None => return Ok(Self::Help),
            Some((command, rest)) => (command.as_str(), rest),
        };
        if rest.iter().any(|word| word == "--help" || word == "-h") {
            return Ok(Self::Help);
        }
        let mut rest = rest.iter().map(String::as_str);
        let task = match command {
            "up" => Self::Up(Wishes::parse(&mut rest)?),
            "logs" => Self::logs(&mut rest)?,
            "test" => Self::test(&mut rest)?,
            "down" => Self::Down,
            "reset" => Self::Reset,
            "status" => Self::Status,
            "url" => Self::Url,
            "fuzz" => Self::fuzz(&mut rest)?,
            "mutants" => Self::Mutants(Scope::parse(&mut rest)?),
            "package" => Self::Package,
            "bench" => Self::Bench(rest.by_ref().map(str::to_owned).collect()),
            "help" | "--help" | "-h" => Self::Help,
            other => return Err(format!("there is no command \"{other}\"")),
        };
        match rest.next() {
            Some(word) => Err(unknown(command, word)),
            None => Ok(task),
        }
    }

    fn logs<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let (mut function, mut follow) = (None, false);
        for word in words {
            match word {
                "-f" | "--follow" => follow = true,
                name if !name.starts_with('-') && function.is_none() => function = Some(name.to_owned()),
                other => return Err(unknown("logs", other)),
            }
        }
        Ok(Self::Logs { function, follow })
    }

    fn test<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut fast = false;
        for word in words {
            match word {
                "--fast" => fast = true,
                other => return Err(unknown("test", other)),
            }
        }
        Ok(Self::Test { fast })
    }

    fn fuzz<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let (mut seconds, mut target) = (fuzz::SECONDS, None);
        while let Some(word) = words.next() {
            match word {
                "--seconds" => {
                    let number = words.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                    seconds = number.ok_or("--seconds needs a number of seconds")?;
                }
                "--target" => target = Some(words.next().ok_or("--target needs a name")?.to_owned()),
                other => return Err(unknown("fuzz", other)),
            }
        }
        Ok(Self::Fuzz { seconds, target })
    }
}

fn unknown(command: &str, word: &str) -> String {
    format!("`cargo xtask {command}` does not know \"{word}\"")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let task = match Task::parse(&arguments) {
        Ok(task) => task,
        Err(problem) => {
            eprintln!("error: {problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match carry_out(task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// `false` is a task that ran to its end and found something wrong.
fn carry_out(task: Task) -> Outcome<bool> {
    let layout = Layout::find()?;
    let _alone = match task {
        Task::Up(_) | Task::Reset | Task::Test { .. } | Task::Package | Task::Bench(_) => Some(alone(&layout)?),
        _ => None,
    };
    let usual = || Instance::usual(&layout, None);
    match task {
        Task::Help => say!("{}", HELP.trim_end()),
        Task::Up(wishes) => up::up(&layout, wishes)?,
        Task::Down => {
            let stopped = usual().stop()?;
            say!("{}", if stopped { "stopped" } else { "nothing was running" });
        }
        Task::Reset => {
            let instance = usual();
            instance.stop()?;
            instance.wipe()?;
            layout::remove(&layout.home.join("test"))?;
            say!("stopped, and all that was stored is removed");
        }
        Task::Status => {
            let instance = usual();
            for line in instance.status() {
                say!("{line}");
            }
            return Ok(instance.is_up());
        }
        Task::Url => say!("{}/", usual().public_url()),
        Task::Logs { function, follow } => logs::print(&usual(), function.as_deref(), follow)?,
        Task::Test { fast } => return tiers::test(&layout, fast),
        Task::Fuzz { seconds, target } => return fuzz::fuzz(&layout, seconds, target.as_deref()),
        Task::Mutants(scope) => return mutants::mutants(&layout, &scope),
        Task::Package => package::package(&layout)?,
        Task::Bench(words) => return bench::bench(&layout, &words),
    }
    Ok(true)
}

/// Holds the checkout for one task at a time; given back when the file closes, however this process ends.
fn alone(layout: &Layout) -> Outcome<File> {
    layout::make_folder(&layout.home)?;
    let path = layout.home.join("lock");
    let file = File::create(&path).cannot(format_args!("write {}", layout.shown(&path)))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            say!("another `cargo xtask` is at work here: waiting for it to end")
        }
        Err(TryLockError::Error(cause)) => return Err(cause).cannot("lock .habeas/lock"),
    }
    file.lock().cannot("lock .habeas/lock")?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::Profile;

    fn parse(line: &str) -> Result<Task, String> {
        Task::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn up_plays_and_builds_for_debugging_unless_told_otherwise() {
        let usual = Wishes { play: true, profile: Profile::Debug, port: None };
        assert_eq!(parse("up"), Ok(Task::Up(usual)));
        let told = Wishes { play: false, profile: Profile::Release, port: Some(7000) };
        assert_eq!(parse("up --no-play --release --port 7000"), Ok(Task::Up(told)));
        assert_eq!(parse("up --port=7000"), Ok(Task::Up(Wishes { port: Some(7000), ..usual })));
    }

    #[test]
    fn a_port_leaves_room_for_two_more() {
        for bad in ["up --port", "up --port x", "up --port 80", "up --port 65534", "up --port 70000"] {
            assert!(parse(bad).unwrap_err().contains("from 1024 to 65533"), "{bad}");
        }
        assert!(parse("up --port 65533").is_ok());
    }

    #[test]
    fn logs_take_a_function_and_follow() {
        assert_eq!(parse("logs"), Ok(Task::Logs { function: None, follow: false }));
        assert_eq!(parse("logs purge -f"), Ok(Task::Logs { function: Some("purge".into()), follow: true }));
        assert!(parse("logs purge relay").is_err());
    }

    #[test]
    fn fuzzing_takes_a_time_and_a_target() {
        assert_eq!(parse("fuzz"), Ok(Task::Fuzz { seconds: 60, target: None }));
        let told = Task::Fuzz { seconds: 5, target: Some("token".into()) };
        assert_eq!(parse("fuzz --seconds 5 --target token"), Ok(told));
        for bad in ["fuzz --seconds", "fuzz --seconds 0", "fuzz --seconds x", "fuzz --target", "fuzz token"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_to_measure_is_for_the_harness_to_read() {
        assert_eq!(parse("bench --only purge"), Ok(Task::Bench(vec!["--only".into(), "purge".into()])));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        assert!(parse("upp").unwrap_err().contains("upp"));
        assert!(parse("down --now").unwrap_err().contains("--now"));
        assert!(parse("test --slow").unwrap_err().contains("--slow"));
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for line in ["", "help", "--help", "up --help", "test -h"] {
            assert_eq!(parse(line), Ok(Task::Help), "{line}");
        }
    }

    #[test]
    fn every_command_is_in_the_help() {
        for command in
            ["up", "down", "reset", "status", "url", "logs", "test", "fuzz", "mutants", "package", "bench", "help"]
        {
            assert!(parse(command).is_ok(), "{command}");
            assert!(HELP.contains(&format!("\n  {command}")), "{command}");
        }
    }
}
