//! Wires stream-relay: the queues behind the relay.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use aws::{Cloud, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    let cloud = Cloud::from_env()?;
    cloud.prime(&[Service::Queues]).await;
    edge::serve(|event| stream_relay::handle(&cloud, event)).await
}
