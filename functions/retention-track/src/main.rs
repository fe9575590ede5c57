//! Wires retention-track: the table, the keys and the bucket of files behind the use cases.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use edge::{clock::TimeGuard, site};
use retention_track::{Desk, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let policies = site::policies()?;
    let ports = Cloud::from_env()?.with_file_rules(site::file_rules(&policies));
    let desk = Desk { ports, policies, guard: TimeGuard::from_env() };
    desk.ports.prime(&[Service::Table, Service::Keys]).await;
    edge::serve(|event| handle(&desk, event)).await
}
