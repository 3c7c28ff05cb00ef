//! Cleans up after a closed socket, early; nothing depends on this notice.

use shared::http::{Client, NoContent};
use shared::realtime::forget_socket;
use shared::table::{Live, Write};
use shared::{Result, Table, socket};

socket!("$disconnect" => close_socket);

async fn close_socket(table: Table<Write<Live>>, client: Client) -> Result<NoContent> {
    let socket = client.socket.unwrap_or_default();
    forget_socket(&table, &socket.connection_id).await?;
    Ok(NoContent)
}
