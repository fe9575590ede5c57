//! Who is measured, with which event, and what a right answer to it is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::failure::{Context, Failure, Outcome};

/// Each function with its case of `events/`: an event in order, as far as there is one without anything stored.
pub const FUNCTIONS: [(&str, &str); 15] = [
    ("breach-notify", "declared"),
    ("clock-watch", "schedule-past"),
    ("consent-capture", "given"),
    ("disclosure-log", "use-allowed"),
    // A request must be stored before it can be fulfilled: this one is put aside.
    ("dsar-fulfil", "queue-unknown-request"),
    ("dsar-intake", "access"),
    ("dsar-office", "list-open"),
    ("evidence-seal", "every-kind"),
    ("mail-events", "deliveries"),
    ("notice-change", "published"),
    ("purge", "schedule-from-event-bridge"),
    ("retention-track", "registered"),
    ("security-attest", "state"),
    ("stream-relay", RELAYED[0]),
    ("system-tasks", "systems"),
];

/// What the relay gets is a batch of these, in turn: one that nobody needs to know of and one that somebody does.
const RELAYED: [&str; 2] = ["given", "withdrawn"];

/// Records in the relay's batch.
pub const RELAYED_RECORDS: usize = 100;

/// The name of the yardstick.
pub const HELLO: &str = "hello";

/// One program that speaks the Runtime API, and what it is handed.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its name in every table.
    pub name: String,
    /// The case of `events/` that it is handed.
    pub case: String,
    /// The program.
    pub command: PathBuf,
    /// The function of `template.yaml` whose environment it gets; the yardstick needs none.
    pub function: Option<String>,
    /// What it is handed, each time.
    pub event: Vec<u8>,
    /// Records in the event, each of which is work of its own.
    pub records: usize,
    expect: Value,
}

struct Case {
    payload: Value,
    expect: Value,
}

impl Case {
    fn read(checkout: &Path, function: &str, name: &str) -> Outcome<Self> {
        let path = checkout.join("events").join(function).join(name).with_extension("json");
        let text = fs::read_to_string(&path).cannot(format_args!("read {}", path.display()))?;
        let mut case: Value =
            serde_json::from_str(&text.replace("{run}", "bench")).cannot(format_args!("read {}", path.display()))?;
        Ok(Self { payload: case["payload"].take(), expect: case["expect"].take() })
    }
}

impl Subject {
    /// One of our functions, as it lies in the folder of finished functions.
    ///
    /// # Errors
    /// If its event cannot be read.
    pub fn function(checkout: &Path, dist: &Path, name: &str, case: &str) -> Outcome<Self> {
        let Case { mut payload, expect } = Case::read(checkout, name, case)?;
        let (mut records, mut shown) = (1, case.to_owned());
        if name == "stream-relay" {
            let others: Vec<Value> = RELAYED
                .iter()
                .map(|case| Ok(Case::read(checkout, name, case)?.payload["Records"][0].take()))
                .collect::<Outcome<_>>()?;
            payload = batch(&others, RELAYED_RECORDS);
            (records, shown) = (RELAYED_RECORDS, RELAYED.join(" and "));
        }
        Ok(Self {
            name: name.to_owned(),
            case: shown,
            command: dist.join(name).join("bootstrap"),
            function: Some(name.to_owned()),
            event: payload.to_string().into_bytes(),
            records,
            expect,
        })
    }

    /// The yardstick, with the consent's event.
    ///
    /// # Errors
    /// If the event cannot be read.
    pub fn hello(checkout: &Path, binary: &Path) -> Outcome<Self> {
        let case = Case::read(checkout, "consent-capture", "given")?;
        Ok(Self {
            name: HELLO.to_owned(),
            case: "given".to_owned(),
            command: binary.to_owned(),
            function: None,
            event: case.payload.to_string().into_bytes(),
            records: 1,
            expect: json!({ "status": 200 }),
        })
    }

    /// Any other program that does what consent-capture does: each folder of `tests/bench/peers` with a `bootstrap`.
    ///
    /// # Errors
    /// If the event cannot be read.
    pub fn peers(checkout: &Path) -> Outcome<Vec<Self>> {
        let folders = fs::read_dir(checkout.join("tests/bench/peers")).into_iter().flatten().flatten();
        let mut peers = folders
            .map(|folder| folder.path())
            .filter(|folder| folder.join("bootstrap").is_file())
            .map(|folder| {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let command = folder.join("bootstrap");
                Ok(Self { name, command, ..Self::function(checkout, &folder, "consent-capture", "given")? })
            })
            .collect::<Outcome<Vec<_>>>()?;
        peers.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(peers)
    }

