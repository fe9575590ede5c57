//! `habeas policy check`.

use std::{fmt::Write as _, io::IsTerminal as _, path::PathBuf};

use ::policy::{CheckedFile, Finding, Level, Status, render};
use clap::Args;
use serde_json::json;

use super::{
    FOLDER, Failure, Outcome, code,
    folder::{Folder, checked},
    print, print_json,
};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The files; without any, those of the folder.
    files: Vec<PathBuf>,
    /// The folder whose *.toml files are checked.
    #[arg(long, default_value = FOLDER, conflicts_with = "files")]
    dir: PathBuf,
    /// Show the findings of a folder too for which a file states a reading or an exception.
    #[arg(long)]
    all: bool,
    /// Print every finding as JSON: {"findings":[…]}.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckArgs) -> Outcome {
    let files = if args.files.is_empty() { Folder::read(&args.dir)?.files } else { checked(&args.files)? };
    if args.json {
        print_findings_json(&files)?;
    } else {
        print_findings(&files, args.all || !args.files.is_empty());
    }
    Ok(code(!files.iter().any(CheckedFile::is_refused)))
}

/// Says why files are refused, as the answer of a command that needs them.
pub(super) fn refuse(files: &[CheckedFile], as_json: bool) -> Outcome {
    if as_json {
        print_findings_json(files)?;
    } else {
        print_findings(files, false);
    }
    Ok(code(false))
}

fn print_findings_json(files: &[CheckedFile]) -> Result<(), Failure> {
    let findings: Vec<&Finding> = files.iter().flat_map(|file| &file.findings).collect();
    print_json(&json!({ "findings": findings }))?;
    Ok(())
}

fn print_findings(files: &[CheckedFile], all: bool) {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut out = String::new();
    for file in files {
        let shown: Vec<Finding> =
            file.findings.iter().filter(|finding| all || finding.status == Status::Open).cloned().collect();
        out.push_str(&render(&shown, &file.text, colour));
    }
    let findings = || files.iter().flat_map(|file| &file.findings);
    let open = |level| findings().filter(|f| f.status == Status::Open && f.level == level).count();
    let settled = |status| findings().filter(|finding| finding.status == status).count();
    let (read, allowed) = (settled(Status::Read), settled(Status::Allowed));
    let _ = write!(
        out,
        "{} checked: {} errors, {} warnings, {} notes",
        files.len(),
        open(Level::Error),
        open(Level::Warning),
        open(Level::Info)
    );
    if read + allowed > 0 {
        let hint = if all { "" } else { " (--all shows them)" };
        let _ = write!(out, "; {read} more are read safely and {allowed} allowed{hint}");
    }
    out.push('\n');
    print(&out);
}
