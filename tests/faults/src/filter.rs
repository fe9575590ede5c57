//! What the template says of deliveries: what of the stream reaches which reader, and when a queue gives up.

use std::{collections::BTreeMap, sync::OnceLock};

use serde_json::Value;

const TEMPLATE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"));

/// The patterns of each function's stream, in the template's order.
fn patterns() -> &'static BTreeMap<String, Vec<Value>> {
    static PATTERNS: OnceLock<BTreeMap<String, Vec<Value>>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let (mut function, mut patterns) = (String::new(), BTreeMap::<String, Vec<Value>>::new());
        for line in TEMPLATE.lines() {
            // A function's package tells whose section it is.
            if let Some(package) = line.trim().strip_prefix("CodeUri:") {
                function = package.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            }
            let pattern = line.trim().strip_prefix("- Pattern: '").and_then(|pattern| pattern.strip_suffix('\''));
            if let Some(pattern) = pattern.and_then(|pattern| serde_json::from_str(pattern).ok()) {
                patterns.entry(function.clone()).or_default().push(pattern);
            }
        }
        patterns
    })
}

fn matches(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Object(members) => members.iter().all(|(name, pattern)| matches(pattern, &value[name])),
        Value::Array(any) => any.contains(value),
        _ => false,
    }
}

/// Whether a record of the stream reaches this function.
pub fn reaches(function: &str, record: &Value) -> bool {
    let patterns = patterns().get(function).unwrap_or_else(|| panic!("no filter of {function} in the template"));
    patterns.iter().any(|pattern| matches(pattern, record))
}

/// How often a queue delivers a message before it goes to the dead-letter queue.
pub fn receives_max(queue: &str) -> u32 {
    let resource = match queue {
        "records" => "RecordsQueue",
        "purge" => "PurgeQueue",
        "fulfil" => "FulfilQueue",
        "breach" => "BreachQueue",
        "notice" => "NoticeQueue",
        "mail-events" => "MailQueue",
        "tasks" => "TaskQueue",
        "outcomes" => "OutcomeQueue",
        unknown => panic!("{unknown} is no queue of the template"),
    };
    let begin = format!("\n  {resource}:\n");
    let count = TEMPLATE.split_once(&begin).and_then(|(_, rest)| rest.split_once("maxReceiveCount: "));
    let count = count.and_then(|(_, rest)| rest.split_once('}')?.0.parse().ok());
    count.unwrap_or_else(|| panic!("{resource} of the template never gives up"))
}
