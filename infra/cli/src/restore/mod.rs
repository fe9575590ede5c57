//! `habeas restore`: brings a restored table to where it must be before anybody uses it.
//!
//! It runs the functions' own code, since it does what they did.

mod report;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use app::restore::{self, Replay};
use aws::{Cloud, Settings, table::CarriedOver};
use clap::{Args, Subcommand};
use domain::{ids::ControllerId, lifecycle::FileRules, policy::Policy};
use jiff::Timestamp;
use policy::{check_file, policy_files};

pub use self::report::Report;
use crate::{
    clock, direct,
    trouble::{Played, Trouble},
};

/// What is done with a restored table.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    #[command(subcommand)]
    command: RestoreCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum RestoreCommand {
    /// Apply every erasure, hold and deletion again that came after the backup, before anybody uses the table.
    Replay(RestoreReplayArgs),
}

/// Which table, and what is known beside it.
#[derive(Debug, Clone, Args)]
pub struct RestoreReplayArgs {
    /// The restored table. Nothing may use it yet.
    #[arg(long)]
    pub table: String,
    /// The table that is given up: what it knows of consents, requests, events, disclosures and records that
    /// came after the backup is carried over.
    #[arg(long)]
    pub from: Option<String>,
    /// The folder with the policy files that are in force.
    #[arg(long, default_value = "infra/policies")]
    pub policies: PathBuf,
    /// A local stack; `cargo xtask up` writes this file. Without it the names come from the environment, as the
    /// functions' do: KEY_TABLE, KEY_ID, TOMBSTONE_TABLE, EVIDENCE_BUCKET, WORK_BUCKET, RECORDS_BUCKET.
    #[arg(long)]
    pub stack_file: Option<PathBuf>,
    /// Only look.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs a command; answers what came of it, and whether as JSON.
///
/// # Errors
/// If something is missing, or AWS does not answer.
pub fn run(args: &RestoreArgs) -> Played<(Report, bool)> {
    let RestoreCommand::Replay(args) = &args.command;
    Ok((replay(args, clock::now())?, args.json))
}

/// Replays what came after the backup.
///
/// # Errors
/// If something is missing, or AWS does not answer.
pub fn replay(args: &RestoreReplayArgs, at: Timestamp) -> Played<Report> {
    let policies = policies(&args.policies)?;
    let settings = direct::settings(args.stack_file.as_deref())?;
    if settings.table.as_deref() == Some(args.table.as_str()) && !args.dry_run {
        return Err(Trouble::new(format!(
            "{} is the table in use: a replay is for one that nobody uses yet",
            args.table
        )));
    }
    let cloud = Cloud::new(Settings { table: Some(args.table.clone()), ..settings });
    let rules: BTreeMap<_, _> = policies.iter().map(|(id, policy)| (id.clone(), FileRules::of(policy))).collect();
    let cloud = cloud.with_file_rules(move |controller| Ok(rules.get(controller).cloned().unwrap_or_default()));
    let run = Replay { at, dry_run: args.dry_run };
    direct::block_on(async {
        let carried = match &args.from {
            Some(from) => cloud.carry_over(from, at, args.dry_run).await?,
            None => CarriedOver::default(),
        };
        let mut noted = 0;
        // Once all of it is there: whether a withdrawal counts is a question to the consents.
        if let Some(from) = args.from.as_deref().filter(|_| !args.dry_run) {
            let mut next = None;
            loop {
                let page = cloud.events_in(from, next.as_deref()).await?;
                noted += restore::note_again(&policies, &cloud, &page.events).await?;
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
        }
        let replayed = restore::replay(&policies, &cloud, run).await?;
        Ok::<_, app::error::PortError>(Report::new(args, carried.items, carried.unknown, noted, &replayed))
    })?
    .map_err(trouble)
}

fn trouble(error: app::error::PortError) -> Trouble {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Trouble::new(format!("{error}{cause}; what was done stands, run it again to do the rest"))
}

fn policies(folder: &Path) -> Played<BTreeMap<ControllerId, Policy>> {
    let shown = folder.display();
    let mut policies = BTreeMap::new();
    for path in policy_files(folder).map_err(Trouble::because(format_args!("read {shown}")))? {
        let file = check_file(&path, None).map_err(Trouble::because(path.display()))?;
        let refused = || Trouble::new(format!("{} is refused: see `habeas policy check`", path.display()));
        let policy = file.policy.ok_or_else(refused)?;
        policies.insert(policy.controller.clone(), policy);
    }
    if policies.is_empty() { Err(Trouble::new(format!("{shown} holds no policy file"))) } else { Ok(policies) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_policies_is_refused() {
        let empty = std::env::temp_dir().join(format!("habeas-no-policies-{}", std::process::id()));
        std::fs::create_dir_all(&empty).unwrap();
        let trouble = policies(&empty).unwrap_err();
        assert!(trouble.to_string().contains("holds no policy file"), "{trouble}");
        std::fs::remove_dir(&empty).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        assert!(policies(&shipped).unwrap().len() >= 5);
    }
}
