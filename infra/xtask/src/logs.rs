//! The functions' logs, as the emulator keeps them in CloudWatch Logs.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deploy::signed_for;
use crate::emulator::Instance;
use crate::failure::{Context, Failure, Outcome};
use crate::http;

const LINES_MAX: usize = 200;
const GROUP_PREFIX: &str = "/aws/lambda/";

/// One line that a function wrote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    at_ms: i64,
    id: String,
    function: String,
    text: String,
}

/// Prints the last lines of all functions, or of those whose name holds `function`; goes on if told to follow.
pub(crate) fn print(instance: &Instance, function: Option<&str>, follow: bool) -> Outcome<()> {
    if !instance.is_up() {
        return Err(Failure::new("the local system is not running: start it with `cargo xtask up`"));
    }
    let mut seen = BTreeSet::new();
    let mut first = true;
    loop {
        let groups = groups(instance, function)?;
        let mut lines = Vec::new();
        for group in &groups {
            lines.extend(lines_of(instance, group)?);
        }
        lines.sort();
        if first && lines.is_empty() {
            match function {
                Some(name) => say!("no function whose name holds \"{name}\" has logged yet"),
                None => say!("no function has logged yet"),
            }
        }
        let skipped = if first { lines.len().saturating_sub(LINES_MAX) } else { 0 };
        for (position, line) in lines.into_iter().enumerate() {
            let new = seen.insert((line.function.clone(), line.at_ms, line.id.clone()));
            if new && position >= skipped {
                let (at, text) = (clock(line.at_ms), line.text.trim_end());
                if writeln!(std::io::stdout(), "{at} {:<18} {text}", line.function).is_err() {
                    return Ok(()); // The reader has seen enough.
                }
            }
        }
        if !follow {
            return Ok(());
        }
        first = false;
        std::thread::sleep(Duration::from_millis(700));
    }
}

fn ask(instance: &Instance, action: &str, question: &Value) -> Outcome<Value> {
    let target = format!("Logs_20140328.{action}");
    let authorization = signed_for("logs");
    let headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("X-Amz-Target", target.as_str()),
        ("Authorization", authorization.as_str()),
    ];
    let patience = Duration::from_secs(10);
    let answer = http::send(instance.ports.endpoint, "POST", "/", &headers, &question.to_string(), patience)?;
    if answer.status != 200 {
        return Err(Failure::new(format!("the emulator answered {} to {action}: {}", answer.status, answer.body)));
    }
    serde_json::from_str(&answer.body).cannot(format_args!("read the emulator's answer to {action}"))
}

/// Asks page by page.
fn ask_all(instance: &Instance, action: &str, mut question: Value, list: &str) -> Outcome<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        let page = ask(instance, action, &question)?;
        all.extend(page[list].as_array().cloned().unwrap_or_default());
        match page["nextToken"].as_str() {
            Some(token) if question["nextToken"].as_str() != Some(token) => question["nextToken"] = json!(token),
            _ => return Ok(all),
        }
    }
}

fn groups(instance: &Instance, function: Option<&str>) -> Outcome<Vec<String>> {
    let found = ask_all(instance, "DescribeLogGroups", json!({"logGroupNamePrefix": GROUP_PREFIX}), "logGroups")?;
    let names = found.iter().filter_map(|group| group["logGroupName"].as_str().map(str::to_owned));
    Ok(names.filter(|name| function.is_none_or(|wanted| matches(name, wanted))).collect())
}

/// "purge", "Purge" and "habeas-purge" all name `/aws/lambda/habeas-purge`; so does "stream-relay" `…-StreamRelayFunction-…`.
fn matches(group: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    plain(group.strip_prefix(GROUP_PREFIX).unwrap_or(group)).contains(&plain(wanted))
}

fn lines_of(instance: &Instance, group: &str) -> Outcome<Vec<Line>> {
    let events = ask_all(instance, "FilterLogEvents", json!({"logGroupName": group}), "events")?;
    let function = group.strip_prefix(GROUP_PREFIX).unwrap_or(group);
    let function = function.strip_prefix("habeas-").unwrap_or(function);
    Ok(events
        .iter()
        .enumerate()
        .filter_map(|(position, event)| {
            Some(Line {
                at_ms: event["timestamp"].as_i64()?,
                id: event["eventId"].as_str().map_or_else(|| format!("{position:09}"), str::to_owned),
                function: function.to_owned(),
                text: event["message"].as_str()?.to_owned(),
            })
        })
        .collect())
}

/// The time of day in UTC.
fn clock(at_ms: i64) -> String {
    let of_day = at_ms.rem_euclid(86_400_000);
    let (seconds, ms) = (of_day / 1000, of_day % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_any_spelling() {
        assert!(matches("/aws/lambda/habeas-stream-relay", "stream-relay"));
        assert!(matches("/aws/lambda/habeas-StreamRelayFunction-1A", "stream-relay"));
        assert!(!matches("/aws/lambda/habeas-purge", "relay"));
        assert!(!matches("/aws/lambda/habeas-purge", "lambda"));
    }

    #[test]
    fn times_are_of_the_day_in_utc() {
        assert_eq!(clock(1_700_000_000_123), "22:13:20.123");
    }
}
