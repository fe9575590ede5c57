//! What a sweep costs, counted at the wire: it grows with what is due, and not with what is stored.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed call is a failed test")]

mod endpoint;
mod stack;
mod swept;

use crate::endpoint::Wire;
use app::{
    destruction::BATCH_RECORDS_MAX,
    purge::{self, PURGE_SHARDS, Run},
};
use aws::{Cloud, Settings};
use domain::lifecycle::FileRules;
use domain::purge::Limits;
use habeas_cli::world::World;
use jiff::{Timestamp, ToSpan};
use swept::{registered, settings};
use testkit::{build::at, contract::fresh_controller};

/// DynamoDB's limit of one call.
const STATEMENTS_MAX: usize = 25;

/// The calls of one sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    queries: usize,
    batches: usize,
    table: usize,
    written: usize,
    keys: usize,
}

fn unlimited(now: Timestamp) -> Run<'static> {
    Run { limits: Limits { floor: u64::MAX, ..Limits::default() }, ..Run::to_the_end(now) }
}

/// Stores so many records of a new controller that are not due and so many that are, sweeps, and counts the calls.
async fn measured(world: &World, stored: usize, due: usize, now: Timestamp) -> Cost {
    let cloud = Cloud::new(settings(world));
    let whose = fresh_controller(&cloud);
    registered(&cloud, &whose, "later", stored, now + (1_000 * 24).hours()).await;
    registered(&cloud, &whose, "due", due, now - 1.hour()).await;

    let wire = Wire::to(&world.stack.endpoint).await;
    let wired = Cloud::new(Settings { endpoint_url: Some(wire.url.clone()), ..settings(world) })
        .with_file_rules(|_| Ok(FileRules::default()));
    let swept = purge::sweep(&wired, &[], &unlimited(now)).await.unwrap();
    // What is still open, where the chain ends, and what its last link says.
    assert!(wire.calls("s3:GET") <= 3 + wire.refused());
    assert_eq!((swept.deleted, swept.failed, swept.batches.len()), (due, 0, due.div_ceil(BATCH_RECORDS_MAX)));
    Cost {
        queries: wire.calls("dynamodb:Query"),
        batches: wire.calls("dynamodb:BatchExecuteStatement"),
        table: wire.calls("dynamodb:"),
        // The deployed evidence-seal writes the same chains as it hears of what was stored: what it wrote first is read,
        // and a link that it refused by being faster is written again.
        written: wire.calls("s3:PUT") + wire.calls("s3:DELETE") - wire.refused(),
        keys: wire.calls("kms:"),
    }
}

#[test]
fn a_sweep_costs_what_is_due_and_not_what_is_stored() {
    let (world, _alone) = stack::world();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = at("2036-01-01T00:00:00Z");
    runtime.block_on(async {
        // What other tests have left comes first, and is not counted.
        let others = Cloud::new(settings(&world)).with_file_rules(|_| Ok(FileRules::default()));
        purge::sweep(&others, &[], &unlimited(now)).await.unwrap();

        let few = measured(&world, 100, 500, now).await;
        let many = measured(&world, 1_500, 500, now).await;
        assert_eq!(few, many, "fifteen times as much stored costs not one call more");
        assert_eq!(few.batches, 500_usize.div_ceil(STATEMENTS_MAX), "each call is full");
        assert_eq!(
            few.queries,
            usize::from(PURGE_SHARDS) + 1,
            "each shard is looked at once, and wide holds once a batch"
        );
        // Its keys once; for each batch one count read and written.
        assert!(few.table - few.batches - few.queries <= 6 && few.keys <= 1, "{few:?}");
        // The note, the intent, the result, and the note taken away.
        assert_eq!(few.written, 4);

        let twice = measured(&world, 100, 1_000, now).await;
        assert_eq!((twice.batches, twice.queries), (2 * few.batches, few.queries));
        assert_eq!(twice.written, few.written, "evidence is by batch, not by record");
    });
}
