//! The WebSocket API without a network under it: connections, their limits and their ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use shared::Time;
use shared::time::{HOUR_MS, MINUTE_MS};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::ANSWER_SECONDS_MAX;
use super::event::{self, Peer};
pub use super::line::Socket;
use crate::cloud::{Gone, SocketFault, Sockets, Unposted};
use crate::runtime::{Inner, Local};

/// How long a connection may live.
const LIFE_MS: i64 = 2 * HOUR_MS;
/// How long it may be silent in both directions.
const IDLE_MS: i64 = 10 * MINUTE_MS;
/// Largest frame, bytes.
pub const FRAME_BYTES_MAX: usize = 32 * 1024;
/// Largest message, bytes.
pub const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// Frames that may wait for a client that does not take them. The cloud does not say how many.
const WAITING_MAX: usize = 1_000;
/// Close code: everything is as it should be.
pub const NORMAL: u16 = 1000;
/// Close code: two hours or ten silent minutes are over, or the gateway stops.
pub const GOING_AWAY: u16 = 1001;
/// Close code: a frame or message over the gateway's size.
pub const TOO_BIG: u16 = 1009;

/// What a client receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text frame.
    Text(String),
    /// The end, with close code and reason; nothing follows.
    Close(u16, String),
}

/// All open connections.
pub struct Hub {
    open: Mutex<HashMap<String, Arc<Connection>>>,
    local: OnceLock<Weak<Inner>>,
    disconnects: AtomicBool,
    waiting_max: AtomicUsize,
}

struct Connection {
    peer: Peer,
    outgoing: UnboundedSender<Incoming>,
    last_ms: AtomicI64,
    waiting: Arc<AtomicUsize>,
    farewell: Mutex<Option<(u16, String)>>,
    deaf: AtomicBool,
}

impl Connection {
    fn limit(&self) -> Time {
        let idle = self.last_ms.load(Ordering::Relaxed) + IDLE_MS;
        Time(idle.min(self.peer.connected_at.ms() + LIFE_MS))
    }
}

impl Default for Hub {
    fn default() -> Self {
        let disconnects = AtomicBool::new(true);
        Self {
            open: Mutex::default(),
            local: OnceLock::new(),
            disconnects,
            waiting_max: AtomicUsize::new(WAITING_MAX),
        }
    }
}

impl Hub {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says where `$disconnect` runs.
    pub(crate) fn belongs_to(&self, local: Weak<Inner>) {
        // Called once, right after both were made.
        let _ = self.local.set(local);
    }

    fn local(&self) -> Option<Local> {
        self.local.get().and_then(Weak::upgrade).map(Local)
    }

    /// When the next connection has to end.
    pub(crate) fn next_limit(&self) -> Option<Time> {
        self.open()
            .values()
            .map(|connection| connection.limit())
            .min()
    }

    fn overdue(&self, now: Time) -> Vec<String> {
        let open = self.open();
        let overdue = open.values().filter(|connection| connection.limit() <= now);
        overdue
            .map(|connection| connection.peer.connection_id.clone())
            .collect()
    }

    fn find(&self, id: &str) -> Option<Arc<Connection>> {
        self.open().get(id).cloned()
    }

    /// Whether what is posted gets lost, because the client has vanished unnoticed.
    fn loses(&self, connection: &Connection) -> Result<bool, Gone> {
        let local = self.local();
        match local.and_then(|local| local.cloud().faults().socket()) {
            Some(SocketFault::Gone) => {
                // It may have ended in the meantime.
                let _ = self.end(&connection.peer.connection_id, GOING_AWAY, "Going away");
                return Err(Gone);
            }
            Some(SocketFault::HalfOpen) => connection.deaf.store(true, Ordering::Relaxed),
            None => {}
        }
        Ok(connection.deaf.load(Ordering::Relaxed))
    }

    /// Ends a connection; what was posted before still arrives before the end.
    pub(super) fn end(&self, id: &str, code: u16, reason: &str) -> Result<(), Gone> {
        let connection = self.open().remove(id).ok_or(Gone)?;
        // The client may be gone already.
        let _ = connection
            .outgoing
            .send(Incoming::Close(code, reason.to_owned()));
        if self.disconnects.load(Ordering::Relaxed)
            && let Some(local) = self.local()
        {
            local.tell_end(connection.peer.clone(), code, reason.to_owned());
        }
        Ok(())
    }
}

/// The code and reason that an `error` frame announces for the end that follows it.
fn farewell_of(frame: &str) -> Option<(u16, String)> {
    if !frame.contains("close_code") {
        return None;
    }
    let frame: Value = serde_json::from_str(frame).ok()?;
    let data = if frame["data"]["close_code"].is_number() {
        &frame["data"]
    } else {
        &frame
    };
    let code = u16::try_from(data["close_code"].as_u64()?).ok()?;
    Some((code, data["code"].as_str().unwrap_or_default().to_owned()))
}

impl Sockets for Hub {
    fn post(&self, id: &str, frame: Vec<u8>) -> Result<(), Unposted> {
        let connection = self.find(id).ok_or(Gone)?;
        if self.loses(&connection)? {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&frame).into_owned();
        if let Some(farewell) = farewell_of(&text) {
            let mut kept = connection
                .farewell
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *kept = Some(farewell);
        }
        if connection.waiting.load(Ordering::Relaxed) >= self.waiting_max.load(Ordering::Relaxed) {
            return Err(Unposted::Full);
        }
        connection.waiting.fetch_add(1, Ordering::Relaxed);
        if let Some(local) = self.local() {
            connection
                .last_ms
                .store(local.now().ms(), Ordering::Relaxed);
        }
        connection
            .outgoing
            .send(Incoming::Text(text))
            .map_err(|_| Unposted::Gone)
    }

