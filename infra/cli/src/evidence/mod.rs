//! `habeas verify` and `habeas evidence`: whether evidence holds, from files alone, and where the files come from.

mod fetch;
mod folder;
mod report;
mod sample;

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use wire::evidence::{
    certificate::verify_certificate,
    notice::{is_of_notice, verify_notice},
    trust::Trust,
    verify::{Broken, Fault, verify},
};

pub use self::{
    fetch::{fetch, trust_file},
    folder::Folder,
    report::Verdict,
};
use crate::{
    cloud::Cloud,
    stack::Stack,
    trouble::{Played, Trouble},
    world::World,
};

/// What is verified, and against what.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["folder", "certificate"]))]
pub struct VerifyArgs {
    /// The folder of one controller's evidence: `chain` and `checkpoints` lie in it.
    pub folder: Option<PathBuf>,
    /// A person's certificate of an erasure or of a notice, instead of a folder.
    #[arg(long, conflicts_with = "update")]
    pub certificate: Option<PathBuf>,
    /// The trust file: the keys that sign, and the last checkpoint that was seen. Without it the files can
    /// only be found to agree with each other.
    #[arg(long)]
    pub trust: Option<PathBuf>,
    /// Note the last checkpoint in the trust file, if all is well.
    #[arg(long, requires = "trust")]
    pub update: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where evidence comes from.
#[derive(Debug, Clone, Args)]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum EvidenceCommand {
    /// Copy a controller's evidence from a local stack's bucket to a folder; what is there already stays.
    Fetch(FetchArgs),
    /// Write a trust file with the key that signs a controller's evidence.
    Trust(TrustArgs),
    /// Have a local stack check its chains of evidence and sign where they stand, as it does each hour by itself: a
    /// controller's next checkpoint comes a day after its last.
    Seal(SealArgs),
    /// Play a small life on a local stack that nothing was done on yet, and write its evidence, its trust file and a
    /// certificate: what lies in `events/evidence`.
    Sample(SampleArgs),
}

/// As of when the chains are sealed.
#[derive(Debug, Clone, Args)]
struct SealArgs {
    /// The time, as 2026-03-01T12:00:00Z; without it, now.
    #[arg(long)]
    at: Option<Timestamp>,
    /// Where the stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json")]
    stack_file: PathBuf,
}

/// Where a sample is made, and where it goes.
#[derive(Debug, Clone, Args)]
struct SampleArgs {
    /// The folder.
    #[arg(long)]
    out: PathBuf,
    /// Where the stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json")]
    stack_file: PathBuf,
}

/// What is copied, from where.
#[derive(Debug, Clone, Args)]
struct FetchArgs {
    /// Whose evidence.
    #[arg(long)]
    controller: String,
    /// The folder.
    #[arg(long)]
    out: PathBuf,
    /// Where the stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json")]
    stack_file: PathBuf,
}

/// Whose key, and from where.
#[derive(Debug, Clone, Args)]
struct TrustArgs {
    /// Whose evidence.
    #[arg(long)]
    controller: String,
    /// The file that is written; an existing one gets the key added, and keeps what it has seen.
    #[arg(long)]
    out: PathBuf,
    /// Take the key from this file (SubjectPublicKeyInfo in DER) instead of asking a local stack's KMS.
    #[arg(long)]
    public_key: Option<PathBuf>,
    /// Where the stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json")]
    stack_file: PathBuf,
}

/// Verifies, and notes the last checkpoint if that was wished.
///
/// # Errors
/// If a file can't be read or written; evidence that does not hold is a [`Verdict`].
pub fn run_verify(args: &VerifyArgs) -> Played<Verdict> {
    let trust = args.trust.as_ref().map(|path| {
        let bytes = fs::read(path).map_err(Trouble::because(path.display()))?;
        Trust::parse(&bytes).map_err(Trouble::because(path.display()))
    });
    let trust = trust.transpose()?;
    if let Some(path) = &args.certificate {
        let bytes = fs::read(path).map_err(Trouble::because(path.display()))?;
        let verdict = if is_of_notice(&bytes) {
            verify_notice(&bytes, trust.as_ref()).map(|notice| Verdict::Told(Box::new(notice)))
        } else {
            verify_certificate(&bytes, trust.as_ref()).map(|certified| Verdict::Certified(Box::new(certified)))
        };
        return Ok(match verdict {
            Ok(verdict) => verdict,
            Err(fault) => Verdict::Broken(Fault { file: format!("{}{}", path.display(), fault.file), ..fault }),
        });
    }
    let folder = args.folder.as_deref().ok_or_else(|| Trouble::new("name a folder or a certificate"))?;
    let summary = match verify(&Folder::open(folder)?, trust.as_ref()) {
        Ok(summary) => summary,
        Err(Broken::Fault(fault)) => return Ok(Verdict::Broken(fault)),
        Err(Broken::Unreadable(trouble)) => return Err(trouble),
    };
    if let (true, Some(path), Some(trust)) = (args.update, &args.trust, trust) {
        // What was seen is seen: a folder without checkpoints passes only where none was seen before.
        let seen = Trust { checkpoint: summary.seen(), ..trust };
        fetch::write_trust(path, &seen)?;
    }
    Ok(Verdict::Sound(Box::new(summary)))
}

/// Does what was asked, and says what came of it.
///
/// # Errors
/// If the stack does not answer, or a file can't be written.
pub fn run(args: &EvidenceArgs) -> Played<String> {
    match &args.command {
        EvidenceCommand::Fetch(args) => {
            let stack = Stack::read(&args.stack_file)?;
            let copied = fetch(&cloud(stack.clone()), stack.output("EvidenceBucket")?, &args.controller, &args.out)?;
            Ok(format!("{copied} new files in {}", args.out.display()))
        }
        EvidenceCommand::Seal(args) => {
            let world = World::new(Stack::read(&args.stack_file)?);
            let said = world.seal(args.at.unwrap_or(world.start))?;
            serde_json::to_string_pretty(&said).map_err(Trouble::because("write what was said"))
        }
        EvidenceCommand::Sample(args) => {
            let world = World::new(Stack::read(&args.stack_file)?);
            sample::make(&world, &args.out)?;
            Ok(format!("a sample of evidence in {}", args.out.display()))
        }
        EvidenceCommand::Trust(args) => {
            let public = match &args.public_key {
                Some(path) => fs::read(path).map_err(Trouble::because(path.display()))?,
                None => {
                    let stack = Stack::read(&args.stack_file)?;
                    cloud(stack.clone()).public_key(stack.output("EvidenceKeyId")?)?
                }
            };
            let fingerprint = trust_file(&args.controller, &public, &args.out)?;
            Ok(format!("{} trusts key {fingerprint}", args.out.display()))
        }
    }
}

fn cloud(stack: Stack) -> Cloud {
    World::new(stack).cloud
}
