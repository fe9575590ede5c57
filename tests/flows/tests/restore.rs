//! The restore drill on the deployed stack: back the table up, erase somebody, end somebody's service, hold somebody's
//! records; restore the backup, see the data back, replay, prove it gone.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stack;

use std::path::{Path, PathBuf};

use habeas_cli::{
    client::Call,
    clock,
    restore::{self, RestoreReplayArgs},
    world::{Kept, World, record, subject, trigger, wait_for},
};
use jiff::ToSpan;
use serde_json::{Value, json};

const CONTROLLER: &str = "identance";

/// Calls DynamoDB as an operator does.
fn dynamodb(world: &World, operation: &str, question: &Value) -> Value {
    let signed = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, \
                  Signature=none";
    let call = Call::new("POST", format!("{}/", world.stack.endpoint))
        .with("authorization", signed)
        .with("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .with("content-type", "application/x-amz-json-1.0")
        .body(question.to_string());
    world.client.send(&call).unwrap().expect(&[200]).unwrap().json().unwrap()
}

/// The items of a subject in a table, by sort key.
fn items(world: &World, table: &str, partition: &str) -> Vec<(String, Value)> {
    let question = json!({
        "TableName": table, "ConsistentRead": true, "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": partition } },
    });
    let found = dynamodb(world, "Query", &question);
    let items = found["Items"].as_array().unwrap().iter();
    items.map(|item| (item["sk"]["S"].as_str().unwrap().to_owned(), item.clone())).collect()
}

fn stands(world: &World, table: &str, kept: &Kept) -> Option<Value> {
    items(world, table, &kept.partition).into_iter().find(|(sk, _)| *sk == kept.sort_key).map(|(_, item)| item)
}

/// A copy of the table as it is now.
fn back_up(world: &World, table: &str) -> String {
    let name = format!("drill-{}", world.run);
    let made = dynamodb(world, "CreateBackup", &json!({ "TableName": table, "BackupName": name }));
    made["BackupDetails"]["BackupArn"].as_str().unwrap().to_owned()
}

fn restored(world: &World, backup: &str) -> String {
    let name = format!("habeas-restored-{}", world.run);
    dynamodb(world, "RestoreTableFromBackup", &json!({ "TargetTableName": name, "BackupArn": backup }));
    wait_for("the restored table", || {
        let said = dynamodb(world, "DescribeTable", &json!({ "TableName": name }));
        Ok((said["Table"]["TableStatus"] == "ACTIVE").then_some(()))
    })
    .unwrap();
    name
}

/// A contact of somebody of this run, with what its deletion will be proved by.
fn contact(world: &World, name: &str) -> (Value, Kept, String) {
    let who = subject("mail", &world.address(name));
    let (locator, fields) = (format!("contact/{name}"), json!({ "name": "Ada Example" }));
    let event = record(world.start, &who, "contact", "service-delivery", &locator, &fields);
    let kept = world.keep(CONTROLLER, &event).unwrap();
    let commitment = world.stored(&kept).unwrap().unwrap().commitment().unwrap();
    (who, kept, commitment)
}