    fn delete(&self, id: &str) -> Result<(), Gone> {
        let connection = self.find(id).ok_or(Gone)?;
        let farewell = connection
            .farewell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (code, reason) = farewell.unwrap_or((NORMAL, String::new()));
        self.end(id, code, &reason)
    }

    fn is_open(&self, id: &str) -> bool {
        self.open().contains_key(id)
    }
}

impl Local {
    /// Opens a connection: runs `$connect`, and refuses the handshake with its status unless
    /// that is 2xx. Before it has returned, nothing can be posted to the connection.
    ///
    /// # Errors
    /// The status of the refused handshake.
    pub async fn connect(
        &self,
        query: &str,
        headers: &[(String, String)],
        source_ip: &str,
    ) -> Result<Socket, u16> {
        let timer = self.0.log.timer();
        let header = |name: &str| super::header(headers, name).unwrap_or_default().to_owned();
        let peer = Peer {
            connection_id: self.fresh_id(),
            connected_at: self.now(),
            source_ip: source_ip.to_owned(),
            user_agent: header("user-agent"),
            domain: header("host"),
        };
        let event = event::connect(&peer, query, headers, &self.fresh_id(), self.now());
        let function = self.0.routes.socket("$connect").ok_or(404_u16)?;
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let answer = self.invoke(function, event, limit).await;
        let status = answer.map_or(500, |answer| event::answer(answer).status);
        self.0.log.line(
            self.now(),
            &timer,
            "$connect",
            &status.to_string(),
            function.name,
        );
        if !(200..300).contains(&status) {
            return Err(status);
        }
        Ok(self.admit(peer))
    }

    fn admit(&self, peer: Peer) -> Socket {
        let (outgoing, incoming) = unbounded_channel();
        let connection_id = peer.connection_id.clone();
        let last_ms = AtomicI64::new(self.now().ms());
        let (farewell, waiting) = (Mutex::default(), Arc::<AtomicUsize>::default());
        let connection = Arc::new(Connection {
            peer,
            outgoing,
            last_ms,
            waiting: Arc::clone(&waiting),
            farewell,
            deaf: AtomicBool::new(false),
        });
        self.0.hub.open().insert(connection_id.clone(), connection);
        self.0.wake.notify_one();
        Socket {
            connection_id,
            local: self.clone(),
            incoming,
            waiting,
        }
    }

    pub(super) fn handle_frame(&self, id: &str, text: String) {
        let Some(connection) = self.0.hub.find(id) else {
            return;
        };
        connection.last_ms.store(self.now().ms(), Ordering::Relaxed);
        let Some((route, function)) = self.0.routes.frame(&text) else {
            return;
        };
        let (local, guard) = (self.clone(), self.0.activity.begin());
        tokio::spawn(async move {
            let timer = local.0.log.timer();
            let (peer, request_id) = (&connection.peer, local.fresh_id());
            let event = event::message(peer, &route, &text, &request_id, local.now());
            let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
            let (status, body) = match local.invoke(function, event, limit).await {
                Ok(answer) => {
                    let answer = event::answer(answer);
                    (answer.status, answer.body)
                }
                Err(_) => (500, failed(peer, &request_id)),
            };
            let what = format!("frame {route}");
            local.0.log.line(
                local.now(),
                &timer,
                &what,
                &status.to_string(),
                function.name,
            );
            if !body.is_empty() {
                // Whoever has gone in the meantime needs no answer.
                let _ = local.0.hub.post(&peer.connection_id, body);
            }
            drop(guard);
        });
    }

    fn tell_end(&self, peer: Peer, code: u16, reason: String) {
        let Some(function) = self.0.routes.socket("$disconnect") else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (local, guard) = (self.clone(), self.0.activity.begin());
        runtime.spawn(async move {
            let event = event::disconnect(&peer, code, &reason, &local.fresh_id(), local.now());
            local
                .work(function, &format!("$disconnect {code}"), event)
                .await;
            drop(guard);
        });
    }

    /// Ends what is over the gateway's limits at this instant.
    pub(crate) fn close_overdue(&self, now: Time) {
        for id in self.0.hub.overdue(now) {
            // It may have ended in the meantime.
            let _ = self.0.hub.end(&id, GOING_AWAY, "Going away");
        }
    }

    /// Ends every connection, telling the functions or not.
    pub(crate) fn close_all(&self, tell: bool) {
        let before = self.0.hub.disconnects.swap(tell, Ordering::Relaxed);
        let open: Vec<String> = self.0.hub.open().keys().cloned().collect();
        for id in open {
            // It may have ended in the meantime.
            let _ = self.0.hub.end(&id, GOING_AWAY, "Going away");
        }
        self.0.hub.disconnects.store(before, Ordering::Relaxed);
    }

    /// Whether ends of connections are told to `$disconnect`; the cloud does not promise it.
    pub fn tell_disconnects(&self, tell: bool) {
        self.0.hub.disconnects.store(tell, Ordering::Relaxed);
    }

    /// How many frames may wait for a client that does not take them.
    pub fn limit_waiting(&self, frames: usize) {
        self.0.hub.waiting_max.store(frames, Ordering::Relaxed);
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.hub.open().len()
    }
}

/// What API Gateway itself says when the function failed.
fn failed(peer: &Peer, request_id: &str) -> Vec<u8> {
    let body = json!({
        "message": "Internal server error",
        "connectionId": peer.connection_id,
        "requestId": request_id,
    });
    body.to_string().into_bytes()
}
