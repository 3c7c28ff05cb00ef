//! Opens a socket for the bearer of a ticket and lets older connections of its slot go.

use std::sync::Arc;

use shared::aws::queue::{Frames, Queue};
use shared::config::Config;
use shared::error::{PERMISSION_DENIED, UNAUTHENTICATED};
use shared::http::{Client, NoContent};
use shared::realtime::{Push, admit_socket};
use shared::table::{Data, Live, Write};
use shared::{Ids, Result, Table, socket};

socket!("$connect" => open_socket, faults: [UNAUTHENTICATED, PERMISSION_DENIED]);

async fn open_socket(
    tables: Table<(Write<Data>, Write<Live>)>,
    frames: Queue<Frames>,
    ids: Ids,
    config: Arc<Config>,
    client: Client,
) -> Result<NoContent> {
    let foreign = |origin: &String| !config.origins.contains(origin);
    if client.origin.as_ref().is_some_and(foreign) {
        return Err(PERMISSION_DENIED.into());
    }
    let ticket = client.params.get("ticket").ok_or(UNAUTHENTICATED)?;
    let socket = client.socket.unwrap_or_default();
    let (id, jitter) = (socket.connection_id, u16::from_be_bytes(ids.bytes()));
    let opened = admit_socket(&tables, ticket, &id, jitter, client.now).await?;
    if !opened.replaced.is_empty() {
        let push = Push::farewell(&opened.user_id, &opened.replaced, 4009, client.now);
        frames.send(&[push], &client.request_id).await?;
    }
    Ok(NoContent)
}
