//! Wires system-tasks: the log of requests, the controllers' systems, and where their outcomes come in.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};
use domain::system::Pace;
use edge::clock::Stage;
use system_tasks::{Desk, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let desk = Desk {
        ports: Cloud::from_env()?,
        policies: edge::site::policies()?,
        public_url: edge::env::required("PUBLIC_URL")?,
        outcome_queue: edge::env::required("OUTCOME_QUEUE_ARN")?,
        pace: if Stage::from_env() == Stage::Local { Pace::LOCAL } else { Pace::PRODUCTION },
    };
    desk.ports.prime(&[Service::Table, Service::Keys, Service::Queues]).await;
    edge::serve(|event| handle(&desk, event)).await
}
