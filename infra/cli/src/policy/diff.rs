//! `habeas policy diff`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use ::policy::{
    CheckedFile, check_file,
    diff::{Change, Consequence, diff},
    load,
};
use clap::Args;
use domain::policy::Policy;
use habeas_cli::{
    client::Client,
    clock,
    cloud::{Cloud, RecordCount},
    stack::Stack,
    trouble::Trouble,
};
use serde_json::{Value, json};

use super::{Failure, Outcome, check::refuse, code, folder::today, print, print_json};

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The policy as it was: a *.toml file, or a compiled *.json.
    old: PathBuf,
    /// The policy as it shall be.
    new: PathBuf,
    /// A local stack whose stored records are counted; `cargo xtask up` writes .habeas/stack.json.
    #[arg(long)]
    stack_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Stored records by category and purpose.
type Counts = BTreeMap<(String, String), RecordCount>;

pub(super) fn run(args: &DiffArgs) -> Outcome {
    let (old, new) = match (read(&args.old)?, read(&args.new)?) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let refused: Vec<_> = [old.err(), new.err()].into_iter().flatten().map(|file| *file).collect();
            return refuse(&refused, args.json);
        }
    };
    if old.controller != new.controller {
        return Err(Failure::new(format!(
            "these are policies of two controllers, {} and {}: compare two of one",
            old.controller, new.controller
        )));
    }
    let counts = args.stack_file.as_deref().map(|file| count(file, &new)).transpose()?;
    let changes = diff(&old, &new);
    if args.json {
        print_json(&as_json(&old, &new, &changes, counts.as_ref()))?;
    } else {
        print(&told(&new, &changes, counts.as_ref()));
    }
    Ok(code(true))
}

/// Reads a policy, or what is wrong with it.
fn read(path: &Path) -> Result<Result<Policy, Box<CheckedFile>>, Failure> {
    if path.extension().is_some_and(|extension| extension == "json") {
        let bytes = std::fs::read(path).map_err(Failure::at(path))?;
        let policy = load(&bytes).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Failure::new(format!("{}: {error}{cause}", path.display()))
        })?;
        return Ok(Ok(policy));
    }
    let mut file = check_file(path, Some(today()))?;
    Ok(file.policy.take().ok_or_else(|| Box::new(file)))
}

fn count(stack_file: &Path, policy: &Policy) -> Result<Counts, Trouble> {
    let cloud = Cloud::new(Client::new(), Stack::read(stack_file)?);
    cloud.record_counts(policy.controller.as_str(), clock::now())
}

/// How many stored records a change touches.
fn touched(change: &Change, counts: &Counts) -> Option<RecordCount> {
    let records = change.records.as_ref()?;
    let covered = counts.iter().filter(|((category, purpose), _)| records.covers(category, purpose));
    Some(covered.map(|(_, count)| *count).sum())
}

/// How many stored records all changes touch, each counted once.
fn touched_by_all(changes: &[Change], counts: &Counts) -> RecordCount {
    let covered = |key: &(String, String)| {
        changes.iter().filter_map(|change| change.records.as_ref()).any(|records| records.covers(&key.0, &key.1))
    };
    counts.iter().filter(|(key, _)| covered(key)).map(|(_, count)| *count).sum()
}

fn with(changes: &[Change], consequence: Consequence) -> usize {
    changes.iter().filter(|change| change.consequences.contains(&consequence)).count()
}

fn as_json(old: &Policy, new: &Policy, changes: &[Change], counts: Option<&Counts>) -> Value {
    let number = |count: RecordCount| json!({ "alive": count.alive, "expired": count.expired });
    let listed: Vec<Value> = changes
        .iter()
        .map(|change| {
            let mut value = json!(change);
            if change.records.is_some() {
                value["stored_records"] = counts.and_then(|counts| touched(change, counts)).map_or(Value::Null, number);
            }
            value
        })
        .collect();
    json!({
        "controller": new.controller.as_str(), "old": old.hash.as_str(), "new": new.hash.as_str(),
        "changes": listed,
        "totals": {
            "changes": changes.len(),
            "tell_people": with(changes, Consequence::TellPeople),
            "ask_consent": with(changes, Consequence::AskConsent),
            "ask_consent_again": with(changes, Consequence::AskConsentAgain),
            "stored_records": counts.map(|counts| number(touched_by_all(changes, counts))),
        },
    })
}

