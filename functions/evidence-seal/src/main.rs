//! Wires evidence-seal: the chains, the key that signs, and the table behind the use cases.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use evidence_seal::{Desk, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let desk = Desk { ports: Cloud::from_env()?, policies: edge::site::policies()? };
    desk.ports.prime(&[Service::Buckets, Service::Table]).await;
    edge::serve(|event| handle(&desk, event)).await
}
