//! What is to be swept, put into the local table through the real ports.

use std::collections::BTreeSet;

use app::records::RecordStore;
use aws::{Cloud, Settings};
use domain::{
    ids::{ControllerId, SubjectRef},
    record::Record,
};
use habeas_cli::world::World;
use jiff::{Timestamp, ToSpan};
use testkit::build::{content, id, record, subject};

/// Whom the records are about.
const PEOPLE: usize = 200;

/// Inserts under way at once: each is a call or two.
const INSERTS_AT_ONCE: usize = 16;

/// The settings of a purge on the stack.
pub(crate) fn settings(world: &World) -> Settings {
    let output = |name: &str| Some(world.stack.output(name).unwrap().to_owned());
    Settings {
        region: world.stack.region.clone(),
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        endpoint_url: Some(world.stack.endpoint.clone()),
        table: output("Table"),
        key_table: output("KeyTable"),
        key_id: output("ControllerKeyId"),
        evidence_bucket: output("EvidenceBucket"),
        work_bucket: output("WorkBucket"),
        records_bucket: output("RecordsBucket"),
        ..Settings::default()
    }
}

/// So many records, due within the hour before that time. Those of the name `held` are held.
pub(crate) async fn registered(
    cloud: &Cloud,
    whose: &ControllerId,
    name: &str,
    count: usize,
    due: Timestamp,
) -> Vec<Record> {
    let people: Vec<SubjectRef> = (0..PEOPLE).map(|n| subject(&format!("person-{n}@example.com"))).collect();
    let records: Vec<Record> = (0..count)
        .map(|n| {
            let mut record = record(&people[n % PEOPLE], &format!("{name}-{n}"), due - (100 * 24).hours());
            record.due_at = Some(due - i64::try_from(n % 50).unwrap().minutes());
            record.salt[..8].copy_from_slice(&(n as u64).to_be_bytes());
            if name == "held" {
                record.holds = BTreeSet::from([id("hold-1")]);
            }
            record
        })
        .collect();
    for some in records.chunks(INSERTS_AT_ONCE) {
        let content = content("person@example.com", name);
        let inserts = some.iter().map(|record| cloud.insert_record(whose, record, &content));
        for inserted in testkit::together(inserts).await {
            inserted.unwrap();
        }
    }
    records
}
