//! Connections that cannot take their frames: a frame is tried again, then the connection is told
//! that its state is due, and one that does not even take that has to reconnect (spec realtime.md,
//! *Backpressure*). Nothing is lost, because frames tell what can be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::push::{Push, post};
use crate::aws::dynamo::Tables;
use crate::aws::queue::{Frames, Queue};
use crate::aws::sockets::Sockets;
use crate::error::Result;
use crate::http::wire;
use crate::time::Time;

/// When a frame is tried again, seconds; as much again by chance.
const AGAIN_SECONDS: [u8; 3] = [1, 2, 4];
/// The same for the word that the state is due. Somebody who takes nothing for so long has to
/// reconnect.
const DUE_SECONDS: [u8; 3] = [5, 15, 45];
/// Type of the frame that says so; the client answers it by `sync.resume`.
const DUE: &str = "sync.state";
/// Close code: reconnect, and catch up by state.
const RECONNECT: u16 = 4010;
/// Request id of what a full connection causes.
const CAUSE: &str = "backlog";

/// `data` of that frame: the state, of which nothing is told here.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct StateDue {
    /// Always false: `sync.resume` gives the rest.
    pub complete: bool,
}

/// A job of the queue `frames`: a push, and how often its connections had no room for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    #[serde(flatten)]
    push: Push,
    #[serde(default)]
    tries: usize,
}

impl Delivery {
    /// What follows for the connections that had no room, and in how many seconds.
    fn next(&self, slow: Vec<String>, now: Time) -> Option<(Self, u8)> {
        if slow.is_empty() || self.push.is_passing() {
            return None;
        }
        let is_due = self.push.frame["type"] == DUE;
        let waits = if is_due { DUE_SECONDS } else { AGAIN_SECONDS };
        if let Some(wait) = waits.get(self.tries) {
            let wait = wait + chance(&slow, self.tries) % (wait + 1);
            let push = Push {
                connections: slow,
                ..self.push.clone()
            };
            let tries = self.tries + 1;
            return Some((Self { push, tries }, wait));
        }
        let push = match is_due {
            true => {
                let ids: Vec<_> = slow.iter().map(String::as_str).collect();
                Push::farewell_to(&self.push.user_id, &ids, RECONNECT, now)
            }
            false => due(&self.push, slow, now),
        };
        Some((Self { push, tries: 0 }, 0))
    }
}

/// A number that is the same in every delivery of the same try.
fn chance(connections: &[String], tries: usize) -> u8 {
    let parts = [connections.concat(), tries.to_string()];
    let [first, ..] = crate::crypto::sha256(&[parts[0].as_bytes(), parts[1].as_bytes()]);
    first
}

/// The word that the state is due, in place of a frame.
fn due(push: &Push, connections: Vec<String>, now: Time) -> Push {
    let id = format!("due-{}", push.frame["id"].as_str().unwrap_or_default());
    Push {
        user_id: push.user_id.clone(),
        connections,
        frame: wire::frame(&id, DUE, now, json!(StateDue { complete: false })),
        close: false,
    }
}

/// Deliveries of a frame that fail before it is given up (spec realtime.md, *Background
/// functions*): whoever missed it fills the gap on resuming.
pub const DELIVERIES_MAX: u32 = 3;

/// Posts a frame, and lets connections that have no room for it catch up later.
///
/// # Errors
/// 503 when gateway, table or queue do not answer; delivering again is harmless.
pub async fn deliver(
    tables: &Tables,
    sockets: &Sockets,
    frames: &Queue<Frames>,
    delivery: &Delivery,
    now: Time,
) -> Result<()> {
    let slow = post(tables, sockets, &delivery.push, now).await?;
    match delivery.next(slow, now) {
        Some((next, wait)) => frames.send_later(&[next], wait.into(), CAUSE).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(kind: &str) -> Delivery {
        let job = json!({
            "user_id": "usr", "connections": ["a", "b"],
            "frame": { "id": "fact-1", "type": kind, "data": {} },
        });
        serde_json::from_value(job).expect("a job of the queue")
    }

    fn slow() -> Vec<String> {
        vec!["b".to_owned()]
    }

    #[test]
    fn a_frame_is_tried_again_then_the_state_is_due_then_the_connection_ends() {
        let (mut one, mut waits) = (delivery("message.new"), Vec::new());
        let mut kinds = Vec::new();
        while !one.push.close {
            let (next, wait) = one.next(slow(), Time(7)).expect("more");
            assert_eq!(next.push.connections, ["b"], "only the slow one");
            kinds.push(
                next.push.frame["type"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            );
            waits.push(wait);
            one = next;
        }
        let (again, due) = (["message.new"; 3], [DUE; 4]);
        assert_eq!(kinds, [&again[..], &due[..], &["error"]].concat());
        assert_eq!(one.push.frame["data"]["close_code"], 4010);
        assert_eq!(one.push.frame["data"]["retry"], true);
        let least = [1, 2, 4, 0, 5, 15, 45, 0];
        let fits = |(wait, least): (&u8, &u8)| (*least..=least * 2).contains(wait);
        assert!(waits.iter().zip(&least).all(fits), "{waits:?}");
    }

    #[test]
    fn presence_and_typing_are_dropped_first() {
        for kind in ["typing", "presence.diff", "presence.snapshot"] {
            assert!(delivery(kind).next(slow(), Time(7)).is_none(), "{kind}");
        }
        assert!(delivery("message.new").next(Vec::new(), Time(7)).is_none());
    }
}
