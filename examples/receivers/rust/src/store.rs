//! A toy store: records by identifier. A real system looks in its own database.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A task as Habeas sends it (docs/SYSTEMS.md).
#[derive(Deserialize)]
pub(crate) struct Task {
    /// Its name: the same one, the same task.
    pub(crate) task: String,
    /// What is asked for.
    #[serde(rename = "type")]
    pub(crate) request: String,
    /// Whom it is about.
    pub(crate) subject: Subject,
    /// What is to be left as it is.
    pub(crate) except: Vec<Except>,
    /// What to write instead.
    pub(crate) corrections: BTreeMap<String, String>,
    /// Where the outcome goes.
    pub(crate) callback: String,
}

/// Whom a task is about.
#[derive(Deserialize)]
pub(crate) struct Subject {
    /// `mail`, `phone`, `account`, …
    pub(crate) kind: String,
    /// The identifier.
    pub(crate) value: String,
}

/// What a task leaves out.
#[derive(Deserialize)]
pub(crate) struct Except {
    /// Which data.
    pub(crate) category: String,
    /// Why.
    pub(crate) ground: String,
}

/// Records by identifier: `mail:ada@example.com` to a list of objects, each with its `category`.
#[derive(Default, Deserialize)]
pub(crate) struct Store(BTreeMap<String, Vec<Map<String, Value>>>);

impl Store {
    /// Does what a task asks, and answers the members of the outcome.
    pub(crate) fn work(&mut self, task: &Task) -> Value {
        let who = format!("{}:{}", task.subject.kind, task.subject.value);
        let Some(records) = self.0.get_mut(&who).filter(|records| !records.is_empty()) else {
            return json!({ "outcome": "not-found" });
        };
        match task.request.as_str() {
            "access" | "portability" | "know-pieces" => json!({ "outcome": "data", "data": { "records": records } }),
            "know-categories" => {
                let categories: BTreeSet<_> =
                    records.iter().filter_map(|record| record.get("category")?.as_str()).collect();
                json!({ "outcome": "data", "data": { "categories": categories } })
            }
            "erasure" => {
                let excepted = |record: &Map<String, Value>| {
                    task.except.iter().find(|except| record.get("category") == Some(&json!(except.category)))
                };
                let before = records.len();
                let ground = records.iter().find_map(excepted).map(|except| except.ground.clone());
                records.retain(|record| excepted(record).is_some());
                match ground {
                    Some(ground) => json!({ "outcome": "kept", "records": records.len(), "ground": ground }),
                    None => json!({ "outcome": "done", "records": before }),
                }
            }
            "rectification" => {
                let mut corrected = 0;
                for record in records {
                    let fields = task.corrections.iter().filter(|(field, _)| record.contains_key(*field));
                    let fields: Vec<_> = fields.collect();
                    corrected += u32::from(!fields.is_empty());
                    record.extend(fields.into_iter().map(|(field, value)| (field.clone(), json!(value))));
                }
                json!({ "outcome": "done", "records": corrected })
            }
            // Said, and not guessed: Habeas asks again, and its office sees why.
            _ => json!({ "outcome": "failed", "reason": "unknown-type" }),
        }
    }
}
