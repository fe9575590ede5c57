//! `habeas`: checks policies, counts deadlines, plays the controllers' scenarios, replays logs.

mod clocks;
mod policy;
mod print;

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use habeas_cli::{
    breach::{self, BreachArgs},
    cost::{self, CostArgs},
    evidence::{self, EvidenceArgs, VerifyArgs},
    keys::{self, KeysArgs},
    purge::{self, PurgeArgs},
    replan::{self, ReplanArgs},
    replay::{self, ReplayArgs},
    restore::{self, RestoreArgs},
    scenarios,
    stack::Stack,
    table,
    trouble::{Played, Trouble},
    world::World,
};
use serde::Serialize;

use crate::print::{print, print_json};

/// Keeps a company's privacy promises: the operator's tool.
#[derive(Debug, Parser)]
#[command(name = "habeas", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, explain, compare, simulate and render policy files.
    Policy(policy::PolicyArgs),
    /// Explain statutory deadlines, and list the laws whose clocks run.
    Clock(clocks::ClockArgs),
    /// Play the controllers' promises on a local stack, and show what came of each.
    Play {
        /// Where the stack is; `cargo xtask up` writes this file.
        #[arg(long, default_value = ".habeas/stack.json")]
        stack_file: PathBuf,
        /// Play one controller alone: scantrust, stationdb, identance, rfa or zentry.
        #[arg(long, conflicts_with = "clause")]
        controller: Option<String>,
        /// Play what shows one clause alone: stationdb.4-d.
        #[arg(long)]
        clause: Option<String>,
        /// Print one JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// See where a controller's purge stands; pause it, resume it, allow what it was stopped by.
    Purge(PurgeArgs),
    /// A personal data breach: declare it, see what runs out, decide, record, close; and drill all that.
    Breach(Box<BreachArgs>),
    /// Send a web server's log, or made-up records, through the records queue of a local stack.
    Replay(ReplayArgs),
    /// Verify evidence from its files alone: exits with 0 if it holds, with 1 and the first fault if not.
    Verify(VerifyArgs),
    /// Copy a controller's evidence to a folder, and write trust files.
    Evidence(EvidenceArgs),
    /// Bring a table that was restored from a backup to where it must be before anybody uses it.
    Restore(RestoreArgs),
    /// Say what a policy that is to come would do to what is stored; writes nothing.
    Replan(ReplanArgs),
    /// Say what a month costs, from counted calls and AWS's prices.
    Cost(CostArgs),
    /// Look after the controllers' keys.
    Keys(KeysArgs),
    /// Write what a shell needs to complete this tool's words to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output, or a page for each command to a folder.
    Man {
        /// The folder.
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Policy(args) => return policy::run(args),
        Command::Clock(args) => clocks::run(&args).map(|()| true),
        Command::Play { stack_file, controller, clause, json } => {
            play(&stack_file, controller.as_deref(), clause.as_deref(), json)
        }
        Command::Purge(args) => purge::run(&args).map(|told| said(&told, true)),
        Command::Breach(args) => breach::run(&args).map(|(told, is_well)| said(&told, is_well)),
        Command::Replay(args) => replay::run(&args).map(|report| said(&report, report.is_complete())),
        Command::Verify(args) => {
            evidence::run_verify(&args).and_then(|verdict| answered(&verdict, args.json, verdict.is_sound()))
        }
        Command::Evidence(args) => evidence::run(&args).map(|told| said(&format!("{told}\n"), true)),
        // A table that is not complete must not be used yet.
        Command::Restore(args) => restore::run(&args)
            .and_then(|(report, json)| answered(&report, json, report.is_complete() || report.dry_run)),
        Command::Replan(args) => replan::run(&args).and_then(|(report, json)| answered(&report, json, true)),
        Command::Cost(args) => cost::run(&args).and_then(|(bill, json)| answered(&bill, json, true)),
        Command::Keys(args) => keys::run(&args).map(|report| said(&report, true)),
        Command::Completions { shell } => Ok(completions(shell)),
        Command::Man { to } => manual(to.as_deref()).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::from(2)
        }
    }
}

/// Plays and prints. `false`: something did not go as promised.
fn play(stack_file: &Path, controller: Option<&str>, clause: Option<&str>, json: bool) -> Played<bool> {
    let world = World::new(Stack::read(stack_file)?);
    let rows = match clause {
        Some(clause) => scenarios::play_clause(&world, clause)?,
        None => scenarios::play(&world, controller)?,
    };
    if json {
        print_json(&rows)?;
    } else {
        let failed = rows.iter().filter(|row| !row.passed).count();
        print(&format!("{}{} promises played, {failed} broken\n", table::render(&rows), rows.len()));
    }
    Ok(table::all_passed(&rows))
}

/// Prints what came of a command, and hands on whether it went well.
fn said(told: &impl Display, is_well: bool) -> bool {
    print(&told.to_string());
    is_well
}

/// The same for people or for machines.
fn answered(answer: &(impl Display + Serialize), as_json: bool, is_well: bool) -> Played<bool> {
    if as_json {
        print_json(answer)?;
        return Ok(is_well);
    }
    Ok(said(answer, is_well))
}

fn completions(shell: clap_complete::Shell) -> bool {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "habeas", &mut script);
    said(&String::from_utf8_lossy(&script), true)
}

fn manual(to: Option<&Path>) -> Played {
    let Some(folder) = to else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(Arguments::command()).render(&mut page);
        rendered.map_err(Trouble::because("write the manual page"))?;
        print(&String::from_utf8_lossy(&page));
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(Trouble::because(folder.display()))?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(Trouble::because(folder.display()))
}