    /// Whether it is a program beside ours.
    pub fn is_peer(&self) -> bool {
        self.function.as_ref().is_some_and(|function| *function != self.name)
    }

    /// Holds an answer against what the case expects, so that no failure is taken for a quick success.
    ///
    /// # Errors
    /// With the answer, if it is another one.
    pub fn check(&self, answer: &[u8]) -> Outcome<()> {
        let said: Value = serde_json::from_slice(answer).cannot(format_args!("read what {} answered", self.name))?;
        let is_right = |(member, expected): (&String, &Value)| match member.as_str() {
            "status" => said["statusCode"] == *expected,
            "failures" => said["batchItemFailures"].as_array().is_some_and(|failures| {
                failures.iter().map(|failure| &failure["itemIdentifier"]).eq(expected.as_array().into_iter().flatten())
            }),
            "summary" => expected.as_object().into_iter().flatten().all(|(name, value)| said[name] == *value),
            _ => true,
        };
        if self.expect.as_object().is_some_and(|expect| !expect.is_empty() && expect.iter().all(is_right)) {
            return Ok(());
        }
        Err(Failure::new(format!("{} answered {said}, and not {}", self.name, self.expect)))
    }
}

/// A batch of the stream: these records in turn, each with an id, a number and an item of its own.
fn batch(records: &[Value], count: usize) -> Value {
    let records = records.iter().cycle().take(count).enumerate().map(|(number, record)| {
        let mut record = record.clone();
        record["eventID"] = json!(format!("{number:032x}"));
        let change = &mut record["dynamodb"];
        change["SequenceNumber"] = json!(format!("{}", 111_000_000_000_u64 + number as u64));
        let sk = json!(format!("CONSENT#{number:021}A"));
        change["Keys"]["sk"]["S"] = sk.clone();
        change["NewImage"]["sk"]["S"] = sk;
        record
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    fn subject(name: &str) -> Subject {
        let (_, case) = FUNCTIONS.iter().find(|(function, _)| *function == name).unwrap();
        Subject::function(checkout(), Path::new("dist"), name, case).unwrap()
    }

    #[test]
    fn every_function_has_an_event() {
        let mut folders: Vec<String> = fs::read_dir(checkout().join("functions"))
            .unwrap()
            .map(|folder| folder.unwrap().file_name().into_string().unwrap())
            .collect();
        folders.sort();
        assert_eq!(folders, FUNCTIONS.map(|(name, _)| name));
        for (name, _) in FUNCTIONS {
            assert!(!subject(name).event.is_empty());
        }
    }

    #[test]
    fn the_relay_gets_records_of_their_own_of_about_a_kilobyte() {
        let relay = subject("stream-relay");
        let batch: Value = serde_json::from_slice(&relay.event).unwrap();
        let records = batch["Records"].as_array().unwrap();
        assert_eq!(records.len(), RELAYED_RECORDS);
        let keys: std::collections::BTreeSet<&str> =
            records.iter().map(|record| record["dynamodb"]["NewImage"]["sk"]["S"].as_str().unwrap()).collect();
        assert_eq!(keys.len(), RELAYED_RECORDS);
        assert!((700..1_400).contains(&(relay.event.len() / RELAYED_RECORDS)), "{}", relay.event.len());
    }

    #[test]
    fn an_answer_that_is_not_the_cases_own_is_no_measurement() {
        let capture = subject("consent-capture");
        assert!(capture.check(br#"{"statusCode": 201}"#).is_ok());
        assert!(capture.check(br#"{"statusCode": 500}"#).is_err());
        let relay = subject("stream-relay");
        assert!(relay.check(br#"{"batchItemFailures": []}"#).is_ok());
        assert!(relay.check(br#"{"batchItemFailures": [{"itemIdentifier": "1"}]}"#).is_err());
        assert!(relay.check(b"{}").is_err());
        let purge = subject("purge");
        assert!(purge.check(br#"{"dry_run": false}"#).is_ok());
        assert!(purge.check(br#"{"dry_run": true}"#).is_err());
    }
}
