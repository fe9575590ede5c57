//! `habeas`: checks policies, plays the controllers' scenarios, replays logs.
#![expect(clippy::print_stdout, reason = "a tool at a terminal: printing is what it does")]

mod policy;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use habeas_cli::{
    replay::{self, ReplayArgs},
    scenarios,
    stack::Stack,
    table,
    trouble::{Played, Trouble},
    world::World,
};

/// Keeps a company's privacy promises: the operator's tool.
#[derive(Debug, Parser)]
#[command(name = "habeas", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, compile and show policy files.
    Policy(policy::PolicyArgs),
    /// Play the controllers' promises on a local stack, and show what came of each.
    Play {
        /// Where the stack is; `cargo xtask up` writes this file.
        #[arg(long, default_value = ".habeas/stack.json")]
        stack_file: PathBuf,
        /// Play one controller alone: scantrust, stationdb, identance, rfa or zentry.
        #[arg(long)]
        controller: Option<String>,
        /// Print one JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Send a web server's log, or made-up records, through the records queue of a local stack.
    Replay(ReplayArgs),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Policy(args) => return policy::run(args),
        Command::Play { stack_file, controller, json } => play(&stack_file, controller.as_deref(), json),
        Command::Replay(args) => replay::run(&args).map(|report| {
            print!("{report}");
            report.is_complete()
        }),
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
fn play(stack_file: &std::path::Path, controller: Option<&str>, json: bool) -> Played<bool> {
    let world = World::new(Stack::read(stack_file)?);
    let rows = scenarios::play(&world, controller)?;
    if json {
        let text = serde_json::to_string_pretty(&rows).map_err(Trouble::because("write the rows"))?;
        println!("{text}");
    } else {
        print!("{}", table::render(&rows));
        let failed = rows.iter().filter(|row| !row.passed).count();
        println!("{} promises played, {failed} broken", rows.len());
    }
    Ok(table::all_passed(&rows))
}