fn told(new: &Policy, changes: &[Change], counts: Option<&Counts>) -> String {
    if changes.is_empty() {
        return format!("{}: nothing changes\n", new.controller);
    }
    let mut out = String::new();
    for change in changes {
        let aspect = change.aspect.map(|aspect| format!(", {aspect}")).unwrap_or_default();
        let clause = change.clause.as_ref().map(|clause| format!(" ({clause})")).unwrap_or_default();
        let (part, kind) = (change.part.as_str(), change.kind.as_str());
        let what = if part == change.what { part.to_owned() } else { format!("{part} {}", change.what) };
        let _ = writeln!(out, "{what}{aspect}: {kind}{clause}");
        for (word, side) in [("was", &change.before), ("now", &change.after)] {
            if let Some(side) = side {
                let _ = writeln!(out, "    {word}: {side}");
            }
        }
        for consequence in &change.consequences {
            let _ = writeln!(out, "    => {}", consequence.text());
        }
        if change.records.is_some() {
            let count = counts.and_then(|counts| touched(change, counts));
            let _ = writeln!(out, "    => stored records touched: {}", records(count));
        }
        out.push('\n');
    }
    let parts: BTreeSet<_> = changes.iter().map(|change| (change.part, &change.what)).collect();
    let _ = writeln!(
        out,
        "{}: {} changes to {} promises; people must be told of {}, consent must be asked for {} and again for {}",
        new.controller,
        changes.len(),
        parts.len(),
        with(changes, Consequence::TellPeople),
        with(changes, Consequence::AskConsent),
        with(changes, Consequence::AskConsentAgain),
    );
    let all = counts.map(|counts| touched_by_all(changes, counts));
    let hint = if counts.is_none() { " (--stack-file counts them)" } else { "" };
    let _ = writeln!(out, "stored records touched in all: {}{hint}", records(all));
    out
}

fn records(count: Option<RecordCount>) -> String {
    match count {
        None => "unknown".to_owned(),
        Some(RecordCount { alive, expired: 0 }) => alive.to_string(),
        Some(RecordCount { alive, expired }) => format!("{alive}, and {expired} that have expired and stay so"),
    }
}

#[cfg(test)]
mod tests {
    use ::policy::diff::{ChangeKind, Part, Touched};
    use domain::ids::{Category, Purpose};

    use super::*;

    fn change(category: Option<&str>, purpose: Option<&str>) -> Change {
        Change {
            part: Part::Retention,
            what: "x".to_owned(),
            aspect: None,
            kind: ChangeKind::Longer,
            before: None,
            after: None,
            clause: None,
            consequences: BTreeSet::from([Consequence::StoredEndLater]),
            records: Some(Touched {
                category: category.map(|name| Category::parse(name).unwrap()),
                purpose: purpose.map(|name| Purpose::parse(name).unwrap()),
            }),
        }
    }

    #[test]
    fn each_stored_record_is_counted_once() {
        let key = |category: &str, purpose: &str| (category.to_owned(), purpose.to_owned());
        let counts = Counts::from([
            (key("log", "security"), RecordCount { alive: 5, expired: 1 }),
            (key("log", "support"), RecordCount { alive: 2, expired: 0 }),
            (key("mail", "support"), RecordCount { alive: 1, expired: 0 }),
        ]);
        let changes = [change(Some("log"), Some("security")), change(Some("log"), None)];
        let each: Vec<_> = changes.iter().map(|change| touched(change, &counts)).collect();
        assert_eq!(each[0], Some(RecordCount { alive: 5, expired: 1 }));
        assert_eq!(each[1], Some(RecordCount { alive: 7, expired: 1 }));
        assert_eq!(touched_by_all(&changes, &counts), RecordCount { alive: 7, expired: 1 });
        assert_eq!(touched_by_all(&[change(None, None)], &counts), RecordCount { alive: 8, expired: 1 });
        let untouched = Change { records: None, ..change(None, None) };
        assert_eq!(touched(&untouched, &counts), None);
    }

    #[test]
    fn a_count_says_what_has_expired_and_what_is_unknown() {
        assert_eq!(records(None), "unknown");
        assert_eq!(records(Some(RecordCount { alive: 3, expired: 0 })), "3");
        let both = records(Some(RecordCount { alive: 3, expired: 2 }));
        assert_eq!(both, "3, and 2 that have expired and stay so");
    }
}
