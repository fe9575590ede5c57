//! `habeas keys`: wraps a controller's keys again.

use std::{fmt, path::PathBuf};

use aws::{Cloud, Rotated};
use clap::{Args, Subcommand};
use domain::ids::ControllerId;

use crate::{
    clock, direct,
    trouble::{Played, Trouble},
};

/// Look after the controllers' keys.
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Wrap a controller's keys under a new secret. Nothing that they sealed is rewritten, and all stays readable. Run
    /// it again a day later, to drop the earlier secret; run it again at once if it was stopped.
    Rotate {
        /// Whose keys.
        #[arg(long)]
        controller: String,
        /// Where a local stack is. Without it, region, credentials, KEY_TABLE and KEY_ID come from the environment.
        #[arg(long)]
        stack_file: Option<PathBuf>,
    },
}

/// What a run came to.
#[derive(Debug)]
pub struct RotationReport {
    controller: ControllerId,
    rotated: Rotated,
}

impl fmt::Display for RotationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { controller, rotated } = self;
        writeln!(f, "{controller}: {} keys wrapped again, under version {}", rotated.wrapped, rotated.version)?;
        match rotated.ends_at {
            Some(ends_at) => writeln!(f, "the earlier secret still opens; run this again after {ends_at}, to drop it"),
            None => writeln!(f, "the earlier secret is gone"),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Says what is missing or what failed; the next run goes on from there.
pub fn run(args: &KeysArgs) -> Played<RotationReport> {
    let KeysCommand::Rotate { controller, stack_file } = &args.command;
    let controller = ControllerId::parse(controller).map_err(Trouble::because("--controller"))?;
    let cloud = Cloud::new(direct::settings(stack_file.as_deref())?);
    let rotated = direct::block_on(cloud.rotate_keys(&controller, clock::now()))?;
    let rotated = rotated.map_err(Trouble::because("rotate"))?;
    Ok(RotationReport { controller, rotated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_whether_to_come_back() {
        let controller = ControllerId::parse("rfa").unwrap();
        let ends_at = Some("2026-03-02T12:00:00Z".parse().unwrap());
        let rotated = Rotated { version: 2, wrapped: 1_000, ends_at };
        let begun = RotationReport { controller: controller.clone(), rotated }.to_string();
        assert!(begun.starts_with("rfa: 1000 keys wrapped again, under version 2\n"), "{begun}");
        assert!(begun.contains("again after 2026-03-02T12:00:00Z"), "{begun}");
        let ended = RotationReport { controller, rotated: Rotated { ends_at: None, ..rotated } }.to_string();
        assert!(ended.contains("the earlier secret is gone"), "{ended}");
    }
}
