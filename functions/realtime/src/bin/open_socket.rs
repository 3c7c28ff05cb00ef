//! Opens a socket for the bearer of a ticket, or for a device that has to prove itself.

use std::sync::Arc;

use shared::aws::queue::{Frames, Queue};
use shared::config::Config;
use shared::error::{PERMISSION_DENIED, UNAUTHENTICATED};
use shared::http::{Client, NoContent};
use shared::realtime::{admit_socket, expect_proof};
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
    let id = client.socket.unwrap_or_default().connection_id;
    let given = |name: &str| client.params.get(name);
    match (given("ticket"), given("device_id")) {
        (Some(ticket), _) => {
            let at = (u16::from_be_bytes(ids.bytes()), client.now);
            admit_socket(&tables, &frames, ticket, &id, at).await?;
        }
        (None, Some(device)) => expect_proof(&tables, device, &id, client.now).await?,
        (None, None) => return Err(UNAUTHENTICATED.into()),
    }
    Ok(NoContent)
}
