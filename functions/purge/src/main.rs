//! Wires purge: the table, the buckets, the keys and the queue behind the use cases.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use edge::{clock::TimeGuard, site};
use purge::{Desk, handle, limits};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let (policies, guard) = (site::policies()?, TimeGuard::from_env());
    let ports = Cloud::from_env()?.with_file_rules(site::file_rules(&policies));
    let desk = Desk { ports, policies, guard, limits: limits()? };
    desk.ports.prime(&[Service::Table, Service::Keys, Service::Buckets]).await;
    edge::serve(|event| handle(&desk, event)).await
}
