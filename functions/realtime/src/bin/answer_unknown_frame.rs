//! Answers a frame of no known type; the connection stays.

use shared::error::{BAD_FRAME, UNKNOWN_TYPE};
use shared::http::{Client, NoContent};
use shared::{Result, socket};

socket!("$default" => answer_unknown_frame, faults: [UNKNOWN_TYPE, BAD_FRAME]);

async fn answer_unknown_frame(client: Client) -> Result<NoContent> {
    match client.socket {
        // A readable envelope with a type of no route; broken ones never get here.
        Some(socket) if !socket.kind.is_empty() => Err(UNKNOWN_TYPE.into()),
        _ => Err(BAD_FRAME.into()),
    }
}
