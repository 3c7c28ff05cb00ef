//! The smallest Lambda: the yardstick for the start and the memory of every function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let echo = |event: LambdaEvent<Value>| async move { Ok::<_, Error>(event.payload) };
    lambda_runtime::run(service_fn(echo)).await
}
