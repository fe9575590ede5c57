//! `habeas replan`: what a policy that is not in force yet would do to what is stored. It writes nothing.

use std::{fmt, path::PathBuf};

use app::replan::{self, Preview};
use aws::Cloud;
use clap::Args;
use policy::check_file;
use serde::Serialize;

use crate::{
    clock, direct,
    table::aligned,
    trouble::{Played, Trouble},
};

/// Which policy, and where the records are.
#[derive(Debug, Clone, Args)]
pub struct ReplanArgs {
    /// The policy file that is to come: infra/policies/scantrust.toml.
    pub file: PathBuf,
    /// Only look. What is stored is planned anew by the deployed functions once the policy is in force.
    #[arg(long, required = true)]
    pub dry_run: bool,
    /// A local stack; `cargo xtask up` writes this file. Without it the names come from the environment, as the
    /// functions' do: TABLE, KEY_TABLE, KEY_ID.
    #[arg(long)]
    pub stack_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What the policy would do.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    controller: String,
    policy: String,
    unreadable: u64,
    kinds: Vec<Kind>,
}

#[derive(Debug, Clone, Serialize)]
struct Kind {
    category: String,
    purpose: String,
    earlier: u64,
    later: u64,
    stay: u64,
    due_at_once: u64,
    held: u64,
    expired: u64,
    without_rule: u64,
}

/// Looks at every record of the controller; answers what would become of them, and whether as JSON.
///
/// # Errors
/// If the policy is refused, something is missing, or AWS does not answer.
pub fn run(args: &ReplanArgs) -> Played<(Report, bool)> {
    let shown = args.file.display();
    let file = check_file(&args.file, None).map_err(Trouble::because(&shown))?;
    let policy = file.policy.ok_or_else(|| Trouble::new(format!("{shown} is refused: see `habeas policy check`")))?;
    let cloud = Cloud::new(direct::settings(args.stack_file.as_deref())?);
    let previewed = direct::block_on(replan::preview(&policy, &cloud, clock::now()))?;
    let previewed = previewed.map_err(Trouble::because("look at the records"))?;
    let kind = |((category, purpose), counts): (_, Preview)| -> Kind {
        let (category, purpose): (domain::ids::Category, domain::ids::Purpose) = (category, purpose);
        let Preview { earlier, later, stay, due_at_once, held, expired, without_rule } = counts;
        let (category, purpose) = (category.to_string(), purpose.to_string());
        Kind { category, purpose, earlier, later, stay, due_at_once, held, expired, without_rule }
    };
    let report = Report {
        controller: policy.controller.to_string(),
        policy: policy.hash.as_str().to_owned(),
        unreadable: previewed.unreadable,
        kinds: previewed.kinds.into_iter().map(kind).collect(),
    };
    Ok((report, args.json))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head =
            ["CATEGORY", "PURPOSE", "EARLIER", "DUE AT ONCE", "OF THEM HELD", "LATER", "STAY", "EXPIRED", "NO RULE"];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.kinds.iter().map(|kind| {
            let counts =
                [kind.earlier, kind.due_at_once, kind.held, kind.later, kind.stay, kind.expired, kind.without_rule];
            let [earlier, due, held, later, stay, expired, without] = counts.map(|count| count.to_string());
            [kind.category.clone(), kind.purpose.clone(), earlier, due, held, later, stay, expired, without]
        }));
        writeln!(f, "{} under policy {}: nothing was written\n", self.controller, self.policy)?;
        f.write_str(&aligned(&rows))?;
        if self.unreadable > 0 {
            writeln!(f, "\n{} records cannot be read", self.unreadable)?;
        }
        f.write_str("\nWhat has expired is revived by no policy; what has no rule keeps the clock that it has.\n")
    }
}
