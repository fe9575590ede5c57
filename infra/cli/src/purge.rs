//! `habeas purge`: where a controller's purge stands, and a word to it, over the staff's own routes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use wire::purge::PurgeAnswer;

use crate::{office::Office, trouble::Played};

/// The scope that these routes ask for.
const SCOPE: &str = "purge:write";

/// Which purge, and what about it.
#[derive(Debug, Clone, Args)]
pub struct PurgeArgs {
    #[command(subcommand)]
    what: What,
}

/// Whose purge, and where.
#[derive(Debug, Clone, Args)]
struct Whose {
    /// Whose purge.
    #[arg(long)]
    controller: String,
    /// Where the API of a deployed stack is; the variable HABEAS_TOKEN holds a staff token for it then.
    #[arg(long)]
    api: Option<String>,
    /// Where a local stack is; `cargo xtask up` writes this file.
    #[arg(long, default_value = ".habeas/stack.json", conflicts_with = "api")]
    stack_file: PathBuf,
    /// Who says it, on a local stack; in an account the token says so.
    #[arg(long, default_value = "operator", conflicts_with = "api")]
    name: String,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Say where it stands, and who did what to it.
    Status {
        #[command(flatten)]
        whose: Whose,
    },
    /// Count what is due now, with a sample, and change nothing.
    DryRun {
        #[command(flatten)]
        whose: Whose,
    },
    /// Delete nothing more until somebody resumes it.
    Pause {
        #[command(flatten)]
        whose: Whose,
        /// Why: it stays in the trail.
        #[arg(long)]
        reason: String,
    },
    /// Go on after a pause.
    Resume {
        #[command(flatten)]
        whose: Whose,
        /// Why: it stays in the trail.
        #[arg(long)]
        reason: String,
    },
    /// Go on after it stopped itself, with so many deletions beyond the limits.
    Allow {
        #[command(flatten)]
        whose: Whose,
        /// How many more.
        #[arg(long)]
        records: u64,
        /// Why: it stays in the trail.
        #[arg(long)]
        reason: String,
    },
}

/// Says it, and prints what came of it.
///
/// # Errors
/// If the API cannot be reached or refuses.
pub fn run(args: &PurgeArgs) -> Played<String> {
    let (whose, said, query) = match &args.what {
        What::Status { whose } => (whose, None, ""),
        What::DryRun { whose } => (whose, None, "?due=true"),
        What::Pause { whose, reason } => (whose, Some(json!({ "action": "pause", "reason": reason })), ""),
        What::Resume { whose, reason } => (whose, Some(json!({ "action": "resume", "reason": reason })), ""),
        What::Allow { whose, records, reason } => {
            (whose, Some(json!({ "action": "allow", "records": records, "reason": reason })), "")
        }
    };
    let office = Office::reach(&whose.controller, whose.api.as_deref(), &whose.stack_file, &whose.name)?;
    let method = if said.is_some() { "POST" } else { "GET" };
    let answer = office.send(SCOPE, method, &format!("/purge{query}"), said.as_ref(), None)?.expect(&[200])?;
    if whose.json {
        return Ok(format!("{}\n", answer.text()));
    }
    Ok(told(&answer.json()?))
}

/// Where a purge stands, for a person to read.
fn told(answer: &PurgeAnswer) -> String {
    let since = answer.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
    let mut lines = vec![format!("{} is {}{since}", answer.controller, answer.state)];
    if let Some(cause) = &answer.stopped_by {
        let of = cause.system.as_ref().map(|system| format!(" of what {system} keeps")).unwrap_or_default();
        lines.push(format!("  stopped by the {}{of}: {} in a day, {} may be", cause.rule, cause.wanted, cause.limit));
    }
    let today: Vec<String> = answer.today.iter().map(|(system, records)| format!("{records} in {system}")).collect();
    if let Some(day) = &answer.day {
        lines.push(format!("  deleted on {day}: {}", today.join(", ")));
    }
    lines.push(format!("  at most on a usual day {}, so {} in a day may be", answer.usual, answer.limit));
    if let Some(allowed) = &answer.allowed {
        lines.push(format!("  {} more are allowed until {}", allowed.records, allowed.until));
    }
    if let Some(due) = &answer.due {
        let more = if due.is_complete { "" } else { " at least: there was no time to count all" };
        lines.push(format!("due now: {}{more}", due.records));
        for group in &due.groups {
            let (records, category) = (group.records, &group.category);
            lines.push(format!("  {records:>9}  {category} in {} by {}", group.system, group.clause));
        }
        for (controller, cause) in &due.stops {
            lines.push(format!("  {controller} would be stopped by the {}: {} may be", cause.rule, cause.limit));
        }
        for one in &due.sample {
            lines.push(format!("  such as {} of {}", one.record, one.subject));
        }
    }
    for act in &answer.trail {
        let records = act.records.map(|records| format!(" {records}")).unwrap_or_default();
        let line = format!("{} {}: {}{records}. {}", act.at, act.by, act.action, act.reason);
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_stopped_purge_says_why_what_is_due_and_who_did_what() {
        let cause: Value = json!({ "rule": "share", "system": "habeas", "wanted": 5001, "limit": 5000 });
        let answer = json!({
            "v": 1, "controller": "scantrust", "state": "stopped", "since": "2026-03-01T12:00:00Z", "stopped_by": cause,
            "day": "2026-03-01", "today": { "habeas": 640 }, "usual": 700, "limit": 7000,
            "allowed": { "records": 9, "until": "2026-03-08" },
            "due": {
                "records": 25, "unreadable": 0, "is_complete": false,
                "groups": [{ "controller": "scantrust", "category": "logs", "clause": "scantrust.1", "system": "habeas", "records": 25 }],
                "sample": [{ "controller": "scantrust", "subject": "1.S", "record": "R" }], "stops": { "scantrust": cause },
            },
            "trail": [{ "at": "2026-03-01T12:00:00Z", "by": "officer-1", "action": "allow", "records": 9, "reason": "as announced" }],
        });
        let told = told(&serde_json::from_value(answer).unwrap());
        let expected = "scantrust is stopped since 2026-03-01T12:00:00Z\n  \
                        stopped by the share of what habeas keeps: 5001 in a day, 5000 may be\n  \
                        deleted on 2026-03-01: 640 in habeas\n  \
                        at most on a usual day 700, so 7000 in a day may be\n  \
                        9 more are allowed until 2026-03-08\n\
                        due now: 25 at least: there was no time to count all\n         \
                        25  logs in habeas by scantrust.1\n  \
                        scantrust would be stopped by the share: 5000 may be\n  \
                        such as R of 1.S\n\
                        2026-03-01T12:00:00Z officer-1: allow 9. as announced\n";
        assert_eq!(told, expected);
    }
}
