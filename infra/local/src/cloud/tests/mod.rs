//! The local cloud under the real SDKs.

mod conflicts;
mod faults;
mod objects;
mod queues;
mod services;
mod state;
mod tables;

use std::collections::HashMap;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use shared::time::Time;

use super::{Cloud, Options};

/// 2026-01-01T00:00:00Z.
const START: Time = Time(1_767_225_600_000);
const TABLE: &str = "pairly-data";

fn cloud() -> Cloud {
    Cloud::open(Options {
        state: None,
        base: START,
    })
    .unwrap()
}

fn config(cloud: &Cloud, function: &'static str) -> SdkConfig {
    let credentials = Credentials::from_keys("local", "local", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(cloud.client(function))
        .build()
}

fn dynamo(cloud: &Cloud, function: &'static str) -> Client {
    Client::new(&config(cloud, function))
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

/// Writes an item with a text.
async fn put(client: &Client, pk: &str, text: &str) {
    let item = client
        .put_item()
        .table_name(TABLE)
        .item("pk", s(pk))
        .item("sk", s("a"));
    item.item("text", s(text)).send().await.unwrap();
}
