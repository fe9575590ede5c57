//! Wires dsar-fulfil: everything that fulfilling needs, behind the use cases.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use dsar_fulfil::{Desk, handle};
use edge::site;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let policies = site::policies()?;
    let desk = Desk {
        ports: Cloud::from_env()?.with_file_rules(site::file_rules(&policies)),
        policies,
        public_url: edge::env::required("PUBLIC_URL")?,
    };
    desk.ports.prime(&[Service::Table, Service::Keys, Service::Mail]).await;
    edge::serve(|event| handle(&desk, event)).await
}
