//! `habeas clock`: by when something must be done, and why.

mod explain;
mod input;
mod laws;
mod promise;

use clap::{Args, Subcommand};
use habeas_cli::trouble::Played;

pub(crate) use self::input::moment;
use crate::print::{print, print_json};

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
