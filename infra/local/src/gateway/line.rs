//! The client's side of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::UnboundedReceiver;

use super::connection::{
    FRAME_BYTES_MAX, GOING_AWAY, Incoming, MESSAGE_BYTES_MAX, NORMAL, TOO_BIG,
};
use crate::runtime::Local;

/// The client's side of a connection. Dropping it is a client that vanished.
pub struct Socket {
    /// Id given by the gateway.
    pub connection_id: String,
    pub(super) local: Local,
    pub(super) incoming: UnboundedReceiver<Incoming>,
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Socket {
    /// Sends one frame; it is handled in the background, and so concurrently with the next.
    pub async fn send(&self, text: impl Into<String>) {
        let text = text.into();
        self.send_parts(&[&text]).await;
    }

    /// Sends one message that travels in several frames.
    pub async fn send_parts(&self, parts: &[&str]) {
        let size: usize = parts.iter().map(|part| part.len()).sum();
        if size > MESSAGE_BYTES_MAX || parts.iter().any(|part| part.len() > FRAME_BYTES_MAX) {
            self.refuse_size();
        } else {
            self.local.handle_frame(&self.connection_id, parts.concat());
        }
    }

    /// Sends a message whose frames and size are within the limits.
    pub(crate) fn send_whole(&self, text: String) {
        self.local.handle_frame(&self.connection_id, text);
    }

    /// Ends the connection because a frame or message is over the limit.
    pub(crate) fn refuse_size(&self) {
        // It may have ended already.
        let _ = self
            .local
            .0
            .hub
            .end(&self.connection_id, TOO_BIG, "Message too long");
    }

    /// The next frame or the end; `None` after the end.
    pub async fn receive(&mut self) -> Option<Incoming> {
        let next = self.incoming.recv().await;
        self.taken(next)
    }

    /// A frame that has arrived already.
    pub fn try_receive(&mut self) -> Option<Incoming> {
        let next = self.incoming.try_recv().ok();
        self.taken(next)
    }

    /// Makes room for another frame, if this is one.
    fn taken(&self, next: Option<Incoming>) -> Option<Incoming> {
        if let Some(Incoming::Text(_)) = next {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        next
    }

    /// Ends the connection from the client's side.
    pub fn close(&self) {
        // It may have ended already.
        let _ = self.local.0.hub.end(&self.connection_id, NORMAL, "");
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self
            .local
            .0
            .hub
            .end(&self.connection_id, GOING_AWAY, "Connection lost");
    }
}
