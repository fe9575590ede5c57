//! `habeas clock`: by when something must be done, and why.

mod explain;
mod input;
mod laws;
mod promise;

use std::io::Write as _;

use clap::{Args, Subcommand};
use habeas_cli::trouble::{Played, Trouble};
use serde::Serialize;

/// Explain statutory deadlines, and list the laws whose clocks run.
#[derive(Debug, Args)]
pub(crate) struct ClockArgs {
    #[command(subcommand)]
    command: ClockCommand,
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Compute one deadline and show each step with its article.
    Explain(Box<explain::ExplainArgs>),
    /// List every law with what it asks, within which time, and where it says so.
    Laws(laws::LawsArgs),
}

/// Runs the command.
pub(crate) fn run(args: &ClockArgs) -> Played {
    match &args.command {
        ClockCommand::Explain(args) => explain::run(args),
        ClockCommand::Laws(args) => laws::run(args),
    }
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn print_json(value: &impl Serialize) -> Played {
    let text = serde_json::to_string_pretty(value).map_err(Trouble::because("write the answer"))?;
    print(&format!("{text}\n"));
    Ok(())
}
