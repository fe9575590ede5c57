//! What outstays its end is counted, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use app::{overstay::overstayed, records::RecordStore};
use domain::record::Record;
use jiff::ToSpan;
use testkit::{Memory, build};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn what_is_stored_two_days_past_its_end_is_counted_by_controller() {
    let (memory, now) = (Memory::new(), build::at("2026-03-10T12:00:00Z"));
    let ending = |key: &str, hours: i64| Record {
        due_at: Some(now - hours.hours()),
        ..build::record(&build::subject(ADA), key, now - 900.hours())
    };
    let held = Record { holds: BTreeSet::from([build::id("hold")]), ..ending("held", 100) };
    let endless = Record { due_at: None, ..ending("endless", 0) };
    let (rfa, zentry) = (build::controller("rfa"), build::controller("zentry"));
    let of_rfa = [ending("a", 48), ending("b", 500), ending("c", 47), ending("d", -5), held, endless];
    for (controller, record) in of_rfa.iter().map(|record| (&rfa, record)).chain([(&zentry, &ending("e", 49))]) {
        memory.insert_record(controller, record, &build::content(ADA, record.id.as_str())).await.unwrap();
    }
    let counted = overstayed(&memory, now).await.unwrap();
    assert_eq!(counted.records, BTreeMap::from([(rfa, 2), (zentry, 1)]));
    assert_eq!((counted.total(), counted.unreadable, counted.more), (3, 0, false));
}
