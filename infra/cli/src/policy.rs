//! `habeas policy`: check, compile and show policy files.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use ::policy::{CheckedFile, CompileDirError, Finding, Level, check_file, compile_dir, policy_files, render};
use clap::{Args, Subcommand};
use domain::policy::{Period, Policy, RetentionRule};

/// Where the policy files of a checkout are.
const FOLDER: &str = "infra/policies";

/// Check, compile and show policy files.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check policy files and say what to do about each finding; fails on errors, not on warnings.
    Check {
        /// The files; without any, those of the folder.
        files: Vec<PathBuf>,
        /// The folder whose *.toml files are checked.
        #[arg(long, default_value = FOLDER, conflicts_with = "files")]
        dir: PathBuf,
        /// Print the findings as one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Compile a folder of policy files into the form that functions load.
    Compile {
        /// The folder of *.toml files.
        #[arg(long, default_value = FOLDER)]
        from: PathBuf,
        /// The folder to write <controller>.json to; compiled policies without a file are taken away.
        #[arg(long)]
        to: PathBuf,
    },
    /// Show how long a controller keeps what, each with its clause.
    Show {
        /// The controller's name: scantrust.
        controller: String,
        /// The folder of its policy file.
        #[arg(long, default_value = FOLDER)]
        dir: PathBuf,
    },
}

/// Runs the command: success, or failure if a policy has errors or a file cannot be read.
pub(crate) fn run(args: PolicyArgs) -> ExitCode {
    let result = match args.command {
        PolicyCommand::Check { files, dir, json } => check(files, &dir, json),
        PolicyCommand::Compile { from, to } => compile(&from, &to),
        PolicyCommand::Show { controller, dir } => show(&controller, &dir),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            eprintln!("  because: {cause}");
            source = cause.source();
        }
        ExitCode::FAILURE
    })
}

fn check(files: Vec<PathBuf>, dir: &Path, json: bool) -> Result<ExitCode, CompileDirError> {
    let paths = if files.is_empty() { policy_files(dir)? } else { files };
    if paths.is_empty() {
        return Err(CompileDirError::Empty(dir.to_owned()));
    }
    let files = paths.iter().map(|path| check_file(path)).collect::<Result<Vec<_>, _>>()?;
    if json {
        let findings: Vec<&Finding> = files.iter().flat_map(|file| &file.findings).collect();
        // Findings are texts and numbers, which always have a JSON form.
        print(&format!("{}\n", serde_json::to_string_pretty(&findings).unwrap_or_default()));
    } else {
        print_findings(&files);
    }
    Ok(if files.iter().any(CheckedFile::is_refused) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn compile(from: &Path, to: &Path) -> Result<ExitCode, CompileDirError> {
    let files = match compile_dir(from, to) {
        Ok(files) => files,
        Err(CompileDirError::Refused(files)) => {
            print_findings(&files);
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error),
    };
    let mut out = String::new();
    for policy in files.iter().filter_map(|file| file.policy.as_ref()) {
        let _ = writeln!(out, "{} {}", policy.hash.as_str(), to.join(format!("{}.json", policy.controller)).display());
    }
    print(&out);
    Ok(ExitCode::SUCCESS)
}

fn show(controller: &str, dir: &Path) -> Result<ExitCode, CompileDirError> {
    let mut controllers = Vec::new();
    for path in policy_files(dir)? {
        let file = check_file(&path)?;
        let Some(policy) = file.policy else { continue };
        if policy.controller.as_str() == controller {
            print(&table(&policy));
            return Ok(ExitCode::SUCCESS);
        }
        controllers.push(policy.controller.to_string());
    }
    eprintln!("error: no valid policy of {controller} in {}; there is {}", dir.display(), controllers.join(", "));
    Ok(ExitCode::FAILURE)
}

fn print_findings(files: &[CheckedFile]) {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut out: String = files.iter().map(|file| render(&file.findings, &file.text, colour)).collect();
    let count = |level| files.iter().flat_map(|file| &file.findings).filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let _ = writeln!(out, "{} checked: {errors} errors, {warnings} warnings", files.len());
    print(&out);
}

/// One row a retention rule, and one below it for its switch.
fn table(policy: &Policy) -> String {
    let mut rows = vec![["CATEGORY", "PURPOSE", "KEPT", "CLAUSE"].map(str::to_owned)];
    for rule in policy.retention.values() {
        rows.push([rule.category.to_string(), rule.purpose.to_string(), kept(rule), rule.clause.to_string()]);
        if let Some(switch) = &rule.switch {
            let then = format!("from {} on: {}", switch.on, period(&switch.then));
            rows.push([String::new(), String::new(), then, switch.clause.to_string()]);
        }
    }
    let mut out = format!("{} ({}), policy {}\n\n", policy.name, policy.controller, policy.hash.as_str());
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths = [0, 1, 2].map(|column| width(column).unwrap_or_default());
    for [category, purpose, kept, clause] in &rows {
        let [a, b, c] = widths;
        let _ = writeln!(out, "{category:a$}  {purpose:b$}  {kept:c$}  {clause}");
    }
    out
}

fn kept(rule: &RetentionRule) -> String {
    let exempt = if rule.exemption.is_some() { ", erasure refused" } else { "" };
    format!("{}{exempt}", period(&rule.period))
}

fn period(period: &Period) -> String {
    match period {
        Period::Fixed { duration } => duration.0.to_string(),
        Period::Sliding { duration, renew_on, .. } => {
            format!("{} after the last {}", duration.0, list(renew_on))
        }
        Period::UntilEvent { events, grace, max } => {
            let grace = if grace.0.is_zero() { String::new() } else { format!("{} after ", grace.0) };
            let max = max.as_ref().map(|max| format!(", at most {}", max.0)).unwrap_or_default();
            format!("until {grace}{}{max}", list(events))
        }
        Period::Indefinite => "for ever".to_owned(),
    }
}

fn list(events: &[domain::ids::EventName]) -> String {
    events.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// Writes to standard output; a reader that has gone away, as `| head` does, is no error.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
