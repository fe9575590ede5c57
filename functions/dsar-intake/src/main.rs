//! Wires dsar-intake: the log of requests, the keys and the exports behind the use cases.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use dsar_intake::{Site, handle};
use edge::http::AllowedPages;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let site = Site {
        ports: Cloud::from_env()?,
        policies: edge::site::policies()?,
        pages: AllowedPages::from_env("ALLOWED_PAGES")?,
    };
    site.ports.prime(&[Service::Table, Service::Keys, Service::Buckets]).await;
    edge::serve(|event| handle(&site, event)).await
}
