//! Wires consent-capture: the table and the keys behind the use cases.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use consent_capture::{Site, handle};
use edge::http::AllowedPages;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let site = Site {
        ports: Cloud::from_env()?,
        policies: edge::site::policies()?,
        pages: AllowedPages::from_env("ALLOWED_PAGES")?,
    };
    site.ports.prime(&[Service::Table, Service::Keys]).await;
    edge::serve(|event| handle(&site, event)).await
}
