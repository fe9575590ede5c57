//! The smallest function: it reads any event and says hello. Others are measured against it.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(json!({ "statusCode": 200, "body": format!("hello {}", event.context.request_id) }))
    }))
    .await
}
