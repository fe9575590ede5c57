//! `habeas policy`: what policy files say, what they mean, what changes, and what shows it.

mod check;
mod clause;
mod compile;
mod coverage;
mod diff;
mod explain;
mod folder;
mod lifecycle;
mod render;
mod show;
mod simulate;

use std::{fmt, path::Path, process::ExitCode};

use ::policy::CompileDirError;
use clap::{Args, Subcommand};
use habeas_cli::trouble::Trouble;

use crate::print::{print, print_json};

/// Where the policy files of a checkout are.
const FOLDER: &str = "infra/policies";

/// Check, explain, compare, simulate and render policy files.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check policy files and say what to do about each finding; fails on errors, not on warnings.
    Check(check::CheckArgs),
    /// Compile a folder of policy files into the form that functions load.
    Compile(compile::CompileArgs),
    /// Show how long a controller keeps what, each with its clause.
    Show(show::ShowArgs),
    /// Explain a code of a finding (RET-INDEFINITE) or a clause (stationdb.4-j).
    Explain(explain::ExplainArgs),
    /// Say what changes from one policy to another: for people, for consents, for what is stored.
    Diff(diff::DiffArgs),
    /// Tell a record's life on a time line: what each event does, until when it is kept, by which clause.
    Simulate(simulate::SimulateArgs),
    /// Say of each clause what makes it true and what shows it; fails if something is missing.
    Coverage(coverage::CoverageArgs),
    /// Write the annex to a privacy notice that people can read.
    Render(render::RenderArgs),
    /// Write the rules by which S3 deletes files by itself, and say of each how early, or why there is none.
    Lifecycle(lifecycle::LifecycleArgs),
}

/// The folder of policy files, and the form of the answer.
#[derive(Debug, Args)]
struct Common {
    /// The folder of *.toml files.
    #[arg(long, default_value = FOLDER)]
    dir: std::path::PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a command comes to.
type Outcome = Result<ExitCode, Failure>;

/// Why a command came to nothing.
#[derive(Debug)]
enum Failure {
    /// A policy file or folder cannot be read.
    Files(CompileDirError),
    /// Anything else, in a sentence.
    Trouble(Trouble),
}

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Self::Trouble(Trouble::new(text))
    }

    /// For `map_err`: a file that cannot be read or written.
    fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Trouble(Trouble::because(path.display())(error))
    }
}

impl From<CompileDirError> for Failure {
    fn from(error: CompileDirError) -> Self {
        Self::Files(error)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trouble(trouble) => write!(f, "{trouble}"),
            Self::Files(error) => {
                write!(f, "{error}")?;
                let mut source = std::error::Error::source(error);
                while let Some(cause) = source {
                    write!(f, "\n  because: {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
        }
    }
}

/// Runs the command: success, or failure if it found what it is there to find, or could not look.
pub(crate) fn run(args: PolicyArgs) -> ExitCode {
    let outcome = match args.command {
        PolicyCommand::Check(args) => check::run(&args),
        PolicyCommand::Compile(args) => compile::run(&args),
        PolicyCommand::Show(args) => show::run(&args),
        PolicyCommand::Explain(args) => explain::run(&args),
        PolicyCommand::Diff(args) => diff::run(&args),
        PolicyCommand::Simulate(args) => simulate::run(&args),
        PolicyCommand::Coverage(args) => coverage::run(&args),
        PolicyCommand::Render(args) => render::run(&args),
        PolicyCommand::Lifecycle(args) => lifecycle::run(&args),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        ExitCode::FAILURE
    })
}

/// Success if it is so.
fn code(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What was probably meant: the nearest of the words, or those that begin so.
fn suggestion<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> String {
    /// More slips than these make another word.
    const SLIPS_MAX: usize = 3;
    /// More words than these are a list to read elsewhere.
    const BEGINNINGS_MAX: usize = 12;

    let words: Vec<&str> = words.into_iter().collect();
    let beginnings: Vec<&str> =
        words.iter().copied().filter(|word| !text.is_empty() && word.starts_with(text)).collect();
    if (1..=BEGINNINGS_MAX).contains(&beginnings.len()) {
        return format!("; there is {}", domain::words::list(&beginnings, "and"));
    }
    let slips_max = SLIPS_MAX.min(text.chars().count() / 2);
    let nearest = words
        .iter()
        .map(|word| (strsim::osa_distance(text, word), *word))
        .filter(|(slips, _)| *slips <= slips_max)
        .min();
    nearest.map(|(_, word)| format!("; did you mean {word}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_met_with_the_nearest_word_and_nonsense_with_none() {
        let words = ["RET-INDEFINITE", "RET-MISSING", "stationdb.4-d"];
        assert_eq!(suggestion("RET-INDEFINIT", words), "; there is RET-INDEFINITE");
        assert_eq!(suggestion("RET-MISING", words), "; did you mean RET-MISSING?");
        assert_eq!(suggestion("RET-", words), "; there is RET-INDEFINITE and RET-MISSING");
        assert_eq!(suggestion("completely-else", words), "");
        assert_eq!(suggestion("", words), "");
        assert_eq!(suggestion("x", ["y"]), "");
    }
}
