//! What each event takes, as `cargo bench -p flow-tests --bench event_costs` counted it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::trouble::{Played, Trouble};

/// The counts that this tool was built with.
pub const COUNTED: &str = include_str!("counts.json");

/// Version of the form.
pub const VERSION: u8 = 1;

/// What each event takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// [`VERSION`].
    pub v: u8,
    /// What there is whether anything happens or not.
    pub standing: Standing,
    /// By the event's name.
    pub events: BTreeMap<String, EventCounts>,
}

/// What the template deploys and AWS bills by the month, or needs to bill the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Keys in KMS.
    pub kms_keys: u64,
    /// Alarms, each on one metric.
    pub alarms: u64,
    /// Queues that Lambda polls for a function.
    pub polled_queues: u64,
    /// Metrics of our own that the schedules' ticks write, whatever they find.
    pub metrics: u64,
    /// Memory of each function in MB.
    pub memory_mb: BTreeMap<String, u64>,
}

/// What one kind of event takes, with all that follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventCounts {
    /// What was counted, in words.
    pub what: String,
    /// Few at once: what follows from one shares its batches with no other.
    pub alone: Counted,
    /// Many at once: batches are full. The same as `alone` where only one size was counted.
    pub together: Counted,
}

/// What so many events took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// How many events.
    pub of: u64,
    /// Requests to the HTTP API.
    pub http: u64,
    /// Ticks of schedules.
    pub schedules: u64,
    /// Bytes of log lines; a metric is a line.
    pub log_bytes: u64,
    /// Bytes by which the tables grew, as DynamoDB counts items; less than none if they shrank.
    pub table_bytes: i64,
    /// Bytes of the objects that were put.
    pub object_bytes: u64,
    /// By who did it: a function, `service` for what AWS does itself between them (the pollers of queues, the mail
    /// service's topic), or `system` for a controller's own.
    pub by: BTreeMap<String, Work>,
}

/// What one function did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// How often it was invoked.
    pub invocations: u64,
    /// Calls to AWS by service and operation: `dynamodb:PutItem`.
    pub calls: BTreeMap<String, u64>,
    /// Write units of DynamoDB.
    pub write_units: f64,
    /// Read units of DynamoDB.
    pub read_units: f64,
}

impl Counts {
    /// Reads counts.
    ///
    /// # Errors
    /// If they are of no known form.
    pub fn read(text: &str) -> Played<Self> {
        let counts: Self = serde_json::from_str(text).map_err(Trouble::because("read the counts"))?;
        if counts.v != VERSION {
            return Err(Trouble::new(format!("counts of version {} are not known", counts.v)));
        }
        Ok(counts)
    }
}

impl Counted {
    /// Everything that is compared when counts are checked, by name. Bytes are not: they are of made-up people.
    pub fn compared(&self) -> BTreeMap<String, f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let number = |count: u64| count as f64;
        let mut all =
            BTreeMap::from([("http".to_owned(), number(self.http)), ("schedules".to_owned(), number(self.schedules))]);
        for (who, work) in &self.by {
            all.insert(format!("{who} invocations"), number(work.invocations));
            all.insert(format!("{who} write units"), work.write_units);
            all.insert(format!("{who} read units"), work.read_units);
            all.extend(work.calls.iter().map(|(call, count)| (format!("{who} {call}"), number(*count))));
        }
        all
    }

    /// The sum of something over everybody who did something.
    pub fn sum(&self, of: impl Fn(&Work) -> f64) -> f64 {
        self.by.values().map(of).sum()
    }
}

impl Work {
    /// How many calls it made whose name begins so.
    pub fn calls_of(&self, begins: &str) -> u64 {
        self.calls.iter().filter(|(call, _)| call.starts_with(begins)).map(|(_, count)| count).sum()
    }
}
