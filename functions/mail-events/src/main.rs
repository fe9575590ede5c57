//! Wires mail-events: the table, the keys and its dead-letter queue behind the use case.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use edge::clock::TimeGuard;
use mail_events::{Desk, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let desk = Desk { ports: Cloud::from_env()?, policies: edge::site::policies()?, guard: TimeGuard::from_env() };
    desk.ports.prime(&[Service::Table]).await;
    edge::serve(|event| handle(&desk, event)).await
}
