//! The connection management API of the WebSocket API.

use std::sync::PoisonError;

use serde_json::json;

use super::Cloud;
use super::wire::{Response, Service};

const SERVICE: Service = Service::ExecuteApi;
/// Largest message to a connection, bytes.
const PAYLOAD_BYTES_MAX: usize = 131_072;

/// The open connections; the gateway has them.
pub trait Sockets: Send + Sync {
    /// Sends a message.
    ///
    /// # Errors
    /// When the connection is not open any more, or has no room for it.
    fn post(&self, connection_id: &str, data: Vec<u8>) -> Result<(), Unposted>;

    /// Closes a connection.
    ///
    /// # Errors
    /// When it is not open any more.
    fn delete(&self, connection_id: &str) -> Result<(), Gone>;

    /// Whether it is open.
    fn is_open(&self, connection_id: &str) -> bool;
}

/// There is no such connection (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unposted {
    /// There is no such connection (any more).
    Gone,
    /// Too much waits for the client already.
    Full,
}

impl From<Gone> for Unposted {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl Cloud {
    /// Answers an operation on one connection.
    pub(super) fn sockets(
        &self,
        function: &str,
        operation: &str,
        connection_id: &str,
        body: Vec<u8>,
    ) -> Response {
        self.try_sockets(function, operation, connection_id, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_sockets(
        &self,
        function: &str,
        operation: &str,
        connection_id: &str,
        body: Vec<u8>,
    ) -> Result<Response, Response> {
        let call = match operation {
            "PostToConnection" => "ExecuteApi.PostToConnection",
            "DeleteConnection" => "ExecuteApi.DeleteConnection",
            "GetConnection" => "ExecuteApi.GetConnection",
            _ => return Err(SERVICE.unknown(operation)),
        };
        let need = ("execute-api:ManageConnections", "sockets".to_owned());
        self.0.grants.check(function, SERVICE, &[need])?;
        self.0
            .meter
            .add((function, call), "sockets", None, (0.0, 0.0));
        if body.len() > PAYLOAD_BYTES_MAX {
            let message = "The data has exceeded the maximum size allowed.";
            return Err(SERVICE.error(413, "PayloadTooLargeException", message));
        }
        let sockets = self
            .0
            .sockets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sockets = sockets.ok_or_else(gone)?;
        match operation {
            "PostToConnection" => sockets.post(connection_id, body).map_err(unposted)?,
            "DeleteConnection" => {
                sockets.delete(connection_id).map_err(|_| gone())?;
                return Ok(SERVICE.answer(204, Vec::new()));
            }
            _ => {
                if !sockets.is_open(connection_id) {
                    return Err(gone());
                }
                let now = self.0.clock.now();
                let identity = json!({ "sourceIp": "127.0.0.1", "userAgent": "local" });
                return Ok(SERVICE.ok(
                    &json!({ "connectedAt": now, "lastActiveAt": now, "identity": identity }),
                ));
            }
        }
        Ok(SERVICE.answer(200, Vec::new()))
    }
}

fn unposted(why: Unposted) -> Response {
    let full = "The client side buffer is full.";
    match why {
        Unposted::Gone => gone(),
        Unposted::Full => SERVICE.error(429, "LimitExceededException", full),
    }
}

fn gone() -> Response {
    SERVICE.error(410, "GoneException", "The connection is not open any more.")
}
