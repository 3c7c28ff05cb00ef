//! A client as people have it in their pocket: what finds no answer is repeated, and a socket that
//! breaks is opened again.

use std::time::Duration;

use local::gateway::connection::Incoming;
use serde_json::{Value, json};

use crate::{ADDRESS, Answer, Person};

/// Repeats until something must have been answered.
const TRIES_MAX: usize = 8;
/// How long a client waits for the answer to a frame, on the clock of the runtime.
const PATIENCE: Duration = Duration::from_secs(7);

impl Answer {
    /// Whether the same request may find another answer in a moment.
    pub fn is_passing(&self) -> bool {
        self.status >= 500 || self.code() == Some("IDEMPOTENCY_IN_PROGRESS")
    }
}

impl Person {
    /// Repeats a request until it has an answer that stays; the last one otherwise.
    pub async fn insists(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut answer = self.call_with(method, path, body.clone(), headers).await;
        for _ in 1..TRIES_MAX {
            if !answer.is_passing() {
                break;
            }
            self.world.passes(1).await;
            answer = self.call_with(method, path, body.clone(), headers).await;
        }
        answer
    }

    /// Opens a socket and greets, until that has succeeded; whether it has.
    pub async fn is_reachable(&mut self) -> bool {
        for _ in 0..TRIES_MAX {
            if self.reaches().await {
                return true;
            }
            self.world.passes(1).await;
        }
        false
    }

    async fn reaches(&mut self) -> bool {
        let path = "/api/v2/ws/tickets";
        let ticket = self.insists("POST", path, Some(json!({})), &[]).await.body;
        let query = format!("ticket={}", ticket["ticket"].as_str().unwrap_or_default());
        let socket = self.world.local.connect(&query, &[], ADDRESS).await;
        self.socket = socket.ok();
        let hello = json!({ "client": "world", "version": "1" });
        self.tries("hello", hello)
            .await
            .is_some_and(|answer| answer["type"] != "error")
    }

    /// Sends a frame once and gives its answer, if one comes while somebody waits.
    pub async fn tries(&mut self, kind: &str, data: Value) -> Option<Value> {
        self.sent += 1;
        let id = format!("f{}", self.sent);
        let frame = json!({ "v": 1, "id": id, "type": kind, "ts": 0, "data": data });
        self.socket.as_ref()?.send(frame.to_string()).await;
        let answer = tokio::time::timeout(PATIENCE, self.hears(&id)).await;
        answer.ok().flatten()
    }

    /// The answer to a frame; none when the socket ends, or the gateway itself answers.
    async fn hears(&mut self, id: &str) -> Option<Value> {
        loop {
            match self.socket.as_mut()?.receive().await {
                Some(Incoming::Text(text)) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    if frame["ref"] == json!(id) {
                        return Some(frame);
                    }
                    if frame["message"] == "Internal server error" {
                        return None;
                    }
                    self.seen.push(frame);
                }
                _ => {
                    self.socket = None;
                    return None;
                }
            }
        }
    }

    /// Sends a frame until it has an answer that stays, over a new socket where the old one broke.
    pub async fn insists_on(&mut self, kind: &str, data: Value) -> Option<Value> {
        for _ in 0..TRIES_MAX {
            if self.socket.is_none() && !self.is_reachable().await {
                return None;
            }
            let answer = self.tries(kind, data.clone()).await;
            let passing = [
                "INTERNAL_ERROR",
                "SERVICE_UNAVAILABLE",
                "IDEMPOTENCY_IN_PROGRESS",
            ];
            let is_passing = |answer: &Value| {
                let code = answer["data"]["code"].as_str().unwrap_or_default();
                passing.contains(&code)
            };
            match answer {
                Some(answer) if !is_passing(&answer) => return Some(answer),
                Some(_) => {}
                None => self.vanishes(),
            }
            self.world.passes(1).await;
        }
        None
    }
}
