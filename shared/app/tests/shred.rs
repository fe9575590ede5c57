//! Keys that are destroyed, and what the evidence says of it.

use app::{
    chain::Content,
    error::PortError,
    keys::Keys,
    records::RecordStore,
    shred::{KEY_LINGERS, destroy_subject_key},
};
use domain::evidence::key_commitment;
use jiff::{Timestamp, ToSpan};
use testkit::{
    Memory,
    build::{at, content, controller, record, subject},
};

const ADA: &str = "ada@example.com";
const SALT: [u8; 16] = [7; 16];

fn now() -> Timestamp {
    at("2026-03-01T12:00:00Z")
}

#[tokio::test]
async fn a_destroyed_key_leaves_a_leaf_that_only_its_salt_ties_to_the_person() {
    let (memory, acme) = (Memory::new(), controller("acme"));
    let log = record(&subject(ADA), "log-1", now() - 1.hour());
    memory.insert_record(&acme, &log, &content(ADA, "log-1")).await.unwrap();
    for _ in 0..2 {
        destroy_subject_key(&memory, &acme, &subject(ADA), (now(), now()), &SALT).await.unwrap();
    }
    assert_eq!(memory.content(&acme, &log.subject, &log.id).await.unwrap(), None);
    let links = memory.links(&acme);
    let [first, again] = links.as_slice() else { panic!("{links:?}") };
    // Told twice, one batch: whoever reads the chain counts it once.
    assert_eq!((&first.1.batch, first.0.chain), (&again.1.batch, again.0.chain));
    let Content::Keys(keys) = &first.1.content else { panic!("{first:?}") };
    let until = now().as_millisecond().to_string();
    let name = ["acme", "subject", subject(ADA).as_str(), until.as_str()].map(str::to_owned);
    let name = name.each_ref().map(String::as_str);
    assert_eq!(keys[0].commitment, key_commitment(&SALT, name));
    assert_ne!(keys[0].commitment, key_commitment(&[8; 16], name));
    assert_eq!((keys[0].at, keys[0].gone_at, &keys[0].day), (now(), now() + KEY_LINGERS, &None));
}

#[tokio::test]
async fn no_leaf_says_that_a_key_is_gone_before_it_is() {
    let (memory, acme) = (Memory::new(), controller("acme"));
    let log = record(&subject(ADA), "log-1", now() - 1.hour());
    for crash_after in 0.. {
        memory.insert_record(&acme, &log, &content(ADA, "log-1")).await.unwrap();
        memory.fail_after(crash_after);
        let destroyed = destroy_subject_key(&memory, &acme, &subject(ADA), (now(), now()), &SALT).await;
        memory.recover();
        let reads = memory.content(&acme, &log.subject, &log.id).await.unwrap().is_some();
        assert!(memory.links(&acme).is_empty() || !reads, "after {crash_after} calls");
        match destroyed {
            Ok(_) => {
                assert!(crash_after > 0 && !reads);
                return;
            }
            Err(error) => assert!(matches!(error, PortError::Unavailable { .. })),
        }
        assert!(memory.controller(&acme).await.is_ok());
    }
}
