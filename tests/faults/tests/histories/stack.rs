//! Histories of every kind with the local AWS behind the endpoint: its DynamoDB answers the functions, and what
//! it finds or refuses is held against the endpoint's. `cargo xtask test` runs them on the stack that it deploys.

use fault_tests::{history::histories_on_the_stack, world::World};

use crate::{breaches, consents, letters, notices, office, requests, retention, rollouts};

#[test]
#[ignore = "it needs the local AWS: `cargo xtask test` runs it there"]
fn every_promise_is_kept_on_the_local_aws() {
    histories_on_the_stack("stack::every_promise_is_kept_on_the_local_aws", 200, async |world: &World| {
        match world.below(8) {
            0 => consents::history(world).await,
            1 => retention::history(world).await,
            2 => requests::history(world).await,
            3 => breaches::history(world).await,
            4 => notices::history(world).await,
            5 => office::history(world).await,
            6 => rollouts::history(world).await,
            _ => letters::history(world).await,
        }
    });
}
