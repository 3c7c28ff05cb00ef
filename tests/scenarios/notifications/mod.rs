//! Notifications on phones (spec notifications.md, *Acceptance scenarios*; calls.md 17).

mod late;
mod outages;
mod phones;
mod rings;
mod tokens;

use local::cloud::{Request, Response};
use serde_json::{Value, json};
use shared::notifications::{Notification, PushTarget};
use shared::table::item_of;
pub use world::phone::{android, iphone, registers};
use world::{Person, World};

/// A phone is a device of the person.
pub fn of_device(mut phone: Value, device_id: &str) -> Value {
    phone["device_id"] = json!(device_id);
    phone
}

/// Pushes so far, oldest first.
pub fn pushes(world: &World) -> Vec<Value> {
    let items = world.outbox().into_iter();
    items.filter(|item| item["kind"] == "push").collect()
}

/// What the app on a phone is given by a push.
pub fn told(push: &Value) -> Value {
    let message = &push["payload"]["message"];
    match &message["fcmV1Message"]["message"]["data"] {
        Value::Null => {
            let mut ids = message.clone();
            ids.as_object_mut().expect("a map").remove("aps");
            ids
        }
        data => data.clone(),
    }
}

/// Token and type of the pushes so far, sorted.
pub fn heard(world: &World) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = pushes(world);
    let mut heard: Vec<_> = all
        .iter()
        .map(|push| (text(&push["to"]), text(&told(push)["type"])))
        .collect();
    heard.sort();
    heard
}

/// The pushes of a person as rows, by trigger.
pub async fn rows(world: &World, person: &Person, trigger: &str) -> Vec<Notification> {
    world.settles().await;
    let rows = world.rows("data", &person.id, "ntf#").await.into_iter();
    let rows = rows.map(|row| item_of::<Notification>(row).expect("a row"));
    rows.filter(|row| row.trigger == trigger).collect()
}

/// The registered phones of a person.
pub async fn phones(world: &World, person: &Person) -> Vec<PushTarget> {
    let rows = world.rows("data", &person.id, PushTarget::PREFIX).await;
    let rows = rows.into_iter();
    rows.map(|row| item_of(row).expect("a target")).collect()
}

/// How many phones the account of a person counts.
pub async fn counted(world: &World, person: &Person) -> i64 {
    let rows = world.rows("data", &person.id, "account").await;
    let account: shared::accounts::Account = item_of(rows[0].clone()).expect("an account");
    account.push_targets
}

/// What an operator does at the provider.
pub async fn at_provider(world: &World, form: &str) -> Response {
    let kind = "application/x-www-form-urlencoded".to_owned();
    let request = Request {
        method: "POST".into(),
        uri: "https://sns.us-east-1.amazonaws.com/".into(),
        headers: vec![("content-type".into(), kind)],
        body: form.as_bytes().to_vec(),
    };
    let answer = world.local.cloud().answer("local", request).await;
    assert_eq!(answer.status, 200);
    answer
}