#[test]
fn a_restore_brings_nothing_back_that_was_erased_ended_or_released_into_use() {
    let (world, _alone) = stack::world();
    let table = world.stack.output("Table").unwrap().to_owned();
    let (ada, adas, ada_commitment) = contact(&world, "erased");
    let (bob, bobs, _) = contact(&world, "ended");
    let (eve, eves, _) = contact(&world, "held");
    let (_, untouched, _) = contact(&world, "untouched");
    let invoice = record(world.start, &ada, "billing", "billing", "invoice/1", &json!({ "invoice_number": "1" }));
    let invoice = world.keep(CONTROLLER, &invoice).unwrap();
    let backup = back_up(&world, &table);

    // What the backup knows nothing of: an erasure, the end of a service, a hold, a newcomer who asks for a copy.
    let address = world.address("erased");
    let erasure = world.ask(CONTROLLER, &json!({ "type": "erasure", "subject": ada })).unwrap();
    world.confirm_by_mail(&address, &erasure).unwrap();
    assert_eq!(world.decided(&erasure).unwrap().outcome.as_deref(), Some("erased"));
    assert!(stands(&world, &table, &adas).is_none());
    world.register(CONTROLLER, &[trigger(clock::now(), &bob, "service.ended")]).unwrap();
    // The commitment is to the record's end as well, which it has only now.
    let bob_commitment = wait_for("the end of a service", || {
        let ended = world.stored(&bobs)?.filter(|item| item.ends_at().is_some());
        Ok(ended.and_then(|item| item.commitment()))
    })
    .unwrap();
    let review_at = world.after(jiff::SignedDuration::from_hours(24 * 30)).to_string();
    let hold = json!({ "subject": eve, "reason": "legal-claim", "review_at": review_at });
    let placed = world.post_as_staff(&format!("/{CONTROLLER}/v1/holds"), "holds:write", CONTROLLER, &hold).unwrap();
    placed.expect(&[201]).unwrap();
    let (newcomer, newcomers, _) = contact(&world, "newcomer");
    let access = world.ask(CONTROLLER, &json!({ "type": "access", "subject": newcomer })).unwrap();

    // An old file is imported again: nothing of it comes in, and nobody is told whose it was.
    let again = record(world.start, &ada, "contact", "communication", "import/1", &json!({ "name": "Ada Example" }));
    let result = world.register(CONTROLLER, std::slice::from_ref(&again)).unwrap().remove(0);
    assert_eq!(
        (result.result.as_str(), result.problem, result.record_id, result.subject),
        ("erased", None, None, None)
    );
    world.send(CONTROLLER, &[again]).unwrap();

    let restored_table = restored(&world, &backup);
    assert!(stands(&world, &restored_table, &adas).is_some(), "the drill drills: the data is back");
    assert!(stands(&world, &restored_table, &bobs).is_some());
    assert!(stands(&world, &restored_table, &eves).unwrap().get("holds").is_none());
    assert!(stands(&world, &restored_table, &newcomers).is_none());

    let args = RestoreReplayArgs {
        table: restored_table.clone(),
        from: Some(table.clone()),
        policies: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies"),
        stack_file: Some(PathBuf::from(std::env::var_os("HABEAS_STACK_FILE").unwrap())),
        dry_run: true,
        json: false,
    };
    let at = clock::now().saturating_add(1.minute()).unwrap();
    let looked = restore::replay(&args, at).unwrap();
    assert!(!looked.is_complete() && looked.erasures > 0 && looked.records_found > 0, "{looked}");
    assert!(looked.records_unreadable < looked.records_found, "an invoice is kept, so her key is: {looked}");
    assert!(stands(&world, &restored_table, &adas).is_some(), "a dry run only looks");

    let args = RestoreReplayArgs { dry_run: false, ..args };
    let done = restore::replay(&args, at).unwrap();
    // Others have been at work on this stack, some without a policy here: only what is of this run is looked at.
    assert!(!done.dry_run && done.records_erased > 0 && done.records_purged > 0, "{done}");
    assert!(done.holds_placed > 0, "{done}");
    assert!(stands(&world, &restored_table, &adas).is_none(), "{done}");
    assert!(stands(&world, &restored_table, &bobs).is_none(), "the end of his service came over: {done}");
    assert!(stands(&world, &restored_table, &invoice).is_some(), "the law keeps it");
    assert!(stands(&world, &restored_table, &untouched).is_some());
    let held = stands(&world, &restored_table, &eves).unwrap();
    assert!(held.get("holds").is_some() && held.get("ttl").is_none() && held.get("due_shard").is_none(), "{held}");
    assert!(stands(&world, &restored_table, &newcomers).is_some());
    let of_newcomer = items(&world, &restored_table, &newcomers.partition);
    let received = format!("REQUEST#{}#0-RECEIVED", access.request_id);
    assert!(of_newcomer.iter().any(|(sk, _)| *sk == received), "who asked before the restore is answered after it");
    // In the evidence each is deleted, as it was the first time.
    for commitment in [&ada_commitment, &bob_commitment] {
        world.evidence(CONTROLLER, commitment).unwrap();
    }

    let again = restore::replay(&args, at.saturating_add(1.minute()).unwrap()).unwrap();
    assert_eq!((again.records_erased, again.records_purged), (0, 0), "nothing twice: {again}");
    let in_use = RestoreReplayArgs { table, ..args };
    assert!(restore::replay(&in_use, at).unwrap_err().to_string().contains("in use"));
}
