//! `habeas policy compile`.

use std::{fmt::Write as _, path::PathBuf};

use ::policy::{CompileDirError, compile_dir};
use clap::Args;
use serde_json::json;

use super::{FOLDER, Outcome, check::refuse, code, print, print_json};

#[derive(Debug, Args)]
pub(super) struct CompileArgs {
    /// The folder of *.toml files.
    #[arg(long, alias = "from", default_value = FOLDER)]
    dir: PathBuf,
    /// The folder to write <controller>.json to; compiled policies without a file are taken away.
    #[arg(long)]
    to: PathBuf,
    /// Print what was written, or the findings that refuse it, as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CompileArgs) -> Outcome {
    let files = match compile_dir(&args.dir, &args.to) {
        Ok(files) => files,
        Err(CompileDirError::Refused(files)) => return refuse(&files, args.json),
        Err(error) => return Err(error.into()),
    };
    let policies = || files.iter().filter_map(|file| file.policy.as_ref());
    let path = |controller: &dyn std::fmt::Display| args.to.join(format!("{controller}.json")).display().to_string();
    if args.json {
        let compiled: Vec<_> = policies()
            .map(|policy| {
                let (controller, hash) = (policy.controller.as_str(), policy.hash.as_str());
                json!({ "controller": controller, "hash": hash, "file": path(&controller) })
            })
            .collect();
        print_json(&json!({ "compiled": compiled }))?;
    } else {
        let mut out = String::new();
        for policy in policies() {
            let _ = writeln!(out, "{} {}", policy.hash.as_str(), path(&policy.controller));
        }
        print(&out);
    }
    Ok(code(true))
}
