//! Phones that are pushed to.

use serde_json::{Value, json};

use crate::Person;

/// An Android phone as its app registers it.
pub fn android(token: &str) -> Value {
    json!({
        "platform": "android", "token": token, "timezone": "Europe/Berlin", "app_version": "1.0.3",
    })
}

/// An iPhone as its app registers it.
pub fn iphone(token: &str, voip: &str) -> Value {
    json!({
        "platform": "ios", "token": token, "voip_token": voip, "timezone": "America/New_York",
        "app_version": "2.1",
    })
}

/// Registers a phone and gives its target.
pub async fn registers(person: &Person, phone: Value) -> String {
    let made = person.post("/api/v2/notifications/devices", phone).await;
    let made = made.expect(201);
    made["target_id"].as_str().expect("an id").to_owned()
}
