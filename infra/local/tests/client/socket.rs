//! The socket of a person.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;

/// Opens the person's socket and collects the `message.new` frames.
pub async fn listen(client: &Client, token: &str) -> Arc<Mutex<Vec<Value>>> {
    let path = "/api/v2/ws/tickets";
    let (_, ticket) = client
        .call("POST", path, Some(token), Some(json!({})))
        .await
        .expect("a ticket");
    let url = ticket["url"].as_str().expect("an address");
    let (mut socket, _) = tokio_tungstenite::connect_async(url)
        .await
        .expect("a socket");
    let hello = json!({ "v": 1, "id": "h", "type": "hello", "ts": 0, "data": {} }).to_string();
    socket.send(Message::text(hello)).await.expect("hello");
    let frames = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&frames);
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let Ok(text) = message.to_text() else {
                continue;
            };
            let frame: Value = serde_json::from_str(text).unwrap_or_default();
            if frame["type"] == "message.new" {
                kept.lock().expect("the frames").push(frame);
            }
        }
    });
    frames
}
